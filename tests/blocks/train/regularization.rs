//! L2 regularization and dropout: the course's cases and properties.

use crate::support::ConstantSource;
use crate::support::reference::{assert_close, assert_number, cases, matrix, network_of, number};
use dnn_blocks::Error;
use dnn_blocks::cost::Targets;
use dnn_blocks::forward::{ActivationCache, LayerCache, LinearCache};
use dnn_blocks::ndarray::{Array1, Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::gradient_check::gradient_check_n;
use dnn_blocks::train::regularization::{
    DropoutCaches, Mask, add_l2_gradient, compute_cost_with_regularization,
    l_model_forward_with_dropout, l2_cost,
};
use dnn_blocks::train::workspace::Dropout;
use serde_json::Value;

#[test]
fn cost_of_course_2() {
    for (inputs, expected) in cases("c2w1_reg_compute_cost_with_regularization") {
        let parameters = network_of(&inputs, Activation::Relu, Activation::Sigmoid);
        let (a3, y, lambda) =
            (matrix(&inputs["A3"]), matrix(&inputs["Y"]), number(&inputs["lambda"]));
        let cost = compute_cost_with_regularization(&a3, &y, &parameters, lambda).unwrap();
        assert_number("J", cost, number(&expected["cost"]), 1e-13);
        let l2 = l2_cost(&parameters, lambda, y.ncols()).unwrap();
        assert_number("L2", l2, number(&expected["l2_part"]), 1e-13);
    }
}

/// The parameters of a stored cache, which has no biases: the backward pass does not need them.
fn parameters_of(cache: &Value) -> Parameters<f64> {
    let layers = (1..=3).map(|l| {
        let w = matrix(&cache[format!("W{l}")]);
        let b = Array2::zeros((w.nrows(), 1));
        Layer { w, b, activation: if l < 3 { Activation::Relu } else { Activation::Sigmoid } }
    });
    Parameters::from_layers(layers.collect()).unwrap()
}

/// Caches as stored. `A` replaces `Z`, which has the same sign.
fn caches_of<'a>(
    cache: &Value,
    x: &'a Array2<f64>,
    parameters: &'a Parameters<f64>,
) -> Vec<LayerCache<'a, f64>> {
    let a = |l: usize| matrix(&cache[format!("A{l}")]);
    let layers = parameters.layers().iter().enumerate();
    layers
        .map(|(l, layer)| LayerCache {
            linear: LinearCache {
                a_prev: if l == 0 { x.into() } else { a(l).into() },
                w: &layer.w,
                b: &layer.b,
            },
            activation: ActivationCache { z: a(l + 1), activation: layer.activation },
        })
        .collect()
}

fn check(gradients: &Gradients<f64>, expected: &Value) {
    for (l, layer) in gradients.layers().iter().enumerate() {
        assert_close("dW", &layer.dw, &matrix(&expected[format!("dW{}", l + 1)]), 1e-12);
        assert_close("db", &layer.db, &matrix(&expected[format!("db{}", l + 1)]), 1e-12);
    }
}

#[test]
fn backward_with_l2_of_course_2() {
    for (inputs, expected) in cases("c2w1_reg_backward_propagation_with_regularization") {
        let (x, y, cache) = (matrix(&inputs["X"]), matrix(&inputs["Y"]), &inputs["cache"]);
        let parameters = parameters_of(cache);
        let caches = caches_of(cache, &x, &parameters);
        let mut gradients = l_model_backward(&matrix(&cache["A3"]), &y, &caches).unwrap();
        let lambda = number(&inputs["lambda"]);
        add_l2_gradient(&mut gradients, &parameters, lambda, y.ncols()).unwrap();
        check(&gradients, &expected);
    }
}

#[test]
fn backward_with_dropout_of_course_2() {
    for (inputs, expected) in cases("c2w1_reg_backward_propagation_with_dropout") {
        let (x, y, cache) = (matrix(&inputs["X"]), matrix(&inputs["Y"]), &inputs["cache"]);
        let (parameters, keep_prob) = (parameters_of(cache), number(&inputs["keep_prob"]));
        let mask = |l: usize| Mask { d: matrix(&cache[format!("D{l}")]), keep_prob };
        let caches = DropoutCaches {
            layers: caches_of(cache, &x, &parameters),
            masks: vec![mask(1), mask(2)],
        };
        let options = BackwardOptions::new(Cost::BinaryCrossEntropy);
        let output = backpropagate(&matrix(&cache["A3"]), &y, &caches, options).unwrap();
        check(&output.gradients, &expected);
    }
}

#[test]
fn forward_with_dropout_of_course_2() {
    for (inputs, expected) in cases("c2w1_reg_forward_propagation_with_dropout") {
        let (x, keep_prob) = (matrix(&inputs["X"]), number(&inputs["keep_prob"]));
        let parameters = network_of(&inputs, Activation::Relu, Activation::Sigmoid);
        let mut rng = NumpyRandom::seed(1);
        let (a3, caches) =
            l_model_forward_with_dropout(&x, &parameters, keep_prob, &mut rng).unwrap();
        assert_close("A3", &a3, &matrix(&expected["A3"]), 1e-13);
        for l in [1, 2] {
            let (d, a) = (matrix(&expected[format!("D{l}")]), matrix(&expected[format!("A{l}")]));
            assert_close("D", &caches.masks[l - 1].d, &d, 0.0);
            assert_close("A", &caches.layers[l].linear.a_prev.to_owned(), &a, 1e-13);
        }
        let z = &caches.layers[2].activation.z;
        assert_close("Z3", z, &matrix(&expected["Z3"]), 1e-13);
    }
}

#[test]
fn the_gradient_of_l2_is_that_of_its_cost() {
    let mut rng = NumpyRandom::seed(1);
    let parameters = initialize_parameters_deep(&[3, 4, 2], Initializer::He, &mut rng).unwrap();
    let mut gradients = Gradients::zeros_like(&parameters);
    add_l2_gradient(&mut gradients, &parameters, 0.3, 7).unwrap();
    let check = gradient_check_n(&parameters, &gradients, 1e-4, |p| l2_cost(p, 0.3, 7));
    assert!(check.unwrap().difference < 1e-9);

    let message = "m is 0, but must be at least 1";
    let before = gradients.clone();
    let error = add_l2_gradient(&mut gradients, &parameters, 0.3, 0).unwrap_err();
    assert_eq!((error.to_string().as_str(), gradients), (message, before));
    assert_eq!(l2_cost(&parameters, 0.3, 0).unwrap_err().to_string(), message);
}

/// With fixed masks the cost is a differentiable function.
#[test]
fn the_gradient_through_dropout_is_that_of_its_cost() {
    let mut rng = NumpyRandom::seed(4);
    let parameters = initialize_parameters_deep(&[3, 6, 5, 2], Initializer::Xavier, &mut rng)
        .unwrap()
        .with_activations(Activation::Tanh, Activation::Softmax);
    let x = Array2::from_shape_simple_fn((3, 8), || rng.randn());
    let classes = Array2::from_shape_fn((1, 8), |(_, i)| (i % 2) as f64);
    let weights = Array1::from_shape_fn(8, |i| 0.5 + i as f64);
    let targets = Targets::new(&classes).weighted(&weights);
    let objective = Objective::new(Cost::CategoricalCrossEntropy).l2(0.6);
    let mut workspace = Workspace::new(&parameters, 8).unwrap();
    let mut evaluate = |p: &Parameters<f64>| {
        let rng = &mut NumpyRandom::seed(9);
        let dropout = Dropout::new(0.7, rng);
        let (cost, gradients) =
            workspace.cost_and_gradients_with_dropout(&x, targets, p, &objective, dropout)?;
        Ok((cost, gradients.clone()))
    };
    let gradients = evaluate(&parameters).unwrap().1;
    let check = gradient_check_n(&parameters, &gradients, 1e-6, |p| evaluate(p).map(|both| both.0));
    let check = check.unwrap();
    assert!(check.difference < 1e-7, "{check}");
}

#[test]
fn dropout_keeps_the_mean_and_drops_nothing_at_1() {
    let mask = Mask::<f64>::draw(300, 200, 0.7, &mut NumpyRandom::seed(2)).unwrap();
    let mut ones = Array2::ones((300, 200));
    mask.apply(&mut ones).unwrap();
    assert!((ones.mean().unwrap() - 1.0).abs() < 0.01);
    let all = Mask::<f64>::draw(30, 20, 1.0, &mut NumpyRandom::seed(2)).unwrap();
    assert!(all.d.iter().all(|&d| d == 1.0));
}

#[test]
fn a_probability_that_is_none_is_an_error() {
    let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    let (x, y) = (Array2::ones((2, 4)), Array2::ones((1, 4)));
    for keep_prob in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        let rng = &mut NumpyRandom::seed(1);
        let wrong = |error: Error| {
            assert!(matches!(error, Error::Hyperparameter { name: "keep_prob", .. }), "{error}");
        };
        wrong(Mask::<f64>::draw(2, 2, keep_prob, rng).unwrap_err());
        wrong(l_model_forward_with_dropout(&x, &parameters, keep_prob, rng).unwrap_err());
        let single = initialize_parameters_deep(&[2, 1], Initializer::He, rng).unwrap();
        wrong(l_model_forward_with_dropout(&x, &single, keep_prob, rng).unwrap_err());
        let mut workspace = Workspace::new(&parameters, 4).unwrap();
        let cost = Cost::BinaryCrossEntropy;
        let dropout = Dropout::new(keep_prob, rng);
        wrong(
            workspace
                .cost_and_gradients_with_dropout(&x, &y, &parameters, cost, dropout)
                .unwrap_err(),
        );
    }
}

#[test]
fn masks_of_another_network_are_errors() {
    let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    let (x, y) = (Array2::ones((2, 4)), array![[1.0, 0.0, 1.0, 0.0]]);
    let (al, caches) =
        l_model_forward_with_dropout(&x, &parameters, 0.5, &mut NumpyRandom::seed(1)).unwrap();
    let backward = |masks: &[Mask<f64>]| {
        let options = BackwardOptions::new(Cost::BinaryCrossEntropy);
        let caches = DropoutCaches { layers: caches.layers.clone(), masks: masks.to_vec() };
        backpropagate(&al, &y, &caches, options)
    };
    let longer = Mask { d: Array2::ones((3, 5)), keep_prob: 0.5 };
    let error = backward(&[longer]).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(1), .. }), "{error}");
    let error = backward(&[&caches.masks[..], &caches.masks].concat()).unwrap_err();
    assert!(matches!(error, Error::LayerCount { expected: 2, found: 3 }), "{error}");
    let impossible = Mask { keep_prob: 0.0, ..caches.masks[0].clone() };
    let error = backward(&[impossible]).unwrap_err();
    assert!(matches!(error, Error::Hyperparameter { name: "keep_prob", .. }), "{error}");

    let parameters = initialize_parameters_deep::<f64>(
        &[2, 3, 3, 1],
        Initializer::He,
        &mut NumpyRandom::seed(1),
    )
    .unwrap();
    let (al, caches) =
        l_model_forward_with_dropout(&x, &parameters, 0.5, &mut NumpyRandom::seed(1)).unwrap();
    let backward = |masks: &[Mask<f64>]| {
        let options = BackwardOptions::new(Cost::BinaryCrossEntropy);
        let caches = DropoutCaches { layers: caches.layers.clone(), masks: masks.to_vec() };
        backpropagate(&al, &y, &caches, options)
    };
    let error = backward(&caches.masks[..1]).unwrap_err();
    assert!(matches!(error, Error::LayerCount { expected: 3, found: 2 }), "{error}");
    let error = backward(&[]).unwrap_err();
    assert!(matches!(error, Error::LayerCount { expected: 3, found: 1 }), "{error}");
    // The layer caches equal the caches of a pass without dropout.
    let options = BackwardOptions::new(Cost::BinaryCrossEntropy);
    let gradients = backpropagate(&al, &y, &caches.layers, options).unwrap().gradients;
    assert_eq!(gradients, l_model_backward(&al, &y, &caches.layers).unwrap());
}

/// The course keeps a unit if its number is below the probability.
#[test]
fn a_number_that_equals_the_probability_drops_the_unit() {
    let draw =
        |number| Mask::<f64>::draw(1, 1, 0.75, &mut ConstantSource(number)).unwrap().d[[0, 0]];
    assert_eq!([draw(0.75_f64.next_down()), draw(0.75)], [1.0, 0.0]);
}

#[test]
fn a_forward_pass_with_dropout_names_the_layer_that_does_not_fit() {
    let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    parameters.layers_mut()[1].w = Array2::zeros((1, 4));
    let (x, rng) = (Array2::ones((2, 4)), &mut NumpyRandom::seed(1));
    let error = l_model_forward_with_dropout(&x, &parameters, 0.5, rng).map(drop).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(2), .. }), "{error}");
}
