//! Multi-label classifiers in files: round trips, other kinds, refused files, ONNX.

use super::assert_readable;
use super::damaged::redescribed;
use dnn_blocks::files::{FileError, Limits};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;

type Model = MultiLabelClassifier<f64, String>;

/// Returns a fitted model with labels that are not sorted, and its examples.
fn model() -> (Model, Array2<f64>, Vec<Vec<String>>) {
    let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * 7 + j * 3) % 11) as f64);
    let name = |name: &str| name.to_string();
    let set = |i: usize| match i % 3 {
        0 => vec![],
        1 => vec![name("x,\"checksum\":")],
        _ => vec![name("ö"), name("x,\"checksum\":")],
    };
    let sets: Vec<_> = (0..40).map(set).collect();
    let how = Hyperparameters::plain().hidden(&[5, 4]).epochs(3).batch_size(16).seed(4);
    let labels = [name("x,\"checksum\":"), name("ö"), name("a")];
    let mut model = Model::new(how).with_labels(&labels);
    model.fit(Examples::rows(&x).feature_names(&["left", "right"]), &sets).unwrap();
    (model, x, sets)
}

fn read(file: &[u8]) -> Result<Model, FileError> {
    Model::from_safetensors(file, &Limits::default())
}

#[test]
fn a_model_stays_the_same_to_the_last_bit() {
    let (model, x, sets) = model();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let mut again = Model::load(&path).unwrap();
    assert_eq!(again.to_safetensors().unwrap(), model.to_safetensors().unwrap());
    let rows = Examples::rows(&x);
    assert_eq!(again.predict_proba(rows).unwrap(), model.predict_proba(rows).unwrap());
    assert_eq!(again.predict(rows).unwrap(), model.predict(rows).unwrap());
    assert_eq!((again.labels(), again.scaler()), (model.labels(), model.scaler()));
    assert_eq!(again.hyperparameters(), model.hyperparameters());
    assert_eq!(again.feature_names().unwrap(), ["left", "right"]);
    let history = again.partial_fit(rows, &sets).unwrap();
    assert_eq!(history.epochs[0].epoch, 3, "the schedule goes on");
    again.fit(rows, &sets).unwrap();
    assert_eq!(again.labels(), model.labels(), "declared labels stay declared");
    let single = MultiLabelClassifier::<f32, String>::from_safetensors(
        &model.to_safetensors().unwrap(),
        &Limits::default(),
    );
    assert!(matches!(single, Err(FileError::Type { expected: "f32", .. })));
}

#[test]
fn files_of_other_kinds_are_told_apart() {
    let limits = Limits::default();
    let (file, x) = (model().0.to_safetensors().unwrap(), model().1);
    let error = Classifier::<f64, String>::from_safetensors(&file, &limits).unwrap_err();
    assert_eq!(error.to_string(), "the file holds a multi-label classifier, not a classifier");
    for error in [
        Regressor::<f64>::from_safetensors(&file, &limits).unwrap_err(),
        Parameters::<f64>::from_safetensors(&file, &limits).unwrap_err(),
    ] {
        assert!(matches!(error, FileError::Kind { .. }), "{error}");
    }
    let mut classifier = Classifier::<f64, i32>::new(Hyperparameters::plain().epochs(1));
    let labels: Vec<i32> = (0..40).map(|i| i % 2).collect();
    classifier.fit(Examples::rows(&x), &labels).unwrap();
    let error = read(&classifier.to_safetensors().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the file holds a classifier, not a multi-label classifier");
    let error = MultiLabelClassifier::<f64, i32>::from_safetensors(&file, &limits).unwrap_err();
    assert_eq!(error.to_string(), "the labels in the file are not of type i32");
    let unfitted = Model::new(Hyperparameters::plain());
    assert!(matches!(
        unfitted.to_safetensors(),
        Err(FileError::Model(dnn_blocks::Error::NotFitted))
    ));
    let other = model().0.with_labels(&["a".to_string()]);
    assert!(matches!(other.to_safetensors(), Err(FileError::Model(_))));
}

#[test]
fn no_cut_and_no_flipped_bit_is_overlooked() {
    let mut file = model().0.to_safetensors().unwrap();
    for length in 0..file.len() {
        assert!(read(&file[..length]).is_err(), "cut at {length}");
    }
    for bit in (0..8 * file.len()).step_by(3) {
        file[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&file).is_err(), "bit {bit}");
        file[bit / 8] ^= 1 << (bit % 8);
    }
    read(&file).unwrap();
}

/// Files whose parts do not belong together, without a checksum.
#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let file = model().0.to_safetensors().unwrap();
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        read(&redescribed(&file, |description| change(&mut description["model"])))
    };
    changed(&|_| ()).unwrap();
    let refused: [&dyn Fn(&mut serde_json::Value); 7] = [
        &|model| model["labels"] = serde_json::json!(["a", "b"]),
        &|model| model["labels"] = serde_json::json!(["a", "b", "a"]),
        &|model| model["labels"] = serde_json::json!([]),
        &|model| drop(model.as_object_mut().unwrap().remove("labels")),
        &|model| model["cost"] = "mean_squared_error".into(),
        &|model| model["hyperparameters"]["hidden"] = serde_json::json!([5, 5]),
        &|model| model["hyperparameters"]["standardize"] = false.into(),
    ];
    for change in refused {
        assert_readable(&changed(change).unwrap_err());
    }
}

/// Serde keeps the optimizer, so that a training goes on as if it had not been stored.
#[test]
fn a_model_of_serde_continues() {
    let (mut model, x, sets) = model();
    let text = serde_json::to_string(&model).unwrap();
    let mut again: Model = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    for model in [&mut model, &mut again] {
        model.partial_fit(Examples::rows(&x), &sets).unwrap();
    }
    assert_eq!(again.parameters(), model.parameters());
    let unfitted = Model::new(Hyperparameters::plain()).with_labels(&["b".into(), "a".into()]);
    let text = serde_json::to_string(&unfitted).unwrap();
    assert_eq!(serde_json::from_str::<Model>(&text).unwrap().labels(), ["b", "a"]);

    let whole = serde_json::to_value(&model).unwrap();
    for (labels, reason) in [
        (serde_json::json!(["a", "a", "b"]), "twice"),
        (serde_json::json!(["a", "b"]), "do not fit"),
        (serde_json::json!([]), "labels (0, 1) is empty"),
        (serde_json::Value::Null, "if and only if"),
    ] {
        let mut other = whole.clone();
        other["classes"] = labels;
        let error = serde_json::from_value::<Model>(other).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

/// Both outputs are described, and the names are metadata.
#[cfg(feature = "onnx")]
#[test]
fn a_graph_has_probabilities_and_labels() {
    let (model, ..) = model();
    let file = model.to_onnx().unwrap();
    let has = |part: &str| file.windows(part.len()).any(|window| window == part.as_bytes());
    for part in ["probabilities", "labels", "Greater", "Cast", "label_names", "feature_names"] {
        assert!(has(part), "{part}");
    }
    assert!(has(r#"["x,\"checksum\":","ö","a"]"#) && has(r#"["left","right"]"#));
    assert!(!has("class_names"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    model.save_onnx(&path).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), file);
    let unfitted = Model::new(Hyperparameters::plain()).to_onnx();
    assert!(matches!(unfitted, Err(FileError::Model(dnn_blocks::Error::NotFitted))));
}
