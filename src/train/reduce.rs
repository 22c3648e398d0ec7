//! The two points of a training step at which several processes join.

use crate::gradients::LayerGradients;
use crate::train::backward_pass::BackwardPass;
use crate::train::regularization::Objective;
use crate::{Float, Result};

/// Runs the passes of a training step, and sums examples and gradients over all processes that train
/// one network. Every process calls each method once in a step.
pub(crate) trait GradientReducer<F: Float> {
    /// Runs the forward pass if the process is `ready`, and returns the number of examples of all
    /// processes. An error of one process is an error of all.
    fn run_forward(
        &mut self,
        ready: Result<()>,
        step: &StepInfo,
        forward: &mut dyn FnMut(),
    ) -> Result<usize>;

    /// Runs the backward pass, and sums the gradients over all processes. Returns the sum of the costs.
    fn run_backward(
        &mut self,
        pass: &mut BackwardPass<'_, F>,
        gradients: &mut [LayerGradients<F>],
        cost: f64,
    ) -> f64;
}

/// The numbers of a step that all processes must have in common, and the shape of the own examples.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "mpi"), allow(dead_code))] // only several processes compare them
pub(crate) struct StepInfo {
    /// The features of `X`.
    pub features: usize,
    /// The examples of this process.
    pub m: usize,
    /// The examples of the whole batch, if they are known.
    pub batch: Option<usize>,
    /// The cost and its L2 term.
    pub objective: Objective,
    /// The probability that a hidden unit is kept, if the step has dropout.
    pub keep_prob: Option<f64>,
    /// The first random number of the dropout masks.
    pub first_draw: Option<f64>,
}

/// One process, which has all examples.
pub(crate) struct SingleProcess;

impl<F: Float> GradientReducer<F> for SingleProcess {
    fn run_forward(
        &mut self,
        ready: Result<()>,
        step: &StepInfo,
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
