//! The training loop of the models: epochs, early stopping, callbacks, checkpoints.

use super::dataset::{Dataset, Evaluation, Split, targets};
use super::head::Head;
use super::history::{BestEpoch, Epoch, EpochRecord, History, OnEpoch};
use super::hyperparameters::Hyperparameters;
use super::network::Network;
use crate::gradients::clip_by_norm;
use crate::init::RandomSource;
use crate::train::batches::{Batches, LocalBatch};
use crate::train::reduce::{GradientReducer, SingleProcess};
use crate::train::regularization::{Objective, l2_cost};
use crate::train::step::{DropoutSource, StepBuffers, StepInput};
use crate::{Error, Float, Parameters, Result};
use std::ops::ControlFlow;

/// A function that saves the training after an epoch.
pub(crate) type Save<'a, F> = Box<dyn FnMut(&EpochEnd<'_, F>) -> Result<()> + 'a>;

/// A function that evaluates the parameters after an epoch.
pub(crate) type Evaluate<'a, F> = Box<dyn FnMut(&Parameters<F>) -> Result<Evaluation> + 'a>;

/// The state of a training after an epoch.
#[cfg_attr(not(feature = "safetensors"), allow(dead_code))] // read by checkpoints only
pub(crate) struct EpochEnd<'s, F> {
    pub network: &'s Network<F>,
    pub records: &'s [EpochRecord],
    pub best: Option<&'s BestEpoch<F>>,
    /// Whether this is the last epoch.
    pub last: bool,
}

/// The records from which a training continues, and the functions called after each epoch.
pub(crate) struct Session<'a, F> {
    pub on_epoch: OnEpoch<'a, F>,
    pub save: Save<'a, F>,
    pub history: History,
    /// The epoch with the lowest cost so far, if there is a patience.
    pub best: Option<BestEpoch<F>>,
}

impl<'a, F> Session<'a, F> {
    /// Creates a session that starts at the first epoch and saves nothing.
    pub fn new(on_epoch: OnEpoch<'a, F>) -> Self {
        let (history, best) = (History::default(), None);
        Self { on_epoch, save: Box::new(|_| Ok(())), history, best }
    }

    /// Creates a session without a callback.
    pub fn silent() -> Self {
        Self::new(Box::new(|_| ControlFlow::Continue(())))
    }
}

/// The examples of a training, and how their gradients and costs are computed.
pub(crate) struct Source<'a, F> {
    pub training: &'a Dataset<F>,
    pub batches: Batches<'a, F>,
    pub reducer: Box<dyn GradientReducer<F> + 'a>,
    /// The number of examples in the whole training set.
    pub examples: usize,
    /// Evaluates the validation set, or the training set if only a patience needs it.
    pub evaluate: Option<Evaluate<'a, F>>,
    pub has_validation: bool,
}

impl<'a, F: Float> Source<'a, F> {
    /// Creates a source from a split that holds all examples.
    pub fn new(
        hyperparameters: &Hyperparameters,
        head: &'a Head<F>,
        split: &'a Split<F>,
        parameters: &Parameters<F>,
    ) -> Result<Self> {
        let evaluate = match evaluated_set(hyperparameters, split) {
            Some(set) => Some(evaluate(head, set, parameters, split.validation.is_some())?),
            None => None,
        };
        let examples = split.training.len();
        Ok(Self {
            training: &split.training,
            batches: split.training.batches(hyperparameters.batch_size.min(examples))?,
            reducer: Box::new(SingleProcess),
            examples,
            evaluate,
            has_validation: split.validation.is_some(),
        })
    }
}

/// Returns the set that is evaluated after each epoch: the validation set, or the training set if
/// there is a patience.
pub(crate) fn evaluated_set<'a, F>(
    hyperparameters: &Hyperparameters,
    split: &'a Split<F>,
) -> Option<&'a Dataset<F>> {
    let training = hyperparameters.patience.map(|_| &split.training);
    split.validation.as_ref().or(training)
}

fn evaluate<'a, F: Float>(
    head: &'a Head<F>,
    set: &'a Dataset<F>,
    parameters: &Parameters<F>,
    with_score: bool,
) -> Result<Evaluate<'a, F>> {
    let mut buffers = set.output_buffers(parameters)?;
    Ok(Box::new(move |parameters| set.evaluate(head, parameters, &mut buffers, with_score)))
}

/// A training with all that it needs besides the network, allocated before the first step.
pub(crate) struct Trainer<'a, F> {
    hyperparameters: &'a Hyperparameters,
    head: &'a Head<F>,
    source: Source<'a, F>,
    session: Session<'a, F>,
    buffers: StepBuffers<F>,
    /// The parameters after the last epoch in which they were finite.
    last_finite: Parameters<F>,
    /// A buffer for the parameters of the best epoch, until there is one.
    best_buffer: Option<Parameters<F>>,
}

impl<'a, F: Float> Trainer<'a, F> {
    pub fn new(
        hyperparameters: &'a Hyperparameters,
        head: &'a Head<F>,
        source: Source<'a, F>,
        session: Session<'a, F>,
        parameters: &Parameters<F>,
    ) -> Result<Self> {
        let size = hyperparameters.batch_size.min(source.examples);
        let mut buffers = StepBuffers::new(parameters, size)?;
        buffers.freeze(&hyperparameters.frozen)?;
        if hyperparameters.keep_prob < 1.0 {
            buffers.allocate_dropout()?;
        }
        let needs_buffer = hyperparameters.patience.is_some() && session.best.is_none();
        let best_buffer = needs_buffer.then(|| parameters.try_clone()).transpose()?;
        let last_finite = parameters.try_clone()?;
        Ok(Self { hyperparameters, head, source, session, buffers, last_finite, best_buffer })
    }

    /// Trains until `epochs` epochs are done. On divergence, restores the last finite parameters.
    pub fn run(mut self, network: &mut Network<F>, epochs: usize) -> Result<History> {
        network.optimizer.freeze(&self.hyperparameters.frozen)?;
        let mut stopped = self.is_out_of_patience();
        while network.epochs < epochs && !stopped {
            let (record, watched) = match self.epoch(network) {
                Ok(epoch) => epoch,
                Err(error) => {
                    network.restore(&self.last_finite);
                    return Err(error);
                }
            };
            network.epochs += 1;
            self.last_finite.assign(&network.parameters);
            self.session.history.epochs.push(record);
            stopped = self.call_back(&record, &network.parameters);
            self.keep_best(record.epoch, watched, &network.parameters);
            stopped |= self.is_out_of_patience();
            let Session { save, history, best, .. } = &mut self.session;
            let last = stopped || network.epochs == epochs;
            save(&EpochEnd { network, records: &history.epochs, best: best.as_ref(), last })?;
        }
        let Session { mut history, best, .. } = self.session;
        history.stopped_early = stopped && network.epochs < self.hyperparameters.epochs;
        if let Some(best) = best {
            history.best_epoch = Some(best.epoch);
            if best.epoch + 1 < network.epochs {
                network.restore(&best.parameters);
            }
        }
        Ok(history)
    }

    /// Trains for one epoch. Returns its record, and the cost that the patience watches.
    fn epoch(&mut self, network: &mut Network<F>) -> Result<(EpochRecord, Option<f64>)> {
        let epoch = network.epochs;
        let Hyperparameters { schedule, learning_rate, .. } = *self.hyperparameters;
        let learning_rate = schedule.at(learning_rate, epoch);
        if self.source.batches.len() > 1 {
            self.source.batches.shuffle(&mut network.rng);
        } else {
            self.source.batches.rewind();
        }
        let Self { hyperparameters, head, source, buffers, .. } = self;
        let Source { batches, reducer, .. } = source;
        let (mut cost, mut gradient_norm, mut seen, mut batch) = (0.0, 0.0, 0, 0);
        while let Some(local) = batches.next_local() {
            let m = local.columns.map_or(local.x.ncols(), |columns| columns.total);
            let reducer = &mut **reducer;
            let (batch_cost, norm) =
                step(hyperparameters, head, buffers, reducer, network, local, learning_rate)?;
            if !(batch_cost.is_finite() && norm.is_finite()) {
                return Err(Error::Diverged { epoch, batch });
            }
            cost += batch_cost * m as f64;
            gradient_norm = norm;
            seen += m;
            batch += 1;
        }
        if !(network.parameters.is_finite() && network.optimizer.is_finite()) {
            return Err(Error::Diverged { epoch, batch: batch - 1 });
        }
        let cost = cost / seen as f64;
        let record =
            EpochRecord { epoch, learning_rate, cost, gradient_norm, ..Default::default() };
        self.evaluate(record, &network.parameters)
    }

    /// Evaluates the parameters after an epoch. Returns the record with the validation results, and
    /// the cost that the patience watches.
    fn evaluate(
        &mut self,
        mut record: EpochRecord,
        parameters: &Parameters<F>,
    ) -> Result<(EpochRecord, Option<f64>)> {
        let Some(evaluate) = &mut self.source.evaluate else { return Ok((record, None)) };
        let Evaluation { cost, score } = evaluate(parameters)?;
        if self.source.has_validation {
            (record.validation_cost, record.validation_score) = (Some(cost), score);
            return Ok((record, Some(cost)));
        }
        let l2 = self.hyperparameters.l2 * self.source.batches.len() as f64; // every batch adds it
        let l2 = l2_cost(parameters, l2, self.source.examples)?.as_f64();
        Ok((record, Some(cost + l2)))
    }

    /// Calls the callback, and returns whether it stops the training.
    fn call_back(&mut self, record: &EpochRecord, parameters: &Parameters<F>) -> bool {
        let (training, head) = (self.source.training, self.head);
        let score = || {
            let mut buffers = training.output_buffers(parameters)?;
            training.score(head, parameters, &mut buffers)
        };
        let total_epochs = self.hyperparameters.epochs;
        let epoch = Epoch { record: *record, total_epochs, parameters, score: &score };
        (self.session.on_epoch)(&epoch).is_break()
    }

    /// Keeps the parameters if there is a patience and the watched cost is the lowest so far.
    fn keep_best(&mut self, epoch: usize, watched: Option<f64>, parameters: &Parameters<F>) {
        let Some(cost) = watched.filter(|_| self.hyperparameters.patience.is_some()) else {
            return;
        };
        // A comparison with NaN is never true, so that no later cost would be lower.
        let cost = if cost.is_nan() { f64::INFINITY } else { cost };
        match (&mut self.session.best, self.best_buffer.take()) {
            (Some(best), _) if cost < best.cost => {
                (best.epoch, best.cost) = (epoch, cost);
                best.parameters.assign(parameters);
            }
            (best @ None, Some(mut buffer)) => {
                buffer.assign(parameters);
                *best = Some(BestEpoch { epoch, cost, parameters: buffer });
            }
            _ => {}
        }
    }

    /// Returns whether the last `patience` epochs had no lower cost.
    fn is_out_of_patience(&self) -> bool {
        let Session { history, best, .. } = &self.session;
        match (self.hyperparameters.patience, best, history.epochs.last()) {
            (Some(patience), Some(best), Some(last)) => last.epoch - best.epoch >= patience,
            _ => false,
        }
    }
}

/// Takes one step. Returns the cost before the step, and the norm of the gradient.
fn step<F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    buffers: &mut StepBuffers<F>,
    reducer: &mut dyn GradientReducer<F>,
    network: &mut Network<F>,
    local: LocalBatch<'_, F>,
    learning_rate: f64,
) -> Result<(f64, f64)> {
    let Network { parameters, optimizer, rng, .. } = network;
    let keep_prob = hyperparameters.keep_prob;
    let mut uniform = || rng.uniform();
    let dropout = (keep_prob < 1.0).then_some(DropoutSource {
        keep_prob,
        uniform: &mut uniform,
        columns: local.columns,
    });
    let input = StepInput {
        x: &local.x,
        targets: &targets(local.y),
        objective: Objective::new(head.cost.clone()).l2(hyperparameters.l2),
        dropout,
        partial: local.columns.is_some(),
    };
    let (cost, gradients) = buffers.cost_and_gradients(input, parameters, reducer)?;
    if !cost.is_finite() {
        return Ok((cost.as_f64(), 0.0));
    }
    let norm = match hyperparameters.clip_norm {
        Some(max_norm) => clip_by_norm(gradients, max_norm)?,
        None => gradients.norm(),
    };
    if norm.is_finite() {
        optimizer.step(parameters, gradients, learning_rate)?;
    }
    Ok((cost.as_f64(), norm))
}
