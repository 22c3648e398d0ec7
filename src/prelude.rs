//! The functions and types of a training loop, to be imported at once:
//! `use dnn_blocks::prelude::*;`.
//!
//! [`Error`](crate::Error) and [`Result`](crate::Result) are left out, so that nothing of the
//! standard library is hidden.

pub use crate::activation::Activation;
pub use crate::backward::{
    Gradients, LayerGradients, l_model_backward, l_model_backward_with_cost,
    l_model_backward_with_dx, linear_activation_backward, linear_backward, output_gradient,
};
pub use crate::train::batches::{Batches, random_mini_batches};
pub use crate::cost::{Cost, Targets, compute_cost};
pub use crate::float::Float;
pub use crate::forward::{
    ActivationCache, LayerCache, LinearCache, l_model_forward, linear_activation_forward,
    linear_forward, predict, predict_proba,
};
pub use crate::train::full_batch::FullBatch;
pub use crate::train::gradient_check::{gradient_check, gradient_check_n};
pub use crate::init::{
    Initializer, NumpyRandom, initialize_parameters, initialize_parameters_deep,
};
pub use crate::metrics::{ConfusionMatrix, accuracy};
pub use crate::model::{
    ClassWeights, Classifier, Epoch, Examples, FitOptions, History, Hyperparameters, Regressor,
};
pub use crate::train::optimizer::{
    Algorithm, LayerState, Optimizer, Rule, Step, clip_by_norm, clip_by_value,
};
pub use crate::parameters::{Layer, Parameters};
pub use crate::model::predictor::Predictor;
pub use crate::data::{Classes, Standardizer, one_hot, predicted_classes, stratified_split};
pub use crate::train::regularization::{
    DropoutCaches, Mask, Objective, add_l2_gradient, compute_cost_with_regularization,
    l_model_backward_with_dropout, l_model_forward_with_dropout, l2_cost,
};
pub use crate::train::schedule::{Schedule, schedule_lr_decay, update_lr};
pub use crate::update::update_parameters;
pub use crate::train::workspace::{Pass, Workspace};
