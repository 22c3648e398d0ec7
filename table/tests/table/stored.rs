//! Models with their encoders in files, also damaged ones.

use super::{fish, fitted, message, quick, schema};
use dnn_blocks::files::{FileError, Limits};
use dnn_blocks::model::Classifier;
use dnn_blocks_table::{
    CsvOptions, Encoder, MissingTexts, Result, Schema, TableClassifier, TableError, TableRegressor,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn read(file: &[u8]) -> Result<TableClassifier> {
    TableClassifier::from_safetensors(file, &Limits::default())
}

#[test]
fn a_model_stays_the_same_to_the_last_bit() {
    let (model, (test, species)) = (fitted(), fish(120..200));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fish.safetensors");
    model.save(&path).unwrap();
    let mut again = TableClassifier::load(&path).unwrap();
    assert_eq!(again.predict_proba(&test).unwrap(), model.predict_proba(&test).unwrap());
    assert_eq!(again.encoder().unwrap(), model.encoder().unwrap());
    assert_eq!(again.encoder().unwrap().to_string(), model.encoder().unwrap().to_string());
    assert_eq!(again.to_safetensors().unwrap(), std::fs::read(&path).unwrap());
    assert_eq!(again.hyperparameters(), model.hyperparameters());
    again.fit(&test, &species).unwrap();
    let mut new = TableClassifier::new(model.encoder().unwrap().schema(), quick());
    new.fit(&test, &species).unwrap();
    assert_eq!(again.encoder().unwrap(), new.encoder().unwrap(), "the same kinds and limits");
    let limits = Limits::default().bytes(100);
    let error = TableClassifier::load_with(&path, &limits).unwrap_err();
    assert!(matches!(error, TableError::File(FileError::TooLarge { .. })), "{error}");
}

#[test]
fn a_model_that_ignores_other_columns_still_does() {
    let (table, species) = fish(0..60);
    let schema = Schema::new().number("length").category("color").ignore_others();
    let mut model = TableClassifier::new(schema, quick().epochs(3));
    model.fit(&table, &species).unwrap();
    let again = read(&model.to_safetensors().unwrap()).unwrap();
    assert_eq!(again.encoder().unwrap(), model.encoder().unwrap());
    let row = BTreeMap::from([("length", "9"), ("color", "red"), ("weather", "rain")]);
    assert_eq!(again.predict_row(&row).unwrap(), model.predict_row(&row).unwrap());
}

#[test]
fn a_regressor_stays_the_same_to_the_last_bit() {
    let (table, _) = fish(0..60);
    let y: Vec<f64> = (0..60).map(f64::from).collect();
    let mut model = TableRegressor::new(Schema::auto(), quick().epochs(3));
    model.fit(&table, &y).unwrap();
    let file = model.to_safetensors().unwrap();
    let again = TableRegressor::from_safetensors(&file, &Limits::default()).unwrap();
    assert_eq!(again.predict(&table).unwrap(), model.predict(&table).unwrap());
    let error = read(&file).unwrap_err();
    assert!(matches!(error, TableError::File(FileError::Kind { .. })), "{error}");
}

#[test]
fn the_core_reads_the_file_too() {
    let (model, (test, _)) = (fitted(), fish(120..200));
    let file = model.to_safetensors().unwrap();
    let core = Classifier::<f32, String>::from_safetensors(&file, &Limits::default()).unwrap();
    let x = model.encoder().unwrap().encode(&test).unwrap();
    let predicted = core.predict(dnn_blocks::model::Examples::rows(&x)).unwrap();
    assert_eq!(predicted, model.predict(&test).unwrap());
}

#[test]
fn texts_are_kept_whatever_they_contain() {
    let odd = ["\"", "\\", "\u{1b}\n", "{\"table\":1}", ",\"checksum\":", "日本", "\0"];
    let mut csv = String::from("\"c \"\"}\",n,-\n");
    for row in 0..70 {
        csv += &format!("\"{}\",{row},-\n", odd[row % 7].replace('"', "\"\""));
    }
    let options = CsvOptions::new().missing(MissingTexts::new(&["-"]));
    let table = options.read(csv.as_bytes()).unwrap();
    let labels: Vec<_> = (0..70).map(|row| if row % 2 == 0 { "p" } else { "q" }).collect();
    let mut model = TableClassifier::new(Schema::auto(), quick().epochs(1));
    model.fit(&table, &labels).unwrap();
    assert_eq!(model.encoder().unwrap().feature_names().len(), 8);
    let again = read(&model.to_safetensors().unwrap()).unwrap();
    assert_eq!(again.encoder().unwrap(), model.encoder().unwrap());
    assert_eq!(again.predict_proba(&table).unwrap(), model.predict_proba(&table).unwrap());
}

#[test]
fn values_that_are_too_long_for_a_file_are_an_error() {
    let lines: String = (0..20).map(|row| format!("{}{}\n", "x".repeat(40_000), row % 2)).collect();
    let table = super::read(&format!("a\n{lines}")).unwrap();
    let labels: Vec<_> = (0..20).map(|row| if row % 2 == 0 { "p" } else { "q" }).collect();
    let mut model = TableClassifier::new(Schema::auto(), quick().epochs(1));
    let error = model.fit(&table, &labels).unwrap_err();
    assert!(matches!(error, TableError::LongValues { .. }), "{error}");
}

/// Reads the file of a fitted model whose entries were changed.
fn changed(change: impl Fn(&mut BTreeMap<String, String>)) -> Result<TableClassifier> {
    let mut core = fitted().model().clone();
    let mut entries = core.metadata().clone();
    change(&mut entries);
    core.set_metadata(entries)?;
    read(&core.to_safetensors()?)
}

/// Replaces a part of an entry, which must have it.
fn replaced(entry: &str, from: &str, to: &str) -> String {
    message(changed(|entries| {
        let text = entries.get_mut(entry).unwrap();
        assert!(text.contains(from), "{text}");
        *text = text.replacen(from, to, 1);
    }))
}

#[test]
fn a_damaged_encoder_is_an_error() {
    let valid = "the encoder in the file is not valid: ";
    changed(|_| ()).unwrap();
    for (entry, from, to) in [
        ("table", "\"version\":1", "\"version\":2"),
        ("table", "\"columns\":4", "\"columns\":3"),
        ("table", "\"columns\":4", "\"columns\":18446744073709551615"),
        ("table", "\"columns\":4", "\"columns\":-1"),
        ("table", "\"max_categories\":60", "\"max_categories\":0"),
        ("table", "{", "{\"more\":1,"),
        ("table.0", "\"id\"", "\"length\""),
        ("table.0", "\"id\"", "\"\""),
        ("table.1", "4.5", "1e999"),
        ("table.1", "4.5", "null"),
        ("table.1", "4.5", "\"4\""),
        ("table.1", "\"length\"", "\"width\""),
        ("table.1", "\"missing\":0", "\"missing\":1"),
        ("table.2", "\"missing\":20", "\"missing\":0"),
        ("table.3", "\"distinct\":3", "\"distinct\":4"),
        ("table.3", "\"distinct\":3", "\"distinct\":18446744073709551615"),
        ("table.3", "\"rare\":0", "\"rare\":1"),
        ("table.3", "\"rare\":0", "\"rare\":18446744073709551615"),
        ("table.3", "\"missing\":true", "\"missing\":false"),
        ("table.3", "\"missing\":30", "\"missing\":0"),
        ("table.3", "\"blue\"", "\"gray\""),
        ("table.3", "\"blue\"", "\"zebra\""),
        ("table.3", "\"blue\",", ""),
        ("table.3", "\"blue\"", "\"azure\""),
        ("table.3", "\"category\"", "\"number\""),
        ("table.3", "}", ""),
    ] {
        let error = replaced(entry, from, to);
        assert!(error.starts_with(valid), "{entry}, {from}, {to}: {error}");
    }
    for error in [
        message(changed(BTreeMap::clear)),
        message(changed(|entries| _ = entries.remove("table"))),
        message(changed(|entries| _ = entries.remove("table.2"))),
        message(changed(|entries| _ = entries.insert("table.x".to_string(), String::new()))),
        message(changed(|entries| {
            let column = entries.remove("table.2").unwrap();
            entries.insert("table.02".to_string(), column);
        })),
    ] {
        assert!(error.starts_with(valid), "{error}");
    }
}

#[test]
fn more_kept_values_than_different_ones_are_an_error() {
    let error = message(changed(|entries| {
        let text = entries.get_mut("table.3").unwrap();
        let fewer = text.replace("\"distinct\":3", "\"distinct\":2");
        *text = fewer.replace("\"missing\":true", "\"missing\":false");
    }));
    assert!(error.ends_with(r#"the values of column "color" contradict each other"#), "{error}");
}

#[test]
fn a_long_name_is_not_repeated_without_a_limit() {
    let texts: Vec<_> = (0..2000).map(|i| format!("\"{i:04}\"")).collect();
    let (name, texts) = ("n".repeat(30_000), texts.join(","));
    let categories = format!(r#"{{"texts":[{texts}],"missing":false,"rare":0}}"#);
    let role = format!(r#"{{"category":{categories}}}"#);
    let column = format!(r#"{{"name":"{name}","distinct":2000,"missing":0,"role":{role}}}"#);
    let error =
        changed(|entries| _ = entries.insert("table.3".to_string(), column.clone())).unwrap_err();
    assert!(matches!(error, TableError::TooLarge { size: 60_008_000.., .. }), "{error}");
}

#[test]
fn metadata_show_whether_there_is_an_encoder() {
    let mut model = fitted().model().clone();
    assert!(Encoder::is_in(model.metadata()));
    model.set_metadata(BTreeMap::from([("unit".to_string(), "kg".to_string())])).unwrap();
    assert!(!Encoder::is_in(model.metadata()));
}

#[test]
fn a_file_without_an_encoder_is_an_error() {
    let error = message(changed(|entries| entries.clear()));
    assert_eq!(error, "the encoder in the file is not valid: the entry table is missing");
    let mut model = Classifier::<f32, String>::new(quick().epochs(1));
    let (table, species) = fish(0..40);
    let x = dnn_blocks_table::Encoder::fit(&table, &schema()).unwrap().encode(&table).unwrap();
    model.fit(dnn_blocks::model::Examples::rows(&x), &species).unwrap();
    assert!(matches!(read(&model.to_safetensors().unwrap()), Err(TableError::Encoder { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_entry_is_read_or_refused(column in 0..5_usize, at: prop::sample::Index, byte in 32_u8..127) {
        static MODEL: std::sync::OnceLock<TableClassifier> = std::sync::OnceLock::new();
        let mut core = MODEL.get_or_init(fitted).model().clone();
        let mut entries = core.metadata().clone();
        let key = ["table", "table.0", "table.1", "table.2", "table.3"][column];
        let mut text = entries[key].clone().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        entries.insert(key.to_string(), String::from_utf8(text).unwrap());
        core.set_metadata(entries).unwrap();
        let (table, _) = fish(0..10);
        if let Ok(model) = read(&core.to_safetensors().unwrap()) {
            let _ = model.encoder().unwrap().to_string();
            if let Ok(probabilities) = model.predict_proba(&table) {
                prop_assert!(probabilities.iter().all(|p| p.is_finite()));
            }
        }
    }
}
