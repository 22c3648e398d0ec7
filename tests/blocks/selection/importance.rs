//! The importance of features.

use super::{accuracy, how, points};
use crate::support::message;
use dnn_blocks::Error;
use dnn_blocks::ndarray::{Array2, Axis, array};
use dnn_blocks::prelude::*;
use dnn_blocks::selection::{TestSet, permutation_importance};

/// For `y = 3 x₀ + x₁`, shuffling x costs twice the variance of its term on average.
#[test]
fn the_importance_of_a_linear_model_is_that_of_its_terms() {
    let mut rng = NumpyRandom::seed(2);
    let x = Array2::from_shape_simple_fn((2000, 3), || rng.randn());
    let y = x.map_axis(Axis(1), |row| 3.0 * row[0] + row[1]).insert_axis(Axis(1));
    let (w, b) = (array![[3.0, 1.0, 0.0]], array![[0.0]]);
    let layer = Layer { w, b, activation: Activation::Identity };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let how = Hyperparameters::default().hidden(&[]).standardize(false);
    let model = Regressor::from_parameters(how, parameters, None, None).unwrap();
    let negative_error = |model: &Regressor<f64>, test: &TestSet<Regressor<f64>>| {
        let difference = model.predict(test.x())?.t().to_owned() - test.targets().as_columns();
        Ok(-difference.mapv(|d| d * d).mean().unwrap())
    };
    let (x, y) = (Examples::rows(&x), Examples::rows(&y));
    let run = |seed| {
        let rng = &mut NumpyRandom::seed(seed);
        permutation_importance(&model, x, y, negative_error, 10, rng).unwrap()
    };
    let importance = run(1);
    for (importance, expected) in importance.iter().zip([18.0, 2.0]) {
        let error = (importance.mean - expected).abs();
        assert!(error < 0.1 * expected, "{importance:?}");
        assert!(importance.std_dev > 0.0 && importance.std_dev < 0.1 * expected);
    }
    assert_eq!((importance[2].mean, importance[2].std_dev), (0.0, 0.0));
    assert_eq!(importance[2].to_string(), "0.000 ± 0.000  feature 2");
    assert_eq!(run(1), importance);
    assert_ne!(run(2), importance);
}

#[test]
fn an_importance_needs_a_repeat_and_a_target_for_each_example() {
    let (x, labels) = points(30);
    let mut model = Classifier::<f64, u8>::new(how());
    let rng = &mut NumpyRandom::seed(1);
    let x = Examples::rows(&x);
    let unfitted = permutation_importance(&model, x, &labels, accuracy, 1, rng);
    assert_eq!(unfitted, Err(Error::NotFitted));
    model.fit(x, &labels).unwrap();
    let none = permutation_importance(&model, x, &labels, accuracy, 0, rng);
    assert_eq!(message(none), "repeats is 0, but must be at least 1");
    let short = permutation_importance(&model, x, &labels[1..], accuracy, 1, rng);
    assert!(matches!(short, Err(Error::LengthMismatch { .. })));
}

/// An example is shuffled as a loop of public calls does it, in both orientations.
#[test]
fn only_the_feature_is_shuffled_and_then_restored() {
    let (x, labels) = points(30);
    let mut model = Classifier::<f64, u8>::new(how());
    model.fit(Examples::rows(&x), &labels).unwrap();
    let names = ["length", "width"];
    let columns = x.t().to_owned();
    for examples in [Examples::rows(&x), Examples::columns(&columns)] {
        let examples = examples.feature_names(&names);
        let importance = permutation_importance(
            &model,
            examples,
            &labels,
            |model, test| {
                assert_eq!(test.examples(), (0..30).collect::<Vec<_>>());
                let seen = test.x().as_columns();
                let is_changed = |feature: usize| seen.row(feature) != x.column(feature);
                assert!(!(is_changed(0) && is_changed(1)), "one feature at a time");
                for (feature, column) in x.columns().into_iter().enumerate() {
                    let sorted = |mut values: Vec<f64>| {
                        values.sort_by(f64::total_cmp);
                        values
                    };
                    assert_eq!(sorted(seen.row(feature).to_vec()), sorted(column.to_vec()));
                }
                accuracy(model, test)
            },
            4,
            &mut NumpyRandom::seed(1),
        );
        let importance = importance.unwrap();
        let found: Vec<_> = importance.iter().map(|i| (i.feature, i.name.as_deref())).collect();
        assert_eq!(found, [(0, Some("length")), (1, Some("width"))]);
    }
    let x = Examples::rows(&x);
    let rng = &mut NumpyRandom::seed(1);
    let unnamed = permutation_importance(&model, x, &labels, accuracy, 1, rng).unwrap();
    assert_eq!(unnamed[1].name, None);
}

#[test]
fn a_metric_that_fails_is_an_error() {
    let (x, labels) = points(30);
    let mut model = Classifier::<f64, u8>::new(how());
    model.fit(Examples::rows(&x), &labels).unwrap();
    let failing = permutation_importance(
        &model,
        Examples::rows(&x),
        &labels,
        |model, test| {
            let is_whole = test.x().as_columns() == x.t();
            if is_whole { accuracy(model, test) } else { Err(Error::OneClass) }
        },
        2,
        &mut NumpyRandom::seed(1),
    );
    assert_eq!(failing, Err(Error::OneClass));
}
