//! Collective operations that only this crate needs.

use super::Ranks;
use crate::error::Operand;
use crate::{Error, Float, Result};
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::traits::CommunicatorCollectives;

impl Ranks<'_> {
    /// Replaces each number by its maximum over all ranks.
    pub(super) fn all_reduce_max(&self, numbers: &mut [f64]) {
        let own = numbers.to_vec();
        self.world().all_reduce_into(&own[..], numbers, SystemOperation::max());
    }

    /// Returns whether the value is true on some rank.
    pub(super) fn any(&self, own: bool) -> bool {
        let mut any = [f64::from(u8::from(own))];
        self.all_reduce_max(&mut any);
        any[0] > 0.0
    }

    /// Gathers the numbers of all ranks, in the order of the ranks.
    pub(super) fn all_gather<F: Float>(&self, numbers: &[F]) -> Result<Vec<F>> {
        let (_, total) = self.offset_and_total(numbers.len());
        if i32::try_from(total).is_err() {
            let operand = Operand { name: "the numbers of all ranks", shape: (1, total) };
            return Err(Error::TooLarge { layer: None, operand });
        }
        let mut counts = vec![0_i32; self.size()];
        self.world().all_gather_into(&(numbers.len() as i32), &mut counts[..]);
        let starts = counts.iter().scan(0, |next, count| {
            let start = *next;
            *next += count;
            Some(start)
        });
        let starts: Vec<i32> = starts.collect();
        let mut all = vec![F::zero(); counts.iter().sum::<i32>() as usize];
        let mut parts = PartitionMut::new(&mut all[..], counts, starts);
        self.world().all_gather_varcount_into(numbers, &mut parts);
        Ok(all)
    }
}
