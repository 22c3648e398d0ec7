//! One test program, so that it links once: the promises of the crate through its public API.

#[cfg(feature = "ndarray-rand")]
mod any_distribution;
mod batches;
mod cats;
#[cfg(feature = "safetensors")]
mod checkpoints;
mod contract;
mod costs;
mod course;
mod datasets;
mod fast;
#[cfg(feature = "safetensors")]
mod files;
#[cfg(all(feature = "npz", feature = "safetensors"))]
mod fixtures;
#[cfg(feature = "npz")]
mod frameworks;
mod gradient_check;
mod gradients;
mod layouts;
mod metrics;
mod models;
#[cfg(feature = "npz")]
mod npz;
mod numpy_random;
#[cfg(feature = "onnx")]
mod onnx;
mod optimizer;
mod predictor;
mod prepare;
mod products;
mod properties;
mod reference;
mod regularization;
#[cfg(feature = "safetensors")]
mod resumed;
mod schedule;
mod seeing;
#[cfg(feature = "serde")]
mod serialize;
mod strides;
mod training;
mod week_2;
