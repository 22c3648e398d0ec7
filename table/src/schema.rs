//! The kinds of columns: declared, guessed or ignored.

use crate::column::Column;
use crate::error::{Result, TableError};
use crate::guess::guess;
use crate::profile::Profile;
use crate::report::write_report;
use crate::table::{Table, missing_column};
use dnn_blocks::Error;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// The use of a column: a number, a category, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// One of a few texts.
    Category,
    /// No feature. A table to predict need not have the column.
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

/// The kind of each column of a table: number, category or ignored.
///
/// - [`Schema::new`] knows the declared columns only. Any other column is an error, or is ignored
///   after [`ignore_others`](Self::ignore_others).
/// - [`Schema::auto`] also guesses the columns that are not declared, anew in each fit.
/// - [`Schema::guess`] guesses once from a table, to look at the result and to correct it.
///
/// A fit needs every column that is declared, also the ignored ones, so that a misspelled name is
/// an error. A guess takes a column for
///
/// 1. ignored, if all cells are missing, or all have the same value and none is missing;
/// 2. a number, if every cell that is not missing is a finite number, and not all are equal;
/// 3. ignored, if more than nine in ten of the cells that are not missing have different texts;
/// 4. ignored, if no value occurs in [`rare_below`](Self::rare_below) rows (missing counts as a
///    value), because all values would share the feature of rare ones;
/// 5. a category otherwise.
///
/// If nine in ten of the cells or more are numbers, but not all, and there are more than 20
/// different values, the guess is a [`TableError::Mixed`]: declare the column, or add the other
/// texts to the [missing ones](crate::MissingTexts). Numbers that name something, such as postal
/// codes, are a category: declare them. Guess from training rows only, because the other rows
/// should have no influence on the model.
///
/// ```
/// use dnn_blocks_table::{Kind, Schema, Table};
///
/// let lines = "8001,3,gas\n8004,4,\n8004,2,gas\n".repeat(3);
/// let table = Table::read_csv(format!("zip,rooms,heating\n{lines}").as_bytes())?;
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
    pub(crate) others: Others,
    pub(crate) rare_below: usize,
    pub(crate) max_categories: usize,
}

/// The treatment of columns that are not declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    Error,
    Guess,
    Ignore,
}

/// The kind of a column, and why it has this kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    pub name: String,
    pub kind: Kind,
    pub note: String,
    /// Whether a fit needs the column. Ignored columns of a guess or of an encoder may be absent.
    pub required: bool,
}

impl Declared {
    /// Creates a declaration that was not written by a person.
    pub fn found(name: String, kind: Kind, note: String) -> Self {
        Self { name, kind, note, required: kind != Kind::Ignored }
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self::auto()
    }
}

impl Schema {
    /// Creates a schema without columns. All columns must be declared, unless the
    /// [others are ignored](Self::ignore_others).
    #[must_use]
    pub fn new() -> Self {
        Self { others: Others::Error, ..Self::auto() }
    }

    /// Creates a schema without columns. Columns that are not declared are guessed in each fit from
    /// its training rows.
    #[must_use]
    pub fn auto() -> Self {
        Self { columns: Vec::new(), others: Others::Guess, rare_below: 5, max_categories: 60 }
    }

    /// Guesses every column of a table, whose rows are the training rows.
    ///
    /// The guess uses the default of [`rare_below`](Self::rare_below).
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

    /// Declares a column that is no feature.
    ///
    /// The training table must have it. A table to predict need not.
    #[must_use]
    pub fn ignored(self, column: &str) -> Self {
        self.with(column, Kind::Ignored)
    }

    /// Ignores the columns that are not declared, instead of an error or a guess.
    ///
    /// A table to predict may also have columns that the training table does not have. A misspelled
    /// name is then no error, unless the column is declared.
    ///
    /// ```
    /// use dnn_blocks_table::{Encoder, Schema, Table};
    ///
    /// let training = Table::read_csv("age,clerk,fare\n20,Ann,7\n30,Bob,9\n".as_bytes())?;
    /// let schema = Schema::new().number("age").number("fare").ignore_others();
    /// let encoder = Encoder::fit(&training, &schema)?;
    /// assert_eq!(encoder.feature_names(), ["age", "fare"]);
    /// let table = Table::read_csv("fare,age,weather\n8,40,rain\n".as_bytes())?;
    /// assert_eq!(encoder.encode::<f32>(&table)?.row(0).to_vec(), [40.0, 8.0]);
    /// # Ok::<(), dnn_blocks_table::TableError>(())
    /// ```
    #[must_use]
    pub fn ignore_others(self) -> Self {
        Self { others: Others::Ignore, ..self }
    }

    /// Sets the number of training rows below which a category is rare. Default: 5.
    ///
    /// The rare categories of a column share one feature. A category that the training rows do not
    /// have gets the same feature.
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

    /// Returns the kind of a column, or `None` if it is not declared.
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

    /// Returns whether columns that are not declared are ignored, see
    /// [`ignore_others`](Self::ignore_others).
    #[must_use]
    pub fn ignores_others(&self) -> bool {
        self.others == Others::Ignore
    }

    fn with(mut self, column: &str, kind: Kind) -> Self {
        let column = column.trim();
        let (name, note) = (column.to_string(), "declared".to_string());
        let new = Declared { name, kind, note, required: true };
        match self.columns.iter_mut().find(|declared| declared.name == column) {
            Some(declared) => *declared = new,
            None => self.columns.push(new),
        }
        self
    }

    /// Returns a schema with these columns and the limits of an encoder.
    pub(crate) fn from_columns(
        columns: impl Iterator<Item = (String, Kind)>,
        others: Others,
        (rare_below, max_categories): (usize, usize),
    ) -> Self {
        let columns = columns.map(|(name, kind)| Declared::found(name, kind, String::new()));
        Self { columns: columns.collect(), others, rare_below, max_categories }
    }

    /// Returns the kind of each column of a table, in the order of the table, with its values.
    pub(crate) fn resolve<'t>(&self, table: &'t Table) -> Result<Vec<(Declared, Profile<'t>)>> {
        if table.is_empty() {
            return Err(TableError::NoRows);
        }
        if self.max_categories == 0 {
            let (name, value, rule) = ("max_categories", 0.0, "at least 1");
            return Err(Error::InvalidArgument { name, value, rule }.into());
        }
        let names: HashSet<_> = table.columns().collect();
        let mut needed = self.columns.iter().filter(|declared| declared.required);
        if let Some(absent) = needed.find(|declared| !names.contains(&*declared.name)) {
            return Err(missing_column(&absent.name));
        }
        let declared = self.columns.iter().map(|declared| (&*declared.name, declared)).collect();
        let columns = table.columns.iter();
        let absent = self.columns.iter().filter(|declared| !names.contains(&*declared.name));
        let absent = absent.map(|declared| {
            let note = "not in the training table".to_string();
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
            None => self.resolve_other(table, column, &profile)?,
        };
        Ok((declared, profile))
    }

    /// Returns the kind of a column that is not declared.
    fn resolve_other(
        &self,
        table: &Table,
        column: &Column,
        profile: &Profile<'_>,
    ) -> Result<Declared> {
        let name = column.name.clone();
        match self.others {
            Others::Error => Err(TableError::UnknownColumn { column: name }),
            Others::Guess => guess(table, column, profile, self.rare_below),
            Others::Ignore => Ok(Declared::found(name, Kind::Ignored, "not declared".to_string())),
        }
    }
}

/// Prints each column, its kind, and why it has this kind.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |declared: &Declared| {
            [declared.name.clone(), declared.kind.to_string(), declared.note.clone()]
        };
        write_report(f, ["column", "taken as", "note"], self.columns.iter().map(row))
    }
}
