//! Arrays in NumPy's npz format (a zip archive of npy files), with the crate `zip`.

use super::directory::{Directory, Entry, malformed};
use super::error::excerpt;
use super::limits::{Source, check_array, check_name, check_size, open, reserved, zeros};
use super::numbers::{BLOCK, for_each_block, wrong_type};
use super::tensors::TensorViews;
use super::{FileError, Limits, Result, Tensors, atomic, npy};
use crate::activation::Activation;
use crate::{Float, Parameters};
use ndarray::{ArrayD, ArrayViewD};
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use zip::read::read_zipfile_from_stream_with_options;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipReadOptions, ZipWriter};

impl<F: Float> Tensors<F> {
    /// Reads the arrays of an npz file (feature `npz`).
    ///
    /// Element types are `float32` and `float64`, in C or Fortran order and either byte order.
    /// `float32` is read as `f64` without loss; `float64` as `f32` is an error. Nothing is
    /// unpickled.
    ///
    /// ```
    /// use dnn_blocks::files::{Limits, Tensors};
    /// use dnn_blocks::ndarray::array;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("arrays.npz");
    /// let mut tensors = Tensors::<f64>::new();
    /// tensors.insert("W1", array![[1.0, 2.0]].into_dyn())?;
    /// tensors.save_npz(&path)?; // np.load(path)["W1"] in Python
    /// assert_eq!(Tensors::load_npz(&path, &Limits::default())?, tensors);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FileError::Type`], [`FileError::NotFinite`], [`FileError::Duplicate`],
    /// [`FileError::Malformed`], [`FileError::TooLarge`], [`FileError::Io`];
    /// [`FileError::Unexpected`] for a file in the archive that is not an npy file.
    pub fn load_npz(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let (mut source, length) = open(path.as_ref(), limits)?;
        read(&mut *source, length, limits)
    }

    /// Reads an npz file in memory; see [`load_npz`](Self::load_npz).
    ///
    /// # Errors
    ///
    /// The errors of [`load_npz`](Self::load_npz), except file-system errors.
    pub fn from_npz(file: &[u8], limits: &Limits) -> Result<Self> {
        read(&mut Cursor::new(file), file.len() as u64, limits)
    }

    /// Writes an npz file that `np.load` reads, atomically (feature `npz`).
    ///
    /// # Errors
    ///
    /// [`FileError::Io`], [`FileError::TooLarge`].
    pub fn save_npz(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path.as_ref(), &self.views())
    }

    /// Returns the npz file in memory, not compressed (feature `npz`).
    ///
    /// # Errors
    ///
    /// [`FileError::TooLarge`]; [`FileError::Malformed`] if the archive cannot be written.
    pub fn to_npz(&self) -> Result<Vec<u8>> {
        let arrays = self.views();
        let mut file = InMemory { data: reserved("the file", length(&arrays))?, at: 0 };
        write(&mut file, &arrays)?;
        Ok(file.data)
    }
}

impl<F: Float> Parameters<F> {
    /// Writes the course's dictionary `W1`, `b1`, `W2`, … to an npz file (feature `npz`).
    ///
    /// In Python, `dict(np.load(path))` reads it. Activations are not saved.
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
    /// [`FileError::NotFinite`], [`FileError::Io`]; [`FileError::Model`] if shapes do not fit.
    pub fn save_npz(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path.as_ref(), &TensorViews::from_parameters(self)?)
    }

    /// Reads the course's dictionary from an npz file (feature `npz`).
    ///
    /// In Python, `np.savez(path, **parameters)` writes it. The last layer has the activation
    /// `output`, the others `hidden`. The limits are [`Limits::default`].
    ///
    /// # Errors
    ///
    /// The errors of [`Tensors::load_npz`] and of [`Tensors::into_parameters`].
    pub fn load_npz(
        path: impl AsRef<Path>,
        hidden: Activation,
        output: Activation,
    ) -> Result<Self> {
        Tensors::load_npz(path, &Limits::default())?.into_parameters(hidden, output)
    }
}

fn read<F: Float>(source: &mut dyn Source, length: u64, limits: &Limits) -> Result<Tensors<F>> {
    check_size("the file", length, limits.bytes)?;
    let mut directory = Directory::read(source, length, limits).map_err(as_malformed)?;
    let (mut packed, mut memory) = (0, 0);
    let mut block = zeros("a block", BLOCK)?;
    let mut tensors = Tensors::new();
    while let Some(entry) = directory.next()? {
        let Some(name) = entry.name.strip_suffix(".npy") else {
            return Err(FileError::Unexpected { name: excerpt(entry.name) });
        };
        check_name(name.len())?;
        packed += u128::from(entry.packed);
        if packed > u128::from(length) {
            return Err(malformed("the entries are longer than the archive"));
        }
        let left = Limits { bytes: limits.bytes - memory, ..*limits };
        let array = unpack(source, &entry, name, &left, &mut block).map_err(as_malformed)?;
        memory += (array.len() * size_of::<F>()) as u64;
        tensors.insert(name, array)?;
    }
    Ok(tensors)
}

/// The most bytes of a local header, with the longest name and the longest extra field.
const HEADER: u64 = 30 + 2 * 65535;

/// Reads the array of an entry. Memory is reserved only after the shape in its header has been
/// checked against the size of the entry.
fn unpack<F: Float>(
    source: &mut dyn Source,
    entry: &Entry,
    name: &str,
    limits: &Limits,
    block: &mut [u8],
) -> Result<ArrayD<F>> {
    source.seek(SeekFrom::Start(entry.begin))?;
    let mut part = Read::take(source, entry.packed.saturating_add(HEADER));
    let options = ZipReadOptions::new()
        .override_compressed_size(entry.packed)
        .override_uncompressed_size(entry.size)
        .override_crc(entry.crc);
    let file = read_zipfile_from_stream_with_options(&mut part, options).map_err(malformed)?;
    let mut file = file.ok_or_else(|| malformed("an entry does not begin at its offset"))?;
    let (npy::Header { dtype, format, shape }, header) = npy::read(&mut file, limits)?;
    let format = format.ok_or_else(|| wrong_type::<F>(name, &dtype))?.check::<F>(name)?;
    let count = shape.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
    let bytes = |size: usize| count.and_then(|count| count.checked_mul(size));
    let numbers = entry.size.checked_sub(header);
    if bytes(format.bytes).map(|bytes| bytes as u64) != numbers {
        let found = numbers.unwrap_or(0);
        return Err(malformed(format!(
            "{name} has {found} bytes, which do not fit its shape {shape:?}"
        )));
    }
    check_size(name, bytes(size_of::<F>()).map_or(u64::MAX, |bytes| bytes as u64), limits.bytes)?;
    let fill = |block: &mut [u8]| Ok(file.read_exact(block)?);
    let numbers = format.read(name, count.unwrap_or(0), block, fill)?;
    // Reading to the end also verifies the checksum.
    if file.read(&mut [0])? > 0 {
        return Err(malformed("an entry is longer than the directory says"));
    }
    format.into_array(name, &shape, numbers)
}

fn save<F: Float>(path: &Path, arrays: &TensorViews<'_, F>) -> Result<()> {
    atomic::write(path, |file| write(file, arrays))
}

fn write<F: Float>(file: impl Write + Seek, arrays: &TensorViews<'_, F>) -> Result<()> {
    let mut archive = ZipWriter::new(file);
    for (name, array) in arrays.iter() {
        check_array(name, array.shape())?;
        let large = array.len() as u64 * size_of::<F>() as u64 > u64::from(u32::MAX) / 2;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(large);
        archive.start_file(format!("{name}.npy"), options).map_err(write_error)?;
        archive.write_all(&npy::header(size_of::<F>(), array.shape()))?;
        for_each_block(array, |block| Ok(archive.write_all(block)?))?;
    }
    archive.finish().map_err(write_error)?;
    Ok(())
}

/// An upper bound of the length of the archive: numbers, headers and the end.
fn length<F: Float>(arrays: &TensorViews<'_, F>) -> usize {
    let of = |(name, array): (&str, &ArrayViewD<'_, F>)| {
        let header = npy::header(size_of::<F>(), array.shape()).len();
        256 + 2 * name.len() + header + array.len() * size_of::<F>()
    };
    arrays.iter().map(of).sum::<usize>() + 256
}

/// A file in memory that returns an error where memory is short.
struct InMemory {
    data: Vec<u8>,
    at: usize,
}

impl Write for InMemory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = self.at + bytes.len();
        self.data.try_reserve(end.saturating_sub(self.data.len()))?;
        let (over, new) = bytes.split_at(bytes.len().min(self.data.len().saturating_sub(self.at)));
        self.data[self.at..self.at + over.len()].copy_from_slice(over);
        self.data.extend_from_slice(new);
        self.at = end;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for InMemory {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => (self.at as u64).checked_add_signed(by),
            SeekFrom::End(by) => (self.data.len() as u64).checked_add_signed(by),
        };
        let inside = at.filter(|&at| at <= self.data.len() as u64);
        let at = inside.ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        self.at = at as usize;
        Ok(at)
    }
}

fn write_error(error: ZipError) -> FileError {
    if let ZipError::Io(error) = error { error.into() } else { malformed(error) }
}

/// Turns an error of decompression, which is no error of the operating system, into a malformed
/// archive.
fn as_malformed(error: FileError) -> FileError {
    match error {
        FileError::Io(error) if error.raw_os_error().is_none() => malformed(error),
        other => other,
    }
}
