use super::split::{classes_and_sizes, classes_of_two};
#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::buffer;
use crate::checks::{check_argument, check_batch};
use crate::error::Operand;
use crate::init::RandomSource;
use std::cmp::Reverse;

/// The training and test examples of one fold of a
/// [cross-validation](crate::selection::cross_validate).
///
/// Both are numbers of examples, which start at 0, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The examples to fit a model to.
    pub training: Vec<usize>,
    /// The examples to test that model on.
    pub test: Vec<usize>,
}

/// Divides `m` examples at random into folds.
///
/// The folds have `folds · m` numbers in all, so leaving out one example at a time is for small m.
/// Each example is in the test set of one fold, and in the training set of all others. The sizes of
/// the test sets differ by at most one. With a [`NumpyRandom`](crate::init::NumpyRandom), the folds
/// equal scikit-learn's `KFold(folds, shuffle=True, random_state=seed)`.
///
/// ```
/// use dnn_blocks::data::k_fold;
/// use dnn_blocks::prelude::*;
///
/// let folds = k_fold(10, 3, &mut NumpyRandom::seed(0))?;
/// let sizes: Vec<usize> = folds.iter().map(|fold| fold.test.len()).collect();
/// assert_eq!(sizes, [4, 3, 3]);
/// assert_eq!(folds[0].training.len(), 6);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if `folds` is below 2 or above the number of examples,
/// [`Error::EmptyBatch`] if m is 0, [`Error::TooLarge`] if the numbers do not fit in memory.
pub fn k_fold(m: usize, folds: usize, rng: &mut (impl RandomSource + ?Sized)) -> Result<Vec<Fold>> {
    check_folds(m, folds, m, "at most the number of examples")?;
    let mut order = buffer::numbers("examples", m)?;
    rng.shuffle(&mut order);
    let mut fold_of = buffer::list("folds", m, std::iter::repeat_n(0, m))?;
    let (size, larger) = (m / folds, m % folds);
    let mut order = order.into_iter();
    for fold in 0..folds {
        let size = size + usize::from(fold < larger);
        order.by_ref().take(size).for_each(|example| fold_of[example] = fold);
    }
    assigned(m, folds, |example| fold_of[example])
}

/// Divides examples at random into folds with the same share of every class.
///
/// The test sets are as in [`k_fold`]. The numbers of examples of a class in two of them differ by
/// at most one. With a [`NumpyRandom`](crate::init::NumpyRandom), the folds equal
/// scikit-learn's `StratifiedKFold(folds, shuffle=True, random_state=seed)`.
///
/// ```
/// use dnn_blocks::data::stratified_k_fold;
/// use dnn_blocks::prelude::*;
///
/// let labels = ["cat", "cat", "cat", "cat", "dog", "dog"];
/// for fold in stratified_k_fold(&labels, 2, &mut NumpyRandom::seed(1))? {
///     assert_eq!(fold.test.iter().filter(|&&example| labels[example] == "dog").count(), 1);
/// }
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`k_fold`]; [`Error::InvalidArgument`] if there are more folds than examples of
/// the largest class; [`Error::ClassSize`] if a class has only one example, since some training set
/// would lack it. The error has the number of the class in sorted order.
pub fn stratified_k_fold<L: Ord + Clone>(
    labels: &[L],
    folds: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Vec<Fold>> {
    check_folds(labels.len(), folds, labels.len(), "at most the number of examples")?;
    let (class, sizes) = classes_of_two(labels)?;
    let largest = sizes.iter().copied().max().unwrap_or(0);
    check_folds(labels.len(), folds, largest, "at most the size of the largest class")?;
    let mut of_class: Vec<Option<std::vec::IntoIter<usize>>> = vec![None; sizes.len()];
    let mut fold_of = buffer::list("folds", class.len(), [])?;
    let mut first = 0;
    // Classes in the order of their first examples, as in scikit-learn.
    for class in class {
        if of_class[class].is_none() {
            of_class[class] = Some(dealt(first, sizes[class], folds, rng)?.into_iter());
            first += sizes[class];
        }
        fold_of.extend(of_class[class].as_mut().and_then(Iterator::next));
    }
    assigned(fold_of.len(), folds, |example| fold_of[example])
}

/// Divides examples into folds that keep each group whole.
///
/// Use it where examples of one patient, customer or machine must not be in the training set and in
/// the test set. Groups are assigned from largest to smallest, each to the smallest fold so far.
///
/// ```
/// use dnn_blocks::data::group_k_fold;
///
/// let patients = ["ann", "ann", "bob", "cid", "cid", "cid"];
/// let folds = group_k_fold(&patients, 2)?;
/// assert_eq!(folds[0].test, [3, 4, 5]);
/// assert_eq!(folds[1].test, [0, 1, 2]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if `folds` is below 2 or above the number of groups,
/// [`Error::EmptyBatch`] if there is no example, [`Error::TooLarge`] if the numbers do not fit in
/// memory.
pub fn group_k_fold<G: Ord + Clone>(groups: &[G], folds: usize) -> Result<Vec<Fold>> {
    let (group, sizes) = classes_and_sizes(groups)?;
    check_folds(groups.len(), folds, sizes.len(), "at most the number of groups")?;
    let mut largest_first: Vec<usize> = (0..sizes.len()).collect();
    largest_first.sort_by_key(|&group| Reverse(sizes[group]));
    let (mut filled, mut fold_of_group) = (vec![0; folds], vec![0; sizes.len()]);
    for group in largest_first {
        let smallest = (0..folds).min_by_key(|&fold| filled[fold]).unwrap_or(0);
        filled[smallest] += sizes[group];
        fold_of_group[group] = smallest;
    }
    assigned(group.len(), folds, |example| fold_of_group[group[example]])
}

/// Divides time-ordered examples into folds whose test set follows the training set.
///
/// The last examples are divided into test sets of equal size, `m/(folds + 1)` rounded down. A
/// model is fitted to all examples before its test set, except for the last `gap` of them. The
/// first examples are in no test set.
///
/// ```
/// use dnn_blocks::data::time_series_folds;
///
/// let folds = time_series_folds(7, 3, 0)?;
/// assert_eq!((&folds[0].training[..], &folds[0].test[..]), (&[0, 1, 2, 3][..], &[4][..]));
/// assert_eq!((&folds[2].training[..], &folds[2].test[..]), (&[0, 1, 2, 3, 4, 5][..], &[6][..]));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if `folds` is below 2 or not below m, or if the `gap` leaves no
/// training example; [`Error::EmptyBatch`] if m is 0, [`Error::TooLarge`] if the numbers
/// do not fit in memory.
pub fn time_series_folds(m: usize, folds: usize, gap: usize) -> Result<Vec<Fold>> {
    check_folds(m, folds, m.saturating_sub(1), "below the number of examples")?;
    let size = m / (folds + 1);
    let first = m - folds * size;
    check_argument(
        gap < first,
        "gap",
        gap as f64,
        "below the number of examples before the tests",
    )?;
    let fold = |fold: usize| {
        let start = first + fold * size;
        Ok(Fold {
            training: buffer::numbers("examples", start - gap)?,
            test: buffer::list("examples", size, start..start + size)?,
        })
    };
    (0..folds).map(fold).collect()
}

fn check_folds(m: usize, folds: usize, most: usize, rule: &'static str) -> Result<()> {
    check_batch(Operand { name: "examples", shape: (1, m) })?;
    check_argument(folds >= 2, "folds", folds as f64, "at least 2")?;
    check_argument(folds <= most, "folds", folds as f64, rule)
}

/// Gives the examples of a class to the folds in turn, after `first` examples of other classes, and
/// shuffles the numbers of the folds.
///
/// The numbers are sorted before, so that `NumpyRandom` shuffles them as scikit-learn does.
fn dealt(
    first: usize,
    size: usize,
    folds: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Vec<usize>> {
    let in_turn = (first..first + size).map(|turn| turn % folds);
    let mut dealt = buffer::list("folds", size, in_turn)?;
    dealt.sort_unstable();
    rng.shuffle(&mut dealt);
    Ok(dealt)
}

/// Lists the examples of each fold.
fn assigned(m: usize, folds: usize, fold_of: impl Fn(usize) -> usize) -> Result<Vec<Fold>> {
    let fold = |fold: usize| {
        let count = (0..m).filter(|&example| fold_of(example) == fold).count();
        let test = (0..m).filter(|&example| fold_of(example) == fold);
        let training = (0..m).filter(|&example| fold_of(example) != fold);
        Ok(Fold {
            training: buffer::list("examples", m - count, training)?,
            test: buffer::list("examples", count, test)?,
        })
    };
    (0..folds).map(fold).collect()
}
