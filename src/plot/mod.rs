//! Plots of trainings and predictions, as SVG text (feature `plot`).
//!
//! In titles, names and captions, characters that XML forbids become U+FFFD, and tabs and line
//! breaks become spaces.
//!
//! ```
//! use dnn_blocks::plot;
//!
//! let svg = plot::costs("Cost while training", &[("2-4-1", &[0.69, 0.41, 0.30, 0.26])])?;
//! std::fs::write(std::env::temp_dir().join("cost.svg"), svg)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canvas;
mod confusion_matrix;
mod curves;
mod decision_boundary;
mod pictures;

pub use confusion_matrix::confusion_matrix;
pub use curves::{Axis, Curve, costs, curves};
pub use decision_boundary::decision_boundary;
pub use pictures::pictures;
