use super::history::History;
use super::network::{Network, Task, Trainer};
use super::options::{FitOptions, Watch};
use super::sets::{Set, Sets, check_data};
use super::{ClassWeights, Examples, Hyperparameters};
use crate::buffer;
use crate::cost::Cost;
use crate::error::{Operand, check_batch, check_lengths};
use crate::init::NumpyRandom;
use crate::train::reduce::{Alone, Team};
use crate::metrics::accuracy;
use crate::data::{Classes, Standardizer, predicted_class, predicted_classes, stratified_split};
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2};

/// A network that tells classes apart: one sigmoid output for two of them, a softmax for more.
///
/// Labels are of any type with an order: integers, strings, an enum of yours.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8], [0.0, 1.0], [0.1, 0.9]];
/// let labels = [7, 7, 9, 9, 8, 8];
/// let how = Hyperparameters::default().hidden(&[16]).batch_size(6).epochs(200).learning_rate(0.02);
/// let mut model = Classifier::<f64, i32>::new(how);
/// let history = model.fit(Examples::rows(&x), &labels)?;
/// assert!(history.epochs[199].cost < 0.05);
/// assert_eq!(model.score(Examples::rows(&x), &labels)?, 1.0);
/// assert_eq!(model.predict_proba(Examples::rows(&x))?.dim(), (6, 3));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Classifier<F, L> {
    pub(super) hyperparameters: Hyperparameters,
    pub(super) declared: Option<Classes<L>>,
    pub(super) learnt: Option<(Classes<L>, Network<F>)>,
}

impl<F: Float, L: Ord + Clone> Classifier<F, L> {
    /// A classifier that has learnt nothing yet.
    pub fn new(hyperparameters: Hyperparameters) -> Self {
        Self { hyperparameters, declared: None, learnt: None }
    }

    /// Declares the classes, for those who [`partial_fit`](Self::partial_fit) on tables that do
    /// not have all of them, or whose order of classes is to stay.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let model =
    ///     Classifier::<f32, &str>::new(Hyperparameters::default()).with_classes(&["cat", "dog"]);
    /// assert_eq!(model.classes(), ["cat", "dog"]);
    /// ```
    #[must_use]
    pub fn with_classes(mut self, classes: &[L]) -> Self {
        self.declared = Some(Classes::of(classes));
        self.learnt = None;
        self
    }

    /// Learns from the start, whatever was learnt before.
    ///
    /// The labels are one for each example, and the classes those that occur in them, unless
    /// [`with_classes`](Self::with_classes) named the classes.
    ///
    /// # Errors
    ///
    /// Before the first step: [`Error::Hyperparameter`]; [`Error::LengthMismatch`],
    /// [`Error::EmptyBatch`], [`Error::ZeroSize`]; [`Error::NotFinite`], which names feature and
    /// example; [`Error::ConstantFeature`]; [`Error::OneClass`]; [`Error::TooFewExamples`];
    /// [`Error::NoWeight`].
    /// During it: [`Error::Diverged`], which names epoch and batch. The model then holds the
    /// parameters of the last epoch that was finite, or the initial ones if that was none.
    pub fn fit(&mut self, x: Examples<'_, F>, labels: &[L]) -> Result<History> {
        self.fit_with(x, labels, FitOptions::new())
    }

    /// [`fit`](Self::fit) with a weight for each example, or a callback after each epoch, which
    /// may stop the training: what was learnt so far is kept.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    /// use std::ops::ControlFlow;
    ///
    /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    /// let how = Hyperparameters::default().hidden(&[8]).batch_size(4).learning_rate(0.05);
    /// let mut model = Classifier::<f64, bool>::new(how);
    /// let labels = [false, false, true, true];
    /// let until = FitOptions::new().on_epoch(|epoch| {
    ///     if epoch.record.cost < 0.1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// });
    /// let history = model.fit_with(Examples::rows(&x), &labels, until)?;
    /// assert!(history.stopped_early);
    /// assert_eq!(model.predict(Examples::rows(&x))?, labels);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit); [`Error::Weight`] if a weight is negative or not finite;
    /// [`Error::Checkpoint`] where there are checkpoints.
    pub fn fit_with(
        &mut self,
        x: Examples<'_, F>,
        labels: &[L],
        options: FitOptions<'_, F>,
    ) -> Result<History> {
        let FitOptions { weights, watch } = options;
        let (how, team) = (&self.hyperparameters, watch.team);
        let x = x.as_columns();
        let place = check_data(how, &x, ("the labels", labels.len()), weights, team)?;
        let (classes, numbers) = team.all_have(self.numbered(labels, team))?;
        team.agree("number of classes", &classes.names().len())?;
        check_classes(&numbers, team)?;
        let weights = example_weights(how, &numbers, classes.names().len(), weights, team)?;
        let (task, y) = (task(classes.names().len()), team.all_have(label_row(&numbers))?);
        #[cfg(feature = "safetensors")]
        let watch = watch.of_data(how, (&x, &y, &weights), place.0)?;

        let mut rng = NumpyRandom::seed(how.seed);
        let parts = match how.validation_share {
            0.0 => None,
            share => {
                let own = buffer::list("labels", y.len(), y.iter().copied());
                let all = team.gather(team.all_have(own)?)?;
                let all = all.iter().map(|number| number.as_f64() as usize);
                let all = team.all_have(buffer::list("labels", all.len(), all))?;
                let parts = team.all_have(stratified_split(&all, share, &mut rng))?;
                check_some_classes(parts.0.iter().map(|&i| all[i]))?;
                Some(parts)
            }
        };
        let sets = Sets::of((&x, &y, &weights), parts.as_ref(), place);
        let mut sets = team.all_have(sets)?;
        sets.check(how, team)?;
        let scaler = team.all_have(sets.standardize(how, team))?;
        let network = Network::new(how, &task, x.nrows(), scaler, rng);
        let mut network = team.all_have(network)?;
        #[cfg(feature = "safetensors")]
        let watch = watch.take_up(&mut network, how)?;
        let trainer = Trainer::new(how, &task, &sets, watch, &mut network)?;
        let history = trainer.run(&mut network, how.epochs);
        self.learnt = Some((classes, network));
        history
    }

    /// The classes, and the number of each label.
    fn numbered(&self, labels: &[L], team: &dyn Team<F>) -> Result<(Classes<L>, Vec<usize>)> {
        let classes = match &self.declared {
            Some(classes) => classes.clone(),
            None if team.is_alone() => Classes::of(labels),
            None => {
                let what = "a process knows its own labels only: name all by with_classes";
                return Err(Error::Inconsistent { what });
            }
        };
        let numbers = classes.encode(labels)?;
        Ok((classes, numbers))
    }

    /// One more epoch on these examples, from where the last one ended: for tables that come one
    /// after the other. The first makes the network; its classes and its scale are those of its
    /// examples, unless [`with_classes`](Self::with_classes) named the classes.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let how = Hyperparameters::default().hidden(&[8]).learning_rate(0.1);
    /// let mut model = Classifier::<f64, i32>::new(how).with_classes(&[0, 1]);
    /// for _ in 0..50 {
    ///     model.partial_fit(Examples::rows(&array![[0.1, 0.2], [0.9, 0.7]]), &[0, 1])?;
    ///     model.partial_fit(Examples::rows(&array![[0.8, 0.9], [0.7, 1.0]]), &[1, 1])?;
    /// }
    /// assert_eq!(model.predict(Examples::rows(&array![[0.0, 0.0], [1.0, 1.0]]))?, [0, 1]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`fit`](Self::fit), but for constant features, one class and few examples;
    /// [`Error::UnknownLabel`] if a label is new.
    ///
    /// After [`Error::Diverged`] the parameters are those before the call, and the optimizer starts
    /// anew. Any other error leaves the model as it was.
    pub fn partial_fit(&mut self, x: Examples<'_, F>, labels: &[L]) -> Result<History> {
        let how = self.hyperparameters.clone().constant_features(true);
        let x = x.as_columns();
        check_data(&how, &x, ("the labels", labels.len()), None, &Alone)?;
        let learnt = self.learnt.as_ref().map(|(classes, _)| classes);
        let known = learnt.or(self.declared.as_ref()).cloned();
        let classes = known.unwrap_or_else(|| Classes::of(labels));
        let numbers = classes.encode(labels)?;
        let count = classes.names().len();
        if count < 2 {
            return Err(Error::OneClass);
        }
        let weights = example_weights(&how, &numbers, count, None, &Alone)?;
        let mut set = Set::all(&x, &label_row(&numbers)?, &weights)?;
        let task = task(count);
        let mut new = match self.learnt {
            Some(_) => None,
            None => {
                let scaler = if how.standardize { Some(Standardizer::fit(&x)?) } else { None };
                let rng = NumpyRandom::seed(how.seed);
                Some((classes, Network::new(&how, &task, x.nrows(), scaler, rng)?))
            }
        };
        let (_, network) = new.as_mut().or(self.learnt.as_mut()).expect("one of the two");
        network.check_features(&x)?;
        if let Some(scaler) = &network.scaler {
            set.standardize(scaler)?;
        }
        let sets = Sets { training: set, validation: None };
        let trainer = Trainer::new(&how, &task, &sets, Watch::nothing(), network)?;
        let until = network.epochs + 1;
        let history = trainer.run(network, until);
        self.learnt = new.or(self.learnt.take());
        history
    }

    /// The most probable class of each example.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`]; [`Error::ShapeMismatch`] with the W of layer 1 if there are not as
    /// many features as in training; [`Error::NotFinite`]; [`Error::NotFiniteEntry`] if numbers so
    /// large that the network cannot follow give an output that is not finite.
    pub fn predict(&self, x: Examples<'_, F>) -> Result<Vec<L>> {
        let (classes, network) = self.learnt.as_ref().ok_or(Error::NotFitted)?;
        classes.decode(&predicted_classes(&network.outputs(&x)?)?)
    }

    /// The probability of each class: (examples, classes) for [rows](Examples::rows),
    /// (classes, examples) for [columns](Examples::columns).
    ///
    /// [`predicted_classes`] turns columns of probabilities into class numbers; of rows it takes
    /// the transpose. Class c is [`classes()[c]`](Self::classes).
    ///
    /// # Errors
    ///
    /// Those of [`predict`](Self::predict).
    pub fn predict_proba(&self, x: Examples<'_, F>) -> Result<Array2<F>> {
        let al = self.learnt.as_ref().ok_or(Error::NotFitted)?.1.outputs(&x)?;
        if al.nrows() > 1 {
            return Ok(x.like_these(al));
        }
        let mut both = crate::buffer::zeros("probabilities", (2, al.ncols()))?;
        for (mut both, &a) in both.columns_mut().into_iter().zip(&al) {
            (both[0], both[1]) = (F::one() - a, a);
        }
        Ok(x.like_these(both))
    }

    /// The share of the examples that is predicted right.
    ///
    /// # Errors
    ///
    /// Those of [`predict`](Self::predict); [`Error::LengthMismatch`], [`Error::UnknownLabel`].
    pub fn score(&self, x: Examples<'_, F>, labels: &[L]) -> Result<f64> {
        check_lengths(("X", x.len()), ("the labels", labels.len()))?;
        let (classes, network) = self.learnt.as_ref().ok_or(Error::NotFitted)?;
        accuracy(&predicted_classes(&network.outputs(&x)?)?, &classes.encode(labels)?)
    }

    /// The classes in the order of the outputs: sorted. Empty before they are known.
    pub fn classes(&self) -> &[L] {
        let learnt = self.learnt.as_ref().map(|(classes, _)| classes);
        learnt.or(self.declared.as_ref()).map_or(&[], Classes::names)
    }
}

impl<F: Float, L> Classifier<F, L> {
    /// What was chosen before training.
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyperparameters
    }

    /// What was learnt, if something was. The network takes examples that have been
    /// [scaled](Self::scaler).
    pub fn parameters(&self) -> Option<&Parameters<F>> {
        self.learnt.as_ref().map(|(_, network)| &network.parameters)
    }

    /// How the features are brought to mean 0 and deviation 1, if they are.
    pub fn scaler(&self) -> Option<&Standardizer<F>> {
        self.learnt.as_ref().and_then(|(_, network)| network.scaler.as_ref())
    }
}

pub(super) fn task<F: Float>(classes: usize) -> Task<F> {
    let two = classes == 2;
    Task {
        cost: if two { Cost::BinaryCrossEntropy } else { Cost::CategoricalCrossEntropy },
        outputs: if two { 1 } else { classes },
        score: share_of_right,
    }
}

/// The share of the examples whose class is that of the outputs; allocates nothing.
fn share_of_right<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<f64> {
    check_batch(Operand::of("AL", al))?;
    let examples = al.columns().into_iter().zip(y.row(0));
    let right = examples.filter(|(a, y)| predicted_class(*a) == y.as_f64() as usize).count();
    Ok(right as f64 / al.ncols() as f64)
}

/// The numbers of the classes as a row, (1, m).
fn label_row<F: Float>(numbers: &[usize]) -> Result<Array2<F>> {
    let mut row = buffer::zeros("Y", (1, numbers.len()))?;
    row.iter_mut().zip(numbers).for_each(|(y, &number)| *y = F::of(number as f64));
    Ok(row)
}

/// `Ok` if there are two classes among these.
fn check_some_classes(mut numbers: impl Iterator<Item = usize>) -> Result<()> {
    let first = numbers.next();
    if numbers.any(|number| Some(number) != first) { Ok(()) } else { Err(Error::OneClass) }
}

/// `Ok` if there are two classes among those of all processes.
fn check_classes<F: Float>(numbers: &[usize], team: &dyn Team<F>) -> Result<()> {
    let of = |number: Option<&usize>, sign: f64| {
        number.map_or(f64::NEG_INFINITY, |&number| sign * number as f64)
    };
    let mut range = [of(numbers.iter().max(), 1.0), of(numbers.iter().min(), -1.0)];
    team.largest(&mut range);
    if range[0] == -range[1] { Err(Error::OneClass) } else { Ok(()) }
}

/// The weight of each example: its own times that of its class.
fn example_weights<F: Float>(
    how: &Hyperparameters,
    numbers: &[usize],
    classes: usize,
    own: Option<&[F]>,
    team: &dyn Team<F>,
) -> Result<Vec<F>> {
    let of_class = match &how.class_weights {
        ClassWeights::Equal => vec![1.0; classes],
        ClassWeights::Balanced => {
            let mut counts = vec![0.0; classes];
            numbers.iter().for_each(|&number| counts[number] += 1.0);
            team.sum(&mut counts);
            let all: f64 = counts.iter().sum();
            counts.iter().map(|count| all / (classes as f64 * f64::max(*count, 1.0))).collect()
        }
        ClassWeights::Given(weights) => {
            check_lengths(("class_weights", weights.len()), ("the classes", classes))?;
            weights.clone()
        }
    };
    let own = |i: usize| own.map_or(1.0, |own| own[i].as_f64());
    let weights = numbers.iter().enumerate().map(|(i, &n)| F::of(of_class[n] * own(i)));
    team.all_have(buffer::list("weights", numbers.len(), weights))
}
