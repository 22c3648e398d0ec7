//! Classifiers that are trained on smoothed labels.

use super::{clouds, fitted, quick};
use crate::support::reference::assert_number;
use dnn_blocks::Error;
use dnn_blocks::cost::Targets;
use dnn_blocks::model::{ClassWeights, Monitor};
use dnn_blocks::ndarray::{Array1, Array2, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{LbfgsOptions, Stop};

const EPSILON: f64 = 0.2;

fn smoothed() -> Hyperparameters {
    quick().label_smoothing(EPSILON)
}

/// Returns the labels as a row, and the cost of a model of these classes.
fn row(labels: &[usize], classes: usize) -> (Array2<f64>, Cost) {
    let y = Array2::from_shape_fn((1, labels.len()), |(_, i)| labels[i] as f64);
    let cost = if classes == 2 { Cost::BinaryCrossEntropy } else { Cost::CategoricalCrossEntropy };
    (y, cost)
}

/// The loop of a fit in public calls. The validation cost is that of the labels themselves.
#[test]
fn a_fit_on_smoothed_labels_is_a_loop_of_public_calls() {
    for classes in [2, 3] {
        let (x, labels) = clouds(classes, 60);
        let how = smoothed()
            .l2(0.3)
            .shuffle(false)
            .epochs(4)
            .class_weights(ClassWeights::Given(vec![2.0; classes]));
        let mut model = Classifier::<f64, usize>::new(how.clone());
        let options = FitOptions::new().validation(40..60);
        let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();

        let ((y, cost), x) = (row(&labels, classes), x.t().to_owned());
        let scaler = Standardizer::fit(&x.slice(s![.., ..40])).unwrap();
        let x = scaler.transform(&x).unwrap();
        let rng = &mut NumpyRandom::seed(how.seed);
        let outputs = if classes == 2 { 1 } else { classes };
        let parameters = initialize_parameters_deep(&[2, 8, outputs], how.initializer, rng);
        let mut parameters =
            parameters.unwrap().with_activations(Activation::Relu, cost.output_activation());
        let mut optimizer = Optimizer::new(how.algorithm, &parameters).unwrap();
        let mut workspace = Workspace::new(&parameters, 20).unwrap();
        let weights = Array1::from_elem(20, 2.0);
        let objective = Objective::new(cost.clone()).l2(how.l2);
        let (training, labels) = (x.slice(s![.., ..40]), y.slice(s![.., ..40]));
        let mut batches = Batches::new(training, labels, 20).unwrap();
        for record in &history.epochs {
            let mut sum = 0.0;
            batches.rewind();
            while let Some((x, y)) = batches.next() {
                let targets = Targets::new(y).weighted(&weights).smoothed(EPSILON);
                let step = workspace.cost_and_gradients(&x, targets, &parameters, &objective);
                let (cost, gradients) = step.unwrap();
                sum += cost / 2.0;
                optimizer.step(&mut parameters, gradients, how.learning_rate).unwrap();
            }
            assert_number("cost", record.cost, sum, 1e-14);
            let al = predict_proba(x.slice(s![.., 40..]), &parameters).unwrap();
            let targets = Targets::new(y.slice(s![.., 40..])).weighted(&weights);
            assert_eq!(record.validation_cost, Some(cost.value(&al, targets).unwrap()));
        }
        assert_eq!(model.parameters(), Some(&parameters));
    }
}

/// L-BFGS minimizes the cost of the smoothed labels. At the minimum over separable classes, the
/// mean probability of the class of an example is that of its smoothed label.
#[test]
fn lbfgs_minimizes_the_cost_of_smoothed_labels() {
    let (x, labels) = clouds(3, 90);
    let lbfgs = LbfgsOptions::default().gradient_tolerance(1e-6).decrease_tolerance(0.0);
    let model = |epsilon: f64| {
        let how = quick().lbfgs(lbfgs).epochs(3000).hidden(&[]).label_smoothing(epsilon);
        let mut model = Classifier::<f64, usize>::new(how);
        let history = model.fit(Examples::rows(&x), &labels).unwrap();
        let probabilities = model.predict_proba(Examples::columns(x.t())).unwrap();
        (history, model.parameters().unwrap().clone(), probabilities, model)
    };
    let (history, parameters, al, model) = model(EPSILON);
    assert_eq!(history.stop, Some(Stop::Gradient));
    let (y, cost) = row(&labels, 3);
    let z = model.scaler().unwrap().transform(&x.t()).unwrap();
    let objective = Objective::new(cost.clone());
    let mut workspace = Workspace::new(&parameters, 90).unwrap();
    let targets = Targets::new(&y).smoothed(EPSILON);
    let (found, gradients) =
        workspace.cost_and_gradients(&z, targets, &parameters, &objective).unwrap();
    assert_number("cost", history.epochs.last().unwrap().cost, found, 1e-12);
    assert!(gradients.norm() < 1e-5, "{}", gradients.norm());
    // The gradient by the biases is 0, so the mean outputs are the mean smoothed labels.
    for class in 0..3 {
        let share = labels.iter().filter(|&&label| label == class).count() as f64 / 90.0;
        let expected = (1.0 - EPSILON) * share + EPSILON / 3.0;
        assert_number("share", al.row(class).mean().unwrap(), expected, 1e-5);
    }
    let largest = |al: &Array2<f64>| al.iter().copied().fold(0.0, f64::max);
    assert!(largest(&al) < 1.0 - 1e-3, "{}", largest(&al));
}

/// A patience without a validation set watches the cost of the smoothed labels.
#[test]
fn the_monitored_training_cost_is_that_of_smoothed_labels() {
    let (x, labels) = clouds(3, 60);
    let how = smoothed().batch_size(60).epochs(8).monitor(Monitor::TrainingCost);
    let watched = |tolerance: f64| {
        let how = how.clone().patience(2).tolerance(tolerance);
        let mut model = Classifier::<f64, usize>::new(how);
        model.fit(Examples::rows(&x), &labels).unwrap()
    };
    // With one batch, the cost of an epoch is that before its step: the cost after the step before.
    let history = watched(0.0);
    let costs: Vec<f64> = history.epochs.iter().map(|record| record.cost).collect();
    let drops: Vec<f64> = costs[1..].windows(2).map(|pair| pair[0] - pair[1]).collect();
    assert_eq!(costs.len(), 8);
    assert!(drops.iter().all(|drop| *drop > 0.0), "{drops:?}");
    // A tolerance between the first two drops stops the fit as they say.
    let largest = drops.iter().copied().fold(0.0, f64::max);
    assert_eq!(watched(2.5 * largest).epochs.len(), 3);
    let smallest = drops.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(watched(0.5 * smallest).epochs.len(), 8);
}

#[test]
fn no_smoothing_is_the_default_and_changes_nothing() {
    let (x, labels) = clouds(3, 60);
    assert_eq!(quick().label_smoothing, 0.0);
    let plain = fitted(quick(), &x, &labels);
    assert_eq!(fitted(quick().label_smoothing(0.0), &x, &labels).parameters(), plain.parameters());
    assert_ne!(fitted(smoothed(), &x, &labels).parameters(), plain.parameters());
}

#[test]
fn smoothing_for_a_regressor_is_an_error() {
    let (x, _) = clouds(2, 40);
    let examples = Examples::rows(&x);
    let what = "`label_smoothing` is for classifiers: a regressor has no classes";
    let refused = |error: Error| assert_eq!(error, Error::Inconsistent { what });
    let mut model = Regressor::<f64>::new(smoothed());
    refused(model.fit(examples, examples).unwrap_err());
    refused(model.partial_fit(examples, examples).unwrap_err());
    assert!(model.parameters().is_none());
    let mut model = Regressor::<f64>::new(quick().epochs(1));
    model.fit(examples, examples).unwrap();
    refused(model.set_hyperparameters(smoothed()).unwrap_err());
    let (parameters, scaler) = (model.parameters().unwrap().clone(), model.scaler().cloned());
    let targets = model.target_scaler().cloned();
    refused(Regressor::from_parameters(smoothed(), parameters, scaler, targets).unwrap_err());
}

/// A partial fit and a warm start smooth too.
#[test]
fn trainings_that_continue_smooth_the_labels() {
    let (x, labels) = clouds(3, 60);
    let examples = Examples::rows(&x);
    let mut model = fitted(smoothed().epochs(2), &x, &labels);
    model.partial_fit(examples, &labels).unwrap();
    model.fit_with(examples, &labels, FitOptions::new().warm_start(true).epochs(2)).unwrap();
    assert_eq!(model.parameters(), fitted(smoothed().epochs(5), &x, &labels).parameters());
    let mut model = fitted(quick().epochs(2), &x, &labels);
    model.set_hyperparameters(smoothed()).unwrap();
    assert_eq!(model.hyperparameters().label_smoothing, EPSILON);
}

#[cfg(feature = "safetensors")]
#[test]
fn files_keep_the_smoothing_and_older_ones_have_none() {
    let (x, labels) = clouds(3, 60);
    let model = fitted(smoothed(), &x, &labels);
    let file = model.to_safetensors().unwrap();
    let again = Classifier::<f64, usize>::from_safetensors(&file, &Default::default()).unwrap();
    assert_eq!(again.hyperparameters(), model.hyperparameters());
    let plain = serde_json::to_value(quick()).unwrap();
    assert_eq!(plain["label_smoothing"], 0.0, "files have every value");
    let mut older = plain;
    older.as_object_mut().unwrap().remove("label_smoothing");
    assert_eq!(serde_json::from_value::<Hyperparameters>(older).unwrap(), quick());
    let wrong = serde_json::json!({ "label_smoothing": 1.5 });
    let error = serde_json::from_value::<Hyperparameters>(wrong).unwrap_err();
    assert!(error.to_string().contains("label_smoothing is 1.5"), "{error}");
}
