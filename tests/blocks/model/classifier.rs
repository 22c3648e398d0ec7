//! Classifiers: fits, class weights, partial fits, and refused predictions.

use super::{Names, clouds, fitted, quick};
use dnn_blocks::Error;
use dnn_blocks::data::stratified_split;
use dnn_blocks::error::Position;
use dnn_blocks::model::ClassWeights;
use dnn_blocks::ndarray::{Array2, Axis, array, s};
use dnn_blocks::prelude::*;

#[test]
fn classes_are_learnt_and_come_back_under_their_names() {
    let names = ["north", "east", "south", "west"];
    for classes in [2, 3, 4] {
        let (x, numbers) = clouds(classes, 240);
        let labels: Vec<_> = numbers.iter().map(|&n| names[n]).collect();
        let mut model = Names::new(quick());
        let history = model.fit(Examples::rows(&x), &labels).unwrap();
        let costs = history.costs();
        assert!(costs.len() == 30 && costs[29] < 0.2 * costs[0], "{costs:?}");
        assert!(model.score(Examples::rows(&x), &labels).unwrap() > 0.97);
        let predicted = model.predict(Examples::rows(&x)).unwrap();
        let right = predicted.iter().zip(&labels).filter(|(p, l)| p == l).count();
        assert_eq!(right as f64 / 240.0, model.score(Examples::rows(&x), &labels).unwrap());

        let mut sorted = names[..classes].to_vec();
        sorted.sort_unstable();
        assert_eq!(model.classes(), sorted);
        let probabilities = model.predict_proba(Examples::rows(&x)).unwrap();
        assert_eq!(probabilities.dim(), (240, classes));
        for (row, predicted) in probabilities.rows().into_iter().zip(&predicted) {
            assert!((row.sum() - 1.0).abs() < 1e-12);
            let likeliest = (0..classes).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
            assert_eq!(model.classes()[likeliest], *predicted);
        }
    }
}

#[test]
fn labels_are_of_any_type_with_an_order() {
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    enum Tumour {
        Benign,
        Malignant,
    }
    let (x, numbers) = clouds(2, 60);
    let tumours = [Tumour::Benign, Tumour::Malignant];
    let labels: Vec<_> = numbers.iter().map(|&n| tumours[n].clone()).collect();
    let mut model = Classifier::<f64, Tumour>::new(quick());
    model.fit(Examples::rows(&x), &labels).unwrap();
    assert_eq!(model.predict(Examples::rows(&x)).unwrap(), labels);

    let labels: Vec<String> = numbers.iter().map(|n| format!("class {n}")).collect();
    let mut model = Classifier::<f32, String>::new(quick());
    let x = x.mapv(|x| x as f32);
    model.fit(Examples::rows(&x), &labels).unwrap();
    assert_eq!(model.predict(Examples::rows(&x)).unwrap(), labels);
}

/// A classifier with one layer without hidden units, whose logits are `w·x`.
fn linear<F: Float>(w: &[f64]) -> Classifier<F, usize> {
    let output = if w.len() == 1 { Activation::Sigmoid } else { Activation::Softmax };
    let layer = Layer {
        w: Array2::from_shape_fn((w.len(), 1), |(k, _)| F::of(w[k])),
        b: Array2::zeros((w.len(), 1)),
        activation: output,
    };
    let classes: Vec<usize> = (0..w.len().max(2)).collect();
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let how = Hyperparameters::plain().hidden(&[]).standardize(false);
    Classifier::from_parameters(how, &classes, parameters, None).unwrap()
}

fn check_logarithms<F: Float>() {
    let x = array![[1.0], [-1.0], [1e-3]].mapv(F::of);
    let two = linear::<F>(&[1e4]);
    let logarithms = two.predict_log_proba(Examples::rows(&x)).unwrap();
    assert_eq!(logarithms.slice(s![..2, ..]), array![[-1e4, 0.0], [0.0, -1e4]].mapv(F::of));
    assert_eq!(two.predict_proba(Examples::rows(&x)).unwrap()[[0, 0]], F::zero());
    // ln p = -ln(1 + e⁻¹⁰)
    let near_0 = logarithms[[2, 1]].as_f64();
    let (expected, epsilon) = (-(-10.0_f64).exp().ln_1p(), F::epsilon().as_f64());
    assert!((near_0 - expected).abs() <= 20.0 * epsilon * -expected, "{near_0} {expected}");
    assert!((logarithms[[2, 0]].as_f64() - expected + 10.0).abs() <= 20.0 * epsilon);

    let three = linear::<F>(&[1e4, 0.0, -1e4]);
    let logarithms = three.predict_log_proba(Examples::columns(x.t())).unwrap();
    let first = array![[0.0, -2e4], [-1e4, -1e4], [-2e4, 0.0]].mapv(F::of);
    assert_eq!((logarithms.dim(), logarithms.slice(s![.., ..2])), ((3, 3), first.view()));
    let of_rows = three.predict_log_proba(Examples::rows(&x)).unwrap();
    assert_eq!(of_rows.t(), logarithms);
}

#[test]
fn logarithms_of_probabilities_stay_finite() {
    check_logarithms::<f64>();
    check_logarithms::<f32>();
}

#[test]
fn logits_and_logarithms_that_overflow_are_an_error() {
    let x = array![[1.0], [f64::MAX]];
    let model = linear::<f64>(&[8.0]);
    assert_eq!(model.predict_proba(Examples::rows(&x)).unwrap()[[1, 1]], 1.0);
    let error = model.predict_log_proba(Examples::rows(&x)).unwrap_err();
    let Error::NotFinite { layer: Some(1), position, .. } = error else { panic!("{error}") };
    assert_eq!(position, Position::Entry { row: 0, column: 1 });
    let error = linear::<f64>(&[0.375, 0.0, -0.375]).predict_log_proba(Examples::rows(&x));
    assert!(error.is_ok(), "{error:?}");
    let error = linear::<f64>(&[1.0, 0.0, -1.0]).predict_log_proba(Examples::rows(&x));
    assert!(matches!(error, Err(Error::NotFinite { layer: Some(1), .. })), "{error:?}");
}

#[test]
fn questions_before_training_and_about_other_tables_are_errors() {
    let (x, labels) = clouds(2, 40);
    let empty = Classifier::<f64, usize>::new(quick());
    assert_eq!(empty.predict(Examples::rows(&x)).unwrap_err(), Error::NotFitted);
    assert_eq!(empty.predict_proba(Examples::rows(&x)).unwrap_err(), Error::NotFitted);
    assert_eq!(empty.predict_log_proba(Examples::rows(&x)).unwrap_err(), Error::NotFitted);
    assert_eq!(empty.score(Examples::rows(&x), &labels).unwrap_err(), Error::NotFitted);
    assert!(empty.classes().is_empty() && empty.parameters().is_none() && empty.scaler().is_none());
    let regressor = Regressor::<f64>::new(quick());
    assert_eq!(regressor.predict(Examples::rows(&x)).unwrap_err(), Error::NotFitted);

    for how in [quick(), quick().standardize(false)] {
        let model = fitted(how, &x, &labels);
        let wide = Array2::zeros((3, 5));
        let error = model.predict(Examples::rows(&wide)).unwrap_err();
        assert_eq!(model.predict_log_proba(Examples::rows(&wide)), Err(error.clone()));
        assert_eq!(
            error.to_string(),
            "layer 1: W (8, 2) and X (5, 3) do not fit: columns of W must equal features of X"
        );
        let error = model.predict(Examples::columns(&x)).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
        let error = model.predict(Examples::rows(&array![[0.0, f64::NAN]])).unwrap_err();
        let Error::NotFinite { position, .. } = error else { panic!("{error}") };
        assert_eq!(position, Position::Feature { feature: 1, example: 0 });
        let error = model.score(Examples::rows(&x), &labels[1..]).unwrap_err();
        assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
        let error = model.score(Examples::rows(&x), &[9; 40]).unwrap_err();
        assert!(matches!(error, Error::UnknownLabel { example: 0, .. }), "{error}");
    }
}

/// Finite features whose outputs overflow are an error, not a class.
#[test]
fn an_output_that_is_not_finite_is_no_prediction() {
    let (x, labels) = clouds(3, 60);
    let model = fitted(quick(), &x.mapv(|x| 1e-3 * x), &labels);
    let far = array![[1e-3, 0.1], [1e308, -1e308]];
    let error = model.predict(Examples::rows(&far)).unwrap_err();
    let Error::NotFinite { layer: Some(2), operand: "AL", position, .. } = &error else {
        panic!("{error}")
    };
    assert!(matches!(position, Position::Entry { column: 1, .. }), "{error}");
    assert_eq!(
        model.predict_proba(Examples::rows(&far)).unwrap_err().to_string(),
        error.to_string()
    );
    assert!(model.score(Examples::rows(&far), &[0, 1]).is_err());
    model.predict(Examples::rows(far.slice(s![..1, ..]))).unwrap();
}

/// All examples of a class are validation examples: one class is left for training.
#[test]
fn one_class_that_is_left_to_learn_from_is_said() {
    let x = array![[0.0], [1.0], [2.0], [3.0]];
    let mut model = Classifier::<f64, i32>::new(quick());
    let options = FitOptions::new().validation([1, 3]);
    let error = model.fit_with(Examples::rows(&x), &[0, 1, 0, 1], options).unwrap_err();
    assert_eq!(error, Error::OneClass);
}

/// With one example in twenty of a rare class, balanced weights find more of them.
#[test]
fn balanced_weights_help_a_rare_class() {
    let mut rng = NumpyRandom::seed(5);
    let labels: Vec<_> = (0..400).map(|i| usize::from(i % 20 == 0)).collect();
    let x = Array2::from_shape_fn((400, 1), |(i, _)| 1.5 * labels[i] as f64 + rng.randn());
    let recall = |weights: ClassWeights| {
        let model = fitted(quick().class_weights(weights), &x, &labels);
        let predicted = model.predict(Examples::rows(&x)).unwrap();
        let table = ConfusionMatrix::new(Actual(&labels), Predicted(&predicted)).unwrap();
        table.recall(1).unwrap()
    };
    let (equal, balanced) = (recall(ClassWeights::Equal), recall(ClassWeights::Balanced));
    assert!(balanced > 0.6 && balanced > equal + 0.3, "{equal} {balanced}");
    // Equal weights for classes are weights of 1.
    assert_eq!(recall(ClassWeights::Given(vec![1.0, 1.0])), equal);
}

#[test]
fn tables_that_come_one_after_the_other() {
    let (x, labels) = clouds(3, 120);
    let mut model = Classifier::<f64, usize>::new(quick()).with_classes(&[0, 1, 2]);
    for round in 0..40 {
        let rows: Vec<_> = (0..40).map(|i| 3 * i + round % 3).collect();
        let table = x.select(Axis(0), &rows);
        // Each part has one class only.
        let history = model.partial_fit(Examples::rows(&table), &vec![round % 3; 40]).unwrap();
        assert_eq!(history.epochs[0].epoch, round);
    }
    assert_eq!(model.classes(), [0, 1, 2]);
    let error = model.partial_fit(Examples::rows(x.slice(s![..2, ..])), &[0, 7]).unwrap_err();
    assert!(matches!(error, Error::UnknownLabel { example: 1, .. }), "{error}");
    let error = model.partial_fit(Examples::rows(&Array2::zeros((4, 9))), &[0; 4]).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let mut one = Classifier::<f64, usize>::new(quick());
    let error = one.partial_fit(Examples::rows(&x), &[4; 120]).unwrap_err();
    assert_eq!(error, Error::OneClass);

    // Partial fits of all examples equal a fit with as many epochs.
    let mut bit_by_bit = Classifier::<f64, usize>::new(quick());
    for _ in 0..30 {
        bit_by_bit.partial_fit(Examples::rows(&x), &labels).unwrap();
    }
    assert_eq!(bit_by_bit.parameters(), fitted(quick(), &x, &labels).parameters());
}

/// A second fit starts anew, with other classes and features.
#[test]
fn a_model_can_be_fitted_again_on_another_table() {
    let (x, labels) = clouds(3, 90);
    let mut model = fitted(quick(), &x, &labels);
    let first = model.clone();
    let others: Vec<_> = labels.iter().map(|&label| 10 + usize::from(label == 1)).collect();
    let narrow = x.slice(s![.., ..1]);
    model.fit(Examples::rows(narrow), &others).unwrap();
    assert_eq!(model.classes(), [10, 11]);
    assert_eq!(model.predict_proba(Examples::rows(narrow)).unwrap().dim(), (90, 2));
    assert_eq!(first.classes(), [0, 1, 2]);
    first.score(Examples::rows(&x), &labels).unwrap();
    // Declared classes stay.
    let mut model = Classifier::<f64, usize>::new(quick()).with_classes(&[9, 10, 11]);
    model.fit(Examples::rows(&x), &others).unwrap();
    assert_eq!(model.classes(), [9, 10, 11]);
}

#[test]
fn examples_without_a_weight_are_refused_in_every_set() {
    let x = Array2::from_shape_fn((40, 2), |(i, f)| ((i * (f + 3)) % 11) as f64);
    let labels: Vec<u8> = (0..40).map(|i| i % 2).collect();
    let weightless = ClassWeights::Given(vec![0.0, 0.0]);
    let mut model = Classifier::<f64, u8>::new(quick().class_weights(weightless));
    assert_eq!(model.fit(Examples::rows(&x), &labels).unwrap_err(), Error::NoWeight);
    assert_eq!(model.partial_fit(Examples::rows(&x), &labels).unwrap_err(), Error::NoWeight);

    // Balanced weights count the training examples of one fit only.
    let how = quick().validation_share(0.2);
    let (_, validation) = stratified_split(&labels, 0.2, &mut NumpyRandom::seed(how.seed)).unwrap();
    let weights: Vec<f64> =
        (0..40).map(|i| if validation.contains(&i) { 0.0 } else { 1.0 }).collect();
    let mut model = Classifier::<f64, u8>::new(how);
    let options = FitOptions::new().weights(&weights);
    let error = model.fit_with(Examples::rows(&x), &labels, options).unwrap_err();
    assert_eq!(error, Error::NoWeight);
}
