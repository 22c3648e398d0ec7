//! The time of training steps with frozen layers. See benches/README.md.
//!
//! ```text
//! cargo bench --bench frozen
//! ```
//!
//! A step is the forward pass, the cost, the backward pass and the update by Adam. Each round times
//! one step without frozen layers, with a frozen first layer, and with all layers but the last
//! frozen.

use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 101;

fn main() {
    println!("| network, batch | none frozen | layer 1 | ratio | all but the last | ratio |");
    println!("|---|---|---|---|---|---|");
    row(&[784, 512, 256, 1], 32);
    row(&[784, 512, 256, 1], 128);
    row(&[1024, 1024, 1024, 1024, 1], 256);
    row(&[12288, 20, 7, 5, 1], 209);
}

fn row(sizes: &[usize], m: usize) {
    let depth = sizes.len() - 1;
    let hidden: Vec<usize> = (1..depth).collect();
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((sizes[0], m), || rng.randn() as f32);
    let y = Array2::from_shape_fn((1, m), |(_, i)| (i % 2) as f32);
    let mut steps = [&[][..], &[1], &hidden].map(|frozen| step(sizes, frozen, &x, &y));
    let mut times = [(); 3].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        for (times, step) in times.iter_mut().zip(&mut steps) {
            let start = Instant::now();
            step();
            times.push(1e3 * start.elapsed().as_secs_f64());
        }
    }
    let [none, first, most] = times.map(median);
    let name: Vec<_> = sizes.iter().map(usize::to_string).collect();
    println!(
        "| {}, {m} | {none:.3} ms | {first:.3} ms | {:.2} | {most:.3} ms | {:.2} |",
        name.join("-"),
        first / none,
        most / none
    );
}

/// Returns a function that takes a step with these frozen layers.
fn step<'a>(
    sizes: &[usize],
    frozen: &[usize],
    x: &'a Array2<f32>,
    y: &'a Array2<f32>,
) -> impl FnMut() + 'a {
    let mut rng = NumpyRandom::seed(2);
    let parameters = initialize_parameters_deep(sizes, Initializer::He, &mut rng);
    let mut parameters = parameters.expect("fits");
    let mut workspace = Workspace::new(&parameters, x.ncols()).expect("fits");
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters).expect("fits");
    workspace.freeze(frozen).expect("layers of the network");
    optimizer.freeze(frozen).expect("layers of the network");
    move || {
        let cost = Cost::BinaryCrossEntropy;
        let step = workspace.cost_and_gradients(black_box(x), y, &parameters, cost);
        optimizer.step(&mut parameters, step.expect("fits").1, 1e-5).expect("fits");
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
