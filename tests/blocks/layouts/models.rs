//! Models, predictors, and the models of the course.

use super::{
    BOUND, Numbers, SIZES, compare, exact, exact_owned, exact2, hyperparameters, random,
    tanh_network, within, within_network, within2,
};
use crate::support::labels;
use crate::support::strides::owned_layouts;
use dnn_blocks::course::{
    Descent, LogisticParameters, l_layer_model, logistic_regression, nn_model, optimize, propagate,
    two_layer_model,
};
use dnn_blocks::model::Predictor;
use dnn_blocks::ndarray::{ArrayRef2, ArrayView2, s};
use dnn_blocks::prelude::*;

both! {
    predictors predictors_of_one_example classifiers classifiers_without_a_scaler
    multi_label_classifiers regressors courses logistic_regressions
}

fn predictors<F: Float>() {
    for dims in SIZES {
        let parameters = tanh_network::<F>(&dims);
        let x = random::<F>(dims[0], 21);
        let scaler = Standardizer::fit(&random::<F>(dims[0], 50)).unwrap();
        let targets = Standardizer::fit(&random::<F>(3, 50)).unwrap();
        within(BOUND, &x, |x| {
            let mut predictor = Predictor::new(&parameters, 25).unwrap();
            let found = predictor.outputs(x).unwrap().to_owned();
            assert_eq!(found, predict_proba(x, &parameters).unwrap());
            let x: &ArrayRef2<F> = &x;
            assert_eq!(predictor.outputs(x).unwrap(), found);
            found
        });
        // A scaler copies `X`.
        exact(&x, |x| {
            let predictor = Predictor::new(&parameters, 25).unwrap();
            let mut predictor = predictor.scaled(&scaler).unwrap().target_scaled(&targets);
            predictor.outputs(x).unwrap().to_owned()
        });
        within_network(BOUND, &parameters, |parameters| {
            let mut predictor = Predictor::new(&parameters, 25).unwrap();
            predictor.outputs(&x).unwrap().to_owned()
        });
    }
}

/// One example: a column of a matrix, which need not be contiguous.
fn predictors_of_one_example<F: Float>() {
    let parameters = tanh_network::<F>(&[30, 40, 3]);
    let x = random::<F>(30, 4);
    let mut predictor = Predictor::new(&parameters, 1).unwrap();
    let expected = predictor.outputs(&x.column(2).to_vec()[..]).unwrap().numbers();
    for laid in owned_layouts(&x) {
        let view = laid.view();
        let column = view.column(2);
        let found = predictor.outputs(column).unwrap().numbers();
        compare::<F>(&found, &expected, BOUND, &[laid.layout]);
        let matrix = predictor.outputs(view.slice(s![.., 2..3])).unwrap().numbers();
        compare::<F>(&matrix, &expected, BOUND, &[laid.layout]);
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
            let mut partial = Classifier::new(hyperparameters());
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
            let logarithms = model.predict_log_proba(x).unwrap();
            let mut predictor = model.predictor(30).unwrap();
            let served: Vec<usize> =
                predictor.predict(x.as_columns()).unwrap().iter().map(|label| **label).collect();
            assert_eq!(served, predicted);
            let served = predictor.predict_proba(x.as_columns()).unwrap().to_owned();
            let served_logarithms = predictor.predict_log_proba(x.as_columns()).unwrap();
            let served = (served, served_logarithms.to_owned());
            ((predicted, score), ((probabilities, logarithms), served))
        };
        exact(&random::<F>(4, 30), |x| ask(Examples::columns(x)));
        exact(&random::<F>(30, 4), |x| ask(Examples::rows(x)));
    }
}

/// Without a scaler, the predictor reads `X` without a copy.
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
    within(BOUND, &random::<F>(30, 4), |x| model.predict_log_proba(Examples::rows(x)).unwrap());
    exact(&random::<F>(30, 4), |x| model.predict(Examples::rows(x)).unwrap());
    within(BOUND, &random::<F>(4, 30), |x| {
        let mut predictor = model.predictor(30).unwrap();
        let probabilities = predictor.predict_proba(x).unwrap().to_owned();
        (probabilities, predictor.predict_log_proba(x).unwrap().to_owned())
    });
}

fn multi_label_classifiers<F: Float>() {
    let names = [3, 1, 2];
    let y = labels::<F>(30, 3);
    let how = hyperparameters().validation_share(0.2).patience(2);
    let learn = |x: Examples<'_, F>, y: LabelSets<'_, F, i32>| {
        let mut model = MultiLabelClassifier::new(how.clone());
        let history = model.fit(x, y).unwrap();
        let mut partial = MultiLabelClassifier::new(hyperparameters());
        partial.partial_fit(x, y).unwrap();
        partial.partial_fit(x, y).unwrap();
        let models = [&model, &partial];
        let parameters = models.map(|model| model.parameters().unwrap().clone()).to_vec();
        (history.costs(), parameters)
    };
    let x = random::<F>(30, 4);
    exact(&x, |x| learn(Examples::rows(x), LabelSets::table(Examples::rows(&y), &names)));
    // A broadcast table of labels is a table too.
    exact(&y, |y| learn(Examples::rows(&x), LabelSets::table(Examples::rows(y), &names)));
    let turned = y.t().as_standard_layout().into_owned();
    exact(&turned, |y| learn(Examples::rows(&x), LabelSets::table(Examples::columns(y), &names)));

    let labels = LabelSets::table(Examples::rows(&y), &names);
    let mut model = MultiLabelClassifier::new(how.clone());
    model.fit(Examples::rows(&x), labels).unwrap();
    exact(&x, |x| {
        let x = Examples::rows(x);
        let mut predictor = model.predictor(30).unwrap();
        let served = predictor.predict_table(x.as_columns()).unwrap().to_owned();
        let probabilities = predictor.predict_proba(x.as_columns()).unwrap().to_owned();
        let table = model.predict_table(x).unwrap();
        let score = model.score(x, labels).unwrap();
        (score, ((table, model.predict_proba(x).unwrap()), (served, probabilities)))
    });
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
            let mut partial = Regressor::new(how.clone().validation_share(0.0));
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
            let served = predictor.predict(x.as_columns()).unwrap().to_owned();
            // The score of constant values is 0 or 1 for the smallest difference.
            let score = if score.fract() == 0.0 { 0.0 } else { score };
            (score, (predicted, served))
        });
    }
}

fn courses<F: Float>() {
    let (x, y) = (random::<F>(7, 31), labels::<F>(1, 31));
    let descent = Descent::new(0.1, 4).every(1);
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

fn logistic_regressions<F: Float>() {
    let (w, b) = (random::<F>(7, 1), F::of(0.3));
    let (x, y) = (random::<F>(7, 31), labels::<F>(1, 31));
    let descent = Descent::new(0.1, 4).every(1);
    let all = |w: ArrayView2<'_, F>, x: ArrayView2<'_, F>, y: ArrayView2<'_, F>| {
        let (grads, cost) = propagate(&w, b, &x, &y).unwrap();
        let (params, last, costs) = optimize(&w, b, &x, &y, descent).unwrap();
        let costs: Vec<_> = costs.iter().map(|(_, cost)| cost.as_f64()).collect();
        let numbers = [grads.db, params.b, last.db, cost].map(Float::as_f64).to_vec();
        (vec![grads.dw, params.w, last.dw], (numbers, costs))
    };
    within(BOUND, &w, |w| all(w, x.view(), y.view()));
    within2(BOUND, (&x, &y), |x, y| all(w.view(), x, y));
    exact_owned(&w, |w| LogisticParameters { w, b }.to_parameters().unwrap());
}
