//! Models with frozen layers: these keep their weights, and the others learn.

use super::{clouds, fitted, quick};
use dnn_blocks::prelude::*;

/// Two hidden layers, and everything that moves or measures weights.
fn how() -> Hyperparameters {
    let how = quick().hidden(&[8, 6]).algorithm(Algorithm::ADAM_W).epochs(5);
    how.l2(0.1).keep_prob(0.9).clip_norm(1.0).seed(3)
}

/// Returns the numbers of the layers that are equal in both models, counted from 1.
fn equal_layers<L: Ord + Clone>(a: &Classifier<f64, L>, b: &Classifier<f64, L>) -> Vec<usize> {
    let [a, b] = [a, b].map(|model| model.parameters().unwrap().layers());
    (1..=a.len()).filter(|l| a[l - 1] == b[l - 1]).collect()
}

/// Models of one seed start alike: layers that are equal after different learning rates have not
/// moved.
#[test]
fn a_fit_moves_the_other_layers_only() {
    let (x, labels) = clouds(3, 60);
    for frozen in [&[][..], &[1], &[2], &[3], &[1, 2], &[1, 3]] {
        let fit = |rate: f64| fitted(how().frozen(frozen).learning_rate(rate), &x, &labels);
        let (slow, mut fast) = (fit(0.001), fit(0.03));
        assert_eq!(equal_layers(&slow, &fast), frozen);
        let before = fast.clone();
        for _ in 0..2 {
            fast.partial_fit(Examples::rows(&x), &labels).unwrap();
        }
        assert_eq!(equal_layers(&before, &fast), frozen);
    }
}

#[test]
fn a_regressor_with_a_frozen_layer_learns() {
    let (x, _) = clouds(2, 80);
    let y = x.map_axis(dnn_blocks::ndarray::Axis(1), |row| row[0] * 3.0 - row[1]);
    let y = y.insert_axis(dnn_blocks::ndarray::Axis(1));
    let mut model = Regressor::<f64>::new(quick().frozen(&[1]).epochs(60));
    let history = model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    assert!(history.epochs[59].cost < 0.5 * history.epochs[0].cost);
}

/// The numbers are checked against the network, whatever their order.
#[test]
fn the_order_of_the_numbers_does_not_matter() {
    let (x, labels) = clouds(2, 40);
    let a = fitted(how().frozen(&[1, 3]), &x, &labels);
    let b = fitted(how().frozen(&[3, 1]), &x, &labels);
    assert_eq!(equal_layers(&a, &b), [1, 2, 3]);
}

#[test]
fn a_fit_that_leaves_no_layer_to_train_is_an_error_and_keeps_the_model() {
    let (x, labels) = clouds(2, 40);
    for (frozen, expected) in [
        (&[1, 2, 3][..], "number of frozen layers is 3, but must be below the number of layers"),
        (&[4], "frozen is 4, but must be the number of a layer of the network"),
    ] {
        let mut model = Classifier::<f64, usize>::new(how().frozen(frozen));
        let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(model.parameters().is_none());
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_stored_model_learns_on_with_its_frozen_layers() {
    let (x, labels) = clouds(2, 40);
    let mut model = fitted(how().frozen(&[2]), &x, &labels);
    let text = serde_json::to_string(&model).unwrap();
    let mut again: Classifier<f64, usize> = serde_json::from_str(&text).unwrap();
    assert_eq!(again.hyperparameters().frozen, [2]);
    let before = model.clone();
    for model in [&mut model, &mut again] {
        model.partial_fit(Examples::rows(&x), &labels).unwrap();
    }
    assert_eq!(equal_layers(&model, &again), [1, 2, 3]);
    assert_eq!(equal_layers(&before, &model), [2]);
}
