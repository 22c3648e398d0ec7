//! Models, their predictors, and those of the course.

use super::{
    BOUND, SIZES, exact, exact2, hyperparameters, random, tanh_network, within, within_network,
    within2,
};
use crate::support::labels;
use dnn_blocks::course::{Descent, l_layer_model, logistic_regression, nn_model, two_layer_model};
use dnn_blocks::ndarray::ArrayView2;
use dnn_blocks::prelude::*;

both! {
    predictors classifiers classifiers_without_a_scaler regressors courses
}

fn predictors<F: Float>() {
    for dims in SIZES {
        let parameters = tanh_network::<F>(&dims);
        let x = random::<F>(dims[0], 21);
        let scaler = Standardizer::fit(&random::<F>(dims[0], 50)).unwrap();
        let targets = Standardizer::fit(&random::<F>(3, 50)).unwrap();
        within(BOUND, &x, |x| {
            let mut predictor = Predictor::new(&parameters, 25).unwrap();
            let found = predictor.predict_proba(x).unwrap().to_owned();
            assert_eq!(found, predict_proba(x, &parameters).unwrap());
            found
        });
        // Scaled, `X` is copied.
        exact(&x, |x| {
            let predictor = Predictor::new(&parameters, 25).unwrap();
            let mut predictor = predictor.scaled(&scaler).unwrap().target_scaled(&targets);
            predictor.predict_proba(x).unwrap().to_owned()
        });
        within_network(BOUND, &parameters, |parameters| {
            let mut predictor = Predictor::new(&parameters, 25).unwrap();
            predictor.predict_proba(&x).unwrap().to_owned()
        });
    }
}

fn classifiers<F: Float>() {
    for classes in [2, 3] {
        let labels: Vec<usize> = (0..30).map(|i| i % classes).collect();
        let weights: Vec<F> = (0..30).map(|i| F::of(f64::from(i % 5))).collect();
        let how = hyperparameters().validation_share(0.2).patience(2);
        let learn = |x: Examples<'_, F>| {
            let mut model = Classifier::new(how.clone());
            let history = model.fit(x, &labels).unwrap();
            let mut weighted = Classifier::new(how.clone());
            weighted.fit_with(x, &labels, FitOptions::new().weights(&weights)).unwrap();
            let mut partial = Classifier::new(how.clone());
            partial.partial_fit(x, &labels).unwrap();
            partial.partial_fit(x, &labels).unwrap();
            let models = [&model, &weighted, &partial];
            let parameters = models.map(|model| model.parameters().unwrap().clone()).to_vec();
            (history.costs(), parameters)
        };
        exact(&random::<F>(4, 30), |x| learn(Examples::columns(x)));
        exact(&random::<F>(30, 4), |x| learn(Examples::rows(x)));
        let mut model = Classifier::new(how.clone());
        model.fit(Examples::rows(&random::<F>(30, 4)), &labels).unwrap();
        let ask = |x: Examples<'_, F>| {
            let (predicted, score) = (model.predict(x).unwrap(), model.score(x, &labels).unwrap());
            let probabilities = model.predict_proba(x).unwrap();
            let mut predictor = model.predictor(30).unwrap();
            let served = predictor.predict_proba(x.as_columns()).unwrap().to_owned();
            ((predicted, score), (probabilities, served))
        };
        exact(&random::<F>(4, 30), |x| ask(Examples::columns(x)));
        exact(&random::<F>(30, 4), |x| ask(Examples::rows(x)));
    }
}

/// Without a scaler `X` is not copied.
fn classifiers_without_a_scaler<F: Float>() {
    let labels: Vec<usize> = (0..30).map(|i| i % 3).collect();
    let how = hyperparameters().standardize(false);
    exact(&random::<F>(30, 4), |x| {
        let mut model = Classifier::new(how.clone());
        model.fit(Examples::rows(x), &labels).unwrap();
        model.parameters().unwrap().clone()
    });
    let mut model = Classifier::new(how.clone());
    model.fit(Examples::rows(&random::<F>(30, 4)), &labels).unwrap();
    within(BOUND, &random::<F>(30, 4), |x| model.predict_proba(Examples::rows(x)).unwrap());
    exact(&random::<F>(30, 4), |x| model.predict(Examples::rows(x)).unwrap());
}

fn regressors<F: Float>() {
    for standardize in [true, false] {
        let how = hyperparameters().validation_share(0.2).standardize(standardize);
        let weights: Vec<F> = (0..20).map(|i| F::of(f64::from(i % 5))).collect();
        let learn = |x: Examples<'_, F>, y: Examples<'_, F>| {
            let mut model = Regressor::new(how.clone());
            let history = model.fit(x, y).unwrap();
            let mut weighted = Regressor::new(how.clone());
            weighted.fit_with(x, y, FitOptions::new().weights(&weights)).unwrap();
            let mut partial = Regressor::new(how.clone());
            partial.partial_fit(x, y).unwrap();
            let models = [&model, &weighted, &partial];
            let parameters = models.map(|model| model.parameters().unwrap().clone()).to_vec();
            (history.costs(), parameters)
        };
        let (x, y) = (random::<F>(20, 3), random::<F>(20, 2));
        exact2(&x, &y, |x, y| learn(Examples::rows(x), Examples::rows(y)));
        exact(&x, |x| learn(Examples::columns(x.reversed_axes()), Examples::rows(&y)));
        let mut model = Regressor::new(how.clone());
        model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
        let bound = if standardize { 0.0 } else { BOUND };
        within2(bound, (&x, &y), |x, y| {
            let (x, y) = (Examples::rows(x), Examples::rows(y));
            let (score, predicted) = (model.score(x, y).unwrap(), model.predict(x).unwrap());
            let mut predictor = model.predictor(20).unwrap();
            let served = predictor.predict_proba(x.as_columns()).unwrap().to_owned();
            // Of constant values a score is 0 or 1, by any difference.
            let score = if score.fract() == 0.0 { 0.0 } else { score };
            (score, (predicted, served))
        });
    }
}

fn courses<F: Float>() {
    let (x, y) = (random::<F>(7, 31), labels::<F>(1, 31));
    let descent = Descent { learning_rate: 0.1, num_iterations: 4, every: 1 };
    let all = |x: ArrayView2<'_, F>, y: ArrayView2<'_, F>| {
        let rng = || NumpyRandom::seed(3);
        vec![
            logistic_regression(&x, &y, descent).unwrap(),
            nn_model(&x, &y, 5, descent, &mut rng()).unwrap(),
            two_layer_model(&x, &y, 5, descent, &mut rng()).unwrap(),
            l_layer_model(&x, &y, &[7, 5, 3, 1], descent, &mut rng()).unwrap(),
        ]
    };
    within(BOUND, &x, |x| all(x, y.view()));
    exact(&y, |y| all(x.view(), y));
}
