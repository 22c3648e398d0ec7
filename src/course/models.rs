//! The models of the course.

use crate::activation::Activation;
use crate::checks::{check_finite, check_finite_features, check_finite_in, check_hyperparameter};
use crate::cost::Cost;
use crate::init::{Initializer, NumpyRandom, RandomSource, initialize_parameters_deep};
use crate::train::full_batch::FullBatch;
use crate::train::lbfgs::{Lbfgs, LbfgsOptions, Progress, Stop};
use crate::train::workspace::Workspace;
use crate::{Error, Float, Parameters, Result};
use ndarray::ArrayRef2;
use std::fmt;
use std::ops::ControlFlow;

/// The result of a model of the course.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound(serialize = "F: Float + serde::Serialize")))]
#[cfg_attr(feature = "serde", serde(bound(deserialize = "F: Float + serde::Deserialize<'de>")))]
#[non_exhaustive]
pub struct Trained<F> {
    /// The parameters after the last iteration.
    pub parameters: Parameters<F>,
    /// Pairs of an iteration, counted from 0, and the cost before its update. [`Descent::every`]
    /// says which iterations are kept. L-BFGS adds the final cost, with the number of iterations.
    pub costs: Vec<(usize, F)>,
    /// Why L-BFGS ended, and thus whether it converged. `None` after gradient descent, and if a
    /// callback stopped the training.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stop: Option<Stop>,
}

/// The settings of gradient descent, or of L-BFGS.
///
/// ```
/// use dnn_blocks::course::Descent;
///
/// let descent = Descent::new(0.0075, 2500).every(500);
/// assert_eq!(descent.every, 500);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Descent {
    /// The learning rate α. L-BFGS does not use it.
    pub learning_rate: f64,
    /// The number of updates: for L-BFGS the most iterations, which replaces the limit in its options.
    pub num_iterations: usize,
    /// The distance between kept costs: iterations 0, `every`, `2·every`, … and the last are
    /// kept. 0 keeps the last cost only. The default is 100, as in the course.
    pub every: usize,
    /// The options of L-BFGS; `None` for gradient descent.
    pub lbfgs: Option<LbfgsOptions>,
}

impl Descent {
    /// Creates the settings: learning rate and number of steps; every 100th cost is kept.
    ///
    /// ```
    /// # use dnn_blocks::course::Descent;
    /// let descent = Descent::new(0.0075, 2500);
    /// assert_eq!((descent.num_iterations, descent.every), (2500, 100));
    /// ```
    #[must_use]
    pub fn new(learning_rate: f64, num_iterations: usize) -> Self {
        Self { learning_rate, num_iterations, every: 100, lbfgs: None }
    }

    /// Creates the settings of [L-BFGS](crate::train::lbfgs), which needs no learning rate.
    ///
    /// The models of the course then keep the cost of every iteration, the first and the last
    /// included. [`Trained::stop`] says why it ended.
    ///
    /// ```
    /// use dnn_blocks::course::{Descent, nn_model};
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    /// use dnn_blocks::train::lbfgs::LbfgsOptions;
    ///
    /// let (x, y) =
    ///     (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 1.0]]);
    /// let descent = Descent::lbfgs(LbfgsOptions::default());
    /// let trained = nn_model(&x, &y, 4, descent, &mut NumpyRandom::seed(3))?;
    /// assert!(trained.stop.is_some_and(|stop| stop.converged()));
    /// assert!(trained.costs.len() < 100);
    /// assert_eq!(predict(&x, &trained.parameters)?, y);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn lbfgs(options: LbfgsOptions) -> Self {
        let num_iterations = usize::try_from(options.max_iterations).unwrap_or(usize::MAX);
        Self { learning_rate: 0.0, num_iterations, every: 1, lbfgs: Some(options) }
    }

    /// Sets [`every`](Self#structfield.every), the distance between kept costs.
    ///
    /// ```
    /// # use dnn_blocks::course::Descent;
    /// assert_eq!(Descent::new(0.0075, 2500).every(10).every, 10);
    /// ```
    #[must_use]
    pub fn every(self, every: usize) -> Self {
        Self { every, ..self }
    }

    /// Adds a callback, which a model of the course calls after each iteration.
    ///
    /// It returns `ControlFlow::Continue(())` to go on, or `ControlFlow::Break(())` to stop. After a
    /// stop, the model returns the parameters of that iteration.
    ///
    /// ```
    /// use dnn_blocks::course::datasets::moons;
    /// use dnn_blocks::course::{Descent, nn_model};
    /// use dnn_blocks::prelude::*;
    /// use std::ops::ControlFlow;
    ///
    /// let (x, y) = moons::<f64>(100, 0.1, &mut NumpyRandom::seed(1))?;
    /// let descent = Descent::new(1.2, 5000).on_iteration(|iteration| {
    ///     if iteration.cost < 0.3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// });
    /// let trained = nn_model(&x, &y, 4, descent, &mut NumpyRandom::seed(3))?;
    /// assert!(compute_cost(&predict_proba(&x, &trained.parameters)?, &y)? < 0.3);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn on_iteration<'a, F>(
        self,
        on_iteration: impl FnMut(&Iteration<'_, F>) -> ControlFlow<()> + 'a,
    ) -> WatchedDescent<'a, F> {
        WatchedDescent { descent: self, on_iteration: Some(Box::new(on_iteration)) }
    }

    /// Returns whether the cost of iteration `i` is kept.
    pub(super) fn keeps(&self, i: usize) -> bool {
        let last = self.lbfgs.is_none() && i + 1 == self.num_iterations;
        (self.every > 0 && i.is_multiple_of(self.every)) || last
    }
}

/// An iteration that has ended, as passed to the callback of [`Descent::on_iteration`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Iteration<'a, F> {
    /// The number of the iteration, from 0.
    pub iteration: usize,
    /// The cost before the update. With L-BFGS, the cost after the iteration.
    pub cost: F,
    /// The parameters after the update.
    pub parameters: &'a Parameters<F>,
}

/// The callback after each iteration, which may stop the training.
type OnIteration<'a, F> = Box<dyn FnMut(&Iteration<'_, F>) -> ControlFlow<()> + 'a>;

/// The settings of a training with a callback. The models of the course take it in place of a
/// [`Descent`].
#[must_use]
pub struct WatchedDescent<'a, F> {
    descent: Descent,
    on_iteration: Option<OnIteration<'a, F>>,
}

impl<F> From<Descent> for WatchedDescent<'_, F> {
    fn from(descent: Descent) -> Self {
        Self { descent, on_iteration: None }
    }
}

impl<F> fmt::Debug for WatchedDescent<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedDescent").field("descent", &self.descent).finish_non_exhaustive()
    }
}

/// Trains logistic regression: one sigmoid unit, starting at `W = 0`, `b = 0`.
///
/// `X` (n_x, m), `Y` (1, m). The row `W1` (1, n_x) of the result is the course's column `w`,
/// transposed.
///
/// ```
/// use dnn_blocks::course::{Descent, logistic_regression};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[1.0, 2.0, -1.0], [3.0, 4.0, -3.2]], array![[1.0, 0.0, 1.0]]);
/// let descent = Descent::new(0.009, 100).every(50);
/// let trained = logistic_regression(&x, &y, descent)?;
/// assert_eq!(trained.costs[0], (0, 2.0_f64.ln()));
/// assert_eq!(trained.costs.len(), 3); // 0, 50, 99
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`] if `X` and `Y` differ in their number of columns.
/// - [`Error::EmptyBatch`] if m is 0, [`Error::ZeroSize`] if `X` or `Y` has no rows.
/// - [`Error::Hyperparameter`] if the learning rate of gradient descent is not finite in `F` or
///   rounds to 0, or an option of L-BFGS is out of range.
/// - [`Error::NotFinite`] if a number in `X` or `Y` is not finite.
/// - [`Error::Diverged`] if the cost or a parameter is no longer finite; `epoch` is the iteration.
/// - [`Error::TooLarge`] if the buffers do not fit in memory.
///
/// Source: Ng (2017), week 2, `model`.
#[doc(alias = "model")]
pub fn logistic_regression<'a, F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    descent: impl Into<WatchedDescent<'a, F>>,
) -> Result<Trained<F>> {
    let sizes = [x.nrows(), y.nrows()];
    let mut unused = NumpyRandom::seed(0);
    train(
        x,
        y,
        initialize_parameters_deep(&sizes, Initializer::Zeros, &mut unused)?,
        descent.into(),
    )
}

/// Trains the planar model: a layer of `n_h` tanh units, then a sigmoid layer.
///
/// `X` (n_x, m), `Y` (n_y, m). The weights start at `N(0, 1)·0.01`.
///
/// ```
/// use dnn_blocks::course::{Descent, nn_model};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 1.0]]);
/// let descent = Descent::new(1.2, 1000).every(100);
/// let trained = nn_model(&x, &y, 4, descent, &mut NumpyRandom::seed(3))?;
/// assert_eq!(predict(&x, &trained.parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`] if `X` and `Y` differ in their number of columns.
/// - [`Error::EmptyBatch`] if m is 0, [`Error::ZeroSize`] if n_x, `n_h` or n_y is 0.
/// - [`Error::Hyperparameter`] if the learning rate of gradient descent is not finite in `F` or
///   rounds to 0, or an option of L-BFGS is out of range.
/// - [`Error::NotFinite`] if a number in `X` or `Y` is not finite.
/// - [`Error::Diverged`] if the cost or a parameter is no longer finite; `epoch` is the iteration.
/// - [`Error::TooLarge`] if the buffers do not fit in memory.
///
/// Source: Ng (2017), week 3, `nn_model`.
pub fn nn_model<'a, F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    n_h: usize,
    descent: impl Into<WatchedDescent<'a, F>>,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Trained<F>> {
    let sizes = [x.nrows(), n_h, y.nrows()];
    let parameters = initialize_parameters_deep(&sizes, Initializer::Scaled(0.01), rng)?;
    train(x, y, parameters.with_activations(Activation::Tanh, Activation::Sigmoid), descent.into())
}

/// Trains a network of two layers: a layer of `n_h` ReLU units, then a sigmoid layer.
///
/// `X` (n_x, m), `Y` (n_y, m). The weights start at `N(0, 1)·0.01`.
///
/// ```
/// use dnn_blocks::course::{Descent, two_layer_model};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 0.0]]);
/// let descent = Descent::new(0.0075, 2500).every(100);
/// let trained = two_layer_model(&x, &y, 7, descent, &mut NumpyRandom::seed(1))?;
/// assert_eq!(trained.costs.last().map(|(iteration, _)| *iteration), Some(2499));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`] if `X` and `Y` differ in their number of columns.
/// - [`Error::EmptyBatch`] if m is 0, [`Error::ZeroSize`] if n_x, `n_h` or n_y is 0.
/// - [`Error::Hyperparameter`] if the learning rate of gradient descent is not finite in `F` or
///   rounds to 0, or an option of L-BFGS is out of range.
/// - [`Error::NotFinite`] if a number in `X` or `Y` is not finite.
/// - [`Error::Diverged`] if the cost or a parameter is no longer finite; `epoch` is the iteration.
/// - [`Error::TooLarge`] if the buffers do not fit in memory.
///
/// Source: Ng (2017), week 4, `two_layer_model`.
pub fn two_layer_model<'a, F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    n_h: usize,
    descent: impl Into<WatchedDescent<'a, F>>,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Trained<F>> {
    let sizes = [x.nrows(), n_h, y.nrows()];
    train(x, y, initialize_parameters_deep(&sizes, Initializer::Scaled(0.01), rng)?, descent.into())
}

/// Trains a network of any number of layers: ReLU layers, then a sigmoid layer.
///
/// `layers_dims` are the sizes n₀, n₁, …, n_L, inputs first; `X` (n₀, m), `Y` (n_L, m). The
/// weights start at `N(0, 1)/√n_prev`, [`Initializer::LeCun`]. With [`Descent::lbfgs`] it trains by
/// L-BFGS, as the other models do.
///
/// ```
/// use dnn_blocks::course::{Descent, l_layer_model};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 0.0]]);
/// let descent = Descent::new(0.3, 3000).every(100);
/// let trained = l_layer_model(&x, &y, &[2, 8, 4, 1], descent, &mut NumpyRandom::seed(1))?;
/// assert_eq!(predict(&x, &trained.parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::NoLayers`] if `layers_dims` has fewer than two sizes.
/// - [`Error::ShapeMismatch`] if `X` does not have n₀ rows, `Y` does not have n_L rows, or they
///   differ in their number of columns.
/// - [`Error::EmptyBatch`] if m is 0, [`Error::ZeroSize`] if a size is 0.
/// - [`Error::Hyperparameter`] if the learning rate of gradient descent is not finite in `F` or
///   rounds to 0, or an option of L-BFGS is out of range.
/// - [`Error::NotFinite`] if a number in `X` or `Y` is not finite.
/// - [`Error::Diverged`] if the cost or a parameter is no longer finite; `epoch` is the iteration.
/// - [`Error::TooLarge`] if the buffers do not fit in memory.
///
/// Source: Ng (2017), week 4, `L_layer_model`.
#[doc(alias = "L_layer_model")]
pub fn l_layer_model<'a, F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    layers_dims: &[usize],
    descent: impl Into<WatchedDescent<'a, F>>,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Trained<F>> {
    train(x, y, initialize_parameters_deep(layers_dims, Initializer::LeCun, rng)?, descent.into())
}

/// `Ok` if the data and the learning rate are finite, and the learning rate does not round to 0.
pub(super) fn check_values<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    learning_rate: f64,
) -> Result<()> {
    check_finite_in::<F>("learning_rate", learning_rate)?;
    let rounds_to_zero = learning_rate != 0.0 && F::of(learning_rate).is_zero();
    let rule = "different from 0 as an f32";
    check_hyperparameter(!rounds_to_zero, "learning_rate", learning_rate, rule)?;
    check_finite_features("X", x)?;
    check_finite("Y", y)
}

fn train<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    parameters: Parameters<F>,
    watched: WatchedDescent<'_, F>,
) -> Result<Trained<F>> {
    let descent = watched.descent;
    let Descent { learning_rate, num_iterations, .. } = descent;
    let mut batch = FullBatch::new(x.view(), y.view(), parameters)?;
    check_values(x, y, if descent.lbfgs.is_some() { 0.0 } else { learning_rate })?;
    if let Some(options) = descent.lbfgs {
        let options = options.max_iterations(num_iterations as u64);
        return minimize(x, y, batch.into_parameters(), options, watched);
    }
    let mut on_iteration = watched.on_iteration;
    let (mut costs, mut last) = (Vec::new(), num_iterations.saturating_sub(1));
    for i in 0..num_iterations {
        let cost = batch.step(learning_rate)?;
        if !cost.is_finite() {
            return Err(Error::Diverged { epoch: i, batch: 0 });
        }
        let iteration = Iteration { iteration: i, cost, parameters: batch.parameters() };
        let stops = on_iteration.as_mut().is_some_and(|f| f(&iteration).is_break());
        if descent.keeps(i) || stops {
            costs.push((i, cost));
        }
        if stops {
            last = i;
            break;
        }
    }
    let parameters = batch.into_parameters();
    if !parameters.is_finite() {
        return Err(Error::Diverged { epoch: last, batch: 0 });
    }
    Ok(Trained { parameters, costs, stop: None })
}

/// Trains a network by L-BFGS.
fn minimize<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    mut parameters: Parameters<F>,
    options: LbfgsOptions,
    watched: WatchedDescent<'_, F>,
) -> Result<Trained<F>> {
    let WatchedDescent { descent, on_iteration } = watched;
    let mut workspace = Workspace::new(&parameters, x.ncols())?;
    let mut search = Lbfgs::new(&parameters, options)?;
    // The search moves `parameters` to the next trial, so a callback gets a copy of the best.
    let mut callback = match on_iteration {
        Some(on_iteration) => Some((on_iteration, parameters.try_clone()?)),
        None => None,
    };
    let mut costs = Vec::new();
    loop {
        let cost = Cost::BinaryCrossEntropy;
        let (cost, gradients) = workspace.cost_and_gradients(x, y, &parameters, cost)?;
        let first = search.evaluations() == 0;
        if first && !(cost.is_finite() && gradients.norm().is_finite()) {
            return Err(Error::Diverged { epoch: 0, batch: 0 });
        }
        let before = search.iterations();
        let progress = search.step(&mut parameters, cost, gradients)?;
        let iteration = search.iterations() as usize;
        let mut stops = false;
        if let Some((on_iteration, best)) = &mut callback
            && search.iterations() > before
        {
            search.copy_best_to(best)?;
            let cost = F::of(search.cost());
            let ended = Iteration { iteration: iteration - 1, cost, parameters: best };
            stops = on_iteration(&ended).is_break();
        }
        if let Progress::Stopped(stop) = progress {
            if costs.last().is_none_or(|(last, _)| *last != iteration) {
                costs.push((iteration, F::of(search.cost())));
            }
            return Ok(Trained { parameters, costs, stop: Some(stop) });
        }
        if ((first || progress == Progress::Iteration) && descent.keeps(iteration)) || stops {
            costs.push((iteration, F::of(search.cost())));
        }
        if stops {
            search.copy_best_to(&mut parameters)?;
            return Ok(Trained { parameters, costs, stop: None });
        }
    }
}
