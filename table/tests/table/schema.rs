//! Guesses and declarations.

use super::{message, read};
use dnn_blocks_table::{Encoder, Kind, Schema, TableError};
use proptest::prelude::*;

/// The guess of a column with these cells.
fn guessed(cells: &[&str]) -> Kind {
    let lines: Vec<_> = cells.iter().map(|cell| format!("\"{cell}\"")).collect();
    let table = read(&format!("a\n{}\n", lines.join("\n"))).unwrap();
    Schema::guess(&table).unwrap().kind("a").unwrap()
}

#[test]
fn guesses_follow_their_rules() {
    assert_eq!(guessed(&["1", "2.5", "-3e4", "", "+7", ".5"]), Kind::Number);
    assert_eq!(guessed(&["0", "1", "1"]), Kind::Number);
    assert_eq!(guessed(&["1", "2", "inf"]), Kind::Ignored);
    assert_eq!(guessed(&["1", "1", "inf", "inf"]), Kind::Category);
    assert_eq!(guessed(&["1,5", "1,5", "2,5"]), Kind::Category);
    assert_eq!(guessed(&["", "NA"]), Kind::Ignored);
    assert_eq!(guessed(&["5", "5", "5"]), Kind::Ignored);
    assert_eq!(guessed(&["5", "5", ""]), Kind::Category);
    assert_eq!(guessed(&["a", "a"]), Kind::Ignored);
    assert_eq!(guessed(&["a", "a", "?"]), Kind::Category);
    assert_eq!(guessed(&["a", "b", "c"]), Kind::Ignored);
    assert_eq!(guessed(&["a", "b", "c", "c"]), Kind::Category);
    let letters: Vec<_> = ('a'..='j').map(String::from).collect();
    let mut texts: Vec<_> = letters.iter().map(String::as_str).collect();
    assert_eq!(guessed(&texts), Kind::Ignored);
    texts[9] = "a";
    assert_eq!(guessed(&texts), Kind::Category, "nine of ten differ");
}

#[test]
fn a_declaration_overrides_a_guess() {
    let table = read("zip,id\n8001,a\n8002,b\n8001,c\n").unwrap();
    let schema = Schema::guess(&table).unwrap();
    assert_eq!((schema.kind("zip"), schema.kind("id")), (Some(Kind::Number), Some(Kind::Ignored)));
    let schema = schema.category("zip").category(" id ");
    assert_eq!(
        (schema.kind("zip"), schema.kind("id")),
        (Some(Kind::Category), Some(Kind::Category))
    );
    assert_eq!(schema.kind("other"), None);
    assert_eq!(Schema::auto().kind("zip"), None);
}

#[test]
fn a_declared_schema_knows_all_columns() {
    let table = read("a,b\n1,x\n2,x\n").unwrap();
    let fit = |schema: Schema| Encoder::fit(&table, &schema);
    let unknown = message(fit(Schema::new().number("a")));
    assert_eq!(
        unknown,
        r#"the column "b" is not known: remove it, or declare it in the schema before the fit"#
    );
    let absent = fit(Schema::auto().number("c")).unwrap_err();
    assert!(matches!(absent, TableError::MissingColumn { column } if column == "c"));
    fit(Schema::new().number("a").ignored("b").ignored("c")).unwrap();
    let none = fit(Schema::new().ignored("a").ignored("b")).unwrap_err();
    assert!(matches!(none, TableError::NoFeatures));
    assert!(matches!(fit(Schema::auto().number("b")).unwrap_err(), TableError::NotANumber { .. }));
    assert!(message(fit(Schema::auto().max_categories(0))).contains("max_categories is 0"));
    let empty = read("a\n").unwrap();
    assert!(matches!(Schema::guess(&empty).unwrap_err(), TableError::NoRows));
}

#[test]
fn a_schema_prints_its_reasons() {
    let table = read("n,c,id,same\n1,5,x,1\n2,6,y,1\n,5,z,1\n3,oops,v,1\n5,6,,1\n").unwrap();
    let text = Schema::guess(&table).unwrap().ignored("same").to_string();
    let expected = "\
column  taken as  note
n       number
c       category  4 of 5 values are numbers, but \"oops\" in line 5 is not
id      ignored   nearly every value is different
same    ignored   declared
";
    assert_eq!(text, expected);
}

proptest! {
    #[test]
    fn a_guess_does_not_depend_on_the_order_of_rows(
        cells in prop::collection::vec("[12a]{0,2}", 1..30),
        shift in 0_usize..30,
    ) {
        let mut texts: Vec<_> = cells.iter().map(String::as_str).collect();
        let kind = guessed(&texts);
        texts.rotate_left(shift % cells.len());
        prop_assert_eq!(guessed(&texts), kind);
    }
}
