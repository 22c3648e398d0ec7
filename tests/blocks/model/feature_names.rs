//! Names of features: kept by models, compared at predictions, and given in errors.

use super::{clouds, quick};
use dnn_blocks::Error;
use dnn_blocks::model::PackedWeights;
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;

const NAMES: [&str; 2] = ["mean radius", "area"];
const OTHER: [&str; 2] = ["mean radius", "perimeter"];

/// A classifier and a regressor of the same examples, with these names.
fn models(names: &[&str]) -> (Classifier<f64, usize>, Regressor<f64>, Array2<f64>, Vec<usize>) {
    let (x, labels) = clouds(3, 60);
    let mut classifier = Classifier::new(quick());
    let mut regressor = Regressor::new(quick());
    let examples = Examples::rows(&x).feature_names(names);
    classifier.fit(examples, &labels).unwrap();
    regressor.fit(examples, Examples::rows(&x)).unwrap();
    (classifier, regressor, x, labels)
}

fn other() -> Error {
    Error::FeatureName { feature: 1, found: "perimeter".into(), expected: "area".into() }
}

fn not_finite(feature: &str) -> String {
    format!("X[{feature}, example 1] is NaN")
}

#[test]
fn names_of_any_kind_are_kept() {
    let (x, labels) = clouds(2, 40);
    let owned = NAMES.map(String::from);
    let examples = Examples::rows(&x);
    for examples in [
        examples.feature_names(&NAMES),
        examples.feature_names(&NAMES[..]),
        examples.feature_names(&NAMES.to_vec()),
        examples.feature_names(&owned),
        examples.feature_names(&owned[..]),
        examples.feature_names(&owned.to_vec()),
        Examples::columns(x.t()).feature_names(&NAMES),
    ] {
        let mut model = Classifier::new(quick());
        assert_eq!(model.feature_names(), None);
        model.fit(examples, &labels).unwrap();
        assert_eq!(model.feature_names().unwrap(), NAMES);
        // Names of another model are names of examples.
        let again = Examples::rows(&x).feature_names(model.feature_names().unwrap());
        assert_eq!(model.predict(again).unwrap(), model.predict(Examples::rows(&x)).unwrap());
        let again = model.clone();
        assert_eq!(again.feature_names().unwrap(), NAMES);
        model.fit(Examples::rows(&x), &labels).unwrap();
        assert_eq!(model.feature_names(), None, "of an earlier fit");
    }
    let (_, regressor, ..) = models(&NAMES);
    assert_eq!(regressor.feature_names().unwrap(), NAMES);
}

/// As `test_preserve_feature_names` of scikit-learn.
#[test]
fn a_validation_split_keeps_the_names() {
    let (x, labels) = clouds(3, 120);
    let examples = Examples::rows(&x).feature_names(&NAMES);
    let hyperparameters = quick().validation_share(0.2).patience(5);
    let mut classifier = Classifier::new(hyperparameters.clone());
    let history = classifier.fit(examples, &labels).unwrap();
    assert!(history.epochs[0].validation_cost.is_some());
    assert_eq!(classifier.feature_names().unwrap(), NAMES);
    classifier.score(examples, &labels).unwrap();
    let mut regressor = Regressor::new(hyperparameters);
    regressor.fit(examples, Examples::rows(&x)).unwrap();
    assert_eq!(regressor.feature_names().unwrap(), NAMES);
    regressor.score(examples, Examples::rows(&x)).unwrap();
}

#[test]
fn names_change_no_number() {
    let (classifier, regressor, x, labels) = models(&NAMES);
    let mut plain = Classifier::new(quick());
    plain.fit(Examples::rows(&x), &labels).unwrap();
    assert_eq!(plain.parameters(), classifier.parameters());
    let mut plain = Regressor::new(quick());
    plain.fit(Examples::rows(&x), Examples::rows(&x)).unwrap();
    assert_eq!(plain.parameters(), regressor.parameters());
}

#[test]
fn each_feature_has_a_name_of_its_own() {
    let (x, labels) = clouds(2, 40);
    let long = "n".repeat(500);
    let quoted = r#"the 5' 3" line \ edge"#; // printed as it is
    for (names, message) in [
        (&["a"][..], "feature_names and the features of X differ in length: 1 and 2"),
        (&["a", "b", "c"], "feature_names and the features of X differ in length: 3 and 2"),
        (&[], "feature_names and the features of X differ in length: 0 and 2"),
        (&["a", ""], "feature 1 is named \"\", but names must not be empty"),
        (&["a", "a"], "feature 1 is named \"a\", but names must be distinct"),
        (&["\n", "\n"], "feature 1 is named \"\\n\", but names must be distinct"),
        (
            &[quoted, quoted],
            &format!("feature 1 is named \"{quoted}\", but names must be distinct"),
        ),
        (
            &[&long, &long],
            &format!("feature 1 is named \"{}…\", but names must be distinct", &long[..100]),
        ),
    ] {
        let examples = Examples::rows(&x).feature_names(names);
        let (mut classifier, mut regressor) = (Classifier::new(quick()), Regressor::new(quick()));
        for error in [
            classifier.fit(examples, &labels).unwrap_err(),
            classifier.partial_fit(examples, &labels).unwrap_err(),
            regressor.fit(examples, Examples::rows(&x)).unwrap_err(),
            regressor.partial_fit(examples, Examples::rows(&x)).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), message);
        }
        assert!(classifier.parameters().is_none() && regressor.parameters().is_none());
    }
}

#[test]
fn a_prediction_with_other_names_is_an_error() {
    let (classifier, regressor, x, labels) = models(&NAMES);
    let weights = PackedWeights::new(classifier.parameters().unwrap()).unwrap();
    let mut predictor = classifier.predictor(60).unwrap();
    let mut packed = classifier.predictor(60).unwrap().with_weights(&weights).unwrap();
    let mut values = regressor.predictor(60).unwrap();
    let y = Examples::rows(&x).feature_names(&["these", "are no features"]);
    for examples in [Examples::rows(&x), Examples::columns(x.t())] {
        let named = examples.feature_names(&OTHER);
        for error in [
            classifier.predict(named).unwrap_err(),
            classifier.predict_proba(named).unwrap_err(),
            classifier.score(named, &labels).unwrap_err(),
            predictor.predict(named).unwrap_err(),
            predictor.predict_proba(named).unwrap_err(),
            packed.predict(named).unwrap_err(),
            regressor.predict(named).unwrap_err(),
            regressor.score(named, y).unwrap_err(),
            values.predict(named).unwrap_err(),
        ] {
            assert_eq!(error, other());
        }
        for named in [examples, examples.feature_names(&NAMES)] {
            let labels = classifier.predict(named).unwrap();
            assert!(predictor.predict(named).unwrap().iter().copied().eq(&labels));
            assert!(packed.predict(named).unwrap().iter().copied().eq(&labels));
            regressor.predict(named).unwrap();
            regressor.score(named, y).unwrap();
            values.predict(named).unwrap();
        }
    }
    assert_eq!(
        other().to_string(),
        "feature 1 is named \"perimeter\", but the model was fitted with \"area\""
    );
    let swapped = Examples::rows(&x).feature_names(&["area", "mean radius"]);
    let error = classifier.predict(swapped).unwrap_err();
    assert!(matches!(error, Error::FeatureName { feature: 0, .. }), "{error}");
    let fewer = Examples::rows(&x).feature_names(&NAMES[..1]);
    let error = classifier.predict(fewer).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
}

/// The error says which feature was added, or which shapes do not fit.
#[test]
fn another_number_of_features_is_an_error() {
    let (classifier, _, x, _) = models(&NAMES);
    let wider = array![[1.0, 2.0, 3.0]];
    let wider = Examples::rows(&wider);
    let error = classifier.predict(wider.feature_names(&["mean radius", "b", "area"])).unwrap_err();
    assert!(matches!(error, Error::FeatureName { feature: 1, .. }), "{error}");
    let error = classifier.predict(wider.feature_names(&["mean radius", "area", "c"])).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let narrower = Examples::columns(x.t().slice_move(dnn_blocks::ndarray::s![..1, ..]));
    let error = classifier.predict(narrower.feature_names(&NAMES[..1])).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
}

#[test]
fn errors_of_a_fit_give_the_name() {
    let (mut x, labels) = clouds(2, 40);
    let fit = |x: &Array2<f64>| {
        let examples = Examples::rows(x).feature_names(&NAMES);
        let (mut classifier, mut regressor) = (Classifier::new(quick()), Regressor::new(quick()));
        let whole = [
            classifier.fit(examples, &labels).unwrap_err(),
            regressor.fit(examples, Examples::values(x.column(0))).unwrap_err(),
        ];
        whole.map(|error| error.to_string())
    };
    x.column_mut(0).fill(2.0);
    let constant = "feature 0 (mean radius) has the same value in every example; set \
                    `constant_features(true)` to accept it";
    assert_eq!(fit(&x), [constant; 2]);
    x[[1, 1]] = f64::NAN;
    assert_eq!(fit(&x), [(); 2].map(|()| not_finite("feature 1 (area)")));
    let mut model = Classifier::new(quick());
    let examples = Examples::rows(&x).feature_names(&NAMES);
    let error = model.partial_fit(examples, &labels).unwrap_err();
    assert_eq!(error.to_string(), not_finite("feature 1 (area)"));
}

/// A target of a regressor is no feature.
#[test]
fn errors_about_targets_have_no_name() {
    let (mut x, _) = clouds(2, 40);
    let good = x.clone();
    x[[1, 1]] = f64::NAN;
    let mut model = Regressor::new(quick());
    let examples = Examples::rows(&good).feature_names(&NAMES);
    let error = model.fit(examples, Examples::rows(&x)).unwrap_err();
    assert_eq!(error.to_string(), "Y[feature 1, example 1] is NaN");
}

#[test]
fn errors_of_a_prediction_give_the_name_in_the_model() {
    let bad = array![[0.0, 1.0], [0.0, f64::NAN]];
    let plain = Examples::rows(&bad);
    let expected = not_finite("feature 1 (area)");
    for standardize in [true, false] {
        let (x, labels) = clouds(2, 40);
        let examples = Examples::rows(&x).feature_names(&NAMES);
        let mut classifier = Classifier::new(quick().standardize(standardize));
        classifier.fit(examples, &labels).unwrap();
        let mut regressor = Regressor::new(quick().standardize(standardize));
        regressor.fit(examples, Examples::rows(&x)).unwrap();
        for plain in [plain, plain.feature_names(&NAMES)] {
            for error in [
                classifier.predict(plain).unwrap_err(),
                classifier.predictor(2).unwrap().predict(plain).unwrap_err(),
                classifier.partial_fit(plain, &[0, 1]).unwrap_err(),
                regressor.predict(plain).unwrap_err(),
                regressor.predictor(2).unwrap().predict(plain).unwrap_err(),
                regressor.partial_fit(plain, Examples::values(&[0.0, 1.0])).unwrap_err(),
            ] {
                assert_eq!(error.to_string(), expected);
            }
        }
    }
}

/// At a prediction it accepts all names; the next examples that it is trained on give it theirs.
#[test]
fn a_model_without_names_takes_those_of_later_examples() {
    let (x, labels) = clouds(2, 40);
    let mut model = Classifier::new(quick());
    model.fit(Examples::rows(&x), &labels).unwrap();
    for names in [NAMES, OTHER] {
        let named = Examples::rows(&x).feature_names(&names);
        model.predict(named).unwrap();
        model.predictor(40).unwrap().predict(named).unwrap();
        assert_eq!(model.feature_names(), None);
        let mut partial = model.clone();
        partial.partial_fit(named, &labels).unwrap();
        assert_eq!(partial.feature_names().unwrap(), names);
        let mut warm = model.clone();
        warm.fit_with(named, &labels, FitOptions::new().warm_start(true)).unwrap();
        assert_eq!(warm.feature_names().unwrap(), names);
    }
    let bad = array![[0.0, 1.0], [0.0, f64::NAN]];
    let error = model.predict(Examples::rows(&bad)).unwrap_err();
    assert_eq!(error.to_string(), not_finite("feature 1"));
    let error = model.predict(Examples::rows(&bad).feature_names(&NAMES)).unwrap_err();
    assert_eq!(error.to_string(), not_finite("feature 1 (area)"));
}

#[test]
fn a_partial_fit_keeps_the_names_of_the_first() {
    let (x, labels) = clouds(2, 40);
    let (plain, y) = (Examples::rows(&x), Examples::rows(&x));
    let (named, others) = (plain.feature_names(&NAMES), plain.feature_names(&OTHER));
    let mut classifier = Classifier::new(quick());
    let mut regressor = Regressor::new(quick());
    for examples in [named, plain, named] {
        classifier.partial_fit(examples, &labels).unwrap();
        regressor.partial_fit(examples, y).unwrap();
        assert_eq!(classifier.feature_names().unwrap(), NAMES);
        assert_eq!(regressor.feature_names().unwrap(), NAMES);
    }
    let before = (classifier.parameters().cloned(), regressor.parameters().cloned());
    assert_eq!(classifier.partial_fit(others, &labels).unwrap_err(), other());
    assert_eq!(regressor.partial_fit(others, y).unwrap_err(), other());
    assert_eq!((classifier.parameters().cloned(), regressor.parameters().cloned()), before);
    classifier.fit(others, &labels).unwrap();
    assert_eq!(classifier.feature_names().unwrap(), OTHER);
    let warm = FitOptions::new().warm_start(true);
    assert!(classifier.fit_with(named, &labels, warm).is_err(), "the names are those of a fit");
}

#[cfg(feature = "serde")]
#[test]
fn names_stay_in_what_serde_writes() {
    use serde_json::{from_value, json, to_value};
    let (classifier, regressor, ..) = models(&NAMES);
    let (stored, of_values) = (to_value(&classifier).unwrap(), to_value(&regressor).unwrap());
    assert_eq!(stored["network"]["feature_names"], json!(NAMES));
    let again: Classifier<f64, usize> = from_value(stored.clone()).unwrap();
    assert_eq!(again.feature_names().unwrap(), NAMES);
    assert_eq!(to_value(&again).unwrap(), stored);
    let again: Regressor<f64> = from_value(of_values.clone()).unwrap();
    assert_eq!(again.feature_names().unwrap(), NAMES);
    for names in [json!(["a"]), json!(["a", ""]), json!(["a", "a"]), json!(["a", "b", "c"])] {
        let (mut stored, mut of_values) = (stored.clone(), of_values.clone());
        stored["network"]["feature_names"] = names.clone();
        of_values["network"]["feature_names"] = names.clone();
        assert!(from_value::<Classifier<f64, usize>>(stored).is_err(), "{names}");
        assert!(from_value::<Regressor<f64>>(of_values).is_err(), "{names}");
    }
}

#[cfg(feature = "safetensors")]
#[test]
fn names_stay_in_files() {
    use dnn_blocks::files::{FileError, Limits};
    let (classifier, regressor, ..) = models(&["a\"b", "größe"]);
    let file = classifier.to_safetensors().unwrap();
    let read = |file: &[u8]| Classifier::<f64, usize>::from_safetensors(file, &Limits::default());
    let again = read(&file).unwrap();
    assert_eq!(again.feature_names().unwrap(), ["a\"b", "größe"]);
    assert_eq!(again.to_safetensors().unwrap(), file);
    let file = regressor.to_safetensors().unwrap();
    let again = Regressor::<f64>::from_safetensors(&file, &Limits::default()).unwrap();
    assert_eq!(again.feature_names().unwrap(), ["a\"b", "größe"]);
    assert_eq!(again.to_safetensors().unwrap(), file);

    // Another program may write a file without a checksum.
    let (classifier, ..) = models(&["aaaa", "bbbb"]);
    let text = without_checksum(&classifier.to_safetensors().unwrap());
    assert_eq!(read(&text).unwrap().feature_names().unwrap(), ["aaaa", "bbbb"]);
    for (from, to) in [("bbbb", "aaaa"), ("bbbb", "    "), ("\\\",\\\"bbbb", "bbbbbbbbb")] {
        let changed = replaced(&text, from, to);
        match read(&changed) {
            Ok(model) => assert_eq!(model.feature_names().unwrap(), ["aaaa", "    "]),
            Err(error) => assert!(matches!(error, FileError::Model(_)) && to != "    ", "{error}"),
        }
    }
}

/// Blanks the entry of the checksum, so that all offsets stay.
#[cfg(feature = "safetensors")]
fn without_checksum(file: &[u8]) -> Vec<u8> {
    let start = b",\\\"checksum\\\":\\\"";
    let at = file.windows(start.len()).position(|window| window == start).unwrap();
    let mut changed = file.to_vec();
    changed[at..at + start.len() + 8 + 2].fill(b' ');
    changed
}

#[cfg(feature = "safetensors")]
fn replaced(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = file.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    let mut changed = file.to_vec();
    changed[at..at + from.len()].copy_from_slice(to.as_bytes());
    changed
}
