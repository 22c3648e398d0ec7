//! A full batch is bit-identical to the blocks in any layout; wrong shapes are errors.

use super::{ACTIVATIONS, SMOOTH_ACTIVATIONS, same_parameters};
use crate::support::{labels, network_with_biases, random};
use dnn_blocks::Error;
use dnn_blocks::ndarray::{Array2, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;

fn compare_full_batch<F: Float>(dims: &[usize], m: usize, hidden: Activation, output: Activation) {
    let x = random::<F>(dims[0], m, 8);
    let y = labels::<F>(dims[dims.len() - 1], m);
    let mut expected = network_with_biases::<F>(dims, hidden, output);
    let mut descent = FullBatch::new(&x, &y, expected.clone()).unwrap();
    for step in 0..6 {
        let (al, caches) = l_model_forward(&x, &expected).unwrap();
        let cost = compute_cost(&al, &y).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        update_parameters(&mut expected, &gradients, 0.05).unwrap();
        let found = descent.step(0.05).unwrap();
        assert_eq!(found.as_f64().to_bits(), cost.as_f64().to_bits(), "{dims:?} step {step}");
        assert!(same_parameters(descent.parameters(), &expected), "{dims:?} step {step}");
        if step == 3 {
            expected.layers_mut()[0].w[[0, 0]] = F::of(0.125);
            descent.parameters_mut().layers_mut()[0].w[[0, 0]] = F::of(0.125);
        }
    }
    assert!(same_parameters(&descent.into_parameters(), &expected));
}

#[test]
fn a_full_batch_step_gives_the_bits_of_the_blocks() {
    for hidden in ACTIVATIONS.into_iter().chain(SMOOTH_ACTIVATIONS) {
        compare_full_batch::<f64>(&[2, 4, 1], 40, hidden, Activation::Sigmoid);
        compare_full_batch::<f64>(&[300, 7, 3], 21, hidden, Activation::Tanh);
        compare_full_batch::<f32>(&[130, 20, 1], 17, hidden, Activation::Sigmoid);
        compare_full_batch::<f64>(&[30, 1], 21, Activation::Sigmoid, hidden);
    }
    // Around one and two segments of X, with few and with many examples.
    for features in [2047, 2048, 2049, 4095, 4096, 4097, 6200] {
        for m in [19, 100] {
            compare_full_batch::<f64>(&[features, 7, 1], m, Activation::Relu, Activation::Sigmoid);
            compare_full_batch::<f32>(&[features, 20, 1], m, Activation::Relu, Activation::Sigmoid);
        }
    }
    // First layers with many units.
    compare_full_batch::<f64>(&[200, 60, 1], 30, Activation::Relu, Activation::Sigmoid);
    compare_full_batch::<f64>(&[4, 700, 1], 100, Activation::Relu, Activation::Sigmoid);
    compare_full_batch::<f64>(&[40, 100, 1], 200, Activation::Relu, Activation::Sigmoid);
}

/// Logistic regression on a table (examples, features), whose transposed view is `X`.
#[test]
fn a_full_batch_of_the_rows_of_a_table_gives_the_bits_of_the_blocks() {
    for (features, m) in [(17, 204), (17, 205), (30, 569), (3, 1000)] {
        let (table, y) = (random::<f64>(m, features, 8), labels::<f64>(1, m));
        let start =
            network_with_biases::<f64>(&[features, 1], Activation::Sigmoid, Activation::Sigmoid);
        let mut expected = start.clone();
        let mut descent = FullBatch::new(table.t(), &y, start).unwrap();
        for _ in 0..3 {
            let (al, caches) = l_model_forward(table.t(), &expected).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            update_parameters(&mut expected, &gradients, 0.1).unwrap();
            descent.step(0.1).unwrap();
        }
        assert!(same_parameters(descent.parameters(), &expected), "{features} {m}");
    }
}

#[test]
fn a_full_batch_takes_any_strides() {
    let (big, y) = (random::<f64>(60, 90, 8), labels::<f64>(1, 20));
    let mut weights =
        network_with_biases::<f64>(&[25, 6, 1], Activation::Tanh, Activation::Sigmoid);
    let turned = weights.layers()[0].w.t().as_standard_layout().into_owned();
    weights.layers_mut()[0].w = turned.reversed_axes();
    for x in [
        big.slice(s![..25, ..20]),
        big.slice(s![10..60;2, 5..85;4]),
        big.slice(s![..25;-1, ..20;-1]),
        big.t().slice_move(s![..25, ..20]),
    ] {
        let mut expected = weights.clone();
        let mut descent = FullBatch::new(x, &y, weights.clone()).unwrap();
        for _ in 0..4 {
            let (al, caches) = l_model_forward(x, &expected).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            update_parameters(&mut expected, &gradients, 0.1).unwrap();
            descent.step(0.1).unwrap();
        }
        assert!(same_parameters(descent.parameters(), &expected));
    }
}

#[test]
fn what_does_not_fit_a_full_batch_is_named() {
    let parameters =
        || network_with_biases::<f64>(&[3, 5, 1], Activation::Relu, Activation::Sigmoid);
    let make = |x: (usize, usize), y: (usize, usize)| {
        let (x, y) = (Array2::zeros(x), Array2::zeros(y));
        FullBatch::new(&x, &y, parameters()).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(make((3, 7), (1, 7)), Ok(()));
    assert!(make((4, 7), (1, 7)).unwrap_err().starts_with("layer 1: W (5, 3) and A_prev (4, 7)"));
    assert!(make((3, 7), (1, 6)).unwrap_err().starts_with("layer 2: AL (1, 7) and Y (1, 6)"));
    assert!(make((3, 0), (1, 0)).unwrap_err().contains("has no examples"));
    let (x, y) = (Array2::zeros((3, 7)), Array2::zeros((1, 7)));
    let mut descent = FullBatch::new(&x, &y, parameters()).unwrap();
    descent.step(0.1).unwrap();
    descent.parameters_mut().layers_mut()[0].w = Array2::zeros((6, 3));
    assert!(matches!(descent.step(0.1), Err(Error::ShapeMismatch { layer: Some(1), .. })));
}
