use super::label_names::has_label;
use crate::buffer;
use crate::checks::check_classes;
use crate::error::{Operand, Position};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView1};
use std::collections::BTreeSet;

/// Returns one-hot columns for class numbers.
///
/// Each of the m `labels` is a class number from 0 to `classes - 1`. In the result `Y`, (classes,
/// m), column i has a 1 in row `labels[i]` and 0 elsewhere.
///
/// ```
/// use dnn_blocks::data::one_hot;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let y = one_hot::<f64>(&[1, 0, 2], 3)?;
/// assert_eq!(y, array![[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NoSuchClass`] with the example if a label is not below `classes`,
/// [`Error::EmptyBatch`] if `labels` is empty, [`Error::TooLarge`] if `Y` does not fit in memory.
#[doc(alias("convert_to_one_hot", "one_hot_matrix"))]
pub fn one_hot<F: Float>(labels: &[usize], classes: usize) -> Result<Array2<F>> {
    check_classes("labels", labels, classes)?;
    let mut y = buffer::zeros("Y", (classes, labels.len()))?;
    for (example, &label) in labels.iter().enumerate() {
        y[[label, example]] = F::one();
    }
    Ok(y)
}

/// Returns the predicted class of each example, given probabilities `AL` (n_L, m).
///
/// If `AL` has one row, as after a sigmoid, the class is 1 if the probability is above 0.5, else 0.
/// If `AL` has several rows, as after a softmax or in [`one_hot`] columns, the class is the row of
/// the largest number, or the first of several equal ones.
///
/// Each column is an example, but
/// [`Classifier::predict_proba`](crate::model::Classifier::predict_proba) of
/// [rows](crate::model::Examples::rows) returns one row for each example: pass its transpose,
/// `&probabilities.t()`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let softmax = array![[0.1, 0.4, 0.3], [0.7, 0.4, 0.3], [0.2, 0.2, 0.4]];
/// assert_eq!(predicted_classes(&softmax)?, [1, 0, 2]);
/// let sigmoid = array![[0.2, 0.5, 0.9]];
/// assert_eq!(predicted_classes(&sigmoid)?, [0, 0, 1]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NotFinite`] with the entry if a number is NaN, [`Error::ZeroSize`] if `AL` has no row,
/// [`Error::TooLarge`] if the classes do not fit in memory.
pub fn predicted_classes<F: Float>(al: &ArrayRef2<F>) -> Result<Vec<usize>> {
    predicted_classes_of("AL", al)
}

/// Computes [`predicted_classes`]; errors call the matrix `operand`.
#[inline(never)]
pub(crate) fn predicted_classes_of<F: Float>(
    operand: &'static str,
    al: &ArrayRef2<F>,
) -> Result<Vec<usize>> {
    let (outputs, m) = al.dim();
    if outputs == 0 {
        return Err(Error::ZeroSize { layer: None, operand: Operand::new(operand, al) });
    }
    let mut classes = buffer::list("classes", m, std::iter::repeat_n(0, m))?;
    for (example, class) in classes.iter_mut().enumerate() {
        let column = al.column(example);
        if let Some(row) = column.iter().position(|a| a.is_nan()) {
            let position = Position::Entry { row, column: example };
            return Err(Error::not_finite(operand, position, f64::NAN));
        }
        *class = predicted_class(column);
    }
    Ok(classes)
}

/// Returns the predicted class of one example. NaN never wins.
pub(crate) fn predicted_class<F: Float>(al: ArrayView1<'_, F>) -> usize {
    if al.len() == 1 {
        return usize::from(has_label(al[0]));
    }
    let (mut class, mut largest) = (0, F::neg_infinity());
    for (k, &a) in al.iter().enumerate() {
        if a > largest {
            (class, largest) = (k, a);
        }
    }
    class
}

/// The classes of a data set: its distinct labels, sorted. Class 0 is the smallest label.
///
/// ```
/// use dnn_blocks::data::Classes;
/// use dnn_blocks::prelude::*;
///
/// let classes = Classes::from_labels(&["cat", "dog", "cat", "ant"]);
/// assert_eq!(classes.names(), ["ant", "cat", "dog"]);
/// assert_eq!(classes.encode(&["dog", "ant"])?, [2, 0]);
/// assert_eq!(classes.decode(&[2, 0])?, ["dog", "ant"]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Classes<L> {
    names: Vec<L>,
}

impl<L: Ord + Clone> Classes<L> {
    /// Collects the classes that occur in `labels`.
    ///
    /// ```
    /// # use dnn_blocks::data::Classes;
    /// # use dnn_blocks::prelude::*;
    /// assert_eq!(Classes::from_labels(&[7, -1, 7]).names(), [-1, 7]);
    /// ```
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a L>) -> Self
    where
        L: 'a,
    {
        let mut distinct = BTreeSet::new();
        distinct.extend(labels); // `BTreeSet::from_iter` would list all labels first
        Self { names: distinct.into_iter().cloned().collect() }
    }

    /// Returns the labels of the classes, sorted; class `c` is `names()[c]`.
    ///
    /// ```
    /// # use dnn_blocks::data::{Classes, one_hot};
    /// # use dnn_blocks::prelude::*;
    /// let classes = Classes::from_labels(&["b", "a"]);
    /// assert_eq!(classes.names().len(), 2); // the classes of `one_hot`
    /// ```
    #[must_use]
    pub fn names(&self) -> &[L] {
        &self.names
    }

    /// Encodes each label as the number of its class.
    ///
    /// ```
    /// # use dnn_blocks::data::Classes;
    /// # use dnn_blocks::prelude::*;
    /// let error = Classes::from_labels(&["a", "b"]).encode(&["b", "c"]).unwrap_err();
    /// assert_eq!(error.to_string(), "the label of example 1 is none of the 2 known labels");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLabel`] with the example if a label is not one of the classes,
    /// [`Error::TooLarge`] if the numbers do not fit in memory.
    pub fn encode(&self, labels: &[L]) -> Result<Vec<usize>> {
        let class = |(example, label)| {
            let unknown = Error::UnknownLabel { example, classes: self.names.len() };
            self.number(label).ok_or(unknown)
        };
        buffer::try_list("classes", labels.len(), labels.iter().enumerate().map(class))
    }

    /// Returns the class number of a label.
    pub(crate) fn number(&self, label: &L) -> Option<usize> {
        self.names.binary_search(label).ok()
    }

    /// Decodes each class number to its label.
    ///
    /// ```
    /// # use dnn_blocks::data::Classes;
    /// # use dnn_blocks::prelude::*;
    /// let error = Classes::from_labels(&["a", "b"]).decode(&[0, 2]).unwrap_err();
    /// assert_eq!(error.to_string(), "example 1 is of class 2, but the classes are 0 to 1");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchClass`] with the example if a number is not below the number of classes,
    /// [`Error::TooLarge`] if the labels do not fit in memory.
    pub fn decode(&self, classes: &[usize]) -> Result<Vec<L>> {
        let name = |(example, &class): (usize, &usize)| {
            let classes = self.names.len();
            let unknown = Error::NoSuchClass { class, classes, example: Some(example) };
            self.names.get(class).cloned().ok_or(unknown)
        };
        buffer::try_list("labels", classes.len(), classes.iter().enumerate().map(name))
    }
}
