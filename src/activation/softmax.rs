//! Softmax.

use super::function::{Exported, Function, Graph, Operation};
use crate::Float;

#[derive(Clone, Copy)]
pub(super) struct Softmax;

impl Function for Softmax {
    const NAME: &'static str = "softmax";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.softmax();
    }

    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        graph.operator_along_units("Softmax", z);
        Ok(())
    }
}
