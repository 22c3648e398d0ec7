"""Writes mlp.json: what scikit-learn's own tests of its multi-layer perceptron see.

    python3 tests/data/mlp.py

Needs numpy and scikit-learn, of the versions in the file. Each entry of "cases" has the name of a
test of sklearn/neural_network/tests/test_mlp.py, and for each estimator in it the data, the
parameters that are not the default ones, and the figures that the test compares. This script
asserts the same inequalities as the test. It differs in two ways: estimators without a seed get
seed 0, and generated tables are rounded.

"data" holds the tables as rows of integers that are divided by "divisor". The digits are those of
examples/data/digits.csv. "convex" holds minima of networks of one layer: logistic regression, the
closed form of ridge regression, and Poisson regression.
"""

import csv
import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn.datasets import (load_breast_cancer, load_diabetes, load_iris, make_classification,
                              make_multilabel_classification, make_regression)
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer, MinMaxScaler, scale

HERE = pathlib.Path(__file__).resolve().parent
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
BOTH = [MLPClassifier, MLPRegressor]
DEFAULTS = {name: None if value == np.inf else value
            for name, value in MLPClassifier().get_params().items()}


def digits(classes):
    """The digits below `classes`, in the order of load_digits(n_class=classes)."""
    with open(HERE.parent.parent / "examples" / "data" / "digits.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    x = np.array([[int(pixel, 17) for pixel in row[1]] for row in rows], float)
    y = np.array([int(row[0]) for row in rows])
    return x[y < classes], y[y < classes]


def scaled_digits(classes):
    x, y = digits(classes)
    return MinMaxScaler().fit_transform(x[:200]), y[:200]


def rounded(x, divisor):
    return np.rint(np.asarray(x) * divisor) / divisor


def regression(n_samples, n_features, seed, divisor=1000, **parameters):
    """make_regression with rounded features, for which the targets are computed again."""
    x, y, coefficients = make_regression(
        n_samples, n_features, random_state=seed, coef=True, **parameters)
    near = rounded(x, divisor)
    return near, rounded(y + (near - x) @ coefficients, divisor)


def strings():
    x, y = make_classification(200, 10, n_classes=3, n_informative=5, random_state=42)
    return rounded(x, 1000), y


def counts():
    """Poisson counts whose rate is exponential in one feature."""
    x = np.arange(100) / 99
    return x[:, None], np.random.default_rng(0).poisson(np.exp(x + 1))


def scaled_regression():
    x, y = regression(200, 10, 7, bias=20.0, noise=100.0)
    return x, rounded(scale(y), 1e6)


# Name: divisors of the features and of the targets, features, targets.
STORED = {
    "iris": (10, 1, *load_iris(return_X_y=True)),
    "regression": (1000, 1e6, *scaled_regression()),
    "five targets": (100, 100, *regression(200, 100, 11, 100, n_targets=5)),
    "multilabel": (1, 1, *make_multilabel_classification(n_samples=50, random_state=0)),
    "shuffle": (1000, 1000, *regression(50, 5, 0)),
    "strings": (1000, 1, *strings()),
    "weights": (1000, 1000, *regression(100, 2, 42, n_informative=2)),
    "counts": (99, 1, *counts()),
    "two targets": (1000, 1000, *regression(2, 5, 0)),
    "two": (1, 1, [[3, 2], [1, 6]], [1, 0]),
    "four": (1, 1, [[3, 2], [1, 6], [5, 6], [-2, -4]], [1, 1, 1, 0]),
    "rare class": (1, 1, [[1, 2], [2, 3], [3, 4], [4, 5]], [0, 0, 0, 1]),
}
DATA = {name: tuple(map(np.array, tables[2:])) for name, tables in STORED.items()}
DATA |= {
    "digits binary": scaled_digits(2),
    "digits multi": scaled_digits(3),
    "digits pixels": digits(2),
}


class Case:
    """An estimator and its entry in the file."""

    def __init__(self, estimator, data, first=None, **parameters):
        self.model = estimator(**({"random_state": 0} | parameters))
        self.x, self.y = (table[:first] for table in DATA[data])
        given = {name: None if value == np.inf else value for name, value in parameters.items()}
        self.entry = {"estimator": estimator.__name__, "data": data, "examples": len(self.x),
                      "parameters": given}

    def fit(self, **options):
        self.model.fit(self.x, self.y, **options)
        return self

    def partial_fit(self, epochs):
        for _ in range(epochs):
            if isinstance(self.model, MLPClassifier):
                classes = np.arange(self.y.shape[1]) if self.y.ndim > 1 else np.unique(self.y)
                self.model.partial_fit(self.x, self.y, classes=classes)
            else:
                self.model.partial_fit(self.x, self.y)
        return self

    def score(self):
        return self.model.score(self.x, self.y)

    def figures(self, **figures):
        self.entry["figures"] = figures
        return self.entry


def error_of(function, *arguments, **options):
    """The message of the ValueError that the call raises."""
    try:
        function(*arguments, **options)
    except ValueError as error:
        return str(error)
    raise AssertionError("no error")


def matrix(a):
    """An array in the format of README.md."""
    return {"shape": list(a.shape), "dtype": "f64", "data": [float(v) for v in a.ravel()]}


def layers(coefs, intercepts, names=("W", "b")):
    """W (n, n_prev) and b (n, 1) of each layer."""
    found = {}
    for l, (coef, intercept) in enumerate(zip(coefs, intercepts), 1):
        found |= {f"{names[0]}{l}": matrix(coef.T), f"{names[1]}{l}": matrix(intercept[:, None])}
    return found


def test_alpha():
    cases = []
    for alpha in [0, 1]:
        case = Case(MLPClassifier, "digits binary", 100, hidden_layer_sizes=10, alpha=alpha,
                    random_state=1).fit()
        cases.append(case.figures(absolute_sums=[np.abs(c).sum() for c in case.model.coefs_]))
    sums = [np.array(case["figures"]["absolute_sums"]) for case in cases]
    assert (sums[0] > sums[1]).all()
    return cases


def test_fit():
    """The worked example starts from given weights, which replace those of a first step."""
    x, y = np.array([[0.6, 0.8, 0.7]]), np.array([0])
    parameters = dict(solver="sgd", learning_rate_init=0.1, alpha=0.1, activation="logistic",
                      random_state=1, max_iter=1, hidden_layer_sizes=2, momentum=0)
    model = MLPClassifier(**parameters).partial_fit(x, y, classes=[0, 1])
    model.coefs_ = [np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0]]), np.array([[0.1], [0.2]])]
    model.intercepts_ = [np.array([0.1, 0.1]), np.array([1.0])]
    before = layers(model.coefs_, model.intercepts_)
    model.partial_fit(x, y, classes=[0, 1])  # without momentum, the first step has no effect
    after = layers(model.coefs_, model.intercepts_)
    by_hand = layers(
        [np.array([[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]]),
         np.array([[0.04706], [0.154089]])],
        [np.array([0.098333, 0.09626]), np.array([0.9235])])
    for name, expected in by_hand.items():
        np.testing.assert_almost_equal(after[name]["data"], expected["data"], decimal=3)
    probability = model.predict_proba(x)[0, 1]
    np.testing.assert_almost_equal(probability, 0.739, decimal=3)
    return [{"parameters": parameters, "X": matrix(x.T), "before": before, "after": after,
             "by_hand": by_hand, "probability": probability}]


def test_gradient():
    """At the parameters after one iteration, rounded: the cost and its gradient."""
    cases = []
    for n_labels in [2, 3]:
        x = rounded(np.random.RandomState(seed=42).rand(5, 10), 1000)
        labels = 1 + np.mod(np.arange(5) + 1, n_labels)
        y = LabelBinarizer().fit_transform(labels)
        for activation in ACTIVATIONS:
            parameters = dict(activation=activation, hidden_layer_sizes=10, solver="lbfgs",
                              alpha=1e-5, learning_rate_init=0.2, max_iter=1, random_state=1)
            model = MLPClassifier(**parameters).fit(x, labels)
            theta = rounded(np.hstack([l.ravel() for l in model.coefs_ + model.intercepts_]), 1000)
            sizes = [10, 10, model.n_outputs_]
            pairs = list(zip(sizes, sizes[1:]))
            activations = [x] + [np.empty((5, size)) for size in sizes[1:]]
            deltas = [np.empty((5, size)) for size in sizes[1:]]
            coefs, intercepts = [np.empty(p) for p in pairs], [np.empty(n) for _, n in pairs]

            def loss_and_gradient(theta):
                return model._loss_grad_lbfgs(
                    theta, x, y, None, activations, deltas, coefs, intercepts)

            value, gradient = loss_and_gradient(theta)
            gradient = gradient.copy()
            before = layers(model.coefs_, model.intercepts_)
            derivatives = layers(coefs, intercepts, ("dW", "db"))
            steps = 1e-5 * np.eye(len(theta))
            numeric = [(loss_and_gradient(theta + step)[0] - loss_and_gradient(theta - step)[0])
                       / 2e-5 for step in steps]
            np.testing.assert_almost_equal(numeric, gradient)
            cases.append({"parameters": parameters, "X": matrix(x.T),
                          "Y": matrix(y.T.astype(float)), "theta": before, "cost": value,
                          "gradients": derivatives})
    return cases


def lbfgs_cases(estimator, data, bound, **parameters):
    for activation in ACTIVATIONS:
        case = Case(estimator, data, 150 if "digits" in data else None, solver="lbfgs",
                    random_state=1, activation=activation, **parameters).fit()
        score = case.score()
        assert score > bound(activation)
        yield case.figures(score=score, n_iter=case.model.n_iter_, loss=case.model.loss_)


def test_lbfgs_classification():
    return [case for data in ["digits multi", "digits binary"] for case in
            lbfgs_cases(MLPClassifier, data, lambda _: 0.95, hidden_layer_sizes=50, max_iter=150)]


def test_lbfgs_regression():
    return list(lbfgs_cases(MLPRegressor, "regression",
                            lambda activation: 0.80 if activation == "identity" else 0.98,
                            hidden_layer_sizes=50, max_iter=200, tol=1e-3))


def limited(estimator, data, **parameters):
    for activation in ACTIVATIONS:
        case = Case(estimator, data, solver="lbfgs", hidden_layer_sizes=50, max_iter=150,
                    max_fun=10, random_state=1, activation=activation, **parameters).fit()
        assert case.model.n_iter_ <= 10
        yield case.figures(n_iter=case.model.n_iter_)


def test_lbfgs_classification_maxfun():
    return [case for data in ["digits multi", "digits binary"]
            for case in limited(MLPClassifier, data)]


def test_lbfgs_regression_maxfun():
    return list(limited(MLPRegressor, "regression", tol=0.0))


def test_learning_rate_warmstart():
    cases = []
    for learning_rate in ["invscaling", "constant"]:
        case = Case(MLPClassifier, "four", solver="sgd", hidden_layer_sizes=4,
                    learning_rate=learning_rate, max_iter=1, power_t=0.25, warm_start=True)
        rates = [case.fit().model._optimizer.learning_rate for _ in range(2)]
        if learning_rate == "constant":
            assert rates[0] == rates[1]
        else:
            assert rates[1] == case.model.learning_rate_init / pow(8 + 1, 0.25)
        cases.append(case.figures(rates_after_fits=rates))
    return cases


def test_multilabel_classification():
    """Three estimators: of L-BFGS, of 100 partial fits, and with early stopping."""
    parameters = dict(hidden_layer_sizes=50, max_iter=150, activation="logistic", alpha=1e-5,
                      learning_rate_init=0.2)
    fitted = Case(MLPClassifier, "multilabel", solver="lbfgs", **parameters).fit()
    assert fitted.score() > 0.97
    partial = Case(MLPClassifier, "multilabel", solver="sgd", **parameters).partial_fit(100)
    assert partial.score() > 0.9
    stopped = Case(MLPClassifier, "multilabel", early_stopping=True).fit()
    shape = stopped.model.predict(stopped.x).shape
    return [fitted.figures(score=fitted.score()), partial.figures(score=partial.score()),
            stopped.figures(shape=shape)]


def test_multioutput_regression():
    case = Case(MLPRegressor, "five targets", solver="lbfgs", hidden_layer_sizes=50, max_iter=200,
                tol=1e-2, random_state=1).fit()
    assert case.score() > 0.9
    return [case.figures(score=case.score())]


def test_partial_fit_classes_error():
    model = MLPClassifier(solver="sgd").partial_fit([[3, 2]], [0], classes=[0, 1])
    return [{"error": error_of(model.partial_fit, [[3, 2]], [0], classes=[1, 2])}]


def test_partial_fit_classification():
    cases = []
    for data in ["digits multi", "digits binary"]:
        parameters = dict(solver="sgd", max_iter=100, random_state=1, tol=0, alpha=1e-5,
                          learning_rate_init=0.2)
        fitted = Case(MLPClassifier, data, **parameters).fit()
        case = Case(MLPClassifier, data, **parameters).partial_fit(100)
        assert (fitted.model.predict(case.x) == case.model.predict(case.x)).all()
        assert case.score() > 0.95
        cases.append(case.figures(score=case.score()))
    return cases


def test_partial_fit_unseen_classes():
    model = MLPClassifier(random_state=0)
    model.partial_fit([[1], [2], [3]], ["a", "b", "c"], classes=["a", "b", "c", "d"])
    model.partial_fit([[4]], ["d"])
    score = model.score([[1], [2], [3], [4]], ["a", "b", "c", "d"])
    assert score > 0
    return [{"score": score}]


def test_partial_fit_regression():
    cases = []
    for momentum in [0, 0.9]:
        parameters = dict(solver="sgd", max_iter=100, random_state=1, learning_rate_init=0.01,
                          batch_size=200, momentum=momentum)
        fitted = Case(MLPRegressor, "regression", **parameters).fit()
        case = Case(MLPRegressor, "regression", **parameters).partial_fit(100)
        np.testing.assert_allclose(fitted.model.predict(case.x), case.model.predict(case.x))
        assert case.score() > 0.65
        cases.append(case.figures(score=case.score()))
    return cases


def test_partial_fit_errors():
    case = Case(MLPClassifier, "two", solver="sgd")
    error = error_of(case.model.partial_fit, case.x, case.y, classes=[2])
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    return [case.figures(error=error),
            Case(MLPClassifier, "two", solver="lbfgs").figures(has_partial_fit=False)]


def test_nonfinite_params():
    random = np.random.RandomState(0)
    x = np.finfo(np.float64).max * random.uniform(size=(10, 2))
    y = random.standard_normal(size=10)
    return [{"X": matrix(x.T), "Y": matrix(y[None]), "error": error_of(MLPRegressor().fit, x, y)}]


def test_predict_proba_binary():
    case = Case(MLPClassifier, "digits binary", 50, hidden_layer_sizes=5, activation="logistic",
                random_state=1).fit()
    probabilities = case.model.predict_proba(case.x)
    assert probabilities.shape == (50, 2)
    area = roc_auc_score(case.y, probabilities[:, 1])
    return [case.figures(shape=probabilities.shape, roc_auc=float(area))]


def test_predict_proba_multiclass():
    case = Case(MLPClassifier, "digits multi", 10, hidden_layer_sizes=5).fit()
    probabilities = case.model.predict_proba(case.x)
    assert probabilities.shape == (10, 3)
    return [case.figures(shape=probabilities.shape)]


def test_predict_proba_multilabel():
    """With the parameters that scikit-learn found, and what they predict."""
    case = Case(MLPClassifier, "multilabel", solver="lbfgs", hidden_layer_sizes=30).fit()
    probabilities = case.model.predict_proba(case.x)
    assert probabilities.shape == (50, 5)
    assert np.array_equal(probabilities > 0.5, case.y == 1)
    assert ((probabilities.sum(axis=1) - 1) ** 2).sum() > 1e-10
    squares = sum((coef ** 2).sum() for coef in case.model.coefs_)
    cost = case.model.loss_ - case.model.alpha * squares / (2 * len(case.x))
    return [case.figures(shape=probabilities.shape, probabilities=matrix(probabilities),
                         network=layers(case.model.coefs_, case.model.intercepts_), cost=cost)]


def test_shuffle():
    cases, coefs = [], []
    for shuffle in [True, False]:
        fits = [Case(MLPRegressor, "shuffle", hidden_layer_sizes=1, max_iter=1, batch_size=1,
                     shuffle=shuffle).fit() for _ in range(2)]
        first, second = (case.model.coefs_[0] for case in fits)
        assert np.array_equal(first, second)
        coefs.append(first)
        cases.append(fits[0].figures(equal=True))
    assert not np.array_equal(*coefs)
    return cases


def test_tolerance():
    case = Case(MLPClassifier, "two", tol=0.5, max_iter=3000, solver="sgd").fit()
    assert case.model.n_iter_ < 3000
    return [case.figures(n_iter=case.model.n_iter_)]


def test_verbose_sgd():
    case = Case(MLPClassifier, "two", solver="sgd", max_iter=2, hidden_layer_sizes=2)
    epochs = case.fit().model.n_iter_ + case.partial_fit(1).model.n_iter_
    return [case.figures(epochs_shown=epochs)]


def test_early_stopping():
    cases = []
    for estimator in BOTH:
        case = Case(estimator, "digits binary", 100, tol=0.2, max_iter=3000, solver="sgd",
                    early_stopping=True).fit()
        scores, best = case.model.validation_scores_, case.model.best_validation_score_
        assert case.model.n_iter_ < 3000 and max(scores) == best
        assert best + 0.2 > scores[-2] and best + 0.2 > scores[-1]
        cases.append(case.figures(n_iter=case.model.n_iter_, best_validation_score=best))
        case = Case(estimator, "digits binary", 100, tol=0.2, max_iter=3000, solver="sgd").fit()
        assert case.model.validation_scores_ is None
        cases.append(case.figures(n_iter=case.model.n_iter_, best_validation_score=None))
    return cases


def test_adaptive_learning_rate():
    """The rate of each epoch, as runs (rate, epochs)."""
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer
    rates, ends = [], SGDOptimizer.iteration_ends

    def recorded(self, time_step):
        rates.append(self.learning_rate)
        ends(self, time_step)

    SGDOptimizer.iteration_ends = recorded
    case = Case(MLPClassifier, "two", tol=0.5, max_iter=3000, solver="sgd",
                learning_rate="adaptive").fit()
    SGDOptimizer.iteration_ends = ends
    assert case.model.n_iter_ < 3000 and case.model._optimizer.learning_rate < 1e-6
    runs = [[rate, rates.count(rate)] for rate in dict.fromkeys(rates)]
    return [case.figures(n_iter=case.model.n_iter_, rates=runs)]


def test_warm_start():
    """Labels are runs (label, examples). The first fit has the labels of iris."""
    cases = []
    parameters = dict(hidden_layer_sizes=2, solver="lbfgs", warm_start=True, random_state=42,
                      tol=1e-2)
    for runs in [[[0, 50], [1, 50], [2, 50]], [[0, 40], [1, 40], [2, 70]], [[0, 75], [1, 75]],
                 [[0, 50], [1, 50], [3, 50]], [[0, 37], [1, 37], [2, 38], [3, 38]],
                 [[label, 30] for label in range(5)]]:
        case = Case(MLPClassifier, "iris", **parameters).fit()
        labels = np.concatenate([[label] * count for label, count in runs])
        if np.array_equal(np.unique(labels), [0, 1, 2]):
            error = None
            case.model.fit(case.x, labels)
        else:
            error = error_of(case.model.fit, case.x, labels)
        cases.append(case.figures(second_labels=runs, error=error))
    return cases


def test_warm_start_full_iteration():
    cases = []
    for estimator in BOTH:
        case = Case(estimator, "iris", hidden_layer_sizes=2, solver="sgd", warm_start=True,
                    max_iter=3)
        counts = [case.fit().model.n_iter_ for _ in range(2)]
        assert counts == [3, 3]
        cases.append(case.figures(n_iter=counts))
    return cases


def test_n_iter_no_change():
    cases = []
    for n_iter_no_change in [2, 5, 10, 50, 100]:
        case = Case(MLPClassifier, "digits binary", 100, tol=0.01, max_iter=3000, solver="sgd",
                    n_iter_no_change=n_iter_no_change).fit()
        assert case.model._no_improvement_count == n_iter_no_change + 1
        assert case.model.n_iter_ < 3000
        cases.append(case.figures(n_iter=case.model.n_iter_,
                                  no_improvement_count=case.model._no_improvement_count))
    return cases


def test_n_iter_no_change_inf():
    case = Case(MLPClassifier, "digits binary", 100, tol=1e9, max_iter=3000, solver="sgd",
                n_iter_no_change=np.inf).fit()
    assert case.model.n_iter_ == 3000 and case.model._no_improvement_count == 2999
    return [case.figures(n_iter=3000)]


def test_early_stopping_stratified():
    case = Case(MLPClassifier, "rare class", early_stopping=True)
    error = error_of(case.fit)
    assert "The least populated classes in y have only 1 member" in error
    return [case.figures(error=error)]


def test_mlp_early_stopping_string_labels():
    case = Case(MLPClassifier, "strings", early_stopping=True, max_iter=50, random_state=42)
    names = np.array(["class_a", "class_b", "class_c"], dtype=object)
    case.model.fit(case.x, names[case.y])
    scores = case.model.validation_scores_
    assert len(scores) == case.model.n_iter_ and np.isfinite(scores).all()
    return [case.figures(n_iter=case.model.n_iter_, names=list(names))]


def in_both_types(estimator, **parameters):
    """The estimator fitted to 300 pictures of digits in f64 and f32, and the other 60 pictures."""
    case = Case(estimator, "digits pixels", 300, alpha=1e-5, hidden_layer_sizes=[5, 3],
                random_state=1, **parameters)
    single = sklearn.clone(case.model).fit(case.x.astype(np.float32), case.y)
    return case.fit(), single, DATA["digits pixels"][0][300:]


def test_mlp_classifier_dtypes_casting():
    case, single, x = in_both_types(MLPClassifier, max_iter=100, tol=1e-1)
    assert (case.model.predict(x) == single.predict(x.astype(np.float32))).all()
    p = [case.model.predict_proba(x), single.predict_proba(x.astype(np.float32))]
    np.testing.assert_allclose(*p, rtol=1e-2)
    return [case.figures(n_iter=case.model.n_iter_)]


def test_mlp_regressor_dtypes_casting():
    case, single, x = in_both_types(MLPRegressor, max_iter=150, tol=1e-3)
    values = [case.model.predict(x), single.predict(x.astype(np.float32))]
    np.testing.assert_allclose(*values, rtol=5e-4)
    return [case.figures(n_iter=case.model.n_iter_)]


def test_mlp_param_dtypes():
    cases = []
    for estimator in BOTH:
        case, single, x = in_both_types(estimator, max_iter=50, tol=1e-1)
        for model, dtype in [(case.model, np.float64), (single, np.float32)]:
            assert all(a.dtype == dtype for a in model.coefs_ + model.intercepts_)
        cases.append(case.figures(n_iter=case.model.n_iter_))
    return cases


def test_mlp_loading_from_joblib_partial_fit():
    parameters = dict(hidden_layer_sizes=42, random_state=42, learning_rate_init=0.01,
                      max_iter=200)
    model = MLPRegressor(**parameters).fit([[2]], [4])
    for _ in range(200):
        model.partial_fit([[2]], [1])
    predicted = model.predict([[2]])
    np.testing.assert_allclose(predicted, [1], rtol=1e-4)
    return [{"parameters": parameters, "predicted": predicted[0]}]


def test_mlp_warm_start_with_early_stopping():
    cases = []
    for estimator in BOTH:
        case = Case(estimator, "iris", max_iter=10, warm_start=True, early_stopping=True).fit()
        counts = [len(case.model.validation_scores_)]
        case.model.set_params(max_iter=20)
        counts.append(len(case.fit().model.validation_scores_))
        assert counts[1] > counts[0]
        cases.append(case.figures(validation_scores=counts))
    return cases


def test_mlp_warm_start_no_convergence():
    cases = []
    for estimator in BOTH:
        for solver in ["sgd", "adam", "lbfgs"]:
            case = Case(estimator, "iris", solver=solver, warm_start=True, max_iter=10,
                        n_iter_no_change=np.inf).fit()
            counts = [case.model.n_iter_]
            case.model.set_params(max_iter=20)
            counts.append(case.fit().model.n_iter_)
            assert counts == [10, 20]
            cases.append(case.figures(n_iter=counts))
    return cases


def test_mlp_partial_fit_after_fit():
    cases = []
    for estimator in BOTH:
        case = Case(estimator, "iris", early_stopping=True).fit()
        cases.append(case.figures(error=error_of(case.partial_fit, 1)))
    return cases


def test_mlp_diverging_loss():
    case = Case(MLPRegressor, "iris", hidden_layer_sizes=100, activation="identity", solver="sgd",
                alpha=0.0001, learning_rate="constant", learning_rate_init=1, max_iter=20,
                early_stopping=True, n_iter_no_change=10).fit()
    assert np.isnan(case.model.validation_scores_[-1])
    return [case.figures(last_validation_score="NaN")]


def test_mlp_sample_weight_with_early_stopping():
    cases = [Case(MLPRegressor, "weights", hidden_layer_sizes=10, solver="adam",
                  early_stopping=True, tol=1e-2, learning_rate_init=0.01, batch_size=10,
                  random_state=42) for _ in range(2)]
    cases[0].fit(sample_weight=np.ones(100))
    predictions = [case.model.predict(case.x) for case in (cases[0], cases[1].fit())]
    np.testing.assert_allclose(*predictions)
    return [cases[0].figures(n_iter=cases[0].model.n_iter_)]


def test_mlp_vs_poisson_glm_equivalent():
    """The figures are those of the generalized linear model, at a tighter tolerance."""
    cases = []
    for alpha in [0, 0.01]:
        case = Case(MLPRegressor, "counts", loss="poisson", hidden_layer_sizes=1,
                    activation="identity", alpha=0, solver="lbfgs", tol=1e-7, random_state=1)
        found = poisson_regression(case.x, case.y, alpha)
        if alpha == 0:
            near = found.predict(case.x)
            np.testing.assert_allclose(case.fit().model.predict(case.x), near, rtol=1e-4)
            other = case.model.set_params(loss="squared_error").fit(case.x, case.y)
            assert not np.allclose(other.predict(case.x), near, rtol=1e-4)
        cases.append(case.figures(glm_alpha=alpha, glm_coefficient=found.coef_[0],
                                  glm_intercept=found.intercept_,
                                  glm_predictions=found.predict(case.x).tolist()))
    return cases


def test_minimum_input_sample_size():
    case = Case(MLPRegressor, "two targets", early_stopping=True)
    error = error_of(case.fit)
    assert "The validation set is too small" in error
    return [case.figures(error=error)]


def logistic(l2):
    """Standardized features. The intercept is not penalized."""
    x, y = load_breast_cancer(return_X_y=True)
    x, y = scale(x), 1 - y  # 1 is malignant, as in breast_cancer.csv
    found = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-13, max_iter=1000)
    found.fit(x, y)
    w, z = found.coef_, found.decision_function(x)
    cost = (np.logaddexp(0, z) - y * z).mean() + l2 / (2 * len(x)) * (w ** 2).sum()
    return {"data": "breast_cancer", "l2": l2, "cost": cost, "W1": matrix(w),
            "b1": matrix(found.intercept_[:, None])}


def ridge(l2):
    """Standardized features and targets. The gradient of mean((xw - y)²) + l2/(2m) w² is 0."""
    x, y = load_diabetes(return_X_y=True, scaled=False)
    x, y = scale(x), scale(y)
    w = np.linalg.solve(x.T @ x + l2 / 2 * np.eye(x.shape[1]), x.T @ y)
    cost = ((x @ w - y) ** 2).mean() + l2 / (2 * len(x)) * (w ** 2).sum()
    return {"data": "diabetes", "l2": l2, "cost": cost, "W1": matrix(w[None]),
            "b1": matrix(np.zeros((1, 1)))}


def poisson_regression(x, y, alpha):
    return PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-13).fit(x, y)


def poisson(l2):
    """Standardized features; the targets are not standardized. The cost is mean(μ - y ln μ)."""
    x, y = load_diabetes(return_X_y=True, scaled=False)
    x = scale(x)
    found = poisson_regression(x, y, l2 / len(x))
    w, rate = found.coef_, found.predict(x)
    cost = (rate - y * np.log(rate)).mean() + l2 / (2 * len(x)) * (w ** 2).sum()
    return {"data": "diabetes", "cost_function": "Poisson", "l2": l2, "cost": cost,
            "W1": matrix(w[None]), "b1": matrix(np.array([[found.intercept_]]))}


def stored_tables():
    for name, (x_divisor, y_divisor, *_) in STORED.items():
        tables = {}
        for letter, table, divisor in zip("Xy", DATA[name], [x_divisor, y_divisor]):
            rows = np.rint(table * divisor).astype(int)
            assert np.array_equal(rows / divisor, table), name
            tables[letter] = {"divisor": int(divisor), "rows": rows.tolist()}
        yield name, tables


def main():
    warnings.simplefilter("ignore")
    cases = {name: function() for name, function in globals().items() if name.startswith("test_")}
    convex = [logistic(1.0), logistic(0.01), ridge(0.1), ridge(10.0), poisson(0.0), poisson(1000.0)]
    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    parts = [f'{json.dumps(name)}: {json.dumps(value, separators=(",", ":"))}' for name, value in
             (versions | {"defaults": DEFAULTS}).items()]
    for section, entries in [("data", dict(stored_tables())), ("cases", cases)]:
        lines = [f'{json.dumps(name)}: {json.dumps(entry, separators=(",", ":"))}'
                 for name, entry in entries.items()]
        parts.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    lines = [json.dumps(entry, separators=(",", ":")) for entry in convex]
    parts.append('"convex": [\n' + ",\n".join(lines) + "\n]")
    (HERE / "mlp.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
