use super::error::shortened;
use super::{FileError, Result};
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

/// What a file may take before it is refused.
///
/// Besides, an array has at most 32 dimensions, as in NumPy, and a name of at most 1024 bytes.
///
/// With the default number of arrays, reading takes at most twice the larger of the file and its
/// arrays, plus 16 MiB.
///
/// ```
/// use dnn_blocks::files::Limits;
///
/// let small = Limits { bytes: 1 << 20, ..Limits::default() };
/// assert!(small.bytes < Limits::default().bytes);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file, and of its arrays in memory. Default: 1 GiB.
    pub bytes: u64,
    /// Bytes of a header: the names and shapes of a file. Default: 1 MiB.
    pub header: u64,
    /// Arrays in a file. Default: 4096.
    pub arrays: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 30, header: 1 << 20, arrays: 4096 }
    }
}

/// The longest name of an array, in bytes.
const NAME: u64 = 1024;
/// The most dimensions of an array.
pub(super) const DIMENSIONS: usize = 32;

/// `Ok` if `size` is within `limit`.
pub(super) fn check_size(what: &str, size: u64, limit: u64) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(FileError::TooLarge { what: shortened(what), size, limit })
}

/// `Ok` if an array may have a name of so many bytes.
pub(super) fn check_name(length: usize) -> Result<()> {
    check_size("the name of an array", length as u64, NAME)
}

/// `Ok` if an array may have so many dimensions.
pub(super) fn check_dimensions(count: usize) -> Result<()> {
    check_size("the number of dimensions", count as u64, DIMENSIONS as u64)
}

/// `Ok` if an array of this shape may have this name.
pub(super) fn check_array(name: &str, shape: &[usize]) -> Result<()> {
    check_name(name.len())?;
    check_dimensions(shape.len())
}

/// Room for `len` elements.
pub(super) fn reserved<T>(what: &str, len: usize) -> Result<Vec<T>> {
    let mut data = Vec::new();
    let size = (len as u64).saturating_mul(size_of::<T>() as u64);
    data.try_reserve_exact(len).map_err(|_| no_memory(what, size))?;
    Ok(data)
}

/// So many zeros.
pub(super) fn zeros(what: &str, len: usize) -> Result<Vec<u8>> {
    let mut data = reserved(what, len)?;
    data.resize(len, 0);
    Ok(data)
}

/// For so many bytes there is no memory.
pub(super) fn no_memory(what: &str, size: u64) -> FileError {
    FileError::TooLarge { what: shortened(what), size, limit: isize::MAX as u64 }
}

/// Where a file is read from.
pub(super) trait Source: Read + Seek {}

impl<R: Read + Seek> Source for R {}

/// A file and its length. A pipe or a device does not say how long it is, and is read at once.
pub(super) fn open(path: &Path, limits: &Limits) -> Result<(Box<dyn Source>, u64)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > 0 {
        return Ok((Box::new(file), length));
    }
    let mut data = Vec::new();
    let read = file.take(limits.bytes.saturating_add(1)).read_to_end(&mut data)? as u64;
    check_size("the file", read, limits.bytes)?;
    data.shrink_to_fit(); // it grew by doubling
    Ok((Box::new(Cursor::new(data)), read))
}
