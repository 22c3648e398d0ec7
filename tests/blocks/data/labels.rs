//! Labels, classes and predicted classes.

use super::normal;
use crate::support::message;
use dnn_blocks::Error;
use dnn_blocks::data::{Classes, one_hot};
use dnn_blocks::model::Predictor;
use dnn_blocks::ndarray::{Array2, ArrayRef2, array, s};
use dnn_blocks::prelude::*;

fn one_hot_and_back<F: Float>() {
    let labels = [2, 0, 1, 2, 2];
    let y = one_hot::<F>(&labels, 4).unwrap();
    assert_eq!(y.dim(), (4, 5));
    assert_eq!(y.sum(), F::of(5.0));
    assert!(labels.iter().enumerate().all(|(i, &label)| y[[label, i]] == F::one()));
    assert_eq!(predicted_classes(&y).unwrap(), labels);
}

#[test]
fn labels_become_columns_and_come_back() {
    one_hot_and_back::<f32>();
    one_hot_and_back::<f64>();
    assert_eq!(one_hot::<f64>(&[0], 1).unwrap(), array![[1.0]]);
    assert_eq!(
        one_hot::<f64>(&[0, 1, 3, 9], 3).unwrap_err(),
        Error::NoSuchClass { class: 3, classes: 3, example: Some(2) }
    );
    assert_eq!(
        message(one_hot::<f64>(&[0], 0)),
        "example 0 is of class 0, but there are no classes"
    );
    assert!(matches!(one_hot::<f64>(&[], 3), Err(Error::EmptyBatch { .. })));
    assert!(matches!(one_hot::<f64>(&[0, 1], 1 << 60), Err(Error::TooLarge { .. })));
    assert!(matches!(one_hot::<f64>(&[usize::MAX], usize::MAX), Err(Error::NoSuchClass { .. })));
}

#[test]
fn the_predicted_class_is_the_first_of_the_largest() {
    let y = array![
        [0.1, 0.5, f64::NEG_INFINITY, -3.0],
        [0.8, 0.5, f64::NEG_INFINITY, -1.0],
        [0.1, 0.0, f64::INFINITY, -2.0],
    ];
    let classes = |y: &ArrayRef2<f64>| predicted_classes(y).unwrap();
    assert_eq!(classes(&y), [1, 0, 2, 1]);
    assert_eq!(classes(&y.slice(s![..;-1, ..2])), [1, 1]);
    assert_eq!(classes(&y.t().as_standard_layout().t()), classes(&y));
    assert_eq!(classes(&Array2::zeros((3, 0))), [0; 0]);
    let error = predicted_classes(&Array2::<f32>::zeros((0, 2))).unwrap_err();
    assert!(matches!(error, Error::ZeroSize { .. }), "{error}");
    let mut y = y;
    y[[2, 1]] = f64::NAN;
    assert_eq!(message(predicted_classes(&y)), "AL[2, 1] is NaN");
}

/// `predicted_classes` takes every kind of prediction: of a sigmoid, a softmax, a network or a
/// model.
#[test]
fn the_classes_of_two_and_of_three_labels_are_those_of_the_model() {
    let x = normal::<f64>(4, 60, 0.0, 1.0);
    for classes in [2, 3] {
        let labels: Vec<usize> = (0..60).map(|i| i % classes).collect();
        let x = Array2::from_shape_fn((4, 60), |(f, i)| {
            x[[f, i]] + if f == labels[i] { 3.0 } else { 0.0 }
        });
        let how = Hyperparameters::plain().hidden(&[8]).epochs(40).learning_rate(0.01);
        let mut model = Classifier::new(how);
        let x = Examples::columns(&x);
        model.fit(x, &labels).unwrap();
        let expected = model.predict(x).unwrap();
        assert!(accuracy(Actual(&labels), Predicted(&expected)).unwrap() > 0.9);
        assert_eq!(predicted_classes(&model.predict_proba(x).unwrap()).unwrap(), expected);
        let mut predictor = model.predictor(60).unwrap();
        let probabilities = predictor.predict_proba(x.as_columns()).unwrap();
        assert_eq!(probabilities.dim(), (classes, 60));
        assert_eq!(predicted_classes(&probabilities).unwrap(), expected);
        assert!(predictor.predict(x.as_columns()).unwrap().iter().copied().eq(&expected));
        let mut predictor = Predictor::new(model.parameters().unwrap(), 60).unwrap();
        predictor = predictor.scaled(model.scaler().unwrap()).unwrap();
        let al = predictor.outputs(x.as_columns()).unwrap();
        assert_eq!(al.nrows(), if classes == 2 { 1 } else { classes });
        assert_eq!(predicted_classes(&al).unwrap(), expected);
    }
    let half = array![[0.5, 0.5_f64.next_up(), 0.5_f64.next_down(), 0.0, 1.0]];
    assert_eq!(predicted_classes(&half).unwrap(), [0, 1, 0, 0, 1]);
    assert_eq!(message(predicted_classes(&array![[0.1, f64::NAN]])), "AL[0, 1] is NaN");
}

#[test]
fn classes_are_sorted_and_distinct() {
    let labels = ["setosa", "virginica", "setosa", "versicolor"].map(String::from);
    let classes = Classes::from_labels(&labels);
    assert_eq!(classes.names(), ["setosa", "versicolor", "virginica"]);
    let encoded = classes.encode(&labels).unwrap();
    assert_eq!(encoded, [0, 2, 0, 1]);
    assert_eq!(classes.decode(&encoded).unwrap(), labels);
    assert_eq!(
        classes.encode(&["setosa".to_string(), "Setosa".to_string()]).unwrap_err(),
        Error::UnknownLabel { example: 1, classes: 3 }
    );
    assert_eq!(
        classes.decode(&[0, 1, 3]).unwrap_err(),
        Error::NoSuchClass { class: 3, classes: 3, example: Some(2) }
    );
    let none = Classes::<i32>::from_labels(&[]);
    assert_eq!((none.encode(&[]), none.decode(&[])), (Ok(vec![]), Ok(vec![])));
    assert_eq!(message(none.decode(&[0])), "example 0 is of class 0, but there are no classes");
    assert_eq!(Classes::from_labels(&[true, false]).encode(&[true]).unwrap(), [1]);
}
