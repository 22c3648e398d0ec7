//! Trains logistic regression, a network with one layer, on the flower of week 3 of the course.
//!
//! ```text
//! cargo run --release --example logistic_regression
//! ```
//!
//! Its boundary is a straight line, which cannot separate the petals: compare `planar`.

#[path = "support/arguments.rs"]
mod arguments;

use dnn_blocks::course::datasets::load_planar_dataset;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::plot;
use dnn_blocks::prelude::*;
use std::error::Error;

const USAGE: &str = "usage: logistic_regression [--pictures DIR]";
const ITERATIONS: usize = 2000;
const LEARNING_RATE: f64 = 1.2;

fn main() -> Result<(), Box<dyn Error>> {
    let ([], pictures) = arguments::parse(USAGE)?;

    let (x, y) = load_planar_dataset(400, &mut NumpyRandom::seed(1))?;
    let mut rng = NumpyRandom::seed(1);
    let mut parameters = initialize_parameters_deep(&[2, 1], Initializer::Zeros, &mut rng)?;
    println!("{parameters}");

    train(&mut parameters, &x, &y)?;

    let labels = predict(&x, &parameters)?;
    println!("\naccuracy {:.4}\n", accuracy(Actual(&y), Predicted(&labels))?);
    let title = "The flower, logistic regression";
    let svg = plot::decision_boundary(title, &x, Actual(&y), |grid| predict(grid, &parameters))?;
    pictures.write("logistic_boundary.svg", svg)
}

/// Trains by full-batch gradient descent.
fn train(
    parameters: &mut Parameters<f64>,
    x: &Array2<f64>,
    y: &Array2<f64>,
) -> dnn_blocks::Result<()> {
    for i in 0..ITERATIONS {
        let (al, caches) = l_model_forward(x, parameters)?;
        let cost = compute_cost(&al, y)?;
        let gradients = l_model_backward(&al, y, &caches)?;
        update_parameters(parameters, &gradients, LEARNING_RATE)?;

        if i % 100 == 0 {
            println!("iteration {i:4}  cost {cost:.6}");
        }
    }
    Ok(())
}
