//! What a fit watches, and how it stops and slows down.

use super::{GO_ON, clouds, quick};
use dnn_blocks::Error;
use dnn_blocks::init::RandomSource;
use dnn_blocks::model::{History, Monitor};
use dnn_blocks::ndarray::{Array2, Axis};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::LbfgsOptions;
use dnn_blocks::train::patience::Patience;
use dnn_blocks::train::schedule::Plateau;
use std::ops::ControlFlow;

/// Noise without a rule to learn, so that the validation cost rises.
fn noise() -> (Array2<f64>, Vec<bool>) {
    let mut rng = NumpyRandom::seed(3);
    let x = Array2::from_shape_simple_fn((120, 6), || rng.randn());
    let labels = (0..120).map(|_| rng.uniform() < 0.5).collect();
    (x, labels)
}

fn overfitting() -> Hyperparameters {
    quick().hidden(&[50]).validation_share(0.3).epochs(100).learning_rate(0.02)
}

fn fit(how: Hyperparameters) -> (History, Classifier<f64, bool>) {
    let (x, labels) = noise();
    let mut model = Classifier::new(how);
    (model.fit(Examples::rows(&x), &labels).unwrap(), model)
}

#[test]
fn the_monitored_figure_decides() {
    let how = overfitting().patience(4);
    let best = |monitor| {
        let (history, _) = fit(how.clone().monitor(monitor));
        (history.best_epoch.unwrap(), history)
    };
    let (auto, _) = best(Monitor::Auto);
    let (cost, history) = best(Monitor::ValidationCost);
    assert_eq!(auto, cost);
    let lowest = |figures: &[f64]| {
        let lowest = figures.iter().copied().fold(f64::INFINITY, f64::min);
        figures.iter().position(|figure| *figure == lowest).unwrap()
    };
    assert_eq!(lowest(&history.validation_costs()), cost);

    let (score, history) = best(Monitor::ValidationScore);
    let losses: Vec<_> =
        history.epochs.iter().map(|record| -record.validation_score.unwrap()).collect();
    assert_eq!(lowest(&losses), score);
    assert_eq!(history.epochs.len(), score + 1 + 4);

    let (training, history) = best(Monitor::TrainingCost);
    assert!(training > 60 && history.validation_costs().len() > 60, "{training}");
}

#[test]
fn a_figure_of_a_validation_set_needs_one() {
    let (x, labels) = noise();
    for monitor in [Monitor::ValidationCost, Monitor::ValidationScore] {
        let mut model = Classifier::<f64, bool>::new(quick().monitor(monitor));
        let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
        assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
        assert!(model.parameters().is_none());
    }
}

/// Small decreases do not count for the patience, but the model has the lowest cost.
#[test]
fn the_tolerance_is_the_smallest_decrease_that_counts() {
    let (x, labels) = clouds(2, 60);
    let how = quick().batch_size(60).epochs(500).patience(5).learning_rate(0.002);
    let mut seen = Vec::new();
    let mut model = Classifier::<f64, usize>::new(how.clone().tolerance(0.05));
    let options = FitOptions::new().on_epoch(|epoch| {
        seen.push(epoch.parameters.clone());
        GO_ON
    });
    let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
    let epochs = history.epochs.len();
    assert!(epochs < 400 && history.stopped_early, "{epochs}");
    assert_eq!(history.best_epoch, Some(epochs - 1), "the cost fell to the end, but slowly");
    assert_eq!(model.parameters(), seen.last());

    let mut patience = Patience::new(5, 0.05).unwrap();
    let scaler = model.scaler().unwrap();
    let x = scaler.transform(&x.t()).unwrap();
    let y = Array2::from_shape_fn((1, 60), |(_, i)| labels[i] as f64);
    let costs = seen.iter().map(|parameters| {
        Cost::BinaryCrossEntropy.value(&predict_proba(&x, parameters).unwrap(), &y).unwrap()
    });
    let stops: Vec<_> = costs.map(|cost| patience.observe(cost)).collect();
    assert_eq!(stops.iter().position(|stop| *stop), Some(epochs - 1));
}

#[test]
fn a_plateau_lowers_the_learning_rate() {
    let plateau = Plateau::new(0.5, 3).lowest(0.004);
    let (history, _) = fit(overfitting().plateau(plateau));
    let mut patience = Patience::new(3, 0.0).unwrap();
    let mut rate = 0.02;
    for record in &history.epochs {
        assert_eq!(record.learning_rate, rate, "epoch {}", record.epoch);
        if patience.observe(record.validation_cost.unwrap()) {
            rate = plateau.reduce(rate);
            patience.restart();
        }
    }
    assert_eq!(rate, 0.004);
    assert_eq!(Plateau::new(0.1, 1).lowest(0.5).reduce(0.3), 0.3, "a lower rate stays");
}

/// The rate never rounds to 0, where a checkpoint could not be read any more.
#[test]
fn a_plateau_ends_before_the_rate_is_zero() {
    let (x, labels) = clouds(2, 40);
    let how = quick().plateau(Plateau::new(1e-20, 1)).tolerance(1e9).epochs(30);
    let mut model = Classifier::<f32, usize>::new(how);
    let history = model.fit(Examples::rows(&x.mapv(|x| x as f32)), &labels).unwrap();
    let last = history.epochs.last().unwrap().learning_rate;
    assert!(last > 0.0 && (last as f32) > 0.0, "{last}");
}

#[test]
fn chosen_validation_examples_are_held_out() {
    let (x, labels) = clouds(2, 60);
    let held_out: Vec<usize> = (40..60).collect();
    let (training, validation) = (x.slice_axis(Axis(0), (0..40).into()), &labels[..40]);
    let mut alone = Classifier::<f64, usize>::new(quick());
    alone.fit(Examples::rows(training), validation).unwrap();
    let mut model = Classifier::<f64, usize>::new(quick());
    let options = FitOptions::new().validation(held_out.iter().rev().copied());
    let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
    assert_eq!(model.parameters(), alone.parameters(), "trained on the first 40 only");
    assert_eq!(model.scaler(), alone.scaler(), "standardized by the first 40 only");

    let last = x.slice_axis(Axis(0), (40..60).into());
    let score = model.score(Examples::rows(last), &labels[40..]).unwrap();
    assert_eq!(history.epochs[29].validation_score, Some(score));

    let y = x.column(0);
    let options = FitOptions::new().validation(40..60);
    let mut model = Regressor::<f64>::new(quick());
    let history = model.fit_with(Examples::rows(&x), Examples::values(y), options).unwrap();
    let (x, y) = (Examples::rows(last), y.slice_axis(Axis(0), (40..60).into()));
    let score = model.score(x, Examples::values(y)).unwrap();
    assert!((history.epochs[29].validation_score.unwrap() - score).abs() < 1e-12);
}

#[test]
fn validation_examples_that_cannot_be_are_refused() {
    let (x, labels) = clouds(2, 10);
    let refused = |how: Hyperparameters, validation: Vec<usize>| {
        let mut model = Classifier::<f64, usize>::new(how);
        let options = FitOptions::new().validation(validation);
        let error = model.fit_with(Examples::rows(&x), &labels, options).unwrap_err();
        assert!(model.parameters().is_none());
        error.to_string()
    };
    let few = |n| format!("the number of validation examples is {n}, but must be at least 2");
    assert_eq!(refused(quick(), vec![]), few(0));
    assert_eq!(refused(quick(), vec![3]), few(1));
    let error = refused(quick(), vec![1, 10]);
    assert_eq!(error, "validation example is 10, but must be below the number of examples");
    let error = refused(quick(), vec![4, 1, 4]);
    assert_eq!(error, "validation example is 4, but must be given only once");
    let error = refused(quick(), vec![usize::MAX, 0]);
    assert!(error.ends_with("must be below the number of examples"), "{error}");
    let error = refused(quick(), (0..10).collect());
    assert!(error.starts_with("the training set (1, 0) has no examples"), "{error}");
    let class_0 = vec![0, 2, 4, 6, 8];
    assert_eq!(refused(quick(), class_0), Error::OneClass.to_string());
    assert!(refused(quick().validation_share(0.2), vec![1, 2]).contains("validation_share"));
    let mut model = Regressor::<f64>::new(quick());
    let mut endless = FitOptions::new().validation(0..);
    let error = Classifier::new(quick()).fit_with(Examples::rows(&x), &labels, endless);
    assert!(matches!(error, Err(Error::InvalidArgument { .. })), "an endless range ends");
    endless = FitOptions::new().validation(0..10);
    let (options, y) = (endless, Examples::rows(&x));
    let error = model.fit_with(Examples::rows(&x), y, options).unwrap_err();
    assert!(matches!(error, Error::EmptyBatch { .. }), "{error}");
}

#[test]
fn a_callback_sets_the_learning_rate_of_the_next_epochs() {
    let (x, labels) = clouds(2, 40);
    let schedule = Schedule::Step { factor: 0.5, every: 2 };
    let mut model = Classifier::<f64, usize>::new(quick().epochs(6).schedule(schedule));
    let options = FitOptions::new().on_epoch(|epoch| {
        if epoch.record.epoch == 2 {
            epoch.set_learning_rate(0.4);
        }
        GO_ON
    });
    let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
    let rates: Vec<_> = history.epochs.iter().map(|record| record.learning_rate).collect();
    assert_eq!(rates, [0.01, 0.01, 0.005, 0.2, 0.1, 0.1], "the schedule goes on");

    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-320] {
        let mut seen = None;
        let mut model = Classifier::<f32, usize>::new(quick());
        let options = FitOptions::new().on_epoch(|epoch| {
            seen = Some(epoch.parameters.clone());
            epoch.set_learning_rate(rate);
            GO_ON
        });
        let x = x.mapv(|x| x as f32);
        let error = model.fit_with(Examples::rows(&x), &labels, options).unwrap_err();
        assert!(matches!(error, Error::Hyperparameter { name: "learning_rate", .. }), "{error}");
        assert_eq!(model.parameters(), seen.as_ref());
    }
    let mut model = Classifier::<f64, usize>::new(quick().lbfgs(LbfgsOptions::default()));
    let options = FitOptions::new().on_epoch(|epoch| {
        epoch.set_learning_rate(0.1);
        GO_ON
    });
    let error = model.fit_with(Examples::rows(&x), &labels, options).unwrap_err();
    assert_eq!(error, Error::Inconsistent { what: "L-BFGS has no learning rate to set" });
}

/// A stop in the middle of an epoch leaves the parameters after that batch.
#[test]
fn a_callback_stops_after_any_batch() {
    let (x, labels) = clouds(2, 40);
    let stop_at = |epoch: usize, batch: usize| {
        let mut last = None;
        let mut model = Classifier::<f64, usize>::new(quick().batch_size(10));
        let options = FitOptions::new().on_batch(|done| {
            assert_eq!(done.batches, 4);
            assert!(done.cost > 0.0 && done.gradient_norm > 0.0);
            last = Some(done.parameters.clone());
            if (done.epoch, done.batch) == (epoch, batch) { ControlFlow::Break(()) } else { GO_ON }
        });
        let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
        assert!(history.stopped_early);
        assert_eq!(history.epochs.len(), epoch + usize::from(batch == 3), "the last batch ends it");
        assert_eq!(model.parameters(), last.as_ref());
        model
    };
    stop_at(0, 0);
    stop_at(2, 3);
    let mut model = stop_at(3, 1);
    // A warm start begins the interrupted epoch again.
    let options = FitOptions::new().warm_start(true);
    let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
    assert_eq!(history.epochs[0].epoch, 3);

    // With a patience the model has the best epoch, not the last batch.
    let mut best = None;
    let mut model = Classifier::<f64, usize>::new(quick().batch_size(10).patience(50));
    let options = FitOptions::new()
        .on_epoch(|epoch| {
            best = Some(epoch.parameters.clone());
            GO_ON
        })
        .on_batch(|done| if done.epoch == 4 { ControlFlow::Break(()) } else { GO_ON });
    let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
    assert_eq!(history.best_epoch, Some(3));
    assert_eq!(model.parameters(), best.as_ref());
}

/// scikit-learn: `learning_rate_init / pow(t + 1, power_t)`, where `t` counts examples.
#[test]
fn inverse_scaling_counts_examples() {
    let (x, labels) = clouds(2, 40);
    let schedule = Schedule::InverseScaling { power: 0.25 };
    let how = quick().schedule(schedule).epochs(2);
    let mut model = Classifier::<f64, usize>::new(how);
    let rates = |history: History| -> Vec<_> {
        history.epochs.iter().map(|record| record.learning_rate).collect()
    };
    let rate = |t: f64| 0.01 / (t + 1.0).powf(0.25);
    let history = model.fit(Examples::rows(&x), &labels).unwrap();
    assert_eq!(rates(history), [rate(0.0), rate(40.0)]);
    let few = x.slice_axis(Axis(0), (0..6).into());
    let history = model.partial_fit(Examples::rows(few), &labels[..6]).unwrap();
    assert_eq!(rates(history), [rate(80.0)]);
    let history = model.partial_fit(Examples::rows(few), &labels[..6]).unwrap();
    assert_eq!(rates(history), [rate(86.0)]);
}

#[test]
fn patience_counts_and_refuses() {
    let mut patience = Patience::new(2, 0.1).unwrap();
    let figures = [f64::NAN, f64::INFINITY, 5.0, 4.95, 4.92, 4.8];
    let stops = figures.map(|figure| patience.observe(figure));
    assert_eq!(stops, [false, false, false, false, true, false]);
    assert_eq!(patience.waited(), 0);
    assert_eq!(
        ([4.79, 4.71].map(|figure| patience.observe(figure)), patience.waited()),
        ([false, true], 2)
    );
    patience.restart();
    assert_eq!((patience.is_exhausted(), patience.waited()), (false, 0));
    assert!(!patience.observe(4.71), "the reference is still 4.8");
    assert!(Patience::new(0, 0.1).is_err());
    for tolerance in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(Patience::new(1, tolerance).is_err());
    }
    // A decrease by the tolerance does not count.
    let mut patience = Patience::new(1, 0.25).unwrap();
    assert_eq!([1.0, 0.75, 0.7].map(|figure| patience.observe(figure)), [false, true, false]);
    // Many small decreases count together.
    let mut patience = Patience::new(3, 0.25).unwrap();
    let stops = [1.0, 0.875, 0.75, 0.5].map(|figure| patience.observe(figure));
    assert_eq!((stops, patience.waited()), ([false; 4], 0));
}
