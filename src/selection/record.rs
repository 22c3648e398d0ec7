use super::cross_validation::in_fold;
use crate::checks::check_lengths;
use crate::data::Fold;
use crate::fnv::Fnv;
use crate::{Error, Result};
use std::fmt::Debug;

/// The scores of a [`search_with`](super::search_with) so far, to save and to resume it.
///
/// It has the `Debug` text of each candidate and a checksum of each fold. A search with another
/// text or fold refuses it. It does not know the data and the score: use a new record if they
/// change. Only finite scores are kept.
///
/// With the feature `serde` it can be written and read, for example as JSON by `serde_json`, whose
/// feature `float_roundtrip` keeps every bit.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Unchecked"))]
pub struct SearchRecord {
    /// The `Debug` text of each candidate.
    candidates: Vec<String>,
    /// The checksum of each fold.
    folds: Vec<u32>,
    /// The finite scores of each candidate on each fold.
    scores: Vec<Vec<Option<f64>>>,
}

impl SearchRecord {
    /// Creates a record without scores.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of scores.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scores.iter().flatten().flatten().count()
    }

    /// Returns whether there are no scores.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the scores of each candidate on each fold; `None` for one that is missing.
    #[must_use]
    pub fn scores(&self) -> &[Vec<Option<f64>>] {
        &self.scores
    }

    /// Starts the record of a search, or checks that it is the record of this search.
    pub(super) fn start<C: Debug>(&mut self, candidates: &[C], folds: &[Fold]) -> Result<()> {
        let texts: Vec<String> = candidates.iter().map(|c| format!("{c:?}")).collect();
        let sums: Vec<u32> = folds.iter().map(checksum).collect();
        if self.candidates.is_empty() {
            let scores = vec![vec![None; folds.len()]; candidates.len()];
            *self = Self { candidates: texts, folds: sums, scores };
            return Ok(());
        }
        let recorded = ("the candidates of the record", self.candidates.len());
        check_lengths(("candidates", texts.len()), recorded)?;
        check_lengths(("folds", sums.len()), ("the folds of the record", self.folds.len()))?;
        for (candidate, (found, expected)) in texts.iter().zip(&self.candidates).enumerate() {
            if found != expected {
                let (found, expected) = differing(found, expected);
                return Err(Error::OtherCandidate { candidate, found, expected });
            }
        }
        match sums.iter().zip(&self.folds).position(|(found, expected)| found != expected) {
            Some(fold) => {
                let what = "the fold differs from the fold of the record";
                Err(in_fold(fold, Error::Inconsistent { what }))
            }
            None => Ok(()),
        }
    }

    /// Keeps a score, if it is finite.
    pub(super) fn add(&mut self, candidate: usize, fold: usize, score: f64) {
        self.scores[candidate][fold] = score.is_finite().then_some(score);
    }
}

/// Returns the parts of two different texts that differ, from the word in which they begin to.
fn differing(a: &str, b: &str) -> (String, String) {
    const LONGEST: usize = 60;
    let equal = a.chars().zip(b.chars()).take_while(|(a, b)| a == b);
    let equal: usize = equal.map(|(c, _)| c.len_utf8()).sum();
    // The name of a field is the word before its value.
    let name = a[..equal].trim_end().rfind([',', '{', '(']).map_or(0, |comma| comma + 1);
    let part = |text: &str| {
        let part = text[name..].trim_start();
        match part.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &part[..end]),
            None => part.to_string(),
        }
    };
    (part(a), part(b))
}

/// Returns a checksum of the examples of a fold.
fn checksum(fold: &Fold) -> u32 {
    let mut hash = Fnv::new();
    for examples in [&fold.training, &fold.test] {
        let numbers = std::iter::once(examples.len()).chain(examples.iter().copied());
        numbers.for_each(|number| hash.write(&(number as u64).to_le_bytes()));
    }
    let hash = hash.get();
    (hash ^ (hash >> 32)) as u32
}

/// The fields of a record as they are read.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    candidates: Vec<String>,
    folds: Vec<u32>,
    scores: Vec<Vec<Option<f64>>>,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for SearchRecord {
    type Error = Error;

    fn try_from(Unchecked { candidates, folds, scores }: Unchecked) -> Result<Self> {
        let names = ("scores", "the candidates of the record", "the folds of the record");
        check_lengths((names.0, scores.len()), (names.1, candidates.len()))?;
        for scores in &scores {
            check_lengths((names.0, scores.len()), (names.2, folds.len()))?;
        }
        if let Some(score) = scores.iter().flatten().flatten().find(|score| !score.is_finite()) {
            let (name, rule) = ("a score of the record", "finite");
            return Err(Error::InvalidArgument { name, value: *score, rule });
        }
        Ok(Self { candidates, folds, scores })
    }
}
