//! Limits on the size of a file and of its arrays in memory.

use super::error::{excerpt, with_path};
use super::{FileError, Result};
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

/// Limits on a file to be read. A file that exceeds one is refused.
///
/// Two limits are fixed: an array has at most 32 dimensions, as in NumPy, and a name has at most
/// 1024 bytes.
///
/// With the default number of arrays, reading takes at most twice the larger of the file and its
/// arrays, plus 16 MiB.
///
/// ```
/// use dnn_blocks::files::Limits;
///
/// let limits = Limits::default().bytes(1 << 20).arrays(64);
/// assert_eq!((limits.bytes, limits.arrays), (1 << 20, 64));
/// assert_eq!(limits.header, Limits::default().header);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a file, and of its arrays in memory. Default: 1 GiB.
    pub bytes: u64,
    /// Bytes of the header, which holds names and shapes. Default: 1 MiB.
    pub header: u64,
    /// The number of arrays. Default: 4096.
    pub arrays: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    pub(super) const DEFAULT: Self = Self { bytes: 1 << 30, header: 1 << 20, arrays: 4096 };

    /// Sets the largest size of a file, and of its arrays in memory, in bytes.
    #[must_use]
    pub const fn bytes(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    /// Sets the largest size of the header, in bytes.
    #[must_use]
    pub const fn header(self, header: u64) -> Self {
        Self { header, ..self }
    }

    /// Sets the largest number of arrays.
    #[must_use]
    pub const fn arrays(self, arrays: u64) -> Self {
        Self { arrays, ..self }
    }
}

/// The most bytes of the name of an array.
const NAME: u64 = 1024;
/// The most dimensions of an array.
pub(super) const DIMENSIONS: usize = 32;

/// Checks that `size` is at most `limit`.
pub(super) fn check_size(what: &str, size: u64, limit: u64) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(FileError::TooLarge { what: excerpt(what), size, limit })
}

/// Checks the length of a name, in bytes.
pub(super) fn check_name(length: usize) -> Result<()> {
    check_size("the length of an array name", length as u64, NAME)
}

/// Checks the number of dimensions of an array.
pub(super) fn check_dimensions(count: usize) -> Result<()> {
    check_size("the number of dimensions", count as u64, DIMENSIONS as u64)
}

/// Checks the name and the number of dimensions of an array.
pub(super) fn check_array(name: &str, shape: &[usize]) -> Result<()> {
    check_name(name.len())?;
    check_dimensions(shape.len())
}

/// Creates an empty vector with room for `len` elements.
pub(super) fn reserved<T>(what: &str, len: usize) -> Result<Vec<T>> {
    let mut data = Vec::new();
    let size = (len as u64).saturating_mul(size_of::<T>() as u64);
    data.try_reserve_exact(len).map_err(|_| no_memory(what, size))?;
    Ok(data)
}

/// Creates a vector of `len` zeros.
pub(super) fn zeros(what: &str, len: usize) -> Result<Vec<u8>> {
    let mut data = reserved(what, len)?;
    data.resize(len, 0);
    Ok(data)
}

/// The error that `size` bytes could not be allocated.
pub(super) fn no_memory(what: &str, size: u64) -> FileError {
    FileError::TooLarge { what: excerpt(what), size, limit: isize::MAX as u64 }
}

/// A file or a buffer that is read.
pub(super) trait Source: Read + Seek {}

impl<R: Read + Seek> Source for R {}

/// Opens a file and returns its length. A pipe or a device has none and is read into memory.
pub(super) fn open(path: &Path, limits: &Limits) -> Result<(Box<dyn Source>, u64)> {
    open_file(path, limits).map_err(with_path("read", path))
}

fn open_file(path: &Path, limits: &Limits) -> Result<(Box<dyn Source>, u64)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > 0 {
        return Ok((Box::new(file), length));
    }
    let mut data = Vec::new();
    let read = file.take(limits.bytes.saturating_add(1)).read_to_end(&mut data)? as u64;
    check_size("the file", read, limits.bytes)?;
    data.shrink_to_fit(); // `read_to_end` doubles it
    Ok((Box::new(Cursor::new(data)), read))
}
