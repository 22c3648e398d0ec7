//! Trains a classifier of handwritten digits on all processes of an MPI job.
//!
//! ```text
//! cargo build --release --features mpi --example distributed
//! mpirun --oversubscribe -np 2 target/release/examples/distributed
//! ```
//!
//! Each process reads its own part of the file, described in `examples/data/README.md`. Except for
//! rounding, the network is the same for any number of processes.

#[path = "support/handwriting.rs"]
mod handwriting;

use dnn_blocks::distributed::{Ranks, mpi};
use dnn_blocks::prelude::*;
use std::ops::ControlFlow;

const TABLE: &str = "examples/data/digits.csv";
/// One example in this many is a test example.
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
    let (x, digits) =
        ranks.all_ok(handwriting::read(&ranks.read_lines(path)?, ranks.is_first()))?;
    let (first, total) = ranks.offset_and_total(digits.len());
    println!("rank {} of {}: {} of {total} examples", ranks.rank(), ranks.size(), digits.len());
    let (test, training): (Vec<_>, Vec<_>) =
        (0..digits.len()).partition(|i| (first + i) % TEST_SHARE == 0);
    let (train_x, train_y) = handwriting::select(&x, &digits, &training);
    let (test_x, test_y) = handwriting::select(&x, &digits, &test);

    let hyperparameters = Hyperparameters::plain()
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
    ranks.fit_classifier(&mut model, Examples::rows(&train_x), &train_y, options)?;

    let predicted = match test_y.len() {
        0 => Vec::new(),
        _ => model.predict(Examples::rows(&test_x))?,
    };
    let right = predicted.iter().zip(&test_y).filter(|(p, y)| p == y).count();
    let mut counts = [right as f64, test_y.len() as f64];
    ranks.all_reduce_sum(&mut counts);
    if ranks.is_first() {
        println!("test accuracy {:.4}", counts[0] / counts[1]);
    }
    Ok(())
}
