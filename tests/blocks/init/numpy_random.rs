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

/// The first pair of uniform numbers is (0, 1/2), the point (-1, 0) on the unit circle. NumPy draws
/// another pair: `RandomState().set_state(("MT19937", key, 0, 0, 0.0))` gives these samples.
#[test]
fn a_point_on_the_unit_circle_is_drawn_again_as_in_numpy() {
    let mut state = NumpyRandom::seed(1).state();
    state.key[..4].copy_from_slice(&[0, 0, 0x8010_2204, 0]);
    state.position = 0;
    let rng = NumpyRandom::from_state(&state).unwrap();
    let mut uniform = rng.clone();
    assert_eq!([uniform.rand(), uniform.rand()], [0.0, 0.5]);
    let mut normal = rng;
    for expected in [-0.4159640198415171, -2.6023897901433704] {
        assert!(same(normal.randn(), expected));
    }
}

#[test]
fn generators_print_the_same_text_if_they_have_the_same_state() {
    let text = |rng: &NumpyRandom| format!("{rng:?}");
    let mut rng = NumpyRandom::seed(1);
    let first = text(&rng);
    assert!(first.starts_with("NumpyRandom { checksum: \"") && first.ends_with("kept: None }"));
    assert_eq!(first.len(), "NumpyRandom { checksum: \"0123456789abcdef\", kept: None }".len());
    assert_eq!(text(&NumpyRandom::from_state(&rng.state()).unwrap()), first);
    assert_ne!(text(&NumpyRandom::seed(2)), first);
    rng.next_u32();
    assert_ne!(text(&rng), first);
    rng.randn();
    assert!(text(&rng).contains("kept: Some("));
}
