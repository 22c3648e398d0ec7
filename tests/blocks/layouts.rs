//! Every function that takes an array gives the same for the same numbers in any memory layout.
//!
//! The results are bit-identical, but for two kinds of sums that are added in another order where
//! the strides are others: the products of matrices (`linear_*`, `l_model_*`, `predict*`,
//! `Workspace`, `FullBatch`, `Predictor`, the models of the course) and their `db`, and the sums of
//! squares over weights and gradients (`l2_cost`, `compute_cost_with_regularization`,
//! `Gradients::norm`, `clip_by_norm`). For these the bound is [`BOUND`] ε of the largest number. A
//! `fit` copies its examples first and is bit-identical.

use crate::strides::{Laid, Layout, layouts, owned_layouts};
use dnn_blocks::activation::{relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward};
use dnn_blocks::course::{
    Descent, Trained, l_layer_model, logistic_regression, nn_model, two_layer_model,
};
use dnn_blocks::ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2, Axis, s};
use dnn_blocks::prelude::*;

const BOUND: f64 = 1000.0;

const ACTIVATIONS: [Activation; 6] = [
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::LeakyRelu(-0.1),
    Activation::Identity,
    Activation::Softmax,
];

const COSTS: [Cost; 3] =
    [Cost::BinaryCrossEntropy, Cost::CategoricalCrossEntropy, Cost::MeanSquaredError];

fn random<F: Float>(rows: usize, columns: usize) -> Array2<F> {
    let mut rng = NumpyRandom::seed((100 * rows + columns) as u32);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.randn()))
}

/// Between 0 and 1.
fn shares<F: Float>(rows: usize, columns: usize) -> Array2<F> {
    random::<F>(rows, columns).mapv(|x| F::of(0.5 + 0.45 * x.as_f64().tanh()))
}

fn labels<F: Float>(rows: usize, columns: usize) -> Array2<F> {
    Array2::from_shape_fn((rows, columns), |(i, j)| F::of(f64::from(u8::from((i + j) % 3 == 0))))
}

fn network<F: Float>(dims: &[usize]) -> Parameters<F> {
    let mut rng = NumpyRandom::seed(5);
    let mut parameters = initialize_parameters_deep(dims, Initializer::Xavier, &mut rng).unwrap();
    for layer in parameters.layers_mut() {
        layer.b.mapv_inplace(|_| F::of(0.1 * rng.randn()));
    }
    parameters.with_activations(Activation::Tanh, Activation::Sigmoid)
}

fn gradients_like<F: Float>(parameters: &Parameters<F>) -> Gradients<F> {
    let layer = |layer: &Layer<F>| LayerGradients {
        dw: random(layer.w.nrows(), layer.w.ncols()),
        db: random(layer.b.nrows(), 1),
    };
    Gradients::from_layers(parameters.layers().iter().map(layer).collect()).unwrap()
}

/// Networks whose first products are done in another way for another layout of `X`.
const SIZES: [[usize; 3]; 2] = [[90, 5, 3], [30, 40, 3]];

/// The layouts that an array can have that owns its memory.
fn owned() -> impl Iterator<Item = Layout> {
    owned_layouts(&Array2::from_elem((1, 1), 0.0)).into_iter().map(|laid| laid.layout)
}

fn laid_network<F: Float>(layout: Layout, parameters: &Parameters<F>) -> Parameters<F> {
    let mut parameters = parameters.clone();
    for layer in parameters.layers_mut() {
        layer.w = Laid::new(layout, &layer.w).owned();
        layer.b = Laid::new(layout, &layer.b).owned();
    }
    parameters
}

fn laid_gradients<F: Float>(layout: Layout, gradients: &Gradients<F>) -> Gradients<F> {
    let mut gradients = gradients.clone();
    for layer in gradients.layers_mut() {
        layer.dw = Laid::new(layout, &layer.dw).owned();
        layer.db = Laid::new(layout, &layer.db).owned();
    }
    gradients
}

/// Results as numbers, to be compared.
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

/// Compares results with those of the standard layout: `bound` ε of the largest number; 0 for bits.
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

/// The matrix, and three that broadcasts can hold: equal rows, equal columns, one number.
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

/// Bit-identical in all layouts.
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

/// Bit-identical for arrays that own their memory.
fn exact_owned<F: Float, T: Numbers>(matrix: &Array2<F>, f: impl Fn(Array2<F>) -> T) {
    let expected = f(matrix.clone()).numbers();
    for laid in owned_layouts(matrix) {
        compare::<F>(&f(laid.owned()).numbers(), &expected, 0.0, &[laid.layout]);
    }
}

/// The same of networks, whose matrices all have the layout.
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

/// A matrix that is changed in place, and the memory beside it, which is not.
fn exact_in_place<F: Float>(matrix: &Array2<F>, f: impl Fn(&mut ArrayRef2<F>)) {
    let mut expected = matrix.clone();
    f(&mut expected);
    for mut laid in owned_layouts(matrix) {
        f(&mut laid.view_mut());
        compare::<F>(&laid.view().numbers(), &expected.numbers(), 0.0, &[laid.layout]);
        assert!(laid.is_intact(), "{:?}", laid.layout);
    }
}

/// A test for `f32` and for `f64`.
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

both! {
    activations costs weighted_costs costs_by_number linear_blocks whole_passes passes_with_dropout
    workspaces workspaces_with_targets full_batches predictors updates optimizers regularization
    masks clipping batches scalers scalers_of_columns largest_rows metrics classifiers
    classifiers_without_a_scaler regressors courses values
}

fn activations<F: Float>() {
    let z = random::<F>(5, 70);
    for activation in ACTIVATIONS {
        exact(&z, |z| activation.forward(&z).unwrap());
        exact(&random::<F>(70, 5), |z| activation.forward(&z).unwrap());
        exact2(&random::<F>(5, 70), &z, |da, z| activation.backward(da.to_owned(), &z).unwrap());
        exact_owned(&random::<F>(5, 70), |da| activation.backward(da, &z).unwrap());
        let turned = z.t().as_standard_layout().into_owned();
        exact_owned(&random::<F>(5, 70), |da| activation.backward(da, &turned.t()).unwrap());
    }
    exact(&z, |z| (relu(&z).unwrap(), (sigmoid(&z).unwrap(), tanh(&z).unwrap())));
    exact(&z, |z| {
        let da = || random::<F>(5, 70);
        let relu = relu_backward(da(), &z).unwrap();
        (relu, (sigmoid_backward(da(), &z).unwrap(), tanh_backward(da(), &z).unwrap()))
    });
}

fn costs<F: Float>() {
    let (al, y) = (shares::<F>(3, 70), labels(3, 70));
    exact2(&al, &y, |al, y| compute_cost(&al, &y).unwrap().as_f64());
    exact2(&al, &y, |al, y| output_gradient(&al, &y).unwrap());
    for cost in COSTS {
        exact2(&al, &y, |al, y| {
            (cost.value(&al, y).unwrap().as_f64(), cost.gradient(&al, y).unwrap())
        });
        exact2(&random::<F>(3, 70), &y, |z, y| cost.value_from_z(&z, y).unwrap().as_f64());
    }
}

/// A row in each layout.
fn rows<F: Float>(numbers: &Array2<F>) -> Vec<Laid<F>> {
    assert_eq!(numbers.nrows(), 1);
    kinds(numbers).iter().flat_map(|numbers| layouts(numbers)).collect()
}

fn first_row<F: Float>(laid: &Laid<F>) -> ArrayView1<'_, F> {
    laid.view().index_axis_move(Axis(0), 0)
}

fn weighted_costs<F: Float>() {
    let (al, y) = (shares::<F>(3, 70), labels::<F>(3, 70));
    let all = |targets: Targets<'_, F>| {
        COSTS.map(|cost| {
            let (value, gradient) = (cost.value(&al, targets), cost.gradient(&al, targets));
            let from_z = cost.value_from_z(&al, targets).unwrap().as_f64();
            ((value.unwrap().as_f64(), from_z), gradient.unwrap())
        })
    };
    for weights in rows(&shares::<F>(1, 70)) {
        let standard = first_row(&weights).to_owned();
        let expected = all(Targets::new(&y).weighted(&standard)).to_vec().numbers();
        let found = all(Targets::new(&y).weighted(first_row(&weights))).to_vec().numbers();
        compare::<F>(&found, &expected, 0.0, &[weights.layout]);
    }
}

fn costs_by_number<F: Float>() {
    let numbers = Array2::from_shape_fn((1, 70), |(_, j)| F::of((j % 3) as f64));
    let cost = Cost::CategoricalCrossEntropy;
    exact(&numbers, |y| {
        let al = shares::<F>(3, 70);
        (cost.value(&al, y).unwrap().as_f64(), cost.gradient(&al, y).unwrap())
    });
    exact(&numbers, |y| cost.value_from_z(&random::<F>(3, 70), y).unwrap().as_f64());
}

fn linear_blocks<F: Float>() {
    for (units, features, examples) in [(3, 5, 4), (1, 30, 1), (70, 20, 30), (5, 90, 3)] {
        let (w, b) = (random::<F>(units, features), random::<F>(units, 1));
        let (a_prev, dz) = (random::<F>(features, examples), random::<F>(units, examples));
        within2(BOUND, (&a_prev, &w), |a, w| linear_forward(a, &w, &b).unwrap().0);
        within2(BOUND, (&a_prev, &w), |a, w| {
            linear_activation_forward(a, &w, &b, Activation::Tanh).unwrap().0
        });
        exact(&b, |b| linear_forward(&a_prev, &w, &b).unwrap().0);
        within2(BOUND, (&dz, &a_prev), |dz, a_prev| {
            linear_backward(&dz, &LinearCache { a_prev: a_prev.into(), w: &w, b: &b }).unwrap()
        });
        within2(BOUND, (&dz, &w), |dz, w| {
            linear_backward(&dz, &LinearCache { a_prev: a_prev.view().into(), w: &w, b: &b })
                .unwrap()
        });
        within2(BOUND, (&dz, &a_prev), |z, a_prev| {
            let linear = LinearCache { a_prev: a_prev.into(), w: &w, b: &b };
            let activation = Activation::Sigmoid;
            let activation = ActivationCache { z: z.to_owned(), activation };
            linear_activation_backward(dz.clone(), &LayerCache { linear, activation }).unwrap()
        });
        // `Z` and `dA` that own their memory.
        for (z, da) in owned_layouts(&a_prev).iter().zip(owned_layouts(&a_prev).iter().rev()) {
            let w = &random::<F>(features, features);
            let b = &random::<F>(features, 1);
            let pass = |z: Array2<F>, da: Array2<F>| {
                let linear = LinearCache { a_prev: a_prev.view().into(), w, b };
                let activation = ActivationCache { z, activation: Activation::Tanh };
                linear_activation_backward(da, &LayerCache { linear, activation }).unwrap()
            };
            let (found, expected) =
                (pass(z.owned(), da.owned()), pass(a_prev.clone(), a_prev.clone()));
            let layouts = [z.layout, da.layout];
            compare::<F>(&found.numbers(), &expected.numbers(), BOUND, &layouts);
        }
    }
}

fn whole_passes<F: Float>() {
    for dims in SIZES {
        let parameters = network::<F>(&dims);
        let (x, y) = (random::<F>(dims[0], 21), labels::<F>(3, 21));
        let pass = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>, parameters: &Parameters<F>| {
            let (al, caches) = l_model_forward(x, parameters).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            let cost = Cost::MeanSquaredError;
            let of_cost = l_model_backward_with_cost(cost, &al, y, &caches).unwrap();
            (
                al.clone(),
                (gradients, (of_cost, l_model_backward_with_dx(&al, &y, &caches).unwrap())),
            )
        };
        within(BOUND, &x, |x| pass(x, y.view(), &parameters));
        within(BOUND, &x, |x| predict_proba(x, &parameters).unwrap());
        exact(&x, |x| predict(x, &parameters).unwrap());
        exact_owned_within(&x, |x| l_model_forward(x, &parameters).unwrap().0);
        exact(&y, |y| pass(x.view(), y, &parameters));
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        exact2(&al, &y, |al, y| l_model_backward(&al, &y, &caches).unwrap());
        exact2(&al, &y, |al, y| {
            l_model_backward_with_cost(Cost::CategoricalCrossEntropy, &al, y, &caches).unwrap()
        });
        exact2(&al, &y, |al, y| l_model_backward_with_dx(&al, &y, &caches).unwrap());
        within_network(BOUND, &parameters, |parameters| pass(x.view(), y.view(), &parameters));
        within_network(BOUND, &parameters, |parameters| predict_proba(&x, &parameters).unwrap());
    }
}

/// An input that is given away.
fn exact_owned_within<F: Float, T: Numbers>(matrix: &Array2<F>, f: impl Fn(Array2<F>) -> T) {
    let expected = f(matrix.clone()).numbers();
    for laid in owned_layouts(matrix) {
        compare::<F>(&f(laid.owned()).numbers(), &expected, BOUND, &[laid.layout]);
    }
}

fn passes_with_dropout<F: Float>() {
    for dims in SIZES {
        let parameters = network::<F>(&dims);
        let (x, y) = (random::<F>(dims[0], 21), labels::<F>(3, 21));
        let pass = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>, parameters: &Parameters<F>| {
            let rng = &mut NumpyRandom::seed(3);
            let (al, caches) =
                l_model_forward_with_dropout(x, parameters, F::of(0.7), rng).unwrap();
            let cost = Cost::CategoricalCrossEntropy;
            let gradients = l_model_backward_with_dropout(cost, &al, y, &caches).unwrap();
            let laid = Laid::new(Layout::NegativeStrided, &al);
            let again = l_model_backward_with_dropout(cost, &laid.view(), y, &caches).unwrap();
            assert_eq!(again, gradients);
            for layout in owned() {
                let mut caches = caches.clone();
                for mask in &mut caches.masks {
                    mask.d = Laid::new(layout, &mask.d).owned();
                }
                let again = l_model_backward_with_dropout(cost, &al, y, &caches).unwrap();
                assert_eq!(again, gradients, "{layout:?}");
            }
            (al, gradients)
        };
        within(BOUND, &x, |x| pass(x, y.view(), &parameters));
        exact(&y, |y| pass(x.view(), y, &parameters));
        within_network(BOUND, &parameters, |parameters| pass(x.view(), y.view(), &parameters));
    }
}

/// A workspace gives the bits of the blocks in each layout of `X` and of the parameters.
fn workspaces<F: Float>() {
    for dims in [&[30, 40, 2][..], &[90, 5, 2], &[6, 1]] {
        let parameters = network::<F>(dims);
        let (x, y) = (random::<F>(dims[0], 21), labels::<F>(dims[dims.len() - 1], 21));
        let check = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>, parameters: &Parameters<F>| {
            let (al, caches) = l_model_forward(x, parameters).unwrap();
            let (gradients, dx) = l_model_backward_with_dx(&al, &y, &caches).unwrap();
            let mut workspace = Workspace::new(parameters, 30);
            let pass = workspace.forward(x, parameters).unwrap();
            let bits = |a: &dyn Numbers, b: &dyn Numbers| assert_eq!(a.numbers(), b.numbers());
            bits(&pass.al(), &al);
            bits(&pass.cost(&y).unwrap().as_f64(), &compute_cost(&al, &y).unwrap().as_f64());
            bits(pass.backward(&y).unwrap(), &gradients);
            let pass = workspace.forward(x, parameters).unwrap();
            let (fast, fast_dx) = pass.backward_with_dx(&y).unwrap();
            bits(fast, &gradients);
            bits(&fast_dx, &dx);
            (gradients, dx)
        };
        within2(BOUND, (&x, &y), |x, y| check(x, y, &parameters));
        within_network(BOUND, &parameters, |parameters| check(x.view(), y.view(), &parameters));
    }
}

fn workspaces_with_targets<F: Float>() {
    for dims in SIZES {
        check_workspace_with_targets::<F>(&dims);
    }
}

fn check_workspace_with_targets<F: Float>(dims: &[usize]) {
    let parameters = network::<F>(dims).with_activations(Activation::Relu, Activation::Softmax);
    let (x, y, weights) = (random::<F>(dims[0], 21), labels::<F>(3, 21), shares::<F>(1, 21));
    let step = |x: ArrayView2<'_, F>, targets: Targets<'_, F>, parameters: &Parameters<F>| {
        let mut workspace = Workspace::new(parameters, 21);
        let objective = Objective { cost: Cost::CategoricalCrossEntropy, l2: 0.1 };
        let (cost, gradients) =
            workspace.cost_and_gradients(x, targets, parameters, objective).unwrap();
        let whole = (cost.as_f64(), gradients.clone());
        let (keep_prob, rng) = (F::of(0.8), &mut NumpyRandom::seed(4));
        let (cost, gradients) = workspace
            .cost_and_gradients_with_dropout(x, targets, parameters, objective, keep_prob, rng)
            .unwrap();
        (whole, (cost.as_f64(), gradients.clone()))
    };
    let weighted = || Targets::new(&y).weighted(first_row_of(&weights));
    within(BOUND, &x, |x| step(x, weighted(), &parameters));
    exact(&y, |y| step(x.view(), Targets::new(y), &parameters));
    let numbers = Array2::from_shape_fn((1, 21), |(_, j)| F::of((j % 3) as f64));
    exact(&numbers, |y| step(x.view(), Targets::new(y), &parameters));
    let steps = |weights: ArrayView1<'_, F>| {
        step(x.view(), Targets::new(&y).weighted(weights), &parameters)
    };
    for weights in rows(&weights) {
        let standard = first_row(&weights).to_owned();
        let (found, expected) = (steps(first_row(&weights)), steps(standard.view()));
        compare::<F>(&found.numbers(), &expected.numbers(), 0.0, &[weights.layout]);
    }
    within_network(BOUND, &parameters, |parameters| step(x.view(), weighted(), &parameters));

    // Gradients that somebody put into the buffers.
    let mut workspace = Workspace::new(&parameters, 21);
    let cost = Cost::CategoricalCrossEntropy;
    let mut differentiate = |next: Option<Layout>| {
        let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
        let numbers = gradients.numbers();
        if let Some(layout) = next {
            *gradients = laid_gradients(layout, gradients);
        }
        numbers
    };
    let expected = differentiate(None);
    for layout in owned() {
        differentiate(Some(layout));
        compare::<F>(&differentiate(None), &expected, BOUND, &[layout]);
    }
}

fn first_row_of<F: Float>(matrix: &Array2<F>) -> ArrayView1<'_, F> {
    matrix.row(0)
}

/// A full batch gives the bits of the blocks in each layout of `X`, `Y` and the parameters.
fn full_batches<F: Float>() {
    for (dims, m) in [(&[20, 3, 1][..], 30), (&[150, 70, 2], 7), (&[9, 1], 40)] {
        let parameters = network::<F>(dims);
        let (x, y) = (random::<F>(dims[0], m), labels::<F>(dims[dims.len() - 1], m));
        let descend = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>, start: Parameters<F>| {
            let mut blocks = start.clone();
            let mut descent = FullBatch::new(x, y, start).unwrap();
            for _ in 0..3 {
                let before = blocks.clone();
                let (al, caches) = l_model_forward(x, &before).unwrap();
                let gradients = l_model_backward(&al, &y, &caches).unwrap();
                update_parameters(&mut blocks, &gradients, F::of(0.1)).unwrap();
                assert_eq!(descent.step(F::of(0.1)).unwrap(), compute_cost(&al, &y).unwrap());
                assert_eq!(descent.parameters().numbers(), blocks.numbers());
            }
            blocks
        };
        within2(BOUND, (&x, &y), |x, y| descend(x, y, parameters.clone()));
        within_network(BOUND, &parameters, |parameters| descend(x.view(), y.view(), parameters));
        // The layout changes between two steps.
        for layout in owned() {
            let mut descent = FullBatch::new(&x, &y, parameters.clone()).unwrap();
            descent.step(F::of(0.1)).unwrap();
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            let mut expected = parameters.clone();
            update_parameters(&mut expected, &gradients, F::of(0.1)).unwrap();
            *descent.parameters_mut() = laid_network(layout, descent.parameters());
            descent.step(F::of(0.1)).unwrap();
            let expected = descend_once(&x, &y, laid_network(layout, &expected));
            assert_eq!(descent.into_parameters().numbers(), expected.numbers(), "{layout:?}");
        }
    }
}

fn descend_once<F: Float>(
    x: &Array2<F>,
    y: &Array2<F>,
    mut parameters: Parameters<F>,
) -> Parameters<F> {
    let before = parameters.clone();
    let (al, caches) = l_model_forward(x, &before).unwrap();
    let gradients = l_model_backward(&al, y, &caches).unwrap();
    update_parameters(&mut parameters, &gradients, F::of(0.1)).unwrap();
    parameters
}

fn predictors<F: Float>() {
    for dims in SIZES {
        let parameters = network::<F>(&dims);
        let x = random::<F>(dims[0], 21);
        let scaler = Standardizer::fit(&random::<F>(dims[0], 50)).unwrap();
        let targets = Standardizer::fit(&random::<F>(3, 50)).unwrap();
        within(BOUND, &x, |x| {
            let mut predictor = Predictor::new(&parameters, 25).unwrap();
            let found = predictor.predict_proba(x).unwrap().to_owned();
            assert_eq!(found, predict_proba(x, &parameters).unwrap());
            found
        });
        // Scaled, `X` is copied.
        exact(&x, |x| {
            let predictor = Predictor::new(&parameters, 25).unwrap();
            let mut predictor = predictor.scaled(&scaler).unwrap().target_scaled(&targets);
            predictor.predict_proba(x).unwrap().to_owned()
        });
        within_network(BOUND, &parameters, |parameters| {
            let mut predictor = Predictor::new(&parameters, 25).unwrap();
            predictor.predict_proba(&x).unwrap().to_owned()
        });
    }
}

fn updates<F: Float>() {
    let parameters = network::<F>(&[5, 70, 2]);
    let gradients = gradients_like(&parameters);
    let mut expected = parameters.clone();
    update_parameters(&mut expected, &gradients, F::of(0.1)).unwrap();
    for layout in owned() {
        for of_gradients in owned() {
            let mut found = laid_network(layout, &parameters);
            let gradients = laid_gradients(of_gradients, &gradients);
            update_parameters(&mut found, &gradients, F::of(0.1)).unwrap();
            let layouts = [layout, of_gradients];
            compare::<F>(&found.numbers(), &expected.numbers(), 0.0, &layouts);
        }
    }
}

fn optimizers<F: Float>() {
    let rules = [
        Algorithm::GradientDescent,
        Algorithm::MOMENTUM,
        Algorithm::ClassicalMomentum { beta: 0.8 },
        Algorithm::Nesterov { beta: 0.8 },
        Algorithm::RMS_PROP,
        Algorithm::ADAM,
        Algorithm::ADAM_W,
    ];
    let start = network::<F>(&[5, 70, 2]);
    let gradients = gradients_like(&start);
    for rule in rules {
        exact_in_place(&random::<F>(5, 70), |w| {
            let count = Rule::<F>::state(&rule).len();
            let mut state = vec![shares::<F>(5, 70); count];
            let step = Step { learning_rate: 0.1, number: 2, is_weight: true };
            rule.update(step, w, &random::<F>(5, 70), &mut state).unwrap();
        });
        let train = |of: [Layout; 3]| {
            let mut parameters = laid_network(of[0], &start);
            let gradients = laid_gradients(of[1], &gradients);
            let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
            optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
            let mut state = optimizer.state().to_vec();
            for matrix in state.iter_mut().flat_map(|layer| layer.w.iter_mut().chain(&mut layer.b))
            {
                *matrix = Laid::new(of[2], matrix).owned();
            }
            let mut optimizer = Optimizer::from_state(rule, state, optimizer.steps()).unwrap();
            optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
            optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
            let state: Vec<_> = optimizer
                .state()
                .iter()
                .flat_map(|layer| layer.w.iter().chain(&layer.b))
                .map(Numbers::numbers)
                .collect();
            (parameters, state)
        };
        let expected = train([Layout::RowMajor; 3]).numbers();
        for w in owned() {
            for dw in owned() {
                for state in [w, dw, Layout::RowMajor, Layout::NegativeStrided] {
                    let layouts = [w, dw, state];
                    compare::<F>(&train(layouts).numbers(), &expected, 0.0, &layouts);
                }
            }
        }
    }
}

fn regularization<F: Float>() {
    let parameters = network::<F>(&[5, 70, 2]);
    let (al, y) = (shares::<F>(2, 70), labels::<F>(2, 70));
    within_network(BOUND, &parameters, |parameters| l2_cost(&parameters, 0.7, 9).unwrap().as_f64());
    exact2(&al, &y, |al, y| {
        compute_cost_with_regularization(&al, &y, &parameters, 0.7).unwrap().as_f64()
    });
    within_network(BOUND, &parameters, |parameters| {
        compute_cost_with_regularization(&al, &y, &parameters, 0.7).unwrap().as_f64()
    });
    let gradients = gradients_like(&parameters);
    for layout in owned() {
        within_network(0.0, &parameters, |parameters| {
            let mut gradients = laid_gradients(layout, &gradients);
            add_l2_gradient(&mut gradients, &parameters, 0.7, 9).unwrap();
            gradients
        });
    }
}

fn masks<F: Float>() {
    let mask = Mask::draw(5, 70, F::of(0.6), &mut NumpyRandom::seed(1)).unwrap();
    for d in owned_layouts(&mask.d) {
        let laid = Mask { d: d.owned(), ..mask };
        exact_in_place(&random::<F>(5, 70), |a| laid.apply(a).unwrap());
        let (mut found, mut expected) = (random::<F>(5, 70), random::<F>(5, 70));
        laid.apply(&mut found).unwrap();
        mask.apply(&mut expected).unwrap();
        compare::<F>(&found.numbers(), &expected.numbers(), 0.0, &[d.layout]);
    }
}

fn clipping<F: Float>() {
    let gradients = gradients_like(&network::<F>(&[5, 70, 2]));
    let norm = gradients.norm();
    let (mut by_norm, mut by_value) = (gradients.clone(), gradients.clone());
    clip_by_norm(&mut by_norm, 0.5).unwrap();
    clip_by_value(&mut by_value, 0.5).unwrap();
    for layout in owned() {
        let mut found = laid_gradients(layout, &gradients);
        compare::<F>(&[found.norm()], &[norm], BOUND, &[layout]);
        clip_by_norm(&mut found, 0.5).unwrap();
        compare::<F>(&found.numbers(), &by_norm.numbers(), BOUND, &[layout]);
        let mut found = laid_gradients(layout, &gradients);
        clip_by_value(&mut found, 0.5).unwrap();
        compare::<F>(&found.numbers(), &by_value.numbers(), 0.0, &[layout]);
    }
}

fn batches<F: Float>() {
    let (x, y) = (random::<F>(3, 17), labels::<F>(2, 17));
    exact2(&x, &y, |x, y| random_mini_batches(&x, &y, 5, &mut NumpyRandom::seed(2)).unwrap());
    let all = |mut batches: Batches<'_, F>| {
        batches.shuffle(&mut NumpyRandom::seed(2));
        let mut numbers = Vec::new();
        while let Some((x, y)) = batches.next() {
            numbers.push((x.numbers(), y.numbers()));
        }
        numbers
    };
    exact2(&x, &y, |x, y| all(Batches::new(x, y, 5).unwrap()));
    exact2(&x, &y, |x, y| all(Batches::of_shard(x, y, 5, 4, 30).unwrap()));
}

fn scalers<F: Float>() {
    let x = random::<F>(4, 70);
    exact(&x, |x| {
        let scaler = Standardizer::fit(&x).unwrap();
        (scaler.mean().clone(), scaler.deviation().clone())
    });
    let scaler = Standardizer::fit(&random::<F>(4, 30)).unwrap();
    exact(&x, |x| (scaler.transform(&x).unwrap(), scaler.inverse_transform(&x).unwrap()));
    exact_in_place(&x, |x| scaler.transform_inplace(x).unwrap());
    exact_in_place(&x, |x| scaler.inverse_transform_inplace(x).unwrap());
}

fn scalers_of_columns<F: Float>() {
    let (mean, deviation) = (random::<F>(4, 1), shares::<F>(4, 1));
    let x = random::<F>(4, 70);
    for mean_layout in owned_layouts(&mean) {
        exact_owned(&deviation, |deviation| {
            let scaler = Standardizer::from_columns(mean_layout.owned(), deviation).unwrap();
            let expected = Standardizer::from_columns(mean.clone(), scaler.deviation().clone());
            assert_eq!(scaler, expected.unwrap());
            (scaler.transform(&x).unwrap(), scaler.inverse_transform(&x).unwrap())
        });
    }
}

fn largest_rows<F: Float>() {
    exact(&random::<F>(4, 70), |y| predicted_classes(&y).unwrap());
    let classes: Vec<usize> = (0..70).map(|i| i * i % 4).collect();
    exact_owned(&one_hot::<F>(&classes, 4).unwrap(), |y| predicted_classes(&y).unwrap());
}

fn metrics<F: Float>() {
    use dnn_blocks::metrics::{log_loss, r2};
    let classes: Vec<usize> = (0..70).map(|i| i * i % 3).collect();
    exact(&shares::<F>(3, 70), |p| log_loss(&p, &classes).unwrap());
    let two: Vec<usize> = (0..70).map(|i| i % 2).collect();
    exact(&shares::<F>(1, 70), |p| log_loss(&p, &two).unwrap());
    exact2(&random::<F>(2, 70), &shares::<F>(2, 70), |p, a| r2(&p, &a).unwrap());
}

fn hyperparameters() -> Hyperparameters {
    Hyperparameters::default().hidden(&[6]).batch_size(8).epochs(3).constant_features(true)
}

fn classifiers<F: Float>() {
    for classes in [2, 3] {
        let labels: Vec<usize> = (0..30).map(|i| i % classes).collect();
        let weights: Vec<F> = (0..30).map(|i| F::of(f64::from(i % 5))).collect();
        let how = hyperparameters().validation_share(0.2).patience(2);
        let learn = |x: Examples<'_, F>| {
            let mut model = Classifier::new(how.clone());
            let history = model.fit(x, &labels).unwrap();
            let mut weighted = Classifier::new(how.clone());
            weighted.fit_with(x, &labels, FitOptions::new().weights(&weights)).unwrap();
            let mut partial = Classifier::new(how.clone());
            partial.partial_fit(x, &labels).unwrap();
            partial.partial_fit(x, &labels).unwrap();
            let models = [&model, &weighted, &partial];
            let parameters = models.map(|model| model.parameters().unwrap().clone()).to_vec();
            (history.costs(), parameters)
        };
        exact(&random::<F>(4, 30), |x| learn(Examples::columns(x)));
        exact(&random::<F>(30, 4), |x| learn(Examples::rows(x)));
        let mut model = Classifier::new(how.clone());
        model.fit(Examples::rows(&random::<F>(30, 4)), &labels).unwrap();
        let ask = |x: Examples<'_, F>| {
            let (predicted, score) = (model.predict(x).unwrap(), model.score(x, &labels).unwrap());
            let probabilities = model.predict_proba(x).unwrap();
            let mut predictor = model.predictor(30).unwrap();
            let served = predictor.predict_proba(x.as_columns()).unwrap().to_owned();
            ((predicted, score), (probabilities, served))
        };
        exact(&random::<F>(4, 30), |x| ask(Examples::columns(x)));
        exact(&random::<F>(30, 4), |x| ask(Examples::rows(x)));
    }
}

/// Without a scaler `X` is not copied.
fn classifiers_without_a_scaler<F: Float>() {
    let labels: Vec<usize> = (0..30).map(|i| i % 3).collect();
    let how = hyperparameters().standardize(false);
    exact(&random::<F>(30, 4), |x| {
        let mut model = Classifier::new(how.clone());
        model.fit(Examples::rows(x), &labels).unwrap();
        model.parameters().unwrap().clone()
    });
    let mut model = Classifier::new(how.clone());
    model.fit(Examples::rows(&random::<F>(30, 4)), &labels).unwrap();
    within(BOUND, &random::<F>(30, 4), |x| model.predict_proba(Examples::rows(x)).unwrap());
    exact(&random::<F>(30, 4), |x| model.predict(Examples::rows(x)).unwrap());
}

fn regressors<F: Float>() {
    for standardize in [true, false] {
        let how = hyperparameters().validation_share(0.2).standardize(standardize);
        let weights: Vec<F> = (0..20).map(|i| F::of(f64::from(i % 5))).collect();
        let learn = |x: Examples<'_, F>, y: Examples<'_, F>| {
            let mut model = Regressor::new(how.clone());
            let history = model.fit(x, y).unwrap();
            let mut weighted = Regressor::new(how.clone());
            weighted.fit_with(x, y, FitOptions::new().weights(&weights)).unwrap();
            let mut partial = Regressor::new(how.clone());
            partial.partial_fit(x, y).unwrap();
            let models = [&model, &weighted, &partial];
            let parameters = models.map(|model| model.parameters().unwrap().clone()).to_vec();
            (history.costs(), parameters)
        };
        let (x, y) = (random::<F>(20, 3), random::<F>(20, 2));
        exact2(&x, &y, |x, y| learn(Examples::rows(x), Examples::rows(y)));
        exact(&x, |x| learn(Examples::columns(x.reversed_axes()), Examples::rows(&y)));
        let mut model = Regressor::new(how.clone());
        model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
        let bound = if standardize { 0.0 } else { BOUND };
        within2(bound, (&x, &y), |x, y| {
            let (x, y) = (Examples::rows(x), Examples::rows(y));
            let (score, predicted) = (model.score(x, y).unwrap(), model.predict(x).unwrap());
            let mut predictor = model.predictor(20).unwrap();
            let served = predictor.predict_proba(x.as_columns()).unwrap().to_owned();
            // Of constant values a score is 0 or 1, by any difference.
            let score = if score.fract() == 0.0 { 0.0 } else { score };
            (score, (predicted, served))
        });
    }
}

fn courses<F: Float>() {
    let (x, y) = (random::<F>(7, 31), labels::<F>(1, 31));
    let descent = Descent { learning_rate: 0.1, num_iterations: 4, every: 1 };
    let all = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>| {
        let rng = || NumpyRandom::seed(3);
        vec![
            logistic_regression(&x, &y, descent).unwrap(),
            nn_model(&x, &y, 5, descent, &mut rng()).unwrap(),
            two_layer_model(&x, &y, 5, descent, &mut rng()).unwrap(),
            l_layer_model(&x, &y, &[7, 5, 3, 1], descent, &mut rng()).unwrap(),
        ]
    };
    within(BOUND, &x, |x| all(x, y.view()));
    exact(&y, |y| all(x.view(), y));
}

/// Networks and gradients are values: equal, printed and built whatever their layout.
fn values<F: Float>() {
    let parameters = network::<F>(&[3, 5, 2]);
    let gradients = gradients_like(&parameters);
    for layout in owned() {
        let laid = laid_network(layout, &parameters);
        assert_eq!(laid, parameters);
        assert_eq!(laid.to_string(), parameters.to_string());
        assert!(laid.is_finite());
        let again = Parameters::from_layers(laid.layers().to_vec()).unwrap();
        assert_eq!(again, parameters);
        let (tanh, relu) = (Activation::Tanh, Activation::Relu);
        let other = laid.clone().with_activations(relu, tanh);
        assert_eq!(other, parameters.clone().with_activations(relu, tanh));
        let mut broken = laid;
        broken.layers_mut()[0].w[[4, 2]] = F::nan();
        assert!(!broken.is_finite(), "{layout:?}");
        let laid = laid_gradients(layout, &gradients);
        assert_eq!(laid, gradients);
        assert_eq!(Gradients::from_layers(laid.layers().to_vec()).unwrap(), gradients);
        let zeros = Gradients::zeros_like(&laid_network(layout, &parameters));
        assert_eq!(zeros, Gradients::zeros_like(&parameters));
    }
}

#[test]
fn gradient_checks() {
    let parameters = network::<f64>(&[3, 5, 2]);
    let gradients = gradients_like(&parameters);
    let check = |parameters: &Parameters<f64>, gradients: &Gradients<f64>| {
        // A sum in the order of the rows.
        let cost = |parameters: &Parameters<f64>| {
            Ok(parameters.numbers().iter().map(|x| x.sin()).sum::<f64>())
        };
        gradient_check_n(parameters, gradients, 1e-5, cost).unwrap()
    };
    let expected = check(&parameters, &gradients);
    for layout in owned() {
        for of_gradients in owned() {
            let gradients = laid_gradients(of_gradients, &gradients);
            assert_eq!(check(&laid_network(layout, &parameters), &gradients), expected);
        }
    }
}

#[cfg(feature = "approx")]
#[test]
fn comparisons_with_a_tolerance() {
    use approx::{AbsDiffEq, RelativeEq};
    let parameters = network::<f64>(&[3, 5, 2]);
    let gradients = gradients_like(&parameters);
    for layout in owned() {
        let (mut laid, gradients_laid) =
            (laid_network(layout, &parameters), laid_gradients(layout, &gradients));
        assert!(laid.abs_diff_eq(&parameters, 0.0) && gradients_laid.abs_diff_eq(&gradients, 0.0));
        laid.layers_mut()[0].w[[4, 2]] += 1e-3;
        assert!(laid.relative_ne(&parameters, 1e-9, 1e-9), "{layout:?}");
    }
}

#[cfg(feature = "plot")]
mod plots {
    use super::{layouts, random};
    use dnn_blocks::ndarray::{Array2, Array3, ArrayView3, Axis, s};
    use dnn_blocks::plot;

    #[test]
    fn decision_boundaries() {
        let classes: Vec<usize> = (0..12).map(|i| i % 3).collect();
        let predict = |grid: &Array2<f64>| {
            Ok(grid.columns().into_iter().map(|p| usize::from(p[0] > p[1])).collect())
        };
        for x in super::kinds(&random::<f64>(2, 12)) {
            let expected = plot::decision_boundary("", (&x, &classes), predict).unwrap();
            for laid in layouts(&x) {
                let svg = plot::decision_boundary("", (&laid.view(), &classes), predict).unwrap();
                assert!(svg == expected, "{:?}", laid.layout);
            }
        }
    }

    /// Views of `picture` with other strides: turned axes, negative steps, and parts of larger
    /// ones.
    fn check(picture: &Array3<f64>) {
        let svg = |picture: ArrayView3<'_, f64>| {
            plot::pictures("", &[(picture, "one".into()), (picture, "two".into())], 2).unwrap()
        };
        let expected = svg(picture.view());
        let (rows, columns, colors) = picture.dim();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut back = [0; 3];
            order.iter().enumerate().for_each(|(at, &axis)| back[axis] = at);
            let turned = picture.view().permuted_axes(order).as_standard_layout().into_owned();
            assert!(svg(turned.view().permuted_axes(back)) == expected, "{order:?}");
            for axis in 0..3 {
                let mut turned = turned.clone();
                turned.invert_axis(Axis(axis));
                let mut turned = turned.as_standard_layout().into_owned();
                turned.invert_axis(Axis(axis));
                assert!(svg(turned.view().permuted_axes(back)) == expected, "{order:?} {axis}");
            }
        }
        let mut larger = Array3::from_elem((2 * rows + 1, 3 * columns, 2 * colors), f64::NAN);
        let part = s![1..;2, ..;3, ..;-2];
        larger.slice_mut(part).assign(picture);
        assert!(svg(larger.slice(part)) == expected);
    }

    #[test]
    fn pictures() {
        let number =
            |(i, j, c): (usize, usize, usize)| ((i * 7 + j * 5 + c * 3) % 11) as f64 / 10.0;
        for colors in [1, 3] {
            check(&Array3::from_shape_fn((4, 6, colors), number));
        }
        let grey = Array3::from_elem((1, 1, 1), 0.5);
        let one = grey.broadcast((4, 6, 3)).unwrap();
        let (found, expected) = (
            plot::pictures("", &[(one, String::new())], 1).unwrap(),
            plot::pictures("", &[(one.to_owned().view(), String::new())], 1).unwrap(),
        );
        assert!(found == expected);
        check(&one.to_owned());
    }
}

#[cfg(feature = "serde")]
#[test]
fn serialized_values() {
    let parameters = network::<f64>(&[3, 5, 2]);
    let gradients = gradients_like(&parameters);
    let mask = Mask::draw(3, 4, 0.5, &mut NumpyRandom::seed(1)).unwrap();
    let scaler = Standardizer::from_columns(random(3, 1), shares(3, 1)).unwrap();
    let text = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap();
    let expected = [
        text(&|| serde_json::to_string(&parameters)),
        text(&|| serde_json::to_string(&gradients)),
        text(&|| serde_json::to_string(&mask)),
        text(&|| serde_json::to_string(&scaler)),
    ];
    for layout in owned() {
        let laid = |matrix: &Array2<f64>| Laid::new(layout, matrix).owned();
        let mask = Mask { d: laid(&mask.d), ..mask };
        let scaler =
            Standardizer::from_columns(laid(scaler.mean()), laid(scaler.deviation())).unwrap();
        let found = [
            text(&|| serde_json::to_string(&laid_network(layout, &parameters))),
            text(&|| serde_json::to_string(&laid_gradients(layout, &gradients))),
            text(&|| serde_json::to_string(&mask)),
            text(&|| serde_json::to_string(&scaler)),
        ];
        assert_eq!(found, expected, "{layout:?}");
    }
}

#[cfg(feature = "onnx")]
#[test]
fn onnx_models() {
    let parameters = network::<f32>(&[3, 5, 2]);
    let (mean, deviation) = (random::<f32>(3, 1), shares::<f32>(3, 1));
    let scaler = Standardizer::from_columns(mean.clone(), deviation.clone()).unwrap();
    let expected = parameters.to_onnx(Some(&scaler)).unwrap();
    for layout in owned() {
        let laid = |matrix: &Array2<f32>| Laid::new(layout, matrix).owned();
        let scaler = Standardizer::from_columns(laid(&mean), laid(&deviation)).unwrap();
        let found = laid_network(layout, &parameters).to_onnx(Some(&scaler)).unwrap();
        assert!(found == expected, "{layout:?}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        laid_network(layout, &parameters).save_onnx(&path, Some(&scaler)).unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "{layout:?}");
    }
}

#[cfg(any(feature = "npz", feature = "safetensors"))]
mod arrays {
    use super::{Laid, Layout, network, owned, owned_layouts, random};
    use dnn_blocks::files::{Limits, Module, Tensors};
    use dnn_blocks::ndarray::{Array2, ArrayD, Axis};
    use dnn_blocks::prelude::*;

    /// The arrays of a network, W and b, in a layout; b as a vector if asked for.
    fn tensors(layout: Layout, names: [&str; 4], [w1, w2]: [&Array2<f64>; 2]) -> Tensors<f64> {
        let mut tensors = Tensors::new();
        let biases = [random::<f64>(5, 1), random::<f64>(2, 1)];
        for (name, matrix) in [names[0], names[2]].into_iter().zip([w1, w2]) {
            tensors.insert(name, Laid::new(layout, matrix).owned().into_dyn()).unwrap();
        }
        for (name, bias) in [names[1], names[3]].into_iter().zip(&biases) {
            let laid = Laid::new(layout, bias).owned();
            tensors.insert(name, laid.index_axis_move(Axis(1), 0).into_dyn()).unwrap();
        }
        tensors
    }

    /// Weights of 3-5-2 and their transposes.
    fn weights() -> [Array2<f64>; 4] {
        [random(5, 3), random(2, 5), random(3, 5), random(5, 2)]
    }

    #[test]
    fn networks_of_other_programs() {
        let [w1, w2, k1, k2] = weights();
        let torch = |layout| {
            let names = ["0.weight", "0.bias", "2.weight", "2.bias"];
            let modules = [Module::Linear, Module::Tanh, Module::Linear];
            tensors(layout, names, [&w1, &w2]).torch_sequential(&modules).unwrap()
        };
        let keras = |layout| {
            let names = ["a/kernel", "a/bias", "b/kernel", "b/bias"];
            let layers = [("a", Activation::Relu), ("b", Activation::Softmax)];
            tensors(layout, names, [&k1, &k2]).keras_dense(&layers).unwrap()
        };
        let in_order = |layout| {
            let names = ["arr_0", "arr_1", "arr_2", "arr_3"];
            let activations = [Activation::Relu, Activation::Softmax];
            tensors(layout, names, [&k1, &k2]).keras_weights(&activations).unwrap()
        };
        let sklearn = |layout| {
            let names = ["coefs_0", "intercepts_0", "coefs_1", "intercepts_1"];
            let (hidden, output) = (Activation::Relu, Activation::Softmax);
            tensors(layout, names, [&k1, &k2]).sklearn_mlp(hidden, output).unwrap()
        };
        let course = |layout| {
            let names = ["W1", "b1", "W2", "b2"];
            let (hidden, output) = (Activation::Relu, Activation::Sigmoid);
            let mut of_course = Tensors::new();
            for (name, array) in tensors(layout, names, [&w1, &w2]).iter() {
                let column = array.ndim() == 1;
                let array = array.clone();
                let array = if column { array.insert_axis(Axis(1)) } else { array };
                of_course.insert(name, array).unwrap();
            }
            of_course.into_parameters(hidden, output).unwrap()
        };
        let all = |layout| {
            [torch(layout), keras(layout), in_order(layout), sklearn(layout), course(layout)]
        };
        let expected = all(Layout::RowMajor);
        for layout in owned() {
            assert_eq!(all(layout), expected, "{layout:?}");
        }
    }

    /// A set of arrays with one more axis.
    fn deep(layout: Layout) -> Tensors<f64> {
        let mut tensors = Tensors::new();
        let matrix = Laid::new(layout, &random(6, 4)).owned();
        tensors.insert("matrix", matrix.clone().into_dyn()).unwrap();
        let vector: ArrayD<f64> = matrix.clone().index_axis_move(Axis(0), 3).into_dyn();
        tensors.insert("vector", vector).unwrap();
        let cube = matrix.insert_axis(Axis(1)).permuted_axes([2, 0, 1]);
        tensors.insert("cube", cube.into_dyn()).unwrap();
        tensors
    }

    #[cfg(feature = "npz")]
    #[test]
    fn npz_files() {
        let parameters = network::<f64>(&[3, 5, 2]);
        let expected = deep(Layout::RowMajor);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.npz");
        for layout in owned() {
            let tensors = deep(layout);
            assert_eq!(tensors, expected);
            let read = Tensors::from_npz(&tensors.to_npz().unwrap(), &Limits::default()).unwrap();
            assert_eq!(read, expected, "{layout:?}");
            tensors.save_npz(&path).unwrap();
            assert_eq!(Tensors::load_npz(&path, &Limits::default()).unwrap(), expected);
            super::laid_network(layout, &parameters).save_npz(&path).unwrap();
            let (hidden, output) = (Activation::Tanh, Activation::Sigmoid);
            let again = Parameters::<f64>::load_npz(&path, hidden, output).unwrap();
            assert_eq!(again, parameters, "{layout:?}");
        }
    }

    #[cfg(feature = "safetensors")]
    #[test]
    fn safetensors_files() {
        let parameters = network::<f64>(&[3, 5, 2]);
        let expected = deep(Layout::RowMajor);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.safetensors");
        for layout in owned() {
            let tensors = deep(layout);
            let file = tensors.to_safetensors().unwrap();
            assert!(file == expected.to_safetensors().unwrap(), "{layout:?}");
            assert_eq!(Tensors::from_safetensors(&file, &Limits::default()).unwrap(), expected);
            tensors.save_safetensors(&path).unwrap();
            let read = Tensors::<f64>::load_safetensors(&path, &Limits::default()).unwrap();
            assert_eq!(read, expected, "{layout:?}");
            let laid = super::laid_network(layout, &parameters);
            let file = laid.to_safetensors().unwrap();
            assert!(file == parameters.to_safetensors().unwrap(), "{layout:?}");
            laid.save(&path).unwrap();
            assert_eq!(Parameters::<f64>::load(&path).unwrap(), parameters, "{layout:?}");
        }
    }

    #[cfg(feature = "safetensors")]
    #[test]
    fn checkpoints() {
        use dnn_blocks::files::Checkpoint;
        let parameters = network::<f64>(&[3, 5, 2]);
        let file = |layout: Layout| {
            let mut laid = super::laid_network(layout, &parameters);
            let mut optimizer = Optimizer::new(Algorithm::ADAM, &laid).unwrap();
            let gradients = super::gradients_like(&parameters);
            optimizer.step(&mut laid, &gradients, 0.1).unwrap();
            let mut state = optimizer.state().to_vec();
            for matrix in state.iter_mut().flat_map(|l| l.w.iter_mut().chain(&mut l.b)) {
                *matrix = Laid::new(layout, matrix).owned();
            }
            let optimizer = Optimizer::from_state(Algorithm::ADAM, state, 1).unwrap();
            let checkpoint = Checkpoint::new(laid, optimizer, NumpyRandom::seed(1));
            let checkpoint = checkpoint.learning_rate(0.1).epoch(1);
            let bytes = checkpoint.to_safetensors().unwrap();
            let again = Checkpoint::<f64>::from_safetensors(&bytes, &Limits::default()).unwrap();
            assert_eq!(again.parameters, checkpoint.parameters);
            assert_eq!(again.optimizer, checkpoint.optimizer);
            bytes
        };
        let expected = file(Layout::RowMajor);
        for layout in owned() {
            assert!(file(layout) == expected, "{layout:?}");
        }
    }

    /// A fit goes on from a checkpoint of the same examples in another layout.
    #[cfg(feature = "safetensors")]
    #[test]
    fn fits_that_go_on() {
        use dnn_blocks::files::Checkpoints;
        let (x, y) = (random::<f64>(20, 3), random::<f64>(20, 2));
        let classes: Vec<usize> = (0..20).map(|i| i % 3).collect();
        let folder = tempfile::tempdir().unwrap();
        let of_classes = Checkpoints::new(folder.path().join("classes"), 2).unwrap();
        let of_values = Checkpoints::new(folder.path().join("values"), 2).unwrap();
        let how = super::hyperparameters();
        let mut expected = None;
        for (x, y) in owned_layouts(&x).iter().zip(owned_layouts(&y).iter().rev()) {
            let mut classifier = Classifier::new(how.clone());
            let options = FitOptions::new().checkpoints(&of_classes);
            classifier.fit_with(Examples::rows(x.view()), &classes, options).unwrap();
            let mut regressor = Regressor::new(how.clone());
            let options = FitOptions::new().checkpoints(&of_values);
            let (x, y) = (Examples::rows(x.view()), Examples::rows(y.view()));
            regressor.fit_with(x, y, options).unwrap();
            let found = (
                classifier.parameters().cloned().unwrap(),
                regressor.parameters().cloned().unwrap(),
            );
            assert_eq!(*expected.get_or_insert_with(|| found.clone()), found);
        }
    }
}

/// The gradients of a workspace are the caller's to change.
#[test]
fn gradients_of_another_shape_in_the_buffers_are_made_anew() {
    let parameters = network::<f64>(&[3, 5, 2]);
    let (x, y) = (random::<f64>(3, 4), labels::<f64>(2, 4));
    let mut workspace = Workspace::new(&parameters, 4);
    let cost = Cost::BinaryCrossEntropy;
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
    let expected = gradients.clone();
    gradients.layers_mut()[0].dw = Array2::zeros((1, 1));
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
    assert_eq!(*gradients, expected);
    *gradients = Gradients::from_layers(expected.layers()[..1].to_vec()).unwrap();
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
    assert_eq!(*gradients, expected);
}
