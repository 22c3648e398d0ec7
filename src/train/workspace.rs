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
use crate::cost::{Cost, CostFunction, Targets, check_outputs, compute_cost};
use crate::init::RandomSource;
use crate::{Float, Gradients, Parameters, Result};
use ndarray::{ArrayRef2, ArrayView2};

/// Buffers for the training steps of one network, which then allocate nothing.
///
/// [`cost_and_gradients`](Self::cost_and_gradients) computes everything between two updates, for
/// any [`Cost`], with L2 and dropout. [`forward`](Self::forward) runs the course's steps one by
/// one, for the cross-entropy cost.
///
/// A batch may have fewer examples than the workspace was made for, such as the last batch of an
/// epoch. `Z` is not kept where the derivative of the activation follows from `A`. It is kept for
/// SiLU and GELU, and for a leaky ReLU or ELU whose parameter is not positive.
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
#[derive(Debug, Clone)]
pub struct Workspace<F> {
    buffers: StepBuffers<F>,
}

/// Inverted dropout for one step: the probability of keeping a hidden unit, and a generator.
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
    /// Creates dropout that keeps each hidden unit with probability `keep_prob`, above 0 and at
    /// most 1.
    #[must_use]
    pub fn new(keep_prob: f64, rng: &'a mut R) -> Self {
        Self { keep_prob, rng, columns: None }
    }

    /// Draws the masks of a whole batch, of which the step has only these columns.
    ///
    /// The dropped units then do not depend on how the batch is divided.
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
    /// in memory, [`Error::ShapeMismatch`] if the layers do not fit each other,
    /// [`Error::Hyperparameter`] if a slope or an alpha is not finite in `F`.
    pub fn new(parameters: &Parameters<F>, examples: usize) -> Result<Self> {
        check_argument(examples > 0, "examples", 0.0, "at least 1")?;
        Ok(Self { buffers: StepBuffers::new(parameters, examples)? })
    }

    /// Freezes layers, counted from 1: no gradient is computed for them.
    ///
    /// The gradients of a frozen layer are 0, and the backward pass stops at the lowest layer that
    /// is not frozen. The gradients of the other layers are bit-identical to those without
    /// freezing. The cost still has the L2 term of the frozen layers, but they get no L2 gradient.
    /// Dropout stays in them.
    ///
    /// Each call replaces the list; `freeze(&[])` unfreezes all layers. `update_parameters` and
    /// [`Lbfgs`](super::lbfgs::Lbfgs) do not move a parameter whose gradients are 0. Momentum and
    /// weight decay do, so freeze the layers in the
    /// [`Optimizer`](super::optimizer::Optimizer::freeze) too.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// # let (x, y) = (array![[0.5, -1.0], [1.0, 1.0]], array![[1.0, 0.0]]);
    /// # let mut rng = NumpyRandom::seed(1);
    /// let mut parameters = initialize_parameters_deep(&[2, 8, 4, 1], Initializer::He, &mut rng)?;
    /// let mut workspace = Workspace::new(&parameters, 2)?;
    /// let mut optimizer = Optimizer::new(Algorithm::ADAM_W, &parameters)?;
    /// workspace.freeze(&[1, 2])?;
    /// optimizer.freeze(&[1, 2])?;
    ///
    /// let before = parameters.clone();
    /// let cost = Cost::BinaryCrossEntropy;
    /// let (_cost, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost)?;
    /// optimizer.step(&mut parameters, gradients, 0.01)?;
    /// assert_eq!(parameters.layers()[..2], before.layers()[..2]);
    /// assert_ne!(parameters.layers()[2], before.layers()[2]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] if a number is not a layer of the network or is listed twice, or
    /// if every layer is frozen. The list then stays as it was.
    pub fn freeze(&mut self, layers: &[usize]) -> Result<()> {
        self.buffers.freeze(layers)
    }

    /// Returns the frozen layers, counted from 1, in ascending order.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// let mut workspace = Workspace::new(&parameters, 2)?;
    /// workspace.freeze(&[2])?;
    /// assert_eq!(workspace.frozen(), [2]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn frozen(&self) -> &[usize] {
        self.buffers.frozen().numbers()
    }

    /// Runs [`l_model_forward`](crate::forward::l_model_forward) in the buffers.
    ///
    /// `X` (n₀, m), where m is at most the number of examples the workspace was made for. The
    /// returned [`Pass`] computes the cost and the gradients.
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
    /// network or for fewer examples; [`Error::TooLarge`] if a changed activation needs its `Z`,
    /// which does not fit in memory.
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
    /// `X` (n₀, m); the targets are in a form that [`Cost`] takes. The gradients are bit-identical
    /// to [`backpropagate`](crate::train::backward::backpropagate). If the output layer has the
    /// activation that belongs to the cost, the cost is [`Cost::value_from_logits`], which is exact
    /// even where the output saturates.
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
    /// The errors of [`forward`](Self::forward); [`Error::ShapeMismatch`] or
    /// [`Error::InvalidValue`] if the targets do not fit the outputs; [`Error::OutputActivation`]
    /// if the output layer does not go with the cost; [`Error::Hyperparameter`] if λ is not finite
    /// in `F`, or it or [`Error::Inconsistent`] if the
    /// [smoothing](crate::cost::Targets::smoothed) of the targets is not valid.
    pub fn cost_and_gradients<'t, C: CostFunction<F>>(
        &mut self,
        x: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective<C>>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let (targets, objective) = (&targets.into(), &objective.into());
        let objective = objective.by_ref();
        let input = StepInput { x, targets, objective, dropout: None, partial: false };
        self.buffers.cost_and_gradients(input, parameters, &mut SingleProcess)
    }

    /// Computes the cost and its gradients with dropout in the hidden layers.
    ///
    /// With an equal generator, [`l_model_forward_with_dropout`] drops the same units.
    ///
    /// [`l_model_forward_with_dropout`]: super::regularization::l_model_forward_with_dropout
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
    /// The errors of [`cost_and_gradients`](Self::cost_and_gradients); [`Error::Hyperparameter`]
    /// unless `0 < keep_prob <= 1`; [`Error::LengthMismatch`] or [`Error::Inconsistent`] unless
    /// [`Dropout::columns`] has m ascending columns of the batch; [`Error::TooLarge`] if the masks
    /// do not fit in memory.
    pub fn cost_and_gradients_with_dropout<'t, C: CostFunction<F>>(
        &mut self,
        x: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective<C>>,
        dropout: Dropout<'_, impl RandomSource + ?Sized>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let Dropout { keep_prob, rng, columns } = dropout;
        let mut uniform = || rng.uniform();
        let dropout = Some(DropoutSource { keep_prob, uniform: &mut uniform, columns });
        let (targets, objective) = (&targets.into(), &objective.into());
        let objective = objective.by_ref();
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

    /// Computes [`compute_cost`] of `AL` and `Y`, (n_L, m).
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
    /// The gradients borrow only the workspace, so the parameters can be updated with them.
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
    /// [`Error::ShapeMismatch`] if `Y` and `AL` differ in shape.
    pub fn backward(self, y: &ArrayRef2<F>) -> Result<&'w mut Gradients<F>> {
        let m = self.x.ncols();
        let lowest = self.buffers.frozen().lowest_trainable();
        Ok(self.run_backward(y, lowest)?.dz_and_gradients(m).1)
    }

    /// Runs the backward pass, and also computes `dX = W¹ᵀ·dZ¹`, (n₀, m).
    ///
    /// `dX` does not depend on which layers are [frozen](Workspace::freeze).
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
    /// [`Error::ShapeMismatch`] if `Y` and `AL` differ in shape, [`Error::TooLarge`] if `dX` does
    /// not fit in memory.
    pub fn backward_with_dx(
        self,
        y: &ArrayRef2<F>,
    ) -> Result<(&'w mut Gradients<F>, ArrayView2<'w, F>)> {
        let (m, parameters) = (self.x.ncols(), self.parameters);
        self.run_backward(y, 0)?.gradients_and_dx(parameters, m)
    }

    /// Computes the gradients in the buffers, down to `dZ` of the layer with the index `lowest`.
    fn run_backward(self, y: &ArrayRef2<F>, lowest: usize) -> Result<&'w mut StepBuffers<F>> {
        let Self { buffers, x, parameters } = self;
        let (m, last) = (x.ncols(), parameters.layers().len());
        check_outputs(&buffers.al(m), y).map_err(|e| e.in_layer(last))?;
        buffers.restore_gradients(parameters)?;
        let g = parameters.layers()[last - 1].activation;
        buffers.output_dz(&Cost::BinaryCrossEntropy, &Targets::from(y), g, m);
        buffers.backward(parameters, (m, m), (Some(x), lowest), (0.0, &mut SingleProcess));
        Ok(buffers)
    }
}
