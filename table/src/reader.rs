//! Reading CSV files.

use crate::error::{Place, Result, TableError};
use crate::lines::LineCounter;
use crate::missing::MissingTexts;
use crate::table::Table;
use csv::{ByteRecord, Reader, ReaderBuilder};
use dnn_blocks::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// How a CSV file is read.
///
/// The first line names the columns. Fields may be quoted by `"`, with `""` for a quote inside;
/// a quoted field may contain delimiters and line breaks. Lines end with LF, CRLF or CR; blank
/// lines are skipped. A byte order mark is skipped.
///
/// ```
/// use dnn_blocks_table::{CsvOptions, MissingTexts};
///
/// let options = CsvOptions::new().delimiter(b';').missing(MissingTexts::new(&["-"]));
/// let table = options.read("name;age\n\"Smith; J.\";-\n".as_bytes())?;
/// assert_eq!(table.cells("name")?.next(), Some(Some("Smith; J.")));
/// assert_eq!(table.cells("age")?.next(), Some(None));
/// # Ok::<(), dnn_blocks_table::TableError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    delimiter: u8,
    missing: MissingTexts,
    max_bytes: u64,
    max_columns: usize,
}

impl Default for CsvOptions {
    fn default() -> Self {
        let missing = MissingTexts::default();
        Self { delimiter: b',', missing, max_bytes: 1 << 30, max_columns: 1 << 16 }
    }
}

impl CsvOptions {
    /// Creates the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the delimiter between fields. Default: a comma.
    #[must_use]
    pub fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// Sets the texts that stand for a missing value.
    #[must_use]
    pub fn missing(self, missing: MissingTexts) -> Self {
        Self { missing, ..self }
    }

    /// Sets the largest size of a file in bytes. Default: 1 GiB.
    ///
    /// In memory, a table takes about the size of its file and 5 bytes more for each cell.
    #[must_use]
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// Sets the largest number of columns. Default: 65536.
    #[must_use]
    pub fn max_columns(self, max_columns: usize) -> Self {
        Self { max_columns, ..self }
    }

    /// Reads the CSV file at this path; see [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// The errors of [`read`](Self::read).
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
        };
        self.read(File::open(path).map_err(named)?)
    }

    /// Reads a CSV file.
    ///
    /// # Errors
    ///
    /// [`TableError::NoHeader`] if the file is empty; [`TableError::ColumnName`] if a name is empty
    /// or given twice; [`TableError::FieldCount`] with the line if a line has more or fewer fields
    /// than the header; [`TableError::Quote`] if a quoted field does not end, or text follows it;
    /// [`TableError::NotUtf8`] with line and column; [`TableError::TooLarge`] if a limit is
    /// exceeded; [`TableError::Io`];
    /// [`Error::InvalidArgument`](dnn_blocks::Error::InvalidArgument) if the delimiter is a quote,
    /// a line break, or not printable ASCII.
    pub fn read(&self, reader: impl Read) -> Result<Table> {
        let is_usable =
            |byte: u8| byte == b'\t' || (byte.is_ascii_graphic() && byte != b'"') || byte == b' ';
        if !is_usable(self.delimiter) {
            let (name, value) = ("delimiter", f64::from(self.delimiter));
            let rule = "a tab, a space, or a printable ASCII character but the quote";
            return Err(Error::InvalidArgument { name, value, rule }.into());
        }
        let reader = reader.take(self.max_bytes.saturating_add(1));
        let reader = LineCounter::new(reader, self.delimiter, self.max_columns);
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(reader);
        let mut record = ByteRecord::new();
        if !self.next(&mut reader, &mut record)? {
            return Err(TableError::NoHeader);
        }
        let (columns, limit) = (record.len() as u64, self.max_columns as u64);
        if columns > limit {
            return Err(too_large("the number of columns", columns, limit));
        }
        let line = first_line(&mut reader, &record);
        let names = texts(&record, |column| (column + 1).to_string(), line)?;
        let mut table = Table::with_header(names, self.missing.clone(), true)?;
        while self.next(&mut reader, &mut record)? {
            let line = first_line(&mut reader, &record);
            push(&mut table, &record, line)?;
        }
        if let Some(line) = reader.get_ref().open_quote() {
            return Err(TableError::Quote { line });
        }
        Ok(table)
    }

    /// Reads the next record within the limit. Returns whether there is one.
    fn next<R: Read>(&self, reader: &mut Reader<R>, record: &mut ByteRecord) -> Result<bool> {
        let more = reader.read_byte_record(record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => match error.downcast::<TableError>() {
                Ok(error) => error,
                Err(error) => error.into(),
            },
            kind => io::Error::other(format!("{kind:?}")).into(),
        })?;
        let size = reader.position().byte();
        if size > self.max_bytes {
            return Err(too_large("the file", size, self.max_bytes));
        }
        Ok(more)
    }
}

/// Returns the line on which the record begins that was read last.
fn first_line<R: Read>(reader: &mut Reader<LineCounter<R>>, record: &ByteRecord) -> u64 {
    let end = reader.position().byte();
    reader.get_mut().first_line(record, end)
}

pub(crate) fn too_large(what: &'static str, size: u64, limit: u64) -> TableError {
    TableError::TooLarge { what, size, limit }
}

/// Appends a record, whose fields must be as many as the columns.
fn push(table: &mut Table, record: &ByteRecord, line: u64) -> Result<()> {
    let (found, expected) = (record.len(), table.columns.len());
    if found != expected {
        let (place, column) = (Place::Line(line), table.columns().nth(found).map(String::from));
        return Err(TableError::FieldCount { place, found, expected, column });
    }
    let cells = texts(record, |column| table.columns[column].name.clone(), line)?;
    table.push(line, cells.into_iter().map(Some))
}

/// Returns the fields as texts. `name` names a column in errors.
fn texts(record: &ByteRecord, name: impl Fn(usize) -> String, line: u64) -> Result<Vec<&str>> {
    let text = |(column, field)| {
        let error = |_| TableError::NotUtf8 { place: Place::Line(line), column: name(column) };
        std::str::from_utf8(field).map_err(error)
    };
    record.iter().enumerate().map(text).collect()
}
