use super::labels::{Actual, Labels, Predicted, check_pair};
use crate::buffer;
#[cfg(feature = "serde")]
use crate::checks::check_batch;
use crate::checks::check_lengths;
use crate::data::Classes;
#[cfg(feature = "serde")]
use crate::error::Operand;
use crate::{Error, Result};
use ndarray::{Array2, ArrayView1};
use std::fmt;

/// A confusion matrix: the counts of each pair of an actual and a predicted class.
///
/// `{}` prints a table:
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let actual = ["benign", "benign", "malignant", "malignant", "malignant", "malignant"];
/// let predicted = ["benign", "malignant", "malignant", "malignant", "benign", "malignant"];
/// let matrix = ConfusionMatrix::new(Actual(&actual), Predicted(&predicted))?;
/// assert_eq!(matrix.precision("malignant")?, 0.75);
/// assert_eq!(matrix.recall("malignant")?, 0.75);
/// assert_eq!(
///     matrix.to_string(),
///     "
/// actual     predicted
///            benign  malignant
/// benign          1          1
/// malignant       1          3
/// "
///     .trim_start()
/// );
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Unchecked"))]
pub struct ConfusionMatrix {
    counts: Array2<usize>,
    names: Vec<String>,
}

impl ConfusionMatrix {
    /// Counts the pairs of actual and predicted labels.
    ///
    /// The classes are the labels that occur, sorted. Their names are the labels as text.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[7, 9]), Predicted(&[9, 9]))?;
    /// assert_eq!(matrix.names(), ["7", "9"]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if `actual` and `predicted` differ in length,
    /// [`Error::EmptyBatch`] if they are empty, [`Error::TooLarge`] if the counts do not fit in
    /// memory; the errors of [`Labels::labels`].
    pub fn new<'a, A, P>(actual: Actual<A>, predicted: Predicted<P>) -> Result<Self>
    where
        A: Labels<'a>,
        P: Labels<'a, Label = A::Label>,
        A::Label: Ord + ToString,
    {
        let (actual, predicted) = (actual.0.labels()?, predicted.0.labels()?);
        check_pair(actual.len(), predicted.len())?;
        let classes = Classes::from_labels(actual.iter().chain(predicted.iter()));
        Self::from_classes(&actual, &predicted, &classes)
    }

    /// Counts the pairs of labels of given classes, which need not all occur.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let (actual, predicted) = (Actual(&[0, 1]), Predicted(&[0, 0]));
    /// let matrix = ConfusionMatrix::with_classes(actual, predicted, &[0, 1, 2])?;
    /// assert_eq!(matrix.counts().dim(), (3, 3));
    ///
    /// let error = ConfusionMatrix::with_classes(actual, predicted, &[0]).unwrap_err();
    /// assert_eq!(error.to_string(), "the label of example 1 is none of the 1 known labels");
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`new`](Self::new), and [`Error::UnknownLabel`] with the example if a label is
    /// not one of the classes.
    pub fn with_classes<'a, A, P>(
        actual: Actual<A>,
        predicted: Predicted<P>,
        classes: &[A::Label],
    ) -> Result<Self>
    where
        A: Labels<'a>,
        P: Labels<'a, Label = A::Label>,
        A::Label: Ord + ToString,
    {
        let (actual, predicted) = (actual.0.labels()?, predicted.0.labels()?);
        check_pair(actual.len(), predicted.len())?;
        Self::from_classes(&actual, &predicted, &Classes::from_labels(classes))
    }

    fn from_classes<L: Ord + Clone + ToString>(
        actual: &[L],
        predicted: &[L],
        classes: &Classes<L>,
    ) -> Result<Self> {
        let (actual, predicted) = (classes.encode(actual)?, classes.encode(predicted)?);
        let names = classes.names();
        let mut counts = buffer::counts("counts", (names.len(), names.len()))?;
        actual.iter().zip(&predicted).for_each(|(&a, &p)| counts[[a, p]] += 1);
        Ok(Self { counts, names: names.iter().map(ToString::to_string).collect() })
    }

    /// Replaces the names of the classes. They are in the order of the sorted labels.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[1, 0]), Predicted(&[0, 0]))?;
    /// let matrix = matrix.with_names(["cat", "dog"])?;
    /// assert!(matrix.to_string().contains("dog"));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] unless there is one name for each class.
    pub fn with_names<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        self.names = names.into_iter().map(Into::into).collect();
        check_lengths(("names", self.names.len()), ("classes", self.counts.nrows()))?;
        Ok(self)
    }

    /// Returns the names of the classes.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[1]), Predicted(&[0]))?;
    /// assert_eq!(matrix.names(), ["0", "1"]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the counts (classes, classes), with actual classes in rows and predicted classes in
    /// columns.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1]), Predicted(&[0, 1, 1]))?;
    /// assert_eq!(matrix.counts(), array![[1, 1], [0, 1]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn counts(&self) -> &Array2<usize> {
        &self.counts
    }

    /// Computes the accuracy, the share of examples on the diagonal of the matrix.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1, 1]), Predicted(&[0, 1, 1, 1]))?;
    /// assert_eq!(matrix.accuracy(), 0.75);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        ratio(self.counts.diag().sum(), self.counts.sum())
    }

    /// Computes the precision of a class, `TP/(TP + FP)`, or 0 if the class is never predicted.
    ///
    /// The class is given by its [name](Self::names), which is its label before
    /// [`with_names`](Self::with_names).
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 2, 1]), Predicted(&[0, 1, 1, 1]))?;
    /// assert_eq!([matrix.precision(0)?, matrix.precision(2)?], [1.0, 0.0]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if no class has this name.
    pub fn precision(&self, class: impl ToString) -> Result<f64> {
        let counts = self.class_counts(self.index(&class.to_string())?);
        Ok(precision(counts))
    }

    /// Computes the recall of a class, `TP/(TP + FN)`, or 0 if the class has no example.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1, 1]), Predicted(&[0, 2, 1, 1]))?;
    /// assert_eq!([matrix.recall(0)?, matrix.recall(2)?], [0.5, 0.0]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if no class has this name.
    pub fn recall(&self, class: impl ToString) -> Result<f64> {
        let counts = self.class_counts(self.index(&class.to_string())?);
        Ok(recall(counts))
    }

    /// Computes the F₁ score of a class, `2·TP/(2·TP + FP + FN)`.
    ///
    /// It is 0 if the class is neither an actual nor a predicted label.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let (actual, predicted) = (Actual(&[0, 0, 1, 1, 1]), Predicted(&[0, 1, 1, 1, 0]));
    /// let matrix = ConfusionMatrix::with_classes(actual, predicted, &[0, 1, 2])?;
    /// assert_eq!([matrix.f1(0)?, matrix.f1(2)?], [0.5, 0.0]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if no class has this name.
    pub fn f1(&self, class: impl ToString) -> Result<f64> {
        let counts = self.class_counts(self.index(&class.to_string())?);
        Ok(f1(counts))
    }

    /// Computes the mean of [`precision`](Self::precision) over all classes.
    ///
    /// A class of [`with_classes`](Self::with_classes) counts even if it does not occur.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1, 0]), Predicted(&[0, 1, 1, 1]))?;
    /// assert_eq!(matrix.macro_precision(), (1.0 + 1.0 / 3.0) / 2.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn macro_precision(&self) -> f64 {
        self.mean_over_classes(precision)
    }

    /// Computes the mean of [`recall`](Self::recall) over all classes.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1, 1]), Predicted(&[0, 1, 1, 1]))?;
    /// assert_eq!(matrix.macro_recall(), 0.75);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn macro_recall(&self) -> f64 {
        self.mean_over_classes(recall)
    }

    /// Computes the mean of [`f1`](Self::f1) over all classes.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1, 1]), Predicted(&[0, 1, 0, 1]))?;
    /// assert_eq!(matrix.macro_f1(), 0.5);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn macro_f1(&self) -> f64 {
        self.mean_over_classes(f1)
    }

    /// Creates the matrix of one label from counts (2, 2).
    pub(super) fn of_label(counts: Array2<usize>) -> Self {
        Self { counts, names: vec!["0".into(), "1".into()] }
    }

    /// Computes the F₁ score of the label of [`of_label`](Self::of_label).
    pub(super) fn f1_of_label(&self) -> f64 {
        f1(self.class_counts(1))
    }

    /// Returns the index of a class.
    fn index(&self, class: &str) -> Result<usize> {
        let index = self.names.iter().position(|name| name == class);
        index.ok_or_else(|| Error::UnknownName { kind: "class", name: class.to_string() })
    }

    fn class_counts(&self, class: usize) -> ClassCounts {
        ClassCounts {
            correct: self.counts[[class, class]],
            predicted: self.counts.column(class).sum(),
            actual: self.counts.row(class).sum(),
        }
    }

    fn mean_over_classes(&self, score: impl Fn(ClassCounts) -> f64) -> f64 {
        let classes = self.counts.nrows();
        let sum: f64 = (0..classes).map(|class| score(self.class_counts(class))).sum();
        sum / classes as f64
    }
}

/// The examples of a class: correctly predicted, predicted, and actual.
struct ClassCounts {
    correct: usize,
    predicted: usize,
    actual: usize,
}

fn precision(counts: ClassCounts) -> f64 {
    ratio(counts.correct, counts.predicted)
}

fn recall(counts: ClassCounts) -> f64 {
    ratio(counts.correct, counts.actual)
}

fn f1(counts: ClassCounts) -> f64 {
    ratio(2 * counts.correct, counts.predicted + counts.actual)
}

/// Prints a table with left-aligned names and right-aligned counts, two spaces apart.
impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: &str| text.chars().count();
        let first = self.names.iter().map(|name| width(name)).fold(width("actual"), usize::max);
        let widths: Vec<_> =
            self.counts.columns().into_iter().zip(&self.names).map(widest).collect();
        writeln!(f, "{:first$}  predicted", "actual")?;
        write!(f, "{:first$}", "")?;
        self.names.iter().zip(&widths).try_for_each(|(name, &w)| write!(f, "  {name:>w$}"))?;
        for (name, row) in self.names.iter().zip(self.counts.rows()) {
            write!(f, "\n{name:first$}")?;
            row.iter().zip(&widths).try_for_each(|(count, &w)| write!(f, "  {count:>w$}"))?;
        }
        writeln!(f)
    }
}

/// Returns the width of a column with its name.
fn widest((column, name): (ArrayView1<usize>, &String)) -> usize {
    let digits = column.iter().map(|count| count.to_string().len());
    digits.fold(name.chars().count(), usize::max)
}

/// Computes `a/b`, where `0/0` is 0.
fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// The fields of a [`ConfusionMatrix`] before they are checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    counts: Array2<usize>,
    names: Vec<String>,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for ConfusionMatrix {
    type Error = Error;

    fn try_from(Unchecked { counts, names }: Unchecked) -> Result<Self> {
        check_lengths(("rows", counts.nrows()), ("columns", counts.ncols()))?;
        check_batch(Operand::new("counts", &counts))?;
        Self { counts, names: Vec::new() }.with_names(names)
    }
}
