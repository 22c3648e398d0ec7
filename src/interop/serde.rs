//! The value types as serde's `Serialize` and `Deserialize` (feature `serde`).
//!
//! What was built by a function that checks is read through the same function: a network that is
//! deserialised obeys the rules of one that was built by hand. What would be refused then is
//! refused when it is written: JSON, which has no word for NaN, would keep `null` in its place.

use crate::activation::Activation;
use crate::backward::LayerGradients;
use crate::init::{Initializer, NumpyRandom, NumpyState};
use crate::model::{ClassWeights, Hyperparameters, check_all_finite};
use crate::train::optimizer::{Algorithm, LayerState, Optimizer, Rule};
use crate::parameters::check_network;
use crate::data::{Classes, Standardizer};
use crate::train::schedule::Schedule;
use crate::{Float, Gradients, Layer, Parameters};
use ndarray::Array2;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl<F: Float + Serialize> Serialize for Parameters<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checked = check_network(self.layers()).and_then(|()| check_all_finite(self));
        checked.map_err(S::Error::custom)?;
        self.layers().serialize(serializer)
    }
}

impl<'de, F: Float + Deserialize<'de>> Deserialize<'de> for Parameters<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parameters = Self::from_layers(Vec::<Layer<F>>::deserialize(deserializer)?);
        let checked = parameters.and_then(|parameters| {
            check_all_finite(&parameters)?;
            Ok(parameters)
        });
        checked.map_err(D::Error::custom)
    }
}

impl<F: Float + Serialize> Serialize for Gradients<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.layers().serialize(serializer)
    }
}

impl<'de, F: Float + Deserialize<'de>> Deserialize<'de> for Gradients<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let layers = Vec::<LayerGradients<F>>::deserialize(deserializer)?;
        Self::from_layers(layers).map_err(D::Error::custom)
    }
}

#[derive(Serialize)]
struct Columns<'a, F> {
    mean: &'a Array2<F>,
    deviation: &'a Array2<F>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnColumns<F> {
    mean: Array2<F>,
    deviation: Array2<F>,
}

impl<F: Float + Serialize> Serialize for Standardizer<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Columns { mean: self.mean(), deviation: self.deviation() }.serialize(serializer)
    }
}

impl<'de, F: Float + Deserialize<'de>> Deserialize<'de> for Standardizer<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let OwnColumns { mean, deviation } = OwnColumns::deserialize(deserializer)?;
        Self::from_columns(mean, deviation).map_err(D::Error::custom)
    }
}

impl<L: Ord + Clone + Serialize> Serialize for Classes<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

impl<'de, L: Ord + Clone + Deserialize<'de>> Deserialize<'de> for Classes<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<L>::deserialize(deserializer)?;
        let sorted = names.windows(2).all(|pair| pair[0] < pair[1]);
        if sorted {
            return Ok(Self::of(&names));
        }
        Err(D::Error::custom("the classes are not sorted, or one of them is there twice"))
    }
}

impl Serialize for NumpyRandom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.state().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NumpyRandom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_state(&NumpyState::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[derive(Serialize)]
struct Memory<'a, F, R> {
    rule: &'a R,
    state: &'a [LayerState<F>],
    steps: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnMemory<F, R> {
    rule: R,
    state: Vec<LayerState<F>>,
    steps: u64,
}

impl<F: Float + Serialize, R: Rule<F> + Serialize> Serialize for Optimizer<F, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.check_memory().map_err(S::Error::custom)?;
        Memory { rule: self.rule(), state: self.state(), steps: self.steps() }.serialize(serializer)
    }
}

impl<'de, F, R> Deserialize<'de> for Optimizer<F, R>
where
    F: Float + Deserialize<'de>,
    R: Rule<F> + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let OwnMemory { rule, state, steps } = OwnMemory::deserialize(deserializer)?;
        Self::from_state(rule, state, steps).map_err(D::Error::custom)
    }
}

/// What is missing is as in [`Hyperparameters::default`], so that a file may say what differs.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Hyperparameters", default = "Hyperparameters::default", deny_unknown_fields)]
struct Choices {
    hidden: Vec<usize>,
    activation: Activation,
    initializer: Initializer,
    algorithm: Algorithm,
    learning_rate: f64,
    schedule: Schedule,
    batch_size: usize,
    epochs: usize,
    l2: f64,
    keep_prob: f64,
    clip_norm: Option<f64>,
    seed: u32,
    validation_share: f64,
    patience: Option<usize>,
    standardize: bool,
    constant_features: bool,
    class_weights: ClassWeights,
}

impl Serialize for Hyperparameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.check::<f64>().map_err(S::Error::custom)?;
        Choices::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Hyperparameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let how = Choices::deserialize(deserializer)?;
        how.check::<f64>().map_err(D::Error::custom)?;
        Ok(how)
    }
}
