//! The guess of what a column is taken for.

use crate::column::{Column, finite};
use crate::error::{Place, Quoted, Result, TableError};
use crate::profile::Profile;
use crate::schema::{Declared, Kind};
use crate::table::Table;

/// More different values than a code has that is made of digits and letters.
const MANY: usize = 20;

/// Guesses a column by the rules in the documentation of `Schema`.
pub(crate) fn guess(table: &Table, column: &Column, profile: &Profile<'_>) -> Result<Declared> {
    let (kind, note) = kind_and_note(table, column, profile)?;
    Ok(Declared { name: column.name.clone(), kind, note })
}

fn kind_and_note(table: &Table, column: &Column, profile: &Profile<'_>) -> Result<(Kind, String)> {
    let (distinct, present) = (profile.distinct(), profile.present);
    let numbers = || profile.counts.iter().filter(|(text, _)| finite(text).is_some());
    let cells: usize = numbers().map(|(_, count)| count).sum();
    let text = || first_text(table, column).filter(|_| cells > present / 2);
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
    } else if distinct as u128 * 10 > present as u128 * 9 {
        (Kind::Ignored, "nearly every value is different".to_string())
    } else {
        let note = text().map(|(place, text)| {
            format!(
                "{cells} of {present} values are numbers, but {} in {place} is not",
                Quoted(text)
            )
        });
        (Kind::Category, note.unwrap_or_default())
    })
}

/// Returns the first cell that is not a number.
fn first_text<'t>(table: &Table, column: &'t Column) -> Option<(Place, &'t str)> {
    let cells = column.iter().enumerate();
    let mut texts = cells.filter_map(|(row, cell)| Some((row, cell?)));
    let (row, text) = texts.find(|(_, text)| finite(text).is_none())?;
    Some((table.place(row), text))
}
