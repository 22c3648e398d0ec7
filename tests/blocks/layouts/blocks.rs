//! The building blocks and their arguments.

use super::{
    ACTIVATIONS, BOUND, Numbers, SIZES, SMOOTH_ACTIVATIONS, compare, exact, exact_owned,
    exact_owned_within, exact2, first_row, gradients_like, laid_gradients, laid_rows, owned,
    random, shares, tanh_network, within, within_network, within2,
};
use crate::support::strides::{Laid, Layout, laid_network, owned_layouts};
use crate::support::{COSTS, labels};
use dnn_blocks::activation::{relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward};
use dnn_blocks::backward::output_gradient;
use dnn_blocks::cost::Targets;
use dnn_blocks::forward::{ActivationCache, LayerCache, LinearCache};
use dnn_blocks::ndarray::{Array2, ArrayView2};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::BackwardOutput;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::regularization::{DropoutCaches, l_model_forward_with_dropout};

both! {
    activations costs weighted_costs costs_by_number linear_blocks whole_passes passes_with_dropout
    passes_with_weights updates values
}

fn activations<F: Float>() {
    let z = random::<F>(5, 70);
    for activation in ACTIVATIONS.into_iter().chain(SMOOTH_ACTIVATIONS) {
        exact(&z, |z| activation.forward(&z).unwrap());
        exact(&random::<F>(70, 5), |z| activation.forward(&z).unwrap());
        exact2(&random::<F>(5, 70), &z, |da, z| activation.backward(da.to_owned(), &z).unwrap());
        exact_owned(&random::<F>(5, 70), |da| activation.backward(da, &z).unwrap());
        let turned = z.t().as_standard_layout().into_owned();
        exact_owned(&random::<F>(5, 70), |da| activation.backward(da, &turned.t()).unwrap());
    }
    exact(&z, |z| (relu(&z).unwrap(), (sigmoid(&z).unwrap(), tanh(&z).unwrap())));
    exact(&z, |z| {
        let da = || random::<F>(5, 70);
        let relu = relu_backward(da(), &z).unwrap();
        (relu, (sigmoid_backward(da(), &z).unwrap(), tanh_backward(da(), &z).unwrap()))
    });
}

fn costs<F: Float>() {
    let (al, y) = (shares::<F>(3, 70), labels(3, 70));
    exact2(&al, &y, |al, y| compute_cost(&al, &y).unwrap().as_f64());
    exact2(&al, &y, |al, y| output_gradient(&al, &y).unwrap());
    for cost in COSTS {
        exact2(&al, &y, |al, y| {
            (cost.value(&al, y).unwrap().as_f64(), cost.gradient(&al, y).unwrap())
        });
        exact2(&random::<F>(3, 70), &y, |z, y| cost.value_from_logits(&z, y).unwrap().as_f64());
    }
    for cost in [Cost::BinaryCrossEntropy, Cost::CategoricalCrossEntropy] {
        exact2(&random::<F>(3, 70), &y, |z, y| {
            let targets = Targets::new(y).smoothed(0.1);
            cost.value_from_logits(&z, targets).unwrap().as_f64()
        });
    }
}

fn weighted_costs<F: Float>() {
    let (al, y) = (shares::<F>(3, 70), labels::<F>(3, 70));
    let all = |targets: Targets<'_, F>| {
        COSTS.map(|cost| {
            let (value, gradient) = (cost.value(&al, targets), cost.gradient(&al, targets));
            let from_z = cost.value_from_logits(&al, targets).unwrap().as_f64();
            ((value.unwrap().as_f64(), from_z), gradient.unwrap())
        })
    };
    for weights in laid_rows(&shares::<F>(1, 70)) {
        let standard = first_row(&weights).to_owned();
        let expected = all(Targets::new(&y).weighted(&standard)).to_vec().numbers();
        let found = all(Targets::new(&y).weighted(first_row(&weights))).to_vec().numbers();
        compare::<F>(&found, &expected, 0.0, &[weights.layout]);
    }
}

fn costs_by_number<F: Float>() {
    let numbers = Array2::from_shape_fn((1, 70), |(_, j)| F::of((j % 3) as f64));
    let cost = Cost::CategoricalCrossEntropy;
    exact(&numbers, |y| {
        let al = shares::<F>(3, 70);
        (cost.value(&al, y).unwrap().as_f64(), cost.gradient(&al, y).unwrap())
    });
    exact(&numbers, |y| cost.value_from_logits(&random::<F>(3, 70), y).unwrap().as_f64());
}

fn linear_blocks<F: Float>() {
    for (units, features, examples) in [(3, 5, 4), (1, 30, 1), (70, 20, 30), (5, 90, 3)] {
        let (w, b) = (random::<F>(units, features), random::<F>(units, 1));
        let (a_prev, dz) = (random::<F>(features, examples), random::<F>(units, examples));
        within2(BOUND, (&a_prev, &w), |a, w| linear_forward(a, &w, &b).unwrap().0);
        within2(BOUND, (&a_prev, &w), |a, w| {
            linear_activation_forward(a, &w, &b, Activation::Tanh).unwrap().0
        });
        exact(&b, |b| linear_forward(&a_prev, &w, &b).unwrap().0);
        within2(BOUND, (&dz, &a_prev), |dz, a_prev| {
            linear_backward(&dz, &LinearCache { a_prev: a_prev.into(), w: &w, b: &b }).unwrap()
        });
        within2(BOUND, (&dz, &w), |dz, w| {
            linear_backward(&dz, &LinearCache { a_prev: a_prev.view().into(), w: &w, b: &b })
                .unwrap()
        });
        within2(BOUND, (&dz, &a_prev), |z, a_prev| {
            let linear = LinearCache { a_prev: a_prev.into(), w: &w, b: &b };
            let activation = Activation::Sigmoid;
            let activation = ActivationCache { z: z.to_owned(), activation };
            linear_activation_backward(dz.clone(), &LayerCache { linear, activation }).unwrap()
        });
        // Owned `Z` and `dA`.
        for (z, da) in owned_layouts(&a_prev).iter().zip(owned_layouts(&a_prev).iter().rev()) {
            let w = &random::<F>(features, features);
            let b = &random::<F>(features, 1);
            let pass = |z: Array2<F>, da: Array2<F>| {
                let linear = LinearCache { a_prev: a_prev.view().into(), w, b };
                let activation = ActivationCache { z, activation: Activation::Tanh };
                linear_activation_backward(da, &LayerCache { linear, activation }).unwrap()
            };
            let (found, expected) =
                (pass(z.owned(), da.owned()), pass(a_prev.clone(), a_prev.clone()));
            let layouts = [z.layout, da.layout];
            compare::<F>(&found.numbers(), &expected.numbers(), BOUND, &layouts);
        }
    }
}

fn whole_passes<F: Float>() {
    for dims in SIZES {
        let parameters = tanh_network::<F>(&dims);
        let (x, y) = (random::<F>(dims[0], 21), labels::<F>(3, 21));
        let pass = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>, parameters: &Parameters<F>| {
            let (al, caches) = l_model_forward(x, parameters).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            let of_cost = |cost: Cost| {
                backpropagate(&al, y, &caches, BackwardOptions::new(cost).dx(true)).unwrap()
            };
            let costs = (of_cost(Cost::MeanSquaredError), of_cost(Cost::BinaryCrossEntropy));
            (al.clone(), (gradients, costs))
        };
        within(BOUND, &x, |x| pass(x, y.view(), &parameters));
        within(BOUND, &x, |x| predict_proba(x, &parameters).unwrap());
        exact(&x, |x| predict(x, &parameters).unwrap());
        exact_owned_within(&x, |x| l_model_forward(x, &parameters).unwrap().0);
        exact(&y, |y| pass(x.view(), y, &parameters));
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        exact2(&al, &y, |al, y| l_model_backward(&al, &y, &caches).unwrap());
        for cost in [Cost::MeanSquaredError, Cost::BinaryCrossEntropy] {
            exact2(&al, &y, |al, y| {
                backpropagate(&al, y, &caches, BackwardOptions::new(&cost).dx(true)).unwrap()
            });
        }
        let classes = parameters.clone().with_activations(Activation::Tanh, Activation::Softmax);
        let (al, caches) = l_model_forward(&x, &classes).unwrap();
        exact2(&al, &y, |al, y| {
            let options = BackwardOptions::new(Cost::CategoricalCrossEntropy).dx(true);
            backpropagate(&al, y, &caches, options).unwrap()
        });
        within_network(BOUND, &parameters, |parameters| pass(x.view(), y.view(), &parameters));
        within_network(BOUND, &parameters, |parameters| predict_proba(&x, &parameters).unwrap());
    }
}

fn passes_with_dropout<F: Float>() {
    for dims in SIZES {
        let (x, y) = (random::<F>(dims[0], 21), labels::<F>(3, 21));
        for (cost, output) in [
            (Cost::CategoricalCrossEntropy, Activation::Softmax),
            (Cost::MeanSquaredError, Activation::Sigmoid),
        ] {
            let parameters = tanh_network::<F>(&dims).with_activations(Activation::Tanh, output);
            let objective = Objective::new(cost).l2(0.1);
            let pass = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>, parameters: &Parameters<F>| {
                pass_with_dropout(x, y, parameters, &objective)
            };
            within(BOUND, &x, |x| pass(x, y.view(), &parameters));
            exact(&y, |y| pass(x.view(), y, &parameters));
            within_network(BOUND, &parameters, |parameters| pass(x.view(), y.view(), &parameters));
        }
    }
}

/// A pass with masks, L2 and `dX`. The layouts of `AL`, the masks and every `Z` change no bit.
fn pass_with_dropout<F: Float>(
    x: ArrayView2<'_, F>,
    y: ArrayView2<'_, F>,
    parameters: &Parameters<F>,
    objective: &Objective,
) -> (Array2<F>, BackwardOutput<F>) {
    let rng = &mut NumpyRandom::seed(3);
    let (al, caches) = l_model_forward_with_dropout(x, parameters, 0.7, rng).unwrap();
    let backward = |al: ArrayView2<'_, F>, caches: &DropoutCaches<'_, F>| {
        let options = BackwardOptions::new(objective).dx(true);
        backpropagate(&al, y, caches, options).unwrap()
    };
    let expected = backward(al.view(), &caches);
    let laid = Laid::new(Layout::NegativeStrided, &al);
    assert_eq!(backward(laid.view(), &caches), expected);
    for layout in owned() {
        let mut caches = caches.clone();
        for mask in &mut caches.masks {
            mask.d = Laid::new(layout, &mask.d).owned();
        }
        for LayerCache { activation, .. } in &mut caches.layers {
            activation.z = Laid::new(layout, &activation.z).owned();
        }
        assert_eq!(backward(al.view(), &caches), expected, "{layout:?}");
    }
    (al, expected)
}

fn passes_with_weights<F: Float>() {
    let parameters =
        tanh_network::<F>(&[30, 40, 3]).with_activations(Activation::Tanh, Activation::Softmax);
    let (x, y) = (random::<F>(30, 21), labels::<F>(3, 21));
    let numbers = Array2::from_shape_fn((1, 21), |(_, j)| F::of((j % 3) as f64));
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    let backward = |targets: Targets<'_, F>| {
        let options = BackwardOptions::new(Cost::CategoricalCrossEntropy).dx(true);
        backpropagate(&al, targets, &caches, options).unwrap()
    };
    exact(&numbers, |numbers| backward(Targets::new(numbers)));
    for weights in laid_rows(&shares::<F>(1, 21)) {
        let standard = first_row(&weights).to_owned();
        for y in [&y, &numbers] {
            let expected = backward(Targets::new(y).weighted(&standard)).numbers();
            let found = backward(Targets::new(y).weighted(first_row(&weights))).numbers();
            compare::<F>(&found, &expected, 0.0, &[weights.layout]);
        }
    }
}

fn updates<F: Float>() {
    let parameters = tanh_network::<F>(&[5, 70, 2]);
    let gradients = gradients_like(&parameters);
    let mut expected = parameters.clone();
    update_parameters(&mut expected, &gradients, 0.1).unwrap();
    for layout in owned() {
        for of_gradients in owned() {
            let mut found = laid_network(layout, &parameters);
            let gradients = laid_gradients(of_gradients, &gradients);
            update_parameters(&mut found, &gradients, 0.1).unwrap();
            let layouts = [layout, of_gradients];
            compare::<F>(&found.numbers(), &expected.numbers(), 0.0, &layouts);
        }
    }
}

/// Networks and gradients compare, print and build the same in every layout.
fn values<F: Float>() {
    let parameters = tanh_network::<F>(&[3, 5, 2]);
    let gradients = gradients_like(&parameters);
    for layout in owned() {
        let laid = laid_network(layout, &parameters);
        assert_eq!(laid, parameters);
        assert_eq!(laid.to_string(), parameters.to_string());
        assert!(laid.is_finite());
        let again = Parameters::from_layers(laid.layers().to_vec()).unwrap();
        assert_eq!(again, parameters);
        let (tanh, relu) = (Activation::Tanh, Activation::Relu);
        let other = laid.clone().with_activations(relu, tanh);
        assert_eq!(other, parameters.clone().with_activations(relu, tanh));
        let mut broken = laid;
        broken.layers_mut()[0].w[[4, 2]] = F::nan();
        assert!(!broken.is_finite(), "{layout:?}");
        let laid = laid_gradients(layout, &gradients);
        assert_eq!(laid, gradients);
        assert_eq!(Gradients::from_layers(laid.layers().to_vec()).unwrap(), gradients);
        let zeros = Gradients::zeros_like(&laid_network(layout, &parameters));
        assert_eq!(zeros, Gradients::zeros_like(&parameters));
    }
}
