//! The state of a fit in a checkpoint.

use crate::files::tensors::TensorViews;
use crate::files::{Result, Tensors};
use crate::model::{BestEpoch, EpochRecord, FitState, FitStateRef, Hyperparameters};
use crate::train::lbfgs::{LbfgsState, Stop};
use crate::train::patience::Patience;
use crate::{Float, Layer, Parameters};
use ndarray::ArrayView1;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The description of a fit; the best parameters are arrays.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FitDescription {
    hyperparameters: Hyperparameters,
    /// The first epoch of the fit, and the one after its last. Without a warm start they may be
    /// missing.
    #[serde(default)]
    epochs: Option<(usize, usize)>,
    fingerprint: u32,
    records: Records,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best: Option<BestDescription>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patience: Option<PatienceDescription>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plateau: Option<PatienceDescription>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<Stop>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lbfgs: Option<SearchDescription>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatienceDescription {
    reference: Option<JsonNumber>,
    waited: usize,
}

/// The state of L-BFGS, whose vectors are arrays.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchDescription {
    cost: JsonNumber,
    pairs: usize,
    iterations: u64,
    evaluations: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BestDescription {
    epoch: usize,
    cost: JsonNumber,
}

/// An epoch: learning rate, cost, gradient norm, validation cost and validation score.
type Row = (JsonNumber, JsonNumber, JsonNumber, Option<JsonNumber>, Option<JsonNumber>);

/// A number that may be NaN or infinite, such as a validation cost. JSON has no such numbers.
#[derive(Debug, Clone, Copy)]
struct JsonNumber(f64);

impl Serialize for JsonNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            x if x.is_finite() => serializer.serialize_f64(x),
            x => serializer.collect_str(&x),
        }
    }
}

impl<'de> Deserialize<'de> for JsonNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonNumberVisitor)
    }
}

struct JsonNumberVisitor;

impl Visitor<'_> for JsonNumberVisitor {
    type Value = JsonNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<JsonNumber, E> {
        Ok(JsonNumber(x))
    }

    fn visit_u64<E: Error>(self, x: u64) -> Result<JsonNumber, E> {
        Ok(JsonNumber(x as f64))
    }

    fn visit_i64<E: Error>(self, x: i64) -> Result<JsonNumber, E> {
        Ok(JsonNumber(x as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<JsonNumber, E> {
        match text {
            "NaN" => Ok(JsonNumber(f64::NAN)),
            "inf" => Ok(JsonNumber(f64::INFINITY)),
            "-inf" => Ok(JsonNumber(f64::NEG_INFINITY)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

/// The records, each as a [`Row`]. Rows are converted one by one and the vector grows by a quarter,
/// so that reading takes little more memory than the records.
#[derive(Debug)]
struct Records(Vec<EpochRecord>);

impl Serialize for Records {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(row))
    }
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RecordsVisitor)
    }
}

struct RecordsVisitor;

impl<'de> Visitor<'de> for RecordsVisitor {
    type Value = Records;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row for each epoch")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Records, A::Error> {
        let mut records = Vec::new();
        while let Some(row) = rows.next_element()? {
            if records.len() == records.capacity() {
                let more = 16 + records.len() / 4;
                records.try_reserve_exact(more).map_err(A::Error::custom)?;
            }
            records.push(record(records.len(), row));
        }
        Ok(Records(records))
    }
}

/// The prefix of the best parameters, as in `best.W1`.
const BEST: &str = "best.";

/// Adds the best parameters and the state of L-BFGS to the arrays of a checkpoint.
pub(super) fn insert_arrays<'a, F: Float>(
    state: FitStateRef<'a, F>,
    arrays: &mut TensorViews<'a, F>,
) -> Result<()> {
    if let Some(best) = state.best {
        arrays.insert_parameters(BEST, &best.parameters)?;
    }
    let Some(search) = state.search else { return Ok(()) };
    arrays.insert("lbfgs.gradient".to_string(), ArrayView1::from(&search.gradient))?;
    for (i, (s, y)) in search.pairs.iter().enumerate() {
        arrays.insert(format!("lbfgs.s{i}"), ArrayView1::from(s))?;
        arrays.insert(format!("lbfgs.y{i}"), ArrayView1::from(y))?;
    }
    Ok(())
}

impl FitDescription {
    pub fn from_state<F: Float>(state: FitStateRef<'_, F>) -> Self {
        let best = |best: &BestEpoch<F>| BestDescription {
            epoch: best.epoch,
            cost: JsonNumber(best.cost),
        };
        let patience = |patience: Patience| PatienceDescription {
            reference: patience.reference.map(JsonNumber),
            waited: patience.waited,
        };
        let search = |search: &LbfgsState<F>| SearchDescription {
            cost: JsonNumber(search.cost),
            pairs: search.pairs.len(),
            iterations: search.iterations,
            evaluations: search.evaluations,
        };
        Self {
            hyperparameters: state.hyperparameters.clone(),
            epochs: Some(state.epochs),
            fingerprint: state.fingerprint,
            records: Records(state.records.to_vec()),
            best: state.best.map(best),
            patience: state.patience.map(patience),
            plateau: state.plateau.map(patience),
            stop: state.stop,
            lbfgs: state.search.map(search),
        }
    }

    /// Restores the state and removes its arrays.
    pub fn into_state<F: Float>(
        self,
        parameters: &Parameters<F>,
        tensors: &mut Tensors<F>,
    ) -> Result<FitState<F>> {
        let Self { hyperparameters, fingerprint, records: Records(mut records), .. } = self;
        let (first, until) = self.epochs.unwrap_or((0, hyperparameters.epochs));
        records.iter_mut().for_each(|record| record.epoch = record.epoch.saturating_add(first));
        let best = match self.best {
            None => None,
            Some(BestDescription { epoch, cost }) => {
                let parameters = take_best(parameters, tensors)?;
                Some(BestEpoch { epoch, cost: cost.0, parameters })
            }
        };
        let tolerance = hyperparameters.tolerance;
        let patience = |state: PatienceDescription, epochs: Option<usize>| Patience {
            epochs: epochs.unwrap_or(0), // the check of the state refuses a patience without epochs
            tolerance,
            reference: state.reference.map(|value| value.0),
            waited: state.waited,
        };
        // Files without the state of the patience have a tolerance of 0.
        let since_best = hyperparameters.patience.map(|epochs| Patience {
            epochs,
            tolerance,
            reference: best.as_ref().map(|best| best.cost),
            waited: records
                .last()
                .zip(best.as_ref())
                .map_or(0, |(last, best)| last.epoch.saturating_sub(best.epoch)),
        });
        let (epochs, plateau) = (hyperparameters.patience, hyperparameters.plateau);
        let of_patience = |state| patience(state, epochs);
        let of_plateau = |state| patience(state, plateau.map(|plateau| plateau.patience));
        Ok(FitState {
            hyperparameters,
            epochs: first..until,
            fingerprint,
            records,
            patience: self.patience.map(of_patience).or(since_best),
            plateau: self.plateau.map(of_plateau),
            best,
            stop: self.stop,
            search: self.lbfgs.map(|search| take_search(search, tensors)).transpose()?,
        })
    }
}

/// Removes and returns the vectors of L-BFGS.
fn take_search<F: Float>(
    description: SearchDescription,
    tensors: &mut Tensors<F>,
) -> Result<LbfgsState<F>> {
    let SearchDescription { cost, pairs, iterations, evaluations } = description;
    let gradient = tensors.take_vector("lbfgs.gradient")?;
    let mut taken = Vec::new();
    for i in 0..pairs {
        let s = tensors.take_vector(&format!("lbfgs.s{i}"))?;
        taken.push((s, tensors.take_vector(&format!("lbfgs.y{i}"))?));
    }
    Ok(LbfgsState { cost: cost.0, gradient, pairs: taken, iterations, evaluations })
}

fn row(record: &EpochRecord) -> Row {
    (
        JsonNumber(record.learning_rate),
        JsonNumber(record.cost),
        JsonNumber(record.gradient_norm),
        record.validation_cost.map(JsonNumber),
        record.validation_score.map(JsonNumber),
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

/// Removes and returns the best parameters, with the activations of `like`.
fn take_best<F: Float>(like: &Parameters<F>, tensors: &mut Tensors<F>) -> Result<Parameters<F>> {
    let layers = like.layers().iter().enumerate().map(|(l, layer)| {
        let w = tensors.take_matrix(&format!("{BEST}W{}", l + 1))?;
        let b = tensors.take_matrix(&format!("{BEST}b{}", l + 1))?;
        Ok(Layer { w, b, activation: layer.activation })
    });
    Ok(Parameters::from_layers(layers.collect::<Result<_>>()?)?)
}
