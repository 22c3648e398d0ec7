//! Logistic regression with the functions of week 2, against the course's cases, central
//! differences, and a network of one sigmoid unit.

use crate::support::reference::{assert_close, assert_number, cases, matrix, matrix_of, number};
use dnn_blocks::Error;
use dnn_blocks::course::{
    Descent, LogisticParameters, initialize_with_zeros, logistic_regression, optimize, propagate,
};
use dnn_blocks::ndarray::{Array2, ArrayView2, ShapeBuilder, array};
use dnn_blocks::prelude::*;
use serde_json::Value;

/// Bounds for sums, and for the first cost of a case: it has ln(1 - a) at a = 0.99999..., where f32
/// has two digits of 1 - a.
fn bounds<F: Float>() -> (f64, f64) {
    if F::epsilon().as_f64() < 1e-10 { (1e-9, 1e-9) } else { (2e-3, 1e-2) }
}

fn inputs_of<F: Float>(inputs: &Value) -> (Array2<F>, F, Array2<F>, Array2<F>) {
    let [w, x, y] = ["w", "X", "Y"].map(|name| matrix_of(&inputs[name]));
    (w, F::of(number(&inputs["b"])), x, y)
}

fn zeros<F: Float>() {
    for (inputs, expected) in cases("c1w2_logreg_initialize_with_zeros") {
        let dim = inputs["dim"].as_u64().unwrap() as usize;
        let (w, b) = initialize_with_zeros::<F>(dim).unwrap();
        assert_close("w", &w, &matrix(&expected["w"]), 0.0);
        assert_eq!(b.as_f64(), number(&expected["b"]));
    }
}

fn propagated<F: Float>() {
    let (sums, saturated) = bounds::<F>();
    for (inputs, expected) in cases("c1w2_logreg_propagate") {
        let (w, b, x, y) = inputs_of::<F>(&inputs);
        let (grads, cost) = propagate(&w, b, &x, &y).unwrap();
        assert_number("cost", cost.as_f64(), number(&expected["cost"]), saturated);
        assert_close("dw", &grads.dw, &matrix(&expected["dw"]), sums);
        assert_number("db", grads.db.as_f64(), number(&expected["db"]), sums);
    }
}

fn optimized<F: Float>() {
    let (sums, saturated) = bounds::<F>();
    for (inputs, expected) in cases("c1w2_logreg_optimize") {
        let (w, b, x, y) = inputs_of::<F>(&inputs);
        let num_iterations = inputs["num_iterations"].as_u64().unwrap() as usize;
        let descent = Descent::new(number(&inputs["learning_rate"]), num_iterations).every(100);
        let (params, grads, costs) = optimize(&w, b, &x, &y, descent).unwrap();
        assert_close("w", &params.w, &matrix(&expected["w"]), sums);
        assert_number("b", params.b.as_f64(), number(&expected["b"]), sums);
        assert_close("dw", &grads.dw, &matrix(&expected["dw"]), sums);
        assert_number("db", grads.db.as_f64(), number(&expected["db"]), sums);
        let published = matrix(&expected["costs_every_100"]);
        assert_eq!(costs.len(), published.len() + 1);
        assert_eq!(costs[1].0, 99);
        for ((i, cost), expected) in costs.iter().zip(&published) {
            assert_number(&format!("cost {i}"), cost.as_f64(), *expected, saturated);
        }
    }
}

#[test]
fn the_course_cases_in_f64() {
    zeros::<f64>();
    propagated::<f64>();
    optimized::<f64>();
}

#[test]
fn the_course_cases_in_f32() {
    zeros::<f32>();
    propagated::<f32>();
    optimized::<f32>();
}

fn random(seed: u32) -> (Array2<f64>, f64, Array2<f64>, Array2<f64>) {
    let mut rng = NumpyRandom::seed(seed);
    let mut draw = |rows, columns| Array2::from_shape_simple_fn((rows, columns), || rng.randn());
    let (w, x) = (draw(5, 1), draw(5, 23));
    (w, 0.3, x, draw(1, 23).mapv(|z| f64::from(u8::from(z > 0.0))))
}

#[test]
fn gradients_are_central_differences_of_the_cost() {
    let (w, b, x, y) = random(1);
    let cost = |w: &Array2<f64>, b| propagate(w, b, &x, &y).unwrap().1;
    let difference = |step: &dyn Fn(f64) -> f64| (step(1e-5) - step(-1e-5)) / 2e-5;
    let (grads, _) = propagate(&w, b, &x, &y).unwrap();
    for k in 0..w.len() {
        let moved = difference(&|step| {
            let mut w = w.clone();
            w[[k, 0]] += step;
            cost(&w, b)
        });
        assert!((grads.dw[[k, 0]] - moved).abs() < 1e-9, "dw[{k}]");
    }
    assert!((grads.db - difference(&|step| cost(&w, b + step))).abs() < 1e-9, "db");
}

/// From zeros the result is bit-identical to the model; the returned gradients precede the last
/// update.
#[test]
fn optimize_takes_the_steps_of_logistic_regression() {
    let (_, _, x, y) = random(2);
    let descent = Descent::new(0.2, 40).every(7);
    let (w, b) = initialize_with_zeros(5).unwrap();
    let (params, grads, costs) = optimize(&w, b, &x, &y, descent).unwrap();
    let trained = logistic_regression(&x, &y, descent).unwrap();
    assert_eq!(costs, trained.costs);
    assert_eq!(params.to_parameters().unwrap(), trained.parameters);
    let before = Descent::new(0.2, 39).every(7);
    let (LogisticParameters { w, b }, ..) = optimize(&w, b, &x, &y, before).unwrap();
    assert_eq!(propagate(&w, b, &x, &y).unwrap().0, grads);
}

/// Views in any layout are read as they are.
#[test]
fn layouts_change_no_result() {
    let (w, b, x, y) = random(3);
    let (grads, cost) = propagate(&w, b, &x, &y).unwrap();
    let mut columns_first = Array2::zeros(x.dim().f());
    columns_first.assign(&x);
    let mut backwards = y.clone();
    backwards.invert_axis(dnn_blocks::ndarray::Axis(1));
    backwards.assign(&y);
    let row = w.clone().reversed_axes();
    let (found, found_cost) = propagate(&row.t(), b, &columns_first, &backwards).unwrap();
    assert_close("dw", &found.dw, &grads.dw, 1e-12);
    assert_number("db", found.db, grads.db, 1e-12);
    assert_number("cost", found_cost, cost, 1e-12);
    assert!(found.dw.is_standard_layout() && grads.dw.is_standard_layout());
}

#[test]
fn what_does_not_fit_is_named() {
    let (w, b, x, y) = random(4);
    let message = |w: &Array2<f64>, x: &Array2<f64>, y: &Array2<f64>| {
        let error = propagate(w, b, x, y).unwrap_err();
        let descent = Descent::new(0.1, 3).every(0);
        assert_eq!(optimize(w, b, x, y, descent).unwrap_err(), error);
        error.to_string()
    };
    for short in [Array2::zeros((4, 1)), Array2::zeros((5, 2)), Array2::zeros((1, 5))] {
        let shape = short.dim();
        let rule = "w must be one column with as many rows as X";
        let expected = format!("w {shape:?} and X (5, 23) do not fit: {rule}");
        assert_eq!(message(&short, &x, &y), expected);
    }
    for short in [Array2::zeros((1, 22)), Array2::zeros((2, 23)), Array2::zeros((23, 1))] {
        let shape = short.dim();
        let rule = "Y must be one row with as many columns as X";
        let expected = format!("Y {shape:?} and X (5, 23) do not fit: {rule}");
        assert_eq!(message(&w, &x, &short), expected);
    }
    let none = Array2::zeros((5, 0));
    let expected = "X (5, 0) has no examples: a batch needs at least one column";
    assert_eq!(message(&w, &none, &y), expected);
    let none = Array2::zeros((0, 23));
    assert!(message(&Array2::zeros((0, 1)), &none, &y).starts_with("X (0, 23) is empty"));
}

#[test]
fn sizes_that_no_memory_holds_are_errors() {
    for dim in [usize::MAX, usize::MAX / 8, isize::MAX as usize] {
        let error = initialize_with_zeros::<f64>(dim).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
    let error = initialize_with_zeros::<f64>(0).unwrap_err();
    assert!(matches!(error, Error::ZeroSize { .. }), "{error}");
    let huge = ArrayView2::from_shape((1, usize::MAX / 16).strides((0, 0)), &[1.0]).unwrap();
    let error = propagate(&array![[1.0]], 0.0, &huge, &huge).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn a_descent_that_cannot_end_well_is_refused() {
    let (w, b, x, y) = random(5);
    let good = Descent::new(0.1, 3).every(0);
    let message = |w: &Array2<f64>, b: f64, x: &Array2<f64>, descent| {
        optimize(w, b, x, &y, descent).unwrap_err().to_string()
    };
    let none = Descent::new(0.1, 0).every(0);
    assert_eq!(message(&w, b, &x, none), "num_iterations is 0, but must be at least 1");
    let wrong = Descent::new(f64::INFINITY, 3).every(0);
    assert_eq!(message(&w, b, &x, wrong), "learning_rate is inf, but must be finite");
    assert_eq!(message(&w, f64::NAN, &x, good), "b[0, 0] is NaN");
    let mut bad = w.clone();
    bad[[2, 0]] = f64::NEG_INFINITY;
    assert_eq!(message(&bad, b, &x, good), "w[2, 0] is -inf");
    let mut bad = x.clone();
    bad[[3, 4]] = f64::NAN;
    assert_eq!(message(&w, b, &bad, good), "X[feature 3, example 4] is NaN");
    let wrong = Descent::new(f64::MAX, 1).every(0);
    let large = x.mapv(|x| 100.0 * x);
    let error = optimize(&w, b, &large, &y, wrong).unwrap_err();
    assert_eq!(error, Error::Diverged { epoch: 0, batch: 0 });

    // As a block, `propagate` lets NaN show instead.
    let (grads, cost) = propagate(&w, f64::NAN, &x, &y).unwrap();
    assert!(cost.is_nan() && grads.db.is_nan());
    // 1e39 is finite, but not as an f32.
    let ones = Array2::<f32>::ones((1, 2));
    let wrong = Descent::new(1e39, 3).every(0);
    let error = optimize(&array![[0.0]], 0.0, &ones, &ones, wrong).unwrap_err();
    assert_eq!(error.to_string(), "learning_rate is 1e39, but must be finite as an f32");
}
