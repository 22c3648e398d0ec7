use super::hyperparameters::Hyperparameters;
use crate::activation::Activation;
use crate::checks::check_each;
use crate::cost::Cost;
use crate::error::Position;
use crate::{Error, Float, Parameters, Result};
use ndarray::ArrayRef2;

/// The output layer of a model: its cost, its units, and the score of its outputs.
pub(crate) struct Head<F> {
    pub cost: Cost,
    pub outputs: usize,
    /// Whether the targets are standardized. An exponential output is in the units of the targets.
    pub standardizes_targets: bool,
    /// Scores the outputs against the labels: accuracy, subset accuracy or R².
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
        let score = crate::metrics::accuracy_of_outputs;
        Ok(Self { cost, outputs, standardizes_targets: false, score })
    }

    /// Creates one sigmoid output for each label.
    pub fn multi_label(hyperparameters: &Hyperparameters, labels: usize) -> Result<Self> {
        let cost = Cost::BinaryCrossEntropy;
        if hyperparameters.cost.as_ref().is_some_and(|chosen| *chosen != cost) {
            return Err(Error::Inconsistent {
                what: "the cost of a multi-label classifier is the binary cross-entropy",
            });
        }
        let score = crate::metrics::subset_accuracy_of_outputs;
        Ok(Self { cost, outputs: labels, standardizes_targets: false, score })
    }

    /// Creates linear outputs, or exponential ones for the Poisson cost.
    pub fn regression(hyperparameters: &Hyperparameters, outputs: usize) -> Result<Self> {
        if hyperparameters.label_smoothing != 0.0 {
            return Err(Error::Inconsistent {
                what: "`label_smoothing` is for classifiers: a regressor has no classes",
            });
        }
        let cost = hyperparameters.cost.clone().unwrap_or(Cost::MeanSquaredError);
        let is_linear = cost.output_activation() == Activation::Identity;
        if !is_linear && cost != Cost::Poisson {
            return Err(Error::Inconsistent {
                what: "the cost of a regressor is an error of linear outputs, or Poisson",
            });
        }
        let standardizes_targets = hyperparameters.standardize && is_linear;
        let score = |al: &ArrayRef2<F>, y: &ArrayRef2<F>| crate::metrics::r2_of_matrices(y, al);
        Ok(Self { cost, outputs, standardizes_targets, score })
    }

    /// Checks that the cost is defined for these finite targets, (outputs, examples).
    pub fn check_targets(&self, y: &ArrayRef2<F>) -> Result<()> {
        if self.cost != Cost::Poisson {
            return Ok(());
        }
        let position = |feature, example| Position::Feature { feature, example };
        let rule = "at least 0 for the Poisson cost";
        check_each("Y", y, position, (rule, |y| y >= F::zero()))
    }

    /// Gives a last layer of logits the activation of the output.
    pub fn activate_logits(&self, parameters: &mut Parameters<F>) {
        let last = parameters.layers_mut().last_mut();
        if let Some(layer) = last.filter(|layer| layer.activation == Activation::Identity) {
            layer.activation = self.cost.output_activation();
        }
    }
}
