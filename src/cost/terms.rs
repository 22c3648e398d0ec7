//! The terms of the costs and their derivatives, for one output and its label.

use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map2};

/// The logarithm, not below -100; written so that NaN passes, which `max` would swallow.
#[inline(always)]
pub(super) fn bounded<F: Float>(ln: F) -> F {
    let lowest = F::of(-100.0);
    if ln < lowest { lowest } else { ln }
}

/// `x·y`, and 0 where `y` is 0, whatever `x` is unless it is NaN: a logit of -∞ masks a class.
#[inline(always)]
pub(super) fn product_or_zero<F: Float>(x: F, y: F) -> F {
    if y == F::zero() && !x.is_nan() { F::zero() } else { x * y }
}

/// `-y ln a`
#[derive(Clone, Copy)]
pub(super) struct LogLikelihood;

impl<F: Float> Map2<F> for LogLikelihood {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let term = -(y * bounded(elementwise::ln::<F, S>(a)));
        // 0·NaN is kept: an output of NaN must show.
        if y == F::zero() && !a.is_nan() { F::zero() } else { term }
    }
}

/// `(a - y)²`
#[derive(Clone, Copy)]
pub(super) struct SquaredError;

impl<F: Float> Map2<F> for SquaredError {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        (a - y) * (a - y)
    }
}

/// `max(z, 0) - z·y + ln(1 + e^-|z|)`, whose first two terms are `|z|·y` below 0 and `|z|·(1-y)`
/// above.
#[derive(Clone, Copy)]
pub(super) struct LogisticLoss;

impl<F: Float> Map2<F> for LogisticLoss {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F, y: F) -> F {
        let missing = if z < F::zero() { y } else { F::one() - y };
        let e = elementwise::exp::<F, S>(-z.abs());
        product_or_zero(z.abs(), missing) + elementwise::ln_1m::<F, S>(-e)
    }
}

/// `sigmoid(z) - y`
#[derive(Clone, Copy)]
pub(super) struct LogisticDz;

impl<F: Float> Map2<F> for LogisticDz {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F, y: F) -> F {
        elementwise::sigmoid::<F, S>(z) - y
    }
}

/// `-(y/a - (1-y)/(1-a))`
#[derive(Clone, Copy)]
pub(super) struct CrossEntropyGradient;

impl<F: Float> Map2<F> for CrossEntropyGradient {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        -(y / divisor(a) - (F::one() - y) / divisor(F::one() - a))
    }
}

/// `-y/a`
#[derive(Clone, Copy)]
pub(super) struct LogLikelihoodGradient;

impl<F: Float> Map2<F> for LogLikelihoodGradient {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        -(y / divisor(a))
    }
}

/// `2 (a - y)`
#[derive(Clone, Copy)]
pub(super) struct TwiceTheDifference;

impl<F: Float> Map2<F> for TwiceTheDifference {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        F::TWO * (a - y)
    }
}

/// The divisor, not 0.
#[inline(always)]
fn divisor<F: Float>(d: F) -> F {
    if d == F::zero() { F::of(1e-12) } else { d }
}
