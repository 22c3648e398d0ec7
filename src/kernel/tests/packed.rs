//! Products with packed matrices, in numbers and in pairs of bf16.

use super::*;
use crate::kernel::packed::{PackedMatrix, matmul_packed_in};

/// `A·B` with a packed `B`, computed with these instructions in this number of parts.
fn packed_product<F: Kernel>(
    isa: Isa,
    parts: usize,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
) -> Array2<F> {
    let mut c = Array2::from_elem((a.nrows(), b.ncols()), F::nan());
    matmul_packed_in(parts, &a, &PackedMatrix::with_isa(isa, &b, false).unwrap(), &mut c);
    c
}

fn check_packed<F: Kernel>(
    (m, k, n): (usize, usize, usize),
    layouts: (usize, usize),
    parts: usize,
) {
    let (a, b) = (whole::<F>(m, k, 1), whole::<F>(k, n, 2));
    let expected = plain(F::one(), &a, &b, F::zero(), &Array2::zeros((m, n)));
    let mut memory = [const { None }; 2].map(|_: Option<()>| Array2::zeros((0, 0)));
    let [a_memory, b_memory] = &mut memory;
    let a_at = laid_out(&a, layouts.0, a_memory);
    let b_at = laid_out(&b, layouts.1, b_memory);
    let (a, b) = (a_at.view(a_memory, (m, k)), b_at.view(b_memory, (k, n)));
    for &isa in Isa::available() {
        let c = packed_product(isa, parts, a, b);
        assert_eq!(c, expected, "{isa:?} {m} {k} {n}, layouts {layouts:?}, {parts} parts");
    }
}

#[test]
fn packed_products_are_those_of_the_formula() {
    let mut rng = Random(3);
    for _ in 0..CASES {
        let size = (rng.below(70), rng.below(70), rng.below(70));
        let (layouts, parts) = ((rng.below(6), rng.below(6)), 1 + rng.below(4));
        check_packed::<f32>(size, layouts, parts);
        check_packed::<f64>(size, layouts, parts);
    }
    for size in [(1, 1300, 200), (300, 530, 100), (7, 2, 2100), (193, 1, 49)] {
        check_packed::<f32>(size, (rng.below(6), rng.below(6)), 1 + rng.below(9));
        check_packed::<f64>(size, (0, 1), 3);
    }
}

/// Numbers whose sums depend on their order.
fn fractions<F: Kernel>(rows: usize, columns: usize, rng: &mut Random) -> Array2<F> {
    Array2::from_shape_simple_fn((rows, columns), || {
        F::from(rng.below(1 << 24)).unwrap() / F::from(0x555_555).unwrap() - F::one()
    })
}

#[test]
fn a_row_of_a_packed_product_does_not_depend_on_the_others() {
    let mut rng = Random(4);
    for (k, n) in [(7, 1), (100, 17), (520, 48), (1100, 130)] {
        let (a, b) = (fractions::<f32>(40, k, &mut rng), fractions::<f32>(k, n, &mut rng));
        for &isa in Isa::available() {
            let whole = packed_product(isa, 1, a.view(), b.view());
            for rows in 1..40 {
                let some = packed_product(isa, 1 + rows % 3, a.slice(s![..rows, ..]), b.view());
                assert_eq!(some, whole.slice(s![..rows, ..]), "{isa:?} {rows} of {k} {n}");
            }
            let mut by_blocks = Array2::zeros(whole.dim());
            gemm_in_strategy(isa, Strategy::Packed, &a, &b, &mut by_blocks);
            assert_eq!(by_blocks, whole, "{isa:?} {k} {n}");
        }
    }
}

/// Pairs of bf16 with these bits.
fn pairs(rows: usize, columns: usize, mut bits: impl FnMut() -> u32) -> Array2<f32> {
    Array2::from_shape_simple_fn((rows, columns), || f32::from_bits(bits()))
}

fn pair_product(isa: Isa, a: &Array2<f32>, b: &Array2<f32>) -> Array2<f32> {
    let mut c = Array2::from_elem((a.nrows(), b.ncols()), f32::NAN);
    matmul_packed_in(1, a, &PackedMatrix::with_isa(isa, b, true).unwrap(), &mut c);
    c
}

/// Adds products of bf16 one by one: of each pair the second, then the first.
fn pair_by_pair(a: &Array2<f32>, b: &Array2<f32>) -> Array2<f32> {
    let flushed = |x: f32| if x.abs() < f32::MIN_POSITIVE { 0.0 * x } else { x };
    let numbers = |pair: f32| {
        let bits = pair.to_bits();
        [bits & 0xFFFF_0000, bits << 16].map(|bits| flushed(f32::from_bits(bits)))
    };
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        let terms = (0..a.ncols()).flat_map(|k| {
            let (x, y) = (numbers(a[[i, k]]), numbers(b[[k, j]]));
            [(x[0], y[0]), (x[1], y[1])]
        });
        // The fused multiply-add rounds a subnormal sum to fewer bits than the instruction.
        let exact = |x: f32, y: f32, sum: f32| f64::from(x) * f64::from(y) + f64::from(sum);
        terms.fold(0.0, |sum: f32, (x, y)| {
            let result = exact(x, y, sum);
            let tiny = result.abs() < 2f64.powi(-126) - 2f64.powi(-151);
            if tiny { 0f32.copysign(result as f32) } else { x.mul_add(y, sum) }
        })
    })
}

fn check_pairs(mut bits: impl FnMut() -> u32, depth: usize) {
    let (a, b) = (pairs(5, depth, &mut bits), pairs(depth, 40, &mut bits));
    let expected = pair_by_pair(&a, &b);
    for &isa in Isa::available() {
        let c = pair_product(isa, &a, &b);
        for (&found, &expected) in c.iter().zip(&expected) {
            let same = found.to_bits() == expected.to_bits();
            assert!(same || found.is_nan() && expected.is_nan(), "{isa:?}: {found}, {expected}");
        }
    }
}

#[test]
fn every_processor_adds_pairs_to_the_same_bits() {
    let mut rng = Random(5);
    for _ in 0..200 {
        // Exponents near 1: the sums are rounded.
        check_pairs(|| (rng.below(1 << 32) as u32 & 0x83FF_83FF) | 0x3C00_3C00, 30);
        // Exponents near the smallest: numbers, products and sums are subnormal or 0.
        check_pairs(|| rng.below(1 << 32) as u32 & 0x80FF_9FFF, 6);
        check_pairs(|| (rng.below(1 << 32) as u32 & 0x87FF_87FF) | 0x1C00_1C00, 8);
        // All bits: infinities and NaN too.
        check_pairs(|| rng.below(1 << 32) as u32, 1);
    }
}

/// The sum of -2⁻¹⁵⁰ and the smallest normal number is subnormal, but rounds to that number.
#[test]
fn a_sum_that_rounds_to_the_smallest_normal_number() {
    let bf16 = |exponent: i32| ((exponent + 127) as u32) << 7;
    let pair = |first: u32, second: u32| f32::from_bits(first | (second << 16));
    let a = Array2::from_shape_vec((1, 2), vec![pair(0, bf16(-63)), pair(bf16(-75), 0)]).unwrap();
    let negative = 0x8000 | bf16(-75);
    let b = Array2::from_shape_vec((2, 1), vec![pair(0, bf16(-63)), pair(negative, 0)]).unwrap();
    let sums = Isa::available().iter().map(|&isa| pair_product(isa, &a, &b)[[0, 0]].to_bits());
    let sums: Vec<_> = sums.collect();
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:x?}");
}

#[test]
fn a_number_is_rounded_to_the_nearest_bf16() {
    let mut rng = Random(6);
    let numbers = (0..100_000).map(|_| f32::from_bits(rng.below(1 << 32) as u32));
    let special =
        [0.0, -0.0, 1.0, 1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0, f32::MAX, f32::INFINITY, f32::NAN];
    let numbers: Vec<f32> = numbers.chain(special).chain([-1.5]).collect();
    let from = ArrayView2::from_shape((1, numbers.len()), &numbers).unwrap();
    let mut to = Array2::zeros((1, numbers.len().div_ceil(2)));
    f32::round_to_pairs(&from, &mut to);
    for (i, &x) in numbers.iter().enumerate() {
        let pair = to[[0, i / 2]].to_bits();
        let rounded = f32::from_bits(if i % 2 == 0 { pair << 16 } else { pair & 0xFFFF_0000 });
        if x.is_nan() {
            assert!(rounded.is_nan());
            continue;
        }
        // The neighbors of x: the sign, the exponent and 7 bits of the fraction, and the next.
        let below = f32::from_bits(x.to_bits() & 0xFFFF_0000);
        let above = f32::from_bits((x.to_bits() & 0xFFFF_0000).wrapping_add(0x1_0000));
        let (x, low) = (f64::from(x), f64::from(below));
        // After the largest number comes 2¹²⁸, which is infinite in bf16.
        let high = if above.is_finite() { f64::from(above) } else { 2f64.powi(128).copysign(x) };
        let even = below.to_bits() >> 16 & 1 == 0;
        let nearest =
            (x - low).abs() < (high - x).abs() || ((x - low).abs() == (high - x).abs() && even);
        let expected = if nearest || x.is_infinite() { below } else { above };
        assert_eq!(rounded.to_bits(), expected.to_bits(), "{x}");
    }
    let last = to[[0, numbers.len() / 2]].to_bits();
    assert_eq!((last << 16, last >> 16), ((-1.5f32).to_bits(), 0), "a pair is filled with 0");
}

#[test]
fn numbers_are_rounded_alike_in_every_layout() {
    let mut rng = Random(7);
    let numbers = fractions::<f32>(9, 21, &mut rng);
    let mut expected = Array2::zeros((9, 11));
    f32::round_to_pairs(&numbers, &mut expected);
    for layout in 1..6 {
        let mut memory = Array2::zeros((0, 0));
        let view = laid_out(&numbers, layout, &mut memory);
        let mut found = Array2::zeros((9, 11));
        f32::round_to_pairs(&view.view(&memory, (9, 21)), &mut found);
        assert_eq!(found.mapv(f32::to_bits), expected.mapv(f32::to_bits), "layout {layout}");
    }
}
