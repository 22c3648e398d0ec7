//! Numerical gradient checking for custom layers and costs.
//!
//! ```math
//! \text{gradapprox}_i
//! = \frac{J(\theta + \varepsilon e_i) - J(\theta - \varepsilon e_i)}{2 \varepsilon}
//! \qquad
//! \text{difference} = \frac{\lVert \text{grad} - \text{gradapprox} \rVert_2}
//! {\lVert \text{grad} \rVert_2 + \lVert \text{gradapprox} \rVert_2}
//! ```
//!
//! The cost is evaluated twice for each parameter, so check small networks, in tests. The cost must
//! be deterministic (no dropout) and computed in `f64`. If a kink lies between the two evaluations,
//! such as that of a ReLU at 0, a correct gradient looks wrong: check again with other numbers.
//!
//! Source: A. Ng, *Improving Deep Neural Networks*, week 1 (2017).

use crate::buffer;
use crate::checks::{check_argument, check_lengths};
use crate::error::Position;
use crate::gradients::check_same_network;
use crate::parameters::check_network;
use crate::{Error, Gradients, Parameters, Result};
use std::fmt;

/// The largest difference that counts as rounding for `ε = 1e-7`, the course's bound.
pub const TOLERANCE: f64 = 2e-7;

/// The most coordinates in [`GradientCheck::worst`].
const MOST_WORST: usize = 5;

/// The result of a gradient check; `I` is the index of a coordinate.
///
/// `{}` prints `the gradient is right: difference 1.53e-8`, or the difference with the worst
/// coordinates if the two gradients disagree.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct GradientCheck<I = usize> {
    /// `‖grad - gradapprox‖₂ / (‖grad‖₂ + ‖gradapprox‖₂)`, between 0 and 1; 0 if both are 0.
    pub difference: f64,
    /// The coordinates with the largest differences, the worst first; at most five. Equal ones are
    /// in the order of the parameters.
    pub worst: Vec<Coordinate<I>>,
}

/// The gradient check of a network, whose coordinates are entries of `dW` and `db`.
pub type NetworkCheck = GradientCheck<Entry>;

/// The analytic and the numerical derivative with respect to one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Coordinate<I = usize> {
    /// The index of the parameter.
    pub index: I,
    /// The entry of the gradient that is checked.
    pub analytic: f64,
    /// The central difference of the cost.
    pub numeric: f64,
}

/// The position of an entry in the gradients of a network.
///
/// It prints as `dW2[3, 1]` or `db1[0]`. Layers are counted from 1, rows and columns from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Entry {
    /// An entry of `dW`.
    Weight {
        /// The number of the layer, from 1.
        layer: usize,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
    },
    /// An entry of `db`.
    Bias {
        /// The number of the layer, from 1.
        layer: usize,
        /// The row, from 0.
        row: usize,
    },
}

/// Compares a gradient with central differences of the cost, `(J(θ + ε) - J(θ - ε))/2ε`.
///
/// `theta` and `gradient` have the same length. The divisor is the actual distance of the two
/// rounded numbers, so rounding of a large `θ` does not look like a wrong gradient. The course uses
/// an `ε` of 1e-7, for which [`TOLERANCE`] is the bound.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::gradient_check::gradient_check;
///
/// let cost = |theta: &[f64]| theta[0].powi(2) + 3.0 * theta[1];
/// let check = gradient_check(cost, &[4.0, 1.0], &[8.0, 3.0], 1e-7)?;
/// assert!(check.agrees());
///
/// let check = gradient_check(cost, &[4.0, 1.0], &[8.0, 3.5], 1e-7)?;
/// assert_eq!(check.worst[0].index, 1);
/// assert!(check.to_string().starts_with("the gradient is wrong"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`] if `gradient` and `theta` differ in length,
/// [`Error::InvalidArgument`] unless `epsilon` is above 0, finite, and large enough to change every
/// number of `theta`, [`Error::NotFinite`] with the index if a number of `theta`, its derivative or
/// a cost next to it is NaN or infinite, [`Error::TooLarge`] if a copy of `theta` does not fit in
/// memory.
pub fn gradient_check(
    mut cost: impl FnMut(&[f64]) -> f64,
    theta: &[f64],
    gradient: &[f64],
    epsilon: f64,
) -> Result<GradientCheck> {
    check_lengths(("gradient", gradient.len()), ("theta", theta.len()))?;
    check_epsilon(epsilon)?;
    let refused =
        |operand, index| move |value| not_finite(None, operand, Position::Index(index), value);
    for (index, (&at, &analytic)) in theta.iter().zip(gradient).enumerate() {
        check_finite(at).map_err(refused("theta", index))?;
        check_finite(analytic).map_err(refused("gradient", index))?;
    }
    let mut moved = buffer::list("theta", theta.len(), theta.iter().copied())?;
    let mut coordinates = buffer::list("gradapprox", theta.len(), [])?;
    for (index, (&at, &analytic)) in theta.iter().zip(gradient).enumerate() {
        let numeric = central_difference(at, epsilon, |to| {
            moved[index] = to;
            check_finite(cost(&moved)).map_err(refused("cost beside theta", index))
        })?;
        moved[index] = at;
        let numeric = check_finite(numeric).map_err(refused("cost beside theta", index))?;
        coordinates.push(Coordinate { index, analytic, numeric });
    }
    Ok(GradientCheck::from_coordinates(coordinates))
}

/// Compares the gradients of a network with central differences of its cost.
///
/// Every weight and every bias is changed by `±ε` in turn, as in [`gradient_check`].
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::gradient_check::{Entry, gradient_check_n};
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 3, 1], Initializer::He, &mut rng)?;
/// let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
/// let (al, caches) = l_model_forward(&x, &parameters)?;
/// let mut gradients = l_model_backward(&al, &y, &caches)?;
/// let cost = |p: &Parameters<f64>| compute_cost(&predict_proba(&x, p)?, &y);
/// assert!(gradient_check_n(&parameters, &gradients, 1e-7, cost)?.agrees());
///
/// gradients.layers_mut()[1].db *= 2.0;
/// let check = gradient_check_n(&parameters, &gradients, 1e-7, cost)?;
/// assert_eq!(check.worst[0].index, Entry::Bias { layer: 2, row: 0 });
/// assert_eq!(check.worst[0].index.to_string(), "db2[0]");
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LayerCount`] or [`Error::ShapeMismatch`] if the gradients belong to another network,
/// [`Error::InvalidArgument`] unless `epsilon` is above 0, finite, and large enough to change every
/// parameter, [`Error::NotFinite`] with the layer and the position if a parameter, its derivative
/// or a cost next to it is NaN or infinite, [`Error::TooLarge`] if a copy of the parameters does
/// not fit in memory, and any error that `cost` returns.
#[doc(alias("dictionary_to_vector", "vector_to_dictionary", "gradients_to_vector"))]
pub fn gradient_check_n(
    parameters: &Parameters<f64>,
    gradients: &Gradients<f64>,
    epsilon: f64,
    mut cost: impl FnMut(&Parameters<f64>) -> Result<f64>,
) -> Result<NetworkCheck> {
    check_network(parameters.layers())?;
    check_same_network(parameters, gradients)?;
    check_epsilon(epsilon)?;
    let mut moved = parameters.try_clone()?;
    for index in entries(parameters) {
        let [of, gradient, _] = index.operands();
        let refused = |operand| move |value| index.not_finite(operand, value);
        check_finite(*index.parameter(&mut moved)).map_err(refused(of))?;
        check_finite(index.gradient(gradients)).map_err(refused(gradient))?;
    }
    let mut coordinates = buffer::list("gradapprox", parameters.count(), [])?;
    for index in entries(parameters) {
        let at = *index.parameter(&mut moved);
        let analytic = index.gradient(gradients);
        let [_, _, beside] = index.operands();
        let numeric = central_difference(at, epsilon, |to| {
            *index.parameter(&mut moved) = to;
            check_finite(cost(&moved)?).map_err(|value| index.not_finite(beside, value))
        })?;
        *index.parameter(&mut moved) = at;
        let numeric = check_finite(numeric).map_err(|value| index.not_finite(beside, value))?;
        coordinates.push(Coordinate { index, analytic, numeric });
    }
    Ok(GradientCheck::from_coordinates(coordinates))
}

impl<I> GradientCheck<I> {
    /// Returns whether the difference is at most [`TOLERANCE`].
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # use dnn_blocks::train::gradient_check::gradient_check;
    /// assert!(!gradient_check(|theta| 2.0 * theta[0], &[1.0], &[3.0], 1e-7)?.agrees());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.difference <= TOLERANCE
    }

    /// Computes the difference over all coordinates, and selects the worst ones.
    fn from_coordinates(coordinates: Vec<Coordinate<I>>) -> Self {
        let difference = difference(&coordinates);
        let mut worst: Vec<Coordinate<I>> = Vec::with_capacity(MOST_WORST + 1);
        for coordinate in coordinates {
            let better = |other: &Coordinate<I>| other.error() < coordinate.error();
            let place = worst.iter().position(better).unwrap_or(worst.len());
            worst.insert(place, coordinate);
            worst.truncate(MOST_WORST);
        }
        Self { difference, worst }
    }
}

impl<I> Coordinate<I> {
    /// Returns `|analytic - numeric|`.
    fn error(&self) -> f64 {
        (self.analytic - self.numeric).abs()
    }
}

/// Computes `‖grad - gradapprox‖₂ / (‖grad‖₂ + ‖gradapprox‖₂)`.
///
/// All numbers are divided by the largest first, so that no square overflows or underflows.
fn difference<I>(coordinates: &[Coordinate<I>]) -> f64 {
    let sizes = coordinates.iter().map(|c| c.analytic.abs().max(c.numeric.abs()));
    let largest = sizes.fold(0.0, f64::max);
    if largest == 0.0 {
        return 0.0;
    }
    let norm = |part: fn(f64, f64) -> f64| {
        let parts = coordinates.iter().map(|c| part(c.analytic / largest, c.numeric / largest));
        parts.map(|part| part * part).sum::<f64>().sqrt()
    };
    norm(|a, n| a - n) / (norm(|a, _| a) + norm(|_, n| n))
}

/// Computes `(J(at + ε) - J(at - ε))/2ε`, where `2ε` is the distance after rounding.
fn central_difference(
    at: f64,
    epsilon: f64,
    mut cost_at: impl FnMut(f64) -> Result<f64>,
) -> Result<f64> {
    let (above, below) = (at + epsilon, at - epsilon);
    let moves = above > at && at > below;
    check_argument(moves, "epsilon", epsilon, "large enough to move every number")?;
    let rise = cost_at(above)? - cost_at(below)?;
    Ok(rise / (above - below))
}

fn check_epsilon(epsilon: f64) -> Result<()> {
    let fits = epsilon > 0.0 && epsilon.is_finite();
    check_argument(fits, "epsilon", epsilon, "above 0 and finite")
}

/// Lists every entry of every `dW` and `db`: `dW1` row by row, `db1`, `dW2`, …
fn entries(parameters: &Parameters<f64>) -> impl Iterator<Item = Entry> {
    parameters.layers().iter().zip(1..).flat_map(|(parameters, layer)| {
        let (rows, columns) = parameters.w.dim();
        let weights = (0..rows).flat_map(move |row| {
            (0..columns).map(move |column| Entry::Weight { layer, row, column })
        });
        weights.chain((0..rows).map(move |row| Entry::Bias { layer, row }))
    })
}

impl Entry {
    /// Returns the weight or bias that the entry is the derivative of.
    fn parameter(self, parameters: &mut Parameters<f64>) -> &mut f64 {
        match self {
            Entry::Weight { layer, row, column } => {
                &mut parameters.layers_mut()[layer - 1].w[[row, column]]
            }
            Entry::Bias { layer, row } => &mut parameters.layers_mut()[layer - 1].b[[row, 0]],
        }
    }

    fn gradient(self, gradients: &Gradients<f64>) -> f64 {
        match self {
            Entry::Weight { layer, row, column } => gradients.layers()[layer - 1].dw[[row, column]],
            Entry::Bias { layer, row } => gradients.layers()[layer - 1].db[[row, 0]],
        }
    }

    /// Returns the names in errors of the parameter, its derivative, and the cost next to it.
    fn operands(self) -> [&'static str; 3] {
        match self {
            Entry::Weight { .. } => ["W", "dW", "cost beside W"],
            Entry::Bias { .. } => ["b", "db", "cost beside b"],
        }
    }

    fn not_finite(self, operand: &'static str, value: f64) -> Error {
        match self {
            Entry::Weight { layer, row, column } => {
                not_finite(Some(layer), operand, Position::Entry { row, column }, value)
            }
            Entry::Bias { layer, row } => {
                not_finite(Some(layer), operand, Position::Index(row), value)
            }
        }
    }
}

/// Returns the number, as an error if it is NaN or infinite.
fn check_finite(value: f64) -> Result<f64, f64> {
    if value.is_finite() { Ok(value) } else { Err(value) }
}

fn not_finite(
    layer: Option<usize>,
    operand: &'static str,
    position: Position,
    value: f64,
) -> Error {
    Error::NotFinite { layer, operand, position, value, feature_name: None }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Entry::Weight { layer, row, column } => format!("dW{layer}[{row}, {column}]"),
            Entry::Bias { layer, row } => format!("db{layer}[{row}]"),
        };
        f.pad(&name)
    }
}

impl<I: fmt::Display> fmt::Display for GradientCheck<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.agrees() {
            return write!(f, "the gradient is right: difference {:.2e}", self.difference);
        }
        let difference = self.difference;
        writeln!(f, "the gradient is wrong: difference {difference:.2e} is above {TOLERANCE:e}")?;
        write!(f, "{:12} {:>14} {:>14} {:>11}", "worst", "analytic", "numeric", "difference")?;
        let mut differ = self.worst.iter().filter(|c| c.error() > 0.0);
        differ.try_for_each(|c| write!(f, "\n{c}"))
    }
}

impl<I: fmt::Display> fmt::Display for Coordinate<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Coordinate { index, analytic, numeric } = self;
        let (index, error) = (index.to_string(), self.error());
        write!(f, "{index:12} {analytic:>14.6e} {numeric:>14.6e} {error:>11.2e}")
    }
}
