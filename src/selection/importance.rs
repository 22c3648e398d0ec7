use super::cross_validation::check_targets;
use super::estimator::{Estimator, TestSet};
use super::mean_and_std_dev;
use super::selectable::{Tabular, View};
#[cfg(doc)]
use crate::Error;
use crate::checks::check_argument;
use crate::init::{NumpyRandom, RandomSource};
use crate::kernel::threads;
use crate::{Result, buffer};
use std::fmt;

/// The importance of a feature, by [`permutation_importance`].
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The number of the feature, from 0.
    pub feature: usize,
    /// The name of the feature, if it has one.
    pub name: Option<String>,
    /// The mean decrease of the score when the values of the feature are shuffled.
    pub mean: f64,
    /// The standard deviation of the decreases, with the divisor n - 1; 0 for one repeat.
    pub std_dev: f64,
}

/// Shows mean, standard deviation and name: `0.184 ± 0.046  flipper length`.
impl fmt::Display for Importance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ± {:.3}  ", self.mean, self.std_dev)?;
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "feature {}", self.feature),
        }
    }
}

/// Computes how much the score of a fitted model decreases when one feature is shuffled.
///
/// The values of each feature are shuffled among the examples `repeats` times. A feature that the
/// model does not use has an importance of 0; a negative value is due to chance. Use examples that
/// the model was not fitted to: on its training examples, a feature that it overfits looks
/// important.
///
/// The results are in the order of the features. If two features are correlated, the model can use
/// either, so both may look unimportant. `plot::importance` draws the results (feature `plot`).
///
/// With the feature `rayon`, features run in parallel. Each thread has one copy of the examples.
///
/// See the [module](super) for an example.
///
/// # Errors
///
/// [`Error::InvalidArgument`] if `repeats` is 0, [`Error::LengthMismatch`] unless there is one
/// target for each example, [`Error::EmptyBatch`] without examples, [`Error::TooLarge`] if a copy
/// of the examples does not fit in memory; the error of `metric` for the first feature that fails.
///
/// Source: Breiman (2001), section 10; Fisher, Rudin and Dominici (2019).
pub fn permutation_importance<M: Estimator<Input: Tabular>>(
    model: &M,
    x: View<'_, M::Input>,
    targets: View<'_, M::Targets>,
    metric: impl Fn(&M, &TestSet<M>) -> Result<f64> + Sync,
    repeats: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Vec<Importance>> {
    check_argument(repeats > 0, "repeats", 0.0, "at least 1")?;
    let m = check_targets::<M>(x, targets)?;
    let all = &buffer::numbers("examples", m)?[..];
    let copy = || TestSet::<M>::select(x, targets, all);
    let whole = metric(model, &copy()?)?;
    let names = M::Input::features(x);
    // A seed for each feature, so that the number of threads does not matter.
    let seed = |_| (rng.uniform() * 2_f64.powi(32)) as u32;
    let seeds: Vec<u32> = (0..names.len()).map(seed).collect();

    let decreases = |test: &mut TestSet<M>, feature: usize| -> Result<Vec<f64>> {
        let mut rng = NumpyRandom::seed(seeds[feature]);
        let mut order = buffer::numbers("examples", m)?;
        let mut decreases = buffer::list("decreases", repeats, [])?;
        for _ in 0..repeats {
            RandomSource::shuffle(&mut rng, &mut order);
            test.x.set_feature(feature, x, &order)?;
            decreases.push(whole - metric(model, test)?);
        }
        test.x.set_feature(feature, x, all)?;
        Ok(decreases)
    };
    let parts = threads::count().min(names.len());
    let of_part = threads::map(parts, |part| {
        let mut test = copy()?;
        let features = names.len() * part / parts..names.len() * (part + 1) / parts;
        let importance = |feature: usize| {
            let (mean, std_dev) = mean_and_std_dev(&decreases(&mut test, feature)?);
            Ok(Importance { feature, name: names[feature].clone(), mean, std_dev })
        };
        features.map(importance).collect::<Result<Vec<_>>>()
    });
    let of_part = of_part.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(of_part.into_iter().flatten().collect())
}
