//! Encoders as texts in the metadata of a model: an entry for each column, and one for the rest.

use crate::categories::Categories;
use crate::encoder::{Encoder, FittedColumn, Role};
use crate::error::{Quoted, Result, TableError};
use crate::missing::MissingTexts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;

const VERSION: u64 = 1;
const KEY: &str = "table";
/// The most bytes of an entry that the core reads.
const LONGEST_ENTRY: usize = 1 << 16;

impl Encoder {
    /// Returns whether the metadata of a model have an encoder, so that
    /// [`TableClassifier`](crate::TableClassifier) or [`TableRegressor`](crate::TableRegressor)
    /// loads the file.
    ///
    /// The metadata are from [`Summary::metadata`](dnn_blocks::files::Summary::metadata) or
    /// [`Classifier::metadata`](dnn_blocks::model::Classifier::metadata). The encoder is not read:
    /// it may be damaged.
    ///
    /// ```
    /// use dnn_blocks_table::dnn_blocks::files::{Kind, Summary};
    /// use dnn_blocks_table::dnn_blocks::prelude::*;
    /// use dnn_blocks_table::{Encoder, Schema, Table, TableRegressor};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("rents.safetensors");
    /// # let table = Table::read_csv("rooms\n1\n2\n3\n4\n".as_bytes())?;
    /// # let how = Hyperparameters::default().hidden(&[2]).epochs(1);
    /// # let mut model = TableRegressor::new(Schema::auto(), how);
    /// # model.fit(&table, &[500.0, 700.0, 900.0, 1100.0])?;
    /// model.save(&path)?;
    /// let summary = Summary::load(&path)?;
    /// assert_eq!(summary.kind(), Kind::Regressor);
    /// assert!(Encoder::is_in(summary.metadata()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_in(metadata: &BTreeMap<String, String>) -> bool {
        metadata.contains_key(KEY)
    }
}

/// The parts of an encoder other than its columns.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u64,
    columns: usize,
    missing: MissingTexts,
    rare_below: usize,
    max_categories: usize,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ignore_others: bool,
}

fn key(column: usize) -> String {
    format!("{KEY}.{column}")
}

fn invalid(reason: impl Display) -> TableError {
    TableError::Encoder { reason: reason.to_string() }
}

/// Writes an encoder as entries of metadata.
pub(crate) fn to_entries(encoder: &Encoder) -> Result<BTreeMap<String, String>> {
    let header = Header {
        version: VERSION,
        columns: encoder.columns.len(),
        missing: encoder.missing.clone(),
        rare_below: encoder.rare_below,
        max_categories: encoder.max_categories,
        ignore_others: encoder.ignore_others,
    };
    let mut entries = BTreeMap::from([(KEY.to_string(), text(&header)?)]);
    for (number, column) in encoder.columns.iter().enumerate() {
        let (text, limit) = (text(column)?, LONGEST_ENTRY);
        if text.len() > limit {
            let (column, size) = (column.name.clone(), text.len());
            return Err(TableError::LongValues { column, size, limit });
        }
        entries.insert(key(number), text);
    }
    Ok(entries)
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(invalid)
}

/// Reads an encoder from the metadata of a model with these names of features.
pub(crate) fn from_entries(
    entries: &BTreeMap<String, String>,
    feature_names: Option<&[String]>,
) -> Result<Encoder> {
    let header: Header = parse(entries, KEY)?;
    if header.version != VERSION {
        let found = header.version;
        return Err(invalid(format!("its version is {found}, but this crate reads {VERSION}")));
    }
    if header.max_categories == 0 {
        return Err(invalid("max_categories is 0"));
    }
    let is_column = |key: &&String| key.strip_prefix(KEY).is_some_and(|rest| rest.starts_with('.'));
    if entries.keys().filter(is_column).count() != header.columns {
        return Err(invalid("the number of columns differs from the number of entries"));
    }
    let columns = (0..header.columns).map(|number| parse(entries, &key(number)));
    let columns = columns.collect::<Result<Vec<FittedColumn>>>()?;
    check_names(&columns)?;
    columns.iter().try_for_each(check_column)?;
    let limits = (header.rare_below, header.max_categories);
    let encoder = Encoder::from_columns(columns, header.missing, limits, header.ignore_others)?;
    if feature_names != Some(encoder.feature_names()) {
        return Err(invalid("its features are not the features of the network"));
    }
    Ok(encoder)
}

fn parse<T: DeserializeOwned>(entries: &BTreeMap<String, String>, key: &str) -> Result<T> {
    let text = entries.get(key).ok_or_else(|| invalid(format!("the entry {key} is missing")))?;
    serde_json::from_str(text).map_err(|error| invalid(format!("the entry {key}: {error}")))
}

fn check_names(columns: &[FittedColumn]) -> Result<()> {
    let mut known = HashSet::new();
    match columns.iter().find(|column| column.name.is_empty() || !known.insert(&column.name)) {
        Some(column) => Err(invalid(format!("{} is not a new name", Quoted(&column.name)))),
        None => Ok(()),
    }
}

/// Checks that the features of a column follow from its values.
fn check_column(column: &FittedColumn) -> Result<()> {
    let valid = match &column.role {
        Role::Number { median } => median.is_finite(),
        Role::Category(categories) => has_all_values(column, categories),
        Role::Ignored => true,
    };
    if valid {
        return Ok(());
    }
    Err(invalid(format!("the values of column {} contradict each other", Quoted(&column.name))))
}

/// Returns whether the values are kept or rare, and the kept ones are sorted.
fn has_all_values(column: &FittedColumn, categories: &Categories) -> bool {
    let missing = usize::from(column.missing > 0);
    let values = column.distinct.checked_add(missing);
    categories.texts.is_sorted_by(|a, b| a < b)
        && categories.texts.len() <= column.distinct
        && usize::from(categories.missing) <= missing
        && values.is_some_and(|values| values > 0)
        && categories.kept().checked_add(categories.rare) == values
}
