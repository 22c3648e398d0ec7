//! Guesses and declarations.

use super::{message, read};
use dnn_blocks::ndarray::array;
use dnn_blocks_table::{Encoder, Kind, Schema, TableError};
use proptest::prelude::*;

/// The guess of a column with these cells, if every value is frequent enough.
fn guessed(cells: &[&str]) -> Kind {
    guessed_with(cells, 1)
}

fn guessed_with(cells: &[&str], rare_below: usize) -> Kind {
    let lines: String = cells.iter().map(|cell| format!("\"{cell}\",1\n")).collect();
    let table = read(&format!("a,n\n{lines}")).unwrap();
    let schema = Schema::auto().number("n").rare_below(rare_below);
    Encoder::fit(&table, &schema).unwrap().schema().kind("a").unwrap()
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
fn a_text_without_a_frequent_value_is_ignored() {
    let cells = ["a", "b", "a", "b", "a", "b", "", ""];
    assert_eq!(guessed_with(&cells, 3), Kind::Category);
    assert_eq!(guessed_with(&cells, 4), Kind::Ignored);
    assert_eq!(guessed_with(&["a", "b", "a", "b", "", "", "", ""], 4), Kind::Category);
    assert_eq!(guessed_with(&["1", "2", "1"], 4), Kind::Number);

    let table = read("c,n\na,1\nb,2\na,3\nb,4\n").unwrap();
    let note = "no value in at least 5 rows";
    assert!(Schema::guess(&table).unwrap().to_string().contains(note));
    let encoder = Encoder::fit(&table, &Schema::auto()).unwrap();
    assert!(encoder.to_string().contains(note), "{encoder}");
    assert_eq!(encoder.feature_names(), ["n"]);
    let declared = Encoder::fit(&table, &Schema::auto().category("c")).unwrap();
    assert_eq!(declared.feature_names(), ["c rare", "n"]);
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
    fit(Schema::new().number("a").ignored("b")).unwrap();
    let none = fit(Schema::new().ignored("a").ignored("b")).unwrap_err();
    assert!(matches!(none, TableError::NoFeatures));
    assert!(matches!(fit(Schema::auto().number("b")).unwrap_err(), TableError::NotANumber { .. }));
    assert!(message(fit(Schema::auto().max_categories(0))).contains("max_categories is 0"));
    let empty = read("a\n").unwrap();
    assert!(matches!(Schema::guess(&empty).unwrap_err(), TableError::NoRows));
}

#[test]
fn a_misspelled_ignored_column_is_an_error_in_a_fit_only() {
    let table = read("age,name\n1,x\n2,y\n").unwrap();
    for schema in [Schema::auto(), Schema::new().number("age").ignore_others()] {
        let error = Encoder::fit(&table, &schema.ignored("nmae")).unwrap_err();
        assert!(matches!(error, TableError::MissingColumn { column } if column == "nmae"));
    }
    let encoder = Encoder::fit(&table, &Schema::auto().ignored("name")).unwrap();
    let without = read("age\n7\n8\n").unwrap();
    assert_eq!(encoder.encode::<f32>(&without).unwrap(), array![[7.0], [8.0]]);
    Encoder::fit(&without, &encoder.schema()).expect("a declaration of an encoder is not needed");
    let guess = Schema::guess(&table).unwrap();
    assert_eq!(guess.kind("name"), Some(Kind::Ignored));
    Encoder::fit(&without, &guess).expect("a guess is not needed");
}

#[test]
fn columns_that_are_not_declared_can_be_ignored() {
    let table = read("age,name,fare\n1,x,7\n2,y,9\n").unwrap();
    let schema = Schema::new().number("fare").ignore_others();
    let encoder = Encoder::fit(&table, &schema).unwrap();
    let expected = "\
column  taken as  distinct  missing  note
age     ignored   2         0        not declared
name    ignored   2         0        not declared
fare    number    2         0        median 8; declared
";
    assert_eq!(encoder.to_string(), expected);
    let other = read("weather,fare\nrain,5\n").unwrap();
    assert_eq!(encoder.encode::<f32>(&other).unwrap(), array![[5.0]]);
    let absent = encoder.encode::<f32>(&read("fares,age\n5,1\n").unwrap()).unwrap_err();
    assert!(matches!(absent, TableError::MissingColumn { column } if column == "fare"));
    let again = Encoder::fit(&other, &encoder.schema()).unwrap();
    assert_eq!(again.encode::<f32>(&table).unwrap(), array![[7.0], [9.0]]);
}

#[test]
fn a_schema_prints_its_reasons() {
    let lines = "1,5,x,1\n2,6,y,1\n,5,z,1\n3,oops,v,1\n5,6,,1\n";
    let more: String = (10..14).map(|row| format!("{row},5,t{row},1\n")).collect();
    let table = read(&format!("n,c,id,same\n{lines}{more}")).unwrap();
    let text = Schema::guess(&table).unwrap().ignored("same").to_string();
    let expected = "\
column  taken as  note
n       number
c       category  8 of 9 values are numbers, but \"oops\" in line 5 is not
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
        let kind = guessed_with(&texts, 3);
        texts.rotate_left(shift % cells.len());
        prop_assert_eq!(guessed_with(&texts, 3), kind);
    }
}
