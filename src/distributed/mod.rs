//! Training on many machines: one network, the examples dealt out, gradients added up by MPI
//! (feature `mpi`).
//!
//! With `m_r` examples on rank r of N, and m in all:
//!
//! ```math
//! dW = \sum_{r=0}^{N-1} \frac{m_r}{m}\, dW_r \qquad db = \sum_{r=0}^{N-1} \frac{m_r}{m}\, db_r
//! ```
//!
//! so N processes take the step that one would take on the whole batch. Every rank then has the same
//! gradients to the last bit, and makes the same update.
//!
//! ```no_run
//! use dnn_blocks::distributed::{Ranks, mpi};
//! use dnn_blocks::ndarray::{Array2, s};
//! use dnn_blocks::prelude::*;
//!
//! let universe = mpi::initialize().expect("MPI is not running yet");
//! let ranks = Ranks::new(&universe);
//! # let (x, y) = (Array2::<f64>::zeros((3, 1000)), Array2::zeros((1, 1000)));
//! let mine = ranks.share(1000); // of the 1000 examples there are
//! let (x, y) = (x.slice(s![.., mine.clone()]), y.slice(s![.., mine]));
//!
//! let mut rng = NumpyRandom::seed(1);
//! let mut parameters = initialize_parameters_deep(&[3, 8, 1], Initializer::He, &mut rng)?;
//! ranks.broadcast(&mut parameters)?;
//! ranks.agree("generator", &rng)?;
//! let mut batches = ranks.batches(x, y, 100)?;
//! let mut workspace = ranks.workspace(&parameters, 100)?; // alone: Workspace::new
//! for _epoch in 0..10 {
//!     batches.shuffle(&mut rng);
//!     while let Some((x, y)) = batches.next() {
//!         let cost = Cost::BinaryCrossEntropy;
//!         let (_, gradients) = workspace.cost_and_gradients(x, y, &parameters, cost)?;
//!         update_parameters(&mut parameters, gradients, 0.1)?;
//!     }
//! }
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! Run it with `mpirun -np 4 program`. A loop of the plain functions becomes a distributed one by
//! [`Ranks::average`] between backward and update. A [`Classifier`](crate::model::Classifier) or
//! [`Regressor`](crate::model::Regressor) is trained by all ranks with
//! [`FitOptions::ranks`](crate::model::FitOptions::ranks).
//!
//! # What is the same as on one machine
//!
//! Batches and dropout: all ranks draw the order of all examples from equal generators, and each
//! takes its own of every batch; it draws the masks of the whole batch, and keeps its columns. So
//! the result does not depend on N but for the rounding of sums in another order, and for a given N
//! it has the same bits in every run on machines of one kind. The price is that drawing is not
//! shared, and that the parts of a small batch are not all of one size.
//!
//! Products are done by the threads of rayon's global pool (feature `rayon`), which has all cores
//! unless `RAYON_NUM_THREADS` says less: with several processes on a machine, let it. MPI is called by
//! the thread that takes the steps, which must be the one that initialised it; a program with threads
//! initialises it by `mpi::initialize_with_threading(mpi::Threading::Funneled)`.
//!
//! A network has at most 256 layers here: a step takes a frame of the stack for each.
//!
//! # When something is wrong
//!
//! What is an error on one rank is an [`Error::OnRank`](crate::Error::OnRank) on all in
//! every function here, and [`Ranks::together`] makes it one for what a program does itself. Where
//! ranks were given different things, all get an
//! [`Error::Disagreement`](crate::Error::Disagreement): networks and parameters are compared by
//! [`Ranks::workspace`], the objective and what was drawn for dropout in every step, all of it in a
//! model's fit; rule, learning rate and generator of a loop of one's own by [`Ranks::agree`].
//!
//! A process that ends by a panic or a signal ends the job. One that returns early does not: the
//! others wait for it. So a program's own errors go through [`Ranks::together`] or [`Ranks::abort`]:
//!
//! ```no_run
//! # use dnn_blocks::distributed::{Ranks, mpi};
//! fn run(ranks: &Ranks<'_>) -> dnn_blocks::Result<()> {
//! #   let _ = ranks;
//!     // everything
//!     Ok(())
//! }
//!
//! let universe = mpi::initialize().expect("MPI is not running yet");
//! let ranks = Ranks::new(&universe);
//! if let Err(error) = run(&ranks) {
//!     ranks.abort(&error);
//! }
//! ```
//!
//! Sources: Message Passing Interface Forum, *MPI: A Message-Passing Interface Standard*, 3.1
//! (2015), chapter 5; Li et al., *PyTorch Distributed: Experiences on Accelerating Data Parallel
//! Training* (2020), for sums that start while the rest is differentiated.

mod ranks;
mod team;
mod workspace;

pub use mpi;
pub use ranks::Ranks;
pub use workspace::{Dropout, JointWorkspace};
