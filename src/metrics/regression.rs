use super::labels::Predicted;
use super::weights::{MaybeWeighted, Weights, power_of_two};
#[cfg(doc)]
use crate::Error;
use crate::checks::{check_batch, check_each, check_finite, check_same_shape};
use crate::data::mean_std::MeanStd;
use crate::error::{Operand, Position};
use crate::{Float, Result};
use ndarray::{ArrayRef2, ArrayView1, ArrayView2};

/// Computes the coefficient of determination, `R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)²`.
///
/// `actual` and `predicted` are (outputs, m); the result is the mean over the outputs. 1 is
/// perfect, and 0 is no better than the mean of `actual`. An output with constant `actual` values
/// scores 1 if `predicted` equals them, else 0, as in scikit-learn. So does a single example, for
/// which scikit-learn returns NaN. NaN, and an infinity in `actual`, give NaN.
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
/// [`Error::ZeroSize`] if they are empty; the errors of [`accuracy`](super::accuracy) for the
/// weights.
pub fn r2<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<f64> {
    let (actual, weights) = actual.into_parts()?;
    let (actual, predicted) = (actual.into(), predicted.0.into());
    check_matrices(&actual, &predicted)?;
    let weights = Weights::new(weights, actual.ncols())?;
    if !weights.is_some() {
        return r2_of_matrices(&actual, &predicted);
    }
    Ok(mean_over_outputs(&actual, &predicted, |a, p| r2_of_weighted_row(a, p, &weights)))
}

pub(crate) fn r2_of_matrices<F: Float>(
    actual: &ArrayRef2<F>,
    predicted: &ArrayRef2<F>,
) -> Result<f64> {
    check_matrices(actual, predicted)?;
    Ok(mean_over_outputs(actual, predicted, |actual, predicted| r2_of_row(predicted, actual)))
}

fn check_matrices<F: Float>(actual: &ArrayRef2<F>, predicted: &ArrayRef2<F>) -> Result<()> {
    check_same_shape(Operand::new("predicted", predicted), Operand::new("actual", actual))?;
    check_batch(Operand::new("actual", actual))
}

/// Computes the mean of a figure of each output.
fn mean_over_outputs<F: Float>(
    actual: &ArrayRef2<F>,
    predicted: &ArrayRef2<F>,
    figure: impl Fn(ArrayView1<F>, ArrayView1<F>) -> f64,
) -> f64 {
    let outputs = || actual.rows().into_iter().zip(predicted.rows());
    let figures = || outputs().map(|(actual, predicted)| figure(actual, predicted));
    let (sum, count) = (figures().sum::<f64>(), actual.nrows() as f64);
    // The sum of large numbers may overflow where the mean does not.
    if sum.is_infinite() { figures().map(|figure| figure / count).sum() } else { sum / count }
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

/// Computes R² of one output with weights. Values are divided by a power of two near the largest
/// actual one, so that no square overflows or underflows.
fn r2_of_weighted_row<F: Float>(
    actual: ArrayView1<F>,
    predicted: ArrayView1<F>,
    weights: &Weights,
) -> f64 {
    let sizes = actual.iter().map(|a| a.as_f64().abs());
    let size = power_of_two(weights.counting(sizes).fold(0.0, f64::max));
    let scaled = |value: &F| value.as_f64() / size;
    let actual = || actual.iter().map(scaled);
    let differences = || predicted.iter().map(scaled).zip(actual()).map(|(p, a)| p - a);
    let first = weights.counting(actual()).next().unwrap_or(0.0);
    if weights.counting(actual()).all(|a| a == first) {
        return match weights.counting(differences()).map(f64::abs).sum() {
            0.0 => 1.0,
            error if f64::is_nan(error) => error,
            _ => 0.0,
        };
    }
    let mean = first + weights.mean(actual().map(|a| a - first));
    let deviations = || actual().map(|a| a - mean);
    let scale = power_of_two(weights.counting(deviations().map(f64::abs)).fold(0.0, f64::max));
    let square = |d: f64| (d / scale).powi(2);
    1.0 - weights.mean(differences().map(square)) / weights.mean(deviations().map(square))
}

/// Computes the mean absolute error, `MAE = 1/m Σ |y - ŷ|`.
///
/// `actual` and `predicted` are (outputs, m); the result is the mean over the outputs.
///
/// ```
/// use dnn_blocks::metrics::mean_absolute_error;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (actual, predicted) = (array![[1.0, 2.0, 3.0, 4.0]], array![[1.0, 2.0, 4.0, 1.0]]);
/// assert_eq!(mean_absolute_error(Actual(&actual), Predicted(&predicted))?, 1.0);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`r2`]; [`Error::NotFinite`] if a number is NaN or infinite.
pub fn mean_absolute_error<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<f64> {
    mean_error(actual, predicted, |d| d, |mean| mean)
}

/// Computes the root mean squared error, `RMSE = √(1/m Σ (y - ŷ)²)`.
///
/// `actual` and `predicted` are (outputs, m); the result is the mean of the roots of the outputs,
/// as in scikit-learn's `root_mean_squared_error`. No square overflows.
///
/// ```
/// use dnn_blocks::metrics::root_mean_squared_error;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (actual, predicted) = (array![[1.0, 2.0, 3.0, 4.0]], array![[1.0, 2.0, 3.0, 8.0]]);
/// assert_eq!(root_mean_squared_error(Actual(&actual), Predicted(&predicted))?, 2.0);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`r2`]; [`Error::NotFinite`] if a number is NaN or infinite.
pub fn root_mean_squared_error<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<f64> {
    mean_error(actual, predicted, |d| d * d, f64::sqrt)
}

/// Computes `inverse(mean(power(|y - ŷ|)))` of each output, and the mean over the outputs.
/// Differences are scaled by a power of two, so that no power and no sum overflows.
fn mean_error<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
    power: fn(f64) -> f64,
    inverse: fn(f64) -> f64,
) -> Result<f64> {
    let (actual, predicted, weights) = finite_values(actual, predicted)?;
    Ok(mean_over_outputs(&actual, &predicted, |actual, predicted| {
        let pairs = || actual.iter().zip(predicted);
        let differences = |factor| pairs().map(move |(a, p)| difference(*a, *p, factor));
        let largest = |factor| weights.counting(differences(factor)).fold(0.0, f64::max);
        // A difference of two large numbers may overflow, but half of it does not.
        let (factor, largest) = match largest(1.0) {
            difference if difference.is_finite() => (1.0, difference),
            _ => (0.5, largest(0.5)),
        };
        let scale = power_of_two(largest);
        let scaled = differences(factor).map(|d| power(d / scale));
        inverse(weights.mean(scaled)) * scale / factor
    }))
}

/// Computes `|a - p|`, with both multiplied by a factor.
fn difference<F: Float>(a: F, p: F, factor: f64) -> f64 {
    (a.as_f64() * factor - p.as_f64() * factor).abs()
}

/// Computes the mean Poisson deviance, `D = 2/m Σ (y ln(y/ŷ) - y + ŷ)`.
///
/// It compares predicted rates with counts or other values that are at least 0: a model of the
/// [Poisson cost](crate::cost::Cost::Poisson) minimizes it. 0 is perfect. The term of a `y` of 0 is
/// `2 ŷ`. `actual` and `predicted` are (outputs, m); the result is the mean over the outputs. For
/// one output it is scikit-learn's `mean_poisson_deviance`. No sum overflows before the result.
///
/// ```
/// use dnn_blocks::metrics::mean_poisson_deviance;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (actual, predicted) = (array![[2.0, 0.0, 3.0]], array![[2.0, 0.75, 3.0]]);
/// assert_eq!(mean_poisson_deviance(Actual(&actual), Predicted(&predicted))?, 0.5);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`r2`]; [`Error::NotFinite`] if a number is NaN or infinite;
/// [`Error::InvalidValue`] if an actual value is below 0 or a predicted one is not above 0.
///
/// Source: McCullagh and Nelder, *Generalized Linear Models* (1989).
pub fn mean_poisson_deviance<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<f64> {
    let (actual, predicted, weights) = finite_values(actual, predicted)?;
    check_each("actual", &actual, Position::entry, ("at least 0", |y| y >= F::zero()))?;
    check_each("predicted", &predicted, Position::entry, ("above 0", |rate| rate > F::zero()))?;
    Ok(mean_over_outputs(&actual, &predicted, |actual, predicted| {
        let pairs = || actual.iter().zip(predicted).map(|(y, rate)| (y.as_f64(), rate.as_f64()));
        let sizes = pairs().map(|(y, rate)| y.max(rate));
        let scale = power_of_two(weights.counting(sizes).fold(0.0, f64::max));
        2.0 * weights.mean(pairs().map(|(y, rate)| half_deviance(y, rate, scale))) * scale
    }))
}

/// Computes `(y ln(y/ŷ) - y + ŷ)/scale`.
fn half_deviance(y: f64, rate: f64, scale: f64) -> f64 {
    if y == 0.0 {
        return rate / scale;
    }
    let ratio = y / rate;
    let ln = if ratio.is_normal() { ratio.ln() } else { y.ln() - rate.ln() };
    f64::max(y / scale * ln - y / scale + rate / scale, 0.0) // rounding may make it negative
}

/// Checks actual and predicted values, which must be finite, and the weights.
fn finite_values<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<(ArrayView2<'a, F>, ArrayView2<'a, F>, Weights)> {
    let (actual, weights) = actual.into_parts()?;
    let (actual, predicted) = (actual.into(), predicted.0.into());
    check_matrices(&actual, &predicted)?;
    check_finite("actual", &actual)?;
    check_finite("predicted", &predicted)?;
    let weights = Weights::new(weights, actual.ncols())?;
    Ok((actual, predicted, weights))
}
