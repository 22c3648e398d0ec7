//! Damaged and malicious files are errors for every reader.

use super::assert_readable;
use super::checkpoints::beginning;
use super::native::{classifier, regressor};
use crate::support::network;
use dnn_blocks::Error;
use dnn_blocks::files::{Checkpoint, Checkpoints, FileError, Limits, Tensors};
use dnn_blocks::ndarray::array;
use dnn_blocks::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// A model cut anywhere, or with any one bit flipped, is refused.
#[test]
fn no_cut_and_no_flipped_bit_is_overlooked() {
    let limits = Limits::default();
    let file = classifier().0.to_safetensors().unwrap();
    for length in 0..file.len() {
        let cut = Classifier::<f64, String>::from_safetensors(&file[..length], &limits);
        assert!(cut.is_err(), "cut at {length}");
    }
    let mut longer = file.clone();
    longer.push(0);
    assert!(Classifier::<f64, String>::from_safetensors(&longer, &limits).is_err());
    let mut damaged = file.clone();
    for bit in 0..8 * file.len() {
        damaged[bit / 8] ^= 1 << (bit % 8);
        let read = Classifier::<f64, String>::from_safetensors(&damaged, &limits);
        assert!(read.is_err(), "bit {bit}");
        damaged[bit / 8] ^= 1 << (bit % 8);
    }
    Classifier::<f64, String>::from_safetensors(&damaged, &limits).unwrap();
}

pub fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// Returns the file with a changed description, without its checksum.
pub fn redescribed(file: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let size = u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&file[8..8 + size]).unwrap();
    let text = header["__metadata__"]["dnn_blocks"].as_str().unwrap();
    let mut description: Value = serde_json::from_str(text).unwrap();
    description.as_object_mut().unwrap().remove("checksum");
    change(&mut description);
    header["__metadata__"]["dnn_blocks"] = description.to_string().into();
    with_header(&header.to_string(), &file[8 + size..])
}

/// Reads the bytes, and a file of the same bytes, which must give the same error.
fn both<T: std::fmt::Debug>(
    file: &[u8],
    from_bytes: impl Fn(&[u8], &Limits) -> Result<T, FileError>,
    from_path: impl Fn(&Path, &Limits) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, file).unwrap();
    let limits = Limits::default();
    let (read, loaded) = (from_bytes(file, &limits), from_path(&path, &limits));
    // the error may name either of two arrays in one place
    let says = |result| format!("{result:?}").split('`').next().map(String::from);
    assert_eq!(says(&loaded), says(&read));
    read
}

pub fn tensors(file: &[u8]) -> Result<Tensors<f64>, FileError> {
    both(file, Tensors::from_safetensors, |path, limits| Tensors::load_safetensors(path, limits))
}

fn parameters(file: &[u8]) -> Result<Parameters<f64>, FileError> {
    both(file, Parameters::from_safetensors, |path, limits| Parameters::load_with(path, limits))
}

pub fn refused(file: &[u8]) -> FileError {
    let error = tensors(file).unwrap_err();
    parameters(file).unwrap_err();
    error
}

#[test]
fn a_damaged_file_is_refused_for_the_same_reason_as_its_bytes() {
    let model = regressor().0.to_safetensors().unwrap();
    let network = network::<f64>(&[2, 1], 1).to_safetensors().unwrap();
    let run = beginning().to_safetensors().unwrap();
    let read = |file: &[u8]| {
        tensors(file).is_ok()
            && parameters(file).is_ok()
            && both(file, Regressor::<f64>::from_safetensors, |path, limits| {
                Regressor::load_with(path, limits)
            })
            .is_ok()
            && both(file, Checkpoint::<f32>::from_safetensors, |path, _| Checkpoint::load(path))
                .is_ok()
    };
    for mut file in [network, model, run] {
        for length in (0..file.len()).step_by(file.len() / 150) {
            assert!(!read(&file[..length]));
        }
        for bit in (0..8 * file.len()).step_by(8 * file.len() / 450) {
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(!read(&file), "bit {bit}");
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// Returns the file with its arrays in reverse order of their names.
fn reversed(file: &[u8]) -> Vec<u8> {
    let (_, header) = safetensors::SafeTensors::read_metadata(file).unwrap();
    let content = safetensors::SafeTensors::deserialize(file).unwrap();
    let mut arrays: Vec<_> = content.iter().collect();
    arrays.sort_by(|(a, _), (b, _)| b.cmp(a));
    let mut json = json!({ "__metadata__": header.metadata() });
    let mut data = Vec::new();
    for (name, view) in arrays {
        let begin = data.len();
        data.extend_from_slice(view.data());
        let (dtype, shape) = (view.dtype().to_string(), view.shape());
        let offsets = [begin, data.len()];
        json[name] = json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets });
    }
    with_header(&json.to_string(), &data)
}

/// The checksum covers the arrays in the order of their names, not of their places.
#[test]
fn arrays_in_another_order_have_the_same_checksum() {
    let network = network::<f64>(&[3, 4, 2], 1);
    let file = network.to_safetensors().unwrap();
    let mut turned = reversed(&file);
    assert_ne!(turned[turned.len() - 16..], file[file.len() - 16..]);
    assert_eq!(parameters(&turned).unwrap(), network);
    let single = regressor().0.to_safetensors().unwrap();
    let limits = Limits::default();
    Regressor::<f64>::from_safetensors(&reversed(&single), &limits).unwrap();
    let numbers: usize = network.layers().iter().map(|layer| layer.w.len() + layer.b.len()).sum();
    for byte in turned.len() - 8 * numbers..turned.len() {
        turned[byte] ^= 1;
        let error = Parameters::<f64>::from_safetensors(&turned, &limits).unwrap_err();
        assert!(error.to_string().contains("checksum"), "{error}");
        turned[byte] ^= 1;
    }
}

#[test]
fn headers_made_to_harm_are_errors() {
    for length in [1 << 63, u64::MAX, u64::MAX - 7, 1 << 32, (1 << 20) + 1] {
        let mut file = with_header("{}", &[0; 64]);
        file[..8].copy_from_slice(&length.to_le_bytes());
        assert!(matches!(refused(&file), FileError::Malformed { .. }));
    }
    let deep = |open: &str, close: &str| {
        let n = 100_000;
        with_header(&format!("{{\"W1\":{}1{}}}", open.repeat(n), close.repeat(n)), &[])
    };
    for file in [deep("[", "]"), deep("{\"a\":", "}"), deep("[", "")] {
        assert!(matches!(refused(&file), FileError::Malformed { .. }));
    }
    let entry = r#""dtype":"F64","shape":[1],"data_offsets":[0,8]"#;
    let twice = format!("{{\"W1\":{{{entry}}},\"W1\":{{{entry}}}}}");
    assert!(matches!(refused(&with_header(&twice, &[0; 8])), FileError::Duplicate { .. }));
    for header in [
        "",
        "[]",
        "{",
        "null",
        "{\"W1\":1}",
        "{\"W1\":{\"dtype\":\"F64\",\"shape\":[-1],\"data_offsets\":[0,8]}}",
        "{\"W1\":{\"dtype\":\"F64\",\"shape\":[1e300],\"data_offsets\":[0,8]}}",
        "{\"W1\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296,4],\"data_offsets\":[0,8]}}",
        "{\"W1\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,0]}}",
        "{\"W1\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]}}",
        "{\"W1\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"W1\":{\"dtype\":\"X64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"W1\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,18446744073709551615]}}",
        "{\"\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"__metadata__\":{\"a\":1}}",
    ] {
        assert!(
            matches!(refused(&with_header(header, &[0; 8])), FileError::Malformed { .. }),
            "{header}"
        );
    }
    let (a, b) = (entry, entry);
    let overlapping = format!("{{\"W1\":{{{a}}},\"b1\":{{{b}}}}}");
    assert!(matches!(refused(&with_header(&overlapping, &[0; 8])), FileError::Malformed { .. }));
    let zeros =
        "{\"W1\":{\"dtype\":\"F64\",\"shape\":[18446744073709551615,0],\"data_offsets\":[0,0]}}";
    refused_or_not(&with_header(zeros, &[]));
}

/// Names with line feeds, colors and right-to-left letters, and names longer than a line.
#[test]
fn no_name_forges_a_line_of_a_log() {
    let forged = r"W1\n2026-01-01 ERROR \u001b[31mred\u202e\u2028\u0085\u200f\r\u0000";
    let long = forged.repeat(12);
    let texts = r#"{"version":1,"kind":"parameters","layer_sizes":[1,1],"activations":["relu"]}"#;
    let metadata = |text: &str| {
        let text = serde_json::to_string(text).unwrap();
        with_header(&format!("{{\"__metadata__\":{{\"dnn_blocks\":{text}}}}}"), &[])
    };
    for name in [forged, &long] {
        let entry = |kind: &str, shape: &str, bytes: usize| {
            format!(
                "\"{name}\":{{\"dtype\":\"{kind}\",\"shape\":[{shape}],\"data_offsets\":[0,{bytes}]}}"
            )
        };
        let nan = f64::NAN.to_le_bytes();
        let one = entry("F64", "1", 8);
        let errors = [
            refused(&with_header(&format!("{{{}}}", entry("BF16", "4", 8)), &nan)),
            refused(&with_header(&format!("{{{}}}", entry(name, "1", 8)), &nan)),
            refused(&with_header(&format!("{{{one}}}"), &nan)),
            refused(&with_header(&format!("{{{one},{one}}}"), &nan)),
            refused(&with_header(&format!("{{{}}}", entry("F64", "2", 8)), &nan)),
            refused(&with_header(&format!("{{{one},\"b\":{{\"{name}\":1}}}}"), &nan)),
            parameters(&metadata(&texts.replace("relu", name))).unwrap_err(),
            parameters(&metadata(&texts.replace("relu", &"r".repeat(60_000)))).unwrap_err(),
            parameters(&metadata(&texts.replace("kind", name))).unwrap_err(),
            parameters(&metadata(&texts.replace("\"parameters\"", &format!("\"{name}\""))))
                .unwrap_err(),
            parameters(&metadata(&texts.replace("1,1", &format!("\"{name}\"")))).unwrap_err(),
        ];
        errors.iter().for_each(assert_readable);
    }
    let one =
        format!("{{\"{forged}\":{{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}}}");
    let tensors = tensors(&with_header(&one, &[0; 8])).unwrap();
    let error = tensors.torch_sequential(&[]).unwrap_err();
    assert!(matches!(error, FileError::Unexpected { .. }), "{error}");
    assert_readable(&error);
}

/// The result may be an error or not, but never a panic.
fn refused_or_not(file: &[u8]) {
    _ = tensors(file);
    assert!(parameters(file).is_err());
}

/// Returns a file with the description of a network 2-1 and these arrays.
fn described(arrays: &[(&str, &[usize], Dtype, &[u8])]) -> Vec<u8> {
    let text = r#"{"version":1,"kind":"parameters","layer_sizes":[2,1],"activations":["relu"]}"#;
    let views = arrays.iter().map(|(name, shape, dtype, data)| {
        (*name, TensorView::new(*dtype, shape.to_vec(), data).unwrap())
    });
    let texts = [("dnn_blocks".to_string(), text.to_string())].into_iter().collect();
    safetensors::serialize(views, Some(texts)).unwrap()
}

#[test]
fn arrays_that_are_no_network_are_errors() {
    let load = |arrays: &[(&str, &[usize], Dtype, &[u8])]| parameters(&described(arrays));
    let two = [0.5_f64, 1.0].map(f64::to_le_bytes).concat();
    let w: (&str, &[usize], Dtype, &[u8]) = ("W1", &[1, 2], Dtype::F64, &two);
    let b: (&str, &[usize], Dtype, &[u8]) = ("b1", &[1, 1], Dtype::F64, &two[..8]);
    let parameters = load(&[w, b]).unwrap();
    assert_eq!(parameters.layers()[0].w, array![[0.5, 1.0]]);

    assert!(matches!(load(&[w]), Err(FileError::Missing { .. })));
    assert!(matches!(load(&[b]), Err(FileError::Missing { .. })));
    assert!(matches!(load(&[w, b, ("b2", b.1, b.2, b.3)]), Err(FileError::Unexpected { .. })));
    assert!(matches!(
        load(&[w, ("b1", &[1], Dtype::F64, &two[..8])]),
        Err(FileError::Shape { .. })
    ));
    assert!(matches!(load(&[("W1", &[2, 1], Dtype::F64, &two), b]), Err(FileError::Model(_))));
    assert!(matches!(
        load(&[w, ("b1", &[1, 1], Dtype::I64, &two[..8])]),
        Err(FileError::Type { .. })
    ));
    assert!(matches!(
        load(&[w, ("b1", &[1, 1], Dtype::F16, &two[..2])]),
        Err(FileError::Type { .. })
    ));
    assert!(matches!(load(&[w, ("b1", &[0, 1], Dtype::F64, &[])]), Err(FileError::Model(_))));
    let wide = [0.0; 3].map(f64::to_le_bytes).concat();
    assert!(matches!(load(&[("W1", &[1, 3], Dtype::F64, &wide), b]), Err(FileError::Shape { .. })));
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let bytes = value.to_le_bytes();
        assert!(matches!(
            load(&[w, ("b1", &[1, 1], Dtype::F64, &bytes)]),
            Err(FileError::NotFinite { .. })
        ));
    }
    // A second layer that the description does not name.
    let deeper = load(&[
        w,
        b,
        ("W2", &[1, 1], Dtype::F64, &two[..8]),
        ("b2", &[1, 1], Dtype::F64, &two[..8]),
    ]);
    assert!(matches!(deeper, Err(FileError::Model(Error::LayerCount { .. }))));
    let chain =
        load(&[w, b, ("W2", &[1, 2], Dtype::F64, &two), ("b2", &[1, 1], Dtype::F64, &two[..8])]);
    assert!(matches!(chain, Err(FileError::Model(Error::ShapeMismatch { layer: Some(2), .. }))));
    // f32 is exact in f64.
    let single = [0.25_f32, 1.0].map(f32::to_le_bytes).concat();
    let exact = load(&[("W1", &[1, 2], Dtype::F32, &single), b]).unwrap();
    assert_eq!(exact.layers()[0].w, array![[0.25, 1.0]]);
}

#[test]
fn a_repeated_field_of_an_array_is_an_error() {
    let fields = [r#""dtype":"F64""#, r#""shape":[1]"#, r#""data_offsets":[0,8]"#];
    let header = format!("{{\"a\":{{{}}}}}", fields.join(","));
    assert_eq!(tensors(&with_header(&header, &[0; 8])).unwrap().len(), 1);
    for field in fields {
        let twice = header.replace(field, &format!("{field},{field}"));
        let error = refused(&with_header(&twice, &[0; 8])).to_string();
        assert!(error.ends_with("an array has an unknown or repeated field"), "{error}");
    }
}

/// The checkpoint of a fit of one epoch.
fn checkpoint_of_a_fit() -> Vec<u8> {
    let folder = tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    let how = Hyperparameters::plain().hidden(&[2]).epochs(1).batch_size(2);
    let (rows, options) = (Examples::rows(&x), FitOptions::new().checkpoints(&checkpoints));
    Regressor::<f64>::new(how).fit_with(rows, rows, options).unwrap();
    fs::read(folder.path().join("checkpoint-00000001.safetensors")).unwrap()
}

#[test]
fn a_file_describes_only_what_its_kind_has() {
    let limits = Limits::default();
    let model = regressor().0.to_safetensors().unwrap();
    let run = beginning().to_safetensors().unwrap();
    let part = |file: &[u8], name: &str| {
        let mut part = Value::Null;
        redescribed(file, |description| part = description[name].clone());
        part
    };
    let (training, described) = (part(&run, "training"), part(&model, "model"));
    assert!(training.is_object() && described.is_object());
    let expected = "a model or a training is described that this kind of file does not have";
    let network = redescribed(&model, |description| description["kind"] = "parameters".into());
    let error = Parameters::<f32>::from_safetensors(&network, &limits).unwrap_err();
    assert!(error.to_string().ends_with(expected), "{error}");
    let network = redescribed(&run, |description| description["kind"] = "parameters".into());
    let error = Parameters::<f32>::from_safetensors(&network, &limits).unwrap_err();
    assert!(error.to_string().ends_with(expected), "{error}");
    let run = redescribed(&run, |description| description["model"] = described);
    let error = Checkpoint::<f32>::from_safetensors(&run, &limits).unwrap_err();
    assert!(error.to_string().ends_with(expected), "{error}");
    let model = redescribed(&model, |description| description["training"] = training);
    let error = Regressor::<f32>::from_safetensors(&model, &limits).unwrap_err();
    assert!(error.to_string().ends_with(expected), "{error}");
}

#[test]
fn labels_are_distinct_in_a_classifier_and_absent_in_a_regressor() {
    let limits = Limits::default();
    let file = classifier().0.to_safetensors().unwrap();
    for labels in [json!(["a", "b", "b"]), json!(["a", "c", "b"])] {
        let file = redescribed(&file, |description| description["model"]["labels"] = labels);
        let error = Classifier::<f64, String>::from_safetensors(&file, &limits).unwrap_err();
        let expected = "the labels are not sorted or not unique";
        assert!(error.to_string().ends_with(expected), "{error}");
    }
    let file = regressor().0.to_safetensors().unwrap();
    for (field, value) in [("labels", json!([])), ("declared", json!(true))] {
        let file = redescribed(&file, |description| description["model"][field] = value);
        let error = Regressor::<f32>::from_safetensors(&file, &limits).unwrap_err();
        assert!(error.to_string().ends_with("a regressor has no labels"), "{error}");
    }
}

#[test]
fn values_of_another_type_in_the_state_of_a_fit_are_errors_that_name_the_expected_one() {
    let file = checkpoint_of_a_fit();
    let error = |change: &dyn Fn(&mut Value)| {
        let file = redescribed(&file, |description| change(&mut description["training"]["fit"]));
        Checkpoint::<f64>::from_safetensors(&file, &Limits::default()).unwrap_err().to_string()
    };
    let message = error(&|fit| fit["records"] = "none".into());
    assert!(message.contains("expected a row for each epoch"), "{message}");
    for value in [json!(true), json!("infinite")] {
        let message = error(&|fit| fit["records"][0][1] = value.clone());
        assert!(message.contains(r#"expected a number, "NaN", "inf" or "-inf""#), "{message}");
    }
}
