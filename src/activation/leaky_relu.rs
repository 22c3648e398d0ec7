//! The leaky ReLU.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::Map;

#[derive(Clone, Copy)]
pub(super) struct LeakyRelu<F>(pub F);

impl Function for LeakyRelu<f64> {
    const NAME: &'static str = "leaky ReLU";

    fn parameter(self) -> Option<(&'static str, f64)> {
        Some(("slope", self.0))
    }

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(LeakyRelu(F::of(self.0)));
    }

    /// A slope above 0 keeps the sign.
    fn known_from_output<F: Float>(self) -> bool {
        F::of(self.0) > F::zero()
    }

    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        // `LeakyRelu` takes its slope as f32, and ONNX Runtime has it for f32 only.
        let slope = graph.scalar("slope", F::of(self.0))?;
        let zero = graph.scalar("zero", F::zero())?;
        let positive = graph.operator("Greater", &[z, &zero]);
        let scaled = graph.operator("Mul", &[z, &slope]);
        graph.operator("Where", &[&positive, z, &scaled]);
        Ok(())
    }
}

impl<F: Float> Map<F> for LeakyRelu<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        if z <= F::zero() { self.0 * z } else { z }
    }
}

impl<F: Float> Derivative<F> for LeakyRelu<F> {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        if a <= F::zero() { da * self.0 } else { da }
    }
    /// Uses `z`, because a negative slope changes the sign of `a`.
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        if z <= F::zero() { da * self.0 } else { da }
    }
}
