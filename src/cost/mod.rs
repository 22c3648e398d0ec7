//! How wrong `AL` is.
//!
//! ```math
//! J = -\frac{1}{m} \sum_{i=1}^{m} y^{(i)} \ln a^{[L](i)} + (1 - y^{(i)}) \ln\left(1 - a^{[L](i)}\right)
//! ```
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); the bound at -100:
//! PyTorch's `BCELoss` (Paszke et al. 2019).

mod targets;

pub use targets::Targets;

#[cfg(doc)]
use crate::Error;
use crate::activation::Activation;
use crate::buffer;
use crate::error::{Operand, check_batch, check_same_shape};
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map2, Subtract};
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2};
use std::fmt;

/// The cross-entropy cost, `J = -1/m Σ y ln a + (1-y) ln(1-a)`, in nats per example.
///
/// `AL`, `Y` (n_L, m); where there are several outputs their costs are added. Each logarithm
/// is bounded at -100, as in PyTorch's `BCELoss`, so `J` is finite where `AL` is exactly 0 or 1.
/// NaN in `AL` or `Y`, and an `AL` outside [0, 1], give NaN. Labels may be any numbers.
///
/// ```
/// use dnn_blocks::cost::compute_cost;
/// use dnn_blocks::ndarray::array;
///
/// let cost: f64 = compute_cost(&array![[0.8, 0.9, 0.4]], &array![[1.0, 1.0, 0.0]])?;
/// assert!((cost - 0.2797765635793422).abs() < 1e-15); // the course's own case
/// assert_eq!(compute_cost(&array![[0.0]], &array![[1.0]])?, 100.0);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if `AL` and `Y` differ in shape,
/// [`Error::EmptyBatch`] or
/// [`Error::ZeroSize`] if they are empty.
pub fn compute_cost<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<F> {
    check_outputs(al, y)?;
    Ok(F::of(elementwise::sum2(CrossEntropy, al, y) / al.ncols() as f64))
}

/// [`compute_cost`], and `dZ = AL - Y` in the place of `AL`, in one sweep: for an `AL` that comes
/// from a sigmoid. The shapes have been checked.
pub(crate) fn cost_and_sigmoid_dz<F: Float>(al: &mut ArrayRef2<F>, y: &ArrayRef2<F>) -> F {
    let examples = al.ncols() as f64;
    F::of(elementwise::sum2_and_map2(CrossEntropy, Subtract, al, y) / examples)
}

/// `Ok` if `AL` and `Y` have one shape and hold something.
pub(crate) fn check_outputs<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<()> {
    check_same_shape(Operand::of("AL", al), Operand::of("Y", y))?;
    check_batch(Operand::of("AL", al))
}

/// What a network is trained to make small, with m examples and the outputs k of each.
///
/// | variant | `J` | output | `dZ` there |
/// |---|---|---|---|
/// | `BinaryCrossEntropy` | `-1/m Σ y ln a + (1-y) ln(1-a)` | sigmoid | `A - Y` |
/// | `CategoricalCrossEntropy` | `-1/m Σ y ln a` | softmax | `A - Y` |
/// | `MeanSquaredError` | `1/m Σ (a - y)²` | identity | `2 (A - Y)` |
///
/// The sums go over examples and outputs: several sigmoid outputs are several questions about
/// one example (multi-label), and their costs are added. Where examples have weights `w`, each
/// term is multiplied by that of its example; the divisor stays m.
///
/// Labels are [`Targets`]: `Y` (n_L, m), or for the categorical cost also class numbers (1, m).
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// // Is there a cat (first row), and is there a dog? Two questions about each of three pictures.
/// let y = array![[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]];
/// let z = array![[9.0, -9.0, 9.0], [-9.0, -9.0, 9.0]];
/// let cost: f64 = Cost::BinaryCrossEntropy.value_from_z(&z, &y)?;
/// assert!(cost < 0.001);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Cost {
    /// The cross-entropy of yes or no, [`compute_cost`].
    BinaryCrossEntropy,
    /// The cross-entropy of one class out of n_L.
    CategoricalCrossEntropy,
    /// The squared error.
    MeanSquaredError,
}

impl Cost {
    /// The activation that belongs to the cost: together they have the simple `dZ` of the table,
    /// and a cost that can be computed from `Z` without loss.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// assert_eq!(Cost::CategoricalCrossEntropy.output_activation(), Activation::Softmax);
    /// ```
    pub fn output_activation(self) -> Activation {
        match self {
            Cost::BinaryCrossEntropy => Activation::Sigmoid,
            Cost::CategoricalCrossEntropy => Activation::Softmax,
            Cost::MeanSquaredError => Activation::Identity,
        }
    }

    /// `J` of the outputs `AL` (n_L, m).
    ///
    /// Logarithms are bounded at -100, as in [`compute_cost`].
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let al = array![[0.7, 0.1], [0.2, 0.8], [0.1, 0.1]];
    /// let classes = array![[0.0, 1.0]]; // or one-hot: [[1, 0], [0, 1], [0, 0]]
    /// let cost: f64 = Cost::CategoricalCrossEntropy.value(&al, &classes)?;
    /// assert!((cost - -(0.7_f64.ln() + 0.8_f64.ln()) / 2.0).abs() < 1e-15);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`], [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `AL` and the
    /// targets do not fit, [`Error::Target`] if a class number is none.
    pub fn value<'t, F: Float>(
        self,
        al: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<F> {
        let targets = targets.into();
        targets.check(self, Operand::of("AL", al))?;
        Ok(self.value_unchecked(al, &targets))
    }

    /// [`value`](Self::value) where what fits has been checked.
    pub(crate) fn value_unchecked<F: Float>(
        self,
        al: &ArrayRef2<F>,
        targets: &Targets<'_, F>,
    ) -> F {
        let sum = match self {
            Cost::BinaryCrossEntropy => targets.sum_terms(al, CrossEntropy),
            Cost::CategoricalCrossEntropy => targets.sum_terms(al, LogLikelihood),
            Cost::MeanSquaredError => targets.sum_terms(al, SquaredError),
        };
        mean(sum, al.ncols())
    }

    /// `J` of the `Z` (n_L, m) that [`output_activation`](Self::output_activation) is applied to.
    ///
    /// Exact where `AL` has rounded to 0 or 1: for a sigmoid
    /// `max(z, 0) - z·y + ln(1 + e^-|z|)`, for a softmax `ln Σ eᶻ - Σ z·y`, both less the largest.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let z = array![[1e4, -1e4]]; // both wrong, and sure of it
    /// assert_eq!(Cost::BinaryCrossEntropy.value_from_z(&z, &array![[0.0, 1.0]])?, 1e4);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and [`Error::TooLarge`] for want of memory.
    pub fn value_from_z<'t, F: Float>(
        self,
        z: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<F> {
        let targets = targets.into();
        targets.check(self, Operand::of("Z", z))?;
        Ok(self.value_and_dz(&mut buffer::copy_of("Z", z)?, &targets))
    }

    /// `∂J/∂AL` times m, the course's `dAL`: the derivative of each term by its output, (n_L, m).
    ///
    /// A divisor of exactly 0 is taken as 1e-12.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let dal = Cost::MeanSquaredError.gradient(&array![[3.0]], &array![[1.0]])?;
    /// assert_eq!(dal, array![[4.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`value`](Self::value), and [`Error::TooLarge`] for want of memory.
    pub fn gradient<'t, F: Float>(
        self,
        al: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<Array2<F>> {
        let targets = targets.into();
        targets.check(self, Operand::of("AL", al))?;
        let mut dal = buffer::copy_of("dAL", al)?;
        self.gradient_in_place(&mut dal, &targets);
        Ok(dal)
    }

    /// `dAL` in the place of `AL`. The shapes have been checked.
    pub(crate) fn gradient_in_place<F: Float>(
        self,
        al: &mut ArrayRef2<F>,
        targets: &Targets<'_, F>,
    ) {
        match self {
            Cost::BinaryCrossEntropy => targets.map(al, CrossEntropyGradient),
            Cost::CategoricalCrossEntropy => targets.map(al, LogLikelihoodGradient),
            Cost::MeanSquaredError => targets.map(al, TwiceTheDifference),
        }
    }

    /// `dZ` in the place of `AL`, after [`output_activation`](Self::output_activation).
    pub(crate) fn dz_in_place<F: Float>(self, al: &mut ArrayRef2<F>, targets: &Targets<'_, F>) {
        match self {
            Cost::BinaryCrossEntropy => targets.map(al, Subtract),
            Cost::CategoricalCrossEntropy => targets.softmax_dz(al),
            Cost::MeanSquaredError => targets.map(al, TwiceTheDifference),
        }
    }

    /// `J`, and `dZ` in the place of `Z`, in one sweep. The shapes have been checked.
    pub(crate) fn value_and_dz<F: Float>(
        self,
        z: &mut ArrayRef2<F>,
        targets: &Targets<'_, F>,
    ) -> F {
        let m = z.ncols();
        let sum = match self {
            Cost::BinaryCrossEntropy => targets.sum_and_map(z, LogisticLoss, LogisticDz),
            Cost::CategoricalCrossEntropy => targets.softmax_cost_and_dz(z),
            Cost::MeanSquaredError => targets.sum_and_map(z, SquaredError, TwiceTheDifference),
        };
        mean(sum, m)
    }
}

fn mean<F: Float>(sum: f64, examples: usize) -> F {
    F::of(sum / examples as f64)
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Cost::BinaryCrossEntropy => "binary cross-entropy",
            Cost::CategoricalCrossEntropy => "categorical cross-entropy",
            Cost::MeanSquaredError => "mean squared error",
        })
    }
}

/// `-(y ln a + (1-y) ln(1-a))`
#[derive(Clone, Copy)]
struct CrossEntropy;

impl<F: Float> Map2<F> for CrossEntropy {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let (ln_a, ln_1m_a) = (elementwise::ln::<F, S>(a), elementwise::ln_1m::<F, S>(a));
        -(y * bounded(ln_a) + (F::one() - y) * bounded(ln_1m_a))
    }
}

/// The logarithm, not below -100; written so that NaN passes, which `max` would swallow.
#[inline(always)]
fn bounded<F: Float>(ln: F) -> F {
    let lowest = F::of(-100.0);
    if ln < lowest { lowest } else { ln }
}

/// `x·y`, and 0 where `y` is 0, whatever `x` is unless it is NaN: a logit of -∞ masks a class.
#[inline(always)]
pub(super) fn product_or_zero<F: Float>(x: F, y: F) -> F {
    if y == F::zero() && !x.is_nan() { F::zero() } else { x * y }
}

/// `-y ln a`
#[derive(Clone, Copy)]
struct LogLikelihood;

impl<F: Float> Map2<F> for LogLikelihood {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let term = -(y * bounded(elementwise::ln::<F, S>(a)));
        // 0·NaN is kept: an output of NaN must show.
        if y == F::zero() && !a.is_nan() { F::zero() } else { term }
    }
}

/// `(a - y)²`
#[derive(Clone, Copy)]
struct SquaredError;

impl<F: Float> Map2<F> for SquaredError {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        (a - y) * (a - y)
    }
}

/// `max(z, 0) - z·y + ln(1 + e^-|z|)`, whose first two terms are `|z|·y` below 0 and `|z|·(1-y)`
/// above.
#[derive(Clone, Copy)]
struct LogisticLoss;

impl<F: Float> Map2<F> for LogisticLoss {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F, y: F) -> F {
        let missing = if z < F::zero() { y } else { F::one() - y };
        let e = elementwise::exp::<F, S>(-z.abs());
        product_or_zero(z.abs(), missing) + elementwise::ln_1m::<F, S>(-e)
    }
}

/// `sigmoid(z) - y`
#[derive(Clone, Copy)]
struct LogisticDz;

impl<F: Float> Map2<F> for LogisticDz {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F, y: F) -> F {
        elementwise::sigmoid::<F, S>(z) - y
    }
}

/// `-(y/a - (1-y)/(1-a))`
#[derive(Clone, Copy)]
pub(crate) struct CrossEntropyGradient;

impl<F: Float> Map2<F> for CrossEntropyGradient {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        -(y / divisor(a) - (F::one() - y) / divisor(F::one() - a))
    }
}

/// `-y/a`
#[derive(Clone, Copy)]
struct LogLikelihoodGradient;

impl<F: Float> Map2<F> for LogLikelihoodGradient {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        -(y / divisor(a))
    }
}

/// `2 (a - y)`
#[derive(Clone, Copy)]
struct TwiceTheDifference;

impl<F: Float> Map2<F> for TwiceTheDifference {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        F::TWO * (a - y)
    }
}

/// The divisor, not 0.
#[inline(always)]
fn divisor<F: Float>(d: F) -> F {
    if d == F::zero() { F::of(1e-12) } else { d }
}
