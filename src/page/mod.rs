//! Pages that show how a network computes and learns, as HTML text (feature `plot`).
//!
//! Each page is one file without external requests: write the text to a file, open it in a browser,
//! send it to others.

#[allow(dead_code)] // until the pages use it
mod html;

mod film;
mod recorder;

pub use film::Film;
pub use recorder::Recorder;
