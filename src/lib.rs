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
//! A training step is four calls on parameters that were drawn once; each module holds one of
//! them. The functions and their names are those of week 4 of the course *Neural Networks and
//! Deep Learning* (Andrew Ng, deeplearning.ai, 2017).
//!
//! | module | function | formula |
//! |---|---|---|
//! | [`init`] | [`initialize_parameters_deep`](init::initialize_parameters_deep) | `W ~ N(0, σ²)`, `b = 0` |
//! | [`forward`] | [`l_model_forward`](forward::l_model_forward) | `Z = W·A_prev + b`, `A = g(Z)` |
//! | [`cost`] | [`compute_cost`](cost::compute_cost) | `J = -1/m Σ y ln a + (1-y) ln(1-a)` |
//! | [`backward`] | [`l_model_backward`](backward::l_model_backward) | `dZ = dA ∘ g'(Z)`, `dW = 1/m dZ·A_prevᵀ`, `db = 1/m Σ dZ` |
//! | [`update`] | [`update_parameters`](update::update_parameters) | `W ← W - α dW`, `b ← b - α db` |
//!
//! Written for layer l of L, with m examples (the superscripts in brackets are the course's):
//!
//! ```math
//! \begin{aligned}
//! Z^{[l]} &= W^{[l]} A^{[l-1]} + b^{[l]} & A^{[l]} &= g^{[l]}(Z^{[l]}) \\
//! dZ^{[l]} &= dA^{[l]} \circ g^{[l]\prime}(Z^{[l]}) & dA^{[l-1]} &= W^{[l]T} dZ^{[l]} \\
//! dW^{[l]} &= \tfrac{1}{m}\, dZ^{[l]} A^{[l-1]T} & db^{[l]} &= \tfrac{1}{m} \sum_{i=1}^{m} dZ^{[l](i)}
//! \end{aligned}
//! ```
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
//! Every function checks them, and nothing broadcasts but `b` over the examples: what does not
//! fit is an [`Error`] with the layer and both shapes. Values are not checked, as the course's
//! own cases go beyond labels of 0 and 1; NaN stays NaN.
//!
//! # What flows
//!
//! Forward functions return *(what flows on, what backward needs)*, backward functions *(what
//! flows on, what update needs)*. What is only read is taken as `&ArrayRef2<F>`: lend an
//! [`Array2`](ndarray::Array2), a view or a slice. What a cache keeps is taken as
//! `impl Into<CowArray>`: `&x` lends it, `x` gives it away.
//!
//! # Fast
//!
//! [`Workspace`] takes the same step without allocation, and [`FullBatch`] also reads `X` once
//! instead of twice; both are equal to the functions above to the last bit. All of them use
//! AVX-512 or AVX2 where the processor has it, found out when the program runs;
//! `DNN_BLOCKS_ISA=portable` in the environment turns that off. With the feature `rayon` large
//! products are shared among threads, without a change of any bit (but for the sign and payload of
//! a NaN, which are not specified).
//!
//! # What the borrow checker guarantees
//!
//! The caches borrow `W` and `b`, so the parameters cannot change between a forward pass and the
//! backward pass that belongs to it. In this order it compiles:
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
//! With the last two lines exchanged it does not:
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
//! # Around the step
//!
//! [`cost`] has a [`Cost`](cost::Cost) for classes and for numbers too, [`train::regularization`] L2 and
//! dropout; [`train::batches`] deals the examples, [`train::optimizer`] takes the step with a memory, and
//! [`train::schedule`] lowers its learning rate; [`train::gradient_check`] compares the gradients of one's own
//! layers with differences of the cost. [`data`] brings features on one scale, numbers the
//! labels and keeps examples for the test; [`metrics`] says how good predictions are.
//!
//! The loop is written, too: [`model`] has a [`Classifier`](model::Classifier) and a
//! [`Regressor`](model::Regressor) for tables, [`course`] the course's models. The features
//! `progress` and `plot` show how far a training is, and what it came to.
//!
//! # Out of the process and back
//!
//! `files` keeps networks and whole models in safetensors files (feature `safetensors`), reads and
//! writes NumPy's npz (`npz`), reads networks of PyTorch, Keras and scikit-learn, and exports to
//! ONNX (`onnx`). A training that is killed, in a loop of yours or in a `fit`, goes on from its
//! checkpoints with the same bits. [`model::predictor`] serves predictions from many threads.
//!
//! With the feature `serde` the value types are serde's: networks, gradients, optimisers,
//! generators, hyperparameters and whole models. What is deserialised goes through the functions
//! that build by hand, and what they refuse is refused. (With `serde_json` turn on its feature
//! `float_roundtrip`, or numbers may change in their last bit.)
//!
//! # Many machines
//!
//! With the feature `mpi`, `distributed` trains one network by all processes of an MPI job: in a loop
//! of one's own by one other call, in a model's fit by one option.
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
//! - A. Ng, *Improving Deep Neural Networks*, weeks 1 and 2, deeplearning.ai, 2017; the papers of
//!   the rules are listed in [`train::optimizer`], those of L2 and dropout in [`train::regularization`].

#![deny(unsafe_code)]

pub mod activation;
pub mod backward;
mod buffer;
mod checks;
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
pub mod forward;
pub mod gradients;
pub mod init;
mod interop;
#[allow(unsafe_code)]
mod kernel;
pub mod metrics;
pub mod model;
pub mod parameters;
#[cfg(feature = "plot")]
pub mod plot;
pub mod prelude;
#[cfg(feature = "progress")]
pub mod progress;
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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "npz", feature = "onnx", feature = "safetensors"))]
#[doc = include_str!("../docs/moving-models.md")]
struct MovingModels;
