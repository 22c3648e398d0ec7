//! Pages that show how a network computes and learns, as HTML text (feature `plot`).
//!
//! Each page is one file without external requests: write the text to a file, open it in a browser,
//! send it to others.
//!
//! | page | shows |
//! |---|---|
//! | [`OneStep`] | every block of one training step, with the sum behind each number |
//! | [`Film`] | how one or two networks learn, recorded by a [`Recorder`] |

mod film;
mod html;
mod math;
mod one_step;
mod recorder;

pub use film::Film;
pub use one_step::OneStep;
pub use recorder::Recorder;
