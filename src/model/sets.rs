//! The examples of a fit, dealt out to training and validation, and to the processes.

use super::Hyperparameters;
use super::examples::check_numbers;
use super::network::Task;
use crate::train::batches::Batches;
use crate::buffer;
use crate::cost::Targets;
use crate::error::{Operand, check_batch, check_lengths};
use crate::train::reduce::Team;
use crate::model::predictor::OutputBuffers;
use crate::data::{Standardizer, check_finite};
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, ArrayView2, Axis, s};

/// A set of examples as the loop takes it: examples contiguous, labels with weights.
#[derive(Debug)]
pub(super) struct Set<F> {
    /// (examples, features)
    x: Array2<F>,
    /// (labels, and weights as the last row; examples)
    y: Array2<F>,
    /// The numbers of the examples in the set of all processes.
    numbers: Vec<usize>,
    /// How many that has.
    total: usize,
}

/// Examples of this process that belong to a set: their columns, and their numbers in the set.
struct Chosen {
    columns: Vec<usize>,
    numbers: Vec<usize>,
    total: usize,
}

impl Chosen {
    /// Out of a set that has `order` of all examples, or all of them in their own order; here are
    /// m from `first` on.
    fn of(order: Option<&[usize]>, m: usize, (first, total): (usize, usize)) -> Result<Self> {
        let list = |items: &mut dyn Iterator<Item = usize>| buffer::list("examples", m, items);
        let Some(order) = order else {
            let (columns, numbers) = (list(&mut (0..m))?, list(&mut (first..first + m))?);
            return Ok(Self { columns, numbers, total });
        };
        let here = || order.iter().enumerate().filter(|(_, i)| (first..first + m).contains(i));
        let columns = list(&mut here().map(|(_, i)| i - first))?;
        let numbers = list(&mut here().map(|(number, _)| number))?;
        Ok(Self { columns, numbers, total: order.len() })
    }
}

/// What is learnt from, and what is put aside for validation.
pub(super) struct Sets<F> {
    pub training: Set<F>,
    pub validation: Option<Set<F>>,
}

impl<F: Float> Sets<F> {
    /// Some of the examples `X` (features, m) with their labels and weights, split as `parts` says,
    /// in numbers of all processes' examples.
    pub fn of(
        (x, y, weights): (&ArrayRef2<F>, &ArrayRef2<F>, &[F]),
        parts: Option<&(Vec<usize>, Vec<usize>)>,
        place: (usize, usize),
    ) -> Result<Self> {
        let set =
            |order: Option<&[usize]>| Set::of(x, y, weights, Chosen::of(order, x.ncols(), place)?);
        let training = set(parts.map(|(training, _)| training.as_slice()))?;
        let validation = match parts {
            Some((_, aside)) => Some(set(Some(aside))?),
            None => None,
        };
        Ok(Self { training, validation })
    }

    /// `Ok` if there is enough to learn from, and something to validate with where that is wanted.
    pub fn check(&self, how: &Hyperparameters, team: &dyn Team<F>) -> Result<()> {
        self.training.check(how, team)?;
        let Some(validation) = &self.validation else { return Ok(()) };
        let shape = (validation.x.ncols(), validation.total);
        check_batch(Operand { name: "the validation set", shape })
    }

    /// Fits the scaler to the training examples and scales both sets, if that is wanted.
    pub fn standardize(
        &mut self,
        how: &Hyperparameters,
        team: &dyn Team<F>,
    ) -> Result<Option<Standardizer<F>>> {
        if !how.standardize {
            return Ok(None);
        }
        let scaler = Standardizer::of_team(&self.training.x(), self.training.total, team)?;
        self.both().try_for_each(|set| set.standardize(&scaler))?;
        Ok(Some(scaler))
    }

    /// The same for the values that are to be learnt.
    pub fn standardize_values(
        &mut self,
        how: &Hyperparameters,
        team: &dyn Team<F>,
    ) -> Result<Option<Standardizer<F>>> {
        if !how.standardize {
            return Ok(None);
        }
        let scaler = Standardizer::of_team(&self.training.y(), self.training.total, team)?;
        self.both().try_for_each(|set| set.standardize_values(&scaler))?;
        Ok(Some(scaler))
    }

    fn both(&mut self) -> impl Iterator<Item = &mut Set<F>> {
        std::iter::once(&mut self.training).chain(&mut self.validation)
    }
}

impl<F: Float> Set<F> {
    /// All of these examples.
    pub fn all(x: &ArrayRef2<F>, y: &ArrayRef2<F>, weights: &[F]) -> Result<Self> {
        Self::of(x, y, weights, Chosen::of(None, x.ncols(), (0, x.ncols()))?)
    }

    fn of(x: &ArrayRef2<F>, y: &ArrayRef2<F>, weights: &[F], chosen: Chosen) -> Result<Self> {
        let Chosen { columns, numbers, total } = chosen;
        let m = columns.len();
        let mut set = Self {
            x: buffer::zeros("X", (m, x.nrows()))?,
            y: buffer::zeros("Y", (y.nrows() + 1, m))?,
            numbers,
            total,
        };
        for (i, column) in columns.into_iter().enumerate() {
            set.x.row_mut(i).assign(&x.column(column));
            set.y.slice_mut(s![..y.nrows(), i]).assign(&y.column(column));
            set.y[[y.nrows(), i]] = weights[column];
        }
        Ok(set)
    }

    pub fn standardize(&mut self, scaler: &Standardizer<F>) -> Result<()> {
        if self.x.is_empty() {
            return Ok(()); // all of it is elsewhere
        }
        scaler.transform_inplace(&mut self.x.view_mut().reversed_axes())
    }

    fn standardize_values(&mut self, scaler: &Standardizer<F>) -> Result<()> {
        if self.y.is_empty() {
            return Ok(());
        }
        let last = self.y.nrows() - 1;
        scaler.transform_inplace(&mut self.y.slice_mut(s![..last, ..]))
    }

    pub fn x(&self) -> ArrayView2<'_, F> {
        self.x.t()
    }

    fn y(&self) -> ArrayView2<'_, F> {
        labels(self.y.view())
    }

    /// The examples of all processes.
    pub fn total(&self) -> usize {
        self.total
    }

    /// The batches of this and the other processes.
    pub fn batches(&self, size: usize, team: &dyn Team<F>) -> Result<Batches<'_, F>> {
        let (x, y) = (self.x(), self.y.view());
        if team.is_alone() {
            return Batches::new(x, y, size);
        }
        team.all_have(Batches::of_numbered(x, y, size, self.total, &self.numbers))
    }

    /// Room for the outputs of all examples that are here.
    pub fn output_buffers(&self, parameters: &Parameters<F>) -> Result<OutputBuffers<F>> {
        OutputBuffers::new(parameters, self.x.nrows())
    }

    /// `AL` of the examples that are here.
    fn outputs<'b>(
        &self,
        parameters: &Parameters<F>,
        buffers: &'b mut OutputBuffers<F>,
    ) -> Result<ArrayView2<'b, F>> {
        if self.x.is_empty() {
            let layers = parameters.layers();
            let shape = (layers[layers.len() - 1].w.nrows(), 0);
            return ArrayView2::from_shape(shape, &[]).map_err(|_| Error::NoLayers);
        }
        let al = buffers.compute(self.x(), parameters)?;
        Ok(buffers.al(al))
    }

    /// The cost of all processes' examples, without L2.
    pub fn cost(
        &self,
        task: &Task<F>,
        parameters: &Parameters<F>,
        buffers: &mut OutputBuffers<F>,
        team: &dyn Team<F>,
    ) -> Result<f64> {
        self.cost_of(task, &team.all_have(self.outputs(parameters, buffers))?, team)
    }

    fn cost_of(&self, task: &Task<F>, al: &ArrayRef2<F>, team: &dyn Team<F>) -> Result<f64> {
        let own = if al.is_empty() {
            Ok(0.0)
        } else {
            task.cost.value(al, targets(self.y.view())).map(F::as_f64)
        };
        let share = self.numbers.len() as f64 / self.total as f64;
        let mut cost = [team.all_have(own)? * share];
        team.sum(&mut cost);
        Ok(cost[0])
    }

    /// Cost and score of all processes' examples.
    pub fn cost_and_score(
        &self,
        task: &Task<F>,
        parameters: &Parameters<F>,
        buffers: &mut OutputBuffers<F>,
        team: &dyn Team<F>,
    ) -> Result<(f64, f64)> {
        let al = team.all_have(self.outputs(parameters, buffers))?;
        let cost = self.cost_of(task, &al, team)?;
        if team.is_alone() {
            return Ok((cost, (task.score)(&al, &self.y())?));
        }
        let all = |own: &ArrayRef2<F>| gathered(own, team);
        Ok((cost, (task.score)(&all(&al)?, &all(&self.y())?)?))
    }

    /// The score of the examples that are here.
    pub fn own_score(&self, task: &Task<F>, parameters: &Parameters<F>) -> Result<f64> {
        let mut buffers = self.output_buffers(parameters)?;
        (task.score)(&self.outputs(parameters, &mut buffers)?, &self.y())
    }

    /// `Ok` if there is enough to learn from.
    fn check(&self, how: &Hyperparameters, team: &dyn Team<F>) -> Result<()> {
        let (examples, batch_size) = (self.total, how.batch_size);
        if examples < batch_size {
            return Err(Error::TooFewExamples { examples, batch_size });
        }
        let weights = self.y.row(self.y.nrows() - 1);
        if team.any(weights.iter().any(|w| !w.is_zero())) { Ok(()) } else { Err(Error::NoWeight) }
    }
}

/// The columns of all processes.
fn gathered<F: Float>(own: &ArrayRef2<F>, team: &dyn Team<F>) -> Result<Array2<F>> {
    let by_column = buffer::list("AL", own.len(), own.t().iter().copied());
    let all = team.gather(team.all_have(by_column)?)?;
    let (rows, columns) = (own.nrows(), all.len() / own.nrows());
    let operand = Operand { name: "AL", shape: (rows, columns) };
    let all = Array2::from_shape_vec((columns, rows), all);
    all.map(Array2::reversed_axes).map_err(|_| Error::TooLarge { layer: None, operand })
}

/// All rows but the last, which holds the weights.
fn labels<F>(y: ArrayView2<'_, F>) -> ArrayView2<'_, F> {
    let last = y.nrows() - 1;
    y.slice_move(s![..last, ..])
}

/// Labels with weights.
pub(super) fn targets<F: Float>(y: ArrayView2<'_, F>) -> Targets<'_, F> {
    let weights = y.index_axis_move(Axis(0), y.nrows() - 1);
    Targets::new(labels(y)).weighted(weights)
}

/// What must hold before the first step, on every process. Where the examples are among all.
pub(super) fn check_data<F: Float>(
    how: &Hyperparameters,
    x: &ArrayRef2<F>,
    labels: (&'static str, usize),
    weights: Option<&[F]>,
    team: &dyn Team<F>,
) -> Result<(usize, usize)> {
    team.agree("kind of model", &(std::any::type_name::<F>(), labels.0))?;
    team.together(how.check::<F>())?;
    team.agree("set of hyperparameters", how)?;
    team.agree("number of features", &x.nrows())?;
    team.together(check_own_data(x, labels, weights, team))?;
    let place = team.place(x.ncols());
    check_batch(Operand { name: "X", shape: (x.nrows(), place.1) })?;
    if !how.constant_features && place.1 > 1 {
        check_varied(x, team)?;
    }
    Ok(place)
}

fn check_own_data<F: Float>(
    x: &ArrayRef2<F>,
    labels: (&'static str, usize),
    weights: Option<&[F]>,
    team: &dyn Team<F>,
) -> Result<()> {
    check_lengths(("X", x.ncols()), labels)?;
    check_own_numbers("X", x, team)?;
    let Some(weights) = weights else { return Ok(()) };
    check_lengths(("X", x.ncols()), ("the weights", weights.len()))?;
    match weights.iter().position(|w| !(*w >= F::zero() && w.is_finite())) {
        Some(example) => Err(Error::Weight { example, value: weights[example].as_f64() }),
        None => Ok(()),
    }
}

/// `Ok` if all numbers are finite, and a process on its own has some.
pub(super) fn check_own_numbers<F: Float>(
    name: &'static str,
    x: &ArrayRef2<F>,
    team: &dyn Team<F>,
) -> Result<()> {
    if team.is_alone() { check_numbers(name, x) } else { check_finite(name, x) }
}

/// `Ok` if no feature is the same in all examples of all processes.
fn check_varied<F: Float>(x: &ArrayRef2<F>, team: &dyn Team<F>) -> Result<()> {
    // The largest number and the largest negative; of a feature that varies here, any two.
    let ranges = x.rows().into_iter().flat_map(|row| match row.first() {
        None => [f64::NEG_INFINITY; 2],
        Some(first) if row.iter().all(|x| x == first) => [first.as_f64(), -first.as_f64()],
        Some(_) => [f64::INFINITY; 2],
    });
    let ranges = buffer::list("ranges", x.nrows().saturating_mul(2), ranges);
    let mut range = team.all_have(ranges)?;
    team.largest(&mut range);
    match range.chunks_exact(2).position(|range| range[0] == -range[1]) {
        Some(feature) => Err(Error::ConstantFeature { feature }),
        None => Ok(()),
    }
}
