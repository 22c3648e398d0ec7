//! Models that all ranks train together.

use crate::cases::{disagrees, is_of_rank};
use crate::support::{
    bits, columns, difference, examples, folder, kill_in, kill_me, leave, uneven,
};
use dnn_blocks::distributed::Ranks;
use dnn_blocks::files::Checkpoints;
use dnn_blocks::model::{ClassWeights, History, Monitor};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::LbfgsOptions;
use dnn_blocks::train::schedule::Plateau;
use dnn_blocks::{Error, Result};
use std::ops::ControlFlow;

const CLASSES: [&str; 3] = ["few", "many", "some"];

fn labels(y: &Array2<f64>) -> Vec<&'static str> {
    y.iter().map(|&y| CLASSES[y as usize]).collect()
}

/// Hyperparameters that use every part of a fit.
fn how() -> Hyperparameters {
    Hyperparameters::plain()
        .hidden(&[24, 200])
        .batch_size(16)
        .epochs(6)
        .l2(0.1)
        .keep_prob(0.9)
        .clip_norm(0.5)
        .validation_share(0.2)
        .patience(5)
        .learning_rate(0.005)
        .class_weights(ClassWeights::Balanced)
        .seed(4)
}

/// Asserts that the epochs agree up to rounding.
fn is_close(a: &History, b: &History) {
    assert_eq!((a.epochs.len(), a.best_epoch), (b.epochs.len(), b.best_epoch));
    for (a, b) in a.epochs.iter().zip(&b.epochs) {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-10 * b.abs(), "{a} {b}");
        close(a.cost, b.cost);
        close(a.gradient_norm, b.gradient_norm);
        assert_eq!(a.validation_cost.is_some(), b.validation_cost.is_some());
        close(a.validation_cost.unwrap_or(1.0), b.validation_cost.unwrap_or(1.0));
        close(a.validation_score.unwrap_or(1.0), b.validation_score.unwrap_or(1.0));
    }
}

pub fn classifier(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 203);
    let x = x * 3.0 + 7.0;
    let weights: Vec<f64> = (0..203).map(|i| 0.5 + (i % 4) as f64).collect();
    for how in [how(), how().batch_size(203), how().validation_share(0.0).standardize(false)] {
        let mut whole = Classifier::new(how.clone()).with_classes(&CLASSES);
        let options = FitOptions::new().weights(&weights);
        let expected = whole.fit_with(Examples::columns(&x), &labels(&y), options)?;

        let mine = uneven(ranks, 203);
        let (x, y) = (columns(&x, mine.clone()), columns(&y, mine.clone()));
        let mut model = Classifier::new(how).with_classes(&CLASSES);
        let options = FitOptions::new().weights(&weights[mine]);
        let x = Examples::columns(&x);
        let history = ranks.fit_classifier(&mut model, x, &labels(&y), options)?;
        is_close(&history, &expected);
        let (own, whole) = (model.parameters().unwrap(), whole.parameters().unwrap());
        let difference = difference(own, whole);
        assert!(difference < 1e-10, "{difference}");
        if ranks.size() == 1 {
            assert_eq!(bits(own), bits(whole));
        }
        leave(ranks, own);
    }
    Ok(())
}

/// Each rank has examples of one class, and a feature that is constant on the rank.
pub fn sorted(ranks: &Ranks<'_>) -> Result<()> {
    let (mut x, y) = examples::<f64>(5, 3, 120);
    let y = Array2::from_shape_fn(y.dim(), |(_, i)| (i * ranks.size() / 120 % 3) as f64);
    x.row_mut(3).assign(&y.row(0));
    let how = how().epochs(3);
    let several = ranks.size() > 1;
    let mut whole = Classifier::new(how.clone()).with_classes(&CLASSES);
    let expected = whole.fit(Examples::columns(&x), &labels(&y));
    let mine = ranks.share(120);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut model = Classifier::new(how).with_classes(&CLASSES);
    let (table, options) = (Examples::columns(&x), FitOptions::new());
    let history = ranks.fit_classifier(&mut model, table, &labels(&y), options);
    if !several {
        assert_eq!(history.unwrap_err(), expected.unwrap_err());
        return Ok(());
    }
    is_close(&history?, &expected?);
    let difference = difference(model.parameters().unwrap(), whole.parameters().unwrap());
    assert!(difference < 1e-10, "{difference}");
    Ok(())
}

/// The first rank cannot save, and all ranks return the error.
pub fn unsaved(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 40);
    let folder = folder().join(format!("gone-{}", ranks.rank()));
    let kept = Checkpoints::new(&folder, 2).expect("a folder");
    let mut model = Classifier::new(how()).with_classes(&CLASSES);
    let options = FitOptions::new().checkpoints(&kept).on_epoch(|epoch| {
        if epoch.record.epoch == 1 {
            std::fs::remove_dir_all(&folder).expect("removed");
            std::fs::write(&folder, "a file").expect("written");
        }
        ControlFlow::Continue(())
    });
    let result = ranks.fit_classifier(&mut model, Examples::columns(&x), &labels(&y), options);
    is_of_rank(result, 0, "checkpoint");
    Ok(())
}

pub fn regressor(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 9, 203);
    let y = y * 100.0 - 40.0;
    let how = how().class_weights(ClassWeights::Equal);
    let mut whole = Regressor::new(how.clone());
    let expected = whole.fit(Examples::columns(&x), Examples::columns(&y))?;

    let mine = uneven(ranks, 203);
    let (x_here, y_here) = (columns(&x, mine.clone()), columns(&y, mine));
    let mut model = Regressor::new(how);
    let history = ranks.fit_regressor(
        &mut model,
        Examples::columns(&x_here),
        Examples::columns(&y_here),
        FitOptions::new(),
    )?;
    is_close(&history, &expected);
    let difference = difference(model.parameters().unwrap(), whole.parameters().unwrap());
    assert!(difference < 1e-10, "{difference}");
    let (here, there) =
        (model.predict(Examples::columns(&x))?, whole.predict(Examples::columns(&x))?);
    assert!((&here - &there).iter().all(|d| d.abs() < 1e-8));
    if ranks.size() == 1 {
        assert_eq!(here, there);
    }
    leave(ranks, model.parameters().unwrap());
    Ok(())
}

/// Fits a regressor of the Poisson cost, also where a rank has no examples, and refuses a negative
/// target of one rank on all.
pub fn counts(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 9, 203);
    let mine = uneven(ranks, 203);
    let (x_here, mut y_here) = (columns(&x, mine.clone()), columns(&y, mine));
    let plain = how().class_weights(ClassWeights::Equal).cost(Cost::Poisson);
    for how in [plain.clone(), plain.clone().validation_share(0.0).monitor(Monitor::TrainingCost)] {
        let mut whole = Regressor::new(how.clone());
        let expected = whole.fit(Examples::columns(&x), Examples::columns(&y))?;
        let mut model = Regressor::new(how);
        let (x_here, y_here) = (Examples::columns(&x_here), Examples::columns(&y_here));
        let history = ranks.fit_regressor(&mut model, x_here, y_here, FitOptions::new())?;
        is_close(&history, &expected);
        assert!(model.target_scaler().is_none());
        let difference = difference(model.parameters().unwrap(), whole.parameters().unwrap());
        assert!(difference < 1e-10, "{difference}");
        leave(ranks, model.parameters().unwrap());
    }
    let last = ranks.size() - 1;
    if ranks.rank() == last {
        y_here[[0, 2]] = -1.0;
    }
    let mut model = Regressor::new(plain);
    let (x_here, y_here) = (Examples::columns(&x_here), Examples::columns(&y_here));
    let result = ranks.fit_regressor(&mut model, x_here, y_here, FitOptions::new());
    let message = "Y[feature 0, example 2] is -1, but must be at least 0 for the Poisson cost";
    is_of_rank(result, last, message);
    Ok(())
}

/// Fits classifiers to smoothed labels. A patience watches the smoothed training cost.
pub fn smoothed(ranks: &Ranks<'_>) -> Result<()> {
    let how = how().label_smoothing(0.15);
    let on_training = how.clone().validation_share(0.0).monitor(Monitor::TrainingCost);
    let lbfgs = how.clone().lbfgs(LbfgsOptions::default()).keep_prob(1.0).clip_norm(None);
    for classes in [2, 3] {
        let (x, y) = examples::<f64>(5, classes, 203);
        let mine = uneven(ranks, 203);
        let (x_here, y_here) = (columns(&x, mine.clone()), columns(&y, mine));
        for how in [how.clone(), on_training.clone(), lbfgs.clone().hidden(&[8])] {
            let mut whole = Classifier::new(how.clone()).with_classes(&CLASSES[..classes]);
            let mut model = whole.clone();
            let expected = whole.fit(Examples::columns(&x), &labels(&y))?;
            let (x_here, options) = (Examples::columns(&x_here), FitOptions::new());
            let history = ranks.fit_classifier(&mut model, x_here, &labels(&y_here), options)?;
            is_close(&history, &expected);
            let difference = difference(model.parameters().unwrap(), whole.parameters().unwrap());
            assert!(difference < 1e-8, "{difference}");
            leave(ranks, model.parameters().unwrap());
        }
    }
    Ok(())
}

/// Multi-label classifiers: new, continued, with chosen validation examples, without a scaler.
pub fn multi_label(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 203);
    let x = x * 3.0 + 7.0;
    let sets: Vec<Vec<&str>> = labels(&y)
        .into_iter()
        .zip(x.row(0))
        .map(|(label, x)| if *x > 7.0 { vec![label, "right"] } else { vec![label] })
        .collect();
    let names = ["some", "right", "many", "few"];
    let weights: Vec<f64> = (0..203).map(|i| 0.5 + (i % 4) as f64).collect();
    let how = how().class_weights(ClassWeights::Equal);
    let chosen = how.clone().validation_share(0.0).patience(None).standardize(false);
    for how in [how.clone(), chosen] {
        let held_out = |example: usize| how.validation_share == 0.0 && example % 5 == 2;
        let mut whole = MultiLabelClassifier::new(how.clone()).with_labels(&names);
        let mut model = whole.clone();
        let mine = uneven(ranks, 203);
        let x_here = columns(&x, mine.clone());
        let own: Vec<usize> =
            mine.clone().filter(|&i| held_out(i)).map(|i| i - mine.start).collect();
        for epochs in [4, 3] {
            let start = || FitOptions::new().warm_start(true).epochs(epochs);
            let mut options = start().weights(&weights);
            let mut options_here = start().weights(&weights[mine.clone()]);
            if how.validation_share == 0.0 {
                options = options.validation((0..203).filter(|&i| held_out(i)));
                options_here = options_here.validation(own.iter().copied());
            }
            let expected = whole.fit_with(Examples::columns(&x), &sets, options)?;
            let (x, sets) = (Examples::columns(&x_here), &sets[mine.clone()]);
            let history = ranks.fit_multi_label(&mut model, x, sets, options_here)?;
            is_close(&history, &expected);
            let (own, whole) = (model.parameters().unwrap(), whole.parameters().unwrap());
            let difference = difference(own, whole);
            assert!(difference < 1e-10, "{difference}");
            if ranks.size() == 1 {
                assert_eq!(bits(own), bits(whole));
            }
        }
        assert_eq!(model.labels(), names);
        leave(ranks, model.parameters().unwrap());
    }
    multi_label_errors(ranks, (&x, &sets), how)
}

fn multi_label_errors(
    ranks: &Ranks<'_>,
    (x, sets): (&Array2<f64>, &[Vec<&'static str>]),
    how: Hyperparameters,
) -> Result<()> {
    let bad = ranks.size() - 1;
    let x = Examples::columns(x);
    let names = ["few", "many", "right", "some"];
    let mut model = MultiLabelClassifier::new(how.clone()).with_labels(&names);
    let mut other = sets.to_vec();
    if ranks.rank() == bad {
        other[3].push("none");
    }
    let result = ranks.fit_multi_label(&mut model, x, &other, FitOptions::new());
    is_of_rank(result, bad, "the label of example 3");
    let fewer = if ranks.rank() == bad { &sets[..202] } else { sets };
    let result = ranks.fit_multi_label(&mut model, x, fewer, FitOptions::new());
    is_of_rank(result, bad, "202");
    let mut table = Array2::zeros((4, sets.len()));
    if ranks.rank() == bad {
        table[[2, 7]] = f64::NAN;
    }
    let labels = LabelSets::table(Examples::columns(&table), &names);
    let result = ranks.fit_multi_label(&mut model, x, labels, FitOptions::new());
    is_of_rank(result, bad, "labels[label 2, example 7] is NaN");

    let mut undeclared = MultiLabelClassifier::<f64, &str>::new(how.clone());
    let error = ranks.fit_multi_label(&mut undeclared, x, sets, FitOptions::new()).unwrap_err();
    assert!(error.to_string().contains("with_labels"), "{error}");
    let balanced = how.clone().class_weights(ClassWeights::Balanced);
    let mut weighted = MultiLabelClassifier::new(balanced).with_labels(&names);
    let error = ranks.fit_multi_label(&mut weighted, x, sets, FitOptions::new()).unwrap_err();
    assert!(error.to_string().contains("class_weights"), "{error}");

    let more = ["few", "many", "right", "some", "more"];
    let declared = if ranks.rank() == 1 { &more[..] } else { &names };
    let mut model = MultiLabelClassifier::new(how.clone()).with_labels(declared);
    let result = ranks.fit_multi_label(&mut model, x, sets, FitOptions::new());
    disagrees(ranks, result, "number of outputs", "5");
    if ranks.size() > 1 {
        let mut multi_label = MultiLabelClassifier::new(how.clone()).with_labels(&names);
        let mut regressor = Regressor::new(how);
        let result = match ranks.rank() {
            1 => ranks.fit_multi_label(&mut multi_label, x, sets, FitOptions::new()),
            _ => ranks.fit_regressor(&mut regressor, x, x, FitOptions::new()),
        };
        disagrees(ranks, result, "kind of model", "label sets");
    }
    Ok(())
}

pub fn errors(ranks: &Ranks<'_>) -> Result<()> {
    let bad = ranks.size() - 1;
    let is_bad = ranks.rank() == bad;
    let (x, y) = examples::<f64>(5, 3, 40);
    let labels = labels(&y);
    let fit = |how: Hyperparameters, x: &Array2<f64>, labels: &[&'static str]| {
        let mut model = Classifier::new(how).with_classes(&CLASSES);
        ranks.fit_classifier(&mut model, Examples::columns(x), labels, FitOptions::new())
    };
    let how = how().validation_share(0.0);
    let mut broken = x.clone();
    if is_bad {
        broken[[2, 7]] = f64::NAN;
    }
    is_of_rank(fit(how.clone(), &broken, &labels), bad, "X[feature 2, example 7] is NaN");
    let mut unknown = labels.clone();
    if is_bad {
        unknown[3] = "none";
    }
    is_of_rank(fit(how.clone(), &x, &unknown), bad, "the label of example 3");
    let fewer = if is_bad { &labels[..39] } else { &labels[..] };
    is_of_rank(fit(how.clone(), &x, fewer), bad, "39");

    let other = if ranks.rank() == 1 { how.clone().seed(99) } else { how.clone() };
    disagrees(ranks, fit(other, &x, &labels), "set of hyperparameters", "seed: 99");
    let four = Array2::from_shape_fn((4, 40), |(i, j)| x[[i, j]]);
    let x_here = if ranks.rank() == 1 { &four } else { &x };
    disagrees(ranks, fit(how.clone(), x_here, &labels), "number of features", "4");

    let names = ["a", "b", "c", "d", "e"];
    let named_fit = |names: &[&str], x: &Array2<f64>| {
        let mut model = Classifier::new(how.clone().epochs(1)).with_classes(&CLASSES);
        let named = Examples::columns(x).feature_names(names);
        let history = ranks.fit_classifier(&mut model, named, &labels, FitOptions::new());
        assert_eq!(history.is_ok(), model.feature_names().is_some_and(|kept| kept == names));
        history
    };
    let other = ["a", "b", "c", "d", "other"];
    let names_here = if ranks.rank() == 1 { &other } else { &names };
    disagrees(ranks, named_fit(names_here, &x), "list of feature names", "other");
    let names_here = if is_bad { &["a", "b", "c", "d", "a"] } else { &names };
    is_of_rank(named_fit(names_here, &x), bad, "feature 4 is named \"a\"");
    is_of_rank(named_fit(&names, &broken), bad, "X[feature 2 (c), example 7] is NaN");
    named_fit(&names, &x)?;
    let mut constant = x.clone();
    constant.row_mut(3).fill(0.1);
    let error = named_fit(&names, &constant).unwrap_err();
    assert_eq!(error, Error::ConstantFeature { feature: 3, name: Some("d".into()) });

    let is_other = ranks.rank() == 1;
    let classes = if is_other { &CLASSES[..2] } else { &CLASSES[..] };
    let mut model = Classifier::new(how.clone()).with_classes(classes);
    let few_and_many = ["few", "many"].repeat(20);
    let (table, options) = (Examples::columns(&x), FitOptions::new());
    let result = ranks.fit_classifier(&mut model, table, &few_and_many, options);
    disagrees(ranks, result, "number of classes", "2");
    let kept = Checkpoints::new(folder().join("kept"), 1).expect("a folder");
    for every in [1, 2] {
        // Some ranks have no checkpoint, or a different one.
        let kept = kept.clone().every(every).expect("above 0");
        let kept_here = if is_other { kept.every(5).expect("above 0") } else { kept };
        let mut model = Classifier::new(how.clone()).with_classes(&CLASSES);
        let mut options = FitOptions::new();
        if every == 2 || is_other {
            options = options.checkpoints(&kept_here);
        }
        let result = ranks.fit_classifier(&mut model, table, &labels, options);
        disagrees(ranks, result, "interval of checkpoints", "5");
    }
    if ranks.size() > 1 {
        let options = FitOptions::new();
        let mut classifier = Classifier::new(how.clone()).with_classes(&CLASSES);
        let mut regressor = Regressor::new(how.clone());
        let result = match is_other {
            true => ranks.fit_regressor(&mut regressor, table, table, options),
            false => ranks.fit_classifier(&mut classifier, table, &labels, options),
        };
        disagrees(ranks, result, "kind of model", "Y");
    }
    let nowhere = fit(how.clone().learning_rate(-1.0), &x, &labels);
    assert!(matches!(nowhere, Err(Error::OnRank { rank: 0, .. })));

    let same = vec!["some"; 40];
    assert_eq!(fit(how.clone(), &x, &same).unwrap_err(), Error::OneClass);
    let mut constant = x.clone();
    constant.row_mut(3).fill(0.1);
    let error = fit(how.clone(), &constant, &labels).unwrap_err();
    assert_eq!(error, Error::ConstantFeature { feature: 3, name: None });
    let nobody = Array2::zeros((5, 0));
    assert!(matches!(fit(how.clone(), &nobody, &[]), Err(Error::EmptyBatch { .. })));
    let mut undeclared = Classifier::<f64, &str>::new(how.clone());
    let error = ranks.fit_classifier(&mut undeclared, table, &labels, FitOptions::new());
    let error = error.unwrap_err();
    assert!(error.to_string().contains("with_classes"), "{error}");
    fit(how, &x, &labels).map(|_| ())
}

/// Monitored figures, chosen validation examples, L-BFGS, and warm starts.
pub fn continued(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 203);
    let plain = how().validation_share(0.0).patience(None).keep_prob(1.0).clip_norm(None);
    let plateau = Plateau::new(0.5, 1).lowest(0.001);
    for how in [
        plain.clone().schedule(Schedule::InverseScaling { power: 0.2 }).shuffle(false),
        plain.clone().plateau(plateau).monitor(Monitor::ValidationScore),
        plain.clone().patience(4).monitor(Monitor::TrainingCost).tolerance(0.01),
        plain.lbfgs(LbfgsOptions::default()).hidden(&[8]),
    ] {
        let held_out = |example: usize| example % 5 == 2;
        let mut whole = Classifier::new(how.clone()).with_classes(&CLASSES);
        let mut model = whole.clone();
        let mine = uneven(ranks, 203);
        let own: Vec<usize> =
            mine.clone().filter(|&i| held_out(i)).map(|i| i - mine.start).collect();
        let (x_here, y_here) = (columns(&x, mine.clone()), columns(&y, mine));
        for epochs in [4, 3] {
            let all = (0..203).filter(|&i| held_out(i));
            let options = FitOptions::new().warm_start(true).epochs(epochs).validation(all);
            let expected = whole.fit_with(Examples::columns(&x), &labels(&y), options)?;
            let options =
                FitOptions::new().warm_start(true).epochs(epochs).validation(own.iter().copied());
            let x = Examples::columns(&x_here);
            let history = ranks.fit_classifier(&mut model, x, &labels(&y_here), options)?;
            is_close(&history, &expected);
            assert_eq!((history.stop, history.evaluations), (expected.stop, expected.evaluations));
            let (own, whole) = (model.parameters().unwrap(), whole.parameters().unwrap());
            let difference = difference(own, whole);
            assert!(difference < 1e-8, "{difference}");
            if ranks.size() == 1 {
                assert_eq!(bits(own), bits(whole));
            }
        }
    }
    Ok(())
}

/// Ranks that start from different networks, or set different learning rates.
pub fn differing(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 40);
    let (x, labels) = (Examples::columns(&x), labels(&y));
    let is_other = ranks.rank() == 1;
    let how = how().validation_share(0.0);
    let mut model = Classifier::new(how.clone()).with_classes(&CLASSES);
    let warm = || FitOptions::new().warm_start(true);
    if is_other {
        model.fit(x, &labels)?;
    }
    disagrees(
        ranks,
        ranks.fit_classifier(&mut model, x, &labels, warm()),
        "start of the fit",
        "true",
    );
    let mut model = Classifier::new(how.clone()).with_classes(&CLASSES);
    model.fit(x, &labels)?;
    if is_other {
        model.fit_with(x, &labels, warm().epochs(1))?;
    }
    let result = ranks.fit_classifier(&mut model, x, &labels, warm());
    disagrees(ranks, result, "network to continue", "7 epochs");
    let mut model = Classifier::new(how.clone()).with_classes(&CLASSES);
    let options = FitOptions::new().on_epoch(|epoch| {
        epoch.set_learning_rate(if is_other { 0.125 } else { 0.25 });
        ControlFlow::Continue(())
    });
    let result = ranks.fit_classifier(&mut model, x, &labels, options);
    disagrees(ranks, result, "learning rate", "0.125");

    let mut model = Classifier::new(how).with_classes(&CLASSES);
    let last = ranks.size() - 1;
    let options = FitOptions::new().on_batch(|batch| {
        let stop = ranks.rank() == last && (batch.epoch, batch.batch) == (1, 1);
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let history = ranks.fit_classifier(&mut model, x, &labels, options)?;
    assert_eq!((history.epochs.len(), history.stopped_early), (1, true));
    Ok(())
}

pub fn stopped(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 40);
    let mut model = Classifier::new(how()).with_classes(&CLASSES);
    let options = FitOptions::new().on_epoch(|epoch| {
        let last = ranks.rank() + 1 == ranks.size() && epoch.record.epoch == 2;
        if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let history = ranks.fit_classifier(&mut model, Examples::columns(&x), &labels(&y), options)?;
    assert_eq!((history.epochs.len(), history.stopped_early), (3, true));
    Ok(())
}

/// A fit in which rank 1 may be killed.
pub fn resumed(ranks: &Ranks<'_>) -> Result<()> {
    let (x, y) = examples::<f64>(5, 3, 203);
    let mine = uneven(ranks, 203);
    let (x, y) = (columns(&x, mine.clone()), columns(&y, mine));
    // Each rank has its own disk; only the first rank writes.
    let disk = folder().join(format!("disk-{}", ranks.rank()));
    let kept = Checkpoints::new(&disk, 2).expect("a folder");
    let kill = kill_in();
    let mut seen = Vec::new();
    let mut model = Classifier::new(how().epochs(10)).with_classes(&CLASSES);
    let options = FitOptions::new().checkpoints(&kept).on_epoch(|epoch| {
        seen.push(epoch.record.epoch);
        if ranks.rank() == 1 && kill == Some(epoch.record.epoch) {
            kill_me();
        }
        ControlFlow::Continue(())
    });
    let history = ranks.fit_classifier(&mut model, Examples::columns(&x), &labels(&y), options)?;
    assert_eq!(history.epochs.len(), 10);
    if folder().join("interrupted").exists() {
        assert!(seen.len() < 10, "the fit began from the start");
    }
    if !ranks.is_first() {
        assert_eq!(std::fs::read_dir(&disk).expect("a folder").count(), 0);
    }
    // All ranks refuse other data in the same folder.
    let mut model = Classifier::new(how().epochs(10)).with_classes(&CLASSES);
    let options = FitOptions::new().checkpoints(&kept);
    let moved = &x + 1.0;
    let other = ranks.fit_classifier(&mut model, Examples::columns(&moved), &labels(&y), options);
    assert!(matches!(other, Err(Error::Checkpoint { .. })));
    let mut model = Classifier::new(how().epochs(10)).with_classes(&CLASSES);
    let options = FitOptions::new().checkpoints(&kept);
    let again = ranks.fit_classifier(&mut model, Examples::columns(&x), &labels(&y), options)?;
    assert_eq!(again, history);
    leave(ranks, model.parameters().unwrap());
    Ok(())
}
