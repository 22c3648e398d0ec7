//! The parts of a fit that all models share.

use super::dataset::{Dataset, RawData, Split};
use super::feature_names::{FeatureNames, OwnedNames, known_names};
use super::head::Head;
use super::history::History;
use super::hyperparameters::Hyperparameters;
use super::network::Network;
use super::options::FitOptions;
use super::table::{Examples, check_table};
use super::trainer::{Session, Source, Trainer};
use crate::buffer;
use crate::checks::{check_argument, check_hyperparameter, check_lengths};
use crate::data::{Standardizer, split};
use crate::error::Position;
use crate::init::NumpyRandom;
use crate::{Error, Float, Result};
use ndarray::{ArrayRef2, ArrayView1};
use std::ops::Range;

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

/// Returns the names of the features in a fit that may continue a network. The names of the
/// network go first; the names of the examples must be the same.
pub(crate) fn continued_names<F: Float>(
    network: Option<&Network<F>>,
    x: &Examples<'_, F>,
) -> Result<Option<OwnedNames>> {
    match network {
        Some(Network { feature_names: Some(names), .. }) => {
            known_names(Some(names.into()), x.names(), x.as_columns().nrows())?;
            Ok(Some(names.clone()))
        }
        _ => x.owned_names(),
    }
}

/// Returns a function that adds the name of the feature to an error.
pub(crate) fn with_names(names: Option<&OwnedNames>) -> impl Fn(Error) -> Error + Copy {
    let names = names.map(FeatureNames::from);
    move |error| error.with_feature_name(names)
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

/// The start of a fit.
pub(crate) struct Start<'a, F> {
    /// The network of a warm start.
    pub continued: Option<Network<F>>,
    /// The scaler of the targets, if they are standardized.
    pub target_scaler: Option<&'a Standardizer<F>>,
    /// The generator of new weights.
    pub rng: NumpyRandom,
    /// A checksum of the network to continue and of the chosen validation examples, 0 for neither.
    #[cfg_attr(not(feature = "safetensors"), allow(dead_code))] // read by checkpoints only
    pub fingerprint: u32,
}

impl<'a, F: Float> Start<'a, F> {
    /// Copies the network of a warm start.
    pub fn new(
        continued: Option<&Network<F>>,
        target_scaler: Option<&'a Standardizer<F>>,
        chosen_validation: Option<&[usize]>,
        rng: NumpyRandom,
    ) -> Result<Self> {
        #[cfg(feature = "safetensors")]
        let fingerprint = {
            use super::checkpointing::{network_fingerprint, validation_fingerprint};
            let network = continued.map_or(0, |n| network_fingerprint(n, target_scaler));
            network.wrapping_add(chosen_validation.map_or(0, validation_fingerprint))
        };
        #[cfg(not(feature = "safetensors"))]
        let (fingerprint, _) = (0, chosen_validation);
        let continued = continued.map(Network::try_clone).transpose()?;
        Ok(Self { continued, target_scaler, rng, fingerprint })
    }
}

/// Trains a network on a split of checked `data`.
#[inline(never)]
pub(crate) fn train<F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    data: &RawData<'_, F>,
    mut split: Split<F>,
    start: Start<'_, F>,
    options: FitOptions<'_, F>,
) -> Result<TrainedNetwork<F>> {
    let mut network = match start.continued {
        Some(network) => {
            split.sets_mut().try_for_each(|set| set.standardize(network.scaler.as_ref()))?;
            network
        }
        None => {
            let scaler = split.standardize(hyperparameters)?;
            Network::new(hyperparameters, head, data.x.nrows(), scaler, start.rng)?
        }
    };
    network.feature_names = data.names.cloned();
    let epochs = epochs(options.epochs.unwrap_or(hyperparameters.epochs), &network)?;
    #[cfg_attr(not(feature = "safetensors"), allow(unused_mut))]
    let mut session = Session::new(hyperparameters, (options.on_epoch, options.on_batch))?;
    #[cfg(feature = "safetensors")]
    if let Some(checkpoints) = options.checkpoints {
        use super::checkpointing::{FitId, fingerprint, names_fingerprint, resume};
        let fingerprint = fingerprint(data, 0).wrapping_add(names_fingerprint(data.names));
        let fingerprint = fingerprint.wrapping_add(start.fingerprint);
        let id = FitId { hyperparameters, epochs: epochs.clone(), fingerprint };
        resume(&mut session, &mut network, checkpoints, id)?;
    }
    let source =
        Source::new(hyperparameters, head, &split, start.target_scaler, &network.parameters)?;
    let trainer = Trainer::new(hyperparameters, head, source, session, &network, epochs)?;
    let history = trainer.run(&mut network);
    Ok((network, history))
}

/// Returns the next epochs of a network.
pub(crate) fn epochs<F>(count: usize, network: &Network<F>) -> Result<Range<usize>> {
    check_hyperparameter(count > 0, "epochs", 0.0, "at least 1")?;
    Ok(network.epochs..network.epochs.saturating_add(count))
}

/// Checks that new weights do not replace frozen layers of a fitted network.
pub(crate) fn check_new_weights<F>(
    hyperparameters: &Hyperparameters,
    fitted: Option<&Network<F>>,
) -> Result<()> {
    if fitted.is_some() && !hyperparameters.frozen.is_empty() {
        return Err(Error::Inconsistent {
            what: "layers are frozen, but a fit draws new weights for them: use a warm start",
        });
    }
    Ok(())
}

/// Checks that nothing is set that a partial fit cannot follow.
pub(crate) fn check_partial_fit<F>(
    hyperparameters: &Hyperparameters,
    options: &FitOptions<'_, F>,
) -> Result<()> {
    let inconsistent = |what| Err(Error::Inconsistent { what });
    #[cfg(feature = "safetensors")]
    if options.checkpoints.is_some() {
        return inconsistent("partial_fit saves no checkpoints: use a fit with a warm start");
    }
    if options.validation.is_some() || hyperparameters.validation_share > 0.0 {
        return inconsistent(
            "partial_fit has no validation set: use a fit with a warm start, or set \
             `validation_share` to 0",
        );
    }
    if hyperparameters.monitors() {
        return inconsistent(
            "partial_fit has no patience and no plateau: use a fit with a warm start, or unset them",
        );
    }
    if hyperparameters.lbfgs.is_some() {
        return inconsistent("partial_fit does not work with L-BFGS: use a fit with a warm start");
    }
    Ok(())
}

/// Trains a network for more epochs on `data`, whose targets are already standardized by
/// `target_scaler`.
///
/// The outer error comes before the first step, the inner one from the training.
#[inline(never)]
pub(crate) fn train_further<F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    data: &RawData<'_, F>,
    (network, target_scaler): (&mut Network<F>, Option<&Standardizer<F>>),
    options: FitOptions<'_, F>,
) -> Result<Result<History>> {
    let mut training = Dataset::new(data)?;
    if !training.has_weight() {
        return Err(Error::NoWeight);
    }
    training.standardize(network.scaler.as_ref())?;
    let split = Split { training, validation: None };
    let epochs = epochs(options.epochs.unwrap_or(1), network)?;
    let session = Session::new(hyperparameters, (options.on_epoch, options.on_batch))?;
    let source = Source::new(hyperparameters, head, &split, target_scaler, &network.parameters)?;
    let trainer = Trainer::new(hyperparameters, head, source, session, network, epochs)?;
    network.feature_names = data.names.cloned();
    Ok(trainer.run(network))
}

/// Returns the columns of the training and the validation set, given the numbers of the validation
/// examples.
pub(crate) fn chosen_columns(
    hyperparameters: &Hyperparameters,
    m: usize,
    validation: impl Iterator<Item = usize>,
) -> Result<(Vec<usize>, Vec<usize>)> {
    if hyperparameters.validation_share != 0.0 {
        return Err(Error::Inconsistent {
            what: "the validation examples are chosen, but `validation_share` is not 0",
        });
    }
    let mut held_out = buffer::list("examples", m, std::iter::repeat_n(false, m))?;
    let mut count = 0;
    for example in validation {
        let name = "validation example";
        check_argument(example < m, name, example as f64, "below the number of examples")?;
        let twice = std::mem::replace(&mut held_out[example], true);
        check_argument(!twice, name, example as f64, "given only once")?;
        count += 1;
    }
    let training = (0..m).filter(|&i| !held_out[i]);
    let training = buffer::list("examples", m - count, training)?;
    let validation = buffer::list("examples", count, (0..m).filter(|&i| held_out[i]))?;
    Ok((training, validation))
}

/// Draws the columns of the training and the validation set, if there is a validation share.
pub(crate) fn random_columns(
    hyperparameters: &Hyperparameters,
    m: usize,
    rng: &mut NumpyRandom,
) -> Result<Option<(Vec<usize>, Vec<usize>)>> {
    match hyperparameters.validation_share {
        0.0 => Ok(None),
        share => split(m, share, rng).map(Some),
    }
}

/// Fits a standardizer to the rows, if the model standardizes them.
pub(crate) fn standardizer<F: Float>(
    standardize: bool,
    x: &ArrayRef2<F>,
) -> Result<Option<Standardizer<F>>> {
    if standardize { Standardizer::fit(x).map(Some) } else { Ok(None) }
}
