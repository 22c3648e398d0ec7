//! Models taken apart to be kept, and put together again with every check of a fit.

use super::classifier::task as classification;
use super::network::{Network, Task};
use super::regressor::task as regression;
use super::{Classifier, Hyperparameters, Regressor};
use crate::error::{Operand, check, check_hyperparameter, check_same_shape};
use crate::init::NumpyRandom;
use crate::train::optimizer::Optimizer;
use crate::data::{Classes, Standardizer};
use crate::{Error, Float, Parameters, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is kept of a network that has learnt.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "F: Float + Deserialize<'de>"))]
#[serde(bound(serialize = "F: Float + Serialize"))]
pub(crate) struct Kept<F> {
    pub parameters: Parameters<F>,
    pub scaler: Option<Standardizer<F>>,
    pub epochs: usize,
    /// Without it, training goes on with an optimiser that remembers nothing.
    pub memory: Option<Memory<F>>,
}

/// What a training goes on with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "F: Float + Deserialize<'de>"))]
#[serde(bound(serialize = "F: Float + Serialize"))]
pub(crate) struct Memory<F> {
    pub optimizer: Optimizer<F>,
    pub generator: NumpyRandom,
}

impl<F: Float> Network<F> {
    fn kept(&self) -> Kept<F> {
        let memory = Memory { optimizer: self.optimizer.clone(), generator: self.rng.clone() };
        Kept {
            parameters: self.parameters.clone(),
            scaler: self.scaler.clone(),
            epochs: self.epochs,
            memory: Some(memory),
        }
    }

    fn from_kept(how: &Hyperparameters, task: &Task<F>, kept: Kept<F>) -> Result<Self> {
        let Kept { parameters, scaler, epochs, memory } = kept;
        check_network(how, task, &parameters)?;
        check_all_finite(&parameters)?;
        let countable = epochs <= usize::MAX / 2; // and so is every epoch to come
        check_hyperparameter(countable, "epochs", epochs as f64, "a number that can be reached")?;
        check_scaler(how, scaler.as_ref(), parameters.layers()[0].w.ncols())?;
        let (optimizer, rng) = match memory {
            Some(Memory { optimizer, generator }) => {
                check_optimizer(how, &optimizer, &parameters)?;
                (optimizer, generator)
            }
            None => (Optimizer::new(how.algorithm, &parameters)?, NumpyRandom::seed(how.seed)),
        };
        Ok(Self { parameters, scaler, optimizer, rng, epochs })
    }
}

/// `Ok` if training with `how` makes a network of these layers.
fn check_network<F: Float>(
    how: &Hyperparameters,
    task: &Task<F>,
    parameters: &Parameters<F>,
) -> Result<()> {
    let layers = parameters.layers();
    let (expected, found) = (how.hidden.len() + 1, layers.len());
    if expected != found {
        return Err(Error::LayerCount { expected, found });
    }
    let units = how.hidden.iter().copied().chain([task.outputs]);
    for (l, (layer, units)) in layers.iter().zip(units).enumerate() {
        let shape = (units, layer.w.ncols());
        let chosen = Operand { name: "the hyperparameters", shape };
        check_same_shape(Operand::of("W", &layer.w), chosen).map_err(|e| e.in_layer(l + 1))?;
        let output = task.cost.output_activation();
        let activation = if l + 1 == expected { output } else { how.activation };
        if layer.activation != activation {
            return Err(Error::Inconsistent { what: "the activations are not the chosen ones" });
        }
    }
    Ok(())
}

/// `Ok` if no weight is NaN or infinite.
pub(crate) fn check_all_finite<F: Float>(parameters: &Parameters<F>) -> Result<()> {
    for (l, layer) in parameters.layers().iter().enumerate() {
        for (operand, matrix) in [("W", &layer.w), ("b", &layer.b)] {
            if let Some(((row, column), x)) = matrix.indexed_iter().find(|(_, x)| !x.is_finite()) {
                let (layer, value) = (Some(l + 1), x.as_f64());
                return Err(Error::NotFiniteEntry {
                    layer,
                    operand,
                    row,
                    column: Some(column),
                    value,
                });
            }
        }
    }
    Ok(())
}

fn check_scaler<F: Float>(
    how: &Hyperparameters,
    scaler: Option<&Standardizer<F>>,
    rows: usize,
) -> Result<()> {
    if scaler.is_some() != how.standardize {
        return Err(Error::Inconsistent {
            what: "there is a scaler where none was chosen, or none",
        });
    }
    let Some(scaler) = scaler else { return Ok(()) };
    let expected = Operand { name: "the network", shape: (rows, 1) };
    check(scaler.mean().nrows() == rows, Operand::of("mean", scaler.mean()), expected, "same rows")
}

fn check_optimizer<F: Float>(
    how: &Hyperparameters,
    optimizer: &Optimizer<F>,
    parameters: &Parameters<F>,
) -> Result<()> {
    if *optimizer.rule() != how.algorithm {
        return Err(Error::Inconsistent { what: "the optimiser has another rule" });
    }
    optimizer.check_state(parameters)
}

impl<F: Float, L: Ord + Clone> Classifier<F, L> {
    pub(crate) fn kept(&self) -> Option<Kept<F>> {
        self.learnt.as_ref().map(|(_, network)| network.kept())
    }

    /// The network, and how many epochs it has been trained for.
    #[cfg(feature = "safetensors")]
    pub(crate) fn learnt(&self) -> Option<(&Parameters<F>, usize)> {
        self.learnt.as_ref().map(|(_, network)| (&network.parameters, network.epochs))
    }

    /// Do the classes come from [`with_classes`](Self::with_classes)?
    #[cfg(feature = "safetensors")]
    pub(crate) fn declares_classes(&self) -> bool {
        self.declared.is_some()
    }

    pub(crate) fn from_kept(
        hyperparameters: Hyperparameters,
        declared: Option<Classes<L>>,
        learnt: Option<(Classes<L>, Kept<F>)>,
    ) -> Result<Self> {
        let learnt = match learnt {
            None => None,
            Some((classes, _)) if classes.names().len() < 2 => return Err(Error::OneClass),
            Some((classes, _))
                if declared.as_ref().is_some_and(|declared| *declared != classes) =>
            {
                return Err(Error::Inconsistent { what: "the classes are not the declared ones" });
            }
            Some((classes, kept)) => {
                let task = classification(classes.names().len());
                Some((classes, Network::from_kept(&hyperparameters, &task, kept)?))
            }
        };
        Ok(Self { hyperparameters, declared, learnt })
    }
}

impl<F: Float> Regressor<F> {
    pub(crate) fn kept(&self) -> Option<Kept<F>> {
        self.network.as_ref().map(Network::kept)
    }

    /// The network, and how many epochs it has been trained for.
    #[cfg(feature = "safetensors")]
    pub(crate) fn learnt(&self) -> Option<(&Parameters<F>, usize)> {
        self.network.as_ref().map(|network| (&network.parameters, network.epochs))
    }

    pub(crate) fn from_kept(
        hyperparameters: Hyperparameters,
        values: Option<Standardizer<F>>,
        kept: Option<Kept<F>>,
    ) -> Result<Self> {
        let network = match kept {
            None => None,
            Some(kept) => {
                let layers = kept.parameters.layers();
                let outputs = layers[layers.len() - 1].w.nrows();
                check_scaler(&hyperparameters, values.as_ref(), outputs)?;
                Some(Network::from_kept(&hyperparameters, &regression(outputs), kept)?)
            }
        };
        Ok(Self { hyperparameters, network, values })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound(deserialize = "F: Float + Deserialize<'de>, L: Ord + Clone + Deserialize<'de>")
)]
#[serde(bound(serialize = "F: Float + Serialize, L: Ord + Clone + Serialize"))]
struct StoredClassifier<F, L> {
    hyperparameters: Hyperparameters,
    /// Those of [`Classifier::with_classes`].
    declared: Option<Classes<L>>,
    /// Those of the network.
    classes: Option<Classes<L>>,
    network: Option<Kept<F>>,
}

impl<F: Float + Serialize, L: Ord + Clone + Serialize> Serialize for Classifier<F, L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = StoredClassifier {
            hyperparameters: self.hyperparameters.clone(),
            declared: self.declared.clone(),
            classes: self.learnt.as_ref().map(|(classes, _)| classes.clone()),
            network: self.kept(),
        };
        stored.serialize(serializer)
    }
}

impl<'de, F, L> Deserialize<'de> for Classifier<F, L>
where
    F: Float + Deserialize<'de>,
    L: Ord + Clone + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StoredClassifier { hyperparameters, declared, classes, network } =
            StoredClassifier::deserialize(deserializer)?;
        let learnt = match (classes, network) {
            (None, None) => None,
            (Some(classes), Some(network)) => Some((classes, network)),
            _ => {
                let what = "there are classes without a network, or a network without";
                return Err(D::Error::custom(Error::Inconsistent { what }));
            }
        };
        Self::from_kept(hyperparameters, declared, learnt).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "F: Float + Deserialize<'de>"))]
#[serde(bound(serialize = "F: Float + Serialize"))]
struct StoredRegressor<F> {
    hyperparameters: Hyperparameters,
    target_scaler: Option<Standardizer<F>>,
    network: Option<Kept<F>>,
}

impl<F: Float + Serialize> Serialize for Regressor<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = StoredRegressor {
            hyperparameters: self.hyperparameters.clone(),
            target_scaler: self.values.clone(),
            network: self.kept(),
        };
        stored.serialize(serializer)
    }
}

impl<'de, F: Float + Deserialize<'de>> Deserialize<'de> for Regressor<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredRegressor::deserialize(deserializer)?;
        Self::from_kept(stored.hyperparameters, stored.target_scaler, stored.network)
            .map_err(D::Error::custom)
    }
}
