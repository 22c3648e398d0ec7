//! A thousand steps of one small case, run under `callgrind` by `benches/instructions.sh`.

use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;

const STEPS: usize = 1000;

fn main() {
    let case = std::env::args().nth(1).unwrap_or_default();
    let (dims, m) =
        if case.starts_with("prediction") { (&[16, 32, 1][..], 1) } else { (&[2, 4, 1][..], 400) };
    let mut rng = NumpyRandom::seed(1);
    let mut parameters = initialize_parameters_deep(dims, Initializer::He, &mut rng)
        .expect("sizes above 0")
        .with_activations(Activation::Tanh, Activation::Sigmoid);
    let x = Array2::from_shape_simple_fn((dims[0], m), || rng.randn());
    let y = Array2::from_shape_fn((1, m), |(_, i)| f64::from(u8::from(i % 2 == 0)));
    run(&case, &mut parameters, &x, &y).expect("shapes that fit");
}

fn run(
    case: &str,
    parameters: &mut Parameters<f64>,
    x: &Array2<f64>,
    y: &Array2<f64>,
) -> dnn_blocks::Result<()> {
    let mut workspace = Workspace::new(parameters, x.ncols()).unwrap();
    match case {
        "step-full-batch" => {
            let mut descent = FullBatch::new(x, y, parameters.clone())?;
            for _ in 0..STEPS {
                descent.step(0.1)?;
            }
        }
        "step-workspace" => {
            for _ in 0..STEPS {
                let pass = workspace.forward(x, parameters)?;
                pass.cost(y)?;
                let gradients = pass.backward(y)?;
                update_parameters(parameters, gradients, 0.1)?;
            }
        }
        "step-course" => {
            for _ in 0..STEPS {
                let (al, caches) = l_model_forward(x, parameters)?;
                compute_cost(&al, y)?;
                let gradients = l_model_backward(&al, y, &caches)?;
                update_parameters(parameters, &gradients, 0.1)?;
            }
        }
        "prediction-workspace" => {
            for _ in 0..STEPS {
                std::hint::black_box(workspace.forward(x, parameters)?.al());
            }
        }
        "prediction-course" => {
            for _ in 0..STEPS {
                std::hint::black_box(predict_proba(x, parameters)?);
            }
        }
        _ => {} // only the start-up is counted; `cargo bench` passes its own options
    }
    Ok(())
}
