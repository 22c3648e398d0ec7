//! The crate's own format: networks and models bit-identical; kinds and versions are checked.

use crate::support::{network, three_points};
use dnn_blocks::Error;
use dnn_blocks::files::{FileError, Limits, Tensors};
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;
use std::fs;
use tempfile::tempdir;

pub fn classifier() -> (Classifier<f64, String>, Array2<f64>, Vec<String>) {
    let (x, labels) = three_points(["x,\"checksum\":", "y", "ö"]);
    let how = Hyperparameters::plain().hidden(&[5, 4]).epochs(3).batch_size(16);
    let mut model = Classifier::new(how.activation(Activation::LeakyRelu(0.02)).seed(4));
    model.fit(Examples::rows(&x), &labels).unwrap();
    (model, x, labels)
}

pub fn regressor() -> (Regressor<f32>, Array2<f32>) {
    let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * 7 + j * 3) % 11) as f32);
    let y = Array2::from_shape_fn((40, 2), |(i, j)| x[[i, 0]] * 100.0 - x[[i, j]]);
    let mut model = Regressor::new(Hyperparameters::plain().hidden(&[6]).epochs(3));
    model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    (model, x)
}

#[test]
fn a_network_stays_the_same_to_the_last_bit() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    for activation in [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::LeakyRelu(0.1 + 0.2),
        Activation::Identity,
        Activation::Elu(0.1 + 0.2),
        Activation::Exponential,
        Activation::Softplus,
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
    ] {
        let mut parameters =
            network::<f64>(&[3, 12, 2], 1).with_activations(activation, Activation::Softmax);
        parameters.layers_mut()[0].b[[0, 0]] = -0.0;
        parameters.layers_mut()[0].b[[1, 0]] = f64::MIN_POSITIVE / 8.0;
        parameters.save(&path).unwrap();
        let again = Parameters::<f64>::load(&path).unwrap();
        assert_eq!(again, parameters);
        assert!(again.layers()[0].b[[0, 0]].is_sign_negative());
    }
    let parameters = network::<f32>(&[1, 1], 1);
    parameters.save(&path).unwrap();
    assert_eq!(Parameters::<f32>::load(&path).unwrap(), parameters);
}

#[test]
fn twelve_layers_are_in_their_order() {
    let parameters = network::<f32>(&[2; 13], 1);
    let file = parameters.to_safetensors().unwrap();
    assert_eq!(Parameters::from_safetensors(&file, &Limits::default()).unwrap(), parameters);
}

#[test]
fn the_same_network_is_the_same_file() {
    let (model, ..) = classifier();
    assert_eq!(model.to_safetensors().unwrap(), model.to_safetensors().unwrap());
    let limits = Limits::default();
    let again =
        Classifier::<f64, String>::from_safetensors(&model.to_safetensors().unwrap(), &limits);
    assert_eq!(again.unwrap().to_safetensors().unwrap(), model.to_safetensors().unwrap());
}

#[test]
fn a_classifier_predicts_with_the_same_bits() {
    let (model, x, labels) = classifier();
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let mut again = Classifier::<f64, String>::load(&path).unwrap();
    let x = Examples::rows(&x);
    assert_eq!(again.predict_proba(x).unwrap(), model.predict_proba(x).unwrap());
    assert_eq!(again.predict(x).unwrap(), model.predict(x).unwrap());
    assert_eq!(again.classes(), model.classes());
    assert_eq!(again.hyperparameters(), model.hyperparameters());
    let history = again.partial_fit(x, &labels).unwrap();
    assert_eq!(history.epochs[0].epoch, 3, "the schedule goes on");
}

#[test]
fn a_regressor_predicts_with_the_same_bits() {
    let (model, x) = regressor();
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let again = Regressor::<f32>::load(&path).unwrap();
    assert_eq!(
        again.predict(Examples::rows(&x)).unwrap(),
        model.predict(Examples::rows(&x)).unwrap()
    );
    assert_eq!(again.target_scaler(), model.target_scaler());
}

/// The checksum covers the numbers in the file, whichever type reads them.
#[test]
fn a_file_of_f32_is_read_as_f64_without_loss() {
    let limits = Limits::default();
    let single = network::<f32>(&[3, 4, 2], 1);
    let file = single.to_safetensors().unwrap();
    let double = Parameters::<f64>::from_safetensors(&file, &limits).unwrap();
    for (double, single) in double.layers().iter().zip(single.layers()) {
        assert_eq!(double.w, single.w.mapv(f64::from));
        assert_eq!(double.b, single.b.mapv(f64::from));
    }
    let mut damaged = file.clone();
    for bit in 8 * (file.len() - 40)..8 * file.len() {
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Parameters::<f64>::from_safetensors(&damaged, &limits).is_err(), "bit {bit}");
        damaged[bit / 8] ^= 1 << (bit % 8);
    }
    let (model, x) = regressor();
    let wide = Regressor::<f64>::from_safetensors(&model.to_safetensors().unwrap(), &limits);
    let values = wide.unwrap().predict(Examples::rows(&x.mapv(f64::from))).unwrap();
    let close = |(a, b): (&f64, &f32)| (a - f64::from(*b)).abs() < 1e-2;
    assert!(values.iter().zip(&model.predict(Examples::rows(&x)).unwrap()).all(close));
}

/// A declared class without examples is still declared after loading.
#[test]
fn declared_classes_stay_declared() {
    let x = array![[0.0_f64, 1.0], [1.0, 0.5], [2.0, 0.0], [3.0, 2.0]];
    let (x, labels) = (Examples::rows(&x), [1, 2, 1, 2]);
    let how = Hyperparameters::plain().hidden(&[3]).epochs(2).batch_size(2);
    for (mut model, classes) in [
        (Classifier::<f64, i32>::new(how.clone()).with_classes(&[1, 2, 7]), &[1, 2, 7][..]),
        (Classifier::new(how), &[1, 2]),
    ] {
        model.fit(x, &labels).unwrap();
        let file = model.to_safetensors().unwrap();
        let mut again = Classifier::from_safetensors(&file, &Limits::default()).unwrap();
        assert_eq!(again.to_safetensors().unwrap(), file);
        again.fit(x, &labels).unwrap();
        assert_eq!(again.classes(), classes);
        assert_eq!(again.fit(x, &[1, 7, 1, 7]).is_ok(), again.classes().contains(&7));
    }
}

/// A network that `layers_mut` made inconsistent is not written.
#[test]
fn a_network_that_is_none_any_more_is_not_written() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("network");
    let broken = |change: fn(&mut Layer<f64>)| {
        let mut parameters = network::<f64>(&[3, 4, 2], 1);
        change(&mut parameters.layers_mut()[1]);
        parameters.save(&path).unwrap_err()
    };
    for change in [
        |layer: &mut Layer<f64>| layer.w = Array2::zeros((2, 9)),
        |layer: &mut Layer<f64>| layer.b = Array2::zeros((2, 0)),
        |layer: &mut Layer<f64>| layer.b = Array2::zeros((2, 3)),
    ] {
        let error = broken(change);
        let typed = FileError::Model(Error::NoLayers);
        assert_eq!(std::mem::discriminant(&error), std::mem::discriminant(&typed), "{error}");
    }
    let error = broken(|layer| layer.activation = Activation::LeakyRelu(f64::NAN));
    assert!(error.to_string().contains("slope"), "{error}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn names_that_the_format_does_not_have_are_errors() {
    for name in ["", "__metadata__"] {
        let mut tensors = Tensors::<f64>::new();
        tensors.insert(name, array![1.0].into_dyn()).unwrap();
        let error = tensors.to_safetensors().unwrap_err();
        assert!(matches!(error, FileError::Malformed { .. }), "{error}");
    }
}

#[test]
fn what_has_not_learnt_or_is_not_finite_is_not_written() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = Classifier::<f64, i32>::new(Hyperparameters::plain());
    assert!(matches!(model.save(&path), Err(FileError::Model(Error::NotFitted))));
    let mut parameters = network::<f64>(&[2, 2], 1);
    parameters.layers_mut()[0].w[[1, 0]] = f64::NAN;
    let error = parameters.save(&path).unwrap_err();
    assert!(matches!(error, FileError::NotFinite { index: 2, .. }), "{error}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn kinds_types_and_versions_are_told_apart() {
    let limits = Limits::default();
    let file = classifier().0.to_safetensors().unwrap();
    let error = Parameters::<f64>::from_safetensors(&file, &limits).unwrap_err();
    assert_eq!(error.to_string(), "the file holds a classifier, not a network");
    let error = Regressor::<f64>::from_safetensors(&file, &limits).unwrap_err();
    assert!(matches!(error, FileError::Kind { .. }), "{error}");
    let error = Classifier::<f32, String>::from_safetensors(&file, &limits).unwrap_err();
    assert!(matches!(error, FileError::Type { expected: "f32", .. }), "{error}");
    let error = Classifier::<f64, i32>::from_safetensors(&file, &limits).unwrap_err();
    assert_eq!(error.to_string(), "the labels in the file are not of type i32");
    let later = replaced(&file, "version\\\":1", "version\\\":7");
    let error = Classifier::<f64, String>::from_safetensors(&later, &limits).unwrap_err();
    assert_eq!(error.to_string(), "the file has format version 7, but the newest known is 1");
}

/// Replaces a text in the file by another of the same length.
pub fn replaced(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let place = file.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    let mut file = file.to_vec();
    file[place..place + to.len()].copy_from_slice(to.as_bytes());
    file
}
