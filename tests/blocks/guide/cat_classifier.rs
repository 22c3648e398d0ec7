use dnn_blocks::ndarray::{Array2, ArrayView2};
use dnn_blocks::prelude::*;
use hdf5_pure::File;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let (x, y) = load(Path::new("train_catvnoncat.h5"), "train")?;
    let (test_x, test_y) = load(Path::new("test_catvnoncat.h5"), "test")?;
    let (parameters, _costs) = train(&x, &y, 2500)?;
    for (set, x, y) in [("training", &x, &y), ("test", &test_x, &test_y)] {
        let labels = predict(x, &parameters)?;
        println!("{set} accuracy {:.4}", accuracy(Actual(y), Predicted(&labels))?);
    }
    Ok(())
}

/// Reads pictures as columns (12288, m), with values between 0 and 1, and labels (1, m).
fn load(path: &Path, set: &str) -> Result<(Array2<f64>, Array2<f64>), Box<dyn Error>> {
    let file = File::open(path)?;
    let bytes = file.dataset(&format!("{set}_set_x"))?.read_u8()?; // (m, 64, 64, 3)
    let labels = file.dataset(&format!("{set}_set_y"))?.read_f64()?;
    let m = labels.len();
    let rows = ArrayView2::from_shape((m, 12288), &bytes)?;
    let x = Array2::from_shape_fn((12288, m), |(pixel, i)| f64::from(rows[[i, pixel]]) / 255.0);
    Ok((x, Array2::from_shape_vec((1, m), labels)?))
}

/// Trains the network of week 4, and returns it with the cost before each step.
fn train(
    x: &Array2<f64>,
    y: &Array2<f64>,
    iterations: usize,
) -> dnn_blocks::Result<(Parameters<f64>, Vec<f64>)> {
    let (layers_dims, mut rng) = ([12288, 20, 7, 5, 1], NumpyRandom::seed(1));
    let mut parameters = initialize_parameters_deep(&layers_dims, Initializer::LeCun, &mut rng)?;
    let mut costs = Vec::new();
    for i in 0..iterations {
        let (al, caches) = l_model_forward(x, &parameters)?;
        let cost = compute_cost(&al, y)?;
        let gradients = l_model_backward(&al, y, &caches)?;
        update_parameters(&mut parameters, &gradients, 0.0075)?;
        costs.push(cost);
        if i % 100 == 0 {
            println!("cost after iteration {i}: {cost:.6}");
        }
    }
    Ok((parameters, costs))
}
