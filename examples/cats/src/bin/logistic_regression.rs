//! Trains the logistic regression of week 2 of the course to recognize pictures of cats.
//!
//! ```text
//! cargo run --release -p cats --bin logistic_regression -- train_catvnoncat.h5 test_catvnoncat.h5
//! ```
//!
//! The files are the course's.

#[path = "../../../support/arguments.rs"]
mod arguments;

use cats::Cats;
use dnn_blocks::course::{Descent, logistic_regression};
use dnn_blocks::plot::{self, Curve};
use dnn_blocks::prelude::*;
use std::error::Error;

const USAGE: &str = "usage: logistic_regression TRAIN.h5 TEST.h5 [--pictures DIR]";

fn main() -> Result<(), Box<dyn Error>> {
    let ([train_file, test_file], pictures) = arguments::parse(USAGE)?;
    let (training, test) = (cats::load(&train_file)?, cats::load(&test_file)?);

    let descent = Descent::new(0.005, 2000).every(1);
    let trained = logistic_regression(&training.x, &training.y, descent)?;
    for (i, cost) in trained.costs.iter().step_by(100) {
        println!("iteration {i:4}  cost {cost:.6}");
    }
    let accuracy_on =
        |cats: &Cats| accuracy(Actual(&cats.y), Predicted(&predict(&cats.x, &trained.parameters)?));
    println!("\ntraining accuracy {:.4}", accuracy_on(&training)?);
    println!("test accuracy     {:.4}\n", accuracy_on(&test)?);
    let curve = Curve::new("12288-1", &trained.costs);
    let svg = plot::costs("Cats, logistic regression", &[curve])?;
    pictures.write("logistic_cost.svg", svg)
}
