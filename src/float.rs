//! The element types: `f32` and `f64`.

use crate::kernel::elementwise::Elementary;
use std::iter::Sum;

/// The element type of a network: [`f32`] or [`f64`].
///
/// `F: Float` is the only bound that generic code on top of this crate needs. No other type can
/// implement the trait.
///
/// ```
/// use dnn_blocks::Float;
/// use dnn_blocks::ndarray::Array2;
///
/// fn accuracy<F: Float>(predicted: &Array2<F>, y: &Array2<F>) -> f64 {
///     let right = predicted.iter().zip(y).filter(|(p, y)| p == y).count();
///     right as f64 / y.len() as f64
/// }
/// assert_eq!(accuracy(&Array2::<f32>::zeros((1, 4)), &Array2::zeros((1, 4))), 1.0);
/// ```
pub trait Float: Elementary + Default + Sum + sealed::Sealed {
    /// Returns the value of this type nearest to `value`, for literals such as `F::of(0.01)`.
    ///
    /// ```
    /// use dnn_blocks::Float;
    /// assert_eq!(f32::of(0.1), 0.1_f32);
    /// ```
    fn of(value: f64) -> Self;

    /// Returns the same value as an [`f64`], which is exact.
    ///
    /// ```
    /// use dnn_blocks::Float;
    /// assert_eq!(0.5_f32.as_f64(), 0.5);
    /// ```
    fn as_f64(self) -> f64;
}

mod sealed {
    #[cfg(not(feature = "mpi"))]
    pub trait Sealed {}
    #[cfg(feature = "mpi")]
    pub trait Sealed: mpi::traits::Equivalence {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Float for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
    fn as_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn as_f64(self) -> f64 {
        self
    }
}
