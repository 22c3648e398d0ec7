//! Arrays in the safetensors format (Hugging Face, 2022), with the crate `safetensors`.

#[cfg(doc)]
use super::FileError;
use super::header::{Header, METADATA, malformed};
use super::limits::{Source, check_array, check_size, open, reserved, zeros};
use super::numbers::{BLOCK, NumberFormat, for_each_block, wrong_type};
use super::tensors::TensorViews;
use super::{Limits, Result, Tensors, atomic};
use crate::Float;
use ::safetensors::Dtype;
use ::safetensors::tensor::{Metadata, TensorInfo};
use ndarray::ArrayD;
use std::collections::BTreeMap;
use std::io::{Cursor, ErrorKind, Read, SeekFrom, Write};
use std::path::Path;

/// The most bytes of a header: the crate `safetensors` refuses longer ones.
const HEADER: u64 = 100_000_000;

impl<F: Float> Tensors<F> {
    /// Reads the arrays of a safetensors file (feature `safetensors`).
    ///
    /// Element types are `F32` and `F64`. `F32` is read as `f64` without loss; `F64` as `f32` is an
    /// error.
    ///
    /// ```
    /// use dnn_blocks::files::{Limits, Tensors};
    /// use dnn_blocks::ndarray::array;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("arrays.safetensors");
    /// let mut tensors = Tensors::<f64>::new();
    /// tensors.insert("W1", array![[1.0, 2.0]].into_dyn())?;
    /// tensors.save_safetensors(&path)?;
    /// let limits = Limits::default().bytes(1 << 20);
    /// assert_eq!(Tensors::load_safetensors(&path, &limits)?, tensors);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FileError::Type`], [`FileError::NotFinite`], [`FileError::Duplicate`],
    /// [`FileError::Malformed`], [`FileError::TooLarge`], [`FileError::Io`].
    pub fn load_safetensors(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        Reader::open(path.as_ref(), limits)?.tensors(|_| {})
    }

    /// Reads a safetensors file in memory; see [`load_safetensors`](Self::load_safetensors).
    ///
    /// # Errors
    ///
    /// The errors of [`load_safetensors`](Self::load_safetensors), except file-system errors.
    pub fn from_safetensors(file: &[u8], limits: &Limits) -> Result<Self> {
        Reader::from_bytes(file, limits)?.tensors(|_| {})
    }

    /// Writes a safetensors file, atomically (feature `safetensors`).
    ///
    /// # Errors
    ///
    /// The errors of [`to_safetensors`](Self::to_safetensors), [`FileError::Io`].
    pub fn save_safetensors(&self, path: impl AsRef<Path>) -> Result<()> {
        Writer::new(self.views(), None)?.save(path.as_ref())
    }

    /// Returns the safetensors file in memory (feature `safetensors`).
    ///
    /// # Errors
    ///
    /// [`FileError::TooLarge`]; [`FileError::Malformed`] if a name is empty or `__metadata__`,
    /// which the format reserves.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        Writer::new(self.views(), None)?.to_vec()
    }
}

/// A reader of a file whose header has been parsed and checked.
pub(super) struct Reader<'a> {
    source: Box<dyn Source + 'a>,
    length: u64,
    arrays: Metadata,
    /// The description in the metadata.
    pub text: Option<String>,
    limits: Limits,
}

impl<'a> Reader<'a> {
    pub fn from_bytes(file: &'a [u8], limits: &Limits) -> Result<Self> {
        Self::new(Box::new(Cursor::new(file)), file.len() as u64, limits)
    }

    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        let (source, length) = open(path, limits)?;
        Self::new(source, length, limits)
    }

    fn new(mut source: Box<dyn Source + 'a>, length: u64, limits: &Limits) -> Result<Self> {
        check_size("the file", length, limits.bytes)?;
        let text = header(&mut source, length, limits)?;
        let numbers = length - 8 - text.len() as u64;
        let Header { mut arrays, text } = Header::read(&text, limits)?;
        arrays.sort_by_key(|(_, info)| info.data_offsets);
        let arrays = Metadata::new(None, arrays).map_err(malformed)?;
        let needed = arrays.data_len() as u64;
        if needed != numbers {
            let problem = if needed > numbers { "truncated" } else { "too long" };
            return Err(malformed(format_args!(
                "the file is {problem}: its arrays have {needed} bytes, but {numbers} follow the header"
            )));
        }
        Ok(Self { source, length, arrays, text, limits: *limits })
    }

    /// Checks that all arrays have exactly this element type.
    pub fn check_type<F: Float>(&self) -> Result<()> {
        for (name, info) in self.arrays.tensors().into_iter().collect::<BTreeMap<_, _>>() {
            if format_of::<F>(&name, info.dtype)?.bytes < size_of::<F>() {
                return Err(wrong_type::<F>(&name, "f32"));
            }
        }
        Ok(())
    }

    /// Returns the bytes of the widest number type of the arrays, 0 if there is no array.
    pub fn widest(&self) -> Result<usize> {
        let mut widest = 0;
        for (name, info) in self.arrays.tensors().into_iter().collect::<BTreeMap<_, _>>() {
            widest = widest.max(format_of::<f64>(&name, info.dtype)?.bytes);
        }
        Ok(widest)
    }

    /// Reads the arrays in the order of their names.
    ///
    /// `observe` is called for each with its name and shape, then with its bytes block by block.
    pub fn tensors<F: Float>(mut self, mut observe: impl FnMut(&[u8])) -> Result<Tensors<F>> {
        let arrays: BTreeMap<String, &TensorInfo> = self.arrays.tensors().into_iter().collect();
        let mut memory = 0;
        for (name, info) in &arrays {
            let numbers = (info.data_offsets.1 - info.data_offsets.0)
                / format_of::<F>(name, info.dtype)?.bytes;
            memory += (numbers * size_of::<F>()) as u64;
        }
        check_size("the total size of the arrays", memory, self.limits.bytes)?;
        let length = self.arrays.data_len();
        let begin = self.length - length as u64;
        let mut block = zeros("a block", length.min(BLOCK))?;
        let mut tensors = Tensors::new();
        for (name, info) in arrays {
            observe(format!("{name}{:?}", info.shape).as_bytes());
            self.source.seek(SeekFrom::Start(begin + info.data_offsets.0 as u64))?;
            let array = array(&name, info, &mut self.source, &mut block, &mut observe)?;
            tensors.insert_checked(name, array);
        }
        if self.source.seek(SeekFrom::End(0))? != self.length {
            return Err(malformed("the length of the file changed during reading"));
        }
        Ok(tensors)
    }
}

/// Fills `data`, which lies within the length that the file had when it was opened.
fn read_exact(source: &mut impl Read, data: &mut [u8]) -> Result<()> {
    source.read_exact(data).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => malformed("the file became shorter during reading"),
        _ => error.into(),
    })
}

/// Reads the text of the header.
fn header(source: &mut impl Read, length: u64, limits: &Limits) -> Result<String> {
    let rest = length.checked_sub(8).ok_or_else(|| malformed("the file has fewer than 8 bytes"))?;
    let mut header = [0; 8];
    read_exact(source, &mut header)?;
    let header = u64::from_le_bytes(header);
    if header > rest {
        return Err(malformed(format!("the header has {header} bytes, but only {rest} follow")));
    }
    check_size("the header", header, limits.header.min(HEADER))?;
    let mut text = zeros("the header", header as usize)?;
    read_exact(source, &mut text)?;
    String::from_utf8(text).map_err(malformed)
}

fn dtype_of<F>() -> Dtype {
    if size_of::<F>() == 4 { Dtype::F32 } else { Dtype::F64 }
}

/// The number format of an array, if it can be read as `F`.
fn format_of<F: Float>(name: &str, dtype: Dtype) -> Result<NumberFormat> {
    let bytes = match dtype {
        Dtype::F32 => 4,
        Dtype::F64 => 8,
        other => return Err(wrong_type::<F>(name, &other.to_string())),
    };
    NumberFormat { bytes, big_endian: false, column_major: false }.check::<F>(name)
}

/// Reads an array block by block. Its length has been checked against its shape.
fn array<F: Float>(
    name: &str,
    info: &TensorInfo,
    source: &mut impl Read,
    block: &mut [u8],
    observe: &mut impl FnMut(&[u8]),
) -> Result<ArrayD<F>> {
    let format = format_of::<F>(name, info.dtype)?;
    let count = (info.data_offsets.1 - info.data_offsets.0) / format.bytes;
    let numbers = format.read(name, count, block, |block| {
        read_exact(source, block)?;
        observe(block);
        Ok(())
    })?;
    format.into_array(name, &info.shape, numbers)
}

/// A file to be written: its header, and the arrays that follow.
pub(super) struct Writer<'a, F> {
    header: Vec<u8>,
    arrays: TensorViews<'a, F>,
    length: u64,
}

impl<'a, F: Float> Writer<'a, F> {
    /// Creates the header. There is at most one metadata entry, because several would have a random
    /// order and the same model should give the same bytes.
    pub fn new(arrays: TensorViews<'a, F>, text: Option<(&str, String)>) -> Result<Self> {
        let dtype = dtype_of::<F>();
        let (mut infos, mut end) = (Vec::new(), 0);
        for (name, array) in arrays.iter() {
            if name.is_empty() || name == METADATA {
                return Err(malformed(format!("an array cannot be named {name:?}")));
            }
            check_array(name, array.shape())?;
            let begin = end;
            end += array.len() * size_of::<F>();
            let shape = array.shape().to_vec();
            let info = TensorInfo { dtype, shape, data_offsets: (begin, end) };
            infos.push((name.to_string(), info));
        }
        let texts = text.map(|(key, text)| [(key.to_string(), text)].into_iter().collect());
        let header = Metadata::new(texts, infos).map_err(malformed)?;
        let mut header = serde_json::to_vec(&header).map_err(malformed)?;
        header.resize(header.len().next_multiple_of(8), b' '); // aligns the numbers
        check_size("the header", header.len() as u64, HEADER)?;
        let length = (8 + header.len() + end) as u64;
        Ok(Self { header, arrays, length })
    }

    /// Checks that the file can be read within these limits.
    pub fn check(&self, limits: &Limits) -> Result<()> {
        check_size("the file", self.length, limits.bytes)?;
        self.check_header(limits)?;
        check_size("the number of arrays", self.arrays.iter().count() as u64, limits.arrays)
    }

    /// Checks that the header can be read within these limits.
    pub fn check_header(&self, limits: &Limits) -> Result<()> {
        check_size("the header", self.header.len() as u64, limits.header)
    }

    pub fn save(&self, path: &Path) -> Result<()> {
        atomic::write(path, |writer| self.write(writer))
    }

    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut file = reserved("the file", self.length as usize)?;
        self.write(&mut file)?;
        Ok(file)
    }

    fn write(&self, writer: &mut impl Write) -> Result<()> {
        writer.write_all(&(self.header.len() as u64).to_le_bytes())?;
        writer.write_all(&self.header)?;
        for (_, array) in self.arrays.iter() {
            for_each_block(array, |block| Ok(writer.write_all(block)?))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FileError;

    /// Reads a file that had another length when it was opened.
    fn read(file: &[u8], length: usize) -> Result<Tensors<f64>> {
        let file = Reader::new(Box::new(Cursor::new(file)), length as u64, &Limits::default())?;
        file.tensors(|_| {})
    }

    #[test]
    fn a_file_that_changes_its_length_during_reading_is_an_error() {
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
        assert!(
            error.to_string().ends_with("the length of the file changed during reading"),
            "{error}"
        );
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
