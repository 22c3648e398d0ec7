//! Weights in the order in which predictions read them.

use super::output_buffers::Output;
use crate::activation::Activation;
use crate::buffer::{self, matrix, matrix_mut};
use crate::checks::{check_batch, check_features};
use crate::error::Operand;
use crate::kernel::packed::{PackedMatrix, matmul_packed_into};
use crate::kernel::product::{Strategy, dots_suit, gemm_by};
use crate::kernel::threads;
use crate::parameters::check_network;
use crate::{Error, Float, Layer, Parameters, Result};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};

/// The least number of examples for which a thread reads all weights itself: if the weights stay in
/// a cache, and if they are larger. With fewer examples the threads share the units of each layer.
const FEW: usize = 4;
const MANY: usize = 64;
/// The most bytes of weights that are taken to stay in a cache.
const CACHED: usize = 8 << 20;
/// The most bytes of the widest activations of the examples that go through all layers together, so
/// that they stay in the second-level cache.
const CHUNK_BYTES: usize = 480 << 10;
/// The least and the most examples that go through all layers together: the rows of a tile, and
/// the rows of a block of a product.
const LEAST_CHUNK: usize = 8;
const MOST_CHUNK: usize = 192;
/// The most units of a layer that stays in `f32` in a network in bf16. In a panel, they would take
/// more memory.
const FEW_UNITS: usize = 8;

/// The weights of a network, copied to the order in which a [`Predictor`](super::Predictor) reads
/// them.
///
/// Predictions are faster with them, most of all predictions of one to eight examples. The weights
/// are packed once and do not change. The predictors of all threads can borrow them.
///
/// ```
/// use dnn_blocks::model::{PackedWeights, Predictor};
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep::<f32>(&[3, 64, 1], Initializer::He, &mut rng)?;
/// let weights = PackedWeights::new(&parameters)?;
/// let mut predictor = Predictor::new(&weights, 16)?; // up to 16 examples at a time
/// assert_eq!(predictor.outputs(&[0.1, 0.7, 0.2])?.dim(), (1, 1));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Results
///
/// The outputs of an example do not depend on the other examples of its batch, nor on the number
/// of threads: they have the same bits in every batch. They can differ from
/// [`predict_proba`](crate::forward::predict_proba) by rounding, because the sums have another
/// order.
///
/// # Memory
///
/// The weights are copied. The units of a layer are filled up to whole vectors: to a multiple of 16
/// (`f32`) or 8 (`f64`) with AVX-512, 8 or 4 with AVX2, 4 or 2 otherwise. A layer of few units with
/// many inputs is not filled up. [`bf16`](Self::bf16) takes half of the memory, except for layers
/// of up to 8 units. [`bytes`](Self::bytes) returns the sum.
#[derive(Debug)]
pub struct PackedWeights<F> {
    layers: Vec<PackedLayer<F>>,
}

#[derive(Debug)]
struct PackedLayer<F> {
    weights: LayerWeights<F>,
    inputs: usize,
    b: Array2<F>,
    activation: Activation,
}

#[derive(Debug)]
enum LayerWeights<F> {
    /// `Wᵀ` in panels of units.
    Panels(PackedMatrix<F>),
    /// `W`, for a layer with so few units that a panel would be almost empty.
    Rows(Array2<F>),
}

impl<F: Float> PackedWeights<F> {
    /// Copies the weights of a network.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] or [`Error::ZeroSize`] with the layer if the shapes do not fit each
    /// other, [`Error::TooLarge`] if the copy does not fit in memory, [`Error::Hyperparameter`] if
    /// a slope or an alpha is not finite in `F`.
    pub fn new(parameters: &Parameters<F>) -> Result<Self> {
        Self::pack(parameters, false)
    }

    #[inline(never)]
    pub(crate) fn pack(parameters: &Parameters<F>, bf16: bool) -> Result<Self> {
        check_network(parameters.layers())?;
        let layers = parameters
            .layers()
            .iter()
            .enumerate()
            .map(|(l, layer)| PackedLayer::pack(layer, bf16).map_err(|e| e.in_layer(l + 1)));
        Ok(Self { layers: layers.collect::<Result<_>>()? })
    }

    /// Returns the memory of the weights, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(PackedLayer::bytes).sum()
    }
}

impl PackedWeights<f32> {
    /// Rounds the weights of a network to bf16, for faster and less precise predictions.
    ///
    /// A bf16 is an `f32` with 8 significant bits. The weights, the examples and the outputs of
    /// the hidden layers are rounded to bf16. Sums, biases and activation functions stay in `f32`,
    /// and so do layers of up to 8 units with many inputs. A bf16 below 2⁻¹²⁶ counts as 0, and a
    /// number of at least 2¹²⁸ - 2¹¹⁹ becomes infinite.
    ///
    /// With AVX-512 BF16 a prediction takes about half of the time. Other processors compute the
    /// same products, about 40 times slower than in `f32`.
    ///
    /// On seven data sets the accuracy changed by less than its standard error, and a probability
    /// by up to 0.04 (benches/models/README.md). Measure it on yours.
    ///
    /// ```
    /// use dnn_blocks::model::{PackedWeights, Predictor};
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut rng = NumpyRandom::seed(1);
    /// let parameters = initialize_parameters_deep(&[3, 64, 1], Initializer::He, &mut rng)?;
    /// let (exact, rounded) = (PackedWeights::new(&parameters)?, PackedWeights::bf16(&parameters)?);
    /// let exact = Predictor::new(&exact, 1)?.outputs(&[0.1, 0.7, 0.2])?[[0, 0]];
    /// let rounded = Predictor::new(&rounded, 1)?.outputs(&[0.1, 0.7, 0.2])?[[0, 0]];
    /// assert!((exact - rounded).abs() < 0.01);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`new`](Self::new).
    pub fn bf16(parameters: &Parameters<f32>) -> Result<Self> {
        Self::pack(parameters, true)
    }
}

impl<F: Float> PackedWeights<F> {
    /// Checks that inputs, `b` and activation of each layer are equal to these.
    pub(super) fn check_layers<'l>(
        &'l self,
        layers: impl Iterator<Item = (usize, &'l Array2<F>, Activation)>,
    ) -> Result<()> {
        if self.described().eq(layers) {
            return Ok(());
        }
        let what = "the packed weights are not those of this model";
        Err(Error::Inconsistent { what })
    }

    /// Returns inputs, `b` and activation of each layer.
    pub(super) fn described(&self) -> impl Iterator<Item = (usize, &Array2<F>, Activation)> {
        self.layers.iter().map(|layer| (layer.inputs, &layer.b, layer.activation))
    }

    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    pub(super) fn check_features(&self, x: &ArrayView2<'_, F>) -> Result<()> {
        let first = &self.layers[0];
        let w = Operand { name: "W", shape: (first.b.nrows(), first.inputs) };
        check_features(w, Operand::new("X", x))?;
        check_batch(Operand::new("A_prev", x)).map_err(|e| e.in_layer(1))
    }

    /// Computes `ALᵀ` of `Xᵀ` (m, n₀), where the examples are rows.
    #[inline(never)]
    pub(crate) fn compute(&self, x: ArrayView2<'_, F>, work: Work<'_, F>) {
        let (m, weights) = (x.nrows(), self.layers.iter().map(PackedLayer::len).sum::<usize>());
        let parts = threads::parts(m.saturating_mul(weights), weights);
        let least = if self.bytes() <= CACHED { FEW } else { MANY };
        if m >= least * parts {
            self.compute_in(parts, x, work);
        } else {
            self.compute_chunk(&x, work, true);
        }
    }

    /// Computes parts of the examples on their own threads, and in chunks.
    fn compute_in(&self, parts: usize, x: ArrayView2<'_, F>, mut work: Work<'_, F>) {
        let (first, m) = (parts / 2, x.nrows());
        if parts < 2 {
            let most = CHUNK_BYTES / size_of::<F>() / work.widest;
            let most = most.clamp(LEAST_CHUNK, MOST_CHUNK);
            for (x, al) in
                x.axis_chunks_iter(Axis(0), most).zip(work.al.chunks_mut(most * work.outputs))
            {
                let [a, next] = &mut work.a;
                self.compute_chunk(&x, Work { a: [a, next], al, ..work }, false);
            }
            return;
        }
        let middle = m * first / parts;
        let (x_left, x_right) = x.split_at(Axis(0), middle);
        let (left, right) = work.split_at(middle);
        threads::join(
            || self.compute_in(first, x_left, left),
            || self.compute_in(parts - first, x_right, right),
        );
    }

    /// Computes all layers for some examples. Threads can share the units of a layer.
    fn compute_chunk(&self, x: &ArrayView2<'_, F>, work: Work<'_, F>, shared: bool) {
        let Work { a: [mut a, mut next], al, output, .. } = work;
        let m = x.nrows();
        let mut inputs = x.ncols();
        for (l, layer) in self.layers.iter().enumerate() {
            let mut a_prev = if l == 0 { *x } else { matrix(a, m, inputs) };
            if layer.is_rounded() {
                let pairs = inputs.div_ceil(2);
                F::round_to_pairs(&a_prev, &mut matrix_mut(next, m, pairs));
                std::mem::swap(&mut a, &mut next);
                a_prev = matrix(a, m, pairs);
            }
            let units = layer.b.nrows();
            let mut out = match l + 1 == self.layers.len() {
                true => matrix_mut(al, m, units),
                false => matrix_mut(next, m, units),
            };
            match &layer.weights {
                LayerWeights::Panels(w) => matmul_packed_into(&a_prev, w, &mut out, shared),
                // It has too few units to share.
                LayerWeights::Rows(w) => {
                    gemm_by(Strategy::Dots, F::one(), &a_prev, &w.t(), F::zero(), &mut out);
                }
            }
            let activation = output.activation(layer.activation, l + 1 == self.layers.len());
            activation.add_bias_and_apply(&mut out.reversed_axes(), &layer.b);
            std::mem::swap(&mut a, &mut next);
            inputs = units;
        }
    }
}

/// The memory for the outputs of up to `examples` examples.
#[derive(Debug, Clone)]
pub(super) struct PackedBuffers<F> {
    pub examples: usize,
    /// The numbers of an example in `a`: the units of a layer, or the features in pairs.
    widest: usize,
    /// `A` of the current and of the previous layer.
    a: [Vec<F>; 2],
    /// `ALᵀ`, a row for each example.
    al: Vec<F>,
}

impl<F: Float> PackedBuffers<F> {
    pub(super) fn new(weights: &PackedWeights<F>, examples: usize) -> Result<Self> {
        let first = &weights.layers[0];
        let pairs = if first.is_rounded() { first.inputs.div_ceil(2) } else { 0 };
        let units = weights.layers.iter().map(|layer| layer.b.nrows());
        let widest = units.fold(pairs, usize::max);
        let outputs = weights.layers.last().map_or(0, |layer| layer.b.nrows());
        let a = || buffer::vec("A", (widest, examples));
        let al = buffer::vec("AL", (outputs, examples))?;
        Ok(Self { examples, widest, a: [a()?, a()?], al })
    }

    /// Computes the outputs of `X` (n₀, m), and returns their shape.
    pub(super) fn compute(
        &mut self,
        x: &ArrayView2<'_, F>,
        weights: &PackedWeights<F>,
        output: Output,
    ) -> (usize, usize) {
        let Self { widest, a: [a, next], al, .. } = self;
        let m = x.ncols();
        let outputs = weights.layers.last().map_or(0, |layer| layer.b.nrows());
        let (a, next) = (&mut a[..m * *widest], &mut next[..m * *widest]);
        let al = &mut al[..m * outputs];
        let work = Work { widest: *widest, outputs, output, a: [a, next], al };
        weights.compute(x.t(), work);
        (outputs, m)
    }

    pub(super) fn al(&self, (rows, m): (usize, usize)) -> ArrayView2<'_, F> {
        matrix(&self.al, m, rows).reversed_axes()
    }

    pub(super) fn al_mut(&mut self, (rows, m): (usize, usize)) -> ArrayViewMut2<'_, F> {
        matrix_mut(&mut self.al, m, rows).reversed_axes()
    }
}

/// The parts of [`PackedBuffers`] for some of the examples.
pub(crate) struct Work<'b, F> {
    /// The numbers of an example in `a`, and in `al`.
    widest: usize,
    outputs: usize,
    output: Output,
    a: [&'b mut [F]; 2],
    al: &'b mut [F],
}

impl<'b, F> Work<'b, F> {
    fn split_at(self, examples: usize) -> (Self, Self) {
        let Self { widest, outputs, output, a: [a, next], al } = self;
        let (a, a_rest) = a.split_at_mut(examples * widest);
        let (next, next_rest) = next.split_at_mut(examples * widest);
        let (al, al_rest) = al.split_at_mut(examples * outputs);
        let work = |a: [&'b mut [F]; 2], al| Work { widest, outputs, output, a, al };
        (work([a, next], al), work([a_rest, next_rest], al_rest))
    }
}

impl<F: Float> PackedLayer<F> {
    fn pack(layer: &Layer<F>, bf16: bool) -> Result<Self> {
        layer.activation.check::<F>()?;
        let (units, inputs) = layer.w.dim();
        let too_large = || Error::TooLarge { layer: None, operand: Operand::new("W", &layer.w) };
        let few = dots_suit::<F>(units, inputs);
        let weights = if bf16 && !(few && units <= FEW_UNITS) {
            let mut pairs = buffer::zeros("W", (units, inputs.div_ceil(2)))?;
            F::round_to_pairs(&layer.w, &mut pairs);
            LayerWeights::Panels(PackedMatrix::of_pairs(&pairs.t()).ok_or_else(too_large)?)
        } else if few {
            LayerWeights::Rows(buffer::copy_of("W", &layer.w)?)
        } else {
            LayerWeights::Panels(PackedMatrix::new(&layer.w.t()).ok_or_else(too_large)?)
        };
        let b = buffer::copy_of("b", &layer.b)?;
        Ok(Self { weights, inputs, b, activation: layer.activation })
    }

    /// Returns whether the weights are rounded to bf16.
    fn is_rounded(&self) -> bool {
        matches!(&self.weights, LayerWeights::Panels(w) if w.has_pairs())
    }

    /// Returns the number of weights.
    fn len(&self) -> usize {
        self.inputs * self.b.len()
    }

    fn bytes(&self) -> usize {
        let weights = match &self.weights {
            LayerWeights::Panels(w) => w.bytes(),
            LayerWeights::Rows(w) => w.len() * size_of::<F>(),
        };
        weights + self.b.len() * size_of::<F>()
    }
}
