//! Tables in memory.

use super::{cells, message, read};
use dnn_blocks::Error;
use dnn_blocks_table::TableError;

#[test]
fn rows_are_selected_in_any_order() {
    let table = read("a,b\n1,\n2,x\n3,y\n").unwrap();
    let chosen = table.select(&[2, 0, 2]).unwrap();
    assert_eq!(cells(&chosen, "a"), [Some("3"), Some("1"), Some("3")]);
    assert_eq!(cells(&chosen, "b"), [Some("y"), None, Some("y")]);
    assert_eq!(table.select(&[]).unwrap().len(), 0);
    let error = table.select(&[0, 3]).unwrap_err();
    assert!(matches!(error, TableError::Model(Error::InvalidArgument { name: "row", .. })));
}

#[test]
fn a_target_is_removed_from_the_table() {
    let mut table = read("x,y\n1,a\n2,b\n").unwrap();
    assert_eq!(table.take_labels("y").unwrap(), ["a", "b"]);
    assert_eq!(table.columns().collect::<Vec<_>>(), ["x"]);
    assert_eq!(message(table.take_labels("y")), r#"the table has no column "y""#);
    assert_eq!(table.take_numbers("x").unwrap(), [1.0, 2.0]);
    assert_eq!(table.len(), 2, "a table without columns keeps its rows");
}

#[test]
fn a_target_that_is_not_valid_leaves_the_table_unchanged() {
    let mut table = read("x,y\n1,\n2,inf\n3,c\n").unwrap();
    let before = table.clone();
    assert_eq!(message(table.take_labels("y")), r#"line 2, column "y": the value is missing"#);
    assert_eq!(message(table.take_numbers("y")), r#"line 2, column "y": the value is missing"#);
    assert_eq!(table, before);
    assert_eq!(table.drop_missing("y").unwrap(), 1);
    let error = message(table.take_numbers("y"));
    assert_eq!(error, r#"line 3, column "y": "inf" is not a finite number"#);
    assert_eq!(table.drop_missing("y").unwrap(), 0);
    assert_eq!(table.len(), 2);
}

#[test]
fn columns_are_removed() {
    let mut table = read("x,y,z\n1,2,3\n").unwrap();
    table.remove("y").unwrap();
    assert_eq!(table.columns().collect::<Vec<_>>(), ["x", "z"]);
    assert!(matches!(table.remove("y").unwrap_err(), TableError::MissingColumn { .. }));
    assert!(table.cells("y").is_err());
}
