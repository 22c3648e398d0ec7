use super::selectable::{Selectable, Tabular, check_indices};
use crate::checks::check_argument;
use crate::model::{Examples, LabelSets, LabelSetsForm};
use crate::{Float, Result, buffer};
use ndarray::{Array2, Axis};
use std::sync::Arc;

/// A table of examples that owns its numbers; its borrowed form is [`Examples`].
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::selection::{OwnedExamples, Selectable};
///
/// let x = array![[5.1, 3.5], [4.9, 3.0], [6.2, 2.9]];
/// let some = OwnedExamples::select(Examples::rows(&x), &[2, 0])?;
/// assert_eq!(some.view().as_columns().t(), array![[6.2, 2.9], [5.1, 3.5]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedExamples<F> {
    /// In the orientation of the caller.
    table: Array2<F>,
    as_rows: bool,
    names: Option<Arc<[String]>>,
}

impl<F: Float> Selectable for OwnedExamples<F> {
    type View<'a> = Examples<'a, F>;

    fn view(&self) -> Examples<'_, F> {
        let examples = match self.as_rows {
            true => Examples::rows(&self.table),
            false => Examples::columns(&self.table),
        };
        match &self.names {
            Some(names) => examples.feature_names(names),
            None => examples,
        }
    }

    fn count(x: Examples<'_, F>) -> usize {
        x.len()
    }

    fn select(x: Examples<'_, F>, examples: &[usize]) -> Result<Self> {
        check_indices(examples, x.len())?;
        let columns = x.as_columns();
        let (features, m, as_rows) = (columns.nrows(), examples.len(), x.is_rows());
        let mut table = buffer::zeros("X", if as_rows { (m, features) } else { (features, m) })?;
        let axis = Axis(usize::from(!as_rows));
        for (mut copy, &example) in table.axis_iter_mut(axis).zip(examples) {
            copy.assign(&columns.column(example));
        }
        let names = x.names().map(|names| names.iter().map(String::from).collect());
        Ok(Self { table, as_rows, names })
    }
}

impl<F: Float> Tabular for OwnedExamples<F> {
    fn features(x: Examples<'_, F>) -> Vec<Option<String>> {
        let name = |feature| x.names().and_then(|names| names.get(feature)).map(String::from);
        (0..x.as_columns().nrows()).map(name).collect()
    }

    fn set_feature(
        &mut self,
        feature: usize,
        x: Examples<'_, F>,
        examples: &[usize],
    ) -> Result<()> {
        check_indices(examples, x.len())?;
        let features = self.view().as_columns().nrows().min(x.as_columns().nrows());
        let (name, value) = ("feature", feature as f64);
        check_argument(feature < features, name, value, "below the number of features")?;
        let column = x.as_columns().index_axis_move(Axis(0), feature);
        // Values in a random order are read faster from a small list than from the table.
        let column = buffer::list("feature", column.len(), column.iter().copied())?;
        let values = self.table.index_axis_mut(Axis(usize::from(self.as_rows)), feature);
        for (value, &example) in values.into_iter().zip(examples) {
            *value = column[example];
        }
        Ok(())
    }
}

/// The labels of examples as owned values; their borrowed form is [`LabelSets`].
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedLabelSets<F, L>(Form<F, L>);

#[derive(Debug, Clone, PartialEq)]
enum Form<F, L> {
    Sets(Vec<Vec<L>>),
    Table(OwnedExamples<F>, Vec<L>),
}

impl<F: Float, L: Ord + Clone + Send + Sync> Selectable for OwnedLabelSets<F, L> {
    type View<'a>
        = LabelSets<'a, F, L>
    where
        L: 'a;

    fn view(&self) -> LabelSets<'_, F, L> {
        match &self.0 {
            Form::Sets(sets) => LabelSets::from(sets),
            Form::Table(table, labels) => LabelSets::table(table.view(), labels),
        }
    }

    fn count(sets: LabelSets<'_, F, L>) -> usize {
        sets.len()
    }

    fn select(sets: LabelSets<'_, F, L>, examples: &[usize]) -> Result<Self> {
        check_indices(examples, sets.len())?;
        Ok(Self(match sets.0 {
            LabelSetsForm::Vectors(sets) => Form::Sets(copied(|example| &sets[example], examples)?),
            LabelSetsForm::Slices(sets) => Form::Sets(copied(|example| sets[example], examples)?),
            LabelSetsForm::Table(table, labels) => {
                Form::Table(OwnedExamples::select(table, examples)?, labels.to_vec())
            }
        }))
    }
}

fn copied<'a, L: Clone + 'a>(
    set: impl Fn(usize) -> &'a [L],
    examples: &[usize],
) -> Result<Vec<Vec<L>>> {
    let sets = examples.iter().map(|&example| set(example));
    let sets = sets.map(|set| buffer::list("labels", set.len(), set.iter().cloned()));
    buffer::try_list("labels", examples.len(), sets)
}
