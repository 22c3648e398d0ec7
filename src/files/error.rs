use crate::Error;
use std::fmt::{self, Display, Write};
use std::io;

/// Why a file could not be read or written.
///
/// The text of an error is shorter than 1 kB. What comes from the file, such as the name of an
/// array, is shortened there, and its control characters are escaped.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// What the operating system says.
    Io(io::Error),
    /// More than [`Limits`](super::Limits) or the memory allow.
    TooLarge {
        /// What is too large.
        what: String,
        /// How large it is, or says to be.
        size: u64,
        /// What is allowed; `size` or more if the memory did not suffice.
        limit: u64,
    },
    /// Not a file of this format, or a damaged one.
    Malformed {
        /// The format.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A file of a version of this crate that is yet to come.
    Version {
        /// The version of the file.
        found: u64,
        /// The newest that is known.
        known: u64,
    },
    /// A file of another kind of model.
    Kind {
        /// What it holds.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// An array that belongs to the model is not there.
    Missing {
        /// Its name.
        name: String,
    },
    /// An array that does not belong to the model.
    Unexpected {
        /// Its name.
        name: String,
    },
    /// A name that is there twice.
    Doubled {
        /// The name.
        name: String,
    },
    /// An array of another type than the network's.
    Type {
        /// Its name.
        name: String,
        /// Its type.
        found: String,
        /// The type asked for.
        expected: &'static str,
    },
    /// An array of another shape than the model needs.
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the model needs.
        expected: Vec<usize>,
    },
    /// A number that is NaN or infinite.
    NotFinite {
        /// The array.
        name: String,
        /// The place of the number, row by row, from 0.
        index: usize,
        /// The number.
        value: f64,
    },
    /// The arrays do not make a model.
    Model(Error),
}

impl Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{}", Shown(error)),
            Self::TooLarge { what, size, limit } if size <= limit => {
                write!(f, "{} takes {size}, more than the memory has", Shown(what))
            }
            Self::TooLarge { what, size, limit } => {
                write!(f, "{} takes {size}, more than the limit of {limit}", Shown(what))
            }
            Self::Malformed { format, reason } => {
                write!(f, "no {format} file, or a damaged one: {}", Shown(reason))
            }
            Self::Version { found, known } => {
                write!(f, "version {found} of the format; this program knows {known}")
            }
            Self::Kind { found, expected } => {
                write!(f, "the file holds a {found}, not a {expected}")
            }
            Self::Missing { name } => write!(f, "there is no {}", Shown(name)),
            Self::Unexpected { name } => {
                write!(f, "{} does not belong to the model", Shown(name))
            }
            Self::Doubled { name } => write!(f, "{} is there twice", Shown(name)),
            Self::Type { name, found, expected } => {
                write!(f, "{} is of type {}, not {expected}", Shown(name), Shown(found))
            }
            Self::Shape { name, found, expected } => {
                let (found, expected) = (format_args!("{found:?}"), format_args!("{expected:?}"));
                let name = Shown(name);
                write!(f, "{name} has the shape {}, not {}", Shown(found), Shown(expected))
            }
            Self::NotFinite { name, index, value } => {
                write!(f, "number {index} of {} is {value}", Shown(name))
            }
            Self::Model(error) => write!(f, "{}", Shown(error)),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::Model(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for FileError {
    fn from(error: Error) -> Self {
        Self::Model(error)
    }
}

/// Bytes of a name or a reason in the text of an error; of the longest text there are three.
const LONGEST: usize = 300;

/// A text from somewhere else in the text of an error: one line of printable characters, cut where
/// it is too long.
struct Shown<T>(T);

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match write!(Line { f, left: LONGEST }, "{}", self.0) {
            Err(fmt::Error) => f.write_str("…"),
            Ok(()) => Ok(()),
        }
    }
}

/// Takes the characters that fit, escaped, and then no more.
struct Line<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    left: usize,
}

impl Write for Line<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            // Quotes and backslashes can be printed, marks that join the letter before cannot.
            let plain = matches!(character, '\'' | '"' | '\\');
            let escaped = character.escape_debug();
            let length = if plain { 1 } else { escaped.clone().map(char::len_utf8).sum() };
            self.left = self.left.checked_sub(length).ok_or(fmt::Error)?;
            if plain { self.f.write_char(character)? } else { write!(self.f, "{escaped}")? }
        }
        Ok(())
    }
}

/// The text of `reason` as a field of an error, no longer than an error shows.
#[cfg_attr(not(any(feature = "npz", feature = "safetensors")), allow(dead_code))]
pub(super) fn shortened(reason: impl Display) -> String {
    Shown(reason).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_errors_are_short_lines_whatever_they_quote() {
        let bad = "a\n\r\t\0\u{7f}\u{1b}[31m\u{85}\u{200e}\u{202e}\u{2028}\u{2029}\u{2066}\u{feff}";
        let name = || bad.repeat(5000);
        let shape = vec![usize::MAX; 32];
        for error in [
            FileError::Io(io::Error::other(name())),
            FileError::TooLarge { what: name(), size: u64::MAX, limit: 1 },
            FileError::TooLarge { what: name(), size: u64::MAX - 1, limit: u64::MAX },
            FileError::Malformed { format: "safetensors", reason: name() },
            FileError::Missing { name: name() },
            FileError::Unexpected { name: name() },
            FileError::Doubled { name: name() },
            FileError::Type { name: name(), found: name(), expected: "f32" },
            FileError::Shape { name: name(), found: shape.clone(), expected: shape },
            FileError::NotFinite { name: name(), index: usize::MAX, value: -f64::MIN_POSITIVE },
            FileError::Model(Error::Checkpoint { reason: name() }),
        ] {
            let text = error.to_string();
            assert!(text.len() <= 1024, "{} bytes: {text}", text.len());
            let printable = |c: char| c == '…' || c == ' ' || c.is_ascii_graphic();
            assert!(text.chars().all(printable), "{text:?}");
            assert!(text.contains(r"a\n\r\t\0\u{7f}\u{1b}[31m\u{85}\u{200e}\u{202e}\u{2028}"));
        }
    }

    #[test]
    fn what_can_be_printed_is_left_as_it_is() {
        for name in ["layers.0/weight:0", "größe", "层", r#"unknown field `x` in "C:\y" 'z'"#, ""]
        {
            let error = FileError::Missing { name: name.to_string() };
            assert_eq!(error.to_string(), format!("there is no {name}"));
            assert_eq!(shortened(name), name);
        }
    }
}
