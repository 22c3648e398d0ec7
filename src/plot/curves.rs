use super::axes::{Axes, BELOW, Chart};
use super::canvas::{Drawn, Edges, color, draw, thickness, units};
use super::legend::Legend;
use super::scale::{LARGEST, Scale, short};
#[cfg(doc)]
use crate::Error;
use crate::{Float, Result, buffer};
use plotters::element::DashedPathElement;
use plotters::prelude::{Circle, Color};
use std::fmt::Write;

/// The most parts of a curve, of which each keeps two points. More are finer than a pixel.
const PARTS: usize = 1200;
/// A curve with more points has no dots.
const DOTS: usize = 60;
/// The ratio of the costs from which an axis is logarithmic.
const LOGARITHMIC: f64 = 100.0;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
/// The approximate length of the horizontal axis. The labels of the vertical one change it.
const LENGTH: f64 = 600.0;

/// A value of a [`Curve`]: a number, or a pair (x, y).
///
/// Implemented for `f64` and `f32`, for pairs of them, and for pairs (`usize`, number) such as the
/// costs of [`course::Trained`](crate::course::Trained).
pub trait CurveValue: Copy {
    /// Returns (x, y) of the value at this position of the list.
    fn xy(self, position: usize) -> (f64, f64);
}

impl<F: Float> CurveValue for F {
    fn xy(self, position: usize) -> (f64, f64) {
        (position as f64, self.as_f64())
    }
}

impl<F: Float> CurveValue for (F, F) {
    fn xy(self, _: usize) -> (f64, f64) {
        (self.0.as_f64(), self.1.as_f64())
    }
}

impl<F: Float> CurveValue for (usize, F) {
    fn xy(self, _: usize) -> (f64, f64) {
        (self.0 as f64, self.1.as_f64())
    }
}

/// A list of points with a name.
///
/// ```
/// use dnn_blocks::plot::Curve;
///
/// let of_numbers = Curve::new("Adam", &[0.7_f32, 0.2]); // at x = 0 and 1
/// let of_pairs = Curve::new("Adam", &[(0, 0.7), (100, 0.2)]);
/// assert_ne!(of_numbers, of_pairs);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Curve {
    /// Creates a curve of numbers at x = 0, 1, 2, …, or of pairs (x, y).
    ///
    /// Values that are not finite, or beyond ±1e30, leave a gap in the curve.
    #[must_use]
    pub fn new<V: CurveValue>(name: impl Into<String>, values: &[V]) -> Self {
        let points = values.iter().enumerate().map(|(position, value)| value.xy(position));
        Self { name: name.into(), points: points.collect() }
    }
}

/// The name of an axis, and whether it is logarithmic.
///
/// ```
/// use dnn_blocks::plot::Axis;
///
/// let axis = Axis::new("learning rate").logarithmic(true);
/// assert!(axis.logarithmic);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Axis {
    /// The name.
    pub name: String,
    /// Whether the axis is logarithmic; values not above 0 are then left out.
    pub logarithmic: bool,
}

impl Axis {
    /// Creates a linear axis.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), logarithmic: false }
    }

    /// Sets whether the axis is logarithmic.
    #[must_use]
    pub fn logarithmic(mut self, logarithmic: bool) -> Self {
        self.logarithmic = logarithmic;
        self
    }

    /// The value on the axis, if it can be drawn.
    fn place(&self, value: f64) -> Option<f64> {
        let placed = if self.logarithmic { value.log10() } else { value };
        (placed.abs() <= LARGEST).then_some(placed)
    }

    fn scale(&self, placed: impl Iterator<Item = f64>, length: f64) -> Scale {
        if self.logarithmic { Scale::logarithmic(placed) } else { Scale::linear(placed, length) }
    }
}

/// Draws the cost of each epoch, one curve for each training.
///
/// The cost axis is logarithmic if all finite costs are above 0 and the largest is at least 100
/// times the smallest. The horizontal axis is named `epoch` if all curves are lists of numbers, and
/// `iteration` if a curve has pairs (iteration, cost), as the costs of
/// [`course::Trained`](crate::course::Trained) are. For other axes, call [`curves`].
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::plot::{self, Curve};
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.1, 0.9, 1.0, 0.2, 0.8]];
/// let labels = [0, 0, 1, 1, 0, 1];
/// let hyperparameters =
///     Hyperparameters::default().epochs(20).batch_size(2).validation_share(0.34);
/// let mut model = Classifier::<f64, usize>::new(hyperparameters);
/// let history = model.fit(Examples::columns(&x), &labels)?;
///
/// let training = Curve::new("training", &history.costs());
/// let validation = Curve::new("validation", &history.validation_costs());
/// let svg = plot::costs("Cost of each epoch", &[training, validation])?;
/// assert!(svg.contains("validation"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`curves`].
#[doc(alias = "plot_costs")]
pub fn costs(title: &str, trainings: &[Curve]) -> Result<String> {
    let points = || trainings.iter().flat_map(|curve| &curve.points);
    let drawn = points().map(|point| point.1).filter(|cost| cost.abs() <= LARGEST);
    let (low, high) =
        drawn.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), c| (low.min(c), high.max(c)));
    let counted = |curve: &Curve| curve.points.iter().enumerate().all(|(i, p)| p.0 == i as f64);
    let step = if trainings.iter().all(counted) { "epoch" } else { "iteration" };
    let cost = Axis::new("cost").logarithmic(low > 0.0 && high / low >= LOGARITHMIC);
    curves(title, [Axis::new(step), cost], trainings)
}

/// Draws curves.
///
/// The legend is above the plot; a single curve has none. A curve of at most 60 points has dots.
///
/// ```
/// use dnn_blocks::plot::{self, Axis, Curve};
///
/// let ends = [(0.001, 0.5), (0.01, 0.1), (0.1, f64::NAN)]; // the last training diverged
/// let axes = [Axis::new("learning rate").logarithmic(true), Axis::new("final cost")];
/// let svg = plot::curves("Which learning rate?", axes, &[Curve::new("Adam", &ends)])?;
/// assert!(svg.starts_with("<svg") && svg.contains("learning rate"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLarge`] if the points of a curve do not fit in memory; [`Error::Plot`] if `plotters`
/// fails.
pub fn curves(title: &str, [x, y]: [Axis; 2], curves: &[Curve]) -> Result<String> {
    let place = |point: &(f64, f64)| x.place(point.0).zip(y.place(point.1));
    let points = || curves.iter().flat_map(|curve| &curve.points).filter_map(place);
    let x_scale = x.scale(points().map(|p| p.0), LENGTH);
    let axes = Axes::new(x_scale, y.scale(points().map(|p| p.1), HEIGHT));
    let mut placed = Vec::new();
    for curve in curves {
        let points = curve.points.iter().map(place);
        placed.push(buffer::list("the points of a curve", curve.points.len(), points)?);
    }

    let names: Vec<_> = curves.iter().map(|curve| curve.name.clone()).collect();
    let legend = Legend::new(WIDTH, if names.len() > 1 { &names } else { &[] });
    let size = (WIDTH, legend.height + HEIGHT + BELOW);
    draw(size, title, &description(&x, &y, curves), Edges::Smooth, |root| {
        let (head, body) = root.split_vertically(units(legend.height));
        legend.draw(&head, |number, (x, y)| {
            let ends = vec![(units(x), units(y)), (units(x + 24.0), units(y))];
            head.draw(&line(ends, number, 3.0))
        })?;
        let mut chart = axes.chart(&body)?;
        axes.draw(&mut chart, [&x.name, &y.name], true)?;
        for (number, points) in placed.iter().enumerate() {
            draw_curve(&chart, number, points)?;
        }
        axes.draw_frame(&chart)
    })
}

/// Draws the parts of a curve between its gaps.
fn draw_curve(chart: &Chart<'_, '_>, number: usize, points: &[Option<(f64, f64)>]) -> Drawn {
    let area = chart.plotting_area();
    let dot = |at: (f64, f64), radius: f64| {
        area.draw(&Circle::new(at, thickness(radius), color(number).filled()))
    };
    let length = points.len().div_ceil(PARTS).max(2);
    for part in points.split(Option::is_none) {
        let part: Vec<_> = part.iter().copied().flatten().collect();
        let kept: Vec<_> = part.chunks(length).flat_map(lowest_and_highest).collect();
        if points.len() <= DOTS {
            part.iter().try_for_each(|at| dot(*at, 3.8))?;
        } else if let [at] = part[..] {
            dot(at, 1.0)?;
        }
        area.draw(&line(kept, number, 2.0))?;
    }
    Ok(())
}

/// A line in the color of a curve. Dashes tell it from another curve of the same color.
fn line<C: Clone>(
    points: Vec<C>,
    number: usize,
    width: f64,
) -> DashedPathElement<std::vec::IntoIter<C>, i32> {
    let (dash, gap) = match number / 7 % 3 {
        0 => (i32::MAX, 0),
        1 => (units(9.0), units(5.0)),
        _ => (units(2.0), units(5.0)),
    };
    DashedPathElement::new(points, dash, gap, color(number).stroke_width(thickness(width)))
}

/// The two points of a part that no picture must lose, in their order.
fn lowest_and_highest(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> + use<> {
    let numbers = 0..points.len();
    let by_height = |a: &usize, b: &usize| points[*a].1.total_cmp(&points[*b].1);
    let low = numbers.clone().min_by(by_height).unwrap_or(0);
    let high = numbers.max_by(by_height).unwrap_or(0);
    let (first, second) = (points[low.min(high)], points[low.max(high)]);
    [Some(first), (low != high).then_some(second)].into_iter().flatten()
}

/// A sentence for each curve, for those who cannot see the plot.
fn description(x: &Axis, y: &Axis, curves: &[Curve]) -> String {
    let mut text = format!("{} over {}.", y.name, x.name);
    for curve in curves.iter().take(8) {
        let drawn = |point: &&(f64, f64)| x.place(point.0).zip(y.place(point.1)).is_some();
        let first = curve.points.iter().find(drawn);
        let last = curve.points.iter().rfind(drawn);
        // Writing to a String does not fail.
        let _ = match first.zip(last) {
            Some((first, last)) => {
                let [a, b, c, d] = [first.1, last.1, first.0, last.0].map(short);
                write!(text, " {}: from {a} to {b} between {c} and {d}.", curve.name)
            }
            None => write!(text, " {}: no points.", curve.name),
        };
    }
    text
}
