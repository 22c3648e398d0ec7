//! Files of earlier versions are read, and written again with everything that they say. A later
//! version may add values to a description.
//!
//! The files are in tests/data/files. `DNN_BLOCKS_RECORD=1 cargo test -p tests files::fixtures`
//! writes missing ones, for a new kind of file.

use crate::support::reference::{assert_close, matrix};
use dnn_blocks::data::Classes;
use dnn_blocks::files::{Checkpoint, Checkpoints, Limits};
use dnn_blocks::model::ClassWeights;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::regularization::Mask;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/files").join(name)
}

/// Returns the bytes of a file, and writes it first if it is missing and recording is on.
fn recorded(name: &str, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let path = path(name);
    if std::env::var_os("DNN_BLOCKS_RECORD").is_some() && !path.exists() {
        std::fs::write(&path, make()).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The outputs of the model in a file.
fn assert_outputs<F: Float>(name: &str, found: &Array2<F>) {
    let text = recorded(&format!("{name}.outputs.json"), || {
        let data: Vec<_> = found.iter().map(|x| x.as_f64()).collect();
        json!({ "shape": found.shape(), "data": data }).to_string().into()
    });
    let expected = matrix(&serde_json::from_slice::<Value>(&text).unwrap());
    let bound = if size_of::<F>() == 4 { 1e-5 } else { 1e-12 };
    assert_close(name, found, &expected, bound);
}

/// Checks that every value of `old` is in `new`, where objects may have more entries. A checksum
/// covers the added entries.
fn assert_kept(old: &Value, new: &Value, at: &str) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old.iter().filter(|(key, _)| *key != "checksum") {
                let found = new.get(key).unwrap_or_else(|| panic!("{at}.{key} is missing"));
                assert_kept(value, found, &format!("{at}.{key}"));
            }
        }
        (Value::String(old), Value::String(new)) if old.starts_with('{') => {
            let parse = |text| serde_json::from_str(text).unwrap();
            assert_kept(&parse(old), &parse(new), at);
        }
        _ => assert_eq!(old, new, "{at}"),
    }
}

/// Checks that two safetensors files have the same arrays, and that the description of the old one
/// is kept.
fn assert_file_kept(old: &[u8], new: &[u8], name: &str) {
    let parts = |file: &[u8]| {
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        let header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
        (header, file[8 + length..].to_vec())
    };
    let ((old, old_data), (new, new_data)) = (parts(old), parts(new));
    assert_kept(&old, &new, name);
    assert!(old_data == new_data, "{name}: the arrays differ");
}

fn uniform<F: Float>(rows: usize, columns: usize) -> Array2<F> {
    let mut rng = NumpyRandom::seed(4);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.rand()))
}

fn small_network<F: Float>() -> Parameters<F> {
    let mut rng = NumpyRandom::seed(3);
    initialize_parameters_deep(&[4, 5, 3], Initializer::Xavier, &mut rng)
        .unwrap()
        .with_activations(Activation::LeakyRelu(0.1), Activation::Softmax)
}

fn hyperparameters() -> Hyperparameters {
    Hyperparameters::plain()
        .hidden(&[5])
        .activation(Activation::Tanh)
        .initializer(Initializer::Xavier)
        .algorithm(Algorithm::ADAM_W)
        .schedule(Schedule::Cosine { warm_up: 1, total: 9, lowest: 0.001 })
        .batch_size(8)
        .epochs(4)
        .l2(0.1)
        .keep_prob(0.9)
        .clip_norm(5.0)
        .validation_share(0.25)
        .patience(3)
        .class_weights(ClassWeights::Balanced)
}

fn repeated(names: &[&str]) -> Vec<String> {
    (0..24).map(|i| names[i % names.len()].to_string()).collect()
}

fn classifier<F: Float>(names: &[&str]) -> Classifier<F, String> {
    let mut model = Classifier::new(hyperparameters()).with_classes(&repeated(names));
    model.fit(Examples::rows(&uniform::<F>(24, 4)), &repeated(names)).unwrap();
    model
}

fn multi_label<F: Float>() -> MultiLabelClassifier<F, String> {
    let how = hyperparameters().class_weights(ClassWeights::Equal);
    let labels = repeated(&["b", "a", "c"]);
    let mut model = MultiLabelClassifier::new(how).with_labels(&labels);
    let sets: Vec<_> = (0..24).map(|i| labels[..i % 4].to_vec()).collect();
    model.fit(Examples::rows(&uniform::<F>(24, 4)), &sets).unwrap();
    model
}

fn regressor<F: Float>() -> Regressor<F> {
    let mut model = Regressor::new(hyperparameters().class_weights(ClassWeights::Equal));
    model.fit(Examples::rows(&uniform(24, 4)), Examples::rows(&uniform::<F>(24, 2))).unwrap();
    model
}

fn networks<F: Float>(float: &str) {
    let name = format!("network_{float}.safetensors");
    let file = recorded(&name, || small_network::<F>().to_safetensors().unwrap());
    let read = Parameters::<F>::from_safetensors(&file, &Limits::default()).unwrap();
    assert_eq!(read, small_network());
    assert_eq!(read.to_safetensors().unwrap(), file, "{name}");
}

#[test]
fn networks_of_version_1() {
    networks::<f32>("f32");
    networks::<f64>("f64");
}

fn models<F: Float>(float: &str) {
    let (x, limits) = (uniform::<F>(6, 4), Limits::default());
    for (kind, names) in [("two", &["no", "yes"][..]), ("three", &["a", "b", "c"])] {
        let name = format!("classifier_{kind}_{float}.safetensors");
        let file = recorded(&name, || classifier::<F>(names).to_safetensors().unwrap());
        let read = Classifier::<F, String>::from_safetensors(&file, &limits).unwrap();
        assert_eq!(read.classes(), names);
        assert_eq!(*read.hyperparameters(), hyperparameters());
        assert_outputs(&name, &read.predict_proba(Examples::rows(&x)).unwrap());
        assert_file_kept(&file, &read.to_safetensors().unwrap(), &name);
    }
    let name = format!("multi_label_{float}.safetensors");
    let file = recorded(&name, || multi_label::<F>().to_safetensors().unwrap());
    let read = MultiLabelClassifier::<F, String>::from_safetensors(&file, &limits).unwrap();
    assert_eq!(read.labels(), ["b", "a", "c"]);
    assert_outputs(&name, &read.predict_proba(Examples::rows(&x)).unwrap());
    assert_file_kept(&file, &read.to_safetensors().unwrap(), &name);
    let name = format!("regressor_{float}.safetensors");
    let file = recorded(&name, || regressor::<F>().to_safetensors().unwrap());
    let read = Regressor::<F>::from_safetensors(&file, &limits).unwrap();
    assert_outputs(&name, &read.predict(Examples::rows(&x)).unwrap());
    assert_file_kept(&file, &read.to_safetensors().unwrap(), &name);
}

#[test]
fn models_of_version_1() {
    models::<f32>("f32");
    models::<f64>("f64");
}

fn loop_of_ones_own() -> Checkpoint<f64> {
    let mut parameters = small_network();
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
    let mut gradients = Gradients::zeros_like(&parameters);
    gradients.layers_mut()[0].dw.fill(0.5);
    optimizer.step(&mut parameters, &gradients, 0.25).unwrap();
    let mut generator = NumpyRandom::seed(5);
    generator.randn();
    let schedule = Schedule::Step { factor: 0.5, every: 3 };
    let run = Checkpoint::new(parameters, optimizer, generator);
    run.learning_rate(0.25).schedule(schedule).epoch(7)
}

#[test]
fn a_checkpoint_of_a_loop_of_version_1() {
    let name = "checkpoint_loop.safetensors";
    let file = recorded(name, || loop_of_ones_own().to_safetensors().unwrap());
    let read = Checkpoint::<f64>::from_safetensors(&file, &Limits::default()).unwrap();
    assert_file_kept(&file, &read.to_safetensors().unwrap(), name);
    assert_eq!((read.epoch, read.optimizer.steps()), (7, 1));
    let mut generator = NumpyRandom::seed(5);
    generator.randn();
    assert_eq!({ read.generator }.randn(), generator.randn());
}

/// A fit that stopped after its second epoch continues.
#[test]
fn a_checkpoint_of_a_fit_of_version_1() {
    use std::ops::ControlFlow;
    let (x, labels) = (uniform::<f64>(24, 4), repeated(&["no", "yes"]));
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let path = folder.path().join("checkpoint-00000002.safetensors");
    let file = recorded("checkpoint_fit.safetensors", || {
        let options = FitOptions::new().checkpoints(&checkpoints).on_epoch(|epoch| {
            let last = epoch.record.epoch == 1;
            if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let mut model = Classifier::<f64, String>::new(hyperparameters());
        model.fit_with(Examples::rows(&x), &labels, options).unwrap();
        std::fs::read(&path).unwrap()
    });
    std::fs::write(&path, &file).unwrap();
    let read = Checkpoint::<f64>::load(&path).unwrap();
    assert_file_kept(&file, &read.to_safetensors().unwrap(), "checkpoint_fit");
    let mut model = Classifier::<f64, String>::new(hyperparameters());
    let mut epochs = Vec::new();
    let options = FitOptions::new().checkpoints(&checkpoints).on_epoch(|epoch| {
        epochs.push(epoch.record.epoch);
        ControlFlow::Continue(())
    });
    let history = model.fit_with(Examples::rows(&x), &labels, options).unwrap();
    assert_eq!((epochs, history.epochs.len()), (vec![2, 3], 4));
}

#[test]
fn an_npz_of_version_1() {
    let name = "network_f64.npz";
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join(name);
    small_network::<f64>().save_npz(&made).unwrap();
    recorded(name, || std::fs::read(&made).unwrap());
    let (hidden, output) = (Activation::LeakyRelu(0.1), Activation::Softmax);
    assert_eq!(Parameters::<f64>::load_npz(path(name), hidden, output).unwrap(), small_network());
}

/// Reads a value that serde wrote, and writes all of it again.
fn kept_text<T: Serialize + DeserializeOwned>(name: &str, make: impl FnOnce() -> T) -> T {
    let text = recorded(name, || serde_json::to_vec(&make()).unwrap());
    let read: T = serde_json::from_slice(&text).unwrap();
    let old: Value = serde_json::from_slice(&text).unwrap();
    assert_kept(&old, &serde_json::to_value(&read).unwrap(), name);
    read
}

#[test]
fn json_of_version_1() {
    assert_eq!(kept_text("parameters.json", small_network::<f64>), small_network());
    kept_text("gradients.json", || Gradients::zeros_like(&small_network::<f64>()));
    assert_eq!(kept_text("hyperparameters.json", hyperparameters), hyperparameters());
    let scaler = || Standardizer::fit(&uniform::<f64>(2, 9)).unwrap();
    kept_text("standardizer.json", scaler);
    let classes = || Classes::from_labels(&repeated(&["no", "yes"]));
    assert_eq!(kept_text("classes.json", classes), classes());
    kept_text("optimizer.json", || loop_of_ones_own().optimizer);
    kept_text("generator.json", || NumpyRandom::seed(5));
    kept_text("mask.json", || Mask::<f64>::draw(2, 3, 0.5, &mut NumpyRandom::seed(5)).unwrap());
    kept_text("history.json", || {
        let x = uniform::<f64>(24, 4);
        Classifier::new(hyperparameters()).fit(Examples::rows(&x), &repeated(&["a", "b"])).unwrap()
    });
    let x = uniform::<f64>(6, 4);
    let model: Classifier<f64, String> =
        kept_text("classifier.json", || classifier(&["a", "b", "c"]));
    assert_outputs("classifier.json", &model.predict_proba(Examples::rows(&x)).unwrap());
    let model: MultiLabelClassifier<f64, String> = kept_text("multi_label.json", multi_label);
    assert_outputs("multi_label.json", &model.predict_proba(Examples::rows(&x)).unwrap());
    let model: Regressor<f64> = kept_text("regressor.json", regressor);
    assert_outputs("regressor.json", &model.predict(Examples::rows(&x)).unwrap());
}
