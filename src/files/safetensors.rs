//! Arrays in the safetensors format (Hugging Face 2022), by the crate `safetensors`.

use super::limits::{check_size, read_whole, reserved};
use super::tensors::{Stored, all_finite, bytes_of, check_finite, wrong_type};
use super::{FileError, Limits, Result, Tensors, atomic};
use crate::Float;
use ::safetensors::tensor::{Metadata, TensorInfo};
use ::safetensors::{Dtype, View};
use ndarray::ArrayD;
use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes that are read at once: they stay in the cache for the checks and the copy.
const BLOCK: usize = 1 << 18;

/// Bytes of a header that other readers of the format refuse, as its crate does.
const HEADER: u64 = 100_000_000;

impl<F: Float> Tensors<F> {
    /// The arrays of a safetensors file, of types `F32` and `F64`.
    ///
    /// An `f32` is read as `f64` without loss. The other way round is a [`FileError::Type`].
    ///
    /// # Errors
    ///
    /// Every [`FileError`] but those about the model.
    pub fn load_safetensors(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        Unread::open(path.as_ref(), limits)?.tensors(|_| {})
    }

    /// [`load_safetensors`](Self::load_safetensors) of a file in memory.
    ///
    /// # Errors
    ///
    /// Those of [`load_safetensors`](Self::load_safetensors).
    pub fn from_safetensors(file: &[u8], limits: &Limits) -> Result<Self> {
        Unread::bytes(file, limits)?.tensors(|_| {})
    }

    /// Writes a safetensors file, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`to_safetensors`](Self::to_safetensors), [`FileError::Io`].
    pub fn save_safetensors(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path.as_ref(), &self.to_safetensors()?)
    }

    /// The safetensors file in memory.
    ///
    /// # Errors
    ///
    /// [`FileError::TooLarge`]; [`FileError::Malformed`] if an array is called `__metadata__`, which
    /// is a name of the format's own, or has no name.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        write(self, None)
    }
}

pub(super) fn save(path: &Path, file: &[u8]) -> Result<()> {
    atomic::write(path, |writer| Ok(writer.write_all(file)?))
}

trait Source: Read + Seek {}

impl<R: Read + Seek> Source for R {}

/// A file whose header is checked and whose numbers are still to be read.
pub(super) struct Unread<'a> {
    source: Box<dyn Source + 'a>,
    length: u64,
    header: Metadata,
}

impl<'a> Unread<'a> {
    pub fn bytes(file: &'a [u8], limits: &Limits) -> Result<Self> {
        Self::new(Cursor::new(file), file.len() as u64, limits)
    }

    /// A pipe or a device does not say how long it is, and is read at once.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        let file = File::open(path)?;
        match file.metadata()?.len() {
            0 => {
                let data = read_whole(file, limits)?;
                let length = data.len() as u64;
                Self::new(Cursor::new(data), length, limits)
            }
            length => Self::new(file, length, limits),
        }
    }

    fn new(mut source: impl Source + 'a, length: u64, limits: &Limits) -> Result<Self> {
        check_size("the file", length, limits.bytes)?;
        let text = header(&mut source, length, limits)?;
        check_names(&text)?;
        let header: Metadata = serde_json::from_str(&text).map_err(malformed)?;
        check_size("the number of arrays", header.tensors().len() as u64, limits.arrays)?;
        if header.data_len() as u64 != length - 8 - text.len() as u64 {
            return Err(malformed("the arrays are not as long as what follows the header"));
        }
        Ok(Self { source: Box::new(source), length, header })
    }

    /// A text beside the arrays.
    pub fn text(&self, key: &str) -> Option<&str> {
        Some(self.header.metadata().as_ref()?.get(key)?)
    }

    /// The arrays, read in the order of their names, in which `seen` is given name and shape of each,
    /// then its bytes.
    pub fn tensors<F: Float>(mut self, mut seen: impl FnMut(&[u8])) -> Result<Tensors<F>> {
        let arrays: BTreeMap<String, &TensorInfo> = self.header.tensors().into_iter().collect();
        for (name, info) in &arrays {
            stored::<F>(name, info.dtype)?;
        }
        let length = self.header.data_len();
        let begin = self.length - length as u64;
        let mut block = vec![0; length.min(BLOCK)];
        let mut tensors = Tensors::new();
        for (name, info) in arrays {
            seen(format!("{name}{:?}", info.shape).as_bytes());
            self.source.seek(SeekFrom::Start(begin + info.data_offsets.0 as u64))?;
            let array = array(&name, info, &mut self.source, &mut block, &mut seen)?;
            tensors.insert_finite(name, array);
        }
        if self.source.seek(SeekFrom::End(0))? != self.length {
            return Err(malformed("its length changed while it was read"));
        }
        Ok(tensors)
    }
}

fn malformed(reason: impl ToString) -> FileError {
    FileError::Malformed { format: "safetensors", reason: reason.to_string() }
}

/// Fills `data`, which lies within the length that the file had.
fn read_exact(source: &mut impl Read, data: &mut [u8]) -> Result<()> {
    source.read_exact(data).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => malformed("it became shorter while it was read"),
        _ => error.into(),
    })
}

fn header(source: &mut impl Read, length: u64, limits: &Limits) -> Result<String> {
    let rest = length.checked_sub(8).ok_or_else(|| malformed("shorter than its first number"))?;
    let mut header = [0; 8];
    read_exact(source, &mut header)?;
    let header = u64::from_le_bytes(header);
    check_size("the header", header, limits.header.min(HEADER))?;
    if header > rest {
        return Err(malformed("it ends in its header"));
    }
    let mut text = reserved("the header", header as usize)?;
    text.resize(header as usize, 0);
    read_exact(source, &mut text)?;
    String::from_utf8(text).map_err(malformed)
}

/// What the crate leaves open: names that are there twice, and the empty one.
fn check_names(header: &str) -> Result<()> {
    let mut json = serde_json::Deserializer::from_str(header);
    match json.deserialize_map(Names).map_err(malformed)? {
        Some(name) => Err(FileError::Doubled { name }),
        None => Ok(()),
    }
}

fn stored<F: Float>(name: &str, dtype: Dtype) -> Result<Stored> {
    let bytes = match dtype {
        Dtype::F32 => 4,
        Dtype::F64 => 8,
        other => return Err(wrong_type::<F>(name, &other.to_string())),
    };
    Stored { bytes, big_endian: false, columns_first: false }.fitting::<F>(name)
}

/// An array that is read block by block. Its bytes are as many as its shape says.
fn array<F: Float>(
    name: &str,
    info: &TensorInfo,
    source: &mut impl Read,
    block: &mut [u8],
    seen: &mut impl FnMut(&[u8]),
) -> Result<ArrayD<F>> {
    let stored = stored::<F>(name, info.dtype)?;
    let mut left = info.data_offsets.1 - info.data_offsets.0;
    let mut numbers = reserved(name, left / stored.bytes)?;
    while left > 0 {
        let block = &mut block[..left.min(BLOCK)];
        read_exact(source, block)?;
        seen(block);
        let before = numbers.len();
        stored.extend(&mut numbers, block);
        if !all_finite(&numbers[before..]) {
            check_finite(name, numbers.iter())?;
        }
        left -= block.len();
    }
    stored.shaped(name, &info.shape, numbers)
}

/// The first name that is there twice.
struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names and where their arrays are")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
        let (mut seen, mut doubled) = (HashSet::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if !seen.insert(name.clone()) {
                doubled.get_or_insert(name);
            }
        }
        if seen.contains("") {
            return Err(A::Error::custom("an array without a name"));
        }
        Ok(doubled)
    }
}

/// An array as the crate wants to see it.
struct Numbers<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    data: Vec<u8>,
}

impl View for Numbers<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }
    fn data_len(&self) -> usize {
        self.data.len()
    }
}

/// The file in memory, with one text beside the arrays: of several, the order would be random, and
/// the same model should be the same file.
pub(super) fn write<F: Float>(
    tensors: &Tensors<F>,
    text: Option<(&str, String)>,
) -> Result<Vec<u8>> {
    let dtype = if size_of::<F>() == 4 { Dtype::F32 } else { Dtype::F64 };
    let mut views = Vec::new();
    for (name, array) in tensors.iter() {
        if name.is_empty() || name == "__metadata__" {
            return Err(malformed(format!("no array can be called {name:?}")));
        }
        let data = bytes_of(name, array)?;
        views.push((name, Numbers { dtype, shape: array.shape(), data }));
    }
    let texts = text.map(|(key, text)| [(key.to_string(), text)].into_iter().collect());
    ::safetensors::serialize(views, texts).map_err(malformed)
}
