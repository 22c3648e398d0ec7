use super::feature_names::FeatureNames;
use super::head::Head;
use super::history::History;
use super::hyperparameters::Hyperparameters;
use super::label_sets::LabelSets;
use super::network::Network;
use super::options::FitOptions;
use super::table::Examples;
use super::table_fit::TableFit;
use crate::checks::{check_batch, check_lengths};
use crate::data::{LabelNames, Standardizer, has_label};
use crate::error::Operand;
use crate::metrics::{Actual, Predicted, subset_accuracy};
use crate::{Error, Float, Parameters, Result};
use ndarray::Array2;

/// A neural network classifier whose examples have any number of labels, with one sigmoid output
/// for each label.
///
/// It is trained on the binary cross-entropy, summed over the labels. Labels have any type that is
/// `Ord` and `Clone`. They are passed as [`LabelSets`]: a set of names for each example, or a table
/// of 0 and 1 with the names of its labels.
///
/// A label that no training example has, or that all have, is accepted. Its output then tends
/// to 0 or 1 for every example.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8], [0.0, 1.0], [0.1, 0.9]];
/// let sets = [vec![], vec![], vec!["right", "up"], vec!["right", "up"], vec!["up"], vec!["up"]];
/// let mut model = MultiLabelClassifier::<f64, &str>::new(Hyperparameters::default());
/// let history = model.fit(Examples::rows(&x), &sets)?;
/// assert!(history.epochs[99].cost < history.epochs[0].cost);
/// assert_eq!(model.labels(), ["right", "up"]);
/// assert_eq!(model.predict(Examples::rows(&x))?, sets);
/// assert_eq!(model.predict_proba(Examples::rows(&x))?.dim(), (6, 2));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// The [metrics of labels](crate::metrics#multi-label-metrics) take tables (labels, examples).
#[derive(Debug, Clone)]
pub struct MultiLabelClassifier<F, L> {
    pub(crate) hyperparameters: Hyperparameters,
    /// The labels of [`with_labels`](Self::with_labels).
    pub(crate) declared: Option<LabelNames<L>>,
    /// The labels and the network of the last fit.
    pub(crate) fitted: Option<(LabelNames<L>, Network<F>)>,
}

impl<F: Float, L: Ord + Clone> MultiLabelClassifier<F, L> {
    /// Creates an unfitted classifier.
    #[must_use]
    pub fn new(hyperparameters: Hyperparameters) -> Self {
        Self { hyperparameters, declared: None, fitted: None }
    }

    /// Declares the labels, in the order of the outputs. A name that is given twice counts once.
    ///
    /// This is needed if the first examples of [`partial_fit`](Self::partial_fit) do not have all
    /// labels. A fitted model keeps its network: it predicts as before, and the next
    /// [`fit`](Self::fit) has the declared labels. Continuing a network with other labels or
    /// another order is an error.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let model = MultiLabelClassifier::<f32, &str>::new(Hyperparameters::default());
    /// assert_eq!(model.with_labels(&["red", "green"]).labels(), ["red", "green"]);
    /// ```
    #[must_use]
    pub fn with_labels(mut self, labels: &[L]) -> Self {
        self.declared = Some(LabelNames::new(labels));
        self
    }

    /// Creates a fitted classifier from the parameters of a network, such as one that was imported.
    ///
    /// `labels` are in the order of the outputs. Identity outputs are taken as logits, and get a
    /// sigmoid. The other arguments and further training work as in
    /// [`Classifier::from_parameters`](super::Classifier::from_parameters).
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let (w, b) = (array![[2.0, -1.0], [0.5, 1.0]], array![[0.0], [-1.0]]); // of another program
    /// let logits = Layer { w, b, activation: Activation::Identity };
    /// let parameters = Parameters::from_layers(vec![logits])?;
    /// let hyperparameters = Hyperparameters::default().hidden(&[]).standardize(false);
    /// let labels = ["red", "green"];
    /// let model = MultiLabelClassifier::from_parameters(hyperparameters, &labels, parameters, None)?;
    /// let x = array![[1.0, 1.0], [0.0, 1.0]];
    /// assert_eq!(model.predict(Examples::rows(&x))?, [vec!["red", "green"], vec![]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ZeroSize`] if there is no label, [`Error::Inconsistent`] if one is given twice; the
    /// errors of [`Classifier::from_parameters`](super::Classifier::from_parameters) that do not
    /// name classes.
    pub fn from_parameters(
        hyperparameters: Hyperparameters,
        labels: &[L],
        mut parameters: Parameters<F>,
        scaler: Option<Standardizer<F>>,
    ) -> Result<Self> {
        hyperparameters.check::<F>()?;
        let labels = LabelNames::from_distinct(labels)?;
        check_labels(&labels, 1)?;
        let head = Head::multi_label(&hyperparameters, labels.names().len())?;
        head.activate_logits(&mut parameters);
        let network = Network::from_parameters(&hyperparameters, &head, parameters, scaler)?;
        Ok(Self { hyperparameters, declared: None, fitted: Some((labels, network)) })
    }

    /// Replaces the hyperparameters, for example for a longer or a slower training.
    ///
    /// # Errors
    ///
    /// As [`Classifier::set_hyperparameters`](super::Classifier::set_hyperparameters).
    pub fn set_hyperparameters(&mut self, hyperparameters: Hyperparameters) -> Result<()> {
        hyperparameters.check::<F>()?;
        if let Some((labels, network)) = &mut self.fitted {
            let head = Head::multi_label(&hyperparameters, labels.names().len())?;
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
        let (_, network) = self.fitted.as_mut().ok_or(Error::NotFitted)?;
        network.name_features(names.into())?;
        Ok(self)
    }

    /// Checks that the labels of the network are the declared ones.
    pub(crate) fn check_declared(&self) -> Result<()> {
        match (&self.fitted, &self.declared) {
            (Some((labels, _)), Some(declared)) if labels != declared => Err(Error::Inconsistent {
                what: "the declared labels differ from the labels of the fitted network",
            }),
            _ => Ok(()),
        }
    }

    /// Returns the labels that a fit must have: the labels of the network that it continues, or the
    /// declared labels.
    pub(crate) fn known_labels(&self, continues: bool) -> Result<Option<&LabelNames<L>>> {
        if !continues {
            return Ok(self.declared.as_ref());
        }
        self.check_declared()?;
        Ok(self.fitted.as_ref().map(|(labels, _)| labels).or(self.declared.as_ref()))
    }

    /// Returns the labels of a fit, and a table (labels, examples) of the labels of `m` examples.
    fn encode(
        &self,
        m: usize,
        labels: &LabelSets<'_, F, L>,
        continues: bool,
    ) -> Result<(LabelNames<L>, Array2<F>)> {
        check_lengths(("X", m), ("labels", labels.len()))?;
        let names = match self.known_labels(continues)? {
            Some(known) => known.clone(),
            None => labels.names()?,
        };
        check_labels(&names, m)?;
        let y = labels.encode(&names)?;
        Ok((names, y))
    }

    /// Returns the labels of a distributed fit, which must be known, and a table of the labels of
    /// the examples.
    #[cfg(feature = "mpi")]
    pub(crate) fn encode_known(
        &self,
        labels: &LabelSets<'_, F, L>,
        continues: bool,
    ) -> Result<(LabelNames<L>, Array2<F>)> {
        let known = self.known_labels(continues)?.ok_or(Error::Inconsistent {
            what: "the labels are not declared: a rank knows only its own labels, so call \
                   `with_labels`",
        })?;
        check_labels(known, 1)?;
        Ok((known.clone(), labels.encode(known)?))
    }

    /// Fits the model to labeled examples, starting from new weights. With a
    /// [warm start](FitOptions::warm_start), [`fit_with`](Self::fit_with) continues a fitted model.
    ///
    /// `labels` are the [labels of each example](LabelSets). The outputs have the order of
    /// [`with_labels`](Self::with_labels) if the labels were declared, and else the order of the
    /// names of a table. Names that occur in sets are sorted. The columns of a table are found by
    /// their names, so with declared labels they may have another order.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let y = array![[0.0, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]];
    /// let labels = LabelSets::table(Examples::rows(&y), &["up", "left"]);
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(4).epochs(3);
    /// let mut model = MultiLabelClassifier::<f64, &str>::new(hyperparameters);
    /// model.fit(Examples::rows(&x), labels)?;
    /// assert_eq!(model.labels(), ["up", "left"]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Before the first step, and the model is then unchanged:
    ///
    /// - [`Error::LengthMismatch`] unless each example has labels and each column of a table of
    ///   labels a name.
    /// - [`Error::InvalidValue`] with label and example if an entry of the table is not 0 or 1.
    /// - [`Error::UnknownLabel`] with the example if a name is not a declared label.
    /// - [`Error::Inconsistent`] if a table has a label twice or other labels than the declared
    ///   ones; if [`class_weights`](Hyperparameters#structfield.class_weights) or another
    ///   [`cost`](Hyperparameters#structfield.cost) are set.
    /// - [`Error::ZeroSize`] if there is no label.
    /// - The errors of [`Classifier::fit`](super::Classifier::fit) that do not name labels or
    ///   classes.
    ///
    /// During training, [`Error::Diverged`] as there.
    pub fn fit<'l>(
        &mut self,
        x: Examples<'_, F>,
        labels: impl Into<LabelSets<'l, F, L>>,
    ) -> Result<History>
    where
        L: 'l,
    {
        self.fit_with(x, labels, FitOptions::new())
    }

    /// Fits the model with options, such as a warm start, weights or callbacks.
    ///
    /// # Errors
    ///
    /// The errors of [`fit`](Self::fit), and the errors of
    /// [`Classifier::fit_with`](super::Classifier::fit_with) that do not name classes. With a warm
    /// start, [`Error::UnknownLabel`] or [`Error::Inconsistent`] if there is a label that the model
    /// does not have.
    pub fn fit_with<'l>(
        &mut self,
        x: Examples<'_, F>,
        labels: impl Into<LabelSets<'l, F, L>>,
        options: FitOptions<'_, F>,
    ) -> Result<History>
    where
        L: 'l,
    {
        let (labels, y) = self.encode(x.len(), &labels.into(), options.warm_start)?;
        let fit = TableFit::new(&self.hyperparameters, Head::multi_label, x, &y, None)?;
        let network = self.fitted.as_ref().map(|(_, network)| network);
        let ((network, history), _) = fit.fit(network, options)?;
        self.fitted = Some((labels, network));
        history
    }

    /// Trains for one more epoch on these examples.
    ///
    /// The first call creates the network. It fits the standardizer to its examples, and takes the
    /// labels from them unless [`with_labels`](Self::with_labels) declared them. Later calls, and
    /// calls after a [`fit`](Self::fit), continue the model as
    /// [`Classifier::partial_fit`](super::Classifier::partial_fit) does.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).learning_rate(0.1);
    /// let mut model =
    ///     MultiLabelClassifier::<f64, &str>::new(hyperparameters).with_labels(&["up", "right"]);
    /// for _ in 0..50 {
    ///     let x = array![[0.1, 0.2], [0.1, 0.8]];
    ///     model.partial_fit(Examples::rows(&x), &[vec![], vec!["up"]])?;
    ///     model.partial_fit(Examples::rows(&array![[0.9, 0.1]]), &[vec!["right"]])?;
    /// }
    /// let x = array![[0.0, 1.0], [1.0, 0.0]];
    /// assert_eq!(model.predict(Examples::rows(&x))?, [["up"], ["right"]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`fit`](Self::fit) except [`Error::ConstantFeature`], and the errors of
    /// [`Classifier::partial_fit`](super::Classifier::partial_fit) that do not name classes.
    ///
    /// After [`Error::Diverged`] the model has the parameters of the last finite epoch, which may
    /// be those from before the call, and an optimizer with zeroed state. Any other error before
    /// the first step leaves the model unchanged.
    pub fn partial_fit<'l>(
        &mut self,
        x: Examples<'_, F>,
        labels: impl Into<LabelSets<'l, F, L>>,
    ) -> Result<History>
    where
        L: 'l,
    {
        self.partial_fit_with(x, labels, FitOptions::new())
    }

    /// Trains on these examples with options: weights, callbacks, the number of epochs (default 1).
    ///
    /// # Errors
    ///
    /// The errors of [`partial_fit`](Self::partial_fit), the errors of [`fit_with`](Self::fit_with)
    /// for the weights, and [`Error::Inconsistent`] if a validation set or checkpoints are set.
    pub fn partial_fit_with<'l>(
        &mut self,
        x: Examples<'_, F>,
        labels: impl Into<LabelSets<'l, F, L>>,
        options: FitOptions<'_, F>,
    ) -> Result<History>
    where
        L: 'l,
    {
        let (labels, y) = self.encode(x.len(), &labels.into(), true)?;
        let fit = TableFit::new(&self.hyperparameters, Head::multi_label, x, &y, None)?;
        let network = self.fitted.as_mut().map(|(_, network)| network);
        let (history, new) = fit.partial_fit(network, options)?;
        if let Some((network, _)) = new {
            self.fitted = Some((labels, network));
        }
        history
    }

    /// Predicts, for each example, the labels with a probability above 0.5.
    ///
    /// For another threshold, compare the numbers of [`predict_proba`](Self::predict_proba).
    ///
    /// The labels of an example are in the order of [`labels`](Self::labels).
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`] before a fit, [`Error::EmptyBatch`] if there is no example,
    /// [`Error::ShapeMismatch`] with the `W` of layer 1 if the number of features differs from the
    /// training, [`Error::NotFinite`] with the feature and the example if a number is NaN or
    /// infinite, or with the output layer if an output overflows, [`Error::TooLarge`] if a layer
    /// does not fit in memory, [`Error::FeatureName`] if a feature has another name than in the
    /// training.
    pub fn predict(&self, x: Examples<'_, F>) -> Result<Vec<Vec<L>>> {
        let (labels, network) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        labels.decode(&network.outputs(&x)?)
    }

    /// Predicts a table with a 1 where an example has a label, and 0 elsewhere.
    ///
    /// The result is (examples, labels) for [rows](Examples::rows) and (labels, examples) for
    /// [columns](Examples::columns), in the order of [`labels`](Self::labels).
    ///
    /// ```
    /// use dnn_blocks::metrics::hamming_loss;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let y = array![[0.0, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]];
    /// let labels = LabelSets::table(Examples::rows(&y), &["up", "left"]);
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).epochs(200).learning_rate(0.1);
    /// let mut model = MultiLabelClassifier::<f64, &str>::new(hyperparameters);
    /// model.fit(Examples::rows(&x), labels)?;
    /// let predicted = model.predict_table(Examples::rows(&x))?;
    /// assert_eq!(predicted, y);
    /// assert_eq!(hamming_loss(Actual(&y.t()), Predicted(&predicted.t()))?, 0.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict).
    pub fn predict_table(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        Ok(x.oriented(self.table(&x)?))
    }

    /// Predicts a table (labels, examples) of 0 and 1.
    fn table(&self, x: &Examples<'_, F>) -> Result<Array2<F>> {
        let (_, network) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        let mut table = network.outputs(x)?;
        table.mapv_inplace(zero_or_one);
        Ok(table)
    }

    /// Predicts the probability of each label. The probabilities of an example do not sum to 1.
    ///
    /// The result has the shape of [`predict_table`](Self::predict_table).
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict).
    pub fn predict_proba(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        let (_, network) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        Ok(x.oriented(network.outputs(&x)?))
    }

    /// Computes the [subset accuracy](subset_accuracy), the share of examples whose labels are all
    /// predicted correctly.
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict), and the errors of [`fit`](Self::fit) that name
    /// labels.
    pub fn score<'l>(
        &self,
        x: Examples<'_, F>,
        labels: impl Into<LabelSets<'l, F, L>>,
    ) -> Result<f64>
    where
        L: 'l,
    {
        let labels = labels.into();
        check_lengths(("X", x.len()), ("labels", labels.len()))?;
        let predicted = self.table(&x)?;
        let (names, _) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        subset_accuracy(Actual(&labels.encode(names)?), Predicted(&predicted))
    }

    /// Returns the labels, in the order of the outputs.
    ///
    /// The list is empty until the labels are declared or the model is fitted.
    pub fn labels(&self) -> &[L] {
        let fitted = self.fitted.as_ref().map(|(labels, _)| labels);
        fitted.or(self.declared.as_ref()).map_or(&[], LabelNames::names)
    }
}

impl<F: Float, L> MultiLabelClassifier<F, L> {
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

/// Checks that there is a label, if there are examples.
pub(crate) fn check_labels<L: Ord + Clone>(labels: &LabelNames<L>, examples: usize) -> Result<()> {
    match examples {
        0 => Ok(()), // the fit names the empty batch
        _ => check_batch(Operand { name: "labels", shape: (labels.names().len(), examples) }),
    }
}

/// Returns 1 if an example has a label of this probability, else 0.
pub(crate) fn zero_or_one<F: Float>(probability: F) -> F {
    if has_label(probability) { F::one() } else { F::zero() }
}
