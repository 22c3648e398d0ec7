use super::feature_names::FeatureNames;
use super::head::Head;
use super::history::History;
use super::hyperparameters::Hyperparameters;
use super::network::{Network, check_output, check_target_scaler};
use super::options::FitOptions;
use super::table::Examples;
use super::table_fit::TableFit;
use crate::checks::check_lengths;
use crate::data::Standardizer;
use crate::metrics::{Actual, Predicted, r2};
use crate::{Error, Float, Parameters, Result};
use ndarray::Array2;

/// A neural network regressor with linear outputs, trained on the mean squared error.
///
/// [`Hyperparameters::cost`](super::Hyperparameters#structfield.cost) chooses another cost. With
/// [`Cost::Poisson`](crate::cost::Cost::Poisson) the outputs are exponential, for counts and other
/// targets that are at least 0.
///
/// Targets are tables like the examples: (examples, outputs) for [rows](Examples::rows),
/// (outputs, examples) for [columns](Examples::columns). For a single output,
/// [`Examples::values`] takes a 1-D array.
///
/// With [`standardize`](super::Hyperparameters#structfield.standardize), targets are standardized
/// too, except for the Poisson cost. The squared error is then in units of their variance, and the
/// absolute and the quantile error in units of their standard deviation. Predictions are always in
/// the units of the targets.
///
/// ```
/// use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::prelude::*;
///
/// let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64 / 20.0 - 1.0);
/// let y = x.column(0).mapv(|x| 300.0 + 100.0 * x * x);
/// let mut model = Regressor::<f64>::new(Hyperparameters::default());
/// model.fit(Examples::rows(&x), Examples::values(&y))?;
/// assert!(model.score(Examples::rows(&x), Examples::values(&y))? > 0.9);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Regressor<F> {
    pub(crate) hyperparameters: Hyperparameters,
    pub(crate) network: Option<Network<F>>,
    pub(crate) target_scaler: Option<Standardizer<F>>,
}

impl<F: Float> Regressor<F> {
    /// Creates an unfitted regressor.
    #[must_use]
    pub fn new(hyperparameters: Hyperparameters) -> Self {
        Self { hyperparameters, network: None, target_scaler: None }
    }

    /// Creates a fitted regressor from the parameters of a network, such as one that was imported.
    ///
    /// The last layer is linear, or exponential for the Poisson cost. The scalers of the features
    /// and the targets are given if and only if
    /// [`standardize`](Hyperparameters#structfield.standardize) is `true`; with the Poisson cost,
    /// there is no scaler of the targets. The model can predict, and a
    /// [warm start](FitOptions::warm_start) or [`partial_fit`](Self::partial_fit) continues it with
    /// a new optimizer.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let (w, b) = (array![[2.0, -1.0]], array![[0.5]]);
    /// let layer = Layer { w, b, activation: Activation::Identity };
    /// let parameters = Parameters::from_layers(vec![layer])?;
    /// let hyperparameters = Hyperparameters::default().hidden(&[]).standardize(false);
    /// let model = Regressor::from_parameters(hyperparameters, parameters, None, None)?;
    /// assert_eq!(model.predict(Examples::rows(&array![[1.0, 2.0]]))?, array![[0.5]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Classifier::from_parameters`](super::Classifier::from_parameters) that do
    /// not name classes.
    pub fn from_parameters(
        hyperparameters: Hyperparameters,
        parameters: Parameters<F>,
        scaler: Option<Standardizer<F>>,
        target_scaler: Option<Standardizer<F>>,
    ) -> Result<Self> {
        hyperparameters.check::<F>()?;
        let outputs = output_units(&parameters);
        let head = Head::regression(&hyperparameters, outputs)?;
        check_target_scaler(&head, target_scaler.as_ref())?;
        let network = Network::from_parameters(&hyperparameters, &head, parameters, scaler)?;
        Ok(Self { hyperparameters, network: Some(network), target_scaler })
    }

    /// Replaces the hyperparameters, for example for a longer or a slower training.
    ///
    /// # Errors
    ///
    /// As [`Classifier::set_hyperparameters`](super::Classifier::set_hyperparameters).
    pub fn set_hyperparameters(&mut self, hyperparameters: Hyperparameters) -> Result<()> {
        hyperparameters.check::<F>()?;
        if let Some(network) = &mut self.network {
            let head = Head::regression(&hyperparameters, output_units(&network.parameters))?;
            network.adopt(&self.hyperparameters, &hyperparameters, &head)?;
        }
        self.hyperparameters = hyperparameters;
        Ok(())
    }

    /// Names the features of a fitted model, such as one from parameters.
    ///
    /// # Errors
    ///
    /// As [`Classifier::with_feature_names`](super::Classifier::with_feature_names).
    pub fn with_feature_names<'n>(mut self, names: impl Into<FeatureNames<'n>>) -> Result<Self> {
        self.network.as_mut().ok_or(Error::NotFitted)?.name_features(names.into())?;
        Ok(self)
    }

    /// Fits the model to examples and their targets, starting from new weights. With a
    /// [warm start](FitOptions::warm_start), [`fit_with`](Self::fit_with) continues a fitted model.
    ///
    /// # Errors
    ///
    /// The errors of [`Classifier::fit`](super::Classifier::fit) that do not name labels or
    /// classes; [`Error::LengthMismatch`] unless there is one target for each example;
    /// [`Error::InvalidValue`] if a target is below 0 and the cost is Poisson.
    pub fn fit(&mut self, x: Examples<'_, F>, targets: Examples<'_, F>) -> Result<History> {
        self.fit_with(x, targets, FitOptions::new())
    }

    /// Fits the model with options, such as a warm start, weights or callbacks.
    ///
    /// # Errors
    ///
    /// The errors of [`fit`](Self::fit), and the errors of
    /// [`Classifier::fit_with`](super::Classifier::fit_with) that do not name labels or classes.
    /// With a warm start, [`Error::ShapeMismatch`] if the number of features or outputs differs
    /// from the model.
    pub fn fit_with(
        &mut self,
        x: Examples<'_, F>,
        targets: Examples<'_, F>,
        options: FitOptions<'_, F>,
    ) -> Result<History> {
        let y = targets.as_columns();
        let scaler = self.target_scaler.as_ref();
        let fit = TableFit::new(&self.hyperparameters, Head::regression, x, &y, scaler)?;
        let ((network, history), target_scaler) = fit.fit(self.network.as_ref(), options)?;
        (self.target_scaler, self.network) = (target_scaler, Some(network));
        history
    }

    /// Trains for one more epoch on these examples.
    ///
    /// The first call creates the network and fits the standardizers to its examples and targets.
    /// Later calls, and calls after a [`fit`](Self::fit), continue the model as
    /// [`Classifier::partial_fit`](super::Classifier::partial_fit) does.
    ///
    /// # Errors
    ///
    /// The errors of [`fit`](Self::fit), except [`Error::ConstantFeature`];
    /// [`Error::ShapeMismatch`] if the number of features or outputs differs from the first
    /// examples, [`Error::FeatureName`] if a name does, [`Error::Inconsistent`] if a validation
    /// share, a patience, a plateau or L-BFGS is set.
    ///
    /// After [`Error::Diverged`] the model has the parameters of the last finite epoch, which may
    /// be those from before the call, and an optimizer with zeroed state. Any other error before
    /// the first step leaves the model unchanged.
    pub fn partial_fit(&mut self, x: Examples<'_, F>, targets: Examples<'_, F>) -> Result<History> {
        self.partial_fit_with(x, targets, FitOptions::new())
    }

    /// Trains on these examples with options: weights, callbacks, the number of epochs (default 1).
    ///
    /// # Errors
    ///
    /// The errors of [`partial_fit`](Self::partial_fit), the errors of [`fit_with`](Self::fit_with)
    /// for the weights, and [`Error::Inconsistent`] if a validation set or checkpoints are set.
    pub fn partial_fit_with(
        &mut self,
        x: Examples<'_, F>,
        targets: Examples<'_, F>,
        options: FitOptions<'_, F>,
    ) -> Result<History> {
        let y = targets.as_columns();
        let scaler = self.target_scaler.as_ref();
        let fit = TableFit::new(&self.hyperparameters, Head::regression, x, &y, scaler)?;
        let (history, new) = fit.partial_fit(self.network.as_mut(), options)?;
        if let Some((network, target_scaler)) = new {
            (self.target_scaler, self.network) = (target_scaler, Some(network));
        }
        history
    }

    /// Predicts the targets of each example, in the units of the targets.
    ///
    /// The result is (examples, outputs) for [rows](Examples::rows) and (outputs, examples) for
    /// [columns](Examples::columns).
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`] before a fit, [`Error::EmptyBatch`] if there is no example,
    /// [`Error::ShapeMismatch`] with the `W` of layer 1 if the number of features differs from the
    /// training, [`Error::NotFinite`] with the feature and the example if a number is NaN or
    /// infinite, or with the output layer if a target overflows, [`Error::TooLarge`] if a layer
    /// does not fit in memory, [`Error::FeatureName`] if a feature has another name than in the
    /// training.
    pub fn predict(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        let network = self.network.as_ref().ok_or(Error::NotFitted)?;
        let mut targets = network.outputs(&x)?;
        if let Some(scaler) = &self.target_scaler {
            scaler.inverse_transform_inplace(&mut targets)?;
            check_output(&targets, network.parameters.layers().len())?;
        }
        Ok(x.oriented(targets))
    }

    /// Computes the coefficient of determination [R²](r2), averaged over the outputs.
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict); [`Error::LengthMismatch`] unless there is one
    /// target for each example; [`Error::ShapeMismatch`] if the number of outputs differs.
    pub fn score(&self, x: Examples<'_, F>, targets: Examples<'_, F>) -> Result<f64> {
        check_lengths(("X", x.len()), ("Y", targets.len()))?;
        let predicted = self.predict(x.into_columns())?;
        r2(Actual(&targets.as_columns()), Predicted(&predicted))
    }

    /// Returns the hyperparameters.
    #[must_use]
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyperparameters
    }

    /// Returns the fitted network, whose input is [standardized](Self::scaler) examples and whose
    /// output is [standardized](Self::target_scaler) targets.
    #[must_use]
    pub fn parameters(&self) -> Option<&Parameters<F>> {
        self.network.as_ref().map(|network| &network.parameters)
    }

    /// Returns the standardizer of the features, if the model has one.
    #[must_use]
    pub fn scaler(&self) -> Option<&Standardizer<F>> {
        self.network.as_ref().and_then(|network| network.scaler.as_ref())
    }

    /// Returns the standardizer of the targets, if the model has one.
    #[must_use]
    pub fn target_scaler(&self) -> Option<&Standardizer<F>> {
        self.target_scaler.as_ref()
    }

    /// Returns the names of the features, if the fit had [names](Examples::feature_names).
    #[must_use]
    pub fn feature_names(&self) -> Option<&[String]> {
        self.network.as_ref().and_then(|network| network.feature_names.as_deref())
    }
}

/// Returns the number of units of the last layer.
fn output_units<F: Float>(parameters: &Parameters<F>) -> usize {
    parameters.layers().last().map_or(0, |layer| layer.w.nrows())
}
