//! Features of tables.

use super::{message, read};
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks_table::{Encoder, Schema, Table, TableError};
use proptest::prelude::*;

/// Fits an encoder without rare categories.
fn fitted(table: &str) -> Encoder {
    Encoder::fit(&read(table).unwrap(), &Schema::auto().rare_below(1)).unwrap()
}

fn encoded(encoder: &Encoder, table: &str) -> Array2<f64> {
    encoder.encode(&read(table).unwrap()).unwrap()
}

const TRAINING: &str = "age,port,ticket\n20,Dover,a\n,Calais,b\n40,Dover,c\n60,Oslo,d\n";

#[test]
fn columns_are_found_by_name() {
    let encoder = fitted(TRAINING);
    let names = ["age", "age missing", "port=Calais", "port=Dover", "port=Oslo"];
    assert_eq!(encoder.feature_names(), names);
    let x = encoded(&encoder, "port,age,ticket\nOslo,1,\nDover,,z\n");
    assert_eq!(x, array![[1.0, 0.0, 0.0, 0.0, 1.0], [40.0, 1.0, 0.0, 1.0, 0.0]]);
    assert_eq!(encoded(&encoder, "age,port\n1,Oslo\n").nrows(), 1, "ignored columns may be absent");
    assert_eq!(encoded(&encoder, "age,port\n").dim(), (0, 5));
}

#[test]
fn other_columns_are_errors() {
    let encoder = fitted(TRAINING);
    let encode = |table: &str| message(encoder.encode::<f32>(&read(table).unwrap()));
    assert_eq!(encode("age,ticket\n1,a\n"), r#"the table has no column "port""#);
    let unknown =
        r#"the column "Age" is not known: remove it, or declare it in the schema before the fit"#;
    assert_eq!(encode("age,port,Age\n1,Oslo,2\n"), unknown);
}

#[test]
fn numbers_are_checked_when_they_are_used() {
    let encoder = fitted(TRAINING);
    let encode = |age: &str| {
        let table = read(&format!("age,port\n1,Oslo\n{age},Oslo\n")).unwrap();
        message(encoder.encode::<f32>(&table))
    };
    assert_eq!(encode("old"), r#"line 3, column "age": "old" is not a number"#);
    assert_eq!(encode("-inf"), r#"line 3, column "age": "-inf" is not a finite number"#);
    assert_eq!(encode("1e999"), r#"line 3, column "age": "1e999" is not a finite number"#);
    assert!(encode("1e39").ends_with("is too large for the network"), "too large for f32");
    assert_eq!(encoded(&encoder, "age,port\n1e39,Oslo\n")[[0, 0]], 1e39);
}

#[test]
fn a_number_that_was_never_missing_is_the_median_if_it_is() {
    let encoder = fitted("a\n1\n2\n9\n");
    assert_eq!(encoder.feature_names(), ["a"]);
    assert_eq!(encoded(&encoder, "a\nNA\n"), array![[2.0]]);
}

#[test]
fn unseen_values_are_rare_or_zeros_or_between_two() {
    let rare =
        Encoder::fit(&read("c\na\na\nb\nb\nz\n").unwrap(), &Schema::auto().rare_below(2)).unwrap();
    assert_eq!(rare.feature_names(), ["c=a", "c=b", "c rare"]);
    let x = encoded(&rare, "c\nz\nunseen\nNA\nb\n");
    assert_eq!(x.column(2).to_vec(), [1.0, 1.0, 1.0, 0.0]);

    let three = fitted("c\na\na\nb\nb\nz\n");
    assert_eq!(encoded(&three, "c\nunseen\nNA\n"), array![[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);

    let two = fitted("c\na\na\nb\nb\n");
    assert_eq!(two.feature_names(), ["c=b"]);
    assert_eq!(encoded(&two, "c\na\nb\nunseen\nNA\n"), array![[0.0], [1.0], [0.5], [0.5]]);
}

#[test]
fn missing_is_a_category_if_training_rows_have_it() {
    let encoder = fitted("c\na\na\n\"\"\nb\n");
    assert_eq!(encoder.feature_names(), ["c=a", "c=b", "c missing"]);
    let x = encoded(&encoder, "c\nNA\n");
    assert_eq!(x, array![[0.0, 0.0, 1.0]]);
}

#[test]
fn names_of_features_are_distinct() {
    let csv = "a,a missing,b,b=x,b rare\n1,2,x,3,4\n,3,y,5,6\n3,4,x,6,8\n4,4,z,6,8\n";
    let encoder = Encoder::fit(&read(csv).unwrap(), &Schema::auto().rare_below(2)).unwrap();
    let names = ["a", "a missing", "a missing (2)", "b rare", "b=x", "b rare (2)"];
    assert_eq!(encoder.feature_names(), names);
}

#[test]
fn declared_numbers_need_a_number() {
    let table = read("a,b\n,1\n,2\n").unwrap();
    let error = Encoder::fit(&table, &Schema::auto().number("a")).unwrap_err();
    assert_eq!(error.to_string(), r#"column "a" is declared a number, but every value is missing"#);
    let text = read("a,b\n1,1\nx,2\n").unwrap();
    let error = message(Encoder::fit(&text, &Schema::auto().number("a")));
    assert_eq!(error, r#"line 3, column "a": "x" is not a number"#);
}

#[test]
fn an_encoder_prints_what_it_learned() {
    let mut csv = String::from("age,port,id,smoker\n");
    for row in 0..20 {
        let port = ["Dover", "Calais", "Oslo"][row % 3];
        let port = if row == 19 { "Rome" } else { port };
        csv += &format!(
            "{},{port},id{row},{}\n",
            if row == 0 { String::new() } else { row.to_string() },
            row % 2 == 0
        );
    }
    let text = Encoder::fit(&read(&csv).unwrap(), &Schema::auto()).unwrap().to_string();
    let expected = "\
column  taken as  distinct  missing  note
age     number    19        1        median 10
port    category  4         0        3 of 4 values kept, 1 rare together
id      ignored   20        0        nearly every value is different
smoker  category  2         0        false, true
";
    assert_eq!(text, expected);
}

/// Returns the note of a column of categories in the report.
fn note(cells: &[&str], schema: Schema) -> String {
    let table = read(&format!("c\n{}\n", cells.join("\n"))).unwrap();
    let text = Encoder::fit(&table, &schema.category("c")).unwrap().to_string();
    let line = text.lines().nth(1).unwrap();
    assert!(line.starts_with("c       category  "), "{line}");
    line.split("  ")
        .filter(|cell| !cell.is_empty())
        .skip(2)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("|")
}

#[test]
fn notes_of_categories_do_not_count_missing_cells() {
    let schema = || Schema::auto().rare_below(2);
    assert_eq!(note(&["a", "a", "b", "b", "?", "?"], schema()), "2|2|a, b; declared");
    assert_eq!(note(&["a", "a", "b", "b", "?"], schema()), "2|1|a, b; missing is rare; declared");
    let rare = note(&["a", "a", "b", "c", "?", "?"], schema());
    assert_eq!(rare, "3|2|1 of 3 values kept, 2 rare together; declared");
    let both = note(&["a", "a", "b", "c", "?"], schema());
    assert_eq!(both, "3|1|1 of 3 values kept, 2 rare together; missing is rare; declared");
}

#[test]
fn a_long_list_of_values_is_cut_in_a_note() {
    let ports: Vec<_> = (10..20).map(|i| format!("Hafen-{i}ß")).collect();
    let ports: Vec<_> = ports.iter().map(String::as_str).collect();
    let all = note(&ports, Schema::auto().rare_below(1));
    assert_eq!(all, "10|0|Hafen-10ß, Hafen-11ß, Hafen-12ß, Hafen-1…; declared");
    assert_eq!(note(&ports[..3], Schema::auto().rare_below(1)).matches('…').count(), 0);
}

#[test]
fn an_encoder_lists_the_values_of_a_category() {
    let encoder = fitted(TRAINING);
    assert_eq!(encoder.categories("port").unwrap(), ["Calais", "Dover", "Oslo"]);
    assert_eq!(encoder.categories("age"), None, "a number");
    assert_eq!(encoder.categories("ticket"), None, "ignored");
    assert_eq!(encoder.categories("color"), None);
    let table = read("c\nb\nb\na\na\nz\n?\n?\n").unwrap();
    let rare = Encoder::fit(&table, &Schema::auto().rare_below(2)).unwrap();
    assert_eq!(rare.categories("c").unwrap(), ["a", "b"]);
}

/// Ignored columns of an encoder stay known, so that a later table may have them.
#[test]
fn a_fit_with_the_schema_of_an_encoder_does_not_need_its_ignored_columns() {
    let table = read("a,id\n1,x\n2,y\n3,z\n").unwrap();
    let schema = Encoder::fit(&table, &Schema::auto()).unwrap().schema();
    let mut fewer = table.clone();
    fewer.remove("id").unwrap();
    let again = Encoder::fit(&fewer, &schema).unwrap();
    assert!(again.to_string().contains("id      ignored   0         0        not in the training"));
    assert_eq!(again.encode::<f64>(&table).unwrap().column(0).to_vec(), [1.0, 2.0, 3.0]);
}

#[test]
fn the_schema_of_an_encoder_gives_the_same_encoder() {
    let table = read(TRAINING).unwrap();
    let schema = Schema::auto().rare_below(2).max_categories(3);
    let encoder = Encoder::fit(&table, &schema).unwrap();
    let again = Encoder::fit(&table, &encoder.schema()).unwrap();
    assert_eq!(again.feature_names(), encoder.feature_names());
    assert_eq!(again.encode::<f64>(&table).unwrap(), encoder.encode::<f64>(&table).unwrap());
}

#[test]
fn rows_have_the_missing_texts_of_the_training_table() {
    let options = dnn_blocks_table::CsvOptions::new();
    let options = options.missing(dnn_blocks_table::MissingTexts::new(&["-"]));
    let training = options.read("c,n\nNA,1\nNA,-\nDE,3\nDE,4\n".as_bytes()).unwrap();
    let encoder = Encoder::fit(&training, &Schema::auto().rare_below(1)).unwrap();
    let row = std::collections::BTreeMap::from([("c", "NA"), ("n", "-")]);
    let x = encoder.encode::<f64>(&encoder.table(&[row]).unwrap()).unwrap();
    assert_eq!(encoder.feature_names(), ["c=NA", "n", "n missing"]);
    assert_eq!(x, array![[1.0, 3.0, 1.0]]);
}

#[test]
fn other_rows_have_no_influence() {
    let all = read("n,c\n1,a\n2,a\n3,b\n900,x\n800,x\n,x\n").unwrap();
    let training = all.select(&[0, 1, 2]).unwrap();
    let encoder = Encoder::fit(&training, &Schema::auto().rare_below(1)).unwrap();
    assert_eq!(encoder.feature_names(), ["n", "c=b"]);
    let x = encoder.encode::<f64>(&all).unwrap();
    assert_eq!(x.row(5).to_vec(), [2.0, 0.5], "the median of the training rows, and no x");
    assert_eq!(encoder, fitted("n,c\n1,a\n2,a\n3,b\n"));
}

#[test]
fn tables_without_rows_or_features_are_errors() {
    let empty = Encoder::fit(&read("a\n").unwrap(), &Schema::auto()).unwrap_err();
    assert!(matches!(empty, TableError::NoRows));
    let same = Encoder::fit(&read("a\n1\n1\n").unwrap(), &Schema::auto()).unwrap_err();
    assert!(matches!(same, TableError::NoFeatures));
}

proptest! {
    #[test]
    fn encoded_tables_are_finite_and_one_hot(
        training in prop::collection::vec(("[abc]{0,2}", prop::option::of(-1e9..1e9)), 2..40),
        test in prop::collection::vec(("[abcd]{0,2}", prop::option::of(-1e9..1e9)), 0..10),
        rare_below in 0_usize..6,
        max_categories in 1_usize..8,
    ) {
        let table = |rows: &[(String, Option<f64>)]| {
            let number = |n: &Option<f64>| n.map_or(String::new(), |n| n.to_string());
            let lines = rows.iter().map(|(text, n)| format!("\"{text}\",\"{}\",1\n", number(n)));
            let lines: String = lines.collect();
            Table::read_csv(format!("c,n,one\n{lines}").as_bytes()).unwrap()
        };
        let schema = Schema::auto().category("c").category("n").number("one");
        let schema = schema.rare_below(rare_below).max_categories(max_categories);
        let training = table(&training);
        let encoder = Encoder::fit(&training, &schema).unwrap();
        let of = |column: &str| {
            let names = encoder.feature_names().iter().enumerate();
            let names = names.filter(|(_, name)| name.starts_with(column));
            let of: Vec<_> = names.map(|(feature, _)| feature).collect();
            prop_assert!((1..=max_categories).contains(&of.len()));
            Ok(of)
        };
        let known = (encoder.encode::<f64>(&training).unwrap(), true);
        let other = (encoder.encode(&table(&test)).unwrap(), false);
        for (x, known) in [known, other] {
            for features in [of("c")?, of("n")?] {
                for row in x.rows() {
                    let sum: f64 = features.iter().map(|&feature| row[feature]).sum();
                    let one_hot = features.len() > 2 && known;
                    let expected = if one_hot { &[1.0][..] } else { &[0.0, 0.5, 1.0] };
                    prop_assert!(expected.contains(&sum), "{sum}");
                    prop_assert!(known <= (sum != 0.5));
                }
            }
        }
    }
}
