//! scikit-learn's own tests of its multi-layer perceptron: L-BFGS, warm starts, tolerances, early
//! stopping, given parameters, and minima of convex models.
//!
//! As in `scikit_learn`, whose [`Case`] has the data and the figures.

use super::scikit_learn::{Case, FILE, activation, cases, csv, entries, list, only_case, size};
use crate::support::reference::{assert_close, check_parameters, matrix, network_of, number};
use dnn_blocks::model::{History, Monitor};
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{LbfgsOptions, Stop};
use dnn_blocks::train::schedule::Plateau;
use dnn_blocks::{Error, Result};
use std::cell::RefCell;
use std::ops::ControlFlow;

/// Returns hyperparameters with the same meaning as the parameters of a case.
///
/// - `solver="lbfgs"` is `lbfgs`. `tol` is the gradient tolerance (doubled for a regressor, whose
///   cost is twice that of scikit-learn), `max_fun` the limit of evaluations, and `max_iter` the
///   limit of iterations, `epochs`. The other constants are SciPy's in both libraries.
/// - `n_iter_no_change = n` is a patience of `n + 1`. `tol` is the tolerance, doubled where a
///   regressor monitors a cost. With `early_stopping` the monitored figure is the validation score,
///   else the training cost. scikit-learn takes the training cost from the batches during the epoch
///   and compares with the lowest cost; here the cost is that after the epoch, compared with the
///   last one that counted.
/// - `learning_rate="invscaling"` is `Schedule::InverseScaling`. `"adaptive"` is a plateau with the
///   factor 1/5 and the patience `n + 1`, which does not stop the fit.
pub(super) fn hyperparameters(case: &Case) -> Hyperparameters {
    let how = case.hyperparameters().shuffle(case.parameter("shuffle").as_bool().unwrap());
    let tolerance = case.number("tol");
    if case.parameter("solver") == "lbfgs" {
        let options = LbfgsOptions::default()
            .gradient_tolerance(case.cost_factor() * tolerance)
            .max_evaluations(size(case.parameter("max_fun")) as u64);
        return how.lbfgs(options);
    }
    let patience = case.parameter("n_iter_no_change").as_u64().map(|n| n as usize + 1);
    let how = match case.parameter("early_stopping").as_bool().unwrap() {
        true => how.monitor(Monitor::ValidationScore).tolerance(tolerance),
        false => how.monitor(Monitor::TrainingCost).tolerance(case.cost_factor() * tolerance),
    };
    match case.parameter("learning_rate").as_str().unwrap() {
        "adaptive" => how.plateau(Plateau::new(0.2, patience.unwrap())),
        "invscaling" => {
            let power = case.number("power_t");
            how.patience(patience).schedule(Schedule::InverseScaling { power })
        }
        _ => how.patience(patience),
    }
}

/// A model of either kind, for tests of both.
#[derive(Debug, Clone)]
enum Model {
    Classifier(Classifier<f64, usize>),
    Regressor(Regressor<f64>),
}

impl Model {
    /// Creates an unfitted model with the hyperparameters of the case.
    fn new(case: &Case) -> Self {
        Self::with(case, hyperparameters(case))
    }

    fn with(case: &Case, how: Hyperparameters) -> Self {
        if case.is_regression() {
            Self::Regressor(Regressor::new(how))
        } else {
            Self::Classifier(Classifier::new(how))
        }
    }

    fn fit(&mut self, case: &Case) -> Result<History> {
        self.fit_with(case, FitOptions::new())
    }

    fn warm_start(&mut self, case: &Case) -> Result<History> {
        self.fit_with(case, FitOptions::new().warm_start(true))
    }

    fn fit_with(&mut self, case: &Case, options: FitOptions<'_, f64>) -> Result<History> {
        let (x, y) = (Examples::rows(&case.x), case.targets());
        match self {
            Self::Classifier(model) => model.fit_with(x, &case.labels(), options),
            Self::Regressor(model) => model.fit_with(x, Examples::rows(&y), options),
        }
    }

    fn partial_fit(&mut self, case: &Case) -> Result<History> {
        let (x, y) = (Examples::rows(&case.x), case.targets());
        match self {
            Self::Classifier(model) => model.partial_fit(x, &case.labels()),
            Self::Regressor(model) => model.partial_fit(x, Examples::rows(&y)),
        }
    }

    fn set_hyperparameters(&mut self, how: Hyperparameters) -> Result<()> {
        match self {
            Self::Classifier(model) => model.set_hyperparameters(how),
            Self::Regressor(model) => model.set_hyperparameters(how),
        }
    }

    fn score(&self, case: &Case) -> f64 {
        let (x, y) = (Examples::rows(&case.x), case.targets());
        match self {
            Self::Classifier(model) => model.score(x, &case.labels()).unwrap(),
            Self::Regressor(model) => model.score(x, Examples::rows(&y)).unwrap(),
        }
    }

    fn parameters(&self) -> &Parameters<f64> {
        match self {
            Self::Classifier(model) => model.parameters().unwrap(),
            Self::Regressor(model) => model.parameters().unwrap(),
        }
    }
}

/// Returns a fitted model and its history.
fn fitted(case: &Case) -> (Model, History) {
    let mut model = Model::new(case);
    let history = model.fit(case).unwrap();
    (model, history)
}

fn validation_scores(history: &History) -> Vec<f64> {
    history.epochs.iter().filter_map(|record| record.validation_score).collect()
}

/// scikit-learn: `test_fit` (2). The step has the numbers of scikit-learn, and those that its test
/// works out by hand, to three decimals.
#[test]
fn a_step_from_given_parameters_is_the_worked_example() {
    let entry = &entries("test_fit")[0];
    let parameter = |name: &str| &entry["parameters"][name];
    assert_eq!(number(parameter("momentum")), 0.0);
    let hidden = activation(parameter("activation"));
    let how = Hyperparameters::plain()
        .hidden(&[size(parameter("hidden_layer_sizes"))])
        .activation(hidden)
        .algorithm(Algorithm::GradientDescent)
        .learning_rate(number(parameter("learning_rate_init")))
        .l2(number(parameter("alpha")))
        .standardize(false);
    let before = network_of(&entry["before"], hidden, Activation::Sigmoid);
    let mut model = Classifier::from_parameters(how, &[0, 1], before, None).unwrap();
    let x = matrix(&entry["X"]);
    model.partial_fit(Examples::columns(&x), &[0]).unwrap();
    let parameters = model.parameters().unwrap();
    check_parameters(parameters, &entry["after"], 1e-14);
    for (l, layer) in parameters.layers().iter().enumerate() {
        for (name, found) in [("W", &layer.w), ("b", &layer.b)] {
            let by_hand = matrix(&entry["by_hand"][format!("{name}{}", l + 1)]);
            assert!((found - &by_hand).iter().all(|d| d.abs() < 1.5e-3), "{name}{}", l + 1);
        }
    }
    let probabilities = model.predict_proba(Examples::columns(&x)).unwrap();
    assert!((probabilities[[1, 0]] - 0.739).abs() < 1.5e-3, "{probabilities}");
    assert_close("p", &array![[probabilities[[1, 0]]]], &matrix(&entry["probability"]), 1e-14);
}

/// scikit-learn: `test_lbfgs_classification` (4).
#[test]
fn lbfgs_fits_classifiers() {
    for case in cases("test_lbfgs_classification") {
        let (model, history) = fitted(&case);
        let score = model.score(&case);
        assert!(score > 0.95 && number(case.figure("score")) > 0.95, "{score}");
        assert!(history.epochs.len() <= 150 && history.stop.is_some());
        let Model::Classifier(model) = model else { panic!("a regressor") };
        let predicted = model.predict(Examples::rows(&case.other_x)).unwrap();
        assert_eq!(predicted.len(), 50);
    }
}

/// scikit-learn: `test_lbfgs_regression` (5).
#[test]
fn lbfgs_fits_regressors() {
    for case in cases("test_lbfgs_regression") {
        let identity = case.parameter("activation") == "identity";
        let bound = if identity { 0.80 } else { 0.98 };
        let score = fitted(&case).0.score(&case);
        assert!(score > bound, "{}: {score}", case.parameter("activation"));
        assert!(number(case.figure("score")) > bound);
    }
}

/// scikit-learn: `test_lbfgs_classification_maxfun` and `test_lbfgs_regression_maxfun` (6 and 7).
/// SciPy checks the limit between iterations; here it is exact. No decrease is too small, since
/// linear regression converges in ten evaluations.
#[test]
fn a_limit_of_evaluations_ends_lbfgs() {
    let both = ["test_lbfgs_classification_maxfun", "test_lbfgs_regression_maxfun"];
    for case in both.into_iter().flat_map(cases) {
        let how = hyperparameters(&case);
        let options = how.lbfgs.unwrap().decrease_tolerance(0.0);
        let history = Model::with(&case, how.lbfgs(options)).fit(&case).unwrap();
        let limit = size(case.parameter("max_fun"));
        assert!(history.epochs.len() <= limit && size(case.figure("n_iter")) <= limit);
        assert_eq!(history.stop, Some(Stop::Evaluations));
        assert_eq!(history.evaluations, Some(limit as u64));
    }
}

/// scikit-learn: `test_learning_rate_warmstart` (8). Its rate after a fit is that of the next
/// epoch.
#[test]
fn the_time_of_a_schedule_goes_on_across_warm_starts() {
    for case in cases("test_learning_rate_warmstart") {
        let mut model = Model::new(&case);
        let rates: Vec<f64> =
            (0..3).map(|_| model.warm_start(&case).unwrap().epochs[0].learning_rate).collect();
        assert_eq!(rates[0], case.number("learning_rate_init"));
        let expected = list(case.figure("rates_after_fits"));
        for (rate, expected) in rates[1..].iter().zip(expected) {
            let expected = number(expected);
            assert!((rate - expected).abs() <= 1e-15 * expected, "{rate} {expected}");
        }
    }
}

/// scikit-learn: `test_multioutput_regression` (10).
#[test]
fn lbfgs_fits_five_targets() {
    let case = only_case("test_multioutput_regression");
    assert_eq!(case.targets().dim(), (200, 5));
    let score = fitted(&case).0.score(&case);
    assert!(score > 0.9 && number(case.figure("score")) > 0.9, "{score}");
}

/// scikit-learn: `test_partial_fit_classes_error` (11), with the classes of a later call.
#[test]
fn other_classes_for_a_fitted_model_are_refused() {
    assert!(entries("test_partial_fit_classes_error")[0]["error"].is_string());
    let x = array![[3.0, 2.0]];
    let mut model = Classifier::<f64, i32>::new(Hyperparameters::plain()).with_classes(&[0, 1]);
    model.partial_fit(Examples::rows(&x), &[0]).unwrap();
    let mut model = model.with_classes(&[1, 2]);
    let error = model.partial_fit(Examples::rows(&x), &[1]).unwrap_err();
    assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
}

/// scikit-learn: `test_partial_fit_errors` (15), its second half: there, an estimator with L-BFGS
/// has no `partial_fit`.
#[test]
fn a_partial_fit_by_lbfgs_is_refused() {
    let cases = cases("test_partial_fit_errors");
    assert_eq!(cases[1].figure("has_partial_fit"), false);
    let error = Model::new(&cases[1]).partial_fit(&cases[1]).unwrap_err();
    assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
}

/// scikit-learn: `test_shuffle` (20).
#[test]
fn the_order_of_the_examples_depends_on_shuffle() {
    let parameters: Vec<Parameters<f64>> = cases("test_shuffle")
        .iter()
        .map(|case| {
            assert_eq!(case.figure("equal"), true);
            let (first, second) = (fitted(case).0, fitted(case).0);
            assert_eq!(first.parameters(), second.parameters());
            first.parameters().clone()
        })
        .collect();
    assert_eq!(parameters.len(), 2);
    assert!(parameters[0].layers()[0].w != parameters[1].layers()[0].w);
}

/// scikit-learn: `test_tolerance` (22). The number of epochs is equal.
#[test]
fn a_large_tolerance_ends_the_fit() {
    let case = only_case("test_tolerance");
    let history = fitted(&case).1;
    assert!(history.stopped_early && size(case.parameter("max_iter")) == 3000);
    assert_eq!(history.epochs.len(), size(case.figure("n_iter")));
}

/// scikit-learn: `test_verbose_sgd` (23). The callback of each epoch takes the place of `verbose`.
#[test]
fn fits_and_partial_fits_report_each_epoch() {
    let case = only_case("test_verbose_sgd");
    let shown = RefCell::new(Vec::new());
    let options = || {
        FitOptions::new().on_epoch(|epoch| {
            shown.borrow_mut().push(epoch.record.epoch);
            ControlFlow::Continue(())
        })
    };
    let (x, labels) = (Examples::rows(&case.x), case.labels());
    let mut model = case.classifier();
    model.fit_with(x, &labels, options()).unwrap();
    model.partial_fit_with(x, &labels, options()).unwrap();
    assert_eq!(*shown.borrow(), [0, 1, 2]);
    assert_eq!(size(case.figure("epochs_shown")), 3);
}

/// scikit-learn: `test_early_stopping` (24).
#[test]
fn early_stopping_keeps_the_best_validation_score() {
    for case in cases("test_early_stopping") {
        let history = fitted(&case).1;
        assert!(history.stopped_early && history.epochs.len() < 3000);
        assert!(size(case.figure("n_iter")) < 3000);
        let scores = validation_scores(&history);
        let best = history.best_epoch.unwrap();
        if case.figure("best_validation_score").is_null() {
            assert!(scores.is_empty());
            continue;
        }
        assert_eq!(scores.len(), history.epochs.len());
        assert!(scores.iter().all(|&score| score <= scores[best]));
        let tolerance = case.number("tol");
        let last = &scores[scores.len() - 2..];
        assert!(last.iter().all(|&score| scores[best] + tolerance > score), "{scores:?}");
    }
}

/// scikit-learn: `test_adaptive_learning_rate` (25). It stops at the first rate below 1e-6 that
/// does not help. Here a patience of as many epochs does that; the rates of all epochs are equal.
#[test]
fn a_plateau_divides_the_learning_rate() {
    let case = only_case("test_adaptive_learning_rate");
    let expected: Vec<f64> = list(case.figure("rates"))
        .iter()
        .flat_map(|run| std::iter::repeat_n(number(&run[0]), size(&run[1])))
        .collect();
    assert_eq!(expected.len(), size(case.figure("n_iter")));
    let mut model = Model::with(&case, hyperparameters(&case).patience(expected.len() - 1));
    let history = model.fit(&case).unwrap();
    assert!(history.stopped_early);
    let rates: Vec<f64> = history.epochs.iter().map(|record| record.learning_rate).collect();
    assert_eq!(rates.len(), expected.len());
    for (rate, expected) in rates.iter().zip(&expected) {
        assert!((rate - expected).abs() <= 1e-14 * expected, "{rate} {expected}");
    }
    assert!(rates[rates.len() - 1] < 1e-6);
}

/// scikit-learn: `test_warm_start` (26).
#[test]
fn a_warm_start_needs_the_classes_of_the_model() {
    for case in cases("test_warm_start") {
        let labels: Vec<usize> = list(case.figure("second_labels"))
            .iter()
            .flat_map(|run| std::iter::repeat_n(size(&run[0]), size(&run[1])))
            .collect();
        let mut model = Classifier::new(hyperparameters(&case));
        let x = Examples::rows(&case.x);
        model.fit(x, &case.labels()).unwrap();
        let before = model.parameters().cloned();
        let continued = model.fit_with(x, &labels, FitOptions::new().warm_start(true));
        if case.figure("error").is_null() {
            continued.unwrap();
            continue;
        }
        let error = continued.unwrap_err();
        let expected = match labels.iter().position(|label| *label > 2) {
            Some(example) => Error::UnknownLabel { example, classes: 3 },
            None => Error::ClassSize { class: 2, examples: 0, least: 1 },
        };
        assert_eq!(error, expected);
        assert_eq!(model.parameters(), before.as_ref());
    }
}

/// scikit-learn: `test_warm_start_full_iteration` (27).
#[test]
fn a_warm_start_has_all_its_epochs() {
    for case in cases("test_warm_start_full_iteration") {
        let mut model = Model::new(&case);
        for expected in list(case.figure("n_iter")) {
            assert_eq!(model.warm_start(&case).unwrap().epochs.len(), size(expected));
        }
    }
}

/// scikit-learn: `test_n_iter_no_change` (28). Each epoch is one batch, so that the cost after an
/// epoch is that of the next record.
#[test]
fn a_fit_stops_after_a_number_of_epochs_without_a_decrease() {
    for case in cases("test_n_iter_no_change") {
        let expected = size(case.figure("no_improvement_count"));
        assert!(size(case.figure("n_iter")) < 3000);
        let history = fitted(&case).1;
        assert!(history.stopped_early && history.epochs.len() < 3000);
        let mut waits = Vec::new();
        let (mut reference, mut wait) = (f64::INFINITY, 0);
        for record in &history.epochs[1..] {
            let decreases = record.cost < reference - case.number("tol");
            (reference, wait) = if decreases { (record.cost, 0) } else { (reference, wait + 1) };
            waits.push(wait);
        }
        // The last epoch of the wait has no next record.
        assert_eq!(waits.iter().max(), Some(&(expected - 1)));
        assert_eq!(waits.last(), Some(&(expected - 1)));
    }
}

/// scikit-learn: `test_n_iter_no_change_inf` (29).
#[test]
fn without_a_patience_no_tolerance_ends_a_fit() {
    let case = only_case("test_n_iter_no_change_inf");
    let how = hyperparameters(&case);
    assert_eq!((how.patience, how.tolerance), (None, 1e9));
    let history = fitted(&case).1;
    assert!(!history.stopped_early);
    assert_eq!(history.epochs.len(), size(case.figure("n_iter")));
}

/// scikit-learn: `test_early_stopping_stratified` (30).
#[test]
fn a_class_of_one_example_has_no_validation_set() {
    let case = only_case("test_early_stopping_stratified");
    assert!(case.figure("error").as_str().unwrap().contains("only 1 member"));
    let error = Model::new(&case).fit(&case).unwrap_err();
    assert_eq!(error, Error::ClassSize { class: 1, examples: 1, least: 2 });
}

/// scikit-learn: `test_mlp_warm_start_with_early_stopping` (37). There, one
/// list has the scores of the first and of the second fit.
#[test]
fn early_stopping_works_in_a_warm_start() {
    for case in cases("test_mlp_warm_start_with_early_stopping") {
        let counts = list(case.figure("validation_scores"));
        assert!(size(&counts[1]) > size(&counts[0]));
        let (mut model, first) = fitted(&case);
        assert_eq!(validation_scores(&first).len(), size(&counts[0]));
        model.set_hyperparameters(hyperparameters(&case).epochs(20)).unwrap();
        let second = model.warm_start(&case).unwrap();
        assert_eq!(second.epochs[0].epoch, first.epochs.len());
        assert_eq!(validation_scores(&second).len(), second.epochs.len());
    }
}

/// scikit-learn: `test_mlp_warm_start_no_convergence` (38).
#[test]
fn a_warm_start_ends_at_its_own_number_of_epochs() {
    for case in cases("test_mlp_warm_start_no_convergence") {
        let mut model = Model::new(&case);
        for epochs in list(case.figure("n_iter")).iter().map(size) {
            model.set_hyperparameters(hyperparameters(&case).epochs(epochs)).unwrap();
            let history = model.warm_start(&case).unwrap();
            assert_eq!(history.epochs.len(), epochs, "{}", case.parameter("solver"));
            assert!(!history.stopped_early);
        }
    }
}

/// scikit-learn: `test_mlp_partial_fit_after_fit` (39).
#[test]
fn a_partial_fit_with_early_stopping_is_refused() {
    for case in cases("test_mlp_partial_fit_after_fit") {
        assert!(case.figure("error").is_string());
        let mut model = fitted(&case).0;
        let before = model.parameters().clone();
        let error = model.partial_fit(&case).unwrap_err();
        assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
        assert_eq!(model.parameters(), &before);
    }
}

/// scikit-learn: `test_minimum_input_sample_size` (43).
#[test]
fn a_validation_set_of_one_example_is_refused() {
    let case = only_case("test_minimum_input_sample_size");
    assert!(case.figure("error").as_str().unwrap().starts_with("The validation set is too small"));
    let error = Model::new(&case).fit(&case).unwrap_err();
    assert_eq!(error, Error::ValidationSize { examples: 1 });
}

/// Returns the numbers of the columns of a table in examples/data, (examples, columns).
fn numbers(rows: &[Vec<String>], columns: std::ops::Range<usize>) -> Array2<f64> {
    let first = columns.start;
    Array2::from_shape_fn((rows.len(), columns.len()), |(i, j)| rows[i][first + j].parse().unwrap())
}

fn convex_hyperparameters(l2: f64) -> Hyperparameters {
    let exact = LbfgsOptions::default().gradient_tolerance(1e-10).decrease_tolerance(0.0);
    Hyperparameters::plain().hidden(&[]).epochs(15_000).l2(l2).lbfgs(exact)
}

/// Logistic regression has the minimum of `LogisticRegression(C=1/l2)`, ridge regression that of
/// the closed form, Poisson regression that of `PoissonRegressor(alpha=l2/m)`.
#[test]
fn models_without_hidden_layers_reach_the_minimum() {
    let convex = list(&FILE["convex"]);
    assert_eq!(convex.len(), 6);
    for entry in convex {
        let name = entry["data"].as_str().unwrap();
        let (rows, how) = (csv(name), convex_hyperparameters(number(&entry["l2"])));
        let (history, parameters) = if name == "breast_cancer" {
            let labels: Vec<bool> = rows.iter().map(|row| row[0] == "M").collect();
            let mut model = Classifier::new(how);
            let x = numbers(&rows, 1..31);
            let history = model.fit(Examples::rows(&x), &labels).unwrap();
            (history, model.parameters().cloned().unwrap())
        } else {
            let (x, y) = (numbers(&rows, 0..10), numbers(&rows, 10..11));
            let cost = entry.get("cost_function").map(|name| name.as_str().unwrap().parse());
            let mut model = Regressor::new(how.cost(cost.transpose().unwrap()));
            let history = model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
            (history, model.parameters().cloned().unwrap())
        };
        let (cost, expected) = (history.epochs.last().unwrap().cost, number(&entry["cost"]));
        assert!((cost - expected).abs() <= 1e-8 * expected.abs(), "{name}: {cost} {expected}");
        let layer = &parameters.layers()[0];
        for (found, expected) in [(&layer.w, &entry["W1"]), (&layer.b, &entry["b1"])] {
            let difference = (found - &matrix(expected)).mapv(f64::abs);
            assert!(difference.iter().all(|d| *d < 1e-5), "{name}: {difference}");
        }
    }
}
