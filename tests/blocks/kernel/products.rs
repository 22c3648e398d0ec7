//! Products of matrices of random shapes and layouts against plain sums.
//!
//! The test runs `DNN_BLOCKS_CASES` cases (1000) with seeds from `DNN_BLOCKS_SEED` (1) on. The seed
//! of a failing case repeats it alone. Even seeds are `f32`, odd ones `f64`.
//!
//! The bound is that of N. Higham, *Accuracy and Stability of Numerical Algorithms* (2002), section
//! 3.1: a sum of k products is within `γ(k) Σ|a||b|` of the exact one in whatever order they are
//! added, with `γ(k) = k u / (1 - k u)` and `u = ε / 2`. Beside the sum, a number is rounded at
//! most four times: 1/m twice, the product with it, the bias. In `f64` the plain sum rounds as
//! often as the one under test. So `|error| <= c (k + 4) ε Σ|a||b|` with c = 1 for both types.
//! Whole numbers have no error at all.

use crate::support::same;
use crate::support::strides::{Laid, Layout};
use dnn_blocks::model::{PackedWeights, Predictor};
use dnn_blocks::ndarray::{Array2, ArrayRef2};
use dnn_blocks::prelude::*;
use dnn_blocks::rand::rngs::SmallRng;
use dnn_blocks::rand::{Rng, SeedableRng};
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::full_batch::FullBatch;

fn below(rng: &mut SmallRng, n: usize) -> usize {
    (rng.next_u64() % n as u64) as usize
}

/// Between 0 and 1.
fn uniform(rng: &mut SmallRng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Sizes at which a product changes its strategy or its number of blocks.
const THRESHOLDS: [usize; 17] =
    [4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 520, 1024, 2048, 2080];

const LARGEST: f64 = 2300.0;

fn size(rng: &mut SmallRng) -> usize {
    match below(rng, 10) {
        0 | 1 => 1,
        2 | 3 => 2 + below(rng, 8),
        4..=6 => THRESHOLDS[below(rng, THRESHOLDS.len())] + below(rng, 3) - 1,
        _ => LARGEST.powf(uniform(rng)) as usize,
    }
}

/// Units, features and examples: mostly small, sometimes longer than every block.
fn sizes(rng: &mut SmallRng) -> [usize; 3] {
    let range = match below(rng, 20) {
        0 => 1_000_000..6_000_000,
        1..=4 => 100_000..1_000_000,
        _ => 1..100_000,
    };
    loop {
        let sizes = [(); 3].map(|()| size(rng));
        if range.contains(&sizes.iter().product::<usize>()) {
            return sizes;
        }
    }
}

/// The public function that computes the product.
#[derive(Debug, Clone, Copy)]
enum Through {
    Blocks,
    Network,
    FullBatch { hidden: bool },
}

#[derive(Debug, Clone)]
struct Case {
    units: usize,
    features: usize,
    examples: usize,
    /// The layouts of `W`, `b`, `A_prev`, and `dZ` or `Y`.
    layouts: [Layout; 4],
    whole: bool,
    through: Through,
    threads: usize,
    rng: SmallRng,
}

impl Case {
    fn of(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let [units, features, examples] = sizes(&mut rng);
        let layouts = [(); 4].map(|()| match below(&mut rng, 3) {
            0 => Layout::ALL[below(&mut rng, 2)],
            _ => Layout::ALL[below(&mut rng, Layout::ALL.len())],
        });
        let through = match below(&mut rng, 8) {
            0..=3 => Through::Blocks,
            4 | 5 => Through::Network,
            6 => Through::FullBatch { hidden: false },
            _ => Through::FullBatch { hidden: true },
        };
        let (whole, threads) = (below(&mut rng, 2) == 0, 1 + below(&mut rng, POOLS));
        Self { units, features, examples, layouts, whole, through, threads, rng }
    }

    fn matrix<F: Float>(&mut self, operand: usize, rows: usize, columns: usize) -> Laid<F> {
        let (whole, rng) = (self.whole, &mut self.rng);
        let number = || {
            let bits = rng.next_u64();
            if whole {
                return F::of((bits % 17) as f64 - 8.0);
            }
            let size = 2_f64.powi((bits & 7) as i32 - 7);
            F::of((bits as i64 >> 11) as f64 / (1_u64 << 52) as f64 * size)
        };
        let matrix = Array2::from_shape_simple_fn((rows, columns), number);
        Laid::new(self.layouts[operand], &matrix)
    }

    fn check<F: Float>(mut self) {
        match self.through {
            Through::Blocks => self.check_blocks::<F>(),
            Through::Network => self.check_network::<F>(),
            Through::FullBatch { hidden } => self.check_full_batch::<F>(hidden),
        }
    }

    fn check_blocks<F: Float>(&mut self) {
        let (units, features, examples) = (self.units, self.features, self.examples);
        let w = self.matrix::<F>(0, units, features);
        let b = self.matrix::<F>(1, units, 1);
        let a_prev = self.matrix::<F>(2, features, examples);
        let dz = self.matrix::<F>(3, units, examples);
        let (w, b, a_prev, dz) = (w.view(), b.view(), a_prev.view(), dz.view());
        let (z, cache) = linear_forward(a_prev, &w, &b).unwrap();
        Sums::of(&w, &a_prev).plus(&b).check("Z", &z, self.whole);
        let (da_prev, gradients) = linear_backward(&dz, &cache).unwrap();
        Sums::of(&w.t(), &dz).check("dA_prev", &da_prev, self.whole);
        // 1/m is exact as well.
        let exact = self.whole && examples.is_power_of_two();
        Sums::of(&dz, &a_prev.t()).over(examples).check("dW", &gradients.dw, exact);
        let ones = Array2::ones((examples, 1));
        Sums::of(&dz, &ones).over(examples).check("db", &gradients.db, exact);
    }

    fn check_network<F: Float>(&mut self) {
        let (units, features, examples) = (self.units, self.features, self.examples);
        let w = self.matrix::<F>(0, units, features).owned();
        let b = self.matrix::<F>(1, units, 1).owned();
        let x = self.matrix::<F>(2, features, examples);
        let y = self.matrix::<F>(3, units, examples);
        let (x, y) = (x.view(), y.view());
        let parameters =
            Parameters::from_layers(vec![Layer { w, b, activation: Activation::Identity }])
                .unwrap();
        let layer = &parameters.layers()[0];
        let al = predict_proba(x, &parameters).unwrap();
        Sums::of(&layer.w, &x).plus(&layer.b).check("AL", &al, self.whole);
        let mut predictor = Predictor::new(&parameters, examples + 1).unwrap();
        assert!(same(&predictor.outputs(x).unwrap(), &al), "a predictor");
        let weights = PackedWeights::new(&parameters).unwrap();
        let mut predictor = Predictor::new(&weights, examples + 1).unwrap();
        let packed = predictor.outputs(x).unwrap().to_owned();
        Sums::of(&layer.w, &x).plus(&layer.b).check("AL of packed weights", &packed, self.whole);

        let (forward, caches) = l_model_forward(x, &parameters).unwrap();
        let mut workspace = Workspace::new(&parameters, examples + 1).unwrap();
        assert!(same(&workspace.forward(&x, &parameters).unwrap().al(), &al), "AL of a workspace");
        assert!(same(&forward, &al), "AL of l_model_forward");
        let cost = Cost::MeanSquaredError;
        let (_, found) = workspace.cost_and_gradients(&x, y, &parameters, &cost).unwrap();
        let dz = (&al - &y) * F::of(2.0);
        let found = &found.layers()[0];
        Sums::of(&dz, &x.t()).over(examples).check("dW of a workspace", &found.dw, false);
        let ones = Array2::ones((examples, 1));
        Sums::of(&dz, &ones).over(examples).check("db of a workspace", &found.db, false);
        let options = BackwardOptions::new(&cost).dx(true);
        let output = backpropagate(&al, y, &caches, options).unwrap();
        let blocks = &output.gradients.layers()[0];
        assert!(same(&found.dw, &blocks.dw) && same(&found.db, &blocks.db), "as the blocks");
        let (expected, _) = linear_backward(&dz, &caches[0].linear).unwrap();
        assert!(same(&output.dx.unwrap(), &expected), "dX");
        let (_, dx) = workspace.forward(&x, &parameters).unwrap().backward_with_dx(&y).unwrap();
        let dal = Cost::BinaryCrossEntropy.gradient(&al, y).unwrap();
        let (expected, _) = linear_activation_backward(dal, &caches[0]).unwrap();
        assert!(same(&dx, &expected), "dX of a workspace");
    }

    fn check_full_batch<F: Float>(&mut self, hidden: bool) {
        self.whole = false;
        let (units, features, examples) = (self.units, self.features, self.examples);
        let scale = F::of(1.0 / (features as f64).sqrt());
        let mut w = self.matrix::<F>(0, units, features).owned();
        w.mapv_inplace(|w| w * scale);
        let b = self.matrix::<F>(1, units, 1).owned();
        let x = self.matrix::<F>(2, features, examples);
        let outputs = if hidden { 2 } else { units };
        let mut y = self.matrix::<F>(3, outputs, examples);
        if y.view().strides().iter().all(|stride| *stride != 0) {
            y.view_mut().mapv_inplace(|y| if y > F::zero() { F::one() } else { F::zero() });
        }
        let (x, y) = (x.view(), y.view());
        let mut layers = vec![Layer { w, b, activation: Activation::Sigmoid }];
        if hidden {
            let w = self.matrix::<F>(3, outputs, units).owned() * F::of((units as f64).powf(-0.5));
            let b = Array2::zeros((outputs, 1));
            layers[0].activation = [Activation::Relu, Activation::Tanh][units % 2];
            layers.push(Layer { w, b, activation: Activation::Sigmoid });
        }
        let mut blocks = Parameters::from_layers(layers).unwrap();
        let mut descent = FullBatch::new(x, y, blocks.clone()).unwrap();
        let learning_rate = 0.25;
        for step in 0..3 {
            let before = blocks.clone();
            let (al, caches) = l_model_forward(x, &before).unwrap();
            let cost = compute_cost(&al, &y).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            update_parameters(&mut blocks, &gradients, learning_rate).unwrap();
            let found = descent.step(learning_rate).unwrap();
            assert_eq!(found.as_f64().to_bits(), cost.as_f64().to_bits(), "step {step}");
            for (found, blocks) in descent.parameters().layers().iter().zip(blocks.layers()) {
                assert!(same(&found.w, &blocks.w) && same(&found.b, &blocks.b), "step {step}");
            }
            if !hidden {
                let (dz, w) = (&al - &y, &before.layers()[0].w);
                let sums = Sums::of(&dz, &x.t()).over(examples).times(F::of(-learning_rate));
                sums.plus(w).check("W after a step", &descent.parameters().layers()[0].w, false);
            }
        }
    }
}

/// `A·B` in `f64`, with `|A|·|B|` and the length of the sums for the bound.
struct Sums {
    values: Array2<f64>,
    sizes: Array2<f64>,
    depth: usize,
}

impl Sums {
    fn of<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> Self {
        let (a, b) = (a.mapv(F::as_f64), b.mapv(F::as_f64).as_standard_layout().into_owned());
        let mut values = Array2::zeros((a.nrows(), b.ncols()));
        let mut sizes = values.clone();
        let rows = values.rows_mut().into_iter().zip(sizes.rows_mut());
        for ((mut values, mut sizes), a) in rows.zip(a.rows()) {
            let (values, sizes) = (values.as_slice_mut().unwrap(), sizes.as_slice_mut().unwrap());
            for (a, b) in a.iter().zip(b.rows()) {
                for ((value, size), b) in
                    values.iter_mut().zip(&mut *sizes).zip(b.to_slice().unwrap())
                {
                    *value += a * b;
                    *size += (a * b).abs();
                }
            }
        }
        Self { values, sizes, depth: a.ncols() }
    }

    /// Adds one number to each sum: a column that broadcasts.
    fn plus<F: Float>(mut self, c: &ArrayRef2<F>) -> Self {
        let c = c.mapv(F::as_f64);
        self.sizes += &c.mapv(f64::abs);
        self.values += &c;
        self
    }

    fn over(mut self, m: usize) -> Self {
        self.values /= m as f64;
        self.sizes /= m as f64;
        self
    }

    fn times<F: Float>(mut self, factor: F) -> Self {
        self.values *= factor.as_f64();
        self.sizes *= factor.as_f64().abs();
        self
    }

    fn check<F: Float>(&self, what: &str, found: &ArrayRef2<F>, exact: bool) {
        if let Err(error) = self.compare(found, exact) {
            panic!("{what}{error}");
        }
    }

    fn compare<F: Float>(&self, found: &ArrayRef2<F>, exact: bool) -> Result<(), String> {
        if found.dim() != self.values.dim() {
            return Err(format!(" is {:?}, plain sums {:?}", found.dim(), self.values.dim()));
        }
        let epsilon = if exact { 0.0 } else { F::epsilon().as_f64() };
        let factor = (self.depth + 4) as f64 * epsilon;
        let plain = self.values.iter().zip(&self.sizes);
        for (((i, j), found), (value, size)) in found.indexed_iter().zip(plain) {
            let (found, bound) = (found.as_f64(), factor * size);
            let is_close = (found - value).abs() <= bound; // NaN is not
            if !is_close {
                let expected = format!("plain sum {value:e}, bound {bound:e}");
                return Err(format!("[{i}, {j}] = {found:e}, {expected}"));
            }
        }
        Ok(())
    }
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a whole number"))
}

/// Prints the seed of the case if it panics.
struct Announced<'a>(u64, &'a Case);

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, case) = self;
            eprintln!("DNN_BLOCKS_SEED={seed} DNN_BLOCKS_CASES=1 repeats the case\n{case:?}");
        }
    }
}

/// The size of the largest thread pool.
const POOLS: usize = 4;

fn check_cases<F: Float>() {
    let (first, cases) =
        (from_environment("DNN_BLOCKS_SEED", 1), from_environment("DNN_BLOCKS_CASES", 1000));
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let pools: Vec<_> = (1..=POOLS).map(pool).collect();
    let is_f32 = size_of::<F>() == 4;
    for seed in (first..first + cases).filter(|seed| (seed % 2 == 0) == is_f32) {
        let case = Case::of(seed);
        pools[case.threads - 1].install(|| {
            let announced = Announced(seed, &case);
            case.clone().check::<F>();
            drop(announced);
        });
    }
}

#[test]
fn products_of_f32_are_plain_sums() {
    check_cases::<f32>();
}

#[test]
fn products_of_f64_are_plain_sums() {
    check_cases::<f64>();
}

/// Most terms of the longest sums exceed the bound, so that the test detects a missing term.
#[test]
fn the_bound_notices_one_product_of_many() {
    let a = Array2::from_shape_fn((1, 2300), |(_, k)| 1.0 + (k as f32).sin());
    let b = Array2::from_shape_fn((2300, 1), |(k, _)| (k as f32).cos());
    let sums = Sums::of(&a, &b);
    sums.check("the product", &a.dot(&b), false);
    let is_noticed = |k: usize| {
        let mut a = a.clone();
        a[[0, k]] = 0.0;
        sums.compare(&a.dot(&b), false).is_err()
    };
    let noticed = (0..2300).filter(|k| is_noticed(*k)).count();
    assert!(noticed > 1000, "{noticed}");
}
