//! The default hyperparameters: what a fit makes of those that follow the data.

use super::clouds;
use dnn_blocks::init::RandomSource;
use dnn_blocks::metrics;
use dnn_blocks::ndarray::{Array2, s};
use dnn_blocks::prelude::*;
use std::cell::RefCell;
use std::ops::ControlFlow;

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Returns the learning rates of a fit.
fn rates(history: &dnn_blocks::model::History) -> Vec<f64> {
    history.epochs.iter().map(|record| record.learning_rate).collect()
}

/// Returns half a cosine over `n` epochs.
fn half_cosine(rate: f64, n: usize) -> Vec<f64> {
    let schedule = Schedule::Cosine { warm_up: 0, total: n, lowest: 0.0 };
    (0..n).map(|epoch| schedule.at(rate, epoch)).collect()
}

#[test]
fn the_learning_rate_falls_to_0_over_each_fit() {
    let (x, labels) = clouds(2, 60);
    let x = Examples::rows(&x);
    let how = Hyperparameters::default().hidden(&[3]).epochs(7);
    let mut model = Classifier::<f64, usize>::new(how.clone());
    let rate = how.learning_rate;
    assert_eq!(rates(&model.fit(x, &labels).unwrap()), half_cosine(rate, 7));
    let again = FitOptions::new().warm_start(true).epochs(4);
    assert_eq!(rates(&model.fit_with(x, &labels, again).unwrap()), half_cosine(rate, 4));
    assert_eq!(rates(&model.partial_fit(x, &labels).unwrap()), [rate]);
    let part = FitOptions::new().epochs(3);
    assert_eq!(rates(&model.partial_fit_with(x, &labels, part).unwrap()), half_cosine(rate, 3));
    // It multiplies the rate that a callback sets.
    let halved = FitOptions::new().on_epoch(|epoch| {
        epoch.set_learning_rate(0.1);
        GO_ON
    });
    let found = rates(&model.fit_with(x, &labels, halved).unwrap());
    assert_eq!((found[0], &found[1..]), (rate, &half_cosine(0.1, 7)[1..]));
}

#[test]
fn batches_follow_the_number_of_training_examples() {
    for (m, expected) in [(20, 2), (100, 7), (300, 9), (2000, 16)] {
        let (x, labels) = clouds(2, m);
        let batches = RefCell::new(0);
        let how = Hyperparameters::default().hidden(&[2]).epochs(1);
        let mut model = Classifier::<f64, usize>::new(how.clone());
        let count = FitOptions::new().on_batch(|batch| {
            *batches.borrow_mut() = batch.batches;
            GO_ON
        });
        model.fit_with(Examples::rows(&x), &labels, count).unwrap();
        assert_eq!(*batches.borrow(), expected, "{m}");
        assert_eq!(m.div_ceil(how.batch_size_for(m)), expected, "{m}");
    }
}

/// Labels that are wrong in a quarter of the examples: the defaults overfit them less.
#[test]
fn the_defaults_predict_noisy_labels_better_than_plain_training() {
    let mut rng = NumpyRandom::seed(4);
    let x = Array2::from_shape_simple_fn((900, 8), || rng.randn());
    let label = |row: dnn_blocks::ndarray::ArrayView1<'_, f64>| {
        usize::from((row[0] + row[1] * row[2] > 0.0) != (rng.uniform() < 0.25))
    };
    let labels: Vec<usize> = x.rows().into_iter().map(label).collect();
    let (training, test) = (x.slice(s![..300, ..]), x.slice(s![300.., ..]));
    let log_loss = |how: Hyperparameters| {
        let mut model = Classifier::<f64, usize>::new(how);
        model.fit(Examples::rows(training), &labels[..300]).unwrap();
        let p = model.predict_proba(Examples::rows(test)).unwrap();
        metrics::log_loss(Actual(&labels[300..]), Predicted(&p.t())).unwrap()
    };
    let (default, plain) = (Hyperparameters::default(), Hyperparameters::plain());
    let (default, plain) = (log_loss(default), log_loss(plain));
    assert!(default < 0.97 * plain, "{default} {plain}");
}
