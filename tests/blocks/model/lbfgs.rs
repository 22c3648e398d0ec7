//! Models trained by L-BFGS.

use super::{GO_ON, clouds, fitted, quick};
use dnn_blocks::Error;
use dnn_blocks::cost::Targets;
use dnn_blocks::model::ClassWeights;
use dnn_blocks::ndarray::{Array1, Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions, Progress, Stop};
use std::ops::ControlFlow;

fn how() -> Hyperparameters {
    quick().lbfgs(LbfgsOptions::default())
}

/// A fit is the loop of the block on the same cost: with L2, weights and standardized features.
#[test]
fn a_fit_is_a_loop_of_public_calls() {
    let (x, labels) = clouds(3, 60);
    let weights: Array1<f64> = (0..60).map(|i| f64::from(1 + i % 3)).collect();
    let how = how().l2(0.5).epochs(12);
    let mut model = Classifier::<f64, usize>::new(how.clone());
    let options = FitOptions::new().weights(weights.as_slice().unwrap());
    let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();

    let scaled = Standardizer::fit(&x.t()).unwrap().transform(&x.t()).unwrap();
    let y = Array2::from_shape_fn((1, 60), |(_, i)| labels[i] as f64);
    let targets = || Targets::from(&y).weighted(&weights);
    let mut rng = NumpyRandom::seed(how.seed);
    let mut parameters = initialize_parameters_deep(&[2, 8, 3], how.initializer, &mut rng)
        .unwrap()
        .with_activations(Activation::Relu, Activation::Softmax);
    let objective = Objective::new(Cost::CategoricalCrossEntropy).l2(0.5);
    let mut workspace = Workspace::new(&parameters, 60).unwrap();
    let mut search = Lbfgs::new(&parameters, LbfgsOptions::default()).unwrap();
    while search.iterations() < 12 {
        let (cost, gradients) =
            workspace.cost_and_gradients(&scaled, targets(), &parameters, &objective).unwrap();
        let progress = search.step(&mut parameters, cost, gradients).unwrap();
        if progress == Progress::Iteration {
            let record = &history.epochs[search.iterations() as usize - 1];
            assert_eq!(record.cost, search.cost());
            assert_eq!(record.learning_rate, search.step_length());
            assert_eq!(record.gradient_norm, search.gradient_norm());
        }
    }
    search.copy_best_to(&mut parameters).unwrap();
    assert_eq!(model.parameters(), Some(&parameters));
    assert_eq!(history.evaluations, Some(search.evaluations()));
    assert_eq!(history.stop, Some(Stop::Iterations));
}

#[test]
fn a_fit_says_whether_and_why_it_converged() {
    let (x, labels) = clouds(2, 60);
    let linear = how().hidden(&[]).l2(0.1).epochs(500);
    let end = |how: Hyperparameters| {
        let history = Classifier::<f64, usize>::new(how).fit(Examples::rows(&x), &labels).unwrap();
        (history.stop, history.stopped_early, history.epochs.len())
    };
    let (stop, early, epochs) = end(linear.clone());
    assert!(stop.unwrap().converged() && early && epochs < 100, "{stop:?} {epochs}");
    assert_eq!(end(linear.clone().epochs(2)), (Some(Stop::Iterations), false, 2));
    let options = LbfgsOptions::default();
    let limited = linear.clone().lbfgs(options.max_iterations(3));
    assert_eq!(end(limited), (Some(Stop::Iterations), true, 3));
    let (stop, _, epochs) = end(linear.clone().lbfgs(options.max_evaluations(4)));
    assert!(stop == Some(Stop::Evaluations) && epochs < 4, "{stop:?} {epochs}");
    let (stop, ..) = end(linear.clone().lbfgs(options.gradient_tolerance(1e9)));
    assert_eq!(stop, Some(Stop::Gradient), "the first gradient is below the tolerance");
    assert_eq!(end(quick()).0, None, "no stop without L-BFGS");
}

#[test]
fn callbacks_see_iterations_and_evaluations() {
    let (x, labels) = clouds(2, 60);
    let mut model = Classifier::<f64, usize>::new(how().epochs(8));
    let (mut evaluations, mut last) = (0, None);
    let options = FitOptions::new()
        .on_epoch(|epoch| {
            last = Some(epoch.parameters.clone());
            if epoch.record.epoch == 5 { ControlFlow::Break(()) } else { GO_ON }
        })
        .on_batch(|batch| {
            evaluations += 1;
            assert_eq!(batch.batches, 1);
            GO_ON
        });
    let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
    assert_eq!((history.epochs.len(), history.stop), (6, None));
    assert_eq!(Some(evaluations), history.evaluations);
    assert_eq!(model.parameters(), last.as_ref());

    // A stop after any evaluation leaves the last iteration.
    for stop in 0..12 {
        let mut model = Classifier::<f64, usize>::new(how());
        let (mut last, mut evaluations) = (None, 0);
        let options = FitOptions::new()
            .on_epoch(|epoch| {
                last = Some(epoch.parameters.clone());
                GO_ON
            })
            .on_batch(|_| {
                evaluations += 1;
                if evaluations > stop { ControlFlow::Break(()) } else { GO_ON }
            });
        let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
        assert!(history.stopped_early && history.stop.is_none());
        assert_eq!(history.evaluations, Some(stop + 1));
        assert_eq!(model.parameters(), last.as_ref().or(model.parameters()));
    }
}

#[test]
fn patience_and_validation_work_with_iterations() {
    let (x, labels) = clouds(2, 60);
    let how = how().validation_share(0.3).patience(2).epochs(300);
    let mut model = Classifier::<f64, usize>::new(how);
    let history = model.fit(Examples::rows(&x), &labels).unwrap();
    let costs = history.validation_costs();
    let best = history.best_epoch.unwrap();
    assert_eq!(costs.len(), history.epochs.len());
    assert!(costs.iter().all(|cost| *cost >= costs[best]));
}

#[test]
fn class_weights_and_regressions() {
    let (x, labels) = clouds(3, 60);
    let balanced = fitted(how().class_weights(ClassWeights::Balanced), &x, &labels);
    assert!(balanced.score(Examples::rows(&x), &labels).unwrap() > 0.95);

    let y = Array2::from_shape_fn((60, 2), |(i, j)| 100.0 + x[[i, j]] * x[[i, 0]]);
    let mut model = Regressor::<f64>::new(how().epochs(200).activation(Activation::Tanh));
    model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    assert!(model.score(Examples::rows(&x), Examples::rows(&y)).unwrap() > 0.99);

    let (x, y) = (x.mapv(|x| x as f32), y.mapv(|y| y as f32));
    let mut model = Regressor::<f32>::new(how().epochs(200).activation(Activation::Tanh));
    let history = model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    assert!(model.score(Examples::rows(&x), Examples::rows(&y)).unwrap() > 0.99);
    assert!(history.epochs.windows(2).all(|pair| pair[1].cost <= pair[0].cost * (1.0 + 1e-6)));
}

/// A first cost that is not finite is a divergence; the model keeps its initial weights.
#[test]
fn a_start_that_is_not_finite_is_said() {
    let x = array![[1e300, 0.0], [0.0, -1e300], [1e300, 1e300], [-1e300, 0.5]];
    let y = array![1e300, 1.0, -1e300, 0.0];
    let mut model = Regressor::<f64>::new(how().standardize(false));
    let error = model.fit(Examples::rows(&x), Examples::values(&y)).unwrap_err();
    assert_eq!(error, Error::Diverged { epoch: 0, batch: 0 });
    assert!(model.parameters().unwrap().is_finite());
}
