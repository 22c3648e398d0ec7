//! Data, shards and comparisons.

use dnn_blocks::Result;
use dnn_blocks::distributed::{DistributedWorkspace, Ranks};
use dnn_blocks::init::RandomSource;
use dnn_blocks::ndarray::{Array2, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::workspace::Dropout;
use std::ops::Range;
use std::path::PathBuf;

pub fn folder() -> PathBuf {
    std::env::var_os(crate::jobs::FOLDER).expect("a folder").into()
}

/// Returns `X` (features, m) and class numbers (1, m).
pub fn examples<F: Float>(features: usize, classes: usize, m: usize) -> (Array2<F>, Array2<F>) {
    let mut rng = NumpyRandom::seed(5);
    let x = Array2::from_shape_simple_fn((features, m), || F::of(rng.standard_normal()));
    let class = |i: usize| (x[[0, i]] + x[[1, i]] * x[[2, i]]).as_f64().abs() * 2.0;
    let y =
        Array2::from_shape_fn((1, m), |(_, i)| F::of(class(i).floor().min(classes as f64 - 1.0)));
    (x, y)
}

pub fn network<F: Float>(sizes: &[usize]) -> Parameters<F> {
    let mut rng = NumpyRandom::seed(7);
    let output =
        if sizes[sizes.len() - 1] == 1 { Activation::Sigmoid } else { Activation::Softmax };
    initialize_parameters_deep(sizes, Initializer::He, &mut rng)
        .expect("a network")
        .with_activations(Activation::Tanh, output)
}

/// Returns the range of this rank in m examples. All parts differ in size; rank 1 of three or more
/// ranks has none.
pub fn uneven(ranks: &Ranks<'_>, m: usize) -> Range<usize> {
    let weights: Vec<usize> =
        (0..ranks.size()).map(|r| if r == 1 && ranks.size() > 2 { 0 } else { 2 * r + 1 }).collect();
    let all: usize = weights.iter().sum();
    let start = |r: usize| m * weights[..r].iter().sum::<usize>() / all;
    start(ranks.rank())..start(ranks.rank() + 1)
}

pub fn columns<F: Float>(a: &Array2<F>, range: Range<usize>) -> Array2<F> {
    a.slice(s![.., range]).to_owned()
}

/// The objective, and dropout with its generator.
pub struct Noise<'a> {
    pub objective: &'a Objective,
    pub keep_prob: f64,
    pub rng: &'a mut NumpyRandom,
}

/// Runs an epoch of mini-batches in random order, and calls `step` with the gradients of each.
pub fn epoch_with_dropout<F: Float>(
    workspace: &mut DistributedWorkspace<'_, F>,
    batches: &mut Batches<'_, F>,
    parameters: &mut Parameters<F>,
    Noise { objective, keep_prob, rng }: Noise<'_>,
    mut step: impl FnMut(&mut Parameters<F>, &Gradients<F>) -> Result<()>,
) -> Result<()> {
    batches.shuffle(rng);
    while let Some(part) = batches.next_local() {
        let dropout = Dropout::new(keep_prob, &mut *rng).columns(part.columns.expect("a shard"));
        let (_, gradients) = workspace
            .cost_and_gradients_with_dropout(&part.x, part.y, parameters, objective, dropout)?;
        step(parameters, gradients)?;
    }
    Ok(())
}

/// Returns the largest difference of two networks, relative to the largest entry of each matrix.
pub fn difference<F: Float>(a: &Parameters<F>, b: &Parameters<F>) -> f64 {
    let mut worst = 0.0_f64;
    for (a, b) in a.layers().iter().zip(b.layers()) {
        for (a, b) in [(&a.w, &b.w), (&a.b, &b.b)] {
            assert!(a.iter().chain(b).all(|x| x.is_finite()), "a number that is not finite");
            let largest = b.iter().map(|b| b.as_f64().abs()).fold(0.0, f64::max);
            for (a, b) in a.iter().zip(b) {
                worst = worst.max((a.as_f64() - b.as_f64()).abs() / largest.max(1e-300));
            }
        }
    }
    worst
}

pub fn bits<F: Float>(parameters: &Parameters<F>) -> Vec<u64> {
    let layers = parameters.layers().iter();
    layers.flat_map(|l| l.w.iter().chain(&l.b)).map(|x| x.as_f64().to_bits()).collect()
}

/// Asserts that all ranks have the same bits, and writes them to `result`.
pub fn leave<F: Float>(ranks: &Ranks<'_>, parameters: &Parameters<F>) {
    let bits = bits(parameters);
    ranks.ensure_equal("bits", &bits).expect("the same bits on all ranks");
    if ranks.is_first() {
        let bytes: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        std::fs::write(folder().join("result"), bytes).expect("written");
    }
}

/// Returns the epoch in which rank 1 is killed, if the job has one.
pub fn kill_in() -> Option<usize> {
    let epoch = std::fs::read_to_string(folder().join("kill")).ok()?;
    Some(epoch.trim().parse().expect("a number"))
}

/// Kills this process by SIGKILL.
pub fn kill_me() {
    let own = std::process::id().to_string();
    let _ = std::process::Command::new("kill").args(["-9", &own]).status();
}
