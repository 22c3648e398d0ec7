//! L-BFGS: the minima of SciPy, limits, and evaluations that are wrong or not finite.

use crate::support::reference::{json, matrix};
use crate::support::{labels, network_with_biases, random};
use dnn_blocks::Error;
use dnn_blocks::ndarray::{Array2, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions, Progress, Stop};

/// Returns features (features, examples) and targets, as tests/data/lbfgs.py reads them.
fn data(name: &str) -> (Array2<f64>, Array2<f64>) {
    let path = format!("{}/../examples/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let m = rows.len();
    let number = |j: usize, i: usize| rows[j][i].parse::<f64>().unwrap();
    let one_if = |fits: bool| f64::from(u8::from(fits));
    let (x, y) = match name {
        "breast_cancer" => (
            Array2::from_shape_fn((30, m), |(i, j)| number(j, i + 1)),
            Array2::from_shape_fn((1, m), |(_, j)| one_if(rows[j][0] == "M")),
        ),
        "diabetes" => (
            Array2::from_shape_fn((10, m), |(i, j)| number(j, i)),
            Array2::from_shape_fn((1, m), |(_, j)| number(j, 10) / 100.0),
        ),
        _ => {
            let pixel = |j: usize, i: usize| (rows[j][1].as_bytes()[i] as char).to_digit(17);
            return (
                Array2::from_shape_fn((64, m), |(i, j)| f64::from(pixel(j, i).unwrap()) / 16.0),
                Array2::from_shape_fn((10, m), |(k, j)| one_if(rows[j][0] == k.to_string())),
            );
        }
    };
    (Standardizer::fit(&x).unwrap().transform(&x).unwrap(), y)
}

/// A network, its data and its objective.
struct Problem<F> {
    parameters: Parameters<F>,
    x: Array2<F>,
    y: Array2<F>,
    objective: Objective,
}

impl<F: Float> Problem<F> {
    fn small() -> Self {
        let parameters = network_with_biases(&[5, 8, 1], Activation::Tanh, Activation::Sigmoid);
        let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.1);
        Self { parameters, x: random(5, 40, 1), y: labels(1, 40), objective }
    }

    /// Searches to the end, and checks that the parameters have the cost that the search reports.
    fn search(&self, options: LbfgsOptions) -> (Parameters<F>, Lbfgs<F>, Stop) {
        self.go_on(self.parameters.clone(), Lbfgs::new(&self.parameters, options).unwrap())
    }

    fn go_on(
        &self,
        mut parameters: Parameters<F>,
        mut search: Lbfgs<F>,
    ) -> (Parameters<F>, Lbfgs<F>, Stop) {
        let Self { x, y, objective, .. } = self;
        let mut workspace = Workspace::new(&parameters, x.ncols()).unwrap();
        loop {
            let (cost, gradients) =
                workspace.cost_and_gradients(x, y, &parameters, objective).unwrap();
            if let Progress::Stopped(stop) = search.step(&mut parameters, cost, gradients).unwrap()
            {
                let found = workspace.cost_and_gradients(x, y, &parameters, objective).unwrap();
                assert_eq!(found.0.as_f64(), search.cost());
                return (parameters, search, stop);
            }
        }
    }
}

#[test]
fn convex_problems_have_the_minimum_of_scipy() {
    for case in json("lbfgs")["cases"].as_array().unwrap() {
        let name = case["data"].as_str().unwrap();
        let (x, y) = data(name);
        let (activation, cost) = match case["kind"].as_str().unwrap() {
            "sigmoid" => (Activation::Sigmoid, Cost::BinaryCrossEntropy),
            "softmax" => (Activation::Softmax, Cost::CategoricalCrossEntropy),
            _ => (Activation::Identity, Cost::MeanSquaredError),
        };
        let number = |key: &str| case[key].as_f64().unwrap();
        let (w, b) = (Array2::zeros((y.nrows(), x.nrows())), Array2::zeros((y.nrows(), 1)));
        let parameters = Parameters::from_layers(vec![Layer { w, b, activation }]).unwrap();
        let problem =
            Problem { parameters, x, y, objective: Objective::new(cost).l2(number("l2")) };
        let options = LbfgsOptions::default()
            .max_iterations(15_000)
            .gradient_tolerance(number("gradient_tolerance"))
            .decrease_tolerance(number("decrease_tolerance"));
        let (_, search, stop) = problem.search(options);
        assert!(stop.converged(), "{case}: {stop}");
        // A gradient of 1e-5 leaves the last digits of the minimum open.
        let relative = if number("gradient_tolerance") < 1e-7 { 1e-8 } else { 1e-4 };
        let difference = search.cost() - number("cost");
        assert!(difference.abs() <= relative * number("cost"), "{case}: {}", search.cost());
        let ratio = search.evaluations() as f64 / number("evaluations");
        println!(
            "{name} {}: {} evaluations, {ratio:.2} of SciPy's",
            number("l2"),
            search.evaluations()
        );
        assert!(ratio <= 1.3, "{case}: {} evaluations", search.evaluations());
    }
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    let half = costs.len() / 2;
    (costs[half - 1] + costs[half]) / 2.0
}

/// From the same ten starts, the medians of the costs are equal to half a percent. The searches end
/// in different local minima.
#[test]
fn networks_reach_the_costs_of_scipy() {
    for case in json("lbfgs")["networks"].as_array().unwrap() {
        let name = case["data"].as_str().unwrap();
        let list = |key: &str| case[key].as_array().unwrap().clone();
        let dims: Vec<usize> = list("dims").iter().map(|n| n.as_u64().unwrap() as usize).collect();
        let (x, y) = match name {
            "moons" => {
                let file = json("c2_moons");
                (matrix(&file["X"]), matrix(&file["Y"]))
            }
            _ => {
                let (x, y) = data(name);
                (x.slice(s![.., ..300]).to_owned(), y.slice(s![.., ..300]).to_owned())
            }
        };
        let (output, cost) = match y.nrows() {
            1 => (Activation::Sigmoid, Cost::BinaryCrossEntropy),
            _ => (Activation::Softmax, Cost::CategoricalCrossEntropy),
        };
        let objective = Objective::new(cost).l2(case["l2"].as_f64().unwrap());
        let iterations = case["max_iterations"].as_u64().unwrap();
        let costs = (0..10).map(|seed| {
            let mut rng = NumpyRandom::seed(seed);
            let parameters = initialize_parameters_deep(&dims, Initializer::He, &mut rng).unwrap();
            let parameters = parameters.with_activations(Activation::Tanh, output);
            let (x, y, objective) = (x.clone(), y.clone(), objective.clone());
            let problem = Problem { parameters, x, y, objective };
            problem.search(LbfgsOptions::default().max_iterations(iterations)).1.cost()
        });
        let found = median(costs.collect());
        let expected = median(list("costs").iter().map(|cost| cost.as_f64().unwrap()).collect());
        println!("{name}: {found}, SciPy {expected}");
        assert!(found <= expected * 1.005, "{name}: {found}, SciPy {expected}");
    }
}

#[test]
fn networks_converge_in_both_types() {
    let (_, search, stop) = Problem::<f64>::small().search(LbfgsOptions::default());
    assert_eq!(stop, Stop::Gradient, "{stop}");
    assert!(search.largest_derivative() <= 1e-5);
    let (_, single, stop) = Problem::<f32>::small().search(LbfgsOptions::default());
    // The rounding of f32 may end the search before the tolerances do.
    assert!(stop.converged() || stop == Stop::NoDecrease, "{stop}");
    assert!(single.cost() < 1.5 * search.cost(), "{} {}", single.cost(), search.cost());
}

/// A gradient whose squares overflow has no finite slope, and no step along it can be judged.
#[test]
fn a_slope_that_overflows_ends_the_search() {
    let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    let before = parameters.clone();
    let mut gradients = Gradients::zeros_like(&parameters);
    gradients.layers_mut()[0].dw.fill(1e160);
    let mut search = Lbfgs::new(&parameters, LbfgsOptions::default()).unwrap();
    assert!(search.state().is_err(), "there is no state before the first step");
    let progress = search.step(&mut parameters, 1.0, &gradients).unwrap();
    assert_eq!(progress, Progress::Stopped(Stop::NoDecrease));
    assert_eq!(parameters, before);
}

#[test]
fn limits_end_the_search_at_the_best_parameters() {
    let problem = Problem::<f64>::small();
    let mut last = f64::INFINITY;
    for limit in 1..40 {
        let (_, search, stop) = problem.search(LbfgsOptions::default().max_evaluations(limit));
        assert_eq!((search.evaluations(), stop), (limit, Stop::Evaluations));
        assert!(search.cost() <= last);
        last = search.cost();
        let (_, search, stop) = problem.search(LbfgsOptions::default().max_iterations(limit));
        assert_eq!((search.iterations(), stop), (limit, Stop::Iterations));
    }
    let loose = LbfgsOptions::default().decrease_tolerance(0.1);
    assert_eq!(problem.search(loose).2, Stop::Decrease);
    let (found, search, stop) = problem.search(LbfgsOptions::default().gradient_tolerance(10.0));
    assert_eq!((stop, search.evaluations()), (Stop::Gradient, 1));
    assert_eq!(found, problem.parameters);
}

#[test]
fn a_copy_goes_on_to_the_same_bits() {
    let problem = Problem::<f64>::small();
    let options = LbfgsOptions::default().history(4).max_iterations(30);
    let expected = problem.search(options);
    for evaluations in [1, 2, 7, 12] {
        let mut parameters = problem.parameters.clone();
        let mut search = Lbfgs::new(&parameters, options).unwrap();
        let mut workspace = Workspace::new(&parameters, 40).unwrap();
        for _ in 0..evaluations {
            let Problem { x, y, objective, .. } = &problem;
            let (cost, gradients) =
                workspace.cost_and_gradients(x, y, &parameters, objective).unwrap();
            search.step(&mut parameters, cost, gradients).unwrap();
        }
        assert_eq!(problem.go_on(parameters.clone(), search.clone()), expected);
    }
}

#[test]
fn a_finished_search_changes_nothing() {
    let problem = Problem::<f64>::small();
    let (mut parameters, mut search, stop) = problem.search(LbfgsOptions::default());
    let before = (parameters.clone(), search.clone());
    let gradients = Gradients::zeros_like(&parameters);
    let progress = search.step(&mut parameters, 0.0, &gradients).unwrap();
    assert_eq!(progress, Progress::Stopped(stop));
    assert_eq!((parameters, search), before);
}

#[test]
fn wrong_gradients_end_the_search_where_it_began() {
    let problem = Problem::<f64>::small();
    let Problem { x, y, objective, .. } = &problem;
    let mut parameters = problem.parameters.clone();
    let mut search = Lbfgs::new(&parameters, LbfgsOptions::default()).unwrap();
    let mut workspace = Workspace::new(&parameters, 40).unwrap();
    let stop = loop {
        let (cost, gradients) = workspace.cost_and_gradients(x, y, &parameters, objective).unwrap();
        for layer in gradients.layers_mut() {
            layer.dw.mapv_inplace(|g| -g);
            layer.db.mapv_inplace(|g| -g);
        }
        if let Progress::Stopped(stop) = search.step(&mut parameters, cost, gradients).unwrap() {
            break stop;
        }
    };
    assert_eq!(stop, Stop::NoDecrease);
    assert_eq!(parameters, problem.parameters);
    assert!(!stop.converged() && stop.to_string().starts_with("not converged"));
}

/// Minimizes a function of one weight, given as its value and derivative. Returns the weight.
fn minimize(
    start: f64,
    options: LbfgsOptions,
    f: impl Fn(f64) -> (f64, f64),
) -> (f64, Lbfgs<f64>, Stop) {
    let (w, b) = (Array2::from_elem((1, 1), start), Array2::zeros((1, 1)));
    let layer = Layer { w, b, activation: Activation::Identity };
    let mut parameters = Parameters::from_layers(vec![layer]).unwrap();
    let mut gradients = Gradients::zeros_like(&parameters);
    let mut search = Lbfgs::new(&parameters, options).unwrap();
    loop {
        let (cost, derivative) = f(parameters.layers()[0].w[[0, 0]]);
        gradients.layers_mut()[0].dw[[0, 0]] = derivative;
        if let Progress::Stopped(stop) = search.step(&mut parameters, cost, &gradients).unwrap() {
            return (parameters.layers()[0].w[[0, 0]], search, stop);
        }
    }
}

/// `J(w) = w - ln w`, whose minimum is at 1, is not finite below 0.
#[test]
fn costs_that_are_not_finite_shorten_the_step() {
    for start in [1e-3, 0.1, 50.0] {
        let options = LbfgsOptions::default().gradient_tolerance(1e-9).decrease_tolerance(0.0);
        let (w, search, stop) = minimize(start, options, |w| (w - w.ln(), 1.0 - 1.0 / w));
        assert!((w - 1.0).abs() < 1e-7, "from {start}: {w}, {stop}");
        assert!(search.evaluations() < 60);
    }
}

/// `J(w) = e⁻ʷ - w` becomes a line without a minimum, on which the gradients do not change. The
/// search ends where a step of the usual length is lost in rounding, or at a limit.
#[test]
fn a_search_without_a_minimum_ends() {
    for history in [1, 2, 10] {
        let options = LbfgsOptions::default().history(history).max_evaluations(500);
        let (w, search, stop) = minimize(-2.0, options, |w| ((-w).exp() - w, -(-w).exp() - 1.0));
        assert!(stop != Stop::Gradient && search.evaluations() <= 500, "{stop}");
        assert!(w.is_finite() && w > 1e6 && search.cost() < -1e6, "{w}, {stop}");
    }
}

#[test]
fn what_does_not_fit_is_an_error_and_changes_nothing() {
    let problem = Problem::<f64>::small();
    let mut parameters = problem.parameters.clone();
    let gradients = Gradients::zeros_like(&parameters);
    for options in [
        LbfgsOptions::default().history(0),
        LbfgsOptions::default().gradient_tolerance(-1.0),
        LbfgsOptions::default().decrease_tolerance(f64::NAN),
    ] {
        assert!(Lbfgs::new(&parameters, options).is_err(), "{options:?}");
    }
    let mut search = Lbfgs::new(&parameters, LbfgsOptions::default()).unwrap();
    let before = (parameters.clone(), search.clone());
    let mut other = network_with_biases(&[8, 5, 1], Activation::Tanh, Activation::Sigmoid);
    let of_other = Gradients::zeros_like(&other);
    let error = search.step(&mut other, 1.0, &of_other).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(1), .. }), "{error}");
    let error = search.step(&mut parameters, 1.0, &of_other).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(1), .. }), "{error}");
    let error = search.step(&mut parameters, f64::NAN, &gradients).unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { name: "cost", .. }), "{error}");
    let mut infinite = gradients.clone();
    infinite.layers_mut()[1].db[[0, 0]] = f64::INFINITY;
    let error = search.step(&mut parameters, 1.0, &infinite).unwrap_err();
    assert!(matches!(error, Error::NotFinite { layer: Some(2), operand: "db", .. }), "{error}");
    assert_eq!((parameters, search), before);
}

#[cfg(feature = "serde")]
#[test]
fn a_state_that_no_search_can_have_left_is_refused() {
    use dnn_blocks::train::lbfgs::LbfgsState;
    let problem = Problem::<f64>::small();
    let options = LbfgsOptions::default().max_iterations(3);
    let (before, search, _) = problem.search(options);
    let state = serde_json::to_value(search.state().unwrap()).unwrap();
    let restore = |change: &dyn Fn(&mut serde_json::Value)| {
        let (mut state, mut parameters) = (state.clone(), before.clone());
        change(&mut state);
        let state: LbfgsState<f64> = serde_json::from_value(state).unwrap();
        let result = Lbfgs::from_state(&mut parameters, options, &state).map(drop);
        assert!(result.is_ok() || parameters == before);
        result
    };
    assert_eq!(restore(&|_| ()), Ok(()));
    let of_pair = |s: f64, y: f64| {
        let [s, y] = [s, y].map(|number| vec![number; 5 * 8 + 8 + 8 + 1]);
        restore(&|state| state["pairs"][1] = serde_json::json!([s, y]))
    };
    assert_eq!(of_pair(2.0, 0.5), Ok(()));
    for (s, y) in [(1.0, -1.0), (0.0, 1.0), (1e160, 1e160), (-1e160, 1e160)] {
        let error = of_pair(s, y).unwrap_err();
        assert!(matches!(error, Error::Inconsistent { .. }), "{s} {y}: {error}");
    }
    for name in ["iterations", "evaluations"] {
        let error = restore(&|state| state[name] = u64::MAX.into()).unwrap_err();
        assert!(matches!(error, Error::Inconsistent { .. }), "{name}: {error}");
    }
    let error = restore(&|state| state["gradient"] = serde_json::json!([1.0])).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");

    // 1e300 is infinite in f32.
    let (mut parameters, search, _) = Problem::<f32>::small().search(options);
    let mut state = serde_json::to_value(search.state().unwrap()).unwrap();
    state["gradient"][3] = 1e300.into();
    let state: LbfgsState<f32> = serde_json::from_value(state).unwrap();
    let error = Lbfgs::from_state(&mut parameters, options, &state).unwrap_err();
    assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
}
