//! Models: a fit that runs out of memory leaves the model unchanged.

use crate::{LARGE, alone, refused, value_or_error};
use dnn_blocks::model::{ClassWeights, Monitor};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::LbfgsOptions;

const M: usize = 400;

fn table() -> Array2<f64> {
    let mut rng = NumpyRandom::seed(1);
    Array2::from_shape_fn((M, 30), |(i, f)| rng.randn() + if f == i % 3 { 2.0 } else { 0.0 })
}

fn labels(classes: usize) -> Vec<usize> {
    (0..M).map(|i| i % classes).collect()
}

fn choices() -> [Hyperparameters; 4] {
    let how = Hyperparameters::plain().hidden(&[20, 16]).epochs(2).batch_size(50);
    [
        how.clone(),
        how.clone().validation_share(0.25).patience(1).l2(0.1),
        how.clone().patience(1).keep_prob(0.8).standardize(false),
        how.lbfgs(LbfgsOptions::default().history(2)).monitor(Monitor::TrainingCost).patience(2),
    ]
}

/// The visible state of a model.
fn seen<L: Clone>(model: &Classifier<f64, L>) -> impl PartialEq + std::fmt::Debug + use<L> {
    (model.parameters().cloned(), model.scaler().cloned())
}

#[test]
fn a_fit_of_a_classifier() {
    let x = table();
    alone(|| {
        for how in choices() {
            for classes in [2, 3] {
                let labels = labels(classes);
                let how = how.clone().class_weights(ClassWeights::Balanced);
                let start = || {
                    let mut model = Classifier::new(how.clone().seed(9).epochs(1));
                    model.fit(Examples::rows(&x), &labels).unwrap();
                    model
                };
                let fit = |model: &mut Classifier<f64, usize>| {
                    model.fit(Examples::rows(&x), &labels).map(drop)
                };
                assert!(refused(LARGE, start, fit, seen) > 5);
                let weights = vec![2.0; M];
                let fit = |model: &mut Classifier<f64, usize>| {
                    let options = FitOptions::new().weights(&weights);
                    model.fit_with(Examples::rows(&x), &labels, options).map(drop)
                };
                assert!(refused(LARGE, || Classifier::new(how.clone()), fit, seen) > 5);
            }
        }
    });
}

#[test]
fn a_fit_of_a_regressor() {
    let x = table();
    alone(|| {
        for how in choices() {
            let values = x.clone();
            let seen = |model: &Regressor<f64>| {
                (model.parameters().cloned(), model.target_scaler().cloned())
            };
            let fit = |model: &mut Regressor<f64>| {
                model.fit(Examples::rows(&x), Examples::rows(&values)).map(drop)
            };
            assert!(refused(LARGE, || Regressor::new(how.clone()), fit, seen) > 5);
            let mut model = Regressor::new(how);
            fit(&mut model).unwrap();
            value_or_error(|| model.predict(Examples::rows(&x)));
            value_or_error(|| model.score(Examples::rows(&x), Examples::rows(&values)));
            value_or_error(|| model.predictor(M).map(drop));
        }
    });
}

#[test]
fn a_fit_of_a_multi_label_classifier() {
    let x = table();
    let y = Array2::from_shape_fn((M, 30), |(i, j)| f64::from(u8::from((i + j) % 3 == 0)));
    let names: Vec<usize> = (0..30).collect();
    let sets: Vec<Vec<usize>> =
        (0..M).map(|i| (0..30).filter(|j| (i + j) % 3 == 0).collect()).collect();
    let seen = |model: &MultiLabelClassifier<f64, usize>| {
        (model.parameters().cloned(), model.scaler().cloned())
    };
    alone(|| {
        for how in choices() {
            let labels = LabelSets::table(Examples::rows(&y), &names);
            for labels in [labels, LabelSets::from(&sets)] {
                let fit = |model: &mut MultiLabelClassifier<f64, usize>| {
                    model.fit(Examples::rows(&x), labels).map(drop)
                };
                let new = || MultiLabelClassifier::new(how.clone());
                assert!(refused(LARGE, new, fit, seen) > 5);
            }
            let mut model = MultiLabelClassifier::new(how.clone());
            model.fit(Examples::rows(&x), labels).unwrap();
            value_or_error(|| model.predict(Examples::rows(&x)));
            value_or_error(|| model.predict_table(Examples::rows(&x)));
            value_or_error(|| model.score(Examples::rows(&x), labels));
            value_or_error(|| model.predictor(M).map(drop));
            let how = how.validation_share(0.0).patience(None).lbfgs(None);
            let part = |model: &mut MultiLabelClassifier<f64, usize>| {
                model.partial_fit(Examples::rows(&x), labels).map(drop)
            };
            let new = || MultiLabelClassifier::new(how.clone());
            assert!(refused(LARGE, new, part, seen) > 5);
        }
    });
}

/// The first `partial_fit` makes the network, later ones continue it. Each succeeds or changes
/// nothing, which the next table shows for the states of the optimizer and the generator.
#[test]
fn tables_that_come_one_after_the_other() {
    let x = table();
    alone(|| {
        for how in &choices()[..3] {
            let how = how.clone().validation_share(0.0).patience(None);
            let labels = labels(3);
            let part = |model: &mut Classifier<f64, usize>| {
                model.partial_fit(Examples::rows(&x), &labels).map(drop)
            };
            let new = || Classifier::new(how.clone());
            assert!(refused(LARGE, new, part, seen) > 5);
            let begun = || {
                let mut model = new();
                part(&mut model).unwrap();
                model
            };
            assert!(refused(LARGE, begun, part, seen) > 3);
            let values = x.clone();
            let part = |model: &mut Regressor<f64>| {
                model.partial_fit(Examples::rows(&x), Examples::rows(&values)).map(drop)
            };
            let seen = |model: &Regressor<f64>| {
                (model.parameters().cloned(), model.target_scaler().cloned())
            };
            assert!(refused(LARGE, || Regressor::new(how.clone()), part, seen) > 5);
        }
    });
}

/// A warm start changes the model only if it has begun. The next fit shows that the optimizer, the
/// generator and the state of L-BFGS are as before.
#[test]
fn warm_starts_with_chosen_validation_examples() {
    let x = table();
    alone(|| {
        let labels = labels(3);
        for how in choices() {
            let how = how.validation_share(0.0);
            let fit = |model: &mut Classifier<f64, usize>| {
                let options = FitOptions::new().warm_start(true).validation(0..M / 4 * 2);
                model.fit_with(Examples::rows(&x), &labels, options).map(drop)
            };
            let begun = || {
                let mut model = Classifier::new(how.clone());
                model.fit(Examples::rows(&x), &labels).unwrap();
                model
            };
            assert!(refused(LARGE, begun, fit, seen) > 5);
        }
    });
}

#[test]
fn predictions_of_a_classifier() {
    let x = table();
    alone(|| {
        for classes in [2, 3] {
            let names = ["no", "perhaps", "yes"];
            let labels: Vec<_> = labels(classes).into_iter().map(|class| names[class]).collect();
            let mut model = Classifier::new(choices()[0].clone());
            model.fit(Examples::rows(&x), &labels).unwrap();
            value_or_error(|| model.predict(Examples::rows(&x)));
            value_or_error(|| model.predict_proba(Examples::rows(&x)));
            value_or_error(|| model.predict_log_proba(Examples::rows(&x)));
            value_or_error(|| model.score(Examples::rows(&x), &labels));
            value_or_error(|| model.predictor(M).map(drop));
        }
    });
}
