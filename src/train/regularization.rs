//! What keeps a network from learning its examples by heart: L2 and dropout.
//!
//! ```math
//! J = \frac{1}{m} \sum_{i=1}^{m} \mathcal{L}^{(i)} + \frac{\lambda}{2m} \sum_{l} \lVert W^{[l]} \rVert^2
//! \qquad
//! \tilde A^{[l]} = \frac{A^{[l]} \circ D^{[l]}}{p} \quad D^{[l]} \sim \mathrm{Bernoulli}(p)
//! ```
//!
//! Biases are not regularised, and the output layer drops no unit, as in the course.
//!
//! Source: A. Ng, *Improving Deep Neural Networks*, week 1 (2017); Krogh & Hertz (1992) for L2,
//! Srivastava et al. (2014) for dropout.

use crate::backward::backward_to_first_layer;
use crate::train::batches::Place;
use crate::buffer;
use crate::cost::{Cost, Targets, compute_cost};
use crate::error::{
    Operand, check_finite_in, check_hyperparameter, check_probability, check_same_shape,
};
use crate::forward::{LayerCache, linear_activation_forward};
use crate::init::RandomSource;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, AddScaled, Map2};
use crate::update::check_same_network;
use crate::{Error, Float, Gradients, Parameters, Result};
use ndarray::{Array2, ArrayRef2, CowArray, Ix2};

/// What is minimised: a cost and the strength of its L2 term,
/// `J = cost + λ/(2m) Σ ‖W‖²`.
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let objective = Objective { l2: 0.7, ..Objective::from(Cost::BinaryCrossEntropy) };
/// assert_eq!(objective.cost, Cost::BinaryCrossEntropy);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// The cost.
    pub cost: Cost,
    /// The course's λ, 0 for none. It is divided by the m of each batch.
    pub l2: f64,
}

impl From<Cost> for Objective {
    fn from(cost: Cost) -> Self {
        Self { cost, l2: 0.0 }
    }
}

/// The L2 term, `λ/(2m) Σ ‖W‖²` over the layers; m is the number of examples.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let layer = Layer { w: array![[3.0, 4.0]], b: array![[9.0]], activation: Activation::Sigmoid };
/// let parameters = Parameters::from_layers(vec![layer])?;
/// assert_eq!(l2_cost(&parameters, 0.1, 5)?, 0.25);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Hyperparameter`] if m is 0 or `lambda` is not finite in `F`.
pub fn l2_cost<F: Float>(parameters: &Parameters<F>, lambda: f64, m: usize) -> Result<F> {
    check_examples(m)?;
    check_finite_in::<F>("lambda", lambda)?;
    let squares = parameters.layers().iter().map(|layer| elementwise::sum_of_squares(&layer.w));
    let sum: f64 = squares.sum();
    Ok(F::of(lambda / (2.0 * m as f64) * sum))
}

fn check_examples(m: usize) -> Result<()> {
    check_hyperparameter(m > 0, "m", m as f64, "at least one example")
}

/// The cross-entropy cost with the L2 term, `J = compute_cost + λ/(2m) Σ ‖W‖²`.
///
/// `AL`, `Y` (n_L, m).
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let layer = Layer { w: array![[3.0, 4.0]], b: array![[9.0]], activation: Activation::Sigmoid };
/// # let parameters = Parameters::from_layers(vec![layer])?;
/// let (al, y) = (array![[0.5, 0.5]], array![[1.0, 0.0]]);
/// let cost = compute_cost_with_regularization(&al, &y, &parameters, 0.1)?;
/// assert!((cost - (0.5_f64.ln().abs() + 0.625)).abs() < 1e-15);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`compute_cost`].
pub fn compute_cost_with_regularization<F: Float>(
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    parameters: &Parameters<F>,
    lambda: f64,
) -> Result<F> {
    Ok(compute_cost(al, y)? + l2_cost(parameters, lambda, al.ncols())?)
}

/// The derivative of the L2 term, `dW ← dW + λ/m W` in every layer.
///
/// `gradients` are those of [`l_model_backward`](crate::backward::l_model_backward); together they
/// are the course's `backward_propagation_with_regularization`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let layer = Layer { w: array![[3.0, 4.0]], b: array![[9.0]], activation: Activation::Sigmoid };
/// # let parameters = Parameters::from_layers(vec![layer])?;
/// let mut gradients = Gradients::zeros_like(&parameters);
/// add_l2_gradient(&mut gradients, &parameters, 1.0, 2)?;
/// assert_eq!(gradients.layers()[0].dw, array![[1.5, 2.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LayerCount`] or [`Error::ShapeMismatch`] if `gradients` are those of another network,
/// [`Error::Hyperparameter`] if m is 0 or `lambda` is not finite in `F`.
pub fn add_l2_gradient<F: Float>(
    gradients: &mut Gradients<F>,
    parameters: &Parameters<F>,
    lambda: f64,
    m: usize,
) -> Result<()> {
    check_same_network(parameters, gradients)?;
    check_examples(m)?;
    check_finite_in::<F>("lambda", lambda)?;
    let scale = F::of(lambda / m as f64);
    for (layer, gradient) in parameters.layers().iter().zip(gradients.layers_mut()) {
        elementwise::map2(AddScaled(scale), &mut gradient.dw, &layer.w);
    }
    Ok(())
}

/// Which units of a layer are kept for which example, the course's `D`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mask<F> {
    /// 1 where the unit is kept, else 0; (n, m).
    pub d: Array2<F>,
    /// The probability to be kept.
    pub keep_prob: F,
}

impl<F: Float> Mask<F> {
    /// `D = rand(n, m) < keep_prob`, drawn row by row.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let mask = Mask::draw(200, 50, 0.8, &mut NumpyRandom::seed(1))?;
    /// assert!((mask.d.mean().unwrap() - 0.8_f64).abs() < 0.02);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] unless `0 < keep_prob <= 1`, [`Error::TooLarge`] for want of
    /// memory.
    pub fn draw(
        n: usize,
        m: usize,
        keep_prob: F,
        rng: &mut (impl RandomSource + ?Sized),
    ) -> Result<Self> {
        check_keep_prob(keep_prob)?;
        let mut d = buffer::zeros("D", (n, m))?;
        draw_into(d.as_slice_mut().expect("new"), keep_prob, || rng.uniform());
        Ok(Self { d, keep_prob })
    }

    /// `A ← A ∘ D / keep_prob`; `dA` in the same way.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
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
    /// [`Error::ShapeMismatch`] if `A` has not the shape of `D`, [`Error::Hyperparameter`] unless
    /// `0 < keep_prob <= 1`.
    pub fn apply(&self, a: &mut ArrayRef2<F>) -> Result<()> {
        check_keep_prob(self.keep_prob)?;
        check_same_shape(Operand::of("A", a), Operand::of("D", &self.d))?;
        drop_units(a, &self.d, self.keep_prob);
        Ok(())
    }
}

/// 1 with probability `keep_prob`, else 0.
pub(crate) fn draw_into<F: Float>(d: &mut [F], keep_prob: F, mut uniform: impl FnMut() -> f64) {
    d.fill_with(|| drawn(keep_prob, uniform()));
}

fn drawn<F: Float>(keep_prob: F, uniform: f64) -> F {
    if uniform < keep_prob.as_f64() { F::one() } else { F::zero() }
}

/// [`draw_into`] for some columns of a larger mask, of which every number is drawn.
pub(crate) fn draw_columns_into<F: Float>(
    d: &mut [F],
    units: usize,
    keep_prob: F,
    place: Place<'_>,
    mut uniform: impl FnMut() -> f64,
) {
    let Place { columns, of } = place;
    for unit in 0..units {
        let row = &mut d[unit * columns.len()..][..columns.len()];
        let mut own = columns.iter().zip(row).peekable();
        for column in 0..of {
            let number = uniform(); // also of the columns that are elsewhere
            if let Some((_, d)) = own.next_if(|(own, _)| **own == column) {
                *d = drawn(keep_prob, number);
            }
        }
    }
}

/// `A ← A ∘ D / keep_prob`
pub(crate) fn drop_units<F: Float>(a: &mut ArrayRef2<F>, d: &ArrayRef2<F>, keep_prob: F) {
    elementwise::map2(Drop(keep_prob), a, d);
}

pub(crate) fn check_keep_prob<F: Float>(keep_prob: F) -> Result<()> {
    check_probability::<F>("keep_prob", keep_prob.as_f64())
}

/// What [`l_model_backward_with_dropout`] needs of the forward pass.
#[derive(Debug, Clone)]
pub struct DropoutCaches<'a, F> {
    /// Of every layer; `a_prev` is what was left of the layer before.
    pub layers: Vec<LayerCache<'a, F>>,
    /// Of every layer but the last.
    pub masks: Vec<Mask<F>>,
}

/// The whole network forwards, each hidden layer with units dropped at random:
/// `A = g(Z) ∘ D / keep_prob`, so that its expected value stays.
///
/// `X` (n₀, m), `AL` (n_L, m). For training only: predictions use every unit.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
/// let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
/// let (al, caches) = l_model_forward_with_dropout(&x, &parameters, 0.8, &mut rng)?;
/// let cost = Cost::BinaryCrossEntropy;
/// let gradients = l_model_backward_with_dropout(cost, &al, &y, &caches)?;
/// assert_eq!(gradients.layers().len(), 2);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`l_model_forward`](crate::forward::l_model_forward) and of [`Mask::draw`].
pub fn l_model_forward_with_dropout<'a, F: Float>(
    x: impl Into<CowArray<'a, F, Ix2>>,
    parameters: &'a Parameters<F>,
    keep_prob: F,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, DropoutCaches<'a, F>)> {
    let mut a = x.into();
    let last = parameters.layers().len() - 1;
    let mut caches = DropoutCaches { layers: Vec::with_capacity(last + 1), masks: Vec::new() };
    for (l, layer) in parameters.layers().iter().enumerate() {
        let (mut next, cache) = linear_activation_forward(a, &layer.w, &layer.b, layer.activation)
            .map_err(|e| e.in_layer(l + 1))?;
        caches.layers.push(cache);
        if l < last {
            let mask = Mask::draw(next.nrows(), next.ncols(), keep_prob, rng)?;
            drop_units(&mut next, &mask.d, keep_prob);
            caches.masks.push(mask);
        }
        a = next.into();
    }
    Ok((a.into_owned(), caches))
}

/// The whole network backwards through the units that were kept.
///
/// # Errors
///
/// Those of [`l_model_backward_with_cost`](crate::backward::l_model_backward_with_cost);
/// [`Error::LayerCount`] or [`Error::ShapeMismatch`] if the masks are not those of the layers.
///
/// The example is that of [`l_model_forward_with_dropout`].
pub fn l_model_backward_with_dropout<'t, F: Float>(
    cost: Cost,
    al: &ArrayRef2<F>,
    targets: impl Into<Targets<'t, F>>,
    caches: &DropoutCaches<'_, F>,
) -> Result<Gradients<F>> {
    let (expected, found) = (caches.layers.len(), caches.masks.len() + 1);
    if expected != found {
        return Err(Error::LayerCount { expected, found });
    }
    let masks = Some(caches.masks.as_slice());
    Ok(backward_to_first_layer(cost, al, &targets.into(), &caches.layers, masks)?.0)
}

/// `x·d / keep_prob`
#[derive(Clone, Copy)]
struct Drop<F>(F);

impl<F: Float> Map2<F> for Drop<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, d: F) -> F {
        x * d / self.0
    }
}
