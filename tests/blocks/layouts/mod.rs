//! Every function that takes an array returns the same for any memory layout.
//!
//! The results are bit-identical, except for two kinds of sums whose order depends on the strides:
//! the products of matrices (`linear_*`, `l_model_*`, `backpropagate`,
//! `predict*`, `Workspace`, `FullBatch`, the predictors, the models of the course, `propagate`,
//! `optimize`) and their `db`, and the sums of squares over weights and gradients (`l2_cost`,
//! `compute_cost_with_regularization`, `Gradients::norm`, `clip_by_norm`). For these the bound is
//! [`BOUND`] ε of the largest number. A `fit` copies its examples first and is bit-identical.

/// Makes a test for `f32` and one for `f64`.
macro_rules! both {
    ($($name:ident)*) => {
        $(
            mod $name {
                #[test]
                fn f32() {
                    super::$name::<f32>();
                }
                #[test]
                fn f64() {
                    super::$name::<f64>();
                }
            }
        )*
    };
}

mod blocks;
mod data;
#[cfg(any(feature = "npz", feature = "safetensors"))]
mod files;
#[cfg(any(feature = "approx", feature = "onnx", feature = "serde"))]
mod interop;
mod models;
#[cfg(feature = "plot")]
mod plots;
mod train;

use crate::support;
use crate::support::strides::{Laid, Layout, laid_network, layouts, owned_layouts};
use crate::support::{SMOOTH_ACTIVATIONS, network_with_biases};
use dnn_blocks::course::Trained;
use dnn_blocks::ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2, Axis, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::BackwardOutput;

const BOUND: f64 = 1000.0;

const ACTIVATIONS: [Activation; 6] = [
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::LeakyRelu(-0.1),
    Activation::Identity,
    Activation::Softmax,
];

fn random<F: Float>(rows: usize, columns: usize) -> Array2<F> {
    support::random(rows, columns, (100 * rows + columns) as u32)
}

/// Random numbers between 0 and 1.
fn shares<F: Float>(rows: usize, columns: usize) -> Array2<F> {
    random::<F>(rows, columns).mapv(|x| F::of(0.5 + 0.45 * x.as_f64().tanh()))
}

fn tanh_network<F: Float>(dims: &[usize]) -> Parameters<F> {
    network_with_biases(dims, Activation::Tanh, Activation::Sigmoid)
}

fn gradients_like<F: Float>(parameters: &Parameters<F>) -> Gradients<F> {
    let layer = |layer: &Layer<F>| LayerGradients {
        dw: random(layer.w.nrows(), layer.w.ncols()),
        db: random(layer.b.nrows(), 1),
    };
    Gradients::from_layers(parameters.layers().iter().map(layer).collect()).unwrap()
}

/// Networks whose first product takes another strategy for another layout of `X`.
const SIZES: [[usize; 3]; 2] = [[90, 5, 3], [30, 40, 3]];

/// The layouts of arrays that own their memory.
fn owned() -> impl Iterator<Item = Layout> {
    owned_layouts(&Array2::from_elem((1, 1), 0.0)).into_iter().map(|laid| laid.layout)
}

fn laid_gradients<F: Float>(layout: Layout, gradients: &Gradients<F>) -> Gradients<F> {
    let mut gradients = gradients.clone();
    for layer in gradients.layers_mut() {
        layer.dw = Laid::new(layout, &layer.dw).owned();
        layer.db = Laid::new(layout, &layer.db).owned();
    }
    gradients
}

/// Results as lists of numbers, for comparison.
trait Numbers {
    fn numbers(&self) -> Vec<f64>;
}

impl<F: Float> Numbers for Array2<F> {
    fn numbers(&self) -> Vec<f64> {
        self.iter().map(|x| x.as_f64()).collect()
    }
}

impl<F: Float> Numbers for ArrayView2<'_, F> {
    fn numbers(&self) -> Vec<f64> {
        self.iter().map(|x| x.as_f64()).collect()
    }
}

impl<F: Float> Numbers for Gradients<F> {
    fn numbers(&self) -> Vec<f64> {
        self.layers().iter().flat_map(Numbers::numbers).collect()
    }
}

impl<F: Float> Numbers for LayerGradients<F> {
    fn numbers(&self) -> Vec<f64> {
        [self.dw.numbers(), self.db.numbers()].concat()
    }
}

impl<F: Float> Numbers for BackwardOutput<F> {
    fn numbers(&self) -> Vec<f64> {
        let dx = self.dx.iter().flat_map(Numbers::numbers);
        self.gradients.numbers().into_iter().chain(dx).collect()
    }
}

impl<F: Float> Numbers for Parameters<F> {
    fn numbers(&self) -> Vec<f64> {
        self.layers().iter().flat_map(|l| [l.w.numbers(), l.b.numbers()].concat()).collect()
    }
}

impl<F: Float> Numbers for Trained<F> {
    fn numbers(&self) -> Vec<f64> {
        let costs = self.costs.iter().map(|(_, cost)| cost.as_f64());
        costs.chain(self.parameters.numbers()).collect()
    }
}

impl Numbers for f64 {
    fn numbers(&self) -> Vec<f64> {
        vec![*self]
    }
}

impl Numbers for usize {
    fn numbers(&self) -> Vec<f64> {
        vec![*self as f64]
    }
}

impl<T: Numbers> Numbers for Vec<T> {
    fn numbers(&self) -> Vec<f64> {
        self.iter().flat_map(Numbers::numbers).collect()
    }
}

impl<A: Numbers, B: Numbers> Numbers for (A, B) {
    fn numbers(&self) -> Vec<f64> {
        [self.0.numbers(), self.1.numbers()].concat()
    }
}

impl<T: Numbers + ?Sized> Numbers for &T {
    fn numbers(&self) -> Vec<f64> {
        (**self).numbers()
    }
}

/// Compares results with the results of the standard layout: within `bound` ε of the largest
/// number, or bit by bit if `bound` is 0.
fn compare<F: Float>(found: &[f64], expected: &[f64], bound: f64, layouts: &[Layout]) {
    assert_eq!(found.len(), expected.len(), "{layouts:?}");
    let largest = expected.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let bound = bound * F::epsilon().as_f64() * largest;
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let is_same = found.to_bits() == expected.to_bits();
        let is_close = bound > 0.0 && (found - expected).abs() <= bound;
        assert!(is_same || is_close, "{layouts:?}: number {i} is {found:e}, not {expected:e}");
    }
}

/// Returns the matrix and three that broadcasts can hold: equal rows, equal columns, one number.
fn kinds<F: Float>(matrix: &Array2<F>) -> [Array2<F>; 4] {
    let spread = |part: ArrayView2<'_, F>| part.broadcast(matrix.dim()).unwrap().to_owned();
    let (row, column) = (matrix.slice(s![..1, ..]), matrix.slice(s![.., ..1]));
    [matrix.clone(), spread(row), spread(column), spread(matrix.slice(s![..1, ..1]))]
}

fn within<F: Float, T: Numbers>(
    bound: f64,
    matrix: &Array2<F>,
    f: impl Fn(ArrayView2<'_, F>) -> T,
) {
    for matrix in kinds(matrix) {
        let expected = f(matrix.view()).numbers();
        for laid in layouts(&matrix) {
            compare::<F>(&f(laid.view()).numbers(), &expected, bound, &[laid.layout]);
        }
    }
}

fn within2<F: Float, T: Numbers>(
    bound: f64,
    (a, b): (&Array2<F>, &Array2<F>),
    f: impl Fn(ArrayView2<'_, F>, ArrayView2<'_, F>) -> T,
) {
    for (a, b) in kinds(a).into_iter().zip(kinds(b)) {
        let expected = f(a.view(), b.view()).numbers();
        let b_layouts = layouts(&b);
        for a in layouts(&a) {
            for b in &b_layouts {
                let found = f(a.view(), b.view()).numbers();
                compare::<F>(&found, &expected, bound, &[a.layout, b.layout]);
            }
        }
    }
}

/// Checks that the result is bit-identical in all layouts.
fn exact<F: Float, T: Numbers>(matrix: &Array2<F>, f: impl Fn(ArrayView2<'_, F>) -> T) {
    within(0.0, matrix, f);
}

fn exact2<F: Float, T: Numbers>(
    a: &Array2<F>,
    b: &Array2<F>,
    f: impl Fn(ArrayView2<'_, F>, ArrayView2<'_, F>) -> T,
) {
    within2(0.0, (a, b), f);
}

/// Checks that the result is bit-identical in all layouts of owned arrays.
fn exact_owned<F: Float, T: Numbers>(matrix: &Array2<F>, f: impl Fn(Array2<F>) -> T) {
    let expected = f(matrix.clone()).numbers();
    for laid in owned_layouts(matrix) {
        compare::<F>(&f(laid.owned()).numbers(), &expected, 0.0, &[laid.layout]);
    }
}

/// Compares the results of a network in all layouts.
fn within_network<F: Float, T: Numbers>(
    bound: f64,
    parameters: &Parameters<F>,
    f: impl Fn(Parameters<F>) -> T,
) {
    let expected = f(parameters.clone()).numbers();
    for layout in owned() {
        let found = f(laid_network(layout, parameters)).numbers();
        compare::<F>(&found, &expected, bound, &[layout]);
    }
}

/// Changes a matrix in place, and checks that the memory beside it stays.
fn exact_in_place<F: Float>(matrix: &Array2<F>, f: impl Fn(&mut ArrayRef2<F>)) {
    let mut expected = matrix.clone();
    f(&mut expected);
    for mut laid in owned_layouts(matrix) {
        f(&mut laid.view_mut());
        compare::<F>(&laid.view().numbers(), &expected.numbers(), 0.0, &[laid.layout]);
        assert!(laid.is_intact(), "{:?}", laid.layout);
    }
}

/// Returns the vector in each layout of a row.
fn laid_rows<F: Float>(numbers: &Array2<F>) -> Vec<Laid<F>> {
    assert_eq!(numbers.nrows(), 1);
    kinds(numbers).iter().flat_map(|numbers| layouts(numbers)).collect()
}

fn first_row<F: Float>(laid: &Laid<F>) -> ArrayView1<'_, F> {
    laid.view().index_axis_move(Axis(0), 0)
}

/// An argument that the function takes by value.
fn exact_owned_within<F: Float, T: Numbers>(matrix: &Array2<F>, f: impl Fn(Array2<F>) -> T) {
    let expected = f(matrix.clone()).numbers();
    for laid in owned_layouts(matrix) {
        compare::<F>(&f(laid.owned()).numbers(), &expected, BOUND, &[laid.layout]);
    }
}

fn hyperparameters() -> Hyperparameters {
    Hyperparameters::plain().hidden(&[6]).batch_size(8).epochs(3).constant_features(true)
}
