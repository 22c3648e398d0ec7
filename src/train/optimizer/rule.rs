#[cfg(doc)]
use crate::Error;
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2};

/// One step of an [`UpdateRule`]: learning rate, number, and kind of matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The learning rate α.
    pub learning_rate: f64,
    /// The number of the step, t, counted from 1.
    pub number: u64,
    /// Whether the matrix holds weights rather than biases.
    pub is_weight: bool,
}

impl Step {
    /// Creates a step that updates weights.
    #[must_use]
    pub fn new(learning_rate: f64, number: u64) -> Self {
        Self { learning_rate, number, is_weight: true }
    }

    /// Sets whether the matrix holds weights rather than biases.
    #[must_use]
    pub fn is_weight(self, is_weight: bool) -> Self {
        Self { is_weight, ..self }
    }
}

/// The declaration of a matrix that a rule keeps for each matrix of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateMatrix {
    pub(crate) name: &'static str,
    pub(crate) non_negative: bool,
}

impl StateMatrix {
    /// Declares a matrix whose entries may be any finite numbers.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, non_negative: false }
    }

    /// Declares a matrix whose entries are never negative, such as a mean of squares.
    ///
    /// State that is read from a file must satisfy this.
    #[must_use]
    pub const fn non_negative(name: &'static str) -> Self {
        Self { name, non_negative: true }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns whether the entries are never negative.
    #[must_use]
    pub const fn is_non_negative(&self) -> bool {
        self.non_negative
    }
}

/// A rule that updates a matrix of parameters from its gradient.
///
/// A rule is a value without state. The [`Optimizer`](super::Optimizer) keeps the state that the
/// rule declares, and passes it to each update.
///
/// ```
/// use dnn_blocks::ndarray::{Array2, ArrayRef2, Zip};
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::optimizer::{Step, UpdateRule};
///
/// /// Moves each parameter against the sign of its gradient.
/// struct SignDescent;
///
/// impl UpdateRule<f64> for SignDescent {
///     fn update(
///         &self,
///         step: Step,
///         w: &mut ArrayRef2<f64>,
///         dw: &ArrayRef2<f64>,
///         _state: &mut [Array2<f64>],
///     ) -> dnn_blocks::Result<()> {
///         Zip::from(w).and(dw).for_each(|w, dw| *w -= step.learning_rate * dw.signum());
///         Ok(())
///     }
/// }
///
/// # let mut parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1))?;
/// # let gradients = Gradients::zeros_like(&parameters);
/// let mut optimizer = Optimizer::new(SignDescent, &parameters)?;
/// optimizer.step(&mut parameters, &gradients, 0.01)?;
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// A rule that wraps another one forwards [`state`](Self::state) too:
///
/// ```
/// use dnn_blocks::ndarray::{Array2, ArrayRef2};
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::optimizer::{StateMatrix, Step, UpdateRule};
///
/// /// Trains the weights with a tenth of the learning rate of the biases.
/// struct SlowWeights<R>(R);
///
/// impl<F: Float, R: UpdateRule<F>> UpdateRule<F> for SlowWeights<R> {
///     fn state(&self) -> &'static [StateMatrix] {
///         self.0.state()
///     }
///
///     fn update(
///         &self,
///         mut step: Step,
///         w: &mut ArrayRef2<F>,
///         dw: &ArrayRef2<F>,
///         state: &mut [Array2<F>],
///     ) -> dnn_blocks::Result<()> {
///         if step.is_weight {
///             step.learning_rate /= 10.0;
///         }
///         self.0.update(step, w, dw, state)
///     }
/// }
///
/// # let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
/// # let gradients = Gradients::zeros_like(&parameters);
/// let mut optimizer = Optimizer::new(SlowWeights(Algorithm::ADAM), &parameters)?;
/// optimizer.step(&mut parameters, &gradients, 0.01)?;
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
pub trait UpdateRule<F: Float> {
    /// Returns the state matrices that the rule needs for each matrix of parameters.
    ///
    /// They have the shape of that matrix and start at 0. By default there are none.
    fn state(&self) -> &'static [StateMatrix] {
        &[]
    }

    /// Takes one step: updates `w` and `state` from the gradient `dw`.
    ///
    /// [`Optimizer::step`](super::Optimizer::step) passes matrices of one shape. `state` has one
    /// matrix for each that [`state`](Self::state) returns.
    ///
    /// # Errors
    ///
    /// A rule must return an error before it changes a number. An [`Algorithm`](super::Algorithm)
    /// returns [`Error::ShapeMismatch`] or [`Error::LengthMismatch`] if the matrices do not fit,
    /// [`Error::Hyperparameter`] if the learning rate or a constant is out of range in `F`, and
    /// [`Error::InvalidArgument`] if the number of the step is 0.
    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &mut [Array2<F>],
    ) -> Result<()>;
}

impl<F: Float, R: UpdateRule<F> + ?Sized> UpdateRule<F> for Box<R> {
    fn state(&self) -> &'static [StateMatrix] {
        (**self).state()
    }

    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &mut [Array2<F>],
    ) -> Result<()> {
        (**self).update(step, w, dw, state)
    }
}
