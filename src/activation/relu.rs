//! The rectified linear unit.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::Map;

#[derive(Clone, Copy)]
pub(super) struct Relu;

impl Function for Relu {
    const NAME: &'static str = "ReLU";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.elementwise(self);
    }

    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        graph.operator("Relu", &[z]);
        Ok(())
    }
}

impl<F: Float> Map<F> for Relu {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        if z <= F::zero() { F::zero() } else { z } // unlike `max`, this keeps NaN
    }
}

impl<F: Float> Derivative<F> for Relu {
    #[inline(always)]
    fn backward<S: Simd<F>>(self, da: F, a: F) -> F {
        if a <= F::zero() { F::zero() } else { da }
    }
}
