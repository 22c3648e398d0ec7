//! The results of all blocks of one step.

use crate::activation::Activation;
use crate::backward::{Gradients, LayerGradients, linear_backward, output_gradient};
use crate::cost::{Cost, Targets, compute_cost};
use crate::data;
use crate::forward::{ActivationCache, LayerCache, l_model_forward, predict_proba};
use crate::update::update_parameters;
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, Zip, s};
use std::mem::replace;

/// The matrices of a step, and its costs.
pub(super) struct Blocks<F> {
    pub parameters: Parameters<F>,
    pub layers: Vec<LayerBlocks<F>>,
    /// The labels, one-hot if they were class numbers.
    pub y: Array2<F>,
    /// The loss of each example, (1, m).
    pub losses: Array2<F>,
    pub cost: F,
    /// `dAL ∘ g'(Z)`, if `dZ` of the outputs has a shorter formula, which `dz` follows.
    pub product: Option<Array2<F>>,
    pub updated: Parameters<F>,
    pub cost_after: F,
}

/// The matrices of one layer.
pub(super) struct LayerBlocks<F> {
    pub activation: Activation,
    pub a_prev: Array2<F>,
    /// Whether the cache borrows `a_prev`.
    pub lent: bool,
    pub z: Array2<F>,
    pub a: Array2<F>,
    pub da: Array2<F>,
    /// `g'(Z)`, unless it depends on other units.
    pub derivative: Option<Array2<F>>,
    pub dz: Array2<F>,
    pub gradients: LayerGradients<F>,
    pub da_prev: Array2<F>,
}

impl<F: Float> Blocks<F> {
    /// Takes a step. The sizes are small, so the matrices are copied.
    pub fn compute(
        parameters: &Parameters<F>,
        x: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        cost: &Cost,
        learning_rate: f64,
    ) -> Result<Self> {
        let (al, caches) = l_model_forward(x.view(), parameters)?;
        let value = value(cost, &al, y)?;
        let y = one_hot(y, al.nrows())?;
        let losses = losses(cost, &al, &y)?;
        let ActivationCache { z, activation } = &caches.last().ok_or(Error::NoLayers)?.activation;
        let da = outputs_gradient(cost, &al, &y, *activation)?;
        let mut dz = activation.backward(da.clone(), z)?;
        let mut product = None;
        if has_short_dz(cost, *activation) {
            let mut short = al.clone();
            cost.dz_in_place(&mut short, &Targets::from(&y));
            product = Some(replace(&mut dz, short));
        }
        let layers = backward(al, da, dz, &caches)?;
        let updated = updated(parameters, &layers, learning_rate)?;
        let cost_after = self::value(cost, &predict_proba(x.view(), &updated)?, &y)?;
        let parameters = parameters.clone();
        Ok(Self { parameters, layers, y, losses, cost: value, product, updated, cost_after })
    }

    /// Returns whether both formulas of `dZ` of the outputs give the same numbers, up to rounding.
    pub fn formulas_agree(&self) -> bool {
        let (Some(product), Some(output)) = (&self.product, self.layers.last()) else {
            return true;
        };
        let near = |&a: &F, &b: &F| (a - b).abs() <= F::epsilon().sqrt() * (F::one() + b.abs());
        Zip::from(product).and(&output.dz).all(near)
    }
}

fn value<F: Float>(cost: &Cost, al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<F> {
    if *cost == Cost::BinaryCrossEntropy { compute_cost(al, y) } else { cost.value(al, y) }
}

/// Returns the labels (n_L, m), also of a row of class numbers, which the cost has checked.
fn one_hot<F: Float>(y: &ArrayRef2<F>, outputs: usize) -> Result<Array2<F>> {
    if y.nrows() == outputs {
        return Ok(y.to_owned());
    }
    let classes: Vec<_> = y.iter().map(|class| class.as_f64() as usize).collect();
    data::one_hot(&classes, outputs)
}

/// Returns the loss of each example: the cost of a batch that has only this example.
fn losses<F: Float>(cost: &Cost, al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<Array2<F>> {
    let mut losses = Array2::zeros((1, al.ncols()));
    for (i, loss) in losses.iter_mut().enumerate() {
        let example = s![.., i..=i];
        *loss = value(cost, &al.slice(example), &y.slice(example))?;
    }
    Ok(losses)
}

/// Goes back through the layers, from `dAL` and the `dZ` of the outputs. Returns the layers first
/// to last.
fn backward<F: Float>(
    al: Array2<F>,
    dal: Array2<F>,
    output_dz: Array2<F>,
    caches: &[LayerCache<'_, F>],
) -> Result<Vec<LayerBlocks<F>>> {
    let mut layers = Vec::with_capacity(caches.len());
    let (mut a, mut da, mut output_dz) = (al, dal, Some(output_dz));
    for LayerCache { linear, activation: ActivationCache { z, activation } } in caches.iter().rev()
    {
        let dz = match output_dz.take() {
            Some(dz) => dz,
            None => activation.backward(da.clone(), z)?,
        };
        let (da_prev, gradients) = linear_backward(&dz, linear)?;
        let a_prev = linear.a_prev.to_owned();
        layers.push(LayerBlocks {
            activation: *activation,
            lent: linear.a_prev.is_view(),
            a_prev: a_prev.clone(),
            z: z.clone(),
            a: replace(&mut a, a_prev),
            da: replace(&mut da, da_prev.clone()),
            derivative: derivative(*activation, z)?,
            dz,
            gradients,
            da_prev,
        });
    }
    layers.reverse();
    Ok(layers)
}

/// Computes `dAL`. Only after a sigmoid is it the course's formula at outputs of exactly 0 and 1
/// too, as in `l_model_backward`.
fn outputs_gradient<F: Float>(
    cost: &Cost,
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    output: Activation,
) -> Result<Array2<F>> {
    if is_of_course(cost, output) { output_gradient(al, y) } else { cost.gradient(al, y) }
}

/// Returns whether cost and output are the course's.
pub(super) fn is_of_course(cost: &Cost, output: Activation) -> bool {
    *cost == Cost::BinaryCrossEntropy && output == Activation::Sigmoid
}

/// Returns whether `dZ` of this output is computed without `dAL`.
fn has_short_dz(cost: &Cost, output: Activation) -> bool {
    output == cost.output_activation() && output != Activation::Identity
}

/// Computes `g'(Z)`, the `dZ` of a `dA` of ones. The one of softmax depends on other units.
fn derivative<F: Float>(activation: Activation, z: &Array2<F>) -> Result<Option<Array2<F>>> {
    if activation == Activation::Softmax {
        return Ok(None);
    }
    activation.backward(Array2::ones(z.dim()), z).map(Some)
}

fn updated<F: Float>(
    parameters: &Parameters<F>,
    layers: &[LayerBlocks<F>],
    learning_rate: f64,
) -> Result<Parameters<F>> {
    let gradients = layers.iter().map(|layer| layer.gradients.clone()).collect();
    let mut updated = parameters.clone();
    update_parameters(&mut updated, &Gradients::from_layers(gradients)?, learning_rate)?;
    Ok(updated)
}
