use super::Ranks;
use super::ranks::hash;
use crate::backward::LayerGradients;
use crate::checks::check_hyperparameter;
use crate::cost::Targets;
use crate::error::Operand;
use crate::init::RandomSource;
use crate::train::batches::Place;
use crate::train::reduce::{Joint, Own};
use crate::train::regularization::Objective;
use crate::train::workspace::{BackwardPass, Masks};
use crate::{Error, Float, Gradients, Parameters, Result, Workspace, buffer};
use mpi::collective::SystemOperation;
use mpi::request::scope;
use mpi::traits::{Communicator, CommunicatorCollectives, Source};
use ndarray::{Array2, ArrayView2};
use std::fmt::Debug;

/// A [`Workspace`] whose costs and gradients are those of all ranks, made by [`Ranks::workspace`].
///
/// The sum of a layer's gradients starts as soon as they are ready, while the layers before it are
/// still being differentiated. Nothing is copied but biases and small layers, which share one
/// message at the end, and nothing is allocated after the first step.
pub struct JointWorkspace<'r, F> {
    own: Workspace<F>,
    sums: Sums<'r, F>,
}

/// How hidden units are dropped, see
/// [`JointWorkspace::cost_and_gradients_with_dropout`].
#[derive(Debug)]
pub struct Dropout<'a, F, R: ?Sized> {
    /// The probability of a unit to be kept.
    pub keep_prob: F,
    /// Generators in one state on all ranks.
    pub rng: &'a mut R,
    /// Which of the batch's examples are here.
    pub place: Place<'a>,
}

impl<F> Debug for JointWorkspace<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let own_message = self.sums.dw.iter().filter(|sum| sum.is_some()).count();
        f.debug_struct("JointWorkspace")
            .field("ranks", self.sums.ranks)
            .field("layers_with_a_message", &own_message)
            .finish_non_exhaustive()
    }
}

impl<'r, F: Float> JointWorkspace<'r, F> {
    pub(super) fn new(
        ranks: &'r Ranks<'_>,
        parameters: &Parameters<F>,
        examples: usize,
    ) -> Result<Self> {
        let mut own = Workspace::new(parameters, examples);
        own.make_room(parameters)?;
        Ok(Self { own, sums: Sums::new(ranks, parameters)? })
    }

    /// [`Workspace::cost_and_gradients`] of the examples of all ranks. `X` (n₀, m), where m may be 0
    /// on some.
    ///
    /// # Errors
    ///
    /// On all ranks alike: [`Error::OnRank`] if the examples of one do not fit,
    /// [`Error::Disagreement`] if the objective is not the same, [`Error::EmptyBatch`] if none has
    /// an example.
    pub fn cost_and_gradients<'x, 't>(
        &mut self,
        x: impl Into<ArrayView2<'x, F>>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let (x, targets, objective) = (x.into(), targets.into(), objective.into());
        self.own.differentiate(&x, &targets, parameters, objective, None, &mut self.sums)
    }

    /// [`Workspace::cost_and_gradients_with_dropout`] of the examples of all ranks: the units that
    /// are dropped are those that would be if the whole batch were in one place.
    ///
    /// Each rank draws the numbers of the whole batch, which
    /// [`Batches::next_part`](crate::train::batches::Batches::next_part) tells its place in.
    ///
    /// # Errors
    ///
    /// Those of [`cost_and_gradients`](Self::cost_and_gradients), on all ranks alike;
    /// [`Error::Hyperparameter`] in an [`Error::OnRank`] unless `0 < keep_prob <= 1`.
    pub fn cost_and_gradients_with_dropout<'x, 't, R: RandomSource + ?Sized>(
        &mut self,
        x: impl Into<ArrayView2<'x, F>>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective>,
        dropout: Dropout<'_, F, R>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let Dropout { keep_prob, rng, place } = dropout;
        let masks = Masks { keep_prob, uniform: &mut || rng.uniform(), place: Some(place) };
        let (x, targets, objective) = (x.into(), targets.into(), objective.into());
        self.own.differentiate(&x, &targets, parameters, objective, Some(masks), &mut self.sums)
    }
}

/// The sums over all ranks, and room for them.
pub(super) struct Sums<'r, F> {
    ranks: &'r Ranks<'r>,
    /// Of each layer; none for the small ones.
    dw: Vec<Option<Array2<F>>>,
    /// `db` of every layer, `dW` of the small ones, and the cost, in the order in which they come.
    small: Vec<F>,
    summed: Vec<F>,
}

/// `dW` of at most so many numbers share the last message: its bytes take less time than another
/// round of messages.
const SMALL: usize = 4096;

/// Layers of the deepest network: a step takes a frame of the stack for each.
const DEEPEST: usize = 256;

/// Calls of MPI at a time: Open MPI looks at the sockets in one of eight only.
const LOOKS: usize = 16;

impl<'r, F: Float> Sums<'r, F> {
    pub(super) fn new(ranks: &'r Ranks<'_>, parameters: &Parameters<F>) -> Result<Self> {
        let depth = parameters.layers().len();
        let rule = "at most 256 in a training by several processes";
        check_hyperparameter(depth <= DEEPEST, "layers", depth as f64, rule)?;
        let mut dw = Vec::with_capacity(parameters.layers().len());
        let mut small = 1;
        for (l, layer) in parameters.layers().iter().enumerate() {
            small += layer.b.len();
            if layer.w.len() <= SMALL {
                small += layer.w.len();
                dw.push(None);
            } else {
                let sum = sum_of("dW", layer.w.dim()).map_err(|e| e.in_layer(l + 1))?;
                dw.push(Some(sum));
            }
        }
        let (small, summed) = (sum_of("db", (small, 1))?, sum_of("db", (small, 1))?);
        let numbers = |a: Array2<F>| a.into_raw_vec_and_offset().0;
        Ok(Self { ranks, dw, small: numbers(small), summed: numbers(summed) })
    }
}

/// Zeros, not more than a message counts.
fn sum_of<F: Float>(name: &'static str, shape: (usize, usize)) -> Result<Array2<F>> {
    let too_large = Error::TooLarge { layer: None, operand: Operand { name, shape } };
    let numbers = shape.0.checked_mul(shape.1);
    if numbers.is_none_or(|numbers| i32::try_from(numbers).is_err()) {
        return Err(too_large);
    }
    buffer::zeros(name, shape)
}

impl<F: Float> Joint<F> for Sums<'_, F> {
    fn allows_no_examples(&self) -> bool {
        true
    }

    fn count_while(
        &mut self,
        fits: Result<()>,
        own: &Own,
        forward: &mut dyn FnMut(),
    ) -> Result<usize> {
        let Own { objective, keep_prob, of, drawn, .. } = *own;
        let same = Same { objective, keep_prob, batch: of, drawn };
        // In pieces of 21 bits, whose squares can be added up for as many ranks as there may be.
        let [a, b, c] = [0, 21, 42].map(|shift| (hash(&same) >> shift) & 0x1f_ffff);
        let failed = u64::from(fits.is_err());
        let status = [own.m as u64, failed, a, b, c, a * a, b * b, c * c];
        let mut sums = [0_u64; 8];
        scope(|scope| {
            let world = self.ranks.world();
            let request = world.immediate_all_reduce_into(
                scope,
                &status[..],
                &mut sums[..],
                SystemOperation::sum(),
            );
            if fits.is_ok() && own.m > 0 {
                forward();
            }
            request.wait_without_status();
        });
        let [total, failed, ..] = sums;
        if failed > 0 {
            self.ranks.together(fits)?;
        }
        // The mean of the squares is the square of the mean only if all are equal.
        let square = |i: usize| u128::from(sums[2 + i]).pow(2);
        let squares = |i: usize| u128::from(sums[5 + i]) * self.ranks.size() as u128;
        if (0..3).any(|i| squares(i) != square(i)) {
            self.ranks.agree("step", &same)?;
        }
        let total = total as usize;
        if own.of.is_some_and(|of| of != total) {
            let what =
                "the parts of the ranks are not one batch: their generators or shards differ";
            return Err(Error::Inconsistent { what });
        }
        if total == 0 {
            let operand = Operand { name: "X", shape: (own.features, 0) };
            return Err(Error::EmptyBatch { layer: Some(1), operand });
        }
        self.small.clear();
        Ok(total)
    }

    /// One frame of the stack for each layer: the request of a layer's sum lives in its frame while
    /// the layers before it are differentiated.
    fn sum_gradients(
        &mut self,
        pass: &mut BackwardPass<'_, F>,
        gradients: &mut [LayerGradients<F>],
        cost: f64,
    ) -> f64 {
        let Some((gradient, before)) = gradients.split_last_mut() else {
            return self.finish(cost);
        };
        let layer = before.len();
        if layer < pass.first_layer() {
            return self.finish(cost);
        }
        pass.gradients_of(layer, gradient);
        let ranks = self.ranks;
        let mut rest = |sums: &mut Self| {
            pass.step_back(layer, &mut || poll(ranks));
            sums.sum_gradients(pass, before, cost)
        };
        let db = self.small.len();
        self.small.extend(&gradient.db);
        let dw = self.small.len();
        let cost = match self.dw[layer].take() {
            Some(mut sum) => {
                let (own, all) = (numbers(&mut gradient.dw), numbers(&mut sum));
                let cost = scope(|scope| {
                    let request = ranks.world().immediate_all_reduce_into(
                        scope,
                        &*own,
                        all,
                        SystemOperation::sum(),
                    );
                    poll(ranks);
                    let cost = rest(self);
                    request.wait_without_status();
                    cost
                });
                self.dw[layer] = Some(std::mem::replace(&mut gradient.dw, sum));
                cost
            }
            None => {
                self.small.extend(&gradient.dw);
                let cost = rest(self);
                let summed = &self.summed[dw..][..gradient.dw.len()];
                numbers(&mut gradient.dw).copy_from_slice(summed);
                cost
            }
        };
        numbers(&mut gradient.db).copy_from_slice(&self.summed[db..dw]);
        cost
    }
}

impl<F: Float> Sums<'_, F> {
    /// The sums of the small matrices and of the costs, after the first layer.
    fn finish(&mut self, cost: f64) -> f64 {
        self.small.push(F::of(cost));
        let summed = &mut self.summed[..self.small.len()];
        let world = self.ranks.world();
        world.all_reduce_into(&self.small[..], summed, SystemOperation::sum());
        summed[self.small.len() - 1].as_f64()
    }
}

/// Lets MPI look after the messages that are on their way.
fn poll(ranks: &Ranks<'_>) {
    for _ in 0..LOOKS {
        let _ = ranks.world().any_process().immediate_probe();
    }
}

/// What all ranks must do alike in a step.
#[derive(Debug)]
#[allow(dead_code)] // it is printed
struct Same {
    objective: Objective,
    keep_prob: Option<f64>,
    batch: Option<usize>,
    /// The first number of the masks.
    drawn: Option<f64>,
}

/// The numbers of a matrix of ours.
fn numbers<F>(matrix: &mut Array2<F>) -> &mut [F] {
    matrix.as_slice_mut().expect("made row by row")
}
