//! Cross-validations against loops of public calls.

use super::{accuracy, chosen, fold, how, points};
use crate::support::message;
use dnn_blocks::Error;
use dnn_blocks::data::{
    Classes, Fold, group_k_fold, k_fold, stratified_k_fold, stratified_split, time_series_folds,
};
use dnn_blocks::metrics::{Actual, Predicted, log_loss, mean_absolute_error};
use dnn_blocks::ndarray::{Array2, Axis, array, s};
use dnn_blocks::prelude::*;
use dnn_blocks::selection::{cross_validate, score_fold};

#[test]
fn a_cross_validation_is_a_loop_of_fits() {
    let (x, labels) = points(60);
    let folds = stratified_k_fold(&labels, 4, &mut NumpyRandom::seed(1)).unwrap();
    let model = Classifier::<f64, u8>::new(how());
    let result = cross_validate(&model, Examples::rows(&x), &labels, &folds, accuracy).unwrap();
    for (fold, score) in folds.iter().zip(&result.scores) {
        let mut model = Classifier::<f64, u8>::new(how()).with_classes(&labels);
        let training = x.select(Axis(0), &fold.training);
        model.fit(Examples::rows(&training), &chosen(&labels, &fold.training)).unwrap();
        let test = x.select(Axis(0), &fold.test);
        let test_labels = chosen(&labels, &fold.test);
        assert_eq!(model.score(Examples::rows(&test), &test_labels).unwrap(), *score);
        let outputs = model.predict_proba(Examples::rows(&test)).unwrap();
        assert_eq!(result.outputs.select(Axis(1), &fold.test), outputs.t());
        let model = Classifier::<f64, u8>::new(how());
        let alone = score_fold(&model, Examples::rows(&x), &labels, fold, accuracy);
        assert_eq!(alone, Ok(*score));
    }
    let mean = result.scores.iter().sum::<f64>() / 4.0;
    assert_eq!(result.mean(), mean);
    let squares: f64 = result.scores.iter().map(|score| (score - mean).powi(2)).sum();
    assert!((result.std_dev() - (squares / 3.0).sqrt()).abs() < 1e-15);
    assert!(model.parameters().is_none(), "the model itself is not fitted");

    let columns = x.t().to_owned();
    let by_columns = cross_validate(&model, Examples::columns(&columns), &labels, &folds, accuracy);
    assert_eq!(by_columns, Ok(result));
}

/// The metric is one line, for labels of any type, and equals the loss of class numbers.
#[test]
fn the_log_loss_is_a_metric() {
    let (x, numbers) = points(60);
    let labels: Vec<String> = numbers.iter().map(|number| format!("class {number}")).collect();
    let folds = stratified_k_fold(&labels, 4, &mut NumpyRandom::seed(1)).unwrap();
    let model = Classifier::<f64, String>::new(how());
    let result = cross_validate(&model, Examples::rows(&x), &labels, &folds, |model, test| {
        let p = model.predict_proba(test.x())?;
        log_loss(Actual(test.targets()), Predicted(&p.t()).of_classes(model.classes()))
    });
    let result = result.unwrap();
    for (fold, score) in folds.iter().zip(&result.scores) {
        let numbers = Classes::from_labels(&labels).encode(&chosen(&labels, &fold.test)).unwrap();
        let p = result.outputs.select(Axis(1), &fold.test);
        assert_eq!(log_loss(Actual(&numbers), Predicted(&p)), Ok(*score));
        assert!((0.0..1.2).contains(score));
    }
}

/// A fold whose training set lacks a class still has a probability for it.
#[test]
fn all_models_know_all_classes() {
    let (x, mut labels) = points(30);
    labels[29] = 9;
    let folds = [
        Fold { training: (0..15).collect(), test: (15..30).collect() },
        Fold { training: (15..30).collect(), test: (0..15).collect() },
    ];
    let model = Classifier::<f64, u8>::new(how());
    let result = cross_validate(&model, Examples::rows(&x), &labels, &folds, accuracy).unwrap();
    assert_eq!(result.outputs.dim(), (4, 30));
    assert!(result.outputs.iter().all(|p| p.is_finite()));
}

/// Sets of names and a table of 0 and 1 are divided alike.
#[test]
fn a_multi_label_classifier_is_cross_validated() {
    let (x, labels) = points(40);
    let names = ["zero", "one", "two"];
    let sets: Vec<Vec<&str>> = labels.iter().map(|&l| names[..usize::from(l)].to_vec()).collect();
    let y =
        Array2::from_shape_fn((40, 2), |(i, l)| f64::from(u8::from(usize::from(labels[i]) > l)));
    let table = LabelSets::table(Examples::rows(&y), &["zero", "one"]);
    let folds = k_fold(40, 4, &mut NumpyRandom::seed(1)).unwrap();
    let run = |targets: LabelSets<'_, f64, &'static str>| {
        let model = MultiLabelClassifier::<f64, &str>::new(how()).with_labels(&["one", "zero"]);
        cross_validate(&model, Examples::rows(&x), targets, &folds, |model, test| {
            model.score(test.x(), test.targets())
        })
    };
    let result = run(LabelSets::from(&sets)).unwrap();
    assert_eq!(result.outputs.dim(), (2, 40));
    assert_eq!(run(table).unwrap(), result);
    let slices: Vec<&[&str]> = sets.iter().map(Vec::as_slice).collect();
    assert_eq!(run(LabelSets::from(&slices)).unwrap(), result);
    let fold = &folds[2];
    let mut model = MultiLabelClassifier::<f64, &str>::new(how()).with_labels(&["one", "zero"]);
    let training = x.select(Axis(0), &fold.training);
    model.fit(Examples::rows(&training), &chosen(&sets, &fold.training)).unwrap();
    let test = x.select(Axis(0), &fold.test);
    let score = model.score(Examples::rows(&test), &chosen(&sets, &fold.test)).unwrap();
    assert_eq!(result.scores[2], score);
}

/// Its classes come from the labels or the declaration, also if it was fitted to others.
#[test]
fn an_earlier_fit_changes_nothing() {
    let (x, labels) = points(30);
    let folds = stratified_k_fold(&labels, 3, &mut NumpyRandom::seed(1)).unwrap();
    let rows = Examples::rows(&x);
    let run = |model: &Classifier<f64, u8>| cross_validate(model, rows, &labels, &folds, accuracy);
    let fresh = Classifier::<f64, u8>::new(how());
    let mut other = fresh.clone();
    other.fit(rows, &(0..30).map(|i| 90 + i % 4).collect::<Vec<u8>>()).unwrap();
    assert_eq!(run(&other), run(&fresh));
    let declared = [0, 1, 2, 3];
    let wider = run(&other.with_classes(&declared)).unwrap();
    assert_eq!(run(&fresh.with_classes(&declared)).unwrap(), wider);
    assert_eq!(wider.outputs.dim(), (4, 30));

    let sets: Vec<Vec<u8>> = labels.iter().map(|&label| vec![label]).collect();
    let run = |model: &MultiLabelClassifier<f64, u8>| {
        let sets = LabelSets::from(&sets);
        cross_validate(model, rows, sets, &folds, |model, test| {
            model.score(test.x(), test.targets())
        })
    };
    let fresh = MultiLabelClassifier::<f64, u8>::new(how());
    let mut other = fresh.clone();
    other.fit(rows, &vec![vec![7]; 30]).unwrap();
    assert_eq!(run(&other), run(&fresh));
    assert_eq!(run(&other.with_labels(&[2, 1, 0])), run(&fresh.with_labels(&[2, 1, 0])));
}

#[test]
fn examples_that_no_fold_tests_have_no_outputs() {
    let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
    let y = x.mapv(|x| 2.0 * x);
    let folds = time_series_folds(20, 3, 1).unwrap();
    let model = Regressor::new(how().hidden(&[]));
    let (x, y) = (Examples::rows(&x), Examples::rows(&y));
    let result = cross_validate(&model, x, y, &folds, |model, test| {
        let predicted = model.predict(test.x())?;
        mean_absolute_error(Actual(&test.targets().as_columns()), Predicted(&predicted.t()))
    });
    let outputs = result.unwrap().outputs;
    assert!(outputs.slice(s![.., ..5]).iter().all(|y| y.is_nan()));
    assert!(outputs.slice(s![.., 5..]).iter().all(|y| y.is_finite()));
}

#[test]
fn names_of_features_reach_the_models() {
    let (x, labels) = points(30);
    let folds = k_fold(30, 3, &mut NumpyRandom::seed(1)).unwrap();
    let names = ["length", "width"];
    let x = Examples::rows(&x).feature_names(&names);
    let model = Classifier::<f64, u8>::new(how());
    let result = cross_validate(&model, x, &labels, &folds, |model, test| {
        assert_eq!(model.feature_names().unwrap(), names);
        accuracy(model, test)
    });
    result.unwrap();
}

/// Labels that have nothing to do with the features are predicted no better than by chance.
#[test]
fn shuffled_labels_give_chance() {
    let m = 400;
    let mut rng = NumpyRandom::seed(8);
    let x = Array2::from_shape_simple_fn((m, 5), || rng.randn());
    let labels: Vec<u8> = rng.permutation(m).into_iter().map(|i| (i % 2) as u8).collect();
    let groups: Vec<usize> = (0..m).map(|i| i / 5).collect();
    let (training, test) = stratified_split(&labels, 0.5, &mut rng).unwrap();
    let four_deviations = 4.0 * (0.25 / m as f64).sqrt();
    for (folds, tested) in [
        (k_fold(m, 5, &mut rng).unwrap(), 1.0),
        (stratified_k_fold(&labels, 5, &mut rng).unwrap(), 1.0),
        (group_k_fold(&groups, 5).unwrap(), 1.0),
        (time_series_folds(m, 4, 0).unwrap(), 0.8),
        (vec![Fold { training, test }], 0.5),
    ] {
        let model = Classifier::<f64, u8>::new(how().epochs(20));
        let result = cross_validate(&model, Examples::rows(&x), &labels, &folds, accuracy);
        let mean = result.unwrap().mean();
        let bound = four_deviations / f64::sqrt(tested);
        assert!((mean - 0.5).abs() < bound, "{mean}");
    }
}

/// Two folds test each example: the outputs are the means of the models of both.
#[test]
fn an_example_that_several_folds_test_has_the_mean_output() {
    let (x, labels) = points(30);
    let model = Classifier::<f64, u8>::new(how());
    let run = |folds: &[Fold]| {
        cross_validate(&model, Examples::rows(&x), &labels, folds, accuracy).unwrap().outputs
    };
    let [first, second] =
        [1, 2].map(|seed| stratified_k_fold(&labels, 3, &mut NumpyRandom::seed(seed)).unwrap());
    let both = run(&[&first[..], &second].concat());
    assert_eq!(both, (run(&first) + run(&second)) / 2.0);
}

/// Frozen layers belong to a network that the folds do not continue.
#[test]
fn a_fitted_model_with_frozen_layers_is_refused() {
    let (x, labels) = points(30);
    let mut model = Classifier::<f64, u8>::new(how());
    model.fit(Examples::rows(&x), &labels).unwrap();
    model.set_hyperparameters(how().frozen(&[1])).unwrap();
    let folds = stratified_k_fold(&labels, 3, &mut NumpyRandom::seed(1)).unwrap();
    let result = cross_validate(&model, Examples::rows(&x), &labels, &folds, accuracy);
    assert!(matches!(result, Err(Error::Inconsistent { .. })));
}

#[test]
fn a_fold_that_is_not_valid_is_named() {
    let (x, labels) = points(9);
    let model = Classifier::<f64, u8>::new(how());
    let run = |folds: &[Fold]| {
        message(cross_validate(&model, Examples::rows(&x), &labels, folds, accuracy))
    };
    assert_eq!(run(&[]), "folds is 0, but must be at least 1");
    let good = fold(&[0, 1, 2, 3, 4, 5], &[6, 7, 8]);
    for (bad, expected) in [
        (fold(&[0, 1, 2], &[9]), "example is 9, but must be below the number of examples"),
        (fold(&[9, 1, 2], &[3]), "example is 9, but must be below the number of examples"),
        (fold(&[0, 1, 0], &[3]), "example is 0, but must be only once in a fold"),
        (fold(&[0, 1, 2], &[3, 3]), "example is 3, but must be only once in a fold"),
        (fold(&[0, 1, 2], &[4, 2]), "example is 2, but must be only once in a fold"),
        (
            fold(&[], &[1]),
            "the training set (1, 0) has no examples: a batch needs at least one column",
        ),
        (fold(&[1], &[]), "the test set (1, 0) has no examples: a batch needs at least one column"),
    ] {
        assert_eq!(run(&[good.clone(), bad.clone()]), format!("fold 1: {expected}"));
        let alone = score_fold(&model, Examples::rows(&x), &labels, &bad, accuracy);
        assert_eq!(message(alone), expected);
    }
    assert!(run(&[fold(&[usize::MAX], &[1])]).starts_with("fold 0: example is 1.8"));
}

/// The fit, the metric and the outputs of a fold fail; examples have their numbers in the table.
#[test]
fn an_error_in_a_fold_is_named() {
    let (mut x, labels) = points(9);
    let model = Classifier::<f64, u8>::new(how());
    let folds = [fold(&[0, 1, 2, 3, 4, 5], &[6, 7]), fold(&[3, 4, 7], &[0, 1])];
    let one_class = [fold(&[0, 3, 6], &[1])];
    let result = cross_validate(&model, Examples::rows(&x), &labels, &one_class, accuracy);
    assert_eq!(result, Err(Error::InFold { fold: 0, cause: Box::new(Error::OneClass) }));
    let failing = cross_validate(&model, Examples::rows(&x), &labels, &folds, |model, test| {
        if test.examples() == [0, 1] { Err(Error::NotFitted) } else { accuracy(model, test) }
    });
    assert_eq!(failing, Err(Error::InFold { fold: 1, cause: Box::new(Error::NotFitted) }));
    let unknown = cross_validate(&model, Examples::rows(&x), &labels, &folds, |_, _| {
        let p = array![[0.5, 0.5], [0.5, 0.5]];
        log_loss(Actual(&["a", "b"]), Predicted(&p).of_classes(&["a", "c"]))
    });
    let expected = "fold 0: the label of example 7 is none of the 2 known labels";
    assert_eq!(message(unknown), expected);

    x[[7, 1]] = f64::NAN;
    let expected = "X[feature 1, example 7] is NaN";
    let run = |folds: &[Fold]| {
        message(cross_validate(&model, Examples::rows(&x), &labels, folds, |_, _| Ok(0.0)))
    };
    assert_eq!(run(&folds), format!("fold 0: {expected}"), "in the outputs");
    assert_eq!(run(&folds[1..]), format!("fold 0: {expected}"), "in the fit");
}

#[test]
fn examples_and_targets_are_as_many_and_at_least_one() {
    let (x, labels) = points(9);
    let model = Classifier::<f64, u8>::new(how());
    let folds = [fold(&[0, 1, 2, 3, 4, 5], &[6, 7])];
    let short = cross_validate(&model, Examples::rows(&x), &labels[..8], &folds, accuracy);
    assert!(matches!(short, Err(Error::LengthMismatch { .. })));
    let none = Array2::zeros((0, 2));
    let none = cross_validate(&model, Examples::rows(&none), &[], &folds, accuracy);
    assert!(matches!(none, Err(Error::EmptyBatch { .. })));
}
