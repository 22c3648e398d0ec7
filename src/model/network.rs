//! The loop of [`Classifier`](super::Classifier) and [`Regressor`](super::Regressor).

use super::examples::{check_numbers, check_varied};
use super::history::{Epoch, EpochRecord, History};
use super::options::Watch;
use super::{Examples, Hyperparameters};
use crate::activation::Activation;
use crate::batches::Batches;
use crate::buffer;
use crate::cost::{Cost, Targets};
use crate::error::{Operand, check, check_lengths};
use crate::forward::{check_output, predict_proba};
use crate::init::{NumpyRandom, initialize_parameters_deep};
use crate::optimizer::{Optimizer, clip_by_norm};
use crate::prepare::Standardizer;
use crate::regularization::{Objective, l2_cost};
use crate::{Error, Float, Parameters, Result, Workspace};
use ndarray::{Array2, ArrayRef2, ArrayView2, Axis, s};

/// What is learnt, and what learning goes on with.
#[derive(Debug, Clone)]
pub(super) struct Network<F> {
    pub parameters: Parameters<F>,
    pub scaler: Option<Standardizer<F>>,
    pub optimizer: Optimizer<F>,
    pub rng: NumpyRandom,
    pub epochs: usize,
}

/// A set of examples as the loop takes it: examples contiguous, labels with weights.
#[derive(Debug)]
pub(super) struct Set<F> {
    /// (examples, features)
    pub(super) x: Array2<F>,
    /// (labels, and weights as the last row; examples)
    pub(super) y: Array2<F>,
}

/// What the loop is told by the model that it trains.
pub(super) struct Task<F> {
    pub cost: Cost,
    pub outputs: usize,
    /// The score of outputs against labels.
    pub score: fn(&ArrayRef2<F>, &ArrayRef2<F>) -> Result<f64>,
}

impl<F: Float> Set<F> {
    /// Some of the examples, or all.
    pub fn of(
        x: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        weights: &[F],
        chosen: Option<&[usize]>,
    ) -> Result<Self> {
        let m = chosen.map_or(x.ncols(), <[usize]>::len);
        let at = |i: usize| chosen.map_or(i, |chosen| chosen[i]);
        let mut set = Self {
            x: buffer::zeros("X", (m, x.nrows()))?,
            y: buffer::zeros("Y", (y.nrows() + 1, m))?,
        };
        for i in 0..m {
            set.x.row_mut(i).assign(&x.column(at(i)));
            set.y.slice_mut(s![..y.nrows(), i]).assign(&y.column(at(i)));
            set.y[[y.nrows(), i]] = weights[at(i)];
        }
        Ok(set)
    }

    pub fn standardize(&mut self, scaler: &Standardizer<F>) -> Result<()> {
        scaler.transform_inplace(&mut self.x.view_mut().reversed_axes())
    }

    pub fn x(&self) -> ArrayView2<'_, F> {
        self.x.t()
    }

    fn y(&self) -> ArrayView2<'_, F> {
        labels(self.y.view())
    }

    fn len(&self) -> usize {
        self.x.nrows()
    }

    /// The cost of these outputs.
    fn cost(&self, task: &Task<F>, al: &ArrayRef2<F>) -> Result<f64> {
        Ok(task.cost.value(al, targets(self.y.view()))?.as_f64())
    }

    /// `Ok` if there is enough to learn from.
    pub fn check(&self, how: &Hyperparameters) -> Result<()> {
        let (examples, batch_size) = (self.len(), how.batch_size);
        if examples < batch_size {
            return Err(Error::TooFewExamples { examples, batch_size });
        }
        let weights = self.y.row(self.y.nrows() - 1);
        if weights.iter().all(|w| w.is_zero()) { Err(Error::NoWeight) } else { Ok(()) }
    }
}

/// All rows but the last, which holds the weights.
fn labels<F>(y: ArrayView2<'_, F>) -> ArrayView2<'_, F> {
    let last = y.nrows() - 1;
    y.slice_move(s![..last, ..])
}

fn targets<F: Float>(y: ArrayView2<'_, F>) -> Targets<'_, F> {
    let weights = y.index_axis_move(Axis(0), y.nrows() - 1);
    Targets::new(labels(y)).weighted(weights)
}

/// What must hold before the first step.
pub(super) fn check_data<F: Float>(
    how: &Hyperparameters,
    x: &ArrayRef2<F>,
    labels: (&'static str, usize),
    weights: Option<&[F]>,
) -> Result<()> {
    how.check()?;
    check_lengths(("X", x.ncols()), labels)?;
    check_numbers("X", x)?;
    if let Some(weights) = weights {
        check_lengths(("X", x.ncols()), ("the weights", weights.len()))?;
        if let Some(example) = weights.iter().position(|w| !(*w >= F::zero() && w.is_finite())) {
            let value = weights[example].as_f64();
            return Err(Error::Weight { example, value });
        }
    }
    if !how.constant_features && x.ncols() > 1 { check_varied(x) } else { Ok(()) }
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

    /// Epochs until there are so many. If a cost is no longer finite, the parameters are those of the last epoch
    /// that was.
    pub fn train(
        &mut self,
        how: &Hyperparameters,
        task: &Task<F>,
        until: usize,
        (training, validation): (&Set<F>, Option<&Set<F>>),
        watch: Watch<'_, F>,
    ) -> Result<History> {
        let size = how.batch_size.min(training.len());
        let mut run = Run {
            how,
            task,
            batches: Batches::new(training.x(), &training.y, size)?,
            workspace: Workspace::new(&self.parameters, size),
            training,
            validation,
            last_good: self.parameters.clone(),
            watch,
        };
        let mut stopped = run.is_out_of_patience();
        while self.epochs < until && !stopped {
            let record = match run.epoch(self, self.epochs) {
                Ok(record) => record,
                Err(error) => {
                    self.go_back_to(run.last_good)?;
                    return Err(error);
                }
            };
            self.epochs += 1;
            run.last_good.clone_from(&self.parameters);
            run.watch.history.epochs.push(record);
            stopped = run.show(&record, &self.parameters);
            run.keep_best(&record, &self.parameters)?;
            stopped |= run.is_out_of_patience();
            #[cfg(feature = "safetensors")]
            run.watch.save(how, self, stopped || self.epochs == until)?;
        }
        let Watch { mut history, best, .. } = run.watch;
        history.stopped_early = stopped && self.epochs < how.epochs;
        if let Some(best) = best {
            history.best_epoch = Some(best.epoch);
            if best.epoch + 1 < self.epochs {
                self.go_back_to(best.parameters)?;
            }
        }
        Ok(history)
    }

    /// Earlier parameters, without the memory of the optimiser: that belongs to later ones, and
    /// may hold NaN.
    fn go_back_to(&mut self, parameters: Parameters<F>) -> Result<()> {
        self.parameters = parameters;
        self.optimizer = Optimizer::new(*self.optimizer.rule(), &self.parameters)?;
        Ok(())
    }
}

fn output_activation<F>(task: &Task<F>) -> Activation {
    task.cost.output_activation()
}

fn score<F: Float>(task: &Task<F>, parameters: &Parameters<F>, set: &Set<F>) -> Result<f64> {
    (task.score)(&predict_proba(set.x(), parameters)?, &set.y())
}

/// The lowest cost so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Best<F> {
    pub epoch: usize,
    pub cost: f64,
    pub parameters: Parameters<F>,
}

struct Run<'a, F> {
    how: &'a Hyperparameters,
    task: &'a Task<F>,
    batches: Batches<'a, F>,
    workspace: Workspace<F>,
    training: &'a Set<F>,
    validation: Option<&'a Set<F>>,
    last_good: Parameters<F>,
    watch: Watch<'a, F>,
}

impl<F: Float> Run<'_, F> {
    fn epoch(&mut self, network: &mut Network<F>, epoch: usize) -> Result<EpochRecord> {
        let learning_rate = self.how.schedule.at(self.how.learning_rate, epoch);
        if self.batches.len() > 1 {
            self.batches.shuffle(&mut network.rng);
        } else {
            self.batches.rewind();
        }
        let (mut cost, mut gradient_norm, mut seen, mut batch) = (0.0, 0.0, 0, 0);
        while let Some((x, y)) = self.batches.next() {
            let m = x.ncols();
            let step =
                step(self.how, self.task, &mut self.workspace, network, (x, y), learning_rate);
            let (batch_cost, norm) = step?;
            if !(batch_cost.is_finite() && norm.is_finite()) {
                return Err(Error::Diverged { epoch, batch });
            }
            cost += batch_cost * m as f64;
            gradient_norm = norm;
            seen += m;
            batch += 1;
        }
        if !network.parameters.is_finite() {
            return Err(Error::Diverged { epoch, batch: batch - 1 });
        }
        let cost = cost / seen as f64;
        let record = EpochRecord {
            epoch,
            learning_rate,
            cost,
            gradient_norm,
            validation_cost: None,
            validation_score: None,
        };
        self.validated(record, &network.parameters)
    }

    /// The record with what the validation examples say.
    fn validated(
        &self,
        mut record: EpochRecord,
        parameters: &Parameters<F>,
    ) -> Result<EpochRecord> {
        if let Some(set) = self.validation {
            let al = predict_proba(set.x(), parameters)?;
            record.validation_cost = Some(set.cost(self.task, &al)?);
            record.validation_score = Some((self.task.score)(&al, &set.y())?);
        }
        Ok(record)
    }

    /// What the patience watches: a cost of the parameters after the epoch. That of the record was
    /// taken on the way there.
    fn watched_cost(&self, record: &EpochRecord, parameters: &Parameters<F>) -> Result<f64> {
        if let Some(cost) = record.validation_cost {
            return Ok(cost);
        }
        let al = predict_proba(self.training.x(), parameters)?;
        let l2 = self.how.l2 * self.batches.len() as f64; // each batch has the whole term
        Ok(self.training.cost(self.task, &al)?
            + l2_cost(parameters, l2, self.training.len())?.as_f64())
    }

    /// Shows the epoch to the callback; does it stop the training?
    fn show(&mut self, record: &EpochRecord, parameters: &Parameters<F>) -> bool {
        let score = || score(self.task, parameters, self.training);
        let shown = Epoch { record: *record, of: self.how.epochs, parameters, score: &score };
        (self.watch.on_epoch)(&shown).is_break()
    }

    /// Keeps the best parameters, if there is a patience.
    fn keep_best(&mut self, record: &EpochRecord, parameters: &Parameters<F>) -> Result<()> {
        if self.how.patience.is_none() {
            return Ok(());
        }
        let cost = self.watched_cost(record, parameters)?;
        // The first may be NaN, than which nothing is lower.
        let cost = if cost.is_nan() { f64::INFINITY } else { cost };
        match &mut self.watch.best {
            Some(best) if cost < best.cost => {
                (best.epoch, best.cost) = (record.epoch, cost);
                best.parameters.clone_from(parameters);
            }
            Some(_) => {}
            None => {
                let parameters = parameters.clone();
                self.watch.best = Some(Best { epoch: record.epoch, cost, parameters });
            }
        }
        Ok(())
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
    network: &mut Network<F>,
    (x, y): (ArrayView2<'_, F>, ArrayView2<'_, F>),
    learning_rate: f64,
) -> Result<(f64, f64)> {
    let objective = Objective { cost: task.cost, l2: how.l2 };
    let parameters = &network.parameters;
    let (cost, gradients) = if how.keep_prob < 1.0 {
        let keep_prob = F::of(how.keep_prob);
        let rng = &mut network.rng;
        workspace.cost_and_gradients_with_dropout(
            x,
            targets(y),
            parameters,
            objective,
            keep_prob,
            rng,
        )?
    } else {
        workspace.cost_and_gradients(x, targets(y), parameters, objective)?
    };
    if !cost.is_finite() {
        return Ok((cost.as_f64(), 0.0));
    }
    let norm = match how.clip_norm {
        Some(longest) => clip_by_norm(gradients, longest)?,
        None => gradients.norm(),
    };
    if norm.is_finite() {
        network.optimizer.step(&mut network.parameters, gradients, learning_rate)?;
    }
    Ok((cost.as_f64(), norm))
}
