//! The sigmoid-weighted linear unit, also called swish.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{Elementary, Map, at_least, exp_factors, times_exp};

#[derive(Clone, Copy)]
pub(super) struct Silu;

impl Function for Silu {
    const NAME: &'static str = "SiLU";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(self);
    }

    /// Two numbers below 0 may have the same image.
    fn known_from_output<F: Float>(self) -> bool {
        false
    }

    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        let sigmoid = graph.operator("Sigmoid", &[z]);
        graph.operator("Mul", &[z, &sigmoid]);
        Ok(())
    }
}

impl<F: Float> Map<F> for Silu {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        let x = at_least(F::PRODUCT_RANGE, -z.abs());
        weighted(z, x, exp_factors::<F, S>(x, F::zero()))
    }
}

impl<F: Float> Derivative<F> for Silu {
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        let x = at_least(F::PRODUCT_RANGE, -z.abs());
        da * weighted_derivative(z, x, exp_factors::<F, S>(x, F::zero()))
    }
}

/// `z·sigmoid v` from the factors of `e^-|v|`, where v has the sign of z. `x = -|z|`, bounded where
/// the result is 0.
#[inline(always)]
pub(super) fn weighted<F: Elementary>(z: F, x: F, e: [F; 3]) -> F {
    let numerator = if z < F::zero() { times_exp(x, e) } else { z };
    numerator / (F::one() + times_exp(F::one(), e))
}

/// `s·(1 + |w|·(1 - s))` with the sign of z for w, where `s = sigmoid v`, from the factors of
/// `e^-|v|`, where v has the sign of z. It is the derivative of `z·sigmoid v` if `w = z·v'`.
#[inline(always)]
pub(super) fn weighted_derivative<F: Elementary>(z: F, w: F, e: [F; 3]) -> F {
    let e = times_exp(F::one(), e);
    let large = F::one() / (F::one() + e);
    let small = e * large;
    let (s, rest) = if z < F::zero() { (small, large) } else { (large, small) };
    s * (F::one() + w.abs().copysign(z) * rest)
}
