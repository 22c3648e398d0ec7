//! Data before training: features on one scale, labels as numbers, examples kept for the test.
//!
//! ```math
//! x \leftarrow \frac{x - \mu}{\sigma} \qquad
//! \mu = \frac{1}{m} \sum_{i=1}^{m} x^{(i)} \qquad
//! \sigma^2 = \frac{1}{m} \sum_{i=1}^{m} \left(x^{(i)} - \mu\right)^2
//! ```
//!
//! Labels are classes counted from 0, `&[usize]`, one for each example.
//!
//! Source: A. Ng, *Improving Deep Neural Networks*, week 1 (2017); Y. LeCun et al., *Efficient
//! BackProp* (1998).

use crate::buffer;
use crate::error::{Operand, check, check_batch, check_hyperparameter, check_labels};
use crate::init::RandomSource;
use crate::train::reduce::{Alone, Team};
use crate::{Error, Float, Result};
use ndarray::{Array2, ArrayRef2, ArrayView1, Zip};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// Mean and deviation of every feature, to bring other examples on the same scale.
///
/// Fit it on the training examples and keep it with the network: what is predicted later must
/// come the same way.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let train_x = array![[1.0, 3.0, 5.0, 7.0], [9.0, 9.0, 9.0, 9.0]];
/// let standardizer = Standardizer::fit(&train_x)?;
/// assert_eq!(standardizer.mean(), array![[4.0], [9.0]]);
/// let x = standardizer.transform(&train_x)?;
/// assert!((x.row(0).std(0.0) - 1.0_f64).abs() < 1e-15);
/// assert_eq!(x.row(1), array![0.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Standardizer<F> {
    mean: Array2<F>,
    deviation: Array2<F>,
}

impl<F: Float> Standardizer<F> {
    /// Mean and deviation of each row of `X` (features, examples), the deviation over m, not m - 1.
    ///
    /// Both are computed in `f64` about the middle of the row's range, so no large mean hides a
    /// small deviation, and rounded once. A feature that is constant has the deviation 1. So has
    /// one that is constant but for rounding, with a deviation of at most four units in the last
    /// place of its mean (or `|μ|` if that is more than 1, which keeps the rounding small).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let standardizer = Standardizer::fit(&array![[1e9, 1e9 + 2.0], [5.0, 5.0]])?;
    /// assert_eq!(standardizer.deviation(), array![[1.0], [1.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] with the feature and the example, [`Error::EmptyBatch`] or
    /// [`Error::ZeroSize`] if `X` is empty, [`Error::TooLarge`] if there is no memory for the
    /// columns.
    pub fn fit(x: &ArrayRef2<F>) -> Result<Self> {
        check_batch(Operand::of("X", x))?;
        check_finite("X", x)?;
        Self::of_team(x, x.ncols(), &Alone)
    }

    /// The same for the m examples of all processes, of which `X` are those of this one.
    pub(crate) fn of_team(x: &ArrayRef2<F>, m: usize, team: &dyn Team<F>) -> Result<Self> {
        let column = |name| buffer::zeros(name, (x.nrows(), 1));
        let columns = column("mean").and_then(|mean| Ok((mean, column("deviation")?)));
        let (mut mean, mut deviation) = team.all_have(columns)?;
        let moments = Moments::of_rows(x, m, team)?;
        for ((moments, mean), deviation) in moments.iter().zip(&mut mean).zip(&mut deviation) {
            (*mean, *deviation) = (F::of(moments.mean), scale(moments));
        }
        Ok(Self { mean, deviation })
    }

    /// Those of before, from where they were kept: columns (features, 1).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let fitted = Standardizer::fit(&array![[1.0, 3.0]])?;
    /// let (mean, deviation) = (fitted.mean().clone(), fitted.deviation().clone());
    /// assert_eq!(Standardizer::from_columns(mean, deviation)?, fitted);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if they are not two columns of one length, [`Error::ZeroSize`] if
    /// they are empty, [`Error::NotFinite`] if one holds NaN or an infinity,
    /// [`Error::Hyperparameter`] if a deviation is not above 0.
    pub fn from_columns(mean: Array2<F>, deviation: Array2<F>) -> Result<Self> {
        let (left, right) = (Operand::of("mean", &mean), Operand::of("deviation", &deviation));
        check_batch(left)?;
        let fits = mean.ncols() == 1 && left.shape == right.shape;
        check(fits, left, right, "two columns of one length")?;
        check_finite("mean", &mean)?;
        check_finite("deviation", &deviation)?;
        for d in &deviation {
            check_hyperparameter(*d > F::zero(), "deviation", d.as_f64(), "above 0")?;
        }
        Ok(Self { mean, deviation })
    }

    /// The means `μ`, a column (features, 1).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// assert_eq!(Standardizer::fit(&array![[1.0, 3.0]])?.mean(), array![[2.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn mean(&self) -> &Array2<F> {
        &self.mean
    }

    /// The deviations `σ`, a column (features, 1), all above 0.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// assert_eq!(Standardizer::fit(&array![[1.0, 5.0]])?.deviation(), array![[2.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    pub fn deviation(&self) -> &Array2<F> {
        &self.deviation
    }

    /// `(X - μ)/σ`, of the shape of `X` (features, examples).
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let standardizer = Standardizer::fit(&array![[1.0, 5.0]])?;
    /// assert_eq!(standardizer.transform(&array![[3.0, 7.0, -1.0]])?, array![[0.0, 2.0, -2.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] if `X` has other features, [`Error::EmptyBatch`] if it has no
    /// example, [`Error::NotFinite`] with the feature and the example, [`Error::TooLarge`] if the
    /// result does not fit in memory.
    pub fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check("X", x)?;
        let mut scaled = buffer::copy_of("X", x)?;
        self.map(&mut scaled, standardized);
        Ok(scaled)
    }

    /// [`transform`](Self::transform) in the place of `X`, which a refusal leaves as it was.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let mut x = array![[1.0, 5.0]];
    /// Standardizer::fit(&x)?.transform_inplace(&mut x)?;
    /// assert_eq!(x, array![[-1.0, 1.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`transform`](Self::transform) but for the memory.
    pub fn transform_inplace(&self, x: &mut ArrayRef2<F>) -> Result<()> {
        self.check("X", x)?;
        self.map(x, standardized);
        Ok(())
    }

    /// `Z·σ + μ`, back to the scale of the data.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let standardizer = Standardizer::fit(&array![[1.0, 5.0]])?;
    /// assert_eq!(standardizer.inverse_transform(&array![[0.0, 2.0]])?, array![[3.0, 7.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`transform`](Self::transform).
    pub fn inverse_transform(&self, z: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.check("Z", z)?;
        let mut x = buffer::copy_of("Z", z)?;
        self.map(&mut x, unscaled);
        Ok(x)
    }

    /// [`inverse_transform`](Self::inverse_transform) in the place of `Z`, which a refusal leaves as
    /// it was.
    ///
    /// ```
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let mut z = array![[0.0, 2.0]];
    /// Standardizer::fit(&array![[1.0, 5.0]])?.inverse_transform_inplace(&mut z)?;
    /// assert_eq!(z, array![[3.0, 7.0]]);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`inverse_transform`](Self::inverse_transform) but for the memory.
    pub fn inverse_transform_inplace(&self, z: &mut ArrayRef2<F>) -> Result<()> {
        self.check("Z", z)?;
        self.map(z, unscaled);
        Ok(())
    }

    /// `Ok` if there are so many features.
    #[cfg(feature = "onnx")]
    pub(crate) fn check_features(&self, features: usize) -> Result<()> {
        let network = Operand { name: "the network", shape: (features, 1) };
        check(self.mean.nrows() == features, Operand::of("mean", &self.mean), network, "same rows")
    }

    /// `Ok` if the columns fit `x`, and all of it is finite.
    fn check(&self, name: &'static str, x: &ArrayRef2<F>) -> Result<()> {
        let (left, right) = (Operand::of("mean", &self.mean), Operand::of(name, x));
        check(left.shape.0 == right.shape.0, left, right, "same rows")?;
        check_batch(right)?;
        check_finite(name, x)
    }

    /// Each number by `f` of it, the mean and the deviation of its row, in `f64`.
    fn map(&self, x: &mut ArrayRef2<F>, f: impl Fn(f64, f64, f64) -> f64) {
        let rows = x.rows_mut().into_iter().zip(&self.mean).zip(&self.deviation);
        for ((row, mean), deviation) in rows {
            let (mean, deviation) = (mean.as_f64(), deviation.as_f64());
            row.into_iter().for_each(|x| *x = F::of(f(x.as_f64(), mean, deviation)));
        }
    }
}

/// `(x - μ)/σ`, also where the difference of two huge numbers is not finite.
fn standardized(x: f64, mean: f64, deviation: f64) -> f64 {
    let difference = x - mean;
    if difference.is_finite() {
        difference / deviation
    } else {
        (x / 2.0 - mean / 2.0) / (deviation / 2.0)
    }
}

/// `z·σ + μ`, also where the product of a finite result is not finite.
fn unscaled(z: f64, mean: f64, deviation: f64) -> f64 {
    let product = z * deviation;
    if product.is_finite() { product + mean } else { 2.0 * (z * (deviation / 2.0) + mean / 2.0) }
}

/// The deviation to divide by, never 0.
///
/// The bound does not grow with m, as that of scikit-learn's `StandardScaler` does: the error of
/// [`Moments`] does not either, so a deviation of 1 beside 1e9 counts, whatever m is.
fn scale<F: Float>(moments: &Moments) -> F {
    let size = moments.mean.abs();
    let deviation = F::of(moments.deviation);
    if moments.deviation == 0.0 {
        F::one()
    } else if deviation.as_f64() <= 4.0 * F::epsilon().as_f64() * size || deviation.is_zero() {
        F::of(size.max(1.0))
    } else {
        deviation
    }
}

/// Mean and deviation of a row in `f64`; NaN if one of its numbers is NaN or infinite.
pub(crate) struct Moments {
    pub mean: f64,
    /// Exactly 0 if all numbers are equal.
    pub deviation: f64,
}

impl Moments {
    /// Of one row, in three sweeps: the range, the mean, the squares. Differences are taken from the
    /// middle of the range and measured by half of it, so that they lie in [-1, 1] whatever the
    /// numbers are; the squares are corrected by what the mean was off (Chan, Golub & LeVeque 1983).
    pub fn of<F: Float>(row: ArrayView1<F>) -> Self {
        let m = row.len() as f64;
        let range = Range::from_extent(&extent(row));
        let mean = range.sum(row) / m;
        Self::from_sums(&range, mean, &range.sums_about(row, mean), m)
    }

    /// Of each row, whose numbers of all processes are `m`: the same sweeps, added up in between.
    fn of_rows<F: Float>(x: &ArrayRef2<F>, m: usize, team: &dyn Team<F>) -> Result<Vec<Self>> {
        let (rows, n) = (|| x.rows().into_iter(), x.nrows());
        if team.is_alone() {
            return buffer::list("moments", n, rows().map(Self::of)); // while a row is in the cache
        }
        let m = m as f64;
        let many = n.saturating_mul(2);
        let mut extents = team.all_have(buffer::list("ranges", many, rows().flat_map(extent)))?;
        team.largest(&mut extents);
        let ranges = buffer::list("ranges", n, extents.chunks_exact(2).map(Range::from_extent));
        let ranges = team.all_have(ranges)?;
        let sums = rows().zip(&ranges).map(|(row, range)| range.sum(row));
        let mut means = team.all_have(buffer::list("means", n, sums))?;
        team.sum(&mut means);
        means.iter_mut().for_each(|mean| *mean /= m);
        let known = || ranges.iter().zip(&means);
        let about = |(row, (range, mean)): (_, (&Range, &f64))| range.sums_about(row, *mean);
        let sums = buffer::list("sums", many, rows().zip(known()).flat_map(about));
        let mut sums = team.all_have(sums)?;
        team.sum(&mut sums);
        let all = known().zip(sums.chunks_exact(2));
        let moments = all.map(|((range, mean), sums)| Self::from_sums(range, *mean, sums, m));
        team.all_have(buffer::list("moments", n, moments))
    }

    /// From the mean on the scale of the range, and the sums about it.
    fn from_sums(range: &Range, mean: f64, sums: &[f64], m: f64) -> Self {
        if range.low == range.high && !mean.is_nan() {
            return Self { mean: range.low, deviation: 0.0 };
        }
        let (sum, squares) = (sums[0], sums[1]);
        let variance = (squares - sum * sum / m) / m;
        let mean = range.middle + range.half * (mean + sum / m);
        Self { mean, deviation: range.half * variance.sqrt() }
    }
}

/// The largest number of a row, and the largest negative of one.
fn extent<F: Float>(row: ArrayView1<F>) -> [f64; 2] {
    row.iter().fold([f64::NEG_INFINITY; 2], |[high, low], x| {
        let x = x.as_f64();
        [if x > high { x } else { high }, if -x > low { -x } else { low }]
    })
}

/// Where the numbers of a row lie.
struct Range {
    low: f64,
    high: f64,
    middle: f64,
    half: f64,
}

impl Range {
    fn from_extent(extent: &[f64]) -> Self {
        let (low, high) = (-extent[1], extent[0]);
        let half = (high / 2.0 - low / 2.0).max(f64::MIN_POSITIVE);
        Self { low, high, middle: low / 2.0 + high / 2.0, half }
    }

    fn scaled<F: Float>(&self, row: ArrayView1<F>) -> impl Iterator<Item = f64> {
        let (middle, half) = (self.middle, self.half);
        row.into_iter().map(move |x| (x.as_f64() - middle) / half)
    }

    fn sum<F: Float>(&self, row: ArrayView1<F>) -> f64 {
        self.scaled(row).sum()
    }

    /// The sum of the differences from the mean, and of their squares.
    fn sums_about<F: Float>(&self, row: ArrayView1<F>, mean: f64) -> [f64; 2] {
        self.scaled(row).fold([0.0; 2], |[sum, squares], u| {
            let d = u - mean;
            [sum + d, squares + d * d]
        })
    }
}

/// `Ok` if there is no NaN and no infinity.
pub(crate) fn check_finite<F: Float>(operand: &'static str, x: &ArrayRef2<F>) -> Result<()> {
    if Zip::from(x).all(|x| x.is_finite()) {
        return Ok(());
    }
    let first = x.indexed_iter().find(|(_, x)| !x.is_finite());
    first.map_or(Ok(()), |((feature, example), x)| {
        Err(Error::NotFinite { operand, feature, example, value: x.as_f64() })
    })
}

/// Labels as columns of zeros with a single 1: `Y` (classes, m) with `Y[label, example] = 1`.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let y = one_hot::<f64>(&[1, 0, 2], 3)?;
/// assert_eq!(y, array![[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Label`] with the example if a label is not below `classes`, [`Error::EmptyBatch`] if
/// there is none, [`Error::TooLarge`] if `Y` does not fit in memory.
pub fn one_hot<F: Float>(labels: &[usize], classes: usize) -> Result<Array2<F>> {
    check_labels("labels", labels, classes)?;
    let mut y = buffer::zeros("Y", (classes, labels.len()))?;
    for (example, &label) in labels.iter().enumerate() {
        y[[label, example]] = F::one();
    }
    Ok(y)
}

/// Returns the predicted class of each example, from the probabilities `AL` (n_L, m) of a network.
///
/// One row is the probability of class 1 of two, as after a sigmoid: class 1 where it is above 0.5
/// (strictly). Of several rows, as after a softmax or in [`one_hot`] columns, the class is the row
/// with the largest number, the first of equals.
///
/// Each column is an example.
/// [`Classifier::predict_proba`](crate::model::Classifier::predict_proba) of
/// [rows](crate::model::Examples::rows) gives one row for each example: pass its transpose.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let softmax = array![[0.1, 0.4, 0.3], [0.7, 0.4, 0.3], [0.2, 0.2, 0.4]];
/// assert_eq!(predicted_classes(&softmax)?, [1, 0, 2]);
/// let sigmoid = array![[0.2, 0.5, 0.9]];
/// assert_eq!(predicted_classes(&sigmoid)?, [0, 0, 1]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NotFiniteEntry`] if a number is NaN, [`Error::ZeroSize`] if there is no row,
/// [`Error::TooLarge`] if the classes do not fit in memory.
pub fn predicted_classes<F: Float>(al: &ArrayRef2<F>) -> Result<Vec<usize>> {
    let (outputs, m) = al.dim();
    if outputs == 0 {
        return Err(Error::ZeroSize { layer: None, operand: Operand::of("AL", al) });
    }
    let mut classes = buffer::list("classes", m, std::iter::repeat_n(0, m))?;
    for (example, class) in classes.iter_mut().enumerate() {
        let column = al.column(example);
        if let Some(row) = column.iter().position(|a| a.is_nan()) {
            let (operand, value) = ("AL", f64::NAN);
            let column = Some(example);
            return Err(Error::NotFiniteEntry { layer: None, operand, row, column, value });
        }
        *class = predicted_class(column);
    }
    Ok(classes)
}

/// The class of one example; NaN is larger than nothing.
pub(crate) fn predicted_class<F: Float>(al: ArrayView1<'_, F>) -> usize {
    if al.len() == 1 {
        return usize::from(al[0] > F::of(0.5));
    }
    let (mut class, mut largest) = (0, F::neg_infinity());
    for (k, &a) in al.iter().enumerate() {
        if a > largest {
            (class, largest) = (k, a);
        }
    }
    class
}

/// The distinct labels of a data set, sorted: class 0 is the least of them.
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let classes = Classes::of(&["cat", "dog", "cat", "ant"]);
/// assert_eq!(classes.names(), ["ant", "cat", "dog"]);
/// assert_eq!(classes.encode(&["dog", "ant"])?, [2, 0]);
/// assert_eq!(classes.decode(&[2, 0])?, ["dog", "ant"]);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Classes<L> {
    names: Vec<L>,
}

impl<L: Ord + Clone> Classes<L> {
    /// The classes that occur in `labels`.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// assert_eq!(Classes::of(&[7, -1, 7]).names(), [-1, 7]);
    /// ```
    pub fn of(labels: &[L]) -> Self {
        let mut distinct = BTreeSet::new();
        distinct.extend(labels); // label by label: `collect` would list all of them first
        Self { names: distinct.into_iter().cloned().collect() }
    }

    /// The labels, sorted; class `c` is `names()[c]`.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let classes = Classes::of(&["b", "a"]);
    /// assert_eq!(classes.names().len(), 2); // the classes of `one_hot`
    /// ```
    pub fn names(&self) -> &[L] {
        &self.names
    }

    /// The class of each label.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let error = Classes::of(&["a", "b"]).encode(&["b", "c"]).unwrap_err();
    /// assert_eq!(error.to_string(), "the label of example 1 is none of the 2 known ones");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLabel`] with the example, [`Error::TooLarge`] if the classes do not fit in
    /// memory.
    pub fn encode(&self, labels: &[L]) -> Result<Vec<usize>> {
        let class = |(example, label)| {
            let unknown = Error::UnknownLabel { example, classes: self.names.len() };
            self.number(label).ok_or(unknown)
        };
        buffer::try_list("classes", labels.len(), labels.iter().enumerate().map(class))
    }

    fn number(&self, label: &L) -> Option<usize> {
        self.names.binary_search(label).ok()
    }

    /// The label of each class.
    ///
    /// ```
    /// # use dnn_blocks::prelude::*;
    /// let error = Classes::of(&["a", "b"]).decode(&[0, 2]).unwrap_err();
    /// assert_eq!(error.to_string(), "example 1 is of class 2, but the classes are 0 to 1");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Label`] with the example if a class is not below their number, [`Error::TooLarge`]
    /// if the labels do not fit in memory.
    pub fn decode(&self, classes: &[usize]) -> Result<Vec<L>> {
        let name = |(example, &class): (usize, &usize)| {
            let unknown = Error::Label { example, class, classes: self.names.len() };
            self.names.get(class).cloned().ok_or(unknown)
        };
        buffer::try_list("labels", classes.len(), classes.iter().enumerate().map(name))
    }
}

/// `m` examples in two parts at random, for training and for the test: their columns.
///
/// The test has `round(test_share·m)` examples, and each part at least one if there are two. With
/// a [`NumpyRandom`](crate::init::NumpyRandom) they are the first of NumPy's permutation, which is
/// scikit-learn's `train_test_split` where `test_share·m` is whole.
///
/// ```
/// use dnn_blocks::prelude::*;
/// use dnn_blocks::data::split;
///
/// let (train, test) = split(10, 0.3, &mut NumpyRandom::seed(0))?;
/// assert_eq!((train, test), (vec![9, 1, 6, 7, 3, 0, 5], vec![2, 8, 4]));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Hyperparameter`] unless the share lies between 0 and 1, [`Error::EmptyBatch`] if m
/// is 0, [`Error::TooLarge`] if the columns do not fit in memory.
pub fn split(
    m: usize,
    test_share: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Vec<usize>, Vec<usize>)> {
    check_split(m, test_share)?;
    let mut order = buffer::numbers("examples", m)?;
    rng.shuffle(&mut order);
    let test = apportion(&[m], test_share)[0];
    let train = buffer::list("examples", m - test, order[test..].iter().copied())?;
    order.truncate(test);
    Ok((train, order))
}

/// [`split`] that keeps the share of every class, by the largest remainder.
///
/// The test has `round(test_share·m)` examples. A class with two or more has at least one in each
/// part, for which the size of the test gives way where it must.
///
/// ```
/// use dnn_blocks::ndarray::{Axis, array};
/// use dnn_blocks::prelude::*;
///
/// let x = array![[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]];
/// let labels = [0, 0, 0, 0, 0, 0, 1, 1];
/// let (train, test) = stratified_split(&labels, 0.5, &mut NumpyRandom::seed(1))?;
/// assert_eq!(x.select(Axis(1), &train).dim(), (1, 4));
/// assert_eq!(test.iter().filter(|&&example| labels[example] == 1).count(), 1);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`split`].
pub fn stratified_split(
    labels: &[usize],
    test_share: f64,
    rng: &mut (impl RandomSource + ?Sized),
) -> Result<(Vec<usize>, Vec<usize>)> {
    check_split(labels.len(), test_share)?;
    let classes = Classes::of(labels);
    let class = |example: usize| classes.number(&labels[example]).expect("made of these labels");
    let mut sizes = vec![0; classes.names.len()];
    (0..labels.len()).for_each(|example| sizes[class(example)] += 1);
    let mut places = apportion(&sizes, test_share);
    let mut order = buffer::numbers("examples", labels.len())?;
    rng.shuffle(&mut order);
    let taken = places.iter().sum();
    let mut test = buffer::list("examples", taken, [])?;
    order.retain(|&example| {
        let free = &mut places[class(example)];
        if *free > 0 {
            *free -= 1;
            test.push(example);
            return false;
        }
        true
    });
    Ok((order, test))
}

fn check_split(m: usize, test_share: f64) -> Result<()> {
    let fits = test_share > 0.0 && test_share < 1.0;
    check_hyperparameter(fits, "test_share", test_share, "a number between 0 and 1")?;
    check_batch(Operand { name: "examples", shape: (1, m) })
}

/// How many examples of each class go to the test. Places are given one by one to the class that
/// lacks most of its share, which is the largest remainder; classes of two or more start with one
/// and end with one less than all.
fn apportion(sizes: &[usize], test_share: f64) -> Vec<usize> {
    let m: usize = sizes.iter().sum();
    let total = (test_share * m as f64).round() as usize;
    let mut places: Vec<usize> = sizes.iter().map(|&size| usize::from(size > 1)).collect();
    // In m-ths of a place, and so exact.
    let lacks = |size: usize, places: usize| {
        (size as i128) * (total as i128) - (places as i128) * (m as i128)
    };
    let mut waiting: BinaryHeap<_> =
        (0..sizes.len()).map(|c| (lacks(sizes[c], places[c]), Reverse(c))).collect();
    let mut given: usize = places.iter().sum();
    while given < total {
        let Some((_, Reverse(c))) = waiting.pop() else { break };
        let most = sizes[c] - usize::from(sizes[c] > 1);
        if places[c] < most {
            places[c] += 1;
            given += 1;
            waiting.push((lacks(sizes[c], places[c]), Reverse(c)));
        }
    }
    places
}
