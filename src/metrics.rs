//! How good predictions are, apart from the cost that was minimised.
//!
//! ```math
//! \text{precision} = \frac{TP}{TP + FP} \qquad \text{recall} = \frac{TP}{TP + FN} \qquad
//! F_1 = \frac{2\,TP}{2\,TP + FP + FN}
//! ```
//!
//! Labels are classes counted from 0, `&[usize]`, one for each example; the arguments are what was
//! predicted, then what is so. Results are `f64` whatever the type of the network.
//!
//! Source: C. van Rijsbergen, *Information Retrieval* (1979); the conventions at 0/0 and the
//! bounds are those of scikit-learn (Pedregosa et al. 2011).

use crate::buffer;
use crate::error::{Operand, check_batch, check_labels, check_lengths, check_same_shape};
use crate::data::Moments;
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView1};
use std::fmt;

/// The share of examples whose label is right.
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// assert_eq!(accuracy(&[0, 1, 2, 2], &[0, 1, 1, 2])?, 0.75);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`] if there are not as many labels in one list as in the other,
/// [`Error::EmptyBatch`] if there are none.
pub fn accuracy(predicted: &[usize], actual: &[usize]) -> Result<f64> {
    check_pair(predicted.len(), actual.len())?;
    let right = predicted.iter().zip(actual).filter(|(p, a)| p == a).count();
    Ok(right as f64 / actual.len() as f64)
}

/// How often which class is taken for which.
///
/// Printed, it is a table:
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let (predicted, actual) = ([0, 1, 1, 1, 0, 1], [0, 0, 1, 1, 1, 1]);
/// let matrix = ConfusionMatrix::new(&predicted, &actual, 2)?.with_names(["benign", "malignant"])?;
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
pub struct ConfusionMatrix {
    counts: Array2<usize>,
    names: Vec<String>,
}

impl ConfusionMatrix {
    /// Counts the pairs of labels; the classes are 0 to `classes` - 1.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let error = ConfusionMatrix::new(&[0, 1], &[0, 2], 2).unwrap_err();
    /// assert_eq!(error.to_string(), "example 1 is of class 2, but the classes are 0 to 1");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if there are not as many labels in one list as in the other,
    /// [`Error::EmptyBatch`] if there are none, [`Error::Label`] with the example if one is not
    /// below `classes`, [`Error::TooLarge`] if the table does not fit in memory.
    pub fn new(predicted: &[usize], actual: &[usize], classes: usize) -> Result<Self> {
        check_pair(predicted.len(), actual.len())?;
        check_labels("predicted", predicted, classes)?;
        check_labels("actual", actual, classes)?;
        let mut counts = buffer::counts("counts", (classes, classes))?;
        predicted.iter().zip(actual).for_each(|(&p, &a)| counts[[a, p]] += 1);
        Ok(Self { counts, names: (0..classes).map(|class| class.to_string()).collect() })
    }

    /// The same with names for the classes, from class 0 on, to be printed.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(&[0], &[1], 2)?.with_names(["cat", "dog"])?;
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

    /// The names of the classes: their numbers, unless they were [given](Self::with_names).
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// assert_eq!(ConfusionMatrix::new(&[0], &[1], 2)?.names(), ["0", "1"]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The table (classes, classes): one row for each actual class, one column for each predicted
    /// one.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let matrix = ConfusionMatrix::new(&[0, 1, 1], &[0, 0, 1], 2)?;
    /// assert_eq!(matrix.counts(), array![[1, 1], [0, 1]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn counts(&self) -> &Array2<usize> {
        &self.counts
    }

    /// The share of examples on the diagonal.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// assert_eq!(ConfusionMatrix::new(&[0, 1, 1, 1], &[0, 0, 1, 1], 2)?.accuracy(), 0.75);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn accuracy(&self) -> f64 {
        ratio(self.counts.diag().sum(), self.counts.sum())
    }

    /// Of the examples taken for this class, the share that is: `TP/(TP + FP)`; 0 if none was
    /// taken for it.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(&[0, 1, 1, 1], &[0, 0, 0, 1], 3)?;
    /// assert_eq!([matrix.precision(0)?, matrix.precision(2)?], [1.0, 0.0]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchClass`] if the class is not below their number.
    pub fn precision(&self, class: usize) -> Result<f64> {
        let (right, taken, _) = self.of_class(class)?;
        Ok(ratio(right, taken))
    }

    /// Of the examples of this class, the share that was found: `TP/(TP + FN)`; 0 if there is
    /// none.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(&[0, 1, 1, 1], &[0, 0, 1, 1], 3)?;
    /// assert_eq!([matrix.recall(0)?, matrix.recall(2)?], [0.5, 0.0]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchClass`] if the class is not below their number.
    pub fn recall(&self, class: usize) -> Result<f64> {
        let (right, _, are) = self.of_class(class)?;
        Ok(ratio(right, are))
    }

    /// The harmonic mean of precision and recall, `2·TP/(2·TP + FP + FN)`; 0 if the class occurs
    /// in neither list.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(&[0, 1, 1, 1, 0], &[0, 0, 1, 1, 1], 3)?;
    /// assert_eq!([matrix.f1(0)?, matrix.f1(2)?], [0.5, 0.0]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchClass`] if the class is not below their number.
    pub fn f1(&self, class: usize) -> Result<f64> {
        let (right, taken, are) = self.of_class(class)?;
        Ok(ratio(2 * right, taken + are))
    }

    /// The mean of [`precision`](Self::precision) over all classes, each counting the same, those
    /// that never occur too.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(&[0, 1, 1, 1], &[0, 0, 1, 0], 2)?;
    /// assert_eq!(matrix.macro_precision(), (1.0 + 1.0 / 3.0) / 2.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn macro_precision(&self) -> f64 {
        self.mean_over_classes(Self::precision)
    }

    /// The mean of [`recall`](Self::recall) over all classes, each counting the same.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(&[0, 1, 1, 1], &[0, 0, 1, 1], 2)?;
    /// assert_eq!(matrix.macro_recall(), 0.75);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn macro_recall(&self) -> f64 {
        self.mean_over_classes(Self::recall)
    }

    /// The mean of [`f1`](Self::f1) over all classes, each counting the same.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let matrix = ConfusionMatrix::new(&[0, 1, 0, 1], &[0, 0, 1, 1], 2)?;
    /// assert_eq!(matrix.macro_f1(), 0.5);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn macro_f1(&self) -> f64 {
        self.mean_over_classes(Self::f1)
    }

    /// Of a class: how many were right, taken for it, and of it.
    fn of_class(&self, class: usize) -> Result<(usize, usize, usize)> {
        let classes = self.counts.nrows();
        if class >= classes {
            return Err(Error::NoSuchClass { class, classes });
        }
        let (taken, are) = (self.counts.column(class).sum(), self.counts.row(class).sum());
        Ok((self.counts[[class, class]], taken, are))
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

/// How much room a column and its name need.
fn widest((column, name): (ArrayView1<usize>, &String)) -> usize {
    let digits = column.iter().map(|count| count.to_string().len());
    digits.fold(name.chars().count(), usize::max)
}

/// The cross-entropy of labels, `-1/m Σ ln p`, where `p` is the probability given to the label of
/// the example; in nats per example.
///
/// `probabilities` (classes, m), or one row (1, m), which is then the probability of class 1 of
/// two. Each `p` is kept in [ε, 1 - ε] with the ε of the type, as in scikit-learn, so that a
/// probability of 0 costs 36 in `f64` and 16 in `f32`. NaN gives NaN. That columns add up to 1 is
/// not checked.
///
/// ```
/// use dnn_blocks::metrics::log_loss;
/// use dnn_blocks::ndarray::array;
///
/// let loss = log_loss(&array![[0.5, 0.2], [0.25, 0.7], [0.25, 0.1]], &[0, 1])?;
/// assert!((loss - (0.5_f64.ln() + 0.7_f64.ln()) / -2.0).abs() < 1e-15);
/// assert_eq!(log_loss(&array![[0.25, 0.75]], &[0, 1])?, -0.75_f64.ln()); // after a sigmoid
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`] if there are not as many labels as columns, [`Error::EmptyBatch`] or
/// [`Error::ZeroSize`] if `probabilities` are empty, [`Error::Label`] with the example if a label
/// has no row (or, with one row, is not 0 or 1).
pub fn log_loss<F: Float>(probabilities: &ArrayRef2<F>, labels: &[usize]) -> Result<f64> {
    let operand = Operand::of("probabilities", probabilities);
    check_batch(operand)?;
    check_lengths(("labels", labels.len()), (operand.name, operand.shape.1))?;
    check_labels("labels", labels, operand.shape.0.max(2))?;
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

/// The coefficient of determination, `R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)²`, the mean over the outputs.
///
/// `predicted`, `actual` (outputs, m). 1 is perfect, 0 no better than the mean of `actual`. An
/// output whose `actual` is constant has no such mean to beat: 1 if `predicted` is equal to it,
/// else 0, as in scikit-learn (and so has a single example). NaN, and
/// an infinity in `actual`, give NaN.
///
/// ```
/// use dnn_blocks::metrics::r2;
/// use dnn_blocks::ndarray::array;
///
/// assert_eq!(r2(&array![[1.0, 2.0, 4.0]], &array![[1.0, 2.0, 3.0]])?, 0.5);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if the two differ in shape, [`Error::EmptyBatch`] or
/// [`Error::ZeroSize`] if they are empty.
pub fn r2<F: Float>(predicted: &ArrayRef2<F>, actual: &ArrayRef2<F>) -> Result<f64> {
    check_same_shape(Operand::of("predicted", predicted), Operand::of("actual", actual))?;
    check_batch(Operand::of("actual", actual))?;
    let outputs = predicted.rows().into_iter().zip(actual.rows());
    let sum: f64 = outputs.map(|(predicted, actual)| r2_of_row(predicted, actual)).sum();
    Ok(sum / actual.nrows() as f64)
}

/// Each difference is divided before it is squared, so that no square is too large or too small.
fn r2_of_row<F: Float>(predicted: ArrayView1<F>, actual: ArrayView1<F>) -> f64 {
    let Moments { mean, deviation } = Moments::of(actual);
    let differences = || predicted.iter().zip(actual).map(|(p, a)| p.as_f64() - a.as_f64());
    if deviation == 0.0 && !differences().any(f64::is_nan) {
        return if differences().all(|d| d == 0.0) { 1.0 } else { 0.0 };
    }
    let square = |d: f64| (d / deviation).powi(2);
    let left: f64 = differences().map(square).sum();
    let all: f64 = actual.iter().map(|a| square(mean - a.as_f64())).sum();
    1.0 - left / all
}

/// `a/b`, and 0/0 is 0.
fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

fn check_pair(predicted: usize, actual: usize) -> Result<()> {
    check_lengths(("predicted", predicted), ("actual", actual))?;
    check_batch(Operand { name: "actual", shape: (1, actual) })
}
