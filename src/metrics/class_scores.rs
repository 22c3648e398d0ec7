use super::labels::Predicted;
use crate::buffer;
use crate::checks::{check_batch, check_finite, check_lengths};
use crate::data::Classes;
use crate::error::Operand;
use crate::{Error, Float, Result};
use ndarray::ArrayView2;
use std::borrow::Cow;

/// Predicted scores with the classes of their rows, made by [`Predicted::of_classes`].
#[derive(Debug, Clone, Copy)]
pub struct OfClasses<'c, T, L> {
    predicted: T,
    classes: &'c [L],
}

impl<T> Predicted<T> {
    /// Sets the classes of the rows of predicted scores, sorted and distinct.
    ///
    /// Without them, the classes are the labels that occur, sorted, and each class must occur. Pass
    /// [`Classifier::classes`](crate::model::Classifier::classes) for the scores of a model.
    ///
    /// ```
    /// use dnn_blocks::metrics::top_k_accuracy;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let scores = array![[0.5, 0.2], [0.3, 0.1], [0.2, 0.7]];
    /// let scores = Predicted(&scores).of_classes(&["cat", "dog", "owl"]);
    /// assert_eq!(top_k_accuracy(Actual(&["dog", "owl"]), scores, 1)?, 0.5);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn of_classes<L>(self, classes: &[L]) -> OfClasses<'_, T, L> {
        OfClasses { predicted: self.0, classes }
    }
}

/// The second argument of a metric of scores: [`Predicted`], or [`OfClasses`].
pub trait ClassScores<'c, L> {
    /// The type of the scores.
    type Scores;

    /// Returns the scores, and the classes of their rows if they are set.
    fn into_parts(self) -> (Self::Scores, Option<&'c [L]>);
}

impl<'c, T, L> ClassScores<'c, L> for Predicted<T> {
    type Scores = T;

    fn into_parts(self) -> (T, Option<&'c [L]>) {
        (self.0, None)
    }
}

impl<'c, T, L> ClassScores<'c, L> for OfClasses<'c, T, L> {
    type Scores = T;

    fn into_parts(self) -> (T, Option<&'c [L]>) {
        (self.predicted, Some(self.classes))
    }
}

/// The second argument of [`log_loss`](super::log_loss).
///
/// It is [`Predicted`] with class numbers as labels, or [`OfClasses`] with labels of any type.
pub trait ClassProbabilities<'c, L>: ClassScores<'c, L> {
    /// Returns the class number of each label, given the classes of
    /// [`into_parts`](ClassScores::into_parts).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLabel`] or [`Error::Inconsistent`] if a label is none of the classes, or
    /// these are not sorted; [`Error::TooLarge`] if the numbers do not fit in memory.
    fn class_numbers<'a>(
        labels: Cow<'a, [L]>,
        classes: Option<&'c [L]>,
    ) -> Result<Cow<'a, [usize]>>
    where
        L: Clone;
}

/// The labels are the numbers.
impl<'c, T> ClassProbabilities<'c, usize> for Predicted<T> {
    fn class_numbers<'a>(
        labels: Cow<'a, [usize]>,
        _classes: Option<&'c [usize]>,
    ) -> Result<Cow<'a, [usize]>> {
        Ok(labels)
    }
}

impl<'c, T, L: Ord + Clone> ClassProbabilities<'c, L> for OfClasses<'c, T, L> {
    fn class_numbers<'a>(
        labels: Cow<'a, [L]>,
        classes: Option<&'c [L]>,
    ) -> Result<Cow<'a, [usize]>> {
        numbers_in(classes.unwrap_or_default(), &labels).map(Cow::Owned)
    }
}

/// Checks scores, finite and one column for each label, and returns the class of each example.
pub(super) fn class_of_each<L: Ord + Clone, F: Float>(
    labels: &[L],
    scores: &ArrayView2<'_, F>,
    classes: Option<&[L]>,
) -> Result<Vec<usize>> {
    let operand = Operand::new("predicted", scores);
    check_batch(operand)?;
    check_lengths(("actual", labels.len()), (operand.name, operand.shape.1))?;
    check_finite(operand.name, scores)?;
    let scored = ("the classes of the scores", operand.shape.0.max(2));
    let Some(classes) = classes else {
        let classes = Classes::from_labels(labels);
        check_lengths(("the classes that occur in the labels", classes.names().len()), scored)?;
        return classes.encode(labels);
    };
    check_lengths((OF_CLASSES, classes.len()), scored)?;
    numbers_in(classes, labels)
}

/// The name of given classes in errors.
pub(super) const OF_CLASSES: &str = "the classes of `of_classes`";

/// Returns the number of each label in sorted classes.
fn numbers_in<L: Ord>(classes: &[L], labels: &[L]) -> Result<Vec<usize>> {
    if classes.windows(2).any(|pair| pair[0] >= pair[1]) {
        let what = "the classes of the scores must be sorted and distinct";
        return Err(Error::Inconsistent { what });
    }
    let class = |(example, label)| {
        let unknown = Error::UnknownLabel { example, classes: classes.len() };
        classes.binary_search(label).map_err(|_| unknown)
    };
    buffer::try_list("classes", labels.len(), labels.iter().enumerate().map(class))
}
