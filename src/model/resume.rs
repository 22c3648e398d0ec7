//! A fit that goes on where it was saved.

use super::Hyperparameters;
use super::history::EpochRecord;
use super::network::{Best, Network};
use super::options::Watch;
use crate::error::{Operand, check_hyperparameter, check_same_shape};
use crate::files::{Checkpoint, CheckpointRef, Checkpoints, FileError};
use crate::train::reduce::Team;
use crate::{Error, Float, Parameters, Result};
use crc32fast::Hasher;
use ndarray::ArrayRef2;

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

/// A [`FitState`] with borrowed parts, to be saved.
#[derive(Clone, Copy)]
pub(crate) struct FitStateRef<'a, F> {
    pub hyperparameters: &'a Hyperparameters,
    pub fingerprint: u32,
    pub records: &'a [EpochRecord],
    pub best: Option<&'a Best<F>>,
}

impl<F: Float> FitState<F> {
    pub(crate) fn by_ref(&self) -> FitStateRef<'_, F> {
        let Self { hyperparameters, fingerprint, records, best } = self;
        FitStateRef { hyperparameters, fingerprint: *fingerprint, records, best: best.as_ref() }
    }
}

impl<F: Float> FitStateRef<'_, F> {
    /// `Ok` if a fit can have come to this with such a checkpoint.
    pub fn check(&self, of: &CheckpointRef<'_, F>) -> Result<()> {
        let how = self.hyperparameters;
        how.check::<F>()?;
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
        let Some(best) = self.best else { return Ok(()) };
        is(best.epoch < of.epoch && !best.cost.is_nan(), "the best epoch is none of the fit")?;
        check_same_shapes(of.parameters, &best.parameters)
    }
}

/// The records of more epochs would not be read again: a header could be made to harm by them.
const MOST_EPOCHS: usize = 200_000;

/// Where the loop is saved.
pub(super) struct Saves<'a> {
    pub checkpoints: &'a Checkpoints,
    /// Of the data, once they are known.
    pub fingerprint: u32,
}

impl<F: Float> Watch<'_, F> {
    /// Says which data the fit is of: those of all processes, here from number `first` on.
    pub fn of_data(
        mut self,
        how: &Hyperparameters,
        data: (&ArrayRef2<F>, &ArrayRef2<F>, &[F]),
        first: usize,
    ) -> Result<Self> {
        let every = self.saves.as_ref().map(|saves| saves.checkpoints.interval());
        self.team.agree("interval of checkpoints", &every)?;
        if let Some(saves) = &mut self.saves {
            let (rule, epochs) = ("at most 200000 in a fit with checkpoints", how.epochs);
            check_hyperparameter(epochs <= MOST_EPOCHS, "epochs", epochs as f64, rule)?;
            saves.fingerprint = fingerprint(data, first, self.team);
        }
        Ok(self)
    }

    /// Brings a new network to where the fit was saved last, if it was.
    pub fn take_up(mut self, network: &mut Network<F>, how: &Hyperparameters) -> Result<Self> {
        let team = self.team;
        let Some(saves) = &self.saves else { return Ok(self) };
        let Some(found) = latest(saves.checkpoints, team)? else { return Ok(self) };
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
        let Some(saves) = &self.saves else { return Ok(()) };
        if !(last || saves.checkpoints.is_due(network.epochs)) {
            return Ok(());
        }
        let own = if self.team.is_first() { self.write(saves, how, network) } else { Ok(()) };
        self.team.together(own)
    }

    fn write(&self, saves: &Saves<'_>, how: &Hyperparameters, network: &Network<F>) -> Result<()> {
        let state = FitStateRef {
            hyperparameters: how,
            fingerprint: saves.fingerprint,
            records: &self.history.epochs,
            best: self.best.as_ref(),
        };
        let checkpoint = CheckpointRef {
            parameters: &network.parameters,
            optimizer: &network.optimizer,
            generator: &network.rng,
            learning_rate: how.learning_rate,
            schedule: how.schedule,
            epoch: network.epochs,
            fit: Some(state),
        };
        saves.checkpoints.save_ref(checkpoint).map(drop).map_err(unusable)
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

/// The newest checkpoint that the first process finds.
fn latest<F: Float>(
    checkpoints: &Checkpoints,
    team: &dyn Team<F>,
) -> Result<Option<Checkpoint<F>>> {
    let own = if team.is_first() { checkpoints.latest().map_err(unusable) } else { Ok(None) };
    let found = team.all_have(own)?;
    if team.is_alone() {
        return Ok(found);
    }
    let own = found.map_or(Ok(Vec::new()), |found| found.to_safetensors()).map_err(unusable);
    let file = team.of_first(team.all_have(own)?);
    if file.is_empty() {
        return Ok(None);
    }
    let own = Checkpoint::from_safetensors(&file, checkpoints.chosen_limits());
    team.all_have(own.map_err(unusable)).map(Some)
}

/// Of all examples, as they were given: the sum of their CRC-32, each with its number, so that it
/// does not matter which process has which.
fn fingerprint<F: Float>(
    (x, y, weights): (&ArrayRef2<F>, &ArrayRef2<F>, &[F]),
    first: usize,
    team: &dyn Team<F>,
) -> u32 {
    let mut sum = 0_u32;
    for (i, weight) in weights.iter().enumerate() {
        let mut hasher = Hasher::new();
        hasher.update(&((first + i) as u64).to_le_bytes());
        let (x, y) = (x.column(i), y.column(i));
        hash_numbers(&mut hasher, x.iter().chain(&y).chain([weight]));
        sum = sum.wrapping_add(hasher.finalize());
    }
    let mut sum = [f64::from(sum)]; // the sum of fewer than 2^21 of them is exact
    team.sum(&mut sum);
    (sum[0] % (f64::from(u32::MAX) + 1.0)) as u32
}

/// Block by block, so that an example of any length takes no memory.
fn hash_numbers<'a, F: Float>(hasher: &mut Hasher, numbers: impl Iterator<Item = &'a F>) {
    const NUMBERS: usize = 128;
    let mut block = [0; 8 * NUMBERS];
    let mut length = 0;
    for x in numbers {
        block[length..length + 8].copy_from_slice(&x.as_f64().to_le_bytes());
        length += 8;
        if length == block.len() {
            hasher.update(&block);
            length = 0;
        }
    }
    hasher.update(&block[..length]);
}
