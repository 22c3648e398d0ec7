"""Writes encoders.json: columns encoded by scikit-learn's SimpleImputer and OneHotEncoder."""

import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

warnings.simplefilter("ignore")  # about unknown categories
rng = np.random.default_rng(5)


def numbers(size, missing, scale):
    """Numbers of this scale, some of them missing."""
    values = rng.normal(scale=scale, size=size)
    values[rng.random(size) < missing] = np.nan
    return values


def number_case(training, test):
    """The number and its indicator, for training and for test rows."""
    imputer = SimpleImputer(strategy="median", add_indicator=True)
    imputer.fit(training.reshape(-1, 1))
    texts = lambda values: [None if np.isnan(v) else repr(float(v)) for v in values]
    return {
        "training": texts(training),
        "test": texts(test),
        "median": float(imputer.statistics_[0]),
        "encoded": [imputer.transform(v.reshape(-1, 1)).tolist() for v in (training, test)],
    }


def category_case(training, test, rare_below, max_categories):
    """One-hot features, for training and for test rows."""
    encoder = OneHotEncoder(
        min_frequency=rare_below,
        max_categories=max_categories,
        drop="if_binary",
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
    )
    column = lambda values: np.array(values, dtype=object).reshape(-1, 1)
    encoder.fit(column(training))
    return {
        "training": training,
        "test": test,
        "rare_below": rare_below,
        "max_categories": max_categories,
        "names": encoder.get_feature_names_out(["c"]).tolist(),
        "encoded": [encoder.transform(column(v)).tolist() for v in (training, test)],
    }


def draw(values, size, power):
    """Values whose frequency falls with their rank."""
    weights = 1.0 / np.arange(1, len(values) + 1) ** power
    chosen = rng.choice(len(values), size=size, p=weights / weights.sum())
    return [values[i] for i in chosen]


words = ["Dover", "Calais", "oslo", "Zürich", "a b", "Ärger", "x=y", "日本", "9", "10"]
number_cases = [
    number_case(numbers(31, 0.2, 3.0), numbers(7, 0.4, 3.0)),
    number_case(numbers(40, 0.3, 1e6), numbers(7, 0.4, 1e-6)),
    number_case(numbers(12, 0.0, 1.0), numbers(9, 0.5, 1.0)),
    number_case(np.array([np.nan, 2.0, 2.0, 2.0]), np.array([np.nan, -5e300])),
]
category_cases = [
    category_case(draw(words, 200, 1.5), draw(words[:4], 10, 0.0) + ["unseen"], 5, 60),
    category_case(draw(words + [None], 200, 1.5), draw(words, 10, 0.0) + [None, "?"], 8, 60),
    category_case(draw([None] + words, 200, 1.5), draw(words, 10, 0.0) + [None, "?"], 1, 4),
    category_case(draw(words, 60, 0.0), draw(words, 10, 0.0) + [None], 1, 10),
    category_case(draw(words, 60, 0.0), draw(words, 10, 0.0) + ["unseen"], 1, 11),
    category_case(draw(words, 60, 0.0), draw(words, 10, 0.0), 1, 1),
    category_case(draw(words, 30, 0.0), draw(words, 10, 0.0) + [None], 100, 60),
    category_case(["no", "yes", "yes"] * 4, ["yes", "no"], 2, 60),
    category_case(["no"] * 9 + [None] * 6, ["no", None], 5, 60),
    category_case(["no"] * 9 + ["yes"] * 3, ["yes", "no", "unseen", None], 5, 60),
    category_case(["same"] * 5, ["same", "unseen"], 5, 60),
]
result = {
    "scikit-learn": sklearn.__version__,
    "numbers": number_cases,
    "categories": category_cases,
}
path = Path(__file__).with_suffix(".json")
text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
path.write_text(text + "\n", encoding="utf-8")
