//! Cross-validation and permutation importance of the models.

use crate::classifier::TableClassifier;
use crate::regressor::{TableRegressor, narrowed};
use crate::table::Table;
use dnn_blocks::Result;
use dnn_blocks::model::Examples;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::selection::{Estimator, Selectable, Tabular};

/// A table is the input of a cross-validation, in which each fold fits the encoder to its training
/// rows only.
impl Selectable for Table {
    type View<'a> = &'a Table;

    fn view(&self) -> &Table {
        self
    }

    fn count(table: &Table) -> usize {
        table.len()
    }

    fn select(table: &Table, rows: &[usize]) -> Result<Self> {
        Ok(table.select(rows)?)
    }
}

/// The features of a permutation importance are the columns of the table.
impl Tabular for Table {
    fn features(table: &Table) -> Vec<Option<String>> {
        table.columns().map(|column| Some(column.to_string())).collect()
    }

    fn set_feature(&mut self, column: usize, table: &Table, rows: &[usize]) -> Result<()> {
        self.columns[column] = table.columns[column].select(rows)?;
        Ok(())
    }
}

/// Each copy has the classes of all labels, unless classes are declared.
impl Estimator for TableClassifier {
    type Float = f32;
    type Input = Table;
    type Targets = Vec<String>;

    fn for_targets(&self, labels: &[String]) -> Result<Self> {
        Ok(self.with_model(self.model.for_targets(labels)?))
    }

    fn fit(&mut self, table: &Table, labels: &[String]) -> Result<()> {
        self.fit(table, labels)?;
        Ok(())
    }

    /// Predicts the probability of each class.
    fn outputs(&self, table: &Table) -> Result<Array2<f32>> {
        Ok(self.predict_proba(table)?.reversed_axes())
    }
}

impl Estimator for TableRegressor {
    type Float = f32;
    type Input = Table;
    type Targets = Vec<f64>;

    fn for_targets(&self, targets: &[f64]) -> Result<Self> {
        let y = narrowed(targets);
        Ok(self.with_model(self.model.for_targets(Examples::values(&y))?))
    }

    fn fit(&mut self, table: &Table, targets: &[f64]) -> Result<()> {
        self.fit(table, targets)?;
        Ok(())
    }

    fn outputs(&self, table: &Table) -> Result<Array2<f32>> {
        let x = self.encode(table)?;
        self.model.predict(Examples::columns(x.t()))
    }
}
