//! The mean and standard deviation of a row of numbers.

use crate::Float;
use ndarray::ArrayView1;

/// The mean and standard deviation of a row in `f64`, NaN if a number is NaN or infinite.
pub(crate) struct MeanStd {
    pub mean: f64,
    /// Exactly 0 if all numbers are equal.
    pub std_dev: f64,
}

impl MeanStd {
    /// Computes the statistics of a row in three passes: range, mean, squares.
    ///
    /// Numbers are mapped from the range to [-1, 1], so that no square overflows. The sum of
    /// squares is corrected for the rounding of the mean (Chan, Golub & LeVeque 1983).
    pub fn from_row<F: Float>(row: ArrayView1<F>) -> Self {
        let m = row.len() as f64;
        let range = Range::from_extremes(&extremes(row));
        let mean = range.sum(row) / m;
        Self::from_sums(&range, mean, &range.sums_about(row, mean), m)
    }

    /// Computes the statistics of m numbers from their mean in units of the range, and their
    /// [`sums_about`](Range::sums_about) that mean.
    pub fn from_sums(range: &Range, mean: f64, sums: &[f64], m: f64) -> Self {
        if range.low == range.high && !mean.is_nan() {
            return Self { mean: range.low, std_dev: 0.0 };
        }
        let (sum, squares) = (sums[0], sums[1]);
        let variance = (squares - sum * sum / m) / m;
        let mean = range.middle + range.half * (mean + sum / m);
        Self { mean, std_dev: range.half * variance.sqrt() }
    }
}

/// Returns the largest number of a row and the largest negated number.
pub(crate) fn extremes<F: Float>(row: ArrayView1<F>) -> [f64; 2] {
    row.iter().fold([f64::NEG_INFINITY; 2], |[high, low], x| {
        let x = x.as_f64();
        [if x > high { x } else { high }, if -x > low { -x } else { low }]
    })
}

/// The range of the numbers of a row.
pub(crate) struct Range {
    low: f64,
    high: f64,
    middle: f64,
    half: f64,
}

impl Range {
    pub fn from_extremes(extremes: &[f64]) -> Self {
        let (low, high) = (-extremes[1], extremes[0]);
        let half = (high / 2.0 - low / 2.0).max(f64::MIN_POSITIVE);
        Self { low, high, middle: low / 2.0 + high / 2.0, half }
    }

    /// Maps the numbers of a row from the range to [-1, 1].
    fn scaled<F: Float>(&self, row: ArrayView1<F>) -> impl Iterator<Item = f64> {
        let (middle, half) = (self.middle, self.half);
        row.into_iter().map(move |x| (x.as_f64() - middle) / half)
    }

    /// Returns the sum of the numbers in units of the range.
    pub fn sum<F: Float>(&self, row: ArrayView1<F>) -> f64 {
        self.scaled(row).sum()
    }

    /// Returns the sum of the differences from the mean, and the sum of their squares.
    pub fn sums_about<F: Float>(&self, row: ArrayView1<F>, mean: f64) -> [f64; 2] {
        self.scaled(row).fold([0.0; 2], |[sum, squares], u| {
            let d = u - mean;
            [sum + d, squares + d * d]
        })
    }
}
