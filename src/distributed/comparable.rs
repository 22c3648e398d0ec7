//! Digests of the types whose values ranks compare.

use crate::activation::Activation;
use crate::cost::Cost;
use crate::data::Standardizer;
use crate::digest::{Comparable, Digest};
use crate::init::{Initializer, NumpyRandom, PerLayer};
use crate::model::network::Network;
use crate::model::{ClassWeights, Monitor};
use crate::train::lbfgs::LbfgsOptions;
use crate::train::optimizer::Algorithm;
use crate::train::regularization::StepObjective;
use crate::train::schedule::{Plateau, Schedule};
use crate::{Float, Gradients, Parameters};
use std::fmt::Write as _;

/// Implements [`Comparable`] for an enum by the name of its variant and its fields.
macro_rules! by_variant {
    ($type:ident { $($variant:ident $({ $($field:ident),* })? $(($item:ident))?),* $(,)? }) => {
        impl Comparable for $type {
            fn digest(&self, digest: &mut Digest) {
                match self {
                    $($type::$variant $({ $($field),* })? $(($item))? => {
                        stringify!($variant).digest(digest);
                        $($($field.digest(digest);)*)?
                        $($item.digest(digest);)?
                    })*
                }
            }
        }
    };
}

by_variant!(Cost {
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    MeanSquaredError,
    MeanAbsoluteError,
    Huber { delta },
    Quantile { quantile },
    Poisson,
});
by_variant!(Initializer { Scaled(factor), LeCun, He, Xavier, Zeros });
by_variant!(Monitor { Auto, TrainingCost, ValidationCost, ValidationScore });
by_variant!(ClassWeights { Equal, Balanced, Given(weights) });
by_variant!(Algorithm {
    GradientDescent,
    Momentum { beta },
    ClassicalMomentum { beta },
    Nesterov { beta },
    RmsProp { beta, epsilon },
    Adam { beta1, beta2, epsilon },
    AdamW { beta1, beta2, epsilon, weight_decay },
});
by_variant!(Schedule {
    Constant,
    InverseTime { decay_rate },
    Intervals { decay_rate, time_interval },
    Step { factor, every },
    Exponential { decay_rate },
    InverseScaling { power },
    Cosine { warm_up, total, lowest },
    CosineToEnd,
});

impl Comparable for Activation {
    fn digest(&self, digest: &mut Digest) {
        (self.name(), self.parameter().map(|(_, value)| value)).digest(digest);
    }
}

impl<T: Comparable> Comparable for PerLayer<T> {
    fn digest(&self, digest: &mut Digest) {
        matches!(self, Self::All(_)).digest(digest);
        self.values().digest(digest);
    }
}

impl Comparable for Plateau {
    fn digest(&self, digest: &mut Digest) {
        (self.factor, self.patience, self.lowest).digest(digest);
    }
}

impl Comparable for LbfgsOptions {
    fn digest(&self, digest: &mut Digest) {
        (self.history, self.max_iterations, self.max_evaluations).digest(digest);
        (self.gradient_tolerance, self.decrease_tolerance).digest(digest);
    }
}

impl<F: Float> Comparable for StepObjective<'_, F> {
    fn digest(&self, digest: &mut Digest) {
        // A loss of the user's own has no more to compare than its text.
        let _ = write!(digest, "{:?}", self.cost);
        self.l2.digest(digest);
    }
}

impl Comparable for NumpyRandom {
    fn digest(&self, digest: &mut Digest) {
        let state = self.state();
        (state.key, state.position, state.kept).digest(digest);
    }
}

/// The sizes and activations of a network, without its weights.
pub(super) struct Structure<'a, F>(pub &'a Parameters<F>);

impl<F: Float> Comparable for Structure<'_, F> {
    fn digest(&self, digest: &mut Digest) {
        std::any::type_name::<F>().digest(digest);
        for layer in self.0.layers() {
            (layer.w.dim(), layer.b.dim(), layer.activation).digest(digest);
        }
    }
}

impl<F: Float> std::fmt::Debug for Structure<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let layers = self.0.layers().iter();
        write!(f, "{} ", std::any::type_name::<F>())?;
        f.debug_list()
            .entries(layers.map(|layer| (layer.w.dim(), layer.b.dim(), layer.activation)))
            .finish()
    }
}

/// The shapes of gradients, without their numbers.
pub(super) struct Shapes<'a, F>(pub &'a Gradients<F>);

impl<F: Float> Comparable for Shapes<'_, F> {
    fn digest(&self, digest: &mut Digest) {
        std::any::type_name::<F>().digest(digest);
        for layer in self.0.layers() {
            (layer.dw.dim(), layer.db.dim()).digest(digest);
        }
    }
}

impl<F: Float> std::fmt::Debug for Shapes<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", std::any::type_name::<F>())?;
        f.debug_list()
            .entries(self.0.layers().iter().map(|layer| (layer.dw.dim(), layer.db.dim())))
            .finish()
    }
}

/// The weights and biases of a network, printed as their digest.
pub(super) struct Weights<'a, F>(pub &'a Parameters<F>);

impl<F: Float> Comparable for Weights<'_, F> {
    fn digest(&self, digest: &mut Digest) {
        let matrices = self.0.layers().iter().flat_map(|layer| [&layer.w, &layer.b]);
        let bits = matrices.flatten().map(|x| x.as_f64().to_bits());
        let sum = bits.fold(0, |sum: u64, bits| sum.rotate_left(1).wrapping_mul(3) ^ bits);
        sum.digest(digest);
    }
}

impl<F: Float> std::fmt::Debug for Weights<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "checksum {:016x}", Digest::compute(self))
    }
}

/// All that the training of a network continues from, printed as its digest.
pub(super) struct State<'a, F> {
    pub network: &'a Network<F>,
    pub target_scaler: Option<&'a Standardizer<F>>,
}

impl<F: Float> Comparable for State<'_, F> {
    fn digest(&self, digest: &mut Digest) {
        let Network { parameters, scaler, optimizer, rng, search, feature_names, .. } =
            self.network;
        let Network { learning_rate, epochs, examples, .. } = *self.network;
        Weights(parameters).digest(digest);
        (learning_rate, epochs, examples).digest(digest);
        (rng, optimizer.steps(), feature_names.as_deref()).digest(digest);
        let state = optimizer.state().iter().flat_map(|state| state.w.iter().chain(&state.b));
        state.flatten().for_each(|x| x.as_f64().digest(digest));
        for scaler in [scaler.as_ref(), self.target_scaler] {
            scaler.is_some().digest(digest);
            let numbers =
                scaler.iter().flat_map(|scaler| scaler.mean().iter().chain(scaler.std_dev()));
            numbers.for_each(|x| x.as_f64().digest(digest));
        }
        search.is_some().digest(digest);
        if let Some(search) = search {
            let pairs = search.pairs.iter().flat_map(|(s, y)| s.iter().chain(y));
            pairs.chain(&search.gradient).for_each(|x| x.as_f64().digest(digest));
        }
    }
}

impl<F: Float> std::fmt::Debug for State<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} epochs, checksum {:016x}", self.network.epochs, Digest::compute(self))
    }
}
