//! Is there a cat in the picture? The application of week 4, with two networks.
//!
//! ```text
//! cargo run --release --example cat_classifier -- train_catvnoncat.h5 test_catvnoncat.h5
//! ```
//!
//! The files are those of the course. It takes about a minute.

#[path = "support/arguments.rs"]
mod arguments;
#[path = "support/cats.rs"]
mod cats;
#[path = "support/contact_sheet.rs"]
mod contact_sheet;
#[path = "support/plot.rs"]
mod plot;
#[path = "support/progress.rs"]
mod progress;

use cats::Cats;
use dnn_blocks::prelude::*;
use std::error::Error;
use std::path::Path;

const USAGE: &str = "usage: cat_classifier TRAIN.h5 TEST.h5 [--pictures DIR]";
const ITERATIONS: usize = 2500;
const LEARNING_RATE: f64 = 0.0075;
const BLUE: [u8; 3] = [0, 114, 178];
const ORANGE: [u8; 3] = [213, 94, 0];

fn main() -> Result<(), Box<dyn Error>> {
    let (files, pictures) = arguments::parse(USAGE)?;
    let [train_file, test_file] = files.as_slice() else { return Err(USAGE.into()) };
    let (training, test) = (cats::load(train_file)?, cats::load(test_file)?);

    let mut two_layer = initialize_parameters(12288, 7, 1, &mut NumpyRandom::seed(1))?;
    let two_layer_costs = train("two-layer network", &mut two_layer, &training)?;

    let (dims, mut rng) = ([12288, 20, 7, 5, 1], NumpyRandom::seed(1));
    let mut l_layer = initialize_parameters_deep(&dims, Initializer::LeCun, &mut rng)?;
    let l_layer_costs = train("L-layer network", &mut l_layer, &training)?;

    print_costs(&two_layer_costs, &l_layer_costs);
    print_accuracy("two-layer network", &two_layer, &training, &test)?;
    print_accuracy("L-layer network", &l_layer, &training, &test)?;
    let curves: [(&str, &[f64]); 2] =
        [("12288-7-1", &two_layer_costs), ("12288-20-7-5-1", &l_layer_costs)];
    plot::costs(&pictures.join("cat_cost.svg"), "Cats: cost while training", &curves)?;
    show_mislabelled(&pictures.join("cat_mislabelled.png"), &l_layer, &test)
}

/// Trains by full-batch gradient descent, and returns the cost before each step.
fn train(
    name: &str,
    parameters: &mut Parameters<f64>,
    cats: &Cats,
) -> Result<Vec<f64>, Box<dyn Error>> {
    println!("{name}\n{parameters}");
    let bar = progress::bar(ITERATIONS)?;
    let mut costs = Vec::new();
    for _ in 0..ITERATIONS {
        let (al, caches) = l_model_forward(&cats.x, parameters)?;
        let cost = compute_cost(&al, &cats.y)?;
        let gradients = l_model_backward(&al, &cats.y, &caches)?;
        update_parameters(parameters, &gradients, LEARNING_RATE)?;

        costs.push(cost);
        progress::step(&bar, format!("cost {cost:.4}"));
    }
    bar.finish();
    println!();
    Ok(costs)
}

/// Every 100th cost and the last, with all digits.
fn print_costs(two_layer: &[f64], l_layer: &[f64]) {
    println!("iteration  {:20}  L-layer cost", "two-layer cost");
    let last = ITERATIONS - 1;
    for i in (0..last).step_by(100).chain([last]) {
        println!("{i:9}  {:<20}  {}", two_layer[i], l_layer[i]);
    }
    println!();
}

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

/// The test pictures that the network gets wrong, framed by the kind of error.
fn show_mislabelled(
    path: &Path,
    parameters: &Parameters<f64>,
    test: &Cats,
) -> Result<(), Box<dyn Error>> {
    let labels = predict(&test.x, parameters)?;
    let is_cat = |i: usize| test.y[[0, i]] == 1.0;
    let wrong = (0..labels.len()).filter(|&i| labels[[0, i]] != test.y[[0, i]]);
    let (missed, imagined): (Vec<_>, Vec<_>) = wrong.partition(|&i| is_cat(i));
    println!("\nmislabelled test pictures");
    println!("blue border, a cat called non-cat:   {missed:?}");
    println!("orange border, a non-cat called cat: {imagined:?}");
    let framed = |&i: &usize| (test.x.column(i), if is_cat(i) { BLUE } else { ORANGE });
    let pictures: Vec<_> = missed.iter().chain(&imagined).map(framed).collect();
    contact_sheet::draw(path, &pictures)
}
