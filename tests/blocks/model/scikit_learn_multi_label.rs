//! scikit-learn's own tests of its multi-layer perceptron: multi-label classification.
//!
//! As in `scikit_learn`, whose [`Case`] has the data and the figures.

use super::scikit_learn::{Case, cases, list, only_case};
use super::scikit_learn_continued::hyperparameters;
use crate::support::reference::{assert_close, assert_number, matrix, network_of, number};
use dnn_blocks::cost::Cost;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;

const LABELS: [u8; 5] = [0, 1, 2, 3, 4];

fn model(case: &Case) -> MultiLabelClassifier<f64, u8> {
    MultiLabelClassifier::new(hyperparameters(case))
}

/// scikit-learn: `test_multilabel_classification` (9). There too, early stopping draws a random
/// split.
#[test]
fn tables_of_labels_are_learnt() {
    let cases = cases("test_multilabel_classification");
    let [fitted, partial, stopped] = cases.as_slice() else { panic!("{}", cases.len()) };
    for case in [fitted, partial] {
        let y = case.targets();
        let (x, labels) = (Examples::rows(&case.x), LabelSets::table(Examples::rows(&y), &LABELS));
        let is_partial = case.parameter("solver") == "sgd";
        let (bound, mut model) = match is_partial {
            true => (0.9, MultiLabelClassifier::new(case.hyperparameters())),
            false => (0.97, model(case)),
        };
        match is_partial {
            true => (0..100).for_each(|_| drop(model.partial_fit(x, labels).unwrap())),
            false => drop(model.fit(x, labels).unwrap()),
        }
        let score = model.score(x, labels).unwrap();
        assert!(score > bound && number(case.figure("score")) > bound, "{score}");
    }
    let y = stopped.targets();
    let (x, labels) = (Examples::rows(&stopped.x), LabelSets::table(Examples::rows(&y), &LABELS));
    let mut model = model(stopped);
    let history = model.fit(x, labels).unwrap();
    assert!(history.epochs.iter().all(|record| record.validation_score.is_some()));
    let predicted = model.predict_table(x).unwrap();
    assert_eq!(shape(&predicted), *list(stopped.figure("shape")));
}

fn shape(table: &Array2<f64>) -> [serde_json::Value; 2] {
    [table.nrows().into(), table.ncols().into()]
}

/// scikit-learn: `test_predict_proba_multilabel` (19), without the logarithms.
#[test]
fn each_label_has_a_probability() {
    let case = only_case("test_predict_proba_multilabel");
    let y = case.targets();
    let (x, labels) = (Examples::rows(&case.x), LabelSets::table(Examples::rows(&y), &LABELS));
    let mut model = model(&case);
    model.fit(x, labels).unwrap();
    let probabilities = model.predict_proba(x).unwrap();
    assert_eq!(shape(&probabilities), *list(case.figure("shape")));
    assert_eq!(probabilities.mapv(|p| f64::from(p > 0.5)), y);
    let sums = probabilities.rows().into_iter().map(|row| (row.sum() - 1.0).powi(2));
    assert!(sums.sum::<f64>() > 1e-10);
}

/// The parameters of scikit-learn predict the same probabilities, and have the same cost.
#[test]
fn a_network_of_scikit_learn_predicts_the_same() {
    let case = only_case("test_predict_proba_multilabel");
    let y = case.targets();
    let (x, labels) = (Examples::rows(&case.x), LabelSets::table(Examples::rows(&y), &LABELS));
    for output in [Activation::Identity, Activation::Sigmoid] {
        let parameters = network_of(case.figure("network"), Activation::Relu, output);
        let how = case.hyperparameters();
        let model = MultiLabelClassifier::from_parameters(how, &LABELS, parameters, None).unwrap();
        let probabilities = model.predict_proba(x).unwrap();
        assert_close("probabilities", &probabilities, &matrix(case.figure("probabilities")), 1e-12);
        assert_eq!(model.score(x, labels).unwrap(), 1.0);
        let cost = Cost::BinaryCrossEntropy.value(&probabilities.t(), y.t()).unwrap();
        assert_number("cost", cost, number(case.figure("cost")), 1e-9);
    }
}
