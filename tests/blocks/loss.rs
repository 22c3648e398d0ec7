//! Costs of the user's own against built-in costs, formulas and central differences.

use crate::support::{ACTIVATIONS, network_with_biases, random, same};
use dnn_blocks::Error;
use dnn_blocks::cost::{Loss, MeanLoss, Targets};
use dnn_blocks::ndarray::{Array1, Array2, ArrayRef1, ShapeBuilder, Zip, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::gradient_check::gradient_check_n;
use dnn_blocks::train::regularization::{l_model_forward_with_dropout, l2_cost};
use dnn_blocks::train::workspace::Dropout;

/// `Σ (a - y)²`
#[derive(Debug, Clone, PartialEq)]
struct Squared;

impl<F: Float> Loss<F> for Squared {
    fn loss(&self, a: &ArrayRef1<F>, y: &ArrayRef1<F>) -> F {
        a.iter().zip(y).map(|(&a, &y)| (a - y) * (a - y)).sum()
    }

    fn derivative(&self, a: &ArrayRef1<F>, y: &ArrayRef1<F>, da: &mut ArrayRef1<F>) {
        Zip::from(da).and(a).and(y).for_each(|da, &a, &y| *da = F::of(2.0) * (a - y));
    }
}

/// `(Σ a)⁴ + Σ a² y`, whose derivative mixes the outputs of an example.
#[derive(Debug, Clone)]
struct Mixed;

impl Loss<f64> for Mixed {
    fn loss(&self, a: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
        a.sum().powi(4) + a.iter().zip(y).map(|(a, y)| a * a * y).sum::<f64>()
    }

    fn derivative(&self, a: &ArrayRef1<f64>, y: &ArrayRef1<f64>, da: &mut ArrayRef1<f64>) {
        let cube = 4.0 * a.sum().powi(3);
        Zip::from(da).and(a).and(y).for_each(|da, a, y| *da = cube + 2.0 * a * y);
    }
}

fn weights(m: usize) -> Array1<f64> {
    Array1::from_shape_fn(m, |i| 0.25 + (i % 5) as f64)
}

fn close(a: &Array2<f64>, b: &Array2<f64>) {
    assert_eq!(a.dim(), b.dim());
    let error = (a - b).iter().fold(0.0, |most: f64, d| most.max(d.abs()));
    assert!(error < 1e-13, "{error}");
}

#[test]
fn the_mean_of_a_built_in_loss_is_the_built_in_cost() {
    for (units, m) in [(1, 1), (3, 7), (2, 129)] {
        let (al, y, w) = (random::<f64>(units, m, 1), random(units, m, 2), weights(m));
        let column_major = Array2::from_shape_fn((units, m).f(), |at| al[at]);
        for targets in [Targets::new(&y), Targets::new(&y).weighted(&w)] {
            for al in [&al, &column_major] {
                let expected = Cost::MeanSquaredError.value(al, targets).unwrap();
                let found = MeanLoss(Squared).value(al, targets).unwrap();
                assert!((found - expected).abs() < 1e-14 * expected, "{found} {expected}");
                let expected = Cost::MeanSquaredError.gradient(al, targets).unwrap();
                assert_eq!(MeanLoss(Squared).gradient(al, targets).unwrap(), expected);
            }
        }
    }
    let (al, y) = (array![[1.0_f32, 4.0]], array![[2.0, 2.0]]);
    assert_eq!(MeanLoss(Squared).value(&al, &y).unwrap(), 2.5);
}

#[test]
fn a_step_is_that_of_the_built_in_cost() {
    let parameters = network_with_biases::<f64>(&[3, 5, 2], Activation::Tanh, Activation::Identity);
    let (x, y, w) = (random(3, 9, 1), random(2, 9, 2), weights(9));
    let targets = Targets::new(&y).weighted(&w);
    let mut workspace = Workspace::new(&parameters, 9).unwrap();
    let built_in = Objective::new(Cost::MeanSquaredError).l2(0.3);
    let (cost, gradients) =
        workspace.cost_and_gradients(&x, targets, &parameters, &built_in).unwrap();
    let (cost, gradients) = (cost, gradients.clone());
    let own = Objective::new(MeanLoss(Squared)).l2(0.3);
    let (found, found_gradients) =
        workspace.cost_and_gradients(&x, targets, &parameters, &own).unwrap();
    assert!((found - cost).abs() < 1e-14 * cost);
    for (found, expected) in found_gradients.layers().iter().zip(gradients.layers()) {
        close(&found.dw, &expected.dw);
        close(&found.db, &expected.db);
    }
}

/// Every output activation, with weights, L2, and a layer that keeps `Z`.
#[test]
fn gradients_are_those_of_central_differences() {
    let outputs = [Activation::Softmax, Activation::Gelu, Activation::Softplus];
    for output in ACTIVATIONS.into_iter().chain(outputs) {
        for hidden in [Activation::Tanh, Activation::Silu] {
            let parameters = network_with_biases(&[3, 4, 3], hidden, output);
            let (x, y, w) = (random(3, 6, 2), random(3, 6, 3), weights(6));
            let targets = Targets::new(&y).weighted(&w);
            let objective = Objective::new(MeanLoss(Mixed)).l2(0.7);
            let cost = |p: &Parameters<f64>| {
                let cost = MeanLoss(Mixed).value(&predict_proba(&x, p)?, targets)?;
                Ok(cost + l2_cost(p, 0.7, 6)?)
            };
            let mut workspace = Workspace::new(&parameters, 6).unwrap();
            let (value, gradients) =
                workspace.cost_and_gradients(&x, targets, &parameters, &objective).unwrap();
            assert!((value - cost(&parameters).unwrap()).abs() < 1e-13 * value.abs());
            let check = gradient_check_n(&parameters, gradients, 1e-6, cost).unwrap();
            assert!(check.difference < 1e-7, "{hidden}, {output}: {check}");

            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            let options = BackwardOptions::new(&objective);
            let output = backpropagate(&al, targets, &caches, options).unwrap();
            assert_eq!(output.gradients, *gradients);
        }
    }
}

#[test]
fn dropout_is_that_of_the_plain_functions() {
    let parameters = network_with_biases(&[3, 8, 2], Activation::Relu, Activation::Sigmoid);
    let (x, y) = (random::<f64>(3, 6, 2), random(2, 6, 3));
    let mut rng = NumpyRandom::seed(4);
    let (al, caches) = l_model_forward_with_dropout(&x, &parameters, 0.6, &mut rng).unwrap();
    let options = BackwardOptions::new(MeanLoss(Mixed));
    let expected = backpropagate(&al, &y, &caches, options).unwrap().gradients;
    let mut workspace = Workspace::new(&parameters, 6).unwrap();
    let mut rng = NumpyRandom::seed(4);
    let dropout = Dropout::new(0.6, &mut rng);
    let cost = MeanLoss(Mixed);
    let (value, gradients) =
        workspace.cost_and_gradients_with_dropout(&x, &y, &parameters, &cost, dropout).unwrap();
    assert_eq!(value, cost.value(&al, &y).unwrap());
    assert_eq!(*gradients, expected);
}

/// A loss can be chosen at run time.
#[test]
fn a_loss_may_be_behind_a_reference() {
    let losses: [Box<dyn Loss<f64>>; 2] = [Box::new(Squared), Box::new(Mixed)];
    let parameters = network_with_biases(&[2, 3, 1], Activation::Tanh, Activation::Identity);
    let (x, y) = (random::<f64>(2, 4, 1), random(1, 4, 2));
    let mut workspace = Workspace::new(&parameters, 4).unwrap();
    let mut costs = losses.iter().map(|loss| {
        let cost = MeanLoss(&**loss);
        workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap().0
    });
    let al = predict_proba(&x, &parameters).unwrap();
    assert_eq!(costs.next(), MeanLoss(Squared).value(&al, &y).ok());
    assert_eq!(costs.next(), MeanLoss(Mixed).value(&al, &y).ok());
}

#[test]
fn labels_that_do_not_fit_are_errors() {
    let parameters = network_with_biases(&[2, 3, 2], Activation::Tanh, Activation::Identity);
    let x = random::<f64>(2, 4, 1);
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    let mut workspace = Workspace::new(&parameters, 4).unwrap();
    let class_numbers = array![[0.0, 1.0, 0.0, 1.0]];
    let cost = MeanLoss(Squared);
    for y in [class_numbers, Array2::zeros((3, 4)), Array2::zeros((2, 5))] {
        let mismatch = |error: &Error, layer| match error {
            Error::ShapeMismatch { layer: found, .. } => *found == layer,
            _ => false,
        };
        assert!(mismatch(&cost.value(&al, &y).unwrap_err(), None));
        assert!(mismatch(&cost.gradient(&al, &y).unwrap_err(), None));
        let error = workspace.cost_and_gradients(&x, &y, &parameters, &cost).unwrap_err();
        assert!(mismatch(&error, Some(2)), "{error}");
        let error = backpropagate(&al, &y, &caches, BackwardOptions::new(&cost)).unwrap_err();
        assert!(mismatch(&error, Some(2)), "{error}");
    }
    let (y, short) = (random(2, 4, 3), weights(3));
    let error = cost.value(&al, Targets::new(&y).weighted(&short)).unwrap_err();
    assert!(error.to_string().contains("one weight for each example"), "{error}");
    let error = cost.gradient(&al, Targets::new(&y).smoothed(0.1)).unwrap_err();
    assert!(error.to_string().contains("not a cross-entropy"), "{error}");
    let empty = Array2::<f64>::zeros((2, 0));
    assert!(matches!(cost.value(&empty, &empty), Err(Error::EmptyBatch { .. })));
}

/// `Σ (a - y)²`, with a derivative that adds to its result.
#[derive(Debug)]
struct Adding;

impl Loss<f64> for Adding {
    fn loss(&self, a: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
        Squared.loss(a, y)
    }

    fn derivative(&self, a: &ArrayRef1<f64>, y: &ArrayRef1<f64>, da: &mut ArrayRef1<f64>) {
        Zip::from(da).and(a).and(y).for_each(|da, a, y| *da += 2.0 * (a - y));
    }
}

#[test]
fn a_derivative_finds_zeros_in_every_step() {
    let parameters = network_with_biases(&[2, 3, 1], Activation::Tanh, Activation::Identity);
    let (x, y) = (random::<f64>(2, 4, 1), random(1, 4, 2));
    let mut workspace = Workspace::new(&parameters, 4).unwrap();
    let mut gradients = |_| {
        let cost = MeanLoss(Adding);
        workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap().1.clone()
    };
    let [first, second] = [1, 2].map(&mut gradients);
    assert_eq!(first, second);
}

#[test]
fn nan_stays_nan() {
    let (al, y) = (array![[1.0, f64::NAN, 2.0]], array![[1.0, 1.0, 1.0]]);
    assert!(MeanLoss(Squared).value(&al, &y).unwrap().is_nan());
    let gradient = MeanLoss(Squared).gradient(&al, &y).unwrap();
    assert!(same(&gradient, &array![[0.0, f64::NAN, 2.0]]));
}
