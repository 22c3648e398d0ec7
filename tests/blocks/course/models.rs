//! The models of the `course` module against their published cases and their loops.

use crate::support::reference::{
    assert_close, assert_number, cases, check_parameters, json, matrix, number,
};
use dnn_blocks::Error;
use dnn_blocks::course::datasets::moons;
use dnn_blocks::course::{
    Descent, Trained, WatchedDescent, l_layer_model, logistic_regression, nn_model, two_layer_model,
};
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::LbfgsOptions;
use serde_json::Value;
use std::ops::ControlFlow;

fn descent(inputs: &Value, every: usize) -> Descent {
    let num_iterations = number(&inputs["num_iterations"]) as usize;
    Descent::new(number(&inputs["learning_rate"]), num_iterations).every(every)
}

fn sizes(inputs: &Value) -> Vec<usize> {
    inputs["layers_dims"].as_array().unwrap().iter().map(|n| number(n) as usize).collect()
}

fn check_every_cost(trained: &Trained<f64>, expected: &Value) {
    let costs = expected["costs_every_iteration"].as_array().unwrap();
    assert_eq!(trained.costs.len(), costs.len());
    for (i, (found, expected)) in trained.costs.iter().zip(costs).enumerate() {
        assert_eq!(found.0, i);
        assert_number("cost", found.1, number(expected), 1e-12);
    }
    check_parameters(&trained.parameters, expected, 1e-11);
}

#[test]
fn two_layer_model_of_week_4() {
    for (inputs, expected) in cases("c1w4_two_layer_model") {
        let (x, y, sizes) = (matrix(&inputs["X"]), matrix(&inputs["Y"]), sizes(&inputs));
        let rng = &mut NumpyRandom::seed(1);
        let trained = two_layer_model(&x, &y, sizes[1], descent(&inputs, 1), rng).unwrap();
        check_every_cost(&trained, &expected);
    }
}

#[test]
fn l_layer_model_of_week_4() {
    for (inputs, expected) in cases("c1w4_L_layer_model") {
        let (x, y, sizes) = (matrix(&inputs["X"]), matrix(&inputs["Y"]), sizes(&inputs));
        let rng = &mut NumpyRandom::seed(1);
        let trained = l_layer_model(&x, &y, &sizes, descent(&inputs, 1), rng).unwrap();
        check_every_cost(&trained, &expected);
    }
}

fn check_costs(trained: &Trained<f64>, expected: &Value, bound: f64) {
    let expected = expected.as_object().unwrap();
    let mut checked = 0;
    for (iteration, cost) in &trained.costs {
        if let Some(expected) = expected.get(&iteration.to_string()) {
            assert_number(&format!("cost {iteration}"), *cost, number(expected), bound);
            checked += 1;
        }
    }
    assert!(checked > 1);
}

#[test]
fn planar_model_of_week_3() {
    for (inputs, expected) in cases("c1w3_planar_nn_model") {
        let (x, y) = (matrix(&inputs["X"]), matrix(&inputs["Y"]));
        let rng = &mut NumpyRandom::seed(number(&inputs["init_seed"]) as u32);
        let n_h = number(&inputs["n_h"]) as usize;
        let trained = nn_model(&x, &y, n_h, descent(&inputs, 1000), rng).unwrap();
        check_costs(&trained, &expected["costs"], 1e-9);
        check_parameters(&trained.parameters, &expected, 1e-9);
    }
}

#[test]
fn flower_of_week_3_end_to_end() {
    let (data, expected) = (json("planar_flower"), json("e2e_planar_short"));
    let (x, y) = (matrix(&data["X"]), matrix(&data["Y"]));
    for seed in [2, 3] {
        let costs = &expected[format!("costs_seed{seed}")];
        let last = costs.as_object().unwrap().keys().map(|i| i.parse::<usize>().unwrap()).max();
        let descent = Descent::new(1.2, last.unwrap() + 1).every(10);
        let trained = nn_model(&x, &y, 4, descent, &mut NumpyRandom::seed(seed)).unwrap();
        check_costs(&trained, costs, 1e-9);
    }
}

/// Week 2 starts its cases from given parameters; from zeros, the formula itself is the reference.
#[test]
fn logistic_regression_is_the_loop_of_week_2() {
    let (inputs, _) = cases("c1w2_logreg_optimize").remove(0);
    let (x, y) = (matrix(&inputs["X"]), matrix(&inputs["Y"]));
    let (n, m) = x.dim();
    let (mut w, mut b) = (Array2::<f64>::zeros((n, 1)), 0.0);
    let mut cost = 0.0;
    for _ in 0..100 {
        let a = (w.t().dot(&x) + b).mapv(|z: f64| 1.0 / (1.0 + (-z).exp()));
        let terms = a.iter().zip(&y).map(|(a, y)| y * a.ln() + (1.0 - y) * (1.0 - a).ln());
        cost = -terms.sum::<f64>() / m as f64;
        let dz = &a - &y;
        w = w - 0.009 / m as f64 * x.dot(&dz.t());
        b -= 0.009 * dz.sum() / m as f64;
    }
    let trained = logistic_regression(&x, &y, descent(&inputs, 0)).unwrap();
    assert_eq!(trained.costs.len(), 1);
    assert_number("cost", trained.costs[0].1, cost, 1e-12);
    let layer = &trained.parameters.layers()[0];
    assert_close("w", &layer.w.t().to_owned(), &w, 1e-12);
    assert_number("b", layer.b[[0, 0]], b, 1e-12);
}

/// The models are bit-identical to loops over the blocks.
#[test]
fn a_model_is_its_loop() {
    let data = json("c2_moons");
    let (x, y) = (matrix(&data["X"]), matrix(&data["Y"]));
    let descent = Descent::new(0.3, 30).every(7);
    let trained = l_layer_model(&x, &y, &[2, 6, 3, 1], descent, &mut NumpyRandom::seed(4)).unwrap();

    let rng = &mut NumpyRandom::seed(4);
    let mut parameters =
        initialize_parameters_deep(&[2, 6, 3, 1], Initializer::LeCun, rng).unwrap();
    let mut costs = Vec::new();
    for i in 0..30 {
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        if i % 7 == 0 || i == 29 {
            costs.push((i, compute_cost(&al, &y).unwrap()));
        }
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        update_parameters(&mut parameters, &gradients, 0.3).unwrap();
    }
    assert_eq!((trained.parameters, trained.costs), (parameters, costs));
}

#[test]
fn no_iteration_is_no_cost_and_what_does_not_fit_is_named() {
    let (x, y) = (array![[1.0, 2.0, 3.0]], array![[1.0, 0.0, 1.0]]);
    let descent = Descent::new(0.1, 0).every(10);
    let trained = logistic_regression(&x, &y, descent).unwrap();
    assert!(trained.costs.is_empty());
    assert_eq!(trained.parameters.layers()[0].w, array![[0.0]]);

    let rng = &mut NumpyRandom::seed(1);
    let short = array![[1.0, 0.0]];
    let error = two_layer_model(&x, &short, 2, descent, rng).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(2), .. }), "{error}");
    let error = l_layer_model(&x, &y, &[3, 2, 1], descent, rng).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(1), .. }), "{error}");
    let error = l_layer_model(&x, &y, &[1], descent, rng).unwrap_err();
    assert_eq!(error, Error::NoLayers);
    let none = Array2::<f64>::zeros((1, 0));
    let error = logistic_regression(&none, &none, descent).unwrap_err();
    assert!(matches!(error, Error::EmptyBatch { .. }), "{error}");
}

/// Values that lead to NaN are errors, and so is a descent that diverges.
#[test]
fn what_cannot_be_learnt_is_named() {
    let (x, y) = (array![[1.0, 2.0, -1.0], [3.0, 4.0, -3.2]], array![[1.0, 0.0, 1.0]]);
    let descent = Descent::new(0.1, 50).every(10);
    let deep = |x: &Array2<f64>, y: &Array2<f64>, descent| {
        let rng = &mut NumpyRandom::seed(1);
        l_layer_model(x, y, &[2, 3, 3, 1], descent, rng).map_err(|error| error.to_string())
    };
    deep(&x, &y, descent).unwrap();
    for value in [f64::NAN, f64::INFINITY] {
        let mut wrong = x.clone();
        wrong[[1, 2]] = value;
        let message = format!("X[feature 1, example 2] is {value}");
        assert_eq!(deep(&wrong, &y, descent).unwrap_err(), message);
    }
    let message = "Y[0, 1] is NaN";
    assert_eq!(deep(&x, &array![[1.0, f64::NAN, 0.0]], descent).unwrap_err(), message);
    let wrong = Descent::new(f64::NAN, 50).every(10);
    assert_eq!(deep(&x, &y, wrong).unwrap_err(), "learning_rate is NaN, but must be finite");
    let large = Descent::new(1e200, 50).every(10);
    let message = "epoch 2, batch 0: training diverged: cost or parameters are not finite";
    assert_eq!(deep(&x, &y, large).unwrap_err(), message);
    // No cost is computed after the last step.
    let large = Descent::new(f64::MAX, 1).every(10);
    let error = logistic_regression(&x.mapv(|x| 100.0 * x), &y, large).unwrap_err();
    assert_eq!(error, Error::Diverged { epoch: 0, batch: 0 });
    // The squares of the first gradient overflow.
    let (x, y) = (array![[1e200, -1e200]], array![[1.0, 0.0]]);
    let lbfgs = Descent::lbfgs(LbfgsOptions::default());
    let error = logistic_regression(&x, &y, lbfgs).unwrap_err();
    assert_eq!(error, Error::Diverged { epoch: 0, batch: 0 });
}

/// No step of such a rate changes a parameter. A rate of 0 is meant.
#[test]
fn a_learning_rate_that_rounds_to_0_is_refused() {
    let (x, y) = (array![[1.0_f32, 2.0]], array![[1.0_f32, 0.0]]);
    let error = logistic_regression(&x, &y, Descent::new(1e-50, 3)).unwrap_err();
    let rule = "different from 0 as an f32";
    assert_eq!(error, Error::Hyperparameter { name: "learning_rate", value: 1e-50, rule });
    let trained = logistic_regression(&x, &y, Descent::new(0.0, 3).every(1)).unwrap();
    assert_eq!(trained.parameters.layers()[0].w, array![[0.0]]);
    assert!(logistic_regression(&array![[1.0]], &array![[1.0]], Descent::new(1e-50, 3)).is_ok());
}

#[test]
fn a_descent_with_a_callback_shows_its_settings() {
    let descent = WatchedDescent::<f64>::from(Descent::new(0.5, 7));
    let settings = "Descent { learning_rate: 0.5, num_iterations: 7, every: 100, lbfgs: None }";
    assert_eq!(format!("{descent:?}"), format!("WatchedDescent {{ descent: {settings}, .. }}"));
}

#[test]
fn a_callback_sees_every_iteration_with_its_cost_and_parameters() {
    let (x, y) = moons::<f64>(60, 0.1, &mut NumpyRandom::seed(1)).unwrap();
    let mut seen = Vec::new();
    let descent = Descent::new(0.5, 30).every(1).on_iteration(|iteration| {
        seen.push((iteration.iteration, iteration.cost, iteration.parameters.clone()));
        ControlFlow::Continue(())
    });
    let trained = nn_model(&x, &y, 3, descent, &mut NumpyRandom::seed(2)).unwrap();
    let costs: Vec<_> = seen.iter().map(|(iteration, cost, _)| (*iteration, *cost)).collect();
    assert_eq!(costs, trained.costs);
    assert_eq!(seen[29].2, trained.parameters);
    for pair in seen.windows(2) {
        let al = predict_proba(&x, &pair[0].2).unwrap();
        assert_number("the next cost", compute_cost(&al, &y).unwrap(), pair[1].1, 1e-12);
    }
}

#[test]
fn a_callback_stops_gradient_descent_after_its_iteration() {
    let (x, y) = moons::<f64>(60, 0.1, &mut NumpyRandom::seed(1)).unwrap();
    let train = |descent: WatchedDescent<'_, f64>| {
        l_layer_model(&x, &y, &[2, 3, 1], descent, &mut NumpyRandom::seed(2)).unwrap()
    };
    let stopped = train(Descent::new(0.5, 500).on_iteration(|iteration| {
        if iteration.iteration == 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }));
    assert_eq!(stopped, train(Descent::new(0.5, 7).into()));
}

#[test]
fn a_callback_sees_and_stops_the_iterations_of_lbfgs() {
    let (x, y) = moons::<f64>(60, 0.1, &mut NumpyRandom::seed(1)).unwrap();
    let train = |until: usize, seen: &mut Vec<(usize, f64)>| {
        let descent = Descent::lbfgs(LbfgsOptions::default()).on_iteration(|iteration| {
            let al = predict_proba(&x, iteration.parameters).unwrap();
            let cost = compute_cost(&al, &y).unwrap();
            assert_number("the cost of the parameters", cost, iteration.cost, 1e-9);
            seen.push((iteration.iteration + 1, iteration.cost));
            if seen.len() == until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        two_layer_model(&x, &y, 4, descent, &mut NumpyRandom::seed(2)).unwrap()
    };
    let (mut all, mut first) = (Vec::new(), Vec::new());
    let trained = train(usize::MAX, &mut all);
    assert!(trained.stop.is_some_and(|stop| stop.converged()));
    assert_eq!(all, trained.costs[1..]);
    let stopped = train(3, &mut first);
    assert_eq!((first.as_slice(), stopped.stop), (&all[..3], None));
    assert_eq!(stopped.costs, trained.costs[..4]);
}
