//! The header of an npy file (NumPy enhancement proposal 1): a dictionary in Python syntax.
//!
//! Existing crates are not safe for untrusted files: `ndarray-npy` allocates as many numbers as a
//! header claims, `npyz` overflows when it counts them, and the parser of both needs minutes for
//! nested brackets.

use super::limits::{DIMENSIONS, check_dimensions, check_size};
use super::numbers::NumberFormat;
use super::{FileError, Limits, Result};
use std::fmt::Display;
use std::io::Read;

/// The content of a header.
pub(super) struct Header {
    /// The element type in NumPy's notation, such as `<f8`.
    pub dtype: String,
    /// The format of the numbers; `None` unless they are floats of 4 or 8 bytes.
    pub format: Option<NumberFormat>,
    pub shape: Vec<usize>,
}

fn malformed(reason: impl Display) -> FileError {
    FileError::malformed("npy", reason)
}

/// The most bytes of a header, enough for 32 sizes and a type.
const LONGEST: u64 = 1 << 16;

/// Reads the header and returns its length in bytes.
pub(super) fn read(npy: &mut impl Read, limits: &Limits) -> Result<(Header, u64)> {
    let mut begin = [0; 8];
    npy.read_exact(&mut begin)?;
    let (length, begin) = match begin {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0] => {
            (u64::from(u16::from_le_bytes(read_array(npy)?)), 10)
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0] => {
            (u64::from(u32::from_le_bytes(read_array(npy)?)), 12)
        }
        _ => return Err(malformed("the file does not begin like version 1, 2 or 3")),
    };
    check_size("the header of an array", length, limits.header.min(LONGEST))?;
    let mut text = vec![0; length as usize];
    npy.read_exact(&mut text)?;
    let text = std::str::from_utf8(&text).map_err(malformed)?;
    let header =
        parse(text.trim()).ok_or_else(|| malformed("the header is not one that NumPy writes"))?;
    check_dimensions(header.shape.len())?;
    Ok((header, begin + length))
}

fn read_array<const N: usize>(npy: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    npy.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Parses the subset of Python's syntax that NumPy writes:
/// `{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3), }`
fn parse(text: &str) -> Option<Header> {
    let (mut dtype, mut column_major, mut shape) = (None, None, None);
    let mut rest = after(text, "{")?;
    while let Some((key, value)) = quoted(rest) {
        let value = after(value, ":")?;
        rest = match key {
            "descr" if dtype.is_none() => {
                let (found, rest) =
                    if value.starts_with('[') { structure(value)? } else { quoted(value)? };
                dtype = Some(found.to_string());
                rest
            }
            "fortran_order" if column_major.is_none() => {
                let yes = after(value, "True");
                column_major = Some(yes.is_some());
                yes.or_else(|| after(value, "False"))?
            }
            "shape" if shape.is_none() => {
                let (sizes, rest) = after(value, "(")?.split_once(')')?;
                shape = Some(parse_sizes(sizes)?);
                rest.trim_start()
            }
            _ => return None,
        };
        rest = after(rest, ",").unwrap_or(rest);
    }
    if !after(rest, "}")?.is_empty() {
        return None;
    }
    let (dtype, column_major, shape) = (dtype?, column_major?, shape?);
    let float = |bytes, big_endian| Some(NumberFormat { bytes, big_endian, column_major });
    let format = match dtype.as_str() {
        "<f4" => float(4, false),
        ">f4" => float(4, true),
        "<f8" => float(8, false),
        ">f8" => float(8, true),
        _ => None,
    };
    Some(Header { dtype, format, shape })
}

/// The text after `token` and the white space behind it.
fn after<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    text.strip_prefix(token).map(str::trim_start)
}

/// A text in single quotes, and the rest.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (inside, rest) = text.strip_prefix('\'')?.split_once('\'')?;
    Some((inside, rest.trim_start()))
}

/// A structured type, and the rest. It is only quoted in an error.
fn structure(text: &str) -> Option<(&str, &str)> {
    let end = text.find("], 'fortran_order'").or_else(|| text.rfind(']'))?;
    let (inside, rest) = text.split_at_checked(end + 1)?;
    Some((inside, rest.trim_start()))
}

/// Parses the sizes of a tuple. A tuple with a single size ends with a comma.
///
/// At most one size more than the limit is parsed; the caller reports the excess.
fn parse_sizes(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let sizes = text.strip_suffix(',').or(text.contains(',').then_some(text))?;
    sizes.split(',').take(DIMENSIONS + 1).map(|size| size.trim().parse().ok()).collect()
}

/// Formats the header of row-major little-endian numbers; its length is a multiple of 64.
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
