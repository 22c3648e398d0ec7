//! The served model: a classifier or a multi-label classifier with its scaler and labels, or a
//! network alone.

use crate::refusal::Refusal;
use dnn_blocks::files::FileError;
use dnn_blocks::model::{PackedWeights, Predictor};
use dnn_blocks::ndarray::{Array2, ArrayView2};
use dnn_blocks::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The answer of `POST /predict`: the prediction for each example, and its probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    #[serde(flatten)]
    pub prediction: Prediction,
    /// (examples, classes or labels), in the order of [`Served::names`].
    pub probabilities: Vec<Vec<f32>>,
}

/// A class for each example, or the labels of each example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    Classes(Vec<i64>),
    Labels(Vec<Vec<i64>>),
}

/// The classes of a model, or the labels of a multi-label model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    Classes(Vec<i64>),
    Labels(Vec<i64>),
}

/// A model that several threads share.
#[derive(Debug)]
pub struct Served {
    weights: PackedWeights<f32>,
    scaler: Option<Standardizer<f32>>,
    names: Names,
    features: usize,
    feature_names: Option<Vec<String>>,
}

impl Served {
    /// Serves a fitted classifier.
    pub fn classifier(model: Classifier<f32, i64>) -> Result<Self, String> {
        let parameters = model.parameters().ok_or("the classifier is not fitted")?;
        let feature_names = model.feature_names().map(<[String]>::to_vec);
        let names = Names::Classes(model.classes().to_vec());
        let served = Self::new(parameters, model.scaler().cloned(), names)?;
        Ok(Self { feature_names, ..served })
    }

    /// Serves a fitted multi-label classifier.
    pub fn multi_label(model: MultiLabelClassifier<f32, i64>) -> Result<Self, String> {
        let parameters = model.parameters().ok_or("the classifier is not fitted")?;
        let feature_names = model.feature_names().map(<[String]>::to_vec);
        let names = Names::Labels(model.labels().to_vec());
        let served = Self::new(parameters, model.scaler().cloned(), names)?;
        Ok(Self { feature_names, ..served })
    }

    /// Serves a network that ends in one sigmoid or in a softmax. Classes count from 0.
    pub fn network(parameters: Parameters<f32>) -> Result<Self, String> {
        let layers = parameters.layers();
        let last = &layers[layers.len() - 1];
        let classes = match (last.w.nrows(), last.activation) {
            (1, Activation::Sigmoid) => 2,
            (classes, Activation::Softmax) if classes > 1 => classes,
            (outputs, activation) => {
                return Err(format!(
                    "{outputs} outputs with {activation} are no probabilities of classes: \
                     one sigmoid or a softmax is"
                ));
            }
        };
        Self::new(&parameters, None, Names::Classes((0..classes as i64).collect()))
    }

    fn new(
        parameters: &Parameters<f32>,
        scaler: Option<Standardizer<f32>>,
        names: Names,
    ) -> Result<Self, String> {
        let weights = PackedWeights::new(parameters).map_err(|error| error.to_string())?;
        let features = parameters.layers()[0].w.ncols();
        Ok(Self { weights, scaler, names, features, feature_names: None })
    }

    /// Loads a file of [`Classifier::save`], [`MultiLabelClassifier::save`] or
    /// [`Parameters::save`].
    pub fn load(path: &Path) -> Result<Self, String> {
        let said = |error: FileError| format!("{}: {error}", path.display());
        let model = match Classifier::load(path) {
            Err(FileError::Kind { .. }) => MultiLabelClassifier::load(path),
            model => return Self::classifier(model.map_err(said)?),
        };
        match model {
            Err(FileError::Kind { .. }) => Self::network(Parameters::load(path).map_err(said)?),
            model => Self::multi_label(model.map_err(said)?),
        }
    }

    /// The classes or labels in the order of the probabilities.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The number of features of an example.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The names of the features, if the model has them.
    pub fn feature_names(&self) -> Option<&[String]> {
        self.feature_names.as_deref()
    }

    /// Creates a predictor for up to this many examples, for one thread or task.
    pub fn predictor(&self, examples: usize) -> dnn_blocks::Result<Predictor<'_, f32>> {
        let predictor = Predictor::new(&self.weights, examples)?;
        match &self.scaler {
            Some(scaler) => predictor.scaled(scaler),
            None => Ok(predictor),
        }
    }

    /// Checks the examples and predicts with a [`Predictor`] of its own.
    pub fn answer(&self, examples: &[Vec<f32>]) -> Result<Answer, Refusal> {
        let x = self.table(examples)?;
        let internal = |error: dnn_blocks::Error| Refusal::Internal { reason: error.to_string() };
        let mut predictor = self.predictor(x.nrows()).map_err(internal)?;
        self.named(predictor.outputs(x.t()).map_err(internal)?)
    }

    /// Converts the examples to a matrix (examples, features).
    ///
    /// Each must have the model's number of features, all finite.
    fn table(&self, examples: &[Vec<f32>]) -> Result<Array2<f32>, Refusal> {
        if examples.is_empty() {
            return Err(Refusal::Empty);
        }
        for (example, numbers) in examples.iter().enumerate() {
            if numbers.len() != self.features {
                let (expected, found) = (self.features, numbers.len());
                return Err(Refusal::Features { example, expected, found });
            }
            if let Some(feature) = numbers.iter().position(|x| !x.is_finite()) {
                return Err(Refusal::Number { example, feature });
            }
        }
        Array2::from_shape_vec((examples.len(), self.features), examples.concat())
            .map_err(|error| Refusal::Internal { reason: error.to_string() })
    }

    /// Converts outputs to an answer, unless one is not finite. A single output is the probability
    /// of the second class, or of the only label.
    fn named(&self, al: ArrayView2<'_, f32>) -> Result<Answer, Refusal> {
        let not_finite = al.columns().into_iter().position(|a| a.iter().any(|a| !a.is_finite()));
        if let Some(example) = not_finite {
            return Err(Refusal::NotFinite { example });
        }
        let columns = al.columns().into_iter();
        let (prediction, probabilities) = match &self.names {
            Names::Classes(classes) => {
                let predicted = predicted_classes(&al)
                    .map_err(|error| Refusal::Internal { reason: error.to_string() })?;
                let predicted = predicted.into_iter().map(|i| classes[i]).collect();
                let probabilities = match al.nrows() {
                    1 => al.iter().map(|&a| vec![1.0 - a, a]).collect(),
                    _ => columns.map(|a| a.to_vec()).collect(),
                };
                (Prediction::Classes(predicted), probabilities)
            }
            Names::Labels(labels) => {
                let labels_of = |a: &Vec<f32>| {
                    let has = labels.iter().zip(a).filter(|(_, a)| **a > 0.5);
                    has.map(|(label, _)| *label).collect()
                };
                let probabilities: Vec<_> = columns.map(|a| a.to_vec()).collect();
                (Prediction::Labels(probabilities.iter().map(labels_of).collect()), probabilities)
            }
        };
        Ok(Answer { prediction, probabilities })
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
