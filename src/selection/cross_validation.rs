use super::estimator::{Estimator, check_examples, named};
use super::mean_and_std_dev;
use crate::buffer;
use crate::checks::{check_argument, check_batch, check_lengths};
use crate::data::Fold;
use crate::error::Operand;
use crate::kernel::threads;
use crate::model::{Examples, check_table};
use crate::{Float, Result};
use ndarray::Array2;

/// The result of [`cross_validate`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CrossValidation<F> {
    /// The score of each fold.
    pub scores: Vec<f64>,
    /// The out-of-fold outputs, in the orientation of the examples: each example is predicted by
    /// the copy that was tested on it. They are probabilities of a classifier and values of a
    /// regressor, and NaN for an example that no fold tests. If several folds test an example, the
    /// last one is kept.
    pub outputs: Array2<F>,
}

impl<F> CrossValidation<F> {
    /// Returns the mean score.
    #[must_use]
    pub fn mean(&self) -> f64 {
        mean_and_std_dev(&self.scores).0
    }

    /// Returns the standard deviation of the scores, with the divisor n - 1; 0 for one fold.
    #[must_use]
    pub fn std_dev(&self) -> f64 {
        mean_and_std_dev(&self.scores).1
    }
}

/// Fits a copy of a model to the training examples of each fold, and scores it on the test
/// examples.
///
/// `metric` gets the fitted copy, the test examples and their targets. `model` is not changed, and
/// its fitted parameters are ignored. Copies of a classifier declare all classes of the targets, so
/// a fold may lack one.
///
/// ```
/// use dnn_blocks::data::k_fold;
/// use dnn_blocks::metrics::{Actual, Predicted, mean_absolute_error};
/// use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::selection::cross_validate;
///
/// let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64 / 20.0 - 1.0);
/// let y = x.mapv(|x| 3.0 * x + 1.0);
/// let (x, y) = (Examples::rows(&x), Examples::rows(&y));
/// let model = Regressor::new(Hyperparameters::default().hidden(&[]).learning_rate(0.1));
/// let folds = k_fold(40, 5, &mut NumpyRandom::seed(1))?;
/// let result = cross_validate(&model, x, y, &folds, |model, x, y| {
///     let predicted = model.predict(x)?;
///     mean_absolute_error(Actual(&y.as_columns()), Predicted(&predicted.t()))
/// })?;
/// assert!(result.mean() < 0.01);
/// assert_eq!(result.outputs.dim(), (40, 1));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no fold, or an index in
/// one is out of range; [`Error::EmptyBatch`](crate::Error::EmptyBatch) if a test set is
/// empty; [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless there is one target for
/// each example; [`Error::NotFinite`](crate::Error::NotFinite)
/// if a feature is NaN or infinite; the error of the first fold whose fit or `metric` fails. The
/// numbers of examples in it are positions in the training or test set of that fold.
pub fn cross_validate<F: Float, M: Estimator<F>>(
    model: &M,
    x: Examples<'_, F>,
    targets: M::Targets<'_>,
    folds: &[Fold],
    metric: impl Fn(&M, Examples<'_, F>, M::Targets<'_>) -> Result<f64> + Sync,
) -> Result<CrossValidation<F>> {
    check_argument(!folds.is_empty(), "folds", 0.0, "at least 1")?;
    let m = x.len();
    check_table("X", &x.as_columns()).map_err(|e| e.with_feature_name(x.names()))?;
    check_lengths(("X", m), ("targets", M::len(targets)))?;
    for Fold { training, test } in folds {
        check_examples(training, m)?;
        check_examples(test, m)?;
        check_batch(Operand { name: "a test set", shape: (1, test.len()) })?;
    }
    let model = model.for_targets(targets)?;
    let results = threads::map(folds.len(), |number| {
        let Fold { training, test } = &folds[number];
        let mut model = model.clone();
        let rows = x.selected("X", training)?;
        let rows = named(Examples::rows(&rows), &x);
        M::with_targets_of(targets, training, |targets| model.fit(rows, targets))?;
        let rows = x.selected("X", test)?;
        let rows = named(Examples::rows(&rows), &x);
        let score = M::with_targets_of(targets, test, |targets| metric(&model, rows, targets))?;
        Ok((score, model.outputs(rows)?))
    });
    let results = results.into_iter().collect::<Result<Vec<(f64, Array2<F>)>>>()?;
    let width = results[0].1.ncols();
    let mut outputs = buffer::zeros("outputs", (m, width))?;
    outputs.fill(F::of(f64::NAN));
    for (fold, (_, tested)) in folds.iter().zip(&results) {
        check_lengths(("outputs", tested.ncols()), ("outputs of the first fold", width))?;
        for (&example, tested) in fold.test.iter().zip(tested.rows()) {
            outputs.row_mut(example).assign(&tested);
        }
    }
    let scores = results.into_iter().map(|(score, _)| score).collect();
    Ok(CrossValidation { scores, outputs: x.oriented(outputs.reversed_axes()) })
}
