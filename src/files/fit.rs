//! What a checkpoint of a fit has beside that of any loop.

use super::tensors::Views;
use super::{Result, Tensors};
use crate::model::{Best, EpochRecord, FitState, Hyperparameters};
use crate::{Float, Layer, Parameters};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What the arrays do not say of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fit {
    hyperparameters: Hyperparameters,
    fingerprint: u32,
    records: Vec<Row>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best: Option<BestEpoch>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BestEpoch {
    epoch: usize,
    cost: Number,
}

/// Learning rate, cost, gradient norm, validation cost and score.
type Row = (Number, Number, Number, Option<Number>, Option<Number>);

/// A number that JSON may have no word for: a cost of validation may be infinite.
#[derive(Debug, Clone, Copy)]
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            x if x.is_finite() => serializer.serialize_f64(x),
            x => serializer.collect_str(&x),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Finite(f64),
            Other(NotFinite),
        }
        #[derive(Deserialize)]
        enum NotFinite {
            NaN,
            #[serde(rename = "inf")]
            Above,
            #[serde(rename = "-inf")]
            Below,
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Finite(x) => x,
            Either::Other(NotFinite::NaN) => f64::NAN,
            Either::Other(NotFinite::Above) => f64::INFINITY,
            Either::Other(NotFinite::Below) => f64::NEG_INFINITY,
        }))
    }
}

impl Fit {
    /// What stands beside the arrays, and the best parameters among them, as `best.W1`, ….
    pub fn of<'a, F: Float>(state: &'a FitState<F>, arrays: &mut Views<'a, F>) -> Result<Self> {
        if let Some(best) = &state.best {
            arrays.insert_course("best.", &best.parameters)?;
        }
        let best = |best: &Best<F>| BestEpoch { epoch: best.epoch, cost: Number(best.cost) };
        Ok(Self {
            hyperparameters: state.hyperparameters.clone(),
            fingerprint: state.fingerprint,
            records: state.records.iter().map(row).collect(),
            best: state.best.as_ref().map(best),
        })
    }

    /// The state, its best parameters taken out of the arrays.
    pub fn into_state<F: Float>(
        self,
        parameters: &Parameters<F>,
        tensors: &mut Tensors<F>,
    ) -> Result<FitState<F>> {
        let best = match self.best {
            None => None,
            Some(BestEpoch { epoch, cost }) => {
                let parameters = best_parameters(parameters, tensors)?;
                Some(Best { epoch, cost: cost.0, parameters })
            }
        };
        let Self { hyperparameters, fingerprint, records, .. } = self;
        let records = records.into_iter().enumerate().map(record).collect();
        Ok(FitState { hyperparameters, fingerprint, records, best })
    }
}

fn row(record: &EpochRecord) -> Row {
    (
        Number(record.learning_rate),
        Number(record.cost),
        Number(record.gradient_norm),
        record.validation_cost.map(Number),
        record.validation_score.map(Number),
    )
}

fn record((epoch, row): (usize, Row)) -> EpochRecord {
    let (learning_rate, cost, gradient_norm, validation_cost, validation_score) = row;
    EpochRecord {
        epoch,
        learning_rate: learning_rate.0,
        cost: cost.0,
        gradient_norm: gradient_norm.0,
        validation_cost: validation_cost.map(|number| number.0),
        validation_score: validation_score.map(|number| number.0),
    }
}

fn best_parameters<F: Float>(
    like: &Parameters<F>,
    tensors: &mut Tensors<F>,
) -> Result<Parameters<F>> {
    let layers = like.layers().iter().enumerate().map(|(l, layer)| {
        let w = tensors.matrix(&format!("best.W{}", l + 1))?;
        let b = tensors.matrix(&format!("best.b{}", l + 1))?;
        Ok(Layer { w, b, activation: layer.activation })
    });
    Ok(Parameters::from_layers(layers.collect::<Result<_>>()?)?)
}
