//! `NumpyRandom` against numbers of NumPy.

use crate::support::reference::{json, number};
use dnn_blocks::init::{NumpyRandom, RandomSource};
use serde_json::Value;

fn streams() -> Vec<(u32, Value)> {
    let file = json("numpy_legacy_stream");
    let streams = file["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 3);
    streams.iter().map(|s| (s["seed"].as_u64().unwrap() as u32, s.clone())).collect()
}

fn numbers(values: &Value) -> Vec<f64> {
    let numbers: Vec<_> = values.as_array().unwrap().iter().map(number).collect();
    assert_eq!(numbers.len(), 40);
    numbers
}

/// Normal samples use the platform's `ln`: the bound is one unit in the last place.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= f64::EPSILON * b.abs()
}

#[test]
fn raw_bits_are_numpys() {
    for (seed, stream) in streams() {
        let mut rng = NumpyRandom::seed(seed);
        for expected in numbers(&stream["raw_u32"]) {
            assert_eq!(f64::from(rng.next_u32()), expected);
        }
    }
}

#[test]
fn rand_is_numpys_to_the_last_bit() {
    for (seed, stream) in streams() {
        let (mut rng, mut source) = (NumpyRandom::seed(seed), NumpyRandom::seed(seed));
        for expected in numbers(&stream["rand"]) {
            assert_eq!((rng.rand(), source.uniform()), (expected, expected));
        }
    }
}

#[test]
fn randn_is_numpys() {
    for (seed, stream) in streams() {
        let mut rng = NumpyRandom::seed(seed);
        for expected in numbers(&stream["randn"]) {
            assert!(same(rng.randn(), expected), "seed {seed}: {expected}");
        }
    }
}

/// Past the refill of the generator's state, up to the weights of the course's cat classifier.
#[test]
fn randn_stays_numpys_far_into_the_stream() {
    for (seed, stream) in streams() {
        let mut rng = NumpyRandom::seed(seed);
        let samples: Vec<f64> = (0..86_016).map(|_| rng.standard_normal()).collect();
        for (at, expected) in stream["randn_at"].as_object().unwrap() {
            let at: usize = at.parse().unwrap();
            assert!(same(samples[at], number(expected)), "seed {seed}, sample {at}");
        }
        let sum = number(&stream["sum_of_first_86016_randn_fsum"]);
        assert!((samples.iter().sum::<f64>() - sum).abs() < 1e-9);
    }
}

#[test]
fn rand_leaves_the_kept_normal_sample_alone() {
    for (seed, stream) in streams() {
        let mut rng = NumpyRandom::seed(seed);
        let mut draws: Vec<f64> = (0..3).map(|_| rng.randn()).collect();
        draws.extend([rng.rand(), rng.rand()]);
        assert_eq!(rng.clone().randn(), rng.clone().randn());
        draws.extend([rng.randn(), rng.randn()]);
        let expected = stream["interleaved_randn3_rand2_randn2"].as_array().unwrap();
        assert_eq!(expected.len(), draws.len());
        for (found, expected) in draws.iter().zip(expected) {
            assert!(same(*found, number(expected)), "seed {seed}: {found} {expected}");
        }
    }
}

#[test]
fn permutation_is_numpys() {
    for (seed, stream) in streams() {
        let found = NumpyRandom::seed(seed).permutation(40);
        let found: Vec<f64> = found.into_iter().map(|i| i as f64).collect();
        assert_eq!(found, numbers(&stream["permutation_40"]));
    }
    let mut rng = NumpyRandom::seed(1);
    assert_eq!((rng.permutation(0), rng.permutation(1)), (vec![], vec![0]));
    assert_eq!(rng.next_u32(), NumpyRandom::seed(1).next_u32(), "nothing drawn for 0 or 1");
}
