//! ONNX exports. `.ci/exports` runs them in ONNX Runtime.

use super::graph::{Model, Value};
use crate::support::{network_with_biases, random};
use dnn_blocks::Error;
use dnn_blocks::files::FileError;
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;

#[test]
fn what_is_no_model_is_not_exported() {
    let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    assert_eq!(parameters.to_onnx(None).unwrap(), parameters.to_onnx(None).unwrap());
    let other = Standardizer::fit(&array![[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]]).unwrap();
    let error = parameters.to_onnx(Some(&other)).unwrap_err();
    assert!(matches!(error, FileError::Model(Error::ShapeMismatch { .. })), "{error}");
    parameters.layers_mut()[1].b[[0, 0]] = f64::INFINITY;
    let folder = tempfile::tempdir().unwrap();
    let error = parameters.save_onnx(folder.path().join("model.onnx"), None).unwrap_err();
    assert!(matches!(error, FileError::NotFinite { .. }), "{error}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    for columns in [0, 2] {
        parameters.layers_mut()[1].b = Array2::zeros((1, columns));
        let error = parameters.to_onnx(None).unwrap_err();
        let expected = "layer 2: W (1, 3) and b (1, ";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let model = Classifier::<f32, i32>::new(Hyperparameters::plain());
    assert!(matches!(model.to_onnx(), Err(FileError::Model(Error::NotFitted))));
    let model = Regressor::<f32>::new(Hyperparameters::plain());
    assert!(matches!(model.to_onnx(), Err(FileError::Model(Error::NotFitted))));
}

/// ONNX Runtime has `Erf` for f32 only.
#[test]
fn an_exact_gelu_is_exported_in_f32_only() {
    let double = |(hidden, output): (Activation, Activation)| {
        let rng = &mut NumpyRandom::seed(1);
        let parameters = initialize_parameters::<f64>(2, 3, 1, rng).unwrap();
        parameters.with_activations(hidden, output)
    };
    let error = double((Activation::Gelu, Activation::Identity)).to_onnx(None).unwrap_err();
    assert!(matches!(error, FileError::Unsupported { .. }), "{error}");
    assert_eq!(error.to_string(), "ONNX Runtime does not have GELU of layer 1 in f64");
    let folder = tempfile::tempdir().unwrap();
    let error = double((Activation::Relu, Activation::Gelu))
        .save_onnx(folder.path().join("model.onnx"), None)
        .unwrap_err();
    assert_eq!(error.to_string(), "ONNX Runtime does not have GELU of layer 2 in f64");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    assert!(double((Activation::GeluTanh, Activation::GeluTanh)).to_onnx(None).is_ok());
    let rng = &mut NumpyRandom::seed(1);
    let single = initialize_parameters::<f32>(2, 3, 1, rng).unwrap();
    assert!(single.with_activations(Activation::Gelu, Activation::Gelu).to_onnx(None).is_ok());
}

/// An entry of `metadata_props`, field 14 of the model, in the wire format of protobuf.
fn entry(key: &str, value: &str) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| [&[tag << 3 | 2, bytes.len() as u8], bytes].concat();
    let entry = [field(1, key.as_bytes()), field(2, value.as_bytes())].concat();
    assert!(entry.len() < 0x80, "its length has one byte");
    field(14, &entry)
}

fn has(file: &[u8], entry: &[u8]) -> bool {
    file.windows(entry.len()).any(|window| window == entry)
}

#[test]
fn names_of_features_and_classes_are_metadata() {
    let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    let (examples, how) = (Examples::rows(&x), Hyperparameters::plain().batch_size(4).epochs(1));
    let names = ["mean \"radius\"", "größe"];
    let features = entry("feature_names", r#"["mean \"radius\"","größe"]"#);

    let mut model = Classifier::<f64, &str>::new(how.clone());
    model.fit(examples.feature_names(&names), &["no", "no", "yes", "yes"]).unwrap();
    let file = model.to_onnx().unwrap();
    assert!(has(&file, &features) && has(&file, &entry("class_names", r#"["no","yes"]"#)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    model.save_onnx(&path).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), file);

    let mut model = Classifier::<f64, (u8, bool)>::new(how.clone());
    model.fit(examples, &[(1, true), (2, false), (3, true), (1, true)]).unwrap();
    let file = model.to_onnx().unwrap();
    assert!(has(&file, &entry("class_names", "[[1,true],[2,false],[3,true]]")));
    assert!(!has(&file, b"feature_names"));

    let mut model = Regressor::<f64>::new(how);
    model.fit(examples, examples).unwrap();
    let plain = model.to_onnx().unwrap();
    assert!(!has(&plain, b"feature_names"));
    model.fit(examples.feature_names(&names), examples).unwrap();
    let file = model.to_onnx().unwrap();
    assert_eq!(file, [&plain[..], &features].concat());
    assert!(!has(&file, b"class_names"));
}

/// JSON has no maps with keys that are lists.
#[test]
fn labels_that_json_does_not_have_are_an_error() {
    use std::collections::BTreeMap;
    let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    let label = |number: i32| BTreeMap::from([(vec![number], 1)]);
    let how = Hyperparameters::plain().batch_size(4).epochs(1);
    let mut model = Classifier::<f64, BTreeMap<Vec<i32>, i32>>::new(how);
    model.fit(Examples::rows(&x), &[1, 1, 2, 2].map(label)).unwrap();
    let error = model.to_onnx().unwrap_err();
    assert!(matches!(error, FileError::Malformed { format: "ONNX", .. }), "{error}");
}

fn value(name: &str, element_type: u64, columns: usize) -> Value {
    let shape = vec!["batch".to_string(), columns.to_string()];
    Value { name: name.to_string(), element_type, shape }
}

#[track_caller]
fn assert_close<F: Float>(found: &Array2<f64>, expected: &Array2<F>, name: &str) {
    let bound = if size_of::<F>() == 4 { 1e-5 } else { 1e-12 };
    assert_eq!(found.dim(), expected.dim(), "{name}");
    let close = |(a, b): (&f64, &F)| (a - b.as_f64()).abs() <= bound * (1.0 + a.abs());
    assert!(found.iter().zip(expected).all(close), "{name}: {found} is not {expected:?}");
}

/// The types of the numbers are 1 for f32 and 11 for f64.
#[test]
fn a_model_has_the_fields_of_the_standard() {
    let single = network_with_biases::<f32>(&[3, 4, 2], Activation::Relu, Activation::Softmax);
    let double = network_with_biases::<f64>(&[3, 4, 2], Activation::Relu, Activation::Softmax);
    for (file, element_type) in [(single.to_onnx(None), 1), (double.to_onnx(None), 11)] {
        let model = Model::read(&file.unwrap());
        assert_eq!((model.format, model.operators), (8, (String::new(), 13)));
        assert_eq!((model.producer, model.graph_name), ("dnn-blocks".into(), "network".into()));
        let numbers = model.producer_version.split('.').map(|part| part.parse::<u32>().is_ok());
        assert_eq!(numbers.collect::<Vec<_>>(), [true; 3]);
        assert_eq!(model.inputs, [value("X", element_type, 3)]);
        assert_eq!(model.outputs, [value("A", element_type, 2)]);
    }
}

fn networks_compute_the_same<F: Float>() {
    let x = random::<F>(6, 3, 1);
    let scaler = Standardizer::fit(&(&random::<F>(3, 9, 2) * F::of(3.0))).unwrap();
    for hidden in [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::LeakyRelu(0.3),
        Activation::Identity,
        Activation::Exponential,
        Activation::Softplus,
        Activation::Elu(-0.5),
        Activation::Silu,
        Activation::GeluTanh,
    ] {
        for output in [Activation::Softmax, hidden] {
            let name = format!("{hidden}, {output}");
            let network = network_with_biases::<F>(&[3, 4, 2], hidden, output);
            let found = Model::read(&network.to_onnx(None).unwrap()).run(&x.mapv(|x| x.as_f64()));
            let expected = predict_proba(x.t(), &network).unwrap();
            assert_close(&found[0], &expected.t().to_owned(), &name);
            let file = network.to_onnx(Some(&scaler)).unwrap();
            let found = Model::read(&file).run(&x.mapv(|x| x.as_f64()));
            let scaled = scaler.transform(&x.t()).unwrap();
            let expected = predict_proba(&scaled, &network).unwrap();
            assert_close(&found[0], &expected.t().to_owned(), &name);
        }
    }
}

#[test]
fn the_operators_of_a_network_compute_its_outputs() {
    networks_compute_the_same::<f32>();
    networks_compute_the_same::<f64>();
}

fn how() -> Hyperparameters {
    Hyperparameters::plain().hidden(&[4]).batch_size(4).epochs(3)
}

#[test]
fn the_operators_of_a_classifier_compute_a_probability_for_each_class() {
    let x = random::<f64>(12, 3, 1);
    for classes in [2, 3] {
        let labels: Vec<usize> = (0..12).map(|i| i % classes).collect();
        let mut classifier = Classifier::<f64, usize>::new(how());
        classifier.fit(Examples::rows(&x), &labels).unwrap();
        let model = Model::read(&classifier.to_onnx().unwrap());
        assert_eq!(model.inputs, [value("X", 11, 3)]);
        assert_eq!(model.outputs, [value("probabilities", 11, classes)]);
        let expected = classifier.predict_proba(Examples::rows(&x)).unwrap();
        assert_close(&model.run(&x)[0], &expected, &format!("{classes} classes"));
    }
}

/// The type of 64-bit integers is 7.
#[test]
fn the_operators_of_a_multi_label_classifier_compute_probabilities_and_labels() {
    let x = random::<f64>(12, 3, 1);
    let sets: Vec<Vec<usize>> =
        (0..12).map(|i| (0..3).filter(|l| i % (l + 2) == 0).collect()).collect();
    let mut classifier = MultiLabelClassifier::<f64, usize>::new(how());
    classifier.fit(Examples::rows(&x), &sets).unwrap();
    let model = Model::read(&classifier.to_onnx().unwrap());
    assert_eq!(model.outputs, [value("probabilities", 11, 3), value("labels", 7, 3)]);
    let [probabilities, labels] = &model.run(&x)[..] else { panic!("two outputs") };
    let expected = classifier.predict_proba(Examples::rows(&x)).unwrap();
    assert_close(probabilities, &expected, "probabilities");
    let predicted = classifier.predict(Examples::rows(&x)).unwrap();
    let expected =
        Array2::from_shape_fn((12, 3), |(i, l)| f64::from(u8::from(predicted[i].contains(&l))));
    assert_eq!(labels, expected);
}

#[test]
fn the_operators_of_a_regressor_compute_values_in_the_units_of_the_targets() {
    let (x, y) = (random::<f32>(12, 3, 1), random::<f32>(12, 2, 2) * 50.0 + 7.0);
    let mut regressor = Regressor::<f32>::new(how());
    regressor.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    let model = Model::read(&regressor.to_onnx().unwrap());
    assert_eq!(model.outputs, [value("values", 1, 2)]);
    let expected = regressor.predict(Examples::rows(&x)).unwrap();
    assert_close(&model.run(&x.mapv(f64::from))[0], &expected, "values");
}

#[test]
fn a_model_in_memory_takes_no_more_than_its_bytes() {
    let network = network_with_biases::<f64>(&[30, 40, 20], Activation::Relu, Activation::Softmax);
    let file = network.to_onnx(None).unwrap();
    assert_eq!(file.capacity(), file.len());
}
