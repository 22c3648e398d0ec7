//! The identity.

use super::function::{Exported, Function, Graph, Operation};
use crate::Float;

#[derive(Clone, Copy)]
pub(super) struct Identity;

impl Function for Identity {
    const NAME: &'static str = "identity";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        operation.identity();
    }

    fn export<F: Float, G: Graph<F>>(self, _: &mut G, _: &str) -> Exported<F, G> {
        Ok(())
    }
}
