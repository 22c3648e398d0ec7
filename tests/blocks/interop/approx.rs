//! Comparison of networks and gradients with a tolerance.

use crate::support::network;
use dnn_blocks::prelude::*;

#[test]
fn networks_and_gradients_compare_with_a_tolerance() {
    use approx::{AbsDiffEq, assert_abs_diff_eq, assert_relative_eq};
    let parameters = network::<f64>(&[3, 2, 1], 5);
    let mut near = parameters.clone();
    near.layers_mut()[1].w[[0, 1]] *= 1.0 + 1e-12;
    assert_relative_eq!(near, parameters, max_relative = 1e-11);
    assert!(near.abs_diff_ne(&parameters, 1e-16) && near != parameters);
    let other = near.clone().with_activations(Activation::Tanh, Activation::Sigmoid);
    assert!(other.abs_diff_ne(&near, 1.0), "other activations");
    assert!(network::<f64>(&[3, 2, 1, 1], 5).abs_diff_ne(&parameters, 1e9), "other depth");
    let gradients = Gradients::zeros_like(&parameters);
    let mut off = gradients.clone();
    assert_abs_diff_eq!(off, gradients);
    off.layers_mut()[0].db[[1, 0]] = 0.1;
    assert!(off.abs_diff_ne(&gradients, 0.09));
}
