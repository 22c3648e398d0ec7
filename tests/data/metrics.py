"""Writes metrics.json: what scikit-learn says of generated predictions.

    python3 tests/data/metrics.py

Needs numpy and scikit-learn; the numbers in the file are those of the versions it names.
"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics


def matrix(a):
    return {"shape": list(a.shape), "dtype": "f64", "data": [float(v) for v in a.ravel()]}


def classification(rng, classes, m, right, present):
    """Labels of which about `right` are right; only the first `present` classes occur."""
    actual = rng.integers(present, size=m)
    predicted = np.where(rng.random(m) < right, actual, rng.integers(present, size=m))
    labels = list(range(classes))
    scores = {"labels": labels, "zero_division": 0}
    each = lambda f: [float(v) for v in f(actual, predicted, average=None, **scores)]
    mean = lambda f: float(f(actual, predicted, average="macro", **scores))
    of = {
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "f1": metrics.f1_score,
    }
    counts = metrics.confusion_matrix(actual, predicted, labels=labels)
    return {
        "inputs": {
            "classes": classes,
            "actual": actual.tolist(),
            "predicted": predicted.tolist(),
        },
        "expected": {
            "accuracy": float(metrics.accuracy_score(actual, predicted)),
            "counts": matrix(counts),
            **{name: each(f) for name, f in of.items()},
            **{f"macro_{name}": mean(f) for name, f in of.items()},
        },
    }


def log_loss(rng, classes, m, sure):
    """Columns of probabilities, some exactly 0 and 1; one class means one sigmoid row."""
    if classes == 1:
        p = rng.random(m)
        p[:sure] = rng.integers(2, size=sure)
        labels, rows, given = rng.integers(2, size=m), p[np.newaxis], p
        names = [0, 1]
    else:
        p = rng.dirichlet(np.full(classes, 0.5), size=m)
        p[:sure] = np.eye(classes)[rng.integers(classes, size=sure)]
        labels, rows, given = rng.integers(classes, size=m), p.T, p
        names = list(range(classes))
    loss = lambda dtype: float(metrics.log_loss(labels, given.astype(dtype), labels=names))
    return {
        "inputs": {"probabilities": matrix(rows), "labels": labels.tolist()},
        "expected": {"f64": loss(np.float64), "f32": loss(np.float32)},
    }


def r2(actual, predicted):
    """Arrays are (outputs, m)."""
    score = metrics.r2_score(actual.T, predicted.T)
    return {
        "inputs": {"actual": matrix(actual), "predicted": matrix(predicted)},
        "expected": {"r2": float(score)},
    }


def r2_cases(rng):
    for outputs, m, noise in [(1, 5, 0.1), (1, 40, 2.0), (3, 20, 0.5)]:
        actual = rng.normal(size=(outputs, m))
        yield r2(actual, actual + noise * rng.normal(size=actual.shape))
    far = 1e6 + rng.normal(size=(1, 30))
    yield r2(far, far + 0.3 * rng.normal(size=far.shape))
    constant = np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 4.0], [0.5, 0.5, 0.5]])
    yield r2(constant, constant)
    off = constant.copy()
    off[0, 0] += 1e-3
    off[1, 1] += 0.5
    yield r2(constant, off)


def main():
    rng = np.random.default_rng(1)
    file = {
        "made_by": "metrics.py",
        "versions": {"numpy": np.__version__, "scikit-learn": sklearn.__version__},
        "classification": [
            classification(rng, *how)
            for how in [(2, 30, 0.8, 2), (3, 40, 0.6, 3), (5, 25, 0.3, 5), (4, 20, 0.7, 2), (3, 1, 0.0, 3)]
        ],
        "log_loss": [
            log_loss(rng, *how) for how in [(1, 12, 0), (1, 12, 6), (2, 8, 0), (3, 10, 4), (5, 6, 0)]
        ],
        "r2": list(r2_cases(rng)),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(file, indent=1) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
