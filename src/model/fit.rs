//! The parts of a fit that classifiers and regressors share.

use super::dataset::{Dataset, RawData, Split};
use super::feature_names::OwnedNames;
use super::head::Head;
use super::history::History;
use super::hyperparameters::Hyperparameters;
use super::network::Network;
use super::options::FitOptions;
use super::table::{Examples, check_table};
use super::trainer::{Session, Source, Trainer};
use crate::buffer;
use crate::checks::check_lengths;
use crate::data::Standardizer;
use crate::error::Position;
use crate::init::NumpyRandom;
use crate::{Error, Float, Result};
use ndarray::{ArrayRef2, ArrayView1};

/// Checks hyperparameters, examples and weights. `labels` are a name and a length.
#[inline(never)]
pub(crate) fn check_examples<F: Float>(
    hyperparameters: &Hyperparameters,
    x: &ArrayRef2<F>,
    labels: (&'static str, usize),
    weights: Option<&[F]>,
) -> Result<()> {
    hyperparameters.check::<F>()?;
    check_lengths(("X", x.ncols()), labels)?;
    check_table("X", x)?;
    check_weights(x.ncols(), weights)
}

/// Checks that each of m examples has a weight, which is at least 0 and finite.
pub(crate) fn check_weights<F: Float>(m: usize, weights: Option<&[F]>) -> Result<()> {
    let Some(weights) = weights else { return Ok(()) };
    check_lengths(("X", m), ("weights", weights.len()))?;
    match weights.iter().position(|w| !(*w >= F::zero() && w.is_finite())) {
        Some(example) => Err(Error::InvalidValue {
            layer: None,
            operand: "weights",
            position: Position::Index(example),
            value: weights[example].as_f64(),
            rule: "at least 0 and finite",
        }),
        None => Ok(()),
    }
}

/// Checks that no feature has the same value in all of several examples, unless that is accepted.
#[inline(never)]
pub(crate) fn check_constant_features<F: Float>(
    hyperparameters: &Hyperparameters,
    x: &ArrayRef2<F>,
) -> Result<()> {
    if hyperparameters.constant_features || x.ncols() < 2 {
        return Ok(());
    }
    let constant = |row: ArrayView1<'_, F>| row.iter().all(|value| *value == row[0]);
    match x.rows().into_iter().position(constant) {
        Some(feature) => Err(Error::ConstantFeature { feature, name: None }),
        None => Ok(()),
    }
}

/// Returns the names of the features in a partial fit: of the network, after a check of the names
/// of the examples, or of the first examples.
pub(crate) fn continued_names<F: Float>(
    network: Option<&Network<F>>,
    x: &Examples<'_, F>,
) -> Result<Option<OwnedNames>> {
    let Some(network) = network else { return x.owned_names() };
    network.known_names(x)?;
    Ok(network.feature_names.clone())
}

/// Returns the weights of m examples, each 1 if `weights` is `None`.
pub(crate) fn weights_or_ones<F: Float>(m: usize, weights: Option<&[F]>) -> Result<Vec<F>> {
    match weights {
        Some(weights) => buffer::list("weights", m, weights.iter().copied()),
        None => buffer::list("weights", m, std::iter::repeat_n(F::one(), m)),
    }
}

/// A network after a training, which may have ended with an error.
pub(crate) type TrainedNetwork<F> = (Network<F>, Result<History>);

/// Trains a new network on a split of checked `data`. `rng` has drawn the split.
#[inline(never)]
pub(crate) fn train<F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    data: &RawData<'_, F>,
    mut split: Split<F>,
    rng: NumpyRandom,
    options: FitOptions<'_, F>,
) -> Result<TrainedNetwork<F>> {
    let scaler = split.standardize(hyperparameters)?;
    let mut network = Network::new(hyperparameters, head, data.x.nrows(), scaler, rng)?;
    network.feature_names = data.names.cloned();
    #[cfg_attr(not(feature = "safetensors"), allow(unused_mut))]
    let mut session = Session::new(options.on_epoch);
    #[cfg(feature = "safetensors")]
    if let Some(checkpoints) = options.checkpoints {
        use super::checkpointing::{fingerprint, names_fingerprint, resume};
        let of_data = fingerprint(data, 0).wrapping_add(names_fingerprint(data.names));
        let of_fit = (hyperparameters, of_data);
        resume(&mut session, &mut network, checkpoints, of_fit)?;
    }
    let source = Source::new(hyperparameters, head, &split, &network.parameters)?;
    let trainer = Trainer::new(hyperparameters, head, source, session, &network.parameters)?;
    let history = trainer.run(&mut network, hyperparameters.epochs);
    Ok((network, history))
}

/// Trains a network for one more epoch on `data`, whose targets are already standardized.
///
/// The outer error comes before the first step, the inner one from the training.
#[inline(never)]
pub(crate) fn train_one_epoch<F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    data: &RawData<'_, F>,
    network: &mut Network<F>,
) -> Result<Result<History>> {
    let mut training = Dataset::new(data)?;
    if !training.has_weight() {
        return Err(Error::NoWeight);
    }
    if let Some(scaler) = &network.scaler {
        training.standardize(scaler)?;
    }
    let split = Split { training, validation: None };
    let source = Source::new(hyperparameters, head, &split, &network.parameters)?;
    let session = Session::silent();
    let trainer = Trainer::new(hyperparameters, head, source, session, &network.parameters)?;
    let epochs = network.epochs + 1;
    Ok(trainer.run(network, epochs))
}

/// Fits a standardizer to the rows, if the hyperparameters say so.
pub(crate) fn standardizer<F: Float>(
    hyperparameters: &Hyperparameters,
    x: &ArrayRef2<F>,
) -> Result<Option<Standardizer<F>>> {
    if hyperparameters.standardize { Standardizer::fit(x).map(Some) } else { Ok(None) }
}
