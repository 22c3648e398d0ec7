//! Limited-memory BFGS, for training on the full batch.
//!
//! ```math
//! \theta \leftarrow \theta + \alpha d
//! \qquad d = -H \nabla J(\theta)
//! \qquad s = \alpha d, \quad y = \nabla J(\theta + \alpha d) - \nabla J(\theta)
//! ```
//!
//! `θ` is all parameters of the network. `H` approximates the inverse of the Hessian matrix from
//! the last few pairs `(s, y)`. A line search finds an `α` that satisfies the strong Wolfe
//! conditions:
//!
//! ```math
//! J(\theta + \alpha d) \le J(\theta) + c_1 \alpha \nabla J(\theta)^T d
//! \qquad \lvert \nabla J(\theta + \alpha d)^T d \rvert \le c_2 \lvert \nabla J(\theta)^T d \rvert
//! ```
//!
//! with `c₁ = 1e-4` and `c₂ = 0.9`. There is no learning rate. The cost must be deterministic: the
//! same examples in each evaluation, and no dropout. The first step has length 1, which can leave
//! all units of a ReLU layer at 0; the gradient is then 0 and the search ends. Another seed or a
//! smooth activation, such as tanh, avoids that.
//!
//! Source: Liu & Nocedal (1989); Nocedal & Wright, *Numerical Optimization* (2006), algorithms 7.4,
//! 3.5 and 3.6.

use crate::buffer;
use crate::checks::{
    check_argument, check_finite, check_hyperparameter, check_lengths, check_non_negative,
    check_same_shape,
};
use crate::error::Operand;
use crate::gradients::check_same_network;
use crate::kernel::elementwise::{self, sum_of_products};
use crate::{Error, Float, Gradients, Parameters, Result};
use ndarray::ArrayRef2;
use std::fmt;

/// The constants of the strong Wolfe conditions, for the decrease and for the slope.
const C1: f64 = 1e-4;
const C2: f64 = 0.9;
/// The most evaluations of one line search.
const MOST_TRIALS: u32 = 20;

/// The history and the stopping rules of [`Lbfgs`].
///
/// The defaults are the same as in SciPy's L-BFGS-B, except for a limit of 1000 iterations.
///
/// ```
/// use dnn_blocks::train::lbfgs::LbfgsOptions;
///
/// let options = LbfgsOptions::default().max_iterations(200).gradient_tolerance(1e-8);
/// assert_eq!(options.history, 10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct LbfgsOptions {
    /// The number of pairs `(s, y)` that are kept, at least 1 (default 10).
    pub history: usize,
    /// The most iterations (default 1000).
    pub max_iterations: u64,
    /// The most evaluations of the cost (default 15,000).
    pub max_evaluations: u64,
    /// The search has converged if no derivative is larger than this (default 1e-5).
    pub gradient_tolerance: f64,
    /// The search has converged if an iteration from `J` to `J'` decreases the cost by at most this
    /// times `max(|J|, |J'|, 1)` (default 2.2e-9).
    pub decrease_tolerance: f64,
}

impl Default for LbfgsOptions {
    fn default() -> Self {
        Self {
            history: 10,
            max_iterations: 1000,
            max_evaluations: 15_000,
            gradient_tolerance: 1e-5,
            decrease_tolerance: 2.220_446_049_250_313e-9,
        }
    }
}

macro_rules! setters {
    ($($field:ident: $type:ty, $what:literal;)*) => {
        impl LbfgsOptions {
            $(
                #[doc = concat!("Sets ", $what, ".")]
                #[must_use]
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }
    };
}

setters!(
    history: usize, "the number of pairs `(s, y)` that are kept";
    max_iterations: u64, "the most iterations";
    max_evaluations: u64, "the most evaluations of the cost";
    gradient_tolerance: f64, "the largest derivative of a minimum";
    decrease_tolerance: f64, "the smallest relative decrease of an iteration";
);

impl LbfgsOptions {
    pub(crate) fn check(&self) -> Result<()> {
        check_hyperparameter(self.history > 0, "history", 0.0, "at least 1")?;
        check_non_negative::<f64>("gradient_tolerance", self.gradient_tolerance)?;
        check_non_negative::<f64>("decrease_tolerance", self.decrease_tolerance)
    }
}

/// What a step of [`Lbfgs`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The step set the parameters to another trial of the line search.
    Trial,
    /// The step accepted the last trial, which ends an iteration, and set the parameters to the
    /// first trial of the next one.
    Iteration,
    /// The search has ended. The parameters are the best that it found.
    Stopped(Stop),
}

/// The reason why a search has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Stop {
    /// No derivative is larger than the tolerance.
    Gradient,
    /// The last iteration decreased the cost by no more than the tolerance.
    Decrease,
    /// There were as many iterations as allowed: `max_iterations`, or the epochs of a model.
    Iterations,
    /// There were as many evaluations as allowed.
    Evaluations,
    /// No step along the gradient decreased the cost. Near a minimum this is the limit of the
    /// precision; elsewhere the gradients may be wrong.
    NoDecrease,
}

impl Stop {
    /// Returns whether the search reached one of its tolerances.
    #[must_use]
    pub fn converged(self) -> bool {
        matches!(self, Self::Gradient | Self::Decrease)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gradient => "converged: the gradient is below its tolerance",
            Self::Decrease => "converged: the decrease of the cost is below its tolerance",
            Self::Iterations => "not converged: the limit of iterations",
            Self::Evaluations => "not converged: the limit of evaluations",
            Self::NoDecrease => "not converged: no step decreased the cost",
        })
    }
}

/// A point of a line search: `α`, the cost there, and its derivative with respect to `α`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    alpha: f64,
    cost: f64,
    slope: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// No cost is known yet.
    Start,
    /// Algorithm 3.5: steps grow until an interval contains an acceptable one.
    Bracket {
        previous: Point,
    },
    /// Algorithm 3.6: the interval shrinks. `low` has the lowest cost of all acceptable decreases.
    Zoom {
        low: Point,
        high: Point,
    },
    Stopped(Stop),
}

/// A search for a minimum by L-BFGS.
///
/// A loop evaluates cost and gradients and passes them to [`step`](Self::step), which moves the
/// parameters to the next point to evaluate:
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions, Progress};
///
/// let x = array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]];
/// let y = array![[0.0, 1.0, 1.0, 0.0]];
/// let mut rng = NumpyRandom::seed(3);
/// let mut parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
/// let mut search = Lbfgs::new(&parameters, LbfgsOptions::default())?;
/// let stop = loop {
///     let (al, caches) = l_model_forward(&x, &parameters)?;
///     let (cost, gradients) = (compute_cost(&al, &y)?, l_model_backward(&al, &y, &caches)?);
///     if let Progress::Stopped(stop) = search.step(&mut parameters, cost, &gradients)? {
///         break stop;
///     }
/// };
/// println!("{stop}, {} evaluations", search.evaluations());
/// assert!(search.cost() < 1e-3);
/// assert_eq!(predict(&x, &parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// Every number that the search depends on is summed in `f64` in a fixed order, so it takes the
/// same steps on any number of threads. A step allocates nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Lbfgs<F> {
    options: LbfgsOptions,
    /// The shapes of `W` of each layer.
    shapes: Vec<(usize, usize)>,
    phase: Phase,
    /// The parameters at the start of the line search, their cost and gradient.
    theta: Vec<F>,
    cost: f64,
    gradient: Vec<F>,
    /// The direction of the line search, and the derivative of the cost along it.
    direction: Vec<F>,
    slope: f64,
    /// The step of the trial that is evaluated next, and the number of trials before it.
    alpha: f64,
    trials: u32,
    trial_gradient: Vec<F>,
    /// The gradient at the lowest point of the line search.
    low_gradient: Vec<F>,
    pairs: Vec<Pair<F>>,
    /// The number of pairs that are in use, and the index of the next one.
    used: usize,
    next: usize,
    iterations: u64,
    evaluations: u64,
    /// `α` of the last iteration.
    step_length: f64,
}

/// The state of a search between two iterations, from which it can go on. With the feature `serde`
/// it can be stored, beside the best parameters.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions, Progress};
///
/// # let x = array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]];
/// # let y = array![[0.0, 1.0, 1.0, 0.0]];
/// # let mut rng = NumpyRandom::seed(3);
/// # let mut parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
/// # let mut workspace = Workspace::new(&parameters, 4)?;
/// # let mut evaluate = |search: &mut Lbfgs<f64>, parameters: &mut Parameters<f64>| {
/// #     let cost = Cost::BinaryCrossEntropy;
/// #     let (cost, gradients) = workspace.cost_and_gradients(&x, &y, &*parameters, cost)?;
/// #     search.step(parameters, cost, gradients)
/// # };
/// let options = LbfgsOptions::default();
/// let mut search = Lbfgs::new(&parameters, options)?;
/// while evaluate(&mut search, &mut parameters)? == Progress::Trial {}
/// let mut best = parameters.clone();
/// search.copy_best_to(&mut best)?;
/// let state = search.state()?; // one iteration is done: save `best` and `state`
///
/// let mut again = Lbfgs::from_state(&mut best, options, &state)?;
/// assert_eq!(best, parameters); // the next trial
/// assert_eq!(evaluate(&mut again, &mut best)?, evaluate(&mut search, &mut parameters)?);
/// assert_eq!(best, parameters);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct LbfgsState<F> {
    pub(crate) cost: f64,
    pub(crate) gradient: Vec<F>,
    /// The pairs `(s, y)`, the newest first.
    pub(crate) pairs: Vec<(Vec<F>, Vec<F>)>,
    pub(crate) iterations: u64,
    pub(crate) evaluations: u64,
}

/// A step `s`, the change `y` of the gradient along it, and `1/sᵀy`.
#[derive(Debug, Clone, PartialEq)]
struct Pair<F> {
    s: Vec<F>,
    y: Vec<F>,
    rho: f64,
    /// A number of the two-loop recursion.
    a: f64,
}

impl<F: Float> Lbfgs<F> {
    /// Creates a search over these parameters, with `2·history + 5` numbers for each of them.
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] if the history is 0 or a tolerance is negative or not finite,
    /// [`Error::TooLarge`] if it does not fit in memory.
    pub fn new(parameters: &Parameters<F>, options: LbfgsOptions) -> Result<Self> {
        options.check()?;
        let zeros = || buffer::vec("the history of L-BFGS", (parameters.count(), 1));
        let pair = || Ok(Pair { s: zeros()?, y: zeros()?, rho: 0.0, a: 0.0 });
        Ok(Self {
            options,
            shapes: parameters.layers().iter().map(|layer| layer.w.dim()).collect(),
            phase: Phase::Start,
            theta: zeros()?,
            cost: f64::INFINITY,
            gradient: zeros()?,
            direction: zeros()?,
            slope: 0.0,
            alpha: 0.0,
            trials: 0,
            trial_gradient: zeros()?,
            low_gradient: zeros()?,
            pairs: buffer::try_list("the history of L-BFGS", options.history, {
                (0..options.history).map(|_| pair())
            })?,
            used: 0,
            next: 0,
            iterations: 0,
            evaluations: 0,
            step_length: 0.0,
        })
    }

    /// Continues a search from the best parameters of its last iteration, and moves them to the
    /// next point to evaluate, unless the search has [ended](Self::stopped).
    ///
    /// The steps that follow are bit-identical to those without interruption.
    ///
    /// # Errors
    ///
    /// The errors of [`new`](Self::new); [`Error::LengthMismatch`] if the state has another number
    /// of parameters, [`Error::NotFinite`] if a parameter is NaN or infinite,
    /// [`Error::Inconsistent`] if its numbers cannot come from a search. An error changes nothing.
    pub fn from_state(
        parameters: &mut Parameters<F>,
        options: LbfgsOptions,
        state: &LbfgsState<F>,
    ) -> Result<Self> {
        let mut search = Self::new(parameters, options)?;
        search.restore(parameters, state)?;
        Ok(search)
    }

    /// Replaces the state of the search.
    pub(crate) fn restore(
        &mut self,
        parameters: &mut Parameters<F>,
        state: &LbfgsState<F>,
    ) -> Result<()> {
        state.check(self.theta.len())?;
        self.check_network(parameters)?;
        parameters.check_finite()?;
        flatten_parameters(parameters, &mut self.theta);
        self.gradient.copy_from_slice(&state.gradient);
        let LbfgsState { cost, iterations, evaluations, .. } = *state;
        (self.cost, self.iterations, self.evaluations) = (cost, iterations, evaluations);
        let used = state.pairs.len().min(self.pairs.len());
        for (pair, (s, y)) in self.pairs.iter_mut().zip(state.pairs[..used].iter().rev()) {
            pair.s.copy_from_slice(s);
            pair.y.copy_from_slice(y);
            pair.rho = 1.0 / sum_of_products(s, y);
        }
        (self.used, self.next) = (used, used % self.pairs.len());
        self.next_search(parameters, None);
        Ok(())
    }

    /// Returns the state after the last iteration, without a copy.
    pub(crate) fn into_state(mut self) -> LbfgsState<F> {
        let len = self.pairs.len();
        let pairs = (0..self.used).map(|i| {
            let pair = &mut self.pairs[(self.next + len - 1 - i) % len];
            (std::mem::take(&mut pair.s), std::mem::take(&mut pair.y))
        });
        LbfgsState {
            cost: self.cost,
            pairs: pairs.collect(),
            gradient: self.gradient,
            iterations: self.iterations,
            evaluations: self.evaluations,
        }
    }

    /// Returns the state after the last iteration, with the number of evaluations so far.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] before the first step, [`Error::TooLarge`] if the copy does not
    /// fit in memory.
    pub fn state(&self) -> Result<LbfgsState<F>> {
        check_argument(self.evaluations > 0, "evaluations", 0.0, "at least 1")?;
        let len = self.pairs.len();
        let newest_first = (0..self.used).map(|i| &self.pairs[(self.next + len - 1 - i) % len]);
        let pairs = newest_first.map(|pair| Ok((copy(&pair.s)?, copy(&pair.y)?)));
        Ok(LbfgsState {
            cost: self.cost,
            gradient: copy(&self.gradient)?,
            pairs: pairs.collect::<Result<_>>()?,
            iterations: self.iterations,
            evaluations: self.evaluations,
        })
    }

    /// Copies the best parameters so far, from which the current line search started.
    ///
    /// Between two steps the parameters of the loop are a trial. Use this for a validation cost
    /// after [`Progress::Iteration`], or to stop a search.
    ///
    /// # Errors
    ///
    /// [`Error::LayerCount`] or [`Error::ShapeMismatch`] unless the parameters belong to the
    /// network of the search, [`Error::InvalidArgument`] before the first step.
    pub fn copy_best_to(&self, parameters: &mut Parameters<F>) -> Result<()> {
        self.check_network(parameters)?;
        check_argument(self.evaluations > 0, "evaluations", 0.0, "at least 1")?;
        unflatten(&self.theta, parameters);
        Ok(())
    }

    /// Returns the cost of the best parameters so far; infinite before the first step.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.cost
    }

    /// Returns the number of completed iterations.
    #[must_use]
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Returns the number of costs and gradients that were passed to [`step`](Self::step).
    #[must_use]
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Returns why the search has ended, if it has.
    #[must_use]
    pub fn stopped(&self) -> Option<Stop> {
        match self.phase {
            Phase::Stopped(stop) => Some(stop),
            _ => None,
        }
    }

    /// Returns the step length `α` of the last iteration; 0 before the first one.
    #[must_use]
    pub fn step_length(&self) -> f64 {
        self.step_length
    }

    /// Returns the norm of the gradient at the best parameters so far.
    #[must_use]
    pub fn gradient_norm(&self) -> f64 {
        sum_of_products(&self.gradient, &self.gradient).sqrt()
    }

    /// Returns the largest absolute derivative at the best parameters so far.
    #[must_use]
    pub fn largest_derivative(&self) -> f64 {
        self.gradient.iter().fold(0.0, |largest, g| g.as_f64().abs().max(largest))
    }

    /// Takes the cost and the gradients of these parameters, and moves the parameters to the next
    /// point.
    ///
    /// The parameters must be as the previous step left them. A cost that is infinite or NaN counts
    /// as too high, so the next trial is closer; only the first cost must be finite. After the end
    /// of the search, a step changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::LayerCount`] or [`Error::ShapeMismatch`] unless parameters and gradients belong to
    /// the network of the search, [`Error::InvalidArgument`] if the first cost is not finite,
    /// [`Error::NotFinite`] if one of its gradients is not. An error changes nothing.
    #[inline(never)]
    pub fn step(
        &mut self,
        parameters: &mut Parameters<F>,
        cost: F,
        gradients: &Gradients<F>,
    ) -> Result<Progress> {
        check_same_network(parameters, gradients)?;
        self.check_network(parameters)?;
        let cost = cost.as_f64();
        match self.phase {
            Phase::Stopped(stop) => Ok(Progress::Stopped(stop)),
            Phase::Start => self.start(parameters, cost, gradients),
            Phase::Bracket { previous } => {
                let trial = self.take_trial(cost, gradients);
                Ok(self.bracket(parameters, previous, trial))
            }
            Phase::Zoom { low, high } => {
                let trial = self.take_trial(cost, gradients);
                Ok(self.zoom(parameters, low, high, trial))
            }
        }
    }

    /// Checks that the search was made for a network of these shapes.
    fn check_network(&self, parameters: &Parameters<F>) -> Result<()> {
        let (layers, shapes) = (parameters.layers(), &self.shapes);
        if layers.len() != shapes.len() {
            return Err(Error::LayerCount { expected: layers.len(), found: shapes.len() });
        }
        for (l, (layer, &shape)) in layers.iter().zip(shapes).enumerate() {
            let of_search = Operand { name: "W of the search", shape };
            check_same_shape(Operand::new("W", &layer.w), of_search)
                .map_err(|e| e.in_layer(l + 1))?;
        }
        Ok(())
    }

    fn start(
        &mut self,
        parameters: &mut Parameters<F>,
        cost: f64,
        gradients: &Gradients<F>,
    ) -> Result<Progress> {
        check_argument(cost.is_finite(), "cost", cost, "finite at the start")?;
        for (l, layer) in gradients.layers().iter().enumerate() {
            check_finite("dW", &layer.dw)
                .and_then(|()| check_finite("db", &layer.db))
                .map_err(|e| e.in_layer(l + 1))?;
        }
        self.evaluations = 1;
        self.cost = cost;
        flatten_gradients(gradients, &mut self.gradient);
        flatten_parameters(parameters, &mut self.theta);
        Ok(self.next_search(parameters, None))
    }

    /// Reads the cost and the gradients of a trial.
    fn take_trial(&mut self, cost: f64, gradients: &Gradients<F>) -> Point {
        self.evaluations += 1;
        self.trials += 1;
        flatten_gradients(gradients, &mut self.trial_gradient);
        let slope = sum_of_products(&self.trial_gradient, &self.direction);
        // A slope that is not finite makes the trial as bad as an infinite cost.
        let cost = if slope.is_finite() { cost } else { f64::INFINITY };
        Point { alpha: self.alpha, cost, slope }
    }

    /// Returns whether the cost of a trial is too high for its step.
    fn is_high(&self, trial: Point) -> bool {
        let limit = self.cost + C1 * trial.alpha * self.slope + self.rounding();
        trial.cost > limit || trial.cost.is_nan()
    }

    /// Returns the difference of two costs that counts as rounding. Near a minimum the costs differ
    /// by less, and only the slopes tell which point is lower.
    fn rounding(&self) -> f64 {
        4.0 * F::epsilon().as_f64() * self.cost.abs()
    }

    fn is_flat(&self, trial: Point) -> bool {
        trial.slope.abs() <= -C2 * self.slope
    }

    fn bracket(
        &mut self,
        parameters: &mut Parameters<F>,
        previous: Point,
        trial: Point,
    ) -> Progress {
        if self.is_high(trial) || (self.trials > 1 && trial.cost >= previous.cost + self.rounding())
        {
            return self.try_between(parameters, previous, trial);
        }
        self.low_gradient.copy_from_slice(&self.trial_gradient);
        if self.is_flat(trial) {
            return self.accept(parameters, trial);
        }
        if trial.slope >= 0.0 {
            return self.try_between(parameters, trial, previous);
        }
        if self.is_last_trial() {
            return self.accept(parameters, trial);
        }
        // The cost still falls: a longer step, by the cubic through both points if it is longer.
        let width = trial.alpha - previous.alpha;
        let longer = cubic_minimum(previous, trial).filter(|alpha| *alpha > trial.alpha);
        let longest = trial.alpha + 4.0 * width;
        let alpha = longer.unwrap_or(longest).clamp(trial.alpha + 1.1 * width, longest);
        self.phase = Phase::Bracket { previous: trial };
        self.try_at(parameters, alpha)
    }

    fn zoom(
        &mut self,
        parameters: &mut Parameters<F>,
        low: Point,
        high: Point,
        trial: Point,
    ) -> Progress {
        if self.is_high(trial) || trial.cost >= low.cost + self.rounding() {
            return self.try_between(parameters, low, trial);
        }
        self.low_gradient.copy_from_slice(&self.trial_gradient);
        if self.is_flat(trial) {
            return self.accept(parameters, trial);
        }
        let high = if trial.slope * (high.alpha - low.alpha) >= 0.0 { low } else { high };
        self.try_between(parameters, trial, high)
    }

    fn is_last_trial(&self) -> bool {
        self.trials >= MOST_TRIALS || self.evaluations >= self.options.max_evaluations
    }

    /// Tries a step between two points, unless the interval or the evaluations are used up.
    fn try_between(&mut self, parameters: &mut Parameters<F>, low: Point, high: Point) -> Progress {
        let width = high.alpha - low.alpha;
        let narrow = width.abs() <= 1e-9 * low.alpha.max(high.alpha);
        if self.is_last_trial() || narrow {
            return self.give_up(parameters, low);
        }
        let (least, most) = (low.alpha + 0.1 * width, low.alpha + 0.9 * width);
        let middle = low.alpha + 0.5 * width;
        let alpha = cubic_minimum(low, high).unwrap_or(middle);
        let alpha = alpha.clamp(least.min(most), least.max(most));
        self.phase = Phase::Zoom { low, high };
        self.try_at(parameters, alpha)
    }

    /// Ends a line search without an acceptable step: by the lowest point, or by a new search along
    /// the gradient.
    fn give_up(&mut self, parameters: &mut Parameters<F>, low: Point) -> Progress {
        if low.cost < self.cost {
            return self.accept(parameters, low);
        }
        if self.evaluations >= self.options.max_evaluations {
            return self.stop(parameters, Stop::Evaluations);
        }
        if self.used == 0 {
            return self.stop(parameters, Stop::NoDecrease);
        }
        self.used = 0;
        match self.search_along(parameters) {
            true => Progress::Trial,
            false => self.stop(parameters, Stop::NoDecrease),
        }
    }

    /// Ends an iteration at this point, whose gradient is the lowest one.
    fn accept(&mut self, parameters: &mut Parameters<F>, point: Point) -> Progress {
        let alpha = F::of(point.alpha);
        // The next pair replaces the oldest one, also if it turns out to be of no use.
        self.used = self.used.min(self.pairs.len() - 1);
        let pair = &mut self.pairs[self.next];
        for (s, d) in pair.s.iter_mut().zip(&self.direction) {
            *s = alpha * *d;
        }
        for ((y, now), before) in pair.y.iter_mut().zip(&self.low_gradient).zip(&self.gradient) {
            *y = *now - *before;
        }
        let product = sum_of_products(&pair.s, &pair.y);
        if product > f64::EPSILON * sum_of_products(&pair.y, &pair.y) {
            pair.rho = 1.0 / product;
            self.next = (self.next + 1) % self.pairs.len();
            self.used += 1;
        }
        elementwise::add_scaled_slice(&mut self.theta, alpha, &self.direction);
        self.gradient.copy_from_slice(&self.low_gradient);
        let before = std::mem::replace(&mut self.cost, point.cost);
        self.iterations += 1;
        self.step_length = point.alpha;
        let scale = before.abs().max(self.cost.abs()).max(1.0);
        self.next_search(parameters, Some((before - self.cost) / scale))
    }

    /// Stops, or starts the line search of the next iteration. `decrease` is the relative decrease
    /// of the last one.
    fn next_search(&mut self, parameters: &mut Parameters<F>, decrease: Option<f64>) -> Progress {
        let options = self.options;
        let stop = if self.largest_derivative() <= options.gradient_tolerance {
            Some(Stop::Gradient)
        } else if decrease.is_some_and(|decrease| decrease <= options.decrease_tolerance) {
            Some(Stop::Decrease)
        } else if self.iterations >= options.max_iterations {
            Some(Stop::Iterations)
        } else if self.evaluations >= options.max_evaluations {
            Some(Stop::Evaluations)
        } else {
            None
        };
        if let Some(stop) = stop {
            return self.stop(parameters, stop);
        }
        if !self.search_along(parameters) {
            return self.stop(parameters, Stop::NoDecrease);
        }
        if decrease.is_some() { Progress::Iteration } else { Progress::Trial }
    }

    fn stop(&mut self, parameters: &mut Parameters<F>, stop: Stop) -> Progress {
        self.phase = Phase::Stopped(stop);
        unflatten(&self.theta, parameters);
        Progress::Stopped(stop)
    }

    /// Starts a line search along `-H·∇J`. Returns `false` if no direction has a finite slope below
    /// 0.
    fn search_along(&mut self, parameters: &mut Parameters<F>) -> bool {
        self.compute_direction();
        self.slope = sum_of_products(&self.gradient, &self.direction);
        if !(self.slope < 0.0 && self.slope.is_finite()) {
            self.used = 0;
            self.compute_direction();
            self.slope = sum_of_products(&self.gradient, &self.direction);
            if !(self.slope < 0.0 && self.slope.is_finite()) {
                return false;
            }
        }
        // Without a pair the length of the direction means nothing: the first step has length 1.
        let alpha = if self.used == 0 { (1.0 / (-self.slope).sqrt()).min(1.0) } else { 1.0 };
        self.trials = 0;
        self.phase =
            Phase::Bracket { previous: Point { alpha: 0.0, cost: self.cost, slope: self.slope } };
        self.try_at(parameters, alpha);
        true
    }

    /// Computes `d = -H·∇J` by the two-loop recursion (algorithm 7.4).
    fn compute_direction(&mut self) {
        let Self { direction, gradient, pairs, used, next, .. } = self;
        for (d, g) in direction.iter_mut().zip(&*gradient) {
            *d = -*g;
        }
        let len = pairs.len();
        let newest_first = |i: usize| (*next + len - 1 - i) % len;
        for i in (0..*used).map(newest_first) {
            let pair = &mut pairs[i];
            pair.a = pair.rho * sum_of_products(&pair.s, direction);
            elementwise::add_scaled_slice(direction, F::of(-pair.a), &pair.y);
        }
        if *used > 0 {
            let newest = &pairs[newest_first(0)];
            let scale = F::of(1.0 / (newest.rho * sum_of_products(&newest.y, &newest.y)));
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for i in (0..*used).rev().map(newest_first) {
            let pair = &pairs[i];
            let b = pair.rho * sum_of_products(&pair.y, direction);
            elementwise::add_scaled_slice(direction, F::of(pair.a - b), &pair.s);
        }
    }

    /// Sets the parameters to `θ + α·d`.
    fn try_at(&mut self, parameters: &mut Parameters<F>, alpha: f64) -> Progress {
        self.alpha = alpha;
        let alpha = F::of(alpha);
        // The trial gradient is free until the next evaluation.
        self.trial_gradient.copy_from_slice(&self.theta);
        elementwise::add_scaled_slice(&mut self.trial_gradient, alpha, &self.direction);
        unflatten(&self.trial_gradient, parameters);
        Progress::Trial
    }
}

fn copy<F: Float>(numbers: &[F]) -> Result<Vec<F>> {
    buffer::list("the history of L-BFGS", numbers.len(), numbers.iter().copied())
}

impl<F: Float> LbfgsState<F> {
    /// Copies the state, or returns an error if memory is short.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let pairs = self.pairs.iter().map(|(s, y)| Ok((copy(s)?, copy(y)?)));
        Ok(Self { gradient: copy(&self.gradient)?, pairs: pairs.collect::<Result<_>>()?, ..*self })
    }

    /// Returns whether the state is of a point with this cost and these gradients.
    pub(crate) fn belongs_to(&self, cost: F, gradients: &Gradients<F>) -> bool {
        let matrices = gradients.layers().iter().flat_map(|layer| [&layer.dw, &layer.db]);
        cost.as_f64() == self.cost && matrices.flatten().eq(&self.gradient)
    }

    /// Counts iterations and evaluations anew.
    pub(crate) fn reset_counts(&mut self) {
        (self.iterations, self.evaluations) = (0, 1);
    }

    /// Checks that a search over `count` parameters can have this state.
    pub(crate) fn check(&self, count: usize) -> Result<()> {
        let vectors = self.pairs.iter().flat_map(|(s, y)| [s, y]).chain([&self.gradient]);
        for vector in vectors {
            check_lengths(("the parameters", count), ("a vector of L-BFGS", vector.len()))?;
        }
        let curved = |(s, y): &(Vec<F>, Vec<F>)| {
            let product = sum_of_products(s, y);
            product > 0.0 && product.is_finite()
        };
        let finite = self.cost.is_finite() && self.gradient.iter().all(|g| g.is_finite());
        let counted = self.iterations <= u64::MAX / 2 && self.evaluations <= u64::MAX / 2;
        if finite && counted && self.pairs.iter().all(curved) {
            Ok(())
        } else {
            Err(Error::Inconsistent { what: "the state of L-BFGS cannot come from a search" })
        }
    }
}

/// Returns the minimum of the cubic with the costs and slopes of two points (Nocedal & Wright,
/// equation 3.59).
fn cubic_minimum(a: Point, b: Point) -> Option<f64> {
    let d1 = a.slope + b.slope - 3.0 * (a.cost - b.cost) / (a.alpha - b.alpha);
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt().copysign(b.alpha - a.alpha);
    let alpha =
        b.alpha - (b.alpha - a.alpha) * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    alpha.is_finite().then_some(alpha)
}

/// The matrices of a network, in the order in which they lie in a vector.
fn flatten<'m, F: Float>(matrices: impl Iterator<Item = &'m ArrayRef2<F>>, to: &mut [F]) {
    let mut rest = to;
    for matrix in matrices {
        let (part, after) = std::mem::take(&mut rest).split_at_mut(matrix.len());
        for (to, from) in part.iter_mut().zip(matrix) {
            *to = *from;
        }
        rest = after;
    }
}

fn flatten_gradients<F: Float>(gradients: &Gradients<F>, to: &mut [F]) {
    let matrices = gradients.layers().iter().flat_map(|layer| [&*layer.dw, &*layer.db]);
    flatten(matrices, to);
}

fn flatten_parameters<F: Float>(parameters: &Parameters<F>, to: &mut [F]) {
    let matrices = parameters.layers().iter().flat_map(|layer| [&*layer.w, &*layer.b]);
    flatten(matrices, to);
}

fn unflatten<F: Float>(from: &[F], parameters: &mut Parameters<F>) {
    let mut numbers = from.iter();
    for layer in parameters.layers_mut() {
        for matrix in [&mut layer.w, &mut layer.b] {
            for (to, from) in matrix.iter_mut().zip(&mut numbers) {
                *to = *from;
            }
        }
    }
}
