//! The models of the course, the functions of week 2, and generated data sets.
//!
//! Each model initializes a network and trains it by full-batch gradient descent:
//!
//! | function | network | `W` at the start | course |
//! |---|---|---|---|
//! | [`logistic_regression`] | sigmoid | 0 | week 2, `model` |
//! | [`nn_model`] | tanh, sigmoid | `N(0, 1)·0.01` | week 3 |
//! | [`two_layer_model`] | ReLU, sigmoid | `N(0, 1)·0.01` | week 4 |
//! | [`l_layer_model`] | ReLU …, sigmoid | `N(0, 1)/√n_prev` | week 4 |
//!
//! `X` and `Y` must be finite. Labels other than 0 and 1 are accepted. Training stops with
//! [`Error::Diverged`](crate::Error::Diverged) if the cost or a parameter is no longer finite.
//!
//! [`initialize_with_zeros`], [`propagate`] and [`optimize`] are the functions of week 2. As in the
//! course, `w` is a column and `b` a number. [`datasets`] generates data for all of them.
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, weeks 2 to 4 (2017).
#![doc = ""]
#![doc = include_str!("../../docs/course.md")]

pub mod datasets;
mod models;
mod week2;

pub use models::{
    Descent, Iteration, Trained, WatchedDescent, l_layer_model, logistic_regression, nn_model,
    two_layer_model,
};
pub use week2::{
    LogisticGradients, LogisticParameters, initialize_with_zeros, optimize, propagate,
};
