//! The crate's own file: safetensors with the arrays `W1`, `b1`, … and a description beside them.

use super::error::shortened;
use super::fit::Fit;
use super::header::KEY;
use super::limits::check_size;
use super::safetensors::{Unread, Unwritten};
use super::tensors::{Views, each_block, of_course};
use super::{FileError, Limits, Result, Tensors};
use crate::activation::Activation;
use crate::cost::Cost;
use crate::data::{Classes, Standardizer};
use crate::init::NumpyState;
use crate::model::{Classifier, Hyperparameters, Kept, Regressor};
use crate::train::optimizer::Algorithm;
use crate::train::schedule::Schedule;
use crate::{Error, Float, Parameters};
use crc32fast::Hasher;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::path::Path;

const VERSION: u64 = 1;

/// What the arrays do not say, as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description<L> {
    version: u64,
    kind: Kind,
    layer_sizes: Vec<usize>,
    activations: Vec<Activation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<Model<L>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training: Option<Training>,
    /// Of all the rest, see [`checksum`]; the last entry. A file made elsewhere need not have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

/// What a model has beside its network.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model<L> {
    cost: Cost,
    hyperparameters: Hyperparameters,
    epochs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<L>>,
    /// The labels are those of `with_classes`, which the next fit takes too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    declared: bool,
}

/// What a checkpoint has beside its network.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Training {
    pub rule: Algorithm,
    pub steps: u64,
    pub generator: NumpyState,
    pub learning_rate: f64,
    pub schedule: Schedule,
    pub epoch: usize,
    /// Of a fit, not of a loop of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Parameters,
    Checkpoint,
    Classifier,
    Regressor,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Parameters => "network",
            Kind::Checkpoint => "checkpoint",
            Kind::Classifier => "classifier",
            Kind::Regressor => "regressor",
        }
    }
}

pub(super) fn malformed(reason: impl Display) -> FileError {
    FileError::Malformed { format: "dnn-blocks", reason: shortened(reason) }
}

fn sizes_of<F: Float>(parameters: &Parameters<F>) -> Vec<usize> {
    let layers = parameters.layers();
    layers[..1].iter().map(|l| l.w.ncols()).chain(layers.iter().map(|l| l.w.nrows())).collect()
}

fn to_file<'a, F: Float, L: Serialize>(
    kind: Kind,
    arrays: Views<'a, F>,
    parameters: &Parameters<F>,
    (model, training): (Option<Model<L>>, Option<Training>),
) -> Result<Unwritten<'a, F>> {
    parameters.layers().iter().try_for_each(|layer| layer.activation.check::<F>())?;
    let description = Description {
        version: VERSION,
        kind,
        layer_sizes: sizes_of(parameters),
        activations: parameters.layers().iter().map(|layer| layer.activation).collect(),
        model,
        training,
        checksum: None,
    };
    let mut text = serde_json::to_string(&description).map_err(malformed)?;
    check_values(&text)?;
    text.pop(); // the brace
    let checksum = checksum(&text, &arrays)?;
    text.push_str(&format!("{CHECKSUM}\"{checksum}\"}}"));
    Unwritten::new(arrays, Some((KEY, text)))
}

/// What stands before the checksum; in a label its quotes would be escaped.
const CHECKSUM: &str = ",\"checksum\":";

/// The CRC-32 of the description before its checksum, and of all arrays as they are in the file,
/// sorted by name.
fn checksum<F: Float>(text: &str, arrays: &Views<'_, F>) -> Result<String> {
    let mut hasher = Hasher::new();
    hasher.update(text.as_bytes());
    for (name, array) in arrays.iter() {
        hasher.update(format!("{name}{:?}", array.shape()).as_bytes());
        each_block(array, |block| {
            hasher.update(block);
            Ok(())
        })?;
    }
    Ok(hex(hasher))
}

/// The file of a network in training.
pub(super) fn network_file<'a, F: Float>(
    kind: Kind,
    arrays: Views<'a, F>,
    parameters: &Parameters<F>,
    training: Training,
) -> Result<Unwritten<'a, F>> {
    to_file(kind, arrays, parameters, (None::<Model<()>>, Some(training)))
}

/// The network of a file, what its training needs, and the arrays that are left.
pub(super) struct Described<F> {
    pub parameters: Parameters<F>,
    pub training: Option<Training>,
    pub tensors: Tensors<F>,
}

pub(super) fn opened<F: Float>(kind: Kind, file: Unread<'_>) -> Result<Described<F>> {
    let (parameters, description, tensors) = from_file::<F, ()>(kind, file)?;
    if description.model.is_some() || (kind == Kind::Parameters && description.training.is_some()) {
        return Err(malformed("there is more beside the network than belongs to it"));
    }
    Ok(Described { parameters, training: description.training, tensors })
}

/// The network, what the description says, and the arrays that are left.
type Opened<F, L> = (Parameters<F>, Description<L>, Tensors<F>);

fn from_file<F: Float, L: DeserializeOwned>(kind: Kind, file: Unread<'_>) -> Result<Opened<F, L>> {
    let text = file.text.as_deref();
    let text = text.ok_or_else(|| FileError::Missing { name: KEY.to_string() })?;
    check_values(text)?;
    let description: Description<L> = described(kind, text)?;
    if kind == Kind::Checkpoint {
        file.check_type::<F>()?; // the wider one would go on with other bits
    }
    let mut hasher = Hasher::new();
    hasher.update(text.rsplit_once(CHECKSUM).map_or(text, |(before, _)| before).as_bytes());
    let mut tensors = file.tensors(|bytes| hasher.update(bytes))?;
    if description.checksum.as_ref().is_some_and(|expected| hex(hasher) != *expected) {
        return Err(malformed("the checksum does not fit: the file has been changed"));
    }
    let parameters = network(&mut tensors, &description)?;
    Ok((parameters, description, tensors))
}

/// Bytes of the longest text in a description, such as a label.
const TEXT: u64 = 1 << 16;
/// Bytes that the values of a description may take beside as many as it has.
const VALUES: u64 = 12 << 20;

/// `Ok` if the values of a description take no more memory than is worth it: the shortest number,
/// with its comma, has two bytes.
///
/// A value is a number in a list, or a sixth of a record; a label is kept several times.
fn check_values(text: &str) -> Result<()> {
    let (mut memory, mut begin, mut escaped) = (0, None, false);
    for (at, byte) in text.bytes().enumerate() {
        match (begin, byte) {
            (None, b'"') => (memory, begin) = (memory + 100, Some(at)),
            (None, b',' | b'[') => memory += 16,
            (None, _) => {}
            (Some(begin), _) if (at - begin) as u64 > TEXT => {
                return check_size("a text of the description", (at - begin) as u64, TEXT);
            }
            (Some(_), b'"') if !escaped => begin = None,
            (Some(_), _) => escaped = byte == b'\\' && !escaped,
        }
    }
    check_size("the description", memory, text.len() as u64 + VALUES)
}

fn described<L: DeserializeOwned>(kind: Kind, text: &str) -> Result<Description<L>> {
    let VersionOnly { version } = serde_json::from_str(text).map_err(malformed)?;
    if version != VERSION {
        return Err(FileError::Version { found: version, known: VERSION });
    }
    check_kind(kind, text)?;
    serde_json::from_str(text).map_err(malformed)
}

fn hex(hasher: Hasher) -> String {
    format!("{:08x}", hasher.finalize())
}

/// Before the labels are looked at, which are of another type in a file of another kind.
fn check_kind(expected: Kind, text: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct KindOnly {
        kind: Kind,
    }
    let KindOnly { kind } = serde_json::from_str(text).map_err(malformed)?;
    if kind == expected {
        return Ok(());
    }
    Err(FileError::Kind { found: kind.name(), expected: expected.name() })
}

fn network<F: Float, L>(
    tensors: &mut Tensors<F>,
    description: &Description<L>,
) -> Result<Parameters<F>> {
    let Description { layer_sizes, activations, .. } = description;
    if layer_sizes.len() != activations.len() + 1 {
        return Err(malformed("there are not as many activations as layers"));
    }
    let mut parameters = Parameters::from_layers(tensors.take_course()?)?;
    let found = parameters.layers().len();
    if found != activations.len() {
        return Err(Error::LayerCount { expected: activations.len(), found }.into());
    }
    let layers = parameters.layers_mut().iter_mut().enumerate();
    for ((l, layer), (&activation, dims)) in
        layers.zip(activations.iter().zip(layer_sizes.windows(2)))
    {
        let expected = vec![dims[1], dims[0]];
        if layer.w.shape() != expected {
            let (name, found) = (format!("W{}", l + 1), layer.w.shape().to_vec());
            return Err(FileError::Shape { name, found, expected });
        }
        layer.activation = activation;
    }
    Ok(parameters)
}

/// Mean and deviation by the names that begin with `name`, if they are to be there.
fn scaler<F: Float>(
    tensors: &mut Tensors<F>,
    name: &str,
    wanted: bool,
) -> Result<Option<Standardizer<F>>> {
    if !wanted {
        return Ok(None);
    }
    let mean = tensors.matrix(&format!("{name}.mean"))?;
    let deviation = tensors.matrix(&format!("{name}.deviation"))?;
    Ok(Some(Standardizer::from_columns(mean, deviation)?))
}

fn insert_scaler<'a, F: Float>(
    arrays: &mut Views<'a, F>,
    name: &str,
    scaler: Option<&'a Standardizer<F>>,
) -> Result<()> {
    let Some(scaler) = scaler else { return Ok(()) };
    arrays.insert(format!("{name}.mean"), scaler.mean().view())?;
    arrays.insert(format!("{name}.deviation"), scaler.deviation().view())
}

fn check_cost(found: Cost, expected: Cost) -> Result<()> {
    if found == expected { Ok(()) } else { Err(malformed("the cost is not that of the model")) }
}

macro_rules! files {
    () => {
        /// Reads a file of [`save`](Self::save), within [`Limits::default`].
        ///
        /// # Errors
        ///
        /// A [`FileError`] that says what is wrong: the version, the kind of model, an array that is
        /// missing, of another type or shape, there twice or too many, a number that is not finite,
        /// parts that do not go together, or a file that is no such file. A file of `f32` loads as
        /// `f64` without loss, but for a checkpoint; `f64` as `f32` is an error.
        pub fn load(path: impl AsRef<Path>) -> Result<Self> {
            Self::load_with(path, &Limits::default())
        }

        /// [`load`](Self::load) within other limits.
        ///
        /// # Errors
        ///
        /// Those of [`load`](Self::load).
        pub fn load_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
            Self::read(Unread::open(path.as_ref(), limits)?)
        }

        /// [`load`](Self::load) of a file in memory.
        ///
        /// # Errors
        ///
        /// Those of [`load`](Self::load).
        pub fn from_safetensors(file: &[u8], limits: &Limits) -> Result<Self> {
            Self::read(Unread::bytes(file, limits)?)
        }
    };
}

impl<F: Float> Parameters<F> {
    files!();

    /// Writes the network to a safetensors file (feature `safetensors`): the arrays `W1`, `b1`, …
    /// as they are, sizes and activations in the metadata.
    ///
    /// The same network makes the same file, and loads with the same bits. A crash leaves the file
    /// that was there before.
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
    /// [`FileError::NotFinite`], [`FileError::Io`], [`FileError::TooLarge`]; [`FileError::Model`]
    /// if shapes do not fit or the slope of a leaky ReLU is not finite in `F`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.file()?.save(path.as_ref())
    }

    /// The file of [`save`](Self::save) in memory.
    ///
    /// # Errors
    ///
    /// [`FileError::NotFinite`], [`FileError::TooLarge`].
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        self.file()?.bytes()
    }

    fn file(&self) -> Result<Unwritten<'_, F>> {
        to_file(Kind::Parameters, of_course(self)?, self, (None::<Model<()>>, None))
    }

    fn read(file: Unread<'_>) -> Result<Self> {
        let Described { parameters, tensors, .. } = opened(Kind::Parameters, file)?;
        tensors.nothing_left()?;
        Ok(parameters)
    }
}

impl<F: Float, L: Ord + Clone + Serialize> Classifier<F, L> {
    /// Writes the model to a safetensors file (feature `safetensors`): network, scaler, labels,
    /// hyperparameters and the epochs it was trained for.
    ///
    /// The memory of the optimiser is not kept: training goes on without it. Serde
    /// keeps it.
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
    /// [`Error::NotFitted`], [`FileError::Io`], [`FileError::TooLarge`];
    /// [`FileError::Malformed`] if the labels cannot be JSON.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.file()?.save(path.as_ref())
    }

    /// The file of [`save`](Self::save) in memory.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save), but for the file.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        self.file()?.bytes()
    }

    fn file(&self) -> Result<Unwritten<'_, F>> {
        let (parameters, epochs) = self.learnt().ok_or(Error::NotFitted)?;
        let mut arrays = of_course(parameters)?;
        insert_scaler(&mut arrays, "scaler", self.scaler())?;
        let model = Model {
            cost: cost_of(self.classes().len()),
            hyperparameters: self.hyperparameters().clone(),
            epochs,
            labels: Some(self.classes().to_vec()),
            declared: self.declares_classes(),
        };
        to_file(Kind::Classifier, arrays, parameters, (Some(model), None))
    }
}

fn cost_of(classes: usize) -> Cost {
    if classes == 2 { Cost::BinaryCrossEntropy } else { Cost::CategoricalCrossEntropy }
}

impl<F: Float, L: Ord + Clone + DeserializeOwned> Classifier<F, L> {
    files!();

    fn read(file: Unread<'_>) -> Result<Self> {
        let (parameters, description, mut tensors) = from_file::<F, L>(Kind::Classifier, file)?;
        let missing = || malformed("there is no model beside the network");
        let Model { cost, hyperparameters, epochs, labels, declared } =
            description.model.ok_or_else(missing)?;
        let labels = labels.ok_or_else(|| malformed("there are no labels"))?;
        if labels.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(malformed("the labels are not sorted, or one is there twice"));
        }
        check_cost(cost, cost_of(labels.len()))?;
        let scaler = scaler(&mut tensors, "scaler", hyperparameters.standardize)?;
        tensors.nothing_left()?;
        let kept = Kept { parameters, scaler, epochs, memory: None };
        let classes = Classes::of(&labels);
        let declared = declared.then(|| classes.clone());
        Ok(Self::from_kept(hyperparameters, declared, Some((classes, kept)))?)
    }
}

impl<F: Float> Regressor<F> {
    files!();

    /// Writes the model to a safetensors file (feature `safetensors`): network, scalers of features
    /// and values, hyperparameters and the epochs it was trained for; as
    /// [`Classifier::save`](crate::model::Classifier::save).
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`], [`FileError::Io`], [`FileError::TooLarge`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.file()?.save(path.as_ref())
    }

    /// The file of [`save`](Self::save) in memory.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save), but for the file.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        self.file()?.bytes()
    }

    fn file(&self) -> Result<Unwritten<'_, F>> {
        let (parameters, epochs) = self.learnt().ok_or(Error::NotFitted)?;
        let mut arrays = of_course(parameters)?;
        insert_scaler(&mut arrays, "scaler", self.scaler())?;
        insert_scaler(&mut arrays, "target_scaler", self.target_scaler())?;
        let hyperparameters = self.hyperparameters().clone();
        let cost = Cost::MeanSquaredError;
        let model: Model<()> =
            Model { cost, hyperparameters, epochs, labels: None, declared: false };
        to_file(Kind::Regressor, arrays, parameters, (Some(model), None))
    }

    fn read(file: Unread<'_>) -> Result<Self> {
        let (parameters, description, mut tensors) = from_file::<F, ()>(Kind::Regressor, file)?;
        let missing = || malformed("there is no model beside the network");
        let Model { cost, hyperparameters, epochs, labels, declared } =
            description.model.ok_or_else(missing)?;
        if labels.is_some() || declared {
            return Err(malformed("a regressor has no labels"));
        }
        check_cost(cost, Cost::MeanSquaredError)?;
        let wanted = hyperparameters.standardize;
        let x_scaler = scaler(&mut tensors, "scaler", wanted)?;
        let values = scaler(&mut tensors, "target_scaler", wanted)?;
        tensors.nothing_left()?;
        let kept = Kept { parameters, scaler: x_scaler, epochs, memory: None };
        Ok(Self::from_kept(hyperparameters, values, Some(kept))?)
    }
}
