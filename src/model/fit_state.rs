//! The state of a fit that a checkpoint keeps.

use super::history::{BestEpoch, EpochRecord};
use super::hyperparameters::Hyperparameters;
use crate::checks::check_same_shape;
use crate::error::Operand;
use crate::train::lbfgs::{LbfgsState, Stop};
use crate::train::optimizer::Algorithm;
use crate::train::patience::Patience;
use crate::train::schedule::Schedule;
use crate::{Error, Float, Parameters, Result};
use std::ops::Range;

/// The state of a fit in a [`Checkpoint`](crate::files::Checkpoint).
///
/// It holds the hyperparameters, a checksum of the data, the records of the epochs and, with a
/// patience, the best parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct FitState<F> {
    pub(crate) hyperparameters: Hyperparameters,
    /// The epochs of the fit. They start at 0, except for a warm start.
    pub(crate) epochs: Range<usize>,
    pub(crate) fingerprint: u32,
    pub(crate) records: Vec<EpochRecord>,
    pub(crate) best: Option<BestEpoch<F>>,
    pub(crate) patience: Option<Patience>,
    pub(crate) plateau: Option<Patience>,
    pub(crate) stop: Option<Stop>,
    /// The state of L-BFGS.
    pub(crate) search: Option<LbfgsState<F>>,
}

/// A borrowed [`FitState`], for saving.
#[derive(Clone, Copy)]
pub(crate) struct FitStateRef<'a, F> {
    pub hyperparameters: &'a Hyperparameters,
    /// The first epoch of the fit, and the one after its last.
    pub epochs: (usize, usize),
    pub fingerprint: u32,
    pub records: &'a [EpochRecord],
    pub best: Option<&'a BestEpoch<F>>,
    pub patience: Option<Patience>,
    pub plateau: Option<Patience>,
    pub stop: Option<Stop>,
    pub search: Option<&'a LbfgsState<F>>,
}

/// The fields of a checkpoint that its [`FitState`] must agree with.
pub(crate) struct TrainingFields<'a, F> {
    pub parameters: &'a Parameters<F>,
    pub algorithm: Algorithm,
    pub schedule: Schedule,
    pub epoch: usize,
}

impl<F: Float> FitState<F> {
    pub(crate) fn by_ref(&self) -> FitStateRef<'_, F> {
        FitStateRef {
            hyperparameters: &self.hyperparameters,
            epochs: (self.epochs.start, self.epochs.end),
            fingerprint: self.fingerprint,
            records: &self.records,
            best: self.best.as_ref(),
            patience: self.patience,
            plateau: self.plateau,
            stop: self.stop,
            search: self.search.as_ref(),
        }
    }
}

impl<F: Float> FitStateRef<'_, F> {
    /// Checks that a fit can have this state, and that it agrees with its checkpoint.
    pub fn check(&self, training: &TrainingFields<'_, F>) -> Result<()> {
        let hyperparameters = self.hyperparameters;
        hyperparameters.check::<F>()?;
        let epoch = training.epoch;
        let (first, until) = self.epochs;
        ensure(
            first <= epoch && self.records.len() == epoch - first,
            "the number of records differs from the number of epochs",
        )?;
        ensure(epoch <= until, "the checkpoint has more epochs than the fit")?;
        let mut numbered = self.records.iter().zip(first..);
        ensure(
            numbered.all(|(record, epoch)| record.epoch == epoch),
            "the records are not in the order of the epochs",
        )?;
        let same = training.algorithm == hyperparameters.algorithm
            && training.schedule == hyperparameters.schedule;
        ensure(same, "the checkpoint and its hyperparameters differ")?;
        let has_best = hyperparameters.patience.is_some() && epoch > first;
        ensure(
            self.best.is_some() == has_best,
            "best parameters are stored if and only if there is a patience",
        )?;
        self.check_patience()?;
        self.check_search(training.parameters)?;
        let Some(best) = self.best else { return Ok(()) };
        ensure(
            (first..epoch).contains(&best.epoch) && !best.cost.is_nan(),
            "the best epoch is not an epoch of the fit",
        )?;
        check_same_shapes(training.parameters, &best.parameters)
    }

    fn check_patience(&self) -> Result<()> {
        let Hyperparameters { patience, plateau, .. } = self.hyperparameters;
        ensure(
            self.patience.is_some() == patience.is_some()
                && self.plateau.is_some() == plateau.is_some(),
            "the state of a patience is stored if and only if there is one",
        )?;
        let valid = |state: Patience| {
            state.waited <= usize::MAX / 2 && state.reference.is_none_or(|value| !value.is_nan())
        };
        let mut states = self.patience.into_iter().chain(self.plateau);
        ensure(states.all(valid), "the state of a patience cannot come from a fit")
    }

    fn check_search(&self, parameters: &Parameters<F>) -> Result<()> {
        let has_state = self.stop.is_some() || self.search.is_some();
        ensure(
            !has_state || self.hyperparameters.lbfgs.is_some(),
            "there is a state of L-BFGS, but the fit has another optimizer",
        )?;
        self.search.map_or(Ok(()), |search| search.check(parameters.count()))
    }
}

fn ensure(fits: bool, what: &'static str) -> Result<()> {
    if fits { Ok(()) } else { Err(Error::Inconsistent { what }) }
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
