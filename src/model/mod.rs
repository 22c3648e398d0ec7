//! High-level models: [`Classifier`], [`MultiLabelClassifier`] and [`Regressor`].
//!
//! They run the whole training loop.
//!
//! ```
//! use dnn_blocks::ndarray::array;
//! use dnn_blocks::prelude::*;
//!
//! let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]]; // (examples, features)
//! let labels = ["no", "no", "yes", "yes"];
//!
//! let hyperparameters =
//!     Hyperparameters::default().hidden(&[8]).batch_size(2).epochs(100).seed(1);
//! let mut model = Classifier::<f64, &str>::new(hyperparameters);
//! model.fit(Examples::rows(&x), &labels)?;
//! assert_eq!(model.predict(Examples::rows(&x))?, labels);
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! A fit checks the data, holds out a validation set (if a share is set), standardizes, draws the
//! weights, and trains in mini-batches. In each epoch it shuffles the examples, unless there is
//! only one batch. For each batch it calls [`Workspace::cost_and_gradients`], [`clip_by_norm`] and
//! [`Optimizer::step`]. With [`lbfgs`](Hyperparameters#structfield.lbfgs) it searches for a minimum
//! of the cost of all examples instead.
//!
//! All random numbers come from one [`NumpyRandom::seed(seed)`](crate::init::NumpyRandom::seed):
//! first the split, then the weights, then for each epoch the order of the examples and the dropout
//! masks of each batch. A warm start draws the same split again, and then continues with the
//! generator of the network. A loop of these public calls therefore ends with bit-identical
//! parameters, on any number of threads.
//!
//! | to | use |
//! |---|---|
//! | predict one class of each example | [`Classifier`] |
//! | predict any number of labels of each example | [`MultiLabelClassifier`], [`LabelSets`] |
//! | predict numbers | [`Regressor`] |
//! | set epochs, layers, optimizer, early stopping | [`Hyperparameters`] |
//! | pass weights, a validation set, callbacks, checkpoints | [`FitOptions`] |
//! | continue a fitted model | [`FitOptions::warm_start`] |
//! | start from imported parameters | [`Classifier::from_parameters`] |
//! | reduce the learning rate | [`plateau`](Hyperparameters#structfield.plateau), [`Epoch`] |
//! | train some layers only | [`frozen`](Hyperparameters#structfield.frozen) |
//! | choose an activation for each layer | [`PerLayer`](crate::init::PerLayer) |
//! | name the features | [`Examples::feature_names`] |
//! | train on data that comes in parts | [`Classifier::partial_fit`], [`Regressor::partial_fit`] |
//! | plot or save the costs | [`History`] |
//! | predict one example at a time, without allocation | [`Classifier::predictor`] |
//! | predict small batches faster | [`PackedWeights`] |
//!
//! # Defaults
//!
//! [`Hyperparameters::default`] is meant for tables of hundreds to many thousands of examples, and
//! to be left as it is: one hidden layer of 256 ReLUs, AdamW with weight decay 1 and a learning
//! rate that falls from 0.003 to 0 by a cosine, dropout (0.8 of the units are kept), 100 epochs,
//! and batches of an eighth of the training examples, but 16 to 128. It has no validation set, so
//! that all examples train.
//!
//! The weight decay is made for noisy data. If the score on the training examples is low, as with a
//! smooth function without noise, lower it or start from [`Hyperparameters::plain`].
//!
//! `benches/models/tables.md` in the repository compares them with scikit-learn's defaults on 109
//! public tables, and has the figures of what was tried and left out. [`Hyperparameters::plain`]
//! is mini-batch training without any of this.
//!
//! # From scikit-learn
//!
//! [`Hyperparameters::plain`] is near scikit-learn's defaults.
//!
//! | `MLPClassifier`, `MLPRegressor` | here |
//! |---|---|
//! | `hidden_layer_sizes`, `activation` | `hidden`, `activation`; [`Xavier`] weights |
//! | `solver='adam'`, `solver='sgd'` | [`ADAM`], [`Nesterov`] |
//! | `solver='lbfgs'`, `max_iter`, `max_fun` | `lbfgs`, `epochs`, [`max_evaluations`] |
//! | `tol` of L-BFGS | [`gradient_tolerance`] |
//! | `learning_rate_init`, `max_iter` of SGD and Adam | `learning_rate`, `epochs` |
//! | `alpha` | `l2`; twice `alpha` for the squared error, which has no 1/2 here |
//! | `loss='poisson'` | `cost(Cost::Poisson)` |
//! | `batch_size='auto'` | `batch_size(200)`; a size above the set is clipped here too |
//! | `learning_rate='invscaling'`, `power_t` | [`InverseScaling`] |
//! | `learning_rate='adaptive'` | `plateau(Plateau::new(0.2, n + 1))`; it does not stop at 1e-6 |
//! | `n_iter_no_change = n`, `tol` | `patience(n + 1)`, `tolerance`; unset, they are 10 and 1e-4 |
//! | `early_stopping=True` | `validation_share(0.1)` and [`Monitor::ValidationScore`] too |
//! | `warm_start=True` | [`FitOptions::warm_start`], which also keeps the state of the optimizer |
//! | `partial_fit` | [`Classifier::partial_fit`] |
//! | `predict_log_proba` | [`Classifier::predict_log_proba`] |
//! | `MLPClassifier` on a table of 0 and 1 | [`MultiLabelClassifier`] on [`LabelSets::table`] |
//! | its `predict`, `score` | [`predict_table`](MultiLabelClassifier::predict_table), `score` |
//! | `MultiLabelBinarizer` | [`LabelNames`](crate::data::LabelNames), sets as [`LabelSets`] |
//! | `sample_weight`, `shuffle`, `random_state` | [`FitOptions::weights`], `shuffle`, `seed` |
//! | `n_iter_`, `loss_curve_` | `epochs.len()` and [`costs`](History::costs) of the history |
//! | no scaling | `standardize(false)`, `constant_features(true)` |
//!
//! scikit-learn compares with the lowest value so far, this crate with the last value that counted.
//! So a slow, steady improvement counts here after a few epochs. With a patience, the model has the
//! best parameters here; without `early_stopping`, scikit-learn keeps the last ones.
//!
//! [`Xavier`]: crate::init::Initializer::Xavier
//! [`max_evaluations`]: crate::train::lbfgs::LbfgsOptions#structfield.max_evaluations
//! [`gradient_tolerance`]: crate::train::lbfgs::LbfgsOptions#structfield.gradient_tolerance
//! [`ADAM`]: crate::train::optimizer::Algorithm::ADAM
//! [`Nesterov`]: crate::train::optimizer::Algorithm::Nesterov
//! [`InverseScaling`]: crate::train::schedule::Schedule::InverseScaling
//! [`Workspace::cost_and_gradients`]: crate::train::workspace::Workspace::cost_and_gradients
//! [`clip_by_norm`]: crate::gradients::clip_by_norm
//! [`Optimizer::step`]: crate::train::optimizer::Optimizer::step

#[cfg(feature = "safetensors")]
pub(crate) mod checkpointing;
pub(crate) mod classifier;
pub(crate) mod dataset;
pub(crate) mod feature_names;
mod features;
pub(crate) mod fit;
#[cfg(feature = "safetensors")]
pub(crate) mod fit_state;
mod fitted_predictor;
pub(crate) mod head;
pub(crate) mod history;
mod hyperparameters;
mod label_sets;
pub(crate) mod metadata;
pub(crate) mod multi_label;
pub(crate) mod network;
mod options;
pub(crate) mod output_buffers;
pub(crate) mod packed_weights;
pub(crate) mod predictor;
pub(crate) mod regressor;
#[cfg(feature = "serde")]
mod stored;
mod table;
pub(crate) mod table_fit;
pub(crate) mod trainer;

pub use classifier::Classifier;
pub use feature_names::FeatureNames;
pub use features::Features;
pub(crate) use fit::check_new_weights;
#[cfg(feature = "safetensors")]
pub use fit_state::FitState;
#[cfg(feature = "safetensors")]
pub(crate) use fit_state::{FitStateRef, TrainingFields};
pub use fitted_predictor::{ClassifierPredictor, MultiLabelPredictor, RegressorPredictor};
#[cfg(feature = "safetensors")]
pub(crate) use history::BestEpoch;
pub use history::{Batch, Epoch, EpochRecord, History};
pub use hyperparameters::{ClassWeights, Hyperparameters, Monitor};
pub(crate) use label_sets::Form as LabelSetsForm;
pub use label_sets::LabelSets;
pub use multi_label::MultiLabelClassifier;
pub use options::FitOptions;
pub use packed_weights::PackedWeights;
pub use predictor::{Predictor, Weights};
pub use regressor::Regressor;
#[cfg(feature = "safetensors")]
pub(crate) use stored::NetworkState;
pub use table::Examples;
