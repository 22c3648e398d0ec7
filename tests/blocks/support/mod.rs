//! Fixtures and comparisons of several modules.

pub mod reference;
pub mod strides;

use dnn_blocks::init::RandomSource;
use dnn_blocks::ndarray::{Array2, ArrayRef2};
use dnn_blocks::prelude::*;
use std::fmt::Debug;

pub const ACTIVATIONS: [Activation; 5] = [
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::LeakyRelu(0.01),
    Activation::Identity,
];

pub const SMOOTH_ACTIVATIONS: [Activation; 7] = [
    Activation::Exponential,
    Activation::Softplus,
    Activation::Elu(1.0),
    Activation::Elu(-0.5),
    Activation::Silu,
    Activation::Gelu,
    Activation::GeluTanh,
];

pub const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::GradientDescent,
    Algorithm::MOMENTUM,
    Algorithm::ClassicalMomentum { beta: 0.9 },
    Algorithm::Nesterov { beta: 0.9 },
    Algorithm::RMS_PROP,
    Algorithm::ADAM,
    Algorithm::ADAM_W,
];

pub const COSTS: [Cost; 7] = [
    Cost::BinaryCrossEntropy,
    Cost::CategoricalCrossEntropy,
    Cost::MeanSquaredError,
    Cost::MeanAbsoluteError,
    Cost::Huber { delta: 0.75 },
    Cost::Quantile { quantile: 0.9 },
    Cost::Poisson,
];

/// A random source that always returns this number.
pub struct ConstantSource(pub f64);

impl RandomSource for ConstantSource {
    fn standard_normal(&mut self) -> f64 {
        self.0
    }
    fn uniform(&mut self) -> f64 {
        self.0
    }
}

/// Returns the output that a cost needs in an error, or `None` if it accepts this one.
pub fn needed_output(cost: &Cost, output: Activation) -> Option<String> {
    let own = cost.output_activation();
    let positive =
        [Activation::Sigmoid, Activation::Softmax, Activation::Exponential, Activation::Softplus];
    match cost {
        Cost::BinaryCrossEntropy | Cost::CategoricalCrossEntropy => {
            (output != own).then(|| own.to_string())
        }
        Cost::Poisson => (!positive.contains(&output)).then(|| "positive".to_string()),
        _ => None,
    }
}

/// Returns an untrained network: He weights, zero biases, ReLU and a sigmoid.
pub fn network<F: Float>(dims: &[usize], seed: u32) -> Parameters<F> {
    initialize_parameters_deep(dims, Initializer::He, &mut NumpyRandom::seed(seed)).unwrap()
}

/// Returns a network without zeros.
pub fn network_with_biases<F: Float>(
    dims: &[usize],
    hidden: Activation,
    output: Activation,
) -> Parameters<F> {
    let mut rng = NumpyRandom::seed(5);
    let parameters = initialize_parameters_deep(dims, Initializer::Xavier, &mut rng).unwrap();
    let mut parameters = parameters.with_activations(hidden, output);
    for layer in parameters.layers_mut() {
        layer.b.mapv_inplace(|_| F::of(rng.randn() * 0.1));
    }
    parameters
}

/// Returns normal samples.
pub fn random<F: Float>(rows: usize, columns: usize, seed: u32) -> Array2<F> {
    let mut rng = NumpyRandom::seed(seed);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.randn()))
}

/// Returns labels: every third is 1, the others are 0.
pub fn labels<F: Float>(units: usize, examples: usize) -> Array2<F> {
    Array2::from_shape_fn((units, examples), |(i, j)| F::of(f64::from(u8::from((i + j) % 3 == 0))))
}

/// Returns labels 1, 0, 1, 0, …
pub fn alternating(examples: usize) -> Array2<f64> {
    Array2::from_shape_fn((1, examples), |(_, i)| f64::from(u8::from(i % 2 == 0)))
}

/// Returns examples of three named classes around three points, (60, 2).
#[cfg(feature = "serde")]
pub fn three_points(names: [&str; 3]) -> (Array2<f64>, Vec<String>) {
    let mut rng = NumpyRandom::seed(2);
    let labels = (0..60).map(|i| names[i % 3].to_string()).collect();
    let x = Array2::from_shape_fn((60, 2), |(i, j)| {
        f64::from(u8::from(i % 3 == j)) * 3.0 + 0.3 * rng.randn()
    });
    (x, labels)
}

/// Returns the accuracy.
pub fn share_right<F: Float>(x: &Array2<F>, y: &Array2<F>, parameters: &Parameters<F>) -> f64 {
    let labels = predict(x, parameters).unwrap();
    let right = labels.iter().zip(y).filter(|(p, y)| p == y).count();
    right as f64 / y.len() as f64
}

/// Whether the bits are equal; NaN equals NaN.
pub fn same<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> bool {
    let bits = |x: &F| x.as_f64().to_bits();
    a.dim() == b.dim() && a.iter().map(bits).eq(b.iter().map(bits))
}

pub fn message<T: Debug>(result: dnn_blocks::Result<T>) -> String {
    result.unwrap_err().to_string()
}

/// Returns a command that runs one test of this program, named by `module_path!()` and its name.
/// The test does nothing unless the variable is set.
#[cfg(feature = "safetensors")]
pub fn child(test: &str, variable: &str, path: &std::path::Path) -> std::process::Command {
    let (_, test) = test.split_once("::").unwrap(); // without the name of the program
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env(variable, path).stdout(std::process::Stdio::null());
    command
}
