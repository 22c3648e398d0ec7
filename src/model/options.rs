use super::history::{Epoch, History};
use super::network::Best;
#[cfg(feature = "safetensors")]
use super::resume::Saves;
use crate::Float;
#[cfg(feature = "mpi")]
use crate::distributed::Ranks;
#[cfg(feature = "safetensors")]
use crate::files::Checkpoints;
use crate::train::reduce::{Alone, Team};
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

/// What the loop goes on from, shows, and saves.
pub(super) struct Watch<'a, F> {
    pub on_epoch: OnEpoch<'a, F>,
    /// The epochs that are done.
    pub history: History,
    /// The lowest cost of them, where there is a patience.
    pub best: Option<Best<F>>,
    #[cfg(feature = "safetensors")]
    pub saves: Option<Saves<'a>>,
    pub team: &'a dyn Team<F>,
}

/// Shown each epoch, it may stop the training.
pub(super) type OnEpoch<'a, F> = Box<dyn FnMut(&Epoch<'_, F>) -> ControlFlow<()> + 'a>;

impl<F: Float> Watch<'_, F> {
    /// Nothing, from the beginning.
    pub fn nothing() -> Self {
        Self {
            on_epoch: Box::new(|_| ControlFlow::Continue(())),
            history: History::default(),
            best: None,
            #[cfg(feature = "safetensors")]
            saves: None,
            team: &Alone,
        }
    }
}

impl<'a, F: Float> FitOptions<'a, F> {
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

    /// Saves the training in this folder (feature `safetensors`), and goes on with what is saved
    /// there: a fit that was stopped or killed, and is called again with the same data and the same
    /// folder, ends with the same bits and the same [`History`] as one that never was.
    ///
    /// The fit saves after each epoch, or [each n-th](Checkpoints::every), and after the last one,
    /// also where a callback stops it. A later call runs the epochs after the newest checkpoint
    /// again, with their callbacks. A fit that had ended, by its epochs or by its patience, ends at
    /// once; one that a callback had stopped goes on. A folder is for one fit.
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
    /// let how = Hyperparameters::default().hidden(&[8]).batch_size(2).epochs(10);
    /// let checkpoints = Checkpoints::new(&folder, 2)?;
    ///
    /// let mut model = Classifier::<f64, i32>::new(how.clone());
    /// let interrupted = FitOptions::new().checkpoints(&checkpoints).on_epoch(|epoch| {
    ///     if epoch.record.epoch == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// });
    /// assert_eq!(model.fit_with(x, &labels, interrupted)?.epochs.len(), 4);
    ///
    /// let mut again = Classifier::<f64, i32>::new(how.clone()); // in another process, tomorrow
    /// let history = again.fit_with(x, &labels, FitOptions::new().checkpoints(&checkpoints))?;
    /// let mut straight = Classifier::<f64, i32>::new(how);
    /// assert_eq!(straight.fit(x, &labels)?, history);
    /// assert_eq!(straight.parameters(), again.parameters());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`](crate::Error::Hyperparameter) for more than 200,000 epochs, whose
    /// records are not read again.
    ///
    /// The fit then may fail with [`Error::Checkpoint`](crate::Error::Checkpoint): before its first
    /// step, if what is in the folder cannot be read or is of another training (other
    /// hyperparameters, data or network); later, if an epoch cannot be saved. The model then holds
    /// the parameters of that epoch.
    #[cfg(feature = "safetensors")]
    #[must_use]
    pub fn checkpoints(mut self, checkpoints: &'a Checkpoints) -> Self {
        self.watch.saves = Some(Saves { checkpoints, fingerprint: 0 });
        self
    }

    /// Learns from the examples of all ranks, each of which calls the fit with its own (feature
    /// `mpi`); they may be none. Every rank ends with the same model, that which one process would
    /// have learnt from all the examples in the order of the ranks, but for rounding.
    ///
    /// A classifier is told [all classes](super::Classifier::with_classes), since a rank sees the
    /// labels of its own examples only; that the ranks were told the same is for
    /// [`agree`](Ranks::agree) to say, their number is looked at here. A callback that breaks off on
    /// one rank does so on all, and [`Epoch::training_score`] is that of the rank's own examples, an
    /// error if there are none. A `partial_fit` afterwards is of one rank alone.
    /// With checkpoints rank 0 reads and writes; a run can go on with another
    /// number of ranks if all examples are there in the same order.
    ///
    /// ```no_run
    /// use dnn_blocks::distributed::{Ranks, mpi};
    /// use dnn_blocks::ndarray::Array2;
    /// use dnn_blocks::prelude::*;
    ///
    /// let universe = mpi::initialize().expect("MPI is not running yet");
    /// let ranks = Ranks::new(&universe);
    /// # let (x, labels) = (Array2::<f32>::zeros((100, 8)), vec!["no"; 100]);
    /// let mut model = Classifier::new(Hyperparameters::default()).with_classes(&["no", "yes"]);
    /// ranks.agree("list of classes", model.classes())?;
    /// model.fit_with(Examples::rows(&x), &labels, FitOptions::new().ranks(&ranks))?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of the fit, on all ranks alike: those about the data of one in an
    /// [`Error::OnRank`](crate::Error::OnRank), and
    /// [`Error::Disagreement`](crate::Error::Disagreement) if hyperparameters, features or classes
    /// are not the same.
    #[cfg(feature = "mpi")]
    #[must_use]
    pub fn ranks(mut self, ranks: &'a Ranks<'a>) -> Self {
        self.watch.team = ranks;
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
