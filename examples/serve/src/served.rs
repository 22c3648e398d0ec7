//! The served model, and its file.

use crate::label::Label;
use crate::model::{About, Model, Number};
use dnn_blocks::files::{ElementType, FileError, Kind, Summary};
use dnn_blocks::prelude::*;
use dnn_blocks_table::{Encoder, TableClassifier, TableRegressor};
use std::fmt::Display;
use std::path::Path;

/// A model of either element type.
#[derive(Debug)]
pub enum Served {
    Single(Model<f32>),
    Double(Model<f64>),
}

impl From<Model<f32>> for Served {
    fn from(model: Model<f32>) -> Self {
        Self::Single(model)
    }
}

impl From<Model<f64>> for Served {
    fn from(model: Model<f64>) -> Self {
        Self::Double(model)
    }
}

impl Served {
    /// Loads a file of a network, of a model, or of a model of tables. The file says which.
    pub fn load(path: &Path) -> Result<Self, String> {
        let in_file = |error: String| format!("{}: {error}", path.display());
        let summary = Summary::load(path).map_err(text).map_err(in_file)?;
        let served = match summary.element_type() {
            _ if Encoder::is_in(summary.metadata()) => table(path, summary.kind()).map(Self::from),
            ElementType::F32 => load::<f32>(path, summary.kind()).map(Self::from),
            ElementType::F64 => load::<f64>(path, summary.kind()).map(Self::from),
            other => Err(format!("weights of type {other:?} are not served")),
        };
        served.map_err(in_file)
    }

    /// Returns what a client must know.
    pub fn about(&self) -> &About {
        match self {
            Self::Single(model) => model.about(),
            Self::Double(model) => model.about(),
        }
    }
}

fn load<F: Number>(path: &Path, kind: Kind) -> Result<Model<F>, String> {
    match kind {
        Kind::Parameters => Model::network(&Parameters::load(path).map_err(text)?),
        Kind::Classifier => Model::classifier::<Label>(&Classifier::load(path).map_err(of_labels)?),
        Kind::MultiLabelClassifier => {
            Model::multi_label::<Label>(&MultiLabelClassifier::load(path).map_err(of_labels)?)
        }
        Kind::Regressor => Model::regressor(&Regressor::load(path).map_err(text)?),
        Kind::Checkpoint => Err("a checkpoint is not served: save the trained model".to_owned()),
        other => Err(format!("a {other} is not served")),
    }
}

fn table(path: &Path, kind: Kind) -> Result<Model<f32>, String> {
    match kind {
        Kind::Classifier => Model::table_classifier(&TableClassifier::load(path).map_err(text)?),
        Kind::Regressor => Model::table_regressor(&TableRegressor::load(path).map_err(text)?),
        other => Err(format!("a {other} with an encoder of tables is not served")),
    }
}

/// Names the types of labels that are served in place of [`Label`].
fn of_labels(error: FileError) -> String {
    match error {
        FileError::Type { name, found, .. } if found.is_empty() => {
            format!("{name} are not integers of 64 bits, texts or bools")
        }
        error => text(error),
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}
