//! Rows of a request, and the columns that a model takes.

use crate::model::Number;
use crate::refusal::{Refusal, excerpt};
use dnn_blocks::ndarray::Array2;
use dnn_blocks_table::{Encoder, Kind, Place, TableError};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// The cells of a row by the names of their columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row(pub BTreeMap<String, Cell>);

/// The text of a cell, as a CSV file would have it; `None` is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell(pub Option<String>);

impl<'de> Deserialize<'de> for Row {
    /// Reads an object, in which no name occurs twice.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Row;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut cells = BTreeMap::new();
                while let Some(column) = map.next_key::<String>()? {
                    match cells.entry(column) {
                        Entry::Vacant(entry) => _ = entry.insert(map.next_value()?),
                        Entry::Occupied(entry) => {
                            let column = excerpt(entry.key());
                            return Err(A::Error::custom(format!(
                                "column {column:?} occurs twice"
                            )));
                        }
                    }
                }
                Ok(Row(cells))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Cell;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, a bool or null")
            }

            fn visit_unit<E: Error>(self) -> Result<Cell, E> {
                Ok(Cell(None))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Cell, E> {
                self.visit_string(value.to_string())
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Cell, E> {
                self.visit_string(value.to_string())
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Cell, E> {
                self.visit_string(value.to_string())
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Cell, E> {
                self.visit_string(value.to_string())
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Cell, E> {
                self.visit_string(value.to_owned())
            }

            fn visit_string<E: Error>(self, value: String) -> Result<Cell, E> {
                Ok(Cell(Some(value)))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// The columns of a fitted encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    encoder: Encoder,
    kinds: Vec<(String, Kind)>,
    by_name: BTreeMap<String, Kind>,
    /// Whether a row may have other columns.
    ignores_others: bool,
}

impl Columns {
    /// Takes the columns of a fitted encoder.
    pub fn new(encoder: &Encoder) -> Self {
        let schema = encoder.schema();
        let kinds: Vec<_> = schema.columns().map(|(name, kind)| (name.to_owned(), kind)).collect();
        let by_name = kinds.iter().cloned().collect();
        Self { encoder: encoder.clone(), kinds, by_name, ignores_others: schema.ignores_others() }
    }

    /// Computes the features of rows, (rows, features).
    pub fn encode<F: Number>(&self, rows: &[Row]) -> Result<Array2<F>, Refusal> {
        if rows.is_empty() {
            return Err(Refusal::Empty);
        }
        let cells = rows.iter().enumerate().map(|(row, cells)| self.cells(row, cells));
        let table = self.encoder.table(&cells.collect::<Result<Vec<_>, _>>()?).map_err(refused)?;
        self.encoder.encode(&table).map_err(refused)
    }

    /// Returns the cells of a row that the encoder needs. An ignored column may be absent.
    fn cells<'r>(
        &self,
        row: usize,
        Row(given): &'r Row,
    ) -> Result<BTreeMap<&'r str, Option<&'r str>>, Refusal> {
        let mut cells = BTreeMap::new();
        for (column, Cell(text)) in given {
            match self.by_name.get(column) {
                None if self.ignores_others => {}
                None => return Err(Refusal::UnknownColumn { row, column: excerpt(column) }),
                Some(Kind::Ignored) => {}
                Some(_) => _ = cells.insert(column.as_str(), text.as_deref()),
            }
        }
        let mut needed = self.kinds.iter().filter(|(_, kind)| *kind != Kind::Ignored);
        match needed.find(|(name, _)| !cells.contains_key(name.as_str())) {
            Some((name, _)) => Err(Refusal::MissingColumn { row, column: name.clone() }),
            None => Ok(cells),
        }
    }
}

impl Serialize for Columns {
    /// Writes a list of `{"name": ..., "kind": ...}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.kinds.iter().map(|(name, kind)| Column { name, kind: *kind }))
    }
}

struct Column<'c> {
    name: &'c str,
    kind: Kind,
}

impl Serialize for Column<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut column = serializer.serialize_struct("Column", 2)?;
        column.serialize_field("name", self.name)?;
        column.serialize_field("kind", &self.kind.to_string())?;
        column.end()
    }
}

/// Returns the refusal of rows that have the columns of the encoder.
fn refused(error: TableError) -> Refusal {
    match error {
        TableError::NotANumber { place: Place::Row(row), column, text }
        | TableError::NotFinite { place: Place::Row(row), column, text } => {
            Refusal::Cell { row: row as usize, column, text: excerpt(&text) }
        }
        error => Refusal::internal(error),
    }
}
