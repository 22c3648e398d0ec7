//! Columns of numbers in an encoder.

use crate::column::finite;
use crate::error::{Result, TableError};
use crate::profile::Profile;
use crate::table::{Table, not_a_number};

/// Checks that f32 can tell numbers apart: that it divides their range into at least a hundred
/// steps.
pub(crate) fn check_precision(column: &str, numbers: impl Iterator<Item = f64>) -> Result<()> {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let (smallest, largest) = numbers.fold(start, |(a, b), x| (a.min(x), b.max(x)));
    let size = smallest.abs().max(largest.abs());
    let step = (size * f64::from(f32::EPSILON)).max(f64::from(f32::MIN_POSITIVE));
    if smallest >= largest || largest - smallest >= 100.0 * step {
        return Ok(());
    }
    Err(TableError::TooClose { column: column.to_string(), smallest, largest })
}

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
