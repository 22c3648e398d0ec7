//! Metrics of tables of labels against scikit-learn, and refused tables.

use super::cases;
use crate::support::message;
use crate::support::reference::{assert_number, matrix_of, number};
use dnn_blocks::Error;
use dnn_blocks::error::Position;
use dnn_blocks::metrics::{
    MultiLabelConfusion, average_precision, hamming_loss, roc_auc, subset_accuracy,
};
use dnn_blocks::ndarray::{Array1, Array2, array, s};
use dnn_blocks::prelude::*;
use serde_json::{Value, json};

fn check<F: Float>() {
    for (inputs, expected) in cases("multi_label") {
        let table = |name: &str| matrix_of::<F>(&inputs[name]);
        let (actual, predicted) = (table("actual"), table("predicted"));
        let weights = inputs["weights"].as_array().unwrap();
        let weights: Array1<F> = weights.iter().map(|weight| F::of(number(weight))).collect();
        let (plain, p) = (Actual(&actual), Predicted(&predicted));
        let weighted = plain.weighted(&weights);
        let close = |what: &str, found: dnn_blocks::Result<f64>, expected: &Value| {
            let bound = if size_of::<F>() == 4 { 1e-6 } else { 1e-14 };
            assert_number(what, found.unwrap(), number(expected), bound);
        };
        let of = &expected["subset_accuracy"];
        close("subset accuracy", subset_accuracy(plain, p), &of["plain"]);
        close("subset accuracy", subset_accuracy(weighted, p), &of["weighted"]);
        let of = &expected["hamming_loss"];
        close("Hamming loss", hamming_loss(plain, p), &of["plain"]);
        close("Hamming loss", hamming_loss(weighted, p), &of["weighted"]);

        let confusion = MultiLabelConfusion::new(plain, p).unwrap();
        assert_eq!(confusion.matrices().len(), actual.nrows());
        for (label, matrix) in confusion.matrices().iter().enumerate() {
            let rows: Vec<_> = matrix.counts().rows().into_iter().map(|row| row.to_vec()).collect();
            assert_eq!(json!(rows), expected["counts"][label]);
            close("precision", matrix.precision(1), &expected["precision"][label]);
            close("recall", matrix.recall(1), &expected["recall"][label]);
            close("f1", matrix.f1(1), &expected["f1"][label]);
        }
        close("macro f1", Ok(confusion.macro_f1()), &expected["macro_f1"]);
        close("micro f1", Ok(confusion.micro_f1()), &expected["micro_f1"]);
        close("micro f1", confusion.sum().f1(1), &expected["micro_f1"]);
        assert_eq!(confusion.sum().counts().sum(), actual.len());
        check_scores(&inputs, &expected, (&actual, &weights));
    }
}

/// One row of the tables is one label, for the metrics of scores.
fn check_scores<F: Float>(
    inputs: &Value,
    expected: &Value,
    (actual, weights): (&Array2<F>, &Array1<F>),
) {
    let scores = matrix_of::<F>(&inputs["scores"]);
    for label in 0..actual.nrows() {
        let row = s![label..label + 1, ..];
        let (y, p) = (Actual(actual.slice(row)).weighted(weights), Predicted(scores.slice(row)));
        let found = [roc_auc(y, p), average_precision(y, p)];
        for (found, name) in found.into_iter().zip(["roc_auc", "average_precision"]) {
            match &expected[name][label] {
                Value::Null => assert!(found.is_err(), "all examples of weight are alike"),
                expected => assert_number(name, found.unwrap(), number(expected), 1e-5),
            }
        }
    }
}

#[test]
fn tables_of_labels_score_as_in_scikit_learn() {
    check::<f64>();
    check::<f32>();
}

#[test]
fn other_entries_than_0_and_1_are_refused_with_their_place() {
    let y = array![[0.0, 1.0], [1.0, 1.0]];
    for value in [2.0, -1.0, 0.5, f64::NAN, f64::INFINITY] {
        let mut other = y.clone();
        other[[1, 0]] = value;
        for (operand, actual, predicted) in [("actual", &other, &y), ("predicted", &y, &other)] {
            let pair = (Actual(actual), Predicted(predicted));
            for error in [
                subset_accuracy(pair.0, pair.1).unwrap_err(),
                hamming_loss(pair.0, pair.1).unwrap_err(),
                MultiLabelConfusion::new(pair.0, pair.1).unwrap_err(),
            ] {
                let Error::InvalidValue { operand: found, position, .. } = error else {
                    panic!("{error}")
                };
                assert_eq!(found, operand);
                assert_eq!(position, Position::Label { label: 1, example: 0 });
            }
        }
    }
    let mut two = y.clone();
    two[[0, 1]] = 2.0;
    let text = "predicted[label 0, example 1] is 2, but must be 0 or 1";
    assert_eq!(message(subset_accuracy(Actual(&y), Predicted(&two))), text);
}

#[test]
fn tables_of_other_shapes_and_other_weights_are_refused() {
    let y = array![[0.0, 1.0], [1.0, 1.0]];
    let wide = array![[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]];
    let error = subset_accuracy(Actual(&y), Predicted(&wide)).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let (no_label, no_example) = (Array2::<f64>::zeros((0, 2)), Array2::<f64>::zeros((2, 0)));
    let error = hamming_loss(Actual(&no_label), Predicted(&no_label)).unwrap_err();
    assert!(matches!(error, Error::ZeroSize { .. }), "{error}");
    let error = MultiLabelConfusion::new(Actual(&no_example), Predicted(&no_example)).unwrap_err();
    assert!(matches!(error, Error::EmptyBatch { .. }), "{error}");
    for weights in [array![1.0], array![0.0, 0.0], array![1.0, -1.0], array![1.0, f64::NAN]] {
        assert!(subset_accuracy(Actual(&y).weighted(&weights), Predicted(&y)).is_err());
    }
}
