use super::history::{Epoch, OnEpoch};
use crate::Float;
#[cfg(feature = "safetensors")]
use crate::files::Checkpoints;
use std::fmt;
use std::ops::ControlFlow;

/// The options of one fit: example weights, a callback, checkpoints.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use std::ops::ControlFlow;
///
/// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
/// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(4).epochs(3);
/// let mut costs = Vec::new();
/// let options = FitOptions::new().weights(&[1.0, 1.0, 2.0, 2.0]).on_epoch(|epoch| {
///     costs.push(epoch.record.cost);
///     ControlFlow::Continue(())
/// });
/// let mut model = Classifier::<f64, i32>::new(hyperparameters);
/// model.fit_with(Examples::rows(&x), &[0, 0, 1, 1], options)?;
/// assert_eq!(costs.len(), 3);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[must_use]
pub struct FitOptions<'a, F> {
    pub(crate) weights: Option<&'a [F]>,
    pub(crate) on_epoch: OnEpoch<'a, F>,
    #[cfg(feature = "safetensors")]
    pub(crate) checkpoints: Option<&'a Checkpoints>,
}

impl<'a, F: Float> FitOptions<'a, F> {
    /// Creates options without weights, callback or checkpoints.
    pub fn new() -> Self {
        Self {
            weights: None,
            on_epoch: Box::new(|_| ControlFlow::Continue(())),
            #[cfg(feature = "safetensors")]
            checkpoints: None,
        }
    }

    /// Sets a weight for each example, at least 0 and finite.
    ///
    /// Each term of the cost is multiplied by the weight of its example; the mean is still over the
    /// number of examples.
    pub fn weights(mut self, weights: &'a [F]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Sets a callback, which the fit calls after each epoch.
    ///
    /// It returns `ControlFlow::Continue(())` to go on, or `ControlFlow::Break(())` to stop. After
    /// a stop, the model has the parameters of that epoch or, with a
    /// [patience](super::Hyperparameters#structfield.patience), of the best epoch.
    pub fn on_epoch(mut self, on_epoch: impl FnMut(&Epoch<'_, F>) -> ControlFlow<()> + 'a) -> Self {
        self.on_epoch = Box::new(on_epoch);
        self
    }

    /// Saves the training in a folder, and resumes from the newest checkpoint there.
    ///
    /// The fit saves after every epoch, or after [every n-th](Checkpoints::every), and after the
    /// last one. If it is stopped or killed, call it again with the same hyperparameters, data and
    /// folder. It then ends with bit-identical parameters and the same
    /// [`History`](super::History) as a fit without interruption, on processors with the same
    /// instruction set.
    ///
    /// On resume, epochs after the newest checkpoint run again, including their callbacks. A fit
    /// that was stopped by a callback continues. A fit that had ended ends at once.
    ///
    /// A folder is for one fit with fixed hyperparameters, so a fit with more
    /// [`epochs`](super::Hyperparameters#structfield.epochs) is refused there. To train longer, use
    /// another folder, or continue the fitted model with
    /// [`partial_fit`](super::Classifier::partial_fit). Labels are compared by their class numbers,
    /// so new names for the same classes are not noticed.
    ///
    /// Needs the feature `safetensors`.
    ///
    /// ```
    /// use dnn_blocks::files::Checkpoints;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    /// use std::ops::ControlFlow;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path().join("checkpoints");
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let (x, labels) = (Examples::rows(&x), [0, 0, 1, 1]);
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(2).epochs(10);
    /// let checkpoints = Checkpoints::new(&folder, 2)?;
    ///
    /// let mut model = Classifier::<f64, i32>::new(hyperparameters.clone());
    /// let interrupted = FitOptions::new().checkpoints(&checkpoints).on_epoch(|epoch| {
    ///     if epoch.record.epoch == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// });
    /// assert_eq!(model.fit_with(x, &labels, interrupted)?.epochs.len(), 4);
    ///
    /// let mut again = Classifier::<f64, i32>::new(hyperparameters.clone()); // another process
    /// let history = again.fit_with(x, &labels, FitOptions::new().checkpoints(&checkpoints))?;
    /// let mut straight = Classifier::<f64, i32>::new(hyperparameters);
    /// assert_eq!(straight.fit(x, &labels)?, history);
    /// assert_eq!(straight.parameters(), again.parameters());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The fit returns [`Error::Hyperparameter`](crate::Error::Hyperparameter) for more than
    /// 200,000 epochs. It returns [`Error::Checkpoint`](crate::Error::Checkpoint) before its first
    /// step if the newest checkpoint cannot be read or belongs to another training (other
    /// hyperparameters, data or network), and later if an epoch cannot be saved; the model then has
    /// the parameters of that epoch.
    #[cfg(feature = "safetensors")]
    pub fn checkpoints(mut self, checkpoints: &'a Checkpoints) -> Self {
        self.checkpoints = Some(checkpoints);
        self
    }
}

impl<F: Float> Default for FitOptions<'_, F> {
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
