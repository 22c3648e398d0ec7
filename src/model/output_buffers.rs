//! Forward passes without allocation.

use crate::activation::Activation;
use crate::buffer::{self, matrix, matrix_mut};
use crate::checks::check_room;
use crate::error::Operand;
use crate::forward::check_linear;
use crate::kernel::product::{Strategy, matmul_by};
use crate::{Float, Parameters, Result};
use ndarray::{ArrayRef2, ArrayView2, ArrayViewMut2};

/// The matrix that a forward pass ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// `AL`
    Activations,
    /// `Z` of the output layer.
    Logits,
}

impl Output {
    /// Returns the activation to apply to a layer.
    pub fn activation(self, own: Activation, is_last: bool) -> Activation {
        if is_last && self == Output::Logits { Activation::Identity } else { own }
    }
}

/// The largest `X` with these features that a predictor has room for.
pub(super) fn room_of_predictor<F>(x: &ArrayRef2<F>, examples: usize) -> Operand {
    Operand { name: "the predictor", shape: (x.nrows(), examples) }
}

/// The matrices between the layers of a network, for at most `examples` examples.
#[derive(Debug, Clone)]
pub(crate) struct OutputBuffers<F> {
    pub examples: usize,
    /// `A` of the current and of the previous layer, swapped after each layer.
    pub a: [Vec<F>; 2],
}

impl<F: Float> OutputBuffers<F> {
    pub(crate) fn new(parameters: &Parameters<F>, examples: usize) -> Result<Self> {
        let units = parameters.layers().iter().map(|layer| layer.w.nrows()).max().unwrap_or(0);
        let a = || buffer::vec("A", (units, examples));
        Ok(Self { examples, a: [a()?, a()?] })
    }

    /// Computes `AL` (n_L, m) of `X` (n₀, m), and returns its shape.
    ///
    /// `AL` is bit-identical to [`predict_proba`](crate::forward::predict_proba), because each
    /// product has the strategy that it has there. If the next product is by *dots*, the columns of
    /// `A` are contiguous, and *dots* need not copy them.
    pub(crate) fn compute(
        &mut self,
        x: ArrayView2<'_, F>,
        parameters: &Parameters<F>,
    ) -> Result<(usize, usize)> {
        self.compute_output(x, parameters, Output::Activations)
    }

    /// Computes `AL` as [`compute`](Self::compute), or `Z` of the output layer.
    #[inline(never)]
    pub(crate) fn compute_output(
        &mut self,
        x: ArrayView2<'_, F>,
        parameters: &Parameters<F>,
        output: Output,
    ) -> Result<(usize, usize)> {
        check_room(Operand::new("X", &x), room_of_predictor(&x, self.examples))?;
        let (layers, m) = (parameters.layers(), x.ncols());
        let [a, next] = &mut self.a;
        let mut rows = x.nrows();
        let mut strategy = None;
        for (l, layer) in layers.iter().enumerate() {
            let a_prev = match strategy {
                None => x,
                Some(Strategy::Dots) => matrix(a, m, rows).reversed_axes(),
                Some(_) => matrix(a, rows, m),
            };
            check_linear(&a_prev, &layer.w, &layer.b)
                .and_then(|()| layer.activation.check::<F>())
                .map_err(|e| e.in_layer(l + 1))?;
            rows = layer.w.nrows();
            let shape = matrix(next, rows, m);
            let chosen = strategy.unwrap_or_else(|| Strategy::choose(&layer.w, &a_prev, &shape));
            strategy = layers
                .get(l + 1)
                .map(|after| Strategy::choose(&after.w, &shape, &matrix(next, after.w.nrows(), m)));
            let mut out = match strategy {
                Some(Strategy::Dots) => matrix_mut(next, m, rows).reversed_axes(),
                _ => matrix_mut(next, rows, m),
            };
            matmul_by(chosen, &layer.w, &a_prev, &mut out);
            let activation = output.activation(layer.activation, l + 1 == layers.len());
            activation.add_bias_and_apply(&mut out, &layer.b);
            std::mem::swap(a, next);
        }
        Ok((rows, m))
    }

    /// Returns the outputs that [`compute`](Self::compute) computed last, given their shape.
    pub(crate) fn al(&self, (rows, m): (usize, usize)) -> ArrayView2<'_, F> {
        matrix(&self.a[0], rows, m)
    }

    pub(crate) fn al_mut(&mut self, (rows, m): (usize, usize)) -> ArrayViewMut2<'_, F> {
        matrix_mut(&mut self.a[0], rows, m)
    }
}
