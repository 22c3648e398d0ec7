//! What a file holds, read from its header.

use super::description::{Kind, described};
#[cfg(doc)]
use crate::files::FileError;
use crate::files::safetensors::Reader;
use crate::files::{Limits, Result};
use crate::model::metadata::Metadata;
use std::collections::BTreeMap;
use std::path::Path;

/// The number type of a file's arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// Every array is of `f32`. The file loads as `f32` and as `f64`.
    F32,
    /// An array is of `f64`. The file loads as `f64` only.
    F64,
}

/// The kind, number type and metadata of a file that `save` wrote (feature `safetensors`).
///
/// A program that does not know what a file holds reads the summary first, and then calls the
/// `load` that fits. Only the header is read, so the arrays and the checksum are not checked.
///
/// ```
/// use dnn_blocks::files::{ElementType, Kind, Summary};
/// use dnn_blocks::prelude::*;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("network.safetensors");
/// # let parameters = initialize_parameters::<f32>(2, 4, 1, &mut NumpyRandom::seed(2))?;
/// # parameters.save(&path)?;
/// let summary = Summary::load(&path)?;
/// match (summary.kind(), summary.element_type()) {
///     (Kind::Parameters, ElementType::F32) => println!("{}", Parameters::<f32>::load(&path)?),
///     (kind, _) => println!("a {kind}"),
/// }
/// # assert_eq!(summary.kind(), Kind::Parameters);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    kind: Kind,
    element_type: ElementType,
    metadata: Metadata,
}

impl Summary {
    /// Reads the header of a file, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`FileError::Missing`] if the file has no description, as one of another program;
    /// [`FileError::Version`] if a later version of this crate wrote it; [`FileError::Type`],
    /// [`FileError::Duplicate`], [`FileError::Malformed`], [`FileError::TooLarge`],
    /// [`FileError::Io`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, &Limits::DEFAULT)
    }

    /// Reads the header of a file within `limits`; see [`load`](Self::load).
    ///
    /// # Errors
    ///
    /// The errors of [`load`](Self::load).
    pub fn load_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        Self::from_reader(&Reader::open(path.as_ref(), limits)?)
    }

    /// Reads the header of a file in memory; see [`load`](Self::load).
    ///
    /// # Errors
    ///
    /// The errors of [`load`](Self::load), except file-system errors.
    pub fn from_safetensors(file: &[u8], limits: &Limits) -> Result<Self> {
        Self::from_reader(&Reader::from_bytes(file, limits)?)
    }

    fn from_reader(reader: &Reader<'_>) -> Result<Self> {
        let (kind, metadata) = described(reader)?;
        let element_type =
            if reader.widest()? > size_of::<f32>() { ElementType::F64 } else { ElementType::F32 };
        Ok(Self { kind, element_type, metadata })
    }

    /// Returns the kind of value in the file.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the number type of the arrays.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        self.element_type
    }

    /// Returns the texts of
    /// [`Classifier::set_metadata`](crate::model::Classifier::set_metadata), by their keys.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }
}
