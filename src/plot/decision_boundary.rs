use super::canvas::{Area, Drawn, LARGEST, color, draw, pale, range};
#[cfg(doc)]
use crate::Error;
use crate::buffer;
use crate::checks::{check, check_argument, check_batch, check_finite_features, check_lengths};
use crate::data::Classes;
use crate::error::Operand;
use crate::metrics::{Actual, Labels};
use crate::{Float, Result};
use ndarray::{Array2, ArrayRef2};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Circle, Color, Rectangle, SVGBackend,
    SeriesLabelPosition, WHITE,
};
use std::ops::Range;

/// The cells along each side of the plane.
const CELLS: usize = 160;

type Chart<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws the predicted regions of the plane, and the examples `x` (2, m) with their labels.
///
/// `predict` is called once, with the points of a grid, (2, many). Labels and predictions are of any
/// type that [metrics](crate::metrics) take: lists of labels, or matrices of class numbers.
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
/// let predict = |grid: &_| model.predict(Examples::columns(grid));
/// let svg = plot::decision_boundary("Two classes", &x, Actual(&labels), predict)?;
/// assert!(svg.contains("class yes"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] unless `x` has two features, [`Error::EmptyBatch`],
/// [`Error::LengthMismatch`], [`Error::NotFinite`], [`Error::InvalidArgument`] beyond ±1e30; the
/// errors of `predict` and of [`Labels::labels`]; [`Error::Plot`].
pub fn decision_boundary<'a, F: Float, A, P>(
    title: &str,
    x: &ArrayRef2<F>,
    labels: Actual<A>,
    predict: impl FnOnce(&Array2<F>) -> Result<P>,
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
    let plane = Plane::new(x)?;
    let predicted = predict(&plane.grid()?)?;
    let predicted = predicted.labels()?;
    let cells = CELLS * CELLS;
    check_lengths(("the grid", cells), ("the predictions", predicted.len()))?;
    let classes = Classes::from_labels(labels.iter().chain(predicted.iter()));
    let (labels, predicted) = (classes.encode(&labels)?, classes.encode(&predicted)?);
    draw((580, 606), |root| {
        let mut chart = plane.chart(root, title)?;
        plane.draw_regions(&mut chart, &predicted)?;
        draw_examples(&mut chart, x, &labels, classes.names())?;
        draw_axes(&mut chart)
    })
}

/// The part of the plane that is drawn, in cells of a grid.
struct Plane {
    across: Range<f64>,
    up: Range<f64>,
}

impl Plane {
    /// The part of the plane around the examples.
    fn new<F: Float>(x: &ArrayRef2<F>) -> Result<Self> {
        let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.as_f64().abs()));
        check_argument(largest <= LARGEST, "the largest number of X", largest, "at most 1e30")?;
        let side = |row: usize| range(x.row(row).iter().map(|x| x.as_f64()), true);
        Ok(Self { across: side(0), up: side(1) })
    }

    /// The point at so many cells to the right and up.
    fn point(&self, right: f64, up: f64) -> (f64, f64) {
        let at = |range: &Range<f64>, cells: f64| {
            range.start + (range.end - range.start) * cells / CELLS as f64
        };
        (at(&self.across, right), at(&self.up, up))
    }

    /// The centers of the cells, row by row, (2, many).
    fn grid<F: Float>(&self) -> Result<Array2<F>> {
        let mut grid = buffer::zeros("the grid", (2, CELLS * CELLS))?;
        for (i, mut center) in grid.columns_mut().into_iter().enumerate() {
            let (x, y) = self.point((i % CELLS) as f64 + 0.5, (i / CELLS) as f64 + 0.5);
            (center[0], center[1]) = (F::of(x), F::of(y));
        }
        Ok(grid)
    }

    fn chart<'a, 'b>(&self, root: &'b Area<'a>, title: &str) -> Drawn<Chart<'a, 'b>> {
        Ok(ChartBuilder::on(root)
            .caption(title, ("sans-serif", 24))
            .margin(16)
            .x_label_area_size(48)
            .y_label_area_size(60)
            .build_cartesian_2d(self.across.clone(), self.up.clone())?)
    }

    /// Fills the cells with the color of their class. Neighbors of one class are one rectangle.
    fn draw_regions(&self, chart: &mut Chart<'_, '_>, predicted: &[usize]) -> Drawn {
        for (row, cells) in predicted.chunks(CELLS).enumerate() {
            let mut end = 0;
            for run in cells.chunk_by(|a, b| a == b) {
                let start = end;
                end += run.len();
                let corner = |column: usize, row: usize| self.point(column as f64, row as f64);
                let area = [corner(start, row), corner(end, row + 1)];
                chart.draw_series([Rectangle::new(area, pale(color(run[0])).filled())])?;
            }
        }
        Ok(())
    }
}

/// Draws the examples of each class, with a legend.
fn draw_examples<F: Float>(
    chart: &mut Chart<'_, '_>,
    x: &ArrayRef2<F>,
    labels: &[usize],
    names: &[impl ToString],
) -> Drawn {
    for (class, name) in names.iter().enumerate() {
        let examples = x.columns().into_iter().zip(labels).filter(|(_, c)| **c == class);
        let points: Vec<_> = examples.map(|(x, _)| (x[0].as_f64(), x[1].as_f64())).collect();
        if points.is_empty() {
            continue;
        }
        chart
            .draw_series(points.into_iter().map(|at| Circle::new(at, 3, color(class).filled())))?
            .label(format!("class {}", name.to_string()))
            .legend(move |point| Circle::new(point, 4, color(class).filled()));
    }
    Ok(())
}

fn draw_axes<'a, 'b>(chart: &mut Chart<'a, 'b>) -> Drawn
where
    'a: 'b,
{
    chart
        .configure_mesh()
        .disable_mesh()
        .label_style(("sans-serif", 17))
        .axis_desc_style(("sans-serif", 19))
        .x_desc("x1")
        .y_desc("x2")
        .draw()?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .label_font(("sans-serif", 18))
        .draw()?;
    Ok(())
}
