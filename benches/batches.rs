//! The time to gather mini-batches of random examples, by memory layout. See benches/README.md.
//!
//! ```text
//! cargo bench --bench batches
//! ```
//!
//! Each column is the time of one epoch. The first picks columns of a matrix (features, examples).
//! The second uses [`Batches`], which copies that matrix with each example contiguous. The third
//! uses `Batches` on a borrowed table whose examples are contiguous. The last includes training
//! steps.

use dnn_blocks::ndarray::{Array2, Axis};
use dnn_blocks::prelude::*;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 7;

fn main() {
    println!("| features × examples, batch | picked | copied | borrowed | with steps |");
    println!("|---|---|---|---|---|");
    for (n, m, size) in [(30, 569, 32), (64, 1797, 32), (784, 10_000, 128), (3072, 4000, 128)] {
        row(n, m, size);
    }
}

fn row(n: usize, m: usize, size: usize) {
    let mut rng = NumpyRandom::seed(1);
    let x = Array2::from_shape_simple_fn((n, m), || rng.randn() as f32);
    let y = Array2::from_shape_fn((1, m), |(_, i)| (i % 2) as f32);
    let table = x.t().as_standard_layout().to_owned();
    let parameters = initialize_parameters_deep(&[n, 128, 1], Initializer::He, &mut rng);
    let parameters = parameters.expect("fits");
    let mut workspace = Workspace::new(&parameters, size).unwrap();
    let order = rng.permutation(m);
    let mut copied = Batches::new(&x, &y, size).expect("a set");
    let mut lent = Batches::new(table.t(), &y, size).expect("a set");
    copied.shuffle(&mut rng);
    lent.shuffle(&mut rng);

    let mut picked = || {
        for examples in order.chunks(size) {
            black_box((x.select(Axis(1), examples), y.select(Axis(1), examples)));
        }
    };
    let mut copied_epoch = || gather(&mut copied);
    let mut lent_epoch = || gather(&mut lent);
    let mut steps = Vec::new();
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let epochs: [&mut dyn FnMut(); 3] = [&mut picked, &mut copied_epoch, &mut lent_epoch];
        for (times, epoch) in times.iter_mut().zip(epochs) {
            times.push(timed(epoch));
        }
        let (x, y) = (table.t(), y.view());
        let mut batches = Batches::new(x, y, size).expect("a set");
        let both = timed(&mut || {
            while let Some((x, y)) = batches.next() {
                let cost = Cost::BinaryCrossEntropy;
                black_box(workspace.cost_and_gradients(&x, y, &parameters, cost).expect("fits"));
            }
        });
        steps.push(both);
    }
    let cells: Vec<_> = times.into_iter().chain([steps]).map(median).collect();
    let cells: Vec<_> = cells.iter().map(|us| format!("{us:.0} us")).collect();
    println!("| {n} x {m}, {size} | {} |", cells.join(" | "));
}

fn gather(batches: &mut Batches<'_, f32>) {
    batches.rewind();
    while let Some(batch) = batches.next() {
        black_box(batch);
    }
}

fn timed(f: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    f();
    1e6 * start.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
