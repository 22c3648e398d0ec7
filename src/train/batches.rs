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

/// Splits the examples into mini-batches in random order; the last batch may be smaller.
///
/// `X` (n_x, m), `Y` (n_y, m). The order is
/// [`shuffle`](crate::init::RandomSource::shuffle) of 0 to m - 1. With
/// [`NumpyRandom::seed(k)`](crate::init::NumpyRandom::seed) it is the order of the course's
/// function with `seed = k`. All batches are copied at once; [`Batches`] copies one at a time.
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
/// [`Error::ShapeMismatch`] if `X` and `Y` differ in their number of examples,
/// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if one is empty, [`Error::InvalidArgument`] if
/// `mini_batch_size` is 0, [`Error::TooLarge`] if the batches do not fit in memory.
pub fn random_mini_batches<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    mini_batch_size: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Vec<(Array2<F>, Array2<F>)>> {
    check_set(x, y, ("mini_batch_size", mini_batch_size))?;
    let mut order = buffer::numbers("order", x.ncols())?;
    rng.shuffle(&mut order);
    let batch = |examples: &[usize]| Ok((columns("X", x, examples)?, columns("Y", y, examples)?));
    let batches = order.chunks(mini_batch_size);
    buffer::try_list("batches", batches.len(), batches.map(batch))
}

/// Copies the columns `examples` of a matrix.
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

/// Mini-batches of a set of examples, in a new random order for each epoch.
///
/// If each example is contiguous in memory, as in the transposed view of a table (examples,
/// features), only one batch is copied at a time. Otherwise all examples are copied once.
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
#[derive(Debug, Clone)]
pub struct Batches<'a, F> {
    x: ContiguousExamples<'a, F>,
    y: ContiguousExamples<'a, F>,
    order: Vec<usize>,
    size: usize,
    next: usize,
    shard: Option<Shard>,
}

/// The part of a set of examples that a shard holds.
#[derive(Debug, Clone)]
struct Shard {
    /// The column in the shard of each example of the set, or [`NOT_IN_SHARD`].
    columns: Vec<usize>,
    /// The columns in the shard of the last batch.
    in_shard: Vec<usize>,
    /// The columns in the whole batch of the last batch.
    in_batch: Vec<usize>,
}

/// The columns of a whole batch that a [`LocalBatch`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchColumns<'a> {
    /// The column of each example in the whole batch, ascending.
    pub columns: &'a [usize],
    /// The number of examples in the whole batch.
    pub total: usize,
}

impl BatchColumns<'_> {
    /// Checks that these are m ascending columns of the batch.
    pub(crate) fn check(&self, m: usize) -> Result<()> {
        check_lengths(("columns of the batch", self.columns.len()), ("X", m))?;
        let ascending = self.columns.windows(2).all(|pair| pair[0] < pair[1]);
        if ascending && self.columns.last().is_none_or(|last| *last < self.total) {
            return Ok(());
        }
        Err(Error::Inconsistent {
            what: "the columns must be ascending and below the size of the whole batch",
        })
    }
}

/// The examples of one batch that a [shard](Batches::from_shard) holds.
#[derive(Debug, Clone, Copy)]
pub struct LocalBatch<'a, F> {
    /// The features, (n_x, m), where m may be 0.
    pub x: ArrayView2<'a, F>,
    /// The labels, (n_y, m).
    pub y: ArrayView2<'a, F>,
    /// The columns of the whole batch that these are; `None` if they are the whole batch.
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
    /// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if one is empty,
    /// [`Error::InvalidArgument`] if `size` is 0, [`Error::TooLarge`] if the buffers do not fit in
    /// memory.
    pub fn new(
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        size: usize,
    ) -> Result<Self> {
        let (x, y) = (x.into(), y.into());
        check_set(&x, &y, ("size", size))?;
        let total = x.ncols();
        Self::with_shard(x, y, size, (total, None))
    }

    /// Creates the batches of a shard, which holds part of a set of `total` examples.
    ///
    /// `X` (n_x, m) and `Y` (n_y, m) hold the examples `first` to `first + m - 1` of the set, where
    /// m may be 0. If all shards of a set are [shuffled](Self::shuffle) by equal generators, they
    /// agree on the batches of the whole set, and [`next_local`](Self::next_local) returns the
    /// examples of each batch that this shard holds.
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
    /// [`Error::ShapeMismatch`] if `X` and `Y` differ in their number of examples,
    /// [`Error::EmptyBatch`] if `total` is 0, [`Error::ZeroSize`] if `X` or `Y` has no rows,
    /// [`Error::InvalidArgument`] if `size` is 0, [`Error::LengthMismatch`] if the shard ends after
    /// `total`, [`Error::TooLarge`] if the buffers do not fit in memory.
    pub fn from_shard(
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        size: usize,
        first: usize,
        total: usize,
    ) -> Result<Self> {
        let (x, y) = (x.into(), y.into());
        check_same_examples(&x, &y)?;
        check_size(("size", size))?;
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

    /// Creates the batches of a shard whose columns are these examples of the set.
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
        fill_with_indices(&mut order);
        let shard = match numbers {
            Some(numbers) => {
                let mut columns = list(total)?;
                columns.fill(NOT_IN_SHARD);
                numbers.iter().enumerate().for_each(|(column, &number)| columns[number] = column);
                Some(Shard { columns, in_shard: list(size)?, in_batch: list(size)? })
            }
            None => None,
        };
        let x = ContiguousExamples::new("X", x, size)?;
        let y = ContiguousExamples::new("Y", y, size)?;
        Ok(Self { x, y, order, size, next: 0, shard })
    }

    /// Shuffles the examples and starts again at the first batch.
    ///
    /// The order is [`permutation(m)`](crate::init::RandomSource::permutation), where m is the
    /// number of examples of the whole set.
    pub fn shuffle(&mut self, rng: &mut (impl RandomSource + ?Sized)) {
        fill_with_indices(&mut self.order);
        rng.shuffle(&mut self.order);
        self.rewind();
    }

    /// Starts again at the first batch, in the same order.
    pub fn rewind(&mut self) {
        self.next = 0;
    }

    /// Returns the next batch, `X` (n_x, size) and `Y` (n_y, size), or `None` after the last one.
    ///
    /// The last batch of an epoch may be smaller. A [shard](Self::from_shard) returns the examples
    /// of the batch that it holds, possibly none. `Batches` is not an [`Iterator`], because each
    /// batch reuses the memory of the previous one.
    #[expect(clippy::should_implement_trait, reason = "the items borrow the iterator")]
    pub fn next(&mut self) -> Option<(ArrayView2<'_, F>, ArrayView2<'_, F>)> {
        self.next_local().map(|local| (local.x, local.y))
    }

    /// Returns the next batch, with the column of each example in the whole batch.
    #[inline(never)]
    pub fn next_local(&mut self) -> Option<LocalBatch<'_, F>> {
        let end = self.order.len().min(self.next + self.size);
        let batch = &self.order[self.next..end];
        self.next = end;
        if batch.is_empty() {
            return None;
        }
        let (examples, columns) = match &mut self.shard {
            Some(shard) => shard.local_columns(batch),
            None => (batch, None),
        };
        Some(LocalBatch { x: self.x.gather(examples), y: self.y.gather(examples), columns })
    }

    /// Returns the columns, in the whole set, of the batch that was returned last.
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

    /// Returns `false`, because there is always a batch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// Marks an example that the shard does not hold.
const NOT_IN_SHARD: usize = usize::MAX;

impl Shard {
    /// Returns the columns in the shard of a batch, and their columns in the batch.
    fn local_columns(&mut self, batch: &[usize]) -> (&[usize], Option<BatchColumns<'_>>) {
        self.in_shard.clear();
        self.in_batch.clear();
        for (column_in_batch, example) in batch.iter().enumerate() {
            let column = self.columns[*example];
            if column != NOT_IN_SHARD {
                self.in_shard.push(column);
                self.in_batch.push(column_in_batch);
            }
        }
        (&self.in_shard, Some(BatchColumns { columns: &self.in_batch, total: batch.len() }))
    }
}

fn fill_with_indices(order: &mut [usize]) {
    order.iter_mut().enumerate().for_each(|(i, example)| *example = i);
}

fn check_set<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    size: (&'static str, usize),
) -> Result<()> {
    check_same_examples(x, y)?;
    check_batch(Operand::new("X", x))?;
    check_batch(Operand::new("Y", y))?;
    check_size(size)
}

fn check_same_examples<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<()> {
    let (x, y) = (Operand::new("X", x), Operand::new("Y", y));
    check(x.shape.1 == y.shape.1, x, y, "as many columns: one for each example")
}

fn check_size((name, size): (&'static str, usize)) -> Result<()> {
    check_argument(size > 0, name, 0.0, "at least 1")
}

/// Examples that are contiguous in memory, and a buffer for one batch of them.
#[derive(Debug, Clone)]
struct ContiguousExamples<'a, F> {
    /// (n, m)
    source: ArrayView2<'a, F>,
    /// A transposed copy (m, n), if the columns of `source` are not contiguous.
    copy: Option<Array2<F>>,
    /// (size, n)
    batch: Array2<F>,
}

impl<'a, F: Float> ContiguousExamples<'a, F> {
    fn new(name: &'static str, source: ArrayView2<'a, F>, size: usize) -> Result<Self> {
        let (n, m) = source.dim();
        let batch = buffer::zeros(name, (size, n))?;
        if n == 1 || source.strides()[0] == 1 {
            return Ok(Self { source, copy: None, batch });
        }
        let mut copy = buffer::zeros(name, (m, n))?;
        copy.assign(&source.t());
        Ok(Self { source, copy: Some(copy), batch })
    }

    /// Copies the columns `examples` to the buffer, and returns them.
    fn gather(&mut self, examples: &[usize]) -> ArrayView2<'_, F> {
        let rows = match &self.copy {
            Some(copy) => copy.view(),
            None => self.source.t(),
        };
        for (mut to, &example) in self.batch.rows_mut().into_iter().zip(examples) {
            to.assign(&rows.row(example));
        }
        self.batch.slice(s![..examples.len(), ..]).reversed_axes()
    }
}
