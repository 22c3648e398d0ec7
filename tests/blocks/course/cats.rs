//! The course's application on its own pictures, digit by digit.
//!
//! The pictures may not be redistributed. The tests read them from the absolute path in
//! `DNN_BLOCKS_DATA`, or from ../shared/reference/data. Without the pictures the tests print a line
//! and pass, unless `DNN_BLOCKS_REQUIRE_DATA` is set. The long runs are `ignored` by default:
//! `cargo test --release -p tests course::cats -- --include-ignored`.

use super::{deep, step};
use crate::support::reference::{assert_number, json, number};
use crate::support::share_right;
use dnn_blocks::course::{Descent, l_layer_model};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions};
use example::Cats;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Instant;

#[path = "../../../examples/cats/src/reader.rs"]
mod example;

fn pictures() -> Option<(Cats, Cats)> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/data");
    let directory = std::env::var_os("DNN_BLOCKS_DATA").unwrap_or_else(|| default.into());
    let directory = PathBuf::from(directory);
    let files = ["train_catvnoncat.h5", "test_catvnoncat.h5"].map(|name| directory.join(name));
    if !files.iter().all(|file| file.exists()) {
        let required = std::env::var_os("DNN_BLOCKS_REQUIRE_DATA").is_some();
        assert!(!required, "the pictures are required, and not in {}", directory.display());
        eprintln!("skipped: the pictures are not in {}", directory.display());
        return None;
    }
    let [train, test] = files.map(|file| example::load(&file).unwrap());
    Some((train, test))
}

/// The relative bound for the costs of f64 runs, on every machine.
const BOUND: f64 = 1e-9;

/// At this rate logistic regression overshoots at first (its cost rises from 0.69 to 0.82) and
/// magnifies rounding: NumPy's cost changes by 8e-7 when it adds the features in another order.
const BOUND_AT_RATE_0_01: f64 = 2e-6;

/// Trains, and compares the cost of each iteration in `costs`.
fn train(
    cats: &Cats,
    p: &mut Parameters<f64>,
    rate: f64,
    iterations: usize,
    (costs, bound): (&Value, f64),
) {
    let mut compared = 0;
    for i in 0..iterations {
        let cost = step(&cats.x, &cats.y, p, rate);
        if let Some(expected) = costs.get(i.to_string()) {
            assert_number(&format!("cost {i}"), cost, number(expected), bound);
            compared += 1;
        }
    }
    assert!(compared >= 2, "{compared} costs compared");
}

fn l_layer() -> Parameters<f64> {
    deep(&json("e2e_cat_published")["l_layer"]["layers_dims"], Initializer::LeCun, &1.into())
}

fn two_layer() -> Parameters<f64> {
    initialize_parameters(12288, 7, 1, &mut NumpyRandom::seed(1)).unwrap()
}

#[test]
fn pixels_are_where_the_course_has_them() {
    let Some((train, test)) = pictures() else { return };
    let bytes = |cats: &Cats, picture, n| -> Vec<f64> {
        cats.x.column(picture).iter().take(n).map(|x| x * 255.0).map(f64::round).collect()
    };
    assert_eq!((train.x.dim(), test.x.dim()), ((12288, 209), (12288, 50)));
    assert_eq!((train.y.dim(), test.y.dim()), ((1, 209), (1, 50)));
    assert_eq!((train.y.sum(), test.y.sum()), (72.0, 33.0));
    assert_eq!(bytes(&train, 0, 5), [17.0, 31.0, 56.0, 22.0, 33.0]);
    assert_eq!(
        bytes(&test, 1, 10),
        [115.0, 110.0, 111.0, 137.0, 129.0, 129.0, 155.0, 146.0, 145.0, 159.0]
    );
}

#[test]
fn the_l_layer_network_for_300_iterations() {
    let Some((cats, _)) = pictures() else { return };
    let costs = &json("e2e_cat_L_layer_model_first300")["costs"];
    train(&cats, &mut l_layer(), 0.0075, 301, (costs, BOUND));
}

#[test]
#[ignore = "takes a minute"]
fn the_l_layer_network_to_its_end() {
    let expected = json("e2e_cat_published")["l_layer"].clone();
    check_to_the_end(l_layer(), &expected);
}

#[test]
#[ignore = "takes a minute"]
fn the_two_layer_network_to_its_end() {
    let expected = json("e2e_cat_published")["two_layer"].clone();
    check_to_the_end(two_layer(), &expected);
}

fn check_to_the_end(mut parameters: Parameters<f64>, expected: &Value) {
    let Some((cats, test)) = pictures() else { return };
    train(&cats, &mut parameters, 0.0075, 2500, (&expected["costs"], BOUND));
    let found = [&cats, &test].map(|cats| share_right(&cats.x, &cats.y, &parameters));
    for (found, name) in found.into_iter().zip(["train_accuracy", "test_accuracy"]) {
        assert!((found - number(&expected[name])).abs() < 1e-11, "{name}: {found}");
    }
}

/// From the same ten starts, the median of the costs is no higher than that of SciPy's L-BFGS-B
/// after as many iterations.
#[test]
#[ignore = "takes a minute"]
fn lbfgs_reaches_the_costs_of_scipy() {
    let Some((cats, _)) = pictures() else { return };
    let file = json("lbfgs_cats");
    let iterations = file["max_iterations"].as_u64().unwrap();
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(number(&file["l2"]));
    let options = LbfgsOptions::default().max_iterations(iterations);
    let (mut costs, mut evaluations, begin) = (Vec::new(), 0, Instant::now());
    for seed in 0..10 {
        let mut rng = NumpyRandom::seed(seed);
        let mut parameters =
            initialize_parameters_deep(&[12288, 7, 1], Initializer::He, &mut rng).unwrap();
        let mut workspace = Workspace::new(&parameters, cats.x.ncols()).unwrap();
        let mut search = Lbfgs::new(&parameters, options).unwrap();
        while search.stopped().is_none() {
            let (cost, gradients) =
                workspace.cost_and_gradients(&cats.x, &cats.y, &parameters, &objective).unwrap();
            search.step(&mut parameters, cost, gradients).unwrap();
        }
        costs.push(search.cost());
        evaluations += search.evaluations();
    }
    let expected = file["costs"].as_array().unwrap().iter().map(number).collect();
    let (found, expected) = (median(costs), median(expected));
    let seconds = begin.elapsed().as_secs_f64();
    println!("{found}, SciPy {expected}: {evaluations} evaluations in {seconds:.1} s");
    assert!(found <= expected * 1.005, "{found}, SciPy {expected}");
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    let half = costs.len() / 2;
    (costs[half - 1] + costs[half]) / 2.0
}

/// The course's model by L-BFGS is below the cost of 2,500 steps of gradient descent. From the seed
/// of the course, all units of a ReLU layer die in the first steps, in SciPy too.
#[test]
fn lbfgs_is_below_the_published_cost_within_100_iterations() {
    let Some((cats, test)) = pictures() else { return };
    let published = json("e2e_cat_published")["l_layer"].clone();
    let published = number(published["costs"].as_object().unwrap().values().next_back().unwrap());
    let descent = Descent::lbfgs(LbfgsOptions::default().max_iterations(100));
    let rng = &mut NumpyRandom::seed(4);
    let trained = l_layer_model(&cats.x, &cats.y, &[12288, 20, 7, 5, 1], descent, rng).unwrap();
    let (iterations, cost) = *trained.costs.last().unwrap();
    println!("{cost} after {iterations} iterations; descent {published} after 2400");
    assert!(cost < published, "{cost} after {iterations} iterations: {:?}", trained.stop);
    assert!(share_right(&test.x, &test.y, &trained.parameters) > 0.6);
}

fn logistic_regression() -> Parameters<f64> {
    let dims = &[12288, 1];
    initialize_parameters_deep(dims, Initializer::Zeros, &mut NumpyRandom::seed(1)).unwrap()
}

#[test]
fn logistic_regression_for_200_iterations() {
    let Some((cats, _)) = pictures() else { return };
    let costs = &json("e2e_cat_logistic_regression")["runs"]["std"]["costs"];
    train(&cats, &mut logistic_regression(), 0.005, 201, (costs, BOUND));
}

#[test]
#[ignore = "takes a minute"]
fn logistic_regression_to_its_end_at_every_rate() {
    let Some((cats, test)) = pictures() else { return };
    let file = json("e2e_cat_logistic_regression");
    let runs = file["runs"].as_object().unwrap();
    assert_eq!(runs.len(), 4);
    for run in runs.values() {
        check_logistic_regression(&cats, &test, run);
    }
    // The trap of the course: a reshape in the wrong order mixes the pictures.
    let mixed = [mixed(&cats), mixed(&test)];
    check_logistic_regression(&mixed[0], &mixed[1], &file["trap"]["run"]);
}

fn check_logistic_regression(cats: &Cats, test: &Cats, run: &Value) {
    let mut parameters = logistic_regression();
    let iterations = run["iterations"].as_u64().unwrap() as usize;
    let rate = number(&run["learning_rate"]);
    let bound = if rate == 0.01 { BOUND_AT_RATE_0_01 } else { BOUND };
    train(cats, &mut parameters, rate, iterations, (&run["costs"], bound));
    let Layer { w, b, .. } = &parameters.layers()[0];
    assert_number("b", b[[0, 0]], number(&run["b"]), bound);
    assert_number("sum of w²", (w * w).sum(), number(&run["w_sumsq"]), bound);
    for (w, expected) in w.iter().zip(run["w_first5"].as_array().unwrap()) {
        assert_number("w", *w, number(expected), bound);
    }
    let found = [&cats, &test].map(|cats| share_right(&cats.x, &cats.y, &parameters));
    for (found, name) in found.into_iter().zip(["train_accuracy", "test_accuracy"]) {
        let expected = number(&run[format!("{name}_percent")]);
        assert!((100.0 * found - expected).abs() < 1e-9, "{name}: {found}");
    }
    let labels = run["test_predictions"].as_array().unwrap().iter().map(number);
    assert!(predict(&test.x, &parameters).unwrap().into_iter().eq(labels));
}

fn mixed(cats: &Cats) -> Cats {
    let file_order: Vec<f64> = cats.x.t().iter().copied().collect();
    Cats { x: Array2::from_shape_vec(cats.x.dim(), file_order).unwrap(), y: cats.y.clone() }
}
