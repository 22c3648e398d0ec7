//! The tables that the scripts write for the programs.

use dnn_blocks::ndarray::Array2;
use std::error::Error;
use std::fs;
use std::path::Path;

pub type Failure = Box<dyn Error>;

/// Reads f32 numbers, row by row.
pub fn table(folder: &Path, name: &str, columns: usize) -> Result<Array2<f32>, Failure> {
    let bytes = fs::read(folder.join(name))?;
    let number = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    let numbers: Vec<f32> = bytes.chunks_exact(4).map(number).collect();
    Ok(Array2::from_shape_vec((numbers.len() / columns, columns), numbers)?)
}
