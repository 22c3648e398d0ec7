//! Plots of trainings and predictions, as SVG text (feature `plot`).
//!
//! In titles, names and captions, characters that XML forbids become U+FFFD, and tabs and line
//! breaks become spaces.
//!
//! ```
//! use dnn_blocks::plot;
//!
//! let svg = plot::costs("Cost while training", &[("2-4-1", &[0.69, 0.41, 0.30, 0.26])])?;
//! std::fs::write(std::env::temp_dir().join("cost.svg"), svg)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::checks::{check, check_argument, check_batch, check_finite_features, check_lengths};
use crate::data::Classes;
use crate::error::{Cause, Operand};
use crate::metrics::{Actual, ConfusionMatrix, Labels};
use crate::{Error, Float, Result, buffer};
use ndarray::{Array2, ArrayRef2, ArrayView3};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::ops::Range;

/// Colours that also the colour-blind can tell apart (Okabe & Ito 2008), and pale ones for areas.
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

/// More points than this on one curve are finer than a pixel.
const POINTS: usize = 2500;

/// Larger numbers have no place: the backend does not end to divide such an axis.
const LARGEST: f64 = 1e30;

/// Cells along each side of a plane.
const CELLS: usize = 160;

/// A curve: its name, and its points (x, y). Points that are not finite, or
/// beyond ±1e30, are left out.
pub type Curve<'a> = (&'a str, &'a [(f64, f64)]);

/// How an axis is called and divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis<'a> {
    /// What is drawn along it.
    pub name: &'a str,
    /// Does each step multiply? Numbers that are not above 0 are left out then.
    pub logarithmic: bool,
}

/// The cost of each epoch or iteration, a curve for each training.
///
/// The example is that of the [module](self).
///
/// # Errors
///
/// Those of [`curves`].
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

/// Any curves, e.g. the cost that each learning rate leads to.
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
/// [`Error::Plot`] if the backend refuses.
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

/// The points on their axes, those that have a place there.
fn place(points: &[(f64, f64)], x: Axis<'_>, y: Axis<'_>) -> Vec<(f64, f64)> {
    let on = |value: f64, axis: Axis<'_>| if axis.logarithmic { value.log10() } else { value };
    let placed = points.iter().map(|point| (on(point.0, x), on(point.1, y)));
    placed.filter(|(x, y)| x.abs() <= LARGEST && y.abs() <= LARGEST).collect()
}

/// Where the legend hides the fewest points.
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

/// From the least to the largest and a little more; from 0 where that is nearly the least.
fn range(values: impl Iterator<Item = f64> + Clone, logarithmic: bool) -> Range<f64> {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let low = if !logarithmic && low > 0.0 && low < 0.5 * high { 0.0 } else { low };
    let size = low.abs().max(high.abs());
    let varied = high - low > 1e-9 * size && high - low > 1.0 / LARGEST;
    let room = if varied { 0.05 * (high - low) } else { 0.5 * size.max(1.0) };
    (if low == 0.0 { low } else { low - room })..high + room
}

/// At most three digits that count, two of powers.
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
    let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.as_f64().abs()));
    check_argument(largest <= LARGEST, "the largest number of X", largest, "at most 1e30")?;
    let side = |row: usize| range(x.row(row).iter().map(|x| x.as_f64()), true);
    let (across, up) = (side(0), side(1));
    let edge = |range: &Range<f64>, cell: f64| {
        range.start + (range.end - range.start) * cell / CELLS as f64
    };
    let mut grid = buffer::zeros("the grid", (2, CELLS * CELLS))?;
    for (i, mut point) in grid.columns_mut().into_iter().enumerate() {
        point[0] = F::of(edge(&across, (i % CELLS) as f64 + 0.5));
        point[1] = F::of(edge(&up, (i / CELLS) as f64 + 0.5));
    }
    let predicted = predict(&grid)?;
    let predicted = predicted.labels()?;
    check_lengths(("the grid", grid.ncols()), ("the predictions", predicted.len()))?;
    let classes = Classes::from_labels(labels.iter().chain(predicted.iter()));
    let (labels, predicted) = (classes.encode(&labels)?, classes.encode(&predicted)?);

    draw((580, 606), |root| {
        let mut chart = plane_chart(root, title, across.clone(), up.clone())?;
        for (row, cells) in predicted.chunks(CELLS).enumerate() {
            let mut end = 0;
            for run in cells.chunk_by(|a, b| a == b) {
                let start = end;
                end += run.len();
                let corner = |column: usize, row: usize| {
                    (edge(&across, column as f64), edge(&up, row as f64))
                };
                let area = Rectangle::new(
                    [corner(start, row), corner(end, row + 1)],
                    pale(color(run[0])).filled(),
                );
                chart.draw_series([area])?;
            }
        }
        for (class, name) in classes.names().iter().enumerate() {
            let points = || x.columns().into_iter().zip(&labels).filter(|(_, c)| **c == class);
            if points().next().is_none() {
                continue;
            }
            let place = |x: ndarray::ArrayView1<'_, F>| (x[0].as_f64(), x[1].as_f64());
            chart
                .draw_series(
                    points().map(|(x, _)| Circle::new(place(x), 3, color(class).filled())),
                )?
                .label(format!("class {}", name.to_string()))
                .legend(move |point| Circle::new(point, 4, color(class).filled()));
        }
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
    })
}

fn color(class: usize) -> RGBColor {
    COLORS[class % COLORS.len()]
}

/// Four parts of white to one of the colour.
fn pale(RGBColor(r, g, b): RGBColor) -> RGBColor {
    let mix = |part: u8| ((4 * 255 + u16::from(part)) / 5) as u8;
    RGBColor(mix(r), mix(g), mix(b))
}

/// How often which class is taken for which, darker the more often.
///
/// ```
/// use dnn_blocks::plot;
/// use dnn_blocks::prelude::*;
///
/// let (actual, predicted) = (["cat", "cat", "dog"], ["cat", "dog", "dog"]);
/// let matrix = ConfusionMatrix::new(Actual(&actual), Predicted(&predicted))?;
/// assert!(plot::confusion_matrix("Cats and dogs", &matrix)?.contains("dog"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Plot`] if the backend refuses.
pub fn confusion_matrix(title: &str, matrix: &ConfusionMatrix) -> Result<String> {
    let (counts, names) = (matrix.counts(), matrix.names());
    let classes = names.len();
    let cell = if classes <= 12 { 48 } else { 30 };
    let side = classes as i32 * cell;
    let (left, top) = (150, 84);
    let rows = counts.rows().into_iter().map(|row| row.sum());
    let most = rows.max().unwrap_or(0).max(1) as f64;
    draw(((left + side + 40) as u32, (top + side + 90) as u32), |root| {
        let middle = |size: i32| {
            let font = ("sans-serif", size).into_font();
            let pos = plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Center,
                plotters::style::text_anchor::VPos::Center,
            );
            TextStyle::from(font).pos(pos)
        };
        let write = |text: &str, at: (i32, i32), size: i32| root.draw_text(text, &middle(size), at);
        write(title, (left + side / 2, 28), 24)?;
        write("predicted", (left + side / 2, top + side + 60), 19)?;
        write("actual", (44, top + side / 2), 19)?;
        for (class, name) in names.iter().enumerate() {
            let at = class as i32 * cell + cell / 2;
            write(name, (left + at, top + side + 24), 16)?;
            write(name, (left - 40, top + at), 16)?;
        }
        for ((actual, predicted), &count) in counts.indexed_iter() {
            let corner = (left + predicted as i32 * cell, top + actual as i32 * cell);
            let share = count as f64 / most;
            let tint = if actual == predicted { COLORS[0] } else { COLORS[1] };
            // A single mistake among hundreds must show.
            let share = if count > 0 { 0.12 + 0.88 * share } else { 0.0 };
            let area = [corner, (corner.0 + cell, corner.1 + cell)];
            root.draw(&Rectangle::new(area, tint.mix(share).filled()))?;
            root.draw(&Rectangle::new(area, RGBColor(200, 200, 200).stroke_width(1)))?;
            let ink = if share > 0.55 { &WHITE } else { &BLACK };
            let style = middle(17).color(ink);
            root.draw_text(&count.to_string(), &style, (corner.0 + cell / 2, corner.1 + cell / 2))?;
        }
        Ok(())
    })
}

/// Small pictures side by side, each with a line below it: `pixels` (rows, columns, 1) in grey or
/// (rows, columns, 3) in red, green and blue, all between 0 and 1.
///
/// ```
/// use dnn_blocks::ndarray::Array3;
/// use dnn_blocks::plot;
///
/// let cross = Array3::from_shape_fn((5, 5, 1), |(i, j, _)| f32::from(i == 2 || j == 2));
/// let svg = plot::pictures("Signs", &[(cross.view(), "a cross".into())], 5)?;
/// assert!(svg.contains("a cross"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if there are no `columns`, or neither one nor three colours;
/// [`Error::TooLarge`] if the grid has more pixels a side than an `i32` counts;
/// [`Error::Plot`] if the backend refuses.
pub fn pictures<F: Float>(
    title: &str,
    pictures: &[(ArrayView3<'_, F>, String)],
    columns: usize,
) -> Result<String> {
    let refused =
        |name, value: usize, rule| Err(Error::InvalidArgument { name, value: value as f64, rule });
    if columns == 0 {
        return refused("columns", 0, "at least 1");
    }
    if let Some((picture, _)) = pictures.iter().find(|(p, _)| ![1, 3].contains(&p.dim().2)) {
        return refused("colours of a picture", picture.dim().2, "1 or 3");
    }
    let columns = columns.min(pictures.len().max(1));
    let longest = pictures.iter().map(|(p, _)| p.dim().0.max(p.dim().1));
    let side = longest.fold(96, usize::max);
    let rows = pictures.len().div_ceil(columns).max(1);
    let extent = |count: usize, cell: usize, margin: usize| {
        let pixels = count.checked_mul(cell)?.checked_add(margin)?;
        i32::try_from(pixels).ok()?.try_into().ok()
    };
    let size = extent(columns, side + 16, 16).zip(extent(rows, side + 38, 56));
    let operand = Operand { name: "the grid of pictures", shape: (rows, columns) };
    let size = size.ok_or(Error::TooLarge { layer: None, operand })?;
    let cell = (side as i32 + 16, side as i32 + 38);
    draw(size, |root| {
        root.draw_text(title, &("sans-serif", 22).into_font().color(&BLACK), (12, 14))?;
        for (i, (picture, caption)) in pictures.iter().enumerate() {
            let (column, row) = ((i % columns) as i32, (i / columns) as i32);
            let corner = (12 + column * cell.0, 48 + row * cell.1);
            let (height, width, _) = picture.dim();
            let pixel = (side / height.max(width).max(1)) as i32;
            for (y, line) in picture.outer_iter().enumerate() {
                let colors: Vec<_> = line.outer_iter().map(rgb).collect();
                let mut end = 0;
                for run in colors.chunk_by(|a, b| a == b) {
                    let start = end;
                    end += run.len() as i32;
                    let top = corner.1 + y as i32 * pixel;
                    let area =
                        [(corner.0 + start * pixel, top), (corner.0 + end * pixel, top + pixel)];
                    root.draw(&Rectangle::new(area, run[0].filled()))?;
                }
            }
            let style = ("sans-serif", 15).into_font().color(&BLACK);
            root.draw_text(caption, &style, (corner.0, corner.1 + side as i32 + 6))?;
        }
        Ok(())
    })
}

/// One pixel: grey, or red, green and blue.
fn rgb<F: Float>(pixel: ndarray::ArrayView1<'_, F>) -> RGBColor {
    let byte = |part: usize| {
        let value = pixel[part.min(pixel.len() - 1)].as_f64();
        (255.0 * value.clamp(0.0, 1.0)).round() as u8
    };
    RGBColor(byte(0), byte(1), byte(2))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
type Plane<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn plane_chart<'a, 'b>(
    root: &'b Area<'a>,
    title: &str,
    x: Range<f64>,
    y: Range<f64>,
) -> Drawn<Plane<'a, 'b>> {
    Ok(ChartBuilder::on(root)
        .caption(title, ("sans-serif", 24))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(60)
        .build_cartesian_2d(x, y)?)
}

/// A white area of this size, drawn on by `f`.
fn draw(size: (u32, u32), f: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String> {
    let mut svg = String::new();
    let drawn = {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)
            .map_err(Into::into)
            .and_then(|()| f(&root))
            .and_then(|()| root.present().map_err(Into::into))
    };
    match drawn {
        Ok(()) => Ok(legible(svg)),
        Err(error) => Err(Error::Plot { cause: Cause::new(error.to_string()) }),
    }
}

/// Replaces the characters of an SVG that XML 1.0 forbids by U+FFFD, and tabs and the line breaks
/// within a text by spaces: SVG 1.1 would join the words on both sides of a line break.
fn legible(svg: String) -> String {
    let mut clean = String::with_capacity(svg.len());
    let mut rest = svg.chars().peekable();
    let mut previous = '>';
    while let Some(c) = rest.next() {
        // Texts have `<` and `>` escaped, so a line break beside one of these is the backend's.
        let is_markup = previous == '>' || rest.peek().is_none_or(|next| *next == '<');
        previous = c;
        clean.push(match c {
            '\n' if is_markup => c,
            '\n' | '\r' | '\t' => ' ',
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
            _ => c,
        });
    }
    clean
}
