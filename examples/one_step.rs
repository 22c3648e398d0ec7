//! Makes a page that shows one step of gradient descent, slowly: every matrix of every block.
//!
//! ```text
//! cargo run --release --example one_step
//! ```

#[path = "support/arguments.rs"]
mod arguments;

use dnn_blocks::ndarray::array;
use dnn_blocks::page::OneStep;
use dnn_blocks::prelude::*;
use std::error::Error;

const LEARNING_RATE: f64 = 0.5;

fn main() -> Result<(), Box<dyn Error>> {
    let ([], pictures) = arguments::parse("usage: one_step [--pictures DIR]")?;

    // Two features of four students, standardized, and whether each passed the exam.
    let x = array![[1.0, -1.0, 2.0, 0.5], [0.5, 2.0, -1.0, -0.5]];
    let y = array![[1.0, 0.0, 1.0, 0.0]];

    // Three hidden units with ReLU, one output with a sigmoid.
    let hidden = Layer {
        w: array![[0.5, -0.5], [-0.2, 0.6], [0.3, 0.4]],
        b: array![[0.1], [0.0], [-0.1]],
        activation: Activation::Relu,
    };
    let output =
        Layer { w: array![[0.8, -0.6, 0.4]], b: array![[-0.2]], activation: Activation::Sigmoid };
    let mut parameters = Parameters::from_layers(vec![hidden, output])?;

    let page = OneStep::new("One step, slowly", LEARNING_RATE)
        .features(["study", "sleep"])
        .program(include_str!("one_step.rs"))
        .page(&parameters, &x, &y)?;
    pictures.write("one_step.html", page)?;

    // The same step in the terminal.
    let (al, caches) = l_model_forward(&x, &parameters)?;
    println!("cost before {}", compute_cost(&al, &y)?);
    let gradients = l_model_backward(&al, &y, &caches)?;
    println!("dW[1] =\n{}", gradients.layers()[0].dw);
    update_parameters(&mut parameters, &gradients, LEARNING_RATE)?;
    println!("cost after {}", compute_cost(&predict_proba(&x, &parameters)?, &y)?);
    Ok(())
}
