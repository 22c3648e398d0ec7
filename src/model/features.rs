//! One example or a batch of them, as the arguments of a predictor.

use super::feature_names::FeatureNames;
use super::table::Examples;
use crate::Float;
use ndarray::{ArrayBase, ArrayRef2, ArrayView1, ArrayView2, Axis, Data, Ix1, Ix2};

/// The examples that a predictor takes.
///
/// These types convert to it:
///
/// | argument | examples |
/// |---|---|
/// | `&x`, a matrix or a view | (features, examples), one in each column |
/// | `&x`, a 1-D array, a slice, a `Vec`, an array `[F; N]` | one example |
/// | `Examples::rows(&table)` | (examples, features), one in each row, with optional names |
///
/// ```
/// use dnn_blocks::model::Predictor;
/// use dnn_blocks::ndarray::array;
/// use dnn_blocks::prelude::*;
///
/// let parameters = initialize_parameters::<f64>(3, 4, 1, &mut NumpyRandom::seed(1))?;
/// let mut predictor = Predictor::new(&parameters, 2)?;
/// assert_eq!(predictor.outputs(&[0.1, 0.2, 0.3])?.dim(), (1, 1));
/// let table = array![[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]];
/// assert_eq!(predictor.outputs(Examples::rows(&table))?.dim(), (1, 2));
/// assert_eq!(predictor.outputs(&table.t())?.dim(), (1, 2));
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Features<'x, F>(pub(super) ArrayView2<'x, F>, pub(super) Option<FeatureNames<'x>>);

impl<'x, F: Float, S: Data<Elem = F>> From<&'x ArrayBase<S, Ix2>> for Features<'x, F> {
    fn from(x: &'x ArrayBase<S, Ix2>) -> Self {
        Self(x.view(), None)
    }
}

impl<'x, F: Float> From<&'x ArrayRef2<F>> for Features<'x, F> {
    fn from(x: &'x ArrayRef2<F>) -> Self {
        Self(x.view(), None)
    }
}

impl<'x, F: Float> From<ArrayView2<'x, F>> for Features<'x, F> {
    fn from(x: ArrayView2<'x, F>) -> Self {
        Self(x, None)
    }
}

impl<'x, F: Float, S: Data<Elem = F>> From<&'x ArrayBase<S, Ix1>> for Features<'x, F> {
    fn from(x: &'x ArrayBase<S, Ix1>) -> Self {
        Self(x.view().insert_axis(Axis(1)), None)
    }
}

impl<'x, F: Float> From<ArrayView1<'x, F>> for Features<'x, F> {
    fn from(x: ArrayView1<'x, F>) -> Self {
        Self(x.insert_axis(Axis(1)), None)
    }
}

impl<'x, F: Float> From<&'x [F]> for Features<'x, F> {
    fn from(x: &'x [F]) -> Self {
        Self(ArrayView1::from(x).insert_axis(Axis(1)), None)
    }
}

impl<'x, F: Float> From<&'x Vec<F>> for Features<'x, F> {
    fn from(x: &'x Vec<F>) -> Self {
        Self::from(&x[..])
    }
}

impl<'x, F: Float, const N: usize> From<&'x [F; N]> for Features<'x, F> {
    fn from(x: &'x [F; N]) -> Self {
        Self::from(&x[..])
    }
}

impl<'x, F: Float> From<Examples<'x, F>> for Features<'x, F> {
    fn from(x: Examples<'x, F>) -> Self {
        Self(x.as_columns(), x.names())
    }
}
