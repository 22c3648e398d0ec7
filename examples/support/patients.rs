//! The Wisconsin diagnostic data of breast tumors: see `examples/data/README.md`.

use dnn_blocks::ndarray::Array2;
use std::error::Error;

const CSV: &str = include_str!("../data/breast_cancer.csv");

/// Reads the measures (569, 30) and the diagnoses: M for malignant, B for benign.
pub fn read() -> Result<(Array2<f64>, Vec<char>), Box<dyn Error>> {
    let (mut diagnoses, mut features) = (Vec::new(), Vec::new());
    for row in csv::Reader::from_reader(CSV.as_bytes()).deserialize() {
        let (diagnosis, measures): (char, Vec<f64>) = row?;
        diagnoses.push(diagnosis);
        features.extend(measures);
    }
    Ok((Array2::from_shape_vec((diagnoses.len(), 30), features)?, diagnoses))
}
