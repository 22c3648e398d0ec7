//! Scaling, labels and scores.

use super::{exact, exact_in_place, exact_owned, exact2, random, shares};
use crate::support::strides::owned_layouts;
use dnn_blocks::data::one_hot;
use dnn_blocks::prelude::*;

both! {
    scalers scalers_of_columns largest_rows metrics
}

fn scalers<F: Float>() {
    let x = random::<F>(4, 70);
    exact(&x, |x| {
        let scaler = Standardizer::fit(&x).unwrap();
        (scaler.mean().clone(), scaler.std_dev().clone())
    });
    let scaler = Standardizer::fit(&random::<F>(4, 30)).unwrap();
    exact(&x, |x| (scaler.transform(&x).unwrap(), scaler.inverse_transform(&x).unwrap()));
    exact_in_place(&x, |x| scaler.transform_inplace(x).unwrap());
    exact_in_place(&x, |x| scaler.inverse_transform_inplace(x).unwrap());
}

fn scalers_of_columns<F: Float>() {
    let (mean, deviation) = (random::<F>(4, 1), shares::<F>(4, 1));
    let x = random::<F>(4, 70);
    for mean_layout in owned_layouts(&mean) {
        exact_owned(&deviation, |deviation| {
            let scaler = Standardizer::from_columns(mean_layout.owned(), deviation).unwrap();
            let expected = Standardizer::from_columns(mean.clone(), scaler.std_dev().clone());
            assert_eq!(scaler, expected.unwrap());
            (scaler.transform(&x).unwrap(), scaler.inverse_transform(&x).unwrap())
        });
    }
}

fn largest_rows<F: Float>() {
    exact(&random::<F>(4, 70), |y| predicted_classes(&y).unwrap());
    let classes: Vec<usize> = (0..70).map(|i| i * i % 4).collect();
    exact_owned(&one_hot::<F>(&classes, 4).unwrap(), |y| predicted_classes(&y).unwrap());
}

fn metrics<F: Float>() {
    use dnn_blocks::metrics::{log_loss, r2};
    let classes: Vec<usize> = (0..70).map(|i| i * i % 3).collect();
    exact(&shares::<F>(3, 70), |p| log_loss(&p, &classes).unwrap());
    let two: Vec<usize> = (0..70).map(|i| i % 2).collect();
    exact(&shares::<F>(1, 70), |p| log_loss(&p, &two).unwrap());
    exact2(&random::<F>(2, 70), &shares::<F>(2, 70), |p, a| r2(&p, &a).unwrap());
}
