//! Trains a network of three layers to tell malignant from benign breast tumors.
//!
//! ```text
//! cargo run --release --example breast_cancer
//! ```
//!
//! The data are the Wisconsin diagnostic set: see `examples/data/README.md`.

#[path = "support/arguments.rs"]
mod arguments;
#[path = "support/patients.rs"]
mod patients;

use dnn_blocks::ndarray::{Array2, Axis};
use dnn_blocks::plot::{self, Curve};
use dnn_blocks::prelude::*;
use dnn_blocks::progress::Progress;
use std::error::Error;

const USAGE: &str = "usage: breast_cancer [--pictures DIR]";
const TRAINING_EXAMPLES: usize = 455;
const SEED: u32 = 1;
const ITERATIONS: usize = 1500;
const LEARNING_RATE: f64 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    let ([], pictures) = arguments::parse(USAGE)?;

    let (table, diagnoses) = patients::read()?;
    let x = table.reversed_axes(); // (30, 569)
    let y = Array2::from_shape_fn((1, x.ncols()), |(_, i)| f64::from(diagnoses[i] == 'M'));
    let order = NumpyRandom::seed(SEED).permutation(x.ncols());
    let (training, test) = order.split_at(TRAINING_EXAMPLES);
    let (train_x, test_x) = (x.select(Axis(1), training), x.select(Axis(1), test));
    // Fitted to the training examples only: the test examples stay unseen.
    let standardizer = Standardizer::fit(&train_x)?;
    let (train_x, test_x) = (standardizer.transform(&train_x)?, standardizer.transform(&test_x)?);
    let (train_y, test_y) = (y.select(Axis(1), training), y.select(Axis(1), test));

    let mut rng = NumpyRandom::seed(SEED);
    let mut parameters = initialize_parameters_deep(&[30, 16, 8, 1], Initializer::He, &mut rng)?;
    println!("{parameters}");

    let costs = train(&mut parameters, &train_x, &train_y)?;

    let train_labels = predict(&train_x, &parameters)?;
    let test_labels = predict(&test_x, &parameters)?;
    println!("\ntraining accuracy {:.4}", accuracy(Actual(&train_y), Predicted(&train_labels))?);
    println!("test accuracy     {:.4}\n", accuracy(Actual(&test_y), Predicted(&test_labels))?);
    let confusion = ConfusionMatrix::new(Actual(&test_y), Predicted(&test_labels))?;
    println!("{}", confusion.with_names(["benign", "malignant"])?);
    let svg =
        plot::costs("Breast cancer: cost while training", &[Curve::new("30-16-8-1", &costs)])?;
    pictures.write("breast_cancer_cost.svg", svg)
}

/// Trains by full-batch gradient descent, and returns the cost before each step.
fn train(
    parameters: &mut Parameters<f64>,
    x: &Array2<f64>,
    y: &Array2<f64>,
) -> dnn_blocks::Result<Vec<f64>> {
    let mut progress = Progress::stderr();
    let mut costs = Vec::new();
    for i in 0..ITERATIONS {
        let (al, caches) = l_model_forward(x, parameters)?;
        let cost = compute_cost(&al, y)?;
        let gradients = l_model_backward(&al, y, &caches)?;
        update_parameters(parameters, &gradients, LEARNING_RATE)?;

        costs.push(cost);
        let accuracy = accuracy(Actual(y), Predicted(&predicted_classes(&al)?))?;
        progress.iteration(i + 1, ITERATIONS, format!("cost {cost:.4}  accuracy {accuracy:.4}"));
    }
    Ok(costs)
}
