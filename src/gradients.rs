//! The gradients of a network, their norm, and gradient clipping.
//!
//! ```math
//! \text{norm} = \sqrt{\sum_l \left( \sum_{ij} \left(dW^{[l]}_{ij}\right)^2
//!     + \sum_i \left(db^{[l]}_i\right)^2 \right)}
//! ```
//!
//! Source of clipping by the norm: R. Pascanu, T. Mikolov, Y. Bengio, [*On the difficulty of
//! training recurrent neural networks*](https://proceedings.mlr.press/v28/pascanu13.html) (2013).

use crate::buffer;
use crate::checks::{check_above_zero, check_same_shape, check_weight_gradients};
use crate::error::Operand;
use crate::frozen::Frozen;
use crate::kernel::elementwise;
use crate::{Error, Float, Layer, Parameters, Result};
use ndarray::Array2;

/// The gradients of one layer: `dW` and `db`, with the shapes of `W` and `b`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LayerGradients<F> {
    /// `∂J/∂W`, (n, n_prev).
    pub dw: Array2<F>,
    /// `∂J/∂b`, (n, 1).
    pub db: Array2<F>,
}

impl<F: Float> LayerGradients<F> {
    /// Returns the sum of the squares of `dW` and `db`.
    pub(crate) fn sum_of_squares(&self) -> f64 {
        elementwise::sum_of_squares(&self.dw) + elementwise::sum_of_squares(&self.db)
    }
}

/// The gradients of all layers, first to last.
///
/// Between the backward pass and the update, a program can clip, add, average or log them.
#[derive(Debug, Clone)]
pub struct Gradients<F> {
    layers: Vec<LayerGradients<F>>,
    /// The frozen layers, whose gradients are 0. `None` once a caller may have changed them.
    zeros: Option<Frozen>,
}

impl<F: PartialEq> PartialEq for Gradients<F> {
    fn eq(&self, other: &Self) -> bool {
        self.layers == other.layers
    }
}

impl<F: Float> Gradients<F> {
    /// Creates gradients of 0, with the shapes of `parameters`.
    ///
    /// Too little memory ends the program.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut rng = NumpyRandom::seed(1);
    /// let parameters = initialize_parameters::<f64>(3, 2, 1, &mut rng)?;
    /// assert_eq!(Gradients::zeros_like(&parameters).layers()[0].dw.dim(), (2, 3));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn zeros_like(parameters: &Parameters<F>) -> Self {
        let zeros = |layer: &Layer<F>| LayerGradients {
            dw: Array2::zeros(layer.w.dim()),
            db: Array2::zeros(layer.b.dim()),
        };
        Self { layers: parameters.layers().iter().map(zeros).collect(), zeros: None }
    }

    /// Creates gradients of 0, or returns [`Error::TooLarge`].
    pub(crate) fn try_zeros_like(parameters: &Parameters<F>) -> Result<Self> {
        let mut layers = Vec::with_capacity(parameters.layers().len());
        for (l, layer) in parameters.layers().iter().enumerate() {
            let dw = buffer::zeros("dW", layer.w.dim()).map_err(|e| e.in_layer(l + 1))?;
            let db = buffer::zeros("db", layer.b.dim()).map_err(|e| e.in_layer(l + 1))?;
            layers.push(LayerGradients { dw, db });
        }
        Ok(Self { layers, zeros: None })
    }

    /// Returns whether these are row-major matrices with the shapes of `parameters`.
    pub(crate) fn are_buffers_of(&self, parameters: &Parameters<F>) -> bool {
        let fits = |buffer: &Array2<F>, matrix: &Array2<F>| {
            buffer.dim() == matrix.dim() && buffer.is_standard_layout()
        };
        let layers = || self.layers.iter().zip(parameters.layers());
        self.layers.len() == parameters.layers().len()
            && layers().all(|(g, layer)| fits(&g.dw, &layer.w) && fits(&g.db, &layer.b))
    }

    /// Creates the gradients of a network from the gradients of its layers, first to last.
    ///
    /// ```
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let layer = LayerGradients { dw: array![[0.1, 0.2]], db: array![[0.3]] };
    /// assert_eq!(Gradients::from_layers(vec![layer])?.layers().len(), 1);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::NoLayers`] if `layers` is empty.
    /// - [`Error::ZeroSize`] if a `dW` has no rows or no columns.
    /// - [`Error::TooLarge`] if a `dW` has more elements than an array can have.
    /// - [`Error::ShapeMismatch`] if a `db` is not one column with as many rows as its `dW`.
    pub fn from_layers(layers: Vec<LayerGradients<F>>) -> Result<Self> {
        if layers.is_empty() {
            return Err(Error::NoLayers);
        }
        for (l, layer) in layers.iter().enumerate() {
            check_weight_gradients(Operand::new("dW", &layer.dw), Operand::new("db", &layer.db))
                .map_err(|e| e.in_layer(l + 1))?;
        }
        Ok(Self { layers, zeros: None })
    }

    /// Returns the gradients of the layers, first to last.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// let gradients = Gradients::zeros_like(&parameters);
    /// assert_eq!(gradients.layers()[0].dw.dim(), (2, 3));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn layers(&self) -> &[LayerGradients<F>] {
        &self.layers
    }

    /// Returns the gradients of the layers, to change them in place.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// let mut gradients = Gradients::zeros_like(&parameters);
    /// for layer in gradients.layers_mut() {
    ///     layer.dw.mapv_inplace(|d| d.clamp(-1.0, 1.0));
    /// }
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn layers_mut(&mut self) -> &mut [LayerGradients<F>] {
        self.zeros = None;
        &mut self.layers
    }

    /// Sets the gradients of the frozen layers to 0, unless they are known to be 0.
    pub(crate) fn freeze(&mut self, frozen: &Frozen) {
        if self.zeros.as_ref() == Some(frozen) {
            return;
        }
        for number in frozen.numbers() {
            let LayerGradients { dw, db } = &mut self.layers[number - 1];
            dw.fill(F::zero());
            db.fill(F::zero());
        }
        self.zeros = Some(frozen.clone());
    }

    /// Returns the gradients of the layers to a backward pass, which leaves frozen layers at 0.
    pub(crate) fn buffers(&mut self) -> &mut [LayerGradients<F>] {
        &mut self.layers
    }

    /// Returns the index and the gradients of each layer that is not known to be 0.
    pub(crate) fn trainable(&self) -> impl Iterator<Item = (usize, &LayerGradients<F>)> {
        let frozen = |l| self.zeros.as_ref().is_some_and(|zeros| zeros.contains(l));
        self.layers.iter().enumerate().filter(move |(l, _)| !frozen(*l))
    }

    /// Returns the index and the gradients of each layer that is not known to be 0, to change them.
    pub(crate) fn trainable_mut(
        &mut self,
    ) -> impl Iterator<Item = (usize, &mut LayerGradients<F>)> {
        let Self { layers, zeros } = self;
        let frozen = |l| zeros.as_ref().is_some_and(|zeros| zeros.contains(l));
        layers.iter_mut().enumerate().filter(move |(l, _)| !frozen(*l))
    }

    /// Computes the norm of all gradients together, `‖g‖ = √Σ g²`, over every `dW` and
    /// `db`.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1))?;
    /// assert_eq!(Gradients::zeros_like(&parameters).norm(), 0.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn norm(&self) -> f64 {
        self.trainable().map(|(_, layer)| layer.sum_of_squares()).sum::<f64>().sqrt()
    }
}

/// Clips the gradients by their norm, `g ← g·min(1, max_norm/‖g‖)`, and returns the norm
/// before.
///
/// `‖g‖` is [`Gradients::norm`], over all layers: the direction of the step stays the same. If
/// the norm is not finite, the gradients stay unchanged.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::gradients::clip_by_norm;
/// use dnn_blocks::prelude::*;
///
/// let layer = LayerGradients { dw: array![[3.0]], db: array![[4.0]] };
/// let mut gradients = Gradients::from_layers(vec![layer])?;
/// assert_eq!(clip_by_norm(&mut gradients, 1.0)?, 5.0);
/// assert!((gradients.norm() - 1.0).abs() < 1e-15);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if `max_norm` is not above 0 in `F`.
///
/// Source: Pascanu et al. (2013).
#[inline(never)]
pub fn clip_by_norm<F: Float>(gradients: &mut Gradients<F>, max_norm: f64) -> Result<f64> {
    check_above_zero::<F>("max_norm", max_norm)?;
    let norm = gradients.norm();
    if norm > max_norm && norm.is_finite() {
        let scale = F::of(max_norm / norm);
        for (_, layer) in gradients.trainable_mut() {
            layer.dw.mapv_inplace(|g| g * scale);
            layer.db.mapv_inplace(|g| g * scale);
        }
    }
    Ok(norm)
}

/// Clips every element of the gradients, `g ← max(-limit, min(limit, g))`.
///
/// NaN stays NaN. The direction of the step may change;
/// [`clip_by_norm`] keeps it.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::gradients::clip_by_value;
/// use dnn_blocks::prelude::*;
///
/// let layer = LayerGradients { dw: array![[3.0, -0.5]], db: array![[-4.0]] };
/// let mut gradients = Gradients::from_layers(vec![layer])?;
/// clip_by_value(&mut gradients, 1.0)?;
/// assert_eq!(gradients.layers()[0].dw, array![[1.0, -0.5]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidArgument`] if `limit` is not above 0 in `F`.
#[inline(never)]
pub fn clip_by_value<F: Float>(gradients: &mut Gradients<F>, limit: f64) -> Result<()> {
    check_above_zero::<F>("limit", limit)?;
    let limit = F::of(limit);
    let bounded = |g: F| {
        if g > limit {
            limit
        } else if g < -limit {
            -limit
        } else {
            g
        }
    };
    for (_, layer) in gradients.trainable_mut() {
        layer.dw.mapv_inplace(bounded);
        layer.db.mapv_inplace(bounded);
    }
    Ok(())
}

/// `Ok` if every `dW` and `db` has the shape of its `W` and `b`.
pub(crate) fn check_same_network<F: Float>(
    parameters: &Parameters<F>,
    gradients: &Gradients<F>,
) -> Result<()> {
    let (expected, found) = (parameters.layers().len(), gradients.layers().len());
    if expected != found {
        return Err(Error::LayerCount { expected, found });
    }
    for (l, (layer, gradient)) in parameters.layers().iter().zip(gradients.layers()).enumerate() {
        check_same_shape(Operand::new("W", &layer.w), Operand::new("dW", &gradient.dw))
            .and(check_same_shape(Operand::new("b", &layer.b), Operand::new("db", &gradient.db)))
            .map_err(|e| e.in_layer(l + 1))?;
    }
    Ok(())
}
