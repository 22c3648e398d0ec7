//! Classifiers of tables.

use crate::error::Result;
use crate::model::TableModel;
use crate::table::Table;
use dnn_blocks::Error;
use dnn_blocks::model::{Classifier, Examples, FitOptions, History};
use dnn_blocks::ndarray::{Array1, Array2};
use serde::Serialize;

/// A neural network classifier of the rows of a table.
///
/// ```
/// use dnn_blocks_table::dnn_blocks::prelude::*;
/// use dnn_blocks_table::{Schema, Table, TableClassifier};
/// use std::collections::BTreeMap;
///
/// let mut csv = String::from("length,color,species\n");
/// for row in 0..60 {
///     let (length, color) = (row % 10, ["red", "blue", ""][row % 3]);
///     let species = if length > 4 && color != "red" { "sole" } else { "plaice" };
///     csv += &format!("{length},{color},{species}\n");
/// }
/// let mut table = Table::read_csv(csv.as_bytes())?;
/// let species = table.take_labels("species")?;
/// let hyperparameters = Hyperparameters::default().hidden(&[16]).batch_size(20).epochs(200);
/// let mut model = TableClassifier::new(Schema::auto(), hyperparameters);
/// model.fit(&table, &species)?;
/// println!("{}", model.encoder()?);
/// assert!(model.score(&table, &species)? > 0.95);
/// let fish = BTreeMap::from([("length", "9"), ("color", "blue")]);
/// assert_eq!(model.predict_row(&fish)?, "sole");
/// for (species, probability) in model.classes().iter().zip(model.predict_proba_row(&fish)?) {
///     println!("{species}: {probability:.2}"); // plaice first
/// }
/// # Ok::<(), dnn_blocks_table::TableError>(())
/// ```
pub type TableClassifier = TableModel<Classifier<f32, String>>;

impl TableModel<Classifier<f32, String>> {
    /// Declares the classes; see [`Classifier::with_classes`].
    #[must_use]
    pub fn with_classes(mut self, classes: &[impl AsRef<str>]) -> Self {
        self.model = self.model.with_classes(&owned(classes));
        self
    }

    /// Fits encoder and model to the rows of a table and their labels.
    ///
    /// An error leaves the model unchanged.
    ///
    /// # Errors
    ///
    /// The errors of [`Encoder::fit`](crate::Encoder::fit);
    /// [`TableError::Model`](crate::TableError::Model) with the errors of [`Classifier::fit`].
    pub fn fit(&mut self, table: &Table, labels: &[impl AsRef<str>]) -> Result<History> {
        self.fit_with(table, labels, FitOptions::new())
    }

    /// Fits with options, such as weights or callbacks.
    ///
    /// The encoder is fitted anew. A [warm start](FitOptions::warm_start) continues the network if
    /// the features have the same names as before.
    ///
    /// # Errors
    ///
    /// The errors of [`fit`](Self::fit), and of [`Classifier::fit_with`].
    pub fn fit_with(
        &mut self,
        table: &Table,
        labels: &[impl AsRef<str>],
        options: FitOptions<'_, f32>,
    ) -> Result<History> {
        self.fit_by(table, |model, x| model.fit_with(x, &owned(labels), options))
    }

    /// Trains for one more epoch on these rows; see [`Classifier::partial_fit`].
    ///
    /// The encoder stays the one of the first call or of the last fit. An error leaves the model
    /// unchanged.
    ///
    /// # Errors
    ///
    /// The errors of [`Encoder::encode`](crate::Encoder::encode), in the first call also of
    /// [`Encoder::fit`](crate::Encoder::fit); [`TableError::Model`](crate::TableError::Model) with
    /// the errors of [`Classifier::partial_fit`].
    pub fn partial_fit(&mut self, table: &Table, labels: &[impl AsRef<str>]) -> Result<History> {
        self.continue_by(table, |model, x| model.partial_fit(x, &owned(labels)))
    }

    /// Predicts the most probable class of each row.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`], the errors of [`Encoder::encode`](crate::Encoder::encode) and of
    /// [`Classifier::predict`].
    pub fn predict(&self, table: &Table) -> Result<Vec<String>> {
        Ok(self.model.predict(Examples::rows(&self.encode(table)?))?)
    }

    /// Predicts the probability of each class, (rows, classes).
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict).
    pub fn predict_proba(&self, table: &Table) -> Result<Array2<f32>> {
        Ok(self.model.predict_proba(Examples::rows(&self.encode(table)?))?)
    }

    /// Predicts the class of one row, a struct or a map as in [`Table::from_rows`].
    ///
    /// The row needs the columns of the training table, by name; ignored ones may be absent. A
    /// missing column or one more column is an error; a missing cell (`None` or `""`) is not. A
    /// category that the training table did not have is no error: the [`Encoder`](crate::Encoder)
    /// encodes it as a rare one. [`Encoder::categories`](crate::Encoder::categories) has the known
    /// ones.
    ///
    /// # Errors
    ///
    /// The errors of [`Table::from_rows`] and of [`predict`](Self::predict).
    pub fn predict_row(&self, row: &impl Serialize) -> Result<String> {
        let class = self.predict(&self.row(row)?)?.pop();
        Ok(class.ok_or(Error::NotFitted)?)
    }

    /// Predicts the probability of each class for one row; see [`predict_row`](Self::predict_row).
    ///
    /// The order is that of [`classes`](Self::classes).
    ///
    /// # Errors
    ///
    /// The errors of [`predict_row`](Self::predict_row).
    pub fn predict_proba_row(&self, row: &impl Serialize) -> Result<Array1<f32>> {
        Ok(self.predict_proba(&self.row(row)?)?.row(0).to_owned())
    }

    /// Computes the accuracy, the share of rows whose label is predicted correctly.
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict) and of [`Classifier::score`].
    pub fn score(&self, table: &Table, labels: &[impl AsRef<str>]) -> Result<f64> {
        Ok(self.model.score(Examples::rows(&self.encode(table)?), &owned(labels))?)
    }

    /// Returns the classes, in the order of [`predict_proba`](Self::predict_proba).
    #[must_use]
    pub fn classes(&self) -> &[String] {
        self.model.classes()
    }
}

fn owned(labels: &[impl AsRef<str>]) -> Vec<String> {
    labels.iter().map(|label| label.as_ref().to_string()).collect()
}
