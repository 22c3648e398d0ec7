use super::labels::Classes;
#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::buffer;
use crate::checks::{check_argument, check_batch};
use crate::error::Operand;
use crate::init::RandomSource;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Splits `m` examples at random into training and test examples, and returns their columns.
///
/// The test set has `round(test_share·m)` examples; each set has at least one if there are two. With
/// a [`NumpyRandom`](crate::init::NumpyRandom) the test examples are the first of NumPy's
/// permutation, as in scikit-learn's `train_test_split` where `test_share·m` is whole.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::data::split;
///
/// let (train, test) = split(10, 0.3, &mut NumpyRandom::seed(0))?;
/// assert_eq!((train, test), (vec![9, 1, 6, 7, 3, 0, 5], vec![2, 8, 4]));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] unless the share lies between 0 and 1, [`Error::EmptyBatch`] if m
/// is 0, [`Error::TooLarge`] if the columns do not fit in memory.
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

/// Splits examples at random, with the same share of every class, by the largest remainder.
///
/// The test set has `round(test_share·m)` examples. A class of two or more examples has at least one
/// in each set, even where that changes the size of the test set.
///
/// ```
/// use dnn_blocks::ndarray::{Axis, array};
/// use dnn_blocks::data::stratified_split;
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
/// The errors of [`split`].
pub fn stratified_split<L: Ord + Clone>(
    labels: &[L],
    test_share: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Vec<usize>, Vec<usize>)> {
    check_split(labels.len(), test_share)?;
    let classes = Classes::from_labels(labels);
    let class = classes.encode(labels)?;
    let mut sizes = vec![0; classes.names().len()];
    class.iter().for_each(|&class| sizes[class] += 1);
    let mut places = apportion(&sizes, test_share);
    let mut order = buffer::numbers("examples", labels.len())?;
    rng.shuffle(&mut order);
    let taken = places.iter().sum();
    let mut test = buffer::list("examples", taken, [])?;
    order.retain(|&example| {
        let free = &mut places[class[example]];
        if *free > 0 {
            *free -= 1;
            test.push(example);
            return false;
        }
        true
    });
    Ok((order, test))
}

fn check_split(m: usize, test_share: f64) -> Result<()> {
    let fits = test_share > 0.0 && test_share < 1.0;
    check_argument(fits, "test_share", test_share, "above 0 and below 1")?;
    check_batch(Operand { name: "examples", shape: (1, m) })
}

/// The number of test examples of each class. They are assigned one by one to the class that lacks
/// most of its share, which is the largest remainder. A class of two or more examples gets at least
/// one, and not all.
fn apportion(sizes: &[usize], test_share: f64) -> Vec<usize> {
    let m: usize = sizes.iter().sum();
    let total = (test_share * m as f64).round() as usize;
    let mut places: Vec<usize> = sizes.iter().map(|&size| usize::from(size > 1)).collect();
    // In m-ths of a place, and so exact.
    let lacks = |size: usize, places: usize| {
        (size as i128) * (total as i128) - (places as i128) * (m as i128)
    };
    let mut waiting: BinaryHeap<_> =
        (0..sizes.len()).map(|c| (lacks(sizes[c], places[c]), Reverse(c))).collect();
    let mut given: usize = places.iter().sum();
    while given < total {
        let Some((_, Reverse(c))) = waiting.pop() else { break };
        let most = sizes[c] - usize::from(sizes[c] > 1);
        if places[c] < most {
            places[c] += 1;
            given += 1;
            waiting.push((lacks(sizes[c], places[c]), Reverse(c)));
        }
    }
    places
}
