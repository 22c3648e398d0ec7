//! Vectors for the kernels: AVX-512, AVX2 and plain arrays.
//!
//! A value of [`Avx512`], [`Avx2`] or [`Portable`] proves that the processor has the instructions:
//! only the dispatch of [`crate::kernel`] creates the first two, after detection. So methods that
//! compute are safe, and only methods that dereference a pointer are `unsafe`.

use std::array::from_fn;

/// Vectors of `LANES` numbers, and the sizes of the register tiles.
pub trait Simd<F>: Copy {
    type Vector: Copy;
    type Mask: Copy;
    const LANES: usize;
    /// The accumulators that fit in the registers beside the operands.
    const ACCUMULATORS: usize;
    /// The rows and vectors of a tile of packed panels.
    const TILE: (usize, usize);
    /// Whether `mul_add` rounds once.
    const FUSED: bool;

    fn zero(self) -> Self::Vector;
    fn splat(self, x: F) -> Self::Vector;
    /// `a·b + c`
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Returns the sum of the lanes of each vector.
    fn sums(self, v: [Self::Vector; 4]) -> [F; 4];
    /// Returns the mask of the first `n` lanes, `n <= LANES`.
    fn mask(self, n: usize) -> Self::Mask;

    /// Prefetches the cache line at `p`, which may be any address.
    fn prefetch(self, p: *const F);

    /// Transposes four rows of four numbers.
    ///
    /// # Safety
    /// The rows are readable at `from` and writable at `to`, each one stride after the previous.
    unsafe fn transpose4(self, from: *const F, from_stride: isize, to: *mut F, to_stride: usize);
    /// # Safety
    /// `LANES` numbers are readable at `p`.
    unsafe fn load(self, p: *const F) -> Self::Vector;
    /// Loads the lanes of the mask, and zeros for the others.
    ///
    /// # Safety
    /// The lanes of the mask are readable at `p`.
    unsafe fn load_masked(self, p: *const F, mask: Self::Mask) -> Self::Vector;
    /// # Safety
    /// `LANES` numbers are writable at `p`.
    unsafe fn store(self, p: *mut F, v: Self::Vector);
    /// # Safety
    /// The lanes of the mask are writable at `p`.
    unsafe fn store_masked(self, p: *mut F, mask: Self::Mask, v: Self::Vector);
}

/// Vectors of 128 bits as arrays. The compiler maps them to SSE2, NEON, SIMD128 or scalars.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

/// Whether every processor of the target has a fused multiply-add. Without one, `mul_add` would be
/// a library call.
const FUSED_BASELINE: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

macro_rules! portable {
    ($float:ty, $lanes:literal) => {
        impl Simd<$float> for Portable {
            type Vector = [$float; $lanes];
            type Mask = usize;
            const LANES: usize = $lanes;
            const ACCUMULATORS: usize = 8;
            const TILE: (usize, usize) = (4, 2);
            const FUSED: bool = FUSED_BASELINE;

            #[inline(always)]
            fn zero(self) -> Self::Vector {
                [0.0; $lanes]
            }
            #[inline(always)]
            fn splat(self, x: $float) -> Self::Vector {
                [x; $lanes]
            }
            #[inline(always)]
            fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
                from_fn(
                    |i| if FUSED_BASELINE { a[i].mul_add(b[i], c[i]) } else { a[i] * b[i] + c[i] },
                )
            }
            #[inline(always)]
            fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
                from_fn(|i| a[i] * b[i])
            }
            #[inline(always)]
            fn sums(self, v: [Self::Vector; 4]) -> [$float; 4] {
                v.map(|v| v.iter().sum())
            }
            #[inline(always)]
            fn mask(self, n: usize) -> usize {
                n
            }
            #[inline(always)]
            fn prefetch(self, _: *const $float) {}
            #[inline(always)]
            unsafe fn transpose4(
                self,
                from: *const $float,
                from_stride: isize,
                to: *mut $float,
                to_stride: usize,
            ) {
                for i in 0..4 {
                    for j in 0..4 {
                        // SAFETY: the caller's promise, number by number.
                        unsafe {
                            *to.add(j * to_stride + i) =
                                *from.offset(i as isize * from_stride).add(j)
                        }
                    }
                }
            }
            #[inline(always)]
            unsafe fn load(self, p: *const $float) -> Self::Vector {
                // SAFETY: the caller's promise; an array is as aligned as its elements.
                unsafe { *p.cast() }
            }
            #[inline(always)]
            unsafe fn load_masked(self, p: *const $float, n: usize) -> Self::Vector {
                // SAFETY: the caller's promise, lane by lane.
                from_fn(|i| if i < n { unsafe { *p.add(i) } } else { 0.0 })
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $float, v: Self::Vector) {
                // SAFETY: the caller's promise; an array is as aligned as its elements.
                unsafe { *p.cast() = v }
            }
            #[inline(always)]
            unsafe fn store_masked(self, p: *mut $float, n: usize, v: Self::Vector) {
                for (i, &x) in v.iter().enumerate().take(n) {
                    // SAFETY: the caller's promise, lane by lane.
                    unsafe { *p.add(i) = x }
                }
            }
        }
    };
}

portable!(f32, 4);
portable!(f64, 2);

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512, Avx512Bf16};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::tile::Terms;
    use super::Simd;
    use std::arch::x86_64::*;

    /// Proof that the processor has AVX2 and FMA.
    #[derive(Clone, Copy, Debug)]
    pub struct Avx2(());

    /// Proof that the processor has AVX-512 F, AVX-512 VL, AVX2 and FMA.
    #[derive(Clone, Copy, Debug)]
    pub struct Avx512(());

    impl Avx2 {
        /// # Safety
        /// The processor has AVX2 and FMA.
        pub(crate) unsafe fn assume() -> Self {
            Self(())
        }
    }

    impl Avx512 {
        /// # Safety
        /// The processor has AVX-512 F, AVX-512 VL, AVX2 and FMA.
        pub(crate) unsafe fn assume() -> Self {
            Self(())
        }
    }

    /// Proof that the processor has AVX-512 BF16 besides [`Avx512`].
    #[derive(Clone, Copy, Debug)]
    pub struct Avx512Bf16(());

    impl Avx512Bf16 {
        /// # Safety
        /// The processor has AVX-512 BF16.
        pub(crate) unsafe fn assume() -> Self {
            Self(())
        }
    }

    impl Terms<f32, Avx512> for Avx512Bf16 {
        #[inline(always)]
        fn add(self, _: Avx512, x: __m512, y: __m512, sum: __m512) -> __m512 {
            // SAFETY: `self` proves that the processor has the instruction; the types differ in
            // name only.
            unsafe {
                let x = std::mem::transmute::<__m512, __m512bh>(x);
                let y = std::mem::transmute::<__m512, __m512bh>(y);
                _mm512_dpbf16_ps(sum, x, y)
            }
        }
    }

    macro_rules! x86 {
        (
            $proof:ty, $float:ty, $vector:ty, $lanes:literal, $accumulators:literal, $tile:expr;
            $zero:ident $splat:ident $fma:ident $mul:ident $load:ident $store:ident;
            $mask_type:ty, |$n:ident| $mask:expr,
            |$p:ident, $m:ident| $load_masked:expr, |$q:ident, $k:ident, $v:ident| $store_masked:expr;
            |$s:ident| $sums:expr; |$t:ident| $transposed:expr, $load4:ident $store4:ident
        ) => {
            // SAFETY of every block: `self` proves that the processor has the instruction; what
            // follows a pointer has the promise of its caller, and none of the instructions
            // asks for an alignment.
            impl Simd<$float> for $proof {
                type Vector = $vector;
                type Mask = $mask_type;
                const LANES: usize = $lanes;
                const ACCUMULATORS: usize = $accumulators;
                const TILE: (usize, usize) = $tile;
                const FUSED: bool = true;

                #[inline(always)]
                fn zero(self) -> $vector {
                    unsafe { $zero() }
                }
                #[inline(always)]
                fn splat(self, x: $float) -> $vector {
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                fn mul_add(self, a: $vector, b: $vector, c: $vector) -> $vector {
                    unsafe { $fma(a, b, c) }
                }
                #[inline(always)]
                fn mul(self, a: $vector, b: $vector) -> $vector {
                    unsafe { $mul(a, b) }
                }
                #[inline(always)]
                fn sums(self, $s: [$vector; 4]) -> [$float; 4] {
                    unsafe { $sums }
                }
                #[inline(always)]
                #[allow(unused_unsafe)] // a mask of AVX-512 is a plain number
                fn mask(self, $n: usize) -> $mask_type {
                    unsafe { $mask }
                }
                #[inline(always)]
                fn prefetch(self, p: *const $float) {
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
                }
                #[inline(always)]
                unsafe fn transpose4(
                    self,
                    from: *const $float,
                    from_stride: isize,
                    to: *mut $float,
                    to_stride: usize,
                ) {
                    unsafe {
                        let $t = [
                            $load4(from),
                            $load4(from.offset(from_stride)),
                            $load4(from.offset(from_stride * 2)),
                            $load4(from.offset(from_stride * 3)),
                        ];
                        for (j, column) in $transposed.into_iter().enumerate() {
                            $store4(to.add(j * to_stride), column);
                        }
                    }
                }
                #[inline(always)]
                unsafe fn load(self, p: *const $float) -> $vector {
                    unsafe { $load(p) }
                }
                #[inline(always)]
                unsafe fn load_masked(self, $p: *const $float, $m: $mask_type) -> $vector {
                    unsafe { $load_masked }
                }
                #[inline(always)]
                unsafe fn store(self, p: *mut $float, v: $vector) {
                    unsafe { $store(p, v) }
                }
                #[inline(always)]
                unsafe fn store_masked(self, $q: *mut $float, $k: $mask_type, $v: $vector) {
                    unsafe { $store_masked }
                }
            }
        };
    }

    x86!(
        Avx2, f32, __m256, 8, 12, (6, 2);
        _mm256_setzero_ps _mm256_set1_ps _mm256_fmadd_ps _mm256_mul_ps _mm256_loadu_ps _mm256_storeu_ps;
        __m256i,
        |n| _mm256_cmpgt_epi32(
            _mm256_set1_epi32(n as i32),
            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
        ),
        |p, m| _mm256_maskload_ps(p, m), |p, m, v| _mm256_maskstore_ps(p, m, v);
        |v| {
            let [a, b, c, d] = v;
            let sums = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            let sums = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
            std::mem::transmute::<__m128, [f32; 4]>(sums)
        };
        |r| {
            let (ab, cd) = (_mm_unpacklo_ps(r[0], r[1]), _mm_unpacklo_ps(r[2], r[3]));
            let (ab2, cd2) = (_mm_unpackhi_ps(r[0], r[1]), _mm_unpackhi_ps(r[2], r[3]));
            [
                _mm_movelh_ps(ab, cd),
                _mm_movehl_ps(cd, ab),
                _mm_movelh_ps(ab2, cd2),
                _mm_movehl_ps(cd2, ab2),
            ]
        }, _mm_loadu_ps _mm_storeu_ps
    );
    x86!(
        Avx2, f64, __m256d, 4, 12, (6, 2);
        _mm256_setzero_pd _mm256_set1_pd _mm256_fmadd_pd _mm256_mul_pd _mm256_loadu_pd _mm256_storeu_pd;
        __m256i,
        |n| _mm256_cmpgt_epi64(_mm256_set1_epi64x(n as i64), _mm256_setr_epi64x(0, 1, 2, 3)),
        |p, m| _mm256_maskload_pd(p, m), |p, m, v| _mm256_maskstore_pd(p, m, v);
        |v| {
            let [a, b, c, d] = v;
            let (ab, cd) = (_mm256_hadd_pd(a, b), _mm256_hadd_pd(c, d));
            let sums = _mm256_add_pd(
                _mm256_permute2f128_pd::<0x20>(ab, cd),
                _mm256_permute2f128_pd::<0x31>(ab, cd),
            );
            std::mem::transmute::<__m256d, [f64; 4]>(sums)
        };
        |r| {
            let (ab, cd) = (_mm256_unpacklo_pd(r[0], r[1]), _mm256_unpacklo_pd(r[2], r[3]));
            let (ab2, cd2) = (_mm256_unpackhi_pd(r[0], r[1]), _mm256_unpackhi_pd(r[2], r[3]));
            [
                _mm256_permute2f128_pd::<0x20>(ab, cd),
                _mm256_permute2f128_pd::<0x20>(ab2, cd2),
                _mm256_permute2f128_pd::<0x31>(ab, cd),
                _mm256_permute2f128_pd::<0x31>(ab2, cd2),
            ]
        }, _mm256_loadu_pd _mm256_storeu_pd
    );
    // The sum of the two halves of a vector. These are macros, since a closure is compiled without
    // the instructions of the function around it.
    macro_rules! halves_ps {
        ($v:ident) => {
            _mm256_add_ps(
                _mm512_castps512_ps256($v),
                _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd($v))),
            )
        };
    }
    macro_rules! halves_pd {
        ($v:ident) => {
            _mm256_add_pd(_mm512_castpd512_pd256($v), _mm512_extractf64x4_pd::<1>($v))
        };
    }
    x86!(
        Avx512, f32, __m512, 16, 24, (8, 3);
        _mm512_setzero_ps _mm512_set1_ps _mm512_fmadd_ps _mm512_mul_ps _mm512_loadu_ps _mm512_storeu_ps;
        __mmask16,
        |n| ((1u32 << n) - 1) as __mmask16,
        |p, m| _mm512_maskz_loadu_ps(m, p), |p, m, v| _mm512_mask_storeu_ps(p, m, v);
        |v| {
            let [a, b, c, d] = v;
            let (a, b) = (halves_ps!(a), halves_ps!(b));
            let (c, d) = (halves_ps!(c), halves_ps!(d));
            let sums = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            let sums = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
            std::mem::transmute::<__m128, [f32; 4]>(sums)
        };
        |r| {
            let (ab, cd) = (_mm_unpacklo_ps(r[0], r[1]), _mm_unpacklo_ps(r[2], r[3]));
            let (ab2, cd2) = (_mm_unpackhi_ps(r[0], r[1]), _mm_unpackhi_ps(r[2], r[3]));
            [
                _mm_movelh_ps(ab, cd),
                _mm_movehl_ps(cd, ab),
                _mm_movelh_ps(ab2, cd2),
                _mm_movehl_ps(cd2, ab2),
            ]
        }, _mm_loadu_ps _mm_storeu_ps
    );
    x86!(
        Avx512, f64, __m512d, 8, 24, (8, 3);
        _mm512_setzero_pd _mm512_set1_pd _mm512_fmadd_pd _mm512_mul_pd _mm512_loadu_pd _mm512_storeu_pd;
        __mmask8,
        |n| ((1u32 << n) - 1) as __mmask8,
        |p, m| _mm512_maskz_loadu_pd(m, p), |p, m, v| _mm512_mask_storeu_pd(p, m, v);
        |v| {
            let [a, b, c, d] = v;
            let (a, b) = (halves_pd!(a), halves_pd!(b));
            let (c, d) = (halves_pd!(c), halves_pd!(d));
            let (ab, cd) = (_mm256_hadd_pd(a, b), _mm256_hadd_pd(c, d));
            let sums = _mm256_add_pd(
                _mm256_permute2f128_pd::<0x20>(ab, cd),
                _mm256_permute2f128_pd::<0x31>(ab, cd),
            );
            std::mem::transmute::<__m256d, [f64; 4]>(sums)
        };
        |r| {
            let (ab, cd) = (_mm256_unpacklo_pd(r[0], r[1]), _mm256_unpacklo_pd(r[2], r[3]));
            let (ab2, cd2) = (_mm256_unpackhi_pd(r[0], r[1]), _mm256_unpackhi_pd(r[2], r[3]));
            [
                _mm256_permute2f128_pd::<0x20>(ab, cd),
                _mm256_permute2f128_pd::<0x20>(ab2, cd2),
                _mm256_permute2f128_pd::<0x31>(ab, cd),
                _mm256_permute2f128_pd::<0x31>(ab2, cd2),
            ]
        }, _mm256_loadu_pd _mm256_storeu_pd
    );
}
