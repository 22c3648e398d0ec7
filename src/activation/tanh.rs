//! The hyperbolic tangent.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map};

#[derive(Clone, Copy)]
pub(super) struct Tanh;

impl Function for Tanh {
    const NAME: &'static str = "tanh";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(self);
    }

    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        graph.operator("Tanh", &[z]);
        Ok(())
    }
}

impl<F: Float> Map<F> for Tanh {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        elementwise::tanh::<F, S>(z)
    }
}

impl<F: Float> Derivative<F> for Tanh {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        da * (F::one() - a * a)
    }
}
