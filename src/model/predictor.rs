//! Predictions without allocation, from many threads on one network.

use super::feature_names::{FeatureNames, known_names};
use super::features::Features;
use super::network::check_output;
use super::output_buffers::{Output, OutputBuffers, room_of_predictor};
use super::packed_weights::{PackedBuffers, PackedWeights};
#[cfg(doc)]
use crate::Error;
use crate::buffer::{self, matrix_mut};
use crate::checks::{check, check_argument, check_finite_features, check_room};
use crate::data::Standardizer;
use crate::error::Operand;
use crate::forward::check_linear;
use crate::{Float, Parameters, Result};
use ndarray::{ArrayView2, ArrayViewMut2};

/// A network with buffers for its outputs, which predicts without allocation.
///
/// Its examples are [`Features`]: a matrix (features, examples), one example as a 1-D array or
/// slice, or `Examples::rows(&table)`. Threads can share one network, with one predictor each.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::model::Predictor;
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep::<f32>(&[2, 8, 1], Initializer::He, &mut rng)?;
/// std::thread::scope(|threads| {
///     for _ in 0..2 {
///         threads.spawn(|| -> dnn_blocks::Result<()> {
///             let mut predictor = Predictor::new(&parameters, 16)?; // up to 16 examples at a time
///             let al = predictor.outputs(&array![[0.1, 0.7], [0.3, -0.5]])?;
///             assert_eq!(al.dim(), (1, 2));
///             let al = predictor.outputs(&array![1.0, 2.0])?; // one example
///             assert_eq!(al.dim(), (1, 1));
///             Ok(())
///         });
///     }
/// });
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// With the feature `rayon`, large products run in rayon's thread pool, which allocates. A service
/// with one thread per request is faster without that feature.
#[derive(Debug, Clone)]
pub struct Predictor<'p, F> {
    network: Network<'p, F>,
    scaler: Option<&'p Standardizer<F>>,
    target_scaler: Option<&'p Standardizer<F>>,
    /// The standardized examples; empty without a standardizer.
    x: Vec<F>,
    /// The names of the features of a model.
    names: Option<FeatureNames<'p>>,
}

/// A network with the buffers for its outputs.
#[derive(Debug, Clone)]
enum Network<'p, F> {
    Parameters(&'p Parameters<F>, OutputBuffers<F>),
    Packed(&'p PackedWeights<F>, PackedBuffers<F>),
}

impl<'p, F: Float> Network<'p, F> {
    fn new(weights: Weights<'p, F>, examples: usize) -> Result<Self> {
        Ok(match weights {
            Weights::Parameters(parameters) => {
                Self::Parameters(parameters, OutputBuffers::new(parameters, examples)?)
            }
            Weights::Packed(weights) => {
                Self::Packed(weights, PackedBuffers::new(weights, examples)?)
            }
        })
    }

    /// Takes packed weights of the same network.
    fn with_weights(self, packed: &'p PackedWeights<F>) -> Result<Self> {
        match &self {
            Self::Parameters(parameters, _) => {
                let layers = parameters.layers().iter();
                packed.check_layers(layers.map(|l| (l.w.ncols(), &l.b, l.activation)))?;
            }
            Self::Packed(weights, _) => packed.check_layers(weights.described())?,
        }
        Self::new(Weights::Packed(packed), self.examples())
    }

    fn layers(&self) -> usize {
        match self {
            Self::Parameters(parameters, _) => parameters.layers().len(),
            Self::Packed(weights, _) => weights.layers(),
        }
    }

    /// Returns the most examples that the buffers have room for.
    fn examples(&self) -> usize {
        match self {
            Self::Parameters(_, buffers) => buffers.examples,
            Self::Packed(_, buffers) => buffers.examples,
        }
    }

    /// Checks that `X` (n₀, m) fits the network and the buffers.
    fn check(&self, x: &ArrayView2<'_, F>) -> Result<()> {
        check_room(Operand::new("X", x), room_of_predictor(x, self.examples()))?;
        match self {
            Self::Parameters(parameters, _) => {
                parameters.check_features(x)?;
                let first = &parameters.layers()[0];
                check_linear(x, &first.w, &first.b).map_err(|e| e.in_layer(1))
            }
            Self::Packed(weights, _) => weights.check_features(x),
        }
    }

    /// Returns a matrix with the layout that the products read fastest.
    fn examples_in<'x>(
        &self,
        numbers: &'x mut [F],
        (rows, m): (usize, usize),
    ) -> ArrayViewMut2<'x, F> {
        match self {
            Self::Parameters(..) => matrix_mut(numbers, rows, m),
            Self::Packed(..) => matrix_mut(numbers, m, rows).reversed_axes(),
        }
    }

    /// Computes the outputs in the buffers, and returns their shape.
    fn compute(&mut self, x: ArrayView2<'_, F>, output: Output) -> Result<(usize, usize)> {
        match self {
            Self::Parameters(parameters, buffers) => buffers.compute_output(x, parameters, output),
            Self::Packed(weights, buffers) => Ok(buffers.compute(&x, weights, output)),
        }
    }

    fn al(&self, shape: (usize, usize)) -> ArrayView2<'_, F> {
        match self {
            Self::Parameters(_, buffers) => buffers.al(shape),
            Self::Packed(_, buffers) => buffers.al(shape),
        }
    }

    fn al_mut(&mut self, shape: (usize, usize)) -> ArrayViewMut2<'_, F> {
        match self {
            Self::Parameters(_, buffers) => buffers.al_mut(shape),
            Self::Packed(_, buffers) => buffers.al_mut(shape),
        }
    }
}

/// The weights that a [`Predictor`] computes with.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Weights<'p, F> {
    /// The parameters themselves.
    Parameters(&'p Parameters<F>),
    /// A copy in the order in which predictions read it.
    Packed(&'p PackedWeights<F>),
}

impl<'p, F> From<&'p Parameters<F>> for Weights<'p, F> {
    fn from(parameters: &'p Parameters<F>) -> Self {
        Self::Parameters(parameters)
    }
}

impl<'p, F> From<&'p PackedWeights<F>> for Weights<'p, F> {
    fn from(weights: &'p PackedWeights<F>) -> Self {
        Self::Packed(weights)
    }
}

impl<'p, F: Float> Predictor<'p, F> {
    /// Allocates buffers for up to `examples` examples at a time.
    ///
    /// The weights are [`&Parameters`](Parameters) or [`&PackedWeights`](PackedWeights), which are
    /// faster. From an `Arc`, pass `&*weights`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if `examples` is 0, [`Error::TooLarge`] if the buffers do not fit
    /// in memory.
    pub fn new(weights: impl Into<Weights<'p, F>>, examples: usize) -> Result<Self> {
        check_argument(examples > 0, "examples", 0.0, "at least 1")?;
        let network = Network::new(weights.into(), examples)?;
        Ok(Self { network, scaler: None, target_scaler: None, x: Vec::new(), names: None })
    }

    /// Standardizes examples before the network sees them, by `(X - μ)/σ`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the standardized examples do not fit in memory.
    pub fn scaled(mut self, scaler: &'p Standardizer<F>) -> Result<Self> {
        self.x = buffer::vec("X", (scaler.mean().nrows(), self.network.examples()))?;
        self.scaler = Some(scaler);
        Ok(self)
    }

    /// Transforms outputs to the units of the targets, by `AL·σ + μ`.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::model::Predictor;
    /// use dnn_blocks::prelude::*;
    ///
    /// let layer = Layer { w: array![[2.0]], b: array![[1.0]], activation: Activation::Identity };
    /// let parameters = Parameters::from_layers(vec![layer])?;
    /// let targets = Standardizer::fit(&array![[300.0, 500.0]])?; // mean 400, deviation 100
    /// let mut predictor = Predictor::new(&parameters, 1)?.target_scaled(&targets);
    /// assert_eq!(predictor.outputs(&array![0.5])?, array![[600.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn target_scaled(mut self, scaler: &'p Standardizer<F>) -> Self {
        self.target_scaler = Some(scaler);
        self
    }

    /// Computes the outputs `AL` (n_L, m) of `X` (n₀, m), or of one example.
    ///
    /// From parameters that are not packed, and without standardizers, they are bit-identical to
    /// [`predict_proba`](crate::forward::predict_proba). The view can have any strides. Nothing is
    /// allocated except the scratch memory of the products, which each thread keeps.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `X`, the layers and the standardizers do not fit each other, or
    /// if there are more examples than the predictor was made for, [`Error::EmptyBatch`] if there
    /// is no example, [`Error::Hyperparameter`] if a slope or an alpha is not finite in `F`,
    /// [`Error::NotFinite`] if there is a standardizer of the features and an example is not
    /// finite, or one of the targets and an output is not finite.
    pub fn outputs<'x>(&mut self, x: impl Into<Features<'x, F>>) -> Result<ArrayView2<'_, F>> {
        let Features(x, _) = x.into();
        let shape = self.compute(x, Output::Activations)?;
        if let Some(scaler) = self.target_scaler {
            check_output(&self.network.al(shape), self.network.layers())?;
            scaler.inverse_transform_inplace(&mut self.network.al_mut(shape))?;
        }
        Ok(self.network.al(shape))
    }

    /// Computes the outputs of finite examples, which must be finite too.
    pub(super) fn finite_outputs(&mut self, x: Features<'_, F>) -> Result<ArrayView2<'_, F>> {
        let (names, layers) = (self.checked_names(&x.0, x.1)?, self.network.layers());
        let outputs = self.outputs(x).map_err(|e| e.with_feature_name(names))?;
        check_output(&outputs, layers)?;
        Ok(outputs)
    }

    /// Computes `Z` of the output layer of finite examples, which may overflow, and returns its
    /// shape.
    pub(super) fn logits(&mut self, x: Features<'_, F>) -> Result<(usize, usize)> {
        let names = self.checked_names(&x.0, x.1)?;
        self.compute(x.0, Output::Logits).map_err(|e| e.with_feature_name(names))
    }

    /// Returns the matrix that was computed last, given its shape.
    pub(super) fn computed(&self, shape: (usize, usize)) -> ArrayView2<'_, F> {
        self.network.al(shape)
    }

    pub(super) fn computed_mut(&mut self, shape: (usize, usize)) -> ArrayViewMut2<'_, F> {
        self.network.al_mut(shape)
    }

    /// Checks the names of the features, and that examples are finite if no standardizer does.
    /// Returns the names for errors.
    fn checked_names<'n>(
        &self,
        x: &ArrayView2<'_, F>,
        names: Option<FeatureNames<'n>>,
    ) -> Result<Option<FeatureNames<'n>>>
    where
        'p: 'n,
    {
        let names = known_names(self.names, names, x.nrows())?;
        if self.scaler.is_none() {
            check_finite_features("X", x).map_err(|e| e.with_feature_name(names))?;
        }
        Ok(names)
    }

    /// Returns the number of layers of the network.
    pub(super) fn layers(&self) -> usize {
        self.network.layers()
    }

    /// Takes the names of the features of a model.
    pub(super) fn with_names(mut self, names: Option<&'p [String]>) -> Self {
        self.names = names.map(FeatureNames::from);
        self
    }

    /// Takes packed weights of the same network.
    pub(super) fn with_weights(mut self, weights: &'p PackedWeights<F>) -> Result<Self> {
        self.network = self.network.with_weights(weights)?;
        Ok(self)
    }

    /// Computes the outputs of the network, and returns their shape.
    fn compute(&mut self, x: ArrayView2<'_, F>, output: Output) -> Result<(usize, usize)> {
        let Self { network, scaler, x: scaled, .. } = self;
        network.check(&x)?;
        let Some(scaler) = scaler else { return network.compute(x, output) };
        let (mean, operand) = (Operand::new("mean", scaler.mean()), Operand::new("X", &x));
        check(mean.shape.0 == operand.shape.0, mean, operand, "same rows")?;
        let mut standardized = network.examples_in(scaled, x.dim());
        standardized.assign(&x);
        scaler.transform_inplace(&mut standardized)?;
        network.compute(standardized.view(), output)
    }
}
