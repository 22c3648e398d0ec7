use crate::cost::Cost;
use crate::{Float, Result};
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
    pub fn classification(classes: usize) -> Self {
        let two = classes == 2;
        Self {
            cost: if two { Cost::BinaryCrossEntropy } else { Cost::CategoricalCrossEntropy },
            outputs: if two { 1 } else { classes },
            score: crate::metrics::accuracy_of_outputs,
        }
    }

    /// Creates linear outputs.
    pub fn regression(outputs: usize) -> Self {
        Self {
            cost: Cost::MeanSquaredError,
            outputs,
            score: |al, y| crate::metrics::r2_of_matrices(y, al),
        }
    }
}
