use super::labels::{Actual, Predicted};
#[cfg(doc)]
use crate::Error;
use crate::checks::{check_batch, check_same_shape};
use crate::data::mean_std::MeanStd;
use crate::error::Operand;
use crate::{Float, Result};
use ndarray::{ArrayRef2, ArrayView1, ArrayView2};

/// Computes the coefficient of determination, `R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)²`.
///
/// `actual` and `predicted` are (outputs, m); the result is the mean over the outputs. 1 is
/// perfect, and 0 is no better than the mean of `actual`. An output with constant `actual` values,
/// as with a single example, scores 1 if `predicted` equals them, else 0, as in scikit-learn. NaN,
/// and an infinity in `actual`, give NaN.
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
/// [`Error::ShapeMismatch`] if `actual` and `predicted` differ in shape, [`Error::EmptyBatch`] or
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

/// Computes R² of one output. Differences are divided by the standard deviation before they are
/// squared, so that no square overflows or underflows.
fn r2_of_row<F: Float>(predicted: ArrayView1<F>, actual: ArrayView1<F>) -> f64 {
    let MeanStd { mean, std_dev } = MeanStd::from_row(actual);
    let differences = || predicted.iter().zip(actual).map(|(p, a)| p.as_f64() - a.as_f64());
    if std_dev == 0.0 && !differences().any(f64::is_nan) {
        return if differences().all(|d| d == 0.0) { 1.0 } else { 0.0 };
    }
    let square = |d: f64| (d / std_dev).powi(2);
    let residual: f64 = differences().map(square).sum();
    let total: f64 = actual.iter().map(|a| square(mean - a.as_f64())).sum();
    1.0 - residual / total
}
