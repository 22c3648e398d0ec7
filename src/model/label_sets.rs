use super::table::Examples;
use crate::buffer;
use crate::checks::check_lengths;
use crate::data::LabelNames;
use crate::metrics::check_zeros_and_ones;
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};

/// The labels of examples: a set of names for each example, or a table of 0 and 1.
///
/// Methods of [`MultiLabelClassifier`](super::MultiLabelClassifier) take
/// `impl Into<LabelSets<F, L>>`. References to slices, arrays and vectors of `Vec<L>`, or of
/// slices, convert to it. A set may be empty. A repeated name in a set counts once.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]]; // (examples, features)
/// let sets = [vec![], vec!["dark"], vec!["bright", "large"], vec!["bright"]];
/// let y = array![[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
/// let table = LabelSets::table(Examples::rows(&y), &["bright", "dark", "large"]);
///
/// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(4).epochs(5);
/// let mut model = MultiLabelClassifier::<f64, &str>::new(hyperparameters);
/// let history = model.fit(Examples::rows(&x), &sets)?;
/// assert_eq!(model.fit(Examples::rows(&x), table)?, history);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug)]
pub struct LabelSets<'a, F, L>(pub(crate) Form<'a, F, L>);

#[derive(Debug)]
pub(crate) enum Form<'a, F, L> {
    Vectors(&'a [Vec<L>]),
    Slices(&'a [&'a [L]]),
    Table(Examples<'a, F>, &'a [L]),
}

impl<F: Copy, L> Clone for LabelSets<'_, F, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Copy, L> Copy for LabelSets<'_, F, L> {}

impl<F: Copy, L> Clone for Form<'_, F, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Copy, L> Copy for Form<'_, F, L> {}

impl<'a, F: Float, L: Ord + Clone> LabelSets<'a, F, L> {
    /// Takes a table with a 1 where an example has a label and 0 elsewhere, and the names of its
    /// labels.
    ///
    /// The table is (examples, labels) for [rows](Examples::rows) and (labels, examples) for
    /// [columns](Examples::columns).
    pub fn table(table: Examples<'a, F>, labels: &'a [L]) -> Self {
        Self(Form::Table(table, labels))
    }

    /// Returns the number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.0 {
            Form::Vectors(sets) => sets.len(),
            Form::Slices(sets) => sets.len(),
            Form::Table(table, _) => table.len(),
        }
    }

    /// Returns whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the names of a table in its order, or the sorted names that occur in the sets.
    pub(crate) fn names(&self) -> Result<LabelNames<L>> {
        match self.0 {
            Form::Vectors(sets) => Ok(LabelNames::from_sets(sets)),
            Form::Slices(sets) => Ok(LabelNames::from_sets(sets)),
            Form::Table(table, labels) => {
                let count = table.as_columns().nrows();
                check_lengths(("labels", labels.len()), ("the labels of the table", count))?;
                LabelNames::from_distinct(labels)
            }
        }
    }

    /// Returns a table (labels, examples) with the labels in the order of `names`.
    pub(crate) fn encode(&self, names: &LabelNames<L>) -> Result<Array2<F>> {
        match self.0 {
            Form::Vectors(sets) => names.encode(sets),
            Form::Slices(sets) => names.encode(sets),
            Form::Table(table, _) => {
                let (own, table) = (self.names()?, table.as_columns());
                check_zeros_and_ones("labels", &table)?;
                in_order_of(names, &own, &table)
            }
        }
    }
}

/// Copies the rows of a table in the order of `names`.
fn in_order_of<F: Float, L: Ord + Clone>(
    names: &LabelNames<L>,
    own: &LabelNames<L>,
    table: &ArrayRef2<F>,
) -> Result<Array2<F>> {
    let rows = names.names().iter().map(|name| own.number(name));
    let rows = rows.collect::<Option<Vec<usize>>>().filter(|rows| rows.len() == table.nrows());
    let what = "the labels of the table differ from the labels of the model";
    let rows = rows.ok_or(Error::Inconsistent { what })?;
    let mut y = buffer::zeros("Y", table.dim())?;
    y.rows_mut().into_iter().zip(rows).for_each(|(mut y, row)| y.assign(&table.row(row)));
    Ok(y)
}

impl<'a, F, L> From<&'a [Vec<L>]> for LabelSets<'a, F, L> {
    fn from(sets: &'a [Vec<L>]) -> Self {
        Self(Form::Vectors(sets))
    }
}

impl<'a, F, L> From<&'a Vec<Vec<L>>> for LabelSets<'a, F, L> {
    fn from(sets: &'a Vec<Vec<L>>) -> Self {
        Self(Form::Vectors(sets))
    }
}

impl<'a, F, L, const N: usize> From<&'a [Vec<L>; N]> for LabelSets<'a, F, L> {
    fn from(sets: &'a [Vec<L>; N]) -> Self {
        Self(Form::Vectors(sets))
    }
}

impl<'a, F, L> From<&'a [&'a [L]]> for LabelSets<'a, F, L> {
    fn from(sets: &'a [&'a [L]]) -> Self {
        Self(Form::Slices(sets))
    }
}

impl<'a, F, L> From<&'a Vec<&'a [L]>> for LabelSets<'a, F, L> {
    fn from(sets: &'a Vec<&'a [L]>) -> Self {
        Self(Form::Slices(sets))
    }
}

impl<'a, F, L, const N: usize> From<&'a [&'a [L]; N]> for LabelSets<'a, F, L> {
    fn from(sets: &'a [&'a [L]; N]) -> Self {
        Self(Form::Slices(sets))
    }
}
