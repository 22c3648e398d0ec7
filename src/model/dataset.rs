//! The examples of a fit, split into training and validation sets.

use super::feature_names::OwnedNames;
use super::head::Head;
use super::hyperparameters::Hyperparameters;
use super::output_buffers::OutputBuffers;
use crate::buffer;
use crate::checks::check_batch;
use crate::cost::Targets;
use crate::data::Standardizer;
use crate::error::Operand;
use crate::train::batches::Batches;
use crate::{Error, Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2, ArrayView2, Axis, s};

/// Examples with their labels and weights, laid out for training: each example is contiguous.
#[derive(Debug)]
pub(crate) struct Dataset<F> {
    /// (examples, features)
    x: Array2<F>,
    /// The labels, and the weights as the last row, (labels + 1, examples).
    y: Array2<F>,
}

/// The examples of a fit, as the caller passes them.
pub(crate) struct RawData<'a, F> {
    /// (features, examples)
    pub x: &'a ArrayRef2<F>,
    /// (labels, examples)
    pub y: &'a ArrayRef2<F>,
    pub weights: &'a [F],
    /// The names of the features.
    pub names: Option<&'a OwnedNames>,
}

/// A training set, and a validation set if there is a validation share.
#[derive(Debug)]
pub(crate) struct Split<F> {
    pub training: Dataset<F>,
    pub validation: Option<Dataset<F>>,
}

/// The cost of a set, and its score if it was computed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evaluation {
    pub cost: f64,
    pub score: Option<f64>,
}

impl<F: Float> Split<F> {
    /// Copies the columns of both sets. Without `columns`, all examples are for training.
    #[inline(never)]
    pub fn new(data: &RawData<'_, F>, columns: Option<&(Vec<usize>, Vec<usize>)>) -> Result<Self> {
        let Some((training, validation)) = columns else {
            return Ok(Self { training: Dataset::new(data)?, validation: None });
        };
        let training = Dataset::from_columns(data, training.iter().copied())?;
        let validation = Some(Dataset::from_columns(data, validation.iter().copied())?);
        Ok(Self { training, validation })
    }

    /// Standardizes the features of both sets by the training set, if the hyperparameters say so.
    pub fn standardize(
        &mut self,
        hyperparameters: &Hyperparameters,
    ) -> Result<Option<Standardizer<F>>> {
        if !hyperparameters.standardize {
            return Ok(None);
        }
        let scaler = Standardizer::fit(&self.training.x())?;
        self.sets_mut().try_for_each(|set| set.standardize(Some(&scaler)))?;
        Ok(Some(scaler))
    }

    /// Standardizes the targets of both sets by the training set, if the model does.
    pub fn standardize_targets(&mut self, head: &Head<F>) -> Result<Option<Standardizer<F>>> {
        if !head.standardizes_targets {
            return Ok(None);
        }
        let scaler = Standardizer::fit_targets(&self.training.y())?;
        self.sets_mut().try_for_each(|set| set.standardize_targets(Some(&scaler)))?;
        Ok(Some(scaler))
    }

    pub fn sets_mut(&mut self) -> impl Iterator<Item = &mut Dataset<F>> {
        std::iter::once(&mut self.training).chain(&mut self.validation)
    }

    /// Checks that the training set fills a batch, the validation set has an example, and both have
    /// a weight above 0.
    pub fn check(&self) -> Result<()> {
        check_sizes(self.training.len(), self.validation.as_ref().map(Dataset::len))?;
        let mut sets = std::iter::once(&self.training).chain(&self.validation);
        if sets.all(Dataset::has_weight) { Ok(()) } else { Err(Error::NoWeight) }
    }
}

/// Checks that the training set has an example, and the validation set two.
pub(crate) fn check_sizes(training: usize, validation: Option<usize>) -> Result<()> {
    check_batch(Operand { name: "the training set", shape: (1, training) })?;
    match validation {
        Some(examples) if examples < 2 => Err(Error::ValidationSize { examples }),
        _ => Ok(()),
    }
}

impl<F: Float> Dataset<F> {
    /// Copies all examples.
    pub fn new(data: &RawData<'_, F>) -> Result<Self> {
        Self::from_columns(data, 0..data.x.ncols())
    }

    /// Copies the given columns.
    pub fn from_columns(
        data: &RawData<'_, F>,
        columns: impl ExactSizeIterator<Item = usize>,
    ) -> Result<Self> {
        let (m, labels) = (columns.len(), data.y.nrows());
        let mut x = buffer::zeros("X", (m, data.x.nrows()))?;
        let mut y = buffer::zeros("Y", (labels + 1, m))?;
        for (i, column) in columns.enumerate() {
            x.row_mut(i).assign(&data.x.column(column));
            y.slice_mut(s![..labels, i]).assign(&data.y.column(column));
            y[[labels, i]] = data.weights[column];
        }
        Ok(Self { x, y })
    }

    /// Returns a copy, or [`Error::TooLarge`] if it does not fit in memory.
    #[cfg(feature = "plot")]
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { x: buffer::copy_of("X", &self.x)?, y: buffer::copy_of("Y", &self.y)? })
    }

    /// Returns the number of examples.
    pub fn len(&self) -> usize {
        self.x.nrows()
    }

    /// Returns the features, (features, examples).
    pub fn x(&self) -> ArrayView2<'_, F> {
        self.x.t()
    }

    /// Returns the labels, (labels, examples).
    pub fn y(&self) -> ArrayView2<'_, F> {
        labels(self.y.view())
    }

    /// Returns the labels, with the weights as the last row.
    pub fn labels_and_weights(&self) -> ArrayView2<'_, F> {
        self.y.view()
    }

    /// Returns whether an example has a weight above 0.
    pub fn has_weight(&self) -> bool {
        self.y.row(self.y.nrows() - 1).iter().any(|weight| !weight.is_zero())
    }

    /// Standardizes the features, if there is a standardizer.
    pub fn standardize(&mut self, scaler: Option<&Standardizer<F>>) -> Result<()> {
        let Some(scaler) = scaler else { return Ok(()) };
        scaler.transform_inplace(&mut self.x.view_mut().reversed_axes())
    }

    /// Standardizes the targets, if there is a standardizer.
    pub fn standardize_targets(&mut self, scaler: Option<&Standardizer<F>>) -> Result<()> {
        let Some(scaler) = scaler else { return Ok(()) };
        let last = self.y.nrows() - 1;
        scaler.transform_inplace(&mut self.y.slice_mut(s![..last, ..]))
    }

    pub fn batches(&self, size: usize) -> Result<Batches<'_, F>> {
        Batches::new(self.x(), self.labels_and_weights(), size)
    }

    /// Allocates buffers for the outputs of all examples.
    pub fn output_buffers(&self, parameters: &Parameters<F>) -> Result<OutputBuffers<F>> {
        OutputBuffers::new(parameters, self.len())
    }

    /// Computes the score of all examples.
    pub fn score(
        &self,
        head: &Head<F>,
        parameters: &Parameters<F>,
        buffers: &mut OutputBuffers<F>,
    ) -> Result<f64> {
        let shape = buffers.compute(self.x(), parameters)?;
        (head.score)(&buffers.al(shape), &self.y())
    }

    /// Evaluates the parameters on all examples, without L2. The labels of the cost are smoothed.
    pub fn evaluate(
        &self,
        head: &Head<F>,
        parameters: &Parameters<F>,
        buffers: &mut OutputBuffers<F>,
        (smoothing, with_score): (f64, bool),
    ) -> Result<Evaluation> {
        let shape = buffers.compute(self.x(), parameters)?;
        let al = buffers.al(shape);
        let targets = targets(self.y.view()).smoothed(smoothing);
        let cost = head.cost.value(&al, targets)?.as_f64();
        let score = if with_score { Some((head.score)(&al, &self.y())?) } else { None };
        Ok(Evaluation { cost, score })
    }
}

/// Returns all rows but the last, which holds the weights.
fn labels<F>(y: ArrayView2<'_, F>) -> ArrayView2<'_, F> {
    let last = y.nrows() - 1;
    y.slice_move(s![..last, ..])
}

/// Splits the last row, the weights, from the labels.
pub(crate) fn targets<F: Float>(y: ArrayView2<'_, F>) -> Targets<'_, F> {
    let weights = y.index_axis_move(Axis(0), y.nrows() - 1);
    Targets::from_views(labels(y), weights)
}
