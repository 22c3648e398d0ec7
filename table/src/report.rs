//! Text tables.

use std::fmt::{self, Formatter};

/// Writes rows under their titles, in columns as wide as the longest cell.
pub(crate) fn write_report<const N: usize>(
    f: &mut Formatter<'_>,
    titles: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> fmt::Result {
    let mut lines = vec![titles.map(String::from)];
    lines.extend(rows.map(|row| row.map(one_line)));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    for line in &lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(widths) {
            text.push_str(&format!("{cell:width$}  "));
        }
        writeln!(f, "{}", text.trim_end())?;
    }
    Ok(())
}

/// The most characters of a list of values.
const LONGEST: usize = 40;

/// Cuts a text after [`LONGEST`] characters.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// Joins the notes that are not empty.
pub(crate) fn joined(notes: &[&str]) -> String {
    let notes = notes.iter().copied().filter(|note| !note.is_empty());
    notes.collect::<Vec<_>>().join("; ")
}

/// Escapes line breaks and other characters that would break the table.
fn one_line(text: String) -> String {
    if text.chars().any(char::is_control) { text.escape_debug().to_string() } else { text }
}
