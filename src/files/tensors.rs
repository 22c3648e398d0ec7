use super::error::shortened;
use super::limits::{reserved, zeros};
use super::{FileError, Result};
use crate::activation::Activation;
use crate::parameters::check_network;
use crate::{Float, Layer, Parameters};
use ndarray::{
    Array2, ArrayD, ArrayRef, ArrayView, ArrayViewD, Dimension, Ix1, Ix2, IxDyn, ShapeBuilder,
    aview1,
};
use std::collections::BTreeMap;

/// The arrays of a file, each with its name; all of their numbers are finite.
///
/// For files of other programs: read, take out or rename what is not the network's, and make
/// [`Parameters`] of the rest.
///
/// ```
/// use dnn_blocks::files::Tensors;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let mut tensors = Tensors::new();
/// tensors.insert("W1", array![[1.0, 2.0]].into_dyn())?;
/// tensors.insert("b1", array![[0.5]].into_dyn())?;
/// tensors.insert("costs", array![0.7, 0.6].into_dyn())?;
/// tensors.remove("costs"); // it would be an error: it does not belong to a network
/// let parameters: Parameters<f64> = tensors.course(Activation::Relu, Activation::Sigmoid)?;
/// assert_eq!(parameters.layers()[0].w, array![[1.0, 2.0]]);
/// # Ok::<(), dnn_blocks::files::FileError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tensors<F> {
    arrays: BTreeMap<String, ArrayD<F>>,
}

impl<F> Default for Tensors<F> {
    fn default() -> Self {
        Self { arrays: BTreeMap::new() }
    }
}

impl<F: Float> Tensors<F> {
    /// No array.
    pub fn new() -> Self {
        Self::default()
    }

    /// One array more.
    ///
    /// # Errors
    ///
    /// [`FileError::Doubled`] if there is one of this name, [`FileError::NotFinite`] if it holds
    /// NaN or an infinity.
    pub fn insert(&mut self, name: impl Into<String>, array: ArrayD<F>) -> Result<()> {
        let name = name.into();
        if self.arrays.contains_key(&name) {
            return Err(FileError::Doubled { name });
        }
        check_finite(&name, &array)?;
        self.insert_finite(name, array);
        Ok(())
    }

    /// One array more, whose name is new and whose numbers are checked.
    pub(super) fn insert_finite(&mut self, name: String, array: ArrayD<F>) {
        self.arrays.insert(name, array);
    }

    /// The array of this name.
    pub fn get(&self, name: &str) -> Option<&ArrayD<F>> {
        self.arrays.get(name)
    }

    /// The array of this name, taken out.
    pub fn remove(&mut self, name: &str) -> Option<ArrayD<F>> {
        self.arrays.remove(name)
    }

    /// Names and arrays, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayD<F>)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// The number of arrays.
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// Those whose names begin with `prefix`, without it: of a network inside a larger one.
    ///
    /// ```
    /// # use dnn_blocks::{files::Tensors, ndarray::arr0};
    /// let mut tensors = Tensors::new();
    /// tensors.insert("net.0.bias", arr0(1.0).into_dyn())?;
    /// assert!(tensors.under("net.").get("0.bias").is_some());
    /// # Ok::<(), dnn_blocks::files::FileError>(())
    /// ```
    #[must_use]
    pub fn under(self, prefix: &str) -> Self {
        let inner = |(name, array): (String, ArrayD<F>)| {
            name.strip_prefix(prefix).map(|name| (name.to_string(), array))
        };
        Self { arrays: self.arrays.into_iter().filter_map(inner).collect() }
    }

    /// The arrays of a network as the course names them: `W1` (n, n_prev), `b1` (n, 1), `W2`, …
    ///
    /// # Errors
    ///
    /// [`FileError::Missing`] if there is no `W1`, or a `W` without its `b`;
    /// [`FileError::Unexpected`] if there is anything else; [`FileError::Shape`] or
    /// [`FileError::Model`] if the shapes do not chain.
    pub fn course(mut self, hidden: Activation, output: Activation) -> Result<Parameters<F>> {
        let parameters = Parameters::from_layers(self.take_course()?)?;
        self.nothing_left()?;
        Ok(parameters.with_activations(hidden, output))
    }

    pub(super) fn views(&self) -> Views<'_, F> {
        let views = self.iter().map(|(name, array)| (name.to_string(), array.view()));
        Views { arrays: views.collect() }
    }

    /// The layers `W1`, `b1`, … taken out, as far as they are numbered without a gap.
    pub(super) fn take_course(&mut self) -> Result<Vec<Layer<F>>> {
        let mut layers = Vec::new();
        loop {
            let number = layers.len() + 1;
            let name = format!("W{number}");
            if number > 1 && !self.arrays.contains_key(&name) {
                return Ok(layers);
            }
            let (w, b) = (self.matrix(&name)?, self.matrix(&format!("b{number}"))?);
            layers.push(Layer { w, b, activation: Activation::Identity });
        }
    }

    /// `Ok` if every array has found its place.
    pub(super) fn nothing_left(&self) -> Result<()> {
        match self.arrays.keys().next() {
            Some(name) => Err(FileError::Unexpected { name: name.clone() }),
            None => Ok(()),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Result<ArrayD<F>> {
        self.arrays.remove(name).ok_or_else(|| FileError::Missing { name: name.to_string() })
    }

    /// A matrix, taken out.
    pub(super) fn matrix(&mut self, name: &str) -> Result<Array2<F>> {
        let array = self.take(name)?;
        let found = array.shape().to_vec();
        let wrong = |_| {
            let expected = vec![found.first().copied().unwrap_or(1), 1];
            FileError::Shape { name: name.to_string(), found, expected }
        };
        array.into_dimensionality::<Ix2>().map_err(wrong)
    }

    /// A list, taken out as a column.
    pub(super) fn column(&mut self, name: &str) -> Result<Array2<F>> {
        let array = self.take(name)?;
        let found = array.shape().to_vec();
        let expected = vec![array.len()];
        let wrong = |_| FileError::Shape { name: name.to_string(), found, expected };
        let list = array.into_dimensionality::<Ix1>().map_err(wrong)?;
        Ok(list.insert_axis(ndarray::Axis(1)))
    }
}

/// Asked in blocks, which are many numbers at once.
fn all_finite<F: Float>(numbers: &[F]) -> bool {
    let all = |block: &[F]| block.iter().fold(true, |all, x| all & x.is_finite());
    numbers.chunks(1024).all(all)
}

/// `Ok` if no number is NaN or infinite.
pub(super) fn check_finite<F: Float, D: Dimension>(
    name: &str,
    array: &ArrayRef<F, D>,
) -> Result<()> {
    if array.as_slice_memory_order().is_some_and(all_finite) {
        return Ok(());
    }
    match array.iter().enumerate().find(|(_, x)| !x.is_finite()) {
        Some((index, x)) => {
            Err(FileError::NotFinite { name: name.to_string(), index, value: x.as_f64() })
        }
        None => Ok(()),
    }
}

/// Arrays that are to be written, which stay where they are. As those of [`Tensors`], they are finite.
pub(super) struct Views<'a, F> {
    arrays: BTreeMap<String, ArrayViewD<'a, F>>,
}

impl<'a, F: Float> Views<'a, F> {
    /// One array more, whose name is new.
    pub fn insert<D: Dimension>(
        &mut self,
        name: impl Into<String>,
        array: ArrayView<'a, F, D>,
    ) -> Result<()> {
        let (name, array) = (name.into(), array.into_dyn());
        check_finite(&name, &array)?;
        self.arrays.insert(name, array);
        Ok(())
    }

    /// Names and arrays, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayViewD<'a, F>)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// The layers as the course names them, behind `prefix`; what [`Parameters::layers_mut`] broke is
    /// an error.
    pub fn insert_course(&mut self, prefix: &str, parameters: &'a Parameters<F>) -> Result<()> {
        check_network(parameters.layers())?;
        for (l, layer) in parameters.layers().iter().enumerate() {
            self.insert(format!("{prefix}W{}", l + 1), layer.w.view())?;
            self.insert(format!("{prefix}b{}", l + 1), layer.b.view())?;
        }
        Ok(())
    }
}

/// The layers as the course names them.
pub(super) fn of_course<F: Float>(parameters: &Parameters<F>) -> Result<Views<'_, F>> {
    let mut views = Views { arrays: BTreeMap::new() };
    views.insert_course("", parameters)?;
    Ok(views)
}

/// How numbers stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    /// 4 for `f32`, 8 for `f64`.
    pub bytes: usize,
    pub big_endian: bool,
    /// The first index moves fastest.
    pub columns_first: bool,
}

impl Stored {
    /// Itself, if such numbers can be read.
    ///
    /// `f32` is read as `f64` without loss; the other way would round, and so is an error.
    pub fn fitting<F>(self, name: &str) -> Result<Self> {
        if self.bytes <= size_of::<F>() { Ok(self) } else { Err(wrong_type::<F>(name, "f64")) }
    }

    /// So many numbers, which `fill` reads block by block; each block is checked and copied while
    /// it is in the cache. Where the first index moves fastest, they are still to be checked.
    pub fn read<F: Float>(
        self,
        name: &str,
        count: usize,
        block: &mut [u8],
        mut fill: impl FnMut(&mut [u8]) -> Result<()>,
    ) -> Result<Vec<F>> {
        let mut numbers = reserved(name, count)?;
        while numbers.len() < count {
            let before = numbers.len();
            let length = ((count - before) * self.bytes).min(block.len());
            fill(&mut block[..length])?;
            self.extend(&mut numbers, &block[..length]);
            if !self.columns_first && !all_finite(&numbers[before..]) {
                check_finite(name, &aview1(&numbers))?;
            }
        }
        Ok(numbers)
    }

    /// The numbers of `data` behind others.
    fn extend<F: Float>(self, numbers: &mut Vec<F>, data: &[u8]) {
        match (self.bytes, self.big_endian) {
            (4, false) => extend(numbers, data, |x| F::of(f64::from(f32::from_le_bytes(x)))),
            (4, true) => extend(numbers, data, |x| F::of(f64::from(f32::from_be_bytes(x)))),
            (_, false) => extend(numbers, data, |x| F::of(f64::from_le_bytes(x))),
            (_, true) => extend(numbers, data, |x| F::of(f64::from_be_bytes(x))),
        }
    }

    pub fn shaped<F>(self, name: &str, shape: &[usize], numbers: Vec<F>) -> Result<ArrayD<F>> {
        let expected = numbers.len();
        ArrayD::from_shape_vec(IxDyn(shape).set_f(self.columns_first), numbers).map_err(|_| {
            let name = name.to_string();
            FileError::Shape { name, found: shape.to_vec(), expected: vec![expected] }
        })
    }
}

fn extend<F, const N: usize>(numbers: &mut Vec<F>, data: &[u8], number: impl Fn([u8; N]) -> F) {
    numbers.extend(data.as_chunks().0.iter().map(|&x| number(x)));
}

/// Bytes that are read or written at once: they stay in the cache for the checks and the copy.
pub(super) const BLOCK: usize = 1 << 18;

/// The numbers row by row, little-endian, block by block.
pub(super) fn each_block<F: Float>(
    array: &ArrayRef<F, IxDyn>,
    mut see: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let count = BLOCK / size_of::<F>();
    let mut block = zeros("a block", array.len().min(count) * size_of::<F>())?;
    if let Some(numbers) = array.as_slice() {
        return numbers.chunks(count).try_for_each(|part| see(put(part.iter(), &mut block)));
    }
    let mut numbers = array.iter();
    while numbers.len() > 0 {
        see(put(numbers.by_ref().take(count), &mut block))?;
    }
    Ok(())
}

/// The part of `block` that the numbers fill.
fn put<'a, 'b, F: Float>(
    numbers: impl ExactSizeIterator<Item = &'a F>,
    block: &'b mut [u8],
) -> &'b [u8] {
    let block = &mut block[..numbers.len() * size_of::<F>()];
    match size_of::<F>() {
        4 => fill(block, numbers, |x| (x.as_f64() as f32).to_le_bytes()),
        _ => fill(block, numbers, |x| x.as_f64().to_le_bytes()),
    }
    block
}

fn fill<T, const N: usize>(
    block: &mut [u8],
    numbers: impl Iterator<Item = T>,
    bytes: impl Fn(T) -> [u8; N],
) {
    block.as_chunks_mut().0.iter_mut().zip(numbers).for_each(|(place, x)| *place = bytes(x));
}

/// What the type of the network is called.
pub(super) fn type_name<F>() -> &'static str {
    if size_of::<F>() == 4 { "f32" } else { "f64" }
}

pub(super) fn wrong_type<F>(name: &str, found: &str) -> FileError {
    let (name, found) = (name.to_string(), shortened(found));
    FileError::Type { name, found, expected: type_name::<F>() }
}
