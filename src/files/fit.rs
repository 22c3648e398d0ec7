//! What a checkpoint of a fit has beside that of any loop.

use super::tensors::Views;
use super::{Result, Tensors};
use crate::model::{Best, EpochRecord, FitState, Hyperparameters, LentState};
use crate::{Float, Layer, Parameters};
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What the arrays do not say of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fit {
    hyperparameters: Hyperparameters,
    fingerprint: u32,
    records: Rows,
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
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<Number, E> {
        Ok(Number(x))
    }

    fn visit_u64<E: Error>(self, x: u64) -> Result<Number, E> {
        Ok(Number(x as f64))
    }

    fn visit_i64<E: Error>(self, x: i64) -> Result<Number, E> {
        Ok(Number(x as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        match text {
            "NaN" => Ok(Number(f64::NAN)),
            "inf" => Ok(Number(f64::INFINITY)),
            "-inf" => Ok(Number(f64::NEG_INFINITY)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

/// The records, a row for each. What is read is not kept a second time, nor room for twice as many.
#[derive(Debug)]
struct Rows(Vec<EpochRecord>);

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(row))
    }
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row for each epoch")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Rows, A::Error> {
        let mut records = Vec::new();
        while let Some(row) = rows.next_element()? {
            if records.len() == records.capacity() {
                let more = 16 + records.len() / 4;
                records.try_reserve_exact(more).map_err(A::Error::custom)?;
            }
            records.push(record(records.len(), row));
        }
        Ok(Rows(records))
    }
}

impl Fit {
    /// What stands beside the arrays, and the best parameters among them, as `best.W1`, ….
    pub fn of<'a, F: Float>(state: LentState<'a, F>, arrays: &mut Views<'a, F>) -> Result<Self> {
        if let Some(best) = state.best {
            arrays.insert_course("best.", &best.parameters)?;
        }
        let best = |best: &Best<F>| BestEpoch { epoch: best.epoch, cost: Number(best.cost) };
        Ok(Self {
            hyperparameters: state.hyperparameters.clone(),
            fingerprint: state.fingerprint,
            records: Rows(state.records.to_vec()),
            best: state.best.map(best),
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
        let Self { hyperparameters, fingerprint, records: Rows(records), .. } = self;
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

fn record(epoch: usize, row: Row) -> EpochRecord {
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
