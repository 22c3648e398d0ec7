//! The data of the page: points, weights and figures, as JSON.

use super::kind::Kind;
use super::names::Names;
use super::run::{Figures, Run, labels};
use crate::data::Standardizer;
use crate::data::mean_std::MeanStd;
use crate::model::dataset::{Dataset, Evaluation};
use crate::page::recorder::Frame;
use crate::{Float, Layer, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ndarray::{ArrayRef2, Axis};
use serde_json::{Value, json};

/// The largest number of points that a page has of a set.
pub(super) const MOST_POINTS: usize = 500;
/// The numbers in the features of all points of a set together, for more than [`FEWEST_POINTS`].
const NUMBERS: usize = 6_000;
const FEWEST_POINTS: usize = 30;

/// Returns the data of the page.
pub(super) fn data<F: Float>(runs: &[Run<'_, F>], names: &Names) -> Result<Value> {
    let mut values = runs.iter().map(run).collect::<Result<Vec<_>>>()?;
    if let [first, second] = &mut values[..]
        && first["examples"] == second["examples"]
    {
        second["examples"] = Value::Null;
    }
    Ok(json!({
        "unit": names.unit,
        "kind": runs[0].kind.id(),
        "score": runs[0].kind.score_name(),
        "features": names.features,
        "outputs": names.outputs,
        "runs": values,
    }))
}

fn run<F: Float>(run: &Run<'_, F>) -> Result<Value> {
    let sets = &run.data.sets;
    let points = |set| points(run.kind, set);
    let evaluations = |of: fn(&Figures) -> Option<Evaluation>| {
        let figures = run.figures.iter().filter_map(of);
        json!({
            "cost": figures.clone().map(|figures| figures.cost).collect::<Vec<_>>(),
            "score": figures.map(|figures| figures.score).collect::<Vec<_>>(),
        })
    };
    Ok(json!({
        "name": super::names::legible(run.name),
        "layers": run.network().layers().iter().map(layer).collect::<Vec<_>>(),
        "numbers": run.frames.iter().map(|frame| frame.number).collect::<Vec<_>>(),
        "weights": base64(run.frames.iter().flat_map(|frame| weights(frame))),
        "training": evaluations(|figures| Some(figures.training)),
        "validation": sets.validation.as_ref().map(|_| evaluations(|figures| figures.validation)),
        "norms": run.figures.iter().map(|figures| &figures.norms).collect::<Vec<_>>(),
        "examples": {
            "means": means(&sets.training),
            "scaler": scaler(run.data.scaler.as_ref()),
            "targetScaler": scaler(run.data.target_scaler.as_ref()),
            "training": points(&sets.training)?,
            "validation": sets.validation.as_ref().map(points).transpose()?,
        },
    }))
}

fn layer<F: Float>(layer: &Layer<F>) -> Value {
    let activation = layer.activation;
    json!({
        "units": layer.w.nrows(),
        "inputs": layer.w.ncols(),
        "activation": activation.name(),
        "parameter": activation.parameter().map(|(_, value)| value),
    })
}

/// Returns `W`, row by row, and `b` of each layer.
fn weights<F: Float>(frame: &Frame<F>) -> impl Iterator<Item = f64> {
    let layers = frame.parameters.layers().iter();
    layers.flat_map(|layer| layer.w.iter().chain(&layer.b)).map(|weight| weight.as_f64())
}

/// Returns the mean of each feature.
fn means<F: Float>(set: &Dataset<F>) -> Vec<f64> {
    set.x().rows().into_iter().map(|row| MeanStd::from_row(row).mean).collect()
}

fn scaler<F: Float>(scaler: Option<&Standardizer<F>>) -> Option<Value> {
    let numbers = |column: &ArrayRef2<F>| column.iter().map(|x| x.as_f64()).collect::<Vec<_>>();
    scaler.map(|s| json!({ "mean": numbers(s.mean()), "stdDev": numbers(s.std_dev()) }))
}

/// Returns evenly spaced examples of a set, example by example.
fn points<F: Float>(kind: Kind, set: &Dataset<F>) -> Result<Value> {
    let (x, y) = (set.x(), labels(kind, &set.y())?);
    let (of, shown) = (set.len(), points_shown(x.nrows(), set.len()));
    let columns: Vec<_> = (0..shown).map(|i| i * of / shown).collect();
    let numbers = |a: &ArrayRef2<F>| {
        let columns = columns.iter().map(|&column| a.index_axis(Axis(1), column));
        base64(columns.flat_map(|column| column.to_vec()).map(|number| number.as_f64()))
    };
    Ok(json!({ "of": of, "shown": shown, "x": numbers(&x), "y": numbers(&y) }))
}

/// Returns how many of m examples a page has.
pub(super) fn points_shown(features: usize, m: usize) -> usize {
    m.min((NUMBERS / features).clamp(FEWEST_POINTS, MOST_POINTS))
}

/// Encodes numbers as little-endian `f32` in base64.
fn base64(numbers: impl Iterator<Item = f64>) -> String {
    let bytes: Vec<u8> = numbers.flat_map(|number| (number as f32).to_le_bytes()).collect();
    STANDARD.encode(bytes)
}
