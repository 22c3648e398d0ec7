//! Tests of the crate, a module for each file of `src`.

mod encoder;
mod mistakes;
mod model;
mod reader;
mod rows;
mod schema;
mod scikit_learn;
mod selection;
mod stored;
mod table;

use dnn_blocks::prelude::*;
use dnn_blocks_table::{Result, Schema, Table, TableClassifier, TableError};

/// Reads CSV text.
fn read(text: &str) -> Result<Table> {
    Table::read_csv(text.as_bytes())
}

/// Returns the cells of a column.
fn cells<'t>(table: &'t Table, column: &str) -> Vec<Option<&'t str>> {
    table.cells(column).unwrap().collect()
}

/// A table of fish in a CSV file, whose species follows from length and color.
fn fish(rows: std::ops::Range<usize>) -> (Table, Vec<String>) {
    let line = |row: usize| {
        let (length, color) = (row * 7 % 10, ["red", "blue", "gray", ""][row % 4]);
        let weight =
            if row.is_multiple_of(6) { "NA".to_string() } else { (100 + row % 11).to_string() };
        let species = if length > 4 && color != "red" { "sole" } else { "plaice" };
        format!("{row},{length},{weight},{color},{species}\n")
    };
    let lines: String = rows.map(line).collect();
    let mut table = read(&format!("id,length,weight,color,species\n{lines}")).unwrap();
    let species = table.take_labels("species").unwrap();
    (table, species)
}

fn quick() -> Hyperparameters {
    Hyperparameters::default().hidden(&[16]).batch_size(20).epochs(60).learning_rate(0.02)
}

/// A schema that ignores the number of the fish.
fn schema() -> Schema {
    Schema::auto().ignored("id")
}

fn fitted() -> TableClassifier {
    let (table, species) = fish(0..120);
    let mut model = TableClassifier::new(schema(), quick());
    model.fit(&table, &species).unwrap();
    model
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
