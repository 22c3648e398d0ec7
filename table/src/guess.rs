//! The guess of what a column is taken for.

use crate::column::{Column, finite};
use crate::error::Quoted;
use crate::profile::Profile;
use crate::schema::{Declared, Kind};
use crate::table::Table;

/// Guesses a column by the rules in the documentation of `Schema`.
pub(crate) fn guess(table: &Table, column: &Column, profile: &Profile<'_>) -> Declared {
    let (kind, note) = kind_and_note(table, column, profile);
    Declared { name: column.name.clone(), kind, note }
}

fn kind_and_note(table: &Table, column: &Column, profile: &Profile<'_>) -> (Kind, String) {
    let (distinct, present) = (profile.distinct(), profile.present);
    let numbers = || profile.counts.iter().filter(|(text, _)| finite(text).is_some());
    if distinct == 0 {
        (Kind::Ignored, "every value is missing".to_string())
    } else if distinct == 1 && profile.missing == 0 {
        (Kind::Ignored, "every row has the same value".to_string())
    } else if numbers().count() == distinct {
        (Kind::Number, String::new())
    } else if distinct as u128 * 10 > present as u128 * 9 {
        (Kind::Ignored, "nearly every value is different".to_string())
    } else {
        let numbers: usize = numbers().map(|(_, count)| count).sum();
        (Kind::Category, first_text(table, column, (numbers, present)).unwrap_or_default())
    }
}

/// Describes the first text among numbers, if most of the cells are numbers.
fn first_text(
    table: &Table,
    column: &Column,
    (numbers, present): (usize, usize),
) -> Option<String> {
    if numbers <= present / 2 {
        return None;
    }
    let cells = column.iter().enumerate();
    let mut texts = cells.filter_map(|(row, cell)| Some((row, cell?)));
    let (row, text) = texts.find(|(_, text)| finite(text).is_none())?;
    Some(format!(
        "{numbers} of {present} values are numbers, but {} in {} is not",
        Quoted(text),
        table.place(row)
    ))
}
