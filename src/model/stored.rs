//! Models as plain values for storage, and their checks on loading.

use super::classifier::Classifier;
use super::feature_names::FeatureNames;
use super::head::Head;
use super::hyperparameters::Hyperparameters;
use super::network::Network;
use super::regressor::Regressor;
use crate::checks::{check, check_argument, check_same_shape};
use crate::data::{Classes, Standardizer};
use crate::error::Operand;
use crate::init::NumpyRandom;
use crate::train::optimizer::Optimizer;
use crate::{Error, Float, Parameters, Result};
use serde::de::Error as _;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The state of a fitted network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "F: Float + Deserialize<'de>"))]
pub(crate) struct NetworkState<F> {
    pub parameters: Parameters<F>,
    pub scaler: Option<Standardizer<F>>,
    pub epochs: usize,
    /// If it is `None`, training continues with a new optimizer.
    #[serde(rename = "memory")]
    pub training: Option<TrainingState<F>>,
    #[serde(default)]
    pub feature_names: Option<Vec<String>>,
}

impl<F: Float + Serialize> Serialize for NetworkState<F> {
    /// Leaves out missing names, as earlier versions did. Binary formats such as postcard, which do
    /// not store the names of fields, read every field and so get every field.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let with_names = self.feature_names.is_some() || !serializer.is_human_readable();
        let mut state = serializer.serialize_struct("NetworkState", 4 + usize::from(with_names))?;
        state.serialize_field("parameters", &self.parameters)?;
        state.serialize_field("scaler", &self.scaler)?;
        state.serialize_field("epochs", &self.epochs)?;
        state.serialize_field("memory", &self.training)?;
        if with_names {
            state.serialize_field("feature_names", &self.feature_names)?;
        }
        state.end()
    }
}

/// The state from which a training continues.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "F: Float + Deserialize<'de>"))]
#[serde(bound(serialize = "F: Float + Serialize"))]
pub(crate) struct TrainingState<F> {
    pub optimizer: Optimizer<F>,
    pub generator: NumpyRandom,
}

impl<F: Float> Network<F> {
    fn state(&self) -> NetworkState<F> {
        let (optimizer, generator) = (self.optimizer.clone(), self.rng.clone());
        NetworkState {
            parameters: self.parameters.clone(),
            scaler: self.scaler.clone(),
            epochs: self.epochs,
            training: Some(TrainingState { optimizer, generator }),
            feature_names: self.feature_names.as_ref().map(|names| names.to_vec()),
        }
    }

    fn from_state(
        hyperparameters: &Hyperparameters,
        head: &Head<F>,
        state: NetworkState<F>,
    ) -> Result<Self> {
        let NetworkState { parameters, scaler, epochs, training, feature_names } = state;
        check_network(hyperparameters, head, &parameters)?;
        parameters.check_finite()?;
        let countable = epochs <= usize::MAX / 2; // leaves room for later epochs
        check_argument(countable, "epochs", epochs as f64, "less than 2^63")?;
        let features = parameters.layers()[0].w.ncols();
        check_scaler(hyperparameters, scaler.as_ref(), features)?;
        let names = feature_names.as_ref().map(FeatureNames::from);
        let feature_names = names.map(|names| names.owned(features)).transpose()?;
        let (optimizer, rng) = match training {
            Some(TrainingState { optimizer, generator }) => {
                check_optimizer(hyperparameters, &optimizer, &parameters)?;
                (optimizer, generator)
            }
            None => {
                let rng = NumpyRandom::seed(hyperparameters.seed);
                (Optimizer::new(hyperparameters.algorithm, &parameters)?, rng)
            }
        };
        Ok(Self { parameters, scaler, optimizer, rng, epochs, feature_names })
    }
}

/// Checks that a fit with these hyperparameters creates a network with these layers.
fn check_network<F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    parameters: &Parameters<F>,
) -> Result<()> {
    let layers = parameters.layers();
    let (expected, found) = (hyperparameters.hidden.len() + 1, layers.len());
    if expected != found {
        return Err(Error::LayerCount { expected: found, found: expected });
    }
    let units = hyperparameters.hidden.iter().copied().chain([head.outputs]);
    for (l, (layer, units)) in layers.iter().zip(units).enumerate() {
        let shape = (units, layer.w.ncols());
        let chosen = Operand { name: "the hyperparameters", shape };
        check_same_shape(Operand::new("W", &layer.w), chosen).map_err(|e| e.in_layer(l + 1))?;
        let output = head.cost.output_activation();
        let activation = if l + 1 == expected { output } else { hyperparameters.activation };
        if layer.activation != activation {
            return Err(Error::Inconsistent {
                what: "the activations of the network differ from the hyperparameters",
            });
        }
    }
    Ok(())
}

fn check_scaler<F: Float>(
    hyperparameters: &Hyperparameters,
    scaler: Option<&Standardizer<F>>,
    rows: usize,
) -> Result<()> {
    if scaler.is_some() != hyperparameters.standardize {
        return Err(Error::Inconsistent {
            what: "a scaler is stored if and only if `standardize` is true",
        });
    }
    let Some(scaler) = scaler else { return Ok(()) };
    let expected = Operand { name: "the network", shape: (rows, 1) };
    check(scaler.mean().nrows() == rows, Operand::new("mean", scaler.mean()), expected, "same rows")
}

fn check_optimizer<F: Float>(
    hyperparameters: &Hyperparameters,
    optimizer: &Optimizer<F>,
    parameters: &Parameters<F>,
) -> Result<()> {
    if *optimizer.rule() != hyperparameters.algorithm {
        return Err(Error::Inconsistent {
            what: "the optimizer has another update rule than the hyperparameters",
        });
    }
    optimizer.check_state(parameters)
}

impl<F: Float, L: Ord + Clone> Classifier<F, L> {
    pub(crate) fn state(&self) -> Option<NetworkState<F>> {
        self.fitted.as_ref().map(|(_, network)| network.state())
    }

    /// Returns the network and the number of epochs it was trained for.
    #[cfg(feature = "safetensors")]
    pub(crate) fn network_and_epochs(&self) -> Option<(&Parameters<F>, usize)> {
        self.fitted.as_ref().map(|(_, network)| (&network.parameters, network.epochs))
    }

    /// Returns whether the classes come from [`with_classes`](Self::with_classes).
    #[cfg(feature = "safetensors")]
    pub(crate) fn declares_classes(&self) -> bool {
        self.declared.is_some()
    }

    pub(crate) fn from_state(
        hyperparameters: Hyperparameters,
        declared: Option<Classes<L>>,
        fitted: Option<(Classes<L>, NetworkState<F>)>,
    ) -> Result<Self> {
        let fitted = match fitted {
            None => None,
            Some((classes, _)) if classes.names().len() < 2 => return Err(Error::OneClass),
            Some((classes, _))
                if declared.as_ref().is_some_and(|declared| *declared != classes) =>
            {
                return Err(Error::Inconsistent {
                    what: "the classes of the network differ from the declared ones",
                });
            }
            Some((classes, state)) => {
                let head = Head::classification(classes.names().len());
                Some((classes, Network::from_state(&hyperparameters, &head, state)?))
            }
        };
        Ok(Self { hyperparameters, declared, fitted })
    }
}

impl<F: Float> Regressor<F> {
    pub(crate) fn state(&self) -> Option<NetworkState<F>> {
        self.network.as_ref().map(Network::state)
    }

    /// Returns the network and the number of epochs it was trained for.
    #[cfg(feature = "safetensors")]
    pub(crate) fn network_and_epochs(&self) -> Option<(&Parameters<F>, usize)> {
        self.network.as_ref().map(|network| (&network.parameters, network.epochs))
    }

    pub(crate) fn from_state(
        hyperparameters: Hyperparameters,
        target_scaler: Option<Standardizer<F>>,
        state: Option<NetworkState<F>>,
    ) -> Result<Self> {
        let network = match state {
            None => None,
            Some(state) => {
                let layers = state.parameters.layers();
                let outputs = layers[layers.len() - 1].w.nrows();
                check_scaler(&hyperparameters, target_scaler.as_ref(), outputs)?;
                let head = Head::regression(outputs);
                Some(Network::from_state(&hyperparameters, &head, state)?)
            }
        };
        Ok(Self { hyperparameters, network, target_scaler })
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
    /// The classes of [`Classifier::with_classes`].
    declared: Option<Classes<L>>,
    /// The classes of the network.
    classes: Option<Classes<L>>,
    network: Option<NetworkState<F>>,
}

impl<F: Float + Serialize, L: Ord + Clone + Serialize> Serialize for Classifier<F, L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = StoredClassifier {
            hyperparameters: self.hyperparameters.clone(),
            declared: self.declared.clone(),
            classes: self.fitted.as_ref().map(|(classes, _)| classes.clone()),
            network: self.state(),
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
        let fitted = match (classes, network) {
            (None, None) => None,
            (Some(classes), Some(network)) => Some((classes, network)),
            _ => {
                let what = "classes are stored if and only if there is a network";
                return Err(D::Error::custom(Error::Inconsistent { what }));
            }
        };
        Self::from_state(hyperparameters, declared, fitted).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "F: Float + Deserialize<'de>"))]
#[serde(bound(serialize = "F: Float + Serialize"))]
struct StoredRegressor<F> {
    hyperparameters: Hyperparameters,
    target_scaler: Option<Standardizer<F>>,
    network: Option<NetworkState<F>>,
}

impl<F: Float + Serialize> Serialize for Regressor<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = StoredRegressor {
            hyperparameters: self.hyperparameters.clone(),
            target_scaler: self.target_scaler.clone(),
            network: self.state(),
        };
        stored.serialize(serializer)
    }
}

impl<'de, F: Float + Deserialize<'de>> Deserialize<'de> for Regressor<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredRegressor::deserialize(deserializer)?;
        Self::from_state(stored.hyperparameters, stored.target_scaler, stored.network)
            .map_err(D::Error::custom)
    }
}
