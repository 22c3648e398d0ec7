//! From tables to matrices.

use crate::categories::Categories;
use crate::error::{Result, TableError};
use crate::features::{distinct_names, write_column};
use crate::missing::MissingTexts;
use crate::number::median;
use crate::profile::Profile;
use crate::report::{joined, write_report};
use crate::schema::{Declared, Kind, Others, Schema};
use crate::table::{Table, missing_column};
use dnn_blocks::error::Operand;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::{Error, Float};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// The features of a table, learned from training rows.
///
/// - A **number** is one feature. A missing one is the median of the training rows, and a second
///   feature is 1 if some were missing in the training rows.
/// - A **category** is one-hot: one feature for each value. All rare values of a column share one
///   feature. A value is rare if it occurs in fewer training rows than [`Schema::rare_below`], or
///   if [`Schema::max_categories`] leaves no feature for it. Missing is a value like the others. If
///   there would be two features, the column has only the second of them. A value that the training
///   rows do not have is encoded as a rare value. If the column has no rare values, all features of
///   such a value are 0, or 0.5 if the column has one feature for two values. A number with another
///   spelling is the same value, and so is `true` in any case, unless the training rows have the
///   text itself.
/// - An **ignored** column has no feature.
///
/// On the training columns, the features equal scikit-learn's
/// `SimpleImputer(strategy="median", add_indicator=True)` and
/// `OneHotEncoder(min_frequency=5, max_categories=60, drop="if_binary",
/// handle_unknown="infrequent_if_exist")`.
///
/// ```
/// use dnn_blocks_table::{Encoder, Schema, Table};
/// use dnn_blocks_table::dnn_blocks::ndarray::array;
///
/// let training = Table::read_csv("age,port\n36,Dover\n,Calais\n41,Dover\n20,Oslo\n".as_bytes())?;
/// let schema = Schema::auto().category("port").rare_below(1);
/// let encoder = Encoder::fit(&training, &schema)?;
/// let names = ["age", "age missing", "port=Calais", "port=Dover", "port=Oslo"];
/// assert_eq!(encoder.feature_names(), names);
///
/// let table = Table::read_csv("port,age\nOslo,\nRome,50\n".as_bytes())?;
/// let x = encoder.encode::<f32>(&table)?;
/// assert_eq!(x, array![[36.0, 1.0, 0.0, 0.0, 1.0], [50.0, 0.0, 0.0, 0.0, 0.0]]);
/// # Ok::<(), dnn_blocks_table::TableError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    pub(crate) columns: Vec<FittedColumn>,
    pub(crate) missing: MissingTexts,
    pub(crate) rare_below: usize,
    pub(crate) max_categories: usize,
    /// Whether unknown columns are ignored.
    pub(crate) ignore_others: bool,
    /// The names of the features, which follow from the columns.
    names: Vec<String>,
}

/// A column of the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FittedColumn {
    pub name: String,
    /// The number of different values in the training rows.
    pub distinct: usize,
    /// The number of missing cells in the training rows.
    pub missing: usize,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    pub role: Role,
}

/// The features of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Role {
    Number { median: f64 },
    Category(Categories),
    Ignored,
}

/// The most bytes of the names of all features, in which the name of a column occurs repeatedly.
const LONGEST_NAMES: u64 = 1 << 24;

impl FittedColumn {
    fn fit(
        table: &Table,
        column: usize,
        schema: &Schema,
        (declared, profile): (Declared, Profile<'_>),
    ) -> Result<Self> {
        let role = match declared.kind {
            Kind::Number => Role::Number { median: median(table, column, &profile)? },
            Kind::Category => {
                let (rare_below, most) = (schema.rare_below, schema.max_categories);
                Role::Category(Categories::fit(&profile, rare_below, most))
            }
            Kind::Ignored => Role::Ignored,
        };
        let Declared { name, note, .. } = declared;
        Ok(Self { name, distinct: profile.distinct(), missing: profile.missing, note, role })
    }

    pub fn kind(&self) -> Kind {
        match self.role {
            Role::Number { .. } => Kind::Number,
            Role::Category(_) => Kind::Category,
            Role::Ignored => Kind::Ignored,
        }
    }

    /// Returns the number of its features.
    pub fn width(&self) -> usize {
        match &self.role {
            Role::Number { .. } => 1 + usize::from(self.missing > 0),
            Role::Category(categories) => categories.width(),
            Role::Ignored => 0,
        }
    }

    /// Returns the names of its features.
    fn names(&self) -> Vec<String> {
        let name = &self.name;
        match &self.role {
            Role::Number { .. } if self.missing > 0 => {
                vec![name.clone(), format!("{name} missing")]
            }
            Role::Number { .. } => vec![name.clone()],
            Role::Category(categories) => categories.names(name),
            Role::Ignored => Vec::new(),
        }
    }

    /// Describes the column in the report.
    fn note(&self) -> String {
        let fitted = match &self.role {
            Role::Number { median } => format!("median {median}"),
            Role::Category(categories) => categories.note(self.distinct, self.missing),
            Role::Ignored => String::new(),
        };
        joined(&[&fitted, &self.note])
    }
}

impl Encoder {
    /// Learns the features from training rows.
    ///
    /// The features have the order of the columns of the table. Rows that a model is tested on
    /// should not be in it.
    ///
    /// # Errors
    ///
    /// [`TableError::NoRows`]; [`TableError::NoFeatures`] if every column is ignored;
    /// [`TableError::MissingColumn`] or [`TableError::UnknownColumn`] if the table does not have a
    /// declared column, or has one that the schema does not know; [`TableError::NotANumber`] or
    /// [`TableError::NotFinite`] with line and column if a cell of a column that is declared a
    /// number is not a finite number; [`TableError::NoNumber`] if all of them are missing;
    /// [`TableError::Mixed`] for a guess; [`TableError::TooLarge`] if the names of the features
    /// have more than 16 MiB;
    /// [`Error::InvalidArgument`](dnn_blocks::Error::InvalidArgument) if `max_categories` is 0.
    pub fn fit(table: &Table, schema: &Schema) -> Result<Self> {
        let resolved = schema.resolve(table)?.into_iter().enumerate();
        let fit = |(column, resolved)| FittedColumn::fit(table, column, schema, resolved);
        let columns = resolved.map(fit).collect::<Result<_>>()?;
        let limits = (schema.rare_below, schema.max_categories);
        Self::from_columns(columns, table.missing.clone(), limits, schema.ignores_others())
    }

    /// Creates an encoder whose columns are checked.
    pub(crate) fn from_columns(
        columns: Vec<FittedColumn>,
        missing: MissingTexts,
        (rare_below, max_categories): (usize, usize),
        ignore_others: bool,
    ) -> Result<Self> {
        if columns.iter().all(|column| column.width() == 0) {
            return Err(TableError::NoFeatures);
        }
        let length = |column: &FittedColumn| {
            let column_name = column.width().saturating_mul(column.name.len());
            let texts = match &column.role {
                Role::Category(categories) => categories.texts.iter().map(String::len).sum(),
                _ => 0,
            };
            column_name.saturating_add(texts) as u64
        };
        let size = columns.iter().map(length).fold(0, u64::saturating_add);
        if size > LONGEST_NAMES {
            let what = "the length of the names of all features";
            return Err(TableError::TooLarge { what, size, limit: LONGEST_NAMES });
        }
        let names = distinct_names(columns.iter().flat_map(FittedColumn::names));
        Ok(Self { columns, missing, rare_below, max_categories, ignore_others, names })
    }

    /// Returns the names of the features, such as `age`, `age missing`, `port=Dover`, `port
    /// missing` and `port rare`. A name that an earlier feature has gets a number, as in
    /// `age missing (2)`.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.names
    }

    /// Returns the values of a category column that have a feature of their own, sorted.
    ///
    /// It is `None` if the column is not a category or does not exist. Missing and the rare values
    /// are not in the list.
    ///
    /// ```
    /// # use dnn_blocks_table::{Encoder, Schema, Table};
    /// let lines = "36,Dover\n20,Calais\n".repeat(5);
    /// let table = Table::read_csv(format!("age,port\n{lines}40,Rome\n").as_bytes())?;
    /// let encoder = Encoder::fit(&table, &Schema::auto())?;
    /// assert_eq!(encoder.categories("port").unwrap(), ["Calais", "Dover"]);
    /// assert_eq!(encoder.categories("age"), None);
    /// # Ok::<(), dnn_blocks_table::TableError>(())
    /// ```
    #[must_use]
    pub fn categories(&self, column: &str) -> Option<&[String]> {
        match &self.columns.iter().find(|fitted| fitted.name == column)?.role {
            Role::Category(categories) => Some(&categories.texts),
            _ => None,
        }
    }

    /// Returns a schema that declares each column with its kind in this encoder.
    ///
    /// A fit with it does not need the ignored columns.
    #[must_use]
    pub fn schema(&self) -> Schema {
        let columns = self.columns.iter().map(|column| (column.name.clone(), column.kind()));
        let others = if self.ignore_others { Others::Ignore } else { Others::Error };
        Schema::from_columns(columns, others, (self.rare_below, self.max_categories))
    }

    /// Creates a table from rows, with the texts for missing values of the training table; see
    /// [`Table::from_rows`].
    ///
    /// # Errors
    ///
    /// The errors of [`Table::from_rows`].
    pub fn table<T: Serialize>(&self, rows: &[T]) -> Result<Table> {
        Table::from_rows_with(rows, &self.missing)
    }

    /// Computes the features of each row, (rows, features).
    ///
    /// Columns are found by name. Only ignored ones may be absent.
    ///
    /// # Errors
    ///
    /// [`TableError::MissingColumn`] if the table does not have a column,
    /// [`TableError::UnknownColumn`] if it has one that the training table did not have, unless
    /// the schema [ignores others](Schema::ignore_others);
    /// [`TableError::NotANumber`] or [`TableError::NotFinite`] with line and column if a number is
    /// a text or not finite in `F`;
    /// [`Error::TooLarge`](dnn_blocks::Error::TooLarge) if the matrix does not fit in memory.
    pub fn encode<F: Float>(&self, table: &Table) -> Result<Array2<F>> {
        self.check_columns(table)?;
        let by_name: HashMap<_, _> = table.columns().zip(&table.columns).collect();
        let mut x = zeros(table.len(), self.names.len())?;
        let mut feature = 0;
        for column in &self.columns {
            let features = column.width();
            if features > 0 {
                let name = column.name.as_str();
                let cells = by_name.get(name).ok_or_else(|| missing_column(name))?;
                write_column(&mut x, feature, column, (table, cells))?;
            }
            feature += features;
        }
        Ok(x)
    }

    /// Checks that each column of the table is known, unless others are ignored.
    fn check_columns(&self, table: &Table) -> Result<()> {
        if self.ignore_others {
            return Ok(());
        }
        let known: HashSet<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
        match table.columns().find(|name| !known.contains(name)) {
            Some(column) => Err(TableError::UnknownColumn { column: column.to_string() }),
            None => Ok(()),
        }
    }
}

/// Prints each column: its kind, the number of different values, the number of missing cells, and
/// a note with the median or the values of a category.
///
/// Missing is not counted as a value here. A long list of values is cut. If some are rare, the note
/// has the number of values with a feature of their own instead.
impl fmt::Display for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = ["column", "taken as", "distinct", "missing", "note"];
        let row = |column: &FittedColumn| {
            let (distinct, missing) = (column.distinct.to_string(), column.missing.to_string());
            [column.name.clone(), column.kind().to_string(), distinct, missing, column.note()]
        };
        write_report(f, titles, self.columns.iter().map(row))
    }
}

/// Creates a matrix of zeros, whose memory is reserved before.
fn zeros<F: Float>(rows: usize, columns: usize) -> Result<Array2<F>> {
    let shape = (rows, columns);
    let operand = Operand { name: "X", shape };
    let too_large = || Error::TooLarge { layer: None, operand };
    let len = rows.checked_mul(columns).ok_or_else(too_large)?;
    let mut data = Vec::new();
    data.try_reserve_exact(len).map_err(|_| too_large())?;
    data.resize(len, F::default());
    Ok(Array2::from_shape_vec(shape, data).map_err(|_| too_large())?)
}
