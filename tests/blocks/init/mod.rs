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

/// A source of given uniform numbers, with the shuffle of the trait.
struct Given(Vec<f64>);

impl RandomSource for Given {
    fn standard_normal(&mut self) -> f64 {
        0.0
    }

    fn uniform(&mut self) -> f64 {
        self.0.pop().unwrap()
    }
}

/// Lemire's method: 53 bits times 3 is `high·2⁵³ + low`. It returns `high` unless `low` is below
/// `2⁵³ mod 3 = 2`, and draws again then, because 3 does not divide 2⁵³.
#[test]
fn a_shuffle_draws_again_where_a_number_would_be_more_probable_than_others() {
    let unit = 1.0 / (1_u64 << 53) as f64;
    let third = ((1_u64 << 53) + 1) / 3; // times 3, it is 1·2⁵³ + 1
    for (draws, expected) in [
        (vec![0.0, 0.5], 1),
        (vec![third as f64 * unit, 0.1], 0),
        (vec![(2 * third) as f64 * unit], 2), // 2·2⁵³ + 2
        (vec![0.4], 1),
    ] {
        let last = 0.9; // keeps the place of the second number
        let mut source = Given(draws.into_iter().chain([last]).rev().collect());
        let mut order = [0, 1, 2];
        source.shuffle(&mut order);
        assert_eq!(order[2], expected);
        assert!(source.0.is_empty());
    }
}

#[test]
fn too_few_sizes_are_no_network() {
    let rng = &mut NumpyRandom::seed(1);
    for dims in [&[][..], &[3]] {
        let error = initialize_parameters_deep::<f64>(dims, Initializer::He, rng).unwrap_err();
        assert_eq!(error, Error::NoLayers);
    }
}
