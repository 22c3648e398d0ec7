//! Learning-rate schedules.
//!
//! ```math
//! \alpha_t = \frac{\alpha_0}{1 + r\, t} \qquad
//! \alpha_t = \frac{\alpha_0}{1 + r \lfloor t / T \rfloor} \qquad
//! \alpha_t = \frac{\alpha_0}{(1 + t)^p} \qquad
//! \alpha_t = \ell + \frac{\alpha_0 - \ell}{2} \left(1 + \cos \pi \frac{t - w}{T - w}\right)
//! ```
//!
//! Source: A. Ng, *Improving Deep Neural Networks*, week 2 (2017); I. Loshchilov, F. Hutter,
//! [*SGDR*](https://arxiv.org/abs/1608.03983) (2017) for the cosine, P. Goyal et al.,
//! [*Accurate, large minibatch SGD*](https://arxiv.org/abs/1706.02677) (2017) for the warm-up.
//!
//! [`Plateau`] reduces the rate when a cost no longer decreases.

use crate::checks::{check_hyperparameter, check_non_negative, check_probability};
use crate::{Float, Result};
use std::f64::consts::PI;

/// A learning-rate schedule: the rate `α` at time `t`, given the initial `α₀`.
///
/// `t` is the number of epochs that are done, or for `InverseScaling` the number of examples.
///
/// | variant | `α` |
/// |---|---|
/// | `Constant` | `α₀` |
/// | `InverseTime` | `α₀/(1 + r·t)`, with the decay rate `r` |
/// | `Intervals` | `α₀/(1 + r·⌊t/T⌋)`, with the time interval `T` |
/// | `Step` | `α₀·f^⌊t/T⌋`, with the factor `f` every `T` epochs |
/// | `Exponential` | `α₀·e^(-r·t)` |
/// | `InverseScaling` | `α₀/(t + 1)^p`, where `t` counts examples |
/// | `Cosine` | a linear warm-up of `w` epochs, then half a cosine to `l` at `t = T` |
/// | `CosineToEnd` | half a cosine from `α₀` to 0 at the end of a fit |
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let schedule = Schedule::Step { factor: 0.1, every: 30 };
/// schedule.check::<f64>()?;
/// assert_eq!([0, 29, 30].map(|epoch| schedule.at(0.5, epoch)), [0.5, 0.5, 0.05]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Schedule {
    /// `α = α₀`.
    Constant,
    /// `α = α₀/(1 + r·t)` (Ng 2017).
    InverseTime {
        /// The decay rate `r`, at least 0.
        decay_rate: f64,
    },
    /// `α = α₀/(1 + r·⌊t/T⌋)` (Ng 2017).
    Intervals {
        /// The decay rate `r`, at least 0.
        decay_rate: f64,
        /// The time interval `T` in epochs, at least 1.
        time_interval: usize,
    },
    /// `α = α₀·f^⌊t/T⌋`; with `T = 1` the course's `0.95ᵗ·α₀` (Ng 2017).
    Step {
        /// The factor `f`, above 0 and at most 1.
        factor: f64,
        /// The epochs `T` from one step to the next, at least 1.
        every: usize,
    },
    /// `α = α₀·e^(-r·t)`.
    Exponential {
        /// The decay rate `r`, at least 0.
        decay_rate: f64,
    },
    /// `α = α₀/(t + 1)^p`, where `t` is the number of examples that the network was trained on.
    ///
    /// This is scikit-learn's `invscaling`. Like the other schedules it changes the rate from epoch
    /// to epoch, not within one.
    InverseScaling {
        /// The power `p`, at least 0.
        power: f64,
    },
    /// A linear warm-up (Goyal et al. 2017), then half a cosine (Loshchilov & Hutter 2017,
    /// equation 5), then the lowest rate.
    ///
    /// `α = α₀·(t + 1)/(w + 1)` for `t < w`;
    /// `α = l + (α₀ - l)·(1 + cos(π·(t - w)/(T - w)))/2` for `w ≤ t < T`; `α = l` from `t = T` on.
    Cosine {
        /// The epochs `w` of the warm-up, at least 0.
        warm_up: usize,
        /// The epochs `T` until the lowest rate, more than `w`.
        total: usize,
        /// The lowest rate `l`, at least 0.
        lowest: f64,
    },
    /// Half a cosine from `α₀` in the first epoch of a fit to 0 after its last one.
    ///
    /// [`over`](Self::over) replaces it by the [`Cosine`](Self::Cosine) of that number of epochs.
    /// A fit of a model calls it, so that the schedule follows the number of epochs. It counts the
    /// epochs of the fit: a warm start begins with `α₀` again, and a partial fit of one epoch has
    /// `α₀`. In a loop of your own, call `over` first; without it, [`at`](Self::at) returns `α₀`.
    CosineToEnd,
}

impl Schedule {
    /// Returns the learning rate at time `t`: the number of epochs that are done or, if the
    /// schedule [`counts_examples`](Self::counts_examples), the number of examples that were seen
    /// in them.
    ///
    /// It is finite at every time if `α₀` is finite and [`check`](Self::check) returns `Ok`. An
    /// interval of 0 counts as 1. A cosine with `total <= warm_up` has the lowest rate after the
    /// warm-up.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let schedule = Schedule::Cosine { warm_up: 3, total: 11, lowest: 0.25 };
    /// let rates = [0, 1, 2, 3, 7, 11, 12].map(|epoch| schedule.at(1.0, epoch));
    /// assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 0.625, 0.25, 0.25]);
    /// ```
    #[must_use]
    pub fn at(self, learning_rate0: f64, t: usize) -> f64 {
        let epoch = t;
        let t = t as f64;
        match self {
            Schedule::Constant | Schedule::CosineToEnd => learning_rate0,
            Schedule::InverseTime { decay_rate } => learning_rate0 / (1.0 + decay_rate * t),
            Schedule::Intervals { decay_rate, time_interval } => {
                learning_rate0 / (1.0 + decay_rate * full_intervals(epoch, time_interval))
            }
            Schedule::Step { factor, every } => {
                learning_rate0 * factor.powf(full_intervals(epoch, every))
            }
            Schedule::Exponential { decay_rate } => learning_rate0 * (-decay_rate * t).exp(),
            Schedule::InverseScaling { power } => learning_rate0 / (t + 1.0).powf(power),
            Schedule::Cosine { warm_up, .. } if epoch < warm_up => {
                learning_rate0 * ((t + 1.0) / (warm_up as f64 + 1.0))
            }
            Schedule::Cosine { total, lowest, .. } if epoch >= total => lowest,
            Schedule::Cosine { warm_up, total, lowest } => {
                let done = (epoch - warm_up) as f64 / (total - warm_up) as f64;
                let share = (1.0 + (PI * done).cos()) / 2.0;
                share * learning_rate0 + (1.0 - share) * lowest
            }
        }
    }

    /// Returns the schedule of a training of this number of epochs.
    ///
    /// Only [`CosineToEnd`](Self::CosineToEnd) depends on it.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let schedule = Schedule::CosineToEnd.over(4);
    /// assert_eq!(schedule, Schedule::Cosine { warm_up: 0, total: 4, lowest: 0.0 });
    /// assert_eq!([0, 2, 4].map(|epoch| schedule.at(0.1, epoch)), [0.1, 0.05, 0.0]);
    /// assert_eq!(Schedule::Constant.over(4), Schedule::Constant);
    /// ```
    #[must_use]
    pub fn over(self, epochs: usize) -> Self {
        match self {
            Schedule::CosineToEnd => {
                Schedule::Cosine { warm_up: 0, total: epochs.max(1), lowest: 0.0 }
            }
            other => other,
        }
    }

    /// Returns whether the time of [`at`](Self::at) is a number of examples, not of epochs.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let schedule = Schedule::InverseScaling { power: 0.5 };
    /// assert!(schedule.counts_examples());
    /// assert_eq!(schedule.at(0.1, 99), 0.01); // after 99 examples
    /// ```
    #[must_use]
    pub fn counts_examples(self) -> bool {
        matches!(self, Schedule::InverseScaling { .. })
    }

    /// Checks that the numbers of the schedule are valid for a network of type `F`.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let error = Schedule::Exponential { decay_rate: -0.5 }.check::<f64>().unwrap_err();
    /// assert_eq!(error.to_string(), "decay_rate is -0.5, but must be at least 0 and finite");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`](crate::Error::Hyperparameter) with the name of the number that
    /// is NaN, infinite, or outside the range that its field states.
    pub fn check<F: Float>(self) -> Result<()> {
        match self {
            Schedule::Constant | Schedule::CosineToEnd => Ok(()),
            Schedule::InverseTime { decay_rate } | Schedule::Exponential { decay_rate } => {
                check_non_negative::<f64>("decay_rate", decay_rate)
            }
            Schedule::InverseScaling { power } => check_non_negative::<f64>("power", power),
            Schedule::Intervals { decay_rate, time_interval } => {
                check_non_negative::<f64>("decay_rate", decay_rate)?;
                check_interval("time_interval", time_interval)
            }
            Schedule::Step { factor, every } => {
                check_probability::<f64>("factor", factor)?;
                check_interval("every", every)
            }
            Schedule::Cosine { warm_up, total, lowest } => {
                check_hyperparameter(total > warm_up, "total", total as f64, "more than warm_up")?;
                check_non_negative::<F>("lowest", lowest)
            }
        }
    }
}

/// The reduction of a learning rate when a cost no longer decreases: `α ← max(α·factor, lowest)`.
///
/// A [`Patience`] counts the epochs without a decrease. It is restarted after a reduction, so that
/// the lower rate gets as many epochs again.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::patience::Patience;
/// use dnn_blocks::train::schedule::Plateau;
///
/// let plateau = Plateau::new(0.1, 2).lowest(1e-5);
/// let mut patience = Patience::new(plateau.patience, 0.0)?;
/// let mut learning_rate = 0.01;
/// for cost in [0.9, 0.7, 0.7, 0.8, 0.6] {
///     if patience.observe(cost) {
///         learning_rate = plateau.reduce(learning_rate);
///         patience.restart();
///     }
/// }
/// assert_eq!(learning_rate, 0.001);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// [`Patience`]: super::patience::Patience
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Plateau {
    /// The factor of a reduction, above 0 and below 1.
    pub factor: f64,
    /// The number of epochs without a decrease after which the rate is reduced, at least 1.
    pub patience: usize,
    /// The lowest rate that a reduction leads to, at least 0 (default 0).
    pub lowest: f64,
}

impl Plateau {
    /// Creates a reduction by `factor` after `patience` epochs without a decrease.
    #[must_use]
    pub fn new(factor: f64, patience: usize) -> Self {
        Self { factor, patience, lowest: 0.0 }
    }

    /// Sets the lowest rate that a reduction leads to.
    #[must_use]
    pub fn lowest(self, lowest: f64) -> Self {
        Self { lowest, ..self }
    }

    /// Returns the reduced learning rate. A rate below the lowest one stays as it is.
    #[must_use]
    pub fn reduce(&self, learning_rate: f64) -> f64 {
        (learning_rate * self.factor).max(self.lowest.min(learning_rate))
    }

    /// Checks that the numbers are valid for a network of type `F`.
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`](crate::Error::Hyperparameter) with the name of the number that is
    /// out of range.
    pub fn check<F: Float>(&self) -> Result<()> {
        let factor = self.factor > 0.0 && self.factor < 1.0;
        check_hyperparameter(factor, "plateau.factor", self.factor, "above 0 and below 1")?;
        check_interval("plateau.patience", self.patience)?;
        check_non_negative::<F>("plateau.lowest", self.lowest)
    }
}

/// Computes the course's learning rate decay, `α = α₀/(1 + r·t)`.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::schedule::update_lr;
///
/// assert_eq!(update_lr(0.5, 2, 1.0), 0.16666666666666666); // the course's own case
/// ```
#[must_use]
pub fn update_lr(learning_rate0: f64, epoch_num: usize, decay_rate: f64) -> f64 {
    Schedule::InverseTime { decay_rate }.at(learning_rate0, epoch_num)
}

/// Computes the course's decay at fixed intervals, `α = α₀/(1 + r·⌊t/T⌋)`.
///
/// An interval `T` of 0 counts as 1.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::schedule::schedule_lr_decay;
///
/// let rates = [10, 100].map(|epoch| schedule_lr_decay(0.5, epoch, 0.3, 100));
/// assert_eq!(rates, [0.5, 0.3846153846153846]); // the course's own cases
/// ```
#[must_use]
pub fn schedule_lr_decay(
    learning_rate0: f64,
    epoch_num: usize,
    decay_rate: f64,
    time_interval: usize,
) -> f64 {
    Schedule::Intervals { decay_rate, time_interval }.at(learning_rate0, epoch_num)
}

/// Returns `⌊t/T⌋`.
fn full_intervals(epoch: usize, interval: usize) -> f64 {
    (epoch / interval.max(1)) as f64
}

fn check_interval(name: &'static str, epochs: usize) -> Result<()> {
    check_hyperparameter(epochs > 0, name, epochs as f64, "at least 1")
}
