//! The network of a model, with the state of its training.

use super::feature_names::{FeatureNames, OwnedNames, known_names};
use super::head::Head;
use super::hyperparameters::Hyperparameters;
use super::table::{Examples, check_table};
use crate::checks::check;
use crate::data::Standardizer;
use crate::error::{Operand, Position};
use crate::forward::predict_proba;
use crate::init::{NumpyRandom, initialize_parameters_deep};
use crate::train::optimizer::Optimizer;
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2};

/// A network with the state from which its training continues.
#[derive(Debug, Clone)]
pub(crate) struct Network<F> {
    pub parameters: Parameters<F>,
    pub scaler: Option<Standardizer<F>>,
    pub optimizer: Optimizer<F>,
    pub rng: NumpyRandom,
    /// The number of epochs that it was trained for.
    pub epochs: usize,
    pub feature_names: Option<OwnedNames>,
}

impl<F: Float> Network<F> {
    /// Draws the weights of a new network from `rng`.
    pub fn new(
        hyperparameters: &Hyperparameters,
        head: &Head<F>,
        features: usize,
        scaler: Option<Standardizer<F>>,
        mut rng: NumpyRandom,
    ) -> Result<Self> {
        let sizes = [&[features], hyperparameters.hidden.as_slice(), &[head.outputs]].concat();
        let parameters = initialize_parameters_deep(&sizes, hyperparameters.initializer, &mut rng)?
            .with_activations(hyperparameters.activation, head.cost.output_activation());
        let optimizer = Optimizer::new(hyperparameters.algorithm, &parameters)?;
        Ok(Self { parameters, scaler, optimizer, rng, epochs: 0, feature_names: None })
    }

    /// Computes `AL` of the examples, and checks that both are finite.
    #[inline(never)]
    pub fn outputs(&self, examples: &Examples<'_, F>) -> Result<Array2<F>> {
        let x = examples.as_columns();
        let names = self.known_names(examples)?;
        check_table("X", &x).map_err(|e| e.with_feature_name(names))?;
        self.parameters.check_features(&x)?;
        let al = match &self.scaler {
            Some(scaler) => predict_proba(scaler.transform(&x)?, &self.parameters),
            None => predict_proba(x, &self.parameters),
        }?;
        check_output(&al, self.parameters.layers().len())?;
        Ok(al)
    }

    /// Checks the names of examples, and returns the names for errors.
    pub fn known_names<'a>(
        &'a self,
        examples: &'a Examples<'_, F>,
    ) -> Result<Option<FeatureNames<'a>>> {
        let own = self.feature_names.as_ref().map(FeatureNames::from);
        known_names(own, examples.names(), examples.as_columns().nrows())
    }

    /// Checks that `Y` (outputs, m) has the outputs of the last layer.
    pub fn check_outputs(&self, y: &ArrayRef2<F>) -> Result<()> {
        let last = self.parameters.layers().len();
        let w = Operand::new("W", &self.parameters.layers()[last - 1].w);
        let y = Operand::new("Y", y);
        check(w.shape.0 == y.shape.0, w, y, "rows of W must equal outputs of Y")
            .map_err(|e| e.in_layer(last))
    }

    /// Restores earlier parameters, and zeroes the state of the optimizer, which belongs to later
    /// parameters and may hold NaN.
    pub fn restore(&mut self, parameters: &Parameters<F>) {
        self.parameters.assign(parameters);
        self.optimizer.reset();
    }
}

/// Checks that `AL`, the output of a network of `layers` layers, is finite.
pub(crate) fn check_output<F: Float>(al: &ArrayRef2<F>, layers: usize) -> Result<()> {
    match al.indexed_iter().find(|(_, a)| !a.is_finite()) {
        Some(((row, column), a)) => Err(Error::NotFinite {
            layer: Some(layers),
            operand: "AL",
            position: Position::Entry { row, column },
            value: a.as_f64(),
            feature_name: None,
        }),
        None => Ok(()),
    }
}
