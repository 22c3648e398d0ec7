//! Runs dnn-blocks on the workloads of `compare.py` and prints one line of JSON for each case.
//!
//! ```text
//! peer --data DIR --cases W1:f64,W6:f32 --threads 1 [--predict workspace|columns|rows] [--latency]
//!      [--budget-ms 200] [--max-steps 2000] [--round 0] [--first-step-only]
//! ```
//!
//! A training step is a step of [`FullBatch`] that returns the cost. A prediction is a forward pass
//! in a [`Workspace`], or `outputs` of a [`Predictor`] that takes a matrix (features, examples) or
//! the rows of a table.

mod latency;

use dnn_blocks::model::Predictor;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;
use dnn_blocks_peers::files::Case;
use dnn_blocks_peers::{Failure, Options, Peer, Timer, mean, run_all};

/// Runs inside the pool, because each call from outside it costs about 10 µs.
fn main() -> Result<(), Failure> {
    let options = Options::read()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    pool.install(|| run_all("ours", &Ours, &options))
}

struct Ours;

impl<F: Float> Peer<F> for Ours {
    fn run(&self, case: Case<F>, timer: &Timer<'_>) -> Result<(), Failure> {
        if timer.options.latency {
            return latency::measure(&case, timer);
        }
        let Case { spec, x, y, parameters } = case;
        if spec.train {
            let mut descent = FullBatch::new(&x, &y, parameters)?;
            return timer.time(&spec, |_| Ok(descent.step(spec.learning_rate)?.as_f64()));
        }
        let m = x.ncols();
        match timer.options.predict.as_str() {
            "workspace" => {
                let mut workspace = Workspace::new(&parameters, m)?;
                timer.time(&spec, |wanted| {
                    let forward = workspace.forward(&x, &parameters)?;
                    Ok(if wanted { mean(forward.al()) } else { 0.0 })
                })
            }
            "columns" => {
                let mut predictor = Predictor::new(&parameters, m)?;
                timer.time(&spec, |wanted| {
                    let al = predictor.outputs(&x)?;
                    Ok(if wanted { mean(al) } else { 0.0 })
                })
            }
            "rows" => {
                let mut predictor = Predictor::new(&parameters, m)?;
                let table = rows(&x);
                timer.time(&spec, |wanted| {
                    let al = predictor.outputs(Examples::rows(&table))?;
                    Ok(if wanted { mean(al) } else { 0.0 })
                })
            }
            other => Err(format!("no way to predict by {other}").into()),
        }
    }
}

/// Returns a table (examples, features) of `X`.
fn rows<F: Float>(x: &Array2<F>) -> Array2<F> {
    x.t().as_standard_layout().into_owned()
}
