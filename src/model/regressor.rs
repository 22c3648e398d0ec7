use super::examples::check_numbers;
use super::history::History;
use super::network::{Network, Task, Trainer};
use super::options::{FitOptions, Watch};
use super::sets::{Set, Sets, check_data, check_own_numbers};
use super::{Examples, Hyperparameters};
use crate::buffer;
use crate::cost::Cost;
use crate::error::check_lengths;
use crate::init::NumpyRandom;
use crate::train::reduce::Alone;
use crate::metrics::r2;
use crate::data::{Standardizer, split};
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2};

/// A network that predicts numbers: linear outputs, trained on the mean squared error.
///
/// Values lie as the examples do: (examples, outputs) for [rows](Examples::rows),
/// (outputs, examples) for [columns](Examples::columns). With
/// [`standardize`](super::Hyperparameters::standardize) the values are scaled too, so costs are in
/// units of their variance; predictions are in the units of the values.
///
/// ```
/// use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::prelude::*;
///
/// let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64 / 20.0 - 1.0);
/// let y = x.mapv(|x| 300.0 + 100.0 * x * x);
/// let how = Hyperparameters::default().hidden(&[32]).epochs(300).batch_size(8).learning_rate(0.01);
/// let mut model = Regressor::<f64>::new(how);
/// model.fit(Examples::rows(&x), Examples::rows(&y))?;
/// assert!(model.score(Examples::rows(&x), Examples::rows(&y))? > 0.99);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Regressor<F> {
    pub(super) hyperparameters: Hyperparameters,
    pub(super) network: Option<Network<F>>,
    pub(super) values: Option<Standardizer<F>>,
}

impl<F: Float> Regressor<F> {
    /// A regressor that has learnt nothing yet.
    pub fn new(hyperparameters: Hyperparameters) -> Self {
        Self { hyperparameters, network: None, values: None }
    }

    /// Learns from the start, whatever was learnt before.
    ///
    /// # Errors
    ///
    /// Those of [`Classifier::fit`](super::Classifier::fit), but for those about classes.
    pub fn fit(&mut self, x: Examples<'_, F>, values: Examples<'_, F>) -> Result<History> {
        self.fit_with(x, values, FitOptions::new())
    }

    /// [`fit`](Self::fit) with a weight for each example, or a callback after each epoch, as
    /// [`Classifier::fit_with`](super::Classifier::fit_with).
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit); [`Error::Weight`] if a weight is negative or not finite;
    /// [`Error::Checkpoint`] where there are checkpoints.
    pub fn fit_with(
        &mut self,
        x: Examples<'_, F>,
        values: Examples<'_, F>,
        options: FitOptions<'_, F>,
    ) -> Result<History> {
        let FitOptions { weights, watch } = options;
        let (how, team) = (&self.hyperparameters, watch.team);
        let (x, values) = (x.as_columns(), values.as_columns());
        let place = check_data(how, &x, ("Y", values.ncols()), weights, team)?;
        team.together(check_own_numbers("Y", &values, team))?;
        team.agree("number of outputs", &values.nrows())?;
        let m = x.ncols();
        let weights = match weights {
            Some(weights) => buffer::list("weights", m, weights.iter().copied()),
            None => ones(m),
        };
        let weights = team.all_have(weights)?;
        #[cfg(feature = "safetensors")]
        let watch = watch.of_data(how, (&x, &values, &weights), place.0)?;
        let mut rng = NumpyRandom::seed(how.seed);
        let parts = match how.validation_share {
            0.0 => None,
            share => Some(team.all_have(split(place.1, share, &mut rng))?),
        };
        let mut sets = team.all_have(Sets::of((&x, &values, &weights), parts.as_ref(), place))?;
        sets.check(how, team)?;
        let value_scaler = team.all_have(sets.standardize_values(how, team))?;
        let scaler = team.all_have(sets.standardize(how, team))?;
        let task = task(values.nrows());
        let network = Network::new(how, &task, x.nrows(), scaler, rng);
        let mut network = team.all_have(network)?;
        #[cfg(feature = "safetensors")]
        let watch = watch.take_up(&mut network, how)?;
        let trainer = Trainer::new(how, &task, &sets, watch, &mut network)?;
        let history = trainer.run(&mut network, how.epochs);
        (self.values, self.network) = (value_scaler, Some(network));
        history
    }

    /// One more epoch on these examples, as
    /// [`Classifier::partial_fit`](super::Classifier::partial_fit); the scale of features and
    /// values is that of the first.
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit), but for constant features and few examples.
    ///
    /// After [`Error::Diverged`] the parameters are those before the call, and the optimizer starts
    /// anew. Any other error leaves the model as it was.
    pub fn partial_fit(&mut self, x: Examples<'_, F>, values: Examples<'_, F>) -> Result<History> {
        let how = self.hyperparameters.clone().constant_features(true);
        let (x, values) = (x.as_columns(), values.as_columns());
        check_data(&how, &x, ("Y", values.ncols()), None, &Alone)?;
        check_numbers("Y", &values)?;
        let task = task(values.nrows());
        let mut new = match self.network {
            Some(_) => None,
            None => {
                let fitted = |x: &ArrayRef2<F>| {
                    if how.standardize { Standardizer::fit(x).map(Some) } else { Ok(None) }
                };
                let (scaler, value_scaler) = (fitted(&x)?, fitted(&values)?);
                let rng = NumpyRandom::seed(how.seed);
                Some((value_scaler, Network::new(&how, &task, x.nrows(), scaler, rng)?))
            }
        };
        let (value_scaler, network) = match (&mut new, &mut self.network) {
            (Some((value_scaler, network)), _) => (&*value_scaler, network),
            (None, Some(network)) => (&self.values, network),
            (None, None) => return Err(Error::NotFitted),
        };
        network.check_features(&x)?;
        network.check_outputs(&values)?;
        let y = match value_scaler {
            Some(scaler) => scaler.transform(&values)?,
            None => buffer::copy_of("Y", &values)?,
        };
        let mut set = Set::all(&x, &y, &ones(x.ncols())?)?;
        if let Some(scaler) = &network.scaler {
            set.standardize(scaler)?;
        }
        let sets = Sets { training: set, validation: None };
        let trainer = Trainer::new(&how, &task, &sets, Watch::nothing(), network)?;
        let until = network.epochs + 1;
        let history = trainer.run(network, until);
        if let Some((value_scaler, network)) = new {
            (self.values, self.network) = (value_scaler, Some(network));
        }
        history
    }

    /// The predicted values, lying as the examples do.
    ///
    /// # Errors
    ///
    /// Those of [`Classifier::predict`](super::Classifier::predict).
    pub fn predict(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        let al = self.network.as_ref().ok_or(Error::NotFitted)?.outputs(&x)?;
        match &self.values {
            Some(scaler) => Ok(x.like_these(scaler.inverse_transform(&al)?)),
            None => Ok(x.like_these(al)),
        }
    }

    /// R², see [`r2`].
    ///
    /// # Errors
    ///
    /// Those of [`predict`](Self::predict); [`Error::LengthMismatch`], [`Error::ShapeMismatch`].
    pub fn score(&self, x: Examples<'_, F>, values: Examples<'_, F>) -> Result<f64> {
        check_lengths(("X", x.len()), ("Y", values.len()))?;
        let predicted = self.predict(Examples::Columns(x.as_columns()))?;
        r2(&predicted, &values.as_columns())
    }

    /// What was chosen before training.
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyperparameters
    }

    /// What was learnt, if something was. The network takes examples that have been
    /// [scaled](Self::scaler), and gives values that [are](Self::target_scaler).
    pub fn parameters(&self) -> Option<&Parameters<F>> {
        self.network.as_ref().map(|network| &network.parameters)
    }

    /// How the features are brought to mean 0 and deviation 1, if they are.
    pub fn scaler(&self) -> Option<&Standardizer<F>> {
        self.network.as_ref().and_then(|network| network.scaler.as_ref())
    }

    /// How the values are, if they are.
    pub fn target_scaler(&self) -> Option<&Standardizer<F>> {
        self.values.as_ref()
    }
}

/// The weights of m examples that count once.
fn ones<F: Float>(m: usize) -> Result<Vec<F>> {
    buffer::list("weights", m, std::iter::repeat_n(F::one(), m))
}

pub(super) fn task<F: Float>(outputs: usize) -> Task<F> {
    Task { cost: Cost::MeanSquaredError, outputs, score: |al, y| r2(al, y) }
}
