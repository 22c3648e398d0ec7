//! Classification and regression metrics.
//!
//! ```math
//! \text{precision} = \frac{TP}{TP + FP} \qquad \text{recall} = \frac{TP}{TP + FN} \qquad
//! F_1 = \frac{2\,TP}{2\,TP + FP + FN}
//! ```
//!
//! As in scikit-learn, the first argument is what is true and the second what was predicted. The
//! wrappers [`Actual`] and [`Predicted`] name them, so that a swap does not compile.
//!
//! | labels | from |
//! |---|---|
//! | `&[L]`, `&Vec<L>`, `&[L; N]` | your data, [`Classifier::predict`](crate::model::Classifier::predict), [`predicted_classes`](crate::data::predicted_classes) |
//! | `&Array2<F>`, a view: class numbers (1, m) or one-hot columns (classes, m) | [`predict`](crate::forward::predict), `Y` |
//!
//! Results are `f64` whatever the type of the network.
//!
//! Source: C. van Rijsbergen, *Information Retrieval* (1979); the conventions at 0/0 and the
//! bounds are those of scikit-learn (Pedregosa et al. 2011).

use crate::buffer;
use crate::checks::{check_batch, check_classes, check_lengths, check_same_shape};
use crate::data::mean_std::MeanStd;
use crate::data::{Classes, predicted_class, predicted_classes};
use crate::error::{Operand, Position};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayBase, ArrayRef2, ArrayView1, Data, Ix2};
use std::borrow::Cow;
use std::fmt;

/// The true labels or values, the first argument of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Actual<T>(pub T);

/// The predicted labels or values, the second argument of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Predicted<T>(pub T);

/// Labels of examples, as metrics take them.
///
/// It is implemented for lists of any type, and for matrices of class numbers: one row of integers
/// from 0, or one-hot columns.
pub trait Labels<'a> {
    /// The type of a label.
    type Label: Clone + 'a;

    /// Returns the label of each example.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if a number in a single row is no class number,
    /// [`Error::NotFinite`] if a column holds NaN.
    fn labels(self) -> Result<Cow<'a, [Self::Label]>>;
}

impl<'a, L: Clone> Labels<'a> for &'a [L] {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a, L: Clone> Labels<'a> for &'a Vec<L> {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a, L: Clone, const N: usize> Labels<'a> for &'a [L; N] {
    type Label = L;

    fn labels(self) -> Result<Cow<'a, [L]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a, F: Float, S: Data<Elem = F>> Labels<'a> for &'a ArrayBase<S, Ix2> {
    type Label = usize;

    fn labels(self) -> Result<Cow<'a, [usize]>> {
        class_numbers(self).map(Cow::Owned)
    }
}

impl<'a, F: Float> Labels<'a> for &'a ArrayRef2<F> {
    type Label = usize;

    fn labels(self) -> Result<Cow<'a, [usize]>> {
        class_numbers(self).map(Cow::Owned)
    }
}

/// The class numbers of a row of them, or of one-hot columns.
fn class_numbers<F: Float>(y: &ArrayRef2<F>) -> Result<Vec<usize>> {
    if y.nrows() != 1 {
        return predicted_classes(y);
    }
    let number = |(column, y): (usize, &F)| {
        let value = y.as_f64();
        if value.fract() == 0.0 && (0.0..1e15).contains(&value) {
            return Ok(value as usize);
        }
        let position = Position::Entry { row: 0, column };
        let rule = "a class number, an integer from 0";
        Err(Error::InvalidValue { layer: None, operand: "labels", position, value, rule })
    };
    buffer::try_list("labels", y.ncols(), y.iter().enumerate().map(number))
}

/// Computes the accuracy, the share of examples whose label is predicted correctly.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// assert_eq!(accuracy(Actual(&["cat", "dog"]), Predicted(&["cat", "cat"]))?, 0.5);
/// let (y, predicted) = (array![[0.0, 1.0, 1.0, 0.0]], array![[0.0, 1.0, 0.0, 0.0]]);
/// assert_eq!(accuracy(Actual(&y), Predicted(&predicted))?, 0.75);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`] if the two differ in length, [`Error::EmptyBatch`] if they are empty;
/// the errors of [`Labels::labels`].
pub fn accuracy<'a, A, P>(actual: Actual<A>, predicted: Predicted<P>) -> Result<f64>
where
    A: Labels<'a>,
    P: Labels<'a, Label = A::Label>,
    A::Label: PartialEq,
{
    let (actual, predicted) = (actual.0.labels()?, predicted.0.labels()?);
    check_pair(actual.len(), predicted.len())?;
    let right = actual.iter().zip(predicted.iter()).filter(|(a, p)| a == p).count();
    Ok(right as f64 / actual.len() as f64)
}

/// The accuracy of the outputs `AL` (n_L, m) of a classifier for class numbers (1, m), without
/// allocation.
pub(crate) fn accuracy_of_outputs<F: Float>(
    al: &ArrayRef2<F>,
    numbers: &ArrayRef2<F>,
) -> Result<f64> {
    check_batch(Operand::of("AL", al))?;
    let examples = al.columns().into_iter().zip(numbers.row(0));
    let right = examples.filter(|(a, y)| predicted_class(*a) == y.as_f64() as usize).count();
    Ok(right as f64 / al.ncols() as f64)
}

/// A confusion matrix: how often each class is predicted as each class.
///
/// `{}` prints a table:
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let actual = ["benign", "benign", "malignant", "malignant", "malignant", "malignant"];
/// let predicted = ["benign", "malignant", "malignant", "malignant", "benign", "malignant"];
/// let matrix = ConfusionMatrix::new(Actual(&actual), Predicted(&predicted))?;
/// assert_eq!(matrix.precision(1)?, 0.75);
/// assert_eq!(matrix.recall(1)?, 0.75);
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
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ConfusionMatrix {
    counts: Array2<usize>,
    names: Vec<String>,
}

impl ConfusionMatrix {
    /// Counts the pairs of labels. The classes are the labels that occur, sorted, and their names are
    /// the labels as text.
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
    /// [`Error::LengthMismatch`] if the two differ in length, [`Error::EmptyBatch`] if they are
    /// empty, [`Error::TooLarge`] if the table does not fit in memory; the errors of
    /// [`Labels::labels`].
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

    /// Counts the pairs of labels, where the classes are given: also those that do not occur.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let (actual, predicted) = (Actual(&[0, 1]), Predicted(&[0, 0]));
    /// assert_eq!(ConfusionMatrix::with_classes(actual, predicted, &[0, 1, 2])?.counts().dim(), (3, 3));
    ///
    /// let error = ConfusionMatrix::with_classes(actual, predicted, &[0]).unwrap_err();
    /// assert_eq!(error.to_string(), "the label of example 1 is none of the 1 known classes");
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`new`](Self::new), and [`Error::UnknownLabel`] with the example if a label is
    /// none of the classes.
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

    /// Sets the names of the classes, from class 0 on.
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
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the counts (classes, classes): a row for each actual class, a column for each predicted
    /// class.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1]), Predicted(&[0, 1, 1]))?;
    /// assert_eq!(matrix.counts(), array![[1, 1], [0, 1]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn counts(&self) -> &Array2<usize> {
        &self.counts
    }

    /// Computes the accuracy, the share of examples on the diagonal.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1, 1]), Predicted(&[0, 1, 1, 1]))?;
    /// assert_eq!(matrix.accuracy(), 0.75);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn accuracy(&self) -> f64 {
        ratio(self.counts.diag().sum(), self.counts.sum())
    }

    /// Computes the precision of a class, `TP/(TP + FP)`; 0 if the class is never predicted.
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
    /// [`Error::NoSuchClass`] if the class is not below their number.
    pub fn precision(&self, class: usize) -> Result<f64> {
        let (right, predicted, _) = self.class_counts(class)?;
        Ok(ratio(right, predicted))
    }

    /// Computes the recall of a class, `TP/(TP + FN)`; 0 if the class has no example.
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
    /// [`Error::NoSuchClass`] if the class is not below their number.
    pub fn recall(&self, class: usize) -> Result<f64> {
        let (right, _, actual) = self.class_counts(class)?;
        Ok(ratio(right, actual))
    }

    /// Computes the F₁ score of a class, `2·TP/(2·TP + FP + FN)`; 0 if the class occurs in neither
    /// list.
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
    /// [`Error::NoSuchClass`] if the class is not below their number.
    pub fn f1(&self, class: usize) -> Result<f64> {
        let (right, predicted, actual) = self.class_counts(class)?;
        Ok(ratio(2 * right, predicted + actual))
    }

    /// Computes the mean of [`precision`](Self::precision) over all classes, including those that do
    /// not occur.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(Actual(&[0, 0, 1, 0]), Predicted(&[0, 1, 1, 1]))?;
    /// assert_eq!(matrix.macro_precision(), (1.0 + 1.0 / 3.0) / 2.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn macro_precision(&self) -> f64 {
        self.mean_over_classes(Self::precision)
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
        self.mean_over_classes(Self::recall)
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
        self.mean_over_classes(Self::f1)
    }

    /// The counts of a class: predicted correctly, predicted, and actual.
    fn class_counts(&self, class: usize) -> Result<(usize, usize, usize)> {
        let classes = self.counts.nrows();
        if class >= classes {
            return Err(Error::NoSuchClass { class, classes, example: None });
        }
        let (predicted, actual) = (self.counts.column(class).sum(), self.counts.row(class).sum());
        Ok((self.counts[[class, class]], predicted, actual))
    }

    fn mean_over_classes(&self, score: impl Fn(&Self, usize) -> Result<f64>) -> f64 {
        let classes = self.counts.nrows();
        let sum: f64 = (0..classes).filter_map(|class| score(self, class).ok()).sum();
        sum / classes as f64
    }
}

/// Names to the left, counts to the right of their columns, two spaces apart.
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

/// The width of a column with its name.
fn widest((column, name): (ArrayView1<usize>, &String)) -> usize {
    let digits = column.iter().map(|count| count.to_string().len());
    digits.fold(name.chars().count(), usize::max)
}

/// Computes the log loss, `-1/m Σ ln p`, where `p` is the predicted probability of the actual class;
/// in nats per example.
///
/// `probabilities` (classes, m), or one row (1, m) with the probability of class 1 of two. Each `p`
/// is clipped to [ε, 1 - ε] with the ε of the type, as in scikit-learn, so that a probability of 0
/// costs 36 in `f64` and 16 in `f32`. NaN gives NaN. The sums of the columns are not checked.
///
/// ```
/// use dnn_blocks::metrics::log_loss;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let softmax = array![[0.5, 0.2], [0.25, 0.7], [0.25, 0.1]];
/// let loss = log_loss(Actual(&[0, 1]), Predicted(&softmax))?;
/// assert!((loss - (0.5_f64.ln() + 0.7_f64.ln()) / -2.0).abs() < 1e-15);
/// let (y, sigmoid) = (array![[0.0, 1.0]], array![[0.25, 0.75]]);
/// assert_eq!(log_loss(Actual(&y), Predicted(&sigmoid))?, -0.75_f64.ln());
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`] if the number of labels is not that of the columns,
/// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `probabilities` are empty,
/// [`Error::NoSuchClass`] with the example if a label has no row (or, with one row, is not 0 or 1);
/// the errors of [`Labels::labels`].
pub fn log_loss<'a, F: Float>(
    actual: Actual<impl Labels<'a, Label = usize>>,
    probabilities: Predicted<&ArrayRef2<F>>,
) -> Result<f64> {
    let (labels, probabilities) = (actual.0.labels()?, probabilities.0);
    let operand = Operand::of("probabilities", probabilities);
    check_batch(operand)?;
    check_lengths(("labels", labels.len()), (operand.name, operand.shape.1))?;
    check_classes("labels", &labels, operand.shape.0.max(2))?;
    let epsilon = F::epsilon().as_f64();
    let cost = |(example, &label): (usize, &usize)| {
        let p = match (operand.shape.0, label) {
            (1, 0) => 1.0 - probabilities[[0, example]].as_f64(),
            (1, _) => probabilities[[0, example]].as_f64(),
            _ => probabilities[[label, example]].as_f64(),
        };
        -p.clamp(epsilon, 1.0 - epsilon).ln()
    };
    Ok(labels.iter().enumerate().map(cost).sum::<f64>() / labels.len() as f64)
}

/// Computes the coefficient of determination, `R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)²`, the mean over the outputs.
///
/// `actual`, `predicted` (outputs, m). 1 is perfect, 0 is no better than the mean of `actual`. An
/// output whose `actual` is constant, as with a single example, scores 1 if `predicted` is equal to
/// it, else 0, as in scikit-learn. NaN, and an infinity in `actual`, give NaN.
///
/// ```
/// use dnn_blocks::metrics::r2;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let (actual, predicted) = (array![[1.0, 2.0, 3.0]], array![[1.0, 2.0, 4.0]]);
/// assert_eq!(r2(Actual(&actual), Predicted(&predicted))?, 0.5);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if the two differ in shape, [`Error::EmptyBatch`] or
/// [`Error::ZeroSize`] if they are empty.
pub fn r2<F: Float>(
    actual: Actual<&ArrayRef2<F>>,
    predicted: Predicted<&ArrayRef2<F>>,
) -> Result<f64> {
    r2_of_matrices(actual.0, predicted.0)
}

pub(crate) fn r2_of_matrices<F: Float>(
    actual: &ArrayRef2<F>,
    predicted: &ArrayRef2<F>,
) -> Result<f64> {
    check_same_shape(Operand::of("predicted", predicted), Operand::of("actual", actual))?;
    check_batch(Operand::of("actual", actual))?;
    let outputs = predicted.rows().into_iter().zip(actual.rows());
    let sum: f64 = outputs.map(|(predicted, actual)| r2_of_row(predicted, actual)).sum();
    Ok(sum / actual.nrows() as f64)
}

/// Each difference is divided before it is squared, so that no square is too large or too small.
fn r2_of_row<F: Float>(predicted: ArrayView1<F>, actual: ArrayView1<F>) -> f64 {
    let MeanStd { mean, std_dev } = MeanStd::from_row(actual);
    let differences = || predicted.iter().zip(actual).map(|(p, a)| p.as_f64() - a.as_f64());
    if std_dev == 0.0 && !differences().any(f64::is_nan) {
        return if differences().all(|d| d == 0.0) { 1.0 } else { 0.0 };
    }
    let square = |d: f64| (d / std_dev).powi(2);
    let left: f64 = differences().map(square).sum();
    let all: f64 = actual.iter().map(|a| square(mean - a.as_f64())).sum();
    1.0 - left / all
}

/// `a/b`, and 0/0 is 0.
fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

fn check_pair(actual: usize, predicted: usize) -> Result<()> {
    check_lengths(("actual", actual), ("predicted", predicted))?;
    check_batch(Operand { name: "actual", shape: (1, actual) })
}
