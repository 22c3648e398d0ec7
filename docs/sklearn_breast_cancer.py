"""What scikit-learn's MLPClassifier reaches on the split of examples/breast_cancer.rs.

    pip install scikit-learn
    python docs/sklearn_breast_cancer.py
"""

import csv
import pathlib

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

path = pathlib.Path(__file__).parents[1] / "examples" / "data" / "breast_cancer.csv"
rows = list(csv.reader(path.open()))[1:]
y = np.array([row[0] == "M" for row in rows])
x = np.array([row[1:] for row in rows], dtype=float)

np.random.seed(1)
order = np.random.permutation(len(y))
train, test = order[:455], order[455:]
mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
x = (x - mean) / deviation

accuracies = [
    MLPClassifier((16, 8), max_iter=2000, random_state=seed).fit(x[train], y[train]).score(x[test], y[test])
    for seed in range(10)
]
print(f"scikit-learn {sklearn.__version__}, ten seeds: test accuracy mean {np.mean(accuracies):.4f},")
print(f"from {min(accuracies):.4f} to {max(accuracies):.4f}")
