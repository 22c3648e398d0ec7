use super::labels::{Actual, Labels, Predicted, check_pair};
#[cfg(doc)]
use crate::Error;
use crate::checks::{check_batch, check_classes, check_lengths};
use crate::data::predicted_class;
use crate::error::Operand;
use crate::{Float, Result};
use ndarray::{ArrayRef2, ArrayView2};

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
/// [`Error::LengthMismatch`] if `actual` and `predicted` differ in length, [`Error::EmptyBatch`] if
/// they are empty; the errors of [`Labels::labels`].
pub fn accuracy<'a, A, P>(actual: Actual<A>, predicted: Predicted<P>) -> Result<f64>
where
    A: Labels<'a>,
    P: Labels<'a, Label = A::Label>,
    A::Label: PartialEq,
{
    let (actual, predicted) = (actual.0.labels()?, predicted.0.labels()?);
    check_pair(actual.len(), predicted.len())?;
    let correct = actual.iter().zip(predicted.iter()).filter(|(a, p)| a == p).count();
    Ok(correct as f64 / actual.len() as f64)
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
/// The sums of the columns are not checked.
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
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`] unless there is one label for each column of `probabilities`,
/// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `probabilities` is empty,
/// [`Error::NoSuchClass`] with the example if a label has no row (or, with one row, is not 0 or 1);
/// the errors of [`Labels::labels`].
pub fn log_loss<'a, F: Float>(
    actual: Actual<impl Labels<'a, Label = usize>>,
    probabilities: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<f64> {
    let (labels, probabilities) = (actual.0.labels()?, probabilities.0.into());
    let operand = Operand::new("probabilities", &probabilities);
    check_batch(operand)?;
    check_lengths(("labels", labels.len()), (operand.name, operand.shape.1))?;
    check_classes("labels", &labels, operand.shape.0.max(2))?;
    let epsilon = F::epsilon().as_f64();
    let cost = |(example, &label): (usize, &usize)| {
        let p = match (operand.shape.0, label) {
            (1, 0) => 1.0 - probabilities[[0, example]].as_f64(),
            (1, _) => probabilities[[0, example]].as_f64(),
            _ => probabilities[[label, example]].as_f64(),
        };
        -p.clamp(epsilon, 1.0 - epsilon).ln()
    };
    Ok(labels.iter().enumerate().map(cost).sum::<f64>() / labels.len() as f64)
}
