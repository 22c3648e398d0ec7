//! Whole trainings of the course with the blocks: costs of some iterations and the final accuracy.

use super::{deep, step};
use crate::support::reference::{assert_number, cases, check_parameters, json, matrix, number};
use crate::support::share_right;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::workspace::Dropout;
use serde_json::Value;

/// Runs steps up to the last iteration in `costs` and compares the cost of each.
fn check_trajectory(
    x: &Array2<f64>,
    y: &Array2<f64>,
    mut parameters: Parameters<f64>,
    rate: f64,
    costs: &Value,
) -> Parameters<f64> {
    let costs = costs.as_object().unwrap();
    let last: usize = costs.keys().map(|i| i.parse().unwrap()).max().unwrap();
    for i in 0..=last {
        let cost = step(x, y, &mut parameters, rate);
        if let Some(expected) = costs.get(&i.to_string()) {
            assert_number(&format!("cost {i}"), cost, number(expected), 1e-9);
        }
    }
    parameters
}

#[test]
fn planar_model_of_week_3() {
    for (inputs, expected) in cases("c1w3_planar_nn_model") {
        let mut rng = NumpyRandom::seed(number(&inputs["init_seed"]) as u32);
        let parameters = initialize_parameters(2, number(&inputs["n_h"]) as usize, 1, &mut rng)
            .unwrap()
            .with_activations(Activation::Tanh, Activation::Sigmoid);
        let (x, y) = (matrix(&inputs["X"]), matrix(&inputs["Y"]));
        let rate = number(&inputs["learning_rate"]);
        let trained = check_trajectory(&x, &y, parameters, rate, &expected["costs"]);
        check_parameters(&trained, &expected, 1e-9);
    }
}

#[test]
fn planar_flower_end_to_end() {
    let data = json("planar_flower");
    let (x, y) = (matrix(&data["X"]), matrix(&data["Y"]));
    let expected = json("e2e_planar_short");
    for seed in [2, 3] {
        let parameters = initialize_parameters(2, 4, 1, &mut NumpyRandom::seed(seed))
            .unwrap()
            .with_activations(Activation::Tanh, Activation::Sigmoid);
        check_trajectory(&x, &y, parameters, 1.2, &expected[format!("costs_seed{seed}")]);
    }
}

#[test]
fn circles_with_he_end_to_end() {
    let data = json("c2_circles");
    let (x, y) = (matrix(&data["train_X"]), matrix(&data["train_Y"]));
    let parameters = deep(&serde_json::json!([2, 10, 5, 1]), Initializer::He, &3.into());
    check_trajectory(&x, &y, parameters, 0.01, &json("e2e_c2_short")["init_he"]);
}

#[test]
fn football_without_regularisation_end_to_end() {
    let data = json("c2_data_mat");
    let (x, y) = (matrix(&data["train_X"]), matrix(&data["train_Y"]));
    let parameters = deep(&serde_json::json!([2, 20, 3, 1]), Initializer::LeCun, &3.into());
    check_trajectory(&x, &y, parameters, 0.3, &json("e2e_c2_short")["reg_none"]);
}

/// The run of course 2 on the football data, with public calls only.
fn football(expected: &Value, l2: f64, keep_prob: Option<f64>) {
    let data = json("c2_data_mat");
    let (x, y) = (matrix(&data["train_X"]), matrix(&data["train_Y"]));
    let mut rng = NumpyRandom::seed(3);
    let mut parameters =
        initialize_parameters_deep(&[2, 20, 3, 1], Initializer::LeCun, &mut rng).unwrap();
    let mut workspace = Workspace::new(&parameters, x.ncols()).unwrap();
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(l2);
    for i in 0..=3000 {
        let step = match keep_prob {
            None => workspace.cost_and_gradients(&x, &y, &parameters, &objective),
            // The course draws the same masks in every iteration.
            Some(p) => {
                let rng = &mut NumpyRandom::seed(1);
                let (objective, dropout) = (&objective, Dropout::new(p, rng));
                workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, objective, dropout)
            }
        };
        let (cost, gradients) = step.unwrap();
        if let Some(expected) = expected.get(i.to_string()) {
            assert_number("cost", cost, number(expected), 1e-9);
        }
        update_parameters(&mut parameters, gradients, 0.3).unwrap();
    }
}

#[test]
fn football_with_l2_end_to_end() {
    football(&json("e2e_c2_short")["reg_l2_0.7"], 0.7, None);
}

#[test]
fn football_with_dropout_end_to_end() {
    football(&json("e2e_c2_short")["reg_dropout_0.86"], 0.0, Some(0.86));
}

/// Course 2's network on the moons with an optimizer: batches of 64, drawn from seeds 11, 12, …;
/// the cost of an epoch is the mean over its examples.
///
/// The accuracy after 5000 epochs is published.
fn moons(name: &str, rule: Algorithm, accuracy: f64) {
    let data = json("c2_moons");
    let (x, y) = (matrix(&data["X"]), matrix(&data["Y"]));
    let mut rng = NumpyRandom::seed(3);
    let mut parameters =
        initialize_parameters_deep(&[2, 5, 2, 1], Initializer::He, &mut rng).unwrap();
    let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
    let mut batches = Batches::new(&x, &y, 64).unwrap();
    let mut workspace = Workspace::new(&parameters, 64).unwrap();
    let published = &json("e2e_c2_short")["moons_epoch_average"][name];
    for epoch in 0..5000 {
        batches.shuffle(&mut NumpyRandom::seed(11 + epoch));
        let mut total = 0.0;
        while let Some((x, y)) = batches.next() {
            let cost = Cost::BinaryCrossEntropy;
            let (cost, gradients) = workspace.cost_and_gradients(&x, y, &parameters, cost).unwrap();
            total += cost * x.ncols() as f64;
            optimizer.step(&mut parameters, gradients, 0.0007).unwrap();
        }
        if let Some(expected) = published.get(epoch.to_string()) {
            assert_number(&format!("{name} {epoch}"), total / 300.0, number(expected), 1e-9);
        }
    }
    let found = 100.0 * share_right(&x, &y, &parameters);
    assert!((found - accuracy).abs() < 0.06, "{name}: {found}");
}

#[test]
fn moons_with_gradient_descent() {
    moons("gd", Algorithm::GradientDescent, 71.7);
}

#[test]
fn moons_with_momentum() {
    moons("momentum", Algorithm::MOMENTUM, 71.7);
}

#[test]
fn moons_with_adam() {
    moons("adam", Algorithm::ADAM, 94.3);
}

/// Course 2, week 1, to the end: the published accuracies on training and test examples.
fn trained_to_the_end(
    set: &str,
    (sizes, initializer): ([usize; 4], Initializer),
    (rate, iterations): (f64, usize),
    (l2, keep_prob): (f64, Option<f64>),
    published: [f64; 2],
) {
    let data = json(set);
    let part = |name: &str| matrix(&data[name]);
    let (x, y) = (part("train_X"), part("train_Y"));
    let rng = &mut NumpyRandom::seed(3);
    let mut parameters = initialize_parameters_deep(&sizes, initializer, rng).unwrap();
    let mut workspace = Workspace::new(&parameters, x.ncols()).unwrap();
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(l2);
    for _ in 0..iterations {
        let (_, gradients) = match keep_prob {
            None => workspace.cost_and_gradients(&x, &y, &parameters, &objective),
            Some(p) => {
                let rng = &mut NumpyRandom::seed(1); // the course seeds each iteration
                let (objective, dropout) = (&objective, Dropout::new(p, rng));
                workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, objective, dropout)
            }
        }
        .unwrap();
        update_parameters(&mut parameters, gradients, rate).unwrap();
    }
    let (test_x, test_y) = (part("test_X"), part("test_Y"));
    let found = [share_right(&x, &y, &parameters), share_right(&test_x, &test_y, &parameters)];
    for (found, published) in found.into_iter().zip(published) {
        let found = 100.0 * found; // as the notebooks print it
        assert!((found - published).abs() < 0.06, "{set}: {found} is not {published}");
    }
}

#[test]
fn circles_of_course_2_to_their_end() {
    let circles = |initializer, published| {
        let network = ([2, 10, 5, 1], initializer);
        trained_to_the_end("c2_circles", network, (0.01, 15_000), (0.0, None), published);
    };
    circles(Initializer::Zeros, [50.0, 50.0]);
    circles(Initializer::Scaled(10.0), [83.0, 86.0]);
    circles(Initializer::He, [99.33, 96.0]);
}

#[test]
fn football_of_course_2_to_its_end() {
    let football = |with, published| {
        let network = ([2, 20, 3, 1], Initializer::LeCun);
        trained_to_the_end("c2_data_mat", network, (0.3, 30_000), with, published);
    };
    football((0.0, None), [94.79, 91.5]);
    football((0.7, None), [93.84, 93.0]);
    football((0.0, Some(0.86)), [92.89, 95.0]);
}
