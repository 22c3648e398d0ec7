//! Cross-validation, search and importance against loops of public calls.

use crate::support::message;
use dnn_blocks::data::{
    Classes, Fold, group_k_fold, k_fold, stratified_k_fold, stratified_split, time_series_folds,
};
use dnn_blocks::metrics::{Actual, Predicted, log_loss, mean_absolute_error};
use dnn_blocks::ndarray::{Array2, Axis, array, s};
use dnn_blocks::prelude::*;
use dnn_blocks::selection::{cross_validate, grid, permutation_importance, search};
use dnn_blocks::{Error, Result};

fn how() -> Hyperparameters {
    Hyperparameters::plain().hidden(&[6]).epochs(5).learning_rate(0.02).seed(3)
}

/// Three classes around three points, (m, 2).
fn points(m: usize) -> (Array2<f64>, Vec<u8>) {
    let mut rng = NumpyRandom::seed(4);
    let labels: Vec<u8> = (0..m).map(|i| (i % 3) as u8).collect();
    let x = Array2::from_shape_fn((m, 2), |(i, f)| {
        3.0 * f64::from(u8::from(usize::from(labels[i]) == f)) + rng.randn()
    });
    (x, labels)
}

fn accuracy(model: &Classifier<f64, u8>, x: Examples<'_, f64>, labels: &[u8]) -> Result<f64> {
    model.score(x, labels)
}

fn chosen<T: Clone>(values: &[T], examples: &[usize]) -> Vec<T> {
    examples.iter().map(|&example| values[example].clone()).collect()
}

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
        assert_eq!(result.outputs.select(Axis(0), &fold.test), outputs);
    }
    let mean = result.scores.iter().sum::<f64>() / 4.0;
    assert_eq!(result.mean(), mean);
    let squares: f64 = result.scores.iter().map(|score| (score - mean).powi(2)).sum();
    assert!((result.std_dev() - (squares / 3.0).sqrt()).abs() < 1e-15);
    assert!(model.parameters().is_none(), "the model itself is not fitted");

    // Columns, and a metric of the probabilities.
    let columns = x.t().to_owned();
    let negative_loss = |model: &Classifier<f64, u8>, x: Examples<'_, f64>, labels: &[u8]| {
        let probabilities = model.predict_proba(x)?;
        let numbers = Classes::from_labels(model.classes()).encode(labels)?;
        Ok(-log_loss(Actual(&numbers), Predicted(&probabilities.t()))?)
    };
    let by_columns =
        cross_validate(&model, Examples::columns(&columns), &labels, &folds, negative_loss);
    let by_columns = by_columns.unwrap();
    assert_eq!(by_columns.outputs, result.outputs.t());
    assert!(by_columns.scores.iter().all(|score| (-1.2..0.0).contains(score)));
}

#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_changes_no_bit() {
    let (x, labels) = points(60);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let rng = &mut NumpyRandom::seed(1);
            let folds = stratified_k_fold(&labels, 5, rng).unwrap();
            let candidates = grid(vec![how()], &[0.0, 0.5, 2.0], |h, &l2| h.l2(l2));
            let trials = search(&candidates, |how| {
                let model = Classifier::<f64, u8>::new(how.clone());
                let x = Examples::rows(&x);
                Ok(cross_validate(&model, x, &labels, &folds, accuracy)?.scores)
            });
            let mut model = Classifier::<f64, u8>::new(how());
            model.fit(Examples::rows(&x), &labels).unwrap();
            let x = Examples::rows(&x);
            let importance = permutation_importance(&model, x, &labels, accuracy, 3, rng);
            (trials.unwrap(), importance.unwrap())
        })
    };
    let alone = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), alone);
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
    assert_eq!(result.outputs.dim(), (30, 4));
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
        cross_validate(&model, Examples::rows(&x), targets, &folds, |model, x, sets| {
            model.score(x, sets)
        })
    };
    let result = run(LabelSets::from(&sets)).unwrap();
    assert_eq!(result.outputs.dim(), (40, 2));
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
    assert_eq!(wider.outputs.dim(), (30, 4));

    let sets: Vec<Vec<u8>> = labels.iter().map(|&label| vec![label]).collect();
    let run = |model: &MultiLabelClassifier<f64, u8>| {
        let sets = LabelSets::from(&sets);
        cross_validate(model, rows, sets, &folds, |model, x, sets| model.score(x, sets))
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
    let result = cross_validate(&model, x, y, &folds, |model, x, y| {
        mean_absolute_error(Actual(&y.as_columns()), Predicted(&model.predict(x)?.t()))
    });
    let outputs = result.unwrap().outputs;
    assert!(outputs.slice(s![..5, ..]).iter().all(|y| y.is_nan()));
    assert!(outputs.slice(s![5.., ..]).iter().all(|y| y.is_finite()));
}

#[test]
fn names_of_features_reach_the_models() {
    let (x, labels) = points(30);
    let folds = k_fold(30, 3, &mut NumpyRandom::seed(1)).unwrap();
    let names = ["length", "width"];
    let x = Examples::rows(&x).feature_names(&names);
    let check = |model: &Classifier<f64, u8>, x: Examples<'_, f64>, labels: &[u8]| {
        assert_eq!(model.feature_names().unwrap(), names);
        model.score(x, labels)
    };
    let model = Classifier::<f64, u8>::new(how());
    cross_validate(&model, x, &labels, &folds, check).unwrap();
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

#[test]
fn folds_that_do_not_fit_are_errors() {
    let (x, labels) = points(9);
    let model = Classifier::<f64, u8>::new(how());
    let run = |labels: &[u8], folds: &[Fold]| {
        cross_validate(&model, Examples::rows(&x), labels, folds, accuracy)
    };
    let fold = |training: &[usize], test: &[usize]| Fold {
        training: training.to_vec(),
        test: test.to_vec(),
    };
    assert_eq!(message(run(&labels, &[])), "folds is 0, but must be at least 1");
    let all: Vec<usize> = (0..9).collect();
    assert!(message(run(&labels, &[fold(&all, &[9])])).starts_with("fold is 9"));
    assert!(message(run(&labels, &[fold(&[usize::MAX], &[1])])).starts_with("fold is"));
    let mut nan = x.clone();
    nan[[7, 1]] = f64::NAN;
    let error =
        cross_validate(&model, Examples::rows(&nan), &labels, &[fold(&[0, 1, 2], &[7])], accuracy);
    assert_eq!(message(error), "X[feature 1, example 7] is NaN");
    let empty = run(&labels, &[fold(&all, &[])]);
    assert!(matches!(empty, Err(Error::EmptyBatch { .. })));
    assert!(matches!(run(&labels, &[fold(&[], &[1])]), Err(Error::EmptyBatch { .. })));
    assert!(matches!(run(&labels[..8], &[fold(&all, &[1])]), Err(Error::LengthMismatch { .. })));
    assert_eq!(run(&labels, &[fold(&[0, 3, 6], &[1])]), Err(Error::OneClass));
}

#[test]
fn a_grid_has_every_combination_once() {
    let candidates = grid(vec![how(), how().seed(9)], &[4, 8, 16], |h, &n| h.hidden(&[n]));
    let candidates = grid(candidates, &[0.0, 0.5], |h, &l2| h.l2(l2));
    let found: Vec<_> = candidates.iter().map(|h| (h.seed, h.hidden[0], h.l2)).collect();
    let mut expected = Vec::new();
    for seed in [3, 9] {
        for units in [4, 8, 16] {
            expected.extend([(seed, units, 0.0), (seed, units, 0.5)]);
        }
    }
    assert_eq!(found, expected);
    assert!(grid(candidates, &[], |h, _: &u8| h).is_empty());
}

#[test]
fn a_search_ranks_by_the_mean_and_puts_failures_last() {
    let candidates = [[1.0, 2.0], [f64::NAN, 9.0], [4.0, 4.0], [f64::INFINITY; 2], [2.0, 1.0]];
    let trials = search(&candidates, |scores| {
        if scores[0] == f64::INFINITY { Err(Error::OneClass) } else { Ok(scores.to_vec()) }
    });
    let trials = trials.unwrap();
    let order: Vec<usize> = trials.iter().map(|trial| trial.candidate).collect();
    assert_eq!(order, [2, 0, 4, 1, 3]);
    assert_eq!(trials[1].scores, Ok(vec![1.0, 2.0]));
    assert_eq!((trials[1].mean(), trials[1].std_dev()), (1.5, 0.5_f64.sqrt()));
    assert_eq!(trials[4].scores, Err(Error::OneClass));
    assert!(trials[4].mean().is_nan());

    let failing = search(&[1, 2], |_| Err(Error::NotFitted));
    assert_eq!(failing, Err(Error::NotFitted));
    let none: [u8; 0] = [];
    assert_eq!(
        message(search(&none, |_| Ok(vec![1.0]))),
        "candidates is 0, but must be at least 1"
    );
}

/// For `y = 3 x₀ + x₁`, shuffling x costs twice the variance of its term on average.
#[test]
fn the_importance_of_a_linear_model_is_that_of_its_terms() {
    let mut rng = NumpyRandom::seed(2);
    let x = Array2::from_shape_simple_fn((2000, 3), || rng.randn());
    let y = x.map_axis(Axis(1), |row| 3.0 * row[0] + row[1]).insert_axis(Axis(1));
    let (w, b) = (array![[3.0, 1.0, 0.0]], array![[0.0]]);
    let layer = Layer { w, b, activation: Activation::Identity };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let how = Hyperparameters::plain().hidden(&[]).standardize(false);
    let model = Regressor::from_parameters(how, parameters, None, None).unwrap();
    let negative_error = |model: &Regressor<f64>, x: Examples<'_, f64>, y: Examples<'_, f64>| {
        let difference = model.predict(x)?.t().to_owned() - y.as_columns();
        Ok(-difference.mapv(|d| d * d).mean().unwrap())
    };
    let (x, y) = (Examples::rows(&x), Examples::rows(&y));
    let run = |seed| {
        let rng = &mut NumpyRandom::seed(seed);
        permutation_importance(&model, x, y, negative_error, 10, rng).unwrap()
    };
    let importance = run(1);
    for (importance, expected) in importance.iter().zip([18.0, 2.0]) {
        let error = (importance.mean - expected).abs();
        assert!(error < 0.1 * expected, "{importance:?}");
        assert!(importance.std_dev > 0.0 && importance.std_dev < 0.1 * expected);
    }
    assert_eq!((importance[2].mean, importance[2].std_dev), (0.0, 0.0));
    assert_eq!(run(1), importance);
    assert_ne!(run(2), importance);
}

#[test]
fn an_importance_needs_a_repeat_and_a_target_for_each_example() {
    let (x, labels) = points(30);
    let mut model = Classifier::<f64, u8>::new(how());
    let rng = &mut NumpyRandom::seed(1);
    let x = Examples::rows(&x);
    let unfitted = permutation_importance(&model, x, &labels, accuracy, 1, rng);
    assert_eq!(unfitted, Err(Error::NotFitted));
    model.fit(x, &labels).unwrap();
    let none = permutation_importance(&model, x, &labels, accuracy, 0, rng);
    assert_eq!(message(none), "repeats is 0, but must be at least 1");
    let short = permutation_importance(&model, x, &labels[1..], accuracy, 1, rng);
    assert!(matches!(short, Err(Error::LengthMismatch { .. })));
}
