//! Splits and shuffles: the rules of NumPy and scikit-learn, and uniform orders.

use crate::support::{ConstantSource, message};
use dnn_blocks::Error;
use dnn_blocks::data::split;
use dnn_blocks::data::stratified_split;
use dnn_blocks::init::RandomSource;
use dnn_blocks::prelude::*;
use dnn_blocks::rand::SeedableRng;
use dnn_blocks::rand::rngs::SmallRng;

fn all_once(train: &[usize], test: &[usize], m: usize) {
    let mut all = [train, test].concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..m), "{train:?} {test:?}");
}

#[test]
fn a_split_takes_every_example_once() {
    for m in [1, 2, 3, 10, 569] {
        for share in [1e-9, 0.2, 0.5, 0.999_999] {
            let (train, test) = split(m, share, &mut NumpyRandom::seed(5)).unwrap();
            all_once(&train, &test, m);
            let expected = ((share * m as f64).round() as usize).clamp(1, m.max(2) - 1);
            assert_eq!(test.len(), if m == 1 { share.round() as usize } else { expected });
            let again = split(m, share, &mut NumpyRandom::seed(5)).unwrap();
            assert_eq!(again, (train, test));
        }
    }
    let draw = |seed| split(100, 0.3, &mut SmallRng::seed_from_u64(seed)).unwrap();
    assert!(draw(1) == draw(1) && draw(1) != draw(2));
}

/// scikit-learn 1.9.1: `train_test_split(np.arange(10), test_size=0.3, random_state=0)`.
#[test]
fn a_split_is_that_of_scikit_learn() {
    let (train, test) = split(10, 0.3, &mut NumpyRandom::seed(0)).unwrap();
    assert_eq!((&train[..], &test[..]), (&[9, 1, 6, 7, 3, 0, 5][..], &[2, 8, 4][..]));
}

fn tests_of(labels: &[usize], share: f64) -> Vec<usize> {
    let (train, test) = stratified_split(labels, share, &mut NumpyRandom::seed(3)).unwrap();
    all_once(&train, &test, labels.len());
    let last = *labels.iter().max().unwrap();
    (0..=last).map(|class| test.iter().filter(|&&i| labels[i] == class).count()).collect()
}

fn labels(sizes: &[usize]) -> Vec<usize> {
    sizes.iter().enumerate().flat_map(|(class, &size)| vec![class; size]).collect()
}

#[test]
fn a_stratified_split_keeps_the_share_of_every_class() {
    assert_eq!(tests_of(&labels(&[50, 30, 20]), 0.2), [10, 6, 4]);
    // 3.5, 2.1, 1.4 of 7: the largest remainder gets the seventh; 2.5 and 2.5 of 5: the first.
    assert_eq!(tests_of(&labels(&[5, 3, 2]), 0.7), [4, 2, 1]);
    assert_eq!(tests_of(&labels(&[5, 5]), 0.5), [3, 2]);
    // 0.2 of class 1 and 1.8 of class 0 would leave a side without the class: each gets one.
    assert_eq!(tests_of(&labels(&[98, 2]), 0.1), [9, 1]);
    assert_eq!(tests_of(&labels(&[2, 98]), 0.9), [1, 89]);
    // If both cannot hold, each class is on both sides.
    assert_eq!(tests_of(&labels(&[2; 10]), 0.1), [1; 10]);
    assert_eq!(tests_of(&labels(&[2; 10]), 0.9), [1; 10]);
    // Labels need not be consecutive or small.
    let far = [usize::MAX, 7, usize::MAX, 7];
    let (train, test) = stratified_split(&far, 0.5, &mut NumpyRandom::seed(1)).unwrap();
    assert!(far[train[0]] != far[train[1]] && far[test[0]] != far[test[1]]);
}

/// Random sizes have the right total, each class on both sides, and no class more than one example
/// from its share, unless it needs one on each side.
#[test]
fn stratified_splits_of_random_classes() {
    let mut rng = NumpyRandom::seed(9);
    for round in 0..300 {
        let sizes: Vec<_> = (0..1 + round % 7).map(|_| 2 + rng.next_u32() as usize % 30).collect();
        let share = rng.rand().clamp(0.01, 0.99);
        let m: usize = sizes.iter().sum();
        let total = (share * m as f64).round() as usize;
        let lowest = sizes.len();
        let highest = m - sizes.len();
        let found = tests_of(&labels(&sizes), share);
        assert_eq!(found.iter().sum::<usize>(), total.clamp(lowest, highest), "{sizes:?} {share}");
        let quotas: Vec<_> = sizes.iter().map(|&n| (n * total) as f64 / m as f64).collect();
        let bound_by_none =
            quotas.iter().zip(&sizes).all(|(&q, &n)| q >= 1.0 && q <= n as f64 - 1.0);
        for ((&found, &n), quota) in found.iter().zip(&sizes).zip(quotas) {
            assert!((1..n).contains(&found), "{sizes:?} {share}");
            let near = (found as f64 - quota).abs() < 1.0;
            assert!(near || !bound_by_none, "{sizes:?} {share}: {found} for {quota}");
        }
    }
}

#[test]
fn a_class_with_one_example_cannot_be_split() {
    let labels = ["b", "a", "b", "a", "c"];
    let error = stratified_split(&labels, 0.4, &mut NumpyRandom::seed(1)).unwrap_err();
    assert_eq!(error, Error::ClassSize { class: 2, examples: 1, least: 2 });
    assert_eq!(error.to_string(), "the number of examples of class 2 is 1, but must be at least 2");
}

#[test]
fn a_stratified_split_draws_and_repeats() {
    let labels = labels(&[60, 40]);
    let draw = |seed| stratified_split(&labels, 0.3, &mut SmallRng::seed_from_u64(seed)).unwrap();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1).1, draw(2).1);
    // Every example is as likely in the test as any other.
    let mut hits = vec![0; 100];
    (0..2000).for_each(|seed| draw(seed).1.iter().for_each(|&i| hits[i] += 1));
    assert!(hits.iter().all(|&hits| (500..700).contains(&hits)), "{hits:?}");
}

#[test]
fn useless_shares_and_no_examples_are_refused() {
    let rng = &mut NumpyRandom::seed(1);
    for share in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        let expected = format!("test_share is {share}, but must be above 0 and below 1");
        assert_eq!(message(split(10, share, rng)), expected);
        assert_eq!(message(stratified_split(&[0, 1], share, rng)), expected);
    }
    assert!(matches!(split(0, 0.5, rng), Err(Error::EmptyBatch { .. })));
    assert!(matches!(stratified_split::<u8>(&[], 0.5, rng), Err(Error::EmptyBatch { .. })));
}

/// A custom generator with only the required method of the trait.
struct Own(SmallRng);

impl Own {
    fn seed(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }
}

impl RandomSource for Own {
    fn standard_normal(&mut self) -> f64 {
        self.0.standard_normal()
    }
    fn uniform(&mut self) -> f64 {
        self.0.uniform()
    }
}

#[test]
fn every_order_is_as_likely_as_any_other() {
    let sources: [Box<dyn RandomSource>; 3] = [
        Box::new(NumpyRandom::seed(1)),
        Box::new(SmallRng::seed_from_u64(1)),
        Box::new(Own::seed(1)),
    ];
    for mut source in sources {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            *counts.entry(source.permutation(4)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        // 1000 each, with a deviation of 31.
        assert!(counts.values().all(|n| (850..1150).contains(n)), "{counts:?}");
        let mut order = [7, 7, 9];
        source.shuffle(&mut order);
        order.sort_unstable();
        assert_eq!(order, [7, 7, 9]);
        source.shuffle(&mut []);
        assert_eq!((source.permutation(0), source.permutation(1)), (vec![], vec![0]));
        let mut long = source.permutation(1000);
        assert!(long.windows(2).filter(|pair| pair[0] < pair[1]).count() < 600);
        long.sort_unstable();
        assert!(long.into_iter().eq(0..1000));
    }
}

/// NumPy: `r = np.random.RandomState(3); a = np.arange(10, 20); r.shuffle(a)`.
#[test]
fn a_shuffle_of_numpy_random_is_numpys_also_behind_the_trait() {
    let expected = [15, 14, 11, 12, 19, 16, 17, 10, 13, 18];
    let mut order: Vec<usize> = (10..20).collect();
    let source: &mut dyn RandomSource = &mut NumpyRandom::seed(3);
    source.shuffle(&mut order);
    assert_eq!(order, expected);
    let inherent = NumpyRandom::seed(3).permutation(10);
    assert_eq!(inherent, expected.map(|i| i - 10));
    assert_eq!(RandomSource::permutation(&mut NumpyRandom::seed(3), 10), inherent);
}

/// A constant source, or one outside [0, 1), still gives a permutation.
#[test]
fn no_source_hangs_a_shuffle() {
    for at in [0.0, 0.5, 1.0, -1.0, 1e300, f64::NAN, f64::INFINITY] {
        let mut order = ConstantSource(at).permutation(100);
        order.sort_unstable();
        assert!(order.into_iter().eq(0..100), "{at}");
    }
}
