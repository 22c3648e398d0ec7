//! Models of tables, whose examples are rows with named columns.

mod support;

use dnn_blocks::model::PackedWeights;
use dnn_blocks::prelude::*;
use dnn_blocks_serve::api::Limits;
use dnn_blocks_serve::client::post;
use dnn_blocks_serve::model::Model;
use dnn_blocks_serve::served::Served;
use dnn_blocks_table::{Schema, Table, TableClassifier, TableRegressor};
use serde::Serialize;
use serde_json::{Value, json};
use support::{HEALTH, Server, refusal, rows_of};
use tempfile::tempdir;

const PENGUINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/penguins.csv");

#[derive(Clone, Serialize)]
struct Penguin {
    #[serde(rename = "Island")]
    island: &'static str,
    #[serde(rename = "Clutch Completion")]
    clutch: Option<bool>,
    #[serde(rename = "Body Mass (g)")]
    mass: Option<f64>,
    #[serde(rename = "Sex")]
    sex: Option<&'static str>,
}

const PENGUIN: Penguin =
    Penguin { island: "Biscoe", clutch: Some(true), mass: Some(3750.0), sex: Some("MALE") };

fn penguins() -> Vec<Penguin> {
    vec![
        PENGUIN,
        Penguin { island: "Torgersen", clutch: None, mass: None, sex: None },
        Penguin { island: "unknown", mass: Some(5100.5), sex: Some("FEMALE"), ..PENGUIN },
    ]
}

/// Returns the penguins with five columns, one of them ignored.
fn table() -> (Table, Vec<String>) {
    let mut table = Table::load_csv(PENGUINS).unwrap();
    let species = table.take_labels("Species").unwrap();
    let kept = ["Island", "Clutch Completion", "Body Mass (g)", "Sex", "Comments"];
    let others: Vec<String> =
        table.columns().filter(|name| !kept.contains(name)).map(String::from).collect();
    others.iter().for_each(|column| table.remove(column).unwrap());
    (table, species)
}

fn schema() -> Schema {
    Schema::auto().ignored("Comments")
}

fn quick() -> Hyperparameters {
    Hyperparameters::plain().hidden(&[8]).epochs(5).seed(1)
}

fn classifier() -> TableClassifier {
    let (table, species) = table();
    let mut model = TableClassifier::new(schema(), quick());
    model.fit(&table, &species).unwrap();
    model
}

fn post_rows(rows: &impl Serialize) -> String {
    post(&json!({ "rows": rows }).to_string())
}

fn started(model: &TableClassifier, limits: Limits) -> Server {
    let folder = tempdir().unwrap();
    let path = folder.path().join("penguins.safetensors");
    model.save(&path).unwrap();
    Server::start(Served::load(&path).unwrap(), limits)
}

#[test]
fn a_classifier_of_tables_answers_rows() {
    let model = classifier();
    let server = started(&model, Limits::default());
    let reply = server.client().call(post_rows(&penguins())).unwrap();
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    let predicted: Vec<_> = penguins().iter().map(|row| model.predict_row(row).unwrap()).collect();
    assert_eq!(answer["classes"], json!(predicted), "{answer}");

    let encoder = model.encoder().unwrap();
    let x = encoder.encode::<f32>(&Table::from_rows(&penguins()).unwrap()).unwrap();
    let weights = PackedWeights::new(model.model().parameters().unwrap()).unwrap();
    let mut predictor = model.model().predictor(3).unwrap().with_weights(&weights).unwrap();
    let expected = predictor.predict_proba(Examples::rows(&x)).unwrap();
    assert_eq!(answer["probabilities"], rows_of(expected));
    server.stop();
}

#[test]
fn a_regressor_of_tables_answers_rows() {
    let (mut table, _) = table();
    table.drop_missing("Body Mass (g)").unwrap();
    let mass = table.take_numbers("Body Mass (g)").unwrap();
    let mut model = TableRegressor::new(schema(), quick());
    model.fit(&table, &mass).unwrap();
    let folder = tempdir().unwrap();
    let path = folder.path().join("mass.safetensors");
    model.save(&path).unwrap();
    let server = Server::start(Served::load(&path).unwrap(), Limits::default());
    let row = json!({ "Island": "Dream", "Clutch Completion": "Yes", "Sex": null });
    let reply = server.client().call(post_rows(&[&row])).unwrap();
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    let (found, expected) = (&answer["values"][0][0], model.predict_row(&row).unwrap());
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-5 * expected, "{found} is not {expected}");
    assert!((2700.0..6300.0).contains(&found), "in grams");
    server.stop();
}

#[test]
fn a_model_that_ignores_other_columns_takes_rows_with_them() {
    let (table, species) = table();
    let schema = Schema::new().number("Body Mass (g)").category("Island").ignore_others();
    let mut model = TableClassifier::new(schema, quick());
    model.fit(&table, &species).unwrap();
    let server = started(&model, Limits::default());
    let row = json!({ "Island": "Dream", "Body Mass (g)": 3700, "weather": "rain", "n": 2 });
    let reply = server.client().call(post_rows(&[&row])).unwrap();
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(answer["classes"], json!([model.predict_row(&row).unwrap()]), "{answer}");
    server.stop();
}

/// A number, a text of it and a number of the training table are the same cell.
#[test]
fn cells_are_read_as_in_a_csv_file() {
    let server = started(&classifier(), Limits::default());
    let mut client = server.client();
    let mut answers = |column: &str, cells: &[Value]| {
        let row = |cell: &Value| {
            let mut row = json!(PENGUIN);
            row[column] = cell.clone();
            row
        };
        let rows: Vec<_> = cells.iter().map(row).collect();
        let reply = client.call(post_rows(&rows)).unwrap();
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        answer["probabilities"].as_array().unwrap().clone()
    };
    let same = |answers: &[Value]| answers.iter().all(|answer| *answer == answers[0]);
    let numbers = [json!(3750), json!(3750.0), json!("3750"), json!(" 3.75e3 ")];
    assert!(same(&answers("Body Mass (g)", &numbers)));
    assert!(same(&answers("Body Mass (g)", &[json!(null), json!("NA"), json!("")])));
    assert!(same(&answers("Sex", &[json!("MALE"), json!(" MALE")])));
    assert!(same(&answers("Comments", &[json!(null), json!("any"), json!(1), json!(true)])));
    assert!(!same(&answers("Sex", &[json!("MALE"), json!("FEMALE")])));
    assert!(!same(&answers("Body Mass (g)", &[json!(3750), json!(-5_000_000)])));
    drop(client);
    server.stop();
}

#[test]
fn health_names_the_columns() {
    let model = classifier();
    let server = started(&model, Limits::default());
    let reply = server.client().call(HEALTH).unwrap();
    let health: Value = serde_json::from_slice(&reply.body).unwrap();
    let column = |name: &str, kind: &str| json!({ "name": name, "kind": kind });
    let columns = json!([
        column("Island", "category"),
        column("Clutch Completion", "category"),
        column("Body Mass (g)", "number"),
        column("Sex", "category"),
        column("Comments", "ignored"),
    ]);
    assert_eq!(health["columns"], columns);
    assert_eq!(health["classes"], json!(model.classes()));
    let names = model.encoder().unwrap().feature_names();
    assert_eq!(health["feature_names"], json!(names));
    assert_eq!(health["features"], json!(names.len()));
    server.stop();
}

#[test]
fn rows_that_do_not_fit_are_named() {
    let server = started(&classifier(), Limits { examples: 2, ..Limits::default() });
    let mut client = server.client();
    let with = |column: &str, cell: Value| {
        let mut row = json!(PENGUIN);
        row[column] = cell;
        row
    };
    let mut without = json!(PENGUIN);
    without.as_object_mut().unwrap().remove("Sex");
    let long = "é".repeat(500);
    for (row, kind, expected) in [
        (with("Wing", json!(1)), "unknown_column", json!({ "column": "Wing" })),
        (with(&long, json!(1)), "unknown_column", json!({ "column": "é".repeat(60) })),
        (with("sex", json!("MALE")), "unknown_column", json!({ "column": "sex" })),
        (without, "missing_column", json!({ "column": "Sex" })),
        (json!({}), "missing_column", json!({ "column": "Island" })),
        (with("Body Mass (g)", json!("heavy")), "cell", json!({ "text": "heavy" })),
        (with("Body Mass (g)", json!(true)), "cell", json!({ "text": "true" })),
        (with("Body Mass (g)", json!("inf")), "cell", json!({ "text": "inf" })),
        (with("Body Mass (g)", json!("1e39")), "cell", json!({ "column": "Body Mass (g)" })),
        (with("Body Mass (g)", json!(1e39)), "cell", json!({ "column": "Body Mass (g)" })),
        (with("Body Mass (g)", json!(long)), "cell", json!({ "text": "é".repeat(60) })),
    ] {
        let reply = client.call(post_rows(&[&json!(PENGUIN), &row])).unwrap();
        let (status, found, error) = refusal(&reply);
        assert_eq!((status, found.as_str(), &error["row"]), (422, kind, &json!(1)), "{error}");
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&error[field], value);
            assert!(error["message"].as_str().unwrap().contains(value.as_str().unwrap()));
        }
    }
    let reply = client.call(post_rows(&[&PENGUIN])).unwrap();
    assert_eq!(reply.status, 200, "the connection still works");
    drop(client);
    server.stop();
}

#[test]
fn other_forms_are_refused() {
    let server = started(&classifier(), Limits { examples: 2, ..Limits::default() });
    let mut client = server.client();
    for (body, kind) in [
        (r#"{"examples": [[1, 2, 3]]}"#, "takes_rows"),
        (r#"{"examples": []}"#, "takes_rows"),
        (r#"{"rows": []}"#, "empty"),
        (r#"{"rows": [{}, {}, {}]}"#, "too_many_examples"),
        (r#"{"rows": [[1]]}"#, "form"),
        (r#"{"rows": {}}"#, "form"),
        (r#"{"rows": null}"#, "form"),
        (r#"{"rows": [null]}"#, "form"),
        (r#"{"rows": [{"Sex": []}]}"#, "form"),
        (r#"{"rows": [{"Sex": {}}]}"#, "form"),
        (r#"{"rows": [{"Sex": "MALE", "Sex": "MALE"}]}"#, "form"),
        (r#"{"rows": [{}], "examples": []}"#, "form"),
        (r#"{"rows": [{}], "rows": [{}]}"#, "form"),
        ("{}", "form"),
        (r#"{"row": {}}"#, "form"),
    ] {
        let (status, found, error) = refusal(&client.call(post(body)).unwrap());
        assert_eq!((status, found.as_str()), (422, kind), "{body}: {error}");
        let message = error["message"].as_str().unwrap();
        let explains = matches!(kind, "form" | "takes_rows");
        assert_eq!(message.contains(r#"{"rows": [{"COLUMN": value"#), explains, "{message}");
    }
    for body in [r#"{"rows": [{"Body Mass (g)": 1e999}]}"#, r#"{"rows": [{"Sex": NaN}]}"#] {
        let (status, kind, _) = refusal(&client.call(post(body)).unwrap());
        assert_eq!((status, kind.as_str()), (400, "syntax"), "{body}");
    }
    drop(client);
    server.stop();
}

#[test]
fn a_damaged_encoder_is_an_error() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("penguins.safetensors");
    let mut model = classifier().model().clone();
    let mut metadata = model.metadata().clone();
    metadata.remove("table.0").unwrap();
    model.set_metadata(metadata).unwrap();
    model.save(&path).unwrap();
    let error = Served::load(&path).unwrap_err();
    assert!(error.contains("the encoder in the file is not valid"), "{error}");

    model.set_metadata([("unit".to_owned(), "g".to_owned())].into()).unwrap();
    model.save(&path).unwrap();
    assert!(Served::load(&path).unwrap().about().columns.is_none(), "a plain classifier");
}

#[test]
fn a_model_that_is_not_fitted_is_an_error() {
    let model = TableClassifier::new(schema(), quick());
    assert_eq!(Model::table_classifier(&model).unwrap_err(), "the model is not fitted");
}
