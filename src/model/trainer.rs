//! The training loop of the models: epochs, early stopping, callbacks, checkpoints.

use super::dataset::{Dataset, Evaluation, Split, targets};
use super::head::Head;
use super::history::{Batch, BestEpoch, Epoch, EpochData, EpochRecord, History, OnBatch, OnEpoch};
use super::hyperparameters::{Hyperparameters, Monitor};
use super::network::Network;
use crate::checks::check_positive;
use crate::data::Standardizer;
use crate::error::Operand;
use crate::gradients::clip_by_norm;
use crate::init::RandomSource;
use crate::train::batches::{Batches, LocalBatch};
use crate::train::lbfgs::{Lbfgs, Progress, Stop};
use crate::train::patience::Patience;
use crate::train::reduce::{GradientReducer, SingleProcess};
use crate::train::regularization::{StepObjective, l2_cost};
use crate::train::schedule::Schedule;
use crate::train::step::{DropoutSource, StepBuffers, StepInput};
use crate::{Error, Float, Gradients, Parameters, Result};
use std::cell::Cell;
use std::ops::Range;

/// A function that saves the training after an epoch.
pub(crate) type Save<'a, F> = Box<dyn FnMut(&EpochEnd<'_, F>) -> Result<()> + 'a>;

/// A function that evaluates the parameters after an epoch.
pub(crate) type Evaluate<'a, F> = Box<dyn FnMut(&Parameters<F>) -> Result<Evaluation> + 'a>;

/// The state of a training after an epoch.
#[cfg_attr(not(feature = "safetensors"), allow(dead_code))] // read by checkpoints only
pub(crate) struct EpochEnd<'s, F> {
    pub network: &'s Network<F>,
    pub progress: &'s FitProgress<F>,
    pub search: Option<&'s Lbfgs<F>>,
    /// Whether this is the last epoch.
    pub last: bool,
}

/// What a fit has found so far, and what its next epochs depend on besides the network.
pub(crate) struct FitProgress<F> {
    pub records: Vec<EpochRecord>,
    /// The best epoch so far, if there is a patience.
    pub best: Option<BestEpoch<F>>,
    pub patience: Option<Patience>,
    /// The patience of the plateau.
    pub plateau: Option<Patience>,
    /// Why L-BFGS ended, if it did.
    pub stop: Option<Stop>,
}

/// The progress from which a training continues, and the functions that it calls.
pub(crate) struct Session<'a, F> {
    pub on_epoch: OnEpoch<'a, F>,
    pub on_batch: Option<OnBatch<'a, F>>,
    pub save: Save<'a, F>,
    pub progress: FitProgress<F>,
    /// Whether the state of L-BFGS belongs to the parameters and the data.
    pub resumed: bool,
}

impl<'a, F> Session<'a, F> {
    /// Creates a session that has no records and saves nothing.
    pub fn new(
        hyperparameters: &Hyperparameters,
        (on_epoch, on_batch): (OnEpoch<'a, F>, Option<OnBatch<'a, F>>),
    ) -> Result<Self> {
        let Hyperparameters { patience, plateau, tolerance, .. } = *hyperparameters;
        let patience_of = |epochs| Patience::new(epochs, tolerance);
        let progress = FitProgress {
            records: Vec::new(),
            best: None,
            patience: patience.map(patience_of).transpose()?,
            plateau: plateau.map(|plateau| patience_of(plateau.patience)).transpose()?,
            stop: None,
        };
        Ok(Self { on_epoch, on_batch, save: Box::new(|_| Ok(())), progress, resumed: false })
    }
}

/// The examples of a training, and how their gradients and costs are computed.
pub(crate) struct Source<'a, F> {
    pub training: &'a Dataset<F>,
    pub held_out: Option<&'a Dataset<F>>,
    /// The scaler of the targets, if they are standardized.
    pub target_scaler: Option<&'a Standardizer<F>>,
    pub batches: Batches<'a, F>,
    pub reducer: Box<dyn GradientReducer<F> + 'a>,
    /// The number of examples in the whole training set.
    pub examples: usize,
    /// Evaluates the validation set, if there is one.
    pub validation: Option<Evaluate<'a, F>>,
    /// Evaluates the training set, if its cost is monitored.
    pub monitored_training: Option<Evaluate<'a, F>>,
}

impl<'a, F: Float> Source<'a, F> {
    /// Creates a source from a split that holds all examples.
    pub fn new(
        hyperparameters: &Hyperparameters,
        head: &'a Head<F>,
        split: &'a Split<F>,
        target_scaler: Option<&'a Standardizer<F>>,
        parameters: &Parameters<F>,
    ) -> Result<Self> {
        let examples = split.training.len();
        let evaluate = |set: &'a Dataset<F>, smoothing, with_score| {
            let mut buffers = set.output_buffers(parameters)?;
            let evaluate: Evaluate<'a, F> = Box::new(move |parameters| {
                set.evaluate(head, parameters, &mut buffers, (smoothing, with_score))
            });
            Ok(evaluate)
        };
        let validation = split.validation.as_ref();
        let monitored = monitors_training(hyperparameters, validation.is_some())?;
        Ok(Self {
            training: &split.training,
            held_out: validation,
            target_scaler,
            batches: split.training.batches(batch_size(hyperparameters, examples))?,
            reducer: Box::new(SingleProcess),
            examples,
            validation: validation.map(|set| evaluate(set, 0.0, true)).transpose()?,
            monitored_training: match monitored {
                true => Some(evaluate(&split.training, hyperparameters.label_smoothing, false)?),
                false => None,
            },
        })
    }
}

/// Returns the number of examples in a batch.
pub(crate) fn batch_size(hyperparameters: &Hyperparameters, examples: usize) -> usize {
    match hyperparameters.lbfgs {
        Some(_) => examples,
        None => hyperparameters.batch_size_for(examples),
    }
}

/// Returns whether the training cost is monitored, and checks that the monitored value exists.
pub(crate) fn monitors_training(
    hyperparameters: &Hyperparameters,
    has_validation: bool,
) -> Result<bool> {
    let on_training = match hyperparameters.monitor {
        Monitor::Auto => !has_validation,
        Monitor::TrainingCost => true,
        Monitor::ValidationCost | Monitor::ValidationScore if has_validation => false,
        Monitor::ValidationCost | Monitor::ValidationScore => {
            return Err(Error::Inconsistent {
                what: "`monitor` is a value of the validation set, but there is none",
            });
        }
    };
    Ok(on_training && hyperparameters.monitors())
}

/// A search by L-BFGS, and the point that it evaluates next.
struct Search<F> {
    lbfgs: Lbfgs<F>,
    trial: Parameters<F>,
}

/// A training with all that it needs besides the network, allocated before the first step.
pub(crate) struct Trainer<'a, F> {
    hyperparameters: &'a Hyperparameters,
    head: &'a Head<F>,
    source: Source<'a, F>,
    session: Session<'a, F>,
    buffers: StepBuffers<F>,
    search: Option<Search<F>>,
    /// The parameters after the last epoch in which they were finite.
    last_finite: Parameters<F>,
    /// A buffer for the parameters of the best epoch, until there is one.
    best_buffer: Option<Parameters<F>>,
    /// Whether the callback of the batches has stopped the training.
    interrupted: bool,
    /// The epochs of the fit, of which a resumed one has done some.
    epochs: Range<usize>,
}

/// The end of an epoch.
enum Outcome {
    /// The epoch is done. The second part is the monitored value, if there is one.
    Done(EpochRecord, Option<f64>),
    /// A callback stopped the epoch before its end, or L-BFGS found no better parameters.
    Ended,
}

impl<'a, F: Float> Trainer<'a, F> {
    pub fn new(
        hyperparameters: &'a Hyperparameters,
        head: &'a Head<F>,
        source: Source<'a, F>,
        session: Session<'a, F>,
        network: &Network<F>,
        epochs: Range<usize>,
    ) -> Result<Self> {
        let parameters = &network.parameters;
        let size = batch_size(hyperparameters, source.examples);
        let mut buffers = StepBuffers::new(parameters, size)?;
        buffers.freeze(&hyperparameters.frozen)?;
        if hyperparameters.keep_prob < 1.0 {
            buffers.allocate_dropout()?;
        }
        let needs_buffer = hyperparameters.patience.is_some() && session.progress.best.is_none();
        let best_buffer = needs_buffer.then(|| parameters.try_clone()).transpose()?;
        let last_finite = parameters.try_clone()?;
        let search = match hyperparameters.lbfgs {
            Some(options) => Some(Search {
                lbfgs: Lbfgs::new(parameters, options)?,
                trial: parameters.try_clone()?,
            }),
            None => None,
        };
        Ok(Self {
            hyperparameters,
            head,
            source,
            session,
            buffers,
            search,
            last_finite,
            best_buffer,
            interrupted: false,
            epochs,
        })
    }

    /// Trains until all epochs are done. On divergence, restores the last finite parameters.
    pub fn run(mut self, network: &mut Network<F>) -> Result<History> {
        let until = self.epochs.end;
        network.optimizer.freeze(&self.hyperparameters.frozen)?;
        self.continue_search(network)?;
        let mut stopped = self.has_ended();
        let mut unfinished = false;
        while network.epochs < until && !stopped {
            let outcome = self.epoch(network).inspect_err(|_| network.restore(&self.last_finite));
            let Outcome::Done(record, value) = outcome? else {
                (stopped, unfinished) = (true, self.session.progress.stop.is_none());
                if !unfinished {
                    self.save(network, true)?; // that L-BFGS has ended
                }
                break;
            };
            network.epochs += 1;
            self.last_finite.assign(&network.parameters);
            self.session.progress.records.push(record);
            stopped = self.call_back(&record, network, until)?;
            if let Some(value) = value {
                self.observe(record.epoch, value, network);
            }
            stopped |= self.interrupted || self.has_ended();
            self.save(network, stopped || network.epochs == until)?;
        }
        self.finish(network, stopped, unfinished, until)
    }

    /// Returns whether the patience is exhausted or L-BFGS has stopped.
    fn has_ended(&self) -> bool {
        let FitProgress { patience, stop, .. } = &self.session.progress;
        stop.is_some() || patience.is_some_and(|patience| patience.is_exhausted())
    }

    fn save(&mut self, network: &Network<F>, last: bool) -> Result<()> {
        let Session { save, progress, .. } = &mut self.session;
        let search = self.search.as_ref().map(|search| &search.lbfgs);
        save(&EpochEnd { network, progress, search, last })
    }

    /// Ends the training with the best parameters, and returns its history.
    fn finish(
        self,
        network: &mut Network<F>,
        stopped: bool,
        unfinished: bool,
        until: usize,
    ) -> Result<History> {
        let FitProgress { records, best, mut stop, .. } = self.session.progress;
        let stopped_early = stopped && network.epochs < until;
        let mut evaluations = None;
        if let Some(Search { lbfgs, .. }) = self.search {
            evaluations = Some(lbfgs.evaluations());
            if !stopped {
                stop = Some(Stop::Iterations);
            }
            network.search = (lbfgs.evaluations() > 0).then(|| lbfgs.into_state());
        }
        let best_epoch = best.as_ref().map(|best| best.epoch);
        if let Some(best) = best.filter(|best| best.epoch + 1 < network.epochs || unfinished) {
            network.restore(&best.parameters);
        }
        Ok(History { epochs: records, stopped_early, best_epoch, stop, evaluations })
    }

    /// Trains for one epoch.
    fn epoch(&mut self, network: &mut Network<F>) -> Result<Outcome> {
        let record = match self.search {
            Some(_) => self.iteration(network),
            None => self.pass(network),
        }?;
        let Some(record) = record else { return Ok(Outcome::Ended) };
        let (record, value) = self.evaluate(record, &network.parameters)?;
        Ok(Outcome::Done(record, value))
    }

    /// Trains on all mini-batches. Returns `None` if the callback stops before the end.
    fn pass(&mut self, network: &mut Network<F>) -> Result<Option<EpochRecord>> {
        let epoch = network.epochs;
        let learning_rate = self.learning_rate(network);
        if self.hyperparameters.shuffle && self.source.batches.len() > 1 {
            self.source.batches.shuffle(&mut network.rng);
        } else {
            self.source.batches.rewind();
        }
        let Self { hyperparameters, head, source, buffers, session, .. } = self;
        let Source { batches, reducer, .. } = source;
        let (mut cost, mut gradient_norm, mut seen, mut batch) = (0.0, 0.0, 0, 0);
        let count = batches.len();
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
            if let Some(on_batch) = &mut session.on_batch {
                let parameters = &network.parameters;
                let (batch, batches) = (batch - 1, count);
                let record =
                    Batch { epoch, batch, batches, cost: batch_cost, gradient_norm, parameters };
                self.interrupted = on_batch(&record)?.is_break();
                if self.interrupted && batch + 1 < batches {
                    check_finite(network, batch)?;
                    network.examples = network.examples.saturating_add(seen);
                    return Ok(None);
                }
            }
        }
        check_finite(network, batch - 1)?;
        network.examples = network.examples.saturating_add(seen);
        let cost = cost / seen as f64;
        Ok(Some(EpochRecord { epoch, learning_rate, cost, gradient_norm, ..Default::default() }))
    }

    /// Returns the learning rate of the next epoch.
    fn learning_rate(&self, network: &Network<F>) -> f64 {
        let schedule = self.hyperparameters.schedule;
        let t = match schedule {
            Schedule::CosineToEnd => network.epochs - self.epochs.start,
            _ if schedule.counts_examples() => network.examples,
            _ => network.epochs,
        };
        schedule.over(self.epochs.len()).at(network.learning_rate, t)
    }

    /// Runs one iteration of L-BFGS. Returns `None` if it ends without better parameters.
    fn iteration(&mut self, network: &mut Network<F>) -> Result<Option<EpochRecord>> {
        let epoch = network.epochs;
        let Self { hyperparameters, head, source, buffers, session, search, .. } = self;
        let Some(Search { lbfgs, trial }) = search else { return Ok(None) };
        let mut evaluation = 0;
        loop {
            let (cost, gradients) =
                full_batch_gradients(hyperparameters, head, source, buffers, trial)?;
            let gradient_norm = gradients.norm();
            if lbfgs.evaluations() == 0 && !(cost.is_finite() && gradient_norm.is_finite()) {
                return Err(Error::Diverged { epoch, batch: 0 });
            }
            let before = lbfgs.iterations();
            let progress = lbfgs.step(trial, cost, gradients)?;
            if let Progress::Stopped(stop) = progress {
                session.progress.stop = Some(stop);
            }
            let is_better = lbfgs.iterations() > before;
            if is_better {
                lbfgs.copy_best_to(&mut network.parameters)?;
            }
            if let Some(on_batch) = &mut session.on_batch {
                let (batch, batches, cost) = (evaluation, 1, cost.as_f64());
                let parameters = &network.parameters;
                let record = Batch { epoch, batch, batches, cost, gradient_norm, parameters };
                self.interrupted = on_batch(&record)?.is_break();
            }
            if is_better {
                break;
            }
            if progress != Progress::Trial || self.interrupted {
                return Ok(None);
            }
            evaluation += 1;
        }
        network.examples = network.examples.saturating_add(source.examples);
        Ok(Some(EpochRecord {
            epoch,
            learning_rate: lbfgs.step_length(),
            cost: lbfgs.cost(),
            gradient_norm: lbfgs.gradient_norm(),
            ..Default::default()
        }))
    }

    /// Lets L-BFGS continue from the state of the network, if it belongs to these data.
    fn continue_search(&mut self, network: &mut Network<F>) -> Result<()> {
        let Self { hyperparameters, head, source, buffers, session, search, .. } = self;
        let state = network.search.take();
        let (Some(Search { lbfgs, trial }), Some(mut state)) = (search, state) else {
            return Ok(());
        };
        if !session.resumed {
            let (cost, gradients) =
                full_batch_gradients(hyperparameters, head, source, buffers, trial)?;
            if !state.belongs_to(cost, gradients) {
                return Ok(());
            }
            state.reset_counts();
        }
        lbfgs.restore(trial, &state)?;
        session.progress.stop = session.progress.stop.or(lbfgs.stopped());
        Ok(())
    }

    /// Evaluates the parameters after an epoch. Returns the record with the validation results, and
    /// the monitored value, where lower is better.
    fn evaluate(
        &mut self,
        mut record: EpochRecord,
        parameters: &Parameters<F>,
    ) -> Result<(EpochRecord, Option<f64>)> {
        let Self { hyperparameters, source, .. } = self;
        let mut value = None;
        if let Some(evaluate) = &mut source.validation {
            let Evaluation { cost, score } = evaluate(parameters)?;
            (record.validation_cost, record.validation_score) = (Some(cost), score);
            value = match hyperparameters.monitor {
                Monitor::ValidationScore => score.map(|score| -score),
                _ => Some(cost),
            };
        }
        if let Some(evaluate) = &mut source.monitored_training {
            let Evaluation { cost, .. } = evaluate(parameters)?;
            let l2 = hyperparameters.l2 * source.batches.len() as f64; // every batch adds it
            let l2 = l2_cost(parameters, l2, source.examples)?.as_f64();
            value = Some(cost + l2);
        }
        Ok((record, value.filter(|_| hyperparameters.monitors())))
    }

    /// Calls the callback, and returns whether it stops the training.
    fn call_back(
        &mut self,
        record: &EpochRecord,
        network: &mut Network<F>,
        total_epochs: usize,
    ) -> Result<bool> {
        let (training, head, parameters) = (self.source.training, self.head, &network.parameters);
        let score = || {
            let mut buffers = training.output_buffers(parameters)?;
            training.score(head, parameters, &mut buffers)
        };
        let data = EpochData {
            cost: &head.cost,
            training,
            validation: self.source.held_out,
            scaler: network.scaler.as_ref(),
            target_scaler: self.source.target_scaler,
            feature_names: network.feature_names.as_ref(),
        };
        let (record, new_learning_rate) = (*record, Cell::new(None));
        let epoch =
            Epoch { record, total_epochs, parameters, score: &score, data, new_learning_rate };
        let stops = (self.session.on_epoch)(&epoch)?.is_break();
        if let Some(learning_rate) = epoch.new_learning_rate.take() {
            if self.search.is_some() {
                return Err(Error::Inconsistent { what: "L-BFGS has no learning rate to set" });
            }
            check_positive::<F>("learning_rate", learning_rate)?;
            network.learning_rate = learning_rate;
        }
        Ok(stops)
    }

    /// Takes the monitored value of an epoch.
    fn observe(&mut self, epoch: usize, value: f64, network: &mut Network<F>) {
        let progress = &mut self.session.progress;
        if let Some(patience) = &mut progress.patience {
            patience.observe(value);
        }
        if let Some((plateau, patience)) =
            self.hyperparameters.plateau.zip(progress.plateau.as_mut())
            && patience.observe(value)
        {
            patience.restart();
            let reduced = plateau.reduce(network.learning_rate);
            if F::of(reduced) > F::zero() {
                network.learning_rate = reduced;
            }
        }
        self.keep_best(epoch, value, &network.parameters);
    }

    /// Keeps the parameters if there is a patience and the value is the lowest so far.
    fn keep_best(&mut self, epoch: usize, value: f64, parameters: &Parameters<F>) {
        // A comparison with NaN is never true, so that no later value would be lower.
        let cost = if value.is_nan() { f64::INFINITY } else { value };
        match (&mut self.session.progress.best, self.best_buffer.take()) {
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
}

/// Checks that the network is finite after a batch.
fn check_finite<F: Float>(network: &Network<F>, batch: usize) -> Result<()> {
    if network.parameters.is_finite() && network.optimizer.is_finite() {
        Ok(())
    } else {
        Err(Error::Diverged { epoch: network.epochs, batch })
    }
}

/// Computes the cost and the gradients of all training examples.
fn full_batch_gradients<'b, F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    source: &mut Source<'_, F>,
    buffers: &'b mut StepBuffers<F>,
    parameters: &Parameters<F>,
) -> Result<(F, &'b mut Gradients<F>)> {
    let Source { batches, reducer, .. } = source;
    batches.rewind();
    let training = Operand { name: "the training set", shape: (1, 0) };
    let empty = Error::EmptyBatch { layer: None, operand: training };
    let local = batches.next_local().ok_or(empty)?;
    let mut no_dropout = || 0.0;
    let reducer = &mut **reducer;
    cost_and_gradients(hyperparameters, head, buffers, reducer, parameters, local, &mut no_dropout)
}

/// Computes the cost and the gradients of a batch.
fn cost_and_gradients<'b, F: Float>(
    hyperparameters: &Hyperparameters,
    head: &Head<F>,
    buffers: &'b mut StepBuffers<F>,
    reducer: &mut dyn GradientReducer<F>,
    parameters: &Parameters<F>,
    local: LocalBatch<'_, F>,
    uniform: &mut dyn FnMut() -> f64,
) -> Result<(F, &'b mut Gradients<F>)> {
    let Hyperparameters { keep_prob, l2, label_smoothing, .. } = *hyperparameters;
    let columns = local.columns;
    let dropout = (keep_prob < 1.0).then_some(DropoutSource { keep_prob, uniform, columns });
    let input = StepInput {
        x: &local.x,
        targets: &targets(local.y).smoothed(label_smoothing),
        objective: StepObjective { cost: &head.cost, l2 },
        dropout,
        partial: columns.is_some(),
    };
    buffers.cost_and_gradients(input, parameters, reducer)
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
    let mut uniform = || rng.uniform();
    let (cost, gradients) = cost_and_gradients(
        hyperparameters,
        head,
        buffers,
        reducer,
        parameters,
        local,
        &mut uniform,
    )?;
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
