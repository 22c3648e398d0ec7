use crate::buffer;
use crate::checks::{check_batch, check_lengths};
use crate::data::predicted_classes_of;
use crate::error::{Operand, Position};
use crate::{Error, Float, Result};
use ndarray::{ArrayBase, ArrayRef2, Data, Ix2};
use std::borrow::Cow;

/// The true labels or values, the first argument of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Actual<T>(pub T);

/// The predicted labels or values, the second argument of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Predicted<T>(pub T);

/// Labels of examples, as metrics take them.
///
/// It is implemented for lists of any type, and for matrices of class numbers: one row of integers
/// from 0, or one-hot columns.
pub trait Labels<'a> {
    /// The type of a label.
    type Label: Clone + 'a;

    /// Returns the label of each example.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if a number in a single row is no class number,
    /// [`Error::NotFinite`] if a column holds NaN.
    fn labels(self) -> Result<Cow<'a, [Self::Label]>>;
}

impl<'a, L: Clone> Labels<'a> for &'a [L] {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a, L: Clone> Labels<'a> for &'a Vec<L> {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a, L: Clone, const N: usize> Labels<'a> for &'a [L; N] {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
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

/// The class numbers of a row of them, or of one-hot columns.
fn class_numbers<F: Float>(y: &ArrayRef2<F>) -> Result<Vec<usize>> {
    if y.nrows() != 1 {
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

/// `Ok` if there are as many predicted labels as actual ones, and at least one.
pub(super) fn check_pair(actual: usize, predicted: usize) -> Result<()> {
    check_lengths(("actual", actual), ("predicted", predicted))?;
    check_batch(Operand { name: "actual", shape: (1, actual) })
}
