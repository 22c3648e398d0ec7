//! Pictures of handwritten digits: see `examples/data/README.md`.

use dnn_blocks::Float;
use dnn_blocks::ndarray::{Array2, Axis};
use std::io;

const PIXELS: usize = 64;

/// Reads pictures (examples, pixels), from 0 (white) to 16 (black), and the digits that they show.
///
/// In the text, each pixel is a digit of base 17.
pub fn read<F: Float>(csv: &str, has_headers: bool) -> io::Result<(Array2<F>, Vec<usize>)> {
    let (mut pixels, mut digits) = (Vec::new(), Vec::new());
    let mut reader = csv::ReaderBuilder::new().has_headers(has_headers).from_reader(csv.as_bytes());
    for row in reader.deserialize() {
        let (digit, picture): (usize, String) = row?;
        digits.push(digit);
        for pixel in picture.chars() {
            let pixel = pixel.to_digit(17);
            let pixel = pixel.ok_or_else(|| io::Error::other("a pixel is a digit of base 17"))?;
            pixels.push(F::of(f64::from(pixel)));
        }
    }
    let x = Array2::from_shape_vec((digits.len(), PIXELS), pixels).map_err(io::Error::other)?;
    Ok((x, digits))
}

/// Returns the chosen examples.
pub fn select<F: Float>(
    x: &Array2<F>,
    digits: &[usize],
    chosen: &[usize],
) -> (Array2<F>, Vec<usize>) {
    (x.select(Axis(0), chosen), chosen.iter().map(|&i| digits[i]).collect())
}
