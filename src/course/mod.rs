//! The models of the course, each a few lines on top of the blocks: full-batch gradient descent
//! from given random numbers.
//!
//! | function | network | `W` starts at | course |
//! |---|---|---|---|
//! | [`logistic_regression`] | sigmoid | 0 | week 2, `model` |
//! | [`nn_model`] | tanh, sigmoid | `N(0, 1)·0.01` | week 3 |
//! | [`two_layer_model`] | ReLU, sigmoid | `N(0, 1)·0.01` | week 4 |
//! | [`l_layer_model`] | ReLU …, sigmoid | `N(0, 1)/√n_prev` | week 4 |
//!
//! [`initialize_with_zeros`], [`propagate`] and [`optimize`] are the functions of week 2, with its
//! column `w` and number `b`. [`datasets`] generates data to try them on.
//!
//! The models need a finite `X` and `Y`, but not labels of 0 and 1: some of the course's own cases
//! have others. A cost or parameters that are no longer finite stop the descent.
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, weeks 2 to 4 (2017).

pub mod datasets;
mod week2;

pub use week2::{
    LogisticGradients, LogisticParameters, initialize_with_zeros, optimize, propagate,
};

use crate::activation::Activation;
use crate::data::check_finite;
use crate::error::{check_finite_in, check_hyperparameter};
use crate::init::{Initializer, NumpyRandom, RandomSource, initialize_parameters_deep};
use crate::train::full_batch::FullBatch;
use crate::{Error, Float, Parameters, Result};
use ndarray::ArrayRef2;

/// What a model of the course returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained<F> {
    /// The parameters after the last iteration.
    pub parameters: Parameters<F>,
    /// Iterations, from 0, and the cost before the update of each: every so many that was asked
    /// for, and the last one.
    pub costs: Vec<(usize, F)>,
}

/// How long and how fast to descend, and which costs to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descent {
    /// α.
    pub learning_rate: f64,
    /// The number of updates.
    pub num_iterations: usize,
    /// The cost is kept at iteration 0, `every`, `2·every`, … and the last; 0 keeps none but that.
    pub every: usize,
}

impl Descent {
    /// Whether the cost of iteration `i` is kept.
    fn keeps(&self, i: usize) -> bool {
        (self.every > 0 && i.is_multiple_of(self.every)) || i + 1 == self.num_iterations
    }
}

/// Logistic regression: one sigmoid unit, from zeros. `w` of the course is the row `W1`.
///
/// `X` (n_x, m), `Y` (1, m).
///
/// ```
/// use dnn_blocks::course::{Descent, logistic_regression};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[1.0, 2.0, -1.0], [3.0, 4.0, -3.2]], array![[1.0, 0.0, 1.0]]);
/// let descent = Descent { learning_rate: 0.009, num_iterations: 100, every: 50 };
/// let trained = logistic_regression(&x, &y, descent)?;
/// assert_eq!(trained.costs[0], (0, 2.0_f64.ln()));
/// assert_eq!(trained.costs.len(), 3); // 0, 50, 99
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`FullBatch::new`]; [`Error::Hyperparameter`] if α is not finite, [`Error::NotFinite`],
/// [`Error::Diverged`] with the iteration as the epoch.
pub fn logistic_regression<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    descent: Descent,
) -> Result<Trained<F>> {
    let sizes = [x.nrows(), y.nrows()];
    let mut none = NumpyRandom::seed(0);
    run(x, y, initialize_parameters_deep(&sizes, Initializer::Zeros, &mut none)?, descent)
}

/// The planar model: `n_h` tanh units, then a sigmoid.
///
/// `X` (n_x, m), `Y` (n_y, m).
///
/// ```
/// use dnn_blocks::course::{Descent, nn_model};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 1.0]]);
/// let descent = Descent { learning_rate: 1.2, num_iterations: 1000, every: 100 };
/// let trained = nn_model(&x, &y, 4, descent, &mut NumpyRandom::seed(3))?;
/// assert_eq!(predict(&x, &trained.parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`FullBatch::new`]; [`Error::Hyperparameter`] if α is not finite, [`Error::NotFinite`],
/// [`Error::Diverged`] with the iteration as the epoch.
pub fn nn_model<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    n_h: usize,
    descent: Descent,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Trained<F>> {
    let sizes = [x.nrows(), n_h, y.nrows()];
    let parameters = initialize_parameters_deep(&sizes, Initializer::Scaled(0.01), rng)?;
    run(x, y, parameters.with_activations(Activation::Tanh, Activation::Sigmoid), descent)
}

/// Two layers: `n_h` ReLU units, then a sigmoid.
///
/// `X` (n_x, m), `Y` (n_y, m).
///
/// ```
/// use dnn_blocks::course::{Descent, two_layer_model};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 0.0]]);
/// let descent = Descent { learning_rate: 0.0075, num_iterations: 2500, every: 100 };
/// let trained = two_layer_model(&x, &y, 7, descent, &mut NumpyRandom::seed(1))?;
/// assert_eq!(trained.costs.last().map(|(iteration, _)| *iteration), Some(2499));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`FullBatch::new`]; [`Error::Hyperparameter`] if α is not finite, [`Error::NotFinite`],
/// [`Error::Diverged`] with the iteration as the epoch.
pub fn two_layer_model<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    n_h: usize,
    descent: Descent,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Trained<F>> {
    let sizes = [x.nrows(), n_h, y.nrows()];
    run(x, y, initialize_parameters_deep(&sizes, Initializer::Scaled(0.01), rng)?, descent)
}

/// Any number of layers: ReLU units, then a sigmoid; `layers_dims` as in
/// [`initialize_parameters_deep`].
///
/// `X` (layers_dims\[0\], m), `Y` (last of layers_dims, m).
///
/// ```
/// use dnn_blocks::course::{Descent, l_layer_model};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 0.0]]);
/// let descent = Descent { learning_rate: 0.3, num_iterations: 3000, every: 100 };
/// let trained = l_layer_model(&x, &y, &[2, 8, 4, 1], descent, &mut NumpyRandom::seed(1))?;
/// assert_eq!(predict(&x, &trained.parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`initialize_parameters_deep`] and [`FullBatch::new`]; [`Error::Hyperparameter`] if α is not finite, [`Error::NotFinite`],
/// [`Error::Diverged`] with the iteration as the epoch.
#[doc(alias = "L_layer_model")]
pub fn l_layer_model<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    layers_dims: &[usize],
    descent: Descent,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Trained<F>> {
    run(x, y, initialize_parameters_deep(layers_dims, Initializer::LeCun, rng)?, descent)
}

/// What every model refuses, apart from shapes.
fn check_values<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef2<F>, learning_rate: f64) -> Result<()> {
    check_finite_in::<F>("learning_rate", learning_rate)?;
    let lost = learning_rate != 0.0 && F::of(learning_rate).is_zero();
    check_hyperparameter(!lost, "learning_rate", learning_rate, "not 0 as an f32")?;
    check_finite("X", x)?;
    check_finite("Y", y)
}

fn run<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    parameters: Parameters<F>,
    descent: Descent,
) -> Result<Trained<F>> {
    let Descent { learning_rate, num_iterations, .. } = descent;
    let mut batch = FullBatch::new(x.view(), y.view(), parameters)?;
    check_values(x, y, learning_rate)?;
    let mut costs = Vec::new();
    for i in 0..num_iterations {
        let cost = batch.step(F::of(learning_rate))?;
        if !cost.is_finite() {
            return Err(Error::Diverged { epoch: i, batch: 0 });
        }
        if descent.keeps(i) {
            costs.push((i, cost));
        }
    }
    let parameters = batch.into_parameters();
    if !parameters.is_finite() {
        return Err(Error::Diverged { epoch: num_iterations.saturating_sub(1), batch: 0 });
    }
    Ok(Trained { parameters, costs })
}
