//! The general backward pass: any cost, L2, dropout, and the gradient of `X`.

use super::regularization::{DropoutCaches, Mask, Objective, add_l2_to, check_lambda};
use crate::backward::{linear_backward, parameter_gradients};
use crate::buffer;
use crate::checks::check_same_shape;
use crate::cost::{Cost, CostFunction, StepCost, Targets};
use crate::error::Operand;
use crate::forward::{ActivationCache, LayerCache};
use crate::kernel::product::matmul_into;
use crate::{Error, Float, Gradients, Result};
use ndarray::{Array2, ArrayRef2};

/// Options of [`backpropagate`]: the objective, and whether to compute `dX`.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::backward::BackwardOptions;
///
/// let options = BackwardOptions::new(Cost::MeanSquaredError).dx(true);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct BackwardOptions<C = Cost> {
    objective: Objective<C>,
    dx: bool,
}

impl<C> BackwardOptions<C> {
    /// Creates options for a [`Cost`], a [`MeanLoss`](crate::cost::MeanLoss) or an [`Objective`],
    /// without `dX`.
    #[must_use]
    pub fn new(objective: impl Into<Objective<C>>) -> Self {
        Self { objective: objective.into(), dx: false }
    }

    /// Sets whether `dX` is computed.
    #[must_use]
    pub fn dx(self, dx: bool) -> Self {
        Self { dx, ..self }
    }
}

/// The caches of a forward pass, as [`backpropagate`] takes them.
///
/// A reference to the caches of [`l_model_forward`](crate::forward::l_model_forward), or of
/// [`l_model_forward_with_dropout`](super::regularization::l_model_forward_with_dropout), converts
/// to this type.
#[derive(Debug, Clone, Copy)]
pub struct Caches<'c, 'a, F> {
    layers: &'c [LayerCache<'a, F>],
    masks: Option<&'c [Mask<F>]>,
}

impl<'c, 'a, F: Float> From<&'c [LayerCache<'a, F>]> for Caches<'c, 'a, F> {
    fn from(layers: &'c [LayerCache<'a, F>]) -> Self {
        Self { layers, masks: None }
    }
}

impl<'c, 'a, F: Float> From<&'c Vec<LayerCache<'a, F>>> for Caches<'c, 'a, F> {
    fn from(layers: &'c Vec<LayerCache<'a, F>>) -> Self {
        Self { layers, masks: None }
    }
}

impl<'c, 'a, F: Float, const N: usize> From<&'c [LayerCache<'a, F>; N]> for Caches<'c, 'a, F> {
    fn from(layers: &'c [LayerCache<'a, F>; N]) -> Self {
        Self { layers, masks: None }
    }
}

impl<'c, 'a, F: Float> From<&'c DropoutCaches<'a, F>> for Caches<'c, 'a, F> {
    fn from(caches: &'c DropoutCaches<'a, F>) -> Self {
        Self { layers: &caches.layers, masks: Some(&caches.masks) }
    }
}

/// The result of [`backpropagate`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BackwardOutput<F> {
    /// The gradients of every layer.
    pub gradients: Gradients<F>,
    /// `dX = W¹ᵀ·dZ¹`, (n₀, m), if [`BackwardOptions::dx`] was set.
    pub dx: Option<Array2<F>>,
}

/// Computes the gradients of the whole network, for any cost, with or without L2 and dropout.
///
/// `AL` (n_L, m); the targets are in a form that the [`Cost`] takes. `caches`
/// come from the forward pass that computed `AL`.
///
/// The pass starts at `dZ` of the output layer. If that layer has
/// [the activation that belongs to the cost](crate::cost::Cost::output_activation), `dZ` is the
/// one in the table of costs, which is exact even where the output saturates. For any other
/// activation it is `dZ = dAL ∘ g'(Z)`, where `dAL` is
/// [`Cost::gradient`](crate::cost::Cost::gradient). With L2, each layer adds `λ/m W` to its `dW`.
///
/// For the binary cross-entropy without L2 and dropout, the gradients are bit-identical to
/// [`l_model_backward`](crate::backward::l_model_backward).
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep(&[2, 4, 3], Initializer::He, &mut rng)?
///     .with_activations(Activation::Relu, Activation::Softmax);
/// let (x, classes) = (array![[0.5, -1.0, 0.1], [1.0, 1.0, 0.2]], array![[2.0, 0.0, 1.0]]);
/// let (al, caches) = l_model_forward(&x, &parameters)?;
/// let options = BackwardOptions::new(Cost::CategoricalCrossEntropy).dx(true);
/// let output = backpropagate(&al, &classes, &caches, options)?;
/// assert_eq!(output.gradients.layers()[1].dw.dim(), (3, 4));
/// assert_eq!(output.dx.unwrap().dim(), x.dim());
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NoLayers`] if `caches` is empty, [`Error::LayerCount`] unless there is one dropout
/// mask for each hidden layer, [`Error::ShapeMismatch`] with the layer if `AL`, targets, caches and
/// masks do not fit each other, [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `AL` is empty,
/// [`Error::InvalidValue`] if a class number is not one of the outputs,
/// [`Error::OutputActivation`] if the output layer does not go with the cost,
/// [`Error::Hyperparameter`] if λ is not finite in `F` or a mask has an invalid `keep_prob`, it or
/// [`Error::Inconsistent`] if the [smoothing](Targets::smoothed) is not valid, [`Error::TooLarge`]
/// if a gradient does not fit in memory.
#[doc(alias = "backward_propagation_with_dropout")]
pub fn backpropagate<'t, 'c, 'a: 'c, F: Float, C: CostFunction<F>>(
    al: &ArrayRef2<F>,
    targets: impl Into<Targets<'t, F>>,
    caches: impl Into<Caches<'c, 'a, F>>,
    options: BackwardOptions<C>,
) -> Result<BackwardOutput<F>> {
    let BackwardOptions { objective, dx } = options;
    let Caches { layers: caches, masks } = caches.into();
    let last = caches.len();
    let output = caches.last().ok_or(Error::NoLayers)?;
    if let Some(masks) = masks.filter(|masks| masks.len() + 1 != last) {
        return Err(Error::LayerCount { expected: last, found: masks.len() + 1 });
    }
    check_lambda::<F>(objective.l2)?;
    let dz = output_dz(&objective.cost, al, &targets.into(), &output.activation);
    let mut dz = dz.map_err(|e| e.in_layer(last))?;
    let mut layers = Vec::with_capacity(last);
    for l in (2..=last).rev() {
        let (mut da, gradients) =
            linear_backward(&dz, &caches[l - 1].linear).map_err(|e| e.in_layer(l))?;
        layers.push(gradients);
        if let Some(mask) = masks.map(|masks| &masks[l - 2]) {
            mask.apply(&mut da).map_err(|e| e.in_layer(l - 1))?;
        }
        let ActivationCache { z, activation } = &caches[l - 2].activation;
        dz = activation.backward(da, z).map_err(|e| e.in_layer(l - 1))?;
    }
    layers.push(parameter_gradients(&dz, &caches[0].linear).map_err(|e| e.in_layer(1))?);
    layers.reverse();
    if objective.l2 != 0.0 {
        for (gradients, cache) in layers.iter_mut().zip(caches) {
            add_l2_to(&mut gradients.dw, cache.linear.w, objective.l2, al.ncols());
        }
    }
    let gradients = Gradients::from_layers(layers)?;
    let dx = if dx { Some(input_gradient(&dz, &caches[0])?) } else { None };
    Ok(BackwardOutput { gradients, dx })
}

/// Computes `dX = W¹ᵀ·dZ¹`.
fn input_gradient<F: Float>(dz: &ArrayRef2<F>, first: &LayerCache<'_, F>) -> Result<Array2<F>> {
    let mut dx = buffer::zeros("dX", first.linear.a_prev.dim()).map_err(|e| e.in_layer(1))?;
    matmul_into(&first.linear.w.t(), dz, &mut dx);
    Ok(dx)
}

/// Computes `dZ` of the output layer.
fn output_dz<F: Float>(
    cost: &dyn StepCost<F>,
    al: &ArrayRef2<F>,
    targets: &Targets<'_, F>,
    cache: &ActivationCache<F>,
) -> Result<Array2<F>> {
    let activation = cache.activation;
    cost.check(targets, Operand::new("AL", al))?;
    cost.check_output(activation)?;
    check_same_shape(Operand::new("AL", al), Operand::new("Z", &cache.z))?;
    if let Some(cost) = cost.of_logits(activation) {
        let mut dz = buffer::copy_of("dZ", al)?;
        cost.dz_in_place(&mut dz, targets);
        return Ok(dz);
    }
    let mut dal = buffer::zeros("dAL", al.dim())?;
    cost.gradient_into(al, targets, &mut dal);
    activation.backward(dal, &cache.z)
}
