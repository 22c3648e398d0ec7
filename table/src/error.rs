//! The error type of the crate.

use dnn_blocks::Error;
use dnn_blocks::files::FileError;
use std::fmt::{self, Write as _};

/// A [`Result`](std::result::Result) with [`TableError`] as the default error type.
pub type Result<T, E = TableError> = std::result::Result<T, E>;

/// The error type of this crate.
///
/// A message names the column and the line of the file, or the row. Lines are counted from 1, as in
/// editors; rows from 0, as in slices. `{:?}` prints the same message as `{}`.
///
/// ```
/// use dnn_blocks_table::Table;
///
/// let error = Table::read_csv("age,port\n36,Dover\n41\n".as_bytes()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 3: the number of fields is 1, but the header has 2: \"port\" is missing"
/// );
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file has no header, or `from_rows` got no row.
    #[error("there is no header: the first line must name the columns")]
    NoHeader,
    /// A column has no name, or an earlier column has the same name.
    #[error("column {number} is named {}, but names must {rule}", Quoted(.name))]
    ColumnName {
        /// The number of the column, from 1.
        number: usize,
        /// Its name.
        name: String,
        /// The rule for names: `be distinct` or `not be empty`.
        rule: &'static str,
    },
    /// A line has more or fewer fields than the header.
    #[error(
        "{place}: the number of fields is {found}, but the header has {expected}{}",
        Absent(.column)
    )]
    FieldCount {
        /// The place of the row.
        place: Place,
        /// The number of fields of the row.
        found: usize,
        /// The number of columns.
        expected: usize,
        /// The first column without a field, if there are too few fields.
        column: Option<String>,
    },
    /// A field is not UTF-8.
    #[error("{place}, column {}: the text is not UTF-8", Quoted(.column))]
    NotUtf8 {
        /// The place of the row.
        place: Place,
        /// The column, or its number in the header.
        column: String,
    },
    /// A file, or a column of it, exceeds a limit.
    #[error("{what} is too large: {size} exceeds the limit of {limit}")]
    TooLarge {
        /// The limited thing.
        what: &'static str,
        /// Its size, or a lower bound of it.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A value cannot be a row of a table.
    #[error("{place}: {reason}")]
    Row {
        /// The place of the row.
        place: Place,
        /// The reason, with the column.
        reason: String,
    },
    /// A table has no rows.
    #[error("the table has no rows")]
    NoRows,
    /// Every column is ignored.
    #[error("the table has no features: every column is ignored")]
    NoFeatures,
    /// A column is named that the table does not have.
    #[error("the table has no column {}", Quoted(.column))]
    MissingColumn {
        /// The column.
        column: String,
    },
    /// The table has a column that neither the schema nor the fitted encoder knows.
    #[error("the column {} is not known: remove it, or declare it in the schema before the fit", Quoted(.column))]
    UnknownColumn {
        /// The column.
        column: String,
    },
    /// A target is missing.
    #[error("{place}, column {}: the value is missing", Quoted(.column))]
    MissingValue {
        /// The place of the row.
        place: Place,
        /// The column.
        column: String,
    },
    /// A column of numbers has no number from which to take the median.
    #[error("column {} is declared a number, but every value is missing", Quoted(.column))]
    NoNumber {
        /// The column.
        column: String,
    },
    /// A cell of a column of numbers is a text.
    #[error("{place}, column {}: {} is not a number", Quoted(.column), Quoted(.text))]
    NotANumber {
        /// The place of the row.
        place: Place,
        /// The column.
        column: String,
        /// The text.
        text: String,
    },
    /// A column that is not declared has nearly only numbers, but also a text.
    #[error(
        "{place}, column {}: {numbers} of {present} values are numbers, but {} is not: declare the \
         column, or add the text to the missing ones",
        Quoted(.column), Quoted(.text)
    )]
    Mixed {
        /// The place of the first text.
        place: Place,
        /// The column.
        column: String,
        /// The first text.
        text: String,
        /// The number of cells that are numbers.
        numbers: usize,
        /// The number of cells that are not missing.
        present: usize,
    },
    /// Numbers lie so close together that the element type of the network cannot tell them apart.
    #[error(
        "column {}: the numbers from {smallest} to {largest} are too close together for f32: \
         subtract a constant or scale them",
        Quoted(.column)
    )]
    TooClose {
        /// The column, or `targets`.
        column: String,
        /// The smallest number.
        smallest: f64,
        /// The largest number.
        largest: f64,
    },
    /// The values of a column are too long for the file of a model.
    #[error("column {}: its values take {size} bytes in a file, but the limit is {limit}", Quoted(.column))]
    LongValues {
        /// The column.
        column: String,
        /// The size in bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// A quoted field of a file does not end, or text follows its closing quote.
    #[error("line {line}: a quoted field has no closing quote, or text after it")]
    Quote {
        /// The line of the quote that opens the field, or of the text.
        line: u64,
    },
    /// A number is infinite or NaN, or too large for the element type.
    #[error(
        "{place}, column {}: {} is {}",
        Quoted(.column), Quoted(.text), Unusable(.text)
    )]
    NotFinite {
        /// The place of the row.
        place: Place,
        /// The column.
        column: String,
        /// The text.
        text: String,
    },
    /// The file of a model has no encoder, or a damaged one.
    #[error("the encoder in the file is not valid: {reason}")]
    Encoder {
        /// The reason.
        reason: String,
    },
    /// An error of the model.
    #[error(transparent)]
    Model(#[from] Error),
    /// An error of the file of a model.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Prints the message, as `{}` does.
impl fmt::Debug for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The place of a row: its line in a file, or its number in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The line on which the row begins, from 1.
    Line(u64),
    /// The number of the row, from 0.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// The most characters of a quoted text.
const LONGEST: usize = 60;

/// Foreign text in quotes, as one line of printable characters, cut after [`LONGEST`] characters.
pub(crate) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars().take(LONGEST) {
            write!(f, "{}", character.escape_debug())?;
        }
        f.write_str(if self.0.chars().nth(LONGEST).is_some() { "…\"" } else { "\"" })
    }
}

/// What is wrong with a number.
struct Unusable<'a>(&'a str);

impl fmt::Display for Unusable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_finite = self.0.trim().parse().is_ok_and(f64::is_finite);
        f.write_str(if is_finite { "too large for the network" } else { "not a finite number" })
    }
}

/// The end of the message about too few fields.
struct Absent<'a>(&'a Option<String>);

impl fmt::Display for Absent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(column) => write!(f, ": {} is missing", Quoted(column)),
            None => Ok(()),
        }
    }
}

/// Wraps an error for functions that return errors of the core, such as a cross-validation.
impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Model(error) => error,
            error => Self::custom(error),
        }
    }
}
