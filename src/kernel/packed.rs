//! The strategy *packed*: blocks of `B` are copied to panels in the order of use.
//!
//! A panel has a few vectors of columns of `B`, for one block of the depth. A matrix that does not
//! change can be packed once, as a [`PackedMatrix`]; a product with it skips the copy.
//!
//! Source: Goto & van de Geijn (2008).

use super::bf16::{PairsOp, isa_of_pairs};
use super::product::{Matrix, Product, evenly, piece, pieces};
use super::simd::Simd;
use super::tile::{Numbers, Terms, Tile, pack};
use super::{CACHE_LINE, Isa, Kernel, Op, threads};
use ndarray::ArrayRef2;

/// The products in a sum before it is added to `C`.
const DEPTH: usize = 520;
/// The bytes of a row of the packed block of `B`, which stays in the last-level cache.
const WIDE: usize = 8192;
/// The rows of the packed block of `A`, which stays in the second-level cache.
const TALL: usize = 192;

/// Cuts a depth of any length into even blocks of at most [`DEPTH`].
pub(super) fn depth_blocks(depth: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = depth.div_ceil(DEPTH);
    let start = move |i: usize| (i as u128 * depth as u128 / count as u128) as usize;
    (0..count).map(move |i| (start(i), start(i + 1) - start(i)))
}

/// Cuts the columns of `B` into panels of whole vectors: the fewest panels, as even as possible. A
/// panel of a single vector would make the processor wait for its sums.
#[inline(always)]
fn panels<F, S: Simd<F>>(columns: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    evenly(columns.div_ceil(S::LANES), S::TILE.1)
        .map(move |(v, vectors)| (v * S::LANES, (vectors * S::LANES).min(columns - v * S::LANES)))
}

/// The sizes of the packed blocks.
struct Blocks {
    rows: usize,
    columns: usize,
    depth: usize,
    /// Whether `A` is copied. Reading a contiguous row number by number costs no more than reading
    /// its copy.
    copies_a: bool,
    /// Whether `B` is copied.
    copies_b: bool,
}

impl Blocks {
    #[inline(always)]
    fn of<F: Kernel, S: Simd<F>>(product: &Product<F>, copies_b: bool) -> Self {
        let (tile_rows, vectors) = S::TILE;
        let width = vectors * S::LANES;
        let columns = if copies_b { product.c.columns.min(WIDE / size_of::<F>()) } else { 0 };
        Self {
            rows: TALL.min(product.c.rows).next_multiple_of(tile_rows),
            columns: columns.next_multiple_of(width),
            depth: DEPTH.min(product.a.columns),
            copies_a: !product.a.has_contiguous_rows(),
            copies_b,
        }
    }

    /// Returns [`of`](Self::of), or one panel of each matrix if the scratch has no room for more.
    #[inline(always)]
    fn within<F: Kernel, S: Simd<F>>(product: &Product<F>, copies_b: bool, room: usize) -> Self {
        let blocks = Self::of::<F, S>(product, copies_b);
        if blocks.scratch() <= room {
            return blocks;
        }
        let (tile_rows, vectors) = S::TILE;
        let columns = if copies_b { vectors * S::LANES } else { 0 };
        Self { rows: tile_rows, columns, ..blocks }
    }

    /// Returns the number of elements of the packed blocks.
    #[inline(always)]
    fn scratch(&self) -> usize {
        (self.columns + if self.copies_a { self.rows } else { 0 }) * self.depth
    }
}

/// Computes the length of the scratch of [`Packed`].
struct ScratchLength<'a, F> {
    product: &'a Product<F>,
    copies_b: bool,
}

impl<F: Kernel> Op<F> for ScratchLength<'_, F> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd<F>>(self, _: S) -> usize {
        Blocks::of::<F, S>(self.product, self.copies_b).scratch()
    }
}

/// Runs *packed*. The rows of `C` are contiguous.
pub(super) fn run_packed<F: Kernel>(product: Product<F>) {
    let length = F::dispatch(product.isa, ScratchLength { product: &product, copies_b: true });
    F::with_scratch(length, |scratch| {
        F::dispatch(product.isa, Packed { product, ready: None, scratch });
    });
}

/// A product by *packed*.
struct Packed<'a, F> {
    product: Product<F>,
    /// The panels of `B`, if they are packed already.
    ready: Option<Panels<'a, F>>,
    /// The memory for blocks of `B` and `A`.
    scratch: &'a mut [F],
}

impl<F: Kernel> Op<F> for Packed<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<F>>(self, s: S) {
        let Packed { product, ready, scratch } = self;
        let tile_rows = S::TILE.0;
        let blocks = Blocks::within::<F, S>(&product, ready.is_none(), scratch.len());
        let (b_panels, a_panels) = scratch.split_at_mut(blocks.columns * blocks.depth);
        let Product { a, b, c, .. } = product;
        let widest = if blocks.copies_b { blocks.columns } else { c.columns };
        for (j, columns) in pieces(c.columns, widest) {
            let (all, first, pairs) = match &ready {
                Some(ready) => (ready.matrix.columns, ready.first, ready.matrix.pairs),
                None => (columns, 0, false),
            };
            for (k, depth) in depth_blocks(a.columns) {
                // SAFETY: the product was made of arrays; what is packed and multiplied are
                // parts of them.
                unsafe {
                    let b_panels = match &ready {
                        Some(ready) => ready.matrix.block(k, depth),
                        None => {
                            let block = Matrix { at: b.element(k, j), rows: depth, columns, ..b };
                            let panels = panels::<F, S>(columns);
                            pack_panels(s, b_panels, S::LANES, block, panels);
                            &*b_panels
                        }
                    };
                    for (i, rows) in pieces(c.rows, blocks.rows) {
                        let mut block = Matrix { at: a.element(i, k), rows, columns: depth, ..a };
                        if blocks.copies_a {
                            let panels = pieces(rows, tile_rows);
                            pack_panels(s, a_panels, tile_rows, block.transposed(), panels);
                            let strides = (depth as isize, 1);
                            block = Matrix { at: a_panels.as_ptr(), strides, ..block };
                        }
                        let c = Matrix { at: c.element(i, j), rows, columns, ..c };
                        let (alpha, beta) = (product.alpha, product.beta_at(k));
                        let copied = blocks.copies_a;
                        let mut panel = Panel { alpha, a: block, copied, b: b_panels, beta, c };
                        let mut done = 0;
                        for (start, columns) in panels::<F, S>(all).skip(first) {
                            let width = columns.next_multiple_of(S::LANES);
                            panel.b = &b_panels[start * depth..][..width * depth];
                            panel.c = Matrix { at: c.element(0, done), columns, ..c };
                            if pairs {
                                F::dispatch_pairs(product.isa, panel);
                            } else {
                                F::dispatch(product.isa, panel);
                            }
                            done += columns;
                            if done == c.columns {
                                break;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `C ← α·A·B + β·C` for a block of rows of `A` and a panel of `B`.
///
/// It is an operation of its own, because the compiler runs out of registers where it optimizes
/// the tiles together with the loops around them.
#[derive(Clone, Copy)]
struct Panel<'b, F> {
    alpha: F,
    a: Matrix<F>,
    /// Whether `A` has been copied to panels. Its rows are then as far apart as they are long.
    copied: bool,
    b: &'b [F],
    beta: F,
    c: Matrix<F>,
}

impl<F: Kernel> Op<F> for Panel<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<F>>(self, s: S) {
        self.multiply(s, Numbers);
    }
}

impl<F: Kernel> PairsOp<F> for Panel<'_, F> {
    #[inline(always)]
    fn run_pairs<S: Simd<F>, T: Terms<F, S>>(self, s: S, pairs: T) {
        self.multiply(s, pairs);
    }
}

impl<F: Kernel> Panel<'_, F> {
    #[inline(always)]
    fn multiply<S: Simd<F>, T: Terms<F, S>>(self, s: S, terms: T) {
        let Self { alpha, a, copied, b, beta, c } = self;
        let (tile_rows, depth, columns) = (S::TILE.0, a.columns, c.columns);
        let (tiles, width) = (a.rows.div_ceil(tile_rows), columns.next_multiple_of(S::LANES));
        assert!(b.len() == width * depth);
        let (b, next_b) = (b.as_ptr(), b.as_ptr().wrapping_add(b.len()));
        for t in 0..tiles {
            // A copy has panels of `tile_rows` rows; other rows are cut evenly.
            let (i, end) = if copied {
                (t * tile_rows, a.rows.min((t + 1) * tile_rows))
            } else {
                (t * a.rows / tiles, (t + 1) * a.rows / tiles)
            };
            // A copied panel of A is prefetched during the one before it, and the next panel of B
            // during the others. A single tile prefetches nothing: the processor follows one long
            // stream better by itself.
            let (ahead, ahead_step) = if copied && t + 1 < tiles {
                (a.element(end, 0), tile_rows * size_of::<F>())
            } else if tiles > 1 {
                (next_b.wrapping_add(t * S::LANES % width), width * size_of::<F>())
            } else {
                (b, 0)
            };
            let tile = Tile {
                rows: end - i,
                columns,
                depth,
                alpha,
                beta,
                a: a.element(i, 0),
                a_strides: if copied { (1, tile_rows as isize) } else { a.strides },
                b,
                b_stride: width as isize,
                c: c.element(i, 0).cast_mut(),
                c_strides: c.strides,
                ahead,
                ahead_step,
            };
            // SAFETY: the matrices lie where the fields say, and the panel has whole vectors.
            unsafe { tile.multiply::<S, T, true>(s, terms) }
        }
    }
}

/// Packs a matrix into consecutive panels. The width of each is a multiple of `step`.
///
/// # Safety
/// The matrix lies where the fields say.
#[inline(always)]
unsafe fn pack_panels<F: Kernel, S: Simd<F>>(
    s: S,
    panels: &mut [F],
    step: usize,
    source: Matrix<F>,
    columns: impl Iterator<Item = (usize, usize)> + Clone,
) {
    let depth = source.rows;
    // Contiguous rows are packed a few at a time for all panels: each row is read in one go, and
    // the panels are written in longer pieces.
    let height = if source.strides.1 == 1 { 8 } else { depth };
    for (k, rows) in pieces(depth, height) {
        for (j, columns) in columns.clone() {
            let width = columns.next_multiple_of(step);
            let panel = &mut panels[j * depth + k * width..][..rows * width];
            // SAFETY: a part of the matrix.
            unsafe { pack(s, panel, width, (rows, columns), source.element(k, j), source.strides) }
        }
    }
}

/// A right operand `B` of products, packed once.
///
/// A sum of products with it has the same bits for every number of rows of `A`.
pub(crate) struct PackedMatrix<F> {
    isa: Isa,
    depth: usize,
    columns: usize,
    /// The numbers in a vector, and the vectors in a whole panel.
    lanes: usize,
    vectors: usize,
    numbers: Vec<F>,
    /// The index of the first number, at the start of a cache line.
    start: usize,
    /// Whether a number is a pair of bf16, so that the depth counts pairs.
    pairs: bool,
}

impl<F: Kernel> PackedMatrix<F> {
    /// Packs a matrix, or returns `None` if there is not enough memory.
    pub(crate) fn new(b: &ArrayRef2<F>) -> Option<Self> {
        Self::with_isa(Isa::current(), b, false)
    }

    /// Packs a matrix whose elements are pairs of bf16.
    pub(crate) fn of_pairs(b: &ArrayRef2<F>) -> Option<Self> {
        Self::with_isa(Isa::current(), b, true)
    }

    pub(super) fn with_isa(isa: Isa, b: &ArrayRef2<F>, pairs: bool) -> Option<Self> {
        let isa = if pairs { isa_of_pairs(isa) } else { isa };
        F::dispatch(isa, Pack { isa, b: Matrix::from_array(b), pairs })
    }

    /// Returns the bytes of the panels.
    pub(crate) fn bytes(&self) -> usize {
        self.numbers.len() * size_of::<F>()
    }

    fn width(&self) -> usize {
        self.columns.next_multiple_of(self.lanes)
    }

    /// Returns the panels of a block of the depth.
    fn block(&self, k: usize, depth: usize) -> &[F] {
        &self.numbers[self.start + k * self.width()..][..depth * self.width()]
    }

    /// Returns the number of panels, which are cut as by [`panels`].
    fn panels(&self) -> usize {
        self.columns.div_ceil(self.lanes).div_ceil(self.vectors)
    }

    /// Returns the column where a panel starts.
    fn column_of(&self, panel: usize) -> usize {
        piece(panel, self.columns.div_ceil(self.lanes), self.panels()) * self.lanes
    }

    /// Returns whether the elements are pairs of bf16.
    pub(crate) fn has_pairs(&self) -> bool {
        self.pairs
    }
}

impl<F> std::fmt::Debug for PackedMatrix<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a packed matrix ({}, {})", self.depth, self.columns)
    }
}

struct Pack<F> {
    isa: Isa,
    b: Matrix<F>,
    pairs: bool,
}

impl<F: Kernel> Op<F> for Pack<F> {
    type Output = Option<PackedMatrix<F>>;

    #[inline(always)]
    fn run<S: Simd<F>>(self, s: S) -> Self::Output {
        let Pack { isa, b, pairs } = self;
        let (depth, columns, lanes) = (b.rows, b.columns, S::LANES);
        let width = columns.checked_next_multiple_of(lanes)?;
        let len = width.checked_mul(depth)?.checked_add(CACHE_LINE / size_of::<F>())?;
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(len).ok()?;
        numbers.resize(len, F::zero());
        let start = numbers.as_ptr().align_offset(CACHE_LINE);
        for (k, rows) in depth_blocks(depth) {
            let block = Matrix { at: b.element(k, 0), rows, ..b };
            let to = &mut numbers[start + k * width..][..rows * width];
            // SAFETY: a part of the matrix.
            unsafe { pack_panels(s, to, lanes, block, panels::<F, S>(columns)) }
        }
        let vectors = S::TILE.1;
        Some(PackedMatrix { isa, depth, columns, lanes, vectors, numbers, start, pairs })
    }
}

/// The panels of a packed matrix from one of them on.
struct Panels<'b, F> {
    matrix: &'b PackedMatrix<F>,
    first: usize,
}

/// `C ← A·B` for a packed `B`, on several threads if `shared` and if they pay. The rows of `C` are
/// contiguous. The caller has checked the shapes.
pub(crate) fn matmul_packed_into<F: Kernel>(
    a: &ArrayRef2<F>,
    b: &PackedMatrix<F>,
    c: &mut ArrayRef2<F>,
    shared: bool,
) {
    let multiplications = c.len().saturating_mul(b.depth);
    let elements = b.numbers.len().saturating_add(a.len()).saturating_add(c.len());
    let parts = if shared { threads::parts(multiplications, elements) } else { 1 };
    matmul_packed_in(parts, a, b, c);
}

/// [`matmul_packed_into`] in this number of parts.
pub(super) fn matmul_packed_in<F: Kernel>(
    parts: usize,
    a: &ArrayRef2<F>,
    b: &PackedMatrix<F>,
    c: &mut ArrayRef2<F>,
) {
    assert!(a.nrows() == c.nrows() && a.ncols() == b.depth && b.columns == c.ncols());
    let product = Product::with_packed(b.isa, a, c);
    if c.is_empty() || b.depth == 0 {
        return c.fill(F::zero());
    }
    assert!(product.c.has_contiguous_rows());
    PackedProduct { product, panels: (0, b.panels()), b }.run_in(parts);
}

/// A product with some of the panels of a packed matrix.
struct PackedProduct<'b, F> {
    product: Product<F>,
    /// The first panel, and the one after the last.
    panels: (usize, usize),
    b: &'b PackedMatrix<F>,
}

impl<F: Kernel> PackedProduct<'_, F> {
    /// Computes the product in this number of parts: of the rows of `C` or of the panels.
    fn run_in(self, parts: usize) {
        let Self { product, panels: (start, end), b } = self;
        let c = product.c;
        let first = parts / 2;
        let row = c.rows / parts.max(1) * first;
        let panel = start + (end - start) * first / parts.max(1);
        let by_rows = c.rows > c.columns;
        if parts < 2 || (if by_rows { row == 0 } else { panel == start }) {
            return self.run_here();
        }
        let (parts_of_product, panels) = if by_rows {
            (product.cut_rows(row), [(start, end); 2])
        } else {
            let column = b.column_of(panel) - b.column_of(start);
            (product.cut_columns(column), [(start, panel), (panel, end)])
        };
        let part = |product, panels| PackedProduct { product, panels, b };
        let left = part(parts_of_product.0, panels[0]);
        let right = part(parts_of_product.1, panels[1]);
        threads::join(move || left.run_in(first), move || right.run_in(parts - first));
    }

    fn run_here(self) {
        let Self { product, panels, b } = self;
        let ready = Some(Panels { matrix: b, first: panels.0 });
        let length = F::dispatch(b.isa, ScratchLength { product: &product, copies_b: false });
        F::with_scratch(length, |scratch| {
            F::dispatch(b.isa, Packed { product, ready, scratch });
        });
    }
}
