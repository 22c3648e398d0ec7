//! A training step on every rank of an MPI job: `mpirun -np 2 <this> --examples 1024`.
//!
//! The network is 1024-1024-1024-1024-1 with ReLU, in `f32`. Each rank has an equal part of the
//! examples. A step is forward, cost, backward, all-reduce and update. Rank 0 prints one line of
//! JSON. Started without `mpirun`, the program takes the step of `Workspace`, without MPI.
//! `ranks/compare.py` compares both with each other and with PyTorch.

use dnn_blocks::distributed::{Ranks, mpi};
use dnn_blocks::ndarray::{Array2, s};
use dnn_blocks::prelude::*;
use std::time::Instant;

const SIZES: [usize; 5] = [1024, 1024, 1024, 1024, 1];

fn main() {
    let number = |name: &str, default: usize| {
        let mut args = std::env::args().skip_while(|arg| arg != name).skip(1);
        args.next().map_or(default, |value| value.parse().expect("a number"))
    };
    let (examples, steps) = (number("--examples", 1024), number("--steps", 9));
    let universe = mpi::initialize().expect("MPI");
    let ranks = Ranks::new(&universe);
    if let Err(error) = run(&ranks, examples, steps) {
        ranks.abort(&error);
    }
}

fn run(ranks: &Ranks<'_>, examples: usize, steps: usize) -> dnn_blocks::Result<()> {
    let mut rng = NumpyRandom::seed(1);
    let mut parameters = initialize_parameters_deep::<f32>(&SIZES, Initializer::He, &mut rng)?;
    let mut numbers = rng_numbers(2);
    let x = Array2::from_shape_simple_fn((SIZES[0], examples), &mut numbers);
    let y = Array2::from_shape_fn((1, examples), |(_, i)| f32::from(x[[0, i]] > 0.0));
    let mine = ranks.share(examples);
    let x = x.slice(s![.., mine.clone()]).to_owned();
    let y = y.slice(s![.., mine]).to_owned();
    ranks.broadcast(&mut parameters)?;
    let cost = Cost::BinaryCrossEntropy;
    let (mut times, mut last) = (Vec::new(), 0.0);
    let mut alone = Workspace::new(&parameters, x.ncols()).unwrap();
    let mut joint = ranks.workspace(&parameters, x.ncols())?;
    for _ in 0..steps + 2 {
        let start = Instant::now();
        let (value, gradients) = if ranks.size() == 1 {
            alone.cost_and_gradients(&x, &y, &parameters, &cost)?
        } else {
            joint.cost_and_gradients(&x, &y, &parameters, &cost)?
        };
        update_parameters(&mut parameters, gradients, 0.05)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        last = value;
    }
    let times = &mut times[2..];
    times.sort_by(f64::total_cmp);
    if ranks.is_first() {
        let (size, median, least) = (ranks.size(), times[times.len() / 2], times[0]);
        println!(
            "{{\"peer\": \"dnn-blocks\", \"ranks\": {size}, \"examples\": {examples}, \
             \"median_us\": {median:.0}, \"min_us\": {least:.0}, \"cost\": {last}}}"
        );
    }
    Ok(())
}

/// Numbers in [-1, 1).
fn rng_numbers(seed: u32) -> impl FnMut() -> f32 {
    use dnn_blocks::init::RandomSource;
    let mut rng = NumpyRandom::seed(seed);
    move || (2.0 * rng.uniform() - 1.0) as f32
}
