//! Files: values are read bit-identical, and damaged or malicious files are errors.

#[cfg(feature = "safetensors")]
mod atomic;
#[cfg(feature = "safetensors")]
mod checkpoints;
#[cfg(feature = "safetensors")]
mod damaged;
#[cfg(any(feature = "npz", feature = "safetensors"))]
mod error;
#[cfg(all(feature = "npz", feature = "safetensors"))]
mod fixtures;
#[cfg(feature = "npz")]
mod frameworks;
#[cfg(feature = "onnx")]
mod graph;
#[cfg(feature = "safetensors")]
mod limits;
#[cfg(feature = "safetensors")]
mod multi_label;
#[cfg(feature = "safetensors")]
mod native;
#[cfg(feature = "npz")]
mod npz;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "safetensors")]
mod summary;

#[cfg(any(feature = "npz", feature = "safetensors"))]
use dnn_blocks::files::FileError;

/// Panics unless the error is one short line of printable characters.
#[cfg(any(feature = "npz", feature = "safetensors"))]
#[track_caller]
fn assert_readable(error: &FileError) {
    let text = error.to_string();
    assert!(text.len() <= 1024, "{} bytes: {text}", text.len());
    let printable = |c: char| c.is_ascii_graphic() || c == ' ' || c == '…';
    assert!(text.chars().all(printable), "{text:?}");
    assert_eq!(format!("{error:?}"), text);
}
