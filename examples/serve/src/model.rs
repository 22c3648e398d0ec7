//! The prediction of a model for a request: its network, scalers and names.

use crate::label::Label;
use crate::refusal::Refusal;
use crate::rows::{Columns, Row};
use dnn_blocks::error::Position;
use dnn_blocks::model::{PackedWeights, Predictor};
use dnn_blocks::ndarray::{Array2, ArrayView1, ArrayView2};
use dnn_blocks::prelude::*;
use dnn_blocks_table::{Encoder, TableClassifier, TableRegressor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The element type of a network: `f32` or `f64`.
pub trait Number: Float + Serialize + DeserializeOwned {}

impl Number for f32 {}
impl Number for f64 {}

/// The answer of `POST /predict`, with an entry for each example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer<F> {
    /// The class, and the probability of each class.
    Classes { classes: Vec<Label>, probabilities: Vec<Vec<F>> },
    /// The labels that the example has, and the probability of each label.
    Labels { labels: Vec<Vec<Label>>, probabilities: Vec<Vec<F>> },
    /// The targets of a regressor, or the outputs of a network that are not probabilities.
    Values { values: Vec<Vec<F>> },
}

/// The outputs of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outputs {
    /// The classes in the order of the probabilities.
    Classes(Vec<Label>),
    /// The labels of a multi-label model in the order of the probabilities.
    Labels(Vec<Label>),
    /// The number of values.
    Values(usize),
}

/// What a client must know about a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// The number of features of the network.
    pub features: usize,
    #[serde(flatten)]
    pub outputs: Outputs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_names: Option<Vec<String>>,
    /// The columns of a row. A model without columns takes examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
}

/// A model that several threads share.
#[derive(Debug)]
pub struct Model<F> {
    weights: PackedWeights<F>,
    scaler: Option<Standardizer<F>>,
    target_scaler: Option<Standardizer<F>>,
    about: About,
}

impl<F: Number> Model<F> {
    /// Serves a fitted classifier.
    pub fn classifier<L>(model: &Classifier<F, L>) -> Result<Self, String>
    where
        L: Ord + Clone + Into<Label>,
    {
        let classes = model.classes().iter().cloned().map(L::into).collect();
        let served = Self::new(model.parameters(), Outputs::Classes(classes))?;
        Ok(served.scaled(model.scaler()).named(model.feature_names()))
    }

    /// Serves a fitted multi-label classifier.
    pub fn multi_label<L>(model: &MultiLabelClassifier<F, L>) -> Result<Self, String>
    where
        L: Ord + Clone + Into<Label>,
    {
        let labels = model.labels().iter().cloned().map(L::into).collect();
        let served = Self::new(model.parameters(), Outputs::Labels(labels))?;
        Ok(served.scaled(model.scaler()).named(model.feature_names()))
    }

    /// Serves a fitted regressor.
    pub fn regressor(model: &Regressor<F>) -> Result<Self, String> {
        let outputs = model.parameters().map_or(0, outputs);
        let served = Self::new(model.parameters(), Outputs::Values(outputs))?;
        let served = Self { target_scaler: model.target_scaler().cloned(), ..served };
        Ok(served.scaled(model.scaler()).named(model.feature_names()))
    }

    /// Serves a network. If it ends in one sigmoid or in a softmax, its classes count from 0.
    pub fn network(parameters: &Parameters<F>) -> Result<Self, String> {
        let last = parameters.layers().last().map(|layer| layer.activation);
        let classes = |count| Outputs::Classes((0..count).map(Label::Integer).collect());
        let outputs = match (outputs(parameters), last) {
            (1, Some(Activation::Sigmoid)) => classes(2),
            (count, Some(Activation::Softmax)) if count > 1 => classes(count as i64),
            (count, _) => Outputs::Values(count),
        };
        Self::new(Some(parameters), outputs)
    }

    fn new(parameters: Option<&Parameters<F>>, outputs: Outputs) -> Result<Self, String> {
        let parameters = parameters.ok_or("the model is not fitted")?;
        let weights = PackedWeights::new(parameters).map_err(|error| error.to_string())?;
        let features = parameters.layers().first().map_or(0, |layer| layer.w.ncols());
        let about = About { features, outputs, feature_names: None, columns: None };
        Ok(Self { weights, scaler: None, target_scaler: None, about })
    }

    fn scaled(self, scaler: Option<&Standardizer<F>>) -> Self {
        Self { scaler: scaler.cloned(), ..self }
    }

    fn named(mut self, names: Option<&[String]>) -> Self {
        self.about.feature_names = names.map(<[String]>::to_vec);
        self
    }

    /// Returns what a client must know.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Creates a predictor for up to this many examples, for one thread or task.
    pub fn predictor(&self, examples: usize) -> dnn_blocks::Result<Predictor<'_, F>> {
        let predictor = Predictor::new(&self.weights, examples)?;
        let predictor = match &self.scaler {
            Some(scaler) => predictor.scaled(scaler)?,
            None => predictor,
        };
        Ok(match &self.target_scaler {
            Some(scaler) => predictor.target_scaled(scaler),
            None => predictor,
        })
    }

    /// Checks the examples and predicts with a [`Predictor`] of its own.
    pub fn answer(&self, examples: &[Vec<F>]) -> Result<Answer<F>, Refusal> {
        if self.about.columns.is_some() {
            return Err(Refusal::TakesRows);
        }
        self.predict(self.table(examples)?)
    }

    /// Encodes the rows of a table and predicts with a [`Predictor`] of its own.
    pub fn answer_rows(&self, rows: &[Row]) -> Result<Answer<F>, Refusal> {
        let columns = self.about.columns.as_ref().ok_or(Refusal::TakesExamples)?;
        self.predict(columns.encode(rows)?)
    }

    /// Converts the examples to a matrix (examples, features).
    ///
    /// Each must have the model's number of features, all finite.
    fn table(&self, examples: &[Vec<F>]) -> Result<Array2<F>, Refusal> {
        if examples.is_empty() {
            return Err(Refusal::Empty);
        }
        let expected = self.about.features;
        for (example, numbers) in examples.iter().enumerate() {
            if numbers.len() != expected {
                let found = numbers.len();
                return Err(Refusal::Features { example, expected, found });
            }
            if let Some(feature) = numbers.iter().position(|x| !x.is_finite()) {
                return Err(Refusal::Number { example, feature });
            }
        }
        Array2::from_shape_vec((examples.len(), expected), examples.concat())
            .map_err(Refusal::internal)
    }

    /// Predicts finite examples (examples, features).
    fn predict(&self, x: Array2<F>) -> Result<Answer<F>, Refusal> {
        let mut predictor = self.predictor(x.nrows()).map_err(Refusal::internal)?;
        self.named_outputs(predictor.outputs(x.t()).map_err(refused)?)
    }

    /// Converts outputs to an answer, unless one is not finite. A single output is the probability
    /// of the second class, or of the only label.
    fn named_outputs(&self, al: ArrayView2<'_, F>) -> Result<Answer<F>, Refusal> {
        let columns = || al.columns().into_iter();
        if let Some(example) = columns().position(|a| a.iter().any(|a| !a.is_finite())) {
            return Err(Refusal::NotFinite { example });
        }
        let numbers = || columns().map(|a| a.to_vec()).collect();
        Ok(match &self.about.outputs {
            Outputs::Classes(classes) => {
                let predicted = predicted_classes(&al).map_err(Refusal::internal)?;
                let probabilities = match al.nrows() {
                    1 => al.iter().map(|&a| vec![F::of(1.0) - a, a]).collect(),
                    _ => numbers(),
                };
                let classes = predicted.into_iter().map(|i| classes[i].clone()).collect();
                Answer::Classes { classes, probabilities }
            }
            Outputs::Labels(labels) => {
                let labels_of = |a: ArrayView1<'_, F>| {
                    let has = labels.iter().zip(a).filter(|(_, a)| **a > F::of(0.5));
                    has.map(|(label, _)| label.clone()).collect()
                };
                let labels = columns().map(labels_of).collect();
                Answer::Labels { labels, probabilities: numbers() }
            }
            Outputs::Values(_) => Answer::Values { values: numbers() },
        })
    }
}

impl Model<f32> {
    /// Serves a fitted classifier of tables.
    pub fn table_classifier(model: &TableClassifier) -> Result<Self, String> {
        let served = Self::classifier(model.model())?;
        Ok(served.encoded(model.encoder().map_err(|error| error.to_string())?))
    }

    /// Serves a fitted regressor of tables.
    pub fn table_regressor(model: &TableRegressor) -> Result<Self, String> {
        let served = Self::regressor(model.model())?;
        Ok(served.encoded(model.encoder().map_err(|error| error.to_string())?))
    }

    fn encoded(mut self, encoder: &Encoder) -> Self {
        self.about.columns = Some(Columns::new(encoder));
        self
    }
}

/// Returns the number of outputs of a network.
fn outputs<F: Float>(parameters: &Parameters<F>) -> usize {
    parameters.layers().last().map_or(0, |layer| layer.w.nrows())
}

/// Returns the refusal of finite examples that the predictor cannot compute. Before it scales
/// outputs to targets, it checks that they are finite.
fn refused(error: dnn_blocks::Error) -> Refusal {
    match error {
        dnn_blocks::Error::NotFinite {
            operand: "AL",
            position: Position::Entry { column: example, .. },
            ..
        } => Refusal::NotFinite { example },
        error => Refusal::internal(error),
    }
}

/// Fits a small classifier to noisy points around a center for each class.
pub fn synthetic(
    features: usize,
    hidden: &[usize],
    classes: usize,
) -> dnn_blocks::Result<Classifier<f32, i64>> {
    let mut rng = NumpyRandom::seed(1);
    let centres = Array2::from_shape_simple_fn((classes, features), || 2.0 * rng.randn());
    let labels: Vec<i64> = (0..300).map(|i| i % classes as i64).collect();
    let x = Array2::from_shape_fn((labels.len(), features), |(i, j)| {
        (10.0 + centres[[labels[i] as usize, j]] + rng.randn()) as f32
    });
    let hyperparameters = Hyperparameters::plain().hidden(hidden).batch_size(30).epochs(20).seed(1);
    let mut model = Classifier::new(hyperparameters);
    model.fit(Examples::rows(&x), &labels)?;
    Ok(model)
}
