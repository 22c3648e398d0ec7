//! Initialization of the parameters: `W` drawn at random, `b = 0`.
//!
//! ```math
//! W^{[l]}_{ij} \sim \mathcal{N}(0, \sigma_l^2) \qquad b^{[l]} = 0
//! ```
//!
//! The functions take any [`rand`] generator, or [`NumpyRandom`] for the digits of a notebook.
//! With the feature `ndarray-rand`, `initialize_parameters_with` takes the distributions and
//! generators of the `ndarray-rand` crate instead. These generators are of rand 0.9, not of
//! [`dnn_blocks::rand`](crate::rand), which is 0.10.

#[cfg(feature = "ndarray-rand")]
mod ndarray_rand;
mod numpy_random;
mod numpy_state;

#[cfg(feature = "ndarray-rand")]
pub use self::ndarray_rand::initialize_parameters_with;
pub use numpy_random::NumpyRandom;
pub use numpy_state::NumpyState;

use crate::activation::Activation;
use crate::checks::{check_finite_in, check_hyperparameter, check_weights};
use crate::error::Operand;
use crate::{Float, Layer, Parameters, Result, buffer};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// How the weights of a layer with n_prev inputs and n units are drawn.
///
/// | variant | `W` | for |
/// |---|---|---|
/// | `Scaled(s)` | `N(0, 1)·s` | the course's exercises, with 0.01 |
/// | `LeCun` | `N(0, 1)/√n_prev` | the course's application; tanh (LeCun et al. 1998) |
/// | `He` | `N(0, 1)·√(2/n_prev)` | ReLU (He et al. 2015) |
/// | `Xavier` | uniform on `±√(6/(n_prev + n))` | sigmoid, tanh (Glorot & Bengio 2010, equation 16) |
/// | `Zeros` | 0 | one layer only: in a deeper network all units of a layer stay equal |
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Initializer {
    /// `W = N(0, 1)·factor`.
    Scaled(f64),
    /// `W = N(0, 1)/√n_prev`: the variance of a linear unit's output is that of its inputs.
    LeCun,
    /// `W = N(0, 1)·√(2/n_prev)`: the same for a unit that is off half of the time.
    He,
    /// `W` uniform on `±√(6/(n_prev + n))`, of variance `2/(n_prev + n)`: a compromise between
    /// the forward and the backward pass.
    Xavier,
    /// `W = 0`.
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

    /// One weight of a layer with `n_prev` inputs and `n` units.
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

/// What the init functions draw from: every generator of [`rand`], and [`NumpyRandom`].
///
/// Samples are `f64` and rounded once, so a network in `f32` starts at the `f32` nearest to the
/// network in `f64`.
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
    /// One sample of N(0, 1).
    fn standard_normal(&mut self) -> f64;

    /// One sample of the uniform distribution on [0, 1).
    fn uniform(&mut self) -> f64;

    /// Puts `order` in random order, every one as likely as any other (Fisher & Yates 1938).
    ///
    /// [`NumpyRandom`] does it as NumPy, the generators of [`rand`] as rand's `SliceRandom`, any
    /// other by drawing from [`uniform`](Self::uniform), of which 53 bits must be random.
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

    /// The numbers 0 to n - 1 in random order, by [`shuffle`](Self::shuffle). They take `8·n`
    /// bytes on a 64-bit machine.
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

/// Uniform on 0 to `n` - 1, from samples with 53 random bits: the high part of the product with
/// `n`, drawn again where the low part says that this number has had its share (Lemire 2019).
fn below(n: usize, mut uniform: impl FnMut() -> f64) -> usize {
    const BITS: u32 = f64::MANTISSA_DIGITS;
    let mut high = 0;
    // Each draw is kept with a probability above 1/2: the end is for a source that is stuck.
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

/// The parameters of a network with two layers: `W = N(0, 1)·0.01`, `b = 0`, ReLU, then sigmoid.
///
/// `W1` (n_h, n_x), `b1` (n_h, 1), `W2` (n_y, n_h), `b2` (n_y, 1).
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
/// The errors of [`initialize_parameters_deep`].
pub fn initialize_parameters<F: Float>(
    n_x: usize,
    n_h: usize,
    n_y: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Parameters<F>> {
    initialize_parameters_deep(&[n_x, n_h, n_y], Initializer::Scaled(0.01), rng)
}

/// The parameters of a network with `layer_dims[0]` inputs and one layer for each further size:
/// ReLU layers, then a sigmoid layer, unless
/// [`with_activations`](Parameters::with_activations) says otherwise.
///
/// `Wˡ` (layer_dims\[l\], layer_dims\[l-1\]) is drawn row by row, layer after layer, from one
/// stream; `bˡ` (layer_dims\[l\], 1) is 0.
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
/// [`Error::NoLayers`](crate::Error::NoLayers) if there are fewer than two sizes,
/// [`Error::ZeroSize`](crate::Error::ZeroSize) if one is 0,
/// [`Error::TooLarge`](crate::Error::TooLarge) if a matrix has more elements than can be counted
/// or held in memory, [`Error::Hyperparameter`](crate::Error::Hyperparameter) if the factor of
/// [`Initializer::Scaled`] is not finite in `F`, or so large that a weight is not.
pub fn initialize_parameters_deep<F: Float>(
    layer_dims: &[usize],
    initializer: Initializer,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<Parameters<F>> {
    initializer.check::<F>()?;
    let mut layers = Vec::with_capacity(layer_dims.len());
    for (l, dims) in layer_dims.windows(2).enumerate() {
        let layer = initialize_layer(dims[0], dims[1], initializer, rng);
        layers.push(layer.map_err(|e| e.in_layer(l + 1))?);
    }
    let parameters = Parameters::from_layers(layers)?;
    if let Initializer::Scaled(factor) = initializer {
        let rule = "small enough for finite weights";
        check_hyperparameter(parameters.is_finite(), "factor", factor, rule)?;
    }
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
    Ok(Layer {
        w: buffer::from_fn("W", w, || F::of(initializer.draw(inputs, units, rng)))?,
        b: buffer::zeros("b", b)?,
        activation: Activation::Identity,
    })
}
