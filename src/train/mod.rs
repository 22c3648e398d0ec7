//! Training: mini-batches, optimizers, schedules, regularization, the general backward pass, and
//! steps that do not allocate.
//!
//! | module | for |
//! |---|---|
//! | [`batches`] | mini-batches in random order |
//! | [`optimizer`] | momentum, Nesterov, RMSProp, Adam, AdamW, and rules of your own |
//! | [`lbfgs`] | L-BFGS, for full batches |
//! | [`schedule`] | learning rates that change from epoch to epoch |
//! | [`regularization`] | L2 and dropout |
//! | [`backward`] | the backward pass for any cost, with L2, dropout and the gradient of `X` |
//! | [`workspace`] | a step without allocation |
//! | [`full_batch`] | full-batch gradient descent that reads `X` once a step |
//! | [`gradient_check`] | gradients compared with finite differences |
//!
//! A complete loop: a softmax network on mini-batches, with Adam, a cosine schedule, L2 and
//! dropout.
//!
//! ```
//! use dnn_blocks::course::datasets::spirals;
//! use dnn_blocks::prelude::*;
//! use dnn_blocks::train::workspace::Dropout;
//!
//! let mut rng = NumpyRandom::seed(1);
//! let (x, y) = spirals::<f64>(300, 3, 0.2, &mut rng)?; // `Y` has class numbers
//! let mut parameters = initialize_parameters_deep(&[2, 64, 3], Initializer::He, &mut rng)?
//!     .with_activations(Activation::Relu, Activation::Softmax);
//!
//! let objective = Objective::new(Cost::CategoricalCrossEntropy).l2(1e-4);
//! let schedule = Schedule::Cosine { warm_up: 0, total: 100, lowest: 0.0 };
//! let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters)?;
//! let mut batches = Batches::new(&x, &y, 32)?;
//! let mut workspace = Workspace::new(&parameters, 32)?;
//! for epoch in 0..100 {
//!     batches.shuffle(&mut rng);
//!     while let Some((x, y)) = batches.next() {
//!         let (_cost, gradients) = workspace.cost_and_gradients_with_dropout(
//!             &x,
//!             &y,
//!             &parameters,
//!             &objective,
//!             Dropout::new(0.95, &mut rng),
//!         )?;
//!         optimizer.step(&mut parameters, gradients, schedule.at(0.02, epoch))?;
//!     }
//! }
//!
//! let al = predict_proba(&x, &parameters)?; // without dropout
//! assert!(accuracy(Actual(&y), Predicted(&al))? > 0.9);
//! # Ok::<(), dnn_blocks::Error>(())
//! ```

pub mod backward;
pub(crate) mod backward_pass;
pub mod batches;
pub mod full_batch;
pub mod gradient_check;
pub mod lbfgs;
pub mod optimizer;
pub(crate) mod reduce;
pub mod regularization;
pub mod schedule;
pub(crate) mod step;
pub mod workspace;
