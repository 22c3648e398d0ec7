//! How wrong `AL` is.
//!
//! ```math
//! J = -\frac{1}{m} \sum_{i=1}^{m} y^{(i)} \ln a^{[L](i)} + (1 - y^{(i)}) \ln\left(1 - a^{[L](i)}\right)
//! ```
//!
//! Source: A. Ng, *Neural Networks and Deep Learning*, week 4 (2017); the bound at -100:
//! PyTorch's `BCELoss` (Paszke et al. 2019).

use crate::error::{Operand, check_batch, check_same_shape};
use crate::kernel::Simd;
use crate::kernel::elementwise::{self, Map2, Subtract};
use crate::{Float, Result};
use ndarray::ArrayRef2;

/// The cross-entropy cost, `J = -1/m Σ y ln a + (1-y) ln(1-a)`, in nats per example.
///
/// `AL`, `Y` (n_L, m); where there are several outputs their costs are added. Each logarithm
/// is bounded at -100, as in PyTorch's `BCELoss`, so `J` is finite where `AL` is exactly 0 or 1.
/// NaN in `AL` or `Y`, and an `AL` outside [0, 1], give NaN. Labels may be any numbers.
///
/// ```
/// use dnn_blocks::cost::compute_cost;
/// use dnn_blocks::ndarray::array;
///
/// let cost: f64 = compute_cost(&array![[0.8, 0.9, 0.4]], &array![[1.0, 1.0, 0.0]])?;
/// assert!((cost - 0.2797765635793422).abs() < 1e-15); // the course's own case
/// assert_eq!(compute_cost(&array![[0.0]], &array![[1.0]])?, 100.0);
/// # Ok::<(), dnn_blocks::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if `AL` and `Y` differ in shape,
/// [`Error::EmptyBatch`](crate::Error::EmptyBatch) or
/// [`Error::ZeroSize`](crate::Error::ZeroSize) if they are empty.
pub fn compute_cost<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<F> {
    check_outputs(al, y)?;
    Ok(F::of(elementwise::sum2(CrossEntropy, al, y) / al.ncols() as f64))
}

/// [`compute_cost`], and `dZ = AL - Y` in the place of `AL`, in one sweep: for an `AL` that comes
/// from a sigmoid. The shapes have been checked.
pub(crate) fn cost_and_sigmoid_dz<F: Float>(al: &mut ArrayRef2<F>, y: &ArrayRef2<F>) -> F {
    let examples = al.ncols() as f64;
    F::of(elementwise::sum2_and_map2(CrossEntropy, Subtract, al, y) / examples)
}

/// `Ok` if `AL` and `Y` have one shape and hold something.
pub(crate) fn check_outputs<F: Float>(al: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<()> {
    check_same_shape(Operand::of("AL", al), Operand::of("Y", y))?;
    check_batch(Operand::of("AL", al))
}

/// `-(y ln a + (1-y) ln(1-a))`
#[derive(Clone, Copy)]
struct CrossEntropy;

impl<F: Float> Map2<F> for CrossEntropy {
    #[inline(always)]
    fn apply<S: Simd<F>>(self, a: F, y: F) -> F {
        let (ln_a, ln_1m_a) = (elementwise::ln::<F, S>(a), elementwise::ln_1m::<F, S>(a));
        -(y * bounded(ln_a) + (F::one() - y) * bounded(ln_1m_a))
    }
}

/// The logarithm, not below -100; written so that NaN passes, which `max` would swallow.
#[inline(always)]
fn bounded<F: Float>(ln: F) -> F {
    let lowest = F::of(-100.0);
    if ln < lowest { lowest } else { ln }
}
