//! Arrays in NumPy's npz format (a zip archive of npy files), by the crate `zip`.

use super::limits::{check_size, read_to_limit, read_whole};
use super::tensors::{Views, bytes_of, of_course, wrong_type};
use super::{FileError, Limits, Result, Tensors, atomic, npy};
use crate::activation::Activation;
use crate::{Float, Parameters};
use ndarray::ArrayD;
use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

impl<F: Float> Tensors<F> {
    /// The arrays of an npz file (feature `npz`), of types `float32` and `float64` in either order
    /// of memory and of bytes.
    ///
    /// A `float32` is read as `f64` without loss. The other way round is a [`FileError::Type`], and
    /// so is every other type; nothing is unpickled.
    ///
    /// # Errors
    ///
    /// Every [`FileError`] but those about the model.
    pub fn load_npz(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        Self::from_npz(&read_whole(File::open(path)?, limits)?, limits)
    }

    /// [`load_npz`](Self::load_npz) of a file in memory.
    ///
    /// # Errors
    ///
    /// Those of [`load_npz`](Self::load_npz).
    pub fn from_npz(file: &[u8], limits: &Limits) -> Result<Self> {
        check_size("the file", file.len() as u64, limits.bytes)?;
        let mut archive = ZipArchive::new(Cursor::new(file)).map_err(malformed)?;
        if archive.has_duplicate_names() {
            return Err(malformed("a name is there twice"));
        }
        check_size("the number of arrays", archive.len() as u64, limits.arrays)?;
        let mut left = limits.bytes;
        let mut tensors = Self::new();
        for i in 0..archive.len() {
            let entry = archive.by_index(i).map_err(malformed)?;
            let name = entry.name().map_err(malformed)?.into_owned();
            check_size(&name, entry.size(), left)?;
            let mut npy = Vec::new();
            read_to_limit(entry, &mut npy, &name, left).map_err(as_malformed)?;
            left -= npy.len() as u64;
            let Some(name) = name.strip_suffix(".npy") else {
                return Err(FileError::Unexpected { name });
            };
            tensors.insert(name, array(name, &npy, limits)?)?;
        }
        Ok(tensors)
    }

    /// Writes an npz file that `np.load` reads, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`], [`FileError::TooLarge`].
    pub fn save_npz(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path.as_ref(), &self.views())
    }

    /// The npz file in memory, not compressed.
    ///
    /// # Errors
    ///
    /// [`FileError::Malformed`] if it cannot be packed.
    pub fn to_npz(&self) -> Result<Vec<u8>> {
        packed(&self.views())
    }
}

impl<F: Float> Parameters<F> {
    /// Writes `W1`, `b1`, `W2`, … to an npz file (feature `npz`), the course's dictionary:
    /// `dict(np.load(path))` in Python. Activations are not kept.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("parameters.npz");
    /// let parameters = initialize_parameters::<f64>(2, 4, 1, &mut NumpyRandom::seed(2))?;
    /// parameters.save_npz(&path)?;
    /// let again = Parameters::<f64>::load_npz(&path, Activation::Relu, Activation::Sigmoid)?;
    /// assert_eq!(again, parameters);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FileError::NotFinite`], [`FileError::Io`].
    pub fn save_npz(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path.as_ref(), &of_course(self)?)
    }

    /// Reads the course's dictionary as `np.savez(path, **parameters)` wrote it, within
    /// [`Limits::default`]: `hidden` in every layer but the last, `output` in the last.
    ///
    /// # Errors
    ///
    /// Those of [`Tensors::load_npz`] and of [`Tensors::course`].
    pub fn load_npz(
        path: impl AsRef<Path>,
        hidden: Activation,
        output: Activation,
    ) -> Result<Self> {
        Tensors::load_npz(path, &Limits::default())?.course(hidden, output)
    }
}

fn save<F: Float>(path: &Path, arrays: &Views<'_, F>) -> Result<()> {
    let file = packed(arrays)?;
    atomic::write(path, |writer| Ok(writer.write_all(&file)?))
}

fn packed<F: Float>(arrays: &Views<'_, F>) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays.iter() {
        let large = array.len() as u64 * size_of::<F>() as u64 > u64::from(u32::MAX) / 2;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(large);
        archive.start_file(format!("{name}.npy"), options).map_err(malformed)?;
        archive.write_all(&npy::header(size_of::<F>(), array.shape()))?;
        archive.write_all(&bytes_of(name, array)?)?;
    }
    Ok(archive.finish().map_err(malformed)?.into_inner())
}

fn malformed(reason: impl ToString) -> FileError {
    FileError::Malformed { format: "npz", reason: reason.to_string() }
}

/// What goes wrong while unpacking is wrong with the archive.
fn as_malformed(error: FileError) -> FileError {
    if let FileError::Io(reason) = error { malformed(reason) } else { error }
}

/// The array of an npy file: its numbers are as many as its header says, before room is made.
fn array<F: Float>(name: &str, file: &[u8], limits: &Limits) -> Result<ArrayD<F>> {
    let (npy::Header { kind, stored, shape }, data) = npy::read(file, limits)?;
    let stored = stored.ok_or_else(|| wrong_type::<F>(name, &kind))?;
    let elements = shape.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
    if elements.and_then(|elements| elements.checked_mul(stored.bytes)) != Some(data.len()) {
        let reason = format!("{name} has {} bytes for the shape {shape:?}", data.len());
        return Err(malformed(reason));
    }
    stored.array(name, &shape, data)
}
