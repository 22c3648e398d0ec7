//! `Serialize` and `Deserialize` for types whose values are checked (feature `serde`).
//!
//! Deserialization calls the checking constructors. Serialization checks too, since JSON would
//! write NaN as `null`.

use crate::backward::LayerGradients;
use crate::data::{Classes, LabelNames, Standardizer};
use crate::init::{NumpyRandom, NumpyState};
use crate::parameters::check_network;
use crate::train::optimizer::{LayerState, Optimizer, UpdateRule};
use crate::{Float, Gradients, Layer, Parameters};
use ndarray::Array2;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl<F: Float + Serialize> Serialize for Parameters<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checked = check_network(self.layers()).and_then(|()| self.check_finite());
        checked.map_err(S::Error::custom)?;
        self.layers().serialize(serializer)
    }
}

impl<'de, F: Float + Deserialize<'de>> Deserialize<'de> for Parameters<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parameters = Self::from_layers(Vec::<Layer<F>>::deserialize(deserializer)?);
        let checked = parameters.and_then(|parameters| {
            parameters.check_finite()?;
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
struct StandardizerRef<'a, F> {
    mean: &'a Array2<F>,
    #[serde(rename = "deviation")]
    std_dev: &'a Array2<F>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandardizerRepr<F> {
    mean: Array2<F>,
    #[serde(rename = "deviation")]
    std_dev: Array2<F>,
}

impl<F: Float + Serialize> Serialize for Standardizer<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StandardizerRef { mean: self.mean(), std_dev: self.std_dev() }.serialize(serializer)
    }
}

impl<'de, F: Float + Deserialize<'de>> Deserialize<'de> for Standardizer<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StandardizerRepr { mean, std_dev } = StandardizerRepr::deserialize(deserializer)?;
        Self::from_columns(mean, std_dev).map_err(D::Error::custom)
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
            return Ok(Self::from_labels(&names));
        }
        Err(D::Error::custom("the classes must be sorted and distinct"))
    }
}

impl<L: Ord + Clone + Serialize> Serialize for LabelNames<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

impl<'de, L: Ord + Clone + Deserialize<'de>> Deserialize<'de> for LabelNames<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<L>::deserialize(deserializer)?;
        Self::from_distinct(&names).map_err(D::Error::custom)
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
struct OptimizerRef<'a, F, R> {
    rule: &'a R,
    state: &'a [LayerState<F>],
    steps: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    frozen: &'a [usize],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptimizerRepr<F, R> {
    rule: R,
    state: Vec<LayerState<F>>,
    steps: u64,
    #[serde(default)]
    frozen: Vec<usize>,
}

impl<F: Float + Serialize, R: UpdateRule<F> + Serialize> Serialize for Optimizer<F, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.check_numbers_of_state().map_err(S::Error::custom)?;
        let (state, frozen) = (self.state(), self.frozen());
        OptimizerRef { rule: self.rule(), state, steps: self.steps(), frozen }.serialize(serializer)
    }
}

impl<'de, F, R> Deserialize<'de> for Optimizer<F, R>
where
    F: Float + Deserialize<'de>,
    R: UpdateRule<F> + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let repr = OptimizerRepr::deserialize(deserializer)?;
        let OptimizerRepr { rule, state, steps, frozen } = repr;
        let mut optimizer = Self::from_state(rule, state, steps).map_err(D::Error::custom)?;
        optimizer.freeze(&frozen).map_err(D::Error::custom)?;
        Ok(optimizer)
    }
}
