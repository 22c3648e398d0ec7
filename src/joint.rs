//! The seam between backward and update, where the gradients of several processes become one.
//!
//! A step is written once, against [`Joint`]. With [`Alone`] nothing is added and nothing waited
//! for.

use crate::backward::LayerGradients;
use crate::regularization::Objective;
use crate::{Float, Result};

/// What the processes that train one network do together; all of them make the same calls in the
/// same order.
pub(crate) trait Joint<F: Float> {
    /// May this process have no example where others have some?
    fn allows_no_examples(&self) -> bool;

    /// The number of examples of all processes in this step, while `forward` runs here.
    ///
    /// It does not run without examples, or if they do not fit; then all processes get the error.
    fn count_while(
        &mut self,
        fits: Result<()>,
        own: &Own,
        forward: &mut dyn FnMut(),
    ) -> Result<usize>;

    /// Adds up the gradients of a layer, from 0, over all processes, in place, while `rest` goes on with the
    /// layers before it.
    fn sum_while(
        &mut self,
        layer: usize,
        gradient: &mut LayerGradients<F>,
        rest: &mut dyn FnMut(&mut dyn Joint<F>),
    );

    /// After the first layer. The sum of the costs.
    fn finish(&mut self, cost: f64) -> f64;

    /// Between two products, for what is on its way.
    fn poll(&mut self);
}

/// What a process brings to a step, and what must be the same for all.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "mpi"), allow(dead_code))] // a process on its own agrees with all
pub(crate) struct Own {
    pub features: usize,
    /// The examples it has.
    pub m: usize,
    /// The examples that all have, if it is known.
    pub of: Option<usize>,
    pub objective: Objective,
    pub keep_prob: Option<f64>,
}

/// A process on its own.
pub(crate) struct Alone;

impl<F: Float> Joint<F> for Alone {
    fn allows_no_examples(&self) -> bool {
        false
    }

    fn count_while(
        &mut self,
        fits: Result<()>,
        own: &Own,
        forward: &mut dyn FnMut(),
    ) -> Result<usize> {
        fits?;
        forward();
        Ok(own.m)
    }

    fn sum_while(
        &mut self,
        _: usize,
        _: &mut LayerGradients<F>,
        rest: &mut dyn FnMut(&mut dyn Joint<F>),
    ) {
        rest(self);
    }

    fn finish(&mut self, cost: f64) -> f64 {
        cost
    }

    fn poll(&mut self) {}
}
