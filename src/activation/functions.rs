//! The activation functions of the course, by name.

use super::Activation;
#[cfg(doc)]
use crate::Error;
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2};

/// Computes the sigmoid, `A = 1 / (1 + e⁻ᶻ)`, element by element.
///
/// `Z`, `A` (n, m). The result is accurate for all `z`. Where `e⁻ᶻ` overflows, as at -720, it is
/// `eᶻ` and not 0.
///
/// ```
/// use dnn_blocks::activation::sigmoid;
/// use dnn_blocks::ndarray::array;
///
/// let a = sigmoid(&array![[0.0, -720.0, 1000.0]])?;
/// assert_eq!(a, array![[0.5, (-720.0_f64).exp(), 1.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLarge`] if `A` does not fit in memory.
#[doc(alias = "basic_sigmoid")]
pub fn sigmoid<F: Float>(z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Sigmoid.forward(z)
}

/// Computes the rectified linear unit, `A = max(0, Z)`, element by element.
///
/// `Z`, `A` (n, m). NaN stays NaN.
///
/// ```
/// use dnn_blocks::activation::relu;
/// use dnn_blocks::ndarray::array;
///
/// assert_eq!(relu(&array![[-1.0, 2.0]])?, array![[0.0, 2.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLarge`] if `A` does not fit in memory.
pub fn relu<F: Float>(z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Relu.forward(z)
}

/// Computes the hyperbolic tangent, `A = tanh Z`, element by element.
///
/// `Z`, `A` (n, m).
///
/// ```
/// use dnn_blocks::activation::tanh;
/// use dnn_blocks::ndarray::array;
///
/// assert_eq!(tanh(&array![[0.0, 1000.0]])?, array![[0.0, 1.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLarge`] if `A` does not fit in memory.
pub fn tanh<F: Float>(z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Tanh.forward(z)
}

/// Differentiates the sigmoid, `dZ = dA ∘ s·(1 - s)` with `s = sigmoid(Z)`.
///
/// `dA`, `Z`, `dZ` (n, m). `dZ` reuses the memory of `dA`.
///
/// ```
/// use dnn_blocks::activation::sigmoid_backward;
/// use dnn_blocks::ndarray::array;
///
/// assert_eq!(sigmoid_backward(array![[2.0]], &array![[0.0]])?, array![[0.5]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if `dA` and `Z` differ in shape.
#[doc(alias = "sigmoid_derivative")]
pub fn sigmoid_backward<F: Float>(da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Sigmoid.backward(da, z)
}

/// Differentiates the rectified linear unit, `dZ = dA` where `Z > 0`, else 0.
///
/// `dA`, `Z`, `dZ` (n, m). `dZ` reuses the memory of `dA`. The derivative at `Z = 0` is 0, as in
/// the course.
///
/// ```
/// use dnn_blocks::activation::relu_backward;
/// use dnn_blocks::ndarray::array;
///
/// let dz = relu_backward(array![[5.0, 5.0, 5.0]], &array![[-1.0, 0.0, 2.0]])?;
/// assert_eq!(dz, array![[0.0, 0.0, 5.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if `dA` and `Z` differ in shape.
pub fn relu_backward<F: Float>(da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Relu.backward(da, z)
}

/// Differentiates the hyperbolic tangent, `dZ = dA ∘ (1 - tanh² Z)`.
///
/// `dA`, `Z`, `dZ` (n, m). `dZ` reuses the memory of `dA`.
///
/// ```
/// use dnn_blocks::activation::tanh_backward;
/// use dnn_blocks::ndarray::array;
///
/// assert_eq!(tanh_backward(array![[3.0]], &array![[0.0]])?, array![[3.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if `dA` and `Z` differ in shape.
pub fn tanh_backward<F: Float>(da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Tanh.backward(da, z)
}
