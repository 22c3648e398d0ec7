//! The functions `g` in `A = g(Z)`, with their derivatives.
//!
//! [`Activation`] is what a layer carries; the functions of the course ([`sigmoid`], [`relu`],
//! [`tanh`] and their backward halves) are the same arithmetic by name.
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); Nair & Hinton
//! (2010) and Maas et al. (2013) for ReLU and its leaky form; Bridle (1990) for softmax.

use crate::buffer::copy_of;
use crate::error::{Operand, check_finite_in, check_same_shape};
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map, Map2};
use crate::kernel::softmax::{softmax, softmax_backward, softmax_backward_from_input};
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2};
use std::fmt;

/// An activation function, applied element by element; `Softmax` column by column.
///
/// | variant | `g(z)` | `g'(z)` |
/// |---|---|---|
/// | `Relu` | `max(0, z)` | 1 where `z > 0`, else 0 |
/// | `Sigmoid` | `1 / (1 + e⁻ᶻ)` | `g(z)·(1 - g(z))` |
/// | `Tanh` | `(eᶻ - e⁻ᶻ) / (eᶻ + e⁻ᶻ)` | `1 - g(z)²` |
/// | `LeakyRelu(s)` | `z` where `z > 0`, else `s·z` | 1 where `z > 0`, else `s` |
/// | `Identity` | `z` | 1 |
/// | `Softmax` | `eᶻ / Σ eᶻ` over the units | `dz = a ∘ (da - Σ a ∘ da)` |
///
/// NaN stays NaN in every one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Activation {
    /// `g(z) = max(0, z)` (Nair & Hinton 2010).
    Relu,
    /// `g(z) = 1 / (1 + e⁻ᶻ)`.
    Sigmoid,
    /// `g(z) = tanh z`.
    Tanh,
    /// `g(z) = z` where `z > 0`, else `slope·z`; 0.01 is usual (Maas et al. 2013). The slope must
    /// be finite in the float type of the network, which the forward pass checks.
    LeakyRelu(f64),
    /// `g(z) = z`.
    Identity,
    /// `g(z) = eᶻ / Σ eᶻ`, the sum over the units of the layer: for the output of a network that
    /// tells classes apart (Bridle 1990).
    Softmax,
}

impl Activation {
    /// `Ok` if the slope is finite, also when it is rounded to `F`.
    pub(crate) fn check<F: Float>(self) -> Result<()> {
        let Activation::LeakyRelu(slope) = self else { return Ok(()) };
        check_finite_in::<F>("slope", slope)
    }

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
    /// [`Error::TooLarge`](crate::Error::TooLarge) if `A` does not fit in memory,
    /// [`Error::Hyperparameter`](crate::Error::Hyperparameter) if the slope of a leaky ReLU is not
    /// finite in `F`.
    pub fn forward<F: Float>(self, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check::<F>()?;
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
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if `dA` has not the shape of `Z`,
    /// [`Error::Hyperparameter`](crate::Error::Hyperparameter) if the slope of a leaky ReLU is not
    /// finite in `F`.
    pub fn backward<F: Float>(self, da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check::<F>()?;
        check_same_shape(Operand::of("dA", &da), Operand::of("Z", z))?;
        let mut dz = da;
        self.differentiate(&mut dz, z);
        Ok(dz)
    }

    /// `Z ← g(Z)`.
    pub(crate) fn apply<F: Float>(self, z: &mut ArrayRef2<F>) {
        match self {
            Activation::Relu => elementwise::map(Relu, z),
            Activation::Sigmoid => elementwise::map(Sigmoid, z),
            Activation::Tanh => elementwise::map(Tanh, z),
            Activation::LeakyRelu(slope) => elementwise::map(LeakyRelu(F::of(slope)), z),
            Activation::Identity => {}
            Activation::Softmax => softmax(z),
        }
    }

    /// `Z ← g(Z + b)`, in one sweep.
    pub(crate) fn add_and_apply<F: Float>(self, z: &mut ArrayRef2<F>, b: &ArrayRef2<F>) {
        match self {
            Activation::Relu => elementwise::add_and_map(Relu, z, b),
            Activation::Sigmoid => elementwise::add_and_map(Sigmoid, z, b),
            Activation::Tanh => elementwise::add_and_map(Tanh, z, b),
            Activation::LeakyRelu(slope) => {
                elementwise::add_and_map(LeakyRelu(F::of(slope)), z, b);
            }
            Activation::Identity => elementwise::add_and_map(Identity, z, b),
            Activation::Softmax => {
                elementwise::add_and_map(Identity, z, b);
                softmax(z);
            }
        }
    }

    /// `dA ← dA ∘ g'(Z)`. Callers have checked the shapes.
    pub(crate) fn differentiate<F: Float>(self, da: &mut ArrayRef2<F>, z: &ArrayRef2<F>) {
        match self {
            Activation::Relu => elementwise::map2(OfInput(Relu), da, z),
            Activation::Sigmoid => elementwise::map2(OfInput(Sigmoid), da, z),
            Activation::Tanh => elementwise::map2(OfInput(Tanh), da, z),
            Activation::LeakyRelu(slope) => {
                elementwise::map2(OfInput(LeakyRelu(F::of(slope))), da, z);
            }
            Activation::Identity => {}
            Activation::Softmax => softmax_backward_from_input(da, z),
        }
    }

    /// `A ← dA ∘ g'(Z)`, with `g'` from `A = g(Z)` alone; equal to
    /// [`differentiate`](Self::differentiate) to the last bit where
    /// [`known_from_output`](Self::known_from_output).
    pub(crate) fn differentiate_output<F: Float>(self, a: &mut ArrayRef2<F>, da: &ArrayRef2<F>) {
        match self {
            Activation::Relu => elementwise::map2(OfOutput(Relu), a, da),
            Activation::Sigmoid => elementwise::map2(OfOutput(Sigmoid), a, da),
            Activation::Tanh => elementwise::map2(OfOutput(Tanh), a, da),
            Activation::LeakyRelu(slope) => {
                elementwise::map2(OfOutput(LeakyRelu(F::of(slope))), a, da);
            }
            Activation::Identity => a.assign(da),
            Activation::Softmax => softmax_backward(a, da),
        }
    }

    /// Can `g'(Z)` be had from `A = g(Z)`? Not where a slope takes the sign away.
    pub(crate) fn known_from_output<F: Float>(self) -> bool {
        match self {
            Activation::LeakyRelu(slope) => F::of(slope) > F::zero(),
            _ => true,
        }
    }
}

/// An activation with its derivative written in terms of its output.
trait Derivative<F>: Map<F> {
    /// `da·g'(z)`, given `a = g(z)`.
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F;
    /// `da·g'(z)`, given z.
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        self.backward::<S>(da, self.apply::<S>(z))
    }
}

#[derive(Clone, Copy)]
struct Relu;
#[derive(Clone, Copy)]
struct Sigmoid;
#[derive(Clone, Copy)]
struct Tanh;
#[derive(Clone, Copy)]
struct LeakyRelu<F>(F);
#[derive(Clone, Copy)]
struct Identity;

impl<F: Float> Map<F> for Relu {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        if z <= F::zero() { F::zero() } else { z }
    }
}

impl<F: Float> Derivative<F> for Relu {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        if a <= F::zero() { F::zero() } else { da }
    }
}

impl<F: Float> Map<F> for Sigmoid {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        elementwise::sigmoid::<F, S>(z)
    }
}

impl<F: Float> Derivative<F> for Sigmoid {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        da * (a * (F::one() - a))
    }
}

impl<F: Float> Map<F> for Tanh {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        elementwise::tanh::<F, S>(z)
    }
}

impl<F: Float> Derivative<F> for Tanh {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        da * (F::one() - a * a)
    }
}

impl<F: Float> Map<F> for LeakyRelu<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        if z <= F::zero() { self.0 * z } else { z }
    }
}

impl<F: Float> Derivative<F> for LeakyRelu<F> {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        if a <= F::zero() { da * self.0 } else { da }
    }
    /// The sign of z itself: a slope may turn it round.
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        if z <= F::zero() { da * self.0 } else { da }
    }
}

impl<F: Float> Map<F> for Identity {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        z
    }
}

/// `da·g'(z)` for a pair of `da` and `z`.
#[derive(Clone, Copy)]
struct OfInput<G>(G);

impl<F: Float, G: Derivative<F>> Map2<F> for OfInput<G> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, da: F, z: F) -> F {
        self.0.backward_from_input::<S>(da, z)
    }
}

/// `da·g'(z)` for a pair of `a = g(z)` and `da`.
#[derive(Clone, Copy)]
struct OfOutput<G>(G);

impl<F: Float, G: Derivative<F>> Map2<F> for OfOutput<G> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, da: F) -> F {
        self.0.backward::<S>(da, a)
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
            Activation::Softmax => f.pad("softmax"),
        }
    }
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
