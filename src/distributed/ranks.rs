use super::JointWorkspace;
use crate::error::Operand;
use crate::train::batches::Batches;
use crate::{Error, Float, Gradients, Parameters, Result};
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};
use ndarray::{Array2, ArrayView2};
use std::fmt::{Debug, Display, Write};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;

/// The processes that train one network.
///
/// All of them call each function in the same order.
pub struct Ranks<'u> {
    world: SimpleCommunicator,
    universe: PhantomData<&'u Universe>,
}

/// So many bytes of a text that differs are shown.
const SHOWN: usize = 400;

/// Longer texts of errors are cut.
const LONGEST_TEXT: usize = 4096;

/// Numbers that are added up at once by [`Ranks::average`].
const CHUNK: usize = 1 << 16;

impl<'u> Ranks<'u> {
    /// All processes of the job. Messages of the program's own do not get in the way.
    pub fn new(universe: &'u Universe) -> Self {
        Self::of(universe, &universe.world())
    }

    /// The processes of a communicator.
    pub fn of(_universe: &'u Universe, communicator: &impl Communicator) -> Self {
        Self { world: communicator.duplicate(), universe: PhantomData }
    }

    pub(super) fn world(&self) -> &SimpleCommunicator {
        &self.world
    }

    /// The number of this process, from 0.
    pub fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.world.size() as usize
    }

    /// Is this the first, that prints and writes files?
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Which of `total` examples this process is to read: equal parts, in the order of the ranks,
    /// the first ones longer by one where it does not come out even.
    pub fn share(&self, total: usize) -> Range<usize> {
        let (rank, size) = (self.rank(), self.size());
        let start = |rank: usize| total / size * rank + rank.min(total % size);
        start(rank)..start(rank + 1)
    }

    /// The lines of a text file that this process is to read: those that begin in its share of the
    /// bytes. All ranks together have each line once, in the order of the ranks, and no more is
    /// read than that.
    ///
    /// ```no_run
    /// # use dnn_blocks::distributed::{Ranks, mpi};
    /// # let universe = mpi::initialize().unwrap();
    /// # let ranks = Ranks::new(&universe);
    /// let table = ranks.read_lines("table.csv")?;
    /// let header = usize::from(ranks.is_first()); // the first line is that of rank 0
    /// for line in table.lines().skip(header) {
    ///     println!("{line}");
    /// }
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::OnRank`] if a rank cannot read its part, or it is not UTF-8.
    pub fn read_lines(&self, path: impl AsRef<Path>) -> Result<String> {
        let lines = File::open(path).and_then(|mut file| {
            let size = file.metadata()?.len();
            let end = |rank: usize| {
                (u128::from(size) * rank as u128).div_ceil(self.size() as u128) as u64
            };
            lines_in(&mut file, end(self.rank())..end(self.rank() + 1))
        });
        self.together(lines)
    }

    /// What one process could not do, none has done: an error on one is an error on all.
    ///
    /// ```no_run
    /// # use dnn_blocks::distributed::{Ranks, mpi};
    /// # let universe = mpi::initialize().unwrap();
    /// # let ranks = Ranks::new(&universe);
    /// let table = ranks.together(std::fs::read("part.bin"))?; // all of them, or none
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::OnRank`] with the first process that failed, and why.
    pub fn together<T, E: Display>(&self, own: Result<T, E>) -> Result<T> {
        let size = self.world.size();
        let own_rank = if own.is_err() { self.world.rank() } else { size };
        let mut failed = size;
        self.world.all_reduce_into(&own_rank, &mut failed, SystemOperation::min());
        match own {
            Ok(value) if failed == size => Ok(value),
            own => {
                let reason = own.err().map(|error| error.to_string()).unwrap_or_default();
                Err(Error::OnRank { rank: failed as usize, reason: self.text_of(failed, reason) })
            }
        }
    }

    /// `Ok` if this value is the same on all ranks: a rule, a learning rate, hyperparameters, a
    /// generator. What is compared is how it is printed by `Debug`, which tells numbers with all
    /// digits. Arrays print a part of themselves only: those of a network are compared by
    /// [`workspace`](Self::workspace).
    ///
    /// ```no_run
    /// # use dnn_blocks::distributed::{Ranks, mpi};
    /// # use dnn_blocks::prelude::*;
    /// # let universe = mpi::initialize().unwrap();
    /// # let ranks = Ranks::new(&universe);
    /// # let (rng, learning_rate) = (NumpyRandom::seed(1), 0.1);
    /// ranks.agree("rule, learning rate and generator", &(Algorithm::ADAM, learning_rate, &rng))?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Disagreement`] with the first rank that has another value than rank 0, and both.
    pub fn agree(&self, what: &'static str, value: &(impl Debug + ?Sized)) -> Result<()> {
        // The largest and, as the largest complement, the smallest.
        let own = [hash(value), !hash(value)];
        let mut largest = [0_u64; 2];
        self.world.all_reduce_into(&own[..], &mut largest[..], SystemOperation::max());
        if largest[0] == !largest[1] {
            return Ok(());
        }
        let mut all = vec![0_u64; self.size()];
        self.world.all_gather_into(&own[0], &mut all[..]);
        let rank = all.iter().position(|hash| *hash != all[0]).unwrap_or(0);
        let text = format!("{value:?}").into_bytes();
        let expected = self.bytes_of(0, text.clone());
        let found = self.bytes_of(rank as i32, text);
        let (expected, found) = where_they_differ(&expected, &found);
        Err(Error::Disagreement { what, rank, expected, found })
    }

    /// The text of one rank, on all.
    fn text_of(&self, rank: i32, own: String) -> String {
        let mut text = own.into_bytes();
        text.truncate(LONGEST_TEXT);
        String::from_utf8_lossy(&self.bytes_of(rank, text)).into_owned()
    }

    /// The bytes of one rank, on all.
    pub(super) fn bytes_of(&self, rank: i32, mut bytes: Vec<u8>) -> Vec<u8> {
        let root = self.world.process_at_rank(rank);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        for chunk in bytes.chunks_mut(CHUNK) {
            root.broadcast_into(chunk);
        }
        bytes
    }

    /// Each number becomes the sum of those of all ranks, which bring equally many: for figures of
    /// the program's own, such as how many predictions were right.
    pub fn sum(&self, numbers: &mut [f64]) {
        let own = numbers.to_vec();
        self.world.all_reduce_into(&own[..], numbers, SystemOperation::sum());
    }

    /// Where the m examples of this process are among all, in the order of the ranks: the first of
    /// them, and how many there are in all.
    pub fn place(&self, m: usize) -> (usize, usize) {
        let mut all = vec![0_u64; self.size()];
        self.world.all_gather_into(&(m as u64), &mut all[..]);
        let first: u64 = all[..self.rank()].iter().sum();
        (first as usize, all.iter().sum::<u64>() as usize)
    }

    /// Gives all ranks the parameters of rank 0.
    ///
    /// # Errors
    ///
    /// [`Error::Disagreement`] if they are not those of one network.
    pub fn broadcast<F: Float>(&self, parameters: &mut Parameters<F>) -> Result<()> {
        self.agree_on_network(parameters)?;
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

    fn agree_on_network<F: Float>(&self, parameters: &Parameters<F>) -> Result<()> {
        self.agree("network", &(std::any::type_name::<F>(), Network(parameters)))
    }

    /// `Ok` if all ranks have the same parameters to the last bit.
    fn agree_on_parameters<F: Float>(&self, parameters: &Parameters<F>) -> Result<()> {
        let matrices = parameters.layers().iter().flat_map(|layer| [&layer.w, &layer.b]);
        let bits = matrices.flatten().map(|x| x.as_f64().to_bits());
        let checksum = bits.fold(0, |sum: u64, bits| sum.rotate_left(1).wrapping_mul(3) ^ bits);
        self.agree("set of parameters", &format_args!("checksum {checksum:016x}"))
    }

    /// Makes gradients of this process's m examples those of all ranks' examples together, in place:
    /// for loops of the plain functions, between backward and update. Returns the number of all.
    ///
    /// A rank without examples brings gradients of any value, and `m = 0`. What belongs to the
    /// whole comes after it: the L2 term with the number that is returned, clipping, the norm.
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
    /// [`workspace`](Self::workspace) does the same without a pass over the gradients of its own,
    /// and while the rest is still being differentiated.
    ///
    /// # Errors
    ///
    /// [`Error::Disagreement`] if the gradients are not those of one network,
    /// [`Error::EmptyBatch`] if no rank has an example.
    pub fn average<F: Float>(&self, gradients: &mut Gradients<F>, m: usize) -> Result<usize> {
        let shapes = Shapes(gradients);
        self.agree("gradients", &(std::any::type_name::<F>(), shapes))?;
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

    /// This rank's part of the examples, to be dealt with those of the other ranks: each batch is of
    /// `size` examples from all of them. `X` (n_x, m) may be empty.
    ///
    /// All ranks [shuffle](Batches::shuffle) with equal generators.
    ///
    /// # Errors
    ///
    /// [`Error::OnRank`] with those of [`Batches::of_shard`], [`Error::Disagreement`] if the
    /// features, outputs or sizes differ.
    pub fn batches<'a, F: Float>(
        &self,
        x: impl Into<ArrayView2<'a, F>>,
        y: impl Into<ArrayView2<'a, F>>,
        size: usize,
    ) -> Result<Batches<'a, F>> {
        let (x, y) = (x.into(), y.into());
        self.agree(
            "number of features, of outputs, and size of the batches",
            &(x.nrows(), y.nrows(), size),
        )?;
        let (first, total) = self.place(x.ncols());
        self.together(Batches::of_shard(x, y, size, first, total))
    }

    /// A [`Workspace`](crate::Workspace) whose costs and gradients are those of all ranks. `examples`
    /// are the most that this rank has at once; other ranks may have others.
    ///
    /// # Errors
    ///
    /// [`Error::Disagreement`] if the networks differ, or their parameters in any bit: see
    /// [`broadcast`](Self::broadcast). [`Error::OnRank`] with [`Error::TooLarge`] if a rank has not
    /// the memory.
    pub fn workspace<F: Float>(
        &self,
        parameters: &Parameters<F>,
        examples: usize,
    ) -> Result<JointWorkspace<'_, F>> {
        self.agree_on_network(parameters)?;
        self.agree_on_parameters(parameters)?;
        self.together(JointWorkspace::new(self, parameters, examples))
    }

    /// Ends the job with a message: for what happened to this process alone, after which the others
    /// would wait for it.
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
    /// The others would wait for a process that panics.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.abort(&"ended by a panic");
        }
    }
}

/// Both texts from a little before their first difference on, if they are long.
fn where_they_differ(expected: &[u8], found: &[u8]) -> (String, String) {
    let same = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
    let start = if expected.len().max(found.len()) <= SHOWN { 0 } else { same.saturating_sub(40) };
    let part = |text: &[u8]| {
        let end = text.len().min(start + SHOWN);
        String::from_utf8_lossy(&text[start.min(end)..end]).into_owned()
    };
    (part(expected), part(found))
}

/// The lines of a file that begin in a range of its bytes.
fn lines_in(file: &mut File, bytes: Range<u64>) -> std::io::Result<String> {
    let before = bytes.start.saturating_sub(1);
    file.seek(SeekFrom::Start(before))?;
    let mut reader = BufReader::new(file);
    let mut lines = Vec::new();
    let mut next = bytes.start;
    if bytes.start > 0 {
        // The rest of a line that began before, of which the end may be the byte before the first.
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

/// The numbers of a matrix, row by row.
fn contiguous<F: Float>(matrix: &mut Array2<F>) -> &mut [F] {
    if !matrix.is_standard_layout() {
        *matrix = matrix.as_standard_layout().into_owned();
    }
    matrix.as_slice_mut().expect("standard layout")
}

/// Sizes and activations.
struct Network<'a, F>(&'a Parameters<F>);

impl<F: Float> Debug for Network<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let layers = self.0.layers().iter();
        f.debug_list()
            .entries(layers.map(|layer| (layer.w.dim(), layer.b.dim(), layer.activation)))
            .finish()
    }
}

struct Shapes<'a, F>(&'a Gradients<F>);

impl<F: Float> Debug for Shapes<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.layers().iter().map(|layer| (layer.dw.dim(), layer.db.dim())))
            .finish()
    }
}

/// FNV-1a of how a value is printed, without making a text of it.
pub(super) fn hash(value: &(impl Debug + ?Sized)) -> u64 {
    struct Fnv(u64);
    impl Write for Fnv {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            for byte in text.bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            }
            Ok(())
        }
    }
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    write!(hash, "{value:?}").expect("a hash takes any text");
    hash.0
}
