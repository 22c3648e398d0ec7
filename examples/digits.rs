//! Trains a classifier on handwritten digits of 8 x 8 pixels, and draws its mistakes.
//!
//! ```text
//! cargo run --release --example digits
//! ```
//!
//! Ctrl-C stops the training after the current epoch; the example goes on with the network as it
//! is. The data are described in `examples/data/README.md`.

#[path = "support/arguments.rs"]
mod arguments;
#[path = "support/handwriting.rs"]
mod handwriting;

use dnn_blocks::data::stratified_split;
use dnn_blocks::model::History;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::plot::{self, Curve, Picture};
use dnn_blocks::prelude::*;
use dnn_blocks::progress::Progress;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const USAGE: &str = "usage: digits [--pictures DIR]";
const CSV: &str = include_str!("data/digits.csv");

fn main() -> Result<(), Box<dyn Error>> {
    let ([], pictures) = arguments::parse(USAGE)?;
    let (x, digits) = handwriting::read(CSV, true)?;
    let (training, test) = stratified_split(&digits, 0.25, &mut NumpyRandom::seed(1))?;
    let (train_x, train_y) = handwriting::select(&x, &digits, &training);
    let (test_x, test_y) = handwriting::select(&x, &digits, &test);

    // The corners are white in all pictures: these features are constant, which is an error unless
    // it is allowed.
    let hyperparameters =
        Hyperparameters::plain().hidden(&[64]).epochs(60).constant_features(true).seed(1);
    let mut model = Classifier::<f32, usize>::new(hyperparameters);
    let history = train(&mut model, &train_x, &train_y)?;
    pictures.write("digits_history.csv", history.to_csv())?;

    println!("training accuracy {:.4}", model.score(Examples::rows(&train_x), &train_y)?);
    println!("test accuracy     {:.4}\n", model.score(Examples::rows(&test_x), &test_y)?);
    let predicted = model.predict(Examples::rows(&test_x))?;
    let matrix = ConfusionMatrix::new(Actual(&test_y), Predicted(&predicted))?;
    println!("{matrix}");

    let svg = plot::confusion_matrix("Handwritten digits", &matrix)?;
    pictures.write("digits_confusion.svg", svg)?;
    let svg = plot::costs("Digits: cost", &[Curve::new("64-64-10", &history.costs())])?;
    pictures.write("digits_cost.svg", svg)?;
    pictures.write("digits_mistakes.svg", mistakes(&test_x, &test_y, &predicted)?)
}

/// Fits the model and shows its progress, until the last epoch or Ctrl-C.
fn train(
    model: &mut Classifier<f32, usize>,
    x: &Array2<f32>,
    digits: &[usize],
) -> Result<History, Box<dyn Error>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    let mut progress = Progress::stderr();
    let options = FitOptions::new().on_epoch(|epoch| {
        if interrupted.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        progress.show(epoch)
    });
    Ok(model.fit_with(Examples::rows(x), digits, options)?)
}

/// Draws the misclassified pictures.
fn mistakes(x: &Array2<f32>, actual: &[usize], predicted: &[usize]) -> dnn_blocks::Result<String> {
    let ink = x.mapv(|value| 1.0 - value / 16.0);
    let wrong = (0..actual.len()).filter(|&i| predicted[i] != actual[i]);
    let shown: Vec<_> = wrong
        .filter_map(|i| {
            let picture = ink.row(i).into_shape_with_order((8, 8, 1)).ok()?;
            Some(Picture::new(picture, format!("{}, predicted {}", actual[i], predicted[i])))
        })
        .collect();
    plot::pictures("Mistakes on the test pictures", &shown, 5)
}
