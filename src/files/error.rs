use crate::Error;
use std::io;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// What the operating system says.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// More than [`Limits`](super::Limits) or the memory allow.
    #[error("{what} takes {size}, more than the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// How large it is, or says to be.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
    /// Not a file of this format, or a damaged one.
    #[error("no {format} file, or a damaged one: {reason}")]
    Malformed {
        /// The format.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A file of a version of this crate that is yet to come.
    #[error("version {found} of the format; this program knows {known}")]
    Version {
        /// The version of the file.
        found: u64,
        /// The newest that is known.
        known: u64,
    },
    /// A file of another kind of model.
    #[error("the file holds a {found}, not a {expected}")]
    Kind {
        /// What it holds.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// An array that belongs to the model is not there.
    #[error("there is no {name}")]
    Missing {
        /// Its name.
        name: String,
    },
    /// An array that does not belong to the model.
    #[error("{name} does not belong to the model")]
    Unexpected {
        /// Its name.
        name: String,
    },
    /// A name that is there twice.
    #[error("{name} is there twice")]
    Doubled {
        /// The name.
        name: String,
    },
    /// An array of another type than the network's.
    #[error("{name} is of type {found}, not {expected}")]
    Type {
        /// Its name.
        name: String,
        /// Its type.
        found: String,
        /// The type asked for.
        expected: &'static str,
    },
    /// An array of another shape than the model needs.
    #[error("{name} has the shape {found:?}, not {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the model needs.
        expected: Vec<usize>,
    },
    /// A number that is NaN or infinite.
    #[error("number {index} of {name} is {value}")]
    NotFinite {
        /// The array.
        name: String,
        /// The place of the number, row by row, from 0.
        index: usize,
        /// The number.
        value: f64,
    },
    /// The arrays do not make a model.
    #[error(transparent)]
    Model(#[from] Error),
}
