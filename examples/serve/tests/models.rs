//! Files of every kind of model: the answer is that of the model which was saved.

mod support;

use dnn_blocks::files::Checkpoint;
use dnn_blocks::model::{PackedWeights, Predictor};
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks_serve::api::Limits;
use dnn_blocks_serve::client::{Reply, post};
use dnn_blocks_serve::label::Label;
use dnn_blocks_serve::served::Served;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::fmt::Debug;
use support::{HEALTH, Server, refusal, rows_of};
use tempfile::tempdir;

/// Serves the file that `save` writes.
fn started(save: impl FnOnce(&std::path::Path)) -> Server {
    Server::start(loaded(save).unwrap(), Limits::default())
}

fn loaded(save: impl FnOnce(&std::path::Path)) -> Result<Served, String> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    save(&path);
    Served::load(&path)
}

fn body(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    serde_json::from_slice(&reply.body).unwrap()
}

/// Returns the health and the answer for examples.
fn health_and_answer<F: Float + Serialize>(server: Server, x: &Array2<F>) -> (Value, Value) {
    let mut client = server.client();
    let health = body(&client.call(HEALTH).unwrap());
    let rows: Vec<_> = x.rows().into_iter().map(|row| row.to_vec()).collect();
    let answer = body(&client.call(post(&json!({ "examples": rows }).to_string())).unwrap());
    drop(client);
    server.stop();
    (health, answer)
}

fn quick() -> Hyperparameters {
    Hyperparameters::plain().hidden(&[8]).epochs(20).learning_rate(0.05).seed(1)
}

fn table<F: Float>(examples: usize) -> Array2<F> {
    let mut rng = NumpyRandom::seed(5);
    Array2::from_shape_simple_fn((examples, 3), || F::of(10.0 + 3.0 * rng.randn()))
}

/// Compares with the model itself, on the weights that the service has.
fn assert_classifier<F, L>(labels: [L; 3])
where
    F: Float + Serialize,
    L: Ord + Clone + Debug + Serialize + DeserializeOwned,
{
    let x = table::<F>(30);
    let class = |x: F| usize::from(x > F::of(9.0)) + usize::from(x > F::of(11.0));
    let y: Vec<L> = x.column(0).iter().map(|&x| labels[class(x)].clone()).collect();
    let mut model = Classifier::<F, L>::new(quick());
    model.fit(Examples::rows(&x), &y).unwrap();
    let (health, answer) = health_and_answer(started(|path| model.save(path).unwrap()), &x);
    assert_eq!(health, json!({ "status": "ok", "features": 3, "classes": labels }));
    assert_eq!(answer["classes"], json!(model.predict(Examples::rows(&x)).unwrap()));
    let weights = PackedWeights::new(model.parameters().unwrap()).unwrap();
    let mut predictor = model.predictor(30).unwrap().with_weights(&weights).unwrap();
    let expected = predictor.predict_proba(Examples::rows(&x)).unwrap();
    assert_eq!(answer["probabilities"], rows_of(expected));
}

#[test]
fn labels_are_answered_as_they_are() {
    assert_classifier::<f32, _>([-1, 0, i64::MAX]);
    assert_classifier::<f32, _>(["", "Gentoo", "Zügel"].map(String::from));
    assert_classifier::<f32, _>([0, 7, u64::MAX]);
    assert_classifier::<f32, _>(['a', 'b', '\u{10000}']);
    assert_classifier::<f64, _>(["no", "perhaps", "yes"].map(String::from));
    assert_classifier::<f64, _>([1, 2, 3]);
}

#[test]
fn two_bools_are_two_classes() {
    let x = table::<f32>(20);
    let y: Vec<bool> = x.column(1).iter().map(|&x| x > 10.0).collect();
    let mut model = Classifier::<f32, bool>::new(quick());
    model.fit(Examples::rows(&x), &y).unwrap();
    let (health, answer) = health_and_answer(started(|path| model.save(path).unwrap()), &x);
    assert_eq!(health["classes"], json!([false, true]));
    let predicted = model.predict(Examples::rows(&x)).unwrap();
    assert!(predicted.contains(&true) && predicted.contains(&false));
    assert_eq!(answer["classes"], json!(predicted));
    assert_eq!(answer["probabilities"][0].as_array().unwrap().len(), 2);
}

fn assert_multi_label<F: Float + Serialize>() {
    let x = table::<F>(40);
    let set = |row: usize| {
        let has = [("tall", x[[row, 0]] > F::of(10.0)), ("big", x[[row, 1]] > F::of(11.0))];
        has.iter().filter(|(_, has)| *has).map(|(label, _)| (*label).to_owned()).collect()
    };
    let sets: Vec<Vec<String>> = (0..40).map(set).collect();
    let labels = ["tall", "big"].map(String::from);
    let mut model = MultiLabelClassifier::<F, String>::new(quick()).with_labels(&labels);
    model.fit(Examples::rows(&x), &sets).unwrap();
    let (health, answer) = health_and_answer(started(|path| model.save(path).unwrap()), &x);
    assert_eq!(health["labels"], json!(labels));
    let predicted = model.predict(Examples::rows(&x)).unwrap();
    assert!(predicted.iter().any(|set| set.len() == 1), "{predicted:?}");
    assert_eq!(answer["labels"], json!(predicted));
}

#[test]
fn labels_of_a_multi_label_model_can_be_texts() {
    assert_multi_label::<f32>();
    assert_multi_label::<f64>();
}

fn assert_regressor<F: Float + Serialize>() {
    let x = table::<F>(40);
    let y = Array2::from_shape_fn((40, 2), |(i, j)| x[[i, j]] * F::of(1000.0) - x[[i, 2]]);
    let mut model = Regressor::<F>::new(quick());
    let named = Examples::rows(&x).feature_names(&["a", "b", "c"]);
    model.fit(named, Examples::rows(&y)).unwrap();
    assert!(model.scaler().is_some() && model.target_scaler().is_some());
    let (health, answer) = health_and_answer(started(|path| model.save(path).unwrap()), &x);
    let names = ["a", "b", "c"];
    let expected = json!({ "status": "ok", "features": 3, "values": 2, "feature_names": names });
    assert_eq!(health, expected);
    let weights = PackedWeights::new(model.parameters().unwrap()).unwrap();
    let mut predictor = model.predictor(40).unwrap().with_weights(&weights).unwrap();
    let expected = predictor.predict(Examples::rows(&x)).unwrap();
    assert!(expected.iter().all(|y| *y > F::of(1000.0)), "in the units of the targets");
    assert_eq!(answer, json!({ "values": rows_of(expected) }));
}

#[test]
fn a_regressor_answers_in_the_units_of_its_targets() {
    assert_regressor::<f32>();
    assert_regressor::<f64>();
}

/// The example is named with and without a scaler of targets, which refuses such outputs itself.
#[test]
fn targets_that_are_not_finite_are_refused() {
    let (w, b) = (array![[1e30_f32]], array![[0.0]]);
    let layer = Layer { w, b, activation: Activation::Identity };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let scaler = || Some(Standardizer::fit(&array![[-1.0_f32, 1.0]]).unwrap());
    let how = quick().hidden(&[]);
    let scaled = (how.clone(), scaler(), scaler());
    for (how, scaler, target_scaler) in [scaled, (how.standardize(false), None, None)] {
        let model =
            Regressor::from_parameters(how, parameters.clone(), scaler, target_scaler).unwrap();
        let server = started(|path| model.save(path).unwrap());
        let request = post(r#"{"examples": [[1], [1e30], [2]]}"#);
        let (status, kind, error) = refusal(&server.client().call(request).unwrap());
        assert_eq!((status, kind.as_str(), &error["example"]), (422, "not_finite", &json!(1)));
        server.stop();
    }
}

#[test]
fn a_network_without_probabilities_answers_with_its_outputs() {
    for (activation, units) in [
        (Activation::Identity, 1),
        (Activation::Identity, 2),
        (Activation::Sigmoid, 2),
        (Activation::Relu, 1),
    ] {
        let sizes = [3, 4, units];
        let mut rng = NumpyRandom::seed(3);
        let parameters = initialize_parameters_deep::<f64>(&sizes, Initializer::He, &mut rng)
            .unwrap()
            .with_activations(Activation::Tanh, activation);
        let x = table::<f64>(5);
        let (health, answer) =
            health_and_answer(started(|path| parameters.save(path).unwrap()), &x);
        assert_eq!(health, json!({ "status": "ok", "features": 3, "values": units }));
        let weights = PackedWeights::new(&parameters).unwrap();
        let mut predictor = Predictor::new(&weights, 5).unwrap();
        assert_eq!(answer, json!({ "values": rows_of(predictor.outputs(x.t()).unwrap()) }));
    }
}

#[test]
fn numbers_of_a_network_in_f64_have_64_bits() {
    let layer = Layer { w: array![[2.0]], b: array![[0.0]], activation: Activation::Identity };
    let parameters = Parameters::<f64>::from_layers(vec![layer]).unwrap();
    let x = array![[1e300], [0.1], [1.0 + f64::EPSILON]];
    let (_, answer) = health_and_answer(started(|path| parameters.save(path).unwrap()), &x);
    assert_eq!(answer, json!({ "values": [[2e300], [0.2], [2.0 + 2.0 * f64::EPSILON]] }));
}

#[test]
fn files_that_are_not_served_are_named() {
    let error = |save: &dyn Fn(&std::path::Path)| loaded(save).unwrap_err();
    let parameters = initialize_parameters::<f32>(2, 2, 1, &mut NumpyRandom::seed(1)).unwrap();
    let checkpoint = error(&|path| {
        let optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
        let rng = NumpyRandom::seed(1);
        Checkpoint::new(parameters.clone(), optimizer, rng).save(path).unwrap();
    });
    assert!(checkpoint.ends_with("a checkpoint is not served: save the trained model"));
    assert!(checkpoint.contains("model.safetensors: "), "{checkpoint}");

    let x = table::<f32>(4);
    let pairs = error(&|path| {
        let mut model = Classifier::<f32, (i32, i32)>::new(quick());
        model.fit(Examples::rows(&x), &[(0, 1), (0, 1), (2, 1), (2, 1)]).unwrap();
        model.save(path).unwrap();
    });
    assert!(pairs.ends_with("the labels in the file are not integers of 64 bits, texts or bools"));
    let other = error(&|path| std::fs::write(path, "no model").unwrap());
    assert!(other.contains("invalid safetensors data"), "{other}");
}

#[test]
fn labels_have_the_order_of_their_type() {
    let integers = [i64::MIN, -1, 0, i64::MAX].map(Label::Integer).to_vec();
    let more = [i64::MAX as u64 + 1, u64::MAX].map(Label::Large);
    assert!([integers, more.to_vec()].concat().is_sorted());
    assert!(Label::Bool(false) < Label::Bool(true));
    assert!(Label::from("Z".to_owned()) < Label::from("a".to_owned()));
}
