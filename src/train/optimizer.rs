//! Other ways down the slope than [`update_parameters`](crate::update::update_parameters): rules
//! with a memory, and the [`Optimizer`] that keeps it.
//!
//! With the gradient `g`, the learning rate α and the number of the step t, from 1:
//!
//! | [`Algorithm`] | state | step |
//! |---|---|---|
//! | `GradientDescent` | | `W ← W - α g` |
//! | `Momentum` | v | `v ← β v + (1-β) g`, `W ← W - α v` (the course's) |
//! | `ClassicalMomentum` | v | `v ← β v + g`, `W ← W - α v` |
//! | `Nesterov` | v | `v ← β v + g`, `W ← W - α (g + β v)` |
//! | `RmsProp` | s | `s ← β s + (1-β) g²`, `W ← W - α g/(√s + ε)` |
//! | `Adam` | v, s | `v ← β₁ v + (1-β₁) g`, `s ← β₂ s + (1-β₂) g²`, `W ← W - α v̂/(√ŝ + ε)` with `v̂ = v/(1-β₁ᵗ)`, `ŝ = s/(1-β₂ᵗ)` |
//! | `AdamW` | v, s | the same after `W ← W - α λ W`; biases do not decay |
//!
//! Sources: A. Ng, *Improving Deep Neural Networks*, week 2 (2017); Polyak (1964) and Sutskever et
//! al. (2013) for momentum and Nesterov's form, Tieleman & Hinton (2012) for RMSProp, Kingma & Ba
//! (2015) for Adam, Loshchilov & Hutter (2019) for AdamW, Pascanu et al. (2013) for clipping.

use crate::backward::LayerGradients;
use crate::buffer;
use crate::error::{
    Operand, check_above_zero, check_below_one, check_finite_in, check_hyperparameter,
    check_lengths, check_non_negative, check_positive, check_same_shape,
};
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, AddScaled, Update, mul_add};
use crate::update::check_same_network;
use crate::{Error, Float, Gradients, Parameters, Result};
use ndarray::{Array2, ArrayRef2};
use std::fmt;

/// What a rule knows of the step it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The learning rate α.
    pub learning_rate: f64,
    /// The number of the step, t, from 1.
    pub number: u64,
    /// Are these the weights of a layer, or its biases?
    pub is_weight: bool,
}

/// A rule that moves a matrix of parameters by its gradient: a value without memory. What it
/// must remember is lent to it.
///
/// ```
/// use dnn_blocks::ndarray::{Array2, ArrayRef2, Zip};
/// use dnn_blocks::prelude::*;
///
/// /// Only the sign of the gradient counts.
/// struct Signs;
///
/// impl Rule<f64> for Signs {
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
/// let mut optimizer = Optimizer::new(Signs, &parameters)?;
/// optimizer.step(&mut parameters, &gradients, 0.01)?;
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
pub trait Rule<F: Float> {
    /// The names of the matrices of state beside each matrix of parameters; all start at 0.
    fn state(&self) -> &'static [&'static str] {
        &[]
    }

    /// Those of [`state`](Self::state) that are never below 0, such as means of squares, whose root
    /// is taken: what is read from a file must obey.
    fn never_negative(&self) -> &'static [&'static str] {
        &[]
    }

    /// Takes one step: updates `w` and `state` from the gradient `dw`.
    ///
    /// [`Optimizer::step`] passes matrices of one shape, and as many of them in `state` as
    /// [`state`](Self::state) names. A rule that wraps another forwards [`state`](Self::state) and
    /// [`never_negative`](Self::never_negative) too: `Rule::<F>::state(&self.inner)`. Without the
    /// first each step is an error, without the second what is read from a file is not checked.
    ///
    /// # Errors
    ///
    /// A rule returns an error before it changes a number. An [`Algorithm`] returns
    /// [`Error::ShapeMismatch`] or [`Error::LengthMismatch`] if the matrices are not as above, and
    /// [`Error::Hyperparameter`] if the learning rate or a constant cannot be used in `F`.
    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &mut [Array2<F>],
    ) -> Result<()>;
}

/// The rules of the [table](self), with their constants.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Algorithm {
    /// `W ← W - α g`.
    GradientDescent,
    /// The course's momentum, a moving average of the gradients.
    Momentum {
        /// β, usually 0.9.
        beta: f64,
    },
    /// Momentum without the factor `1-β` (Polyak 1964), as other libraries have it: the same path
    /// with a learning rate `1-β` times as large.
    ClassicalMomentum {
        /// β, usually 0.9.
        beta: f64,
    },
    /// The gradient where momentum is about to lead (Nesterov; Sutskever et al. 2013).
    Nesterov {
        /// β, usually 0.9.
        beta: f64,
    },
    /// Each gradient over its usual size (Tieleman & Hinton 2012).
    RmsProp {
        /// β, usually 0.9 or 0.99.
        beta: f64,
        /// ε, outside the root.
        epsilon: f64,
    },
    /// Momentum over usual size, both free of the bias of their start (Kingma & Ba 2015).
    Adam {
        /// β₁.
        beta1: f64,
        /// β₂.
        beta2: f64,
        /// ε, outside the root.
        epsilon: f64,
    },
    /// Adam, with weights that decay by themselves (Loshchilov & Hutter 2019).
    AdamW {
        /// β₁.
        beta1: f64,
        /// β₂.
        beta2: f64,
        /// ε, outside the root.
        epsilon: f64,
        /// λ.
        weight_decay: f64,
    },
}

impl Algorithm {
    /// The course's momentum with β = 0.9.
    pub const MOMENTUM: Self = Self::Momentum { beta: 0.9 };
    /// Adam with the constants of its paper and of the course.
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    /// AdamW with those constants and a decay of 0.01.
    pub const ADAM_W: Self =
        Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };
    /// RMSProp with β = 0.99.
    pub const RMS_PROP: Self = Self::RmsProp { beta: 0.99, epsilon: 1e-8 };

    /// Checks that the constants can be used in a network of type `F`, to which they are rounded.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// assert!(Algorithm::ADAM.check::<f32>().is_ok());
    /// let tiny = Algorithm::RmsProp { beta: 0.9, epsilon: 1e-50 };
    /// assert!(tiny.check::<f64>().is_ok());
    /// assert!(tiny.check::<f32>().is_err()); // 0 as an f32
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] with the name of the constant: β must be at least 0 and below 1, ε
    /// above 0 (or a unit that is off would move by 0/0), the weight decay at least 0.
    pub fn check<F: Float>(self) -> Result<()> {
        match self {
            Algorithm::GradientDescent => Ok(()),
            Algorithm::Momentum { beta }
            | Algorithm::ClassicalMomentum { beta }
            | Algorithm::Nesterov { beta } => check_below_one::<F>("beta", beta),
            Algorithm::RmsProp { beta, epsilon } => {
                check_below_one::<F>("beta", beta)?;
                check_positive::<F>("epsilon", epsilon)
            }
            Algorithm::Adam { beta1, beta2, epsilon } => {
                check_below_one::<F>("beta1", beta1)?;
                check_below_one::<F>("beta2", beta2)?;
                check_positive::<F>("epsilon", epsilon)
            }
            Algorithm::AdamW { beta1, beta2, epsilon, weight_decay } => {
                Algorithm::Adam { beta1, beta2, epsilon }.check::<F>()?;
                check_non_negative::<F>("weight_decay", weight_decay)
            }
        }
    }

    /// Checks what [`Rule::update`] is given: the constants, the learning rate, and the shapes.
    fn check_update<F: Float>(
        self,
        step: Step,
        w: &ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &[Array2<F>],
    ) -> Result<()> {
        self.check::<F>()?;
        check_finite_in::<F>("learning_rate", step.learning_rate)?;
        check_hyperparameter(step.number > 0, "number", 0.0, "steps are counted from 1")?;
        if let Algorithm::AdamW { weight_decay, .. } = self {
            check_finite_in::<F>("weight_decay", step.learning_rate * weight_decay)?;
        }
        let w = Operand::of("w", w);
        check_same_shape(w, Operand::of("dw", dw))?;
        let names = Rule::<F>::state(&self);
        check_lengths(("the state of the rule", names.len()), ("the given state", state.len()))?;
        let mut named = names.iter().zip(state);
        named.try_for_each(|(name, state)| check_same_shape(w, Operand::of(name, state)))
    }
}

impl<F: Float> Rule<F> for Algorithm {
    fn state(&self) -> &'static [&'static str] {
        match self {
            Algorithm::GradientDescent => &[],
            Algorithm::Momentum { .. }
            | Algorithm::ClassicalMomentum { .. }
            | Algorithm::Nesterov { .. } => &["v"],
            Algorithm::RmsProp { .. } => &["s"],
            Algorithm::Adam { .. } | Algorithm::AdamW { .. } => &["v", "s"],
        }
    }

    fn never_negative(&self) -> &'static [&'static str] {
        &["s"]
    }

    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &mut [Array2<F>],
    ) -> Result<()> {
        self.check_update(step, w, dw, state)?;
        let alpha = F::of(step.learning_rate);
        match (*self, state) {
            (Algorithm::GradientDescent, _) => elementwise::map2(AddScaled(-alpha), w, dw),
            (Algorithm::Momentum { beta }, [v]) => {
                let (beta, share) = (F::of(beta), F::of(1.0 - beta));
                elementwise::update(Momentum { alpha, beta, share, ahead: false }, w, dw, [v]);
            }
            (Algorithm::ClassicalMomentum { beta }, [v]) => {
                let (beta, share) = (F::of(beta), F::one());
                elementwise::update(Momentum { alpha, beta, share, ahead: false }, w, dw, [v]);
            }
            (Algorithm::Nesterov { beta }, [v]) => {
                let (beta, share) = (F::of(beta), F::one());
                elementwise::update(Momentum { alpha, beta, share, ahead: true }, w, dw, [v]);
            }
            (Algorithm::RmsProp { beta, epsilon }, [s]) => {
                let (beta, share, epsilon) = (F::of(beta), F::of(1.0 - beta), F::of(epsilon));
                elementwise::update(RmsProp { alpha, beta, share, epsilon }, w, dw, [s]);
            }
            (Algorithm::Adam { beta1, beta2, epsilon }, [v, s]) => {
                let adam = Adam::new(step, [beta1, beta2], epsilon, 0.0);
                elementwise::update(adam, w, dw, [v, s]);
            }
            (Algorithm::AdamW { beta1, beta2, epsilon, weight_decay }, [v, s]) => {
                let decay = if step.is_weight { weight_decay } else { 0.0 };
                let adam = Adam::new(step, [beta1, beta2], epsilon, decay);
                elementwise::update(adam, w, dw, [v, s]);
            }
            _ => unreachable!("the number of matrices has been checked"),
        }
        Ok(())
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Algorithm::GradientDescent => "gradient descent",
            Algorithm::Momentum { .. } => "momentum",
            Algorithm::ClassicalMomentum { .. } => "classical momentum",
            Algorithm::Nesterov { .. } => "Nesterov momentum",
            Algorithm::RmsProp { .. } => "RMSProp",
            Algorithm::Adam { .. } => "Adam",
            Algorithm::AdamW { .. } => "AdamW",
        })
    }
}

/// `v ← β v + share·g`, `w ← w - α v`, or `w - α (g + β v)` ahead.
#[derive(Clone, Copy)]
struct Momentum<F> {
    alpha: F,
    beta: F,
    share: F,
    ahead: bool,
}

impl<F: Float> Update<F, 1> for Momentum<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, w: F, g: F, [v]: [F; 1]) -> (F, [F; 1]) {
        let v = mul_add::<F, S>(self.beta, v, self.share * g);
        let step = if self.ahead { mul_add::<F, S>(self.beta, v, g) } else { v };
        (mul_add::<F, S>(-self.alpha, step, w), [v])
    }
}

/// `s ← β s + (1-β) g²`, `w ← w - α g/(√s + ε)`
#[derive(Clone, Copy)]
struct RmsProp<F> {
    alpha: F,
    beta: F,
    share: F,
    epsilon: F,
}

impl<F: Float> Update<F, 1> for RmsProp<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, w: F, g: F, [s]: [F; 1]) -> (F, [F; 1]) {
        let s = mul_add::<F, S>(self.beta, s, self.share * (g * g));
        (w - self.alpha * (g / (s.sqrt() + self.epsilon)), [s])
    }
}

/// `v ← β₁ v + (1-β₁) g`, `s ← β₂ s + (1-β₂) g²`, `w ← w (1 - α λ) - α v̂/(√ŝ + ε)`
#[derive(Clone, Copy)]
struct Adam<F> {
    alpha: F,
    betas: [F; 2],
    shares: [F; 2],
    /// `1/(1-β₁ᵗ)`, `1/(1-β₂ᵗ)`
    corrections: [F; 2],
    epsilon: F,
    /// `1 - α λ`
    kept: F,
}

impl<F: Float> Adam<F> {
    fn new(step: Step, betas: [f64; 2], epsilon: f64, decay: f64) -> Self {
        Self {
            alpha: F::of(step.learning_rate),
            betas: betas.map(F::of),
            shares: betas.map(|beta| F::of(1.0 - beta)),
            corrections: betas.map(|beta| F::of(1.0 / (1.0 - beta.powf(step.number as f64)))),
            epsilon: F::of(epsilon),
            kept: F::of(1.0 - step.learning_rate * decay),
        }
    }
}

impl<F: Float> Update<F, 2> for Adam<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, w: F, g: F, [v, s]: [F; 2]) -> (F, [F; 2]) {
        let v = mul_add::<F, S>(self.betas[0], v, self.shares[0] * g);
        let s = mul_add::<F, S>(self.betas[1], s, self.shares[1] * (g * g));
        let (v_hat, s_hat) = (v * self.corrections[0], s * self.corrections[1]);
        let step = v_hat / (s_hat.sqrt() + self.epsilon);
        (mul_add::<F, S>(-self.alpha, step, self.kept * w), [v, s])
    }
}

/// A rule, and what it remembers of every layer: a plain value, to be looked at and cloned.
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
}

/// What a rule remembers of one layer: matrices named by [`Rule::state`], shaped like `W` and `b`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LayerState<F> {
    /// Beside `W`, each (n, n_prev).
    pub w: Vec<Array2<F>>,
    /// Beside `b`, each (n, 1).
    pub b: Vec<Array2<F>>,
}

impl<F: Float, R: Rule<F>> Optimizer<F, R> {
    /// A rule that remembers nothing yet.
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
    pub fn new(rule: R, parameters: &Parameters<F>) -> Result<Self> {
        let names = rule.state();
        let zeros = |like: &Array2<F>| -> Result<Vec<_>> {
            names.iter().map(|name| buffer::zeros(name, like.dim())).collect()
        };
        let layers = parameters.layers().iter().enumerate();
        let state = layers
            .map(|(l, layer)| {
                let state = || Ok(LayerState { w: zeros(&layer.w)?, b: zeros(&layer.b)? });
                state().map_err(|e: Error| e.in_layer(l + 1))
            })
            .collect::<Result<_>>()?;
        Ok(Self { rule, state, steps: 0 })
    }

    /// A rule with what it remembered after so many steps: to go on where another run ended.
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
    /// [`Error::LengthMismatch`] if a layer has not as many matrices as the rule names;
    /// [`Error::NotFiniteEntry`], or [`Error::NegativeState`] where the rule is
    /// [never negative](Rule::never_negative).
    pub fn from_state(rule: R, state: Vec<LayerState<F>>, steps: u64) -> Result<Self> {
        let optimizer = Self { rule, state, steps };
        optimizer.check_memory()?;
        Ok(optimizer)
    }

    /// `Ok` if the rule can have come to this state.
    pub(crate) fn check_memory(&self) -> Result<()> {
        let Self { rule, state, .. } = self;
        let names = ("the state of the rule", rule.state().len());
        for (l, layer) in state.iter().enumerate() {
            for matrices in [&layer.w, &layer.b] {
                check_lengths(names, ("that of the layer", matrices.len()))?;
                check_numbers(rule, matrices).map_err(|e| e.in_layer(l + 1))?;
            }
        }
        Ok(())
    }

    /// One step of every layer.
    ///
    /// All shapes are checked before the first number is written.
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
    /// [`Error::LayerCount`] or [`Error::ShapeMismatch`], with the number of the layer, unless
    /// parameters, gradients and state are those of one network; the errors of [`Rule::update`].
    /// An error of an [`Algorithm`] leaves all parameters as they were, and the step is not
    /// counted. The learning rate must be finite in `F`; it may be 0 or negative. Gradients are not
    /// checked: NaN makes its parameter and its state NaN.
    pub fn step(
        &mut self,
        parameters: &mut Parameters<F>,
        gradients: &Gradients<F>,
        learning_rate: f64,
    ) -> Result<()> {
        check_same_network(parameters, gradients)?;
        self.check_state(parameters)?;
        let number = self.steps.saturating_add(1); // they may come from a file
        let layers = parameters.layers_mut().iter_mut().zip(gradients.layers());
        for (l, ((layer, gradient), state)) in layers.zip(&mut self.state).enumerate() {
            let of_w = Step { learning_rate, number, is_weight: true };
            let of_b = Step { is_weight: false, ..of_w };
            self.rule
                .update(of_w, &mut layer.w, &gradient.dw, &mut state.w)
                .and_then(|()| self.rule.update(of_b, &mut layer.b, &gradient.db, &mut state.b))
                .map_err(|e| e.in_layer(l + 1))?;
        }
        self.steps = number;
        Ok(())
    }

    /// The state of a new optimizer.
    pub(crate) fn reset(&mut self) {
        for state in &mut self.state {
            state.w.iter_mut().chain(&mut state.b).for_each(|matrix| matrix.fill(F::zero()));
        }
        self.steps = 0;
    }

    /// Whether every number of the state is finite.
    ///
    /// A second moment overflows where the square of a gradient does, in `f32` from 1.8e19 on. Its
    /// parameter then moves no more and stays finite.
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

    pub(crate) fn check_state(&self, parameters: &Parameters<F>) -> Result<()> {
        let (expected, found) = (parameters.layers().len(), self.state.len());
        if expected != found {
            return Err(Error::LayerCount { expected, found });
        }
        for (l, (layer, state)) in parameters.layers().iter().zip(&self.state).enumerate() {
            let (w, b) = (Operand::of("W", &layer.w), Operand::of("b", &layer.b));
            let w_fits = state.w.iter().map(|s| check_same_shape(w, Operand::of("state", s)));
            let b_fits = state.b.iter().map(|s| check_same_shape(b, Operand::of("state", s)));
            w_fits.chain(b_fits).collect::<Result<()>>().map_err(|e| e.in_layer(l + 1))?;
        }
        Ok(())
    }
}

/// `Ok` if a rule can have come to these matrices.
fn check_numbers<F: Float>(rule: &impl Rule<F>, matrices: &[Array2<F>]) -> Result<()> {
    for (&operand, matrix) in rule.state().iter().zip(matrices) {
        let bounded = rule.never_negative().contains(&operand);
        let wrong = |x: F| !x.is_finite() || (bounded && x < F::zero());
        if let Some(((row, column), x)) = matrix.indexed_iter().find(|(_, x)| wrong(**x)) {
            let (layer, value) = (None, x.as_f64());
            return Err(if x.is_finite() {
                Error::NegativeState { layer, operand, row, column, value }
            } else {
                Error::NotFiniteEntry { layer, operand, row, column: Some(column), value }
            });
        }
    }
    Ok(())
}

impl<F, R> Optimizer<F, R> {
    /// The rule.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// What it remembers, layer by layer.
    pub fn state(&self) -> &[LayerState<F>] {
        &self.state
    }

    /// The steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

/// Shortens the gradient of the whole network to a norm of at most `max_norm`, and returns the norm
/// that it had: `g ← g·min(1, max_norm/‖g‖)`.
///
/// A norm that is not finite is returned, and nothing changed.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let layer = LayerGradients { dw: array![[3.0]], db: array![[4.0]] };
/// let mut gradients = Gradients::from_layers(vec![layer])?;
/// assert_eq!(clip_by_norm(&mut gradients, 1.0)?, 5.0);
/// assert!((gradients.norm() - 1.0).abs() < 1e-15);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Hyperparameter`] unless `max_norm` is above 0: a negative one would turn the gradient
/// round.
pub fn clip_by_norm<F: Float>(gradients: &mut Gradients<F>, max_norm: f64) -> Result<f64> {
    check_above_zero::<F>("max_norm", max_norm)?;
    let norm = gradients.norm();
    if norm > max_norm && norm.is_finite() {
        let scale = F::of(max_norm / norm);
        for layer in gradients.layers_mut() {
            layer.dw.mapv_inplace(|g| g * scale);
            layer.db.mapv_inplace(|g| g * scale);
        }
    }
    Ok(norm)
}

/// Bounds every element of the gradient, `g ← max(-limit, min(limit, g))`; NaN stays NaN.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let layer = LayerGradients { dw: array![[3.0, -0.5]], db: array![[-4.0]] };
/// let mut gradients = Gradients::from_layers(vec![layer])?;
/// clip_by_value(&mut gradients, 1.0)?;
/// assert_eq!(gradients.layers()[0].dw, array![[1.0, -0.5]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Hyperparameter`] unless `limit` is above 0.
pub fn clip_by_value<F: Float>(gradients: &mut Gradients<F>, limit: f64) -> Result<()> {
    check_above_zero::<F>("limit", limit)?;
    let limit = F::of(limit);
    let bounded = |g: F| {
        if g > limit {
            limit
        } else if g < -limit {
            -limit
        } else {
            g
        }
    };
    for layer in gradients.layers_mut() {
        layer.dw.mapv_inplace(bounded);
        layer.db.mapv_inplace(bounded);
    }
    Ok(())
}

impl<F: Float> Gradients<F> {
    /// The length of the gradient of the whole network, `√Σ g²`.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// assert_eq!(Gradients::zeros_like(&parameters).norm(), 0.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn norm(&self) -> f64 {
        let squares = |layer: &LayerGradients<F>| {
            elementwise::sum_of_squares(&layer.dw) + elementwise::sum_of_squares(&layer.db)
        };
        self.layers().iter().map(squares).sum::<f64>().sqrt()
    }
}
