//! Backward propagation, from the outputs `AL` to the gradients `dW` and `db` of every layer.
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
//! A gradient has the shape of its matrix: `dW` (n, n_prev), `db` (n, 1), `dZ`, `dA` (n, m). As in
//! the course, a column of `dZ` or `dA` is the gradient of the loss of one example. `dW` and `db`
//! are means over the m examples: the gradients of the cost.
//!
//! [`linear_backward`] and [`linear_activation_backward`] take the gradient of the output and the
//! cache of the forward function. They return (input gradient, parameter gradients).
//!
//! | function | from | to |
//! |---|---|---|
//! | [`output_gradient`] | `AL`, `Y` | `dAL` |
//! | [`linear_activation_backward`] | `dA` | `dA_prev`, `dW`, `db` |
//! | [`linear_backward`] | `dZ` | `dA_prev`, `dW`, `db` |
//! | [`l_model_backward`] | `AL`, `Y` | `dW`, `db` of every layer |
//!
//! The backward pass reads the caches of the forward pass:
//!
#![doc = include_str!("../docs/images/forward_and_backward.svg")]
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

/// Computes `dA_prev`, `dW` and `db` of the linear step of a layer, `Z = W·A_prev + b`, from `dZ`.
///
/// `dA_prev = Wᵀ·dZ`, `dW = 1/m dZ·A_prevᵀ`, `db = 1/m Σ dZ`, where the sum runs over the m
/// columns. `dZ` (n, m), `dA_prev` (n_prev, m), `dW` (n, n_prev), `db` (n, 1).
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
/// - [`Error::ShapeMismatch`] if `dZ` and `Z` differ in shape.
/// - [`Error::TooLarge`] if a gradient does not fit in memory.
/// - [`Error::ShapeMismatch`], [`Error::EmptyBatch`] or [`Error::ZeroSize`] if the matrices of a
///   cache that you built yourself do not fit.
///
/// Source: Ng (2017), week 4.
#[inline(never)]
pub fn linear_backward<F: Float>(
    dz: &ArrayRef2<F>,
    cache: &LinearCache<'_, F>,
) -> Result<(Array2<F>, LayerGradients<F>)> {
    let gradients = parameter_gradients(dz, cache)?;
    let mut da_prev = buffer::zeros("dA_prev", cache.a_prev.dim())?;
    matmul_into(&cache.w.t(), dz, &mut da_prev); // dA_prev = Wᵀ·dZ
    Ok((da_prev, gradients))
}

/// Computes `dW = 1/m dZ·A_prevᵀ` and `db = 1/m Σ dZ`.
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

/// Returns `1/m`.
pub(crate) fn one_over<F: Float>(m: usize) -> F {
    F::of(1.0 / m as f64)
}

/// `Ok` if the matrices of the cache fit and `dZ` has the shape of `Z`.
fn check_linear_backward<F: Float>(dz: &ArrayRef2<F>, cache: &LinearCache<'_, F>) -> Result<()> {
    check_linear(&cache.a_prev, cache.w, cache.b)?;
    let z = Operand { name: "Z", shape: (cache.w.nrows(), cache.a_prev.ncols()) };
    check_same_shape(Operand::new("dZ", dz), z)
}

/// Computes `dA_prev`, `dW` and `db` of one layer, `Z = W·A_prev + b` and `A = g(Z)`, from `dA`.
///
/// `dZ = dA ∘ g'(Z)`, then `dA_prev`, `dW` and `db` as in [`linear_backward`]. `dA`, `dZ` (n, m),
/// `dA_prev` (n_prev, m), `dW` (n, n_prev), `db` (n, 1). `dZ` reuses the memory of `dA`.
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
/// assert_eq!(da_prev, array![[1.0, 0.0], [-1.0, 0.0]]); // Z < 0 in the second example
/// assert_eq!(gradients.dw, array![[1.5, 0.5]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`] if `dA` and `Z` differ in shape.
/// - [`Error::Hyperparameter`] if a slope or an alpha is not finite in `F`.
/// - [`Error::TooLarge`] if a gradient does not fit in memory.
/// - [`Error::ShapeMismatch`], [`Error::EmptyBatch`] or [`Error::ZeroSize`] if the matrices of a
///   cache that you built yourself do not fit.
///
/// Source: Ng (2017), week 4.
#[inline(never)]
pub fn linear_activation_backward<F: Float>(
    da: Array2<F>,
    cache: &LayerCache<'_, F>,
) -> Result<(Array2<F>, LayerGradients<F>)> {
    let ActivationCache { z, activation } = &cache.activation;
    let dz = activation.backward(da, z)?; // dZ = dA ∘ g'(Z)
    linear_backward(&dz, &cache.linear)
}

/// Computes the gradient of the cross-entropy, `dAL = -(Y/AL - (1-Y)/(1-AL))`, element by element.
///
/// `AL`, `Y`, `dAL` (n_L, m). `dAL` is the derivative of the loss of each example with respect to
/// its outputs. It is infinite or NaN where `AL` is exactly 0 or 1; [`l_model_backward`] stays
/// finite there.
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
/// [`Error::ZeroSize`] if they are empty, [`Error::TooLarge`] if `dAL` does not fit in memory.
///
/// Source: Ng (2017), week 4.
#[doc(alias = "dAL")]
#[inline(never)]
pub fn output_gradient<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<Array2<F>> {
    check_outputs(al, y)?;
    let mut dal = buffer::copy_of("dAL", al)?;
    Zip::from(&mut dal).and(y).for_each(|a, &y| *a = -(y / *a - (F::one() - y) / (F::one() - *a)));
    Ok(dal)
}

/// Computes the gradients of the cross-entropy cost of sigmoid outputs with labels 0 and 1.
///
/// For a softmax output or another [`Cost`] use
/// [`backpropagate`](crate::train::backward::backpropagate), which can also compute `dX`.
///
/// `AL`, `Y` (n_L, m). `AL` and `caches` are the results of
/// [`l_model_forward`](crate::forward::l_model_forward); the cost is
/// [`compute_cost`](crate::cost::compute_cost). Returns `dWˡ` (nˡ, nˡ⁻¹) and `dbˡ` (nˡ, 1)
/// for every layer.
///
/// After a sigmoid the pass starts at `dZ = AL - Y`. This equals `dAL ∘ g'(Z)` and is accurate even
/// where `AL` is near 0 or 1. Another output activation is not an error: the cost is the same, and
/// the pass starts at the `dAL` of [`output_gradient`], but with 1e-12 as the divisor where `AL` is
/// exactly 0 or 1, as in PyTorch's `BCELoss`.
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
/// - [`Error::NoLayers`] if `caches` is empty.
/// - [`Error::ShapeMismatch`], with the layer, if `AL`, `Y` and `caches` do not fit.
/// - [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `AL` and `Y` are empty.
/// - [`Error::TooLarge`], with the layer, if a gradient does not fit in memory.
/// - [`Error::Hyperparameter`] if a slope or an alpha is not finite in `F`.
///
/// Source: Ng (2017), week 4, `L_model_backward`.
#[doc(alias("L_model_backward", "backward_propagation", "backward_propagation_n"))]
#[inline(never)]
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
        let (da_prev, gradients) =
            linear_backward(&dz, &caches[l - 1].linear).map_err(|e| e.in_layer(l))?;
        layers.push(gradients);
        let ActivationCache { z, activation } = &caches[l - 2].activation;
        dz = activation.backward(da_prev, z).map_err(|e| e.in_layer(l - 1))?;
    }
    // Training does not need dX, so the first layer skips the product Wᵀ·dZ.
    layers.push(parameter_gradients(&dz, &caches[0].linear).map_err(|e| e.in_layer(1))?);
    layers.reverse();
    Gradients::from_layers(layers)
}

/// Returns `dZ` of the output layer.
fn output_dz<F: Float>(
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    cache: &ActivationCache<F>,
) -> Result<Array2<F>> {
    check_outputs(al, y)?;
    check_same_shape(Operand::new("AL", al), Operand::new("Z", &cache.z))?;
    let cost = Cost::BinaryCrossEntropy;
    if cache.activation == Activation::Sigmoid {
        let mut dz = buffer::copy_of("dZ", al)?;
        cost.dz_in_place(&mut dz, &Targets::from(y)); // dZ = AL - Y
        return Ok(dz);
    }
    let mut dal = buffer::copy_of("dAL", al)?;
    cost.gradient_in_place(&mut dal, &Targets::from(y));
    cache.activation.backward(dal, &cache.z)
}
