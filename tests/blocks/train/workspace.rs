//! A workspace is bit-identical to the blocks; wrong shapes are errors.

use super::{ACTIVATIONS, SMOOTH_ACTIVATIONS, same_gradients};
use crate::support::reference::assert_close;
use crate::support::{COSTS, labels, message, needed_output, network_with_biases, random, same};
use dnn_blocks::Error;
use dnn_blocks::forward::LayerCache;
use dnn_blocks::init::RandomSource;
use dnn_blocks::ndarray::{Array2, Axis};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::batches::BatchColumns;
use dnn_blocks::train::workspace::Dropout;

/// The gradient of `X` of the binary cross-entropy.
fn input_gradient<F: Float>(
    al: &Array2<F>,
    y: &Array2<F>,
    caches: &[LayerCache<'_, F>],
) -> Array2<F> {
    let cost = Cost::BinaryCrossEntropy;
    if caches.last().unwrap().activation.activation == Activation::Sigmoid {
        let options = BackwardOptions::new(cost).dx(true);
        return backpropagate(al, y, caches, options).unwrap().dx.unwrap();
    }
    let mut da = cost.gradient(al, y).unwrap();
    for cache in caches.iter().rev() {
        da = linear_activation_backward(da, cache).unwrap().0;
    }
    da
}

fn compare_workspace<F: Float>(dims: &[usize], hidden: Activation, output: Activation) {
    let parameters = network_with_biases::<F>(dims, hidden, output);
    let (features, units) = (dims[0], dims[dims.len() - 1]);
    let mut workspace = Workspace::new(&parameters, 33).unwrap();
    for (examples, seed) in [(33, 1), (7, 2), (1, 3), (33, 4)] {
        let x = random::<F>(features, examples, seed);
        let y = labels::<F>(units, examples);
        for x in [x.view(), x.t().as_standard_layout().t()] {
            let (al, caches) = l_model_forward(x, &parameters).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            let dx = input_gradient(&al, &y, &caches);
            let cost = compute_cost(&al, &y).unwrap();
            let pass = workspace.forward(&x, &parameters).unwrap();
            assert!(same(&pass.al(), &al));
            assert_eq!(pass.cost(&y).unwrap().as_f64().to_bits(), cost.as_f64().to_bits());
            assert!(same_gradients(pass.backward(&y).unwrap(), &gradients));
            let pass = workspace.forward(&x, &parameters).unwrap();
            let (fast, fast_dx) = pass.backward_with_dx(&y).unwrap();
            assert!(same_gradients(fast, &gradients) && same(&fast_dx, &dx));
        }
    }
}

#[test]
fn a_workspace_gives_the_bits_of_the_blocks() {
    for hidden in ACTIVATIONS {
        for output in ACTIVATIONS {
            compare_workspace::<f64>(&[3, 5, 4, 2], hidden, output);
            compare_workspace::<f32>(&[3, 5, 4, 2], hidden, output);
        }
        compare_workspace::<f64>(&[40, 70, 30, 1], hidden, Activation::Sigmoid);
        compare_workspace::<f32>(&[300, 30, 1], hidden, Activation::Sigmoid);
        compare_workspace::<f32>(&[9, 1], hidden, Activation::Sigmoid);
    }
    for smooth in SMOOTH_ACTIVATIONS {
        for other in ACTIVATIONS {
            compare_workspace::<f64>(&[3, 5, 4, 2], smooth, other);
            compare_workspace::<f32>(&[3, 5, 4, 2], other, smooth);
        }
        compare_workspace::<f32>(&[40, 70, 30, 1], smooth, Activation::Sigmoid);
    }
}

#[test]
fn what_does_not_fit_a_workspace_is_named() {
    let parameters = network_with_biases::<f64>(&[3, 5, 1], Activation::Relu, Activation::Sigmoid);
    let other = network_with_biases::<f64>(&[3, 4, 1], Activation::Relu, Activation::Sigmoid);
    let deeper = network_with_biases::<f64>(&[3, 5, 2, 1], Activation::Relu, Activation::Sigmoid);
    let mut workspace = Workspace::new(&parameters, 10).unwrap();
    let mut message = |x: Array2<f64>, parameters: &Parameters<f64>| {
        workspace.forward(&x, parameters).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        message(Array2::zeros((4, 7)), &parameters),
        "layer 1: W (5, 3) and A_prev (4, 7) do not fit: \
         columns of W must equal rows of A_prev (one example per column)"
    );
    assert_eq!(
        message(Array2::zeros((3, 11)), &parameters),
        "layer 1: X (3, 11) and workspace (3, 10) do not fit: at most the columns it was made for"
    );
    assert_eq!(
        message(Array2::zeros((3, 7)), &other),
        "layer 1: W (4, 3) and W of the workspace (5, 3) do not fit: shapes must be equal"
    );
    assert_eq!(
        workspace.forward(&Array2::zeros((3, 7)), &deeper).map(|_| ()),
        Err(Error::LayerCount { expected: 3, found: 2 })
    );
    assert!(matches!(
        workspace.forward(&Array2::zeros((3, 0)), &parameters).map(|_| ()),
        Err(Error::EmptyBatch { layer: Some(1), .. })
    ));
    let (x, y) = (Array2::zeros((3, 0)), Array2::zeros((1, 0)));
    let step = workspace.cost_and_gradients(&x, &y, &parameters, Cost::BinaryCrossEntropy);
    assert!(matches!(step.map(drop), Err(Error::EmptyBatch { layer: Some(1), .. })));
    let x = Array2::zeros((3, 7));
    let pass = workspace.forward(&x, &parameters).unwrap();
    let cost = pass.cost(&Array2::zeros((1, 8)));
    assert!(matches!(cost, Err(Error::ShapeMismatch { .. })));
    let gradients = pass.backward(&Array2::zeros((2, 7)));
    assert!(matches!(gradients, Err(Error::ShapeMismatch { layer: Some(2), .. })));
}

#[test]
fn a_workspace_too_large_for_memory_is_an_error() {
    let parameters = network_with_biases::<f64>(&[3, 5, 1], Activation::Relu, Activation::Sigmoid);
    assert!(matches!(
        Workspace::new(&parameters, usize::MAX / 4).map(|_| ()),
        Err(Error::TooLarge { layer: Some(1), .. })
    ));
}

/// Each cost with each output activation: a cross-entropy takes only its own, the Poisson cost a
/// positive one, a squared error any.
#[test]
fn an_output_that_does_not_go_with_the_cost_is_an_error() {
    let outputs = [ACTIVATIONS.as_slice(), &[Activation::Softmax]].concat();
    let (x, y) = (random::<f64>(3, 6, 1), labels(2, 6));
    for output in outputs {
        let parameters = network_with_biases::<f64>(&[3, 5, 2], Activation::Tanh, output);
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        let mut workspace = Workspace::new(&parameters, 6).unwrap();
        for cost in COSTS {
            let expected = match needed_output(&cost, output) {
                None => Ok(()),
                Some(expected) => Err(Error::OutputActivation {
                    layer: Some(2),
                    cost: cost.to_string(),
                    expected,
                    found: output.to_string(),
                }),
            };
            let general = backpropagate(&al, &y, &caches, BackwardOptions::new(&cost));
            assert_eq!(general.map(|_| ()), expected);
            let step = workspace.cost_and_gradients(&x, &y, &parameters, &cost);
            assert_eq!(step.map(|_| ()), expected);
            let rng = &mut NumpyRandom::seed(1);
            let dropout = Dropout::new(0.5, rng);
            let step =
                workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, &cost, dropout);
            assert_eq!(step.map(|_| ()), expected);
        }
    }
    let parameters = network_with_biases::<f64>(&[3, 2], Activation::Tanh, Activation::Softmax);
    let mut workspace = Workspace::new(&parameters, 6).unwrap();
    let step = workspace.cost_and_gradients(&x, &y, &parameters, Cost::BinaryCrossEntropy);
    assert_eq!(message(step), "layer 1: binary cross-entropy needs sigmoid outputs, not softmax");
}

#[test]
fn an_objective_is_checked_before_masks_are_drawn() {
    let parameters = network_with_biases::<f64>(&[2, 3, 1], Activation::Relu, Activation::Sigmoid);
    let (x, y) = (random(2, 4, 1), labels(1, 4));
    let mut workspace = Workspace::new(&parameters, 4).unwrap();
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(f64::NAN);
    let mut rng = NumpyRandom::seed(1);
    let dropout = Dropout::new(0.5, &mut rng);
    let step = workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, &objective, dropout);
    assert!(message(step).starts_with("lambda is NaN"));
    assert_eq!(rng.state(), NumpyRandom::seed(1).state());
    assert!(message(Workspace::new(&parameters, 0)).starts_with("examples is 0"));
}

/// Returns the gradients of some columns of a batch of 6, with their part of its dropout masks.
fn gradients_of_part(
    columns: &[usize],
    total: usize,
    examples: usize,
) -> dnn_blocks::Result<Gradients<f64>> {
    let parameters =
        network_with_biases::<f64>(&[3, 5, 4, 2], Activation::Tanh, Activation::Sigmoid);
    let (x, y) = (random::<f64>(3, 6, 1), labels::<f64>(2, 6));
    let chosen: Vec<usize> = columns.iter().map(|i| i % 6).chain([0; 6]).take(examples).collect();
    let [x, y] = [x, y].map(|all| all.select(Axis(1), &chosen));
    let mut rng = NumpyRandom::seed(7);
    let dropout = Dropout::new(0.5, &mut rng).columns(BatchColumns { columns, total });
    let mut workspace = Workspace::new(&parameters, 6)?;
    let cost = Cost::BinaryCrossEntropy;
    let step = workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, cost, dropout);
    Ok(step?.1.clone())
}

#[test]
fn parts_of_a_batch_drop_the_units_of_the_whole_batch() {
    let parameters =
        network_with_biases::<f64>(&[3, 5, 4, 2], Activation::Tanh, Activation::Sigmoid);
    let (x, y) = (random::<f64>(3, 6, 1), labels::<f64>(2, 6));
    let mut workspace = Workspace::new(&parameters, 6).unwrap();
    let mut rng = NumpyRandom::seed(7);
    let (dropout, cost) = (Dropout::new(0.5, &mut rng), Cost::BinaryCrossEntropy);
    let step = workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, cost, dropout);
    let whole = step.unwrap().1;
    // A number for each hidden unit and example.
    let mut expected = NumpyRandom::seed(7);
    for _ in 0..(5 + 4) * 6 {
        expected.uniform();
    }
    assert_eq!(rng.state(), expected.state());
    let whole_again = gradients_of_part(&[0, 1, 2, 3, 4, 5], 6, 6).unwrap();
    assert!(same_gradients(&whole_again, whole));

    let parts = [&[0, 3][..], &[1, 2, 4], &[5]];
    let gradients = parts.map(|columns| gradients_of_part(columns, 6, columns.len()).unwrap());
    for (l, whole) in whole.layers().iter().enumerate() {
        let (mut dw, mut db) = (Array2::zeros(whole.dw.dim()), Array2::zeros(whole.db.dim()));
        for (columns, part) in parts.iter().zip(&gradients) {
            let share = columns.len() as f64 / 6.0;
            dw.scaled_add(share, &part.layers()[l].dw);
            db.scaled_add(share, &part.layers()[l].db);
        }
        assert_close("dW", &dw, &whole.dw, 1e-12);
        assert_close("db", &db, &whole.db, 1e-12);
    }
}

#[test]
fn columns_that_cannot_be_of_a_batch_are_refused() {
    for columns in [&[2, 1][..], &[1, 1], &[1, 6], &[1, 7], &[3, 1, 6]] {
        let error = gradients_of_part(columns, 6, columns.len()).unwrap_err();
        assert!(matches!(error, Error::Inconsistent { .. }), "{columns:?}: {error}");
    }
    let error = gradients_of_part(&[1, 2], 6, 3).unwrap_err();
    assert_eq!(error.to_string(), "columns of the batch and X differ in length: 2 and 3");
}
