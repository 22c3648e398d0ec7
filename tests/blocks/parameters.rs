//! Networks as values: activations, comparison and printing.

use crate::support::{ACTIVATIONS, network, random};
use dnn_blocks::Error;
use dnn_blocks::ndarray::array;
use dnn_blocks::prelude::*;

#[test]
fn values_print_compare_and_clone() {
    let parameters = network::<f64>(&[2, 3, 1], 5);
    assert_eq!(parameters.clone(), parameters);
    let x = random(2, 2, 6);
    let (_, caches) = l_model_forward(&x, &parameters).unwrap();
    assert!(format!("{:?}", caches.clone()).contains("Relu"));
    assert_ne!(Activation::LeakyRelu(0.1), Activation::LeakyRelu(0.2));
    assert_eq!(format!("{:?}", Initializer::Scaled(0.01).clone()), "Scaled(0.01)");
    assert!(std::mem::size_of::<Error>() <= 96);
}

/// The table of shapes that the course gives for this network.
#[test]
fn a_network_prints_its_shape_table() {
    let leaky = network::<f64>(&[2, 3, 5, 4, 2, 1], 5)
        .with_activations(Activation::LeakyRelu(0.2), Activation::Identity);
    let table = leaky.to_string();
    let cells = |line: &str| line.split("  ").map(str::trim).filter(|c| !c.is_empty()).count();
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(
        lines[3].split("  ").map(str::trim).filter(|c| !c.is_empty()).collect::<Vec<_>>(),
        ["2", "5", "leaky ReLU 0.2", "(5, 3)", "(5, 1)", "(5, m)", "20"]
    );
    for (number, line) in (1..=5).zip(&lines[2..7]) {
        assert!(line.starts_with(&number.to_string()) && cells(line) == 7, "{line}");
    }
    assert!(lines[7].starts_with("total") && lines[7].ends_with("66"));
    assert!(lines.iter().all(|line| !line.ends_with(' ')));
    let names: Vec<_> = ACTIVATIONS.iter().map(|a| format!("{a:>9}|")).collect();
    assert_eq!(names, ["     ReLU|", "  sigmoid|", "     tanh|", "leaky ReLU 0.01|", " identity|"]);
}

#[test]
fn hidden_layers_are_relu_and_the_last_sigmoid_unless_chosen() {
    let activations =
        |p: &Parameters<f64>| p.layers().iter().map(|l| l.activation).collect::<Vec<_>>();
    let parameters = network::<f64>(&[2, 3, 3, 1], 5);
    let (relu, sigmoid, tanh) = (Activation::Relu, Activation::Sigmoid, Activation::Tanh);
    assert_eq!(activations(&parameters), [relu, relu, sigmoid]);
    let chosen = parameters.with_activations(tanh, Activation::Identity);
    assert_eq!(activations(&chosen), [tanh, tanh, Activation::Identity]);
    let single = network::<f64>(&[2, 1], 5).with_activations(tanh, sigmoid);
    assert_eq!(activations(&single), [sigmoid]);
}

/// The numbers of each layer, with the rows below each other.
#[test]
fn a_network_prints_its_numbers_for_debugging() {
    let (w, b) = (array![[0.25, -1.5], [3.0, 0.125]], array![[0.5], [f64::NAN]]);
    let first = Layer { w, b, activation: Activation::Tanh };
    let (w, b) = (array![[1.0, -1e-9]], array![[0.0]]);
    let second = Layer { w, b, activation: Activation::LeakyRelu(0.01) };
    let parameters = Parameters::from_layers(vec![first, second]).unwrap();
    let expected = "\
layer 1: tanh, W (2, 2), b (2, 1)
W = [[0.25, -1.5],
     [3.0, 0.125]]
b = [[0.5],
     [NaN]]
layer 2: leaky ReLU 0.01, W (1, 2), b (1, 1)
W = [[1.0, -1e-9]]
b = [[0.0]]
";
    assert_eq!(format!("{parameters:?}"), expected);
    let expected = "\
leaky ReLU 0.01, W (1, 2), b (1, 1)
W = [[1.000, -0.000]]
b = [[0.000]]
";
    assert_eq!(format!("{:.3?}", parameters.layers()[1]), expected);
}

#[test]
fn large_matrices_are_cut_for_debugging() {
    let parameters = network::<f32>(&[3000, 2000, 1], 5);
    let text = format!("{parameters:.2?}");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "layer 1: ReLU, W (2000, 3000), b (2000, 1)");
    assert!(lines[1].starts_with("W = [["), "{text}");
    assert!(lines.contains(&"layer 2: sigmoid, W (1, 2000), b (1, 1)"), "{text}");
    assert_eq!(lines.iter().filter(|line| line.trim() == "...,").count(), 2, "W1 and b1: {text}");
    assert!(lines.iter().all(|line| line.len() < 120) && lines.len() < 50, "{text}");
    assert!(!text.contains("shape=") && !text.contains("strides="), "{text}");
}
