//! Gradient descent.
//!
//! ```math
//! W^{[l]} \leftarrow W^{[l]} - \alpha\, dW^{[l]} \qquad b^{[l]} \leftarrow b^{[l]} - \alpha\, db^{[l]}
//! ```
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017).

#[cfg(doc)]
use crate::Error;
use crate::checks::check_finite_in;
use crate::gradients::check_same_network;
use crate::kernel::elementwise::add_scaled;
use crate::{Float, Gradients, Parameters, Result};

/// Takes one step of gradient descent in every layer: `W ← W - α dW`, `b ← b - α db`.
///
/// `W`, `dW` (n, n_prev), `b`, `db` (n, 1), and `α` is `learning_rate`. Everything is checked
/// before the first number is written: an error leaves the parameters as they were.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let layer = Layer { w: array![[1.0]], b: array![[0.0]], activation: Activation::Identity };
/// let mut parameters = Parameters::from_layers(vec![layer])?;
/// let step = LayerGradients { dw: array![[4.0]], db: array![[-2.0]] };
/// update_parameters(&mut parameters, &Gradients::from_layers(vec![step])?, 0.25)?;
/// assert_eq!(parameters.layers()[0].w, array![[0.0]]);
/// assert_eq!(parameters.layers()[0].b, array![[0.5]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LayerCount`] or [`Error::ShapeMismatch`], with the number of the layer, if
/// `gradients` belong to another network; [`Error::Hyperparameter`] if `learning_rate` is not
/// finite in `F`.
pub fn update_parameters<F: Float>(
    parameters: &mut Parameters<F>,
    gradients: &Gradients<F>,
    learning_rate: f64,
) -> Result<()> {
    check_finite_in::<F>("learning_rate", learning_rate)?;
    check_same_network(parameters, gradients)?;
    let alpha = F::of(learning_rate);
    for (layer, gradient) in parameters.layers_mut().iter_mut().zip(gradients.layers()) {
        add_scaled(&mut layer.w, -alpha, &gradient.dw); // W = W - α·dW
        add_scaled(&mut layer.b, -alpha, &gradient.db); // b = b - α·db
    }
    Ok(())
}
