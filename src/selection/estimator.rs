use super::owned::{OwnedExamples, OwnedLabelSets};
use super::selectable::{Selectable, View};
use crate::data::Classes;
use crate::model::{
    Classifier, Examples, LabelSets, MultiLabelClassifier, Regressor, check_new_weights,
};
use crate::{Float, Result, buffer};
use ndarray::Array2;

/// A model that can be fitted to some examples and tested on others.
///
/// The models of this crate implement it. Implement it for a model with an encoder, so that each
/// fold fits the encoder to its training examples only:
///
/// ```
/// use dnn_blocks::Result;
/// use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::selection::{Estimator, cross_validate};
///
/// /// Classifies words by the letters in them.
/// #[derive(Clone)]
/// struct WordClassifier {
///     letters: Vec<char>,
///     model: Classifier<f64, bool>,
/// }
///
/// impl WordClassifier {
///     /// Returns a matrix (letters, words) of 0 and 1.
///     fn encode(&self, words: &[String]) -> Array2<f64> {
///         Array2::from_shape_fn((self.letters.len(), words.len()), |(letter, word)| {
///             f64::from(u8::from(words[word].contains(self.letters[letter])))
///         })
///     }
/// }
///
/// impl Estimator for WordClassifier {
///     type Float = f64;
///     type Input = Vec<String>;
///     type Targets = Vec<bool>;
///
///     fn for_targets(&self, labels: &[bool]) -> Result<Self> {
///         Ok(Self { letters: Vec::new(), model: self.model.for_targets(labels)? })
///     }
///
///     fn fit(&mut self, words: &[String], labels: &[bool]) -> Result<()> {
///         self.letters = words.iter().flat_map(|word| word.chars()).collect();
///         self.letters.sort();
///         self.letters.dedup();
///         let x = self.encode(words);
///         self.model.fit(Examples::columns(&x), labels).map(|_| ())
///     }
///
///     fn outputs(&self, words: &[String]) -> Result<Array2<f64>> {
///         self.model.predict_proba(Examples::columns(&self.encode(words)))
///     }
/// }
///
/// let words = ["ab", "ac", "da", "ad", "bc", "cb", "db", "dc"].map(String::from);
/// let labels = words.clone().map(|word| word.contains('a'));
/// let how = Hyperparameters::default().hidden(&[8]).batch_size(2).constant_features(true);
/// let model = WordClassifier { letters: Vec::new(), model: Classifier::new(how) };
/// let folds = dnn_blocks::data::k_fold(8, 4, &mut NumpyRandom::seed(1))?;
/// let result = cross_validate(&model, &words, &labels, &folds, |model, test| {
///     let probabilities = model.outputs(test.x())?;
///     let predicted = probabilities.row(1).mapv(|p| p > 0.5);
///     accuracy(Actual(test.targets()), Predicted(&predicted))
/// })?;
/// assert_eq!(result.scores.len(), 4);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// [`Error::custom`](crate::Error::custom) wraps errors of other types.
pub trait Estimator: Clone + Send + Sync {
    /// The element type of the outputs.
    type Float: Float;

    /// The examples: [`OwnedExamples`] for a model that takes [`Examples`], `Vec<T>` for one that
    /// takes `&[T]`.
    type Input: Selectable;

    /// The targets: `Vec<L>` for labels `&[L]`, [`OwnedExamples`] for a table.
    type Targets: Selectable;

    /// Returns an unfitted copy for these targets, of which each fold has a part.
    ///
    /// A classifier declares the classes of all targets, so that its outputs are the same in each
    /// fold. The default returns a copy, for a model whose outputs do not depend on the targets.
    ///
    /// # Errors
    ///
    /// An error if the targets are not valid.
    fn for_targets(&self, targets: View<'_, Self::Targets>) -> Result<Self> {
        let _ = targets;
        Ok(self.clone())
    }

    /// Fits the model to these examples only, from new weights.
    ///
    /// # Errors
    ///
    /// The errors of the model.
    fn fit(&mut self, x: View<'_, Self::Input>, targets: View<'_, Self::Targets>) -> Result<()>;

    /// Predicts probabilities or values, (outputs, examples).
    ///
    /// # Errors
    ///
    /// The errors of the model.
    fn outputs(&self, x: View<'_, Self::Input>) -> Result<Array2<Self::Float>>;
}

impl<F: Float, L: Ord + Clone + Send + Sync> Estimator for Classifier<F, L> {
    type Float = F;
    type Input = OwnedExamples<F>;
    type Targets = Vec<L>;

    /// Declares the classes of the labels, unless classes are declared.
    fn for_targets(&self, labels: &[L]) -> Result<Self> {
        let network = self.fitted.as_ref().map(|(_, network)| network);
        check_new_weights(self.hyperparameters(), network)?;
        let model = Self::new(self.hyperparameters().clone());
        let declared = self.declared.as_ref().map(Classes::names);
        Ok(model.with_classes(declared.unwrap_or(labels)))
    }

    fn fit(&mut self, x: Examples<'_, F>, labels: &[L]) -> Result<()> {
        self.fit(x, labels).map(|_| ())
    }

    /// Predicts the probability of each class.
    fn outputs(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        self.predict_proba(x.into_columns())
    }
}

impl<F: Float> Estimator for Regressor<F> {
    type Float = F;
    type Input = OwnedExamples<F>;
    type Targets = OwnedExamples<F>;

    fn for_targets(&self, _targets: Examples<'_, F>) -> Result<Self> {
        check_new_weights(self.hyperparameters(), self.network.as_ref())?;
        Ok(Self::new(self.hyperparameters().clone()))
    }

    fn fit(&mut self, x: Examples<'_, F>, targets: Examples<'_, F>) -> Result<()> {
        self.fit(x, targets).map(|_| ())
    }

    /// Predicts the values.
    fn outputs(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        self.predict(x.into_columns())
    }
}

impl<F: Float, L: Ord + Clone + Send + Sync> Estimator for MultiLabelClassifier<F, L> {
    type Float = F;
    type Input = OwnedExamples<F>;
    type Targets = OwnedLabelSets<F, L>;

    /// Declares the labels of the sets, unless labels are declared.
    fn for_targets(&self, sets: LabelSets<'_, F, L>) -> Result<Self> {
        let network = self.fitted.as_ref().map(|(_, network)| network);
        check_new_weights(self.hyperparameters(), network)?;
        let model = Self::new(self.hyperparameters().clone());
        Ok(match &self.declared {
            Some(declared) => model.with_labels(declared.names()),
            None => model.with_labels(sets.names()?.names()),
        })
    }

    fn fit(&mut self, x: Examples<'_, F>, sets: LabelSets<'_, F, L>) -> Result<()> {
        self.fit(x, sets).map(|_| ())
    }

    /// Predicts the probability of each label.
    fn outputs(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        self.predict_proba(x.into_columns())
    }
}

/// The examples and targets that a metric scores a fitted model on.
#[derive(Debug)]
pub struct TestSet<M: Estimator> {
    pub(super) x: M::Input,
    pub(super) targets: M::Targets,
    pub(super) examples: Vec<usize>,
}

impl<M: Estimator> TestSet<M> {
    /// Copies the examples at these indices and their targets.
    pub(super) fn select(
        x: View<'_, M::Input>,
        targets: View<'_, M::Targets>,
        examples: &[usize],
    ) -> Result<Self> {
        let (x, targets) = (M::Input::select(x, examples)?, M::Targets::select(targets, examples)?);
        let examples = buffer::list("examples", examples.len(), examples.iter().copied())?;
        Ok(Self { x, targets, examples })
    }

    /// Returns the examples.
    #[must_use]
    pub fn x(&self) -> View<'_, M::Input> {
        self.x.view()
    }

    /// Returns the targets.
    #[must_use]
    pub fn targets(&self) -> View<'_, M::Targets> {
        self.targets.view()
    }

    /// Returns the indices of the examples among all examples, for example to look up weights.
    #[must_use]
    pub fn examples(&self) -> &[usize] {
        &self.examples
    }
}
