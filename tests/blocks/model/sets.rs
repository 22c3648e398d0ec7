//! Training and validation examples of a fit.

use super::{clouds, fitted, quick};
use dnn_blocks::Error;
use dnn_blocks::model::ClassWeights;
use dnn_blocks::ndarray::{Array2, array, s};
use dnn_blocks::prelude::*;

#[test]
fn rows_and_columns_are_the_same_examples() {
    let (x, labels) = clouds(3, 90);
    let by_rows = fitted(quick(), &x, &labels);
    let columns = x.t().to_owned();
    let mut by_columns = Classifier::new(quick());
    by_columns.fit(Examples::columns(&columns), &labels).unwrap();
    assert_eq!(by_rows.parameters(), by_columns.parameters());
    let rows = by_rows.predict_proba(Examples::rows(&x)).unwrap();
    let columns = by_columns.predict_proba(Examples::columns(&columns)).unwrap();
    assert_eq!(rows.t(), columns);
}

/// scikit-learn: `test_early_stopping_stratified` (30), `test_minimum_input_sample_size` (43).
#[test]
fn a_validation_set_that_is_too_small_is_said_and_the_model_stays() {
    let x = array![[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 5.0]];
    let (x, labels) = (Examples::rows(&x), [0, 0, 0, 1]);
    let mut model = Classifier::<f64, i32>::new(quick());
    model.fit(x, &labels).unwrap();
    let before = model.parameters().cloned();
    model.set_hyperparameters(quick().validation_share(0.1)).unwrap();
    let error = model.fit(x, &labels).unwrap_err();
    assert_eq!(error, Error::ClassSize { class: 1, examples: 1, least: 2 });
    assert_eq!(model.parameters(), before.as_ref());

    let (x, y) = (array![[1.0, 2.0], [3.0, 5.0]], array![1.0, 2.0]);
    let mut model = Regressor::<f64>::new(quick().validation_share(0.1));
    let error = model.fit(Examples::rows(&x), Examples::values(&y)).unwrap_err();
    assert_eq!(error, Error::ValidationSize { examples: 1 });
    assert!(model.parameters().is_none());
}

/// scikit-learn clips the batch size too.
#[test]
fn a_batch_has_all_examples_if_they_are_fewer_than_its_size() {
    let (x, labels) = clouds(2, 40);
    let whole = fitted(quick().batch_size(40), &x, &labels);
    assert_eq!(fitted(quick().batch_size(1000), &x, &labels).parameters(), whole.parameters());
    let mut in_parts = Classifier::<f64, usize>::new(quick().batch_size(1000));
    in_parts.partial_fit(Examples::rows(&x), &labels).unwrap();

    let mut model = Regressor::<f64>::new(quick().batch_size(1000).epochs(2));
    let y = x.slice(s![.., ..1]);
    model.fit(Examples::rows(&x), Examples::rows(y)).unwrap();
    let mut whole = Regressor::<f64>::new(quick().batch_size(40).epochs(2));
    whole.fit(Examples::rows(&x), Examples::rows(y)).unwrap();
    assert_eq!(model.parameters(), whole.parameters());
}

/// Every mistake that shows before the first step has its own error, and leaves a fitted model
/// unchanged.
#[test]
fn hostile_tables_are_refused_by_name() {
    let (x, labels) = clouds(2, 40);
    let mut model = fitted(quick(), &x, &labels);
    let before = model.parameters().unwrap().clone();
    let mut refused = |x: &Array2<f64>, labels: &[usize]| {
        let error = model.fit(Examples::rows(x), labels).unwrap_err();
        assert_eq!(model.parameters(), Some(&before));
        error.to_string()
    };
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut wrong = x.clone();
        wrong[[17, 1]] = value;
        assert_eq!(refused(&wrong, &labels), format!("X[feature 1, example 17] is {value}"));
    }
    let mut constant = x.clone();
    constant.column_mut(0).fill(3.0);
    assert_eq!(
        refused(&constant, &labels),
        "feature 0 has the same value in every example; set `constant_features(true)` to accept it"
    );
    assert_eq!(refused(&x, &[1; 40]), "there is only one class: a classifier needs at least two");
    assert_eq!(refused(&x, &labels[..39]), "X and labels differ in length: 40 and 39");
    let few = x.slice(s![..19, ..]).to_owned();
    assert_eq!(
        refused(&Array2::zeros((0, 2)), &[]),
        "X (2, 0) has no examples: a batch needs at least one column"
    );
    assert!(refused(&Array2::zeros((40, 0)), &labels).contains("is empty"));

    let two = Examples::rows(&few);
    let error =
        model.fit_with(two, &labels[..19], FitOptions::new().weights(&[1.0; 18])).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        let mut weights = [1.0; 40];
        weights[5] = value;
        let error = model
            .fit_with(Examples::rows(&x), &labels, FitOptions::new().weights(&weights))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("weights[5] is {value}, but must be at least 0 and finite")
        );
    }
    let nothing =
        model.fit_with(Examples::rows(&x), &labels, FitOptions::new().weights(&[0.0; 40]));
    assert_eq!(nothing.unwrap_err(), Error::NoWeight);
    assert_eq!(model.parameters(), Some(&before));

    let nothing = ClassWeights::Given(vec![0.0, 0.0]);
    let mut model = Classifier::<f64, usize>::new(quick().class_weights(nothing));
    assert_eq!(model.fit(Examples::rows(&x), &labels).unwrap_err(), Error::NoWeight);
    assert!(model.parameters().is_none());
}

#[test]
fn constant_features_are_accepted_where_they_are_meant() {
    let (x, labels) = clouds(2, 60);
    let mut wide = Array2::zeros((60, 3));
    wide.slice_mut(s![.., ..2]).assign(&x);
    let model = fitted(quick().constant_features(true), &wide, &labels);
    assert!(model.score(Examples::rows(&wide), &labels).unwrap() > 0.95);
}
