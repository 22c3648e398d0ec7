//! The sweep behind the thresholds of the product seam: every product in each of its three ways.
//!
//! `cargo bench --bench ways` prints, for each shape, the time of each way relative to the
//! fastest, and the way that the library takes. The seam is not public, so the sweep compiles it
//! once more.

#![allow(dead_code, unused_imports, unsafe_code)] // the seam has more users in the library

#[path = "../src/kernel/mod.rs"]
mod kernel;

use kernel::Kernel;
use kernel::product::{Way, multiply_by};
use ndarray::{Array2, ArrayView2};
use std::time::Instant;

fn matrix<F: Kernel>(rows: usize, columns: usize) -> Array2<F> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        F::from((i * 31 + j * 17) % 101).unwrap() / F::from(101).unwrap()
    })
}

/// Median seconds of each way, taken in turn.
fn times<F: Kernel>(ways: &[Way], a: &ArrayView2<F>, b: &ArrayView2<F>) -> Vec<f64> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    let work = a.nrows() * a.ncols() * b.ncols();
    let repeats = (200_000 / work).max(1);
    let rounds = (40_000_000 / (work * repeats)).clamp(7, 101);
    let mut times = vec![Vec::new(); ways.len()];
    for _ in 0..rounds {
        for (way, times) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..repeats {
                multiply_by(*way, F::one(), a, b, F::zero(), &mut c);
            }
            times.push(start.elapsed().as_secs_f64() / repeats as f64);
        }
    }
    times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    times.iter().map(|times| times[times.len() / 2]).collect()
}

fn row<F: Kernel>(name: &str, a: ArrayView2<F>, b: ArrayView2<F>) {
    let mut ways = vec![Way::Packed];
    let (a_step, b_step) = (a.strides(), b.strides());
    if b_step[1] == 1 || b.ncols() == 1 {
        ways.push(Way::Rows);
    }
    if (a_step[1] == 1 || a.ncols() == 1) && (b_step[0] == 1 || b.nrows() == 1) {
        ways.push(Way::Dots);
    }
    if b.ncols() == 1 && (a_step[0] == 1 || a.nrows() == 1) {
        ways.push(Way::RowsTransposed);
    }
    let times = times(&ways, &a, &b);
    let best = times.iter().copied().fold(f64::INFINITY, f64::min);
    let c = Array2::<F>::zeros((a.nrows(), b.ncols()));
    let taken = Way::of(&a, &b, &c);
    let at = ways.iter().position(|way| *way == taken).expect("a way that was timed");
    let cells: Vec<_> =
        ways.iter().zip(&times).map(|(way, t)| format!("{way:?} {:.2}", t / best)).collect();
    println!(
        "{:<4} {name} {:>5} x {:>5} x {:>5}  {:>9.2} us  {:<46} takes {taken:?} ({:.2})",
        std::any::type_name::<F>(),
        a.nrows(),
        a.ncols(),
        b.ncols(),
        best * 1e6,
        cells.join(", "),
        times[at] / best
    );
}

fn sweep<F: Kernel>() {
    for depth in [4, 8, 16, 32, 64, 256, 1024] {
        for few in [1, 2, 4, 8, 16, 20, 24, 28, 32, 48, 64] {
            for many in [100, 1000] {
                let (few_rows, square) = (matrix::<F>(few, depth), matrix::<F>(depth, many));
                let turned = square.t().as_standard_layout().into_owned();
                row("NN few rows   ", few_rows.view(), square.view());
                row("NT few rows   ", few_rows.view(), turned.t());
                let (tall, flat) = (matrix::<F>(many, depth), matrix::<F>(depth, few));
                let turned = tall.t().as_standard_layout().into_owned();
                row("NN few columns", tall.view(), flat.view());
                row("TN few columns", turned.t(), flat.view());
            }
        }
    }
}

fn main() {
    sweep::<f32>();
    sweep::<f64>();
}
