//! The sweep behind the thresholds of the matrix product: every product in each of its three strategies.
//!
//! `cargo bench --bench strategies` prints tables in the form of benches/strategies.md: the time of a strategy over
//! that of *packed*, bold where the library takes it. The kernels are not public, so the sweep
//! compiles them once more.

#![allow(dead_code, unused_imports, unsafe_code)] // the seam has more users in the library

#[path = "../src/kernel/mod.rs"]
mod kernel;

use kernel::Kernel;
use kernel::product::{Strategy, gemm_by};
use ndarray::{Array2, ArrayView2};
use std::time::Instant;

fn matrix<F: Kernel>(rows: usize, columns: usize) -> Array2<F> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        F::from((i * 31 + j * 17) % 101).unwrap() / F::from(101).unwrap()
    })
}

/// Median seconds of each strategy, taken in turn.
fn times<F: Kernel>(strategies: &[Strategy], a: &ArrayView2<F>, b: &ArrayView2<F>) -> Vec<f64> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    let work = a.nrows() * a.ncols() * b.ncols();
    let repeats = (200_000 / work).max(1);
    let rounds = (40_000_000 / (work * repeats)).clamp(7, 101);
    let mut times = vec![Vec::new(); strategies.len()];
    for _ in 0..rounds {
        for (strategy, times) in strategies.iter().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..repeats {
                gemm_by(*strategy, F::one(), a, b, F::zero(), &mut c);
            }
            times.push(start.elapsed().as_secs_f64() / repeats as f64);
        }
    }
    times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    times.iter().map(|times| times[times.len() / 2]).collect()
}

const FEW: [usize; 11] = [1, 2, 4, 8, 16, 20, 24, 28, 32, 48, 64];

/// A product of few rows or columns.
#[derive(Clone, Copy)]
enum Kind {
    NnFewRows,
    NnFewColumns,
    TnFewColumns,
    NtFewRows,
}

impl Kind {
    /// How the sweep calls it, and the strategy that competes with *packed*.
    fn title(self) -> (&'static str, Strategy) {
        match self {
            Kind::NnFewRows => ("NN, few rows of C: rows / packed", Strategy::Rows),
            Kind::NnFewColumns => ("NN, few columns of C: rows / packed", Strategy::Rows),
            Kind::TnFewColumns => ("TN, few columns of C: rows / packed", Strategy::Rows),
            Kind::NtFewRows => ("NT, few rows of C: dots / packed", Strategy::Dots),
        }
    }

    fn operands<F: Kernel>(self, few: usize, depth: usize, many: usize) -> [Array2<F>; 2] {
        match self {
            Kind::NnFewRows => [matrix(few, depth), matrix(depth, many)],
            Kind::NnFewColumns => [matrix(many, depth), matrix(depth, few)],
            Kind::TnFewColumns => [matrix(depth, many).reversed_axes(), matrix(depth, few)],
            Kind::NtFewRows => [matrix(few, depth), matrix(many, depth).reversed_axes()],
        }
    }
}

/// The ratio, bold if the library does not pack this product; and how much it loses to the better
/// strategy.
fn cell<F: Kernel>(kind: Kind, few: usize, depth: usize, many: usize) -> (String, f64) {
    let [a, b] = kind.operands::<F>(few, depth, many);
    let times = times(&[kind.title().1, Strategy::Packed], &a.view(), &b.view());
    let (ratio, best) = (times[0] / times[1], times[0].min(times[1]));
    let c = Array2::<F>::zeros((a.nrows(), b.ncols()));
    match Strategy::choose(&a, &b, &c) {
        Strategy::Packed => (format!("{ratio:.2}"), times[1] / best),
        _ => (format!("**{ratio:.2}**"), times[0] / best),
    }
}

fn table<F: Kernel>(kind: Kind) -> Vec<f64> {
    let mut losses = Vec::new();
    for many in [100, 1000] {
        for depth in [4, 8, 16, 32, 64, 256, 1024] {
            print!("| {}, {many}, {depth} |", std::any::type_name::<F>());
            for few in FEW {
                let (text, loss) = cell::<F>(kind, few, depth, many);
                print!(" {text} |");
                losses.push(loss);
            }
            println!();
        }
    }
    losses
}

fn main() {
    println!("# {:?}", kernel::Isa::current());
    for kind in [Kind::NnFewRows, Kind::NnFewColumns, Kind::TnFewColumns, Kind::NtFewRows] {
        println!("\n## {}\n", kind.title().0);
        println!("| type, many, products | {} |", FEW.map(|few| few.to_string()).join(" | "));
        println!("|---{}|", "|---".repeat(FEW.len()));
        let losses = [table::<f32>(kind), table::<f64>(kind)].concat();
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        let worst = losses.iter().copied().fold(1.0, f64::max);
        println!(
            "\nThe strategy taken needs {mean:.3} times as long as the better one, {worst:.2} at most."
        );
    }
}
