//! Two classes of points on a flower, told apart by four hidden units: week 3 of the course.
//!
//! ```text
//! cargo run --release --example planar
//! ```

#[path = "support/arguments.rs"]
mod arguments;
#[path = "support/boundary.rs"]
mod boundary;
#[path = "support/plot.rs"]
mod plot;

use dnn_blocks::course::datasets::load_planar_dataset;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::error::Error;

const USAGE: &str = "usage: planar [--pictures DIR]";
const ITERATIONS: usize = 10_000;
const LEARNING_RATE: f64 = 1.2;

fn main() -> Result<(), Box<dyn Error>> {
    let (files, pictures) = arguments::parse(USAGE)?;
    if !files.is_empty() {
        return Err(USAGE.into());
    }

    let (x, y) = load_planar_dataset(400, &mut NumpyRandom::seed(1))?;
    let mut parameters = initialize_parameters(2, 4, 1, &mut NumpyRandom::seed(3))?
        .with_activations(Activation::Tanh, Activation::Sigmoid);
    println!("{parameters}");

    let costs = train(&mut parameters, &x, &y)?;

    let labels = predict(&x, &parameters)?;
    println!("\naccuracy {:.4}\n", accuracy(Actual(&y), Predicted(&labels))?);
    let path = pictures.join("planar_boundary.svg");
    boundary::draw(&path, "The flower, four hidden units", &parameters, (&x, &y))?;
    let path = pictures.join("planar_cost.svg");
    plot::costs(&path, "The flower: cost while training", &[("2-4-1", &costs)])
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
