//! Training steps without allocation.
//!
//! A [`Workspace`] allocates its buffers once. Its results are bit-identical to
//! [`l_model_forward`](crate::forward::l_model_forward),
//! [`l_model_backward`](crate::backward::l_model_backward) and
//! [`backpropagate`](crate::train::backward::backpropagate).

use super::batches::BatchColumns;
use super::reduce::SingleProcess;
use super::regularization::Objective;
use super::step::{DropoutSource, StepBuffers, StepInput};
#[cfg(doc)]
use crate::Error;
use crate::checks::check_argument;
use crate::cost::{Cost, Targets, check_outputs, compute_cost};
use crate::init::RandomSource;
use crate::{Float, Gradients, Parameters, Result};
use ndarray::{ArrayRef2, ArrayView2};

/// The buffers of a training step for one network and up to a number of examples.
///
/// [`cost_and_gradients`](Self::cost_and_gradients) computes everything between two updates, for
/// any [`Cost`], L2 and dropout. [`forward`](Self::forward) takes the course's steps one by one.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]];
/// let y = array![[0.0, 1.0, 1.0, 0.0]];
/// let mut rng = NumpyRandom::seed(3);
/// let mut parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
/// let mut workspace = Workspace::new(&parameters, 4)?;
/// for _ in 0..2000 {
///     let cost = Cost::BinaryCrossEntropy;
///     let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost)?;
///     update_parameters(&mut parameters, gradients, 0.5)?;
/// }
/// assert_eq!(predict(&x, &parameters)?, y);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// A batch may have fewer examples, as the last one of an epoch does. No `Z` is kept where the
/// derivative follows from `A`, which is everywhere except for a leaky ReLU whose slope is not
/// positive.
#[derive(Debug, Clone)]
pub struct Workspace<F> {
    buffers: StepBuffers<F>,
}

/// Inverted dropout in a step: the probability to keep a hidden unit, and the random numbers.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::workspace::Dropout;
///
/// let mut rng = NumpyRandom::seed(1);
/// let dropout = Dropout::new(0.8, &mut rng);
/// # let _ = dropout;
/// ```
#[derive(Debug)]
pub struct Dropout<'a, R: ?Sized> {
    pub(crate) keep_prob: f64,
    pub(crate) rng: &'a mut R,
    pub(crate) columns: Option<BatchColumns<'a>>,
}

impl<'a, R: RandomSource + ?Sized> Dropout<'a, R> {
    /// Keeps each hidden unit with the probability `keep_prob`, `0 < keep_prob <= 1`.
    #[must_use]
    pub fn new(keep_prob: f64, rng: &'a mut R) -> Self {
        Self { keep_prob, rng, columns: None }
    }

    /// Draws the masks of a whole batch, of which the step has only these columns.
    ///
    /// The units that are dropped are then the same on one process and on several.
    #[must_use]
    pub fn columns(mut self, columns: BatchColumns<'a>) -> Self {
        self.columns = Some(columns);
        self
    }
}

impl<F: Float> Workspace<F> {
    /// Allocates the buffers for batches of at most `examples` columns.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let parameters = initialize_parameters::<f32>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// let workspace = Workspace::new(&parameters, 64)?;
    /// # let _ = workspace;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if `examples` is 0, [`Error::TooLarge`] if the buffers do not fit
    /// in memory, [`Error::ShapeMismatch`] if the
    /// parameters do not make a network, [`Error::Hyperparameter`] if the slope of a leaky ReLU is not
    /// finite in `F`.
    pub fn new(parameters: &Parameters<F>, examples: usize) -> Result<Self> {
        check_argument(examples > 0, "examples", 0.0, "at least 1")?;
        Ok(Self { buffers: StepBuffers::new(parameters, examples)? })
    }

    /// Runs [`l_model_forward`](crate::forward::l_model_forward) in the buffers: the first of the
    /// course's steps.
    ///
    /// `X` (n₀, m), with m at most the examples the workspace was made for.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// # let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// let mut workspace = Workspace::new(&parameters, 64)?;
    /// let pass = workspace.forward(&x, &parameters)?;
    /// let _cost = pass.cost(&y)?;
    /// let gradients = pass.backward(&y)?;
    /// update_parameters(&mut parameters, gradients, 0.1)?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`l_model_forward`](crate::forward::l_model_forward);
    /// [`Error::ShapeMismatch`] or [`Error::LayerCount`] if the workspace was made for another
    /// network or for fewer examples; [`Error::TooLarge`] if a layer now needs its `Z`, and there is
    /// no memory for it.
    pub fn forward<'w, 'p>(
        &'w mut self,
        x: &'p ArrayRef2<F>,
        parameters: &'p Parameters<F>,
    ) -> Result<Pass<'w, 'p, F>> {
        self.buffers.prepare(x, parameters)?;
        let output = parameters.layers()[parameters.layers().len() - 1].activation;
        self.buffers.forward(0, x, parameters, output);
        Ok(Pass { buffers: &mut self.buffers, x, parameters })
    }

    /// Computes the cost `J` and its gradients: everything between two updates.
    ///
    /// `X` (n₀, m), and targets as [`Cost`] takes them. The gradients are bit-identical to
    /// [`backpropagate`](crate::train::backward::backpropagate). The cost is
    /// [`Cost::value_from_logits`] after the activation that belongs to it, so it is exact also
    /// where the output saturates.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut rng = NumpyRandom::seed(1);
    /// let mut parameters = initialize_parameters_deep(&[2, 8, 3], Initializer::He, &mut rng)?
    ///     .with_activations(Activation::Relu, Activation::Softmax);
    /// let (x, classes) = (array![[0.5, -1.0, 0.1], [1.0, 1.0, 0.2]], array![[2.0, 0.0, 1.0]]);
    /// let objective = Objective::new(Cost::CategoricalCrossEntropy).l2(0.01);
    /// let mut workspace = Workspace::new(&parameters, 3)?;
    /// for _ in 0..100 {
    ///     let (_cost, gradients) =
    ///         workspace.cost_and_gradients(&x, &classes, &parameters, &objective)?;
    ///     update_parameters(&mut parameters, gradients, 0.5)?;
    /// }
    /// assert!(objective.cost.value(&predict_proba(&x, &parameters)?, &classes)? < 0.2);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`forward`](Self::forward) and of [`Cost::value`];
    /// [`Error::OutputActivation`] if the output does not go with the cost.
    pub fn cost_and_gradients<'t>(
        &mut self,
        x: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let (targets, objective) = (&targets.into(), objective.into());
        let input = StepInput { x, targets, objective, dropout: None, partial: false };
        self.buffers.cost_and_gradients(input, parameters, &mut SingleProcess)
    }

    /// Computes the cost and its gradients, with hidden units dropped at random as by
    /// [`l_model_forward_with_dropout`](crate::train::regularization::l_model_forward_with_dropout).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # use dnn_blocks::train::workspace::Dropout;
    /// # let mut rng = NumpyRandom::seed(1);
    /// # let parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.01);
    /// let mut workspace = Workspace::new(&parameters, 2)?;
    /// let (cost, gradients) = workspace.cost_and_gradients_with_dropout(
    ///     &x,
    ///     &y,
    ///     &parameters,
    ///     &objective,
    ///     Dropout::new(0.8, &mut rng),
    /// )?;
    /// # let _: (f64, _) = (cost, gradients);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`cost_and_gradients`](Self::cost_and_gradients) and of
    /// [`Mask::draw`](crate::train::regularization::Mask::draw).
    pub fn cost_and_gradients_with_dropout<'t>(
        &mut self,
        x: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective>,
        dropout: Dropout<'_, impl RandomSource + ?Sized>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let Dropout { keep_prob, rng, columns } = dropout;
        let mut uniform = || rng.uniform();
        let dropout = Some(DropoutSource { keep_prob, uniform: &mut uniform, columns });
        let (targets, objective) = (&targets.into(), objective.into());
        let input = StepInput { x, targets, objective, dropout, partial: false };
        self.buffers.cost_and_gradients(input, parameters, &mut SingleProcess)
    }
}

/// A forward pass in the buffers of a [`Workspace`].
#[derive(Debug)]
#[must_use]
pub struct Pass<'w, 'p, F> {
    buffers: &'w mut StepBuffers<F>,
    x: &'p ArrayRef2<F>,
    parameters: &'p Parameters<F>,
}

impl<'w, F: Float> Pass<'w, '_, F> {
    /// Returns the output `AL`, (n_L, m).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let x = array![[0.5, -1.0], [1.0, 1.0]];
    /// let mut workspace = Workspace::new(&parameters, 2)?;
    /// let pass = workspace.forward(&x, &parameters)?;
    /// assert_eq!(pass.al(), predict_proba(&x, &parameters)?);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn al(&self) -> ArrayView2<'_, F> {
        self.buffers.al(self.x.ncols())
    }

    /// Computes [`compute_cost`] of `AL`.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut workspace = Workspace::new(&parameters, 2)?;
    /// assert!(workspace.forward(&x, &parameters)?.cost(&y)? > 0.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`compute_cost`].
    pub fn cost(&self, y: &ArrayRef2<F>) -> Result<F> {
        compute_cost(&self.al(), y)
    }

    /// Runs [`l_model_backward`](crate::backward::l_model_backward) in the buffers.
    ///
    /// The gradients borrow the workspace only, so the parameters are free to change.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut workspace = Workspace::new(&parameters, 2)?;
    /// let gradients = workspace.forward(&x, &parameters)?.backward(&y)?;
    /// update_parameters(&mut parameters, gradients, 0.1)?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if the shape of `Y` is not that of `AL`.
    pub fn backward(self, y: &ArrayRef2<F>) -> Result<&'w mut Gradients<F>> {
        let m = self.x.ncols();
        Ok(self.run_backward(y)?.dz_and_gradients(m).1)
    }

    /// Runs the backward pass and computes the gradient of `X` too: `dX = W¹ᵀ·dZ¹`, (n₀, m).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// let mut workspace = Workspace::new(&parameters, 2)?;
    /// let (_, dx) = workspace.forward(&x, &parameters)?.backward_with_dx(&y)?;
    /// assert_eq!(dx.dim(), x.dim());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`backward`](Self::backward), and
    /// [`Error::TooLarge`] if `dX` does not fit in memory.
    pub fn backward_with_dx(
        self,
        y: &ArrayRef2<F>,
    ) -> Result<(&'w mut Gradients<F>, ArrayView2<'w, F>)> {
        let (m, parameters) = (self.x.ncols(), self.parameters);
        self.run_backward(y)?.gradients_and_dx(parameters, m)
    }

    /// Computes all gradients in the buffers.
    fn run_backward(self, y: &ArrayRef2<F>) -> Result<&'w mut StepBuffers<F>> {
        let Self { buffers, x, parameters } = self;
        let (m, last) = (x.ncols(), parameters.layers().len());
        check_outputs(&buffers.al(m), y).map_err(|e| e.in_layer(last))?;
        buffers.restore_gradients(parameters)?;
        let g = parameters.layers()[last - 1].activation;
        buffers.output_dz(&Cost::BinaryCrossEntropy, &Targets::from(y), g, m);
        buffers.backward(parameters, (m, m), Some(x), (0.0, &mut SingleProcess));
        Ok(buffers)
    }
}
