#[cfg(doc)]
use crate::Error;
use crate::activation::Activation;
use crate::error::{check_hyperparameter, check_non_negative, check_positive, check_probability};
use crate::init::Initializer;
use crate::train::optimizer::Algorithm;
use crate::train::schedule::Schedule;
use crate::{Float, Result};

/// Everything that is chosen before training: a plain value to print, compare and clone.
///
/// Write it as a struct, or one choice after the other:
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let how = Hyperparameters::default()
///     .hidden(&[64, 32])
///     .algorithm(Algorithm::ADAM)
///     .learning_rate(0.003)
///     .epochs(50)
///     .seed(7);
/// assert_eq!(how, Hyperparameters { epochs: 50, ..how.clone() });
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperparameters {
    /// The units of each hidden layer; empty for logistic or linear regression. Default: `[100]`.
    pub hidden: Vec<usize>,
    /// The activation of the hidden layers. Default: ReLU.
    pub activation: Activation,
    /// How the weights are drawn. Default: He.
    pub initializer: Initializer,
    /// The rule of the step. Default: [`Algorithm::ADAM`].
    pub algorithm: Algorithm,
    /// α, before the schedule. Default: 0.001.
    pub learning_rate: f64,
    /// How α changes from epoch to epoch. Default: constant.
    pub schedule: Schedule,
    /// Examples in a batch; the last one of an epoch may have fewer. Default: 32.
    pub batch_size: usize,
    /// How often every example is seen. Default: 100.
    pub epochs: usize,
    /// The λ of [`Objective`](crate::train::regularization::Objective). Default: 0.
    pub l2: f64,
    /// The probability of a hidden unit to be kept in a training step. Default: 1, no dropout.
    pub keep_prob: f64,
    /// The longest gradient, see [`clip_by_norm`](crate::train::optimizer::clip_by_norm). Default: any.
    pub clip_norm: Option<f64>,
    /// Where all random numbers begin. Default: 0.
    pub seed: u32,
    /// The share of the examples that is put aside to watch the training. Default: 0.
    pub validation_share: f64,
    /// Stop after so many epochs without a lower cost, and go back to the parameters of the lowest.
    /// The cost is taken after the epoch, on the validation examples; where there are none, on those
    /// of the training, with the L2 term. Default: never.
    pub patience: Option<usize>,
    /// Bring every feature (and the values of a regression) to mean 0 and deviation 1, as they are
    /// in the training examples. Default: yes.
    pub standardize: bool,
    /// Accept features that are the same in every example. Default: no, since they are mostly a
    /// mistake; the dark corners of pictures are not.
    pub constant_features: bool,
    /// How much the examples of each class count. Default: equally.
    pub class_weights: ClassWeights,
}

/// How much the examples of each class count in the cost of a classifier.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ClassWeights {
    /// 1 each.
    #[default]
    Equal,
    /// `m / (classes · examples of the class)`: every class counts as much as any other.
    Balanced,
    /// One number for each class, in the order of the labels.
    Given(Vec<f64>),
}

impl Default for Hyperparameters {
    fn default() -> Self {
        Self {
            hidden: vec![100],
            activation: Activation::Relu,
            initializer: Initializer::He,
            algorithm: Algorithm::ADAM,
            learning_rate: 0.001,
            schedule: Schedule::Constant,
            batch_size: 32,
            epochs: 100,
            l2: 0.0,
            keep_prob: 1.0,
            clip_norm: None,
            seed: 0,
            validation_share: 0.0,
            patience: None,
            standardize: true,
            constant_features: false,
            class_weights: ClassWeights::Equal,
        }
    }
}

macro_rules! choices {
    ($($name:ident: $type:ty => $value:expr;)*) => {
        impl Hyperparameters {
            $(
                #[doc = concat!("The same with another [`", stringify!($name), "`](Self#structfield.", stringify!($name), ").")]
                #[must_use]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.$name = $value;
                    self
                }
            )*
        }
    };
}

choices! {
    hidden: &[usize] => hidden.to_vec();
    activation: Activation => activation;
    initializer: Initializer => initializer;
    algorithm: Algorithm => algorithm;
    learning_rate: f64 => learning_rate;
    schedule: Schedule => schedule;
    batch_size: usize => batch_size;
    epochs: usize => epochs;
    l2: f64 => l2;
    keep_prob: f64 => keep_prob;
    clip_norm: f64 => Some(clip_norm);
    seed: u32 => seed;
    validation_share: f64 => validation_share;
    patience: usize => Some(patience);
    standardize: bool => standardize;
    constant_features: bool => constant_features;
    class_weights: ClassWeights => class_weights;
}

impl Hyperparameters {
    /// Checks that a network of type `F` can be trained with these, when they are rounded to `F`.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let error = Hyperparameters::default().keep_prob(0.0).check::<f32>().unwrap_err();
    /// assert_eq!(error.to_string(), "keep_prob = 0: above 0 and at most 1");
    /// let tiny = Hyperparameters::default().learning_rate(1e-60);
    /// assert!(tiny.check::<f64>().is_ok());
    /// let error = tiny.check::<f32>().unwrap_err();
    /// assert!(error.to_string().ends_with("above 0 and finite as an f32"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Hyperparameter`] with the name of the first number that cannot be used: a field, or
    /// a constant of `activation`, `initializer`, `algorithm` or `schedule`. The fit checks what
    /// depends on the data, such as the number of class weights.
    pub fn check<F: Float>(&self) -> Result<()> {
        let is = |fits, name, value, rule| check_hyperparameter(fits, name, value, rule);
        let share = self.validation_share;
        let no_units = self.hidden.contains(&0);
        is(!no_units, "hidden", 0.0, "a layer has at least one unit")?;
        check_positive::<F>("learning_rate", self.learning_rate)?;
        is(self.batch_size > 0, "batch_size", 0.0, "at least 1")?;
        is(self.epochs > 0, "epochs", 0.0, "at least 1")?;
        check_non_negative::<F>("l2", self.l2)?;
        check_probability::<F>("keep_prob", self.keep_prob)?;
        is((0.0..1.0).contains(&share), "validation_share", share, "at least 0 and below 1")?;
        check_positive::<F>("clip_norm", self.clip_norm.unwrap_or(1.0))?;
        is(self.patience != Some(0), "patience", 0.0, "at least 1")?;
        if let ClassWeights::Given(weights) = &self.class_weights {
            let fits = |weight: &f64| check_non_negative::<F>("class_weights", *weight);
            weights.iter().try_for_each(fits)?;
        }
        self.activation.check::<F>()?;
        self.initializer.check::<F>()?;
        self.algorithm.check::<F>()?;
        if let Schedule::Cosine { lowest, .. } = self.schedule {
            check_non_negative::<F>("lowest", lowest)?;
        }
        self.schedule.check()
    }
}
