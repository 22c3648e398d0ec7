use crate::checks::{check_batch, check_finite_features};
use crate::error::Operand;
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2, Axis};

/// A table of examples, which are its rows or its columns.
///
/// The models do not guess which of the two they are, because a square table fits both.
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
    /// Takes a table (examples, features), as in most files and in scikit-learn.
    pub fn rows(x: impl Into<ArrayView2<'a, F>>) -> Self {
        Self::Rows(x.into())
    }

    /// Takes a table (features, examples), as in the course and the rest of this crate.
    pub fn columns(x: impl Into<ArrayView2<'a, F>>) -> Self {
        Self::Columns(x.into())
    }

    /// Takes one value for each example, such as the targets of a regressor with one output.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let prices = array![2.5, 3.1, 4.0];
    /// assert_eq!(Examples::values(&prices).len(), 3);
    /// ```
    pub fn values(y: impl Into<ArrayView1<'a, F>>) -> Self {
        Self::Rows(y.into().insert_axis(Axis(1)))
    }

    /// Returns the number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_columns().ncols()
    }

    /// Returns whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the table as (features, examples), without a copy.
    #[must_use]
    pub fn as_columns(&self) -> ArrayView2<'a, F> {
        match self {
            Self::Rows(x) => x.reversed_axes(),
            Self::Columns(x) => *x,
        }
    }

    /// Returns a matrix (outputs, examples) in the orientation of this table.
    pub(super) fn oriented(&self, outputs: Array2<F>) -> Array2<F> {
        match self {
            Self::Rows(_) => outputs.reversed_axes(),
            Self::Columns(_) => outputs,
        }
    }
}

/// Checks that a table (features, examples) is not empty, and that all numbers are finite.
pub(crate) fn check_table<F: Float>(name: &'static str, x: &ArrayRef2<F>) -> Result<()> {
    check_batch(Operand::new(name, x))?;
    check_finite_features(name, x)
}
