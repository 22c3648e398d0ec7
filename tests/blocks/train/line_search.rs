//! The line search of L-BFGS, trial by trial: costs and derivatives are given, the steps follow from
//! algorithms 3.5 and 3.6 of Nocedal & Wright.

use crate::support::reference::assert_number;
use dnn_blocks::Error;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions, Progress, Stop};

/// A search over one weight and one bias, which both start at 0.
struct Line {
    parameters: Parameters<f64>,
    gradients: Gradients<f64>,
    search: Lbfgs<f64>,
}

impl Line {
    fn new() -> Self {
        Self::with_decrease_tolerance(0.0)
    }

    fn with_decrease_tolerance(tolerance: f64) -> Self {
        let options = LbfgsOptions::default().gradient_tolerance(0.0).decrease_tolerance(tolerance);
        let (w, b) = (Array2::zeros((1, 1)), Array2::zeros((1, 1)));
        let layer = Layer { w, b, activation: Activation::Identity };
        let parameters = Parameters::from_layers(vec![layer]).unwrap();
        let gradients = Gradients::zeros_like(&parameters);
        let search = Lbfgs::new(&parameters, options).unwrap();
        Self { parameters, gradients, search }
    }

    /// Returns a search that starts with this cost and this derivative.
    fn starting(cost: f64, derivative: f64) -> Self {
        let mut line = Self::new();
        assert_eq!(line.step((cost, derivative)), Progress::Trial);
        line
    }

    /// Evaluates the cost and its derivative with respect to the weight.
    fn step(&mut self, (cost, derivative): (f64, f64)) -> Progress {
        self.gradients.layers_mut()[0].dw[[0, 0]] = derivative;
        self.search.step(&mut self.parameters, cost, &self.gradients).unwrap()
    }

    fn weight(&self) -> f64 {
        self.parameters.layers()[0].w[[0, 0]]
    }
}

type Function<'a> = &'a dyn Fn(f64) -> (f64, f64);

/// Returns the weights that a search tries, if its trials have the cost and the derivative of these
/// functions. It starts at 0 with the cost 0 and the derivative -1, so the steps are the weights.
fn tried(functions: &[Function<'_>]) -> Vec<f64> {
    let mut line = Line::starting(0.0, -1.0);
    let mut weights = vec![line.weight()];
    for function in functions {
        assert_eq!(line.step(function(line.weight())), Progress::Trial, "{weights:?}");
        weights.push(line.weight());
    }
    weights
}

fn assert_tried(functions: &[Function<'_>], expected: &[f64]) {
    let found = tried(functions);
    for (found, expected) in found.iter().zip(expected) {
        assert_number(&format!("{expected:?}"), *found, *expected, 1e-12);
    }
    assert_eq!(found.len(), expected.len());
}

/// Returns the cubic with the value 0 and the derivative -1 at 0, this minimum, and the term
/// `c w³/3`.
fn cubic(minimum: f64, c: f64) -> impl Fn(f64) -> (f64, f64) {
    let b = (1.0 - c * minimum * minimum) / minimum;
    move |w| (-w + b * w * w / 2.0 + c * w.powi(3) / 3.0, -1.0 + b * w + c * w * w)
}

fn line(w: f64) -> (f64, f64) {
    (-w, -1.0)
}

fn infinite(_: f64) -> (f64, f64) {
    (f64::INFINITY, f64::INFINITY)
}

#[test]
fn the_first_step_has_length_1_or_is_the_gradient_if_that_is_shorter() {
    for (derivative, weight) in [(-4.0, 1.0), (16.0, -1.0), (-1.0, 1.0), (0.25, -0.25)] {
        assert_eq!(Line::starting(0.0, derivative).weight(), weight);
    }
}

#[test]
fn a_step_grows_to_the_minimum_of_the_cubic() {
    assert_tried(&[&cubic(4.0, 1.0 / 16.0)], &[1.0, 4.0]);
    let far = cubic(16.0, 1.0 / 256.0);
    assert_tried(&[&far, &far], &[1.0, 5.0, 16.0]);
}

/// It grows by at least 1.1 and at most 4 times the last increase, also if the cubic has no minimum
/// ahead.
#[test]
fn a_step_grows_within_bounds() {
    assert_tried(&[&cubic(1.5, 37.0 / 30.0)], &[1.0, 2.1]);
    assert_tried(&[&cubic(8.0, 1.0 / 64.0)], &[1.0, 5.0]);
    assert_tried(&[&cubic(-2.0, -0.5)], &[1.0, 5.0]);
    assert_tried(&[&line, &line, &line, &line], &[1.0, 5.0, 21.0, 85.0, 341.0]);
    // From 1, the minimum of the second cubic is at 6.
    let near = cubic(5.0, 0.1875);
    let shifted = |w: f64| (near(w - 1.0).0 - 1.0, near(w - 1.0).1);
    assert_tried(&[&line, &shifted], &[1.0, 5.0, 9.4]);
}

#[test]
fn a_step_that_is_too_long_shrinks_to_the_minimum_of_the_cubic() {
    assert_tried(&[&cubic(0.5, 0.0)], &[1.0, 0.5]);
    assert_tried(&[&cubic(0.4, -1.0)], &[1.0, 0.4]);
    // The minimum is behind a trial with a low cost.
    assert_tried(&[&cubic(0.8, 10.0)], &[1.0, 0.8]);
    let near = cubic(0.02, 0.0);
    assert_tried(&[&near, &near], &[1.0, 0.1, 0.02]);
}

/// A trial is at least a tenth of the interval away from both ends.
#[test]
fn a_step_shrinks_within_bounds() {
    let near = cubic(0.0005, 0.0);
    assert_tried(&[&near, &near, &near], &[1.0, 0.1, 0.01, 0.001]);
    assert_tried(&[&cubic(0.95, 20.0)], &[1.0, 0.9]);
}

/// If the costs are equal but for rounding, the minimum of the cubic can be near the other end.
#[test]
fn a_step_shrinks_by_at_most_nine_tenths() {
    let unit = 1024.0 * f64::EPSILON;
    // Between the steps 1 and 5, with u from 0 to 1, the derivative is (u - 0.05)(20 - 15 u) times
    // this number, and the cost rises by 2 units.
    let scale = 2.0 * unit / 4.375;
    let derivative = (scale / 4.0).sqrt();
    let mut line = Line::starting(1024.0, -derivative);
    assert_eq!(line.step((1024.0, -derivative)), Progress::Trial);
    assert_number("the second step", line.weight() / derivative, 5.0, 1e-12);
    let progress = line.step((1024.0 + 2.0 * unit, 0.95 * 5.0 * derivative));
    assert_eq!(progress, Progress::Trial);
    assert_number("the third step", line.weight() / derivative, 1.4, 1e-12);
}

#[test]
fn costs_that_are_not_finite_halve_the_step_at_most_20_times() {
    let mut line = Line::starting(0.0, -1.0);
    for trial in 0..19 {
        assert_eq!((line.weight(), line.search.stopped()), (0.5_f64.powi(trial), None));
        assert_eq!(line.step(infinite(0.0)), Progress::Trial);
    }
    assert_eq!(line.step(infinite(0.0)), Progress::Stopped(Stop::NoDecrease));
    assert_eq!((line.weight(), line.search.stopped()), (0.0, Some(Stop::NoDecrease)));
    assert_eq!(line.search.evaluations(), 21);
}

#[test]
fn a_cost_that_only_falls_is_accepted_at_the_20th_trial() {
    let mut search = Line::starting(0.0, -1.0);
    for _ in 0..19 {
        assert_eq!(search.step(line(search.weight())), Progress::Trial);
    }
    let weight = search.weight();
    assert_eq!(search.step(line(weight)), Progress::Iteration);
    assert_eq!((search.search.step_length(), search.search.cost()), (weight, -weight));
}

/// The interval with the minimum is the side to which the cost falls from its lowest point.
#[test]
fn the_interval_keeps_the_side_of_the_minimum() {
    let falls = |_| (-2.0, -0.95);
    assert_tried(&[&infinite, &falls], &[1.0, 0.5, 0.75]);
    assert_tried(&[&infinite, &cubic(0.4, 15.0)], &[1.0, 0.5, 0.4]);
    // The low end is the longer step.
    let rises = cubic(0.8, 10.0);
    assert_tried(&[&rises, &cubic(0.7, 20.0)], &[1.0, 0.8, 0.7]);
    let weights = tried(&[&rises, &falls]);
    assert!((0.82..=0.98).contains(&weights[2]), "{weights:?}");
}

/// Returns whether the search accepts the last of these costs and derivatives.
fn accepts(start: (f64, f64), trials: &[(f64, f64)]) -> bool {
    let mut line = Line::starting(start.0, start.1);
    let (last, before) = trials.split_last().unwrap();
    for trial in before {
        assert_eq!(line.step(*trial), Progress::Trial);
    }
    line.step(*last) != Progress::Trial
}

/// `c₁ = 1e-4` and `c₂ = 0.9`.
#[test]
fn a_step_is_accepted_by_the_strong_wolfe_conditions() {
    let start = (0.0, -1.0);
    assert!(accepts(start, &[(-1e-4, 0.0)]));
    assert!(!accepts(start, &[(-0.999e-4, 0.0)]));
    for slope in [-0.9, 0.9] {
        assert!(accepts(start, &[(-0.5, slope)]));
        assert!(!accepts(start, &[(-0.5, slope * 1.001)]));
    }
    // The second trial, at 5, must be lower than the first.
    let first = (-1.0, -1.0);
    assert!(accepts(start, &[first, (-1.001, 0.0)]));
    assert!(!accepts(start, &[first, (-1.0, 0.0)]));
    assert!(!accepts(start, &[first, (-0.999, 0.0)]));
    // And a trial within an interval lower than its low end.
    let first = (-1.0, 1.0);
    assert!(accepts(start, &[first, (-1.001, 0.0)]));
    assert!(!accepts(start, &[first, (-1.0, 0.0)]));
}

/// Costs that differ by less than 4 units of rounding count as equal.
#[test]
fn rounding_of_the_cost_does_not_reject_a_step() {
    let cost = |units: f64| 1024.0 + units * 1024.0 * f64::EPSILON;
    let start = (cost(0.0), -1e-10);
    assert!(accepts(start, &[(cost(4.0), 0.0)]));
    assert!(!accepts(start, &[(cost(5.0), 0.0)]));
    assert!(accepts(start, &[(2048.0, 0.0), (cost(3.0), 0.0)]));
    assert!(!accepts(start, &[(2048.0, 0.0), (cost(4.0), 0.0)]));
    let (start, first) = ((cost(0.0), -1.0), (1023.0, -1.0));
    let rounding = 4.0 * 1024.0 * f64::EPSILON;
    assert!(accepts(start, &[first, (1023.0, 0.0)]));
    assert!(!accepts(start, &[first, (1023.0 + rounding, 0.0)]));
}

#[test]
fn a_search_describes_its_last_iteration() {
    let mut line = Line::new();
    let mut parameters = line.parameters.clone();
    let before = (line.search.cost(), line.search.step_length(), line.search.gradient_norm());
    assert_eq!(before, (f64::INFINITY, 0.0, 0.0));
    let error = line.search.copy_best_to(&mut parameters).unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { name: "evaluations", .. }), "{error}");

    line.gradients.layers_mut()[0].db[[0, 0]] = 4.0;
    line.step((7.0, -3.0));
    assert_eq!((line.search.gradient_norm(), line.search.largest_derivative()), (5.0, 4.0));
    assert_eq!((line.search.cost(), line.search.step_length()), (7.0, 0.0));
    line.gradients.layers_mut()[0].db[[0, 0]] = 0.0;
    assert_eq!(line.step((5.0, -2.0)), Progress::Iteration);
    assert_eq!((line.search.cost(), line.search.gradient_norm()), (5.0, 2.0));
    // The length of the step was 1, so `α` was 1/5.
    assert_number("step length", line.search.step_length(), 0.2, 1e-15);
    line.search.copy_best_to(&mut parameters).unwrap();
    let layer = &parameters.layers()[0];
    assert_number("w", layer.w[[0, 0]], 0.6, 1e-15);
    assert_number("b", layer.b[[0, 0]], -0.8, 1e-15);
}

/// The scale is the larger cost, or 1.
#[test]
fn a_search_ends_if_the_relative_decrease_of_the_cost_is_below_its_tolerance() {
    for (before, after, ends) in [
        (1000.0, 901.0, true),
        (1000.0, 899.0, false),
        (-800.0, -888.0, true),
        (-800.0, -890.0, false),
        (0.75, 0.66, true),
        (0.75, 0.64, false),
    ] {
        let mut line = Line::with_decrease_tolerance(0.1);
        line.step((before, -1.0));
        let progress = line.step((after, -0.5));
        let expected = if ends { Progress::Stopped(Stop::Decrease) } else { Progress::Iteration };
        assert_eq!(progress, expected, "{before} {after}");
        assert_eq!(line.search.stopped(), ends.then_some(Stop::Decrease));
    }
}

#[test]
fn a_gradient_whose_square_is_0_ends_the_search() {
    let mut line = Line::new();
    assert_eq!(line.step((1.0, 1e-170)), Progress::Stopped(Stop::NoDecrease));
    assert_eq!(line.weight(), 0.0);
}

/// On an almost straight line the estimate of the inverse Hessian matrix is 1e27.
#[test]
fn a_direction_that_overflows_gives_way_to_the_gradient() {
    let mut search = Line::starting(0.0, -1.0);
    for _ in 0..19 {
        search.step(line(search.weight()));
    }
    let weight = search.weight();
    let almost = -1.0 + f64::EPSILON / 2.0;
    assert_eq!(search.step((-weight, almost)), Progress::Iteration);
    let weight = search.weight();
    assert!(weight > 1e26);
    // The derivative with respect to the bias would make a step of 1e177.
    search.gradients.layers_mut()[0].db[[0, 0]] = -1e150;
    assert_eq!(search.step((-2.0 * weight, 0.0)), Progress::Iteration);
    let layer = &search.parameters.layers()[0];
    assert_eq!(layer.w[[0, 0]], weight);
    assert_number("b", layer.b[[0, 0]], 1.0, 1e-15);
}

/// The estimate of the inverse Hessian matrix from the first step stays.
#[test]
fn a_step_on_a_straight_line_teaches_nothing() {
    let mut search = Line::starting(0.0, -1.0);
    assert_eq!(search.step((-0.75, -0.5)), Progress::Iteration);
    assert_eq!(search.weight(), 2.0);
    let straight = |w: f64| (-0.75 - 0.5 * (w - 1.0), -0.5);
    for _ in 0..19 {
        assert_eq!(search.step(straight(search.weight())), Progress::Trial);
    }
    let weight = search.weight();
    assert_eq!(search.step(straight(weight)), Progress::Iteration);
    assert_eq!(search.weight(), weight + 1.0, "twice the gradient");
}

/// Rosenbrock's function with the factor 10, and its gradient.
fn valley([w, b]: [f64; 2]) -> (f64, [f64; 2]) {
    let (to_one, to_valley) = (1.0 - w, b - w * w);
    let cost = to_one.powi(2) + 10.0 * to_valley.powi(2);
    (cost, [-2.0 * to_one - 40.0 * w * to_valley, 20.0 * to_valley])
}

fn dot(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// Returns `H·g`, where each pair of the history, oldest first, updates `H` by the BFGS formula
/// (Nocedal & Wright, equation 7.16), from the identity times `sᵀy/yᵀy` of the newest pair.
fn times_inverse_hessian(pairs: &[[[f64; 2]; 2]], g: [f64; 2]) -> [f64; 2] {
    let Some([s, y]) = pairs.last() else { return g };
    let scale = dot(*s, *y) / dot(*y, *y);
    let mut h = [[scale, 0.0], [0.0, scale]];
    for [s, y] in pairs {
        let rho = 1.0 / dot(*s, *y);
        let v = |i: usize, j: usize| f64::from(u8::from(i == j)) - rho * y[i] * s[j];
        let entry = |i: usize, j: usize| {
            let sum = |k: usize| (v(k, i) * h[k][0]) * v(0, j) + (v(k, i) * h[k][1]) * v(1, j);
            sum(0) + sum(1) + rho * s[i] * s[j]
        };
        h = [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]];
    }
    [dot(h[0], g), dot(h[1], g)]
}

#[test]
fn the_direction_follows_the_bfgs_formula() {
    for history in [1, 2, 3, 10] {
        let mut line = Line::new();
        let options = LbfgsOptions::default().history(history).gradient_tolerance(1e-3);
        line.search = Lbfgs::new(&line.parameters, options).unwrap();
        let at = |line: &Line| {
            let layer = &line.parameters.layers()[0];
            [layer.w[[0, 0]], layer.b[[0, 0]]]
        };
        let (mut best, mut pairs) = ([0.0; 2], Vec::new());
        loop {
            let point = at(&line);
            let (cost, [dw, db]) = valley(point);
            line.gradients.layers_mut()[0].db[[0, 0]] = db;
            match line.step((cost, dw)) {
                Progress::Trial => continue,
                Progress::Iteration => {}
                Progress::Stopped(stop) => break assert!(stop.converged(), "{stop}"),
            }
            let (before, now) = (valley(best).1, [dw, db]);
            pairs.push([
                [point[0] - best[0], point[1] - best[1]],
                [now[0] - before[0], now[1] - before[1]],
            ]);
            best = point;
            let direction =
                times_inverse_hessian(&pairs[pairs.len().saturating_sub(history)..], now);
            for (found, (best, d)) in at(&line).iter().zip(best.iter().zip(direction)) {
                assert_number("the next trial", *found, best - d, 1e-9);
            }
        }
        assert!(pairs.len() > 5, "{}", pairs.len());
    }
}
