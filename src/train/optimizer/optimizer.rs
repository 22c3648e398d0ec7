use super::algorithm::Algorithm;
use super::rule::{StateMatrix, Step, UpdateRule};
use crate::buffer;
use crate::checks::{check_lengths, check_same_shape};
use crate::error::{Operand, Position};
use crate::frozen::Frozen;
use crate::gradients::check_same_network;
use crate::{Error, Float, Gradients, Parameters, Result};
use ndarray::Array2;

/// An optimizer: an update rule and its state for every layer.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]];
/// let y = array![[0.0, 1.0, 1.0, 0.0]];
/// let mut rng = NumpyRandom::seed(3);
/// let mut parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
/// let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
/// for _ in 0..200 {
///     let (al, caches) = l_model_forward(&x, &parameters)?;
///     let gradients = l_model_backward(&al, &y, &caches)?;
///     optimizer.step(&mut parameters, &gradients, 0.05)?;
/// }
/// assert_eq!(predict(&x, &parameters)?, y);
/// assert_eq!(optimizer.steps(), 200);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer<F, R = Algorithm> {
    rule: R,
    state: Vec<LayerState<F>>,
    steps: u64,
    frozen: Frozen,
}

/// The state of one layer: the matrices that [`UpdateRule::state`] names, shaped like `W` and `b`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LayerState<F> {
    /// The state of `W`, each (n, n_prev).
    pub w: Vec<Array2<F>>,
    /// The state of `b`, each (n, 1).
    pub b: Vec<Array2<F>>,
}

impl<F: Float, R: UpdateRule<F>> Optimizer<F, R> {
    /// Creates an optimizer with zeroed state.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// let optimizer = Optimizer::new(Algorithm::MOMENTUM, &parameters)?;
    /// assert_eq!(optimizer.state()[0].w[0].dim(), (3, 2)); // v of dW1
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the state does not fit in memory.
    #[doc(alias("initialize_velocity", "initialize_adam"))]
    pub fn new(rule: R, parameters: &Parameters<F>) -> Result<Self> {
        let matrices = rule.state();
        let zeros = |like: &Array2<F>| -> Result<Vec<_>> {
            matrices.iter().map(|matrix| buffer::zeros(matrix.name, like.dim())).collect()
        };
        let layers = parameters.layers().iter().enumerate();
        let state = layers
            .map(|(l, layer)| {
                let state = || Ok(LayerState { w: zeros(&layer.w)?, b: zeros(&layer.b)? });
                state().map_err(|e: Error| e.in_layer(l + 1))
            })
            .collect::<Result<_>>()?;
        Ok(Self { rule, state, steps: 0, frozen: Frozen::default() })
    }

    /// Creates an optimizer from its state after `steps` steps.
    ///
    /// The first [`step`](Self::step) checks the shapes of the matrices. No layer is frozen; call
    /// [`freeze`](Self::freeze) with the [`frozen`](Self::frozen) layers of the first optimizer.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let gradients = Gradients::zeros_like(&parameters);
    /// # let mut first = Optimizer::new(Algorithm::ADAM, &parameters)?;
    /// first.step(&mut parameters, &gradients, 0.01)?;
    /// let second = Optimizer::from_state(*first.rule(), first.state().to_vec(), first.steps())?;
    /// assert_eq!(first, second);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] unless each layer has one matrix for each that the rule declares,
    /// [`Error::NotFinite`] if a number is NaN or infinite, [`Error::InvalidValue`] if a number is
    /// negative in a [non-negative](StateMatrix::non_negative) matrix.
    pub fn from_state(rule: R, state: Vec<LayerState<F>>, steps: u64) -> Result<Self> {
        let optimizer = Self { rule, state, steps, frozen: Frozen::default() };
        optimizer.check_numbers_of_state()?;
        Ok(optimizer)
    }

    /// Copies the optimizer, or returns an error if memory is short.
    pub(crate) fn try_clone(&self) -> Result<Self>
    where
        R: Clone,
    {
        let copies = |matrices: &[Array2<F>]| -> Result<Vec<_>> {
            matrices.iter().map(|matrix| buffer::copy_of("the state of the rule", matrix)).collect()
        };
        let layers = self.state.iter();
        let state = layers
            .map(|layer| Ok(LayerState { w: copies(&layer.w)?, b: copies(&layer.b)? }))
            .collect::<Result<_>>()?;
        let (rule, frozen) = (self.rule.clone(), self.frozen.clone());
        Ok(Self { rule, state, steps: self.steps, frozen })
    }

    /// Checks that each layer has the matrices of the rule, with numbers in their range.
    pub(crate) fn check_numbers_of_state(&self) -> Result<()> {
        let Self { rule, state, .. } = self;
        let expected = ("the state of the rule", rule.state().len());
        for (l, layer) in state.iter().enumerate() {
            for matrices in [&layer.w, &layer.b] {
                check_lengths(expected, ("the state of the layer", matrices.len()))?;
                check_numbers(rule, matrices).map_err(|e| e.in_layer(l + 1))?;
            }
        }
        Ok(())
    }

    /// Takes one step: updates the parameters of every layer from their gradients, except for
    /// [frozen](Self::freeze) layers.
    ///
    /// All shapes are checked before the first number is written. The learning rate must be finite
    /// in `F`; it may be 0 or negative. Gradients are not checked: NaN in a gradient makes its
    /// parameter and its state NaN.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let gradients = Gradients::zeros_like(&parameters);
    /// let mut optimizer = Optimizer::new(Algorithm::RMS_PROP, &parameters)?;
    /// optimizer.step(&mut parameters, &gradients, 0.001)?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::LayerCount`] or [`Error::ShapeMismatch`] with the layer unless parameters,
    /// gradients and state belong to one network. For an [`Algorithm`], [`Error::Hyperparameter`]
    /// if the learning rate or a constant is out of range in `F`; for a rule of your own, any error
    /// that [`UpdateRule::update`] returns.
    ///
    /// An error of an [`Algorithm`] leaves all parameters unchanged, and the step is not counted.
    #[doc(alias("update_parameters_with_momentum", "update_parameters_with_adam"))]
    #[inline(never)]
    pub fn step(
        &mut self,
        parameters: &mut Parameters<F>,
        gradients: &Gradients<F>,
        learning_rate: f64,
    ) -> Result<()> {
        check_same_network(parameters, gradients)?;
        self.check_state(parameters)?;
        let number = self.steps.saturating_add(1); // `steps` may come from a file
        let layers = parameters.layers_mut().iter_mut().zip(gradients.layers());
        for (l, ((layer, gradient), state)) in layers.zip(&mut self.state).enumerate() {
            if self.frozen.contains(l) {
                continue;
            }
            let of_w = Step::new(learning_rate, number);
            let of_b = of_w.is_weight(false);
            self.rule
                .update(of_w, &mut layer.w, &gradient.dw, &mut state.w)
                .and_then(|()| self.rule.update(of_b, &mut layer.b, &gradient.db, &mut state.b))
                .map_err(|e| e.in_layer(l + 1))?;
        }
        self.steps = number;
        Ok(())
    }

    /// Zeroes the state.
    pub(crate) fn reset(&mut self) {
        for state in &mut self.state {
            state.w.iter_mut().chain(&mut state.b).for_each(|matrix| matrix.fill(F::zero()));
        }
        self.steps = 0;
    }

    /// Returns whether every number of the state is finite.
    ///
    /// A second moment overflows if the square of a gradient does: in `f32`, from a gradient of
    /// 1.8e19. Its parameter then no longer changes, but stays finite.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// assert!(Optimizer::new(Algorithm::ADAM, &parameters)?.is_finite());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn is_finite(&self) -> bool {
        let matrices = self.state.iter().flat_map(|state| state.w.iter().chain(&state.b));
        matrices.flatten().all(|x| x.is_finite())
    }

    /// Checks that the state has the shapes of the parameters.
    pub(crate) fn check_state(&self, parameters: &Parameters<F>) -> Result<()> {
        let (expected, found) = (parameters.layers().len(), self.state.len());
        if expected != found {
            return Err(Error::LayerCount { expected, found });
        }
        for (l, (layer, state)) in parameters.layers().iter().zip(&self.state).enumerate() {
            let (w, b) = (Operand::new("W", &layer.w), Operand::new("b", &layer.b));
            let w_fits = state.w.iter().map(|s| check_same_shape(w, Operand::new("state", s)));
            let b_fits = state.b.iter().map(|s| check_same_shape(b, Operand::new("state", s)));
            w_fits.chain(b_fits).collect::<Result<()>>().map_err(|e| e.in_layer(l + 1))?;
        }
        Ok(())
    }
}

/// Checks that the numbers of state matrices are in the range that the rule declares.
fn check_numbers<F: Float>(rule: &impl UpdateRule<F>, matrices: &[Array2<F>]) -> Result<()> {
    for (StateMatrix { name, non_negative }, matrix) in rule.state().iter().zip(matrices) {
        let wrong = |x: F| !x.is_finite() || (*non_negative && x < F::zero());
        if let Some(((row, column), x)) = matrix.indexed_iter().find(|(_, x)| wrong(**x)) {
            let (layer, operand, value) = (None, *name, x.as_f64());
            let position = Position::Entry { row, column };
            return Err(if x.is_finite() {
                Error::InvalidValue { layer, operand, position, value, rule: "at least 0" }
            } else {
                Error::not_finite(operand, position, value)
            });
        }
    }
    Ok(())
}

impl<F, R> Optimizer<F, R> {
    /// Returns the rule.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// Returns the state of each layer.
    pub fn state(&self) -> &[LayerState<F>] {
        &self.state
    }

    /// Freezes layers, counted from 1: a step changes neither their parameters nor their state.
    ///
    /// Momentum and weight decay do not move them either. Each call replaces the list;
    /// `freeze(&[])` unfreezes all layers, which then continue with the state that they had. Freeze
    /// the layers in the [`Workspace`](crate::train::workspace::Workspace::freeze) too, to save the
    /// time of their gradients.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// # let gradients = Gradients::zeros_like(&parameters);
    /// let mut optimizer = Optimizer::new(Algorithm::ADAM_W, &parameters)?;
    /// optimizer.freeze(&[1])?;
    /// let before = parameters.clone();
    /// optimizer.step(&mut parameters, &gradients, 0.01)?; // decays the weights of layer 2 only
    /// assert_eq!(parameters.layers()[0], before.layers()[0]);
    /// assert_ne!(parameters.layers()[1], before.layers()[1]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] if a number is not a layer of the network or is listed twice, or
    /// if every layer is frozen. The list then stays as it was.
    pub fn freeze(&mut self, layers: &[usize]) -> Result<()> {
        self.frozen = Frozen::new(layers, self.state.len())?;
        Ok(())
    }

    /// Returns the frozen layers, counted from 1, in ascending order.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    /// let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
    /// optimizer.freeze(&[2])?;
    /// assert_eq!(optimizer.frozen(), [2]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn frozen(&self) -> &[usize] {
        self.frozen.numbers()
    }

    /// Returns the number of steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }
}
