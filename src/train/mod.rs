//! Training: mini-batches, optimizers, schedules, regularization, and training steps that do not
//! allocate.

pub mod batches;
pub mod full_batch;
pub mod gradient_check;
pub mod optimizer;
pub(crate) mod reduce;
pub mod regularization;
pub mod schedule;
pub mod workspace;
