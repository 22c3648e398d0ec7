//! One fit for `tables.py`. `tables DIR key=value …` reads the table in DIR, fits a model with the
//! default hyperparameters, writes its predictions for the test examples to DIR, and prints the
//! seconds of the fit. The keys are `task`, `features` and `seed`, then changes of the defaults.
//! With `members`, a model is fitted to the training examples of each of that many folds, and the
//! prediction is their mean.

mod files;

use dnn_blocks::data::{Fold, k_fold, stratified_k_fold};
use dnn_blocks::ndarray::{Array2, Axis};
use dnn_blocks::prelude::*;
use files::{Failure, table};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().ok_or("usage: tables DIR key=value ...")?);
    let (mut classify, mut features, mut members) = (true, 1, 1);
    let mut how = Hyperparameters::default().constant_features(true);
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{word}: no value"))?;
        match key {
            "task" => classify = value == "classification",
            "features" => features = value.parse()?,
            "members" => members = value.parse()?,
            _ => how = changed(how, key, value)?,
        }
    }
    if !classify {
        how = how.label_smoothing(0.0);
    }
    let x = table(&folder, "train_x", features)?;
    let y = table(&folder, "train_y", 1)?;
    let test_x = table(&folder, "test_x", features)?;
    let (x, test_x) = (Examples::rows(&x), Examples::rows(&test_x));
    let labels: Vec<u32> = y.iter().map(|label| label.max(0.0) as u32).collect();
    let rng = &mut NumpyRandom::seed(how.seed);
    let folds = match members {
        1 => vec![(0..x.len()).collect()],
        _ if classify => training_sets(stratified_k_fold(&labels, members, rng)?),
        _ => training_sets(k_fold(x.len(), members, rng)?),
    };
    let (mut seconds, mut predicted) = (Duration::ZERO, None::<Array2<f32>>);
    for training in folds {
        let rows = x.as_columns().select(Axis(1), &training);
        let rows = Examples::columns(&rows);
        let start = Instant::now();
        let (time, part) = if classify {
            let labels: Vec<u32> = training.iter().map(|&i| labels[i]).collect();
            let mut model = Classifier::<f32, u32>::new(how.clone());
            model.fit(rows, &labels)?;
            (start.elapsed(), model.predict_proba(test_x)?)
        } else {
            let y = y.select(Axis(0), &training).reversed_axes();
            let mut model = Regressor::<f32>::new(how.clone());
            model.fit(rows, Examples::columns(&y))?;
            (start.elapsed(), model.predict(test_x)?)
        };
        seconds += time;
        predicted = Some(match predicted {
            Some(sum) => sum + part,
            None => part,
        });
    }
    let predicted = predicted.ok_or("no fold")? / members as f32;
    let bytes: Vec<u8> = predicted.iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(folder.join("predicted"), bytes)?;
    println!("{}", seconds.as_secs_f64());
    Ok(())
}

fn training_sets(folds: Vec<Fold>) -> Vec<Vec<usize>> {
    folds.into_iter().map(|fold| fold.training).collect()
}

/// Changes one hyperparameter.
fn changed(how: Hyperparameters, key: &str, value: &str) -> Result<Hyperparameters, Failure> {
    Ok(match key {
        "seed" => how.seed(value.parse()?),
        "hidden" => {
            let units: Vec<usize> = value.split(',').map(str::parse).collect::<Result<_, _>>()?;
            how.hidden(&units)
        }
        "activation" => how.activation(value.replace('_', " ").parse::<Activation>()?),
        "learning_rate" => how.learning_rate(value.parse()?),
        "schedule" => how.schedule(match value {
            "constant" => Schedule::Constant,
            other => return Err(format!("no schedule {other}").into()),
        }),
        "weight_decay" | "beta2" => {
            let mut algorithm = how.algorithm;
            match (&mut algorithm, key) {
                (Algorithm::AdamW { beta2, .. }, "beta2") => *beta2 = value.parse()?,
                (Algorithm::AdamW { weight_decay, .. }, _) => *weight_decay = value.parse()?,
                (other, _) => return Err(format!("{other} has no {key}").into()),
            }
            how.algorithm(algorithm)
        }
        "batch_size" => how.batch_size(value.parse::<usize>()?),
        "epochs" => how.epochs(value.parse()?),
        "l2" => how.l2(value.parse()?),
        "keep_prob" => how.keep_prob(value.parse()?),
        "label_smoothing" => how.label_smoothing(value.parse()?),
        "validation_share" => how.validation_share(value.parse()?),
        "patience" => how.patience(value.parse::<usize>()?),
        "plain" => {
            let Hyperparameters { seed, constant_features, .. } = how;
            Hyperparameters::plain().seed(seed).constant_features(constant_features)
        }
        other => return Err(format!("no hyperparameter {other}").into()),
    })
}
