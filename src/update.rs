//! The update of the parameters by gradient descent.
//!
//! ```math
//! W^{[l]} \leftarrow W^{[l]} - \alpha\, dW^{[l]} \qquad
//! b^{[l]} \leftarrow b^{[l]} - \alpha\, db^{[l]}
//! ```
//!
//! Other optimizers, such as momentum and Adam, are in
//! [`train::optimizer`](crate::train::optimizer).
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
/// `W`, `dW` (n, n_prev), `b`, `db` (n, 1); `α` is `learning_rate`. All checks come before the
/// first change, so an error leaves the parameters unchanged.
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
/// - [`Error::LayerCount`] if `gradients` have more or fewer layers than `parameters`.
/// - [`Error::ShapeMismatch`], with the layer, if `dW` or `db` has another shape than `W` or `b`.
/// - [`Error::Hyperparameter`] if `learning_rate` is not finite in `F`.
///
/// Source: Ng (2017), week 4.
#[doc(alias = "update_parameters_with_gd")]
#[inline(never)]
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
