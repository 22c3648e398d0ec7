//! Logistic regression is a network with one layer: week 2 of the course.
//!
//! On the flower of week 3, which no straight line can separate:
//!
//! ```text
//! cargo run --release --example logistic_regression
//! ```
//!
//! On the cats, with the files of the course:
//!
//! ```text
//! cargo run --release --example logistic_regression -- train_catvnoncat.h5 test_catvnoncat.h5
//! ```

#[path = "support/arguments.rs"]
mod arguments;
#[path = "support/boundary.rs"]
mod boundary;
#[path = "support/cats.rs"]
mod cats;
#[path = "support/plot.rs"]
mod plot;

use dnn_blocks::course::datasets::load_planar_dataset;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::error::Error;
use std::path::Path;

const USAGE: &str = "usage: logistic_regression [TRAIN.h5 TEST.h5] [--pictures DIR]";
const ITERATIONS: usize = 2000;

fn main() -> Result<(), Box<dyn Error>> {
    let (files, pictures) = arguments::parse(USAGE)?;
    match files.as_slice() {
        [] => on_flower(&pictures),
        [train, test] => on_cats(train, test, &pictures),
        _ => Err(USAGE.into()),
    }
}

fn on_flower(pictures: &Path) -> Result<(), Box<dyn Error>> {
    let (x, y) = load_planar_dataset(400, &mut NumpyRandom::seed(1))?;
    let (parameters, _) = train(&x, &y, 1.2)?;
    let labels = predict(&x, &parameters)?;
    let accuracy = accuracy(Actual(&y), Predicted(&labels))?;
    println!("\naccuracy {accuracy:.4}: a line cannot separate the petals\n");
    let path = pictures.join("logistic_boundary.svg");
    boundary::draw(&path, "The flower, logistic regression", &parameters, (&x, &y))
}

fn on_cats(train_file: &Path, test_file: &Path, pictures: &Path) -> Result<(), Box<dyn Error>> {
    let (training, test) = (cats::load(train_file)?, cats::load(test_file)?);
    let (parameters, costs) = train(&training.x, &training.y, 0.005)?;
    let accuracy_on =
        |cats: &cats::Cats| accuracy(Actual(&cats.y), Predicted(&predict(&cats.x, &parameters)?));
    println!("\ntraining accuracy {:.4}", accuracy_on(&training)?);
    println!("test accuracy     {:.4}\n", accuracy_on(&test)?);
    let path = pictures.join("logistic_cost.svg");
    plot::costs(&path, "Cats, logistic regression", &[("12288-1", &costs)])
}

/// Trains from weights of 0, and returns the parameters and the cost before each step.
fn train(
    x: &Array2<f64>,
    y: &Array2<f64>,
    learning_rate: f64,
) -> dnn_blocks::Result<(Parameters<f64>, Vec<f64>)> {
    let mut rng = NumpyRandom::seed(1);
    let mut parameters = initialize_parameters_deep(&[x.nrows(), 1], Initializer::Zeros, &mut rng)?;
    println!("{parameters}");
    let mut costs = Vec::new();
    for i in 0..ITERATIONS {
        let (al, caches) = l_model_forward(x, &parameters)?;
        let cost = compute_cost(&al, y)?;
        let gradients = l_model_backward(&al, y, &caches)?;
        update_parameters(&mut parameters, &gradients, learning_rate)?;

        costs.push(cost);
        if i % 100 == 0 {
            println!("iteration {i:4}  cost {cost:.6}");
        }
    }
    Ok((parameters, costs))
}
