//! One step down the slope.
//!
//! ```math
//! W^{[l]} \leftarrow W^{[l]} - \alpha\, dW^{[l]} \qquad b^{[l]} \leftarrow b^{[l]} - \alpha\, db^{[l]}
//! ```
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017).

use crate::error::{Operand, check_same_shape};
use crate::kernel::elementwise::{self, AddScaled};
use crate::{Error, Float, Gradients, Parameters, Result};
use ndarray::ArrayRef2;

/// Gradient descent, `W ← W - α dW` and `b ← b - α db`, in every layer.
///
/// `W`, `dW` (n, n_prev), `b`, `db` (n, 1). All shapes are checked before the first number is written: a refused update leaves the
/// parameters as they were. `α` is a plain factor; the gradients are means over the batch.
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
/// `gradients` are those of another network.
pub fn update_parameters<F: Float>(
    parameters: &mut Parameters<F>,
    gradients: &Gradients<F>,
    learning_rate: F,
) -> Result<()> {
    check_same_network(parameters, gradients)?;
    for (layer, gradient) in parameters.layers_mut().iter_mut().zip(gradients.layers()) {
        descend(&mut layer.w, &gradient.dw, learning_rate);
        descend(&mut layer.b, &gradient.db, learning_rate);
    }
    Ok(())
}

/// `W ← W - α dW`
pub(crate) fn descend<F: Float>(w: &mut ArrayRef2<F>, dw: &ArrayRef2<F>, learning_rate: F) {
    elementwise::map2(AddScaled(-learning_rate), w, dw);
}

/// `Ok` if every `dW` and `db` has the shape of its `W` and `b`.
pub(crate) fn check_same_network<F: Float>(
    parameters: &Parameters<F>,
    gradients: &Gradients<F>,
) -> Result<()> {
    let (expected, found) = (parameters.layers().len(), gradients.layers().len());
    if expected != found {
        return Err(Error::LayerCount { expected, found });
    }
    for (l, (layer, gradient)) in parameters.layers().iter().zip(gradients.layers()).enumerate() {
        check_same_shape(Operand::of("W", &layer.w), Operand::of("dW", &gradient.dw))
            .and(check_same_shape(Operand::of("b", &layer.b), Operand::of("db", &gradient.db)))
            .map_err(|e| e.in_layer(l + 1))?;
    }
    Ok(())
}
