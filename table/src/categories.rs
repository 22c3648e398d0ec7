//! Columns of categories in an encoder.

use crate::column::finite;
use crate::profile::Profile;
use crate::report::{joined, shortened};
use serde::{Deserialize, Serialize};

/// The features of a column of categories: the kept texts in order, then missing, then all rare
/// categories together. The number of features is 1 if there are two of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Categories {
    /// The texts with a feature of their own, sorted.
    pub texts: Vec<String>,
    /// Whether missing cells have a feature of their own.
    pub missing: bool,
    /// The number of rare categories.
    pub rare: usize,
}

impl Categories {
    /// Chooses the kept categories by the rules of scikit-learn's `OneHotEncoder` with
    /// `min_frequency = rare_below`. A missing cell is a category like the others.
    pub fn fit(profile: &Profile<'_>, rare_below: usize, max_categories: usize) -> Self {
        let mut counts: Vec<_> = profile.counts.iter().map(|(t, n)| (Some(*t), *n)).collect();
        counts.sort_unstable();
        counts.extend((profile.missing > 0).then_some((None, profile.missing)));
        let categories = counts.len();
        counts.retain(|&(_, count)| count >= rare_below);
        // As in scikit-learn, which counts a feature of rare categories even if there is none.
        if counts.len() + 1 > max_categories {
            let mut fewest: Vec<_> = (0..counts.len()).collect();
            fewest.sort_by_key(|&category| counts[category].1);
            let mut kept = fewest.split_off((counts.len() + 1) - max_categories);
            kept.sort_unstable();
            counts = kept.into_iter().map(|category| counts[category]).collect();
        }
        Self {
            texts: counts.iter().filter_map(|(text, _)| text.map(String::from)).collect(),
            missing: counts.iter().any(|(text, _)| text.is_none()),
            rare: categories - counts.len(),
        }
    }

    /// Returns the number of categories with a feature of their own.
    pub fn kept(&self) -> usize {
        self.texts.len() + usize::from(self.missing)
    }

    /// Describes the values in a report, given the numbers of different texts and missing cells.
    pub fn note(&self, distinct: usize, missing: usize) -> String {
        let kept = self.texts.len();
        let texts = if kept == distinct {
            shortened(&self.texts.join(", "))
        } else {
            let rare = distinct.saturating_sub(kept);
            format!("{kept} of {distinct} values kept, {rare} rare together")
        };
        let missing = if missing > 0 && !self.missing { "missing is rare" } else { "" };
        joined(&[&texts, missing])
    }

    /// Returns the number of features before one of two is dropped.
    fn all(&self) -> usize {
        self.kept() + usize::from(self.rare > 0)
    }

    /// Returns the number of features.
    pub fn width(&self) -> usize {
        if self.all() == 2 { 1 } else { self.all() }
    }

    /// Returns the names of the features.
    pub fn names(&self, column: &str) -> Vec<String> {
        let mut names: Vec<_> = self.texts.iter().map(|text| format!("{column}={text}")).collect();
        names.extend(self.missing.then(|| format!("{column} missing")));
        names.extend((self.rare > 0).then(|| format!("{column} rare")));
        if names.len() == 2 {
            names.remove(0);
        }
        names
    }

    /// Returns the index of a kept text. If there is none, a number is searched by its value, and
    /// `true` and `false` in any case, because rows of a program write `1` for the `1.0` of a file.
    fn position(&self, text: &str) -> Option<usize> {
        let exact = self.texts.binary_search_by(|known| known.as_str().cmp(text));
        exact.ok().or_else(|| {
            let is_bool = ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
            let number = finite(text);
            self.texts.iter().position(|known| {
                (number.is_some() && finite(known) == number)
                    || (is_bool && known.eq_ignore_ascii_case(text))
            })
        })
    }

    /// Returns the index of a cell among the features, or `None` if it is unseen and no category is
    /// rare.
    fn index(&self, cell: Option<&str>) -> Option<usize> {
        let kept = match cell {
            Some(text) => self.position(text),
            None => self.missing.then_some(self.texts.len()),
        };
        kept.or((self.rare > 0).then(|| self.kept()))
    }

    /// Calls `set` with the feature and the value of a cell, unless all its features are 0.
    pub fn encode(&self, cell: Option<&str>, mut set: impl FnMut(usize, f64)) {
        match (self.index(cell), self.all()) {
            (Some(index), 2) => set(0, index as f64),
            (None, 2) => set(0, 0.5),
            (Some(index), _) => set(index, 1.0),
            (None, _) => {}
        }
    }
}
