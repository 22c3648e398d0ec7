//! The functions of the course, workspaces, optimizers, and preprocessing.

use crate::{LARGE, PLAN, Plan, alone, refused, value_or_error};
use dnn_blocks::Error;
use dnn_blocks::backward::output_gradient;
use dnn_blocks::course::datasets::{blobs, load_planar_dataset, moons};
use dnn_blocks::course::{Descent, initialize_with_zeros, l_layer_model, optimize, propagate};
use dnn_blocks::data::split;
use dnn_blocks::data::{Classes, one_hot, stratified_split};
use dnn_blocks::metrics::{
    average_precision, balanced_accuracy, brier_score, roc_auc, root_mean_squared_error,
    top_k_accuracy,
};
use dnn_blocks::model::{PackedWeights, Predictor};
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::batches::random_mini_batches;
use dnn_blocks::train::full_batch::FullBatch;
use dnn_blocks::train::gradient_check::{gradient_check, gradient_check_n};
use dnn_blocks::train::regularization::{Mask, l_model_forward_with_dropout};
use dnn_blocks::train::workspace::Dropout;

const M: usize = 300;

fn random(rows: usize, columns: usize, seed: u32) -> Array2<f64> {
    let mut rng = NumpyRandom::seed(seed);
    Array2::from_shape_simple_fn((rows, columns), || rng.randn())
}

/// A network with three outputs, examples and one-hot labels.
fn network(output: Activation) -> (Parameters<f64>, Array2<f64>, Array2<f64>) {
    let mut rng = NumpyRandom::seed(1);
    let sizes = [60, 70, 50, 3];
    let parameters = initialize_parameters_deep(&sizes, Initializer::He, &mut rng).unwrap();
    let y = Array2::from_shape_fn((3, M), |(k, i)| f64::from(u8::from(i % 3 == k)));
    (parameters.with_activations(Activation::Relu, output), random(60, M, 2), y)
}

#[test]
fn forward_and_backward() {
    alone(|| {
        let (parameters, x, y) = network(Activation::Sigmoid);
        let layer = &parameters.layers()[0];
        value_or_error(|| linear_forward(&x, &layer.w, &layer.b).map(|(z, _)| z));
        value_or_error(|| l_model_forward(&x, &parameters).map(|(al, _)| al));
        value_or_error(|| predict(&x, &parameters));
        for hidden in [Activation::Relu, Activation::Softmax] {
            let parameters = parameters.clone().with_activations(hidden, Activation::Sigmoid);
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            value_or_error(|| l_model_backward(&al, &y, &caches));
            for cost in [Cost::BinaryCrossEntropy, Cost::MeanSquaredError] {
                let options = BackwardOptions::new(cost);
                value_or_error(|| backpropagate(&al, &y, &caches, options.clone()));
                value_or_error(|| backpropagate(&al, &y, &caches, options.clone().dx(true)));
            }
        }
        let cost = Cost::CategoricalCrossEntropy;
        value_or_error(|| cost.value_from_logits(&y, &y));
        value_or_error(|| cost.gradient(&y, &y));
        let al = &y * 0.5 + 0.25;
        value_or_error(|| output_gradient(&al, &y));
        let he = Initializer::He;
        value_or_error(|| {
            initialize_parameters_deep::<f64>(&[60, 70, 1], he, &mut NumpyRandom::seed(1))
        });
        value_or_error(|| Optimizer::new(Algorithm::ADAM, &parameters));
    });
}

/// Products that pack their operands, and sums longer than one block: a refused scratch changes no
/// bit.
#[test]
fn products_with_a_scratch() {
    alone(|| {
        for (rows, depth, columns) in [(200, 700, 300), (7, 5000, 90), (90, 5000, 7)] {
            let (w, x) = (random(rows, depth, 1), random(depth, columns, 2));
            let columns_first = w.t().as_standard_layout().reversed_axes().into_owned();
            let b = Array2::zeros((rows, 1));
            for w in [&w, &columns_first] {
                value_or_error(|| linear_forward(&x, w, &b).map(|(z, _)| z));
            }
        }
    });
}

#[test]
fn dropout() {
    alone(|| {
        let (parameters, x, y) = network(Activation::Sigmoid);
        let rng = || NumpyRandom::seed(3);
        value_or_error(|| {
            l_model_forward_with_dropout(&x, &parameters, 0.8, &mut rng()).map(|(al, _)| al)
        });
        value_or_error(|| Mask::<f64>::draw(70, M, 0.8, &mut rng()));
        let (al, caches) = l_model_forward_with_dropout(&x, &parameters, 0.8, &mut rng()).unwrap();
        let options = BackwardOptions::new(Cost::BinaryCrossEntropy);
        value_or_error(|| backpropagate(&al, &y, &caches, options.clone()));
    });
}

/// A workspace allocates at its creation, for the first dropout, and for a new activation. After a
/// failure the workspace takes the same step as a new one.
#[test]
fn a_workspace() {
    alone(|| {
        let (parameters, x, y) = network(Activation::Softmax);
        let cost = Cost::CategoricalCrossEntropy;
        value_or_error(|| Workspace::new(&parameters, M).map(drop));
        value_or_error(|| {
            let mut workspace = Workspace::new(&parameters, M)?;
            let (cost, gradients) = workspace.cost_and_gradients(&x, &y, &parameters, &cost)?;
            Ok::<_, dnn_blocks::Error>(cost + gradients.norm())
        });
        let start = || (Workspace::new(&parameters, M).unwrap(), NumpyRandom::seed(3), None);
        let look = |state: &(Workspace<f64>, NumpyRandom, Option<f64>)| state.2;
        let leaky = Activation::LeakyRelu(-0.1);
        let changed = parameters.clone().with_activations(leaky, Activation::Softmax);
        let failures = refused(
            LARGE,
            start,
            |(workspace, _, sum)| {
                let (cost, gradients) = workspace.cost_and_gradients(&x, &y, &changed, &cost)?;
                *sum = Some(cost + gradients.norm());
                Ok::<_, dnn_blocks::Error>(())
            },
            look,
        );
        assert!(failures > 0);
        for hidden in [Activation::Relu, Activation::LeakyRelu(-0.1)] {
            let parameters = parameters.clone().with_activations(hidden, Activation::Softmax);
            let failures = refused(
                LARGE,
                start,
                |(workspace, rng, sum)| {
                    let (value, gradients) = workspace.cost_and_gradients_with_dropout(
                        &x,
                        &y,
                        &parameters,
                        &cost,
                        Dropout::new(0.8, rng),
                    )?;
                    *sum = Some(value + gradients.norm());
                    Ok::<_, dnn_blocks::Error>(())
                },
                look,
            );
            assert!(failures > 0);
        }
        let failures = refused(
            LARGE,
            start,
            |(workspace, _, sum)| {
                let (gradients, dx) = workspace.forward(&x, &parameters)?.backward_with_dx(&y)?;
                *sum = Some(gradients.norm() + dx.sum());
                Ok::<_, dnn_blocks::Error>(())
            },
            look,
        );
        assert!(failures > 0);
    });
}

#[test]
fn a_full_batch_and_the_models_of_the_course() {
    alone(|| {
        let (parameters, x, y) = network(Activation::Sigmoid);
        let start = || (Some(parameters.clone()), None);
        let run = |(parameters, cost): &mut (Option<Parameters<f64>>, Option<f64>)| {
            let own = parameters.take().unwrap_or_else(|| network(Activation::Sigmoid).0);
            let mut descent = FullBatch::new(&x, &y, own)?;
            descent.step(0.1)?;
            *cost = Some(descent.step(0.1)?);
            Ok::<_, dnn_blocks::Error>(())
        };
        assert!(refused(LARGE, start, run, |state| state.1) > 0);
        let descent = Descent::new(0.1, 2).every(1);
        value_or_error(|| l_layer_model(&x, &y, &[60, 70, 3], descent, &mut NumpyRandom::seed(1)));
        let (x, y) = (random(600, M, 2), Array2::ones((1, M)));
        value_or_error(|| initialize_with_zeros::<f64>(600));
        let (w, b) = initialize_with_zeros(600).unwrap();
        value_or_error(|| propagate(&w, b, &x, &y));
        value_or_error(|| optimize(&w, b, &x, &y, descent));
    });
}

/// A step whose scratch is refused gives the same bits. Its size grows with the threads, so that one
/// thread alone makes no large request. With many units, for which the stack has no room, the step
/// asks for none.
#[test]
fn a_step_of_a_full_batch_needs_no_scratch() {
    for (sizes, m, may_ask) in [([300, 60, 1], 300, true), ([8, 3000, 1], 50, false)] {
        let run = |large| {
            let mut results = None;
            alone(|| {
                let (x, y) = (random(sizes[0], m, 2), Array2::ones((1, m)));
                let rng = &mut NumpyRandom::seed(1);
                let start = initialize_parameters_deep(&sizes, Initializer::He, rng).unwrap();
                let mut descent = FullBatch::new(&x, &y, start).unwrap();
                PLAN.set(Some(Plan { large, granted: 0, all: true, refused: false }));
                let costs = [descent.step(0.1), descent.step(0.1)];
                let refused = PLAN.take().unwrap().refused;
                results = Some((refused, costs, descent.into_parameters()));
            });
            results.unwrap()
        };
        let (granted, refused) = (run(usize::MAX), run(LARGE));
        assert!(!granted.0 && (may_ask || !refused.0), "{sizes:?}");
        assert_eq!((granted.1, granted.2), (refused.1, refused.2), "{sizes:?}");
    }
}

#[cfg(feature = "ndarray-rand")]
#[test]
fn weights_of_any_distribution() {
    use dnn_blocks::init::initialize_parameters_with;
    use dnn_blocks::ndarray_rand::rand::{SeedableRng, rngs::SmallRng};
    use dnn_blocks::ndarray_rand::rand_distr::StandardNormal;
    alone(|| {
        let rng = || SmallRng::seed_from_u64(1);
        value_or_error(|| {
            initialize_parameters_with::<f64, _>(&[600, 700, 1], |_, _| StandardNormal, &mut rng())
        });
    });
}

#[test]
fn generated_data() {
    alone(|| {
        let rng = || NumpyRandom::seed(1);
        value_or_error(|| load_planar_dataset::<f64>(1000, &mut rng()));
        value_or_error(|| moons::<f64>(1000, 0.1, &mut rng()));
        value_or_error(|| blobs::<f64>(1000, 50, 10, 0.1, &mut rng()));
    });
}

#[test]
fn batches_and_predictors() {
    alone(|| {
        let (parameters, x, y) = network(Activation::Softmax);
        value_or_error(|| random_mini_batches(&x, &y, 64, &mut NumpyRandom::seed(1)));
        value_or_error(|| random_mini_batches(&x, &y, 1, &mut NumpyRandom::seed(1)));
        value_or_error(|| Batches::new(&x, &y, 64).map(|batches| batches.len()));
        value_or_error(|| {
            let mut predictor = Predictor::new(&parameters, M)?;
            Ok::<_, dnn_blocks::Error>(predictor.outputs(&x)?.sum())
        });
        value_or_error(|| {
            let weights = PackedWeights::new(&parameters)?;
            Ok::<_, dnn_blocks::Error>(Predictor::new(&weights, M)?.outputs(&x)?.sum())
        });
        let mut rng = NumpyRandom::seed(1);
        let parameters =
            initialize_parameters_deep(&[60, 70, 50, 3], Initializer::He, &mut rng).unwrap();
        let x = x.mapv(|x| x as f32);
        value_or_error(|| {
            let weights = PackedWeights::bf16(&parameters)?;
            Ok::<_, dnn_blocks::Error>(Predictor::new(&weights, M)?.outputs(&x)?.sum())
        });
    });
}

#[test]
fn scales_labels_and_splits() {
    alone(|| {
        let x = random(60, M, 1);
        let many = random(600, 5, 1);
        value_or_error(|| Standardizer::fit(&many));
        let scaler = Standardizer::fit(&x).unwrap();
        value_or_error(|| scaler.transform(&x));
        value_or_error(|| scaler.inverse_transform(&x));

        let numbers: Vec<usize> = (0..M).map(|i| i % 3).collect();
        let labels: Vec<_> = numbers.iter().map(|&n| ["a", "b", "c"][n]).collect();
        value_or_error(|| one_hot::<f64>(&numbers, 3));
        value_or_error(|| predicted_classes(&x));
        value_or_error(|| Classes::from_labels(&labels).encode(&labels));
        value_or_error(|| Classes::from_labels(&labels).decode(&numbers));
        value_or_error(|| split(M, 0.3, &mut NumpyRandom::seed(1)));
        value_or_error(|| stratified_split(&labels_of_classes(), 0.3, &mut NumpyRandom::seed(1)));
        value_or_error(|| ConfusionMatrix::new(Actual(&labels), Predicted(&labels)));
        let row = Array2::from_shape_fn((1, M), |(_, i)| (i % 3) as f64);
        value_or_error(|| accuracy(Actual(&row), Predicted(&row)));
        let weights = [2.0; M];
        let actual = Actual(&labels).weighted(&weights);
        value_or_error(|| accuracy(actual, Predicted(&labels)));
        value_or_error(|| balanced_accuracy(Actual(&row), Predicted(&row)));
        let (scores, p) = (random(3, M, 2), Array2::from_elem((3, M), 0.25 + 0.25 / 3.0));
        let declared = Predicted(&scores).of_classes(&["a", "b", "c"]);
        value_or_error(|| roc_auc(actual, Predicted(&scores)));
        value_or_error(|| average_precision(actual, declared));
        value_or_error(|| top_k_accuracy(actual, declared, 2));
        value_or_error(|| brier_score(actual, Predicted(&p)));
        let values = Actual(&scores).weighted(&weights);
        value_or_error(|| root_mean_squared_error(values, Predicted(&p)));
        let forty: Vec<usize> = (0..40).collect();
        value_or_error(|| {
            ConfusionMatrix::with_classes(Actual(&numbers), Predicted(&numbers), &forty)
        });
    });
}

fn labels_of_classes() -> [usize; M] {
    std::array::from_fn(|i| i % 3)
}

#[test]
fn gradient_checks() {
    alone(|| {
        let theta = [0.5; M];
        let gradient = [1.0; M];
        value_or_error(|| gradient_check(|theta| theta.iter().sum(), &theta, &gradient, 1e-7));
        let parameters = initialize_parameters::<f64>(60, 5, 1, &mut NumpyRandom::seed(1)).unwrap();
        let gradients = Gradients::zeros_like(&parameters);
        value_or_error(|| gradient_check_n(&parameters, &gradients, 1e-7, |_| Ok(0.0)));
    });
}

/// Refuses each large request of a call in turn, and returns the layer and the matrix of each error.
fn refused_matrices<T>(
    call: impl Fn() -> dnn_blocks::Result<T>,
) -> Vec<(Option<usize>, &'static str)> {
    let _ = call(); // allocates the scratch of the products, which may be refused
    let mut matrices = Vec::new();
    for granted in 0.. {
        PLAN.set(Some(Plan { large: LARGE, granted, all: false, refused: false }));
        let result = call();
        if !PLAN.take().unwrap().refused {
            break;
        }
        if let Err(error) = result {
            let Error::TooLarge { layer, operand } = error else { panic!("{granted}: {error}") };
            matrices.push((layer, operand.name));
        }
    }
    matrices
}

#[test]
fn an_error_names_the_layer_of_the_matrix_that_does_not_fit() {
    alone(|| {
        let (x, mut rng) = (random(20, M, 2), NumpyRandom::seed(1));
        let sizes = [20, M, M, 3];
        let parameters =
            initialize_parameters_deep::<f64>(&sizes, Initializer::He, &mut rng).unwrap();

        let all = refused_matrices(|| Workspace::new(&parameters, M));
        let found: Vec<_> = all.into_iter().filter(|(_, name)| name.starts_with('d')).collect();
        let large = [(1, "dW"), (1, "db"), (2, "dW"), (2, "db"), (3, "dW")];
        assert!(large.iter().all(|&(l, name)| found.contains(&(Some(l), name))), "{found:?}");
        assert!(found.iter().all(|(l, name)| l.is_some() || *name == "dA"), "{found:?}");

        let gradients = Gradients::zeros_like(&parameters);
        let ends = |_: &Parameters<f64>| Err(Error::NotFitted);
        let found = refused_matrices(|| gradient_check_n(&parameters, &gradients, 1e-7, ends));
        let copies = [(1, "W"), (1, "b"), (2, "W"), (2, "b"), (3, "W")];
        assert_eq!(found[..5], copies.map(|(l, name)| (Some(l), name)));

        let how = Hyperparameters::plain().hidden(&[M, M]).algorithm(Algorithm::GradientDescent);
        let softmax = parameters.with_activations(Activation::Relu, Activation::Softmax);
        let model =
            Classifier::from_parameters(how.standardize(false), &["a", "b", "c"], softmax, None);
        let model = model.unwrap();
        let found = refused_matrices(|| model.predict_log_proba(Examples::columns(&x)));
        assert_eq!(found, [(Some(1), "A"), (Some(2), "A"), (Some(3), "A")]);
    });
}
