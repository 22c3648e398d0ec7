//! Classification and regression metrics.
//!
//! ```math
//! \text{precision} = \frac{TP}{TP + FP} \qquad \text{recall} = \frac{TP}{TP + FN} \qquad
//! F_1 = \frac{2\,TP}{2\,TP + FP + FN}
//! ```
//!
//! As in scikit-learn, the first argument is what is true and the second what was predicted. The
//! wrappers [`Actual`] and [`Predicted`] name them, so that a swap does not compile.
//!
//! | labels | from |
//! |---|---|
//! | `&[L]`, `&Vec<L>`, `&[L; N]` | your data, [`Classifier::predict`](crate::model::Classifier::predict), [`predicted_classes`](crate::data::predicted_classes) |
//! | `&Array2<F>`, a view: class numbers (1, m) or one-hot columns (classes, m) | [`predict`](crate::forward::predict), `Y` |
//!
//! Results are `f64` whatever the type of the network.
//!
//! Source: C. van Rijsbergen, *Information Retrieval* (1979); the conventions at 0/0 and the
//! bounds follow scikit-learn (Pedregosa et al. 2011).

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
