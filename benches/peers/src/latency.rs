//! Times of one example at a time, given in three ways.

use crate::{Element, packed, rows, weights};
use dnn_blocks::model::Predictor;
use dnn_blocks::prelude::*;
use dnn_blocks_peers::files::Case;
use dnn_blocks_peers::{Failure, Timer, mean};

/// Prints p50 and p99 of an example as a row of a table, as a column of `X`, and as a row that the
/// predictor standardizes. The calls take the examples in turn.
pub fn measure<F: Element>(case: &Case<F>, timer: &Timer<'_>) -> Result<(), Failure> {
    let x = &case.x;
    let packed = packed(case, timer.options)?;
    let weights = || weights(case, packed.as_ref());
    let (table, scaler) = (rows(x), Standardizer::fit(x)?);
    let mut plain = Predictor::new(weights(), 1)?;
    let mut scaled = Predictor::new(weights(), 1)?.scaled(&scaler)?;
    time("row", x.ncols(), timer, |i| Ok(mean(plain.outputs(table.row(i))?)))?;
    time("column", x.ncols(), timer, |i| Ok(mean(plain.outputs(x.column(i))?)))?;
    time("row, scaled", x.ncols(), timer, |i| Ok(mean(scaled.outputs(table.row(i))?)))
}

fn time(
    way: &str,
    m: usize,
    timer: &Timer<'_>,
    mut predict: impl FnMut(usize) -> Result<f64, Failure>,
) -> Result<(), Failure> {
    let mut cost = 0.0;
    for i in 0..m {
        cost += predict(i)? / m as f64;
    }
    let mut turn = (0..m).cycle();
    let times = timer.times(1000, 100_000, || predict(turn.next().unwrap_or(0)))?;
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    timer.print(&format!(
        "\"way\": \"{way}\", \"final_cost\": {cost:?}, \"p50_us\": {:.4}, \"p99_us\": {:.4}",
        at(0.5),
        at(0.99)
    ));
    Ok(())
}
