//! Which digit is it? A network learns 8 x 8 pictures of handwriting, and shows its mistakes.
//!
//! ```text
//! cargo run --release --features plot,progress --example digits
//! ```
//!
//! Ctrl-C ends the training after the epoch that is under way; what was learnt so far is used.
//! The data are described in `examples/data/README.md`.

#[path = "support/arguments.rs"]
mod arguments;

use dnn_blocks::data::stratified_split;
use dnn_blocks::model::History;
use dnn_blocks::ndarray::{Array2, Axis};
use dnn_blocks::plot;
use dnn_blocks::prelude::*;
use dnn_blocks::progress::Progress;
use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const USAGE: &str = "usage: digits [--pictures DIR]";
const CSV: &str = include_str!("data/digits.csv");

fn main() -> Result<(), Box<dyn Error>> {
    let (files, pictures) = arguments::parse(USAGE)?;
    if !files.is_empty() {
        return Err(USAGE.into());
    }
    let (x, digits) = handwriting(CSV)?;
    let (training, test) = stratified_split(&digits, 0.25, &mut NumpyRandom::seed(1))?;
    let part = |chosen: &[usize]| {
        (x.select(Axis(0), chosen), chosen.iter().map(|&i| digits[i]).collect::<Vec<_>>())
    };
    let ((train_x, train_y), (test_x, test_y)) = (part(&training), part(&test));

    // The corners of the pictures are white in all of them: constant features, and no mistake.
    let hyperparameters =
        Hyperparameters::default().hidden(&[64]).epochs(60).constant_features(true).seed(1);
    let mut model = Classifier::<f32, usize>::new(hyperparameters);
    let history = train(&mut model, &train_x, &train_y)?;
    fs::write(pictures.join("digits_history.csv"), history.to_csv())?;

    println!("training accuracy {:.4}", model.score(Examples::rows(&train_x), &train_y)?);
    println!("test accuracy     {:.4}\n", model.score(Examples::rows(&test_x), &test_y)?);
    let predicted = model.predict(Examples::rows(&test_x))?;
    let matrix = ConfusionMatrix::new(Actual(&test_y), Predicted(&predicted))?;
    println!("{matrix}");

    let save = |name: &str, svg: String| save(&pictures.join(name), &svg);
    save("digits_confusion.svg", plot::confusion_matrix("Handwritten digits", &matrix)?)?;
    save("digits_cost.svg", plot::costs("Digits: cost", &[("64-64-10", &history.costs())])?)?;
    save("digits_mistakes.svg", mistakes(&test_x, &test_y, &predicted)?)
}

/// Fits the model, with a bar or lines to see how far it is, until its end or Ctrl-C.
fn train(
    model: &mut Classifier<f32, usize>,
    x: &Array2<f32>,
    digits: &[usize],
) -> Result<History, Box<dyn Error>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    let mut progress = Progress::stderr();
    let watched = FitOptions::new().on_epoch(|epoch| {
        if interrupted.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        progress.show(epoch)
    });
    Ok(model.fit_with(Examples::rows(x), digits, watched)?)
}

/// The pictures that were taken for another digit.
fn mistakes(x: &Array2<f32>, actual: &[usize], predicted: &[usize]) -> dnn_blocks::Result<String> {
    let ink = x.mapv(|value| 1.0 - value / 16.0);
    let wrong = (0..actual.len()).filter(|&i| predicted[i] != actual[i]);
    let shown: Vec<_> = wrong
        .filter_map(|i| {
            let picture = ink.row(i).into_shape_with_order((8, 8, 1)).ok()?;
            Some((picture, format!("{}, taken for {}", actual[i], predicted[i])))
        })
        .collect();
    plot::pictures("Mistakes on the test pictures", &shown, 5)
}

/// Pictures (1797, 64) of 0 (white) to 16 (black), and the digits that they show.
fn handwriting(csv: &str) -> Result<(Array2<f32>, Vec<usize>), Box<dyn Error>> {
    let (mut pixels, mut digits) = (Vec::new(), Vec::new());
    for line in csv.lines().skip(1) {
        let (digit, picture) = line.split_once(',').ok_or("a line without a comma")?;
        digits.push(digit.parse()?);
        for pixel in picture.chars() {
            pixels.push(pixel.to_digit(17).ok_or("a pixel that is none")? as f32);
        }
    }
    Ok((Array2::from_shape_vec((digits.len(), 64), pixels)?, digits))
}

fn save(path: &Path, svg: &str) -> Result<(), Box<dyn Error>> {
    fs::write(path, svg)?;
    println!("wrote {}", path.display());
    Ok(())
}
