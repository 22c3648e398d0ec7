//! Cross-validation and permutation importance of tables.

use super::{fish, quick, read, schema};
use dnn_blocks::data::{k_fold, stratified_k_fold};
use dnn_blocks::init::RandomSource;
use dnn_blocks::prelude::*;
use dnn_blocks::selection::{cross_validate, permutation_importance};
use dnn_blocks_table::{Schema, TableClassifier, TableRegressor};

#[test]
fn folds_have_encoders_of_their_own() {
    let (table, species) = fish(0..120);
    let model = TableClassifier::new(schema(), quick());
    let folds = stratified_k_fold(&species, 4, &mut NumpyRandom::seed(1)).unwrap();
    let encoders = std::sync::Mutex::new(Vec::new());
    let result = cross_validate(&model, &table, &species, &folds, |model, test| {
        encoders.lock().unwrap().push(model.encoder().unwrap().clone());
        Ok(model.score(test.x(), test.targets())?)
    })
    .unwrap();
    assert!(result.mean() > 0.9, "{:?}", result.scores);
    assert_eq!(result.outputs.dim(), (2, 120));
    let encoders = encoders.into_inner().unwrap();
    assert_eq!(encoders.len(), 4);
    for (fold, encoder) in folds.iter().zip(&encoders) {
        let training = table.select(&fold.training).unwrap();
        let expected = dnn_blocks_table::Encoder::fit(&training, &schema()).unwrap();
        assert!(encoders.contains(&expected));
        assert_eq!(encoder.feature_names(), expected.feature_names());
    }
}

/// A text that differs in most rows would identify the label of a row if test rows were encoded
/// with the training rows.
#[test]
fn labels_without_a_cause_are_predicted_by_chance() {
    let mut rng = NumpyRandom::seed(3);
    let mut csv = String::from("number,letter,name,label\n");
    for row in 0..200 {
        let letter = ["a", "b", "c", "d", "e", "f"][(rng.uniform() * 6.0) as usize];
        let label = if rng.uniform() < 0.5 { "x" } else { "y" };
        csv += &format!("{},{letter},n{},{label}\n", rng.uniform(), row / 2);
    }
    let mut table = read(&csv).unwrap();
    let labels = table.take_labels("label").unwrap();
    let schema = Schema::auto().category("name").rare_below(1).max_categories(200);
    let model = TableClassifier::new(schema, quick().epochs(30));
    let folds = stratified_k_fold(&labels, 5, &mut rng).unwrap();
    let result = cross_validate(&model, &table, &labels, &folds, |model, test| {
        Ok(model.score(test.x(), test.targets())?)
    })
    .unwrap();
    // The standard deviation of a mean of 200 coins is 0.035.
    assert!((result.mean() - 0.5).abs() < 0.13, "{:?}", result.scores);
}

#[test]
fn importance_is_that_of_columns() {
    let (table, species) = fish(0..120);
    let mut model = TableClassifier::new(schema(), quick());
    model.fit(&table, &species).unwrap();
    let score = |model: &TableClassifier, test: &dnn_blocks::selection::TestSet<_>| {
        Ok(model.score(test.x(), test.targets())?)
    };
    let mut rng = NumpyRandom::seed(1);
    let importance = permutation_importance(&model, &table, &species, score, 5, &mut rng).unwrap();
    let names: Vec<_> = importance.iter().map(|column| column.name.clone().unwrap()).collect();
    assert_eq!(names, ["id", "length", "weight", "color"]);
    let means: Vec<_> = importance.iter().map(|column| column.mean).collect();
    assert_eq!(means[0], 0.0, "an ignored column");
    assert!(means[1] > 0.1 && means[3] > 0.1 && means[2].abs() < 0.1, "{means:?}");
}

#[test]
fn a_regressor_is_cross_validated() {
    let lines: String = (0..60).map(|i| format!("{},{}\n", i % 12, 3 * (i % 12) + 1)).collect();
    let mut table = read(&format!("x,y\n{lines}")).unwrap();
    let y = table.take_numbers("y").unwrap();
    let model = TableRegressor::new(
        Schema::auto(),
        Hyperparameters::plain().hidden(&[]).learning_rate(0.02),
    );
    let folds = k_fold(60, 3, &mut NumpyRandom::seed(1)).unwrap();
    let result = cross_validate(&model, &table, &y, &folds, |model, test| {
        Ok(model.score(test.x(), test.targets())?)
    })
    .unwrap();
    assert!(result.mean() > 0.99, "{:?}", result.scores);
    assert_eq!(result.outputs.dim(), (1, 60));
}

#[test]
fn errors_in_a_fold_name_the_line() {
    let (_, species) = fish(0..40);
    let text = read(&format!("w\n{}x\n", "1\n".repeat(39))).unwrap();
    let model = TableClassifier::new(Schema::new().number("w"), quick().epochs(1));
    let folds = k_fold(40, 2, &mut NumpyRandom::seed(1)).unwrap();
    let error = cross_validate(&model, &text, &species, &folds, |_, _| Ok(0.0)).unwrap_err();
    assert!(error.to_string().ends_with(r#"line 41, column "w": "x" is not a number"#), "{error}");
}
