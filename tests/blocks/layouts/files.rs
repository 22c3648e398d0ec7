//! Arrays, networks and checkpoints in files.

use super::{owned, random, tanh_network};
use crate::support::strides::{Laid, Layout, laid_network};
use dnn_blocks::files::{Limits, Module, Tensors};
use dnn_blocks::ndarray::{Array2, ArrayD, Axis};
use dnn_blocks::prelude::*;

/// Returns the arrays of a network in a layout, with b as a vector if `vectors` is set.
fn tensors(layout: Layout, names: [&str; 4], [w1, w2]: [&Array2<f64>; 2]) -> Tensors<f64> {
    let mut tensors = Tensors::new();
    let biases = [random::<f64>(5, 1), random::<f64>(2, 1)];
    for (name, matrix) in [names[0], names[2]].into_iter().zip([w1, w2]) {
        tensors.insert(name, Laid::new(layout, matrix).owned().into_dyn()).unwrap();
    }
    for (name, bias) in [names[1], names[3]].into_iter().zip(&biases) {
        let laid = Laid::new(layout, bias).owned();
        tensors.insert(name, laid.index_axis_move(Axis(1), 0).into_dyn()).unwrap();
    }
    tensors
}

/// Weights of 3-5-2 and their transposes.
fn weights() -> [Array2<f64>; 4] {
    [random(5, 3), random(2, 5), random(3, 5), random(5, 2)]
}

#[test]
fn networks_of_other_programs() {
    let [w1, w2, k1, k2] = weights();
    let torch = |layout| {
        let names = ["0.weight", "0.bias", "2.weight", "2.bias"];
        let modules = [Module::Linear, Module::Tanh, Module::Linear];
        tensors(layout, names, [&w1, &w2]).torch_sequential(&modules).unwrap()
    };
    let keras = |layout| {
        let names = ["a/kernel", "a/bias", "b/kernel", "b/bias"];
        let layers = [("a", Activation::Relu), ("b", Activation::Softmax)];
        tensors(layout, names, [&k1, &k2]).keras_dense(&layers).unwrap()
    };
    let in_order = |layout| {
        let names = ["arr_0", "arr_1", "arr_2", "arr_3"];
        let activations = [Activation::Relu, Activation::Softmax];
        tensors(layout, names, [&k1, &k2]).keras_weights(&activations).unwrap()
    };
    let sklearn = |layout| {
        let names = ["coefs_0", "intercepts_0", "coefs_1", "intercepts_1"];
        let (hidden, output) = (Activation::Relu, Activation::Softmax);
        tensors(layout, names, [&k1, &k2]).sklearn_mlp(hidden, output).unwrap()
    };
    let course = |layout| {
        let names = ["W1", "b1", "W2", "b2"];
        let (hidden, output) = (Activation::Relu, Activation::Sigmoid);
        let mut of_course = Tensors::new();
        for (name, array) in tensors(layout, names, [&w1, &w2]).iter() {
            let column = array.ndim() == 1;
            let array = array.clone();
            let array = if column { array.insert_axis(Axis(1)) } else { array };
            of_course.insert(name, array).unwrap();
        }
        of_course.into_parameters(hidden, output).unwrap()
    };
    let all =
        |layout| [torch(layout), keras(layout), in_order(layout), sklearn(layout), course(layout)];
    let expected = all(Layout::RowMajor);
    for layout in owned() {
        assert_eq!(all(layout), expected, "{layout:?}");
    }
}

/// A set with three-dimensional arrays.
fn deep(layout: Layout) -> Tensors<f64> {
    let mut tensors = Tensors::new();
    let matrix = Laid::new(layout, &random(6, 4)).owned();
    tensors.insert("matrix", matrix.clone().into_dyn()).unwrap();
    let vector: ArrayD<f64> = matrix.clone().index_axis_move(Axis(0), 3).into_dyn();
    tensors.insert("vector", vector).unwrap();
    let cube = matrix.insert_axis(Axis(1)).permuted_axes([2, 0, 1]);
    tensors.insert("cube", cube.into_dyn()).unwrap();
    tensors
}

#[cfg(feature = "npz")]
#[test]
fn npz_files() {
    let parameters = tanh_network::<f64>(&[3, 5, 2]);
    let expected = deep(Layout::RowMajor);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.npz");
    for layout in owned() {
        let tensors = deep(layout);
        assert_eq!(tensors, expected);
        let read = Tensors::from_npz(&tensors.to_npz().unwrap(), &Limits::default()).unwrap();
        assert_eq!(read, expected, "{layout:?}");
        tensors.save_npz(&path).unwrap();
        assert_eq!(Tensors::load_npz(&path, &Limits::default()).unwrap(), expected);
        laid_network(layout, &parameters).save_npz(&path).unwrap();
        let (hidden, output) = (Activation::Tanh, Activation::Sigmoid);
        let again = Parameters::<f64>::load_npz(&path, hidden, output).unwrap();
        assert_eq!(again, parameters, "{layout:?}");
    }
}

#[cfg(feature = "safetensors")]
#[test]
fn safetensors_files() {
    let parameters = tanh_network::<f64>(&[3, 5, 2]);
    let expected = deep(Layout::RowMajor);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    for layout in owned() {
        let tensors = deep(layout);
        let file = tensors.to_safetensors().unwrap();
        assert!(file == expected.to_safetensors().unwrap(), "{layout:?}");
        assert_eq!(Tensors::from_safetensors(&file, &Limits::default()).unwrap(), expected);
        tensors.save_safetensors(&path).unwrap();
        let read = Tensors::<f64>::load_safetensors(&path, &Limits::default()).unwrap();
        assert_eq!(read, expected, "{layout:?}");
        let laid = laid_network(layout, &parameters);
        let file = laid.to_safetensors().unwrap();
        assert!(file == parameters.to_safetensors().unwrap(), "{layout:?}");
        laid.save(&path).unwrap();
        assert_eq!(Parameters::<f64>::load(&path).unwrap(), parameters, "{layout:?}");
    }
}

#[cfg(feature = "safetensors")]
#[test]
fn checkpoints() {
    use super::gradients_like;
    use dnn_blocks::files::Checkpoint;
    let parameters = tanh_network::<f64>(&[3, 5, 2]);
    let file = |layout: Layout| {
        let mut laid = laid_network(layout, &parameters);
        let mut optimizer = Optimizer::new(Algorithm::ADAM, &laid).unwrap();
        let gradients = gradients_like(&parameters);
        optimizer.step(&mut laid, &gradients, 0.1).unwrap();
        let mut state = optimizer.state().to_vec();
        for matrix in state.iter_mut().flat_map(|l| l.w.iter_mut().chain(&mut l.b)) {
            *matrix = Laid::new(layout, matrix).owned();
        }
        let optimizer = Optimizer::from_state(Algorithm::ADAM, state, 1).unwrap();
        let checkpoint =
            Checkpoint::new(laid, optimizer, NumpyRandom::seed(1)).learning_rate(0.1).epoch(1);
        let bytes = checkpoint.to_safetensors().unwrap();
        let again = Checkpoint::<f64>::from_safetensors(&bytes, &Limits::default()).unwrap();
        assert_eq!(again.parameters, checkpoint.parameters);
        assert_eq!(again.optimizer, checkpoint.optimizer);
        bytes
    };
    let expected = file(Layout::RowMajor);
    for layout in owned() {
        assert!(file(layout) == expected, "{layout:?}");
    }
}

/// A fit resumes from a checkpoint of the same examples in another layout.
#[cfg(feature = "safetensors")]
#[test]
fn fits_that_go_on() {
    use super::hyperparameters;
    use crate::support::strides::owned_layouts;
    use dnn_blocks::files::Checkpoints;
    let (x, y) = (random::<f64>(20, 3), random::<f64>(20, 2));
    let classes: Vec<usize> = (0..20).map(|i| i % 3).collect();
    let folder = tempfile::tempdir().unwrap();
    let of_classes = Checkpoints::new(folder.path().join("classes"), 2).unwrap();
    let of_values = Checkpoints::new(folder.path().join("values"), 2).unwrap();
    let how = hyperparameters();
    let mut expected = None;
    for (x, y) in owned_layouts(&x).iter().zip(owned_layouts(&y).iter().rev()) {
        let mut classifier = Classifier::new(how.clone());
        let options = FitOptions::new().checkpoints(&of_classes);
        classifier.fit_with(Examples::rows(x.view()), &classes, options).unwrap();
        let mut regressor = Regressor::new(how.clone());
        let options = FitOptions::new().checkpoints(&of_values);
        let (x, y) = (Examples::rows(x.view()), Examples::rows(y.view()));
        regressor.fit_with(x, y, options).unwrap();
        let found =
            (classifier.parameters().cloned().unwrap(), regressor.parameters().cloned().unwrap());
        assert_eq!(*expected.get_or_insert_with(|| found.clone()), found);
    }
}
