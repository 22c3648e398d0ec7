//! Training: mini-batches, optimizers, schedules, regularization, the general backward pass, and
//! steps that do not allocate.
//!
//! | module | for |
//! |---|---|
//! | [`batches`] | mini-batches in random order |
//! | [`optimizer`] | momentum, Nesterov, RMSProp, Adam, AdamW, and rules of your own |
//! | [`schedule`] | learning rates that change from epoch to epoch |
//! | [`regularization`] | L2 and dropout |
//! | [`backward`] | the backward pass for any cost, with L2, dropout and the gradient of `X` |
//! | [`workspace`] | a step without allocation |
//! | [`full_batch`] | full-batch gradient descent that reads `X` once a step |
//! | [`gradient_check`] | gradients compared with finite differences |

pub mod backward;
pub(crate) mod backward_pass;
pub mod batches;
pub mod full_batch;
pub mod gradient_check;
pub mod optimizer;
pub(crate) mod reduce;
pub mod regularization;
pub mod schedule;
pub(crate) mod step;
pub mod workspace;
