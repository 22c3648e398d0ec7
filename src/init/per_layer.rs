/// A value for all layers, or one for each layer.
///
/// Functions and hyperparameters that take it also take a single value, an array, a slice or a
/// `Vec`. Here a tanh layer, a ReLU layer and the output layer, each with the initial weights
/// that suit it:
///
/// ```
/// use dnn_blocks::prelude::*;
///
/// let hyperparameters = Hyperparameters::default()
///     .hidden(&[64, 32])
///     .activation([Activation::Tanh, Activation::Relu])
///     .initializer([Initializer::LeCun, Initializer::He, Initializer::Xavier]);
/// assert!(hyperparameters.check::<f32>().is_ok());
///
/// let all_tanh = Hyperparameters::default().hidden(&[64, 32]).activation(Activation::Tanh);
/// assert!(all_tanh.check::<f32>().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum PerLayer<T> {
    /// The same value for all layers.
    All(T),
    /// A value for each layer, first to last.
    Each(Vec<T>),
}

impl<T> PerLayer<T> {
    /// Returns the value of the layer with this index, which starts at 0.
    ///
    /// It is `None` if there is a list and it is too short.
    ///
    /// ```
    /// use dnn_blocks::init::PerLayer;
    /// use dnn_blocks::prelude::*;
    ///
    /// let activations = PerLayer::from([Activation::Tanh, Activation::Relu]);
    /// assert_eq!(activations.get(1), Some(&Activation::Relu));
    /// assert_eq!(activations.get(2), None);
    /// assert_eq!(PerLayer::All(Activation::Tanh).get(2), Some(&Activation::Tanh));
    /// ```
    pub fn get(&self, layer: usize) -> Option<&T> {
        match self {
            Self::All(value) => Some(value),
            Self::Each(values) => values.get(layer),
        }
    }

    /// Iterates over the layers; without end if all have the same value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..).map_while(|layer| self.get(layer))
    }

    /// Returns the different values: one, or one for each layer.
    pub(crate) fn values(&self) -> &[T] {
        match self {
            Self::All(value) => std::slice::from_ref(value),
            Self::Each(values) => values,
        }
    }

    /// Checks that a list has one value for each of the layers.
    pub(crate) fn check_len(
        &self,
        name: &'static str,
        layers: (&'static str, usize),
    ) -> crate::Result<()> {
        match self {
            Self::All(_) => Ok(()),
            Self::Each(values) => crate::checks::check_lengths((name, values.len()), layers),
        }
    }
}

impl<T> From<T> for PerLayer<T> {
    fn from(value: T) -> Self {
        Self::All(value)
    }
}

impl<T> From<Vec<T>> for PerLayer<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Each(values)
    }
}

impl<T: Clone> From<&[T]> for PerLayer<T> {
    fn from(values: &[T]) -> Self {
        Self::Each(values.to_vec())
    }
}

impl<T: Clone, const N: usize> From<&[T; N]> for PerLayer<T> {
    fn from(values: &[T; N]) -> Self {
        Self::Each(values.to_vec())
    }
}

impl<T, const N: usize> From<[T; N]> for PerLayer<T> {
    fn from(values: [T; N]) -> Self {
        Self::Each(values.into())
    }
}

/// The value itself, or a list. A format that does not describe itself cannot tell the two apart.
#[cfg(feature = "serde")]
mod serde_impl {
    use super::PerLayer;
    use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
    use serde::de::{Error, MapAccess, SeqAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::fmt;
    use std::marker::PhantomData;

    impl<T: Serialize> Serialize for PerLayer<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::All(value) => value.serialize(serializer),
                Self::Each(values) => values.serialize(serializer),
            }
        }
    }

    impl<'de, T: Deserialize<'de>> Deserialize<'de> for PerLayer<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(ValueOrList(PhantomData))
        }
    }

    struct ValueOrList<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ValueOrList<T> {
        type Value = PerLayer<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name, a name with its constant, or a list of them")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
            T::deserialize(StrDeserializer::new(name)).map(PerLayer::All)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(PerLayer::All)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list)).map(PerLayer::Each)
        }
    }
}
