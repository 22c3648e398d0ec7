//! The guess of the kind of a column.

use crate::column::{Column, finite};
use crate::error::{Place, Quoted, Result, TableError};
use crate::profile::Profile;
use crate::schema::{Declared, Kind};
use crate::table::Table;

/// More different values than a code has that is made of digits and letters.
const MANY: usize = 20;

/// Guesses a column by the rules in the documentation of `Schema`.
pub(crate) fn guess(
    table: &Table,
    column: &Column,
    profile: &Profile<'_>,
    rare_below: usize,
) -> Result<Declared> {
    let (kind, note) = kind_and_note(table, column, profile, rare_below)?;
    Ok(Declared::found(column.name.clone(), kind, note))
}

fn kind_and_note(
    table: &Table,
    column: &Column,
    profile: &Profile<'_>,
    rare_below: usize,
) -> Result<(Kind, String)> {
    let (distinct, present) = (profile.distinct(), profile.present);
    let numbers = || profile.counts.iter().filter(|(text, _)| finite(text).is_some());
    let cells: usize = numbers().map(|(_, count)| count).sum();
    Ok(if distinct == 0 {
        (Kind::Ignored, "every value is missing".to_string())
    } else if distinct == 1 && profile.missing == 0 {
        (Kind::Ignored, "every row has the same value".to_string())
    } else if distinct == 1 {
        (Kind::Category, String::new())
    } else if cells == present {
        (Kind::Number, String::new())
    } else if distinct > MANY && cells as u128 * 10 >= present as u128 * 9 {
        let (place, text) = first_text(table, column).unwrap_or((table.place(0), ""));
        let (column, text) = (column.name.clone(), text.to_string());
        return Err(TableError::Mixed { place, column, text, numbers: cells, present });
    } else {
        let (kind, reason) = kind_of_texts(profile, rare_below);
        let text = first_text(table, column).filter(|_| cells > present / 2);
        let text = text.map(|(place, text)| {
            let text = Quoted(text);
            format!("{cells} of {present} values are numbers, but {text} in {place} is not")
        });
        (kind, reason.into_iter().chain(text).collect::<Vec<_>>().join("; "))
    })
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

/// Returns the first cell that is not a number.
fn first_text<'t>(table: &Table, column: &'t Column) -> Option<(Place, &'t str)> {
    let cells = column.iter().enumerate();
    let mut texts = cells.filter_map(|(row, cell)| Some((row, cell?)));
    let (row, text) = texts.find(|(_, text)| finite(text).is_none())?;
    Some((table.place(row), text))
}
