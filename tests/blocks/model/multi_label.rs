//! Multi-label classifiers: labels in both forms, twins of a fit, weights, refused input.

use super::{GO_ON, clouds, quick};
use crate::support::message;
use crate::support::reference::assert_number;
use dnn_blocks::Error;
use dnn_blocks::data::LabelNames;
use dnn_blocks::error::Position;
use dnn_blocks::metrics::subset_accuracy;
use dnn_blocks::model::{ClassWeights, Monitor};
use dnn_blocks::ndarray::{Array2, Axis, array, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::LbfgsOptions;
use dnn_blocks::train::schedule::Plateau;

type Model = MultiLabelClassifier<f64, &'static str>;

const NAMES: [&str; 3] = ["right", "high", "far"];

/// Returns points (m, 2) and their labels: right of the middle, above it, and far from it.
fn points(m: usize) -> (Array2<f64>, Vec<Vec<&'static str>>) {
    let (x, _) = clouds(5, m);
    let set = |row: dnn_blocks::ndarray::ArrayView1<'_, f64>| {
        let (a, b) = (row[0], row[1] - 100.0);
        let has = [a > 0.0, b > 0.0, a * a + b * b > 25.0];
        NAMES.iter().zip(has).filter(|(_, has)| *has).map(|(name, _)| *name).collect()
    };
    let sets = x.rows().into_iter().map(set).collect();
    (x, sets)
}

/// Returns the sets as a table (examples, labels) in the order of [`NAMES`].
fn table(sets: &[Vec<&'static str>]) -> Array2<f64> {
    LabelNames::new(&NAMES).encode(sets).unwrap().reversed_axes()
}

fn labels(table: &Array2<f64>) -> LabelSets<'_, f64, &'static str> {
    LabelSets::table(Examples::rows(table), &NAMES)
}

fn fitted(how: Hyperparameters, x: &Array2<f64>, sets: &[Vec<&'static str>]) -> Model {
    let mut model = Model::new(how).with_labels(&NAMES);
    model.fit(Examples::rows(x), sets).unwrap();
    model
}

#[test]
fn labels_are_learnt_and_predicted_in_every_form() {
    let (x, sets) = points(300);
    let how = quick().hidden(&[16]).epochs(150);
    let model = fitted(how, &x, &sets);
    let rows = Examples::rows(&x);
    let score = model.score(rows, &sets).unwrap();
    assert!(score > 0.95, "{score}");

    let (p, predicted) = (model.predict_proba(rows).unwrap(), model.predict_table(rows).unwrap());
    assert_eq!(p.dim(), (300, 3));
    assert_eq!(predicted, p.mapv(|p| f64::from(p > 0.5)));
    let y = table(&sets);
    let share = subset_accuracy(Actual(&y.t()), Predicted(&predicted.t())).unwrap();
    assert_eq!(share, score);
    assert_eq!(model.score(rows, labels(&y)).unwrap(), score);
    assert_eq!(table(&model.predict(rows).unwrap()), predicted);

    let columns = Examples::columns(x.t());
    assert_eq!(model.predict_proba(columns).unwrap(), p.t());
    assert_eq!(model.predict_table(columns).unwrap(), predicted.t());
    assert_eq!(model.predict(columns).unwrap(), model.predict(rows).unwrap());
}

/// Vectors, slices, rows and columns of a table, in any order of its labels: one model.
#[test]
fn every_form_of_the_labels_is_the_same_fit() {
    let (x, sets) = points(60);
    let x = Examples::rows(&x);
    let y = table(&sets);
    let expected = {
        let mut model = Model::new(quick().epochs(3));
        model.fit(x, labels(&y)).unwrap();
        assert_eq!(model.labels(), NAMES, "the order of the table");
        model.parameters().cloned()
    };
    let turned = y.t().to_owned();
    let mut other = y.clone();
    other.column_mut(0).assign(&y.column(2));
    other.column_mut(2).assign(&y.column(0));
    let reversed = ["far", "high", "right"];
    let slices: Vec<&[&str]> = sets.iter().map(Vec::as_slice).collect();
    let doubled: Vec<_> = sets.iter().map(|set| [&set[..], &set[..]].concat()).collect();
    for labels in [
        LabelSets::from(&sets),
        LabelSets::from(&sets[..]),
        LabelSets::from(&slices),
        LabelSets::from(&slices[..]),
        LabelSets::from(&doubled),
        LabelSets::table(Examples::columns(&turned), &NAMES),
        LabelSets::table(Examples::rows(&other), &reversed),
    ] {
        let mut model = Model::new(quick().epochs(3)).with_labels(&NAMES);
        model.fit(x, labels).unwrap();
        assert_eq!((model.labels(), model.parameters()), (&NAMES[..], expected.as_ref()));
    }
    // Without declared labels, names of sets are sorted.
    let mut sorted = Model::new(quick().epochs(3));
    sorted.fit(x, &sets).unwrap();
    assert_eq!(sorted.labels(), ["far", "high", "right"]);
    let mut of_table = Model::new(quick().epochs(3));
    of_table.fit(x, LabelSets::table(Examples::rows(&other), &reversed)).unwrap();
    assert_eq!(sorted.parameters(), of_table.parameters());
    assert_ne!(sorted.parameters(), expected.as_ref());
}

/// The loop of a fit in public calls gives bit-identical parameters.
#[test]
fn a_fit_is_a_loop_of_public_calls() {
    let (x, sets) = points(110);
    let how = quick()
        .hidden(&[7, 5])
        .activation(Activation::Tanh)
        .schedule(Schedule::Exponential { decay_rate: 0.1 })
        .l2(0.3)
        .clip_norm(0.5)
        .validation_share(0.2)
        .epochs(4)
        .seed(11);
    let weights: Vec<f64> = (0..110).map(|i| 0.5 + (i % 3) as f64).collect();
    let mut model = Model::new(how.clone()).with_labels(&NAMES);
    let options = FitOptions::new().weights(&weights);
    let history = model.fit_with(Examples::rows(&x), &sets, options).unwrap();

    let rng = &mut NumpyRandom::seed(how.seed);
    let (training, validation) = dnn_blocks::data::split(110, 0.2, rng).unwrap();
    let part = |part: &[usize]| x.select(Axis(0), part).reversed_axes();
    let y = LabelNames::new(&NAMES).encode::<f64, _>(&sets).unwrap();
    let scaler = Standardizer::fit(&part(&training)).unwrap();
    let training_x = scaler.transform(&part(&training)).unwrap();
    // The labels, with the weights of the examples as the last row.
    let targets = Array2::from_shape_fn((4, training.len()), |(row, i)| match row {
        3 => weights[training[i]],
        _ => y[[row, training[i]]],
    });
    let mut parameters = initialize_parameters_deep(&[2, 7, 5, 3], how.initializer.clone(), rng)
        .unwrap()
        .with_activations(Activation::Tanh, Activation::Sigmoid);
    let mut optimizer = Optimizer::new(how.algorithm, &parameters).unwrap();
    let mut batches =
        Batches::new(&training_x, &targets, how.batch_size_for(training.len())).unwrap();
    let mut workspace = Workspace::new(&parameters, how.batch_size_for(training.len())).unwrap();
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(how.l2);
    for epoch in 0..how.epochs {
        batches.shuffle(rng);
        while let Some((x, y)) = batches.next() {
            let targets = dnn_blocks::cost::Targets::new(y.slice(s![..3, ..])).weighted(y.row(3));
            let (_, gradients) =
                workspace.cost_and_gradients(&x, targets, &parameters, &objective).unwrap();
            dnn_blocks::gradients::clip_by_norm(gradients, 0.5).unwrap();
            let rate = how.schedule.at(how.learning_rate, epoch);
            optimizer.step(&mut parameters, gradients, rate).unwrap();
        }
        let validation_x = scaler.transform(&part(&validation)).unwrap();
        let predicted = predict(&validation_x, &parameters).unwrap();
        let actual = y.select(Axis(1), &validation);
        let share = subset_accuracy(Actual(&actual), Predicted(&predicted)).unwrap();
        assert_eq!(history.epochs[epoch].validation_score, Some(share));
    }
    assert_eq!(model.scaler(), Some(&scaler));
    assert_eq!(model.parameters(), Some(&parameters));
}

/// Two fits are one of all epochs, and each part is a fit.
#[test]
fn warm_starts_and_partial_fits_go_on() {
    let (x, sets) = points(60);
    let x = Examples::rows(&x);
    for how in [quick().epochs(6), quick().epochs(6).lbfgs(LbfgsOptions::default())] {
        let mut whole = Model::new(how.clone());
        whole.fit(x, &sets).unwrap();
        let mut parts = Model::new(how.clone());
        for _ in 0..2 {
            let options = FitOptions::new().warm_start(true).epochs(3);
            parts.fit_with(x, &sets, options).unwrap();
        }
        assert_eq!(parts.parameters(), whole.parameters());
        if how.lbfgs.is_none() {
            let mut parts = Model::new(how);
            (0..6).for_each(|_| drop(parts.partial_fit(x, &sets).unwrap()));
            assert_eq!(parts.parameters(), whole.parameters());
            let more = parts.partial_fit_with(x, &sets, FitOptions::new().epochs(2)).unwrap();
            assert_eq!((more.epochs.len(), more.epochs[0].epoch), (2, 6));
        }
    }
    // Sets of a later call need not have all labels.
    let mut model = fitted(quick().epochs(1), &points(60).0, &sets);
    let few = [vec!["far"], vec![]];
    let two = array![[1.0, 100.0], [3.0, 104.0]];
    model.partial_fit(Examples::rows(&two), &few).unwrap();
    model.fit_with(Examples::rows(&two), &few, FitOptions::new().warm_start(true)).unwrap();
    assert_eq!(model.labels(), NAMES);
}

/// An example of weight 0 has no effect, and a weight counts an example as often.
#[test]
fn weights_count() {
    let (x, sets) = points(40);
    let how = quick().hidden(&[]).standardize(false).batch_size(80).epochs(20);
    let how = how.algorithm(Algorithm::GradientDescent).initializer(Initializer::Zeros);
    let x = x.mapv(|x| x / 100.0);
    let parameters = |x: &Array2<f64>, sets: &[Vec<&'static str>], weights: Option<&[f64]>| {
        let mut model = Model::new(how.clone()).with_labels(&NAMES);
        let options = weights.map_or(FitOptions::new(), |w| FitOptions::new().weights(w));
        model.fit_with(Examples::rows(x), sets, options).unwrap();
        model.parameters().unwrap().layers()[0].w.clone()
    };
    let mut weights = vec![1.0; 40];
    weights[7] = 0.0;
    let mut wrong = sets.clone();
    wrong[7] = if sets[7].contains(&"far") { vec![] } else { vec!["far"] };
    assert_ne!(parameters(&x, &wrong, None), parameters(&x, &sets, None));
    assert_eq!(parameters(&x, &wrong, Some(&weights)), parameters(&x, &sets, Some(&weights)));

    let twice = x.select(Axis(0), &(0..80).map(|i| i / 2).collect::<Vec<_>>());
    let sets_twice: Vec<_> = (0..80).map(|i| sets[i / 2].clone()).collect();
    let (found, expected) = (
        parameters(&twice, &sets_twice, Some(&[2.0; 80])),
        parameters(&x, &sets, Some(&[2.0; 40])),
    );
    found.iter().zip(&expected).for_each(|(a, b)| assert_number("w", *a, *b, 1e-12));
}

/// Early stopping by cost and by subset accuracy, a plateau, chosen validation examples, callbacks.
#[test]
fn a_fit_is_watched_as_that_of_the_other_models() {
    let (x, sets) = points(100);
    let rows = Examples::rows(&x);
    let how = quick().epochs(60).validation_share(0.25).patience(3);
    for how in [how.clone(), how.clone().monitor(Monitor::ValidationScore)] {
        let mut model = Model::new(how.clone());
        let history = model.fit(rows, &sets).unwrap();
        let best = history.best_epoch.unwrap();
        let records = &history.epochs;
        let best_value = match how.monitor {
            Monitor::ValidationScore => -records[best].validation_score.unwrap(),
            _ => records[best].validation_cost.unwrap(),
        };
        assert!(records.iter().all(|record| match how.monitor {
            Monitor::ValidationScore => -record.validation_score.unwrap() >= best_value,
            _ => record.validation_cost.unwrap() >= best_value,
        }));
    }
    let mut model = Model::new(how.validation_share(0.0).plateau(Plateau::new(0.5, 2)));
    let mut scores = Vec::new();
    let options = FitOptions::new().validation(80..100).on_epoch(|epoch| {
        scores.push((epoch.training_score().unwrap(), epoch.record.validation_score.unwrap()));
        GO_ON
    });
    let history = model.fit_with(rows, &sets, options).unwrap();
    assert_eq!(scores.len(), history.epochs.len());
    let best = scores[history.best_epoch.unwrap()];
    let part = |from: usize, to: usize| {
        let x = x.slice(s![from..to, ..]);
        model.score(Examples::rows(x), &sets[from..to]).unwrap()
    };
    assert_eq!((part(0, 80), part(80, 100)), best);
}

/// A label without an example, one of every example, and a single label.
#[test]
fn labels_that_are_all_alike_are_accepted() {
    let (x, _) = points(40);
    let mut y = Array2::zeros((40, 3));
    y.column_mut(1).fill(1.0);
    let how = quick().epochs(200);
    let mut model = Model::new(how.clone());
    model.fit(Examples::rows(&x), labels(&y)).unwrap();
    assert_eq!(model.predict(Examples::rows(&x)).unwrap(), vec![vec!["high"]; 40]);
    assert_eq!(model.score(Examples::rows(&x), labels(&y)).unwrap(), 1.0);

    let one: Vec<Vec<&str>> =
        points(40).1.iter().map(|set| set[..set.len().min(1)].to_vec()).collect();
    let one: Vec<_> = one.iter().map(|set| set.iter().map(|_| "any").collect::<Vec<_>>()).collect();
    let mut model = Model::new(how);
    model.fit(Examples::rows(&x), &one).unwrap();
    assert_eq!(model.labels(), ["any"]);
    assert_eq!(model.predict_proba(Examples::rows(&x)).unwrap().dim(), (40, 1));
}

fn inconsistent(error: Error, part: &str) {
    let Error::Inconsistent { what } = error else { panic!("{error}") };
    assert!(what.contains(part), "{what}");
}

#[test]
fn tables_that_are_none_are_refused() {
    let (x, sets) = points(20);
    let rows = Examples::rows(&x);
    let y = table(&sets);
    let mut model = Model::new(quick().epochs(1));
    for (value, text) in [
        (2.0, "labels[label 2, example 3] is 2, but must be 0 or 1"),
        (f64::NAN, "labels[label 2, example 3] is NaN, but must be 0 or 1"),
        (0.5, "labels[label 2, example 3] is 0.5, but must be 0 or 1"),
    ] {
        let mut other = y.clone();
        other[[3, 2]] = value;
        let error = model.fit(rows, labels(&other)).unwrap_err();
        let Error::InvalidValue { position, .. } = &error else { panic!("{error}") };
        assert_eq!(*position, Position::Label { label: 2, example: 3 });
        assert_eq!(error.to_string(), text);
        assert_eq!(message(model.partial_fit(rows, labels(&other))), text);
    }
    let by_columns = LabelSets::table(Examples::columns(&y), &NAMES);
    assert_eq!(message(model.fit(rows, by_columns)), "X and labels differ in length: 20 and 3");
    let two = LabelSets::table(Examples::rows(&y), &["right", "high"]);
    assert_eq!(
        message(model.fit(rows, two)),
        "labels and the labels of the table differ in length: 2 and 3"
    );
    let twice = LabelSets::table(Examples::rows(&y), &["right", "high", "right"]);
    inconsistent(model.fit(rows, twice).unwrap_err(), "twice");
    assert!(model.parameters().is_none() && model.labels().is_empty());

    let mut declared = Model::new(quick().epochs(1)).with_labels(&["right", "high", "near"]);
    inconsistent(declared.fit(rows, labels(&y)).unwrap_err(), "labels of the table");
    let mut fewer = Model::new(quick().epochs(1)).with_labels(&["right", "high"]);
    inconsistent(fewer.fit(rows, labels(&y)).unwrap_err(), "labels of the table");
}

#[test]
fn sets_and_batches_that_are_none_are_refused() {
    let (x, sets) = points(20);
    let rows = Examples::rows(&x);
    let mut model = Model::new(quick().epochs(1));
    let none = vec![Vec::new(); 20];
    for error in [
        model.fit(rows, &none).unwrap_err(),
        model.partial_fit(rows, &none).unwrap_err(),
        Model::new(quick()).with_labels(&[]).fit(rows, &none).unwrap_err(),
        model
            .fit(rows, LabelSets::table(Examples::rows(&Array2::zeros((20, 0))), &[]))
            .unwrap_err(),
    ] {
        assert!(error.to_string().starts_with("labels (0, 20) is empty"), "{error}");
    }
    // With declared labels, examples may have none of them.
    Model::new(quick().epochs(1)).with_labels(&NAMES).fit(rows, &none).unwrap();
    let nobody = Array2::zeros((0, 2));
    for mut model in [Model::new(quick()), Model::new(quick()).with_labels(&NAMES)] {
        let error = model.fit(Examples::rows(&nobody), &[] as &[Vec<&str>]).unwrap_err();
        assert!(matches!(error, Error::EmptyBatch { .. }), "{error}");
    }
    assert!(matches!(model.fit(rows, &sets[..19]), Err(Error::LengthMismatch { .. })));
    let mut broken = x.clone();
    broken[[4, 1]] = f64::NAN;
    let named = Examples::rows(&broken).feature_names(&["a", "b"]);
    assert_eq!(message(model.fit(named, &sets)), "X[feature 1 (b), example 4] is NaN");
    assert!(matches!(model.predict(rows), Err(Error::NotFitted)));
    assert!(matches!(model.predict_table(rows), Err(Error::NotFitted)));
    assert!(matches!(model.score(rows, &sets), Err(Error::NotFitted)));
    assert!(matches!(model.predictor(1), Err(Error::NotFitted)));
    assert!(matches!(model.with_feature_names(&["a", "b"]), Err(Error::NotFitted)));

    let mut model = Model::new(quick().epochs(1)).with_labels(&NAMES[..2]);
    let error = model.fit(rows, &sets).unwrap_err();
    let first = sets.iter().position(|set| set.contains(&"far")).unwrap();
    assert_eq!(error, Error::UnknownLabel { example: first, classes: 2 });
}

#[test]
fn other_labels_than_those_of_the_network_are_refused() {
    let (x, sets) = points(40);
    let rows = Examples::rows(&x);
    let mut model = fitted(quick().epochs(2), &x, &sets);
    let before = (model.parameters().cloned(), model.labels().to_vec());
    let mut other = sets.clone();
    other[5].push("near");
    let warm = || FitOptions::new().warm_start(true);
    let unknown = Error::UnknownLabel { example: 5, classes: 3 };
    assert_eq!(model.fit_with(rows, &other, warm()).unwrap_err(), unknown);
    assert_eq!(model.partial_fit(rows, &other).unwrap_err(), unknown);
    assert_eq!(model.score(rows, &other).unwrap_err(), unknown);
    let wide = Array2::from_shape_fn((40, 3), |(i, j)| (i * (j + 1) % 7) as f64);
    let error = model.fit_with(Examples::rows(&wide), &sets, warm()).unwrap_err();
    assert!(error.to_string().starts_with("layer 1: W (8, 2) and X (3, 40)"), "{error}");
    assert_eq!((model.parameters().cloned(), model.labels().to_vec()), before);

    for names in [&["right", "high"][..], &["high", "right", "far"], &["a", "b", "c"]] {
        let mut model = model.clone().with_labels(names);
        assert_eq!(model.labels(), NAMES, "the network keeps its labels");
        inconsistent(model.fit_with(rows, &sets, warm()).unwrap_err(), "declared labels");
        inconsistent(model.partial_fit(rows, &sets).unwrap_err(), "declared labels");
    }
    let mut model = model.with_labels(&["near", "right", "high", "far"]);
    model.fit(rows, &other).unwrap();
    assert_eq!(model.labels(), ["near", "right", "high", "far"], "a new fit has them");
}

/// Weights of classes are refused where there are no classes, also by the regressor.
#[test]
fn hyperparameters_of_other_models_are_refused() {
    let (x, sets) = points(20);
    let rows = Examples::rows(&x);
    for weights in [ClassWeights::Balanced, ClassWeights::Given(vec![1.0, 2.0])] {
        let how = quick().epochs(1).class_weights(weights);
        inconsistent(Model::new(how.clone()).fit(rows, &sets).unwrap_err(), "class_weights");
        inconsistent(
            Model::new(how.clone()).partial_fit(rows, &sets).unwrap_err(),
            "class_weights",
        );
        let mut fitted = fitted(quick().epochs(1), &x, &sets);
        fitted.set_hyperparameters(how.clone()).unwrap();
        let warm = FitOptions::new().warm_start(true);
        inconsistent(fitted.fit_with(rows, &sets, warm).unwrap_err(), "class_weights");
        let mut regressor = Regressor::<f64>::new(how.clone());
        inconsistent(regressor.fit(rows, rows).unwrap_err(), "class_weights");
        inconsistent(regressor.partial_fit(rows, rows).unwrap_err(), "class_weights");
    }
    for cost in [Cost::CategoricalCrossEntropy, Cost::MeanSquaredError] {
        let how = quick().epochs(1).cost(cost);
        inconsistent(Model::new(how).fit(rows, &sets).unwrap_err(), "binary cross-entropy");
    }
    Model::new(quick().epochs(1).cost(Cost::BinaryCrossEntropy)).fit(rows, &sets).unwrap();
    let how = quick().validation_share(0.2);
    assert!(matches!(Model::new(how).partial_fit(rows, &sets), Err(Error::Inconsistent { .. })));
}

#[test]
fn parameters_of_another_program_are_continued() {
    let (x, sets) = points(40);
    let layer = |rows: usize, activation| {
        let w = Array2::from_shape_fn((rows, 2), |(i, j)| 0.1 * (i + 2 * j) as f64);
        Parameters::from_layers(vec![Layer { w, b: Array2::zeros((rows, 1)), activation }]).unwrap()
    };
    let how = quick().hidden(&[]).standardize(false).epochs(3);
    let from = |labels: &[&'static str], rows, activation| {
        Model::from_parameters(how.clone(), labels, layer(rows, activation), None)
    };
    let mut logits = from(&NAMES, 3, Activation::Identity).unwrap();
    let sigmoid = from(&NAMES, 3, Activation::Sigmoid).unwrap();
    assert_eq!(logits.parameters(), sigmoid.parameters());
    assert_eq!(logits.labels(), NAMES);
    let before = logits.parameters().cloned();
    let options = FitOptions::new().warm_start(true);
    logits.fit_with(Examples::rows(&x), &sets, options).unwrap();
    assert_ne!(logits.parameters().cloned(), before);

    inconsistent(from(&["a", "a", "b"], 3, Activation::Identity).unwrap_err(), "twice");
    assert!(matches!(from(&[], 3, Activation::Identity), Err(Error::ZeroSize { .. })));
    let softmax = from(&NAMES, 3, Activation::Softmax).unwrap_err();
    assert!(matches!(softmax, Error::OutputActivation { layer: Some(1), .. }), "{softmax}");
    // Two logits are two labels, and not two classes.
    let error = from(&["a"], 2, Activation::Identity).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(1), .. }), "{error}");
    let error = from(&NAMES[..2], 3, Activation::Identity).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(1), .. }), "{error}");
}

#[test]
fn names_of_features_are_kept_and_checked() {
    let (x, sets) = points(20);
    let mut model = Model::new(quick().epochs(1));
    let named = Examples::rows(&x).feature_names(&["a", "b"]);
    model.fit(named, &sets).unwrap();
    assert_eq!(model.feature_names().unwrap(), ["a", "b"]);
    let other = Examples::rows(&x).feature_names(&["a", "c"]);
    assert!(matches!(model.predict(other), Err(Error::FeatureName { .. })));
    assert!(matches!(model.partial_fit(other, &sets), Err(Error::FeatureName { .. })));
    let model = model.with_feature_names(&["c", "d"]).unwrap();
    assert_eq!(model.feature_names().unwrap(), ["c", "d"]);
}

/// A predictor returns the labels, tables and probabilities of its model.
#[test]
fn a_predictor_is_its_model() {
    let (x, sets) = points(60);
    for how in [quick(), quick().standardize(false)] {
        let model = fitted(how, &x, &sets);
        let mut predictor = model.predictor(60).unwrap();
        let mut clone = predictor.clone();
        let packed = dnn_blocks::model::PackedWeights::new(model.parameters().unwrap()).unwrap();
        let mut with_weights = model.predictor(60).unwrap().with_weights(&packed).unwrap();
        for m in [60, 1, 17] {
            let rows = Examples::rows(x.slice(s![..m, ..]));
            let expected = model.predict(rows).unwrap();
            for predictor in [&mut predictor, &mut clone, &mut with_weights] {
                let found = predictor.predict(rows).unwrap();
                let found: Vec<Vec<&str>> =
                    found.iter().map(|set| set.iter().map(|label| **label).collect()).collect();
                assert_eq!(found, expected);
            }
            let expected = model.predict_table(rows).unwrap();
            assert_eq!(predictor.predict_table(rows).unwrap(), expected.t());
            let expected = model.predict_proba(rows).unwrap();
            assert_eq!(predictor.predict_proba(rows).unwrap(), expected.t());
        }
        assert!(predictor.predict(&array![[f64::NAN], [0.0]]).is_err());
        let too_many = Array2::zeros((2, 61));
        assert!(matches!(predictor.predict(&too_many), Err(Error::ShapeMismatch { .. })));
    }
}
