//! Gradient descent over one set of examples, the course's setting, reading `X` once a step.
//!
//! A step written with the blocks reads all of `X` twice: for `Z¹ = W¹·X` on the way forward and
//! for `dW¹ = 1/m dZ¹·Xᵀ` on the way back. Where `X` is the largest thing there is, as with
//! pictures and a few units, that is what takes the time. But between the two no one else needs
//! `W¹`: so while a block of rows of `X` is in the cache, [`FullBatch`] computes its part of
//! `dW¹`, updates its part of `W¹`, and adds its part of the **next** step's `Z¹`.
//!
//! The steps are those of the blocks to the last bit; only the order of the work differs.

use crate::backward::{bias_gradient_into, one_over, weight_gradient_into};
use crate::buffer;
use crate::cost::check_outputs;
use crate::forward::check_linear;
use crate::train::reduce::Alone;
use crate::kernel::LEAST_SCRATCH;
use crate::kernel::elementwise::{self, Add};
use crate::kernel::product::{CHAPTER, ROWS_DEPTH, Way, multiply_by};
use crate::kernel::threads;
use crate::update::descend;
use crate::{Float, Parameters, Result, Workspace};
use ndarray::{ArrayRef2, ArrayView2, ArrayViewMut2, Axis, s};

/// A network in full-batch gradient descent.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
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
    workspace: Workspace<F>,
    /// `Z¹` without the bias, for the parameters as they are; one sum per chapter of `X`, the
    /// first of which is the whole when they are added.
    sums: Vec<F>,
    /// Does `sums` hold it?
    ready: bool,
}

/// Rows of `X` that are used for `dW¹` and `Z¹` while they are in the cache.
const BLOCK: usize = 2 * ROWS_DEPTH;

impl<'a, F: Float> FullBatch<'a, F> {
    /// Takes the parameters to start from; `X` (n₀, m), `Y` (n_L, m).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let descent = FullBatch::new(&x, &y, parameters)?;
    /// # let _ = descent;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`l_model_forward`](crate::forward::l_model_forward) and
    /// [`compute_cost`](crate::cost::compute_cost);
    /// [`Error::TooLarge`](crate::Error::TooLarge) if the buffers do not fit in memory.
    pub fn new(
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        parameters: Parameters<F>,
    ) -> Result<Self> {
        let (x, y) = (x.into(), y.into());
        let first = &parameters.layers()[0];
        check_linear(&x, &first.w, &first.b).map_err(|e| e.in_layer(1))?;
        let mut workspace = Workspace::new(&parameters, x.ncols());
        workspace.prepare(&x, &parameters)?;
        check_outputs(&workspace.al(x.ncols()), &y)
            .map_err(|e| e.in_layer(parameters.layers().len()))?;
        let chapters = x.nrows().div_ceil(CHAPTER);
        let shape = (chapters.saturating_mul(first.w.nrows()), x.ncols());
        let sums = buffer::vec("Z", shape).map_err(|e| e.in_layer(1))?;
        Ok(Self { x, y, parameters, workspace, sums, ready: false })
    }

    /// One step of gradient descent; the cost is that of the parameters before it.
    ///
    /// The same as `l_model_forward`, `compute_cost`, `l_model_backward` and
    /// `update_parameters`, to the last bit, without allocation.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
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
    /// Those of [`new`](Self::new), if [`parameters_mut`](Self::parameters_mut) was used to give
    /// a layer another shape.
    pub fn step(&mut self, learning_rate: F) -> Result<F> {
        self.workspace.prepare(&self.x, &self.parameters)?;
        self.forward();
        let cost = self.workspace.course_cost_and_dz(&self.y, &self.parameters)?;
        let m = self.x.ncols();
        self.workspace.run_backward(&self.parameters, (m, m), None, (0.0, &mut Alone));
        self.update(learning_rate);
        Ok(cost)
    }

    /// The parameters as they are.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let descent = FullBatch::new(&x, &y, parameters.clone())?;
    /// assert_eq!(descent.parameters(), &parameters);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn parameters(&self) -> &Parameters<F> {
        &self.parameters
    }

    /// The parameters, to be changed between two steps; the next step then reads `X` once more.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
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

    /// The parameters after the last step.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let parameters = FullBatch::new(&x, &y, parameters)?.into_parameters();
    /// assert_eq!(parameters.layers().len(), 2);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn into_parameters(self) -> Parameters<F> {
        self.parameters
    }

    /// `AL` for the parameters as they are.
    fn forward(&mut self) {
        let first = &self.parameters.layers()[0];
        let known = first.activation.known_from_output::<F>();
        if !self.ready || !known {
            return self.workspace.run_forward(0, &self.x, &self.parameters, None);
        }
        let (units, m) = (first.w.nrows(), self.x.ncols());
        let a = self.workspace.first_activation();
        a[..units * m].copy_from_slice(&self.sums[..units * m]);
        let mut a = view_mut(a, units, m);
        first.activation.add_and_apply(&mut a, &first.b);
        self.workspace.run_forward(1, &self.x, &self.parameters, None);
    }

    /// Every layer one step down, and `Z¹` for the next step.
    fn update(&mut self, learning_rate: F) {
        let (dz, gradients) = self.workspace.dz_and_gradients(self.x.ncols());
        let (first, others) = self.parameters.layers_mut().split_first_mut().expect("a layer");
        let (gradient, gradients) = gradients.layers_mut().split_first_mut().expect("a layer");
        for (layer, gradient) in others.iter_mut().zip(gradients) {
            descend(&mut layer.w, &gradient.dw, learning_rate);
            descend(&mut layer.b, &gradient.db, learning_rate);
        }
        bias_gradient_into(&dz, self.x.ncols(), &mut gradient.db);
        descend(&mut first.b, &gradient.db, learning_rate);
        let sweep = Sweep { dz, learning_rate };
        if sweep.pays(&self.x, &first.w) {
            sweep.run(first.w.view_mut(), self.x, &mut self.sums);
            self.ready = true;
        } else {
            weight_gradient_into(&sweep.dz, &self.x, self.x.ncols(), &mut gradient.dw);
            descend(&mut first.w, &gradient.dw, learning_rate);
            self.ready = false;
        }
    }
}

fn view_mut<F>(numbers: &mut [F], rows: usize, columns: usize) -> ArrayViewMut2<'_, F> {
    let numbers = &mut numbers[..rows * columns];
    ArrayViewMut2::from_shape((rows, columns), numbers).expect("as many as the shape has")
}

/// The pass over `X` that ends one step and begins the next.
struct Sweep<'a, F> {
    dz: ArrayView2<'a, F>,
    learning_rate: F,
}

impl<F: Float> Sweep<'_, F> {
    /// Does neither product copy its operands? Only then can they be done block by block at no
    /// cost, and with the same sums.
    fn pays(&self, x: &ArrayRef2<F>, w: &ArrayRef2<F>) -> bool {
        let fits = w.nrows() * ROWS_DEPTH * size_of::<F>() <= LEAST_SCRATCH;
        fits && Way::of(w, x, &self.dz) == Way::Rows && Way::of(&self.dz, &x.t(), w) == Way::Dots
    }

    /// Updates `W¹`, and leaves `W¹·X` in the first part of `sums`.
    fn run(&self, w: ArrayViewMut2<'_, F>, x: ArrayView2<'_, F>, sums: &mut [F]) {
        let shared = threads::parts(2 * w.len() * x.ncols(), x.len()) > 1;
        self.chapters(w, x, sums, shared);
        let (whole, parts) = sums.split_at_mut(self.dz.len());
        for part in parts.chunks_exact(self.dz.len()) {
            elementwise::map2_slices(Add, whole, part);
        }
    }

    /// The chapters of `X`, each with its part of `W¹` and a sum of its own.
    fn chapters(
        &self,
        w: ArrayViewMut2<'_, F>,
        x: ArrayView2<'_, F>,
        sums: &mut [F],
        shared: bool,
    ) {
        let chapters = x.nrows().div_ceil(CHAPTER);
        if chapters < 2 {
            return self.blocks(w, x, sums);
        }
        let middle = chapters / 2;
        let (w1, w2) = w.split_at(Axis(1), middle * CHAPTER);
        let (x1, x2) = x.split_at(Axis(0), middle * CHAPTER);
        let (sums1, sums2) = sums.split_at_mut(middle * self.dz.len());
        let first = || self.chapters(w1, x1, sums1, shared);
        let second = || self.chapters(w2, x2, sums2, shared);
        if shared {
            threads::join(first, second);
        } else {
            first();
            second();
        }
    }

    /// Block by block: a part of `dW¹`, of the update, and of the next `Z¹`.
    fn blocks(&self, mut w: ArrayViewMut2<'_, F>, x: ArrayView2<'_, F>, sum: &mut [F]) {
        let (units, m) = self.dz.dim();
        let mut sum = view_mut(sum, units, m);
        F::with_scratch(units * BLOCK, |scratch| {
            let rows = if scratch.len() < units * BLOCK { ROWS_DEPTH } else { BLOCK };
            for start in (0..x.nrows()).step_by(rows) {
                let block = start..x.nrows().min(start + rows);
                let x = x.slice(s![block.clone(), ..]);
                let mut w = w.slice_mut(s![.., block]);
                let mut dw = view_mut(scratch, units, x.nrows());
                multiply_by(Way::Dots, one_over(m), &self.dz, &x.t(), F::zero(), &mut dw);
                descend(&mut w, &dw, self.learning_rate);
                let beta = if start == 0 { F::zero() } else { F::one() };
                multiply_by(Way::Rows, F::one(), &w, &x, beta, &mut sum);
            }
        });
    }
}
