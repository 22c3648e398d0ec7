//! Checkpoints of a fit: saving after epochs, and resuming.

use super::dataset::RawData;
use super::feature_names::OwnedNames;
use super::fit_state::FitStateRef;
use super::hyperparameters::Hyperparameters;
use super::network::Network;
use super::trainer::{EpochEnd, Save, Session};
use crate::checks::check_hyperparameter;
use crate::data::Standardizer;
use crate::error::Cause;
use crate::files::{Checkpoint, CheckpointRef, Checkpoints, FileError};
use crate::train::lbfgs::Lbfgs;
use crate::{Error, Float, Parameters, Result};
use crc32fast::Hasher;
use std::fmt::Display;
use std::ops::Range;

/// The most epochs of a fit with checkpoints, because the size of a file header is limited.
const MOST_EPOCHS: usize = 200_000;

/// The most pairs of L-BFGS in a fit with checkpoints, because the number of arrays is limited.
const MOST_PAIRS: usize = 1000;

/// What distinguishes one fit from another.
#[derive(Debug, Clone)]
pub(crate) struct FitId<'a> {
    pub hyperparameters: &'a Hyperparameters,
    /// The epochs of the fit. They start at 0, except for a warm start.
    pub epochs: Range<usize>,
    /// A checksum of the data, of the network that a warm start continues, and of the validation
    /// examples if they are chosen.
    pub fingerprint: u32,
}

/// Resumes a fit from its newest checkpoint, if there is one, and lets it save after its epochs.
pub(crate) fn resume<'a, F: Float>(
    session: &mut Session<'a, F>,
    network: &mut Network<F>,
    checkpoints: &'a Checkpoints,
    id: FitId<'a>,
) -> Result<()> {
    check_limits(&id)?;
    if let Some(checkpoint) = checkpoints.latest().map_err(checkpoint_error)? {
        restore(session, network, checkpoint, &id)?;
    }
    session.save = saver(checkpoints, id);
    Ok(())
}

/// Checks that a checkpoint can hold the records of all epochs and the history of L-BFGS.
pub(crate) fn check_limits(id: &FitId<'_>) -> Result<()> {
    let epochs = id.epochs.len();
    let rule = "at most 200000 in a fit with checkpoints";
    check_hyperparameter(epochs <= MOST_EPOCHS, "epochs", epochs as f64, rule)?;
    let history = id.hyperparameters.lbfgs.map_or(0, |options| options.history);
    let rule = "at most 1000 in a fit with checkpoints";
    check_hyperparameter(history <= MOST_PAIRS, "history", history as f64, rule)
}

/// Restores network and session from a checkpoint of the same fit.
pub(crate) fn restore<F: Float>(
    session: &mut Session<'_, F>,
    network: &mut Network<F>,
    checkpoint: Checkpoint<F>,
    id: &FitId<'_>,
) -> Result<()> {
    let Checkpoint { parameters, optimizer, generator, epoch, fit, .. } = checkpoint;
    let state = fit.ok_or_else(|| belongs_to("a training loop that is not a fit"))?;
    if let Some(field) = state.hyperparameters.first_difference(id.hyperparameters) {
        return Err(belongs_to(format_args!("a fit with another `{field}`")));
    }
    if state.epochs != id.epochs {
        let (of_folder, of_fit) = (&state.epochs, &id.epochs);
        return Err(belongs_to(format_args!("a fit of the epochs {of_folder:?}, not {of_fit:?}")));
    }
    if state.fingerprint != id.fingerprint {
        return Err(belongs_to(
            "a fit to other examples, labels, weights, names or validation examples, or from \
             another network",
        ));
    }
    if !is_same_network(&parameters, &network.parameters) {
        return Err(belongs_to("another network"));
    }
    (network.parameters, network.optimizer) = (parameters, optimizer);
    (network.rng, network.epochs) = (generator, epoch);
    (network.learning_rate, network.examples) = (checkpoint.learning_rate, checkpoint.examples);
    network.search = state.search;
    session.resumed = true;
    let progress = &mut session.progress;
    (progress.patience, progress.plateau) = (state.patience, state.plateau);
    (progress.records, progress.best, progress.stop) = (state.records, state.best, state.stop);
    Ok(())
}

/// Returns a function that saves the training after each due epoch and after the last one.
pub(crate) fn saver<'a, F: Float>(checkpoints: &'a Checkpoints, id: FitId<'a>) -> Save<'a, F> {
    Box::new(move |end| {
        let EpochEnd { network, progress, search, last } = *end;
        if !(last || checkpoints.is_due(network.epochs)) {
            return Ok(());
        }
        let search = search.map(Lbfgs::state).transpose()?;
        let checkpoint = CheckpointRef {
            parameters: &network.parameters,
            optimizer: &network.optimizer,
            generator: &network.rng,
            learning_rate: network.learning_rate,
            schedule: id.hyperparameters.schedule,
            epoch: network.epochs,
            examples: network.examples,
            fit: Some(FitStateRef {
                hyperparameters: id.hyperparameters,
                epochs: (id.epochs.start, id.epochs.end),
                fingerprint: id.fingerprint,
                records: &progress.records,
                best: progress.best.as_ref(),
                patience: progress.patience,
                plateau: progress.plateau,
                stop: progress.stop,
                search: search.as_ref(),
            }),
        };
        checkpoints.save_ref(checkpoint).map(drop).map_err(checkpoint_error)
    })
}

/// Wraps the error of a file.
pub(crate) fn checkpoint_error(error: FileError) -> Error {
    Error::Checkpoint { cause: Cause::new(error) }
}

fn belongs_to(what: impl Display) -> Error {
    let text = format!("the folder belongs to {what}: use another folder, or remove its files");
    Error::Checkpoint { cause: Cause::new(text) }
}

fn is_same_network<F: Float>(a: &Parameters<F>, b: &Parameters<F>) -> bool {
    let shapes = |p: &Parameters<F>| -> Vec<_> {
        p.layers().iter().map(|layer| (layer.w.dim(), layer.activation)).collect()
    };
    shapes(a) == shapes(b)
}

/// Returns the CRC-32 of a network that a fit continues: its parameters, scalers and learning rate.
pub(crate) fn network_fingerprint<F: Float>(
    network: &Network<F>,
    target_scaler: Option<&Standardizer<F>>,
) -> u32 {
    let mut hasher = Hasher::new();
    let layers = network.parameters.layers();
    hash_numbers(&mut hasher, layers.iter().flat_map(|layer| [&layer.w, &layer.b]).flatten());
    for scaler in [network.scaler.as_ref(), target_scaler].into_iter().flatten() {
        hash_numbers(&mut hasher, scaler.mean().iter().chain(scaler.std_dev()));
    }
    hasher.update(&network.learning_rate.to_le_bytes());
    hasher.update(&network.optimizer.steps().to_le_bytes());
    hasher.finalize()
}

/// Returns the CRC-32 of the numbers of the validation examples.
pub(crate) fn validation_fingerprint(examples: &[usize]) -> u32 {
    let mut hasher = Hasher::new();
    examples.iter().for_each(|&example| hasher.update(&(example as u64).to_le_bytes()));
    hasher.finalize()
}

/// Returns the sum of the CRC-32 of all examples, each hashed with its number from `first` on.
///
/// The sum does not depend on how the examples are divided.
pub(crate) fn fingerprint<F: Float>(data: &RawData<'_, F>, first: usize) -> u32 {
    let mut sum = 0_u32;
    for (i, weight) in data.weights.iter().enumerate() {
        let mut hasher = Hasher::new();
        hasher.update(&((first + i) as u64).to_le_bytes());
        let (x, y) = (data.x.column(i), data.y.column(i));
        hash_numbers(&mut hasher, x.iter().chain(&y).chain([weight]));
        sum = sum.wrapping_add(hasher.finalize());
    }
    sum
}

/// Returns a number to be added to the [`fingerprint`] of data with these names; 0 without names.
pub(crate) fn names_fingerprint(names: Option<&OwnedNames>) -> u32 {
    let Some(names) = names else { return 0 };
    let mut hasher = Hasher::new();
    for name in names.iter() {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    hasher.finalize()
}

/// Hashes numbers block by block, without allocation.
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
