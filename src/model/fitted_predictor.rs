//! Predictors of fitted models.

use super::classifier::{Classifier, log_probabilities_in_place};
use super::features::Features;
use super::multi_label::{MultiLabelClassifier, zero_or_one};
use super::packed_weights::PackedWeights;
use super::predictor::Predictor;
use super::regressor::Regressor;
use crate::buffer::{self, matrix, matrix_mut};
use crate::data::{Standardizer, has_label, predicted_class};
use crate::{Error, Float, Parameters, Result};
use ndarray::ArrayView2;

/// A [`Classifier`] with buffers, which predicts labels without allocation.
///
/// [`Classifier::predictor`] creates it. Its examples are [`Features`]: a matrix (features,
/// examples), one example as a 1-D array or slice, or `Examples::rows(&table)`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
/// # let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(2).seed(1);
/// # let mut model = Classifier::<f64, &str>::new(hyperparameters);
/// model.fit(Examples::rows(&x), &["no", "no", "yes", "yes"])?;
/// let mut predictor = model.predictor(16)?;
/// assert_eq!(predictor.predict(&array![1.0, 0.9])?, [&"yes"]);
/// assert_eq!(predictor.predict_proba(&array![1.0, 0.9])?.dim(), (2, 1)); // (classes, examples)
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug)]
pub struct ClassifierPredictor<'p, F, L> {
    predictor: Predictor<'p, F>,
    classes: &'p [L],
    /// The labels of the last prediction.
    labels: Vec<&'p L>,
    /// The probabilities of both classes, if the network has one output for two classes.
    both: Vec<F>,
}

impl<F: Clone, L> Clone for ClassifierPredictor<'_, F, L> {
    /// Clones the room for labels too, so that predictions of the clone do not allocate.
    fn clone(&self) -> Self {
        let mut labels = Vec::with_capacity(self.labels.capacity());
        labels.extend_from_slice(&self.labels);
        let (predictor, classes, both) = (self.predictor.clone(), self.classes, self.both.clone());
        Self { predictor, classes, labels, both }
    }
}

impl<'p, F: Float, L> ClassifierPredictor<'p, F, L> {
    /// Predicts with weights that were packed from the parameters of this model.
    ///
    /// ```
    /// use dnn_blocks::model::PackedWeights;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// # let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(2).seed(1);
    /// # let mut model = Classifier::<f32, &str>::new(hyperparameters);
    /// # model.fit(Examples::rows(&x.mapv(|x| x as f32)), &["no", "no", "yes", "yes"])?;
    /// let weights = PackedWeights::new(model.parameters().expect("a fitted model"))?;
    /// let mut predictor = model.predictor(16)?.with_weights(&weights)?;
    /// assert_eq!(predictor.predict(&array![1.0, 0.9])?, [&"yes"]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Inconsistent`] if shapes, biases or activations differ from the model's,
    /// [`Error::TooLarge`] if the buffers do not fit in memory.
    pub fn with_weights(mut self, weights: &'p PackedWeights<F>) -> Result<Self> {
        self.predictor = self.predictor.with_weights(weights)?;
        Ok(self)
    }

    /// Predicts the most probable label of each example.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if the number of features differs from the training, or if there
    /// are more examples than the predictor was made for, [`Error::EmptyBatch`] if there is no
    /// example, [`Error::NotFinite`] if an example or an output is not finite,
    /// [`Error::FeatureName`] if a feature has another name than in the training.
    pub fn predict<'x>(&mut self, x: impl Into<Features<'x, F>>) -> Result<&[&'p L]> {
        let (al, classes) = (self.predictor.finite_outputs(x.into())?, self.classes);
        self.labels.clear();
        self.labels.extend(al.columns().into_iter().map(|al| &classes[predicted_class(al)]));
        Ok(&self.labels)
    }

    /// Predicts the probability of each class, (classes, examples).
    ///
    /// The result has this orientation for every kind of [`Features`], and can have any strides.
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict).
    pub fn predict_proba<'x>(
        &mut self,
        x: impl Into<Features<'x, F>>,
    ) -> Result<ArrayView2<'_, F>> {
        let al = self.predictor.finite_outputs(x.into())?;
        if self.both.is_empty() {
            return Ok(al);
        }
        let m = al.ncols();
        let mut both = matrix_mut(&mut self.both, 2, m);
        both.row_mut(0).assign(&al.row(0));
        both.row_mut(0).mapv_inplace(|a| F::one() - a);
        both.row_mut(1).assign(&al.row(0));
        Ok(matrix(&self.both, 2, m))
    }

    /// Predicts the natural logarithm of the probability of each class, (classes, examples).
    ///
    /// Unless the weights are packed, the result is bit-identical to
    /// [`Classifier::predict_log_proba`]. It has this orientation for every kind of [`Features`],
    /// and can have any strides.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// # let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(2).seed(1);
    /// # let mut model = Classifier::<f64, &str>::new(hyperparameters);
    /// model.fit(Examples::rows(&x), &["no", "no", "yes", "yes"])?;
    /// let mut predictor = model.predictor(16)?;
    /// let expected = model.predict_log_proba(Examples::columns(&array![[1e6], [1e6]]))?;
    /// let logarithms = predictor.predict_log_proba(&array![1e6, 1e6])?;
    /// assert_eq!(logarithms, expected);
    /// assert!(logarithms[[0, 0]] < -1000.0 && logarithms[[0, 0]].is_finite());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict); [`Error::NotFinite`] with the output layer if a
    /// logit or a logarithm overflows.
    pub fn predict_log_proba<'x>(
        &mut self,
        x: impl Into<Features<'x, F>>,
    ) -> Result<ArrayView2<'_, F>> {
        let Self { predictor, both, .. } = self;
        let (layers, shape) = (predictor.layers(), predictor.logits(x.into())?);
        if both.is_empty() {
            log_probabilities_in_place(&mut predictor.computed_mut(shape), layers)?;
            return Ok(predictor.computed(shape));
        }
        let m = shape.1;
        let mut logits = matrix_mut(both, 2, m);
        logits.row_mut(0).fill(F::zero());
        logits.row_mut(1).assign(&predictor.computed(shape).row(0)); // softmax of (0, z)
        log_probabilities_in_place(&mut logits, layers)?;
        Ok(matrix(both, 2, m))
    }
}

/// A [`MultiLabelClassifier`] with buffers, which predicts labels without allocation.
///
/// [`MultiLabelClassifier::predictor`] creates it. Its examples are [`Features`]: a matrix
/// (features, examples), one example as a 1-D array or slice, or `Examples::rows(&table)`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
/// # let hyperparameters = Hyperparameters::default().hidden(&[8]).epochs(100).learning_rate(0.05);
/// # let mut model = MultiLabelClassifier::<f64, &str>::new(hyperparameters);
/// model.fit(Examples::rows(&x), &[vec![], vec![], vec!["right", "up"], vec!["right", "up"]])?;
/// let mut predictor = model.predictor(16)?;
/// assert_eq!(predictor.predict(&array![1.0, 0.9])?, [[&"right", &"up"]]);
/// assert_eq!(predictor.predict_proba(&array![1.0, 0.9])?.dim(), (2, 1)); // (labels, examples)
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug)]
pub struct MultiLabelPredictor<'p, F, L> {
    predictor: Predictor<'p, F>,
    labels: &'p [L],
    /// The labels of each example of the last prediction.
    sets: Vec<Vec<&'p L>>,
    /// The entries of the last table.
    table: Vec<F>,
}

impl<F: Clone, L> Clone for MultiLabelPredictor<'_, F, L> {
    /// Clones the room for labels too, so that predictions of the clone do not allocate.
    fn clone(&self) -> Self {
        let room = |_| Vec::with_capacity(self.labels.len());
        let sets = self.sets.iter().map(room).collect();
        let (predictor, labels, table) = (self.predictor.clone(), self.labels, self.table.clone());
        Self { predictor, labels, sets, table }
    }
}

impl<'p, F: Float, L> MultiLabelPredictor<'p, F, L> {
    /// Predicts with weights that were packed from the parameters of this model.
    ///
    /// # Errors
    ///
    /// [`Error::Inconsistent`] if shapes, biases or activations differ from the model's,
    /// [`Error::TooLarge`] if the buffers do not fit in memory.
    pub fn with_weights(mut self, weights: &'p PackedWeights<F>) -> Result<Self> {
        self.predictor = self.predictor.with_weights(weights)?;
        Ok(self)
    }

    /// Predicts the labels of each example, those whose probability is above 0.5.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if the number of features differs from the training, or if there
    /// are more examples than the predictor was made for, [`Error::EmptyBatch`] if there is no
    /// example, [`Error::NotFinite`] if an example or an output is not finite,
    /// [`Error::FeatureName`] if a feature has another name than in the training.
    pub fn predict<'x>(&mut self, x: impl Into<Features<'x, F>>) -> Result<&[Vec<&'p L>]> {
        let (al, labels) = (self.predictor.finite_outputs(x.into())?, self.labels);
        for (set, al) in self.sets.iter_mut().zip(al.columns()) {
            set.clear();
            let found = labels.iter().zip(al).filter(|(_, a)| has_label(**a));
            set.extend(found.map(|(label, _)| label));
        }
        Ok(&self.sets[..al.ncols()])
    }

    /// Predicts a table (labels, examples) with a 1 where an example has a label, and 0 elsewhere.
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict).
    pub fn predict_table<'x>(
        &mut self,
        x: impl Into<Features<'x, F>>,
    ) -> Result<ArrayView2<'_, F>> {
        let al = self.predictor.finite_outputs(x.into())?;
        let (labels, m) = al.dim();
        let entries = matrix_mut(&mut self.table, labels, m).into_iter().zip(&al);
        entries.for_each(|(entry, a)| *entry = zero_or_one(*a));
        Ok(matrix(&self.table, labels, m))
    }

    /// Predicts the probability of each label, (labels, examples).
    ///
    /// The result has this orientation for every kind of [`Features`], and can have any strides.
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict).
    pub fn predict_proba<'x>(
        &mut self,
        x: impl Into<Features<'x, F>>,
    ) -> Result<ArrayView2<'_, F>> {
        self.predictor.finite_outputs(x.into())
    }
}

/// A [`Regressor`] with buffers, which predicts targets without allocation.
///
/// [`Regressor::predictor`] creates it. Its examples are [`Features`]: a matrix (features,
/// examples), one example as a 1-D array or slice, or `Examples::rows(&table)`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], array![[0.0], [2.0], [4.0], [6.0]]);
/// # let hyperparameters = Hyperparameters::default().hidden(&[]).batch_size(4);
/// # let mut model = Regressor::<f64>::new(hyperparameters);
/// model.fit(Examples::rows(&x), Examples::rows(&y))?;
/// let mut predictor = model.predictor(16)?;
/// let target = predictor.predict(&array![1.5])?[[0, 0]]; // (outputs, examples)
/// assert_eq!(target, model.predict(Examples::rows(&array![[1.5]]))?[[0, 0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RegressorPredictor<'p, F> {
    predictor: Predictor<'p, F>,
}

impl<'p, F: Float> RegressorPredictor<'p, F> {
    /// Predicts with weights that were packed from the parameters of this model.
    ///
    /// # Errors
    ///
    /// [`Error::Inconsistent`] if shapes, biases or activations differ from the model's,
    /// [`Error::TooLarge`] if the buffers do not fit in memory.
    pub fn with_weights(mut self, weights: &'p PackedWeights<F>) -> Result<Self> {
        self.predictor = self.predictor.with_weights(weights)?;
        Ok(self)
    }

    /// Predicts the targets, (outputs, examples), in their units.
    ///
    /// Unless the weights are packed, they are bit-identical to [`Regressor::predict`].
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if the number of features differs from the training, or if there
    /// are more examples than the predictor was made for, [`Error::EmptyBatch`] if there is no
    /// example, [`Error::NotFinite`] if an example or a target is not finite,
    /// [`Error::FeatureName`] if a feature has another name than in the training.
    pub fn predict<'x>(&mut self, x: impl Into<Features<'x, F>>) -> Result<ArrayView2<'_, F>> {
        self.predictor.finite_outputs(x.into())
    }
}

impl<F: Float, L: Ord + Clone> Classifier<F, L> {
    /// Creates a predictor for up to `examples` examples at a time.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`] before a fit; the errors of [`Predictor::new`].
    pub fn predictor(&self, examples: usize) -> Result<ClassifierPredictor<'_, F, L>> {
        let (classes, _) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        let classes = classes.names();
        let predictor = network_predictor(self.parameters(), self.scaler(), examples)?
            .with_names(self.feature_names());
        let labels = buffer::list("labels", examples, [])?;
        let both = if classes.len() == 2 { (2, examples) } else { (0, 0) };
        let both = buffer::vec("probabilities", both)?;
        Ok(ClassifierPredictor { predictor, classes, labels, both })
    }
}

impl<F: Float, L: Ord + Clone> MultiLabelClassifier<F, L> {
    /// Creates a predictor for up to `examples` examples at a time.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`] before a fit; the errors of [`Predictor::new`].
    pub fn predictor(&self, examples: usize) -> Result<MultiLabelPredictor<'_, F, L>> {
        let labels = self.labels();
        let predictor = network_predictor(self.parameters(), self.scaler(), examples)?
            .with_names(self.feature_names());
        let set = |_| buffer::list("labels", labels.len(), []);
        let sets = buffer::try_list("labels", examples, (0..examples).map(set))?;
        let table = buffer::vec("labels", (labels.len(), examples))?;
        Ok(MultiLabelPredictor { predictor, labels, sets, table })
    }
}

impl<F: Float> Regressor<F> {
    /// Creates a predictor for up to `examples` examples at a time.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`] before a fit; the errors of [`Predictor::new`].
    pub fn predictor(&self, examples: usize) -> Result<RegressorPredictor<'_, F>> {
        let predictor = network_predictor(self.parameters(), self.scaler(), examples)?
            .with_names(self.feature_names());
        Ok(RegressorPredictor {
            predictor: match self.target_scaler() {
                Some(scaler) => predictor.target_scaled(scaler),
                None => predictor,
            },
        })
    }
}

fn network_predictor<'p, F: Float>(
    parameters: Option<&'p Parameters<F>>,
    scaler: Option<&'p Standardizer<F>>,
    examples: usize,
) -> Result<Predictor<'p, F>> {
    let predictor = Predictor::new(parameters.ok_or(Error::NotFitted)?, examples)?;
    match scaler {
        Some(scaler) => predictor.scaled(scaler),
        None => Ok(predictor),
    }
}
