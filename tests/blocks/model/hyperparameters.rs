//! Hyperparameters: setters, checks and messages.

use super::{clouds, quick};
use dnn_blocks::Error;
use dnn_blocks::init::PerLayer;
use dnn_blocks::model::ClassWeights;
use dnn_blocks::prelude::*;

/// Hyperparameters that are valid in `f64`, and 0 or infinite in `f32`.
#[test]
fn hyperparameters_are_checked_in_the_type_of_the_model() {
    let (x, labels) = clouds(2, 40);
    let single = x.mapv(|x| x as f32);
    let how = Hyperparameters::plain().hidden(&[2]).epochs(1).batch_size(40);
    let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-50);
    for (how, name) in [
        (how.clone().learning_rate(1e-60), "learning_rate"),
        (how.clone().keep_prob(1e-60), "keep_prob"),
        (how.clone().clip_norm(1e-60), "clip_norm"),
        (how.clone().l2(1e60), "l2"),
        (how.clone().label_smoothing(1.0 - 1e-12), "label_smoothing"),
        (how.clone().schedule(Schedule::Cosine { warm_up: 0, total: 9, lowest: 1e60 }), "lowest"),
        (how.clone().activation(Activation::LeakyRelu(1e300)), "slope"),
        (how.clone().initializer(Initializer::Scaled(1e60)), "factor"),
        (how.clone().algorithm(Algorithm::Adam { beta1, beta2, epsilon }), "epsilon"),
        (how.class_weights(ClassWeights::Given(vec![1.0, 1e60])), "class_weights"),
    ] {
        how.check::<f64>().unwrap();
        let mut model = Classifier::<f32, usize>::new(how);
        let error = model.fit(Examples::rows(&single), &labels).unwrap_err();
        let Error::Hyperparameter { name: found, rule, .. } = error else { panic!("{error}") };
        assert_eq!(found, name);
        assert!(rule.ends_with("as an f32"), "{rule}");
    }
}

#[test]
fn hyperparameters_that_cannot_be_used_are_named() {
    let (x, labels) = clouds(2, 40);
    let how = Hyperparameters::plain;
    for (how, message) in [
        (how().hidden(&[3, 0]), "hidden is 0, but must be at least 1 in each layer"),
        (how().learning_rate(0.0), "learning_rate is 0, but must be above 0 and finite"),
        (how().learning_rate(f64::NAN), "learning_rate is NaN, but must be above 0 and finite"),
        (how().batch_size(0), "batch_size is 0, but must be at least 1"),
        (
            Hyperparameters::default().learning_rate(1.0),
            "learning_rate · weight_decay is 1, but must be below 1, or each step changes the \
             signs of the weights",
        ),
        (how().epochs(0), "epochs is 0, but must be at least 1"),
        (how().l2(-1.0), "l2 is -1, but must be at least 0 and finite"),
        (how().label_smoothing(1.0), "label_smoothing is 1, but must be at least 0 and below 1"),
        (
            how().label_smoothing(-0.1),
            "label_smoothing is -0.1, but must be at least 0 and below 1",
        ),
        (
            how().label_smoothing(f64::NAN),
            "label_smoothing is NaN, but must be at least 0 and below 1",
        ),
        (how().keep_prob(0.0), "keep_prob is 0, but must be above 0 and at most 1"),
        (how().validation_share(1.0), "validation_share is 1, but must be at least 0 and below 1"),
        (how().patience(0), "patience is 0, but must be at least 1"),
        (how().clip_norm(0.0), "clip_norm is 0, but must be above 0 and finite"),
        (
            how().class_weights(ClassWeights::Given(vec![1.0, -2.0])),
            "class_weights is -2, but must be at least 0 and finite",
        ),
        (how().frozen(&[1, 0]), "frozen is 0, but must be at least 1"),
        (how().frozen(&[2, 2]), "frozen is 2, but must be a layer that is listed only once"),
        (how().frozen(&[3]), "frozen is 3, but must be the number of a layer of the network"),
        (
            how().algorithm(Algorithm::Momentum { beta: 2.0 }),
            "beta is 2, but must be at least 0 and below 1",
        ),
        (
            how().schedule(Schedule::Step { factor: 0.5, every: 0 }),
            "every is 0, but must be at least 1",
        ),
    ] {
        let mut model = Classifier::<f64, usize>::new(how.clone());
        let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
        assert_eq!(error.to_string(), message);
        let mut model = Regressor::<f64>::new(how);
        let error = model.fit(Examples::rows(&x), Examples::rows(&x)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let three = ClassWeights::Given(vec![1.0; 3]);
    let mut model = Classifier::<f64, usize>::new(quick().class_weights(three));
    let error = model.fit(Examples::rows(&x), &labels).unwrap_err();
    assert_eq!(error.to_string(), "class_weights and classes differ in length: 3 and 2");
}

/// Each setter sets its field and no other. `None` unsets `patience` and `clip_norm`.
#[test]
fn each_setter_sets_its_field() {
    type Change = (Hyperparameters, fn(&mut Hyperparameters));
    let set = Hyperparameters::plain;
    let changes: [Change; 21] = [
        (set().hidden(&[3, 2]), |h| h.hidden = vec![3, 2]),
        (set().hidden(&[]), |h| h.hidden = vec![]),
        (set().activation(Activation::Tanh), |h| h.activation = Activation::Tanh.into()),
        (set().initializer(Initializer::Xavier), |h| {
            h.initializer = Initializer::Xavier.into();
        }),
        (set().activation([Activation::Tanh]), |h| {
            h.activation = PerLayer::Each(vec![Activation::Tanh]);
        }),
        (set().initializer([Initializer::He; 2]), |h| {
            h.initializer = PerLayer::Each(vec![Initializer::He; 2]);
        }),
        (set().algorithm(Algorithm::RMS_PROP), |h| h.algorithm = Algorithm::RMS_PROP),
        (set().learning_rate(0.3), |h| h.learning_rate = 0.3),
        (set().schedule(Schedule::Exponential { decay_rate: 0.1 }), |h| {
            h.schedule = Schedule::Exponential { decay_rate: 0.1 };
        }),
        (set().batch_size(7), |h| h.batch_size = Some(7)),
        (set().epochs(8), |h| h.epochs = 8),
        (set().cost(Cost::Poisson), |h| h.cost = Some(Cost::Poisson)),
        (set().label_smoothing(0.125), |h| h.label_smoothing = 0.125),
        (set().l2(0.25), |h| h.l2 = 0.25),
        (set().keep_prob(0.5), |h| h.keep_prob = 0.5),
        (set().seed(9), |h| h.seed = 9),
        (set().validation_share(0.125), |h| h.validation_share = 0.125),
        (set().standardize(false), |h| h.standardize = false),
        (set().constant_features(true), |h| h.constant_features = true),
        (set().frozen(&[2, 1]), |h| h.frozen = vec![2, 1]),
        (set().class_weights(ClassWeights::Balanced), |h| {
            h.class_weights = ClassWeights::Balanced;
        }),
    ];
    for (found, change) in changes {
        let mut expected = set();
        change(&mut expected);
        assert_ne!(found, set());
        assert_eq!(found, expected);
        found.check::<f32>().unwrap();
    }
    let mut expected = set();
    (expected.patience, expected.clip_norm) = (Some(6), Some(1.5));
    let both = set().patience(6).clip_norm(1.5);
    assert_eq!(both, expected);
    assert_eq!(set().patience(Some(6)).clip_norm(Some(1.5)), expected);
    expected.patience = None;
    assert_eq!(both.clone().patience(None), expected);
    expected.clip_norm = None;
    assert_eq!(both.patience(None).clip_norm(None), expected);
    assert_eq!(expected, set());
}

#[test]
fn hyperparameters_are_a_plain_value() {
    let how = quick().patience(4).validation_share(0.25);
    assert_eq!(how, how.clone());
    assert_ne!(how, how.clone().seed(1));
    let printed = format!("{how:?}");
    assert!(printed.contains("patience: Some(4)") && printed.contains("Adam"), "{printed}");
    let model = Regressor::<f32>::new(how.clone());
    assert_eq!(model.hyperparameters(), &how);
}
