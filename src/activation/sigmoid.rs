//! The logistic function.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map};

#[derive(Clone, Copy)]
pub(super) struct Sigmoid;

impl Function for Sigmoid {
    const NAME: &'static str = "sigmoid";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(self);
    }

    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        graph.operator("Sigmoid", &[z]);
        Ok(())
    }
}

impl<F: Float> Map<F> for Sigmoid {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        elementwise::sigmoid::<F, S>(z)
    }
}

impl<F: Float> Derivative<F> for Sigmoid {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        da * (a * (F::one() - a))
    }
}
