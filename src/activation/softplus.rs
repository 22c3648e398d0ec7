//! Softplus.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map};

#[derive(Clone, Copy)]
pub(super) struct Softplus;

impl Function for Softplus {
    const NAME: &'static str = "softplus";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(self);
    }

    /// Adds `max(0, z) + ln(1 + e^-|z|)`. ONNX Runtime has the operator `Softplus` for f32 only.
    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        let one = graph.scalar("one", F::one())?;
        let size = graph.operator("Abs", &[z]);
        let negative = graph.operator("Neg", &[&size]);
        let e = graph.operator("Exp", &[&negative]);
        let sum = graph.operator("Add", &[&one, &e]);
        let ln = graph.operator("Log", &[&sum]);
        let positive = graph.operator("Relu", &[z]);
        graph.operator("Add", &[&positive, &ln]);
        Ok(())
    }
}

impl<F: Float> Map<F> for Softplus {
    /// Computes `max(0, z) + ln(1 + e^-|z|)`, which does not overflow.
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        let positive = if z > F::zero() { z } else { F::zero() };
        let e = elementwise::exp::<F, S>(-z.abs());
        positive + elementwise::ln_1m::<F, S>(-e)
    }
}

impl<F: Float> Derivative<F> for Softplus {
    /// Uses `sigmoid z = 1 - e⁻ᵃ`.
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        da * -elementwise::exp_m1::<F, S>(-a)
    }
}
