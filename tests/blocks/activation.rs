//! Activations of very large and small numbers, and slopes that are refused.

mod references;

use crate::support::{ACTIVATIONS, SMOOTH_ACTIVATIONS, message, random, same};
use dnn_blocks::Error;
use dnn_blocks::activation::{relu, sigmoid, tanh};
use dnn_blocks::model::Predictor;
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;

#[test]
fn activations_at_the_ends_of_the_numbers() {
    let z = array![[f64::NEG_INFINITY, -1e308, -0.0, 0.0, 1e308, f64::INFINITY]];
    assert_eq!(sigmoid(&z).unwrap(), array![[0.0, 0.0, 0.5, 0.5, 1.0, 1.0]]);
    assert_eq!(tanh(&z).unwrap(), array![[-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]]);
    assert_eq!(relu(&z).unwrap(), array![[0.0, 0.0, 0.0, 0.0, 1e308, f64::INFINITY]]);
    for activation in ACTIVATIONS {
        let dz = activation.backward(Array2::ones(z.dim()), &z).unwrap();
        assert!(dz.iter().all(|d| (0.0..=1.0).contains(d)), "{activation}: {dz}");
    }
    // As in the course: the gradient at 0 is 0.
    let off = Activation::Relu.backward(array![[f64::INFINITY, 1.0]], &array![[-1.0, 0.0]]);
    assert_eq!(off.unwrap(), array![[0.0, 0.0]]);
}

/// The functions are z times a positive number; IEEE 754 asks the same of tanh.
fn zeros_keep_their_sign<F: Float>() {
    let z = array![[F::zero(), -F::zero()]];
    for activation in [
        Activation::Identity,
        Activation::Tanh,
        Activation::LeakyRelu(0.01),
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
    ] {
        let a = activation.forward(&z).unwrap();
        assert!(same(&a, &z), "{activation}: {a}");
    }
}

#[test]
fn multiples_of_z_keep_the_sign_of_a_zero() {
    zeros_keep_their_sign::<f32>();
    zeros_keep_their_sign::<f64>();
}

#[test]
fn softmax_is_a_distribution_and_does_not_overflow() {
    let z = array![[1e4, -1e4, 0.0, 1e308], [-1e4, -1e4, 0.0, -1e308], [0.0, -1e4, 0.0, 0.0]];
    let a = Activation::Softmax.forward(&z).unwrap();
    let third = 1.0 / 3.0;
    assert_eq!(
        a,
        array![[1.0, third, third, 1.0], [0.0, third, third, 0.0], [0.0, third, third, 0.0]]
    );
    let a = Activation::Softmax.forward(&array![[f64::NAN, 1.0], [0.0, 1.0]]).unwrap();
    assert!(a.column(0).iter().all(|a| a.is_nan()) && a[[0, 1]] == 0.5);
    let single =
        Activation::Softmax.forward(&random::<f64>(7, 130, 8).mapv(|z| (30.0 * z) as f32)).unwrap();
    for column in single.columns() {
        assert!((column.sum() - 1.0).abs() < 1e-6 && column.iter().all(|&a| a >= 0.0));
    }
}

#[test]
fn slopes_and_factors_are_finite_in_the_type_that_uses_them() {
    let steep = Activation::LeakyRelu(1e300);
    let z = array![[0_f32, 1.0]];
    let refused = |message: String| {
        let end = "slope is 1e300, but must be finite as an f32";
        assert!(message.ends_with(end), "{message}");
    };
    refused(message(steep.forward(&z)));
    refused(message(steep.backward(z.clone(), &z)));
    assert_eq!(steep.forward(&array![[0.0, 1.0]]).unwrap(), array![[0.0, 1.0]]);
    let (w, b) = (array![[1_f32]], array![[0_f32]]);
    refused(message(linear_activation_forward(&z, &w, &b, steep)));
    let layer = Layer { w: w.clone(), b: b.clone(), activation: steep };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    refused(message(l_model_forward(&z, &parameters)));
    refused(message(predict_proba(&z, &parameters)));
    refused(message(Workspace::new(&parameters, 2)));
    let fine = parameters.clone().with_activations(Activation::Relu, Activation::Relu);
    let mut workspace = Workspace::new(&fine, 2).unwrap();
    refused(message(workspace.forward(&z, &parameters)));
    refused(message(FullBatch::new(&z, &z, parameters.clone()).map(|_| ())));
    let mut predictor = Predictor::new(&parameters, 2).unwrap();
    refused(message(predictor.outputs(&z)));

    let rng = &mut NumpyRandom::seed(1);
    let large = Initializer::Scaled(1e300);
    let nearly = Initializer::Scaled(1.7e308);
    let error = message(initialize_parameters_deep::<f64>(&[9, 9], nearly, rng));
    assert_eq!(error, "factor is 1.7e308, but must be small enough for finite weights");
    assert!(initialize_parameters_deep::<f64>(&[2, 1], large, rng).is_ok());
    let error = message(initialize_parameters_deep::<f32>(&[2, 1], large, rng));
    assert!(error.starts_with("factor is 1e300, but "), "{error}");
    assert!(
        initialize_parameters_deep::<f64>(&[2, 1], Initializer::Scaled(f64::NAN), rng).is_err()
    );
}

#[test]
fn an_alpha_is_finite_in_the_type_that_uses_it() {
    let (z, steep) = (array![[0_f32, 1.0]], Activation::Elu(1e300));
    let expected = "alpha is 1e300, but must be finite as an f32";
    assert_eq!(message(steep.forward(&z)), expected);
    assert_eq!(message(steep.backward(z.clone(), &z)), expected);
    assert_eq!(steep.forward(&array![[0.0, 1.0]]).unwrap(), array![[0.0, 1.0]]);
    assert_eq!(
        message(Activation::Elu(f64::NAN).forward(&array![[0.0]])),
        "alpha is NaN, but must be finite"
    );
}

#[test]
fn every_activation_is_read_from_its_name() {
    let slopes = [0.01, 0.1 + 0.2, -0.3, 0.0, 5e-324, -1e300].map(Activation::LeakyRelu);
    let alphas = [1.0, 0.1 + 0.2, -0.3, 0.0, 5e-324, -1e300].map(Activation::Elu);
    let named = ACTIVATIONS.into_iter().chain(SMOOTH_ACTIVATIONS).chain([Activation::Softmax]);
    for activation in named.chain(slopes).chain(alphas) {
        let name = activation.to_string();
        assert_eq!(name.parse(), Ok(activation));
        assert_eq!(name.to_uppercase().parse(), Ok(activation));
        assert_eq!(format!("\t{} ", name.to_lowercase()).parse(), Ok(activation));
    }
}

#[test]
fn a_name_of_no_activation_is_an_error_that_quotes_it() {
    let others = [
        "",
        "swish",
        "re lu",
        "leaky relu",
        "leaky ReLU steep",
        "leaky ReLU 0.1 0.2",
        "Relu6",
        "ELU",
        "elu1",
        "ELU inf",
        "elu ",
        "GELU 1",
        "gelutanh",
        "größe",
        "G",
    ];
    for name in others {
        let error = name.parse::<Activation>().unwrap_err();
        let expected = Error::UnknownName { kind: "activation", name: name.to_string() };
        assert_eq!(error, expected);
        assert_eq!(error.to_string(), format!("unknown activation `{name}`"));
    }
}
