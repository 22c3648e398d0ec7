#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::buffer;
use crate::checks::check_argument;

/// The borrowed form of selectable values: `&[T]` for `Vec<T>`.
pub type View<'a, T> = <T as Selectable>::View<'a>;

/// Owned values, one for each example, of which a selection can be copied.
///
/// Implement it for a table of your own that is the input of an [`Estimator`](super::Estimator).
/// `Vec<T>` is borrowed as `&[T]`, [`OwnedExamples`](super::OwnedExamples) as
/// [`Examples`](crate::model::Examples).
pub trait Selectable: Sized + Send + Sync {
    /// The borrowed form.
    type View<'a>: Copy + Send + Sync
    where
        Self: 'a;

    /// Borrows the values.
    fn view(&self) -> Self::View<'_>;

    /// Returns the number of examples.
    fn count(view: Self::View<'_>) -> usize;

    /// Copies the values of the examples at these indices, in this order.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if an index is not below [`count`](Self::count),
    /// [`Error::TooLarge`] if the copy does not fit in memory.
    fn select(view: Self::View<'_>, examples: &[usize]) -> Result<Self>;
}

/// Values with features, as [`permutation_importance`](super::permutation_importance) takes them.
pub trait Tabular: Selectable {
    /// Returns the name of each feature; `None` if it has none.
    fn features(view: Self::View<'_>) -> Vec<Option<String>>;

    /// Replaces the values of a feature by the values that the feature has in `view`, in the order
    /// of these examples.
    ///
    /// It is called on a copy of `view`, with each example once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if there is no such feature or example.
    fn set_feature(
        &mut self,
        feature: usize,
        view: Self::View<'_>,
        examples: &[usize],
    ) -> Result<()>;
}

impl<T: Clone + Send + Sync> Selectable for Vec<T> {
    type View<'a>
        = &'a [T]
    where
        T: 'a;

    fn view(&self) -> &[T] {
        self
    }

    fn count(values: &[T]) -> usize {
        values.len()
    }

    fn select(values: &[T], examples: &[usize]) -> Result<Self> {
        check_indices(examples, values.len())?;
        buffer::list("examples", examples.len(), examples.iter().map(|&i| values[i].clone()))
    }
}

/// Checks that all indices are below the number of examples.
pub(super) fn check_indices(examples: &[usize], m: usize) -> Result<()> {
    let largest = examples.iter().copied().max();
    largest.map_or(Ok(()), |example| check_index(example, m))
}

/// Checks that an index is below the number of examples.
pub(super) fn check_index(example: usize, m: usize) -> Result<()> {
    check_argument(example < m, "example", example as f64, "below the number of examples")
}
