//! The backward pass: NaN, outputs of 0 and 1, and gradients as values.

mod central_differences;

use crate::support::{ACTIVATIONS, SMOOTH_ACTIVATIONS, alternating, message, network, random};
use dnn_blocks::backward::output_gradient;
use dnn_blocks::ndarray::{Array2, Axis, array, concatenate, s};
use dnn_blocks::prelude::*;

#[test]
fn gradients_join_only_with_their_own_biases() {
    let layers = vec![
        LayerGradients { dw: array![[1.0, 2.0]], db: array![[1.0]] },
        LayerGradients { dw: array![[1.0]], db: array![[1.0, 2.0]] },
    ];
    assert_eq!(
        message(Gradients::from_layers(layers)),
        "layer 2: dW (1, 1) and db (1, 2) do not fit: db must be one column with as many rows as dW"
    );
}

#[test]
fn nan_reaches_the_output_the_cost_and_the_gradients() {
    for hidden in ACTIVATIONS.into_iter().chain(SMOOTH_ACTIVATIONS) {
        for output in ACTIVATIONS {
            let parameters = network::<f64>(&[3, 4, 1], 5).with_activations(hidden, output);
            let mut x = random(3, 2, 6);
            x[[1, 0]] = f64::NAN;
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            assert!(al[[0, 0]].is_nan(), "{hidden} {output}");
            assert!(compute_cost(&al, &alternating(2)).unwrap().is_nan(), "{hidden} {output}");
            let gradients = l_model_backward(&al, &alternating(2), &caches).unwrap();
            assert!(gradients.layers()[0].dw.iter().any(|d| d.is_nan()), "{hidden} {output}");
            assert_eq!(predict(&x, &parameters).unwrap()[[0, 0]], 0.0);
        }
    }
}

#[test]
fn a_saturated_wrong_output_still_learns() {
    let layer = Layer { w: array![[30.0_f32]], b: array![[0.0]], activation: Activation::Sigmoid };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let (al, caches) = l_model_forward(array![[1.0]], &parameters).unwrap();
    let gradients = l_model_backward(&al, &array![[0.0]], &caches).unwrap();
    assert_eq!((al[[0, 0]], gradients.layers()[0].dw[[0, 0]]), (1.0, 1.0));
}

/// For outputs other than a sigmoid the pass equals the blocks for AL in (0, 1), and is finite at 0
/// and 1.
#[test]
fn other_outputs_start_at_the_blocks_and_stay_finite_at_0_and_1() {
    let parameters =
        network::<f64>(&[2, 1], 5).with_activations(Activation::Relu, Activation::Identity);
    let x = random(2, 6, 6);
    let (_, caches) = l_model_forward(&x, &parameters).unwrap();
    let y = array![[0.0, 1.0, 0.0, 1.0, 0.3, -0.8]];
    let al = array![[1e-300, 1e-300, 0.7, 0.7, 0.999, 0.4]];
    let dal = output_gradient(&al, &y).unwrap();
    let (_, blocks) = linear_activation_backward(dal.clone(), &caches[0]).unwrap();
    let composed = l_model_backward(&al, &y, &caches).unwrap();
    assert_eq!(composed.layers()[0], blocks);

    // `dX` comes from a whole pass, in which the output is the first feature.
    let layer = Layer { w: array![[1.0, 0.5]], b: array![[0.0]], activation: Activation::Identity };
    let first_feature = Parameters::from_layers(vec![layer]).unwrap();
    let x = concatenate![Axis(0), al, Array2::zeros((1, 6))];
    let (_, caches) = l_model_forward(&x, &first_feature).unwrap();
    let (dx, blocks) = linear_activation_backward(dal, &caches[0]).unwrap();
    let mut workspace = Workspace::new(&first_feature, 6).unwrap();
    let pass = workspace.forward(&x, &first_feature).unwrap();
    assert_eq!(pass.al(), al);
    let (composed, composed_dx) = pass.backward_with_dx(&y).unwrap();
    assert_eq!((&composed.layers()[0], composed_dx), (&blocks, dx.view()));

    let at_the_ends = [(0.0, 0.0, 1.0), (1.0, 1.0, -1.0), (0.0, 1.0, -1e12), (1.0, 0.0, 1e12)];
    for (al, y, dz) in at_the_ends {
        let (_, caches) = l_model_forward(array![[1.0], [0.0]], &parameters).unwrap();
        let gradients = l_model_backward(&array![[al]], &array![[y]], &caches).unwrap();
        assert_eq!(gradients.layers()[0].db, array![[dz]], "{al} {y}");
    }
    let dal = output_gradient(&array![[0.0, 1.0, 0.0]], &array![[1.0, 0.0, 0.0]]).unwrap();
    assert_eq!(dal.slice(s![0, ..2]).to_vec(), [f64::NEG_INFINITY, f64::INFINITY]);
    assert!(dal[[0, 2]].is_nan(), "the course's formula as it stands");
}

#[test]
fn gradients_are_equal_if_all_their_numbers_are() {
    let parameters = network::<f64>(&[2, 3, 1], 5);
    let zeros = Gradients::zeros_like(&parameters);
    let mut other = zeros.clone();
    other.layers_mut()[1].db[[0, 0]] = 0.5;
    assert_ne!(other, zeros);
    other.layers_mut()[1].db[[0, 0]] = 0.0;
    assert_eq!(other, zeros);
    assert_ne!(Gradients::zeros_like(&network::<f64>(&[2, 3, 3, 1], 5)), zeros);
}
