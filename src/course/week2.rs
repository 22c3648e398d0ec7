//! The functions of week 2: logistic regression with a column `w` and a number `b`.

use super::models::{Descent, check_values};
use crate::activation::Activation;
use crate::backward::{Gradients, l_model_backward};
use crate::checks::{check, check_batch};
use crate::cost::compute_cost;
use crate::error::{Operand, Position};
use crate::forward::l_model_forward;
use crate::update::update_parameters;
use crate::{Error, Float, Layer, Parameters, Result, buffer};
use ndarray::{Array2, ArrayRef2};

/// The parameters of logistic regression, `params` in the course.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticParameters<F> {
    /// The weights, a column (n_x, 1).
    pub w: Array2<F>,
    /// The bias.
    pub b: F,
}

impl<F: Float> LogisticParameters<F> {
    /// Returns the parameters of a network of one sigmoid unit, `W1 = wᵀ` and `b1 = b`.
    ///
    /// ```
    /// use dnn_blocks::course::LogisticParameters;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let params = LogisticParameters { w: array![[1.0], [2.0]], b: -1.5 };
    /// let x = array![[1.0, 0.0], [1.0, 0.5]];
    /// assert_eq!(predict(&x, &params.to_parameters()?)?, array![[1.0, 0.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ZeroSize`] if `w` is empty, [`Error::ShapeMismatch`] if it has more than one
    /// column, [`Error::TooLarge`] if the copy does not fit in memory.
    pub fn to_parameters(&self) -> Result<Parameters<F>> {
        network(&self.w, self.b)
    }
}

/// The gradients of logistic regression, `grads` in the course.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticGradients<F> {
    /// `∂J/∂w`, a column (n_x, 1).
    pub dw: Array2<F>,
    /// `∂J/∂b`.
    pub db: F,
}

/// Returns the initial parameters of logistic regression, `w = 0` and `b = 0`.
///
/// `w` (dim, 1); `b` is a number. `dim` is n_x, the number of features.
///
/// ```
/// use dnn_blocks::course::initialize_with_zeros;
/// use dnn_blocks::ndarray::array;
///
/// let (w, b) = initialize_with_zeros::<f64>(2)?;
/// assert_eq!((w, b), (array![[0.0], [0.0]], 0.0));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ZeroSize`] if `dim` is 0, [`Error::TooLarge`] if `w` does not fit in memory.
///
/// Source: Ng (2017), week 2.
pub fn initialize_with_zeros<F: Float>(dim: usize) -> Result<(Array2<F>, F)> {
    let w = Operand { name: "w", shape: (dim, 1) };
    check_batch(w)?;
    Ok((buffer::zeros(w.name, w.shape)?, F::zero()))
}

/// Computes the gradients and the cost of logistic regression on one batch.
///
/// ```text
/// A = σ(wᵀ·X + b)        J = -1/m Σ [y ln a + (1-y) ln(1-a)]
/// dw = 1/m X·(A - Y)ᵀ    db = 1/m Σ (A - Y)
/// ```
///
/// `w`, `dw` (n_x, 1), `X` (n_x, m), `A`, `Y` (1, m); `b`, `db` and `J` are numbers. Returns
/// (gradients, cost). Logarithms are bounded at -100, as in [`compute_cost`]. The function does not
/// check values: NaN stays NaN.
///
/// ```
/// use dnn_blocks::course::propagate;
/// use dnn_blocks::ndarray::array;
///
/// let (w, b) = (array![[1.0], [2.0]], 1.5);
/// let (x, y) = (array![[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]], array![[1.0, 1.0, 0.0]]);
/// let (grads, cost) = propagate(&w, b, &x, &y)?;
/// assert!((cost - 0.15900537707692405_f64).abs() < 1e-12); // as the notebook prints it
/// assert!((grads.db - -0.1250040450043965).abs() < 1e-12);
/// assert_eq!(grads.dw.dim(), w.dim());
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`] if the shapes do not fit.
/// - [`Error::EmptyBatch`] if m is 0, [`Error::ZeroSize`] if n_x is 0.
/// - [`Error::TooLarge`] if the results do not fit in memory.
///
/// Source: Ng (2017), week 2.
pub fn propagate<F: Float>(
    w: &ArrayRef2<F>,
    b: F,
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
) -> Result<(LogisticGradients<F>, F)> {
    check_shapes(w, x, y)?;
    let (gradients, cost) = gradients_and_cost(&network(w, b)?, x, y)?;
    Ok((logistic_gradients(&gradients)?, cost))
}

/// Trains logistic regression by gradient descent, `w ← w - α dw`, `b ← b - α db`.
///
/// `w` (n_x, 1), `X` (n_x, m), `Y` (1, m). Training starts at `w` and `b`. Returns `params, grads,
/// costs` as in the course:
///
/// - the parameters after the last update;
/// - the gradients of the last iteration, before its update;
/// - the costs, as in [`Trained::costs`](super::Trained::costs).
///
/// [`logistic_regression`](super::logistic_regression) takes the same steps from `w = 0`, `b = 0`
/// without allocation.
///
/// ```
/// use dnn_blocks::course::{Descent, initialize_with_zeros, optimize};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[1.0, 2.0, -1.0], [3.0, 4.0, -3.2]], array![[1.0, 1.0, 0.0]]);
/// let (w, b) = initialize_with_zeros(2)?;
/// let descent = Descent::new(0.009, 101).every(100);
/// let (params, grads, costs) = optimize(&w, b, &x, &y, descent)?;
/// assert_eq!(costs[0], (0, 2.0_f64.ln()));
/// assert_eq!(costs[1].0, 100);
/// assert_eq!(grads.dw.dim(), params.w.dim());
/// assert_eq!(predict(&x, &params.to_parameters()?)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`], [`Error::EmptyBatch`], [`Error::ZeroSize`] and [`Error::TooLarge`]
///   as in [`propagate`].
/// - [`Error::Hyperparameter`] if the learning rate is not finite in `F`, or if `num_iterations` is
///   0: then there are no gradients to return.
/// - [`Error::NotFinite`] if a number in `X`, `Y`, `w` or `b` is not finite.
/// - [`Error::Diverged`] if the cost or a parameter is no longer finite; `epoch` is the iteration.
/// - [`Error::Inconsistent`] for [`Descent::lbfgs`].
///
/// Source: Ng (2017), week 2.
#[allow(clippy::type_complexity)] // the course's three results
pub fn optimize<F: Float>(
    w: &ArrayRef2<F>,
    b: F,
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    descent: Descent,
) -> Result<(LogisticParameters<F>, LogisticGradients<F>, Vec<(usize, F)>)> {
    let Descent { learning_rate, num_iterations, lbfgs, .. } = descent;
    if lbfgs.is_some() {
        return Err(Error::Inconsistent {
            what: "`optimize` is gradient descent: use `logistic_regression` for L-BFGS",
        });
    }
    check_shapes(w, x, y)?;
    check_values(x, y, learning_rate)?;
    check_start(w, b)?;
    let mut parameters = network(w, b)?;
    let (mut last, mut costs) = (None, Vec::new());
    for i in 0..num_iterations {
        let (gradients, cost) = gradients_and_cost(&parameters, x, y)?;
        if !cost.is_finite() {
            return Err(Error::Diverged { epoch: i, batch: 0 });
        }
        if descent.keeps(i) {
            costs.push((i, cost));
        }
        update_parameters(&mut parameters, &gradients, learning_rate)?;
        last = Some(gradients);
    }
    let rule = "at least 1";
    let no_iterations = Error::Hyperparameter { name: "num_iterations", value: 0.0, rule };
    let gradients = last.ok_or(no_iterations)?;
    if !parameters.is_finite() {
        return Err(Error::Diverged { epoch: num_iterations - 1, batch: 0 });
    }
    let layer = &parameters.layers()[0];
    let params = LogisticParameters { w: buffer::copy_of("w", &layer.w.t())?, b: layer.b[[0, 0]] };
    Ok((params, logistic_gradients(&gradients)?, costs))
}

/// `Ok` if the shapes of `w`, `X` and `Y` fit and are not empty.
fn check_shapes<F: Float>(w: &ArrayRef2<F>, x: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<()> {
    let (w, x, y) = (Operand::new("w", w), Operand::new("X", x), Operand::new("Y", y));
    check_batch(x)?;
    check(w.shape == (x.shape.0, 1), w, x, "w must be one column with as many rows as X")?;
    check(y.shape == (1, x.shape.1), y, x, "Y must be one row with as many columns as X")
}

/// `Ok` if `w` and `b` are finite.
fn check_start<F: Float>(w: &ArrayRef2<F>, b: F) -> Result<()> {
    let numbers = w.iter().enumerate().map(|(row, w)| ("w", row, *w));
    match numbers.chain([("b", 0, b)]).find(|(_, _, value)| !value.is_finite()) {
        Some((operand, row, value)) => {
            let position = Position::Entry { row, column: 0 };
            Err(Error::not_finite(operand, position, value.as_f64()))
        }
        None => Ok(()),
    }
}

/// Returns a network of one sigmoid unit, `W1 = wᵀ` and `b1 = b`.
fn network<F: Float>(w: &ArrayRef2<F>, b: F) -> Result<Parameters<F>> {
    let layer = Layer {
        w: buffer::copy_of("w", &w.t())?,
        b: buffer::from_fn("b", (1, 1), || b)?,
        activation: Activation::Sigmoid,
    };
    Parameters::from_layers(vec![layer])
}

fn gradients_and_cost<F: Float>(
    parameters: &Parameters<F>,
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
) -> Result<(Gradients<F>, F)> {
    let (al, caches) = l_model_forward(x.view(), parameters)?;
    let cost = compute_cost(&al, y)?;
    Ok((l_model_backward(&al, y, &caches)?, cost))
}

fn logistic_gradients<F: Float>(gradients: &Gradients<F>) -> Result<LogisticGradients<F>> {
    let layer = &gradients.layers()[0];
    Ok(LogisticGradients { dw: buffer::copy_of("dw", &layer.dw.t())?, db: layer.db[[0, 0]] })
}
