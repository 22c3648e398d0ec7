//! Properties of random shapes and numbers; no input panics.

use crate::support::{COSTS, random};
use dnn_blocks::backward::output_gradient;
use dnn_blocks::forward::{ActivationCache, LayerCache, LinearCache};
use dnn_blocks::ndarray::{Array2, Axis, concatenate};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::{Error, Result};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof};
use proptest::proptest;

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Relu),
        Just(Activation::Sigmoid),
        Just(Activation::Tanh),
        Just(Activation::Identity),
        any::<f64>().prop_map(Activation::LeakyRelu),
        any::<f64>().prop_map(Activation::Elu),
        prop::sample::select(crate::support::SMOOTH_ACTIVATIONS.to_vec()),
    ]
}

/// Any number, with many special ones.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -3.0..3.0,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, -1e308, 5e-324]),
    ]
}

fn matrix(rows: usize, columns: usize) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(number(), rows * columns)
        .prop_map(move |data| Array2::from_shape_vec((rows, columns), data).unwrap())
}

/// A matrix of any small shape, empty shapes included.
fn any_matrix() -> impl Strategy<Value = Array2<f64>> {
    (0_usize..4, 0_usize..4).prop_flat_map(|(rows, columns)| matrix(rows, columns))
}

fn dims() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..7, 2..7)
}

fn xavier(dims: &[usize], seed: u32) -> Parameters<f64> {
    initialize_parameters_deep(dims, Initializer::Xavier, &mut NumpyRandom::seed(seed)).unwrap()
}

fn close(a: &Array2<f64>, b: &Array2<f64>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-10 * (1.0 + b.abs()))
}

fn pass(x: &Array2<f64>, y: &Array2<f64>, p: &Parameters<f64>) -> Result<Gradients<f64>> {
    let (al, caches) = l_model_forward(x, p)?;
    l_model_backward(&al, y, &caches)
}

proptest! {
    #[test]
    fn shapes_are_those_of_the_formulas(dims in dims(), m in 1_usize..6, seed: u32) {
        let parameters = xavier(&dims, seed);
        let x = random(dims[0], m, seed);
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        prop_assert_eq!(al.dim(), (dims[dims.len() - 1], m));
        let options = BackwardOptions::new(Cost::BinaryCrossEntropy).dx(true);
        let output = backpropagate(&al, &al, &caches, options).unwrap();
        let gradients = output.gradients;
        prop_assert_eq!(output.dx.unwrap().dim(), x.dim());
        prop_assert_eq!(gradients.layers().len(), dims.len() - 1);
        for (l, cache) in caches.iter().enumerate() {
            let (n_prev, n) = (dims[l], dims[l + 1]);
            prop_assert_eq!(cache.linear.a_prev.dim(), (n_prev, m));
            prop_assert_eq!(cache.activation.z.dim(), (n, m));
            prop_assert_eq!(gradients.layers()[l].dw.dim(), (n, n_prev));
            prop_assert_eq!(gradients.layers()[l].db.dim(), (n, 1));
        }
    }

    /// The gradient is a mean over examples, so two batches average to their union.
    #[test]
    fn gradients_of_parts_average_to_those_of_the_whole(
        dims in dims(), (m, n) in (1_usize..5, 1_usize..5), hidden in activation(), seed: u32,
    ) {
        let hidden = match hidden {
            Activation::LeakyRelu(_) => Activation::LeakyRelu(0.1),
            Activation::Elu(_) | Activation::Exponential => Activation::Elu(0.7),
            other => other,
        };
        let parameters = xavier(&dims, seed).with_activations(hidden, Activation::Sigmoid);
        let (x1, x2) = (random(dims[0], m, seed), random(dims[0], n, seed.wrapping_add(1)));
        let outputs = dims[dims.len() - 1];
        let (y1, y2) = (Array2::ones((outputs, m)), Array2::zeros((outputs, n)));
        let parts = [pass(&x1, &y1, &parameters).unwrap(), pass(&x2, &y2, &parameters).unwrap()];
        let (x, y) = (concatenate![Axis(1), x1, x2], concatenate![Axis(1), y1, y2]);
        let whole = pass(&x, &y, &parameters).unwrap();
        let share = m as f64 / (m + n) as f64;
        for ((a, b), whole) in parts[0].layers().iter().zip(parts[1].layers()).zip(whole.layers()) {
            prop_assert!(close(&(&a.dw * share + &b.dw * (1.0 - share)), &whole.dw));
            prop_assert!(close(&(&a.db * share + &b.db * (1.0 - share)), &whole.db));
        }
    }

    #[test]
    fn forward_without_caches_is_forward(
        dims in dims(), m in 1_usize..6, hidden in activation(), seed: u32,
    ) {
        let parameters = xavier(&dims, seed).with_activations(hidden, Activation::Sigmoid);
        let x = random(dims[0], m, seed);
        let (al, _) = l_model_forward(&x, &parameters).unwrap();
        let bits = |a: &Array2<f64>| a.iter().map(|a| a.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&predict_proba(&x, &parameters).unwrap()), bits(&al));
        let labels = al.mapv(|a| f64::from(u8::from(a > 0.5)));
        prop_assert_eq!(predict(&x, &parameters).unwrap(), labels);
    }

    /// Any matrices give a result, or an error that prints. If the shapes fit, the result is not an
    /// error.
    #[test]
    fn no_block_panics(
        a in any_matrix(), b in any_matrix(), c in any_matrix(), d in any_matrix(),
        activation in activation(),
    ) {
        let is_empty = a.is_empty() || b.is_empty();
        let fits = a.ncols() == b.nrows() && c.dim() == (a.nrows(), 1) && !is_empty;
        let forward = linear_activation_forward(&b, &a, &c, activation);
        prop_assert_eq!(forward.is_ok(), fits);
        if let Ok((al, cache)) = &forward {
            let back = linear_activation_backward(d.clone(), cache);
            prop_assert_eq!(back.is_ok(), d.dim() == al.dim());
            let composed = l_model_backward(al, &d, std::slice::from_ref(cache));
            prop_assert_eq!(composed.is_ok(), d.dim() == al.dim());
        }
        let hand_made = LayerCache {
            linear: LinearCache { a_prev: (&a).into(), w: &b, b: &c },
            activation: ActivationCache { z: d.clone(), activation },
        };
        for cost in COSTS {
            let options = BackwardOptions::new(cost).dx(true);
            let _ = backpropagate(&a, &b, std::slice::from_ref(&hand_made), options);
        }
        let caches = [hand_made.clone(), hand_made];
        prop_assert!(l_model_backward(&d, &d, &caches).is_err() || d.nrows() == b.nrows());
        let same = a.dim() == b.dim() && !a.is_empty();
        prop_assert_eq!(compute_cost(&a, &b).is_ok(), same);
        prop_assert_eq!(output_gradient(&a, &b).is_ok(), same);
        if let Err(error) = forward {
            let text = error.to_string();
            prop_assert!(matches!(error, Error::TooLarge { .. }) || text.contains('('), "{}", text);
        }
    }

    #[test]
    fn no_network_panics(
        ws in prop::collection::vec((any_matrix(), any_matrix()), 0..4),
        x in any_matrix(),
        rate in number(),
    ) {
        let layers: Vec<_> = ws.iter().map(|(w, b)| Layer {
            w: w.clone(), b: b.clone(), activation: Activation::Tanh,
        }).collect();
        let gradients: Vec<_> = ws.into_iter().map(|(dw, db)| LayerGradients { dw, db }).collect();
        let gradients = Gradients::from_layers(gradients);
        let Ok(mut parameters) = Parameters::from_layers(layers) else { return Ok(()) };
        let updated = update_parameters(&mut parameters, &gradients.unwrap(), rate);
        prop_assert_eq!(updated.is_ok(), rate.is_finite());
        prop_assert!(parameters.to_string().contains("total"));
        let fits = !x.is_empty() && x.nrows() == parameters.layers()[0].w.ncols();
        prop_assert_eq!(predict(&x, &parameters).is_ok(), fits);
    }

    #[test]
    fn no_sizes_panic(
        dims in prop::collection::vec(prop_oneof![0_usize..4, any::<usize>()], 0..4),
        factor: f64,
    ) {
        let huge = dims.iter().any(|&n| n > 1 << 20);
        let initializer = Initializer::Scaled(factor);
        let made = initialize_parameters_deep::<f32>(&dims, initializer, &mut NumpyRandom::seed(1));
        let has_sizes = dims.len() >= 2 && !huge && !dims.contains(&0);
        let is_finite = (factor as f32).is_finite();
        // A larger factor may make a weight infinite, which is an error.
        if !is_finite || factor.abs() < f64::from(f32::MAX) / 8.0 {
            prop_assert_eq!(made.is_ok(), has_sizes && is_finite);
        }
    }

    #[test]
    fn permutations_hold_every_number_once(n in 0_usize..500, seed: u32) {
        let mut order = NumpyRandom::seed(seed).permutation(n);
        order.sort_unstable();
        prop_assert!(order.into_iter().eq(0..n));
    }
}
