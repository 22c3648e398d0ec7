//! Products of matrices. Every product of the crate goes through this module.
//!
//! Shape and strides determine the strategy:
//!
//! | strategy | method | used for |
//! |---|---|---|
//! | rows | reads `B` in place, a few rows of `C` at a time | few rows or columns |
//! | dots | dot products of rows of `A` and columns of `B` | few rows or columns, long sums |
//! | packed | copies blocks of `A` and `B` in the order of use | everything else |
//!
//! With few columns of `C`, vectors along its rows would be partly empty. Then the large operand is
//! read in place, along its contiguous numbers: by *dots* with a copy of the small operand, or by
//! *rows* of the transposed product, on a copy of `C`.
//!
//! The order of a sum depends on the strategy and the depth only: *rows* and *packed* add the
//! products in order, in blocks of a fixed length; *dots* adds them lane by lane, in blocks of
//! another fixed length. So tiles, panels and threads do not change a bit of `C`.
//!
//! [`packed`](super::packed) has the strategy *packed*.

use super::elementwise::{self, Add};
use super::packed::run_packed;
use super::simd::Simd;
use super::tile::{Numbers, Tile, dots, pack};
use super::{CACHE_LINE, Isa, Kernel, LEAST_SCRATCH, Op, threads};
use ndarray::ArrayRef2;

/// A matrix in memory: its address, shape, and strides of rows and columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix<F> {
    pub at: *const F,
    pub rows: usize,
    pub columns: usize,
    pub strides: (isize, isize),
}

impl<F> Matrix<F> {
    /// Takes a stride of 1 along an axis of one element, so that it counts as contiguous.
    fn new(at: *const F, (rows, columns): (usize, usize), strides: &[isize]) -> Self {
        let step = |len, stride| if len == 1 { 1 } else { stride };
        Self { at, rows, columns, strides: (step(rows, strides[0]), step(columns, strides[1])) }
    }

    pub(super) fn from_array(matrix: &ArrayRef2<F>) -> Self {
        Self::new(matrix.as_ptr(), matrix.dim(), matrix.strides())
    }

    fn from_array_mut(matrix: &mut ArrayRef2<F>) -> Self {
        Self::new(matrix.as_mut_ptr(), matrix.dim(), matrix.strides())
    }

    #[inline(always)]
    pub(super) fn element(&self, row: usize, column: usize) -> *const F {
        self.at.wrapping_offset(row as isize * self.strides.0 + column as isize * self.strides.1)
    }

    #[inline(always)]
    pub(super) fn has_contiguous_rows(&self) -> bool {
        self.strides.1 == 1
    }

    /// Copies the elements of another matrix of this shape, column by column.
    ///
    /// # Safety
    /// Both matrices lie where the fields say, and nothing else uses this one.
    #[inline(always)]
    unsafe fn assign(self, from: Self)
    where
        F: Copy,
    {
        for j in 0..self.columns {
            for i in 0..self.rows {
                // SAFETY: an element of each matrix.
                unsafe { *self.element(i, j).cast_mut() = *from.element(i, j) }
            }
        }
    }

    pub(super) fn cut_rows(self, at: usize) -> (Self, Self) {
        let below = Self { at: self.element(at, 0), rows: self.rows - at, ..self };
        (Self { rows: at, ..self }, below)
    }

    #[inline(always)]
    pub(super) fn transposed(self) -> Self {
        let (rows, columns, strides) = (self.columns, self.rows, (self.strides.1, self.strides.0));
        Self { at: self.at, rows, columns, strides }
    }
}

/// The way to compute a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    Rows,
    /// *Rows* for `Cᵀ = Bᵀ·Aᵀ`.
    RowsTransposed,
    Dots,
    Packed,
}

// The thresholds of `Strategy::for_product`, measured in benches/strategies.md.

/// The most rows of `C`, or products in a sum, for which packing does not pay.
const FEW_ROWS: usize = 64;
const FEW_PRODUCTS: usize = 8;
/// The most bytes in a row of `C` for which packing does not pay: if `A` would be packed too, and
/// if not. In the second case `C` must have at most `SMALL` rows.
const SHORT_ROW: usize = 192;
const SHORTER_ROW: usize = 96;
const SMALL: usize = 256;
/// The most rows or columns of `C` for which *dots* pays. Longer sums allow more of them, as long
/// as they stay in the second-level cache.
const FEW_DOTS: usize = 64;
const DOTS_BYTES: usize = 192 << 10;
/// The bytes of a vector of AVX-512. *Rows* and *packed* compute whole vectors of a row of `C`.
const VECTOR: usize = 64;
/// The longest side of `C`. A longer product is cut, so that indices can be multiplied without
/// overflow.
const LONGEST: usize = 1 << 31;
/// Threads cut `C` at multiples of this number of rows or columns: a cache line of `f32`.
const CUT: usize = 16;

impl Strategy {
    /// Returns the strategy for a product of these operands.
    pub(crate) fn choose<F>(a: &ArrayRef2<F>, b: &ArrayRef2<F>, c: &ArrayRef2<F>) -> Self {
        Self::for_product(&Matrix::from_array(a), &Matrix::from_array(b), &Matrix::from_array(c))
    }

    fn for_product<F>(a: &Matrix<F>, b: &Matrix<F>, c: &Matrix<F>) -> Self {
        let (products, few) = (a.columns, c.rows.min(c.columns));
        let by_rows = b.strides.1 == 1 && c.strides.1 == 1;
        let by_columns = a.strides.0 == 1 && (c.strides.0 == 1 || products <= SEGMENT);
        let (a_along, b_along) = (a.strides.1 == 1, b.strides.0 == 1);
        let cached = |few: usize| products <= DOTS_BYTES / size_of::<F>() / few.max(1);
        let in_place = a_along && b_along && few <= FEW_DOTS && products >= 12 + 4 * few;
        let copied = |few| wastes_lanes::<F>(few) && products >= 12 * few && cached(few);
        let by_dots = (in_place && cached(few))
            || (a_along && copied(c.columns))
            || (b_along && copied(c.rows));
        let turned = c.columns == 1 || (wastes_lanes::<F>(c.columns) && products >= 6 * c.columns);
        let row = c.columns * size_of::<F>();
        let short = if a.has_contiguous_rows() {
            row <= SHORTER_ROW && c.rows <= SMALL
        } else {
            row <= SHORT_ROW
        };
        let flat = c.rows <= FEW_ROWS || short;
        if (a_along && b_along && c.columns == 1) || by_dots {
            Strategy::Dots
        } else if by_columns && turned {
            Strategy::RowsTransposed
        } else if by_rows && (flat || products <= FEW_PRODUCTS) {
            Strategy::Rows
        } else {
            Strategy::Packed
        }
    }
}

/// Whether *dots* suits a product with few columns of `C`, for any number of rows.
pub(crate) fn dots_suit<F>(columns: usize, products: usize) -> bool {
    wastes_lanes::<F>(columns) && products >= 12 + 4 * columns
}

/// Whether whole vectors would compute much more than `few` numbers.
fn wastes_lanes<F>(few: usize) -> bool {
    let computed = few.next_multiple_of(VECTOR / size_of::<F>());
    few <= FEW_DOTS && few + few / 4 <= computed
}

/// `C ← A·B`. The caller has checked the shapes.
pub(crate) fn matmul_into<F: Kernel>(a: &ArrayRef2<F>, b: &ArrayRef2<F>, c: &mut ArrayRef2<F>) {
    gemm(F::one(), a, b, F::zero(), c);
}

/// `C ← α·A·B`. The caller has checked the shapes.
pub(crate) fn scaled_matmul_into<F: Kernel>(
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    c: &mut ArrayRef2<F>,
) {
    gemm(alpha, a, b, F::zero(), c);
}

/// `C ← α·A·B + β·C`. If β is 0, the numbers in `C` are not read. The caller has checked the
/// shapes.
pub(crate) fn gemm<F: Kernel>(
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &mut ArrayRef2<F>,
) {
    if a.ncols() == 0 {
        return c.mapv_inplace(|c| if beta == F::zero() { beta } else { beta * c });
    }
    gemm_in(Strategy::choose(a, b, c), alpha, a, b, beta, c);
}

/// [`gemm`] in this strategy.
fn gemm_in<F: Kernel>(
    strategy: Strategy,
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &mut ArrayRef2<F>,
) {
    #[cfg(feature = "blas")]
    if strategy == Strategy::Packed {
        return ndarray::linalg::general_mat_mul(alpha, a, b, beta, c);
    }
    Product::new(strategy, alpha, a, b, beta, c).run();
}

/// [`gemm`] in this strategy, for a part of a larger product.
pub(crate) fn gemm_by<F: Kernel>(
    strategy: Strategy,
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &mut ArrayRef2<F>,
) {
    Product::new(strategy, alpha, a, b, beta, c).run_here();
}

/// `C ← A·B` in this strategy. The caller has checked the shapes.
pub(crate) fn matmul_by<F: Kernel>(
    strategy: Strategy,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    c: &mut ArrayRef2<F>,
) {
    gemm_in(strategy, F::one(), a, b, F::zero(), c);
}

/// [`gemm`] with these instructions, in this number of parts.
#[cfg(test)]
pub(crate) fn gemm_with<F: Kernel>(
    isa: Isa,
    parts: usize,
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &mut ArrayRef2<F>,
) {
    let strategy = Strategy::choose(a, b, c);
    Product { isa, ..Product::new(strategy, alpha, a, b, beta, c) }.run_in(parts);
}

/// `C ← A·B` with these instructions, in this strategy.
#[cfg(test)]
pub(crate) fn gemm_in_strategy<F: Kernel>(
    isa: Isa,
    strategy: Strategy,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    c: &mut ArrayRef2<F>,
) {
    Product { isa, ..Product::new(strategy, F::one(), a, b, F::zero(), c) }.run_here();
}

/// A product to compute: `C ← α·A·B + β·C`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<F> {
    pub(super) isa: Isa,
    pub(super) alpha: F,
    pub(super) a: Matrix<F>,
    pub(super) b: Matrix<F>,
    beta: F,
    pub(super) c: Matrix<F>,
    strategy: Strategy,
}

// SAFETY: a product reads A and B, and the parts that go to different threads write different
// elements of C.
unsafe impl<F: Sync + Send> Send for Product<F> {}

impl<F: Kernel> Product<F> {
    #[inline(never)]
    pub(crate) fn new(
        strategy: Strategy,
        alpha: F,
        a: &ArrayRef2<F>,
        b: &ArrayRef2<F>,
        beta: F,
        c: &mut ArrayRef2<F>,
    ) -> Self {
        assert!(a.nrows() == c.nrows() && a.ncols() == b.nrows() && b.ncols() == c.ncols());
        let (a, b, c) = (Matrix::from_array(a), Matrix::from_array(b), Matrix::from_array_mut(c));
        Self { isa: Isa::current(), alpha, a, b, beta, c, strategy }
    }

    /// `C ← A·B` for a `B` that is packed elsewhere. Here it has a shape only and must not be read:
    /// a `PackedProduct` runs it.
    pub(super) fn with_packed(isa: Isa, a: &ArrayRef2<F>, c: &mut ArrayRef2<F>) -> Self {
        let (a, c) = (Matrix::from_array(a), Matrix::from_array_mut(c));
        let b =
            Matrix { at: std::ptr::null(), rows: a.columns, columns: c.columns, strides: (0, 0) };
        let strategy = Strategy::Packed;
        Self { isa, alpha: F::one(), a, b, beta: F::zero(), c, strategy }
    }

    /// Computes the product on as many threads as pay.
    fn run(self) {
        let (rows, depth, columns) = (self.c.rows, self.a.columns, self.c.columns);
        let sizes = [(rows, depth), (depth, columns), (rows, columns)];
        let elements = sizes
            .iter()
            .fold(0, |sum: usize, size| sum.saturating_add(size.0.saturating_mul(size.1)));
        self.run_in(threads::parts(rows.saturating_mul(depth).saturating_mul(columns), elements));
    }

    /// Computes the product in this number of parts, cut along the longer side of `C`.
    fn run_in(self, parts: usize) {
        let (rows, columns) = (self.c.rows, self.c.columns);
        if rows == 0 || columns == 0 {
            return;
        }
        let (first, longer) = (parts / 2, rows.max(columns));
        let cut = (longer / parts.max(1) * first).next_multiple_of(CUT);
        if parts < 2 || cut >= longer {
            return self.run_here();
        }
        let (left, right) = self.cut_longer(cut);
        threads::join(move || left.run_in(first), move || right.run_in(parts - first));
    }

    /// Computes the product on this thread.
    #[inline(never)]
    pub(crate) fn run_here(self) {
        let isa = self.isa;
        if self.c.rows.max(self.c.columns) > LONGEST {
            let (first, rest) = self.cut_longer(LONGEST);
            first.run_here();
            return rest.run_here();
        }
        match self.strategy {
            Strategy::Rows if !self.c.has_contiguous_rows() => return self.rows_of_copy(),
            Strategy::Rows if self.a.columns > SEGMENT => return self.by_segments(),
            Strategy::RowsTransposed => {
                return Self { strategy: Strategy::Rows, ..self.transposed() }.run_here();
            }
            Strategy::Rows => return F::dispatch(isa, self),
            Strategy::Dots => return self.run_dots(),
            Strategy::Packed => {}
        }
        let product = if self.c.strides.1 == 1 { self } else { self.transposed() };
        run_packed(product);
    }

    /// Runs *rows* on a copy of `C`, whose rows are contiguous.
    fn rows_of_copy(self) {
        let rows = self.c.rows;
        let most = LEAST_SCRATCH / size_of::<F>() / rows;
        F::with_scratch(rows * most.min(self.c.columns), |copy| {
            for (j, columns) in pieces(self.c.columns, most) {
                let block = self.block_of((0, rows), (j, columns), (0, self.a.columns));
                let strides = (columns as isize, 1);
                let c = Matrix { at: copy.as_mut_ptr().cast_const(), strides, ..block.c };
                // SAFETY: the scratch has the size of a block, and no one else writes to C.
                unsafe {
                    if self.beta != F::zero() {
                        c.assign(block.c);
                    }
                    Self { c, ..block }.run_here();
                    block.c.assign(c);
                }
            }
        });
    }

    /// Runs *dots* with the long operand as `B`, which is read in place.
    fn run_dots(self) {
        let (a_along, b_along) = (self.a.strides.1 == 1, self.b.strides.0 == 1);
        let turned = if a_along == b_along { self.c.columns < self.c.rows } else { a_along };
        let product = if turned { self.transposed() } else { self };
        if product.a.has_contiguous_rows() {
            return F::dispatch(self.isa, Dots { product, copy: &mut [] });
        }
        let length = product.a.rows * product.a.columns.min(dots_block::<F>());
        F::with_scratch(length, |copy| F::dispatch(self.isa, Dots { product, copy }));
    }

    /// Adds the products of segments of `A` and `B` in order, one block of `C` at a time, so that a
    /// small scratch holds the partial sums.
    fn by_segments(self) {
        let (columns, depth) = (self.c.columns.min(SEGMENT_COLUMNS), self.a.columns);
        let rows = self.c.rows.min(SEGMENT_BLOCK / columns);
        F::with_scratch(rows * columns, |sum| {
            for (i, rows) in pieces(self.c.rows, rows) {
                for (j, columns) in pieces(self.c.columns, columns) {
                    let block = self.block_of((i, rows), (j, columns), (0, depth));
                    block.add_segments(&mut sum[..rows * columns]);
                }
            }
        });
    }

    /// Computes `C` from all segments of the sums; `partial` has the size of `C`.
    fn add_segments(self, partial: &mut [F]) {
        let c = self.c;
        let strides = (c.columns as isize, 1);
        let partial_c = Matrix { at: partial.as_mut_ptr().cast_const(), strides, ..c };
        for (k, depth) in pieces(self.a.columns, SEGMENT) {
            let segment = self.block_of((0, c.rows), (0, c.columns), (k, depth));
            if k == 0 {
                segment.run_here();
                continue;
            }
            Self { c: partial_c, beta: F::zero(), ..segment }.run_here();
            for (i, partial) in partial.chunks_exact(c.columns).enumerate() {
                // SAFETY: row `i` of C, which is contiguous here and nobody else's.
                let row = unsafe {
                    std::slice::from_raw_parts_mut(c.element(i, 0).cast_mut(), c.columns)
                };
                elementwise::zip_map_slices(Add, row, partial);
            }
        }
    }

    /// Returns the product of a block of rows of `A` and columns of `B`, over a part of the depth.
    fn block_of(
        self,
        (i, rows): (usize, usize),
        (j, columns): (usize, usize),
        (k, depth): (usize, usize),
    ) -> Self {
        let Self { a, b, c, .. } = self;
        Self {
            a: Matrix { at: a.element(i, k), rows, columns: depth, ..a },
            b: Matrix { at: b.element(k, j), rows: depth, columns, ..b },
            c: Matrix { at: c.element(i, j), rows, columns, ..c },
            ..self
        }
    }

    /// Cuts the product along the longer side of `C`.
    fn cut_longer(self, at: usize) -> (Self, Self) {
        if self.c.rows > self.c.columns { self.cut_rows(at) } else { self.cut_columns(at) }
    }

    pub(super) fn cut_rows(self, at: usize) -> (Self, Self) {
        let (a, c) = (self.a.cut_rows(at), self.c.cut_rows(at));
        (Self { a: a.0, c: c.0, ..self }, Self { a: a.1, c: c.1, ..self })
    }

    pub(super) fn cut_columns(self, at: usize) -> (Self, Self) {
        let (left, right) = self.transposed().cut_rows(at);
        (left.transposed(), right.transposed())
    }

    /// `Cᵀ = Bᵀ·Aᵀ`
    #[inline(always)]
    pub(super) fn transposed(self) -> Self {
        let (a, b, c) = (self.b.transposed(), self.a.transposed(), self.c.transposed());
        Self { a, b, c, ..self }
    }
}

/// A product by *rows*.
impl<F: Kernel> Op<F> for Product<F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<F>>(self, s: S) {
        // SAFETY: the matrices were borrowed from arrays of these shapes and strides.
        unsafe { self.by_rows(s) }
    }
}

/// A product by *dots*. `A` is copied in blocks, unless its rows are contiguous.
struct Dots<'a, F> {
    product: Product<F>,
    copy: &'a mut [F],
}

impl<F: Kernel> Op<F> for Dots<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<F>>(self, s: S) {
        let Dots { product, copy } = self;
        let a = product.a;
        for (k, depth) in pieces(a.columns, dots_block::<F>()) {
            let most = if a.has_contiguous_rows() { a.rows } else { copy.len() / depth };
            for (i, rows) in pieces(a.rows, most) {
                let mut block = Matrix { at: a.element(i, k), rows, columns: depth, ..a };
                // SAFETY: the matrices were borrowed from arrays of these shapes and strides, and
                // the copy of a block is read where it was written.
                unsafe {
                    if !a.has_contiguous_rows() {
                        let copy = &mut copy[..rows * depth];
                        pack(s, copy, depth, (rows, depth), block.at, a.strides);
                        block = Matrix { at: copy.as_ptr(), strides: (depth as isize, 1), ..block };
                    }
                    product.dots(s, block, (i, k));
                }
            }
        }
    }
}

/// The products in a sum of *rows* before it is added to `C`. There are fewer than in *packed*, since
/// unaligned rows of `B` take more of the cache.
pub(crate) const ROWS_DEPTH: usize = 64;
/// The products in a segment, whose sum is added to the other segments. So another thread, or a
/// pass over `X`, can compute a part of a long sum.
pub(crate) const SEGMENT: usize = 2048;
/// The most columns and elements of a block of `C` in which segments are added.
const SEGMENT_COLUMNS: usize = 256;
const SEGMENT_BLOCK: usize = 16_384;
/// The products in a sum of *dots*, which has a partial sum for each lane.
pub(crate) const fn dots_block<F>() -> usize {
    8192 / size_of::<F>()
}

/// Cuts `len` into pieces of `size`, and returns the start and length of each.
#[inline(always)]
pub(super) fn pieces(len: usize, size: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    (0..len).step_by(size).map(move |start| (start, size.min(len - start)))
}

/// Cuts `len` (at most [`LONGEST`]) into the fewest pieces of at most `most`, as even as
/// possible.
#[inline(always)]
pub(super) fn evenly(len: usize, most: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    let count = len.div_ceil(most);
    (0..count).map(move |i| (piece(i, len, count), piece(i + 1, len, count) - piece(i, len, count)))
}

/// Returns where the piece `i` of `count` even ones starts.
#[inline(always)]
pub(super) fn piece(i: usize, len: usize, count: usize) -> usize {
    (i as u64 * len as u64 / count as u64) as usize
}

impl<F: Kernel> Product<F> {
    /// Returns β for the block that starts at `k`: only the first block scales `C`, the others add.
    #[inline(always)]
    pub(super) fn beta_at(&self, k: usize) -> F {
        if k == 0 { self.beta } else { F::one() }
    }

    /// # Safety
    /// The matrices lie where the fields say, and the rows of `B` and `C` are contiguous.
    #[inline(always)]
    unsafe fn by_rows<S: Simd<F>>(self, s: S) {
        let (rows, columns) = (self.c.rows, self.c.columns);
        // A single vector in each row needs more rows, or the processor would wait for its sums.
        let most = if columns <= S::LANES { 8 } else { 4 };
        let tallest = rows.div_ceil(rows.div_ceil(most));
        let widest = (S::ACCUMULATORS / tallest).min(4);
        for (k, depth) in pieces(self.a.columns, ROWS_DEPTH) {
            let mut ahead = self.b.element(k + depth, 0);
            for (v, vectors) in evenly(columns.div_ceil(S::LANES), widest) {
                let j = v * S::LANES;
                for (i, rows) in evenly(rows, tallest) {
                    let tile = Tile {
                        rows,
                        columns: (vectors * S::LANES).min(columns - j),
                        depth,
                        alpha: self.alpha,
                        beta: self.beta_at(k),
                        a: self.a.element(i, k),
                        a_strides: self.a.strides,
                        b: self.b.element(k, j),
                        b_stride: self.b.strides.0,
                        c: self.c.element(i, j).cast_mut(),
                        c_strides: self.c.strides,
                        ahead,
                        ahead_step: CACHE_LINE,
                    };
                    ahead = ahead.wrapping_byte_add(depth * CACHE_LINE);
                    // SAFETY: a part of the three matrices.
                    unsafe { tile.multiply::<S, Numbers, false>(s, Numbers) }
                }
            }
        }
    }

    /// Adds the products with a block of `A`, which starts at row `i` and column `k`.
    ///
    /// # Safety
    /// The matrices lie where the fields say; the rows of the block and the columns of `B` are
    /// contiguous.
    #[inline(always)]
    unsafe fn dots<S: Simd<F>>(&self, s: S, a: Matrix<F>, (first, k): (usize, usize)) {
        for (j, columns) in pieces(self.c.columns, 4) {
            // Past the last column the last one is read again, and ignored.
            let b = [0, 1, 2, 3].map(|q| self.b.element(k, j + q.min(columns - 1)));
            let b_stride = self.b.strides.1;
            let mut ahead = b[0].wrapping_offset(4 * b_stride);
            for (i, rows) in evenly(a.rows, S::ACCUMULATORS / 4) {
                let (row, stride) = (a.element(i, 0), a.strides.0);
                macro_rules! dots {
                    ($rows:literal, $alone:literal) => {
                        self.put((first + i, j), columns, k, {
                            dots::<F, S, $rows, $alone>(
                                s, a.columns, row, stride, b, b_stride, ahead,
                            )
                        })
                    };
                }
                // SAFETY: rows of A and columns of B.
                unsafe {
                    match rows {
                        1 => dots!(1, true),
                        2 => dots!(2, false),
                        3 => dots!(3, false),
                        4 => dots!(4, false),
                        5 => dots!(5, false),
                        _ => dots!(6, false),
                    }
                }
                ahead = ahead.wrapping_add(a.columns);
            }
        }
    }

    #[inline(always)]
    unsafe fn put<const R: usize>(
        &self,
        (i, j): (usize, usize),
        columns: usize,
        k: usize,
        sums: [[F; 4]; R],
    ) {
        let beta = self.beta_at(k);
        for (r, sums) in sums.iter().enumerate() {
            if columns == 4 && self.c.strides.1 == 1 && beta == F::zero() {
                let row = self.c.element(i + r, j).cast_mut().cast::<[F; 4]>();
                // SAFETY: four neighbors in a row of C; an array is as aligned as its elements.
                unsafe { *row = sums.map(|sum| self.alpha * sum) }
                continue;
            }
            for (q, &sum) in sums.iter().enumerate().take(columns) {
                // SAFETY: an element of C.
                unsafe {
                    let c = self.c.element(i + r, j + q).cast_mut();
                    *c = if beta == F::zero() {
                        self.alpha * sum
                    } else {
                        self.alpha * sum + beta * *c
                    };
                }
            }
        }
    }
}
