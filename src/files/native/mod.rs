//! The crate's own files: safetensors with the arrays `W1`, `b1`, … and a description as metadata.

mod checkpoint;
mod description;
mod fit;
mod models;
mod parameters;
mod summary;

pub(super) use checkpoint::CHECKPOINT_LIMITS;
pub use checkpoint::Checkpoint;
pub(crate) use checkpoint::CheckpointRef;
pub use description::Kind;
pub use summary::{ElementType, Summary};

use super::safetensors::{Reader, Writer};
use super::{Limits, Result};
use crate::Float;

/// A value that is written to a file of its own kind.
trait ToFile {
    type Element: Float;

    fn writer(&self) -> Result<Writer<'_, Self::Element>>;
}

/// A value that is read from a file of its own kind.
trait FromFile: Sized {
    /// The limits of `load`.
    const LIMITS: Limits = Limits::DEFAULT;

    fn from_reader(reader: Reader<'_>) -> Result<Self>;
}

/// The public methods of [`ToFile`]; the documentation of `save` differs between types.
macro_rules! save_methods {
    ($(#[$documentation:meta])*) => {
        $(#[$documentation])*
        pub fn save(
            &self,
            path: impl AsRef<std::path::Path>,
        ) -> $crate::files::Result<()> {
            $crate::files::native::ToFile::writer(self)?.save(path.as_ref())
        }

        /// Returns the file of [`save`](Self::save) in memory.
        ///
        /// # Errors
        ///
        /// The errors of [`save`](Self::save), except file-system errors.
        pub fn to_safetensors(&self) -> $crate::files::Result<Vec<u8>> {
            $crate::files::native::ToFile::writer(self)?.to_vec()
        }
    };
}

/// The public methods of [`FromFile`]; the documentation of `load` differs in its limits.
macro_rules! load_methods {
    ($(#[$limits:meta])*) => {
        /// Reads a file that [`save`](Self::save) wrote. Labels of type `&str` are read as
        /// `String`. A checksum in the file detects damage.
        ///
        $(#[$limits])*
        ///
        /// # Errors
        ///
        /// [`FileError::Version`] or [`FileError::Kind`] for a file of a later version or of
        /// another kind of model; [`FileError::Missing`], [`FileError::Unexpected`],
        /// [`FileError::Duplicate`], [`FileError::Type`], [`FileError::Shape`] or
        /// [`FileError::NotFinite`] for an array that does not belong to the model;
        /// [`FileError::Model`] for parts that do not belong together; [`FileError::Malformed`]
        /// for a damaged file or one of another format; [`FileError::TooLarge`],
        /// [`FileError::Io`].
        ///
        /// [`FileError::Version`]: crate::files::FileError::Version
        /// [`FileError::Kind`]: crate::files::FileError::Kind
        /// [`FileError::Missing`]: crate::files::FileError::Missing
        /// [`FileError::Unexpected`]: crate::files::FileError::Unexpected
        /// [`FileError::Duplicate`]: crate::files::FileError::Duplicate
        /// [`FileError::Type`]: crate::files::FileError::Type
        /// [`FileError::Shape`]: crate::files::FileError::Shape
        /// [`FileError::NotFinite`]: crate::files::FileError::NotFinite
        /// [`FileError::Model`]: crate::files::FileError::Model
        /// [`FileError::Malformed`]: crate::files::FileError::Malformed
        /// [`FileError::TooLarge`]: crate::files::FileError::TooLarge
        /// [`FileError::Io`]: crate::files::FileError::Io
        pub fn load(path: impl AsRef<std::path::Path>) -> $crate::files::Result<Self> {
            Self::load_with(path, &<Self as $crate::files::native::FromFile>::LIMITS)
        }

        /// Reads a file within `limits`; see [`load`](Self::load).
        ///
        /// # Errors
        ///
        /// The errors of [`load`](Self::load).
        pub fn load_with(
            path: impl AsRef<std::path::Path>,
            limits: &$crate::files::Limits,
        ) -> $crate::files::Result<Self> {
            let reader = $crate::files::safetensors::Reader::open(path.as_ref(), limits)?;
            $crate::files::native::FromFile::from_reader(reader)
        }

        /// Reads a file in memory; see [`load`](Self::load).
        ///
        /// # Errors
        ///
        /// The errors of [`load`](Self::load), except file-system errors.
        pub fn from_safetensors(
            file: &[u8],
            limits: &$crate::files::Limits,
        ) -> $crate::files::Result<Self> {
            let reader = $crate::files::safetensors::Reader::from_bytes(file, limits)?;
            $crate::files::native::FromFile::from_reader(reader)
        }
    };
}

use load_methods;
use save_methods;
