//! Backward propagation, from `AL` to every `dW` and `db`. Each function returns
//! (input gradient, parameter gradients).
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
//! `dA`, `dZ` and `dAL` are per example; `dW` and `db` are means over the m examples, as in the
//! course.
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); Rumelhart, Hinton &
//! Williams (1986).

use crate::activation::Activation;
use crate::buffer;
use crate::checks::check_same_shape;
use crate::cost::{Cost, Targets, check_outputs};
use crate::error::Operand;
use crate::forward::{ActivationCache, LayerCache, LinearCache, check_linear};
use crate::kernel::elementwise::scaled_row_sums_into;
use crate::kernel::product::{matmul_into, scaled_matmul_into};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2, Zip};

pub use crate::gradients::{Gradients, LayerGradients};

/// Differentiates the linear step: `dA_prev = Wᵀ·dZ`, `dW = 1/m dZ·A_prevᵀ`, `db = 1/m Σ dZ`.
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
/// [`Error::ShapeMismatch`] if the shape of `dZ` is not that of `Z`; for a cache made by hand also
/// the errors of [`linear_forward`](crate::forward::linear_forward).
pub fn linear_backward<F: Float>(
    dz: &ArrayRef2<F>,
    cache: &LinearCache<'_, F>,
) -> Result<(Array2<F>, LayerGradients<F>)> {
    let gradients = parameter_gradients(dz, cache)?;
    let mut da_prev = buffer::zeros("dA_prev", cache.a_prev.dim())?;
    matmul_into(&cache.w.t(), dz, &mut da_prev); // dA_prev = Wᵀ·dZ
    Ok((da_prev, gradients))
}

/// `dW = 1/m dZ·A_prevᵀ`, `db = 1/m Σ dZ`
pub(crate) fn parameter_gradients<F: Float>(
    dz: &ArrayRef2<F>,
    cache: &LinearCache<'_, F>,
) -> Result<LayerGradients<F>> {
    check_linear_backward(dz, cache)?;
    let m = dz.ncols();
    let mut dw = buffer::zeros("dW", cache.w.dim())?;
    let mut db = buffer::zeros("db", cache.b.dim())?;
    scaled_matmul_into(one_over(m), dz, &cache.a_prev.t(), &mut dw); // dW = 1/m dZ·A_prevᵀ
    scaled_row_sums_into(one_over(m), dz, &mut db); //                  db = 1/m Σ dZ
    Ok(LayerGradients { dw, db })
}

/// `1/m`
pub(crate) fn one_over<F: Float>(m: usize) -> F {
    F::of(1.0 / m as f64)
}

/// `Ok` if the matrices of the cache fit, and `dZ` has the shape of its `Z`.
fn check_linear_backward<F: Float>(dz: &ArrayRef2<F>, cache: &LinearCache<'_, F>) -> Result<()> {
    check_linear(&cache.a_prev, cache.w, cache.b)?;
    let z = Operand { name: "Z", shape: (cache.w.nrows(), cache.a_prev.ncols()) };
    check_same_shape(Operand::new("dZ", dz), z)
}

/// Differentiates one layer: `dZ = dA ∘ g'(Z)`, then [`linear_backward`].
///
/// `dA` (n, m) is consumed and becomes `dZ` in place.
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
/// [`Error::ShapeMismatch`] if the shape of `dA` is not that of `Z`; the errors of
/// [`linear_backward`]; [`Error::Hyperparameter`] if the slope of a leaky ReLU is not finite in `F`.
pub fn linear_activation_backward<F: Float>(
    da: Array2<F>,
    cache: &LayerCache<'_, F>,
) -> Result<(Array2<F>, LayerGradients<F>)> {
    let ActivationCache { z, activation } = &cache.activation;
    let dz = activation.backward(da, z)?; // dZ = dA ∘ g'(Z)
    linear_backward(&dz, &cache.linear)
}

/// Computes the derivative of the cost with respect to `AL`, the course's `dAL`:
/// `dAL = -(Y/AL - (1-Y)/(1-AL))`, element by element.
///
/// `AL`, `Y`, `dAL` (n_L, m). It is infinite or NaN where `AL` is exactly 0 or 1;
/// [`l_model_backward`] stays finite there.
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

/// Computes the gradients of [`compute_cost`](crate::cost::compute_cost) for every layer, by
/// backpropagation.
///
/// `AL`, `Y` (n_L, m); `caches` come from the forward pass that computed `AL`. The cost is the binary
/// cross-entropy: for a softmax output, or any other cost, use
/// [`backpropagate`](crate::train::backward::backpropagate), which also computes the gradient of `X`.
///
/// After a sigmoid the pass starts at `dZ = AL - Y`. This equals `dAL ∘ g'(Z)`, and is exact also
/// where `AL` is near 0 or 1. After another activation the pass starts at [`output_gradient`], with
/// 1e-12 as the divisor where `AL` is exactly 0 or 1 (as in PyTorch's `BCELoss`).
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
/// [`Error::NoLayers`] if there is no cache, [`Error::ShapeMismatch`] with the number of the layer
/// if `AL`, `Y` and `caches` do not belong together.
#[doc(alias = "L_model_backward")]
pub fn l_model_backward<F: Float>(
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    caches: &[LayerCache<'_, F>],
) -> Result<Gradients<F>> {
    let last = caches.len();
    let output = caches.last().ok_or(Error::NoLayers)?;
    let mut dz = output_dz(al, y, &output.activation).map_err(|e| e.in_layer(last))?;
    let mut layers = Vec::with_capacity(last);
    for l in (2..=last).rev() {
        let (da, gradients) =
            linear_backward(&dz, &caches[l - 1].linear).map_err(|e| e.in_layer(l))?;
        layers.push(gradients);
        let ActivationCache { z, activation } = &caches[l - 2].activation;
        dz = activation.backward(da, z).map_err(|e| e.in_layer(l - 1))?;
    }
    // dX is not needed, so the first layer has no product for it.
    layers.push(parameter_gradients(&dz, &caches[0].linear).map_err(|e| e.in_layer(1))?);
    layers.reverse();
    Gradients::from_layers(layers)
}

/// `dZ` of the output layer.
fn output_dz<F: Float>(
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    cache: &ActivationCache<F>,
) -> Result<Array2<F>> {
    check_outputs(al, y)?;
    check_same_shape(Operand::new("AL", al), Operand::new("Z", &cache.z))?;
    let cost = Cost::BinaryCrossEntropy;
    let mut dal = buffer::copy_of("dAL", al)?;
    if cache.activation == Activation::Sigmoid {
        cost.dz_in_place(&mut dal, &Targets::from(y)); // dZ = AL - Y
        return Ok(dal);
    }
    cost.gradient_in_place(&mut dal, &Targets::from(y));
    cache.activation.backward(dal, &cache.z)
}
