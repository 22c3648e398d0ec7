use super::mean_and_std_dev;
use crate::checks::check_argument;
use crate::kernel::threads;
use crate::{Error, Result};
use std::cmp::Ordering;

/// Returns a copy of each candidate for each value. Call it once per hyperparameter to build a
/// grid.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::selection::grid;
///
/// let candidates = grid(vec![Hyperparameters::default()], &[16, 64], |h, &n| h.hidden(&[n]));
/// let candidates = grid(candidates, &[0.0, 0.1, 1.0], |h, &l2| h.l2(l2));
/// assert_eq!(candidates.len(), 6);
/// assert_eq!((&candidates[5].hidden[..], candidates[5].l2), (&[64][..], 1.0));
/// ```
///
/// For a random search, draw the candidates:
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let candidates: Vec<Hyperparameters> = (0..20)
///     .map(|_| {
///         let rate = 10_f64.powf(-4.0 + 2.0 * rng.rand()); // between 0.0001 and 0.01
///         Hyperparameters::default().learning_rate(rate).keep_prob(0.5 + 0.5 * rng.rand())
///     })
///     .collect();
/// # let _ = candidates;
/// ```
pub fn grid<C: Clone, V>(candidates: Vec<C>, values: &[V], set: impl Fn(C, &V) -> C) -> Vec<C> {
    let set = &set;
    let each = |candidate: C| values.iter().map(move |value| set(candidate.clone(), value));
    candidates.into_iter().flat_map(each).collect()
}

/// A candidate of a [`search`] with its scores.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Trial {
    /// The index of the candidate.
    pub candidate: usize,
    /// The scores of the candidate, or its error.
    pub scores: Result<Vec<f64>>,
}

impl Trial {
    /// Returns the mean score, NaN for an error.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.scores.as_ref().map_or(f64::NAN, |scores| mean_and_std_dev(scores).0)
    }

    /// Returns the standard deviation of the scores, with the divisor n - 1; NaN for an error.
    #[must_use]
    pub fn std_dev(&self) -> f64 {
        self.scores.as_ref().map_or(f64::NAN, |scores| mean_and_std_dev(scores).1)
    }
}

/// Scores all candidates, and ranks them by their mean score, the largest first.
///
/// `evaluate` returns the scores of a candidate, such as the scores of the folds of a
/// [`cross_validate`](super::cross_validate). The largest mean ranks first: for an error such as a
/// log-loss, return its negative. A candidate whose fit fails or whose mean is NaN ranks last.
/// Equal ones keep their order.
///
/// See the [module](super) for an example.
///
/// # Errors
///
/// [`Error::InvalidArgument`] if there is no candidate; if every candidate fails, the error of the
/// first.
pub fn search<C: Sync>(
    candidates: &[C],
    evaluate: impl Fn(&C) -> Result<Vec<f64>> + Sync,
) -> Result<Vec<Trial>> {
    check_argument(!candidates.is_empty(), "candidates", 0.0, "at least 1")?;
    let mut trials = threads::map(candidates.len(), |candidate| Trial {
        candidate,
        scores: evaluate(&candidates[candidate]),
    });
    trials.sort_by(by_mean);
    match &trials[0].scores {
        Err(error) => Err(Error::clone(error)),
        Ok(_) => Ok(trials),
    }
}

/// Larger means first, then those that are NaN, then errors.
fn by_mean(a: &Trial, b: &Trial) -> Ordering {
    let (x, y) = (a.mean(), b.mean());
    y.partial_cmp(&x)
        .unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
        .then_with(|| a.scores.is_err().cmp(&b.scores.is_err()))
}
