//! Tables of CSV files, with the guess and the features that follow, and models with an encoder.
//! The features of training rows must be finite, and an accepted model is written again.
#![no_main]

use dnn_blocks::files::Limits;
use dnn_blocks_table::{CsvOptions, Encoder, Schema, Table, TableClassifier, TableRegressor};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Ok(table) = CsvOptions::new().max_bytes(1 << 16).max_columns(1 << 8).read(file) {
        check(&table);
    }
    let limits = Limits::default().bytes(1 << 20).header(1 << 16).arrays(64);
    if let Ok(model) = TableClassifier::from_safetensors(file, &limits) {
        let again = model.to_safetensors().unwrap();
        let again = TableClassifier::from_safetensors(&again, &Limits::default()).unwrap();
        assert_eq!(again.encoder().unwrap(), model.encoder().unwrap());
        _ = model.encoder().unwrap().to_string();
    }
    _ = TableRegressor::from_safetensors(file, &limits);
});

fn check(table: &Table) {
    let Ok(schema) = Schema::guess(table) else { return };
    _ = schema.to_string();
    let column = table.columns().next().unwrap_or_default();
    for schema in [schema.clone().rare_below(2).max_categories(5), schema.category(column)] {
        let Ok(encoder) = Encoder::fit(table, &schema) else { continue };
        _ = encoder.to_string();
        let x = encoder.encode::<f64>(table).unwrap();
        assert_eq!(x.dim(), (table.len(), encoder.feature_names().len()));
        assert!(x.iter().all(|value| value.is_finite()));
        _ = encoder.encode::<f32>(table);
    }
}
