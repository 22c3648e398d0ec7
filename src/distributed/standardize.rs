//! Standardizers of the examples of all ranks.

use super::Ranks;
use crate::buffer;
use crate::data::Standardizer;
use crate::data::mean_std::{MeanStd, Range, extremes};
use crate::{Float, Result};
use ndarray::ArrayRef2;

/// Fits a standardizer to the m examples of all ranks; `X` holds the examples of this rank.
///
/// It makes the passes of [`MeanStd::from_row`], with a reduction after each.
pub(super) fn standardizer<F: Float>(
    ranks: &Ranks<'_>,
    x: &ArrayRef2<F>,
    m: usize,
    divisor: impl Fn(&MeanStd) -> F,
) -> Result<Standardizer<F>> {
    let (rows, n, m) = (|| x.rows().into_iter(), x.nrows(), m as f64);
    let many = n.saturating_mul(2);
    let own = buffer::list("ranges", many, rows().flat_map(extremes));
    let mut all = ranks.all_ok(own)?;
    ranks.all_reduce_max(&mut all);
    let ranges = buffer::list("ranges", n, all.chunks_exact(2).map(Range::from_extremes));
    let ranges = ranks.all_ok(ranges)?;
    let sums = rows().zip(&ranges).map(|(row, range)| range.sum(row));
    let mut means = ranks.all_ok(buffer::list("means", n, sums))?;
    ranks.all_reduce_sum(&mut means);
    means.iter_mut().for_each(|mean| *mean /= m);
    let known = || ranges.iter().zip(&means);
    let about = |(row, (range, mean)): (_, (&Range, &f64))| range.sums_about(row, *mean);
    let sums = buffer::list("sums", many, rows().zip(known()).flat_map(about));
    let mut sums = ranks.all_ok(sums)?;
    ranks.all_reduce_sum(&mut sums);
    let all = known().zip(sums.chunks_exact(2));
    let all = all.map(|((range, mean), sums)| MeanStd::from_sums(range, *mean, sums, m));
    ranks.all_ok(Standardizer::from_mean_std(n, all, divisor))
}
