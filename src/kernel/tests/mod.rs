//! Tests of every kernel against its formula, with every set of instructions of this processor.

use super::elementwise::{self, Elementary, Map};
mod packed;

use super::packed::depth_blocks;
use super::product::{Strategy, gemm, gemm_by, gemm_in_strategy, gemm_with};
use super::{Isa, Kernel, Op, Simd};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

/// Whole numbers. Their products and sums are exact, so the order of a sum does not matter.
fn whole<F: Kernel>(rows: usize, columns: usize, seed: usize) -> Array2<F> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        let n = (i * 7 + j * 13 + seed * 29) % 17;
        F::from(n).unwrap() - F::from(8).unwrap()
    })
}

/// A view of these rows and columns, with one of several layouts in memory.
fn laid_out<F: Kernel>(matrix: &Array2<F>, layout: usize, memory: &mut Array2<F>) -> Layout {
    let (rows, columns) = matrix.dim();
    *memory = match layout {
        1 | 3 => Array2::zeros((columns, rows)),
        2 | 5 => Array2::zeros((2 * rows + 1, 3 * columns + 2)),
        _ => Array2::zeros((rows, columns)),
    };
    let layout = Layout(layout);
    layout.view_mut(memory, (rows, columns)).assign(matrix);
    layout
}

#[derive(Clone, Copy)]
struct Layout(usize);

impl Layout {
    fn view<F>(self, memory: &Array2<F>, (rows, columns): (usize, usize)) -> ArrayView2<'_, F> {
        let memory = memory.view();
        match self.0 {
            0 => memory,
            1 => memory.reversed_axes(),
            2 => memory.slice_move(s![1..;2, 2..;3]),
            3 => memory.reversed_axes().slice_move(s![..;-1, ..;-1]),
            4 => memory.slice_move(s![..;-1, ..]),
            _ => memory.slice_move(s![..rows, 1..=columns;-1]),
        }
    }

    fn view_mut<F>(
        self,
        memory: &mut Array2<F>,
        (rows, columns): (usize, usize),
    ) -> ArrayViewMut2<'_, F> {
        let memory = memory.view_mut();
        match self.0 {
            0 => memory,
            1 => memory.reversed_axes(),
            2 => memory.slice_move(s![1..;2, 2..;3]),
            3 => memory.reversed_axes().slice_move(s![..;-1, ..;-1]),
            4 => memory.slice_move(s![..;-1, ..]),
            _ => memory.slice_move(s![..rows, 1..=columns;-1]),
        }
    }
}

fn plain<F: Kernel>(alpha: F, a: &Array2<F>, b: &Array2<F>, beta: F, c: &Array2<F>) -> Array2<F> {
    Array2::from_shape_fn(c.dim(), |(i, j)| {
        let sum = (0..a.ncols()).fold(F::zero(), |sum, k| sum + a[[i, k]] * b[[k, j]]);
        alpha * sum + if beta == F::zero() { F::zero() } else { beta * c[[i, j]] }
    })
}

#[derive(Clone, Copy, Debug)]
struct Problem {
    size: (usize, usize, usize),
    layouts: (usize, usize, usize),
    alpha: i8,
    beta: i8,
    parts: usize,
}

fn check_product<F: Kernel>(problem: Problem) {
    let (m, k, n) = problem.size;
    let (a, b, c) = (whole::<F>(m, k, 1), whole::<F>(k, n, 2), whole::<F>(m, n, 3));
    let (alpha, beta) = (F::from(problem.alpha).unwrap(), F::from(problem.beta).unwrap());
    let expected = plain(alpha, &a, &b, beta, &c);
    let mut memory = [const { None }; 3].map(|_: Option<()>| Array2::zeros((0, 0)));
    let [a_memory, b_memory, c_memory] = &mut memory;
    let a_at = laid_out(&a, problem.layouts.0, a_memory);
    let b_at = laid_out(&b, problem.layouts.1, b_memory);
    for &isa in Isa::available() {
        let c_at = laid_out(&c, problem.layouts.2, c_memory);
        let untouched = c_memory.clone();
        {
            let (a, b) = (a_at.view(a_memory, (m, k)), b_at.view(b_memory, (k, n)));
            let mut c = c_at.view_mut(c_memory, (m, n));
            if k == 0 {
                gemm(alpha, &a, &b, beta, &mut c);
            } else {
                gemm_with(isa, problem.parts, alpha, &a, &b, beta, &mut c);
            }
            assert_eq!(c, expected, "{isa:?} {problem:?}");
        }
        // Only C was written.
        c_at.view_mut(c_memory, (m, n)).assign(&c);
        assert_eq!(*c_memory, untouched, "{isa:?} {problem:?}");
    }
}

/// SplitMix64 (Steele, Lea & Flood, 2014): a benchmark compiles this file without the crate.
struct Random(u64);

impl Random {
    /// Draws a number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn layouts(&mut self) -> (usize, usize, usize) {
        (self.below(6), self.below(6), self.below(6))
    }
}

#[test]
fn products_are_those_of_the_formula() {
    let mut rng = Random(1);
    for _ in 0..CASES {
        let problem = Problem {
            size: (rng.below(70), rng.below(70), rng.below(70)),
            layouts: rng.layouts(),
            alpha: rng.below(5) as i8 - 2,
            beta: rng.below(4) as i8 - 1,
            parts: 1 + rng.below(4),
        };
        check_product::<f32>(problem);
        check_product::<f64>(problem);
    }
}

#[test]
fn thin_and_flat_products_too() {
    let mut rng = Random(2);
    for _ in 0..CASES {
        let (thin, long, other) = (rng.below(9), rng.below(400), rng.below(40));
        let size = [(thin, long, other), (long, thin, other), (other, thin, long)][rng.below(3)];
        let problem =
            Problem { size, layouts: rng.layouts(), alpha: 1, beta: 0, parts: 1 + rng.below(3) };
        check_product::<f32>(problem);
        check_product::<f64>(problem);
    }
}

/// Fewer cases under Miri, which is a thousand times slower.
const CASES: usize = if cfg!(miri) { 3 } else { 300 };

#[test]
fn every_small_size_is_right() {
    let sizes: &[usize] =
        if cfg!(miri) { &[1, 5, 9] } else { &[1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 25, 33] };
    for &m in sizes {
        for &k in sizes {
            for &n in sizes {
                for layouts in [(0, 0, 0), (0, 1, 0), (1, 0, 0)] {
                    let problem = Problem { size: (m, k, n), layouts, alpha: 1, beta: 0, parts: 1 };
                    check_product::<f32>(problem);
                    check_product::<f64>(problem);
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore)]
fn products_longer_than_every_block_are_right() {
    for (size, layouts) in [
        ((7, 5000, 41), (0, 0, 0)), // panels
        ((1, 4500, 1), (0, 0, 0)),  // blocks of dots
        ((130, 600, 530), (0, 0, 0)),
        ((400, 300, 90), (1, 0, 0)),
        ((50, 40, 2100), (0, 1, 0)), // more columns than a packed block
        ((3, 5000, 3), (1, 1, 1)),
        ((90, 5000, 4), (0, 0, 0)), // blocks of a copied operand
        ((4, 5000, 90), (1, 1, 0)),
        ((30_000, 40, 3), (1, 0, 0)), // blocks of a copy of C
        ((30_000, 40, 4), (1, 3, 2)),
    ] {
        for parts in [1, 2, 3] {
            let problem = Problem { size, layouts, alpha: 1, beta: 1, parts };
            check_product::<f64>(problem);
        }
    }
}

/// Numbers whose sums round. A part of a product is bit-identical to the same part of the whole.
#[test]
#[cfg_attr(miri, ignore)]
fn parts_of_a_product_are_those_of_the_whole() {
    let rough = |rows: usize, columns: usize| {
        Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) as f64).sin())
    };
    for (m, k, n) in [
        (7, 5000, 209),
        (20, 300, 64),
        (200, 700, 150),
        (512, 784, 1),
        (1, 300, 500),
        (300, 784, 3),
    ] {
        let (a, b) = (rough(m, k), rough(k, n));
        let bt = b.t().as_standard_layout().into_owned();
        for b in [b.view(), bt.t()] {
            let mut whole = Array2::zeros((m, n));
            gemm_with(Isa::current(), 1, 1.0, &a, &b, 0.0, &mut whole);
            for parts in 2..6 {
                let mut shared = Array2::zeros((m, n));
                gemm_with(Isa::current(), parts, 1.0, &a, &b, 0.0, &mut shared);
                assert_eq!(shared, whole, "{m} {k} {n}, {parts} parts");
            }
        }
    }
}

/// Few columns are copied to where they are contiguous, so their layout does not matter.
#[test]
fn products_with_few_columns_have_the_same_bits_in_every_layout() {
    let rough = |rows: usize, columns: usize| {
        Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) as f32).sin())
    };
    for (m, k, n) in [(200, 300, 2), (300, 100, 8), (100, 2000, 5), (70, 100, 8)] {
        let (a, b) = (rough(m, k), rough(k, n));
        let bt = b.t().as_standard_layout().into_owned();
        for a in [a.view(), a.t().as_standard_layout().t()] {
            let mut all = Vec::new();
            for b in [b.view(), bt.t()] {
                for columns_first in [false, true] {
                    let mut c = match columns_first {
                        false => Array2::zeros((m, n)),
                        true => Array2::zeros((n, m)).reversed_axes(),
                    };
                    gemm(1.0, &a, &b, 0.0, &mut c);
                    all.push(c);
                }
            }
            assert!(all.iter().all(|c| *c == all[0]), "{m} {k} {n} {:?}", a.strides());
        }
    }
}

/// A broadcast view may be deeper than any memory, so a block times the depth overflows.
#[test]
fn the_blocks_of_a_depth_follow_each_other() {
    for depth in [1, 519, 520, 521, 5000, 1 << 20] {
        let end = depth_blocks(depth).fold(0, |end, (start, length)| {
            assert!(start == end && (1..=520).contains(&length), "{depth}: {start} {length}");
            start + length
        });
        assert_eq!(end, depth);
    }
    let depth = (1 << 60) - 1;
    let blocks: Vec<_> = depth_blocks(depth).take(1000).collect();
    assert!(blocks.windows(2).all(|pair| pair[0].0 + pair[0].1 == pair[1].0 && pair[1].1 <= 520));
}

#[test]
fn what_c_held_is_not_read_if_beta_is_0() {
    for (m, k, n) in [(3, 4, 5), (3, 40, 1), (60, 50, 60)] {
        let (a, b) = (whole::<f64>(m, k, 1), whole(k, n, 2));
        let mut c = Array2::from_elem((m, n), f64::NAN);
        gemm(1.0, &a, &b, 0.0, &mut c);
        assert_eq!(c, a.dot(&b));
    }
}

#[test]
fn a_part_can_be_asked_for_in_the_way_of_the_whole() {
    let (a, b) = (whole::<f32>(5, 30, 1), whole::<f32>(30, 40, 2));
    let bt = b.t().as_standard_layout().into_owned();
    let mut c = Array2::zeros((5, 40));
    gemm_by(Strategy::Rows, 1.0, &a, &b, 0.0, &mut c);
    assert_eq!(c, a.dot(&b));
    gemm_by(Strategy::Dots, 1.0, &a, &bt.t(), 1.0, &mut c);
    assert_eq!(c, a.dot(&b) * 2.0);
}

struct Apply<'a, F, M>(M, &'a mut [F]);

impl<F: Kernel, M: Map<F>> Op<F> for Apply<'_, F, M> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd<F>>(self, _: S) {
        for x in self.1 {
            *x = self.0.apply::<S>(*x);
        }
    }
}

macro_rules! function {
    ($name:ident, $function:path) => {
        #[derive(Clone, Copy)]
        struct $name;
        impl<F: Elementary> Map<F> for $name {
            #[inline(always)]
            fn apply<S: Simd<F>>(self, x: F) -> F {
                $function(x)
            }
        }
    };
    ($name:ident, $function:ident, simd) => {
        #[derive(Clone, Copy)]
        struct $name;
        impl<F: Elementary> Map<F> for $name {
            #[inline(always)]
            fn apply<S: Simd<F>>(self, x: F) -> F {
                elementwise::$function::<F, S>(x)
            }
        }
    };
}

function!(Exp, exp, simd);
function!(Sigmoid, sigmoid, simd);
function!(Tanh, tanh, simd);
function!(Ln, ln, simd);
function!(Ln1m, ln_1m, simd);

/// `e^-|x| - 1`, since `exp_m1` takes no positive numbers.
#[derive(Clone, Copy)]
struct ExpM1;
impl<F: Elementary> Map<F> for ExpM1 {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F) -> F {
        elementwise::exp_m1::<F, S>(-x.abs())
    }
}

/// Numbers of every size and sign, subnormal numbers, zeros, infinities and NaN.
fn range(count: u64) -> impl Iterator<Item = f64> {
    let odd = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        5e-324,
        -5e-324,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        709.78,
        709.79,
        -708.4,
        -745.1,
        -745.2,
        88.72,
        88.73,
        -87.4,
        -103.9,
        -104.1,
        1.0 - 1e-16,
        0.5,
        1.0 / 3.0,
    ];
    let bits = (0..count).map(move |i| f64::from_bits(i.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let plain = (0..count).map(move |i| (i as f64 / count as f64 - 0.5) * 200.0);
    let unit = (0..count).map(move |i| i as f64 / count as f64);
    odd.into_iter().chain(bits).chain(plain).chain(unit)
}

const COUNT: u64 = if cfg!(miri) { 20 } else { 200_000 };

/// The error in units of the last place of the expected value; 0 for equal values and for two NaN.
fn ulps_f32(found: f32, right: f64) -> f64 {
    let nearest = right as f32;
    if found.to_bits() == nearest.to_bits() || (found.is_nan() && nearest.is_nan()) {
        return 0.0;
    }
    if !found.is_finite() || !nearest.is_finite() {
        return f64::INFINITY;
    }
    let place = f64::from(nearest.abs().next_up()) - f64::from(nearest.abs());
    (f64::from(found) - right).abs() / place
}

/// Compares with the standard library, whose own error is below 1 ulp.
fn ulps_f64(found: f64, right: f64) -> f64 {
    if found.to_bits() == right.to_bits() || (found.is_nan() && right.is_nan()) {
        return 0.0;
    }
    if !found.is_finite() || !right.is_finite() {
        return f64::INFINITY;
    }
    ((found - right) / (right.abs().next_up() - right.abs())).abs()
}

fn check_function<M: Map<f32> + Map<f64>>(
    name: &str,
    map: M,
    right: impl Fn(f64) -> f64,
    (bound_f32, bound_f64): (f64, f64),
) {
    for &isa in Isa::available() {
        let (mut worst_f32, mut worst_f64) = ((0.0, 0.0), (0.0, 0.0));
        for x in range(COUNT) {
            let mut y = [x as f32; 1];
            f32::dispatch(isa, Apply(map, &mut y));
            let error = ulps_f32(y[0], right(f64::from(x as f32)));
            worst_f32 = if error > worst_f32.0 { (error, x) } else { worst_f32 };
            let mut y = [x; 1];
            f64::dispatch(isa, Apply(map, &mut y));
            let error = ulps_f64(y[0], right(x));
            worst_f64 = if error > worst_f64.0 { (error, x) } else { worst_f64 };
        }
        println!("{name} {isa:?}: f32 {worst_f32:?} f64 {worst_f64:?}");
        assert!(worst_f32.0 <= bound_f32, "{name} {isa:?} f32 {worst_f32:?}");
        assert!(worst_f64.0 <= bound_f64, "{name} {isa:?} f64 {worst_f64:?}");
    }
}

#[test]
fn elementary_functions_are_within_their_bounds() {
    check_function("exp", Exp, f64::exp, (1.5, 1.5));
    check_function("ln", Ln, f64::ln, (1.5, 1.5));
    check_function("ln(1-a)", Ln1m, |a| (-a).ln_1p(), (1.5, 2.0));
    check_function("exp_m1", ExpM1, |x| (-x.abs()).exp_m1(), (3.0, 3.0));
    check_function("tanh", Tanh, f64::tanh, (3.0, 3.0));
    let sigmoid = |z: f64| {
        let e = (-z.abs()).exp();
        if z < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
    };
    check_function("sigmoid", Sigmoid, sigmoid, (2.5, 2.5));
}

/// A whole vector, a partial vector, and a single number.
#[test]
fn a_number_has_one_image_wherever_it_lies() {
    for &isa in Isa::available() {
        for len in 1..40 {
            let numbers: Vec<f64> = (0..len).map(|i| f64::from(i).sin() * 9.0).collect();
            let mut together = numbers.clone();
            f64::dispatch(isa, Apply(Tanh, &mut together));
            for (i, &x) in numbers.iter().enumerate() {
                let mut alone = [x];
                f64::dispatch(isa, Apply(Tanh, &mut alone));
                assert_eq!(alone[0].to_bits(), together[i].to_bits());
            }
        }
    }
}
