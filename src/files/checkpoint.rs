//! A training that can be taken up again where it was.

use super::atomic::remove_left;
use super::fit::Fit;
use super::native::{Described, Kind, Training, malformed, network_file, opened};
use super::safetensors::{Unread, Unwritten};
use super::tensors::of_course;
use super::{FileError, Limits, Result, Tensors};
use crate::checks::{check_hyperparameter, check_positive};
use crate::init::NumpyRandom;
use crate::model::{FitState, LentState};
use crate::train::optimizer::{Algorithm, LayerState, Optimizer, Rule};
use crate::train::schedule::Schedule;
use crate::{Error, Float, Parameters};
use ndarray::Array2;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Those of a checkpoint: the records of a fit may be many.
const LIMITS: Limits = Limits { bytes: 1 << 30, header: 1 << 26, arrays: 4096 };

/// All that a loop of training needs to go on with the same bits as if it had never stopped.
///
/// ```
/// use dnn_blocks::files::{Checkpoint, Checkpoints};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("checkpoints");
/// let (x, y) = (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 0.0]]);
/// let checkpoints = Checkpoints::new(&folder, 3)?; // the last three are kept
/// let mut run = match checkpoints.latest::<f64>()? {
///     Some(checkpoint) => checkpoint,
///     None => {
///         let mut generator = NumpyRandom::seed(3);
///         let he = Initializer::He;
///         let parameters = initialize_parameters_deep(&[2, 8, 1], he, &mut generator)?;
///         let optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
///         let schedule = Schedule::Cosine { warm_up: 0, total: 20, lowest: 0.0 };
///         let (learning_rate, epoch, fit) = (0.05, 0, None);
///         Checkpoint { parameters, optimizer, generator, learning_rate, schedule, epoch, fit }
///     }
/// };
/// let mut batches = Batches::new(&x, &y, 2)?;
/// let mut workspace = Workspace::new(&run.parameters, 2);
/// while run.epoch < 20 {
///     let learning_rate = run.schedule.at(run.learning_rate, run.epoch);
///     batches.shuffle(&mut run.generator);
///     while let Some((x, y)) = batches.next() {
///         let cost = Cost::BinaryCrossEntropy;
///         let (_, gradients) = workspace.cost_and_gradients(x, y, &run.parameters, cost)?;
///         run.optimizer.step(&mut run.parameters, gradients, learning_rate)?;
///     }
///     run.epoch += 1;
///     checkpoints.save(&run)?;
/// }
/// assert_eq!(checkpoints.latest::<f64>()?.unwrap().epoch, 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Checkpoint<F> {
    /// What has been learnt.
    pub parameters: Parameters<F>,
    /// The rule, what it remembers, and the number of its steps.
    pub optimizer: Optimizer<F>,
    /// Where the random numbers are.
    pub generator: NumpyRandom,
    /// α₀.
    pub learning_rate: f64,
    /// How it changes.
    pub schedule: Schedule,
    /// The epochs that are done; the number of the next one.
    pub epoch: usize,
    /// What a [fit](crate::model::FitOptions::checkpoints) needs beside; `None` in a loop of one's own.
    pub fit: Option<FitState<F>>,
}

impl<F: Float> Checkpoint<F> {
    /// Writes the checkpoint to a safetensors file, as a whole or not at all: `W1`, `b1`, … and,
    /// beside each, the state of the optimiser, `W1.v`.
    ///
    /// # Errors
    ///
    /// [`FileError::NotFinite`], [`FileError::Io`]; [`FileError::Model`] if the optimiser is that
    /// of another network, or learning rate, schedule or rule are out of their range.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.lent().file()?.save(path.as_ref())
    }

    /// The file of [`save`](Self::save) in memory.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save), but for the file.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        self.lent().file()?.bytes()
    }

    fn lent(&self) -> LentCheckpoint<'_, F> {
        let Self { parameters, optimizer, generator, .. } = self;
        let Self { learning_rate, schedule, epoch, .. } = *self;
        let fit = self.fit.as_ref().map(FitState::lent);
        LentCheckpoint { parameters, optimizer, generator, learning_rate, schedule, epoch, fit }
    }

    /// Reads a file of [`save`](Self::save), of at most 1 GiB; a larger one is for
    /// [`from_safetensors`](Self::from_safetensors).
    ///
    /// # Errors
    ///
    /// Those of [`Parameters::load`]; [`FileError::Type`] also for a checkpoint of `f32` that is
    /// read as one of `f64`: the training would not go on with the same bits.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path.as_ref(), &LIMITS)
    }

    fn load_with(path: &Path, limits: &Limits) -> Result<Self> {
        Self::read(Unread::open(path, limits)?)
    }

    /// [`load`](Self::load) of a file in memory.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub fn from_safetensors(file: &[u8], limits: &Limits) -> Result<Self> {
        Self::read(Unread::bytes(file, limits)?)
    }

    fn read(file: Unread<'_>) -> Result<Self> {
        let Described { parameters, training, mut tensors } = opened::<F>(Kind::Checkpoint, file)?;
        let training = training.ok_or_else(|| malformed("there is no training in it"))?;
        let Training { rule, steps, generator, learning_rate, schedule, epoch, fit } = training;
        let state = states(rule, parameters.layers().len(), &mut tensors)?;
        let fit = fit.map(|fit| fit.into_state(&parameters, &mut tensors)).transpose()?;
        tensors.nothing_left()?;
        let optimizer = Optimizer::from_state(rule, state, steps)?;
        let generator = NumpyRandom::from_state(&generator)?;
        let run = Self { parameters, optimizer, generator, learning_rate, schedule, epoch, fit };
        run.lent().check()?;
        Ok(run)
    }
}

/// A [`Checkpoint`] whose parts are lent, to be saved.
pub(crate) struct LentCheckpoint<'a, F> {
    pub parameters: &'a Parameters<F>,
    pub optimizer: &'a Optimizer<F>,
    pub generator: &'a NumpyRandom,
    pub learning_rate: f64,
    pub schedule: Schedule,
    pub epoch: usize,
    pub fit: Option<LentState<'a, F>>,
}

impl<'a, F: Float> LentCheckpoint<'a, F> {
    fn file(&self) -> Result<Unwritten<'a, F>> {
        self.check()?;
        let mut arrays = of_course(self.parameters)?;
        let names = Rule::<F>::state(self.optimizer.rule());
        for (l, state) in self.optimizer.state().iter().enumerate() {
            for ((name, w), b) in names.iter().zip(&state.w).zip(&state.b) {
                arrays.insert(format!("W{}.{name}", l + 1), w.view())?;
                arrays.insert(format!("b{}.{name}", l + 1), b.view())?;
            }
        }
        let fit = self.fit.map(|fit| Fit::of(fit, &mut arrays)).transpose()?;
        let training = Training {
            rule: *self.optimizer.rule(),
            steps: self.optimizer.steps(),
            generator: self.generator.state(),
            learning_rate: self.learning_rate,
            schedule: self.schedule,
            epoch: self.epoch,
            fit,
        };
        network_file(Kind::Checkpoint, arrays, self.parameters, training)
    }

    /// The rules of a file, whether it is written or read.
    fn check(&self) -> Result<()> {
        check_positive::<F>("learning_rate", self.learning_rate)?;
        self.schedule.check()?;
        self.optimizer.rule().check::<F>()?;
        let countable = self.epoch <= usize::MAX / 2; // and so is every epoch to come
        let rule = "a number that can be reached";
        check_hyperparameter(countable, "epoch", self.epoch as f64, rule)?;
        self.optimizer.check_state(self.parameters)?;
        Ok(self.fit.map_or(Ok(()), |fit| fit.check(self))?)
    }
}

fn states<F: Float>(
    rule: Algorithm,
    layers: usize,
    tensors: &mut Tensors<F>,
) -> Result<Vec<LayerState<F>>> {
    let names = Rule::<F>::state(&rule);
    let mut beside = |matrix: String| -> Result<Vec<Array2<F>>> {
        names.iter().map(|name| tensors.matrix(&format!("{matrix}.{name}"))).collect()
    };
    let mut layer =
        |l: usize| Ok(LayerState { w: beside(format!("W{l}"))?, b: beside(format!("b{l}"))? });
    (1..=layers).map(&mut layer).collect()
}

/// A folder of checkpoints, of which the last few are kept. The loop is that of [`Checkpoint`], or a
/// [fit](crate::model::FitOptions::checkpoints).
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    every: usize,
    limits: Limits,
}

impl Checkpoints {
    /// The checkpoints in this folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`]; [`FileError::Model`] if none are to be kept.
    pub fn new(folder: impl Into<PathBuf>, keep: usize) -> Result<Self> {
        check_hyperparameter(keep > 0, "keep", 0.0, "at least 1")?;
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, keep, every: 1, limits: LIMITS })
    }

    /// The same for a fit that saves each `n`-th epoch, and the last one. Without it, each is saved.
    ///
    /// ```
    /// # use dnn_blocks::files::Checkpoints;
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let checkpoints = Checkpoints::new(folder, 2)?.every(10)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FileError::Model`] if `n` is 0.
    pub fn every(self, n: usize) -> Result<Self> {
        check_hyperparameter(n > 0, "every", 0.0, "at least 1")?;
        Ok(Self { every: n, ..self })
    }

    /// Is the state after so many epochs of a fit to be saved?
    pub(crate) fn is_due(&self, epochs: usize) -> bool {
        epochs.is_multiple_of(self.every)
    }

    /// Sets the limits on the size of a checkpoint. The defaults are 1 GiB, 64 MiB of which for the
    /// header with the records of a fit, and 4096 arrays.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Every how many epochs of a fit one is saved.
    pub(crate) fn interval(&self) -> usize {
        self.every
    }

    /// The limits that were chosen.
    pub(crate) fn chosen_limits(&self) -> &Limits {
        &self.limits
    }

    /// Writes `checkpoint-<epoch>.safetensors`, with the number of finished epochs in eight digits
    /// as in `checkpoint-00000040.safetensors`, then removes the oldest of the others that are too
    /// many: at any time there are as many whole ones as are to be kept, once there were.
    ///
    /// The oldest are those of the lowest epochs. What a writer that was killed left in the folder,
    /// `.dnn-blocks-…`, is removed as well. A folder is for one run: [`latest`](Self::latest)
    /// would go on with another that came further.
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::save`]; [`FileError::TooLarge`] if the file could not be read again
    /// within the [limits](Self::limits).
    pub fn save<F: Float>(&self, checkpoint: &Checkpoint<F>) -> Result<PathBuf> {
        self.save_lent(checkpoint.lent())
    }

    pub(crate) fn save_lent<F: Float>(&self, checkpoint: LentCheckpoint<'_, F>) -> Result<PathBuf> {
        let path = self.folder.join(format!("checkpoint-{:08}.safetensors", checkpoint.epoch));
        let file = checkpoint.file()?;
        file.check(&self.limits)?;
        remove_left(&self.folder)?;
        file.save(&path)?;
        let others = self.newest_first()?.into_iter().filter(|other| *other != path);
        for old in others.skip(self.keep - 1) {
            remove(&old)?;
        }
        Ok(path)
    }

    /// The newest checkpoint that can be read, if there is one.
    ///
    /// # Errors
    ///
    /// What is wrong with the newest, if none can be read. That it is not of `F`, or that there is
    /// no memory for it, is an error in any case: an older one would be a step back.
    pub fn latest<F: Float>(&self) -> Result<Option<Checkpoint<F>>> {
        let mut first: Option<FileError> = None;
        for path in self.newest_first()? {
            match Checkpoint::load_with(&path, &self.limits) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) if is_whole(&error) => return Err(error),
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(None), Err)
    }

    fn newest_first(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let number = name
                .and_then(|name| name.strip_prefix("checkpoint-")?.strip_suffix(".safetensors"))
                .and_then(|number| number.parse::<u64>().ok());
            found.extend(number.map(|number| (number, path)));
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }
}

/// Does this say nothing against the file itself?
fn is_whole(error: &FileError) -> bool {
    match error {
        FileError::Type { .. } | FileError::Model(Error::TooLarge { .. }) => true,
        FileError::TooLarge { size, limit, .. } => size <= limit, // there is no memory
        FileError::Io(error) => error.kind() == ErrorKind::OutOfMemory,
        _ => false,
    }
}

/// Removes a file, unless another process did.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
