//! Makes a page that shows one step of gradient descent, slowly: every matrix of every block.
//!
//! ```text
//! cargo run --release --example one_step
//! ```

#[path = "support/arguments.rs"]
mod arguments;

use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::page::OneStep;
use dnn_blocks::prelude::*;
use std::error::Error;

const LEARNING_RATE: f64 = 0.5;

fn main() -> Result<(), Box<dyn Error>> {
    let ([], pictures) = arguments::parse("usage: one_step [--pictures DIR]")?;
    pictures.write("one_step.html", page()?)?;

    // The same step in the terminal.
    let ((x, y), mut parameters) = (students(), network()?);
    let (al, caches) = l_model_forward(&x, &parameters)?;
    println!("cost before {}", compute_cost(&al, &y)?);
    let gradients = l_model_backward(&al, &y, &caches)?;
    println!("dW[1] =\n{}", gradients.layers()[0].dw);
    update_parameters(&mut parameters, &gradients, LEARNING_RATE)?;
    println!("cost after {}", compute_cost(&predict_proba(&x, &parameters)?, &y)?);
    Ok(())
}

/// Returns the page of the step.
pub(crate) fn page() -> dnn_blocks::Result<String> {
    let (x, y) = students();
    OneStep::new("One step, slowly", LEARNING_RATE)
        .features(["study", "sleep"])
        .program(include_str!("one_step.rs"))
        .page(&network()?, &x, &y)
}

/// Returns two features of four students, standardized, and whether each passed the exam.
pub(crate) fn students() -> (Array2<f64>, Array2<f64>) {
    let x = array![[1.0, -1.0, 2.0, 0.5], [0.5, 2.0, -1.0, -0.5]];
    (x, array![[1.0, 0.0, 1.0, 0.0]])
}

/// Returns a network of three hidden units with ReLU and one output with a sigmoid.
pub(crate) fn network() -> dnn_blocks::Result<Parameters<f64>> {
    let hidden = Layer {
        w: array![[0.5, -0.5], [-0.2, 0.6], [0.3, 0.4]],
        b: array![[0.1], [0.0], [-0.1]],
        activation: Activation::Relu,
    };
    let output =
        Layer { w: array![[0.8, -0.6, 0.4]], b: array![[-0.2]], activation: Activation::Sigmoid };
    Parameters::from_layers(vec![hidden, output])
}
