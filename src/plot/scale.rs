//! Ranges of numbers that begin and end with a tick.

use super::canvas::{SMALL, text_width};
use plotters::coord::ranged1d::{BoldPoints, KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::Ranged;
use std::ops::Range;

/// The largest number on an axis: `plotters` never finishes dividing a longer one.
pub(super) const LARGEST: f64 = 1e30;

/// Rounding must not add a tick at either end.
const ROUNDING: f64 = 1e-9;

/// A part of the numbers, with ticks at both ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// The range; on a logarithmic scale, of log₁₀.
    pub(super) range: Range<f64>,
    /// The ticks with their labels.
    pub(super) ticks: Vec<(f64, String)>,
    /// The ticks without a label.
    pub(super) minor: Vec<f64>,
}

impl Scale {
    /// The scale for these numbers, from 0 if the smallest is close to it, of this length in
    /// pixels.
    pub(super) fn linear(values: impl Iterator<Item = f64>, length: f64) -> Self {
        let (low, high) = extremes(values);
        let low = if low > 0.0 && low < 0.5 * high { 0.0 } else { low };
        Self::with_room(varied(low..high), length)
    }

    /// The scale for these numbers, with a margin.
    pub(super) fn with_margin(values: impl Iterator<Item = f64>, length: f64) -> Self {
        let (low, high) = extremes(values);
        let Range { start, end } = varied(low..high);
        let margin = 0.03 * (end - start);
        Self::with_room(start - margin..end + margin, length)
    }

    /// The scale of rows with a name in the middle of each, the first at the top.
    pub(super) fn of_names(names: impl ExactSizeIterator<Item = String>) -> Self {
        let rows = names.len();
        let middle = |row: usize| (rows - row) as f64 - 0.5;
        let ticks = names.enumerate().map(|(row, name)| (middle(row), name)).collect();
        Self { range: 0.0..rows.max(1) as f64, ticks, minor: Vec::new() }
    }

    /// The scale with as many ticks as have room for their labels.
    fn with_room(range: Range<f64>, length: f64) -> Self {
        let scale = Self::with_ticks(&range, 10);
        let labels = scale.ticks.iter().map(|(_, label)| text_width(label, SMALL));
        let widest = labels.fold(0.0, f64::max) + 8.0;
        let is_crowded = widest * scale.ticks.len() as f64 > length;
        if is_crowded { Self::with_ticks(&range, 5) } else { scale }
    }

    /// Rounds both ends to the ticks of `plotters`.
    fn with_ticks(Range { start, end }: &Range<f64>, most: usize) -> Self {
        // Near 1, the ticks are exact.
        let unit = 10_f64.powf((end - start).log10().floor());
        let length = (end - start) / unit;
        let step = match RangedCoordf64::from(0.0..length).key_points(BoldPoints(most))[..] {
            [first, second, ..] => unit * (second - first),
            _ => unit * length,
        };
        let first = (start / step + ROUNDING).floor();
        let last = (end / step - ROUNDING).ceil();
        let largest = step * first.abs().max(last.abs());
        let numbers = (0..=(last - first) as usize).map(|i| step * (first + i as f64));
        let ticks = numbers.map(|value| (value, decimal(value, step, largest))).collect();
        Self { range: step * first..step * last, ticks, minor: Vec::new() }
    }

    /// The scale for numbers whose log₁₀ is given.
    pub(super) fn logarithmic(logarithms: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extremes(logarithms);
        let Range { start, end } = varied(low..high);
        let (first, last) = (start.floor() as i32, end.ceil() as i32);
        let (factors, every): (&[i32], _) =
            if end - start > 3.0 { (&[1], (last - first) / 9 + 1) } else { (&[1, 2, 5], 1) };
        let decades = first.div_euclid(every)..=-(-last).div_euclid(every);
        let all = decades.flat_map(|n| factors.iter().map(move |factor| (n * every, *factor)));
        let mut ticks: Vec<_> = all.map(|(n, factor)| (log(n, factor), power(n, factor))).collect();
        let below = ticks.iter().rposition(|tick| tick.0 <= start + ROUNDING);
        ticks.drain(..below.unwrap_or(0));
        let above = ticks.iter().position(|tick| tick.0 >= end - ROUNDING);
        ticks.truncate(above.map_or(ticks.len(), |above| above.max(1) + 1));
        let range = ticks[0].0..ticks[ticks.len() - 1].0;
        let minor = if every == 1 { between_decades(&range) } else { Vec::new() };
        Self { range, ticks, minor }
    }

    /// The number at a share of the range.
    pub(super) fn value(&self, share: f64) -> f64 {
        self.range.start + (self.range.end - self.range.start) * share
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range.clone()).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            self.minor.clone()
        } else {
            self.ticks.iter().map(|tick| tick.0).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// The label of a tick.
impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.0 == *value);
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// The smallest and the largest number, (0, 1) without numbers.
fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high { (0.0, 1.0) } else { (low, high) }
}

/// Widens a range of numbers that are nearly equal.
fn varied(Range { start, end }: Range<f64>) -> Range<f64> {
    let size = start.abs().max(end.abs());
    if end - start > 1e-9 * size && end - start > 1.0 / LARGEST {
        start..end
    } else {
        let room = 0.5 * size.max(1.0);
        (if start == 0.0 { start } else { start - room })..end + room
    }
}

/// The logarithms of the multiples of powers of ten inside a range.
fn between_decades(range: &Range<f64>) -> Vec<f64> {
    let decades = range.start.floor() as i32..range.end.ceil() as i32;
    let all = decades.flat_map(|number| (2..10).map(move |factor| log(number, factor)));
    all.filter(|value| range.contains(value)).collect()
}

/// The logarithm of a factor times a power of ten.
fn log(exponent: i32, factor: i32) -> f64 {
    f64::from(exponent) + f64::from(factor).log10()
}

/// Formats a factor times a power of ten.
fn power(exponent: i32, factor: i32) -> String {
    let text = format!("{factor}e{exponent}");
    match text.parse::<f64>() {
        Ok(value) if (-4..=5).contains(&exponent) => value.to_string(),
        _ => text,
    }
}

/// Formats a number with three significant digits.
pub(super) fn short(value: f64) -> String {
    decimal(value, value / 100.0, value)
}

/// Formats a multiple of a step, beside others up to the largest.
fn decimal(value: f64, step: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let exponent = |value: f64| (value.abs().log10() + ROUNDING).floor() as i32;
    let (step, largest) = (exponent(step), exponent(largest));
    if largest < 6 && step >= -5 {
        return trimmed(&format!("{value:.*}", (-step).max(0) as usize)).into();
    }
    let digits = (largest - step).clamp(0, 8) as usize;
    let text = format!("{value:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{exponent}", trimmed(mantissa))
}

/// Removes the zeros at the end of a decimal.
fn trimmed(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}
