//! Rows from structs and maps.

use super::{cells, message};
use dnn_blocks_table::{MissingTexts, Table, TableError};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Serialize)]
enum Port {
    Dover,
    #[serde(rename = "Zürich")]
    Zurich,
    Other(String),
}

#[derive(Serialize)]
struct Meters(f64);

#[derive(Serialize)]
struct Row {
    port: Port,
    length: Option<Meters>,
    crew: u8,
    #[serde(rename = "sea going")]
    sea: bool,
    class: char,
    unit: (),
    small: f32,
}

fn row(port: Port, length: Option<Meters>) -> Row {
    Row { port, length, crew: 3, sea: true, class: 'ß', unit: (), small: 0.1 }
}

#[test]
fn fields_of_structs_are_cells() {
    let rows = [
        row(Port::Zurich, Some(Meters(1e21))),
        row(Port::Dover, None),
        row(Port::Dover, Some(Meters(f64::NAN))),
    ];
    let table = Table::from_rows(&rows).unwrap();
    let columns = ["port", "length", "crew", "sea going", "class", "unit", "small"];
    assert_eq!(table.columns().collect::<Vec<_>>(), columns);
    assert_eq!(cells(&table, "port"), [Some("Zürich"), Some("Dover"), Some("Dover")]);
    assert_eq!(cells(&table, "length"), [Some("1000000000000000000000"), None, None]);
    assert_eq!(cells(&table, "sea going")[0], Some("true"));
    assert_eq!(cells(&table, "class")[0], Some("ß"));
    assert_eq!(cells(&table, "unit")[0], None);
    assert_eq!(cells(&table, "small")[0], Some("0.1"));
}

#[test]
fn numbers_are_written_without_loss() {
    for number in [0.1, -5e-324, f64::MAX, 1.0 / 3.0, -0.0] {
        let mut table = Table::from_rows(&[BTreeMap::from([("x", number)])]).unwrap();
        assert_eq!(table.take_numbers("x").unwrap()[0].to_bits(), number.to_bits());
    }
    let mut table = Table::from_rows(&[BTreeMap::from([("x", f64::INFINITY)])]).unwrap();
    let error = message(table.take_numbers("x"));
    assert_eq!(error, r#"row 0, column "x": "inf" is not a finite number"#);
}

#[test]
fn maps_are_sorted_by_name() {
    let rows: Vec<HashMap<_, _>> =
        (0..20).map(|i| HashMap::from([("b", i), ("a", 2 * i), ("c", 0)])).collect();
    let table = Table::from_rows(&rows).unwrap();
    assert_eq!(table.columns().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(cells(&table, "a")[19], Some("38"));
    let numbered = Table::from_rows(&[BTreeMap::from([(7, "x")])]).unwrap();
    assert_eq!(numbered.columns().collect::<Vec<_>>(), ["7"]);
}

#[derive(Serialize)]
struct Flattened {
    b: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[test]
fn flattened_fields_are_columns() {
    let rest = BTreeMap::from([("a".to_string(), 1)]);
    let table = Table::from_rows(&[Flattened { b: 2, rest }]).unwrap();
    assert_eq!(table.columns().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn texts_of_missing_values_are_missing() {
    let rows = [BTreeMap::from([("a", " "), ("b", "NA")])];
    let table = Table::from_rows(&rows).unwrap();
    assert_eq!((cells(&table, "a"), cells(&table, "b")), (vec![None], vec![None]));
    let table = Table::from_rows_with(&rows, &MissingTexts::new(&[])).unwrap();
    assert_eq!((cells(&table, "a"), cells(&table, "b")), (vec![Some("")], vec![Some("NA")]));
}

#[derive(Serialize)]
struct Odd<T>(BTreeMap<&'static str, T>);

/// The message of a row with this value in column a.
fn odd<T: Serialize>(value: T) -> String {
    message(Table::from_rows(&[Odd(BTreeMap::from([("a", value)]))]))
}

#[test]
fn values_that_are_no_cells_are_errors() {
    let expected = |found: &str| {
        format!(
            "row 0: column \"a\": found {found}, but a cell is a text, a number, a bool or missing"
        )
    };
    assert_eq!(odd(vec![1]), expected("a list"));
    assert_eq!(odd((1, 2)), expected("a tuple"));
    assert_eq!(odd(BTreeMap::from([(1, 2)])), expected("a struct or a map"));
    assert_eq!(odd(Port::Other("x".to_string())), expected("an enum variant with content"));
}

#[test]
fn values_that_are_no_rows_are_errors() {
    for error in [
        message(Table::from_rows(&[1])),
        message(Table::from_rows(&["a"])),
        message(Table::from_rows(&[None::<Meters>])),
    ] {
        assert_eq!(error, "row 0: a row must be a struct or a map");
    }
    assert!(message(Table::from_rows(&[vec![1]])).starts_with("row 0: found a list"));
    assert!(matches!(Table::from_rows::<Row>(&[]).unwrap_err(), TableError::NoHeader));
}

#[test]
fn all_rows_need_the_same_columns() {
    let map =
        |names: &[&'static str]| names.iter().map(|&name| (name, 1)).collect::<BTreeMap<_, _>>();
    let of = |rows: &[BTreeMap<&str, i32>]| message(Table::from_rows(rows));
    assert_eq!(of(&[map(&["a", "b"]), map(&["a"])]), r#"row 1: column "b" is missing"#);
    assert_eq!(of(&[map(&["b"]), map(&["a"])]), r#"row 1: column "b" is missing"#);
    let more = of(&[map(&["a"]), map(&["a"]), map(&["a", "b"])]);
    assert_eq!(more, r#"row 2: column "b" is not a column of the first row"#);
    let names = of(&[map(&["a", " a"])]);
    assert_eq!(names, r#"column 2 is named "a", but names must be distinct"#);
}
