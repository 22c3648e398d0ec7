use super::axes::{Axes, BELOW, LARGEST, Scale};
use super::canvas::{Canvas, Color, LINE, Legend, Px};
use super::regions::{NODES, column_and_row, crossings, outlines};
#[cfg(doc)]
use crate::Error;
use crate::buffer;
use crate::checks::{check, check_argument, check_batch, check_finite_features, check_lengths};
use crate::data::Classes;
use crate::error::Operand;
use crate::metrics::{Actual, Labels};
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2};
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
/// # Errors
///
/// [`Error::ShapeMismatch`] unless `x` has two features; [`Error::EmptyBatch`] without examples;
/// [`Error::NotFinite`] or, beyond ±1e30, [`Error::InvalidArgument`] for a value of `x`;
/// [`Error::LengthMismatch`] unless there is a label for each example, and a prediction for each
/// point; the errors of `predict` and of [`Labels::labels`].
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
    let (operand, plane) =
        (Operand::new("X", x), Operand { name: "a plane", shape: (2, x.ncols()) });
    check(x.nrows() == 2, operand, plane, "two features, to be drawn")?;
    check_batch(operand)?;
    check_finite_features("X", x)?;
    check_lengths(("X", x.ncols()), ("labels", labels.len()))?;
    let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.as_f64().abs()));
    check_argument(largest <= LARGEST, "the largest number of X", largest, "at most 1e30")?;

    let scale = |row: usize| Scale::with_margin(x.row(row).iter().map(|x| x.as_f64()));
    let (x_scale, y_scale) = (scale(0), scale(1));
    let mut predicted_at = |points: &[(f64, f64)]| {
        let cells = (NODES - 1) as f64;
        let mut x = buffer::zeros("the points", (2, points.len()))?;
        for (mut x, point) in x.columns_mut().into_iter().zip(points) {
            x[0] = F::of(x_scale.value(point.0 / cells));
            x[1] = F::of(y_scale.value(point.1 / cells));
        }
        let predicted = predict(&x)?;
        let predicted = predicted.labels()?.into_owned();
        check_lengths(("the points", points.len()), ("the predictions", predicted.len()))?;
        Ok(predicted)
    };

    let nodes: Vec<_> = (0..NODES * NODES).map(column_and_row).collect();
    let predicted = predicted_at(&nodes)?;
    let mut crossings = crossings(|a, b| predicted[a] == predicted[b]);
    for _ in 0..if crossings.is_empty() { 0 } else { HALVINGS } {
        let middles: Vec<_> = crossings.iter().map(|side| side.middle()).collect();
        let between = predicted_at(&middles)?;
        for (side, label) in crossings.iter_mut().zip(between) {
            side.halve(label == predicted[side.start()]);
        }
    }

    let classes = Classes::from_labels(labels.iter().chain(predicted.iter()));
    let (labels, predicted) = (classes.encode(&labels)?, classes.encode(&predicted)?);
    let names: Vec<_> = classes.names().iter().map(ToString::to_string).collect();
    let left = Axes::room_left(&y_scale);
    let width = left + SIDE + Axes::room_right(&x_scale);
    let legend = Legend::new(width, &names);
    let corner = (left, legend.height);
    let axes = Axes { x: x_scale, y: y_scale, corner, size: (SIDE, SIDE) };
    let description = description(&names, &labels, &predicted);
    let mut canvas = Canvas::new((width, legend.height + SIDE + BELOW), title, &description)?;

    let pixel = SIDE / (NODES - 1) as f64;
    let place = |(column, row): (f64, f64)| {
        (Px(corner.0 + pixel * column), Px(corner.1 + SIDE - pixel * row))
    };
    for (class, outlines) in outlines(&predicted, &crossings) {
        canvas.put(format_args!(
            "<path fill=\"{}\" fill-rule=\"evenodd\" stroke=\"{LINE}\" d=\"{}\"/>",
            Color::of(class).mixed(0.25),
            path(outlines.iter().map(|outline| outline.iter().copied().map(place)))
        ));
    }
    canvas.put(format_args!("<g stroke=\"#fff\">"));
    for (x, class) in x.columns().into_iter().zip(&labels) {
        canvas.dot(Color::of(*class), axes.place((x[0].as_f64(), x[1].as_f64())));
    }
    canvas.put(format_args!("</g>"));
    axes.draw(&mut canvas, ["x1", "x2"]);
    canvas.legend(&legend, |canvas, class, (x, y)| {
        let (color, left, top) = (Color::of(class), Px(x), Px(y - 9.0));
        canvas.put(format_args!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"24\" height=\"18\" rx=\"3\" fill=\"{}\"/>",
            color.mixed(0.25)
        ));
        canvas.dot(color, (x + 12.0, y));
    });
    Ok(canvas.finish())
}

/// The path of closed outlines.
fn path(outlines: impl Iterator<Item = impl Iterator<Item = (Px, Px)>>) -> String {
    let mut path = String::new();
    for outline in outlines {
        for (number, (x, y)) in outline.enumerate() {
            // Writing to a String does not fail.
            let _ = write!(path, "{}{x} {y}", if number == 0 { 'M' } else { 'L' });
        }
        path.push('Z');
    }
    path
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
