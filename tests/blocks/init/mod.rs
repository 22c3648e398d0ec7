//! Initial parameters: variance, generators, and why weights are not zeros.

#[cfg(feature = "ndarray-rand")]
mod ndarray_rand;
mod numpy_random;

use crate::support::{alternating, random};
use dnn_blocks::Error;
use dnn_blocks::init::RandomSource;
use dnn_blocks::prelude::*;
use dnn_blocks::rand::rngs::SmallRng;
use dnn_blocks::rand::{Rng, SeedableRng};

#[test]
fn initializers_have_the_spread_of_their_papers() {
    let (n_prev, n) = (300, 200);
    let spread = |initializer| {
        let mut rng = SmallRng::seed_from_u64(1);
        let network =
            initialize_parameters_deep::<f64>(&[n_prev, n], initializer, &mut rng).unwrap();
        let layer = &network.layers()[0];
        assert!(layer.b.iter().all(|&b| b == 0.0));
        assert!(layer.w.mean().unwrap().abs() < 4.0 * layer.w.std(0.0) / 60_000.0_f64.sqrt());
        (layer.w.std(0.0), layer.w.iter().fold(0.0_f64, |top, w| top.max(w.abs())))
    };
    let (inputs, units) = (n_prev as f64, n as f64);
    for (initializer, expected) in [
        (Initializer::Scaled(0.01), 0.01),
        (Initializer::LeCun, 1.0 / inputs.sqrt()),
        (Initializer::He, (2.0 / inputs).sqrt()),
        (Initializer::Xavier, (2.0 / (inputs + units)).sqrt()),
    ] {
        let (found, _) = spread(initializer);
        assert!((found / expected - 1.0).abs() < 0.015, "{initializer:?}: {found} {expected}");
    }
    let (_, top) = spread(Initializer::Xavier);
    let bound = (6.0 / (inputs + units)).sqrt();
    assert!(top <= bound && top > 0.999 * bound, "uniform up to {bound}: {top}");
    assert_eq!(spread_of_zeros(), (0.0, NumpyRandom::seed(1).next_u32()));
}

/// Zeros draw nothing from the generator.
fn spread_of_zeros() -> (f64, u32) {
    let mut rng = NumpyRandom::seed(1);
    let network = initialize_parameters_deep(&[3, 2], Initializer::Zeros, &mut rng).unwrap();
    (network.layers()[0].w.iter().map(|w: &f64| w.abs()).sum(), rng.next_u32())
}

#[test]
fn any_generator_draws_and_the_choice_of_float_does_not_change_the_stream() {
    fn draw<F: Float>(rng: &mut dyn RandomSource) -> Parameters<F> {
        initialize_parameters_deep(&[4, 3, 1], Initializer::He, rng).unwrap()
    }
    let boxed: &mut dyn Rng = &mut SmallRng::seed_from_u64(3);
    let of_dyn: Parameters<f64> =
        initialize_parameters_deep(&[4, 3, 1], Initializer::He, boxed).unwrap();
    let double = draw::<f64>(&mut SmallRng::seed_from_u64(3));
    let single = draw::<f32>(&mut SmallRng::seed_from_u64(3));
    assert_eq!(of_dyn, double);
    for (double, single) in double.layers().iter().zip(single.layers()) {
        assert_eq!(double.w.mapv(|w| w as f32), single.w);
    }
    assert_ne!(double, draw(&mut SmallRng::seed_from_u64(4)));
}

/// From weights of 0 all units of a layer stay equal, after any number of steps.
#[test]
fn zeros_never_break_the_symmetry_of_a_layer() {
    let mut parameters =
        initialize_parameters_deep(&[2, 3, 1], Initializer::Zeros, &mut NumpyRandom::seed(1))
            .unwrap()
            .with_activations(Activation::Tanh, Activation::Sigmoid);
    let (x, y) = (random(2, 8, 6), alternating(8));
    for _ in 0..50 {
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        update_parameters(&mut parameters, &gradients, 1.0).unwrap();
    }
    let w = &parameters.layers()[0].w;
    assert!(w.rows().into_iter().all(|row| row == w.row(0)));
}

#[test]
fn too_few_sizes_are_no_network() {
    let rng = &mut NumpyRandom::seed(1);
    for dims in [&[][..], &[3]] {
        let error = initialize_parameters_deep::<f64>(dims, Initializer::He, rng).unwrap_err();
        assert_eq!(error, Error::NoLayers);
    }
}
