//! Networks as values: their activations, how they compare and print.

use crate::support::{ACTIVATIONS, network, random};
use dnn_blocks::Error;
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
