//! Choosing a model: cross-validation, search over hyperparameters, permutation importance.
//!
//! ```
//! use dnn_blocks::data::{Fold, stratified_k_fold};
//! use dnn_blocks::ndarray::Array2;
//! use dnn_blocks::prelude::*;
//! use dnn_blocks::selection::{
//!     OwnedExamples, Selectable, TestSet, grid, permutation_importance, score_fold, search,
//! };
//!
//! // Two features that decide the label, and one that does not.
//! let mut rng = NumpyRandom::seed(1);
//! let x = Array2::from_shape_simple_fn((80, 3), || rng.randn());
//! let labels: Vec<bool> = x.rows().into_iter().map(|row| row[0] + row[1] > 0.0).collect();
//! let x = Examples::rows(&x);
//! let folds = stratified_k_fold(&labels, 4, &mut rng)?;
//!
//! // The settings to compare: two learning rates, each with and without an L2 term.
//! let base = Hyperparameters::default().hidden(&[8]).epochs(20);
//! let candidates = grid(vec![base], &[0.001, 0.02], |h, &rate| h.learning_rate(rate));
//! let candidates = grid(candidates, &[0.0, 1.0], |h, &l2| h.l2(l2));
//! let ranking = search(&candidates, &folds, |hyperparameters, fold| {
//!     let model = Classifier::new(hyperparameters.clone());
//!     score_fold(&model, x, &labels, fold, |model, test| model.score(test.x(), test.targets()))
//! })?;
//! let best = &ranking[0];
//! println!("accuracy {:.3}, deviation {:.3}", best.mean(), best.std_dev());
//! assert!(best.mean() > 0.85);
//!
//! // The importance of the features, on examples that the model was not fitted to.
//! let mut model = Classifier::<f64, bool>::new(candidates[best.candidate].clone());
//! let Fold { training, test } = &folds[0];
//! let part = |examples: &[usize]| -> dnn_blocks::Result<_> {
//!     Ok((OwnedExamples::select(x, examples)?, Vec::select(&labels, examples)?))
//! };
//! let ((training, training_labels), (test, test_labels)) = (part(training)?, part(test)?);
//! model.fit(training.view(), &training_labels)?;
//! let metric = |model: &Classifier<f64, bool>, test: &TestSet<_>| {
//!     model.score(test.x(), test.targets())
//! };
//! let importance =
//!     permutation_importance(&model, test.view(), &test_labels, metric, 5, &mut rng)?;
//! assert!(importance[0].mean > importance[2].mean);
//!
//! model.fit(x, &labels)?; // the final model is fitted to all examples
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! | to | use |
//! |---|---|
//! | score a model on all folds, predict each example out of fold | [`cross_validate`] |
//! | score a model on one fold | [`score_fold`] |
//! | list and compare candidates | [`grid`], [`search`] |
//! | see the progress of a search, stop and resume it | [`search_with`] |
//! | measure the importance of features | [`permutation_importance`] |
//! | use an encoder with a model | [`Estimator`] |
//! | use a table of your own as input | [`Selectable`], [`Tabular`] |
//!
//! For several metrics, search by one of them, and compute the others from the
//! [out-of-fold outputs](CrossValidation::outputs). The crate `dnn-blocks-table` has estimators for
//! tables with text and missing values.
//!
//! Folds come from [`k_fold`], [`stratified_k_fold`], [`group_k_fold`] and [`time_series_folds`]. A
//! standardizer is part of a model, so it is fitted to the training examples of each fold only.
//! With a [`validation_share`], each fit holds out a random part of its training examples: that
//! part may share groups with the rest, or be earlier than it.
//!
//! With the feature `rayon`, folds, candidates and features run in parallel. Results do not depend
//! on the number of threads.
//!
//! Source: M. Stone, *Cross-validatory choice and assessment of statistical predictions* (1974);
//! L. Breiman, *Random forests* (2001) for the permutation importance.
//!
//! [`k_fold`]: crate::data::k_fold
//! [`stratified_k_fold`]: crate::data::stratified_k_fold
//! [`group_k_fold`]: crate::data::group_k_fold
//! [`time_series_folds`]: crate::data::time_series_folds
//! [`validation_share`]: crate::model::Hyperparameters#structfield.validation_share

mod cross_validation;
mod estimator;
mod importance;
mod owned;
mod record;
mod search;
mod selectable;

pub use cross_validation::{CrossValidation, cross_validate, score_fold};
pub use estimator::{Estimator, TestSet};
pub use importance::{Importance, permutation_importance};
pub use owned::{OwnedExamples, OwnedLabelSets};
pub use record::SearchRecord;
pub use search::{SearchOptions, SearchProgress, Trial, grid, search, search_with};
pub use selectable::{Selectable, Tabular, View};

/// Returns the mean, and the standard deviation with the divisor n - 1; 0 for one number.
fn mean_and_std_dev(numbers: &[f64]) -> (f64, f64) {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    let std_dev = if numbers.len() == 1 { 0.0 } else { (squares / (n - 1.0)).sqrt() };
    (mean, std_dev)
}
