//! The terms of the costs of regressions and their derivatives, for one output `a` and its target
//! `y`.

use super::terms::{bounded, divisor, product_or_zero};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map2};

/// `(a - y)²`
#[derive(Clone, Copy)]
pub(super) struct SquaredError;

impl<F: Float> Map2<F> for SquaredError {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        (a - y) * (a - y)
    }
}

/// `2 (a - y)`
#[derive(Clone, Copy)]
pub(super) struct SquaredErrorGradient;

impl<F: Float> Map2<F> for SquaredErrorGradient {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        F::TWO * (a - y)
    }
}

/// `|a - y|`
#[derive(Clone, Copy)]
pub(super) struct AbsoluteError;

impl<F: Float> Map2<F> for AbsoluteError {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        (a - y).abs()
    }
}

/// The sign of `a - y`, 0 where they are equal.
#[derive(Clone, Copy)]
pub(super) struct AbsoluteErrorGradient;

impl<F: Float> Map2<F> for AbsoluteErrorGradient {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let r = a - y;
        // NaN stays NaN.
        if r > F::zero() {
            F::one()
        } else if r < F::zero() {
            -F::one()
        } else {
            r
        }
    }
}

/// `(a - y)²/2` where `|a - y| ≤ δ`, else `δ (|a - y| - δ/2)`
#[derive(Clone, Copy)]
pub(super) struct HuberLoss<F> {
    pub delta: F,
}

impl<F: Float> Map2<F> for HuberLoss<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let r = (a - y).abs();
        let half = F::one() / F::TWO;
        if r > self.delta { self.delta * (r - half * self.delta) } else { half * (r * r) }
    }
}

/// `a - y`, limited to `±δ`
#[derive(Clone, Copy)]
pub(super) struct HuberLossGradient<F> {
    pub delta: F,
}

impl<F: Float> Map2<F> for HuberLossGradient<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let r = a - y;
        // NaN stays NaN.
        if r > self.delta {
            self.delta
        } else if r < -self.delta {
            -self.delta
        } else {
            r
        }
    }
}

/// `q (y - a)` where `a ≤ y`, else `(1 - q) (a - y)`
#[derive(Clone, Copy)]
pub(super) struct QuantileLoss<F> {
    pub quantile: F,
}

impl<F: Float> Map2<F> for QuantileLoss<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let r = a - y;
        if r > F::zero() { (F::one() - self.quantile) * r } else { -(self.quantile * r) }
    }
}

/// `-q` where `a < y`, `1 - q` where `a > y`, 0 where they are equal
#[derive(Clone, Copy)]
pub(super) struct QuantileLossGradient<F> {
    pub quantile: F,
}

impl<F: Float> Map2<F> for QuantileLossGradient<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let r = a - y;
        // NaN stays NaN.
        if r > F::zero() {
            F::one() - self.quantile
        } else if r < F::zero() {
            -self.quantile
        } else {
            r
        }
    }
}

/// `a - y ln a`
#[derive(Clone, Copy)]
pub(super) struct PoissonLoss;

impl<F: Float> Map2<F> for PoissonLoss {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        rate_minus(a, y * bounded(elementwise::ln::<F, S>(a)), y)
    }
}

/// `1 - y/a`
#[derive(Clone, Copy)]
pub(super) struct PoissonLossGradient;

impl<F: Float> Map2<F> for PoissonLossGradient {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        F::one() - y / divisor(a)
    }
}

/// `eᶻ - y z`
#[derive(Clone, Copy)]
pub(super) struct PoissonLossOfLogit;

impl<F: Float> Map2<F> for PoissonLossOfLogit {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F, y: F) -> F {
        rate_minus(elementwise::exp::<F, S>(z), product_or_zero(z, y), y)
    }
}

/// `eᶻ - y`
#[derive(Clone, Copy)]
pub(super) struct PoissonDz;

impl<F: Float> Map2<F> for PoissonDz {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F, y: F) -> F {
        elementwise::exp::<F, S>(z) - y
    }
}

/// Returns `rate - y_ln_rate`, and ∞ for an infinite rate, which exceeds its logarithm.
#[inline(always)]
fn rate_minus<F: Float>(rate: F, y_ln_rate: F, y: F) -> F {
    if rate == F::infinity() && !y.is_nan() { rate } else { rate - y_ln_rate }
}
