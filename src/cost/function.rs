//! The trait of the costs that a training step accepts.

use super::{Cost, Loss, MeanLoss, Targets, check_output_activation};
use crate::activation::Activation;
use crate::error::Operand;
use crate::{Float, Result};
use ndarray::ArrayRef2;
use std::fmt;

/// The cost of an [`Objective`](crate::train::regularization::Objective): a [`Cost`], or the
/// [`MeanLoss`] of a loss of your own.
///
/// Other types cannot implement this trait; implement [`Loss`].
pub trait CostFunction<F: Float>: StepCost<F> {}

impl<F: Float> CostFunction<F> for Cost {}
impl<F: Float, L: Loss<F>> CostFunction<F> for MeanLoss<L> {}

/// The methods of a [`CostFunction`]. Except for `check`, the caller has checked the arguments.
pub trait StepCost<F: Float>: fmt::Debug {
    /// `Ok` if labels and weights fit these outputs.
    fn check(&self, targets: &Targets<'_, F>, outputs: Operand) -> Result<()>;

    /// `Ok` if the output layer may have this activation.
    fn check_output(&self, activation: Activation) -> Result<()>;

    /// Returns the cost if `J` and `dZ` are computed from the logits of such an output layer.
    fn of_logits(&self, output: Activation) -> Option<&Cost>;

    /// Computes `J` of the outputs.
    fn value(&self, al: &ArrayRef2<F>, targets: &Targets<'_, F>) -> F;

    /// Computes `dAL = m·∂J/∂AL`.
    fn gradient_into(&self, al: &ArrayRef2<F>, targets: &Targets<'_, F>, dal: &mut ArrayRef2<F>);
}

impl<F: Float> StepCost<F> for Cost {
    fn check(&self, targets: &Targets<'_, F>, outputs: Operand) -> Result<()> {
        self.check_targets(targets, outputs)
    }

    fn check_output(&self, activation: Activation) -> Result<()> {
        check_output_activation(self, activation)
    }

    fn of_logits(&self, output: Activation) -> Option<&Cost> {
        (output == self.output_activation()).then_some(self)
    }

    fn value(&self, al: &ArrayRef2<F>, targets: &Targets<'_, F>) -> F {
        self.value_unchecked(al, targets)
    }

    fn gradient_into(&self, al: &ArrayRef2<F>, targets: &Targets<'_, F>, dal: &mut ArrayRef2<F>) {
        dal.assign(al);
        self.gradient_in_place(dal, targets);
    }
}
