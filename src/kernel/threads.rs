//! Work shared among the threads of the pool that the caller is in, where it is worth it.
//!
//! Nothing depends on how the work is cut: every element is computed whole by one thread.

/// Multiplications and additions below which a product stays on one thread.
#[cfg(feature = "rayon")]
const WORTH_SHARING: usize = 400_000;
/// Elements below which a sweep stays on one thread.
#[cfg(feature = "rayon")]
const LONG: usize = 65_536;

/// Into how many parts to cut a product of so many multiplications.
pub(crate) fn parts(multiplications: usize) -> usize {
    #[cfg(feature = "rayon")]
    if multiplications >= 2 * WORTH_SHARING {
        return rayon::current_num_threads().min(multiplications / WORTH_SHARING);
    }
    let _ = multiplications;
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
        return values.par_chunks_mut(part).for_each(|values| f(values));
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
