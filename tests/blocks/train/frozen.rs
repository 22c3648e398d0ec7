//! Frozen layers keep every bit, and the others move as if nothing were frozen.

use super::{same_gradients, same_parameters};
use crate::support::{ALGORITHMS, labels, message, network_with_biases, random, same};
use dnn_blocks::Error;
use dnn_blocks::gradients::{clip_by_norm, clip_by_value};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions, Progress, Stop};
use dnn_blocks::train::workspace::Dropout;

const SIZES: [usize; 5] = [5, 7, 6, 4, 3];
const EXAMPLES: usize = 9;

const HIDDEN: [Activation; 3] = [Activation::Relu, Activation::Tanh, Activation::LeakyRelu(-0.5)];

/// Returns every list of frozen layers that leaves one of four to train.
fn lists() -> impl Iterator<Item = Vec<usize>> {
    (0_u32..15).map(|bits| (1..=4).filter(|l| bits >> (l - 1) & 1 == 1).collect())
}

fn network<F: Float>(hidden: Activation) -> Parameters<F> {
    network_with_biases(&SIZES, hidden, Activation::Softmax)
}

fn examples<F: Float>(m: usize) -> (Array2<F>, Array2<F>) {
    let classes = Array2::from_shape_fn((1, m), |(_, i)| F::of((i % 3) as f64));
    (random(SIZES[0], m, 1), classes)
}

fn objective(l2: f64) -> Objective {
    Objective::new(Cost::CategoricalCrossEntropy).l2(l2)
}

/// Returns whether frozen layers have gradients of 0, and the others the gradients of `twin`.
fn as_frozen<F: Float>(found: &Gradients<F>, twin: &Gradients<F>, frozen: &[usize]) -> bool {
    let layers = found.layers().iter().zip(twin.layers()).zip(1..);
    layers.into_iter().all(|((found, twin), number)| {
        if frozen.contains(&number) {
            return found.dw.iter().chain(&found.db).all(|g| *g == F::zero());
        }
        same(&found.dw, &twin.dw) && same(&found.db, &twin.db)
    })
}

fn gradients_of_each_list<F: Float>(hidden: Activation, l2: f64, keep_prob: Option<f64>) {
    let parameters = network::<F>(hidden);
    let objective = objective(l2);
    let mut workspaces = [(); 2].map(|()| Workspace::new(&parameters, EXAMPLES).unwrap());
    for frozen in lists() {
        workspaces[0].freeze(&frozen).unwrap();
        assert_eq!(workspaces[0].frozen(), frozen);
        for m in [EXAMPLES, 2] {
            let (x, y) = examples::<F>(m);
            let [(cost, found), (twin_cost, twin)] = workspaces.each_mut().map(|workspace| {
                let step = match keep_prob {
                    None => workspace.cost_and_gradients(&x, &y, &parameters, &objective),
                    Some(keep_prob) => workspace.cost_and_gradients_with_dropout(
                        &x,
                        &y,
                        &parameters,
                        &objective,
                        Dropout::new(keep_prob, &mut NumpyRandom::seed(3)),
                    ),
                };
                step.unwrap()
            });
            assert_eq!(cost.as_f64().to_bits(), twin_cost.as_f64().to_bits());
            assert!(as_frozen(found, twin, &frozen), "{frozen:?} {hidden:?} {keep_prob:?}");
        }
    }
}

#[test]
fn the_other_layers_get_the_gradients_of_an_unfrozen_network() {
    for hidden in HIDDEN {
        for l2 in [0.0, 0.3] {
            for keep_prob in [None, Some(0.7)] {
                gradients_of_each_list::<f64>(hidden, l2, keep_prob);
                gradients_of_each_list::<f32>(hidden, l2, keep_prob);
            }
        }
    }
}

#[test]
fn the_gradient_of_x_does_not_depend_on_frozen_layers() {
    let sizes = [5, 7, 6, 4, 1];
    let (x, y) = (random::<f64>(5, EXAMPLES, 1), labels(1, EXAMPLES));
    for hidden in HIDDEN {
        let parameters = network_with_biases(&sizes, hidden, Activation::Sigmoid);
        let mut workspaces = [(); 2].map(|()| Workspace::new(&parameters, EXAMPLES).unwrap());
        for frozen in lists() {
            workspaces[0].freeze(&frozen).unwrap();
            let [(found, dx), (twin, twin_dx)] = workspaces.each_mut().map(|workspace| {
                workspace.forward(&x, &parameters).unwrap().backward_with_dx(&y).unwrap()
            });
            assert!(as_frozen(found, twin, &frozen) && same(&dx, &twin_dx), "{frozen:?}");
            let [found, twin] = workspaces
                .each_mut()
                .map(|workspace| workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap());
            assert!(as_frozen(found, twin, &frozen), "{frozen:?}");
        }
    }
}

/// A twin trains all layers, and gets its frozen ones back after each step.
#[test]
fn each_optimizer_moves_the_other_layers_alone() {
    let (x, y) = examples::<f64>(EXAMPLES);
    let start = network::<f64>(Activation::Tanh);
    for rule in ALGORITHMS {
        for frozen in lists() {
            let (mut parameters, mut twin) = (start.clone(), start.clone());
            let mut workspaces = [(); 2].map(|()| Workspace::new(&start, EXAMPLES).unwrap());
            let mut optimizers = [(); 2].map(|()| Optimizer::new(rule, &start).unwrap());
            workspaces[0].freeze(&frozen).unwrap();
            optimizers[0].freeze(&frozen).unwrap();
            assert_eq!(optimizers[0].frozen(), frozen);
            for _ in 0..3 {
                let networks = [&mut parameters, &mut twin].into_iter();
                for (i, network) in networks.enumerate() {
                    let step = workspaces[i].cost_and_gradients(&x, &y, network, objective(0.3));
                    optimizers[i].step(network, step.unwrap().1, 0.05).unwrap();
                }
                for number in &frozen {
                    twin.layers_mut()[number - 1] = start.layers()[number - 1].clone();
                }
                assert!(same_parameters(&parameters, &twin), "{rule} {frozen:?}");
            }
            let fresh = Optimizer::new(rule, &start).unwrap();
            for l in 0..4 {
                let expected = if frozen.contains(&(l + 1)) { &fresh } else { &optimizers[1] };
                assert_eq!(optimizers[0].state()[l], expected.state()[l], "{rule} {frozen:?}");
                let moved = parameters.layers()[l] != start.layers()[l];
                assert_eq!(moved, !frozen.contains(&(l + 1)), "{rule} {frozen:?}");
            }
            assert_eq!(optimizers[0].steps(), 3);
        }
    }
}

/// Momentum that a layer had before it was frozen does not move it, and is there afterwards.
#[test]
fn an_unfrozen_layer_continues_with_its_state() {
    let start = network::<f64>(Activation::Tanh);
    let mut gradients = Gradients::zeros_like(&start);
    gradients.layers_mut().iter_mut().for_each(|layer| layer.dw.fill(0.25));
    for rule in ALGORITHMS {
        let mut parameters = start.clone();
        let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
        optimizer.step(&mut parameters, &gradients, 0.05).unwrap();
        let before = (parameters.clone(), optimizer.state().to_vec());
        optimizer.freeze(&[2, 1]).unwrap();
        for _ in 0..2 {
            optimizer.step(&mut parameters, &gradients, 0.05).unwrap();
        }
        assert_eq!(parameters.layers()[..2], before.0.layers()[..2], "{rule}");
        assert_eq!(optimizer.state()[..2], before.1[..2], "{rule}");
        optimizer.freeze(&[]).unwrap();
        assert!(optimizer.frozen().is_empty());
        optimizer.step(&mut parameters, &gradients, 0.05).unwrap();
        for l in 0..4 {
            assert_ne!(parameters.layers()[l], before.0.layers()[l], "{rule}");
        }
    }
}

#[test]
fn an_unfrozen_workspace_computes_all_gradients_again() {
    let (x, y) = examples::<f64>(EXAMPLES);
    let parameters = network::<f64>(Activation::Relu);
    let mut workspace = Workspace::new(&parameters, EXAMPLES).unwrap();
    let all = workspace.cost_and_gradients(&x, &y, &parameters, objective(0.1)).unwrap().1.clone();
    for frozen in [&[1][..], &[2], &[1, 3], &[], &[4, 2, 3], &[]] {
        workspace.freeze(frozen).unwrap();
        for _ in 0..2 {
            let step = workspace.cost_and_gradients(&x, &y, &parameters, objective(0.1));
            assert!(as_frozen(step.unwrap().1, &all, frozen), "{frozen:?}");
        }
    }
}

type Change<'a> = &'a dyn Fn(&mut Gradients<f64>);

/// A caller owns the gradients between two steps, and may change or replace them.
#[test]
fn gradients_that_a_caller_changes_are_zeros_after_the_next_step() {
    let (x, y) = examples::<f64>(EXAMPLES);
    let parameters = network::<f64>(Activation::Relu);
    let ones = || {
        let mut ones = Gradients::zeros_like(&parameters);
        for layer in ones.layers_mut() {
            layer.dw.fill(1.0);
            layer.db.fill(1.0);
        }
        ones
    };
    let mut whole = Workspace::new(&parameters, EXAMPLES).unwrap();
    let (_, all) = whole.cost_and_gradients(&x, &y, &parameters, objective(0.1)).unwrap();
    let frozen_elsewhere = || {
        let mut other = Workspace::new(&parameters, EXAMPLES).unwrap();
        other.freeze(&[2, 4]).unwrap();
        other.cost_and_gradients(&x, &y, &parameters, objective(0.1)).unwrap().1.clone()
    };
    let one_layer = || {
        let layer = LayerGradients { dw: Array2::ones((1, 1)), db: Array2::ones((1, 1)) };
        Gradients::from_layers(vec![layer]).unwrap()
    };
    let changes: [Change<'_>; 6] = [
        &|gradients| gradients.layers_mut().clone_from_slice(ones().layers()),
        &|gradients| gradients.layers_mut()[1].db[[0, 0]] = f64::NAN,
        &|gradients| *gradients = ones(),
        &|gradients| *gradients = frozen_elsewhere(),
        &|gradients| *gradients = one_layer(),
        &|gradients| drop(std::mem::replace(gradients, all.clone())),
    ];
    let frozen = [1, 2];
    let mut workspace = Workspace::new(&parameters, EXAMPLES).unwrap();
    workspace.freeze(&frozen).unwrap();
    for change in changes {
        for _ in 0..2 {
            let step = workspace.cost_and_gradients(&x, &y, &parameters, objective(0.1));
            let (_, gradients) = step.unwrap();
            assert!(as_frozen(gradients, all, &frozen));
            change(gradients);
        }
    }
}

#[test]
fn norm_and_clipping_see_the_other_layers_only() {
    let (x, y) = examples::<f64>(EXAMPLES);
    let parameters = network::<f64>(Activation::Tanh);
    let mut workspace = Workspace::new(&parameters, EXAMPLES).unwrap();
    workspace.freeze(&[1, 3]).unwrap();
    let (_, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, objective(0.1)).unwrap();
    // Built from the same numbers, without any knowledge of frozen layers.
    let plain = || Gradients::from_layers(gradients.layers().to_vec()).unwrap();
    let (mut by_norm, mut by_value) = (plain(), plain());
    let mut value = gradients.clone();
    assert_eq!(*gradients, by_norm);
    assert_eq!(gradients.norm().to_bits(), by_norm.norm().to_bits());
    let squares = |l: usize| {
        let LayerGradients { dw, db } = &gradients.layers()[l];
        dw.iter().chain(db).map(|g| g * g).sum::<f64>()
    };
    assert!((gradients.norm() - (squares(1) + squares(3)).sqrt()).abs() < 1e-14);
    let norm = clip_by_norm(gradients, 1e-3).unwrap();
    assert_eq!(norm, clip_by_norm(&mut by_norm, 1e-3).unwrap());
    assert!(same_gradients(gradients, &by_norm) && (by_norm.norm() - 1e-3).abs() < 1e-15);
    clip_by_value(&mut value, 1e-3).unwrap();
    clip_by_value(&mut by_value, 1e-3).unwrap();
    assert!(same_gradients(&value, &by_value));
}

/// The search needs no list: gradients of 0 do not move a parameter.
#[test]
fn lbfgs_does_not_move_frozen_layers() {
    let (x, y) = (random::<f64>(5, 40, 1), labels(1, 40));
    let start = network_with_biases(&[5, 8, 6, 1], Activation::Tanh, Activation::Sigmoid);
    let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.1);
    for frozen in [&[1][..], &[1, 2], &[2], &[3]] {
        let mut parameters = start.clone();
        let mut workspace = Workspace::new(&parameters, 40).unwrap();
        workspace.freeze(frozen).unwrap();
        let mut search = Lbfgs::new(&parameters, LbfgsOptions::default()).unwrap();
        let (first, stop) = {
            let mut first = None;
            loop {
                let (cost, gradients) =
                    workspace.cost_and_gradients(&x, &y, &parameters, &objective).unwrap();
                first.get_or_insert(cost);
                match search.step(&mut parameters, cost, gradients).unwrap() {
                    Progress::Stopped(stop) => break (first.unwrap(), stop),
                    _ => continue,
                }
            }
        };
        assert_eq!(stop, Stop::Gradient, "{frozen:?}");
        assert!(search.cost() < first);
        for (l, (layer, start)) in parameters.layers().iter().zip(start.layers()).enumerate() {
            let kept = same(&layer.w, &start.w) && same(&layer.b, &start.b);
            assert_eq!(kept, frozen.contains(&(l + 1)), "{frozen:?} {l}");
        }
    }
}

#[test]
fn numbers_that_are_not_layers_are_errors_and_change_nothing() {
    let parameters = network::<f64>(Activation::Relu);
    let mut workspace = Workspace::new(&parameters, EXAMPLES).unwrap();
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
    workspace.freeze(&[3, 1]).unwrap();
    optimizer.freeze(&[3, 1]).unwrap();
    let many = vec![1; 100_000];
    for (layers, expected) in [
        (&[0][..], "frozen is 0, but must be at least 1"),
        (&[2, 0, 9], "frozen is 0, but must be at least 1"),
        (&[5], "frozen is 5, but must be the number of a layer of the network"),
        (&[1, 1_000_000], "frozen is 1000000, but must be the number of a layer"),
        (&[2, 1, 2], "frozen is 2, but must be a layer that is listed only once"),
        (&many, "frozen is 1, but must be a layer that is listed only once"),
        (&[4, 3, 2, 1], "number of frozen layers is 4, but must be below the number of layers"),
    ] {
        for found in [workspace.freeze(layers), optimizer.freeze(layers)] {
            assert!(matches!(found, Err(Error::Hyperparameter { .. })));
            let found = message(found);
            assert!(found.starts_with(expected), "{found}");
        }
        assert_eq!(workspace.frozen(), [1, 3]);
        assert_eq!(optimizer.frozen(), [1, 3]);
    }
    let single = network_with_biases::<f64>(&[3, 1], Activation::Relu, Activation::Sigmoid);
    let mut workspace = Workspace::new(&single, 1).unwrap();
    assert!(message(workspace.freeze(&[1])).starts_with("number of frozen layers is 1"));
    workspace.freeze(&[]).unwrap();
}

/// The shapes of frozen layers are checked as before.
#[test]
fn a_frozen_layer_of_another_network_is_an_error() {
    let parameters = network::<f64>(Activation::Relu);
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
    optimizer.freeze(&[1]).unwrap();
    let mut other = network_with_biases(&[4, 7, 6, 4, 3], Activation::Relu, Activation::Softmax);
    let step = optimizer.step(&mut other, &Gradients::zeros_like(&parameters), 0.1);
    assert!(matches!(step, Err(Error::ShapeMismatch { layer: Some(1), .. })));
}
