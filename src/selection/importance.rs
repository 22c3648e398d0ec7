use super::estimator::{Estimator, named};
use super::mean_and_std_dev;
use crate::checks::{check_argument, check_lengths};
use crate::init::{NumpyRandom, RandomSource};
use crate::kernel::threads;
use crate::model::Examples;
use crate::{Float, Result, buffer};

/// The importance of a feature, by [`permutation_importance`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Importance {
    /// The mean decrease of the score when the values of the feature are shuffled.
    pub mean: f64,
    /// The standard deviation of the decreases, with the divisor n - 1; 0 for one repeat.
    pub std_dev: f64,
}

/// Computes how much the score of a fitted model decreases when one feature is shuffled.
///
/// The values of each feature are shuffled among the examples `repeats` times. A feature that the
/// model does not use has an importance of 0; a negative value is due to chance. Use examples that
/// the model was not fitted to: on its training examples, a feature that it overfits looks
/// important.
///
/// The results are in the order of the features. If two features are correlated, the model can use
/// either, so both may look unimportant.
///
/// See the [module](super) for an example.
///
/// # Errors
///
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if `repeats` is 0,
/// [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless there is one target for each
/// example, [`Error::TooLarge`](crate::Error::TooLarge) if a copy of the examples does not fit in
/// memory, and the errors of `metric`.
///
/// Source: Breiman (2001), section 10; Fisher, Rudin and Dominici (2019).
pub fn permutation_importance<F: Float, M: Estimator<F>>(
    model: &M,
    x: Examples<'_, F>,
    targets: M::Targets<'_>,
    metric: impl Fn(&M, Examples<'_, F>, M::Targets<'_>) -> Result<f64> + Sync,
    repeats: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Vec<Importance>> {
    check_argument(repeats > 0, "repeats", 0.0, "at least 1")?;
    check_lengths(("X", x.len()), ("targets", M::len(targets)))?;
    let whole = metric(model, x, targets)?;
    let all = buffer::numbers("examples", x.len())?;
    let features = x.as_columns().nrows();
    // A seed for each feature, so that the order in which threads take them does not matter.
    let seeds: Vec<u32> = (0..features).map(|_| (rng.uniform() * 2_f64.powi(32)) as u32).collect();
    let importance = threads::map(features, |feature| {
        let mut rng = NumpyRandom::seed(seeds[feature]);
        let mut rows = x.selected("X", &all)?;
        let mut order = buffer::numbers("examples", x.len())?;
        let mut decreases = buffer::list("decreases", repeats, [])?;
        for _ in 0..repeats {
            RandomSource::shuffle(&mut rng, &mut order);
            let values = x.as_columns();
            for (row, &example) in order.iter().enumerate() {
                rows[[row, feature]] = values[[feature, example]];
            }
            let shuffled = named(Examples::rows(&rows), &x);
            decreases.push(whole - metric(model, shuffled, targets)?);
        }
        let (mean, std_dev) = mean_and_std_dev(&decreases);
        Ok(Importance { mean, std_dev })
    });
    importance.into_iter().collect()
}
