//! Models of tables.

use super::{fish, fitted, message, quick, read, schema};
use dnn_blocks::Error;
use dnn_blocks::prelude::*;
use dnn_blocks_table::{Encoder, Schema, TableClassifier, TableError, TableRegressor};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Fish {
    color: Option<&'static str>,
    length: u8,
    weight: Option<f64>,
}

#[test]
fn a_classifier_learns_a_table() {
    let (model, (test, species)) = (fitted(), fish(120..200));
    assert_eq!(model.classes(), ["plaice", "sole"]);
    assert!(model.score(&test, &species).unwrap() > 0.95);
    let predicted = model.predict(&test).unwrap();
    let probabilities = model.predict_proba(&test).unwrap();
    assert_eq!(probabilities.dim(), (80, 2));
    for (class, p) in predicted.iter().zip(probabilities.rows()) {
        assert_eq!(class == "sole", p[1] > 0.5);
    }
}

#[test]
fn one_row_is_a_struct_or_a_map() {
    let model = fitted();
    let sole = Fish { color: Some("gray"), length: 9, weight: None };
    assert_eq!(model.predict_row(&sole).unwrap(), "sole");
    let plaice = Fish { color: Some("red"), length: 9, weight: Some(103.0) };
    assert_eq!(model.predict_row(&plaice).unwrap(), "plaice");
    let map = BTreeMap::from([("length", "9"), ("color", ""), ("weight", " NA")]);
    assert_eq!(model.predict_row(&map).unwrap(), "sole");
    let text = BTreeMap::from([("length", "long"), ("color", ""), ("weight", "1")]);
    let error = message(model.predict_row(&text));
    assert_eq!(error, r#"row 0, column "length": "long" is not a number"#);
    let more = BTreeMap::from([("length", "1"), ("color", ""), ("weight", "1"), ("species", "x")]);
    let unknown = model.predict_row(&more).unwrap_err();
    assert!(matches!(&unknown, TableError::UnknownColumn { column } if column == "species"));
    assert!(matches!(model.predict_row(&7), Err(TableError::Row { .. })));
}

#[test]
fn one_row_has_the_probabilities_of_a_table() {
    let (model, (table, _)) = (fitted(), fish(120..200));
    let row = Fish { color: Some("gray"), length: 9, weight: None };
    let p = model.predict_proba_row(&row).unwrap();
    assert_eq!(p.len(), model.classes().len());
    assert!((p.sum() - 1.0).abs() < 1e-6 && p[1] > 0.5, "{p}");
    let of_table = model.predict_proba(&table).unwrap();
    let cells = |column| table.cells(column).unwrap().next().unwrap();
    let first = BTreeMap::from(["length", "weight", "color"].map(|name| (name, cells(name))));
    let p = model.predict_proba_row(&first).unwrap();
    assert!((p[0] - of_table[[0, 0]]).abs() < 1e-6);
    let unseen = BTreeMap::from([("length", "9"), ("weight", "103"), ("color", "green")]);
    model.predict_proba_row(&unseen).unwrap();
    let few = model.predict_proba_row(&BTreeMap::from([("length", 9)])).unwrap_err();
    assert!(matches!(&few, TableError::MissingColumn { column } if column == "weight"));
}

#[test]
fn predictions_are_those_of_the_encoded_table() {
    let (model, (test, _)) = (fitted(), fish(120..200));
    let x = model.encoder().unwrap().encode::<f32>(&test).unwrap();
    let core = model.model().predict_proba(Examples::rows(&x)).unwrap();
    assert_eq!(model.predict_proba(&test).unwrap(), core);
    assert_eq!(model.model().feature_names(), Some(model.encoder().unwrap().feature_names()));
}

#[test]
fn a_regressor_learns_a_table() {
    let mut csv = String::from("rooms,zip,rent\n");
    for row in 0..100 {
        let (rooms, zip) = (1 + row * 3 % 5, 8001 + row % 3);
        csv += &format!("{rooms},{zip},{}\n", 400 * rooms + if zip == 8002 { 900 } else { 0 });
    }
    let mut table = read(&csv).unwrap();
    let rents = table.take_numbers("rent").unwrap();
    let how = quick().epochs(150);
    let mut model = TableRegressor::new(Schema::auto().category("zip"), how);
    model.fit(&table, &rents).unwrap();
    assert!(model.score(&table, &rents).unwrap() > 0.98);
    let rent = model.predict_row(&BTreeMap::from([("rooms", 2), ("zip", 8002)])).unwrap();
    assert!((rent - 1700.0).abs() < 100.0, "{rent}");
    assert_eq!(model.predict(&table.select(&[0, 1]).unwrap()).unwrap().len(), 2);
    let huge = vec![1e300; 100];
    let error = model.clone().fit(&table, &huge).unwrap_err();
    assert!(matches!(error, TableError::Model(Error::NotFinite { .. })), "{error}");
    model.partial_fit(&table, &rents).unwrap();
    assert!(model.score(&table, &rents).unwrap() > 0.9);
}

#[test]
fn an_unfitted_model_predicts_nothing() {
    let (model, (table, species)) = (TableClassifier::new(schema(), quick()), fish(0..9));
    let not_fitted = |error| matches!(error, TableError::Model(Error::NotFitted));
    assert!(not_fitted(model.predict(&table).unwrap_err()));
    assert!(not_fitted(model.score(&table, &species).unwrap_err()));
    assert!(not_fitted(model.predict_row(&BTreeMap::from([("a", 1)])).unwrap_err()));
    assert!(message(model.to_safetensors()).contains("not been fitted"));
    assert!(not_fitted(model.encoder().unwrap_err()));
}

#[test]
fn a_fit_that_fails_changes_nothing() {
    let (mut model, (table, species)) = (fitted(), fish(0..40));
    let before = model.to_safetensors().unwrap();
    let one = vec!["sole"; 40];
    assert!(matches!(model.fit(&table, &one), Err(TableError::Model(Error::OneClass))));
    assert!(matches!(
        model.fit(&table, &species[1..]),
        Err(TableError::Model(Error::LengthMismatch { .. }))
    ));
    let wrong = read("length\nx\ny\nx\n").unwrap();
    assert!(model.partial_fit(&wrong, &["sole", "plaice", "sole"]).is_err());
    assert_eq!(model.to_safetensors().unwrap(), before);
}

#[test]
fn a_new_fit_has_a_new_encoder_and_a_partial_fit_the_same() {
    let mut model = fitted();
    let (table, species) = fish(0..50);
    let first = model.encoder().unwrap().clone();
    let history = model.partial_fit(&table, &species).unwrap();
    assert_eq!(history.epochs[0].epoch, 60, "the network continues");
    assert_eq!(model.encoder().unwrap(), &first);
    model.to_safetensors().unwrap();
    model.fit(&table, &species).unwrap();
    assert_eq!(model.encoder().unwrap(), &Encoder::fit(&table, &schema()).unwrap());
    assert_ne!(model.encoder().unwrap(), &first);
    let mut new = TableClassifier::new(schema(), quick());
    new.partial_fit(&table, &species).unwrap();
    assert_eq!(new.encoder().unwrap(), model.encoder().unwrap());
}

#[test]
fn a_warm_start_continues_a_network_with_the_same_features() {
    let (mut model, (table, species)) = (fitted(), fish(0..120));
    let warm = || FitOptions::new().warm_start(true).epochs(1);
    let history = model.fit_with(&table, &species, warm()).unwrap();
    assert_eq!(history.epochs[0].epoch, 60);
    let mut other = table.clone();
    other.remove("weight").unwrap();
    let error = model.fit_with(&other, &species, warm()).unwrap_err();
    assert!(matches!(error, TableError::Model(_)), "{error}");
}

#[test]
fn constant_features_are_accepted() {
    let table = read("a,b\n1,x\n2,x\n3,x\n4,x\n").unwrap();
    let mut model = TableClassifier::new(Schema::new().number("a").category("b"), quick());
    model.fit(&table, &["p", "p", "q", "q"]).unwrap();
    assert_eq!(model.encoder().unwrap().feature_names(), ["a", "b rare"]);
}

#[test]
fn a_text_among_numbers_is_an_error_with_its_line() {
    let model = fitted();
    let table = read("length,weight,color\n3,101,red\n4,heavy,red\n").unwrap();
    assert_eq!(
        message(model.predict(&table)),
        r#"line 3, column "weight": "heavy" is not a number"#
    );
}
