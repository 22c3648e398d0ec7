//! Models with the loop written: a [`Classifier`] and a [`Regressor`] that take a table, and do
//! with it what a careful user of the blocks would.
//!
//! ```
//! use dnn_blocks::ndarray::array;
//! use dnn_blocks::prelude::*;
//!
//! let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]]; // (examples, features)
//! let labels = ["no", "no", "yes", "yes"];
//!
//! let how = Hyperparameters::default().hidden(&[8]).batch_size(2).epochs(100).seed(1);
//! let mut model = Classifier::<f64, &str>::new(how);
//! model.fit(Examples::rows(&x), &labels)?;
//! assert_eq!(model.predict(Examples::rows(&x))?, labels);
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! A `fit` is: check the data, put some examples aside for validation, bring the features to mean
//! 0 and deviation 1, draw the weights, and for each epoch shuffle (where there is more than one
//! batch), and for each batch
//! [`Workspace::cost_and_gradients`](crate::Workspace::cost_and_gradients), clip, and
//! [`Optimizer::step`](crate::train::optimizer::Optimizer::step). All random numbers come in this order
//! from one [`NumpyRandom::seed(seed)`](crate::init::NumpyRandom::seed), so a loop of these public
//! calls reaches the same parameters to the last bit, on any number of threads.

mod classifier;
mod examples;
mod history;
mod hyperparameters;
mod network;
mod options;
pub mod predictor;
mod regressor;
#[cfg(feature = "safetensors")]
mod resume;
mod sets;
#[cfg(feature = "serde")]
mod stored;

pub use classifier::Classifier;
pub use examples::Examples;
pub use history::{Epoch, EpochRecord, History};
pub use hyperparameters::{ClassWeights, Hyperparameters};
#[cfg(feature = "safetensors")]
pub(crate) use network::Best;
pub use options::FitOptions;
pub use regressor::Regressor;
#[cfg(feature = "safetensors")]
pub use resume::FitState;
#[cfg(feature = "safetensors")]
pub(crate) use resume::FitStateRef;
#[cfg(feature = "safetensors")]
pub(crate) use stored::Kept;
#[cfg(feature = "serde")]
pub(crate) use stored::check_all_finite;
