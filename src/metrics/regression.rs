use super::labels::{Actual, Predicted};
#[cfg(doc)]
use crate::Error;
use crate::checks::{check_batch, check_same_shape};
use crate::data::mean_std::MeanStd;
use crate::error::Operand;
use crate::{Float, Result};
use ndarray::{ArrayRef2, ArrayView1, ArrayView2};

/// Computes the coefficient of determination, `R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)²`, the mean over the outputs.
///
/// `actual`, `predicted` (outputs, m). 1 is perfect, 0 is no better than the mean of `actual`. An
/// output whose `actual` is constant, as with a single example, scores 1 if `predicted` is equal to
/// it, else 0, as in scikit-learn. NaN, and an infinity in `actual`, give NaN.
///
/// ```
/// use dnn_blocks::metrics::r2;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (actual, predicted) = (array![[1.0, 2.0, 3.0]], array![[1.0, 2.0, 4.0]]);
/// assert_eq!(r2(Actual(&actual), Predicted(&predicted))?, 0.5);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if the two differ in shape, [`Error::EmptyBatch`] or
/// [`Error::ZeroSize`] if they are empty.
pub fn r2<'a, F: Float>(
    actual: Actual<impl Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<f64> {
    r2_of_matrices(&actual.0.into(), &predicted.0.into())
}

pub(crate) fn r2_of_matrices<F: Float>(
    actual: &ArrayRef2<F>,
    predicted: &ArrayRef2<F>,
) -> Result<f64> {
    check_same_shape(Operand::new("predicted", predicted), Operand::new("actual", actual))?;
    check_batch(Operand::new("actual", actual))?;
    let outputs = predicted.rows().into_iter().zip(actual.rows());
    let sum: f64 = outputs.map(|(predicted, actual)| r2_of_row(predicted, actual)).sum();
    Ok(sum / actual.nrows() as f64)
}

/// Each difference is divided before it is squared, so that no square is too large or too small.
fn r2_of_row<F: Float>(predicted: ArrayView1<F>, actual: ArrayView1<F>) -> f64 {
    let MeanStd { mean, std_dev } = MeanStd::from_row(actual);
    let differences = || predicted.iter().zip(actual).map(|(p, a)| p.as_f64() - a.as_f64());
    if std_dev == 0.0 && !differences().any(f64::is_nan) {
        return if differences().all(|d| d == 0.0) { 1.0 } else { 0.0 };
    }
    let square = |d: f64| (d / std_dev).powi(2);
    let left: f64 = differences().map(square).sum();
    let all: f64 = actual.iter().map(|a| square(mean - a.as_f64())).sum();
    1.0 - left / all
}
