//! What can go wrong, said with the layer and both shapes.

use ndarray::ArrayRef2;
use std::fmt;

/// Shorthand for a result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything a function of this crate can refuse.
///
/// Layers are counted from 1, as in the formulas; shapes are (rows, columns). `layer` is `None`
/// where a function sees one layer only and so does not know its number.
///
/// ```
/// use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::prelude::*;
///
/// let parameters = initialize_parameters_deep::<f64>(
///     &[4, 3, 1],
///     Initializer::He,
///     &mut NumpyRandom::seed(1),
/// )?;
/// let error = l_model_forward(Array2::zeros((5, 7)), &parameters).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "layer 1: W (3, 4) and A_prev (5, 7) do not fit: columns of W = rows of A_prev"
/// );
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two matrices do not fit the formula that joins them.
    #[error("{place}{left} and {right} do not fit: {rule}", place = Place(*.layer))]
    ShapeMismatch {
        /// The number of the layer.
        layer: Option<usize>,
        /// The first operand.
        left: Operand,
        /// The second operand.
        right: Operand,
        /// What must hold, e.g. `columns of W = rows of A_prev`.
        rule: &'static str,
    },
    /// A matrix of examples has no column: the mean over no example is undefined.
    #[error("{place}{operand} holds no example: a batch has at least one column", place = Place(*.layer))]
    EmptyBatch {
        /// The number of the layer.
        layer: Option<usize>,
        /// The empty matrix.
        operand: Operand,
    },
    /// A layer without units, or without inputs.
    #[error("{place}{operand} has a size of 0: every layer has at least one unit", place = Place(*.layer))]
    ZeroSize {
        /// The number of the layer.
        layer: Option<usize>,
        /// The matrix with no row or no column.
        operand: Operand,
    },
    /// A matrix has more elements than can be counted, or than memory can hold.
    #[error("{place}{operand} does not fit in memory", place = Place(*.layer))]
    TooLarge {
        /// The number of the layer.
        layer: Option<usize>,
        /// The matrix that could not be made.
        operand: Operand,
    },
    /// A network, a list of caches or `layer_dims` without a layer.
    #[error("there is no layer: a network has at least one, and layer_dims at least two sizes")]
    NoLayers,
    /// Two things that belong together have not the same number of layers.
    #[error("the parameters have {expected} layers, the gradients {found}")]
    LayerCount {
        /// The layers of the parameters.
        expected: usize,
        /// The layers of what was passed with them.
        found: usize,
    },
}

impl Error {
    /// Names the layer in an error that does not name one yet.
    pub(crate) fn in_layer(mut self, number: usize) -> Self {
        match &mut self {
            Error::ShapeMismatch { layer, .. }
            | Error::EmptyBatch { layer, .. }
            | Error::ZeroSize { layer, .. }
            | Error::TooLarge { layer, .. } => *layer = layer.or(Some(number)),
            Error::NoLayers | Error::LayerCount { .. } => {}
        }
        self
    }
}

/// A matrix in an error message: its name in the formula and its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand {
    /// The name in the formula, e.g. `A_prev`.
    pub name: &'static str,
    /// Rows and columns.
    pub shape: (usize, usize),
}

impl Operand {
    pub(crate) fn of<F>(name: &'static str, matrix: &ArrayRef2<F>) -> Self {
        Self { name, shape: matrix.dim() }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name, self.shape)
    }
}

struct Place(Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |layer| write!(f, "layer {layer}: "))
    }
}

/// `Ok` if `fits`, else an [`Error::ShapeMismatch`] that states `rule`.
#[inline]
pub(crate) fn check(fits: bool, left: Operand, right: Operand, rule: &'static str) -> Result<()> {
    if fits { Ok(()) } else { Err(Error::ShapeMismatch { layer: None, left, right, rule }) }
}

/// `Ok` if two matrices have one shape: nothing broadcasts here, not even (1, 1).
#[inline]
pub(crate) fn check_same_shape(left: Operand, right: Operand) -> Result<()> {
    check(left.shape == right.shape, left, right, "same shape")
}

/// `Ok` if a matrix of examples has a row and a column.
#[inline]
pub(crate) fn check_batch(operand: Operand) -> Result<()> {
    match operand.shape {
        (0, _) => Err(Error::ZeroSize { layer: None, operand }),
        (_, 0) => Err(Error::EmptyBatch { layer: None, operand }),
        _ => Ok(()),
    }
}

/// `Ok` if `W` has a size and `b` is a column of its height.
#[inline]
pub(crate) fn check_weights(w: Operand, b: Operand) -> Result<()> {
    if w.shape.0 == 0 || w.shape.1 == 0 {
        return Err(Error::ZeroSize { layer: None, operand: w });
    }
    check(b.shape == (w.shape.0, 1), w, b, "b is one column with the rows of W")
}
