//! Features of scikit-learn's `SimpleImputer` and `OneHotEncoder`, made by
//! `tests/data/encoders.py`.

use dnn_blocks::ndarray::Array2;
use dnn_blocks_table::{Encoder, MissingTexts, Schema, Table};
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/encoders.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file[kind].as_array().unwrap().clone()
}

/// A table of one column c.
fn column(cells: &Value) -> Table {
    let cell = |cell: &Value| std::collections::BTreeMap::from([("c", cell.clone())]);
    let rows: Vec<_> = cells.as_array().unwrap().iter().map(cell).collect();
    Table::from_rows_with(&rows, &MissingTexts::new(&[])).unwrap() // "?" is a text
}

/// Checks the features of training and test rows, which must be equal.
fn check(encoder: &Encoder, case: &Value) {
    for (rows, expected) in
        ["training", "test"].into_iter().zip(case["encoded"].as_array().unwrap())
    {
        let x = encoder.encode::<f64>(&column(&case[rows])).unwrap();
        let expected: Vec<Vec<f64>> = serde_json::from_value(expected.clone()).unwrap();
        let expected = Array2::from_shape_fn(x.dim(), |(row, feature)| expected[row][feature]);
        assert_eq!(x, expected, "{rows} rows with {:?}", encoder.feature_names());
    }
}

#[test]
fn numbers_are_imputed_by_their_median() {
    let cases = cases("numbers");
    assert_eq!(cases.len(), 4);
    for case in cases {
        let encoder = Encoder::fit(&column(&case["training"]), &Schema::new().number("c")).unwrap();
        let width = case["encoded"][0][0].as_array().unwrap().len();
        assert_eq!(encoder.feature_names().len(), width);
        check(&encoder, &case);
    }
}

#[test]
fn categories_are_one_hot() {
    let cases = cases("categories");
    assert_eq!(cases.len(), 11);
    for case in cases {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let schema = Schema::new().category("c").rare_below(size("rare_below"));
        let schema = schema.max_categories(size("max_categories"));
        let encoder = Encoder::fit(&column(&case["training"]), &schema).unwrap();
        let names: Vec<_> = case["names"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| match name.as_str().unwrap().strip_prefix("c_").unwrap() {
                "None" => "c missing".to_string(),
                "infrequent_sklearn" => "c rare".to_string(),
                text => format!("c={text}"),
            })
            .collect();
        assert_eq!(encoder.feature_names(), names);
        check(&encoder, &case);
    }
}
