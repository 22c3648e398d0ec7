//! Trains a classifier of handwritten digits on all processes of an MPI job.
//!
//! ```text
//! cargo build --release --features mpi --example distributed
//! mpirun --oversubscribe -np 2 target/release/examples/distributed
//! ```
//!
//! Each process reads its own part of the file, described in `examples/data/README.md`. Except for
//! rounding, the network is the same for any number of processes.

use dnn_blocks::distributed::{Ranks, mpi};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::ops::ControlFlow;

const TABLE: &str = "examples/data/digits.csv";
const PIXELS: usize = 64;
/// One example in so many is kept for the test.
const TEST_SHARE: usize = 5;

fn main() {
    let universe = mpi::initialize().expect("MPI is started once");
    let ranks = Ranks::new(&universe);
    if let Err(error) = run(&ranks) {
        ranks.abort(&error);
    }
}

fn run(ranks: &Ranks<'_>) -> dnn_blocks::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| TABLE.into());
    let lines = ranks.read_lines(path)?;
    let header = usize::from(ranks.is_first());
    let lines: Vec<&str> = lines.lines().skip(header).collect();
    let (first, total) = ranks.offset_and_total(lines.len());
    let (test, training) =
        lines.iter().enumerate().partition::<Vec<_>, _>(|(i, _)| (first + i) % TEST_SHARE == 0);
    let (x, digits) = ranks.all_ok(handwriting(&training))?;
    let (test_x, test_digits) = ranks.all_ok(handwriting(&test))?;
    println!("rank {} of {}: {} of {total} examples", ranks.rank(), ranks.size(), lines.len());

    let hyperparameters = Hyperparameters::default()
        .hidden(&[64, 32])
        .batch_size(128)
        .epochs(40)
        .keep_prob(0.9)
        .constant_features(true)
        .seed(1);
    let mut model = Classifier::<f64, usize>::new(hyperparameters)
        .with_classes(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let options = FitOptions::new().on_epoch(|epoch| {
        if ranks.is_first() && epoch.record.epoch % 10 == 9 {
            println!("epoch {:2}: cost {:.6}", epoch.record.epoch + 1, epoch.record.cost);
        }
        ControlFlow::Continue(())
    });
    ranks.fit_classifier(&mut model, Examples::rows(&x), &digits, options)?;

    let predicted = match test_digits.len() {
        0 => Vec::new(),
        _ => model.predict(Examples::rows(&test_x))?,
    };
    let right = predicted.iter().zip(&test_digits).filter(|(p, d)| p == d).count();
    let mut counts = [right as f64, test_digits.len() as f64];
    ranks.all_reduce_sum(&mut counts);
    if ranks.is_first() {
        println!("test accuracy {:.4}", counts[0] / counts[1]);
    }
    Ok(())
}

/// Pictures (examples, pixels) and digits of these lines: a digit, and each pixel's ink as a digit
/// to the base 17.
fn handwriting(lines: &[(usize, &&str)]) -> Result<(Array2<f64>, Vec<usize>), String> {
    let mut x = Array2::zeros((lines.len(), PIXELS));
    let mut digits = Vec::new();
    for (mut row, (_, line)) in x.rows_mut().into_iter().zip(lines) {
        let wrong = || format!("not a digit and its pixels: {line}");
        let (digit, pixels) = line.split_once(',').ok_or_else(wrong)?;
        digits.push(digit.parse().map_err(|_| wrong())?);
        if pixels.len() != PIXELS {
            return Err(wrong());
        }
        for (x, pixel) in row.iter_mut().zip(pixels.chars()) {
            *x = f64::from(pixel.to_digit(17).ok_or_else(wrong)?);
        }
    }
    Ok((x, digits))
}
