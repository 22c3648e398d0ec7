//! scikit-learn's own tests of its multi-layer perceptron, on the models of this crate.
//!
//! Each test names its origin in `sklearn/neural_network/tests/test_mlp.py` of scikit-learn 1.9.1:
//! the function and its number in the file. It makes the same comparison on the same data.
//! tests/data/mlp.py writes the data and the figures. Both libraries draw other initial weights, so
//! scores are compared with the bound of the test, and only figures without chance are equal.
//!
//! [`Case::hyperparameters`] has the settings that mean the same here. `scikit_learn_continued` has
//! the tests of L-BFGS, warm starts, tolerances and early stopping, and `scikit_learn_multi_label`
//! those of multi-label classification.
//!
//! `poisson` has the test of the Poisson loss, `feature_names` that of feature names (36). Not
//! here: sparse tables (21), which the models do not have.

use crate::support::reference::{assert_close, check_gradients, json, matrix, network_of, number};
use dnn_blocks::Error;
use dnn_blocks::metrics::roc_auc;
use dnn_blocks::ndarray::{Array2, array, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::gradient_check::gradient_check_n;
use serde_json::Value;
use std::sync::LazyLock;

pub(super) static FILE: LazyLock<Value> = LazyLock::new(|| json("mlp"));

/// An estimator of a test: its data, its parameters, and the figures of scikit-learn.
pub(super) struct Case {
    entry: Value,
    /// (examples, features)
    pub x: Array2<f64>,
    /// The examples of the table that the estimator is not fitted to.
    pub other_x: Array2<f64>,
    y: Vec<f64>,
    outputs: usize,
}

/// Returns the entries of a test, which may have a form of their own.
pub(super) fn entries(test: &str) -> &'static [Value] {
    FILE["cases"][test].as_array().unwrap_or_else(|| panic!("no {test}"))
}

/// Returns the estimators of a test.
pub(super) fn cases(test: &str) -> Vec<Case> {
    entries(test).iter().map(Case::new).collect()
}

pub(super) fn only_case(test: &str) -> Case {
    let mut cases = cases(test);
    assert_eq!(cases.len(), 1, "{test}");
    cases.remove(0)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}"))
}

pub(super) fn size(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("not a size: {value}")) as usize
}

impl Case {
    fn new(entry: &Value) -> Self {
        let (x, y) = match entry["data"].as_str().unwrap() {
            "digits binary" => scaled(digits(2)),
            "digits multi" => scaled(digits(3)),
            "digits pixels" => digits(2),
            name => (table(&FILE["data"][name]["X"]), table(&FILE["data"][name]["y"])),
        };
        let examples = size(&entry["examples"]);
        let other_x = x.slice(s![examples.., ..]).to_owned();
        let (x, y) = (x.slice_move(s![..examples, ..]), y.slice_move(s![..examples, ..]));
        let outputs = y.ncols();
        Self { entry: entry.clone(), x, other_x, y: y.into_iter().collect(), outputs }
    }

    /// Returns a parameter of the estimator, or its default.
    pub fn parameter(&self, name: &str) -> &Value {
        self.entry["parameters"].get(name).unwrap_or_else(|| &FILE["defaults"][name])
    }

    pub fn number(&self, name: &str) -> f64 {
        number(self.parameter(name))
    }

    pub fn figure(&self, name: &str) -> &Value {
        self.entry["figures"].get(name).unwrap_or_else(|| panic!("no figure {name}"))
    }

    pub fn is_regression(&self) -> bool {
        self.entry["estimator"] == "MLPRegressor"
    }

    pub fn labels(&self) -> Vec<usize> {
        self.y.iter().map(|y| *y as usize).collect()
    }

    /// Returns the targets of a regressor, (examples, outputs).
    pub fn targets(&self) -> Array2<f64> {
        Array2::from_shape_vec((self.x.nrows(), self.outputs), self.y.clone()).unwrap()
    }

    /// Returns the factor between our cost and that of scikit-learn: their squared error has a 1/2.
    pub fn cost_factor(&self) -> f64 {
        if self.is_regression() { 2.0 } else { 1.0 }
    }

    /// Returns the hyperparameters with the same meaning.
    ///
    /// - `hidden_layer_sizes`, `activation`, `learning_rate_init`, `max_iter` and `random_state`
    ///   are `hidden`, `activation`, `learning_rate`, `epochs` and `seed`. scikit-learn never
    ///   standardizes, and accepts constant features.
    /// - `alpha` is `l2`: both add `λ/(2m)·‖W‖²` to the cost of a batch of m examples. The squared
    ///   error of scikit-learn has a 1/2, so a regressor here needs twice the `l2` and, with plain
    ///   gradients, half the learning rate. Adam does not depend on the factor.
    /// - `batch_size="auto"` is 200, or all examples if there are fewer.
    /// - `solver="sgd"` is Nesterov's momentum, or gradient descent if `momentum` is 0.
    /// - `early_stopping` holds out `validation_fraction` of the examples.
    /// - Weights are drawn by Glorot's uniform distribution (scikit-learn draws the biases too).
    pub fn hyperparameters(&self) -> Hyperparameters {
        let factor = self.cost_factor();
        let hidden: Vec<usize> = match self.parameter("hidden_layer_sizes") {
            Value::Array(sizes) => sizes.iter().map(size).collect(),
            units => vec![size(units)],
        };
        let (algorithm, rate_divisor) = match self.parameter("solver").as_str().unwrap() {
            "sgd" if self.number("momentum") == 0.0 => (Algorithm::GradientDescent, factor),
            "sgd" => (Algorithm::Nesterov { beta: self.number("momentum") }, factor),
            _ => (Algorithm::ADAM, 1.0),
        };
        let validation = match self.parameter("early_stopping").as_bool().unwrap() {
            true => self.number("validation_fraction"),
            false => 0.0,
        };
        let training = self.x.nrows() - (validation * self.x.nrows() as f64).round() as usize;
        let batch_size = self.parameter("batch_size").as_u64().map_or(200, |size| size as usize);
        Hyperparameters::plain()
            .hidden(&hidden)
            .activation(activation(self.parameter("activation")))
            .initializer(Initializer::Xavier)
            .algorithm(algorithm)
            .learning_rate(self.number("learning_rate_init") / rate_divisor)
            .batch_size(batch_size.min(training))
            .epochs(size(self.parameter("max_iter")))
            .l2(factor * self.number("alpha"))
            .seed(self.parameter("random_state").as_u64().unwrap_or(0) as u32)
            .validation_share(validation)
            .standardize(false)
            .constant_features(true)
    }

    pub fn classifier(&self) -> Classifier<f64, usize> {
        Classifier::new(self.hyperparameters())
    }

    pub fn fitted_classifier(&self) -> Classifier<f64, usize> {
        let mut model = self.classifier();
        model.fit(Examples::rows(&self.x), &self.labels()).unwrap();
        model
    }

    pub fn fitted_regressor(&self) -> Regressor<f64> {
        let mut model = Regressor::new(self.hyperparameters());
        model.fit(Examples::rows(&self.x), Examples::rows(&self.targets())).unwrap();
        model
    }
}

pub(super) fn activation(name: &Value) -> Activation {
    match name.as_str().unwrap() {
        "identity" => Activation::Identity,
        "logistic" => Activation::Sigmoid,
        "tanh" => Activation::Tanh,
        _ => Activation::Relu,
    }
}

/// Reads a table of integers over a common divisor. A list of numbers is one column.
fn table(value: &Value) -> Array2<f64> {
    let rows: Vec<&[Value]> = list(&value["rows"])
        .iter()
        .map(|row| row.as_array().map_or(std::slice::from_ref(row), Vec::as_slice))
        .collect();
    let divisor = number(&value["divisor"]);
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| number(&rows[i][j]) / divisor)
}

/// Returns the cells of a table in examples/data, without its header.
pub(super) fn csv(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/../examples/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(String::from).collect()).collect()
}

/// Returns the pixels, from 0 to 16, and the labels of the digits below `classes`.
fn digits(classes: usize) -> (Array2<f64>, Array2<f64>) {
    let mut rows = csv("digits");
    let label = |row: &[String]| row[0].parse::<usize>().unwrap();
    rows.retain(|row| label(row) < classes);
    let pixel = |i: usize, j: usize| (rows[i][1].as_bytes()[j] as char).to_digit(17).unwrap();
    let x = Array2::from_shape_fn((rows.len(), 64), |(i, j)| f64::from(pixel(i, j)));
    (x, Array2::from_shape_fn((rows.len(), 1), |(i, _)| label(&rows[i]) as f64))
}

/// Returns the first 200 digits, with every pixel scaled to the range from 0 to 1.
fn scaled((x, y): (Array2<f64>, Array2<f64>)) -> (Array2<f64>, Array2<f64>) {
    let mut x = x.slice_move(s![..200, ..]);
    for mut pixel in x.columns_mut() {
        let low = pixel.iter().copied().fold(f64::INFINITY, f64::min);
        let high = pixel.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = if high > low { high - low } else { 1.0 };
        pixel.mapv_inplace(|value| (value - low) / range);
    }
    (x, y.slice_move(s![..200, ..]))
}

/// scikit-learn: `test_alpha` (1).
#[test]
fn a_larger_l2_leaves_smaller_weights_in_every_layer() {
    let sums: Vec<Vec<f64>> = cases("test_alpha")
        .iter()
        .map(|case| {
            assert_eq!(list(case.figure("absolute_sums")).len(), 2);
            let model = case.fitted_classifier();
            let layers = model.parameters().unwrap().layers();
            layers.iter().map(|layer| layer.w.mapv(f64::abs).sum()).collect()
        })
        .collect();
    let [without, with] = sums.as_slice() else { panic!("{sums:?}") };
    assert!(without.iter().zip(with).all(|(without, with)| without > with), "{sums:?}");
}

/// The cost and its gradient are the figures of scikit-learn, and near the central differences.
///
/// scikit-learn: `test_gradient` (3), with its step of 1e-5 and its bound.
#[test]
fn the_gradient_is_that_of_scikit_learn_and_of_central_differences() {
    let entries = entries("test_gradient");
    assert_eq!(entries.len(), 8);
    for entry in entries {
        let (x, y) = (matrix(&entry["X"]), matrix(&entry["Y"]));
        let (output, cost) = match y.nrows() {
            1 => (Activation::Sigmoid, Cost::BinaryCrossEntropy),
            _ => (Activation::Softmax, Cost::CategoricalCrossEntropy),
        };
        let hidden = activation(&entry["parameters"]["activation"]);
        let parameters = network_of(&entry["theta"], hidden, output);
        let objective = Objective::new(cost).l2(number(&entry["parameters"]["alpha"]));
        let mut workspace = Workspace::new(&parameters, x.ncols()).unwrap();
        let (cost, gradients) =
            workspace.cost_and_gradients(&x, &y, &parameters, &objective).unwrap();
        let expected = number(&entry["cost"]);
        assert!((cost - expected).abs() <= 1e-14 * expected, "{hidden}: {cost} {expected}");
        check_gradients(gradients, &entry["gradients"], 1e-9);
        let gradients = gradients.clone();
        let cost = |parameters: &Parameters<f64>| {
            Ok(workspace.cost_and_gradients(&x, &y, parameters, &objective)?.0)
        };
        let check = gradient_check_n(&parameters, &gradients, 1e-5, cost).unwrap();
        for worst in &check.worst {
            assert!((worst.analytic - worst.numeric).abs() < 1.5e-7, "{hidden}: {check}");
        }
    }
}

/// scikit-learn: `test_partial_fit_classes_error` (11). There, each call names the classes. Here
/// the first labels or `with_classes` set them once, and a label of another class is the error.
#[test]
fn a_partial_fit_with_other_classes_is_refused() {
    assert!(entries("test_partial_fit_classes_error")[0]["error"].is_string());
    let x = array![[3.0, 2.0]];
    let how = Hyperparameters::plain().algorithm(Algorithm::Nesterov { beta: 0.9 });
    let mut model = Classifier::<f64, i32>::new(how).with_classes(&[0, 1]);
    model.partial_fit(Examples::rows(&x), &[0]).unwrap();
    let before = model.parameters().cloned();
    let error = model.partial_fit(Examples::rows(&x), &[2]).unwrap_err();
    assert_eq!(error, Error::UnknownLabel { example: 0, classes: 2 });
    assert_eq!((model.classes(), model.parameters()), ([0, 1].as_slice(), before.as_ref()));
}

/// scikit-learn: `test_partial_fit_classification` (12). The parameters are equal too.
#[test]
fn a_hundred_partial_fits_are_a_fit_of_a_hundred_epochs() {
    for case in cases("test_partial_fit_classification") {
        let (x, labels) = (Examples::rows(&case.x), case.labels());
        let fitted = case.fitted_classifier();
        let mut model = case.classifier();
        for _ in 0..100 {
            model.partial_fit(x, &labels).unwrap();
        }
        assert_eq!(model.predict(x).unwrap(), fitted.predict(x).unwrap());
        assert_eq!(model.parameters(), fitted.parameters());
        let score = model.score(x, &labels).unwrap();
        assert!(score > 0.95 && number(case.figure("score")) > 0.95, "{score}");
    }
}

/// scikit-learn: `test_partial_fit_unseen_classes` (13).
#[test]
fn a_declared_class_may_come_late() {
    assert!(number(&entries("test_partial_fit_unseen_classes")[0]["score"]) > 0.0);
    let classes = ["a", "b", "c", "d"];
    let how = Hyperparameters::plain().initializer(Initializer::Xavier).standardize(false);
    let mut model = Classifier::<f64, &str>::new(how.l2(1e-4)).with_classes(&classes);
    let (first, late) = (array![[1.0], [2.0], [3.0]], array![[4.0]]);
    model.partial_fit(Examples::rows(&first), &classes[..3]).unwrap();
    model.partial_fit(Examples::rows(&late), &classes[3..]).unwrap();
    let all = array![[1.0], [2.0], [3.0], [4.0]];
    assert_eq!(model.predict_proba(Examples::rows(&all)).unwrap().dim(), (4, 4));
    let score = model.score(Examples::rows(&all), &classes).unwrap();
    assert!(score > 0.0, "{score}");
}

/// scikit-learn: `test_partial_fit_regression` (14). The parameters are equal too.
#[test]
fn a_hundred_partial_fits_of_a_regressor_are_a_fit_of_a_hundred_epochs() {
    for case in cases("test_partial_fit_regression") {
        let y = case.targets();
        let (x, y) = (Examples::rows(&case.x), Examples::rows(&y));
        let fitted = case.fitted_regressor();
        let mut model = Regressor::new(case.hyperparameters());
        for _ in 0..100 {
            model.partial_fit(x, y).unwrap();
        }
        assert_eq!(model.predict(x).unwrap(), fitted.predict(x).unwrap());
        assert_eq!(model.parameters(), fitted.parameters());
        let score = model.score(x, y).unwrap();
        assert!(score > 0.65 && number(case.figure("score")) > 0.65, "{score}");
    }
}

/// scikit-learn: `test_partial_fit_errors` (15), its first half.
#[test]
fn a_first_partial_fit_with_labels_of_no_declared_class_is_refused() {
    let cases = cases("test_partial_fit_errors");
    assert!(cases[0].figure("error").is_string());
    let mut model = cases[0].classifier().with_classes(&[2]);
    let error = model.partial_fit(Examples::rows(&cases[0].x), &cases[0].labels()).unwrap_err();
    assert_eq!(error, Error::UnknownLabel { example: 0, classes: 1 });
    assert!(model.parameters().is_none());
}

/// scikit-learn: `test_nonfinite_params` (16).
#[test]
fn features_near_the_largest_number_are_an_error() {
    let entry = &entries("test_nonfinite_params")[0];
    assert!(entry["error"].as_str().unwrap().starts_with("Solver produced non-finite"));
    let (x, y) = (matrix(&entry["X"]), matrix(&entry["Y"]));
    let how = Hyperparameters::plain().initializer(Initializer::Xavier).batch_size(10);
    let mut model = Regressor::<f64>::new(how.standardize(false));
    let error = model.fit(Examples::columns(&x), Examples::columns(&y)).unwrap_err();
    assert_eq!(error, Error::Diverged { epoch: 0, batch: 0 });
    assert!(model.parameters().unwrap().is_finite());
}

/// Checks the shape of the probabilities, that the largest is that of the predicted class, and
/// their logarithms. Returns the case and the probabilities.
fn check_probabilities(test: &str) -> (Case, Array2<f64>) {
    let case = only_case(test);
    let model = case.fitted_classifier();
    let x = Examples::rows(&case.x);
    let probabilities = model.predict_proba(x).unwrap();
    let shape: Vec<usize> = list(case.figure("shape")).iter().map(size).collect();
    assert_eq!(probabilities.shape(), shape);
    let likeliest = predicted_classes(&probabilities.t()).unwrap();
    assert_eq!(model.predict(x).unwrap(), likeliest); // class c has the label c
    for row in probabilities.rows() {
        assert!((row.sum() - 1.0).abs() < 1e-15 && row.iter().all(|p| *p > 0.0), "{row}");
    }
    let logarithms = model.predict_log_proba(x).unwrap();
    assert_close("ln p", &logarithms, &probabilities.mapv(f64::ln), 1e-13);
    (case, probabilities)
}

/// scikit-learn: `test_predict_proba_binary` (17).
#[test]
fn two_classes_have_two_probabilities() {
    let (case, probabilities) = check_probabilities("test_predict_proba_binary");
    let area = roc_auc(Actual(&case.labels()), Predicted(&probabilities.t())).unwrap();
    assert_eq!((area, number(case.figure("roc_auc"))), (1.0, 1.0));
}

/// scikit-learn: `test_predict_proba_multiclass` (18).
#[test]
fn three_classes_have_three_probabilities() {
    check_probabilities("test_predict_proba_multiclass");
}

/// scikit-learn: `test_mlp_early_stopping_string_labels` (31). `n_iter_no_change = 10` stops after
/// eleven epochs, and a tolerance is not set.
#[test]
fn validation_works_with_labels_that_are_strings() {
    let case = only_case("test_mlp_early_stopping_string_labels");
    let names = list(case.figure("names"));
    let labels: Vec<String> =
        case.labels().iter().map(|&class| names[class].as_str().unwrap().to_string()).collect();
    let mut model = Classifier::<f64, String>::new(case.hyperparameters().patience(11));
    let history = model.fit(Examples::rows(&case.x), &labels).unwrap();
    assert!((12..=50).contains(&history.epochs.len()));
    for record in &history.epochs {
        let score = record.validation_score.unwrap();
        assert!((0.0..=1.0).contains(&score), "{score}");
    }
    assert_eq!(model.classes().iter().map(String::as_str).collect::<Vec<_>>(), names);
}

/// Returns a classifier that is fitted to the pictures for as many epochs as scikit-learn's.
fn classifier_of<F: Float>(case: &Case) -> Classifier<F, usize> {
    let how = case.hyperparameters().epochs(size(case.figure("n_iter")));
    let mut model = Classifier::<F, usize>::new(how);
    model.fit(Examples::rows(&case.x.mapv(F::of)), &case.labels()).unwrap();
    model
}

/// Returns a regressor that is fitted to the pictures for as many epochs as scikit-learn's.
fn regressor_of<F: Float>(case: &Case) -> Regressor<F> {
    let how = case.hyperparameters().epochs(size(case.figure("n_iter")));
    let mut model = Regressor::<F>::new(how);
    let (x, y) = (case.x.mapv(F::of), case.targets().mapv(F::of));
    model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    model
}

fn assert_near(single: &Array2<f32>, double: &Array2<f64>, relative: f64) {
    assert_eq!(single.dim(), double.dim());
    for (&single, &double) in single.iter().zip(double) {
        let difference = (f64::from(single) - double).abs();
        assert!(difference <= relative * double.abs(), "{single} {double}");
    }
}

/// scikit-learn: `test_mlp_classifier_dtypes_casting` (32). The tolerance that ends their fit is
/// their number of epochs here.
#[test]
fn a_classifier_predicts_the_same_in_both_types() {
    let case = only_case("test_mlp_classifier_dtypes_casting");
    let (double, single) = (classifier_of::<f64>(&case), classifier_of::<f32>(&case));
    let of_single = case.other_x.mapv(|pixel| pixel as f32);
    let (x, of_single) = (Examples::rows(&case.other_x), Examples::rows(&of_single));
    assert_eq!(single.predict(of_single).unwrap(), double.predict(x).unwrap());
    let probabilities = double.predict_proba(x).unwrap();
    assert_near(&single.predict_proba(of_single).unwrap(), &probabilities, 1e-2);
}

/// scikit-learn: `test_mlp_regressor_dtypes_casting` (33), as above.
#[test]
fn a_regressor_predicts_the_same_in_both_types() {
    let case = only_case("test_mlp_regressor_dtypes_casting");
    let (double, single) = (regressor_of::<f64>(&case), regressor_of::<f32>(&case));
    let of_single = case.other_x.mapv(|pixel| pixel as f32);
    let predicted = single.predict(Examples::rows(&of_single)).unwrap();
    assert_near(&predicted, &double.predict(Examples::rows(&case.other_x)).unwrap(), 5e-4);
}

/// The compiler has checked the types of the parameters; the test reads those in a file.
///
/// scikit-learn: `test_mlp_param_dtypes` (34).
#[cfg(feature = "safetensors")]
#[test]
fn parameters_have_the_type_of_the_examples() {
    use safetensors::{Dtype, SafeTensors};

    fn types<F: Float>(parameters: Option<&Parameters<F>>) -> Vec<Dtype> {
        let file = parameters.unwrap().to_safetensors().unwrap();
        let content = SafeTensors::deserialize(&file).unwrap();
        content.iter().map(|(_, tensor)| tensor.dtype()).collect()
    }

    for case in cases("test_mlp_param_dtypes") {
        let (double, single) = if case.is_regression() {
            let (double, single) = (regressor_of::<f64>(&case), regressor_of::<f32>(&case));
            (types(double.parameters()), types(single.parameters()))
        } else {
            let (double, single) = (classifier_of::<f64>(&case), classifier_of::<f32>(&case));
            (types(double.parameters()), types(single.parameters()))
        };
        assert_eq!(double, [Dtype::F64; 6]); // W and b of three layers
        assert_eq!(single, [Dtype::F32; 6]);
    }
}

/// scikit-learn: `test_mlp_loading_from_joblib_partial_fit` (35).
#[cfg(feature = "safetensors")]
#[test]
fn a_loaded_regressor_learns_another_value() {
    use dnn_blocks::files::Limits;

    let entry = &entries("test_mlp_loading_from_joblib_partial_fit")[0];
    assert!((number(&entry["predicted"]) - 1.0).abs() <= 1e-4);
    let parameter = |name: &str| &entry["parameters"][name];
    let how = Hyperparameters::plain()
        .hidden(&[size(parameter("hidden_layer_sizes"))])
        .initializer(Initializer::Xavier)
        .learning_rate(number(parameter("learning_rate_init")))
        .epochs(size(parameter("max_iter")))
        .seed(size(parameter("random_state")) as u32)
        .batch_size(1)
        .l2(2e-4)
        .standardize(false);
    let (x, y) = (array![[2.0]], array![4.0]);
    let mut model = Regressor::<f64>::new(how);
    model.fit(Examples::rows(&x), Examples::values(&y)).unwrap();
    let file = model.to_safetensors().unwrap();
    let mut loaded = Regressor::<f64>::from_safetensors(&file, &Limits::default()).unwrap();
    for _ in 0..200 {
        loaded.partial_fit(Examples::rows(&x), Examples::values(&array![1.0])).unwrap();
    }
    let predicted = loaded.predict(Examples::rows(&x)).unwrap()[[0, 0]];
    assert!((predicted - 1.0).abs() <= 1e-4, "{predicted}");
}

/// scikit-learn: `test_mlp_diverging_loss` (40). There, the fit ends without an error and the last
/// validation score is NaN. Here it ends with an error, and the model keeps the parameters of the
/// last finite epoch.
#[test]
fn a_diverging_fit_is_an_error_and_keeps_the_last_finite_model() {
    let case = only_case("test_mlp_diverging_loss");
    assert_eq!(case.figure("last_validation_score"), "NaN");
    let mut model = Regressor::new(case.hyperparameters().patience(11));
    let (x, y) = (Examples::rows(&case.x), case.targets());
    let error = model.fit(x, Examples::rows(&y)).unwrap_err();
    let Error::Diverged { epoch, .. } = error else { panic!("{error}") };
    assert!(0 < epoch && epoch < 20, "{error}");
    assert!(model.parameters().unwrap().is_finite());
    let first = model.parameters().cloned();
    model.fit(x, Examples::rows(&y)).unwrap_err();
    assert_eq!(model.parameters(), first.as_ref(), "fits are reproducible");
}

/// scikit-learn: `test_mlp_sample_weight_with_early_stopping` (41). The predictions are equal.
#[test]
fn weights_of_1_are_no_weights_with_a_validation_set_too() {
    let case = only_case("test_mlp_sample_weight_with_early_stopping");
    let (x, y) = (Examples::rows(&case.x), case.targets());
    let fitted = |options: FitOptions<'_, f64>| {
        let mut model = Regressor::new(case.hyperparameters().patience(11));
        let history = model.fit_with(x, Examples::rows(&y), options).unwrap();
        (history, model.predict(x).unwrap())
    };
    let ones = vec![1.0; case.x.nrows()];
    let weighted = fitted(FitOptions::new().weights(&ones));
    assert_eq!(weighted, fitted(FitOptions::new()));
    let mut unequal = ones;
    unequal[0] = 0.0;
    assert!(weighted != fitted(FitOptions::new().weights(&unequal)), "weights have an effect");
}
