//! The cells of a column.

use crate::error::{Result, TableError};

/// A column of texts and missing cells. All texts are in one buffer, with 5 bytes more for a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub name: String,
    text: String,
    /// The end of each cell in `text`.
    ends: Vec<u32>,
    missing: Vec<bool>,
}

impl Column {
    pub fn new(name: &str) -> Self {
        let (text, ends, missing) = (String::new(), Vec::new(), Vec::new());
        Self { name: name.to_string(), text, ends, missing }
    }

    pub fn push(&mut self, cell: Option<&str>) -> Result<()> {
        let size = self.text.len() as u64 + cell.map_or(0, str::len) as u64;
        let limit = u64::from(u32::MAX);
        let end = u32::try_from(size).map_err(|_| TableError::TooLarge {
            what: "the text of a column",
            size,
            limit,
        })?;
        self.text.push_str(cell.unwrap_or_default());
        self.ends.push(end);
        self.missing.push(cell.is_none());
        Ok(())
    }

    /// Returns a cell, or `None` if it is missing. The row must exist.
    pub fn get(&self, row: usize) -> Option<&str> {
        if self.missing[row] {
            return None;
        }
        let begin = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[begin as usize..self.ends[row] as usize])
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        (0..self.ends.len()).map(|row| self.get(row))
    }

    /// Copies the cells of these rows, which must exist.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        let mut chosen = Self::new(&self.name);
        rows.iter().try_for_each(|&row| chosen.push(self.get(row)))?;
        Ok(chosen)
    }
}

/// Parses a finite number.
pub(crate) fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
