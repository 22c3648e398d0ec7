//! The backward pass in preallocated buffers, layer by layer.

use crate::backward::one_over;
use crate::buffer::{matrix, matrix_mut};
use crate::frozen::Frozen;
use crate::gradients::LayerGradients;
use crate::kernel::elementwise::scaled_row_sums_into;
use crate::kernel::product::{matmul_into, scaled_matmul_into};
use crate::train::regularization::apply_mask;
use crate::{Float, Layer};
use ndarray::ArrayRef2;

/// The inputs and buffers of a backward pass, which starts from `dZ` of the last layer.
pub(crate) struct BackwardPass<'a, F> {
    pub layers: &'a [Layer<F>],
    /// The number of features, then the number of units of each layer.
    pub sizes: &'a [usize],
    /// The probability that a hidden unit is kept, if the step has dropout.
    pub keep_prob: Option<F>,
    /// The number of examples in the buffers.
    pub m: usize,
    /// The number of examples that the cost is averaged over, at least `m`.
    pub total: usize,
    /// The layers that get no gradients.
    pub frozen: &'a Frozen,
    /// The index of the lowest layer whose `dZ` is needed.
    pub lowest: usize,
    /// `X` (n₀, m). Without it, layer 1 gets no gradients.
    pub x: Option<&'a ArrayRef2<F>>,
    /// `A` of each layer, overwritten by `dZ`.
    pub a: &'a mut [Vec<F>],
    /// `Z` of the layers whose derivative does not follow from `A`; empty for the others.
    pub z: &'a [Vec<F>],
    /// `dA` between two layers.
    pub da: &'a mut [F],
    /// The dropout masks of the hidden layers.
    pub d: &'a [Vec<F>],
    /// `A` of the hidden layers after dropout.
    pub dropped: &'a [Vec<F>],
}

impl<F: Float> BackwardPass<'_, F> {
    /// Computes the gradients of the trainable layers, the last one first.
    #[inline(never)]
    pub(crate) fn run(&mut self, gradients: &mut [LayerGradients<F>]) {
        for l in (self.first_layer()..gradients.len()).rev() {
            if !self.frozen.contains(l) {
                self.parameter_gradients(l, &mut gradients[l]);
            }
            self.input_gradient(l);
            self.activation_gradient(l);
        }
    }

    /// Returns the index of the layer at which the pass ends; at least 1 without `X`.
    pub(crate) fn first_layer(&self) -> usize {
        self.lowest.max(usize::from(self.x.is_none()))
    }

    /// Computes `dW` and `db` of layer l + 1, from its `dZ`.
    pub(crate) fn parameter_gradients(&self, l: usize, gradient: &mut LayerGradients<F>) {
        let LayerGradients { dw, db } = gradient;
        if self.m == 0 {
            dw.fill(F::zero());
            db.fill(F::zero());
            return;
        }
        let dz = matrix(&self.a[l], self.sizes[l + 1], self.m);
        let mean = one_over(self.total);
        scaled_row_sums_into(mean, &dz, db); // db = 1/m Σ dZ
        let a_prev = match self.x {
            Some(x) if l == 0 => x.view(),
            _ if self.keep_prob.is_some() => matrix(&self.dropped[l - 1], self.sizes[l], self.m),
            _ => matrix(&self.a[l - 1], self.sizes[l], self.m),
        };
        scaled_matmul_into(mean, &dz, &a_prev.t(), dw); // dW = 1/m dZ·A_prevᵀ
    }

    /// Computes `dA` of layer l, the input of layer l + 1, from `dZ` of layer l + 1.
    pub(crate) fn input_gradient(&mut self, l: usize) {
        if l == self.lowest || self.m == 0 {
            return;
        }
        let dz = matrix(&self.a[l], self.sizes[l + 1], self.m);
        let mut da_prev = matrix_mut(self.da, self.sizes[l], self.m);
        matmul_into(&self.layers[l].w.t(), &dz, &mut da_prev); // dA_prev = Wᵀ·dZ
    }

    /// Overwrites `A` of layer l with its `dZ`, computed from its `dA`.
    pub(crate) fn activation_gradient(&mut self, l: usize) {
        if l == self.lowest || self.m == 0 {
            return;
        }
        let (rows, m) = (self.sizes[l], self.m);
        let mut a = matrix_mut(&mut self.a[l - 1], rows, m);
        let mut da = matrix_mut(self.da, rows, m);
        if let Some(keep_prob) = self.keep_prob {
            apply_mask(&mut da, &matrix(&self.d[l - 1], rows, m), keep_prob);
        }
        let activation = self.layers[l - 1].activation;
        if self.z[l - 1].is_empty() {
            activation.differentiate_output(&mut a, &da);
        } else {
            activation.differentiate(&mut da, &matrix(&self.z[l - 1], rows, m));
            a.assign(&da);
        }
    }
}
