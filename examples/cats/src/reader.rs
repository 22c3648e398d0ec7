//! The data set of week 4 of the course: pictures of cats and of other things, from HDF5 files.

use dnn_blocks::ndarray::{Array2, ArrayView2};
use hdf5_pure::{DType, Dataset, File};
use std::error::Error;
use std::path::Path;

/// Red, green and blue of 64 x 64 pixels.
const FEATURES: usize = 64 * 64 * 3;

/// Pictures and their labels.
#[derive(Debug)]
pub struct Cats {
    /// The pictures as columns, (12288, m), with values between 0 and 1.
    pub x: Array2<f64>,
    /// 1 for a cat, 0 for anything else, (1, m).
    pub y: Array2<f64>,
}

/// Reads `train_catvnoncat.h5` or `test_catvnoncat.h5`.
pub fn load(path: &Path) -> Result<Cats, Box<dyn Error>> {
    read(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn read(path: &Path) -> Result<Cats, Box<dyn Error>> {
    let file = File::open(path)?;
    let set =
        ["train", "test"].into_iter().find(|set| file.dataset(&format!("{set}_set_x")).is_ok());
    let set = set.ok_or("found neither train_set_x nor test_set_x")?;
    let pictures = file.dataset(&format!("{set}_set_x"))?;
    let labels = file.dataset(&format!("{set}_set_y"))?;
    let m = pictures.shape()?.first().copied().unwrap_or(0);
    expect_shape("pictures", &pictures, &[m, 64, 64, 3])?;
    expect_shape("labels", &labels, &[m])?;
    if pictures.dtype()? != DType::U8 {
        return Err("the pictures are not bytes".into());
    }
    let m = usize::try_from(m)?;
    let bytes = pictures.read_u8()?;
    let images = ArrayView2::from_shape((m, FEATURES), &bytes)?;
    let x = Array2::from_shape_fn((FEATURES, m), |(f, i)| f64::from(images[[i, f]]) / 255.0);
    Ok(Cats { x, y: Array2::from_shape_vec((1, m), labels.read_f64()?)? })
}

fn expect_shape(name: &str, set: &Dataset, expected: &[u64]) -> Result<(), Box<dyn Error>> {
    let shape = set.shape()?;
    if shape == expected {
        return Ok(());
    }
    Err(format!("the {name} have the shape {shape:?}, not {expected:?}").into())
}
