use super::Ranks;
use crate::buffer;
use crate::checks::check_argument;
use crate::digest::{Comparable, Digest};
use crate::error::Operand;
use crate::gradients::LayerGradients;
use crate::train::backward_pass::BackwardPass;
use crate::train::reduce::{GradientReducer, StepInfo};
use crate::{Error, Float, Parameters, Result};
use mpi::collective::SystemOperation;
use mpi::request::scope;
use mpi::traits::{Communicator, CommunicatorCollectives, Source};
use ndarray::Array2;

/// Sums the gradients of all ranks while the backward pass runs.
///
/// The sum of a layer starts as soon as its gradients are computed. Biases and small layers share
/// one message at the end.
pub(super) struct RankReducer<'r, F> {
    ranks: &'r Ranks<'r>,
    /// The buffer that receives the sum of each large `dW`; `None` for the small ones.
    dw: Vec<Option<Array2<F>>>,
    /// The shared message: `db` of every layer, each small `dW`, and the cost.
    small: Vec<F>,
    /// The sums of `small` over all ranks.
    summed: Vec<F>,
}

/// The size of the largest `dW` in the shared message, in numbers. A separate message would take
/// longer.
const LARGEST_SHARED: usize = 4096;

/// The most layers of a network, because each takes a stack frame.
const MOST_LAYERS: usize = 256;

/// The number of probes in a poll. Open MPI looks at its sockets in one of eight.
const PROBES_PER_POLL: usize = 16;

impl<'r, F: Float> RankReducer<'r, F> {
    pub(super) fn new(ranks: &'r Ranks<'_>, parameters: &Parameters<F>) -> Result<Self> {
        let depth = parameters.layers().len();
        let rule = "at most 256 with several processes";
        check_argument(depth <= MOST_LAYERS, "layers", depth as f64, rule)?;
        let mut dw = Vec::with_capacity(parameters.layers().len());
        let mut small = 1;
        for (l, layer) in parameters.layers().iter().enumerate() {
            small += layer.b.len();
            if layer.w.len() <= LARGEST_SHARED {
                small += layer.w.len();
                dw.push(None);
            } else {
                let sum = message_buffer("dW", layer.w.dim()).map_err(|e| e.in_layer(l + 1))?;
                dw.push(Some(sum));
            }
        }
        let (small, summed) =
            (message_buffer("db", (small, 1))?, message_buffer("db", (small, 1))?);
        let numbers = |a: Array2<F>| a.into_raw_vec_and_offset().0;
        Ok(Self { ranks, dw, small: numbers(small), summed: numbers(summed) })
    }
}

/// Allocates a matrix that must fit in one message.
fn message_buffer<F: Float>(name: &'static str, shape: (usize, usize)) -> Result<Array2<F>> {
    let too_large = Error::TooLarge { layer: None, operand: Operand { name, shape } };
    let numbers = shape.0.checked_mul(shape.1);
    if numbers.is_none_or(|numbers| i32::try_from(numbers).is_err()) {
        return Err(too_large);
    }
    buffer::zeros(name, shape)
}

impl<F: Float> GradientReducer<F> for RankReducer<'_, F> {
    fn run_forward(
        &mut self,
        ready: Result<()>,
        step: &StepInfo<'_, F>,
        forward: &mut dyn FnMut(),
    ) -> Result<usize> {
        let fingerprint = StepFingerprint(step);
        let digest = Digest::compute(&fingerprint);
        // Pieces of 21 bits, so that their squares can be summed over all ranks.
        let [a, b, c] = [0, 21, 42].map(|shift| (digest >> shift) & 0x1f_ffff);
        let failed = u64::from(ready.is_err());
        let status = [step.m as u64, failed, a, b, c, a * a, b * b, c * c];
        let mut sums = [0_u64; 8];
        scope(|scope| {
            let world = self.ranks.world();
            let request = world.immediate_all_reduce_into(
                scope,
                &status[..],
                &mut sums[..],
                SystemOperation::sum(),
            );
            if ready.is_ok() && step.m > 0 {
                forward();
            }
            request.wait_without_status();
        });
        let [total, failed, ..] = sums;
        if failed > 0 {
            self.ranks.all_ok(ready)?;
        }
        // The mean of the squares is the square of the mean only if all are equal.
        let square = |i: usize| u128::from(sums[2 + i]).pow(2);
        let squares = |i: usize| u128::from(sums[5 + i]) * self.ranks.size() as u128;
        if (0..3).any(|i| squares(i) != square(i)) {
            self.ranks.ensure_equal("step", &fingerprint)?;
        }
        let total = total as usize;
        if step.batch.is_some_and(|batch| batch != total) {
            let what = "the ranks have parts of different batches: generators or shards differ";
            return Err(Error::Inconsistent { what });
        }
        if total == 0 {
            let operand = Operand { name: "X", shape: (step.features, 0) };
            return Err(Error::EmptyBatch { layer: Some(1), operand });
        }
        self.small.clear();
        Ok(total)
    }

    /// Recurses over the layers: the request of a layer lives in its stack frame while the layers
    /// before it are differentiated.
    fn run_backward(
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
        if pass.frozen.contains(layer) {
            pass.input_gradient(layer);
            poll(self.ranks);
            pass.activation_gradient(layer);
            return self.run_backward(pass, before, cost);
        }
        pass.parameter_gradients(layer, gradient);
        let ranks = self.ranks;
        let mut rest = |sums: &mut Self| {
            pass.input_gradient(layer);
            poll(ranks);
            pass.activation_gradient(layer);
            sums.run_backward(pass, before, cost)
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

impl<F: Float> RankReducer<'_, F> {
    /// Sums the shared message, and returns the sum of the costs.
    fn finish(&mut self, cost: f64) -> f64 {
        self.small.push(F::of(cost));
        let summed = &mut self.summed[..self.small.len()];
        let world = self.ranks.world();
        world.all_reduce_into(&self.small[..], summed, SystemOperation::sum());
        summed[self.small.len() - 1].as_f64()
    }
}

/// Lets MPI make progress with pending messages.
fn poll(ranks: &Ranks<'_>) {
    for _ in 0..PROBES_PER_POLL {
        let _ = ranks.world().any_process().immediate_probe();
    }
}

/// The fields of a step that must be equal on all ranks.
#[derive(Debug)]
struct StepFingerprint<'a, F>(&'a StepInfo<'a, F>);

impl<F: Float> Comparable for StepFingerprint<'_, F> {
    fn digest(&self, digest: &mut Digest) {
        let StepInfo { batch, objective, smoothing, frozen, .. } = self.0;
        let StepInfo { keep_prob, first_draw, .. } = self.0;
        (objective, batch, frozen.numbers()).digest(digest);
        (keep_prob, first_draw, smoothing).digest(digest);
    }
}

/// Returns the numbers of a matrix that this crate has allocated.
fn numbers<F>(matrix: &mut Array2<F>) -> &mut [F] {
    matrix.as_slice_mut().expect("made row by row")
}
