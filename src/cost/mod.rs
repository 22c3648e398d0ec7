//! Cost functions: cross-entropies and the costs of regressions.
//!
//! ```math
//! J = -\frac{1}{m} \sum_{i=1}^{m} \left[
//!     y^{(i)} \ln a^{[L](i)} + (1 - y^{(i)}) \ln\left(1 - a^{[L](i)}\right)
//! \right]
//! ```
//!
//! [`compute_cost`] is the cost of the course. A [`Cost`] selects a cost function, and [`Targets`]
//! hold the labels with optional weights. [`MeanLoss`] makes a cost of your own [`Loss`].
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); PyTorch's `BCELoss` (Paszke
//! et al. 2019) for the bound at -100.

mod function;
mod loss;
mod regression;
mod targets;
mod terms;

pub use function::CostFunction;
pub(crate) use function::StepCost;
pub use loss::{Loss, MeanLoss};
pub use targets::Targets;

use crate::activation::Activation;
use crate::buffer;
use crate::checks::{check_batch, check_positive, check_same_shape, check_share};
use crate::error::Operand;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map2, Subtract};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};
use regression::{
    AbsoluteError, AbsoluteErrorGradient, HuberLoss, HuberLossGradient, PoissonDz, PoissonLoss,
    PoissonLossGradient, PoissonLossOfLogit, QuantileLoss, QuantileLossGradient, SquaredError,
    SquaredErrorGradient,
};
use std::fmt;
use std::str::FromStr;
use terms::{
    CrossEntropyGradient, LogLikelihood, LogLikelihoodGradient, LogisticDz, LogisticLoss, bounded,
};

/// Computes the cross-entropy cost of sigmoid outputs with labels 0 and 1.
///
/// For a softmax output use [`Cost::CategoricalCrossEntropy`] and
/// [`backpropagate`](crate::train::backward::backpropagate).
///
/// `J = -1/m Σ [y ln a + (1-y) ln(1-a)]`, with natural logarithms. `AL`, `Y` (n_L, m); the sum runs
/// over examples and outputs.
///
/// A logarithm below -100 is replaced by -100, as in PyTorch's `BCELoss`, so `J` is finite where
/// `AL` is exactly 0 or 1. NaN in `AL` or `Y` gives NaN, and so does an `AL` outside [0, 1]. Labels
/// are not checked; a label between 0 and 1 is a probability.
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
/// [`Error::ShapeMismatch`] if `AL` and `Y` differ in shape, [`Error::EmptyBatch`] or
/// [`Error::ZeroSize`] if they are empty.
///
/// Source: Ng (2017), week 4.
#[doc(alias = "compute_loss")]
#[inline(never)]
pub fn compute_cost<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<F> {
    check_outputs(al, y)?;
    let sum = elementwise::sum_terms(CrossEntropy, al, y); // Σ -(y ln a + (1-y) ln(1-a))
    Ok(mean(sum, al.ncols()))
}

/// The term of one output and its label, `-(y ln a + (1-y) ln(1-a))`.
#[derive(Clone, Copy)]
pub(crate) struct CrossEntropy;

impl<F: Float> Map2<F> for CrossEntropy {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let ln_a = elementwise::ln::<F, S>(a);
        let ln_one_minus_a = elementwise::ln_1m::<F, S>(a);
        -(y * bounded(ln_a) + (F::one() - y) * bounded(ln_one_minus_a))
    }
}

fn mean<F: Float>(sum: f64, m: usize) -> F {
    F::of(sum / m as f64)
}

/// Computes [`compute_cost`] of sigmoid outputs and replaces `AL` by `dZ = AL - Y`, in one sweep.
/// The caller has checked the shapes.
pub(crate) fn cost_and_sigmoid_dz<F: Float>(al: &mut ArrayRef2<F>, y: &ArrayRef2<F>) -> F {
    let m = al.ncols();
    mean(elementwise::sum_terms_and_zip_map(CrossEntropy, Subtract, al, y), m)
}

/// `Ok` if `AL` and `Y` have the same shape and are not empty.
pub(crate) fn check_outputs<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<()> {
    check_same_shape(Operand::new("AL", al), Operand::new("Y", y))?;
    check_batch(Operand::new("AL", al))
}

/// A cost function, the mean over m examples.
///
/// | variant | `J` | output | its `dZ` |
/// |---|---|---|---|
/// | `BinaryCrossEntropy` | `-1/m Σ [y ln a + (1-y) ln(1-a)]` | sigmoid | `A - Y` |
/// | `CategoricalCrossEntropy` | `-1/m Σ y ln a` | softmax | `A - Y` |
/// | `MeanSquaredError` | `1/m Σ (a - y)²` | identity | `2 (A - Y)` |
/// | `MeanAbsoluteError` | `1/m Σ \|a - y\|` | identity | the sign of `A - Y` |
/// | `Huber` | `1/m Σ r²/2`, or `δ (r - δ/2)` for `r > δ` | identity | `A - Y` clipped to `±δ` |
/// | `Quantile` | `1/m Σ q (y - a)`, or `(1 - q) (a - y)` for `a > y` | identity | `-q` or `1 - q` |
/// | `Poisson` | `1/m Σ (a - y ln a)` | exponential | `A - Y` |
///
/// `r` is `|a - y|`. The sums run over examples and outputs. Several sigmoid outputs are
/// independent labels of one example (multi-label classification). A weight of an example
/// multiplies its terms; the divisor stays m.
///
/// Labels are [`Targets`]: `Y` (n_L, m). The categorical cost also takes class numbers (1, m).
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// // Two labels for each of three pictures: cat (row 0) and dog (row 1).
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
    /// The squared error, summed over the outputs and averaged over the examples.
    #[doc(alias = "L2")]
    MeanSquaredError,
    /// The absolute error, whose minimizer is the median. Its derivative at `a = y` is 0.
    #[doc(alias = "L1")]
    MeanAbsoluteError,
    /// The squared error near the target and the absolute error far from it, so that outliers count
    /// less (Huber 1964).
    Huber {
        /// The threshold `δ` between the squared and the linear part, above 0 and finite.
        delta: f64,
    },
    /// The pinball loss, whose minimizer is the quantile `q` (Koenker & Bassett 1978). Its
    /// derivative at `a = y` is 0.
    Quantile {
        /// The quantile `q`, above 0 and below 1. The median is 0.5.
        quantile: f64,
    },
    /// The negative log-likelihood of counts with a Poisson distribution of mean `a`, without the
    /// constant `ln y!` (Nelder & Wedderburn 1972). It is PyTorch's `PoissonNLLLoss` with
    /// `full=False`.
    ///
    /// Targets are at least 0 and need not be integers; the functions of this module do not check
    /// them. The output layer is exponential, or has another activation that is always positive:
    /// softplus, sigmoid or softmax.
    Poisson,
}

impl Cost {
    /// Returns the output activation that matches the cost.
    ///
    /// With this activation `dZ` has the simple form of the table, and
    /// [`value_from_logits`](Self::value_from_logits) is accurate.
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
            Cost::MeanSquaredError
            | Cost::MeanAbsoluteError
            | Cost::Huber { .. }
            | Cost::Quantile { .. } => Activation::Identity,
            Cost::Poisson => Activation::Exponential,
        }
    }

    /// Checks that the constants of the cost are valid for a network of type `F`.
    ///
    /// The functions that take a cost check it too.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let error = Cost::Quantile { quantile: 1.0 }.check::<f64>().unwrap_err();
    /// assert_eq!(error.to_string(), "quantile is 1, but must be above 0 and below 1");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] with the name of the constant.
    pub fn check<F: Float>(&self) -> Result<()> {
        match *self {
            Cost::Huber { delta } => check_positive::<F>("delta", delta),
            Cost::Quantile { quantile } => check_share::<F>("quantile", quantile),
            _ => Ok(()),
        }
    }

    /// Computes the cost `J` of the outputs `AL` (n_L, m).
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
    /// - [`Error::ShapeMismatch`] if labels or weights do not fit `AL`.
    /// - [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `AL` is empty.
    /// - [`Error::InvalidValue`] if a class number is not an integer from 0 to n_L - 1.
    /// - [`Error::Hyperparameter`] or [`Error::Inconsistent`] if a constant of the cost or the
    ///   [smoothing](Targets::smoothed) is not valid.
    pub fn value<'t, F: Float>(
        &self,
        al: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<F> {
        let targets = targets.into();
        self.check_targets(&targets, Operand::new("AL", al))?;
        Ok(self.value_unchecked(al, &targets))
    }

    /// Computes [`value`](Self::value) without checks.
    #[inline(never)]
    pub(crate) fn value_unchecked<F: Float>(
        &self,
        al: &ArrayRef2<F>,
        targets: &Targets<'_, F>,
    ) -> F {
        let targets = &self.with_classes(targets, al.nrows());
        let sum = match self {
            Cost::BinaryCrossEntropy => targets.sum_terms(al, CrossEntropy),
            Cost::CategoricalCrossEntropy => targets.sum_terms(al, LogLikelihood),
            Cost::MeanSquaredError => targets.sum_terms(al, SquaredError),
            Cost::MeanAbsoluteError => targets.sum_terms(al, AbsoluteError),
            &Cost::Huber { delta } => targets.sum_terms(al, HuberLoss { delta: F::of(delta) }),
            &Cost::Quantile { quantile } => {
                targets.sum_terms(al, QuantileLoss { quantile: F::of(quantile) })
            }
            Cost::Poisson => targets.sum_terms(al, PoissonLoss),
        };
        mean(sum, al.ncols())
    }

    /// Computes the cost `J` from the logits `Z` (n_L, m).
    ///
    /// Logits are the `Z` of an output layer with [`output_activation`](Self::output_activation).
    /// `J` is accurate even where `AL` rounds to 0 or 1. The term of a sigmoid is
    /// `max(z, 0) - z·y + ln(1 + e^-|z|)`. The term of a softmax column is `ln Σ eᶻ - Σ z·y`; the
    /// largest `z` is subtracted first. The term of an exponential is `eᶻ - z·y`.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let z = array![[1e4, -1e4]]; // both predictions are certain and wrong
    /// assert_eq!(Cost::BinaryCrossEntropy.value_from_logits(&z, &array![[0.0, 1.0]])?, 1e4);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`value`](Self::value); [`Error::TooLarge`] if a copy of `Z` does not fit in
    /// memory.
    pub fn value_from_logits<'t, F: Float>(
        &self,
        z: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<F> {
        let targets = targets.into();
        self.check_targets(&targets, Operand::new("Z", z))?;
        Ok(self.value_and_dz(&mut buffer::copy_of("Z", z)?, &targets))
    }

    /// Computes the gradient with respect to the outputs, `dAL = m·∂J/∂AL`, (n_L, m).
    ///
    /// As in the course, a column of `dAL` is the derivative of the loss of one example. A divisor
    /// of exactly 0 is replaced by 1e-12.
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
    /// The errors of [`value`](Self::value); [`Error::TooLarge`] if `dAL` does not fit in memory.
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
        self.check::<F>()?;
        let accepts_class_numbers = *self == Cost::CategoricalCrossEntropy;
        targets.check(accepts_class_numbers, self.classes(outputs.shape.0).is_some(), outputs)
    }

    /// Returns the number of classes over which smoothing spreads a label, if the cost has classes.
    #[inline]
    fn classes(&self, outputs: usize) -> Option<usize> {
        match self {
            Cost::BinaryCrossEntropy => Some(2),
            Cost::CategoricalCrossEntropy => Some(outputs),
            _ => None,
        }
    }

    /// Returns the targets with the number of classes for their smoothing.
    #[inline]
    fn with_classes<'t, F: Float>(
        &self,
        targets: &Targets<'t, F>,
        outputs: usize,
    ) -> Targets<'t, F> {
        self.classes(outputs).map_or(*targets, |classes| targets.of_classes(classes))
    }

    /// Replaces `AL` by `dAL`. The caller has checked the shapes.
    #[inline(never)]
    pub(crate) fn gradient_in_place<F: Float>(
        &self,
        al: &mut ArrayRef2<F>,
        targets: &Targets<'_, F>,
    ) {
        let targets = &self.with_classes(targets, al.nrows());
        match self {
            Cost::BinaryCrossEntropy => targets.map(al, CrossEntropyGradient),
            Cost::CategoricalCrossEntropy => targets.map(al, LogLikelihoodGradient),
            cost => cost.error_gradient_in_place(al, targets),
        }
    }

    /// Replaces `AL` by the derivative of the cost of a regression.
    fn error_gradient_in_place<F: Float>(&self, al: &mut ArrayRef2<F>, targets: &Targets<'_, F>) {
        match *self {
            Cost::MeanAbsoluteError => targets.map(al, AbsoluteErrorGradient),
            Cost::Huber { delta } => targets.map(al, HuberLossGradient { delta: F::of(delta) }),
            Cost::Quantile { quantile } => {
                targets.map(al, QuantileLossGradient { quantile: F::of(quantile) });
            }
            Cost::Poisson => targets.map(al, PoissonLossGradient),
            _ => targets.map(al, SquaredErrorGradient),
        }
    }

    /// Replaces the outputs `AL` of [`output_activation`](Self::output_activation) by `dZ`.
    #[inline(never)]
    pub(crate) fn dz_in_place<F: Float>(&self, al: &mut ArrayRef2<F>, targets: &Targets<'_, F>) {
        let targets = &self.with_classes(targets, al.nrows());
        match self {
            Cost::BinaryCrossEntropy | Cost::Poisson => targets.map(al, Subtract),
            Cost::CategoricalCrossEntropy => targets.softmax_dz(al),
            cost => cost.error_gradient_in_place(al, targets),
        }
    }

    /// Computes `J` from the logits `Z` and replaces them by `dZ`, in one sweep. The caller has
    /// checked the shapes.
    #[inline(never)]
    pub(crate) fn value_and_dz<F: Float>(
        &self,
        z: &mut ArrayRef2<F>,
        targets: &Targets<'_, F>,
    ) -> F {
        let m = z.ncols();
        let targets = &self.with_classes(targets, z.nrows());
        let sum = match self {
            Cost::BinaryCrossEntropy => targets.sum_and_map(z, LogisticLoss, LogisticDz),
            Cost::CategoricalCrossEntropy => targets.softmax_cost_and_dz(z),
            Cost::MeanSquaredError => targets.sum_and_map(z, SquaredError, SquaredErrorGradient),
            Cost::MeanAbsoluteError => targets.sum_and_map(z, AbsoluteError, AbsoluteErrorGradient),
            &Cost::Huber { delta } => {
                let delta = F::of(delta);
                targets.sum_and_map(z, HuberLoss { delta }, HuberLossGradient { delta })
            }
            &Cost::Quantile { quantile } => {
                let quantile = F::of(quantile);
                let gradient = QuantileLossGradient { quantile };
                targets.sum_and_map(z, QuantileLoss { quantile }, gradient)
            }
            Cost::Poisson => targets.sum_and_map(z, PoissonLossOfLogit, PoissonDz),
        };
        mean(sum, m)
    }
}

/// `Ok` if the activation of the output layer matches the cost. A cross-entropy needs its own
/// activation, the Poisson cost a positive one; the errors of regressions accept any.
pub(crate) fn check_output_activation(cost: &Cost, activation: Activation) -> Result<()> {
    let expected = cost.output_activation();
    let fits = match cost {
        Cost::BinaryCrossEntropy | Cost::CategoricalCrossEntropy => activation == expected,
        Cost::Poisson => matches!(
            activation,
            Activation::Exponential
                | Activation::Softplus
                | Activation::Sigmoid
                | Activation::Softmax
        ),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    Err(Error::OutputActivation {
        layer: None,
        cost: cost.to_string(),
        expected: match cost {
            Cost::Poisson => "positive".to_string(),
            _ => expected.to_string(),
        },
        found: activation.to_string(),
    })
}

/// Parses the name that [`Display`](fmt::Display) prints, in upper or lower case.
///
/// The names are `binary cross-entropy`, `categorical cross-entropy`, `mean squared error`,
/// `mean absolute error`, `Poisson`, and with their constants `Huber 1.35` and `quantile 0.9`. Any
/// other text is an [`Error::UnknownName`], and a constant out of range an
/// [`Error::Hyperparameter`].
///
/// ```
/// use dnn_blocks::cost::Cost;
///
/// assert_eq!("mean squared error".parse(), Ok(Cost::MeanSquaredError));
/// ```
impl FromStr for Cost {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let lower = name.trim().to_lowercase();
        let constant = |prefix| lower.strip_prefix(prefix)?.trim().parse::<f64>().ok();
        let huber = constant("huber ").map(|delta| Cost::Huber { delta });
        let quantile = constant("quantile ").map(|quantile| Cost::Quantile { quantile });
        let costs = [
            Cost::BinaryCrossEntropy,
            Cost::CategoricalCrossEntropy,
            Cost::MeanSquaredError,
            Cost::MeanAbsoluteError,
            Cost::Poisson,
        ];
        let named = costs.into_iter().find(|cost| cost.to_string().to_lowercase() == lower);
        let unknown = || Error::UnknownName { kind: "cost", name: name.to_string() };
        let cost = named.or(huber).or(quantile).ok_or_else(unknown)?;
        cost.check::<f64>()?;
        Ok(cost)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cost::BinaryCrossEntropy => f.pad("binary cross-entropy"),
            Cost::CategoricalCrossEntropy => f.pad("categorical cross-entropy"),
            Cost::MeanSquaredError => f.pad("mean squared error"),
            Cost::MeanAbsoluteError => f.pad("mean absolute error"),
            Cost::Huber { delta } => f.pad(&format!("Huber {delta}")),
            Cost::Quantile { quantile } => f.pad(&format!("quantile {quantile}")),
            Cost::Poisson => f.pad("Poisson"),
        }
    }
}
