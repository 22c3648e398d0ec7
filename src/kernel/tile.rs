//! The inner loops of a product. All of them dereference pointers.

use super::simd::Simd;
use ndarray::NdFloat;

/// `C ← α·A·B + β·C` for a tile of `C` that fits in the registers.
///
/// `A` (rows, depth) has any strides and is read number by number. The rows of `B` (depth, columns)
/// are contiguous. `C` is faster with contiguous rows. If β is 0, `C` is not read.
#[derive(Clone, Copy)]
pub(super) struct Tile<F> {
    pub rows: usize,
    pub columns: usize,
    pub depth: usize,
    pub alpha: F,
    pub beta: F,
    pub a: *const F,
    pub a_strides: (isize, isize),
    pub b: *const F,
    pub b_stride: isize,
    pub c: *mut F,
    pub c_strides: (isize, isize),
    /// The data of the next tile: every step in depth prefetches a cache line of it.
    pub ahead: *const F,
    /// The bytes between two prefetches.
    pub ahead_step: usize,
}

/// What the elements of `A` and `B` are, and how a tile adds their products.
pub trait Terms<F, S: Simd<F>>: Copy {
    /// Adds the products of the lanes of `x` and `y` to `sum`.
    fn add(self, s: S, x: S::Vector, y: S::Vector, sum: S::Vector) -> S::Vector;
}

/// The elements are numbers.
#[derive(Clone, Copy)]
pub(super) struct Numbers;

impl<F, S: Simd<F>> Terms<F, S> for Numbers {
    #[inline(always)]
    fn add(self, s: S, x: S::Vector, y: S::Vector, sum: S::Vector) -> S::Vector {
        s.mul_add(x, y, sum)
    }
}

impl<F: NdFloat> Tile<F> {
    /// # Safety
    /// The matrices lie where the fields say, and nothing else uses `C`. A tile of a packed
    /// product has at most the size `S::TILE`, and whole vectors of `B` can be read; any other
    /// has at most 4 rows (8 rows of one vector) and 4 vectors, and `S::ACCUMULATORS` of them.
    #[inline(always)]
    pub(super) unsafe fn multiply<S: Simd<F>, T: Terms<F, S>, const PACKED: bool>(
        self,
        s: S,
        terms: T,
    ) {
        macro_rules! sizes {
            ($($rows:literal: $($vectors:literal)*;)*) => {
                match (self.rows, self.columns.div_ceil(S::LANES)) {
                    // SAFETY: the caller's promise.
                    $($(($rows, $vectors) => unsafe {
                        self.sized::<S, T, $rows, $vectors, PACKED>(s, terms)
                    },)*)*
                    _ => no_tile(),
                }
            };
        }
        sizes!(1: 1 2 3 4; 2: 1 2 3 4; 3: 1 2 3 4; 4: 1 2 3 4; 5: 1 2 3; 6: 1 2 3; 7: 1 2 3; 8: 1 2 3;);
    }

    #[inline(always)]
    unsafe fn sized<
        S: Simd<F>,
        T: Terms<F, S>,
        const R: usize,
        const V: usize,
        const PACKED: bool,
    >(
        self,
        s: S,
        terms: T,
    ) {
        let (rows, vectors) = match PACKED {
            true => S::TILE,
            false => (if V == 1 { 8 } else { 4 }, 4),
        };
        if R > rows || V > vectors || R * V > S::ACCUMULATORS {
            no_tile();
        }
        for i in 0..R {
            let c = self.c.wrapping_offset(i as isize * self.c_strides.0);
            s.prefetch(c);
            s.prefetch(c.wrapping_add(self.columns - 1));
        }
        let last = self.columns - (V - 1) * S::LANES;
        let mask = s.mask(last);
        // SAFETY: the caller's promise; a whole last vector can be read.
        let sums = unsafe {
            if PACKED || last == S::LANES {
                self.sums::<S, T, R, V, true>(s, terms, mask)
            } else {
                self.sums::<S, T, R, V, false>(s, terms, mask)
            }
        };
        // SAFETY: the caller's promise.
        unsafe {
            if self.c_strides.1 != 1 {
                let mut values = [F::zero(); LARGEST];
                assert!(R * V * S::LANES <= LARGEST);
                for (i, sums) in sums.iter().enumerate() {
                    for (v, &sum) in sums.iter().enumerate() {
                        s.store(values.as_mut_ptr().add((i * V + v) * S::LANES), sum);
                    }
                }
                self.put_apart(&values, V * S::LANES);
            } else if self.beta == F::zero() {
                self.put::<S, R, V, false>(s, &sums, last, mask);
            } else {
                self.put::<S, R, V, true>(s, &sums, last, mask);
            }
        }
    }

    /// `C ← α·sums`, or `C ← α·sums + β·C`.
    #[inline(always)]
    unsafe fn put<S: Simd<F>, const R: usize, const V: usize, const ADD: bool>(
        self,
        s: S,
        sums: &[[S::Vector; V]; R],
        last: usize,
        mask: S::Mask,
    ) {
        let (alpha, beta) = (s.splat(self.alpha), s.splat(self.beta));
        for (i, sums) in sums.iter().enumerate() {
            let row = self.c.wrapping_offset(i as isize * self.c_strides.0);
            for (v, &sum) in sums.iter().enumerate() {
                let c = row.wrapping_add(v * S::LANES);
                let whole = v + 1 < V || last == S::LANES;
                // SAFETY: the columns of row `i < R` of C.
                unsafe {
                    let value = if !ADD {
                        s.mul(alpha, sum)
                    } else {
                        let old = if whole { s.load(c) } else { s.load_masked(c, mask) };
                        s.mul_add(alpha, sum, s.mul(beta, old))
                    };
                    if whole { s.store(c, value) } else { s.store_masked(c, mask, value) }
                }
            }
        }
    }

    /// `C ← α·sums + β·C` for a `C` without contiguous rows.
    #[cold]
    unsafe fn put_apart(self, sums: &[F], width: usize) {
        for (i, sums) in sums.chunks(width).take(self.rows).enumerate() {
            for (j, &sum) in sums.iter().take(self.columns).enumerate() {
                let at = i as isize * self.c_strides.0 + j as isize * self.c_strides.1;
                // SAFETY: element (i, j) of C.
                unsafe {
                    let c = self.c.offset(at);
                    let sum = self.alpha * sum;
                    *c = if self.beta == F::zero() { sum } else { sum + self.beta * *c };
                }
            }
        }
    }
}

#[cold]
#[inline(never)]
fn no_tile() -> ! {
    unreachable!("a tile is at most as large as the registers hold")
}

/// The numbers of the largest tile.
const LARGEST: usize = 24 * 16;

impl<F: NdFloat> Tile<F> {
    /// Computes `A·B` in `R` times `V` registers. The last vector of a row of `B` is read whole or
    /// masked.
    #[inline(always)]
    unsafe fn sums<
        S: Simd<F>,
        T: Terms<F, S>,
        const R: usize,
        const V: usize,
        const WHOLE: bool,
    >(
        &self,
        s: S,
        terms: T,
        mask: S::Mask,
    ) -> [[S::Vector; V]; R] {
        let mut sums = [[s.zero(); V]; R];
        let (mut a, mut b, mut ahead) = (self.a, self.b, self.ahead);
        for _ in 0..self.depth {
            s.prefetch(ahead);
            ahead = ahead.wrapping_byte_add(self.ahead_step);
            let mut row = [s.zero(); V];
            for (v, x) in row.iter_mut().enumerate() {
                // SAFETY: columns of B, the last vector up to the last column.
                *x = unsafe {
                    let at = b.add(v * S::LANES);
                    if WHOLE || v + 1 < V { s.load(at) } else { s.load_masked(at, mask) }
                };
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                // SAFETY: row `i < R` of A.
                let x = s.splat(unsafe { *a.offset(i as isize * self.a_strides.0) });
                for (sum, &y) in sums.iter_mut().zip(&row) {
                    *sum = terms.add(s, x, y, *sum);
                }
            }
            a = a.wrapping_offset(self.a_strides.1);
            b = b.wrapping_offset(self.b_stride);
        }
        sums
    }
}

/// Computes the dot products of `R` rows of `A` with four rows of `Bᵀ`, all of `depth` contiguous
/// numbers.
///
/// Every step prefetches one cache line from `ahead` on; if `ALONE`, four of them, in rows that are
/// `b_stride` apart.
///
/// # Safety
/// The rows lie where the pointers and strides say.
#[inline(always)]
pub(super) unsafe fn dots<F: NdFloat, S: Simd<F>, const R: usize, const ALONE: bool>(
    s: S,
    depth: usize,
    a: *const F,
    a_stride: isize,
    b: [*const F; 4],
    b_stride: isize,
    ahead: *const F,
) -> [[F; 4]; R] {
    if 4 * R > S::ACCUMULATORS {
        no_tile();
    }
    let mut sums = [[s.zero(); 4]; R];
    let whole = depth - depth % S::LANES;
    let a: [_; R] = std::array::from_fn(|i| a.wrapping_offset(i as isize * a_stride));
    let mut at = 0;
    while at < whole {
        if ALONE {
            for q in 0..4 {
                s.prefetch(ahead.wrapping_offset(q * b_stride).wrapping_add(at));
            }
        } else {
            s.prefetch(ahead.wrapping_add(at));
        }
        // SAFETY: `at + LANES <= depth` in each row.
        unsafe {
            let mut x = [s.zero(); R];
            for (x, a) in x.iter_mut().zip(a) {
                *x = s.load(a.add(at));
            }
            for (q, b) in b.iter().enumerate() {
                let y = s.load(b.add(at));
                for (sums, &x) in sums.iter_mut().zip(&x) {
                    sums[q] = s.mul_add(x, y, sums[q]);
                }
            }
        }
        at += S::LANES;
    }
    if whole < depth {
        let mask = s.mask(depth - whole);
        // SAFETY: the lanes of the mask are the rest of each row.
        unsafe {
            let mut y = [s.zero(); 4];
            for (y, b) in y.iter_mut().zip(b) {
                *y = s.load_masked(b.add(whole), mask);
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let x = s.load_masked(a[i].add(whole), mask);
                for (sum, &y) in sums.iter_mut().zip(&y) {
                    *sum = s.mul_add(x, y, *sum);
                }
            }
        }
    }
    let mut totals = [[F::zero(); 4]; R];
    for (total, sums) in totals.iter_mut().zip(sums) {
        *total = s.sums(sums);
    }
    totals
}

/// Copies a matrix of at most `width` columns into a panel of `width` columns, and fills the rest
/// with zeros.
///
/// # Safety
/// The matrix lies where the pointer and the strides say.
#[inline(always)]
pub(super) unsafe fn pack<F: NdFloat, S: Simd<F>>(
    s: S,
    panel: &mut [F],
    width: usize,
    (rows, columns): (usize, usize),
    source: *const F,
    strides: (isize, isize),
) {
    assert!(panel.len() == rows * width && columns <= width);
    if strides.1 == 1 {
        for (k, to) in panel.chunks_exact_mut(width).enumerate() {
            // SAFETY: row `k` of the matrix.
            let from = unsafe {
                std::slice::from_raw_parts(source.offset(k as isize * strides.0), columns)
            };
            if columns == width {
                to.copy_from_slice(from); // the compiler knows this length
            } else {
                to[..columns].copy_from_slice(from);
                to[columns..].fill(F::zero());
            }
        }
        return;
    }
    // Blocks of 4 x 4 if the columns are contiguous, and single numbers for the rest.
    let fours = |len: usize| if strides.0 == 1 { len - len % 4 } else { 0 };
    for j in (0..fours(columns)).step_by(4) {
        for k in (0..fours(rows)).step_by(4) {
            // SAFETY: elements (k..k + 4, j..j + 4) of the matrix and of the panel.
            unsafe {
                let from = source.offset(k as isize + j as isize * strides.1);
                s.transpose4(from, strides.1, panel.as_mut_ptr().add(k * width + j), width);
            }
        }
    }
    for j in 0..columns {
        let done = if j < fours(columns) { fours(rows) } else { 0 };
        for k in done..rows {
            // SAFETY: element (k, j) of the matrix.
            panel[k * width + j] =
                unsafe { *source.offset(k as isize * strides.0 + j as isize * strides.1) };
        }
    }
    if columns < width {
        for row in panel.chunks_exact_mut(width) {
            row[columns..].fill(F::zero());
        }
    }
}
