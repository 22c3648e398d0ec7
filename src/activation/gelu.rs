//! The Gaussian error linear unit.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{Map, at_least, normal_tail, times_exp};

#[derive(Clone, Copy)]
pub(super) struct Gelu;

impl Function for Gelu {
    const NAME: &'static str = "GELU";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(self);
    }

    /// Two numbers below 0 may have the same image.
    fn known_from_output<F: Float>(self) -> bool {
        false
    }

    /// Adds `z/2·(1 + erf(z/√2))`.
    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        graph.only_f32("GELU")?; // ONNX Runtime has no `Erf` for f64
        let root_half = graph.scalar("root_half", F::of(std::f64::consts::FRAC_1_SQRT_2))?;
        let (half, one) = (graph.scalar("half", F::of(0.5))?, graph.scalar("one", F::one())?);
        let scaled = graph.operator("Mul", &[z, &root_half]);
        let erf = graph.operator("Erf", &[&scaled]);
        let sum = graph.operator("Add", &[&one, &erf]);
        let half_z = graph.operator("Mul", &[z, &half]);
        graph.operator("Mul", &[&half_z, &sum]);
        Ok(())
    }
}

impl<F: Float> Map<F> for Gelu {
    /// Computes `z·Φ(z)` from `x·Φ(-x)` with `x = |z|`, so that small results are accurate.
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        let x = -at_least(-F::NORMAL_RANGE, -z.abs());
        let (quotient, e) = normal_tail::<F, S>(x);
        let tail = times_exp(x * quotient, e);
        if z < F::zero() { -tail } else { z - tail }
    }
}

impl<F: Float> Derivative<F> for Gelu {
    /// Uses `g'(z) = Φ(z) + z·e^(-z²/2)/√(2π)`.
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        let density = F::of(0.398_942_280_401_432_7); // 1/√(2π)
        let x = -at_least(-F::NORMAL_RANGE, -z.abs());
        let (quotient, e) = normal_tail::<F, S>(x);
        let below_0 = times_exp(quotient - x * density, e);
        da * if z < F::zero() { below_0 } else { F::one() - below_0 }
    }
}
