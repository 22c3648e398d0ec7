//! The Gaussian error linear unit, approximated by a tanh.

use super::function::{Derivative, Exported, Function, Graph, Operation};
use super::silu::{weighted, weighted_derivative};
use crate::Float;
use crate::kernel::Simd;
use crate::kernel::elementwise::{Map, at_least, exact_product, exp_factors};

/// The factors of `v(z) = 2·√(2/π)·(z + 0.044715·z³)`, each as its rounding and the rest:
/// `(1 + tanh(v/2))/2 = sigmoid v`.
const LINEAR: (f64, f64) = (1.595_769_121_605_730_8, -9.969_308_809_110_92e-17);
const CUBIC: (f64, f64) = (0.071_354_816_272_600_25, -6.175_149_918_155_315e-19);

#[derive(Clone, Copy)]
pub(super) struct GeluTanh;

impl Function for GeluTanh {
    const NAME: &'static str = "GELU tanh";

    #[inline]
    fn run<F: Float, O: Operation<F>>(self, operation: O) {
        let lowest = if size_of::<F>() == 4 { -11.5 } else { -22.0 };
        operation.elementwise(OfTwoWords {
            linear: two_words(LINEAR),
            cubic: two_words(CUBIC),
            lowest: F::of(lowest),
        });
    }

    /// Two numbers below 0 may have the same image.
    fn known_from_output<F: Float>(self) -> bool {
        false
    }

    /// Adds `z·sigmoid v`.
    fn export<F: Float, G: Graph<F>>(self, graph: &mut G, z: &str) -> Exported<F, G> {
        let linear = graph.scalar("linear", F::of(LINEAR.0))?;
        let cubic = graph.scalar("cubic", F::of(CUBIC.0))?;
        let square = graph.operator("Mul", &[z, z]);
        let scaled = graph.operator("Mul", &[&cubic, &square]);
        let sum = graph.operator("Add", &[&linear, &scaled]);
        let v = graph.operator("Mul", &[z, &sum]);
        let sigmoid = graph.operator("Sigmoid", &[&v]);
        graph.operator("Mul", &[z, &sigmoid]);
        Ok(())
    }
}

/// Rounds a number of two words to two words of `F`.
fn two_words<F: Float>((high, low): (f64, f64)) -> (F, F) {
    let rounded = F::of(high);
    (rounded, F::of((high - rounded.as_f64()) + low))
}

/// The function with `v` in two words. Their sum has a small absolute error also where v is large,
/// and so `eᵛ` a small relative one.
#[derive(Clone, Copy)]
struct OfTwoWords<F> {
    linear: (F, F),
    cubic: (F, F),
    /// `z·eᵛ` is 0 below this number.
    lowest: F,
}

impl<F: Float> OfTwoWords<F> {
    #[inline(always)]
    fn v<S: Simd<F>>(self, z: F) -> (F, F) {
        let (square, square_rest) = exact_product::<F, S>(z, z);
        let (scaled, scaled_rest) = exact_product::<F, S>(self.cubic.0, square);
        let sum = self.linear.0 + scaled;
        let larger = if self.linear.0 > scaled { self.linear.0 } else { scaled };
        let smaller = if self.linear.0 > scaled { scaled } else { self.linear.0 };
        let lost = smaller - (sum - larger);
        let rest = lost
            + (scaled_rest + self.cubic.0 * square_rest + self.cubic.1 * square + self.linear.1);
        let (v, v_rest) = exact_product::<F, S>(z, sum);
        (v, v_rest + z * rest)
    }
}

impl<F: Float> Map<F> for OfTwoWords<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, z: F) -> F {
        let x = at_least(self.lowest, -z.abs());
        let (v, rest) = self.v::<S>(x);
        weighted(z, x, exp_factors::<F, S>(v, rest))
    }
}

impl<F: Float> Derivative<F> for OfTwoWords<F> {
    #[inline(always)]
    fn backward_from_input<S: Simd<F>>(self, da: F, z: F) -> F {
        let x = at_least(self.lowest, -z.abs());
        let (v, rest) = self.v::<S>(x);
        let w = x * (self.linear.0 + F::of(3.0) * self.cubic.0 * (x * x)); // z·v'
        da * weighted_derivative(z, w, exp_factors::<F, S>(v, rest))
    }
}
