//! Runs dnn-blocks on the workloads of `compare.py` and prints one line of JSON for each case.
//!
//! ```text
//! peer --data DIR --cases W1:f64,W6:f32 --threads 1
//!      [--budget-ms 200] [--max-steps 2000] [--round 0] [--first-step-only]
//! ```
//!
//! A training step is a step of [`FullBatch`] that returns the cost. A prediction is a forward
//! pass in a [`Workspace`].

mod files;
mod memory;

use dnn_blocks::ndarray::ArrayRef2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;
use files::{Case, Spec};
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Options {
    data: PathBuf,
    cases: Vec<String>,
    threads: usize,
    budget_ms: f64,
    max_steps: usize,
    round: u32,
    first_step_only: bool,
}

impl Options {
    fn read() -> Result<Self, Failure> {
        let mut options = Options {
            data: PathBuf::new(),
            cases: Vec::new(),
            threads: 1,
            budget_ms: 200.0,
            max_steps: 2000,
            round: 0,
            first_step_only: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(name) = words.next() {
            if name == "--first-step-only" {
                options.first_step_only = true;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{name} wants a value"))?;
            match name.as_str() {
                "--data" => options.data = value.into(),
                "--cases" => options.cases = value.split(',').map(String::from).collect(),
                "--threads" => options.threads = value.parse()?,
                "--budget-ms" => options.budget_ms = value.parse()?,
                "--max-steps" => options.max_steps = value.parse()?,
                "--round" => options.round = value.parse()?,
                _ => return Err(format!("no option {name}").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> Result<(), Failure> {
    let options = Options::read()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    pool.install(|| run_all(&options))
}

/// Runs inside the pool, because each call from outside it costs about 10 µs.
fn run_all(options: &Options) -> Result<(), Failure> {
    for case in options.cases.iter().filter(|case| !case.is_empty()) {
        let (name, float) = case.split_once(':').ok_or("a case is like W1:f64")?;
        match float {
            "f32" => run::<f32>(options, name, float)?,
            "f64" => run::<f64>(options, name, float)?,
            _ => return Err(format!("no type {float}").into()),
        }
    }
    Ok(())
}

fn run<F: Float>(options: &Options, name: &str, float: &str) -> Result<(), Failure> {
    let spec = Spec::read(&options.data, name)?;
    let Case { x, y, parameters } = Case::<F>::read(&options.data, name, &spec)?;
    if spec.train {
        let rate = spec.learning_rate;
        let mut descent = FullBatch::new(&x, &y, parameters)?;
        report(options, (name, float), &spec, || Ok(descent.step(rate)?.as_f64()))
    } else {
        let mut workspace = Workspace::new(&parameters, x.ncols())?;
        report(options, (name, float), &spec, || {
            Ok(mean(&workspace.forward(&x, &parameters)?.al()))
        })
    }
}

fn mean<F: Float>(al: &ArrayRef2<F>) -> f64 {
    al.iter().map(|a| a.as_f64()).sum::<f64>() / al.len() as f64
}

/// Takes the steps after which costs are compared, then times steps until the budget is spent.
fn report(
    options: &Options,
    (name, float): (&str, &str),
    spec: &Spec,
    mut step: impl FnMut() -> Result<f64, Failure>,
) -> Result<(), Failure> {
    let Options { threads, round, .. } = options;
    let head = format!(
        "{{\"peer\": \"ours\", \"workload\": \"{name}\", \"dtype\": \"{float}\", \
         \"threads\": {threads}, \"round\": {round}, \"version\": \"{}\"",
        env!("CARGO_PKG_VERSION")
    );
    let mut cost = step()?;
    if options.first_step_only {
        let start: f64 = std::env::var("PEERS_T0")?.parse()?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() - start;
        let whole = memory::peak_kib();
        memory::forget_peak();
        for _ in 0..3 {
            black_box(step()?);
        }
        let steps = memory::peak_kib();
        println!(
            "{head}, \"mode\": \"cold\", \"cold_start_s\": {seconds:.6}, \"final_cost\": {cost:?}, \
             \"max_rss_kib\": {}, \"steps_rss_kib\": {steps}}}",
            whole.max(steps)
        );
        return Ok(());
    }
    for _ in 1..spec.agree_steps {
        cost = step()?;
    }
    if !spec.train {
        for _ in 0..20 {
            step()?;
        }
    }
    let faults = memory::minor_faults();
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < 3
        || (times.len() < options.max_steps
            && begin.elapsed().as_secs_f64() * 1e3 < options.budget_ms)
    {
        let start = Instant::now();
        black_box(step()?);
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    let faults = (memory::minor_faults() - faults) as f64 / times.len() as f64;
    times.sort_by(f64::total_cmp);
    let (n, last) = (times.len(), times.len() - 1);
    println!(
        "{head}, \"median_us_per_step\": {:.4}, \"min_us\": {:.4}, \"max_us\": {:.4}, \
         \"steps\": {n}, \"final_cost\": {cost:?}, \"minor_faults_per_step\": {faults:.1}}}",
        (times[last / 2] + times[n / 2]) / 2.0,
        times[0],
        times[last]
    );
    Ok(())
}
