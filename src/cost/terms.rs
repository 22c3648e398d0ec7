//! The terms of the costs and their derivatives, for one output `a` or logit `z` and its label `y`.

use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map2};

/// Bounds a logarithm at -100. NaN stays NaN, unlike with `max`.
#[inline(always)]
pub(super) fn bounded<F: Float>(ln: F) -> F {
    let lowest = F::of(-100.0);
    if ln < lowest { lowest } else { ln }
}

/// Returns `x·y`, and 0 if `y` is 0 and `x` infinite: a logit of -∞ masks a class.
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
        // A label of 0 gives 0 for every output except NaN, which must show in the cost.
        if y == F::zero() && !a.is_nan() { F::zero() } else { term }
    }
}

/// `max(z, 0) - z·y + ln(1 + e^-|z|)`
///
/// The first two terms are `|z|·y` for negative `z` and `|z|·(1-y)` for positive `z`.
#[derive(Clone, Copy)]
pub(super) struct LogisticLoss;

impl<F: Float> Map2<F> for LogisticLoss {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F, y: F) -> F {
        let factor = if z < F::zero() { y } else { F::one() - y };
        let e = elementwise::exp::<F, S>(-z.abs());
        product_or_zero(z.abs(), factor) + elementwise::ln_1m::<F, S>(-e)
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

/// Replaces a divisor of 0 by 1e-12.
#[inline(always)]
pub(super) fn divisor<F: Float>(d: F) -> F {
    if d == F::zero() { F::of(1e-12) } else { d }
}
