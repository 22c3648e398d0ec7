//! Reads the reference cases in tests/data (format: tests/data/README.md).

use dnn_blocks::ndarray::{Array2, Zip};
use dnn_blocks::prelude::*;
use serde_json::Value;

/// Reads `tests/data/<name>.json`.
pub fn json(name: &str) -> Value {
    let path = format!("{}/data/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap()
}

/// Returns the cases of a file as (inputs, expected).
pub fn cases(name: &str) -> Vec<(Value, Value)> {
    let file = json(name);
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    cases.iter().map(|case| (case["inputs"].clone(), case["expected"].clone())).collect()
}

pub fn number(value: &Value) -> f64 {
    match value {
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::String(s) => s.parse().unwrap(),
        _ => value.as_f64().unwrap_or_else(|| panic!("not a number: {value}")),
    }
}

/// Converts a stored array to a matrix: a scalar to (1, 1), a vector to one row.
pub fn matrix(value: &Value) -> Array2<f64> {
    if value.is_number() {
        return Array2::from_elem((1, 1), number(value));
    }
    let size = |v: &Value| v.as_u64().unwrap() as usize;
    let shape = match value["shape"].as_array().expect("an array").as_slice() {
        [] => (1, 1),
        [m] => (1, size(m)),
        [n, m] => (size(n), size(m)),
        other => panic!("{other:?}"),
    };
    let data = value["data"]
        .as_array()
        .map_or_else(|| vec![number(&value["data"])], |data| data.iter().map(number).collect());
    Array2::from_shape_vec(shape, data).unwrap()
}

/// Converts a stored array to a matrix of `f32` or `f64`.
pub fn matrix_of<F: Float>(value: &Value) -> Array2<F> {
    matrix(value).mapv(F::of)
}

/// Returns the network with W1, b1, W2, … of `values`.
pub fn network_of<F: Float>(
    values: &Value,
    hidden: Activation,
    output: Activation,
) -> Parameters<F> {
    let layers = (1..).map_while(|l| {
        let w = values.get(format!("W{l}"))?;
        let b = &values[format!("b{l}")];
        Some(Layer { w: matrix_of(w), b: matrix_of(b), activation: output })
    });
    Parameters::from_layers(layers.collect()).unwrap().with_activations(hidden, output)
}

/// Panics unless two matrices have one shape and agree within `relative`, or the absolute
/// rounding error of sums of terms of order 1.
pub fn assert_close<F: Float>(
    what: &str,
    found: &Array2<F>,
    expected: &Array2<f64>,
    relative: f64,
) {
    assert_eq!(found.dim(), expected.dim(), "{what}: shape");
    Zip::indexed(found).and(expected).for_each(|at, &found, &expected| {
        assert_number(&format!("{what}{at:?}"), found.as_f64(), expected, relative);
    });
}

pub fn assert_number(what: &str, found: f64, expected: f64, relative: f64) {
    let bound = relative * expected.abs().max(1e-6);
    let same = found == expected || (found.is_nan() && expected.is_nan());
    assert!(same || (found - expected).abs() <= bound, "{what}: {found} is not {expected}");
}

pub fn check_gradients<F: Float>(gradients: &Gradients<F>, expected: &Value, bound: f64) {
    for (l, LayerGradients { dw, db }) in gradients.layers().iter().enumerate() {
        let name = |what: &str| format!("{what}{}", l + 1);
        assert_close(&name("dW"), dw, &matrix(&expected[name("dW")]), bound);
        assert_close(&name("db"), db, &matrix(&expected[name("db")]), bound);
    }
}

pub fn check_parameters<F: Float>(parameters: &Parameters<F>, expected: &Value, bound: f64) {
    for (l, Layer { w, b, .. }) in parameters.layers().iter().enumerate() {
        let name = |what: &str| format!("{what}{}", l + 1);
        assert_close(&name("W"), w, &matrix(&expected[name("W")]), bound);
        assert_close(&name("b"), b, &matrix(&expected[name("b")]), bound);
    }
}
