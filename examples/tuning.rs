//! Compares learning rates of three optimizers by the validation cost, as a plot.
//!
//! ```text
//! cargo run --release --example tuning
//! ```
//!
//! The fits differ in the optimizer and the learning rate. A fit with too large a rate diverges,
//! which is an error that the example counts as a cost of NaN.

#[path = "support/arguments.rs"]
mod arguments;
#[path = "support/patients.rs"]
mod patients;

use dnn_blocks::ndarray::Array2;
use dnn_blocks::plot::{self, Axis, Curve};
use dnn_blocks::prelude::*;
use std::error::Error;

const USAGE: &str = "usage: tuning [--pictures DIR]";
const RATES: [f64; 11] = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0];

fn main() -> Result<(), Box<dyn Error>> {
    let ([], pictures) = arguments::parse(USAGE)?;
    let (x, diagnoses) = patients::read()?;
    let hyperparameters =
        Hyperparameters::plain().hidden(&[16, 8]).epochs(30).validation_share(0.2).seed(1);
    println!(
        "{hyperparameters:#?}\n\n{:18} {:>13} {:>15} {:>9}",
        "optimizer", "learning rate", "validation cost", "accuracy"
    );

    let algorithms = [Algorithm::GradientDescent, Algorithm::MOMENTUM, Algorithm::ADAM];
    let mut found = Vec::new();
    for algorithm in algorithms {
        let mut curve = Vec::new();
        for rate in RATES {
            let hyperparameters = hyperparameters.clone().algorithm(algorithm).learning_rate(rate);
            let (cost, score) = validation(hyperparameters, &x, &diagnoses)?;
            println!("{:18} {rate:13} {cost:15.4} {score:9.3}", algorithm.to_string());
            curve.push((rate, cost));
        }
        found.push((algorithm.to_string(), curve));
    }

    let curves: Vec<_> = found.iter().map(|(name, costs)| Curve::new(name, costs)).collect();
    let axes = [
        Axis::new("learning rate").logarithmic(true),
        Axis::new("validation cost after 30 epochs").logarithmic(true),
    ];
    println!();
    let svg = plot::curves("Breast cancer: which learning rate?", axes, &curves)?;
    pictures.write("tuning.svg", svg)
}

/// Returns the validation cost and accuracy after the last epoch, NaN if the training diverged.
fn validation(
    hyperparameters: Hyperparameters,
    x: &Array2<f64>,
    diagnoses: &[char],
) -> dnn_blocks::Result<(f64, f64)> {
    let mut model = Classifier::<f64, char>::new(hyperparameters);
    match model.fit(Examples::rows(x), diagnoses) {
        Ok(history) => {
            let last = history.epochs.last();
            let cost = last.and_then(|epoch| epoch.validation_cost);
            let score = last.and_then(|epoch| epoch.validation_score);
            Ok((cost.unwrap_or(f64::NAN), score.unwrap_or(f64::NAN)))
        }
        Err(dnn_blocks::Error::Diverged { .. }) => Ok((f64::NAN, f64::NAN)),
        Err(error) => Err(error),
    }
}
