//! The models of the course, each a few lines on top of the blocks: full-batch gradient descent
//! from given random numbers.
//!
//! | function | network | `W` starts at | course |
//! |---|---|---|---|
//! | [`logistic_regression`] | sigmoid | 0 | week 2, `model` |
//! | [`nn_model`] | tanh, sigmoid | `N(0, 1)·0.01` | week 3 |
//! | [`two_layer_model`] | ReLU, sigmoid | `N(0, 1)·0.01` | week 4 |
//! | [`l_layer_model`] | ReLU …, sigmoid | `N(0, 1)/√n_prev` | week 4 |
//!
//! [`initialize_with_zeros`], [`propagate`] and [`optimize`] are the functions of week 2, with its
//! column `w` and number `b`. [`datasets`] generates data to try them on.
//!
//! The models need a finite `X` and `Y`, but not labels of 0 and 1: some of the course's own cases
//! have others. A cost or parameters that are no longer finite stop the descent.
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, weeks 2 to 4 (2017).

pub mod datasets;
mod models;
mod week2;

pub use models::{Descent, Trained, l_layer_model, logistic_regression, nn_model, two_layer_model};
pub use week2::{
    LogisticGradients, LogisticParameters, initialize_with_zeros, optimize, propagate,
};
