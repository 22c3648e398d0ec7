//! The public types that are `Send` and `Sync`, checked by the compiler.
//!
//! `FitOptions` and `Epoch` are neither, and `SearchOptions` is not `Sync`: they hold closures.
//! `Ranks` and `DistributedWorkspace` are neither: one thread calls MPI.

use dnn_blocks::cost::{Cost, Targets};
use dnn_blocks::course::{Descent, LogisticGradients, LogisticParameters, Trained};
use dnn_blocks::data::{Classes, LabelNames};
use dnn_blocks::error::{Cause, Operand, Position};
use dnn_blocks::forward::{ActivationCache, LayerCache, LinearCache};
use dnn_blocks::init::NumpyState;
use dnn_blocks::metrics::MultiLabelConfusion;
use dnn_blocks::model::{
    ClassWeights, ClassifierPredictor, EpochRecord, FeatureNames, History, MultiLabelPredictor,
    RegressorPredictor,
};
use dnn_blocks::model::{PackedWeights, Predictor, Weights};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::BackwardOptions;
use dnn_blocks::train::backward::BackwardOutput;
use dnn_blocks::train::batches::{BatchColumns, LocalBatch};
use dnn_blocks::train::full_batch::FullBatch;
use dnn_blocks::train::gradient_check::{Coordinate, Entry, GradientCheck, NetworkCheck};
use dnn_blocks::train::lbfgs::Lbfgs;
use dnn_blocks::train::optimizer::{LayerState, StateMatrix, Step};
use dnn_blocks::train::regularization::{DropoutCaches, Mask};
use dnn_blocks::train::workspace::Dropout;
use dnn_blocks::train::workspace::Pass;

fn is<T: Send + Sync>() {}

#[test]
fn blocks() {
    is::<Activation>();
    is::<ActivationCache<f64>>();
    is::<Classes<String>>();
    is::<Cost>();
    is::<Gradients<f64>>();
    is::<Initializer>();
    is::<Layer<f64>>();
    is::<LabelNames<String>>();
    is::<LayerCache<'_, f64>>();
    is::<LayerGradients<f64>>();
    is::<LinearCache<'_, f64>>();
    is::<NumpyRandom>();
    is::<NumpyState>();
    is::<Parameters<f64>>();
    is::<Standardizer<f64>>();
    is::<Targets<'_, f64>>();
}

#[test]
fn errors() {
    is::<dnn_blocks::Error>();
    is::<Cause>();
    is::<Operand>();
    is::<Position>();
}

#[test]
fn training() {
    is::<Algorithm>();
    is::<BackwardOptions>();
    is::<BackwardOutput<f64>>();
    is::<BatchColumns<'_>>();
    is::<Batches<'_, f64>>();
    is::<Coordinate<Entry>>();
    is::<Dropout<'_, NumpyRandom>>();
    is::<DropoutCaches<'_, f64>>();
    is::<FullBatch<'_, f64>>();
    is::<GradientCheck>();
    is::<LayerState<f64>>();
    is::<LocalBatch<'_, f64>>();
    is::<Mask<f64>>();
    is::<NetworkCheck>();
    is::<Objective>();
    is::<Optimizer<f64>>();
    is::<Pass<'_, '_, f64>>();
    is::<Schedule>();
    is::<StateMatrix>();
    is::<Step>();
    is::<Workspace<f64>>();
}

#[test]
fn models_and_metrics() {
    is::<Actual<&[usize]>>();
    is::<ClassWeights>();
    is::<Classifier<f64, String>>();
    is::<ClassifierPredictor<'_, f64, String>>();
    is::<ConfusionMatrix>();
    is::<Descent>();
    is::<EpochRecord>();
    is::<Examples<'_, f64>>();
    is::<FeatureNames<'_>>();
    is::<History>();
    is::<Hyperparameters>();
    is::<LabelSets<'_, f64, String>>();
    is::<LogisticGradients<f64>>();
    is::<LogisticParameters<f64>>();
    is::<MultiLabelClassifier<f64, String>>();
    is::<MultiLabelConfusion>();
    is::<MultiLabelPredictor<'_, f64, String>>();
    is::<Predicted<&[usize]>>();
    is::<Lbfgs<f64>>();
    is::<PackedWeights<f64>>();
    is::<Predictor<'_, f64>>();
    is::<Weights<'_, f64>>();
    is::<Regressor<f64>>();
    is::<RegressorPredictor<'_, f64>>();
    is::<Trained<f64>>();
}

#[test]
fn selections() {
    use dnn_blocks::selection::{
        CrossValidation, Importance, OwnedExamples, OwnedLabelSets, SearchRecord, TestSet, Trial,
    };
    is::<CrossValidation<f64>>();
    is::<Importance>();
    is::<OwnedExamples<f64>>();
    is::<OwnedLabelSets<f64, String>>();
    is::<SearchRecord>();
    is::<TestSet<Classifier<f64, String>>>();
    is::<Trial>();
}

#[cfg(any(feature = "npz", feature = "onnx", feature = "safetensors"))]
#[test]
fn files() {
    use dnn_blocks::files::{FileError, Limits, Module, Tensors};
    is::<FileError>();
    is::<Limits>();
    is::<Module>();
    is::<Tensors<f64>>();
}

#[cfg(feature = "safetensors")]
#[test]
fn checkpoints() {
    use dnn_blocks::files::{Checkpoint, Checkpoints, ElementType, FitState, Kind, Summary};
    is::<Checkpoint<f64>>();
    is::<Checkpoints>();
    is::<ElementType>();
    is::<FitState<f64>>();
    is::<Kind>();
    is::<Summary>();
}

#[cfg(feature = "plot")]
#[test]
fn plots() {
    is::<dnn_blocks::page::Film>();
    is::<dnn_blocks::page::OneStep>();
    is::<dnn_blocks::page::Recorder<f64>>();
    is::<dnn_blocks::plot::Axis>();
    is::<dnn_blocks::plot::Curve>();
    is::<dnn_blocks::plot::Picture<'_, f64>>();
}

/// `Progress` holds a `dyn Write + Send`, which need not be `Sync`.
#[cfg(feature = "progress")]
#[test]
fn progress_can_be_sent() {
    fn can_be_sent<T: Send>() {}
    can_be_sent::<dnn_blocks::progress::Progress>();
}

#[cfg(feature = "mpi")]
#[test]
fn digests() {
    is::<dnn_blocks::distributed::Digest>();
}
