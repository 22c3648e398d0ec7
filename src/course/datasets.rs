//! Generated data sets: the course's flower, moons, circles, spirals and blobs.
//!
//! | function | classes | noise | like |
//! |---|---|---|---|
//! | [`load_planar_dataset`] | 2 sets of petals | angle and radius | the course, week 3 |
//! | [`moons`] | 2 half circles | both coordinates | `sklearn.datasets.make_moons` |
//! | [`circles`] | 2 circles | both coordinates | `sklearn.datasets.make_circles` |
//! | [`spirals`] | any number of arms | angle | CS231n |
//! | [`blobs`] | any number of clusters | all features | `sklearn.datasets.make_blobs` |
//!
//! Each function returns `X` (features, m) and `Y` (1, m), a row of class numbers from 0. With two
//! classes, `Y` holds labels for [`compute_cost`](crate::cost::compute_cost); with more, it holds
//! [`Targets`](crate::cost::Targets) of the categorical cost. The examples are in random order,
//! except in the flower. Coordinates are computed in `f64` and rounded once to `F`.
//!
//! A [`Classifier`](crate::model::Classifier) takes integer labels:
//!
//! ```
//! use dnn_blocks::course::datasets::moons;
//! use dnn_blocks::prelude::*;
//!
//! let (x, y) = moons::<f64>(100, 0.1, &mut NumpyRandom::seed(1))?;
//! let labels: Vec<u8> = y.iter().map(|&class| class as u8).collect();
//! let mut model = Classifier::new(Hyperparameters::default().epochs(2));
//! model.fit(Examples::columns(&x), &labels)?;
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! [`NumpyRandom::seed(k)`](crate::init::NumpyRandom::seed) gives the same data as the course after
//! `np.random.seed(k)` and as scikit-learn with `random_state=k`. The last bits of sine and cosine
//! depend on the platform.
//!
//! Sources: A. Ng, *Neural Networks and Deep Learning*, week 3 (2017); F. Pedregosa et al.,
//! *Scikit-learn: Machine Learning in Python*, JMLR 12 (2011); A. Karpathy, *CS231n*, Stanford
//! (2015).

#[cfg(doc)]
use crate::Error;
use crate::checks::{check_argument, check_batch, check_below_one, check_non_negative};
use crate::error::Operand;
use crate::init::RandomSource;
use crate::{Float, Result, buffer};
use ndarray::Array2;
use std::f64::consts::PI;

/// Returns the flower of week 3: two classes of points on the petals of a rose curve.
///
/// Example i of class j (0 or 1) with n examples is
///
/// ```text
/// t = 3.12 (j + i/(n - 1)) + 0.2 ε₁
/// r = 4 sin 4t + 0.2 ε₂
/// x = (r sin t, r cos t)                ε₁, ε₂ ~ N(0, 1)
/// ```
///
/// `X` (2, m), `Y` (1, m). The first ⌊m/2⌋ examples have class 0, the others class 1. The
/// course uses m = 400 and the seed 1.
///
/// ```
/// use dnn_blocks::course::datasets::load_planar_dataset;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = load_planar_dataset::<f64>(400, &mut NumpyRandom::seed(1))?;
/// assert_eq!((x.dim(), y.dim()), ((2, 400), (1, 400)));
/// assert!((x[[0, 0]] - 1.204442292254319).abs() < 1e-12); // as in the notebook
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::EmptyBatch`] if m is 0.
/// - [`Error::InvalidArgument`] if m is 1.
/// - [`Error::TooLarge`] if the data set does not fit in memory.
///
/// Source: Ng (2017), week 3.
pub fn load_planar_dataset<F: Float>(
    m: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, Array2<F>)> {
    let (mut x, mut y) = zeros::<F>(2, m, 2)?;
    let mut angles: Vec<f64> = buffer::list("t", m - m / 2, [])?;
    let mut start = 0;
    for (class, size) in [m / 2, m - m / 2].into_iter().enumerate() {
        let (from, to) = (3.12 * class as f64, 3.12 * (class + 1) as f64);
        angles.clear();
        angles.extend((0..size).map(|i| linspace(from, to, size, i) + 0.2 * rng.standard_normal()));
        for (i, t) in angles.iter().enumerate() {
            let r = 4.0 * (4.0 * t).sin() + 0.2 * rng.standard_normal();
            x[[0, start + i]] = F::of(r * t.sin());
            x[[1, start + i]] = F::of(r * t.cos());
            y[[0, start + i]] = F::of(class as f64);
        }
        start += size;
    }
    Ok((x, y))
}

/// Returns two interleaving half circles.
///
/// ```text
/// class 0: x = (cos t, sin t)
/// class 1: x = (1 - cos t, 1/2 - sin t)
/// ```
///
/// In each class `t` is equally spaced on \[0, π\]. `X` (2, m), `Y` (1, m); ⌊m/2⌋ examples
/// have class 0, the others class 1. `noise` is the standard deviation of normal noise on each
/// coordinate.
///
/// Equivalent: `sklearn.datasets.make_moons(m, noise=noise)`.
///
/// ```
/// use dnn_blocks::course::datasets::moons;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = moons::<f64>(300, 0.2, &mut NumpyRandom::seed(3))?;
/// assert_eq!((x.dim(), y.sum()), ((2, 300), 150.0));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::EmptyBatch`] if m is 0.
/// - [`Error::InvalidArgument`] if m is 1, or if `noise` is so large that a coordinate is not
///   finite.
/// - [`Error::Hyperparameter`] if `noise` is negative or not finite in `F`.
/// - [`Error::TooLarge`] if the data set does not fit in memory.
///
/// Source: Pedregosa et al. (2011).
#[doc(alias = "load_dataset")]
pub fn moons<F: Float>(
    m: usize,
    noise: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, Array2<F>)> {
    two_curves(m, noise, rng, |class, size, i| {
        let t = linspace(0.0, PI, size, i);
        match class {
            0 => [t.cos(), t.sin()],
            _ => [1.0 - t.cos(), 1.0 - t.sin() - 0.5],
        }
    })
}

/// Returns two concentric circles, of radius 1 and `factor`.
///
/// ```text
/// class 0: x = (cos t, sin t)
/// class 1: x = factor·(cos t, sin t)
/// ```
///
/// `t = 2π i/n` for example i of a class with n examples. `X` (2, m), `Y` (1, m); ⌊m/2⌋
/// examples have class 0, the others class 1. `noise` is the standard deviation of normal noise on
/// each coordinate.
///
/// Equivalent: `sklearn.datasets.make_circles(m, noise=noise, factor=factor)`, whose default
/// factor is 0.8.
///
/// ```
/// use dnn_blocks::course::datasets::circles;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = circles::<f64>(300, 0.0, 0.5, &mut NumpyRandom::seed(1))?;
/// for (point, class) in x.columns().into_iter().zip(&y) {
///     let radius = if *class == 0.0 { 1.0 } else { 0.5 };
///     assert!((point[0].hypot(point[1]) - radius).abs() < 1e-12);
/// }
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::EmptyBatch`], [`Error::InvalidArgument`] and [`Error::TooLarge`] as in [`moons`].
/// - [`Error::Hyperparameter`] if `noise` is negative or not finite in `F`, or if `factor` is
///   negative or not below 1 in `F`.
///
/// Source: Pedregosa et al. (2011).
#[doc(alias("load_dataset", "load_extra_datasets"))]
pub fn circles<F: Float>(
    m: usize,
    noise: f64,
    factor: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, Array2<F>)> {
    check_below_one::<F>("factor", factor)?;
    two_curves(m, noise, rng, |class, size, i| {
        let t = i as f64 * (2.0 * PI / size as f64);
        let radius = if class == 0 { 1.0 } else { factor };
        [t.cos() * radius, t.sin() * radius]
    })
}

/// Returns a spiral with one arm per class, at equal angles.
///
/// With K `classes`, example i of class j with n examples is
///
/// ```text
/// r = i/(n - 1)
/// t = 2π j/K + 4r + noise·ε
/// x = (r sin t, r cos t)                ε ~ N(0, 1)
/// ```
///
/// `X` (2, m), `Y` (1, m). Each class has ⌊m/K⌋ or ⌈m/K⌉ examples. `noise` is the standard
/// deviation of the angle, in radians.
///
/// The spiral of CS231n has three classes and `noise` 0.2, and its arms start at the angles 0, 4
/// and 8. Here they start at 0, 2π/3 and 4π/3.
///
/// ```
/// use dnn_blocks::course::datasets::spirals;
/// use dnn_blocks::prelude::*;
///
/// let (x, y) = spirals::<f32>(300, 3, 0.2, &mut NumpyRandom::seed(1))?;
/// assert_eq!(x.dim(), (2, 300));
/// assert_eq!(y.iter().filter(|class| **class == 2.0).count(), 100);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::EmptyBatch`] if m is 0.
/// - [`Error::InvalidArgument`] if `classes` is 0, above m, or too large for exact class numbers in
///   `F`, or if `noise` is so large that a coordinate is not finite.
/// - [`Error::Hyperparameter`] if `noise` is negative or not finite in `F`.
/// - [`Error::TooLarge`] if the data set does not fit in memory.
///
/// Source: Karpathy (2015).
pub fn spirals<F: Float>(
    m: usize,
    classes: usize,
    noise: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, Array2<F>)> {
    check_non_negative::<F>("noise", noise)?;
    let mut data = zeros::<F>(2, m, classes)?;
    fill(&mut data, classes, |class, size, i, example| {
        let r = linspace(0.0, 1.0, size, i);
        let start = 2.0 * PI * (class as f64 / classes as f64);
        let t = start + 4.0 * r + noise * rng.standard_normal();
        example(0, r * t.sin());
        example(1, r * t.cos());
    });
    in_random_order(data, noise, rng)
}

/// Returns one cluster of normally distributed points per class.
///
/// Feature k of an example of class j is
///
/// ```text
/// x_k = c_jk + noise·ε                  c_jk ~ U(-10, 10), ε ~ N(0, 1)
/// ```
///
/// `X` (n_x, m), `Y` (1, m), where n_x is the number of features. With K `classes`, each class has
/// ⌊m/K⌋ or ⌈m/K⌉ examples. `noise` is the standard deviation of each cluster. The centers
/// c_j are random, so clusters may overlap.
///
/// Equivalent: `sklearn.datasets.make_blobs(m, n_x, centers=classes, cluster_std=noise)`, whose
/// default standard deviation is 1.
///
/// ```
/// use dnn_blocks::course::datasets::blobs;
/// use dnn_blocks::prelude::*;
///
/// let (x, classes) = blobs(200, 4, 3, 1.0, &mut NumpyRandom::seed(5))?;
/// let mut parameters =
///     initialize_parameters_deep::<f64>(&[4, 3], Initializer::Zeros, &mut NumpyRandom::seed(0))?
///         .with_activations(Activation::Relu, Activation::Softmax);
/// let cost = Cost::CategoricalCrossEntropy;
/// let mut workspace = Workspace::new(&parameters, 200)?;
/// for _ in 0..100 {
///     let (_, gradients) = workspace.cost_and_gradients(&x, &classes, &parameters, &cost)?;
///     update_parameters(&mut parameters, gradients, 0.1)?;
/// }
/// assert!(cost.value(&predict_proba(&x, &parameters)?, &classes)? < 0.1);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ZeroSize`] if n_x is 0; [`Error::EmptyBatch`], [`Error::InvalidArgument`],
/// [`Error::Hyperparameter`] and [`Error::TooLarge`] as in [`spirals`].
///
/// Source: Pedregosa et al. (2011).
pub fn blobs<F: Float>(
    m: usize,
    n_x: usize,
    classes: usize,
    noise: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, Array2<F>)> {
    check_non_negative::<F>("noise", noise)?;
    let mut data = zeros::<F>(n_x, m, classes)?;
    let center = || -10.0 + 20.0 * rng.uniform();
    let centers: Array2<f64> = buffer::from_fn("centers", (classes, n_x), center)?;
    fill(&mut data, classes, |class, _, _, example| {
        for (k, center) in centers.row(class).iter().enumerate() {
            example(k, center + noise * rng.standard_normal());
        }
    });
    in_random_order(data, noise, rng)
}

/// Returns `X` (n_x, m) and `Y` (1, m) of zeros, after checks of the sizes.
fn zeros<F: Float>(n_x: usize, m: usize, classes: usize) -> Result<(Array2<F>, Array2<F>)> {
    let x = Operand { name: "X", shape: (n_x, m) };
    check_batch(x)?;
    check_argument(classes >= 1, "classes", classes as f64, "at least 1")?;
    check_argument(classes <= m, "m", m as f64, "at least the number of classes")?;
    let exact = classes as f64 <= 2.0 / F::epsilon().as_f64();
    let rule = "small enough for exact class numbers as an f32";
    check_argument(exact, "classes", classes as f64, rule)?;
    Ok((buffer::zeros(x.name, x.shape)?, buffer::zeros("Y", (1, m))?))
}

/// Returns number i of n equally spaced numbers from `from` to `to`, as NumPy's `linspace`.
fn linspace(from: f64, to: f64, n: usize, i: usize) -> f64 {
    match n - 1 {
        0 => from,
        last if i == last => to,
        last => i as f64 * ((to - from) / last as f64) + from,
    }
}

/// Returns two classes of points on curves, with noise and in random order, drawn as scikit-learn
/// does.
fn two_curves<F: Float>(
    m: usize,
    noise: f64,
    rng: &mut (impl RandomSource + ?Sized),
    point: impl Fn(usize, usize, usize) -> [f64; 2],
) -> Result<(Array2<F>, Array2<F>)> {
    check_non_negative::<F>("noise", noise)?;
    let (mut x, mut y) = zeros::<F>(2, m, 2)?;
    let mut order = buffer::numbers("order", m)?;
    rng.shuffle(&mut order);
    let first = m / 2;
    for (example, i) in order.into_iter().enumerate() {
        let (class, size, i) = if i < first { (0, first, i) } else { (1, m - first, i - first) };
        for (k, coordinate) in point(class, size, i).into_iter().enumerate() {
            x[[k, example]] = F::of(coordinate + noise * rng.standard_normal());
        }
        y[[0, example]] = F::of(class as f64);
    }
    check_coordinates(&x, noise)?;
    Ok((x, y))
}

/// Fills `X` and `Y` class by class. `point` gets the class, its size, the number of the example in
/// the class, and a function that sets a feature of the example.
fn fill<F: Float>(
    (x, y): &mut (Array2<F>, Array2<F>),
    classes: usize,
    mut point: impl FnMut(usize, usize, usize, &mut dyn FnMut(usize, f64)),
) {
    let m = x.ncols();
    let mut example = 0;
    for class in 0..classes {
        let size = m / classes + usize::from(class < m % classes);
        for i in 0..size {
            point(class, size, i, &mut |k, value| x[[k, example]] = F::of(value));
            y[[0, example]] = F::of(class as f64);
            example += 1;
        }
    }
}

/// Returns the columns of `X` and `Y` in the same random order.
fn in_random_order<F: Float>(
    (x, y): (Array2<F>, Array2<F>),
    noise: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, Array2<F>)> {
    check_coordinates(&x, noise)?;
    let mut order = buffer::numbers("order", x.ncols())?;
    rng.shuffle(&mut order);
    let shuffled = |name, a: &Array2<F>| {
        let mut shuffled = buffer::zeros(name, a.dim())?;
        for (mut row, a) in shuffled.rows_mut().into_iter().zip(a.rows()) {
            row.iter_mut().zip(&order).for_each(|(value, &example)| *value = a[example]);
        }
        Ok(shuffled)
    };
    Ok((shuffled("X", &x)?, shuffled("Y", &y)?))
}

/// `Ok` if all coordinates are finite, which a large `noise` prevents.
fn check_coordinates<F: Float>(x: &Array2<F>, noise: f64) -> Result<()> {
    let finite = x.iter().all(|x| x.is_finite());
    check_argument(finite, "noise", noise, "small enough for finite coordinates")
}
