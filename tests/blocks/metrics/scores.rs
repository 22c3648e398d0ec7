//! Metrics of scores, probabilities and values, and weights, against scikit-learn; refusals.

use super::{cases, labels_in};
use crate::support::message;
use crate::support::reference::{assert_number, matrix_of, number};
use dnn_blocks::Error;
use dnn_blocks::error::Position;
use dnn_blocks::metrics::{
    average_precision, balanced_accuracy, brier_score, log_loss, mean_absolute_error,
    mean_poisson_deviance, r2, roc_auc, root_mean_squared_error, top_k_accuracy,
};
use dnn_blocks::ndarray::{Array1, Array2, ArrayView1, array};
use dnn_blocks::prelude::*;
use serde_json::Value;

fn weights_in<F: Float>(inputs: &Value) -> Array1<F> {
    let weights = inputs["weights"].as_array().unwrap();
    assert!(weights.iter().any(|weight| number(weight) == 0.0) || weights.len() < 10);
    weights.iter().map(|weight| F::of(number(weight))).collect()
}

/// Compares the results without weights and with them.
fn check(what: &str, found: [dnn_blocks::Result<f64>; 2], expected: &Value, bound: f64) {
    for (found, kind) in found.into_iter().zip(["plain", "weighted"]) {
        assert_number(&format!("{what} {kind}"), found.unwrap(), number(&expected[kind]), bound);
    }
}

const NAMES: [&str; 5] = ["ant", "bee", "cat", "dog", "owl"];

fn check_ranking<F: Float>(bound: f64) {
    for (inputs, expected) in cases("ranking") {
        let (scores, labels) = (matrix_of::<F>(&inputs["scores"]), labels_in(&inputs["labels"]));
        let weights = weights_in::<F>(&inputs);
        let (plain, weighted) = (Actual(&labels), Actual(&labels).weighted(&weights));
        let p = Predicted(&scores);
        let found = [roc_auc(plain, p), roc_auc(weighted, p)];
        check("roc_auc", found, &expected["roc_auc"], bound);
        let found = [average_precision(plain, p), average_precision(weighted, p)];
        check("average_precision", found, &expected["average_precision"], bound);
        let found = [brier_score(plain, p), brier_score(weighted, p)];
        check("brier", found, &expected["brier"], bound);
        for k in 1..scores.nrows().max(2) {
            let found = [top_k_accuracy(plain, p, k), top_k_accuracy(weighted, p, k)];
            check("top_k", found, &expected[format!("top_{k}")], bound);
        }
        check_names(&scores, &labels);
    }
}

/// Labels of another type, and classes that are named, give the same.
fn check_names<F: Float>(scores: &Array2<F>, labels: &[usize]) {
    let named: Vec<_> = labels.iter().map(|&class| NAMES[class]).collect();
    let names = &NAMES[..scores.nrows().max(2)];
    let row = Array2::from_shape_fn((1, labels.len()), |(_, i)| labels[i] as f32);
    let (p, declared) = (Predicted(scores), Predicted(scores).of_classes(names));
    let area = roc_auc(Actual(labels), p);
    assert_eq!(roc_auc(Actual(&named), p), area);
    assert_eq!(roc_auc(Actual(&named), declared), area);
    assert_eq!(roc_auc(Actual(&row), p), area);
    let precision = average_precision(Actual(labels), p);
    assert_eq!(average_precision(Actual(&named), declared), precision);
    let brier = brier_score(Actual(labels), p);
    assert_eq!(brier_score(Actual(&named), declared), brier);
    let top = top_k_accuracy(Actual(labels), p, 1);
    assert_eq!(top_k_accuracy(Actual(&named), declared, 1), top);
}

#[test]
fn scores_are_ranked_as_in_scikit_learn() {
    check_ranking::<f64>(1e-14);
    check_ranking::<f32>(1e-6); // scores and weights are rounded
}

#[test]
fn classes_without_examples_count_in_shares_and_not_in_recalls() {
    for (inputs, expected) in cases("absent") {
        let (p, labels) = (matrix_of::<f64>(&inputs["scores"]), labels_in(&inputs["labels"]));
        let classes: Vec<usize> = (0..p.nrows()).collect();
        let (weights, p) = (weights_in::<f64>(&inputs), Predicted(&p).of_classes(&classes));
        let (plain, weighted) = (Actual(&labels), Actual(&labels).weighted(&weights));
        let found = [brier_score(plain, p), brier_score(weighted, p)];
        check("brier", found, &expected["brier"], 1e-14);
        let found = [top_k_accuracy(plain, p, 2), top_k_accuracy(weighted, p, 2)];
        check("top_2", found, &expected["top_2"], 1e-14);
        let absent = classes.iter().find(|class| !labels.contains(class)).unwrap();
        let missing = Err(Error::ClassSize { class: *absent, examples: 0, least: 1 });
        assert_eq!(roc_auc(plain, p), missing);
        assert_eq!(average_precision(plain, p), missing);
    }
    for (inputs, expected) in cases("labels") {
        let (actual, predicted) = (labels_in(&inputs["actual"]), labels_in(&inputs["predicted"]));
        let (weights, p) = (weights_in::<f64>(&inputs), Predicted(&predicted));
        let (plain, weighted) = (Actual(&actual), Actual(&actual).weighted(&weights));
        let found = [balanced_accuracy(plain, p), balanced_accuracy(weighted, p)];
        check("balanced", found, &expected["balanced_accuracy"], 1e-14);
        let found = [accuracy(plain, p), accuracy(weighted, p)];
        check("accuracy", found, &expected["accuracy"], 1e-14);
    }
}

fn check_errors<F: Float>(bound: f64) {
    for (inputs, expected) in cases("errors") {
        let (actual, predicted) =
            (matrix_of::<F>(&inputs["actual"]), matrix_of::<F>(&inputs["predicted"]));
        let (weights, p) = (weights_in::<F>(&inputs), Predicted(&predicted));
        let (plain, weighted) = (Actual(&actual), Actual(&actual).weighted(&weights));
        let found = [mean_absolute_error(plain, p), mean_absolute_error(weighted, p)];
        check("mae", found, &expected["mean_absolute_error"], bound);
        let found = [root_mean_squared_error(plain, p), root_mean_squared_error(weighted, p)];
        check("rmse", found, &expected["root_mean_squared_error"], bound);
        check("r2", [r2(plain, p), r2(weighted, p)], &expected["r2"], 50.0 * bound);
    }
}

#[test]
fn errors_of_values_and_weighted_losses_are_scikit_learns() {
    check_errors::<f64>(1e-14);
    check_errors::<f32>(1e-6);
    for (inputs, expected) in cases("weighted_log_loss") {
        let (p, labels) =
            (matrix_of::<f64>(&inputs["probabilities"]), labels_in(&inputs["labels"]));
        let weights = weights_in::<f64>(&inputs);
        let loss = log_loss(Actual(&labels).weighted(&weights), Predicted(&p)).unwrap();
        assert_number("loss", loss, number(&expected["weighted"]), 1e-14);
        let names: Vec<String> = (0..p.nrows()).map(|class| format!("class {class}")).collect();
        let named: Vec<&String> = labels.iter().map(|&label| &names[label]).collect();
        let names: Vec<&String> = names.iter().collect();
        let p = Predicted(&p).of_classes(&names);
        assert_eq!(log_loss(Actual(&named).weighted(&weights), p), Ok(loss));
    }
}

/// Classes may be absent from the labels; one row is the second of two classes.
#[test]
fn a_log_loss_of_named_classes_takes_labels_of_any_type() {
    let p = array![[0.5, 0.2], [0.25, 0.7], [0.25, 0.1]];
    let loss = |labels: &[char], classes: &[char]| {
        log_loss(Actual(labels), Predicted(&p).of_classes(classes))
    };
    assert_eq!(loss(&['a', 'x'], &['a', 'b', 'x']), log_loss(Actual(&[0, 2]), Predicted(&p)));
    assert_eq!(
        loss(&['a', 'y'], &['a', 'b', 'x']),
        Err(Error::UnknownLabel { example: 1, classes: 3 })
    );
    assert!(matches!(loss(&['a', 'x'], &['b', 'a', 'x']), Err(Error::Inconsistent { .. })));
    assert!(matches!(loss(&['a', 'a'], &['a', 'x']), Err(Error::LengthMismatch { .. })));
    let row = array![[0.75, 0.25]];
    let row = Predicted(&row).of_classes(&["no", "yes"]);
    assert_eq!(log_loss(Actual(&["yes", "no"]), row), Ok(-0.75_f64.ln()));
}

/// Computes every metric of labels and (2, m) probabilities or values with these weights.
fn weighted_metrics<'w>(weights: ArrayView1<'w, f64>) -> Vec<dnn_blocks::Result<f64>> {
    let labels = [0, 1, 1];
    let p = array![[0.75, 0.5, 0.375], [0.25, 0.5, 0.625]];
    let y = array![[1.0, 2.0, 4.0], [0.5, 0.5, 3.0]];
    let (actual, values) = (Actual(&labels).weighted(weights), Actual(&y).weighted(weights));
    vec![
        accuracy(actual, Predicted(&[0, 0, 1])),
        balanced_accuracy(actual, Predicted(&[0, 0, 1])),
        log_loss(actual, Predicted(&p)),
        brier_score(actual, Predicted(&p)),
        roc_auc(actual, Predicted(&p)),
        average_precision(actual, Predicted(&p)),
        top_k_accuracy(actual, Predicted(&p), 1),
        r2(values, Predicted(&p)),
        mean_absolute_error(values, Predicted(&p)),
        root_mean_squared_error(values, Predicted(&p)),
    ]
}

#[test]
fn weights_that_are_none_are_refused() {
    let rule = "but must be at least 0 and finite";
    for (wrong, text) in
        [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")]
    {
        for error in weighted_metrics(array![1.0, wrong, 1.0].view()) {
            assert_eq!(message(error), format!("weights[1] is {text}, {rule}"));
        }
    }
    for error in weighted_metrics(array![0.0, 0.0, -0.0].view()) {
        assert_eq!(message(error), "the sum of the weights is 0, but must be above 0");
    }
    for error in weighted_metrics(array![1.0, 1.0].view()) {
        assert_eq!(message(error), "weights and actual differ in length: 2 and 3");
    }
}

#[test]
fn only_ratios_of_weights_matter() {
    let expected = weighted_metrics(array![1.0, 0.5, 0.25].view());
    assert!(expected.iter().all(|found| found.as_ref().unwrap().is_finite()));
    for scale in [f64::MAX / 1.5, 3e-300] {
        let found = weighted_metrics(array![scale, scale / 2.0, scale / 4.0].view());
        for (found, expected) in found.into_iter().zip(&expected) {
            assert_number("scaled", found.unwrap(), *expected.as_ref().unwrap(), 1e-14);
        }
    }
}

#[test]
fn a_weight_of_2_counts_twice_and_0_leaves_out() {
    let scores = array![[0.2, 0.7, 0.7, 0.4, 0.9]];
    let weights = array![2.0, 1.0, 1.0, 0.0, 1.0];
    let actual = Actual(&[0, 1, 0, 1, 1]).weighted(&weights);
    let same = array![[0.2, 0.2, 0.7, 0.7, 0.9]];
    let same = (Actual(&[0, 0, 1, 0, 1]), Predicted(&same));
    let scores = Predicted(&scores);
    assert_eq!(roc_auc(actual, scores), roc_auc(same.0, same.1));
    assert_eq!(average_precision(actual, scores), average_precision(same.0, same.1));
    assert_eq!(top_k_accuracy(actual, scores, 1), top_k_accuracy(same.0, same.1, 1));
    // A class whose examples have no weight is absent.
    let no_weight = vec![1.0_f32, 0.0, 1.0, 0.0, 0.0];
    let error = roc_auc(Actual(&[0, 1, 0, 1, 1]).weighted(&no_weight), scores);
    assert_eq!(error, Err(Error::ClassSize { class: 1, examples: 0, least: 1 }));
    let recalls = Actual(&[0, 1, 0, 1, 1]).weighted(&no_weight);
    assert_eq!(balanced_accuracy(recalls, Predicted(&[0, 1, 1, 1, 1])), Ok(0.5));
}

/// Computes every metric of scores.
fn metrics_of(labels: &[usize], p: &Array2<f64>) -> [dnn_blocks::Result<f64>; 4] {
    let (actual, p) = (Actual(labels), Predicted(p));
    let top = top_k_accuracy(actual, p, 1);
    [roc_auc(actual, p), average_precision(actual, p), top, brier_score(actual, p)]
}

#[test]
fn scores_that_are_none_are_refused() {
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let p = array![[0.5, 0.5], [0.25, wrong], [0.25, 0.25]];
        for error in metrics_of(&[0, 1], &p) {
            assert_eq!(message(error), format!("predicted[1, 1] is {wrong}"));
        }
        let y = array![[0.0, wrong]];
        for (actual, predicted, name) in [(&y, &p, "actual"), (&p, &y, "predicted")] {
            let zero = array![[0.0, 0.0]];
            let of = |values| if std::ptr::eq(values, &y) { &y } else { &zero };
            let (actual, predicted) = (Actual(of(actual)), Predicted(of(predicted)));
            let text = format!("{name}[0, 1] is {wrong}");
            assert_eq!(message(mean_absolute_error(actual, predicted)), text);
            assert_eq!(message(root_mean_squared_error(actual, predicted)), text);
            assert_eq!(message(mean_poisson_deviance(actual, predicted)), text);
        }
    }
    for wrong in [-0.25, 1.25] {
        let row = array![[0.5, wrong]];
        let text = format!("predicted[0, 1] is {wrong}, but must be a probability, from 0 to 1");
        assert_eq!(message(brier_score(Actual(&[0, 1]), Predicted(&row))), text);
        assert_eq!(message(top_k_accuracy(Actual(&[0, 1]), Predicted(&row), 1)), text);
        assert!(roc_auc(Actual(&[0, 1]), Predicted(&row)).is_ok(), "any score ranks");
    }
    let error = brier_score(Actual(&[0, 1]), Predicted(&array![[0.5, 0.75], [0.5, 0.5]]));
    assert_eq!(error, Err(Error::ColumnSum { operand: "predicted", example: 1, sum: 1.25 }));
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let p = array![[0.5, 0.25], [0.5, 0.75]];
    for error in metrics_of(&[0, 1, 1], &p) {
        assert_eq!(message(error), "actual and predicted differ in length: 3 and 2");
    }
    let classes =
        "the classes that occur in the labels and the classes of the scores differ in length";
    for error in metrics_of(&[0, 0], &p) {
        assert_eq!(message(error), format!("{classes}: 1 and 2"));
    }
    for error in metrics_of(&[0, 0, 0], &Array2::zeros((1, 3))) {
        assert_eq!(message(error), format!("{classes}: 1 and 2"));
    }
    for error in metrics_of(&[0, 1, 2], &Array2::zeros((1, 3))) {
        assert_eq!(message(error), format!("{classes}: 3 and 2"));
    }
    for error in metrics_of(&[], &Array2::zeros((2, 0))) {
        assert!(matches!(error, Err(Error::EmptyBatch { .. })));
    }
    for error in metrics_of(&[0, 1], &Array2::zeros((0, 2))) {
        assert!(matches!(error, Err(Error::ZeroSize { .. })));
    }
    let none: [usize; 0] = [];
    let empty = balanced_accuracy(Actual(&none), Predicted(&none));
    assert!(matches!(empty, Err(Error::EmptyBatch { .. })));
    assert_eq!(
        message(balanced_accuracy(Actual(&[1]), Predicted(&[1, 0]))),
        "actual and predicted differ in length: 1 and 2"
    );
    let (y, wide) = (Array2::<f32>::zeros((1, 2)), Array2::zeros((1, 3)));
    for error in [
        mean_absolute_error(Actual(&y), Predicted(&wide)),
        root_mean_squared_error(Actual(&y), Predicted(&wide)),
    ] {
        assert!(matches!(error, Err(Error::ShapeMismatch { .. })));
    }
    let nothing = Array2::<f64>::zeros((1, 0));
    let empty = mean_absolute_error(Actual(&nothing), Predicted(&nothing));
    assert!(matches!(empty, Err(Error::EmptyBatch { .. })));
}

#[test]
fn classes_that_do_not_fit_are_refused() {
    let p = array![[0.5, 0.25], [0.5, 0.75]];
    let of = |classes: &[usize], labels: [usize; 2]| {
        let p = Predicted(&p).of_classes(classes);
        let found = roc_auc(Actual(&labels), p);
        assert_eq!(average_precision(Actual(&labels), p).is_ok(), found.is_ok());
        found
    };
    assert_eq!(of(&[3, 7], [3, 7]), Ok(1.0));
    assert_eq!(of(&[3, 7], [3, 8]), Err(Error::UnknownLabel { example: 1, classes: 2 }));
    for unsorted in [[7, 3], [3, 3]] {
        let sorted = "inconsistent values: the classes of the scores must be sorted and distinct";
        assert_eq!(message(of(&unsorted, [3, 7])), sorted);
    }
    let text =
        "the classes of `of_classes` and the classes of the scores differ in length: 3 and 2";
    assert_eq!(message(of(&[3, 7, 9], [3, 7])), text);
    // The average precision needs no example of the first of two classes, the area does.
    let p = Predicted(&p).of_classes(&[3, 7]);
    assert_eq!(average_precision(Actual(&[7, 7]), p), Ok(1.0));
    let missing = |class| Err(Error::ClassSize { class, examples: 0, least: 1 });
    assert_eq!(roc_auc(Actual(&[7, 7]), p), missing(0));
    assert_eq!(average_precision(Actual(&[3, 3]), p), missing(1));
}

#[test]
fn k_is_from_1_to_the_number_of_classes() {
    let p = array![[0.5, 0.25], [0.25, 0.75], [0.25, 0.0]];
    let p = Predicted(&p).of_classes(&[0, 1, 2]);
    assert_eq!(top_k_accuracy(Actual(&[0, 2]), p, 3), Ok(1.0));
    let row = array![[0.25, 0.75]];
    assert_eq!(top_k_accuracy(Actual(&[1, 0]), Predicted(&row), 1), Ok(0.0));
    assert_eq!(top_k_accuracy(Actual(&[1, 0]), Predicted(&row), 2), Ok(1.0));
    let rule = "at least 1 and at most the number of classes";
    for k in [0, 4, usize::MAX] {
        let error = top_k_accuracy(Actual(&[0, 2]), p, k);
        assert_eq!(error, Err(Error::InvalidArgument { name: "k", value: k as f64, rule }));
    }
    let error = top_k_accuracy(Actual(&[1, 0]), Predicted(&row), 3);
    assert_eq!(error, Err(Error::InvalidArgument { name: "k", value: 3.0, rule }));
}

#[test]
fn equal_scores_are_one_threshold() {
    let labels = [0, 1, 0, 1];
    assert_eq!(roc_auc(Actual(&labels), Predicted(&array![[0.3, 0.3, 0.3, 0.3]])), Ok(0.5));
    assert_eq!(
        average_precision(Actual(&labels), Predicted(&array![[0.3, 0.3, 0.3, 0.3]])),
        Ok(0.5)
    );
    let zeros = array![[0.0, -0.0, 0.0, -0.0]];
    assert_eq!(roc_auc(Actual(&labels), Predicted(&zeros)), Ok(0.5));
    // Of two rows the second one counts.
    let both = array![[1.0, 1.0, 1.0, 1.0], [-5.0, 2.0, -1e300, 1e300]];
    assert_eq!(roc_auc(Actual(&labels), Predicted(&both)), Ok(1.0));
    assert_eq!(average_precision(Actual(&labels), Predicted(&both)), Ok(1.0));
}

#[test]
fn two_rows_of_probabilities_have_the_brier_score_of_the_second() {
    let p = array![[0.75, 0.5, 0.25], [0.25, 0.5, 0.75]];
    let second = array![[0.25, 0.5, 0.75]];
    let actual = Actual(&["no", "yes", "yes"]);
    assert_eq!(brier_score(actual, Predicted(&p)), Ok(0.125));
    assert_eq!(brier_score(actual, Predicted(&second)), Ok(0.125));
}

/// Also where it has the largest number, which sets the scale of the others, or none.
#[test]
fn a_weight_of_0_leaves_out_any_number() {
    let weights = array![1.0, 1.0, 1.0, 0.0];
    for other in [0.0, 1e170, -f64::MAX] {
        for (y, p) in [(other, 0.0), (0.0, other), (other, -other)] {
            let (y, p) = (array![[1.0, 2.0, 3.0, y]], array![[1.5, 2.5, 2.0, p]]);
            let actual = || Actual(&y).weighted(&weights);
            assert_eq!(r2(actual(), Predicted(&p)), Ok(0.25));
            let rmse = root_mean_squared_error(actual(), Predicted(&p)).unwrap();
            assert!((rmse - 0.5_f64.sqrt()).abs() < 1e-15, "{rmse}");
            let mae = mean_absolute_error(actual(), Predicted(&p)).unwrap();
            assert!((mae - 2.0 / 3.0).abs() < 1e-15, "{mae}");
        }
    }
    let (y, p) = (array![[1.0, 2.0, 3.0, f64::NAN]], array![[1.5, 2.5, 2.0, f64::INFINITY]]);
    assert_eq!(r2(Actual(&y).weighted(&weights), Predicted(&p)), Ok(0.25));
    let infinite = array![[f64::INFINITY; 4]];
    assert!(r2(Actual(&infinite).weighted(&weights), Predicted(&infinite)).unwrap().is_nan());
}

#[test]
fn differences_that_overflow_still_have_a_mean() {
    let (y, p) = (array![[0.0, 0.0, 0.0, 1.2e308]], array![[0.0, 0.0, 0.0, -1.2e308]]);
    let mae = mean_absolute_error(Actual(&y), Predicted(&p)).unwrap();
    assert!((mae / 6e307 - 1.0).abs() < 1e-15, "{mae}");
    let rmse = root_mean_squared_error(Actual(&y), Predicted(&p)).unwrap();
    assert!((rmse / 1.2e308 - 1.0).abs() < 1e-15, "{rmse}");
    let (y, ones) = (array![[1.7e308, -1.7e308, 0.0]], array![1.0, 1.0, 1.0]);
    assert_eq!(r2(Actual(&y).weighted(&ones), Predicted(&y)), Ok(1.0));
}

#[test]
fn a_deviance_has_the_scale_of_the_examples_that_count() {
    let deviance = |y: &[f64], rate: &[f64], weights: &[f64]| {
        let row = |values: &[f64]| Array2::from_shape_vec((1, values.len()), values.to_vec());
        let (y, rate) = (row(y).unwrap(), row(rate).unwrap());
        let weights = Array1::from(weights.to_vec());
        mean_poisson_deviance(Actual(&y).weighted(&weights), Predicted(&rate)).unwrap()
    };
    for scale in [1e-17, 1e-10, 1.0] {
        let alone = deviance(&[2.0 * scale], &[scale], &[1.0]);
        for other in [8e307, f64::MAX] {
            let weights = [1.0, 0.0];
            assert_eq!(deviance(&[2.0 * scale, other], &[scale, 1.0], &weights), alone);
            assert_eq!(deviance(&[2.0 * scale, 0.0], &[scale, other], &weights), alone);
        }
    }
    assert_eq!(deviance(&[1e308, 1.0], &[1e308, 1.0], &[1.0, 1.0]), 0.0);
    let mut rates = [1.0; 10];
    rates[0] = 1e308;
    assert_number("zeros", deviance(&[0.0; 10], &rates, &[1.0; 10]), 2e307, 1e-15);
    let near = |y: f64| deviance(&[y], &[y * (1.0 + 1e-9)], &[1.0]);
    assert!((1..3000).map(f64::from).all(|y| near(y) >= 0.0));
}

/// A weight of 1e-300 on the only example that differs from the rest, by 1 in the last place.
#[test]
fn small_weights_of_small_differences_do_not_underflow() {
    let (y, weights) = (array![[1.0, 1.0 + f64::EPSILON]], array![1.0, 1e-300]);
    let score = |p: f64| r2(Actual(&y).weighted(&weights), Predicted(&array![[1.0, p]]));
    assert_eq!(score(1.0 + f64::EPSILON), Ok(1.0));
    assert_eq!(score(1.0), Ok(0.0));
    assert_eq!(score(1.0 - f64::EPSILON), Ok(-3.0));
}

#[test]
fn the_mean_over_outputs_does_not_overflow() {
    let (y, p) = (array![[1e308], [1e308]], array![[0.0], [0.0]]);
    assert_eq!(mean_absolute_error(Actual(&y), Predicted(&p)), Ok(1e308));
    assert_eq!(root_mean_squared_error(Actual(&y), Predicted(&p)), Ok(1e308));
    let rates = array![[0.8e308], [0.8e308]];
    assert_eq!(mean_poisson_deviance(Actual(&p), Predicted(&rates)), Ok(1.6e308));
}

/// Such as logits. NaN stays NaN.
#[test]
fn a_log_loss_of_numbers_that_are_no_probabilities_is_refused() {
    let loss = |p: f64| log_loss(Actual(&[0, 1, 1]), Predicted(&array![[0.3, 0.5, p]]));
    for p in [-5.0, 1.000_001, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(message(loss(p)).contains("a probability, from 0 to 1"));
    }
    assert!(loss(f64::NAN).unwrap().is_nan());
    assert!(loss(0.0).unwrap() > 10.0);
}

#[test]
fn errors_of_large_and_small_values_do_not_overflow() {
    for scale in [1e300, 1e-300, 5e-324] {
        let (actual, predicted) =
            (array![[0.0, scale, 0.0, scale]], array![[scale, 0.0, scale, 0.0]]);
        let (actual, predicted) = (Actual(&actual), Predicted(&predicted));
        assert_eq!(root_mean_squared_error(actual, predicted), Ok(scale));
        assert_eq!(mean_absolute_error(actual, predicted), Ok(scale));
    }
    let (high, low) = (array![[f64::MAX]], array![[f64::MIN]]);
    let (high, low) = (Actual(&high), Predicted(&low));
    assert_eq!(mean_absolute_error(high, low), Ok(f64::INFINITY));
    assert_eq!(root_mean_squared_error(high, low), Ok(f64::INFINITY));
    let zero = array![[0.0_f32, 0.0]];
    assert_eq!(root_mean_squared_error(Actual(&zero), Predicted(&zero)), Ok(0.0));
}

fn check_rates<F: Float>(bound: f64) {
    let cases = cases("rates");
    assert!(
        cases
            .iter()
            .any(|(inputs, _)| matrix_of::<f64>(&inputs["actual"]).iter().any(|y| *y == 0.0))
    );
    for (inputs, expected) in cases {
        let (actual, predicted) =
            (matrix_of::<F>(&inputs["actual"]), matrix_of::<F>(&inputs["predicted"]));
        let (weights, p) = (weights_in::<F>(&inputs), Predicted(&predicted));
        let (plain, weighted) = (Actual(&actual), Actual(&actual).weighted(&weights));
        let found = [mean_poisson_deviance(plain, p), mean_poisson_deviance(weighted, p)];
        check("deviance", found, &expected["mean_poisson_deviance"], bound);
        // The mean over two equal outputs is that of one.
        let twice = |row: &Array2<F>| Array2::from_shape_fn((2, row.ncols()), |(_, i)| row[[0, i]]);
        let (y, rates) = (twice(&actual), twice(&predicted));
        let both = mean_poisson_deviance(Actual(&y), Predicted(&rates)).unwrap();
        assert_number("outputs", both, mean_poisson_deviance(plain, p).unwrap(), 1e-15);
    }
}

#[test]
fn deviances_of_counts_are_scikit_learns() {
    check_rates::<f64>(1e-13);
    check_rates::<f32>(1e-5);
}

#[test]
fn deviances_at_the_ends_of_the_numbers() {
    let deviance = |y: f64, rate: f64| {
        mean_poisson_deviance(Actual(&array![[y]]), Predicted(&array![[rate]])).unwrap()
    };
    for scale in [1e-300, 1.0, 1e300] {
        assert_eq!(deviance(0.0, scale), 2.0 * scale);
        assert_eq!(deviance(scale, scale), 0.0);
        let expected = 2.0 * (2.0_f64.ln() - 0.5) * scale;
        assert_number("deviance", deviance(scale, scale / 2.0) / scale, expected / scale, 1e-14);
    }
    // y/ŷ overflows or is 0, and the deviance is finite.
    let logarithm = 600.0 * 10.0_f64.ln();
    assert_number("deviance", deviance(1e300, 1e-300), 2e300 * (logarithm - 1.0), 1e-14);
    assert_number("deviance", deviance(1e-300, 1e300), 2e300, 1e-14);
    assert_eq!(deviance(f64::MAX, 5e-324), f64::INFINITY, "beyond the type");
    let rates = array![[f64::MAX / 4.0, f64::MAX / 4.0]];
    let zeros = array![[0.0, 0.0]];
    let found = mean_poisson_deviance(Actual(&zeros), Predicted(&rates)).unwrap();
    assert_eq!(found, f64::MAX / 2.0, "the sum of the terms is not finite");
}

#[test]
fn counts_below_0_and_rates_that_are_not_above_0_are_refused() {
    let fine = array![[1.0, 0.5], [2.0, 3.0]];
    for wrong in [0.0, -0.0, -0.25] {
        let rates = array![[1.0, 0.5], [2.0, wrong]];
        let error = mean_poisson_deviance(Actual(&fine), Predicted(&rates)).unwrap_err();
        assert_eq!(error.to_string(), format!("predicted[1, 1] is {wrong}, but must be above 0"));
        let position = Position::Entry { row: 1, column: 1 };
        assert!(matches!(error, Error::InvalidValue { position: found, .. } if found == position));
    }
    let counts = array![[1.0, -0.25], [0.0, 3.0]];
    let error = mean_poisson_deviance(Actual(&counts), Predicted(&fine)).unwrap_err();
    assert_eq!(error.to_string(), "actual[0, 1] is -0.25, but must be at least 0");
    let other = array![[1.0, 0.5]];
    let error = mean_poisson_deviance(Actual(&fine), Predicted(&other)).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let weights = array![1.0, -1.0];
    let error = mean_poisson_deviance(Actual(&fine).weighted(&weights), Predicted(&fine));
    assert!(matches!(error, Err(Error::InvalidValue { operand: "weights", .. })), "{error:?}");
    let empty = Array2::<f64>::zeros((1, 0));
    let error = mean_poisson_deviance(Actual(&empty), Predicted(&empty));
    assert!(matches!(error, Err(Error::EmptyBatch { .. })), "{error:?}");
}

/// A value of weight 0 does not make an output vary.
#[test]
fn a_constant_output_is_constant_where_weights_are_above_0() {
    let (actual, predicted) = (array![[2.0, 7.0, 2.0]], array![[2.0, 1.0, 2.0]]);
    let weights = array![1.0, 0.0, 3.0];
    let score =
        |predicted: &Array2<f64>| r2(Actual(&actual).weighted(&weights), Predicted(predicted));
    assert_eq!(score(&predicted), Ok(1.0));
    assert_eq!(score(&array![[2.0, 7.0, 2.5]]), Ok(0.0));
    assert_eq!(score(&array![[2.0, f64::NAN, 2.0]]), Ok(1.0));
    assert!(score(&array![[f64::NAN, 7.0, 2.0]]).unwrap().is_nan());
    let position = Position::Entry { row: 0, column: 1 };
    let error = mean_absolute_error(
        Actual(&actual).weighted(&weights),
        Predicted(&array![[2.0, f64::NAN, 2.0]]),
    );
    let Err(Error::NotFinite { position: found, .. }) = error else { panic!("{error:?}") };
    assert_eq!(found, position);
}
