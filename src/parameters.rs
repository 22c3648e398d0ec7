//! The parameters of a network: `W` and `b` of every layer.

use crate::activation::Activation;
use crate::buffer;
use crate::checks::{check, check_features, check_finite, check_lengths, check_weights};
use crate::error::Operand;
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2};
use std::fmt;

/// The parameters of one layer, `A = g(W·A_prev + b)`, and its activation `g`.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Layer<F> {
    /// The weights `W`, (n, n_prev): a row for each unit, a column for each input.
    pub w: Array2<F>,
    /// The biases `b`, a column (n, 1).
    pub b: Array2<F>,
    /// The activation function `g`.
    pub activation: Activation,
}

impl<F> Layer<F> {
    /// Returns the number of weights and biases.
    fn count(&self) -> usize {
        self.w.len() + self.b.len()
    }
}

/// The parameters of a network: `W`, `b` and activation of each layer.
///
/// Layer l has `Wˡ` (nˡ, nˡ⁻¹) and `bˡ` (nˡ, 1).
/// [`initialize_parameters_deep`](crate::init::initialize_parameters_deep) draws them at random.
///
/// `{}` prints a table of the layers and their shapes, for `m` examples:
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let parameters = initialize_parameters::<f64>(2, 4, 1, &mut NumpyRandom::seed(2))?;
/// assert_eq!(
///     parameters.to_string(),
///     "\
/// layer  units  activation  W       b       A       parameters
/// input  2                                  (2, m)
/// 1      4      ReLU        (4, 2)  (4, 1)  (4, m)  12
/// 2      1      sigmoid     (1, 4)  (1, 1)  (1, m)  5
/// total                                             17
/// "
/// );
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// `{:?}` prints the numbers; `ndarray` shortens large matrices. A precision is possible:
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let w = array![[0.25, -1.5], [3.0, 0.125]];
/// let layer = Layer { w, b: array![[0.5], [0.0]], activation: Activation::Tanh };
/// let parameters = Parameters::from_layers(vec![layer])?;
/// assert_eq!(
///     format!("{parameters:.2?}"),
///     "\
/// layer 1: tanh, W (2, 2), b (2, 1)
/// W = [[0.25, -1.50],
///      [3.00, 0.12]]
/// b = [[0.50],
///      [0.00]]
/// "
/// );
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Parameters<F> {
    layers: Vec<Layer<F>>,
}

impl<F: Float> Parameters<F> {
    /// Creates the parameters of a network from its layers, first to last.
    ///
    /// ```
    /// use dnn_blocks::ndarray::Array2;
    /// use dnn_blocks::prelude::*;
    ///
    /// let layer = |n, n_prev, activation| Layer {
    ///     w: Array2::<f32>::zeros((n, n_prev)),
    ///     b: Array2::zeros((n, 1)),
    ///     activation,
    /// };
    /// let layers = vec![layer(4, 2, Activation::Tanh), layer(1, 5, Activation::Sigmoid)];
    /// assert_eq!(
    ///     Parameters::from_layers(layers).unwrap_err().to_string(),
    ///     "layer 2: W (1, 5) and W_prev (4, 2) do not fit: columns of W must equal rows of W_prev"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::NoLayers`] if `layers` is empty.
    /// - [`Error::ZeroSize`] if a layer has no units or no inputs.
    /// - [`Error::TooLarge`] if a `W` has more elements than an array can have.
    /// - [`Error::ShapeMismatch`] if a `b` is not one column with as many rows as its `W`, or if a
    ///   layer has more or fewer inputs than the layer before has units.
    pub fn from_layers(layers: Vec<Layer<F>>) -> Result<Self> {
        check_network(&layers)?;
        Ok(Self { layers })
    }

    /// Sets the activations: `output` in the last layer, `hidden` in all others.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let parameters = initialize_parameters::<f64>(2, 4, 1, &mut NumpyRandom::seed(2))?
    ///     .with_activations(Activation::Tanh, Activation::Sigmoid);
    /// assert_eq!(parameters.layers()[0].activation, Activation::Tanh);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn with_activations(mut self, hidden: Activation, output: Activation) -> Self {
        if let Some((last, others)) = self.layers.split_last_mut() {
            others.iter_mut().for_each(|layer| layer.activation = hidden);
            last.activation = output;
        }
        self
    }

    /// Sets the activation of each layer, first to last.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut rng = NumpyRandom::seed(1);
    /// let initializers = [Initializer::LeCun, Initializer::He, Initializer::LeCun];
    /// let activations = [Activation::Tanh, Activation::Relu, Activation::Identity];
    /// let parameters = initialize_parameters_deep::<f32>(&[2, 8, 4, 1], initializers, &mut rng)?
    ///     .with_layer_activations(&activations)?;
    /// assert_eq!(parameters.layers()[1].activation, Activation::Relu);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] unless there is one activation for each layer.
    pub fn with_layer_activations(mut self, activations: &[Activation]) -> Result<Self> {
        let layers = self.layers.len();
        check_lengths(("activations", activations.len()), ("layers", layers))?;
        for (layer, &activation) in self.layers.iter_mut().zip(activations) {
            layer.activation = activation;
        }
        Ok(self)
    }

    /// Returns the layers, first to last: `layers()[0]` is layer 1.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let parameters = initialize_parameters::<f64>(2, 4, 1, &mut NumpyRandom::seed(2))?;
    /// assert_eq!(parameters.layers()[1].w.dim(), (1, 4));
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn layers(&self) -> &[Layer<F>] {
        &self.layers
    }

    /// Checks that `X` (features, m) has the features of layer 1.
    pub(crate) fn check_features(&self, x: &ArrayRef2<F>) -> Result<()> {
        check_features(Operand::new("W", &self.layers[0].w), Operand::new("X", x))
    }

    /// Returns the number of weights and biases.
    pub(crate) fn count(&self) -> usize {
        self.layers.iter().map(Layer::count).sum()
    }

    /// Returns a copy, or [`Error::TooLarge`] if it does not fit in memory.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let copy = |layer: &Layer<F>| -> Result<_> {
            let (w, b) = (buffer::copy_of("W", &layer.w)?, buffer::copy_of("b", &layer.b)?);
            Ok(Layer { w, b, activation: layer.activation })
        };
        let layers = self.layers.iter().enumerate();
        let copies = layers.map(|(l, layer)| copy(layer).map_err(|e| e.in_layer(l + 1)));
        Ok(Self { layers: copies.collect::<Result<_>>()? })
    }

    /// Copies the weights and biases of a network with the same shapes, without allocation.
    pub(crate) fn assign(&mut self, other: &Self) {
        for (layer, other) in self.layers.iter_mut().zip(&other.layers) {
            layer.w.assign(&other.w);
            layer.b.assign(&other.b);
        }
    }

    /// Returns whether every weight and bias is finite.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let parameters = initialize_parameters::<f64>(2, 4, 1, &mut NumpyRandom::seed(2))?;
    /// assert!(parameters.is_finite());
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let finite = |matrix: &Array2<F>| matrix.iter().all(|x| x.is_finite());
        self.layers.iter().all(|layer| finite(&layer.w) && finite(&layer.b))
    }

    /// `Ok` if every weight and bias is finite.
    pub(crate) fn check_finite(&self) -> Result<()> {
        for (l, layer) in self.layers.iter().enumerate() {
            for (operand, matrix) in [("W", &layer.w), ("b", &layer.b)] {
                check_finite(operand, matrix).map_err(|e| e.in_layer(l + 1))?;
            }
        }
        Ok(())
    }

    /// Returns the layers, to change them in place.
    ///
    /// The next forward pass checks the shapes again and names a layer that does not fit.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// # let mut parameters = initialize_parameters::<f64>(2, 4, 1, &mut NumpyRandom::seed(2))?;
    /// parameters.layers_mut()[1].b.fill(-1.0);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn layers_mut(&mut self) -> &mut [Layer<F>] {
        &mut self.layers
    }
}

/// `Ok` if there is at least one layer, every `W` and `b` fit, and every layer has as many inputs
/// as the layer before has units.
pub(crate) fn check_network<F: Float>(layers: &[Layer<F>]) -> Result<()> {
    if layers.is_empty() {
        return Err(Error::NoLayers);
    }
    let mut previous = None;
    for (l, layer) in layers.iter().enumerate() {
        let w = Operand::new("W", &layer.w);
        check_weights(w, Operand::new("b", &layer.b))
            .and_then(|()| check_chain(w, previous))
            .map_err(|e| e.in_layer(l + 1))?;
        previous = Some(Operand { name: "W_prev", ..w });
    }
    Ok(())
}

fn check_chain(w: Operand, previous: Option<Operand>) -> Result<()> {
    let Some(w_prev) = previous else { return Ok(()) };
    check(w.shape.1 == w_prev.shape.0, w, w_prev, "columns of W must equal rows of W_prev")
}

impl<F: fmt::Debug> fmt::Debug for Layer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { w, b, activation } = self;
        writeln!(f, "{activation}, W {:?}, b {:?}", w.dim(), b.dim())?;
        write_matrix(f, "W", w)?;
        write_matrix(f, "b", b)
    }
}

impl<F: fmt::Debug> fmt::Debug for Parameters<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (l, layer) in self.layers.iter().enumerate() {
            write!(f, "layer {}: ", l + 1)?;
            fmt::Debug::fmt(layer, f)?;
        }
        Ok(())
    }
}

/// Writes `name = ` and the numbers, one row of the matrix per line.
fn write_matrix<F: fmt::Debug>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    matrix: &Array2<F>,
) -> fmt::Result {
    let text = match f.precision() {
        Some(precision) => format!("{matrix:.precision$?}"),
        None => format!("{matrix:?}"),
    };
    let numbers = text.rsplit_once(", shape=").map_or(&*text, |(numbers, _)| numbers);
    let indent = format!("\n{:1$}", "", name.len() + 3);
    writeln!(f, "{name} = {}", numbers.replace('\n', &indent))
}

impl<F: Float> fmt::Display for Parameters<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = self.layers.first().map_or(0, |layer| layer.w.ncols());
        let empty = String::new;
        let mut rows = vec![
            ["layer", "units", "activation", "W", "b", "A", "parameters"].map(String::from),
            [
                "input".to_string(),
                inputs.to_string(),
                empty(),
                empty(),
                empty(),
                format!("({inputs}, m)"),
                empty(),
            ],
        ];
        rows.extend(self.layers.iter().enumerate().map(|(l, layer)| shape_row(l + 1, layer)));
        rows.push([
            "total".into(),
            empty(),
            empty(),
            empty(),
            empty(),
            empty(),
            self.count().to_string(),
        ]);
        write_table(f, &rows)
    }
}

fn shape_row<F: Float>(number: usize, layer: &Layer<F>) -> [String; 7] {
    [
        number.to_string(),
        layer.w.nrows().to_string(),
        layer.activation.to_string(),
        format!("{:?}", layer.w.dim()),
        format!("{:?}", layer.b.dim()),
        format!("({}, m)", layer.w.nrows()),
        layer.count().to_string(),
    ]
}

/// Writes left-aligned columns, two spaces apart.
fn write_table<const N: usize>(f: &mut fmt::Formatter<'_>, rows: &[[String; N]]) -> fmt::Result {
    let widths: [usize; N] =
        std::array::from_fn(|c| rows.iter().map(|row| row[c].len()).max().unwrap_or(0));
    for row in rows {
        let line: Vec<_> = row.iter().zip(widths).map(|(cell, w)| format!("{cell:w$}")).collect();
        writeln!(f, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}
