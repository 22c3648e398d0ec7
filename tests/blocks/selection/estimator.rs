//! Estimators outside the crate, borrowed labels, and what an estimator is made of.

use super::{fold, how, points};
use crate::support::message;
use dnn_blocks::data::stratified_k_fold;
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks::selection::{
    Estimator, OwnedExamples, OwnedLabelSets, Selectable, Tabular, cross_validate,
    permutation_importance,
};
use dnn_blocks::{Error, Result};

/// A table of words.
#[derive(Debug, Clone, PartialEq)]
struct Words {
    names: Vec<String>,
    columns: Vec<Vec<String>>,
}

impl Selectable for Words {
    type View<'a> = &'a Words;

    fn view(&self) -> &Words {
        self
    }

    fn count(words: &Words) -> usize {
        words.columns[0].len()
    }

    fn select(words: &Words, examples: &[usize]) -> Result<Self> {
        let columns = words.columns.iter();
        let columns = columns.map(|column| Vec::select(column, examples));
        Ok(Self { names: words.names.clone(), columns: columns.collect::<Result<_>>()? })
    }
}

impl Tabular for Words {
    fn features(words: &Words) -> Vec<Option<String>> {
        words.names.iter().cloned().map(Some).collect()
    }

    fn set_feature(&mut self, feature: usize, words: &Words, examples: &[usize]) -> Result<()> {
        self.columns[feature] = Vec::select(&words.columns[feature], examples)?;
        Ok(())
    }
}

/// One-hot columns of the words that it has seen, and a classifier.
#[derive(Clone)]
struct Encoded<'l> {
    known: Vec<Vec<String>>,
    model: Classifier<f32, &'l str>,
}

impl<'l> Encoded<'l> {
    fn new() -> Self {
        let how = how().epochs(40).constant_features(true).standardize(false);
        Self { known: Vec::new(), model: Classifier::new(how) }
    }

    fn encode(&self, words: &Words) -> Result<Array2<f32>> {
        let mut rows = Vec::new();
        for (known, column) in self.known.iter().zip(&words.columns) {
            if let Some(word) = column.iter().find(|word| word.is_empty()) {
                return Err(Error::custom(format!("a word is empty: `{word}`")));
            }
            for known in known {
                rows.extend(column.iter().map(|word| f32::from(u8::from(word == known))));
            }
        }
        let shape = (self.known.iter().map(Vec::len).sum(), Words::count(words));
        Array2::from_shape_vec(shape, rows).map_err(Error::custom)
    }
}

impl<'l> Estimator for Encoded<'l> {
    type Float = f32;
    type Input = Words;
    type Targets = Vec<&'l str>;

    fn for_targets(&self, labels: &[&'l str]) -> Result<Self> {
        Ok(Self { known: Vec::new(), model: self.model.for_targets(labels)? })
    }

    fn fit(&mut self, words: &Words, labels: &[&'l str]) -> Result<()> {
        self.known = words.columns.clone();
        for known in &mut self.known {
            known.sort();
            known.dedup();
        }
        let x = self.encode(words)?;
        self.model.fit(Examples::columns(&x), labels).map(|_| ())
    }

    fn outputs(&self, words: &Words) -> Result<Array2<f32>> {
        self.model.predict_proba(Examples::columns(&self.encode(words)?))
    }
}

/// The first column decides the label.
fn words() -> (Words, Vec<String>) {
    let first: Vec<String> = (0..60).map(|i| ["red", "green", "blue"][i % 3].into()).collect();
    let second = (0..60).map(|i| format!("{}", i / 7 % 4)).collect();
    let names = vec!["color".into(), "number".into()];
    let labels = first.iter().map(|color| color[..1].to_string()).collect();
    (Words { names, columns: vec![first, second] }, labels)
}

#[test]
fn an_encoder_with_a_model_is_cross_validated_and_has_importances_of_its_columns() {
    let (words, owned) = words();
    let labels: Vec<&str> = owned.iter().map(String::as_str).collect();
    let folds = stratified_k_fold(&labels, 4, &mut NumpyRandom::seed(1)).unwrap();
    let mut model = Encoded::new();
    let result = cross_validate(&model, &words, &labels, &folds, |model, test| {
        let x = model.encode(test.x())?;
        model.model.score(Examples::columns(&x), test.targets())
    });
    let result = result.unwrap();
    assert_eq!((result.mean(), result.outputs.dim()), (1.0, (3, 60)));

    model.fit(&words, &labels).unwrap();
    let importance = permutation_importance(
        &model,
        &words,
        &labels,
        |model, test| {
            let p = model.outputs(test.x())?;
            let classes = model.model.classes();
            let predicted = predicted_classes(&p)?.into_iter().map(|class| classes[class]);
            accuracy(Actual(test.targets()), Predicted(&predicted.collect::<Vec<_>>()))
        },
        3,
        &mut NumpyRandom::seed(1),
    );
    let importance = importance.unwrap();
    assert_eq!(importance[0].name.as_deref(), Some("color"));
    assert!(importance[0].mean > 0.5 && importance[1].mean < 0.1, "{importance:?}");
}

#[test]
fn an_error_of_another_type_is_wrapped() {
    let (mut words, owned) = words();
    words.columns[1][9].clear();
    let labels: Vec<&str> = owned.iter().map(String::as_str).collect();
    let folds = stratified_k_fold(&labels, 4, &mut NumpyRandom::seed(1)).unwrap();
    let result = cross_validate(&Encoded::new(), &words, &labels, &folds, |_, _| Ok(0.0));
    let Err(Error::InFold { cause, .. }) = result else { panic!("{result:?}") };
    assert!(matches!(*cause, Error::Custom { .. }));
    assert_eq!(cause.to_string(), "a word is empty: ``");
    let parsed: std::result::Result<u8, _> = "x".parse();
    let Err(Error::Custom { cause }) = parsed.map_err(Error::custom) else { panic!() };
    assert!(cause.downcast_ref::<std::num::ParseIntError>().is_some());
}

/// The test is that this compiles: labels live no longer than a local text.
#[test]
fn labels_may_be_borrowed_from_a_local() {
    let (x, numbers) = points(30);
    let text: String = numbers.iter().map(|number| format!("n{number} ")).collect();
    let labels: Vec<&str> = text.split_whitespace().collect();
    let folds = stratified_k_fold(&labels, 3, &mut NumpyRandom::seed(1)).unwrap();
    let mut model = Classifier::new(how());
    let x = Examples::rows(&x);
    let result = cross_validate(&model, x, &labels, &folds, |model, test| {
        model.score(test.x(), test.targets())
    });
    assert_eq!(result.unwrap().scores.len(), 3);
    model.fit(x, &labels).unwrap();
    let importance = permutation_importance(
        &model,
        x,
        &labels,
        |model, test| model.score(test.x(), test.targets()),
        1,
        &mut NumpyRandom::seed(1),
    );
    assert_eq!(importance.unwrap().len(), 2);
    let sets: Vec<Vec<&str>> = labels.iter().map(|label| vec![*label]).collect();
    let model = MultiLabelClassifier::new(how());
    let result = cross_validate(&model, x, LabelSets::from(&sets), &folds, |model, test| {
        model.score(test.x(), test.targets())
    });
    assert_eq!(result.unwrap().outputs.dim(), (3, 30));
}

#[test]
fn a_selection_is_in_the_order_of_the_indices() {
    let x = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
    let names = ["a", "b"];
    let expected = array![[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]];
    let columns = x.t().to_owned();
    for examples in [Examples::rows(&x), Examples::columns(&columns)] {
        let some = OwnedExamples::select(examples.feature_names(&names), &[2, 0, 2]).unwrap();
        assert_eq!(some.view().as_columns(), expected.t());
        assert_eq!(OwnedExamples::features(some.view()), [Some("a".into()), Some("b".into())]);
        let again = OwnedExamples::select(some.view(), &[1]).unwrap();
        assert_eq!(again.view().as_columns(), array![[1.0], [2.0]]);
    }
    assert_eq!(Vec::select(&["a", "b"], &[1, 0, 1]).unwrap(), ["b", "a", "b"]);
    let sets = [vec![1], vec![], vec![2, 3]];
    let some = OwnedLabelSets::<f64, u8>::select(LabelSets::from(&sets), &[2, 1]).unwrap();
    assert_eq!(OwnedLabelSets::count(some.view()), 2);
    let expected = [vec![2, 3], vec![]];
    assert_eq!(some, OwnedLabelSets::select(LabelSets::from(&expected), &[0, 1]).unwrap());
}

#[test]
fn an_index_out_of_range_is_an_error() {
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    let x = Examples::rows(&x);
    let expected = "example is 2, but must be below the number of examples";
    assert_eq!(message(OwnedExamples::select(x, &[0, 2])), expected);
    assert_eq!(message(Vec::select(&["a", "b"], &[2])), expected);
    let sets = [vec![1], vec![]];
    assert_eq!(message(OwnedLabelSets::<f64, u8>::select((&sets).into(), &[2])), expected);
    let mut copy = OwnedExamples::select(x, &[0, 1]).unwrap();
    assert_eq!(message(copy.set_feature(0, x, &[1, 2])), expected);
    let expected = "feature is 2, but must be below the number of features";
    assert_eq!(message(copy.set_feature(2, x, &[0, 1])), expected);
    assert_eq!(copy, OwnedExamples::select(x, &[0, 1]).unwrap());
}

/// A model with as many outputs as it has training examples.
#[derive(Debug, Clone)]
struct Growing(usize);

impl Estimator for Growing {
    type Float = f64;
    type Input = Vec<f64>;
    type Targets = Vec<f64>;

    fn fit(&mut self, x: &[f64], _targets: &[f64]) -> Result<()> {
        self.0 += x.len();
        Ok(())
    }

    fn outputs(&self, x: &[f64]) -> Result<Array2<f64>> {
        Ok(Array2::zeros((self.0, x.len())))
    }
}

/// Each fold fits its own copy, whose outputs must have one shape.
#[test]
fn outputs_of_different_folds_have_the_same_number() {
    let x = [1.0, 2.0, 3.0, 4.0];
    let equal = [fold(&[0, 1], &[2]), fold(&[2, 3], &[1, 0])];
    let result = cross_validate(&Growing(0), &x, &x, &equal, |_, _| Ok(0.0)).unwrap();
    assert_eq!((result.outputs.dim(), result.scores.len()), ((2, 4), 2));
    let different = [fold(&[0, 1], &[2]), fold(&[0, 1, 2], &[3])];
    let result = cross_validate(&Growing(0), &x, &x, &different, |_, _| Ok(0.0));
    let expected = "fold 1: outputs (3, 1) and the test set (2, 1) do not fit: every fold needs the \
                    same number of outputs, for each test example";
    assert_eq!(message(result), expected);
}

/// A model that returns its examples as outputs.
#[derive(Debug, Clone)]
struct Same;

impl Estimator for Same {
    type Float = f64;
    type Input = Vec<f64>;
    type Targets = Vec<f64>;

    fn fit(&mut self, _x: &[f64], _targets: &[f64]) -> Result<()> {
        Ok(())
    }

    fn outputs(&self, x: &[f64]) -> Result<Array2<f64>> {
        Ok(Array2::from_shape_fn((1, x.len()), |(_, example)| x[example]))
    }
}

/// Also the sign of 0.
#[test]
fn the_output_of_one_fold_is_kept_as_it_is() {
    let x = [-0.0, 0.0, 0.1, f64::MAX];
    let folds = [fold(&[0, 1], &[2, 3]), fold(&[2, 3], &[0, 1])];
    let result = cross_validate(&Same, &x, &x, &folds, |_, _| Ok(0.0)).unwrap();
    assert!(result.outputs.iter().zip(x).all(|(output, x)| output.to_bits() == x.to_bits()));
}
