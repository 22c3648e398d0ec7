//! The directory at the end of a zip archive, read entry by entry.
//!
//! The crate `zip` builds a table of all entries first, which takes several times the memory of the
//! directory before a limit can be checked.

use super::limits::{Source, check_size, zeros};
use super::{FileError, Limits, Result};
use std::fmt::Display;
use std::io::SeekFrom;

pub(super) fn malformed(reason: impl Display) -> FileError {
    FileError::malformed("npz", reason)
}

/// Position, size and checksum of a file in the archive.
pub(super) struct Entry {
    pub name: String,
    pub crc: u32,
    /// The compressed size in bytes.
    pub packed: u64,
    /// The uncompressed size in bytes.
    pub size: u64,
    /// The position of the local header.
    pub begin: u64,
}

/// The entries that have not been read yet.
pub(super) struct Directory {
    data: Vec<u8>,
    at: usize,
    left: u64,
}

/// The record at the end of the archive: number, length and position of the entries, and `at`, its
/// own position.
struct End {
    entries: u64,
    length: u64,
    begin: u64,
    at: u64,
}

impl Directory {
    pub fn read(source: &mut dyn Source, length: u64, limits: &Limits) -> Result<Self> {
        let end = end(source, length)?;
        check_size("the number of arrays", end.entries, limits.arrays)?;
        check_size("the directory", end.length, limits.header)?;
        if end.begin.checked_add(end.length) != Some(end.at) {
            return Err(malformed("the directory does not end where the end record begins"));
        }
        let data = part(source, end.begin, end.length as usize)?;
        Ok(Self { data, at: 0, left: end.entries })
    }

    pub fn next(&mut self) -> Result<Option<Entry>> {
        if self.left == 0 {
            return match self.at == self.data.len() {
                true => Ok(None),
                false => Err(malformed("the directory is longer than its entries")),
            };
        }
        self.left -= 1;
        let rest = &self.data[self.at..];
        let (entry, length) =
            entry(rest).ok_or_else(|| malformed("a directory entry is damaged"))?;
        self.at += length;
        Ok(Some(entry))
    }
}

/// Parses the first entry and returns its length in bytes.
fn entry(data: &[u8]) -> Option<(Entry, usize)> {
    let (header, rest) = data.split_at_checked(46)?;
    let length = |at| Some(usize::from(number_u16(header, at)?));
    let (name, rest) = rest.split_at_checked(length(28)?)?;
    let (mut extra, rest) = rest.split_at_checked(length(30)?)?;
    let (_, rest) = rest.split_at_checked(length(32)?)?;
    if !header.starts_with(b"PK\x01\x02") {
        return None;
    }
    let mut sizes = [24, 20, 42].map(|at| number_u32(header, at).map_or(0, u64::from));
    while !extra.is_empty() {
        let (&[kind_0, kind_1, length_0, length_1], after) = extra.split_first_chunk()?;
        let length = u16::from_le_bytes([length_0, length_1]);
        let (field, after) = after.split_at_checked(length.into())?;
        if u16::from_le_bytes([kind_0, kind_1]) == 1 {
            let large = sizes.iter_mut().filter(|size| **size == u64::from(u32::MAX));
            large.zip(field.as_chunks().0).for_each(|(size, &x)| *size = u64::from_le_bytes(x));
        }
        extra = after;
    }
    let [size, packed, begin] = sizes;
    let (name, crc) = (String::from_utf8(name.to_vec()).ok()?, number_u32(header, 16)?);
    Some((Entry { name, crc, packed, size, begin }, data.len() - rest.len()))
}

const NO_END: &str = "the end record is missing";

/// Finds the end record: the last one whose comment reaches to the end of the archive.
fn end(source: &mut dyn Source, length: u64) -> Result<End> {
    let begin = length.saturating_sub(20 + 22 + (1 << 16));
    let tail = part(source, begin, (length - begin) as usize)?;
    let is_end = |at: &usize| {
        let comment = number_u16(&tail, at + 20).map_or(0, usize::from);
        tail[*at..].starts_with(b"PK\x05\x06") && at + 22 + comment == tail.len()
    };
    let at = (0..tail.len()).rev().find(is_end).ok_or_else(|| malformed(NO_END))?;
    let record = &tail[at..];
    let (entries, small) = (number_u16(record, 10), [12, 16].map(|at| number_u32(record, at)));
    let (Some(entries), [Some(length), Some(first)]) = (entries, small) else {
        return Err(malformed(NO_END));
    };
    let locator = at.checked_sub(20).map(|at| &tail[at..]).unwrap_or_default();
    if locator.starts_with(b"PK\x06\x07") {
        return large_end(source, begin + at as u64 - 20, number_u64(locator, 8).unwrap_or(0));
    }
    let (length, first) = (length.into(), first.into());
    Ok(End { entries: entries.into(), length, begin: first, at: begin + at as u64 })
}

/// Reads the end record with 64-bit numbers, which ends where its locator begins.
fn large_end(source: &mut dyn Source, locator: u64, at: u64) -> Result<End> {
    let damaged = || malformed("the end record is damaged");
    if locator.checked_sub(at).is_none_or(|length| length < 56) {
        return Err(damaged());
    }
    let record = part(source, at, 56)?;
    let numbers = [4, 32, 40, 48].map(|at| number_u64(&record, at).unwrap_or(0));
    let [size, entries, length, begin] = numbers;
    if !record.starts_with(b"PK\x06\x06") || size.checked_add(12 + at) != Some(locator) {
        return Err(damaged());
    }
    Ok(End { entries, length, begin, at })
}

/// Reads `length` bytes of the archive.
fn part(source: &mut dyn Source, begin: u64, length: usize) -> Result<Vec<u8>> {
    let mut data = zeros("the directory", length)?;
    source.seek(SeekFrom::Start(begin))?;
    source.read_exact(&mut data)?;
    Ok(data)
}

fn bytes<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..)?.first_chunk().copied()
}

fn number_u16(data: &[u8], at: usize) -> Option<u16> {
    bytes(data, at).map(u16::from_le_bytes)
}

fn number_u32(data: &[u8], at: usize) -> Option<u32> {
    bytes(data, at).map(u32::from_le_bytes)
}

fn number_u64(data: &[u8], at: usize) -> Option<u64> {
    bytes(data, at).map(u64::from_le_bytes)
}
