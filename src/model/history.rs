use crate::{Float, Parameters, Result};
use std::fmt::Write;

/// What one epoch came to.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EpochRecord {
    /// Its number, from 0.
    pub epoch: usize,
    /// α in this epoch.
    pub learning_rate: f64,
    /// The mean cost of the training examples, each taken before its batch's step, with the L2
    /// term.
    pub cost: f64,
    /// The norm of the gradient of the last batch, before clipping.
    pub gradient_norm: f64,
    /// The cost of the validation examples after the epoch, without L2 and dropout.
    pub validation_cost: Option<f64>,
    /// Their accuracy, or R².
    pub validation_score: Option<f64>,
}

/// What a callback is shown after each epoch.
pub struct Epoch<'a, F> {
    /// The figures.
    pub record: EpochRecord,
    /// How many epochs were asked for.
    pub of: usize,
    /// The parameters after the epoch.
    pub parameters: &'a Parameters<F>,
    pub(super) score: &'a dyn Fn() -> Result<f64>,
}

impl<F: Float> Epoch<'_, F> {
    /// The accuracy (or R²) on the training examples: a prediction of all of them, made when
    /// asked for.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`](crate::Error::TooLarge) for want of memory.
    pub fn training_score(&self) -> Result<f64> {
        (self.score)()
    }
}

/// The epochs of a training, first to last.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History {
    /// Their figures.
    pub epochs: Vec<EpochRecord>,
    /// Was the training stopped before its last epoch?
    pub stopped_early: bool,
    /// The epoch whose parameters were kept, where there was a [patience](
    /// super::Hyperparameters::patience).
    pub best_epoch: Option<usize>,
}

impl History {
    /// The costs, for a plot.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// assert!(History::default().costs().is_empty());
    /// ```
    pub fn costs(&self) -> Vec<f64> {
        self.epochs.iter().map(|record| record.cost).collect()
    }

    /// A table with a header, numbers in full, nothing where there is no validation.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let header = "epoch,learning_rate,cost,gradient_norm,validation_cost,validation_score\n";
    /// assert_eq!(History::default().to_csv(), header);
    /// ```
    pub fn to_csv(&self) -> String {
        let mut csv = String::from(
            "epoch,learning_rate,cost,gradient_norm,validation_cost,validation_score\n",
        );
        let cell = |number: Option<f64>| number.map_or(String::new(), |number| number.to_string());
        for r in &self.epochs {
            let (cost, score) = (cell(r.validation_cost), cell(r.validation_score));
            let line = format_args!(
                "{},{},{},{},{cost},{score}\n",
                r.epoch, r.learning_rate, r.cost, r.gradient_norm
            )
            .to_string();
            csv.write_str(&line).expect("a String takes what it is given");
        }
        csv
    }
}
