//! Checks of shapes, lengths, ranges and values.
//!
//! Each function returns `Ok` if the check holds, else an [`Error`] with what was found and what
//! was expected.

use crate::error::{Operand, Position};
use crate::{Error, Float, Result};
use ndarray::{ArrayRef2, Zip};

/// `Ok` if `fits`, else an [`Error::ShapeMismatch`] that states `rule`.
#[inline]
pub(crate) fn check(fits: bool, left: Operand, right: Operand, rule: &'static str) -> Result<()> {
    if fits { Ok(()) } else { Err(Error::ShapeMismatch { layer: None, left, right, rule }) }
}

/// `Ok` if two matrices have the same shape. Nothing broadcasts, not even (1, 1).
#[inline]
pub(crate) fn check_same_shape(left: Operand, right: Operand) -> Result<()> {
    check(left.shape == right.shape, left, right, "shapes must be equal")
}

/// `Ok` if `X` has the features of layer 1.
pub(crate) fn check_features(w: Operand, x: Operand) -> Result<()> {
    check(w.shape.1 == x.shape.0, w, x, "columns of W must equal features of X")
        .map_err(|e| e.in_layer(1))
}

/// `Ok` if buffers with the columns of `room` have room for `X`.
pub(crate) fn check_room(x: Operand, room: Operand) -> Result<()> {
    check(x.shape.1 <= room.shape.1, x, room, "at most the columns it was made for")
}

/// `Ok` if a matrix (features, examples) has at least one row and one column, and its shape is
/// addressable.
#[inline]
pub(crate) fn check_batch(operand: Operand) -> Result<()> {
    match operand.shape {
        (0, _) => Err(Error::ZeroSize { layer: None, operand }),
        (_, 0) => Err(Error::EmptyBatch { layer: None, operand }),
        _ => check_addressable(operand),
    }
}

/// `Ok` if an array of `f64` can have this shape. A broadcast view may have more elements.
#[inline]
fn check_addressable(operand: Operand) -> Result<()> {
    const MAX_ELEMENTS: usize = isize::MAX as usize / size_of::<f64>();
    match operand.shape.0.checked_mul(operand.shape.1) {
        Some(elements) if elements <= MAX_ELEMENTS => Ok(()),
        _ => Err(Error::TooLarge { layer: None, operand }),
    }
}

/// `Ok` if `W` (n, n_prev) is not empty and `b` is (n, 1).
#[inline]
pub(crate) fn check_weights(w: Operand, b: Operand) -> Result<()> {
    check_matrix_and_column(w, b, "b must be one column with as many rows as W")
}

/// `Ok` if `dW` (n, n_prev) is not empty and `db` is (n, 1).
#[inline]
pub(crate) fn check_weight_gradients(dw: Operand, db: Operand) -> Result<()> {
    check_matrix_and_column(dw, db, "db must be one column with as many rows as dW")
}

#[inline]
fn check_matrix_and_column(matrix: Operand, column: Operand, rule: &'static str) -> Result<()> {
    if matrix.shape.0 == 0 || matrix.shape.1 == 0 {
        return Err(Error::ZeroSize { layer: None, operand: matrix });
    }
    check_addressable(matrix)?;
    check(column.shape == (matrix.shape.0, 1), matrix, column, rule)
}

/// `Ok` if two lists have the same length.
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

/// `Ok` if `fits`, else an [`Error::InvalidArgument`] that states `rule`.
pub(crate) fn check_argument(
    fits: bool,
    name: &'static str,
    value: f64,
    rule: &'static str,
) -> Result<()> {
    if fits { Ok(()) } else { Err(Error::InvalidArgument { name, value, rule }) }
}

/// `Ok` if `fits(value)`, and also after rounding to `F`. `rule` describes the first condition,
/// `rule_as_f32` the second.
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

/// Checks that an argument is above 0, also as an `F`; it may be infinite.
pub(crate) fn check_above_zero<F: Float>(name: &'static str, value: f64) -> Result<()> {
    check_argument(value > 0.0, name, value, "above 0")?;
    check_argument(F::of(value) > F::zero(), name, value, "above 0 as an f32")
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

/// `Ok` if `value` is above 0 and below 1, also as an `F`.
pub(crate) fn check_share<F: Float>(name: &'static str, value: f64) -> Result<()> {
    let rules = ["above 0 and below 1", "above 0 and below 1 as an f32"];
    check_rounded::<F>(name, value, |x| x > 0.0 && x < 1.0, rules)
}

/// `Ok` if `value` is above 0 and at most 1, also as an `F`.
pub(crate) fn check_probability<F: Float>(name: &'static str, value: f64) -> Result<()> {
    let rules = ["above 0 and at most 1", "above 0 and at most 1 as an f32"];
    check_rounded::<F>(name, value, |x| x > 0.0 && x <= 1.0, rules)
}

/// `Ok` if `value` is finite, also as an `F`.
pub(crate) fn check_finite_in<F: Float>(name: &'static str, value: f64) -> Result<()> {
    let rules = ["finite", "finite as an f32"];
    check_rounded::<F>(name, value, f64::is_finite, rules)
}

/// `Ok` if there is at least one class number, and all are below `classes`.
pub(crate) fn check_classes(name: &'static str, numbers: &[usize], classes: usize) -> Result<()> {
    check_batch(Operand { name, shape: (1, numbers.len()) })?;
    match numbers.iter().position(|&class| class >= classes) {
        Some(example) => {
            Err(Error::NoSuchClass { class: numbers[example], classes, example: Some(example) })
        }
        None => Ok(()),
    }
}

/// `Ok` if all numbers of a matrix are finite; the error names row and column.
pub(crate) fn check_finite<F: Float>(operand: &'static str, matrix: &ArrayRef2<F>) -> Result<()> {
    check_finite_at(operand, matrix, |row, column| Position::Entry { row, column })
}

/// `Ok` if all numbers of `X` (features, examples) are finite; the error names feature and example.
pub(crate) fn check_finite_features<F: Float>(
    operand: &'static str,
    x: &ArrayRef2<F>,
) -> Result<()> {
    check_finite_at(operand, x, |feature, example| Position::Feature { feature, example })
}

fn check_finite_at<F: Float>(
    operand: &'static str,
    matrix: &ArrayRef2<F>,
    position: impl Fn(usize, usize) -> Position,
) -> Result<()> {
    if Zip::from(matrix).all(|x| x.is_finite()) {
        return Ok(());
    }
    let first = matrix.indexed_iter().find(|(_, x)| !x.is_finite());
    first.map_or(Ok(()), |((row, column), x)| {
        let position = position(row, column);
        Err(Error::not_finite(operand, position, x.as_f64()))
    })
}

/// Checks that all values of a matrix have a property. `position` makes a position of row and
/// column.
pub(crate) fn check_each<F: Float>(
    operand: &'static str,
    values: &ArrayRef2<F>,
    position: fn(usize, usize) -> Position,
    (rule, fits): (&'static str, impl Fn(F) -> bool),
) -> Result<()> {
    match values.indexed_iter().find(|(_, value)| !fits(**value)) {
        Some(((row, column), value)) => Err(Error::InvalidValue {
            layer: None,
            operand,
            position: position(row, column),
            value: value.as_f64(),
            rule,
        }),
        None => Ok(()),
    }
}
