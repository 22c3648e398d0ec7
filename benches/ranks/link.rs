//! The time of an all-reduce over the ranks of an MPI job: `mpirun -np 2 <this> --repeats 20`.
//!
//! Rank 0 prints one line of JSON for each number of bytes: the median and the minimum time of an
//! all-reduce as the library runs it. The constants in `model.py` come from this benchmark.

use dnn_blocks::distributed::mpi::collective::SystemOperation;
use dnn_blocks::distributed::mpi::request::scope;
use dnn_blocks::distributed::mpi::traits::CommunicatorCollectives;
use dnn_blocks::distributed::{Ranks, mpi};
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip_while(|arg| arg != "--repeats").skip(1);
    let repeats: usize = args.next().map_or(20, |value| value.parse().expect("a number"));
    let universe = mpi::initialize().expect("MPI");
    let ranks = Ranks::new(&universe);
    let world = universe.world();
    for numbers in [1, 16, 256, 1024, 4096, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 3 << 20] {
        let (own, mut all) = (vec![1_f32; numbers], vec![0_f32; numbers]);
        let mut times = Vec::new();
        for _ in 0..repeats + 2 {
            world.barrier();
            let start = Instant::now();
            scope(|scope| {
                let sum = SystemOperation::sum();
                let request = world.immediate_all_reduce_into(scope, &own[..], &mut all[..], sum);
                request.wait_without_status();
            });
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
        assert_eq!(all[numbers - 1], ranks.size() as f32);
        let times = &mut times[2..];
        times.sort_by(f64::total_cmp);
        if ranks.is_first() {
            let (size, median, least) = (ranks.size(), times[repeats / 2], times[0]);
            println!(
                "{{\"ranks\": {size}, \"bytes\": {}, \"median_us\": {median:.1}, \"min_us\": {least:.1}}}",
                4 * numbers
            );
        }
    }
}
