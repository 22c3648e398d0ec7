//! Fits that continue: warm starts, given parameters, partial fits with options.

use super::{GO_ON, clouds, fitted, quick};
use dnn_blocks::Error;
use dnn_blocks::ndarray::{Array1, Array2, array, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{LbfgsOptions, Stop};
use dnn_blocks::train::schedule::Plateau;
use std::ops::ControlFlow;

fn warm<'a>() -> FitOptions<'a, f64> {
    FitOptions::new().warm_start(true)
}

/// Every optimizer, schedule, dropout, and the split of a validation set.
fn variants() -> Vec<Hyperparameters> {
    let how = quick().batch_size(7);
    vec![
        how.clone(),
        how.clone().algorithm(Algorithm::GradientDescent),
        how.clone().algorithm(Algorithm::Nesterov { beta: 0.9 }).keep_prob(0.8),
        how.clone().algorithm(Algorithm::ADAM_W).clip_norm(0.5).shuffle(false),
        how.clone().schedule(Schedule::Exponential { decay_rate: 0.1 }).l2(0.3),
        how.clone().schedule(Schedule::InverseScaling { power: 0.5 }),
        how.clone().validation_share(0.2),
        how.lbfgs(LbfgsOptions::default()),
    ]
}

#[test]
fn two_fits_equal_one_of_all_epochs() {
    let (x, labels) = clouds(3, 60);
    let y = x.slice(s![.., ..1]);
    for how in variants() {
        let straight = fitted(how.clone().epochs(12), &x, &labels);
        let mut model = fitted(how.clone().epochs(5), &x, &labels);
        model.set_hyperparameters(how.clone().epochs(7)).unwrap();
        let history = model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
        let numbers: Vec<_> = history.epochs.iter().map(|record| record.epoch).collect();
        assert_eq!(numbers, [5, 6, 7, 8, 9, 10, 11], "{how:?}");
        assert_eq!(model.parameters(), straight.parameters(), "{how:?}");

        let mut straight = Regressor::<f64>::new(how.clone().epochs(12));
        straight.fit(Examples::rows(&x), Examples::rows(y)).unwrap();
        let mut model = Regressor::<f64>::new(how.clone());
        for epochs in [3, 9] {
            let options = warm().epochs(epochs);
            model.fit_with(Examples::rows(&x), Examples::rows(y), options).unwrap();
        }
        assert_eq!(model.parameters(), straight.parameters(), "{how:?}");
        let before = model.predict(Examples::rows(&x)).unwrap();
        model.fit_with(Examples::rows(&x), Examples::rows(y), warm().epochs(1)).unwrap();
        assert_ne!(model.predict(Examples::rows(&x)).unwrap(), before);
    }
}

/// Serde keeps the state of the optimizer, the learning rate, and the state of L-BFGS.
#[cfg(feature = "serde")]
#[test]
fn a_stored_model_continues_as_if_it_had_not_been_stored() {
    let (x, labels) = clouds(3, 60);
    for how in variants() {
        let mut straight = fitted(how.clone().epochs(4), &x, &labels);
        let text = serde_json::to_string(&straight).unwrap();
        let mut stored: Classifier<f64, usize> = serde_json::from_str(&text).unwrap();
        for model in [&mut straight, &mut stored] {
            model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
        }
        assert_eq!(straight.parameters(), stored.parameters(), "{how:?}");
    }
}

#[test]
fn a_learning_rate_that_was_reduced_stays_reduced() {
    let (x, labels) = clouds(2, 40);
    let how = quick().plateau(Plateau::new(0.5, 1)).tolerance(1e9).epochs(3);
    let mut model = fitted(how.clone(), &x, &labels);
    let history = model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
    let rates: Vec<_> = history.epochs.iter().map(|record| record.learning_rate).collect();
    assert_eq!(rates, [0.0025, 0.0025, 0.00125], "the plateau counts anew");
    model.set_hyperparameters(how.clone().learning_rate(0.3)).unwrap();
    let history = model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
    assert_eq!(history.epochs[0].learning_rate, 0.3, "a new rate replaces it");
}

/// The state of L-BFGS belongs to its data. On others it would lead astray.
#[test]
fn lbfgs_starts_anew_on_other_data() {
    let (x, labels) = clouds(2, 40);
    let how = quick().lbfgs(LbfgsOptions::default()).epochs(4);
    let mut model = fitted(how.clone(), &x, &labels);
    let other = &x + 1.0;
    let (parameters, scaler) = (model.parameters().cloned(), model.scaler().cloned());
    model.fit_with(Examples::rows(&other), &labels, warm()).unwrap();
    let mut fresh = Classifier::from_parameters(how, &[0, 1], parameters.unwrap(), scaler).unwrap();
    fresh.fit_with(Examples::rows(&other), &labels, warm()).unwrap();
    assert_eq!(model.parameters(), fresh.parameters());
}

/// Features that are swapped have the same cost, if their weights are equal, and another gradient.
#[test]
fn lbfgs_starts_anew_on_data_of_the_same_cost() {
    let (x, labels) = clouds(2, 40);
    let swapped = x.slice(s![.., ..;-1]);
    let start = || {
        let (w, b) = (Array2::ones((1, 2)), Array2::zeros((1, 1)));
        let layer = Layer { w, b, activation: Activation::Sigmoid };
        let parameters = Parameters::from_layers(vec![layer]).unwrap();
        let how = quick().hidden(&[]).standardize(false).lbfgs(LbfgsOptions::default()).epochs(4);
        Classifier::<f64, usize>::from_parameters(how, &[0, 1], parameters, None).unwrap()
    };
    let (mut model, mut fresh) = (start(), start());
    let at_once = warm().on_batch(|_| ControlFlow::Break(()));
    model.fit_with(Examples::rows(&x), &labels, at_once).unwrap();
    assert_eq!(model.parameters(), fresh.parameters());
    let options = [warm(), warm()];
    for (model, options) in [&mut model, &mut fresh].into_iter().zip(options) {
        model.fit_with(Examples::rows(swapped), &labels, options).unwrap();
    }
    assert_eq!(model.parameters(), fresh.parameters());
}

#[test]
fn limits_of_lbfgs_hold_for_each_fit() {
    let (x, labels) = clouds(2, 40);
    let options = LbfgsOptions::default().max_iterations(2).gradient_tolerance(0.0);
    let how = quick().l2(0.1).lbfgs(options).epochs(10);
    let mut model = Classifier::<f64, usize>::new(how);
    for _ in 0..3 {
        let history = model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
        assert_eq!((history.epochs.len(), history.stop), (2, Some(Stop::Iterations)));
    }
}

#[test]
fn an_unfitted_model_starts_with_new_weights() {
    let (x, labels) = clouds(2, 40);
    let mut model = Classifier::<f64, usize>::new(quick());
    model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
    assert_eq!(model.parameters(), fitted(quick(), &x, &labels).parameters());
}

#[test]
fn classes_and_features_of_a_warm_start_are_those_of_the_model() {
    let (x, labels) = clouds(3, 60);
    let mut model = fitted(quick(), &x, &labels);
    let before = model.parameters().cloned();
    let two: Vec<_> = labels.iter().map(|label| label % 2).collect();
    let other: Vec<_> = labels.iter().map(|label| label + 1).collect();
    let mut refused = |x: &Array2<f64>, labels: &[usize]| {
        let error = model.fit_with(Examples::rows(x), labels, warm()).unwrap_err();
        assert_eq!(model.parameters(), before.as_ref());
        error
    };
    assert_eq!(refused(&x, &two), Error::ClassSize { class: 2, examples: 0, least: 1 });
    assert!(matches!(refused(&x, &other), Error::UnknownLabel { example: 2, classes: 3 }));
    let wide = Array2::from_shape_fn((60, 3), |(i, j)| (i * j) as f64);
    let error = refused(&wide, &labels).to_string();
    assert!(error.starts_with("layer 1: W (8, 2) and X (3, 60) do not fit"), "{error}");

    // Declared classes need not all be there.
    let mut model = model.with_classes(&[0, 1, 2]);
    model.fit_with(Examples::rows(&x), &two, warm()).unwrap();
    assert_ne!(model.parameters(), before.as_ref());

    let y = x.slice(s![.., ..1]);
    let mut regressor = Regressor::<f64>::new(quick());
    regressor.fit(Examples::rows(&x), Examples::rows(y)).unwrap();
    let error = regressor.fit_with(Examples::rows(&x), Examples::rows(&x), warm()).unwrap_err();
    assert!(error.to_string().starts_with("layer 2: W (1, 8) and Y (2, 60)"), "{error}");
}

#[test]
fn declaring_classes_keeps_a_fitted_network() {
    let (x, labels) = clouds(2, 40);
    let model = fitted(quick(), &x, &labels);
    let predicted = model.predict(Examples::rows(&x)).unwrap();
    let mut same = model.clone().with_classes(&[1, 0]);
    assert_eq!(same.predict(Examples::rows(&x)).unwrap(), predicted);
    same.partial_fit(Examples::rows(&x), &labels).unwrap();

    let mut other = model.with_classes(&[0, 1, 2]);
    assert_eq!(other.predict(Examples::rows(&x)).unwrap(), predicted);
    let inconsistent = |error| {
        let what = "the declared classes differ from the classes of the fitted network";
        assert_eq!(error, Error::Inconsistent { what });
    };
    inconsistent(other.partial_fit(Examples::rows(&x), &labels).unwrap_err());
    inconsistent(other.fit_with(Examples::rows(&x), &labels, warm()).unwrap_err());
    #[cfg(feature = "safetensors")]
    assert!(other.to_safetensors().is_err());
    #[cfg(feature = "serde")]
    {
        let text = serde_json::to_string(&other).unwrap();
        let mut stored: Classifier<f64, usize> = serde_json::from_str(&text).unwrap();
        assert_eq!(stored.predict(Examples::rows(&x)).unwrap(), predicted);
        inconsistent(stored.partial_fit(Examples::rows(&x), &labels).unwrap_err());
    }
    other.fit(Examples::rows(&x), &labels).unwrap();
    assert_eq!(other.classes(), [0, 1, 2]);
}

fn layer(units: usize, inputs: usize, activation: Activation) -> Layer<f64> {
    let mut rng = NumpyRandom::seed(5);
    let w = Array2::from_shape_simple_fn((units, inputs), || rng.randn());
    Layer { w, b: Array2::zeros((units, 1)), activation }
}

fn network(outputs: usize, activation: Activation) -> Parameters<f64> {
    let layers = vec![layer(8, 2, Activation::Relu), layer(outputs, 8, activation)];
    Parameters::from_layers(layers).unwrap()
}

#[test]
fn given_parameters_predict_and_continue() {
    let (x, labels) = clouds(3, 60);
    let scaler = Standardizer::fit(&x.t()).unwrap();
    let given = network(3, Activation::Softmax);
    let classes = [0, 1, 2];
    let how = quick().epochs(40);
    let mut model =
        Classifier::from_parameters(how, &classes, given.clone(), Some(scaler.clone())).unwrap();
    let expected = predict_proba(scaler.transform(&x.t()).unwrap(), &given).unwrap();
    assert_eq!(model.predict_proba(Examples::columns(x.t())).unwrap(), expected);
    let history = model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
    assert_eq!(history.epochs[0].epoch, 0);
    assert!(model.score(Examples::rows(&x), &labels).unwrap() > 0.95);
    assert_eq!(model.scaler(), Some(&scaler));

    // The first step is the one that a loop takes from these parameters.
    let how = quick().standardize(false).batch_size(60).shuffle(false).epochs(1);
    let (given, y) = (network(1, Activation::Identity), x.slice(s![.., ..1]).to_owned());
    let mut model = Regressor::from_parameters(how, given.clone(), None, None).unwrap();
    model.fit_with(Examples::rows(&x), Examples::rows(&y), warm()).unwrap();
    let mut expected = given;
    let mut workspace = Workspace::new(&expected, 60).unwrap();
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &expected).unwrap();
    let cost = Cost::MeanSquaredError;
    let (_, gradients) = workspace.cost_and_gradients(&x.t(), y.t(), &expected, cost).unwrap();
    optimizer.step(&mut expected, gradients, 0.01).unwrap();
    assert_eq!(model.parameters(), Some(&expected));
}

#[test]
fn parameters_that_do_not_fit_the_model_are_refused() {
    let scaler = Standardizer::fit(&array![[0.0, 1.0], [2.0, 4.0]]).unwrap();
    let softmax = || network(3, Activation::Softmax);
    let refused = |how: Hyperparameters, classes: &[usize], parameters, scaler| {
        Classifier::<f64, usize>::from_parameters(how, classes, parameters, scaler)
            .unwrap_err()
            .to_string()
    };
    let plain = quick().standardize(false);
    let all = [0, 1, 2];
    for (error, message) in [
        (refused(quick(), &all, softmax(), None), "`standardize` is true, but there is no scaler"),
        (
            refused(plain.clone(), &all, softmax(), Some(scaler.clone())),
            "there is a scaler, but `standardize` is false",
        ),
        (refused(plain.clone(), &[0, 1], softmax(), None), "layer 2: W (3, 8)"),
        (refused(plain.clone(), &[0], softmax(), None), "only one class"),
        (
            refused(plain.clone(), &[2, 1, 0], softmax(), None),
            "the classes are not sorted, or one is",
        ),
        (
            refused(plain.clone(), &[0, 1, 1], softmax(), None),
            "the classes are not sorted, or one is",
        ),
        (refused(plain.clone().hidden(&[8, 8]), &all, softmax(), None), "layers"),
        (refused(plain.clone().hidden(&[9]), &all, softmax(), None), "layer 1: W (8, 2)"),
        (refused(plain.clone().activation(Activation::Tanh), &all, softmax(), None), "activations"),
        (
            refused(plain.clone(), &all, network(3, Activation::Tanh), None),
            "layer 2: categorical cross-entropy needs softmax outputs, not tanh",
        ),
        (refused(plain.clone().frozen(&[3]), &all, softmax(), None), "frozen is 3"),
        (refused(plain.clone().frozen(&[1, 2]), &all, softmax(), None), "number of frozen layers"),
        (refused(plain.clone().l2(-1.0), &all, softmax(), None), "l2 is -1"),
    ] {
        assert!(error.contains(message), "{error}: {message}");
    }
    let mut infinite = softmax();
    infinite.layers_mut()[1].w[[2, 3]] = f64::INFINITY;
    let error = refused(plain.clone(), &all, infinite, None);
    assert!(error.contains("layer 2: W[2, 3] is inf"), "{error}");

    let linear = network(1, Activation::Identity);
    let error = Regressor::from_parameters(quick(), linear.clone(), Some(scaler.clone()), None);
    assert!(error.is_err());
    let error = Regressor::from_parameters(quick(), linear, Some(scaler.clone()), Some(scaler));
    assert!(error.is_err(), "a scaler of two targets");
}

/// Other programs often end at the logits, and have two of them for two classes.
#[test]
fn logits_get_the_output_of_a_classifier() {
    let (x, _) = clouds(2, 20);
    let x = &x.t() / 100.0;
    let plain = quick().standardize(false);
    let classes = ["no", "perhaps", "yes"];
    let model = |classes: &[&'static str], parameters: Parameters<f64>| {
        Classifier::from_parameters(plain.clone(), classes, parameters, None).unwrap()
    };
    let softmax = network(3, Activation::Softmax);
    let from_logits = model(&classes, network(3, Activation::Identity));
    assert_eq!(from_logits.parameters(), Some(&softmax));
    let sigmoid = model(&classes[..2], network(1, Activation::Identity));
    assert_eq!(sigmoid.parameters(), Some(&network(1, Activation::Sigmoid)));

    let two = network(2, Activation::Softmax);
    let expected = predict_proba(&x, &two).unwrap();
    for output in [Activation::Softmax, Activation::Identity] {
        let model = model(&classes[..2], network(2, output));
        let found = model.predict_proba(Examples::columns(&x)).unwrap();
        assert!((&found - &expected).iter().all(|difference| difference.abs() < 1e-15));
        assert_eq!(model.parameters().unwrap().layers()[1].w.dim(), (1, 8));
    }
    let names = ["a", "b"];
    let named = model(&classes, softmax).with_feature_names(&names).unwrap();
    assert_eq!(named.feature_names().unwrap(), names);
    let error = named.with_feature_names(&["a"]).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
}

/// A fit without a warm start would replace the weights that are to be kept.
#[test]
fn frozen_layers_of_a_fitted_model_need_a_warm_start() {
    let (x, labels) = clouds(2, 40);
    let mut model = fitted(quick(), &x, &labels);
    let before = model.parameters().cloned().unwrap();
    model.set_hyperparameters(quick().frozen(&[1])).unwrap();
    let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
    assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
    model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
    let after = model.parameters().unwrap();
    assert_eq!(after.layers()[0], before.layers()[0]);
    assert_ne!(after.layers()[1], before.layers()[1]);
    model.partial_fit(Examples::rows(&x), &labels).unwrap();
    assert_eq!(model.parameters().unwrap().layers()[0], before.layers()[0]);

    let mut regressor = Regressor::<f64>::new(quick().frozen(&[1]));
    let y = Examples::rows(x.slice(s![.., ..1]));
    regressor.fit(Examples::rows(&x), y).unwrap();
    assert!(regressor.fit(Examples::rows(&x), y).is_err());
    regressor.fit_with(Examples::rows(&x), y, warm()).unwrap();
}

#[test]
fn new_hyperparameters_must_fit_the_network() {
    let (x, labels) = clouds(2, 40);
    let mut model = fitted(quick(), &x, &labels);
    let before = model.clone();
    for how in [
        quick().hidden(&[9]),
        quick().hidden(&[]),
        quick().activation(Activation::Tanh),
        quick().standardize(false),
        quick().frozen(&[3]),
        quick().frozen(&[1, 2]),
        quick().learning_rate(-1.0),
        quick().lbfgs(LbfgsOptions::default()).keep_prob(0.5),
        quick().lbfgs(LbfgsOptions::default()).clip_norm(1.0),
        quick().lbfgs(LbfgsOptions::default()).plateau(Plateau::new(0.5, 2)),
        quick().lbfgs(LbfgsOptions::default().history(0)),
        quick().tolerance(f64::NAN),
        quick().plateau(Plateau::new(1.0, 2)),
        quick().schedule(Schedule::InverseScaling { power: -1.0 }),
    ] {
        assert!(model.set_hyperparameters(how.clone()).is_err(), "{how:?}");
    }
    assert_eq!(model.parameters(), before.parameters());
    assert_eq!(model.hyperparameters(), before.hyperparameters());

    // Another algorithm begins with zeroed state.
    let momentum = quick().algorithm(Algorithm::MOMENTUM).epochs(3);
    let given = model.parameters().cloned().unwrap();
    let scaler = model.scaler().cloned();
    model.set_hyperparameters(momentum.clone().shuffle(false).batch_size(40)).unwrap();
    model.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
    let how = momentum.shuffle(false).batch_size(40);
    let mut fresh = Classifier::from_parameters(how, &[0, 1], given, scaler).unwrap();
    fresh.fit_with(Examples::rows(&x), &labels, warm()).unwrap();
    assert_eq!(model.parameters(), fresh.parameters());
}

#[test]
fn a_partial_fit_takes_weights_callbacks_and_epochs() {
    let (x, labels) = clouds(2, 40);
    let x = Examples::rows(&x);
    let weights: Array1<f64> = (0..40).map(|i| f64::from(i % 3)).collect();
    let mut model = Classifier::<f64, usize>::new(quick());
    let (mut epochs, mut batches) = (Vec::new(), 0);
    let options = FitOptions::new()
        .weights(weights.as_slice().unwrap())
        .epochs(3)
        .on_epoch(|epoch| {
            epochs.push(epoch.record.epoch);
            GO_ON
        })
        .on_batch(|_| {
            batches += 1;
            GO_ON
        });
    model.partial_fit_with(x, &labels, options).unwrap();
    assert_eq!((epochs, batches), (vec![0, 1, 2], 6));

    let mut straight = Classifier::<f64, usize>::new(quick());
    let options = FitOptions::new().weights(weights.as_slice().unwrap()).epochs(3);
    straight.fit_with(x, &labels, options).unwrap();
    assert_eq!(model.parameters(), straight.parameters());

    let stop = FitOptions::new().epochs(5).on_epoch(|_| ControlFlow::Break(()));
    assert_eq!(model.partial_fit_with(x, &labels, stop).unwrap().epochs.len(), 1);
}

/// scikit-learn: `test_mlp_partial_fit_after_fit` (39) refuses early stopping only.
#[test]
fn what_a_partial_fit_would_ignore_is_refused() {
    let (x, labels) = clouds(2, 40);
    let y = x.slice(s![.., ..1]);
    let mut cases: Vec<_> = [
        quick().validation_share(0.2),
        quick().patience(3),
        quick().plateau(Plateau::new(0.5, 2)),
        quick().lbfgs(LbfgsOptions::default()),
    ]
    .map(|how| (how, FitOptions::new()))
    .into();
    cases.push((quick(), FitOptions::new().validation([1, 2])));
    for (how, options) in cases {
        let mut model = Classifier::<f64, usize>::new(how.clone());
        let error = model.partial_fit_with(Examples::rows(&x), &labels, options).unwrap_err();
        assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
        assert!(model.parameters().is_none());
        let mut model = Regressor::<f64>::new(how);
        let options = FitOptions::new().validation([1, 2]);
        let error = model.partial_fit_with(Examples::rows(&x), Examples::rows(y), options);
        assert!(matches!(error.unwrap_err(), Error::Inconsistent { .. }));
    }
    let options = FitOptions::new().epochs(0);
    let error = fitted(quick(), &x, &labels).partial_fit_with(Examples::rows(&x), &labels, options);
    assert_eq!(error.unwrap_err().to_string(), "epochs is 0, but must be at least 1");
}
