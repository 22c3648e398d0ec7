use super::dataset::{RawData, Split};
use super::feature_names::FeatureNames;
use super::fit::{
    check_constant_features, check_examples, continued_names, standardizer, train, train_one_epoch,
};
use super::head::Head;
use super::history::History;
use super::hyperparameters::{ClassWeights, Hyperparameters};
use super::network::Network;
use super::options::FitOptions;
use super::table::Examples;
use crate::buffer;
use crate::checks::check_lengths;
use crate::data::{Classes, Standardizer, predicted_classes, stratified_split};
use crate::init::NumpyRandom;
use crate::metrics::{Actual, Predicted, accuracy};
use crate::{Error, Float, Parameters, Result};
use ndarray::Array2;

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
/// let hyperparameters =
///     Hyperparameters::default().hidden(&[16]).batch_size(6).epochs(200).learning_rate(0.02);
/// let mut model = Classifier::<f64, i32>::new(hyperparameters);
/// let history = model.fit(Examples::rows(&x), &labels)?;
/// assert!(history.epochs[199].cost < 0.05);
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

    /// Declares the classes.
    ///
    /// This is needed if the first examples of [`partial_fit`](Self::partial_fit) do not have all
    /// classes. A fitted model becomes unfitted.
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
        self.fitted = None;
        self
    }

    /// Fits the model to labeled examples, starting from new weights.
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
    /// - [`Error::TooFewExamples`] if the training examples do not fill one batch.
    /// - [`Error::NoWeight`] if all training or all validation examples have a weight of 0.
    /// - [`Error::TooLarge`] if a copy of the examples or a buffer does not fit in memory.
    ///
    /// During training, [`Error::Diverged`] with the epoch and the batch if a number is no longer
    /// finite. The model then has the parameters of the last finite epoch, or the initial ones.
    pub fn fit(&mut self, x: Examples<'_, F>, labels: &[L]) -> Result<History> {
        self.fit_with(x, labels, FitOptions::new())
    }

    /// Fits the model with options: example weights, a callback, checkpoints.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    /// use std::ops::ControlFlow;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let hyperparameters =
    ///     Hyperparameters::default().hidden(&[8]).batch_size(4).learning_rate(0.05);
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
    /// [`Error::Checkpoint`] if the training cannot be saved or resumed.
    pub fn fit_with(
        &mut self,
        x: Examples<'_, F>,
        labels: &[L],
        options: FitOptions<'_, F>,
    ) -> Result<History> {
        let hyperparameters = &self.hyperparameters;
        let (names, x) = (&x.owned_names()?, &x.as_columns());
        check_examples(hyperparameters, x, ("labels", labels.len()), options.weights)
            .and_then(|()| check_constant_features(hyperparameters, x))
            .map_err(|e| e.with_feature_name(names.as_ref().map(FeatureNames::from)))?;
        let classes = match &self.declared {
            Some(declared) => declared.clone(),
            None => Classes::from_labels(labels),
        };
        let numbers = classes.encode(labels)?;
        check_two_classes(numbers.iter().copied())?;
        let class_weights = class_weights(hyperparameters, &class_counts(&numbers, &classes))?;
        let weights = &example_weights(&numbers, &class_weights, options.weights)?;
        let data = RawData { x, y: &label_row(&numbers)?, weights, names: names.as_ref() };

        let mut rng = NumpyRandom::seed(hyperparameters.seed);
        let columns = stratified_columns(hyperparameters, &numbers, &mut rng)?;
        check_training_classes(columns.as_ref(), &numbers)?;
        let split = Split::new(&data, columns.as_ref())?;
        split.check(hyperparameters)?;
        let head = Head::classification(classes.names().len());
        let (network, history) = train(hyperparameters, &head, &data, split, rng, options)?;
        self.fitted = Some((classes, network));
        history
    }

    /// Trains for one more epoch on these examples.
    ///
    /// The first call creates the network. It fits the standardizer to its examples, and takes the
    /// classes from its labels unless [`with_classes`](Self::with_classes) declared them. Later
    /// calls, and calls after a [`fit`](Self::fit), continue with the same standardizer, classes
    /// and optimizer. The epochs of the [schedule](Hyperparameters#structfield.schedule) go on too:
    /// once a cosine has reached 0, the parameters no longer change.
    ///
    /// The model keeps the [names](Examples::feature_names) of the first examples.
    ///
    /// Callbacks, checkpoints, validation and patience belong to a fit; here they have no effect.
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
    /// The errors of [`fit`](Self::fit), except [`Error::ConstantFeature`] and
    /// [`Error::TooFewExamples`]. [`Error::OneClass`] means that fewer than two classes are known.
    /// [`Error::ShapeMismatch`] if the number of features differs from the first examples,
    /// [`Error::FeatureName`] if a name does.
    ///
    /// After [`Error::Diverged`] the model has the parameters from before the call and an optimizer
    /// with zeroed state. Any other error leaves the model unchanged.
    pub fn partial_fit(&mut self, x: Examples<'_, F>, labels: &[L]) -> Result<History> {
        let hyperparameters = &self.hyperparameters;
        let network = self.fitted.as_ref().map(|(_, network)| network);
        let names = continued_names(network, &x)?;
        let x = &x.as_columns();
        check_examples(hyperparameters, x, ("labels", labels.len()), None)
            .map_err(|e| e.with_feature_name(names.as_ref().map(FeatureNames::from)))?;
        let known = self.fitted.as_ref().map(|(classes, _)| classes).or(self.declared.as_ref());
        let classes = known.cloned().unwrap_or_else(|| Classes::from_labels(labels));
        let numbers = classes.encode(labels)?;
        if classes.names().len() < 2 {
            return Err(Error::OneClass);
        }
        let class_weights = class_weights(hyperparameters, &class_counts(&numbers, &classes))?;
        let weights = &example_weights(&numbers, &class_weights, None)?;
        let data = RawData { x, y: &label_row(&numbers)?, weights, names: names.as_ref() };
        let head = Head::classification(classes.names().len());
        if let Some((_, network)) = &mut self.fitted {
            network.parameters.check_features(x)?;
            return train_one_epoch(hyperparameters, &head, &data, network)?;
        }
        let scaler = standardizer(hyperparameters, x)?;
        let rng = NumpyRandom::seed(hyperparameters.seed);
        let mut network = Network::new(hyperparameters, &head, x.nrows(), scaler, rng)?;
        network.feature_names = names.clone();
        let history = train_one_epoch(hyperparameters, &head, &data, &mut network)?;
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

/// Returns class numbers as a row, (1, m).
pub(crate) fn label_row<F: Float>(numbers: &[usize]) -> Result<Array2<F>> {
    let mut row = buffer::zeros("Y", (1, numbers.len()))?;
    row.iter_mut().zip(numbers).for_each(|(y, &number)| *y = F::of(number as f64));
    Ok(row)
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
pub(crate) fn stratified_columns(
    hyperparameters: &Hyperparameters,
    numbers: &[usize],
    rng: &mut NumpyRandom,
) -> Result<Option<(Vec<usize>, Vec<usize>)>> {
    if hyperparameters.validation_share == 0.0 {
        return Ok(None);
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
