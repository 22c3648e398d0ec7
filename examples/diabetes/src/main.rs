//! Fits a regression of the progression of diabetes on ten measures of 442 patients.
//!
//! ```text
//! cargo run --release -p diabetes
//! ```
//!
//! Correlations and quantiles come from `ndarray-stats`. The data are described in
//! `examples/data/README.md`.

#[path = "../../support/arguments.rs"]
mod arguments;

use dnn_blocks::data::split;
use dnn_blocks::ndarray::{Array1, Array2, Axis};
use dnn_blocks::plot::{self, Curve};
use dnn_blocks::prelude::*;
use dnn_blocks::progress::Progress;
use ndarray_stats::interpolate::Linear;
use ndarray_stats::{CorrelationExt, Quantile1dExt};
use noisy_float::types::{N64, n64};
use std::error::Error;

const USAGE: &str = "usage: diabetes [--pictures DIR]";
const CSV: &str = include_str!("../../data/diabetes.csv");

fn main() -> Result<(), Box<dyn Error>> {
    let ([], pictures) = arguments::parse(USAGE)?;
    let Patients { names, x, y } = patients(CSV)?;
    correlations(&names, &x, &y)?;

    let (training, test) = split(x.nrows(), 0.25, &mut NumpyRandom::seed(1))?;
    let part = |chosen: &[usize]| (x.select(Axis(0), chosen), y.select(Axis(0), chosen));
    let ((train_x, train_y), (test_x, test_y)) = (part(&training), part(&test));

    // Few patients and much noise ask for a small network, strong L2 and early stopping.
    let hyperparameters = Hyperparameters::plain()
        .hidden(&[16])
        .activation(Activation::Tanh)
        .initializer(Initializer::Xavier)
        .learning_rate(0.003)
        .epochs(300)
        .l2(1.0)
        .validation_share(0.2)
        .patience(30);
    let mut model = Regressor::<f64>::new(hyperparameters);
    let mut progress = Progress::stderr();
    let (patients, values) = (Examples::rows(&train_x), Examples::rows(&train_y));
    let options = FitOptions::new().on_epoch(|epoch| progress.show(epoch));
    let history = model.fit_with(patients, values, options)?;
    drop(progress);

    println!("best epoch {} of {}", history.best_epoch.unwrap_or(0), history.epochs.len());
    println!("training R² {:.3}", model.score(patients, values)?);
    println!("test R²     {:.3}", model.score(Examples::rows(&test_x), Examples::rows(&test_y))?);
    let errors = model.predict(Examples::rows(&test_x))? - &test_y;
    let mut sizes: Array1<N64> = errors.iter().map(|error| n64(error.abs())).collect();
    let median = sizes.quantile_mut(n64(0.5), &Linear)?;
    println!("half of the test patients are predicted within {median:.0} points\n");

    let curves = [
        Curve::new("training", &history.costs()),
        Curve::new("validation", &history.validation_costs()),
    ];
    let svg = plot::costs("Diabetes: cost in variances", &curves)?;
    pictures.write("diabetes_cost.svg", svg)
}

/// Prints the correlation of each measure with the progression.
fn correlations(names: &[String], x: &Array2<f64>, y: &Array2<f64>) -> Result<(), Box<dyn Error>> {
    let table = dnn_blocks::ndarray::concatenate(Axis(1), &[x.view(), y.view()])?;
    let correlation = table.t().pearson_correlation()?;
    for (name, r) in names.iter().zip(correlation.row(names.len())) {
        println!("correlation with {name:4} {r:6.2}");
    }
    println!();
    Ok(())
}

struct Patients {
    /// The names of the ten measures.
    names: Vec<String>,
    /// The measures, (442, 10).
    x: Array2<f64>,
    /// The progression, (442, 1).
    y: Array2<f64>,
}

fn patients(csv: &str) -> Result<Patients, Box<dyn Error>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut names: Vec<String> = reader.headers()?.iter().map(String::from).collect();
    names.pop();
    let rows: Vec<[f64; 11]> = reader.deserialize().collect::<Result<_, _>>()?;
    let table = Array2::from(rows);
    let (x, y) = table.view().split_at(Axis(1), names.len());
    Ok(Patients { x: x.to_owned(), y: y.to_owned(), names })
}
