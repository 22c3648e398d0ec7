//! Predictions with packed weights.

use crate::support::{ACTIVATIONS, network_with_biases, random};
use dnn_blocks::Error;
use dnn_blocks::model::{PackedWeights, Predictor, Weights};
use dnn_blocks::ndarray::{Array2, ArrayRef2, Axis, array, s};
use dnn_blocks::prelude::*;

/// The depths of networks with every kind of layer: with many and with few units, and wider than
/// the blocks of the products.
const NETWORKS: [&[usize]; 6] =
    [&[5, 3], &[2, 40, 1], &[300, 120, 17, 1], &[7, 40, 2, 90, 4], &[1100, 50, 33], &[60, 2100, 9]];

fn assert_close<F: Float>(found: &ArrayRef2<F>, expected: &ArrayRef2<F>, tolerance: f64) {
    assert_eq!(found.dim(), expected.dim());
    for (&found, &expected) in found.iter().zip(expected) {
        let (found, expected) = (found.as_f64(), expected.as_f64());
        let close = (found - expected).abs() <= tolerance * expected.abs().max(1.0);
        assert!(close, "{found}, but expected {expected}");
    }
}

fn outputs_are_those_of_the_functions<F: Float>(tolerance: f64) {
    for dims in NETWORKS {
        for (hidden, output) in ACTIVATIONS.into_iter().zip([
            Activation::Sigmoid,
            Activation::Identity,
            Activation::Softmax,
            Activation::Tanh,
            Activation::Relu,
        ]) {
            let parameters = network_with_biases::<F>(dims, hidden, output);
            let weights = PackedWeights::new(&parameters).unwrap();
            let mut predictor = Predictor::new(&weights, 250).unwrap();
            for m in [250, 1, 7, 9, 33, 200] {
                let x = random::<F>(dims[0], m, 8);
                let expected = predict_proba(&x, &parameters).unwrap();
                assert_close(&predictor.outputs(&x).unwrap(), &expected, tolerance);
                let table = x.t().as_standard_layout().into_owned();
                let outputs = predictor.outputs(Examples::rows(&table)).unwrap();
                assert_close(&outputs, &expected, tolerance);
            }
        }
    }
}

#[test]
fn packed_weights_predict_as_the_functions_do() {
    outputs_are_those_of_the_functions::<f64>(1e-12);
    outputs_are_those_of_the_functions::<f32>(3e-5);
}

/// Predicts with these weights: all examples together, and batches of other sizes.
fn alone_and_in_company<F: Float>(weights: &PackedWeights<F>, x: &Array2<F>) -> Array2<F> {
    let mut predictor = Predictor::new(weights, x.ncols()).unwrap();
    let together = predictor.outputs(x).unwrap().to_owned();
    for size in [1, 2, 8, 13, 70] {
        for (x, expected) in
            x.axis_chunks_iter(Axis(1), size).zip(together.axis_chunks_iter(Axis(1), size))
        {
            assert_eq!(predictor.outputs(x).unwrap(), expected, "{size} examples");
            let table = x.t().as_standard_layout().into_owned();
            assert_eq!(predictor.outputs(Examples::rows(&table)).unwrap(), expected);
        }
    }
    together
}

#[test]
fn an_output_does_not_depend_on_the_rest_of_the_batch() {
    for dims in NETWORKS {
        let parameters = network_with_biases::<f32>(dims, Activation::Tanh, Activation::Identity);
        let x = random(dims[0], 210, 3);
        alone_and_in_company(&PackedWeights::new(&parameters).unwrap(), &x);
        alone_and_in_company(&PackedWeights::bf16(&parameters).unwrap(), &x);
    }
}

/// With several threads, parts are examples or units.
#[cfg(feature = "rayon")]
#[test]
fn packed_predictions_do_not_depend_on_the_number_of_threads() {
    for dims in [&[784, 200, 3][..], &[1500, 1000, 10]] {
        let parameters = network_with_biases::<f32>(dims, Activation::Relu, Activation::Softmax);
        let x = random(dims[0], 100, 3);
        let weights =
            [PackedWeights::new(&parameters).unwrap(), PackedWeights::bf16(&parameters).unwrap()];
        let mut found = Vec::new();
        for threads in [1, 2, 3, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut outputs = Vec::new();
            for (weights, m) in weights.iter().flat_map(|w| [1, 7, 100].map(|m| (w, m))) {
                let mut predictor = Predictor::new(weights, 100).unwrap();
                let x = x.slice(s![.., ..m]);
                outputs.push(pool.install(|| predictor.outputs(x).unwrap().to_owned()));
            }
            found.push(outputs);
        }
        assert!(found.iter().all(|outputs| *outputs == found[0]));
    }
}

#[test]
fn packed_weights_take_the_memory_that_they_say() {
    let parameters =
        network_with_biases::<f32>(&[100, 64, 1], Activation::Relu, Activation::Sigmoid);
    let least = 4 * (100 * 64 + 64 + 64 + 1);
    let weights = PackedWeights::new(&parameters).unwrap();
    assert!((least..least + 1000).contains(&weights.bytes()), "{}", weights.bytes());
    let half = PackedWeights::bf16(&parameters).unwrap().bytes();
    assert!((least / 2..least / 2 + 1000).contains(&half), "{half}");
    let parameters = network_with_biases::<f32>(&[784, 1], Activation::Relu, Activation::Sigmoid);
    for weights in [PackedWeights::new(&parameters), PackedWeights::bf16(&parameters)] {
        assert_eq!(weights.unwrap().bytes(), 4 * (784 + 1));
    }
}

#[test]
fn bf16_changes_the_outputs_a_little() {
    for dims in NETWORKS {
        let parameters = network_with_biases::<f32>(dims, Activation::Relu, Activation::Sigmoid);
        let x = random(dims[0], 40, 3);
        let weights = PackedWeights::bf16(&parameters).unwrap();
        let mut predictor = Predictor::new(&weights, 40).unwrap();
        let (exact, rounded) = (predict_proba(&x, &parameters).unwrap(), predictor.outputs(&x));
        let rounded = rounded.unwrap();
        assert_close(&rounded, &exact, 0.03);
        assert_ne!(rounded, exact);
    }
}

/// Whole numbers up to 256 are exact in bf16, and so are their sums in `f32`.
#[test]
fn bf16_is_exact_for_small_whole_numbers() {
    let whole = |rows, columns, seed: usize| {
        Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 7 + j * 5 + seed) % 9) as f32 - 4.0)
    };
    for (features, units) in [(1, 1), (3, 2), (50, 17), (51, 100)] {
        let (w, b) = (whole(units, features, 1), whole(units, 1, 2));
        let layer = Layer { w, b, activation: Activation::Identity };
        let parameters = Parameters::from_layers(vec![layer]).unwrap();
        let x = whole(features, 20, 3);
        let weights = PackedWeights::bf16(&parameters).unwrap();
        let mut predictor = Predictor::new(&weights, 20).unwrap();
        assert_eq!(predictor.outputs(&x).unwrap(), predict_proba(&x, &parameters).unwrap());
    }
}

#[test]
fn packed_weights_standardize_and_scale_targets() {
    let parameters =
        network_with_biases::<f64>(&[4, 20, 2], Activation::Tanh, Activation::Identity);
    let x = random::<f64>(4, 30, 1) * 10.0 + 3.0;
    let scaler = Standardizer::fit(&x).unwrap();
    let targets = Standardizer::fit(&random::<f64>(2, 30, 2)).unwrap();
    let predict = |weights: Weights<'_, f64>| {
        let predictor = Predictor::new(weights, 30).unwrap().scaled(&scaler).unwrap();
        predictor.target_scaled(&targets).outputs(&x).unwrap().to_owned()
    };
    let packed = PackedWeights::new(&parameters).unwrap();
    assert_close(&predict((&packed).into()), &predict((&parameters).into()), 1e-12);
}

#[test]
fn fitted_models_take_their_packed_weights_only() {
    let x = random::<f32>(3, 60, 1);
    let labels: Vec<&str> = x.row(0).iter().map(|&x| if x > 0.0 { "yes" } else { "no" }).collect();
    let how = Hyperparameters::plain().hidden(&[20]).epochs(5).batch_size(20);
    let mut model = Classifier::<f32, &str>::new(how.clone());
    model.fit(Examples::columns(&x), &labels).unwrap();
    let parameters = model.parameters().unwrap();
    let weights = PackedWeights::new(parameters).unwrap();
    let mut predictor = model.predictor(60).unwrap().with_weights(&weights).unwrap();
    let expected = model.predict_proba(Examples::columns(&x)).unwrap();
    assert_close(&predictor.predict_proba(&x).unwrap(), &expected, 1e-5);
    let logarithms = model.predict_log_proba(Examples::columns(&x)).unwrap();
    assert_close(&predictor.predict_log_proba(&x).unwrap(), &logarithms, 1e-5);
    let labels = model.predict(Examples::columns(&x)).unwrap();
    assert!(predictor.predict(&x).unwrap().iter().copied().eq(&labels));
    let half = PackedWeights::bf16(parameters).unwrap();
    let mut rounded = predictor.clone().with_weights(&half).unwrap();
    assert_close(&rounded.predict_proba(&x).unwrap(), &expected, 0.03);
    assert!(matches!(predictor.predict(&x.mapv(|_| f32::NAN)), Err(Error::NotFinite { .. })));

    let y = random::<f32>(1, 60, 2) * 100.0;
    let mut other = Regressor::<f32>::new(how);
    other.fit(Examples::columns(&x), Examples::columns(&y)).unwrap();
    let weights_of_other = PackedWeights::new(other.parameters().unwrap()).unwrap();
    let mut targets = other.predictor(60).unwrap().with_weights(&weights_of_other).unwrap();
    let expected = other.predict(Examples::columns(&x)).unwrap();
    assert_close(&targets.predict(&x).unwrap(), &expected, 1e-4);

    let wrong = [
        model.predictor(1).unwrap().with_weights(&weights_of_other).map(drop),
        predictor.with_weights(&weights_of_other).map(drop),
        other.predictor(1).unwrap().with_weights(&weights).map(drop),
    ];
    for result in wrong {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Inconsistent { .. }), "{error}");
        assert!(error.to_string().contains("packed weights"), "{error}");
    }
}

#[test]
fn packed_weights_have_the_errors_of_parameters() {
    let parameters = network_with_biases::<f32>(&[3, 20, 1], Activation::Relu, Activation::Sigmoid);
    let weights = PackedWeights::new(&parameters).unwrap();
    assert!(matches!(Predictor::new(&weights, 0), Err(Error::InvalidArgument { .. })));
    let mut packed = Predictor::new(&weights, 2).unwrap();
    let mut plain = Predictor::new(&parameters, 2).unwrap();
    let x = random::<f32>(3, 5, 1);
    for x in
        [x.slice(s![..2, ..1]), x.slice(s![.., ..3]), x.slice(s![.., ..0]), x.slice(s![..0, ..])]
    {
        let (packed, plain) = (packed.outputs(x).unwrap_err(), plain.outputs(x).unwrap_err());
        assert_eq!(packed.to_string(), plain.to_string());
    }
    // Layers that a program has changed so that they do not fit.
    type Change = fn(&mut [Layer<f32>]);
    let changes: [Change; 4] = [
        |layers| layers[0].b = Array2::zeros((20, 2)),
        |layers| layers[0].b = Array2::zeros((21, 1)),
        |layers| layers[1].w = Array2::zeros((1, 19)),
        |layers| (layers[1].w, layers[1].b) = (Array2::zeros((0, 20)), Array2::zeros((0, 1))),
    ];
    for change in changes {
        let mut parameters = parameters.clone();
        change(parameters.layers_mut());
        for result in [PackedWeights::new(&parameters), PackedWeights::bf16(&parameters)] {
            let error = result.unwrap_err();
            assert!(error.to_string().starts_with("layer "), "{error}");
        }
    }
    // NaN passes through.
    assert!(packed.outputs(&array![f32::NAN, 0.0, 0.0]).unwrap()[[0, 0]].is_nan());
    let parameters = parameters.with_activations(Activation::LeakyRelu(1e300), Activation::Sigmoid);
    let error = PackedWeights::new(&parameters).unwrap_err();
    assert!(matches!(error, Error::Hyperparameter { .. }), "{error}");
}
