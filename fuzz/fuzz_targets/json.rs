//! Value types and whole models read by serde. Every accepted value is written again.
#![no_main]

use dnn_blocks::prelude::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(parameters) = serde_json::from_slice::<Parameters<f64>>(text) {
        let again = serde_json::to_vec(&parameters).unwrap();
        assert_eq!(serde_json::from_slice::<Parameters<f64>>(&again).unwrap(), parameters);
    }
    if let Ok(how) = serde_json::from_slice::<Hyperparameters>(text) {
        how.check::<f64>().unwrap();
    }
    if let Ok(optimizer) = serde_json::from_slice::<Optimizer<f64>>(text) {
        _ = serde_json::to_vec(&optimizer).unwrap();
    }
    if let Ok(mut rng) = serde_json::from_slice::<NumpyRandom>(text) {
        rng.randn();
    }
    _ = serde_json::from_slice::<Standardizer<f64>>(text);
    _ = serde_json::from_slice::<Regressor<f32>>(text);
    if let Ok(model) = serde_json::from_slice::<Classifier<f64, String>>(text) {
        _ = serde_json::to_vec(&model).unwrap();
    }
    if let Ok(model) = serde_json::from_slice::<MultiLabelClassifier<f64, String>>(text) {
        _ = serde_json::to_vec(&model).unwrap();
    }
});
