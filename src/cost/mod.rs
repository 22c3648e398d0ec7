//! Cost functions.
//!
//! ```math
//! J = -\frac{1}{m} \sum_{i=1}^{m} y^{(i)} \ln a^{[L](i)} + (1 - y^{(i)}) \ln\left(1 - a^{[L](i)}\right)
//! ```
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); the bound at -100:
//! PyTorch's `BCELoss` (Paszke et al. 2019).

mod targets;
mod terms;

pub use targets::Targets;

use crate::activation::Activation;
use crate::buffer;
use crate::checks::{check_batch, check_same_shape};
use crate::error::Operand;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map2, Subtract};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};
use std::fmt;
use std::str::FromStr;
use terms::{
    CrossEntropyGradient, LogLikelihood, LogLikelihoodGradient, LogisticDz, LogisticLoss,
    SquaredError, TwiceTheDifference, bounded,
};

/// Computes the cross-entropy cost, `J = -1/m Σ y ln a + (1-y) ln(1-a)`, in nats per example.
///
/// `AL`, `Y` (n_L, m); the costs of several outputs are added. Each logarithm is bounded at -100, as
/// in PyTorch's `BCELoss`, so `J` is finite where `AL` is exactly 0 or 1. NaN in `AL` or `Y`, and an
/// `AL` outside [0, 1], give NaN. Labels may be any numbers.
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
    let sum = elementwise::sum_terms(CrossEntropy, al, y); // Σ -(y ln a + (1-y) ln(1-a))
    Ok(mean(sum, al.ncols()))
}

/// `-(y ln a + (1-y) ln(1-a))`
#[derive(Clone, Copy)]
pub(crate) struct CrossEntropy;

impl<F: Float> Map2<F> for CrossEntropy {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let (ln_a, ln_1m_a) = (elementwise::ln::<F, S>(a), elementwise::ln_1m::<F, S>(a));
        -(y * bounded(ln_a) + (F::one() - y) * bounded(ln_1m_a))
    }
}

fn mean<F: Float>(sum: f64, m: usize) -> F {
    F::of(sum / m as f64)
}

/// Computes [`compute_cost`] of the sigmoid outputs `AL`, and `dZ = AL - Y` in their place, in one
/// sweep. The caller has checked the shapes.
pub(crate) fn cost_and_sigmoid_dz<F: Float>(al: &mut ArrayRef2<F>, y: &ArrayRef2<F>) -> F {
    let m = al.ncols();
    mean(elementwise::sum_terms_and_zip_map(CrossEntropy, Subtract, al, y), m)
}

/// `Ok` if `AL` and `Y` have one shape and are not empty.
pub(crate) fn check_outputs<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<()> {
    check_same_shape(Operand::new("AL", al), Operand::new("Y", y))?;
    check_batch(Operand::new("AL", al))
}

/// A cost function, the mean over m examples.
///
/// | variant | `J` | output | `dZ` there |
/// |---|---|---|---|
/// | `BinaryCrossEntropy` | `-1/m Σ y ln a + (1-y) ln(1-a)` | sigmoid | `A - Y` |
/// | `CategoricalCrossEntropy` | `-1/m Σ y ln a` | softmax | `A - Y` |
/// | `MeanSquaredError` | `1/m Σ (a - y)²` | identity | `2 (A - Y)` |
///
/// The sums run over examples and outputs. Several sigmoid outputs are several independent labels of
/// an example (multi-label). With weights, each term is multiplied by the weight of its example; the
/// divisor stays m.
///
/// Labels are [`Targets`]: `Y` (n_L, m), or for the categorical cost also class numbers (1, m).
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// // Two labels for each of three pictures: is there a cat (row 0), is there a dog (row 1)?
/// let y = array![[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]];
/// let z = array![[9.0, -9.0, 9.0], [-9.0, -9.0, 9.0]];
/// let cost: f64 = Cost::BinaryCrossEntropy.value_from_logits(&z, &y)?;
/// assert!(cost < 0.001);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Cost {
    /// The cross-entropy of labels 0 and 1, as [`compute_cost`].
    BinaryCrossEntropy,
    /// The cross-entropy of one class out of n_L.
    CategoricalCrossEntropy,
    /// The mean squared error.
    MeanSquaredError,
}

impl Cost {
    /// Returns the activation that belongs to the cost.
    ///
    /// Together they have the simple `dZ` of the table, and a cost that is exact from the logits `Z`.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// assert_eq!(Cost::CategoricalCrossEntropy.output_activation(), Activation::Softmax);
    /// ```
    #[must_use]
    pub fn output_activation(&self) -> Activation {
        match self {
            Cost::BinaryCrossEntropy => Activation::Sigmoid,
            Cost::CategoricalCrossEntropy => Activation::Softmax,
            Cost::MeanSquaredError => Activation::Identity,
        }
    }

    /// Computes `J` of the outputs `AL` (n_L, m).
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
    /// targets do not fit, [`Error::InvalidValue`] if a class number is not one of the outputs.
    pub fn value<'t, F: Float>(
        &self,
        al: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<F> {
        let targets = targets.into();
        self.check_targets(&targets, Operand::new("AL", al))?;
        Ok(self.value_unchecked(al, &targets))
    }

    /// Computes [`value`](Self::value). The caller has checked the shapes.
    #[inline(never)]
    pub(crate) fn value_unchecked<F: Float>(
        &self,
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

    /// Computes `J` from the logits `Z` (n_L, m), before
    /// [`output_activation`](Self::output_activation) is applied.
    ///
    /// It is exact where `AL` rounds to 0 or 1: for a sigmoid `max(z, 0) - z·y + ln(1 + e^-|z|)`, for
    /// a softmax `ln Σ eᶻ - Σ z·y`, with the largest `z` subtracted first.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let z = array![[1e4, -1e4]]; // both wrong, and sure of it
    /// assert_eq!(Cost::BinaryCrossEntropy.value_from_logits(&z, &array![[0.0, 1.0]])?, 1e4);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`value`](Self::value), and [`Error::TooLarge`] if there is no memory for a copy.
    pub fn value_from_logits<'t, F: Float>(
        &self,
        z: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<F> {
        let targets = targets.into();
        self.check_targets(&targets, Operand::new("Z", z))?;
        Ok(self.value_and_dz(&mut buffer::copy_of("Z", z)?, &targets))
    }

    /// Computes `m·∂J/∂AL`, the course's `dAL`: the derivative of each term by its output, (n_L, m).
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
    /// The errors of [`value`](Self::value), and [`Error::TooLarge`] if there is no memory for a copy.
    pub fn gradient<'t, F: Float>(
        &self,
        al: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<Array2<F>> {
        let targets = targets.into();
        self.check_targets(&targets, Operand::new("AL", al))?;
        let mut dal = buffer::copy_of("dAL", al)?;
        self.gradient_in_place(&mut dal, &targets);
        Ok(dal)
    }

    /// `Ok` if labels and weights fit these outputs.
    pub(crate) fn check_targets<F: Float>(
        &self,
        targets: &Targets<'_, F>,
        outputs: Operand,
    ) -> Result<()> {
        let may_be_numbers = match self {
            Cost::CategoricalCrossEntropy => true,
            Cost::BinaryCrossEntropy | Cost::MeanSquaredError => false,
        };
        targets.check(may_be_numbers, outputs)
    }

    /// Computes `dAL` in the place of `AL`. The caller has checked the shapes.
    #[inline(never)]
    pub(crate) fn gradient_in_place<F: Float>(
        &self,
        al: &mut ArrayRef2<F>,
        targets: &Targets<'_, F>,
    ) {
        match self {
            Cost::BinaryCrossEntropy => targets.map(al, CrossEntropyGradient),
            Cost::CategoricalCrossEntropy => targets.map(al, LogLikelihoodGradient),
            Cost::MeanSquaredError => targets.map(al, TwiceTheDifference),
        }
    }

    /// Computes `dZ` in the place of the outputs `AL` of
    /// [`output_activation`](Self::output_activation).
    #[inline(never)]
    pub(crate) fn dz_in_place<F: Float>(&self, al: &mut ArrayRef2<F>, targets: &Targets<'_, F>) {
        match self {
            Cost::BinaryCrossEntropy => targets.map(al, Subtract),
            Cost::CategoricalCrossEntropy => targets.softmax_dz(al),
            Cost::MeanSquaredError => targets.map(al, TwiceTheDifference),
        }
    }

    /// Computes `J` from the logits, and `dZ` in their place, in one sweep. The caller has checked the
    /// shapes.
    #[inline(never)]
    pub(crate) fn value_and_dz<F: Float>(
        &self,
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

/// `Ok` if the output layer goes with the cost. A cross-entropy needs the activation that belongs to
/// it; a squared error goes with any.
pub(crate) fn check_output_activation(cost: &Cost, activation: Activation) -> Result<()> {
    let expected = cost.output_activation();
    let fits = match cost {
        Cost::BinaryCrossEntropy | Cost::CategoricalCrossEntropy => activation == expected,
        Cost::MeanSquaredError => true,
    };
    if fits {
        return Ok(());
    }
    Err(Error::OutputActivation {
        layer: None,
        cost: cost.to_string(),
        expected: expected.to_string(),
        found: activation.to_string(),
    })
}

/// Reads the name that [`Display`](fmt::Display) writes.
///
/// ```
/// use dnn_blocks::cost::Cost;
///
/// assert_eq!("mean squared error".parse(), Ok(Cost::MeanSquaredError));
/// ```
impl FromStr for Cost {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let costs =
            [Cost::BinaryCrossEntropy, Cost::CategoricalCrossEntropy, Cost::MeanSquaredError];
        let lower = name.trim().to_lowercase();
        let found = costs.into_iter().find(|cost| cost.to_string() == lower);
        found.ok_or_else(|| Error::UnknownName { kind: "cost", name: name.to_string() })
    }
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
