//! Parallel work on the caller's thread pool.
//!
//! Results do not depend on the number of parts: one thread computes each element.

#[cfg(feature = "rayon")]
use ndarray::Axis;
use ndarray::{ArrayView2, ArrayViewMut2};

/// The least cost of a part of a product, in multiplications.
#[cfg(feature = "rayon")]
const WORTH_SHARING: usize = 400_000;
/// The cost of reading an element from memory, in multiplications.
#[cfg(feature = "rayon")]
const READING: usize = 4;
/// The least number of elements that a thread gets in a sweep.
#[cfg(feature = "rayon")]
const LONG: usize = 65_536;

/// Returns the number of parts for a product with these multiplications and elements to read.
pub(crate) fn parts(multiplications: usize, elements: usize) -> usize {
    #[cfg(feature = "rayon")]
    {
        let work = multiplications.saturating_add(READING.saturating_mul(elements));
        if work >= 2 * WORTH_SHARING {
            return rayon::current_num_threads().min(work / WORTH_SHARING);
        }
    }
    let _ = (multiplications, elements);
    1
}

/// Runs both closures, in parallel if a thread is free.
pub(crate) fn join<A: Send, B: Send>(
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    #[cfg(feature = "rayon")]
    return rayon::join(a, b);
    #[cfg(not(feature = "rayon"))]
    (a(), b())
}

/// Returns the number of threads.
pub(crate) fn count() -> usize {
    #[cfg(feature = "rayon")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "rayon"))]
    1
}

/// Returns the results of `f`, a long computation, for the numbers below `count`, in parallel.
pub(crate) fn map<T: Send>(count: usize, f: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        (0..count).into_par_iter().with_max_len(1).map(f).collect()
    }
    #[cfg(not(feature = "rayon"))]
    (0..count).map(f).collect()
}

/// Calls `f` with the values, in parallel parts if there are many.
pub(crate) fn in_parts<T: Send>(values: &mut [T], f: impl Fn(&mut [T]) + Sync) {
    #[cfg(feature = "rayon")]
    if values.len() >= 2 * LONG {
        use rayon::prelude::*;
        let part = values.len().div_ceil(rayon::current_num_threads()).max(LONG);
        return values.par_chunks_mut(part).for_each(&f);
    }
    f(values);
}

/// Calls `f` with two slices of one length, in parallel parts if they are long.
pub(crate) fn in_parts2<T: Send + Sync>(
    values: &mut [T],
    others: &[T],
    f: impl Fn(&mut [T], &[T]) + Sync,
) {
    #[cfg(feature = "rayon")]
    if values.len() >= 2 * LONG {
        use rayon::prelude::*;
        let part = values.len().div_ceil(rayon::current_num_threads()).max(LONG);
        let pairs = values.par_chunks_mut(part).zip(others.par_chunks(part));
        return pairs.for_each(|(values, others)| f(values, others));
    }
    f(values, others);
}

/// Calls `f` with a matrix and a column of its height, in parallel parts if the matrix is large.
pub(crate) fn by_rows<F: Send + Sync>(
    rows: ArrayViewMut2<'_, F>,
    column: ArrayView2<'_, F>,
    f: &(impl Fn(ArrayViewMut2<'_, F>, ArrayView2<'_, F>) + Sync),
) {
    #[cfg(feature = "rayon")]
    if rows.len() >= 2 * LONG && rows.nrows() > 1 && rayon::current_num_threads() > 1 {
        // Contiguous columns stay whole.
        if rows.strides()[0] == 1 && rows.ncols() > 1 {
            let middle = rows.ncols() / 2;
            let (left, right) = rows.split_at(Axis(1), middle);
            rayon::join(|| by_rows(left, column, f), || by_rows(right, column, f));
            return;
        }
        let middle = rows.nrows() / 2;
        let (above, below) = rows.split_at(Axis(0), middle);
        let (b_above, b_below) = column.split_at(Axis(0), middle);
        rayon::join(|| by_rows(above, b_above, f), || by_rows(below, b_below, f));
        return;
    }
    f(rows, column);
}
