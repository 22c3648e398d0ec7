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
//! // color   category  3         0        blue, gray, red
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
//! # Testing a model
//!
//! [`Table::take_labels`] and [`Table::take_numbers`] remove the target. Split first and fit then:
//! medians, categories and guesses come from the rows of the fit only. In a cross-validation each
//! fold fits its own encoder. A metric is a function of a fitted model and a test set, for
//! [`cross_validate`](dnn_blocks::selection::cross_validate) and for
//! [`permutation_importance`](dnn_blocks::selection::permutation_importance). In a metric, `?`
//! converts a [`TableError`] to an error of the core:
//!
//! ```
//! use dnn_blocks_table::dnn_blocks::data::{stratified_k_fold, stratified_split};
//! use dnn_blocks_table::dnn_blocks::metrics::log_loss;
//! use dnn_blocks_table::dnn_blocks::prelude::*;
//! use dnn_blocks_table::dnn_blocks::selection::{TestSet, cross_validate, permutation_importance};
//! use dnn_blocks_table::{Schema, Table, TableClassifier, dnn_blocks};
//!
//! fn score(model: &TableClassifier, test: &TestSet<TableClassifier>) -> dnn_blocks::Result<f64> {
//!     Ok(model.score(test.x(), test.targets())?)
//! }
//!
//! fn loss(model: &TableClassifier, test: &TestSet<TableClassifier>) -> dnn_blocks::Result<f64> {
//!     let p = model.predict_proba(test.x())?; // (rows, classes)
//!     log_loss(Actual(test.targets()), Predicted(&p.t()).of_classes(model.classes()))
//! }
//!
//! # let row = |i: usize| format!("{i},{},{},{}\n", i % 10, ["a", "b"][i / 3 % 2], i % 10 > 4);
//! # let csv = format!("id,length,color,large\n{}", (0..120).map(row).collect::<String>());
//! let mut table = Table::read_csv(csv.as_bytes())?;
//! let labels = table.take_labels("large")?;
//! let hyperparameters = Hyperparameters::default().hidden(&[16]).epochs(150);
//! let mut model = TableClassifier::new(Schema::auto().ignored("id"), hyperparameters);
//! let mut rng = NumpyRandom::seed(1);
//! let folds = stratified_k_fold(&labels, 4, &mut rng)?;
//! assert!(cross_validate(&model, &table, &labels, &folds, score)?.mean() > 0.9);
//! assert!(cross_validate(&model, &table, &labels, &folds, loss)?.mean() < 0.3);
//!
//! let (training, test) = stratified_split(&labels, 0.25, &mut rng)?;
//! let labels_of =
//!     |rows: &[usize]| rows.iter().map(|&row| labels[row].clone()).collect::<Vec<String>>();
//! model.fit(&table.select(&training)?, &labels_of(&training))?;
//! let (x, y) = (table.select(&test)?, labels_of(&test));
//! let importance = permutation_importance(&model, &x, &y, score, 5, &mut rng)?;
//! let names = importance.iter().map(|column| column.name.as_deref());
//! assert!(names.eq([Some("id"), Some("length"), Some("color")]));
//! assert_eq!(importance[0].mean, 0.0); // ignored
//! assert!(importance[1].mean > importance[2].mean);
//! # Ok::<(), dnn_blocks_table::TableError>(())
//! ```
//!
//! The importance lists the columns of the table, not the features. An ignored column has an
//! importance of 0.
//!
//! # Features
//!
//! `onnx`, `plot`, `progress` and `rayon` turn on the feature of the same name in [`dnn_blocks`].

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

/// Runs the programs of chapter 8 of the guide, which the crate `dnn-blocks` only shows.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/tables.md")]
#[doc = include_str!("../../docs/guide/tables_exercises.md")]
struct Guide;
