//! Scaling, labels and scores.

use super::{
    compare, exact, exact_in_place, exact_owned, exact2, first_row, laid_rows, random, shares,
};
use crate::support::labels;
use crate::support::strides::owned_layouts;
use dnn_blocks::data::{LabelNames, one_hot};
use dnn_blocks::metrics::{
    MultiLabelConfusion, average_precision, balanced_accuracy, brier_score, hamming_loss, log_loss,
    mean_absolute_error, mean_poisson_deviance, r2, roc_auc, root_mean_squared_error,
    subset_accuracy, top_k_accuracy,
};
use dnn_blocks::ndarray::{Array1, Array2, ArrayRef2, ArrayView1, ArrayView2, Axis, s};
use dnn_blocks::prelude::*;
use dnn_blocks::selection::{OwnedExamples, Selectable, Tabular};

both! {
    scalers scalers_of_columns largest_rows tables_of_labels metrics metrics_of_scores weights
    selections
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

fn tables_of_labels<F: Float>() {
    let (y, predicted) = (labels::<F>(3, 70), labels::<F>(3, 72).slice(s![.., 2..]).to_owned());
    let names = LabelNames::new(&[0, 1, 2]);
    exact(&y, |y| names.decode(&y).unwrap().concat());
    exact2(&y, &predicted, |y, predicted| {
        let pair = (Actual(y), Predicted(predicted));
        let confusion = MultiLabelConfusion::new(pair.0, pair.1).unwrap();
        let counts: Vec<usize> = confusion.sum().counts().iter().copied().collect();
        (subset_accuracy(pair.0, pair.1).unwrap(), (hamming_loss(pair.0, pair.1).unwrap(), counts))
    });
}

fn selections<F: Float>() {
    exact(&random::<F>(70, 4), |x| {
        let x = Examples::rows(x);
        let mut some = OwnedExamples::select(x, &[69, 0, 3]).unwrap();
        some.set_feature(2, x, &[5, 6, 7]).unwrap();
        some.view().as_columns().to_owned()
    });
}

/// Matrices as actual and as predicted values.
fn metrics<F: Float>() {
    let classes: Vec<usize> = (0..70).map(|i| i * i % 3).collect();
    let p = shares::<F>(3, 70);
    exact(&p, |p| log_loss(Actual(&classes), Predicted(&p)).unwrap());
    let two: Vec<usize> = (0..70).map(|i| i % 2).collect();
    exact(&shares::<F>(1, 70), |p| log_loss(Actual(&two), Predicted(&p)).unwrap());
    let numbers = Array2::from_shape_fn((1, 70), |(_, i)| F::of(classes[i] as f64));
    let columns = one_hot::<F>(&classes, 3).unwrap();
    for y in [&numbers, &columns] {
        assert!(log_loss(Actual(y), Predicted(&p)).is_ok());
        exact(y, |y| log_loss(Actual(&y), Predicted(p.view())).unwrap_or(f64::NAN));
        let probabilities = &p / &p.sum_axis(Axis(0));
        assert!(scores(&y.view(), &probabilities.view()).0.is_finite());
        exact2(y, &probabilities, |y, p| scores(&y, &p));
        exact2(&probabilities, y, |p, y| scores(&p, &y));
    }
    exact2(&shares::<F>(2, 70), &random::<F>(2, 70), |a, p| r2(Actual(&a), Predicted(&p)).unwrap());
}

fn metrics_of_scores<F: Float>() {
    let classes: Vec<usize> = (0..70).map(|i| i * i % 7 % 3).collect();
    let shares = shares::<F>(3, 70);
    let probabilities = &shares / &shares.sum_axis(Axis(0));
    let row = shares.slice(s![..1, ..]).to_owned();
    let two: Vec<usize> = (0..70).map(|i| i * i % 7 % 2).collect();
    for (labels, p) in [(&classes, &probabilities), (&two, &row)] {
        assert!(brier_score(Actual(labels), Predicted(p)).is_ok());
        exact(p, |p| {
            let (labels, p) = (Actual(labels), Predicted(&p));
            let ranks = vec![roc_auc(labels, p).unwrap(), average_precision(labels, p).unwrap()];
            let top = top_k_accuracy(labels, p, 1).unwrap();
            // The columns of a broadcast row or number do not sum to 1.
            (ranks, (top, brier_score(labels, p).unwrap_or(f64::NAN)))
        });
    }
    exact2(&random::<F>(2, 70), &random::<F>(2, 70), |a, p| {
        let (a, p) = (Actual(&a), Predicted(&p));
        (mean_absolute_error(a, p).unwrap(), root_mean_squared_error(a, p).unwrap())
    });
    exact2(&shares, &shares, |a, p| mean_poisson_deviance(Actual(&a), Predicted(&p)).unwrap());
}

fn weights<F: Float>() {
    let classes: Vec<usize> = (0..70).map(|i| i * i % 7 % 3).collect();
    let (p, y) = (shares::<F>(3, 70), random::<F>(3, 70));
    let (weights, p, y) = (shares::<F>(1, 70), Predicted(&p), (Actual(&y), Predicted(&p)));
    let found = |weights: ArrayView1<'_, F>| {
        let actual = Actual(&classes).weighted(weights);
        let (values, rates) = (y.0.weighted(weights), Actual(p.0));
        vec![
            accuracy(actual, Predicted(&[0; 70])).unwrap(),
            balanced_accuracy(actual, Predicted(&[0; 70])).unwrap(),
            roc_auc(actual, p).unwrap(),
            average_precision(actual, p).unwrap(),
            log_loss(actual, p).unwrap(),
            r2(values, y.1).unwrap(),
            mean_absolute_error(values, y.1).unwrap(),
            root_mean_squared_error(values, y.1).unwrap(),
            mean_poisson_deviance(rates.weighted(weights), p).unwrap(),
        ]
    };
    for laid in laid_rows(&weights) {
        let row = first_row(&laid);
        let expected = found(Array1::from_iter(row.iter().copied()).view());
        compare::<F>(&found(row), &expected, 0.0, &[laid.layout]);
    }
}

/// Computes scores of labels in matrices, passed as views and as `ArrayRef2`.
fn scores<F: Float>(
    actual: &ArrayView2<'_, F>,
    predicted: &ArrayView2<'_, F>,
) -> (f64, (Vec<usize>, Vec<usize>)) {
    let found = accuracy(Actual(actual), Predicted(predicted));
    let Ok(found) = found else { return (f64::NAN, Default::default()) }; // a refused broadcast
    let (a, p): (&ArrayRef2<F>, &ArrayRef2<F>) = (actual, predicted);
    assert_eq!(accuracy(Actual(a), Predicted(p)), Ok(found));
    let of_labels = ConfusionMatrix::new(Actual(actual), Predicted(predicted)).unwrap();
    let of_four = ConfusionMatrix::with_classes(Actual(a), Predicted(p), &[0, 1, 2, 3]).unwrap();
    let counts = |table: &ConfusionMatrix| table.counts().iter().copied().collect();
    (found, (counts(&of_labels), counts(&of_four)))
}
