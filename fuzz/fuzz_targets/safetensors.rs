//! Every reader of safetensors files. An accepted file is written again and must read as the same
//! value, of which the summary knows the kind. A file and its bytes must read as the same arrays.
#![no_main]

use dnn_blocks::files::{Checkpoint, Kind, Limits, Summary, Tensors};
use dnn_blocks::prelude::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let limits = Limits::default().bytes(1 << 20).header(1 << 16).arrays(64);
    if let Ok(tensors) = Tensors::<f64>::from_safetensors(file, &limits) {
        let path = std::env::temp_dir().join(format!("dnn-blocks-{}", std::process::id()));
        std::fs::write(&path, file).unwrap();
        assert_eq!(Tensors::load_safetensors(&path, &limits).unwrap(), tensors);
        std::fs::remove_file(path).unwrap();
        let again = tensors.to_safetensors().unwrap();
        assert_eq!(Tensors::from_safetensors(&again, &Limits::default()).unwrap(), tensors);
        _ = tensors.into_parameters(Activation::Relu, Activation::Sigmoid);
    }
    let kind = Summary::from_safetensors(file, &limits).ok().map(|summary| summary.kind());
    if let Ok(parameters) = Parameters::<f32>::from_safetensors(file, &limits) {
        assert!(parameters.is_finite());
        assert_eq!(kind, Some(Kind::Parameters));
        let again = parameters.to_safetensors().unwrap();
        assert_eq!(Parameters::from_safetensors(&again, &Limits::default()).unwrap(), parameters);
    }
    if let Ok(model) = Classifier::<f32, String>::from_safetensors(file, &limits) {
        assert_eq!(kind, Some(Kind::Classifier));
        _ = model.to_safetensors().unwrap();
    }
    if let Ok(model) = MultiLabelClassifier::<f32, String>::from_safetensors(file, &limits) {
        assert_eq!(kind, Some(Kind::MultiLabelClassifier));
        _ = model.to_safetensors().unwrap();
    }
    if let Ok(model) = Regressor::<f32>::from_safetensors(file, &limits) {
        assert_eq!(kind, Some(Kind::Regressor));
        _ = model.to_safetensors().unwrap();
    }
    if let Ok(run) = Checkpoint::<f32>::from_safetensors(file, &limits) {
        assert_eq!(kind, Some(Kind::Checkpoint));
        _ = run.to_safetensors().unwrap();
    }
});
