//! What each column is taken for.

use crate::column::Column;
use crate::error::{Result, TableError};
use crate::guess::guess;
use crate::profile::Profile;
use crate::report::write_report;
use crate::table::{Table, missing_column};
use dnn_blocks::Error;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// One of a few texts.
    Category,
    /// No feature. The column may be absent.
    Ignored,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Number => "number",
            Self::Category => "category",
            Self::Ignored => "ignored",
        })
    }
}

/// What the columns of a table are taken for.
///
/// - [`Schema::new`] knows the declared columns only. Any other column is an error.
/// - [`Schema::auto`] also guesses the columns that are not declared, anew in each fit.
/// - [`Schema::guess`] guesses once from a table, to look at the result and to correct it.
///
/// A guess takes a column for
///
/// 1. ignored, if all cells are missing, or all have the same value and none is missing;
/// 2. a number, if every cell that is not missing is a finite number, and not all are equal;
/// 3. ignored, if more than nine in ten of the cells that are not missing have different texts;
/// 4. a category otherwise.
///
/// If nine in ten of the cells or more are numbers, but not all, and there are more than 20 different
/// values, the guess is a [`TableError::Mixed`]: declare the column, or add the other texts to the
/// [missing ones](crate::MissingTexts). Numbers that name something, such as postal codes, are a category: declare them. Guess from
/// training rows only, because the other rows should have no influence on the model.
///
/// ```
/// use dnn_blocks_table::{Kind, Schema, Table};
///
/// let table = Table::read_csv("zip,rooms,heating\n8001,3,gas\n8004,4,\n8004,2,gas\n".as_bytes())?;
/// let schema = Schema::guess(&table)?.category("zip");
/// assert_eq!(schema.kind("zip"), Some(Kind::Category));
/// assert_eq!(schema.kind("rooms"), Some(Kind::Number));
/// assert_eq!(schema.kind("heating"), Some(Kind::Category));
///
/// let declared = Schema::new().category("zip").number("rooms").ignored("heating");
/// assert_eq!(declared.kind("heating"), Some(Kind::Ignored));
/// # Ok::<(), dnn_blocks_table::TableError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    columns: Vec<Declared>,
    /// Whether columns that are not declared are guessed.
    auto: bool,
    pub(crate) rare_below: usize,
    pub(crate) max_categories: usize,
}

/// What a column is taken for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    pub name: String,
    pub kind: Kind,
    pub note: String,
}

impl Default for Schema {
    fn default() -> Self {
        Self::auto()
    }
}

impl Schema {
    /// Creates a schema without columns. All columns must be declared.
    #[must_use]
    pub fn new() -> Self {
        Self { auto: false, ..Self::auto() }
    }

    /// Creates a schema without columns. Columns that are not declared are guessed in each fit from
    /// its training rows.
    #[must_use]
    pub fn auto() -> Self {
        Self { columns: Vec::new(), auto: true, rare_below: 5, max_categories: 60 }
    }

    /// Guesses every column of a table, whose rows are the training rows.
    ///
    /// # Errors
    ///
    /// [`TableError::NoRows`], [`TableError::Mixed`].
    pub fn guess(table: &Table) -> Result<Self> {
        let columns = Self::auto().resolve(table)?;
        let columns = columns.into_iter().map(|(declared, _)| declared).collect();
        Ok(Self { columns, ..Self::new() })
    }

    /// Declares a column of numbers.
    #[must_use]
    pub fn number(self, column: &str) -> Self {
        self.with(column, Kind::Number)
    }

    /// Declares a column of categories.
    #[must_use]
    pub fn category(self, column: &str) -> Self {
        self.with(column, Kind::Category)
    }

    /// Declares a column that is no feature. Tables need not have it; the report of a fit says so.
    #[must_use]
    pub fn ignored(self, column: &str) -> Self {
        self.with(column, Kind::Ignored)
    }

    /// Sets the number of training rows below which a category is rare. Default: 5.
    ///
    /// The rare categories of a column share one feature, and unseen ones get it too.
    #[must_use]
    pub fn rare_below(self, rows: usize) -> Self {
        Self { rare_below: rows, ..self }
    }

    /// Sets the largest number of features of a column of categories. Default: 60.
    ///
    /// The feature of rare categories counts. Categories with the fewest rows are taken for rare
    /// until the others fit.
    #[must_use]
    pub fn max_categories(self, features: usize) -> Self {
        Self { max_categories: features, ..self }
    }

    /// Returns what a column is taken for, or `None` if it is not declared.
    #[must_use]
    pub fn kind(&self, column: &str) -> Option<Kind> {
        let mut columns = self.columns.iter();
        columns.find(|declared| declared.name == column).map(|declared| declared.kind)
    }

    /// Returns the declared columns and what they are taken for, in their order.
    ///
    /// ```
    /// use dnn_blocks_table::{Kind, Schema};
    ///
    /// let schema = Schema::new().number("age").category("port");
    /// let columns: Vec<_> = schema.columns().collect();
    /// assert_eq!(columns, [("age", Kind::Number), ("port", Kind::Category)]);
    /// ```
    #[must_use]
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, Kind)> {
        self.columns.iter().map(|declared| (declared.name.as_str(), declared.kind))
    }

    fn with(mut self, column: &str, kind: Kind) -> Self {
        let column = column.trim();
        let new = Declared { name: column.to_string(), kind, note: "declared".to_string() };
        match self.columns.iter_mut().find(|declared| declared.name == column) {
            Some(declared) => *declared = new,
            None => self.columns.push(new),
        }
        self
    }

    /// Returns a schema with these columns and the limits of an encoder.
    pub(crate) fn from_columns(
        columns: impl Iterator<Item = (String, Kind)>,
        (rare_below, max_categories): (usize, usize),
    ) -> Self {
        let columns = columns.map(|(name, kind)| Declared { name, kind, note: String::new() });
        Self { columns: columns.collect(), auto: false, rare_below, max_categories }
    }

    /// Returns what each column of a table is taken for, in the order of the table, with its
    /// values. Then follow ignored columns that the table does not have.
    pub(crate) fn resolve<'t>(&self, table: &'t Table) -> Result<Vec<(Declared, Profile<'t>)>> {
        if table.is_empty() {
            return Err(TableError::NoRows);
        }
        if self.max_categories == 0 {
            let (name, value, rule) = ("max_categories", 0.0, "at least 1");
            return Err(Error::InvalidArgument { name, value, rule }.into());
        }
        let names: HashSet<_> = table.columns().collect();
        let mut needed = self.columns.iter().filter(|declared| declared.kind != Kind::Ignored);
        if let Some(absent) = needed.find(|declared| !names.contains(&*declared.name)) {
            return Err(missing_column(&absent.name));
        }
        let declared = self.columns.iter().map(|declared| (&*declared.name, declared)).collect();
        let columns = table.columns.iter();
        let absent = self.columns.iter().filter(|declared| !names.contains(&*declared.name));
        let absent = absent.map(|declared| {
            let note = "declared, but not in the training table".to_string();
            Ok((Declared { note, ..declared.clone() }, Profile::default()))
        });
        let resolved = columns.map(|column| self.resolve_column(table, column, &declared));
        resolved.chain(absent).collect()
    }

    fn resolve_column<'t>(
        &self,
        table: &Table,
        column: &'t Column,
        declared: &HashMap<&str, &Declared>,
    ) -> Result<(Declared, Profile<'t>)> {
        let profile = Profile::new(column);
        let declared = match declared.get(&*column.name) {
            Some(&declared) => declared.clone(),
            None if self.auto => guess(table, column, &profile)?,
            None => return Err(TableError::UnknownColumn { column: column.name.clone() }),
        };
        Ok((declared, profile))
    }
}

/// Prints each column, what it is taken for, and why.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |declared: &Declared| {
            [declared.name.clone(), declared.kind.to_string(), declared.note.clone()]
        };
        write_report(f, ["column", "taken as", "note"], self.columns.iter().map(row))
    }
}
