//! A workspace gives what the blocks give, and names what does not fit it.

use super::{ACTIVATIONS, same_gradients};
use crate::support::{labels, network_with_biases, random, same};
use dnn_blocks::Error;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;

fn compare_workspace<F: Float>(dims: &[usize], hidden: Activation, output: Activation) {
    let parameters = network_with_biases::<F>(dims, hidden, output);
    let (features, units) = (dims[0], dims[dims.len() - 1]);
    let mut workspace = Workspace::new(&parameters, 33).unwrap();
    for (examples, seed) in [(33, 1), (7, 2), (1, 3), (33, 4)] {
        let x = random::<F>(features, examples, seed);
        let y = labels::<F>(units, examples);
        for x in [x.view(), x.t().as_standard_layout().t()] {
            let (al, caches) = l_model_forward(x, &parameters).unwrap();
            let (gradients, dx) = l_model_backward_with_dx(&al, &y, &caches).unwrap();
            let cost = compute_cost(&al, &y).unwrap();
            let pass = workspace.forward(x, &parameters).unwrap();
            assert!(same(&pass.al(), &al));
            assert_eq!(pass.cost(&y).unwrap().as_f64().to_bits(), cost.as_f64().to_bits());
            assert!(same_gradients(pass.backward(&y).unwrap(), &gradients));
            let pass = workspace.forward(x, &parameters).unwrap();
            let (fast, fast_dx) = pass.backward_with_dx(&y).unwrap();
            assert!(same_gradients(fast, &gradients) && same(&fast_dx, &dx));
        }
    }
}

#[test]
fn a_workspace_gives_the_bits_of_the_blocks() {
    for hidden in ACTIVATIONS {
        for output in ACTIVATIONS {
            compare_workspace::<f64>(&[3, 5, 4, 2], hidden, output);
            compare_workspace::<f32>(&[3, 5, 4, 2], hidden, output);
        }
        compare_workspace::<f64>(&[40, 70, 30, 1], hidden, Activation::Sigmoid);
        compare_workspace::<f32>(&[300, 30, 1], hidden, Activation::Sigmoid);
        compare_workspace::<f32>(&[9, 1], hidden, Activation::Sigmoid);
    }
}

#[test]
fn what_does_not_fit_a_workspace_is_named() {
    let parameters = network_with_biases::<f64>(&[3, 5, 1], Activation::Relu, Activation::Sigmoid);
    let other = network_with_biases::<f64>(&[3, 4, 1], Activation::Relu, Activation::Sigmoid);
    let deeper = network_with_biases::<f64>(&[3, 5, 2, 1], Activation::Relu, Activation::Sigmoid);
    let mut workspace = Workspace::new(&parameters, 10).unwrap();
    let mut message = |x: Array2<f64>, parameters: &Parameters<f64>| {
        workspace.forward(&x, parameters).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        message(Array2::zeros((4, 7)), &parameters),
        "layer 1: W (5, 3) and A_prev (4, 7) do not fit: columns of W = rows of A_prev"
    );
    assert_eq!(
        message(Array2::zeros((3, 11)), &parameters),
        "layer 1: X (3, 11) and workspace (3, 10) do not fit: at most the columns it was made for"
    );
    assert_eq!(
        message(Array2::zeros((3, 7)), &other),
        "layer 1: W (4, 3) and W of the workspace (5, 3) do not fit: same shape"
    );
    assert_eq!(
        workspace.forward(&Array2::zeros((3, 7)), &deeper).map(|_| ()),
        Err(Error::LayerCount { expected: 3, found: 2 })
    );
    assert!(matches!(
        workspace.forward(&Array2::zeros((3, 0)), &parameters).map(|_| ()),
        Err(Error::EmptyBatch { layer: Some(1), .. })
    ));
    let pass = workspace.forward(&Array2::zeros((3, 7)), &parameters).map(|pass| {
        (
            pass.cost(&Array2::zeros((1, 8))).map(|_| ()),
            pass.backward(&Array2::zeros((2, 7))).map(|_| ()),
        )
    });
    let (cost, gradients) = pass.unwrap();
    assert!(matches!(cost, Err(Error::ShapeMismatch { .. })));
    assert!(matches!(gradients, Err(Error::ShapeMismatch { layer: Some(2), .. })));
}

#[test]
fn a_workspace_too_large_for_memory_is_an_error() {
    let parameters = network_with_biases::<f64>(&[3, 5, 1], Activation::Relu, Activation::Sigmoid);
    let mut workspace = Workspace::new(&parameters, usize::MAX / 4).unwrap();
    assert!(matches!(
        workspace.forward(&Array2::zeros((3, 7)), &parameters).map(|_| ()),
        Err(Error::TooLarge { layer: Some(1), .. })
    ));
    let mut empty = Workspace::new(&parameters, 0).unwrap();
    assert!(empty.forward(&Array2::zeros((3, 1)), &parameters).is_err());
}
