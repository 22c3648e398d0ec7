use crate::cost::Cost;
use crate::metrics;
use crate::{Float, Result};
use ndarray::ArrayRef2;

/// What a network predicts, which decides its picture and its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of two classes, by one sigmoid output.
    TwoClasses,
    /// One of several classes, by a softmax.
    Classes,
    /// Any number of labels.
    Labels,
    /// Numbers.
    Numbers,
}

impl Kind {
    pub fn new(cost: &Cost, outputs: usize) -> Self {
        match cost {
            Cost::BinaryCrossEntropy if outputs == 1 => Self::TwoClasses,
            Cost::BinaryCrossEntropy => Self::Labels,
            Cost::CategoricalCrossEntropy => Self::Classes,
            _ => Self::Numbers,
        }
    }

    /// The name in the data of the page.
    pub fn id(self) -> &'static str {
        match self {
            Self::TwoClasses => "two classes",
            Self::Classes => "classes",
            Self::Labels => "labels",
            Self::Numbers => "numbers",
        }
    }

    /// The name of the score.
    pub fn score_name(self) -> &'static str {
        match self {
            Self::TwoClasses | Self::Classes => "accuracy",
            Self::Labels => "subset accuracy",
            Self::Numbers => "R²",
        }
    }

    /// A sentence that says what the score is.
    pub fn score_sentence(self) -> &'static str {
        match self {
            Self::TwoClasses | Self::Classes => {
                "The accuracy is the share of examples with the right class."
            }
            Self::Labels => "The subset accuracy is the share of examples with all labels right.",
            Self::Numbers => {
                "R² is 1 for a perfect prediction, and 0 for one that is always the mean."
            }
        }
    }

    /// Computes the score of outputs for labels, class numbers (1, m) for classes.
    pub fn score<F: Float>(self, al: &ArrayRef2<F>, labels: &ArrayRef2<F>) -> Result<f64> {
        match self {
            Self::TwoClasses | Self::Classes => metrics::accuracy_of_outputs(al, labels),
            Self::Labels => metrics::subset_accuracy_of_outputs(al, labels),
            Self::Numbers => metrics::r2_of_matrices(labels, al),
        }
    }

    /// Returns the number of names that the outputs have.
    pub fn names(self, outputs: usize) -> usize {
        if self == Self::TwoClasses { 2 } else { outputs }
    }

    /// Returns a name for a class, label or output without one.
    pub fn default_name(self, number: usize, outputs: usize) -> String {
        match self {
            Self::TwoClasses | Self::Classes => format!("class {number}"),
            Self::Labels => format!("label {number}"),
            Self::Numbers if outputs == 1 => "y".to_string(),
            Self::Numbers => format!("y{}", number + 1),
        }
    }
}
