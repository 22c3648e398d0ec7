//! Texts of the program that a model keeps.

use super::{clouds, fitted, quick};
use dnn_blocks::Error;
use dnn_blocks::prelude::*;
use std::collections::BTreeMap;

fn entries() -> BTreeMap<String, String> {
    [("unit", "€"), ("encoder", r#"{"a":"x,\"checksum\":"}"#), ("", "")]
        .map(|(key, text)| (key.to_string(), text.to_string()))
        .into()
}

#[test]
fn only_a_fitted_model_takes_metadata() {
    let mut model = Classifier::<f64, usize>::new(quick());
    assert_eq!(model.set_metadata(entries()), Err(Error::NotFitted));
    assert!(model.metadata().is_empty());
    let mut model = Regressor::<f64>::new(quick());
    assert_eq!(model.set_metadata(entries()), Err(Error::NotFitted));
}

#[test]
fn a_new_fit_removes_metadata_and_a_continued_one_keeps_it() {
    let (x, labels) = clouds(2, 20);
    let rows = Examples::rows(&x);
    let mut model = fitted(quick().epochs(1), &x, &labels);
    model.set_metadata(entries()).unwrap();
    model.fit_with(rows, &labels, FitOptions::new().warm_start(true)).unwrap();
    model.partial_fit(rows, &labels).unwrap();
    assert_eq!(model.metadata(), &entries());
    model.fit(rows, &labels).unwrap();
    assert!(model.metadata().is_empty());

    let mut regressor = Regressor::new(quick().epochs(1));
    regressor.fit(rows, rows).unwrap();
    regressor.set_metadata(entries()).unwrap();
    regressor.fit_with(rows, rows, FitOptions::new().warm_start(true)).unwrap();
    regressor.partial_fit(rows, rows).unwrap();
    assert_eq!(regressor.metadata(), &entries());
    regressor.fit(rows, rows).unwrap();
    assert!(regressor.metadata().is_empty());
}

#[cfg(feature = "safetensors")]
mod files {
    use super::*;
    use dnn_blocks::files::{FileError, Limits};

    /// Checks that serde and a file keep the metadata of a model, and write none if there is none.
    macro_rules! check_kept {
        ($model:expr, $type:ty) => {{
            let mut model = $model;
            let mentions = |file: &[u8]| file.windows(10).any(|part| part == b"\"metadata\"");
            let escaped = |file: &[u8]| file.windows(10).any(|part| part == b"metadata\\\"");
            assert!(!mentions(&serde_json::to_vec(&model).unwrap()));
            assert!(!escaped(&model.to_safetensors().unwrap()));
            model.set_metadata(entries()).unwrap();
            let file = model.to_safetensors().unwrap();
            assert!(escaped(&file));
            let again = <$type>::from_safetensors(&file, &Limits::default()).unwrap();
            assert_eq!(again.metadata(), &entries());
            let text = serde_json::to_string(&model).unwrap();
            assert_eq!(serde_json::from_str::<$type>(&text).unwrap().metadata(), &entries());
        }};
    }

    #[test]
    fn files_and_serde_keep_metadata() {
        let (x, labels) = clouds(2, 20);
        let rows = Examples::rows(&x);
        check_kept!(fitted(quick().epochs(1), &x, &labels), Classifier<f64, usize>);
        let mut model = MultiLabelClassifier::<f64, usize>::new(quick().epochs(1));
        let sets: Vec<_> = labels.iter().map(|&label| vec![label]).collect();
        model.fit(rows, &sets).unwrap();
        check_kept!(model, MultiLabelClassifier<f64, usize>);
        let mut model = Regressor::<f64>::new(quick().epochs(1));
        model.fit(rows, Examples::values(x.column(0))).unwrap();
        check_kept!(model, Regressor<f64>);
    }

    #[test]
    fn a_text_in_a_file_has_a_limit() {
        let (x, labels) = clouds(2, 20);
        let mut model = fitted(quick().epochs(1), &x, &labels);
        let text = |length| [("a".to_string(), "x".repeat(length))].into();
        model.set_metadata(text((1 << 16) - 1)).unwrap();
        model.to_safetensors().unwrap();
        model.set_metadata(text((1 << 16) + 1)).unwrap();
        let error = model.to_safetensors().unwrap_err();
        assert!(matches!(error, FileError::TooLarge { limit: 65536, .. }), "{error}");
    }
}
