//! Scales with their ticks, and the axes of a plot.

use super::canvas::{
    Canvas, END, GRID, LINE, MARGIN, MIDDLE, NAME, Px, SMALL, shortened, text_width,
};
use std::ops::Range;

/// The largest number on an axis. The differences of larger ones might overflow.
pub(super) const LARGEST: f64 = 1e30;

/// A part of the numbers, with ticks at both ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// The range; on a logarithmic scale, of log₁₀.
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
    /// The ticks without a label.
    minor: Vec<f64>,
}

impl Scale {
    /// The scale for these numbers, from 0 if the smallest is close to it.
    pub(super) fn linear(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extremes(values);
        let low = if low > 0.0 && low < 0.5 * high { 0.0 } else { low };
        Self::with_nice_ends(varied(low..high))
    }

    /// The scale for these numbers, with a margin.
    pub(super) fn with_margin(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extremes(values);
        let Range { start, end } = varied(low..high);
        let margin = 0.03 * (end - start);
        Self::with_nice_ends(start - margin..end + margin)
    }

    fn with_nice_ends(Range { start, end }: Range<f64>) -> Self {
        let span = end - start;
        let exponent = span.log10().floor() as i32;
        let steps = [-1, 0].into_iter().flat_map(|shift| {
            [1.0, 2.0, 2.5, 5.0].map(|factor| Step { factor, exponent: exponent + shift })
        });
        let nice = steps.filter_map(|step| {
            let (first, last) = step.around(start, end);
            let count = last - first;
            // Little room beyond the numbers, and about six ticks.
            let waste = count * step.size() / span - 1.0;
            let odd = if step.factor == 2.5 { 0.02 } else { 0.0 };
            let penalty = waste + 0.03 * (count - 6.0).abs() + odd;
            (3.0..=10.0).contains(&count).then_some((penalty, step, first, last))
        });
        let best = nice.min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, step, first, last)) = best else {
            let ticks = [start, end].map(|value| (value, short(value))).to_vec();
            return Self { range: start..end, ticks, minor: Vec::new() };
        };
        let largest = step.at(first).abs().max(step.at(last).abs());
        let count = (last - first) as usize;
        let values = (0..=count).map(|i| step.at(first + i as f64));
        let ticks = values.map(|value| (value, step.label(value, largest))).collect();
        Self { range: step.at(first)..step.at(last), ticks, minor: Vec::new() }
    }

    /// The scale for numbers whose log₁₀ is given.
    pub(super) fn logarithmic(logarithms: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extremes(logarithms);
        let Range { start, end } = varied(low..high);
        let decade = |number: i32| (f64::from(number), power(1, number));
        let (first, last) = (start.floor() as i32, end.ceil() as i32);
        if end - start > 3.0 {
            let every = (last - first).div_euclid(9) + 1;
            let (first, last) = (first.div_euclid(every), -(-last).div_euclid(every));
            let ticks: Vec<_> = (first..=last).map(|number| decade(number * every)).collect();
            let range = ticks[0].0..ticks[ticks.len() - 1].0;
            let minor = if every == 1 { between_decades(&range, 2..10) } else { Vec::new() };
            return Self { range, ticks, minor };
        }
        let all = (first..=last).flat_map(|number| [1, 2, 5].map(|factor| (number, factor))).map(
            |(number, factor)| {
                (f64::from(number) + f64::from(factor).log10(), power(factor, number))
            },
        );
        let mut ticks: Vec<_> = all.collect();
        // Rounding must not add a tick at either end.
        let small = 1e-9;
        let first = ticks.iter().rposition(|tick| tick.0 <= start + small).unwrap_or(0);
        ticks.drain(..first);
        let last = ticks.iter().skip(1).position(|tick| tick.0 >= end - small);
        ticks.truncate(last.map_or(ticks.len(), |last| last + 2));
        let range = ticks[0].0..ticks[ticks.len() - 1].0;
        let minor = between_decades(&range, 3..10);
        Self { range, ticks, minor }
    }

    /// Where a number lies between the ends, 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.range.start) / (self.range.end - self.range.start)
    }

    /// The number at a share of the range.
    pub(super) fn value(&self, share: f64) -> f64 {
        self.range.start + (self.range.end - self.range.start) * share
    }

    /// The width of the widest label.
    pub(super) fn label_width(&self) -> f64 {
        self.ticks.iter().map(|(_, label)| text_width(label, SMALL)).fold(0.0, f64::max)
    }
}

/// The distance of two ticks, a factor times a power of ten.
#[derive(Debug, Clone, Copy)]
struct Step {
    factor: f64,
    exponent: i32,
}

impl Step {
    fn size(self) -> f64 {
        self.at(1.0)
    }

    /// The tick with this number. Dividing keeps decimals exact.
    fn at(self, number: f64) -> f64 {
        match self.exponent {
            0.. => number * self.factor * 10_f64.powi(self.exponent),
            _ => number * self.factor / 10_f64.powi(-self.exponent),
        }
    }

    /// The numbers of the ticks at or beyond both ends.
    fn around(self, start: f64, end: f64) -> (f64, f64) {
        // Rounding must not add a tick at either end.
        let small = 1e-9;
        ((start / self.size() + small).floor(), (end / self.size() - small).ceil())
    }

    fn label(self, value: f64, largest: f64) -> String {
        let digits = -self.exponent + i32::from(self.factor == 2.5);
        if value == 0.0 {
            return "0".into();
        }
        if largest < 1e6 && (digits <= 5 || largest > 0.01 && digits <= 9) {
            return trimmed(&format!("{value:.*}", digits.max(0) as usize)).into();
        }
        let digits = (largest.log10().floor() as i32 + digits).clamp(0, 8) as usize;
        let text = format!("{value:.digits$e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", trimmed(mantissa))
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
fn between_decades(range: &Range<f64>, factors: Range<i32>) -> Vec<f64> {
    let decades = range.start.floor() as i32..range.end.ceil() as i32;
    let all = decades
        .flat_map(|number| factors.clone().map(move |factor| (number, factor)))
        .map(|(number, factor)| f64::from(number) + f64::from(factor).log10());
    all.filter(|value| range.contains(value)).collect()
}

/// Formats a factor times a power of ten.
fn power(factor: i32, exponent: i32) -> String {
    let text = format!("{factor}e{exponent}");
    match text.parse::<f64>() {
        Ok(value) if (-4..=5).contains(&exponent) => value.to_string(),
        _ => text,
    }
}

/// Formats a number with three significant digits.
pub(super) fn short(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e5).contains(&value.abs()) {
        return format!("{value:.2e}");
    }
    let digits = if value == 0.0 { 0 } else { 2 - value.abs().log10().floor() as i32 };
    trimmed(&format!("{value:.*}", digits.max(0) as usize)).into()
}

/// Removes the zeros at the end of a decimal.
fn trimmed(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

/// Two scales on an area of the canvas.
pub(super) struct Axes {
    pub(super) x: Scale,
    pub(super) y: Scale,
    /// The upper left corner of the area.
    pub(super) corner: (f64, f64),
    pub(super) size: (f64, f64),
}

/// The room of the labels and the name below the area.
pub(super) const BELOW: f64 = 62.0;

impl Axes {
    /// The room of the labels and the name left of the area.
    pub(super) fn room_left(y: &Scale) -> f64 {
        (46.0 + y.label_width()).ceil()
    }

    /// The room right of the area, which half of the last label needs.
    pub(super) fn room_right(x: &Scale) -> f64 {
        let last = x.ticks.last().map_or(0.0, |(_, label)| text_width(label, SMALL));
        (0.5 * last + 6.0).max(1.5 * MARGIN)
    }

    /// The point of the canvas for two numbers.
    pub(super) fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (across, up) = (self.x.share(x), self.y.share(y));
        (self.corner.0 + self.size.0 * across, self.corner.1 + self.size.1 * (1.0 - up))
    }

    fn bottom(&self) -> f64 {
        self.corner.1 + self.size.1
    }

    fn right(&self) -> f64 {
        self.corner.0 + self.size.0
    }

    /// Draws a line through the area at each tick.
    pub(super) fn draw_grid(&self, canvas: &mut Canvas) {
        let (left, top) = self.corner;
        for (value, _) in &self.x.ticks {
            let (x, _) = self.place((*value, 0.0));
            canvas.line(GRID, (x, top), (x, self.bottom()));
        }
        for (value, _) in &self.y.ticks {
            let (_, y) = self.place((0.0, *value));
            canvas.line(GRID, (left, y), (self.right(), y));
        }
    }

    /// Draws a frame, ticks, labels and names.
    pub(super) fn draw(&self, canvas: &mut Canvas, [x_name, y_name]: [&str; 2]) {
        let ((left, top), (width, height)) = (self.corner, self.size);
        let (x, y, w, h) = (Px(left), Px(top), Px(width), Px(height));
        canvas.put(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"none\" \
             stroke=\"{LINE}\" shape-rendering=\"crispEdges\"/>"
        ));
        let bottom = self.bottom();
        for (value, label) in &self.x.ticks {
            let (x, _) = self.place((*value, 0.0));
            canvas.line(LINE, (x, bottom), (x, bottom + 6.0));
            canvas.text(MIDDLE, (x, bottom + 22.0), label);
        }
        for (value, label) in &self.y.ticks {
            let (_, y) = self.place((0.0, *value));
            canvas.line(LINE, (left - 6.0, y), (left, y));
            canvas.text(END, (left - 9.0, y + 5.0), label);
        }
        for value in &self.x.minor {
            let (x, _) = self.place((*value, 0.0));
            canvas.line(LINE, (x, bottom), (x, bottom + 3.0));
        }
        for value in &self.y.minor {
            let (_, y) = self.place((0.0, *value));
            canvas.line(LINE, (left - 3.0, y), (left, y));
        }
        let name = shortened(x_name, width, 17.0);
        canvas.text(NAME, (left + width / 2.0, bottom + 47.0), &name);
        let name = shortened(y_name, height, 17.0);
        let beside = left - Self::room_left(&self.y) + 22.0;
        canvas.upward_text((beside, top + height / 2.0), &name);
    }
}
