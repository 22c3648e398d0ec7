//! The names that most programs use: `use dnn_blocks::prelude::*;`.
//!
//! The prelude leaves out [`Error`](crate::Error) and [`Result`](crate::Result), which would hide
//! names of the standard library.

// The course.
pub use crate::activation::Activation;
pub use crate::backward::{l_model_backward, linear_activation_backward, linear_backward};
pub use crate::cost::{Cost, compute_cost};
pub use crate::forward::{
    l_model_forward, linear_activation_forward, linear_forward, predict, predict_proba,
};
pub use crate::gradients::{Gradients, LayerGradients};
pub use crate::init::{
    Initializer, NumpyRandom, initialize_parameters, initialize_parameters_deep,
};
pub use crate::parameters::{Layer, Parameters};
pub use crate::update::update_parameters;

// Training.
pub use crate::float::Float;
pub use crate::train::batches::Batches;
pub use crate::train::optimizer::{Algorithm, Optimizer};
pub use crate::train::regularization::Objective;
pub use crate::train::schedule::Schedule;
pub use crate::train::workspace::Workspace;

// Data and metrics.
pub use crate::data::{Standardizer, predicted_classes, split};
pub use crate::metrics::{Actual, ConfusionMatrix, Predicted, accuracy};

// Models.
pub use crate::model::{
    Classifier, Examples, FitOptions, Hyperparameters, LabelSets, MultiLabelClassifier, Regressor,
};
