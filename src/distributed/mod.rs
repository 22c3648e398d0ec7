//! Data-parallel training by MPI (feature `mpi`).
//!
//! Each process holds part of the examples. Gradients are all-reduced layer by layer while the
//! backward pass continues.
//!
//! With `m_r` examples on rank r of N, and m in all:
//!
//! ```math
//! dW = \sum_{r=0}^{N-1} \frac{m_r}{m}\, dW_r \qquad db = \sum_{r=0}^{N-1} \frac{m_r}{m}\, db_r
//! ```
//!
//! so N processes take the step of one process on the whole batch. The gradients are bit-identical on
//! all ranks, and so are the updates.
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
//! ranks.ensure_equal("generator", &rng)?;
//! let mut batches = ranks.batches(x, y, 100)?;
//! let mut workspace = ranks.workspace(&parameters, 100)?; // one process: Workspace::new
//! for _epoch in 0..10 {
//!     batches.shuffle(&mut rng);
//!     while let Some((x, y)) = batches.next() {
//!         let cost = Cost::BinaryCrossEntropy;
//!         let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost)?;
//!         update_parameters(&mut parameters, gradients, 0.1)?;
//!     }
//! }
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! Run it with `mpirun -np 4 program`. In a loop of the plain functions, call [`Ranks::average`]
//! between the backward pass and the update. [`Ranks::fit_classifier`] and [`Ranks::fit_regressor`]
//! train the models of [`model`](crate::model).
//!
//! # Equality with one process
//!
//! All ranks draw the order of all examples, and the dropout masks of whole batches, from equal
//! generators, and use their own columns. The result therefore depends on the number of ranks only by
//! the rounding of sums. For a given number of ranks it is bit-identical in every run on machines of
//! one kind. Drawing is not divided among the ranks, and the parts of a small batch may differ in size.
//!
//! With the feature `rayon`, products run on rayon's global pool. With several processes per machine,
//! set `RAYON_NUM_THREADS`. MPI is called from the thread that takes the steps, which must be the one
//! that initialized MPI; initialize a program with threads by
//! `mpi::initialize_with_threading(mpi::Threading::Funneled)`.
//!
//! A network has at most 256 layers here: each takes a stack frame in a step.
//!
//! # Errors on one rank
//!
//! An error on one rank is an [`Error::OnRank`](crate::Error::OnRank) on all ranks, in every function
//! of this module; [`Ranks::all_ok`] does the same for your own errors. If ranks pass different values,
//! all ranks get an [`Error::Disagreement`](crate::Error::Disagreement). [`Ranks::workspace`] compares
//! networks and parameters, each step its objective and dropout masks, and a fit all of them. In your
//! own loop, compare rule, learning rate and generator by [`Ranks::ensure_equal`].
//!
//! A process that ends by a panic or a signal ends the job. If it returns early, the others wait. So
//! pass your own errors to [`Ranks::all_ok`] or [`Ranks::abort`]:
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
//! Training* (2020), for reductions that overlap with the backward pass.

#[cfg(feature = "safetensors")]
mod checkpointing;
mod collectives;
mod comparable;
mod fit;
mod ranks;
mod reducer;
mod standardize;
mod workspace;

pub use crate::digest::{Comparable, Digest};
pub use mpi;
pub use ranks::Ranks;
pub use workspace::DistributedWorkspace;
