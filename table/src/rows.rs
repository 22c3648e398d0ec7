//! Rows from values of serde.

use crate::error::{Place, Quoted, Result, TableError};
use crate::value::{Cells, Unsupported, Value};
use serde::Serialize;

/// The cells of a row with the names of their columns.
#[derive(Debug)]
pub(crate) struct Row {
    place: u64,
    cells: Cells,
}

impl Row {
    /// Takes the fields of a struct in their order, or the entries of a map by name.
    pub fn new(place: u64, value: &impl Serialize) -> Result<Self> {
        match Value::new(value) {
            Ok(Value::Row(cells)) => Ok(Self { place, cells }),
            Ok(Value::Cell(_)) => Err(error(place, "a row must be a struct or a map".to_string())),
            Err(Unsupported(reason)) => Err(error(place, reason)),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|(name, _)| &**name)
    }

    pub fn cells(&self) -> impl Iterator<Item = Option<&str>> {
        self.cells.iter().map(|(_, cell)| cell.as_deref())
    }

    /// Returns the row with its cells in the order of the columns of another row.
    pub fn ordered_as(mut self, first: &Self) -> Result<Self> {
        for (at, name) in first.names().enumerate() {
            let mut rest = self.cells.iter().skip(at);
            let Some(found) = rest.position(|(found, _)| found == name) else {
                return Err(error(self.place, format!("column {} is missing", Quoted(name))));
            };
            self.cells.swap(at, at + found);
        }
        match self.cells.get(first.cells.len()) {
            Some((name, _)) => {
                let reason = format!("column {} is not a column of the first row", Quoted(name));
                Err(error(self.place, reason))
            }
            None => Ok(self),
        }
    }
}

fn error(place: u64, reason: String) -> TableError {
    TableError::Row { place: Place::Row(place), reason }
}
