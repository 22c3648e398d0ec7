//! Pages as HTML: their data, errors and escaping.

mod film;
mod one_step;
