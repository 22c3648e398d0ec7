//! Tables with text, categories and missing values for the models of [`dnn_blocks`].
//!
//! A [`Table`] is read from a CSV file or made from structs. A [`Schema`] says which columns are
//! numbers and which are categories, and guesses what it does not say. An [`Encoder`] learns
//! medians and categories from the training rows. [`TableClassifier`] and [`TableRegressor`] join
//! an encoder and a network, and save both in one file.
//!
//! ```
//! use dnn_blocks_table::dnn_blocks::prelude::*;
//! use dnn_blocks_table::{Schema, Table, TableClassifier};
//! use serde::Serialize;
//!
//! # let folder = tempfile::tempdir()?;
//! # let (csv, path) = (folder.path().join("fish.csv"), folder.path().join("fish.safetensors"));
//! # let line = |i: usize| {
//! #     let (length, color) = (i % 10, ["red", "blue", "gray"][i % 3]);
//! #     let weight = if i % 7 == 0 { "?".to_string() } else { (100 + i % 11).to_string() };
//! #     let species = if length > 4 && color != "red" { "sole" } else { "plaice" };
//! #     format!("{i},{length},{weight},{color},{species}\n")
//! # };
//! # let lines: String = (0..120).map(line).collect();
//! # std::fs::write(&csv, format!("id,length,weight,color,species\n{lines}"))?;
//! // id,length,weight,color,species
//! // 0,0,?,red,plaice
//! // 1,1,101,blue,plaice
//! let mut table = Table::load_csv(&csv)?;
//! let species = table.take_labels("species")?; // the target is no longer a feature
//!
//! let hyperparameters = Hyperparameters::default().hidden(&[16]).epochs(150);
//! let mut model = TableClassifier::new(Schema::auto().ignored("id"), hyperparameters);
//! model.fit(&table, &species)?;
//! println!("{}", model.encoder()?);
//! // column  taken as  distinct  missing  note
//! // id      ignored   120       0        declared
//! // length  number    10        0        median 4.5
//! // weight  number    11        18       median 105
//! // color   category  3         0
//! model.save(&path)?;
//!
//! #[derive(Serialize)]
//! struct Fish {
//!     length: f32,
//!     weight: Option<f32>,
//!     color: &'static str,
//! }
//! let model = TableClassifier::load(&path)?;
//! let fish = Fish { length: 8.0, weight: None, color: "gray" };
//! assert_eq!(model.predict_row(&fish)?, "sole");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # No leaks
//!
//! [`Table::take_labels`] and [`Table::take_numbers`] remove the target, and a column that the
//! training table did not have is an error. Split first and fit then: medians, categories and
//! guesses come from the rows of the fit only. In a cross-validation each fold fits its own
//! encoder:
//!
//! ```
//! use dnn_blocks_table::dnn_blocks::data::stratified_k_fold;
//! use dnn_blocks_table::dnn_blocks::prelude::*;
//! use dnn_blocks_table::dnn_blocks::selection::{cross_validate, permutation_importance};
//! use dnn_blocks_table::{Schema, Table, TableClassifier};
//!
//! # let row = |i: usize| format!("{},{},{}\n", i % 10, ["a", "b"][i / 3 % 2], i % 10 > 4);
//! # let csv = format!("length,color,large\n{}", (0..80).map(row).collect::<String>());
//! let mut table = Table::read_csv(csv.as_bytes())?;
//! let labels = table.take_labels("large")?;
//! let hyperparameters = Hyperparameters::default().hidden(&[8]).epochs(60).learning_rate(0.02);
//! let mut model = TableClassifier::new(Schema::auto(), hyperparameters);
//! let mut rng = NumpyRandom::seed(1);
//! let folds = stratified_k_fold(&labels, 4, &mut rng)?;
//! let result = cross_validate(&model, &table, &labels, &folds, |model, test| {
//!     Ok(model.score(test.x(), test.targets())?)
//! })?;
//! assert!(result.mean() > 0.9);
//!
//! model.fit(&table, &labels)?;
//! let importance = permutation_importance(&model, &table, &labels, |model, test| {
//!     Ok(model.score(test.x(), test.targets())?)
//! }, 5, &mut rng)?;
//! assert_eq!(importance[0].name.as_deref(), Some("length"));
//! assert!(importance[0].mean > importance[1].mean);
//! # Ok::<(), dnn_blocks_table::TableError>(())
//! ```

mod categories;
mod classifier;
mod column;
mod encoder;
mod error;
mod features;
mod guess;
mod lines;
mod missing;
mod model;
mod number;
mod profile;
mod reader;
mod regressor;
mod report;
mod rows;
mod schema;
mod selection;
mod stored;
mod table;
mod value;

pub use classifier::TableClassifier;
pub use dnn_blocks;
pub use encoder::Encoder;
pub use error::{Place, Result, TableError};
pub use missing::MissingTexts;
pub use model::TableModel;
pub use reader::CsvOptions;
pub use regressor::TableRegressor;
pub use schema::{Kind, Schema};
pub use table::Table;

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
