//! The models in files of their own.

use super::description::{Kind, LoadedNetwork, ModelDescription, malformed, network_writer};
use super::{FromFile, ToFile, load_methods, save_methods};
use crate::cost::Cost;
use crate::data::{Classes, LabelNames, Standardizer};
#[cfg(doc)]
use crate::files::FileError;
use crate::files::safetensors::{Reader, Writer};
use crate::files::tensors::TensorViews;
use crate::files::{Result, Tensors};
use crate::model::head::Head;
use crate::model::{Classifier, Hyperparameters, MultiLabelClassifier, NetworkState, Regressor};
use crate::{Error, Float, Parameters};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl<F: Float, L: Ord + Clone + Serialize> Classifier<F, L> {
    save_methods! {
        /// Writes the model to a safetensors file (feature `safetensors`).
        ///
        /// The file holds network, feature scaler, labels, names of features, metadata,
        /// hyperparameters and the number of trained epochs. It does not hold the optimizer state:
        /// `partial_fit` after loading begins with a new optimizer. Serde keeps the state.
        ///
        /// ```
        /// use dnn_blocks::ndarray::array;
        /// use dnn_blocks::prelude::*;
        ///
        /// # let folder = tempfile::tempdir()?;
        /// # let path = folder.path().join("model.safetensors");
        /// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
        /// # let how = Hyperparameters::default().hidden(&[8]).batch_size(2).epochs(100).seed(1);
        /// # let mut model = Classifier::<f64, &str>::new(how);
        /// # model.fit(Examples::rows(&x), &["no", "no", "yes", "yes"])?;
        /// model.save(&path)?;
        /// let model = Classifier::<f64, String>::load(&path)?;
        /// assert_eq!(model.predict(Examples::rows(&array![[1.0, 1.0]]))?, ["yes"]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        ///
        /// # Errors
        ///
        /// [`Error::NotFitted`], [`FileError::Io`], [`FileError::TooLarge`] if names and
        /// metadata have more than the MiB that [`load`](Self::load) reads;
        /// [`FileError::Malformed`] if serde cannot write the labels as JSON;
        /// [`FileError::Model`] if other classes were declared after the fit.
    }
}

impl<F: Float, L: Ord + Clone + DeserializeOwned> Classifier<F, L> {
    load_methods! {
        /// The limits are [`Limits::default`](crate::files::Limits). A file of `f32` loads as
        /// `f64` without loss; `f64` as `f32` is an error.
    }
}

impl<F: Float, L: Ord + Clone + Serialize> MultiLabelClassifier<F, L> {
    save_methods! {
        /// Writes the model to a safetensors file (feature `safetensors`).
        ///
        /// The file holds what the one of
        /// [`Classifier::save`](crate::model::Classifier::save) does.
        ///
        /// ```
        /// use dnn_blocks::ndarray::array;
        /// use dnn_blocks::prelude::*;
        ///
        /// # let folder = tempfile::tempdir()?;
        /// # let path = folder.path().join("model.safetensors");
        /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
        /// # let how = Hyperparameters::default().hidden(&[8]).epochs(5);
        /// # let mut model = MultiLabelClassifier::<f64, &str>::new(how);
        /// # model.fit(Examples::rows(&x), &[vec![], vec!["up"], vec![], vec!["left", "up"]])?;
        /// model.save(&path)?;
        /// let again = MultiLabelClassifier::<f64, String>::load(&path)?;
        /// assert_eq!(again.labels(), ["left", "up"]);
        /// assert_eq!(again.predict(Examples::rows(&x))?, model.predict(Examples::rows(&x))?);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        ///
        /// # Errors
        ///
        /// [`Error::NotFitted`], [`FileError::Io`], [`FileError::TooLarge`] if names and
        /// metadata have more than the MiB that [`load`](Self::load) reads;
        /// [`FileError::Malformed`] if serde cannot write the labels as JSON;
        /// [`FileError::Model`] if other labels were declared after the fit.
    }
}

impl<F: Float, L: Ord + Clone + DeserializeOwned> MultiLabelClassifier<F, L> {
    load_methods! {
        /// The limits are [`Limits::default`](crate::files::Limits). A file of `f32` loads as
        /// `f64` without loss; `f64` as `f32` is an error.
    }
}

impl<F: Float> Regressor<F> {
    save_methods! {
        /// Writes the model to a safetensors file (feature `safetensors`).
        ///
        /// The file holds network, scalers of features and targets, names of features, metadata,
        /// hyperparameters and the number of trained epochs. It does not hold the optimizer state:
        /// `partial_fit` after loading begins with a new optimizer. Serde keeps the state.
        ///
        /// ```
        /// use dnn_blocks::ndarray::array;
        /// use dnn_blocks::prelude::*;
        ///
        /// # let folder = tempfile::tempdir()?;
        /// # let path = folder.path().join("model.safetensors");
        /// let (x, y) = (array![[0.0], [1.0], [2.0]], array![[1.0], [3.0], [5.0]]);
        /// # let how = Hyperparameters::default().hidden(&[]).batch_size(3).epochs(1);
        /// # let mut model = Regressor::<f64>::new(how);
        /// # model.fit(Examples::rows(&x), Examples::rows(&y))?;
        /// model.save(&path)?;
        /// let again = Regressor::<f64>::load(&path)?;
        /// assert_eq!(again.predict(Examples::rows(&x))?, model.predict(Examples::rows(&x))?);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        ///
        /// # Errors
        ///
        /// [`Error::NotFitted`], [`FileError::Io`], [`FileError::TooLarge`] if names and
        /// metadata have more than the MiB that [`load`](Self::load) reads.
    }

    load_methods! {
        /// The limits are [`Limits::default`](crate::files::Limits). A file of `f32` loads as
        /// `f64` without loss; `f64` as `f32` is an error.
    }
}

/// Implements [`ToFile`] for a classifier, whose labels `$names` returns.
macro_rules! classifier_to_file {
    ($classifier:ident, $head:ident, $names:ident) => {
        impl<F: Float, L: Ord + Clone + Serialize> ToFile for $classifier<F, L> {
            type Element = F;

            fn writer(&self) -> Result<Writer<'_, F>> {
                let (parameters, epochs, examples) =
                    self.network_and_time().ok_or(Error::NotFitted)?;
                self.check_declared()?;
                let mut arrays = TensorViews::from_parameters(parameters)?;
                insert_scaler(&mut arrays, "scaler", self.scaler())?;
                let labels = self.$names();
                let model = ModelDescription {
                    cost: Head::<F>::$head(self.hyperparameters(), labels.len())?.cost,
                    hyperparameters: self.hyperparameters().clone(),
                    epochs,
                    examples,
                    labels: Some(labels.to_vec()),
                    declared: self.declares_names(),
                    feature_names: self.feature_names().map(<[String]>::to_vec),
                    metadata: self.metadata().clone(),
                };
                network_writer(Kind::$classifier, arrays, parameters, (Some(model), None))
            }
        }
    };
}

classifier_to_file!(Classifier, classification, classes);
classifier_to_file!(MultiLabelClassifier, multi_label, labels);

/// A classifier in a file, with the labels in the order of the outputs.
struct StoredLabels<F, L> {
    hyperparameters: Hyperparameters,
    labels: Vec<L>,
    /// Whether the labels are declared.
    declared: bool,
    state: NetworkState<F>,
}

impl<L> ModelDescription<L> {
    /// Returns the state of a network that was read with this description.
    fn into_state<F>(
        self,
        parameters: Parameters<F>,
        scaler: Option<Standardizer<F>>,
    ) -> NetworkState<F> {
        let Self { epochs, examples, feature_names, metadata, .. } = self;
        let training = None;
        NetworkState { parameters, scaler, epochs, examples, training, feature_names, metadata }
    }
}

impl<F: Float, L: DeserializeOwned> StoredLabels<F, L> {
    /// Reads a classifier whose output layer `head` creates.
    fn read(
        kind: Kind,
        reader: Reader<'_>,
        head: fn(&Hyperparameters, usize) -> crate::Result<Head<F>>,
    ) -> Result<Self> {
        let network = LoadedNetwork::<F, L>::read(kind, reader)?;
        let (mut model, parameters, mut tensors) = network.into_model()?;
        let hyperparameters = model.hyperparameters.clone();
        let (labels, declared) = (model.labels.take(), model.declared);
        let labels = labels.ok_or_else(|| malformed("the labels are missing"))?;
        check_cost(&model.cost, &head(&hyperparameters, labels.len())?.cost)?;
        let scaler = take_scaler(&mut tensors, "scaler", hyperparameters.standardize)?;
        tensors.check_empty()?;
        Ok(Self { hyperparameters, labels, declared, state: model.into_state(parameters, scaler) })
    }
}

impl<F: Float, L: Ord + Clone + DeserializeOwned> FromFile for Classifier<F, L> {
    fn from_reader(reader: Reader<'_>) -> Result<Self> {
        let stored = StoredLabels::read(Kind::Classifier, reader, Head::classification)?;
        let StoredLabels { hyperparameters, labels, declared, state } = stored;
        if !labels.is_sorted_by(|a, b| a < b) {
            return Err(malformed("the labels are not sorted or not unique"));
        }
        let classes = Classes::from_labels(&labels);
        let declared = declared.then(|| classes.clone());
        Ok(Self::from_state(hyperparameters, declared, Some((classes, state)))?)
    }
}

impl<F: Float, L: Ord + Clone + DeserializeOwned> FromFile for MultiLabelClassifier<F, L> {
    fn from_reader(reader: Reader<'_>) -> Result<Self> {
        let stored = StoredLabels::read(Kind::MultiLabelClassifier, reader, Head::multi_label)?;
        let StoredLabels { hyperparameters, labels, declared, state } = stored;
        let labels = LabelNames::from_distinct(&labels)?;
        let declared = declared.then(|| labels.clone());
        Ok(Self::from_state(hyperparameters, declared, Some((labels, state)))?)
    }
}

impl<F: Float> ToFile for Regressor<F> {
    type Element = F;

    fn writer(&self) -> Result<Writer<'_, F>> {
        let (parameters, epochs, examples) = self.network_and_time().ok_or(Error::NotFitted)?;
        let mut arrays = TensorViews::from_parameters(parameters)?;
        insert_scaler(&mut arrays, "scaler", self.scaler())?;
        insert_scaler(&mut arrays, "target_scaler", self.target_scaler())?;
        let model = ModelDescription {
            cost: Head::<F>::regression(self.hyperparameters(), 1)?.cost,
            hyperparameters: self.hyperparameters().clone(),
            epochs,
            examples,
            labels: None::<Vec<()>>,
            declared: false,
            feature_names: self.feature_names().map(<[String]>::to_vec),
            metadata: self.metadata().clone(),
        };
        network_writer(Kind::Regressor, arrays, parameters, (Some(model), None))
    }
}

impl<F: Float> FromFile for Regressor<F> {
    fn from_reader(reader: Reader<'_>) -> Result<Self> {
        let network = LoadedNetwork::<F>::read(Kind::Regressor, reader)?;
        let (model, parameters, mut tensors) = network.into_model()?;
        if model.labels.is_some() || model.declared {
            return Err(malformed("a regressor has no labels"));
        }
        let hyperparameters = model.hyperparameters.clone();
        let head = Head::<F>::regression(&hyperparameters, 1)?;
        check_cost(&model.cost, &head.cost)?;
        let scaler = take_scaler(&mut tensors, "scaler", hyperparameters.standardize)?;
        let target_scaler = take_scaler(&mut tensors, "target_scaler", head.standardizes_targets)?;
        tensors.check_empty()?;
        let state = model.into_state(parameters, scaler);
        Ok(Self::from_state(hyperparameters, target_scaler, Some(state))?)
    }
}

fn check_cost(found: &Cost, expected: &Cost) -> Result<()> {
    if found == expected {
        Ok(())
    } else {
        Err(malformed("the cost is not the one of this kind of model"))
    }
}

/// Adds mean and standard deviation of a scaler, if there is one.
fn insert_scaler<'a, F: Float>(
    arrays: &mut TensorViews<'a, F>,
    name: &str,
    scaler: Option<&'a Standardizer<F>>,
) -> Result<()> {
    let Some(scaler) = scaler else { return Ok(()) };
    arrays.insert(format!("{name}.mean"), scaler.mean().view())?;
    arrays.insert(format!("{name}.deviation"), scaler.std_dev().view())
}

/// Removes and returns a scaler if the model is `standardized`.
fn take_scaler<F: Float>(
    tensors: &mut Tensors<F>,
    name: &str,
    standardized: bool,
) -> Result<Option<Standardizer<F>>> {
    if !standardized {
        return Ok(None);
    }
    let mean = tensors.take_matrix(&format!("{name}.mean"))?;
    let deviation = tensors.take_matrix(&format!("{name}.deviation"))?;
    Ok(Some(Standardizer::from_columns(mean, deviation)?))
}
