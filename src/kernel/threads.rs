//! Work shared among the threads of the pool that the caller is in, where it is worth it.
//!
//! Nothing depends on how the work is cut: every element is computed whole by one thread.

#[cfg(feature = "rayon")]
use ndarray::Axis;
use ndarray::{ArrayView2, ArrayViewMut2};

/// What a part of a product should cost at least, in multiplications.
#[cfg(feature = "rayon")]
const WORTH_SHARING: usize = 400_000;
/// What reading an element from afar costs, in multiplications.
#[cfg(feature = "rayon")]
const READING: usize = 4;
/// Elements below which a sweep stays on one thread.
#[cfg(feature = "rayon")]
const LONG: usize = 65_536;

/// Into how many parts to cut a product of so many multiplications that reads so many elements.
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

/// Runs both, at the same time if there is a thread free.
pub(crate) fn join<A: Send, B: Send>(
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    #[cfg(feature = "rayon")]
    return rayon::join(a, b);
    #[cfg(not(feature = "rayon"))]
    (a(), b())
}

/// Calls `f` with all of the values, in parts if there are many.
pub(crate) fn in_parts<T: Send>(values: &mut [T], f: impl Fn(&mut [T]) + Sync) {
    #[cfg(feature = "rayon")]
    if values.len() >= 2 * LONG {
        use rayon::prelude::*;
        let part = values.len().div_ceil(rayon::current_num_threads()).max(LONG);
        return values.par_chunks_mut(part).for_each(&f);
    }
    f(values);
}

/// The same with two slices of one length.
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

/// Calls `f` with a matrix and a column of its height, in parts if the matrix is large.
pub(crate) fn by_rows<F: Send + Sync>(
    rows: ArrayViewMut2<'_, F>,
    column: ArrayView2<'_, F>,
    f: &(impl Fn(ArrayViewMut2<'_, F>, ArrayView2<'_, F>) + Sync),
) {
    #[cfg(feature = "rayon")]
    if rows.len() >= 2 * LONG && rows.nrows() > 1 && rayon::current_num_threads() > 1 {
        let middle = rows.nrows() / 2;
        let (above, below) = rows.split_at(Axis(0), middle);
        let (b_above, b_below) = column.split_at(Axis(0), middle);
        rayon::join(|| by_rows(above, b_above, f), || by_rows(below, b_below, f));
        return;
    }
    f(rows, column);
}
