//! The description of a file: its metadata, which is JSON.

use super::fit::FitDescription;
use crate::activation::Activation;
use crate::cost::Cost;
use crate::files::header::KEY;
use crate::files::limits::check_size;
use crate::files::numbers::for_each_block;
use crate::files::safetensors::{Reader, Writer};
use crate::files::tensors::TensorViews;
use crate::files::{FileError, Limits, Result, Tensors};
use crate::init::NumpyState;
use crate::model::Hyperparameters;
use crate::model::metadata::Metadata;
use crate::train::optimizer::Algorithm;
use crate::train::schedule::Schedule;
use crate::{Error, Float, Parameters};
use crc32fast::Hasher;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::{self, Display};

const VERSION: u64 = 1;

/// The description beside the arrays. The order of the fields is that in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description<L> {
    version: u64,
    kind: Kind,
    layer_sizes: Vec<usize>,
    activations: Vec<Activation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<ModelDescription<L>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training: Option<TrainingDescription>,
    /// The [`checksum`] of everything else; `None` in a file of another program.
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

/// The description of a model with labels of type `L`, if it has labels.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelDescription<L> {
    pub cost: Cost,
    pub hyperparameters: Hyperparameters,
    pub epochs: usize,
    #[serde(default)]
    pub examples: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<L>>,
    /// Whether the labels were given to `with_classes` or `with_labels`, and so hold for the next
    /// fit too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub declared: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_names: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// The description of a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrainingDescription {
    pub rule: Algorithm,
    pub steps: u64,
    pub generator: NumpyState,
    pub learning_rate: f64,
    pub schedule: Schedule,
    pub epoch: usize,
    #[serde(default)]
    pub examples: usize,
    /// The frozen layers of the optimizer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frozen: Vec<usize>,
    /// The state of a `fit`; `None` in a custom training loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<FitDescription>,
}

/// The kind of value that a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A network, [`Parameters`].
    Parameters,
    /// A [`Checkpoint`](crate::files::Checkpoint) of a training.
    Checkpoint,
    /// A [`Classifier`](crate::model::Classifier).
    Classifier,
    /// A [`MultiLabelClassifier`](crate::model::MultiLabelClassifier).
    MultiLabelClassifier,
    /// A [`Regressor`](crate::model::Regressor).
    Regressor,
}

/// Prints the kind as in the messages of [`FileError::Kind`].
impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Parameters => "network",
            Kind::Checkpoint => "checkpoint",
            Kind::Classifier => "classifier",
            Kind::MultiLabelClassifier => "multi-label classifier",
            Kind::Regressor => "regressor",
        }
    }
}

pub(super) fn malformed(reason: impl Display) -> FileError {
    FileError::malformed("dnn-blocks", reason)
}

/// The number of inputs, then the units of each layer.
fn layer_sizes<F: Float>(parameters: &Parameters<F>) -> Vec<usize> {
    let layers = parameters.layers();
    let inputs = layers.iter().take(1).map(|layer| layer.w.ncols());
    inputs.chain(layers.iter().map(|layer| layer.w.nrows())).collect()
}

/// Prepares the file of a network, with what describes its model or its training.
pub(super) fn network_writer<'a, F: Float, L: Serialize>(
    kind: Kind,
    arrays: TensorViews<'a, F>,
    parameters: &Parameters<F>,
    (model, training): (Option<ModelDescription<L>>, Option<TrainingDescription>),
) -> Result<Writer<'a, F>> {
    parameters.layers().iter().try_for_each(|layer| layer.activation.check::<F>())?;
    let description = Description {
        version: VERSION,
        kind,
        layer_sizes: layer_sizes(parameters),
        activations: parameters.layers().iter().map(|layer| layer.activation).collect(),
        model,
        training,
        checksum: None,
    };
    let mut text = serde_json::to_string(&description).map_err(malformed)?;
    check_values(&text)?;
    text.pop(); // the closing brace, so that the checksum is the last entry
    let checksum = checksum(&text, &arrays)?;
    text.push_str(&format!("{CHECKSUM}\"{checksum}\"}}"));
    let writer = Writer::new(arrays, Some((KEY, text)))?;
    if kind != Kind::Checkpoint {
        writer.check_header(&Limits::DEFAULT)?; // `load` would refuse a larger one
    }
    Ok(writer)
}

/// The text before the checksum. It cannot occur in a label, where quotes are escaped.
const CHECKSUM: &str = ",\"checksum\":";

/// Computes the CRC-32 of the description before its checksum and of all arrays, sorted by name.
fn checksum<F: Float>(text: &str, arrays: &TensorViews<'_, F>) -> Result<String> {
    let mut hasher = Hasher::new();
    hasher.update(text.as_bytes());
    for (name, array) in arrays.iter() {
        hasher.update(format!("{name}{:?}", array.shape()).as_bytes());
        for_each_block(array, |block| {
            hasher.update(block);
            Ok(())
        })?;
    }
    Ok(hex(hasher))
}

fn hex(hasher: Hasher) -> String {
    format!("{:08x}", hasher.finalize())
}

/// A network read from a file, with its descriptions and the arrays that are not its layers.
pub(super) struct LoadedNetwork<F, L = ()> {
    pub parameters: Parameters<F>,
    model: Option<ModelDescription<L>>,
    training: Option<TrainingDescription>,
    pub tensors: Tensors<F>,
}

impl<F: Float, L: DeserializeOwned> LoadedNetwork<F, L> {
    /// Reads a file of this kind and verifies its checksum.
    pub fn read(kind: Kind, reader: Reader<'_>) -> Result<Self> {
        let text = description_of(&reader)?;
        let description: Description<L> = parse(kind, text)?;
        if kind == Kind::Checkpoint {
            reader.check_type::<F>()?; // a wider type would continue with other bits
        }
        let mut hasher = Hasher::new();
        hasher.update(text.rsplit_once(CHECKSUM).map_or(text, |(before, _)| before).as_bytes());
        let mut tensors = reader.tensors(|bytes| hasher.update(bytes))?;
        if description.checksum.as_ref().is_some_and(|expected| hex(hasher) != *expected) {
            return Err(malformed("the checksum does not match: the file was damaged or changed"));
        }
        let parameters = take_network(&mut tensors, &description)?;
        let Description { model, training, .. } = description;
        Ok(Self { parameters, model, training, tensors })
    }

    /// Takes apart the file of a model.
    pub fn into_model(self) -> Result<(ModelDescription<L>, Parameters<F>, Tensors<F>)> {
        self.check_without_training()?;
        let model =
            self.model.ok_or_else(|| malformed("the description of the model is missing"))?;
        Ok((model, self.parameters, self.tensors))
    }

    /// Takes apart the file of a checkpoint.
    pub fn into_training(self) -> Result<(TrainingDescription, Parameters<F>, Tensors<F>)> {
        let training =
            self.training.ok_or_else(|| malformed("the description of the training is missing"))?;
        Ok((training, self.parameters, self.tensors))
    }

    /// Checks that the file does not describe a model.
    pub fn check_without_model(&self) -> Result<()> {
        check_absent(self.model.as_ref())
    }

    /// Checks that the file does not describe a training.
    pub fn check_without_training(&self) -> Result<()> {
        check_absent(self.training.as_ref())
    }
}

fn check_absent<T>(part: Option<T>) -> Result<()> {
    match part {
        Some(_) => Err(malformed(
            "a model or a training is described that this kind of file does not have",
        )),
        None => Ok(()),
    }
}

/// The most bytes of a text in the description, such as a label.
const TEXT: u64 = 1 << 16;
/// The most bytes that the parsed values take beyond the length of the description.
const VALUES: u64 = 12 << 20;

/// Checks that the parsed description will not take much more memory than its text.
///
/// The estimate is 16 bytes for a number, whose text has at least two bytes with its comma, and 100
/// bytes for a string, which is copied several times.
fn check_values(text: &str) -> Result<()> {
    let (mut memory, mut begin, mut escaped) = (0, None, false);
    for (at, byte) in text.bytes().enumerate() {
        match (begin, byte) {
            (None, b'"') => (memory, begin) = (memory + 100, Some(at)),
            (None, b',' | b'[') => memory += 16,
            (None, _) => {}
            (Some(_), b'"') if !escaped => begin = None,
            (Some(begin), _) if (at - begin) as u64 > TEXT => {
                return check_size("a text of the description", (at - begin) as u64, TEXT);
            }
            (Some(_), _) => escaped = byte == b'\\' && !escaped,
        }
    }
    check_size("the description", memory, text.len() as u64 + VALUES)
}

/// Returns the text of the description, of which it is safe to parse the values.
fn description_of<'t>(reader: &'t Reader<'_>) -> Result<&'t str> {
    let text = reader.text.as_deref();
    let text =
        text.ok_or_else(|| FileError::Missing { name: format!("the metadata entry {KEY}") })?;
    check_values(text)?;
    Ok(text)
}

/// Returns the kind of a file, and the metadata of its model.
pub(super) fn described(reader: &Reader<'_>) -> Result<(Kind, Metadata)> {
    let text = description_of(reader)?;
    check_version(text)?;
    let Description::<AnyLabel> { kind, model, .. } =
        serde_json::from_str(text).map_err(malformed)?;
    Ok((kind, model.map(|model| model.metadata).unwrap_or_default()))
}

fn check_version(text: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct VersionOnly {
        version: u64,
    }
    let VersionOnly { version } = serde_json::from_str(text).map_err(malformed)?;
    if version != VERSION {
        return Err(FileError::Version { found: version, known: VERSION });
    }
    Ok(())
}

/// Parses the description after its version and its kind, which decide how the rest is read.
fn parse<L: DeserializeOwned>(kind: Kind, text: &str) -> Result<Description<L>> {
    check_version(text)?;
    check_kind(kind, text)?;
    serde_json::from_str(text).map_err(|error| match serde_json::from_str(text) {
        Ok(Description::<AnyLabel> { .. }) => FileError::Type {
            name: "the labels in the file".to_string(),
            found: String::new(),
            expected: std::any::type_name::<L>(),
        },
        Err(_) => malformed(error),
    })
}

/// A label of any type.
struct AnyLabel;

impl<'de> Deserialize<'de> for AnyLabel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Checks the kind alone, because a file of another kind may have labels of another type.
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

/// Removes the layers and gives them their activations.
fn take_network<F: Float, L>(
    tensors: &mut Tensors<F>,
    description: &Description<L>,
) -> Result<Parameters<F>> {
    let Description { layer_sizes, activations, .. } = description;
    if layer_sizes.len() != activations.len() + 1 {
        return Err(malformed("the number of activations differs from the number of layers"));
    }
    let mut parameters = Parameters::from_layers(tensors.take_layers()?)?;
    let found = parameters.layers().len();
    if found != activations.len() {
        return Err(Error::LayerCount { expected: activations.len(), found }.into());
    }
    let layers = parameters.layers_mut().iter_mut().enumerate();
    let dims = layer_sizes.iter().skip(1).zip(layer_sizes);
    for ((l, layer), (&activation, (&n, &n_prev))) in layers.zip(activations.iter().zip(dims)) {
        let expected = vec![n, n_prev];
        if layer.w.shape() != expected {
            let (name, found) = (format!("W{}", l + 1), layer.w.shape().to_vec());
            return Err(FileError::Shape { name, found, expected });
        }
        layer.activation = activation;
    }
    Ok(parameters)
}
