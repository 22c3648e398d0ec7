//! The header of an npy file (NumPy enhancement proposal 1): a dictionary in Python's syntax.
//!
//! Of the crates that read it, `ndarray-npy` makes room for as many numbers as a header claims,
//! `npyz` overflows when it counts them, and the parser of both needs minutes for nested brackets.

use super::error::shortened;
use super::limits::{DIMENSIONS, check_dimensions, check_size};
use super::tensors::Stored;
use super::{FileError, Limits, Result};
use std::fmt::Display;
use std::io::Read;

/// What a header says. `stored` is `None` for a type that is no float of 4 or 8 bytes.
pub(super) struct Header {
    pub kind: String,
    pub stored: Option<Stored>,
    pub shape: Vec<usize>,
}

fn malformed(reason: impl Display) -> FileError {
    FileError::Malformed { format: "npy", reason: shortened(reason) }
}

/// The longest header, in bytes: 32 sizes and a type need no more.
const LONGEST: u64 = 1 << 16;

/// The header, and how many bytes it has.
pub(super) fn read(npy: &mut impl Read, limits: &Limits) -> Result<(Header, u64)> {
    let mut begin = [0; 8];
    npy.read_exact(&mut begin)?;
    let (length, begin) = match begin {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0] => {
            (u64::from(u16::from_le_bytes(next(npy)?)), 10)
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0] => {
            (u64::from(u32::from_le_bytes(next(npy)?)), 12)
        }
        _ => return Err(malformed("it does not begin as one of version 1 to 3")),
    };
    check_size("the header of an array", length, limits.header.min(LONGEST))?;
    let mut text = vec![0; length as usize];
    npy.read_exact(&mut text)?;
    let text = std::str::from_utf8(&text).map_err(malformed)?;
    let header = interpret(text.trim()).ok_or_else(|| malformed("the header is not NumPy's"))?;
    check_dimensions(header.shape.len())?;
    Ok((header, begin + length))
}

fn next<const N: usize>(npy: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    npy.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The part of Python's syntax that NumPy writes, from left to right:
/// `{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3), }`
fn interpret(text: &str) -> Option<Header> {
    let (mut kind, mut columns_first, mut shape) = (None, None, None);
    let mut rest = after(text, "{")?;
    while let Some((key, value)) = quoted(rest) {
        let value = after(value, ":")?;
        rest = match key {
            "descr" if kind.is_none() => {
                let (found, rest) =
                    if value.starts_with('[') { structure(value)? } else { quoted(value)? };
                kind = Some(found.to_string());
                rest
            }
            "fortran_order" if columns_first.is_none() => {
                let yes = after(value, "True");
                columns_first = Some(yes.is_some());
                yes.or_else(|| after(value, "False"))?
            }
            "shape" if shape.is_none() => {
                let (sizes, rest) = after(value, "(")?.split_once(')')?;
                shape = Some(sizes_of(sizes)?);
                rest.trim_start()
            }
            _ => return None,
        };
        rest = after(rest, ",").unwrap_or(rest);
    }
    if !after(rest, "}")?.is_empty() {
        return None;
    }
    let (kind, columns_first, shape) = (kind?, columns_first?, shape?);
    let float = |bytes, big_endian| Some(Stored { bytes, big_endian, columns_first });
    let stored = match kind.as_str() {
        "<f4" => float(4, false),
        ">f4" => float(4, true),
        "<f8" => float(8, false),
        ">f8" => float(8, true),
        _ => None,
    };
    Some(Header { kind, stored, shape })
}

/// What follows `token` and the spaces behind it.
fn after<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    text.strip_prefix(token).map(str::trim_start)
}

/// A text in single quotes, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (inside, rest) = text.strip_prefix('\'')?.split_once('\'')?;
    Some((inside, rest.trim_start()))
}

/// The type of a structure up to the next entry; it is named, not read.
fn structure(text: &str) -> Option<(&str, &str)> {
    let end = text.find("], 'fortran_order'").or_else(|| text.rfind(']'))?;
    Some((&text[..=end], text[end + 1..].trim_start()))
}

/// The numbers of a tuple, which has a comma after a single one; of too many the first that are.
fn sizes_of(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let sizes = text.strip_suffix(',').or(text.contains(',').then_some(text))?;
    sizes.split(',').take(DIMENSIONS + 1).map(|size| size.trim().parse().ok()).collect()
}

/// The header of numbers row by row, little-endian; with it the numbers begin at a multiple of 64.
pub(super) fn header(bytes: usize, shape: &[usize]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let mut text = format!(
        "{{'descr': '<f{bytes}', 'fortran_order': False, 'shape': ({}), }}",
        sizes.trim_end()
    );
    let length = (10 + text.len() + 1).next_multiple_of(64);
    text.push_str(&" ".repeat(length - 10 - text.len() - 1));
    text.push('\n');
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
}
