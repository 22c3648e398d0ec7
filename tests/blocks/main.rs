//! One test program, so that it links once: the promises of the crate through its public API.

mod cats;
mod contract;
mod course;
mod fast;
mod gradients;
mod numpy_random;
mod properties;
mod reference;
