"""Writes folds.json: the folds of scikit-learn's splitters, with shuffling where they can."""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

# Groups of different sizes, in mixed order, since the order of equal groups is not defined.
SIZES = [1, 2, 3, 5, 8, 13, 4]
groups = np.random.RandomState(1).permutation(np.repeat(np.arange(len(SIZES)), SIZES))
# A class of one example cannot be stratified.
labels = groups[groups != SIZES.index(1)]


def listed(splits):
    return [{"training": a.tolist(), "test": b.tolist()} for a, b in splits]


result = {
    "scikit-learn": sklearn.__version__,
    "groups": groups.tolist(),
    "grouped": [
        {"folds": k, "result": listed(GroupKFold(k).split(groups, groups=groups))}
        for k in (2, 3, 5, 7)
    ],
    "shuffled": [
        {
            "m": m,
            "folds": k,
            "seed": seed,
            "result": listed(KFold(k, shuffle=True, random_state=seed).split(np.zeros(m))),
        }
        for m, k, seed in [(10, 3, 0), (20, 4, 1), (23, 5, 2), (7, 7, 3)]
    ],
    "stratified": [
        {
            "folds": k,
            "seed": seed,
            "result": listed(
                StratifiedKFold(k, shuffle=True, random_state=seed).split(labels, labels)
            ),
        }
        for k, seed in [(2, 0), (2, 1), (3, 5)]
    ],
    "time": [
        {
            "m": m,
            "folds": k,
            "gap": gap,
            "result": listed(TimeSeriesSplit(k, gap=gap).split(np.zeros(m))),
        }
        for m, k, gap in [(7, 3, 0), (20, 4, 0), (23, 5, 2), (100, 3, 24), (3, 2, 0)]
    ],
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
