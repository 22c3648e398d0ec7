//! Activation functions and their derivatives.
//!
//! ```math
//! A = g(Z) \qquad dZ = dA \circ g'(Z)
//! ```
//!
//! A layer holds its function `g` as an [`Activation`]. The course's functions ([`sigmoid()`],
//! [`relu()`], [`tanh()`] and their `_backward`) are bit-identical to its variants.
//!
#![doc = include_str!("../../docs/images/activations.svg")]
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017). The variants of
//! [`Activation`] name the sources of their functions.

mod elu;
mod exponential;
mod function;
mod functions;
mod gelu;
mod gelu_tanh;
mod identity;
mod leaky_relu;
mod relu;
mod sigmoid;
mod silu;
mod softmax;
mod softplus;
mod tanh;

pub(crate) use function::{
    AddBiasAndApply, Apply, Differentiate, DifferentiateOutput, Function, Graph,
};
pub use functions::{relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward};

use crate::buffer::copy_of;
use crate::checks::{check_finite_in, check_same_shape};
use crate::error::Operand;
use crate::{Error, Float, Result};
use function::Operation;
use ndarray::{Array2, ArrayRef2};
use std::fmt;
use std::str::FromStr;

/// Declares [`Activation`]. A variant comes with the file that has its [`Function`], a type of the
/// same name.
macro_rules! activations {
    (
        $(#[$attributes:meta])*
        pub enum Activation {
            $(
                $(#[$documentation:meta])*
                $variant:ident $(($parameter:ident: $type:ty))? in $file:ident,
            )*
        }
    ) => {
        $(#[$attributes])*
        pub enum Activation {
            $($(#[$documentation])* $variant $(($type))?,)*
        }

        impl Activation {
            /// Returns the name, without the parameter.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Activation::$variant $(($parameter))? => {
                        $file::$variant $(($parameter))? .name()
                    })*
                }
            }

            /// Returns the parameter with its name, if the function has one.
            pub(crate) fn parameter(self) -> Option<(&'static str, f64)> {
                match self {
                    $(Activation::$variant $(($parameter))? => {
                        $file::$variant $(($parameter))? .parameter()
                    })*
                }
            }

            /// Runs an operation with the function of this activation.
            #[inline(never)]
            pub(crate) fn run<F: Float, O: Operation<F>>(self, operation: O) {
                match self {
                    $(Activation::$variant $(($parameter))? => {
                        $file::$variant $(($parameter))? .run(operation)
                    })*
                }
            }

            /// Returns whether `A = g(Z)` determines `g'(Z)`.
            pub(crate) fn known_from_output<F: Float>(self) -> bool {
                match self {
                    $(Activation::$variant $(($parameter))? => {
                        $file::$variant $(($parameter))? .known_from_output::<F>()
                    })*
                }
            }

            /// Adds `g(z)` to a graph of ONNX operators.
            #[cfg_attr(not(feature = "onnx"), allow(dead_code))]
            pub(crate) fn export<F: Float, G: Graph<F>>(
                self,
                graph: &mut G,
                z: &str,
            ) -> std::result::Result<(), G::Error> {
                match self {
                    $(Activation::$variant $(($parameter))? => {
                        $file::$variant $(($parameter))? .export(graph, z)
                    })*
                }
            }

            /// Reads a name as `Display` prints it, in upper or lower case.
            fn named(name: &str) -> Option<Self> {
                $(
                    if let Some(rest) = after(name, $file::$variant::NAME)
                        && let Some(found) = activations!(@read rest, $variant $($parameter)?)
                    {
                        return Some(found);
                    }
                )*
                None
            }
        }
    };
    (@read $rest:ident, $variant:ident) => {
        $rest.is_empty().then_some(Activation::$variant)
    };
    (@read $rest:ident, $variant:ident $parameter:ident) => {
        number($rest).map(Activation::$variant)
    };
}

activations! {
    /// An activation function `g`.
    ///
    /// | variant | `a = g(z)` | `dz` |
    /// |---|---|---|
    /// | `Relu` | `max(0, z)` | `da` where `z > 0`, else 0 |
    /// | `Sigmoid` | `1 / (1 + e⁻ᶻ)` | `da·a·(1 - a)` |
    /// | `Tanh` | `(eᶻ - e⁻ᶻ) / (eᶻ + e⁻ᶻ)` | `da·(1 - a²)` |
    /// | `LeakyRelu(s)` | `z` where `z > 0`, else `s·z` | `da` where `z > 0`, else `s·da` |
    /// | `Identity` | `z` | `da` |
    /// | `Softmax` | `eᶻ / Σ eᶻ` | `a·(da - Σ a·da)` |
    /// | `Exponential` | `eᶻ` | `da·a` |
    /// | `Softplus` | `ln(1 + eᶻ)` | `da·(1 - e⁻ᵃ)` |
    /// | `Elu(α)` | `z` where `z > 0`, else `α·(eᶻ - 1)` | `da` where `z > 0`, else `da·(a + α)` |
    /// | `Silu` | `z·s` with `s = sigmoid(z)` | `da·s·(1 + z·(1 - s))` |
    /// | `Gelu` | `z·Φ(z)` | `da·(Φ(z) + z·φ(z))` |
    /// | `GeluTanh` | `z·s` with `s = sigmoid(v)` | `da·s·(1 + z·v'·(1 - s))` |
    ///
    /// In the table, φ is the density of the standard normal distribution, Φ its distribution
    /// function, and `v = √(8/π)·(z + 0.044715·z³)`.
    ///
    /// All but `Softmax` are applied element by element. `Softmax` is applied to each column: its
    /// sums run over the units of one example. NaN stays NaN in all of them.
    ///
    /// `Exponential` and the variants after it state their largest error in units of the last place
    /// (ulp). It holds for all `z`, in `f32` and `f64`, with every set of instructions. Their
    /// derivatives have an error of at most `3·ε·max(1, |g'|)`, where ELU has `|alpha|` as a third
    /// number in the maximum. At -∞, `Silu`, `Gelu` and `GeluTanh` return their limit, 0, where
    /// PyTorch and exported ONNX graphs return NaN.
    ///
    /// ```
    /// use dnn_blocks::activation::Activation;
    /// use dnn_blocks::ndarray::array;
    ///
    /// assert_eq!(Activation::Relu.forward(&array![[-1.0, 2.0]])?, array![[0.0, 2.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    #[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
    #[non_exhaustive]
    pub enum Activation {
        /// The rectified linear unit, `g(z) = max(0, z)` (Nair & Hinton 2010).
        Relu in relu,
        /// The logistic function, `g(z) = 1 / (1 + e⁻ᶻ)`.
        Sigmoid in sigmoid,
        /// The hyperbolic tangent, `g(z) = tanh z`.
        Tanh in tanh,
        /// The leaky ReLU, `g(z) = z` where `z > 0`, else `slope·z` (Maas et al. 2013).
        ///
        /// A usual slope is 0.01. The slope must be finite in the element type of the network.
        LeakyRelu(slope: f64) in leaky_relu,
        /// No activation, `g(z) = z`, for the output of a regression.
        Identity in identity,
        /// Softmax, `g(z) = eᶻ / Σ eᶻ` over the units of the layer (Bridle 1990).
        ///
        /// It is for the output of a classifier: a column holds the probabilities of the classes.
        Softmax in softmax,
        /// The exponential function, `g(z) = eᶻ`, for a positive output.
        ///
        /// The largest error is 1.5 ulp.
        Exponential in exponential,
        /// Softplus, `g(z) = ln(1 + eᶻ)` (Dugas et al. 2001; Glorot et al. 2011).
        ///
        /// The largest error is 3 ulp. PyTorch returns `z` where `z > 20`, which differs by 2e-9.
        Softplus in softplus,
        /// The exponential linear unit, `g(z) = z` where `z > 0`, else `alpha·(eᶻ - 1)` (Clevert et
        /// al. 2016).
        ///
        /// A usual alpha is 1. The alpha must be finite in the element type of the network. The
        /// largest error is 3 ulp.
        Elu(alpha: f64) in elu,
        /// The sigmoid-weighted linear unit or swish, `g(z) = z·sigmoid(z)` (Elfwing et al. 2018;
        /// Ramachandran et al. 2017).
        ///
        /// The largest error is 4 ulp. A `Workspace` keeps `Z` of such a layer too.
        Silu in silu,
        /// The Gaussian error linear unit, `g(z) = z·Φ(z)` with the distribution function Φ of the
        /// standard normal distribution (Hendrycks & Gimpel 2016).
        ///
        /// The largest error is 7 ulp. A `Workspace` keeps `Z` of such a layer too.
        Gelu in gelu,
        /// The approximation of GELU by a tanh, `g(z) = z/2·(1 + tanh(√(2/π)·(z + 0.044715·z³)))`
        /// (Hendrycks & Gimpel 2016).
        ///
        /// The largest error is 4 ulp. A `Workspace` keeps `Z` of such a layer too.
        GeluTanh in gelu_tanh,
    }
}

/// Returns the text after the start of a name, in upper or lower case.
fn after<'a>(name: &'a str, start: &str) -> Option<&'a str> {
    let (found, rest) = name.split_at_checked(start.len())?;
    found.eq_ignore_ascii_case(start).then_some(rest)
}

/// Reads a parameter, which a space separates from the name.
fn number(rest: &str) -> Option<f64> {
    rest.strip_prefix(' ')?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

impl Activation {
    /// `Ok` if the parameter is finite, also when it is rounded to `F`.
    pub(crate) fn check<F: Float>(self) -> Result<()> {
        self.parameter().map_or(Ok(()), |(name, value)| check_finite_in::<F>(name, value))
    }

    /// Computes the activation, `A = g(Z)`.
    ///
    /// `Z`, `A` (n, m).
    ///
    /// ```
    /// use dnn_blocks::activation::Activation;
    /// use dnn_blocks::ndarray::array;
    ///
    /// let a = Activation::LeakyRelu(0.01).forward(&array![[-2.0, 3.0]])?;
    /// assert_eq!(a, array![[-0.02, 3.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if `A` does not fit in memory, [`Error::Hyperparameter`] if the
    /// slope or alpha is not finite in `F`.
    pub fn forward<F: Float>(self, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check::<F>()?;
        let mut a = copy_of("A", z)?;
        self.apply(&mut a);
        Ok(a)
    }

    /// Computes `dZ` from `dA`: `dZ = dA ∘ g'(Z)`, and for `Softmax` the sum of the table above.
    ///
    /// `dA`, `Z`, `dZ` (n, m). `dZ` reuses the memory of `dA`.
    ///
    /// ```
    /// use dnn_blocks::activation::Activation;
    /// use dnn_blocks::ndarray::array;
    ///
    /// let dz = Activation::LeakyRelu(0.01).backward(array![[5.0, 5.0]], &array![[-2.0, 3.0]])?;
    /// assert_eq!(dz, array![[0.05, 5.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `dA` and `Z` differ in shape, [`Error::Hyperparameter`] if the
    /// slope or alpha is not finite in `F`.
    pub fn backward<F: Float>(self, da: Array2<F>, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check::<F>()?;
        check_same_shape(Operand::new("dA", &da), Operand::new("Z", z))?;
        let mut dz = da;
        self.differentiate(&mut dz, z);
        Ok(dz)
    }

    /// Sets `Z ← g(Z)`.
    pub(crate) fn apply<F: Float>(self, z: &mut ArrayRef2<F>) {
        self.run(Apply { z });
    }

    /// Sets `Z ← g(Z + b)`, in one sweep.
    pub(crate) fn add_bias_and_apply<F: Float>(self, z: &mut ArrayRef2<F>, b: &ArrayRef2<F>) {
        self.run(AddBiasAndApply { z, b });
    }

    /// Sets `dA ← dA ∘ g'(Z)`. The caller has checked the shapes.
    pub(crate) fn differentiate<F: Float>(self, da: &mut ArrayRef2<F>, z: &ArrayRef2<F>) {
        self.run(Differentiate { da, z });
    }

    /// Sets `A ← dA ∘ g'(Z)`, where `A = g(Z)`. It computes `g'(Z)` from `A` alone.
    ///
    /// If [`known_from_output`](Self::known_from_output), the result is bit-identical to
    /// [`differentiate`](Self::differentiate).
    pub(crate) fn differentiate_output<F: Float>(self, a: &mut ArrayRef2<F>, da: &ArrayRef2<F>) {
        self.run(DifferentiateOutput { a, da });
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parameter() {
            Some((_, value)) => f.pad(&format!("{} {value}", self.name())),
            None => f.pad(self.name()),
        }
    }
}

/// Parses the name that [`Display`](fmt::Display) prints, in upper or lower case.
///
/// A name is followed by its slope or alpha, if it has one. Any other text is an
/// [`Error::UnknownName`].
///
/// ```
/// use dnn_blocks::activation::Activation;
///
/// assert_eq!("relu".parse(), Ok(Activation::Relu));
/// assert_eq!("leaky ReLU 0.2".parse(), Ok(Activation::LeakyRelu(0.2)));
/// assert_eq!("GELU tanh".parse(), Ok(Activation::GeluTanh));
/// let error = "swish".parse::<Activation>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown activation `swish`");
/// ```
impl FromStr for Activation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let unknown = || Error::UnknownName { kind: "activation", name: name.to_string() };
        Self::named(name.trim()).ok_or_else(unknown)
    }
}
