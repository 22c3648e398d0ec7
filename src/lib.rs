//! Building blocks of a deep neural network, one small function per formula.
//!
//! ```
//! use dnn_blocks::ndarray::array;
//! use dnn_blocks::prelude::*;
//!
//! let x = array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]; // (features, examples)
//! let y = array![[0.0, 1.0, 1.0, 0.0]];
//! let mut rng = NumpyRandom::seed(3);
//! let mut parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
//!
//! for _ in 0..2000 {
//!     let (al, caches) = l_model_forward(&x, &parameters)?;
//!     let gradients = l_model_backward(&al, &y, &caches)?;
//!     update_parameters(&mut parameters, &gradients, 0.5)?;
//! }
//!
//! assert!(compute_cost(&predict_proba(&x, &parameters)?, &y)? < 0.05);
//! assert_eq!(predict(&x, &parameters)?, y);
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! Initialize once. Each iteration calls forward, backward and update; the cost shows the progress.
//! Each step is a module. Functions and names follow week 4 of the course *Neural Networks and Deep
//! Learning* (Andrew Ng, deeplearning.ai, 2017).
//!
//! | module | function | formula |
//! |---|---|---|
//! | [`init`] | [`initialize_parameters_deep`] | `W ~ N(0, σ²)`, `b = 0` |
//! | [`forward`] | [`l_model_forward`] | `Z = W·A_prev + b`, `A = g(Z)` |
//! | [`cost`] | [`compute_cost`] | `J = -1/m Σ [y ln a + (1-y) ln(1-a)]` |
//! | [`backward`] | [`l_model_backward`] | `dW = 1/m dZ·A_prevᵀ`, `db = 1/m Σ dZ` |
//! | [`update`] | [`update_parameters`] | `W ← W - α dW`, `b ← b - α db` |
//!
//! [`initialize_parameters_deep`]: init::initialize_parameters_deep
//! [`l_model_forward`]: forward::l_model_forward
//! [`compute_cost`]: cost::compute_cost
//! [`l_model_backward`]: backward::l_model_backward
//! [`update_parameters`]: update::update_parameters
//!
//! For layer l of L, with m examples:
//!
//! ```math
//! \begin{aligned}
//! Z^{[l]} &= W^{[l]} A^{[l-1]} + b^{[l]} & A^{[l]} &= g^{[l]}(Z^{[l]}) \\
//! dZ^{[l]} &= dA^{[l]} \circ g^{[l]\prime}(Z^{[l]}) & dA^{[l-1]} &= W^{[l]T} dZ^{[l]} \\
//! dW^{[l]} &= \tfrac{1}{m}\, dZ^{[l]} A^{[l-1]T} &
//! db^{[l]} &= \tfrac{1}{m} \sum_{i=1}^{m} dZ^{[l](i)}
//! \end{aligned}
//! ```
//!
//! `∘` is the product element by element, and (i) is column i. A column of `dZ` or `dA` belongs to
//! one example, `dW` and `db` are means over the examples. The backward pass starts at the outputs,
//! with `dAL = -(Y/AL - (1-Y)/(1-AL))`.
//!
//! # How do I …
//!
//! | task | use |
//! |---|---|
//! | learn how it all works, with exercises | [`_guide`], nine chapters |
//! | find a function of the course | [`course`], with a table of all names |
//! | train on mini-batches, with Adam, L2 or dropout | [`train`], which has a complete loop |
//! | train by L-BFGS | [`lbfgs`](model::Hyperparameters::lbfgs), [`Lbfgs`](train::lbfgs::Lbfgs) |
//! | train a softmax or a regression | [`Cost`](cost::Cost), [`with_activations`] |
//! | predict counts, quantiles or among outliers | [`Hyperparameters::cost`] |
//! | choose an activation for each layer | [`PerLayer`](init::PerLayer) |
//! | fit a model without writing a loop | [`Classifier`], [`Regressor`] |
//! | predict several labels of an example | [`MultiLabelClassifier`] |
//! | stop early, or see each epoch | [`patience`], [`on_epoch`] |
//! | stop within an epoch, for example on Ctrl-C | [`on_batch`](model::FitOptions::on_batch) |
//! | validate on the last rows of a table | [`validation`](model::FitOptions::validation) |
//! | reduce the learning rate | [`Schedule`](train::schedule::Schedule), [`Plateau`] |
//! | continue a fitted model or an imported network | [`warm_start`], [`from_parameters`] |
//! | learn from data that comes in parts | [`partial_fit`](model::Classifier::partial_fit) |
//! | train some layers only | [`frozen`](model::Hyperparameters::frozen), [`freeze`] |
//! | name the features | [`feature_names`](model::Examples::feature_names) |
//! | find scikit-learn's parameters | [a table of them](model#from-scikit-learn) |
//! | train on a cost of my own, in my own loop | [`MeanLoss`](cost::MeanLoss) |
//! | check a gradient of mine | [`gradient_check`](train::gradient_check) |
//! | split off a test set | [`split`](data::split), [`stratified_split`](data::stratified_split) |
//! | cross-validate, search, rank the features | [`selection`] |
//! | read a CSV file with text and missing values | the crate `dnn-blocks-table` |
//! | measure the result | [`metrics`] |
//! | predict a few examples, fast | [`Predictor`], [`PackedWeights`] |
//! | save and load | [`files`](files/index.html) |
//! | embed a model in the program | [`from_safetensors`] of `include_bytes!` |
//! | export to ONNX or NumPy | [`files`](files/index.html) |
//! | read a network of PyTorch, Keras or scikit-learn | [`Tensors`](files/struct.Tensors.html) |
//! | resume a training | [`Checkpoints`](files/struct.Checkpoints.html) |
//! | use all cores | the feature `rayon` |
//! | draw costs, decision boundaries and importance | [`plot`](plot/index.html) |
//! | show a step, or a training as a film, on a page | [`page`](page/index.html) |
//! | show progress | [`progress`](progress/index.html) |
//! | train on several machines | [`_scaling`] |
//! | know what may change in a version | [`_stability`] |
//!
//! [`Predictor`]: model::Predictor
//! [`Hyperparameters::cost`]: model::Hyperparameters#structfield.cost
//! [`PackedWeights`]: model::PackedWeights
//! [`with_activations`]: Parameters::with_activations
//! [`Classifier`]: model::Classifier
//! [`Regressor`]: model::Regressor
//! [`MultiLabelClassifier`]: model::MultiLabelClassifier
//! [`patience`]: model::Hyperparameters::patience
//! [`on_epoch`]: model::FitOptions::on_epoch
//! [`Plateau`]: train::schedule::Plateau
//! [`freeze`]: train::workspace::Workspace::freeze
//! [`warm_start`]: model::FitOptions::warm_start
//! [`from_parameters`]: model::Classifier::from_parameters
//! [`from_safetensors`]: model/struct.Classifier.html#method.from_safetensors
//!
//! # Shapes
//!
//! Matrices hold one example per **column**: `X` is (features, examples), as in the formulas.
//! With n units in a layer, n_prev in the one before it, and m examples:
//!
//! | `W`, `dW` | `b`, `db` | `A_prev`, `dA_prev` | `Z`, `A`, `dZ`, `dA` | `AL`, `Y` |
//! |---|---|---|---|---|
//! | (n, n_prev) | (n, 1) | (n_prev, m) | (n, m) | (n_L, m) |
//!
//! Shapes are always checked. Only the bias broadcasts. An [`Error`] names the layer and both
//! shapes. The course's functions do not check the values in matrices: a NaN in `X` is a NaN in
//! `AL`.
//!
//! The forward functions of a step, a layer and a network return (output, cache). The backward
//! functions of a step and a layer return (input gradient, parameter gradients), the one of a
//! network the gradients of all layers.
//!
//! # Passing arrays
//!
//! Pass `&x`, where `x` is an [`Array2`](ndarray::Array2) or a view, except where an `Array2`
//! itself is asked for.
//!
//! | parameter | the function | also takes |
//! |---|---|---|
//! | `&ArrayRef2<F>` | reads the array during the call | |
//! | `impl Into<CowArray<F, Ix2>>` | may keep the array in a cache | `x`, `x.t()`, `x.slice(..)` |
//! | `Array2<F>` | reuses the memory of the array | only `x` |
//! | `impl Into<ArrayView2<F>>` | keeps a view in its result | `x.t()`, `x.slice(..)` |
//! | `impl Into<Targets<F>>` | reads labels during the call | `Targets` with weights |
//! | `impl Into<Features<F>>` | reads examples during the call | one example, `&array1` |
//! | [`Examples`](model::Examples) | reads a table during the call | rows or columns |
//!
//! Scalars such as learning rates are `f64` for every element type.
//!
//! # Errors
//!
//! Functions return [`Error`]. Functions of [`files`](files/index.html) return `FileError`, into
//! which `?` converts an [`Error`]. Both print their message with `{}` and with `{:?}`, so `main`
//! may return them. A `main` that also writes files of its own returns
//! `Box<dyn std::error::Error>`.
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! |---|---|
//! | `rayon` | large products and loops on the threads of the current rayon pool |
//! | `safetensors` | saving and loading of networks, models and checkpoints |
//! | `npz` | NumPy's files, and networks of other frameworks |
//! | `onnx` | export to ONNX |
//! | `serde` | `Serialize` and `Deserialize` for the value types |
//! | `plot` | plots as SVG, pages as HTML |
//! | `progress` | progress bars and log lines |
//! | `ndarray-rand` | initialization from any distribution and generator of that crate |
//! | `approx` | comparison of parameters and gradients with a tolerance |
//! | `mpi` | data-parallel training by an MPI library that you install |
//! | `blas` | large products by a BLAS that you link |
//!
//! With `serde_json`, turn on its feature `float_roundtrip`: without it numbers may change in the
//! last bit. Models and hyperparameters need a format that describes itself, such as JSON; formats
//! such as postcard cannot be read back.
//!
//! # Performance
//!
//! [`Workspace`](train::workspace::Workspace) takes a training step without allocation, and
//! [`FullBatch`](train::full_batch::FullBatch) reads `X` once a step instead of twice. Both are
//! bit-identical to the functions above. The kernels use AVX-512 or AVX2 where the processor has
//! them; the environment variable `DNN_BLOCKS_ISA` (`avx2` or `portable`) restricts the instruction
//! set. Results do not depend on the number of threads (except for the sign and payload of a NaN,
//! which are not specified).
//!
//! Debug builds are 100 times slower than release builds, unless this crate is optimized in them.
//! With these lines in your `Cargo.toml` they are about 2.3 times slower:
//!
//! ```toml
//! [profile.dev.package.dnn-blocks]
//! opt-level = 3
//! ```
//!
//! # What the borrow checker guarantees
//!
//! The caches borrow `W` and `b`, so the parameters cannot change between a forward pass and its
//! backward pass. In this order it compiles:
//!
//! ```
//! # use dnn_blocks::{Parameters, prelude::*, ndarray::Array2};
//! # fn step(x: &Array2<f64>, y: &Array2<f64>, mut p: Parameters<f64>) -> dnn_blocks::Result<()> {
//! let (al, caches) = l_model_forward(x, &p)?;
//! l_model_backward(&al, y, &caches)?;
//! p.layers_mut()[0].w.fill(0.0);
//! # Ok(()) }
//! ```
//!
//! With the last two lines exchanged it does not compile:
//!
//! ```compile_fail,E0502
//! # use dnn_blocks::{Parameters, prelude::*, ndarray::Array2};
//! # fn step(x: &Array2<f64>, y: &Array2<f64>, mut p: Parameters<f64>) -> dnn_blocks::Result<()> {
//! let (al, caches) = l_model_forward(x, &p)?;
//! p.layers_mut()[0].w.fill(0.0); // `p` is borrowed by `caches`
//! l_model_backward(&al, y, &caches)?;
//! # Ok(()) }
//! ```
//!
//! # Sources
//!
//! - A. Ng, [*Neural Networks and Deep
//!   Learning*](https://www.coursera.org/learn/neural-networks-deep-learning), weeks 2 to 4,
//!   deeplearning.ai, 2017.
//! - D. Rumelhart, G. Hinton, R. Williams, [*Learning representations by back-propagating
//!   errors*](https://doi.org/10.1038/323533a0), Nature 323, 1986.
//! - Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, [*Efficient
//!   BackProp*](https://doi.org/10.1007/3-540-49430-8_2), 1998.
//! - X. Glorot, Y. Bengio, [*Understanding the difficulty of training deep feedforward neural
//!   networks*](https://proceedings.mlr.press/v9/glorot10a.html), AISTATS 2010.
//! - K. He, X. Zhang, S. Ren, J. Sun, [*Delving deep into
//!   rectifiers*](https://arxiv.org/abs/1502.01852), ICCV 2015.
//! - A. Ng, *Improving Deep Neural Networks*, weeks 1 and 2, deeplearning.ai, 2017. The modules of
//!   [`train`] list the papers on optimizers, schedules and regularization.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

pub mod activation;
pub mod backward;
mod buffer;
mod checks;
#[doc(hidden)]
pub mod compiled;
pub mod cost;
pub mod course;
pub mod data;
#[cfg(feature = "mpi")]
mod digest;
#[cfg(feature = "mpi")]
pub mod distributed;
pub mod error;
#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
pub mod files;
pub mod float;
mod fnv;
pub mod forward;
mod frozen;
pub mod gradients;
pub mod init;
mod interop;
#[allow(unsafe_code)]
mod kernel;
pub mod metrics;
pub mod model;
#[cfg(feature = "plot")]
pub mod page;
pub mod parameters;
#[cfg(feature = "plot")]
pub mod plot;
pub mod prelude;
#[cfg(feature = "progress")]
pub mod progress;
pub mod selection;
pub mod train;
pub mod update;

pub use error::{Error, Result};
pub use float::Float;
pub use gradients::Gradients;
pub use parameters::{Layer, Parameters};

// The spelling of the course.
pub use backward::l_model_backward as L_model_backward;
pub use forward::l_model_forward as L_model_forward;

// So that a caller's arrays and generators are of the versions that this crate takes.
pub use ndarray;
pub use rand;

// Its `ndarray_rand::rand` is rand 0.9, whose generators are other types.
#[cfg(feature = "ndarray-rand")]
pub use ndarray_rand;

#[cfg(any(doc, doctest))]
pub mod _guide;

/// Data-parallel training by MPI, with measurements.
#[cfg(doc)]
#[doc = include_str!("../docs/scaling.md")]
pub mod _scaling {}

/// What semantic versioning covers.
#[cfg(doc)]
#[doc = include_str!("../docs/stability.md")]
pub mod _stability {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "npz", feature = "onnx", feature = "safetensors"))]
#[doc = include_str!("../docs/saving.md")]
struct Saving;
