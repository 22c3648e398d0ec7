use super::axes::{Axes, BELOW};
use super::canvas::{
    BLUE, Edges, LINE, MARGIN, SMALL, draw, mixed, shortened, text_width, thickness, units,
};
use super::scale::{LARGEST, Scale, short};
#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::selection::Importance;
use plotters::prelude::{Color, PathElement, Rectangle};
use std::fmt::Write;

const WIDTH: f64 = 720.0;
/// The height of a bar with the gap below it.
const ROW: f64 = 28.0;
/// The room of the title.
const TOP: f64 = 54.0;
/// The most room for the name of a feature.
const NAME_ROOM: f64 = 220.0;
/// The most bars.
const MOST: usize = 40;

/// Draws the importance of features as bars, the largest at the top.
///
/// A line at the end of a bar is one standard deviation to each side. At most 40 features are
/// drawn; the name of the axis says how many there are. A feature without a name has its number.
/// Values that are not finite, or beyond ±1e30, have no bar and come last.
///
/// ```
/// # use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::plot;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::selection::permutation_importance;
///
/// # let mut rng = NumpyRandom::seed(1);
/// # let x = Array2::from_shape_simple_fn((30, 2), || rng.randn());
/// # let labels: Vec<bool> = x.rows().into_iter().map(|row| row[0] > 0.0).collect();
/// # let x = Examples::rows(&x).feature_names(&["radius", "texture"]);
/// # let mut model = Classifier::new(Hyperparameters::default().hidden(&[4]).epochs(5));
/// # model.fit(x, &labels)?;
/// let importance = permutation_importance(
///     &model,
///     x,
///     &labels,
///     |model, test| model.score(test.x(), test.targets()),
///     5,
///     &mut rng,
/// )?;
/// let svg = plot::importance("Which features count?", &importance)?;
/// assert!(svg.contains("radius"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Plot`] if `plotters` fails.
pub fn importance(title: &str, importance: &[Importance]) -> Result<String> {
    let bars = largest_first(importance);
    let ends = bars.iter().filter_map(Bar::line).flatten();
    let values = bars.iter().filter_map(|bar| bar.value).chain(ends).chain([0.0]);
    let widest = bars.iter().map(|bar| text_width(&bar.name, SMALL)).fold(0.0, f64::max);
    let x = Scale::linear(values, WIDTH - widest - 4.0 * MARGIN);
    let axes = Axes::new(x, Scale::of_names(bars.iter().map(|bar| bar.name.clone())));
    let axis = match importance.len() {
        all if all > MOST => format!("decrease of the score ({MOST} of {all} features)"),
        _ => "decrease of the score".into(),
    };
    let size = (WIDTH, TOP + ROW * bars.len().max(1) as f64 + BELOW);
    draw(size, title, &description(&axis, &bars), Edges::Smooth, |root| {
        let (_, body) = root.split_vertically(units(TOP));
        let mut chart = axes.chart(&body)?;
        axes.draw(&mut chart, [&axis, ""], true)?;
        let area = chart.plotting_area();
        for (bar, (middle, _)) in bars.iter().zip(&axes.y.ticks) {
            let middle = *middle;
            if let Some(value) = bar.value {
                let corners = [(0.0, middle - 0.36), (value, middle + 0.36)];
                area.draw(&Rectangle::new(corners, mixed(BLUE, 0.75).filled()))?;
            }
            if let Some(ends) = bar.line() {
                let line = ends.map(|end| (end, middle));
                area.draw(&PathElement::new(line, LINE.stroke_width(thickness(2.0))))?;
            }
        }
        let zero = [(0.0, axes.y.range.start), (0.0, axes.y.range.end)];
        area.draw(&PathElement::new(zero, LINE.stroke_width(thickness(1.0))))?;
        axes.draw_frame(&chart)
    })
}

/// A feature as it is drawn.
struct Bar {
    name: String,
    /// The importance, if it can be drawn.
    value: Option<f64>,
    std_dev: f64,
}

impl Bar {
    fn new(importance: &Importance) -> Self {
        let name = importance.name.clone().filter(|name| !name.trim().is_empty());
        let name = name.unwrap_or_else(|| format!("feature {}", importance.feature));
        let value = Some(importance.mean).filter(|mean| mean.abs() <= LARGEST);
        Self { name: shortened(&name, NAME_ROOM, SMALL), value, std_dev: importance.std_dev }
    }

    /// The ends of the line of the deviation, if it can be drawn.
    fn line(&self) -> Option<[f64; 2]> {
        let value = self.value.filter(|_| self.std_dev > 0.0)?;
        let ends = [value - self.std_dev, value + self.std_dev];
        ends.iter().all(|end| end.abs() <= LARGEST).then_some(ends)
    }
}

/// Returns the bars of the most important features.
fn largest_first(importance: &[Importance]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = importance.iter().map(Bar::new).collect();
    let key = |bar: &Bar| bar.value.unwrap_or(f64::NEG_INFINITY);
    bars.sort_by(|a, b| key(b).total_cmp(&key(a)));
    bars.truncate(MOST);
    bars
}

/// A sentence for each of the first bars, for readers who cannot see the plot.
fn description(axis: &str, bars: &[Bar]) -> String {
    let mut text = format!("Features by {axis}.");
    for bar in bars.iter().take(8) {
        // Writing to a String does not fail.
        let _ = match (bar.value, bar.line()) {
            (None, _) => write!(text, " {}: not finite.", bar.name),
            (Some(value), None) => write!(text, " {}: {}.", bar.name, short(value)),
            (Some(value), _) => {
                write!(text, " {}: {} ± {}.", bar.name, short(value), short(bar.std_dev))
            }
        };
    }
    text
}
