use crate::error::{Operand, check_batch};
use crate::data::check_finite;
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView2};

/// A table of examples, and which way it lies.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let table = array![[5.1, 3.5, 1.4], [6.2, 2.9, 4.3]]; // two flowers, three measures
/// assert_eq!(Examples::rows(&table).len(), 2);
/// assert_eq!(Examples::columns(&table).len(), 3);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Examples<'a, F> {
    /// (examples, features), as in most files and in scikit-learn.
    Rows(ArrayView2<'a, F>),
    /// (features, examples), as in the course and the rest of this crate.
    Columns(ArrayView2<'a, F>),
}

impl<'a, F: Float> Examples<'a, F> {
    /// Each row is an example.
    pub fn rows(x: impl Into<ArrayView2<'a, F>>) -> Self {
        Self::Rows(x.into())
    }

    /// Each column is an example.
    pub fn columns(x: impl Into<ArrayView2<'a, F>>) -> Self {
        Self::Columns(x.into())
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.as_columns().ncols()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// (features, examples); nothing is copied.
    pub fn as_columns(&self) -> ArrayView2<'a, F> {
        match self {
            Self::Rows(x) => x.reversed_axes(),
            Self::Columns(x) => *x,
        }
    }

    /// A matrix (outputs, examples) the way round that the examples lie.
    pub(super) fn like_these(&self, outputs: Array2<F>) -> Array2<F> {
        match self {
            Self::Rows(_) => outputs.reversed_axes(),
            Self::Columns(_) => outputs,
        }
    }
}

/// `Ok` if there are numbers, all of them finite.
pub(super) fn check_numbers<F: Float>(name: &'static str, x: &ArrayRef2<F>) -> Result<()> {
    check_batch(Operand::of(name, x))?;
    check_finite(name, x)
}
