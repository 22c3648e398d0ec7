use super::class_scores::{ClassProbabilities, ClassScores, OF_CLASSES};
use super::labels::{Labels, Predicted, check_column_sums, check_pair};
use super::ranking::{ScoredExamples, check_probabilities};
use super::weights::{MaybeWeighted, Weights};
#[cfg(doc)]
use crate::Error;
use crate::buffer;
use crate::checks::{check_batch, check_classes, check_lengths};
use crate::data::{Classes, predicted_class};
use crate::error::Operand;
use crate::{Float, Result};
use ndarray::{ArrayRef2, ArrayView1, ArrayView2};

/// Computes the accuracy, the share of examples whose label is predicted correctly.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// assert_eq!(accuracy(Actual(&["cat", "dog"]), Predicted(&["cat", "cat"]))?, 0.5);
/// let (y, predicted) = (array![[0.0, 1.0, 1.0, 0.0]], array![[0.0, 1.0, 0.0, 0.0]]);
/// assert_eq!(accuracy(Actual(&y), Predicted(&predicted))?, 0.75);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`] if `actual`, `predicted` or the weights differ in length,
/// [`Error::EmptyBatch`] if they are empty; [`Error::InvalidValue`] if a weight is negative, NaN or
/// infinite, [`Error::InvalidArgument`] if all weights are 0; the errors of [`Labels::labels`].
pub fn accuracy<'a, A, P, L>(actual: A, predicted: Predicted<P>) -> Result<f64>
where
    A: MaybeWeighted<Values: Labels<'a, Label = L>>,
    P: Labels<'a, Label = L>,
    L: Clone + PartialEq + 'a,
{
    let (actual, weights) = actual.into_parts()?;
    let (actual, predicted) = (actual.labels()?, predicted.0.labels()?);
    check_pair(actual.len(), predicted.len())?;
    let weights = Weights::new(weights, actual.len())?;
    let is_correct = actual.iter().zip(predicted.iter()).map(|(a, p)| u8::from(a == p));
    Ok(weights.mean(is_correct.map(f64::from)))
}

/// Computes the balanced accuracy, the mean of the recalls of the classes.
///
/// ```math
/// \frac{1}{C} \sum_{c=1}^{C} \frac{TP_c}{TP_c + FN_c}
/// ```
///
/// The C classes are the actual labels of weight above 0, as in scikit-learn's
/// `balanced_accuracy_score`. A class that is only predicted has no recall and does not count.
///
/// ```
/// use dnn_blocks::metrics::balanced_accuracy;
/// use dnn_blocks::prelude::*;
///
/// let actual = ["ill", "well", "well", "well", "well"];
/// let predicted = Predicted(&["well"; 5]);
/// assert_eq!(accuracy(Actual(&actual), predicted)?, 0.8);
/// assert_eq!(balanced_accuracy(Actual(&actual), predicted)?, 0.5);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`accuracy`]; [`Error::TooLarge`] if the sums do not fit in memory.
///
/// Source: Brodersen et al. (2010), *The balanced accuracy and its posterior distribution*.
pub fn balanced_accuracy<'a, A, P, L>(actual: A, predicted: Predicted<P>) -> Result<f64>
where
    A: MaybeWeighted<Values: Labels<'a, Label = L>>,
    P: Labels<'a, Label = L>,
    L: Ord + Clone + 'a,
{
    let (actual, weights) = actual.into_parts()?;
    let (actual, predicted) = (actual.labels()?, predicted.0.labels()?);
    check_pair(actual.len(), predicted.len())?;
    let weights = Weights::new(weights, actual.len())?;
    let classes = Classes::from_labels(actual.iter());
    let mut sums = buffer::zeros::<f64>("sums", (classes.names().len(), 2))?;
    for (example, (label, predicted)) in actual.iter().zip(predicted.iter()).enumerate() {
        let Some(class) = classes.number(label) else { continue };
        sums[[class, 0]] += weights.of(example);
        sums[[class, 1]] += if label == predicted { weights.of(example) } else { 0.0 };
    }
    let occurring = || sums.rows().into_iter().filter(|sums| sums[0] > 0.0);
    let recalls: f64 = occurring().map(|sums| sums[1] / sums[0]).sum();
    Ok(recalls / occurring().count() as f64)
}

/// Computes the accuracy of outputs `AL` (n_L, m) for class numbers (1, m), without allocation.
pub(crate) fn accuracy_of_outputs<F: Float>(
    al: &ArrayRef2<F>,
    numbers: &ArrayRef2<F>,
) -> Result<f64> {
    check_batch(Operand::new("AL", al))?;
    let examples = al.columns().into_iter().zip(numbers.row(0));
    let correct = examples.filter(|(a, y)| predicted_class(*a) == y.as_f64() as usize).count();
    Ok(correct as f64 / al.ncols() as f64)
}

/// Computes the log loss, `-1/m Σ ln p`, in nats per example.
///
/// `p` is the predicted probability of the actual class. `probabilities` is (classes, m), or (1, m)
/// with the probability of class 1 of two classes. Each `p` is clipped to [ε, 1 - ε] with the ε of
/// `F`, as in scikit-learn, so a probability of 0 costs 36 in `f64` and 16 in `f32`. NaN gives NaN.
/// The sums of the columns are not checked. Labels are the numbers of the rows. For labels of
/// another type, name the classes of the rows by [`of_classes`](Predicted::of_classes).
///
/// ```
/// use dnn_blocks::metrics::log_loss;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let softmax = array![[0.5, 0.2], [0.25, 0.7], [0.25, 0.1]];
/// let loss = log_loss(Actual(&[0, 1]), Predicted(&softmax))?;
/// assert!((loss - (0.5_f64.ln() + 0.7_f64.ln()) / -2.0).abs() < 1e-15);
/// let (y, sigmoid) = (array![[0.0, 1.0]], array![[0.25, 0.75]]);
/// assert_eq!(log_loss(Actual(&y), Predicted(&sigmoid))?, -0.75_f64.ln());
/// let sigmoid = Predicted(&sigmoid).of_classes(&["no", "yes"]);
/// assert_eq!(log_loss(Actual(&["no", "yes"]), sigmoid)?, -0.75_f64.ln());
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`] unless there is one label for each column of `probabilities`,
/// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `probabilities` is empty,
/// [`Error::NoSuchClass`] with the example if a label has no row (or, with one row, is not 0 or 1);
/// [`Error::InvalidValue`] if a number is below 0 or above 1, as logits are; the errors of
/// [`accuracy`] for the weights; the errors of [`Labels::labels`]. With classes,
/// [`Error::LengthMismatch`] unless each row has one (two for one row), [`Error::UnknownLabel`] or
/// [`Error::Inconsistent`] if a label is none of them, or they are not sorted.
pub fn log_loss<'a, F: Float, A, P, L>(actual: A, probabilities: P) -> Result<f64>
where
    A: MaybeWeighted<Values: Labels<'a, Label = L>>,
    P: ClassProbabilities<'a, L, Scores: Into<ArrayView2<'a, F>>>,
    L: Clone + 'a,
{
    let (actual, weights) = actual.into_parts()?;
    let (labels, (probabilities, classes)) = (actual.labels()?, probabilities.into_parts());
    let probabilities = probabilities.into();
    let operand = Operand::new("probabilities", &probabilities);
    check_batch(operand)?;
    check_lengths(("labels", labels.len()), (operand.name, operand.shape.1))?;
    let count = operand.shape.0.max(2);
    if let Some(classes) = classes {
        check_lengths((OF_CLASSES, classes.len()), ("the classes of the scores", count))?;
    }
    let labels = P::class_numbers(labels, classes)?;
    check_classes("labels", &labels, count)?;
    check_probabilities(&probabilities)?;
    let weights = Weights::new(weights, labels.len())?;
    let epsilon = F::epsilon().as_f64();
    let cost = |(example, &label): (usize, &usize)| {
        let p = match (operand.shape.0, label) {
            (1, 0) => 1.0 - probabilities[[0, example]].as_f64(),
            (1, _) => probabilities[[0, example]].as_f64(),
            _ => probabilities[[label, example]].as_f64(),
        };
        -p.clamp(epsilon, 1.0 - epsilon).ln()
    };
    Ok(weights.mean(labels.iter().enumerate().map(cost)))
}

/// Computes the Brier score, the mean squared error of probabilities.
///
/// ```math
/// \frac{1}{m} \sum_{i=1}^{m} (p^{(i)} - y^{(i)})^2 \qquad
/// \frac{1}{m} \sum_{i=1}^{m} \sum_{c=1}^{C} (p_c^{(i)} - y_c^{(i)})^2
/// ```
///
/// 0 is perfect. With one row, (1, m), the result is the first formula, at most 1: `p` is the
/// probability of the second of two classes. With C > 2 rows, (C, m), it is the second formula, the
/// sum over the classes, at most 2; `y` is one-hot. With two rows it is half of the second formula,
/// which equals the first one where both probabilities sum to 1. This is the default of
/// scikit-learn's `brier_score_loss`, `scale_by_half="auto"`. With
/// [`of_classes`](Predicted::of_classes), classes may be absent from the labels.
///
/// ```
/// use dnn_blocks::metrics::brier_score;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let sigmoid = array![[0.25, 0.75]];
/// assert_eq!(brier_score(Actual(&["no", "yes"]), Predicted(&sigmoid))?, 0.0625);
/// let softmax = array![[0.5, 0.25], [0.25, 0.75], [0.25, 0.0]];
/// let softmax = Predicted(&softmax).of_classes(&[0, 1, 2]);
/// assert_eq!(brier_score(Actual(&[0, 1]), softmax)?, 0.25);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`roc_auc`](super::roc_auc) except [`Error::ClassSize`]; [`Error::InvalidValue`]
/// if a number is not from 0 to 1, [`Error::ColumnSum`] if there are several rows and a column does
/// not sum to 1 within 0.001.
///
/// Source: Brier (1950), *Verification of forecasts expressed in terms of probability*.
pub fn brier_score<'a, F: Float, A, L>(
    actual: A,
    probabilities: impl ClassScores<'a, L, Scores: Into<ArrayView2<'a, F>>>,
) -> Result<f64>
where
    A: MaybeWeighted<Values: Labels<'a, Label = L>>,
    L: Ord + Clone + 'a,
{
    let examples = ScoredExamples::new(actual, probabilities)?;
    let (scores, classes) = (&examples.scores, &examples.classes);
    check_probabilities(scores)?;
    let rows = scores.nrows();
    if rows > 1 {
        check_column_sums("predicted", scores)?;
    }
    let first = usize::from(rows == 1); // a single row is the second class
    let error = |(p, &class): (ArrayView1<'_, F>, &usize)| {
        let square = |(row, p): (usize, &F)| {
            let y = f64::from(u8::from(row + first == class));
            (p.as_f64() - y).powi(2)
        };
        p.iter().enumerate().map(square).sum::<f64>()
    };
    let mean = examples.weights.mean(scores.columns().into_iter().zip(classes).map(error));
    Ok(if rows == 2 { mean / 2.0 } else { mean })
}
