//! The trait by which a training step sums gradients over processes.

use crate::frozen::Frozen;
use crate::gradients::LayerGradients;
use crate::train::backward_pass::BackwardPass;
use crate::train::regularization::StepObjective;
use crate::{Float, Result};

/// Runs the passes of a training step, and sums over all processes that train one network.
///
/// Every process calls each method once per step.
pub(crate) trait GradientReducer<F: Float> {
    /// Runs the forward pass if this process is `ready`, and returns the number of examples on all
    /// processes. An error on one process is an error on all.
    fn run_forward(
        &mut self,
        ready: Result<()>,
        step: &StepInfo<'_, F>,
        forward: &mut dyn FnMut(),
    ) -> Result<usize>;

    /// Runs the backward pass, sums the gradients of the trainable layers over all processes, and
    /// returns the sum of the costs.
    fn run_backward(
        &mut self,
        pass: &mut BackwardPass<'_, F>,
        gradients: &mut [LayerGradients<F>],
        cost: f64,
    ) -> f64;
}

/// The shape of `X` on this process, and the values of a step that all processes must share.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "mpi"), allow(dead_code))] // read with the feature `mpi` only
pub(crate) struct StepInfo<'a, F> {
    /// The features of `X`.
    pub features: usize,
    /// The number of examples on this process.
    pub m: usize,
    /// The number of examples in the whole batch, if it is known.
    pub batch: Option<usize>,
    /// The cost and its L2 term.
    pub objective: StepObjective<'a, F>,
    /// The smoothing of the labels.
    pub smoothing: f64,
    /// The layers that get no gradients.
    pub frozen: Frozen,
    /// The probability that a hidden unit is kept, if the step has dropout.
    pub keep_prob: Option<f64>,
    /// The first random number of the dropout masks.
    pub first_draw: Option<f64>,
}

/// The reducer of a single process, which has all examples.
pub(crate) struct SingleProcess;

impl<F: Float> GradientReducer<F> for SingleProcess {
    fn run_forward(
        &mut self,
        ready: Result<()>,
        step: &StepInfo<'_, F>,
        forward: &mut dyn FnMut(),
    ) -> Result<usize> {
        ready?;
        forward();
        Ok(step.m)
    }

    fn run_backward(
        &mut self,
        pass: &mut BackwardPass<'_, F>,
        gradients: &mut [LayerGradients<F>],
        cost: f64,
    ) -> f64 {
        pass.run(gradients);
        cost
    }
}
