//! Texts that a program stores with a fitted model.

use super::{Classifier, MultiLabelClassifier, Regressor};
use crate::{Error, Float, Result};
use std::collections::BTreeMap;

/// Entries of texts under keys.
pub(crate) type Metadata = BTreeMap<String, String>;

static EMPTY: Metadata = Metadata::new();

/// Implements the metadata of a model, whose network the expression `$network` finds in the fitted
/// part `$fitted`.
macro_rules! metadata {
    ($model:ty, <$element:ident $(, $label:ident)?>, |$fitted:ident| $network:expr) => {
        impl<$element: Float $(, $label)?> $model {
            /// Returns the texts of [`set_metadata`](Self::set_metadata), by their keys.
            #[must_use]
            pub fn metadata(&self) -> &BTreeMap<String, String> {
                self.$fitted.as_ref().map_or(&EMPTY, |$fitted| &$network.metadata)
            }

            /// Replaces the texts that the program stores with the fitted network.
            ///
            /// Files and serde keep them; the crate does not read them. They belong to the network:
            /// a fit from new weights removes them, a warm start and `partial_fit` keep them. In a
            /// file, a text with its escapes has at most 64 KiB, and all texts together must fit
            /// [`Limits::header`](crate::files::Limits#structfield.header).
            ///
            /// ```
            /// use dnn_blocks::ndarray::array;
            /// use dnn_blocks::prelude::*;
            ///
            /// let (w, b) = (array![[2.0, -1.0]], array![[0.5]]);
            /// let layer = Layer { w, b, activation: Activation::Identity };
            /// let parameters = Parameters::from_layers(vec![layer])?;
            /// let hyperparameters = Hyperparameters::default().hidden(&[]).standardize(false);
            /// let mut model = Regressor::from_parameters(hyperparameters, parameters, None, None)?;
            /// model.set_metadata([("unit".to_string(), "euro".to_string())].into())?;
            /// assert_eq!(model.metadata()["unit"], "euro");
            /// # Ok::<(), dnn_blocks::Error>(())
            /// ```
            ///
            /// # Errors
            ///
            /// [`Error::NotFitted`].
            pub fn set_metadata(&mut self, metadata: BTreeMap<String, String>) -> Result<()> {
                let $fitted = self.$fitted.as_mut().ok_or(Error::NotFitted)?;
                $network.metadata = metadata;
                Ok(())
            }
        }
    };
}

metadata!(Classifier<F, L>, <F, L>, |fitted| fitted.1);
metadata!(MultiLabelClassifier<F, L>, <F, L>, |fitted| fitted.1);
metadata!(Regressor<F>, <F>, |network| network);
