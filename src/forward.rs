//! From `X` to `AL`. Each function returns *(what flows on, what backward needs)*.
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
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017).

use crate::buffer;
use crate::error::{Operand, check, check_batch, check_weights};
use crate::kernel::product::multiply;
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, CowArray, Ix2};

use crate::activation::Activation;

/// What [`linear_backward`](crate::backward::linear_backward) needs of a linear step.
///
/// `a_prev` is lent (`X`) or owned (moved in from the layer before); `w` and `b` are always
/// lent by the parameters, never copied, so the parameters cannot change before the backward
/// pass is done.
#[derive(Debug, Clone)]
pub struct LinearCache<'a, F> {
    /// The input of the step, (n_prev, m).
    pub a_prev: CowArray<'a, F, Ix2>,
    /// The weights of the step, (n, n_prev).
    pub w: &'a ArrayRef2<F>,
    /// The biases of the step, (n, 1).
    pub b: &'a ArrayRef2<F>,
}

/// What the derivative of an activation needs.
#[derive(Debug, Clone)]
pub struct ActivationCache<F> {
    /// The input of the activation, (n, m).
    pub z: Array2<F>,
    /// The activation.
    pub activation: Activation,
}

/// What [`linear_activation_backward`](crate::backward::linear_activation_backward) needs of a
/// layer.
#[derive(Debug, Clone)]
pub struct LayerCache<'a, F> {
    /// Of `Z = W·A_prev + b`.
    pub linear: LinearCache<'a, F>,
    /// Of `A = g(Z)`.
    pub activation: ActivationCache<F>,
}

/// The linear step, `Z = W·A_prev + b`.
///
/// `W` (n, n_prev), `A_prev` (n_prev, m), `b` (n, 1), `Z` (n, m). Pass `&a_prev` to lend the
/// matrix to the cache, `a_prev` to give it away.
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
/// [`Error::ShapeMismatch`] unless the shapes are those above,
/// [`Error::EmptyBatch`] if m is 0,
/// [`Error::ZeroSize`] if `W` has no row or no column,
/// [`Error::TooLarge`] if `Z` does not fit in memory, or `W` or `A_prev` have more elements than
/// any memory could hold.
pub fn linear_forward<'a, F: Float>(
    a_prev: impl Into<CowArray<'a, F, Ix2>>,
    w: &'a ArrayRef2<F>,
    b: &'a ArrayRef2<F>,
) -> Result<(Array2<F>, LinearCache<'a, F>)> {
    let a_prev = a_prev.into();
    let z = linear(&a_prev, w, b)?;
    Ok((z, LinearCache { a_prev, w, b }))
}

/// One layer, `A = g(W·A_prev + b)`.
///
/// Shapes as in [`linear_forward`]; `A` has the shape of `Z`.
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
/// Those of [`linear_forward`]; [`Error::Hyperparameter`] if the slope of a leaky ReLU is not
/// finite in `F`.
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

/// The whole network, from `X` to `AL`: layer after layer, with the cache of each.
///
/// `X` (n₀, m), `AL` (n_L, m). `&x` lends `X` to the first cache, `x` gives it away.
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
/// Those of [`linear_activation_forward`], with the number of the layer.
#[doc(alias = "L_model_forward")]
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

/// The output `AL` alone, without caches: the probability of class 1 after a sigmoid.
///
/// `X` (n₀, m), `AL` (n_L, m); equal to the `AL` of [`l_model_forward`] to the last bit.
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
/// Those of [`l_model_forward`].
pub fn predict_proba<'a, F: Float>(
    x: impl Into<CowArray<'a, F, Ix2>>,
    parameters: &Parameters<F>,
) -> Result<Array2<F>> {
    let mut a = x.into();
    for (l, layer) in parameters.layers().iter().enumerate() {
        let next = activated(&a, &layer.w, &layer.b, layer.activation);
        a = next.map_err(|e| e.in_layer(l + 1))?.into();
    }
    Ok(a.into_owned())
}

/// The predicted label: 1 where `AL > 0.5` (strictly), else 0.
///
/// `X` (n₀, m), the labels (n_L, m). An `AL` of NaN is not above 0.5 and gives 0: look at
/// [`predict_proba`] where that matters. It is for sigmoid outputs: after a softmax a column may be
/// all 0, and [`predicted_classes`](crate::data::predicted_classes) gives the classes.
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
/// Those of [`l_model_forward`].
pub fn predict<'a, F: Float>(
    x: impl Into<CowArray<'a, F, Ix2>>,
    parameters: &Parameters<F>,
) -> Result<Array2<F>> {
    let mut labels = predict_proba(x, parameters)?;
    labels.mapv_inplace(|a| if a > F::of(0.5) { F::one() } else { F::zero() });
    Ok(labels)
}

/// `Z = W·A_prev + b`
fn linear<F: Float>(
    a_prev: &ArrayRef2<F>,
    w: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
) -> Result<Array2<F>> {
    activated(a_prev, w, b, Activation::Identity)
}

/// `A = g(W·A_prev + b)`
fn activated<F: Float>(
    a_prev: &ArrayRef2<F>,
    w: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    activation: Activation,
) -> Result<Array2<F>> {
    check_linear(a_prev, w, b)?;
    activation.check::<F>()?;
    let mut a = buffer::zeros("Z", (w.nrows(), a_prev.ncols()))?;
    activated_into(a_prev, w, b, activation, &mut a);
    Ok(a)
}

/// `A ← g(W·A_prev + b)`: the kernel of every forward pass. The shapes have been checked.
pub(crate) fn activated_into<F: Float>(
    a_prev: &ArrayRef2<F>,
    w: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    activation: Activation,
    a: &mut ArrayRef2<F>,
) {
    multiply(F::one(), w, a_prev, F::zero(), a);
    activation.add_and_apply(a, b);
}

/// `Ok` if `W`, `A_prev` and `b` fit `Z = W·A_prev + b`.
pub(crate) fn check_linear<F: Float>(
    a_prev: &ArrayRef2<F>,
    w: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
) -> Result<()> {
    let (w, a_prev) = (Operand::of("W", w), Operand::of("A_prev", a_prev));
    check_weights(w, Operand::of("b", b))?;
    check(w.shape.1 == a_prev.shape.0, w, a_prev, "columns of W = rows of A_prev")?;
    check_batch(a_prev)
}

/// `Ok` if all of `AL`, the output of the last layer, is finite.
pub(crate) fn check_output<F: Float>(al: &ArrayRef2<F>, layers: usize) -> Result<()> {
    match al.indexed_iter().find(|(_, a)| !a.is_finite()) {
        Some(((row, column), a)) => Err(Error::NotFiniteEntry {
            layer: Some(layers),
            operand: "AL",
            row,
            column: Some(column),
            value: a.as_f64(),
        }),
        None => Ok(()),
    }
}
