use super::confusion_matrix::ConfusionMatrix;
use super::labels::{Actual, Predicted};
use super::weights::{MaybeWeighted, Weights};
#[cfg(doc)]
use crate::Error;
use crate::buffer;
use crate::checks::{check_batch, check_each, check_same_shape};
use crate::data::has_label;
use crate::error::{Operand, Position};
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2};

/// Computes the subset accuracy, the share of examples whose labels are all predicted correctly.
///
/// `actual` and `predicted` are tables (labels, examples) of 0 and 1.
///
/// ```
/// use dnn_blocks::metrics::subset_accuracy;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let actual = array![[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]];
/// let predicted = array![[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]];
/// assert_eq!(subset_accuracy(Actual(&actual), Predicted(&predicted))?, 0.5);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] if the tables differ in shape, [`Error::EmptyBatch`] or
/// [`Error::ZeroSize`] if they are empty, [`Error::InvalidValue`] with label and example if an
/// entry is not 0 or 1; the errors of [`accuracy`](super::accuracy) for the weights.
///
/// Source: Tsoumakas and Katakis (2007), *Multi-label classification: an overview*.
pub fn subset_accuracy<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<f64> {
    mean_over_examples(actual, predicted, |wrong, _| if wrong == 0 { 1.0 } else { 0.0 })
}

/// Computes the Hamming loss, the share of wrong entries in a table of predicted labels.
///
/// `actual` and `predicted` are tables (labels, examples) of 0 and 1. 0 is perfect.
///
/// ```
/// use dnn_blocks::metrics::hamming_loss;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let actual = array![[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]];
/// let predicted = array![[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]];
/// assert_eq!(hamming_loss(Actual(&actual), Predicted(&predicted))?, 0.25);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`subset_accuracy`].
///
/// Source: Schapire and Singer (1999), *Improved boosting algorithms using confidence-rated
/// predictions*.
pub fn hamming_loss<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
) -> Result<f64> {
    mean_over_examples(actual, predicted, |wrong, labels| wrong as f64 / labels as f64)
}

/// Computes the mean of a figure of each example, given its wrong labels and all labels.
fn mean_over_examples<'a, F: Float>(
    actual: impl MaybeWeighted<Values: Into<ArrayView2<'a, F>>>,
    predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
    figure: impl Fn(usize, usize) -> f64,
) -> Result<f64> {
    let (actual, weights) = actual.into_parts()?;
    let (actual, predicted) = (actual.into(), predicted.0.into());
    check_tables(&actual, &predicted)?;
    let weights = Weights::new(weights, actual.ncols())?;
    let examples = actual.columns().into_iter().zip(predicted.columns());
    Ok(weights.mean(examples.map(|(actual, predicted)| {
        let wrong = actual.iter().zip(predicted).filter(|(a, p)| a != p).count();
        figure(wrong, actual.len())
    })))
}

fn check_tables<F: Float>(actual: &ArrayRef2<F>, predicted: &ArrayRef2<F>) -> Result<()> {
    check_same_shape(Operand::new("predicted", predicted), Operand::new("actual", actual))?;
    check_batch(Operand::new("actual", actual))?;
    check_zeros_and_ones("actual", actual)?;
    check_zeros_and_ones("predicted", predicted)
}

/// Checks that a table (labels, examples) holds only 0 and 1.
pub(crate) fn check_zeros_and_ones<F: Float>(
    operand: &'static str,
    table: &ArrayRef2<F>,
) -> Result<()> {
    let position = |label, example| Position::Label { label, example };
    let is_zero_or_one = |y: F| y == F::zero() || y == F::one();
    check_each(operand, table, position, ("0 or 1", is_zero_or_one))
}

/// Computes the subset accuracy of probabilities `AL` (labels, m) for labels `Y`, without
/// allocation.
pub(crate) fn subset_accuracy_of_outputs<F: Float>(
    al: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
) -> Result<f64> {
    check_batch(Operand::new("AL", al))?;
    let examples = al.columns().into_iter().zip(y.columns());
    let is_correct = |(al, y): &(ArrayView1<'_, F>, ArrayView1<'_, F>)| {
        al.iter().zip(y).all(|(a, y)| has_label(*a) == (*y == F::one()))
    };
    Ok(examples.filter(is_correct).count() as f64 / al.ncols() as f64)
}

/// A confusion matrix for each label: examples without and with the label, actual and predicted.
///
/// The classes of each [`ConfusionMatrix`] are `"0"`, examples without the label, and `"1"`,
/// examples with it. So `precision(1)`, `recall(1)` and `f1(1)` are the figures of the label.
///
/// ```
/// use dnn_blocks::metrics::MultiLabelConfusion;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let actual = array![[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]];
/// let predicted = array![[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]];
/// let confusion = MultiLabelConfusion::new(Actual(&actual), Predicted(&predicted))?;
/// let second = &confusion.matrices()[1];
/// assert_eq!(second.counts(), array![[2, 0], [1, 1]]);
/// assert_eq!((second.precision(1)?, second.recall(1)?), (1.0, 0.5));
/// assert_eq!(confusion.micro_f1(), 0.75);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiLabelConfusion {
    labels: Vec<ConfusionMatrix>,
}

impl MultiLabelConfusion {
    /// Counts the entries of tables (labels, examples) of 0 and 1.
    ///
    /// # Errors
    ///
    /// The errors of [`subset_accuracy`], except for weights.
    pub fn new<'a, F: Float>(
        actual: Actual<impl Into<ArrayView2<'a, F>>>,
        predicted: Predicted<impl Into<ArrayView2<'a, F>>>,
    ) -> Result<Self> {
        let (actual, predicted) = (actual.0.into(), predicted.0.into());
        check_tables(&actual, &predicted)?;
        let labels = actual.rows().into_iter().zip(predicted.rows());
        let matrix = |(actual, predicted): (ArrayView1<'_, F>, ArrayView1<'_, F>)| {
            let mut counts = buffer::counts("counts", (2, 2))?;
            let entry = |y: &F| usize::from(*y == F::one());
            actual.iter().zip(predicted).for_each(|(a, p)| counts[[entry(a), entry(p)]] += 1);
            Ok(ConfusionMatrix::of_label(counts))
        };
        Ok(Self { labels: buffer::try_list("counts", actual.nrows(), labels.map(matrix))? })
    }

    /// Returns the confusion matrix of each label.
    #[must_use]
    pub fn matrices(&self) -> &[ConfusionMatrix] {
        &self.labels
    }

    /// Returns the sum of the matrices of all labels, whose precision, recall and F₁ score of class
    /// 1 are the micro averages.
    ///
    /// ```
    /// # use dnn_blocks::{metrics::MultiLabelConfusion, ndarray::array, prelude::*};
    /// let (actual, predicted) = (array![[1.0, 0.0], [1.0, 1.0]], array![[1.0, 1.0], [1.0, 0.0]]);
    /// let confusion = MultiLabelConfusion::new(Actual(&actual), Predicted(&predicted))?;
    /// assert_eq!(confusion.sum().counts(), array![[0, 1], [1, 2]]);
    /// assert_eq!(confusion.sum().precision(1)?, 2.0 / 3.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn sum(&self) -> ConfusionMatrix {
        let mut total = Array2::zeros((2, 2));
        self.labels.iter().for_each(|matrix| total += matrix.counts());
        ConfusionMatrix::of_label(total)
    }

    /// Computes the mean of the F₁ scores of the labels. The score of a label that is neither
    /// actual nor predicted is 0.
    ///
    /// ```
    /// # use dnn_blocks::{metrics::MultiLabelConfusion, ndarray::array, prelude::*};
    /// let (actual, predicted) = (array![[1.0, 0.0], [0.0, 0.0]], array![[1.0, 1.0], [0.0, 0.0]]);
    /// let confusion = MultiLabelConfusion::new(Actual(&actual), Predicted(&predicted))?;
    /// assert_eq!(confusion.macro_f1(), (2.0 / 3.0 + 0.0) / 2.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let sum: f64 = self.labels.iter().map(ConfusionMatrix::f1_of_label).sum();
        sum / self.labels.len() as f64
    }

    /// Computes the F₁ score of all entries of the tables, `2·TP/(2·TP + FP + FN)`.
    #[must_use]
    pub fn micro_f1(&self) -> f64 {
        self.sum().f1_of_label()
    }
}
