//! Models as plain values for storage, and their checks on loading.

use super::classifier::Classifier;
use super::feature_names::FeatureNames;
use super::head::Head;
use super::hyperparameters::Hyperparameters;
use super::metadata::Metadata;
use super::multi_label::{MultiLabelClassifier, check_labels};
use super::network::{Network, check_target_scaler};
use super::regressor::Regressor;
use crate::checks::{check_argument, check_positive};
use crate::data::{Classes, LabelNames, Standardizer};
use crate::init::NumpyRandom;
use crate::train::lbfgs::LbfgsState;
use crate::train::optimizer::Optimizer;
use crate::{Error, Float, Parameters, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The state of a fitted network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "F: Float + Deserialize<'de>"))]
#[serde(bound(serialize = "F: Float + Serialize"))]
pub(crate) struct NetworkState<F> {
    pub parameters: Parameters<F>,
    pub scaler: Option<Standardizer<F>>,
    pub epochs: usize,
    #[serde(default)]
    pub examples: usize,
    /// If it is `None`, training continues with a new optimizer.
    #[serde(rename = "memory")]
    pub training: Option<TrainingState<F>>,
    #[serde(default)]
    pub feature_names: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// The state from which a training continues.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "F: Float + Deserialize<'de>"))]
#[serde(bound(serialize = "F: Float + Serialize"))]
pub(crate) struct TrainingState<F> {
    pub optimizer: Optimizer<F>,
    pub generator: NumpyRandom,
    /// The learning rate of the next epoch; `None` in files that have only that of the
    /// hyperparameters.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// The state of L-BFGS.
    #[serde(default)]
    pub search: Option<LbfgsState<F>>,
}

impl<F: Float> Network<F> {
    #[cfg(feature = "safetensors")]
    fn parameters_and_time(&self) -> (&Parameters<F>, usize, usize) {
        (&self.parameters, self.epochs, self.examples)
    }

    fn state(&self) -> NetworkState<F> {
        let (optimizer, generator) = (self.optimizer.clone(), self.rng.clone());
        let (learning_rate, search) = (Some(self.learning_rate), self.search.clone());
        NetworkState {
            parameters: self.parameters.clone(),
            scaler: self.scaler.clone(),
            epochs: self.epochs,
            examples: self.examples,
            training: Some(TrainingState { optimizer, generator, learning_rate, search }),
            feature_names: self.feature_names.as_ref().map(|names| names.to_vec()),
            metadata: self.metadata.clone(),
        }
    }

    fn from_state(
        hyperparameters: &Hyperparameters,
        head: &Head<F>,
        state: NetworkState<F>,
    ) -> Result<Self> {
        let NetworkState { parameters, scaler, epochs, examples, .. } = state;
        let NetworkState { training, feature_names, metadata, .. } = state;
        for (name, count) in [("epochs", epochs), ("examples", examples)] {
            let countable = count <= usize::MAX / 2; // leaves room for later epochs
            check_argument(countable, name, count as f64, "less than 2^63")?;
        }
        let features = parameters.layers()[0].w.ncols();
        let names = feature_names.as_ref().map(FeatureNames::from);
        let feature_names = names.map(|names| names.owned(features)).transpose()?;
        let mut network = Self::from_parameters(hyperparameters, head, parameters, scaler)?;
        (network.feature_names, network.metadata) = (feature_names, metadata);
        (network.epochs, network.examples) = (epochs, examples);
        if let Some(TrainingState { optimizer, generator, learning_rate, search }) = training {
            check_optimizer(hyperparameters, &optimizer, &network.parameters)?;
            let learning_rate = learning_rate.unwrap_or(hyperparameters.learning_rate);
            check_positive::<F>("learning_rate", learning_rate)?;
            if let Some(search) = &search {
                search.check(network.parameters.count())?;
            }
            (network.optimizer, network.rng) = (optimizer, generator);
            (network.learning_rate, network.search) = (learning_rate, search);
        }
        Ok(network)
    }
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
    pub(crate) fn from_state(
        hyperparameters: Hyperparameters,
        declared: Option<Classes<L>>,
        fitted: Option<(Classes<L>, NetworkState<F>)>,
    ) -> Result<Self> {
        let fitted = match fitted {
            None => None,
            Some((classes, _)) if classes.names().len() < 2 => return Err(Error::OneClass),
            Some((classes, state)) => {
                let head = Head::classification(&hyperparameters, classes.names().len())?;
                Some((classes, Network::from_state(&hyperparameters, &head, state)?))
            }
        };
        Ok(Self { hyperparameters, declared, fitted })
    }
}

impl<F: Float, L: Ord + Clone> MultiLabelClassifier<F, L> {
    pub(crate) fn from_state(
        hyperparameters: Hyperparameters,
        declared: Option<LabelNames<L>>,
        fitted: Option<(LabelNames<L>, NetworkState<F>)>,
    ) -> Result<Self> {
        let fitted = match fitted {
            None => None,
            Some((labels, state)) => {
                check_labels(&labels, 1)?;
                let head = Head::multi_label(&hyperparameters, labels.names().len())?;
                Some((labels, Network::from_state(&hyperparameters, &head, state)?))
            }
        };
        Ok(Self { hyperparameters, declared, fitted })
    }
}

impl<F: Float> Regressor<F> {
    pub(crate) fn state(&self) -> Option<NetworkState<F>> {
        self.network.as_ref().map(Network::state)
    }

    /// Returns the network, and the numbers of epochs and examples it was trained for.
    #[cfg(feature = "safetensors")]
    pub(crate) fn network_and_time(&self) -> Option<(&Parameters<F>, usize, usize)> {
        self.network.as_ref().map(Network::parameters_and_time)
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
                let head = Head::regression(&hyperparameters, outputs)?;
                check_target_scaler(&head, target_scaler.as_ref())?;
                Some(Network::from_state(&hyperparameters, &head, state)?)
            }
        };
        Ok(Self { hyperparameters, network, target_scaler })
    }
}

/// A classifier with one class or any number of labels for each example. `C` holds the names.
#[derive(Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound(deserialize = "F: Float + Deserialize<'de>, C: Deserialize<'de>")
)]
#[serde(bound(serialize = "F: Float + Serialize, C: Serialize"))]
struct StoredClassifier<F, C> {
    hyperparameters: Hyperparameters,
    /// The declared classes or labels.
    declared: Option<C>,
    /// The classes or labels of the network.
    classes: Option<C>,
    network: Option<NetworkState<F>>,
}

impl<F, C> StoredClassifier<F, C> {
    /// Returns the classes or labels with the network, if there is one.
    fn fitted(
        classes: Option<C>,
        network: Option<NetworkState<F>>,
    ) -> Result<Option<(C, NetworkState<F>)>> {
        match (classes, network) {
            (None, None) => Ok(None),
            (Some(classes), Some(network)) => Ok(Some((classes, network))),
            _ => Err(Error::Inconsistent {
                what: "classes are stored if and only if there is a network",
            }),
        }
    }
}

/// Implements storage and serde for a classifier whose names have the type `$names`.
macro_rules! stored_classifier {
    ($classifier:ident, $names:ident) => {
        impl<F: Float, L: Ord + Clone> $classifier<F, L> {
            pub(crate) fn state(&self) -> Option<NetworkState<F>> {
                self.fitted.as_ref().map(|(_, network)| network.state())
            }

            /// Returns the network, and the numbers of epochs and examples it was trained for.
            #[cfg(feature = "safetensors")]
            pub(crate) fn network_and_time(&self) -> Option<(&Parameters<F>, usize, usize)> {
                self.fitted.as_ref().map(|(_, network)| network.parameters_and_time())
            }

            /// Returns whether the classes or labels are declared.
            #[cfg(feature = "safetensors")]
            pub(crate) fn declares_names(&self) -> bool {
                self.declared.is_some()
            }
        }

        impl<F: Float + Serialize, L: Ord + Clone + Serialize> Serialize for $classifier<F, L> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let stored = StoredClassifier {
                    hyperparameters: self.hyperparameters.clone(),
                    declared: self.declared.clone(),
                    classes: self.fitted.as_ref().map(|(names, _)| names.clone()),
                    network: self.state(),
                };
                stored.serialize(serializer)
            }
        }

        impl<'de, F, L> Deserialize<'de> for $classifier<F, L>
        where
            F: Float + Deserialize<'de>,
            L: Ord + Clone + Deserialize<'de>,
        {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let stored = StoredClassifier::<F, $names<L>>::deserialize(deserializer)?;
                StoredClassifier::fitted(stored.classes, stored.network)
                    .and_then(|fitted| {
                        Self::from_state(stored.hyperparameters, stored.declared, fitted)
                    })
                    .map_err(D::Error::custom)
            }
        }
    };
}

stored_classifier!(Classifier, Classes);
stored_classifier!(MultiLabelClassifier, LabelNames);

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
