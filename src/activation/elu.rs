//! The exponential linear unit.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map};

#[derive(Clone, Copy)]
pub(super) struct Elu<F>(pub F);

impl Function for Elu<f64> {
    const NAME: &'static str = "ELU";

    fn parameter(self) -> Option<(&'static str, f64)> {
        Some(("alpha", self.0))
    }

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(Elu(F::of(self.0)));
    }

    /// An alpha above 0 keeps the sign.
    fn known_from_output<F: Float>(self) -> bool {
        F::of(self.0) > F::zero()
    }

    /// Adds `z` where `z > 0`, else `alpha·(eᶻ - 1)`. The operator `Elu` takes its alpha as f32,
    /// and ONNX Runtime has it for f32 only.
    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        let alpha = graph.scalar("alpha", F::of(self.0))?;
        let (zero, one) = (graph.scalar("zero", F::zero())?, graph.scalar("one", F::one())?);
        let positive = graph.operator("Greater", &[z, &zero]);
        let e = graph.operator("Exp", &[z]);
        let less_1 = graph.operator("Sub", &[&e, &one]);
        let scaled = graph.operator("Mul", &[&alpha, &less_1]);
        graph.operator("Where", &[&positive, z, &scaled]);
        Ok(())
    }
}

impl<F: Float> Map<F> for Elu<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        if z <= F::zero() { self.0 * elementwise::exp_m1::<F, S>(z) } else { z }
    }
}

impl<F: Float> Derivative<F> for Elu<F> {
    /// Uses `alpha·eᶻ = a + alpha`.
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        if a <= F::zero() { da * (a + self.0) } else { da }
    }
    /// Uses the sign of `z`, because a negative alpha changes the sign of `a`.
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        let a = self.apply::<S>(z);
        if z <= F::zero() { da * (a + self.0) } else { da }
    }
}
