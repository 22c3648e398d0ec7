//! Saving, loading and exporting models.
//!
#![cfg_attr(feature = "safetensors", doc = "```no_run")]
#![cfg_attr(not(feature = "safetensors"), doc = "```ignore")]
//! # use dnn_blocks::prelude::*;
//! # fn example(model: Classifier<f32, String>) -> dnn_blocks::files::Result<()> {
//! model.save("model.safetensors")?; // a fitted `Classifier`, `Regressor` or `Parameters`
//! let model = Classifier::<f32, String>::load("model.safetensors")?;
//! # Ok(()) }
//! ```
//!
//! | format | feature | contents |
//! |---|---|---|
//! | safetensors | `safetensors` | networks, models and checkpoints; networks of PyTorch |
//! | npz | `npz` | networks as NumPy arrays; networks of Keras and scikit-learn |
//! | ONNX (written only) | `onnx` | networks and models for ONNX Runtime |
//!
//! | to | use |
//! |---|---|
//! | save and load a network | [`save`][p-save], [`load`][p-load] |
//! | save and load a model with scaler and labels | [`save`][c-save], [`load`][c-load] |
//! | find out what a file holds | `Summary` |
//! | load a model from bytes, such as `include_bytes!` | [`from_safetensors`][c-from] |
//! | resume a training loop or a `fit` | `Checkpoint`, `Checkpoints` |
//! | exchange a network with NumPy | [`save_npz`][p-npz], [`load_npz`][p-load-npz] |
//! | load a network of another framework | [`Tensors`] |
//! | export a network or a model to ONNX | [`save_onnx`][p-onnx], [`save_onnx`][c-onnx] |
//!
//! A `Regressor` and a `MultiLabelClassifier` have the methods of a `Classifier`.
//!
//! [p-save]: ../parameters/struct.Parameters.html#method.save
//! [p-load]: ../parameters/struct.Parameters.html#method.load
//! [p-npz]: ../parameters/struct.Parameters.html#method.save_npz
//! [p-load-npz]: ../parameters/struct.Parameters.html#method.load_npz
//! [p-onnx]: ../parameters/struct.Parameters.html#method.save_onnx
//! [c-save]: ../model/struct.Classifier.html#method.save
//! [c-load]: ../model/struct.Classifier.html#method.load
//! [c-from]: ../model/struct.Classifier.html#method.from_safetensors
//! [c-onnx]: ../model/struct.Classifier.html#method.save_onnx
//!
//! Files are not trusted. Sizes, names, element types and shapes are checked before memory is
//! allocated, within [`Limits`], and every number must be finite. A violation is a [`FileError`].
//!
//! Files are written atomically: a temporary file is written, synced and renamed, so that a crash
//! leaves the old file intact.

mod atomic;
#[cfg(feature = "safetensors")]
mod checkpoints;
#[cfg(feature = "npz")]
mod directory;
mod error;
mod frameworks;
#[cfg(feature = "safetensors")]
mod header;
#[cfg_attr(not(any(feature = "npz", feature = "safetensors")), allow(dead_code))]
// ONNX is only written
mod limits;
#[cfg(feature = "safetensors")]
mod native;
#[cfg(feature = "npz")]
mod npy;
#[cfg(feature = "npz")]
mod npz;
#[cfg_attr(not(any(feature = "npz", feature = "safetensors")), allow(dead_code))]
// ONNX is only written
mod numbers;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "safetensors")]
mod safetensors;
#[cfg_attr(not(any(feature = "npz", feature = "safetensors")), allow(dead_code))]
// ONNX is only written
mod tensors;

#[cfg(feature = "safetensors")]
pub use crate::model::FitState;
#[cfg(feature = "safetensors")]
pub use checkpoints::Checkpoints;
pub use error::FileError;
pub use frameworks::Module;
pub use limits::Limits;
#[cfg(feature = "safetensors")]
pub(crate) use native::CheckpointRef;
#[cfg(feature = "safetensors")]
pub use native::{Checkpoint, ElementType, Kind, Summary};
pub use tensors::Tensors;

/// A result with a [`FileError`].
pub type Result<T, E = FileError> = std::result::Result<T, E>;
