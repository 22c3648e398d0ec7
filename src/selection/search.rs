use super::cross_validation::in_fold;
use super::mean_and_std_dev;
use super::record::SearchRecord;
use crate::checks::check_argument;
use crate::data::Fold;
use crate::kernel::threads;
use crate::{Error, Result};
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// Returns a copy of each candidate for each value. Call it once per hyperparameter to build a
/// grid.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::selection::grid;
///
/// let candidates = grid(vec![Hyperparameters::default()], &[16, 64], |h, &n| h.hidden(&[n]));
/// let candidates = grid(candidates, &[0.0, 0.1, 1.0], |h, &l2| h.l2(l2));
/// assert_eq!(candidates.len(), 6);
/// assert_eq!((&candidates[5].hidden[..], candidates[5].l2), (&[64][..], 1.0));
/// ```
///
/// For a random search, draw the candidates:
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let candidates: Vec<Hyperparameters> = (0..20)
///     .map(|_| {
///         let rate = 10_f64.powf(-4.0 + 2.0 * rng.rand()); // between 0.0001 and 0.01
///         Hyperparameters::default().learning_rate(rate).keep_prob(0.5 + 0.5 * rng.rand())
///     })
///     .collect();
/// # let _ = candidates;
/// ```
pub fn grid<C: Clone, V>(candidates: Vec<C>, values: &[V], set: impl Fn(C, &V) -> C) -> Vec<C> {
    let set = &set;
    let each = |candidate: C| values.iter().map(move |value| set(candidate.clone(), value));
    candidates.into_iter().flat_map(each).collect()
}

/// A candidate of a [`search`] with its scores.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Trial {
    /// The index of the candidate.
    pub candidate: usize,
    /// The score of each fold, or the error of the first fold that failed.
    pub scores: Result<Vec<f64>>,
}

impl Trial {
    /// Returns the mean score, NaN for an error.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.scores.as_ref().map_or(f64::NAN, |scores| mean_and_std_dev(scores).0)
    }

    /// Returns the standard deviation of the scores, with the divisor n - 1; NaN for an error.
    #[must_use]
    pub fn std_dev(&self) -> f64 {
        self.scores.as_ref().map_or(f64::NAN, |scores| mean_and_std_dev(scores).1)
    }
}

/// The state of a [`search_with`] after a score, as passed to the callback of
/// [`SearchOptions::on_score`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SearchProgress<'a> {
    /// The index of the candidate that was scored.
    pub candidate: usize,
    /// The fold that it was scored on.
    pub fold: usize,
    /// The score.
    pub score: &'a Result<f64>,
    /// The number of scores so far, also of those from the record.
    pub done: usize,
    /// The number of scores of the whole search.
    pub total: usize,
    /// All scores so far.
    pub record: &'a SearchRecord,
}

type OnScore<'a> = Box<dyn FnMut(&SearchProgress<'_>) -> ControlFlow<()> + Send + 'a>;

/// The options of a [`search_with`]: a callback, and a record to resume from.
#[must_use]
#[derive(Default)]
pub struct SearchOptions<'a> {
    on_score: Option<OnScore<'a>>,
    record: Option<&'a mut SearchRecord>,
}

impl<'a> SearchOptions<'a> {
    /// Creates options without any of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls a function after each score, for example to print the progress or to save the record.
    ///
    /// One thread at a time calls it. With several threads, the order of the scores varies. If it
    /// returns [`ControlFlow::Break`], no further score is started and the function is not called
    /// again; the search returns the candidates that have all scores.
    pub fn on_score(
        mut self,
        f: impl FnMut(&SearchProgress<'_>) -> ControlFlow<()> + Send + 'a,
    ) -> Self {
        self.on_score = Some(Box::new(f));
        self
    }

    /// Uses the scores of a record, and adds new scores to it.
    ///
    /// Start with an empty [`SearchRecord`]. After the search, also after one that was stopped, the
    /// record has all finite scores so far. A search with this record computes only the other
    /// scores: those that are missing, that failed, or that are NaN or infinite.
    pub fn record(mut self, record: &'a mut SearchRecord) -> Self {
        self.record = Some(record);
        self
    }
}

impl Debug for SearchOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchOptions").field("record", &self.record).finish_non_exhaustive()
    }
}

/// Scores all candidates on all folds, and ranks them by their mean score, the largest first.
///
/// `score` returns the score of a candidate on a fold, such as the result of
/// [`score_fold`](super::score_fold). The largest mean ranks first: for an error such as a log
/// loss, return its negative. A candidate whose mean is NaN, or that fails on a fold, ranks last.
/// Equal ones keep their order.
///
/// With the feature `rayon`, the pairs of a candidate and a fold run in parallel.
///
/// See the [module](super) for an example.
///
/// # Errors
///
/// [`Error::InvalidArgument`] if there is no candidate or no fold; if every candidate fails, the
/// error of the first, in an [`Error::InFold`]; [`Error::InvalidArgument`] if every mean is NaN.
pub fn search<C: Debug + Sync>(
    candidates: &[C],
    folds: &[Fold],
    score: impl Fn(&C, &Fold) -> Result<f64> + Sync,
) -> Result<Vec<Trial>> {
    search_with(candidates, folds, score, SearchOptions::new())
}

/// [`search`] with options: it reports its progress, can be stopped, and can be resumed.
///
/// If it is stopped, it returns the candidates that were scored on all folds: none, if it is
/// stopped early.
///
/// ```
/// use dnn_blocks::data::k_fold;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::selection::{SearchOptions, SearchRecord, search_with};
/// use std::ops::ControlFlow;
///
/// let folds = k_fold(12, 3, &mut NumpyRandom::seed(1))?;
/// let candidates = [0.1, 0.3, 0.2];
/// let score = |rate: &f64, _fold: &_| Ok(1.0 - rate); // stands for a fit
///
/// let mut record = SearchRecord::new();
/// let options = SearchOptions::new().record(&mut record).on_score(|progress| {
///     println!("{} of {}", progress.done, progress.total);
///     // A program saves `progress.record` here.
///     if progress.done == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
/// });
/// search_with(&candidates, &folds, score, options)?;
///
/// let options = SearchOptions::new().record(&mut record);
/// let ranking = search_with(&candidates, &folds, score, options)?;
/// assert_eq!(ranking.iter().map(|trial| trial.candidate).collect::<Vec<_>>(), [0, 2, 1]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`search`], the last only if no candidate is left. If the record is not of this
/// search: [`Error::LengthMismatch`] if the number of candidates or folds differs,
/// [`Error::OtherCandidate`] with the first candidate whose `Debug` text differs, [`Error::InFold`]
/// with the first fold that differs.
pub fn search_with<C: Debug + Sync>(
    candidates: &[C],
    folds: &[Fold],
    score: impl Fn(&C, &Fold) -> Result<f64> + Sync,
    options: SearchOptions<'_>,
) -> Result<Vec<Trial>> {
    check_argument(!candidates.is_empty(), "candidates", 0.0, "at least 1")?;
    check_argument(!folds.is_empty(), "folds", 0.0, "at least 1")?;
    let SearchOptions { on_score, record } = options;
    let mut own_record = SearchRecord::new();
    let record = record.unwrap_or(&mut own_record);
    record.start(candidates, folds)?;
    let run = Run::new(record, on_score);
    let missing = run.missing();
    threads::map(missing.len(), |job| {
        let (candidate, fold) = missing[job];
        if !run.is_stopped.load(Relaxed) {
            let score = score(&candidates[candidate], &folds[fold]);
            run.finish(Finished { candidate, fold, score });
        }
    });
    let mut trials = run.into_trials();
    trials.sort_by(by_mean);
    match trials.first().map(|trial| &trial.scores) {
        Some(Err(error)) if trials.len() == candidates.len() => Err(Error::clone(error)),
        Some(Ok(_)) => {
            let rule = "a number for at least one candidate";
            check_argument(!trials[0].mean().is_nan(), "score", f64::NAN, rule)?;
            Ok(trials)
        }
        _ => Ok(trials),
    }
}

/// Larger means first, then those that are NaN, then errors.
fn by_mean(a: &Trial, b: &Trial) -> Ordering {
    let (x, y) = (a.mean(), b.mean());
    y.partial_cmp(&x)
        .unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
        .then_with(|| a.scores.is_err().cmp(&b.scores.is_err()))
}

/// A score of a candidate on a fold.
struct Finished {
    candidate: usize,
    fold: usize,
    score: Result<f64>,
}

/// A search that several threads work on.
struct Run<'a> {
    /// Scores that are not reported yet.
    queue: Mutex<VecDeque<Finished>>,
    report: Mutex<Report<'a>>,
    is_stopped: AtomicBool,
}

/// The scores so far, and who is told about them.
struct Report<'a> {
    record: &'a mut SearchRecord,
    on_score: Option<OnScore<'a>>,
    /// The scores of each candidate on each fold.
    scores: Vec<Vec<Option<Result<f64>>>>,
    done: usize,
}

impl<'a> Run<'a> {
    fn new(record: &'a mut SearchRecord, on_score: Option<OnScore<'a>>) -> Self {
        let of_candidate = |scores: &Vec<Option<f64>>| scores.iter().map(|s| s.map(Ok)).collect();
        let scores = record.scores().iter().map(of_candidate).collect();
        let done = record.len();
        let report = Mutex::new(Report { record, on_score, scores, done });
        Self { queue: Mutex::default(), report, is_stopped: AtomicBool::new(false) }
    }

    /// Returns the candidates and folds without a score.
    fn missing(&self) -> Vec<(usize, usize)> {
        let report = locked(&self.report);
        let pairs = report.scores.iter().enumerate().flat_map(|(candidate, scores)| {
            scores.iter().enumerate().map(move |(fold, score)| (candidate, fold, score.is_none()))
        });
        pairs.filter(|pair| pair.2).map(|(candidate, fold, _)| (candidate, fold)).collect()
    }

    fn finish(&self, finished: Finished) {
        locked(&self.queue).push_back(finished);
        self.report();
    }

    /// Reports the queued scores, unless another thread does.
    ///
    /// No thread waits here: a callback that uses rayon may run another job of this search on its
    /// thread, and that job would wait for its own thread.
    fn report(&self) {
        loop {
            let mut report = match self.report.try_lock() {
                Ok(report) => report,
                Err(TryLockError::Poisoned(error)) => error.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let Some(finished) = locked(&self.queue).pop_front() else { return };
            if report.add(finished).is_break() {
                report.on_score = None;
                self.is_stopped.store(true, Relaxed);
            }
        }
    }

    /// Returns the candidates that have all scores.
    fn into_trials(self) -> Vec<Trial> {
        self.report(); // a score that was queued while another thread left the loop
        let report = self.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        let trial = |(candidate, scores): (usize, Vec<Option<Result<f64>>>)| {
            let scores = scores.into_iter().collect::<Option<Vec<_>>>()?;
            let named = |(fold, score): (usize, Result<f64>)| score.map_err(|e| in_fold(fold, e));
            let scores = scores.into_iter().enumerate().map(named).collect();
            Some(Trial { candidate, scores })
        };
        report.scores.into_iter().enumerate().filter_map(trial).collect()
    }
}

impl Report<'_> {
    /// Keeps a score, and calls the callback.
    fn add(&mut self, Finished { candidate, fold, score }: Finished) -> ControlFlow<()> {
        if let Ok(score) = score {
            self.record.add(candidate, fold, score);
        }
        self.done += 1;
        let total = self.scores.len() * self.scores.first().map_or(0, Vec::len);
        let (score, done, record) =
            (&*self.scores[candidate][fold].insert(score), self.done, &*self.record);
        match &mut self.on_score {
            Some(f) => f(&SearchProgress { candidate, fold, score, done, total, record }),
            None => ControlFlow::Continue(()),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
