use crate::buffer;
use crate::checks::check_argument;
use crate::data::Classes;
use crate::model::{Classifier, Examples, LabelSets, MultiLabelClassifier, Regressor};
use crate::{Float, Result};
use ndarray::Array2;

/// A model that can be fitted to some examples and tested on others.
///
/// Implement it for a model of your own, such as a [`Classifier`] with a preparation of its
/// features, to use [`cross_validate`](super::cross_validate) with it.
pub trait Estimator<F: Float>: Clone + Send + Sync {
    /// The type of the targets: `&[L]` of a classifier, [`Examples`] of a regressor,
    /// [`LabelSets`] of a multi-label classifier.
    type Targets<'t>: Copy + Send + Sync
    where
        Self: 't;

    /// Returns the number of examples.
    fn len(targets: Self::Targets<'_>) -> usize;

    /// Calls `f` with the targets of the examples at these indices, all below
    /// [`len`](Self::len).
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`](crate::Error::TooLarge) if they do not fit in memory.
    fn with_targets_of<R>(
        targets: Self::Targets<'_>,
        examples: &[usize],
        f: impl FnOnce(Self::Targets<'_>) -> Result<R>,
    ) -> Result<R>;

    /// Returns an unfitted copy of the model for these targets.
    ///
    /// The copy must have the same outputs in every fold, so a classifier declares all classes of
    /// the targets.
    ///
    /// # Errors
    ///
    /// An error if the targets are not valid.
    fn for_targets(&self, targets: Self::Targets<'_>) -> Result<Self>;

    /// Fits the model.
    ///
    /// # Errors
    ///
    /// The errors of the model.
    fn fit(&mut self, x: Examples<'_, F>, targets: Self::Targets<'_>) -> Result<()>;

    /// Predicts probabilities or values, in the orientation of the examples.
    ///
    /// # Errors
    ///
    /// The errors of the model.
    fn outputs(&self, x: Examples<'_, F>) -> Result<Array2<F>>;
}

impl<F: Float, L: Ord + Clone + Send + Sync> Estimator<F> for Classifier<F, L> {
    type Targets<'t>
        = &'t [L]
    where
        Self: 't;

    fn len(labels: &[L]) -> usize {
        labels.len()
    }

    fn with_targets_of<R>(
        labels: &[L],
        examples: &[usize],
        f: impl FnOnce(&[L]) -> Result<R>,
    ) -> Result<R> {
        let chosen = examples.iter().map(|&example| labels[example].clone());
        f(&buffer::list("labels", examples.len(), chosen)?)
    }

    fn for_targets(&self, labels: &[L]) -> Result<Self> {
        let model = Self::new(self.hyperparameters().clone());
        let declared = self.declared.as_ref().map(Classes::names);
        Ok(model.with_classes(declared.unwrap_or(labels)))
    }

    fn fit(&mut self, x: Examples<'_, F>, labels: &[L]) -> Result<()> {
        self.fit(x, labels).map(|_| ())
    }

    fn outputs(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        self.predict_proba(x)
    }
}

impl<F: Float> Estimator<F> for Regressor<F> {
    type Targets<'t>
        = Examples<'t, F>
    where
        Self: 't;

    fn len(targets: Examples<'_, F>) -> usize {
        targets.len()
    }

    fn with_targets_of<R>(
        targets: Examples<'_, F>,
        examples: &[usize],
        f: impl FnOnce(Examples<'_, F>) -> Result<R>,
    ) -> Result<R> {
        f(Examples::rows(&targets.selected("Y", examples)?))
    }

    fn for_targets(&self, _targets: Examples<'_, F>) -> Result<Self> {
        Ok(Self::new(self.hyperparameters().clone()))
    }

    fn fit(&mut self, x: Examples<'_, F>, targets: Examples<'_, F>) -> Result<()> {
        self.fit(x, targets).map(|_| ())
    }

    fn outputs(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        self.predict(x)
    }
}

impl<F: Float, L: Ord + Clone + Send + Sync> Estimator<F> for MultiLabelClassifier<F, L> {
    type Targets<'t>
        = LabelSets<'t, F, L>
    where
        Self: 't;

    fn len(sets: LabelSets<'_, F, L>) -> usize {
        sets.len()
    }

    fn with_targets_of<R>(
        sets: LabelSets<'_, F, L>,
        examples: &[usize],
        f: impl FnOnce(LabelSets<'_, F, L>) -> Result<R>,
    ) -> Result<R> {
        sets.with_selected(examples, f)
    }

    fn for_targets(&self, sets: LabelSets<'_, F, L>) -> Result<Self> {
        let model = Self::new(self.hyperparameters().clone());
        Ok(match &self.declared {
            Some(declared) => model.with_labels(declared.names()),
            None => model.with_labels(sets.names()?.names()),
        })
    }

    fn fit(&mut self, x: Examples<'_, F>, sets: LabelSets<'_, F, L>) -> Result<()> {
        self.fit(x, sets).map(|_| ())
    }

    fn outputs(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        self.predict_proba(x)
    }
}

/// Gives a copy the feature names of the original.
pub(super) fn named<'a, F: Float>(
    copy: Examples<'a, F>,
    original: &'a Examples<'_, F>,
) -> Examples<'a, F> {
    match original.names() {
        Some(names) => copy.feature_names(names),
        None => copy,
    }
}

/// Checks that the indices are below the number of examples.
pub(super) fn check_examples(examples: &[usize], m: usize) -> Result<()> {
    let check = |&example: &usize| {
        check_argument(
            example < m,
            "fold",
            example as f64,
            "a list of numbers below that of examples",
        )
    };
    examples.iter().try_for_each(check)
}
