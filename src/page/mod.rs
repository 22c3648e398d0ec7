//! Pages that show how a network computes and learns, as HTML text (feature `plot`).
//!
//! Each page is one file without external requests: write the text to a file, open it in a browser,
//! send it to others.

mod html;
mod one_step;

pub use one_step::OneStep;
