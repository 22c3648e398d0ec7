//! Tests of the crate, a module for each file of `src`.

mod encoder;
mod reader;
mod rows;
mod schema;
mod scikit_learn;
mod table;

use dnn_blocks_table::{Result, Table, TableError};

/// Reads CSV text.
fn read(text: &str) -> Result<Table> {
    Table::read_csv(text.as_bytes())
}

/// Returns the cells of a column.
fn cells<'t>(table: &'t Table, column: &str) -> Vec<Option<&'t str>> {
    table.cells(column).unwrap().collect()
}

/// Returns the message of an error.
fn message<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn errors_can_cross_threads() {
    fn check<T: Send + Sync + std::error::Error + 'static>() {}
    check::<TableError>();
}
