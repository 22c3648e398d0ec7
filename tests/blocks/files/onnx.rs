//! ONNX exports that are refused. `.ci/exports` runs the others in ONNX Runtime.

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
    let model = Classifier::<f32, i32>::new(Hyperparameters::default());
    assert!(matches!(model.to_onnx(), Err(FileError::Model(Error::NotFitted))));
    let model = Regressor::<f32>::new(Hyperparameters::default());
    assert!(matches!(model.to_onnx(), Err(FileError::Model(Error::NotFitted))));
}
