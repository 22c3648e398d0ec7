//! The state of a fit that a checkpoint keeps.

use super::history::{BestEpoch, EpochRecord};
use super::hyperparameters::Hyperparameters;
use crate::checks::check_same_shape;
use crate::error::Operand;
use crate::train::optimizer::Algorithm;
use crate::train::schedule::Schedule;
use crate::{Error, Float, Parameters, Result};

/// The state of a fit in a [`Checkpoint`](crate::files::Checkpoint).
///
/// It holds the hyperparameters, a checksum of the data, the records of the epochs and, with a
/// patience, the best parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct FitState<F> {
    pub(crate) hyperparameters: Hyperparameters,
    pub(crate) fingerprint: u32,
    pub(crate) records: Vec<EpochRecord>,
    pub(crate) best: Option<BestEpoch<F>>,
}

/// A borrowed [`FitState`], for saving.
#[derive(Clone, Copy)]
pub(crate) struct FitStateRef<'a, F> {
    pub hyperparameters: &'a Hyperparameters,
    pub fingerprint: u32,
    pub records: &'a [EpochRecord],
    pub best: Option<&'a BestEpoch<F>>,
}

/// The fields of a checkpoint that its [`FitState`] must agree with.
pub(crate) struct TrainingFields<'a, F> {
    pub parameters: &'a Parameters<F>,
    pub algorithm: Algorithm,
    pub learning_rate: f64,
    pub schedule: Schedule,
    pub epoch: usize,
}

impl<F: Float> FitState<F> {
    pub(crate) fn by_ref(&self) -> FitStateRef<'_, F> {
        let Self { hyperparameters, fingerprint, records, best } = self;
        FitStateRef { hyperparameters, fingerprint: *fingerprint, records, best: best.as_ref() }
    }
}

impl<F: Float> FitStateRef<'_, F> {
    /// Checks that a fit can have this state, and that it agrees with its checkpoint.
    pub fn check(&self, training: &TrainingFields<'_, F>) -> Result<()> {
        let hyperparameters = self.hyperparameters;
        hyperparameters.check::<F>()?;
        let ensure = |fits, what| if fits { Ok(()) } else { Err(Error::Inconsistent { what }) };
        let epoch = training.epoch;
        ensure(
            self.records.len() == epoch,
            "the number of records differs from the number of epochs",
        )?;
        ensure(
            epoch <= hyperparameters.epochs,
            "the checkpoint has more epochs than the hyperparameters",
        )?;
        let numbered = self.records.iter().enumerate().all(|(i, record)| record.epoch == i);
        ensure(numbered, "the records are not in the order of the epochs")?;
        let same = training.algorithm == hyperparameters.algorithm
            && training.learning_rate == hyperparameters.learning_rate
            && training.schedule == hyperparameters.schedule;
        ensure(same, "the checkpoint and its hyperparameters differ")?;
        let has_best = hyperparameters.patience.is_some() && epoch > 0;
        ensure(
            self.best.is_some() == has_best,
            "best parameters are stored if and only if there is a patience",
        )?;
        let Some(best) = self.best else { return Ok(()) };
        ensure(
            best.epoch < epoch && !best.cost.is_nan(),
            "the best epoch is not an epoch of the fit",
        )?;
        check_same_shapes(training.parameters, &best.parameters)
    }
}

fn check_same_shapes<F: Float>(a: &Parameters<F>, b: &Parameters<F>) -> Result<()> {
    let (expected, found) = (a.layers().len(), b.layers().len());
    if expected != found {
        return Err(Error::LayerCount { expected, found });
    }
    for (l, (a, b)) in a.layers().iter().zip(b.layers()).enumerate() {
        check_same_shape(Operand::new("W", &a.w), Operand::new("the best W", &b.w))
            .and(check_same_shape(Operand::new("b", &a.b), Operand::new("the best b", &b.b)))
            .map_err(|e| e.in_layer(l + 1))?;
    }
    Ok(())
}
