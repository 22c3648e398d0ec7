//! Options of a fit: a callback, and a weight for each example.

use super::{GO_ON, clouds, fitted, quick};
use crate::support::reference::assert_number;
use dnn_blocks::ndarray::Axis;
use dnn_blocks::prelude::*;
use std::ops::ControlFlow;

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
                assert!((0.0..=1.0).contains(&score) && epoch.total_epochs == 30);
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

/// A weight of 2 equals a repeated example, and a weight of 0 a removed one (full batches, no
/// scaling).
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
