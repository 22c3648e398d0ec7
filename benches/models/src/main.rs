//! One fit for `compare.py`. `models DIR key=value …` reads the tables in DIR, fits a model and
//! prints the score on the test table, the seconds and the epochs of the fit as JSON; for a
//! classifier also what changes if it predicts in bf16.

mod files;

use dnn_blocks::model::PackedWeights;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::lbfgs::LbfgsOptions;
use files::{Failure, table};
use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().ok_or("usage: models DIR key=value ...")?);
    let options = words.map(|word| {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{word}: no value"))?;
        Ok((key.to_string(), value.to_string()))
    });
    let options: HashMap<_, _> = options.collect::<Result<_, String>>()?;
    let how = hyperparameters(&options)?;
    let features: usize = get(&options, "features")?;
    let [train_x, test_x] = ["train_x", "test_x"].map(|name| table(&folder, name, features));
    let [train_y, test_y] = ["train_y", "test_y"].map(|name| table(&folder, name, 1));
    let (train_x, test_x, train_y, test_y) = (train_x?, test_x?, train_y?, test_y?);
    let (x, test_x) = (Examples::rows(&train_x), Examples::rows(&test_x));

    let (score, seconds, history, rounded) = match get::<String>(&options, "task")?.as_str() {
        "classify" => {
            let labels = |y: &Array2<f32>| y.iter().map(|y| *y as i32).collect::<Vec<_>>();
            let (labels, test_labels) = (labels(&train_y), labels(&test_y));
            let mut model = Classifier::<f32, i32>::new(how);
            let start = Instant::now();
            let history = model.fit(x, &labels)?;
            let seconds = start.elapsed().as_secs_f64();
            let score = model.score(test_x, &test_labels)?;
            (score, seconds, history, bf16(&model, test_x, &test_labels)?)
        }
        "regress" => {
            let mut model = Regressor::<f32>::new(how);
            let start = Instant::now();
            let history = model.fit(x, Examples::rows(&train_y))?;
            let seconds = start.elapsed().as_secs_f64();
            let score = model.score(test_x, Examples::rows(&test_y))?;
            (score, seconds, history, String::new())
        }
        other => return Err(format!("no task {other}").into()),
    };
    let epochs = history.epochs.len();
    println!("{{\"score\": {score}, \"seconds\": {seconds}, \"epochs\": {epochs}{rounded}}}");
    Ok(())
}

/// Predicts in bf16: the accuracy, the labels that change, and the largest change of a probability.
fn bf16(
    model: &Classifier<f32, i32>,
    x: Examples<'_, f32>,
    labels: &[i32],
) -> Result<String, Failure> {
    let weights = PackedWeights::bf16(model.parameters().ok_or("no parameters")?)?;
    let mut predictor = model.predictor(x.len())?.with_weights(&weights)?;
    let predicted: Vec<i32> = predictor.predict(x)?.iter().map(|&&label| label).collect();
    let score = accuracy(Actual(labels), Predicted(&predicted))?;
    let changed = predicted.iter().zip(model.predict(x)?).filter(|(a, b)| **a != *b).count();
    let exact = model.predict_proba(x)?.reversed_axes();
    let changes = (&exact - &predictor.predict_proba(x)?).mapv(f32::abs);
    let largest = changes.iter().fold(0.0f32, |largest, &change| largest.max(change));
    Ok(format!(", \"bf16\": [{score}, {changed}, {largest}, {}]", x.len()))
}

fn hyperparameters(options: &HashMap<String, String>) -> Result<Hyperparameters, Failure> {
    let hidden = get::<String>(options, "hidden")?;
    let hidden: Vec<usize> = hidden.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let activation = match get::<String>(options, "activation")?.as_str() {
        "relu" => Activation::Relu,
        "tanh" => Activation::Tanh,
        other => return Err(format!("no activation {other}").into()),
    };
    let how = Hyperparameters::plain()
        .hidden(&hidden)
        .activation(activation)
        .initializer(Initializer::Xavier)
        .learning_rate(get(options, "rate")?)
        .batch_size(get::<usize>(options, "batch")?)
        .epochs(get(options, "epochs")?)
        .l2(get(options, "l2")?)
        .seed(get(options, "seed")?)
        .standardize(false) // compare.py standardizes for all libraries
        .constant_features(true);
    match get::<String>(options, "solver")?.as_str() {
        "sgd" => Ok(how.algorithm(Algorithm::Nesterov { beta: 0.9 })),
        "adam" => Ok(how.algorithm(Algorithm::ADAM)),
        "lbfgs" => Ok(how.lbfgs(LbfgsOptions::default().gradient_tolerance(0.0))),
        other => Err(format!("no solver {other}").into()),
    }
}

fn get<T: FromStr<Err: Error + 'static>>(
    options: &HashMap<String, String>,
    name: &str,
) -> Result<T, Failure> {
    Ok(options.get(name).ok_or_else(|| format!("{name} is missing"))?.parse()?)
}
