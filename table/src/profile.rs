//! The values of a column, counted.

use crate::column::Column;
use std::collections::HashMap;

/// How often each value of a column occurs.
#[derive(Debug, Default)]
pub(crate) struct Profile<'t> {
    pub counts: HashMap<&'t str, usize>,
    /// The number of missing cells.
    pub missing: usize,
    /// The number of cells that are not missing.
    pub present: usize,
}

impl<'t> Profile<'t> {
    pub fn new(column: &'t Column) -> Self {
        let mut counts = HashMap::new();
        let (mut missing, mut present) = (0, 0);
        for cell in column.iter() {
            match cell {
                Some(text) => {
                    *counts.entry(text).or_default() += 1;
                    present += 1;
                }
                None => missing += 1,
            }
        }
        Self { counts, missing, present }
    }

    /// Returns the number of different values.
    pub fn distinct(&self) -> usize {
        self.counts.len()
    }

    /// Returns the number of rows with the most frequent value. Missing counts as a value.
    pub fn most_frequent(&self) -> usize {
        self.counts.values().copied().fold(self.missing, usize::max)
    }
}
