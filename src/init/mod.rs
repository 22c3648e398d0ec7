//! Initialization of the parameters: random weights `W`, biases `b = 0`.
//!
//! ```math
//! W^{[l]}_{ij} \sim \mathcal{N}(0, \sigma_l^2) \qquad b^{[l]} = 0
//! ```
//!
//! An [`Initializer`] sets the distribution. Most are normal, with a standard deviation σ that
//! depends on the size of the layer. The random numbers come from a [`RandomSource`]:
//!
//! - [`NumpyRandom`] reproduces the numbers of a notebook after `np.random.seed(k)`.
//! - Any generator of [`rand`] 0.10 works too, for example `SmallRng` of
//!   `dnn_blocks::rand`. For `StdRng` add `rand = "0.10"` to your Cargo.toml.
//!
//! With the feature `ndarray-rand`, `initialize_parameters_with` draws from any distribution of the
//! `ndarray-rand` crate, with a generator of rand 0.9.
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); LeCun et al. (1998), Glorot &
//! Bengio (2010) and He et al. (2015) for the standard deviations.

#[cfg(feature = "ndarray-rand")]
mod ndarray_rand;
mod numpy_random;
mod numpy_state;
mod per_layer;

#[cfg(feature = "ndarray-rand")]
pub use self::ndarray_rand::initialize_parameters_with;
pub use numpy_random::NumpyRandom;
pub use numpy_state::NumpyState;
pub use per_layer::PerLayer;

#[cfg(doc)]
use crate::Error;
use crate::activation::Activation;
use crate::checks::{check_finite_in, check_hyperparameter, check_weights};
use crate::error::Operand;
use crate::{Float, Layer, Parameters, Result, buffer};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// The distribution of the weights of a layer with n_prev inputs and n units.
///
/// | variant | `W` | suits |
/// |---|---|---|
/// | `Scaled(s)` | `N(0, 1)·s` | the course's exercises, with `s = 0.01` |
/// | `LeCun` | `N(0, 1)/√n_prev` | tanh (LeCun et al. 1998); the course's application |
/// | `He` | `N(0, 1)·√(2/n_prev)` | ReLU (He et al. 2015) |
/// | `Xavier` | uniform on `±√(6/(n_prev + n))` | sigmoid, tanh (Glorot & Bengio 2010) |
/// | `Zeros` | 0 | networks of one layer |
///
/// `N(0, 1)` is the standard normal distribution.
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let mut rng = NumpyRandom::seed(1);
/// let parameters = initialize_parameters_deep::<f64>(&[2, 1], Initializer::Zeros, &mut rng)?;
/// assert_eq!(parameters.layers()[0].w.sum(), 0.0);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Initializer {
    /// `W = N(0, 1)·factor`: normal, with `factor` as the standard deviation.
    #[doc(alias = "initialize_parameters_random")]
    Scaled(f64),
    /// `W = N(0, 1)/√n_prev`: normal. The output of a linear unit has the variance of its inputs.
    LeCun,
    /// `W = N(0, 1)·√(2/n_prev)`: normal. It keeps the variance where ReLU sets half of the
    /// outputs to 0.
    #[doc(alias = "initialize_parameters_he")]
    He,
    /// `W` uniform on `±√(6/(n_prev + n))`, with variance `2/(n_prev + n)`: a compromise between
    /// the variances of the forward and the backward pass (Glorot & Bengio 2010, equation 16).
    Xavier,
    /// `W = 0`. In a deeper network all units of a layer would stay equal.
    #[doc(alias = "initialize_parameters_zeros")]
    Zeros,
}

impl Initializer {
    /// `Ok` if the factor is finite, also when it is rounded to `F`.
    pub(crate) fn check<F: Float>(self) -> Result<()> {
        match self {
            Initializer::Scaled(factor) => check_finite_in::<F>("factor", factor),
            Initializer::LeCun | Initializer::He | Initializer::Xavier | Initializer::Zeros => {
                Ok(())
            }
        }
    }

    /// Draws one weight of a layer with `n_prev` inputs and `n` units.
    fn draw(self, n_prev: f64, n: f64, rng: &mut (impl RandomSource + ?Sized)) -> f64 {
        match self {
            Initializer::Scaled(factor) => rng.standard_normal() * factor,
            Initializer::LeCun => rng.standard_normal() / n_prev.sqrt(),
            Initializer::He => rng.standard_normal() * (2.0 / n_prev).sqrt(),
            Initializer::Xavier => (2.0 * rng.uniform() - 1.0) * (6.0 / (n_prev + n)).sqrt(),
            Initializer::Zeros => 0.0,
        }
    }
}

/// A source of random numbers: [`NumpyRandom`] or any generator of [`rand`] 0.10.
///
/// Samples are computed in `f64` and rounded once to the element type. So the same seed gives the
/// same network in `f32` and `f64`, up to this rounding.
///
/// `SmallRng` is in `dnn_blocks::rand`; for `StdRng` add `rand = "0.10"` to your
/// Cargo.toml. Other types can implement the trait.
///
/// ```
/// use dnn_blocks::init::{NumpyRandom, RandomSource};
/// use dnn_blocks::rand::{SeedableRng, rngs::SmallRng};
///
/// let mut sources: [Box<dyn RandomSource>; 2] =
///     [Box::new(NumpyRandom::seed(1)), Box::new(SmallRng::seed_from_u64(1))];
/// for source in &mut sources {
///     assert!((0.0..1.0).contains(&source.uniform()));
/// }
/// ```
pub trait RandomSource {
    /// Draws a sample of the standard normal distribution N(0, 1).
    fn standard_normal(&mut self) -> f64;

    /// Draws a sample of the uniform distribution on [0, 1).
    fn uniform(&mut self) -> f64;

    /// Shuffles `order`; all permutations are equally likely (Fisher & Yates 1938).
    ///
    /// [`NumpyRandom`] shuffles as NumPy does, generators of [`rand`] as its `SliceRandom` does.
    /// Other sources shuffle by samples of [`uniform`](Self::uniform), which need 53 random bits.
    ///
    /// ```
    /// use dnn_blocks::init::RandomSource;
    /// use dnn_blocks::rand::{SeedableRng, rngs::SmallRng};
    ///
    /// let mut order = [10, 20, 30];
    /// SmallRng::seed_from_u64(1).shuffle(&mut order);
    /// order.sort();
    /// assert_eq!(order, [10, 20, 30]);
    /// ```
    fn shuffle(&mut self, order: &mut [usize]) {
        for i in (1..order.len()).rev() {
            order.swap(i, below(i + 1, || self.uniform()));
        }
    }

    /// Returns the numbers 0 to n - 1 in random order, by [`shuffle`](Self::shuffle).
    ///
    /// The list takes `8·n` bytes on a 64-bit machine. Too little memory ends the program.
    ///
    /// ```
    /// use dnn_blocks::init::{NumpyRandom, RandomSource};
    ///
    /// let source: &mut dyn RandomSource = &mut NumpyRandom::seed(0);
    /// assert_eq!(source.permutation(7), [6, 2, 1, 3, 0, 5, 4]); // np.random.permutation(7)
    /// ```
    fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

/// Draws a uniform integer from 0 to `n` - 1 by Lemire's method (2019).
///
/// The result is the high part of the product of 53 random bits and `n`. A draw is repeated if the
/// low part is in the biased range.
fn below(n: usize, mut uniform: impl FnMut() -> f64) -> usize {
    const BITS: u32 = f64::MANTISSA_DIGITS;
    let mut high = 0;
    // A draw is accepted with a probability above 1/2. The bound ends the loop if a source always
    // returns the same number.
    for _ in 0..64 {
        let draw = (uniform() * (1_u64 << BITS) as f64) as u64;
        let product = u128::from(draw) * n as u128;
        high = (product >> BITS) as usize;
        if product & ((1 << BITS) - 1) >= (1_u128 << BITS) % n as u128 {
            break;
        }
    }
    high.min(n - 1)
}

impl<R: Rng + ?Sized> RandomSource for R {
    fn standard_normal(&mut self) -> f64 {
        StandardNormal.sample(self)
    }

    fn uniform(&mut self) -> f64 {
        StandardUniform.sample(self)
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        SliceRandom::shuffle(order, self);
    }
}

/// Draws the parameters of a network with two layers: `W = N(0, 1)·0.01`, `b = 0`.
///
/// `W1` (n_h, n_x), `b1` (n_h, 1), `W2` (n_y, n_h), `b2` (n_y, 1), for n_x inputs, n_h hidden units
/// and n_y outputs. The first layer uses ReLU, the second sigmoid.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let parameters = initialize_parameters(3, 2, 1, &mut NumpyRandom::seed(1))?;
/// let w2 = array![[0.01744811764, -0.00761206901]]; // as the notebook prints it
/// assert!((&parameters.layers()[1].w - &w2).iter().all(|d: &f64| d.abs() < 1e-11));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ZeroSize`] if a size is 0, [`Error::TooLarge`] if a matrix does not fit in memory; both
/// with the number of the layer.
///
/// Source: Ng (2017), week 4.
pub fn initialize_parameters<F: Float>(
    n_x: usize,
    n_h: usize,
    n_y: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Parameters<F>> {
    initialize_parameters_deep(&[n_x, n_h, n_y], Initializer::Scaled(0.01), rng)
}

/// Draws the parameters of a network with the sizes `layer_dims`: inputs first, outputs last.
///
/// `layer_dims[l]` is nˡ. The [`Initializer`] sets the distribution of `Wˡ`, which is (nˡ, nˡ⁻¹),
/// and `bˡ`, which is (nˡ, 1), is 0. Weights are drawn layer after layer, row by row.
///
/// Hidden layers use ReLU, the output layer uses sigmoid;
/// [`with_activations`](Parameters::with_activations) and
/// [`with_layer_activations`](Parameters::with_layer_activations) set others. An array of
/// initializers sets one for each layer.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::rand::{SeedableRng, rngs::SmallRng};
///
/// let mut rng = SmallRng::seed_from_u64(7);
/// let parameters =
///     initialize_parameters_deep::<f32>(&[784, 128, 10, 1], Initializer::He, &mut rng)?;
/// assert_eq!(parameters.layers()[1].w.dim(), (10, 128));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::NoLayers`] if there are fewer than two sizes.
/// - [`Error::ZeroSize`] if a size is 0.
/// - [`Error::LengthMismatch`] unless an array has one initializer for each layer.
/// - [`Error::TooLarge`] if a matrix does not fit in memory.
/// - [`Error::Hyperparameter`] if the factor of [`Initializer::Scaled`] is not finite in `F`, or so
///   large that a weight is not finite.
///
/// Source: Ng (2017), week 4.
#[doc(alias = "layer_sizes")]
pub fn initialize_parameters_deep<F: Float>(
    layer_dims: &[usize],
    initializer: impl Into<PerLayer<Initializer>>,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Parameters<F>> {
    let initializer = initializer.into();
    initializer.values().iter().try_for_each(|initializer| initializer.check::<F>())?;
    let count = layer_dims.len().saturating_sub(1);
    initializer.check_len("initializers", ("layers", count))?;
    let mut layers = Vec::with_capacity(count);
    for (l, (dims, initializer)) in layer_dims.windows(2).zip(initializer.iter()).enumerate() {
        let layer = initialize_layer(dims[0], dims[1], *initializer, rng);
        layers.push(layer.map_err(|e| e.in_layer(l + 1))?);
    }
    let parameters = Parameters::from_layers(layers)?;
    Ok(parameters.with_activations(Activation::Relu, Activation::Sigmoid))
}

fn initialize_layer<F: Float>(
    n_prev: usize,
    n: usize,
    initializer: Initializer,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Layer<F>> {
    let (w, b) = ((n, n_prev), (n, 1));
    check_weights(Operand { name: "W", shape: w }, Operand { name: "b", shape: b })?;
    let (inputs, units) = (n_prev as f64, n as f64);
    let w = buffer::from_fn("W", w, || F::of(initializer.draw(inputs, units, rng)))?;
    if let Initializer::Scaled(factor) = initializer {
        let finite = w.iter().all(|w| w.is_finite());
        check_hyperparameter(finite, "factor", factor, "small enough for finite weights")?;
    }
    Ok(Layer {
        w,
        b: buffer::zeros("b", b)?,
        activation: Activation::Identity, // the caller sets it
    })
}
