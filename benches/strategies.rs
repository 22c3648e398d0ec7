//! Times matrix products with each strategy; the thresholds in the crate follow from it.
//!
//! `cargo bench -p benches --bench strategies` prints the tables of benches/strategies.md: the
//! time of a strategy over the time of *packed*, in bold where the library chooses it. The kernels
//! are not public, so this benchmark compiles them again.

#![allow(dead_code, unused_imports, unsafe_code)] // the library uses more of these modules

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

/// Returns the median seconds of each strategy. The strategies run in turn.
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

const FEW: [usize; 14] = [1, 2, 4, 6, 8, 10, 12, 16, 17, 20, 24, 32, 40, 64];

/// A product with few rows or columns of `C`.
#[derive(Clone, Copy)]
enum Kind {
    NnFewRows,
    NnFewColumns,
    TnFewColumns,
    NtFewRows,
}

impl Kind {
    /// The title of the table, and the strategies: the time of the first is divided by that of the
    /// fastest other one.
    fn title(self) -> (&'static str, &'static [Strategy]) {
        use Strategy::{Dots, Packed, Rows, RowsTransposed};
        match self {
            Kind::NnFewRows => ("NN, few rows of C: rows / packed", &[Rows, Packed]),
            Kind::NnFewColumns => {
                ("NN, few columns of C: dots / rows or packed", &[Dots, Rows, Packed])
            }
            Kind::TnFewColumns => (
                "TN, few columns of C: rows of the transposed product / rows or packed",
                &[RowsTransposed, Rows, Packed],
            ),
            Kind::NtFewRows => ("NT, few rows of C: dots / packed", &[Dots, Packed]),
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

/// Returns the ratio, in bold if the library chooses the first strategy, and the time of the chosen
/// strategy over the time of the fastest one.
fn cell<F: Kernel>(kind: Kind, few: usize, depth: usize, many: usize) -> (String, f64) {
    let [a, b] = kind.operands::<F>(few, depth, many);
    let strategies = kind.title().1;
    let times = times(strategies, &a.view(), &b.view());
    let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    let ratio = times[0] / least(&times[1..]);
    let c = Array2::<F>::zeros((a.nrows(), b.ncols()));
    let choice = Strategy::choose(&a, &b, &c);
    let chosen = strategies.iter().position(|strategy| *strategy == choice).unwrap_or(0);
    let text = if chosen == 0 { format!("**{ratio:.2}**") } else { format!("{ratio:.2}") };
    (text, times[chosen] / least(&times))
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
            "\nThe chosen strategy takes {mean:.3} times as long as the faster one, at most {worst:.2}."
        );
    }
}
