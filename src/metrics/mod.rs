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
//! Results are `f64`, also for networks in `f32`.
//!
//! Source: C. van Rijsbergen, *Information Retrieval* (1979); the conventions at 0/0 and the
//! bounds follow scikit-learn (Pedregosa et al. 2011).
//!
//! [`Classifier::predict`]: crate::model::Classifier::predict
//! [`one_hot`]: crate::data::one_hot
//! [`predict`]: crate::forward::predict
//! [`predict_proba`]: crate::forward::predict_proba
//! [`predicted_classes`]: crate::data::predicted_classes

mod classification;
mod confusion_matrix;
mod labels;
mod regression;

pub(crate) use classification::accuracy_of_outputs;
pub use classification::{accuracy, log_loss};
pub use confusion_matrix::ConfusionMatrix;
pub use labels::{Actual, Labels, Predicted};
pub use regression::r2;
pub(crate) use regression::r2_of_matrices;
