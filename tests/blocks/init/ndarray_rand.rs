//! Weights drawn by `ndarray-rand`.

use dnn_blocks::Error;
use dnn_blocks::init::initialize_parameters_with;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::ndarray_rand::RandomExt;
use dnn_blocks::ndarray_rand::rand::{Rng, RngCore, SeedableRng, rngs::SmallRng, rngs::StdRng};
use dnn_blocks::ndarray_rand::rand_distr::{
    Cauchy, Distribution, Normal, StandardNormal, StandardUniform, Uniform,
};
use dnn_blocks::prelude::*;

const DIMS: [usize; 4] = [300, 7, 128, 1];

/// The network equals matrices that `RandomExt` draws one after the other.
fn check<F: Float, D: Distribution<F> + Copy, R: Rng>(distribution: D, rng: impl Fn() -> R) {
    let parameters = initialize_parameters_with(&DIMS, |_, _| distribution, &mut rng()).unwrap();
    let rng = &mut rng();
    for (l, layer) in parameters.layers().iter().enumerate() {
        let w = Array2::<F>::random_using((DIMS[l + 1], DIMS[l]), distribution, rng);
        assert_eq!(layer.w, w);
        assert_eq!(layer.b, Array2::<F>::zeros((DIMS[l + 1], 1)));
    }
}

#[test]
fn weights_are_those_of_random_ext() {
    let small = || SmallRng::seed_from_u64(1);
    let standard = || StdRng::seed_from_u64(2);
    check::<f64, _, _>(StandardNormal, small);
    check::<f32, _, _>(StandardNormal, standard);
    check::<f64, _, _>(Normal::new(1.0, 0.1).unwrap(), standard);
    check::<f32, _, _>(Uniform::new(-0.5_f32, 0.5).unwrap(), small);
    check::<f64, _, _>(StandardUniform, small);
    check::<f64, _, _>(Cauchy::new(0.0, 1.0).unwrap(), small);
}

/// The distribution of each layer gets the sizes in the formula of Glorot and Bengio.
#[test]
fn a_distribution_for_each_layer() {
    let mut asked = Vec::new();
    let glorot = |n_prev: usize, n: usize| {
        asked.push((n_prev, n));
        let bound = (6.0 / (n_prev + n) as f64).sqrt();
        Uniform::new_inclusive(-bound, bound).unwrap()
    };
    let rng: &mut dyn RngCore = &mut StdRng::seed_from_u64(3);
    let parameters = initialize_parameters_with(&DIMS, glorot, rng).unwrap();
    assert_eq!(asked, [(300, 7), (7, 128), (128, 1)]);
    for layer in parameters.layers() {
        let bound = (6.0 / (layer.w.nrows() + layer.w.ncols()) as f64).sqrt();
        let largest = layer.w.iter().fold(0.0, |most: f64, w| most.max(w.abs()));
        assert!(largest <= bound && largest > 0.9 * bound);
    }
    let activations: Vec<_> = parameters.layers().iter().map(|layer| layer.activation).collect();
    assert_eq!(activations, [Activation::Relu, Activation::Relu, Activation::Sigmoid]);
}

#[test]
fn sizes_are_refused_before_a_draw() {
    let rng = &mut StdRng::seed_from_u64(4);
    let mut error = |dims: &[usize]| {
        let never = |_, _| -> StandardNormal { panic!("asked for a distribution") };
        initialize_parameters_with::<f64, _>(dims, never, rng).unwrap_err()
    };
    assert_eq!(error(&[]), Error::NoLayers);
    assert_eq!(error(&[5]), Error::NoLayers);
    for (dims, layer) in [([0, 2, 1], 1), ([3, 0, 1], 1), ([3, 2, 0], 2)] {
        let error = error(&dims);
        assert!(matches!(error, Error::ZeroSize { layer: Some(l), .. } if l == layer), "{error}");
    }
    for (dims, layer) in [
        ([usize::MAX, 2, 1], 1),
        ([3, usize::MAX, 1], 1),
        ([3, 1 << 31, 1 << 31], 2),
        ([1, 1 << 20, 1 << 39], 2),
    ] {
        let error = error(&dims);
        assert!(matches!(error, Error::TooLarge { layer: Some(l), .. } if l == layer), "{error}");
    }
    assert_eq!(rng.next_u64(), StdRng::seed_from_u64(4).next_u64());
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let rng = &mut StdRng::seed_from_u64(5);
    for (wrong, shown) in [(f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf")] {
        let of_layer = |n_prev: usize, _| {
            StandardNormal.map(move |z: f64| if n_prev == 7 { wrong } else { z })
        };
        let error = initialize_parameters_with::<f64, _>(&DIMS, of_layer, rng).unwrap_err();
        assert_eq!(error.to_string(), format!("layer 2: W[0, 0] is {shown}"));
    }
    let large = |_, _| StandardNormal.map(|z: f32| z * f32::MAX);
    let error = initialize_parameters_with::<f32, _>(&DIMS, large, rng).unwrap_err();
    assert!(matches!(error, Error::NotFinite { layer: Some(1), operand: "W", .. }));
}

/// The generators of rand 0.9 and of rand 0.10 are different types, side by side.
#[test]
fn two_versions_of_rand_in_one_program() {
    use dnn_blocks::rand::SeedableRng as _;
    let rng = &mut SmallRng::seed_from_u64(6);
    let drawn = initialize_parameters_with::<f64, _>(&DIMS, |_, _| StandardNormal, rng).unwrap();
    let rng = &mut dnn_blocks::rand::rngs::SmallRng::seed_from_u64(6);
    let other = initialize_parameters_deep::<f64>(&DIMS, Initializer::Scaled(1.0), rng).unwrap();
    assert_eq!(drawn.to_string(), other.to_string());
}
