//! A PNG file of small pictures side by side.

use dnn_blocks::ndarray::ArrayView1;
use image::imageops::{FilterType, replace, resize};
use image::{ImageFormat, Rgb, RgbImage};
use std::error::Error;
use std::io::Cursor;

const COLUMNS: usize = 5;
const PICTURE: u32 = 128;
const BORDER: u32 = 6;
const CELL: u32 = PICTURE + 2 * BORDER + 4;

/// Draws pictures of 64 x 64 pixels (columns of `X`), each framed in its color.
pub fn png(pictures: &[(ArrayView1<f64>, [u8; 3])]) -> Result<Vec<u8>, Box<dyn Error>> {
    let (columns, rows) = (COLUMNS as u32, pictures.len().div_ceil(COLUMNS).max(1) as u32);
    let mut sheet = RgbImage::from_pixel(columns * CELL + 4, rows * CELL + 4, Rgb([255; 3]));
    for (i, (x, color)) in pictures.iter().enumerate() {
        let corner = |cells: usize| i64::from(cells as u32 * CELL + 4);
        replace(&mut sheet, &framed(x, *color), corner(i % COLUMNS), corner(i / COLUMNS));
    }
    let mut png = Cursor::new(Vec::new());
    sheet.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

fn framed(x: &ArrayView1<f64>, color: [u8; 3]) -> RgbImage {
    let side = PICTURE + 2 * BORDER;
    let mut frame = RgbImage::from_pixel(side, side, Rgb(color));
    let picture = resize(&picture(x), PICTURE, PICTURE, FilterType::CatmullRom);
    replace(&mut frame, &picture, i64::from(BORDER), i64::from(BORDER));
    frame
}

/// The features are the red, green and blue of each pixel, row by row.
fn picture(x: &ArrayView1<f64>) -> RgbImage {
    RgbImage::from_fn(64, 64, |column, row| {
        let first = 3 * (64 * row + column) as usize;
        Rgb([0, 1, 2].map(|channel| (255.0 * x[first + channel]).round() as u8))
    })
}
