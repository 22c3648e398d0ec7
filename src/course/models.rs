//! The models of the course, from the data to trained parameters.

use crate::activation::Activation;
use crate::checks::{check_finite, check_finite_features, check_finite_in, check_hyperparameter};
use crate::init::{Initializer, NumpyRandom, RandomSource, initialize_parameters_deep};
use crate::train::full_batch::FullBatch;
use crate::{Error, Float, Parameters, Result};
use ndarray::ArrayRef2;

/// The result of a model of the course.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound(serialize = "F: Float + serde::Serialize")))]
#[cfg_attr(feature = "serde", serde(bound(deserialize = "F: Float + serde::Deserialize<'de>")))]
#[non_exhaustive]
pub struct Trained<F> {
    /// The parameters after the last iteration.
    pub parameters: Parameters<F>,
    /// The kept iterations, from 0, with the cost before the update of each.
    pub costs: Vec<(usize, F)>,
}

/// The settings of a gradient descent.
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
    /// The learning rate α.
    pub learning_rate: f64,
    /// The number of updates.
    pub num_iterations: usize,
    /// The cost is kept at iteration 0, `every`, `2·every`, … and the last; 0 keeps only the last.
    /// Default: 100, as in the course.
    pub every: usize,
}

impl Descent {
    /// Takes so many steps of gradient descent.
    #[must_use]
    pub fn new(learning_rate: f64, num_iterations: usize) -> Self {
        Self { learning_rate, num_iterations, every: 100 }
    }

    /// Sets which costs are kept: every so many iterations.
    #[must_use]
    pub fn every(self, every: usize) -> Self {
        Self { every, ..self }
    }

    /// Whether the cost of iteration `i` is kept.
    pub(super) fn keeps(&self, i: usize) -> bool {
        (self.every > 0 && i.is_multiple_of(self.every)) || i + 1 == self.num_iterations
    }
}

/// Trains logistic regression: one sigmoid unit, from zeros. `w` of the course is the row `W1`.
///
/// `X` (n_x, m), `Y` (1, m).
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
/// The errors of [`FullBatch::new`]; [`Error::Hyperparameter`] if the learning rate is not finite in
/// `F`, [`Error::NotFinite`], [`Error::Diverged`] with the iteration as the epoch.
pub fn logistic_regression<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    descent: Descent,
) -> Result<Trained<F>> {
    let sizes = [x.nrows(), y.nrows()];
    let mut none = NumpyRandom::seed(0);
    run(x, y, initialize_parameters_deep(&sizes, Initializer::Zeros, &mut none)?, descent)
}

/// Trains the planar model: `n_h` tanh units, then a sigmoid.
///
/// `X` (n_x, m), `Y` (n_y, m).
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
/// The errors of [`FullBatch::new`]; [`Error::Hyperparameter`] if the learning rate is not finite in
/// `F`, [`Error::NotFinite`], [`Error::Diverged`] with the iteration as the epoch.
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

/// Trains two layers: `n_h` ReLU units, then a sigmoid.
///
/// `X` (n_x, m), `Y` (n_y, m).
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
/// The errors of [`FullBatch::new`]; [`Error::Hyperparameter`] if the learning rate is not finite in
/// `F`, [`Error::NotFinite`], [`Error::Diverged`] with the iteration as the epoch.
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

/// Trains any number of layers: ReLU units, then a sigmoid; `layers_dims` as in
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
/// let descent = Descent::new(0.3, 3000).every(100);
/// let trained = l_layer_model(&x, &y, &[2, 8, 4, 1], descent, &mut NumpyRandom::seed(1))?;
/// assert_eq!(predict(&x, &trained.parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`initialize_parameters_deep`] and [`FullBatch::new`]; [`Error::Hyperparameter`] if
/// the learning rate is not finite in `F`, [`Error::NotFinite`], [`Error::Diverged`] with the
/// iteration as the epoch.
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

/// Checks the values of the data and the learning rate.
pub(super) fn check_values<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    learning_rate: f64,
) -> Result<()> {
    check_finite_in::<F>("learning_rate", learning_rate)?;
    let lost = learning_rate != 0.0 && F::of(learning_rate).is_zero();
    check_hyperparameter(!lost, "learning_rate", learning_rate, "different from 0 as an f32")?;
    check_finite_features("X", x)?;
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
        let cost = batch.step(learning_rate)?;
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
