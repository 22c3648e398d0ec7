//! The time of optimizer steps and the memory bandwidth they reach. See benches/README.md.
//!
//! ```text
//! cargo bench --bench updates
//! ```
//!
//! The step updates 16 million weights in f32, far more than the caches hold. It reads `dW`, and
//! reads and writes `W` and each matrix of state. The first row is a plain `y += x` of the same
//! length.

use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::hint::black_box;
use std::time::Instant;

const SIDE: usize = 4096;
const ROUNDS: usize = 9;

fn main() {
    let layer = Layer {
        w: Array2::<f32>::ones((SIDE, SIDE)),
        b: Array2::zeros((SIDE, 1)),
        activation: Activation::Identity,
    };
    let mut parameters = Parameters::from_layers(vec![layer]).expect("fits");
    let mut gradients = Gradients::zeros_like(&parameters);
    gradients.layers_mut()[0].dw.fill(1e-3);

    println!("| sweep | matrices moved | time | GB/s |\n|---|---|---|---|");
    let mut y = Array2::<f32>::ones((SIDE, SIDE));
    let x = gradients.layers()[0].dw.clone();
    report("`y += x`", 3, || y += black_box(&x));
    for (rule, moved) in [
        (Algorithm::GradientDescent, 3),
        (Algorithm::MOMENTUM, 5),
        (Algorithm::Nesterov { beta: 0.9 }, 5),
        (Algorithm::RMS_PROP, 5),
        (Algorithm::ADAM, 7),
        (Algorithm::ADAM_W, 7),
    ] {
        let mut optimizer = Optimizer::new(rule, &parameters).expect("fits");
        report(&rule.to_string(), moved, || {
            optimizer.step(&mut parameters, black_box(&gradients), 1e-6).expect("fits");
        });
    }
}

fn report(name: &str, moved: usize, mut sweep: impl FnMut()) {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            sweep();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let seconds = times[ROUNDS / 2];
    let bytes = (moved * SIDE * SIDE * size_of::<f32>()) as f64;
    println!("| {name} | {moved} | {:.1} ms | {:.1} |", 1e3 * seconds, bytes / seconds / 1e9);
}
