//! Cross-validation, search and importance.

mod cross_validation;
mod estimator;
mod importance;
mod search;

use dnn_blocks::Result;
use dnn_blocks::data::Fold;
#[cfg(feature = "rayon")]
use dnn_blocks::data::stratified_k_fold;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::selection::TestSet;
#[cfg(feature = "rayon")]
use dnn_blocks::selection::{cross_validate, grid, permutation_importance, score_fold, search};

fn how() -> Hyperparameters {
    Hyperparameters::default().hidden(&[6]).epochs(5).learning_rate(0.02).seed(3)
}

/// Three classes around three points, (m, 2).
fn points(m: usize) -> (Array2<f64>, Vec<u8>) {
    let mut rng = NumpyRandom::seed(4);
    let labels: Vec<u8> = (0..m).map(|i| (i % 3) as u8).collect();
    let x = Array2::from_shape_fn((m, 2), |(i, f)| {
        3.0 * f64::from(u8::from(usize::from(labels[i]) == f)) + rng.randn()
    });
    (x, labels)
}

type Model = Classifier<f64, u8>;

fn accuracy(model: &Model, test: &TestSet<Model>) -> Result<f64> {
    model.score(test.x(), test.targets())
}

fn fold(training: &[usize], test: &[usize]) -> Fold {
    Fold { training: training.to_vec(), test: test.to_vec() }
}

fn chosen<T: Clone>(values: &[T], examples: &[usize]) -> Vec<T> {
    examples.iter().map(|&example| values[example].clone()).collect()
}

#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_changes_no_bit() {
    let (x, labels) = points(60);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let rng = &mut NumpyRandom::seed(1);
            let folds = stratified_k_fold(&labels, 5, rng).unwrap();
            let candidates = grid(vec![how()], &[0.0, 0.5, 2.0], |h, &l2| h.l2(l2));
            let trials = search(&candidates, &folds, |how, fold| {
                let model = Classifier::<f64, u8>::new(how.clone());
                score_fold(&model, Examples::rows(&x), &labels, fold, accuracy)
            });
            let x = Examples::rows(&x);
            let model = Classifier::<f64, u8>::new(how());
            let result = cross_validate(&model, x, &labels, &folds, accuracy).unwrap();
            let mut model = Classifier::<f64, u8>::new(how());
            model.fit(x, &labels).unwrap();
            let importance = permutation_importance(&model, x, &labels, accuracy, 3, rng);
            (trials.unwrap(), result, importance.unwrap())
        })
    };
    let alone = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), alone);
    }
}
