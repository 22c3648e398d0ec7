#[allow(dead_code)]
#[path = "../../../examples/film.rs"]
mod example;

use dnn_blocks::Error;
use dnn_blocks::course::datasets::{blobs, load_planar_dataset, moons, spirals};
use dnn_blocks::course::{Descent, nn_model};
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::page::{Film, Recorder};
use dnn_blocks::prelude::*;
use serde_json::Value;
use std::f64::consts::PI;
use std::fs;
use std::path::Path;

/// The data of a page.
fn data(html: &str) -> Value {
    let (_, data) = html.split_once("id=\"data\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

fn page<F: Float>(recorder: &Recorder<F>) -> Value {
    data(&Film::new("A film").page(&[recorder]).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
}

fn last(value: &Value) -> f64 {
    *numbers(value).last().unwrap()
}

/// The numbers of little-endian `f32` in base64.
fn decoded(text: &Value) -> Vec<f32> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<_> = text.as_str().unwrap().bytes().filter(|c| *c != b'=').map(digit).collect();
    let bits: String = digits.iter().map(|digit| format!("{digit:06b}")).collect();
    let byte = |at: usize| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).unwrap();
    let bytes: Vec<_> = (0..bits.len() / 8).map(byte).collect();
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

fn classes(y: &Array2<f64>) -> Vec<usize> {
    y.iter().map(|class| *class as usize).collect()
}

/// Trains on the moons and records every iteration. Returns the parameters of all iterations.
fn recorded<F: Float>(iterations: usize) -> (Recorder<F>, Vec<Parameters<F>>) {
    let mut rng = NumpyRandom::seed(1);
    let (x, y) = moons::<F>(60, 0.2, &mut rng).unwrap();
    let mut parameters =
        initialize_parameters_deep(&[2, 4, 3, 1], Initializer::He, &mut rng).unwrap();
    let mut recorder = Recorder::with_data("moons", &x, &y).unwrap();
    let mut all = Vec::new();
    for i in 0..iterations {
        recorder.record(i, &parameters).unwrap();
        all.push(parameters.clone());
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        update_parameters(&mut parameters, &gradients, 0.5).unwrap();
    }
    (recorder, all)
}

/// Compares all figures and weights of a page with the functions of the course.
fn check_figures<F: Float>(tolerance: f64) {
    let (x, y) = moons::<F>(60, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    let (recorder, all) = recorded::<F>(50);
    let page = page(&recorder);
    let run = &page["runs"][0];
    assert_eq!(numbers(&run["numbers"]), (0..50).map(f64::from).collect::<Vec<_>>());
    let weights = decoded(&run["weights"]);
    let count = weights.len() / 50;
    for (i, parameters) in all.iter().enumerate() {
        let (al, caches) = l_model_forward(&x, parameters).unwrap();
        let cost = compute_cost(&al, &y).unwrap().as_f64();
        assert_eq!(numbers(&run["training"]["cost"])[i], cost, "iteration {i}");
        let predicted = predict(&x, parameters).unwrap();
        let accuracy = accuracy(Actual(&y), Predicted(&predicted)).unwrap();
        assert_eq!(numbers(&run["training"]["score"])[i], accuracy, "iteration {i}");
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        let norms = numbers(&run["norms"][i]);
        assert_eq!(norms.len(), 3);
        for (layer, norm) in gradients.layers().iter().zip(norms) {
            let squares = layer.dw.iter().chain(&layer.db).map(|g| g.as_f64().powi(2));
            let expected = squares.sum::<f64>().sqrt();
            assert!((norm - expected).abs() <= tolerance * expected, "{norm} {expected}");
        }
        let layers = parameters.layers().iter();
        let expected = layers.flat_map(|layer| layer.w.iter().chain(&layer.b));
        let found = &weights[i * count..(i + 1) * count];
        assert!(found.iter().zip(expected).all(|(found, w)| *found == w.as_f64() as f32));
    }
}

#[test]
fn the_figures_of_a_loop_are_those_of_the_course() {
    check_figures::<f64>(1e-12);
    check_figures::<f32>(1e-5);
}

#[test]
fn a_page_has_the_examples_in_the_order_of_the_data() {
    let (x, y) = moons::<f64>(60, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    let page = page(&recorded::<f64>(1).0);
    let training = &page["runs"][0]["examples"]["training"];
    assert_eq!((&training["of"], &training["shown"]), (&60.into(), &60.into()));
    let expected: Vec<f32> = x.t().iter().map(|x| *x as f32).collect();
    assert_eq!(decoded(&training["x"]), expected);
    assert_eq!(decoded(&training["y"]), y.iter().map(|y| *y as f32).collect::<Vec<_>>());
}

#[test]
fn a_recorder_keeps_at_most_a_hundred_evenly_spaced_frames_and_the_last() {
    let (_, all) = recorded::<f64>(1);
    let (x, y) = moons::<f64>(20, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    for calls in [1, 2, 99, 100, 101, 199, 200, 201, 1000, 12_345] {
        let mut recorder = Recorder::with_data("", &x, &y).unwrap();
        (0..calls).for_each(|i| recorder.record(10 * i, &all[0]).unwrap());
        let page = page(&recorder);
        let frames = numbers(&page["runs"][0]["numbers"]);
        assert_eq!((frames[0], frames.last()), (0.0, Some(&(10.0 * (calls - 1) as f64))));
        assert!(frames.len() <= 101 && frames.len() >= calls.min(50), "{calls}: {}", frames.len());
        let steps: Vec<_> = frames.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let even = &steps[..steps.len().saturating_sub(1)];
        assert!(even.iter().all(|step| *step == even[0]), "{calls}: {steps:?}");
        assert!(steps.last().is_none_or(|step| even.is_empty() || *step <= even[0]));
    }
}

#[test]
fn the_last_frame_has_the_parameters_of_the_last_call() {
    let (recorder, all) = recorded::<f64>(150);
    let page = page(&recorder);
    let weights = decoded(&page["runs"][0]["weights"]);
    let layers = all.last().unwrap().layers().iter();
    let expected: Vec<_> =
        layers.flat_map(|layer| layer.w.iter().chain(&layer.b)).map(|w| *w as f32).collect();
    assert_eq!(weights[weights.len() - expected.len()..], expected);
}

#[test]
fn a_fit_gives_its_examples_scaler_names_and_figures() {
    let (x, y) = blobs::<f64>(120, 3, 3, 4.0, &mut NumpyRandom::seed(1)).unwrap();
    let hyperparameters =
        Hyperparameters::default().hidden(&[6]).epochs(12).validation_share(0.25).l2(0.01);
    let mut model = Classifier::<f64, usize>::new(hyperparameters);
    let mut recorder = Recorder::new("fit");
    let names = ["height", "width", "depth"];
    let examples = Examples::columns(&x).feature_names(&names);
    let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
    let history = model.fit_with(examples, &classes(&y), options).unwrap();

    let page = page(&recorder);
    assert_eq!((&page["unit"], &page["kind"]), (&"epoch".into(), &"classes".into()));
    assert_eq!(page["features"], serde_json::json!(names));
    assert_eq!(page["outputs"], serde_json::json!(["class 0", "class 1", "class 2"]));
    let run = &page["runs"][0];
    assert_eq!(numbers(&run["numbers"]), (1..=12).map(f64::from).collect::<Vec<_>>());
    assert_eq!(numbers(&run["validation"]["cost"]), history.validation_costs());
    let scores = history.epochs.iter().map(|epoch| epoch.validation_score.unwrap());
    assert_eq!(numbers(&run["validation"]["score"]), scores.collect::<Vec<_>>());
    let examples = &run["examples"];
    let scaler = model.scaler().unwrap();
    assert_eq!(numbers(&examples["scaler"]["mean"]), scaler.mean().as_slice().unwrap());
    assert_eq!(numbers(&examples["scaler"]["stdDev"]), scaler.std_dev().as_slice().unwrap());
    assert_eq!(
        (&examples["training"]["of"], &examples["validation"]["of"]),
        (&90.into(), &30.into())
    );
    assert!(numbers(&examples["means"]).iter().all(|mean| mean.abs() < 1e-12));
}

#[test]
fn a_model_of_the_course_is_recorded_after_each_update() {
    let (x, y) = load_planar_dataset::<f64>(400, &mut NumpyRandom::seed(1)).unwrap();
    let mut recorder = Recorder::with_data("flower", &x, &y).unwrap();
    let descent = Descent::new(1.2, 300).on_iteration(|iteration| recorder.iteration(iteration));
    let trained = nn_model(&x, &y, 4, descent, &mut NumpyRandom::seed(3)).unwrap();
    let page = page(&recorder);
    assert_eq!((&page["unit"], &page["kind"]), (&"iteration".into(), &"two classes".into()));
    let run = &page["runs"][0];
    assert_eq!((numbers(&run["numbers"])[0], last(&run["numbers"])), (1.0, 300.0));
    let predicted = predict(&x, &trained.parameters).unwrap();
    let accuracy = accuracy(Actual(&y), Predicted(&predicted)).unwrap();
    assert_eq!(last(&run["training"]["score"]), accuracy);
}

#[test]
fn a_regression_has_r2_and_the_scaler_of_its_targets() {
    let x = Array2::from_shape_fn((80, 1), |(i, _)| i as f64 / 10.0);
    let y = x.mapv(|x| 100.0 + 20.0 * x.sin());
    let mut model = Regressor::<f64>::new(Hyperparameters::plain().hidden(&[8]).epochs(20));
    let mut recorder = Recorder::new("sine");
    let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
    model.fit_with(Examples::rows(&x), Examples::rows(&y), options).unwrap();
    let page = page(&recorder);
    assert_eq!((&page["kind"], &page["score"]), (&"numbers".into(), &"R²".into()));
    let run = &page["runs"][0];
    let expected = model.score(Examples::rows(&x), Examples::rows(&y)).unwrap();
    assert!((last(&run["training"]["score"]) - expected).abs() < 1e-9);
    let scaler = &run["examples"]["targetScaler"];
    assert!((numbers(&scaler["mean"])[0] - y.mean().unwrap()).abs() < 1e-9);
}

#[test]
fn several_labels_have_the_subset_accuracy() {
    let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * (j + 3)) as f64 * 0.7).sin());
    let y = Array2::from_shape_fn((40, 2), |(i, j)| f64::from(x[[i, j]] > 0.0));
    let names = ["left", "right"];
    let hyperparameters = Hyperparameters::plain().hidden(&[8]).epochs(30);
    let mut model = MultiLabelClassifier::<f64, &str>::new(hyperparameters);
    let mut recorder = Recorder::new("labels");
    let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
    let table = LabelSets::table(Examples::rows(&y), &names);
    model.fit_with(Examples::rows(&x), table, options).unwrap();
    let html = Film::new("").classes(model.labels()).page(&[&recorder]).unwrap();
    let page = data(&html);
    assert_eq!((&page["kind"], &page["score"]), (&"labels".into(), &"subset accuracy".into()));
    assert_eq!(page["outputs"], serde_json::json!(names));
    let score = model.score(Examples::rows(&x), table).unwrap();
    assert_eq!(last(&page["runs"][0]["training"]["score"]), score);
}

#[test]
fn one_hot_labels_give_the_page_of_class_numbers() {
    let mut rng = NumpyRandom::seed(1);
    let (x, y) = spirals::<f64>(90, 3, 0.2, &mut rng).unwrap();
    let parameters = initialize_parameters_deep(&[2, 5, 3], Initializer::He, &mut rng)
        .unwrap()
        .with_activations(Activation::Tanh, Activation::Softmax);
    let one_hot = Array2::from_shape_fn((3, 90), |(k, i)| f64::from(y[[0, i]] == k as f64));
    let [numbers, columns] = [&y, &one_hot].map(|y| {
        let recorder = Recorder::with_data("spirals", &x, y).unwrap();
        let mut recorder = recorder.cost(Cost::CategoricalCrossEntropy).unwrap();
        recorder.record(0, &parameters).unwrap();
        Film::new("").page(&[&recorder]).unwrap()
    });
    assert!(numbers == columns);
}

#[test]
fn a_validation_set_and_a_standardizer_belong_to_a_loop_too() {
    let mut rng = NumpyRandom::seed(1);
    let (x, y) = moons::<f64>(50, 0.2, &mut rng).unwrap();
    let (vx, vy) = moons::<f64>(30, 0.2, &mut rng).unwrap();
    let standardizer = Standardizer::fit(&x).unwrap();
    let [x, vx] = [x, vx].map(|x| standardizer.transform(&x).unwrap());
    let parameters = initialize_parameters_deep(&[2, 3, 1], Initializer::He, &mut rng).unwrap();
    let recorder = Recorder::with_data("", &x, &y).unwrap().validation(&vx, &vy).unwrap();
    let mut recorder = recorder.scaler(&standardizer).unwrap();
    recorder.record(0, &parameters).unwrap();
    let page = page(&recorder);
    let run = &page["runs"][0];
    let cost = compute_cost(&predict_proba(&vx, &parameters).unwrap(), &vy).unwrap();
    assert_eq!(last(&run["validation"]["cost"]), cost);
    let mean = numbers(&run["examples"]["scaler"]["mean"]);
    assert_eq!(mean, standardizer.mean().as_slice().unwrap());
}

#[test]
fn a_frame_that_is_not_finite_has_no_figures() {
    let (x, y) = moons::<f64>(20, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    let (_, all) = recorded::<f64>(2);
    let mut recorder = Recorder::with_data("", &x, &y).unwrap();
    recorder.record(0, &all[0]).unwrap();
    let mut parameters = all[1].clone();
    parameters.layers_mut()[1].w[[0, 0]] = f64::NAN;
    recorder.record(1, &parameters).unwrap();
    let html = Film::new("").page(&[&recorder]).unwrap();
    assert!(html.contains("<td>not finite</td>"));
    let run = &data(&html)["runs"][0];
    assert!(run["training"]["cost"][0].is_number());
    for null in [&run["training"]["cost"][1], &run["training"]["score"][1], &run["norms"][1][0]] {
        assert!(null.is_null());
    }
}

#[test]
fn names_and_program_are_escaped() {
    let hostile = "</script><img src=x onerror=alert(1)>\u{0}\u{202E}'\"&";
    let (x, y) = moons::<f64>(20, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    let mut recorder = Recorder::with_data(hostile, &x, &y).unwrap();
    recorder.record(0, &recorded::<f64>(1).1[0]).unwrap();
    let film = Film::new(hostile).features([hostile, "x2"]).classes([hostile, "b"]);
    let html = film.program(hostile).page(&[&recorder]).unwrap();
    assert_eq!(html.matches("<img").count(), 0);
    assert_eq!(html.matches("</script>").count(), 2);
    assert!(!html.contains('\0') && !html.contains("<h1>\u{202E}"));
    let data = data(&html);
    let legible = "</script><img src=x onerror=alert(1)>\u{FFFD}\u{FFFD}'\"&";
    for name in [&data["features"][0], &data["outputs"][0], &data["runs"][0]["name"]] {
        assert_eq!(name, legible);
    }
}

#[test]
fn large_networks_and_data_make_pages_of_bounded_size() {
    let x = Array2::from_shape_fn((500, 900), |(i, j)| ((i * 7 + j * 13) as f64).sin());
    let y = Array2::from_shape_fn((1, 900), |(_, j)| (j % 2) as f64);
    let mut rng = NumpyRandom::seed(1);
    let network = |units| {
        initialize_parameters_deep::<f64>(&[500, units, 1], Initializer::He, &mut rng).unwrap()
    };
    let [fits, too_large] = [39, 40].map(network);
    let mut recorder = Recorder::with_data("", &x, &y).unwrap();
    (0..300).for_each(|i| recorder.record(i, &fits).unwrap());
    let html = Film::new("").page(&[&recorder]).unwrap();
    assert!(html.len() < 3_000_000, "{}", html.len());
    let run = &data(&html)["runs"][0];
    assert!((10..=21).contains(&numbers(&run["numbers"]).len()));
    assert_eq!(run["examples"]["training"]["shown"], 30);

    let mut recorder = Recorder::with_data("", &x, &y).unwrap();
    assert_eq!(
        recorder.record(0, &too_large).unwrap_err().to_string(),
        "the number of weights and biases in a film is 20081, but must be at most 20000"
    );
}

#[test]
fn two_runs_on_the_same_examples_have_them_once() {
    let ((first, _), (second, _)) = (recorded::<f64>(5), recorded::<f64>(9));
    let data = data(&Film::new("").page(&[&first, &second]).unwrap());
    assert!(data["runs"][0]["examples"].is_object() && data["runs"][1]["examples"].is_null());
}

#[test]
fn a_film_explains_weights_that_stay_0() {
    let (x, y) = moons::<f64>(60, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    let run = |initializer, activation, sizes: &[usize]| {
        let mut rng = NumpyRandom::seed(1);
        let mut parameters = initialize_parameters_deep(sizes, initializer, &mut rng)
            .unwrap()
            .with_activations(activation, Activation::Sigmoid);
        let mut recorder = Recorder::with_data("<run>", &x, &y).unwrap();
        for i in 0..3 {
            recorder.record(i, &parameters).unwrap();
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            update_parameters(&mut parameters, &gradients, 0.5).unwrap();
        }
        let html = Film::new("").page(&[&recorder]).unwrap();
        html.contains("Equal weights stay equal. In the run “&lt;run&gt;”")
    };
    let (zeros, relu, deep) = (Initializer::Zeros, Activation::Relu, &[2, 4, 3, 1]);
    assert!(run(zeros, relu, deep));
    assert!(run(zeros, Activation::Tanh, deep));
    assert!(!run(Initializer::He, relu, deep));
    // Here hidden units are 1/2, or there are none.
    assert!(!run(zeros, Activation::Sigmoid, deep));
    assert!(!run(zeros, relu, &[2, 1]));
}

#[test]
fn what_is_the_same_for_two_runs_is_said_once() {
    let ((first, _), (second, _)) = (recorded::<f64>(5), recorded::<f64>(9));
    let html = Film::new("").page(&[&first, &second]).unwrap();
    assert_eq!(html.matches("Units 2–4–3–1, activations").count(), 1);
    let (x, y) = moons::<f64>(50, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    let mut other = Recorder::with_data("", &x, &y).unwrap();
    other.record(0, &recorded::<f64>(1).1[0]).unwrap();
    let html = Film::new("").page(&[&first, &other]).unwrap();
    assert_eq!(html.matches("Units 2–4–3–1, activations").count(), 2);
}

#[test]
fn errors_name_what_does_not_fit() {
    let (x, y) = moons::<f64>(20, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    let (recorder, all) = recorded::<f64>(2);
    let error =
        |film: Film, recorders: &[&Recorder<f64>]| film.page(recorders).unwrap_err().to_string();
    let film = Film::new("");
    assert_eq!(error(film.clone(), &[]), "the number of recorders is 0, but must be 1 or 2");
    assert_eq!(
        error(film.clone(), &[&Recorder::new("")]),
        "the number of frames is 0, but must be at least 1: call `record`, `iteration` or `epoch`"
    );
    assert_eq!(
        error(film.clone().features(["x1"]), &[&recorder]),
        "feature names and the features of X differ in length: 1 and 2"
    );
    assert_eq!(
        error(film.clone().classes(["a", "b", "c"]), &[&recorder]),
        "names of classes and the classes differ in length: 3 and 2"
    );
    let mut other = Recorder::with_data("", &x, &y).unwrap().cost(Cost::MeanSquaredError).unwrap();
    other.record(0, &all[0]).unwrap();
    assert_eq!(
        error(film.clone(), &[&recorder, &other]),
        "inconsistent values: the runs of the film have different costs"
    );
    let mut softmax = Recorder::with_data("", &x, &y).unwrap();
    let output = all[0].clone().with_activations(Activation::Relu, Activation::Softmax);
    softmax.record(0, &output).unwrap();
    assert!(matches!(film.page(&[&softmax]), Err(Error::OutputActivation { .. })));

    let mut recorder = Recorder::with_data("", &x, &y).unwrap();
    recorder.record(3, &all[0]).unwrap();
    assert_eq!(
        recorder.record(3, &all[1]).unwrap_err().to_string(),
        "iteration is 3, but must be larger than in the last call"
    );
    let other = initialize_parameters::<f64>(2, 5, 1, &mut NumpyRandom::seed(1)).unwrap();
    assert!(matches!(recorder.record(4, &other), Err(Error::LayerCount { .. })));
    let other = all[0].clone().with_activations(Activation::Tanh, Activation::Sigmoid);
    assert!(matches!(recorder.record(4, &other), Err(Error::Inconsistent { .. })));
    assert!(matches!(Recorder::new("").record(0, &other), Err(Error::Inconsistent { .. })));
    let three = array![[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]];
    let narrow = Recorder::with_data("", &three, &array![[0.0, 1.0]]).unwrap().record(0, &all[0]);
    assert!(matches!(narrow, Err(Error::ShapeMismatch { layer: Some(1), .. })));
    let short = Recorder::with_data("", &x, &array![[0.0]]);
    assert!(matches!(short, Err(Error::ShapeMismatch { .. })));
    let infinite = Recorder::with_data("", &array![[f64::INFINITY]], &array![[0.0]]);
    assert!(matches!(infinite, Err(Error::NotFinite { .. })));
    let validation =
        Recorder::with_data("", &x, &y).unwrap().validation(&three, &array![[0.0, 1.0]]);
    assert!(matches!(validation, Err(Error::ShapeMismatch { .. })));
    let standardizer = Standardizer::fit(&three).unwrap();
    let scaler = Recorder::with_data("", &x, &y).unwrap().scaler(&standardizer);
    assert!(matches!(scaler, Err(Error::ShapeMismatch { .. })));
    assert!(Recorder::<f64>::new("").cost(Cost::MeanSquaredError).is_err());
}

#[test]
fn a_page_returns_the_first_error_of_a_callback() {
    let (x, y) = moons::<f64>(20, 0.2, &mut NumpyRandom::seed(1)).unwrap();
    let mut recorder = Recorder::with_data("", &x, &y).unwrap();
    let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
    let hyperparameters = Hyperparameters::plain().hidden(&[3]).epochs(2);
    let mut model = Classifier::<f64, usize>::new(hyperparameters);
    model.fit_with(Examples::columns(&x), &classes(&y), options).unwrap();
    let error = Film::new("").page(&[&recorder]).unwrap_err();
    assert!(error.to_string().contains("create it by Recorder::new"), "{error}");

    let mut recorder = Recorder::new("");
    let descent = Descent::new(0.1, 3).on_iteration(|iteration| recorder.iteration(iteration));
    nn_model(&x, &y, 2, descent, &mut NumpyRandom::seed(1)).unwrap();
    let error = Film::new("").page(&[&recorder]).unwrap_err();
    assert!(error.to_string().contains("create it by Recorder::with_data"), "{error}");
}

#[test]
fn formulas_of_all_costs_are_well_formed() {
    let x = Array2::from_shape_fn((1, 12), |(_, i)| (i as f64 / 12.0 * PI).sin());
    let y = x.mapv(|x| 1.0 + x * x);
    let costs = [
        Cost::MeanSquaredError,
        Cost::MeanAbsoluteError,
        Cost::Huber { delta: 1.35 },
        Cost::Quantile { quantile: 0.9 },
        Cost::Poisson,
    ];
    for cost in costs {
        let parameters = initialize_parameters::<f64>(1, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
        let parameters = parameters.with_activations(Activation::Tanh, cost.output_activation());
        let name = cost.to_string();
        let mut recorder = Recorder::with_data("", &x, &y).unwrap().cost(cost).unwrap();
        recorder.record(0, &parameters).unwrap();
        let html = Film::new("").page(&[&recorder]).unwrap();
        assert!(html.contains(&name), "{name}");
        for tag in ["math", "mrow", "msup", "msub", "mi", "mo", "mn", "mfrac", "msqrt", "section"] {
            let count = |start: &str| html.matches(&format!("<{start}{tag}")).count();
            let longer = html.matches(&format!("<{tag}>")).count()
                + html.matches(&format!("<{tag} ")).count();
            assert_eq!(longer, count("/"), "{name}: {tag}");
        }
    }
}

#[test]
fn pages_of_the_example_have_at_most_400_kb() {
    for name in ["flower", "moons", "circles", "spirals", "blobs"] {
        let data = example::generated(name).unwrap();
        for other in [None, Some("zeros"), Some("tanh"), Some("dropout")] {
            let html = example::film(&data, other).unwrap();
            assert!(html.len() <= 400_000, "{name} {other:?}: {}", html.len());
            assert!(html.contains("fn generated(name: &amp;str)"));
        }
    }
    let patients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/breast_cancer.csv");
    let data = example::read_csv(&patients).unwrap();
    assert_eq!((data.title.as_str(), data.x.dim()), ("diagnosis", (30, 569)));
    assert!(example::film(&data, Some("dropout")).unwrap().len() <= 400_000);
    assert!(example::generated("rose").is_err() && example::film(&data, Some("ones")).is_err());
}

#[test]
fn the_example_names_line_and_column_of_a_cell_without_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.csv");
    let error = |csv: &str| {
        fs::write(&file, csv).unwrap();
        let error = example::read_csv(&file).map(|data| data.x).unwrap_err().to_string();
        error.split_once(": ").unwrap().1.to_string()
    };
    assert_eq!(error("a,b,kind\n"), "the table has no rows");
    let csv = "a,b,kind\n1,2,cat\n3,?,dog\n";
    assert_eq!(error(csv), "line 3, column 2 (b): no number: \"?\"");
    let csv = "a,kind,b\n1,cat,2\n3,dog,inf\n";
    assert_eq!(error(csv), "line 3, column 3 (b): no number: \"inf\"");
    assert!(error("a,kind\n1,cat\n2\n").contains("line: 3"));

    fs::write(&file, "kind,a\n7,1.5\n8,2.5\n").unwrap();
    let data = example::read_csv(&file).unwrap();
    assert_eq!(
        (data.features, data.labels),
        (vec!["kind".to_string()], vec!["1.5".into(), "2.5".into()])
    );
}

#[test]
fn a_recorder_of_a_fit_refuses_the_examples_of_another() {
    let x = array![[0.0, 0.1], [0.2, 0.0], [0.9, 1.0], [1.0, 0.8]];
    let mut recorder = Recorder::new("two fits");
    let mut model =
        Classifier::<f64, i32>::new(Hyperparameters::plain().hidden(&[3]).batch_size(2).epochs(2));
    for (x, fits) in [(&x, true), (&x, true), (&(&x * &x), false)] {
        let options = FitOptions::new().warm_start(true).on_epoch(|epoch| recorder.epoch(epoch));
        model.fit_with(Examples::rows(x), &[0, 0, 1, 1], options).unwrap();
        assert_eq!(Film::new("Two fits").page(&[&recorder]).is_ok(), fits);
    }
    let error = Film::new("Two fits").page(&[&recorder]).unwrap_err().to_string();
    assert!(error.contains("other examples"), "{error}");
}
