//! Costs of the user's own: the mean of a loss over the examples.

use super::function::StepCost;
use super::{Cost, Targets, mean};
#[cfg(doc)]
use crate::Error;
use crate::activation::Activation;
use crate::buffer;
use crate::error::Operand;
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef1, ArrayRef2};
use std::fmt;

/// The loss of one example and its derivative, for a cost of your own.
///
/// [`MeanLoss`] turns it into a cost, for a training loop of your own. Here the log-cosh loss
/// `Σ ln cosh(a - y)`, whose derivative is `tanh(a - y)`:
///
/// ```
/// use dnn_blocks::cost::{Loss, MeanLoss};
/// use dnn_blocks::ndarray::{ArrayRef1, Zip, array};
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::gradient_check::gradient_check_n;
///
/// #[derive(Debug, Clone)]
/// struct LogCosh;
///
/// impl Loss<f64> for LogCosh {
///     fn loss(&self, a: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
///         // ln cosh r = |r| + ln(1 + exp(-2|r|)) - ln 2, which does not overflow
///         let of = |r: f64| r + (-2.0 * r).exp().ln_1p() - std::f64::consts::LN_2;
///         a.iter().zip(y).map(|(a, y)| of((a - y).abs())).sum()
///     }
///
///     fn derivative(&self, a: &ArrayRef1<f64>, y: &ArrayRef1<f64>, da: &mut ArrayRef1<f64>) {
///         Zip::from(da).and(a).and(y).for_each(|da, a, y| *da = (a - y).tanh());
///     }
/// }
///
/// let (x, y) = (array![[0.5, -1.0, 0.3], [1.0, 1.0, 0.2]], array![[2.0, -1.0, 0.5]]);
/// let mut rng = NumpyRandom::seed(1);
/// let mut parameters = initialize_parameters_deep(&[2, 4, 1], Initializer::LeCun, &mut rng)?
///     .with_activations(Activation::Tanh, Activation::Identity);
///
/// let cost = MeanLoss(LogCosh);
/// let mut workspace = Workspace::new(&parameters, 3)?;
/// let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &cost)?;
/// let cost_of = |p: &Parameters<f64>| cost.value(&predict_proba(&x, p)?, &y);
/// let check = gradient_check_n(&parameters, gradients, 1e-7, cost_of)?;
/// assert!(check.agrees(), "{check}");
///
/// for _ in 0..200 {
///     let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &cost)?;
///     update_parameters(&mut parameters, gradients, 0.5)?;
/// }
/// assert!(cost_of(&parameters)? < 0.01);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// Check a new derivative with
/// [`gradient_check_n`](crate::train::gradient_check::gradient_check_n), as above.
pub trait Loss<F: Float>: fmt::Debug {
    /// Computes the loss of one example from its outputs `a` and its labels `y`.
    ///
    /// Both have length n_L and may be strided.
    fn loss(&self, a: &ArrayRef1<F>, y: &ArrayRef1<F>) -> F;

    /// Writes the derivative of the loss with respect to `a` to `da`, which has length n_L and is
    /// zero on entry.
    fn derivative(&self, a: &ArrayRef1<F>, y: &ArrayRef1<F>, da: &mut ArrayRef1<F>);
}

impl<F: Float, L: Loss<F> + ?Sized> Loss<F> for &L {
    fn loss(&self, a: &ArrayRef1<F>, y: &ArrayRef1<F>) -> F {
        (**self).loss(a, y)
    }

    fn derivative(&self, a: &ArrayRef1<F>, y: &ArrayRef1<F>, da: &mut ArrayRef1<F>) {
        (**self).derivative(a, y, da);
    }
}

/// The mean of a [`Loss`] over the examples, `J = 1/m Σ ℒ(a, y)`.
///
/// Use it with an [`Objective`](crate::train::regularization::Objective), which adds L2, and with
/// [`Workspace`](crate::train::workspace::Workspace), `DistributedWorkspace` and
/// [`backpropagate`](crate::train::backward::backpropagate). The models and files take only a
/// [`Cost`].
///
/// A weight of an example multiplies its loss. The labels `Y` have the shape of `AL`: class
/// numbers are not accepted. The output layer may have any activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanLoss<L>(pub L);

impl<L> MeanLoss<L> {
    /// Computes the cost `J` of the outputs `AL` (n_L, m).
    ///
    /// Losses are added in `f64`.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if labels or weights do not fit `AL`, [`Error::EmptyBatch`] or
    /// [`Error::ZeroSize`] if `AL` is empty, [`Error::Inconsistent`] if the labels are
    /// [smoothed](Targets::smoothed).
    pub fn value<'t, F: Float>(
        &self,
        al: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<F>
    where
        L: Loss<F>,
    {
        let targets = targets.into();
        self.check(&targets, Operand::new("AL", al))?;
        Ok(StepCost::value(self, al, &targets))
    }

    /// Computes the gradient with respect to the outputs, `dAL = m·∂J/∂AL`, (n_L, m).
    ///
    /// # Errors
    ///
    /// The errors of [`value`](Self::value), and [`Error::TooLarge`] if `dAL` does not fit in
    /// memory.
    pub fn gradient<'t, F: Float>(
        &self,
        al: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
    ) -> Result<Array2<F>>
    where
        L: Loss<F>,
    {
        let targets = targets.into();
        self.check(&targets, Operand::new("AL", al))?;
        let mut dal = buffer::zeros("dAL", al.dim())?;
        self.gradient_into(al, &targets, &mut dal);
        Ok(dal)
    }
}

impl<F: Float, L: Loss<F>> StepCost<F> for MeanLoss<L> {
    fn check(&self, targets: &Targets<'_, F>, outputs: Operand) -> Result<()> {
        targets.check(false, false, outputs)
    }

    fn check_output(&self, _activation: Activation) -> Result<()> {
        Ok(())
    }

    fn of_logits(&self, _output: Activation) -> Option<&Cost> {
        None
    }

    fn value(&self, al: &ArrayRef2<F>, targets: &Targets<'_, F>) -> F {
        let y = targets.labels();
        let examples = al.columns().into_iter().zip(y.columns()).enumerate();
        let losses = examples.map(|(i, (a, y))| targets.weight(i) * self.0.loss(&a, &y));
        mean(losses.map(F::as_f64).sum(), al.ncols())
    }

    fn gradient_into(&self, al: &ArrayRef2<F>, targets: &Targets<'_, F>, dal: &mut ArrayRef2<F>) {
        let y = targets.labels();
        let examples = al.columns().into_iter().zip(y.columns());
        for (i, ((a, y), mut da)) in examples.zip(dal.columns_mut()).enumerate() {
            da.fill(F::zero());
            self.0.derivative(&a, &y, &mut da);
            let weight = targets.weight(i);
            da.mapv_inplace(|da| weight * da);
        }
    }
}
