//! Regressors of counts: the Poisson cost with an exponential output.

use super::quick;
use super::scikit_learn::{cases, list};
use crate::support::reference::{assert_number, number};
use dnn_blocks::Error;
use dnn_blocks::cost::Targets;
use dnn_blocks::error::Position;
use dnn_blocks::metrics::{mean_poisson_deviance, r2};
use dnn_blocks::model::PackedWeights;
use dnn_blocks::ndarray::{Array1, Array2, Axis, array, concatenate, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::LbfgsOptions;

/// Returns examples (60, 2), and two counts of each, whose logarithms are nearly linear.
fn counts() -> (Array2<f64>, Array2<f64>) {
    let mut rng = NumpyRandom::seed(3);
    let x = Array2::from_shape_simple_fn((60, 2), || 4.0 + 3.0 * rng.randn());
    let y = Array2::from_shape_fn((60, 2), |(i, k)| {
        let z = 0.2 * x[[i, 0]] - 0.1 * x[[i, k]] + 0.3 * rng.randn();
        z.exp().round()
    });
    assert!(y.iter().any(|y| *y == 0.0));
    (x, y)
}

fn how() -> Hyperparameters {
    quick().cost(Cost::Poisson)
}

fn fitted(how: Hyperparameters) -> Regressor<f64> {
    let (x, y) = counts();
    let mut model = Regressor::new(how);
    model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    model
}

/// Without a hidden layer, the model is a generalized linear model. With a hidden unit, which
/// scikit-learn needs, the predictions are the same, and those of the squared error are not.
///
/// scikit-learn: `test_mlp_vs_poisson_glm_equivalent` (42), with a tighter bound than its 1e-4.
#[test]
fn a_model_without_hidden_layers_is_a_generalized_linear_model() {
    let cases = cases("test_mlp_vs_poisson_glm_equivalent");
    assert_eq!(cases.len(), 2);
    for case in cases {
        let (x, y) = (Examples::rows(&case.x), case.targets());
        let m = case.x.nrows() as f64;
        let exact = LbfgsOptions::default().gradient_tolerance(1e-11).decrease_tolerance(0.0);
        let alpha = number(case.figure("glm_alpha"));
        let how = case.hyperparameters().cost(Cost::Poisson).lbfgs(exact).epochs(1000);
        let mut model = Regressor::new(how.clone().hidden(&[]).l2(alpha * m));
        model.fit(x, Examples::rows(&y)).unwrap();
        let layer = &model.parameters().unwrap().layers()[0];
        assert_eq!(layer.activation, Activation::Exponential);
        assert_number("w", layer.w[[0, 0]], number(case.figure("glm_coefficient")), 1e-9);
        assert_number("b", layer.b[[0, 0]], number(case.figure("glm_intercept")), 1e-9);
        let expected: Vec<f64> = list(case.figure("glm_predictions")).iter().map(number).collect();
        let predicted = model.predict(x).unwrap();
        for (found, &expected) in predicted.iter().zip(&expected) {
            assert_number("rate", *found, expected, 1e-9);
        }
        if alpha == 0.0 {
            let mut model = Regressor::new(how.clone());
            model.fit(x, Examples::rows(&y)).unwrap();
            for (found, &expected) in model.predict(x).unwrap().iter().zip(&expected) {
                assert_number("rate of a hidden unit", *found, expected, 1e-7);
            }
            let mut model = Regressor::new(how.cost(None));
            model.fit(x, Examples::rows(&y)).unwrap();
            let squared = model.predict(x).unwrap();
            let far = |(found, expected): (&f64, &f64)| (found - expected).abs() > 1e-4 * expected;
            assert!(squared.iter().zip(&expected).any(far));
        }
    }
}

/// The mean of the targets is kept: the gradient by `b`, `1/m Σ (a - y)`, is 0 at the minimum.
#[test]
fn rates_are_in_the_units_of_the_targets() {
    let (x, y) = counts();
    let exact = LbfgsOptions::default().gradient_tolerance(1e-7).decrease_tolerance(0.0);
    let lbfgs = how().hidden(&[]).lbfgs(exact).epochs(2000);
    for how in [lbfgs.clone(), lbfgs.standardize(false)] {
        let model = fitted(how.clone());
        assert!(model.target_scaler().is_none());
        assert_eq!(model.scaler().is_some(), how.standardize);
        let rates = model.predict(Examples::rows(&x)).unwrap();
        assert!(rates.iter().all(|rate| *rate > 0.0));
        let (found, expected) = (rates.mean_axis(Axis(0)), y.mean_axis(Axis(0)));
        for (found, expected) in found.unwrap().iter().zip(&expected.unwrap()) {
            assert_number("mean", *found, *expected, 1e-6);
        }
        let score = model.score(Examples::rows(&x), Examples::rows(&y)).unwrap();
        assert_eq!(score, r2(Actual(&y.t()), Predicted(&rates.t())).unwrap());
        assert!(score > 0.5, "{score}");
        let constant = Array2::from_elem((60, 2), y.mean().unwrap());
        let deviance = |rates: &Array2<f64>| {
            mean_poisson_deviance(Actual(&y.t()), Predicted(&rates.t())).unwrap()
        };
        assert!(deviance(&rates) < 0.5 * deviance(&constant));
    }
}

/// The loop of a fit in public calls, with validation examples and weights.
#[test]
fn a_fit_of_counts_is_a_loop_of_public_calls() {
    let (x, y) = counts();
    let weights: Vec<f64> = (0..60).map(|i| f64::from(i % 3)).collect();
    let how = how().epochs(4).shuffle(false).seed(5);
    let mut model = Regressor::<f64>::new(how.clone());
    let options = FitOptions::new().weights(&weights).validation(40..60);
    let history = model.fit_with(Examples::rows(&x), Examples::rows(&y), options).unwrap();

    let (x, y) = (x.t().to_owned(), y.t().to_owned());
    let scaler = Standardizer::fit(&x.slice(s![.., ..40])).unwrap();
    let x = scaler.transform(&x).unwrap();
    let rng = &mut NumpyRandom::seed(5);
    let parameters = initialize_parameters_deep(&[2, 8, 2], how.initializer, rng).unwrap();
    let mut parameters = parameters.with_activations(Activation::Relu, Activation::Exponential);
    let mut optimizer = Optimizer::new(how.algorithm, &parameters).unwrap();
    let mut workspace = Workspace::new(&parameters, 20).unwrap();
    let weights = Array1::from(weights);
    let training = concatenate![Axis(0), y, weights.view().insert_axis(Axis(0))];
    let training = training.slice(s![.., ..40]);
    let mut batches = Batches::new(x.slice(s![.., ..40]), training, 20).unwrap();
    for record in &history.epochs {
        batches.rewind();
        while let Some((x, y)) = batches.next() {
            let targets = Targets::new(y.slice(s![..2, ..])).weighted(y.row(2));
            let (_, gradients) =
                workspace.cost_and_gradients(&x, targets, &parameters, Cost::Poisson).unwrap();
            optimizer.step(&mut parameters, gradients, how.learning_rate).unwrap();
        }
        let al = predict_proba(x.slice(s![.., 40..]), &parameters).unwrap();
        let targets = Targets::new(y.slice(s![.., 40..])).weighted(weights.slice(s![40..]));
        assert_eq!(record.validation_cost, Some(Cost::Poisson.value(&al, targets).unwrap()));
    }
    assert_eq!(model.parameters(), Some(&parameters));
}

/// A negative target is an error with its position in every training, also of a validation example.
#[test]
fn negative_targets_are_refused_with_their_position() {
    let (x, y) = counts();
    let mut wrong = y.clone();
    wrong[[7, 1]] = -0.5;
    let examples = Examples::rows(&x);
    let mut model = fitted(how().epochs(2));
    let before = model.parameters().cloned();
    let refused = |error: Error| {
        assert_eq!(
            error.to_string(),
            "Y[feature 1, example 7] is -0.5, but must be at least 0 for the Poisson cost"
        );
        let Error::InvalidValue { position, operand: "Y", .. } = error else { panic!("{error}") };
        assert_eq!(position, Position::Feature { feature: 1, example: 7 });
    };
    for wrong in [Examples::rows(&wrong), Examples::columns(wrong.t())] {
        refused(model.fit(examples, wrong).unwrap_err());
        let validation = FitOptions::new().validation(5..10);
        refused(model.fit_with(examples, wrong, validation).unwrap_err());
        let warm = FitOptions::new().warm_start(true);
        refused(model.fit_with(examples, wrong, warm).unwrap_err());
        refused(model.partial_fit(examples, wrong).unwrap_err());
        refused(Regressor::new(how()).partial_fit(examples, wrong).unwrap_err());
        refused(Regressor::new(how().validation_share(0.5)).fit(examples, wrong).unwrap_err());
    }
    for value in [f64::NAN, f64::NEG_INFINITY, f64::INFINITY] {
        wrong[[7, 1]] = value;
        let error = model.fit(examples, Examples::rows(&wrong)).unwrap_err();
        let Error::NotFinite { position, .. } = error else { panic!("{error}") };
        assert_eq!(position, Position::Feature { feature: 1, example: 7 });
    }
    assert_eq!(model.parameters(), before.as_ref());
    wrong[[7, 1]] = -0.5;
    let mut squared = Regressor::new(quick().epochs(1));
    squared.fit(examples, Examples::rows(&wrong)).unwrap();
    let empty = Array2::zeros((0, 2));
    let error = model.fit(Examples::rows(&empty), Examples::rows(&empty)).unwrap_err();
    assert!(matches!(error, Error::EmptyBatch { .. }), "{error}");
}

#[test]
fn a_warm_start_and_a_partial_fit_continue_the_rates() {
    let (x, y) = counts();
    let (x, y) = (Examples::rows(&x), Examples::rows(&y));
    let mut model = fitted(how().epochs(3));
    model.fit_with(x, y, FitOptions::new().warm_start(true)).unwrap();
    assert_eq!(model.parameters(), fitted(how().epochs(6)).parameters());
    model.partial_fit(x, y).unwrap();
    assert_eq!(model.parameters(), fitted(how().epochs(7)).parameters());
    assert!(model.target_scaler().is_none());
    let mut partial = Regressor::new(how());
    partial.partial_fit(x, y).unwrap();
    assert_eq!(partial.parameters(), fitted(how().epochs(1)).parameters());
}

/// Parameters of another program have an exponential output and no scaler of the targets.
#[test]
fn a_model_from_parameters_needs_an_exponential_output() {
    let layer = |activation| Layer { w: array![[0.5, -1.0]], b: array![[0.25]], activation };
    let parameters = |activation| Parameters::from_layers(vec![layer(activation)]).unwrap();
    let how = how().hidden(&[]).standardize(false);
    let given = parameters(Activation::Exponential);
    let model = Regressor::from_parameters(how.clone(), given.clone(), None, None).unwrap();
    let rate = model.predict(Examples::rows(&array![[2.0, 1.0]])).unwrap()[[0, 0]];
    assert_number("rate", rate, 0.25_f64.exp(), 1e-15);
    for wrong in [Activation::Identity, Activation::Softplus] {
        let error = Regressor::from_parameters(how.clone(), parameters(wrong), None, None);
        assert!(matches!(error, Err(Error::OutputActivation { .. })), "{error:?}");
    }
    let scaler = || Some(Standardizer::fit(&array![[1.0, 3.0]]).unwrap());
    let error = Regressor::from_parameters(how.clone(), given.clone(), None, scaler()).unwrap_err();
    let what = "there is a scaler of the targets, but they are not standardized";
    assert_eq!(error, Error::Inconsistent { what });
    let features = Standardizer::fit(&array![[1.0, 3.0], [2.0, 7.0]]).unwrap();
    let standardized = how.clone().standardize(true);
    let from = |target_scaler| {
        let (how, given) = (standardized.clone(), given.clone());
        Regressor::from_parameters(how, given, Some(features.clone()), target_scaler)
    };
    from(None).unwrap();
    assert_eq!(from(scaler()).unwrap_err(), Error::Inconsistent { what });

    // A fitted network keeps its output, so its cost cannot change to another kind.
    let mut model = fitted(super::quick().epochs(1));
    let error = model.set_hyperparameters(super::quick().cost(Cost::Poisson)).unwrap_err();
    assert!(matches!(error, Error::OutputActivation { .. }), "{error}");
    let mut model = fitted(self::how().epochs(1));
    assert!(model.set_hyperparameters(super::quick()).is_err());
    model.set_hyperparameters(self::how().epochs(3).learning_rate(0.02)).unwrap();
}

/// A predictor, also with packed weights, predicts the rates of the model.
#[test]
fn predictors_predict_rates() {
    let (x, _) = counts();
    let x = x.t();
    let model = fitted(how());
    let expected = model.predict(Examples::columns(x)).unwrap();
    let mut predictor = model.predictor(60).unwrap();
    assert_eq!(predictor.predict(x).unwrap(), expected);
    let packed = PackedWeights::new(model.parameters().unwrap()).unwrap();
    let mut predictor = model.predictor(60).unwrap().with_weights(&packed).unwrap();
    for (found, expected) in predictor.predict(x).unwrap().iter().zip(&expected) {
        assert_number("rate", *found, *expected, 1e-12);
    }
    let far = array![[1e6], [-1e6]];
    let overflows = |error: Error| assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    overflows(model.predict(Examples::columns(&far)).unwrap_err());
    overflows(predictor.predict(&far).unwrap_err());
}

/// Rates that overflow during a training are a divergence, and the model keeps finite parameters.
#[test]
fn a_training_whose_rates_overflow_diverges() {
    let (x, y) = counts();
    let how = how()
        .hidden(&[])
        .standardize(false)
        .algorithm(Algorithm::GradientDescent)
        .learning_rate(1e3);
    let mut model = Regressor::<f64>::new(how);
    let error = model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    assert!(model.parameters().unwrap().is_finite());
}

#[cfg(feature = "safetensors")]
#[test]
fn files_and_checkpoints_keep_models_of_counts() {
    use dnn_blocks::files::Checkpoints;
    use std::ops::ControlFlow;
    let (x, y) = counts();
    let (x, y) = (Examples::rows(&x), Examples::rows(&y));
    for standardize in [true, false] {
        let model = fitted(how().standardize(standardize).validation_share(0.2).patience(9));
        let expected = model.predict(x).unwrap();
        let file = model.to_safetensors().unwrap();
        let again = Regressor::<f64>::from_safetensors(&file, &Default::default()).unwrap();
        assert_eq!(again.hyperparameters(), model.hyperparameters());
        assert_eq!(again.predict(x).unwrap(), expected);
        assert!(again.target_scaler().is_none());
        let text = serde_json::to_string(&model).unwrap();
        assert!(text.contains(r#""cost":"poisson""#), "{text}");
        let mut again: Regressor<f64> = serde_json::from_str(&text).unwrap();
        assert_eq!(again.predict(x).unwrap(), expected);
        again.fit_with(x, y, FitOptions::new().warm_start(true)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let mut stopped = Regressor::new(how().epochs(6));
    let options = FitOptions::new().checkpoints(&checkpoints).on_epoch(|epoch| {
        if epoch.record.epoch == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    stopped.fit_with(x, y, options).unwrap();
    let mut resumed = Regressor::new(how().epochs(6));
    let options = FitOptions::new().checkpoints(&checkpoints);
    resumed.fit_with(x, y, options).unwrap();
    assert_eq!(resumed.parameters(), fitted(how().epochs(6)).parameters());
}
