//! Predictors return the outputs and errors of the functions.

use crate::support::{random, same};
use dnn_blocks::Error;
use dnn_blocks::error::Position;
use dnn_blocks::model::Predictor;
use dnn_blocks::ndarray::{Array2, Axis, array, s};
use dnn_blocks::prelude::*;

fn x<F: Float>(features: usize, m: usize) -> Array2<F> {
    random(features, m, 8)
}

fn same_bits<F: Float>(dims: &[usize], hidden: Activation, output: Activation) {
    let parameters = initialize_parameters_deep(dims, Initializer::He, &mut NumpyRandom::seed(2));
    let parameters = parameters.unwrap().with_activations(hidden, output);
    let x = x::<F>(dims[0], 600);
    let table = x.t().as_standard_layout().to_owned();
    let mut predictor = Predictor::new(&parameters, 600).unwrap();
    for m in [33, 1, 2, 5, 8, 17, 24, 60, 95, 96, 97, 239, 240, 241, 600] {
        let x = x.slice(s![.., ..m]);
        let expected = predict_proba(x, &parameters).unwrap();
        assert_eq!(predictor.outputs(x).unwrap(), expected, "{m} examples");
        let x = table.slice(s![..m, ..]);
        let expected = predict_proba(x.t(), &parameters).unwrap();
        assert_eq!(predictor.outputs(x.t()).unwrap(), expected, "a table of {m} examples");
    }
}

/// With several threads, batches are cut by examples or products by rows.
#[cfg(feature = "rayon")]
#[test]
fn predictions_do_not_depend_on_the_number_of_threads() {
    for threads in 1..=5 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            same_bits::<f32>(&[300, 120, 90, 3], Activation::Relu, Activation::Softmax)
        });
    }
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
    let how = Hyperparameters::plain().hidden(&[4]).epochs(3).batch_size(10);
    let mut model = Classifier::new(how.clone());
    assert!(matches!(model.predictor(3), Err(Error::NotFitted)));
    model.fit(Examples::columns(&x), &labels).unwrap();
    let expected = model.predict_proba(Examples::columns(&x)).unwrap();
    let mut predictor = model.predictor(30).unwrap();
    assert_eq!(predictor.predict_proba(&x).unwrap(), expected);
    let lent = Predictor::new(model.parameters().unwrap(), 30).unwrap();
    let mut lent = lent.scaled(model.scaler().unwrap()).unwrap();
    assert_eq!(lent.outputs(&x).unwrap().row(0), expected.row(1));
    for error in [
        predictor.predict_proba(&array![[f64::NAN], [0.0]]).unwrap_err(),
        lent.outputs(&array![[f64::NAN], [0.0]]).unwrap_err(),
    ] {
        let Error::NotFinite { position, .. } = error else { panic!("{error}") };
        assert_eq!(position, Position::Feature { feature: 0, example: 0 });
    }
}

/// A predictor returns the labels and probabilities of its model: for all examples, some, and one.
fn same_as_the_classifier<F: Float>(names: &[&'static str], standardize: bool) {
    let x = x::<F>(3, 30);
    let labels: Vec<_> = (0..30).map(|i| names[i % names.len()]).collect();
    let how = Hyperparameters::plain().hidden(&[4]).epochs(3).batch_size(10);
    let mut model = Classifier::<F, &str>::new(how.standardize(standardize));
    model.fit(Examples::columns(&x), &labels).unwrap();
    let mut predictor = model.predictor(30).unwrap();
    for m in [30, 1, 17] {
        let x = x.slice(s![.., ..m]);
        let expected = model.predict(Examples::columns(x)).unwrap();
        let found: Vec<&str> = predictor.predict(x).unwrap().iter().map(|label| **label).collect();
        assert_eq!(found, expected);
        // The model takes rows here, the predictor columns.
        let expected = model.predict_proba(Examples::rows(x.t())).unwrap();
        assert_eq!(expected.dim(), (m, names.len()));
        assert_eq!(predictor.predict_proba(x).unwrap(), expected.t());
        let by_columns = model.predict_proba(Examples::columns(x)).unwrap();
        assert_eq!(predictor.predict_proba(x).unwrap(), by_columns);
        let expected = model.predict_log_proba(Examples::columns(x)).unwrap();
        assert!(same(&predictor.predict_log_proba(x).unwrap(), &expected));
        // The probabilities are the same ones after a call for logarithms.
        assert_eq!(predictor.predict_proba(x).unwrap(), by_columns);
    }
    // One example as a 1-D array, and as a matrix with one column in the same memory.
    for column in x.columns() {
        let owned = column.to_owned();
        for one in [column, owned.view()] {
            let example = one.insert_axis(Axis(1));
            let expected = model.predict(Examples::columns(example)).unwrap();
            assert_eq!(predictor.predict(one).unwrap(), [&expected[0]]);
            let expected = model.predict_proba(Examples::columns(example)).unwrap();
            assert_eq!(predictor.predict_proba(one).unwrap(), expected);
            let expected = model.predict_log_proba(Examples::columns(example)).unwrap();
            assert!(same(&predictor.predict_log_proba(one).unwrap(), &expected));
        }
        let expected = predictor.predict_proba(owned.view()).unwrap().to_owned();
        assert_eq!(predictor.predict_proba(&owned).unwrap(), expected);
        assert_eq!(predictor.predict_proba(&owned.to_vec()[..]).unwrap(), expected);
    }
    assert_eq!(predictor.predict(&x).unwrap().len(), 30);
    assert_eq!(predictor.clone().predict(&x).unwrap(), predictor.predict(&x).unwrap());
}

#[test]
fn a_classifier_predictor_agrees_with_its_classifier() {
    for standardize in [true, false] {
        for names in [&["no", "yes"][..], &["north", "east", "west"]] {
            same_as_the_classifier::<f32>(names, standardize);
            same_as_the_classifier::<f64>(names, standardize);
        }
    }
}

/// A predictor returns the errors of its model, and stays usable.
#[test]
fn a_classifier_predictor_refuses_what_is_no_example() {
    let x = x::<f64>(3, 30);
    let expected = |model: &Classifier<f64, usize>| model.predict(Examples::columns(&x)).unwrap();
    let mut overflows = 0;
    for (classes, standardize) in [(2, true), (2, false), (3, true), (3, false)] {
        let labels: Vec<usize> = (0..30).map(|i| i % classes).collect();
        let how = Hyperparameters::plain().hidden(&[4]).epochs(3).batch_size(10);
        let mut model = Classifier::new(how.standardize(standardize));
        assert!(matches!(model.predictor(30), Err(Error::NotFitted)));
        model.fit(Examples::columns(&x), &labels).unwrap();
        assert!(matches!(model.predictor(0), Err(Error::InvalidArgument { .. })));
        assert!(matches!(model.predictor(usize::MAX), Err(Error::TooLarge { .. })));
        let mut predictor = model.predictor(30).unwrap();
        let mut refused = |x: &Array2<f64>| {
            let error = predictor.predict(x).unwrap_err();
            assert_eq!(predictor.predict_proba(x).unwrap_err().to_string(), error.to_string());
            assert_eq!(predictor.predict_log_proba(x).unwrap_err().to_string(), error.to_string());
            let found = predictor.predict(&self::x(3, 30)).unwrap();
            assert!(found.iter().copied().eq(&expected(&model)));
            error
        };
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut wrong = x.clone();
            wrong[[2, 17]] = value;
            let error = refused(&wrong);
            let Error::NotFinite { position, .. } = error else { panic!("{error}") };
            assert_eq!(position, Position::Feature { feature: 2, example: 17 });
            let of_model = model.predict(Examples::columns(&wrong)).unwrap_err();
            assert_eq!(error.to_string(), of_model.to_string());
        }
        assert!(matches!(refused(&self::x(3, 31)), Error::ShapeMismatch { layer: None, .. }));
        assert!(matches!(refused(&self::x(2, 30)), Error::ShapeMismatch { layer: Some(1), .. }));
        assert!(matches!(refused(&self::x(3, 0)), Error::EmptyBatch { .. }));
        // Finite features whose products overflow.
        let far = Array2::from_shape_fn((3, 1), |(i, _)| [f64::MAX, -f64::MAX][i % 2]);
        let of_model = model.predict(Examples::columns(&far)).map_err(|error| error.to_string());
        let found = predictor.predict(&far).map_err(|error| error.to_string());
        assert_eq!(found.map(|labels| vec![*labels[0]]), of_model);
        let expected = model.predict_log_proba(Examples::columns(&far));
        let found = predictor.predict_log_proba(&far).map(|logarithms| logarithms.to_owned());
        assert_eq!(found.map_err(|e| e.to_string()), expected.map_err(|e| e.to_string()));
        overflows += usize::from(of_model.is_err());
    }
    assert!(overflows > 0);
}

#[test]
fn a_regressor_predicts_in_the_units_of_the_values() {
    let x = x::<f32>(3, 30) * 1e-3;
    let y = x.slice(s![..2, ..]).mapv(|x| 1e4 - 7e5 * x);
    for standardize in [true, false] {
        let how = Hyperparameters::plain().hidden(&[4]).epochs(3).batch_size(10);
        let mut model = Regressor::new(how.standardize(standardize));
        model.fit(Examples::columns(&x), Examples::columns(&y)).unwrap();
        assert_eq!(model.target_scaler().is_some(), standardize);
        let mut predictor = model.predictor(30).unwrap();
        for m in [30, 1, 17] {
            let x = x.slice(s![.., ..m]);
            let expected = model.predict(Examples::columns(x)).unwrap();
            assert_eq!(predictor.predict(x).unwrap(), expected);
        }
        let one = model.predict(Examples::columns(x.column(4).insert_axis(Axis(1)))).unwrap();
        assert_eq!(predictor.predict(x.column(4)).unwrap(), one);
        assert!(!standardize || (predictor.predict(&x).unwrap()[[0, 0]] - 1e4).abs() < 5e3);
        let huge = Array2::from_elem((3, 1), f32::MAX);
        let of_model = model.predict(Examples::columns(&huge)).map_err(|e| e.to_string());
        let found = predictor.predict(&huge).map_err(|e| e.to_string());
        assert_eq!(found.map(|y| y.to_owned()), of_model);
        if standardize {
            let error = predictor.predict(&huge).unwrap_err();
            assert!(matches!(error, Error::NotFinite { operand: "AL", .. }), "{error}");
        }
        let error = predictor.predict(&array![0.0, 0.0, f32::NAN]).unwrap_err();
        let Error::NotFinite { position, .. } = error else { panic!("{error}") };
        assert_eq!(position, Position::Feature { feature: 2, example: 0 });
        let error = predictor.predict(&self::x(3, 31)).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { layer: None, .. }), "{error}");
    }
    let other = Standardizer::fit(&x).unwrap();
    let mut model = Regressor::new(Hyperparameters::plain().epochs(1).batch_size(10));
    assert!(matches!(model.predictor(3), Err(Error::NotFitted)));
    model.fit(Examples::columns(&x), Examples::columns(&y)).unwrap();
    let wrong = Predictor::new(model.parameters().unwrap(), 3).unwrap();
    let mut wrong = wrong.scaled(model.scaler().unwrap()).unwrap().target_scaled(&other);
    let error = wrong.outputs(x.slice(s![.., ..3])).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_and_the_predictor_stays_usable() {
    let parameters = initialize_parameters::<f64>(3, 4, 2, &mut NumpyRandom::seed(1)).unwrap();
    let mut predictor = Predictor::new(&parameters, 5).unwrap();
    let mut refused = |rows, columns| predictor.outputs(&x(rows, columns)).unwrap_err();
    assert!(matches!(refused(3, 6), Error::ShapeMismatch { .. }));
    assert!(matches!(refused(2, 5), Error::ShapeMismatch { layer: Some(1), .. }));
    assert!(matches!(refused(3, 0), Error::EmptyBatch { .. }));
    assert_eq!(predictor.outputs(&x(3, 5)).unwrap().dim(), (2, 5));
    assert!(matches!(Predictor::new(&parameters, 0), Err(Error::InvalidArgument { .. })));
    assert!(matches!(Predictor::new(&parameters, usize::MAX), Err(Error::TooLarge { .. })));
    let other = Standardizer::fit(&x::<f64>(2, 4)).unwrap();
    let mut wrong = predictor.scaled(&other).unwrap();
    assert!(matches!(wrong.outputs(&x(3, 5)), Err(Error::ShapeMismatch { .. })));
    let mut broken = parameters.clone();
    broken.layers_mut()[1].w = Array2::zeros((2, 9));
    let mut predictor = Predictor::new(&broken, 5).unwrap();
    let error = predictor.outputs(&x(3, 5)).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(2), .. }), "{error}");
}

#[test]
fn examples_come_in_any_form() {
    let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    let table = array![[0.5, -1.0], [1.0, 2.0]];
    let mut predictor = Predictor::new(&parameters, 2).unwrap();
    let expected = predict_proba(table.t(), &parameters).unwrap();
    assert_eq!(predictor.outputs(Examples::rows(&table)).unwrap(), expected);
    let first = expected.slice(s![.., ..1]);
    assert_eq!(predictor.outputs(&[0.5, -1.0]).unwrap(), first);
    assert_eq!(predictor.outputs(&vec![0.5, -1.0]).unwrap(), first);
    assert_eq!(predictor.outputs(table.row(0)).unwrap(), first);
}
