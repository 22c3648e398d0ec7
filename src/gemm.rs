//! The backend seam: the only place in the crate that multiplies matrices.

use crate::Float;
use ndarray::ArrayRef2;

/// `C ← α·A·B + β·C`. Callers have checked the shapes; a transpose is a `.t()` view.
pub(crate) fn gemm<F: Float>(
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &mut ArrayRef2<F>,
) {
    ndarray::linalg::general_mat_mul(alpha, a, b, beta, c);
}
