//! Arrays in NumPy's npz format (a zip archive of npy files), by the crate `zip`.

use super::directory::{Directory, Entry};
use super::error::shortened;
use super::limits::{Source, check_array, check_name, check_size, open, reserved, zeros};
use super::tensors::{BLOCK, Views, each_block, of_course, wrong_type};
use super::{FileError, Limits, Result, Tensors, atomic, npy};
use crate::activation::Activation;
use crate::{Float, Parameters};
use ndarray::{ArrayD, ArrayViewD};
use std::fmt::Display;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use zip::read::read_zipfile_from_stream_with_options;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipReadOptions, ZipWriter};

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
        let (mut source, length) = open(path.as_ref(), limits)?;
        read(&mut *source, length, limits)
    }

    /// [`load_npz`](Self::load_npz) of a file in memory.
    ///
    /// # Errors
    ///
    /// Those of [`load_npz`](Self::load_npz).
    pub fn from_npz(file: &[u8], limits: &Limits) -> Result<Self> {
        read(&mut Cursor::new(file), file.len() as u64, limits)
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
    /// [`FileError::TooLarge`]; [`FileError::Malformed`] if it cannot be packed.
    pub fn to_npz(&self) -> Result<Vec<u8>> {
        let arrays = self.views();
        let mut file = InMemory { data: reserved("the file", length(&arrays))?, at: 0 };
        write(&mut file, &arrays)?;
        Ok(file.data)
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

fn read<F: Float>(source: &mut dyn Source, length: u64, limits: &Limits) -> Result<Tensors<F>> {
    check_size("the file", length, limits.bytes)?;
    let mut directory = Directory::read(source, length, limits).map_err(as_malformed)?;
    let (mut packed, mut memory) = (0, 0);
    let mut block = zeros("a block", BLOCK)?;
    let mut tensors = Tensors::new();
    while let Some(entry) = directory.next()? {
        let Some(name) = entry.name.strip_suffix(".npy") else {
            return Err(FileError::Unexpected { name: shortened(entry.name) });
        };
        check_name(name.len())?;
        packed += u128::from(entry.packed);
        if packed > u128::from(length) {
            return Err(malformed("the entries are longer than the archive"));
        }
        let left = Limits { bytes: limits.bytes - memory, ..*limits };
        let array = unpacked(source, &entry, name, &left, &mut block).map_err(as_malformed)?;
        memory += (array.len() * size_of::<F>()) as u64;
        tensors.insert(name, array)?;
    }
    Ok(tensors)
}

/// Bytes of the longest names and the longest field of an entry's own header.
const HEADER: u64 = 30 + 2 * 65535;

/// The array of an entry. Room is made for its numbers once its header is found to say how many
/// bytes there are.
fn unpacked<F: Float>(
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
    let mut file = file.ok_or_else(|| malformed("an entry is not where it should be"))?;
    let (npy::Header { kind, stored, shape }, header) = npy::read(&mut file, limits)?;
    let stored = stored.ok_or_else(|| wrong_type::<F>(name, &kind))?.fitting::<F>(name)?;
    let count = shape.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
    let bytes = |size: usize| count.and_then(|count| count.checked_mul(size));
    let numbers = entry.size.checked_sub(header);
    if bytes(stored.bytes).map(|bytes| bytes as u64) != numbers {
        let found = numbers.unwrap_or(0);
        return Err(malformed(format!("{name} has {found} bytes for the shape {shape:?}")));
    }
    check_size(name, bytes(size_of::<F>()).map_or(u64::MAX, |bytes| bytes as u64), limits.bytes)?;
    let fill = |block: &mut [u8]| Ok(file.read_exact(block)?);
    let numbers = stored.read(name, count.unwrap_or(0), block, fill)?;
    if file.read(&mut [0])? > 0 {
        return Err(malformed("an entry is longer than it should be")); // else its checksum fits
    }
    stored.shaped(name, &shape, numbers)
}

fn save<F: Float>(path: &Path, arrays: &Views<'_, F>) -> Result<()> {
    atomic::write(path, |file| write(file, arrays))
}

fn write<F: Float>(file: impl Write + Seek, arrays: &Views<'_, F>) -> Result<()> {
    let mut archive = ZipWriter::new(file);
    for (name, array) in arrays.iter() {
        check_array(name, array.shape())?;
        let large = array.len() as u64 * size_of::<F>() as u64 > u64::from(u32::MAX) / 2;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(large);
        archive.start_file(format!("{name}.npy"), options).map_err(unwritten)?;
        archive.write_all(&npy::header(size_of::<F>(), array.shape()))?;
        each_block(array, |block| Ok(archive.write_all(block)?))?;
    }
    archive.finish().map_err(unwritten)?;
    Ok(())
}

/// No fewer bytes than the archive has: its numbers, the headers of each array, and its end.
fn length<F: Float>(arrays: &Views<'_, F>) -> usize {
    let of = |(name, array): (&str, &ArrayViewD<'_, F>)| {
        let header = npy::header(size_of::<F>(), array.shape()).len();
        256 + 2 * name.len() + header + array.len() * size_of::<F>()
    };
    arrays.iter().map(of).sum::<usize>() + 256
}

/// A file in memory. That there is no more is an error.
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

pub(super) fn malformed(reason: impl Display) -> FileError {
    FileError::Malformed { format: "npz", reason: shortened(reason) }
}

fn unwritten(error: ZipError) -> FileError {
    if let ZipError::Io(error) = error { error.into() } else { malformed(error) }
}

/// What goes wrong while unpacking is wrong with the archive, unless the operating system says it.
fn as_malformed(error: FileError) -> FileError {
    match error {
        FileError::Io(error) if error.raw_os_error().is_none() => malformed(error),
        other => other,
    }
}
