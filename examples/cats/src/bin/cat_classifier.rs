//! Trains the two networks of week 4 of the course to recognize pictures of cats.
//!
//! ```text
//! cargo run --release -p cats -- train_catvnoncat.h5 test_catvnoncat.h5
//! ```
//!
//! The files are the course's. The example takes about a minute.

#[path = "../../../support/arguments.rs"]
mod arguments;

use cats::{Cats, contact_sheet};
use dnn_blocks::plot::{self, Curve};
use dnn_blocks::prelude::*;
use dnn_blocks::progress::Progress;
use std::error::Error;

const USAGE: &str = "usage: cat_classifier TRAIN.h5 TEST.h5 [--pictures DIR]";
const ITERATIONS: usize = 2500;
const LEARNING_RATE: f64 = 0.0075;
const BLUE: [u8; 3] = [0, 114, 178];
const ORANGE: [u8; 3] = [213, 94, 0];

fn main() -> Result<(), Box<dyn Error>> {
    let ([train_file, test_file], pictures) = arguments::parse(USAGE)?;
    let (training, test) = (cats::load(&train_file)?, cats::load(&test_file)?);

    let mut two_layer = initialize_parameters(12288, 7, 1, &mut NumpyRandom::seed(1))?;
    let two_layer_costs = train("two-layer network", &mut two_layer, &training)?;

    let (dims, mut rng) = ([12288, 20, 7, 5, 1], NumpyRandom::seed(1));
    let mut l_layer = initialize_parameters_deep(&dims, Initializer::LeCun, &mut rng)?;
    let l_layer_costs = train("L-layer network", &mut l_layer, &training)?;

    print_costs(&two_layer_costs, &l_layer_costs);
    print_accuracy("two-layer network", &two_layer, &training, &test)?;
    print_accuracy("L-layer network", &l_layer, &training, &test)?;
    let curves =
        [Curve::new("12288-7-1", &two_layer_costs), Curve::new("12288-20-7-5-1", &l_layer_costs)];
    pictures.write("cat_cost.svg", plot::costs("Cats: cost while training", &curves)?)?;
    pictures.write("cat_mislabeled.png", mislabeled(&l_layer, &test)?)
}

/// Trains by full-batch gradient descent, and returns the cost before each step.
fn train(
    name: &str,
    parameters: &mut Parameters<f64>,
    cats: &Cats,
) -> dnn_blocks::Result<Vec<f64>> {
    println!("{name}\n{parameters}");
    let mut progress = Progress::stderr();
    let mut costs = Vec::new();
    for i in 0..ITERATIONS {
        let (al, caches) = l_model_forward(&cats.x, parameters)?;
        let cost = compute_cost(&al, &cats.y)?;
        let gradients = l_model_backward(&al, &cats.y, &caches)?;
        update_parameters(parameters, &gradients, LEARNING_RATE)?;

        costs.push(cost);
        progress.iteration(i + 1, ITERATIONS, format!("cost {cost:.4}"));
    }
    Ok(costs)
}

/// Prints every 100th cost and the last one, with all digits.
fn print_costs(two_layer: &[f64], l_layer: &[f64]) {
    println!("iteration  {:20}  L-layer cost", "two-layer cost");
    let last = ITERATIONS - 1;
    for i in (0..last).step_by(100).chain([last]) {
        println!("{i:9}  {:<20}  {}", two_layer[i], l_layer[i]);
    }
    println!();
}

/// Prints the accuracy on both sets.
fn print_accuracy(
    name: &str,
    parameters: &Parameters<f64>,
    training: &Cats,
    test: &Cats,
) -> dnn_blocks::Result<()> {
    let accuracy_on =
        |cats: &Cats| accuracy(Actual(&cats.y), Predicted(&predict(&cats.x, parameters)?));
    let (on_training, on_test) = (accuracy_on(training)?, accuracy_on(test)?);
    println!("{name:17}  training accuracy {on_training:.4}  test accuracy {on_test:.4}");
    Ok(())
}

/// Prints the misclassified test pictures, and returns them as a PNG file: a cat that was missed in
/// blue, another picture that was taken for a cat in orange.
fn mislabeled(parameters: &Parameters<f64>, test: &Cats) -> Result<Vec<u8>, Box<dyn Error>> {
    let labels = predict(&test.x, parameters)?;
    let is_cat = |i: usize| test.y[[0, i]] == 1.0;
    let wrong = (0..labels.len()).filter(|&i| labels[[0, i]] != test.y[[0, i]]);
    let (missed, mistaken): (Vec<_>, Vec<_>) = wrong.partition(|&i| is_cat(i));
    println!("\nmisclassified test pictures");
    println!("cats, framed in blue:       {missed:?}");
    println!("non-cats, framed in orange: {mistaken:?}");
    let framed = |&i: &usize| (test.x.column(i), if is_cat(i) { BLUE } else { ORANGE });
    let pictures: Vec<_> = missed.iter().chain(&mistaken).map(framed).collect();
    contact_sheet::png(&pictures)
}
