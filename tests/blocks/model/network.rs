//! The training loop of a fit: its steps, its reproducibility, and its errors.

use super::{GO_ON, clouds, fitted, quick};
use crate::support::reference::assert_number;
use dnn_blocks::Error;
use dnn_blocks::cost::Targets;
use dnn_blocks::data::stratified_split;
use dnn_blocks::gradients::clip_by_norm;
use dnn_blocks::model::ClassWeights;
use dnn_blocks::ndarray::{Array2, Axis, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::regularization::{add_l2_gradient, l_model_forward_with_dropout};
use dnn_blocks::train::workspace::Dropout;

/// The loop of a `fit` in public calls, with every hyperparameter of it, gives bit-identical
/// parameters, with a workspace and with the blocks.
#[test]
fn a_fit_is_a_loop_of_public_calls() {
    let models = [true, false].map(a_fit_and_its_loop);
    assert_ne!(models[0], models[1], "the order of the examples matters");
}

fn a_fit_and_its_loop(shuffle: bool) -> Parameters<f64> {
    let (x, labels) = clouds(3, 110);
    let how = quick()
        .shuffle(shuffle)
        .hidden(&[7, 5])
        .activation(Activation::Tanh)
        .initializer(Initializer::Xavier)
        .schedule(Schedule::Exponential { decay_rate: 0.1 })
        .l2(0.3)
        .keep_prob(0.8)
        .clip_norm(0.5)
        .validation_share(0.2)
        .class_weights(ClassWeights::Given(vec![1.0, 2.0, 0.5]))
        .epochs(4)
        .seed(11);
    let mut model = Classifier::<f64, usize>::new(how.clone());
    let history = model.fit(Examples::rows(&x), &labels).unwrap();

    let rng = &mut NumpyRandom::seed(how.seed);
    let (training, _) = stratified_split(&labels, how.validation_share, rng).unwrap();
    let x = x.select(Axis(0), &training).reversed_axes();
    let scaler = Standardizer::fit(&x).unwrap();
    let x = scaler.transform(&x).unwrap();
    let m = x.ncols();
    // The labels, with the weights of the examples as a second row.
    let y = Array2::from_shape_fn((2, m), |(row, i)| {
        let label = labels[training[i]];
        if row == 0 { label as f64 } else { [1.0, 2.0, 0.5][label] }
    });
    let sizes = [2, 7, 5, 3];
    let mut parameters = initialize_parameters_deep(&sizes, how.initializer.clone(), rng)
        .unwrap()
        .with_activations(Activation::Tanh, Activation::Softmax);
    let mut optimizer = Optimizer::new(how.algorithm, &parameters).unwrap();
    let mut batches = Batches::new(&x, &y, how.batch_size_for(m)).unwrap();
    let mut workspace = Workspace::new(&parameters, how.batch_size_for(m)).unwrap();
    let cost = Cost::CategoricalCrossEntropy;
    for epoch in 0..how.epochs {
        let rate = how.schedule.at(how.learning_rate, epoch);
        match shuffle {
            true => batches.shuffle(rng),
            false => batches.rewind(),
        }
        let (mut sum, mut norm) = (0.0, 0.0);
        while let Some((x, y)) = batches.next() {
            let (labels, weights) = (y.slice(s![..1, ..]), y.row(1));
            let targets = Targets::new(labels).weighted(weights);
            let mut the_same = rng.clone();
            let gradients = {
                let objective = Objective::new(cost.clone()).l2(how.l2);
                let dropout = Dropout::new(0.8, rng);
                let (cost, gradients) = workspace
                    .cost_and_gradients_with_dropout(&x, targets, &parameters, objective, dropout)
                    .unwrap();
                sum += cost * x.ncols() as f64; // the last batch is smaller
                gradients
            };
            let mut of_blocks = {
                let (al, caches) =
                    l_model_forward_with_dropout(x, &parameters, 0.8, &mut the_same).unwrap();
                let options = BackwardOptions::new(&cost);
                backpropagate(&al, targets, &caches, options).unwrap().gradients
            };
            add_l2_gradient(&mut of_blocks, &parameters, how.l2, x.ncols()).unwrap();
            assert_eq!(*gradients, of_blocks);
            norm = clip_by_norm(gradients, 0.5).unwrap();
            optimizer.step(&mut parameters, gradients, rate).unwrap();
        }
        let record = history.epochs[epoch];
        assert_eq!((record.learning_rate, record.gradient_norm), (rate, norm));
        assert_number("cost of the epoch", record.cost, sum / m as f64, 1e-14);
    }
    assert_eq!(model.scaler(), Some(&scaler));
    assert_eq!(model.parameters(), Some(&parameters));
    parameters
}

#[test]
fn a_seed_is_a_model_to_the_last_bit() {
    let (x, labels) = clouds(3, 200);
    let how = quick().keep_prob(0.9).validation_share(0.1).epochs(5);
    let first = fitted(how.clone(), &x, &labels);
    assert_eq!(first.parameters(), fitted(how.clone(), &x, &labels).parameters());
    assert_ne!(first.parameters(), fitted(how.seed(1), &x, &labels).parameters());
}

/// Layers and batches large enough for several threads.
#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_changes_no_bit() {
    let mut rng = NumpyRandom::seed(2);
    let x = Array2::from_shape_simple_fn((700, 150), || rng.randn() as f32);
    let labels: Vec<_> =
        (0..700).map(|i| (x[[i, 0]] > 0.0) as u8 + (x[[i, 1]] > 0.5) as u8).collect();
    let how = Hyperparameters::plain()
        .hidden(&[300, 200])
        .batch_size(256)
        .epochs(3)
        .keep_prob(0.9)
        .l2(0.1)
        .clip_norm(1.0)
        .algorithm(Algorithm::ADAM_W);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut model = Classifier::<f32, u8>::new(how.clone());
            let history = model.fit(Examples::rows(&x), &labels).unwrap();
            let proba = model.predict_proba(Examples::rows(&x)).unwrap();
            (model.parameters().unwrap().clone(), history, proba)
        })
    };
    let alone = run(1);
    for threads in [2, 3, 5, 8] {
        assert_eq!(run(threads), alone, "{threads} threads");
    }
}

#[test]
fn a_rate_that_is_too_large_is_said_and_leaves_the_last_good_parameters() {
    let (x, _) = clouds(3, 100);
    let how = quick().algorithm(Algorithm::GradientDescent).activation(Activation::Identity);
    let values = x.slice(s![.., ..1]).mapv(|x| 1e3 * x * x);
    let mut regressor = Regressor::<f32>::new(how.clone().learning_rate(1e4).hidden(&[20, 20]));
    let (single, values) = (x.mapv(|x| x as f32), values.mapv(|y| y as f32));
    let error = regressor.fit(Examples::rows(&single), Examples::rows(&values)).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 0, .. }), "{error}");
    assert!(regressor.parameters().unwrap().is_finite());
    assert!(regressor.predict(Examples::rows(&single)).unwrap().iter().all(|y| y.is_finite()));

    // A linear model that overshoots a hundredfold in each step diverges after some epochs.
    let how = how.hidden(&[]).learning_rate(50.0);
    let mut good = Vec::new();
    let mut model = Regressor::<f32>::new(how);
    let (x, values) = (Examples::rows(&single), Examples::rows(&values));
    let error = model
        .fit_with(
            x,
            values,
            FitOptions::new().on_epoch(|epoch| {
                good.push(epoch.parameters.clone());
                GO_ON
            }),
        )
        .unwrap_err();
    let Error::Diverged { epoch, batch } = error else { panic!("{error}") };
    assert!(epoch > 0 && epoch == good.len() && batch < 5, "{error}");
    assert_eq!(model.parameters(), good.last());
    assert!(model.predict(x).unwrap().iter().all(|y| y.is_finite()));
}

/// Features of 1e21 make gradients whose squares overflow in `f32`: Adam then moves nothing.
#[test]
fn a_second_moment_that_overflows_is_said() {
    let x = Array2::from_shape_fn((40, 2), |(i, f)| 1e21 * ((i * 7 + f * 3) % 11) as f32);
    let labels: Vec<_> = (0..40).map(|i| i % 2).collect();
    for algorithm in [Algorithm::ADAM, Algorithm::ADAM_W, Algorithm::RMS_PROP] {
        let how = quick().standardize(false).algorithm(algorithm).hidden(&[4]);
        let mut model = Classifier::<f32, usize>::new(how);
        let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
        assert!(matches!(error, Error::Diverged { epoch: 0, .. }), "{algorithm}: {error}");
        assert!(model.parameters().unwrap().is_finite());
    }
}
