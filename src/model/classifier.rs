use super::dataset::{RawData, Split};
use super::feature_names::FeatureNames;
use super::fit::{
    Start, check_constant_features, check_examples, check_new_weights, check_partial_fit,
    chosen_columns, continued_names, standardizer, train, train_further, with_names,
};
use super::head::Head;
use super::history::History;
use super::hyperparameters::{ClassWeights, Hyperparameters};
use super::network::Network;
use super::options::FitOptions;
use super::table::Examples;
use crate::activation::Activation;
use crate::buffer;
use crate::checks::{check_finite, check_lengths};
use crate::data::{Classes, Standardizer, predicted_classes, stratified_split};
use crate::forward::log_softmax_in_place;
use crate::init::NumpyRandom;
use crate::metrics::{Actual, Predicted, accuracy};
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, s};

/// A neural network classifier with one sigmoid output for two classes, or a softmax for more.
///
/// Labels have any type that is `Ord` and `Clone`: integers, strings, an enum, but not `f64`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8], [0.0, 1.0], [0.1, 0.9]];
/// let labels = [7, 7, 9, 9, 8, 8];
/// let mut model = Classifier::<f64, i32>::new(Hyperparameters::default());
/// let history = model.fit(Examples::rows(&x), &labels)?;
/// assert!(history.epochs[99].cost < history.epochs[0].cost);
/// assert_eq!(model.score(Examples::rows(&x), &labels)?, 1.0);
/// assert_eq!(model.predict_proba(Examples::rows(&x))?.dim(), (6, 3));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Classifier<F, L> {
    pub(crate) hyperparameters: Hyperparameters,
    /// The classes of [`with_classes`](Self::with_classes).
    pub(crate) declared: Option<Classes<L>>,
    /// The classes and the network of the last fit.
    pub(crate) fitted: Option<(Classes<L>, Network<F>)>,
}

impl<F: Float, L: Ord + Clone> Classifier<F, L> {
    /// Creates an unfitted classifier.
    #[must_use]
    pub fn new(hyperparameters: Hyperparameters) -> Self {
        Self { hyperparameters, declared: None, fitted: None }
    }

    /// Declares the classes. New classes need a new model or a new fit.
    ///
    /// This is needed if the first examples of [`partial_fit`](Self::partial_fit) do not have all
    /// classes. A fitted model keeps its network: it predicts as before, and the next
    /// [`fit`](Self::fit) has the declared classes. To continue a network with other classes is an
    /// error.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let model =
    ///     Classifier::<f32, &str>::new(Hyperparameters::default()).with_classes(&["cat", "dog"]);
    /// assert_eq!(model.classes(), ["cat", "dog"]);
    /// ```
    #[must_use]
    pub fn with_classes(mut self, classes: &[L]) -> Self {
        self.declared = Some(Classes::from_labels(classes));
        self
    }

    /// Creates a fitted classifier from the parameters of a network, such as one that was imported.
    ///
    /// - `hidden` and `activation` of the hyperparameters describe the hidden layers.
    /// - `classes` are in the order of the outputs, so they must be sorted.
    /// - The model has one sigmoid output for two classes, a softmax for more. An identity output
    ///   counts as logits, and gets the activation of the model. Two logits of two classes, or
    ///   their softmax, become one: the second minus the first.
    /// - `scaler` standardizes the features before layer 1, for example
    ///   [`Standardizer::from_columns`]. It is given if and only if
    ///   [`standardize`](Hyperparameters#structfield.standardize) is `true`.
    ///
    /// The model can predict, and a [warm start](FitOptions::warm_start) or
    /// [`partial_fit`](Self::partial_fit) continues it with a new optimizer. A fit without a warm
    /// start discards the parameters. Here only the last layer is trained further:
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let (w, b) = (array![[2.0, -1.0], [0.5, 1.0]], array![[0.0], [0.1]]); // of another program
    /// let hidden = Layer { w, b, activation: Activation::Relu };
    /// let (w, b) = (array![[1.0, -1.0]], array![[-0.5]]);
    /// let logits = Layer { w, b, activation: Activation::Identity };
    /// let parameters = Parameters::from_layers(vec![hidden, logits])?;
    /// let hyperparameters =
    ///     Hyperparameters::default().hidden(&[2]).standardize(false).frozen(&[1]).epochs(5);
    /// let mut model =
    ///     Classifier::from_parameters(hyperparameters, &["no", "yes"], parameters, None)?;
    ///
    /// let x = array![[1.0, 0.0], [-1.0, 1.0]];
    /// assert_eq!(model.predict(Examples::rows(&x))?, ["yes", "no"]);
    /// let options = FitOptions::new().warm_start(true);
    /// model.fit_with(Examples::rows(&x), &["yes", "no"], options)?;
    /// assert_eq!(model.parameters().unwrap().layers()[0].w[[0, 0]], 2.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] if a hyperparameter is out of range, [`Error::OneClass`] unless
    /// there are two classes, [`Error::Inconsistent`] unless they are sorted and distinct.
    /// [`Error::LayerCount`], [`Error::ShapeMismatch`], [`Error::OutputActivation`] or
    /// [`Error::Inconsistent`] unless layers, activations and scaler follow from the
    /// hyperparameters and the classes; [`Error::NotFinite`] if a parameter is NaN or infinite;
    /// [`Error::TooLarge`] if the optimizer does not fit in memory.
    pub fn from_parameters(
        hyperparameters: Hyperparameters,
        classes: &[L],
        parameters: Parameters<F>,
        scaler: Option<Standardizer<F>>,
    ) -> Result<Self> {
        hyperparameters.check::<F>()?;
        if !classes.is_sorted_by(|a, b| a < b) {
            return Err(Error::Inconsistent {
                what: "the classes are not sorted, or one is given twice",
            });
        }
        let classes = Classes::from_labels(classes);
        if classes.names().len() < 2 {
            return Err(Error::OneClass);
        }
        let head = Head::classification(&hyperparameters, classes.names().len())?;
        let parameters = with_output_of(&head, parameters)?;
        let network = Network::from_parameters(&hyperparameters, &head, parameters, scaler)?;
        Ok(Self { hyperparameters, declared: None, fitted: Some((classes, network)) })
    }

    /// Replaces the hyperparameters, for example for a longer or a slower training.
    ///
    /// A fitted model keeps its network, so layers, activation and
    /// [`standardize`](Hyperparameters#structfield.standardize) must stay the same. Another
    /// algorithm begins with zeroed state. A learning rate that a plateau or a callback has changed
    /// stays, unless the new `learning_rate` differs from the old one.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// # let (x, labels) = (Examples::rows(&x), [0, 0, 1, 1]);
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).epochs(20);
    /// let mut model = Classifier::<f64, i32>::new(hyperparameters.clone());
    /// model.fit(x, &labels)?;
    /// model.set_hyperparameters(hyperparameters.learning_rate(0.0001).epochs(30))?;
    /// let history = model.fit_with(x, &labels, FitOptions::new().warm_start(true))?;
    /// assert_eq!(history.epochs.len(), 30);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] if a value is out of range; [`Error::LayerCount`],
    /// [`Error::ShapeMismatch`] or [`Error::Inconsistent`] if the network has other layers,
    /// [`Error::OutputActivation`] if another cost needs another output layer; [`Error::TooLarge`]
    /// if the optimizer does not fit in memory. An error changes nothing.
    pub fn set_hyperparameters(&mut self, hyperparameters: Hyperparameters) -> Result<()> {
        hyperparameters.check::<F>()?;
        if let Some((classes, network)) = &mut self.fitted {
            let head = Head::classification(&hyperparameters, classes.names().len())?;
            network.adopt(&self.hyperparameters, &hyperparameters, &head)?;
        }
        self.hyperparameters = hyperparameters;
        Ok(())
    }

    /// Names the features of a fitted model, such as one from parameters.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`]; [`Error::LengthMismatch`] or [`Error::InvalidFeatureName`] unless each
    /// feature gets a name, and they are distinct and not empty.
    pub fn with_feature_names<'n>(mut self, names: impl Into<FeatureNames<'n>>) -> Result<Self> {
        let (_, network) = self.fitted.as_mut().ok_or(Error::NotFitted)?;
        network.name_features(names.into())?;
        Ok(self)
    }

    /// Returns the fitted classes and network that a warm start or a partial fit continues.
    pub(crate) fn to_continue(&self) -> Result<Option<&(Classes<L>, Network<F>)>> {
        self.check_declared()?;
        Ok(self.fitted.as_ref())
    }

    /// Checks that the classes of the network are the declared ones.
    pub(crate) fn check_declared(&self) -> Result<()> {
        match (&self.fitted, &self.declared) {
            (Some((classes, _)), Some(declared)) if classes != declared => {
                Err(Error::Inconsistent {
                    what: "the declared classes differ from the classes of the fitted network",
                })
            }
            _ => Ok(()),
        }
    }

    /// Fits the model to labeled examples, starting from new weights. With a
    /// [warm start](FitOptions::warm_start), [`fit_with`](Self::fit_with) continues a fitted model.
    ///
    /// `labels` has one label for each example. The classes are the distinct labels, unless
    /// [`with_classes`](Self::with_classes) declared them.
    ///
    /// # Errors
    ///
    /// Before the first step, and the model is then unchanged:
    ///
    /// - [`Error::Hyperparameter`] if a hyperparameter is out of range.
    /// - [`Error::LengthMismatch`] unless there is one label for each example and, if class weights
    ///   are given, one weight for each class.
    /// - [`Error::EmptyBatch`] if there is no example, [`Error::ZeroSize`] if there is no feature.
    /// - [`Error::LengthMismatch`] or [`Error::InvalidFeatureName`] unless all features have
    ///   distinct names that are not empty, or none has a name.
    /// - [`Error::NotFinite`] with the feature and the example if a number is NaN or infinite.
    /// - [`Error::ConstantFeature`] if a feature has the same value in every example, unless
    ///   [`constant_features`](Hyperparameters#structfield.constant_features) accepts that.
    /// - [`Error::OneClass`] if the training examples have only one class.
    /// - [`Error::UnknownLabel`] with the example if a label is not a declared class.
    /// - [`Error::ClassSize`] if a class has one example and there is a validation share,
    ///   [`Error::ValidationSize`] if the validation set has fewer than two examples.
    /// - [`Error::Inconsistent`] if the [monitored](Hyperparameters#structfield.monitor) value is
    ///   one of a validation set and there is none.
    /// - [`Error::NoWeight`] if all training or all validation examples have a weight of 0.
    /// - [`Error::TooLarge`] if a copy of the examples or a buffer does not fit in memory.
    ///
    /// During training, [`Error::Diverged`] with the epoch and the batch if a number is no longer
    /// finite. The model then has the parameters of the last finite epoch, or the initial ones.
    pub fn fit(&mut self, x: Examples<'_, F>, labels: &[L]) -> Result<History> {
        self.fit_with(x, labels, FitOptions::new())
    }

    /// Fits the model with options, such as a warm start, weights or callbacks.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    /// use std::ops::ControlFlow;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let hyperparameters =
    ///     Hyperparameters::plain().hidden(&[8]).batch_size(4).learning_rate(0.05);
    /// let mut model = Classifier::<f64, bool>::new(hyperparameters);
    /// let labels = [false, false, true, true];
    /// let until = FitOptions::new().on_epoch(|epoch| {
    ///     if epoch.record.cost < 0.1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// });
    /// let history = model.fit_with(Examples::rows(&x), &labels, until)?;
    /// assert!(history.stopped_early);
    /// assert_eq!(model.predict(Examples::rows(&x))?, labels);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`fit`](Self::fit); [`Error::LengthMismatch`] unless there is one weight for
    /// each example; [`Error::InvalidValue`] if a weight is negative or not finite;
    /// [`Error::InvalidArgument`] if a validation example does not exist or is given twice,
    /// [`Error::Inconsistent`] if a validation share is set too; [`Error::Checkpoint`] if the
    /// training cannot be saved or resumed.
    ///
    /// With a warm start, [`Error::UnknownLabel`], [`Error::ClassSize`], [`Error::ShapeMismatch`]
    /// or [`Error::FeatureName`] unless the model has the same classes and features,
    /// [`Error::Inconsistent`] if other classes were declared since; features with the same value
    /// in every example are accepted.
    pub fn fit_with(
        &mut self,
        x: Examples<'_, F>,
        labels: &[L],
        mut options: FitOptions<'_, F>,
    ) -> Result<History> {
        let hyperparameters = &self.hyperparameters;
        let continued = if options.warm_start { self.to_continue()? } else { None };
        let names = continued_names(continued.map(|(_, network)| network), &x)?;
        let (named, x) = (with_names(names.as_ref()), &x.as_columns());
        check_examples(hyperparameters, x, ("labels", labels.len()), options.weights)
            .map_err(named)?;
        match continued {
            Some((_, network)) => network.parameters.check_features(x)?,
            None => {
                check_new_weights(hyperparameters, self.fitted.as_ref().map(|(_, fitted)| fitted))?;
                check_constant_features(hyperparameters, x).map_err(named)?;
            }
        }
        let known = continued.map(|(classes, _)| classes).or(self.declared.as_ref());
        let classes = known.cloned().unwrap_or_else(|| Classes::from_labels(labels));
        let numbers = classes.encode(labels)?;
        check_two_classes(numbers.iter().copied())?;
        let counts = class_counts(&numbers, &classes);
        if continued.is_some() && self.declared.is_none() {
            check_all_classes(&counts)?;
        }
        let class_weights = class_weights(hyperparameters, &counts)?;
        let weights = &example_weights(&numbers, &class_weights, options.weights)?;
        let data = RawData { x, y: &label_row(&numbers)?, weights, names: names.as_ref() };

        let mut rng = NumpyRandom::seed(hyperparameters.seed);
        let validation = options.validation.take();
        let is_chosen = validation.is_some();
        let columns = match validation {
            Some(validation) => Some(chosen_columns(hyperparameters, x.ncols(), validation)?),
            None => stratified_columns(hyperparameters, &numbers, &counts, &mut rng)?,
        };
        let split = Split::new(&data, columns.as_ref())?;
        split.check()?;
        check_training_classes(columns.as_ref(), &numbers)?;
        let head = Head::classification(hyperparameters, classes.names().len())?;
        let chosen = columns.as_ref().filter(|_| is_chosen).map(|(_, validation)| &validation[..]);
        let start = Start::new(continued.map(|(_, network)| network), None, chosen, rng)?;
        let (network, history) = train(hyperparameters, &head, &data, split, start, options)?;
        self.fitted = Some((classes, network));
        history
    }

    /// Trains for one more epoch on these examples.
    ///
    /// The first call creates the network. It fits the standardizer to its examples, and takes the
    /// classes from its labels unless [`with_classes`](Self::with_classes) declared them. Later
    /// calls, and calls after a [`fit`](Self::fit), continue with the same standardizer, classes
    /// and optimizer. The epochs of the [schedule](Hyperparameters#structfield.schedule) go on too:
    /// once a `Cosine` has reached 0, the parameters no longer change. `CosineToEnd` starts again
    /// in each call.
    ///
    /// The model keeps the [names](Examples::feature_names) of the first examples.
    ///
    /// [`partial_fit_with`](Self::partial_fit_with) also takes weights and callbacks.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).learning_rate(0.1);
    /// let mut model = Classifier::<f64, i32>::new(hyperparameters).with_classes(&[0, 1]);
    /// for _ in 0..50 {
    ///     model.partial_fit(Examples::rows(&array![[0.1, 0.2], [0.9, 0.7]]), &[0, 1])?;
    ///     model.partial_fit(Examples::rows(&array![[0.8, 0.9], [0.7, 1.0]]), &[1, 1])?;
    /// }
    /// assert_eq!(model.predict(Examples::rows(&array![[0.0, 0.0], [1.0, 1.0]]))?, [0, 1]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`fit`](Self::fit), except [`Error::ConstantFeature`]. [`Error::OneClass`]
    /// means that fewer than two classes are known. [`Error::ShapeMismatch`] if the number of
    /// features differs from the first examples, [`Error::FeatureName`] if a name does,
    /// [`Error::Inconsistent`] if a validation share, a patience, a plateau or L-BFGS is set, or if
    /// other classes were declared since the first call.
    ///
    /// After [`Error::Diverged`] the model has the parameters of the last finite epoch, which may
    /// be those from before the call, and an optimizer with zeroed state. Any other error before
    /// the first step leaves the model unchanged.
    pub fn partial_fit(&mut self, x: Examples<'_, F>, labels: &[L]) -> Result<History> {
        self.partial_fit_with(x, labels, FitOptions::new())
    }

    /// Trains on these examples with options: weights, callbacks, the number of epochs (default 1).
    ///
    /// It always continues a fitted model.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// # let mut model = Classifier::<f64, i32>::new(Hyperparameters::default().hidden(&[8]));
    /// let options = FitOptions::new().weights(&[1.0, 1.0, 2.0, 2.0]).epochs(3);
    /// let history = model.partial_fit_with(Examples::rows(&x), &[0, 0, 1, 1], options)?;
    /// assert_eq!(history.epochs.len(), 3);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`partial_fit`](Self::partial_fit), the errors of [`fit_with`](Self::fit_with)
    /// for the weights, and [`Error::Inconsistent`] if a validation set or checkpoints are set.
    pub fn partial_fit_with(
        &mut self,
        x: Examples<'_, F>,
        labels: &[L],
        options: FitOptions<'_, F>,
    ) -> Result<History> {
        let hyperparameters = &self.hyperparameters;
        let network = self.fitted.as_ref().map(|(_, network)| network);
        let names = continued_names(network, &x)?;
        let (named, x) = (with_names(names.as_ref()), &x.as_columns());
        check_examples(hyperparameters, x, ("labels", labels.len()), options.weights)
            .map_err(named)?;
        check_partial_fit(hyperparameters, &options)?;
        let known = self.to_continue()?.map(|(classes, _)| classes).or(self.declared.as_ref());
        let classes = known.cloned().unwrap_or_else(|| Classes::from_labels(labels));
        let numbers = classes.encode(labels)?;
        if classes.names().len() < 2 {
            return Err(Error::OneClass);
        }
        let class_weights = class_weights(hyperparameters, &class_counts(&numbers, &classes))?;
        let weights = &example_weights(&numbers, &class_weights, options.weights)?;
        let data = RawData { x, y: &label_row(&numbers)?, weights, names: names.as_ref() };
        let head = Head::classification(hyperparameters, classes.names().len())?;
        if let Some((_, network)) = &mut self.fitted {
            network.parameters.check_features(x)?;
            return train_further(hyperparameters, &head, &data, (network, None), options)?;
        }
        let scaler = standardizer(hyperparameters.standardize, x)?;
        let rng = NumpyRandom::seed(hyperparameters.seed);
        let mut network = Network::new(hyperparameters, &head, x.nrows(), scaler, rng)?;
        let history = train_further(hyperparameters, &head, &data, (&mut network, None), options)?;
        self.fitted = Some((classes, network));
        history
    }

    /// Predicts the most probable class of each example.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`] before a fit, [`Error::EmptyBatch`] if there is no example,
    /// [`Error::ShapeMismatch`] with the `W` of layer 1 if the number of features differs from the
    /// training, [`Error::NotFinite`] with the feature and the example if a number is NaN or
    /// infinite, or with the output layer if an output overflows, [`Error::TooLarge`] if a layer
    /// does not fit in memory, [`Error::FeatureName`] if a feature has another name than in the
    /// training.
    pub fn predict(&self, x: Examples<'_, F>) -> Result<Vec<L>> {
        let (classes, network) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        classes.decode(&predicted_classes(&network.outputs(&x)?)?)
    }

    /// Predicts the probability of each class.
    ///
    /// The result is (examples, classes) for [rows](Examples::rows) and (classes, examples) for
    /// [columns](Examples::columns). Class c is [`classes()[c]`](Self::classes).
    ///
    /// [`predicted_classes`] and the [metrics](crate::metrics) take examples as columns: pass them
    /// the transpose of a result for rows. The free function
    /// [`predict_proba`](crate::forward::predict_proba) returns `AL` (n_L, m) instead, which has
    /// one row for two classes.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(4);
    /// let mut model = Classifier::<f64, &str>::new(hyperparameters);
    /// model.fit(Examples::rows(&x), &["no", "no", "yes", "yes"])?;
    /// let probabilities = model.predict_proba(Examples::rows(&x))?;
    /// assert_eq!(probabilities.dim(), (4, 2)); // (examples, classes)
    /// assert_eq!(predicted_classes(&probabilities.t())?.len(), 4);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict).
    pub fn predict_proba(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        let al = self.fitted.as_ref().ok_or(Error::NotFitted)?.1.outputs(&x)?;
        if al.nrows() > 1 {
            return Ok(x.oriented(al));
        }
        let mut both = buffer::zeros("probabilities", (2, al.ncols()))?;
        for (mut both, &a) in both.columns_mut().into_iter().zip(&al) {
            (both[0], both[1]) = (F::one() - a, a);
        }
        Ok(x.oriented(both))
    }

    /// Predicts the natural logarithm of the probability of each class.
    ///
    /// The result has the shape of [`predict_proba`](Self::predict_proba). It is computed from the
    /// logits, so it stays finite and accurate where a probability rounds to 0 or 1.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let x = array![[0.0], [0.2], [0.9], [1.0]];
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(4);
    /// let mut model = Classifier::<f64, &str>::new(hyperparameters);
    /// model.fit(Examples::rows(&x), &["no", "no", "yes", "yes"])?;
    /// let far = array![[1e6]];
    /// assert_eq!(model.predict_proba(Examples::rows(&far))?[[0, 0]], 0.0);
    /// let logarithm = model.predict_log_proba(Examples::rows(&far))?[[0, 0]];
    /// assert!(logarithm < -1000.0 && logarithm.is_finite());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict); [`Error::NotFinite`] with the output layer if a
    /// logit or a logarithm overflows.
    pub fn predict_log_proba(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        let (_, network) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        let mut z = network.logits(&x)?;
        if z.nrows() == 1 {
            let mut both = buffer::zeros("log probabilities", (2, z.ncols()))?;
            both.row_mut(1).assign(&z.row(0)); // softmax of (0, z) is the sigmoid of z
            z = both;
        }
        log_probabilities_in_place(&mut z, network.parameters.layers().len())?;
        Ok(x.oriented(z))
    }

    /// Computes the accuracy, the share of examples whose label is predicted correctly.
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict); [`Error::LengthMismatch`] unless there is one
    /// label for each example; [`Error::UnknownLabel`] with the example if a label is not one of
    /// the classes.
    pub fn score(&self, x: Examples<'_, F>, labels: &[L]) -> Result<f64> {
        check_lengths(("X", x.len()), ("labels", labels.len()))?;
        let (classes, network) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        let predicted = predicted_classes(&network.outputs(&x)?)?;
        accuracy(Actual(&classes.encode(labels)?), Predicted(&predicted))
    }

    /// Returns the classes, sorted, in the order of [`predict_proba`](Self::predict_proba).
    ///
    /// The list is empty until the classes are declared or the model is fitted.
    pub fn classes(&self) -> &[L] {
        let fitted = self.fitted.as_ref().map(|(classes, _)| classes);
        fitted.or(self.declared.as_ref()).map_or(&[], Classes::names)
    }
}

impl<F: Float, L> Classifier<F, L> {
    /// Returns the hyperparameters.
    #[must_use]
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyperparameters
    }

    /// Returns the fitted network, whose input is [standardized](Self::scaler) examples.
    #[must_use]
    pub fn parameters(&self) -> Option<&Parameters<F>> {
        self.fitted.as_ref().map(|(_, network)| &network.parameters)
    }

    /// Returns the standardizer of the features, if the model has one.
    #[must_use]
    pub fn scaler(&self) -> Option<&Standardizer<F>> {
        self.fitted.as_ref().and_then(|(_, network)| network.scaler.as_ref())
    }

    /// Returns the names of the features, if the fit had [names](Examples::feature_names).
    #[must_use]
    pub fn feature_names(&self) -> Option<&[String]> {
        self.fitted.as_ref().and_then(|(_, network)| network.feature_names.as_deref())
    }
}

/// Replaces the logits of a network of `layers` layers by logarithms of probabilities, which must
/// be finite.
pub(super) fn log_probabilities_in_place<F: Float>(
    z: &mut ArrayRef2<F>,
    layers: usize,
) -> Result<()> {
    log_softmax_in_place(z);
    check_finite("log probabilities", z).map_err(|e| e.in_layer(layers))
}

/// Returns class numbers as a row, (1, m).
pub(crate) fn label_row<F: Float>(numbers: &[usize]) -> Result<Array2<F>> {
    let mut row = buffer::zeros("Y", (1, numbers.len()))?;
    row.iter_mut().zip(numbers).for_each(|(y, &number)| *y = F::of(number as f64));
    Ok(row)
}

/// Gives logits the activation of the output layer, and replaces two logits of two classes by their
/// difference.
fn with_output_of<F: Float>(
    head: &Head<F>,
    mut parameters: Parameters<F>,
) -> Result<Parameters<F>> {
    let Some(layer) = parameters.layers_mut().last_mut() else { return Ok(parameters) };
    let both = [Activation::Identity, Activation::Softmax].contains(&layer.activation);
    if both && head.outputs == 1 && layer.w.nrows() == 2 && layer.b.dim() == (2, 1) {
        let difference = |rows: &Array2<F>| -> Result<Array2<F>> {
            let mut second = buffer::copy_of("W", &rows.slice(s![1.., ..]))?;
            second -= &rows.slice(s![..1, ..]);
            Ok(second)
        };
        (layer.w, layer.b) = (difference(&layer.w)?, difference(&layer.b)?);
        layer.activation = Activation::Identity;
    }
    head.activate_logits(&mut parameters);
    Ok(parameters)
}

/// Checks that two of these class numbers differ.
pub(crate) fn check_two_classes(mut numbers: impl Iterator<Item = usize>) -> Result<()> {
    let first = numbers.next();
    if numbers.any(|number| Some(number) != first) { Ok(()) } else { Err(Error::OneClass) }
}

/// Returns the number of examples of each class.
pub(crate) fn class_counts<L: Ord + Clone>(numbers: &[usize], classes: &Classes<L>) -> Vec<f64> {
    let mut counts = vec![0.0; classes.names().len()];
    numbers.iter().for_each(|&number| counts[number] += 1.0);
    counts
}

/// Checks that every class has an example.
pub(crate) fn check_all_classes(counts: &[f64]) -> Result<()> {
    match counts.iter().position(|&count| count == 0.0) {
        Some(class) => Err(Error::ClassSize { class, examples: 0, least: 1 }),
        None => Ok(()),
    }
}

/// Returns the weight of each class, given the number of its examples.
pub(crate) fn class_weights(hyperparameters: &Hyperparameters, counts: &[f64]) -> Result<Vec<f64>> {
    let classes = counts.len();
    match &hyperparameters.class_weights {
        ClassWeights::Equal => Ok(vec![1.0; classes]),
        ClassWeights::Balanced => {
            let m: f64 = counts.iter().sum();
            let balanced = |count: &f64| m / (classes as f64 * f64::max(*count, 1.0));
            Ok(counts.iter().map(balanced).collect())
        }
        ClassWeights::Given(weights) => {
            check_lengths(("class_weights", weights.len()), ("classes", classes))?;
            Ok(weights.clone())
        }
    }
}

/// Returns the weight of each example, multiplied by the weight of its class.
pub(crate) fn example_weights<F: Float>(
    numbers: &[usize],
    class_weights: &[f64],
    weights: Option<&[F]>,
) -> Result<Vec<F>> {
    let weight = |i: usize| weights.map_or(1.0, |weights| weights[i].as_f64());
    let weights = numbers.iter().enumerate().map(|(i, &n)| F::of(class_weights[n] * weight(i)));
    buffer::list("weights", numbers.len(), weights)
}

/// Draws the columns of the training and the validation set, if there is a validation share.
/// `counts` has the number of examples of each class.
pub(crate) fn stratified_columns(
    hyperparameters: &Hyperparameters,
    numbers: &[usize],
    counts: &[f64],
    rng: &mut NumpyRandom,
) -> Result<Option<(Vec<usize>, Vec<usize>)>> {
    if hyperparameters.validation_share == 0.0 {
        return Ok(None);
    }
    if let Some(class) = counts.iter().position(|&count| count == 1.0) {
        return Err(Error::ClassSize { class, examples: 1, least: 2 });
    }
    stratified_split(numbers, hyperparameters.validation_share, rng).map(Some)
}

/// Checks that the training set has two classes.
pub(crate) fn check_training_classes(
    columns: Option<&(Vec<usize>, Vec<usize>)>,
    numbers: &[usize],
) -> Result<()> {
    let training = columns.map(|(training, _)| training.iter().map(|&i| numbers[i]));
    training.map_or(Ok(()), check_two_classes)
}
