//! Full-batch gradient descent that reads `X` once per step.
//!
//! ```math
//! dW^{[1]} = \frac{1}{m}\, dZ^{[1]} X^\top \qquad W^{[1]} \leftarrow W^{[1]} - \alpha\, dW^{[1]}
//! \qquad Z^{[1]} = W^{[1]} X + b^{[1]}
//! ```
//!
//! The course's functions read all of `X` twice per step: for `dW¹` and for the next `Z¹`. If the
//! examples have many features and the first layer few units, as with pictures, reading `X` takes
//! most of the time. [`FullBatch`] reads `X` in blocks of rows. While a block is in the cache, it
//! computes the block of `dW¹`, updates the block of `W¹`, and adds the block's part of the next
//! `Z¹`. The results are bit-identical to the course's functions.

use super::reduce::SingleProcess;
use super::step::StepBuffers;
#[cfg(doc)]
use crate::Error;
use crate::backward::one_over;
use crate::buffer::{self, matrix_mut};
use crate::checks::check_finite_in;
use crate::cost::check_outputs;
use crate::forward::check_linear;
use crate::kernel::LEAST_SCRATCH;
use crate::kernel::elementwise::{self, Add, add_scaled, scaled_row_sums_into};
use crate::kernel::product::{ROWS_DEPTH, SEGMENT, Strategy, gemm_by, scaled_matmul_into};
use crate::kernel::threads;
use crate::{Float, Parameters, Result};
use ndarray::{ArrayRef2, ArrayView2, ArrayViewMut2, Axis, s};

/// Full-batch gradient descent of a network on the cross-entropy cost.
///
/// It owns the parameters, because it updates `W¹` before it computes the next `Z¹`. `dW¹` is never
/// in memory as a whole: use a [`Workspace`](super::workspace::Workspace) to inspect or clip it.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::full_batch::FullBatch;
///
/// let x = array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]];
/// let y = array![[0.0, 1.0, 1.0, 0.0]];
/// let mut rng = NumpyRandom::seed(3);
/// let parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
///
/// let mut descent = FullBatch::new(&x, &y, parameters)?;
/// for i in 0..2000 {
///     let cost: f64 = descent.step(0.5)?;
///     if i % 500 == 0 {
///         println!("cost after {i} iterations: {cost:.4}");
///     }
/// }
/// let parameters = descent.into_parameters();
/// assert_eq!(predict(&x, &parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug)]
pub struct FullBatch<'a, F> {
    x: ArrayView2<'a, F>,
    y: ArrayView2<'a, F>,
    parameters: Parameters<F>,
    buffers: StepBuffers<F>,
    /// Partial sums of `W¹·X`, one per segment of `X`. The first becomes the total.
    sums: Vec<F>,
    /// Whether `sums` belongs to the current parameters.
    ready: bool,
}

/// The number of rows of `X` in a block.
const BLOCK: usize = 2 * ROWS_DEPTH;

impl<'a, F: Float> FullBatch<'a, F> {
    /// Creates a descent that starts from `parameters`, on `X` (n₀, m) and `Y` (n_L, m).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # use dnn_blocks::train::full_batch::FullBatch;
    /// let parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let descent = FullBatch::new(&x, &y, parameters)?;
    /// # let _ = descent;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] with the layer if `X`, `Y` and the layers do not fit each other,
    /// [`Error::EmptyBatch`] if m is 0, [`Error::ZeroSize`] if a matrix has no row or no column,
    /// [`Error::Hyperparameter`] if a slope or an alpha is not finite in `F`,
    /// [`Error::TooLarge`] if the buffers do not fit in memory.
    pub fn new(
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        parameters: Parameters<F>,
    ) -> Result<Self> {
        let (x, y) = (x.into(), y.into());
        let first = &parameters.layers()[0];
        check_linear(&x, &first.w, &first.b).map_err(|e| e.in_layer(1))?;
        let buffers = StepBuffers::new(&parameters, x.ncols())?;
        check_outputs(&buffers.al(x.ncols()), &y)
            .map_err(|e| e.in_layer(parameters.layers().len()))?;
        let segments = x.nrows().div_ceil(SEGMENT);
        let shape = (segments.saturating_mul(first.w.nrows()), x.ncols());
        let sums = buffer::vec("Z", shape).map_err(|e| e.in_layer(1))?;
        Ok(Self { x, y, parameters, buffers, sums, ready: false })
    }

    /// Takes one step of gradient descent, and returns the cost before the step.
    ///
    /// The step is bit-identical to `l_model_forward`, `compute_cost`, `l_model_backward` and
    /// `update_parameters`, and allocates nothing.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # use dnn_blocks::train::full_batch::FullBatch;
    /// # let parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut descent = FullBatch::new(&x, &y, parameters)?;
    /// let first: f64 = descent.step(0.1)?;
    /// assert!(descent.step(0.1)? < first);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] if `learning_rate` is not finite in `F`; the errors of
    /// [`new`](Self::new) if the shape of a layer was changed through
    /// [`parameters_mut`](Self::parameters_mut).
    #[inline(never)]
    pub fn step(&mut self, learning_rate: f64) -> Result<F> {
        check_finite_in::<F>("learning_rate", learning_rate)?;
        self.buffers.prepare(&self.x, &self.parameters)?;
        self.forward();
        let cost = self.buffers.course_cost_and_dz(&self.y, &self.parameters)?;
        let m = self.x.ncols();
        self.buffers.backward(&self.parameters, (m, m), (None, 0), (0.0, &mut SingleProcess));
        self.update(F::of(learning_rate));
        Ok(cost)
    }

    /// Returns the parameters after the last step.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # use dnn_blocks::train::full_batch::FullBatch;
    /// # let parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let descent = FullBatch::new(&x, &y, parameters.clone())?;
    /// assert_eq!(descent.parameters(), &parameters);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn parameters(&self) -> &Parameters<F> {
        &self.parameters
    }

    /// Returns the parameters for changes between two steps.
    ///
    /// The next step then reads `X` twice.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # use dnn_blocks::train::full_batch::FullBatch;
    /// # let parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut descent = FullBatch::new(&x, &y, parameters)?;
    /// descent.step(0.1)?;
    /// descent.parameters_mut().layers_mut()[0].w *= 0.99;
    /// descent.step(0.1)?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn parameters_mut(&mut self) -> &mut Parameters<F> {
        self.ready = false;
        &mut self.parameters
    }

    /// Ends the descent and returns the parameters after the last step.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # use dnn_blocks::train::full_batch::FullBatch;
    /// # let parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let parameters = FullBatch::new(&x, &y, parameters)?.into_parameters();
    /// assert_eq!(parameters.layers().len(), 2);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn into_parameters(self) -> Parameters<F> {
        self.parameters
    }

    /// Computes `AL` of the current parameters.
    fn forward(&mut self) {
        let first = &self.parameters.layers()[0];
        let known = first.activation.known_from_output::<F>();
        if !self.ready || !known {
            return self.forward_from(0);
        }
        let (units, m) = (first.w.nrows(), self.x.ncols());
        let a = self.buffers.first_activation();
        a[..units * m].copy_from_slice(&self.sums[..units * m]);
        let mut a = matrix_mut(a, units, m);
        first.activation.add_bias_and_apply(&mut a, &first.b);
        self.forward_from(1);
    }

    fn forward_from(&mut self, layer: usize) {
        let layers = self.parameters.layers();
        let output = layers[layers.len() - 1].activation;
        self.buffers.forward(layer, &self.x, &self.parameters, output);
    }

    /// Updates every layer, and computes `Z¹` of the next step.
    fn update(&mut self, learning_rate: F) {
        let (dz, gradients) = self.buffers.dz_and_gradients(self.x.ncols());
        let gradients = gradients.layers_mut();
        let layers = self.parameters.layers_mut();
        for (layer, gradient) in layers.iter_mut().zip(&*gradients).skip(1) {
            add_scaled(&mut layer.w, -learning_rate, &gradient.dw);
            add_scaled(&mut layer.b, -learning_rate, &gradient.db);
        }
        let (first, gradient) = (&mut layers[0], &mut gradients[0]);
        let mean = one_over(self.x.ncols());
        scaled_row_sums_into(mean, &dz, &mut gradient.db);
        add_scaled(&mut first.b, -learning_rate, &gradient.db);
        let sweep = Sweep { dz, learning_rate };
        if sweep.pays(&self.x, &first.w) {
            sweep.run(first.w.view_mut(), self.x, &mut self.sums);
            self.ready = true;
        } else {
            scaled_matmul_into(mean, &sweep.dz, &self.x.t(), &mut gradient.dw);
            add_scaled(&mut first.w, -learning_rate, &gradient.dw);
            self.ready = false;
        }
    }
}

/// The pass over `X` that ends one step and begins the next.
struct Sweep<'a, F> {
    dz: ArrayView2<'a, F>,
    learning_rate: F,
}

impl<F: Float> Sweep<'_, F> {
    /// Returns whether neither product packs its operands. Only then do blocks cost nothing and
    /// give the same sums.
    fn pays(&self, x: &ArrayRef2<F>, w: &ArrayRef2<F>) -> bool {
        let fits = w.nrows() * ROWS_DEPTH * size_of::<F>() <= LEAST_SCRATCH;
        fits && Strategy::choose(w, x, &self.dz) == Strategy::Rows
            && Strategy::choose(&self.dz, &x.t(), w) == Strategy::Dots
    }

    /// Updates `W¹`, and writes `W¹·X` to the first part of `sums`.
    fn run(&self, w: ArrayViewMut2<'_, F>, x: ArrayView2<'_, F>, sums: &mut [F]) {
        let shared = threads::parts(2 * w.len() * x.ncols(), x.len()) > 1;
        self.segments(w, x, sums, shared);
        let (whole, parts) = sums.split_at_mut(self.dz.len());
        for part in parts.chunks_exact(self.dz.len()) {
            elementwise::zip_map_slices(Add, whole, part);
        }
    }

    /// Processes all segments of `X`, each with its part of `W¹` and its own sum.
    fn segments(
        &self,
        w: ArrayViewMut2<'_, F>,
        x: ArrayView2<'_, F>,
        sums: &mut [F],
        shared: bool,
    ) {
        let segments = x.nrows().div_ceil(SEGMENT);
        if segments < 2 {
            return self.blocks(w, x, sums);
        }
        let middle = segments / 2;
        let (w1, w2) = w.split_at(Axis(1), middle * SEGMENT);
        let (x1, x2) = x.split_at(Axis(0), middle * SEGMENT);
        let (sums1, sums2) = sums.split_at_mut(middle * self.dz.len());
        let first = || self.segments(w1, x1, sums1, shared);
        let second = || self.segments(w2, x2, sums2, shared);
        if shared {
            threads::join(first, second);
        } else {
            first();
            second();
        }
    }

    /// Processes one segment block by block: `dW¹`, the update, and the next `Z¹`.
    fn blocks(&self, mut w: ArrayViewMut2<'_, F>, x: ArrayView2<'_, F>, sum: &mut [F]) {
        let (units, m) = self.dz.dim();
        let mut sum = matrix_mut(sum, units, m);
        F::with_scratch(units * BLOCK, |scratch| {
            let rows = if scratch.len() < units * BLOCK { ROWS_DEPTH } else { BLOCK };
            for start in (0..x.nrows()).step_by(rows) {
                let block = start..x.nrows().min(start + rows);
                let x = x.slice(s![block.clone(), ..]);
                let mut w = w.slice_mut(s![.., block]);
                let mut dw = matrix_mut(scratch, units, x.nrows());
                gemm_by(Strategy::Dots, one_over(m), &self.dz, &x.t(), F::zero(), &mut dw);
                add_scaled(&mut w, -self.learning_rate, &dw);
                let beta = if start == 0 { F::zero() } else { F::one() };
                gemm_by(Strategy::Rows, F::one(), &w, &x, beta, &mut sum);
            }
        });
    }
}
