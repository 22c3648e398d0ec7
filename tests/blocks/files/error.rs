//! Messages and causes of errors.

use dnn_blocks::Error;
use dnn_blocks::files::FileError;
use std::error::Error as _;
use std::io;

#[test]
fn a_size_within_the_limit_means_that_memory_ran_out() {
    let message = |size: u64, limit: u64| {
        FileError::TooLarge { what: "W1".to_string(), size, limit }.to_string()
    };
    assert_eq!(message(80, 79), "W1 is too large: 80, but the limit is 79");
    assert_eq!(message(80, 80), "out of memory: W1 needs 80 bytes");
    assert_eq!(message(80, u64::MAX), "out of memory: W1 needs 80 bytes");
}

#[cfg(feature = "safetensors")]
#[test]
fn the_source_of_an_error_with_a_path_is_the_one_of_the_operating_system() {
    use dnn_blocks::Parameters;
    let folder = tempfile::tempdir().unwrap();
    let error = Parameters::<f64>::load(folder.path().join("missing")).unwrap_err();
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
    assert_eq!(source.kind(), io::ErrorKind::NotFound);
    assert!(source.raw_os_error().is_some());
    assert!(error.to_string().ends_with(&source.to_string()), "{error}");
}

/// A fit that cannot read its checkpoints.
#[cfg(feature = "safetensors")]
#[test]
fn the_source_of_an_error_of_a_model_is_that_of_the_inner_error() {
    use dnn_blocks::files::Checkpoints;
    use dnn_blocks::ndarray::array;
    use dnn_blocks::prelude::*;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("checkpoint-00000001.safetensors"), "damaged").unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let x = array![[0.0, 0.1], [0.2, 0.0]];
    let mut model = Regressor::<f64>::new(Hyperparameters::plain().epochs(1).batch_size(2));
    let (rows, options) = (Examples::rows(&x), FitOptions::new().checkpoints(&checkpoints));
    let inner: Error = model.fit_with(rows, rows, options).unwrap_err();
    let expected = inner.source().unwrap().to_string();
    let error = FileError::from(inner);
    assert_eq!(error.source().unwrap().to_string(), expected);
    assert!(error.source().unwrap().is::<FileError>());
}
