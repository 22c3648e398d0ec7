use super::class_scores::{ClassScores, class_of_each};
use super::labels::Labels;
use super::weights::{MaybeWeighted, Weights};
use crate::buffer;
use crate::checks::{check_argument, check_each};
use crate::error::Position;
use crate::{Error, Float, Result};
use ndarray::{ArrayView1, ArrayView2};
use std::cmp::Ordering;

/// Computes the area under the ROC curve (AUC).
///
/// It is the probability that an example of the class scores higher than one of the rest. A tie
/// counts one half.
///
/// ```math
/// \text{AUC} = \frac{\sum_{i \in P} \sum_{j \in N} w_i w_j
/// \left([s_i > s_j] + \tfrac{1}{2} [s_i = s_j]\right)}{\sum_{i \in P} w_i \sum_{j \in N} w_j}
/// ```
///
/// 1 is a perfect order, and 0.5 is chance. `scores` is (1, m) with the scores of the second of two
/// classes, or (classes, m). The scores are any finite numbers, such as probabilities or logits.
/// With two rows, the scores of the second class are used. For more classes the result is the mean
/// of the areas of each class against the rest, as in scikit-learn's `roc_auc_score` with
/// `multi_class="ovr"`. The time is O(m log m) for a class.
///
/// ```
/// use dnn_blocks::metrics::roc_auc;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let scores = array![[0.1, 0.4, 0.35, 0.8]];
/// let actual = ["benign", "benign", "malignant", "malignant"];
/// assert_eq!(roc_auc(Actual(&actual), Predicted(&scores))?, 0.75);
///
/// let y = array![[0.0, 0.0, 1.0, 1.0]];
/// assert_eq!(roc_auc(Actual(&y), Predicted(&scores))?, 0.75);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::LengthMismatch`] unless there is one label and, if set, one weight for each column of
///   `scores`, and one class for each row (two classes for one row).
/// - [`Error::EmptyBatch`] or [`Error::ZeroSize`] if `scores` is empty.
/// - [`Error::NotFinite`] if a score is NaN or infinite.
/// - [`Error::ClassSize`] if a class has no example of weight above 0: the area is not defined.
///   scikit-learn warns and returns NaN.
/// - [`Error::UnknownLabel`] or [`Error::Inconsistent`] if a label is none of the set classes, or
///   these are not sorted.
/// - [`Error::InvalidValue`] if a weight is negative, NaN or infinite, [`Error::InvalidArgument`]
///   if all are 0.
/// - [`Error::TooLarge`] if the order of the examples does not fit in memory; the errors of
///   [`Labels::labels`].
///
/// Source: Fawcett (2006), *An introduction to ROC analysis*.
pub fn roc_auc<'a, F: Float, A, L>(
    actual: A,
    scores: impl ClassScores<'a, L, Scores: Into<ArrayView2<'a, F>>>,
) -> Result<f64>
where
    A: MaybeWeighted<Values: Labels<'a, Label = L>>,
    L: Ord + Clone + 'a,
{
    let mut examples = ScoredExamples::new(actual, scores)?;
    examples.check_classes(0)?;
    examples.mean_over_classes(area)
}

/// Computes the average precision, the mean of the precision weighted by the gain in recall.
///
/// ```math
/// \text{AP} = \sum_n (R_n - R_{n-1})\, P_n
/// ```
///
/// `P_n` and `R_n` are the precision and the recall of the examples that score at least the n-th
/// distinct score, from the highest. There is no interpolation. `scores` is (1, m) with the scores
/// of the second of two classes, or (classes, m). With two rows, the second is used. For more
/// classes the result is the mean over the classes, each against the rest, as in scikit-learn's
/// `average_precision_score`. The time is O(m log m) for a class.
///
/// ```
/// use dnn_blocks::metrics::average_precision;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let scores = array![[0.1, 0.4, 0.35, 0.8]];
/// let precision = average_precision(Actual(&[0, 0, 1, 1]), Predicted(&scores))?;
/// assert!((precision - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-15);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`roc_auc`]. The first of two classes needs no example here, if the classes are
/// [set](super::Predicted::of_classes). For another class without examples scikit-learn warns and
/// scores 0.
///
/// Source: Zhu (2004), *Recall, precision and average precision*.
pub fn average_precision<'a, F: Float, A, L>(
    actual: A,
    scores: impl ClassScores<'a, L, Scores: Into<ArrayView2<'a, F>>>,
) -> Result<f64>
where
    A: MaybeWeighted<Values: Labels<'a, Label = L>>,
    L: Ord + Clone + 'a,
{
    let mut examples = ScoredExamples::new(actual, scores)?;
    examples.check_classes(usize::from(examples.scores.nrows() <= 2))?;
    examples.mean_over_classes(precision)
}

/// Computes the top-k accuracy.
///
/// It is the share of examples whose class is among the k classes with the highest scores.
///
/// `scores` is (classes, m) with any finite numbers, or (1, m) with the probability of the second
/// of two classes, which is predicted above 0.5. If two classes have equal scores, the later class
/// ranks first, as in scikit-learn's `top_k_accuracy_score`. In
/// [`predicted_classes`](crate::data::predicted_classes) the earlier one does. With
/// [`of_classes`](super::Predicted::of_classes), classes may be absent from the labels.
///
/// ```
/// use dnn_blocks::metrics::top_k_accuracy;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let scores = array![[0.5, 0.3, 0.2], [0.3, 0.4, 0.1], [0.2, 0.3, 0.7]];
/// let (actual, scores) = (Actual(&[1, 0, 2]), Predicted(&scores));
/// assert_eq!(top_k_accuracy(actual, scores, 1)?, 1.0 / 3.0);
/// assert_eq!(top_k_accuracy(actual, scores, 2)?, 2.0 / 3.0); // class 2 wins the tie with class 0
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`roc_auc`] except [`Error::ClassSize`]; [`Error::InvalidArgument`] if `k` is 0 or
/// above the number of classes, [`Error::InvalidValue`] if a number in a single row is no
/// probability.
pub fn top_k_accuracy<'a, F: Float, A, L>(
    actual: A,
    scores: impl ClassScores<'a, L, Scores: Into<ArrayView2<'a, F>>>,
    k: usize,
) -> Result<f64>
where
    A: MaybeWeighted<Values: Labels<'a, Label = L>>,
    L: Ord + Clone + 'a,
{
    let ScoredExamples { scores, classes, weights } = ScoredExamples::new(actual, scores)?;
    let rule = "at least 1 and at most the number of classes";
    check_argument((1..=scores.nrows().max(2)).contains(&k), "k", k as f64, rule)?;
    if scores.nrows() == 1 {
        check_probabilities(&scores)?;
    }
    let is_hit = |(scores, &class): (ArrayView1<'_, F>, &usize)| match scores.len() {
        1 => k == 2 || usize::from(scores[0] > F::of(0.5)) == class,
        _ => higher(scores, class) < k,
    };
    let hits = scores.columns().into_iter().zip(&classes).map(is_hit);
    Ok(weights.mean(hits.map(|is_hit| f64::from(u8::from(is_hit)))))
}

/// Counts the classes that rank higher than `class`.
fn higher<F: Float>(scores: ArrayView1<'_, F>, class: usize) -> usize {
    let score = scores[class];
    let is_higher = |&(other, &s): &(usize, &F)| s > score || (s == score && other > class);
    scores.iter().enumerate().filter(is_higher).count()
}

/// Checks that all numbers of a matrix are from 0 to 1.
pub(super) fn check_probabilities<F: Float>(predicted: &ArrayView2<'_, F>) -> Result<()> {
    let rule = "a probability, from 0 to 1";
    let fits = |p: F| !(p < F::zero() || p > F::one()); // also NaN
    check_each("predicted", predicted, Position::entry, (rule, fits))
}

/// Examples with their scores, classes and weights, all checked.
pub(super) struct ScoredExamples<'a, F> {
    pub scores: ArrayView2<'a, F>,
    /// The class of each example.
    pub classes: Vec<usize>,
    pub weights: Weights,
}

impl<'a, F: Float> ScoredExamples<'a, F> {
    pub fn new<A, L>(
        actual: A,
        scores: impl ClassScores<'a, L, Scores: Into<ArrayView2<'a, F>>>,
    ) -> Result<Self>
    where
        A: MaybeWeighted<Values: Labels<'a, Label = L>>,
        L: Ord + Clone + 'a,
    {
        let (labels, weights) = actual.into_parts()?;
        let (labels, (scores, names)) = (labels.labels()?, scores.into_parts());
        let scores = scores.into();
        let classes = class_of_each(&labels, &scores, names)?;
        let weights = Weights::new(weights, classes.len())?;
        Ok(Self { scores, classes, weights })
    }

    /// Checks that each class from `first` has an example of weight above 0.
    fn check_classes(&self, first: usize) -> Result<()> {
        let mut sums = buffer::vec::<f64>("classes", (1, self.scores.nrows().max(2)))?;
        for (example, &class) in self.classes.iter().enumerate() {
            sums[class] += self.weights.of(example);
        }
        match (first..sums.len()).find(|&class| sums[class] == 0.0) {
            Some(class) => Err(Error::ClassSize { class, examples: 0, least: 1 }),
            None => Ok(()),
        }
    }

    /// Computes the mean of a figure over the classes, each against the rest, or the figure of the
    /// second of two classes.
    fn mean_over_classes(
        &mut self,
        figure: fn(&mut dyn Iterator<Item = Tied>) -> f64,
    ) -> Result<f64> {
        let rows = self.scores.nrows();
        let mut order = buffer::numbers("order", self.classes.len())?;
        if rows <= 2 {
            return Ok(self.figure(&mut order, rows - 1, 1, figure));
        }
        let sum: f64 = (0..rows).map(|class| self.figure(&mut order, class, class, figure)).sum();
        Ok(sum / rows as f64)
    }

    /// Computes a figure of a class from the scores in a row.
    fn figure(
        &self,
        order: &mut [usize],
        row: usize,
        class: usize,
        figure: fn(&mut dyn Iterator<Item = Tied>) -> f64,
    ) -> f64 {
        let scores = self.scores.row(row);
        let descending = |&a: &usize, &b: &usize| {
            scores[b].partial_cmp(&scores[a]).unwrap_or(Ordering::Equal).then(a.cmp(&b))
        };
        order.sort_unstable_by(descending);
        let groups = order.chunk_by(|&a, &b| scores[a] == scores[b]);
        figure(&mut groups.map(|group| {
            let mut tied = Tied { inside: 0.0, outside: 0.0 };
            for &example in group {
                let weight = self.weights.of(example);
                let is_inside = self.classes[example] == class;
                *(if is_inside { &mut tied.inside } else { &mut tied.outside }) += weight;
            }
            tied
        }))
    }
}

/// The weights of examples with equal scores: of the class, and of the rest.
struct Tied {
    inside: f64,
    outside: f64,
}

/// Computes the area under the ROC curve by trapezoids.
fn area(groups: &mut dyn Iterator<Item = Tied>) -> f64 {
    let (mut area, mut inside, mut outside) = (0.0, 0.0, 0.0);
    for tied in groups {
        area += tied.outside * (inside + tied.inside / 2.0);
        inside += tied.inside;
        outside += tied.outside;
    }
    area / (inside * outside)
}

/// Computes the average precision.
fn precision(groups: &mut dyn Iterator<Item = Tied>) -> f64 {
    let (mut sum, mut inside, mut outside) = (0.0, 0.0, 0.0);
    for tied in groups {
        inside += tied.inside;
        outside += tied.outside;
        if tied.inside > 0.0 {
            sum += tied.inside * (inside / (inside + outside));
        }
    }
    sum / inside
}
