//! Elementwise functions, and sums over elements.
//!
//! The functions have no branch, table or call, so the compiler vectorizes loops over them. Each is
//! a polynomial between two powers of 2. The coefficients are Chebyshev interpolants, computed with
//! 200 bits.
//!
//! | function | largest error allowed by the tests, f32 / f64 |
//! |---|---|
//! | `exp`, `ln` | 1.5 / 1.5 ulp |
//! | `ln(1 - a)` | 1.5 / 2 ulp |
//! | `sigmoid` | 2.5 / 2.5 ulp |
//! | `tanh` | 3 / 3 ulp |
//! | `exp_m1` | 3 / 3 ulp |
//!
//! The errors hold for all numbers: subnormal numbers, zeros of both signs, infinities and NaN
//! included.
//!
//! The result for an element does not depend on its position in the matrix.

use super::simd::Simd;
use super::threads::{by_rows, in_parts, in_parts2};
use super::{Isa, Kernel, Op};
use ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};

/// `a·b + c`, rounded once if the processor has a fused multiply-add.
#[inline(always)]
pub(crate) fn mul_add<F: Kernel, S: Simd<F>>(a: F, b: F, c: F) -> F {
    if S::FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// `Σ c[i]·xⁱ`
#[inline(always)]
fn polynomial<F: Kernel, S: Simd<F>, const N: usize>(x: F, c: [F; N]) -> F {
    let mut sum = c[N - 1];
    for i in (0..N - 1).rev() {
        sum = mul_add::<F, S>(sum, x, c[i]);
    }
    sum
}

/// The constants and bit operations that the functions of this module need.
pub trait Elementary: Kernel {
    /// `eˣ` is 0 below the first number and infinite above the second.
    const EXP_RANGE: (Self, Self);
    /// `ln 2` as a number with few digits, and the rest.
    const LN_2: (Self, Self);
    const LOG2_E: Self;
    /// Adding it rounds a number to an integer, in the low bits of the sum.
    const ROUNDER: Self;
    const HALF: Self;
    const TWO: Self;
    /// `tanh` is 1 above this number.
    const TANH_RANGE: Self;
    /// `x·eˣ` is 0 below this number.
    const PRODUCT_RANGE: Self;
    /// The standard normal density is 0 above this number.
    const NORMAL_RANGE: Self;
    /// Multiplying by it splits a number into two halves (Dekker 1971).
    const SPLITTER: Self;
    /// Computes `2ⁿ` for an integer n in the range of the exponent.
    fn power_of_two(n: Self) -> Self;
    /// Computes `(eʳ - 1 - r) / r²` for `|r| <= ln 2 / 2`.
    fn exp_rest<S: Simd<Self>>(r: Self) -> Self;
    /// Splits a positive number into m in [√½, √2) and n, with `x = m·2ⁿ`.
    fn split(x: Self) -> (Self, Self);
    /// Computes `2 artanh(√z) / √z - 2`, for `z = ((m - 1) / (m + 1))²` with such an m.
    fn ln_rest<S: Simd<Self>>(z: Self) -> Self;
    /// Computes `(x + 4)·Φ(-x) / e^(-x²/2)` from `(x - 4) / (x + 4)`, for x up to `NORMAL_RANGE`.
    fn normal_tail<S: Simd<Self>>(t: Self) -> Self;
}

macro_rules! elementary {
    (
        $float:ty, $bits:ty, mantissa: $mantissa:literal, bias: $bias:literal,
        exp: $range:expr, $exp:expr, tanh: $tanh:literal, ln_2: $ln_2:expr, ln: $ln:expr,
        product: $product:literal, normal: $normal:literal, $tail:expr
    ) => {
        impl Elementary for $float {
            const EXP_RANGE: (Self, Self) = $range;
            const LN_2: (Self, Self) = $ln_2;
            const LOG2_E: Self = std::f64::consts::LOG2_E as $float;
            const ROUNDER: Self = 1.5 * ((1 as $bits) << $mantissa) as $float;
            const HALF: Self = 0.5;
            const TWO: Self = 2.0;
            const TANH_RANGE: Self = $tanh;
            const PRODUCT_RANGE: Self = $product;
            const NORMAL_RANGE: Self = $normal;
            const SPLITTER: Self = ((1 as $bits) << ($mantissa / 2 + 1)) as $float + 1.0;

            #[inline(always)]
            fn power_of_two(n: Self) -> Self {
                Self::from_bits((n + ($bias as $float + Self::ROUNDER)).to_bits() << $mantissa)
            }

            #[inline(always)]
            fn exp_rest<S: Simd<Self>>(r: Self) -> Self {
                polynomial::<Self, S, _>(r, $exp)
            }

            #[inline(always)]
            fn split(x: Self) -> (Self, Self) {
                const SUBNORMAL: $float = ((1 as $bits) << ($mantissa + 2)) as $float;
                const MANTISSA: $bits = ((1 as $bits) << $mantissa) - 1;
                const LARGE: $float = ((1 as $bits) << $mantissa) as $float;
                const OFFSET: $bits = 2 * ($bias + 1);
                let tiny = x < <$float>::MIN_POSITIVE;
                let x = if tiny { x * SUBNORMAL } else { x };
                let root_half = (std::f64::consts::FRAC_1_SQRT_2 as $float).to_bits();
                let bits = x.to_bits().wrapping_sub(root_half);
                // The exponent plus an offset, as the low bits of a large number.
                let exponent = bits.wrapping_add(OFFSET << $mantissa) >> $mantissa;
                let n =
                    <$float>::from_bits(exponent | LARGE.to_bits()) - (LARGE + OFFSET as $float);
                let n = if tiny { n - ($mantissa + 2) as $float } else { n };
                let m = (bits & MANTISSA).wrapping_add(root_half);
                (<$float>::from_bits(m), n)
            }

            #[inline(always)]
            fn ln_rest<S: Simd<Self>>(z: Self) -> Self {
                z * polynomial::<Self, S, _>(z, $ln)
            }

            #[inline(always)]
            fn normal_tail<S: Simd<Self>>(t: Self) -> Self {
                polynomial::<Self, S, _>(t, $tail)
            }
        }
    };
}

elementary!(
    f32, u32, mantissa: 23, bias: 127,
    exp: (-104.0, 89.0),
    [0.5, 0.166_666_67, 0.041_666_467,
     0.008_333_310_5, 0.001_393_365, 0.000_198_909_91],
    tanh: 10.0, ln_2: (0.693_145_75, 1.428_606_8e-6),
    ln: [0.666_666_7, 0.400_001_23, 0.285_507_8,
         0.233_316_14],
    product: -112.0, normal: 15.0,
    [0.755_285_14, -0.607_896_57, 0.387_136_7, -0.186_523_3, 0.060_406_186,
     -0.007_525_402_6, -0.003_520_972_8, 0.001_566_881_7, 0.000_188_996_52,
     -0.000_125_558_39]
);
elementary!(
    f64, u64, mantissa: 52, bias: 1023,
    exp: (-746.0, 710.0),
    [0.500_000_000_000_000_1, 0.166_666_666_666_666_67, 0.041_666_666_666_624_13,
     0.008_333_333_333_330_062, 0.001_388_888_891_721_371_7, 0.000_198_412_698_630_536_17,
     2.480_152_129_595_437_5e-5, 2.755_726_845_999_706_5e-6, 2.762_008_844_540_974_8e-7,
     2.510_038_549_551_032e-8],
    tanh: 20.0, ln_2: (0.693_147_180_369_123_8, 1.908_214_929_270_587_8e-10),
    ln: [0.666_666_666_666_667, 0.399_999_999_998_988_9, 0.285_714_286_262_538_4,
         0.222_222_110_893_794_96, 0.181_828_924_325_368_7, 0.153_316_117_220_550_08,
         0.146_178_071_534_173_25],
    product: -760.0, normal: 40.0,
    [0.755_285_130_415_751_5, -0.607_896_641_971_891_7, 0.387_137_400_742_219_36,
     -0.186_521_857_959_693_4, 0.060_396_574_890_676_65, -0.007_540_188_965_625_017,
     -0.003_479_692_361_804_059_7, 0.001_630_818_442_480_588_7,
     0.000_133_344_249_783_584_28, -0.000_231_094_824_149_971_05,
     -1.907_843_405_924_870_6e-06, 3.514_421_496_825_78e-05, 7.149_308_325_478_401e-07,
     -5.919_013_186_154_044e-06, -6.249_906_995_369_785e-07,
     1.020_071_339_256_846_5e-06, 2.635_431_056_068_445_6e-07,
     -1.546_196_819_122_192e-07, -7.634_712_843_441_086e-08,
     1.484_239_007_275_134_4e-08, 1.397_652_815_595_082_1e-08,
     -1.015_295_717_649_618e-11, -9.990_624_160_023_276e-10]
);

/// Returns n and r of `x = n·ln 2 + r`, for an x in the range of `exp`.
#[inline(always)]
fn reduce<F: Elementary, S: Simd<F>>(x: F) -> (F, F) {
    let n = mul_add::<F, S>(x, F::LOG2_E, F::ROUNDER) - F::ROUNDER;
    let r = mul_add::<F, S>(n, -F::LN_2.1, mul_add::<F, S>(n, -F::LN_2.0, x));
    (n, r)
}

/// `eʳ - 1`
#[inline(always)]
fn exp_m1_near_0<F: Elementary, S: Simd<F>>(r: F) -> F {
    mul_add::<F, S>(r * r, F::exp_rest::<S>(r), r)
}

/// `eˣ`
#[inline(always)]
pub(crate) fn exp<F: Elementary, S: Simd<F>>(x: F) -> F {
    let x = if x < F::EXP_RANGE.0 { F::EXP_RANGE.0 } else { x };
    let x = if x > F::EXP_RANGE.1 { F::EXP_RANGE.1 } else { x };
    let (n, r) = reduce::<F, S>(x);
    // Two factors, since 2ⁿ can exceed the range of the exponent.
    let half = (n * F::HALF + F::ROUNDER) - F::ROUNDER;
    let near_1 = F::one() + exp_m1_near_0::<F, S>(r);
    near_1 * F::power_of_two(half) * F::power_of_two(n - half)
}

/// `eˣ⁺ʳ` as a product of three numbers, for a small r and an x in the range of the exponent.
///
/// A factor that is multiplied first is rounded with the last of them, so that a subnormal result
/// is accurate.
#[inline(always)]
pub(crate) fn exp_factors<F: Elementary, S: Simd<F>>(x: F, rest: F) -> [F; 3] {
    let n = mul_add::<F, S>(x, F::LOG2_E, F::ROUNDER) - F::ROUNDER;
    let r = mul_add::<F, S>(n, -F::LN_2.0, x) + mul_add::<F, S>(n, -F::LN_2.1, rest);
    let half = (n * F::HALF + F::ROUNDER) - F::ROUNDER;
    let near_1 = F::one() + exp_m1_near_0::<F, S>(r);
    [near_1, F::power_of_two(half), F::power_of_two(n - half)]
}

/// `factor·eˣ`, from the [`exp_factors`] of x.
#[inline(always)]
pub(crate) fn times_exp<F: Elementary>(factor: F, [a, b, c]: [F; 3]) -> F {
    factor * a * b * c
}

/// `x`, or the bound if x is below it. NaN stays NaN.
#[inline(always)]
pub(crate) fn at_least<F: Elementary>(lowest: F, x: F) -> F {
    if x < lowest { lowest } else { x }
}

/// `eˣ - 1`, for `x <= 0`.
#[inline(always)]
pub(crate) fn exp_m1<F: Elementary, S: Simd<F>>(x: F) -> F {
    let x = at_least(-F::TWO * F::TANH_RANGE, x);
    let (n, r) = reduce::<F, S>(x);
    let power = F::power_of_two(n);
    mul_add::<F, S>(power, exp_m1_near_0::<F, S>(r), power - F::one())
}

/// `a·b` as its rounding and the rest.
#[inline(always)]
pub(crate) fn exact_product<F: Elementary, S: Simd<F>>(a: F, b: F) -> (F, F) {
    let product = a * b;
    if S::FUSED {
        return (product, a.mul_add(b, -product));
    }
    let halves = |x: F| {
        let scaled = F::SPLITTER * x;
        let high = scaled - (scaled - x);
        (high, x - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let rest = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    (product, rest)
}

/// `Φ(-x) / e^(-x²/2)` and the factors of `e^(-x²/2)`, for x from 0 to `NORMAL_RANGE`. Φ is the
/// distribution function of the standard normal distribution.
///
/// The quotient falls slowly, so a polynomial of `(x - 4) / (x + 4)` is accurate for all x
/// (Shepherd & Laframboise 1981).
#[inline(always)]
pub(crate) fn normal_tail<F: Elementary, S: Simd<F>>(x: F) -> (F, [F; 3]) {
    let four = F::TWO * F::TWO;
    let inverse = F::one() / (x + four);
    let quotient = F::normal_tail::<S>((x - four) * inverse) * inverse;
    let (square, rest) = exact_product::<F, S>(x, x);
    (quotient, exp_factors::<F, S>(-F::HALF * square, -F::HALF * rest))
}

/// `1 / (1 + e⁻ᶻ)`, computed from `e^-|z|`: it does not overflow, and small results are accurate.
#[inline(always)]
pub(crate) fn sigmoid<F: Elementary, S: Simd<F>>(z: F) -> F {
    let e = exp::<F, S>(-z.abs());
    let numerator = if z < F::zero() { e } else { F::one() };
    numerator / (F::one() + e)
}

/// `tanh z`, computed as `-t / (2 + t)` with `t = e^-2|z| - 1`, with the sign of z.
#[inline(always)]
pub(crate) fn tanh<F: Elementary, S: Simd<F>>(z: F) -> F {
    let x = z.abs();
    let x = if x > F::TANH_RANGE { F::TANH_RANGE } else { x };
    let (n, r) = reduce::<F, S>(-F::TWO * x);
    let power = F::power_of_two(n);
    let t = mul_add::<F, S>(power, exp_m1_near_0::<F, S>(r), power - F::one());
    (-t / (F::TWO + t)).copysign(z)
}

/// `ln x`
#[inline(always)]
pub(crate) fn ln<F: Elementary, S: Simd<F>>(x: F) -> F {
    let (m, n) = F::split(x);
    let f = m - F::one();
    let s = f / (F::TWO + f);
    let square = F::HALF * f * f;
    let rest = s * (square + F::ln_rest::<S>(s * s));
    let ln = mul_add::<F, S>(n, F::LN_2.0, f - (square - (rest + n * F::LN_2.1)));
    let ln = if x == F::zero() { F::neg_infinity() } else { ln };
    let ln = if x == F::infinity() { x } else { ln };
    if x >= F::zero() { ln } else { F::nan() }
}

/// `ln(1 - a)`, corrected for the rounding of `1 - a`, so that it is accurate for small a.
#[inline(always)]
pub(crate) fn ln_1m<F: Elementary, S: Simd<F>>(a: F) -> F {
    let u = F::one() - a;
    let lost = (F::one() - u) - a;
    let ln = ln::<F, S>(u);
    if lost.abs() > F::zero() { ln + lost / u } else { ln }
}

/// A function of one number.
pub trait Map<F>: Copy + Sync {
    fn apply<S: Simd<F>>(self, x: F) -> F;
}

/// A function of two numbers.
pub trait Map2<F>: Copy + Sync {
    fn apply<S: Simd<F>>(self, x: F, y: F) -> F;
}

/// An update of a parameter by its gradient, with `N` numbers of state.
pub trait Update<F, const N: usize>: Copy + Sync {
    fn apply<S: Simd<F>>(self, w: F, dw: F, state: [F; N]) -> (F, [F; N]);
}

/// `x ← f(x)` for every element.
pub(crate) fn map<F: Kernel, M: Map<F>>(map: M, values: &mut ArrayRef2<F>) {
    let isa = Isa::current();
    match values.as_slice_memory_order_mut() {
        Some(values) => in_parts(values, |values| F::dispatch(isa, InPlace { map, values })),
        None => values.iter_mut().for_each(|x| {
            F::dispatch(isa, InPlace { map, values: std::slice::from_mut(x) });
        }),
    }
}

/// `x ← f(x, y)` for every pair of two matrices of one shape.
pub(crate) fn zip_map<F: Kernel, M: Map2<F>>(
    map: M,
    values: &mut ArrayRef2<F>,
    others: &ArrayRef2<F>,
) {
    if let (Some(values), Some(others)) = (values.as_slice_mut(), others.as_slice()) {
        return zip_map_slices(map, values, others);
    }
    let isa = Isa::current();
    for (mut values, others) in values.rows_mut().into_iter().zip(others.rows()) {
        match (values.as_slice_mut(), others.as_slice()) {
            (Some(values), Some(others)) => F::dispatch(isa, InPlace2 { map, values, others }),
            _ => values.iter_mut().zip(others).for_each(|(x, y)| {
                let (values, others) = (std::slice::from_mut(x), std::slice::from_ref(y));
                F::dispatch(isa, InPlace2 { map, values, others });
            }),
        }
    }
}

/// `x ← f(x, y)` for every pair.
pub(crate) fn zip_map_slices<F: Kernel, M: Map2<F>>(map: M, values: &mut [F], others: &[F]) {
    let isa = Isa::current();
    in_parts2(values, others, |values, others| {
        F::dispatch(isa, InPlace2 { map, values, others });
    });
}

/// `x ← f(x + b)` in every row, with the element of the column `b` that belongs to the row.
pub(crate) fn add_column_and_map<F: Kernel, M: Map<F>>(
    map: M,
    rows: &mut ArrayRef2<F>,
    b: &ArrayRef2<F>,
) {
    let isa = Isa::current();
    by_rows(rows.view_mut(), b.view(), &|rows, biases| {
        F::dispatch(isa, AddInPlace { map, rows, biases });
    });
}

/// `x ← x + b` in every row, with the element of the column `b` that belongs to the row.
#[inline(never)]
pub(crate) fn add_column<F: Kernel>(rows: &mut ArrayRef2<F>, b: &ArrayRef2<F>) {
    add_column_and_map(Identity, rows, b);
}

/// `x ← x + α·y` for every pair.
pub(crate) fn add_scaled_slice<F: Kernel>(x: &mut [F], alpha: F, y: &[F]) {
    zip_map_slices(AddScaled(alpha), x, y);
}

/// `x ← x + α·y` for every pair of two matrices of one shape.
#[inline(never)]
pub(crate) fn add_scaled<F: Kernel>(x: &mut ArrayRef2<F>, alpha: F, y: &ArrayRef2<F>) {
    zip_map(AddScaled(alpha), x, y);
}

/// `(w, state) ← f(w, dw, state)` for every element, in one sweep. All matrices have one shape.
pub(crate) fn update<F: Kernel, const N: usize, U: Update<F, N>>(
    update: U,
    w: &mut ArrayRef2<F>,
    dw: &ArrayRef2<F>,
    mut state: [&mut Array2<F>; N],
) {
    let isa = Isa::current();
    for (i, (mut w, dw)) in w.rows_mut().into_iter().zip(dw.rows()).enumerate() {
        let mut states = state.each_mut().map(|state| state.row_mut(i));
        if let (Some(w), Some(dw)) = (w.as_slice_mut(), dw.as_slice()) {
            let slices = states.each_mut().map(|state| state.as_slice_mut());
            if slices.iter().all(Option::is_some) {
                let state = slices.map(|slice| slice.expect("all are"));
                F::dispatch(isa, UpdateInPlace { update, w, dw, state });
                continue;
            }
        }
        for (j, (w, dw)) in w.iter_mut().zip(dw).enumerate() {
            let state = states.each_mut().map(|state| std::slice::from_mut(&mut state[j]));
            let (w, dw) = (std::slice::from_mut(w), std::slice::from_ref(dw));
            F::dispatch(isa, UpdateInPlace { update, w, dw, state });
        }
    }
}

/// `sums ← α Σ row`, for every row of a matrix. The caller has checked the shapes.
#[inline(never)]
pub(crate) fn scaled_row_sums_into<F: Kernel>(
    alpha: F,
    rows: &ArrayRef2<F>,
    sums: &mut ArrayRef2<F>,
) {
    for (sum, row) in sums.iter_mut().zip(rows.rows()) {
        *sum = row.sum() * alpha;
    }
}

/// The number of terms that are computed before they are added.
const CHUNK: usize = 64;

/// Computes `Σ x²` in `f64`. Every processor uses the same order: sixteen sums, added in pairs.
#[inline(never)]
pub(crate) fn sum_of_squares<F: Kernel>(a: &ArrayRef2<F>) -> f64 {
    if let Some(values) = a.as_slice() {
        return sum_of_products(values, values);
    }
    let of_row = |row: ArrayView1<'_, F>| match row.as_slice() {
        Some(values) => sum_of_products(values, values),
        None => row.iter().map(|x| product(*x, *x)).sum(),
    };
    a.rows().into_iter().map(of_row).sum()
}

/// Computes `Σ x·y` in `f64`, in the order of [`sum_of_squares`].
pub(crate) fn sum_of_products<F: Kernel>(a: &[F], b: &[F]) -> f64 {
    F::dispatch(Isa::current(), SumOfProducts(a, b))
}

struct SumOfProducts<'a, F>(&'a [F], &'a [F]);

impl<F: Kernel> Op<F> for SumOfProducts<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd<F>>(self, _: S) -> f64 {
        let mut sums = [0.0; 16];
        let ((a, a_rest), (b, b_rest)) = (self.0.as_chunks::<16>(), self.1.as_chunks::<16>());
        for (a, b) in a.iter().zip(b) {
            for (sum, (x, y)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += product(*x, *y);
            }
        }
        for (sum, (x, y)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
            *sum += product(*x, *y);
        }
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                sums[i] += sums[i + half];
            }
        }
        sums[0]
    }
}

#[inline(always)]
fn product<F: Kernel>(x: F, y: F) -> f64 {
    x.to_f64().unwrap_or(f64::NAN) * y.to_f64().unwrap_or(f64::NAN)
}

/// Computes `Σ f(x, y)` over all pairs: terms in `F`, added in `f64`, row by row.
#[inline(never)]
pub(crate) fn sum_terms<F: Kernel, M: Map2<F>>(map: M, a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.rows().into_iter().zip(b.rows()) {
        for (a, b) in a.axis_chunks_iter(Axis(0), CHUNK).zip(b.axis_chunks_iter(Axis(0), CHUNK)) {
            sum = add_terms(map, a, b, sum);
        }
    }
    sum
}

/// Computes [`sum_terms`], and `x ← g(x, y)` in the same sweep.
pub(crate) fn sum_terms_and_zip_map<F: Kernel, M: Map2<F>, G: Map2<F>>(
    term: M,
    map: G,
    a: &mut ArrayRef2<F>,
    b: &ArrayRef2<F>,
) -> f64 {
    let isa = Isa::current();
    let mut sum = 0.0;
    for (mut a, b) in a.rows_mut().into_iter().zip(b.rows()) {
        let chunks = a.axis_chunks_iter_mut(Axis(0), CHUNK);
        for (mut a, b) in chunks.into_iter().zip(b.axis_chunks_iter(Axis(0), CHUNK)) {
            sum = add_terms(term, a.view(), b, sum);
            match (a.as_slice_mut(), b.as_slice()) {
                (Some(values), Some(others)) => {
                    F::dispatch(isa, InPlace2 { map, values, others });
                }
                _ => a.iter_mut().zip(b).for_each(|(x, y)| {
                    let (values, others) = (std::slice::from_mut(x), std::slice::from_ref(y));
                    F::dispatch(isa, InPlace2 { map, values, others });
                }),
            }
        }
    }
    sum
}

/// Adds `f(x, y)` of at most [`CHUNK`] pairs to the sum, in order.
fn add_terms<F: Kernel, M: Map2<F>>(
    map: M,
    a: ArrayView1<'_, F>,
    b: ArrayView1<'_, F>,
    sum: f64,
) -> f64 {
    let (mut terms, mut others) = ([F::zero(); CHUNK], [F::zero(); CHUNK]);
    let (terms, others) = (&mut terms[..a.len()], &mut others[..b.len()]);
    terms.iter_mut().zip(a).for_each(|(term, &x)| *term = x);
    others.iter_mut().zip(b).for_each(|(other, &y)| *other = y);
    F::dispatch(Isa::current(), InPlace2 { map, values: terms, others });
    terms.iter().fold(sum, |sum, term| sum + term.to_f64().unwrap_or(f64::NAN))
}

/// `x`
#[derive(Clone, Copy)]
pub(crate) struct Identity;

impl<F> Map<F> for Identity {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F) -> F {
        x
    }
}

/// `x + y`
#[derive(Clone, Copy)]
pub(crate) struct Add;

impl<F: Kernel> Map2<F> for Add {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, y: F) -> F {
        x + y
    }
}

/// `x - y`
#[derive(Clone, Copy)]
pub(crate) struct Subtract;

impl<F: Kernel> Map2<F> for Subtract {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, y: F) -> F {
        x - y
    }
}

/// `x + α·y`
#[derive(Clone, Copy)]
struct AddScaled<F>(F);

impl<F: Kernel> Map2<F> for AddScaled<F> {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, x: F, y: F) -> F {
        mul_add::<F, S>(self.0, y, x)
    }
}

struct InPlace<'a, F, M> {
    map: M,
    values: &'a mut [F],
}

impl<F: Kernel, M: Map<F>> Op<F> for InPlace<'_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<F>>(self, _: S) {
        for x in self.values {
            *x = self.map.apply::<S>(*x);
        }
    }
}

struct InPlace2<'a, F, M> {
    map: M,
    values: &'a mut [F],
    others: &'a [F],
}

impl<F: Kernel, M: Map2<F>> Op<F> for InPlace2<'_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<F>>(self, _: S) {
        for (x, &y) in self.values.iter_mut().zip(self.others) {
            *x = self.map.apply::<S>(*x, y);
        }
    }
}

struct AddInPlace<'a, F, M> {
    map: M,
    rows: ArrayViewMut2<'a, F>,
    biases: ArrayView2<'a, F>,
}

impl<F: Kernel, M: Map<F>> Op<F> for AddInPlace<'_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<F>>(mut self, _: S) {
        let map = self.map;
        // Contiguous columns are swept with all biases at once. The biases of short columns are
        // repeated, so that a sweep is several vectors long.
        let columns = self.rows.view_mut().reversed_axes();
        if self.biases.len() > 1
            && let (Some(values), Some(biases)) = (columns.into_slice(), self.biases.as_slice())
        {
            let mut repeated = [F::zero(); 64];
            let count = (repeated.len() / biases.len()).min(values.len() / biases.len());
            let mut period = biases;
            if count > 1 {
                for to in repeated.chunks_exact_mut(biases.len()).take(count) {
                    to.copy_from_slice(biases);
                }
                period = &repeated[..count * biases.len()];
            }
            for columns in values.chunks_mut(period.len()) {
                for (x, &bias) in columns.iter_mut().zip(period) {
                    *x = map.apply::<S>(*x + bias);
                }
            }
            return;
        }
        for (mut row, &bias) in self.rows.rows_mut().into_iter().zip(self.biases) {
            match row.as_slice_mut() {
                Some(values) => values.iter_mut().for_each(|x| *x = map.apply::<S>(*x + bias)),
                None => row.iter_mut().for_each(|x| *x = map.apply::<S>(*x + bias)),
            }
        }
    }
}

struct UpdateInPlace<'a, F, U, const N: usize> {
    update: U,
    w: &'a mut [F],
    dw: &'a [F],
    state: [&'a mut [F]; N],
}

impl<F: Kernel, const N: usize, U: Update<F, N>> Op<F> for UpdateInPlace<'_, F, U, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<F>>(self, _: S) {
        let len = self.w.len();
        let (w, dw) = (&mut self.w[..len], &self.dw[..len]);
        let mut state = self.state;
        for state in &mut state {
            assert_eq!(state.len(), len);
        }
        for i in 0..len {
            let mut remembered = [F::zero(); N];
            for (number, state) in remembered.iter_mut().zip(&state) {
                *number = state[i];
            }
            let (next, remembered) = self.update.apply::<S>(w[i], dw[i], remembered);
            w[i] = next;
            for (state, number) in state.iter_mut().zip(remembered) {
                state[i] = number;
            }
        }
    }
}
