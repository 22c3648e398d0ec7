//! Named arrays: those read from a file, and views of those to be written.

use super::numbers::check_finite;
use super::{FileError, Result};
use crate::activation::Activation;
use crate::parameters::check_network;
use crate::{Float, Layer, Parameters};
use ndarray::{Array2, ArrayD, ArrayView, ArrayViewD, Axis, Dimension, Ix1, Ix2};
use std::collections::BTreeMap;

/// The arrays of a file by name. All numbers are finite.
///
/// Use it for files of other programs: read the file, remove or rename arrays that are not the
/// network's, and convert the rest to [`Parameters`].
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
/// tensors.remove("costs"); // an array that is not the network's would be an error
/// let (relu, sigmoid) = (Activation::Relu, Activation::Sigmoid);
/// let parameters: Parameters<f64> = tensors.into_parameters(relu, sigmoid)?;
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
    /// Creates an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an array.
    ///
    /// # Errors
    ///
    /// [`FileError::Duplicate`] if the name is taken, [`FileError::NotFinite`] if a number is NaN
    /// or infinite.
    pub fn insert(&mut self, name: impl Into<String>, array: ArrayD<F>) -> Result<()> {
        let name = name.into();
        if self.arrays.contains_key(&name) {
            return Err(FileError::Duplicate { name });
        }
        check_finite(&name, &array)?;
        self.insert_checked(name, array);
        Ok(())
    }

    /// Adds a finite array under a name that is not taken.
    pub(super) fn insert_checked(&mut self, name: String, array: ArrayD<F>) {
        self.arrays.insert(name, array);
    }

    /// Returns the array with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ArrayD<F>> {
        self.arrays.get(name)
    }

    /// Removes and returns the array with this name.
    pub fn remove(&mut self, name: &str) -> Option<ArrayD<F>> {
        self.arrays.remove(name)
    }

    /// Iterates over names and arrays, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayD<F>)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// Returns the number of arrays.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Returns whether there are no arrays.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// Removes `prefix` from the names, and drops every array whose name does not begin with it.
    ///
    /// Use it to take a network out of a larger model.
    ///
    /// ```
    /// # use dnn_blocks::{files::Tensors, ndarray::arr0};
    /// let mut tensors = Tensors::new();
    /// tensors.insert("net.0.bias", arr0(1.0).into_dyn())?;
    /// tensors.insert("loss.weight", arr0(2.0).into_dyn())?;
    /// let tensors = tensors.strip_prefix("net.");
    /// assert_eq!((tensors.len(), tensors.get("0.bias").is_some()), (1, true));
    /// # Ok::<(), dnn_blocks::files::FileError>(())
    /// ```
    #[must_use]
    pub fn strip_prefix(self, prefix: &str) -> Self {
        let inner = |(name, array): (String, ArrayD<F>)| {
            name.strip_prefix(prefix).map(|name| (name.to_string(), array))
        };
        Self { arrays: self.arrays.into_iter().filter_map(inner).collect() }
    }

    /// Converts the course's dictionary to a network: `W1` (n, n_prev), `b1` (n, 1), `W2`, …
    ///
    /// The last layer has the activation `output`, the others `hidden`.
    ///
    /// # Errors
    ///
    /// [`FileError::Missing`] if there is no `W1`, or a `W` without its `b`;
    /// [`FileError::Unexpected`] if there are other arrays; [`FileError::Shape`] or
    /// [`FileError::Model`] if the shapes do not chain.
    pub fn into_parameters(
        mut self,
        hidden: Activation,
        output: Activation,
    ) -> Result<Parameters<F>> {
        let parameters = Parameters::from_layers(self.take_layers()?)?;
        self.check_empty()?;
        Ok(parameters.with_activations(hidden, output))
    }

    pub(super) fn views(&self) -> TensorViews<'_, F> {
        let views = self.iter().map(|(name, array)| (name.to_string(), array.view()));
        TensorViews { arrays: views.collect() }
    }

    /// Removes and returns the layers `W1`, `b1`, … up to the first number without a `W`.
    pub(super) fn take_layers(&mut self) -> Result<Vec<Layer<F>>> {
        let mut layers = Vec::new();
        loop {
            let number = layers.len() + 1;
            let name = format!("W{number}");
            if number > 1 && !self.arrays.contains_key(&name) {
                return Ok(layers);
            }
            let (w, b) = (self.take_matrix(&name)?, self.take_matrix(&format!("b{number}"))?);
            layers.push(Layer { w, b, activation: Activation::Identity });
        }
    }

    /// Checks that every array has been taken.
    pub(super) fn check_empty(&self) -> Result<()> {
        match self.arrays.keys().next() {
            Some(name) => Err(FileError::Unexpected { name: name.clone() }),
            None => Ok(()),
        }
    }

    fn take(&mut self, name: &str) -> Result<ArrayD<F>> {
        self.arrays.remove(name).ok_or_else(|| FileError::Missing { name: name.to_string() })
    }

    /// Removes and returns a matrix.
    pub(super) fn take_matrix(&mut self, name: &str) -> Result<Array2<F>> {
        let array = self.take(name)?;
        let found = array.shape().to_vec();
        let wrong = |_| {
            let expected = vec![found.first().copied().unwrap_or(1), 1];
            FileError::Shape { name: name.to_string(), found, expected }
        };
        array.into_dimensionality::<Ix2>().map_err(wrong)
    }

    /// Removes and returns a vector.
    #[cfg(feature = "safetensors")]
    pub(super) fn take_vector(&mut self, name: &str) -> Result<Vec<F>> {
        let array = self.take(name)?;
        let found = array.shape().to_vec();
        let expected = vec![array.len()];
        match array.into_dimensionality::<Ix1>() {
            Ok(vector) => Ok(vector.to_vec()),
            Err(_) => Err(FileError::Shape { name: name.to_string(), found, expected }),
        }
    }

    /// Removes a list (n) and returns it as a column (n, 1).
    pub(super) fn take_column(&mut self, name: &str) -> Result<Array2<F>> {
        let array = self.take(name)?;
        let found = array.shape().to_vec();
        let expected = vec![array.len()];
        let wrong = |_| FileError::Shape { name: name.to_string(), found, expected };
        let list = array.into_dimensionality::<Ix1>().map_err(wrong)?;
        Ok(list.insert_axis(Axis(1)))
    }
}

/// Borrowed arrays by name, to be written. All numbers are finite.
pub(super) struct TensorViews<'a, F> {
    arrays: BTreeMap<String, ArrayViewD<'a, F>>,
}

impl<'a, F: Float> TensorViews<'a, F> {
    /// Borrows the layers of a network as `W1`, `b1`, `W2`, …
    pub fn from_parameters(parameters: &'a Parameters<F>) -> Result<Self> {
        let mut views = Self { arrays: BTreeMap::new() };
        views.insert_parameters("", parameters)?;
        Ok(views)
    }

    /// Adds a finite array under a name that is not taken.
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

    /// Adds `W1`, `b1`, `W2`, … with `prefix` before each name. Shapes that
    /// [`Parameters::layers_mut`] broke are an error.
    pub fn insert_parameters(&mut self, prefix: &str, parameters: &'a Parameters<F>) -> Result<()> {
        check_network(parameters.layers())?;
        for (l, layer) in parameters.layers().iter().enumerate() {
            self.insert(format!("{prefix}W{}", l + 1), layer.w.view())?;
            self.insert(format!("{prefix}b{}", l + 1), layer.b.view())?;
        }
        Ok(())
    }

    /// Iterates over names and arrays, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayViewD<'a, F>)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }
}
