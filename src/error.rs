//! What can go wrong, said with the layer and both shapes.

use crate::Float;
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
    #[error("the parameters have {expected} layers, what was passed with them {found}")]
    LayerCount {
        /// The layers of the parameters.
        expected: usize,
        /// The layers of what was passed with them.
        found: usize,
    },
    /// A feature that is the same in every example, counted from 0: mostly a mistake.
    #[error("feature {feature} is the same in every example; `constant_features` accepts that")]
    ConstantFeature {
        /// The feature, from 0.
        feature: usize,
    },
    /// All examples (or those that validation leaves to learn from) are of one class, or only one
    /// class was declared.
    #[error("there is one class only: a classifier needs at least two")]
    OneClass,
    /// There are fewer examples to learn from than a batch should have.
    #[error("{examples} examples to learn from are fewer than a batch of {batch_size}")]
    TooFewExamples {
        /// The examples, without those put aside for validation.
        examples: usize,
        /// The size of a batch.
        batch_size: usize,
    },
    /// The weight of an example is negative, NaN or infinite.
    #[error("the weight of example {example} is {value}: at least 0 and finite")]
    Weight {
        /// The example, from 0.
        example: usize,
        /// Its weight.
        value: f64,
    },
    /// Every example to learn from has a weight of 0: there would be nothing to learn.
    #[error("every example to learn from has a weight of 0")]
    NoWeight,
    /// The cost or the gradient was no longer finite. Epochs and batches are counted from 0.
    #[error("epoch {epoch}, batch {batch}: the cost or its gradient is no longer finite")]
    Diverged {
        /// The epoch, from 0.
        epoch: usize,
        /// The batch of the epoch, from 0.
        batch: usize,
    },
    /// Parts that were kept of a model, and are not those of one.
    #[error("the parts are not those of one model: {what}")]
    Inconsistent {
        /// What does not go together.
        what: &'static str,
    },
    /// A question to a model that has learnt nothing yet.
    #[error("the model has not been fitted")]
    NotFitted,
    /// A label that the cost has no meaning for. Rows and examples are counted from 0, as in the
    /// arrays.
    #[error("Y[{row}, {example}] is {value}: {rule}")]
    Target {
        /// The row of `Y`.
        row: usize,
        /// The example, a column of `Y`.
        example: usize,
        /// The label.
        value: f64,
        /// What must hold.
        rule: &'static str,
    },
    /// Two lists, or a list and the examples of a matrix, have not the same length.
    #[error("{left} has a length of {left_length}, {right} of {right_length}: one for one")]
    LengthMismatch {
        /// The name of the first.
        left: &'static str,
        /// Its length.
        left_length: usize,
        /// The name of the second.
        right: &'static str,
        /// Its length.
        right_length: usize,
    },
    /// A number that sets how something is done is of no use.
    #[error("{name} = {}: {rule}", Number(*.value))]
    Hyperparameter {
        /// Its name.
        name: &'static str,
        /// What it was.
        value: f64,
        /// What must hold, e.g. `a finite number of at least 0`.
        rule: &'static str,
    },
    /// A matrix of examples holds NaN or an infinity where finite numbers are needed. Features and
    /// examples are counted from 0, as the rows and columns of the matrix.
    #[error("{operand}: feature {feature} of example {example} is {value}")]
    NotFinite {
        /// The name of the matrix.
        operand: &'static str,
        /// The row, from 0.
        feature: usize,
        /// The column, from 0.
        example: usize,
        /// The number, NaN or infinite.
        value: f64,
    },
    /// A parameter, its gradient, or a cost beside it is NaN or infinite, so that there is nothing
    /// to compare. Rows and columns are counted from 0.
    #[error("{place}{operand}{at} is {value}", place = Place(*.layer), at = At(*.row, *.column))]
    NotFiniteEntry {
        /// The number of the layer.
        layer: Option<usize>,
        /// What it is an entry of.
        operand: &'static str,
        /// The row, from 0; in a list the place.
        row: usize,
        /// The column, from 0, in a matrix.
        column: Option<usize>,
        /// The number, NaN or infinite.
        value: f64,
    },
    /// What an optimiser remembers, and what it can never have come to: a mean of squares below 0.
    /// Rows and columns are counted from 0.
    #[error("{place}{operand}[{row}, {column}] is {value}: never below 0", place = Place(*.layer))]
    NegativeState {
        /// The number of the layer.
        layer: Option<usize>,
        /// The name of the state, see [`Rule::state`](crate::train::optimizer::Rule::state).
        operand: &'static str,
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// The number.
        value: f64,
    },
    /// A class that there is not. Examples and classes are counted from 0.
    #[error("example {example} is of class {class}, but the classes are {}", Classes(*.classes))]
    Label {
        /// The place in the list of labels, from 0.
        example: usize,
        /// The label.
        class: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A label that was not among those the classes were made of.
    #[error("the label of example {example} is none of the {classes} known ones")]
    UnknownLabel {
        /// The place in the list of labels, from 0.
        example: usize,
        /// How many labels are known.
        classes: usize,
    },
    /// What a process of a distributed training could not do, and so none did (feature `mpi`).
    #[error("rank {rank}: {reason}")]
    OnRank {
        /// The number of the process, from 0.
        rank: usize,
        /// What its error says.
        reason: String,
    },
    /// Something that must be the same on all processes of a distributed training, and is not
    /// (feature `mpi`).
    #[error("rank {rank} has another {what} than rank 0: {found}, not {expected}")]
    Disagreement {
        /// What it is.
        what: &'static str,
        /// The first process that has another one.
        rank: usize,
        /// That of rank 0.
        expected: String,
        /// That of this rank.
        found: String,
    },
    /// A plot could not be drawn (feature `plot`).
    #[error("the plot could not be drawn: {reason}")]
    Plot {
        /// What the backend says.
        reason: String,
    },
    /// A training could not be saved, or not be taken up again (feature `safetensors`).
    #[error("the checkpoint: {reason}")]
    Checkpoint {
        /// What is wrong.
        reason: String,
    },
    /// A question about a class that there is not. Classes are counted from 0.
    #[error("there is no class {class}: the classes are {}", Classes(*.classes))]
    NoSuchClass {
        /// The class asked for.
        class: usize,
        /// How many classes there are.
        classes: usize,
    },
}

impl Error {
    /// Names the layer in an error that does not name one yet.
    pub(crate) fn in_layer(mut self, number: usize) -> Self {
        match &mut self {
            Error::ShapeMismatch { layer, .. }
            | Error::EmptyBatch { layer, .. }
            | Error::ZeroSize { layer, .. }
            | Error::TooLarge { layer, .. }
            | Error::NotFiniteEntry { layer, .. }
            | Error::NegativeState { layer, .. } => *layer = layer.or(Some(number)),
            _ => {}
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

/// A number that is written with a power of ten where it would have many digits.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        let long = size != 0.0 && size.is_finite() && !(1e-9..1e18).contains(&size);
        if long { write!(f, "{:e}", self.0) } else { write!(f, "{}", self.0) }
    }
}

struct Place(Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |layer| write!(f, "layer {layer}: "))
    }
}

/// A place in a matrix or a list.
struct At(usize, Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At(row, Some(column)) => write!(f, "[{row}, {column}]"),
            At(row, None) => write!(f, "[{row}]"),
        }
    }
}

/// The range of this many classes.
struct Classes(usize);

impl fmt::Display for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_sub(1) {
            Some(last) => write!(f, "0 to {last}"),
            None => write!(f, "none"),
        }
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

/// `Ok` if a matrix of examples has a row and a column, and not more elements than memory could
/// hold: a broadcast view may.
#[inline]
pub(crate) fn check_batch(operand: Operand) -> Result<()> {
    match operand.shape {
        (0, _) => Err(Error::ZeroSize { layer: None, operand }),
        (_, 0) => Err(Error::EmptyBatch { layer: None, operand }),
        _ => check_countable(operand),
    }
}

/// `Ok` if an array of `f64` could have this shape.
#[inline]
fn check_countable(operand: Operand) -> Result<()> {
    const MOST: usize = isize::MAX as usize / size_of::<f64>();
    match operand.shape.0.checked_mul(operand.shape.1) {
        Some(elements) if elements <= MOST => Ok(()),
        _ => Err(Error::TooLarge { layer: None, operand }),
    }
}

/// `Ok` if `W` has a size and `b` is a column of its height.
#[inline]
pub(crate) fn check_weights(w: Operand, b: Operand) -> Result<()> {
    if w.shape.0 == 0 || w.shape.1 == 0 {
        return Err(Error::ZeroSize { layer: None, operand: w });
    }
    check_countable(w)?;
    check(b.shape == (w.shape.0, 1), w, b, "b is one column with the rows of W")
}

/// `Ok` if two lists have one length.
pub(crate) fn check_lengths(
    (left, left_length): (&'static str, usize),
    (right, right_length): (&'static str, usize),
) -> Result<()> {
    if left_length == right_length {
        return Ok(());
    }
    Err(Error::LengthMismatch { left, left_length, right, right_length })
}

/// `Ok` if `fits`, else an [`Error::Hyperparameter`] that states `rule`.
pub(crate) fn check_hyperparameter(
    fits: bool,
    name: &'static str,
    value: f64,
    rule: &'static str,
) -> Result<()> {
    if fits { Ok(()) } else { Err(Error::Hyperparameter { name, value, rule }) }
}

/// `Ok` if a number fits, also when it is rounded to `F`; the rules say what must hold of it, and
/// of it as an `f32`.
fn check_rounded<F: Float>(
    name: &'static str,
    value: f64,
    fits: impl Fn(f64) -> bool,
    [rule, rule_as_f32]: [&'static str; 2],
) -> Result<()> {
    check_hyperparameter(fits(value), name, value, rule)?;
    check_hyperparameter(fits(F::of(value).as_f64()), name, value, rule_as_f32)
}

/// `Ok` if `value` is above 0 and finite, also as an `F`.
pub(crate) fn check_positive<F: Float>(name: &'static str, value: f64) -> Result<()> {
    let rules = ["above 0 and finite", "above 0 and finite as an f32"];
    check_rounded::<F>(name, value, |x| x > 0.0 && x.is_finite(), rules)
}

/// `Ok` if `value` is above 0, also as an `F`; it may be infinite.
pub(crate) fn check_above_zero<F: Float>(name: &'static str, value: f64) -> Result<()> {
    check_rounded::<F>(name, value, |x| x > 0.0, ["above 0", "above 0 as an f32"])
}

/// `Ok` if `value` is at least 0 and finite, also as an `F`.
pub(crate) fn check_non_negative<F: Float>(name: &'static str, value: f64) -> Result<()> {
    let rules = ["at least 0 and finite", "at least 0 and finite as an f32"];
    check_rounded::<F>(name, value, |x| x >= 0.0 && x.is_finite(), rules)
}

/// `Ok` if `value` is at least 0 and below 1, also as an `F`.
pub(crate) fn check_below_one<F: Float>(name: &'static str, value: f64) -> Result<()> {
    let rules = ["at least 0 and below 1", "at least 0 and below 1 as an f32"];
    check_rounded::<F>(name, value, |x| (0.0..1.0).contains(&x), rules)
}

/// `Ok` if `value` is above 0 and at most 1, also as an `F`.
pub(crate) fn check_probability<F: Float>(name: &'static str, value: f64) -> Result<()> {
    let rules = ["above 0 and at most 1", "above 0 and at most 1 as an f32"];
    check_rounded::<F>(name, value, |x| x > 0.0 && x <= 1.0, rules)
}

/// `Ok` if `value` is finite, also as an `F`.
pub(crate) fn check_finite_in<F: Float>(name: &'static str, value: f64) -> Result<()> {
    let rules = ["a finite number", "a finite number as an f32"];
    check_rounded::<F>(name, value, f64::is_finite, rules)
}

/// `Ok` if every label is below `classes`, and there is one.
pub(crate) fn check_labels(name: &'static str, labels: &[usize], classes: usize) -> Result<()> {
    check_batch(Operand { name, shape: (1, labels.len()) })?;
    match labels.iter().position(|&class| class >= classes) {
        Some(example) => Err(Error::Label { example, class: labels[example], classes }),
        None => Ok(()),
    }
}
