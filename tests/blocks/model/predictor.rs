//! A predictor says what the functions say, and refuses what they refuse.

use crate::support::random;
use dnn_blocks::Error;
use dnn_blocks::ndarray::{Array2, array, s};
use dnn_blocks::prelude::*;

fn x<F: Float>(features: usize, m: usize) -> Array2<F> {
    random(features, m, 8)
}

fn same_bits<F: Float>(dims: &[usize], hidden: Activation, output: Activation) {
    let parameters = initialize_parameters_deep(dims, Initializer::He, &mut NumpyRandom::seed(2));
    let parameters = parameters.unwrap().with_activations(hidden, output);
    let x = x::<F>(dims[0], 33);
    let mut predictor = Predictor::new(&parameters, 33).unwrap();
    for m in [33, 1, 8] {
        let x = x.slice(s![.., ..m]);
        let expected = predict_proba(x, &parameters).unwrap();
        assert_eq!(predictor.predict_proba(x).unwrap(), expected);
    }
    let turned = x.t().as_standard_layout().to_owned();
    let expected = predict_proba(turned.t(), &parameters).unwrap();
    assert_eq!(predictor.predict_proba(turned.t()).unwrap(), expected);
}

#[test]
fn predictions_are_the_same_to_the_last_bit() {
    for (hidden, output) in [
        (Activation::Relu, Activation::Sigmoid),
        (Activation::Tanh, Activation::Softmax),
        (Activation::LeakyRelu(-0.1), Activation::Identity),
    ] {
        same_bits::<f32>(&[5, 3], hidden, output);
        same_bits::<f64>(&[7, 40, 2, 90, 4], hidden, output);
        same_bits::<f32>(&[300, 120, 1], hidden, output);
    }
}

#[test]
fn a_model_lends_its_network_and_scaler() {
    let x = x::<f64>(2, 30) * 10.0 + 3.0;
    let labels: Vec<bool> = x.row(0).iter().map(|x| *x > 3.0).collect();
    let how = Hyperparameters::default().hidden(&[4]).epochs(3).batch_size(10);
    let mut model = Classifier::new(how.clone());
    assert!(matches!(model.predictor(3), Err(Error::NotFitted)));
    model.fit(Examples::columns(&x), &labels).unwrap();
    let expected = model.predict_proba(Examples::columns(&x)).unwrap();
    let mut predictor = model.predictor(30).unwrap();
    assert_eq!(predictor.predict_proba(&x).unwrap().row(0), expected.row(1));
    let error = predictor.predict_proba(&array![[f64::NAN], [0.0]]).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
}

#[test]
fn a_regressor_predicts_in_the_units_of_the_values() {
    let x = x::<f32>(3, 30) * 1e-3;
    let y = x.slice(s![..2, ..]).mapv(|x| 1e4 - 7e5 * x);
    for standardize in [true, false] {
        let how = Hyperparameters::default().hidden(&[4]).epochs(3).batch_size(10);
        let mut model = Regressor::new(how.standardize(standardize));
        model.fit(Examples::columns(&x), Examples::columns(&y)).unwrap();
        assert_eq!(model.target_scaler().is_some(), standardize);
        let mut predictor = model.predictor(30).unwrap();
        for m in [30, 1, 17] {
            let x = x.slice(s![.., ..m]);
            let expected = model.predict(Examples::columns(x)).unwrap();
            assert_eq!(predictor.predict_proba(x).unwrap(), expected);
        }
        assert!(!standardize || (predictor.predict_proba(&x).unwrap()[[0, 0]] - 1e4).abs() < 5e3);
        let huge = Array2::from_elem((3, 1), f32::MAX);
        if standardize {
            let error = model.predict(Examples::columns(&huge)).unwrap_err();
            assert!(matches!(error, Error::NotFinite { operand: "AL", .. }), "{error}");
            let same = predictor.predict_proba(&huge).unwrap_err();
            assert_eq!(same.to_string(), error.to_string());
        }
    }
    let other = Standardizer::fit(&x).unwrap();
    let mut model = Regressor::new(Hyperparameters::default().epochs(1).batch_size(10));
    model.fit(Examples::columns(&x), Examples::columns(&y)).unwrap();
    let mut wrong = model.predictor(3).unwrap().target_scaled(&other);
    let error = wrong.predict_proba(x.slice(s![.., ..3])).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_and_the_predictor_stays_usable() {
    let parameters = initialize_parameters::<f64>(3, 4, 2, &mut NumpyRandom::seed(1)).unwrap();
    let mut predictor = Predictor::new(&parameters, 5).unwrap();
    let mut refused = |rows, columns| predictor.predict_proba(&x(rows, columns)).unwrap_err();
    assert!(matches!(refused(3, 6), Error::ShapeMismatch { .. }));
    assert!(matches!(refused(2, 5), Error::ShapeMismatch { layer: Some(1), .. }));
    assert!(matches!(refused(3, 0), Error::EmptyBatch { .. }));
    assert_eq!(predictor.predict_proba(&x(3, 5)).unwrap().dim(), (2, 5));
    assert!(matches!(Predictor::new(&parameters, 0), Err(Error::Hyperparameter { .. })));
    assert!(matches!(Predictor::new(&parameters, usize::MAX), Err(Error::TooLarge { .. })));
    let other = Standardizer::fit(&x::<f64>(2, 4)).unwrap();
    let mut wrong = predictor.scaled(&other).unwrap();
    assert!(matches!(wrong.predict_proba(&x(3, 5)), Err(Error::ShapeMismatch { .. })));
    let mut broken = parameters.clone();
    broken.layers_mut()[1].w = Array2::zeros((2, 9));
    let mut predictor = Predictor::new(&broken, 5).unwrap();
    let error = predictor.predict_proba(&x(3, 5)).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(2), .. }), "{error}");
}
