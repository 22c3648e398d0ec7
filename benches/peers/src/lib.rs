//! What the Rust programs of `compare.py` share: their options, the files of the workloads, and
//! the timing of steps.

pub mod files;
mod memory;
mod options;
mod timer;

use dnn_blocks::Float;
use files::Case;
pub use options::Options;
pub use timer::Timer;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A library that is measured, with elements of type `F`.
pub trait Peer<F> {
    /// Makes the step of the case and has it timed.
    fn run(&self, case: Case<F>, timer: &Timer<'_>) -> Result<(), Failure>;
}

/// Runs a library on the cases of the options, and prints one line of JSON for each.
pub fn run_all(
    library: &str,
    peer: &(impl Peer<f32> + Peer<f64>),
    options: &Options,
) -> Result<(), Failure> {
    for case in options.cases.iter().filter(|case| !case.is_empty()) {
        let (name, float) = case.split_once(':').ok_or("a case is like W1:f64")?;
        let timer = Timer { library, options, name, float };
        match float {
            "f32" => run::<f32>(peer, &timer)?,
            "f64" => run::<f64>(peer, &timer)?,
            _ => return Err(format!("no type {float}").into()),
        }
    }
    Ok(())
}

fn run<F: Float>(peer: &impl Peer<F>, timer: &Timer<'_>) -> Result<(), Failure> {
    peer.run(Case::read(&timer.options.data, timer.name)?, timer)
}

/// Returns the mean of the outputs, by which predictions are compared.
pub fn mean<'a, F: Float>(outputs: impl IntoIterator<Item = &'a F>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for a in outputs {
        sum += a.as_f64();
        n += 1.0;
    }
    sum / n
}
