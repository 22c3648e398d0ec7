use crate::buffer;
use crate::checks::check;
use crate::error::{Operand, Position};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};
use std::collections::BTreeSet;

/// The labels of a multi-label data set: distinct names, in the order of the rows of a table.
///
/// In multi-label classification an example has any number of labels, including none. A table of
/// labels is (labels, examples), with a 1 where an example has a label and 0 elsewhere.
///
/// ```
/// use dnn_blocks::data::LabelNames;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let sets = [vec!["dog"], vec!["cat", "dog"], vec![]];
/// let labels = LabelNames::from_sets(&sets);
/// assert_eq!(labels.names(), ["cat", "dog"]);
/// let y = labels.encode::<f64, _>(&sets)?;
/// assert_eq!(y, array![[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]);
/// assert_eq!(labels.decode(&y)?, [vec!["dog"], vec!["cat", "dog"], vec![]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabelNames<L> {
    names: Vec<L>,
    /// The numbers of the labels, sorted by name.
    sorted: Vec<usize>,
}

impl<L: Ord + Clone> LabelNames<L> {
    /// Takes names in this order. A name that is given twice counts once.
    ///
    /// ```
    /// # use dnn_blocks::data::LabelNames;
    /// assert_eq!(LabelNames::new(&["owl", "cat", "owl"]).names(), ["owl", "cat"]);
    /// ```
    pub fn new(names: &[L]) -> Self {
        let mut known = BTreeSet::new();
        let names: Vec<L> = names.iter().filter(|name| known.insert(*name)).cloned().collect();
        let mut sorted: Vec<usize> = (0..names.len()).collect();
        sorted.sort_by_key(|&label| &names[label]);
        Self { names, sorted }
    }

    /// Takes distinct names in this order.
    pub(crate) fn from_distinct(names: &[L]) -> Result<Self> {
        let labels = Self::new(names);
        match labels.names.len() == names.len() {
            true => Ok(labels),
            false => Err(Error::Inconsistent { what: "a label is given twice" }),
        }
    }

    /// Collects the names that occur in the sets of the examples, sorted.
    ///
    /// ```
    /// # use dnn_blocks::data::LabelNames;
    /// assert_eq!(LabelNames::from_sets(&[vec![7, -1], vec![7]]).names(), [-1, 7]);
    /// ```
    pub fn from_sets<S: AsRef<[L]>>(sets: &[S]) -> Self {
        let mut distinct = BTreeSet::new();
        sets.iter().for_each(|set| distinct.extend(set.as_ref()));
        let names: Vec<L> = distinct.into_iter().cloned().collect();
        let sorted = (0..names.len()).collect();
        Self { names, sorted }
    }

    /// Returns the names, in the order of the rows of a table.
    #[must_use]
    pub fn names(&self) -> &[L] {
        &self.names
    }

    /// Returns the number of a label.
    pub(crate) fn number(&self, name: &L) -> Option<usize> {
        let found = self.sorted.binary_search_by_key(&name, |&label| &self.names[label]);
        found.ok().map(|position| self.sorted[position])
    }

    /// Encodes the set of each example as a column of a table (labels, examples) of 0 and 1.
    ///
    /// A name twice in a set counts once.
    ///
    /// ```
    /// # use dnn_blocks::data::LabelNames;
    /// let error = LabelNames::new(&["a", "b"]).encode::<f64, _>(&[vec!["a"], vec!["c"]]);
    /// let error = error.unwrap_err();
    /// assert_eq!(error.to_string(), "the label of example 1 is none of the 2 known labels");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLabel`] with the example if a name is not one of the labels,
    /// [`Error::TooLarge`] if the table does not fit in memory.
    pub fn encode<F: Float, S: AsRef<[L]>>(&self, sets: &[S]) -> Result<Array2<F>> {
        let mut y = buffer::zeros("Y", (self.names.len(), sets.len()))?;
        for (example, set) in sets.iter().enumerate() {
            for name in set.as_ref() {
                let unknown = Error::UnknownLabel { example, classes: self.names.len() };
                y[[self.number(name).ok_or(unknown)?, example]] = F::one();
            }
        }
        Ok(y)
    }

    /// Returns the labels of each example whose entry in a table (labels, examples) is above 0.5.
    ///
    /// The table holds 0 and 1, or probabilities. The labels of an example are in the order of
    /// [`names`](Self::names).
    ///
    /// ```
    /// use dnn_blocks::data::LabelNames;
    /// use dnn_blocks::ndarray::array;
    ///
    /// let probabilities = array![[0.9, 0.5], [0.6, 0.1]];
    /// let sets = LabelNames::new(&["owl", "cat"]).decode(&probabilities)?;
    /// assert_eq!(sets, [vec!["owl", "cat"], vec![]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] unless each label has a row, [`Error::NotFinite`] with the entry if
    /// a number is NaN, [`Error::TooLarge`] if the sets do not fit in memory.
    pub fn decode<F: Float>(&self, table: &ArrayRef2<F>) -> Result<Vec<Vec<L>>> {
        let (rows, examples) = table.dim();
        let expected = Operand { name: "the labels", shape: (self.names.len(), examples) };
        let rule = "one row for each label";
        check(rows == self.names.len(), Operand::new("the table", table), expected, rule)?;
        if let Some(((row, column), _)) = table.indexed_iter().find(|(_, entry)| entry.is_nan()) {
            return Err(Error::not_finite("AL", Position::Entry { row, column }, f64::NAN));
        }
        let set = |example| {
            let column = table.column(example);
            let has = |label: &usize| has_label(column[*label]);
            let count = (0..rows).filter(has).count();
            buffer::list("labels", count, (0..rows).filter(has).map(|k| self.names[k].clone()))
        };
        buffer::try_list("labels", examples, (0..examples).map(set))
    }
}

/// Returns whether an example has a label of this probability. NaN has none.
#[inline]
pub(crate) fn has_label<F: Float>(probability: F) -> bool {
    probability > F::of(0.5)
}
