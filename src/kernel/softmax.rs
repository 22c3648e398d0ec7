//! Softmax, the only activation that combines the elements of a column.
//!
//! Columns are computed in blocks. The result of a column does not depend on the other columns.

use super::elementwise::{self, Add, Elementary, Map2, Subtract, zip_map};
use super::simd::Simd;
use ndarray::{ArrayRef1, ArrayRef2, ArrayView2, ArrayViewMut2, Axis};

/// The columns of a block.
pub(crate) const COLUMNS: usize = 64;

/// One number for each column of a block.
pub(crate) struct Row<F> {
    numbers: [F; COLUMNS],
    len: usize,
}

impl<F: Elementary> Row<F> {
    pub(crate) fn new(value: F, len: usize) -> Self {
        Self { numbers: [value; COLUMNS], len }
    }

    #[inline]
    pub(crate) fn copy_of(row: &ArrayRef1<F>) -> Self {
        let mut copy = Self::new(F::zero(), row.len());
        copy.view_mut().row_mut(0).assign(row);
        copy
    }

    #[inline]
    pub(crate) fn view(&self) -> ArrayView2<'_, F> {
        ArrayView2::from_shape((1, self.len), &self.numbers[..self.len]).expect("one row")
    }

    #[inline]
    pub(crate) fn view_mut(&mut self) -> ArrayViewMut2<'_, F> {
        let numbers = &mut self.numbers[..self.len];
        ArrayViewMut2::from_shape((1, self.len), numbers).expect("one row")
    }

    /// `self ← f(self, row)` for every row of a matrix, in order.
    #[inline]
    pub(crate) fn fold<M: Map2<F>>(&mut self, map: M, matrix: &ArrayRef2<F>) {
        for row in matrix.rows() {
            zip_map(map, &mut self.view_mut(), &row.insert_axis(Axis(0)));
        }
    }

    /// `row ← f(row, self)` for every row of a matrix.
    pub(crate) fn apply_to<M: Map2<F>>(&self, map: M, matrix: &mut ArrayRef2<F>) {
        for row in matrix.rows_mut() {
            zip_map(map, &mut row.insert_axis(Axis(0)), &self.view());
        }
    }
}

/// `z ← eᶻ / Σ eᶻ` in every column. The largest `z` of the column is subtracted first, so nothing
/// overflows.
pub(crate) fn softmax<F: Elementary>(z: &mut ArrayRef2<F>) {
    for mut z in z.axis_chunks_iter_mut(Axis(1), COLUMNS) {
        let largest = largest(&z);
        normalise(&mut z, &largest);
    }
}

/// Returns the largest number of each column of a block.
pub(crate) fn largest<F: Elementary>(z: &ArrayRef2<F>) -> Row<F> {
    let mut largest = Row::new(F::neg_infinity(), z.ncols());
    largest.fold(Larger, z);
    largest
}

/// `z ← e^(z - largest) / Σ e^(z - largest)` in every column of a block. Returns the sums.
pub(crate) fn normalise<F: Elementary>(z: &mut ArrayRef2<F>, largest: &Row<F>) -> Row<F> {
    largest.apply_to(ExpOfDifference, z);
    let mut sums = Row::new(F::zero(), z.ncols());
    sums.fold(Add, z);
    sums.apply_to(Quotient, z);
    sums
}

/// `a ← a ∘ (da - Σ a ∘ da)` in every column: `dZ` of a softmax from its output.
pub(crate) fn softmax_backward<F: Elementary>(a: &mut ArrayRef2<F>, da: &ArrayRef2<F>) {
    let chunks = da.axis_chunks_iter(Axis(1), COLUMNS);
    for (mut a, da) in a.axis_chunks_iter_mut(Axis(1), COLUMNS).zip(chunks) {
        let mut sums = Row::new(F::zero(), a.ncols());
        for (a, da) in a.rows().into_iter().zip(da.rows()) {
            let mut products = Row::copy_of(&a);
            products.fold(Times, &da.insert_axis(Axis(0)));
            sums.fold(Add, &products.view());
        }
        for (a, da) in a.rows_mut().into_iter().zip(da.rows()) {
            let mut difference = Row::copy_of(&da);
            difference.fold(Subtract, &sums.view());
            difference.apply_to(Times, &mut a.insert_axis(Axis(0)));
        }
    }
}

/// `da ← a ∘ (da - Σ a ∘ da)` in every column, with `a = softmax(z)`.
///
/// It is bit-identical to [`softmax_backward`], and works row by row without a copy of `z`.
pub(crate) fn softmax_backward_from_input<F: Elementary>(da: &mut ArrayRef2<F>, z: &ArrayRef2<F>) {
    let chunks = z.axis_chunks_iter(Axis(1), COLUMNS);
    for (mut da, z) in da.axis_chunks_iter_mut(Axis(1), COLUMNS).zip(chunks) {
        let largest = largest(&z);
        let power = |z: &ArrayRef1<F>| {
            let mut power = Row::copy_of(z);
            power.fold(ExpOfDifference, &largest.view());
            power
        };
        let mut total = Row::new(F::zero(), z.ncols());
        z.rows().into_iter().for_each(|z| total.fold(Add, &power(&z).view()));
        let output = |z: &ArrayRef1<F>| {
            let mut a = power(z);
            a.fold(Quotient, &total.view());
            a
        };
        let mut sums = Row::new(F::zero(), z.ncols());
        for (z, da) in z.rows().into_iter().zip(da.rows()) {
            let mut products = output(&z);
            products.fold(Times, &da.insert_axis(Axis(0)));
            sums.fold(Add, &products.view());
        }
        for (z, mut da) in z.rows().into_iter().zip(da.rows_mut()) {
            let mut dz = output(&z);
            let mut difference = Row::copy_of(&da);
            difference.fold(Subtract, &sums.view());
            dz.fold(Times, &difference.view());
            da.assign(&dz.view().row(0));
        }
    }
}

/// The larger number. NaN is skipped here; the sum of the exponentials is NaN then.
#[derive(Clone, Copy)]
struct Larger;

impl<F: Elementary> Map2<F> for Larger {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, y: F) -> F {
        if y > x { y } else { x }
    }
}

/// `e^(x - y)`
#[derive(Clone, Copy)]
struct ExpOfDifference;

impl<F: Elementary> Map2<F> for ExpOfDifference {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, y: F) -> F {
        elementwise::exp::<F, S>(x - y)
    }
}

/// `x / y`
#[derive(Clone, Copy)]
struct Quotient;

impl<F: Elementary> Map2<F> for Quotient {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, y: F) -> F {
        x / y
    }
}

/// `x·y`
#[derive(Clone, Copy)]
pub(crate) struct Times;

impl<F: Elementary> Map2<F> for Times {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, y: F) -> F {
        x * y
    }
}
