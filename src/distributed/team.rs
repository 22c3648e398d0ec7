use super::Ranks;
use super::workspace::Sums;
use crate::error::Operand;
use crate::train::reduce::{Joint, Team};
use crate::{Error, Float, Parameters, Result};
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::traits::CommunicatorCollectives;
use std::fmt::Debug;

impl<F: Float> Team<F> for Ranks<'_> {
    fn is_alone(&self) -> bool {
        false
    }

    #[cfg(feature = "safetensors")]
    fn is_first(&self) -> bool {
        Ranks::is_first(self)
    }

    fn together(&self, own: Result<()>) -> Result<()> {
        Ranks::together(self, own)
    }

    fn agree(&self, what: &'static str, value: &dyn Debug) -> Result<()> {
        Ranks::agree(self, what, value)
    }

    fn place(&self, m: usize) -> (usize, usize) {
        Ranks::place(self, m)
    }

    fn sum(&self, numbers: &mut [f64]) {
        Ranks::sum(self, numbers);
    }

    fn largest(&self, numbers: &mut [f64]) {
        let own = numbers.to_vec();
        self.world().all_reduce_into(&own[..], numbers, SystemOperation::max());
    }

    fn gather(&self, numbers: Vec<F>) -> Result<Vec<F>> {
        let (_, total) = Ranks::place(self, numbers.len());
        if i32::try_from(total).is_err() {
            let operand = Operand { name: "what all ranks have", shape: (1, total) };
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
        self.world().all_gather_varcount_into(&numbers[..], &mut parts);
        Ok(all)
    }

    #[cfg(feature = "safetensors")]
    fn of_first(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.bytes_of(0, bytes)
    }

    fn broadcast(&self, parameters: &mut Parameters<F>) -> Result<()> {
        Ranks::broadcast(self, parameters)
    }

    fn joint(&self, parameters: &Parameters<F>) -> Result<Box<dyn Joint<F> + '_>> {
        Ok(Box::new(Sums::new(self, parameters)?))
    }
}
