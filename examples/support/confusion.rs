//! Which class is taken for which.

use dnn_blocks::ndarray::Array2;

/// Prints the 2 x 2 table of predicted and actual labels; `names` are those of label 1 and 0.
pub fn print(predicted: &Array2<f64>, actual: &Array2<f64>, [one, zero]: [&str; 2]) {
    let count = |p, a| predicted.iter().zip(actual).filter(|&pair| pair == (&p, &a)).count();
    println!("{:23}predicted", "");
    println!("{:20}{one:>12}{zero:>12}", "");
    println!("{:8}{one:12}{:12}{:12}", "actual", count(1.0, 1.0), count(0.0, 1.0));
    println!("{:8}{zero:12}{:12}{:12}", "", count(1.0, 0.0), count(0.0, 0.0));
}
