//! Checkpoints of a training, in files of their own.

use super::description::{
    Kind, LoadedNetwork, ModelDescription, TrainingDescription, network_writer,
};
use super::fit::{FitDescription, insert_arrays};
use super::{FromFile, ToFile, load_methods, save_methods};
use crate::checks::{check_argument, check_positive};
#[cfg(doc)]
use crate::files::FileError;
use crate::files::safetensors::{Reader, Writer};
use crate::files::tensors::TensorViews;
use crate::files::{Limits, Result, Tensors};
use crate::init::NumpyRandom;
use crate::model::{FitState, FitStateRef, TrainingFields};
use crate::train::optimizer::{Algorithm, LayerState, Optimizer, UpdateRule};
use crate::train::schedule::Schedule;
use crate::{Float, Parameters};
use ndarray::Array2;

/// The limits of a checkpoint: the records of a fit are part of the header.
pub(in crate::files) const CHECKPOINT_LIMITS: Limits = Limits::DEFAULT.header(1 << 26);

/// The state of a training loop. A loop that resumes from it gives bit-identical results.
///
/// ```
/// use dnn_blocks::files::{Checkpoint, Checkpoints};
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("checkpoints");
/// let (x, y) = (array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 0.0]]);
/// let checkpoints = Checkpoints::new(&folder, 3)?; // keeps the last three
/// let mut run = match checkpoints.latest::<f64>()? {
///     Some(checkpoint) => checkpoint,
///     None => {
///         let mut generator = NumpyRandom::seed(3);
///         let he = Initializer::He;
///         let parameters = initialize_parameters_deep(&[2, 8, 1], he, &mut generator)?;
///         let optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
///         let schedule = Schedule::Cosine { warm_up: 0, total: 20, lowest: 0.0 };
///         Checkpoint::new(parameters, optimizer, generator).learning_rate(0.05).schedule(schedule)
///     }
/// };
/// let mut batches = Batches::new(&x, &y, 2)?;
/// let mut workspace = Workspace::new(&run.parameters, 2)?;
/// while run.epoch < 20 {
///     let learning_rate = run.schedule.at(run.learning_rate, run.epoch);
///     batches.shuffle(&mut run.generator);
///     while let Some((x, y)) = batches.next() {
///         let cost = Cost::BinaryCrossEntropy;
///         let (_, gradients) = workspace.cost_and_gradients(&x, &y, &run.parameters, cost)?;
///         run.optimizer.step(&mut run.parameters, gradients, learning_rate)?;
///     }
///     run.epoch += 1;
///     checkpoints.save(&run)?;
/// }
/// assert_eq!(checkpoints.latest::<f64>()?.unwrap().epoch, 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checkpoint<F> {
    /// The network.
    pub parameters: Parameters<F>,
    /// The optimizer with its state, its number of steps and its frozen layers.
    ///
    /// A loop that resumes passes [`Optimizer::frozen`] to
    /// [`Workspace::freeze`](crate::train::workspace::Workspace::freeze).
    pub optimizer: Optimizer<F>,
    /// The random number generator with its position.
    pub generator: NumpyRandom,
    /// The initial learning rate α₀.
    pub learning_rate: f64,
    /// The learning-rate schedule.
    pub schedule: Schedule,
    /// The number of finished epochs.
    pub epoch: usize,
    /// The number of examples that were seen in them, for
    /// [schedules that count examples](Schedule::counts_examples).
    pub examples: usize,
    /// The state of a [`fit`](crate::model::FitOptions::checkpoints); `None` in a custom loop.
    pub fit: Option<FitState<F>>,
}

impl<F: Float> Checkpoint<F> {
    /// Creates the checkpoint of a custom loop before its first epoch.
    ///
    /// The learning rate is 0.001 as in [`Hyperparameters`](crate::model::Hyperparameters), the
    /// schedule constant.
    ///
    /// ```
    /// use dnn_blocks::files::{Checkpoint, Limits};
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut generator = NumpyRandom::seed(1);
    /// let parameters = initialize_parameters::<f64>(2, 4, 1, &mut generator)?;
    /// let optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
    /// let run = Checkpoint::new(parameters, optimizer, generator).learning_rate(0.01).epoch(3);
    /// let file: Vec<u8> = run.to_safetensors()?;
    /// let again = Checkpoint::<f64>::from_safetensors(&file, &Limits::default())?;
    /// assert_eq!((again.learning_rate, again.epoch), (0.01, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(parameters: Parameters<F>, optimizer: Optimizer<F>, generator: NumpyRandom) -> Self {
        Self {
            parameters,
            optimizer,
            generator,
            learning_rate: 0.001,
            schedule: Schedule::Constant,
            epoch: 0,
            examples: 0,
            fit: None,
        }
    }

    /// Sets the initial learning rate α₀.
    #[must_use]
    pub fn learning_rate(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// Sets the learning-rate schedule.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Sets the number of finished epochs.
    #[must_use]
    pub fn epoch(self, epoch: usize) -> Self {
        Self { epoch, ..self }
    }

    /// Sets the number of examples that were seen.
    #[must_use]
    pub fn examples(self, examples: usize) -> Self {
        Self { examples, ..self }
    }

    save_methods! {
        /// Writes the checkpoint to a safetensors file.
        ///
        /// The file holds `W1`, `b1`, … and the optimizer state beside each, such as `W1.v`. It is
        /// replaced atomically: after a crash the old one is intact.
        ///
        /// # Errors
        ///
        /// [`FileError::NotFinite`], [`FileError::Io`], [`FileError::TooLarge`];
        /// [`FileError::Model`] if the optimizer belongs to another network, or if learning rate,
        /// schedule or rule are out of range.
    }

    load_methods! {
        /// The limits are 1 GiB, 64 MiB of which for the header with the records of a fit, and 4096
        /// arrays. A checkpoint loads only in its own element type, because training in another one
        /// would give other results.
    }

    pub(in crate::files) fn by_ref(&self) -> CheckpointRef<'_, F> {
        let Self { parameters, optimizer, generator, .. } = self;
        let Self { learning_rate, schedule, epoch, examples, .. } = *self;
        let fit = self.fit.as_ref().map(FitState::by_ref);
        CheckpointRef {
            parameters,
            optimizer,
            generator,
            learning_rate,
            schedule,
            epoch,
            examples,
            fit,
        }
    }
}

impl<F: Float> ToFile for Checkpoint<F> {
    type Element = F;

    fn writer(&self) -> Result<Writer<'_, F>> {
        self.by_ref().writer()
    }
}

impl<F: Float> FromFile for Checkpoint<F> {
    const LIMITS: Limits = CHECKPOINT_LIMITS;

    fn from_reader(reader: Reader<'_>) -> Result<Self> {
        let network = LoadedNetwork::<F>::read(Kind::Checkpoint, reader)?;
        network.check_without_model()?;
        let (training, parameters, mut tensors) = network.into_training()?;
        let TrainingDescription {
            rule,
            steps,
            generator,
            learning_rate,
            schedule,
            epoch,
            examples,
            frozen,
            fit,
        } = training;
        let state = take_state(rule, parameters.layers().len(), &mut tensors)?;
        let fit = fit.map(|fit| fit.into_state(&parameters, &mut tensors)).transpose()?;
        tensors.check_empty()?;
        let mut optimizer = Optimizer::from_state(rule, state, steps)?;
        optimizer.freeze(&frozen)?;
        let generator = NumpyRandom::from_state(&generator)?;
        let run = Self {
            parameters,
            optimizer,
            generator,
            learning_rate,
            schedule,
            epoch,
            examples,
            fit,
        };
        run.by_ref().check()?;
        Ok(run)
    }
}

/// A [`Checkpoint`] with borrowed parts, to be saved.
pub(crate) struct CheckpointRef<'a, F> {
    pub parameters: &'a Parameters<F>,
    pub optimizer: &'a Optimizer<F>,
    pub generator: &'a NumpyRandom,
    pub learning_rate: f64,
    pub schedule: Schedule,
    pub epoch: usize,
    pub examples: usize,
    pub fit: Option<FitStateRef<'a, F>>,
}

impl<'a, F: Float> CheckpointRef<'a, F> {
    pub(in crate::files) fn writer(&self) -> Result<Writer<'a, F>> {
        self.check()?;
        let mut arrays = TensorViews::from_parameters(self.parameters)?;
        let matrices = UpdateRule::<F>::state(self.optimizer.rule());
        for (l, state) in self.optimizer.state().iter().enumerate() {
            for ((matrix, w), b) in matrices.iter().zip(&state.w).zip(&state.b) {
                let name = matrix.name;
                arrays.insert(format!("W{}.{name}", l + 1), w.view())?;
                arrays.insert(format!("b{}.{name}", l + 1), b.view())?;
            }
        }
        if let Some(fit) = self.fit {
            insert_arrays(fit, &mut arrays)?;
        }
        let training = TrainingDescription {
            rule: *self.optimizer.rule(),
            steps: self.optimizer.steps(),
            generator: self.generator.state(),
            learning_rate: self.learning_rate,
            schedule: self.schedule,
            epoch: self.epoch,
            examples: self.examples,
            frozen: self.optimizer.frozen().to_vec(),
            fit: self.fit.map(FitDescription::from_state),
        };
        let descriptions = (None::<ModelDescription<()>>, Some(training));
        network_writer(Kind::Checkpoint, arrays, self.parameters, descriptions)
    }

    /// Checks that the parts belong together, when a file is written and when it is read.
    fn check(&self) -> Result<()> {
        check_positive::<F>("learning_rate", self.learning_rate)?;
        self.schedule.check::<F>()?;
        self.optimizer.rule().check::<F>()?;
        for (name, count) in [("epoch", self.epoch), ("examples", self.examples)] {
            let countable = count <= usize::MAX / 2; // room for later epochs
            check_argument(countable, name, count as f64, "less than 2^63")?;
        }
        self.optimizer.check_state(self.parameters)?;
        let Some(fit) = self.fit else { return Ok(()) };
        fit.check(&TrainingFields {
            parameters: self.parameters,
            algorithm: *self.optimizer.rule(),
            schedule: self.schedule,
            epoch: self.epoch,
        })?;
        Ok(())
    }
}

/// Removes and returns the optimizer state of each layer.
fn take_state<F: Float>(
    rule: Algorithm,
    layers: usize,
    tensors: &mut Tensors<F>,
) -> Result<Vec<LayerState<F>>> {
    let matrices = UpdateRule::<F>::state(&rule);
    let mut of_matrix = |matrix: String| -> Result<Vec<Array2<F>>> {
        let names = matrices.iter().map(|state| format!("{matrix}.{}", state.name));
        names.map(|name| tensors.take_matrix(&name)).collect()
    };
    let layer = |l| {
        let (w, b) = (of_matrix(format!("W{l}"))?, of_matrix(format!("b{l}"))?);
        Ok(LayerState { w, b })
    };
    (1..=layers).map(layer).collect()
}
