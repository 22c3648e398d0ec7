//! What a network with two inputs predicts all over the plane, as SVG.

use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use plotters::prelude::{
    ChartBuilder, Circle, Color, IntoDrawingArea, RGBColor, Rectangle, SVGBackend,
    SeriesLabelPosition, WHITE,
};
use std::error::Error;
use std::path::Path;

const SIDE: f64 = 4.6;
const CELLS: usize = 160;
const PALE: [RGBColor; 2] = [RGBColor(222, 235, 247), RGBColor(253, 224, 197)];
const STRONG: [RGBColor; 2] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0)];

/// Draws the regions of label 0 and 1, and the examples `x` (2, m) with their labels `y` (1, m).
pub fn draw(
    path: &Path,
    title: &str,
    parameters: &Parameters<f64>,
    (x, y): (&Array2<f64>, &Array2<f64>),
) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (580, 606)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 24))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(52)
        .build_cartesian_2d(-SIDE..SIDE, -SIDE..SIDE)?;
    let labels = predict(plane(), parameters)?.into_shape_with_order((CELLS, CELLS))?;
    let pale = |label: usize| move |corners| Rectangle::new(corners, PALE[label].filled());
    chart.draw_series([[(-SIDE, -SIDE), (SIDE, SIDE)]].map(pale(0)))?;
    chart.draw_series(runs_of_ones(&labels).into_iter().map(pale(1)))?;
    for (label, color) in STRONG.iter().enumerate() {
        let points = x.columns().into_iter().zip(y).filter(|(_, y)| **y == label as f64);
        let circle = |point: (f64, f64)| Circle::new(point, 3, color.filled());
        chart
            .draw_series(points.map(|(x, _)| circle((x[0], x[1]))))?
            .label(format!("label {label}"))
            .legend(|point| Circle::new(point, 4, color.filled()));
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
    root.present()?;
    println!("wrote {}", path.display());
    Ok(())
}

/// The middle of every cell of the plane, row after row, (2, CELLS²).
fn plane() -> Array2<f64> {
    let middle = |cell| edge(cell) + SIDE / CELLS as f64;
    Array2::from_shape_fn((2, CELLS * CELLS), |(coordinate, i)| match coordinate {
        0 => middle(i % CELLS),
        _ => middle(i / CELLS),
    })
}

/// Where a cell begins.
fn edge(cell: usize) -> f64 {
    SIDE * (2.0 * cell as f64 / CELLS as f64 - 1.0)
}

/// The rectangles of label 1. Cells side by side are joined, which keeps the picture small.
fn runs_of_ones(labels: &Array2<f64>) -> Vec<[(f64, f64); 2]> {
    let mut runs = Vec::new();
    for (row, labels) in labels.rows().into_iter().enumerate() {
        let mut end = 0;
        for run in labels.to_vec().chunk_by(f64::eq) {
            let start = end;
            end += run.len();
            if run[0] == 1.0 {
                runs.push([(edge(start), edge(row)), (edge(end), edge(row + 1))]);
            }
        }
    }
    runs
}
