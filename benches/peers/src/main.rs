//! Runs dnn-blocks on the workloads of `compare.py` and prints one line of JSON for each case.
//!
//! ```text
//! peer --data DIR --cases W1:f64,W6:f32 --threads 1 [--predict workspace|columns|rows]
//!      [--weights parameters|packed|bf16] [--latency] [--budget-ms 200] [--max-steps 2000]
//!      [--round 0] [--first-step-only]
//! ```
//!
//! A training step is a step of [`FullBatch`] that returns the cost. A prediction is a forward pass
//! in a [`Workspace`], or `outputs` of a [`Predictor`] that takes a matrix (features, examples) or
//! the rows of a table.

mod latency;

use dnn_blocks::model::{PackedWeights, Predictor, Weights};
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

/// A type of element, which may have weights in bf16.
trait Element: Float {
    fn bf16(parameters: &Parameters<Self>) -> Result<PackedWeights<Self>, Failure>;
}

impl Element for f32 {
    fn bf16(parameters: &Parameters<f32>) -> Result<PackedWeights<f32>, Failure> {
        Ok(PackedWeights::bf16(parameters)?)
    }
}

impl Element for f64 {
    fn bf16(_: &Parameters<f64>) -> Result<PackedWeights<f64>, Failure> {
        Err("f64 has no weights in bf16".into())
    }
}

impl<F: Element> Peer<F> for Ours {
    fn run(&self, case: Case<F>, timer: &Timer<'_>) -> Result<(), Failure> {
        if timer.options.latency {
            return latency::measure(&case, timer);
        }
        let Case { spec, x, y, parameters } = &case;
        if spec.train {
            let mut descent = FullBatch::new(x, y, parameters.clone())?;
            return timer.time(spec, |_| Ok(descent.step(spec.learning_rate)?.as_f64()));
        }
        if timer.options.predict == "workspace" {
            let mut workspace = Workspace::new(parameters, x.ncols())?;
            return timer.time(spec, |wanted| {
                let forward = workspace.forward(x, parameters)?;
                Ok(if wanted { mean(forward.al()) } else { 0.0 })
            });
        }
        let packed = packed(&case, timer.options)?;
        let mut predictor = Predictor::new(weights(&case, packed.as_ref()), x.ncols())?;
        let table = rows(x);
        let x = match timer.options.predict.as_str() {
            "columns" => Examples::columns(x),
            "rows" => Examples::rows(&table),
            other => return Err(format!("no way to predict by {other}").into()),
        };
        timer.time(spec, |wanted| {
            let al = predictor.outputs(x)?;
            Ok(if wanted { mean(al) } else { 0.0 })
        })
    }
}

/// Returns the packed weights that the options ask for.
fn packed<F: Element>(
    case: &Case<F>,
    options: &Options,
) -> Result<Option<PackedWeights<F>>, Failure> {
    Ok(match options.weights.as_str() {
        "parameters" => None,
        "packed" => Some(PackedWeights::new(&case.parameters)?),
        "bf16" => Some(F::bf16(&case.parameters)?),
        other => return Err(format!("no weights {other}").into()),
    })
}

fn weights<'a, F: Element>(
    case: &'a Case<F>,
    packed: Option<&'a PackedWeights<F>>,
) -> Weights<'a, F> {
    packed.map_or(Weights::from(&case.parameters), Weights::from)
}

fn rows<F: Float>(x: &Array2<F>) -> Array2<F> {
    x.t().as_standard_layout().into_owned()
}
