//! Training: workspaces and full batches are bit-identical to the blocks.

mod batches;
mod frozen;
mod full_batch;
mod gradient_check;
mod lbfgs;
mod line_search;
mod optimizer;
mod regularization;
mod schedule;
mod workspace;

use crate::support::{SMOOTH_ACTIVATIONS, labels, network_with_biases, random, same};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;

const ACTIVATIONS: [Activation; 7] = [
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::LeakyRelu(0.01),
    Activation::LeakyRelu(0.0),
    Activation::LeakyRelu(-0.5),
    Activation::Identity,
];

fn same_gradients<F: Float>(a: &Gradients<F>, b: &Gradients<F>) -> bool {
    a.layers().iter().zip(b.layers()).all(|(a, b)| same(&a.dw, &b.dw) && same(&a.db, &b.db))
}

fn same_parameters<F: Float>(a: &Parameters<F>, b: &Parameters<F>) -> bool {
    a.layers().iter().zip(b.layers()).all(|(a, b)| same(&a.w, &b.w) && same(&a.b, &b.b))
}

#[test]
fn nan_stays_nan_in_the_fast_ways() {
    let mut x = random::<f64>(6, 9, 1);
    x[[2, 3]] = f64::NAN;
    let (y, parameters) =
        (labels(1, 9), network_with_biases(&[6, 4, 1], Activation::Relu, Activation::Sigmoid));
    let mut workspace = Workspace::new(&parameters, 9).unwrap();
    let pass = workspace.forward(&x, &parameters).unwrap();
    assert!(pass.cost(&y).unwrap().is_nan());
    let mut descent = FullBatch::new(&x, &y, parameters).unwrap();
    assert!(descent.step(0.1).unwrap().is_nan());
    assert!(descent.parameters().layers()[0].w.iter().any(|w| w.is_nan()));
}

/// A thread pool of any size gives the bits of one thread.
#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_changes_no_bit() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut results = Vec::new();
            for (dims, m) in
                [(&[6000, 20, 7, 1][..], 209), (&[300, 400, 200, 1], 150), (&[2, 4, 1], 400)]
            {
                let (x, y) = (random::<f32>(dims[0], m, 8), labels::<f32>(1, m));
                let start = network_with_biases::<f32>(dims, Activation::Relu, Activation::Sigmoid);
                let mut blocks = start.clone();
                let (al, caches) = l_model_forward(&x, &blocks).unwrap();
                let gradients = l_model_backward(&al, &y, &caches).unwrap();
                update_parameters(&mut blocks, &gradients, 0.1).unwrap();
                let mut descent = FullBatch::new(&x, &y, start).unwrap();
                for _ in 0..3 {
                    descent.step(0.1).unwrap();
                }
                let one =
                    predict_proba(x.slice(dnn_blocks::ndarray::s![.., ..1]), &blocks).unwrap();
                results.push((al, blocks, descent.into_parameters(), one));
            }
            results
        })
    };
    let alone = run(1);
    for threads in [2, 3, 4, 7] {
        for (shared, alone) in run(threads).iter().zip(&alone) {
            assert!(same(&shared.0, &alone.0) && same(&shared.3, &alone.3));
            assert!(same_parameters(&shared.1, &alone.1));
            assert!(same_parameters(&shared.2, &alone.2));
        }
    }
}

/// Runs `f` on a thread with a small stack.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 10).spawn(f).unwrap().join().unwrap();
}

#[test]
fn the_depth_of_a_network_takes_no_stack() {
    on_a_small_stack(|| {
        let parameters =
            network_with_biases::<f64>(&[1; 10_001], Activation::Tanh, Activation::Sigmoid);
        let (x, y) = (random::<f64>(1, 2, 1), labels::<f64>(1, 2));
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        let expected = l_model_backward(&al, &y, &caches).unwrap();
        let mut workspace = Workspace::new(&parameters, 2).unwrap();
        let found = workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
        assert!(same_gradients(found, &expected));
        FullBatch::new(&x, &y, parameters).unwrap().step(0.1).unwrap();

        let how = Hyperparameters::plain().hidden(&[1; 10_000]).epochs(1).batch_size(2);
        let mut model = Classifier::<f32, i32>::new(how);
        model.fit(Examples::rows(&Array2::eye(2)), &[0, 1]).unwrap();
    });
}
