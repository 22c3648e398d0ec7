//! Fallible allocation of matrices and lists.
//!
//! A plain allocation panics or aborts when memory is short. These functions return
//! [`Error::TooLarge`] with the name of the matrix.

use crate::error::Operand;
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2};

pub(crate) fn zeros<F: Float>(name: &'static str, shape: (usize, usize)) -> Result<Array2<F>> {
    make(Operand { name, shape }, push_zeros)
}

/// Appends `len` zeros.
#[inline(never)]
pub(crate) fn push_zeros<F: Float>(data: &mut Vec<F>, len: usize) {
    data.extend(std::iter::repeat_n(F::zero(), len));
}

/// Returns a list of zeros, one for each element of a matrix of this shape.
pub(crate) fn vec<F: Float>(name: &'static str, shape: (usize, usize)) -> Result<Vec<F>> {
    Ok(zeros(name, shape)?.into_raw_vec_and_offset().0)
}

/// Returns a matrix of counters, all 0.
pub(crate) fn counts(name: &'static str, shape: (usize, usize)) -> Result<Array2<usize>> {
    make(Operand { name, shape }, |data, len| data.resize(len, 0))
}

pub(crate) fn from_fn<F: Float>(
    name: &'static str,
    shape: (usize, usize),
    element: impl FnMut() -> F,
) -> Result<Array2<F>> {
    make(Operand { name, shape }, |data, len| {
        data.extend(std::iter::repeat_with(element).take(len));
    })
}

pub(crate) fn copy_of<F: Float>(name: &'static str, a: &ArrayRef2<F>) -> Result<Array2<F>> {
    make(Operand::new(name, a), |data, _| push_copy(data, a))
}

/// Appends the elements of a matrix, row by row.
#[inline(never)]
pub(crate) fn push_copy<F: Float>(data: &mut Vec<F>, a: &ArrayRef2<F>) {
    match a.as_slice() {
        Some(a) => data.extend_from_slice(a),
        None => data.extend(a.iter().copied()),
    }
}

/// Collects at most `capacity` items into a list of that capacity.
pub(crate) fn list<T>(
    name: &'static str,
    capacity: usize,
    items: impl IntoIterator<Item = T>,
) -> Result<Vec<T>> {
    try_list(name, capacity, items.into_iter().map(Ok))
}

/// Collects at most `capacity` items into a list of that capacity, or returns the first error.
pub(crate) fn try_list<T>(
    name: &'static str,
    capacity: usize,
    items: impl IntoIterator<Item = Result<T>>,
) -> Result<Vec<T>> {
    let mut list = try_with_capacity(Operand { name, shape: (1, capacity) }, capacity)?;
    for item in items.into_iter().take(capacity) {
        list.push(item?);
    }
    Ok(list)
}

/// Returns the numbers 0 to n - 1.
pub(crate) fn numbers(name: &'static str, n: usize) -> Result<Vec<usize>> {
    list(name, n, 0..n)
}

#[inline]
fn try_with_capacity<T>(operand: Operand, capacity: usize) -> Result<Vec<T>> {
    let mut data = Vec::new();
    data.try_reserve_exact(capacity).map_err(|_| Error::TooLarge { layer: None, operand })?;
    Ok(data)
}

/// Returns a row-major matrix. `fill` pushes `len` elements into memory that is already reserved.
#[inline]
fn make<T>(operand: Operand, fill: impl FnOnce(&mut Vec<T>, usize)) -> Result<Array2<T>> {
    let too_large = || Error::TooLarge { layer: None, operand };
    let len = operand.shape.0.checked_mul(operand.shape.1).ok_or_else(too_large)?;
    let mut data = try_with_capacity(operand, len)?;
    fill(&mut data, len);
    Array2::from_shape_vec(operand.shape, data).map_err(|_| too_large())
}

/// Returns the first `rows·columns` numbers as a matrix.
pub(crate) fn matrix<F>(numbers: &[F], rows: usize, columns: usize) -> ArrayView2<'_, F> {
    let numbers = &numbers[..rows * columns];
    ArrayView2::from_shape((rows, columns), numbers).expect("the slice has the length of the shape")
}

/// Returns the first `rows·columns` numbers as a mutable matrix.
pub(crate) fn matrix_mut<F>(
    numbers: &mut [F],
    rows: usize,
    columns: usize,
) -> ArrayViewMut2<'_, F> {
    let numbers = &mut numbers[..rows * columns];
    let matrix = ArrayViewMut2::from_shape((rows, columns), numbers);
    matrix.expect("the slice has the length of the shape")
}
