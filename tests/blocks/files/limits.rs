//! Limits on the memory that a file may take.

use super::damaged::{redescribed, tensors, with_header};
use super::native::classifier;
use crate::support::network;
use dnn_blocks::files::{FileError, Limits, Tensors};
use dnn_blocks::prelude::*;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

#[test]
fn limits_are_kept() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    network::<f32>(&[10, 10, 1], 1).save(&path).unwrap();
    let bytes = fs::metadata(&path).unwrap().len() - 1;
    let mut limits = Limits::default().bytes(bytes);
    let error = Parameters::<f32>::load_with(&path, &limits).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { .. }), "{error}");
    limits.bytes += 1;
    Parameters::<f32>::load_with(&path, &limits).unwrap();
    limits.arrays = 3;
    assert!(Parameters::<f32>::load_with(&path, &limits).is_err());
    limits = Limits::default().header(64);
    assert!(Parameters::<f32>::load_with(&path, &limits).is_err());
    let missing = Parameters::<f32>::load(folder.path().join("none")).unwrap_err();
    assert!(matches!(missing, FileError::Io(_)), "{missing}");
    assert!(Parameters::<f32>::load(folder.path()).is_err(), "a directory");
    if Path::new("/dev/zero").exists() {
        limits.bytes = 1 << 20;
        let endless = Parameters::<f32>::load_with("/dev/zero", &limits).unwrap_err();
        assert!(matches!(endless, FileError::TooLarge { .. }), "{endless}");
    }
}

#[test]
fn limits_are_serialized() {
    let limits = Limits::default().bytes(1 << 20).header(1 << 10).arrays(7);
    let text = serde_json::to_string(&limits).unwrap();
    assert_eq!(text, r#"{"bytes":1048576,"header":1024,"arrays":7}"#);
    assert_eq!(serde_json::from_str::<Limits>(&text).unwrap(), limits);
    let limits: Limits = serde_json::from_str(r#"{"arrays":7}"#).unwrap();
    assert_eq!(limits, Limits::default().arrays(7));
    assert!(serde_json::from_str::<Limits>(r#"{"byte":7}"#).is_err());
}

/// Each limit, with the last value that passes and the first one that does not.
#[test]
fn dimensions_names_and_arrays_have_limits() {
    let entry = |dimensions: usize| {
        let shape = vec!["1"; dimensions].join(",");
        format!("{{\"dtype\":\"F64\",\"shape\":[{shape}],\"data_offsets\":[0,8]}}")
    };
    let read = |header: &str| tensors(&with_header(header, &1.0_f64.to_le_bytes()));
    let widest = read(&format!("{{\"a\":{}}}", entry(32))).unwrap();
    assert_eq!(widest.get("a").unwrap().ndim(), 32);
    assert!(format!("{widest:?}").len() < 10_000);
    for dimensions in [33, 20_000, 200_000] {
        let error = read(&format!("{{\"a\":{}}}", entry(dimensions))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number of dimensions is too large: 33, but the limit is 32"
        );
    }
    let longest = "n".repeat(1024);
    let read_named = |name: &str| read(&format!("{{\"{name}\":{}}}", entry(1)));
    assert!(read_named(&longest).unwrap().get(&longest).is_some());
    let error = read_named(&format!("{longest}n")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the length of an array name is too large: 1025, but the limit is 1024"
    );

    let empty =
        |i: usize| format!("\"{i}\":{{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    let many = |count: usize| {
        let entries: Vec<_> = (0..count).map(empty).collect();
        with_header(&format!("{{{}}}", entries.join(",")), &[])
    };
    assert_eq!(tensors(&many(4096)).unwrap().len(), 4096);
    let error = tensors(&many(4097)).unwrap_err();
    assert_eq!(error.to_string(), "the number of arrays is too large: 4097, but the limit is 4096");

    // A file that could not be read is not written.
    let written = |name: &str, dimensions: usize| {
        let mut tensors = Tensors::new();
        let array = dnn_blocks::ndarray::ArrayD::from_elem(vec![1; dimensions], 0.5);
        tensors.insert(name, array).unwrap();
        tensors.to_safetensors()
    };
    assert!(written(&longest, 32).is_ok());
    for (name, dimensions) in [("a", 33), (&format!("{longest}n"), 1)] {
        let error = written(name, dimensions).unwrap_err();
        assert!(matches!(error, FileError::TooLarge { .. }), "{error}");
    }
}

/// Half-precision numbers take twice their bytes in memory; the limit counts memory.
#[test]
fn the_limit_on_bytes_counts_the_arrays_in_memory() {
    let network = network::<f32>(&[100, 100, 1], 1);
    let file = network.to_safetensors().unwrap();
    let limits = Limits::default().bytes(file.len() as u64);
    Parameters::<f32>::from_safetensors(&file, &limits).unwrap();
    let error = Parameters::<f64>::from_safetensors(&file, &limits).unwrap_err();
    assert!(
        error.to_string().starts_with("the total size of the arrays is too large: 81608,"),
        "{error}"
    );
}

/// The longest text passes, a longer one does not, wherever it has quotes and backslashes.
#[test]
fn a_text_of_a_description_has_at_most_64_kib_with_its_escapes() {
    let (mut model, ..) = classifier();
    let mut written = |text: &str| {
        model.set_metadata([("key".to_string(), text.to_string())].into()).unwrap();
        let file = model.to_safetensors()?;
        Classifier::<f64, String>::from_safetensors(&file, &Limits::default())
    };
    for (unit, escaped) in [("a", 1), ("a\"", 3), ("\\", 2), ("\\\"", 4)] {
        let longest = unit.repeat((1 << 16) / escaped) + &"a".repeat((1 << 16) % escaped);
        assert_eq!(written(&longest).unwrap().metadata()["key"], longest);
        let error = written(&format!("{longest}a")).unwrap_err().to_string();
        let expected = "a text of the description is too large: 65537, but the limit is 65536";
        assert_eq!(error, expected, "{unit}");
    }
}

#[test]
fn a_model_whose_names_do_not_fit_the_header_is_not_written() {
    let (mut model, ..) = classifier();
    let texts = |count: usize| (0..count).map(|i| (i.to_string(), "a".repeat(60_000)));
    model.set_metadata(texts(17).collect()).unwrap();
    let file = model.to_safetensors().unwrap();
    Classifier::<f64, String>::from_safetensors(&file, &Limits::default()).unwrap();
    model.set_metadata(texts(18).collect()).unwrap();
    let error = model.to_safetensors().unwrap_err().to_string();
    assert!(error.starts_with("the header is too large: 108"), "{error}");
    assert!(error.ends_with("but the limit is 1048576"), "{error}");
}

/// Each text takes more memory than its three bytes in the description.
#[test]
fn the_values_of_a_description_have_a_limit() {
    let file = classifier().0.to_safetensors().unwrap();
    let read = |count: usize| {
        let file = redescribed(&file, |description| {
            description["model"]["labels"] = vec![String::new(); count].into();
        });
        assert!(file.len() < 1 << 20);
        Classifier::<f64, String>::from_safetensors(&file, &Limits::default()).unwrap_err()
    };
    assert!(!matches!(read(100_000), FileError::TooLarge { .. }));
    let error = read(120_000).to_string();
    assert!(error.starts_with("the description is too large: "), "{error}");
}
