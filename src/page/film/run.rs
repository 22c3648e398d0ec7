//! A run of a film: its frames with their costs, scores and gradient norms.

use super::kind::Kind;
use crate::buffer;
use crate::data::predicted_classes_of;
use crate::model::dataset::{Dataset, Evaluation, targets};
use crate::page::recorder::{Data, Frame, Recorder, Unit};
use crate::train::workspace::Workspace;
use crate::{Float, Parameters, Result};
use ndarray::{Array2, ArrayRef2};

/// A recorder with the figures of its frames.
pub(super) struct Run<'r, F> {
    pub name: &'r str,
    pub unit: Unit,
    pub kind: Kind,
    pub data: &'r Data<F>,
    pub frames: Vec<&'r Frame<F>>,
    pub figures: Vec<Figures>,
}

/// The figures of a frame, NaN if its parameters are not finite.
pub(super) struct Figures {
    pub training: Evaluation,
    pub validation: Option<Evaluation>,
    /// The norm of the gradient of each layer, on the training set.
    pub norms: Vec<f64>,
}

impl<'r, F: Float> Run<'r, F> {
    /// Computes the figures of all frames.
    pub fn new(recorder: &'r Recorder<F>) -> Result<Self> {
        let (data, frames) = recorder.recording()?;
        let kind = Kind::new(&data.cost, outputs(&frames[0].parameters));
        let mut evaluator = Evaluator::new(data, kind, &frames[0].parameters)?;
        let figures = frames.iter().map(|frame| evaluator.figures(&frame.parameters));
        let figures = figures.collect::<Result<_>>()?;
        Ok(Self { name: recorder.name(), unit: recorder.unit(), kind, data, frames, figures })
    }

    /// Returns the parameters of the first frame, for their shapes.
    pub fn network(&self) -> &'r Parameters<F> {
        &self.frames[0].parameters
    }

    /// Returns the number of features.
    pub fn features(&self) -> usize {
        self.data.sets.training.x().nrows()
    }

    /// Returns the number of outputs.
    pub fn outputs(&self) -> usize {
        outputs(self.network())
    }
}

/// Returns the number of outputs of a network.
fn outputs<F: Float>(parameters: &Parameters<F>) -> usize {
    parameters.layers().last().map_or(0, |layer| layer.w.nrows())
}

/// The buffers in which figures are computed.
struct Evaluator<'r, F> {
    data: &'r Data<F>,
    kind: Kind,
    training_labels: Array2<F>,
    validation_labels: Option<Array2<F>>,
    workspace: Workspace<F>,
}

impl<'r, F: Float> Evaluator<'r, F> {
    fn new(data: &'r Data<F>, kind: Kind, network: &Parameters<F>) -> Result<Self> {
        let sets = &data.sets;
        let labels = |set: &Dataset<F>| labels(kind, &set.y());
        let most = sets.validation.as_ref().map_or(0, Dataset::len).max(sets.training.len());
        Ok(Self {
            data,
            kind,
            training_labels: labels(&sets.training)?,
            validation_labels: sets.validation.as_ref().map(labels).transpose()?,
            workspace: Workspace::new(network, most)?,
        })
    }

    fn figures(&mut self, parameters: &Parameters<F>) -> Result<Figures> {
        let Self { data, kind, training_labels, validation_labels, workspace } = self;
        let sets = &data.sets;
        let mut evaluate = |set: &Dataset<F>, labels: &ArrayRef2<F>| {
            let x = set.x();
            let pass = workspace.forward(&x, parameters)?;
            let cost = data.cost.value(&pass.al(), targets(set.labels_and_weights()))?.as_f64();
            Ok(Evaluation { cost, score: Some(kind.score(&pass.al(), labels)?) })
        };
        let training = evaluate(&sets.training, training_labels)?;
        let validation = sets.validation.as_ref().zip(validation_labels.as_ref());
        let validation = validation.map(|(set, labels)| evaluate(set, labels)).transpose()?;
        let (x, targets) = (sets.training.x(), targets(sets.training.labels_and_weights()));
        let (_, gradients) = workspace.cost_and_gradients(&x, targets, parameters, &data.cost)?;
        let norms = gradients.layers().iter().map(|layer| layer.sum_of_squares().sqrt()).collect();
        let figures = Figures { training, validation, norms };
        Ok(if parameters.is_finite() { figures } else { figures.without_numbers() })
    }
}

impl Figures {
    /// Replaces all figures by NaN.
    fn without_numbers(self) -> Self {
        let nan = Evaluation { cost: f64::NAN, score: Some(f64::NAN) };
        let norms = vec![f64::NAN; self.norms.len()];
        Self { training: nan, validation: self.validation.map(|_| nan), norms }
    }
}

/// Returns the labels for the score: class numbers for classes, also if the labels are one-hot.
pub(super) fn labels<F: Float>(kind: Kind, y: &ArrayRef2<F>) -> Result<Array2<F>> {
    if kind != Kind::Classes || y.nrows() == 1 {
        return buffer::copy_of("Y", y);
    }
    let classes = predicted_classes_of("Y", y)?.into_iter().map(|class| F::of(class as f64));
    let mut classes = classes.into_iter();
    buffer::from_fn("Y", (1, y.ncols()), || classes.next().unwrap_or_else(F::zero))
}
