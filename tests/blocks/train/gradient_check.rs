//! The gradient check: the course's cases, planted mistakes, and errors.

use crate::support::reference::{assert_number, cases, matrix, network_of, number};
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::gradient_check::{
    Coordinate, Entry, GradientCheck, TOLERANCE, gradient_check, gradient_check_n,
};
use dnn_blocks::{Error, Result};

#[test]
fn one_dimension_of_the_course() {
    for (inputs, expected) in cases("c2w1_gradcheck_gradient_check_1d") {
        let [x, theta, epsilon] = ["x", "theta", "epsilon"].map(|name| number(&inputs[name]));
        let gradient = number(&expected["grad"]);
        let check = gradient_check(|theta| theta[0] * x, &[theta], &[gradient], epsilon).unwrap();
        // The course has 3e-10, from rounding the step of 2e-7.
        assert!(check.difference <= number(&expected["difference"]), "{check}");
        let worst = check.worst[0];
        assert_eq!((check.worst.len(), worst.index, worst.analytic), (1, 0, gradient));
        assert_number("numeric", worst.numeric, number(&expected["gradapprox"]), 1e-8);
    }
}

struct Course {
    parameters: Parameters<f64>,
    gradients: Gradients<f64>,
    x: Array2<f64>,
    y: Array2<f64>,
}

/// The course's network with three layers. `course/cases.rs` checks its gradients.
fn course() -> (Course, serde_json::Value) {
    let (inputs, expected) = cases("c2w1_gradcheck_gradient_check_n").remove(0);
    let parameters = network_of(&inputs, Activation::Relu, Activation::Sigmoid);
    let (x, y) = (matrix(&inputs["X"]), matrix(&inputs["Y"]));
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    let gradients = l_model_backward(&al, &y, &caches).unwrap();
    (Course { parameters, gradients, x, y }, expected)
}

impl Course {
    fn cost(&self, parameters: &Parameters<f64>) -> Result<f64> {
        compute_cost(&predict_proba(&self.x, parameters)?, &self.y)
    }
}

#[test]
fn the_network_of_the_course() {
    let (course, _) = course();
    let Course { parameters, gradients, .. } = &course;
    let check = gradient_check_n(parameters, gradients, 1e-7, |p| course.cost(p)).unwrap();
    // The course has 1.19e-7, all of it rounding.
    assert!(check.difference > 0.0 && check.difference < 2e-7, "{check}");
    assert!(check.agrees() && check.worst.len() == 5);
    let verdict = check.to_string();
    assert!(verdict.starts_with("the gradient is right: difference "), "{verdict}");
    assert_eq!(verdict.lines().count(), 1);
}

#[test]
fn the_planted_mistake_of_the_course() {
    let (course, expected) = course();
    let mut gradients = course.gradients.clone();
    gradients.layers_mut()[1].dw *= 2.0;
    gradients.layers_mut()[0].db *= 4.0;
    let check = gradient_check_n(&course.parameters, &gradients, 1e-7, |p| course.cost(p)).unwrap();
    let published = number(&expected["difference_with_planted_bug"]);
    assert_number("difference", check.difference, published, 1e-7);
    assert!(!check.agrees());

    let worst: Vec<_> = check.worst.iter().map(|c| c.index.to_string()).collect();
    // 3·0.633, then 0.916, 0.903 and 3·0.090; dW2[2, 2] is 0.108, 3·0.064 is more.
    assert_eq!(worst, ["db1[0]", "dW2[2, 0]", "dW2[2, 3]", "db1[3]", "db1[2]"]);
    let first = &check.worst[0];
    assert_eq!(first.index, Entry::Bias { layer: 1, row: 0 });
    assert_number("analytic", first.analytic, 4.0 * 0.6329078719756231, 1e-12);
    assert_number("numeric", first.numeric, 0.6329078719756231, 1e-6);
    let lines: Vec<_> = check.to_string().lines().map(String::from).collect();
    assert_eq!(lines[0], "the gradient is wrong: difference 2.85e-1 is above 2e-7");
    assert_eq!(lines[1], "worst              analytic        numeric  difference");
    let cells: Vec<_> = lines[2].split_whitespace().collect();
    assert_eq!(cells[..2], ["db1[0]", "2.531631e0"]);
    assert!(cells[2].starts_with("6.32907") && cells[2].ends_with("e-1"), "{}", lines[2]);
    assert_eq!(lines.len(), 7);
}

/// The check names every single entry that is doubled or shifted.
#[test]
fn any_single_mistake_is_named() {
    let dims = [3, 4, 2, 1];
    let mut rng = NumpyRandom::seed(8);
    let parameters = initialize_parameters_deep(&dims, Initializer::Xavier, &mut rng)
        .unwrap()
        .with_activations(Activation::Tanh, Activation::Sigmoid);
    let x = Array2::from_shape_simple_fn((3, 5), || rng.randn());
    let y = array![[1.0, 0.0, 1.0, 1.0, 0.0]];
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    let gradients = l_model_backward(&al, &y, &caches).unwrap();
    let cost = |p: &Parameters<f64>| compute_cost(&predict_proba(&x, p)?, &y);
    assert!(gradient_check_n(&parameters, &gradients, 1e-5, cost).unwrap().agrees());
    let mut names = Vec::new();
    for (l, layer) in gradients.layers().iter().enumerate() {
        let mut check = |name: String, plant: &dyn Fn(&mut LayerGradients<f64>)| {
            let mut planted = gradients.clone();
            plant(&mut planted.layers_mut()[l]);
            let check = gradient_check_n(&parameters, &planted, 1e-5, cost).unwrap();
            assert!(!check.agrees() && check.worst[0].index.to_string() == name, "{check}");
            names.push(name);
        };
        for (at, _) in layer.dw.indexed_iter() {
            let name = format!("dW{}[{}, {}]", l + 1, at.0, at.1);
            check(name, &|layer| layer.dw[at] += 1e-3);
        }
        for row in 0..layer.db.nrows() {
            check(format!("db{}[{row}]", l + 1), &|layer| layer.db[[row, 0]] += 1e-3);
        }
    }
    assert_eq!(names.len(), 12 + 4 + 8 + 2 + 2 + 1);
}

#[test]
fn the_cost_sees_one_number_moved_at_a_time() {
    let theta = [1.0, -2.0, 3.0];
    let mut seen = Vec::new();
    let cost = |at: &[f64]| {
        seen.push(at.to_vec());
        0.0
    };
    let check = gradient_check(cost, &theta, &[0.0; 3], 0.5).unwrap();
    assert_eq!(check.difference, 0.0);
    let expected = [
        [1.5, -2.0, 3.0],
        [0.5, -2.0, 3.0],
        [1.0, -1.5, 3.0],
        [1.0, -2.5, 3.0],
        [1.0, -2.0, 3.5],
        [1.0, -2.0, 2.5],
    ];
    assert_eq!(seen, expected);

    let (course, _) = course();
    let mut calls = 0;
    let cost = |p: &Parameters<f64>| {
        calls += 1;
        let layers = p.layers().iter().zip(course.parameters.layers());
        let moved: usize = layers
            .map(|(a, b)| {
                let pairs = a.w.iter().zip(&b.w).chain(a.b.iter().zip(&b.b));
                pairs.filter(|(a, b)| a != b).count()
            })
            .sum();
        assert_eq!(moved, 1);
        Ok(0.0)
    };
    let zeros = Gradients::zeros_like(&course.parameters);
    gradient_check_n(&course.parameters, &zeros, 1e-7, cost).unwrap();
    assert_eq!(calls, 2 * 47);
}

#[test]
fn the_difference_is_the_formula_at_every_size() {
    for size in [1.0, 1e-300, 1e-160, 1e160, 1e300] {
        // J = 3·size·θ₀ + 4·size·θ₁, in steps that are exact; the gradient is twice that.
        let cost = |theta: &[f64]| size * 3.0 * theta[0] + size * 4.0 * theta[1];
        let check = gradient_check(cost, &[0.0, 0.0], &[6.0 * size, 8.0 * size], 0.25).unwrap();
        assert_number("difference", check.difference, 5.0 / 15.0, 1e-14);
        let order: Vec<_> = check.worst.iter().map(|c| c.index).collect();
        assert_eq!(order, [1, 0]);
    }
    let equal = gradient_check(|_| 0.0, &[0.0; 7], &[1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0], 0.25);
    let order: Vec<_> = equal.unwrap().worst.iter().map(|c| c.index).collect();
    assert_eq!(order, [2, 6, 0, 1, 3]);
    let against = gradient_check(|theta| theta[0], &[0.0], &[-1.0], 0.25).unwrap();
    assert_eq!(against.difference, 1.0);
    let nothing = gradient_check(|_| 7.0, &[1.0, 2.0], &[0.0, 0.0], 1e-7).unwrap();
    assert!(nothing.difference == 0.0 && nothing.agrees());
    let dead = gradient_check(|_| 7.0, &[1.0], &[1e-9], 1e-7).unwrap();
    assert_eq!((dead.difference, dead.agrees()), (1.0, false));
    let empty = gradient_check(|_| 7.0, &[], &[], 1e-7).unwrap();
    assert!(empty.difference == 0.0 && empty.worst.is_empty());
}

/// The check divides by the rounded step: division by `2ε` would be off by 1e-3.
#[test]
fn large_parameters_are_no_mistake() {
    let check = gradient_check(|theta| 2.0 * theta[0], &[1e6 + 0.1], &[2.0], 1e-7).unwrap();
    assert!(check.difference < 1e-12, "{check}");
}

#[test]
fn the_bound_is_the_course_s() {
    let at = |difference| check_of(difference, vec![]).agrees();
    assert!(at(0.0) && at(1.2e-7) && at(TOLERANCE) && !at(2.1e-7) && !at(1.0) && !at(f64::NAN));
}

/// Returns a check with these figures.
fn check_of(difference: f64, worst: Vec<Coordinate>) -> GradientCheck {
    let mut check = gradient_check(|_| 0.0, &[], &[], 1e-7).unwrap();
    (check.difference, check.worst) = (difference, worst);
    check
}

#[test]
fn checks_print_their_verdict() {
    let worst = vec![
        Coordinate { index: 12, analytic: 1.5, numeric: -0.25 },
        Coordinate { index: 3, analytic: -1e-300, numeric: 0.0 },
        Coordinate { index: 4, analytic: 0.5, numeric: 0.5 }, // not listed
    ];
    let check = check_of(0.3, worst);
    let expected = "\
the gradient is wrong: difference 3.00e-1 is above 2e-7
worst              analytic        numeric  difference
12               1.500000e0    -2.500000e-1      1.75e0
3             -1.000000e-300     0.000000e0   1.00e-300
";
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeezed(&check.to_string()), squeezed(expected));
    let bias = Entry::Bias { layer: 12, row: 30 };
    assert_eq!(format!("{bias:>9}|{bias}"), " db12[30]|db12[30]");
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let sum = |theta: &[f64]| theta.iter().sum::<f64>();
    let message = |theta: &[f64], gradient: &[f64], epsilon| {
        gradient_check(sum, theta, gradient, epsilon).unwrap_err().to_string()
    };
    let (theta, gradient) = ([1.0, 2.0], [1.0, 1.0]);
    assert_eq!(message(&theta, &[1.0], 1e-7), "gradient and theta differ in length: 1 and 2");
    for epsilon in [0.0, -1e-7, f64::NAN, f64::INFINITY] {
        let expected = format!("epsilon is {epsilon}, but must be above 0 and finite");
        assert_eq!(message(&theta, &gradient, epsilon), expected);
        assert_eq!(message(&[], &[], epsilon), expected);
    }
    assert_eq!(
        message(&[1.0, 1e12], &gradient, 1e-7),
        "epsilon is 0.0000001, but must be large enough to move every number"
    );
    // 2^53 + 1 and -2^53 - 1 are no f64.
    for at in [9_007_199_254_740_992.0, -9_007_199_254_740_992.0] {
        let expected = "epsilon is 1, but must be large enough to move every number";
        assert_eq!(message(&[1.0, at], &gradient, 1.0), expected);
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(message(&[1.0, value], &gradient, 1e-7), format!("theta[1] is {value}"));
        assert_eq!(message(&theta, &[value, 1.0], 1e-7), format!("gradient[0] is {value}"));
        let cost = |at: &[f64]| if at[1] > 2.0 { value } else { 0.0 };
        let error = gradient_check(cost, &theta, &gradient, 1e-7).unwrap_err();
        assert_eq!(error.to_string(), format!("cost beside theta[1] is {value}"));
    }
    let steep = |at: &[f64]| if at[0] > 1.0 { f64::MAX } else { -f64::MAX };
    let error = gradient_check(steep, &theta, &gradient, 1e-7).unwrap_err();
    assert_eq!(error.to_string(), "cost beside theta[0] is inf");
}

#[test]
fn networks_that_cannot_be_checked_are_refused_by_name() {
    let (course, _) = course();
    let check = |parameters: &Parameters<f64>, gradients: &Gradients<f64>, epsilon| {
        gradient_check_n(parameters, gradients, epsilon, |p| course.cost(p)).unwrap_err()
    };
    let (parameters, gradients) = (&course.parameters, &course.gradients);
    let error = check(parameters, gradients, -1.0);
    assert_eq!(error.to_string(), "epsilon is -1, but must be above 0 and finite");

    let mut broken = gradients.clone();
    broken.layers_mut()[1].dw[[2, 1]] = f64::NAN;
    assert_eq!(check(parameters, &broken, 1e-7).to_string(), "layer 2: dW[2, 1] is NaN");
    let mut broken = gradients.clone();
    broken.layers_mut()[2].db[[0, 0]] = f64::INFINITY;
    assert_eq!(check(parameters, &broken, 1e-7).to_string(), "layer 3: db[0] is inf");
    let mut broken = parameters.clone();
    broken.layers_mut()[0].b[[3, 0]] = f64::NAN;
    let error = gradient_check_n(&broken, gradients, 1e-7, |_| Ok(0.0)).unwrap_err();
    assert_eq!(error.to_string(), "layer 1: b[3] is NaN");
    let error = gradient_check_n(parameters, gradients, 1e-7, |_| Ok(f64::NAN)).unwrap_err();
    assert_eq!(error.to_string(), "layer 1: cost beside W[0, 0] is NaN");

    let mut other = gradients.clone();
    other.layers_mut()[1].dw = Array2::zeros((3, 4));
    assert_eq!(
        check(parameters, &other, 1e-7).to_string(),
        "layer 2: W (3, 5) and dW (3, 4) do not fit: shapes must be equal"
    );
    let short = Gradients::from_layers(gradients.layers()[..2].to_vec()).unwrap();
    assert!(matches!(check(parameters, &short, 1e-7), Error::LayerCount { .. }));
    let refused = Error::NoLayers;
    let found = gradient_check_n(parameters, gradients, 1e-7, |_| Err(refused.clone()));
    assert_eq!(found.unwrap_err(), refused);
}

/// A custom cost: mean squared error after an identity.
#[test]
fn a_cost_of_ones_own() {
    let mut rng = NumpyRandom::seed(2);
    let parameters = initialize_parameters_deep(&[2, 3, 1], Initializer::Xavier, &mut rng)
        .unwrap()
        .with_activations(Activation::Tanh, Activation::Identity);
    let x = Array2::from_shape_simple_fn((2, 6), || rng.randn());
    let y = Array2::from_shape_simple_fn((1, 6), || rng.randn());
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    let (da1, second) = linear_activation_backward(&al - &y, &caches[1]).unwrap();
    let (_, first) = linear_activation_backward(da1, &caches[0]).unwrap();
    let gradients = Gradients::from_layers(vec![first, second]).unwrap();
    let cost = |p: &Parameters<f64>| {
        let error = predict_proba(&x, p)? - &y;
        Ok((&error * &error).sum() / 12.0)
    };
    let check = gradient_check_n(&parameters, &gradients, 1e-5, cost).unwrap();
    assert!(check.agrees(), "{check}");
}

#[test]
fn parameters_whose_shapes_do_not_fit_are_refused() {
    let mut parameters = initialize_parameters::<f64>(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
    let mut gradients = Gradients::zeros_like(&parameters);
    parameters.layers_mut()[0].b = Array2::zeros((1, 1));
    gradients.layers_mut()[0].db = Array2::zeros((1, 1));
    let error = gradient_check_n(&parameters, &gradients, 1e-4, |_| Ok(0.0)).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { layer: Some(1), .. }), "{error}");
}
