use crate::buffer;
use crate::checks::{check_batch, check_lengths};
use crate::data::predicted_classes_of;
use crate::error::{Operand, Position};
use crate::{Error, Float, Result};
use ndarray::{ArrayBase, ArrayRef2, ArrayView2, Data, Ix1, Ix2};
use std::borrow::Cow;

/// The true labels or values, the first argument of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Actual<T>(pub T);

/// The predicted labels or values, the second argument of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Predicted<T>(pub T);

/// A list of labels, as metrics take them.
///
/// It is implemented for slices, vectors and 1-D arrays of any type that is `Clone` and `Eq`, and
/// for matrices of floats. A matrix with one row holds class numbers from 0. A matrix with several
/// rows holds one-hot or probability columns, whose label is the row of the largest entry. Pass the
/// output of a sigmoid through [`predict`](crate::forward::predict) first.
pub trait Labels<'a> {
    /// The type of a label.
    type Label: Clone + 'a;

    /// Returns the label of each example.
    ///
    /// # Errors
    ///
    /// For a matrix, [`Error::ZeroSize`] if it has no row, [`Error::InvalidValue`] if a number in a
    /// single row is not a class number; if it has several rows, [`Error::ColumnSum`] if a column
    /// does not sum to 1 or has a negative entry, [`Error::NotFinite`] if an entry is NaN. For all
    /// types, [`Error::TooLarge`] if the labels do not fit in memory.
    fn labels(self) -> Result<Cow<'a, [Self::Label]>>;
}

impl<'a, L: Clone + Eq> Labels<'a> for &'a [L] {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a, L: Clone + Eq> Labels<'a> for &'a Vec<L> {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a, L: Clone + Eq, const N: usize> Labels<'a> for &'a [L; N] {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a, L: Clone + Eq, S: Data<Elem = L>> Labels<'a> for &'a ArrayBase<S, Ix1> {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        match self.as_slice() {
            Some(labels) => Ok(Cow::Borrowed(labels)),
            None => buffer::list("labels", self.len(), self.iter().cloned()).map(Cow::Owned),
        }
    }
}

impl<'a, F: Float> Labels<'a> for ArrayView2<'a, F> {
    type Label = usize;

    fn labels(self) -> Result<Cow<'a, [usize]>> {
        class_numbers(&self).map(Cow::Owned)
    }
}

impl<'a, F: Float, S: Data<Elem = F>> Labels<'a> for &'a ArrayBase<S, Ix2> {
    type Label = usize;

    fn labels(self) -> Result<Cow<'a, [usize]>> {
        class_numbers(self).map(Cow::Owned)
    }
}

impl<'a, F: Float> Labels<'a> for &'a ArrayRef2<F> {
    type Label = usize;

    fn labels(self) -> Result<Cow<'a, [usize]>> {
        class_numbers(self).map(Cow::Owned)
    }
}

/// Returns the class numbers in one row, or of one-hot or probability columns.
fn class_numbers<F: Float>(y: &ArrayRef2<F>) -> Result<Vec<usize>> {
    if y.nrows() == 0 {
        return Err(Error::ZeroSize { layer: None, operand: Operand::new("labels", y) });
    }
    if y.nrows() > 1 {
        check_column_sums("labels", y)?;
        return predicted_classes_of("labels", y);
    }
    let number = |(column, y): (usize, &F)| {
        let value = y.as_f64();
        if value.fract() == 0.0 && (0.0..1e15).contains(&value) {
            return Ok(value as usize);
        }
        let position = Position::Entry { row: 0, column };
        let rule = "a class number, an integer from 0";
        Err(Error::InvalidValue { layer: None, operand: "labels", position, value, rule })
    };
    buffer::try_list("labels", y.ncols(), y.iter().enumerate().map(number))
}

/// Checks that each column sums to 1, as one-hot labels and probabilities do.
pub(super) fn check_column_sums<F: Float>(operand: &'static str, y: &ArrayRef2<F>) -> Result<()> {
    for (example, column) in y.columns().into_iter().enumerate() {
        let sum: f64 = column.iter().map(|y| y.as_f64()).sum();
        if (sum - 1.0).abs() > COLUMN_SUM_TOLERANCE || column.iter().any(|&y| y < F::zero()) {
            return Err(Error::ColumnSum { operand, example, sum });
        }
    }
    Ok(())
}

/// The largest deviation of the sum of a column from 1, for probabilities in `f32`.
const COLUMN_SUM_TOLERANCE: f64 = 1e-3;

/// Checks that there are as many predicted labels as actual ones, and at least one.
pub(super) fn check_pair(actual: usize, predicted: usize) -> Result<()> {
    check_lengths(("actual", actual), ("predicted", predicted))?;
    check_batch(Operand { name: "actual", shape: (1, actual) })
}
