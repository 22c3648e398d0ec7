//! Grids, searches, and searches that are stopped and resumed.

use super::{accuracy, fold, how, points};
use crate::support::message;
use dnn_blocks::data::{Fold, stratified_k_fold};
use dnn_blocks::prelude::*;
use dnn_blocks::selection::{
    SearchOptions, SearchRecord, Trial, grid, score_fold, search, search_with,
};
use dnn_blocks::{Error, Result};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn two_folds() -> [Fold; 2] {
    [fold(&[0], &[1]), fold(&[1], &[0])]
}

/// The score of a candidate with a score for each of `two_folds`.
fn of_list(scores: &[f64; 2], fold: &Fold) -> Result<f64> {
    match scores[fold.training[0]] {
        f64::INFINITY => Err(Error::OneClass),
        score => Ok(score),
    }
}

fn in_fold(fold: usize, error: Error) -> Error {
    Error::InFold { fold, cause: Box::new(error) }
}

#[test]
fn a_grid_has_every_combination_once() {
    let candidates = grid(vec![how(), how().seed(9)], &[4, 8, 16], |h, &n| h.hidden(&[n]));
    let candidates = grid(candidates, &[0.0, 0.5], |h, &l2| h.l2(l2));
    let found: Vec<_> = candidates.iter().map(|h| (h.seed, h.hidden[0], h.l2)).collect();
    let mut expected = Vec::new();
    for seed in [3, 9] {
        for units in [4, 8, 16] {
            expected.extend([(seed, units, 0.0), (seed, units, 0.5)]);
        }
    }
    assert_eq!(found, expected);
    assert!(grid(candidates, &[], |h, _: &u8| h).is_empty());
}

#[test]
fn a_search_ranks_by_the_mean_and_puts_failures_last() {
    let infinite = f64::INFINITY;
    let candidates = [[1.0, 2.0], [f64::NAN, 9.0], [4.0, 4.0], [7.0, infinite], [2.0, 1.0]];
    let trials = search(&candidates, &two_folds(), of_list).unwrap();
    let order: Vec<usize> = trials.iter().map(|trial| trial.candidate).collect();
    assert_eq!(order, [2, 0, 4, 1, 3]);
    assert_eq!(trials[1].scores, Ok(vec![1.0, 2.0]));
    assert_eq!((trials[1].mean(), trials[1].std_dev()), (1.5, 0.5_f64.sqrt()));
    assert_eq!(trials[4].scores, Err(in_fold(1, Error::OneClass)));
    assert!(trials[4].mean().is_nan());

    let failing = search(&[[1.0, infinite], [infinite; 2]], &two_folds(), of_list);
    assert_eq!(failing, Err(in_fold(1, Error::OneClass)), "the error of the first");
    let none = search(&[], &two_folds(), of_list);
    assert_eq!(message(none), "candidates is 0, but must be at least 1");
    let none = search(&[[1.0; 2]], &[], of_list);
    assert_eq!(message(none), "folds is 0, but must be at least 1");
}

#[test]
fn the_progress_counts_every_score() {
    let candidates = [[1.0, 2.0], [5.0, f64::INFINITY], [4.0, 3.0]];
    let mut seen = Vec::new();
    let options = SearchOptions::new().on_score(|progress| {
        seen.push((progress.candidate, progress.fold, progress.score.clone()));
        assert_eq!((progress.done, progress.total), (seen.len(), 6));
        let finite = seen.iter().filter(|score| score.2.is_ok()).count();
        assert_eq!(progress.record.len(), finite);
        ControlFlow::Continue(())
    });
    search_with(&candidates, &two_folds(), of_list, options).unwrap();
    seen.sort_by_key(|score| (score.0, score.1));
    let expected = [Ok(1.0), Ok(2.0), Ok(5.0), Err(Error::OneClass), Ok(4.0), Ok(3.0)];
    assert!(seen.iter().map(|score| &score.2).eq(&expected));
}

/// Runs a search that stops after `scores` scores, or not.
fn run(record: &mut SearchRecord, scores: usize) -> (Vec<Trial>, usize) {
    let (x, labels) = points(45);
    let folds = stratified_k_fold(&labels, 3, &mut NumpyRandom::seed(1)).unwrap();
    let candidates = grid(vec![how().epochs(2)], &[0.0, 0.5, 2.0], |h, &l2| h.l2(l2));
    let computed = AtomicUsize::new(0);
    let mut left = scores;
    let options = SearchOptions::new().record(record).on_score(|_| {
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let score = |how: &Hyperparameters, fold: &Fold| {
        computed.fetch_add(1, Relaxed);
        let model = Classifier::<f64, u8>::new(how.clone());
        score_fold(&model, Examples::rows(&x), &labels, fold, accuracy)
    };
    let trials = search_with(&candidates, &folds, score, options).unwrap();
    (trials, computed.into_inner())
}

#[test]
fn a_resumed_search_equals_one_without_a_stop() {
    let (uninterrupted, all) = run(&mut SearchRecord::new(), usize::MAX);
    assert_eq!((uninterrupted.len(), all), (3, 9));
    for stop in 1..9 {
        let mut record = SearchRecord::new();
        let (trials, before) = run(&mut record, stop);
        assert!(before >= stop && record.len() == before, "{before} {stop}");
        for trial in trials {
            let same = uninterrupted.iter().find(|other| other.candidate == trial.candidate);
            assert_eq!(same, Some(&trial), "only complete candidates are returned");
        }
        #[cfg(feature = "serde")]
        let mut record = {
            let text = serde_json::to_string(&record).unwrap();
            serde_json::from_str::<SearchRecord>(&text).unwrap()
        };
        let (trials, after) = run(&mut record, usize::MAX);
        assert_eq!((trials, before + after), (uninterrupted.clone(), 9), "{stop}");
        assert_eq!(run(&mut record, usize::MAX), (uninterrupted.clone(), 0));
    }
}

/// Runs a search in the order of its jobs, which a single thread keeps.
fn alone<T: Send>(search: impl FnOnce() -> T + Send) -> T {
    #[cfg(feature = "rayon")]
    return rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(search);
    #[cfg(not(feature = "rayon"))]
    search()
}

#[test]
fn a_stopped_search_starts_no_further_score() {
    let computed = AtomicUsize::new(0);
    let mut calls = 0;
    let options = SearchOptions::new().on_score(|_| {
        calls += 1;
        ControlFlow::Break(())
    });
    let score = |scores: &[f64; 2], fold: &Fold| {
        computed.fetch_add(1, Relaxed);
        of_list(scores, fold)
    };
    let candidates = [[1.0, 2.0], [3.0, 4.0]];
    let trials = alone(|| search_with(&candidates, &two_folds(), score, options));
    assert_eq!((trials, computed.into_inner(), calls), (Ok(vec![]), 1, 1));
}

/// The candidates that it did not try might not fail.
#[test]
fn a_search_that_is_stopped_after_a_failure_returns_the_failure_as_a_trial() {
    let options = SearchOptions::new().on_score(|progress| match progress.done {
        2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    let candidates = [[1.0, f64::INFINITY], [3.0, 4.0]];
    let trials = alone(|| search_with(&candidates, &two_folds(), of_list, options)).unwrap();
    assert_eq!((trials.len(), trials[0].candidate), (1, 0));
    assert_eq!(trials[0].scores, Err(in_fold(1, Error::OneClass)));
}

#[test]
fn options_of_a_search_show_their_record() {
    assert_eq!(format!("{:?}", SearchOptions::new()), "SearchOptions { record: None, .. }");
}

/// The thread of a callback that uses rayon may take another job of the search.
#[cfg(feature = "rayon")]
#[test]
fn a_callback_may_use_the_threads_of_the_search() {
    use rayon::prelude::*;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let mut calls = 0;
    let options = SearchOptions::new().on_score(|_| {
        calls += 1;
        let sum: usize = (0..1000).into_par_iter().with_max_len(1).sum();
        assert_eq!(sum, 499_500);
        ControlFlow::Continue(())
    });
    let candidates = vec![[1.0, 2.0]; 100];
    let trials = pool.install(|| search_with(&candidates, &two_folds(), of_list, options));
    assert_eq!((trials.unwrap().len(), calls), (100, 200));
}

/// A failed score, NaN and infinity are computed again.
#[test]
fn a_record_keeps_finite_scores_only() {
    let candidates = [[1.0, f64::NAN], [f64::NEG_INFINITY, f64::INFINITY]];
    let mut record = SearchRecord::new();
    assert!(record.is_empty());
    for done in [1, 2] {
        let mut first = None;
        let options = SearchOptions::new().record(&mut record).on_score(|progress| {
            first.get_or_insert(progress.done);
            ControlFlow::Continue(())
        });
        let trials = search_with(&candidates, &two_folds(), of_list, options);
        assert!(trials.is_err(), "all means are NaN");
        assert_eq!(first, Some(done), "scores of the record count");
        assert_eq!(record.scores(), [[Some(1.0), None], [None, None]]);
        assert!(!record.is_empty());
    }
}

#[test]
fn the_record_of_another_search_is_refused() {
    let candidates = grid(vec![how()], &[0.0, 0.5], |h, &l2| h.l2(l2));
    let mut record = SearchRecord::new();
    let mut resume = |candidates: &[Hyperparameters], folds: &[Fold]| {
        let options = SearchOptions::new().record(&mut record);
        search_with(candidates, folds, |_, _| Ok(1.0), options)
    };
    assert!(resume(&candidates, &two_folds()).is_ok());
    assert!(resume(&candidates, &two_folds()).is_ok());
    let fewer = message(resume(&candidates[1..], &two_folds()));
    assert_eq!(fewer, "candidates and the candidates of the record differ in length: 1 and 2");
    let fewer = message(resume(&candidates, &two_folds()[..1]));
    assert_eq!(fewer, "folds and the folds of the record differ in length: 1 and 2");
    let other = resume(&[candidates[0].clone(), candidates[1].clone().l2(0.25)], &two_folds());
    let Err(Error::OtherCandidate { candidate: 1, found, expected }) = &other else {
        panic!("{other:?}")
    };
    assert!(found.starts_with("l2: 0.25, ") && expected.starts_with("l2: 0.5, "), "{found}");
    assert!(found.ends_with('…') && found.chars().count() == 61);
    assert!(message(other).starts_with("candidate 1 is `l2: 0.25, "));
    for folds in [[fold(&[1], &[0]), fold(&[1], &[0])], [fold(&[0, 1], &[]), fold(&[1], &[0])]] {
        let what = "the fold differs from the fold of the record";
        let expected = in_fold(0, Error::Inconsistent { what });
        assert_eq!(resume(&candidates, &folds), Err(expected));
    }
    let texts = ["größe", "gröbe", "é", ""];
    for (a, b) in texts.into_iter().flat_map(|a| texts.map(|b| (a, b))) {
        let mut record = SearchRecord::new();
        let options = SearchOptions::new().record(&mut record);
        search_with(&[a], &two_folds(), |_, _| Ok(1.0), options).unwrap();
        let options = SearchOptions::new().record(&mut record);
        assert_eq!(search_with(&[b], &two_folds(), |_, _| Ok(1.0), options).is_ok(), a == b);
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_record_is_checked_when_it_is_read() {
    let read = |text: &str| serde_json::from_str::<SearchRecord>(text).unwrap_err().to_string();
    let record = r#"{"candidates":["1.5"],"folds":[1,2],"scores":[[0.5,null]]}"#;
    let good: SearchRecord = serde_json::from_str(record).unwrap();
    assert_eq!((good.len(), serde_json::to_string(&good).unwrap()), (1, record.into()));
    let rows = read(&record.replace("[[0.5,null]]", "[]"));
    assert!(rows.contains("scores and the candidates of the record differ"), "{rows}");
    let columns = read(&record.replace("[[0.5,null]]", "[[0.5]]"));
    assert!(columns.contains("scores and the folds of the record differ"), "{columns}");
    let unknown = read(&record.replace("folds", "parts"));
    assert!(unknown.contains("unknown field `parts`"), "{unknown}");
}

/// The checksum of a fold is the hash FNV-1a of its numbers, of which both halves are combined by
/// exclusive or (Fowler, Noll & Vo). A record that is kept for years has it.
#[cfg(feature = "serde")]
#[test]
fn a_written_record_fits_its_folds_in_every_version() {
    let folds = [fold(&[3, 0, 1], &[2]), fold(&[1, 2], &[3, 0])];
    let checksum = |fold: &Fold| {
        let (training, test) = (&fold.training, &fold.test);
        let numbers = [&[training.len()][..], training, &[test.len()], test].concat();
        let bytes = numbers.into_iter().flat_map(|number| (number as u64).to_le_bytes());
        let hash = bytes.fold(14_695_981_039_346_656_037_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
        });
        (hash ^ (hash >> 32)) & 0xffff_ffff
    };
    let (first, second) = (checksum(&folds[0]), checksum(&folds[1]));
    let text =
        format!(r#"{{"candidates":["7"],"folds":[{first},{second}],"scores":[[0.5,null]]}}"#);
    let mut record: SearchRecord = serde_json::from_str(&text).unwrap();
    let options = SearchOptions::new().record(&mut record);
    let trials = search_with(&[7], &folds, |_, _| Ok(0.25), options).unwrap();
    assert_eq!(trials[0].scores, Ok(vec![0.5, 0.25]));
}

#[test]
fn a_search_without_a_number_is_an_error() {
    let nothing = search(&[1, 2], &two_folds(), |_, _| Ok(f64::NAN));
    assert_eq!(message(nothing), "score is NaN, but must be a number for at least one candidate");
    let one = search(&[1, 2], &two_folds(), |c, _| Ok(if *c == 1 { f64::NAN } else { 0.5 }));
    assert_eq!(one.unwrap()[0].candidate, 1);
}
