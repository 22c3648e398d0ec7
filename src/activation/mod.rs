//! Activation functions and their derivatives.
//!
//! ```math
//! A = g(Z) \qquad dZ = dA \circ g'(Z)
//! ```
//!
//! A layer holds its function `g` as an [`Activation`]. The course's functions ([`sigmoid`],
//! [`relu`], [`tanh`] and their `_backward`) are bit-identical to its variants.
//!
#![doc = include_str!("../../docs/images/activations.svg")]
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); Nair & Hinton (2010) for
//! ReLU, Maas et al. (2013) for leaky ReLU, Bridle (1990) for softmax.

mod functions;

pub use functions::{relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward};

use crate::buffer::copy_of;
use crate::checks::{check_finite_in, check_same_shape};
use crate::error::Operand;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map, Map2};
use crate::kernel::softmax::{softmax, softmax_backward, softmax_backward_from_input};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};
use std::fmt;
use std::str::FromStr;

/// An activation function `g`.
///
/// | variant | `a = g(z)` | `dz` |
/// |---|---|---|
/// | `Relu` | `max(0, z)` | `da` where `z > 0`, else 0 |
/// | `Sigmoid` | `1 / (1 + e⁻ᶻ)` | `da·a·(1 - a)` |
/// | `Tanh` | `(eᶻ - e⁻ᶻ) / (eᶻ + e⁻ᶻ)` | `da·(1 - a²)` |
/// | `LeakyRelu(s)` | `z` where `z > 0`, else `s·z` | `da` where `z > 0`, else `s·da` |
/// | `Identity` | `z` | `da` |
/// | `Softmax` | `eᶻ / Σ eᶻ` | `a·(da - Σ a·da)` |
///
/// All but `Softmax` are applied element by element. `Softmax` is applied to each column: its sums
/// run over the units of one example. NaN stays NaN in all of them.
///
/// ```
/// use dnn_blocks::activation::Activation;
/// use dnn_blocks::ndarray::array;
///
/// assert_eq!(Activation::Relu.forward(&array![[-1.0, 2.0]])?, array![[0.0, 2.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Activation {
    /// The rectified linear unit, `g(z) = max(0, z)` (Nair & Hinton 2010).
    Relu,
    /// The logistic function, `g(z) = 1 / (1 + e⁻ᶻ)`.
    Sigmoid,
    /// The hyperbolic tangent, `g(z) = tanh z`.
    Tanh,
    /// The leaky ReLU, `g(z) = z` where `z > 0`, else `slope·z` (Maas et al. 2013).
    ///
    /// A usual slope is 0.01. The slope must be finite in the element type of the network.
    LeakyRelu(f64),
    /// No activation, `g(z) = z`, for the output of a regression.
    Identity,
    /// Softmax, `g(z) = eᶻ / Σ eᶻ` over the units of the layer (Bridle 1990).
    ///
    /// It is for the output of a classifier: a column holds the probabilities of the classes.
    Softmax,
}

impl Activation {
    /// `Ok` if the slope is finite, also when it is rounded to `F`.
    pub(crate) fn check<F: Float>(self) -> Result<()> {
        match self {
            Activation::LeakyRelu(slope) => check_finite_in::<F>("slope", slope),
            Activation::Relu
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Identity
            | Activation::Softmax => Ok(()),
        }
    }

    /// Computes the activation, `A = g(Z)`.
    ///
    /// `Z`, `A` (n, m).
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
    /// [`Error::TooLarge`] if `A` does not fit in memory, [`Error::Hyperparameter`] if the slope of
    /// a leaky ReLU is not finite in `F`.
    pub fn forward<F: Float>(self, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check::<F>()?;
        let mut a = copy_of("A", z)?;
        self.apply(&mut a);
        Ok(a)
    }

    /// Computes `dZ` from `dA`: `dZ = dA ∘ g'(Z)`, and for `Softmax` the sum of the table above.
    ///
    /// `dA`, `Z`, `dZ` (n, m). `dZ` reuses the memory of `dA`.
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
    /// [`Error::ShapeMismatch`] if `dA` and `Z` differ in shape, [`Error::Hyperparameter`] if the
    /// slope of a leaky ReLU is not finite in `F`.
    pub fn backward<F: Float>(self, da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check::<F>()?;
        check_same_shape(Operand::new("dA", &da), Operand::new("Z", z))?;
        let mut dz = da;
        self.differentiate(&mut dz, z);
        Ok(dz)
    }

    /// Sets `Z ← g(Z)`.
    pub(crate) fn apply<F: Float>(self, z: &mut ArrayRef2<F>) {
        self.run(Apply { z });
    }

    /// Sets `Z ← g(Z + b)`, in one sweep.
    pub(crate) fn add_bias_and_apply<F: Float>(self, z: &mut ArrayRef2<F>, b: &ArrayRef2<F>) {
        self.run(AddBiasAndApply { z, b });
    }

    /// Sets `dA ← dA ∘ g'(Z)`. The caller has checked the shapes.
    pub(crate) fn differentiate<F: Float>(self, da: &mut ArrayRef2<F>, z: &ArrayRef2<F>) {
        self.run(Differentiate { da, z });
    }

    /// Sets `A ← dA ∘ g'(Z)`, where `A = g(Z)`. It computes `g'(Z)` from `A` alone.
    ///
    /// If [`known_from_output`](Self::known_from_output), the result is bit-identical to
    /// [`differentiate`](Self::differentiate).
    pub(crate) fn differentiate_output<F: Float>(self, a: &mut ArrayRef2<F>, da: &ArrayRef2<F>) {
        self.run(DifferentiateOutput { a, da });
    }

    /// Runs an operation with the function of this activation. The formulas are in its `impl Map`
    /// and `impl Derivative` below.
    #[inline(never)]
    pub(crate) fn run<F: Float, O: Operation<F>>(self, operation: O) {
        match self {
            Activation::Relu => operation.elementwise(Relu),
            Activation::Sigmoid => operation.elementwise(Sigmoid),
            Activation::Tanh => operation.elementwise(Tanh),
            Activation::LeakyRelu(slope) => operation.elementwise(LeakyRelu(F::of(slope))),
            Activation::Identity => operation.identity(),
            Activation::Softmax => operation.softmax(),
        }
    }

    /// Returns whether `A = g(Z)` determines `g'(Z)`. A leaky ReLU needs a slope above 0 for that.
    pub(crate) fn known_from_output<F: Float>(self) -> bool {
        match self {
            Activation::LeakyRelu(slope) => F::of(slope) > F::zero(),
            Activation::Relu
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Identity
            | Activation::Softmax => true,
        }
    }
}

/// An operation on matrices that needs an activation function or its derivative.
pub(crate) trait Operation<F: Float> {
    fn elementwise<G: Derivative<F>>(self, g: G);
    fn identity(self);
    fn softmax(self);
}

pub(crate) struct Apply<'a, F> {
    z: &'a mut ArrayRef2<F>,
}

impl<F: Float> Operation<F> for Apply<'_, F> {
    fn elementwise<G: Derivative<F>>(self, g: G) {
        elementwise::map(g, self.z);
    }
    fn identity(self) {}
    fn softmax(self) {
        softmax(self.z);
    }
}

pub(crate) struct AddBiasAndApply<'a, F> {
    z: &'a mut ArrayRef2<F>,
    b: &'a ArrayRef2<F>,
}

impl<F: Float> Operation<F> for AddBiasAndApply<'_, F> {
    fn elementwise<G: Derivative<F>>(self, g: G) {
        elementwise::add_column_and_map(g, self.z, self.b);
    }
    fn identity(self) {
        elementwise::add_column(self.z, self.b);
    }
    fn softmax(self) {
        elementwise::add_column(self.z, self.b);
        softmax(self.z);
    }
}

pub(crate) struct Differentiate<'a, F> {
    da: &'a mut ArrayRef2<F>,
    z: &'a ArrayRef2<F>,
}

impl<F: Float> Operation<F> for Differentiate<'_, F> {
    fn elementwise<G: Derivative<F>>(self, g: G) {
        elementwise::zip_map(FromInput(g), self.da, self.z);
    }
    fn identity(self) {}
    fn softmax(self) {
        softmax_backward_from_input(self.da, self.z);
    }
}

pub(crate) struct DifferentiateOutput<'a, F> {
    a: &'a mut ArrayRef2<F>,
    da: &'a ArrayRef2<F>,
}

impl<F: Float> Operation<F> for DifferentiateOutput<'_, F> {
    fn elementwise<G: Derivative<F>>(self, g: G) {
        elementwise::zip_map(FromOutput(g), self.a, self.da);
    }
    fn identity(self) {
        self.a.assign(self.da);
    }
    fn softmax(self) {
        softmax_backward(self.a, self.da);
    }
}

/// An elementwise activation function, with its derivative in terms of its output.
pub(crate) trait Derivative<F>: Map<F> {
    /// Returns `da·g'(z)` from `a = g(z)`.
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F;
    /// Returns `da·g'(z)` from `z`.
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

impl<F: Float> Map<F> for Relu {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        if z <= F::zero() { F::zero() } else { z } // unlike `max`, this keeps NaN
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
    /// Uses `z`, because a negative slope changes the sign of `a`.
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        if z <= F::zero() { da * self.0 } else { da }
    }
}

/// The map `(da, z) ↦ da·g'(z)`.
#[derive(Clone, Copy)]
struct FromInput<G>(G);

impl<F: Float, G: Derivative<F>> Map2<F> for FromInput<G> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, da: F, z: F) -> F {
        self.0.backward_from_input::<S>(da, z)
    }
}

/// The map `(a, da) ↦ da·g'(z)`, where `a = g(z)`.
#[derive(Clone, Copy)]
struct FromOutput<G>(G);

impl<F: Float, G: Derivative<F>> Map2<F> for FromOutput<G> {
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

/// Parses the name that [`Display`](fmt::Display) prints, in upper or lower case.
///
/// The names are `ReLU`, `sigmoid`, `tanh`, `leaky ReLU` with a slope, `identity` and `softmax`;
/// any other text is an [`Error::UnknownName`].
///
/// ```
/// use dnn_blocks::activation::Activation;
///
/// assert_eq!("relu".parse(), Ok(Activation::Relu));
/// assert_eq!("leaky ReLU 0.2".parse(), Ok(Activation::LeakyRelu(0.2)));
/// let error = "swish".parse::<Activation>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown activation `swish`");
/// ```
impl FromStr for Activation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let lower = name.trim().to_ascii_lowercase();
        let unknown = || Error::UnknownName { kind: "activation", name: name.to_string() };
        if let Some(slope) = lower.strip_prefix("leaky relu ") {
            let slope = slope.trim().parse::<f64>().ok().filter(|slope| slope.is_finite());
            return slope.map(Activation::LeakyRelu).ok_or_else(unknown);
        }
        let named = [
            Activation::Relu,
            Activation::Sigmoid,
            Activation::Tanh,
            Activation::Identity,
            Activation::Softmax,
        ];
        named.into_iter().find(|g| g.to_string().to_ascii_lowercase() == lower).ok_or_else(unknown)
    }
}
