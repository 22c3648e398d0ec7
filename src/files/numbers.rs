//! Numbers as bytes, read and written block by block.

use super::error::excerpt;
use super::limits::{reserved, zeros};
use super::{FileError, Result};
use crate::Float;
use ndarray::{ArrayD, ArrayRef, Dimension, IxDyn, ShapeBuilder, aview1};

/// Whether all numbers are finite. Whole blocks are tested so that the loop vectorizes.
fn all_finite<F: Float>(numbers: &[F]) -> bool {
    let all = |block: &[F]| block.iter().fold(true, |all, x| all & x.is_finite());
    numbers.chunks(1024).all(all)
}

/// Checks that no number is NaN or infinite.
pub(super) fn check_finite<F: Float, D: Dimension>(
    name: &str,
    array: &ArrayRef<F, D>,
) -> Result<()> {
    if array.as_slice_memory_order().is_some_and(all_finite) {
        return Ok(());
    }
    match array.iter().enumerate().find(|(_, x)| !x.is_finite()) {
        Some((index, x)) => {
            Err(FileError::NotFinite { name: name.to_string(), index, value: x.as_f64() })
        }
        None => Ok(()),
    }
}

/// The format of the numbers of an array in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberFormat {
    /// 4 for `f32`, 8 for `f64`.
    pub bytes: usize,
    pub big_endian: bool,
    /// Whether the first index moves fastest.
    pub column_major: bool,
}

impl NumberFormat {
    /// Returns the format if its numbers can be read as `F`.
    ///
    /// `f32` is read as `f64` without loss. `f64` as `f32` is an error, because it would round.
    pub fn check<F>(self, name: &str) -> Result<Self> {
        if self.bytes <= size_of::<F>() { Ok(self) } else { Err(wrong_type::<F>(name, "f64")) }
    }

    /// Reads `count` finite numbers, whose bytes `fill` provides block by block.
    ///
    /// Each block is checked and copied while it is in the cache. Column-major numbers are checked
    /// later, by row-major index.
    pub fn read<F: Float>(
        self,
        name: &str,
        count: usize,
        block: &mut [u8],
        mut fill: impl FnMut(&mut [u8]) -> Result<()>,
    ) -> Result<Vec<F>> {
        let mut numbers = reserved(name, count)?;
        while numbers.len() < count {
            let before = numbers.len();
            let length = ((count - before) * self.bytes).min(block.len());
            fill(&mut block[..length])?;
            self.decode_into(&mut numbers, &block[..length]);
            if !self.column_major && !all_finite(&numbers[before..]) {
                check_finite(name, &aview1(&numbers))?;
            }
        }
        Ok(numbers)
    }

    /// Appends the numbers of `data`.
    fn decode_into<F: Float>(self, numbers: &mut Vec<F>, data: &[u8]) {
        match (self.bytes, self.big_endian) {
            (4, false) => decode(numbers, data, |x| F::of(f64::from(f32::from_le_bytes(x)))),
            (4, true) => decode(numbers, data, |x| F::of(f64::from(f32::from_be_bytes(x)))),
            (_, false) => decode(numbers, data, |x| F::of(f64::from_le_bytes(x))),
            (_, true) => decode(numbers, data, |x| F::of(f64::from_be_bytes(x))),
        }
    }

    /// Gives the numbers their shape.
    pub fn into_array<F>(self, name: &str, shape: &[usize], numbers: Vec<F>) -> Result<ArrayD<F>> {
        let expected = numbers.len();
        ArrayD::from_shape_vec(IxDyn(shape).set_f(self.column_major), numbers).map_err(|_| {
            let name = name.to_string();
            FileError::Shape { name, found: shape.to_vec(), expected: vec![expected] }
        })
    }
}

fn decode<F, const N: usize>(numbers: &mut Vec<F>, data: &[u8], number: impl Fn([u8; N]) -> F) {
    numbers.extend(data.as_chunks().0.iter().map(|&x| number(x)));
}

/// Bytes that are read or written at once; a block stays in the cache for its checks and its copy.
pub(super) const BLOCK: usize = 1 << 18;

/// Calls `write` with the numbers in row-major order, little-endian, block by block.
pub(super) fn for_each_block<F: Float>(
    array: &ArrayRef<F, IxDyn>,
    mut write: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let count = BLOCK / size_of::<F>();
    let mut block = zeros("a block", array.len().min(count) * size_of::<F>())?;
    if let Some(numbers) = array.as_slice() {
        return numbers.chunks(count).try_for_each(|part| write(encode(part.iter(), &mut block)));
    }
    let mut numbers = array.iter();
    while numbers.len() > 0 {
        write(encode(numbers.by_ref().take(count), &mut block))?;
    }
    Ok(())
}

/// Writes numbers to the front of `block` and returns that part.
fn encode<'a, 'b, F: Float>(
    numbers: impl ExactSizeIterator<Item = &'a F>,
    block: &'b mut [u8],
) -> &'b [u8] {
    let block = &mut block[..numbers.len() * size_of::<F>()];
    match size_of::<F>() {
        4 => encode_each(block, numbers, |x| (x.as_f64() as f32).to_le_bytes()),
        _ => encode_each(block, numbers, |x| x.as_f64().to_le_bytes()),
    }
    block
}

fn encode_each<T, const N: usize>(
    block: &mut [u8],
    numbers: impl Iterator<Item = T>,
    bytes: impl Fn(T) -> [u8; N],
) {
    block.as_chunks_mut().0.iter_mut().zip(numbers).for_each(|(place, x)| *place = bytes(x));
}

/// The name of the element type.
pub(super) fn type_name<F>() -> &'static str {
    if size_of::<F>() == 4 { "f32" } else { "f64" }
}

pub(super) fn wrong_type<F>(name: &str, found: &str) -> FileError {
    let (name, found) = (name.to_string(), excerpt(found));
    FileError::Type { name, found, expected: type_name::<F>() }
}
