use super::mean_std::MeanStd;
use crate::buffer;
use crate::checks::{check, check_batch, check_finite, check_finite_features};
use crate::error::{Operand, Position};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};

/// The mean and standard deviation of every feature, to standardize examples.
///
/// Fit it to the training examples and keep it with the network, because later examples must be
/// standardized by the same numbers.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let train_x = array![[1.0, 3.0, 5.0, 7.0], [9.0, 9.0, 9.0, 9.0]];
/// let standardizer = Standardizer::fit(&train_x)?;
/// assert_eq!(standardizer.mean(), array![[4.0], [9.0]]);
/// let x = standardizer.transform(&train_x)?;
/// assert!((x.row(0).std(0.0) - 1.0_f64).abs() < 1e-15);
/// assert_eq!(x.row(1), array![0.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[doc(alias("normalizeRows", "normalize_rows"))]
#[derive(Debug, Clone, PartialEq)]
pub struct Standardizer<F> {
    mean: Array2<F>,
    std_dev: Array2<F>,
}

impl<F: Float> Standardizer<F> {
    /// Computes the mean and standard deviation of each row of `X` (features, examples).
    ///
    /// The sum of squares is divided by m, not m - 1. Both numbers are computed in `f64`, relative
    /// to the middle of the range of the row, so that a large mean does not hide a small standard
    /// deviation.
    ///
    /// A constant feature gets a standard deviation of 1. A feature is constant except for rounding
    /// if its standard deviation is at most four units in the last place of its mean; it gets the
    /// larger of 1 and `|μ|`.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let standardizer = Standardizer::fit(&array![[1e9, 1e9 + 2.0], [5.0, 5.0]])?;
    /// assert_eq!(standardizer.std_dev(), array![[1.0], [1.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] with the feature and the example if a number is NaN or infinite,
    /// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `X` is empty, [`Error::TooLarge`] if the
    /// columns do not fit in memory.
    #[inline(never)]
    pub fn fit(x: &ArrayRef2<F>) -> Result<Self> {
        check_batch(Operand::new("X", x))?;
        check_finite_features("X", x)?;
        Self::from_mean_std(x.nrows(), x.rows().into_iter().map(MeanStd::from_row), feature_divisor)
    }

    /// Computes the mean and standard deviation of each row of checked targets.
    ///
    /// A small standard deviation stays as it is: a larger one would multiply the errors of a
    /// network.
    pub(crate) fn fit_targets(y: &ArrayRef2<F>) -> Result<Self> {
        Self::from_mean_std(y.nrows(), y.rows().into_iter().map(MeanStd::from_row), target_divisor)
    }

    /// Creates a standardizer from the statistics of each feature.
    pub(crate) fn from_mean_std(
        features: usize,
        rows: impl Iterator<Item = MeanStd>,
        divisor: impl Fn(&MeanStd) -> F,
    ) -> Result<Self> {
        let mut mean = buffer::zeros("mean", (features, 1))?;
        let mut std_dev = buffer::zeros("std_dev", (features, 1))?;
        for ((row, mean), std_dev) in rows.zip(&mut mean).zip(&mut std_dev) {
            (*mean, *std_dev) = (F::of(row.mean), divisor(&row));
        }
        Ok(Self { mean, std_dev })
    }

    /// Creates a standardizer from stored columns (features, 1).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let fitted = Standardizer::fit(&array![[1.0, 3.0]])?;
    /// let (mean, std_dev) = (fitted.mean().clone(), fitted.std_dev().clone());
    /// assert_eq!(Standardizer::from_columns(mean, std_dev)?, fitted);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] unless `mean` and `std_dev` are columns of one length,
    /// [`Error::ZeroSize`] if they are empty, [`Error::NotFinite`] if a number is NaN or infinite,
    /// [`Error::InvalidValue`] unless every standard deviation is above 0.
    pub fn from_columns(mean: Array2<F>, std_dev: Array2<F>) -> Result<Self> {
        let (left, right) = (Operand::new("mean", &mean), Operand::new("std_dev", &std_dev));
        check_batch(left)?;
        let fits = mean.ncols() == 1 && left.shape == right.shape;
        check(fits, left, right, "two columns of one length")?;
        check_finite("mean", &mean)?;
        check_finite("std_dev", &std_dev)?;
        match std_dev.iter().position(|std_dev| *std_dev <= F::zero()) {
            Some(row) => Err(Error::InvalidValue {
                layer: None,
                operand: "std_dev",
                position: Position::Entry { row, column: 0 },
                value: std_dev[[row, 0]].as_f64(),
                rule: "above 0",
            }),
            None => Ok(Self { mean, std_dev }),
        }
    }

    /// Returns the means `μ`, a column (features, 1).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// assert_eq!(Standardizer::fit(&array![[1.0, 3.0]])?.mean(), array![[2.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn mean(&self) -> &Array2<F> {
        &self.mean
    }

    /// Returns the standard deviations `σ`, a column (features, 1), all above 0.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// assert_eq!(Standardizer::fit(&array![[1.0, 5.0]])?.std_dev(), array![[2.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn std_dev(&self) -> &Array2<F> {
        &self.std_dev
    }

    /// Computes `(X - μ)/σ`, of the shape of `X` (features, examples).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let standardizer = Standardizer::fit(&array![[1.0, 5.0]])?;
    /// assert_eq!(standardizer.transform(&array![[3.0, 7.0, -1.0]])?, array![[0.0, 2.0, -2.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `X` has another number of features, [`Error::EmptyBatch`] if it
    /// has no example, [`Error::NotFinite`] with the feature and the example if a number is NaN or
    /// infinite, [`Error::TooLarge`] if the result does not fit in memory.
    #[inline(never)]
    pub fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check("X", x)?;
        let mut scaled = buffer::copy_of("X", x)?;
        self.map(&mut scaled, standardized);
        Ok(scaled)
    }

    /// Replaces `X` by `(X - μ)/σ`. An error leaves `X` unchanged.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let mut x = array![[1.0, 5.0]];
    /// Standardizer::fit(&x)?.transform_inplace(&mut x)?;
    /// assert_eq!(x, array![[-1.0, 1.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`transform`](Self::transform), except [`Error::TooLarge`].
    #[inline(never)]
    pub fn transform_inplace(&self, x: &mut ArrayRef2<F>) -> Result<()> {
        self.check("X", x)?;
        self.map(x, standardized);
        Ok(())
    }

    /// Computes `Z·σ + μ`, the inverse of [`transform`](Self::transform).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let standardizer = Standardizer::fit(&array![[1.0, 5.0]])?;
    /// assert_eq!(standardizer.inverse_transform(&array![[0.0, 2.0]])?, array![[3.0, 7.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`transform`](Self::transform).
    #[inline(never)]
    pub fn inverse_transform(&self, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check("Z", z)?;
        let mut x = buffer::copy_of("Z", z)?;
        self.map(&mut x, unscaled);
        Ok(x)
    }

    /// Replaces `Z` by `Z·σ + μ`. An error leaves `Z` unchanged.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let mut z = array![[0.0, 2.0]];
    /// Standardizer::fit(&array![[1.0, 5.0]])?.inverse_transform_inplace(&mut z)?;
    /// assert_eq!(z, array![[3.0, 7.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`inverse_transform`](Self::inverse_transform), except [`Error::TooLarge`].
    #[inline(never)]
    pub fn inverse_transform_inplace(&self, z: &mut ArrayRef2<F>) -> Result<()> {
        self.check("Z", z)?;
        self.map(z, unscaled);
        Ok(())
    }

    /// Checks that the standardizer has this number of features.
    #[cfg(feature = "onnx")]
    pub(crate) fn check_features(&self, features: usize) -> Result<()> {
        let network = Operand { name: "the network", shape: (features, 1) };
        check(self.mean.nrows() == features, Operand::new("mean", &self.mean), network, "same rows")
    }

    /// Checks that `x` has the features of the standardizer, and is finite.
    fn check(&self, name: &'static str, x: &ArrayRef2<F>) -> Result<()> {
        let (left, right) = (Operand::new("mean", &self.mean), Operand::new(name, x));
        check(left.shape.0 == right.shape.0, left, right, "same rows")?;
        check_batch(right)?;
        check_finite_features(name, x)
    }

    /// Replaces each number `x` by `f(x, mean, std_dev)` with the statistics of its row, in `f64`.
    fn map(&self, x: &mut ArrayRef2<F>, f: impl Fn(f64, f64, f64) -> f64) {
        let rows = x.rows_mut().into_iter().zip(&self.mean).zip(&self.std_dev);
        for ((row, mean), std_dev) in rows {
            let (mean, std_dev) = (mean.as_f64(), std_dev.as_f64());
            row.into_iter().for_each(|x| *x = F::of(f(x.as_f64(), mean, std_dev)));
        }
    }
}

/// Computes `(x - μ)/σ`, even if the difference overflows.
fn standardized(x: f64, mean: f64, std_dev: f64) -> f64 {
    let difference = x - mean;
    if difference.is_finite() {
        difference / std_dev
    } else {
        (x / 2.0 - mean / 2.0) / (std_dev / 2.0)
    }
}

/// Computes `z·σ + μ`, even if the product overflows.
fn unscaled(z: f64, mean: f64, std_dev: f64) -> f64 {
    let product = z * std_dev;
    if product.is_finite() { product + mean } else { 2.0 * (z * (std_dev / 2.0) + mean / 2.0) }
}

/// Returns the standard deviation to divide by, which is never 0.
///
/// The bound for rounding does not grow with m, unlike the bound in scikit-learn's
/// `StandardScaler`, because the error of [`MeanStd`] does not.
pub(crate) fn feature_divisor<F: Float>(row: &MeanStd) -> F {
    let size = row.mean.abs();
    let std_dev = F::of(row.std_dev);
    if row.std_dev == 0.0 {
        F::one()
    } else if std_dev.as_f64() <= 4.0 * F::epsilon().as_f64() * size || std_dev.is_zero() {
        F::of(size.max(1.0))
    } else {
        std_dev
    }
}

/// Returns the standard deviation of targets, 1 for a constant.
pub(crate) fn target_divisor<F: Float>(row: &MeanStd) -> F {
    let std_dev = F::of(row.std_dev);
    if std_dev.is_zero() { F::one() } else { std_dev }
}
