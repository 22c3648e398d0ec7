//! Preprocessing: standardization, label encoding, train/test splits, folds.
//!
//! ```math
//! x \leftarrow \frac{x - \mu}{\sigma} \qquad
//! \mu = \frac{1}{m} \sum_{i=1}^{m} x^{(i)} \qquad
//! \sigma^2 = \frac{1}{m} \sum_{i=1}^{m} \left(x^{(i)} - \mu\right)^2
//! ```
//!
//! Source: A. Ng, *Improving Deep Neural Networks*, week 1 (2017); Y. LeCun et al., *Efficient
//! BackProp* (1998).

mod folds;
mod label_names;
pub(crate) mod labels;
pub(crate) mod mean_std;
mod split;
pub(crate) mod standardizer;

pub use folds::{Fold, group_k_fold, k_fold, stratified_k_fold, time_series_folds};
pub use label_names::LabelNames;
pub(crate) use label_names::has_label;
pub use labels::{Classes, one_hot, predicted_classes};
pub(crate) use labels::{predicted_class, predicted_classes_of};
pub use split::{split, stratified_split};
pub use standardizer::Standardizer;
