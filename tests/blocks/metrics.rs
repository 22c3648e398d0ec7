//! Scores against scikit-learn's, and what happens at 0/0, NaN and the ends of the numbers.

use crate::support::message;
use crate::support::reference::{assert_number, json, matrix, matrix_of, number};
use dnn_blocks::Error;
use dnn_blocks::data::one_hot;
use dnn_blocks::metrics::{log_loss, r2};
use dnn_blocks::ndarray::{Array2, Axis, ShapeBuilder, array, s};
use dnn_blocks::prelude::*;
use serde_json::Value;

fn cases(of: &str) -> Vec<(Value, Value)> {
    let file = json("metrics");
    let cases = file[of].as_array().unwrap();
    assert!(cases.len() >= 5);
    cases.iter().map(|case| (case["inputs"].clone(), case["expected"].clone())).collect()
}

fn labels_in(values: &Value) -> Vec<usize> {
    values.as_array().unwrap().iter().map(|label| label.as_u64().unwrap() as usize).collect()
}

#[test]
fn classifications_score_as_in_scikit_learn() {
    for (inputs, expected) in cases("classification") {
        let (predicted, actual) = (labels_in(&inputs["predicted"]), labels_in(&inputs["actual"]));
        let classes = inputs["classes"].as_u64().unwrap() as usize;
        let table = ConfusionMatrix::new(&predicted, &actual, classes).unwrap();
        assert_eq!(table.counts().mapv(|count| count as f64), matrix(&expected["counts"]));
        let close = |what: &str, found: f64, expected: &Value| {
            assert_number(what, found, number(expected), 1e-15);
        };
        close("accuracy", accuracy(&predicted, &actual).unwrap(), &expected["accuracy"]);
        close("accuracy", table.accuracy(), &expected["accuracy"]);
        close("macro precision", table.macro_precision(), &expected["macro_precision"]);
        close("macro recall", table.macro_recall(), &expected["macro_recall"]);
        close("macro f1", table.macro_f1(), &expected["macro_f1"]);
        for class in 0..classes {
            close("precision", table.precision(class).unwrap(), &expected["precision"][class]);
            close("recall", table.recall(class).unwrap(), &expected["recall"][class]);
            close("f1", table.f1(class).unwrap(), &expected["f1"][class]);
        }
    }
}

fn check_log_loss<F: Float>(name: &str, bound: f64) {
    for (inputs, expected) in cases("log_loss") {
        let (p, labels) = (matrix_of::<F>(&inputs["probabilities"]), labels_in(&inputs["labels"]));
        let expected = number(&expected[name]);
        assert_number("loss", log_loss(&p, &labels).unwrap(), expected, bound);
        let transposed = p.t().as_standard_layout().into_owned();
        assert_number("loss", log_loss(&transposed.t(), &labels).unwrap(), expected, bound);
        let mut spread = Array2::from_elem((2 * p.nrows(), 3 * p.ncols()), F::nan());
        spread.slice_mut(s![..;2, ..;3]).assign(&p);
        let spread = spread.slice(s![..;2, ..;3]);
        assert_number("loss", log_loss(&spread, &labels).unwrap(), expected, bound);
    }
}

#[test]
fn log_losses_are_scikit_learns() {
    check_log_loss::<f64>("f64", 1e-14);
    // Its logarithms and their sum are in f32.
    check_log_loss::<f32>("f32", 1e-6);
}

fn check_r2<F: Float>(cases: Vec<(Value, Value)>, bound: f64) {
    for (inputs, expected) in cases {
        let (predicted, actual) =
            (matrix_of::<F>(&inputs["predicted"]), matrix_of(&inputs["actual"]));
        let expected = number(&expected["r2"]);
        assert_number("r2", r2(&predicted, &actual).unwrap(), expected, bound);
        let (p, a) = (predicted.t().to_owned(), actual.t().to_owned());
        assert_number("r2", r2(&p.t(), &a.t()).unwrap(), expected, bound);
    }
}

#[test]
fn r2_is_scikit_learns() {
    check_r2::<f64>(cases("r2"), 1e-9);
    let mut small = cases("r2");
    small.remove(3); // 1e6 and a bit, which f32 rounds
    check_r2::<f32>(small, 1e-5);
}

#[test]
fn nothing_over_nothing_is_0() {
    let table = ConfusionMatrix::new(&[0, 0], &[1, 1], 4).unwrap();
    for class in 0..4 {
        let scores = [table.precision(class), table.recall(class), table.f1(class)];
        assert!(scores.iter().all(|score| *score == Ok(0.0)), "{class}: {scores:?}");
    }
    let means = [table.macro_precision(), table.macro_recall(), table.macro_f1()];
    assert_eq!((means, table.accuracy()), ([0.0; 3], 0.0));
}

#[test]
fn rows_are_actual_and_columns_predicted() {
    let table = ConfusionMatrix::new(&[2, 2, 1], &[0, 0, 1], 3).unwrap();
    assert_eq!(table.counts(), array![[0, 0, 2], [0, 1, 0], [0, 0, 0]]);
    assert_eq!([table.precision(2), table.recall(0)], [Ok(0.0), Ok(0.0)]);
    assert_eq!([table.precision(1), table.recall(1)], [Ok(1.0), Ok(1.0)]);
    assert_eq!(table.macro_recall(), 1.0 / 3.0);
}

#[test]
fn a_confusion_matrix_prints_a_table() {
    let actual = [vec![0; 120], vec![1; 3]].concat();
    let predicted = [vec![0; 117], vec![1; 6]].concat();
    let table = ConfusionMatrix::new(&predicted, &actual, 2).unwrap();
    let expected = "actual  predicted\n          0  1\n0       117  3\n1         0  3\n";
    assert_eq!(table.to_string(), expected);
    let named = table.clone().with_names(["Käse", "unverschämt teuer"]).unwrap();
    let lines: Vec<_> = named.to_string().lines().map(String::from).collect();
    assert_eq!(lines[1], "                   Käse  unverschämt teuer");
    assert_eq!(lines[2], "Käse                117                  3");
    assert_eq!(lines[3], "unverschämt teuer     0                  3");
    assert_eq!(
        message(table.clone().with_names(["one"])),
        "names has a length of 1, classes of 2: one for one"
    );
    assert!(named != table && named.counts() == table.counts());
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let lengths = "predicted has a length of 2, actual of 3: one for one";
    assert_eq!(message(accuracy(&[0, 1], &[0, 1, 1])), lengths);
    assert_eq!(message(ConfusionMatrix::new(&[0, 1], &[0, 1, 1], 2)), lengths);
    let empty = "actual (1, 0) holds no example: a batch has at least one column";
    assert_eq!(message(accuracy(&[], &[])), empty);
    assert_eq!(message(ConfusionMatrix::new(&[], &[], 2)), empty);
    let label = |example, class| Error::Label { example, class, classes: 2 };
    assert_eq!(ConfusionMatrix::new(&[0, 2], &[0, 1], 2), Err(label(1, 2)));
    assert_eq!(ConfusionMatrix::new(&[0, 1], &[7, 1], 2), Err(label(0, 7)));
    assert!(matches!(ConfusionMatrix::new(&[0], &[0], 0), Err(Error::Label { .. })));
    let huge = ConfusionMatrix::new(&[0], &[0], 1 << 40);
    assert!(matches!(huge, Err(Error::TooLarge { .. })));
    let table = ConfusionMatrix::new(&[0], &[0], 2).unwrap();
    for score in [table.precision(2), table.recall(2), table.f1(2)] {
        assert_eq!(message(score), "there is no class 2: the classes are 0 to 1");
    }
    assert_eq!(accuracy(&[usize::MAX, 4], &[usize::MAX, 5]), Ok(0.5));
}

#[test]
fn probabilities_and_labels_that_do_not_fit_are_refused() {
    let p = array![[0.5, 0.2], [0.5, 0.8]];
    assert_eq!(
        message(log_loss(&p, &[0])),
        "labels has a length of 1, probabilities of 2: one for one"
    );
    assert_eq!(log_loss(&p, &[0, 2]), Err(Error::Label { example: 1, class: 2, classes: 2 }));
    let row = p.slice(s![..1, ..]);
    assert_eq!(log_loss(&row, &[2, 0]), Err(Error::Label { example: 0, class: 2, classes: 2 }));
    let empty = log_loss(&Array2::<f32>::zeros((3, 0)), &[]);
    assert!(matches!(empty, Err(Error::EmptyBatch { .. })));
    let nothing = log_loss(&Array2::<f64>::zeros((0, 2)), &[0, 0]);
    assert!(matches!(nothing, Err(Error::ZeroSize { .. })));
}

#[test]
fn a_log_loss_is_bounded_by_the_epsilon_of_the_type() {
    for (p, label) in [(0.0, 1), (1.0, 0), (-0.5, 1), (f64::INFINITY, 0), (1e-300, 1)] {
        assert_eq!(log_loss(&array![[p]], &[label]), Ok(-f64::EPSILON.ln()), "{p}");
        let single = log_loss(&array![[p as f32]], &[label]).unwrap();
        assert_number("f32", single, -f64::from(f32::EPSILON).ln(), 1e-15);
    }
    assert_eq!(log_loss(&array![[1.0, 0.0]], &[1, 0]), Ok(-(1.0 - f64::EPSILON).ln()));
    assert!(log_loss(&array![[0.5, f64::NAN]], &[1, 1]).unwrap().is_nan());
    let columns = array![[f64::NAN, 0.5], [0.5, 0.5]];
    assert_eq!(log_loss(&columns, &[1, 0]), Ok(-0.5_f64.ln()), "a NaN that is not asked for");
    assert!(log_loss(&columns, &[0, 0]).unwrap().is_nan());
}

/// A row and the two rows that it stands for; and the course's cost, whose labels are numbers.
#[test]
fn a_sigmoid_row_costs_what_two_rows_and_the_course_say() {
    let p = array![[0.8, 0.9, 0.4, 0.01]];
    let labels = [1, 1, 0, 1];
    let loss = log_loss(&p, &labels).unwrap();
    let rows = dnn_blocks::ndarray::concatenate![Axis(0), 1.0 - &p, p];
    assert_number("rows", log_loss(&rows, &labels).unwrap(), loss, 1e-14);
    let y = one_hot::<f64>(&labels, 2).unwrap().slice(s![1.., ..]).to_owned();
    assert_number("cost", compute_cost(&p, &y).unwrap(), loss, 1e-14);
}

#[test]
fn r2_of_constant_targets_and_single_examples() {
    let constant = array![[0.1, 0.1, 0.1, 0.1, 0.1, 0.1]];
    assert_eq!(r2(&constant, &constant), Ok(1.0));
    let mut off = constant.clone();
    off[[0, 4]] += 1e-15;
    assert_eq!(r2(&off, &constant), Ok(0.0));
    assert_eq!(r2(&array![[3.0]], &array![[3.0]]), Ok(1.0));
    assert_eq!(r2(&array![[3.0]], &array![[4.0_f32]]), Ok(0.0));
    let mean = array![[2.0, 2.0, 2.0]];
    assert_eq!(r2(&mean, &array![[1.0, 2.0, 3.0]]), Ok(0.0));
    assert_eq!(r2(&mean, &array![[1.0, 2.0, 3.0]].reversed_axes().t()), Ok(0.0));
}

#[test]
fn r2_at_the_ends_of_the_numbers() {
    for size in [1e-300, 1e-160, 1e160, 1e300] {
        let (predicted, actual) = (array![[1.0, 2.0, 4.0]] * size, array![[1.0, 2.0, 3.0]] * size);
        assert_number("r2", r2(&predicted, &actual).unwrap(), 0.5, 1e-12);
    }
    let far = array![[1.0, 2.0, 4.0], [1.0, 2.0, 3.0]] + 1e9;
    assert_number("r2", r2(&far.slice(s![..1, ..]), &far.slice(s![1.., ..])).unwrap(), 0.5, 1e-12);
    let huge = array![[f64::MAX, -f64::MAX]];
    assert_eq!(r2(&huge, &huge), Ok(1.0));
    let fine = array![[1.0, 2.0, 3.0]];
    for broken in [array![[1.0, f64::NAN, 3.0]], array![[1.0, 2.0, f64::INFINITY]]] {
        assert!(r2(&fine, &broken).unwrap().is_nan(), "{broken}");
        assert!(r2(&broken, &broken).unwrap().is_nan(), "{broken}");
        assert!(!r2(&broken, &fine).unwrap().is_finite(), "{broken}");
    }
    let nan = array![[f64::NAN, f64::NAN]];
    assert!(r2(&nan, &nan).unwrap().is_nan());
    assert!(r2(&array![[2.0, f64::NAN]], &array![[2.0, 2.0]]).unwrap().is_nan());
    assert!(r2(&array![[2.0, 2.0]], &array![[2.0, f64::NAN]]).unwrap().is_nan());
    let infinite = array![[f64::INFINITY, f64::INFINITY]];
    assert!(r2(&infinite, &infinite).unwrap().is_nan());
}

#[test]
fn r2_of_other_shapes_is_refused() {
    assert_eq!(
        message(r2(&array![[1.0, 2.0]], &array![[1.0], [2.0]])),
        "predicted (1, 2) and actual (2, 1) do not fit: same shape"
    );
    let empty = Array2::<f64>::zeros((2, 0));
    assert!(matches!(r2(&empty, &empty), Err(Error::EmptyBatch { .. })));
    let nothing = Array2::<f64>::zeros((0, 2));
    assert!(matches!(r2(&nothing, &nothing), Err(Error::ZeroSize { .. })));
    let fortran = Array2::from_shape_vec((2, 2).f(), vec![1.0, 5.0, 2.0, 7.0]).unwrap();
    assert_eq!(r2(&fortran, &array![[1.0, 2.0], [5.0, 7.0]]), Ok(1.0));
}
