//! Predictions without allocation, from many threads on one network.

use super::classifier::Classifier;
use super::network::check_output;
use super::output_buffers::OutputBuffers;
use super::regressor::Regressor;
use super::table::Examples;
use crate::buffer::{self, matrix, matrix_mut};
use crate::checks::{check, check_argument};
use crate::data::{Standardizer, predicted_class};
use crate::error::Operand;
use crate::forward::check_linear;
use crate::{Error, Float, Parameters, Result};
use ndarray::{ArrayBase, ArrayRef2, ArrayView1, ArrayView2, Axis, Data, Ix1, Ix2};

/// The examples that a predictor takes.
///
/// These types convert to it:
///
/// | argument | examples |
/// |---|---|
/// | `&x`, a matrix or a view | (features, examples), one in each column |
/// | `&x`, a 1-D array, a slice, a `Vec`, an array `[F; N]` | one example |
/// | `Examples::rows(&table)` | (examples, features), one in each row |
///
/// ```
/// use dnn_blocks::model::Predictor;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let parameters = initialize_parameters::<f64>(3, 4, 1, &mut NumpyRandom::seed(1))?;
/// let mut predictor = Predictor::new(&parameters, 2)?;
/// assert_eq!(predictor.outputs(&[0.1, 0.2, 0.3])?.dim(), (1, 1));
/// let table = array![[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]];
/// assert_eq!(predictor.outputs(Examples::rows(&table))?.dim(), (1, 2));
/// assert_eq!(predictor.outputs(&table.t())?.dim(), (1, 2));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Features<'x, F>(ArrayView2<'x, F>);

impl<'x, F: Float, S: Data<Elem = F>> From<&'x ArrayBase<S, Ix2>> for Features<'x, F> {
    fn from(x: &'x ArrayBase<S, Ix2>) -> Self {
        Self(x.view())
    }
}

impl<'x, F: Float> From<&'x ArrayRef2<F>> for Features<'x, F> {
    fn from(x: &'x ArrayRef2<F>) -> Self {
        Self(x.view())
    }
}

impl<'x, F: Float> From<ArrayView2<'x, F>> for Features<'x, F> {
    fn from(x: ArrayView2<'x, F>) -> Self {
        Self(x)
    }
}

impl<'x, F: Float, S: Data<Elem = F>> From<&'x ArrayBase<S, Ix1>> for Features<'x, F> {
    fn from(x: &'x ArrayBase<S, Ix1>) -> Self {
        Self(x.view().insert_axis(Axis(1)))
    }
}

impl<'x, F: Float> From<ArrayView1<'x, F>> for Features<'x, F> {
    fn from(x: ArrayView1<'x, F>) -> Self {
        Self(x.insert_axis(Axis(1)))
    }
}

impl<'x, F: Float> From<&'x [F]> for Features<'x, F> {
    fn from(x: &'x [F]) -> Self {
        Self(ArrayView1::from(x).insert_axis(Axis(1)))
    }
}

impl<'x, F: Float> From<&'x Vec<F>> for Features<'x, F> {
    fn from(x: &'x Vec<F>) -> Self {
        Self::from(&x[..])
    }
}

impl<'x, F: Float, const N: usize> From<&'x [F; N]> for Features<'x, F> {
    fn from(x: &'x [F; N]) -> Self {
        Self::from(&x[..])
    }
}

impl<'x, F: Float> From<Examples<'x, F>> for Features<'x, F> {
    fn from(x: Examples<'x, F>) -> Self {
        Self(x.as_columns())
    }
}

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
    parameters: &'p Parameters<F>,
    scaler: Option<&'p Standardizer<F>>,
    target_scaler: Option<&'p Standardizer<F>>,
    /// The standardized examples; empty without a standardizer.
    x: Vec<F>,
    buffers: OutputBuffers<F>,
}

impl<'p, F: Float> Predictor<'p, F> {
    /// Allocates buffers for up to `examples` examples at a time.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if `examples` is 0, [`Error::TooLarge`] if the buffers do not fit
    /// in memory.
    pub fn new(parameters: &'p Parameters<F>, examples: usize) -> Result<Self> {
        check_argument(examples > 0, "examples", 0.0, "at least 1")?;
        let buffers = OutputBuffers::new(parameters, examples)?;
        Ok(Self { parameters, scaler: None, target_scaler: None, x: Vec::new(), buffers })
    }

    /// Standardizes examples before the network sees them, by `(X - μ)/σ`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the standardized examples do not fit in memory.
    pub fn scaled(mut self, scaler: &'p Standardizer<F>) -> Result<Self> {
        self.x = buffer::vec("X", (scaler.mean().nrows(), self.buffers.examples))?;
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
    /// Without standardizers, they are bit-identical to
    /// [`predict_proba`](crate::forward::predict_proba). Nothing is allocated except the scratch
    /// memory of the products, once per thread.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `X`, the layers and the standardizers do not fit each other, or
    /// if there are more examples than the predictor was made for, [`Error::EmptyBatch`] if there
    /// is no example, [`Error::Hyperparameter`] if the slope of a leaky ReLU is not finite in `F`,
    /// [`Error::NotFinite`] if there is a standardizer of the features and an example is not
    /// finite, or one of the targets and an output is not finite.
    pub fn outputs<'x>(&mut self, x: impl Into<Features<'x, F>>) -> Result<ArrayView2<'_, F>> {
        let Features(x) = x.into();
        let al = self.compute(x)?;
        if let Some(scaler) = self.target_scaler {
            check_output(&self.buffers.al(al), self.parameters.layers().len())?;
            let mut al = matrix_mut(&mut self.buffers.a[0], al.0, al.1);
            scaler.inverse_transform_inplace(&mut al)?;
        }
        Ok(self.buffers.al(al))
    }

    /// Computes the outputs of the network, and returns their shape.
    fn compute(&mut self, x: ArrayView2<'_, F>) -> Result<(usize, usize)> {
        let Self { parameters, scaler, x: scaled, buffers, .. } = self;
        buffers.check_examples(&x)?;
        parameters.check_features(&x)?;
        let first = &parameters.layers()[0];
        check_linear(&x, &first.w, &first.b).map_err(|e| e.in_layer(1))?;
        let Some(scaler) = scaler else { return buffers.compute(x, parameters) };
        let (mean, operand) = (Operand::new("mean", scaler.mean()), Operand::new("X", &x));
        check(mean.shape.0 == operand.shape.0, mean, operand, "same rows")?;
        let (rows, m) = x.dim();
        let mut standardized = matrix_mut(scaled, rows, m);
        standardized.assign(&x);
        scaler.transform_inplace(&mut standardized)?;
        buffers.compute(matrix(scaled, rows, m), parameters)
    }
}

/// A [`Classifier`] with buffers, which predicts labels without allocation.
///
/// [`Classifier::predictor`] creates it. Its examples are [`Features`]: a matrix (features,
/// examples), one example as a 1-D array or slice, or `Examples::rows(&table)`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
/// # let hyperparameters = Hyperparameters::default().hidden(&[8]).batch_size(2).seed(1);
/// # let mut model = Classifier::<f64, &str>::new(hyperparameters);
/// model.fit(Examples::rows(&x), &["no", "no", "yes", "yes"])?;
/// let mut predictor = model.predictor(16)?;
/// assert_eq!(predictor.predict(&array![1.0, 0.9])?, [&"yes"]);
/// assert_eq!(predictor.predict_proba(&array![1.0, 0.9])?.dim(), (2, 1)); // (classes, examples)
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClassifierPredictor<'p, F, L> {
    predictor: Predictor<'p, F>,
    classes: &'p [L],
    /// The labels of the last prediction.
    labels: Vec<&'p L>,
    /// The probabilities of both classes, if the network has one output for two classes.
    both: Vec<F>,
}

impl<'p, F: Float, L> ClassifierPredictor<'p, F, L> {
    /// Predicts the most probable label of each example.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if the number of features differs from the training, or if there
    /// are more examples than the predictor was made for, [`Error::EmptyBatch`] if there is no
    /// example, [`Error::NotFinite`] if an example or an output is not finite.
    pub fn predict<'x>(&mut self, x: impl Into<Features<'x, F>>) -> Result<&[&'p L]> {
        let shape = self.finite_outputs(x.into())?;
        let (al, classes) = (self.predictor.buffers.al(shape), self.classes);
        self.labels.clear();
        self.labels.extend(al.columns().into_iter().map(|al| &classes[predicted_class(al)]));
        Ok(&self.labels)
    }

    /// Predicts the probability of each class, (classes, examples).
    ///
    /// The result has this orientation for every kind of [`Features`].
    ///
    /// # Errors
    ///
    /// The errors of [`predict`](Self::predict).
    pub fn predict_proba<'x>(
        &mut self,
        x: impl Into<Features<'x, F>>,
    ) -> Result<ArrayView2<'_, F>> {
        let shape = self.finite_outputs(x.into())?;
        let al = self.predictor.buffers.al(shape);
        if self.both.is_empty() {
            return Ok(al);
        }
        let m = shape.1;
        let mut both = matrix_mut(&mut self.both, 2, m);
        both.row_mut(0).assign(&al.row(0));
        both.row_mut(0).mapv_inplace(|a| F::one() - a);
        both.row_mut(1).assign(&al.row(0));
        Ok(matrix(&self.both, 2, m))
    }

    /// Computes the outputs of finite examples, and returns their shape.
    fn finite_outputs(&mut self, Features(x): Features<'_, F>) -> Result<(usize, usize)> {
        if self.predictor.scaler.is_none() {
            crate::checks::check_finite_features("X", &x)?;
        }
        let shape = self.predictor.compute(x)?;
        check_output(&self.predictor.buffers.al(shape), self.predictor.parameters.layers().len())?;
        Ok(shape)
    }
}

/// A [`Regressor`] with buffers, which predicts targets without allocation.
///
/// [`Regressor::predictor`] creates it. Its examples are [`Features`]: a matrix (features,
/// examples), one example as a 1-D array or slice, or `Examples::rows(&table)`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// # let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], array![[0.0], [2.0], [4.0], [6.0]]);
/// # let hyperparameters = Hyperparameters::default().hidden(&[]).batch_size(4);
/// # let mut model = Regressor::<f64>::new(hyperparameters);
/// model.fit(Examples::rows(&x), Examples::rows(&y))?;
/// let mut predictor = model.predictor(16)?;
/// let target = predictor.predict(&array![1.5])?[[0, 0]]; // (outputs, examples)
/// assert_eq!(target, model.predict(Examples::rows(&array![[1.5]]))?[[0, 0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RegressorPredictor<'p, F> {
    predictor: Predictor<'p, F>,
}

impl<F: Float> RegressorPredictor<'_, F> {
    /// Predicts the targets, (outputs, examples), in their units.
    ///
    /// They are bit-identical to [`Regressor::predict`].
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if the number of features differs from the training, or if there
    /// are more examples than the predictor was made for, [`Error::EmptyBatch`] if there is no
    /// example, [`Error::NotFinite`] if an example or a target is not finite.
    pub fn predict<'x>(&mut self, x: impl Into<Features<'x, F>>) -> Result<ArrayView2<'_, F>> {
        let Features(x) = x.into();
        if self.predictor.scaler.is_none() {
            crate::checks::check_finite_features("X", &x)?;
        }
        let layers = self.predictor.parameters.layers().len();
        let targets = self.predictor.outputs(x)?;
        check_output(&targets, layers)?;
        Ok(targets)
    }
}

impl<F: Float, L: Ord + Clone> Classifier<F, L> {
    /// Creates a predictor for up to `examples` examples at a time.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`] before a fit; the errors of [`Predictor::new`].
    pub fn predictor(&self, examples: usize) -> Result<ClassifierPredictor<'_, F, L>> {
        let (classes, _) = self.fitted.as_ref().ok_or(Error::NotFitted)?;
        let classes = classes.names();
        let predictor = network_predictor(self.parameters(), self.scaler(), examples)?;
        let labels = buffer::list("labels", examples, [])?;
        let both = if classes.len() == 2 { (2, examples) } else { (0, 0) };
        let both = buffer::vec("probabilities", both)?;
        Ok(ClassifierPredictor { predictor, classes, labels, both })
    }
}

impl<F: Float> Regressor<F> {
    /// Creates a predictor for up to `examples` examples at a time.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`] before a fit; the errors of [`Predictor::new`].
    pub fn predictor(&self, examples: usize) -> Result<RegressorPredictor<'_, F>> {
        let predictor = network_predictor(self.parameters(), self.scaler(), examples)?;
        Ok(RegressorPredictor {
            predictor: match self.target_scaler() {
                Some(scaler) => predictor.target_scaled(scaler),
                None => predictor,
            },
        })
    }
}

fn network_predictor<'p, F: Float>(
    parameters: Option<&'p Parameters<F>>,
    scaler: Option<&'p Standardizer<F>>,
    examples: usize,
) -> Result<Predictor<'p, F>> {
    let predictor = Predictor::new(parameters.ok_or(Error::NotFitted)?, examples)?;
    match scaler {
        Some(scaler) => predictor.scaled(scaler),
        None => Ok(predictor),
    }
}
