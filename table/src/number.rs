//! Columns of numbers in an encoder.

use crate::column::finite;
use crate::error::{Result, TableError};
use crate::profile::Profile;
use crate::table::{Table, not_a_number};

/// Returns the median of the numbers of a column, where every text must be a finite number.
///
/// Of an even count it is the mean of the two middle numbers, as in NumPy.
pub(crate) fn median(table: &Table, column: usize, profile: &Profile<'_>) -> Result<f64> {
    let column = &table.columns[column];
    let mut numbers = Vec::with_capacity(profile.present);
    for (row, cell) in column.iter().enumerate() {
        let Some(text) = cell else { continue };
        let error = || not_a_number(table.place(row), &column.name, text);
        numbers.push(finite(text).ok_or_else(error)?);
    }
    if numbers.is_empty() {
        return Err(TableError::NoNumber { column: column.name.clone() });
    }
    numbers.sort_unstable_by(f64::total_cmp);
    let (below, above) = (numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
    Ok(f64::midpoint(below, above))
}
