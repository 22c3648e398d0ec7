use crate::{Float, Parameters, Result};
use std::fmt;
use std::ops::ControlFlow;

/// The record of one epoch: learning rate, cost, gradient norm and validation results.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct EpochRecord {
    /// The number of the epoch, from 0.
    pub epoch: usize,
    /// The learning rate.
    pub learning_rate: f64,
    /// The mean training cost with the L2 term. The cost of each batch is computed before its step.
    pub cost: f64,
    /// The norm of the gradient of the last batch, before it was clipped.
    pub gradient_norm: f64,
    /// The cost of the validation set after the epoch, without L2 and dropout.
    pub validation_cost: Option<f64>,
    /// The accuracy (or R²) of the validation set after the epoch.
    pub validation_score: Option<f64>,
}

/// An epoch that has ended, as passed to the callback of
/// [`FitOptions::on_epoch`](super::FitOptions::on_epoch).
#[non_exhaustive]
pub struct Epoch<'a, F> {
    /// The record of the epoch.
    pub record: EpochRecord,
    /// The number of epochs of the whole training, if it does not stop early.
    pub total_epochs: usize,
    /// The parameters after the epoch.
    pub parameters: &'a Parameters<F>,
    pub(super) score: &'a dyn Fn() -> Result<f64>,
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
    /// Computes the accuracy (or R²) of the training set after the epoch.
    ///
    /// It takes one forward pass over all training examples, so call it only where you need it.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`](crate::Error::TooLarge) if the outputs do not fit in memory.
    pub fn training_score(&self) -> Result<f64> {
        (self.score)()
    }
}

/// The callback after each epoch, which may stop the training.
pub(crate) type OnEpoch<'a, F> = Box<dyn FnMut(&Epoch<'_, F>) -> ControlFlow<()> + 'a>;

/// The records of a training, epoch by epoch.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct History {
    /// The record of each epoch.
    pub epochs: Vec<EpochRecord>,
    /// Whether the training stopped before its last epoch.
    pub stopped_early: bool,
    /// The epoch of the lowest cost, counted from 0. The model has its parameters. `None` without a
    /// [patience](super::Hyperparameters#structfield.patience).
    pub best_epoch: Option<usize>,
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

/// The epoch of the lowest cost so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BestEpoch<F> {
    pub epoch: usize,
    pub cost: f64,
    pub parameters: Parameters<F>,
}
