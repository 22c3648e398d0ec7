//! Training on several processes. Without an argument this program starts itself under `mpirun`
//! with 1, 2, 3 and 4 processes; under `mpirun` it is one of them.
//!
//! Where there is no `mpirun` it says so and passes, but for CI, where it fails.

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
