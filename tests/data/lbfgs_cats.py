"""Writes lbfgs_cats.json: costs that SciPy's L-BFGS-B reaches on the pictures of cats.

    python3 tests/data/lbfgs_cats.py train_catvnoncat.h5

Needs h5py, numpy and scipy. The pictures may not be redistributed; the file has costs only. The
network has the sizes [12288, 7, 1] with ReLU and a sigmoid. Ten starts are drawn by NumPy's legacy
generator: for each layer randn(n, n_prev)·sqrt(2/n_prev), and zero biases. A cost is a mean over the
examples, plus l2/(2m) times the squared weights.
"""
import json
import pathlib
import sys
import time

import h5py
import numpy as np
import scipy
from scipy.optimize import minimize

DIMS, L2, ITERATIONS = [12288, 7, 1], 1.0, 80


def cost_and_gradient(theta, x, y):
    (n0, n1, _), m = DIMS, x.shape[1]
    w1, b1, w2, b2 = np.split(theta, np.cumsum([n1 * n0, n1, n1]))
    w1 = w1.reshape(n1, n0)
    z1 = w1 @ x + b1[:, None]
    a1 = np.maximum(z1, 0)
    z2 = w2 @ a1 + b2
    dz2 = (1 / (1 + np.exp(-z2)) - y) / m
    dz1 = np.outer(w2, dz2) * (z1 > 0)
    cost = (np.logaddexp(0, z2) - y * z2).sum() / m
    cost += L2 / (2 * m) * ((w1 ** 2).sum() + (w2 ** 2).sum())
    gradient = [(dz1 @ x.T + L2 / m * w1).ravel(), dz1.sum(axis=1), a1 @ dz2 + L2 / m * w2, [dz2.sum()]]
    return cost, np.concatenate(gradient)


def start(seed):
    random = np.random.RandomState(seed)
    return np.concatenate([part for n, n_prev in zip(DIMS[1:], DIMS) for part in
                           (random.randn(n * n_prev) * np.sqrt(2 / n_prev), np.zeros(n))])


def main():
    with h5py.File(sys.argv[1]) as file:
        x = np.array(file["train_set_x"]).reshape(209, -1).T / 255
        y = np.array(file["train_set_y"], float)
    options = dict(maxcor=10, gtol=1e-5, ftol=2.220446049250313e-9, maxiter=ITERATIONS)
    costs, evaluations, begin = [], [], time.perf_counter()
    for seed in range(10):
        found = minimize(cost_and_gradient, start(seed), (x, y), jac=True, method="L-BFGS-B",
                         options=options)
        costs.append(found.fun)
        evaluations.append(found.nfev)
        print(seed, found.fun, found.nit, found.nfev, found.message)
    print(np.median(costs), time.perf_counter() - begin, "seconds")
    path = pathlib.Path(__file__).resolve().with_suffix(".json")
    path.write_text(json.dumps(dict(scipy=scipy.__version__, dims=DIMS, l2=L2, costs=costs,
                                    max_iterations=ITERATIONS, evaluations=evaluations), indent=1)
                    + "\n")


if __name__ == "__main__":
    main()
