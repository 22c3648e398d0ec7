//! The course's own cases of weeks 2 to 4, and the cases of course 2 that need only the blocks.
//!
//! The relative bound is 1e-9 for f64 and 2e-5 for f32.

use super::{deep, step};
use crate::support::reference::{
    assert_close, assert_number, cases, check_gradients, check_parameters, json, matrix, matrix_of,
    network_of, number,
};
use crate::support::share_right;
use dnn_blocks::activation::{relu_backward, sigmoid, sigmoid_backward};
use dnn_blocks::backward::output_gradient;
use dnn_blocks::forward::{ActivationCache, LayerCache, LinearCache};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::{L_model_backward, L_model_forward};
use serde_json::Value;

/// Instantiates a check for both float types, each with its bound.
macro_rules! in_both_precisions {
    ($($check:ident),* $(,)?) => {
        mod f64_to_1e_9 {
            $(#[test] fn $check() { super::$check::<f64>(1e-9); })*
        }
        mod f32_to_2e_5 {
            $(#[test] fn $check() { super::$check::<f32>(2e-5); })*
        }
    };
}

in_both_precisions!(
    sigmoid_of_week_2,
    logistic_regression_of_week_2,
    logistic_regression_optimised,
    logistic_regression_predicts,
    planar_forward,
    planar_backward,
    planar_cost,
    planar_update,
    planar_predict,
    linear_forward_cases,
    linear_activation_forward_cases,
    model_forward_cases,
    cost_cases,
    linear_backward_cases,
    linear_activation_backward_cases,
    model_backward_block_by_block,
    model_backward_composed,
    update_cases,
    update_of_course_2,
    predict_cases,
    init_cases,
    models_after_two_steps,
    gradient_of_course_2,
);

fn sigmoid_of_week_2<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w2_logreg_sigmoid") {
        // Numbers that are subnormal in f32 are not compared.
        let tiny = |a: f64| a < f64::from(f32::MIN_POSITIVE) && F::epsilon() > F::of(1e-10);
        let mut expected = matrix(&expected["a"]);
        let mut a = sigmoid(&matrix_of::<F>(&inputs["z"])).unwrap();
        for (a, expected) in a.iter_mut().zip(&mut expected) {
            if tiny(*expected) {
                assert!(a.as_f64() <= 2.0 * f64::from(f32::MIN_POSITIVE));
                (*a, *expected) = (F::zero(), 0.0);
            }
            let error = (a.as_f64() - *expected).abs();
            assert!(error <= bound * *expected, "{a} is not {expected}");
        }
    }
}

/// Week 2's (w, b), w a column, as the network with one sigmoid layer.
fn logistic<F: Float>(values: &Value) -> Parameters<F> {
    let layer = Layer {
        w: matrix_of(&values["w"]).reversed_axes(),
        b: matrix_of(&values["b"]),
        activation: Activation::Sigmoid,
    };
    Parameters::from_layers(vec![layer]).unwrap()
}

fn logistic_regression_of_week_2<F: Float>(bound: f64) {
    let (inputs, expected) = cases("c1w2_logreg_initialize_with_zeros").remove(0);
    let dims = [inputs["dim"].as_u64().unwrap() as usize, 1];
    let zeros =
        initialize_parameters_deep::<F>(&dims, Initializer::Zeros, &mut NumpyRandom::seed(1));
    let zeros = zeros.unwrap();
    assert_close("w", &zeros.layers()[0].w.t().to_owned(), &matrix(&expected["w"]), 0.0);
    assert_close("b", &zeros.layers()[0].b, &matrix(&expected["b"]), 0.0);

    for (inputs, expected) in cases("c1w2_logreg_propagate") {
        let (x, y) = (matrix_of::<F>(&inputs["X"]), matrix_of(&inputs["Y"]));
        let parameters = logistic(&inputs);
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        // One of the costs ends on ln(1 - a) at a = 0.99999...: f32 has 1e-7/(1 - a) there.
        let saturated = if bound > 1e-8 { 1e-2 } else { bound };
        let cost = compute_cost(&al, &y).unwrap().as_f64();
        assert_number("cost", cost, number(&expected["cost"]), saturated);
        let LayerGradients { dw, db } = &gradients.layers()[0];
        // A - Y cancels there as well.
        let loose = if bound > 1e-8 { 2e-3 } else { bound };
        assert_close("dw", &dw.t().to_owned(), &matrix(&expected["dw"]), loose);
        assert_close("db", db, &matrix(&expected["db"]), loose);
    }
}

fn logistic_regression_optimised<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w2_logreg_optimize") {
        let (x, y) = (matrix_of::<F>(&inputs["X"]), matrix_of(&inputs["Y"]));
        let mut parameters = logistic(&inputs);
        let rate = number(&inputs["learning_rate"]);
        let steps = inputs["num_iterations"].as_u64().unwrap();
        let costs: Vec<_> = (0..steps).map(|_| step(&x, &y, &mut parameters, rate)).collect();
        // The first cost is also at a = 0.99999..., where f32 has two digits of 1 - a.
        let loose = if bound > 1e-8 { 1e-2 } else { bound };
        let published = matrix(&expected["costs_every_100"]);
        for (found, expected) in costs.iter().step_by(100).zip(&published) {
            assert_number("cost", *found, *expected, loose);
        }
        let Layer { w, b, .. } = &parameters.layers()[0];
        // 100 steps add up the rounding of f32.
        let loose = if bound > 1e-8 { 2e-4 } else { bound };
        assert_close("w", &w.t().to_owned(), &matrix(&expected["w"]), loose);
        assert_close("b", b, &matrix(&expected["b"]), loose);
    }
}

fn logistic_regression_predicts<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w2_logreg_predict") {
        check_prediction(&matrix_of::<F>(&inputs["X"]), &logistic(&inputs), &expected, bound);
    }
}

fn check_prediction<F: Float>(x: &Array2<F>, p: &Parameters<F>, expected: &Value, bound: f64) {
    let probabilities = expected.get("probabilities").unwrap_or(&expected["A2"]);
    assert_close("AL", &predict_proba(x, p).unwrap(), &matrix(probabilities), bound);
    assert_close("labels", &predict(x, p).unwrap(), &matrix(&expected["predictions"]), 0.0);
}

fn planar<F: Float>(values: &Value) -> Parameters<F> {
    network_of(values, Activation::Tanh, Activation::Sigmoid)
}

fn planar_forward<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w3_planar_forward_propagation") {
        let parameters = planar::<F>(&inputs);
        let (al, caches) = l_model_forward(matrix_of(&inputs["X"]), &parameters).unwrap();
        assert_close("Z1", &caches[0].activation.z, &matrix(&expected["Z1"]), bound);
        assert_close("A1", &caches[1].linear.a_prev.to_owned(), &matrix(&expected["A1"]), bound);
        assert_close("Z2", &caches[1].activation.z, &matrix(&expected["Z2"]), bound * 10.0);
        assert_close("A2", &al, &matrix(&expected["A2"]), bound);
    }
}

/// The course's caches are unrelated literals: `Z1` is computed from `A1`.
fn planar_backward<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w3_planar_backward_propagation") {
        let (x, y) = (matrix_of::<F>(&inputs["X"]), matrix_of(&inputs["Y"]));
        let parameters = planar(&inputs);
        let [a1, al] = ["A1", "A2"].map(|name| matrix_of::<F>(&inputs["cache"][name]));
        let z1 = a1.mapv(F::atanh);
        let (_, mut caches) = l_model_forward(&x, &parameters).unwrap();
        caches[0].activation.z = z1;
        caches[1].linear.a_prev = a1.into();
        check_gradients(&l_model_backward(&al, &y, &caches).unwrap(), &expected, bound);
    }
}

fn planar_cost<F: Float>(bound: f64) {
    check_costs::<F>("c1w3_planar_compute_cost", "A2", bound);
}

fn cost_cases<F: Float>(bound: f64) {
    check_costs::<F>("c1w4_compute_cost", "AL", bound);
}

fn check_costs<F: Float>(file: &str, al: &str, bound: f64) {
    for (inputs, expected) in cases(file) {
        let cost = compute_cost(&matrix_of::<F>(&inputs[al]), &matrix_of(&inputs["Y"])).unwrap();
        assert_number("cost", cost.as_f64(), number(&expected["cost"]), bound);
    }
}

fn gradients_in<F: Float>(values: &Value) -> dnn_blocks::Result<Gradients<F>> {
    let layers = (1..).map_while(|l| {
        let dw = matrix_of(values.get(format!("dW{l}"))?);
        Some(LayerGradients { dw, db: matrix_of(&values[format!("db{l}")]) })
    });
    Gradients::from_layers(layers.collect())
}

fn planar_update<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w3_planar_update_parameters") {
        check_update::<F>(&inputs, &expected, bound);
    }
}

fn check_update<F: Float>(inputs: &Value, expected: &Value, bound: f64) {
    let mut parameters = planar::<F>(&inputs["parameters"]);
    let rate = number(&inputs["learning_rate"]);
    update_parameters(&mut parameters, &gradients_in(&inputs["grads"]).unwrap(), rate).unwrap();
    check_parameters(&parameters, expected, bound);
}

/// Its two layers, (2, 3) and (3, 3), do not chain: the test makes a network of each.
fn update_of_course_2<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c2w2_update_parameters_with_gd") {
        for l in ["1", "2"] {
            let only = |values: &Value, names: [&str; 2]| {
                let entry = |name| (format!("{name}1"), values[format!("{name}{l}")].clone());
                Value::Object(names.map(entry).into_iter().collect())
            };
            let inputs = serde_json::json!({
                "parameters": only(&inputs["parameters"], ["W", "b"]),
                "grads": only(&inputs["grads"], ["dW", "db"]),
                "learning_rate": inputs["learning_rate"],
            });
            check_update::<F>(&inputs, &only(&expected, ["W", "b"]), bound);
        }
    }
}

/// The case of the first release has a `dW3` and a scalar `db` that NumPy broadcasts: an error
/// here.
fn update_cases<F: Float>(bound: f64) {
    let mut cases = cases("c1w4_update_parameters").into_iter();
    let (inputs, expected) = cases.next().unwrap();
    check_update::<F>(&inputs, &expected, bound);

    let (inputs, _) = cases.next().unwrap();
    let mut parameters = planar::<F>(&inputs["parameters"]);
    let before = parameters.clone();
    let mut gradients = Gradients::zeros_like(&parameters);
    for (l, layer) in gradients.layers_mut().iter_mut().enumerate() {
        layer.dw = matrix_of(&inputs["grads"][format!("dW{}", l + 1)]);
    }
    let error = update_parameters(&mut parameters, &gradients, 0.1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer 3: W (2, 3) and dW (1, 3) do not fit: shapes must be equal"
    );
    for (l, layer) in gradients.layers_mut().iter_mut().enumerate() {
        layer.dw = Array2::zeros(before.layers()[l].w.dim());
        layer.db = matrix_of(&inputs["grads"][format!("db{}", l + 1)]);
    }
    let error = update_parameters(&mut parameters, &gradients, 0.1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer 1: b (4, 1) and db (1, 1) do not fit: shapes must be equal"
    );
    assert_eq!(parameters, before);
}

fn planar_predict<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w3_planar_predict") {
        check_prediction(&matrix_of::<F>(&inputs["X"]), &planar(&inputs), &expected, bound);
    }
}

fn predict_cases<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w4_predict") {
        let parameters = network_of::<F>(&inputs, Activation::Relu, Activation::Sigmoid);
        let (x, y) = (matrix_of(&inputs["X"]), matrix_of::<F>(&inputs["Y"]));
        check_prediction(&x, &parameters, &expected, bound);
        assert_eq!(share_right(&x, &y, &parameters), number(&expected["accuracy"]));
    }
}

fn linear_forward_cases<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w4_linear_forward") {
        let [a, w, b] = ["A", "W", "b"].map(|name| matrix_of::<F>(&inputs[name]));
        let (z, cache) = linear_forward(&a, &w, &b).unwrap();
        assert_close("Z", &z, &matrix(&expected["Z"]), bound);
        assert_eq!((cache.a_prev.view(), cache.w, cache.b), (a.view(), &*w, &*b));
    }
}

fn linear_activation_forward_cases<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w4_linear_activation_forward") {
        let [a_prev, w, b] = ["A_prev", "W", "b"].map(|name| matrix_of::<F>(&inputs[name]));
        for (g, name) in [(Activation::Sigmoid, "A_sigmoid"), (Activation::Relu, "A_relu")] {
            let (a, cache) = linear_activation_forward(&a_prev, &w, &b, g).unwrap();
            assert_close(name, &a, &matrix(&expected[name]), bound);
            assert_close("Z", &cache.activation.z, &matrix(&expected["Z"]), bound);
        }
    }
}

fn model_forward_cases<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w4_L_model_forward") {
        let parameters = network_of::<F>(&inputs, Activation::Relu, Activation::Sigmoid);
        let (al, caches) = L_model_forward(matrix_of(&inputs["X"]), &parameters).unwrap();
        assert_close("AL", &al, &matrix(&expected["AL"]), bound);
        assert_eq!(caches.len(), expected["n_caches"].as_u64().unwrap() as usize);
        for (l, cache) in caches.iter().enumerate() {
            let z = &matrix(&expected[format!("Z{}", l + 1)]);
            assert_close("Z", &cache.activation.z, z, bound);
            if let Some(a_prev) = expected.get(format!("A_prev{}", l + 1)) {
                assert_close("A_prev", &cache.linear.a_prev.to_owned(), &matrix(a_prev), bound);
            }
        }
    }
}

fn linear_backward_cases<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w4_linear_backward") {
        let [dz, a_prev, w, b] =
            ["dZ", "A_prev", "W", "b"].map(|name| matrix_of::<F>(&inputs[name]));
        let cache = LinearCache { a_prev: (&a_prev).into(), w: &w, b: &b };
        check_block(linear_backward(&dz, &cache).unwrap(), &expected, bound);
    }
}

fn check_block<F: Float>(
    (da_prev, LayerGradients { dw, db }): (Array2<F>, LayerGradients<F>),
    expected: &Value,
    bound: f64,
) {
    assert_close("dA_prev", &da_prev, &matrix(&expected["dA_prev"]), bound);
    assert_close("dW", &dw, &matrix(&expected["dW"]), bound);
    assert_close("db", &db, &matrix(&expected["db"]), bound);
}

fn linear_activation_backward_cases<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w4_linear_activation_backward") {
        let [da, a_prev, w, b] =
            ["dA", "A_prev", "W", "b"].map(|name| matrix_of::<F>(&inputs[name]));
        // One Z is positive and rounds to 0 in f32: the test takes the smallest positive f32
        // instead.
        let z = matrix(&inputs["Z"]).mapv(|z| match F::of(z) {
            rounded if rounded.is_zero() && z > 0.0 => F::min_positive_value(),
            rounded => rounded,
        });
        for (activation, name) in [(Activation::Sigmoid, "sigmoid"), (Activation::Relu, "relu")] {
            let cache = LayerCache {
                linear: LinearCache { a_prev: (&a_prev).into(), w: &w, b: &b },
                activation: ActivationCache { z: z.clone(), activation },
            };
            let found = linear_activation_backward(da.clone(), &cache).unwrap();
            // sigmoid'(7.86) is 1 - a of an a near 1: f32 has three digits of it.
            let loose = if bound > 1e-8 { 2e-3 } else { bound };
            check_block(found, &expected[name], loose);
        }
        let dz = sigmoid_backward(da.clone(), &z).unwrap();
        let loose = if bound > 1e-8 { 2e-3 } else { bound };
        assert_close("dZ", &dz, &matrix(&expected["sigmoid"]["dZ"]), loose);
        let dz = relu_backward(da, &z).unwrap();
        assert_close("dZ", &dz, &matrix(&expected["relu"]["dZ"]), bound);
    }
}

struct Stored<F> {
    matrices: Vec<[Array2<F>; 4]>,
}

impl<F: Float> Stored<F> {
    fn new(inputs: &Value) -> Self {
        let read = |c: &Value| ["A_prev", "W", "b", "Z"].map(|name| matrix_of(&c[name]));
        Self { matrices: inputs["caches"].as_array().unwrap().iter().map(read).collect() }
    }

    fn caches(&self) -> Vec<LayerCache<'_, F>> {
        let last = self.matrices.len() - 1;
        let caches = self.matrices.iter().enumerate().map(|(l, [a_prev, w, b, z])| LayerCache {
            linear: LinearCache { a_prev: a_prev.into(), w, b },
            activation: ActivationCache {
                z: z.clone(),
                activation: if l == last { Activation::Sigmoid } else { Activation::Relu },
            },
        });
        caches.collect()
    }
}

/// The official case has an AL outside (0, 1) that is not sigmoid(Z): the test chains the literal
/// formulas.
fn model_backward_block_by_block<F: Float>(bound: f64) {
    for (inputs, expected) in cases("c1w4_L_model_backward") {
        let (al, y) = (matrix_of::<F>(&inputs["AL"]), matrix_of(&inputs["Y"]));
        let stored = Stored::new(&inputs);
        let caches = stored.caches();
        let mut da = output_gradient(&al, &y).unwrap();
        let mut layers = Vec::new();
        for (l, cache) in caches.iter().enumerate().rev() {
            let name = format!("dA{}", l + 1);
            assert_close(&name, &da, &matrix(&expected[&name]), bound);
            let (da_prev, gradients) = linear_activation_backward(da, cache).unwrap();
            layers.insert(0, gradients);
            da = da_prev;
        }
        assert_close("dA0", &da, &matrix(&expected["dA0"]), bound * 10.0);
        check_gradients(&Gradients::from_layers(layers).unwrap(), &expected, bound * 10.0);
    }
}

/// The case with consistent caches, from X and from the stored caches.
fn model_backward_composed<F: Float>(bound: f64) {
    let bound = bound * 10.0;
    let (inputs, expected) = cases("c1w4_L_model_backward").pop().unwrap();
    let (x, y) = (matrix_of::<F>(&inputs["X"]), matrix_of(&inputs["Y"]));
    let parameters = network_of(&inputs, Activation::Relu, Activation::Sigmoid);
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    let cost = compute_cost(&al, &y).unwrap().as_f64();
    assert_number("cost", cost, number(&expected["cost"]), bound);
    let stored = Stored::new(&inputs);
    for caches in [caches, stored.caches()] {
        check_gradients(&L_model_backward(&al, &y, &caches).unwrap(), &expected, bound);
        let options = BackwardOptions::new(Cost::BinaryCrossEntropy).dx(true);
        let output = backpropagate(&al, &y, &caches, options).unwrap();
        check_gradients(&output.gradients, &expected, bound);
        assert_close("dX", &output.dx.unwrap(), &matrix(&expected["dA0"]), bound);
    }
}

fn init_cases<F: Float>(bound: f64) {
    for file in ["c1w3_planar_initialize_parameters", "c1w4_initialize_parameters"] {
        for (inputs, expected) in cases(file) {
            let [n_x, n_h, n_y, seed] =
                ["n_x", "n_h", "n_y", "seed"].map(|name| inputs[name].as_u64().unwrap() as usize);
            let mut rng = NumpyRandom::seed(seed as u32);
            let parameters = initialize_parameters::<F>(n_x, n_h, n_y, &mut rng).unwrap();
            check_parameters(&parameters, &expected, bound);
        }
    }
    for (file, initializers) in [
        ("c1w4_initialize_parameters_deep", &[Initializer::Scaled(0.01), Initializer::LeCun][..]),
        ("c2w1_init_initialize_parameters_he", &[Initializer::He]),
        ("c2w1_init_initialize_parameters_random", &[Initializer::Scaled(10.0)]),
    ] {
        let cases = cases(file);
        assert_eq!(cases.len(), initializers.len());
        for ((inputs, expected), initializer) in cases.iter().zip(initializers) {
            let parameters = deep::<F>(&inputs["layer_dims"], *initializer, &inputs["seed"]);
            check_parameters(&parameters, expected, bound);
        }
    }
}

fn models_after_two_steps<F: Float>(bound: f64) {
    for (file, initializer) in [
        ("c1w4_two_layer_model", Initializer::Scaled(0.01)),
        ("c1w4_L_layer_model", Initializer::LeCun),
    ] {
        for (inputs, expected) in cases(file) {
            let (x, y) = (matrix_of::<F>(&inputs["X"]), matrix_of(&inputs["Y"]));
            let mut parameters = deep(&inputs["layers_dims"], initializer, &1.into());
            let rate = number(&inputs["learning_rate"]);
            for cost in expected["costs_every_iteration"].as_array().unwrap() {
                assert_number("cost", step(&x, &y, &mut parameters, rate), number(cost), bound);
            }
            check_parameters(&parameters, &expected, bound * 10.0);
        }
    }
}

fn gradient_of_course_2<F: Float>(bound: f64) {
    let (inputs, expected) = cases("c2w1_gradcheck_gradient_check_n").remove(0);
    let parameters = network_of::<F>(&inputs, Activation::Relu, Activation::Sigmoid);
    let (al, caches) = l_model_forward(matrix_of(&inputs["X"]), &parameters).unwrap();
    let gradients = l_model_backward(&al, &matrix_of(&inputs["Y"]), &caches).unwrap();
    let flat = gradients.layers().iter().flat_map(|layer| layer.dw.iter().chain(&layer.db));
    let flat: Vec<_> = flat.copied().collect();
    let found = Array2::from_shape_vec((1, flat.len()), flat).unwrap();
    assert_close("gradient", &found, &matrix(&expected["gradient"]), bound * 100.0);
}

#[test]
fn the_digits_of_the_notebook_are_exact() {
    let (inputs, expected) = cases("c1w4_initialize_parameters_deep").remove(0);
    let parameters = deep::<f64>(&inputs["layer_dims"], Initializer::Scaled(0.01), &inputs["seed"]);
    check_parameters(&parameters, &expected, 0.0);
}

#[test]
fn weights_of_the_cat_classifier() {
    let file = json("e2e_cat_L_layer_model_first300");
    let parameters = deep::<f64>(&file["layers_dims"], Initializer::LeCun, &1.into());
    for (l, layer) in parameters.layers().iter().enumerate() {
        let expected = &file["init_check"][format!("W{}", l + 1)];
        let first = layer.w.iter().zip(expected["first5"].as_array().unwrap());
        first.for_each(|(w, expected)| assert_number("w", *w, number(expected), 1e-15));
        assert_number("last", *layer.w.last().unwrap(), number(&expected["last"]), 1e-15);
        assert_number("sum", layer.w.sum(), number(&expected["sum"]), 1e-9);
        assert_number(
            "sum of squares",
            (&layer.w * &layer.w).sum(),
            number(&expected["sumsq"]),
            1e-9,
        );
    }
}
