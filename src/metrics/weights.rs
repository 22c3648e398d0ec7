use super::labels::Actual;
use crate::buffer;
use crate::checks::{check_argument, check_lengths};
use crate::error::Position;
use crate::{Error, Float, Result};
use ndarray::ArrayView1;

/// Actual labels or values with a weight for each example, made by [`Actual::weighted`].
#[derive(Debug, Clone, Copy)]
pub struct Weighted<'w, T, F> {
    actual: T,
    weights: ArrayView1<'w, F>,
}

impl<T> Actual<T> {
    /// Sets the weights of the m examples, which are at least 0 and finite.
    ///
    /// The sums of a metric count each example by its weight, as scikit-learn's `sample_weight`. A
    /// weight of 2 counts the example twice, and a weight of 0 leaves it out. Only the ratios of
    /// the weights matter.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let (actual, predicted) = (["cat", "dog", "dog"], ["cat", "cat", "dog"]);
    /// let weights = array![1.0, 2.0, 1.0];
    /// let share = accuracy(Actual(&actual).weighted(&weights), Predicted(&predicted))?;
    /// assert_eq!(share, 0.5);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn weighted<'w, F: Float>(
        self,
        weights: impl Into<ArrayView1<'w, F>>,
    ) -> Weighted<'w, T, F> {
        Weighted { actual: self.0, weights: weights.into() }
    }
}

/// The first argument of a metric that takes weights: [`Actual`], or [`Weighted`].
pub trait MaybeWeighted {
    /// The type of the labels or values.
    type Values;

    /// Returns the labels or values, and the weights if they are set.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the weights do not fit in memory.
    fn into_parts(self) -> Result<(Self::Values, Option<Vec<f64>>)>;
}

impl<T> MaybeWeighted for Actual<T> {
    type Values = T;

    fn into_parts(self) -> Result<(T, Option<Vec<f64>>)> {
        Ok((self.0, None))
    }
}

impl<T, F: Float> MaybeWeighted for Weighted<'_, T, F> {
    type Values = T;

    fn into_parts(self) -> Result<(T, Option<Vec<f64>>)> {
        let weights = self.weights.iter().map(|weight| weight.as_f64());
        Ok((self.actual, Some(buffer::list("weights", self.weights.len(), weights)?)))
    }
}

/// The weights of examples, each 1 if there is no list.
pub(super) struct Weights {
    list: Option<Vec<f64>>,
    total: f64,
}

impl Weights {
    /// Checks the weights, and scales them by a power of two so that no sum overflows.
    pub fn new(list: Option<Vec<f64>>, examples: usize) -> Result<Self> {
        let Some(mut list) = list else { return Ok(Self { list, total: examples as f64 }) };
        check_lengths(("weights", list.len()), ("actual", examples))?;
        if let Some(index) = list.iter().position(|weight| !(0.0..f64::INFINITY).contains(weight)) {
            let (position, value) = (Position::Index(index), list[index]);
            let rule = "at least 0 and finite";
            return Err(Error::InvalidValue {
                layer: None,
                operand: "weights",
                position,
                value,
                rule,
            });
        }
        let scale = power_of_two(list.iter().copied().fold(0.0, f64::max));
        list.iter_mut().for_each(|weight| *weight /= scale);
        let total: f64 = list.iter().sum();
        check_argument(total > 0.0, "the sum of the weights", total, "above 0")?;
        Ok(Self { list: Some(list), total })
    }

    pub fn is_some(&self) -> bool {
        self.list.is_some()
    }

    /// Returns the weight of an example.
    pub fn of(&self, example: usize) -> f64 {
        self.list.as_ref().map_or(1.0, |list| list[example])
    }

    /// Returns the values of the examples with a weight above 0.
    pub fn counting<T>(&self, values: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        values.enumerate().filter(|(example, _)| self.of(*example) > 0.0).map(|(_, value)| value)
    }

    /// Computes the weighted mean of a value of each example. A weight of 0 leaves out NaN too.
    pub fn mean(&self, values: impl Iterator<Item = f64>) -> f64 {
        let weighed = values.enumerate().map(|(example, value)| match self.of(example) {
            0.0 => 0.0,
            weight => weight * value,
        });
        weighed.sum::<f64>() / self.total
    }
}

/// Returns the largest power of two that is at most `x`, but at least the smallest normal number.
/// Division by it is exact for numbers that are not much smaller than `x`.
pub(super) fn power_of_two(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
    f64::from_bits(x.to_bits() & EXPONENT).max(f64::MIN_POSITIVE)
}
