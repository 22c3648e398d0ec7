//! Pages of films, and the figures that they must show.

#[allow(dead_code)]
#[path = "../../examples/film.rs"]
mod example;

use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::page::{Film, Recorder};
use dnn_blocks::prelude::*;
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::path::Path;

type Outcome = Result<Value, Box<dyn Error>>;

/// A text that would run a script or load a picture if a page took it for HTML.
pub const HOSTILE: &str = "</script><img src=x onerror=alert(1)>&amp;'\"";

/// Writes the pages of films into a folder.
pub fn write(folder: &Path) -> Outcome {
    Ok(json!({
        "flower": flower(folder)?,
        "hostile": hostile(folder)?,
        "activations": activations(folder)?,
        "sine": sine(folder)?,
        "labels": labels(folder)?,
        "line": line(folder)?,
        "diverged": diverged(folder)?,
    }))
}

/// The page of the example, with two runs.
fn flower(folder: &Path) -> Outcome {
    let data = example::generated("flower")?;
    fs::write(folder.join("film.html"), example::film(&data, Some("zeros"))?)?;
    let run = |hyperparameters: Hyperparameters| -> Outcome {
        let mut model = Classifier::<f64, String>::new(hyperparameters);
        let history = model.fit(Examples::columns(&data.x), &data.labels)?;
        let last = history.epochs.last().ok_or("no epochs")?;
        Ok(json!({
            "epochs": history.epochs.len(),
            "validationCost": last.validation_cost,
            "validationAccuracy": last.validation_score,
            "validation": data.labels.len() / 5,
        }))
    };
    let he = example::hyperparameters();
    let zeros = he.clone().initializer(Initializer::Zeros);
    Ok(json!([run(he)?, run(zeros)?]))
}

/// The page of a CSV file with hostile names and labels.
fn hostile(folder: &Path) -> Outcome {
    let file = folder.join("hostile.csv");
    let quoted = format!("\"{}\"", HOSTILE.replace('"', "\"\""));
    let mut csv = format!("a {quoted},b,c,kind {quoted}\n")
        .replace("a \"", "\"a ")
        .replace("kind \"", "\"kind ");
    for i in 0..60 {
        let (x, label) = (f64::from(i) / 10.0, if i % 2 == 0 { &*quoted } else { "tame" });
        csv += &format!("{x},{},{},{label}\n", x * x, i % 2 + i % 3);
    }
    fs::write(&file, csv)?;
    let data = example::read_csv(&file)?;
    fs::write(folder.join("film_hostile.html"), example::film(&data, None)?)?;
    Ok(
        json!({ "title": format!("kind {HOSTILE}"), "feature": format!("a {HOSTILE}"), "label": HOSTILE }),
    )
}

/// A page of a network with all activations, which is not trained. The data are at ±1, so that the
/// axes, which have a margin of 6 % of their length, are from -1.12 to 1.12.
fn activations(folder: &Path) -> Outcome {
    let hidden = [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Elu(0.7),
        Activation::LeakyRelu(0.2),
        Activation::Softmax,
        Activation::Exponential,
        Activation::Softplus,
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Identity,
    ];
    let mut rng = NumpyRandom::seed(1);
    let sizes: Vec<_> = [2].into_iter().chain(hidden.map(|_| 3)).collect();
    let mut parameters = initialize_parameters_deep::<f64>(&sizes, Initializer::He, &mut rng)?
        .with_layer_activations(&hidden)?;
    for (l, layer) in parameters.layers_mut().iter_mut().enumerate() {
        layer.b.iter_mut().enumerate().for_each(|(i, b)| *b = [-1.0, 0.1, 0.5][(l + i) % 3]);
    }
    let x = array![[-1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, 1.0, 1.0]];
    let y = predict_proba(&x, &parameters)?;
    let mut recorder = Recorder::with_data("all", &x, &y)?.cost(Cost::MeanSquaredError)?;
    recorder.record(0, &parameters)?;
    let html = Film::new("All activations").page(&[&recorder])?;
    fs::write(folder.join("film_activations.html"), html)?;
    // The page computes the units at 101 × 101 points, from the top.
    let grid = Array2::from_shape_fn((2, 101 * 101), |(axis, at)| {
        1.12 * [(at % 101) as f64 / 50.0 - 1.0, 1.0 - (at / 101) as f64 / 50.0][axis]
    });
    let ranges = (1..=hidden.len()).map(|layers| {
        let part = Parameters::from_layers(parameters.layers()[..layers].to_vec())?;
        let outputs = predict_proba(&grid, &part)?;
        let extreme = |of: fn(f64, f64) -> f64| {
            outputs.rows().into_iter().map(|row| row.fold(f64::NAN, |a, b| of(a, *b))).collect()
        };
        Ok([extreme(f64::min), extreme(f64::max)])
    });
    let ranges = ranges.collect::<dnn_blocks::Result<Vec<[Vec<f64>; 2]>>>()?;
    let center = predict_proba(&array![[0.0], [0.0]], &parameters)?[[0, 0]];
    Ok(json!({ "ranges": ranges, "center": center }))
}

/// The page of a regression with one feature.
fn sine(folder: &Path) -> Outcome {
    let x = Array2::from_shape_fn((80, 1), |(i, _)| i as f64 / 10.0);
    let y = x.mapv(|x| 100.0 + 20.0 * x.sin());
    let hyperparameters = Hyperparameters::plain().hidden(&[16]).learning_rate(0.02).epochs(300);
    let mut recorder = Recorder::new("16 units");
    let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
    let mut model = Regressor::<f64>::new(hyperparameters);
    model.fit_with(Examples::rows(&x), Examples::rows(&y), options)?;
    let html = Film::new("A sine").features(["time"]).classes(["height"]).page(&[&recorder])?;
    fs::write(folder.join("film_sine.html"), html)?;
    // The middle of the axis.
    let middle = model.predict(Examples::rows(&array![[3.95]]))?[[0, 0]];
    Ok(json!({ "r2": model.score(Examples::rows(&x), Examples::rows(&y))?, "middle": middle }))
}

/// The page of a classifier with three classes and one feature.
fn line(folder: &Path) -> Outcome {
    let x = Array2::from_shape_fn((90, 1), |(i, _)| i as f64 / 10.0 + f64::from(i % 7 == 0));
    let classes: Vec<usize> = (0..90).map(|i| i / 30).collect();
    let hyperparameters = Hyperparameters::plain().hidden(&[6]).learning_rate(0.02).epochs(100);
    let mut recorder = Recorder::new("three classes");
    let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
    let mut model = Classifier::<f64, usize>::new(hyperparameters);
    model.fit_with(Examples::rows(&x), &classes, options)?;
    let html = Film::new("A line").classes(["low", "middle", "high"]).page(&[&recorder])?;
    fs::write(folder.join("film_line.html"), html)?;
    Ok(json!({ "accuracy": model.score(Examples::rows(&x), &classes)?, "examples": 90 }))
}

/// The page of a classifier with two labels, in `f32`.
fn labels(folder: &Path) -> Outcome {
    let x = Array2::<f32>::from_shape_fn((120, 3), |(i, j)| ((i * (2 * j + 3)) as f32 * 0.7).sin());
    let y = Array2::from_shape_fn((120, 2), |(i, j)| f32::from(x[[i, j]] + x[[i, 2]] > 0.2));
    let names = ["left", "right"];
    let hyperparameters = Hyperparameters::plain().hidden(&[8]).learning_rate(0.01).epochs(60);
    let mut recorder = Recorder::new("f32");
    let options = FitOptions::new().on_epoch(|epoch| recorder.epoch(epoch));
    let mut model = MultiLabelClassifier::<f32, &str>::new(hyperparameters);
    let table = LabelSets::table(Examples::rows(&y), &names);
    model.fit_with(Examples::rows(&x), table, options)?;
    let html = Film::new("Two labels").classes(names).page(&[&recorder])?;
    fs::write(folder.join("film_labels.html"), html)?;
    let predicted = model.predict_table(Examples::rows(&x))?;
    let right = |label| {
        let pairs = predicted.column(label).into_iter().zip(y.column(label));
        pairs.filter(|(predicted, y)| predicted == y).count()
    };
    let score = model.score(Examples::rows(&x), table)?;
    Ok(json!({ "right": [right(0), right(1)], "examples": 120, "score": score }))
}

/// A page whose last frame is not finite.
fn diverged(folder: &Path) -> Outcome {
    let (x, y) = (array![[0.0, 1.0], [1.0, 0.0]], array![[0.0, 1.0]]);
    let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1))?;
    let mut recorder = Recorder::with_data("too fast", &x, &y)?;
    recorder.record(0, &parameters)?;
    parameters.layers_mut()[1].w.fill(f64::NAN);
    recorder.record(1, &parameters)?;
    fs::write(folder.join("film_diverged.html"), Film::new("Diverged").page(&[&recorder])?)?;
    Ok(json!({}))
}
