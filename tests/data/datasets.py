"""Writes datasets.json: small data sets that scikit-learn generates.

    python3 tests/data/datasets.py

Needs numpy and scikit-learn; the numbers in the file are those of the versions it names.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.datasets import make_blobs, make_circles, make_moons


def matrix(a):
    return {"shape": list(a.shape), "dtype": "f64", "data": [float(v) for v in a.ravel()]}


def case(function, generate, inputs, **arguments):
    x, y = generate(random_state=inputs["seed"], **arguments)
    expected = {"X": matrix(x.T), "Y": matrix(y[np.newaxis].astype(float))}
    return {"function": function, "inputs": inputs, "expected": expected}


cases = []
for m, noise, seed in [(2, 0.0, 1), (11, 0.0, 2), (24, 0.0, 3), (9, 0.3, 4), (60, 0.2, 5)]:
    inputs = {"m": m, "noise": noise, "seed": seed}
    cases.append(case("moons", make_moons, inputs, n_samples=m, noise=noise))
    for factor in [0.0, 0.5, 0.8]:
        arguments = {"n_samples": m, "noise": noise, "factor": factor}
        cases.append(case("circles", make_circles, inputs | {"factor": factor}, **arguments))
for m, n_x, classes, noise, seed in [
    (1, 1, 1, 0.0, 1),
    (10, 2, 3, 0.0, 2),
    (11, 3, 3, 1.0, 3),
    (60, 2, 6, 1.0, 5),
]:
    inputs = {"m": m, "n_x": n_x, "classes": classes, "noise": noise, "seed": seed}
    arguments = {"n_samples": m, "n_features": n_x, "centers": classes, "cluster_std": noise}
    cases.append(case("blobs", make_blobs, inputs, **arguments))

file = {
    "numpy": np.__version__,
    "scikit-learn": sklearn.__version__,
    "cases": cases,
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(file, separators=(",", ":")).replace('{"function"', '\n{"function"') + "\n")
