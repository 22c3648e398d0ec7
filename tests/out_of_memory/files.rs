//! Writing and reading files.

use crate::every_failure;
use dnn_blocks::files::{FileError, Limits, Tensors};
use dnn_blocks::ndarray::{Array2, ArrayD, ShapeBuilder};
use dnn_blocks::prelude::*;
use tempfile::tempdir;

/// The largest constant request that may end the process.
const LARGEST: usize = 64 << 10;

/// Returns a network whose weights and biases are each larger than that.
fn network<F: Float>() -> Parameters<F> {
    let mut rng = NumpyRandom::seed(1);
    initialize_parameters_deep(&[3, 18_000, 2], Initializer::He, &mut rng).unwrap()
}

/// Returns one array in row-major and one in column-major order.
fn tensors<F: Float>() -> Tensors<F> {
    let mut tensors = Tensors::new();
    let wide = Array2::from_shape_fn((300, 200), |(i, j)| F::of((200 * i + j) as f64));
    tensors
        .insert("columns", wide.t().as_standard_layout().reversed_axes().into_owned().into_dyn())
        .unwrap();
    tensors.insert("rows", wide.into_dyn()).unwrap();
    tensors
}

/// Refuses each large request of the case once. There is at least one.
#[track_caller]
fn refused<T>(case: impl FnMut() -> Result<T, FileError>) {
    assert!(every_failure(LARGEST + 1, case) > 0);
}

#[cfg(feature = "safetensors")]
#[test]
fn networks_in_safetensors() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("network");
    let (single, limits) = (network::<f32>(), Limits::default());
    refused(|| single.to_safetensors());
    refused(|| single.save(&path));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left");
    let file = single.to_safetensors().unwrap();
    refused(|| Parameters::<f32>::load(&path));
    refused(|| Parameters::<f64>::load(&path));
    refused(|| Parameters::<f32>::from_safetensors(&file, &limits));
    let columns = tensors::<f64>();
    refused(|| columns.to_safetensors());
}

#[cfg(feature = "safetensors")]
#[test]
fn models_in_safetensors() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model");
    let x = Array2::from_shape_fn((4, 9000), |(i, j)| ((i * 7 + j * 3) % 11) as f64);
    let how = Hyperparameters::plain().hidden(&[2]).epochs(1).batch_size(2).constant_features(true);
    let mut classifier = Classifier::<f64, u8>::new(how.clone());
    classifier.fit(Examples::rows(&x), &[0, 1, 0, 1]).unwrap();
    refused(|| classifier.save(&path));
    refused(|| Classifier::<f64, u8>::load(&path));
    refused(|| classifier.to_safetensors());
    let mut multi_label = MultiLabelClassifier::<f64, u8>::new(how.clone());
    multi_label.fit(Examples::rows(&x), &[vec![], vec![0], vec![0, 1], vec![1]]).unwrap();
    refused(|| multi_label.save(&path));
    refused(|| MultiLabelClassifier::<f64, u8>::load(&path));
    refused(|| multi_label.to_safetensors());
    let mut regressor = Regressor::<f64>::new(how);
    regressor.fit(Examples::rows(&x), Examples::rows(&x)).unwrap();
    refused(|| regressor.save(&path));
    refused(|| Regressor::<f64>::load(&path));
    refused(|| regressor.to_safetensors());
}

#[cfg(feature = "safetensors")]
#[test]
fn checkpoints() {
    use dnn_blocks::files::{Checkpoint, Checkpoints};
    let parameters = network::<f64>();
    let optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
    let run = Checkpoint::new(parameters, optimizer, NumpyRandom::seed(1));
    let run = run.learning_rate(0.1).epoch(1);
    let folder = tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 2).unwrap();
    refused(|| checkpoints.save(&run));
    refused(|| run.to_safetensors());
    checkpoints.save(&run.epoch(2)).unwrap();
    // Not the memory of an older network.
    refused(|| checkpoints.latest::<f64>());
    assert_eq!(checkpoints.latest::<f64>().unwrap().unwrap().epoch, 2);
}

/// The newest checkpoint is one without a length, which is read into memory, and too long.
#[cfg(all(feature = "safetensors", unix))]
#[test]
fn a_checkpoint_without_a_length() {
    use dnn_blocks::files::{Checkpoint, Checkpoints};
    let mut rng = NumpyRandom::seed(1);
    let parameters = initialize_parameters::<f64>(2, 3, 1, &mut rng).unwrap();
    let optimizer = Optimizer::new(Algorithm::GradientDescent, &parameters).unwrap();
    let folder = tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 2).unwrap();
    let checkpoints = checkpoints.limits(Limits::default().bytes(1 << 20));
    checkpoints.save(&Checkpoint::new(parameters, optimizer, rng).epoch(1)).unwrap();
    let endless = folder.path().join("checkpoint-00000002.safetensors");
    std::os::unix::fs::symlink("/dev/zero", endless).unwrap();
    refused(|| checkpoints.latest::<f64>());
    assert_eq!(checkpoints.latest::<f64>().unwrap().unwrap().epoch, 1);
}

/// A fit that saves each epoch and keeps the best parameters.
#[cfg(feature = "safetensors")]
#[test]
fn checkpoints_of_a_fit() {
    use dnn_blocks::files::Checkpoints;
    let x = Array2::from_shape_fn((4, 9000), |(i, j)| ((i * 7 + j * 3) % 11) as f64);
    let how = Hyperparameters::plain().hidden(&[2]).epochs(2).batch_size(2).patience(2);
    let how = how.constant_features(true);
    let fit = || {
        let folder = tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path(), 2).unwrap();
        let options = FitOptions::new().checkpoints(&checkpoints);
        let mut model = Classifier::<f64, u8>::new(how.clone());
        model.fit_with(Examples::rows(&x), &[0, 1, 0, 1], options).map(drop)
    };
    fit().unwrap(); // allocates the scratch of the products, which may be refused
    assert!(every_failure(LARGEST + 1, fit) > 10);
}

#[cfg(feature = "npz")]
#[test]
fn arrays_in_npz() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("arrays.npz");
    let (arrays, limits) = (tensors::<f64>(), Limits::default());
    refused(|| arrays.to_npz());
    refused(|| arrays.save_npz(&path));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left");
    let file = arrays.to_npz().unwrap();
    refused(|| Tensors::<f64>::from_npz(&file, &limits));
    refused(|| Tensors::<f64>::load_npz(&path, &limits));
    let network = network::<f32>();
    refused(|| network.save_npz(&path));
    refused(|| Parameters::<f64>::load_npz(&path, Activation::Relu, Activation::Sigmoid));
}

/// NumPy's compressed archives need the window of the decoder.
#[cfg(feature = "npz")]
#[test]
fn packed_arrays_in_npz() {
    use std::io::{Cursor, Write};
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};
    let method = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("a.npy", method).unwrap();
    let header = "{'descr': '<f8', 'fortran_order': True, 'shape': (300, 200), }\n";
    archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
    archive.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
    archive.write_all(header.as_bytes()).unwrap();
    archive.write_all(&vec![0; 480_000]).unwrap();
    let file = archive.finish().unwrap().into_inner();
    refused(|| Tensors::<f64>::from_npz(&file, &Limits::default()));
}

#[cfg(feature = "onnx")]
#[test]
fn graphs_of_onnx() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let network = network::<f64>();
    refused(|| network.to_onnx(None));
    refused(|| network.save_onnx(&path, None));
    let mut turned = network.clone();
    let shape = turned.layers()[0].w.dim();
    turned.layers_mut()[0].w = Array2::from_elem(shape.f(), 0.5);
    let scaler =
        Standardizer::fit(&Array2::from_shape_fn((3, 4), |(i, j)| (i + j) as f64)).unwrap();
    refused(|| turned.to_onnx(Some(&scaler)));
    let x = Array2::from_shape_fn((4, 9000), |(i, j)| ((i * 7 + j * 3) % 11) as f64);
    let how = Hyperparameters::plain().hidden(&[2]).epochs(1).batch_size(2).constant_features(true);
    let mut classifier = Classifier::<f64, u8>::new(how.clone());
    classifier.fit(Examples::rows(&x), &[0, 1, 0, 1]).unwrap();
    refused(|| classifier.to_onnx());
    let mut multi_label = MultiLabelClassifier::<f64, u8>::new(how.clone());
    multi_label.fit(Examples::rows(&x), &[vec![], vec![0], vec![0, 1], vec![1]]).unwrap();
    refused(|| multi_label.to_onnx());
    let mut regressor = Regressor::<f64>::new(how);
    regressor.fit(Examples::rows(&x), Examples::rows(&x)).unwrap();
    refused(|| regressor.save_onnx(&path));
}

/// The reader transposes kernels and makes missing biases.
#[test]
fn networks_of_other_programs() {
    use dnn_blocks::files::Module;
    let array = |shape: &[usize]| ArrayD::from_elem(shape.to_vec(), 0.5);
    let state = |weight: &str, bias: Option<&str>, shape: &[usize]| {
        let mut tensors = Tensors::<f64>::new();
        tensors.insert(weight, array(shape)).unwrap();
        bias.map_or(Ok(()), |bias| tensors.insert(bias, array(&[9000]))).unwrap();
        tensors
    };
    // The tensors are made before the case, which takes them apart.
    let mut made: Vec<_> = (0..2).map(|_| state("0.weight", None, &[9000, 2])).collect();
    refused(|| made.pop().unwrap().torch_sequential(&[Module::Linear]));
    let mut made: Vec<_> = (0..2).map(|_| state("d/kernel", Some("d/bias"), &[2, 9000])).collect();
    refused(|| made.pop().unwrap().keras_dense(&[("d", Activation::Relu)]));
    let mut made: Vec<_> =
        (0..2).map(|_| state("coefs_0", Some("intercepts_0"), &[2, 9000])).collect();
    refused(|| made.pop().unwrap().sklearn_mlp(Activation::Relu, Activation::Sigmoid));

    // The error names the layer.
    let of_layer_2 = |result: Result<Parameters<f64>, FileError>| {
        let named = |error: &FileError| error.to_string().starts_with("layer 2: ");
        assert!(result.as_ref().err().is_none_or(named), "{result:?}");
        result
    };
    let mut made: Vec<_> = (0..2)
        .map(|_| {
            let mut state = state("1.weight", None, &[9000, 2]);
            state.insert("0.weight", array(&[2, 3])).unwrap();
            state
        })
        .collect();
    let modules = [Module::Linear; 2];
    refused(|| of_layer_2(made.pop().unwrap().torch_sequential(&modules)));
    let mut made: Vec<_> = (0..2)
        .map(|_| {
            let mut weights = state("e/kernel", Some("e/bias"), &[2, 9000]);
            weights.insert("d/kernel", array(&[3, 2])).unwrap();
            weights.insert("d/bias", array(&[2])).unwrap();
            weights
        })
        .collect();
    let layers = [("d", Activation::Relu), ("e", Activation::Relu)];
    refused(|| of_layer_2(made.pop().unwrap().keras_dense(&layers)));
}
