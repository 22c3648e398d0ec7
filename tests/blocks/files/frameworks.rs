//! Networks of PyTorch, Keras and scikit-learn give the same outputs here.

use dnn_blocks::files::{FileError, Limits, Module, Tensors};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A file that tests/data/frameworks.py made.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/frameworks").join(name)
}

fn matrix_of_rows(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    let shape = (rows.len(), rows[0].len());
    Array2::from_shape_vec(shape, rows.concat()).unwrap()
}

/// The examples and the outputs of a network, both (examples, …).
pub fn outputs(network: &str) -> (Array2<f64>, Array2<f64>) {
    let text = std::fs::read_to_string(file("outputs.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    (matrix_of_rows(&json["x"]), matrix_of_rows(&json["outputs"][network]))
}

fn load<F: Float>(name: &str) -> Tensors<F> {
    let limits = Limits::default();
    if name.ends_with(".npz") {
        return Tensors::load_npz(file(name), &limits).unwrap();
    }
    #[cfg(feature = "safetensors")]
    return Tensors::load_safetensors(file(name), &limits).unwrap();
    #[cfg(not(feature = "safetensors"))]
    unreachable!()
}

/// The formats of a network that can be read.
fn both(name: &str) -> Vec<String> {
    let mut names = vec![format!("{name}.npz")];
    if cfg!(feature = "safetensors") {
        names.push(format!("{name}.safetensors"));
    }
    names
}

#[track_caller]
fn says_the_same<F: Float>(network: &str, parameters: &Parameters<F>, tolerance: f64) {
    let (x, expected) = outputs(network);
    let al = predict_proba(x.t().mapv(F::of), parameters).unwrap();
    let largest = al
        .t()
        .iter()
        .zip(&expected)
        .fold(0.0, |largest, (a, expected)| f64::max(largest, (a.as_f64() - expected).abs()));
    assert_eq!(al.t().dim(), expected.dim());
    assert!(largest < tolerance, "{network}: {largest}");
}

#[test]
fn modules_of_other_activations_are_read_with_their_layer() {
    use dnn_blocks::ndarray::array;
    for activation in crate::support::SMOOTH_ACTIVATIONS {
        let mut state = Tensors::new();
        state.insert("0.weight", array![[1.0, 2.0]].into_dyn()).unwrap();
        state.insert("2.weight", array![[3.0]].into_dyn()).unwrap();
        let modules = [Module::Linear, Module::Activation(activation), Module::Linear];
        let parameters: Parameters<f64> = state.clone().torch_sequential(&modules).unwrap();
        assert_eq!(parameters.layers()[0].activation, activation);
        assert_eq!(parameters.layers()[1].activation, Activation::Identity);
        let twice = [Module::Linear, Module::Relu, Module::Activation(activation)];
        let error = state.torch_sequential(&twice).unwrap_err().to_string();
        assert!(
            error.contains("module 2") && error.contains("does not follow a Linear"),
            "{error}"
        );
    }
}

const DEEP: [Module; 7] = [
    Module::Linear,
    Module::Relu,
    Module::Dropout,
    Module::Linear,
    Module::Tanh,
    Module::Linear,
    Module::Softmax,
];

#[test]
fn pytorch() {
    for name in both("torch_f64") {
        let parameters = load::<f64>(&name).torch_sequential(&DEEP).unwrap();
        says_the_same("torch_f64", &parameters, 1e-12);
    }
    let modules = [Module::Linear, Module::LeakyRelu(0.2), Module::Linear, Module::Sigmoid];
    for name in both("torch_f32") {
        let parameters = load::<f32>(&name).torch_sequential(&modules).unwrap();
        assert!(parameters.layers()[0].b.iter().all(|b| *b == 0.0), "it has no bias");
        says_the_same("torch_f32", &parameters, 1e-6);
    }
}

#[test]
fn modules_that_are_not_those_of_the_state_are_errors() {
    let read =
        |modules: &[Module]| load::<f64>("torch_f64.npz").torch_sequential(modules).unwrap_err();
    assert!(matches!(read(&DEEP[..4]), FileError::Unexpected { .. }));
    assert!(matches!(read(&DEEP[1..]), FileError::Malformed { .. }));
    assert!(matches!(read(&[]), FileError::Unexpected { .. }));
    let mut twice = DEEP.to_vec();
    twice.insert(2, Module::Tanh);
    assert!(matches!(read(&twice), FileError::Malformed { .. } | FileError::Missing { .. }));
    let mut shifted = DEEP.to_vec();
    shifted.remove(2);
    assert!(matches!(read(&shifted), FileError::Missing { .. }));
    let none = Tensors::<f64>::new().torch_sequential(&[Module::Linear]).unwrap_err();
    assert_eq!(none.to_string(), "0.weight is missing");
}

#[cfg(feature = "safetensors")]
#[test]
fn numbers_of_half_the_size_are_an_error() {
    let error = Tensors::<f32>::load_safetensors(file("half.safetensors"), &Limits::default());
    assert_eq!(error.unwrap_err().to_string(), "0.weight is of type BF16, not f32");
}

#[test]
fn keras() {
    let layers = [
        ("dense", Activation::Relu),
        ("dense_1", Activation::Tanh),
        ("dense_2", Activation::Softmax),
    ];
    for name in both("keras") {
        let parameters = load::<f32>(&name).strip_prefix("net/").keras_dense(&layers).unwrap();
        says_the_same("keras", &parameters, 1e-6);
    }
    let weights = load::<f32>("keras_weights.npz");
    let activations = layers.map(|(_, activation)| activation);
    says_the_same("keras", &weights.keras_weights(&activations).unwrap(), 1e-6);
    let missing = load::<f32>("keras.npz").keras_dense(&layers).unwrap_err();
    assert_eq!(missing.to_string(), "dense/kernel is missing");
    let fewer =
        load::<f32>("keras.npz").strip_prefix("net/").keras_dense(&layers[..2]).unwrap_err();
    assert!(matches!(fewer, FileError::Unexpected { .. }), "{fewer}");
    let mut wrong = layers;
    wrong.swap(0, 1);
    let error = load::<f32>("keras.npz").strip_prefix("net/").keras_dense(&wrong).unwrap_err();
    assert!(matches!(error, FileError::Model(dnn_blocks::Error::ShapeMismatch { .. })), "{error}");
}

#[test]
fn scikit_learn() {
    for (name, hidden, output) in [
        ("sklearn_classifier", Activation::Sigmoid, Activation::Softmax),
        ("sklearn_binary", Activation::Tanh, Activation::Sigmoid),
        ("sklearn_regressor", Activation::Relu, Activation::Identity),
    ] {
        let tensors = load::<f64>(&format!("{name}.npz"));
        says_the_same(name, &tensors.sklearn_mlp(hidden, output).unwrap(), 1e-12);
    }
    let none =
        Tensors::<f64>::new().sklearn_mlp(Activation::Relu, Activation::Sigmoid).unwrap_err();
    assert_eq!(none.to_string(), "coefs_0 is missing");
    let mut gap = load::<f64>("sklearn_classifier.npz");
    gap.remove("coefs_1");
    let error = gap.sklearn_mlp(Activation::Sigmoid, Activation::Softmax).unwrap_err();
    assert!(matches!(error, FileError::Unexpected { .. }), "{error}");
}

/// A matrix without columns takes no byte of a file and may have any number of rows, for which the
/// reader makes no bias.
#[test]
fn weights_of_no_size_are_an_error() {
    for rows in [0, 7, 1 << 40, (1 << 60) - 1] {
        let mut state = Tensors::<f64>::new();
        state.insert("0.weight", Array2::zeros((rows, 0)).into_dyn()).unwrap();
        let error = state.torch_sequential(&[Module::Linear]).unwrap_err();
        let expected = format!("layer 1: W ({rows}, 0) is empty");
        assert!(error.to_string().starts_with(&expected), "{error}");
        let mut weights = Tensors::<f64>::new();
        weights.insert("d/kernel", Array2::zeros((0, rows)).into_dyn()).unwrap();
        weights.insert("d/bias", dnn_blocks::ndarray::arr1::<f64>(&[]).into_dyn()).unwrap();
        let error = weights.keras_dense(&[("d", Activation::Relu)]).unwrap_err();
        assert!(error.to_string().contains("is empty"), "{error}");
    }
}
