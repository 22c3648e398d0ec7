//! One test program, so that it links once: the promises of the crate through its public API.
//!
//! The modules are those of `src`. Beside them are `layouts`, the memory layouts of all arguments;
//! `properties`, what holds for all shapes; `send_sync`, the types that threads can share;
//! `shape_errors`, what all functions say of shapes that do not fit; and `support`, which the others
//! use.

mod activation;
mod backward;
mod cost;
mod course;
mod data;
#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
mod files;
mod forward;
mod init;
#[cfg(any(feature = "approx", feature = "serde"))]
mod interop;
mod kernel;
mod layouts;
mod metrics;
mod model;
mod parameters;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "progress")]
mod progress;
mod properties;
mod send_sync;
mod shape_errors;
mod support;
mod train;
mod update;
