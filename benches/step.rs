//! One training step of the course's two networks on pictures of 64 x 64 x 3, m = 209:
//! the course functions, and the forward pass alone.

use criterion::{Criterion, criterion_group, criterion_main};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use std::hint::black_box;
use std::time::Duration;

fn steps<F: Float>(c: &mut Criterion, float: &str) {
    for layer_dims in [&[12288, 7, 1][..], &[12288, 20, 7, 5, 1]] {
        let mut rng = NumpyRandom::seed(1);
        let x = Array2::from_shape_simple_fn((12288, 209), || F::of(rng.rand()));
        let y = Array2::from_shape_fn((1, 209), |(_, i)| F::of((i % 3 == 0) as u8 as f64));
        let mut parameters =
            initialize_parameters_deep(layer_dims, Initializer::LeCun, &mut rng).unwrap();
        c.bench_function(&format!("forward {layer_dims:?} {float}"), |bench| {
            bench.iter(|| predict_proba(black_box(&x), &parameters).unwrap());
        });
        c.bench_function(&format!("step {layer_dims:?} {float}"), |bench| {
            bench.iter(|| {
                let (al, caches) = l_model_forward(black_box(&x), &parameters).unwrap();
                let cost = compute_cost(&al, &y).unwrap();
                let gradients = l_model_backward(&al, &y, &caches).unwrap();
                update_parameters(&mut parameters, &gradients, F::of(0.0075)).unwrap();
                cost
            });
        });
    }
}

fn benches(c: &mut Criterion) {
    steps::<f32>(c, "f32");
    steps::<f64>(c, "f64");
}

criterion_group! {
    name = course;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = benches
}
criterion_main!(course);
