//! The error type of the crate, and what its messages are made of.

use crate::model::FeatureNames;
use ndarray::ArrayRef2;
use std::fmt::{self, Write as _};
use std::ops::Deref;
use std::sync::Arc;

/// A [`Result`](std::result::Result) with this crate's [`Error`] as the default error type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error type of this crate.
///
/// A message says where the error is, what was found and what was expected. Layers are counted
/// from 1, as in the formulas; rows, columns, examples, features, classes and epochs from 0, as in
/// the arrays. Shapes are (rows, columns). The field `layer` is `None` in the errors of functions
/// that work on a single layer.
///
/// `{:?}` prints the same message as `{}`: a `main` that returns `Result<(), Error>` prints it.
///
/// Functions that read or write files return [`FileError`](crate::files::FileError) instead, and
/// `?` converts an `Error` into a `FileError`. A `main` that calls both kinds returns
/// `Result<(), FileError>`.
///
/// ```
/// use dnn_blocks::ndarray::Array2;
/// use dnn_blocks::prelude::*;
///
/// let parameters = initialize_parameters_deep::<f64>(
///     &[4, 3, 1],
///     Initializer::He,
///     &mut NumpyRandom::seed(1),
/// )?;
/// let error = l_model_forward(Array2::zeros((5, 7)), &parameters).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "layer 1: W (3, 4) and A_prev (5, 7) do not fit: \
///      columns of W must equal rows of A_prev (one example per column)"
/// );
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The shapes of two operands do not fit the formula.
    #[error("{place}{left} and {right} do not fit: {rule}", place = Place(*.layer))]
    ShapeMismatch {
        /// The layer.
        layer: Option<usize>,
        /// The first operand.
        left: Operand,
        /// The second operand.
        right: Operand,
        /// The rule for the shapes, e.g. `columns of W must equal rows of A_prev`.
        rule: &'static str,
    },
    /// A batch has no examples.
    #[error(
        "{place}{operand} has no examples: a batch needs at least one column",
        place = Place(*.layer)
    )]
    EmptyBatch {
        /// The layer.
        layer: Option<usize>,
        /// The matrix without columns.
        operand: Operand,
    },
    /// A layer has no units or no inputs, or the data have no features.
    #[error("{place}{operand} is empty: every size must be at least 1", place = Place(*.layer))]
    ZeroSize {
        /// The layer.
        layer: Option<usize>,
        /// The matrix without rows or columns.
        operand: Operand,
    },
    /// A matrix or list does not fit in memory.
    #[error("{place}{operand} does not fit in memory", place = Place(*.layer))]
    TooLarge {
        /// The layer.
        layer: Option<usize>,
        /// The matrix that could not be allocated.
        operand: Operand,
    },
    /// A network, a list of caches or `layer_dims` has no layers.
    #[error("no layers: a network needs at least one, layer_dims at least two sizes")]
    NoLayers,
    /// The parameters and another argument differ in their number of layers.
    #[error("found {found} layers, but the parameters have {expected}")]
    LayerCount {
        /// The number of layers of the parameters.
        expected: usize,
        /// The number of layers of the other argument.
        found: usize,
    },
    /// The activation of the output layer does not match the cost.
    #[error("{place}{cost} needs {expected} outputs, not {found}", place = Place(*.layer))]
    OutputActivation {
        /// The layer.
        layer: Option<usize>,
        /// The name of the cost.
        cost: String,
        /// The name of the activation that the cost needs, or `positive` if it accepts several.
        expected: String,
        /// The name of the activation of the output layer.
        found: String,
    },
    /// A feature has the same value in every example.
    ///
    /// Such a feature carries no information and often comes from a mistake in the data.
    /// [`constant_features(true)`](crate::model::Hyperparameters::constant_features) accepts it.
    #[error(
        "{} has the same value in every example; set `constant_features(true)` to accept it",
        Feature(*.feature, .name)
    )]
    ConstantFeature {
        /// The feature.
        feature: usize,
        /// Its name, if it is known.
        name: Option<String>,
    },
    /// A feature has another name than in the fit of the model.
    #[error(
        "feature {feature} is named \"{}\", but the model was fitted with \"{}\"",
        Name(.found),
        Name(.expected)
    )]
    FeatureName {
        /// The first feature with another name.
        feature: usize,
        /// Its name.
        found: String,
        /// Its name in the model.
        expected: String,
    },
    /// The name of a feature is empty, or an earlier feature has it.
    #[error("feature {feature} is named \"{}\", but names must {rule}", Name(.name))]
    InvalidFeatureName {
        /// The feature.
        feature: usize,
        /// Its name.
        name: String,
        /// The rule for names, e.g. `be distinct`.
        rule: &'static str,
    },
    /// The training labels hold only one class, or only one class was declared.
    #[error("there is only one class: a classifier needs at least two")]
    OneClass,
    /// A class has too few examples: for a stratified split, a metric, or to continue a fitted
    /// model.
    #[error("the number of examples of class {class} is {examples}, but must be at least {least}")]
    ClassSize {
        /// The number of the class.
        class: usize,
        /// The number of its examples.
        examples: usize,
        /// The least number.
        least: usize,
    },
    /// The validation set has fewer than two examples.
    #[error("the number of validation examples is {examples}, but must be at least 2")]
    ValidationSize {
        /// The number of validation examples.
        examples: usize,
    },
    /// Every training example has a weight of 0.
    #[error("every training example has a weight of 0: at least one must be above 0")]
    NoWeight,
    /// The cost, a gradient or a parameter became infinite or NaN during training.
    ///
    /// A smaller learning rate or standardized features often help.
    #[error("epoch {epoch}, batch {batch}: training diverged: cost or parameters are not finite")]
    Diverged {
        /// The epoch; in the models of [`course`](crate::course), the iteration.
        epoch: usize,
        /// The number of the batch in the epoch.
        batch: usize,
    },
    /// Values that belong together contradict each other.
    #[error("inconsistent values: {what}")]
    Inconsistent {
        /// A description of the contradiction.
        what: &'static str,
    },
    /// The model has not been fitted.
    #[error("the model has not been fitted")]
    NotFitted,
    /// Two arguments differ in length.
    #[error("{left} and {right} differ in length: {left_length} and {right_length}")]
    LengthMismatch {
        /// The name of the first argument.
        left: &'static str,
        /// Its length.
        left_length: usize,
        /// The name of the second argument.
        right: &'static str,
        /// Its length.
        right_length: usize,
    },
    /// A hyperparameter, such as a learning rate, is outside its range.
    #[error("{name} is {}, but must be {rule}", Number(*.value))]
    Hyperparameter {
        /// The name of the hyperparameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its range, e.g. `at least 0 and finite`.
        rule: &'static str,
    },
    /// An argument that is not a hyperparameter is outside its range.
    #[error("{name} is {}, but must be {rule}", Number(*.value))]
    InvalidArgument {
        /// The name of the argument.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its range, e.g. `at least 1`.
        rule: &'static str,
    },
    /// An array holds NaN or an infinite number.
    #[error(
        "{place}{operand}{} is {value}",
        Named(*.position, .feature_name),
        place = Place(*.layer)
    )]
    NotFinite {
        /// The layer.
        layer: Option<usize>,
        /// The name of the array.
        operand: &'static str,
        /// The position of the number.
        position: Position,
        /// The number.
        value: f64,
        /// The name of the feature, if the position has a feature and its name is known.
        feature_name: Option<String>,
    },
    /// An array holds a number outside its range.
    #[error(
        "{place}{operand}{position} is {}, but must be {rule}",
        Number(*.value),
        place = Place(*.layer)
    )]
    InvalidValue {
        /// The layer.
        layer: Option<usize>,
        /// The name of the array.
        operand: &'static str,
        /// The position of the number.
        position: Position,
        /// The number.
        value: f64,
        /// Its range, e.g. `at least 0`.
        rule: &'static str,
    },
    /// A class number is not below the number of classes.
    #[error("{}{}", NoClass(*.class, *.example), Classes(*.classes))]
    NoSuchClass {
        /// The class number.
        class: usize,
        /// The number of classes.
        classes: usize,
        /// The example with this class number, if the number comes from a list of labels.
        example: Option<usize>,
    },
    /// A column of labels or probabilities does not sum to 1, or has a negative entry.
    #[error("{operand}: column {example} sums to {sum}, but must be non-negative and sum to 1")]
    ColumnSum {
        /// The name of the matrix.
        operand: &'static str,
        /// The column, which is the number of the example.
        example: usize,
        /// The sum of its entries.
        sum: f64,
    },
    /// A label is not among the known classes or labels.
    #[error("the label of example {example} is none of the {classes} known labels")]
    UnknownLabel {
        /// The example.
        example: usize,
        /// The number of known ones.
        classes: usize,
    },
    /// A text is not the name of an activation, algorithm, cost or class.
    #[error("unknown {kind} `{name}`")]
    UnknownName {
        /// What the text should name: `activation`, `algorithm`, `cost` or `class`.
        kind: &'static str,
        /// The text.
        name: String,
    },
    /// A process of a distributed training failed (feature `mpi`).
    #[error("rank {rank}: {cause}")]
    OnRank {
        /// The rank of the process.
        rank: usize,
        /// The error of this process. Other processes get its text only.
        #[source]
        cause: Cause,
    },
    /// The processes of a distributed training have different values (feature `mpi`).
    #[error("{field} differs between ranks: rank {rank} has {found}, but rank 0 has {expected}")]
    Disagreement {
        /// The name of the value.
        field: &'static str,
        /// The first rank that differs from rank 0.
        rank: usize,
        /// The value of rank 0.
        expected: String,
        /// The value of `rank`.
        found: String,
    },
    /// A fold of a cross-validation or a search is not valid, or its fit, metric or score failed.
    #[error("fold {fold}: {cause}")]
    InFold {
        /// The number of the fold, from 0.
        fold: usize,
        /// The error.
        #[source]
        cause: Box<Error>,
    },
    /// A candidate of a resumed search differs from the candidate of the record.
    #[error("candidate {candidate} is `{found}`, but `{expected}` in the record")]
    OtherCandidate {
        /// The number of the candidate, from 0.
        candidate: usize,
        /// The part of its `Debug` text that differs.
        found: String,
        /// The same part in the record.
        expected: String,
    },
    /// An estimator, metric or score outside this crate failed.
    #[error("{cause}")]
    Custom {
        /// The error.
        #[source]
        cause: Cause,
    },
    /// A plot could not be drawn (feature `plot`).
    #[error("the plot could not be drawn: {cause}")]
    Plot {
        /// The error of the backend.
        #[source]
        cause: Cause,
    },
    /// A training could not be saved or resumed (feature `safetensors`).
    #[error("checkpoint: {cause}")]
    Checkpoint {
        /// The cause: a `files::FileError` if reading or writing a file failed.
        #[source]
        cause: Cause,
    },
}

impl Error {
    /// Wraps an error of another type, for an [`Estimator`](crate::selection::Estimator) or metric.
    ///
    /// ```
    /// use dnn_blocks::{Error, Result};
    ///
    /// fn parse(cell: &str) -> Result<f64> {
    ///     cell.parse().map_err(Error::custom)
    /// }
    ///
    /// assert_eq!(parse("2.5")?, 2.5);
    /// assert_eq!(parse("x").unwrap_err().to_string(), "invalid float literal");
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn custom(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Custom { cause: Cause::new(error) }
    }

    /// Creates [`Error::NotFinite`] without a layer and without the name of a feature.
    pub(crate) fn not_finite(operand: &'static str, position: Position, value: f64) -> Self {
        Self::NotFinite { layer: None, operand, position, value, feature_name: None }
    }

    /// Adds the number of the layer to an error that names no layer yet.
    pub(crate) fn in_layer(mut self, number: usize) -> Self {
        match &mut self {
            Error::ShapeMismatch { layer, .. }
            | Error::EmptyBatch { layer, .. }
            | Error::ZeroSize { layer, .. }
            | Error::TooLarge { layer, .. }
            | Error::OutputActivation { layer, .. }
            | Error::NotFinite { layer, .. }
            | Error::InvalidValue { layer, .. } => *layer = layer.or(Some(number)),
            _ => {}
        }
        self
    }

    /// Adds the name of the feature to an error about a feature of `X`.
    pub(crate) fn with_feature_name(mut self, names: Option<FeatureNames<'_>>) -> Self {
        match &mut self {
            Error::ConstantFeature { feature, name }
            | Error::NotFinite {
                position: Position::Feature { feature, .. },
                feature_name: name,
                ..
            } => *name = names.and_then(|names| names.get(*feature)).map(String::from),
            _ => {}
        }
        self
    }

    /// Replaces the position of an example in a part of the data by its index in all data.
    pub(crate) fn in_part(mut self, examples: &[usize]) -> Self {
        match &mut self {
            Error::NotFinite { position: Position::Feature { example, .. }, .. }
            | Error::InvalidValue {
                position: Position::Feature { example, .. } | Position::Label { example, .. },
                ..
            }
            | Error::UnknownLabel { example, .. } => {
                *example = examples.get(*example).copied().unwrap_or(*example);
            }
            _ => {}
        }
        self
    }
}

/// Prints the message, as `{}` does.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error that caused another one. Causes can be cloned and compare by their text.
#[derive(Clone)]
pub struct Cause(Arc<dyn std::error::Error + Send + Sync>);

impl Cause {
    /// Wraps an error or a text.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

/// Dereferences to the wrapped error, for example to downcast it.
impl Deref for Cause {
    type Target = dyn std::error::Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An operand in an error message: the name of a matrix in the formula, and its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand {
    /// The name in the formula, e.g. `A_prev`.
    pub name: &'static str,
    /// The shape, (rows, columns).
    pub shape: (usize, usize),
}

impl Operand {
    pub(crate) fn new<F>(name: &'static str, matrix: &ArrayRef2<F>) -> Self {
        Self { name, shape: matrix.dim() }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name, self.shape)
    }
}

/// A number that is printed with a power of ten if it would have many digits.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        let long = size != 0.0 && size.is_finite() && !(1e-9..1e18).contains(&size);
        if long { write!(f, "{:e}", self.0) } else { write!(f, "{}", self.0) }
    }
}

struct Place(Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |layer| write!(f, "layer {layer}: "))
    }
}

/// The position of a number in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// An entry of a matrix.
    Entry {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
    },
    /// A feature of an example: a row and a column of `X` (features, examples).
    Feature {
        /// The feature.
        feature: usize,
        /// The example.
        example: usize,
    },
    /// A label of an example, in a table of labels.
    Label {
        /// The number of the label in the table.
        label: usize,
        /// The example.
        example: usize,
    },
    /// An index into a list.
    Index(usize),
}

impl Position {
    /// Creates the position of an entry.
    pub(crate) fn entry(row: usize, column: usize) -> Self {
        Self::Entry { row, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Entry { row, column } => write!(f, "[{row}, {column}]"),
            Position::Feature { feature, example } => {
                write!(f, "[feature {feature}, example {example}]")
            }
            Position::Label { label, example } => {
                write!(f, "[label {label}, example {example}]")
            }
            Position::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A feature in a message: its number, and its name if it is known.
struct Feature<'a>(usize, &'a Option<String>);

impl fmt::Display for Feature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Feature(feature, Some(name)) => write!(f, "feature {feature} ({})", Name(name)),
            Feature(feature, None) => write!(f, "feature {feature}"),
        }
    }
}

/// A position in a message, with the name of its feature if it is known.
struct Named<'a>(Position, &'a Option<String>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Named(Position::Feature { feature, example }, name) => {
                write!(f, "[{}, example {example}]", Feature(*feature, name))
            }
            Named(position, _) => write!(f, "{position}"),
        }
    }
}

/// A name, which may come from a file: on one line, and cut if it is long.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 100;
        for (i, character) in self.0.chars().enumerate() {
            match character {
                _ if i == LONGEST => return f.write_char('…'),
                '\'' | '"' | '\\' => f.write_char(character)?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// The start of the message of [`Error::NoSuchClass`]: the class and its example.
struct NoClass(usize, Option<usize>);

impl fmt::Display for NoClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            NoClass(class, Some(example)) => {
                write!(f, "example {example} is of class {class}, but ")
            }
            NoClass(class, None) => write!(f, "there is no class {class}: "),
        }
    }
}

/// The end of the message of [`Error::NoSuchClass`]: the range of the class numbers.
struct Classes(usize);

impl fmt::Display for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.checked_sub(1) {
            Some(last) => write!(f, "the classes are 0 to {last}"),
            None => write!(f, "there are no classes"),
        }
    }
}
