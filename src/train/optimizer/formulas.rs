//! The update formulas, element by element.

use super::rule::Step;
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{Update, mul_add};

/// `v ← β v + share·g`, then `w ← w - α v`, or `w ← w - α (g + β v)` for Nesterov momentum.
#[derive(Clone, Copy)]
pub(super) struct Momentum<F> {
    pub alpha: F,
    pub beta: F,
    pub share: F,
    pub nesterov: bool,
}

impl<F: Float> Update<F, 1> for Momentum<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, w: F, g: F, [v]: [F; 1]) -> (F, [F; 1]) {
        let v = mul_add::<F, S>(self.beta, v, self.share * g);
        let step = if self.nesterov { mul_add::<F, S>(self.beta, v, g) } else { v };
        (mul_add::<F, S>(-self.alpha, step, w), [v])
    }
}

/// `s ← β s + (1-β) g²`, `w ← w - α g/(√s + ε)`
#[derive(Clone, Copy)]
pub(super) struct RmsProp<F> {
    pub alpha: F,
    pub beta: F,
    pub share: F,
    pub epsilon: F,
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
pub(super) struct Adam<F> {
    pub alpha: F,
    pub betas: [F; 2],
    pub shares: [F; 2],
    /// `1/(1-β₁ᵗ)`, `1/(1-β₂ᵗ)`
    pub corrections: [F; 2],
    pub epsilon: F,
    /// `1 - α λ`
    pub decay: F,
}

impl<F: Float> Adam<F> {
    pub fn new(step: Step, betas: [f64; 2], epsilon: f64, decay: f64) -> Self {
        Self {
            alpha: F::of(step.learning_rate),
            betas: betas.map(F::of),
            shares: betas.map(|beta| F::of(1.0 - beta)),
            corrections: betas.map(|beta| F::of(1.0 / (1.0 - beta.powf(step.number as f64)))),
            epsilon: F::of(epsilon),
            decay: F::of(1.0 - step.learning_rate * decay),
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
        (mul_add::<F, S>(-self.alpha, step, self.decay * w), [v, s])
    }
}
