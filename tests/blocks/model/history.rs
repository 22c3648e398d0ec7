//! The best epoch, and early stopping by patience.

use super::{GO_ON, clouds, quick};
use crate::support::reference::assert_number;
use dnn_blocks::data::split;
use dnn_blocks::init::RandomSource;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::regularization::l2_cost;

/// With noise for labels the validation cost soon rises, and the fit restores the best parameters.
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
    // Training can continue from there.
    let further = model.hyperparameters().clone().validation_share(0.0).patience(None);
    model.set_hyperparameters(further).unwrap();
    model.partial_fit(Examples::rows(&x), &labels).unwrap();
}

/// Without validation examples, patience compares training costs of the parameters that the fit can
/// restore. Here each epoch overshoots, and its record has the cost before it.
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

    // The optimizer's state belongs to later parameters: it starts anew.
    model.set_hyperparameters(how.clone().patience(None)).unwrap();
    model.partial_fit(Examples::columns(&x), &labels).unwrap();
    let mut expected = seen[best].clone();
    let mut workspace = Workspace::new(&expected, 60).unwrap();
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(how.l2);
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

/// A validation example overflows the network: the first validation cost is not finite, and
/// patience counts from there.
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
