//! Regressors of tables.

use crate::error::Result;
use crate::model::TableModel;
use crate::number::check_precision;
use crate::table::Table;
use dnn_blocks::Error;
use dnn_blocks::model::{Examples, FitOptions, History, Regressor};
use dnn_blocks::ndarray::Array1;
use serde::Serialize;

/// A neural network regressor of the rows of a table, with one target.
///
/// ```
/// use dnn_blocks_table::dnn_blocks::prelude::*;
/// use dnn_blocks_table::{Schema, Table, TableRegressor};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Flat {
///     rooms: Option<u32>,
///     zip: u32,
/// }
///
/// let flats: Vec<Flat> =
///     (0..60).map(|i| Flat { rooms: Some(1 + i % 5), zip: 8001 + i % 2 }).collect();
/// let rent = |flat: &Flat| f64::from(400 * flat.rooms.unwrap() + 200 * (flat.zip % 2));
/// let rents: Vec<f64> = flats.iter().map(rent).collect();
/// let table = Table::from_rows(&flats)?;
/// let hyperparameters = Hyperparameters::default().hidden(&[16]).epochs(300).learning_rate(0.01);
/// let mut model = TableRegressor::new(Schema::auto().category("zip"), hyperparameters);
/// model.fit(&table, &rents)?;
/// assert!(model.score(&table, &rents)? > 0.95);
/// let rent = model.predict_row(&Flat { rooms: None, zip: 8002 })?; // 3 rooms, the median
/// assert!((1000.0..1400.0).contains(&rent));
/// # Ok::<(), dnn_blocks_table::TableError>(())
/// ```
pub type TableRegressor = TableModel<Regressor<f32>>;

impl TableModel<Regressor<f32>> {
    /// Fits encoder and model to the rows of a table and their targets.
    ///
    /// An error leaves the model unchanged.
    ///
    /// # Errors
    ///
    /// The errors of [`Encoder::fit`](crate::Encoder::fit);
    /// [`TableError::Model`](crate::TableError::Model) with the errors of [`Regressor::fit`], such
    /// as [`Error::NotFinite`] for a target that is too large for an `f32`.
    pub fn fit(&mut self, table: &Table, targets: &[f64]) -> Result<History> {
        self.fit_with(table, targets, FitOptions::new())
    }

    /// Fits with options, such as weights or callbacks.
    ///
    /// The encoder is fitted anew. A [warm start](FitOptions::warm_start) continues the network if
    /// the features have the same names as before.
    ///
    /// # Errors
    ///
    /// The errors of [`fit`](Self::fit), and of [`Regressor::fit_with`].
    pub fn fit_with(
        &mut self,
        table: &Table,
        targets: &[f64],
        options: FitOptions<'_, f32>,
    ) -> Result<History> {
        check_precision("targets", targets.iter().copied())?;
        let y = narrowed(targets);
        self.fit_by(table, |model, x| model.fit_with(x, Examples::values(&y), options))
    }

    /// Trains for one more epoch on these rows; see [`Regressor::partial_fit`].
    ///
    /// The encoder stays the one of the first call or of the last fit. An error leaves the model
    /// unchanged.
    ///
    /// # Errors
    ///
    /// The errors of [`Encoder::encode`](crate::Encoder::encode), in the first call also of
    /// [`Encoder::fit`](crate::Encoder::fit); [`TableError::Model`](crate::TableError::Model) with
    /// the errors of [`Regressor::partial_fit`].
    pub fn partial_fit(&mut self, table: &Table, targets: &[f64]) -> Result<History> {
        let y = narrowed(targets);
        self.continue_by(table, |model, x| model.partial_fit(x, Examples::values(&y)))
    }

    /// Predicts the target of each row.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`], the errors of [`Encoder::encode`](crate::Encoder::encode) and of
    /// [`Regressor::predict`].
    pub fn predict(&self, table: &Table) -> Result<Vec<f64>> {
        let targets = self.model.predict(Examples::rows(&self.encode(table)?))?;
        Ok(targets.iter().map(|&target| f64::from(target)).collect())
    }

    /// Predicts the target of one row, a struct or a map as in [`Table::from_rows`].
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
    pub fn predict_row(&self, row: &impl Serialize) -> Result<f64> {
        let target = self.predict(&self.row(row)?)?.pop();
        Ok(target.ok_or(Error::NotFitted)?)
    }

    /// Computes the coefficient of determination R².
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict) and of [`Regressor::score`].
    pub fn score(&self, table: &Table, targets: &[f64]) -> Result<f64> {
        let (x, y) = (self.encode(table)?, narrowed(targets));
        Ok(self.model.score(Examples::rows(&x), Examples::values(&y))?)
    }
}

/// Converts targets to the element type of the network.
pub(crate) fn narrowed(targets: &[f64]) -> Array1<f32> {
    targets.iter().map(|&target| target as f32).collect()
}
