use super::formulas::{Adam, Momentum, RmsProp};
use super::rule::{StateMatrix, Step, UpdateRule};
use crate::checks::{
    check_argument, check_below_one, check_finite_in, check_lengths, check_non_negative,
    check_positive, check_same_shape,
};
use crate::error::Operand;
use crate::kernel::elementwise;
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};
use std::fmt;
use std::str::FromStr;

/// A built-in update rule with its constants; see the [table of formulas](super).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Algorithm {
    /// Gradient descent, `W ← W - α g`.
    GradientDescent,
    /// The course's momentum, a moving average of the gradients.
    Momentum {
        /// β, usually 0.9.
        beta: f64,
    },
    /// Momentum without the factor `1-β` (Polyak 1964), as in other libraries.
    ///
    /// With the learning rate `(1-β)·α` it takes the steps of `Momentum` with `α`.
    ClassicalMomentum {
        /// β, usually 0.9.
        beta: f64,
    },
    /// Nesterov momentum (Sutskever et al. 2013).
    Nesterov {
        /// β, usually 0.9.
        beta: f64,
    },
    /// RMSProp: gradients divided by the root of their mean square (Tieleman & Hinton 2012).
    RmsProp {
        /// β, usually 0.9 or 0.99.
        beta: f64,
        /// ε, outside the root, usually 1e-8.
        epsilon: f64,
    },
    /// Adam: momentum divided by the root of the mean square, bias-corrected (Kingma & Ba 2015).
    Adam {
        /// β₁, usually 0.9.
        beta1: f64,
        /// β₂, usually 0.999.
        beta2: f64,
        /// ε, outside the root, usually 1e-8.
        epsilon: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW {
        /// β₁, usually 0.9.
        beta1: f64,
        /// β₂, usually 0.999.
        beta2: f64,
        /// ε, outside the root, usually 1e-8.
        epsilon: f64,
        /// The weight decay λ, usually 0.01.
        weight_decay: f64,
    },
}

impl Algorithm {
    /// The course's momentum with β = 0.9.
    pub const MOMENTUM: Self = Self::Momentum { beta: 0.9 };
    /// Adam with β₁ = 0.9, β₂ = 0.999 and ε = 1e-8, as in its paper and in the course.
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    /// AdamW with the constants of [`ADAM`](Self::ADAM) and a weight decay of 0.01.
    pub const ADAM_W: Self =
        Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };
    /// RMSProp with β = 0.99 and ε = 1e-8.
    pub const RMS_PROP: Self = Self::RmsProp { beta: 0.99, epsilon: 1e-8 };

    /// Checks that the constants, rounded to `F`, are valid for a network of type `F`.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// assert!(Algorithm::ADAM.check::<f32>().is_ok());
    /// let tiny = Algorithm::RmsProp { beta: 0.9, epsilon: 1e-50 };
    /// assert!(tiny.check::<f64>().is_ok());
    /// assert!(tiny.check::<f32>().is_err()); // 0 as an f32
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] with the name of the constant, unless β is at least 0 and below 1,
    /// ε is above 0 (else a gradient of 0 would be divided by 0) and finite, and the weight decay
    /// is at least 0 and finite.
    pub fn check<F: Float>(self) -> Result<()> {
        match self {
            Algorithm::GradientDescent => Ok(()),
            Algorithm::Momentum { beta }
            | Algorithm::ClassicalMomentum { beta }
            | Algorithm::Nesterov { beta } => check_below_one::<F>("beta", beta),
            Algorithm::RmsProp { beta, epsilon } => {
                check_below_one::<F>("beta", beta)?;
                check_positive::<F>("epsilon", epsilon)
            }
            Algorithm::Adam { beta1, beta2, epsilon } => {
                check_below_one::<F>("beta1", beta1)?;
                check_below_one::<F>("beta2", beta2)?;
                check_positive::<F>("epsilon", epsilon)
            }
            Algorithm::AdamW { beta1, beta2, epsilon, weight_decay } => {
                Algorithm::Adam { beta1, beta2, epsilon }.check::<F>()?;
                check_non_negative::<F>("weight_decay", weight_decay)
            }
        }
    }

    /// Checks the arguments of [`UpdateRule::update`]: constants, learning rate and shapes.
    fn check_update<F: Float>(
        self,
        step: Step,
        w: &ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &[Array2<F>],
    ) -> Result<()> {
        self.check::<F>()?;
        check_finite_in::<F>("learning_rate", step.learning_rate)?;
        check_argument(step.number > 0, "number", 0.0, "at least 1")?;
        let weight_decay = match self {
            Algorithm::AdamW { weight_decay, .. } => weight_decay,
            Algorithm::GradientDescent
            | Algorithm::Momentum { .. }
            | Algorithm::ClassicalMomentum { .. }
            | Algorithm::Nesterov { .. }
            | Algorithm::RmsProp { .. }
            | Algorithm::Adam { .. } => 0.0,
        };
        check_finite_in::<F>("weight_decay", step.learning_rate * weight_decay)?;
        let w = Operand::new("w", w);
        check_same_shape(w, Operand::new("dw", dw))?;
        let matrices = UpdateRule::<F>::state(&self);
        check_lengths(("the state of the rule", matrices.len()), ("state", state.len()))?;
        let mut named = matrices.iter().zip(state);
        named.try_for_each(|(matrix, state)| check_same_shape(w, Operand::new(matrix.name, state)))
    }
}

impl<F: Float> UpdateRule<F> for Algorithm {
    fn state(&self) -> &'static [StateMatrix] {
        const V: StateMatrix = StateMatrix::new("v");
        const S: StateMatrix = StateMatrix::non_negative("s");
        match self {
            Algorithm::GradientDescent => &[],
            Algorithm::Momentum { .. }
            | Algorithm::ClassicalMomentum { .. }
            | Algorithm::Nesterov { .. } => &[V],
            Algorithm::RmsProp { .. } => &[S],
            Algorithm::Adam { .. } | Algorithm::AdamW { .. } => &[V, S],
        }
    }

    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &mut [Array2<F>],
    ) -> Result<()> {
        self.check_update(step, w, dw, state)?;
        let alpha = F::of(step.learning_rate);
        match *self {
            Algorithm::GradientDescent => elementwise::add_scaled(w, -alpha, dw),
            Algorithm::Momentum { beta } => {
                let (beta, share) = (F::of(beta), F::of(1.0 - beta));
                let momentum = Momentum { alpha, beta, share, nesterov: false };
                elementwise::update(momentum, w, dw, matrices(state)?);
            }
            Algorithm::ClassicalMomentum { beta } => {
                let (beta, share) = (F::of(beta), F::one());
                let momentum = Momentum { alpha, beta, share, nesterov: false };
                elementwise::update(momentum, w, dw, matrices(state)?);
            }
            Algorithm::Nesterov { beta } => {
                let (beta, share) = (F::of(beta), F::one());
                let momentum = Momentum { alpha, beta, share, nesterov: true };
                elementwise::update(momentum, w, dw, matrices(state)?);
            }
            Algorithm::RmsProp { beta, epsilon } => {
                let (beta, share, epsilon) = (F::of(beta), F::of(1.0 - beta), F::of(epsilon));
                let rms_prop = RmsProp { alpha, beta, share, epsilon };
                elementwise::update(rms_prop, w, dw, matrices(state)?);
            }
            Algorithm::Adam { beta1, beta2, epsilon } => {
                let adam = Adam::new(step, [beta1, beta2], epsilon, 0.0);
                elementwise::update(adam, w, dw, matrices(state)?);
            }
            Algorithm::AdamW { beta1, beta2, epsilon, weight_decay } => {
                let decay = if step.is_weight { weight_decay } else { 0.0 };
                let adam = Adam::new(step, [beta1, beta2], epsilon, decay);
                elementwise::update(adam, w, dw, matrices(state)?);
            }
        }
        Ok(())
    }
}

/// Returns the state as the number of matrices that a formula has.
fn matrices<F, const N: usize>(state: &mut [Array2<F>]) -> Result<[&mut Array2<F>; N]> {
    let length = state.len();
    let state: &mut [Array2<F>; N] = state.try_into().map_err(|_| {
        let (left, right) = ("the state of the rule", "state");
        Error::LengthMismatch { left, left_length: N, right, right_length: length }
    })?;
    Ok(state.each_mut())
}

/// Parses the name that [`Display`](fmt::Display) writes, in any case, with the usual constants.
///
/// β is 0.9 for the three kinds of momentum; otherwise the result is
/// [`ADAM`](Algorithm::ADAM), [`ADAM_W`](Algorithm::ADAM_W) or [`RMS_PROP`](Algorithm::RMS_PROP).
/// Any other name is an [`Error::UnknownName`].
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// assert_eq!("adam".parse(), Ok(Algorithm::ADAM));
/// assert_eq!("Nesterov momentum".parse(), Ok(Algorithm::Nesterov { beta: 0.9 }));
/// ```
impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let algorithms = [
            Algorithm::GradientDescent,
            Algorithm::MOMENTUM,
            Algorithm::ClassicalMomentum { beta: 0.9 },
            Algorithm::Nesterov { beta: 0.9 },
            Algorithm::RMS_PROP,
            Algorithm::ADAM,
            Algorithm::ADAM_W,
        ];
        let lower = name.trim().to_lowercase();
        let found = algorithms.into_iter().find(|rule| rule.to_string().to_lowercase() == lower);
        found.ok_or_else(|| Error::UnknownName { kind: "algorithm", name: name.to_string() })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Algorithm::GradientDescent => "gradient descent",
            Algorithm::Momentum { .. } => "momentum",
            Algorithm::ClassicalMomentum { .. } => "classical momentum",
            Algorithm::Nesterov { .. } => "Nesterov momentum",
            Algorithm::RmsProp { .. } => "RMSProp",
            Algorithm::Adam { .. } => "Adam",
            Algorithm::AdamW { .. } => "AdamW",
        })
    }
}
