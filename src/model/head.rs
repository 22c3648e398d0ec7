use super::hyperparameters::Hyperparameters;
use crate::activation::Activation;
use crate::cost::Cost;
use crate::{Error, Float, Result};
use ndarray::ArrayRef2;

/// The output layer of a model: its cost, its units, and the score of its outputs.
pub(crate) struct Head<F> {
    pub cost: Cost,
    pub outputs: usize,
    /// Scores the outputs against the labels: accuracy or R².
    pub score: fn(&ArrayRef2<F>, &ArrayRef2<F>) -> Result<f64>,
}

impl<F: Float> Head<F> {
    /// Creates one sigmoid output for two classes, or a softmax for more.
    pub fn classification(hyperparameters: &Hyperparameters, classes: usize) -> Result<Self> {
        let two = classes == 2;
        let cost = if two { Cost::BinaryCrossEntropy } else { Cost::CategoricalCrossEntropy };
        if hyperparameters.cost.as_ref().is_some_and(|chosen| *chosen != cost) {
            return Err(Error::Inconsistent {
                what: "the cost of a classifier is the cross-entropy of its output",
            });
        }
        let outputs = if two { 1 } else { classes };
        Ok(Self { cost, outputs, score: crate::metrics::accuracy_of_outputs })
    }

    /// Creates linear outputs.
    pub fn regression(hyperparameters: &Hyperparameters, outputs: usize) -> Result<Self> {
        let cost = hyperparameters.cost.clone().unwrap_or(Cost::MeanSquaredError);
        if cost.output_activation() != Activation::Identity {
            return Err(Error::Inconsistent {
                what: "the cost of a regressor is an error of linear outputs",
            });
        }
        Ok(Self { cost, outputs, score: |al, y| crate::metrics::r2_of_matrices(y, al) })
    }
}
