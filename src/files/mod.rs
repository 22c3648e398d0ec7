//! Models in files: kept, checked, and moved from and to other programs.
//!
//! A file is not trusted. Its size is looked at before it is read, names, types and shapes before a
//! matrix is made, and every number must be finite; what does not fit is a [`FileError`], within
//! the memory that [`Limits`] allow. A file is written beside its target, synced and renamed: a
//! crash leaves the old one whole.

mod atomic;
#[cfg(feature = "safetensors")]
mod checkpoint;
#[cfg(feature = "npz")]
mod directory;
mod error;
#[cfg(feature = "safetensors")]
mod fit;
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
pub(crate) use checkpoint::LentCheckpoint;
#[cfg(feature = "safetensors")]
pub use checkpoint::{Checkpoint, Checkpoints};
pub use error::FileError;
pub use frameworks::Module;
pub use limits::Limits;
pub use tensors::Tensors;

/// Shorthand for a result with a [`FileError`].
pub type Result<T, E = FileError> = std::result::Result<T, E>;
