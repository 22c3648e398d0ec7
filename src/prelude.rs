//! The functions and types of a training loop, to be imported at once:
//! `use dnn_blocks::prelude::*;`.
//!
//! [`Error`](crate::Error) and [`Result`](crate::Result) are left out, so that nothing of the
//! standard library is hidden.

pub use crate::activation::Activation;
pub use crate::backward::{
    Gradients, LayerGradients, l_model_backward, l_model_backward_with_dx,
    linear_activation_backward, linear_backward, output_gradient,
};
pub use crate::cost::compute_cost;
pub use crate::float::Float;
pub use crate::forward::{
    ActivationCache, LayerCache, LinearCache, l_model_forward, linear_activation_forward,
    linear_forward, predict, predict_proba,
};
pub use crate::full_batch::FullBatch;
pub use crate::init::{
    Initializer, NumpyRandom, initialize_parameters, initialize_parameters_deep,
};
pub use crate::parameters::{Layer, Parameters};
pub use crate::update::update_parameters;
pub use crate::workspace::{Pass, Workspace};
