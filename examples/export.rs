//! Exports networks and models as ONNX and npz files, with their outputs for some examples.
//!
//! ```text
//! cargo run --features npz,onnx --example export -- target/exports
//! python3 docs/check_exports.py target/exports
//! ```
//!
//! The script compares the outputs with ONNX Runtime's.

use dnn_blocks::files::Tensors;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

const ACTIVATIONS: [(&str, Activation); 12] = [
    ("relu", Activation::Relu),
    ("sigmoid", Activation::Sigmoid),
    ("tanh", Activation::Tanh),
    ("leaky_relu", Activation::LeakyRelu(0.1)),
    ("identity", Activation::Identity),
    ("softmax", Activation::Softmax),
    ("exponential", Activation::Exponential),
    ("softplus", Activation::Softplus),
    ("elu", Activation::Elu(0.7)),
    ("silu", Activation::Silu),
    ("gelu_tanh", Activation::GeluTanh),
    ("gelu", Activation::Gelu),
];

/// The names of the features of the classifiers and the regressors.
const NAMES: [&str; 3] = ["mean radius", "\"worst\" area", "größe"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: export FOLDER")?);
    fs::create_dir_all(&folder)?;
    let exported = export::<f32>(&folder, "f32")? + export::<f64>(&folder, "f64")?;
    println!("{exported} models in {}", folder.display());
    Ok(())
}

/// Exports networks with each pair of activations, with and without a scaler, classifiers of two
/// and three classes, multi-label classifiers, and regressors with linear and exponential outputs.
/// Returns the number of ONNX files.
fn export<F: Float>(folder: &Path, kind: &str) -> Result<usize, Box<dyn Error>> {
    let mut rng = NumpyRandom::seed(3);
    let x = Array2::from_shape_simple_fn((50, 3), || F::of(20.0 + 5.0 * rng.randn()));
    let scaler = Standardizer::fit(&x.t())?;
    let mut count = 0;
    // ONNX Runtime has no exact GELU for f64, so the last is left out there.
    let activations = &ACTIVATIONS[..if kind == "f32" { 12 } else { 11 }];
    for &(hidden_name, hidden) in activations {
        for &(output_name, output) in activations {
            // Large weights overflow after several exponential functions.
            let exponential = [hidden, output].contains(&Activation::Exponential);
            let weights = if exponential { Initializer::Scaled(0.1) } else { Initializer::He };
            let parameters = initialize_parameters_deep(&[3, 6, 5, 2], weights, &mut rng)?
                .with_activations(hidden, output);
            for scaled in [false, true] {
                let scaler = scaled.then_some(&scaler);
                let name = format!("{kind}_{hidden_name}_{output_name}_{scaled}");
                parameters.save_onnx(folder.join(format!("{name}.onnx")), scaler)?;
                let input = match scaler {
                    Some(_) => x.clone(),
                    None => x.mapv(|x| (x - F::of(20.0)) / F::of(5.0)),
                };
                let columns = match scaler {
                    Some(scaler) => scaler.transform(&input.t())?,
                    None => input.t().to_owned(),
                };
                let al = predict_proba(columns, &parameters)?;
                answers(folder, &name, &input, &al.t().to_owned())?;
                count += 1;
            }
            if hidden == output {
                parameters.save_npz(folder.join(format!("{kind}_{hidden_name}.npz")))?;
            }
        }
    }
    let hyperparameters = Hyperparameters::plain().hidden(&[8]).epochs(5).batch_size(10);
    for classes in [2, 3] {
        let labels: Vec<usize> = (0..50).map(|i| i % classes).collect();
        let mut model = Classifier::new(hyperparameters.clone());
        model.fit(Examples::rows(&x).feature_names(&NAMES), &labels)?;
        let name = format!("{kind}_classifier_{classes}");
        model.save_onnx(folder.join(format!("{name}.onnx")))?;
        answers(folder, &name, &x, &model.predict_proba(Examples::rows(&x))?)?;
        count += 1;
    }
    for labels in [1, 4] {
        let names: Vec<usize> = (0..labels).collect();
        let sets: Vec<Vec<usize>> =
            (0..50).map(|i| (0..labels).filter(|label| (i + label) % 3 == 0).collect()).collect();
        let mut model = MultiLabelClassifier::new(hyperparameters.clone()).with_labels(&names);
        model.fit(Examples::rows(&x).feature_names(&NAMES), &sets)?;
        let name = format!("{kind}_multi_label_{labels}");
        model.save_onnx(folder.join(format!("{name}.onnx")))?;
        answers(folder, &name, &x, &model.predict_proba(Examples::rows(&x))?)?;
        let mut tensors = Tensors::new();
        tensors.insert("labels", model.predict_table(Examples::rows(&x))?.into_dyn())?;
        tensors.save_npz(folder.join(format!("{name}.labels.npz")))?;
        count += 1;
    }
    for (name, cost) in [("regressor", None), ("regressor_of_counts", Some(Cost::Poisson))] {
        let mut model = Regressor::new(hyperparameters.clone().cost(cost));
        model.fit(Examples::rows(&x).feature_names(&NAMES), Examples::rows(&x))?;
        let name = format!("{kind}_{name}");
        model.save_onnx(folder.join(format!("{name}.onnx")))?;
        answers(folder, &name, &x, &model.predict(Examples::rows(&x))?)?;
        count += 1;
    }
    Ok(count)
}

/// Saves the examples and their outputs.
fn answers<F: Float>(
    folder: &Path,
    name: &str,
    x: &Array2<F>,
    outputs: &Array2<F>,
) -> Result<(), Box<dyn Error>> {
    let mut tensors = Tensors::new();
    tensors.insert("x", x.clone().into_dyn())?;
    tensors.insert("outputs", outputs.clone().into_dyn())?;
    Ok(tensors.save_npz(folder.join(format!("{name}.answers.npz")))?)
}
