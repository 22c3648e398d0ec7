//! Training steps: workspaces, full batches, optimizers, regularization and batches.

use super::{
    BOUND, Numbers, SIZES, compare, exact, exact_in_place, exact2, first_row, gradients_like,
    laid_gradients, laid_rows, owned, random, shares, tanh_network, within, within_network,
    within2,
};
use crate::support::labels;
use crate::support::strides::{Laid, Layout, laid_network, owned_layouts};
use dnn_blocks::cost::Targets;
use dnn_blocks::gradients::clip_by_norm;
use dnn_blocks::gradients::clip_by_value;
use dnn_blocks::ndarray::{Array2, ArrayView1, ArrayView2};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::BackwardOutput;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::batches::random_mini_batches;
use dnn_blocks::train::full_batch::FullBatch;
use dnn_blocks::train::gradient_check::gradient_check_n;
use dnn_blocks::train::optimizer::{Step, UpdateRule};
use dnn_blocks::train::regularization::{
    Mask, add_l2_gradient, compute_cost_with_regularization, l2_cost,
};
use dnn_blocks::train::workspace::Dropout;

both! {
    workspaces workspaces_with_targets full_batches optimizers regularization masks clipping batches
}

/// A workspace is bit-identical to the blocks in each layout of `X` and of the parameters.
fn workspaces<F: Float>() {
    for dims in [&[30, 40, 2][..], &[90, 5, 2], &[6, 1]] {
        let parameters = tanh_network::<F>(dims);
        let (x, y) = (random::<F>(dims[0], 21), labels::<F>(dims[dims.len() - 1], 21));
        let check = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>, parameters: &Parameters<F>| {
            let (al, caches) = l_model_forward(x, parameters).unwrap();
            let options = BackwardOptions::new(Cost::BinaryCrossEntropy).dx(true);
            let BackwardOutput { gradients, dx, .. } =
                backpropagate(&al, y, &caches, options).unwrap();
            let dx = dx.unwrap();
            let mut workspace = Workspace::new(parameters, 30).unwrap();
            let pass = workspace.forward(&x, parameters).unwrap();
            let bits = |a: &dyn Numbers, b: &dyn Numbers| assert_eq!(a.numbers(), b.numbers());
            bits(&pass.al(), &al);
            bits(&pass.cost(&y).unwrap().as_f64(), &compute_cost(&al, &y).unwrap().as_f64());
            bits(pass.backward(&y).unwrap(), &gradients);
            let pass = workspace.forward(&x, parameters).unwrap();
            let (fast, fast_dx) = pass.backward_with_dx(&y).unwrap();
            bits(fast, &gradients);
            bits(&fast_dx, &dx);
            (gradients, dx)
        };
        within2(BOUND, (&x, &y), |x, y| check(x, y, &parameters));
        within_network(BOUND, &parameters, |parameters| check(x.view(), y.view(), &parameters));
    }
}

fn workspaces_with_targets<F: Float>() {
    for dims in SIZES {
        check_workspace_with_targets::<F>(&dims);
    }
}

fn check_workspace_with_targets<F: Float>(dims: &[usize]) {
    let parameters =
        tanh_network::<F>(dims).with_activations(Activation::Relu, Activation::Softmax);
    let (x, y, weights) = (random::<F>(dims[0], 21), labels::<F>(3, 21), shares::<F>(1, 21));
    let step = |x: ArrayView2<'_, F>, targets: Targets<'_, F>, parameters: &Parameters<F>| {
        let mut workspace = Workspace::new(parameters, 21).unwrap();
        let objective = Objective::new(Cost::CategoricalCrossEntropy).l2(0.1);
        let (cost, gradients) =
            workspace.cost_and_gradients(&x, targets, parameters, &objective).unwrap();
        let whole = (cost.as_f64(), gradients.clone());
        let mut rng = NumpyRandom::seed(4);
        let dropout = Dropout::new(0.8, &mut rng);
        let (cost, gradients) = workspace
            .cost_and_gradients_with_dropout(&x, targets, parameters, objective, dropout)
            .unwrap();
        (whole, (cost.as_f64(), gradients.clone()))
    };
    let row = weights.row(0);
    let weighted = || Targets::new(&y).weighted(row);
    within(BOUND, &x, |x| step(x, weighted(), &parameters));
    exact(&y, |y| step(x.view(), Targets::new(y), &parameters));
    let numbers = Array2::from_shape_fn((1, 21), |(_, j)| F::of((j % 3) as f64));
    exact(&numbers, |y| step(x.view(), Targets::new(y), &parameters));
    let steps = |weights: ArrayView1<'_, F>| {
        step(x.view(), Targets::new(&y).weighted(weights), &parameters)
    };
    for weights in laid_rows(&weights) {
        let standard = first_row(&weights).to_owned();
        let (found, expected) = (steps(first_row(&weights)), steps(standard.view()));
        compare::<F>(&found.numbers(), &expected.numbers(), 0.0, &[weights.layout]);
    }
    within_network(BOUND, &parameters, |parameters| step(x.view(), weighted(), &parameters));

    // Gradients that a caller assigned to the buffers.
    let mut workspace = Workspace::new(&parameters, 21).unwrap();
    let cost = Cost::CategoricalCrossEntropy;
    let mut differentiate = |next: Option<Layout>| {
        let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &cost).unwrap();
        let numbers = gradients.numbers();
        if let Some(layout) = next {
            *gradients = laid_gradients(layout, gradients);
        }
        numbers
    };
    let expected = differentiate(None);
    for layout in owned() {
        differentiate(Some(layout));
        compare::<F>(&differentiate(None), &expected, BOUND, &[layout]);
    }
}

/// A full batch is bit-identical to the blocks in each layout of `X`, `Y` and the parameters.
fn full_batches<F: Float>() {
    for (dims, m) in [(&[20, 3, 1][..], 30), (&[150, 70, 2], 7), (&[9, 1], 40)] {
        let parameters = tanh_network::<F>(dims);
        let (x, y) = (random::<F>(dims[0], m), labels::<F>(dims[dims.len() - 1], m));
        let descend = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>, start: Parameters<F>| {
            let mut blocks = start.clone();
            let mut descent = FullBatch::new(x, y, start).unwrap();
            for _ in 0..3 {
                let before = blocks.clone();
                let (al, caches) = l_model_forward(x, &before).unwrap();
                let gradients = l_model_backward(&al, &y, &caches).unwrap();
                update_parameters(&mut blocks, &gradients, 0.1).unwrap();
                assert_eq!(descent.step(0.1).unwrap(), compute_cost(&al, &y).unwrap());
                assert_eq!(descent.parameters().numbers(), blocks.numbers());
            }
            blocks
        };
        within2(BOUND, (&x, &y), |x, y| descend(x, y, parameters.clone()));
        within_network(BOUND, &parameters, |parameters| descend(x.view(), y.view(), parameters));
        // The layout changes between two steps.
        for layout in owned() {
            let mut descent = FullBatch::new(&x, &y, parameters.clone()).unwrap();
            descent.step(0.1).unwrap();
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            let mut expected = parameters.clone();
            update_parameters(&mut expected, &gradients, 0.1).unwrap();
            *descent.parameters_mut() = laid_network(layout, descent.parameters());
            descent.step(0.1).unwrap();
            let expected = descend_once(&x, &y, laid_network(layout, &expected));
            assert_eq!(descent.into_parameters().numbers(), expected.numbers(), "{layout:?}");
        }
    }
}

fn descend_once<F: Float>(
    x: &Array2<F>,
    y: &Array2<F>,
    mut parameters: Parameters<F>,
) -> Parameters<F> {
    let before = parameters.clone();
    let (al, caches) = l_model_forward(x, &before).unwrap();
    let gradients = l_model_backward(&al, y, &caches).unwrap();
    update_parameters(&mut parameters, &gradients, 0.1).unwrap();
    parameters
}

fn optimizers<F: Float>() {
    let rules = [
        Algorithm::GradientDescent,
        Algorithm::MOMENTUM,
        Algorithm::ClassicalMomentum { beta: 0.8 },
        Algorithm::Nesterov { beta: 0.8 },
        Algorithm::RMS_PROP,
        Algorithm::ADAM,
        Algorithm::ADAM_W,
    ];
    let start = tanh_network::<F>(&[5, 70, 2]);
    let gradients = gradients_like(&start);
    for rule in rules {
        exact_in_place(&random::<F>(5, 70), |w| {
            let count = UpdateRule::<F>::state(&rule).len();
            let mut state = vec![shares::<F>(5, 70); count];
            let step = Step::new(0.1, 2);
            rule.update(step, w, &random::<F>(5, 70), &mut state).unwrap();
        });
        let train = |of: [Layout; 3]| {
            let mut parameters = laid_network(of[0], &start);
            let gradients = laid_gradients(of[1], &gradients);
            let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
            optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
            let mut state = optimizer.state().to_vec();
            for matrix in state.iter_mut().flat_map(|layer| layer.w.iter_mut().chain(&mut layer.b))
            {
                *matrix = Laid::new(of[2], matrix).owned();
            }
            let mut optimizer = Optimizer::from_state(rule, state, optimizer.steps()).unwrap();
            optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
            optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
            let state: Vec<_> = optimizer
                .state()
                .iter()
                .flat_map(|layer| layer.w.iter().chain(&layer.b))
                .map(Numbers::numbers)
                .collect();
            (parameters, state)
        };
        let expected = train([Layout::RowMajor; 3]).numbers();
        for w in owned() {
            for dw in owned() {
                for state in [w, dw, Layout::RowMajor, Layout::NegativeStrided] {
                    let layouts = [w, dw, state];
                    compare::<F>(&train(layouts).numbers(), &expected, 0.0, &layouts);
                }
            }
        }
    }
}

fn regularization<F: Float>() {
    let parameters = tanh_network::<F>(&[5, 70, 2]);
    let (al, y) = (shares::<F>(2, 70), labels::<F>(2, 70));
    within_network(BOUND, &parameters, |parameters| l2_cost(&parameters, 0.7, 9).unwrap().as_f64());
    exact2(&al, &y, |al, y| {
        compute_cost_with_regularization(&al, &y, &parameters, 0.7).unwrap().as_f64()
    });
    within_network(BOUND, &parameters, |parameters| {
        compute_cost_with_regularization(&al, &y, &parameters, 0.7).unwrap().as_f64()
    });
    let gradients = gradients_like(&parameters);
    for layout in owned() {
        within_network(0.0, &parameters, |parameters| {
            let mut gradients = laid_gradients(layout, &gradients);
            add_l2_gradient(&mut gradients, &parameters, 0.7, 9).unwrap();
            gradients
        });
    }
}

fn masks<F: Float>() {
    let mask = Mask::<F>::draw(5, 70, 0.6, &mut NumpyRandom::seed(1)).unwrap();
    for d in owned_layouts(&mask.d) {
        let laid = Mask { d: d.owned(), ..mask };
        exact_in_place(&random::<F>(5, 70), |a| laid.apply(a).unwrap());
        let (mut found, mut expected) = (random::<F>(5, 70), random::<F>(5, 70));
        laid.apply(&mut found).unwrap();
        mask.apply(&mut expected).unwrap();
        compare::<F>(&found.numbers(), &expected.numbers(), 0.0, &[d.layout]);
    }
}

fn clipping<F: Float>() {
    let gradients = gradients_like(&tanh_network::<F>(&[5, 70, 2]));
    let norm = gradients.norm();
    let (mut by_norm, mut by_value) = (gradients.clone(), gradients.clone());
    clip_by_norm(&mut by_norm, 0.5).unwrap();
    clip_by_value(&mut by_value, 0.5).unwrap();
    for layout in owned() {
        let mut found = laid_gradients(layout, &gradients);
        compare::<F>(&[found.norm()], &[norm], BOUND, &[layout]);
        clip_by_norm(&mut found, 0.5).unwrap();
        compare::<F>(&found.numbers(), &by_norm.numbers(), BOUND, &[layout]);
        let mut found = laid_gradients(layout, &gradients);
        clip_by_value(&mut found, 0.5).unwrap();
        compare::<F>(&found.numbers(), &by_value.numbers(), 0.0, &[layout]);
    }
}

fn batches<F: Float>() {
    let (x, y) = (random::<F>(3, 17), labels::<F>(2, 17));
    exact2(&x, &y, |x, y| random_mini_batches(&x, &y, 5, &mut NumpyRandom::seed(2)).unwrap());
    let all = |mut batches: Batches<'_, F>| {
        batches.shuffle(&mut NumpyRandom::seed(2));
        let mut numbers = Vec::new();
        while let Some((x, y)) = batches.next() {
            numbers.push((x.numbers(), y.numbers()));
        }
        numbers
    };
    exact2(&x, &y, |x, y| all(Batches::new(x, y, 5).unwrap()));
    exact2(&x, &y, |x, y| all(Batches::from_shard(x, y, 5, 4, 30).unwrap()));
}

#[test]
fn gradient_checks() {
    let parameters = tanh_network::<f64>(&[3, 5, 2]);
    let gradients = gradients_like(&parameters);
    let check = |parameters: &Parameters<f64>, gradients: &Gradients<f64>| {
        // The sum adds the rows in order.
        let cost = |parameters: &Parameters<f64>| {
            Ok(parameters.numbers().iter().map(|x| x.sin()).sum::<f64>())
        };
        gradient_check_n(parameters, gradients, 1e-5, cost).unwrap()
    };
    let expected = check(&parameters, &gradients);
    for layout in owned() {
        for of_gradients in owned() {
            let gradients = laid_gradients(of_gradients, &gradients);
            assert_eq!(check(&laid_network(layout, &parameters), &gradients), expected);
        }
    }
}

/// A caller may change the gradients of a workspace.
#[test]
fn gradients_of_another_shape_in_the_buffers_are_made_anew() {
    let parameters = tanh_network::<f64>(&[3, 5, 2]);
    let (x, y) = (random::<f64>(3, 4), labels::<f64>(2, 4));
    let mut workspace = Workspace::new(&parameters, 4).unwrap();
    let cost = &Cost::BinaryCrossEntropy;
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
    let expected = gradients.clone();
    gradients.layers_mut()[0].dw = Array2::zeros((1, 1));
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
    assert_eq!(*gradients, expected);
    *gradients = Gradients::from_layers(expected.layers()[..1].to_vec()).unwrap();
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
    assert_eq!(*gradients, expected);
}
