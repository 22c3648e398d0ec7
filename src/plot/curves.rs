use super::canvas::{COLORS, LARGEST, draw, range};
#[cfg(doc)]
use crate::Error;
use crate::Result;
use plotters::prelude::{
    ChartBuilder, Circle, Color, LineSeries, PathElement, SeriesLabelPosition, TRANSPARENT, WHITE,
};
use std::ops::Range;

/// The most points of a curve: more are finer than a pixel.
const POINTS: usize = 2500;

/// A curve: its name, and its points (x, y). Points that are not finite, or
/// beyond ±1e30, are left out.
pub type Curve<'a> = (&'a str, &'a [(f64, f64)]);

/// The name and the scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis<'a> {
    /// The name.
    pub name: &'a str,
    /// Whether the scale is logarithmic; numbers that are not above 0 are then left out.
    pub logarithmic: bool,
}

/// Draws the cost of each epoch or iteration, a curve for each training.
///
/// The [module](super) has an example.
///
/// # Errors
///
/// The errors of [`curves`].
pub fn costs(title: &str, trainings: &[(&str, &[f64])]) -> Result<String> {
    let numbered: Vec<Vec<_>> = trainings
        .iter()
        .map(|(_, costs)| costs.iter().enumerate().map(|(i, cost)| (i as f64, *cost)).collect())
        .collect();
    let named: Vec<Curve<'_>> =
        trainings.iter().zip(&numbered).map(|((name, _), curve)| (*name, &curve[..])).collect();
    let axis = |name| Axis { name, logarithmic: false };
    curves(title, [axis("epoch"), axis("cost")], &named)
}

/// Draws curves, e.g. the final cost over the learning rate.
///
/// ```
/// use dnn_blocks::plot::{self, Axis};
///
/// let ends = [(0.001, 0.5), (0.01, 0.1), (0.1, f64::NAN)]; // the last one diverged
/// let axes = [
///     Axis { name: "learning rate", logarithmic: true },
///     Axis { name: "final cost", logarithmic: false },
/// ];
/// let svg = plot::curves("Which learning rate?", axes, &[("Adam", &ends)])?;
/// assert!(svg.starts_with("<svg") && svg.contains("learning rate"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Plot`] if the backend fails.
pub fn curves(title: &str, [x, y]: [Axis<'_>; 2], curves: &[Curve<'_>]) -> Result<String> {
    let placed: Vec<Vec<_>> = curves.iter().map(|(_, points)| place(points, x, y)).collect();
    let all = || placed.iter().flatten();
    let x_range = range(all().map(|point| point.0), x.logarithmic);
    let y_range = range(all().map(|point| point.1), y.logarithmic);
    let corner = emptiest_corner(all(), &x_range, &y_range);
    draw((720, 440), |root| {
        let mut chart = ChartBuilder::on(root)
            .caption(title, ("sans-serif", 24))
            .margin(16)
            .margin_right(36)
            .x_label_area_size(52)
            .y_label_area_size(76)
            .build_cartesian_2d(x_range, y_range)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .label_style(("sans-serif", 17))
            .axis_desc_style(("sans-serif", 19))
            .x_label_formatter(&|at| label(*at, x))
            .y_label_formatter(&|at| label(*at, y))
            .x_desc(x.name)
            .y_desc(y.name)
            .draw()?;
        for (((name, _), points), color) in curves.iter().zip(&placed).zip(COLORS.iter().cycle()) {
            let step = points.len().div_ceil(POINTS).max(1);
            let line = points.iter().copied().step_by(step);
            chart
                .draw_series(LineSeries::new(line, color.stroke_width(2)))?
                .label(*name)
                .legend(|(x, y)| PathElement::new([(x, y), (x + 24, y)], color.stroke_width(3)));
            if points.len() <= 60 {
                let marks = points.iter().map(|point| Circle::new(*point, 3, color.filled()));
                chart.draw_series(marks)?;
            }
        }
        if !curves.is_empty() {
            chart
                .configure_series_labels()
                .position(corner)
                .background_style(WHITE.mix(0.8))
                .legend_area_size(36)
                .label_font(("sans-serif", 18))
                .draw()?;
        }
        Ok(())
    })
}

/// The points on the scales of their axes, without those that are out of range.
fn place(points: &[(f64, f64)], x: Axis<'_>, y: Axis<'_>) -> Vec<(f64, f64)> {
    let on = |value: f64, axis: Axis<'_>| if axis.logarithmic { value.log10() } else { value };
    let placed = points.iter().map(|point| (on(point.0, x), on(point.1, y)));
    placed.filter(|(x, y)| x.abs() <= LARGEST && y.abs() <= LARGEST).collect()
}

/// The corner where the legend hides the fewest points.
fn emptiest_corner<'a>(
    points: impl Iterator<Item = &'a (f64, f64)> + Clone,
    x: &Range<f64>,
    y: &Range<f64>,
) -> SeriesLabelPosition {
    let share = |at: f64, range: &Range<f64>| (at - range.start) / (range.end - range.start);
    let hidden = |right: bool, upper: bool| {
        let beside = |at: f64, far: bool| if far { at > 0.6 } else { at < 0.4 };
        let hides = |p: &&(f64, f64)| beside(share(p.0, x), right) && beside(share(p.1, y), upper);
        points.clone().filter(hides).count()
    };
    let corners = [
        (hidden(true, true), SeriesLabelPosition::UpperRight),
        (hidden(false, true), SeriesLabelPosition::UpperLeft),
        (hidden(false, false), SeriesLabelPosition::LowerLeft),
        (hidden(true, false), SeriesLabelPosition::LowerRight),
    ];
    let [first, rest @ ..] = corners;
    rest.into_iter().fold(first, |best, next| if next.0 < best.0 { next } else { best }).1
}

/// Formats a tick with at most three significant digits, two on a logarithmic axis.
fn label(at: f64, axis: Axis<'_>) -> String {
    let value = if axis.logarithmic { 10_f64.powf(at) } else { at };
    if value != 0.0 && !(1e-3..1e5).contains(&value.abs()) {
        return format!("{value:.1e}");
    }
    let count = if axis.logarithmic { 1 } else { 2 };
    let digits = count - value.abs().max(1e-9).log10().floor().clamp(-9.0, 9.0) as i32;
    let text = format!("{value:.*}", digits.max(0) as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').into(),
        false => text,
    }
}
