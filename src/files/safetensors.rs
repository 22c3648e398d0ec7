//! Arrays in the safetensors format (Hugging Face 2022), by the crate `safetensors`.

use super::limits::{check_size, read_file};
use super::tensors::{Stored, bytes_of, wrong_type};
use super::{FileError, Limits, Result, Tensors, atomic};
use crate::Float;
use ::safetensors::tensor::Metadata;
use ::safetensors::{Dtype, SafeTensors, View};
use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::Write;
use std::path::Path;

impl<F: Float> Tensors<F> {
    /// The arrays of a safetensors file, of types `F32` and `F64`.
    ///
    /// An `f32` is read as `f64` without loss. The other way round is a [`FileError::Type`].
    ///
    /// # Errors
    ///
    /// Every [`FileError`] but those about the model.
    pub fn load_safetensors(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        Self::from_safetensors(&read_file(path.as_ref(), limits)?, limits)
    }

    /// [`load_safetensors`](Self::load_safetensors) of a file in memory.
    ///
    /// # Errors
    ///
    /// Those of [`load_safetensors`](Self::load_safetensors).
    pub fn from_safetensors(file: &[u8], limits: &Limits) -> Result<Self> {
        Ok(read(file, limits)?.0)
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

/// The arrays, and the texts beside them.
pub(super) fn read<F: Float>(
    file: &[u8],
    limits: &Limits,
) -> Result<(Tensors<F>, HashMap<String, String>)> {
    check_size("the file", file.len() as u64, limits.bytes)?;
    check_header(file, limits)?;
    let header = check_limits(file, limits)?;
    let content = SafeTensors::deserialize(file).map_err(malformed)?;
    let mut tensors = Tensors::new();
    for (name, view) in content.tensors() {
        let bytes = match view.dtype() {
            Dtype::F32 => 4,
            Dtype::F64 => 8,
            other => return Err(wrong_type::<F>(&name, &other.to_string())),
        };
        let stored = Stored { bytes, big_endian: false, columns_first: false };
        let array = stored.array(&name, view.shape(), view.data())?;
        tensors.insert(name, array)?;
    }
    let texts = header.metadata().iter().flatten();
    Ok((tensors, texts.map(|(key, text)| (key.clone(), text.clone())).collect()))
}

/// The header of a file that is within the limits.
pub(super) fn check_limits(file: &[u8], limits: &Limits) -> Result<Metadata> {
    check_size("the file", file.len() as u64, limits.bytes)?;
    let (length, header) = SafeTensors::read_metadata(file).map_err(malformed)?;
    check_size("the header", length as u64, limits.header)?;
    check_size("the number of arrays", header.tensors().len() as u64, limits.arrays)?;
    Ok(header)
}

fn malformed(reason: impl ToString) -> FileError {
    FileError::Malformed { format: "safetensors", reason: reason.to_string() }
}

/// What the crate leaves open: the limit of the header, and names that are there twice.
fn check_header(file: &[u8], limits: &Limits) -> Result<()> {
    let (length, rest) =
        file.split_first_chunk().ok_or_else(|| malformed("shorter than its first number"))?;
    let length = u64::from_le_bytes(*length);
    check_size("the header", length, limits.header)?;
    let header = rest.get(..length as usize).ok_or_else(|| malformed("it ends in its header"))?;
    let mut json = serde_json::Deserializer::from_slice(header);
    match json.deserialize_map(Names).map_err(malformed)? {
        Some(name) => Err(FileError::Doubled { name }),
        None => Ok(()),
    }
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
