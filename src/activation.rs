//! The functions `g` in `A = g(Z)`, with their derivatives.
//!
//! [`Activation`] is what a layer carries; the functions of the course ([`sigmoid`], [`relu`],
//! [`tanh`] and their backward halves) are the same arithmetic by name.
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); Nair & Hinton
//! (2010) and Maas et al. (2013) for ReLU and its leaky form.

use crate::buffer::copy_of;
use crate::error::{Operand, check_same_shape};
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2};
use std::fmt;

/// An activation function, applied element by element.
///
/// | variant | `g(z)` | `g'(z)` |
/// |---|---|---|
/// | `Relu` | `max(0, z)` | 1 where `z > 0`, else 0 |
/// | `Sigmoid` | `1 / (1 + e⁻ᶻ)` | `g(z)·(1 - g(z))` |
/// | `Tanh` | `(eᶻ - e⁻ᶻ) / (eᶻ + e⁻ᶻ)` | `1 - g(z)²` |
/// | `LeakyRelu(s)` | `z` where `z > 0`, else `s·z` | 1 where `z > 0`, else `s` |
/// | `Identity` | `z` | 1 |
///
/// NaN stays NaN in every one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `g(z) = max(0, z)` (Nair & Hinton 2010).
    Relu,
    /// `g(z) = 1 / (1 + e⁻ᶻ)`.
    Sigmoid,
    /// `g(z) = tanh z`.
    Tanh,
    /// `g(z) = z` where `z > 0`, else `slope·z`; 0.01 is usual (Maas et al. 2013).
    LeakyRelu(f64),
    /// `g(z) = z`.
    Identity,
}

impl Activation {
    /// `A = g(Z)`; `Z`, `A` (n, m).
    ///
    /// ```
    /// use dnn_blocks::activation::Activation;
    /// use dnn_blocks::ndarray::array;
    ///
    /// let a = Activation::LeakyRelu(0.01).forward(&array![[-2.0, 3.0]])?;
    /// assert_eq!(a, array![[-0.02, 3.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`](crate::Error::TooLarge) if `A` does not fit in memory.
    pub fn forward<F: Float>(self, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        let mut a = copy_of("A", z)?;
        self.apply(&mut a);
        Ok(a)
    }

    /// `dZ = dA ∘ g'(Z)`, in the place of `dA`; `dA`, `Z`, `dZ` (n, m).
    ///
    /// ```
    /// use dnn_blocks::activation::Activation;
    /// use dnn_blocks::ndarray::array;
    ///
    /// let dz = Activation::LeakyRelu(0.01).backward(array![[5.0, 5.0]], &array![[-2.0, 3.0]])?;
    /// assert_eq!(dz, array![[0.05, 5.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if `dA` has not the shape of `Z`.
    pub fn backward<F: Float>(self, da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        check_same_shape(Operand::of("dA", &da), Operand::of("Z", z))?;
        let mut dz = da;
        self.differentiate(&mut dz, z);
        Ok(dz)
    }

    /// `Z ← g(Z)`.
    pub(crate) fn apply<F: Float>(self, z: &mut ArrayRef2<F>) {
        match self {
            Activation::Relu => z.mapv_inplace(|z| if z <= F::zero() { F::zero() } else { z }),
            Activation::Sigmoid => z.mapv_inplace(logistic),
            Activation::Tanh => z.mapv_inplace(F::tanh),
            Activation::LeakyRelu(slope) => {
                let slope = F::of(slope);
                z.mapv_inplace(|z| if z <= F::zero() { slope * z } else { z });
            }
            Activation::Identity => {}
        }
    }

    /// `dA ← dA ∘ g'(Z)`. Callers have checked the shapes.
    pub(crate) fn differentiate<F: Float>(self, da: &mut ArrayRef2<F>, z: &ArrayRef2<F>) {
        match self {
            Activation::Relu => da.zip_mut_with(z, |d, &z| {
                if z <= F::zero() {
                    *d = F::zero();
                }
            }),
            Activation::Sigmoid => da.zip_mut_with(z, |d, &z| {
                let a = logistic(z);
                *d *= a * (F::one() - a);
            }),
            Activation::Tanh => da.zip_mut_with(z, |d, &z| {
                let a = z.tanh();
                *d *= F::one() - a * a;
            }),
            Activation::LeakyRelu(slope) => {
                let slope = F::of(slope);
                da.zip_mut_with(z, |d, &z| {
                    if z <= F::zero() {
                        *d *= slope;
                    }
                });
            }
            Activation::Identity => {}
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Activation::Relu => f.pad("ReLU"),
            Activation::Sigmoid => f.pad("sigmoid"),
            Activation::Tanh => f.pad("tanh"),
            Activation::LeakyRelu(slope) => f.pad(&format!("leaky ReLU {slope}")),
            Activation::Identity => f.pad("identity"),
        }
    }
}

/// `1 / (1 + e⁻ᶻ)`, of `e^-|z|` only: it neither overflows nor loses the small tail.
fn logistic<F: Float>(z: F) -> F {
    let e = (-z.abs()).exp();
    let numerator = if z < F::zero() { e } else { F::one() };
    numerator / (F::one() + e)
}

/// The sigmoid, `A = 1 / (1 + e⁻ᶻ)`, element by element.
///
/// `Z`, `A` (n, m). Accurate on both tails: it is never NaN or infinite for a number, and below `z = -700` still
/// the right tiny value instead of `1/∞ = 0`.
///
/// ```
/// use dnn_blocks::activation::sigmoid;
/// use dnn_blocks::ndarray::array;
///
/// let a = sigmoid(&array![[0.0, -1000.0, 1000.0]])?;
/// assert_eq!(a, array![[0.5, 0.0, 1.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLarge`](crate::Error::TooLarge) if `A` does not fit in memory.
pub fn sigmoid<F: Float>(z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Sigmoid.forward(z)
}

/// The rectified linear unit, `A = max(0, Z)`, element by element; NaN stays NaN.
///
/// `Z`, `A` (n, m).
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
/// [`Error::TooLarge`](crate::Error::TooLarge) if `A` does not fit in memory.
pub fn relu<F: Float>(z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Relu.forward(z)
}

/// The hyperbolic tangent, `A = tanh Z`, element by element.
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
/// [`Error::TooLarge`](crate::Error::TooLarge) if `A` does not fit in memory.
pub fn tanh<F: Float>(z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Tanh.forward(z)
}

/// The sigmoid backwards, `dZ = dA ∘ s·(1 - s)` with `s = sigmoid(Z)`.
///
/// `dA`, `Z`, `dZ` (n, m); `dZ` takes the place of `dA`.
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
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if `dA` has not the shape of `Z`.
pub fn sigmoid_backward<F: Float>(da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Sigmoid.backward(da, z)
}

/// The rectified linear unit backwards, `dZ = dA` where `Z > 0`, else 0.
///
/// `dA`, `Z`, `dZ` (n, m); `dZ` takes the place of `dA`. At `Z = 0` the derivative is taken as 0,
/// as in the course.
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
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if `dA` has not the shape of `Z`.
pub fn relu_backward<F: Float>(da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Relu.backward(da, z)
}

/// The hyperbolic tangent backwards, `dZ = dA ∘ (1 - tanh² Z)`.
///
/// `dA`, `Z`, `dZ` (n, m); `dZ` takes the place of `dA`.
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
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if `dA` has not the shape of `Z`.
pub fn tanh_backward<F: Float>(da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
    Activation::Tanh.backward(da, z)
}
