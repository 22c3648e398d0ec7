//! Predictions over HTTP: a model of `dnn-blocks` behind `POST /predict`.

pub mod api;
pub mod client;
pub mod label;
pub mod model;
pub mod refusal;
mod request;
pub mod rows;
pub mod served;
pub mod server;
mod stream;
