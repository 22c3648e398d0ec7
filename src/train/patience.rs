//! Counts the epochs since a cost last decreased, for early stopping and for plateaus.
//!
//! Source: L. Prechelt, *Early Stopping, but When?* (1998).

use crate::Result;
use crate::checks::{check_argument, check_non_negative};

/// A count of the epochs since a monitored value, such as a validation cost, last decreased.
///
/// A decrease counts if the value is more than the tolerance below the last value that counted.
/// The patience is exhausted after `epochs` epochs without such a decrease, as in Keras and
/// PyTorch Lightning. scikit-learn stops one epoch later: its `n_iter_no_change = n` is a patience
/// of `n + 1`.
///
/// ```
/// use dnn_blocks::train::patience::Patience;
///
/// let mut patience = Patience::new(2, 0.01)?;
/// let exhausted = [0.9, 0.5, 0.495, 0.6].map(|cost| patience.observe(cost));
/// assert_eq!(exhausted, [false, false, false, true]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// For a score, where more is better, pass its negative.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Patience {
    pub(crate) epochs: usize,
    pub(crate) tolerance: f64,
    /// The last value that counted as a decrease, if there was a value.
    pub(crate) reference: Option<f64>,
    /// The number of values since then.
    pub(crate) waited: usize,
}

impl Patience {
    /// Creates a patience of `epochs` epochs, at least 1. Only a decrease by more than `tolerance`
    /// counts.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if `epochs` is 0,
    /// [`Error::Hyperparameter`](crate::Error::Hyperparameter) if the tolerance is negative or not
    /// finite.
    pub fn new(epochs: usize, tolerance: f64) -> Result<Self> {
        check_argument(epochs > 0, "epochs", 0.0, "at least 1")?;
        check_non_negative::<f64>("tolerance", tolerance)?;
        Ok(Self { epochs, tolerance, reference: None, waited: 0 })
    }

    /// Takes the value of the next epoch, and returns whether the patience is exhausted.
    ///
    /// NaN counts as infinite, and infinities as the largest and the lowest number.
    pub fn observe(&mut self, value: f64) -> bool {
        let value = if value.is_nan() { f64::MAX } else { value.clamp(f64::MIN, f64::MAX) };
        if self.reference.is_none_or(|reference| value < reference - self.tolerance) {
            (self.reference, self.waited) = (Some(value), 0);
        } else {
            self.waited = self.waited.saturating_add(1);
        }
        self.is_exhausted()
    }

    /// Returns whether the last `epochs` values brought no decrease that counts.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.waited >= self.epochs
    }

    /// Returns the number of epochs since the last decrease that counts.
    #[must_use]
    pub fn waited(&self) -> usize {
        self.waited
    }

    /// Starts to count again, from the same value.
    pub fn restart(&mut self) {
        self.waited = 0;
    }
}
