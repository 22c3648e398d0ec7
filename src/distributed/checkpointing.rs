//! Checkpoints of a fit on all ranks: rank 0 reads and writes.

use super::Ranks;
use crate::files::{Checkpoint, Checkpoints};
use crate::model::checkpointing::{FitId, check_limits, checkpoint_error, restore, saver};
use crate::model::network::Network;
use crate::model::trainer::Session;
use crate::{Float, Result};

impl Ranks<'_> {
    /// Resumes a fit from its newest checkpoint, if there is one, and lets it save after its
    /// epochs. The fingerprint of `id` is of the examples of this rank.
    pub(super) fn resume<'a, F: Float>(
        &'a self,
        session: &mut Session<'a, F>,
        network: &mut Network<F>,
        checkpoints: Option<&'a Checkpoints>,
        mut id: FitId<'a>,
    ) -> Result<()> {
        self.ensure_equal("interval of checkpoints", &checkpoints.map(Checkpoints::interval))?;
        let Some(checkpoints) = checkpoints else { return Ok(()) };
        check_limits(&id)?;
        let mut sum = [f64::from(id.fingerprint)]; // exact for fewer than 2^21 ranks
        self.all_reduce_sum(&mut sum);
        id.fingerprint = (sum[0] % (f64::from(u32::MAX) + 1.0)) as u32;
        if let Some(checkpoint) = self.latest(checkpoints)? {
            // All ranks have the same checkpoint, so all succeed or all fail.
            restore(session, network, checkpoint, &id)?;
        }
        let mut save = saver(checkpoints, id);
        session.save =
            Box::new(move |end| self.all_ok(if self.is_first() { save(end) } else { Ok(()) }));
        Ok(())
    }

    /// Returns the newest checkpoint that rank 0 finds.
    fn latest<F: Float>(&self, checkpoints: &Checkpoints) -> Result<Option<Checkpoint<F>>> {
        let found = if self.is_first() { checkpoints.latest::<F>() } else { Ok(None) };
        let found = self.all_ok(found.map_err(checkpoint_error))?;
        let own = found.map_or(Ok(Vec::new()), |found| found.to_safetensors());
        let file = self.broadcast_bytes(0, self.all_ok(own.map_err(checkpoint_error))?);
        if file.is_empty() {
            return Ok(None);
        }
        let own = Checkpoint::from_safetensors(&file, checkpoints.chosen_limits());
        self.all_ok(own.map_err(checkpoint_error)).map(Some)
    }
}
