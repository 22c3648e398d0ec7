//! Predictions without allocation, from many threads on one network.
//!
//! A network is only read, so threads share it as it is; what each needs for itself are the
//! matrices between the layers, which a [`Predictor`] keeps.

use crate::error::{Operand, check};
use crate::forward::{activated_into, check_linear, check_output};
use crate::model::{Classifier, Regressor};
use crate::data::Standardizer;
use crate::{Error, Float, Parameters, Result, buffer};
use ndarray::{ArrayRef2, ArrayView2, ArrayViewMut2};

/// A network with room for its `A`s: one for each thread that predicts.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep::<f32>(&[2, 8, 1], Initializer::He, &mut rng)?;
/// std::thread::scope(|threads| {
///     for _ in 0..2 {
///         threads.spawn(|| -> dnn_blocks::Result<()> {
///             let mut predictor = Predictor::new(&parameters, 16)?; // at most 16 at once
///             for x in [array![[0.1, 0.7], [0.3, -0.5]], array![[1.0], [2.0]]] {
///                 let al = predictor.predict_proba(&x)?;
///                 assert_eq!(al.ncols(), x.ncols());
///             }
///             Ok(())
///         });
///     }
/// });
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// With the feature `rayon`, large products are handed to the pool of rayon, which allocates; a
/// service that has a thread for each request does better without.
#[derive(Debug, Clone)]
pub struct Predictor<'p, F> {
    parameters: &'p Parameters<F>,
    scaler: Option<&'p Standardizer<F>>,
    target_scaler: Option<&'p Standardizer<F>>,
    /// `X` on the scale of the network; empty without a scaler.
    x: Vec<F>,
    buffers: OutputBuffers<F>,
}

/// The matrices between the layers of a network, for up to a number of examples.
#[derive(Debug, Clone)]
pub(crate) struct OutputBuffers<F> {
    examples: usize,
    /// `A` of the last layer and of the one before, in turn.
    a: [Vec<F>; 2],
}

impl<F: Float> OutputBuffers<F> {
    pub(crate) fn new(parameters: &Parameters<F>, examples: usize) -> Result<Self> {
        let units = parameters.layers().iter().map(|layer| layer.w.nrows()).max().unwrap_or(0);
        let room = || buffer::vec("A", (units, examples));
        Ok(Self { examples, a: [room()?, room()?] })
    }

    /// `Ok` if there is room for the examples `X` (n₀, m).
    fn check_room(&self, x: &ArrayRef2<F>) -> Result<()> {
        let (m, examples) = (x.ncols(), self.examples);
        let room = Operand { name: "the predictor", shape: (x.nrows(), examples) };
        check(m <= examples, Operand::of("X", x), room, "at most the columns it has room for")
    }

    /// Computes `AL` (n_L, m) of `X` (n₀, m) and returns its shape: bit-identical to
    /// [`predict_proba`](crate::forward::predict_proba).
    pub(crate) fn compute(
        &mut self,
        x: ArrayView2<'_, F>,
        parameters: &Parameters<F>,
    ) -> Result<(usize, usize)> {
        self.check_room(&x)?;
        let m = x.ncols();
        let [a, next] = &mut self.a;
        let mut rows = x.nrows();
        for (l, layer) in parameters.layers().iter().enumerate() {
            let a_prev = if l == 0 { x } else { matrix(a, rows, m) };
            check_linear(&a_prev, &layer.w, &layer.b)
                .and_then(|()| layer.activation.check::<F>())
                .map_err(|e| e.in_layer(l + 1))?;
            rows = layer.w.nrows();
            let mut out = matrix_mut(next, rows, m);
            activated_into(&a_prev, &layer.w, &layer.b, layer.activation, &mut out);
            std::mem::swap(a, next);
        }
        Ok((rows, m))
    }

    /// The outputs that were computed last, of this shape.
    pub(crate) fn al(&self, (rows, m): (usize, usize)) -> ArrayView2<'_, F> {
        matrix(&self.a[0], rows, m)
    }
}

impl<'p, F: Float> Predictor<'p, F> {
    /// Takes the memory for batches of at most `examples` columns.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if there is not enough, [`Error::Hyperparameter`] if `examples` is 0.
    pub fn new(parameters: &'p Parameters<F>, examples: usize) -> Result<Self> {
        let rule = "a batch has at least one example";
        crate::error::check_hyperparameter(examples > 0, "examples", 0.0, rule)?;
        let buffers = OutputBuffers::new(parameters, examples)?;
        Ok(Self { parameters, scaler: None, target_scaler: None, x: Vec::new(), buffers })
    }

    /// The same for examples that are to be scaled first.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if there is not enough memory.
    pub fn scaled(mut self, scaler: &'p Standardizer<F>) -> Result<Self> {
        self.x = buffer::vec("X", (scaler.mean().nrows(), self.buffers.examples))?;
        self.scaler = Some(scaler);
        Ok(self)
    }

    /// The same with outputs that are brought back to the units of the values, `AL·σ + μ`.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let layer = Layer { w: array![[2.0]], b: array![[1.0]], activation: Activation::Identity };
    /// let parameters = Parameters::from_layers(vec![layer])?;
    /// let values = Standardizer::fit(&array![[300.0, 500.0]])?; // 400 and 100
    /// let mut predictor = Predictor::new(&parameters, 1)?.target_scaled(&values);
    /// assert_eq!(predictor.predict_proba(&array![[0.5]])?, array![[600.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn target_scaled(mut self, scaler: &'p Standardizer<F>) -> Self {
        self.target_scaler = Some(scaler);
        self
    }

    /// `AL` (n_L, m) of `X` (n₀, m), with m at most the examples that there is room for; equal to
    /// that of [`predict_proba`](crate::forward::predict_proba) to the last bit, or in the units of
    /// the values with [their scaler](Self::target_scaled). Allocates nothing but, once on each
    /// thread, the scratch of the products.
    ///
    /// # Errors
    ///
    /// Those of [`predict_proba`](crate::forward::predict_proba); [`Error::ShapeMismatch`] if there
    /// is no room for so many, or a scaler has other rows; [`Error::NotFinite`] with a scaler of
    /// features, [`Error::NotFiniteEntry`] with one of values if an output is not finite.
    pub fn predict_proba<'x>(
        &mut self,
        x: impl Into<ArrayView2<'x, F>>,
    ) -> Result<ArrayView2<'_, F>> {
        let x = x.into();
        let Self { parameters, scaler, target_scaler, x: scaled, buffers } = self;
        buffers.check_room(&x)?;
        let m = x.ncols();
        let first = &parameters.layers()[0];
        check_linear(&x, &first.w, &first.b).map_err(|e| e.in_layer(1))?;
        let x = match scaler {
            Some(scaler) => {
                check(
                    x.nrows() == scaler.mean().nrows(),
                    Operand::of("mean", scaler.mean()),
                    Operand::of("X", &x),
                    "same rows",
                )?;
                let mut to = matrix_mut(scaled, x.nrows(), m);
                to.assign(&x);
                scaler.transform_inplace(&mut to)?;
                matrix(scaled, x.nrows(), m)
            }
            None => x,
        };
        let al = buffers.compute(x, parameters)?;
        if let Some(scaler) = target_scaler {
            let mut al = matrix_mut(&mut buffers.a[0], al.0, al.1);
            check_output(&al, parameters.layers().len())?;
            scaler.inverse_transform_inplace(&mut al)?;
        }
        Ok(buffers.al(al))
    }
}

/// The first `rows` times `m` numbers as a matrix.
fn matrix<F>(numbers: &[F], rows: usize, m: usize) -> ArrayView2<'_, F> {
    ArrayView2::from_shape((rows, m), &numbers[..rows * m]).expect("as many as the shape has")
}

fn matrix_mut<F>(numbers: &mut [F], rows: usize, m: usize) -> ArrayViewMut2<'_, F> {
    let numbers = &mut numbers[..rows * m];
    ArrayViewMut2::from_shape((rows, m), numbers).expect("as many as the shape has")
}

impl<F: Float, L> Classifier<F, L> {
    /// A [`Predictor`] of this model's network with its scaler: the outputs are those of the
    /// network, one row for two classes (the probability of the second), else one for each.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`], and those of [`Predictor::new`].
    pub fn predictor(&self, examples: usize) -> Result<Predictor<'_, F>> {
        predictor(self.parameters(), self.scaler(), examples)
    }
}

impl<F: Float> Regressor<F> {
    /// A [`Predictor`] of this model's network with its scalers: the outputs (outputs, m) are those
    /// of [`predict`](Self::predict) to the last bit, in the units of the values.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`], and those of [`Predictor::new`].
    pub fn predictor(&self, examples: usize) -> Result<Predictor<'_, F>> {
        let predictor = predictor(self.parameters(), self.scaler(), examples)?;
        Ok(match self.target_scaler() {
            Some(scaler) => predictor.target_scaled(scaler),
            None => predictor,
        })
    }
}

fn predictor<'p, F: Float>(
    parameters: Option<&'p Parameters<F>>,
    scaler: Option<&'p Standardizer<F>>,
    examples: usize,
) -> Result<Predictor<'p, F>> {
    let predictor = Predictor::new(parameters.ok_or(Error::NotFitted)?, examples)?;
    match scaler {
        Some(scaler) => predictor.scaled(scaler),
        None => Ok(predictor),
    }
}
