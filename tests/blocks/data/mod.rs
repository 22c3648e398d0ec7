//! Preprocessing: scaling, labels and splits.

mod folds;
mod label_names;
mod labels;
mod split;
mod standardizer;

use dnn_blocks::data::{Classes, one_hot, stratified_split};
use dnn_blocks::ndarray::{Array2, Axis, concatenate};
use dnn_blocks::prelude::*;

fn normal<F: Float>(rows: usize, m: usize, mean: f64, deviation: f64) -> Array2<F> {
    let mut rng = NumpyRandom::seed(1);
    Array2::from_shape_simple_fn((rows, m), || F::of(mean + deviation * rng.randn()))
}

/// Splits, fits the scaler to the training part, and transforms both parts.
#[test]
fn a_network_is_trained_on_prepared_data() {
    let mut rng = NumpyRandom::seed(4);
    let near = Array2::from_shape_simple_fn((2, 60), || 1e4 + rng.randn());
    let far = Array2::from_shape_simple_fn((2, 40), || 1e4 + 4.0 + rng.randn());
    let x = concatenate![Axis(1), near, far];
    let names: Vec<_> = (0..100).map(|i| if i < 60 { "near" } else { "far" }).collect();
    let classes = Classes::from_labels(&names);
    let labels = classes.encode(&names).unwrap();
    let (train, test) = stratified_split(&labels, 0.25, &mut rng).unwrap();
    let standardizer = Standardizer::fit(&x.select(Axis(1), &train)).unwrap();
    let train_x = standardizer.transform(&x.select(Axis(1), &train)).unwrap();
    let test_x = standardizer.transform(&x.select(Axis(1), &test)).unwrap();
    let part = |part: &[usize]| part.iter().map(|&i| labels[i]).collect::<Vec<_>>();
    let y = one_hot(&part(&train), classes.names().len()).unwrap();

    let mut parameters = initialize_parameters_deep(&[2, 2], Initializer::Zeros, &mut rng).unwrap();
    let schedule = Schedule::InverseTime { decay_rate: 0.01 };
    for epoch in 0..100 {
        let (al, caches) = l_model_forward(&train_x, &parameters).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        update_parameters(&mut parameters, &gradients, schedule.at(1.0, epoch)).unwrap();
    }
    let found = predicted_classes(&predict_proba(&test_x, &parameters).unwrap()).unwrap();
    assert!(accuracy(Actual(&part(&test)), Predicted(&found)).unwrap() >= 0.96);
}
