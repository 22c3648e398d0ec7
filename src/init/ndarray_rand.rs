//! Weights from distributions and generators of `ndarray-rand`.

#[cfg(doc)]
use crate::Error;
use crate::activation::Activation;
use crate::checks::{check_finite, check_weights};
use crate::error::Operand;
use crate::{Float, Layer, Parameters, Result, buffer};
use ndarray::{Array1, ArrayRef2, Axis};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::Rng;
use ndarray_rand::rand_distr::Distribution;

/// Draws the parameters of a network from any distribution: `W ~ D(n_prev, n)`, `b = 0`.
///
/// `Wˡ` (nˡ, nˡ⁻¹), `bˡ` (nˡ, 1), where nˡ is `layer_dims[l]`. Hidden layers use ReLU, the
/// output layer uses sigmoid, as in
/// [`initialize_parameters_deep`](super::initialize_parameters_deep).
///
/// `distribution` is called once for each layer, first to last, with n_prev and n. `Wˡ` equals
/// `Array2::random_using((n, n_prev), distribution(n_prev, n), rng)` of
/// `dnn_blocks::ndarray_rand` (feature `ndarray-rand`). Samples are drawn in `F`.
///
/// ```
/// use dnn_blocks::init::initialize_parameters_with;
/// use dnn_blocks::ndarray_rand::rand::{SeedableRng, rngs::StdRng};
/// use dnn_blocks::ndarray_rand::rand_distr::{Distribution, StandardNormal, Uniform};
///
/// let mut rng = StdRng::seed_from_u64(1);
///
/// // One distribution for all layers.
/// let uniform = Uniform::new(-0.1_f32, 0.1).unwrap();
/// let parameters = initialize_parameters_with(&[784, 128, 1], |_, _| uniform, &mut rng)?;
/// assert!(parameters.layers()[0].w.iter().all(|w| w.abs() <= 0.1));
///
/// // A distribution that depends on the layer: He et al. (2015).
/// let he = |n_prev: usize, _n: usize| {
///     let std_dev = (2.0 / n_prev as f64).sqrt();
///     StandardNormal.map(move |z: f64| z * std_dev)
/// };
/// let parameters = initialize_parameters_with::<f64, _>(&[784, 128, 1], he, &mut rng)?;
/// assert_eq!(parameters.layers()[1].w.dim(), (1, 128));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Two versions of `rand`
///
/// `ndarray-rand` 0.16 uses rand 0.9; the other functions of this crate use rand 0.10. Their
/// generators are different types. This function takes generators of
/// `dnn_blocks::ndarray_rand::rand`, the others take generators of
/// `dnn_blocks::rand`. A program can use both:
///
/// ```
/// use dnn_blocks::init::initialize_parameters_with;
/// use dnn_blocks::ndarray_rand::rand as rand_0_9;
/// use dnn_blocks::ndarray_rand::rand_distr::Normal;
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::rand as rand_0_10;
///
/// use rand_0_9::SeedableRng as _;
/// let mut rng = rand_0_9::rngs::SmallRng::seed_from_u64(1);
/// let normal = Normal::new(0.0, 0.01).unwrap();
/// let drawn = initialize_parameters_with::<f64, _>(&[4, 3, 1], |_, _| normal, &mut rng)?;
///
/// use rand_0_10::SeedableRng as _;
/// let mut rng = rand_0_10::rngs::SmallRng::seed_from_u64(1);
/// let scaled = Initializer::Scaled(0.01);
/// let other = initialize_parameters_deep::<f64>(&[4, 3, 1], scaled, &mut rng)?;
///
/// assert_eq!(drawn.to_string(), other.to_string()); // the same shapes
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::NoLayers`] if there are fewer than two sizes.
/// - [`Error::ZeroSize`] if a size is 0.
/// - [`Error::TooLarge`] if a matrix does not fit in memory.
/// - [`Error::NotFinite`] if a weight is NaN or infinite.
///
/// The first three leave `rng` unchanged.
pub fn initialize_parameters_with<F: Float, D: Distribution<F>>(
    layer_dims: &[usize],
    mut distribution: impl FnMut(usize, usize) -> D,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Parameters<F>> {
    let sizes = || layer_dims.windows(2).map(|dims| (dims[1], dims[0])).enumerate();
    for (l, w) in sizes() {
        check_layer(w).map_err(|e| e.in_layer(l + 1))?;
    }
    let mut layers = Vec::with_capacity(layer_dims.len());
    for (l, w) in sizes() {
        layers.push(zeros(w).map_err(|e| e.in_layer(l + 1))?);
    }
    let mut parameters = Parameters::from_layers(layers)?;
    for (l, layer) in parameters.layers_mut().iter_mut().enumerate() {
        let (n, n_prev) = layer.w.dim();
        fill(&mut layer.w, &distribution(n_prev, n), rng);
        check_finite("W", &layer.w).map_err(|e| e.in_layer(l + 1))?;
    }
    Ok(parameters.with_activations(Activation::Relu, Activation::Sigmoid))
}

/// `Ok` if a layer can have weights of this shape.
fn check_layer(w: (usize, usize)) -> Result<()> {
    check_weights(Operand { name: "W", shape: w }, Operand { name: "b", shape: (w.0, 1) })
}

fn zeros<F: Float>(w: (usize, usize)) -> Result<Layer<F>> {
    let b = buffer::zeros("b", (w.0, 1))?;
    Ok(Layer { w: buffer::zeros("W", w)?, b, activation: Activation::Identity })
}

/// Draws `W` row by row. `RandomExt` allocates a new array and aborts when memory is short, so it
/// draws short arrays only.
fn fill<F: Float>(
    w: &mut ArrayRef2<F>,
    distribution: &impl Distribution<F>,
    rng: &mut (impl Rng + ?Sized),
) {
    const LONGEST: usize = 128;
    for mut row in w.rows_mut() {
        for mut part in row.axis_chunks_iter_mut(Axis(0), LONGEST) {
            let drawn = Array1::random_using(part.len(), distribution, rng);
            part.assign(&drawn);
        }
    }
}
