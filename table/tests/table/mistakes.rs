//! Mistakes in tables that would otherwise pass unnoticed.

use super::read;
use dnn_blocks_table::dnn_blocks::prelude::*;
use dnn_blocks_table::{
    CsvOptions, Encoder, Schema, Table, TableClassifier, TableError, TableRegressor,
};
use std::collections::BTreeMap;

fn message<T>(result: Result<T, TableError>) -> String {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error.to_string(),
    }
}

fn quick() -> Hyperparameters {
    Hyperparameters::default().hidden(&[4]).epochs(2)
}

#[test]
fn a_text_among_numbers_is_an_error_of_the_guess() {
    let numbers: String = (0..99).map(|i| format!("{i}.5,{}\n", i % 2)).collect();
    let table = read(&format!("a,b\n{numbers}none,1\n")).unwrap();
    let expected = "line 101, column \"a\": 99 of 100 values are numbers, but \"none\" is not: \
                    declare the column, or add the text to the missing ones";
    assert_eq!(message(Encoder::fit(&table, &Schema::auto())), expected);
    assert_eq!(message(Schema::guess(&table)), expected);
    assert!(Encoder::fit(&table, &Schema::auto().ignored("a")).is_ok());
}

#[test]
fn numbers_that_f32_cannot_tell_apart_are_refused() {
    let lines: String = (0..400).map(|i| format!("{}\n", 1_700_000_000 + 3 * i)).collect();
    let table = read(&format!("t\n{lines}")).unwrap();
    let labels: Vec<&str> = (0..400).map(|i| if i < 200 { "a" } else { "b" }).collect();
    let mut model = TableClassifier::new(Schema::auto(), quick());
    assert_eq!(
        message(model.fit(&table, &labels)),
        "column \"t\": the numbers from 1700000000 to 1700001197 are too close together for f32: \
         subtract a constant or scale them"
    );
    assert!(Encoder::fit(&table, &Schema::auto()).unwrap().encode::<f64>(&table).is_ok());
    let tiny: String = (0..40).map(|i| format!("{i}e-300\n")).collect();
    let tiny = read(&format!("t\n{tiny}")).unwrap();
    assert!(message(model.fit(&tiny, &labels[180..220])).contains("too close together"));
    let x = read(&format!("x\n{}", (0..40).map(|i| format!("{i}\n")).collect::<String>())).unwrap();
    let far: Vec<f64> = (0..40).map(|i| 1.7e9 + f64::from(i)).collect();
    let mut model = TableRegressor::new(Schema::auto(), quick());
    assert!(message(model.fit(&x, &far)).starts_with("column \"targets\": the numbers from"));
    // A year of days and of seconds are far enough apart.
    for (start, step) in [(1_700_000_000_i64, 86_400), (20_240_101, 30)] {
        let lines: String = (0..365).map(|i| format!("{}\n", start + step * i)).collect();
        let table = read(&format!("t\n{lines}")).unwrap();
        let mut model = TableClassifier::new(Schema::auto(), quick());
        model.fit(&table, &labels[..365]).unwrap();
    }
}

#[test]
fn a_quote_that_is_not_closed_is_an_error() {
    let open = |csv: &str| message(read(csv));
    let expected =
        |line| format!("line {line}: a quoted field has no closing quote, or text after it");
    assert_eq!(open("a,b\n1,\"x\n2,y\n3,z\n"), expected(2));
    assert_eq!(open("\"a,b\n1,x\n"), expected(1));
    assert_eq!(open("a,b\n1,x\n2,\"y\n3,z\n4,\"w\"\n5,v\n"), expected(5));
    assert_eq!(open("a\n\"1\"2\n"), expected(2));
}

#[test]
fn quotes_inside_a_field_are_texts() {
    let table = read("a,b\n5\",\"say \"\"yes\"\", \"\n").unwrap();
    assert_eq!(table.cells("a").unwrap().next(), Some(Some("5\"")));
    assert_eq!(table.cells("b").unwrap().next(), Some(Some("say \"yes\",")));
    let marked = read("\u{feff}\"a\",b\n1,2\n").unwrap();
    assert_eq!(marked.columns().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_long_line_stops_the_reader_before_it_is_stored() {
    let wide = format!("{}\n", ",".repeat(1 << 17));
    assert!(message(read(&wide)).starts_with("the number of columns is too large: 65537"));
    let blank = "\n".repeat((1 << 20) + (1 << 16));
    assert!(message(read(&blank)).starts_with("the number of lines without a value is too large"));
    for delimiter in [b'"', b'\n', b'\r', 0, 0xff] {
        let error = message(CsvOptions::new().delimiter(delimiter).read("a\n1\n".as_bytes()));
        assert!(error.starts_with("delimiter is "), "{error}");
    }
    let error = message(Table::load_csv("no/such/file.csv"));
    assert!(error.starts_with("cannot read no/such/file.csv: "), "{error}");
}

/// A program writes `1` for the `1.0` of a file, and `true` for its `True`.
#[test]
fn categories_are_equal_if_their_values_are() {
    let csv = "c,d\n0.0,True\n1.0,False\n2.0,True\n0.0,False\n1.0,True\n2.0,False\n";
    let schema = Schema::new().category("c").category("d").rare_below(1);
    let encoder = Encoder::fit(&read(csv).unwrap(), &schema).unwrap();
    let rows = [BTreeMap::from([("c", "1"), ("d", "true")])];
    let x = encoder.encode::<f64>(&encoder.table(&rows).unwrap()).unwrap();
    assert_eq!(x.row(0).to_vec(), [0.0, 1.0, 0.0, 1.0]);
    let texts = read("c\n01\n1\n01\n1\n").unwrap();
    let encoder = Encoder::fit(&texts, &Schema::new().category("c").rare_below(1)).unwrap();
    let x = encoder.encode::<f64>(&texts).unwrap();
    assert_eq!(x.column(0).to_vec(), [0.0, 1.0, 0.0, 1.0], "known texts stay different");
}

#[test]
fn values_too_long_for_a_file_are_refused_before_the_fit() {
    let line = |i: usize| format!("{}{},{i}\n", "x".repeat(1500), i % 50);
    let csv = format!("c,n\n{}", (0..250).map(line).collect::<String>());
    let labels: Vec<&str> = (0..250).map(|i| if i % 3 == 0 { "a" } else { "b" }).collect();
    let mut model = TableClassifier::new(Schema::auto(), quick());
    let error = message(model.fit(&read(&csv).unwrap(), &labels));
    assert!(error.starts_with("column \"c\": its values take "), "{error}");
    assert!(model.encoder().is_err());
}

#[test]
fn other_metadata_does_not_disturb_the_encoder() {
    let table = read("a\n1\n2\n3\n4\n").unwrap();
    let labels = ["x", "y", "x", "y"];
    let mut model = TableClassifier::new(Schema::auto(), quick());
    model.fit(&table, &labels).unwrap();
    let mut inner = model.model().clone();
    let mut metadata = inner.metadata().clone();
    metadata.insert("author".into(), "me".into());
    inner.set_metadata(metadata).unwrap();
    let file = inner.to_safetensors().unwrap();
    let again = TableClassifier::from_safetensors(&file, &Default::default()).unwrap();
    assert_eq!(again.predict(&table).unwrap(), model.predict(&table).unwrap());
    let row = BTreeMap::from([("a", 2)]);
    let p = model.predict_proba_row(&row).unwrap();
    assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6 && p.len() == 2);
}
