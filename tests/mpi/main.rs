//! Training on several processes. Started without `mpirun`, this program runs itself under `mpirun`
//! with 1, 2, 3 and 4 processes.
//!
//! Without an installed `mpirun` it prints a line and passes, except in CI, where it fails.

mod cases;

#[allow(unsafe_code)]
mod counting;

mod jobs;

mod layouts;

mod models;

#[allow(dead_code)]
#[path = "../blocks/support/strides.rs"]
mod strides;

mod support;

fn main() {
    match std::env::var(jobs::CASE) {
        Ok(case) => cases::run(&case),
        Err(_) => jobs::run_all(),
    }
}
