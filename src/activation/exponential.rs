//! The exponential function.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map};

#[derive(Clone, Copy)]
pub(super) struct Exponential;

impl Function for Exponential {
    const NAME: &'static str = "exponential";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(self);
    }

    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        graph.operator("Exp", &[z]);
        Ok(())
    }
}

impl<F: Float> Map<F> for Exponential {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        elementwise::exp::<F, S>(z)
    }
}

impl<F: Float> Derivative<F> for Exponential {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        da * a
    }
}
