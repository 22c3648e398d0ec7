//! The loop of [`Classifier`](super::Classifier) and [`Regressor`](super::Regressor).

use super::examples::check_numbers;
use super::history::{Epoch, EpochRecord, History};
use super::options::Watch;
use super::sets::{Sets, targets};
use super::{Examples, Hyperparameters};
use crate::activation::Activation;
use crate::train::batches::{Batches, Part};
use crate::cost::Cost;
use crate::error::{Operand, check};
use crate::forward::{check_output, predict_proba};
use crate::init::{NumpyRandom, RandomSource, initialize_parameters_deep};
use crate::train::reduce::{Joint, Team};
use crate::train::optimizer::{Optimizer, clip_by_norm};
use crate::model::predictor::OutputBuffers;
use crate::data::Standardizer;
use crate::train::regularization::{Objective, l2_cost};
use crate::train::workspace::Masks;
use crate::{Error, Float, Parameters, Result, Workspace};
use ndarray::{Array2, ArrayRef2};

/// What is learnt, and what learning goes on with.
#[derive(Debug, Clone)]
pub(super) struct Network<F> {
    pub parameters: Parameters<F>,
    pub scaler: Option<Standardizer<F>>,
    pub optimizer: Optimizer<F>,
    pub rng: NumpyRandom,
    pub epochs: usize,
}

/// What the loop is told by the model that it trains.
pub(super) struct Task<F> {
    pub cost: Cost,
    pub outputs: usize,
    /// The score of outputs against labels.
    pub score: fn(&ArrayRef2<F>, &ArrayRef2<F>) -> Result<f64>,
}

impl<F: Float> Network<F> {
    /// A network for these examples, its weights drawn from `rng`.
    pub fn new(
        how: &Hyperparameters,
        task: &Task<F>,
        features: usize,
        scaler: Option<Standardizer<F>>,
        mut rng: NumpyRandom,
    ) -> Result<Self> {
        let sizes: Vec<_> = [&[features], how.hidden.as_slice(), &[task.outputs]].concat();
        let parameters = initialize_parameters_deep(&sizes, how.initializer, &mut rng)?
            .with_activations(how.activation, output_activation(task));
        let optimizer = Optimizer::new(how.algorithm, &parameters)?;
        Ok(Self { parameters, scaler, optimizer, rng, epochs: 0 })
    }

    /// `AL` of the examples, all of it finite.
    pub fn outputs(&self, examples: &Examples<'_, F>) -> Result<Array2<F>> {
        let x = examples.as_columns();
        check_numbers("X", &x)?;
        self.check_features(&x)?;
        let al = match &self.scaler {
            Some(scaler) => predict_proba(scaler.transform(&x)?, &self.parameters),
            None => predict_proba(x, &self.parameters),
        }?;
        check_output(&al, self.parameters.layers().len())?;
        Ok(al)
    }

    /// `Ok` if the examples `X` (features, m) have the features that layer 1 takes.
    pub fn check_features(&self, x: &ArrayRef2<F>) -> Result<()> {
        let (w, x) = (Operand::of("W", &self.parameters.layers()[0].w), Operand::of("X", x));
        check(w.shape.1 == x.shape.0, w, x, "columns of W = features of X")
            .map_err(|e| e.in_layer(1))
    }

    /// `Ok` if the values `Y` (outputs, m) are as many as the last layer gives.
    pub fn check_outputs(&self, y: &ArrayRef2<F>) -> Result<()> {
        let last = self.parameters.layers().len();
        let w = Operand::of("W", &self.parameters.layers()[last - 1].w);
        let y = Operand::of("Y", y);
        check(w.shape.0 == y.shape.0, w, y, "rows of W = outputs of Y")
            .map_err(|e| e.in_layer(last))
    }

    /// Goes back to earlier parameters, without the state of the optimizer: that belongs to later
    /// ones, and may hold NaN.
    fn go_back_to(&mut self, parameters: &Parameters<F>) {
        self.parameters.assign(parameters);
        self.optimizer.reset();
    }
}

fn output_activation<F>(task: &Task<F>) -> Activation {
    task.cost.output_activation()
}

/// The lowest cost so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Best<F> {
    pub epoch: usize,
    pub cost: f64,
    pub parameters: Parameters<F>,
}

/// A training: all that it needs beside the network, allocated before the first step.
pub(super) struct Trainer<'a, F> {
    how: &'a Hyperparameters,
    task: &'a Task<F>,
    batches: Batches<'a, F>,
    workspace: Workspace<F>,
    joint: Box<dyn Joint<F> + 'a>,
    sets: &'a Sets<F>,
    team: &'a dyn Team<F>,
    /// For the outputs of the set that is evaluated after an epoch, if one is.
    outputs: Option<OutputBuffers<F>>,
    last_good: Parameters<F>,
    /// Room for the parameters of the best epoch, until there is one.
    best: Option<Parameters<F>>,
    watch: Watch<'a, F>,
}

impl<'a, F: Float> Trainer<'a, F> {
    /// Takes all memory that the training of this network needs.
    pub fn new(
        how: &'a Hyperparameters,
        task: &'a Task<F>,
        sets: &'a Sets<F>,
        watch: Watch<'a, F>,
        network: &mut Network<F>,
    ) -> Result<Self> {
        let size = how.batch_size.min(sets.training.total());
        let team = watch.team;
        team.broadcast(&mut network.parameters)?;
        let parameters = &network.parameters;
        let evaluated = match &sets.validation {
            None if how.patience.is_some() => Some(&sets.training),
            validation => validation.as_ref(),
        };
        let outputs = evaluated.map(|set| set.output_buffers(parameters)).transpose();
        let keeps_best = how.patience.is_some() && watch.best.is_none();
        let best = keeps_best.then(|| parameters.try_clone()).transpose();
        let mut workspace = Workspace::new(parameters, size);
        let room = workspace.make_room(parameters).and_then(|()| match how.keep_prob < 1.0 {
            true => workspace.make_room_for_dropout(),
            false => Ok(()),
        });
        team.together(room)?;
        Ok(Self {
            how,
            task,
            batches: sets.training.batches(size, team)?,
            workspace,
            joint: team.all_have(team.joint(parameters))?,
            sets,
            team,
            outputs: team.all_have(outputs)?,
            last_good: team.all_have(parameters.try_clone())?,
            best: team.all_have(best)?,
            watch,
        })
    }

    /// Trains until `until` epochs are done. If a number is no longer finite, the network gets the
    /// parameters of the last epoch back that was.
    pub fn run(mut self, network: &mut Network<F>, until: usize) -> Result<History> {
        let mut stopped = self.is_out_of_patience();
        while network.epochs < until && !stopped {
            let (record, watched) = match self.epoch(network, network.epochs) {
                Ok(epoch) => epoch,
                Err(error) => {
                    network.go_back_to(&self.last_good);
                    return Err(error);
                }
            };
            network.epochs += 1;
            self.last_good.assign(&network.parameters);
            self.watch.history.epochs.push(record);
            stopped = self.show(&record, &network.parameters);
            self.keep_best(record.epoch, watched, &network.parameters);
            stopped |= self.is_out_of_patience();
            #[cfg(feature = "safetensors")]
            self.watch.save(self.how, network, stopped || network.epochs == until)?;
        }
        let Watch { mut history, best, .. } = self.watch;
        history.stopped_early = stopped && network.epochs < self.how.epochs;
        if let Some(best) = best {
            history.best_epoch = Some(best.epoch);
            if best.epoch + 1 < network.epochs {
                network.go_back_to(&best.parameters);
            }
        }
        Ok(history)
    }

    /// One epoch: its record, and the cost that the patience watches, if there is one.
    fn epoch(
        &mut self,
        network: &mut Network<F>,
        epoch: usize,
    ) -> Result<(EpochRecord, Option<f64>)> {
        let learning_rate = self.how.schedule.at(self.how.learning_rate, epoch);
        if self.batches.len() > 1 {
            self.batches.shuffle(&mut network.rng);
        } else {
            self.batches.rewind();
        }
        let (mut cost, mut gradient_norm, mut seen, mut batch) = (0.0, 0.0, 0, 0);
        while let Some(part) = self.batches.next_part() {
            let m = part.place.map_or(part.x.ncols(), |place| place.of);
            let Self { how, task, workspace, joint, .. } = self;
            let (batch_cost, norm) =
                step(how, task, workspace, &mut **joint, network, part, learning_rate)?;
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
        let mut record = EpochRecord {
            epoch,
            learning_rate,
            cost,
            gradient_norm,
            validation_cost: None,
            validation_score: None,
        };
        let watched = self.evaluate(&mut record, &network.parameters)?;
        Ok((record, watched))
    }

    /// Evaluates the parameters after an epoch on the validation examples, and returns the cost
    /// that the patience watches: theirs, or without them that of the training examples. The cost
    /// of the record was taken on the way there.
    fn evaluate(
        &mut self,
        record: &mut EpochRecord,
        parameters: &Parameters<F>,
    ) -> Result<Option<f64>> {
        let Some(outputs) = &mut self.outputs else { return Ok(None) };
        let (task, team) = (self.task, self.team);
        if let Some(set) = &self.sets.validation {
            let (cost, score) = set.cost_and_score(task, parameters, outputs, team)?;
            (record.validation_cost, record.validation_score) = (Some(cost), Some(score));
            return Ok(Some(cost));
        }
        let training = &self.sets.training;
        let l2 = self.how.l2 * self.batches.len() as f64; // each batch has the whole term
        let l2 = l2_cost(parameters, l2, training.total())?.as_f64();
        Ok(Some(training.cost(task, parameters, outputs, team)? + l2))
    }

    /// Shows the epoch to the callback; does it stop the training?
    fn show(&mut self, record: &EpochRecord, parameters: &Parameters<F>) -> bool {
        let score = || self.sets.training.own_score(self.task, parameters);
        let shown = Epoch { record: *record, of: self.how.epochs, parameters, score: &score };
        let own = (self.watch.on_epoch)(&shown).is_break();
        self.team.any(own)
    }

    /// Keeps the best parameters, if there is a patience.
    fn keep_best(&mut self, epoch: usize, watched: Option<f64>, parameters: &Parameters<F>) {
        let Some(cost) = watched.filter(|_| self.how.patience.is_some()) else { return };
        // The first may be NaN, than which nothing is lower.
        let cost = if cost.is_nan() { f64::INFINITY } else { cost };
        match (&mut self.watch.best, self.best.take()) {
            (Some(best), _) if cost < best.cost => {
                (best.epoch, best.cost) = (epoch, cost);
                best.parameters.assign(parameters);
            }
            (best @ None, Some(mut room)) => {
                room.assign(parameters);
                *best = Some(Best { epoch, cost, parameters: room });
            }
            _ => {}
        }
    }

    /// Were the last epochs, as many as the patience, no better than the best one?
    fn is_out_of_patience(&self) -> bool {
        let Watch { history, best, .. } = &self.watch;
        match (self.how.patience, best, history.epochs.last()) {
            (Some(patience), Some(best), Some(last)) => last.epoch - best.epoch >= patience,
            _ => false,
        }
    }
}

/// One batch: the cost before the step, and the norm of its gradient (0 where nobody asks for it).
fn step<F: Float>(
    how: &Hyperparameters,
    task: &Task<F>,
    workspace: &mut Workspace<F>,
    joint: &mut dyn Joint<F>,
    network: &mut Network<F>,
    part: Part<'_, F>,
    learning_rate: f64,
) -> Result<(f64, f64)> {
    let objective = Objective { cost: task.cost, l2: how.l2 };
    let Network { parameters, optimizer, rng, .. } = network;
    let mut uniform = || rng.uniform();
    let masks = (how.keep_prob < 1.0).then_some(Masks {
        keep_prob: F::of(how.keep_prob),
        uniform: &mut uniform,
        place: part.place,
    });
    let targets = targets(part.y);
    let (cost, gradients) =
        workspace.differentiate(&part.x, &targets, parameters, objective, masks, joint)?;
    if !cost.is_finite() {
        return Ok((cost.as_f64(), 0.0));
    }
    let norm = match how.clip_norm {
        Some(longest) => clip_by_norm(gradients, longest)?,
        None => gradients.norm(),
    };
    if norm.is_finite() {
        optimizer.step(parameters, gradients, learning_rate)?;
    }
    Ok((cost.as_f64(), norm))
}
