//! Summaries: the kind, number type and metadata of a file, from its header.

use super::assert_readable;
use super::checkpoints::beginning;
use super::damaged::with_header;
use super::native::{classifier, regressor, replaced};
use crate::support::network;
use dnn_blocks::files::{ElementType, FileError, Kind, Limits, Summary, Tensors};
use dnn_blocks::ndarray::array;
use dnn_blocks::prelude::*;
use std::collections::BTreeMap;
use tempfile::tempdir;

fn summary(file: &[u8]) -> Result<Summary, FileError> {
    Summary::from_safetensors(file, &Limits::default())
}

fn multi_label() -> MultiLabelClassifier<f32, i64> {
    let mut model = MultiLabelClassifier::new(Hyperparameters::plain().hidden(&[2]).epochs(1));
    let x = array![[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]];
    model.fit(Examples::rows(&x), &[vec![1], vec![], vec![1, 4]]).unwrap();
    model
}

#[test]
fn a_summary_has_the_kind_and_the_number_type_of_each_file() {
    let (f32, f64) = (ElementType::F32, ElementType::F64);
    for (file, kind, element_type, name) in [
        (network::<f32>(&[2, 1], 1).to_safetensors(), Kind::Parameters, f32, "network"),
        (network::<f64>(&[2, 1], 1).to_safetensors(), Kind::Parameters, f64, "network"),
        (beginning().to_safetensors(), Kind::Checkpoint, f32, "checkpoint"),
        (classifier().0.to_safetensors(), Kind::Classifier, f64, "classifier"),
        (multi_label().to_safetensors(), Kind::MultiLabelClassifier, f32, "multi-label classifier"),
        (regressor().0.to_safetensors(), Kind::Regressor, f32, "regressor"),
    ] {
        let summary = summary(&file.unwrap()).unwrap();
        assert_eq!((summary.kind(), summary.element_type()), (kind, element_type));
        assert_eq!(summary.kind().to_string(), name);
        assert!(summary.metadata().is_empty());
    }
}

#[test]
fn a_summary_has_the_metadata_of_the_model() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model");
    let (mut model, ..) = classifier();
    let metadata = BTreeMap::from([("unit".to_string(), "€ \"\u{1}".to_string())]);
    model.set_metadata(metadata.clone()).unwrap();
    model.save(&path).unwrap();
    assert_eq!(Summary::load(&path).unwrap().metadata(), &metadata);
    let error = Summary::load_with(&path, &Limits::default().header(16)).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { .. }), "{error}");
    let error = Summary::load(folder.path().join("missing")).unwrap_err();
    assert!(matches!(error, FileError::Io(_)), "{error}");
}

#[test]
fn a_file_without_a_description_or_of_a_later_version_has_no_summary() {
    let mut tensors = Tensors::new();
    tensors.insert("W1", array![[1.0]].into_dyn()).unwrap();
    let error = summary(&tensors.to_safetensors().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the metadata entry dnn_blocks is missing");
    let file = classifier().0.to_safetensors().unwrap();
    let error = summary(&replaced(&file, "version\\\":1", "version\\\":7")).unwrap_err();
    assert!(matches!(error, FileError::Version { found: 7, .. }), "{error}");
    let error = summary(&replaced(&file, "kind\\\":\\\"cl", "kind\\\":\\\"gl")).unwrap_err();
    assert!(matches!(error, FileError::Malformed { .. }), "{error}");
    let description = r#"{"__metadata__":{"dnn_blocks":"{\"version\":1,\"kind\":\"parameters\",
        \"layer_sizes\":[],\"activations\":[]}"},"#
        .replace("\n        ", "");
    let half = r#""W1":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#;
    let error = summary(&with_header(&(description + half), &[0; 2])).unwrap_err();
    assert!(matches!(error, FileError::Type { .. }), "{error}");
}

/// The arrays are not read, but a missing part of them shows in the length.
#[test]
fn a_cut_file_is_refused_and_a_damaged_one_is_never_misread_as_another_kind() {
    let file = multi_label().to_safetensors().unwrap();
    for length in 0..file.len() {
        assert_readable(&summary(&file[..length]).unwrap_err());
    }
    let mut damaged = file.clone();
    for bit in 0..8 * file.len() {
        damaged[bit / 8] ^= 1 << (bit % 8);
        match summary(&damaged) {
            Ok(summary) => assert_eq!(summary.kind(), Kind::MultiLabelClassifier),
            Err(error) => assert_readable(&error),
        }
        damaged[bit / 8] ^= 1 << (bit % 8);
    }
}
