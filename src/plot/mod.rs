//! Plots of trainings and predictions, as SVG text (feature `plot`).
//!
//! Each function returns the text of one SVG, with a title and a description for screen readers.
//! Its background is white, so plots are readable on dark pages too. Write the text to a file, or
//! put it into an HTML page as it is.
//!
//! | function | draws |
//! |---|---|
//! | [`costs`] | the cost of each epoch |
//! | [`curves`] | any curves, on linear or logarithmic axes |
//! | [`decision_boundary`] | the regions of the plane that a model predicts |
//! | [`confusion_matrix`] | how often each class was predicted for each class |
//! | [`importance()`] | the importance of the features |
//! | [`pictures`] | small pictures with captions, e.g. mistakes |
//!
//! ```
//! use dnn_blocks::plot::{self, Curve};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let costs = [0.69, 0.41, 0.30, 0.26];
//!     let svg = plot::costs("Cost while training", &[Curve::new("2-4-1", &costs)])?;
//!     std::fs::write(std::env::temp_dir().join("cost.svg"), svg)?;
//!     Ok(())
//! }
//! ```
//!
//! Any text can be a title, name or caption. Characters that XML forbids become U+FFFD, tabs and
//! line breaks become spaces, and text that is too wide ends with an ellipsis.

mod axes;
mod canvas;
mod confusion_matrix;
mod curves;
mod decision_boundary;
mod importance;
mod legend;
mod pictures;
mod regions;
mod scale;

pub use confusion_matrix::confusion_matrix;
pub use curves::{Axis, Curve, CurveValue, costs, curves};
pub use decision_boundary::decision_boundary;
pub use importance::importance;
pub use pictures::{Picture, pictures};
