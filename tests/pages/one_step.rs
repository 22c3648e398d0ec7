//! The pages of one step: the one of the example, and ones with hostile text, many activations,
//! class numbers, and large matrices of numbers of all sizes.

#[allow(dead_code)]
#[path = "../../examples/one_step.rs"]
mod example;

use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::page::OneStep;
use dnn_blocks::prelude::*;
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::path::Path;

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{202e}\u{7}";

/// Writes the pages and returns the figures of the first.
pub fn write(folder: &Path) -> Result<Value, Box<dyn Error>> {
    let ((x, y), parameters) = (example::students(), example::network()?);
    fs::write(folder.join("one_step.html"), example::page()?)?;

    let step = OneStep::new(HOSTILE, 0.5).features([HOSTILE, "b"]).program(HOSTILE);
    fs::write(folder.join("one_step_hostile.html"), step.page(&parameters, &x, &y)?)?;

    let step = OneStep::new("Many activations", 0.1).cost(Cost::MeanSquaredError);
    let page = step.page(&many_activations()?, &x, &y)?;
    fs::write(folder.join("one_step_activations.html"), page)?;

    let step = OneStep::new("Classes", 1e-3).cost(Cost::CategoricalCrossEntropy);
    let page = step.page(&classes()?, &x.mapv(|x| x as f32), &array![[0.0, 2.0, 1.0, 2.0]])?;
    fs::write(folder.join("one_step_classes.html"), page)?;
    let figures = figures(parameters, &x, &y)?;

    let mut rng = NumpyRandom::seed(3);
    let large = initialize_parameters_deep(&[32, 32, 16, 1], Initializer::He, &mut rng)?;
    let x = Array2::from_shape_simple_fn((32, 12), || 1e4 * rng.randn());
    let y = Array2::from_shape_fn((1, 12), |(_, i)| (i % 2) as f64);
    let page = OneStep::new("A large step", 1e-9).page(&large, &x, &y)?;
    fs::write(folder.join("one_step_large.html"), page)?;
    Ok(figures)
}

fn many_activations() -> dnn_blocks::Result<Parameters<f64>> {
    let activations = [
        Activation::Tanh,
        Activation::LeakyRelu(0.1),
        Activation::Exponential,
        Activation::Softplus,
        Activation::Elu(0.5),
        Activation::Sigmoid,
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Softmax,
        Activation::Identity,
    ];
    let dims = [2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1];
    let mut rng = NumpyRandom::seed(1);
    initialize_parameters_deep(&dims, Initializer::Xavier, &mut rng)?
        .with_layer_activations(&activations)
}

fn classes() -> dnn_blocks::Result<Parameters<f32>> {
    let mut rng = NumpyRandom::seed(2);
    Ok(initialize_parameters_deep(&[2, 4, 3], Initializer::Xavier, &mut rng)?
        .with_activations(Activation::Tanh, Activation::Softmax))
}

/// The numbers of a step of the course, as a program has them.
fn figures(
    mut parameters: Parameters<f64>,
    x: &Array2<f64>,
    y: &Array2<f64>,
) -> Result<Value, Box<dyn Error>> {
    let (al, caches) = l_model_forward(x, &parameters)?;
    let gradients = l_model_backward(&al, y, &caches)?;
    let mut figures = json!({
        "hostile": HOSTILE.replace(['\u{7}', '\u{202e}'], "\u{fffd}"),
        "Z[1]": rows(&caches[0].activation.z),
        "A[2]": rows(&al),
        "J": [[compute_cost(&al, y)?]],
        "dW[1]": rows(&gradients.layers()[0].dw),
        "db[1]": rows(&gradients.layers()[0].db),
    });
    update_parameters(&mut parameters, &gradients, 0.5)?;
    figures["new W[1]"] = json!(rows(&parameters.layers()[0].w));
    Ok(figures)
}

fn rows(matrix: &Array2<f64>) -> Vec<Vec<f64>> {
    matrix.rows().into_iter().map(|row| row.to_vec()).collect()
}
