//! Metrics against scikit-learn; labels of any type; 0/0, NaN, and very large and small numbers.

mod multi_label;
mod scores;

use crate::support::message;
use crate::support::reference::{assert_number, json, matrix, matrix_of, number};
use dnn_blocks::Error;
use dnn_blocks::data::one_hot;
use dnn_blocks::error::Position;
use dnn_blocks::metrics::{Labels, log_loss, r2};
use dnn_blocks::ndarray::{Array2, ArrayView1, Axis, ShapeBuilder, array, s};
use dnn_blocks::prelude::*;
use serde_json::Value;

fn cases(of: &str) -> Vec<(Value, Value)> {
    let file = json("metrics");
    let cases = file[of].as_array().unwrap();
    assert!(cases.len() >= 5);
    cases.iter().map(|case| (case["inputs"].clone(), case["expected"].clone())).collect()
}

fn labels_in(values: &Value) -> Vec<usize> {
    values.as_array().unwrap().iter().map(|label| label.as_u64().unwrap() as usize).collect()
}

#[test]
fn classifications_score_as_in_scikit_learn() {
    for (inputs, expected) in cases("classification") {
        let (predicted, actual) = (labels_in(&inputs["predicted"]), labels_in(&inputs["actual"]));
        let classes = inputs["classes"].as_u64().unwrap() as usize;
        let names: Vec<usize> = (0..classes).collect();
        let labels = (Actual(&actual), Predicted(&predicted));
        let table = ConfusionMatrix::with_classes(labels.0, labels.1, &names).unwrap();
        assert_eq!(table.counts().mapv(|count| count as f64), matrix(&expected["counts"]));
        let close = |what: &str, found: f64, expected: &Value| {
            assert_number(what, found, number(expected), 1e-15);
        };
        close("accuracy", accuracy(labels.0, labels.1).unwrap(), &expected["accuracy"]);
        close("accuracy", table.accuracy(), &expected["accuracy"]);
        close("macro precision", table.macro_precision(), &expected["macro_precision"]);
        close("macro recall", table.macro_recall(), &expected["macro_recall"]);
        close("macro f1", table.macro_f1(), &expected["macro_f1"]);
        for class in 0..classes {
            close("precision", table.precision(class).unwrap(), &expected["precision"][class]);
            close("recall", table.recall(class).unwrap(), &expected["recall"][class]);
            close("f1", table.f1(class).unwrap(), &expected["f1"][class]);
        }
    }
}

fn check_log_loss<F: Float>(name: &str, bound: f64) {
    for (inputs, expected) in cases("log_loss") {
        let (p, labels) = (matrix_of::<F>(&inputs["probabilities"]), labels_in(&inputs["labels"]));
        let expected = number(&expected[name]);
        assert_number("loss", log_loss(Actual(&labels), Predicted(&p)).unwrap(), expected, bound);
        let transposed = p.t().as_standard_layout().into_owned();
        assert_number(
            "loss",
            log_loss(Actual(&labels), Predicted(&transposed.t())).unwrap(),
            expected,
            bound,
        );
        let mut spread = Array2::from_elem((2 * p.nrows(), 3 * p.ncols()), F::nan());
        spread.slice_mut(s![..;2, ..;3]).assign(&p);
        let spread = spread.slice(s![..;2, ..;3]);
        assert_number(
            "loss",
            log_loss(Actual(&labels), Predicted(&spread)).unwrap(),
            expected,
            bound,
        );
    }
}

#[test]
fn log_losses_are_scikit_learns() {
    check_log_loss::<f64>("f64", 1e-14);
    // scikit-learn computes and adds the logarithms in f32.
    check_log_loss::<f32>("f32", 1e-6);
}

fn check_r2<F: Float>(cases: Vec<(Value, Value)>, bound: f64) {
    for (inputs, expected) in cases {
        let (predicted, actual) =
            (matrix_of::<F>(&inputs["predicted"]), matrix_of(&inputs["actual"]));
        let expected = number(&expected["r2"]);
        assert_number("r2", r2(Actual(&actual), Predicted(&predicted)).unwrap(), expected, bound);
        let (p, a) = (predicted.t().to_owned(), actual.t().to_owned());
        assert_number("r2", r2(Actual(&a.t()), Predicted(&p.t())).unwrap(), expected, bound);
    }
}

#[test]
fn r2_is_scikit_learns() {
    check_r2::<f64>(cases("r2"), 1e-9);
    let mut small = cases("r2");
    small.remove(3); // f32 rounds this number near 1e6
    check_r2::<f32>(small, 1e-5);
}

/// Class numbers in every form that metrics accept.
struct Forms {
    list: Vec<usize>,
    row: Array2<f64>,
    single_row: Array2<f32>,
    columns: Array2<f64>,
    single_columns: Array2<f32>,
}

impl Forms {
    fn new(list: Vec<usize>, classes: usize) -> Self {
        let row = Array2::from_shape_fn((1, list.len()), |(_, i)| list[i] as f64);
        let single_row = row.mapv(|number| number as f32);
        let columns = one_hot(&list, classes).unwrap();
        let single_columns = one_hot(&list, classes).unwrap();
        Self { list, row, single_row, columns, single_columns }
    }

    /// Computes scores with these as predictions, which are equal for every form.
    fn scores<'a>(
        &'a self,
        actual: impl Labels<'a, Label = usize> + Copy,
    ) -> (f64, ConfusionMatrix) {
        let first = scores(actual, &self.list);
        assert_eq!(scores(actual, &self.list[..]), first);
        assert_eq!(scores(actual, &self.row), first);
        assert_eq!(scores(actual, &self.single_row), first);
        assert_eq!(scores(actual, &*self.columns), first);
        assert_eq!(scores(actual, &self.single_columns), first);
        first
    }

    /// Computes scores and log loss with these as actual labels, which are equal for every form.
    fn scores_of(&self, predicted: &Self, probabilities: &Array2<f64>) -> (f64, ConfusionMatrix) {
        let first = predicted.scores(&self.list);
        assert_eq!(predicted.scores(&self.row), first);
        assert_eq!(predicted.scores(&self.single_row), first);
        assert_eq!(predicted.scores(&self.columns), first);
        assert_eq!(predicted.scores(&self.single_columns), first);
        let loss = log_loss(Actual(&self.list), Predicted(probabilities));
        assert!(loss.as_ref().unwrap().is_finite());
        assert_eq!(log_loss(Actual(&self.row), Predicted(probabilities)), loss);
        assert_eq!(log_loss(Actual(&self.single_row), Predicted(probabilities)), loss);
        assert_eq!(log_loss(Actual(&self.columns), Predicted(probabilities)), loss);
        assert_eq!(log_loss(Actual(&self.single_columns), Predicted(probabilities)), loss);
        first
    }
}

fn scores<'a, A, P>(actual: A, predicted: P) -> (f64, ConfusionMatrix)
where
    A: Labels<'a> + Copy,
    P: Labels<'a, Label = A::Label> + Copy,
    A::Label: Ord + ToString,
{
    let (actual, predicted) = (Actual(actual), Predicted(predicted));
    let table = ConfusionMatrix::new(actual, predicted).unwrap();
    let share = accuracy(actual, predicted).unwrap();
    assert_eq!(table.accuracy(), share);
    (share, table)
}

/// Returns a table of 90 examples, with noisy class numbers.
fn table(classes: usize) -> (Array2<f64>, Vec<usize>) {
    let mut rng = NumpyRandom::seed(4);
    let x = Array2::from_shape_simple_fn((90, 2), || rng.randn());
    let noisy = |row: ArrayView1<'_, f64>| row[0] + 0.5 * rng.randn();
    let level = x.rows().into_iter().map(noisy);
    let labels = level.map(|level| ((2.0 * level + 1.0).max(0.0) as usize).min(classes - 1));
    let labels = labels.collect();
    (x, labels)
}

fn fitted<L: Ord + Clone>(x: &Array2<f64>, labels: &[L]) -> Classifier<f64, L> {
    let how = Hyperparameters::plain().hidden(&[4]).epochs(20).batch_size(30).learning_rate(0.05);
    let mut model = Classifier::new(how.standardize(false));
    model.fit(Examples::rows(x), labels).unwrap();
    model
}

/// Predictions of the blocks and of a model agree, as lists and as matrices.
#[test]
fn predictions_of_any_origin_are_scored_without_a_cast() {
    for classes in [2, 3] {
        let (x, labels) = table(classes);
        let model = fitted(&x, &labels);
        let parameters = model.parameters().unwrap();
        let al = predict_proba(x.t(), parameters).unwrap();
        let actual = Forms::new(labels, classes);
        let predicted = Forms::new(predicted_classes(&al).unwrap(), classes);
        let (share, table) = actual.scores_of(&predicted, &al);
        assert!(share > 0.5 && share < 1.0 && table.counts().nrows() == classes, "{share}");
        assert_eq!(table.counts().sum(), 90);
        let score = model.score(Examples::rows(&x), &actual.list).unwrap();
        assert_eq!(score, share);
        let of_model = model.predict(Examples::rows(&x)).unwrap();
        assert_eq!(scores(&actual.row, &of_model), (share, table.clone()));
        // The outputs of a softmax are labels as well: the class of the largest.
        if classes > 2 {
            assert_eq!(scores(&actual.list, &al), (share, table));
        } else {
            let of_blocks = predict(x.t(), parameters).unwrap();
            assert_eq!(of_blocks, predicted.row);
            assert_eq!(actual.scores_of(&Forms::new(of_model, 2), &al), (share, table.clone()));
            assert_eq!(scores(&actual.list, &of_blocks), (share, table.clone()));
            assert_eq!(scores(&actual.columns, &of_blocks), (share, table));
        }
    }
}

/// Labels in the order of their class numbers give the same counts under other names.
fn check_labels<L: Ord + Clone + ToString + std::fmt::Debug>(names: &[L]) {
    let (x, numbers) = table(names.len());
    let labels: Vec<L> = numbers.iter().map(|&number| names[number].clone()).collect();
    let model = fitted(&x, &labels);
    let predicted = model.predict(Examples::rows(&x)).unwrap();
    let (share, table) = scores(&labels, &predicted);
    assert_eq!(share, model.score(Examples::rows(&x), &labels).unwrap());
    let of_numbers = fitted(&x, &numbers).predict(Examples::rows(&x)).unwrap();
    let (expected_share, expected) = scores(&numbers, &of_numbers);
    assert_eq!((share, table.counts()), (expected_share, expected.counts()));
    let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(table.names(), texts);
    assert_eq!(expected.with_names(texts).unwrap(), table);
}

#[test]
fn labels_of_any_type_score_as_their_numbers() {
    check_labels(&["cat", "dog", "owl"]);
    check_labels(&["cat", "dog", "owl"].map(String::from));
    check_labels(&[false, true]);
    check_labels(&[-7_i32, 0, 40]);
    check_labels(&['a', 'b']);
}

#[test]
fn numbers_that_are_no_class_are_refused_by_their_place() {
    let fine = array![[0.0, 3.0, -0.0, 999_999_999_999_999.0]];
    let list = [0, 3, 0, 999_999_999_999_999];
    assert_eq!(accuracy(Actual(&fine), Predicted(&list)), Ok(1.0));
    let single = array![[0.0_f32, 3.0, -0.0, 16_777_216.0]];
    assert_eq!(accuracy(Actual(&[0, 3, 0, 16_777_216]), Predicted(&single)), Ok(1.0));

    let rule = "a class number, an integer from 0";
    for wrong in [0.5, -1.0, 2e15, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let mut row = fine.clone();
        row[[0, 2]] = wrong;
        let single = row.mapv(|x| x as f32);
        let p = Array2::from_elem((2, 4), 0.5);
        for error in [
            accuracy(Actual(&row), Predicted(&list)),
            accuracy(Actual(&list), Predicted(&row.view())),
            accuracy(Actual(&*single), Predicted(&list)),
            ConfusionMatrix::new(Actual(&row), Predicted(&list)).map(|_| 0.0),
            ConfusionMatrix::with_classes(Actual(&list), Predicted(&row), &list).map(|_| 0.0),
            log_loss(Actual(&row), Predicted(&p)),
        ] {
            let error = error.unwrap_err();
            let text = error.to_string();
            let Error::InvalidValue { layer: None, operand: "labels", position, value, .. } = error
            else {
                panic!("{error}")
            };
            assert_eq!(position, Position::Entry { row: 0, column: 2 });
            let is_single = value.to_bits() == f64::from(wrong as f32).to_bits();
            assert!(value.to_bits() == wrong.to_bits() || is_single, "{value} {wrong}");
            assert!(text.starts_with("labels[0, 2] is ") && text.ends_with(rule), "{text}");
        }
    }
    // A sigmoid output is not a label, and a column with NaN has no class.
    let error = accuracy(Actual(&[1]), Predicted(&array![[0.9]]));
    assert_eq!(message(error), format!("labels[0, 0] is 0.9, but must be {rule}"));
    let columns = array![[0.1, f64::NAN], [0.9, 0.5]];
    let error = accuracy(Actual(&[1, 0]), Predicted(&columns)).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
}

#[test]
fn nothing_over_nothing_is_0() {
    let table =
        ConfusionMatrix::with_classes(Actual(&[1, 1]), Predicted(&[0, 0]), &[0, 1, 2, 3]).unwrap();
    for class in 0..4 {
        let scores = [table.precision(class), table.recall(class), table.f1(class)];
        assert!(scores.iter().all(|score| *score == Ok(0.0)), "{class}: {scores:?}");
    }
    let means = [table.macro_precision(), table.macro_recall(), table.macro_f1()];
    assert_eq!((means, table.accuracy()), ([0.0; 3], 0.0));
}

#[test]
fn rows_are_actual_and_columns_predicted() {
    let table = ConfusionMatrix::new(Actual(&[0, 0, 1]), Predicted(&[2, 2, 1])).unwrap();
    assert_eq!(table.counts(), array![[0, 0, 2], [0, 1, 0], [0, 0, 0]]);
    assert_eq!([table.precision(2), table.recall(0)], [Ok(0.0), Ok(0.0)]);
    assert_eq!([table.precision(1), table.recall(1)], [Ok(1.0), Ok(1.0)]);
    assert_eq!(table.macro_recall(), 1.0 / 3.0);
}

#[test]
fn a_confusion_matrix_prints_a_table() {
    let actual = [vec![0; 120], vec![1; 3]].concat();
    let predicted = [vec![0; 117], vec![1; 6]].concat();
    let table = ConfusionMatrix::new(Actual(&actual), Predicted(&predicted)).unwrap();
    let expected = "actual  predicted\n          0  1\n0       117  3\n1         0  3\n";
    assert_eq!(table.to_string(), expected);
    let named = table.clone().with_names(["Käse", "unverschämt teuer"]).unwrap();
    let lines: Vec<_> = named.to_string().lines().map(String::from).collect();
    assert_eq!(lines[1], "                   Käse  unverschämt teuer");
    assert_eq!(lines[2], "Käse                117                  3");
    assert_eq!(lines[3], "unverschämt teuer     0                  3");
    assert_eq!(
        message(table.clone().with_names(["one"])),
        "names and classes differ in length: 1 and 2"
    );
    assert!(named != table && named.counts() == table.counts());
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let lengths = "actual and predicted differ in length: 3 and 2";
    let (three, two) = (Actual(&[0, 1, 1]), Predicted(&[0, 1]));
    assert_eq!(message(accuracy(three, two)), lengths);
    assert_eq!(message(ConfusionMatrix::new(three, two)), lengths);
    assert_eq!(message(ConfusionMatrix::with_classes(three, two, &[0, 1])), lengths);
    let row = Array2::<f32>::zeros((1, 3));
    assert_eq!(message(accuracy(Actual(&row), Predicted(&[0, 1]))), lengths);
    let empty = "actual (1, 0) has no examples: a batch needs at least one column";
    let none: [usize; 0] = [];
    assert_eq!(message(accuracy(Actual(&none), Predicted(&none))), empty);
    assert_eq!(message(ConfusionMatrix::new(Actual(&none), Predicted(&none))), empty);
    let of_two = ConfusionMatrix::with_classes(Actual(&none), Predicted(&none), &[0, 1]);
    assert_eq!(message(of_two), empty);
    for rows in [1, 3] {
        let nothing = Array2::<f64>::zeros((rows, 0));
        assert_eq!(message(accuracy(Actual(&nothing), Predicted(&none))), empty);
    }
    let nothing = Array2::<f64>::zeros((0, 2));
    let error = accuracy(Actual(&nothing), Predicted(&[0, 1]));
    assert!(matches!(error, Err(Error::ZeroSize { .. })));
    assert_eq!(accuracy(Actual(&[usize::MAX, 5]), Predicted(&[usize::MAX, 4])), Ok(0.5));
}

#[test]
fn labels_that_are_none_of_the_classes_are_refused() {
    let unknown = |example, classes| Err(Error::UnknownLabel { example, classes });
    let table = |actual: &[usize], predicted: &[usize], classes: &[usize]| {
        ConfusionMatrix::with_classes(Actual(actual), Predicted(predicted), classes)
    };
    assert_eq!(table(&[0, 1], &[0, 2], &[0, 1]), unknown(1, 2));
    assert_eq!(table(&[7, 1], &[0, 1], &[0, 1]), unknown(0, 2));
    assert_eq!(table(&[0], &[0], &[]), unknown(0, 0));
    let columns = one_hot::<f64>(&[1, 2], 3).unwrap();
    let of_matrix = ConfusionMatrix::with_classes(Actual(&columns), Predicted(&[1, 1]), &[0, 1]);
    assert_eq!(of_matrix, unknown(1, 2));
    let table = table(&[0], &[0], &[0, 1]).unwrap();
    for score in [table.precision(2), table.recall(2), table.f1(2)] {
        assert_eq!(message(score), "unknown class `2`");
    }
    // Classes are sorted, and duplicates dropped.
    let (actual, predicted) = (Actual(&["c", "a"]), Predicted(&["a", "a"]));
    let classes = ["c", "b", "a", "c"];
    let table = ConfusionMatrix::with_classes(actual, predicted, &classes).unwrap();
    assert_eq!(table.names(), ["a", "b", "c"]);
    assert_eq!(table.counts(), array![[1, 0, 0], [0, 0, 0], [1, 0, 0]]);
    // The table would have 2⁴⁴ counts.
    let many: Vec<u32> = (0..1 << 22).collect();
    let huge = ConfusionMatrix::with_classes(Actual(&[0]), Predicted(&[0]), &many);
    assert!(matches!(huge, Err(Error::TooLarge { .. })));
}

#[test]
fn probabilities_and_labels_that_do_not_fit_are_refused() {
    let p = array![[0.5, 0.2], [0.5, 0.8]];
    assert_eq!(
        message(log_loss(Actual(&[0]), Predicted(&p))),
        "labels and probabilities differ in length: 1 and 2"
    );
    let no_class = |example| Error::NoSuchClass { class: 2, classes: 2, example: Some(example) };
    assert_eq!(log_loss(Actual(&[0, 2]), Predicted(&p)), Err(no_class(1)));
    let row = p.slice(s![..1, ..]);
    assert_eq!(log_loss(Actual(&[2, 0]), Predicted(&row)), Err(no_class(0)));
    let columns = one_hot::<f32>(&[0, 2], 3).unwrap();
    assert_eq!(log_loss(Actual(&columns), Predicted(&p)), Err(no_class(1)));
    let empty = log_loss(Actual(&[]), Predicted(&Array2::<f32>::zeros((3, 0))));
    assert!(matches!(empty, Err(Error::EmptyBatch { .. })));
    let nothing = log_loss(Actual(&[0, 0]), Predicted(&Array2::<f64>::zeros((0, 2))));
    assert!(matches!(nothing, Err(Error::ZeroSize { .. })));
}

#[test]
fn a_log_loss_is_bounded_by_the_epsilon_of_the_type() {
    for (p, label) in [(0.0, 1), (1.0, 0), (1e-300, 1)] {
        assert_eq!(
            log_loss(Actual(&[label]), Predicted(&array![[p]])),
            Ok(-f64::EPSILON.ln()),
            "{p}"
        );
        let single = log_loss(Actual(&[label]), Predicted(&array![[p as f32]])).unwrap();
        assert_number("f32", single, -f64::from(f32::EPSILON).ln(), 1e-15);
    }
    assert_eq!(
        log_loss(Actual(&[1, 0]), Predicted(&array![[1.0, 0.0]])),
        Ok(-(1.0 - f64::EPSILON).ln())
    );
    assert!(log_loss(Actual(&[1, 1]), Predicted(&array![[0.5, f64::NAN]])).unwrap().is_nan());
    let columns = array![[f64::NAN, 0.5], [0.5, 0.5]];
    assert_eq!(
        log_loss(Actual(&[1, 0]), Predicted(&columns)),
        Ok(-0.5_f64.ln()),
        "a NaN that is not asked for"
    );
    assert!(log_loss(Actual(&[0, 0]), Predicted(&columns)).unwrap().is_nan());
}

/// A row of sigmoid outputs equals its two rows of probabilities, and the course's cost.
#[test]
fn a_sigmoid_row_costs_what_two_rows_and_the_course_say() {
    let p = array![[0.8, 0.9, 0.4, 0.01]];
    let labels = [1, 1, 0, 1];
    let loss = log_loss(Actual(&labels), Predicted(&p)).unwrap();
    let rows = dnn_blocks::ndarray::concatenate![Axis(0), 1.0 - &p, p];
    assert_number("rows", log_loss(Actual(&labels), Predicted(&rows)).unwrap(), loss, 1e-14);
    let y = one_hot::<f64>(&labels, 2).unwrap().slice(s![1.., ..]).to_owned();
    assert_number("cost", compute_cost(&p, &y).unwrap(), loss, 1e-14);
}

#[test]
fn r2_of_constant_targets_and_single_examples() {
    let constant = array![[0.1, 0.1, 0.1, 0.1, 0.1, 0.1]];
    assert_eq!(r2(Actual(&constant), Predicted(&constant)), Ok(1.0));
    let mut off = constant.clone();
    off[[0, 4]] += 1e-15;
    assert_eq!(r2(Actual(&constant), Predicted(&off)), Ok(0.0));
    assert_eq!(r2(Actual(&array![[3.0]]), Predicted(&array![[3.0]])), Ok(1.0));
    assert_eq!(r2(Actual(&array![[4.0_f32]]), Predicted(&array![[3.0]])), Ok(0.0));
    let mean = array![[2.0, 2.0, 2.0]];
    assert_eq!(r2(Actual(&array![[1.0, 2.0, 3.0]]), Predicted(&mean)), Ok(0.0));
    assert_eq!(r2(Actual(&array![[1.0, 2.0, 3.0]].reversed_axes().t()), Predicted(&mean)), Ok(0.0));
}

#[test]
fn r2_at_the_ends_of_the_numbers() {
    for size in [1e-300, 1e-160, 1e160, 1e300] {
        let (predicted, actual) = (array![[1.0, 2.0, 4.0]] * size, array![[1.0, 2.0, 3.0]] * size);
        assert_number("r2", r2(Actual(&actual), Predicted(&predicted)).unwrap(), 0.5, 1e-12);
    }
    let far = array![[1.0, 2.0, 4.0], [1.0, 2.0, 3.0]] + 1e9;
    assert_number(
        "r2",
        r2(Actual(&far.slice(s![1.., ..])), Predicted(&far.slice(s![..1, ..]))).unwrap(),
        0.5,
        1e-12,
    );
    let huge = array![[f64::MAX, -f64::MAX]];
    assert_eq!(r2(Actual(&huge), Predicted(&huge)), Ok(1.0));
    let fine = array![[1.0, 2.0, 3.0]];
    for broken in [array![[1.0, f64::NAN, 3.0]], array![[1.0, 2.0, f64::INFINITY]]] {
        assert!(r2(Actual(&broken), Predicted(&fine)).unwrap().is_nan(), "{broken}");
        assert!(r2(Actual(&broken), Predicted(&broken)).unwrap().is_nan(), "{broken}");
        assert!(!r2(Actual(&fine), Predicted(&broken)).unwrap().is_finite(), "{broken}");
    }
    let nan = array![[f64::NAN, f64::NAN]];
    assert!(r2(Actual(&nan), Predicted(&nan)).unwrap().is_nan());
    assert!(r2(Actual(&array![[2.0, 2.0]]), Predicted(&array![[2.0, f64::NAN]])).unwrap().is_nan());
    assert!(r2(Actual(&array![[2.0, f64::NAN]]), Predicted(&array![[2.0, 2.0]])).unwrap().is_nan());
    let infinite = array![[f64::INFINITY, f64::INFINITY]];
    for predicted in [infinite.clone(), array![[1.0, 2.0]]] {
        assert!(r2(Actual(&infinite), Predicted(&predicted)).unwrap().is_nan());
    }
}

#[test]
fn r2_of_other_shapes_is_refused() {
    assert_eq!(
        message(r2(Actual(&array![[1.0], [2.0]]), Predicted(&array![[1.0, 2.0]]))),
        "predicted (1, 2) and actual (2, 1) do not fit: shapes must be equal"
    );
    let empty = Array2::<f64>::zeros((2, 0));
    assert!(matches!(r2(Actual(&empty), Predicted(&empty)), Err(Error::EmptyBatch { .. })));
    let nothing = Array2::<f64>::zeros((0, 2));
    assert!(matches!(r2(Actual(&nothing), Predicted(&nothing)), Err(Error::ZeroSize { .. })));
    let fortran = Array2::from_shape_vec((2, 2).f(), vec![1.0, 5.0, 2.0, 7.0]).unwrap();
    assert_eq!(r2(Actual(&array![[1.0, 2.0], [5.0, 7.0]]), Predicted(&fortran)), Ok(1.0));
}

#[test]
fn matrices_of_labels_are_one_hot_or_probabilities() {
    let column = array![[0.0], [1.0], [1.0], [0.0]];
    let error = accuracy(Actual(&column), Predicted(&column)).unwrap_err();
    let message = "labels: column 0 sums to 2, but must be non-negative and sum to 1";
    assert_eq!(error.to_string(), message);
    for wrong in [
        array![[0.0, 1.0], [0.0, 0.0]],
        array![[2.0, 1.0], [-1.0, 0.0]],
        array![[f64::INFINITY, 1.0], [0.0, 0.0]],
        array![[f64::NAN, 1.0], [0.0, 0.0]],
    ] {
        assert!(accuracy(Actual(&wrong), Predicted(&wrong)).is_err(), "{wrong}");
    }
    let (one_hot, softmax) = (array![[1.0, 0.0], [0.0, 1.0]], array![[0.6, 0.3], [0.4, 0.7]]);
    let single = softmax.mapv(|p| p as f32);
    assert_eq!(accuracy(Actual(&one_hot), Predicted(&softmax)), Ok(1.0));
    assert_eq!(accuracy(Actual(one_hot.view()), Predicted(&single)), Ok(1.0));
}

#[test]
fn a_class_is_looked_up_by_its_label() {
    let (actual, predicted) = (array![1, 1, 2, 2, 2], [1, 2, 2, 2, 1]);
    let matrix = ConfusionMatrix::new(Actual(&actual), Predicted(&predicted)).unwrap();
    assert_eq!([matrix.precision(1), matrix.recall("2")], [Ok(0.5), Ok(2.0 / 3.0)]);
    assert_eq!(matrix.precision(0).unwrap_err().to_string(), "unknown class `0`");
    let named = matrix.with_names(["cat", "dog"]).unwrap();
    assert_eq!(named.f1("cat"), Ok(0.5));
    assert!(named.f1(1).is_err());
}

#[test]
fn wrapped_arguments_can_be_kept() {
    let y = array![[1.0, 2.0, 3.0]];
    let (actual, predicted) = (Actual(&y), Predicted(&y));
    assert_eq!(r2(actual, predicted), Ok(1.0));
    let (actual, predicted) = (Actual(&[0, 1, 1]), Predicted(&y));
    assert_eq!(log_loss(actual, predicted), log_loss(Actual(&[0, 1, 1]), Predicted(y.view())));
}
