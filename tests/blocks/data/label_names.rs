//! Names of labels, sets and tables.

use crate::support::message;
use dnn_blocks::Error;
use dnn_blocks::data::LabelNames;
use dnn_blocks::error::Position;
use dnn_blocks::ndarray::{Array2, array, s};
use dnn_blocks::prelude::*;

#[test]
fn names_are_in_the_order_given_or_sorted() {
    let given = LabelNames::new(&["owl", "ant", "owl", "cat"]);
    assert_eq!(given.names(), ["owl", "ant", "cat"]);
    let sets = [vec!["owl"], vec![], vec!["cat", "owl", "ant"]];
    let sorted = LabelNames::from_sets(&sets);
    assert_eq!(sorted.names(), ["ant", "cat", "owl"]);
    assert_ne!(given, sorted);
    assert!(LabelNames::<u8>::from_sets::<Vec<u8>>(&[]).names().is_empty());
}

/// Both orders encode and decode the same sets, of vectors and of slices.
#[test]
fn a_table_has_a_row_for_each_label() {
    let sets = [vec!["cat", "ant", "cat"], vec![], vec!["owl"]];
    let slices = sets.each_ref().map(Vec::as_slice);
    let given = LabelNames::new(&["owl", "ant", "cat"]);
    let y: Array2<f32> = given.encode(&sets).unwrap();
    assert_eq!(y, array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]);
    assert_eq!(given.encode::<f32, _>(&slices).unwrap(), y);
    assert_eq!(given.decode(&y).unwrap(), [vec!["ant", "cat"], vec![], vec!["owl"]]);
    let sorted = LabelNames::from_sets(&slices);
    let rows: Array2<f32> = sorted.encode(&sets).unwrap();
    assert_eq!(rows.slice(s![2, ..]), y.row(0));
    assert_eq!(sorted.decode(&rows).unwrap(), given.decode(&y).unwrap());
}

#[test]
fn refused_sets_and_tables_are_named() {
    let names = LabelNames::new(&[3, 1]);
    let error = names.encode::<f64, _>(&[vec![1], vec![3, 2]]).unwrap_err();
    assert_eq!(error, Error::UnknownLabel { example: 1, classes: 2 });
    let none = LabelNames::<i32>::new(&[]);
    assert!(none.encode::<f64, _>(&[vec![1]]).is_err());
    assert_eq!(none.encode::<f64, _>(&[vec![], vec![]]).unwrap().dim(), (0, 2));
    assert_eq!(
        message(names.decode(&array![[1.0, 0.0, 1.0]])),
        "the table (1, 3) and the labels (2, 3) do not fit: one row for each label"
    );
    let error = names.decode(&array![[0.0, 1.0], [0.2, f64::NAN]]).unwrap_err();
    let Error::NotFinite { position, .. } = error else { panic!("{error}") };
    assert_eq!(position, Position::Entry { row: 1, column: 1 });
}

/// The bound of a label is that of the one sigmoid of a classifier.
#[test]
fn a_probability_of_one_half_is_no_label() {
    let p = array![[0.5, 0.5 + f64::EPSILON, f64::INFINITY, f64::NEG_INFINITY]];
    let sets = LabelNames::new(&["a"]).decode(&p).unwrap();
    let numbers: Vec<_> = sets.iter().map(Vec::len).collect();
    assert_eq!(numbers, [0, 1, 1, 0]);
    assert_eq!(numbers, predicted_classes(&p).unwrap());
}
