//! Generated data sets: the course's flower, moons, circles, spirals and blobs.
//!
//! | function | classes | noise | equivalent |
//! |---|---|---|---|
//! | [`load_planar_dataset`] | 2 petal sets | angle and radius | the course, week 3 |
//! | [`moons`] | 2 half circles | both coordinates | `sklearn.datasets.make_moons` |
//! | [`circles`] | 2 circles | both coordinates | `sklearn.datasets.make_circles` |
//! | [`spirals`] | any number of arms | angle | CS231n |
//! | [`blobs`] | any number of normal distributions | all features | `sklearn.datasets.make_blobs` |
//!
//! Each function returns `X` (features, m) and `Y` (1, m) with class numbers 0, 1, …: labels for
//! [`compute_cost`](crate::cost::compute_cost) where there are two classes, and
//! [`Targets`](crate::cost::Targets) of the categorical cost where there are more. The examples
//! are in random order, except in the flower. Coordinates are computed in `f64` and rounded once.
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
//! [`NumpyRandom::seed(k)`](crate::init::NumpyRandom::seed) reproduces the course's data after
//! `np.random.seed(k)` and scikit-learn's with `random_state=k`, up to the last bits of sine and
//! cosine, which depend on the platform.
//!
//! Sources: A. Ng, *Neural Networks and Deep Learning*, week 3 (2017); F. Pedregosa et al.,
//! *Scikit-learn: Machine Learning in Python*, JMLR 12 (2011); A. Karpathy, *CS231n*, Stanford
//! (2015).

use crate::checks::{check_argument, check_batch, check_below_one, check_non_negative};
use crate::error::Operand;
use crate::init::RandomSource;
use crate::{Float, Result, buffer};
use ndarray::Array2;
use std::f64::consts::PI;

/// Returns the flower of week 3: two classes of points on the petals of a rose.
///
/// Example i of the n of class j (0 or 1) has
///
/// ```math
/// t = 3.12 \left(j + \tfrac{i}{n - 1}\right) + 0.2\, \varepsilon_1 \qquad
/// r = 4 \sin 4t + 0.2\, \varepsilon_2 \qquad
/// x = (r \sin t,\ r \cos t), \qquad \varepsilon \sim \mathcal{N}(0, 1)
/// ```
///
/// `X` (2, m), `Y` (1, m). The first ⌊m/2⌋ examples are of class 0, the others of class 1. The
/// course's data set has m = 400 and the seed 1.
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
/// [`Error::EmptyBatch`](crate::Error::EmptyBatch) if m is 0,
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if it is 1,
/// [`Error::TooLarge`](crate::Error::TooLarge) if the data set does not fit in memory.
///
/// Source: A. Ng, *Neural Networks and Deep Learning*, week 3 (2017).
pub fn load_planar_dataset<F: Float>(
    m: usize,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, Array2<F>)> {
    let (mut x, mut y) = empty::<F>(2, m, 2)?;
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

/// Returns two half circles that reach into each other.
///
/// With `t` equally spaced on [0, π] in each class:
///
/// ```math
/// x = (\cos t,\ \sin t) \text{ in class } 0 \qquad
/// x = (1 - \cos t,\ \tfrac{1}{2} - \sin t) \text{ in class } 1
/// ```
///
/// `X` (2, m), `Y` (1, m). ⌊m/2⌋ examples are of class 0, the others of class 1. `noise` is the
/// standard deviation of the normal noise on each coordinate.
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
/// [`Error::EmptyBatch`](crate::Error::EmptyBatch) if m is 0;
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if it is 1, or if `noise` is so large
/// that a coordinate is not finite; [`Error::Hyperparameter`](crate::Error::Hyperparameter) if
/// `noise` is negative or not finite in `F`;
/// [`Error::TooLarge`](crate::Error::TooLarge) if the data set does not fit in memory.
///
/// Source: Pedregosa et al. (2011).
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

/// Returns two circles with one center, of radius 1 and `factor`.
///
/// With `t = 2π i/n` for example i of the n of a class:
///
/// ```math
/// x = (\cos t,\ \sin t) \text{ in class } 0 \qquad
/// x = \text{factor} \cdot (\cos t,\ \sin t) \text{ in class } 1
/// ```
///
/// `X` (2, m), `Y` (1, m). ⌊m/2⌋ examples are of class 0, the others of class 1. `noise` is the
/// standard deviation of the normal noise on each coordinate.
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
/// Every error of [`moons`]; [`Error::Hyperparameter`](crate::Error::Hyperparameter) if `factor`
/// is negative, or not below 1 in `F`.
///
/// Source: Pedregosa et al. (2011).
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

/// Returns the arms of a spiral, one arm a class, at equal angles.
///
/// Example i of the n of class j of K has
///
/// ```math
/// r = \tfrac{i}{n - 1} \qquad
/// t = \tfrac{2\pi j}{K} + 4r + \text{noise} \cdot \varepsilon \qquad
/// x = (r \sin t,\ r \cos t), \qquad \varepsilon \sim \mathcal{N}(0, 1)
/// ```
///
/// `X` (2, m), `Y` (1, m). K is `classes`; each class has ⌊m/K⌋ or ⌈m/K⌉ examples. `noise` is the
/// standard deviation of the angle, in radians.
///
/// Equivalent: the spiral of CS231n with `noise` 0.2 and three classes. Its arms start at the
/// angles 0, 4 and 8, here at 0, 2π/3 and 4π/3.
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
/// [`Error::EmptyBatch`](crate::Error::EmptyBatch) if m is 0;
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if `classes` is 0, above m, or too large
/// for exact class numbers in `F`, or if `noise` is so large that a coordinate is not finite;
/// [`Error::Hyperparameter`](crate::Error::Hyperparameter) if `noise` is negative or not finite in
/// `F`;
/// [`Error::TooLarge`](crate::Error::TooLarge) if the data set does not fit in memory.
///
/// Source: Karpathy (2015).
pub fn spirals<F: Float>(
    m: usize,
    classes: usize,
    noise: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Array2<F>, Array2<F>)> {
    check_non_negative::<F>("noise", noise)?;
    let mut data = empty::<F>(2, m, classes)?;
    fill(&mut data, classes, |class, size, i, example| {
        let r = linspace(0.0, 1.0, size, i);
        let start = 2.0 * PI * (class as f64 / classes as f64);
        let t = start + 4.0 * r + noise * rng.standard_normal();
        example(0, r * t.sin());
        example(1, r * t.cos());
    });
    in_random_order(data, noise, rng)
}

/// Returns one cloud of normally distributed points for each class.
///
/// ```math
/// c_{jk} \sim \mathcal{U}(-10, 10) \qquad
/// x^{(i)}_k = c_{jk} + \text{noise} \cdot \varepsilon, \qquad \varepsilon \sim \mathcal{N}(0, 1)
/// ```
///
/// for example i of class j and feature k. `X` (n_x, m), `Y` (1, m); n_x is the number of
/// features. Each class has ⌊m/K⌋ or ⌈m/K⌉ examples, where K is `classes`. `noise` is the standard
/// deviation of each cloud. The centers are random, so clouds may overlap.
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
/// Every error of [`spirals`]; [`Error::ZeroSize`](crate::Error::ZeroSize) if n_x is 0.
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
    let mut data = empty::<F>(n_x, m, classes)?;
    let center = || -10.0 + 20.0 * rng.uniform();
    let centers: Array2<f64> = buffer::from_fn("centers", (classes, n_x), center)?;
    fill(&mut data, classes, |class, _, _, example| {
        for (k, center) in centers.row(class).iter().enumerate() {
            example(k, center + noise * rng.standard_normal());
        }
    });
    in_random_order(data, noise, rng)
}

/// `X` (n_x, m) and `Y` (1, m) of zeros, if m examples can be of so many classes.
fn empty<F: Float>(n_x: usize, m: usize, classes: usize) -> Result<(Array2<F>, Array2<F>)> {
    let x = Operand { name: "X", shape: (n_x, m) };
    check_batch(x)?;
    check_argument(classes >= 1, "classes", classes as f64, "at least 1")?;
    check_argument(classes <= m, "m", m as f64, "at least the number of classes")?;
    let exact = classes as f64 <= 2.0 / F::epsilon().as_f64();
    check_argument(
        exact,
        "classes",
        classes as f64,
        "few enough that class numbers are exact as an f32",
    )?;
    Ok((buffer::zeros(x.name, x.shape)?, buffer::zeros("Y", (1, m))?))
}

/// Number i of n that divide the range from `from` to `to` evenly, both ends included: NumPy's
/// `linspace`.
fn linspace(from: f64, to: f64, n: usize, i: usize) -> f64 {
    match n - 1 {
        0 => from,
        last if i == last => to,
        last => i as f64 * ((to - from) / last as f64) + from,
    }
}

/// Two classes of points on curves, in random order, with noise: the draws of scikit-learn.
fn two_curves<F: Float>(
    m: usize,
    noise: f64,
    rng: &mut (impl RandomSource + ?Sized),
    point: impl Fn(usize, usize, usize) -> [f64; 2],
) -> Result<(Array2<F>, Array2<F>)> {
    check_non_negative::<F>("noise", noise)?;
    let (mut x, mut y) = empty::<F>(2, m, 2)?;
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

/// Fills `X` and `Y` class by class. `point` gets the class, its size, the number of the example
/// in it, and a function that sets a feature.
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

/// The columns of `X` and `Y` in one random order.
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

/// `Ok` if the noise has left all coordinates finite.
fn check_coordinates<F: Float>(x: &Array2<F>, noise: f64) -> Result<()> {
    let finite = x.iter().all(|x| x.is_finite());
    check_argument(finite, "noise", noise, "small enough for finite coordinates")
}
