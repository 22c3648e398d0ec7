//! The course: its cases, models and whole trainings.

mod cases;
mod cats;
mod datasets;
mod end_to_end;
mod models;
mod week2;

use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use serde_json::Value;

fn step<F: Float>(x: &Array2<F>, y: &Array2<F>, parameters: &mut Parameters<F>, rate: f64) -> f64 {
    let (al, caches) = l_model_forward(x, parameters).unwrap();
    let cost = compute_cost(&al, y).unwrap();
    let gradients = l_model_backward(&al, y, &caches).unwrap();
    update_parameters(parameters, &gradients, rate).unwrap();
    cost.as_f64()
}

fn deep<F: Float>(layer_dims: &Value, initializer: Initializer, seed: &Value) -> Parameters<F> {
    let dims = layer_dims.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize);
    let mut rng = NumpyRandom::seed(seed.as_u64().unwrap() as u32);
    initialize_parameters_deep(&dims.collect::<Vec<_>>(), initializer, &mut rng).unwrap()
}
