//! The fit of a model to a table of targets, which regressors and multi-label classifiers share.

use super::dataset::{RawData, Split};
use super::fit::{
    Start, TrainedNetwork, check_constant_features, check_examples, check_new_weights,
    check_partial_fit, chosen_columns, continued_names, random_columns, standardizer, train,
    train_further, weights_or_ones, with_names,
};
use super::head::Head;
use super::history::History;
use super::hyperparameters::{ClassWeights, Hyperparameters};
use super::network::Network;
use super::options::FitOptions;
use super::table::{Examples, check_table};
use crate::buffer;
use crate::data::Standardizer;
use crate::init::NumpyRandom;
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};

/// A network with the standardizer of its targets, if it has one.
pub(crate) type NewNetwork<F> = (Network<F>, Option<Standardizer<F>>);

/// A fit of a model to a table of targets.
pub(crate) struct TableFit<'a, 'x, F> {
    pub hyperparameters: &'a Hyperparameters,
    pub head: Head<F>,
    pub x: Examples<'x, F>,
    /// The targets, (outputs, examples).
    pub y: &'a ArrayRef2<F>,
    /// The standardizer of the targets of the last fit.
    pub target_scaler: Option<&'a Standardizer<F>>,
}

impl<'a, 'x, F: Float> TableFit<'a, 'x, F> {
    /// Creates a fit, unless the hyperparameters have weights of classes.
    pub fn new(
        hyperparameters: &'a Hyperparameters,
        head: fn(&Hyperparameters, usize) -> Result<Head<F>>,
        x: Examples<'x, F>,
        y: &'a ArrayRef2<F>,
        target_scaler: Option<&'a Standardizer<F>>,
    ) -> Result<Self> {
        hyperparameters.check::<F>()?;
        if hyperparameters.class_weights != ClassWeights::Equal {
            return Err(Error::Inconsistent {
                what: "`class_weights` are set, but only a `Classifier` has classes: use weights \
                       of the examples",
            });
        }
        let head = head(hyperparameters, y.nrows())?;
        Ok(Self { hyperparameters, head, x, y, target_scaler })
    }

    /// Fits a new network, or continues the network of the last fit.
    ///
    /// The outer error comes before the first step, the inner one from the training.
    pub fn fit(
        &self,
        fitted: Option<&Network<F>>,
        mut options: FitOptions<'_, F>,
    ) -> Result<(TrainedNetwork<F>, Option<Standardizer<F>>)> {
        let Self { hyperparameters, head, y, target_scaler, .. } = self;
        let continued = fitted.filter(|_| options.warm_start);
        let names = continued_names(continued, &self.x)?;
        let named = with_names(names.as_ref());
        let x = &self.x.as_columns();
        check_examples(hyperparameters, x, ("Y", y.ncols()), options.weights).map_err(named)?;
        check_table("Y", y)?;
        head.check_targets(y)?;
        match continued {
            Some(network) => {
                network.parameters.check_features(x)?;
                network.check_outputs(y)?;
            }
            None => {
                check_new_weights(hyperparameters, fitted)?;
                check_constant_features(hyperparameters, x).map_err(named)?;
            }
        }
        let weights = &weights_or_ones(x.ncols(), options.weights)?;
        let data = RawData { x, y, weights, names: names.as_ref() };

        let mut rng = NumpyRandom::seed(hyperparameters.seed);
        let validation = options.validation.take();
        let is_chosen = validation.is_some();
        let columns = match validation {
            Some(validation) => Some(chosen_columns(hyperparameters, x.ncols(), validation)?),
            None => random_columns(hyperparameters, x.ncols(), &mut rng)?,
        };
        let mut split = Split::new(&data, columns.as_ref())?;
        split.check()?;
        let target_scaler = match continued {
            Some(_) => {
                split.sets_mut().try_for_each(|set| set.standardize_targets(*target_scaler))?;
                target_scaler.cloned()
            }
            None => split.standardize_targets(head)?,
        };
        let chosen = columns.as_ref().filter(|_| is_chosen).map(|(_, validation)| &validation[..]);
        let start = Start::new(continued, target_scaler.as_ref(), chosen, rng)?;
        Ok((train(hyperparameters, head, &data, split, start, options)?, target_scaler))
    }

    /// Continues the network of the last fit, or trains a new one and returns it.
    ///
    /// The outer error comes before the first step, the inner one from the training.
    pub fn partial_fit(
        &self,
        fitted: Option<&mut Network<F>>,
        options: FitOptions<'_, F>,
    ) -> Result<(Result<History>, Option<NewNetwork<F>>)> {
        let Self { hyperparameters, head, y, target_scaler, .. } = self;
        let names = continued_names(fitted.as_deref(), &self.x)?;
        let named = with_names(names.as_ref());
        let x = &self.x.as_columns();
        check_examples(hyperparameters, x, ("Y", y.ncols()), options.weights).map_err(named)?;
        check_partial_fit(hyperparameters, &options)?;
        check_table("Y", y)?;
        head.check_targets(y)?;
        let weights = &weights_or_ones(x.ncols(), options.weights)?;
        if let Some(network) = fitted {
            network.parameters.check_features(x)?;
            network.check_outputs(y)?;
            let y = &standardized(y, *target_scaler)?;
            let data = RawData { x, y, weights, names: names.as_ref() };
            let network = (network, *target_scaler);
            return Ok((train_further(hyperparameters, head, &data, network, options)?, None));
        }
        let scaler = standardizer(hyperparameters.standardize, x)?;
        let target_scaler =
            head.standardizes_targets.then(|| Standardizer::fit_targets(y)).transpose()?;
        let rng = NumpyRandom::seed(hyperparameters.seed);
        let mut network = Network::new(hyperparameters, head, x.nrows(), scaler, rng)?;
        let y = &standardized(y, target_scaler.as_ref())?;
        let data = RawData { x, y, weights, names: names.as_ref() };
        let further = (&mut network, target_scaler.as_ref());
        let history = train_further(hyperparameters, head, &data, further, options)?;
        Ok((history, Some((network, target_scaler))))
    }
}

/// Copies the targets, standardized if there is a standardizer.
fn standardized<F: Float>(
    targets: &ArrayRef2<F>,
    scaler: Option<&Standardizer<F>>,
) -> Result<Array2<F>> {
    match scaler {
        Some(scaler) => scaler.transform(targets),
        None => buffer::copy_of("Y", targets),
    }
}
