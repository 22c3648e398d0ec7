//! What an activation function is to the rest of the crate.

use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map, Map2};
use crate::kernel::softmax::{softmax, softmax_backward, softmax_backward_from_input};
use ndarray::ArrayRef2;

/// An activation function. Each has a file of this folder.
pub(crate) trait Function: Copy {
    /// The name that `Display` prints, before the parameter if there is one.
    const NAME: &'static str;

    /// Returns [`NAME`](Self::NAME).
    fn name(self) -> &'static str {
        Self::NAME
    }

    /// Returns the parameter with its name, if the function has one.
    fn parameter(self) -> Option<(&'static str, f64)> {
        None
    }

    /// Runs an operation with this function.
    fn run<F: Float, O: Operation<F>>(self, operation: O);

    /// Returns whether `A = g(Z)` determines `g'(Z)`. If not, a workspace keeps `Z`.
    fn known_from_output<F: Float>(self) -> bool {
        true
    }

    /// Adds `g(z)` to a graph, by operators that ONNX Runtime has for `f32` and `f64`.
    #[cfg_attr(not(feature = "onnx"), allow(dead_code))]
    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G>;
}

/// The result of adding a function to a graph.
pub(crate) type Exported<F, G> = std::result::Result<(), <G as Graph<F>>::Error>;

/// A graph of ONNX operators. Its output is the value that was added last.
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) trait Graph<F> {
    type Error;
    /// Adds a scalar, and returns the name of its value.
    fn scalar(&mut self, name: &str, value: F) -> std::result::Result<String, Self::Error>;
    /// Adds an operator, and returns the name of its value.
    fn operator(&mut self, name: &str, inputs: &[&str]) -> String;
    /// Adds an operator that works along the units of each example.
    fn operator_along_units(&mut self, name: &str, input: &str);
    /// An error unless `F` is f32, for a function whose operators ONNX Runtime has for f32 only.
    fn only_f32(&self, function: &str) -> std::result::Result<(), Self::Error>;
}

/// An operation on matrices that needs an activation function or its derivative.
pub(crate) trait Operation<F: Float> {
    fn elementwise<G: Derivative<F>>(self, g: G);
    fn identity(self);
    fn softmax(self);
}

pub(crate) struct Apply<'a, F> {
    pub(super) z: &'a mut ArrayRef2<F>,
}

impl<F: Float> Operation<F> for Apply<'_, F> {
    fn elementwise<G: Derivative<F>>(self, g: G) {
        elementwise::map(g, self.z);
    }
    fn identity(self) {}
    fn softmax(self) {
        softmax(self.z);
    }
}

pub(crate) struct AddBiasAndApply<'a, F> {
    pub(super) z: &'a mut ArrayRef2<F>,
    pub(super) b: &'a ArrayRef2<F>,
}

impl<F: Float> Operation<F> for AddBiasAndApply<'_, F> {
    fn elementwise<G: Derivative<F>>(self, g: G) {
        elementwise::add_column_and_map(g, self.z, self.b);
    }
    fn identity(self) {
        elementwise::add_column(self.z, self.b);
    }
    fn softmax(self) {
        elementwise::add_column(self.z, self.b);
        softmax(self.z);
    }
}

pub(crate) struct Differentiate<'a, F> {
    pub(super) da: &'a mut ArrayRef2<F>,
    pub(super) z: &'a ArrayRef2<F>,
}

impl<F: Float> Operation<F> for Differentiate<'_, F> {
    fn elementwise<G: Derivative<F>>(self, g: G) {
        elementwise::zip_map(FromInput(g), self.da, self.z);
    }
    fn identity(self) {}
    fn softmax(self) {
        softmax_backward_from_input(self.da, self.z);
    }
}

pub(crate) struct DifferentiateOutput<'a, F> {
    pub(super) a: &'a mut ArrayRef2<F>,
    pub(super) da: &'a ArrayRef2<F>,
}

impl<F: Float> Operation<F> for DifferentiateOutput<'_, F> {
    fn elementwise<G: Derivative<F>>(self, g: G) {
        elementwise::zip_map(FromOutput(g), self.a, self.da);
    }
    fn identity(self) {
        self.a.assign(self.da);
    }
    fn softmax(self) {
        softmax_backward(self.a, self.da);
    }
}

/// An elementwise activation function with its derivative. It implements one of the two methods at
/// least: the first if [`known_from_output`](Function::known_from_output).
pub(crate) trait Derivative<F: Float>: Map<F> {
    /// Returns `da·g'(z)` from `a = g(z)`, or NaN if `a` does not determine `g'(z)`.
    #[inline(always)]
    fn backward<S: Simd<F>>(self, _da: F, _a: F) -> F {
        F::nan()
    }
    /// Returns `da·g'(z)` from `z`.
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        self.backward::<S>(da, self.apply::<S>(z))
    }
}

/// The map `(da, z) ↦ da·g'(z)`.
#[derive(Clone, Copy)]
struct FromInput<G>(G);

impl<F: Float, G: Derivative<F>> Map2<F> for FromInput<G> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, da: F, z: F) -> F {
        self.0.backward_from_input::<S>(da, z)
    }
}

/// The map `(a, da) ↦ da·g'(z)`, where `a = g(z)`.
#[derive(Clone, Copy)]
struct FromOutput<G>(G);

impl<F: Float, G: Derivative<F>> Map2<F> for FromOutput<G> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, da: F) -> F {
        self.0.backward::<S>(da, a)
    }
}
