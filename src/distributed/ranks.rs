use super::comparable::{Shapes, Structure};
use crate::digest::{Comparable, Digest};
use crate::error::{Cause, Operand};
use crate::train::batches::Batches;
use crate::{Error, Float, Gradients, Parameters, Result};
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};
use ndarray::{Array2, ArrayView2};
use std::fmt::{Debug, Display};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;

/// The processes of an MPI job that train one network.
///
/// Every process must call the same methods in the same order.
pub struct Ranks<'u> {
    world: SimpleCommunicator,
    universe: PhantomData<&'u Universe>,
}

/// The longest text of a differing value in an error, in bytes.
const LONGEST_VALUE: usize = 400;

/// The longest text of an error from another rank, in bytes.
const LONGEST_ERROR: usize = 4096;

/// The numbers in one message of [`Ranks::average`] and [`Ranks::broadcast`].
const CHUNK: usize = 1 << 16;

impl<'u> Ranks<'u> {
    /// Joins all processes of the job, with a new communicator.
    #[must_use]
    pub fn new(universe: &'u Universe) -> Self {
        Self::from_communicator(universe, &universe.world())
    }

    /// Joins the processes of a communicator, with a duplicate of it.
    pub fn from_communicator(_universe: &'u Universe, communicator: &impl Communicator) -> Self {
        Self { world: communicator.duplicate(), universe: PhantomData }
    }

    pub(super) fn world(&self) -> &SimpleCommunicator {
        &self.world
    }

    /// Returns the rank of this process, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    /// Returns the number of processes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.world.size() as usize
    }

    /// Returns whether this is rank 0, which usually prints and writes files.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Returns the range of this rank if `total` examples are divided equally, in the order of the
    /// ranks.
    ///
    /// If `total` is not a multiple of the number of ranks, the first ranks have one more example.
    #[must_use]
    pub fn share(&self, total: usize) -> Range<usize> {
        let (rank, size) = (self.rank(), self.size());
        let start = |rank: usize| total / size * rank + rank.min(total % size);
        start(rank)..start(rank + 1)
    }

    /// Reads this rank's part of a text file, in whole lines.
    ///
    /// The bytes of the file are divided equally, and a rank reads the lines that begin in its
    /// part. All ranks together read every line once, in the order of the ranks.
    ///
    /// ```no_run
    /// # use dnn_blocks::distributed::{Ranks, mpi};
    /// # let universe = mpi::initialize().unwrap();
    /// # let ranks = Ranks::new(&universe);
    /// let table = ranks.read_lines("table.csv")?;
    /// let header = usize::from(ranks.is_first()); // rank 0 has the first line
    /// for line in table.lines().skip(header) {
    ///     println!("{line}");
    /// }
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::OnRank`] if a rank cannot read its part, or if that part is not UTF-8.
    pub fn read_lines(&self, path: impl AsRef<Path>) -> Result<String> {
        let lines = File::open(path).and_then(|mut file| {
            let size = file.metadata()?.len();
            let end = |rank: usize| {
                (u128::from(size) * rank as u128).div_ceil(self.size() as u128) as u64
            };
            lines_in(&mut file, end(self.rank())..end(self.rank() + 1))
        });
        self.all_ok(lines)
    }

    /// Returns the value of this rank if all ranks pass `Ok`, else an error on all ranks.
    ///
    /// ```no_run
    /// # use dnn_blocks::distributed::{Ranks, mpi};
    /// # let universe = mpi::initialize().unwrap();
    /// # let ranks = Ranks::new(&universe);
    /// let table = ranks.all_ok(std::fs::read("part.bin"))?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::OnRank`] with the first rank that passes an error, and that error.
    pub fn all_ok<T, E>(&self, own: Result<T, E>) -> Result<T>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let size = self.world.size();
        let own_rank = if own.is_err() { self.world.rank() } else { size };
        let mut failed = size;
        self.world.all_reduce_into(&own_rank, &mut failed, SystemOperation::min());
        match own {
            Ok(value) if failed == size => Ok(value),
            own => {
                let own = own.err().map(Cause::new);
                let text = own.as_ref().map(ToString::to_string).unwrap_or_default();
                let text = self.text_of(failed, text);
                let cause = own.filter(|_| own_rank == failed).unwrap_or_else(|| Cause::new(text));
                Err(Error::OnRank { rank: failed as usize, cause })
            }
        }
    }

    /// Checks that a value is bit-identical on all ranks.
    ///
    /// Values are compared by a 64-bit digest of their [`Comparable`] bits; `Debug` only prints
    /// them in the error. [`workspace`](Self::workspace) compares the weights of a network.
    ///
    /// ```no_run
    /// # use dnn_blocks::distributed::{Ranks, mpi};
    /// # use dnn_blocks::prelude::*;
    /// # let universe = mpi::initialize().unwrap();
    /// # let ranks = Ranks::new(&universe);
    /// # let (rng, learning_rate) = (NumpyRandom::seed(1), 0.1);
    /// let training = (Algorithm::ADAM, learning_rate, &rng);
    /// ranks.ensure_equal("rule, learning rate or generator", &training)?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Disagreement`] with the first rank whose value differs from the value of rank 0.
    pub fn ensure_equal(
        &self,
        field: &'static str,
        value: &(impl Comparable + Debug + ?Sized),
    ) -> Result<()> {
        // The maximum of the complements is the complement of the minimum.
        let digest = Digest::compute(value);
        let own = [digest, !digest];
        let mut largest = [0_u64; 2];
        self.world.all_reduce_into(&own[..], &mut largest[..], SystemOperation::max());
        if largest[0] == !largest[1] {
            return Ok(());
        }
        let mut all = vec![0_u64; self.size()];
        self.world.all_gather_into(&own[0], &mut all[..]);
        let rank = all.iter().position(|hash| *hash != all[0]).unwrap_or(0);
        let text = format!("{value:?}").into_bytes();
        let expected = self.broadcast_bytes(0, text.clone());
        let found = self.broadcast_bytes(rank as i32, text);
        let (expected, found) = around_difference(&expected, &found);
        Err(Error::Disagreement { field, rank, expected, found })
    }

    /// Sends the text of one rank to all ranks.
    fn text_of(&self, rank: i32, own: String) -> String {
        let mut text = own.into_bytes();
        text.truncate(LONGEST_ERROR);
        String::from_utf8_lossy(&self.broadcast_bytes(rank, text)).into_owned()
    }

    /// Sends the bytes of one rank to all ranks.
    pub(super) fn broadcast_bytes(&self, rank: i32, mut bytes: Vec<u8>) -> Vec<u8> {
        let root = self.world.process_at_rank(rank);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        for chunk in bytes.chunks_mut(CHUNK) {
            root.broadcast_into(chunk);
        }
        bytes
    }

    /// Replaces each number by its sum over all ranks.
    ///
    /// All ranks must pass the same number of numbers.
    pub fn all_reduce_sum(&self, numbers: &mut [f64]) {
        let own = numbers.to_vec();
        self.world.all_reduce_into(&own[..], numbers, SystemOperation::sum());
    }

    /// Returns the offset of this rank's m examples in the examples of all ranks, and the total.
    #[must_use]
    pub fn offset_and_total(&self, m: usize) -> (usize, usize) {
        let mut all = vec![0_u64; self.size()];
        self.world.all_gather_into(&(m as u64), &mut all[..]);
        let first: u64 = all[..self.rank()].iter().sum();
        (first as usize, all.iter().sum::<u64>() as usize)
    }

    /// Sends the parameters of rank 0 to all ranks.
    ///
    /// # Errors
    ///
    /// [`Error::Disagreement`] if the networks differ in structure.
    pub fn broadcast<F: Float>(&self, parameters: &mut Parameters<F>) -> Result<()> {
        self.ensure_equal_structure(parameters)?;
        let root = self.world.process_at_rank(0);
        for layer in parameters.layers_mut() {
            for matrix in [&mut layer.w, &mut layer.b] {
                for chunk in contiguous(matrix).chunks_mut(CHUNK) {
                    root.broadcast_into(chunk);
                }
            }
        }
        Ok(())
    }

    pub(super) fn ensure_equal_structure<F: Float>(
        &self,
        parameters: &Parameters<F>,
    ) -> Result<()> {
        self.ensure_equal("network", &Structure(parameters))
    }

    /// Averages gradients over the examples of all ranks, and returns the number of all examples.
    ///
    /// This rank has m examples. If m is 0, the values of its gradients do not count.
    ///
    /// Call it between the backward pass and the update. Add L2, divided by the returned number,
    /// and clip or measure the norm after this call.
    ///
    /// ```no_run
    /// # use dnn_blocks::distributed::{Ranks, mpi};
    /// # use dnn_blocks::{ndarray::Array2, prelude::*};
    /// # let universe = mpi::initialize().unwrap();
    /// # let ranks = Ranks::new(&universe);
    /// # let (x, y) = (Array2::<f64>::zeros((3, 10)), Array2::zeros((1, 10)));
    /// # let mut parameters = initialize_parameters(3, 4, 1, &mut NumpyRandom::seed(1))?;
    /// let mut gradients = if x.is_empty() {
    ///     Gradients::zeros_like(&parameters)
    /// } else {
    ///     let (al, caches) = l_model_forward(&x, &parameters)?;
    ///     l_model_backward(&al, &y, &caches)?
    /// };
    /// ranks.average(&mut gradients, x.ncols())?;
    /// update_parameters(&mut parameters, &gradients, 0.1)?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// A [`workspace`](Self::workspace) is faster: it sums gradients during the backward pass.
    ///
    /// # Errors
    ///
    /// [`Error::Disagreement`] if the gradients differ in shape, [`Error::EmptyBatch`] if no rank
    /// has an example.
    pub fn average<F: Float>(&self, gradients: &mut Gradients<F>, m: usize) -> Result<usize> {
        self.ensure_equal("gradients", &Shapes(gradients))?;
        let mut total = 0_u64;
        self.world.all_reduce_into(&(m as u64), &mut total, SystemOperation::sum());
        let total = total as usize;
        if total == 0 {
            let operand = Operand { name: "X", shape: (gradients.layers()[0].dw.ncols(), 0) };
            return Err(Error::EmptyBatch { layer: None, operand });
        }
        let share = F::of(m as f64 / total as f64);
        let sum = SystemOperation::sum();
        for layer in gradients.layers_mut() {
            for matrix in [&mut layer.dw, &mut layer.db] {
                for chunk in contiguous(matrix).chunks_mut(CHUNK) {
                    let scale = |g: &mut F| *g = if m == 0 { F::zero() } else { *g * share };
                    chunk.iter_mut().for_each(scale);
                    F::with_scratch(chunk.len(), |sums| {
                        self.world.all_reduce_into(&*chunk, sums, sum);
                        chunk.copy_from_slice(sums);
                    });
                }
            }
        }
        Ok(total)
    }

    /// Creates mini-batches of `size` examples from the examples of all ranks.
    ///
    /// `X` (n_x, m) and `Y` (n_y, m) hold the examples of this rank; m may be 0. All ranks must
    /// [shuffle](Batches::shuffle) with equal generators.
    ///
    /// # Errors
    ///
    /// [`Error::OnRank`] with an error of [`Batches::from_shard`], [`Error::Disagreement`] if the
    /// features, outputs or sizes differ.
    pub fn batches<'a, F: Float>(
        &self,
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        size: usize,
    ) -> Result<Batches<'a, F>> {
        let (x, y) = (x.into(), y.into());
        self.ensure_equal(
            "number of features, of outputs, or size of the batches",
            &(x.nrows(), y.nrows(), size),
        )?;
        let (first, total) = self.offset_and_total(x.ncols());
        self.all_ok(Batches::from_shard(x, y, size, first, total))
    }

    /// Ends the job on all ranks with a message.
    ///
    /// Call it if only this rank fails, because the other ranks would wait for it forever.
    pub fn abort(&self, error: &dyn Display) -> ! {
        eprintln!("rank {} of {}: {error}", self.rank(), self.size());
        self.world.abort(1)
    }
}

impl Debug for Ranks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ranks").field("rank", &self.rank()).field("size", &self.size()).finish()
    }
}

impl Drop for Ranks<'_> {
    /// Ends the job after a panic, because the other ranks would wait for this one.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.abort(&"ended by a panic");
        }
    }
}

/// Cuts two long texts to the surroundings of their first difference.
fn around_difference(expected: &[u8], found: &[u8]) -> (String, String) {
    let same = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
    let start =
        if expected.len().max(found.len()) <= LONGEST_VALUE { 0 } else { same.saturating_sub(40) };
    let part = |text: &[u8]| {
        let end = text.len().min(start + LONGEST_VALUE);
        String::from_utf8_lossy(&text[start.min(end)..end]).into_owned()
    };
    (part(expected), part(found))
}

/// Reads the lines of a file that begin in a range of its bytes.
fn lines_in(file: &mut File, bytes: Range<u64>) -> std::io::Result<String> {
    let before = bytes.start.saturating_sub(1);
    file.seek(SeekFrom::Start(before))?;
    let mut reader = BufReader::new(file);
    let mut lines = Vec::new();
    let mut next = bytes.start;
    if bytes.start > 0 {
        // Skips the rest of a line that began before; its newline may be the byte before `start`.
        next = before + reader.read_until(b'\n', &mut lines)? as u64;
        lines.clear();
    }
    while next < bytes.end {
        let length = reader.read_until(b'\n', &mut lines)? as u64;
        if length == 0 {
            break;
        }
        next += length;
    }
    String::from_utf8(lines).map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))
}

/// Returns the numbers of a matrix, row by row.
fn contiguous<F: Float>(matrix: &mut Array2<F>) -> &mut [F] {
    if !matrix.is_standard_layout() {
        *matrix = matrix.as_standard_layout().into_owned();
    }
    matrix.as_slice_mut().expect("standard layout")
}
