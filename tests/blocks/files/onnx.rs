//! ONNX exports that are refused, and metadata. `.ci/exports` runs the others in ONNX Runtime.

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
