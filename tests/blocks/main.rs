//! Tests of the public API, in one program that links once.
//!
//! The modules mirror `src`. Six more cross it: `guide` checks that the guide is complete and
//! tested, `layouts` tests the memory layouts of all arguments, `properties` random shapes,
//! `send_sync` types that threads share, `shape_errors` the errors of all functions for wrong shapes;
//! `support` has fixtures and comparisons.

mod activation;
mod backward;
mod cost;
mod course;
mod data;
#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
mod files;
mod forward;
mod guide;
mod init;
#[cfg(any(feature = "approx", feature = "serde"))]
mod interop;
mod kernel;
mod layouts;
mod loss;
mod metrics;
mod model;
#[cfg(feature = "plot")]
mod page;
mod parameters;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "progress")]
mod progress;
mod properties;
mod selection;
mod send_sync;
mod shape_errors;
mod support;
mod train;
mod update;
