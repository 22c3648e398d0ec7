//! Networks in files of their own.

use super::description::{Kind, LoadedNetwork, ModelDescription, network_writer};
use super::{FromFile, ToFile, load_methods, save_methods};
#[cfg(doc)]
use crate::files::FileError;
use crate::files::Result;
use crate::files::safetensors::{Reader, Writer};
use crate::files::tensors::TensorViews;
use crate::{Float, Parameters};

impl<F: Float> Parameters<F> {
    save_methods! {
        /// Writes the network to a safetensors file (feature `safetensors`).
        ///
        /// The file holds the arrays `W1`, `b1`, … and, as metadata, sizes and activations. The
        /// same network gives the same bytes, and loads with the same bits. The file is replaced
        /// atomically: after a crash the old one is intact.
        ///
        /// ```
        /// use dnn_blocks::prelude::*;
        ///
        /// # let folder = tempfile::tempdir()?;
        /// # let path = folder.path().join("network.safetensors");
        /// let parameters = initialize_parameters::<f32>(2, 4, 1, &mut NumpyRandom::seed(2))?;
        /// parameters.save(&path)?;
        /// assert_eq!(Parameters::<f32>::load(&path)?, parameters);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        ///
        /// # Errors
        ///
        /// [`FileError::NotFinite`], [`FileError::Io`], [`FileError::TooLarge`];
        /// [`FileError::Model`] if shapes do not fit or the slope of a leaky ReLU is not finite in
        /// `F`.
    }

    load_methods! {
        /// The limits are [`Limits::default`](crate::files::Limits). A file of `f32` loads as
        /// `f64` without loss; `f64` as `f32` is an error.
    }
}

impl<F: Float> ToFile for Parameters<F> {
    type Element = F;

    fn writer(&self) -> Result<Writer<'_, F>> {
        let arrays = TensorViews::from_parameters(self)?;
        network_writer(Kind::Parameters, arrays, self, (None::<ModelDescription<()>>, None))
    }
}

impl<F: Float> FromFile for Parameters<F> {
    fn from_reader(reader: Reader<'_>) -> Result<Self> {
        let network = LoadedNetwork::<F>::read(Kind::Parameters, reader)?;
        network.check_without_model()?;
        network.check_without_training()?;
        network.tensors.check_empty()?;
        Ok(network.parameters)
    }
}
