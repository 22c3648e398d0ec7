//! The network of a model, with the state of its training.

use super::feature_names::{FeatureNames, OwnedNames, known_names};
use super::head::Head;
use super::hyperparameters::Hyperparameters;
use super::metadata::Metadata;
use super::table::{Examples, check_table};
use crate::checks::{check, check_same_shape};
use crate::data::Standardizer;
use crate::error::{Operand, Position};
use crate::forward::{logits, predict_proba};
use crate::frozen::Frozen;
use crate::init::{NumpyRandom, initialize_parameters_deep};
use crate::train::lbfgs::LbfgsState;
use crate::train::optimizer::Optimizer;
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, CowArray, Ix2};

/// A network with the state from which its training continues.
#[derive(Debug, Clone)]
pub(crate) struct Network<F> {
    pub parameters: Parameters<F>,
    pub scaler: Option<Standardizer<F>>,
    pub optimizer: Optimizer<F>,
    pub rng: NumpyRandom,
    /// The learning rate `α₀` of the next epoch.
    pub learning_rate: f64,
    /// The number of epochs that it was trained for.
    pub epochs: usize,
    /// The number of examples that it was trained on, in all epochs.
    pub examples: usize,
    /// The state of L-BFGS after the last iteration.
    pub search: Option<LbfgsState<F>>,
    pub feature_names: Option<OwnedNames>,
    /// The texts of `set_metadata`.
    pub metadata: Metadata,
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
        let initializer = hyperparameters.initializer.clone();
        let parameters = initialize_parameters_deep(&sizes, initializer, &mut rng)?
            .with_layer_activations(&hyperparameters.activations(head.cost.output_activation()))?;
        Self::untrained(hyperparameters, parameters, scaler, rng)
    }

    /// Creates the network of a model from parameters, with a new optimizer.
    pub fn from_parameters(
        hyperparameters: &Hyperparameters,
        head: &Head<F>,
        parameters: Parameters<F>,
        scaler: Option<Standardizer<F>>,
    ) -> Result<Self> {
        check_network(hyperparameters, head, &parameters)?;
        parameters.check_finite()?;
        check_scaler(hyperparameters, scaler.as_ref(), parameters.layers()[0].w.ncols())?;
        let rng = NumpyRandom::seed(hyperparameters.seed);
        Self::untrained(hyperparameters, parameters, scaler, rng)
    }

    fn untrained(
        hyperparameters: &Hyperparameters,
        parameters: Parameters<F>,
        scaler: Option<Standardizer<F>>,
        rng: NumpyRandom,
    ) -> Result<Self> {
        Ok(Self {
            optimizer: Optimizer::new(hyperparameters.algorithm, &parameters)?,
            parameters,
            scaler,
            rng,
            learning_rate: hyperparameters.learning_rate,
            epochs: 0,
            examples: 0,
            search: None,
            feature_names: None,
            metadata: Metadata::new(),
        })
    }

    /// Lets the next training follow other hyperparameters, if they fit the network.
    pub fn adopt(
        &mut self,
        before: &Hyperparameters,
        after: &Hyperparameters,
        head: &Head<F>,
    ) -> Result<()> {
        check_network(after, head, &self.parameters)?;
        check_scaler(after, self.scaler.as_ref(), self.parameters.layers()[0].w.ncols())?;
        if before.algorithm != after.algorithm {
            self.optimizer = Optimizer::new(after.algorithm, &self.parameters)?;
        }
        if before.learning_rate != after.learning_rate {
            self.learning_rate = after.learning_rate;
        }
        if after.lbfgs.is_none() {
            self.search = None;
        }
        Ok(())
    }

    /// Sets the names of the features.
    pub fn name_features(&mut self, names: FeatureNames<'_>) -> Result<()> {
        self.feature_names = Some(names.owned(self.parameters.layers()[0].w.ncols())?);
        Ok(())
    }

    /// Copies the network, for a training that changes the original only if it starts.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            parameters: self.parameters.try_clone()?,
            scaler: self.scaler.clone(),
            optimizer: self.optimizer.try_clone()?,
            rng: self.rng.clone(),
            search: self.search.as_ref().map(LbfgsState::try_clone).transpose()?,
            feature_names: self.feature_names.clone(),
            metadata: self.metadata.clone(),
            ..*self
        })
    }

    /// Computes `AL` of the examples, and checks that both are finite.
    #[inline(never)]
    pub fn outputs(&self, examples: &Examples<'_, F>) -> Result<Array2<F>> {
        let al = self.forward(examples, |x, parameters| predict_proba(x, parameters))?;
        check_output(&al, self.parameters.layers().len())?;
        Ok(al)
    }

    /// Computes `Z` of the output layer, which may overflow.
    #[inline(never)]
    pub fn logits(&self, examples: &Examples<'_, F>) -> Result<Array2<F>> {
        self.forward(examples, logits)
    }

    /// Checks examples, and passes them standardized to `forward`.
    fn forward(
        &self,
        examples: &Examples<'_, F>,
        forward: impl Fn(CowArray<'_, F, Ix2>, &Parameters<F>) -> Result<Array2<F>>,
    ) -> Result<Array2<F>> {
        let x = examples.as_columns();
        let names = self.known_names(examples)?;
        check_table("X", &x).map_err(|e| e.with_feature_name(names))?;
        self.parameters.check_features(&x)?;
        match &self.scaler {
            Some(scaler) => forward(scaler.transform(&x)?.into(), &self.parameters),
            None => forward(x.into(), &self.parameters),
        }
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
        self.search = None;
    }
}

/// Checks that a fit with these hyperparameters creates a network with these layers.
pub(super) fn check_network<F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    parameters: &Parameters<F>,
) -> Result<()> {
    let layers = parameters.layers();
    let (expected, found) = (hyperparameters.hidden.len() + 1, layers.len());
    if expected != found {
        let what = "`hidden` has another number of layers than the network";
        return Err(Error::Inconsistent { what });
    }
    Frozen::new(&hyperparameters.frozen, found)?;
    let units = hyperparameters.hidden.iter().copied().chain([head.outputs]);
    for (l, (layer, units)) in layers.iter().zip(units).enumerate() {
        let shape = (units, layer.w.ncols());
        let chosen = Operand { name: "the hyperparameters", shape };
        check_same_shape(Operand::new("W", &layer.w), chosen).map_err(|e| e.in_layer(l + 1))?;
    }
    let output = head.cost.output_activation();
    let activations = hyperparameters.activations(output);
    let differs = layers.iter().zip(activations).position(|(layer, g)| layer.activation != g);
    match differs {
        Some(l) if l + 1 == expected => Err(Error::OutputActivation {
            layer: Some(expected),
            cost: head.cost.to_string(),
            expected: output.to_string(),
            found: layers[l].activation.to_string(),
        }),
        Some(_) => Err(Error::Inconsistent {
            what: "the activations of the network differ from the hyperparameters",
        }),
        None => Ok(()),
    }
}

/// Checks that there is a scaler if and only if the model standardizes.
fn check_scaler<F: Float>(
    hyperparameters: &Hyperparameters,
    scaler: Option<&Standardizer<F>>,
    rows: usize,
) -> Result<()> {
    if scaler.is_some() != hyperparameters.standardize {
        return Err(Error::Inconsistent {
            what: match scaler {
                Some(_) => "there is a scaler, but `standardize` is false",
                None => "`standardize` is true, but there is no scaler",
            },
        });
    }
    scaler.map_or(Ok(()), |scaler| check_scaler_rows(scaler, rows))
}

/// Checks that there is a scaler of the targets if and only if they are standardized.
pub(super) fn check_target_scaler<F: Float>(
    head: &Head<F>,
    scaler: Option<&Standardizer<F>>,
) -> Result<()> {
    let what = match (scaler, head.standardizes_targets) {
        (Some(scaler), true) => return check_scaler_rows(scaler, head.outputs),
        (None, false) => return Ok(()),
        (Some(_), false) => "there is a scaler of the targets, but they are not standardized",
        (None, true) => "the targets are standardized, but there is no scaler of the targets",
    };
    Err(Error::Inconsistent { what })
}

fn check_scaler_rows<F: Float>(scaler: &Standardizer<F>, rows: usize) -> Result<()> {
    let expected = Operand { name: "the network", shape: (rows, 1) };
    check(scaler.mean().nrows() == rows, Operand::new("mean", scaler.mean()), expected, "same rows")
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
