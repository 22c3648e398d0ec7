//! The curve of the cost, as SVG.

use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, LineSeries, PathElement, RGBColor, SVGBackend,
    SeriesLabelPosition, TRANSPARENT, WHITE,
};
use std::error::Error;
use std::path::Path;

const COLORS: [RGBColor; 2] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0)];

/// More points than this on one curve are finer than a pixel.
const POINTS: usize = 2500;

/// Draws the cost at each iteration, one curve for each labelled network.
pub fn costs(path: &Path, title: &str, curves: &[(&str, &[f64])]) -> Result<(), Box<dyn Error>> {
    let iterations = curves.iter().map(|(_, costs)| costs.len()).max().unwrap_or(0);
    let highest = curves.iter().flat_map(|(_, costs)| *costs).copied().fold(0.0, f64::max);
    let root = SVGBackend::new(path, (720, 440)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 24))
        .margin(16)
        .margin_right(36)
        .x_label_area_size(52)
        .y_label_area_size(68)
        .build_cartesian_2d(0..iterations, 0.0..1.05 * highest)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .label_style(("sans-serif", 17))
        .axis_desc_style(("sans-serif", 19))
        .x_desc("iteration")
        .y_desc("cost")
        .draw()?;
    for (&(label, costs), color) in curves.iter().zip(COLORS.iter().cycle()) {
        let line = costs.iter().copied().enumerate().step_by(iterations.div_ceil(POINTS).max(1));
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)))?
            .label(label)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 24, y)], color.stroke_width(3)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .legend_area_size(36)
        .label_font(("sans-serif", 18))
        .draw()?;
    root.present()?;
    println!("wrote {}", path.display());
    Ok(())
}
