//! Folds of cross-validations.

use crate::support::reference::json;
use dnn_blocks::Error;
use dnn_blocks::data::{Fold, group_k_fold, k_fold, stratified_k_fold, time_series_folds};
use dnn_blocks::prelude::*;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// Each example is tested once, and trains all other folds.
fn check_partition(folds: &[Fold], m: usize) {
    let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
    tested.sort();
    assert!(tested.into_iter().eq(0..m));
    for Fold { training, test } in folds {
        assert!(training.is_sorted() && test.is_sorted());
        let mut all = [&training[..], test].concat();
        all.sort();
        assert!(all.into_iter().eq(0..m));
    }
}

/// The largest of these numbers minus the smallest.
fn spread(sizes: impl Iterator<Item = usize> + Clone) -> usize {
    sizes.clone().max().unwrap() - sizes.min().unwrap()
}

proptest! {
    #[test]
    fn folds_of_any_size_differ_by_one_at_most(m in 2..200_usize, k in 2..20_usize, seed: u32) {
        prop_assume!(k <= m);
        let folds = k_fold(m, k, &mut NumpyRandom::seed(seed)).unwrap();
        prop_assert_eq!(folds.len(), k);
        check_partition(&folds, m);
        prop_assert!(spread(folds.iter().map(|fold| fold.test.len())) <= 1);
    }

    #[test]
    fn every_class_is_spread_evenly(
        labels in prop::collection::vec(0..4_u8, 8..120),
        k in 2..8_usize,
        seed: u32,
    ) {
        let count = |class| labels.iter().filter(|&&label| label == class).count();
        prop_assume!((0..4).all(|class| count(class) != 1));
        prop_assume!((0..4).any(|class| count(class) >= k));
        let folds = stratified_k_fold(&labels, k, &mut NumpyRandom::seed(seed)).unwrap();
        check_partition(&folds, labels.len());
        prop_assert!(spread(folds.iter().map(|fold| fold.test.len())) <= 1);
        for class in 0..4 {
            let counts = folds.iter().map(|fold| {
                fold.test.iter().filter(|&&example| labels[example] == class).count()
            });
            prop_assert!(spread(counts) <= 1);
            let trains = |fold: &Fold| fold.training.iter().any(|&i| labels[i] == class);
            prop_assert!(count(class) == 0 || folds.iter().all(trains));
        }
    }

    #[test]
    fn no_group_is_divided(groups in prop::collection::vec(0..12_u8, 2..80), k in 2..6_usize) {
        let names: BTreeSet<u8> = groups.iter().copied().collect();
        prop_assume!(k <= names.len());
        let folds = group_k_fold(&groups, k).unwrap();
        check_partition(&folds, groups.len());
        for Fold { training, test } in &folds {
            prop_assert!(!test.is_empty());
            let trained: BTreeSet<u8> = training.iter().map(|&i| groups[i]).collect();
            prop_assert!(test.iter().all(|&i| !trained.contains(&groups[i])));
        }
    }

    #[test]
    fn tests_are_later_than_their_training(m in 3..200_usize, k in 2..9_usize, gap in 0..9_usize) {
        let Ok(folds) = time_series_folds(m, k, gap) else {
            prop_assert!(k >= m || gap >= m - k * (m / (k + 1)));
            return Ok(());
        };
        prop_assert_eq!(folds.len(), k);
        for Fold { training, test } in &folds {
            prop_assert!(!training.is_empty() && test.len() == m / (k + 1));
            prop_assert!(training.iter().copied().eq(0..test[0] - gap));
        }
        prop_assert_eq!(folds[k - 1].test.last(), Some(&(m - 1)));
    }
}

fn numbers(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).unwrap()
}

fn check_against(folds: &[Fold], expected: &Value) {
    let expected: Vec<Fold> = expected
        .as_array()
        .unwrap()
        .iter()
        .map(|fold| Fold { training: numbers(&fold["training"]), test: numbers(&fold["test"]) })
        .collect();
    assert_eq!(folds, expected);
}

#[test]
fn folds_are_scikit_learns() {
    let file = json("folds");
    let groups = numbers(&file["groups"]);
    let number = |case: &Value, name: &str| case[name].as_u64().unwrap() as usize;
    for case in file["grouped"].as_array().unwrap() {
        check_against(&group_k_fold(&groups, number(case, "folds")).unwrap(), &case["result"]);
    }
    for case in file["shuffled"].as_array().unwrap() {
        let [m, folds, seed] = ["m", "folds", "seed"].map(|name| number(case, name));
        let rng = &mut NumpyRandom::seed(seed as u32);
        check_against(&k_fold(m, folds, rng).unwrap(), &case["result"]);
    }
    let labels: Vec<usize> = groups.into_iter().filter(|&group| group != 0).collect();
    for case in file["stratified"].as_array().unwrap() {
        let [folds, seed] = ["folds", "seed"].map(|name| number(case, name));
        let rng = &mut NumpyRandom::seed(seed as u32);
        check_against(&stratified_k_fold(&labels, folds, rng).unwrap(), &case["result"]);
    }
    for case in file["time"].as_array().unwrap() {
        let [m, folds, gap] = ["m", "folds", "gap"].map(|name| number(case, name));
        check_against(&time_series_folds(m, folds, gap).unwrap(), &case["result"]);
    }
}

#[test]
fn folds_depend_on_the_seed_alone() {
    let folds = |seed| k_fold(50, 5, &mut NumpyRandom::seed(seed)).unwrap();
    assert_eq!(folds(1), folds(1));
    assert_ne!(folds(1), folds(2));
}

#[test]
fn folds_that_cannot_be_filled_are_errors() {
    let rng = &mut NumpyRandom::seed(1);
    let message = |result: dnn_blocks::Result<Vec<Fold>>| result.unwrap_err().to_string();
    assert_eq!(message(k_fold(5, 1, rng)), "folds is 1, but must be at least 2");
    assert_eq!(
        message(k_fold(5, 6, rng)),
        "folds is 6, but must be at most the number of examples"
    );
    let labels = [3, 3, 3, 3, 0, 0, 0, 3];
    assert_eq!(
        message(stratified_k_fold(&labels, 6, rng)),
        "folds is 6, but must be at most the size of the largest class"
    );
    assert!(matches!(k_fold(0, 2, rng), Err(Error::EmptyBatch { .. })));
    let none: [u8; 0] = [];
    assert!(matches!(stratified_k_fold(&none, 2, rng), Err(Error::EmptyBatch { .. })));
    assert_eq!(
        stratified_k_fold(&["a", "b", "a"], 2, rng),
        Err(Error::ClassSize { class: 1, examples: 1, least: 2 })
    );
    assert_eq!(
        message(group_k_fold(&[1, 1, 2, 2], 3)),
        "folds is 3, but must be at most the number of groups"
    );
    assert!(matches!(group_k_fold(&none, 2), Err(Error::EmptyBatch { .. })));
    assert_eq!(
        message(time_series_folds(4, 4, 0)),
        "folds is 4, but must be below the number of examples"
    );
    assert!(matches!(time_series_folds(0, 2, 0), Err(Error::EmptyBatch { .. })));
    let rule = "gap is 4, but must be below the number of examples before the tests";
    assert_eq!(message(time_series_folds(10, 2, 4)), rule);
    for huge in [usize::MAX, usize::MAX / 2] {
        assert!(time_series_folds(huge, 2, 0).is_err());
        assert!(k_fold(huge, 2, rng).is_err());
        assert!(k_fold(5, huge, rng).is_err());
        assert!(time_series_folds(5, huge, huge).is_err());
    }
}
