//! Tables with text, categories and missing values for the models of [`dnn_blocks`].
//!
//! Work in progress: see below.

mod categories;
mod column;
mod encoder;
mod error;
mod features;
mod guess;
mod lines;
mod missing;
mod number;
mod profile;
mod reader;
mod report;
mod rows;
mod schema;
mod table;
mod value;

pub use dnn_blocks;
pub use encoder::Encoder;
pub use error::{Place, Result, TableError};
pub use missing::MissingTexts;
pub use reader::CsvOptions;
pub use schema::{Kind, Schema};
pub use table::Table;
