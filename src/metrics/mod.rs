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
//! | [`subset_accuracy`], [`hamming_loss`], [`MultiLabelConfusion`] | 0 and 1, (labels, m) |
//!
//! [`Actual::weighted`] sets weights of the examples, for every metric but the confusion matrices.
//! [`Predicted::of_classes`] names the classes of the rows of scores. Results are `f64`, also for
//! networks in `f32`.
//!
//! # Metrics of a model
//!
//! Columns are examples, as in the rest of the crate. The methods of a model return a table in the
//! orientation of their examples. So predict with [`Examples::columns`], or pass the transpose:
//!
//! ```
//! use dnn_blocks::metrics::{r2, roc_auc, root_mean_squared_error};
//! use dnn_blocks::ndarray::array;
//! use dnn_blocks::prelude::*;
//!
//! let x = array![[0.0], [0.2], [0.7], [0.9], [1.0]]; // (examples, features)
//! let hyperparameters = Hyperparameters::default().hidden(&[8]).epochs(20);
//! let mut model = Classifier::<f64, &str>::new(hyperparameters.clone());
//! let labels = ["no", "no", "yes", "no", "yes"];
//! model.fit(Examples::rows(&x), &labels)?;
//! let probabilities = model.predict_proba(Examples::rows(&x))?; // (examples, classes)
//! let scores = probabilities.t();
//! let scores = Predicted(&scores).of_classes(model.classes());
//! assert!(roc_auc(Actual(&labels), scores)? > 0.5);
//!
//! let y = x.mapv(|x| x * x); // (examples, outputs)
//! let mut model = Regressor::<f64>::new(hyperparameters);
//! model.fit(Examples::rows(&x), Examples::rows(&y))?;
//! let predicted = model.predict(Examples::rows(&x))?; // (examples, outputs)
//! assert!(r2(Actual(&y.t()), Predicted(&predicted.t()))? < 1.0);
//! assert!(root_mean_squared_error(Actual(&y.t()), Predicted(&predicted.t()))? > 0.0);
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! # Multi-label metrics
//!
//! In multi-label classification an example has any number of labels. The metrics take tables
//! (labels, examples) of 0 and 1, for example from [`MultiLabelClassifier::predict_table`] or
//! [`LabelNames::encode`]. Metrics of scores take one label at a time, which is one row of a table:
//!
//! ```
//! use dnn_blocks::metrics::{average_precision, roc_auc, subset_accuracy};
//! use dnn_blocks::ndarray::{array, s};
//! use dnn_blocks::prelude::*;
//!
//! let y = array![[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]]; // (labels, examples)
//! let probabilities = array![[0.9, 0.2, 0.8, 0.6], [0.1, 0.7, 0.4, 0.9]];
//! let predicted = probabilities.mapv(|p| f64::from(p > 0.5));
//! assert_eq!(subset_accuracy(Actual(&y), Predicted(&predicted))?, 0.25);
//!
//! let label = s![1..2, ..];
//! let (y, probabilities) = (y.slice(label), probabilities.slice(label));
//! assert_eq!(roc_auc(Actual(&y), Predicted(&probabilities))?, 0.75);
//! let precision = average_precision(Actual(&y), Predicted(&probabilities))?;
//! assert!((precision - 5.0 / 6.0).abs() < 1e-12);
//! # Ok::<(), dnn_blocks::Error>(())
//! ```
//!
//! Source: C. van Rijsbergen, *Information Retrieval* (1979); the conventions at 0/0 and the
//! bounds follow scikit-learn (Pedregosa et al. 2011).
//!
//! [`Classifier::predict`]: crate::model::Classifier::predict
//! [`Examples::columns`]: crate::model::Examples::columns
//! [`MultiLabelClassifier::predict_table`]: crate::model::MultiLabelClassifier::predict_table
//! [`LabelNames::encode`]: crate::data::LabelNames::encode
//! [`one_hot`]: crate::data::one_hot
//! [`predict`]: crate::forward::predict
//! [`predict_proba`]: crate::forward::predict_proba
//! [`predicted_classes`]: crate::data::predicted_classes

mod class_scores;
mod classification;
mod confusion_matrix;
mod labels;
mod multi_label;
mod ranking;
mod regression;
mod weights;

pub use class_scores::{ClassProbabilities, ClassScores, OfClasses};
pub(crate) use classification::accuracy_of_outputs;
pub use classification::{accuracy, balanced_accuracy, brier_score, log_loss};
pub use confusion_matrix::ConfusionMatrix;
pub use labels::{Actual, Labels, Predicted};
pub use multi_label::{MultiLabelConfusion, hamming_loss, subset_accuracy};
pub(crate) use multi_label::{check_zeros_and_ones, subset_accuracy_of_outputs};
pub use ranking::{average_precision, roc_auc, top_k_accuracy};
pub(crate) use regression::r2_of_matrices;
pub use regression::{mean_absolute_error, mean_poisson_deviance, r2, root_mean_squared_error};
pub use weights::{MaybeWeighted, Weighted};
