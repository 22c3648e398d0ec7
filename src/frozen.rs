//! The frozen layers of a network.

use crate::Result;
use crate::buffer;
use crate::checks::check_hyperparameter;
use std::sync::Arc;

/// The numbers of the frozen layers, counted from 1, in ascending order.
///
/// A clone allocates nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Frozen(Arc<[usize]>);

impl Frozen {
    /// Checks the numbers against a network of `depth` layers, one of which must stay trainable.
    pub fn new(numbers: &[usize], depth: usize) -> Result<Self> {
        let sorted = sorted(numbers)?;
        let largest = sorted.last().copied().unwrap_or(0);
        let rule = "the number of a layer of the network";
        check_hyperparameter(largest <= depth, "frozen", largest as f64, rule)?;
        let (count, rule) = (sorted.len(), "below the number of layers");
        let trainable = count == 0 || count < depth; // an optimizer may have no state at all
        check_hyperparameter(trainable, "number of frozen layers", count as f64, rule)?;
        Ok(Self(sorted.into()))
    }

    /// Returns the numbers.
    pub fn numbers(&self) -> &[usize] {
        &self.0
    }

    /// Returns whether the layer with this index, counted from 0, is frozen.
    pub fn contains(&self, index: usize) -> bool {
        self.0.binary_search(&(index + 1)).is_ok()
    }

    /// Returns the index of the lowest layer that is not frozen, counted from 0.
    pub fn lowest_trainable(&self) -> usize {
        self.0.iter().zip(1..).take_while(|&(&number, l)| number == l).count()
    }
}

/// Checks that the numbers are at least 1 and distinct.
pub(crate) fn check_numbers(numbers: &[usize]) -> Result<()> {
    sorted(numbers).map(drop)
}

/// Sorts the numbers, and checks that they are at least 1 and distinct.
fn sorted(numbers: &[usize]) -> Result<Vec<usize>> {
    let mut sorted = buffer::list("frozen", numbers.len(), numbers.iter().copied())?;
    sorted.sort_unstable();
    check_hyperparameter(sorted.first() != Some(&0), "frozen", 0.0, "at least 1")?;
    let twice = sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let (value, rule) = (twice.unwrap_or(0) as f64, "a layer that is listed only once");
    check_hyperparameter(twice.is_none(), "frozen", value, rule)?;
    Ok(sorted)
}
