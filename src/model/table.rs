use super::feature_names::{FeatureNames, OwnedNames};
use crate::checks::{check_batch, check_finite_features};
use crate::error::Operand;
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView1, ArrayView2, Axis};

/// A table of examples, which are its rows or its columns, with optional names of the features.
///
/// The models do not guess which of the two they are, because a square table fits both.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let table = array![[5.1, 3.5, 1.4], [6.2, 2.9, 4.3]]; // two flowers, three measures
/// assert_eq!(Examples::rows(&table).len(), 2);
/// assert_eq!(Examples::columns(&table).len(), 3);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Examples<'a, F> {
    /// (features, examples)
    columns: ArrayView2<'a, F>,
    /// Whether the caller has the examples as rows.
    as_rows: bool,
    names: Option<FeatureNames<'a>>,
}

impl<'a, F: Float> Examples<'a, F> {
    /// Takes a table (examples, features), as in most files and in scikit-learn.
    pub fn rows(x: impl Into<ArrayView2<'a, F>>) -> Self {
        Self { columns: x.into().reversed_axes(), as_rows: true, names: None }
    }

    /// Takes a table (features, examples), as in the course and the rest of this crate.
    pub fn columns(x: impl Into<ArrayView2<'a, F>>) -> Self {
        Self { columns: x.into(), as_rows: false, names: None }
    }

    /// Takes one value for each example, such as the targets of a regressor with one output.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let prices = array![2.5, 3.1, 4.0];
    /// assert_eq!(Examples::values(&prices).len(), 3);
    /// ```
    pub fn values(y: impl Into<ArrayView1<'a, F>>) -> Self {
        Self::rows(y.into().insert_axis(Axis(1)))
    }

    /// Names the features.
    ///
    /// A model keeps the names of its fit. It uses them in errors and writes them to its files.
    /// Examples with other names are then an error; examples without names are accepted. A model
    /// without names accepts any names, and the next training with names sets them. Names of
    /// targets have no effect.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let x = array![[5.1, 3.5], [4.9, 3.0], [6.2, 2.9], [6.6, 2.8]];
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(4).epochs(5);
    /// let mut model = Classifier::<f64, &str>::new(hyperparameters);
    /// let examples = Examples::rows(&x).feature_names(&["sepal length", "sepal width"]);
    /// model.fit(examples, &["setosa", "setosa", "virginica", "virginica"])?;
    /// assert_eq!(model.feature_names().unwrap()[1], "sepal width");
    ///
    /// let other = Examples::rows(&x).feature_names(&["sepal length", "petal width"]);
    /// assert_eq!(
    ///     model.predict(other).unwrap_err().to_string(),
    ///     r#"feature 1 is named "petal width", but the model was fitted with "sepal width""#
    /// );
    /// let error = model.predict(Examples::rows(&array![[5.0, f64::NAN]])).unwrap_err();
    /// assert_eq!(error.to_string(), "X[feature 1 (sepal width), example 0] is NaN");
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn feature_names<'b>(self, names: impl Into<FeatureNames<'b>>) -> Examples<'b, F>
    where
        'a: 'b,
    {
        Examples { columns: self.columns.reborrow(), names: Some(names.into()), ..self }
    }

    /// Returns the number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_columns().ncols()
    }

    /// Returns whether there are no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the table as (features, examples), without a copy.
    #[must_use]
    pub fn as_columns(&self) -> ArrayView2<'a, F> {
        self.columns
    }

    pub(crate) fn names(&self) -> Option<FeatureNames<'a>> {
        self.names
    }

    /// Copies the names for a new model, if they are valid.
    pub(crate) fn owned_names(&self) -> Result<Option<OwnedNames>> {
        self.names.map(|names| names.owned(self.columns.nrows())).transpose()
    }

    /// Returns the same examples, as columns.
    pub(crate) fn into_columns(self) -> Self {
        Self { as_rows: false, ..self }
    }

    /// Returns whether the caller has the examples as rows.
    pub(crate) fn is_rows(&self) -> bool {
        self.as_rows
    }

    /// Returns a matrix (outputs, examples) in the orientation of this table.
    pub(super) fn oriented(&self, outputs: Array2<F>) -> Array2<F> {
        if self.as_rows { outputs.reversed_axes() } else { outputs }
    }
}

/// Checks that a table (features, examples) is not empty, and that all numbers are finite.
pub(crate) fn check_table<F: Float>(name: &'static str, x: &ArrayRef2<F>) -> Result<()> {
    check_batch(Operand::new(name, x))?;
    check_finite_features(name, x)
}
