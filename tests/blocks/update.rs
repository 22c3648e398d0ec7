//! A refused step of gradient descent changes nothing.

use crate::support::{message, network};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;

#[test]
fn a_refused_update_leaves_the_parameters_as_they_were() {
    let mut parameters = network::<f64>(&[3, 5, 1], 5);
    let before = parameters.clone();
    let mut gradients = Gradients::zeros_like(&parameters);
    gradients.layers_mut()[0].dw.fill(1.0);
    gradients.layers_mut()[1].db = Array2::zeros((1, 2));
    assert_eq!(
        message(update_parameters(&mut parameters, &gradients, 0.1)),
        "layer 2: b (1, 1) and db (1, 2) do not fit: shapes must be equal"
    );
    let other = Gradients::zeros_like(&network::<f64>(&[3, 5, 1, 1], 5));
    assert_eq!(
        message(update_parameters(&mut parameters, &other, 0.1)),
        "found 3 layers, but the parameters have 2"
    );
    assert_eq!(parameters, before);
}
