//! L-BFGS beside gradient descent with a fixed learning rate. See benches/README.md.
//!
//! ```text
//! cargo bench --bench lbfgs
//! ```
//!
//! Both minimize the same cost from the same start, on the full batch. Gradient descent has the
//! best of six learning rates, and runs until its cost is that of L-BFGS, or for 100,000 steps.

use dnn_blocks::course::datasets::{moons, spirals};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions};
use std::time::Instant;

const ROUNDS: usize = 5;
const MOST_STEPS: usize = 100_000;
const RATES: [f64; 6] = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

struct Problem {
    name: &'static str,
    x: Array2<f64>,
    y: Array2<f64>,
    parameters: Parameters<f64>,
    objective: Objective,
}

/// The cost of a training, its number of evaluations, and its seconds.
struct Run {
    cost: f64,
    evaluations: usize,
    seconds: f64,
}

fn main() {
    println!(
        "| problem | cost | L-BFGS | evaluations | gradient descent | steps | its cost | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for problem in [logistic(), small("moons, 2-10-1"), softmax()] {
        let target = problem.lbfgs();
        let best = RATES.map(|rate| problem.descent(rate, target.cost)).into_iter().zip(RATES);
        let key = |run: &Run| match run.cost <= 1.001 * target.cost {
            true => (0, run.seconds),
            false => (1, run.cost),
        };
        let best = best.min_by(|(a, _), (b, _)| key(a).partial_cmp(&key(b)).expect("numbers"));
        let (slow, rate) = best.expect("a rate");
        let mut times = [vec![], vec![slow.seconds]];
        for _ in 0..ROUNDS {
            times[0].push(problem.lbfgs().seconds);
            if slow.seconds < 5.0 {
                times[1].push(problem.descent(rate, target.cost).seconds);
            }
        }
        let [fast, seconds] = times.map(median);
        println!(
            "| {} | {:.5} | {:.1} ms | {} | {:.1} ms at {rate} | {} | {:.5} | {:.0} |",
            problem.name,
            target.cost,
            1e3 * fast,
            target.evaluations,
            1e3 * seconds,
            slow.evaluations,
            slow.cost,
            seconds / fast
        );
    }
}

impl Problem {
    fn lbfgs(&self) -> Run {
        let mut parameters = self.parameters.clone();
        let start = Instant::now();
        let mut workspace = Workspace::new(&parameters, self.x.ncols()).expect("fits");
        let mut search = Lbfgs::new(&parameters, LbfgsOptions::default()).expect("fits");
        while search.stopped().is_none() {
            let step = workspace.cost_and_gradients(&self.x, &self.y, &parameters, &self.objective);
            let (cost, gradients) = step.expect("fits");
            search.step(&mut parameters, cost, gradients).expect("fits");
        }
        let seconds = start.elapsed().as_secs_f64();
        Run { cost: search.cost(), evaluations: search.evaluations() as usize, seconds }
    }

    /// Takes steps until the cost is within a thousandth of `target`.
    fn descent(&self, rate: f64, target: f64) -> Run {
        let mut parameters = self.parameters.clone();
        let start = Instant::now();
        let mut workspace = Workspace::new(&parameters, self.x.ncols()).expect("fits");
        let (mut evaluations, mut cost) = (0, f64::INFINITY);
        while evaluations < MOST_STEPS && cost > 1.001 * target {
            let step = workspace.cost_and_gradients(&self.x, &self.y, &parameters, &self.objective);
            let (now, gradients) = step.expect("fits");
            update_parameters(&mut parameters, gradients, rate).expect("fits");
            (evaluations, cost) = (evaluations + 1, now);
        }
        Run { cost, evaluations, seconds: start.elapsed().as_secs_f64() }
    }
}

/// Logistic regression on the breast-cancer data, standardized.
fn logistic() -> Problem {
    let rows: Vec<Vec<f64>> = include_str!("../examples/data/breast_cancer.csv")
        .lines()
        .skip(1)
        .map(|line| {
            let cell = |cell: &str| cell.parse().unwrap_or(f64::from(u8::from(cell == "M")));
            line.split(',').map(cell).collect()
        })
        .collect();
    let x = Array2::from_shape_fn((30, rows.len()), |(feature, i)| rows[i][feature + 1]);
    let x = Standardizer::fit(&x).and_then(|scaler| scaler.transform(&x)).expect("fits");
    let y = Array2::from_shape_fn((1, rows.len()), |(_, i)| rows[i][0]);
    let parameters = network(&[30, 1], Activation::Sigmoid);
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.01);
    Problem { name: "breast cancer, 30-1", x, y, parameters, objective }
}

fn small(name: &'static str) -> Problem {
    let (x, y) = moons(300, 0.2, &mut NumpyRandom::seed(1)).expect("fits");
    let parameters = network(&[2, 10, 1], Activation::Sigmoid);
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.1);
    Problem { name, x, y, parameters, objective }
}

fn softmax() -> Problem {
    let (x, y) = spirals(300, 3, 0.2, &mut NumpyRandom::seed(1)).expect("fits");
    let parameters = network(&[2, 16, 3], Activation::Softmax);
    let objective = Objective::new(Cost::CategoricalCrossEntropy).l2(0.1);
    Problem { name: "spirals, 2-16-3", x, y, parameters, objective }
}

fn network(sizes: &[usize], output: Activation) -> Parameters<f64> {
    let mut rng = NumpyRandom::seed(2);
    let parameters = initialize_parameters_deep(sizes, Initializer::Xavier, &mut rng);
    parameters.expect("fits").with_activations(Activation::Tanh, output)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
