//! Forward propagation, from the inputs `X` to the outputs `AL`.
//!
//! ```math
//! Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]} \qquad A^{[l]} = g^{[l]}(Z^{[l]}) \qquad A^{[0]} = X
//! ```
//!
//! | symbol | shape |
//! |---|---|
//! | `X = A⁰` | (features, examples) = (n₀, m) |
//! | `Wˡ` | (nˡ, nˡ⁻¹) |
//! | `bˡ` | (nˡ, 1) |
//! | `Zˡ`, `Aˡ` | (nˡ, m) |
//!
//! The columns of `W` must match the rows of `A_prev`, and `b` is added to every column:
//!
#![doc = include_str!("../docs/images/shapes.svg")]
//!
//! Each column is one example. Pass `x.t()` for a table `x` with one example per row.
//!
//! A forward function returns (output, cache). The cache holds the values that the backward
//! function of the same step needs:
//!
//! | forward | computes | cache | backward |
//! |---|---|---|---|
//! | [`linear_forward`] | `Z` | [`LinearCache`] | [`linear_backward`] |
//! | [`linear_activation_forward`] | `A` | [`LayerCache`] | [`linear_activation_backward`] |
//! | [`l_model_forward`] | `AL` | a [`LayerCache`] per layer | [`l_model_backward`] |
//!
//! [`predict_proba`] and [`predict`] compute outputs without caches.
//!
//! [`linear_backward`]: crate::backward::linear_backward
//! [`linear_activation_backward`]: crate::backward::linear_activation_backward
//! [`l_model_backward`]: crate::backward::l_model_backward
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017).

#[cfg(doc)]
use crate::Error;
use crate::activation::Activation;
use crate::buffer;
use crate::checks::{check, check_batch, check_weights};
use crate::error::Operand;
use crate::kernel::elementwise::add_column;
use crate::kernel::product::matmul_into;
use crate::{Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, CowArray, Ix2};

/// The cache of [`linear_forward`], for [`linear_backward`](crate::backward::linear_backward).
///
/// `w` and `b` are borrowed from the parameters, so the parameters cannot change between forward
/// and backward pass. `a_prev` is borrowed (`X`) or owned (the output of the previous layer).
#[derive(Debug, Clone)]
pub struct LinearCache<'a, F> {
    /// The input `A_prev`, (n_prev, m).
    pub a_prev: CowArray<'a, F, Ix2>,
    /// The weights `W`, (n, n_prev).
    pub w: &'a ArrayRef2<F>,
    /// The biases `b`, (n, 1).
    pub b: &'a ArrayRef2<F>,
}

/// The cache of an activation `A = g(Z)`, for its derivative.
#[derive(Debug, Clone)]
pub struct ActivationCache<F> {
    /// The input `Z`, (n, m).
    pub z: Array2<F>,
    /// The activation function `g`.
    pub activation: Activation,
}

/// The cache of [`linear_activation_forward`], for
/// [`linear_activation_backward`](crate::backward::linear_activation_backward).
#[derive(Debug, Clone)]
pub struct LayerCache<'a, F> {
    /// The cache of `Z = W·A_prev + b`.
    pub linear: LinearCache<'a, F>,
    /// The cache of `A = g(Z)`.
    pub activation: ActivationCache<F>,
}

/// Computes the linear step of a layer, `Z = W·A_prev + b`.
///
/// `W` (n, n_prev), `A_prev` (n_prev, m), `b` (n, 1), `Z` (n, m). `b` is added to every column.
///
/// The cache keeps `A_prev`: `&a_prev` lends the matrix to the cache, `a_prev` moves it there.
/// Neither copies it.
///
/// ```
/// use dnn_blocks::forward::linear_forward;
/// use dnn_blocks::ndarray::array;
///
/// let (w, b) = (array![[1.0, 2.0, 3.0]], array![[0.5]]);
/// let a_prev = array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
/// let (z, cache) = linear_forward(&a_prev, &w, &b)?;
/// assert_eq!(z, array![[4.5, 5.5]]);
/// assert!(cache.a_prev.is_view());
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`] if the shapes do not fit the formula.
/// - [`Error::EmptyBatch`] if m is 0.
/// - [`Error::ZeroSize`] if n or n_prev is 0.
/// - [`Error::TooLarge`] if `Z` does not fit in memory, or if `W` or `A_prev` is a broadcast view
///   with more elements than an array can have.
///
/// Source: Ng (2017), week 4.
#[inline(never)]
pub fn linear_forward<'a, F: Float>(
    a_prev: impl Into<CowArray<'a, F, Ix2>>,
    w: &'a ArrayRef2<F>,
    b: &'a ArrayRef2<F>,
) -> Result<(Array2<F>, LinearCache<'a, F>)> {
    let a_prev = a_prev.into();
    check_linear(&a_prev, w, b)?;
    let mut z = buffer::zeros("Z", (w.nrows(), a_prev.ncols()))?;
    matmul_into(w, &a_prev, &mut z); // Z = W·A_prev
    add_column(&mut z, b); //           Z = Z + b
    Ok((z, LinearCache { a_prev, w, b }))
}

/// Computes one layer, `Z = W·A_prev + b` and `A = g(Z)`.
///
/// `W` (n, n_prev), `A_prev` (n_prev, m), `b` (n, 1), `Z`, `A` (n, m).
///
/// ```
/// use dnn_blocks::activation::Activation;
/// use dnn_blocks::forward::linear_activation_forward;
/// use dnn_blocks::ndarray::array;
///
/// let (w, b) = (array![[1.0, -1.0]], array![[0.0]]);
/// let a_prev = array![[3.0, 1.0], [1.0, 3.0]];
/// let (a, cache) = linear_activation_forward(&a_prev, &w, &b, Activation::Relu)?;
/// assert_eq!(a, array![[2.0, 0.0]]);
/// assert_eq!(cache.activation.z, array![[2.0, -2.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`], [`Error::EmptyBatch`], [`Error::ZeroSize`] and [`Error::TooLarge`]
///   as in [`linear_forward`].
/// - [`Error::Hyperparameter`] if a slope or an alpha is not finite in `F`.
///
/// Source: Ng (2017), week 4.
#[inline(never)]
pub fn linear_activation_forward<'a, F: Float>(
    a_prev: impl Into<CowArray<'a, F, Ix2>>,
    w: &'a ArrayRef2<F>,
    b: &'a ArrayRef2<F>,
    activation: Activation,
) -> Result<(Array2<F>, LayerCache<'a, F>)> {
    let (z, linear) = linear_forward(a_prev, w, b)?;
    let a = activation.forward(&z)?;
    Ok((a, LayerCache { linear, activation: ActivationCache { z, activation } }))
}

/// Computes the outputs of the network, `Aˡ = g(Wˡ·Aˡ⁻¹ + bˡ)` from `A⁰ = X` to `AL`.
///
/// `X` (n₀, m), `AL` (n_L, m). Returns `AL` and the caches of all layers, first to last. `&x`
/// lends `X` to the first cache, `x` moves it there.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 3, 1], Initializer::He, &mut rng)?;
/// let x = array![[0.5, -1.0, 2.0, 0.0], [1.0, 1.0, -0.5, 0.0]];
/// let (al, caches) = l_model_forward(&x, &parameters)?;
/// assert_eq!((al.dim(), caches.len()), ((1, 4), 2));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::ShapeMismatch`] if `X` does not have n₀ rows, or if two layers do not fit.
/// - [`Error::EmptyBatch`] if m is 0.
/// - [`Error::ZeroSize`] if a layer has no units or no inputs.
/// - [`Error::TooLarge`] if an output does not fit in memory.
/// - [`Error::Hyperparameter`] if a slope or an alpha is not finite in `F`.
///
/// The first four name the layer.
///
/// Source: Ng (2017), week 4, `L_model_forward`.
#[doc(alias("L_model_forward", "forward_propagation", "forward_propagation_n"))]
#[inline(never)]
pub fn l_model_forward<'a, F: Float>(
    x: impl Into<CowArray<'a, F, Ix2>>,
    parameters: &'a Parameters<F>,
) -> Result<(Array2<F>, Vec<LayerCache<'a, F>>)> {
    let mut a = x.into();
    let mut caches = Vec::with_capacity(parameters.layers().len());
    for (l, layer) in parameters.layers().iter().enumerate() {
        let (next, cache) = linear_activation_forward(a, &layer.w, &layer.b, layer.activation)
            .map_err(|e| e.in_layer(l + 1))?;
        caches.push(cache);
        a = next.into();
    }
    Ok((a.into_owned(), caches))
}

/// Computes the outputs `AL` of the network without caches.
///
/// `X` (n₀, m), `AL` (n_L, m), bit-identical to the `AL` of [`l_model_forward`]. A sigmoid output
/// is the probability of class 1, a softmax column the probabilities of all classes.
///
/// ```
/// use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 1], Initializer::Zeros, &mut rng)?;
/// let al = predict_proba(Array2::<f64>::ones((2, 3)), &parameters)?;
/// assert_eq!(al, Array2::from_elem((1, 3), 0.5));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`], [`Error::EmptyBatch`], [`Error::ZeroSize`], [`Error::TooLarge`] and
/// [`Error::Hyperparameter`] as in [`l_model_forward`].
#[inline(never)]
pub fn predict_proba<'a, F: Float>(
    x: impl Into<CowArray<'a, F, Ix2>>,
    parameters: &Parameters<F>,
) -> Result<Array2<F>> {
    let mut a = x.into();
    for (l, layer) in parameters.layers().iter().enumerate() {
        let next = layer_output(&a, &layer.w, &layer.b, layer.activation);
        a = next.map_err(|e| e.in_layer(l + 1))?.into();
    }
    Ok(a.into_owned())
}

/// Computes `Z` of the output layer, bit-identical to the `Z` of [`l_model_forward`].
#[inline(never)]
pub(crate) fn logits<F: Float>(
    x: CowArray<'_, F, Ix2>,
    parameters: &Parameters<F>,
) -> Result<Array2<F>> {
    let (mut a, last) = (x, parameters.layers().len());
    for (l, layer) in parameters.layers().iter().enumerate() {
        let activation = if l + 1 == last { Activation::Identity } else { layer.activation };
        let next = layer_output(&a, &layer.w, &layer.b, activation);
        a = next.map_err(|e| e.in_layer(l + 1))?.into();
    }
    Ok(a.into_owned())
}

/// Replaces the logits of each example by the logarithms of their softmax,
/// `z - max z - ln Σ exp(z - max z)`.
#[inline(never)]
pub(crate) fn log_softmax_in_place<F: Float>(z: &mut ArrayRef2<F>) {
    for mut z in z.columns_mut() {
        let (mut largest, mut max) = (0, f64::NEG_INFINITY);
        for (class, z) in z.iter().enumerate() {
            if z.as_f64() > max {
                (largest, max) = (class, z.as_f64());
            }
        }
        let rest = z.iter().enumerate().filter(|(class, _)| *class != largest);
        // Near a probability of 1, ln(1 + rest) keeps the digits that ln of the sum would lose.
        let ln_sum = rest.map(|(_, z)| (z.as_f64() - max).exp()).sum::<f64>().ln_1p();
        z.mapv_inplace(|z| F::of(z.as_f64() - max - ln_sum));
    }
}

/// Predicts labels from sigmoid outputs: 1 where `AL > 0.5`, else 0.
///
/// `X` (n₀, m), labels (n_L, m). NaN gives 0. For a softmax output use
/// [`predicted_classes`](crate::data::predicted_classes), which returns the most probable class of
/// each example.
///
/// ```
/// use dnn_blocks::activation::Activation;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let layer = Layer { w: array![[1.0]], b: array![[0.0]], activation: Activation::Sigmoid };
/// let parameters = Parameters::from_layers(vec![layer])?;
/// assert_eq!(predict(array![[-1.0, 0.0, 1.0]], &parameters)?, array![[0.0, 0.0, 1.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`], [`Error::EmptyBatch`], [`Error::ZeroSize`], [`Error::TooLarge`] and
/// [`Error::Hyperparameter`] as in [`l_model_forward`].
///
/// Source: Ng (2017), week 4.
#[doc(alias = "predict_dec")]
#[inline(never)]
pub fn predict<'a, F: Float>(
    x: impl Into<CowArray<'a, F, Ix2>>,
    parameters: &Parameters<F>,
) -> Result<Array2<F>> {
    let mut labels = predict_proba(x, parameters)?;
    labels.mapv_inplace(|a| if a > F::of(0.5) { F::one() } else { F::zero() });
    Ok(labels)
}

/// Returns `A = g(W·A_prev + b)`.
fn layer_output<F: Float>(
    a_prev: &ArrayRef2<F>,
    w: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    activation: Activation,
) -> Result<Array2<F>> {
    check_linear(a_prev, w, b)?;
    activation.check::<F>()?;
    let mut a = buffer::zeros("A", (w.nrows(), a_prev.ncols()))?;
    layer_output_into(a_prev, w, b, activation, &mut a);
    Ok(a)
}

/// Sets `A ← g(W·A_prev + b)` without keeping `Z`. The caller has checked the shapes.
pub(crate) fn layer_output_into<F: Float>(
    a_prev: &ArrayRef2<F>,
    w: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    activation: Activation,
    a: &mut ArrayRef2<F>,
) {
    matmul_into(w, a_prev, a);
    activation.add_bias_and_apply(a, b);
}

/// `Ok` if the shapes of `W`, `A_prev` and `b` fit `Z = W·A_prev + b`.
pub(crate) fn check_linear<F: Float>(
    a_prev: &ArrayRef2<F>,
    w: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
) -> Result<()> {
    let (w, a_prev) = (Operand::new("W", w), Operand::new("A_prev", a_prev));
    check_weights(w, Operand::new("b", b))?;
    let rule = "columns of W must equal rows of A_prev (one example per column)";
    check(w.shape.1 == a_prev.shape.0, w, a_prev, rule)?;
    check_batch(a_prev)
}
