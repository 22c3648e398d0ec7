use super::canvas::draw;
use crate::error::Operand;
use crate::{Error, Float, Result};
use ndarray::ArrayView3;
use plotters::prelude::{BLACK, Color, IntoFont, RGBColor, Rectangle};

/// Draws pictures in a grid, each with a caption.
///
/// A picture is (rows, columns, 1) in gray or (rows, columns, 3) in red, green and blue; values are
/// between 0 and 1.
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
/// [`Error::InvalidArgument`] if there are no `columns`, or a picture has neither one nor three colors;
/// [`Error::TooLarge`] if the grid has more pixels a side than an `i32` counts;
/// [`Error::Plot`] if the backend fails.
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
        return refused("colors of a picture", picture.dim().2, "1 or 3");
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

/// The color of a pixel, gray or red, green and blue.
fn rgb<F: Float>(pixel: ndarray::ArrayView1<'_, F>) -> RGBColor {
    let byte = |part: usize| {
        let value = pixel[part.min(pixel.len() - 1)].as_f64();
        (255.0 * value.clamp(0.0, 1.0)).round() as u8
    };
    RGBColor(byte(0), byte(1), byte(2))
}
