//! Products of numbers rounded to bf16, with sums in `f32`.
//!
//! A bf16 has the sign, the exponent and the first seven bits of the fraction of an `f32`. An
//! element of an operand is a pair of them in the bits of an `f32`: the first in the low half. So
//! matrices, panels and tiles are the same as in `f32`, and a tile adds two products at a time.
//!
//! AVX-512 has an instruction for this, and the portable code computes the same bits: a fused
//! multiply-add of the second numbers, then one of the first. Subnormal numbers and sums are 0.

use super::simd::{Portable, Simd};
use super::tile::Terms;
use super::{Isa, Kernel, Op};
use ndarray::{ArrayRef2, Axis};

/// An operation on pairs of bf16.
pub trait PairsOp<F> {
    /// Runs the operation. The rules of [`Op::run`](super::Op::run) apply.
    fn run_pairs<S: Simd<F>, T: Terms<F, S>>(self, s: S, pairs: T);
}

/// Returns the instructions for pairs, of at most `isa`.
pub(super) fn isa_of_pairs(isa: Isa) -> Isa {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        // The compiler may use AVX-512 BW where it may use BF16.
        if isa == Isa::Avx512 && has!("avx512bf16") && has!("avx512bw") {
            return Isa::Avx512;
        }
    }
    let _ = isa;
    Isa::Portable
}

pub(super) fn dispatch(isa: Isa, op: impl PairsOp<f32>) {
    match isa_of_pairs(isa) {
        // SAFETY: the instructions were detected.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { super::x86::avx512_bf16(op) },
        _ => op.run_pairs(Portable, PortablePairs),
    }
}

/// Replaces the functions of this module for `f64`, which has no pairs.
#[cold]
pub(super) fn no_pairs<A, B>(_: A, _: B) {
    unreachable!("only f32 is rounded to bf16")
}

#[derive(Clone, Copy)]
struct PortablePairs;

impl Terms<f32, Portable> for PortablePairs {
    #[inline(always)]
    fn add(self, _: Portable, x: [f32; 4], y: [f32; 4], sum: [f32; 4]) -> [f32; 4] {
        let second = |x: f32| f32::from_bits(x.to_bits() & 0xFFFF_0000);
        let first = |x: f32| f32::from_bits(x.to_bits() << 16);
        std::array::from_fn(|i| {
            let sum = add_product(second(x[i]), second(y[i]), flushed(sum[i]));
            add_product(first(x[i]), first(y[i]), sum)
        })
    }
}

/// `x·y + sum`, rounded once. In `f64` the product is exact, and its sum has more than twice the
/// digits of an `f32`, so that rounding twice does not change the result.
#[inline(always)]
fn add_product(x: f32, y: f32, sum: f32) -> f32 {
    let sum = f64::from(flushed(x)) * f64::from(flushed(y)) + f64::from(sum);
    // The instruction rounds to 24 bits before it decides whether a sum is subnormal.
    const LEAST: f64 = f32::MIN_POSITIVE as f64 * (1.0 - 1.0 / (1 << 25) as f64);
    if sum.abs() < LEAST { 0f32.copysign(sum as f32) } else { sum as f32 }
}

/// Returns 0 with the sign of `x` if `x` is subnormal.
#[inline(always)]
fn flushed(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { f32::from_bits(x.to_bits() & 0x8000_0000) } else { x }
}

/// Rounds to the nearest bf16, or to the even one of two. NaN stays NaN.
#[inline(always)]
fn round(x: f32) -> u32 {
    let bits = x.to_bits();
    if x.is_nan() { (bits >> 16) | 0x40 } else { (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 }
}

/// Rounds the rows of a matrix to pairs. The last pair of an odd row ends with 0.
pub(super) fn round_to_pairs(from: &ArrayRef2<f32>, to: &mut ArrayRef2<f32>) {
    assert!(from.nrows() == to.nrows() && from.ncols().div_ceil(2) == to.ncols());
    for (from, mut to) in from.rows().into_iter().zip(to.rows_mut()) {
        match (from.to_slice(), to.as_slice_mut()) {
            (Some(from), Some(to)) => f32::dispatch(Isa::current(), RoundRow { from, to }),
            _ => {
                for (to, from) in to.iter_mut().zip(from.axis_chunks_iter(Axis(0), 2)) {
                    *to = pair(from[0], *from.get(1).unwrap_or(&0.0));
                }
            }
        }
    }
}

/// Rounds two numbers to a pair.
#[inline(always)]
fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits(round(first) | (round(second) << 16))
}

struct RoundRow<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl Op<f32> for RoundRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<f32>>(self, _: S) {
        let (pairs, rest) = self.from.as_chunks();
        for (to, &[first, second]) in self.to.iter_mut().zip(pairs) {
            *to = pair(first, second);
        }
        if let ([last], Some(to)) = (rest, self.to.last_mut()) {
            *to = pair(*last, 0.0);
        }
    }
}
