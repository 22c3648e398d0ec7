//! Regressors, with values in their own units.

use super::quick;
use crate::support::reference::assert_number;
use dnn_blocks::Error;
use dnn_blocks::ndarray::{Array2, array, s};
use dnn_blocks::prelude::*;

#[test]
fn values_of_another_regression_are_refused_by_layer() {
    let x = Array2::from_shape_fn((40, 2), |(i, f)| (i * (f + 1) % 7) as f64);
    let y = x.slice(s![.., ..1]).to_owned();
    for standardize in [true, false] {
        let mut model = Regressor::<f64>::new(quick().standardize(standardize));
        model.partial_fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
        let before = model.parameters().cloned();
        let error = model.partial_fit(Examples::rows(&x), Examples::rows(&x)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer 2: W (1, 8) and Y (2, 40) do not fit: rows of W must equal outputs of Y"
        );
        let error = model.partial_fit(Examples::rows(&y), Examples::rows(&y)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer 1: W (8, 2) and X (1, 40) do not fit: columns of W must equal features of X"
        );
        assert_eq!(model.parameters(), before.as_ref());
    }
}

#[test]
fn numbers_are_predicted_in_their_own_units() {
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((200, 3), || 10.0 * rng.randn());
    let y = Array2::from_shape_fn((200, 2), |(i, k)| match k {
        0 => 5000.0 + 30.0 * x[[i, 0]] - 10.0 * x[[i, 1]],
        _ => 0.001 * x[[i, 2]].abs(),
    });
    let how = quick().hidden(&[30]).epochs(200).validation_share(0.2).patience(50);
    let mut model = Regressor::<f64>::new(how.clone());
    let history = model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    let score = model.score(Examples::rows(&x), Examples::rows(&y)).unwrap();
    assert!(score > 0.97, "{score}");
    assert!(history.epochs.last().unwrap().validation_score.unwrap() > 0.9);
    let predicted = model.predict(Examples::rows(&x)).unwrap();
    assert_eq!(predicted.dim(), (200, 2));
    assert!((predicted.column(0).mean().unwrap() - 5000.0).abs() < 20.0);
    assert!(model.target_scaler().is_some());

    let mut columns = Regressor::<f64>::new(how);
    let (x_columns, y_columns) = (x.t().to_owned(), y.t().to_owned());
    columns.fit(Examples::columns(&x_columns), Examples::columns(&y_columns)).unwrap();
    assert_eq!(columns.predict(Examples::columns(&x_columns)).unwrap(), predicted.t());
    // Each argument has its own orientation: features in rows, values in columns.
    let mixed = model.score(Examples::rows(&x), Examples::columns(&y_columns)).unwrap();
    assert_eq!(mixed, score);

    let mut wrong = y.clone();
    wrong[[3, 1]] = f64::NAN;
    let error = model.fit(Examples::rows(&x), Examples::rows(&wrong)).unwrap_err();
    assert_eq!(error.to_string(), "Y[feature 1, example 3] is NaN");
    let error = model.fit(Examples::rows(&x), Examples::columns(&y)).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
}

/// Without hidden layers the network is a linear model with known best parameters.
#[test]
fn without_hidden_layers_they_are_linear_models() {
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((64, 2), || rng.randn());
    let y = Array2::from_shape_fn((64, 1), |(i, _)| 3.0 * x[[i, 0]] - 2.0 * x[[i, 1]] + 0.5);
    let how = quick()
        .hidden(&[])
        .standardize(false)
        .algorithm(Algorithm::GradientDescent)
        .learning_rate(0.1)
        .batch_size(64)
        .epochs(400);
    let mut model = Regressor::<f64>::new(how);
    model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    let layer = &model.parameters().unwrap().layers()[0];
    for (found, expected) in layer.w.iter().chain(&layer.b).zip([3.0, -2.0, 0.5]) {
        assert_number("w", *found, expected, 1e-9);
    }
}

/// A wrong value has no effect in an example of weight 0.
#[test]
fn weights_count_in_a_regression_too() {
    let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64 / 15.0 - 1.0);
    let mut y = x.mapv(|x| 2.0 * x - 1.0);
    y[[7, 0]] = 500.0;
    let mut weights = [1.0; 30];
    weights[7] = 0.0;
    let how = quick()
        .hidden(&[])
        .standardize(false)
        .algorithm(Algorithm::GradientDescent)
        .learning_rate(0.2)
        .batch_size(30)
        .epochs(500);
    let fitted = |weights: Option<&[f64]>| {
        let mut model = Regressor::<f64>::new(how.clone());
        let options =
            weights.map_or(FitOptions::new(), |weights| FitOptions::new().weights(weights));
        model.fit_with(Examples::rows(&x), Examples::rows(&y), options).unwrap();
        model.parameters().unwrap().layers()[0].clone()
    };
    let layer = fitted(Some(&weights));
    assert_number("w", layer.w[[0, 0]], 2.0, 1e-9);
    assert_number("b", layer.b[[0, 0]], -1.0, 1e-9);
    assert!((fitted(None).b[[0, 0]] + 1.0).abs() > 1.0, "it does harm with one");
}

#[test]
fn a_target_that_overflows_is_an_error() {
    let x = Array2::from_shape_fn((4, 1), |(i, _)| i as f32);
    let y = x.column(0).mapv(|x| 1e38 * x);
    let mut model = Regressor::<f32>::new(quick().hidden(&[]).batch_size(4));
    model.fit(Examples::rows(&x), Examples::values(&y)).unwrap();
    let far = array![[-3e37_f32]];
    let overflows = |error: Error| assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    overflows(model.predict(Examples::rows(&far)).unwrap_err());
    overflows(model.predictor(1).unwrap().predict(&far).unwrap_err());
}

/// A line with outliers: the squared error follows them, the other costs do not.
#[test]
fn costs_that_bound_outliers_find_the_line() {
    let x = Array2::from_shape_fn((60, 1), |(i, _)| i as f64 / 30.0 - 1.0);
    let y = x.mapv(|x| 3.0 * x + 1.0);
    let mut noisy = y.clone();
    noisy.iter_mut().step_by(7).for_each(|y| *y += 40.0);
    let line = |cost: Option<Cost>| {
        let how = Hyperparameters::plain()
            .hidden(&[])
            .batch_size(60)
            .epochs(3000)
            .learning_rate(0.01)
            .schedule(Schedule::Cosine { warm_up: 0, total: 3000, lowest: 0.0 })
            .cost(cost);
        let mut model = Regressor::<f64>::new(how);
        model.fit(Examples::rows(&x), Examples::rows(&noisy)).unwrap();
        let found = model.predict(Examples::rows(&x)).unwrap();
        (&found - &y).iter().map(|error| error.abs()).sum::<f64>() / 60.0
    };
    assert!(line(None) > 4.0, "the squared error");
    assert!(line(Some(Cost::MeanAbsoluteError)) < 0.1, "{}", line(Some(Cost::MeanAbsoluteError)));
    assert!(line(Some(Cost::Huber { delta: 0.05 })) < 1.0);
    assert!(line(Some(Cost::Quantile { quantile: 0.5 })) < 0.1);
}

/// A share of `q` of the targets lies below the prediction.
#[test]
fn a_quantile_has_its_share_of_the_targets_below() {
    let mut rng = NumpyRandom::seed(3);
    let x = Array2::from_shape_simple_fn((400, 1), || rng.randn());
    let y = x.mapv(|x| 2.0 * x) + &Array2::from_shape_simple_fn((400, 1), || rng.randn());
    for quantile in [0.1, 0.5, 0.8] {
        let how = Hyperparameters::plain()
            .hidden(&[])
            .epochs(200)
            .learning_rate(0.01)
            .cost(Cost::Quantile { quantile });
        let mut model = Regressor::<f64>::new(how);
        model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
        let predicted = model.predict(Examples::rows(&x)).unwrap();
        let below = y.iter().zip(&predicted).filter(|(y, a)| y < a).count() as f64 / 400.0;
        assert!((below - quantile).abs() < 0.03, "{quantile}: {below}");
    }
}

#[test]
fn a_cost_of_another_model_is_refused() {
    let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64);
    let labels: Vec<usize> = (0..40).map(|i| i % 2).collect();
    for cost in [Cost::MeanSquaredError, Cost::CategoricalCrossEntropy] {
        let mut model = Classifier::<f64, usize>::new(Hyperparameters::plain().cost(cost));
        let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
        assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
    }
    let how = Hyperparameters::plain().epochs(1);
    let mut model = Classifier::<f64, usize>::new(how.cost(Cost::BinaryCrossEntropy));
    model.fit(Examples::rows(&x), &labels).unwrap();
    let how = Hyperparameters::plain().cost(Cost::BinaryCrossEntropy);
    let error = Regressor::<f64>::new(how).fit(Examples::rows(&x), Examples::rows(&x)).unwrap_err();
    assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
    let how = Hyperparameters::plain().cost(Cost::Huber { delta: -1.0 });
    let error = Regressor::<f64>::new(how).fit(Examples::rows(&x), Examples::rows(&x)).unwrap_err();
    assert_eq!(error.to_string(), "delta is -1, but must be above 0 and finite");
}

#[cfg(feature = "safetensors")]
#[test]
fn files_keep_the_cost() {
    let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64);
    let how = Hyperparameters::plain().epochs(2).cost(Cost::Huber { delta: 1.5 });
    let mut model = Regressor::<f64>::new(how.clone());
    model.fit(Examples::rows(&x), Examples::rows(&x)).unwrap();
    let file = model.to_safetensors().unwrap();
    let again = Regressor::<f64>::from_safetensors(&file, &Default::default()).unwrap();
    assert_eq!(*again.hyperparameters(), how);
    assert_eq!(
        again.predict(Examples::rows(&x)).unwrap(),
        model.predict(Examples::rows(&x)).unwrap()
    );
}

/// A standard deviation of the targets that is small beside their mean, in f32.
#[test]
fn the_errors_of_a_regressor_follow_the_spread_of_its_targets() {
    for offset in [0.0, 6e8, 7e8, 5e9] {
        let x = Array2::from_shape_fn((100, 1), |(i, _)| i as f32);
        let y = x.mapv(|x| offset + 64.0 * x);
        let mut model = Regressor::<f32>::new(Hyperparameters::default());
        model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
        let score = model.score(Examples::rows(&x), Examples::rows(&y)).unwrap();
        assert!(score > 0.8, "{offset}: {score}");
    }
}
