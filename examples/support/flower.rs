//! The flower of week 3: two classes of points on the petals of a rose, with noise.

use dnn_blocks::init::NumpyRandom;
use dnn_blocks::ndarray::{Array1, Array2, Axis};

/// `X` (2, 400) and `Y` (1, 400), number for number those of the course.
pub fn flower() -> (Array2<f64>, Array2<f64>) {
    let mut rng = NumpyRandom::seed(1);
    let mut noise = || 0.2 * rng.randn();
    let mut x = Array2::zeros((2, 400));
    for (class, mut points) in x.axis_chunks_iter_mut(Axis(1), 200).enumerate() {
        let (start, end) = (3.12 * class as f64, 3.12 * (class + 1) as f64);
        let t = Array1::linspace(start, end, 200).mapv(|t| t + noise());
        let r = t.mapv(|t| 4.0 * (4.0 * t).sin() + noise());
        points.row_mut(0).assign(&(&r * &t.sin()));
        points.row_mut(1).assign(&(&r * &t.cos()));
    }
    let y = Array2::from_shape_fn((1, 400), |(_, i)| if i < 200 { 0.0 } else { 1.0 });
    (x, y)
}
