//! A fit that is stopped or killed, and resumed, is bit-identical to an uninterrupted one.

use crate::support::child;
use dnn_blocks::Error;
use dnn_blocks::files::{Checkpoint, Checkpoints, FileError, Limits};
use dnn_blocks::init::RandomSource;
use dnn_blocks::model::{ClassWeights, Epoch, History, Monitor};
use dnn_blocks::ndarray::{Array2, Axis, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::LbfgsOptions;
use dnn_blocks::train::schedule::Plateau;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json, to_value};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, thread};

const EPOCHS: usize = 12;

/// Hyperparameters that use every part of a fit.
fn how() -> Hyperparameters {
    Hyperparameters::plain()
        .hidden(&[12, 7])
        .activation(Activation::LeakyRelu(0.1))
        .schedule(Schedule::CosineToEnd)
        .learning_rate(0.03)
        .batch_size(16)
        .epochs(EPOCHS)
        .l2(0.3)
        .keep_prob(0.8)
        .clip_norm(2.0)
        .seed(5)
        .validation_share(0.25)
        .patience(20)
}

/// Returns examples (120, 4), with noisy labels that depend on two features.
fn table() -> (Array2<f64>, Vec<u8>) {
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((120, 4), || rng.randn());
    let label = |row: dnn_blocks::ndarray::ArrayView1<f64>| {
        if rng.uniform() < 0.2 { 2 } else { u8::from(row[0] * row[1] > 0.0) }
    };
    let labels = x.rows().into_iter().map(label).collect();
    (x, labels)
}

/// Fits a model to the table.
trait Model: serde::Serialize {
    fn made(how: Hyperparameters) -> Self;
    fn learn(&mut self, options: FitOptions<'_, f64>) -> dnn_blocks::Result<History>;
}

impl Model for Classifier<f64, u8> {
    fn made(how: Hyperparameters) -> Self {
        Classifier::new(how.class_weights(ClassWeights::Balanced))
    }
    fn learn(&mut self, options: FitOptions<'_, f64>) -> dnn_blocks::Result<History> {
        let (x, labels) = table();
        self.fit_with(Examples::rows(&x), &labels, options)
    }
}

impl Model for MultiLabelClassifier<f64, u8> {
    fn made(how: Hyperparameters) -> Self {
        MultiLabelClassifier::new(how)
    }
    fn learn(&mut self, options: FitOptions<'_, f64>) -> dnn_blocks::Result<History> {
        let (x, labels) = table();
        let set = |(row, label): (dnn_blocks::ndarray::ArrayView1<'_, f64>, u8)| {
            if row[2] > 0.0 { vec![label, 7] } else { vec![label] }
        };
        let sets: Vec<_> = x.rows().into_iter().zip(labels).map(set).collect();
        self.fit_with(Examples::rows(&x), &sets, options)
    }
}

impl Model for Regressor<f64> {
    fn made(how: Hyperparameters) -> Self {
        Regressor::new(how)
    }
    fn learn(&mut self, options: FitOptions<'_, f64>) -> dnn_blocks::Result<History> {
        let (x, labels) = table();
        let mut y = x.map_axis(Axis(1), |row| 100.0 + row[0] * row[1]).insert_axis(Axis(1));
        y.iter_mut().zip(labels).for_each(|(y, label)| *y += f64::from(label));
        self.fit_with(Examples::rows(&x), Examples::rows(&y), options)
    }
}

fn stop_after(epochs: usize) -> impl FnMut(&Epoch<'_, f64>) -> ControlFlow<()> {
    move |epoch| match epoch.record.epoch + 1 == epochs {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// Asserts equal bits of parameters, optimizer, generator, scalers and epochs.
fn all_of(model: &impl Model) -> Value {
    to_value(model).unwrap()
}

/// Stops after each epoch: once, and several times.
fn stopped_and_resumed<M: Model>(how: &Hyperparameters, every: usize) -> History {
    let mut straight = M::made(how.clone());
    let history = straight.learn(FitOptions::new()).unwrap();
    let done = history.epochs.len();
    let fit = |checkpoints: &Checkpoints, stop| {
        let mut model = M::made(how.clone());
        let options = FitOptions::new().checkpoints(checkpoints).on_epoch(stop_after(stop));
        let history = model.learn(options).unwrap();
        (all_of(&model), history)
    };
    let ended = (all_of(&straight), history.clone());

    for stop in 1..done {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path(), 1).unwrap().every(every).unwrap();
        let (_, first) = fit(&checkpoints, stop);
        assert!(first.stopped_early && first.epochs[..] == history.epochs[..stop]);
        assert_eq!(fit(&checkpoints, usize::MAX), ended, "after {stop} epochs");
        assert_eq!(fit(&checkpoints, usize::MAX), ended, "what had ended");
    }
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap().every(every).unwrap();
    for stop in 1..done {
        assert_eq!(fit(&checkpoints, stop).1.epochs.len(), stop);
    }
    assert_eq!(fit(&checkpoints, usize::MAX), ended, "after each epoch");
    history
}

#[test]
fn a_fit_that_is_stopped_and_resumed_ends_with_the_same_bits() {
    for every in [1, 5] {
        for history in [
            stopped_and_resumed::<Classifier<f64, u8>>(&how(), every),
            stopped_and_resumed::<MultiLabelClassifier<f64, u8>>(&how(), every),
            stopped_and_resumed::<Regressor<f64>>(&how(), every),
        ] {
            assert_eq!(history.epochs.len(), EPOCHS);
            assert!(history.epochs[3].validation_cost.is_some() && history.best_epoch.is_some());
        }
    }
}

/// The state of plateau, tolerance, inverse scaling, and L-BFGS with its state and its end.
#[test]
fn every_state_of_a_fit_is_resumed() {
    let plain = how().schedule(Schedule::Constant).keep_prob(1.0).clip_norm(None);
    let lbfgs = plain.clone().lbfgs(LbfgsOptions::default().history(4));
    for how in [
        plain.clone().plateau(Plateau::new(0.3, 2)).monitor(Monitor::ValidationScore),
        plain.clone().patience(4).tolerance(0.05).monitor(Monitor::TrainingCost).epochs(40),
        plain.schedule(Schedule::InverseScaling { power: 0.3 }).shuffle(false),
        lbfgs.clone(),
        lbfgs.clone().patience(None),
        lbfgs.clone().patience(2).epochs(60),
    ] {
        stopped_and_resumed::<Classifier<f64, u8>>(&how, 1);
        stopped_and_resumed::<MultiLabelClassifier<f64, u8>>(&how, 3);
        stopped_and_resumed::<Regressor<f64>>(&how, 5);
    }
    let linear = lbfgs.hidden(&[]).patience(None).epochs(200);
    let history = stopped_and_resumed::<Regressor<f64>>(&linear, 1);
    assert!(history.stop.unwrap().converged() && history.epochs.len() < 200);
}

/// A warm start has checkpoints of its own, which belong to the network it started from.
#[test]
fn a_warm_start_is_resumed() {
    for how in [how(), how().lbfgs(LbfgsOptions::default()).keep_prob(1.0).clip_norm(None)] {
        let how = if how.lbfgs.is_some() { how.schedule(Schedule::Constant) } else { how };
        let mut first = Classifier::<f64, u8>::made(how);
        first.learn(FitOptions::new()).unwrap();
        let mut straight = first.clone();
        let history = straight.learn(FitOptions::new().warm_start(true).epochs(5)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
        let options = || FitOptions::new().warm_start(true).epochs(5).checkpoints(&checkpoints);
        let done = first.hyperparameters().epochs;
        first.clone().learn(options().on_epoch(stop_after(done + 2))).unwrap();
        let mut resumed = first.clone();
        let resumed_history = resumed.learn(options()).unwrap();
        assert_eq!((all_of(&resumed), &resumed_history), (all_of(&straight), &history));
        assert_eq!(resumed_history.epochs[0].epoch, done);

        let reason = reason(straight.learn(options()));
        assert!(reason.contains("a fit of the epochs 12..17, not "), "{reason}");
        let reason = self::reason(first.learn(options().epochs(6)));
        assert!(reason.contains("a fit of the epochs 12..17, not "), "{reason}");
        let mut other = Classifier::<f64, u8>::made(first.hyperparameters().clone().seed(9));
        other.learn(FitOptions::new()).unwrap();
        other.set_hyperparameters(first.hyperparameters().clone()).unwrap();
        let reason = self::reason(other.learn(options()));
        assert!(reason.contains("or from another network"), "{reason}");
    }
}

/// The validation examples, the scaler and the learning rate of the start belong to the fit.
#[test]
fn another_start_or_validation_set_is_another_fit() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let how = how().validation_share(0.0);
    let learn = |options: FitOptions<'_, f64>| {
        let options = options.checkpoints(&checkpoints).on_epoch(stop_after(3));
        Classifier::<f64, u8>::made(how.clone()).learn(options)
    };
    learn(FitOptions::new().validation(0..10)).unwrap();
    learn(FitOptions::new().validation((0..10).rev())).unwrap();
    for options in [FitOptions::new(), FitOptions::new().validation(5..15)] {
        let reason = reason(learn(options));
        assert!(reason.contains("or validation examples"), "{reason}");
    }

    let (x, _) = table();
    let scaler = Standardizer::fit(&x.t()).unwrap();
    let wide = Standardizer::fit(&(&x.t() * 2.0)).unwrap();
    let mut fitted = Regressor::<f64>::made(how.clone());
    fitted.learn(FitOptions::new()).unwrap();
    let start = |scaler, target_scaler, rate| {
        let parameters = fitted.parameters().cloned().unwrap();
        let how = how.clone().learning_rate(rate);
        Regressor::from_parameters(how, parameters, Some(scaler), target_scaler).unwrap()
    };
    let of_targets = fitted.target_scaler().cloned();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let options = || FitOptions::new().warm_start(true).checkpoints(&checkpoints);
    start(scaler.clone(), of_targets.clone(), 0.03).learn(options()).unwrap();
    let other = Standardizer::fit(&(&x.t().slice(s![..1, ..]) * 9.0)).unwrap();
    for mut model in [start(wide, of_targets, 0.03), start(scaler, Some(other), 0.03)] {
        let reason = reason(model.learn(options()));
        assert!(reason.contains("or from another network"), "{reason}");
    }
}

/// The arrays of a file are limited, and with them the history of L-BFGS.
#[test]
fn a_history_that_no_checkpoint_can_hold_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let how = Hyperparameters::plain().lbfgs(LbfgsOptions::default().history(1001));
    let mut model = Classifier::<f64, u8>::new(how);
    let error = model.learn(FitOptions::new().checkpoints(&checkpoints)).unwrap_err();
    assert!(matches!(error, Error::Hyperparameter { name: "history", .. }), "{error}");
}

/// A search that ends without another iteration is saved as ended.
#[test]
fn a_search_that_has_ended_stays_ended() {
    let how = how().schedule(Schedule::Constant).keep_prob(1.0).clip_norm(None).patience(None);
    for evaluations in 2..30 {
        let options = LbfgsOptions::default().max_evaluations(evaluations);
        let how = how.clone().lbfgs(options);
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path(), 1).unwrap().every(7).unwrap();
        let options = FitOptions::new().checkpoints(&checkpoints);
        let history = Classifier::<f64, u8>::made(how.clone()).learn(options).unwrap();
        let options = FitOptions::new().checkpoints(&checkpoints);
        let options = options.on_epoch(|_| panic!("it has ended"));
        let again = Classifier::<f64, u8>::made(how).learn(options).unwrap();
        assert_eq!(again, history);
    }
}

/// A learning rate that the callback set is part of the state.
#[test]
fn a_learning_rate_that_was_set_is_resumed() {
    let halve = |epoch: &Epoch<'_, f64>| {
        if epoch.record.epoch == 3 {
            epoch.set_learning_rate(0.001);
        }
    };
    let mut straight = Classifier::<f64, u8>::made(how());
    let options = FitOptions::new().on_epoch(|epoch| {
        halve(epoch);
        ControlFlow::Continue(())
    });
    let history = straight.learn(options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let options = FitOptions::new().checkpoints(&checkpoints).on_epoch(|epoch| {
        halve(epoch);
        stop_after(6)(epoch)
    });
    Classifier::<f64, u8>::made(how()).learn(options).unwrap();
    let mut resumed = Classifier::<f64, u8>::made(how());
    let options = FitOptions::new().checkpoints(&checkpoints);
    assert_eq!(resumed.learn(options).unwrap(), history);
    assert_eq!(all_of(&resumed), all_of(&straight));
}

#[test]
fn a_fit_with_frozen_layers_goes_on_with_the_same_bits() {
    for frozen in [&[1][..], &[3, 2]] {
        stopped_and_resumed::<Classifier<f64, u8>>(&how().frozen(frozen), 1);
        stopped_and_resumed::<Regressor<f64>>(&how().frozen(frozen), 3);
    }
}

/// With noise for labels patience ends the fit, and a later call reads that from the folder.
#[test]
fn a_patience_goes_on_and_what_it_ended_stays_ended() {
    let impatient = how().patience(3).epochs(60).learning_rate(0.3).schedule(Schedule::Constant);
    for how in [impatient.clone(), impatient.validation_share(0.0).l2(0.0)] {
        let history = stopped_and_resumed::<Classifier<f64, u8>>(&how, 2);
        assert!(history.stopped_early && history.epochs.len() < 60);
        assert_eq!(history.best_epoch, Some(history.epochs.len() - 4));
        stopped_and_resumed::<Regressor<f64>>(&how, 1);
    }
}

#[test]
fn single_numbers_and_weights_stay_the_same_too() {
    let (x, labels) = table();
    let (x, weights) = (x.mapv(|x| x as f32), Vec::from_iter((0..120).map(|i| (i % 3) as f32)));
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let how = how().patience(4).epochs(30);
    let fit = |options: FitOptions<'_, f32>| {
        let mut model = Classifier::<f32, u8>::new(how.clone());
        let history = model.fit_with(Examples::rows(&x), &labels, options.weights(&weights));
        (to_value(&model).unwrap(), history.unwrap())
    };
    for stop in [3, 4, 7] {
        fit(FitOptions::new().checkpoints(&checkpoints).on_epoch(|epoch| {
            let last = epoch.record.epoch + 1 == stop;
            if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }));
    }
    assert_eq!(fit(FitOptions::new().checkpoints(&checkpoints)), fit(FitOptions::new()));
}

#[test]
fn what_has_ended_calls_nobody_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let how = how().epochs(3);
    let mut model = Classifier::<f64, u8>::new(how);
    let mut seen = Vec::new();
    let first = model.learn(FitOptions::new().checkpoints(&checkpoints).on_epoch(|epoch| {
        seen.push(epoch.record);
        ControlFlow::Continue(())
    }));
    assert_eq!(first.unwrap().epochs, seen);
    let written = |name: &str| fs::metadata(folder.path().join(name)).unwrap().modified().unwrap();
    let before = written("checkpoint-00000003.safetensors");
    let options = FitOptions::new().checkpoints(&checkpoints);
    let again = model.learn(options.on_epoch(|_| panic!("there is no epoch"))).unwrap();
    assert_eq!((again.epochs, again.stopped_early), (seen, false));
    assert_eq!(written("checkpoint-00000003.safetensors"), before);
}

#[test]
fn every_nth_epoch_is_saved_and_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 9).unwrap().every(3).unwrap();
    let mut model = Regressor::<f64>::new(how().epochs(10));
    let options = || FitOptions::new().checkpoints(&checkpoints);
    model.learn(options().on_epoch(stop_after(5))).unwrap();
    model.learn(options()).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [3, 5, 6, 9, 10].map(|n| format!("checkpoint-{n:08}.safetensors")));
    assert!(matches!(
        checkpoints.every(0),
        Err(FileError::Model(Error::InvalidArgument { name: "every", .. }))
    ));
}

/// The child process of the next test.
#[test]
fn child_fits() {
    let Some(folder) = env::var_os("DNN_BLOCKS_FIT") else { return };
    let checkpoints = Checkpoints::new(folder, 2).unwrap();
    let slowly = FitOptions::new().checkpoints(&checkpoints).on_epoch(|_| {
        thread::sleep(Duration::from_millis(10));
        ControlFlow::Continue(())
    });
    Classifier::<f64, u8>::new(how().epochs(40)).learn(slowly).unwrap();
}

fn fitting(folder: &Path) -> std::process::Child {
    child(concat!(module_path!(), "::child_fits"), "DNN_BLOCKS_FIT", folder).spawn().unwrap()
}

#[test]
fn a_fit_that_is_killed_again_and_again_ends_with_the_same_bits() {
    let mut straight = Classifier::<f64, u8>::new(how().epochs(40));
    let expected = straight.learn(FitOptions::new()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 2).unwrap();
    let reached = || checkpoints.latest::<f64>().ok().flatten().map_or(0, |run| run.epoch);
    let mut cut_short = 0;
    for more in [1, 5, 2, 9] {
        let goal = (reached() + more).min(40);
        let mut child = fitting(folder.path());
        while reached() < goal {
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        cut_short += u8::from(reached() < 40);
    }
    assert!(cut_short > 0, "every child came to its end");
    assert!(fitting(folder.path()).wait().unwrap().success());
    let mut resumed = Classifier::<f64, u8>::new(how().epochs(40));
    let options = FitOptions::new().checkpoints(&checkpoints);
    let history = resumed.learn(options.on_epoch(|_| panic!("it has ended"))).unwrap();
    assert_eq!(history, expected);
    assert_eq!(all_of(&resumed), all_of(&straight));
}

fn in_the_middle(folder: &Path) -> Checkpoints {
    let checkpoints = Checkpoints::new(folder, 1).unwrap();
    let options = FitOptions::new().checkpoints(&checkpoints).on_epoch(stop_after(4));
    Classifier::<f64, u8>::new(how()).learn(options).unwrap();
    checkpoints
}

fn reason(result: dnn_blocks::Result<History>) -> String {
    match result {
        Err(Error::Checkpoint { cause }) => cause.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The message for a folder of another fit.
fn belongs_to(what: &str) -> String {
    format!("the folder belongs to {what}: use another folder, or remove its files")
}

#[test]
fn a_checkpoint_of_another_training_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = in_the_middle(folder.path());
    let options = || FitOptions::new().checkpoints(&checkpoints);
    for (field, other) in [
        ("epochs", how().epochs(13)),
        ("seed", how().seed(6)),
        ("l2", how().l2(0.31)),
        ("hidden", how().hidden(&[12, 8])),
        ("algorithm", how().algorithm(Algorithm::ADAM_W)),
        ("schedule", how().schedule(Schedule::Constant)),
        ("frozen", how().frozen(&[1])),
    ] {
        let reason = reason(Classifier::<f64, u8>::new(other).learn(options()));
        assert_eq!(reason, belongs_to(&format!("a fit with another `{field}`")));
    }

    let (x, labels) = table();
    let fit = |x: &Array2<f64>, labels: &[u8], options: FitOptions<'_, f64>| {
        let mut model = Classifier::<f64, u8>::new(how());
        model.fit_with(Examples::rows(x), labels, options)
    };
    fit(&x, &labels, options()).unwrap();
    let others = belongs_to(
        "a fit to other examples, labels, weights, names or validation examples, or from another \
         network",
    );
    for example in 0..120 {
        let (mut other_x, mut other_labels, mut weights) = (x.clone(), labels.clone(), [1.0; 120]);
        other_x[[example, 3]] += 1e-9;
        assert_eq!(reason(fit(&other_x, &labels, options())), others);
        other_labels[example] = (labels[example] + 1) % 3;
        assert_eq!(reason(fit(&x, &other_labels, options())), others);
        weights[example] = 1.5;
        assert_eq!(reason(fit(&x, &labels, options().weights(&weights))), others);
    }
    let more = x.select(Axis(1), &[0, 1, 2, 3, 0]);
    assert_eq!(reason(fit(&more, &labels, options())), others);
    for names in [["a", "b", "c", "d"], ["a", "b", "c", "e"]] {
        let mut model = Classifier::<f64, u8>::new(how());
        let named = Examples::rows(&x).feature_names(&names);
        assert_eq!(reason(model.fit_with(named, &labels, options())), others);
    }
}

#[test]
fn a_fit_with_names_resumes_with_the_same_names() {
    let (x, labels) = table();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let fit = |names: Option<&[&str]>, options: FitOptions<'_, f64>| {
        let mut model = Classifier::<f64, u8>::new(how());
        let examples = Examples::rows(&x);
        let examples = names.map_or(examples, |names| examples.feature_names(names));
        model.fit_with(examples, &labels, options.checkpoints(&checkpoints)).map(|history| {
            let names = model.feature_names().map(<[String]>::to_vec);
            (names, history.epochs.len())
        })
    };
    let names = ["a", "b", "c", "d"];
    assert_eq!(fit(Some(&names), FitOptions::new().on_epoch(stop_after(3))).unwrap().1, 3);
    for other in [Some(&["a", "b", "c", "e"][..]), Some(&["ab", "", "c", "d"]), None] {
        if let Ok(found) = fit(other, FitOptions::new()) {
            panic!("{other:?}: {found:?}");
        }
    }
    let (kept, epochs) = fit(Some(&names), FitOptions::new()).unwrap();
    assert_eq!((kept.unwrap(), epochs), (names.map(String::from).to_vec(), EPOCHS));
}

/// The data and their checksum are the same in both types.
#[test]
fn a_fit_does_not_go_on_in_another_type() {
    let (x, labels) = table();
    let x = x.mapv(|x| x as f32);
    fn fit<F: Float>(
        x: &Array2<f32>,
        labels: &[u8],
        to: &Checkpoints,
    ) -> dnn_blocks::Result<History> {
        let mut model = Classifier::<F, u8>::new(how().epochs(2));
        let x = x.mapv(|x| F::of(f64::from(x)));
        model.fit_with(Examples::rows(&x), labels, FitOptions::new().checkpoints(to))
    }
    for (same, other, error) in [
        (fit::<f32> as fn(&_, &_, &_) -> _, fit::<f64> as fn(&_, &_, &_) -> _, "f32, not f64"),
        (fit::<f64>, fit::<f32>, "f64, not f32"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
        let first = same(&x, &labels, &checkpoints).unwrap();
        assert_eq!(reason(other(&x, &labels, &checkpoints)), format!("W1 is of type {error}"));
        assert_eq!(same(&x, &labels, &checkpoints).unwrap(), first);
    }
}

/// A classifier and a regressor get the same numbers.
#[test]
fn a_checkpoint_of_another_network_is_refused() {
    let (x, _) = table();
    let labels: Vec<u8> = (0..120).map(|i| i % 2).collect();
    let y = Array2::from_shape_fn((120, 1), |(i, _)| f64::from(labels[i]));
    let how = Hyperparameters::plain().standardize(false).epochs(2);
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let options = || FitOptions::new().checkpoints(&checkpoints);
    let mut classifier = Classifier::<f64, u8>::new(how.clone());
    classifier.fit_with(Examples::rows(&x), &labels, options()).unwrap();
    let mut regressor = Regressor::<f64>::new(how);
    let error = regressor.fit_with(Examples::rows(&x), Examples::rows(&y), options());
    assert_eq!(reason(error), belongs_to("another network"));
    assert!(regressor.parameters().is_none());

    let mut run = checkpoints.latest::<f64>().unwrap().unwrap();
    run.fit = None;
    checkpoints.save(&run).unwrap();
    let error = classifier.fit_with(Examples::rows(&x), &labels, options());
    assert_eq!(reason(error), belongs_to("a training loop that is not a fit"));
    assert!(classifier.parameters().is_some(), "what was learnt before stays");
}

#[test]
fn a_folder_that_cannot_be_used_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path().join("gone"), 1).unwrap();
    let small = Limits::default().bytes(4000);
    let too_small = checkpoints.clone().limits(small);
    let fit = |checkpoints: &Checkpoints| {
        let mut model = Regressor::<f64>::new(how());
        let error = model.learn(FitOptions::new().checkpoints(checkpoints)).unwrap_err();
        let source = std::error::Error::source(&error).expect("the error of the file");
        assert!(source.is::<FileError>(), "{error}");
        (reason(Err(error)), model.parameters().is_some())
    };
    let (error, learnt) = fit(&too_small);
    assert!(error.starts_with("the file is too large: ") && learnt, "{error}");
    assert!(checkpoints.latest::<f64>().unwrap().is_none(), "nothing was written");
    fs::remove_dir_all(folder.path().join("gone")).unwrap();
    assert!(!fit(&checkpoints).1);
}

/// The error is the same as without checkpoints, and the last good checkpoint stays.
#[test]
fn a_fit_that_diverges_keeps_its_last_checkpoint() {
    let how = how().hidden(&[]).algorithm(Algorithm::GradientDescent).patience(100);
    let how = how
        .clip_norm(None)
        .keep_prob(1.0)
        .schedule(Schedule::Constant)
        .learning_rate(1e60)
        .batch_size(90);
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let mut straight = Regressor::<f64>::new(how.clone());
    let error = straight.learn(FitOptions::new()).unwrap_err();
    let Error::Diverged { epoch, .. } = error else { panic!("{error}") };
    assert!(epoch > 0, "there is a checkpoint to keep");
    for _ in 0..2 {
        let mut model = Regressor::<f64>::new(how.clone());
        let options = FitOptions::new().checkpoints(&checkpoints);
        assert_eq!(model.learn(options).unwrap_err(), error);
        assert_eq!(model.parameters(), straight.parameters());
        let last = checkpoints.latest::<f64>().unwrap().map_or(0, |run| run.epoch);
        assert_eq!(last, epoch);
    }
}

type Arrays = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// Changes description and arrays.
type Harm = fn(&mut Value, &mut Arrays);

/// Returns the file with its description and arrays changed, and without a checksum.
fn changed(file: &[u8], change: impl FnOnce(&mut Value, &mut Arrays)) -> Vec<u8> {
    let (_, metadata) = SafeTensors::read_metadata(file).unwrap();
    let text = &metadata.metadata().as_ref().unwrap()["dnn_blocks"];
    let mut description: Value = serde_json::from_str(text).unwrap();
    description.as_object_mut().unwrap().remove("checksum").unwrap();
    let content = SafeTensors::deserialize(file).unwrap();
    let array = |(name, view): (&str, TensorView)| {
        (name.to_string(), (view.shape().to_vec(), view.data().to_vec()))
    };
    let mut arrays: Arrays = content.iter().map(array).collect();
    change(&mut description, &mut arrays);
    let views = arrays.iter().map(|(name, (shape, data))| {
        (name, TensorView::new(Dtype::F64, shape.clone(), data).unwrap())
    });
    let texts = [("dnn_blocks".to_string(), description.to_string())].into_iter().collect();
    safetensors::serialize(views, Some(texts)).unwrap()
}

#[test]
fn checkpoints_made_to_harm_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = in_the_middle(folder.path());
    let path = folder.path().join("checkpoint-00000004.safetensors");
    let file = fs::read(&path).unwrap();
    let read = |file: &[u8]| Checkpoint::<f64>::from_safetensors(file, &Limits::default());
    let same = read(&changed(&file, |_, _| {})).unwrap();
    assert_eq!(same.fit, read(&file).unwrap().fit, "the change itself does no harm");

    let harmed: [(&str, Harm); 22] = [
        ("frozen is 4, but must be the number of a layer", |text, _| {
            text["training"]["frozen"] = json!([1, 4]);
        }),
        ("number of frozen layers is 3, but ", |text, _| {
            text["training"]["frozen"] = json!([1, 2, 3]);
        }),
        ("key is 0, but must be ", |text, _| {
            let mut dead = vec![0; 624];
            dead[0] = 0x7fff_ffff;
            text["training"]["generator"]["key"] = json!(dead);
        }),
        ("layer 2: s[0, 2] is -1, but must be at least 0", |_, arrays| {
            arrays.get_mut("W2.s").unwrap().1[16..24].copy_from_slice(&(-1.0_f64).to_le_bytes());
        }),
        ("element 0 of b1.v is inf", |_, arrays| {
            arrays.get_mut("b1.v").unwrap().1[..8].copy_from_slice(&f64::INFINITY.to_le_bytes());
        }),
        ("best.b2 is missing", |_, arrays| drop(arrays.remove("best.b2"))),
        ("element 1 of best.W1 is NaN", |_, arrays| {
            arrays.get_mut("best.W1").unwrap().1[8..16].copy_from_slice(&f64::NAN.to_le_bytes());
        }),
        ("layer 3: W (3, 7) and the best W (1, 7)", |_, arrays| {
            arrays.insert("best.W3".into(), (vec![1, 7], vec![0; 56]));
            arrays.insert("best.b3".into(), (vec![1, 1], vec![0; 8]));
        }),
        ("layer 1: W (12, 4) and b (11, 1)", |_, arrays| {
            arrays.insert("best.b1".into(), (vec![11, 1], vec![0; 88]));
        }),
        ("best.W3 has the shape", |_, arrays| arrays.get_mut("best.W3").unwrap().0 = vec![21]),
        ("best.W4 does not belong", |_, arrays| {
            arrays.insert("best.W4".into(), (vec![1, 1], vec![0; 8]));
        }),
        ("best.W1 does not belong", |text, _| text["training"]["fit"]["best"] = Value::Null),
        ("best.W1 does not belong", |text, _| text["training"]["fit"] = Value::Null),
        ("the number of records differs from the number of epochs", |text, _| {
            text["training"]["epoch"] = json!(5)
        }),
        ("the number of records differs from the number of epochs", |text, _| {
            text["training"]["fit"]["records"].as_array_mut().unwrap().truncate(3);
        }),
        ("the checkpoint has more epochs than the fit", |text, _| {
            text["training"]["fit"]["epochs"][1] = json!(3);
        }),
        ("the number of records differs from the number of epochs", |text, _| {
            text["training"]["fit"]["epochs"][0] = json!(1);
        }),
        ("the state of a patience cannot come from a fit", |text, _| {
            text["training"]["fit"]["patience"]["reference"] = json!("NaN");
        }),
        ("the best epoch is not an epoch of the fit", |text, _| {
            text["training"]["fit"]["best"]["epoch"] = json!(4);
        }),
        ("the best epoch is not an epoch of the fit", |text, _| {
            text["training"]["fit"]["best"]["cost"] = json!("NaN");
        }),
        ("learning_rate is -0.5", |text, _| text["training"]["learning_rate"] = json!(-0.5)),
        ("keep_prob is 0, but must be above 0", |text, _| {
            text["training"]["fit"]["hyperparameters"]["keep_prob"] = json!(0.0);
        }),
    ];
    for (message, change) in harmed {
        let file = changed(&file, change);
        let error = read(&file).unwrap_err().to_string();
        assert!(error.contains(message), "{error}: {message}");
        fs::write(&path, file).unwrap();
        let fit = Classifier::<f64, u8>::new(how());
        let options = FitOptions::new().checkpoints(&checkpoints);
        assert_eq!(reason({ fit }.learn(options)), error);
    }
    for unknown in ["fit", "best"] {
        let file = changed(&file, |text, _| {
            let fit = &mut text["training"]["fit"];
            let place = if unknown == "fit" { fit } else { &mut fit["best"] };
            place["surprise"] = json!(1);
        });
        let error = read(&file).unwrap_err();
        assert!(matches!(error, FileError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains("surprise"), "{error}");
    }
}

/// Costs without a number in JSON, and very many epochs.
#[test]
fn records_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    in_the_middle(folder.path());
    let path = folder.path().join("checkpoint-00000004.safetensors");
    let rows = json!([
        [0.1, -0.0, 5e-324, "inf", "-inf"],
        [0.1, 1, 2.5, "NaN", null],
        [0.30000000000000004, 1e300, 0.0, null, 3],
        [0.1, 0.2, 0.3, 0.4, 0.5]
    ]);
    let file = changed(&fs::read(path).unwrap(), |text, _| {
        text["training"]["fit"]["records"] = rows.clone();
        text["training"]["fit"]["best"]["cost"] = json!("inf");
    });
    let limits = Limits::default();
    let run = Checkpoint::<f64>::from_safetensors(&file, &limits).unwrap();
    let again = run.to_safetensors().unwrap();
    changed(&again, |text, _| {
        let found = &text["training"]["fit"]["records"];
        let number = |value: &Value| value.as_f64().map_or(value.clone(), |x| json!(x));
        for (found, row) in found.as_array().unwrap().iter().zip(rows.as_array().unwrap()) {
            let row: Vec<_> = row.as_array().unwrap().iter().map(number).collect();
            assert_eq!(found, &json!(row));
        }
        assert!(found[0][1].as_f64().unwrap().is_sign_negative());
        assert_eq!(text["training"]["fit"]["best"]["cost"], json!("inf"));
    });
    let file = changed(&again, |text, _| {
        let epochs = 20_000;
        text["training"]["epoch"] = json!(epochs);
        text["training"]["fit"]["hyperparameters"]["epochs"] = json!(epochs);
        text["training"]["fit"]["epochs"][1] = json!(epochs);
        let row = json!([0.1, 1.0 / 3.0, 1.0 / 7.0, 1.0 / 11.0, 1.0 / 13.0]);
        text["training"]["fit"]["records"] = vec![row; epochs].into();
    });
    let path = folder.path().join("many.safetensors");
    fs::write(&path, &file).unwrap();
    assert_eq!(Checkpoint::<f64>::load(path).unwrap().epoch, 20_000);
    let error = Checkpoint::<f64>::from_safetensors(&file, &limits).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { .. }), "{error}");
}
