//! Arrays in the safetensors format (Hugging Face 2022), by the crate `safetensors`.

use super::limits::{check_size, read_whole, reserved};
use super::tensors::{BLOCK, Stored, Views, all_finite, check_finite, each_block, wrong_type};
use super::{FileError, Limits, Result, Tensors, atomic};
use crate::Float;
use ::safetensors::Dtype;
use ::safetensors::tensor::{Metadata, TensorInfo};
use ndarray::{ArrayD, aview1};
use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

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
        Unwritten::new(self.views(), None)?.save(path.as_ref())
    }

    /// The safetensors file in memory.
    ///
    /// # Errors
    ///
    /// [`FileError::TooLarge`]; [`FileError::Malformed`] if an array is called `__metadata__`, which
    /// is a name of the format's own, or has no name.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        Unwritten::new(self.views(), None)?.bytes()
    }
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
            check_finite(name, &aview1(&numbers))?;
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

/// A file that is to be written: its header, and the arrays whose numbers follow.
pub(super) struct Unwritten<'a, F> {
    header: Vec<u8>,
    arrays: Views<'a, F>,
    length: u64,
}

impl<'a, F: Float> Unwritten<'a, F> {
    /// With one text beside the arrays: of several, the order would be random, and the same model
    /// should be the same file.
    pub fn new(arrays: Views<'a, F>, text: Option<(&str, String)>) -> Result<Self> {
        let dtype = if size_of::<F>() == 4 { Dtype::F32 } else { Dtype::F64 };
        let (mut infos, mut end) = (Vec::new(), 0);
        for (name, array) in arrays.iter() {
            if name.is_empty() || name == "__metadata__" {
                return Err(malformed(format!("no array can be called {name:?}")));
            }
            let begin = end;
            end += array.len() * size_of::<F>();
            let shape = array.shape().to_vec();
            let info = TensorInfo { dtype, shape, data_offsets: (begin, end) };
            infos.push((name.to_string(), info));
        }
        let texts = text.map(|(key, text)| [(key.to_string(), text)].into_iter().collect());
        let header = Metadata::new(texts, infos).map_err(malformed)?;
        let mut header = serde_json::to_vec(&header).map_err(malformed)?;
        header.resize(header.len().next_multiple_of(8), b' '); // so the numbers are aligned
        check_size("the header", header.len() as u64, HEADER)?;
        let length = (8 + header.len() + end) as u64;
        Ok(Self { header, arrays, length })
    }

    /// Could it be read within these limits?
    pub fn check(&self, limits: &Limits) -> Result<()> {
        check_size("the file", self.length, limits.bytes)?;
        check_size("the header", self.header.len() as u64, limits.header)?;
        check_size("the number of arrays", self.arrays.iter().count() as u64, limits.arrays)
    }

    pub fn save(&self, path: &Path) -> Result<()> {
        atomic::write(path, |writer| self.write(writer))
    }

    pub fn bytes(&self) -> Result<Vec<u8>> {
        let mut file = reserved("the file", self.length as usize)?;
        self.write(&mut file)?;
        Ok(file)
    }

    fn write(&self, writer: &mut impl Write) -> Result<()> {
        writer.write_all(&(self.header.len() as u64).to_le_bytes())?;
        writer.write_all(&self.header)?;
        for (_, array) in self.arrays.iter() {
            each_block(array, |block| Ok(writer.write_all(block)?))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome for a file that had another length when it was opened.
    fn read(file: &[u8], length: usize) -> Result<Tensors<f64>> {
        let file = Unread::new(Cursor::new(file), length as u64, &Limits::default())?;
        file.tensors(|_| {})
    }

    #[test]
    fn a_file_that_changes_its_length_while_it_is_read_is_an_error() {
        let mut tensors = Tensors::new();
        tensors.insert("a", ArrayD::from_elem(vec![3, 5], 0.5)).unwrap();
        tensors.insert("b", ArrayD::from_elem(vec![BLOCK / 8 + 1], 0.5)).unwrap();
        let file = tensors.to_safetensors().unwrap();
        let length = file.len();
        assert_eq!(read(&file, length).unwrap(), tensors);
        for left in (0..400).chain([length - BLOCK - 8, length - 9, length - 1]) {
            let error = read(&file[..left], length).unwrap_err();
            assert!(matches!(error, FileError::Malformed { .. }), "{error}");
        }
        let error = read(&[&file[..], &[0]].concat(), length).unwrap_err();
        assert!(error.to_string().ends_with("its length changed while it was read"), "{error}");
    }

    #[test]
    fn columns_are_written_row_by_row() {
        let rows = ArrayD::from_shape_fn(vec![300, 400], |i| (400 * i[0] + i[1]) as f64);
        let columns = rows.t().as_standard_layout().reversed_axes().into_owned();
        assert!(!columns.is_standard_layout());
        let (mut a, mut b) = (Tensors::new(), Tensors::new());
        a.insert("W1", rows).unwrap();
        b.insert("W1", columns).unwrap();
        assert!(a.to_safetensors().unwrap() == b.to_safetensors().unwrap());
    }
}
