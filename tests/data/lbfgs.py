"""Writes lbfgs.json: costs that SciPy's L-BFGS-B reaches on four data sets.

    python3 tests/data/lbfgs.py

Needs numpy and scipy. "cases" are convex problems: networks of one layer that start at zero.
"networks" have a hidden layer and ten starts, drawn by NumPy's legacy generator: for each layer
randn(n, n_prev)·sqrt(2/n_prev), and zero biases. Features are standardized with the deviation of the
population. A cost is a mean over the examples, plus l2/(2m) times the squared weights; the squared
error has no 1/2.
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


def moons():
    file = json.loads((HERE / "c2_moons.json").read_text())
    return [np.array(file[key]["data"]).reshape(file[key]["shape"]) for key in ["X", "Y"]]


def network(dims, l2, x, y, seed):
    """The function of a network with one hidden layer of tanh, and its start."""
    random, m = np.random.RandomState(seed), x.shape[1]
    shapes = [(n, n_prev) for n, n_prev in zip(dims[1:], dims)]
    start = np.concatenate([part for n, n_prev in shapes for part in
                            (random.randn(n * n_prev) * np.sqrt(2 / n_prev), np.zeros(n))])

    def f(theta):
        (n1, n0), (n2, _) = shapes
        w1, b1, w2, b2 = np.split(theta, np.cumsum([n1 * n0, n1, n2 * n1]))
        w1, w2 = w1.reshape(n1, n0), w2.reshape(n2, n1)
        a1 = np.tanh(w1 @ x + b1[:, None])
        z2 = w2 @ a1 + b2[:, None]
        if n2 == 1:
            cost, dz2 = (np.logaddexp(0, z2) - y * z2).sum() / m, (1 / (1 + np.exp(-z2)) - y) / m
        else:
            log_sum = np.logaddexp.reduce(z2, axis=0)
            cost, dz2 = (log_sum - (y * z2).sum(axis=0)).sum() / m, (np.exp(z2 - log_sum) - y) / m
        dz1 = w2.T @ dz2 * (1 - a1 ** 2)
        cost += l2 / (2 * m) * ((w1 ** 2).sum() + (w2 ** 2).sum())
        gradient = [(dz1 @ x.T + l2 / m * w1).ravel(), dz1.sum(axis=1),
                    (dz2 @ a1.T + l2 / m * w2).ravel(), dz2.sum(axis=1)]
        return cost, np.concatenate(gradient)
    return f, start


def networks():
    x, y = digits()
    for name, dims, l2, x, y in [("moons", [2, 10, 1], 0.1, *moons()),
                                 ("digits", [64, 16, 10], 1.0, x.T[:, :300], y[:, :300])]:
        costs = []
        for seed in range(10):
            f, start = network(dims, l2, x, y, seed)
            options = dict(maxcor=10, gtol=1e-5, ftol=2.220446049250313e-9, maxiter=1000)
            costs.append(minimize(f, start, jac=True, method="L-BFGS-B", options=options).fun)
        print(name, np.median(costs), costs)
        yield dict(data=name, dims=dims, l2=l2, max_iterations=1000, costs=costs)


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
    (HERE / "lbfgs.json").write_text(json.dumps(
        dict(scipy=scipy.__version__, cases=cases, networks=list(networks())), indent=1) + "\n")


if __name__ == "__main__":
    main()
