use super::estimator::{Estimator, TestSet};
use super::mean_and_std_dev;
use super::selectable::{Selectable, View, check_index};
use crate::buffer;
use crate::checks::{check, check_argument, check_batch, check_lengths};
use crate::data::Fold;
use crate::error::Operand;
use crate::kernel::threads;
use crate::{Error, Float, Result};
use ndarray::Array2;

/// The result of [`cross_validate`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CrossValidation<F> {
    /// The score of each fold.
    pub scores: Vec<f64>,
    /// The out-of-fold outputs, (outputs, examples), as metrics take them.
    ///
    /// The outputs of an example come from the copy that had it in its test set. They are the
    /// probabilities of a classifier or the values of a regressor. An example that no fold tests
    /// has NaN. An example that several folds test has the mean.
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
/// `metric` gets the fitted copy and the [test set](TestSet). `model` is not changed, and its
/// fitted parameters are ignored. Copies of a classifier declare all classes of the targets, so a
/// fold may lack one.
///
/// ```
/// use dnn_blocks::data::k_fold;
/// use dnn_blocks::metrics::{mean_absolute_error, r2};
/// use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::selection::cross_validate;
///
/// let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64 / 20.0 - 1.0);
/// let y = x.mapv(|x| 3.0 * x + 1.0);
/// let how = Hyperparameters::plain().hidden(&[]).learning_rate(0.1).epochs(300);
/// let model = Regressor::new(how);
/// let folds = k_fold(40, 5, &mut NumpyRandom::seed(1))?;
/// let (x, y) = (Examples::rows(&x), Examples::rows(&y));
/// let result = cross_validate(&model, x, y, &folds, |model, test| {
///     let predicted = model.predict(test.x())?;
///     mean_absolute_error(Actual(&test.targets().as_columns()), Predicted(&predicted.t()))
/// })?;
/// assert!(result.mean() < 0.01);
/// assert!(r2(Actual(&y.as_columns()), Predicted(&result.outputs))? > 0.999);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// The log loss of a classifier with labels of any type:
///
/// ```
/// # use dnn_blocks::{data::stratified_k_fold, ndarray::Array2, selection::cross_validate};
/// use dnn_blocks::metrics::log_loss;
/// use dnn_blocks::prelude::*;
///
/// # let x = Array2::from_shape_fn((20, 1), |(i, _)| (i % 2) as f64 + 0.01 * i as f64);
/// # let labels: Vec<String> = (0..20).map(|i| ["no", "yes"][i % 2].into()).collect();
/// # let folds = stratified_k_fold(&labels, 4, &mut NumpyRandom::seed(1))?;
/// # let (x, how) = (Examples::rows(&x), Hyperparameters::default().hidden(&[8]).epochs(10));
/// let model = Classifier::<f64, String>::new(how);
/// let result = cross_validate(&model, x, &labels, &folds, |model, test| {
///     let p = model.predict_proba(test.x())?;
///     log_loss(Actual(test.targets()), Predicted(&p.t()).of_classes(model.classes()))
/// })?;
/// # assert!(result.mean() < 1.0);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if there is no fold, [`Error::LengthMismatch`] unless there is one
/// target for each example, [`Error::EmptyBatch`] without examples, the errors of
/// [`Estimator::for_targets`]. [`Error::InFold`] with the number of the first fold that fails and
/// one of these causes:
///
/// - [`Error::EmptyBatch`] if the training or test set is empty.
/// - [`Error::InvalidArgument`] if the index of an example is out of range, or occurs twice in the
///   fold.
/// - The errors of the fit, of `metric` and of the outputs. The numbers of examples in errors of
///   this crate are indices in all examples.
/// - [`Error::ShapeMismatch`] if the outputs of two folds differ in number.
/// - [`Error::TooLarge`] if a copy of the examples does not fit in memory.
pub fn cross_validate<M: Estimator>(
    model: &M,
    x: View<'_, M::Input>,
    targets: View<'_, M::Targets>,
    folds: &[Fold],
    metric: impl Fn(&M, &TestSet<M>) -> Result<f64> + Sync,
) -> Result<CrossValidation<M::Float>> {
    check_argument(!folds.is_empty(), "folds", 0.0, "at least 1")?;
    let m = check_targets::<M>(x, targets)?;
    for (number, fold) in folds.iter().enumerate() {
        check_fold(fold, m).map_err(|error| in_fold(number, error))?;
    }
    let model = model.for_targets(targets)?;
    let results = threads::map(folds.len(), |number| -> Result<_> {
        let fold = &folds[number];
        let (fitted, test) = fit_fold(model.clone(), x, targets, fold)?;
        let in_test = |error: Error| error.in_part(&fold.test);
        let score = metric(&fitted, &test).map_err(in_test)?;
        Ok((score, fitted.outputs(test.x()).map_err(in_test)?))
    });
    let mut scores = buffer::list("scores", folds.len(), [])?;
    let mut outputs = OutOfFold::new(m)?;
    for (number, (fold, result)) in folds.iter().zip(results).enumerate() {
        let added = result.and_then(|(score, tested)| {
            scores.push(score);
            outputs.add(&fold.test, &tested)
        });
        added.map_err(|error| in_fold(number, error))?;
    }
    Ok(CrossValidation { scores, outputs: outputs.mean() })
}

/// Fits a copy of a model to the training examples of one fold, and returns its score on the test
/// examples.
///
/// It does for one fold what [`cross_validate`] does for all, for example in a
/// [`search`](super::search).
///
/// # Errors
///
/// The errors of [`cross_validate`], without the [`Error::InFold`] around them.
pub fn score_fold<M: Estimator>(
    model: &M,
    x: View<'_, M::Input>,
    targets: View<'_, M::Targets>,
    fold: &Fold,
    metric: impl FnOnce(&M, &TestSet<M>) -> Result<f64>,
) -> Result<f64> {
    check_fold(fold, check_targets::<M>(x, targets)?)?;
    let (fitted, test) = fit_fold(model.for_targets(targets)?, x, targets, fold)?;
    metric(&fitted, &test).map_err(|error| error.in_part(&fold.test))
}

/// Checks that there are examples, each with a target, and returns their number.
pub(super) fn check_targets<M: Estimator>(
    x: View<'_, M::Input>,
    targets: View<'_, M::Targets>,
) -> Result<usize> {
    let m = M::Input::count(x);
    check_lengths(("X", m), ("targets", M::Targets::count(targets)))?;
    check_batch(Operand { name: "X", shape: (1, m) })?;
    Ok(m)
}

/// Checks that both sets have examples, all below `m`, and no example twice.
fn check_fold(fold: &Fold, m: usize) -> Result<()> {
    let mut is_used = buffer::list("examples", m, std::iter::repeat_n(false, m))?;
    for (name, examples) in [("the training set", &fold.training), ("the test set", &fold.test)] {
        check_batch(Operand { name, shape: (1, examples.len()) })?;
        for &example in examples {
            check_index(example, m)?;
            let twice = std::mem::replace(&mut is_used[example], true);
            check_argument(!twice, "example", example as f64, "only once in a fold")?;
        }
    }
    Ok(())
}

/// Fits a model to the training examples of a fold, and copies the test examples.
fn fit_fold<M: Estimator>(
    mut model: M,
    x: View<'_, M::Input>,
    targets: View<'_, M::Targets>,
    fold: &Fold,
) -> Result<(M, TestSet<M>)> {
    let training = TestSet::<M>::select(x, targets, &fold.training)?;
    let fitted = model.fit(training.x(), training.targets());
    fitted.map_err(|error| error.in_part(&fold.training))?;
    Ok((model, TestSet::select(x, targets, &fold.test)?))
}

/// Names the fold of an error.
pub(super) fn in_fold(fold: usize, error: Error) -> Error {
    Error::InFold { fold, cause: Box::new(error) }
}

/// The outputs for the test examples of all folds.
struct OutOfFold<F> {
    /// The sums, (outputs, examples); `None` before the first fold.
    sums: Option<Array2<F>>,
    /// The number of folds that test each example.
    counts: Vec<usize>,
}

impl<F: Float> OutOfFold<F> {
    fn new(m: usize) -> Result<Self> {
        Ok(Self { sums: None, counts: buffer::list("counts", m, std::iter::repeat_n(0, m))? })
    }

    fn add(&mut self, test: &[usize], tested: &Array2<F>) -> Result<()> {
        let m = self.counts.len();
        let sums = match &mut self.sums {
            Some(sums) => sums,
            None => self.sums.insert(buffer::zeros("outputs", (tested.nrows(), m))?),
        };
        let expected = Operand { name: "the test set", shape: (sums.nrows(), test.len()) };
        let found = Operand::new("outputs", tested);
        let rule = "every fold needs the same number of outputs, for each test example";
        check(found.shape == expected.shape, found, expected, rule)?;
        for (&example, tested) in test.iter().zip(tested.columns()) {
            let mut sum = sums.column_mut(example);
            match self.counts[example] {
                0 => sum.assign(&tested), // keeps -0
                _ => sum += &tested,
            }
            self.counts[example] += 1;
        }
        Ok(())
    }

    /// Returns the mean for each example; NaN, which is 0/0, for an example without a fold.
    fn mean(self) -> Array2<F> {
        let mut sums = self.sums.unwrap_or_default();
        for (mut sum, &count) in sums.columns_mut().into_iter().zip(&self.counts) {
            sum.mapv_inplace(|sum| sum / F::of(count as f64));
        }
        sums
    }
}
