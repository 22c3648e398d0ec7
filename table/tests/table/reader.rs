//! CSV files, also damaged ones.

use super::{cells, message, read};
use dnn_blocks_table::{CsvOptions, MissingTexts, Table, TableError};
use proptest::prelude::*;
use std::io::{self, Read};

#[test]
fn quotes_line_breaks_and_white_space_are_read() {
    let table = read(" a , b\r\n\"x, \"\"y\"\"\",\" 1 \"\r\n\"two\nlines\",\t2\r\n").unwrap();
    assert_eq!(table.columns().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(cells(&table, "a"), [Some("x, \"y\""), Some("two\nlines")]);
    assert_eq!(cells(&table, "b"), [Some("1"), Some("2")]);
}

#[test]
fn the_last_line_needs_no_line_break() {
    assert_eq!(cells(&read("a\n1\n2").unwrap(), "a"), [Some("1"), Some("2")]);
    assert_eq!(read("a,b").unwrap().len(), 0, "a header only");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let table = read("\u{feff}a,b\n1,2\n").unwrap();
    assert_eq!(table.columns().collect::<Vec<_>>(), ["a", "b"]);
    let table = read("\u{feff}\"a\",b\n1,2\n").unwrap();
    assert_eq!(table.columns().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn texts_of_missing_values_are_missing() {
    let table = read("a\n NA \nN/A\nNaN\nnan\nnull\nNULL\n?\n\" \"\nna\n").unwrap();
    let expected = [None, None, None, None, None, None, None, None, Some("na")];
    assert_eq!(cells(&table, "a"), expected);
    let options = CsvOptions::new().missing(MissingTexts::new(&[" - "]));
    let table = options.read("a,b\nNA,-\n".as_bytes()).unwrap();
    assert_eq!((cells(&table, "a"), cells(&table, "b")), (vec![Some("NA")], vec![None]));
}

#[test]
fn delimiters_can_be_chosen() {
    let table = CsvOptions::new().delimiter(b'\t').read("a\tb\n1,5\t2\n".as_bytes()).unwrap();
    assert_eq!(cells(&table, "a"), [Some("1,5")]);
}

#[test]
fn headers_are_checked() {
    assert!(matches!(read("").unwrap_err(), TableError::NoHeader));
    assert!(matches!(read("\n\r\n\n").unwrap_err(), TableError::NoHeader));
    assert!(matches!(
        read("\u{feff}").unwrap_err(),
        TableError::ColumnName { number: 1, .. } | TableError::NoHeader
    ));
    let names = |header: &str| message(read(header));
    assert_eq!(names("a,b, a\n"), r#"column 3 is named "a", but names must be distinct"#);
    assert_eq!(names("a,,b\n"), r#"column 2 is named "", but names must not be empty"#);
    assert_eq!(names("a,\" \"\n"), r#"column 2 is named "", but names must not be empty"#);
}

#[test]
fn the_number_of_fields_is_checked() {
    let few = message(read("a,b,c\n1,2,3\n4\n"));
    assert_eq!(few, r#"line 3: the number of fields is 1, but the header has 3: "b" is missing"#);
    let many = message(read("a,b\n1,2,3\n"));
    assert_eq!(many, "line 2: the number of fields is 3, but the header has 2");
}

#[test]
fn errors_name_the_line_on_which_a_row_begins() {
    for file in [
        "a,b\n1,2\n\n\n3\n",
        "a,b\r\n1,2\r\n\r\n\r\n3\r\n",
        "\n\na,b\n\"1\n\",2\n3",
        "a,b\r\n\"\r\n1\",\"\"\"\r\n\"\r\n3\r\n4,5\r\n",
        "\"a\n\n\n\",b\n3",
    ] {
        let error = read(file).unwrap_err().to_string();
        let line: usize = file.lines().position(|line| line == "3").unwrap() + 1;
        assert!(error.starts_with(&format!("line {line}: ")), "{file:?}: {error}");
    }
}

#[test]
fn a_line_may_end_with_a_carriage_return() {
    for file in
        ["a,b\r1,2\r\r\r3\r", "\r\ra,b\r\"1\r\",2\r3", "a,b\r\n1,\"\r\"\r\r\n\"\n\r\",\"\n\"\r3"]
    {
        let error = read(file).unwrap_err().to_string();
        let before = &file[..file.rfind('3').unwrap()];
        let line = before.replace("\r\n", "\n").matches(['\r', '\n']).count() + 1;
        assert!(error.starts_with(&format!("line {line}: ")), "{file:?}: {error}");
    }
    // The buffer of the reader ends between CR and LF.
    for length in 8180..8200 {
        let file = format!("a,b\r\n{},1\r\n2\r\n", "x".repeat(length));
        assert!(message(read(&file)).starts_with("line 3: "), "{length}");
    }
}

#[test]
fn later_errors_know_the_line_too() {
    let table = read("a\n1\n\n\n2\n\nthree\n").unwrap();
    let mut chosen = table.select(&[2, 1]).unwrap();
    let error = message(chosen.take_numbers("a"));
    assert_eq!(error, r#"line 7, column "a": "three" is not a number"#);
}

#[test]
fn text_that_is_not_utf_8_is_an_error() {
    let error = message(Table::read_csv(&b"a,b\n1,2\n3,\xff\n"[..]));
    assert_eq!(error, r#"line 3, column "b": the text is not UTF-8"#);
    let error = message(Table::read_csv(&b"a,\xff\n"[..]));
    assert_eq!(error, r#"line 1, column "2": the text is not UTF-8"#);
    let table = read("a\0,b\n\0,\u{1b}\n").unwrap();
    assert_eq!(cells(&table, "a\0"), [Some("\0")], "NUL is a character");
}

#[test]
fn sizes_have_limits() {
    let file = format!("a,b\n1,{}\n", "x".repeat(100));
    let read = |bytes| CsvOptions::new().max_bytes(bytes).read(file.as_bytes());
    assert_eq!(read(file.len() as u64).unwrap().len(), 1);
    let error = read(file.len() as u64 - 1).unwrap_err();
    assert!(matches!(error, TableError::TooLarge { what: "the file", limit: 106, .. }), "{error}");
    assert!(matches!(read(3).unwrap_err(), TableError::TooLarge { .. }));
    let error = CsvOptions::new().max_columns(1).read(file.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the number of columns is too large: 2 exceeds the limit of 1");
    let endless = CsvOptions::new().max_bytes(1 << 16).read(io::repeat(b'"')).unwrap_err();
    assert!(matches!(endless, TableError::TooLarge { .. }), "{endless}");
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("broken"))
    }
}

#[test]
fn errors_of_the_reader_are_passed_on() {
    assert_eq!(message(Table::read_csv("a\n1\n".as_bytes().chain(Broken))), "broken");
    assert!(matches!(Table::load_csv("no such file").unwrap_err(), TableError::Io(_)));
}

#[test]
fn messages_are_short_whatever_they_quote() {
    let name = "\u{1b}[31m\n".repeat(10_000);
    let error = message(read(&format!("\"{name}\",\"{name}\"\n")));
    assert!(error.len() < 1000 && !error.contains(['\n', '\u{1b}']), "{error}");
}

proptest! {
    #[test]
    fn a_written_table_reads_as_the_same_cells(
        rows in prop::collection::vec(prop::collection::vec("[a-z\",;\r\n é]{0,6}", 3), 0..8),
        crlf: bool,
    ) {
        let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
        let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
        let mut lines = vec!["x,y,z".to_string()];
        lines.extend(rows.iter().map(line));
        let table = read(&lines.join(if crlf { "\r\n" } else { "\n" })).unwrap();
        prop_assert_eq!(table.len(), rows.len());
        for (column, name) in ["x", "y", "z"].into_iter().enumerate() {
            let cell = |row: &'_ Vec<String>| Some(row[column].trim().to_string());
            let expected: Vec<_> =
                rows.iter().map(cell).map(|cell| cell.filter(|text| !text.is_empty())).collect();
            let found: Vec<_> =
                table.cells(name).unwrap().map(|cell| cell.map(String::from)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn any_bytes_are_a_table_or_an_error(
        bytes in prop::collection::vec(
            prop::sample::select(b"a,1\"\n\r\xef\xbb\xbf\xff \0".to_vec()),
            0..40,
        ),
        delimiter in prop::sample::select(b",1\"\n\r\0\xff".to_vec()),
    ) {
        let options = CsvOptions::new().delimiter(delimiter);
        if let Ok(table) = options.read(&bytes[..]) {
            prop_assert!(table.columns().len() > 0);
            let cells = |name| table.cells(name).unwrap().len();
            prop_assert!(table.columns().all(|name| cells(name) == table.len()));
        }
    }
}
