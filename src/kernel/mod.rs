//! The kernels: products of matrices and elementwise functions.
//!
//! Each kernel is written once and compiled for several sets of instructions.

pub(crate) mod bf16;
pub(crate) mod elementwise;
pub(crate) mod packed;
pub(crate) mod product;
mod simd;
pub(crate) mod softmax;
#[cfg(test)]
mod tests;
pub(crate) mod threads;
mod tile;

use bf16::PairsOp;
use ndarray::{ArrayRef2, NdFloat};
use simd::Portable;
pub use simd::Simd;
use std::cell::Cell;
use std::sync::OnceLock;

/// A set of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// The instructions that every processor of the target has.
    Portable,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// Returns the best set that the processor has and `DNN_BLOCKS_ISA` allows. Detected once.
    pub fn current() -> Self {
        static CURRENT: OnceLock<Isa> = OnceLock::new();
        *CURRENT.get_or_init(|| {
            let wanted = std::env::var("DNN_BLOCKS_ISA").unwrap_or_default();
            let best = Isa::available().iter().rev().copied();
            let allowed = match wanted.as_str() {
                "portable" => Isa::Portable,
                #[cfg(target_arch = "x86_64")]
                "avx2" => Isa::Avx2,
                _ => return Isa::available()[Isa::available().len() - 1],
            };
            best.into_iter().find(|&isa| isa <= allowed).unwrap_or(Isa::Portable)
        })
    }

    /// Returns the sets that the processor has, the narrowest first.
    pub fn available() -> &'static [Self] {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            const ALL: [Isa; 3] = [Isa::Portable, Isa::Avx2, Isa::Avx512];
            let avx2 = has!("avx2") && has!("fma");
            let avx512 = avx2 && has!("avx512f") && has!("avx512vl");
            &ALL[..1 + usize::from(avx2) + usize::from(avx512)]
        }
        #[cfg(not(target_arch = "x86_64"))]
        &[Isa::Portable]
    }
}

/// An operation that is generic over the vectors of `F`.
pub trait Op<F> {
    type Output;
    /// Runs the operation with the instructions of `S`.
    ///
    /// The method and everything it calls in its loops must be `#[inline(always)]`. Otherwise the
    /// compiler does not use these instructions.
    fn run<S: Simd<F>>(self, s: S) -> Self::Output;
}

/// A float type that has kernels.
pub trait Kernel: NdFloat {
    /// Runs an operation with a set of instructions.
    #[doc(hidden)]
    fn dispatch<J: Op<Self>>(isa: Isa, op: J) -> J::Output;
    /// Runs an operation on pairs of bf16, which only `f32` has.
    #[doc(hidden)]
    fn dispatch_pairs<J: PairsOp<Self>>(isa: Isa, op: J);
    /// Rounds the rows of a matrix to pairs of bf16, which only `f32` has.
    #[doc(hidden)]
    fn round_to_pairs(from: &ArrayRef2<Self>, to: &mut ArrayRef2<Self>);
    /// Calls `f` with a slice of `len` arbitrary numbers, aligned to a cache line.
    ///
    /// Each thread keeps its slice, so products do not allocate in every call. If the memory cannot
    /// be allocated, `f` gets at most [`LEAST_SCRATCH`] bytes of the stack.
    #[doc(hidden)]
    fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R;
}

const CACHE_LINE: usize = 64;

/// The least size of a scratch in bytes, unless a smaller one is requested. One packed panel of
/// each matrix fits.
pub(crate) const LEAST_SCRATCH: usize = 160 << 10;

macro_rules! kernel {
    ($float:ty, $dispatch_pairs:path, $round_to_pairs:path) => {
        impl Kernel for $float {
            #[inline]
            fn dispatch<J: Op<Self>>(isa: Isa, op: J) -> J::Output {
                match isa {
                    Isa::Portable => op.run(Portable),
                    // SAFETY: `Isa::current` and `available` name only what was detected.
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => unsafe { x86::avx2::<$float, J>(op) },
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512 => unsafe { x86::avx512::<$float, J>(op) },
                }
            }

            fn dispatch_pairs<J: PairsOp<Self>>(isa: Isa, op: J) {
                $dispatch_pairs(isa, op);
            }

            fn round_to_pairs(from: &ArrayRef2<Self>, to: &mut ArrayRef2<Self>) {
                $round_to_pairs(from, to);
            }

            fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R {
                // Not inlined, so that only this stack frame holds the array.
                #[cold]
                #[inline(never)]
                fn on_the_stack<R>(len: usize, f: impl FnOnce(&mut [$float]) -> R) -> R {
                    let mut least = [0.0; LEAST_SCRATCH / size_of::<$float>()];
                    let len = len.min(least.len());
                    f(&mut least[..len])
                }
                thread_local!(static SCRATCH: Cell<Vec<$float>> = const { Cell::new(Vec::new()) });
                let mut scratch = SCRATCH.take();
                let needed = len + CACHE_LINE / size_of::<$float>();
                let missing = needed.saturating_sub(scratch.len());
                if missing > 0 {
                    if scratch.try_reserve_exact(missing).is_err() {
                        SCRATCH.set(scratch);
                        return on_the_stack(len, f);
                    }
                    scratch.resize(needed, 0.0);
                }
                let start = scratch.as_ptr().align_offset(CACHE_LINE);
                let result = f(&mut scratch[start..start + len]);
                SCRATCH.set(scratch);
                result
            }
        }
    };
}

kernel!(f32, bf16::dispatch, bf16::round_to_pairs);
kernel!(f64, bf16::no_pairs, bf16::no_pairs);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Op;
    use super::bf16::PairsOp;
    use super::simd::{Avx2, Avx512, Avx512Bf16, Simd};

    #[inline(never)]
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2<F, J: Op<F>>(op: J) -> J::Output
    where
        Avx2: Simd<F>,
    {
        // SAFETY: this function may only be called where they are.
        op.run(unsafe { Avx2::assume() })
    }

    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub(super) unsafe fn avx512<F, J: Op<F>>(op: J) -> J::Output
    where
        Avx512: Simd<F>,
    {
        // SAFETY: this function may only be called where they are.
        op.run(unsafe { Avx512::assume() })
    }

    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512vl,avx512bf16,avx2,fma")]
    pub(super) unsafe fn avx512_bf16(op: impl PairsOp<f32>) {
        // SAFETY: this function may only be called where they are.
        op.run_pairs(unsafe { Avx512::assume() }, unsafe { Avx512Bf16::assume() })
    }
}
