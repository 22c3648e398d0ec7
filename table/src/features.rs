//! The features of a column in a matrix.

use crate::column::{Column, finite};
use crate::encoder::{FittedColumn, Role};
use crate::error::{Result, TableError};
use crate::table::{Table, not_a_number};
use dnn_blocks::Float;
use dnn_blocks::ndarray::{Array2, s};
use std::collections::HashSet;

/// Writes the features of a column from the feature `first` on. The matrix is 0 there.
pub(crate) fn write_column<F: Float>(
    x: &mut Array2<F>,
    first: usize,
    fitted: &FittedColumn,
    (table, cells): (&Table, &Column),
) -> Result<()> {
    let mut x = x.slice_mut(s![.., first..]);
    for (row, (cell, mut features)) in cells.iter().zip(x.rows_mut()).enumerate() {
        match (&fitted.role, cell) {
            (Role::Number { median }, None) => {
                features[0] = in_range(*median, &median.to_string(), (table, row, cells))?;
                if fitted.missing > 0 {
                    features[1] = F::of(1.0);
                }
            }
            (Role::Number { .. }, Some(text)) => {
                let error = || not_a_number(table.place(row), &cells.name, text);
                let number = finite(text).ok_or_else(error)?;
                features[0] = in_range(number, text, (table, row, cells))?;
            }
            (Role::Category(categories), cell) => {
                categories.encode(cell, |feature, value| features[feature] = F::of(value));
            }
            (Role::Ignored, _) => {}
        }
    }
    Ok(())
}

/// Converts a number, which must be finite in `F`.
fn in_range<F: Float>(
    value: f64,
    text: &str,
    (table, row, column): (&Table, usize, &Column),
) -> Result<F> {
    let number = F::of(value);
    if number.as_f64().is_finite() {
        return Ok(number);
    }
    let (place, column, text) = (table.place(row), column.name.clone(), text.to_string());
    Err(TableError::NotFinite { place, column, text })
}

/// Makes names distinct by a number after those that an earlier feature has.
pub(crate) fn distinct_names(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut known = HashSet::new();
    let distinct = |name: String| {
        let mut candidate = name.clone();
        let mut number = 2;
        while !known.insert(candidate.clone()) {
            candidate = format!("{name} ({number})");
            number += 1;
        }
        candidate
    };
    names.map(distinct).collect()
}
