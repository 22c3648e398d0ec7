//! Tables of text.

use crate::column::{Column, finite};
use crate::error::{Place, Result, TableError};
use crate::missing::MissingTexts;
use crate::reader::CsvOptions;
use crate::rows::Row;
use dnn_blocks::Error;
use serde::Serialize;
use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

/// Named columns of cells, each a text or missing.
///
/// Numbers are texts too: the [`Encoder`](crate::Encoder) parses them. White space at both ends of
/// a cell or of a name is removed. A text is missing if [`MissingTexts`] has it.
///
/// ```
/// use dnn_blocks_table::Table;
///
/// let csv = "age,port,survived\n36,Dover,yes\n,Calais,no\n41,Dover,yes\n";
/// let mut table = Table::read_csv(csv.as_bytes())?;
/// let survived = table.take_labels("survived")?;
/// assert_eq!(survived, ["yes", "no", "yes"]);
/// assert_eq!(table.columns().collect::<Vec<_>>(), ["age", "port"]);
/// assert_eq!(table.cells("age")?.collect::<Vec<_>>(), [Some("36"), None, Some("41")]);
/// # Ok::<(), dnn_blocks_table::TableError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) missing: MissingTexts,
    places: Vec<u64>,
    /// Whether the places are lines of a file, not rows of a list.
    lines: bool,
}

impl Table {
    /// Creates a table without rows.
    pub(crate) fn with_header<'n>(
        names: impl IntoIterator<Item = &'n str>,
        missing: MissingTexts,
        lines: bool,
    ) -> Result<Self> {
        let columns: Vec<_> = names.into_iter().map(|name| Column::new(name.trim())).collect();
        let mut known = HashSet::new();
        for (index, Column { name, .. }) in columns.iter().enumerate() {
            let rule = match name.as_str() {
                "" => "not be empty",
                name if !known.insert(name) => "be distinct",
                _ => continue,
            };
            return Err(TableError::ColumnName { number: index + 1, name: name.clone(), rule });
        }
        Ok(Self { columns, missing, places: Vec::new(), lines })
    }

    /// Appends a row, given the text of each column.
    pub(crate) fn push<'c>(
        &mut self,
        place: u64,
        cells: impl IntoIterator<Item = Option<&'c str>>,
    ) -> Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell.and_then(|text| self.missing.cell(text)))?;
        }
        self.places.push(place);
        Ok(())
    }

    /// Reads a CSV file with the default [`CsvOptions`]. The first line names the columns.
    ///
    /// # Errors
    ///
    /// The errors of [`CsvOptions::read`].
    pub fn read_csv(reader: impl Read) -> Result<Self> {
        CsvOptions::new().read(reader)
    }

    /// Reads the CSV file at this path with the default [`CsvOptions`].
    ///
    /// # Errors
    ///
    /// The errors of [`CsvOptions::read`].
    pub fn load_csv(path: impl AsRef<Path>) -> Result<Self> {
        CsvOptions::new().load(path)
    }

    /// Creates a table from values that serde serializes as a struct or a map.
    ///
    /// A field is a text, a number, a bool, a character or an enum variant without content. `None`,
    /// `()` and NaN are missing. Columns are in the order of the fields of a struct, and sorted by
    /// name for a map. All rows need the same columns.
    ///
    /// ```
    /// use dnn_blocks_table::Table;
    /// use serde::Serialize;
    ///
    /// #[derive(Serialize)]
    /// struct Penguin {
    ///     #[serde(rename = "Body mass (g)")]
    ///     body_mass: Option<f32>,
    ///     island: &'static str,
    /// }
    /// let rows = [
    ///     Penguin { body_mass: Some(3750.5), island: "Torgersen" },
    ///     Penguin { body_mass: None, island: "Biscoe" },
    /// ];
    /// let table = Table::from_rows(&rows)?;
    /// assert_eq!(table.cells("Body mass (g)")?.collect::<Vec<_>>(), [Some("3750.5"), None]);
    /// # Ok::<(), dnn_blocks_table::TableError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableError::NoHeader`] without a row; [`TableError::Row`] if a value is not a row, a field
    /// is not a cell, or a row has other columns than the first; [`TableError::ColumnName`] if a
    /// name is empty or given twice; [`TableError::TooLarge`].
    pub fn from_rows<T: Serialize>(rows: &[T]) -> Result<Self> {
        Self::from_rows_with(rows, &MissingTexts::default())
    }

    /// Creates a table from rows with these texts for missing values; see
    /// [`from_rows`](Self::from_rows).
    ///
    /// # Errors
    ///
    /// The errors of [`from_rows`](Self::from_rows).
    pub fn from_rows_with<T: Serialize>(rows: &[T], missing: &MissingTexts) -> Result<Self> {
        let mut rows = (0..).zip(rows).map(|(place, row)| Row::new(place, row));
        let first = rows.next().ok_or(TableError::NoHeader)??;
        let mut table = Self::with_header(first.names(), missing.clone(), false)?;
        table.push(0, first.cells())?;
        for (place, row) in (1..).zip(rows) {
            table.push(place, row?.ordered_as(&first)?.cells())?;
        }
        Ok(table)
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the names of the columns.
    #[must_use]
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Returns the cells of a column, `None` for a missing one.
    ///
    /// # Errors
    ///
    /// [`TableError::MissingColumn`].
    pub fn cells(&self, column: &str) -> Result<impl ExactSizeIterator<Item = Option<&str>>> {
        Ok(self.columns[self.position(column)?].iter())
    }

    /// Returns the place of a row: its line in the file, or its number in the list. The row must
    /// exist.
    pub(crate) fn place(&self, row: usize) -> Place {
        let place = self.places[row];
        if self.lines { Place::Line(place) } else { Place::Row(place) }
    }

    fn position(&self, column: &str) -> Result<usize> {
        self.columns().position(|name| name == column).ok_or_else(|| missing_column(column))
    }

    /// Copies the rows with these numbers, which start at 0. A row may be given more than once.
    ///
    /// Select their labels too:
    ///
    /// ```
    /// # use dnn_blocks_table::Table;
    /// let mut table = Table::read_csv("a,label\n5,x\n6,y\n7,z\n".as_bytes())?;
    /// let labels = table.take_labels("label")?;
    /// let rows = [2, 0];
    /// let chosen = table.select(&rows)?;
    /// let chosen_labels: Vec<_> = rows.iter().map(|&row| labels[row].clone()).collect();
    /// assert_eq!(chosen.cells("a")?.collect::<Vec<_>>(), [Some("7"), Some("5")]);
    /// assert_eq!(chosen_labels, ["z", "x"]);
    /// # Ok::<(), dnn_blocks_table::TableError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](dnn_blocks::Error::InvalidArgument) if a row does not exist;
    /// [`TableError::TooLarge`].
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.len()) {
            let (name, value, rule) = ("row", row as f64, "below the number of rows");
            return Err(Error::InvalidArgument { name, value, rule }.into());
        }
        let columns = self.columns.iter().map(|column| column.select(rows));
        Ok(Self {
            columns: columns.collect::<Result<_>>()?,
            missing: self.missing.clone(),
            places: rows.iter().map(|&row| self.places[row]).collect(),
            lines: self.lines,
        })
    }

    /// Removes a column.
    ///
    /// # Errors
    ///
    /// [`TableError::MissingColumn`].
    pub fn remove(&mut self, column: &str) -> Result<()> {
        let position = self.position(column)?;
        self.columns.remove(position);
        Ok(())
    }

    /// Removes the rows where the column is missing, and returns their number.
    ///
    /// ```
    /// # use dnn_blocks_table::Table;
    /// let mut table = Table::read_csv("rooms,price\n3,250\n4,?\n5,410\n".as_bytes())?;
    /// let error = table.take_numbers("price").unwrap_err();
    /// assert_eq!(error.to_string(), r#"line 3, column "price": the value is missing"#);
    /// assert_eq!(table.drop_missing("price")?, 1);
    /// assert_eq!(table.take_numbers("price")?, [250.0, 410.0]);
    /// # Ok::<(), dnn_blocks_table::TableError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TableError::MissingColumn`].
    pub fn drop_missing(&mut self, column: &str) -> Result<usize> {
        let cells = self.cells(column)?.enumerate();
        let present: Vec<_> = cells.filter_map(|(row, cell)| cell.map(|_| row)).collect();
        let dropped = self.len() - present.len();
        if dropped > 0 {
            *self = self.select(&present)?;
        }
        Ok(dropped)
    }

    /// Removes a column and returns its texts, the labels of a classifier.
    ///
    /// An error leaves the table unchanged.
    ///
    /// # Errors
    ///
    /// [`TableError::MissingColumn`]; [`TableError::MissingValue`] with the line if a label is
    /// missing.
    pub fn take_labels(&mut self, column: &str) -> Result<Vec<String>> {
        self.take(column, |_, text| Ok(text.to_string()))
    }

    /// Removes a column and returns its numbers, the targets of a regressor.
    ///
    /// An error leaves the table unchanged.
    ///
    /// # Errors
    ///
    /// [`TableError::MissingColumn`]; [`TableError::MissingValue`], [`TableError::NotANumber`] or
    /// [`TableError::NotFinite`] with the line of a cell that is not a finite number.
    pub fn take_numbers(&mut self, column: &str) -> Result<Vec<f64>> {
        let number =
            |place, text: &str| finite(text).ok_or_else(|| not_a_number(place, column, text));
        self.take(column, number)
    }

    /// Removes a column and converts its cells. A missing cell is an error.
    fn take<T>(
        &mut self,
        column: &str,
        convert: impl Fn(Place, &str) -> Result<T>,
    ) -> Result<Vec<T>> {
        let position = self.position(column)?;
        let cells = self.columns[position].iter().enumerate();
        let values = cells.map(|(row, cell)| match cell {
            Some(text) => convert(self.place(row), text),
            None => {
                let (place, column) = (self.place(row), column.to_string());
                Err(TableError::MissingValue { place, column })
            }
        });
        let values = values.collect::<Result<_>>()?;
        self.columns.remove(position);
        Ok(values)
    }
}

pub(crate) fn missing_column(column: &str) -> TableError {
    TableError::MissingColumn { column: column.to_string() }
}

/// Returns the error of a text that is not a finite number.
pub(crate) fn not_a_number(place: Place, column: &str, text: &str) -> TableError {
    let (is_number, column, text) = (text.parse::<f64>().is_ok(), column.into(), text.into());
    if is_number {
        TableError::NotFinite { place, column, text }
    } else {
        TableError::NotANumber { place, column, text }
    }
}
