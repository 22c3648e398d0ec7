//! Data-parallel training by MPI (feature `mpi`).
//!
//! Each process holds part of the examples. Gradients are all-reduced layer by layer while the
//! backward pass continues.
//!
//! With m_r examples on rank r of N ranks, and m examples in all:
//!
//! ```math
//! dW = \sum_{r=0}^{N-1} \frac{m_r}{m}\, dW_r \qquad db = \sum_{r=0}^{N-1} \frac{m_r}{m}\, db_r
//! ```
//!
//! N processes therefore take the step that one process takes on the whole batch. Gradients and
//! updates are bit-identical on all ranks.
//!
//! ```no_run
//! use dnn_blocks::distributed::{Ranks, mpi};
//! use dnn_blocks::ndarray::{Array2, s};
//! use dnn_blocks::prelude::*;
//!
//! let universe = mpi::initialize().expect("MPI is not running yet");
//! let ranks = Ranks::new(&universe);
//! # let (x, y) = (Array2::<f64>::zeros((3, 1000)), Array2::zeros((1, 1000)));
//! let share = ranks.share(1000); // the columns of this rank
//! let (x, y) = (x.slice(s![.., share.clone()]), y.slice(s![.., share]));
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
//! Run it with `mpirun -np 4 program`. In a loop of `l_model_forward` and `l_model_backward`, call
//! [`Ranks::average`] between the backward pass and the update. [`Ranks::fit_classifier`],
//! [`Ranks::fit_multi_label`] and [`Ranks::fit_regressor`] train the models of
//! [`model`](crate::model).
//!
//! # Equality with one process
//!
//! All ranks have equal generators. Each rank draws the order of all examples and the dropout masks
//! of whole batches, and uses the columns that it holds. The result therefore depends on the number
//! of ranks only by the rounding of sums. For a given number of ranks it is bit-identical in every
//! run on machines of one kind. The price is that every rank draws all random numbers, and that the
//! parts of a small batch may differ in size.
//!
//! # Threads and limits
//!
//! With the feature `rayon`, products run in rayon's global pool. With several processes per
//! machine, set `RAYON_NUM_THREADS`. Take the steps on the thread that initialized MPI, because
//! they call MPI. If the program has other threads, initialize MPI by
//! `mpi::initialize_with_threading(mpi::Threading::Funneled)`.
//!
//! A network may have at most 256 layers, because each takes a stack frame in a step.
//!
//! # Errors on one rank
//!
//! In every function of this module, an error on one rank is an
//! [`Error::OnRank`](crate::Error::OnRank) on all ranks. [`Ranks::all_ok`] does the same for your
//! own errors.
//!
//! If ranks pass different values, all ranks return an
//! [`Error::Disagreement`](crate::Error::Disagreement). [`Ranks::workspace`] compares networks and
//! parameters, each step compares its objective, frozen layers and dropout masks, and a fit
//! compares all of them. In your own loop, compare the update rule, the learning rate and the
//! generator by [`Ranks::ensure_equal`].
//!
//! A process that ends by a panic or a signal ends the job. If a process returns early, the others
//! wait for it forever. So pass your own errors to [`Ranks::all_ok`] or [`Ranks::abort`]:
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
