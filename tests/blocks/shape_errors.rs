//! Errors for wrong shapes, sizes of 0 and sizes beyond memory, and their messages.

use crate::support::{alternating, message, network, random};
use dnn_blocks::Error;
use dnn_blocks::activation::{relu, sigmoid, tanh_backward};
use dnn_blocks::backward::output_gradient;
use dnn_blocks::data::split;
use dnn_blocks::error::Cause;
use dnn_blocks::forward::LinearCache;
use dnn_blocks::ndarray::{Array2, ArrayRef2, ArrayView2, ShapeBuilder, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::batches::random_mini_batches;

/// A huge matrix that owns one number.
fn broadcast(element: &[f64; 1], rows: usize, columns: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((rows, columns).strides((0, 0)), element).unwrap()
}

#[test]
fn shape_errors_name_the_layer_and_both_shapes() {
    let mut parameters = network::<f64>(&[3, 5, 4, 1], 5);
    parameters.layers_mut()[1].w = Array2::zeros((4, 9));
    let x = random(3, 7, 6);
    let expected = "layer 2: W (4, 9) and A_prev (5, 7) do not fit: \
                    columns of W must equal rows of A_prev (one example per column)";
    assert_eq!(message(l_model_forward(&x, &parameters)), expected);
    assert_eq!(message(predict(&x, &parameters)), expected);

    let mut parameters = network::<f64>(&[3, 5, 1], 5);
    parameters.layers_mut()[1].b = array![[0.0, 0.0]];
    let expected = "layer 2: W (1, 5) and b (1, 2) do not fit: \
                    b must be one column with as many rows as W";
    assert_eq!(message(l_model_forward(&x, &parameters)), expected);
    assert_eq!(message(Parameters::from_layers(parameters.layers().to_vec())), expected);

    let mut layers = network::<f64>(&[3, 5, 1], 5).layers().to_vec();
    layers[1].w = Array2::zeros((1, 4));
    assert_eq!(
        message(Parameters::from_layers(layers)),
        "layer 2: W (1, 4) and W_prev (5, 3) do not fit: columns of W must equal rows of W_prev"
    );

    let (w, b) = (array![[1.0, 2.0]], array![[0.0]]);
    let expected = "W (1, 2) and A_prev (3, 7) do not fit: \
                    columns of W must equal rows of A_prev (one example per column)";
    assert_eq!(message(linear_forward(&x, &w, &b)), expected);
    let relu = Activation::Relu;
    assert_eq!(message(linear_activation_forward(&x, &w, &b, relu)), expected);
    let cache = LinearCache { a_prev: x.view().into(), w: &w, b: &b };
    assert_eq!(message(linear_backward(&array![[1.0]], &cache)), expected);
}

#[test]
fn backward_errors_name_the_layer_and_both_shapes() {
    let (x, y, parameters) = (random(3, 7, 6), alternating(7), network::<f64>(&[3, 5, 4, 1], 5));
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    assert_eq!(message(l_model_backward(&al, &y, &[])), Error::NoLayers.to_string());
    assert_eq!(
        message(l_model_backward(&al, &alternating(6), &caches)),
        "layer 3: AL (1, 7) and Y (1, 6) do not fit: shapes must be equal"
    );
    assert_eq!(
        message(l_model_backward(&alternating(6), &alternating(6), &caches)),
        "layer 3: AL (1, 6) and Z (1, 7) do not fit: shapes must be equal"
    );
    let mixed = [caches[0].clone(), caches[2].clone()];
    let options = BackwardOptions::new(Cost::BinaryCrossEntropy).dx(true);
    assert_eq!(
        message(backpropagate(&al, &y, &mixed, options)),
        "layer 1: dA (4, 7) and Z (5, 7) do not fit: shapes must be equal"
    );
    let mut broken = caches.clone();
    broken[1].linear.a_prev = random(5, 6, 6).into();
    assert_eq!(
        message(l_model_backward(&al, &y, &broken)),
        "layer 2: dZ (4, 7) and Z (4, 6) do not fit: shapes must be equal"
    );
    let mut broken = caches.clone();
    broken[0].linear.a_prev = random(3, 6, 6).into();
    assert_eq!(
        message(l_model_backward(&al, &y, &broken)),
        "layer 1: dZ (5, 7) and Z (5, 6) do not fit: shapes must be equal"
    );
    let mut broken = caches.clone();
    broken[1].activation.z = random(4, 6, 6);
    assert_eq!(
        message(l_model_backward(&al, &y, &broken)),
        "layer 2: dA (4, 7) and Z (4, 6) do not fit: shapes must be equal"
    );
    assert_eq!(
        message(linear_activation_backward(random(5, 6, 6), &caches[0])),
        "dA (5, 6) and Z (5, 7) do not fit: shapes must be equal"
    );
    assert_eq!(
        message(tanh_backward(random::<f64>(1, 2, 6), &random(2, 1, 6))),
        "dA (1, 2) and Z (2, 1) do not fit: shapes must be equal"
    );
}

#[test]
fn nothing_broadcasts_but_the_bias() {
    let (one, many) = (array![[0.5]], Array2::from_elem((1, 5), 0.5));
    for (a, b) in [(&one, &many), (&many, &one)] {
        assert!(matches!(compute_cost(a, b), Err(Error::ShapeMismatch { .. })));
        assert!(matches!(output_gradient(a, b), Err(Error::ShapeMismatch { .. })));
        assert!(matches!(sigmoid_like(a, b), Err(Error::ShapeMismatch { .. })));
    }
    let w = array![[1.0], [2.0]];
    assert!(matches!(linear_forward(&many, &w, &one), Err(Error::ShapeMismatch { .. })));
    let mut parameters = network::<f64>(&[2, 1], 5);
    let tiny = LayerGradients { dw: one.clone(), db: one };
    let gradients = Gradients::from_layers(vec![tiny]).unwrap();
    assert_eq!(
        message(update_parameters(&mut parameters, &gradients, 0.1)),
        "layer 1: W (1, 2) and dW (1, 1) do not fit: shapes must be equal"
    );
}

fn sigmoid_like(da: &Array2<f64>, z: &ArrayRef2<f64>) -> dnn_blocks::Result<Array2<f64>> {
    Activation::Sigmoid.backward(da.clone(), z)
}

#[test]
fn empty_batches_and_sizes_of_0_are_refused() {
    let parameters = network::<f64>(&[3, 2, 1], 5);
    let expected = "layer 1: A_prev (3, 0) has no examples: a batch needs at least one column";
    assert_eq!(message(l_model_forward(random(3, 0, 6), &parameters)), expected);
    assert_eq!(message(predict(random(3, 0, 6), &parameters)), expected);
    for empty in [random::<f64>(1, 0, 6), random(0, 3, 6), random(0, 0, 6)] {
        let refused = |e| matches!(e, Some(Error::EmptyBatch { .. } | Error::ZeroSize { .. }));
        assert!(refused(compute_cost(&empty, &empty).err()));
        assert!(refused(output_gradient(&empty, &empty).err()));
        let (w, b) = (array![[1.0]], array![[1.0]]);
        let cache = LinearCache { a_prev: empty.view().into(), w: &w, b: &b };
        assert!(linear_backward(&empty, &cache).is_err());
        assert!(sigmoid(&empty).unwrap().is_empty());
    }
    let (w, b) = (Array2::<f64>::zeros((0, 3)), Array2::zeros((0, 1)));
    assert_eq!(
        message(linear_forward(random(3, 2, 6), &w, &b)),
        "W (0, 3) is empty: every size must be at least 1"
    );
    let layer = Layer { w, b, activation: Activation::Relu };
    assert!(matches!(
        Parameters::from_layers(vec![layer]),
        Err(Error::ZeroSize { layer: Some(1), .. })
    ));
    assert_eq!(Parameters::<f64>::from_layers(vec![]).unwrap_err(), Error::NoLayers);
    assert_eq!(Gradients::<f64>::from_layers(vec![]).unwrap_err(), Error::NoLayers);
    let most = usize::MAX;
    for (dims, number) in
        [([0, 3, 1], 1), ([3, 0, 1], 1), ([3, 2, 0], 2), ([most, 0, 1], 1), ([0, most, 1], 1)]
    {
        let rng = &mut NumpyRandom::seed(1);
        let error = initialize_parameters_deep::<f64>(&dims, Initializer::He, rng).unwrap_err();
        assert!(matches!(error, Error::ZeroSize { layer: Some(l), .. } if l == number), "{error}");
    }
}

#[test]
fn sizes_beyond_counting_or_memory_are_errors() {
    let rng = &mut NumpyRandom::seed(1);
    for dims in [[usize::MAX, 2], [2, usize::MAX], [1 << 32, 1 << 32], [1 << 30, 1 << 30]] {
        for initializer in [Initializer::Zeros, Initializer::Xavier] {
            let error = initialize_parameters_deep::<f64>(&dims, initializer, rng).unwrap_err();
            assert!(matches!(error, Error::TooLarge { layer: Some(1), .. }), "{error}");
        }
    }
    let error = initialize_parameters::<f32>(3, 1 << 46, 1 << 46, rng).unwrap_err();
    assert!(matches!(error, Error::TooLarge { layer: Some(1), .. }), "{error}");

    let huge = 1 << 45;
    let (one, w, b) = ([1.0], array![[1.0], [1.0]], array![[0.0], [0.0]]);
    let x = broadcast(&one, 1, huge);
    let expected = format!("Z (2, {huge}) does not fit in memory");
    assert_eq!(message(linear_forward(x, &w, &b)), expected);
    let layer = Layer { w: w.clone(), b: b.clone(), activation: Activation::Relu };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    assert_eq!(
        message(predict(x, &parameters)),
        format!("layer 1: A (2, {huge}) does not fit in memory")
    );
    assert!(matches!(relu(&x), Err(Error::TooLarge { .. })));
    assert!(matches!(output_gradient(&x, &x), Err(Error::TooLarge { .. })));
    let (w, b) = (broadcast(&one, 1 << 50, 1), broadcast(&one, 1 << 50, 1));
    let x = broadcast(&one, 1, 1 << 50);
    assert!(matches!(linear_forward(x, &w, &b), Err(Error::TooLarge { .. })));
}

/// Views of one number with more elements than any memory holds.
#[test]
fn sizes_that_no_array_can_have_are_errors() {
    let (one, huge) = ([1.0], 1 << 60);
    let (w, b, x) = (broadcast(&one, 4, huge), broadcast(&one, 4, 1), broadcast(&one, huge, 4));
    let (w3, b3) = (array![[1.0, 1.0, 1.0]], array![[0.0]]);
    let refused = |error: Option<Error>| matches!(error, Some(Error::TooLarge { .. }));
    assert!(refused(linear_forward(x, &w, &b).err()));
    assert!(refused(linear_forward(broadcast(&one, 3, 1 << 61), &w3, &b3).err()));
    let rng = &mut NumpyRandom::seed(1);
    assert!(refused(
        random_mini_batches(&broadcast(&one, 1 << 50, 1), &array![[1.0]], 1, rng).err()
    ));
    let (long, y) = (broadcast(&one, 1, huge), broadcast(&one, 1, huge));
    assert!(refused(random_mini_batches(&long, &y, huge, rng).err()));
    assert!(refused(random_mini_batches(&long, &y, 1, rng).err()));
    assert!(refused(predicted_classes(&long).err()));
    assert!(refused(Batches::from_shard(long, y, 4, 0, huge).err()));
    assert!(refused(split(usize::MAX, 0.5, rng).err()));
    assert!(refused(split(huge, 0.5, rng).err()));
    let most = usize::MAX / 2;
    assert!(refused(compute_cost(&broadcast(&one, 1, most), &broadcast(&one, 1, most)).err()));
}

#[test]
fn a_gradient_that_does_not_fit_in_memory_is_an_error() {
    let (one, dz) = ([1.0], array![[1.0]]);
    let (w, b) = (broadcast(&one, 1, 1 << 45), array![[0.0]]);
    let cache = LinearCache { a_prev: broadcast(&one, 1 << 45, 1).into(), w: &w, b: &b };
    assert!(matches!(linear_backward(&dz, &cache), Err(Error::TooLarge { .. })));
}

/// `fn main() -> Result<(), Error>` ends with the message.
#[test]
fn errors_print_their_message_for_debugging() {
    let (x, y, parameters) = (random(3, 7, 6), alternating(6), network::<f64>(&[3, 5, 1], 5));
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    let rng = &mut NumpyRandom::seed(1);
    for (error, expected) in [
        (
            l_model_backward(&al, &y, &caches).unwrap_err(),
            "layer 2: AL (1, 7) and Y (1, 6) do not fit: shapes must be equal",
        ),
        (split(5, 1.5, rng).unwrap_err(), "test_share is 1.5, but must be above 0 and below 1"),
        (
            Standardizer::fit(&array![[1.0, f64::NAN]]).unwrap_err(),
            "X[feature 0, example 1] is NaN",
        ),
        (Error::NotFitted, "the model has not been fitted"),
    ] {
        assert_eq!(format!("{error:?}"), expected);
        assert_eq!(format!("{error:#?}"), expected);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn causes_compare_and_print_by_their_text() {
    let cause = Cause::new("no space left on the device");
    assert_eq!(cause, Cause::new(cause.to_string()));
    assert_ne!(cause, Cause::new("no such folder"));
    assert_eq!(format!("{cause:?}"), "no space left on the device");
    let checkpoint = |cause: &Cause| Error::Checkpoint { cause: cause.clone() };
    assert_ne!(checkpoint(&cause), checkpoint(&Cause::new("no such folder")));
}

/// The cause of a failed fit with checkpoints is the error of the file.
#[cfg(feature = "safetensors")]
#[test]
fn the_source_of_a_checkpoint_error_is_the_error_of_the_file() {
    use dnn_blocks::files::{Checkpoints, FileError};
    use std::error::Error as _;
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    std::fs::write(folder.path().join("checkpoint-00000001.safetensors"), [0; 8]).unwrap();
    let options = FitOptions::new().checkpoints(&checkpoints);
    let mut model = Classifier::<f64, usize>::new(Hyperparameters::plain().batch_size(2));
    let x = random(2, 4, 6);
    let error = model.fit_with(Examples::columns(&x), &[0, 1, 0, 1], options).unwrap_err();
    assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
    let source = error.source().unwrap().downcast_ref::<FileError>().unwrap();
    assert!(matches!(source, FileError::Malformed { format: "safetensors", .. }), "{source}");
    assert_eq!(error.to_string(), format!("checkpoint: {source}"));
    assert_eq!(format!("{error:?}"), error.to_string());
    assert_eq!(format!("{source:?}"), source.to_string());
    assert_eq!(error.clone(), error);
}
