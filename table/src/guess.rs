//! The guess of the kind of a column.

use crate::column::{Column, finite};
use crate::error::Quoted;
use crate::profile::Profile;
use crate::schema::{Declared, Kind};
use crate::table::Table;

/// Guesses a column by the rules in the documentation of `Schema`.
pub(crate) fn guess(
    table: &Table,
    column: &Column,
    profile: &Profile<'_>,
    rare_below: usize,
) -> Declared {
    let (kind, note) = kind_and_note(table, column, profile, rare_below);
    Declared::found(column.name.clone(), kind, note)
}

fn kind_and_note(
    table: &Table,
    column: &Column,
    profile: &Profile<'_>,
    rare_below: usize,
) -> (Kind, String) {
    let (distinct, present) = (profile.distinct(), profile.present);
    let numbers = || profile.counts.iter().filter(|(text, _)| finite(text).is_some());
    if distinct == 0 {
        (Kind::Ignored, "every value is missing".to_string())
    } else if distinct == 1 && profile.missing == 0 {
        (Kind::Ignored, "every row has the same value".to_string())
    } else if numbers().count() == distinct {
        (Kind::Number, String::new())
    } else {
        let (kind, reason) = kind_of_texts(profile, rare_below);
        let numbers: usize = numbers().map(|(_, count)| count).sum();
        let text = first_text(table, column, (numbers, present));
        let notes: Vec<_> = reason.into_iter().chain(text).collect();
        (kind, notes.join("; "))
    }
}

/// Returns the kind of a column of texts, with the reason why it is ignored.
fn kind_of_texts(profile: &Profile<'_>, rare_below: usize) -> (Kind, Option<String>) {
    if profile.distinct() as u128 * 10 > profile.present as u128 * 9 {
        (Kind::Ignored, Some("nearly every value is different".to_string()))
    } else if profile.most_frequent() < rare_below {
        (Kind::Ignored, Some(format!("no value in at least {rare_below} rows")))
    } else {
        (Kind::Category, None)
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
