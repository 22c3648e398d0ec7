//! The share of examples that a network gets right.

use dnn_blocks::ndarray::Array2;

/// `al` and `y` are (1, m): an output above 0.5 stands for label 1.
pub fn accuracy(al: &Array2<f64>, y: &Array2<f64>) -> f64 {
    let right = al.iter().zip(y).filter(|&(&a, &y)| (a > 0.5) == (y > 0.5)).count();
    right as f64 / y.len() as f64
}
