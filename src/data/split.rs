use super::labels::Classes;
use crate::buffer;
use crate::checks::{check_argument, check_batch};
use crate::error::Operand;
use crate::init::RandomSource;
use crate::{Error, Result};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Splits `m` examples at random.
///
/// Returns the numbers of the training examples and of the test examples: pass them to `select`,
/// with `Axis(0)` for a table (examples, features) and `Axis(1)` for a matrix (features, examples).
///
/// The test set has `round(test_share·m)` examples. If m is at least 2, each set has at least one.
/// With a [`NumpyRandom`](crate::init::NumpyRandom), the test examples are the first of NumPy's
/// permutation. They match scikit-learn's `train_test_split` if `test_share·m` is an integer.
///
/// ```
/// use dnn_blocks::data::split;
/// use dnn_blocks::prelude::*;
///
/// let (train, test) = split(10, 0.3, &mut NumpyRandom::seed(0))?;
/// assert_eq!((train, test), (vec![9, 1, 6, 7, 3, 0, 5], vec![2, 8, 4]));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] unless `test_share` is above 0 and below 1, [`Error::EmptyBatch`] if
/// m is 0, [`Error::TooLarge`] if the numbers do not fit in memory.
pub fn split(
    m: usize,
    test_share: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Vec<usize>, Vec<usize>)> {
    check_split(m, test_share)?;
    let mut order = buffer::numbers("examples", m)?;
    rng.shuffle(&mut order);
    let test = apportion(&[m], test_share)[0];
    let train = buffer::list("examples", m - test, order[test..].iter().copied())?;
    order.truncate(test);
    Ok((train, order))
}

/// Splits examples at random, with the same share of every class in the test set.
///
/// Returns the numbers of the training examples and of the test examples, as [`split`]. The test
/// set has `round(test_share·m)` examples, which the largest remainder method distributes over the
/// classes. Every class has at least one example in each set, even if that changes the size of the
/// test set.
///
/// ```
/// use dnn_blocks::data::stratified_split;
/// use dnn_blocks::ndarray::{Axis, array};
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]];
/// let labels = ["cat", "cat", "cat", "cat", "cat", "cat", "dog", "dog"];
/// let (train, test) = stratified_split(&labels, 0.5, &mut NumpyRandom::seed(1))?;
/// assert_eq!(x.select(Axis(1), &train).dim(), (1, 4));
/// let test_labels: Vec<&str> = test.iter().map(|&example| labels[example]).collect();
/// assert_eq!(test_labels.iter().filter(|&&label| label == "dog").count(), 1);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] unless `test_share` is above 0 and below 1, [`Error::EmptyBatch`] if
/// `labels` is empty, [`Error::ClassSize`] if a class has only one example (classes are counted in
/// the order of their labels), [`Error::TooLarge`] if the numbers do not fit in memory.
pub fn stratified_split<L: Ord + Clone>(
    labels: &[L],
    test_share: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Vec<usize>, Vec<usize>)> {
    check_split(labels.len(), test_share)?;
    let (class, sizes) = classes_of_two(labels)?;
    let mut counts = apportion(&sizes, test_share);
    let mut order = buffer::numbers("examples", labels.len())?;
    rng.shuffle(&mut order);
    let mut test = buffer::list("examples", counts.iter().sum(), [])?;
    order.retain(|&example| {
        let missing = &mut counts[class[example]];
        if *missing > 0 {
            *missing -= 1;
            test.push(example);
            return false;
        }
        true
    });
    Ok((order, test))
}

/// Returns the class of each example, and the number of examples of each class, at least two.
pub(super) fn classes_of_two<L: Ord + Clone>(labels: &[L]) -> Result<(Vec<usize>, Vec<usize>)> {
    let (class, sizes) = classes_and_sizes(labels)?;
    match sizes.iter().position(|&size| size < 2) {
        Some(class) => Err(Error::ClassSize { class, examples: sizes[class], least: 2 }),
        None => Ok((class, sizes)),
    }
}

/// Returns the class of each example, and the number of examples of each class.
pub(super) fn classes_and_sizes<L: Ord + Clone>(labels: &[L]) -> Result<(Vec<usize>, Vec<usize>)> {
    let classes = Classes::from_labels(labels);
    let class = classes.encode(labels)?;
    let mut sizes = vec![0; classes.names().len()];
    class.iter().for_each(|&class| sizes[class] += 1);
    Ok((class, sizes))
}

fn check_split(m: usize, test_share: f64) -> Result<()> {
    let fits = test_share > 0.0 && test_share < 1.0;
    check_argument(fits, "test_share", test_share, "above 0 and below 1")?;
    check_batch(Operand { name: "examples", shape: (1, m) })
}

/// Returns the number of test examples of each class, by the largest remainder method.
///
/// A class of two or more examples starts with one test example. Each further test example goes to
/// the class whose count is furthest below its share, until only one of its examples is left for
/// training.
fn apportion(class_sizes: &[usize], test_share: f64) -> Vec<usize> {
    let m: usize = class_sizes.iter().sum();
    let total = (test_share * m as f64).round() as usize;
    let mut counts: Vec<usize> = class_sizes.iter().map(|&size| usize::from(size > 1)).collect();
    // `size·total/m - count`, times m: an integer, so that no rounding decides.
    let shortfall = |size: usize, count: usize| {
        (size as i128) * (total as i128) - (count as i128) * (m as i128)
    };
    let mut queue: BinaryHeap<_> = (0..class_sizes.len())
        .map(|class| (shortfall(class_sizes[class], counts[class]), Reverse(class)))
        .collect();
    let mut assigned: usize = counts.iter().sum();
    while assigned < total {
        let Some((_, Reverse(class))) = queue.pop() else { break };
        let size = class_sizes[class];
        let most = size - usize::from(size > 1);
        if counts[class] < most {
            counts[class] += 1;
            assigned += 1;
            queue.push((shortfall(size, counts[class]), Reverse(class)));
        }
    }
    counts
}
