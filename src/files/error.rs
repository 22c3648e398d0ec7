use crate::Error;
use std::fmt::{self, Display, Write};
use std::io;
use std::path::{Path, PathBuf};

/// An error of reading or writing a file.
///
/// The message is one line of less than 1 kB, also in `Debug`, so that `fn main() -> Result<(),
/// FileError>` prints it. Text from the file, such as the name of an array, is cut and its control
/// characters are escaped.
///
/// [`Io`](Self::Io) and [`Model`](Self::Model) are transparent: they forward the message and the
/// [`source`](std::error::Error::source) of the inner error.
///
/// ```
/// use dnn_blocks::files::FileError;
///
/// let error = FileError::Missing { name: "W1".to_string() };
/// assert_eq!(error.to_string(), "W1 is missing");
/// assert_eq!(format!("{error:?}"), "W1 is missing");
/// ```
#[non_exhaustive]
pub enum FileError {
    /// An error of the operating system.
    Io(io::Error),
    /// A part of the file exceeds [`Limits`](super::Limits) or the memory.
    TooLarge {
        /// The part that is too large.
        what: String,
        /// Its size in bytes, or its number, as found or as the file claims.
        size: u64,
        /// The limit. It is at least `size` if memory could not be allocated.
        limit: u64,
    },
    /// The file has another format or is damaged.
    Malformed {
        /// The format.
        format: &'static str,
        /// The first mistake found.
        reason: String,
    },
    /// A later version of this crate wrote the file.
    Version {
        /// The version of the file.
        found: u64,
        /// The newest version that this crate reads.
        known: u64,
    },
    /// The file holds another kind of model.
    Kind {
        /// The kind in the file.
        found: &'static str,
        /// The kind asked for.
        expected: &'static str,
    },
    /// An array of the model, or the description of the model, is missing.
    Missing {
        /// The name of the missing part.
        name: String,
    },
    /// An array does not belong to the model.
    Unexpected {
        /// The name of the array.
        name: String,
    },
    /// A name occurs twice.
    Duplicate {
        /// The name.
        name: String,
    },
    /// An array or the labels have a type that cannot be read as the requested one.
    Type {
        /// The name of the array.
        name: String,
        /// The type in the file; empty for labels.
        found: String,
        /// The requested type.
        expected: &'static str,
    },
    /// An array has another shape than the model needs.
    Shape {
        /// The name of the array.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the model needs.
        expected: Vec<usize>,
    },
    /// A number is NaN or infinite.
    NotFinite {
        /// The name of the array.
        name: String,
        /// The row-major index of the number, from 0.
        index: usize,
        /// The number.
        value: f64,
    },
    /// The format or the program that reads it lacks a part of the model.
    Unsupported {
        /// The format or the program.
        format: &'static str,
        /// The part that it lacks.
        what: String,
    },
    /// The arrays do not make a valid model.
    Model(Error),
}

impl FileError {
    /// Creates [`FileError::Malformed`] with a bounded reason.
    pub(super) fn malformed(format: &'static str, reason: impl Display) -> Self {
        Self::Malformed { format, reason: excerpt(reason) }
    }
}

impl fmt::Debug for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{}", Excerpt(error)),
            Self::TooLarge { what, size, limit } if size <= limit => {
                write!(f, "out of memory: {} needs {size} bytes", Excerpt(what))
            }
            Self::TooLarge { what, size, limit } => {
                write!(f, "{} is too large: {size}, but the limit is {limit}", Excerpt(what))
            }
            Self::Malformed { format, reason } => {
                write!(f, "invalid {format} data: {}", Excerpt(reason))
            }
            Self::Version { found, known } => {
                write!(f, "the file has format version {found}, but the newest known is {known}")
            }
            Self::Kind { found, expected } => {
                write!(f, "the file holds a {found}, not a {expected}")
            }
            Self::Missing { name } => write!(f, "{} is missing", Excerpt(name)),
            Self::Unexpected { name } => {
                write!(f, "{} does not belong to the model", Excerpt(name))
            }
            Self::Duplicate { name } => write!(f, "{} occurs twice", Excerpt(name)),
            Self::Type { name, found, expected } if found.is_empty() => {
                write!(f, "{} are not of type {expected}", Excerpt(name))
            }
            Self::Type { name, found, expected } => {
                write!(f, "{} is of type {}, not {expected}", Excerpt(name), Excerpt(found))
            }
            Self::Shape { name, found, expected } => {
                let (found, expected) = (format_args!("{found:?}"), format_args!("{expected:?}"));
                let name = Excerpt(name);
                write!(f, "{name} has the shape {}, not {}", Excerpt(found), Excerpt(expected))
            }
            Self::NotFinite { name, index, value } => {
                write!(f, "element {index} of {} is {value}, but must be finite", Excerpt(name))
            }
            Self::Unsupported { format, what } => {
                write!(f, "{format} does not have {}", Excerpt(what))
            }
            Self::Model(error) => write!(f, "{}", Excerpt(error)),
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

/// An error of the operating system, with the file.
#[derive(Debug)]
struct PathError {
    action: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, path, error } = self;
        write!(f, "cannot {action} ")?;
        if write!(Line { f, left: PATH }, "{}", path.display()).is_err() {
            f.write_str("…")?;
        }
        write!(f, ": {error}")
    }
}

impl std::error::Error for PathError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Adds the path to an error of the operating system.
pub(super) fn with_path<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl FnOnce(FileError) -> FileError + 'a {
    move |error| match error {
        FileError::Io(error) => {
            let kind = error.kind();
            let path = path.to_path_buf();
            io::Error::new(kind, PathError { action, path, error }).into()
        }
        error => error,
    }
}

/// Bytes of an excerpt; a message holds at most three.
const LONGEST: usize = 300;

/// Bytes of a path in a message.
const PATH: usize = 180;

/// Foreign text as one line of printable characters, cut after [`LONGEST`] bytes.
struct Excerpt<T>(T);

impl<T: Display> Display for Excerpt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match write!(Line { f, left: LONGEST }, "{}", self.0) {
            Err(fmt::Error) => f.write_str("…"),
            Ok(()) => Ok(()),
        }
    }
}

/// A writer that escapes characters and fails at the first one beyond its length.
struct Line<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    left: usize,
}

impl Write for Line<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            // `escape_debug` escapes quotes and backslashes too, which are printable.
            let plain = matches!(character, '\'' | '"' | '\\');
            let escaped = character.escape_debug();
            let length = if plain { 1 } else { escaped.clone().map(char::len_utf8).sum() };
            self.left = self.left.checked_sub(length).ok_or(fmt::Error)?;
            if plain { self.f.write_char(character)? } else { write!(self.f, "{escaped}")? }
        }
        Ok(())
    }
}

/// The excerpt of a text, for a field of an error.
#[cfg_attr(not(any(feature = "npz", feature = "safetensors")), allow(dead_code))]
pub(super) fn excerpt(text: impl Display) -> String {
    Excerpt(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn messages_are_short_lines_whatever_they_quote() {
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
            FileError::Duplicate { name: name() },
            FileError::Type { name: name(), found: name(), expected: "f32" },
            FileError::Shape { name: name(), found: shape.clone(), expected: shape },
            FileError::NotFinite { name: name(), index: usize::MAX, value: -f64::MIN_POSITIVE },
            FileError::Model(Error::Checkpoint { cause: crate::error::Cause::new(name()) }),
        ] {
            let text = error.to_string();
            assert!(text.len() <= 1024, "{} bytes: {text}", text.len());
            assert_eq!(format!("{error:?}"), text);
            let printable = |c: char| c == '…' || c == ' ' || c.is_ascii_graphic();
            assert!(text.chars().all(printable), "{text:?}");
            assert!(text.contains(r"a\n\r\t\0\u{7f}\u{1b}[31m\u{85}\u{200e}\u{202e}\u{2028}"));
        }
    }

    #[test]
    fn printable_text_is_not_changed() {
        for name in ["layers.0/weight:0", "größe", "层", r#"unknown field `x` in "C:\y" 'z'"#, ""]
        {
            let error = FileError::Missing { name: name.to_string() };
            assert_eq!(error.to_string(), format!("{name} is missing"));
            assert_eq!(excerpt(name), name);
        }
    }

    #[derive(Debug)]
    struct Outer(Error);

    impl Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn io_and_model_are_transparent() {
        let error = FileError::Io(io::Error::other(Outer(Error::NoLayers)));
        assert_eq!(error.to_string(), "outer");
        let source = error.source().and_then(|source| source.downcast_ref::<Error>());
        assert_eq!(source, Some(&Error::NoLayers));
        assert!(FileError::Model(Error::NoLayers).source().is_none());
    }
}
