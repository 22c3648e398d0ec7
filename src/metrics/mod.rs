//! Classification and regression metrics.
//!
//! ```math
//! \text{precision} = \frac{TP}{TP + FP} \qquad \text{recall} = \frac{TP}{TP + FN} \qquad
//! F_1 = \frac{2\,TP}{2\,TP + FP + FN}
//! ```
//!
//! As in scikit-learn, the first argument holds the actual labels and the second the predicted
//! ones. The wrappers [`Actual`] and [`Predicted`] name them, so swapped arguments do not compile.
//!
//! | labels | for example from |
//! |---|---|
//! | `&[L]`, `&Vec<L>`, `&[L; N]` | [`Classifier::predict`], [`predicted_classes`] |
//! | a matrix of class numbers, (1, m) | [`predict`] after a sigmoid, `Y` |
//! | a matrix of one-hot or probability columns, (classes, m) | [`one_hot`], [`predict_proba`] |
//!
//! | metric | predicted |
//! |---|---|
//! | [`accuracy`], [`balanced_accuracy`], [`ConfusionMatrix`] | labels |
//! | [`roc_auc`], [`average_precision`], [`top_k_accuracy`] | scores, (1, m) or (classes, m) |
//! | [`log_loss`], [`brier_score`] | probabilities, (1, m) or (classes, m) |
//! | [`r2`], [`mean_absolute_error`], [`root_mean_squared_error`] | values, (outputs, m) |
//! | [`mean_poisson_deviance`] | rates above 0, (outputs, m) |
//!
//! [`Actual::weighted`] sets weights of the examples, for every metric but the confusion matrix.
//! [`Predicted::of_classes`] names the classes of the rows of scores. Results are `f64`, also for
//! networks in `f32`.
//!
//! Source: C. van Rijsbergen, *Information Retrieval* (1979); the conventions at 0/0 and the
//! bounds follow scikit-learn (Pedregosa et al. 2011).
//!
//! [`Classifier::predict`]: crate::model::Classifier::predict
//! [`one_hot`]: crate::data::one_hot
//! [`predict`]: crate::forward::predict
//! [`predict_proba`]: crate::forward::predict_proba
//! [`predicted_classes`]: crate::data::predicted_classes

mod class_scores;
mod classification;
mod confusion_matrix;
mod labels;
mod ranking;
mod regression;
mod weights;

pub use class_scores::{ClassScores, OfClasses};
pub(crate) use classification::accuracy_of_outputs;
pub use classification::{accuracy, balanced_accuracy, brier_score, log_loss};
pub use confusion_matrix::ConfusionMatrix;
pub use labels::{Actual, Labels, Predicted};
pub use ranking::{average_precision, roc_auc, top_k_accuracy};
pub(crate) use regression::r2_of_matrices;
pub use regression::{mean_absolute_error, mean_poisson_deviance, r2, root_mean_squared_error};
pub use weights::{MaybeWeighted, Weighted};
