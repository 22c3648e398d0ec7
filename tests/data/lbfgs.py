"""Writes lbfgs.json: minima that SciPy's L-BFGS-B finds for convex problems on three data sets.

    python3 tests/data/lbfgs.py

Needs numpy and scipy. The networks have one layer and start at zero, so costs and evaluations do
not depend on random numbers. Features are standardized with the deviation of the population. The
costs are those of the course: means over the examples, and l2/(2m) times the squared weights; the
squared error has no 1/2.
"""
import csv
import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import minimize

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent.parent / "examples" / "data"


def table(name):
    with open(DATA / f"{name}.csv", newline="") as file:
        return list(csv.reader(file))[1:]


def standardized(x):
    x, deviation = x - x.mean(axis=0), x.std(axis=0)
    return x / np.where(deviation > 0, deviation, 1)


def breast_cancer():
    rows = table("breast_cancer")
    y = np.array([[float(row[0] == "M") for row in rows]])
    return standardized(np.array([row[1:] for row in rows], float)), y


def digits():
    rows = table("digits")
    pixels = np.array([[int(p, 17) for p in row[1]] for row in rows], float)
    y = np.eye(10)[[int(row[0]) for row in rows]].T
    return pixels / 16, y


def diabetes():
    numbers = np.array(table("diabetes"), float)
    return standardized(numbers[:, :-1]), numbers[:, -1:].T / 100


def cost_and_gradient(kind, l2, x, y):
    """Of the weights row by row, then the biases."""
    (units, m), features = y.shape, x.shape[1]

    def f(theta):
        w, b = theta[: units * features].reshape(units, features), theta[units * features:, None]
        z = w @ x.T + b
        if kind == "squared error":
            cost, dz = ((z - y) ** 2).sum() / m, 2 * (z - y) / m
        elif kind == "sigmoid":
            cost, dz = (np.logaddexp(0, z) - y * z).sum() / m, (1 / (1 + np.exp(-z)) - y) / m
        else:
            log_sum = np.logaddexp.reduce(z, axis=0)
            cost, dz = (log_sum - (y * z).sum(axis=0)).sum() / m, (np.exp(z - log_sum) - y) / m
        dw, db = dz @ x + l2 / m * w, dz.sum(axis=1)
        return cost + l2 / (2 * m) * (w ** 2).sum(), np.concatenate([dw.ravel(), db])
    return f


def main():
    cases = []
    for name, data, kind, l2 in [("breast_cancer", breast_cancer, "sigmoid", 1.0),
                                 ("breast_cancer", breast_cancer, "sigmoid", 0.01),
                                 ("digits", digits, "softmax", 1.0),
                                 ("digits", digits, "softmax", 0.1),
                                 ("diabetes", diabetes, "squared error", 0.0),
                                 ("diabetes", diabetes, "squared error", 10.0)]:
        x, y = data()
        f = cost_and_gradient(kind, l2, x, y)
        start = np.zeros(y.shape[0] * (x.shape[1] + 1))
        for gtol, ftol in [(1e-5, 2.220446049250313e-9), (1e-8, 0.0)]:
            options = dict(maxcor=10, gtol=gtol, ftol=ftol, maxiter=15000, maxfun=15000)
            found = minimize(f, start, jac=True, method="L-BFGS-B", options=options)
            cases.append(dict(data=name, kind=kind, l2=l2, gradient_tolerance=gtol,
                              decrease_tolerance=ftol, cost=found.fun, evaluations=found.nfev,
                              iterations=found.nit, message=str(found.message)))
            print(cases[-1])
    (HERE / "lbfgs.json").write_text(json.dumps(dict(scipy=scipy.__version__, cases=cases), indent=1)
                                     + "\n")


if __name__ == "__main__":
    main()
