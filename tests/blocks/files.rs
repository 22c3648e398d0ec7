//! Files of the crate: what is written is read with the same bits, a crash leaves the old file, and
//! a file that is damaged or made to harm is an error.

use dnn_blocks::files::{Checkpoint, Checkpoints, FileError, Limits, Tensors};
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::{Error, prelude::*};
use safetensors::{Dtype, tensor::TensorView};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;
use std::{env, fs, thread};
use tempfile::{TempDir, tempdir};

fn network<F: Float>(dims: &[usize], seed: u32) -> Parameters<F> {
    initialize_parameters_deep(dims, Initializer::He, &mut NumpyRandom::seed(seed)).unwrap()
}

fn classifier() -> (Classifier<f64, String>, Array2<f64>, Vec<String>) {
    let mut rng = NumpyRandom::seed(2);
    let labels: Vec<String> =
        (0..60).map(|i| ["x,\"checksum\":", "y", "ö"][i % 3].into()).collect();
    let x = Array2::from_shape_fn((60, 2), |(i, j)| {
        f64::from(u8::from(i % 3 == j)) * 3.0 + 0.3 * rng.randn()
    });
    let how = Hyperparameters::default().hidden(&[5, 4]).epochs(3).batch_size(16);
    let mut model = Classifier::new(how.activation(Activation::LeakyRelu(0.02)).seed(4));
    model.fit(Examples::rows(&x), &labels).unwrap();
    (model, x, labels)
}

fn regressor() -> (Regressor<f32>, Array2<f32>) {
    let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * 7 + j * 3) % 11) as f32);
    let y = Array2::from_shape_fn((40, 2), |(i, j)| x[[i, 0]] * 100.0 - x[[i, j]]);
    let mut model = Regressor::new(Hyperparameters::default().hidden(&[6]).epochs(3));
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

/// The checksum is that of the numbers in the file, whatever they are read as.
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

/// A model that was told of a class that it has not seen is told of it after it was loaded.
#[test]
fn declared_classes_stay_declared() {
    let x = array![[0.0_f64, 1.0], [1.0, 0.5], [2.0, 0.0], [3.0, 2.0]];
    let (x, labels) = (Examples::rows(&x), [1, 2, 1, 2]);
    let how = Hyperparameters::default().hidden(&[3]).epochs(2).batch_size(2);
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

/// What `layers_mut` can break could not be read again.
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
fn a_link_stays_a_link_and_what_is_no_file_is_left_alone() {
    let folder = tempdir().unwrap();
    let parameters = network::<f32>(&[2, 1], 1);
    let directory = folder.path().join("directory");
    fs::create_dir(&directory).unwrap();
    let error = parameters.save(&directory).unwrap_err();
    assert_eq!(error.to_string(), "what is there is not a file");
    assert!(parameters.save("").is_err() && parameters.save("/").is_err());
    #[cfg(unix)]
    {
        let (real, link) = (directory.join("real"), folder.path().join("link"));
        network::<f32>(&[5, 1], 2).save(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        parameters.save(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Parameters::<f32>::load(&real).unwrap(), parameters);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        let socket = folder.path().join("socket");
        let _open = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(parameters.save(&socket).is_err());
        assert!(!fs::symlink_metadata(&socket).unwrap().is_file());
    }
}

/// A link to a file that is yet to be made, through other links and relative to the folder of each.
#[cfg(unix)]
#[test]
fn a_link_that_leads_to_no_file_yet_is_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let parameters = network::<f32>(&[2, 1], 1);
    fs::create_dir_all(path("a/b")).unwrap();
    symlink("b/second", path("a/first")).unwrap();
    symlink("../../real", path("a/b/second")).unwrap();
    for link in ["a/first", "a/b/second"] {
        parameters.save(path(link)).unwrap();
        assert!(fs::symlink_metadata(path("a/first")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(path("a/b/second")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(path("real")).unwrap().is_file());
        assert_eq!(Parameters::<f32>::load(path(link)).unwrap(), parameters);
        fs::remove_file(path("real")).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left");

    symlink(path("none/real"), path("nowhere")).unwrap();
    let error = parameters.save(path("nowhere")).unwrap_err();
    assert!(matches!(error, FileError::Io(_)), "{error}");
    assert!(fs::symlink_metadata(path("nowhere")).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_is_an_error_and_stays_one() {
    use std::os::unix::fs::symlink;
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    symlink("there", path("here")).unwrap();
    symlink("here", path("there")).unwrap();
    symlink("itself", path("itself")).unwrap();
    for name in ["here", "itself"] {
        let error = network::<f32>(&[2, 1], 1).save(path(name)).unwrap_err();
        assert!(matches!(error, FileError::Io(_)), "{error}");
    }
    assert_eq!(fs::read_link(path("here")).unwrap(), Path::new("there"));
    assert_eq!(fs::read_link(path("itself")).unwrap(), Path::new("itself"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn what_has_not_learnt_or_is_not_finite_is_not_written() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = Classifier::<f64, i32>::new(Hyperparameters::default());
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
    assert!(matches!(error, FileError::Malformed { .. }), "{error}");
    let later = replaced(&file, "version\\\":1", "version\\\":7");
    let error = Classifier::<f64, String>::from_safetensors(&later, &limits).unwrap_err();
    assert_eq!(error.to_string(), "version 7 of the format; this program knows 1");
}

/// The file with one text for another of the same length.
fn replaced(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let place = file.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    let mut file = file.to_vec();
    file[place..place + to.len()].copy_from_slice(to.as_bytes());
    file
}

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

/// Cut anywhere, and with any single bit the other way round, a model is refused.
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

fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// What the bytes say, and the file of the same bytes must say too.
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
    // of two arrays in one place, either may be named
    let says = |result| format!("{result:?}").split('`').next().map(String::from);
    assert_eq!(says(&loaded), says(&read));
    read
}

fn tensors(file: &[u8]) -> Result<Tensors<f64>, FileError> {
    both(file, Tensors::from_safetensors, |path, limits| Tensors::load_safetensors(path, limits))
}

fn parameters(file: &[u8]) -> Result<Parameters<f64>, FileError> {
    both(file, Parameters::from_safetensors, |path, limits| Parameters::load_with(path, limits))
}

fn refused(file: &[u8]) -> FileError {
    let error = tensors(file).unwrap_err();
    parameters(file).unwrap_err();
    error
}

#[test]
fn a_damaged_file_is_refused_for_the_same_reason_as_its_bytes() {
    let model = regressor().0.to_safetensors().unwrap();
    let network = network::<f64>(&[2, 1], 1).to_safetensors().unwrap();
    let run = crate::checkpoints::beginning().to_safetensors().unwrap();
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

/// The file with its arrays in another order: last name first.
fn reversed(file: &[u8]) -> Vec<u8> {
    let (_, header) = safetensors::SafeTensors::read_metadata(file).unwrap();
    let content = safetensors::SafeTensors::deserialize(file).unwrap();
    let mut arrays: Vec<_> = content.iter().collect();
    arrays.sort_by(|(a, _), (b, _)| b.cmp(a));
    let mut json = serde_json::json!({ "__metadata__": header.metadata() });
    let mut data = Vec::new();
    for (name, view) in arrays {
        let begin = data.len();
        data.extend_from_slice(view.data());
        let (dtype, shape) = (view.dtype().to_string(), view.shape());
        let offsets = [begin, data.len()];
        json[name] = serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets });
    }
    with_header(&json.to_string(), &data)
}

/// The checksum is over the names in their order, wherever the arrays lie.
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

/// What is no file does not say how long it is.
#[cfg(unix)]
#[test]
fn a_network_comes_through_a_pipe() {
    let (folder, path) = with_network();
    let pipe = folder.path().join("pipe");
    let Ok(made) = Command::new("mkfifo").arg(&pipe).status() else { return };
    assert!(made.success());
    thread::scope(|threads| {
        threads.spawn(|| fs::write(&pipe, fs::read(&path).unwrap()).unwrap());
        assert!(is_whole(&pipe));
    });
}

#[test]
fn headers_made_to_harm_are_errors() {
    for length in [1 << 63, u64::MAX, u64::MAX - 7, 1 << 32, (1 << 20) + 1] {
        let mut file = with_header("{}", &[0; 64]);
        file[..8].copy_from_slice(&length.to_le_bytes());
        assert!(matches!(refused(&file), FileError::TooLarge { .. }));
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

/// Each limit, at its last value within and its first beyond.
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
            "the number of dimensions takes 33, more than the limit of 32"
        );
    }
    let longest = "n".repeat(1024);
    let read_named = |name: &str| read(&format!("{{\"{name}\":{}}}", entry(1)));
    assert!(read_named(&longest).unwrap().get(&longest).is_some());
    let error = read_named(&format!("{longest}n")).unwrap_err();
    assert_eq!(error.to_string(), "the name of an array takes 1025, more than the limit of 1024");

    let empty =
        |i: usize| format!("\"{i}\":{{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    let many = |count: usize| {
        let entries: Vec<_> = (0..count).map(empty).collect();
        with_header(&format!("{{{}}}", entries.join(",")), &[])
    };
    assert_eq!(tensors(&many(4096)).unwrap().len(), 4096);
    let error = tensors(&many(4097)).unwrap_err();
    assert_eq!(error.to_string(), "the number of arrays takes 4097, more than the limit of 4096");

    // What could not be read is not written.
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

/// Numbers of half the size take twice their bytes: the limit is on what they take.
#[test]
fn the_limit_on_bytes_counts_the_arrays_in_memory() {
    let network = network::<f32>(&[100, 100, 1], 1);
    let file = network.to_safetensors().unwrap();
    let limits = Limits::default().bytes(file.len() as u64);
    Parameters::<f32>::from_safetensors(&file, &limits).unwrap();
    let error = Parameters::<f64>::from_safetensors(&file, &limits).unwrap_err();
    assert!(error.to_string().starts_with("all arrays takes 81608,"), "{error}");
}

/// A short line of characters that can be printed, whatever the file has in it.
#[track_caller]
pub fn assert_readable(error: &FileError) {
    let text = error.to_string();
    assert!(text.len() <= 1024, "{} bytes: {text}", text.len());
    let printable = |c: char| c.is_ascii_graphic() || c == ' ' || c == '…';
    assert!(text.chars().all(printable), "{text:?}");
    assert_eq!(format!("{error:?}"), text);
}

/// Names with line feeds, colours and letters from right to left, and longer than a line.
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

/// Whether it is an error or not is open; that it does not panic is not.
fn refused_or_not(file: &[u8]) {
    _ = tensors(file);
    assert!(parameters(file).is_err());
}

/// A file with our description of a network 2-1, and these arrays.
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
fn a_file_keeps_its_permissions_and_leaves_nothing_beside_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let parameters = network::<f32>(&[2, 1], 1);
    parameters.save(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let usual = folder.path().join("usual");
        fs::write(&usual, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), mode(&usual));
        fs::remove_file(&usual).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        parameters.save(&path).unwrap();
        assert_eq!(mode(&path), 0o664);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert!(parameters.save(folder.path().join("none/network")).is_err());
}

/// What the child processes of the tests below do: write one network after the other to a file.
#[test]
fn child_writes_for_ever() {
    let Some(path) = env::var_os("DNN_BLOCKS_WRITE_FOR_EVER") else { return };
    let networks = [network::<f64>(&[300, 100, 1], 1), network::<f64>(&[300, 100, 1], 2)];
    for parameters in networks.iter().cycle() {
        if let Err(error) = parameters.save(&path) {
            eprintln!("{error}");
            std::process::exit(3);
        }
    }
}

/// This program again, doing only that.
fn child(path: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "files::child_writes_for_ever", "--nocapture"]);
    command.env("DNN_BLOCKS_WRITE_FOR_EVER", path);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command
}

/// A folder with a network in a file.
fn with_network() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    network::<f64>(&[300, 100, 1], 1).save(&path).unwrap();
    (folder, path)
}

fn is_whole(path: &Path) -> bool {
    let found = Parameters::<f64>::load(path).unwrap();
    [1, 2].iter().any(|&seed| found == network::<f64>(&[300, 100, 1], seed))
}

#[test]
fn a_process_killed_at_any_time_leaves_a_whole_file() {
    let (folder, path) = with_network();
    for round in 0..12 {
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        let mut child: Child = child(&path).spawn().unwrap();
        while fs::metadata(&path).unwrap().modified().unwrap() == before {
            thread::sleep(Duration::from_millis(1)); // until it is at work
        }
        thread::sleep(Duration::from_micros(700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_whole(&path));
    }
    for file in fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(name == "network.safetensors" || name.starts_with(".dnn-blocks-"), "{name}");
    }
}

/// The limit on the size of files ends the process in the middle of its write.
#[cfg(unix)]
#[test]
fn a_process_killed_in_the_middle_of_a_write_leaves_the_old_file() {
    use std::os::unix::process::ExitStatusExt;
    let (folder, path) = with_network();
    let old = fs::read(&path).unwrap();
    let program = child(&path);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c 0; ulimit -f 64; exec \"$@\"", "sh"]).arg(program.get_program());
    shell.args(program.get_args()).env("DNN_BLOCKS_WRITE_FOR_EVER", &path);
    let ended = shell.output().unwrap().status;
    assert!(ended.signal().is_some(), "{ended}");
    assert_eq!(fs::read(&path).unwrap(), old);
    let beside = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert!(beside.filter(|&length| length < old.len() as u64).any(|length| length > 0));
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    checkpoints.save(&crate::checkpoints::beginning()).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left");
    assert_eq!(fs::read(&path).unwrap(), old);
}

/// On a file system of 300 kB that holds one network there is no room for a second.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_leaves_the_old_file() {
    let folder = tempdir().unwrap();
    let (program, path) = (child(&folder.path().join("network")), folder.path().join("network"));
    let script = "mount -t tmpfs -o size=300k tmpfs \"$0\" 2>/dev/null || exit 77
        \"$@\"; code=$?
        set -- \"$0\"/* \"$0\"/.dnn*
        [ -e \"$0/network\" ] && cp \"$0/network\" \"$OUT\" && ls -A \"$0\" | wc -l >\"$OUT.count\"
        exit $code";
    let out = tempdir().unwrap();
    let kept = out.path().join("kept");
    let mut shell = Command::new("unshare");
    shell.args(["-rm", "sh", "-c", script]).arg(folder.path()).arg(program.get_program());
    shell.args(program.get_args()).env("DNN_BLOCKS_WRITE_FOR_EVER", &path).env("OUT", &kept);
    let Ok(ended) = shell.output() else { return eprintln!("there is no `unshare` here") };
    match ended.status.code() {
        Some(3) => {}
        Some(77 | 1) => return eprintln!("no file system can be mounted here"),
        other => panic!("{other:?}: {}", String::from_utf8_lossy(&ended.stderr)),
    }
    assert!(is_whole(&kept));
    assert_eq!(fs::read_to_string(out.path().join("kept.count")).unwrap().trim(), "1");
}
