//! The reader of npz files, and the conversions of networks of other programs. Every accepted file
//! is written again and must read as the same arrays.
#![no_main]

use dnn_blocks::files::{Limits, Module, Tensors};
use dnn_blocks::prelude::*;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let limits = Limits::default().bytes(1 << 20).header(1 << 16).arrays(64);
    _ = Tensors::<f32>::from_npz(file, &limits);
    if let Ok(tensors) = Tensors::<f64>::from_npz(file, &limits) {
        let again = tensors.to_npz().unwrap();
        assert_eq!(Tensors::from_npz(&again, &Limits::default()).unwrap(), tensors);
        let modules = [Module::Linear, Module::Relu, Module::Linear, Module::Sigmoid];
        _ = tensors.clone().torch_sequential(&modules);
        _ = tensors.clone().keras_weights(&[Activation::Relu, Activation::Sigmoid]);
        _ = tensors.clone().sklearn_mlp(Activation::Relu, Activation::Sigmoid);
        _ = tensors.into_parameters(Activation::Relu, Activation::Sigmoid);
    }
});
