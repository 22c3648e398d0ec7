//! Round trips through JSON, and refused values.

use crate::support::{network, three_points};
use dnn_blocks::data::{Classes, LabelNames};
use dnn_blocks::model::ClassWeights;
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::optimizer::{Step, UpdateRule};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};
use std::fmt::Debug;

fn there_and_back<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

fn stays<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    assert_eq!(there_and_back(&value), value);
}

/// Returns the error of reading `value` as a `T`.
fn refusal<T: DeserializeOwned>(value: Value) -> String {
    match from_value::<T>(value) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_stay_as_they_are() {
    let parameters = network::<f64>(&[3, 4, 2], 1);
    stays(parameters.clone());
    stays(parameters.clone().with_activations(Activation::LeakyRelu(0.1), Activation::Softmax));
    stays(Gradients::zeros_like(&parameters));
    stays(Standardizer::fit(&array![[0.1, 0.7, 1e-300], [1e300, 2.0, 5.0]]).unwrap());
    stays(Classes::from_labels(&["b".to_string(), "a".to_string()]));
    stays(LabelNames::new(&["b".to_string(), "a".to_string()]));
    for rule in [Algorithm::GradientDescent, Algorithm::ADAM_W, Algorithm::RMS_PROP] {
        let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
        let mut moved = parameters.clone();
        optimizer.step(&mut moved, &Gradients::zeros_like(&parameters), 0.1).unwrap();
        stays(optimizer.clone());
        assert_eq!(to_value(&optimizer).unwrap().get("frozen"), None);
        optimizer.freeze(&[2]).unwrap();
        assert_eq!(to_value(&optimizer).unwrap()["frozen"], json!([2]));
        stays(optimizer);
    }
    stays([Initializer::Scaled(0.01), Initializer::He, Initializer::Zeros]);
    stays([Cost::BinaryCrossEntropy, Cost::MeanSquaredError]);
    stays(Schedule::Cosine { warm_up: 1, total: 5, lowest: 0.125 });
    stays(Hyperparameters::plain());
    stays(
        Hyperparameters::plain()
            .hidden(&[])
            .clip_norm(1.5)
            .patience(3)
            .class_weights(ClassWeights::Given(vec![1.0, 0.1])),
    );
}

#[test]
fn names_are_those_of_the_documentation() {
    assert_eq!(to_value(Activation::LeakyRelu(0.5)).unwrap(), json!({"leaky_relu": 0.5}));
    assert_eq!(to_value(Activation::Relu).unwrap(), json!("relu"));
    assert_eq!(to_value(Activation::Elu(0.5)).unwrap(), json!({"elu": 0.5}));
    for (activation, name) in [
        (Activation::Exponential, "exponential"),
        (Activation::Softplus, "softplus"),
        (Activation::Silu, "silu"),
        (Activation::Gelu, "gelu"),
        (Activation::GeluTanh, "gelu_tanh"),
    ] {
        assert_eq!(to_value(activation).unwrap(), json!(name));
        assert_eq!(from_value::<Activation>(json!(name)).unwrap(), activation);
    }
    assert_eq!(to_value(Algorithm::MOMENTUM).unwrap(), json!({"momentum": {"beta": 0.9}}));
    assert_eq!(to_value(Initializer::LeCun).unwrap(), json!("le_cun"));
    assert_eq!(to_value(Cost::MeanSquaredError).unwrap(), json!("mean_squared_error"));
}

#[test]
fn arrays_in_any_order_of_memory_stay_what_they_are() {
    let mut parameters = network::<f64>(&[3, 4, 2], 1);
    let w = parameters.layers()[0].w.clone();
    let mut turned = Array2::zeros((3, 4));
    turned.assign(&w.t());
    parameters.layers_mut()[0].w = turned.reversed_axes();
    stays(parameters);
}

#[test]
fn a_generator_goes_on_where_it_was() {
    let mut rng = NumpyRandom::seed(9);
    for _ in 0..1001 {
        rng.randn();
    }
    let mut again = there_and_back(&rng);
    for _ in 0..2000 {
        assert_eq!(again.randn().to_bits(), rng.randn().to_bits());
    }
}

#[test]
fn what_hyperparameters_leave_out_is_as_by_default() {
    let how: Hyperparameters =
        from_value(json!({"hidden": [3], "algorithm": "gradient_descent"})).unwrap();
    assert_eq!(how, Hyperparameters::default().hidden(&[3]).algorithm(Algorithm::GradientDescent));
}

#[test]
fn what_breaks_a_rule_is_refused_with_the_rule() {
    let matrix = |rows: usize, columns: usize| {
        let data = vec![0.5; rows * columns];
        json!({"v": 1, "dim": [rows, columns], "data": data})
    };
    let layer = |n: usize, n_prev: usize, bias: usize| json!({"w": matrix(n, n_prev), "b": matrix(bias, 1), "activation": "relu"});
    let networks = [
        (json!([]), "no layers: "),
        (json!([layer(4, 2, 4), layer(1, 5, 1)]), "layer 2: W (1, 5) and W_prev (4, 2) do not fit"),
        (json!([layer(4, 2, 3)]), "layer 1: W (4, 2) and b (3, 1) do not fit"),
        (json!([layer(0, 2, 0)]), "layer 1: W (0, 2) is empty"),
    ];
    for (value, reason) in networks {
        let error = refusal::<Parameters<f64>>(value);
        assert!(error.contains(reason), "{error}");
    }
    let w = json!({"v": 1, "dim": [usize::MAX, 2], "data": [1.0]});
    let short = json!([{"w": w, "b": matrix(1, 1), "activation": "relu"}]);
    refusal::<Parameters<f64>>(short);
    let error =
        refusal::<Standardizer<f64>>(json!({"mean": matrix(2, 1), "deviation": matrix(1, 1)}));
    assert!(error.contains("two columns of one length"), "{error}");
    let zero = json!({"v": 1, "dim": [1, 1], "data": [0.0]});
    let error = refusal::<Standardizer<f64>>(json!({"mean": matrix(1, 1), "deviation": zero}));
    assert!(error.contains("above 0"), "{error}");
    for classes in [json!(["b", "a"]), json!(["a", "a"])] {
        assert!(refusal::<Classes<String>>(classes).contains("sorted"));
    }
    assert!(refusal::<LabelNames<String>>(json!(["b", "a", "b"])).contains("twice"));
    for (choice, reason) in [
        (json!({"keep_prob": 0.0}), "keep_prob is 0, but "),
        (json!({"algorithm": {"momentum": {"beta": 1.5}}}), "beta is 1.5, but "),
        (json!({"hiden": [3]}), "unknown field `hiden`"),
        (json!({"frozen": [0]}), "frozen is 0, but must be at least 1"),
        (json!({"frozen": [2, 1, 2]}), "frozen is 2, but must be a layer that is listed only once"),
        (
            json!({"activation": 3}),
            "integer `3`, expected a name, a name with its constant, or a list of them",
        ),
        (json!({"schedule": {"step": {"factor": 2.0, "every": 1}}}), "factor is 2, but "),
    ] {
        let error = refusal::<Hyperparameters>(choice);
        assert!(error.contains(reason), "{error}");
    }
    let optimizer =
        json!({"rule": Algorithm::ADAM, "state": [{"w": [matrix(1, 1)], "b": []}], "steps": 1});
    assert!(refusal::<Optimizer<f64>>(optimizer).contains("length"));
    let filled = |value: f64| json!({"v": 1, "dim": [1, 1], "data": [value]});
    let rms_prop = |value: f64| {
        let state = json!([{"w": [filled(0.0)], "b": [filled(value)]}]);
        json!({"rule": Algorithm::RMS_PROP, "state": state, "steps": 1})
    };
    from_value::<Optimizer<f32>>(rms_prop(0.5)).unwrap();
    let error = refusal::<Optimizer<f32>>(rms_prop(-0.5));
    assert!(error.contains("layer 1: s[0, 0] is -0.5"), "{error}");
    let error = refusal::<Optimizer<f32>>(rms_prop(1e300));
    assert!(error.contains("layer 1: s[0, 0] is inf"), "{error}");
    let mut optimizer =
        to_value(Optimizer::new(Algorithm::ADAM, &network::<f64>(&[3, 4, 2], 1)).unwrap()).unwrap();
    for (frozen, reason) in [
        (json!([0]), "frozen is 0, but "),
        (json!([3]), "frozen is 3, but "),
        (json!([1, 1]), "frozen is 1, but "),
        (json!([1, 2]), "number of frozen layers is 2, but "),
        (json!([-1]), "invalid value"),
    ] {
        optimizer["frozen"] = frozen;
        let error = refusal::<Optimizer<f64>>(optimizer.clone());
        assert!(error.contains(reason), "{error}");
    }
    let generator = json!({"key": [1, 2, 3], "position": 0, "kept": null});
    assert!(refusal::<NumpyRandom>(generator).contains("624"));
}

/// JSON has no such number: it would be `null`, which no reader accepts.
#[test]
fn what_would_be_refused_is_not_written() {
    let refused = |written: Result<String, serde_json::Error>| written.unwrap_err().to_string();
    let mut parameters = network::<f64>(&[3, 4, 2], 1);
    let steep = |g: f64| {
        let mut gradients = Gradients::zeros_like(&network::<f64>(&[3, 4, 2], 1));
        gradients.layers_mut()[1].dw[[1, 2]] = g;
        gradients
    };
    for g in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
        optimizer.step(&mut network::<f64>(&[3, 4, 2], 1), &steep(g), 0.1).unwrap();
        let error = refused(serde_json::to_string(&optimizer));
        assert!(error.starts_with("layer 2: ") && error.contains("[1, 2] is "), "{error}");
    }
    let small = Limited(Algorithm::MOMENTUM);
    let optimizer = Optimizer::from_state(small, vec![], 3).unwrap();
    assert!(serde_json::to_string(&optimizer).is_ok(), "rules of others, too");

    let how = Hyperparameters::plain().learning_rate(f64::NAN);
    assert!(refused(serde_json::to_string(&how)).contains("learning_rate is NaN, but "));
    parameters.layers_mut()[1].w[[1, 2]] = f64::NAN;
    let error = refused(serde_json::to_string(&parameters));
    assert_eq!(error, "layer 2: W[1, 2] is NaN");
    parameters.layers_mut()[1].w = array![[0.5]];
    assert!(refused(serde_json::to_string(&parameters)).contains("do not fit"));
    let large = to_value(network::<f64>(&[3, 4, 2], 1)).unwrap();
    let mut large: Value = large;
    *large.pointer_mut("/0/w/data/0").unwrap() = json!(1e300);
    assert_eq!(refusal::<Parameters<f32>>(large), "layer 1: W[0, 0] is inf");
}

/// A custom update rule that serializes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize)]
struct Limited(Algorithm);

impl UpdateRule<f64> for Limited {
    fn update(
        &self,
        _: Step,
        _: &mut dnn_blocks::ndarray::ArrayRef2<f64>,
        _: &dnn_blocks::ndarray::ArrayRef2<f64>,
        _: &mut [Array2<f64>],
    ) -> dnn_blocks::Result<()> {
        Ok(())
    }
}

/// This state yields only zeros, from which the polar method makes no normal sample.
#[test]
fn a_generator_that_is_dead_is_refused() {
    let state = |first: u32, last: u32, position: usize| {
        let mut key = vec![0; 624];
        (key[0], key[623]) = (first, last);
        json!({"key": key, "position": position, "kept": null})
    };
    for position in [0, 1, 623, 624] {
        for first in [0, 1, 0x7fff_ffff] {
            let error = refusal::<NumpyRandom>(state(first, 0, position));
            assert!(error.starts_with("key is 0, but "), "{error}");
        }
        let mut rng: NumpyRandom = from_value(state(0x8000_0000, 0, position)).unwrap();
        assert!(rng.randn().is_finite());
    }
    let mut rng: NumpyRandom = from_value(state(0, 1, 624)).unwrap();
    assert!(rng.randn().is_finite());
    assert!(refusal::<NumpyRandom>(state(0, 1, 623)).starts_with("key is 0, but "));
}

/// Three classes around three points, with every hyperparameter in use.
fn fitted() -> (Classifier<f64, String>, Array2<f64>, Vec<String>) {
    let (x, labels) = three_points(["x", "y", "z"]);
    let how = Hyperparameters::plain().hidden(&[5, 4]).epochs(4).keep_prob(0.9).l2(0.1);
    let mut model = Classifier::new(how.batch_size(16).activation(Activation::LeakyRelu(0.02)));
    model.fit(Examples::rows(&x), &labels).unwrap();
    (model, x, labels)
}

#[test]
fn a_classifier_predicts_and_learns_on_with_the_same_bits() {
    let (mut model, x, labels) = fitted();
    let mut again = there_and_back(&model);
    let x = Examples::rows(&x);
    assert_eq!(again.predict_proba(x).unwrap(), model.predict_proba(x).unwrap());
    assert_eq!(again.hyperparameters(), model.hyperparameters());
    for _ in 0..3 {
        assert_eq!(again.partial_fit(x, &labels).unwrap(), model.partial_fit(x, &labels).unwrap());
    }
    assert_eq!(again.parameters(), model.parameters());
}

#[test]
fn a_regressor_predicts_and_learns_on_with_the_same_bits() {
    let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * 7 + j * 3) % 11) as f64);
    let y = Array2::from_shape_fn((40, 2), |(i, j)| x[[i, 0]] * 100.0 - x[[i, j]]);
    let mut model = Regressor::<f64>::new(Hyperparameters::plain().hidden(&[6]).epochs(3));
    model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    let mut again = there_and_back(&model);
    let (x, y) = (Examples::rows(&x), Examples::rows(&y));
    assert_eq!(again.predict(x).unwrap(), model.predict(x).unwrap());
    assert_eq!(again.partial_fit(x, y).unwrap(), model.partial_fit(x, y).unwrap());
    assert_eq!(again.predict(x).unwrap(), model.predict(x).unwrap());
}

#[test]
fn a_model_that_has_not_learnt_stays_one() {
    let model = Classifier::<f32, i64>::new(Hyperparameters::plain()).with_classes(&[3, -1]);
    let again = there_and_back(&model);
    assert_eq!(again.classes(), [-1, 3]);
    assert!(again.parameters().is_none());
}

#[test]
fn parts_that_are_not_of_one_model_are_refused() {
    let whole = to_value(fitted().0).unwrap();
    from_value::<Classifier<f64, String>>(whole.clone()).unwrap();
    let refused = |place: &str, value: Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(place).unwrap() = value;
        refusal::<Classifier<f64, String>>(changed)
    };
    for (place, value, reason) in [
        ("/classes", json!(["x", "y"]), "do not fit"),
        ("/classes", json!(["x"]), "only one class"),
        ("/classes", json!(null), "classes are stored"),
        ("/hyperparameters/hidden", json!([5]), "layers"),
        ("/hyperparameters/hidden", json!([5, 5]), "do not fit"),
        ("/hyperparameters/activation", json!("tanh"), "activations"),
        ("/hyperparameters/standardize", json!(false), "scaler"),
        ("/hyperparameters/algorithm", json!("gradient_descent"), "another update rule"),
        ("/network/scaler", json!(null), "scaler"),
        ("/network/parameters/2/activation", json!("sigmoid"), "needs softmax outputs"),
        ("/network/parameters/1/activation", json!("sigmoid"), "activations"),
        ("/network/memory/optimizer/steps", json!(-1), "integer"),
        ("/network/epochs", json!(u64::MAX), "epochs"),
    ] {
        let error = refused(place, value);
        assert!(error.contains(reason), "{place}: {error}");
    }
}

#[test]
fn a_model_whose_optimiser_remembers_what_cannot_be_is_refused() {
    let value = to_value(fitted().0).unwrap();
    for (place, number, reason) in [
        ("w/1/data/0", -1e-9, "layer 1: s[0, 0] is -0.000000001, but must be at least 0"),
        ("b/1/data/1", -1.0, "layer 1: s[1, 0] is -1, but must be at least 0"),
    ] {
        let mut value = value.clone();
        let place = format!("/network/memory/optimizer/state/0/{place}");
        *value.pointer_mut(&place).unwrap() = json!(number);
        let error = refusal::<Classifier<f64, String>>(value);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn an_optimiser_that_has_taken_all_steps_takes_one_more() {
    let (model, x, labels) = fitted();
    let mut value = to_value(model).unwrap();
    *value.pointer_mut("/network/memory/optimizer/steps").unwrap() = json!(u64::MAX);
    let mut model: Classifier<f64, String> = from_value(value).unwrap();
    model.partial_fit(Examples::rows(&x), &labels).unwrap();
    assert!(model.parameters().unwrap().is_finite());
}
