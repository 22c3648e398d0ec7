use super::{FileError, Result};
use std::fs::File;
use std::io::{self, Read};

/// What a file may take before it is refused.
///
/// ```
/// use dnn_blocks::files::Limits;
///
/// let small = Limits { bytes: 1 << 20, ..Limits::default() };
/// assert!(small.bytes < Limits::default().bytes);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file, and of all that is in it once unpacked. Default: 1 GiB.
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

/// `Ok` if `size` is within `limit`.
pub(super) fn check_size(what: &str, size: u64, limit: u64) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(FileError::TooLarge { what: what.to_string(), size, limit })
}

/// Room for `len` elements.
pub(super) fn reserved<T>(what: &str, len: usize) -> Result<Vec<T>> {
    let mut data = Vec::new();
    let size = (len as u64).saturating_mul(size_of::<T>() as u64);
    data.try_reserve_exact(len).map_err(|_| FileError::TooLarge {
        what: what.to_string(),
        size,
        limit: isize::MAX as u64,
    })?;
    Ok(data)
}

/// The whole of a file, whatever it says of its size.
pub(super) fn read_whole(file: File, limits: &Limits) -> Result<Vec<u8>> {
    let size = file.metadata()?.len();
    check_size("the file", size, limits.bytes)?;
    let mut data = reserved("the file", usize::try_from(size).unwrap_or(usize::MAX))?;
    read_to_limit(file, &mut data, "the file", limits.bytes)?;
    Ok(data)
}

/// All that a reader gives, and an error as soon as that is more than `limit`.
pub(super) fn read_to_limit(
    reader: impl Read,
    data: &mut Vec<u8>,
    what: &str,
    limit: u64,
) -> Result<()> {
    let more = limit.saturating_add(1);
    let read = io::Read::take(reader, more).read_to_end(data)? as u64;
    check_size(what, read, limit)
}
