//! The models.

mod classifier;
mod continued;
mod defaults;
mod feature_names;
mod frozen;
mod history;
mod hyperparameters;
mod label_smoothing;
mod lbfgs;
mod metadata;
mod multi_label;
mod network;
mod options;
mod packed_weights;
mod per_layer;
mod poisson;
mod predictor;
mod regressor;
#[cfg(feature = "safetensors")]
mod resume;
mod scikit_learn;
mod scikit_learn_continued;
mod scikit_learn_multi_label;
mod sets;
mod stopping;

use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::ops::ControlFlow;

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Returns points around one center for each class, (examples, 2), and their classes.
fn clouds(classes: usize, m: usize) -> (Array2<f64>, Vec<usize>) {
    let mut rng = NumpyRandom::seed(7);
    let labels: Vec<_> = (0..m).map(|i| i % classes).collect();
    let angle = |i: usize| labels[i] as f64 * std::f64::consts::TAU / classes as f64;
    let x = Array2::from_shape_fn((m, 2), |(i, f)| {
        let centre = if f == 0 { angle(i).cos() } else { angle(i).sin() };
        5.0 * centre + 100.0 * f as f64 + rng.randn()
    });
    (x, labels)
}

fn quick() -> Hyperparameters {
    Hyperparameters::plain().hidden(&[8]).batch_size(20).epochs(30).learning_rate(0.01)
}

type Names = Classifier<f64, &'static str>;

fn fitted(how: Hyperparameters, x: &Array2<f64>, labels: &[usize]) -> Classifier<f64, usize> {
    let mut model = Classifier::new(how);
    model.fit(Examples::rows(x), labels).unwrap();
    model
}
