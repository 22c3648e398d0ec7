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


def some_weights(rng, m):
    """Weights of which some are 0."""
    return (rng.integers(4, size=m) * rng.random(m)).round(3)


def both(score, weights):
    """A score without weights and with them."""
    return {"plain": float(score(None)), "weighted": float(score(weights))}


def ranking(rng, classes, m, digits):
    """Scores (classes, m) or of the second of two classes (1, m); few digits give ties."""
    labels = np.arange(m) % max(classes, 2)
    rng.shuffle(labels)
    rows = rng.random((classes, m)) + 0.4 * (labels == np.arange(classes)[:, np.newaxis])
    if classes == 1:
        rows = (rng.random((1, m)) + 0.4 * labels) / 1.4
    rows = rows.round(digits)
    if classes > 1:
        shares = rows / rows.sum(axis=0)  # roc_auc_score wants probabilities
        # Every other example has the scores of the first one, so that there are ties.
        rows = np.where(np.arange(m) % 2 == 0, shares, shares[:, :1])
    given = rows[0] if classes == 1 else rows.T
    weights = some_weights(rng, m)
    ovr = {} if classes == 1 else {"multi_class": "ovr"}
    scores = {
        "roc_auc": lambda w: metrics.roc_auc_score(labels, given, sample_weight=w, **ovr),
        "average_precision": lambda w: metrics.average_precision_score(
            labels, given, sample_weight=w
        ),
        "brier": lambda w: metrics.brier_score_loss(labels, given, sample_weight=w),
    }
    for k in range(1, max(classes, 2)):
        scores[f"top_{k}"] = lambda w, k=k: metrics.top_k_accuracy_score(
            labels, given, k=k, sample_weight=w
        )
    return {
        "inputs": {
            "scores": matrix(rows),
            "labels": labels.tolist(),
            "weights": weights.tolist(),
        },
        "expected": {name: both(score, weights) for name, score in scores.items()},
    }


def absent(rng, classes, present, m):
    """Probabilities of classes of which only some occur."""
    labels = np.array(present)[rng.integers(len(present), size=m)]
    p = rng.dirichlet(np.ones(classes), size=m)
    names = list(range(classes))
    weights = some_weights(rng, m)
    return {
        "inputs": {"scores": matrix(p.T), "labels": labels.tolist(), "weights": weights.tolist()},
        "expected": {
            "brier": both(
                lambda w: metrics.brier_score_loss(labels, p, labels=names, sample_weight=w),
                weights,
            ),
            "top_2": both(
                lambda w: metrics.top_k_accuracy_score(
                    labels, p, k=2, labels=names, sample_weight=w
                ),
                weights,
            ),
        },
    }


def weighted_labels(rng, classes, m, only_predicted):
    """Actual labels, and predicted ones that may be of `only_predicted` further classes."""
    actual = rng.integers(classes, size=m)
    other = rng.integers(classes + only_predicted, size=m)
    predicted = np.where(rng.random(m) < 0.6, actual, other)
    weights = some_weights(rng, m)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
        balanced = both(
            lambda w: metrics.balanced_accuracy_score(actual, predicted, sample_weight=w),
            weights,
        )
    return {
        "inputs": {
            "actual": actual.tolist(),
            "predicted": predicted.tolist(),
            "weights": weights.tolist(),
        },
        "expected": {
            "balanced_accuracy": balanced,
            "accuracy": both(
                lambda w: metrics.accuracy_score(actual, predicted, sample_weight=w), weights
            ),
        },
    }


def weighted_log_loss(rng, classes, m):
    p = rng.dirichlet(np.full(classes, 0.5), size=m)
    labels, weights = rng.integers(classes, size=m), some_weights(rng, m)
    loss = metrics.log_loss(labels, p, labels=list(range(classes)), sample_weight=weights)
    return {
        "inputs": {
            "probabilities": matrix(p.T),
            "labels": labels.tolist(),
            "weights": weights.tolist(),
        },
        "expected": {"weighted": float(loss)},
    }


def errors(rng, outputs, m, constant):
    """Values (outputs, m) whose first output may be constant."""
    actual = rng.normal(size=(outputs, m))
    if constant:
        actual[0] = 0.5
    predicted = actual + rng.normal(size=(outputs, m)).round(1)
    weights = some_weights(rng, m)
    of = lambda score: both(lambda w: score(actual.T, predicted.T, sample_weight=w), weights)
    return {
        "inputs": {
            "actual": matrix(actual),
            "predicted": matrix(predicted),
            "weights": weights.tolist(),
        },
        "expected": {
            "mean_absolute_error": of(metrics.mean_absolute_error),
            "root_mean_squared_error": of(metrics.root_mean_squared_error),
            "r2": of(metrics.r2_score),
        },
    }


def rates(rng, m, mean):
    """Counts, of which some are 0, and predicted rates."""
    actual = rng.poisson(mean, size=(1, m)).astype(float)
    predicted = np.exp(rng.normal(np.log(mean), 0.7, size=(1, m)))
    weights = some_weights(rng, m)
    return {
        "inputs": {
            "actual": matrix(actual),
            "predicted": matrix(predicted),
            "weights": weights.tolist(),
        },
        "expected": {
            "mean_poisson_deviance": both(
                lambda w: metrics.mean_poisson_deviance(actual[0], predicted[0], sample_weight=w),
                weights,
            ),
        },
    }


def multi_label(rng, labels, m, right, shares):
    """Tables (labels, m) of 0 and 1. A share of 0 or 1 is a label that no or every example has."""
    actual = (rng.random((labels, m)) < np.array(shares)[:, np.newaxis]).astype(int)
    predicted = np.where(rng.random((labels, m)) < right, actual, rng.integers(2, size=(labels, m)))
    predicted[np.array(shares) == 0] = 0
    scores = rng.random((labels, m)).round(1) / 2 + actual / 4  # with ties
    weights = some_weights(rng, m)
    weights[:2] = [1.0, 0.5]
    of = {
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "f1": metrics.f1_score,
    }
    # scikit-learn takes one label as a list of classes, of which 1 is the label.
    tables = (actual.T, predicted.T) if labels > 1 else (actual[0], predicted[0])
    label = {} if labels > 1 else {"labels": [1]}
    score = lambda f, average: f(*tables, average=average, zero_division=0, **label)
    counts = metrics.multilabel_confusion_matrix(*tables, **label)
    ranked = lambda f, k: float(f(actual[k], scores[k], sample_weight=weights))
    both_occur = [bool(0 < actual[k][weights > 0].mean() < 1) for k in range(labels)]
    rank = lambda f: [ranked(f, k) if both_occur[k] else None for k in range(labels)]
    return {
        "inputs": {
            "actual": matrix(actual),
            "predicted": matrix(predicted),
            "scores": matrix(scores),
            "weights": weights.tolist(),
        },
        "expected": {
            "subset_accuracy": both(
                lambda w: metrics.accuracy_score(*tables, sample_weight=w), weights
            ),
            "hamming_loss": both(
                lambda w: metrics.hamming_loss(*tables, sample_weight=w), weights
            ),
            "counts": counts.tolist(),
            **{name: [float(v) for v in score(f, None)] for name, f in of.items()},
            "macro_f1": float(score(metrics.f1_score, "macro")),
            "micro_f1": float(score(metrics.f1_score, "micro")),
            "roc_auc": rank(metrics.roc_auc_score),
            "average_precision": rank(metrics.average_precision_score),
        },
    }


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
        "ranking": [
            ranking(rng, *how)
            for how in [(1, 40, 1), (1, 25, 3), (3, 60, 1), (3, 30, 3), (5, 100, 2), (1, 2, 2)]
        ],
        "absent": [
            absent(rng, *how)
            for how in [
                (3, [0, 2], 20), (4, [1], 10), (5, [0, 3, 4], 30), (3, [2], 1), (3, [0, 1], 9)
            ]
        ],
        "labels": [
            weighted_labels(rng, *how)
            for how in [(2, 30, 0), (3, 40, 0), (3, 40, 2), (5, 25, 1), (2, 9, 3)]
        ],
        "weighted_log_loss": [
            weighted_log_loss(rng, *how) for how in [(2, 8), (3, 10), (5, 30), (3, 7), (4, 20)]
        ],
        "errors": [
            errors(rng, *how)
            for how in [(1, 10, False), (3, 20, False), (1, 40, False), (2, 15, True), (1, 5, True)]
        ],
        "rates": [
            rates(rng, *how) for how in [(10, 0.3), (40, 2.0), (25, 50.0), (1, 4.0), (7, 1.0)]
        ],
        "multi_label": [
            multi_label(rng, *how)
            for how in [
                (3, 30, 0.8, [0.5, 0.3, 0.7]),
                (4, 40, 0.9, [0.5, 0.0, 1.0, 0.2]),
                (1, 20, 0.7, [0.4]),
                (5, 60, 0.95, [0.1, 0.2, 0.5, 0.8, 0.9]),
                (2, 12, 0.5, [0.0, 0.5]),
                (3, 15, 0.6, [1.0, 0.5, 0.5]),
            ]
        ],
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(file, indent=1) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
