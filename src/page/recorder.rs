use crate::checks::{check, check_argument, check_batch, check_finite, check_finite_features};
use crate::cost::Cost;
use crate::course::Iteration;
use crate::data::Standardizer;
use crate::error::Operand;
use crate::model::Epoch;
use crate::model::dataset::{Dataset, RawData, Split};
use crate::model::feature_names::OwnedNames;
use crate::model::fit::weights_or_ones;
use crate::model::history::EpochData;
use crate::{Error, Float, Parameters, Result};
use ndarray::ArrayRef2;
use std::fmt;
use std::ops::ControlFlow;

/// The number of frames that a recorder keeps of a small network.
const MOST_FRAMES: usize = 100;
/// The number of frames that a recorder keeps of a large network.
const FEWEST_FRAMES: usize = 20;
/// The number of weights and biases in all frames together, above [`FEWEST_FRAMES`].
const NUMBERS: usize = 24_000;
/// The largest network: its page has about 2 MB for each run.
const LARGEST: usize = 20_000;

/// A recorder of the parameters during a training, for a [`Film`](super::Film).
///
/// | training | recorder | call |
/// |---|---|---|
/// | a loop | [`with_data`](Self::with_data) | [`record`](Self::record) after each update |
/// | a model of the course | [`with_data`](Self::with_data) | [`iteration`](Self::iteration) |
/// | a fit of a model | [`new`](Self::new) | [`epoch`](Self::epoch) |
///
/// Call it as often as you like: a recorder keeps at most 100 frames, evenly spaced, and the last
/// call. When it is full, it drops every second frame. A call that is not kept copies the
/// parameters and computes nothing. A network with more than 240 weights and biases has fewer
/// frames, and at least 20.
///
/// The recorder holds a copy of the examples. The film computes cost, accuracy and gradients of
/// each frame from them, without L2, dropout and label smoothing.
///
/// ```
/// use dnn_blocks::course::datasets::moons;
/// use dnn_blocks::page::{Film, Recorder};
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let (x, y) = moons::<f64>(100, 0.1, &mut rng)?;
/// let mut parameters = initialize_parameters_deep(&[2, 4, 1], Initializer::He, &mut rng)?;
///
/// let mut recorder = Recorder::with_data("He", &x, &y)?;
/// recorder.record(0, &parameters)?;
/// for i in 1..=200 {
///     let (al, caches) = l_model_forward(&x, &parameters)?;
///     let gradients = l_model_backward(&al, &y, &caches)?;
///     update_parameters(&mut parameters, &gradients, 0.5)?;
///     recorder.record(i, &parameters)?;
/// }
/// let html = Film::new("Moons").page(&[&recorder])?;
/// assert!(html.contains("Moons"));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
pub struct Recorder<F> {
    name: String,
    /// What the numbers of the frames count.
    unit: Unit,
    /// `None` before the first epoch of a fit.
    data: Option<Data<F>>,
    frames: Vec<Frame<F>>,
    /// The last call, whether it is kept or not.
    last: Option<Frame<F>>,
    calls: usize,
    /// The distance between the kept calls.
    stride: usize,
    /// The first error of a callback.
    error: Option<Error>,
}

/// What a recorder counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Iterations,
    Epochs,
}

/// The parameters after a number of iterations or epochs.
pub(super) struct Frame<F> {
    pub number: usize,
    pub parameters: Parameters<F>,
}

/// What the network learns from. Features and targets are as the network sees them.
pub(super) struct Data<F> {
    pub cost: Cost,
    pub sets: Split<F>,
    pub scaler: Option<Standardizer<F>>,
    pub target_scaler: Option<Standardizer<F>>,
    pub feature_names: Option<OwnedNames>,
}

impl<F: Float> Recorder<F> {
    /// Creates a recorder for a fit, which gets cost, examples and standardizer from the first
    /// [`epoch`](Self::epoch). `name` is the heading of the run.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::page::{Film, Recorder};
    /// use dnn_blocks::prelude::*;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(2).epochs(20);
    /// let mut recorder = Recorder::new("8 units");
    /// let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
    /// let mut model = Classifier::<f64, &str>::new(hyperparameters);
    /// model.fit_with(Examples::rows(&x), &["no", "no", "yes", "yes"], options)?;
    ///
    /// let html = Film::new("Four examples").classes(model.classes()).page(&[&recorder])?;
    /// assert!(html.contains("8 units"));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_string(),
            unit: Unit::Epochs,
            data: None,
            frames: Vec::new(),
            last: None,
            calls: 0,
            stride: 1,
            error: None,
        }
    }

    /// Creates a recorder for a loop or a model of the course, with the training examples.
    ///
    /// `X` (features, m), `Y` (n_L, m) as the cost takes it; class numbers (1, m) for the
    /// categorical cost. The cost is the binary cross-entropy, unless [`cost`](Self::cost) sets
    /// another. `name` is the heading of the run.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `X` and `Y` differ in their number of columns,
    /// [`Error::EmptyBatch`] or [`Error::ZeroSize`] if one is empty, [`Error::NotFinite`] if a
    /// number is NaN or infinite, [`Error::TooLarge`] if the copy does not fit in memory.
    pub fn with_data(name: &str, x: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<Self> {
        let data = Data {
            cost: Cost::BinaryCrossEntropy,
            sets: Split { training: copied(x, y)?, validation: None },
            scaler: None,
            target_scaler: None,
            feature_names: None,
        };
        Ok(Self { unit: Unit::Iterations, data: Some(data), ..Self::new(name) })
    }

    /// Sets the cost.
    ///
    /// ```
    /// use dnn_blocks::course::datasets::spirals;
    /// use dnn_blocks::page::Recorder;
    /// use dnn_blocks::prelude::*;
    ///
    /// let (x, classes) = spirals::<f64>(90, 3, 0.2, &mut NumpyRandom::seed(1))?;
    /// let recorder = Recorder::with_data("softmax", &x, &classes)?;
    /// let recorder = recorder.cost(Cost::CategoricalCrossEntropy)?;
    /// # let _ = recorder;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Inconsistent`] for a recorder of a fit, which has its own cost.
    pub fn cost(mut self, cost: Cost) -> Result<Self> {
        self.given_data()?.cost = cost;
        Ok(self)
    }

    /// Sets a validation set, whose cost and accuracy the film shows too.
    ///
    /// ```
    /// # use dnn_blocks::course::datasets::moons;
    /// # use dnn_blocks::page::Recorder;
    /// # use dnn_blocks::prelude::*;
    /// let mut rng = NumpyRandom::seed(1);
    /// let (x, y) = moons::<f64>(100, 0.1, &mut rng)?;
    /// let (validation_x, validation_y) = moons(50, 0.1, &mut rng)?;
    /// let recorder = Recorder::with_data("He", &x, &y)?;
    /// let recorder = recorder.validation(&validation_x, &validation_y)?;
    /// # let _ = recorder;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`with_data`](Self::with_data), [`Error::ShapeMismatch`] if the set has other
    /// features or labels than the training set, [`Error::Inconsistent`] for a recorder of a fit.
    pub fn validation(mut self, x: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<Self> {
        let sets = &mut self.given_data()?.sets;
        for (name, training, set) in [("X", sets.training.x(), x), ("Y", sets.training.y(), y)] {
            let (left, right) = (Operand::new(name, &training), Operand::new("validation", set));
            check(left.shape.0 == right.shape.0, left, right, "same rows")?;
        }
        sets.validation = Some(copied(x, y)?);
        Ok(self)
    }

    /// Sets the standardizer of the examples, so that the film shows features in their own units.
    ///
    /// The examples of the recorder are the standardized ones.
    ///
    /// ```
    /// # use dnn_blocks::course::datasets::moons;
    /// # use dnn_blocks::page::Recorder;
    /// # use dnn_blocks::prelude::*;
    /// let (x, y) = moons::<f64>(100, 0.1, &mut NumpyRandom::seed(1))?;
    /// let scaler = Standardizer::fit(&x)?;
    /// let recorder = Recorder::with_data("He", &scaler.transform(&x)?, &y)?.scaler(&scaler)?;
    /// # let _ = recorder;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if it has another number of features, [`Error::Inconsistent`] for a
    /// recorder of a fit.
    pub fn scaler(mut self, scaler: &Standardizer<F>) -> Result<Self> {
        let data = self.given_data()?;
        let mean = Operand::new("mean", scaler.mean());
        let x = Operand::new("X", &data.sets.training.x());
        check(mean.shape.0 == x.shape.0, mean, x, "same rows")?;
        data.scaler = Some(scaler.clone());
        Ok(self)
    }

    /// Records the parameters after a number of iterations, 0 for the initial ones.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidArgument`] unless `iteration` is larger than in the last call, or if the
    ///   network has more than 20,000 weights and biases.
    /// - [`Error::ShapeMismatch`] or [`Error::LayerCount`] if the network does not fit the examples
    ///   or the network of the first call.
    /// - [`Error::Inconsistent`] if an activation has changed, or if the recorder has no examples.
    /// - [`Error::TooLarge`] if the copy does not fit in memory.
    pub fn record(&mut self, iteration: usize, parameters: &Parameters<F>) -> Result<()> {
        self.given_data()?;
        self.keep(iteration, parameters)
    }

    /// Records an iteration of a model of the course, in the callback of
    /// [`Descent::on_iteration`](crate::course::Descent::on_iteration).
    ///
    /// The number of the frame is the number of updates, which is 1 after iteration 0. The training
    /// always continues. [`Film::page`](super::Film::page) returns the first error.
    ///
    /// ```
    /// use dnn_blocks::course::datasets::load_planar_dataset;
    /// use dnn_blocks::course::{Descent, nn_model};
    /// use dnn_blocks::page::{Film, Recorder};
    /// use dnn_blocks::prelude::*;
    ///
    /// let (x, y) = load_planar_dataset::<f64>(400, &mut NumpyRandom::seed(1))?;
    /// let mut recorder = Recorder::with_data("four tanh units", &x, &y)?;
    /// let descent = Descent::new(1.2, 500).on_iteration(|iteration| recorder.iteration(iteration));
    /// nn_model(&x, &y, 4, descent, &mut NumpyRandom::seed(3))?;
    /// let html = Film::new("The flower").classes(["red", "blue"]).page(&[&recorder])?;
    /// assert!(html.contains("four tanh units"));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn iteration(&mut self, iteration: &Iteration<'_, F>) -> ControlFlow<()> {
        let result = self.record(iteration.iteration.saturating_add(1), iteration.parameters);
        self.remember(result)
    }

    /// Records an epoch of a fit, in the callback of
    /// [`FitOptions::on_epoch`](crate::model::FitOptions::on_epoch).
    ///
    /// The number of the frame is the number of epochs, which is 1 after epoch 0. The training
    /// always continues. [`Film::page`](super::Film::page) returns the first error, such as other
    /// examples in a later epoch. In a distributed fit, a recorder has the examples of its rank only.
    pub fn epoch(&mut self, epoch: &Epoch<'_, F>) -> ControlFlow<()> {
        let result = self.keep_epoch(epoch);
        self.remember(result)
    }

    fn keep_epoch(&mut self, epoch: &Epoch<'_, F>) -> Result<()> {
        if self.unit == Unit::Iterations {
            let what = "the recorder of a fit has examples of its own: create it by Recorder::new";
            return Err(Error::Inconsistent { what });
        }
        match &self.data {
            None => self.data = Some(Data::of_fit(&epoch.data)?),
            Some(data) if data.sets.training.x() == epoch.data.training.x() => {}
            Some(_) => {
                let what = "the recorder has seen other examples: use one for each fit";
                return Err(Error::Inconsistent { what });
            }
        }
        self.keep(epoch.record.epoch.saturating_add(1), epoch.parameters)
    }

    /// Returns the data that the caller has passed.
    fn given_data(&mut self) -> Result<&mut Data<F>> {
        match (&mut self.data, self.unit) {
            (Some(data), Unit::Iterations) => Ok(data),
            _ => Err(Error::Inconsistent {
                what: "the recorder has no examples: create it by Recorder::with_data",
            }),
        }
    }

    /// Keeps the first error of a callback.
    fn remember(&mut self, result: Result<()>) -> ControlFlow<()> {
        if let (Err(error), None) = (result, &self.error) {
            self.error = Some(error);
        }
        ControlFlow::Continue(())
    }

    /// Copies the parameters of a call, and keeps a frame if it is one of every `stride` calls.
    fn keep(&mut self, number: usize, parameters: &Parameters<F>) -> Result<()> {
        match &mut self.last {
            Some(last) => last.replace(number, parameters)?,
            None => self.last = Some(self.first(number, parameters)?),
        }
        if self.calls.is_multiple_of(self.stride) && self.frames.len() == room(parameters) {
            self.drop_every_second();
        }
        if self.calls.is_multiple_of(self.stride) {
            self.frames.push(Frame { number, parameters: parameters.try_clone()? });
        }
        self.calls += 1;
        Ok(())
    }

    /// Checks the network of the first call and returns a copy.
    fn first(&self, number: usize, parameters: &Parameters<F>) -> Result<Frame<F>> {
        if let Some(data) = &self.data {
            parameters.check_features(&data.sets.training.x())?;
        }
        let count = parameters.count();
        let name = "the number of weights and biases in a film";
        check_argument(count <= LARGEST, name, count as f64, "at most 20000")?;
        Ok(Frame { number, parameters: parameters.try_clone()? })
    }

    fn drop_every_second(&mut self) {
        let mut number = 0;
        self.frames.retain(|_| {
            number += 1;
            number % 2 == 1
        });
        self.stride = self.stride.saturating_mul(2);
    }

    /// Returns the heading of the run.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn unit(&self) -> Unit {
        self.unit
    }

    /// Returns the data and the frames, or the first error of a callback.
    pub(super) fn recording(&self) -> Result<(&Data<F>, Vec<&Frame<F>>)> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let last = self.last.iter();
        let kept = self.frames.last().map(|frame| frame.number);
        let frames: Vec<_> =
            self.frames.iter().chain(last.filter(|last| Some(last.number) != kept)).collect();
        match &self.data {
            Some(data) if !frames.is_empty() => Ok((data, frames)),
            _ => {
                let rule = "at least 1: call `record`, `iteration` or `epoch`";
                Err(Error::InvalidArgument { name: "the number of frames", value: 0.0, rule })
            }
        }
    }
}

impl<F> fmt::Debug for Recorder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("name", &self.name)
            .field("calls", &self.calls)
            .field("frames", &self.frames.len())
            .finish_non_exhaustive()
    }
}

impl<F: Float> Frame<F> {
    /// Replaces the frame by a later one of the same network.
    fn replace(&mut self, number: usize, parameters: &Parameters<F>) -> Result<()> {
        let rule = "larger than in the last call";
        check_argument(number > self.number, "iteration", number as f64, rule)?;
        check_same_network(&self.parameters, parameters)?;
        self.number = number;
        self.parameters.assign(parameters);
        Ok(())
    }
}

/// Returns how many frames of a network a recorder keeps.
fn room<F: Float>(parameters: &Parameters<F>) -> usize {
    (NUMBERS / parameters.count()).clamp(FEWEST_FRAMES, MOST_FRAMES)
}

/// Checks that two networks have layers of the same shapes and activations.
fn check_same_network<F: Float>(first: &Parameters<F>, found: &Parameters<F>) -> Result<()> {
    let (layers, found) = (first.layers(), found.layers());
    if layers.len() != found.len() {
        return Err(Error::LayerCount { expected: layers.len(), found: found.len() });
    }
    for (l, (layer, found)) in layers.iter().zip(found).enumerate() {
        let (left, right) = (Operand::new("W", &found.w), Operand::new("W", &layer.w));
        let rule = "the network of all frames must be the same";
        check(left.shape == right.shape, left, right, rule).map_err(|e| e.in_layer(l + 1))?;
        if layer.activation != found.activation {
            return Err(Error::Inconsistent { what: "an activation changes between two frames" });
        }
    }
    Ok(())
}

/// Copies checked examples.
fn copied<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<Dataset<F>> {
    let (left, right) = (Operand::new("X", x), Operand::new("Y", y));
    check_batch(left)?;
    check_batch(right)?;
    check(x.ncols() == y.ncols(), left, right, "same columns")?;
    check_finite_features("X", x)?;
    check_finite("Y", y)?;
    let weights = weights_or_ones(x.ncols(), None)?;
    Dataset::new(&RawData { x, y, weights: &weights, names: None })
}

impl<F: Float> Data<F> {
    /// Copies the data of a fit.
    fn of_fit(data: &EpochData<'_, F>) -> Result<Self> {
        Ok(Self {
            cost: data.cost.clone(),
            sets: Split {
                training: data.training.try_clone()?,
                validation: data.validation.map(Dataset::try_clone).transpose()?,
            },
            scaler: data.scaler.cloned(),
            target_scaler: data.target_scaler.cloned(),
            feature_names: data.feature_names.cloned(),
        })
    }
}
