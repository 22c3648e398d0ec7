//! A set of examples in random order, some at a time.
//!
//! In (features, examples) the numbers of one example lie far apart, so that a batch of random
//! columns touches a line of memory for every number it takes. [`Batches`] keeps the examples one
//! after the other, as tables on disk mostly have them, and copies a batch in one sweep.
//!
//! Source: A. Ng, *Improving Deep Neural Networks*, week 2 (2017).

use crate::buffer;
use crate::error::{Operand, check, check_batch, check_hyperparameter, check_lengths};
use crate::init::RandomSource;
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView2, s};

/// The examples in random order, cut into batches of `mini_batch_size`; the rest comes last.
///
/// `X` (n_x, m), `Y` (n_y, m). The order is
/// [`shuffle`](crate::init::RandomSource::shuffle) of 0 to m - 1: with
/// [`NumpyRandom::seed(k)`](crate::init::NumpyRandom::seed) it is the course's for `seed = k`.
/// All batches are copies; [`Batches`] makes one at a time.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
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
/// Those of [`Batches::new`].
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

/// A set of examples that is walked through batch by batch, in a new order each time.
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
/// Made of arrays whose examples are contiguous, such as the transposed view of a table
/// (examples, features), it copies no more than a batch; of others it keeps one copy.
#[derive(Debug, Clone)]
pub struct Batches<'a, F> {
    x: Examples<'a, F>,
    y: Examples<'a, F>,
    order: Vec<usize>,
    size: usize,
    next: usize,
    shard: Option<Shard>,
}

/// Which of the examples are here, and those of the last batch: their columns here, and their
/// columns in the batch.
#[derive(Debug, Clone)]
struct Shard {
    /// The column of each example of the set; [`ELSEWHERE`] if there is none.
    columns: Vec<usize>,
    own: Vec<usize>,
    places: Vec<usize>,
}

/// Some columns of a batch whose others are elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Which columns of the batch, ascending.
    pub columns: &'a [usize],
    /// How many the batch has.
    pub of: usize,
}

impl Place<'_> {
    /// `Ok` if these can be m examples of the batch.
    pub(crate) fn check(&self, m: usize) -> Result<()> {
        check_lengths(("the columns of the place", self.columns.len()), ("X", m))?;
        let ascending = self.columns.windows(2).all(|pair| pair[0] < pair[1]);
        if ascending && self.columns.last().is_none_or(|last| *last < self.of) {
            return Ok(());
        }
        Err(Error::Inconsistent { what: "the columns of the place are not columns of the batch" })
    }
}

/// What is here of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a, F> {
    /// (n_x, m), where m may be 0.
    pub x: ArrayView2<'a, F>,
    /// (n_y, m)
    pub y: ArrayView2<'a, F>,
    /// Which of the batch's examples these are; `None` if they are all.
    pub place: Option<Place<'a>>,
}

impl<'a, F: Float> Batches<'a, F> {
    /// The set `X` (n_x, m) and `Y` (n_y, m), in its own order until the first
    /// [`shuffle`](Self::shuffle).
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
    /// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if there is nothing,
    /// [`Error::Hyperparameter`] if `size` is 0, [`Error::TooLarge`] for want of memory.
    pub fn new(
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        size: usize,
    ) -> Result<Self> {
        let (x, y) = (x.into(), y.into());
        check_set(&x, &y, size)?;
        let total = x.ncols();
        Self::of_whole(x, y, size, (total, None))
    }

    /// The part of a set of `total` examples that is here: those from `first` on, as many as `X`
    /// has columns, which may be none.
    ///
    /// All parts [shuffled](Self::shuffle) by equal generators are dealt the same batches, which are
    /// those of the whole set in one place; of each, [`next_part`](Self::next_part) gives what is
    /// here.
    ///
    /// ```
    /// use dnn_blocks::ndarray::{array, s};
    /// use dnn_blocks::prelude::*;
    ///
    /// let (x, y) = (array![[0.0, 1.0, 2.0, 3.0, 4.0]], array![[0.0, 10.0, 20.0, 30.0, 40.0]]);
    /// let mut batches = Batches::of_shard(x.slice(s![.., 3..]), y.slice(s![.., 3..]), 2, 3, 5)?;
    /// batches.shuffle(&mut NumpyRandom::seed(0)); // the order 2 0 1 3 4, two at a time
    /// let part = batches.next_part().unwrap();
    /// assert_eq!((part.x.ncols(), part.place.unwrap().of), (0, 2));
    /// let part = batches.next_part().unwrap();
    /// assert_eq!((part.x[[0, 0]], part.place.unwrap().columns), (3.0, &[1][..]));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), but for an empty `X`; [`Error::LengthMismatch`] if the examples
    /// from `first` on are more than there are in all.
    pub fn of_shard(
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
        Self::of_whole(x, y, size, (total, Some(&numbers)))
    }

    /// The part of a set whose examples here have these numbers.
    pub(crate) fn of_numbered(
        x: ArrayView2<'a, F>,
        y: ArrayView2<'a, F>,
        size: usize,
        total: usize,
        numbers: &[usize],
    ) -> Result<Self> {
        Self::of_whole(x, y, size, (total, Some(numbers)))
    }

    fn of_whole(
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
                Some(Shard { columns, own: list(size)?, places: list(size)? })
            }
            None => None,
        };
        let (x, y) = (Examples::new("X", x, size)?, Examples::new("Y", y, size)?);
        Ok(Self { x, y, order, size, next: 0, shard })
    }

    /// A new random order, from its first batch:
    /// [`permutation(m)`](crate::init::RandomSource::permutation).
    pub fn shuffle(&mut self, rng: &mut (impl RandomSource + ?Sized)) {
        number(&mut self.order);
        rng.shuffle(&mut self.order);
        self.rewind();
    }

    /// The same order again, from its first batch.
    pub fn rewind(&mut self) {
        self.next = 0;
    }

    /// The next batch, `X` (n_x, size) and `Y` (n_y, size), or what is left; then `None`. Of a
    /// [shard](Self::of_shard), what is here of it, which may be nothing.
    ///
    /// Not an [`Iterator`], since each batch takes the place of the one before.
    #[expect(clippy::should_implement_trait, reason = "the items borrow the iterator")]
    pub fn next(&mut self) -> Option<(ArrayView2<'_, F>, ArrayView2<'_, F>)> {
        self.next_part().map(|part| (part.x, part.y))
    }

    /// [`next`](Self::next), with the place in the batch.
    pub fn next_part(&mut self) -> Option<Part<'_, F>> {
        let end = self.order.len().min(self.next + self.size);
        let batch = &self.order[self.next..end];
        self.next = end;
        if batch.is_empty() {
            return None;
        }
        let (own, place) = match &mut self.shard {
            Some(shard) => shard.part_of(batch),
            None => (batch, None),
        };
        Some(Part { x: self.x.gather(own), y: self.y.gather(own), place })
    }

    /// Which examples the last batch had, as columns of the set; of a shard, of the whole set.
    pub fn last(&self) -> &[usize] {
        let start = self.next.saturating_sub(1) / self.size * self.size;
        &self.order[start..self.next]
    }

    /// The number of batches.
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Never: there is at least one batch.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// No column has this number.
const ELSEWHERE: usize = usize::MAX;

impl Shard {
    /// The examples of a batch that are here, and where in the batch they are.
    fn part_of(&mut self, batch: &[usize]) -> (&[usize], Option<Place<'_>>) {
        self.own.clear();
        self.places.clear();
        for (place, example) in batch.iter().enumerate() {
            let column = self.columns[*example];
            if column != ELSEWHERE {
                self.own.push(column);
                self.places.push(place);
            }
        }
        (&self.own, Some(Place { columns: &self.places, of: batch.len() }))
    }
}

/// 0, 1, 2, …
fn number(order: &mut [usize]) {
    order.iter_mut().enumerate().for_each(|(i, example)| *example = i);
}

fn check_set<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef2<F>, size: usize) -> Result<()> {
    check_same_examples(x, y)?;
    check_batch(Operand::of("X", x))?;
    check_batch(Operand::of("Y", y))?;
    check_size(size)
}

fn check_same_examples<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<()> {
    let (x, y) = (Operand::of("X", x), Operand::of("Y", y));
    check(x.shape.1 == y.shape.1, x, y, "as many columns: one for each example")
}

fn check_size(size: usize) -> Result<()> {
    check_hyperparameter(size > 0, "batch size", 0.0, "a batch has at least one example")
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
