//! From `AL` back to every `dW` and `db`. Each function returns *(what flows on, what update
//! needs)*.
//!
//! ```math
//! \begin{aligned}
//! dZ^{[l]} &= dA^{[l]} \circ g^{[l]\prime}(Z^{[l]}) &
//! dW^{[l]} &= \tfrac{1}{m}\, dZ^{[l]} A^{[l-1]T} \\
//! dA^{[l-1]} &= W^{[l]T} dZ^{[l]} &
//! db^{[l]} &= \tfrac{1}{m} \sum_{i=1}^{m} dZ^{[l](i)}
//! \end{aligned}
//! ```
//!
//! `dA`, `dZ` and `AL` are per example; the mean over the m examples is taken in `dW` and `db`,
//! as in the course.
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); Rumelhart, Hinton &
//! Williams (1986).

use crate::buffer;
use crate::cost::{Cost, Targets, check_outputs};
use crate::error::{Operand, check_same_shape, check_weights};
use crate::forward::{ActivationCache, LayerCache, LinearCache, check_linear};
use crate::kernel::product::multiply;
use crate::train::regularization::Mask;
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, Zip};

/// The gradients of one layer, shaped like its `W` and `b`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LayerGradients<F> {
    /// `∂J/∂W`, (n, n_prev).
    pub dw: Array2<F>,
    /// `∂J/∂b`, (n, 1).
    pub db: Array2<F>,
}

/// The gradients of all layers, first to last: a plain value that borrows nothing, to be
/// clipped, added, averaged or logged between backward and update.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradients<F> {
    layers: Vec<LayerGradients<F>>,
}

impl<F: Float> Gradients<F> {
    /// Zeros, shaped like `parameters`.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut rng = NumpyRandom::seed(1);
    /// let parameters = initialize_parameters::<f64>(3, 2, 1, &mut rng)?;
    /// assert_eq!(Gradients::zeros_like(&parameters).layers()[0].dw.dim(), (2, 3));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn zeros_like(parameters: &Parameters<F>) -> Self {
        let zeros = |layer: &crate::Layer<F>| LayerGradients {
            dw: Array2::zeros(layer.w.dim()),
            db: Array2::zeros(layer.b.dim()),
        };
        Self { layers: parameters.layers().iter().map(zeros).collect() }
    }

    /// [`zeros_like`](Self::zeros_like), if they fit in memory.
    pub(crate) fn try_zeros_like(parameters: &Parameters<F>) -> Result<Self> {
        let mut layers = Vec::with_capacity(parameters.layers().len());
        for (l, layer) in parameters.layers().iter().enumerate() {
            let dw = buffer::zeros("dW", layer.w.dim()).map_err(|e| e.in_layer(l + 1))?;
            let db = buffer::zeros("db", layer.b.dim()).map_err(|e| e.in_layer(l + 1))?;
            layers.push(LayerGradients { dw, db });
        }
        Ok(Self { layers })
    }

    /// Whether these are row-major matrices with the shapes of `parameters`.
    pub(crate) fn are_buffers_of(&self, parameters: &Parameters<F>) -> bool {
        let fits = |own: &Array2<F>, matrix: &Array2<F>| {
            own.dim() == matrix.dim() && own.is_standard_layout()
        };
        let layers = || self.layers.iter().zip(parameters.layers());
        self.layers.len() == parameters.layers().len()
            && layers().all(|(own, layer)| fits(&own.dw, &layer.w) && fits(&own.db, &layer.b))
    }

    /// Joins the gradients of layers, first to last: for those who chain
    /// [`linear_activation_backward`] by hand.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let layer = LayerGradients { dw: array![[0.1, 0.2]], db: array![[0.3]] };
    /// assert_eq!(Gradients::from_layers(vec![layer])?.layers().len(), 1);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoLayers`] if there is none, [`Error::ZeroSize`] or [`Error::ShapeMismatch`] if
    /// a `db` is not one column with the rows of its `dW`.
    pub fn from_layers(layers: Vec<LayerGradients<F>>) -> Result<Self> {
        if layers.is_empty() {
            return Err(Error::NoLayers);
        }
        for (l, layer) in layers.iter().enumerate() {
            check_weights(Operand::of("dW", &layer.dw), Operand::of("db", &layer.db))
                .map_err(|e| e.in_layer(l + 1))?;
        }
        Ok(Self { layers })
    }

    /// The layers, first to last.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// let gradients = Gradients::zeros_like(&parameters);
    /// let norm: f64 = gradients.layers().iter().map(|layer| (&layer.dw * &layer.dw).sum()).sum();
    /// assert_eq!(norm, 0.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn layers(&self) -> &[LayerGradients<F>] {
        &self.layers
    }

    /// The layers, to be clipped, summed or averaged in place.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// let mut gradients = Gradients::zeros_like(&parameters);
    /// for layer in gradients.layers_mut() {
    ///     layer.dw.mapv_inplace(|d| d.clamp(-1.0, 1.0));
    /// }
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn layers_mut(&mut self) -> &mut [LayerGradients<F>] {
        &mut self.layers
    }
}

/// The linear step backwards: `dA_prev = Wᵀ·dZ`, `dW = 1/m dZ·A_prevᵀ`, `db = 1/m Σ dZ`.
///
/// `dZ` (n, m), `dA_prev` (n_prev, m), `dW` (n, n_prev), `db` (n, 1).
///
/// ```
/// use dnn_blocks::backward::linear_backward;
/// use dnn_blocks::forward::linear_forward;
/// use dnn_blocks::ndarray::array;
///
/// let (w, b) = (array![[1.0, 2.0]], array![[0.0]]);
/// let a_prev = array![[1.0, 3.0], [2.0, 4.0]];
/// let (_, cache) = linear_forward(&a_prev, &w, &b)?;
/// let (da_prev, gradients) = linear_backward(&array![[1.0, -1.0]], &cache)?;
/// assert_eq!(da_prev, array![[1.0, -1.0], [2.0, -2.0]]);
/// assert_eq!(gradients.dw, array![[-1.0, -1.0]]);
/// assert_eq!(gradients.db, array![[0.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if `dZ` has not the shape of `Z`; also what
/// [`linear_forward`](crate::forward::linear_forward) says of a cache made by hand.
pub fn linear_backward<F: Float>(
    dz: &ArrayRef2<F>,
    cache: &LinearCache<'_, F>,
) -> Result<(Array2<F>, LayerGradients<F>)> {
    let gradients = parameter_gradients(dz, cache)?;
    Ok((input_gradient(dz, cache)?, gradients))
}

/// One layer backwards: `dZ = dA ∘ g'(Z)`, then [`linear_backward`].
///
/// `dA` (n, m) is taken, and becomes `dZ` in place.
///
/// ```
/// use dnn_blocks::activation::Activation;
/// use dnn_blocks::backward::linear_activation_backward;
/// use dnn_blocks::forward::linear_activation_forward;
/// use dnn_blocks::ndarray::array;
///
/// let (w, b) = (array![[1.0, -1.0]], array![[0.0]]);
/// let a_prev = array![[3.0, 1.0], [1.0, 3.0]];
/// let (_, cache) = linear_activation_forward(&a_prev, &w, &b, Activation::Relu)?;
/// let (da_prev, gradients) = linear_activation_backward(array![[1.0, 1.0]], &cache)?;
/// assert_eq!(da_prev, array![[1.0, 0.0], [-1.0, 0.0]]); // the second unit is off
/// assert_eq!(gradients.dw, array![[1.5, 0.5]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if `dA` has not the shape of `Z`; those of [`linear_backward`].
pub fn linear_activation_backward<F: Float>(
    da: Array2<F>,
    cache: &LayerCache<'_, F>,
) -> Result<(Array2<F>, LayerGradients<F>)> {
    let dz = activation_backward(da, &cache.activation)?;
    linear_backward(&dz, &cache.linear)
}

/// The derivative of the cost with respect to `AL`, the course's `dAL`:
/// `dAL = -(Y/AL - (1-Y)/(1-AL))`, element by element.
///
/// `AL`, `Y`, `dAL` (n_L, m). It is the formula and nothing else: at an `AL` of exactly 0 or 1
/// it is infinite or NaN. [`l_model_backward`] has no such holes.
///
/// ```
/// use dnn_blocks::backward::output_gradient;
/// use dnn_blocks::ndarray::array;
///
/// let dal = output_gradient(&array![[0.5, 0.2]], &array![[1.0, 0.0]])?;
/// assert_eq!(dal, array![[-2.0, 1.25]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if `AL` and `Y` differ in shape, [`Error::EmptyBatch`] or
/// [`Error::ZeroSize`] if they are empty.
pub fn output_gradient<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<Array2<F>> {
    check_outputs(al, y)?;
    let mut dal = buffer::copy_of("dAL", al)?;
    Zip::from(&mut dal).and(y).for_each(|a, &y| *a = -(y / *a - (F::one() - y) / (F::one() - *a)));
    Ok(dal)
}

/// The whole network backwards, from `AL` to the gradients of every layer.
///
/// `AL`, `Y` (n_L, m); `caches` are those of the forward pass that gave `AL`. After a sigmoid
/// the pass starts at `dZ = AL - Y`, which is the product `dAL ∘ g'(Z)` written without its
/// division: right also where the unit saturates and `g'(Z)` rounds to 0. After another
/// activation it starts at [`output_gradient`], with the divisor bounded at 1e-12 where `AL` is
/// exactly 0 or 1 (as in PyTorch's `BCELoss`). The gradient of `X` is not computed:
/// [`l_model_backward_with_dx`] gives it.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 3, 1], Initializer::He, &mut rng)?;
/// let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
/// let (al, caches) = l_model_forward(&x, &parameters)?;
/// let gradients = l_model_backward(&al, &y, &caches)?;
/// assert_eq!(gradients.layers()[0].dw.dim(), (3, 2));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NoLayers`] if there is no cache, [`Error::ShapeMismatch`] if `AL`, `Y` and `caches`
/// do not belong together, with the number of the layer.
#[doc(alias = "L_model_backward")]
pub fn l_model_backward<F: Float>(
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    caches: &[LayerCache<'_, F>],
) -> Result<Gradients<F>> {
    l_model_backward_with_cost(Cost::BinaryCrossEntropy, al, y.view(), caches)
}

/// [`l_model_backward`] for any [`Cost`], with labels that may have weights.
///
/// `AL` (n_L, m). After [the activation that belongs to the cost](Cost::output_activation) the
/// pass starts at its simple `dZ`, right also where the output saturates; after another one at
/// `dZ = dAL ∘ g'(Z)`, with [`Cost::gradient`] as `dAL`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 4, 3], Initializer::He, &mut rng)?
///     .with_activations(Activation::Relu, Activation::Softmax);
/// let (x, classes) = (array![[0.5, -1.0, 0.1], [1.0, 1.0, 0.2]], array![[2.0, 0.0, 1.0]]);
/// let (al, caches) = l_model_forward(&x, &parameters)?;
/// let cost = Cost::CategoricalCrossEntropy;
/// let gradients = l_model_backward_with_cost(cost, &al, &classes, &caches)?;
/// assert_eq!(gradients.layers()[1].dw.dim(), (3, 4));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`l_model_backward`] and [`Cost::value`].
pub fn l_model_backward_with_cost<'t, F: Float>(
    cost: Cost,
    al: &ArrayRef2<F>,
    targets: impl Into<Targets<'t, F>>,
    caches: &[LayerCache<'_, F>],
) -> Result<Gradients<F>> {
    let (gradients, _) = backward_to_first_layer(cost, al, &targets.into(), caches, None)?;
    Ok(gradients)
}

/// [`l_model_backward`] that also gives `dX = W¹ᵀ·dZ¹`, (n₀, m): for those who put something
/// before the network, or ask which inputs mattered.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 3, 1], Initializer::He, &mut rng)?;
/// let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
/// let (al, caches) = l_model_forward(&x, &parameters)?;
/// let (gradients, dx) = l_model_backward_with_dx(&al, &y, &caches)?;
/// assert_eq!(dx.dim(), x.dim());
/// # assert_eq!(gradients, l_model_backward(&al, &y, &caches)?);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`l_model_backward`].
pub fn l_model_backward_with_dx<F: Float>(
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    caches: &[LayerCache<'_, F>],
) -> Result<(Gradients<F>, Array2<F>)> {
    let cost = Cost::BinaryCrossEntropy;
    let (gradients, dz) = backward_to_first_layer(cost, al, &Targets::new(y.view()), caches, None)?;
    let dx = input_gradient(&dz, &caches[0].linear).map_err(|e| e.in_layer(1))?;
    Ok((gradients, dx))
}

/// The gradients of all layers, and `dZ` of the first.
pub(crate) fn backward_to_first_layer<F: Float>(
    cost: Cost,
    al: &ArrayRef2<F>,
    targets: &Targets<'_, F>,
    caches: &[LayerCache<'_, F>],
    dropout: Option<&[Mask<F>]>,
) -> Result<(Gradients<F>, Array2<F>)> {
    let last = caches.last().ok_or(Error::NoLayers)?;
    let dz = output_dz(cost, al, targets, &last.activation);
    let mut dz = dz.map_err(|e| e.in_layer(caches.len()))?;
    let mut layers = Vec::with_capacity(caches.len());
    for l in (1..caches.len()).rev() {
        let (mut da_prev, gradients) =
            linear_backward(&dz, &caches[l].linear).map_err(|e| e.in_layer(l + 1))?;
        layers.push(gradients);
        if let Some(mask) = dropout.and_then(|masks| masks.get(l - 1)) {
            mask.apply(&mut da_prev).map_err(|e| e.in_layer(l))?;
        }
        dz = activation_backward(da_prev, &caches[l - 1].activation).map_err(|e| e.in_layer(l))?;
    }
    layers.push(parameter_gradients(&dz, &caches[0].linear).map_err(|e| e.in_layer(1))?);
    layers.reverse();
    Ok((Gradients { layers }, dz))
}

/// `dZ` of the output layer.
fn output_dz<F: Float>(
    cost: Cost,
    al: &ArrayRef2<F>,
    targets: &Targets<'_, F>,
    cache: &ActivationCache<F>,
) -> Result<Array2<F>> {
    targets.check(cost, Operand::of("AL", al))?;
    check_same_shape(Operand::of("AL", al), Operand::of("Z", &cache.z))?;
    cache.activation.check::<F>()?;
    let mut dz = buffer::copy_of("dZ", al)?;
    if cache.activation == cost.output_activation() {
        cost.dz_in_place(&mut dz, targets);
    } else {
        cost.gradient_in_place(&mut dz, targets);
        cache.activation.differentiate(&mut dz, &cache.z);
    }
    Ok(dz)
}

/// `dZ = dA ∘ g'(Z)`
fn activation_backward<F: Float>(da: Array2<F>, cache: &ActivationCache<F>) -> Result<Array2<F>> {
    cache.activation.backward(da, &cache.z)
}

/// `dW = 1/m dZ·A_prevᵀ`, `db = 1/m Σ dZ`
fn parameter_gradients<F: Float>(
    dz: &ArrayRef2<F>,
    cache: &LinearCache<'_, F>,
) -> Result<LayerGradients<F>> {
    check_linear_backward(dz, cache)?;
    let mut dw = buffer::zeros("dW", cache.w.dim())?;
    let mut db = buffer::zeros("db", cache.b.dim())?;
    weight_gradient_into(dz, &cache.a_prev, dz.ncols(), &mut dw);
    bias_gradient_into(dz, dz.ncols(), &mut db);
    Ok(LayerGradients { dw, db })
}

/// `dA_prev = Wᵀ·dZ`
fn input_gradient<F: Float>(dz: &ArrayRef2<F>, cache: &LinearCache<'_, F>) -> Result<Array2<F>> {
    let mut da_prev = buffer::zeros("dA_prev", cache.a_prev.dim())?;
    input_gradient_into(dz, cache.w, &mut da_prev);
    Ok(da_prev)
}

// The kernels of every backward pass. The shapes have been checked. `m` are the examples that the
// mean is over: more than `dZ` has columns where other processes have the rest.

/// `dW ← 1/m dZ·A_prevᵀ`
pub(crate) fn weight_gradient_into<F: Float>(
    dz: &ArrayRef2<F>,
    a_prev: &ArrayRef2<F>,
    m: usize,
    dw: &mut ArrayRef2<F>,
) {
    multiply(one_over(m), dz, &a_prev.t(), F::zero(), dw);
}

/// `db ← 1/m Σ dZ`
pub(crate) fn bias_gradient_into<F: Float>(dz: &ArrayRef2<F>, m: usize, db: &mut ArrayRef2<F>) {
    for (db, row) in db.iter_mut().zip(dz.rows()) {
        *db = row.sum() * one_over(m);
    }
}

/// `dA_prev ← Wᵀ·dZ`
pub(crate) fn input_gradient_into<F: Float>(
    dz: &ArrayRef2<F>,
    w: &ArrayRef2<F>,
    da_prev: &mut ArrayRef2<F>,
) {
    multiply(F::one(), &w.t(), dz, F::zero(), da_prev);
}

/// `1/m`
pub(crate) fn one_over<F: Float>(m: usize) -> F {
    F::of(1.0 / m as f64)
}

/// `Ok` if the cache fits itself, and `dZ` has the shape of its `Z`.
fn check_linear_backward<F: Float>(dz: &ArrayRef2<F>, cache: &LinearCache<'_, F>) -> Result<()> {
    check_linear(&cache.a_prev, cache.w, cache.b)?;
    let z = Operand { name: "Z", shape: (cache.w.nrows(), cache.a_prev.ncols()) };
    check_same_shape(Operand::of("dZ", dz), z)
}
