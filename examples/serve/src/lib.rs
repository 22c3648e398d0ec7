//! Predictions over HTTP: a model of `dnn-blocks` behind `POST /predict`.

pub mod api;
pub mod client;
pub mod model;
pub mod refusal;
pub mod server;
mod stream;
