//! Mini-batches in random order.
//!
//! In a row-major matrix (features, examples) the numbers of one example lie far apart, so a batch
//! of random columns reads one cache line per number. [`Batches`] keeps each example contiguous, as
//! most tables on disk do, and copies whole examples.
//!
//! Source: A. Ng, *Improving Deep Neural Networks*, week 2 (2017).

use crate::buffer;
use crate::checks::{check, check_argument, check_batch, check_lengths};
use crate::error::Operand;
use crate::init::RandomSource;
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView2, s};

/// Cuts the examples, in random order, into batches of `mini_batch_size`; the last may be smaller.
///
/// `X` (n_x, m), `Y` (n_y, m). The order is
/// [`shuffle`](crate::init::RandomSource::shuffle) of 0 to m - 1: with
/// [`NumpyRandom::seed(k)`](crate::init::NumpyRandom::seed) it is the course's for `seed = k`.
/// All batches are copied at once; [`Batches`] copies one at a time.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::train::batches::random_mini_batches;
///
/// let (x, y) = (array![[0.0, 1.0, 2.0, 3.0, 4.0]], array![[0.0, 10.0, 20.0, 30.0, 40.0]]);
/// let batches = random_mini_batches(&x, &y, 2, &mut NumpyRandom::seed(0))?;
/// assert_eq!(batches.len(), 3);
/// assert_eq!(batches[0], (array![[2.0, 0.0]], array![[20.0, 0.0]]));
/// assert_eq!(batches[2].0.dim(), (1, 1));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`Batches::new`].
pub fn random_mini_batches<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    mini_batch_size: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Vec<(Array2<F>, Array2<F>)>> {
    check_set(x, y, mini_batch_size)?;
    let mut order = buffer::numbers("order", x.ncols())?;
    rng.shuffle(&mut order);
    let batch = |examples: &[usize]| Ok((columns("X", x, examples)?, columns("Y", y, examples)?));
    let batches = order.chunks(mini_batch_size);
    buffer::try_list("batches", batches.len(), batches.map(batch))
}

/// A copy of some columns.
fn columns<F: Float>(
    name: &'static str,
    matrix: &ArrayRef2<F>,
    examples: &[usize],
) -> Result<Array2<F>> {
    let mut copy = buffer::zeros(name, (matrix.nrows(), examples.len()))?;
    for (mut to, &example) in copy.columns_mut().into_iter().zip(examples) {
        to.assign(&matrix.column(example));
    }
    Ok(copy)
}

/// Mini-batches of a set of examples, reshuffled for each epoch.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = (array![[0.0, 1.0, 2.0, 3.0, 4.0]], array![[0.0, 10.0, 20.0, 30.0, 40.0]]);
/// let mut batches = Batches::new(&x, &y, 2)?;
/// let mut rng = NumpyRandom::seed(0);
/// for _epoch in 0..10 {
///     batches.shuffle(&mut rng);
///     while let Some((x, y)) = batches.next() {
///         assert_eq!(&x * 10.0, y); // (features, at most 2)
///     }
/// }
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// If the examples are contiguous, as in the transposed view of a table (examples, features), only
/// one batch is copied at a time. Other layouts are copied once as a whole.
#[derive(Debug, Clone)]
pub struct Batches<'a, F> {
    x: Examples<'a, F>,
    y: Examples<'a, F>,
    order: Vec<usize>,
    size: usize,
    next: usize,
    shard: Option<Shard>,
}

/// The examples of a set that one process has.
#[derive(Debug, Clone)]
struct Shard {
    /// The own column of each example of the set; [`ELSEWHERE`] if another process has it.
    columns: Vec<usize>,
    /// The own columns of the last batch, and their columns in the batch.
    own: Vec<usize>,
    in_batch: Vec<usize>,
}

/// Which columns of a batch a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchColumns<'a> {
    /// The columns of the batch, ascending.
    pub columns: &'a [usize],
    /// The number of columns of the batch.
    pub total: usize,
}

impl BatchColumns<'_> {
    /// `Ok` if these can be m examples of the batch.
    pub(crate) fn check(&self, m: usize) -> Result<()> {
        check_lengths(("columns of the batch", self.columns.len()), ("X", m))?;
        let ascending = self.columns.windows(2).all(|pair| pair[0] < pair[1]);
        if ascending && self.columns.last().is_none_or(|last| *last < self.total) {
            return Ok(());
        }
        Err(Error::Inconsistent { what: "the columns are not ascending columns of the batch" })
    }
}

/// The examples of a batch that a process has.
#[derive(Debug, Clone, Copy)]
pub struct LocalBatch<'a, F> {
    /// The features, (n_x, m), where m may be 0.
    pub x: ArrayView2<'a, F>,
    /// The labels, (n_y, m).
    pub y: ArrayView2<'a, F>,
    /// The columns of the batch that these are; `None` if they are all.
    pub columns: Option<BatchColumns<'a>>,
}

impl<'a, F: Float> Batches<'a, F> {
    /// Creates batches of `size` examples from `X` (n_x, m) and `Y` (n_y, m).
    ///
    /// The examples keep their order until the first [`shuffle`](Self::shuffle).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::Array2, prelude::*};
    /// let table = Array2::<f32>::ones((100, 7)); // (examples, features)
    /// let y = Array2::zeros((1, 100));
    /// let batches = Batches::new(table.t(), &y, 32)?; // nothing is copied
    /// assert_eq!(batches.len(), 4);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `X` and `Y` differ in their number of examples,
    /// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if they are empty,
    /// [`Error::InvalidArgument`] if `size` is 0, [`Error::TooLarge`] if the buffers do not fit in
    /// memory.
    pub fn new(
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        size: usize,
    ) -> Result<Self> {
        let (x, y) = (x.into(), y.into());
        check_set(&x, &y, size)?;
        let total = x.ncols();
        Self::with_shard(x, y, size, (total, None))
    }

    /// Creates the batches of one shard of a set of `total` examples: `X` holds the examples from
    /// `first` on, and may be empty.
    ///
    /// If all shards are [shuffled](Self::shuffle) by equal generators, their batches are the
    /// batches of the whole set; [`next_local`](Self::next_local) returns the examples of the shard.
    ///
    /// ```
    /// use dnn_blocks::ndarray::{array, s};
    /// use dnn_blocks::prelude::*;
    ///
    /// let (x, y) = (array![[0.0, 1.0, 2.0, 3.0, 4.0]], array![[0.0, 10.0, 20.0, 30.0, 40.0]]);
    /// let mut batches = Batches::from_shard(x.slice(s![.., 3..]), y.slice(s![.., 3..]), 2, 3, 5)?;
    /// batches.shuffle(&mut NumpyRandom::seed(0)); // the order 2 0 1 3 4, two at a time
    /// let local = batches.next_local().unwrap();
    /// assert_eq!((local.x.ncols(), local.columns.unwrap().total), (0, 2));
    /// let local = batches.next_local().unwrap();
    /// assert_eq!((local.x[[0, 0]], local.columns.unwrap().columns), (3.0, &[1][..]));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`new`](Self::new), except for an empty `X`; [`Error::LengthMismatch`] if the
    /// shard ends after `total`.
    pub fn from_shard(
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        size: usize,
        first: usize,
        total: usize,
    ) -> Result<Self> {
        let (x, y) = (x.into(), y.into());
        check_same_examples(&x, &y)?;
        check_size(size)?;
        check_batch(Operand { name: "X", shape: (x.nrows(), total) })?;
        check_batch(Operand { name: "Y", shape: (y.nrows(), total) })?;
        let end = first.saturating_add(x.ncols());
        if end > total {
            return Err(Error::LengthMismatch {
                left: "the end of the shard",
                left_length: end,
                right: "the examples",
                right_length: total,
            });
        }
        let numbers = buffer::list("examples", x.ncols(), first..end)?;
        Self::with_shard(x, y, size, (total, Some(&numbers)))
    }

    /// Creates the batches of a shard whose examples have these numbers in the set.
    #[cfg(feature = "mpi")]
    pub(crate) fn from_numbers(
        x: ArrayView2<'a, F>,
        y: ArrayView2<'a, F>,
        size: usize,
        total: usize,
        numbers: &[usize],
    ) -> Result<Self> {
        Self::with_shard(x, y, size, (total, Some(numbers)))
    }

    fn with_shard(
        x: ArrayView2<'a, F>,
        y: ArrayView2<'a, F>,
        size: usize,
        (total, numbers): (usize, Option<&[usize]>),
    ) -> Result<Self> {
        let list =
            |len| Ok::<_, Error>(buffer::counts("order", (1, len))?.into_raw_vec_and_offset().0);
        let size = size.min(total);
        let mut order = list(total)?;
        number(&mut order);
        let shard = match numbers {
            Some(numbers) => {
                let mut columns = list(total)?;
                columns.fill(ELSEWHERE);
                numbers.iter().enumerate().for_each(|(column, &number)| columns[number] = column);
                Some(Shard { columns, own: list(size)?, in_batch: list(size)? })
            }
            None => None,
        };
        let (x, y) = (Examples::new("X", x, size)?, Examples::new("Y", y, size)?);
        Ok(Self { x, y, order, size, next: 0, shard })
    }

    /// Puts the examples in a new random order,
    /// [`permutation(m)`](crate::init::RandomSource::permutation), and starts at the first batch.
    pub fn shuffle(&mut self, rng: &mut (impl RandomSource + ?Sized)) {
        number(&mut self.order);
        rng.shuffle(&mut self.order);
        self.rewind();
    }

    /// Starts again at the first batch, in the same order.
    pub fn rewind(&mut self) {
        self.next = 0;
    }

    /// Returns the next batch, `X` (n_x, size) and `Y` (n_y, size), or `None` after the last one.
    ///
    /// The last batch of an epoch may be smaller. For a [shard](Self::from_shard) it returns the
    /// examples of the shard, possibly none. `Batches` is no [`Iterator`], since each batch reuses
    /// the memory of the one before.
    #[expect(clippy::should_implement_trait, reason = "the items borrow the iterator")]
    pub fn next(&mut self) -> Option<(ArrayView2<'_, F>, ArrayView2<'_, F>)> {
        self.next_local().map(|local| (local.x, local.y))
    }

    /// Returns the next batch with its columns in the batch of the whole set.
    #[inline(never)]
    pub fn next_local(&mut self) -> Option<LocalBatch<'_, F>> {
        let end = self.order.len().min(self.next + self.size);
        let batch = &self.order[self.next..end];
        self.next = end;
        if batch.is_empty() {
            return None;
        }
        let (own, columns) = match &mut self.shard {
            Some(shard) => shard.local_columns(batch),
            None => (batch, None),
        };
        Some(LocalBatch { x: self.x.gather(own), y: self.y.gather(own), columns })
    }

    /// Returns the examples of the last batch, as columns of the whole set.
    #[must_use]
    pub fn last(&self) -> &[usize] {
        let start = self.next.saturating_sub(1) / self.size * self.size;
        &self.order[start..self.next]
    }

    /// Returns the number of batches.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Returns `false`: there is always a batch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// Marks an example that another process has.
const ELSEWHERE: usize = usize::MAX;

impl Shard {
    /// Returns the own columns of a batch, and their columns in the batch.
    fn local_columns(&mut self, batch: &[usize]) -> (&[usize], Option<BatchColumns<'_>>) {
        self.own.clear();
        self.in_batch.clear();
        for (column_in_batch, example) in batch.iter().enumerate() {
            let column = self.columns[*example];
            if column != ELSEWHERE {
                self.own.push(column);
                self.in_batch.push(column_in_batch);
            }
        }
        (&self.own, Some(BatchColumns { columns: &self.in_batch, total: batch.len() }))
    }
}

/// 0, 1, 2, …
fn number(order: &mut [usize]) {
    order.iter_mut().enumerate().for_each(|(i, example)| *example = i);
}

fn check_set<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef2<F>, size: usize) -> Result<()> {
    check_same_examples(x, y)?;
    check_batch(Operand::new("X", x))?;
    check_batch(Operand::new("Y", y))?;
    check_size(size)
}

fn check_same_examples<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<()> {
    let (x, y) = (Operand::new("X", x), Operand::new("Y", y));
    check(x.shape.1 == y.shape.1, x, y, "as many columns: one for each example")
}

fn check_size(size: usize) -> Result<()> {
    check_argument(size > 0, "size", 0.0, "at least 1")
}

/// A matrix whose columns are contiguous, and room for some of them.
#[derive(Debug, Clone)]
struct Examples<'a, F> {
    lent: ArrayView2<'a, F>,
    /// (m, n), if the columns of what was lent are not contiguous.
    own: Option<Array2<F>>,
    /// (size, n)
    batch: Array2<F>,
}

impl<'a, F: Float> Examples<'a, F> {
    fn new(name: &'static str, lent: ArrayView2<'a, F>, size: usize) -> Result<Self> {
        let (n, m) = lent.dim();
        let batch = buffer::zeros(name, (size, n))?;
        if n == 1 || lent.strides()[0] == 1 {
            return Ok(Self { lent, own: None, batch });
        }
        let mut own = buffer::zeros(name, (m, n))?;
        own.assign(&lent.t());
        Ok(Self { lent, own: Some(own), batch })
    }

    /// The columns `examples`, (n, as many).
    fn gather(&mut self, examples: &[usize]) -> ArrayView2<'_, F> {
        let rows = match &self.own {
            Some(own) => own.view(),
            None => self.lent.t(),
        };
        for (mut to, &example) in self.batch.rows_mut().into_iter().zip(examples) {
            to.assign(&rows.row(example));
        }
        self.batch.slice(s![..examples.len(), ..]).reversed_axes()
    }
}
