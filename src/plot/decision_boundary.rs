use super::axes::{Axes, BELOW, Chart};
use super::canvas::{Area, Drawn, Edges, LINE, color, draw, mixed, outlined_dot, thickness, units};
use super::legend::Legend;
use super::regions::{Crossing, NODES, column_and_row, crossings, outlines};
use super::scale::{LARGEST, Scale};
#[cfg(doc)]
use crate::Error;
use crate::buffer;
use crate::checks::{check, check_argument, check_batch, check_finite_features, check_lengths};
use crate::data::Classes;
use crate::error::Operand;
use crate::metrics::{Actual, Labels};
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2};
use plotters::prelude::{Color, PathElement, Polygon, Rectangle};
use std::fmt::Write;

/// How often the interval of a crossing is halved: to a 32nd of a cell, a tenth of a pixel.
const HALVINGS: usize = 5;

const SIDE: f64 = 460.0;

/// Draws the regions of the plane that a model predicts, and the examples.
///
/// `x` (2, m) has the features `x1` and `x2`. `predict` is called up to six times: with the
/// points of a grid of 160 x 160, (2, 25600), and then with points near the boundary, (2, k).
/// Labels and predictions are of any type that [metrics](crate::metrics) take: lists of labels, or
/// matrices of class numbers. Colors repeat after seven classes.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::plot;
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.2, 0.9, 1.0], [0.1, 0.0, 1.0, 0.8]];
/// let labels = ["no", "no", "yes", "yes"];
/// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(4);
/// let mut model = Classifier::<f64, &str>::new(hyperparameters);
/// model.fit(Examples::columns(&x), &labels)?;
/// let predict = |points: &_| model.predict(Examples::columns(points));
/// let svg = plot::decision_boundary("Two classes", &x, Actual(&labels), predict)?;
/// assert!(svg.contains("yes"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// With the course's functions, labels and predictions are matrices (1, m):
///
/// ```
/// use dnn_blocks::course::datasets::spirals;
/// use dnn_blocks::plot;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let (x, y) = spirals::<f64>(200, 2, 0.2, &mut rng)?;
/// let parameters = initialize_parameters_deep(&[2, 8, 1], Initializer::He, &mut rng)?;
/// let predict = |points: &_| predict(points, &parameters);
/// let svg = plot::decision_boundary("Before training", &x, Actual(&y), predict)?;
/// # assert!(svg.contains("Before training"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] unless `x` has two features; [`Error::EmptyBatch`] without examples;
/// [`Error::NotFinite`] or, beyond ±1e30, [`Error::InvalidArgument`] for a value of `x`;
/// [`Error::LengthMismatch`] unless there is a label for each example, and a prediction for each
/// point; the errors of `predict` and of [`Labels::labels`]; [`Error::Plot`] if `plotters` fails.
#[doc(alias = "plot_decision_boundary")]
pub fn decision_boundary<'a, F: Float, A, P>(
    title: &str,
    x: &ArrayRef2<F>,
    labels: Actual<A>,
    mut predict: impl FnMut(&Array2<F>) -> Result<P>,
) -> Result<String>
where
    A: Labels<'a>,
    A::Label: Ord + ToString,
    for<'p> &'p P: Labels<'p, Label = A::Label>,
{
    let labels = labels.0.labels()?;
    check_examples(x, labels.len())?;
    let scale = |row: usize| Scale::with_margin(x.row(row).iter().map(|x| x.as_f64()), SIDE);
    let axes = Axes::new(scale(0), scale(1));
    let (predicted, crossings) = predict_regions(|points| {
        let predicted = predict(&coordinates(points, &axes)?)?;
        let predicted = predicted.labels()?.into_owned();
        check_lengths(("the points", points.len()), ("the predictions", predicted.len()))?;
        Ok(predicted)
    })?;

    let classes = Classes::from_labels(labels.iter().chain(predicted.iter()));
    let (labels, predicted) = (classes.encode(&labels)?, classes.encode(&predicted)?);
    let names: Vec<_> = classes.names().iter().map(ToString::to_string).collect();
    let width = SIDE + axes.beside();
    let legend = Legend::new(width, &names);
    let size = (width, legend.height + SIDE + BELOW);
    draw(size, title, &description(&names, &labels, &predicted), Edges::Smooth, |root| {
        let (head, body) = root.split_vertically(units(legend.height));
        legend.draw(&head, |class, place| draw_mark(&head, class, place))?;
        let mut chart = axes.chart(&body)?;
        for (class, outlines) in outlines(&predicted, &crossings) {
            let corner = |corner: &(f64, f64)| on_plane(*corner, &axes);
            let outlines: Vec<Vec<_>> =
                outlines.iter().map(|outline| outline.iter().map(corner).collect()).collect();
            draw_region(&chart, class, &outlines)?;
        }
        for (x, class) in x.columns().into_iter().zip(&labels) {
            let dot = outlined_dot(color(*class), (x[0].as_f64(), x[1].as_f64()));
            chart.draw_series(dot)?;
        }
        axes.draw(&mut chart, ["x1", "x2"], false)?;
        axes.draw_frame(&chart)
    })
}

fn check_examples<F: Float>(x: &ArrayRef2<F>, labels: usize) -> Result<()> {
    let (operand, plane) =
        (Operand::new("X", x), Operand { name: "a plane", shape: (2, x.ncols()) });
    check(x.nrows() == 2, operand, plane, "two features, to be drawn")?;
    check_batch(operand)?;
    check_finite_features("X", x)?;
    check_lengths(("X", x.ncols()), ("labels", labels))?;
    let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.as_f64().abs()));
    check_argument(largest <= LARGEST, "the largest number of X", largest, "at most 1e30")
}

/// Predicts the label of each node, and where the labels change between nodes.
fn predict_regions<L: PartialEq>(
    mut predict: impl FnMut(&[(f64, f64)]) -> Result<Vec<L>>,
) -> Result<(Vec<L>, Vec<Crossing>)> {
    let nodes: Vec<_> = (0..NODES * NODES).map(column_and_row).collect();
    let predicted = predict(&nodes)?;
    let mut crossings = crossings(|a, b| predicted[a] == predicted[b]);
    for _ in 0..if crossings.is_empty() { 0 } else { HALVINGS } {
        let middles: Vec<_> = crossings.iter().map(|side| side.middle()).collect();
        let between = predict(&middles)?;
        for (side, label) in crossings.iter_mut().zip(between) {
            side.halve(label == predicted[side.start()]);
        }
    }
    Ok((predicted, crossings))
}

/// The point of the plane for a column and a row of the grid.
fn on_plane((column, row): (f64, f64), axes: &Axes) -> (f64, f64) {
    let cells = (NODES - 1) as f64;
    (axes.x.value(column / cells), axes.y.value(row / cells))
}

/// The coordinates of points of the grid, (2, k).
fn coordinates<F: Float>(points: &[(f64, f64)], axes: &Axes) -> Result<Array2<F>> {
    let mut x = buffer::zeros("the points", (2, points.len()))?;
    for (mut x, point) in x.columns_mut().into_iter().zip(points) {
        let (x1, x2) = on_plane(*point, axes);
        (x[0], x[1]) = (F::of(x1), F::of(x2));
    }
    Ok(x)
}

/// Draws the area inside the outlines of a class, and the outlines.
fn draw_region(chart: &Chart<'_, '_>, class: usize, outlines: &[Vec<(f64, f64)>]) -> Drawn {
    let area = chart.plotting_area();
    let Some(first) = outlines.first().and_then(|outline| outline.first()) else { return Ok(()) };
    // One polygon for all outlines, because holes have the opposite direction. The ways between
    // outlines lead there and back, so they enclose nothing.
    let closed = |outline: &Vec<_>| outline.iter().chain(outline.first()).copied().collect();
    let closed: Vec<Vec<_>> = outlines.iter().map(closed).collect();
    let corners: Vec<_> =
        closed.iter().flat_map(|outline| outline.iter().chain([first]).copied()).collect();
    area.draw(&Polygon::new(corners, mixed(color(class), 0.25).filled()))?;
    let style = LINE.stroke_width(thickness(1.0));
    closed.into_iter().try_for_each(|outline| area.draw(&PathElement::new(outline, style)))
}

/// Draws the mark of a class before its name.
fn draw_mark(area: &Area<'_>, class: usize, (x, y): (f64, f64)) -> Drawn {
    let corners = [(units(x), units(y - 9.0)), (units(x + 24.0), units(y + 9.0))];
    area.draw(&Rectangle::new(corners, mixed(color(class), 0.25).filled()))?;
    let dot = outlined_dot(color(class), (units(x + 12.0), units(y)));
    dot.iter().try_for_each(|circle| area.draw(circle))
}

/// Sentences for those who cannot see the plot.
fn description(names: &[String], labels: &[usize], predicted: &[usize]) -> String {
    let mut text = "Regions of the plane (x1, x2) by predicted class.".to_string();
    for (class, name) in names.iter().enumerate().take(8) {
        let count = |classes: &[usize]| classes.iter().filter(|c| **c == class).count();
        let percent = 100.0 * count(predicted) as f64 / predicted.len() as f64;
        // Writing to a String does not fail.
        let _ = write!(text, " {name}: {percent:.0} % of it, {} examples.", count(labels));
    }
    text
}
