//! A fit that goes on where it was saved.

use super::Hyperparameters;
use super::history::EpochRecord;
use super::network::{Best, Network, Set};
use super::options::Watch;
use crate::error::{Operand, check_same_shape};
use crate::files::{Checkpoint, Checkpoints, FileError};
use crate::{Error, Float, Parameters, Result};

/// What a fit has to remember beside what every training has, kept in a
/// [`Checkpoint`](crate::files::Checkpoint): hyperparameters, a checksum of the data, the figures of
/// the epochs, and the best parameters of a patience.
#[derive(Debug, Clone, PartialEq)]
pub struct FitState<F> {
    pub(crate) hyperparameters: Hyperparameters,
    pub(crate) fingerprint: u32,
    pub(crate) records: Vec<EpochRecord>,
    pub(crate) best: Option<Best<F>>,
}

impl<F: Float> FitState<F> {
    /// `Ok` if a fit can have come to this with such a checkpoint.
    pub(crate) fn check(&self, of: &Checkpoint<F>) -> Result<()> {
        let how = &self.hyperparameters;
        how.check()?;
        let is = |fits, what| if fits { Ok(()) } else { Err(Error::Inconsistent { what }) };
        is(self.records.len() == of.epoch, "there is not one record for each epoch")?;
        is(of.epoch <= how.epochs, "there are more epochs than the fit has")?;
        let numbered = self.records.iter().enumerate().all(|(i, record)| record.epoch == i);
        is(numbered, "the records are not in the order of the epochs")?;
        let same = *of.optimizer.rule() == how.algorithm
            && of.learning_rate == how.learning_rate
            && of.schedule == how.schedule;
        is(same, "the checkpoint and the hyperparameters differ")?;
        let watched = how.patience.is_some() && of.epoch > 0;
        is(
            self.best.is_some() == watched,
            "there are best parameters without a patience, or none",
        )?;
        let Some(best) = &self.best else { return Ok(()) };
        is(best.epoch < of.epoch && !best.cost.is_nan(), "the best epoch is none of the fit")?;
        check_same_shapes(&of.parameters, &best.parameters)
    }
}

/// Where the loop is saved.
pub(super) struct Saves<'a> {
    pub checkpoints: &'a Checkpoints,
    /// Of the data, once they are known.
    pub fingerprint: u32,
}

impl<F: Float> Watch<'_, F> {
    /// Brings a new network to where the fit was saved last, if it was.
    pub fn take_up(
        mut self,
        network: &mut Network<F>,
        how: &Hyperparameters,
        sets: (&Set<F>, Option<&Set<F>>),
    ) -> Result<Self> {
        let Some(saves) = &mut self.saves else { return Ok(self) };
        saves.fingerprint = fingerprint(sets);
        let Some(found) = saves.checkpoints.latest::<F>().map_err(unusable)? else {
            return Ok(self);
        };
        let Checkpoint { parameters, optimizer, generator, epoch, fit, .. } = found;
        let state = fit.ok_or_else(|| of_another("a loop that is not a fit"))?;
        check_same_fit(&state, how, saves.fingerprint)?;
        if !is_same_network(&parameters, &network.parameters) {
            return Err(of_another("another network"));
        }
        (network.parameters, network.optimizer) = (parameters, optimizer);
        (network.rng, network.epochs) = (generator, epoch);
        (self.history.epochs, self.best) = (state.records, state.best);
        Ok(self)
    }

    /// Saves the loop where that is due, and after its last epoch.
    pub fn save(&self, how: &Hyperparameters, network: &Network<F>, last: bool) -> Result<()> {
        let Some(Saves { checkpoints, fingerprint }) = &self.saves else { return Ok(()) };
        if !(last || checkpoints.is_due(network.epochs)) {
            return Ok(());
        }
        let state = FitState {
            hyperparameters: how.clone(),
            fingerprint: *fingerprint,
            records: self.history.epochs.clone(),
            best: self.best.clone(),
        };
        let checkpoint = Checkpoint {
            parameters: network.parameters.clone(),
            optimizer: network.optimizer.clone(),
            generator: network.rng.clone(),
            learning_rate: how.learning_rate,
            schedule: how.schedule,
            epoch: network.epochs,
            fit: Some(state),
        };
        checkpoints.save(&checkpoint).map(drop).map_err(unusable)
    }
}

fn unusable(error: FileError) -> Error {
    Error::Checkpoint { reason: error.to_string() }
}

fn of_another(what: &str) -> Error {
    Error::Checkpoint { reason: format!("the one in the folder is of {what}") }
}

fn check_same_fit<F>(state: &FitState<F>, how: &Hyperparameters, fingerprint: u32) -> Result<()> {
    if state.hyperparameters != *how {
        return Err(of_another("a fit with other hyperparameters"));
    }
    if state.fingerprint != fingerprint {
        return Err(of_another("a fit to other examples, labels or weights"));
    }
    Ok(())
}

fn check_same_shapes<F: Float>(a: &Parameters<F>, b: &Parameters<F>) -> Result<()> {
    let (expected, found) = (a.layers().len(), b.layers().len());
    if expected != found {
        return Err(Error::LayerCount { expected, found });
    }
    for (l, (a, b)) in a.layers().iter().zip(b.layers()).enumerate() {
        check_same_shape(Operand::of("W", &a.w), Operand::of("the best W", &b.w))
            .and(check_same_shape(Operand::of("b", &a.b), Operand::of("the best b", &b.b)))
            .map_err(|e| e.in_layer(l + 1))?;
    }
    Ok(())
}

fn is_same_network<F: Float>(a: &Parameters<F>, b: &Parameters<F>) -> bool {
    let of = |p: &Parameters<F>| -> Vec<_> {
        p.layers().iter().map(|layer| (layer.w.dim(), layer.activation)).collect()
    };
    of(a) == of(b)
}

/// The CRC-32 of the sets as the loop takes them: split, scaled, with labels and weights.
fn fingerprint<F: Float>((training, validation): (&Set<F>, Option<&Set<F>>)) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let mut bytes = Vec::new();
    for set in [Some(training), validation].into_iter().flatten() {
        for matrix in [&set.x, &set.y] {
            hasher.update(format!("{}{:?}", size_of::<F>(), matrix.shape()).as_bytes());
            for row in matrix.rows() {
                bytes.clear();
                bytes.extend(row.iter().flat_map(|x| x.as_f64().to_le_bytes()));
                hasher.update(&bytes);
            }
        }
    }
    hasher.finalize()
}
