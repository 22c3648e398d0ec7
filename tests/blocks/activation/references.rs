//! Values and derivatives against exact ones, networks against PyTorch, all of them from
//! tests/data/activations.py, and gradients against central differences.

use crate::support::{COSTS, SMOOTH_ACTIVATIONS};
use dnn_blocks::ndarray::{Array2, ArrayRef2};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn data() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/activations.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn matrix<F: Float>(value: &Value) -> Array2<F> {
    let rows: Vec<_> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| F::of(rows[i][j]))
}

fn named(value: &Value) -> Activation {
    value.as_str().unwrap().parse().unwrap()
}

/// The bound in the documentation, in ulp.
fn bound(activation: Activation) -> f64 {
    match activation {
        Activation::Exponential => 1.5,
        Activation::Softplus | Activation::Elu(_) => 3.0,
        Activation::Silu | Activation::GeluTanh => 4.0,
        Activation::Gelu => 7.0,
        _ => unreachable!("{activation} is not in the data"),
    }
}

/// A unit in the last place of a number: the distance to the next larger one.
trait Ulp: Float {
    const EPSILON: f64;
    fn ulp(exact: f64) -> f64;
}

impl Ulp for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;
    fn ulp(exact: f64) -> f64 {
        let nearest = (exact.abs() as f32).min(f32::MAX.next_down());
        f64::from(nearest.next_up()) - f64::from(nearest)
    }
}

impl Ulp for f64 {
    const EPSILON: f64 = f64::EPSILON;
    fn ulp(exact: f64) -> f64 {
        exact.abs().next_up() - exact.abs()
    }
}

fn row<F: Float>(z: &[f64]) -> Array2<F> {
    Array2::from_shape_fn((1, z.len()), |(_, i)| F::of(z[i]))
}

/// Returns `g(z)` and `g'(z)`.
fn value_and_derivative<F: Float>(g: Activation, z: &[f64]) -> (Array2<F>, Array2<F>) {
    let z = row::<F>(z);
    (g.forward(&z).unwrap(), g.backward(Array2::ones(z.dim()), &z).unwrap())
}

fn check_values<F: Ulp>() {
    let data = data();
    let z = numbers(&data["z"]);
    let functions = data["functions"].as_object().unwrap();
    assert_eq!((z.len(), functions.len()), (150, 8));
    for (name, exact) in functions {
        let activation: Activation = name.parse().unwrap();
        let (a, slope) = value_and_derivative::<F>(activation, &z);
        let (right, right_slope) = (numbers(&exact["a"]), numbers(&exact["derivative"]));
        for i in 0..z.len() {
            let (found, what) = (a[[0, i]].as_f64(), format!("{name} of {}", z[i]));
            let expected = right[i];
            let overflow = F::of(expected).as_f64().is_infinite();
            let same = overflow && found == F::of(expected).as_f64();
            let ulps = (found - expected).abs() / F::ulp(expected);
            assert!(same || ulps <= bound(activation), "{what}: {found} is {ulps} ulp off");
            let (found, expected) = (slope[[0, i]].as_f64(), right_slope[i]);
            let error = (found - expected).abs() / expected.abs().max(1.0);
            assert!(error <= 3.0 * F::EPSILON || same, "derivative of {what}: {found}, {expected}");
        }
    }
}

/// Compares `f32` with `f64`, whose error is small beside an ulp of `f32`.
fn check_dense_sweep() {
    let count = 200_000;
    let z = |low: f64, high: f64| {
        move |i: usize| f64::from((low + (high - low) * i as f64 / count as f64) as f32)
    };
    let wide = (0..count).map(z(-120.0, 89.0));
    let near: Vec<_> = wide.chain((0..count).map(z(-15.0, 6.0))).collect();
    let bits = (0..1 << 16).map(|i| f32::from_bits(i << 16 | 0x5a5a)).filter(|z| !z.is_nan());
    // The largest errors of GELU, of all numbers between 1e-4 and 128.
    let worst = [-0.333_502_65_f32, -0.139_062_18].map(f64::from);
    let z: Vec<_> = near.into_iter().chain(bits.map(f64::from)).chain(worst).collect();
    let steep = [5.0, -5.0, 1e4].map(Activation::Elu);
    for activation in SMOOTH_ACTIVATIONS.into_iter().chain(steep) {
        let alpha = if let Activation::Elu(alpha) = activation { alpha.abs() } else { 0.0 };
        let (single, single_slope) = value_and_derivative::<f32>(activation, &z);
        let (double, double_slope) = value_and_derivative::<f64>(activation, &z);
        for (i, z) in z.iter().enumerate() {
            let (found, right) = (single[[0, i]], double[[0, i]]);
            let same = found == right as f32; // also infinities
            let ulps = (f64::from(found) - right).abs() / f32::ulp(right);
            assert!(same || ulps <= bound(activation), "{activation} of {z}: {found}, {right}");
            let (found, right) = (single_slope[[0, i]], double_slope[[0, i]]);
            let error = (f64::from(found) - right).abs() / right.abs().max(1.0).max(alpha);
            let same = found == right as f32;
            let bound = 3.0 * f64::from(f32::EPSILON);
            assert!(same || error <= bound, "derivative of {activation} at {z}: {found}, {right}");
        }
    }
}

/// A value and a derivative at the ends of the numbers.
fn check_ends<F: Float>() {
    let infinity = f64::INFINITY;
    let ends = [
        (Activation::Exponential, [(0.0, 0.0), (infinity, infinity)], (1.0, 1.0)),
        (Activation::Softplus, [(0.0, 0.0), (infinity, 1.0)], (2_f64.ln(), 0.5)),
        (Activation::Elu(1.0), [(-1.0, 0.0), (infinity, 1.0)], (0.0, 1.0)),
        (Activation::Elu(-0.5), [(0.5, 0.0), (infinity, 1.0)], (0.0, -0.5)),
        (Activation::Silu, [(0.0, 0.0), (infinity, 1.0)], (0.0, 0.5)),
        (Activation::Gelu, [(0.0, 0.0), (infinity, 1.0)], (0.0, 0.5)),
        (Activation::GeluTanh, [(0.0, 0.0), (infinity, 1.0)], (0.0, 0.5)),
    ];
    let largest = F::max_value().as_f64();
    for (activation, [low, high], zero) in ends {
        let pairs = |z: &[f64]| -> Vec<_> {
            let (a, slope) = value_and_derivative::<F>(activation, z);
            a.iter().map(|a| a.as_f64()).zip(slope.iter().map(|d| d.as_f64())).collect()
        };
        for z in [-infinity, -largest, -1e4] {
            assert_eq!(pairs(&[z]), [low], "{activation} of {z}");
        }
        assert_eq!(pairs(&[infinity]), [high], "{activation}");
        if activation != Activation::Exponential {
            for z in [1e4, largest] {
                assert_eq!(pairs(&[z]), [(z, 1.0)], "{activation} of {z}");
            }
        }
        let tiny = F::min_positive_value().as_f64() / 4.0;
        for z in [0.0, -0.0, tiny, -tiny] {
            let (a, slope) = pairs(&[z])[0];
            let zero_slope =
                if z > 0.0 && matches!(activation, Activation::Elu(_)) { 1.0 } else { zero.1 };
            let close = |x: f64, y: f64| (x - y).abs() <= 2.0 * F::epsilon().as_f64();
            assert!(
                close(a, zero.0) && close(slope, zero_slope),
                "{activation} of {z}: {a} {slope}"
            );
        }
        let of_tiny = [tiny, -tiny].map(|z| pairs(&[z])[0].0 / tiny);
        let factors = match activation {
            Activation::Elu(alpha) => Some([1.0, -alpha]),
            Activation::Silu | Activation::Gelu | Activation::GeluTanh => Some([0.5, -0.5]),
            _ => None,
        };
        assert!(factors.is_none_or(|factors| of_tiny == factors), "{activation}: {of_tiny:?}");
        let (a, slope) = pairs(&[f64::NAN])[0];
        let one_sided = matches!(activation, Activation::Elu(_)); // as a ReLU: 1 unless `z <= 0`
        assert!(a.is_nan() && (slope.is_nan() || one_sided), "{activation}: {a} {slope}");
    }
}

#[test]
#[ignore = "a part of another test"]
fn values_with_the_current_instructions() {
    check_values::<f32>();
    check_values::<f64>();
    check_dense_sweep();
    check_ends::<f32>();
    check_ends::<f64>();
}

/// A set that the processor does not have is replaced by a smaller one.
#[test]
fn values_and_derivatives_are_within_their_bounds_with_every_set_of_instructions() {
    let (_, module) = module_path!().split_once("::").unwrap();
    for instructions in ["portable", "avx2", "avx512"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([&format!("{module}::values_with_the_current_instructions"), "--exact"])
            .arg("--ignored")
            .env("DNN_BLOCKS_ISA", instructions)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{instructions}: {text}");
    }
}

/// The cost and the activation of the output that it needs; the squared error takes any.
fn cost_of(name: &str) -> (Cost, Activation) {
    let cost: Cost = name.parse().unwrap();
    let output = cost.output_activation();
    (cost, output)
}

struct Networks<F> {
    layers: Vec<(Array2<F>, Array2<F>)>,
    x: Array2<F>,
    labels: Array2<F>,
    values: Array2<F>,
}

impl<F: Float> Networks<F> {
    fn new(data: &Value) -> Self {
        let layers = data["layers"].as_array().unwrap();
        Self {
            layers: layers.iter().map(|layer| (matrix(&layer[0]), matrix(&layer[1]))).collect(),
            x: matrix(&data["x"]),
            labels: matrix(&data["labels"]),
            values: matrix(&data["values"]),
        }
    }

    fn parameters(&self, hidden: Activation, output: Activation) -> Parameters<F> {
        let layers = self.layers.iter().cloned();
        let layers = layers.map(|(w, b)| Layer { w, b, activation: hidden }).collect();
        Parameters::from_layers(layers).unwrap().with_activations(hidden, output)
    }

    fn targets(&self, cost: &Cost) -> &ArrayRef2<F> {
        if *cost == Cost::MeanSquaredError { &self.values } else { &self.labels }
    }

    fn gradients(&self, parameters: &Parameters<F>, cost: Cost) -> Gradients<F> {
        let y = self.targets(&cost);
        let (al, caches) = l_model_forward(&self.x, parameters).unwrap();
        backpropagate(&al, y, &caches, BackwardOptions::new(cost)).unwrap().gradients
    }
}

fn check_networks<F: Float>(tolerance: f64) {
    let data = data();
    let networks = Networks::<F>::new(&data["networks"]);
    let cases = data["networks"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8 * 4);
    for case in cases {
        let (cost, output) = cost_of(case["cost"].as_str().unwrap());
        let (hidden, output) = match case.get("hidden") {
            Some(hidden) => (named(hidden), output),
            None => (Activation::Tanh, named(&case["output"])),
        };
        let parameters = networks.parameters(hidden, output);
        let gradients = networks.gradients(&parameters, cost);
        let expected = case["gradients"].as_array().unwrap();
        assert_eq!(expected.len(), gradients.layers().len());
        for (layer, expected) in gradients.layers().iter().zip(expected) {
            for (found, expected) in [(&layer.dw, &expected[0]), (&layer.db, &expected[1])] {
                let expected = matrix::<f64>(expected);
                assert_eq!(found.dim(), expected.dim());
                for (found, expected) in found.iter().zip(&expected) {
                    let error = (found.as_f64() - expected).abs() / expected.abs().max(1.0);
                    assert!(error < tolerance, "{hidden} {output}: {found}, {expected}");
                }
            }
        }
    }
}

#[test]
fn gradients_are_those_of_pytorch() {
    check_networks::<f64>(1e-13);
    check_networks::<f32>(2e-5);
}

#[test]
fn gradients_are_those_of_central_differences() {
    let data = data();
    let networks = Networks::<f64>::new(&data["networks"]);
    let hidden = SMOOTH_ACTIVATIONS.iter().flat_map(|&hidden| {
        COSTS.iter().map(move |cost| (hidden, cost.output_activation(), cost.clone()))
    });
    let output = SMOOTH_ACTIVATIONS
        .iter()
        .flat_map(|&hidden| SMOOTH_ACTIVATIONS.map(|g| (hidden, g, Cost::MeanSquaredError)));
    for (hidden, output, cost) in hidden.chain(output) {
        let mut parameters = networks.parameters(hidden, output);
        for layer in parameters.layers_mut() {
            layer.w *= 0.5; // an exponential of an exponential has no accurate difference
        }
        let y = networks.targets(&cost);
        let gradients = networks.gradients(&parameters, cost.clone());
        let mut difference = |l: usize, i: usize, j: usize| {
            let mut at = |step: f64| {
                parameters.layers_mut()[l].w[[i, j]] += step;
                let al = predict_proba(&networks.x, &parameters).unwrap();
                parameters.layers_mut()[l].w[[i, j]] -= step;
                cost.value(&al, y).unwrap()
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        };
        for (l, layer) in gradients.layers().iter().enumerate() {
            for ((i, j), &found) in layer.dw.indexed_iter() {
                let expected = difference(l, i, j);
                let error = (found - expected).abs() / expected.abs().max(1.0);
                assert!(error < 1e-7, "{hidden} {output} {cost}: {found}, {expected}");
            }
        }
    }
}
