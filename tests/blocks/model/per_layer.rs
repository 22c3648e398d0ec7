//! Activations and initializers per layer.

use super::{clouds, fitted, quick};
use dnn_blocks::Error;
use dnn_blocks::init::PerLayer;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;

const ACTIVATIONS: [Activation; 2] = [Activation::Tanh, Activation::Relu];
const INITIALIZERS: [Initializer; 3] =
    [Initializer::LeCun, Initializer::Xavier, Initializer::Scaled(0.3)];

/// A tanh layer and a ReLU layer, with one batch an epoch.
fn tanh_relu() -> Hyperparameters {
    quick().hidden(&[6, 4]).activation(ACTIVATIONS).initializer(INITIALIZERS).batch_size(60)
}

#[test]
fn a_fit_is_a_loop_of_public_calls() {
    let (x, labels) = clouds(2, 60);
    let how = tanh_relu();
    let model = fitted(how.clone(), &x, &labels);

    let scaler = Standardizer::fit(&x.t()).unwrap();
    let x = scaler.transform(&x.t()).unwrap();
    let y = Array2::from_shape_fn((1, 60), |(_, i)| labels[i] as f64);
    let mut rng = NumpyRandom::seed(how.seed);
    let activations = [Activation::Tanh, Activation::Relu, Activation::Sigmoid];
    let mut parameters = initialize_parameters_deep(&[2, 6, 4, 1], INITIALIZERS, &mut rng)
        .unwrap()
        .with_layer_activations(&activations)
        .unwrap();
    let mut optimizer = Optimizer::new(how.algorithm, &parameters).unwrap();
    let mut workspace = Workspace::new(&parameters, 60).unwrap();
    for _ in 0..how.epochs {
        let cost = Cost::BinaryCrossEntropy;
        let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
        optimizer.step(&mut parameters, gradients, how.learning_rate).unwrap();
    }
    assert_eq!(model.parameters(), Some(&parameters));
}

#[test]
fn a_list_of_equal_values_is_one_value() {
    let (x, labels) = clouds(3, 60);
    let one = quick().hidden(&[6, 4]).activation(Activation::Silu).initializer(Initializer::LeCun);
    let list =
        one.clone().activation(vec![Activation::Silu; 2]).initializer(&[Initializer::LeCun; 3][..]);
    let (a, b) = (fitted(one, &x, &labels), fitted(list, &x, &labels));
    assert_eq!(a.parameters(), b.parameters());
}

/// Each layer draws from the same stream as with one initializer.
#[test]
fn weights_of_each_layer_follow_its_initializer() {
    let draw = |initializer: PerLayer<Initializer>| {
        let rng = &mut NumpyRandom::seed(3);
        initialize_parameters_deep::<f64>(&[5, 4, 3], initializer, rng).unwrap()
    };
    let normal = draw(PerLayer::All(Initializer::Scaled(1.0)));
    let mixed = draw([Initializer::He, Initializer::LeCun].into());
    for (l, factor) in [(0, (2.0_f64 / 5.0).sqrt()), (1, 0.5)] {
        let expected = normal.layers()[l].w.mapv(|w| w * factor);
        let error = (&mixed.layers()[l].w - &expected).mapv(f64::abs);
        assert!(error.iter().all(|e| *e < 1e-15), "layer {}", l + 1);
    }
}

#[test]
fn lists_of_another_length_are_errors() {
    let (x, labels) = clouds(2, 40);
    for (how, message) in [
        (quick().activation([]), "activation and hidden differ in length: 0 and 1"),
        (quick().activation(ACTIVATIONS), "activation and hidden differ in length: 2 and 1"),
        (
            quick().hidden(&[]).activation([Activation::Relu]),
            "activation and hidden differ in length: 1 and 0",
        ),
        (
            quick().initializer([Initializer::He]),
            "initializer and layers differ in length: 1 and 2",
        ),
        (quick().initializer(INITIALIZERS), "initializer and layers differ in length: 3 and 2"),
    ] {
        assert_eq!(how.check::<f64>().unwrap_err().to_string(), message);
        let error = Classifier::<f64, usize>::new(how).fit(Examples::rows(&x), &labels);
        assert_eq!(error.unwrap_err().to_string(), message);
    }
    let rng = &mut NumpyRandom::seed(1);
    let error = initialize_parameters_deep::<f32>(&[2, 3, 1], [Initializer::He; 3], rng);
    let message = "initializers and layers differ in length: 3 and 2";
    assert_eq!(error.unwrap_err().to_string(), message);
    assert_eq!(
        initialize_parameters_deep::<f32>(&[], Initializer::He, rng).unwrap_err(),
        Error::NoLayers
    );
    let parameters = initialize_parameters::<f32>(2, 3, 1, rng).unwrap();
    let error = parameters.with_layer_activations(&[Activation::Tanh]).unwrap_err();
    assert_eq!(error.to_string(), "activations and layers differ in length: 1 and 2");
}

#[test]
fn constants_of_each_layer_are_checked() {
    let infinite = Activation::LeakyRelu(f64::INFINITY);
    let error = tanh_relu().activation([Activation::Tanh, infinite]).check::<f64>().unwrap_err();
    assert!(error.to_string().starts_with("slope is inf"), "{error}");
    let nan = Initializer::Scaled(f64::NAN);
    let how = tanh_relu().initializer([Initializer::He, nan, Initializer::He]);
    assert!(how.check::<f64>().unwrap_err().to_string().starts_with("factor is NaN"));
    let rng = &mut NumpyRandom::seed(1);
    let huge = Initializer::Scaled(f64::MAX);
    let error = initialize_parameters_deep::<f64>(&[9, 9, 9], [Initializer::He, huge], rng);
    assert!(error.unwrap_err().to_string().contains("small enough for finite weights"));
}

/// A network of other activations is not the one that the hyperparameters describe.
#[test]
fn a_model_keeps_the_activations_of_its_network() {
    let (x, labels) = clouds(2, 60);
    let mut model = fitted(tanh_relu(), &x, &labels);
    let swapped = tanh_relu().activation([Activation::Relu, Activation::Tanh]);
    let error = model.set_hyperparameters(swapped.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "inconsistent values: the activations of the network differ from the hyperparameters"
    );
    model.set_hyperparameters(tanh_relu().initializer(Initializer::He).epochs(2)).unwrap();
    model.fit_with(Examples::rows(&x), &labels, FitOptions::new().warm_start(true)).unwrap();

    let parameters = || model.parameters().unwrap().clone();
    let scaler = model.scaler().cloned();
    let again = Classifier::from_parameters(tanh_relu(), &[0, 1], parameters(), scaler.clone());
    let predicted = model.predict_proba(Examples::rows(&x)).unwrap();
    assert_eq!(again.unwrap().predict_proba(Examples::rows(&x)).unwrap(), predicted);
    let error = Classifier::from_parameters(swapped, &[0, 1], parameters(), scaler).unwrap_err();
    assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
}

#[cfg(feature = "safetensors")]
mod files {
    use super::*;
    use dnn_blocks::files::{Checkpoints, Limits};
    use dnn_blocks::model::Epoch;
    use serde_json::{Value, json};
    use std::ops::ControlFlow;

    #[test]
    fn a_file_keeps_the_lists() {
        let (x, labels) = clouds(2, 60);
        let model = fitted(tanh_relu(), &x, &labels);
        let file = model.to_safetensors().unwrap();
        let loaded = Classifier::<f64, usize>::from_safetensors(&file, &Limits::default()).unwrap();
        assert_eq!(loaded.hyperparameters(), &tanh_relu());
        assert_eq!(loaded.parameters(), model.parameters());
        let text = serde_json::to_string(&model).unwrap();
        let loaded: Classifier<f64, usize> = serde_json::from_str(&text).unwrap();
        assert_eq!(loaded.hyperparameters(), &tanh_relu());
    }

    #[test]
    fn one_value_is_written_without_a_list() {
        let value = |how: Hyperparameters| serde_json::to_value(how).unwrap();
        let one = value(quick().activation(Activation::Relu));
        assert_eq!((&one["activation"], &one["initializer"]), (&json!("relu"), &json!("he")));
        let slope = value(quick().activation(Activation::LeakyRelu(0.5)));
        assert_eq!(slope["activation"], json!({ "leaky_relu": 0.5 }));
        let list = value(tanh_relu());
        assert_eq!(list["activation"], json!(["tanh", "relu"]));
        assert_eq!(list["initializer"], json!(["le_cun", "xavier", { "scaled": 0.3 }]));
        for value in [one, slope, list] {
            let how: Hyperparameters = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(how).unwrap(), value);
        }
    }

    #[test]
    fn damaged_lists_are_errors() {
        let read = |activation: Value| {
            let mut value = serde_json::to_value(quick()).unwrap();
            value["activation"] = activation;
            serde_json::from_value::<Hyperparameters>(value).unwrap_err().to_string()
        };
        assert!(read(json!("swish")).contains("unknown variant `swish`"));
        assert!(read(json!(["swish"])).contains("unknown variant `swish`"));
        assert!(read(json!(["relu", "relu"])).contains("activation and hidden differ in length"));
        for other in [json!(3), json!(null), json!(true), json!([["relu"]]), json!({})] {
            read(other);
        }
    }

    #[test]
    fn a_checkpoint_of_other_layers_is_refused() {
        let (x, labels) = clouds(2, 60);
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().join("fit"), 2).unwrap();
        let options = || FitOptions::new().checkpoints(&checkpoints);
        let fit = |how: Hyperparameters, options| {
            let mut model = Classifier::<f64, usize>::new(how);
            model.fit_with(Examples::rows(&x), &labels, options).map(|_| model)
        };
        let stop = |epoch: &Epoch<'_, f64>| match epoch.record.epoch {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        fit(tanh_relu(), options().on_epoch(stop)).unwrap();
        for (how, field) in [
            (tanh_relu().activation([Activation::Tanh, Activation::Elu(1.0)]), "activation"),
            (tanh_relu().initializer([Initializer::LeCun; 3]), "initializer"),
        ] {
            let error = fit(how, options()).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
        let resumed = fit(tanh_relu(), options()).unwrap();
        assert_eq!(resumed.parameters(), fitted(tanh_relu(), &x, &labels).parameters());
    }
}
