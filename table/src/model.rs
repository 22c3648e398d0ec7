//! A model with its encoder.

use crate::column::finite;
use crate::encoder::Encoder;
use crate::error::Result;
use crate::number::check_precision;
use crate::schema::{Kind, Schema};
use crate::stored::{from_entries, to_entries};
use crate::table::Table;
use dnn_blocks::files::{self, Limits};
use dnn_blocks::model::{Classifier, Examples, History, Hyperparameters, Regressor};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::{Error, Result as CoreResult};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A model of the core with an [`Encoder`]: [`TableClassifier`](crate::TableClassifier) or
/// [`TableRegressor`](crate::TableRegressor).
///
/// A fit learns both from the same rows, and a file has both.
#[derive(Debug, Clone)]
pub struct TableModel<M> {
    schema: Schema,
    pub(crate) model: M,
    encoder: Option<Encoder>,
}

/// The models of the core that take one matrix of features.
///
/// The trait is sealed: it is in a private module.
pub trait Inner: Clone + Sized {
    /// Creates an unfitted model.
    fn new(hyperparameters: Hyperparameters) -> Self;
    /// Returns the hyperparameters.
    fn hyperparameters(&self) -> &Hyperparameters;
    /// Returns the names of the features.
    fn feature_names(&self) -> Option<&[String]>;
    /// Returns the texts that are stored with the network.
    fn metadata(&self) -> &BTreeMap<String, String>;
    /// Replaces the texts that are stored with the network.
    fn set_metadata(&mut self, metadata: BTreeMap<String, String>) -> CoreResult<()>;
    /// Writes a file.
    fn save(&self, path: &Path) -> files::Result<()>;
    /// Returns the bytes of a file.
    fn to_safetensors(&self) -> files::Result<Vec<u8>>;
    /// Reads a file.
    fn load_with(path: &Path, limits: &Limits) -> files::Result<Self>;
    /// Reads the bytes of a file.
    fn from_safetensors(file: &[u8], limits: &Limits) -> files::Result<Self>;
}

macro_rules! inner {
    ($($model:ty),*) => {$(
        impl Inner for $model {
            fn new(hyperparameters: Hyperparameters) -> Self {
                Self::new(hyperparameters)
            }
            fn hyperparameters(&self) -> &Hyperparameters {
                self.hyperparameters()
            }
            fn feature_names(&self) -> Option<&[String]> {
                self.feature_names()
            }
            fn metadata(&self) -> &BTreeMap<String, String> {
                self.metadata()
            }
            fn set_metadata(&mut self, metadata: BTreeMap<String, String>) -> CoreResult<()> {
                self.set_metadata(metadata)
            }
            fn save(&self, path: &Path) -> files::Result<()> {
                self.save(path)
            }
            fn to_safetensors(&self) -> files::Result<Vec<u8>> {
                self.to_safetensors()
            }
            fn load_with(path: &Path, limits: &Limits) -> files::Result<Self> {
                Self::load_with(path, limits)
            }
            fn from_safetensors(file: &[u8], limits: &Limits) -> files::Result<Self> {
                Self::from_safetensors(file, limits)
            }
        }
    )*};
}

inner!(Classifier<f32, String>, Regressor<f32>);

impl<M: Inner> TableModel<M> {
    /// Creates an unfitted model.
    ///
    /// With [`Schema::auto`], each fit guesses the columns from its training rows. Features with
    /// the same value in every row are accepted
    /// ([`constant_features`](Hyperparameters#structfield.constant_features) is set), because a
    /// category of the table may not occur in a part of it.
    #[must_use]
    pub fn new(schema: Schema, hyperparameters: Hyperparameters) -> Self {
        Self { schema, model: M::new(hyperparameters.constant_features(true)), encoder: None }
    }

    /// Returns the schema of the next fit. A model from a file has the [schema of its
    /// encoder](Encoder::schema).
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the hyperparameters.
    #[must_use]
    pub fn hyperparameters(&self) -> &Hyperparameters {
        self.model.hyperparameters()
    }

    /// Returns the fitted encoder.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`].
    pub fn encoder(&self) -> Result<&Encoder> {
        Ok(self.encoder.as_ref().ok_or(Error::NotFitted)?)
    }

    /// Returns the model of the core. The encoder computes its features.
    ///
    /// Use it for `predict_log_proba`, a predictor or an ONNX graph.
    #[must_use]
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Writes model and encoder to one safetensors file.
    ///
    /// The model of the core reads it too, without the encoder, which is in its
    /// [`metadata`](Classifier::metadata).
    ///
    /// # Errors
    ///
    /// [`TableError::File`](crate::TableError::File) with the errors of [`Classifier::save`]:
    /// [`Error::NotFitted`], or [`TooLarge`](files::FileError::TooLarge) if the values of a column
    /// have more than 64 KiB.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(self.model.save(path.as_ref())?)
    }

    /// Returns the file of [`save`](Self::save) in memory.
    ///
    /// # Errors
    ///
    /// The errors of [`save`](Self::save).
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        Ok(self.model.to_safetensors()?)
    }

    /// Reads a file of [`save`](Self::save) with the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`TableError::Encoder`](crate::TableError::Encoder) if the file has no encoder, or one that
    /// does not fit the network; [`TableError::File`](crate::TableError::File) with the errors of
    /// [`Classifier::load`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, &Limits::default())
    }

    /// Reads a file within `limits`; see [`load`](Self::load).
    ///
    /// # Errors
    ///
    /// The errors of [`load`](Self::load).
    pub fn load_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        Self::from_model(M::load_with(path.as_ref(), limits)?)
    }

    /// Reads a file in memory; see [`load`](Self::load).
    ///
    /// # Errors
    ///
    /// The errors of [`load`](Self::load).
    pub fn from_safetensors(file: &[u8], limits: &Limits) -> Result<Self> {
        Self::from_model(M::from_safetensors(file, limits)?)
    }

    fn from_model(model: M) -> Result<Self> {
        let encoder = from_entries(model.metadata(), model.feature_names())?;
        Ok(Self { schema: encoder.schema(), model, encoder: Some(encoder) })
    }

    /// Returns an unfitted copy with another model.
    pub(crate) fn with_model(&self, model: M) -> Self {
        Self { schema: self.schema.clone(), model, encoder: None }
    }

    /// Fits the encoder and then the model. An error changes nothing.
    pub(crate) fn fit_by(
        &mut self,
        table: &Table,
        fit: impl FnOnce(&mut M, Examples<'_, f32>) -> CoreResult<History>,
    ) -> Result<History> {
        self.train(new_encoder(table, &self.schema)?, table, fit)
    }

    /// Trains the model with the encoder that it has, or with a new one if it has none. An error
    /// changes nothing.
    pub(crate) fn continue_by(
        &mut self,
        table: &Table,
        fit: impl FnOnce(&mut M, Examples<'_, f32>) -> CoreResult<History>,
    ) -> Result<History> {
        let encoder = match &self.encoder {
            Some(encoder) => encoder.clone(),
            None => new_encoder(table, &self.schema)?,
        };
        self.train(encoder, table, fit)
    }

    fn train(
        &mut self,
        encoder: Encoder,
        table: &Table,
        fit: impl FnOnce(&mut M, Examples<'_, f32>) -> CoreResult<History>,
    ) -> Result<History> {
        let x = encoder.encode(table)?;
        let entries = to_entries(&encoder)?;
        let mut model = self.model.clone();
        let history = fit(&mut model, Examples::rows(&x).feature_names(encoder.feature_names()))?;
        model.set_metadata(entries)?;
        (self.model, self.encoder) = (model, Some(encoder));
        Ok(history)
    }

    /// Computes the features of a table.
    pub(crate) fn encode(&self, table: &Table) -> Result<Array2<f32>> {
        self.encoder()?.encode(table)
    }

    /// Returns a table of one row.
    pub(crate) fn row(&self, row: &impl Serialize) -> Result<Table> {
        self.encoder()?.table(&[row])
    }
}

/// Fits an encoder whose numbers an f32 can tell apart.
fn new_encoder(table: &Table, schema: &Schema) -> Result<Encoder> {
    let encoder = Encoder::fit(table, schema)?;
    for (fitted, column) in encoder.columns.iter().zip(&table.columns) {
        if fitted.kind() == Kind::Number {
            check_precision(&fitted.name, column.iter().flatten().filter_map(finite))?;
        }
    }
    Ok(encoder)
}
