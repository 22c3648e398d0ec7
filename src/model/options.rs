use super::history::{Batch, Epoch, OnBatch, OnEpoch};
use crate::Float;
#[cfg(feature = "safetensors")]
use crate::files::Checkpoints;
use std::fmt;
use std::ops::ControlFlow;

/// The options of one fit: how it starts, its validation set, weights, callbacks, checkpoints.
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
    pub(crate) validation: Option<Box<dyn Iterator<Item = usize> + 'a>>,
    pub(crate) warm_start: bool,
    pub(crate) epochs: Option<usize>,
    pub(crate) on_epoch: OnEpoch<'a, F>,
    pub(crate) on_batch: Option<OnBatch<'a, F>>,
    #[cfg(feature = "safetensors")]
    pub(crate) checkpoints: Option<&'a Checkpoints>,
}

impl<'a, F: Float> FitOptions<'a, F> {
    /// Creates options for a fit from new weights, without any of the others.
    pub fn new() -> Self {
        Self {
            weights: None,
            validation: None,
            warm_start: false,
            epochs: None,
            on_epoch: Box::new(|_| Ok(ControlFlow::Continue(()))),
            on_batch: None,
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

    /// Holds out these examples for validation, given by their numbers, which start at 0.
    ///
    /// Use it where a random split would leak: hold out the last examples of a time series, or all
    /// examples of some patients.
    /// [`validation_share`](super::Hyperparameters#structfield.validation_share) must be 0. At
    /// least two examples are needed, and their order does not matter. For a validation set in a
    /// table of its own, append it to the training examples.
    ///
    /// ```
    /// use dnn_blocks::ndarray::Array2;
    /// use dnn_blocks::prelude::*;
    ///
    /// let x = Array2::from_shape_fn((100, 1), |(day, _)| day as f64 / 100.0);
    /// let y = x.mapv(|x| x * x);
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).epochs(20).patience(5);
    /// let mut model = Regressor::<f64>::new(hyperparameters);
    /// let last_days = FitOptions::new().validation(80..100);
    /// let history = model.fit_with(Examples::rows(&x), Examples::rows(&y), last_days)?;
    /// assert_eq!(history.validation_costs().len(), history.epochs.len());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn validation(mut self, examples: impl IntoIterator<Item = usize, IntoIter: 'a>) -> Self {
        self.validation = Some(Box::new(examples.into_iter()));
        self
    }

    /// Sets whether the fit continues a fitted model instead of drawing new weights (default
    /// `false`).
    ///
    /// A fitted model keeps its parameters, standardizer, classes, optimizer state and random
    /// number generator, and trains for [`epochs`](super::Hyperparameters#structfield.epochs) more
    /// epochs. The numbers of the epochs and the time of the schedule continue, but
    /// [`CosineToEnd`](crate::train::schedule::Schedule::CosineToEnd) starts again. With another
    /// schedule and without a patience, two fits of 10 epochs end with bit-identical parameters to
    /// one of 20. Patience, plateau and the limits of L-BFGS start again at 0, and a search that a
    /// small decrease had ended goes on. A model that is not fitted starts as usual.
    ///
    /// The learning rate is the one at the end of the last fit, which a plateau or a callback may
    /// have changed. [`set_hyperparameters`](super::Classifier::set_hyperparameters) replaces it if
    /// it has another `learning_rate`.
    ///
    /// The validation set is drawn again from the seed and the share. Keep both and the data, or
    /// the network was already trained on some validation examples. A chosen
    /// [validation](Self::validation) set must be passed in each call.
    ///
    /// The labels must have all classes of the model, unless
    /// [`with_classes`](super::Classifier::with_classes) declared them, and no other. Labels of a
    /// [`MultiLabelClassifier`](super::MultiLabelClassifier) need not all occur.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let (x, labels) = (Examples::rows(&x), [0, 0, 1, 1]);
    /// let hyperparameters = Hyperparameters::plain().hidden(&[8]).epochs(10);
    /// let mut model = Classifier::<f64, i32>::new(hyperparameters.clone());
    /// model.fit(x, &labels)?;
    /// let history = model.fit_with(x, &labels, FitOptions::new().warm_start(true))?;
    /// assert_eq!(history.epochs[0].epoch, 10);
    ///
    /// let mut straight = Classifier::<f64, i32>::new(hyperparameters.epochs(20));
    /// straight.fit(x, &labels)?;
    /// assert_eq!(straight.parameters(), model.parameters());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn warm_start(mut self, warm_start: bool) -> Self {
        self.warm_start = warm_start;
        self
    }

    /// Sets the number of epochs of this call.
    ///
    /// The default is [`epochs`](super::Hyperparameters#structfield.epochs) for a fit, and 1 for
    /// [`partial_fit_with`](super::Classifier::partial_fit_with).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// # let (x, labels) = (Examples::rows(&x), [0, 0, 1, 1]);
    /// # let mut model = Classifier::<f64, i32>::new(Hyperparameters::default().hidden(&[8]));
    /// let five_more = FitOptions::new().warm_start(true).epochs(5);
    /// assert_eq!(model.fit_with(x, &labels, five_more)?.epochs.len(), 5);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = Some(epochs);
        self
    }

    /// Sets a callback, which the fit calls after each epoch.
    ///
    /// It returns `ControlFlow::Continue(())` to go on, or `ControlFlow::Break(())` to stop. After
    /// a stop, the model has the parameters of that epoch or, with a
    /// [patience](super::Hyperparameters#structfield.patience), of the best epoch. The callback may
    /// [set the learning rate](Epoch::set_learning_rate) of the next epochs.
    pub fn on_epoch(
        mut self,
        mut on_epoch: impl FnMut(&Epoch<'_, F>) -> ControlFlow<()> + 'a,
    ) -> Self {
        self.on_epoch = Box::new(move |epoch| Ok(on_epoch(epoch)));
        self
    }

    /// Sets a callback, which the fit calls after each batch.
    ///
    /// If it returns `ControlFlow::Break(())`, the fit stops at once, for example after Ctrl-C. The
    /// model then has the parameters after that batch or, with a
    /// [patience](super::Hyperparameters#structfield.patience), of the best epoch. The history and
    /// the checkpoints have no record of the unfinished epoch. With `Checkpoints::every` the epochs
    /// since the newest checkpoint are not saved either. With L-BFGS the fit calls it after each
    /// evaluation of the cost.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    /// use std::ops::ControlFlow;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// static INTERRUPTED: AtomicBool = AtomicBool::new(false); // set by a signal handler
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(2);
    /// let options = FitOptions::new().on_batch(|batch| {
    ///     # INTERRUPTED.store(batch.epoch == 3, Ordering::Relaxed);
    ///     if INTERRUPTED.load(Ordering::Relaxed) {
    ///         ControlFlow::Break(())
    ///     } else {
    ///         ControlFlow::Continue(())
    ///     }
    /// });
    /// let mut model = Classifier::<f64, i32>::new(hyperparameters);
    /// let history = model.fit_with(Examples::rows(&x), &[0, 0, 1, 1], options)?;
    /// # assert_eq!(history.epochs.len(), 3);
    /// assert!(history.stopped_early);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn on_batch(
        mut self,
        mut on_batch: impl FnMut(&Batch<'_, F>) -> ControlFlow<()> + 'a,
    ) -> Self {
        self.on_batch = Some(Box::new(move |batch| Ok(on_batch(batch))));
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
    /// A [warm start](Self::warm_start) resumes from the model as it was before the first call:
    /// load it again, or keep a clone. The folder belongs to that start.
    ///
    /// On resume, epochs after the newest checkpoint run again, including their callbacks. A fit
    /// that was stopped by a callback continues. A fit that had ended ends at once.
    ///
    /// A folder is for one fit with fixed hyperparameters, so a fit with more
    /// [`epochs`](super::Hyperparameters#structfield.epochs) is refused there. To train longer, use
    /// another folder, and a [warm start](Self::warm_start) to continue the fitted model. Labels
    /// are compared by their class numbers, so new names for the same classes are not noticed.
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
            .field("validation", &self.validation.is_some())
            .field("warm_start", &self.warm_start)
            .field("epochs", &self.epochs)
            .finish_non_exhaustive()
    }
}
