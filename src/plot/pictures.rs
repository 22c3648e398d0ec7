use super::canvas::{
    Area, Drawn, Edges, MARGIN, ORANGE, SMALL, draw, shortened, text_style, thickness, units, write,
};
#[cfg(doc)]
use crate::Error;
use crate::checks::check_argument;
use crate::{Float, Result};
use ndarray::{ArrayView1, ArrayView3};
use plotters::prelude::{Color, PathElement, RGBColor, Rectangle};
use plotters::style::text_anchor::HPos;

/// The most pixels of all pictures together: more make an SVG that no browser opens.
const PIXELS: usize = 1 << 22;
/// The least side of a picture.
const SIDE: usize = 112;
const TOP: f64 = 52.0;
/// The room for a caption.
const CAPTION: f64 = 40.0;

/// A small picture with a caption.
///
/// ```
/// use dnn_blocks::ndarray::Array3;
/// use dnn_blocks::plot::Picture;
///
/// let white = Array3::<f32>::ones((8, 8, 1));
/// let picture = Picture::new(&white, "1, predicted 7").framed(true);
/// assert!(picture.framed);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Picture<'a, F> {
    /// The pixels: (rows, columns, 1) in gray or (rows, columns, 3) in red, green and blue, from 0
    /// (black) to 1 (white).
    pub pixels: ArrayView3<'a, F>,
    /// The text below the picture.
    pub caption: String,
    /// Whether the picture has an orange frame, to mark a mistake.
    pub framed: bool,
}

impl<'a, F> Picture<'a, F> {
    /// Creates a picture without a frame.
    #[must_use]
    pub fn new(pixels: impl Into<ArrayView3<'a, F>>, caption: impl Into<String>) -> Self {
        Self { pixels: pixels.into(), caption: caption.into(), framed: false }
    }

    /// Sets whether the picture has a frame.
    #[must_use]
    pub fn framed(mut self, framed: bool) -> Self {
        self.framed = framed;
        self
    }
}

/// Draws small pictures in a grid, with a caption below each.
///
/// Pixel values below 0 are drawn as 0, those above 1 as 1, and NaN as 0.
///
/// ```
/// use dnn_blocks::ndarray::Array3;
/// use dnn_blocks::plot::{self, Picture};
///
/// let cross = Array3::from_shape_fn((5, 5, 1), |(i, j, _)| f32::from(i == 2 || j == 2));
/// let svg = plot::pictures("Signs", &[Picture::new(&cross, "a cross")], 5)?;
/// assert!(svg.contains("a cross"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if `columns` is 0, if a picture has neither one nor three colors, if
/// the pictures have more than 2²² pixels together, or if a side of the plot has more than 32,767
/// pixels; [`Error::Plot`] if `plotters` fails.
#[doc(alias = "print_mislabeled_images")]
pub fn pictures<F: Float>(
    title: &str,
    pictures: &[Picture<'_, F>],
    columns: usize,
) -> Result<String> {
    check_pictures(pictures, columns)?;
    let columns = columns.min(pictures.len().max(1));
    let longest = pictures.iter().map(|p| p.pixels.dim().0.max(p.pixels.dim().1));
    let side = longest.fold(SIDE, usize::max) as f64;
    let rows = pictures.len().div_ceil(columns).max(1);
    let (across, down) = (side + MARGIN, side + CAPTION);
    let size = (columns as f64 * across + MARGIN, rows as f64 * down + TOP);
    draw(size, title, &description(pictures), Edges::Crisp, |root| {
        for (i, picture) in pictures.iter().enumerate() {
            let (column, row) = (i % columns, i / columns);
            let (x, y) = (MARGIN + across * column as f64, TOP + down * row as f64);
            draw_picture(root, picture, (x, y), side)?;
            let caption = shortened(&picture.caption, side + MARGIN - 4.0, SMALL);
            write(root, &text_style(SMALL, HPos::Left), (x, y + side + 15.0), &caption)?;
        }
        Ok(())
    })
}

fn check_pictures<F: Float>(pictures: &[Picture<'_, F>], columns: usize) -> Result<()> {
    check_argument(columns > 0, "columns", 0.0, "at least 1")?;
    let mut pixels = 0_usize;
    for (height, width, colors) in pictures.iter().map(|picture| picture.pixels.dim()) {
        check_argument([1, 3].contains(&colors), "colors of a picture", colors as f64, "1 or 3")?;
        pixels = pixels.saturating_add(height.saturating_mul(width));
    }
    check_argument(pixels <= PIXELS, "pixels of all pictures", pixels as f64, "at most 2^22")
}

/// Draws the pixels, with equal neighbors of a row joined, and the frame around them.
fn draw_picture<F: Float>(
    area: &Area<'_>,
    picture: &Picture<'_, F>,
    (x, y): (f64, f64),
    side: f64,
) -> Drawn {
    let (height, width, _) = picture.pixels.dim();
    let pixel = side / height.max(width).max(1) as f64;
    let place = |column: usize, row: usize| {
        (units(x + pixel * column as f64), units(y + pixel * row as f64))
    };
    for (row, line) in picture.pixels.outer_iter().enumerate() {
        let colors: Vec<_> = line.outer_iter().map(color).collect();
        let mut start = 0;
        for run in colors.chunk_by(|a, b| a == b) {
            let end = start + run.len();
            let corners = [place(start, row), place(end, row + 1)];
            area.draw(&Rectangle::new(corners, run[0].filled()))?;
            start = end;
        }
    }
    let (line, thick) = if picture.framed { (ORANGE, 4.0) } else { (RGBColor(187, 187, 187), 1.0) };
    let out = thick / 2.0;
    let (left, right) = (units(x - out), units(x + pixel * width as f64 + out));
    let (top, bottom) = (units(y - out), units(y + pixel * height as f64 + out));
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    area.draw(&PathElement::new(corners, line.stroke_width(thickness(thick))))
}

/// The color of a pixel, gray or red, green and blue.
fn color<F: Float>(pixel: ArrayView1<'_, F>) -> RGBColor {
    let byte = |part: usize| {
        let value = pixel[part.min(pixel.len() - 1)].as_f64();
        (255.0 * value.clamp(0.0, 1.0)).round() as u8
    };
    RGBColor(byte(0), byte(1), byte(2))
}

/// Sentences for those who cannot see the plot.
fn description<F>(pictures: &[Picture<'_, F>]) -> String {
    let framed = pictures.iter().filter(|picture| picture.framed).count();
    format!("{} pictures with captions, {framed} of them framed.", pictures.len())
}
