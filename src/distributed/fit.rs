//! Fits of the models on the examples of all ranks.
//!
//! A distributed fit does the steps of the local fit of [`model`](crate::model). In addition, the
//! ranks compare the values that must be equal, an error on one rank becomes an error on all, and
//! statistics, gradients and costs are reduced over all examples.

use super::Ranks;
use super::comparable::State;
use super::reducer::RankReducer;
use super::standardize::standardizer;
use crate::buffer;
use crate::checks::{check_batch, check_finite_features, check_lengths};
use crate::data::Standardizer;
use crate::data::standardizer::{feature_divisor, target_divisor};
use crate::error::Operand;
use crate::init::NumpyRandom;
#[cfg(feature = "safetensors")]
use crate::model::checkpointing::{FitId, fingerprint, names_fingerprint};
use crate::model::classifier::{
    check_all_classes, check_training_classes, check_two_classes, class_counts, class_weights,
    example_weights, label_row, stratified_columns,
};
use crate::model::dataset::{Dataset, Evaluation, RawData, Split, check_sizes, targets};
use crate::model::feature_names::{FeatureNames, OwnedNames};
use crate::model::fit::{
    Start, TrainedNetwork, check_new_weights, check_weights, chosen_columns, continued_names,
    epochs, random_columns, weights_or_ones, with_names,
};
use crate::model::head::Head;
use crate::model::history::{OnBatch, OnEpoch};
use crate::model::network::Network;
use crate::model::output_buffers::OutputBuffers;
use crate::model::table_fit::TableFit;
use crate::model::trainer::{Evaluate, Session, Source, Trainer, batch_size, monitors_training};
use crate::model::{
    Classifier, Examples, FitOptions, History, Hyperparameters, LabelSets, MultiLabelClassifier,
    Regressor,
};
use crate::train::batches::Batches;
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, ArrayView2};
use std::ops::ControlFlow;

impl Ranks<'_> {
    /// Fits a classifier to the examples of all ranks.
    ///
    /// Each rank passes its own examples, possibly none. Every rank ends with the same model.
    /// Except for rounding, it is the model that a single process fits to all examples in the order
    /// of the ranks.
    ///
    /// - Declare the classes by [`Classifier::with_classes`], because a rank knows only its own
    ///   labels. Only the number of declared classes is compared: to compare the labels, call
    ///   [`ensure_equal`](Self::ensure_equal).
    /// - All ranks pass the same names of features, or none, also a rank without examples.
    /// - A callback that stops on one rank stops all ranks.
    /// - [`Epoch::training_score`](crate::model::Epoch::training_score) is the score of the
    ///   examples of this rank, and an error if there are none.
    /// - Rank 0 reads and writes the checkpoints. A fit can resume on another number of ranks if
    ///   the examples have the same order.
    /// - [`Classifier::partial_fit`] trains the model of one rank only.
    ///
    /// ```no_run
    /// use dnn_blocks::distributed::{Ranks, mpi};
    /// use dnn_blocks::ndarray::Array2;
    /// use dnn_blocks::prelude::*;
    ///
    /// let universe = mpi::initialize().expect("MPI is not running yet");
    /// let ranks = Ranks::new(&universe);
    /// # let (x, labels) = (Array2::<f32>::zeros((100, 8)), vec!["no"; 100]);
    /// let mut model = Classifier::new(Hyperparameters::default()).with_classes(&["no", "yes"]);
    /// ranks.fit_classifier(&mut model, Examples::rows(&x), &labels, FitOptions::new())?;
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// All ranks return an error if one does. [`Error::Inconsistent`] if the classes are not
    /// declared; [`Error::Disagreement`] if hyperparameters, the number of features, their names or
    /// the number of classes differ; the errors of [`Classifier::fit_with`], wrapped in an
    /// [`Error::OnRank`] if they come from one rank.
    pub fn fit_classifier<F: Float, L: Ord + Clone>(
        &self,
        model: &mut Classifier<F, L>,
        x: Examples<'_, F>,
        labels: &[L],
        mut options: FitOptions<'_, F>,
    ) -> Result<History> {
        let hyperparameters = &model.hyperparameters;
        let labels_of = ("labels", labels.len());
        let (first, total) = self.check_examples(hyperparameters, &x, labels_of, &options)?;
        let (examples, x) = (x, &x.as_columns());
        let continued = if options.warm_start { model.to_continue() } else { Ok(None) };
        let continued = self.all_ok(continued)?;
        self.ensure_same_start(continued.map(|(_, network)| network), None)?;
        let names = continued_names(continued.map(|(_, network)| network), &examples);
        let names = self.all_ok(names)?;
        let names = names.as_ref();
        match continued {
            Some((_, network)) => network.parameters.check_features(x)?,
            None => {
                let fitted = model.fitted.as_ref().map(|(_, network)| network);
                self.all_ok(check_new_weights(hyperparameters, fitted))?;
                self.check_constant_features(hyperparameters, (x, names), total)?;
            }
        }
        let undeclared = "the classes are not declared: a rank knows only its own labels, so call `with_classes`";
        let known = continued.map(|(classes, _)| classes).or(model.declared.as_ref());
        let classes = known.cloned().ok_or(Error::Inconsistent { what: undeclared });
        let classes = self.all_ok(classes)?;
        let numbers = self.all_ok(classes.encode(labels))?;
        self.ensure_equal("number of classes", &classes.names().len())?;
        self.check_two_classes(&numbers)?;
        let mut counts = class_counts(&numbers, &classes);
        self.all_reduce_sum(&mut counts);
        if continued.is_some() && model.declared.is_none() {
            check_all_classes(&counts)?;
        }
        let class_weights = class_weights(hyperparameters, &counts)?;
        let weights = self.all_ok(example_weights(&numbers, &class_weights, options.weights))?;
        let y = self.all_ok(label_row(&numbers))?;
        let data = RawData { x, y: &y, weights: &weights, names };

        let mut rng = NumpyRandom::seed(hyperparameters.seed);
        let validation = options.validation.take();
        let is_chosen = validation.is_some();
        let has_validation = is_chosen || hyperparameters.validation_share != 0.0;
        let all = if has_validation { self.all_numbers(&numbers)? } else { Vec::new() };
        let columns = match validation {
            Some(validation) => {
                let own = (x.ncols(), first, total);
                Some(self.chosen_columns(hyperparameters, validation, own)?)
            }
            None => self.all_ok(stratified_columns(hyperparameters, &all, &counts, &mut rng))?,
        };
        let split = self.split(&data, columns.as_ref(), (first, total))?;
        split.check(self)?;
        check_training_classes(columns.as_ref(), &all)?;
        let head = Head::classification(hyperparameters, classes.names().len())?;
        let chosen = columns.as_ref().filter(|_| is_chosen).map(|(_, validation)| &validation[..]);
        let network = continued.map(|(_, network)| network);
        let start = self.all_ok(Start::new(network, None, chosen, rng))?;
        let (network, history) =
            self.train(hyperparameters, &head, (&data, first), split, start, options)?;
        model.fitted = Some((classes, network));
        history
    }

    /// Fits a regressor to the examples of all ranks.
    ///
    /// Model, callback, checkpoints and `partial_fit` behave as in
    /// [`fit_classifier`](Self::fit_classifier).
    ///
    /// # Errors
    ///
    /// All ranks return an error if one does. [`Error::Disagreement`] if hyperparameters, the
    /// number of features, their names or the number of outputs differ; the errors of
    /// [`Regressor::fit_with`], wrapped in an [`Error::OnRank`] if they come from one rank.
    pub fn fit_regressor<F: Float>(
        &self,
        model: &mut Regressor<F>,
        x: Examples<'_, F>,
        targets: Examples<'_, F>,
        options: FitOptions<'_, F>,
    ) -> Result<History> {
        let (hyperparameters, y) = (&model.hyperparameters, targets.as_columns());
        let share = self.check_examples(hyperparameters, &x, ("Y", y.ncols()), &options)?;
        let scaler = model.target_scaler.as_ref();
        let fit = self.all_ok(TableFit::new(hyperparameters, Head::regression, x, &y, scaler))?;
        let network = model.network.as_ref();
        let ((network, history), target_scaler) = self.fit_table(&fit, share, network, options)?;
        (model.target_scaler, model.network) = (target_scaler, Some(network));
        history
    }

    /// Fits a multi-label classifier to the examples of all ranks.
    ///
    /// Declare the labels by [`MultiLabelClassifier::with_labels`], because a rank knows only its
    /// own. Otherwise model, callback, checkpoints and `partial_fit` behave as in
    /// [`fit_classifier`](Self::fit_classifier).
    ///
    /// # Errors
    ///
    /// All ranks return an error if one does. [`Error::Inconsistent`] if the labels are not
    /// declared; [`Error::Disagreement`] if hyperparameters, the number of features, their names or
    /// the number of labels differ; the errors of [`MultiLabelClassifier::fit_with`], wrapped in an
    /// [`Error::OnRank`] if they come from one rank.
    pub fn fit_multi_label<'l, F: Float, L: Ord + Clone + 'l>(
        &self,
        model: &mut MultiLabelClassifier<F, L>,
        x: Examples<'_, F>,
        labels: impl Into<LabelSets<'l, F, L>>,
        options: FitOptions<'_, F>,
    ) -> Result<History> {
        let (hyperparameters, sets) = (&model.hyperparameters, labels.into());
        let share =
            self.check_examples(hyperparameters, &x, ("label sets", sets.len()), &options)?;
        let (labels, y) = self.all_ok(model.encode_known(&sets, options.warm_start))?;
        let fit = self.all_ok(TableFit::new(hyperparameters, Head::multi_label, x, &y, None))?;
        let network = model.fitted.as_ref().map(|(_, network)| network);
        let ((network, history), _) = self.fit_table(&fit, share, network, options)?;
        model.fitted = Some((labels, network));
        history
    }

    /// Fits a network to the targets of all ranks, as [`TableFit::fit`] does on one process. The
    /// examples of this rank are those from the number `first` on, of `total`.
    fn fit_table<F: Float>(
        &self,
        fit: &TableFit<'_, '_, F>,
        (first, total): (usize, usize),
        fitted: Option<&Network<F>>,
        mut options: FitOptions<'_, F>,
    ) -> Result<(TrainedNetwork<F>, Option<Standardizer<F>>)> {
        let TableFit { hyperparameters, head, y, target_scaler, .. } = fit;
        let x = &fit.x.as_columns();
        let continued = fitted.filter(|_| options.warm_start);
        self.ensure_same_start(continued, *target_scaler)?;
        let names = self.all_ok(continued_names(continued, &fit.x))?;
        let names = names.as_ref();
        self.all_ok(check_finite_features("Y", y))?;
        self.ensure_equal("number of outputs", &y.nrows())?;
        self.all_ok(head.check_targets(y))?;
        match continued {
            Some(network) => {
                network.parameters.check_features(x)?;
                network.check_outputs(y)?;
            }
            None => {
                self.all_ok(check_new_weights(hyperparameters, fitted))?;
                self.check_constant_features(hyperparameters, (x, names), total)?;
            }
        }
        let weights = self.all_ok(weights_or_ones(x.ncols(), options.weights))?;
        let data = RawData { x, y, weights: &weights, names };

        let mut rng = NumpyRandom::seed(hyperparameters.seed);
        let validation = options.validation.take();
        let is_chosen = validation.is_some();
        let columns = match validation {
            Some(validation) => {
                let own = (x.ncols(), first, total);
                Some(self.chosen_columns(hyperparameters, validation, own)?)
            }
            None => self.all_ok(random_columns(hyperparameters, total, &mut rng))?,
        };
        let mut split = self.split(&data, columns.as_ref(), (first, total))?;
        split.check(self)?;
        let target_scaler = match continued {
            Some(_) => {
                split.transform(self, |set| set.standardize_targets(*target_scaler))?;
                target_scaler.cloned()
            }
            None => split.standardize_targets(self, head)?,
        };
        let chosen = columns.as_ref().filter(|_| is_chosen).map(|(_, validation)| &validation[..]);
        let start = Start::new(continued, target_scaler.as_ref(), chosen, rng);
        let start = self.all_ok(start)?;
        let trained = self.train(hyperparameters, head, (&data, first), split, start, options)?;
        Ok((trained, target_scaler))
    }

    /// Checks names, hyperparameters, examples and weights of all ranks. Returns the number of the
    /// first example of this rank among all examples, and the number of all examples.
    fn check_examples<F: Float>(
        &self,
        hyperparameters: &Hyperparameters,
        examples: &Examples<'_, F>,
        labels: (&'static str, usize),
        options: &FitOptions<'_, F>,
    ) -> Result<(usize, usize)> {
        let names = self.all_ok(examples.owned_names())?;
        self.ensure_equal("list of feature names", &names.as_deref())?;
        let (x, weights) = (&examples.as_columns(), options.weights);
        self.ensure_equal("kind of model", &(std::any::type_name::<F>(), labels.0))?;
        self.all_ok(hyperparameters.check::<F>())?;
        self.ensure_equal("set of hyperparameters", hyperparameters)?;
        self.ensure_equal("number of features", &x.nrows())?;
        self.ensure_equal("number of epochs", &options.epochs)?;
        self.ensure_equal("choice of validation examples", &options.validation.is_some())?;
        self.ensure_equal("callback of batches", &options.on_batch.is_some())?;
        let own = check_lengths(("X", x.ncols()), labels)
            .and_then(|()| check_finite_features("X", x))
            .and_then(|()| check_weights(x.ncols(), weights))
            .map_err(with_names(names.as_ref()));
        self.all_ok(own)?;
        let (first, total) = self.offset_and_total(x.ncols());
        check_batch(Operand { name: "X", shape: (x.nrows(), total) })?;
        Ok((first, total))
    }

    /// Checks that all ranks continue the same network, or all draw new weights.
    fn ensure_same_start<F: Float>(
        &self,
        continued: Option<&Network<F>>,
        target_scaler: Option<&Standardizer<F>>,
    ) -> Result<()> {
        self.ensure_equal("start of the fit", &continued.is_some())?;
        let Some(network) = continued else { return Ok(()) };
        self.ensure_equal_structure(&network.parameters)?;
        self.ensure_equal("network to continue", &State { network, target_scaler })
    }

    /// Splits the examples of all ranks, given the numbers of the validation examples on this rank.
    /// It has `m` of the `total` examples, from the number `first` on.
    fn chosen_columns(
        &self,
        hyperparameters: &Hyperparameters,
        validation: impl Iterator<Item = usize>,
        (m, first, total): (usize, usize, usize),
    ) -> Result<(Vec<usize>, Vec<usize>)> {
        let (_, own) = self.all_ok(chosen_columns(hyperparameters, m, validation))?;
        let own = own.iter().map(|&example| (first + example) as f64);
        let own = self.all_ok(buffer::list("examples", m, own))?;
        let all = self.all_gather(&own)?;
        let all = all.iter().map(|&example| example as usize);
        self.all_ok(chosen_columns(hyperparameters, total, all))
    }

    /// Checks that no feature has the same value on all ranks, unless that is accepted.
    fn check_constant_features<F: Float>(
        &self,
        hyperparameters: &Hyperparameters,
        (x, names): (&ArrayRef2<F>, Option<&OwnedNames>),
        total: usize,
    ) -> Result<()> {
        if hyperparameters.constant_features || total < 2 {
            return Ok(());
        }
        // The largest number and the largest negated one; infinities if the feature varies here.
        let ranges = x.rows().into_iter().flat_map(|row| match row.first() {
            None => [f64::NEG_INFINITY; 2],
            Some(first) if row.iter().all(|x| x == first) => [first.as_f64(), -first.as_f64()],
            Some(_) => [f64::INFINITY; 2],
        });
        let ranges = buffer::list("ranges", x.nrows().saturating_mul(2), ranges);
        let mut ranges = self.all_ok(ranges)?;
        self.all_reduce_max(&mut ranges);
        match ranges.chunks_exact(2).position(|range| range[0] == -range[1]) {
            Some(feature) => Err(Error::ConstantFeature { feature, name: None }
                .with_feature_name(names.map(FeatureNames::from))),
            None => Ok(()),
        }
    }

    /// Checks that the examples of all ranks have two classes.
    fn check_two_classes(&self, numbers: &[usize]) -> Result<()> {
        let largest = |number: Option<&usize>, sign: f64| {
            number.map_or(f64::NEG_INFINITY, |&number| sign * number as f64)
        };
        let mut range = [largest(numbers.iter().max(), 1.0), largest(numbers.iter().min(), -1.0)];
        self.all_reduce_max(&mut range);
        let (largest, smallest) = (range[0] as usize, -range[1] as usize);
        check_two_classes([smallest, largest].into_iter())
    }

    /// Gathers the class numbers of the examples of all ranks.
    fn all_numbers(&self, own: &[usize]) -> Result<Vec<usize>> {
        let numbers = own.iter().map(|&number| number as f64);
        let numbers = self.all_ok(buffer::list("labels", own.len(), numbers))?;
        let all = self.all_gather(&numbers)?;
        let numbers = all.iter().map(|&number| number as usize);
        self.all_ok(buffer::list("labels", all.len(), numbers))
    }

    /// Copies the columns of both sets that are on this rank. Without `columns`, all examples are
    /// for training.
    fn split<F: Float>(
        &self,
        data: &RawData<'_, F>,
        columns: Option<&(Vec<usize>, Vec<usize>)>,
        (first, total): (usize, usize),
    ) -> Result<RankSplit<F>> {
        let split = || {
            let m = data.x.ncols();
            let select = |order: Option<&[usize]>| Selection::new(order, m, (first, total));
            let training = select(columns.map(|(training, _)| &training[..]))?;
            let validation = columns.map(|(_, validation)| select(Some(validation))).transpose()?;
            let copy = |selection: &Selection| {
                Dataset::from_columns(data, selection.columns.iter().copied())
            };
            let split = Split {
                training: copy(&training)?,
                validation: validation.as_ref().map(copy).transpose()?,
            };
            Ok(RankSplit { split, training, validation })
        };
        self.all_ok::<_, Error>(split())
    }

    /// Trains a network on a split of `data`, whose first example has the number `first`.
    fn train<F: Float>(
        &self,
        hyperparameters: &Hyperparameters,
        head: &Head<F>,
        #[cfg_attr(not(feature = "safetensors"), allow(unused_variables))] (data, first): (
            &RawData<'_, F>,
            usize,
        ),
        mut split: RankSplit<F>,
        start: Start<'_, F>,
        options: FitOptions<'_, F>,
    ) -> Result<TrainedNetwork<F>> {
        let mut network = match start.continued {
            Some(network) => {
                split.transform(self, |set| set.standardize(network.scaler.as_ref()))?;
                network
            }
            None => {
                let scaler = split.standardize(self, hyperparameters)?;
                let network =
                    Network::new(hyperparameters, head, data.x.nrows(), scaler, start.rng);
                self.all_ok(network)?
            }
        };
        network.feature_names = data.names.cloned();
        let epochs = epochs(options.epochs.unwrap_or(hyperparameters.epochs), &network)?;
        let on_epoch = self.stop_together(options.on_epoch);
        let on_batch = options.on_batch.map(|on_batch| self.stop_batches_together(on_batch));
        #[cfg_attr(not(feature = "safetensors"), allow(unused_mut))]
        let mut session = Session::new(hyperparameters, (on_epoch, on_batch))?;
        #[cfg(feature = "safetensors")]
        {
            let common = match self.is_first() {
                true => names_fingerprint(data.names).wrapping_add(start.fingerprint),
                false => 0,
            };
            let fingerprint = fingerprint(data, first).wrapping_add(common);
            let id = FitId { hyperparameters, epochs: epochs.clone(), fingerprint };
            self.resume(&mut session, &mut network, options.checkpoints, id)?;
        }
        self.broadcast(&mut network.parameters)?;
        let source =
            self.source(hyperparameters, head, &split, start.target_scaler, &network.parameters);
        let trainer = source.and_then(|source| {
            Trainer::new(hyperparameters, head, source, session, &network, epochs)
        });
        let trainer = self.all_ok(trainer)?;
        let history = trainer.run(&mut network);
        Ok((network, history))
    }

    /// Returns a callback that stops all ranks if `on_epoch` stops on one of them, and checks that
    /// all ranks set the same learning rate.
    fn stop_together<'a, F: Float>(&'a self, mut on_epoch: OnEpoch<'a, F>) -> OnEpoch<'a, F> {
        Box::new(move |epoch| {
            let own = self.all_ok(on_epoch(epoch))?.is_break();
            self.ensure_equal("learning rate", &epoch.new_learning_rate.get())?;
            Ok(if self.any(own) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    /// Returns a callback that stops all ranks if `on_batch` stops on one of them.
    fn stop_batches_together<'a, F: Float>(
        &'a self,
        mut on_batch: OnBatch<'a, F>,
    ) -> OnBatch<'a, F> {
        Box::new(move |batch| {
            let own = self.all_ok(on_batch(batch))?.is_break();
            Ok(if self.any(own) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    /// Creates the source of this rank, with gradients and costs reduced over all ranks.
    fn source<'a, F: Float>(
        &'a self,
        hyperparameters: &Hyperparameters,
        head: &'a Head<F>,
        split: &'a RankSplit<F>,
        target_scaler: Option<&'a Standardizer<F>>,
        parameters: &Parameters<F>,
    ) -> Result<Source<'a, F>> {
        let RankSplit { split, training, validation } = split;
        let monitored = monitors_training(hyperparameters, validation.is_some())?;
        let evaluated_validation = match split.validation.as_ref().zip(validation.as_ref()) {
            Some((set, all)) => {
                Some(self.evaluate(head, (set, all.total), parameters, (0.0, true))?)
            }
            None => None,
        };
        let total = training.total;
        let monitored_training = match monitored {
            true => {
                let smoothed = (hyperparameters.label_smoothing, false);
                Some(self.evaluate(head, (&split.training, total), parameters, smoothed)?)
            }
            false => None,
        };
        let size = batch_size(hyperparameters, total);
        let (x, y) = (split.training.x(), split.training.labels_and_weights());
        Ok(Source {
            training: &split.training,
            held_out: split.validation.as_ref(),
            target_scaler,
            batches: Batches::from_numbers(x, y, size, total, &training.numbers)?,
            reducer: Box::new(RankReducer::new(self, parameters)?),
            examples: total,
            validation: evaluated_validation,
            monitored_training,
        })
    }

    /// Returns a function that evaluates the `total` examples of a set on all ranks. The labels of
    /// the cost are smoothed.
    fn evaluate<'a, F: Float>(
        &'a self,
        head: &'a Head<F>,
        (set, total): (&'a Dataset<F>, usize),
        parameters: &Parameters<F>,
        (smoothing, with_score): (f64, bool),
    ) -> Result<Evaluate<'a, F>> {
        let mut buffers = set.output_buffers(parameters)?;
        Ok(Box::new(move |parameters| {
            let al = self.all_ok(outputs(set, parameters, &mut buffers))?;
            let own = match set.len() {
                0 => Ok(0.0),
                _ => {
                    let targets = targets(set.labels_and_weights()).smoothed(smoothing);
                    head.cost.value(&al, targets).map(F::as_f64)
                }
            };
            let share = set.len() as f64 / total as f64;
            let mut cost = [self.all_ok(own)? * share];
            self.all_reduce_sum(&mut cost);
            let [cost] = cost;
            if !with_score {
                return Ok(Evaluation { cost, score: None });
            }
            let (al, y) = (self.all_columns(&al)?, self.all_columns(&set.y())?);
            Ok(Evaluation { cost, score: Some((head.score)(&al, &y)?) })
        }))
    }

    /// Gathers the columns of all ranks.
    fn all_columns<F: Float>(&self, own: &ArrayRef2<F>) -> Result<Array2<F>> {
        let by_column = buffer::list("AL", own.len(), own.t().iter().copied());
        let all = self.all_gather(&self.all_ok(by_column)?)?;
        let (rows, columns) = (own.nrows(), all.len() / own.nrows());
        let operand = Operand { name: "AL", shape: (rows, columns) };
        let all = Array2::from_shape_vec((columns, rows), all);
        all.map(Array2::reversed_axes).map_err(|_| Error::TooLarge { layer: None, operand })
    }
}

/// Computes `AL` of the examples of this rank, possibly none.
fn outputs<'b, F: Float>(
    set: &Dataset<F>,
    parameters: &Parameters<F>,
    buffers: &'b mut OutputBuffers<F>,
) -> Result<ArrayView2<'b, F>> {
    let layers = parameters.layers();
    let shape = match set.len() {
        0 => (layers[layers.len() - 1].w.nrows(), 0),
        _ => buffers.compute(set.x(), parameters)?,
    };
    Ok(buffers.al(shape))
}

/// The examples of a set that are on this rank: their columns here, and their numbers in the set.
struct Selection {
    columns: Vec<usize>,
    numbers: Vec<usize>,
    /// The number of examples of the set on all ranks.
    total: usize,
}

impl Selection {
    /// Selects the examples of this rank, `first` to `first + m - 1`, from the set of the examples
    /// in `order`, or from the set of all `total` examples.
    fn new(order: Option<&[usize]>, m: usize, (first, total): (usize, usize)) -> Result<Self> {
        let list = |items: &mut dyn Iterator<Item = usize>| buffer::list("examples", m, items);
        let Some(order) = order else {
            let (columns, numbers) = (list(&mut (0..m))?, list(&mut (first..first + m))?);
            return Ok(Self { columns, numbers, total });
        };
        let here = || order.iter().enumerate().filter(|(_, i)| (first..first + m).contains(i));
        let columns = list(&mut here().map(|(_, i)| i - first))?;
        let numbers = list(&mut here().map(|(number, _)| number))?;
        Ok(Self { columns, numbers, total: order.len() })
    }
}

/// The part on this rank of a split of the examples of all ranks.
struct RankSplit<F> {
    split: Split<F>,
    training: Selection,
    validation: Option<Selection>,
}

impl<F: Float> RankSplit<F> {
    /// Checks that both sets have an example, and a weight above 0.
    fn check(&self, ranks: &Ranks<'_>) -> Result<()> {
        let validation = self.validation.as_ref().map(|selection| selection.total);
        check_sizes(self.training.total, validation)?;
        let weighted = |set: Option<&Dataset<F>>| ranks.any(set.is_some_and(Dataset::has_weight));
        let training = weighted(Some(&self.split.training));
        let validation = self.validation.is_none() || weighted(self.split.validation.as_ref());
        if training && validation { Ok(()) } else { Err(Error::NoWeight) }
    }

    /// Transforms both sets on all ranks.
    fn transform(
        &mut self,
        ranks: &Ranks<'_>,
        transform: impl Fn(&mut Dataset<F>) -> Result<()>,
    ) -> Result<()> {
        let mut sets = self.split.sets_mut().filter(|set| set.len() > 0);
        ranks.all_ok(sets.try_for_each(transform))
    }

    /// Standardizes the features of both sets by the training examples of all ranks.
    fn standardize(
        &mut self,
        ranks: &Ranks<'_>,
        hyperparameters: &Hyperparameters,
    ) -> Result<Option<Standardizer<F>>> {
        if !hyperparameters.standardize {
            return Ok(None);
        }
        let (x, total) = (self.split.training.x(), self.training.total);
        let scaler = standardizer(ranks, &x, total, feature_divisor)?;
        self.transform(ranks, |set| set.standardize(Some(&scaler)))?;
        Ok(Some(scaler))
    }

    /// Standardizes the targets of both sets by the training examples of all ranks.
    fn standardize_targets(
        &mut self,
        ranks: &Ranks<'_>,
        head: &Head<F>,
    ) -> Result<Option<Standardizer<F>>> {
        if !head.standardizes_targets {
            return Ok(None);
        }
        let (y, total) = (self.split.training.y(), self.training.total);
        let scaler = standardizer(ranks, &y, total, target_divisor)?;
        self.transform(ranks, |set| set.standardize_targets(Some(&scaler)))?;
        Ok(Some(scaler))
    }
}
