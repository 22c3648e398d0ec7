use super::dataset::Dataset;
use super::feature_names::OwnedNames;
use crate::cost::Cost;
use crate::data::Standardizer;
use crate::train::lbfgs::Stop;
use crate::{Float, Parameters, Result};
use std::cell::Cell;
use std::fmt;
use std::ops::ControlFlow;

/// The record of one epoch: learning rate, cost, gradient norm and validation results.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EpochRecord {
    /// The number of the epoch, from 0.
    pub epoch: usize,
    /// The learning rate. With L-BFGS, the step length of the iteration.
    pub learning_rate: f64,
    /// The mean training cost with the L2 term. The cost of each batch is computed before its step.
    /// With L-BFGS, the cost after the iteration.
    pub cost: f64,
    /// The norm of the gradient of the last batch, before it was clipped. With L-BFGS, the norm
    /// after the iteration.
    pub gradient_norm: f64,
    /// The cost of the validation set after the epoch, without L2 and dropout.
    pub validation_cost: Option<f64>,
    /// The score (accuracy, subset accuracy or R²) of the validation set after the epoch.
    pub validation_score: Option<f64>,
}

/// An epoch that has ended, as passed to the callback of
/// [`FitOptions::on_epoch`](super::FitOptions::on_epoch).
#[non_exhaustive]
pub struct Epoch<'a, F> {
    /// The record of the epoch.
    pub record: EpochRecord,
    /// The number of epochs of the whole training, if it does not stop early. With a warm start,
    /// the earlier epochs count too.
    pub total_epochs: usize,
    /// The parameters after the epoch.
    pub parameters: &'a Parameters<F>,
    pub(super) score: &'a dyn Fn() -> Result<f64>,
    /// The examples as the network sees them.
    #[cfg_attr(not(feature = "plot"), allow(dead_code))] // read by recorders only
    pub(crate) data: EpochData<'a, F>,
    /// The learning rate `α₀` of the next epochs, if the callback has set it.
    pub(crate) new_learning_rate: Cell<Option<f64>>,
}

/// The examples of a fit, on one rank of a distributed fit its own.
#[cfg_attr(not(feature = "plot"), allow(dead_code))] // read by recorders only
#[derive(Clone, Copy)]
pub(crate) struct EpochData<'a, F> {
    pub cost: &'a Cost,
    pub training: &'a Dataset<F>,
    pub validation: Option<&'a Dataset<F>>,
    pub scaler: Option<&'a Standardizer<F>>,
    pub target_scaler: Option<&'a Standardizer<F>>,
    pub feature_names: Option<&'a OwnedNames>,
}

/// A batch that has ended, as passed to the callback of
/// [`FitOptions::on_batch`](super::FitOptions::on_batch).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Batch<'a, F> {
    /// The number of the epoch, from 0.
    pub epoch: usize,
    /// The number of the batch in the epoch, from 0. With L-BFGS, the number of the evaluation in
    /// the iteration.
    pub batch: usize,
    /// The number of batches in an epoch; with L-BFGS, 1.
    pub batches: usize,
    /// The cost of the batch with the L2 term, before the step. With L-BFGS, the cost of the trial,
    /// which may be infinite.
    pub cost: f64,
    /// The norm of the gradient, before it was clipped.
    pub gradient_norm: f64,
    /// The parameters after the step. With L-BFGS, the best so far.
    pub parameters: &'a Parameters<F>,
}

impl<F: Float> fmt::Debug for Epoch<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epoch")
            .field("record", &self.record)
            .field("total_epochs", &self.total_epochs)
            .field("parameters", self.parameters)
            .finish_non_exhaustive()
    }
}

impl<F: Float> Epoch<'_, F> {
    /// Computes the score (accuracy, subset accuracy or R²) of the training set after the epoch.
    ///
    /// It takes one forward pass over all training examples, so call it only where you need it.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`](crate::Error::TooLarge) if the outputs do not fit in memory.
    pub fn training_score(&self) -> Result<f64> {
        (self.score)()
    }

    /// Sets the learning rate `α₀` of the next epochs, to which the
    /// [schedule](super::Hyperparameters#structfield.schedule) applies.
    ///
    /// It must be above 0 and finite in `F`, or the fit ends with
    /// [`Error::Hyperparameter`](crate::Error::Hyperparameter). With L-BFGS, which has no learning
    /// rate, the fit ends with [`Error::Inconsistent`](crate::Error::Inconsistent). The model then
    /// has the parameters of this epoch. [Checkpoints](super::FitOptions::checkpoints) keep the
    /// learning rate. The one of the record is the rate after the schedule.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    /// use std::ops::ControlFlow;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let hyperparameters = Hyperparameters::plain().hidden(&[8]).epochs(4).learning_rate(0.1);
    /// let options = FitOptions::new().on_epoch(|epoch| {
    ///     if epoch.record.epoch == 1 {
    ///         epoch.set_learning_rate(0.05);
    ///     }
    ///     ControlFlow::Continue(())
    /// });
    /// let mut model = Classifier::<f64, i32>::new(hyperparameters);
    /// let history = model.fit_with(Examples::rows(&x), &[0, 0, 1, 1], options)?;
    /// let rates: Vec<f64> = history.epochs.iter().map(|record| record.learning_rate).collect();
    /// assert_eq!(rates, [0.1, 0.1, 0.05, 0.05]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn set_learning_rate(&self, learning_rate: f64) {
        self.new_learning_rate.set(Some(learning_rate));
    }
}

/// The callback after each epoch, which may stop the training.
pub(crate) type OnEpoch<'a, F> = Box<dyn FnMut(&Epoch<'_, F>) -> Result<ControlFlow<()>> + 'a>;

/// The callback after each batch, which may stop the training.
pub(crate) type OnBatch<'a, F> = Box<dyn FnMut(&Batch<'_, F>) -> Result<ControlFlow<()>> + 'a>;

/// The records of a training, epoch by epoch.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct History {
    /// The record of each epoch.
    pub epochs: Vec<EpochRecord>,
    /// Whether the training stopped before its last epoch: by the patience, by a callback, or
    /// because L-BFGS ended.
    pub stopped_early: bool,
    /// The epoch with the best monitored value, whose parameters the model has. `None` without a
    /// [patience](super::Hyperparameters#structfield.patience).
    pub best_epoch: Option<usize>,
    /// Why L-BFGS ended, and thus whether it converged. `None` for other optimizers, and if a
    /// callback or the patience stopped the training.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stop: Option<Stop>,
    /// The number of times that L-BFGS evaluated cost and gradients. `None` for other optimizers.
    #[cfg_attr(feature = "serde", serde(default))]
    pub evaluations: Option<u64>,
}

impl History {
    /// Returns the training cost of each epoch.
    ///
    /// ```
    /// use dnn_blocks::model::History;
    /// use dnn_blocks::prelude::*;
    ///
    /// assert!(History::default().costs().is_empty());
    /// ```
    #[must_use]
    pub fn costs(&self) -> Vec<f64> {
        self.epochs.iter().map(|record| record.cost).collect()
    }

    /// Returns the validation cost of each epoch, or an empty list without a validation set.
    ///
    /// ```
    /// use dnn_blocks::model::History;
    ///
    /// assert!(History::default().validation_costs().is_empty());
    /// ```
    #[must_use]
    pub fn validation_costs(&self) -> Vec<f64> {
        self.epochs.iter().filter_map(|record| record.validation_cost).collect()
    }

    /// Formats the history as CSV with a header.
    ///
    /// Without a validation set, the cells of its columns are empty.
    ///
    /// ```
    /// use dnn_blocks::model::History;
    /// use dnn_blocks::prelude::*;
    ///
    /// let header = "epoch,learning_rate,cost,gradient_norm,validation_cost,validation_score\n";
    /// assert_eq!(History::default().to_csv(), header);
    /// ```
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = String::from(
            "epoch,learning_rate,cost,gradient_norm,validation_cost,validation_score\n",
        );
        let cell = |number: Option<f64>| number.map_or(String::new(), |number| number.to_string());
        for r in &self.epochs {
            let (cost, score) = (cell(r.validation_cost), cell(r.validation_score));
            let EpochRecord { epoch, learning_rate, cost: training, gradient_norm, .. } = r;
            csv += &format!("{epoch},{learning_rate},{training},{gradient_norm},{cost},{score}\n");
        }
        csv
    }
}

/// The epoch with the best monitored value so far. A score is stored as its negative.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BestEpoch<F> {
    pub epoch: usize,
    pub cost: f64,
    pub parameters: Parameters<F>,
}
