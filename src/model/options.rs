use super::history::Epoch;
use std::fmt;
use std::ops::ControlFlow;

/// What a [`Classifier::fit_with`](super::Classifier::fit_with) or
/// [`Regressor::fit_with`](super::Regressor::fit_with) is given beside the data: what does not
/// belong to the hyperparameters, since it cannot be printed, compared or kept.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use std::ops::ControlFlow;
///
/// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
/// let how = Hyperparameters::default().hidden(&[8]).batch_size(4).epochs(3);
/// let mut costs = Vec::new();
/// let options = FitOptions::new().weights(&[1.0, 1.0, 2.0, 2.0]).on_epoch(|epoch| {
///     costs.push(epoch.record.cost);
///     ControlFlow::Continue(())
/// });
/// let mut model = Classifier::<f64, i32>::new(how);
/// model.fit_with(Examples::rows(&x), &[0, 0, 1, 1], options)?;
/// assert_eq!(costs.len(), 3);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
pub struct FitOptions<'a, F> {
    pub(super) weights: Option<&'a [F]>,
    pub(super) watch: Watch<'a, F>,
}

/// What is done after each epoch.
pub(super) struct Watch<'a, F> {
    pub on_epoch: OnEpoch<'a, F>,
}

/// Shown each epoch, it may stop the training.
pub(super) type OnEpoch<'a, F> = Box<dyn FnMut(&Epoch<'_, F>) -> ControlFlow<()> + 'a>;

impl<F> Watch<'_, F> {
    /// Nothing.
    pub fn nothing() -> Self {
        Self { on_epoch: Box::new(|_| ControlFlow::Continue(())) }
    }
}

impl<'a, F> FitOptions<'a, F> {
    /// None: every example counts once, and nobody watches.
    #[must_use]
    pub fn new() -> Self {
        Self { weights: None, watch: Watch::nothing() }
    }

    /// A weight for each example, at least 0 and finite: an example of weight 2 counts as two.
    #[must_use]
    pub fn weights(mut self, weights: &'a [F]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Calls this after each epoch. It may stop the training: what was learnt so far is kept.
    #[must_use]
    pub fn on_epoch(mut self, on_epoch: impl FnMut(&Epoch<'_, F>) -> ControlFlow<()> + 'a) -> Self {
        self.watch.on_epoch = Box::new(on_epoch);
        self
    }
}

impl<F> Default for FitOptions<'_, F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F> fmt::Debug for FitOptions<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FitOptions")
            .field("weights", &self.weights.map(<[F]>::len))
            .finish_non_exhaustive()
    }
}
