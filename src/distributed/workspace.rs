use super::Ranks;
use super::comparable::Weights;
use super::reducer::RankReducer;
#[cfg(doc)]
use crate::Error;
use crate::cost::{CostFunction, Targets};
use crate::init::RandomSource;
use crate::train::regularization::Objective;
use crate::train::step::{DropoutSource, StepBuffers, StepInput};
use crate::train::workspace::Dropout;
#[cfg(doc)]
use crate::train::workspace::Workspace;
use crate::{Float, Gradients, Parameters, Result};
use ndarray::ArrayRef2;
use std::fmt;

/// A [`Workspace`] that computes costs and gradients over the examples of all ranks.
///
/// [`Ranks::workspace`] creates it. Gradients are summed layer by layer while the backward pass
/// continues. Nothing is allocated after the first step.
pub struct DistributedWorkspace<'r, F> {
    buffers: StepBuffers<F>,
    reducer: RankReducer<'r, F>,
}

impl<F> fmt::Debug for DistributedWorkspace<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DistributedWorkspace").finish_non_exhaustive()
    }
}

impl<'r, F: Float> DistributedWorkspace<'r, F> {
    fn new(ranks: &'r Ranks<'_>, parameters: &Parameters<F>, examples: usize) -> Result<Self> {
        let buffers = StepBuffers::new(parameters, examples)?;
        Ok(Self { buffers, reducer: RankReducer::new(ranks, parameters)? })
    }

    /// Freezes layers, as [`Workspace::freeze`] does: they get no gradients, and no messages are
    /// sent for them.
    ///
    /// Every rank must freeze the same layers before its next step. The call itself sends nothing.
    ///
    /// # Errors
    ///
    /// The errors of [`Workspace::freeze`], on this rank. A step is an [`Error::Disagreement`] if
    /// the ranks have frozen different layers.
    pub fn freeze(&mut self, layers: &[usize]) -> Result<()> {
        self.buffers.freeze(layers)
    }

    /// Returns the frozen layers, counted from 1, in ascending order.
    #[must_use]
    pub fn frozen(&self) -> &[usize] {
        self.buffers.frozen().numbers()
    }

    /// Computes [`Workspace::cost_and_gradients`] of the examples of all ranks.
    ///
    /// `X` (n₀, m) holds the examples of this rank; m may be 0.
    ///
    /// # Errors
    ///
    /// All ranks return an error if one does: [`Error::OnRank`] with an error of
    /// [`Workspace::cost_and_gradients`], [`Error::Disagreement`] if the objectives, the smoothing
    /// of the labels or the frozen layers differ, [`Error::EmptyBatch`] if no rank has an example,
    /// [`Error::Inconsistent`] if the parts belong to different batches.
    pub fn cost_and_gradients<'t, C: CostFunction<F>>(
        &mut self,
        x: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective<C>>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let (targets, objective) = (&targets.into(), &objective.into());
        let objective = objective.by_ref();
        let input = StepInput { x, targets, objective, dropout: None, partial: true };
        self.buffers.cost_and_gradients(input, parameters, &mut self.reducer)
    }

    /// Computes [`Workspace::cost_and_gradients_with_dropout`] of the examples of all ranks.
    ///
    /// Pass the columns of [`Batches::next_local`] to [`Dropout::columns`]: then the dropped units
    /// are those that a single process drops.
    ///
    /// # Errors
    ///
    /// The errors of [`cost_and_gradients`](Self::cost_and_gradients), and
    /// [`Error::Hyperparameter`] in an [`Error::OnRank`] unless `0 < keep_prob <= 1`.
    ///
    /// [`Batches::next_local`]: crate::train::batches::Batches::next_local
    pub fn cost_and_gradients_with_dropout<'t, C: CostFunction<F>>(
        &mut self,
        x: &ArrayRef2<F>,
        targets: impl Into<Targets<'t, F>>,
        parameters: &Parameters<F>,
        objective: impl Into<Objective<C>>,
        dropout: Dropout<'_, impl RandomSource + ?Sized>,
    ) -> Result<(F, &mut Gradients<F>)> {
        let Dropout { keep_prob, rng, columns } = dropout;
        let mut uniform = || rng.uniform();
        let dropout = Some(DropoutSource { keep_prob, uniform: &mut uniform, columns });
        let (targets, objective) = (&targets.into(), &objective.into());
        let objective = objective.by_ref();
        let input = StepInput { x, targets, objective, dropout, partial: true };
        self.buffers.cost_and_gradients(input, parameters, &mut self.reducer)
    }
}

impl Ranks<'_> {
    /// Creates a workspace for batches with up to `examples` examples on this rank.
    ///
    /// # Errors
    ///
    /// [`Error::Disagreement`] if the networks differ in structure or in any bit of their
    /// parameters (call [`broadcast`](Self::broadcast) first), [`Error::OnRank`] with
    /// [`Error::TooLarge`] if the buffers do not fit in memory on a rank, or with
    /// [`Error::InvalidArgument`] if the network has more than 256 layers.
    pub fn workspace<F: Float>(
        &self,
        parameters: &Parameters<F>,
        examples: usize,
    ) -> Result<DistributedWorkspace<'_, F>> {
        self.ensure_equal_structure(parameters)?;
        self.ensure_equal("set of parameters", &Weights(parameters))?;
        self.all_ok(DistributedWorkspace::new(self, parameters, examples))
    }
}
