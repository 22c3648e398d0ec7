//! Which learning rate? The cost that each leads to, for three rules, as a plot.
//!
//! ```text
//! cargo run --release --features plot --example tuning
//! ```
//!
//! Each training is a `Hyperparameters` value that differs from the others in one place; a rate
//! that is too large is an error to be counted, not a crash.

#[path = "support/arguments.rs"]
mod arguments;

use dnn_blocks::ndarray::Array2;
use dnn_blocks::plot::{self, Axis, Curve};
use dnn_blocks::prelude::*;
use std::error::Error;
use std::fs;

const USAGE: &str = "usage: tuning [--pictures DIR]";
const CSV: &str = include_str!("data/breast_cancer.csv");
const RATES: [f64; 11] = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0];

fn main() -> Result<(), Box<dyn Error>> {
    let (files, pictures) = arguments::parse(USAGE)?;
    if !files.is_empty() {
        return Err(USAGE.into());
    }
    let (x, diagnoses) = patients(CSV)?;
    let hyperparameters =
        Hyperparameters::default().hidden(&[16, 8]).epochs(30).validation_share(0.2).seed(1);
    println!(
        "{hyperparameters:#?}\n\n{:18} {:>13} {:>15} {:>9}",
        "rule", "learning rate", "validation cost", "accuracy"
    );

    let rules = [Algorithm::GradientDescent, Algorithm::MOMENTUM, Algorithm::ADAM];
    let mut found = Vec::new();
    for rule in rules {
        let mut curve = Vec::new();
        for rate in RATES {
            let hyperparameters = hyperparameters.clone().algorithm(rule).learning_rate(rate);
            let (cost, score) = validation(hyperparameters, &x, &diagnoses)?;
            println!("{:18} {rate:13} {cost:15.4} {score:9.3}", rule.to_string());
            curve.push((rate, cost));
        }
        found.push((rule.to_string(), curve));
    }

    let curves: Vec<Curve<'_>> =
        found.iter().map(|(name, curve)| (&name[..], &curve[..])).collect();
    let axes = [
        Axis { name: "learning rate", logarithmic: true },
        Axis { name: "validation cost after 30 epochs", logarithmic: true },
    ];
    let path = pictures.join("tuning.svg");
    fs::write(&path, plot::curves("Breast cancer: which learning rate?", axes, &curves)?)?;
    println!("\nwrote {}", path.display());
    Ok(())
}

/// Cost and accuracy on the examples put aside, NaN if the training diverged.
fn validation(
    hyperparameters: Hyperparameters,
    x: &Array2<f64>,
    diagnoses: &[&str],
) -> dnn_blocks::Result<(f64, f64)> {
    let mut model = Classifier::<f64, &str>::new(hyperparameters);
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

/// The measures (569, 30), and what was found: M for malignant, B for benign.
type Patients<'a> = (Array2<f64>, Vec<&'a str>);

fn patients(csv: &str) -> Result<Patients<'_>, Box<dyn Error>> {
    let (mut diagnoses, mut numbers) = (Vec::new(), Vec::new());
    for line in csv.lines().skip(1) {
        let (diagnosis, measures) = line.split_once(',').ok_or("a line without a comma")?;
        diagnoses.push(diagnosis);
        for number in measures.split(',') {
            numbers.push(number.parse()?);
        }
    }
    Ok((Array2::from_shape_vec((diagnoses.len(), 30), numbers)?, diagnoses))
}
