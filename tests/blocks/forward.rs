//! The forward pass: borrowed and copied arguments, and refused ones.

use crate::support::{alternating, network, random};
use dnn_blocks::ndarray::s;
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::{L_model_backward, L_model_forward};

#[test]
fn a_forward_pass_copies_no_input_and_no_weight() {
    let (x, parameters) = (random(3, 7, 6), network::<f64>(&[3, 5, 1], 5));
    let (_, caches) = l_model_forward(&x, &parameters).unwrap();
    assert_eq!(caches[0].linear.a_prev.as_ptr(), x.as_ptr());
    assert_eq!(caches[1].linear.w.as_ptr(), parameters.layers()[1].w.as_ptr());
    assert!(caches[0].linear.a_prev.is_view() && caches[1].linear.a_prev.is_owned());
    let at = x.as_ptr();
    let (_, caches) = l_model_forward(x, &parameters).unwrap();
    assert_eq!(caches[0].linear.a_prev.as_ptr(), at);
    assert!(caches[0].linear.a_prev.is_owned());
}

#[test]
#[allow(clippy::needless_borrows_for_generic_args)] // a borrowed view is one of the forms
fn inputs_are_lent_given_or_sliced() {
    let (x, y, parameters) = (random(3, 7, 6), alternating(7), network::<f64>(&[3, 5, 1], 5));
    let expected = predict_proba(&x, &parameters).unwrap();
    assert_eq!(predict_proba(x.view(), &parameters).unwrap(), expected);
    assert_eq!(predict_proba(&x.view(), &parameters).unwrap(), expected);
    let part = predict_proba(x.slice(s![.., ..3]), &parameters).unwrap();
    assert!((&part - &expected.slice(s![.., ..3])).iter().all(|d| d.abs() < 1e-15));
    let (al, _) = l_model_forward(x, &parameters).unwrap();
    assert_eq!(al, expected);
    let whole = compute_cost(&al, &y).unwrap();
    let by_parts: f64 = [s![.., ..3], s![.., 3..]]
        .map(|part| {
            let al = al.slice(part);
            compute_cost(&al, &y.slice(part)).unwrap() * al.ncols() as f64
        })
        .iter()
        .sum();
    assert!((whole - by_parts / 7.0).abs() < 1e-15);
}

#[test]
fn the_two_spellings_are_one_function() {
    let (x, y, parameters) = (random(3, 7, 6), alternating(7), network::<f64>(&[3, 5, 1], 5));
    let (al, caches) = L_model_forward(&x, &parameters).unwrap();
    assert_eq!(al, l_model_forward(&x, &parameters).unwrap().0);
    let gradients = L_model_backward(&al, &y, &caches).unwrap();
    assert_eq!(gradients, l_model_backward(&al, &y, &caches).unwrap());
    let options = BackwardOptions::new(Cost::BinaryCrossEntropy).dx(true);
    assert_eq!(gradients, backpropagate(&al, &y, &caches, options).unwrap().gradients);
}
