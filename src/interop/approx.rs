//! Comparison of networks and gradients with a tolerance (feature `approx`).

use crate::backward::LayerGradients;
use crate::{Float, Gradients, Layer, Parameters};
use approx::{AbsDiffEq, RelativeEq};
use ndarray::Array2;

/// The parts of a value: its matrices are compared with the tolerance, its structure exactly.
trait Parts<F> {
    fn matrices(&self) -> Vec<&Array2<F>>;
    fn same_structure(&self, other: &Self) -> bool;
}

impl<F: Float> Parts<F> for Layer<F> {
    fn matrices(&self) -> Vec<&Array2<F>> {
        vec![&self.w, &self.b]
    }
    fn same_structure(&self, other: &Self) -> bool {
        self.activation == other.activation
    }
}

impl<F: Float> Parts<F> for LayerGradients<F> {
    fn matrices(&self) -> Vec<&Array2<F>> {
        vec![&self.dw, &self.db]
    }
    fn same_structure(&self, _: &Self) -> bool {
        true
    }
}

impl<F: Float> Parts<F> for Parameters<F> {
    fn matrices(&self) -> Vec<&Array2<F>> {
        self.layers().iter().flat_map(Parts::matrices).collect()
    }
    fn same_structure(&self, other: &Self) -> bool {
        let (a, b) = (self.layers(), other.layers());
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_structure(b))
    }
}

impl<F: Float> Parts<F> for Gradients<F> {
    fn matrices(&self) -> Vec<&Array2<F>> {
        self.layers().iter().flat_map(Parts::matrices).collect()
    }
    fn same_structure(&self, other: &Self) -> bool {
        self.layers().len() == other.layers().len()
    }
}

macro_rules! compare_by_parts {
    ($($type:ident),*) => {$(
        impl<F: Float + AbsDiffEq<Epsilon = F>> AbsDiffEq for $type<F> {
            type Epsilon = F;

            fn default_epsilon() -> F {
                F::default_epsilon()
            }

            fn abs_diff_eq(&self, other: &Self, epsilon: F) -> bool {
                let mut pairs = self.matrices().into_iter().zip(other.matrices());
                self.same_structure(other) && pairs.all(|(a, b)| a.abs_diff_eq(b, epsilon))
            }
        }

        impl<F: Float + RelativeEq + AbsDiffEq<Epsilon = F>> RelativeEq for $type<F> {
            fn default_max_relative() -> F {
                F::default_max_relative()
            }

            fn relative_eq(&self, other: &Self, epsilon: F, max_relative: F) -> bool {
                let mut pairs = self.matrices().into_iter().zip(other.matrices());
                self.same_structure(other)
                    && pairs.all(|(a, b)| a.relative_eq(b, epsilon, max_relative))
            }
        }
    )*};
}

compare_by_parts!(Layer, LayerGradients, Parameters, Gradients);
