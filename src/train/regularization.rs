//! L2 regularization and dropout.
//!
//! ```math
//! J = \frac{1}{m} \sum_{i=1}^{m} \mathcal{L}^{(i)}
//! + \frac{\lambda}{2m} \sum_{l} \lVert W^{[l]} \rVert^2
//! \qquad
//! \tilde A^{[l]} = \frac{A^{[l]} \circ D^{[l]}}{p} \quad D^{[l]} \sim \mathrm{Bernoulli}(p)
//! ```
//!
//! Biases are not regularized, and the output layer has no dropout, as in the course.
//!
//! Source: A. Ng, *Improving Deep Neural Networks*, week 1 (2017); Krogh & Hertz (1992) for L2,
//! Srivastava et al. (2014) for dropout.

use super::batches::BatchColumns;
#[cfg(doc)]
use crate::Error;
use crate::buffer;
use crate::checks::{check_argument, check_finite_in, check_probability, check_same_shape};
use crate::cost::{Cost, MeanLoss, StepCost, compute_cost};
use crate::error::Operand;
use crate::forward::{LayerCache, linear_activation_forward};
use crate::gradients::check_same_network;
use crate::init::RandomSource;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map2, add_scaled};
use crate::{Float, Gradients, Parameters, Result};
use ndarray::{Array2, ArrayRef2, CowArray, Ix2};

/// A training objective: a cost with an L2 term, `J = cost + λ/(2m) Σ ‖W‖²`.
///
/// Functions that take an objective also take a [`Cost`] or a [`MeanLoss`], without an L2 term.
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.7);
/// assert_eq!(objective.cost, Cost::BinaryCrossEntropy);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Objective<C = Cost> {
    /// The cost.
    pub cost: C,
    /// The strength λ of the L2 term, divided by the number of examples of each batch; 0 for none.
    pub l2: f64,
}

impl<C> Objective<C> {
    /// Creates an objective without L2.
    #[must_use]
    pub fn new(cost: C) -> Self {
        Self { cost, l2: 0.0 }
    }

    /// Sets the strength λ of the L2 term.
    #[must_use]
    pub fn l2(self, l2: f64) -> Self {
        Self { l2, ..self }
    }
}

impl From<Cost> for Objective {
    fn from(cost: Cost) -> Self {
        Self::new(cost)
    }
}

impl From<&Cost> for Objective {
    fn from(cost: &Cost) -> Self {
        Self::new(cost.clone())
    }
}

impl<L> From<MeanLoss<L>> for Objective<MeanLoss<L>> {
    fn from(cost: MeanLoss<L>) -> Self {
        Self::new(cost)
    }
}

impl<'l, L> From<&'l MeanLoss<L>> for Objective<MeanLoss<&'l L>> {
    fn from(cost: &'l MeanLoss<L>) -> Self {
        Self::new(MeanLoss(&cost.0))
    }
}

impl<C: Clone> From<&Objective<C>> for Objective<C> {
    fn from(objective: &Objective<C>) -> Self {
        objective.clone()
    }
}

/// A borrowed [`Objective`], as a training step takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepObjective<'a, F> {
    pub cost: &'a dyn StepCost<F>,
    pub l2: f64,
}

impl<C> Objective<C> {
    /// Borrows the objective for a step.
    pub(crate) fn by_ref<F: Float>(&self) -> StepObjective<'_, F>
    where
        C: StepCost<F>,
    {
        StepObjective { cost: &self.cost, l2: self.l2 }
    }
}

/// Computes the L2 term, `λ/(2m) Σ ‖W‖²` over all layers, for m examples.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::regularization::l2_cost;
///
/// let (w, b) = (array![[3.0, 4.0]], array![[9.0]]);
/// let layer = Layer { w, b, activation: Activation::Sigmoid };
/// let parameters = Parameters::from_layers(vec![layer])?;
/// assert_eq!(l2_cost(&parameters, 0.1, 5)?, 0.25);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if m is 0, [`Error::Hyperparameter`] if `lambda` is not finite in
/// `F`.
pub fn l2_cost<F: Float>(parameters: &Parameters<F>, lambda: f64, m: usize) -> Result<F> {
    check_examples(m)?;
    check_lambda::<F>(lambda)?;
    let squares = parameters.layers().iter().map(|layer| elementwise::sum_of_squares(&layer.w));
    let sum: f64 = squares.sum();
    Ok(F::of(lambda / (2.0 * m as f64) * sum))
}

pub(crate) fn check_lambda<F: Float>(lambda: f64) -> Result<()> {
    check_finite_in::<F>("lambda", lambda)
}

fn check_examples(m: usize) -> Result<()> {
    check_argument(m > 0, "m", m as f64, "at least 1")
}

/// Computes the cross-entropy cost with the L2 term, `J = compute_cost + λ/(2m) Σ ‖W‖²`.
///
/// `AL`, `Y` (n_L, m).
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::regularization::compute_cost_with_regularization;
///
/// # let (w, b) = (array![[3.0, 4.0]], array![[9.0]]);
/// # let layer = Layer { w, b, activation: Activation::Sigmoid };
/// # let parameters = Parameters::from_layers(vec![layer])?;
/// let (al, y) = (array![[0.5, 0.5]], array![[1.0, 0.0]]);
/// let cost = compute_cost_with_regularization(&al, &y, &parameters, 0.1)?;
/// assert!((cost - (0.5_f64.ln().abs() + 0.625)).abs() < 1e-15);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`compute_cost`]; [`Error::Hyperparameter`] if `lambda` is not finite in `F`.
pub fn compute_cost_with_regularization<F: Float>(
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    parameters: &Parameters<F>,
    lambda: f64,
) -> Result<F> {
    Ok(compute_cost(al, y)? + l2_cost(parameters, lambda, al.ncols())?)
}

/// Adds the derivative of the L2 term, `dW ← dW + λ/m W`, in every layer.
///
/// After [`l_model_backward`](crate::backward::l_model_backward) this gives the course's
/// `backward_propagation_with_regularization`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::regularization::add_l2_gradient;
///
/// # let (w, b) = (array![[3.0, 4.0]], array![[9.0]]);
/// # let layer = Layer { w, b, activation: Activation::Sigmoid };
/// # let parameters = Parameters::from_layers(vec![layer])?;
/// let mut gradients = Gradients::zeros_like(&parameters);
/// add_l2_gradient(&mut gradients, &parameters, 1.0, 2)?;
/// assert_eq!(gradients.layers()[0].dw, array![[1.5, 2.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LayerCount`] or [`Error::ShapeMismatch`] if `gradients` belong to another network,
/// [`Error::InvalidArgument`] if m is 0, [`Error::Hyperparameter`] if `lambda` is not finite in
/// `F`.
#[doc(alias = "backward_propagation_with_regularization")]
pub fn add_l2_gradient<F: Float>(
    gradients: &mut Gradients<F>,
    parameters: &Parameters<F>,
    lambda: f64,
    m: usize,
) -> Result<()> {
    check_same_network(parameters, gradients)?;
    check_examples(m)?;
    check_lambda::<F>(lambda)?;
    for (layer, gradient) in parameters.layers().iter().zip(gradients.layers_mut()) {
        add_l2_to(&mut gradient.dw, &layer.w, lambda, m);
    }
    Ok(())
}

/// Computes `dW ← dW + λ/m W`. The caller has checked the shapes.
pub(crate) fn add_l2_to<F: Float>(dw: &mut ArrayRef2<F>, w: &ArrayRef2<F>, lambda: f64, m: usize) {
    add_scaled(dw, F::of(lambda / m as f64), w);
}

/// The dropout mask of one layer, the course's `D`: which units are kept for each example.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mask<F> {
    /// 1 where the unit is kept, else 0; (n, m).
    pub d: Array2<F>,
    /// The probability that a unit is kept.
    pub keep_prob: f64,
}

impl<F: Float> Mask<F> {
    /// Draws a mask `D = rand(n, m) < keep_prob`, row by row.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    /// use dnn_blocks::train::regularization::Mask;
    ///
    /// let mask = Mask::<f64>::draw(200, 50, 0.8, &mut NumpyRandom::seed(1))?;
    /// assert!((mask.d.mean().unwrap() - 0.8).abs() < 0.02);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] unless `0 < keep_prob <= 1`, [`Error::TooLarge`] if `D` does not
    /// fit in memory.
    pub fn draw(
        n: usize,
        m: usize,
        keep_prob: f64,
        rng: &mut (impl RandomSource + ?Sized),
    ) -> Result<Self> {
        check_keep_prob::<F>(keep_prob)?;
        let d = buffer::from_fn("D", (n, m), || draw(F::of(keep_prob), rng.uniform()))?;
        Ok(Self { d, keep_prob })
    }

    /// Applies the mask to `A` or `dA`, (n, m): `A ← A ∘ D / keep_prob`.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    /// use dnn_blocks::train::regularization::Mask;
    ///
    /// let mask = Mask { d: array![[1.0, 0.0]], keep_prob: 0.5 };
    /// let mut a = array![[3.0, 4.0]];
    /// mask.apply(&mut a)?;
    /// assert_eq!(a, array![[6.0, 0.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `A` and `D` differ in shape, [`Error::Hyperparameter`] unless
    /// `0 < keep_prob <= 1`.
    pub fn apply(&self, a: &mut ArrayRef2<F>) -> Result<()> {
        check_keep_prob::<F>(self.keep_prob)?;
        check_same_shape(Operand::new("A", a), Operand::new("D", &self.d))?;
        apply_mask(a, &self.d, F::of(self.keep_prob));
        Ok(())
    }
}

/// Fills a mask with 1 where a unit is kept, else 0.
pub(crate) fn draw_mask_into<F: Float>(
    d: &mut [F],
    keep_prob: F,
    mut uniform: impl FnMut() -> f64,
) {
    d.fill_with(|| draw(keep_prob, uniform()));
}

fn draw<F: Float>(keep_prob: F, uniform: f64) -> F {
    if uniform < keep_prob.as_f64() { F::one() } else { F::zero() }
}

/// Fills some columns of the mask of a whole batch.
///
/// The random numbers of the other columns are drawn too, so that a column of the mask does not
/// depend on how the batch is divided.
pub(crate) fn draw_mask_columns_into<F: Float>(
    d: &mut [F],
    units: usize,
    keep_prob: F,
    BatchColumns { columns, total }: BatchColumns<'_>,
    mut uniform: impl FnMut() -> f64,
) {
    for unit in 0..units {
        let row = &mut d[unit * columns.len()..][..columns.len()];
        let mut local = columns.iter().zip(row).peekable();
        for column in 0..total {
            let number = uniform();
            if let Some((_, d)) = local.next_if(|(next, _)| **next == column) {
                *d = draw(keep_prob, number);
            }
        }
    }
}

/// Computes `A ← A ∘ D / keep_prob`. The caller has checked the shapes.
#[inline(never)]
pub(crate) fn apply_mask<F: Float>(a: &mut ArrayRef2<F>, d: &ArrayRef2<F>, keep_prob: F) {
    elementwise::zip_map(ApplyMask(keep_prob), a, d);
}

pub(crate) fn check_keep_prob<F: Float>(keep_prob: f64) -> Result<()> {
    check_probability::<F>("keep_prob", keep_prob)
}

/// The caches and masks of [`l_model_forward_with_dropout`], which
/// [`backpropagate`](super::backward::backpropagate) reads.
#[derive(Debug, Clone)]
pub struct DropoutCaches<'a, F> {
    /// The cache of every layer, whose `a_prev` is the masked output of the previous layer.
    pub layers: Vec<LayerCache<'a, F>>,
    /// The mask of every hidden layer.
    pub masks: Vec<Mask<F>>,
}

/// Computes the output of the network with inverted dropout, `A = g(Z) ∘ D / keep_prob`.
///
/// `X` (n₀, m), `AL` (n_L, m). The hidden layers get a [`Mask`] each, drawn in their order. The
/// division keeps the expected value of `A`. Use this function for training only: predictions use
/// every unit.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
/// use dnn_blocks::train::regularization::l_model_forward_with_dropout;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
/// let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
/// let (al, caches) = l_model_forward_with_dropout(&x, &parameters, 0.8, &mut rng)?;
/// let options = BackwardOptions::new(Cost::BinaryCrossEntropy);
/// let gradients = backpropagate(&al, &y, &caches, options)?.gradients;
/// assert_eq!(gradients.layers().len(), 2);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`l_model_forward`](crate::forward::l_model_forward), and
/// [`Error::Hyperparameter`] unless `0 < keep_prob <= 1`.
#[doc(alias = "forward_propagation_with_dropout")]
pub fn l_model_forward_with_dropout<'a, F: Float>(
    x: impl Into<CowArray<'a, F, Ix2>>,
    parameters: &'a Parameters<F>,
    keep_prob: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, DropoutCaches<'a, F>)> {
    check_keep_prob::<F>(keep_prob)?;
    let mut a = x.into();
    let last = parameters.layers().len() - 1;
    let mut caches = DropoutCaches { layers: Vec::with_capacity(last + 1), masks: Vec::new() };
    for (l, layer) in parameters.layers().iter().enumerate() {
        let (mut next, cache) = linear_activation_forward(a, &layer.w, &layer.b, layer.activation)
            .map_err(|e| e.in_layer(l + 1))?;
        caches.layers.push(cache);
        if l < last {
            let mask = Mask::draw(next.nrows(), next.ncols(), keep_prob, rng)
                .map_err(|e| e.in_layer(l + 1))?;
            apply_mask(&mut next, &mask.d, F::of(keep_prob));
            caches.masks.push(mask);
        }
        a = next.into();
    }
    Ok((a.into_owned(), caches))
}

/// `x·d / keep_prob`
#[derive(Clone, Copy)]
struct ApplyMask<F>(F);

impl<F: Float> Map2<F> for ApplyMask<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, d: F) -> F {
        x * d / self.0
    }
}
