//! Trains a network with four hidden units on the flower of week 3 of the course.
//!
//! ```text
//! cargo run --release --example planar
//! ```

#[path = "support/arguments.rs"]
mod arguments;

use dnn_blocks::course::datasets::load_planar_dataset;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::plot::{self, Curve};
use dnn_blocks::prelude::*;
use std::error::Error;

const USAGE: &str = "usage: planar [--pictures DIR]";
const ITERATIONS: usize = 10_000;
const LEARNING_RATE: f64 = 1.2;

fn main() -> Result<(), Box<dyn Error>> {
    let ([], pictures) = arguments::parse(USAGE)?;

    let (x, y) = load_planar_dataset(400, &mut NumpyRandom::seed(1))?;
    let mut parameters = initialize_parameters(2, 4, 1, &mut NumpyRandom::seed(3))?
        .with_activations(Activation::Tanh, Activation::Sigmoid);
    println!("{parameters}");

    let costs = train(&mut parameters, &x, &y)?;

    let labels = predict(&x, &parameters)?;
    println!("\naccuracy {:.4}\n", accuracy(Actual(&y), Predicted(&labels))?);
    let title = "The flower, four hidden units";
    let svg = plot::decision_boundary(title, &x, Actual(&y), |grid| predict(grid, &parameters))?;
    pictures.write("planar_boundary.svg", svg)?;
    let svg = plot::costs("The flower: cost while training", &[Curve::new("2-4-1", &costs)])?;
    pictures.write("planar_cost.svg", svg)
}

/// Trains by full-batch gradient descent, and returns the cost before each step.
fn train(
    parameters: &mut Parameters<f64>,
    x: &Array2<f64>,
    y: &Array2<f64>,
) -> dnn_blocks::Result<Vec<f64>> {
    let mut costs = Vec::new();
    for i in 0..ITERATIONS {
        let (al, caches) = l_model_forward(x, parameters)?;
        let cost = compute_cost(&al, y)?;
        let gradients = l_model_backward(&al, y, &caches)?;
        update_parameters(parameters, &gradients, LEARNING_RATE)?;

        costs.push(cost);
        if i % 1000 == 0 {
            println!("iteration {i:4}  cost {cost:.6}");
        }
    }
    Ok(costs)
}
