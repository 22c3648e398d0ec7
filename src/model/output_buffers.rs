//! Forward passes without allocation.

use crate::buffer::{self, matrix, matrix_mut};
use crate::checks::check;
use crate::error::Operand;
use crate::forward::check_linear;
use crate::kernel::product::{Strategy, matmul_by};
use crate::kernel::threads;
use crate::{Float, Layer, Parameters, Result};
use ndarray::{ArrayRef2, ArrayView2, ArrayViewMut2, Axis, s};

/// The examples that go through all layers together, so that their activations stay in the
/// second-level cache.
const CHUNK: usize = if cfg!(feature = "blas") { usize::MAX } else { 240 };
/// The least examples for a thread. Threads cut the examples at multiples of this number.
const SHARE: usize = 48;

/// The matrices between the layers of a network, for at most `examples` examples.
#[derive(Debug, Clone)]
pub(crate) struct OutputBuffers<F> {
    pub examples: usize,
    /// The units of the widest hidden layer.
    units: usize,
    /// `A` of the current and of the previous hidden layer, swapped after each layer.
    a: [Vec<F>; 2],
    al: Vec<F>,
    /// The strategy of the product of each layer.
    strategies: Vec<Strategy>,
}

impl<F: Float> OutputBuffers<F> {
    pub(crate) fn new(parameters: &Parameters<F>, examples: usize) -> Result<Self> {
        let (last, hidden) = split_layers(parameters);
        let units = hidden.iter().map(|layer| layer.w.nrows()).max().unwrap_or(0);
        let a = || buffer::vec("A", (units, examples));
        Ok(Self {
            examples,
            units,
            a: [a()?, a()?],
            al: buffer::vec("AL", (last.w.nrows(), examples))?,
            strategies: Vec::with_capacity(hidden.len() + 1),
        })
    }

    /// Checks that the buffers have room for `X` (n₀, m).
    pub fn check_examples(&self, x: &ArrayRef2<F>) -> Result<()> {
        let (m, examples) = (x.ncols(), self.examples);
        let room = Operand { name: "the predictor", shape: (x.nrows(), examples) };
        check(m <= examples, Operand::new("X", x), room, "at most the columns it was made for")
    }

    /// Computes `AL` (n_L, m) of `X` (n₀, m), and returns its shape.
    ///
    /// `AL` is bit-identical to [`predict_proba`](crate::forward::predict_proba), because each
    /// product has the strategy that it has there, and no sum depends on the other examples.
    #[inline(never)]
    pub(crate) fn compute(
        &mut self,
        x: ArrayView2<'_, F>,
        parameters: &Parameters<F>,
    ) -> Result<(usize, usize)> {
        self.check_examples(&x)?;
        self.check_and_choose(&x, parameters)?;
        let (last, hidden) = split_layers(parameters);
        let shape = (last.w.nrows(), x.ncols());
        let layers = Layers { hidden, last, units: self.units, strategies: &self.strategies };
        let [a, next] = &mut self.a;
        layers.run(x, a, next, matrix_mut(&mut self.al, shape.0, shape.1));
        Ok(shape)
    }

    /// Checks the layers, and chooses the strategy of each product.
    fn check_and_choose(
        &mut self,
        x: &ArrayView2<'_, F>,
        parameters: &Parameters<F>,
    ) -> Result<()> {
        self.strategies.clear();
        let (m, mut rows) = (x.ncols(), x.nrows());
        for (l, layer) in parameters.layers().iter().enumerate() {
            let a_prev = if l == 0 { *x } else { matrix(&self.a[0], rows, m) };
            check_linear(&a_prev, &layer.w, &layer.b)
                .and_then(|()| layer.activation.check::<F>())
                .map_err(|e| e.in_layer(l + 1))?;
            rows = layer.w.nrows();
            let is_last = l + 1 == parameters.layers().len();
            let a = matrix(if is_last { &self.al } else { &self.a[1] }, rows, m);
            self.strategies.push(Strategy::choose(&layer.w, &a_prev, &a));
        }
        Ok(())
    }

    /// Returns the outputs that [`compute`](Self::compute) computed last, given their shape.
    pub(crate) fn al(&self, (rows, m): (usize, usize)) -> ArrayView2<'_, F> {
        matrix(&self.al, rows, m)
    }

    /// Returns [`al`](Self::al) to change.
    pub(crate) fn al_mut(&mut self, (rows, m): (usize, usize)) -> ArrayViewMut2<'_, F> {
        matrix_mut(&mut self.al, rows, m)
    }
}

fn split_layers<F: Float>(parameters: &Parameters<F>) -> (&Layer<F>, &[Layer<F>]) {
    parameters.layers().split_last().expect("a network has layers")
}

/// The layers of a network, with the strategies of their products.
#[derive(Clone, Copy)]
struct Layers<'p, F> {
    hidden: &'p [Layer<F>],
    last: &'p Layer<F>,
    units: usize,
    strategies: &'p [Strategy],
}

impl<F: Float> Layers<'_, F> {
    /// Computes `AL` in chunks of examples, on as many threads as pay.
    fn run(&self, x: ArrayView2<'_, F>, a: &mut [F], next: &mut [F], al: ArrayViewMut2<'_, F>) {
        let m = x.ncols();
        let parts = threads::parts(self.weights().saturating_mul(m), 0);
        // With few examples for each thread, the threads share each product.
        if m < SHARE * parts.max(2) || CHUNK == usize::MAX {
            return self.chunk(x, a, next, al, true);
        }
        self.run_in(parts, x, a, next, al);
    }

    fn weights(&self) -> usize {
        self.hidden.iter().map(|layer| layer.w.len()).sum::<usize>() + self.last.w.len()
    }

    /// Computes `AL` in this number of parallel parts.
    fn run_in(
        &self,
        parts: usize,
        x: ArrayView2<'_, F>,
        a: &mut [F],
        next: &mut [F],
        mut al: ArrayViewMut2<'_, F>,
    ) {
        let m = x.ncols();
        let first = parts / 2;
        let cut = (m / parts * first).next_multiple_of(SHARE);
        if parts > 1 && cut < m {
            let (x, x2) = x.split_at(Axis(1), cut);
            let (al, al2) = al.split_at(Axis(1), cut);
            let (a, a2) = a.split_at_mut(self.units * cut);
            let (next, next2) = next.split_at_mut(self.units * cut);
            threads::join(
                || self.run_in(first, x, a, next, al),
                || self.run_in(parts - first, x2, a2, next2, al2),
            );
            return;
        }
        let chunk = m.div_ceil(m.div_ceil(CHUNK)).next_multiple_of(SHARE);
        for start in (0..m).step_by(chunk) {
            let columns = s![.., start..m.min(start + chunk)];
            self.chunk(x.slice(columns), a, next, al.slice_mut(columns), false);
        }
    }

    /// Computes `AL` of a few examples.
    fn chunk<'b>(
        &self,
        x: ArrayView2<'b, F>,
        mut a: &'b mut [F],
        mut next: &'b mut [F],
        mut al: ArrayViewMut2<'_, F>,
        parallel: bool,
    ) {
        let m = x.ncols();
        let mut a_prev = x;
        for (l, layer) in self.hidden.iter().enumerate() {
            let rows = layer.w.nrows();
            // *Dots* reads the outputs of this layer example by example.
            let mut out = match self.strategies[l + 1] {
                Strategy::Dots => matrix_mut(next, m, rows).reversed_axes(),
                _ => matrix_mut(next, rows, m),
            };
            self.layer(l, layer, &a_prev, &mut out, parallel);
            std::mem::swap(&mut a, &mut next);
            a_prev = match self.strategies[l + 1] {
                Strategy::Dots => matrix(a, m, rows).reversed_axes(),
                _ => matrix(a, rows, m),
            };
        }
        self.layer(self.hidden.len(), self.last, &a_prev, &mut al, parallel);
    }

    /// Sets `A ← g(W·A_prev + b)`.
    fn layer(
        &self,
        l: usize,
        layer: &Layer<F>,
        a_prev: &ArrayRef2<F>,
        a: &mut ArrayRef2<F>,
        parallel: bool,
    ) {
        matmul_by(self.strategies[l], parallel, &layer.w, a_prev, a);
        layer.activation.add_bias_and_apply(a, &layer.b);
    }
}
