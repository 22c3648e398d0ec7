//! The seam between backward and update, where the gradients of several processes become one.
//!
//! A step is written once, against [`Joint`], and a fit around it against [`Team`]. With [`Alone`]
//! nothing is added and nothing waited for.

use crate::backward::LayerGradients;
use crate::train::regularization::Objective;
use crate::train::workspace::BackwardPass;
use crate::{Float, Parameters, Result};
use std::fmt::Debug;

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

    /// Computes the gradients of all layers and adds them up over all processes. Returns the sum of
    /// the costs.
    fn sum_gradients(
        &mut self,
        pass: &mut BackwardPass<'_, F>,
        gradients: &mut [LayerGradients<F>],
        cost: f64,
    ) -> f64;
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
    /// The first number of the masks.
    pub drawn: Option<f64>,
}

/// The processes of a fit, each with its own examples. All of them make the same calls in the same
/// order, and get the same results.
pub(crate) trait Team<F: Float> {
    fn is_alone(&self) -> bool;

    /// Is this the process that writes files?
    #[cfg(feature = "safetensors")]
    fn is_first(&self) -> bool;

    /// The error of one process is that of all.
    fn together(&self, own: Result<()>) -> Result<()>;

    /// `Ok` if all have the same value.
    fn agree(&self, what: &'static str, value: &dyn Debug) -> Result<()>;

    /// Where m examples of this process are among all: the number of the first, and of all.
    fn place(&self, m: usize) -> (usize, usize);

    /// Each number becomes the sum of those of all processes.
    fn sum(&self, numbers: &mut [f64]);

    /// Each number becomes the largest of those of all processes.
    fn largest(&self, numbers: &mut [f64]);

    /// The numbers of all processes, in their order.
    fn gather(&self, numbers: Vec<F>) -> Result<Vec<F>>;

    /// What the first process has.
    #[cfg(feature = "safetensors")]
    fn of_first(&self, bytes: Vec<u8>) -> Vec<u8>;

    /// All have the parameters of the first process.
    fn broadcast(&self, parameters: &mut Parameters<F>) -> Result<()>;

    /// The steps of this network.
    fn joint(&self, parameters: &Parameters<F>) -> Result<Box<dyn Joint<F> + '_>>;
}

impl<F: Float> dyn Team<F> + '_ {
    /// [`together`](Self::together) for what is then used.
    pub fn all_have<T>(&self, own: Result<T>) -> Result<T> {
        let (value, own) = match own {
            Ok(value) => (Some(value), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.together(own)?;
        Ok(value.expect("an error of its own is one of all"))
    }

    /// Is there one among these for one process?
    pub fn any(&self, own: bool) -> bool {
        let mut some = [f64::from(u8::from(own))];
        self.largest(&mut some);
        some[0] > 0.0
    }
}

/// A process on its own.
pub(crate) struct Alone;

impl<F: Float> Team<F> for Alone {
    fn is_alone(&self) -> bool {
        true
    }

    #[cfg(feature = "safetensors")]
    fn is_first(&self) -> bool {
        true
    }

    fn together(&self, own: Result<()>) -> Result<()> {
        own
    }

    fn agree(&self, _: &'static str, _: &dyn Debug) -> Result<()> {
        Ok(())
    }

    fn place(&self, m: usize) -> (usize, usize) {
        (0, m)
    }

    fn sum(&self, _: &mut [f64]) {}

    fn largest(&self, _: &mut [f64]) {}

    fn gather(&self, numbers: Vec<F>) -> Result<Vec<F>> {
        Ok(numbers)
    }

    #[cfg(feature = "safetensors")]
    fn of_first(&self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    fn broadcast(&self, _: &mut Parameters<F>) -> Result<()> {
        Ok(())
    }

    fn joint(&self, _: &Parameters<F>) -> Result<Box<dyn Joint<F> + '_>> {
        Ok(Box::new(Alone))
    }
}

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

    fn sum_gradients(
        &mut self,
        pass: &mut BackwardPass<'_, F>,
        gradients: &mut [LayerGradients<F>],
        cost: f64,
    ) -> f64 {
        pass.run(gradients);
        cost
    }
}
