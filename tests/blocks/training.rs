//! The classifier and the regressor: what they learn, what they promise, what they refuse.

use crate::reference::assert_number;
use dnn_blocks::Error;
use dnn_blocks::data::split;
use dnn_blocks::init::RandomSource;
use dnn_blocks::ndarray::{Array2, Axis, array, s};
use dnn_blocks::prelude::*;
use std::ops::ControlFlow;

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Points about as many centres as there are classes, (examples, 2), and their classes.
fn clouds(classes: usize, m: usize) -> (Array2<f64>, Vec<usize>) {
    let mut rng = NumpyRandom::seed(7);
    let labels: Vec<_> = (0..m).map(|i| i % classes).collect();
    let angle = |i: usize| labels[i] as f64 * std::f64::consts::TAU / classes as f64;
    let x = Array2::from_shape_fn((m, 2), |(i, f)| {
        let centre = if f == 0 { angle(i).cos() } else { angle(i).sin() };
        5.0 * centre + 100.0 * f as f64 + rng.randn()
    });
    (x, labels)
}

fn quick() -> Hyperparameters {
    Hyperparameters::default().hidden(&[8]).batch_size(20).epochs(30).learning_rate(0.01)
}

type Names = Classifier<f64, &'static str>;

fn fitted(how: Hyperparameters, x: &Array2<f64>, labels: &[usize]) -> Classifier<f64, usize> {
    let mut model = Classifier::new(how);
    model.fit(Examples::rows(x), labels).unwrap();
    model
}

#[test]
fn classes_are_learnt_and_come_back_under_their_names() {
    let names = ["north", "east", "south", "west"];
    for classes in [2, 3, 4] {
        let (x, numbers) = clouds(classes, 240);
        let labels: Vec<_> = numbers.iter().map(|&n| names[n]).collect();
        let mut model = Names::new(quick());
        let history = model.fit(Examples::rows(&x), &labels).unwrap();
        let costs = history.costs();
        assert!(costs.len() == 30 && costs[29] < 0.2 * costs[0], "{costs:?}");
        assert!(model.score(Examples::rows(&x), &labels).unwrap() > 0.97);
        let predicted = model.predict(Examples::rows(&x)).unwrap();
        let right = predicted.iter().zip(&labels).filter(|(p, l)| p == l).count();
        assert_eq!(right as f64 / 240.0, model.score(Examples::rows(&x), &labels).unwrap());

        let mut sorted = names[..classes].to_vec();
        sorted.sort_unstable();
        assert_eq!(model.classes(), sorted);
        let probabilities = model.predict_proba(Examples::rows(&x)).unwrap();
        assert_eq!(probabilities.dim(), (240, classes));
        for (row, predicted) in probabilities.rows().into_iter().zip(&predicted) {
            assert!((row.sum() - 1.0).abs() < 1e-12);
            let likeliest = (0..classes).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
            assert_eq!(model.classes()[likeliest], *predicted);
        }
    }
}

#[test]
fn rows_and_columns_are_the_same_examples() {
    let (x, labels) = clouds(3, 90);
    let by_rows = fitted(quick(), &x, &labels);
    let columns = x.t().to_owned();
    let mut by_columns = Classifier::new(quick());
    by_columns.fit(Examples::columns(&columns), &labels).unwrap();
    assert_eq!(by_rows.parameters(), by_columns.parameters());
    let rows = by_rows.predict_proba(Examples::rows(&x)).unwrap();
    let columns = by_columns.predict_proba(Examples::columns(&columns)).unwrap();
    assert_eq!(rows.t(), columns);
}

#[test]
fn labels_are_of_any_type_with_an_order() {
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    enum Tumour {
        Benign,
        Malignant,
    }
    let (x, numbers) = clouds(2, 60);
    let tumours = [Tumour::Benign, Tumour::Malignant];
    let labels: Vec<_> = numbers.iter().map(|&n| tumours[n].clone()).collect();
    let mut model = Classifier::<f64, Tumour>::new(quick());
    model.fit(Examples::rows(&x), &labels).unwrap();
    assert_eq!(model.predict(Examples::rows(&x)).unwrap(), labels);

    let labels: Vec<String> = numbers.iter().map(|n| format!("class {n}")).collect();
    let mut model = Classifier::<f32, String>::new(quick());
    let x = x.mapv(|x| x as f32);
    model.fit(Examples::rows(&x), &labels).unwrap();
    assert_eq!(model.predict(Examples::rows(&x)).unwrap(), labels);
}

/// The loop of a `fit`, in calls that everybody can make, with every option that has a say in it:
/// the same parameters to the last bit, from the workspace and from the blocks.
#[test]
fn a_fit_is_a_loop_of_public_calls() {
    let (x, labels) = clouds(3, 110);
    let how = quick()
        .hidden(&[7, 5])
        .activation(Activation::Tanh)
        .initializer(Initializer::Xavier)
        .schedule(Schedule::Exponential { decay_rate: 0.1 })
        .l2(0.3)
        .keep_prob(0.8)
        .clip_norm(0.5)
        .validation_share(0.2)
        .class_weights(ClassWeights::Given(vec![1.0, 2.0, 0.5]))
        .epochs(4)
        .seed(11);
    let mut model = Classifier::<f64, usize>::new(how.clone());
    let history = model.fit(Examples::rows(&x), &labels).unwrap();

    let rng = &mut NumpyRandom::seed(how.seed);
    let (training, _) = stratified_split(&labels, how.validation_share, rng).unwrap();
    let x = x.select(Axis(0), &training).reversed_axes();
    let scaler = Standardizer::fit(&x).unwrap();
    let x = scaler.transform(&x).unwrap();
    let m = x.ncols();
    // The labels, and the weight of each example as a second row.
    let y = Array2::from_shape_fn((2, m), |(row, i)| {
        let label = labels[training[i]];
        if row == 0 { label as f64 } else { [1.0, 2.0, 0.5][label] }
    });
    let sizes = [2, 7, 5, 3];
    let mut parameters = initialize_parameters_deep(&sizes, how.initializer, rng)
        .unwrap()
        .with_activations(how.activation, Activation::Softmax);
    let mut optimizer = Optimizer::new(how.algorithm, &parameters).unwrap();
    let mut batches = Batches::new(&x, &y, how.batch_size).unwrap();
    let mut workspace = Workspace::new(&parameters, how.batch_size);
    let cost = Cost::CategoricalCrossEntropy;
    for epoch in 0..how.epochs {
        let rate = how.schedule.at(how.learning_rate, epoch);
        batches.shuffle(rng);
        let (mut sum, mut norm) = (0.0, 0.0);
        while let Some((x, y)) = batches.next() {
            let targets = Targets::new(y.slice(s![..1, ..])).weighted(y.row(1));
            let mut the_same = rng.clone();
            let gradients = {
                let objective = Objective { cost, l2: how.l2 };
                let (cost, gradients) = workspace
                    .cost_and_gradients_with_dropout(x, targets, &parameters, objective, 0.8, rng)
                    .unwrap();
                sum += cost * x.ncols() as f64; // the last batch has fewer
                gradients
            };
            let mut of_blocks = {
                let (al, caches) =
                    l_model_forward_with_dropout(x, &parameters, 0.8, &mut the_same).unwrap();
                l_model_backward_with_dropout(cost, &al, targets, &caches).unwrap()
            };
            add_l2_gradient(&mut of_blocks, &parameters, how.l2, x.ncols()).unwrap();
            assert_eq!(*gradients, of_blocks);
            norm = clip_by_norm(gradients, 0.5).unwrap();
            optimizer.step(&mut parameters, gradients, rate).unwrap();
        }
        let record = history.epochs[epoch];
        assert_eq!((record.learning_rate, record.gradient_norm), (rate, norm));
        assert_number("cost of the epoch", record.cost, sum / m as f64, 1e-14);
    }
    assert_eq!(model.scaler(), Some(&scaler));
    assert_eq!(model.parameters(), Some(&parameters));
}

#[test]
fn a_seed_is_a_model_to_the_last_bit() {
    let (x, labels) = clouds(3, 200);
    let how = quick().keep_prob(0.9).validation_share(0.1).epochs(5);
    let first = fitted(how.clone(), &x, &labels);
    assert_eq!(first.parameters(), fitted(how.clone(), &x, &labels).parameters());
    assert_ne!(first.parameters(), fitted(how.seed(1), &x, &labels).parameters());
}

/// Layers and batches large enough to be shared among threads.
#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_changes_no_bit() {
    let mut rng = NumpyRandom::seed(2);
    let x = Array2::from_shape_simple_fn((700, 150), || rng.randn() as f32);
    let labels: Vec<_> =
        (0..700).map(|i| (x[[i, 0]] > 0.0) as u8 + (x[[i, 1]] > 0.5) as u8).collect();
    let how = Hyperparameters::default()
        .hidden(&[300, 200])
        .batch_size(256)
        .epochs(3)
        .keep_prob(0.9)
        .l2(0.1)
        .clip_norm(1.0)
        .algorithm(Algorithm::ADAM_W);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut model = Classifier::<f32, u8>::new(how.clone());
            let history = model.fit(Examples::rows(&x), &labels).unwrap();
            let proba = model.predict_proba(Examples::rows(&x)).unwrap();
            (model.parameters().unwrap().clone(), history, proba)
        })
    };
    let alone = run(1);
    for threads in [2, 3, 5, 8] {
        assert_eq!(run(threads), alone, "{threads} threads");
    }
}

#[test]
fn a_callback_sees_the_figures_and_can_stop() {
    let (x, labels) = clouds(2, 100);
    let mut seen = Vec::new();
    let mut model = Classifier::<f64, usize>::new(quick().validation_share(0.2));
    let history = model
        .fit_with(
            Examples::rows(&x),
            &labels,
            FitOptions::new().on_epoch(|epoch| {
                assert!(epoch.record.gradient_norm > 0.0 && epoch.record.learning_rate == 0.01);
                assert!(epoch.record.validation_cost.unwrap() > 0.0);
                let score = epoch.training_score().unwrap();
                assert!((0.0..=1.0).contains(&score) && epoch.of == 30);
                seen.push(epoch.parameters.clone());
                if epoch.record.epoch == 4 { ControlFlow::Break(()) } else { GO_ON }
            }),
        )
        .unwrap();
    assert_eq!((history.epochs.len(), seen.len(), history.stopped_early), (5, 5, true));
    assert_eq!(model.parameters(), seen.last());
    model.score(Examples::rows(&x), &labels).unwrap();

    let csv = history.to_csv();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 6);
    let cells: Vec<f64> = lines[3].split(',').map(|cell| cell.parse().unwrap()).collect();
    let r = history.epochs[2];
    assert_eq!(
        cells,
        [
            2.0,
            r.learning_rate,
            r.cost,
            r.gradient_norm,
            r.validation_cost.unwrap(),
            r.validation_score.unwrap()
        ]
    );
}

/// Labels that are noise: the validation cost soon rises, and the best parameters come back.
#[test]
fn patience_stops_and_restores_the_best() {
    let mut rng = NumpyRandom::seed(3);
    let x = Array2::from_shape_simple_fn((120, 6), || rng.randn());
    let labels: Vec<_> = (0..120).map(|_| rng.uniform() < 0.5).collect();
    let how =
        quick().hidden(&[50]).validation_share(0.3).patience(3).epochs(200).learning_rate(0.02);
    let mut seen = Vec::new();
    let mut model = Classifier::<f64, bool>::new(how);
    let history = model
        .fit_with(
            Examples::rows(&x),
            &labels,
            FitOptions::new().on_epoch(|epoch| {
                seen.push(epoch.parameters.clone());
                GO_ON
            }),
        )
        .unwrap();
    let best = history.best_epoch.unwrap();
    assert!(history.stopped_early && history.epochs.len() == best + 1 + 3);
    let cost = |epoch: usize| history.epochs[epoch].validation_cost.unwrap();
    assert!((0..seen.len()).all(|epoch| cost(best) <= cost(epoch)));
    assert_eq!(model.parameters(), Some(&seen[best]));
    assert_ne!(model.parameters(), seen.last());
    // It can go on from there.
    model.partial_fit(Examples::rows(&x), &labels).unwrap();
}

/// Without validation examples the patience watches the training cost, that of the parameters
/// which it may go back to: here each epoch overshoots, and its own cost is the one before.
#[test]
fn patience_needs_no_validation() {
    let (x, labels) = clouds(2, 60);
    let x = Standardizer::fit(&x.t()).unwrap().transform(&x.t()).unwrap();
    let how = quick()
        .standardize(false)
        .algorithm(Algorithm::ClassicalMomentum { beta: 0.3 })
        .learning_rate(30.0)
        .schedule(Schedule::Cosine { warm_up: 28, total: 30, lowest: 0.0 })
        .batch_size(60)
        .l2(2.0)
        .patience(3);
    let mut seen = Vec::new();
    let mut model = Classifier::<f64, usize>::new(how.clone());
    let history = model
        .fit_with(
            Examples::columns(&x),
            &labels,
            FitOptions::new().on_epoch(|epoch| {
                seen.push(epoch.parameters.clone());
                GO_ON
            }),
        )
        .unwrap();
    let y = Array2::from_shape_fn((1, 60), |(_, i)| labels[i] as f64);
    let objective = |parameters: &Parameters<f64>| {
        let al = predict_proba(&x, parameters).unwrap();
        compute_cost(&al, &y).unwrap() + l2_cost(parameters, how.l2, 60).unwrap()
    };
    let costs: Vec<_> = seen.iter().map(objective).collect();
    let best = history.best_epoch.unwrap();
    assert!(history.stopped_early && seen.len() == best + 1 + 3, "{costs:?}");
    assert!(costs.iter().all(|cost| costs[best] <= cost + 1e-12), "{costs:?}");
    assert_eq!(model.parameters(), Some(&seen[best]));
    let own = history.costs();
    assert!(own.iter().any(|cost| own[best] > *cost), "its own cost was not the lowest: {own:?}");

    // What the optimiser remembers belongs to later parameters: the next step is a first one.
    model.partial_fit(Examples::columns(&x), &labels).unwrap();
    let mut expected = seen[best].clone();
    let mut workspace = Workspace::new(&expected, 60);
    let objective = Objective { cost: Cost::BinaryCrossEntropy, l2: how.l2 };
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &expected, objective).unwrap();
    let rate = how.schedule.at(how.learning_rate, seen.len());
    let mut optimizer = Optimizer::new(how.algorithm, &expected).unwrap();
    optimizer.step(&mut expected, gradients, rate).unwrap();
    for (found, expected) in model.parameters().unwrap().layers().iter().zip(expected.layers()) {
        for (w, e) in found.w.iter().chain(&found.b).zip(expected.w.iter().chain(&expected.b)) {
            assert_number("w", *w, *e, 1e-12);
        }
    }
}

#[test]
fn a_rate_that_is_too_large_is_said_and_leaves_the_last_good_parameters() {
    let (x, _) = clouds(3, 100);
    let how = quick().algorithm(Algorithm::GradientDescent).activation(Activation::Identity);
    let values = x.slice(s![.., ..1]).mapv(|x| 1e3 * x * x);
    let mut regressor = Regressor::<f32>::new(how.clone().learning_rate(1e4).hidden(&[20, 20]));
    let (single, values) = (x.mapv(|x| x as f32), values.mapv(|y| y as f32));
    let error = regressor.fit(Examples::rows(&single), Examples::rows(&values)).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 0, .. }), "{error}");
    assert!(regressor.parameters().unwrap().is_finite());
    assert!(regressor.predict(Examples::rows(&single)).unwrap().iter().all(|y| y.is_finite()));

    // A linear model that overshoots a hundredfold each step: it takes some epochs to infinity.
    let how = how.hidden(&[]).learning_rate(50.0);
    let mut good = Vec::new();
    let mut model = Regressor::<f32>::new(how);
    let (x, values) = (Examples::rows(&single), Examples::rows(&values));
    let error = model
        .fit_with(
            x,
            values,
            FitOptions::new().on_epoch(|epoch| {
                good.push(epoch.parameters.clone());
                GO_ON
            }),
        )
        .unwrap_err();
    let Error::Diverged { epoch, batch } = error else { panic!("{error}") };
    assert!(epoch > 0 && epoch == good.len() && batch < 5, "{error}");
    assert_eq!(model.parameters(), good.last());
    assert!(model.predict(x).unwrap().iter().all(|y| y.is_finite()));
}

/// Features of 1e21 make gradients whose squares are infinite as an `f32`: Adam then moves nothing.
#[test]
fn a_second_moment_that_overflows_is_said() {
    let x = Array2::from_shape_fn((40, 2), |(i, f)| 1e21 * ((i * 7 + f * 3) % 11) as f32);
    let labels: Vec<_> = (0..40).map(|i| i % 2).collect();
    for algorithm in [Algorithm::ADAM, Algorithm::ADAM_W, Algorithm::RMS_PROP] {
        let how = quick().standardize(false).algorithm(algorithm).hidden(&[4]);
        let mut model = Classifier::<f32, usize>::new(how);
        let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
        assert!(matches!(error, Error::Diverged { epoch: 0, .. }), "{algorithm}: {error}");
        assert!(model.parameters().unwrap().is_finite());
    }
}

/// Three classes of one example each: a small share leaves none to validate with.
#[test]
fn a_validation_set_without_an_example_is_said_and_the_model_stays() {
    let x = array![[0.0, 1.0], [1.0, 0.5], [2.0, 2.0]];
    let (x, labels) = (Examples::rows(&x), [0, 1, 2]);
    let how = quick().batch_size(1).validation_share(0.1);
    let mut model = Classifier::<f64, i32>::new(how).with_classes(&labels);
    model.partial_fit(x, &labels).unwrap();
    let before = model.parameters().cloned();
    let error = model.fit(x, &labels).unwrap_err().to_string();
    assert!(error.starts_with("the validation set (2, 0) holds no example"), "{error}");
    assert_eq!(model.parameters(), before.as_ref());
}

/// Hyperparameters that are fine for an `f64` and 0 or infinite as an `f32`.
#[test]
fn hyperparameters_are_checked_in_the_type_of_the_model() {
    let (x, labels) = clouds(2, 40);
    let single = x.mapv(|x| x as f32);
    let how = Hyperparameters::default().hidden(&[2]).epochs(1).batch_size(40);
    let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-50);
    for (how, name) in [
        (how.clone().learning_rate(1e-60), "learning_rate"),
        (how.clone().keep_prob(1e-60), "keep_prob"),
        (how.clone().clip_norm(1e-60), "clip_norm"),
        (how.clone().l2(1e60), "l2"),
        (how.clone().schedule(Schedule::Cosine { warm_up: 0, total: 9, lowest: 1e60 }), "lowest"),
        (how.clone().activation(Activation::LeakyRelu(1e300)), "slope"),
        (how.clone().initializer(Initializer::Scaled(1e60)), "factor"),
        (how.clone().algorithm(Algorithm::Adam { beta1, beta2, epsilon }), "epsilon"),
        (how.class_weights(ClassWeights::Given(vec![1.0, 1e60])), "class_weights"),
    ] {
        how.check::<f64>().unwrap();
        let mut model = Classifier::<f32, usize>::new(how);
        let error = model.fit(Examples::rows(&single), &labels).unwrap_err();
        let Error::Hyperparameter { name: found, rule, .. } = error else { panic!("{error}") };
        assert_eq!(found, name);
        assert!(rule.ends_with("as an f32"), "{rule}");
    }
}

/// Everything that can be wrong before the first step has its own error, and leaves a model that
/// was fitted before as it was.
#[test]
fn hostile_tables_are_refused_by_name() {
    let (x, labels) = clouds(2, 40);
    let mut model = fitted(quick(), &x, &labels);
    let before = model.parameters().unwrap().clone();
    let mut refused = |x: &Array2<f64>, labels: &[usize]| {
        let error = model.fit(Examples::rows(x), labels).unwrap_err();
        assert_eq!(model.parameters(), Some(&before));
        error.to_string()
    };
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut wrong = x.clone();
        wrong[[17, 1]] = value;
        assert_eq!(refused(&wrong, &labels), format!("X: feature 1 of example 17 is {value}"));
    }
    let mut constant = x.clone();
    constant.column_mut(0).fill(3.0);
    assert_eq!(
        refused(&constant, &labels),
        "feature 0 is the same in every example; `constant_features` accepts that"
    );
    assert_eq!(refused(&x, &[1; 40]), "there is one class only: a classifier needs at least two");
    assert_eq!(refused(&x, &labels[..39]), "X has a length of 40, the labels of 39: one for one");
    let few = x.slice(s![..19, ..]).to_owned();
    assert_eq!(
        refused(&few, &labels[..19]),
        "19 examples to learn from are fewer than a batch of 20"
    );
    assert_eq!(
        refused(&Array2::zeros((0, 2)), &[]),
        "X (2, 0) holds no example: a batch has at least one column"
    );
    assert!(refused(&Array2::zeros((40, 0)), &labels).contains("size of 0"));

    let two = Examples::rows(&few);
    let error =
        model.fit_with(two, &labels[..19], FitOptions::new().weights(&[1.0; 18])).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        let mut weights = [1.0; 40];
        weights[5] = value;
        let error = model
            .fit_with(Examples::rows(&x), &labels, FitOptions::new().weights(&weights))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the weight of example 5 is {value}: at least 0 and finite")
        );
    }
    let nothing =
        model.fit_with(Examples::rows(&x), &labels, FitOptions::new().weights(&[0.0; 40]));
    assert_eq!(nothing.unwrap_err(), Error::NoWeight);
    assert_eq!(model.parameters(), Some(&before));

    let nothing = ClassWeights::Given(vec![0.0, 0.0]);
    let mut model = Classifier::<f64, usize>::new(quick().class_weights(nothing));
    assert_eq!(model.fit(Examples::rows(&x), &labels).unwrap_err(), Error::NoWeight);
    assert!(model.parameters().is_none());
}

/// An example put aside that the network cannot follow: the first validation cost is not finite,
/// and the patience counts on from there.
#[test]
fn a_validation_cost_that_is_not_finite_is_not_the_best() {
    let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f32 / 40.0);
    let how = quick()
        .standardize(false)
        .hidden(&[])
        .algorithm(Algorithm::GradientDescent)
        .learning_rate(0.1)
        .validation_share(0.2)
        .patience(5);
    let (_, aside) = split(40, 0.2, &mut NumpyRandom::seed(how.seed)).unwrap();
    let y = x.mapv(|x| 3.0 * x);
    let mut far = y.clone();
    far[[aside[0], 0]] = 1e30; // its square is infinite in f32
    let mut model = Regressor::<f32>::new(how);
    let history = model.fit(Examples::rows(&x), Examples::rows(&far)).unwrap();
    assert!(history.epochs[0].validation_cost.unwrap().is_infinite());
    assert_eq!(history.epochs.len(), 1 + 5);
    let clean = model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    assert!(clean.best_epoch.unwrap() > 5);
}

#[test]
fn constant_features_are_accepted_where_they_are_meant() {
    let (x, labels) = clouds(2, 60);
    let mut wide = Array2::zeros((60, 3));
    wide.slice_mut(s![.., ..2]).assign(&x);
    let model = fitted(quick().constant_features(true), &wide, &labels);
    assert!(model.score(Examples::rows(&wide), &labels).unwrap() > 0.95);
}

#[test]
fn hyperparameters_that_cannot_be_used_are_named() {
    let (x, labels) = clouds(2, 40);
    let how = Hyperparameters::default;
    for (how, message) in [
        (how().hidden(&[3, 0]), "hidden = 0: a layer has at least one unit"),
        (how().learning_rate(0.0), "learning_rate = 0: above 0 and finite"),
        (how().learning_rate(f64::NAN), "learning_rate = NaN: above 0 and finite"),
        (how().batch_size(0), "batch_size = 0: at least 1"),
        (how().epochs(0), "epochs = 0: at least 1"),
        (how().l2(-1.0), "l2 = -1: at least 0 and finite"),
        (how().keep_prob(0.0), "keep_prob = 0: above 0 and at most 1"),
        (how().validation_share(1.0), "validation_share = 1: at least 0 and below 1"),
        (how().patience(0), "patience = 0: at least 1"),
        (how().clip_norm(0.0), "clip_norm = 0: above 0 and finite"),
        (
            how().class_weights(ClassWeights::Given(vec![1.0, -2.0])),
            "class_weights = -2: at least 0 and finite",
        ),
        (how().algorithm(Algorithm::Momentum { beta: 2.0 }), "beta = 2: at least 0 and below 1"),
        (how().schedule(Schedule::Step { factor: 0.5, every: 0 }), "every = 0: at least 1"),
    ] {
        let mut model = Classifier::<f64, usize>::new(how.clone());
        let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
        assert_eq!(error.to_string(), message);
        let mut model = Regressor::<f64>::new(how);
        let error = model.fit(Examples::rows(&x), Examples::rows(&x)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let three = ClassWeights::Given(vec![1.0; 3]);
    let mut model = Classifier::<f64, usize>::new(quick().class_weights(three));
    let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
    assert_eq!(error.to_string(), "class_weights has a length of 3, the classes of 2: one for one");
}

#[test]
fn questions_before_training_and_about_other_tables_are_errors() {
    let (x, labels) = clouds(2, 40);
    let empty = Classifier::<f64, usize>::new(quick());
    assert_eq!(empty.predict(Examples::rows(&x)).unwrap_err(), Error::NotFitted);
    assert_eq!(empty.predict_proba(Examples::rows(&x)).unwrap_err(), Error::NotFitted);
    assert_eq!(empty.score(Examples::rows(&x), &labels).unwrap_err(), Error::NotFitted);
    assert!(empty.classes().is_empty() && empty.parameters().is_none() && empty.scaler().is_none());
    let regressor = Regressor::<f64>::new(quick());
    assert_eq!(regressor.predict(Examples::rows(&x)).unwrap_err(), Error::NotFitted);

    for how in [quick(), quick().standardize(false)] {
        let model = fitted(how, &x, &labels);
        let error = model.predict(Examples::rows(&Array2::zeros((3, 5)))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer 1: W (8, 2) and X (5, 3) do not fit: columns of W = features of X"
        );
        let error = model.predict(Examples::columns(&x)).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
        let error = model.predict(Examples::rows(&array![[0.0, f64::NAN]])).unwrap_err();
        assert!(matches!(error, Error::NotFinite { feature: 1, example: 0, .. }), "{error}");
        let error = model.score(Examples::rows(&x), &labels[1..]).unwrap_err();
        assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
        let error = model.score(Examples::rows(&x), &[9; 40]).unwrap_err();
        assert!(matches!(error, Error::UnknownLabel { example: 0, .. }), "{error}");
    }
}

/// Finite features that the products turn into infinities: no class is made up for them.
#[test]
fn an_output_that_is_not_finite_is_no_prediction() {
    let (x, labels) = clouds(3, 60);
    let model = fitted(quick(), &x.mapv(|x| 1e-3 * x), &labels);
    let far = array![[1e-3, 0.1], [1e308, -1e308]];
    let error = model.predict(Examples::rows(&far)).unwrap_err();
    let Error::NotFiniteEntry { layer: Some(2), operand: "AL", column: Some(1), .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        model.predict_proba(Examples::rows(&far)).unwrap_err().to_string(),
        error.to_string()
    );
    assert!(model.score(Examples::rows(&far), &[0, 1]).is_err());
    model.predict(Examples::rows(far.slice(s![..1, ..]))).unwrap();
}

/// The only example of a class goes to validation: one class is left.
#[test]
fn one_class_that_is_left_to_learn_from_is_said() {
    let x = array![[0.0], [1.0]];
    let how = quick().batch_size(1).validation_share(0.5);
    let error = Classifier::<f64, i32>::new(how).fit(Examples::rows(&x), &[0, 1]).unwrap_err();
    assert_eq!(error, Error::OneClass);
}

#[test]
fn values_of_another_regression_are_refused_by_layer() {
    let x = Array2::from_shape_fn((40, 2), |(i, f)| (i * (f + 1) % 7) as f64);
    let y = x.slice(s![.., ..1]).to_owned();
    for standardize in [true, false] {
        let mut model = Regressor::<f64>::new(quick().standardize(standardize));
        model.partial_fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
        let before = model.parameters().cloned();
        let error = model.partial_fit(Examples::rows(&x), Examples::rows(&x)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer 2: W (1, 8) and Y (2, 40) do not fit: rows of W = outputs of Y"
        );
        let error = model.partial_fit(Examples::rows(&y), Examples::rows(&y)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer 1: W (8, 2) and X (1, 40) do not fit: columns of W = features of X"
        );
        assert_eq!(model.parameters(), before.as_ref());
    }
}

/// An example of weight 2 is that example twice, of weight 0 none: full batches, no scaling.
#[test]
fn weights_count_examples() {
    let (x, labels) = clouds(2, 30);
    let x = x.mapv(|x| x / 50.0 - 1.0);
    let how = quick().standardize(false).algorithm(Algorithm::GradientDescent).epochs(20);
    let weights: Vec<_> = (0..30).map(|i| [1.0, 2.0, 0.0][i % 3]).collect();
    let mut weighted = Classifier::<f64, usize>::new(how.clone().batch_size(30));
    weighted.fit_with(Examples::rows(&x), &labels, FitOptions::new().weights(&weights)).unwrap();

    let copies: Vec<_> = (0..30).flat_map(|i| vec![i; weights[i] as usize]).collect();
    let repeated =
        (x.select(Axis(0), &copies), copies.iter().map(|&i| labels[i]).collect::<Vec<_>>());
    assert_eq!(copies.len(), 30, "so that the mean has the same divisor");
    let copied = fitted(how.batch_size(30), &repeated.0, &repeated.1);
    let pairs =
        weighted.parameters().unwrap().layers().iter().zip(copied.parameters().unwrap().layers());
    for (weighted, copied) in pairs {
        for (w, c) in weighted.w.iter().zip(&copied.w) {
            assert_number("W", *w, *c, 1e-9);
        }
    }
}

/// One example in twenty is of the rare class: balanced weights find more of them.
#[test]
fn balanced_weights_help_a_rare_class() {
    let mut rng = NumpyRandom::seed(5);
    let labels: Vec<_> = (0..400).map(|i| usize::from(i % 20 == 0)).collect();
    let x = Array2::from_shape_fn((400, 1), |(i, _)| 1.5 * labels[i] as f64 + rng.randn());
    let recall = |weights: ClassWeights| {
        let model = fitted(quick().class_weights(weights), &x, &labels);
        let predicted = model.predict(Examples::rows(&x)).unwrap();
        ConfusionMatrix::new(&predicted, &labels, 2).unwrap().recall(1).unwrap()
    };
    let (equal, balanced) = (recall(ClassWeights::Equal), recall(ClassWeights::Balanced));
    assert!(balanced > 0.6 && balanced > equal + 0.3, "{equal} {balanced}");
    // Equal weights for classes are weights of 1.
    assert_eq!(recall(ClassWeights::Given(vec![1.0, 1.0])), equal);
}

#[test]
fn tables_that_come_one_after_the_other() {
    let (x, labels) = clouds(3, 120);
    let mut model = Classifier::<f64, usize>::new(quick()).with_classes(&[0, 1, 2]);
    for round in 0..40 {
        let rows: Vec<_> = (0..40).map(|i| 3 * i + round % 3).collect();
        let table = x.select(Axis(0), &rows);
        // Each has one class only.
        let history = model.partial_fit(Examples::rows(&table), &vec![round % 3; 40]).unwrap();
        assert_eq!(history.epochs[0].epoch, round);
    }
    assert_eq!(model.classes(), [0, 1, 2]);
    let error = model.partial_fit(Examples::rows(x.slice(s![..2, ..])), &[0, 7]).unwrap_err();
    assert!(matches!(error, Error::UnknownLabel { example: 1, .. }), "{error}");
    let error = model.partial_fit(Examples::rows(&Array2::zeros((4, 9))), &[0; 4]).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let mut one = Classifier::<f64, usize>::new(quick());
    let error = one.partial_fit(Examples::rows(&x), &[4; 120]).unwrap_err();
    assert_eq!(error, Error::OneClass);

    // All of them in turn are a fit with as many epochs.
    let mut bit_by_bit = Classifier::<f64, usize>::new(quick());
    for _ in 0..30 {
        bit_by_bit.partial_fit(Examples::rows(&x), &labels).unwrap();
    }
    assert_eq!(bit_by_bit.parameters(), fitted(quick(), &x, &labels).parameters());
}

/// A second fit knows nothing of the first: neither its classes nor its features.
#[test]
fn a_model_can_be_fitted_again_on_another_table() {
    let (x, labels) = clouds(3, 90);
    let mut model = fitted(quick(), &x, &labels);
    let first = model.clone();
    let others: Vec<_> = labels.iter().map(|&label| 10 + usize::from(label == 1)).collect();
    let narrow = x.slice(s![.., ..1]);
    model.fit(Examples::rows(narrow), &others).unwrap();
    assert_eq!(model.classes(), [10, 11]);
    assert_eq!(model.predict_proba(Examples::rows(narrow)).unwrap().dim(), (90, 2));
    assert_eq!(first.classes(), [0, 1, 2]);
    first.score(Examples::rows(&x), &labels).unwrap();
    // Declared classes stay.
    let mut model = Classifier::<f64, usize>::new(quick()).with_classes(&[9, 10, 11]);
    model.fit(Examples::rows(&x), &others).unwrap();
    assert_eq!(model.classes(), [9, 10, 11]);
}

#[test]
fn numbers_are_predicted_in_their_own_units() {
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((200, 3), || 10.0 * rng.randn());
    let y = Array2::from_shape_fn((200, 2), |(i, k)| match k {
        0 => 5000.0 + 30.0 * x[[i, 0]] - 10.0 * x[[i, 1]],
        _ => 0.001 * x[[i, 2]].abs(),
    });
    let how = quick().hidden(&[30]).epochs(200).validation_share(0.2).patience(50);
    let mut model = Regressor::<f64>::new(how.clone());
    let history = model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    let score = model.score(Examples::rows(&x), Examples::rows(&y)).unwrap();
    assert!(score > 0.97, "{score}");
    assert!(history.epochs.last().unwrap().validation_score.unwrap() > 0.9);
    let predicted = model.predict(Examples::rows(&x)).unwrap();
    assert_eq!(predicted.dim(), (200, 2));
    assert!((predicted.column(0).mean().unwrap() - 5000.0).abs() < 20.0);
    assert!(model.target_scaler().is_some());

    let mut columns = Regressor::<f64>::new(how);
    let (x_columns, y_columns) = (x.t().to_owned(), y.t().to_owned());
    columns.fit(Examples::columns(&x_columns), Examples::columns(&y_columns)).unwrap();
    assert_eq!(columns.predict(Examples::columns(&x_columns)).unwrap(), predicted.t());
    // The choice is made for each: features in rows, values in columns.
    let mixed = model.score(Examples::rows(&x), Examples::columns(&y_columns)).unwrap();
    assert_eq!(mixed, score);

    let mut wrong = y.clone();
    wrong[[3, 1]] = f64::NAN;
    let error = model.fit(Examples::rows(&x), Examples::rows(&wrong)).unwrap_err();
    assert_eq!(error.to_string(), "Y: feature 1 of example 3 is NaN");
    let error = model.fit(Examples::rows(&x), Examples::columns(&y)).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
}

/// Without hidden layers the networks are linear models, whose best parameters are known.
#[test]
fn without_hidden_layers_they_are_linear_models() {
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((64, 2), || rng.randn());
    let y = Array2::from_shape_fn((64, 1), |(i, _)| 3.0 * x[[i, 0]] - 2.0 * x[[i, 1]] + 0.5);
    let how = quick()
        .hidden(&[])
        .standardize(false)
        .algorithm(Algorithm::GradientDescent)
        .learning_rate(0.1)
        .batch_size(64)
        .epochs(400);
    let mut model = Regressor::<f64>::new(how);
    model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    let layer = &model.parameters().unwrap().layers()[0];
    for (found, expected) in layer.w.iter().chain(&layer.b).zip([3.0, -2.0, 0.5]) {
        assert_number("w", *found, expected, 1e-9);
    }
}

#[test]
fn hyperparameters_are_a_plain_value() {
    let how = quick().patience(4).validation_share(0.25);
    assert_eq!(how, how.clone());
    assert_ne!(how, how.clone().seed(1));
    let printed = format!("{how:?}");
    assert!(printed.contains("patience: Some(4)") && printed.contains("Adam"), "{printed}");
    let model = Regressor::<f32>::new(how.clone());
    assert_eq!(model.hyperparameters(), &how);
}

/// A value that is wrong does no harm where its example has no weight.
#[test]
fn weights_count_in_a_regression_too() {
    let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64 / 15.0 - 1.0);
    let mut y = x.mapv(|x| 2.0 * x - 1.0);
    y[[7, 0]] = 500.0;
    let mut weights = [1.0; 30];
    weights[7] = 0.0;
    let how = quick()
        .hidden(&[])
        .standardize(false)
        .algorithm(Algorithm::GradientDescent)
        .learning_rate(0.2)
        .batch_size(30)
        .epochs(500);
    let fitted = |weights: Option<&[f64]>| {
        let mut model = Regressor::<f64>::new(how.clone());
        let options =
            weights.map_or(FitOptions::new(), |weights| FitOptions::new().weights(weights));
        model.fit_with(Examples::rows(&x), Examples::rows(&y), options).unwrap();
        model.parameters().unwrap().layers()[0].clone()
    };
    let layer = fitted(Some(&weights));
    assert_number("w", layer.w[[0, 0]], 2.0, 1e-9);
    assert_number("b", layer.b[[0, 0]], -1.0, 1e-9);
    assert!((fitted(None).b[[0, 0]] + 1.0).abs() > 1.0, "it does harm with one");
}
