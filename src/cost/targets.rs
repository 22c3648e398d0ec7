//! The labels of a batch, and the loops over outputs and labels.
//!
//! The loops process up to [`COLUMNS`] examples at once. `w` in the formulas is the weight of an
//! example.

use super::terms::product_or_zero;
use crate::checks::{check, check_batch, check_below_one};
use crate::error::{Operand, Position};
use crate::kernel::elementwise::{self, Add, Map2, Subtract, zip_map};
use crate::kernel::softmax::{COLUMNS, Row, Times, largest, normalise};
use crate::{Error, Float, Result};
use ndarray::{ArrayBase, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, Axis, Data, Ix2, s};

/// The labels of a batch, with an optional weight for each example and optional smoothing.
///
/// `Y` (n_L, m), one column per example. For
/// [`Cost::CategoricalCrossEntropy`](super::Cost::CategoricalCrossEntropy) the columns are one-hot,
/// or `Y` is a row (1, m) of class numbers from 0 to n_L - 1.
///
/// Functions that take `impl Into<Targets>` also take `&y`, with a weight of 1 for every example.
///
/// ```
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::cost::Targets;
/// use dnn_blocks::prelude::*;
///
/// let (al, y) = (array![[1.0, 2.0]], array![[1.0, 4.0]]);
/// let weights = array![3.0, 0.5];
/// let targets = Targets::new(&y).weighted(&weights);
/// assert_eq!(Cost::MeanSquaredError.value(&al, &y)?, 2.0);
/// assert_eq!(Cost::MeanSquaredError.value(&al, targets)?, 1.0);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a, F> {
    y: ArrayView2<'a, F>,
    weights: Option<ArrayView1<'a, F>>,
    /// The share ε of each label that is spread over the classes.
    smoothing: f64,
    /// ε/K for the K classes of the cost.
    spread: F,
}

impl<'a, F: Float, S: Data<Elem = F>> From<&'a ArrayBase<S, Ix2>> for Targets<'a, F> {
    fn from(y: &'a ArrayBase<S, Ix2>) -> Self {
        Self::new(y)
    }
}

impl<'a, F: Float> From<&'a ArrayRef2<F>> for Targets<'a, F> {
    fn from(y: &'a ArrayRef2<F>) -> Self {
        Self::new(y.view())
    }
}

impl<'a, F: Float> From<ArrayView2<'a, F>> for Targets<'a, F> {
    fn from(y: ArrayView2<'a, F>) -> Self {
        Self { y, weights: None, smoothing: 0.0, spread: F::zero() }
    }
}

impl<'a, F: Float> Targets<'a, F> {
    /// Creates targets from the labels `Y`, with a weight of 1 for every example.
    ///
    /// ```
    /// # use dnn_blocks::cost::Targets;
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let y = array![[0.0, 1.0, 1.0]];
    /// let targets = Targets::new(&y);
    /// # let _ = targets;
    /// ```
    #[must_use]
    pub fn new(y: impl Into<ArrayView2<'a, F>>) -> Self {
        Self::from(y.into())
    }

    /// Sets the weights of the m examples. Like labels, weights are not checked: NaN gives NaN.
    ///
    /// ```
    /// # use dnn_blocks::cost::Targets;
    /// # use dnn_blocks::{ndarray::array, prelude::*};
    /// let (y, weights) = (array![[0.0, 1.0, 1.0]], array![2.0, 1.0, 1.0]);
    /// let targets = Targets::new(&y).weighted(&weights);
    /// # let _ = targets;
    /// ```
    #[must_use]
    pub fn weighted(self, weights: impl Into<ArrayView1<'a, F>>) -> Self {
        Self { weights: Some(weights.into()), ..self }
    }

    /// Smooths the labels: `y` becomes `(1 - ε) y + ε/K`.
    ///
    /// K is n_L for the categorical cost, and 2 for the binary cost, where each output has two
    /// classes. The cost is then lowest at probabilities below 1, which reduces overconfidence. The
    /// labels are not copied. A weight multiplies the smoothed terms of its example. With an `ε` of
    /// 0, all results are bit-identical to those without smoothing.
    ///
    /// The functions that take the targets return [`Error::Hyperparameter`] unless `ε` is at least
    /// 0 and below 1, and [`Error::Inconsistent`] if the cost has no classes and `ε` is not 0.
    ///
    /// ```
    /// use dnn_blocks::cost::Targets;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let z = array![[2.0, 0.5], [-1.0, 1.5], [0.0, 0.25], [1.0, -2.0]];
    /// let classes = array![[0.0, 2.0]];
    /// let smoothed = array![[0.925, 0.025], [0.025, 0.025], [0.025, 0.925], [0.025, 0.025]];
    /// let cost = Cost::CategoricalCrossEntropy;
    /// let expected: f64 = cost.value_from_logits(&z, &smoothed)?;
    /// let found = cost.value_from_logits(&z, Targets::new(&classes).smoothed(0.1))?;
    /// assert!((found - expected).abs() < 1e-15);
    /// # Ok::<(), dnn_blocks::Error>(())
    /// ```
    ///
    /// Source: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), section 7.
    #[must_use]
    pub fn smoothed(self, epsilon: f64) -> Self {
        Self { smoothing: epsilon, ..self }
    }

    /// Creates targets from labels (n_L, m) and m weights.
    pub(crate) fn from_views(y: ArrayView2<'a, F>, weights: ArrayView1<'a, F>) -> Self {
        Self::from(y).weighted(weights)
    }

    /// Returns the share ε of each label that is spread over the classes.
    pub(crate) fn smoothing(&self) -> f64 {
        self.smoothing
    }

    /// Returns the targets of a cost with this number of classes.
    #[inline]
    pub(super) fn of_classes(&self, classes: usize) -> Self {
        Self { spread: F::of(self.smoothing / classes as f64), ..*self }
    }

    /// Returns the labels.
    pub(super) fn labels(&self) -> ArrayView2<'a, F> {
        self.y
    }

    /// Returns the weight of an example.
    pub(super) fn weight(&self, example: usize) -> F {
        self.weights.map_or(F::one(), |weights| weights[example])
    }

    /// `Ok` if labels and weights fit these outputs, and the labels are not smoothed unless the
    /// cost has classes.
    pub(super) fn check(
        &self,
        accepts_class_numbers: bool,
        has_classes: bool,
        outputs: Operand,
    ) -> Result<()> {
        let y = Operand::new("Y", &self.y);
        let class_numbers = accepts_class_numbers && y.shape.0 == 1;
        let rows = if class_numbers { outputs.shape.0 } else { y.shape.0 };
        check((rows, y.shape.1) == outputs.shape, outputs, y, "shapes must be equal")?;
        check_batch(outputs)?;
        if let Some(weights) = &self.weights {
            let weights = Operand { name: "weights", shape: (1, weights.len()) };
            check(weights.shape.1 == y.shape.1, weights, y, "one weight for each example")?;
        }
        if self.smoothing != 0.0 {
            check_below_one::<F>("epsilon", self.smoothing)?;
            if !has_classes {
                let what = "labels are smoothed, but the cost is not a cross-entropy";
                return Err(Error::Inconsistent { what });
            }
        }
        let outputs = outputs.shape.0;
        if self.are_class_numbers(outputs) { self.check_class_numbers(outputs) } else { Ok(()) }
    }

    /// Returns whether `Y` is a row of class numbers. One-hot labels have as many rows as outputs.
    fn are_class_numbers(&self, outputs: usize) -> bool {
        self.y.nrows() == 1 && outputs > 1
    }

    fn check_class_numbers(&self, classes: usize) -> Result<()> {
        let is_class =
            |y: F| y.fract() == F::zero() && y >= F::zero() && y.as_f64() < classes as f64;
        match self.y.iter().position(|&y| !is_class(y)) {
            Some(example) => Err(Error::InvalidValue {
                layer: None,
                operand: "Y",
                position: Position::Entry { row: 0, column: example },
                value: self.y[[0, example]].as_f64(),
                rule: "a class number: an integer from 0, below the number of outputs",
            }),
            None => Ok(()),
        }
    }

    /// Returns the smoothed labels of output `k`, for `len` examples from `start`.
    #[inline]
    fn row(&self, k: usize, outputs: usize, start: usize, len: usize) -> Row<F> {
        if self.smoothing != 0.0 {
            return self.smoothed_row(k, outputs, start, len);
        }
        self.given_row(k, outputs, start, len)
    }

    // Out of line, so that labels without smoothing cost no further instructions.
    #[inline(never)]
    fn smoothed_row(&self, k: usize, outputs: usize, start: usize, len: usize) -> Row<F> {
        let mut row = self.given_row(k, outputs, start, len);
        self.smooth(&mut row, self.spread);
        row
    }

    /// Sets `y ← (1 - ε) y + shift`.
    fn smooth(&self, row: &mut Row<F>, shift: F) {
        let share = F::of(1.0 - self.smoothing);
        row.view_mut().mapv_inplace(|y| share * y + shift);
    }

    /// Returns the labels of output `k` without smoothing.
    #[inline(always)]
    fn given_row(&self, k: usize, outputs: usize, start: usize, len: usize) -> Row<F> {
        let columns = s![start..start + len];
        if !self.are_class_numbers(outputs) {
            return Row::copy_of(&self.y.row(k).slice(columns));
        }
        let k = F::of(k as f64);
        let mut row = Row::copy_of(&self.y.row(0).slice(columns));
        row.view_mut().mapv_inplace(|y| if y == k { F::one() } else { F::zero() });
        row
    }

    /// Multiplies a row, one number per example from `start`, by the weights.
    fn weigh(&self, row: &mut ArrayRef2<F>, start: usize) {
        if let Some(weights) = &self.weights {
            let weights = weights.slice(s![start..start + row.ncols()]);
            zip_map(Times, row, &weights.insert_axis(Axis(0)));
        }
    }

    /// Computes `Σ w·f(x, y)`. Terms are computed in `F` and added in `f64`.
    pub(super) fn sum_terms<M: Map2<F>>(&self, outputs: &ArrayRef2<F>, term: M) -> f64 {
        let mut sum = 0.0;
        for (chunk, x) in outputs.axis_chunks_iter(Axis(1), COLUMNS).enumerate() {
            for (k, x) in x.rows().into_iter().enumerate() {
                let start = chunk * COLUMNS;
                let y = self.row(k, outputs.nrows(), start, x.len());
                sum = self.add_terms(term, &x, &y, start, sum);
            }
        }
        sum
    }

    fn add_terms<M: Map2<F>>(
        &self,
        term: M,
        x: &ArrayRef1<F>,
        y: &Row<F>,
        start: usize,
        sum: f64,
    ) -> f64 {
        let mut terms = Row::copy_of(x);
        zip_map(term, &mut terms.view_mut(), &y.view());
        self.weigh(&mut terms.view_mut(), start);
        terms.view().iter().fold(sum, |sum, term| sum + term.as_f64())
    }

    /// Sets `x ← w·f(x, y)`.
    pub(super) fn map<M: Map2<F>>(&self, outputs: &mut ArrayRef2<F>, map: M) {
        self.sweep(outputs, |x, y, start| {
            zip_map(map, x, &y.view());
            self.weigh(x, start);
        });
    }

    /// Computes `Σ w·f(x, y)` and sets `x ← w·g(x, y)`, in one sweep.
    pub(super) fn sum_and_map<M: Map2<F>, G: Map2<F>>(
        &self,
        outputs: &mut ArrayRef2<F>,
        term: M,
        map: G,
    ) -> f64 {
        let mut sum = 0.0;
        self.sweep(outputs, |x, y, start| {
            sum = self.add_terms(term, &x.row(0), y, start, sum);
            zip_map(map, x, &y.view());
            self.weigh(x, start);
        });
        sum
    }

    /// Calls `f` with parts of the outputs: a row, its labels, and the number of its first example.
    fn sweep(
        &self,
        outputs: &mut ArrayRef2<F>,
        mut f: impl FnMut(&mut ArrayRef2<F>, &Row<F>, usize),
    ) {
        let all = outputs.nrows();
        for (chunk, mut x) in outputs.axis_chunks_iter_mut(Axis(1), COLUMNS).enumerate() {
            for (k, x) in x.rows_mut().into_iter().enumerate() {
                let start = chunk * COLUMNS;
                let y = self.row(k, all, start, x.len());
                f(&mut x.insert_axis(Axis(0)), &y, start);
            }
        }
    }

    /// Sets `a ← w·(a Σ y - y)`, the `dZ` of a softmax. Labels need not sum to 1.
    pub(super) fn softmax_dz(&self, al: &mut ArrayRef2<F>) {
        let all = al.nrows();
        for (chunk, mut a) in al.axis_chunks_iter_mut(Axis(1), COLUMNS).enumerate() {
            let start = chunk * COLUMNS;
            let label_sums = self.label_sums(all, start, a.ncols());
            self.softmax_rows_dz(&mut a, &label_sums, start);
        }
    }

    /// Returns the sums of the smoothed labels of each example.
    fn label_sums(&self, outputs: usize, start: usize, len: usize) -> Row<F> {
        let mut sums = Row::new(F::zero(), len);
        for k in 0..outputs {
            sums.fold(Add, &self.given_row(k, outputs, start, len).view());
        }
        if self.smoothing != 0.0 {
            self.smooth(&mut sums, F::of(self.smoothing));
        }
        sums
    }

    fn softmax_rows_dz(&self, a: &mut ArrayRef2<F>, label_sums: &Row<F>, start: usize) {
        let (all, len) = a.dim();
        for (k, a) in a.rows_mut().into_iter().enumerate() {
            let mut a = a.insert_axis(Axis(0));
            zip_map(Times, &mut a, &label_sums.view());
            zip_map(Subtract, &mut a, &self.row(k, all, start, len).view());
            self.weigh(&mut a, start);
        }
    }

    /// Computes `Σ w·(Σ y·ln Σ eᶻ - Σ y·z)` and replaces `Z` by `dZ`. The largest `z` of
    /// each example is subtracted first.
    pub(super) fn softmax_cost_and_dz(&self, z: &mut ArrayRef2<F>) -> f64 {
        let all = z.nrows();
        let mut sum = 0.0;
        for (chunk, mut z) in z.axis_chunks_iter_mut(Axis(1), COLUMNS).enumerate() {
            let (start, len) = (chunk * COLUMNS, z.ncols());
            let largest = largest(&z);
            let mut terms = Row::new(F::zero(), len);
            for (k, z) in z.rows().into_iter().enumerate() {
                let mut difference = Row::copy_of(&z);
                difference.fold(SubtractFrom, &largest.view());
                difference.fold(TimesLabel, &self.row(k, all, start, len).view());
                terms.fold(Add, &difference.view());
            }
            let mut sums = normalise(&mut z, &largest);
            let label_sums = self.label_sums(all, start, len);
            sums.fold(LnTimesLabel, &label_sums.view());
            terms.fold(Add, &sums.view());
            self.weigh(&mut terms.view_mut(), start);
            sum = terms.view().iter().fold(sum, |sum, term| sum + term.as_f64());
            self.softmax_rows_dz(&mut z, &label_sums, start);
        }
        sum
    }
}

/// `x·y`, and 0 for a label `y` of 0 even if `x` is infinite.
#[derive(Clone, Copy)]
struct TimesLabel;

impl<F: Float> Map2<F> for TimesLabel {
    #[inline(always)]
    fn apply<S: crate::kernel::Simd<F>>(self, x: F, y: F) -> F {
        product_or_zero(x, y)
    }
}

/// `y - x`
#[derive(Clone, Copy)]
struct SubtractFrom;

impl<F: Float> Map2<F> for SubtractFrom {
    #[inline(always)]
    fn apply<S: crate::kernel::Simd<F>>(self, x: F, y: F) -> F {
        y - x
    }
}

/// `y ln x`
#[derive(Clone, Copy)]
struct LnTimesLabel;

impl<F: Float> Map2<F> for LnTimesLabel {
    #[inline(always)]
    fn apply<S: crate::kernel::Simd<F>>(self, x: F, y: F) -> F {
        y * elementwise::ln::<F, S>(x)
    }
}
