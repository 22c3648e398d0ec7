use crate::activation::Activation;
use crate::checks::{
    check_below_one, check_hyperparameter, check_non_negative, check_positive, check_probability,
};
use crate::cost::Cost;
use crate::frozen;
use crate::init::{Initializer, PerLayer};
use crate::train::lbfgs::LbfgsOptions;
use crate::train::optimizer::Algorithm;
use crate::train::schedule::{Plateau, Schedule};
use crate::{Error, Float, Result};

/// Defines each field once, with its type, default, setter, and check for networks of type `F`.
macro_rules! hyperparameters {
    (
        $(#[$doc:meta])*
        struct Hyperparameters {
            $(
                $(#[$field_doc:meta])*
                $name:ident: $type:ty = $default:expr,
                set $argument:ident: $argument_type:ty => $set:expr,
                check(|$value:ident| $check:expr);
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct Hyperparameters {
            $($(#[$field_doc])* pub $name: $type,)*
        }

        impl Default for Hyperparameters {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Hyperparameters {
            $(
                #[doc = concat!(
                    "Sets [`", stringify!($name), "`](Self#structfield.", stringify!($name), ")."
                )]
                #[must_use]
                pub fn $name(mut self, $argument: $argument_type) -> Self {
                    self.$name = $set;
                    self
                }
            )*

            /// Checks that the hyperparameters are valid for a network of type `F`.
            ///
            /// ```
            /// use dnn_blocks::prelude::*;
            ///
            /// let error = Hyperparameters::default().keep_prob(0.0).check::<f32>().unwrap_err();
            /// assert_eq!(error.to_string(), "keep_prob is 0, but must be above 0 and at most 1");
            /// let tiny = Hyperparameters::default().learning_rate(1e-60);
            /// assert!(tiny.check::<f64>().is_ok());
            /// let error = tiny.check::<f32>().unwrap_err();
            /// assert!(error.to_string().ends_with("above 0 and finite as an f32"));
            /// ```
            ///
            /// # Errors
            ///
            /// [`Error::Hyperparameter`] with the name of the first value that is out of range: a
            /// field, or a constant of `activation`, `initializer`, `algorithm` or `schedule`.
            /// [`Error::LengthMismatch`] unless a list of activations or initializers has one for
            /// each layer. [`Error::Inconsistent`] if L-BFGS is combined with dropout, clipping, a
            /// schedule or a plateau. A fit makes the checks that need the data, such as the number
            /// of class weights.
            pub fn check<F: Float>(&self) -> Result<()> {
                $({
                    let $value = &self.$name;
                    let checked: Result<()> = $check;
                    checked?;
                })*
                self.check_combination()
            }
        }

        #[cfg(feature = "safetensors")]
        impl Hyperparameters {
            /// Returns the name of the first field that differs.
            pub(crate) fn first_difference(&self, other: &Self) -> Option<&'static str> {
                $(if self.$name != other.$name {
                    return Some(stringify!($name));
                })*
                None
            }
        }

        #[cfg(feature = "mpi")]
        impl crate::digest::Comparable for Hyperparameters {
            fn digest(&self, digest: &mut crate::digest::Digest) {
                $(self.$name.digest(digest);)*
            }
        }

        #[cfg(feature = "serde")]
        mod serde_impl {
            use super::*;
            use serde::de::Error as _;
            use serde::ser::Error as _;
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            /// Fields that are missing get their defaults.
            #[derive(Serialize, Deserialize)]
            #[serde(remote = "Hyperparameters", deny_unknown_fields)]
            #[serde(default = "Hyperparameters::default")]
            struct Unchecked {
                $($name: $type,)*
            }

            impl Serialize for Hyperparameters {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    self.check::<f64>().map_err(S::Error::custom)?;
                    Unchecked::serialize(self, serializer)
                }
            }

            impl<'de> Deserialize<'de> for Hyperparameters {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let hyperparameters = Unchecked::deserialize(deserializer)?;
                    hyperparameters.check::<f64>().map_err(D::Error::custom)?;
                    Ok(hyperparameters)
                }
            }
        }
    };
}

hyperparameters! {
    /// The hyperparameters of a [`Classifier`](super::Classifier),
    /// [`MultiLabelClassifier`](super::MultiLabelClassifier) or [`Regressor`](super::Regressor).
    ///
    /// The [default](super#defaults) predicts well on most tables. Set the fields that differ:
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let hyperparameters = Hyperparameters::default()
    ///     .hidden(&[64, 32])
    ///     .learning_rate(0.002)
    ///     .epochs(50)
    ///     .patience(10)
    ///     .seed(7);
    /// assert_eq!(hyperparameters.patience, Some(10));
    /// assert_eq!(hyperparameters.patience(None).patience, None);
    /// ```
    struct Hyperparameters {
        /// The number of units of each hidden layer; empty for logistic or linear regression.
        /// Default: `[256]`.
        hidden: Vec<usize> = vec![256],
        set units: &[usize] => units.to_vec(),
        check(|units| {
            check_hyperparameter(!units.contains(&0), "hidden", 0.0, "at least 1 in each layer")
        });

        /// The activation of the hidden layers, one for all hidden layers or one for each.
        /// Default: ReLU.
        activation: PerLayer<Activation> = PerLayer::All(Activation::Relu),
        set activation: impl Into<PerLayer<Activation>> => activation.into(),
        check(|activation| activation.values().iter().try_for_each(|g| g.check::<F>()));

        /// The distribution of the initial weights, one for all layers or one for each, including
        /// the output layer. Default: He.
        initializer: PerLayer<Initializer> = PerLayer::All(Initializer::He),
        set initializer: impl Into<PerLayer<Initializer>> => initializer.into(),
        check(|initializer| initializer.values().iter().try_for_each(|i| i.check::<F>()));

        /// The update rule. Default: [`Algorithm::ADAM_W`] with a weight decay of 1, not its 0.01.
        ///
        /// On tables, networks without a strong decay overfit. To change it:
        ///
        /// ```
        /// use dnn_blocks::prelude::*;
        ///
        /// let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
        /// let weaker = Algorithm::AdamW { beta1, beta2, epsilon, weight_decay: 0.3 };
        /// let hyperparameters = Hyperparameters::default().algorithm(weaker);
        /// # let _ = hyperparameters;
        /// ```
        algorithm: Algorithm = Algorithm::AdamW {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 1.0,
        },
        set algorithm: Algorithm => algorithm,
        check(|algorithm| algorithm.check::<F>());

        /// The learning rate α, before the schedule. Default: 0.003.
        learning_rate: f64 = 0.003,
        set rate: f64 => rate,
        check(|rate| check_positive::<F>("learning_rate", *rate));

        /// The schedule of the learning rate. Default: [`Schedule::CosineToEnd`].
        schedule: Schedule = Schedule::CosineToEnd,
        set schedule: Schedule => schedule,
        check(|schedule| schedule.check::<F>());

        /// The number of examples in a batch. The last batch of an epoch may be smaller. If there
        /// are fewer training examples, one batch has all of them.
        ///
        /// Default: `None`, an eighth of the training examples, but at least 16 and at most 128.
        /// [`batch_size_for`](Self::batch_size_for) returns that number.
        batch_size: Option<usize> = None,
        set size: impl Into<Option<usize>> => size.into(),
        check(|size| check_hyperparameter(*size != Some(0), "batch_size", 0.0, "at least 1"));

        /// Whether to shuffle the training examples before each epoch. Default: `true`.
        ///
        /// Without it, every epoch takes the same batches in the order of the data. A single batch
        /// is never shuffled.
        shuffle: bool = true,
        set shuffle: bool => shuffle,
        check(|_shuffle| Ok(()));

        /// The number of passes over the training examples. Default: 100.
        epochs: usize = 100,
        set epochs: usize => epochs,
        check(|epochs| check_hyperparameter(*epochs > 0, "epochs", 0.0, "at least 1"));

        /// The cost. Default: a cross-entropy for classifiers, the squared error for a regressor.
        ///
        /// A regressor also takes [`Cost::MeanAbsoluteError`], [`Cost::Huber`] and
        /// [`Cost::Quantile`]. With `standardize`, `δ` is in standard deviations of the targets,
        /// otherwise in their units. With [`Cost::Poisson`], the outputs of a regressor are
        /// exponential, its targets are at least 0, and they are not standardized. For a
        /// classifier, any cost but its own cross-entropy is an [`Error::Inconsistent`]; for a
        /// regressor, a cross-entropy is.
        ///
        /// ```
        /// use dnn_blocks::ndarray::array;
        /// use dnn_blocks::prelude::*;
        ///
        /// let (x, counts) = (array![[0.0], [0.4], [0.7], [1.0]], array![0.0, 1.0, 1.0, 3.0]);
        /// let hyperparameters =
        ///     Hyperparameters::default().hidden(&[8]).batch_size(4).cost(Cost::Poisson);
        /// let mut model = Regressor::<f64>::new(hyperparameters);
        /// model.fit(Examples::rows(&x), Examples::values(&counts))?;
        /// let rates = model.predict(Examples::rows(&x))?;
        /// assert!(rates.iter().all(|rate| *rate > 0.0));
        /// # Ok::<(), dnn_blocks::Error>(())
        /// ```
        cost: Option<Cost> = None,
        set cost: impl Into<Option<Cost>> => cost.into(),
        check(|cost| cost.as_ref().map_or(Ok(()), Cost::check::<F>));

        /// The share ε by which the labels of a classifier are smoothed, as by
        /// [`Targets::smoothed`](crate::cost::Targets::smoothed). Default: 0.
        ///
        /// It applies to the training cost: the one in the records of the epochs, the one that
        /// L-BFGS minimizes, and the one that patience and plateau watch without a validation set.
        /// The validation cost is that of the labels without smoothing, so that fits with
        /// different ε compare. For a regressor, a value above 0 is an [`Error::Inconsistent`].
        label_smoothing: f64 = 0.0,
        set epsilon: f64 => epsilon,
        check(|epsilon| check_below_one::<F>("label_smoothing", *epsilon));

        /// The strength λ of the L2 term, as in
        /// [`Objective`](crate::train::regularization::Objective). Default: 0.
        l2: f64 = 0.0,
        set l2: f64 => l2,
        check(|l2| check_non_negative::<F>("l2", *l2));

        /// The probability that a hidden unit is kept in a training step. 1 is no dropout. Default:
        /// 0.8.
        keep_prob: f64 = 0.8,
        set keep_prob: f64 => keep_prob,
        check(|keep_prob| check_probability::<F>("keep_prob", *keep_prob));

        /// The largest norm of the gradient of a step; larger gradients are clipped by
        /// [`clip_by_norm`](crate::gradients::clip_by_norm). Default: none.
        clip_norm: Option<f64> = None,
        set norm: impl Into<Option<f64>> => norm.into(),
        check(|norm| check_positive::<F>("clip_norm", norm.unwrap_or(1.0)));

        /// The seed of all random numbers. Default: 0.
        seed: u32 = 0,
        set seed: u32 => seed,
        check(|_seed| Ok(()));

        /// The share of the examples that a fit holds out for validation. Default: 0.
        ///
        /// The validation examples are drawn at random: for a classifier by
        /// [`stratified_split`](crate::data::stratified_split), with the same share of every class,
        /// for the other models by [`split`](crate::data::split). They are at least two.
        /// [`FitOptions::validation`](super::FitOptions::validation) chooses them instead. Example
        /// weights count in the validation cost too.
        validation_share: f64 = 0.0,
        set share: f64 => share,
        check(|share| {
            let fits = (0.0..1.0).contains(share);
            check_hyperparameter(fits, "validation_share", *share, "at least 0 and below 1")
        });

        /// The number of epochs without an improvement of the
        /// [monitored](Self#structfield.monitor) value after which training stops. Default: none.
        ///
        /// An improvement counts if it is larger than the [tolerance](Self#structfield.tolerance).
        /// With a patience, the model ends with the parameters of the best epoch of the fit, the
        /// first of equal ones. The parameters before a [warm start](super::FitOptions::warm_start)
        /// are not considered. Epochs are counted by
        /// [`Patience`](crate::train::patience::Patience), as in Keras: scikit-learn's
        /// `n_iter_no_change = n` is a patience of `n + 1`.
        patience: Option<usize> = None,
        set patience: impl Into<Option<usize>> => patience.into(),
        check(|patience| {
            check_hyperparameter(*patience != Some(0), "patience", 0.0, "at least 1")
        });

        /// The smallest improvement of the monitored value that counts. Default: 0, so that every
        /// improvement counts.
        ///
        /// It has no effect without a patience or a plateau. The tolerances of L-BFGS are in its
        /// [options](crate::train::lbfgs::LbfgsOptions).
        tolerance: f64 = 0.0,
        set tolerance: f64 => tolerance,
        check(|tolerance| check_non_negative::<f64>("tolerance", *tolerance));

        /// The value that patience and plateau watch. Default: the validation cost, or the training
        /// cost if there is no validation set.
        monitor: Monitor = Monitor::Auto,
        set monitor: Monitor => monitor,
        check(|_monitor| Ok(()));

        /// The reduction of the learning rate when the monitored value no longer improves.
        /// Default: none.
        ///
        /// It reduces `α₀`, to which the [schedule](Self#structfield.schedule) applies. Choose its
        /// patience below [`patience`](Self#structfield.patience), or training stops before it has
        /// used the reduced rate.
        ///
        /// ```
        /// use dnn_blocks::prelude::*;
        /// use dnn_blocks::train::schedule::Plateau;
        ///
        /// let hyperparameters = Hyperparameters::default()
        ///     .validation_share(0.2)
        ///     .plateau(Plateau::new(0.2, 5).lowest(1e-5))
        ///     .patience(15);
        /// # let _ = hyperparameters;
        /// ```
        plateau: Option<Plateau> = None,
        set plateau: impl Into<Option<Plateau>> => plateau.into(),
        check(|plateau| plateau.map_or(Ok(()), |plateau| plateau.check::<F>()));

        /// Trains by [L-BFGS](crate::train::lbfgs) on the full batch instead of in mini-batches.
        /// Default: none.
        ///
        /// An epoch is then an iteration. The search ends after [`epochs`](Self#structfield.epochs)
        /// or [`max_iterations`](LbfgsOptions#structfield.max_iterations), whichever is less,
        /// unless it converges before. `algorithm`, `learning_rate`, `batch_size` and `shuffle` are
        /// not used. L-BFGS is often the best choice for up to a few thousand examples.
        ///
        /// ```
        /// use dnn_blocks::ndarray::array;
        /// use dnn_blocks::prelude::*;
        /// use dnn_blocks::train::lbfgs::LbfgsOptions;
        ///
        /// let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
        /// let hyperparameters =
        ///     Hyperparameters::plain().hidden(&[8]).lbfgs(LbfgsOptions::default()).epochs(500);
        /// let mut model = Classifier::<f64, i32>::new(hyperparameters);
        /// let history = model.fit(Examples::rows(&x), &[0, 0, 1, 1])?;
        /// let stop = history.stop.unwrap();
        /// println!("{stop}, {} iterations", history.epochs.len());
        /// println!("{} evaluations", history.evaluations.unwrap());
        /// assert!(stop.converged());
        /// # Ok::<(), dnn_blocks::Error>(())
        /// ```
        lbfgs: Option<LbfgsOptions> = None,
        set options: impl Into<Option<LbfgsOptions>> => options.into(),
        check(|options| options.map_or(Ok(()), |options| options.check()));

        /// Whether to standardize the features, and the targets of a regressor, by the training
        /// examples. Targets of the Poisson cost are never standardized. Default: `true`.
        standardize: bool = true,
        set standardize: bool => standardize,
        check(|_standardize| Ok(()));

        /// Whether to accept features that have the same value in every example, such as the dark
        /// corners of pictures. Default: `false`, because they are usually a mistake.
        constant_features: bool = false,
        set accept: bool => accept,
        check(|_accept| Ok(()));

        /// The weights of the classes of a [`Classifier`](super::Classifier). Default: equal. A fit
        /// of another model with such weights is an [`Error::Inconsistent`].
        class_weights: ClassWeights = ClassWeights::Equal,
        set weights: ClassWeights => weights,
        check(|weights| match weights {
            ClassWeights::Given(weights) => {
                weights.iter().try_for_each(|weight| check_non_negative::<F>("class_weights", *weight))
            }
            _ => Ok(()),
        });

        /// The layers that a training does not change, counted from 1. No gradient is computed for
        /// them, as in [`Workspace::freeze`](crate::train::workspace::Workspace::freeze).
        /// Default: none.
        ///
        /// To keep the weights of a fitted or imported network, continue it with a
        /// [warm start](super::FitOptions::warm_start) or
        /// [`partial_fit`](super::Classifier::partial_fit). A new model draws the weights of frozen
        /// layers and keeps those. A number that is not a layer, or freezing all layers,
        /// is an [`Error::Hyperparameter`].
        frozen: Vec<usize> = Vec::new(),
        set layers: &[usize] => layers.to_vec(),
        check(|layers| frozen::check_numbers(layers));
    }
}

impl Hyperparameters {
    /// Returns the hyperparameters of plain mini-batch training: 100 ReLUs, Adam with a constant
    /// learning rate of 0.001, batches of 32, and no regularization.
    ///
    /// Start from them for L-BFGS, to compare with the course or with another library, or to add
    /// one thing at a time. On most tables the [default](Self::default) predicts better.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let plain = Hyperparameters::plain();
    /// assert_eq!((plain.batch_size, plain.keep_prob), (Some(32), 1.0));
    /// assert_eq!((plain.algorithm, plain.schedule), (Algorithm::ADAM, Schedule::Constant));
    /// ```
    #[must_use]
    pub fn plain() -> Self {
        Self {
            hidden: vec![100],
            algorithm: Algorithm::ADAM,
            learning_rate: 0.001,
            schedule: Schedule::Constant,
            batch_size: Some(32),
            keep_prob: 1.0,
            ..Self::default()
        }
    }

    /// Returns the number of examples in a batch of a fit to this number of training examples.
    ///
    /// It is [`batch_size`](Self#structfield.batch_size) or its default, and all examples if there
    /// are fewer.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let hyperparameters = Hyperparameters::default();
    /// let sizes = [12, 100, 400, 10_000].map(|m| hyperparameters.batch_size_for(m));
    /// assert_eq!(sizes, [12, 16, 50, 128]);
    /// assert_eq!(hyperparameters.batch_size(32).batch_size_for(10_000), 32);
    /// ```
    #[must_use]
    pub fn batch_size_for(&self, training_examples: usize) -> usize {
        let size = self.batch_size.unwrap_or((training_examples / 8).clamp(16, 128));
        size.min(training_examples)
    }

    /// Checks that there is one activation and one initializer for each layer, and that no field is
    /// set that L-BFGS cannot follow.
    fn check_combination(&self) -> Result<()> {
        let hidden = self.hidden.len();
        self.activation.check_len("activation", ("hidden", hidden))?;
        self.initializer.check_len("initializer", ("layers", hidden + 1))?;
        let inconsistent = |what| Err(Error::Inconsistent { what });
        if let Algorithm::AdamW { weight_decay, .. } = self.algorithm {
            let decay = self.learning_rate * weight_decay;
            let rule = "below 1, or each step changes the signs of the weights";
            check_hyperparameter(decay < 1.0, "learning_rate · weight_decay", decay, rule)?;
        }
        match self {
            Self { lbfgs: None, .. } => Ok(()),
            Self { keep_prob, .. } if *keep_prob < 1.0 => inconsistent(
                "L-BFGS needs the same cost in each evaluation, so no dropout: set `keep_prob` \
                     to 1, or start from `Hyperparameters::plain()`",
            ),
            Self { clip_norm: Some(_), .. } => inconsistent("L-BFGS does not clip gradients"),
            Self { schedule, plateau, .. }
                if *schedule != Schedule::Constant || plateau.is_some() =>
            {
                inconsistent(
                    "L-BFGS has no learning rate, so no schedule and no plateau: unset them, or \
                     start from `Hyperparameters::plain()`",
                )
            }
            Self { .. } => Ok(()),
        }
    }

    /// Returns the activation of each layer of a network with this output layer.
    pub(crate) fn activations(&self, output: Activation) -> Vec<Activation> {
        self.activation.iter().copied().take(self.hidden.len()).chain([output]).collect()
    }

    /// Returns whether a value is watched.
    pub(crate) fn monitors(&self) -> bool {
        self.patience.is_some() || self.plateau.is_some()
    }
}

/// The value that [patience](Hyperparameters#structfield.patience) and
/// [plateau](Hyperparameters#structfield.plateau) watch, after each epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Monitor {
    /// The validation cost, or the training cost if there is no validation set.
    #[default]
    Auto,
    /// The cost of the training set with the L2 term, without dropout.
    TrainingCost,
    /// The cost of the validation set. A fit without a validation set is an error.
    ValidationCost,
    /// The score (accuracy, subset accuracy or R²) of the validation set, where an increase counts.
    /// A fit without a validation set is an error.
    ValidationScore,
}

/// The weights of the classes in the cost of a classifier.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ClassWeights {
    /// A weight of 1 for every class.
    #[default]
    Equal,
    /// `m / (classes · examples of the class)`, so that all classes have the same total weight.
    Balanced,
    /// A weight for each class, in the order of
    /// [`Classifier::classes`](super::Classifier::classes).
    Given(Vec<f64>),
}
