//! Every cost against its formula, and every gradient against central differences.

use crate::support::reference::{assert_close, assert_number, json, number};
use crate::support::{COSTS, labels, needed_output, random, same};
use dnn_blocks::Error;
use dnn_blocks::cost::Targets;
use dnn_blocks::data::one_hot;
use dnn_blocks::error::Position;
use dnn_blocks::ndarray::{Array1, Array2, ArrayView2, Axis, ShapeBuilder, array, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use dnn_blocks::train::gradient_check::gradient_check_n;
use dnn_blocks::train::workspace::Dropout;
use serde_json::Value;

/// Class numbers (1, m), each class at least once.
fn classes(count: usize, m: usize) -> Array2<f64> {
    Array2::from_shape_fn((1, m), |(_, i)| ((i * 7 + i / 3) % count) as f64)
}

fn hot(classes: &Array2<f64>, count: usize) -> Array2<f64> {
    let labels: Vec<_> = classes.iter().map(|&class| class as usize).collect();
    one_hot(&labels, count).unwrap()
}

/// Labels for the cost, (units, m).
fn labels_for(cost: &Cost, units: usize, m: usize) -> Array2<f64> {
    match cost {
        Cost::CategoricalCrossEntropy => hot(&classes(units, m), units),
        Cost::BinaryCrossEntropy => labels(units, m),
        Cost::Poisson => Array2::from_shape_fn((units, m), |(k, i)| ((3 * k + i) % 4) as f64),
        _ => random(units, m, 99),
    }
}

fn weights(m: usize) -> Array1<f64> {
    Array1::from_shape_fn(m, |i| 0.25 + (i % 5) as f64)
}

/// The cost by its formula, term by term.
fn formula(cost: &Cost, a: &Array2<f64>, y: &Array2<f64>, weights: &Array1<f64>) -> f64 {
    let term = |a: f64, y: f64| match cost {
        Cost::BinaryCrossEntropy => -(y * a.ln() + (1.0 - y) * (1.0 - a).ln()),
        Cost::CategoricalCrossEntropy => -y * a.ln(),
        Cost::MeanAbsoluteError => (a - y).abs(),
        Cost::Huber { delta } if (a - y).abs() > *delta => delta * ((a - y).abs() - delta / 2.0),
        Cost::Huber { .. } => (a - y) * (a - y) / 2.0,
        Cost::Quantile { quantile } => f64::max(quantile * (y - a), (quantile - 1.0) * (y - a)),
        Cost::Poisson => a - y * a.ln(),
        _ => (a - y) * (a - y),
    };
    let terms = a.indexed_iter().map(|((k, i), &a)| weights[i] * term(a, y[[k, i]]));
    terms.sum::<f64>() / a.ncols() as f64
}

#[test]
fn values_are_those_of_the_formulas() {
    for cost in COSTS {
        for (units, m) in [(1, 1), (1, 200), (3, 7), (10, 64), (4, 65), (2, 129)] {
            let (z, y, w) = (random(units, m, 3), labels_for(&cost, units, m), weights(m));
            let a = cost.output_activation().forward(&z).unwrap();
            let targets = Targets::new(&y).weighted(&w);
            let expected = formula(&cost, &a, &y, &w);
            assert_number("J", cost.value(&a, targets).unwrap(), expected, 1e-13);
            assert_number("J of Z", cost.value_from_logits(&z, targets).unwrap(), expected, 1e-13);
            let plain = formula(&cost, &a, &y, &Array1::ones(m));
            assert_number("J", cost.value(&a, &y).unwrap(), plain, 1e-13);
            assert_number("J of Z", cost.value_from_logits(&z, &y).unwrap(), plain, 1e-13);
        }
    }
}

/// PyTorch's L1 and Huber losses, and scikit-learn's pinball loss.
#[test]
fn costs_of_regressions_are_those_of_other_libraries() {
    let file = json("costs");
    let (a, y) = (rows::<f64>(&file["a"]), rows(&file["y"]));
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let cost: Cost = case["cost"].as_str().unwrap().parse().unwrap();
        assert_number("J", cost.value(&a, &y).unwrap(), case["value"].as_f64().unwrap(), 1e-14);
        if let Some(gradient) = case.get("gradient") {
            assert_eq!(cost.gradient(&a, &y).unwrap(), rows::<f64>(gradient), "{cost}");
        }
    }
}

/// Returns a list of rows as a matrix.
fn rows<F: Float>(value: &Value) -> Array2<F> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| F::of(rows[i][j]))
}

/// Returns the cases of a type in a section of costs.json.
fn cases_of<F: Float>(section: &Value) -> Vec<Value> {
    let name = std::any::type_name::<F>();
    let cases = section["cases"].as_array().unwrap().iter();
    let cases: Vec<_> = cases.filter(|case| case["type"] == name).cloned().collect();
    assert!(!cases.is_empty());
    cases
}

/// Returns `dZ` of a network that passes logits on, by the blocks and by a workspace, and the cost
/// of the workspace.
fn dz_of_logits<F: Float>(cost: &Cost, z: &Array2<F>, targets: Targets<'_, F>) -> (Array2<F>, F) {
    let (w, b) = (Array2::eye(z.nrows()), Array2::zeros((z.nrows(), 1)));
    let layer = Layer { w, b, activation: cost.output_activation() };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let (al, caches) = l_model_forward(z, &parameters).unwrap();
    let options = BackwardOptions::new(cost).dx(true);
    let found = backpropagate(&al, targets, &caches, options).unwrap();
    let mut workspace = Workspace::new(&parameters, z.ncols()).unwrap();
    let (value, gradients) = workspace.cost_and_gradients(z, targets, &parameters, cost).unwrap();
    for (step, blocks) in gradients.layers().iter().zip(found.gradients.layers()) {
        let pairs = step.dw.iter().zip(&blocks.dw).chain(step.db.iter().zip(&blocks.db));
        assert!(pairs.into_iter().all(|(a, b)| a == b || (a.is_nan() && b.is_nan())), "{cost}");
    }
    (found.dx.unwrap(), value)
}

fn poisson_of_pytorch<F: Float>(relative: f64) {
    let file = &json("costs")["poisson"];
    let [z, rates, y] = ["z", "rates", "y"].map(|name| rows::<F>(&file[name]));
    let cost = Cost::Poisson;
    for case in cases_of::<F>(file) {
        let (logits, of_rates) = (&case["logits"], &case["rates"]);
        let expected = number(&logits["value"]);
        assert_number(
            "J of Z",
            cost.value_from_logits(&z, &y).unwrap().as_f64(),
            expected,
            relative,
        );
        let (dz, value) = dz_of_logits(&cost, &z, Targets::new(&y));
        assert_number("J of a step", value.as_f64(), expected, relative);
        assert_close("dZ", &dz, &rows::<f64>(&logits["gradient"]), relative);
        let value = cost.value(&rates, &y).unwrap().as_f64();
        assert_number("J", value, number(&of_rates["value"]), relative);
        let gradient = cost.gradient(&rates, &y).unwrap();
        assert_close("dAL", &gradient, &rows::<f64>(&of_rates["gradient"]), relative);
    }
}

/// PyTorch's `PoissonNLLLoss` with `full=False`, of logits and of rates.
#[test]
fn the_poisson_cost_is_that_of_pytorch() {
    poisson_of_pytorch::<f64>(1e-14);
    poisson_of_pytorch::<f32>(2e-6);
}

fn hostile_counts<F: Float>() {
    let cost = Cost::Poisson;
    let of_logit = |z: F, y: F| {
        let value = cost.value_from_logits(&array![[z]], &array![[y]]).unwrap();
        let step = dz_of_logits(&cost, &array![[z]], Targets::new(&array![[y]]));
        assert!(step.1 == value || (step.1.is_nan() && value.is_nan()));
        (value, step.0[[0, 0]])
    };
    let [zero, one, big] = [0.0, 1.0, 1e4].map(F::of);
    let (infinity, nan) = (F::infinity(), F::nan());
    assert_eq!(of_logit(-big, zero), (zero, zero));
    assert_eq!(of_logit(-big, one), (big, -one));
    assert_eq!(of_logit(-big, big), (big * big, -big));
    for y in [zero, one, big] {
        assert_eq!(of_logit(big, y), (infinity, infinity), "e^10000 exceeds the type");
        assert_eq!(of_logit(infinity, y), (infinity, infinity));
        assert!(of_logit(nan, y).0.is_nan() && of_logit(nan, y).1.is_nan());
    }
    assert_eq!(of_logit(zero, zero), (one, one));
    for z in [-infinity, -big, zero, big, infinity] {
        assert!(of_logit(z, nan).0.is_nan(), "{z}");
    }
    // A logit of -∞ is a rate of 0. The network above multiplies it by 0, so it is passed directly.
    let none = array![[-infinity]];
    assert_eq!(cost.value_from_logits(&none, &array![[zero]]).unwrap(), zero);
    assert_eq!(cost.value_from_logits(&none, &array![[one]]).unwrap(), infinity);

    let of_rate = |a: F, y: F| {
        let (a, y) = (array![[a]], array![[y]]);
        (cost.value(&a, &y).unwrap(), cost.gradient(&a, &y).unwrap()[[0, 0]])
    };
    assert_eq!(of_rate(zero, zero), (zero, one));
    assert_eq!(of_rate(zero, one).0, F::of(100.0), "the logarithm is bounded");
    assert_eq!(of_rate(zero, one).1, one - F::of(1e12));
    assert_eq!(of_rate(infinity, zero), (infinity, one));
    assert_eq!(of_rate(infinity, big), (infinity, one));
    assert!(of_rate(nan, zero).0.is_nan() && of_rate(zero, nan).0.is_nan());
    assert!(of_rate(-one, zero).0.is_nan() && of_rate(-one, one).0.is_nan());
    assert!(of_rate(infinity, nan).0.is_nan());
    let empty = Array2::<F>::zeros((2, 0));
    let error = cost.value_from_logits(&empty, &empty).unwrap_err();
    assert!(matches!(error, Error::EmptyBatch { .. }), "{error}");
}

#[test]
fn hostile_logits_and_rates_of_counts() {
    hostile_counts::<f32>();
    hostile_counts::<f64>();
}

fn smoothing_of_pytorch<F: Float>(relative: f64) {
    let file = &json("costs")["smoothing"];
    let (z, labels) = (rows::<F>(&file["z"]), rows::<F>(&file["labels"]));
    let list = |name: &str| -> Array1<F> {
        file[name].as_array().unwrap().iter().map(|value| F::of(number(value))).collect()
    };
    let (weights, classes) = (list("weights"), list("classes").insert_axis(Axis(0)));
    let numbers: Vec<_> = classes.iter().map(|class| class.as_f64() as usize).collect();
    let hot = one_hot::<F>(&numbers, 4).unwrap();
    let cases = cases_of::<F>(file);
    assert_eq!(cases.len(), 6);
    for case in cases {
        let epsilon = number(&case["epsilon"]);
        for (cost, y, expected) in [
            (Cost::CategoricalCrossEntropy, &classes, &case["categorical"]),
            (Cost::CategoricalCrossEntropy, &hot, &case["categorical"]),
            (Cost::BinaryCrossEntropy, &labels, &case["binary"]),
        ] {
            let targets = Targets::new(y).smoothed(epsilon);
            let is_weighted = case["weighted"].as_bool().unwrap();
            let targets = if is_weighted { targets.weighted(&weights) } else { targets };
            let (value, gradient) =
                (number(&expected["value"]), rows::<f64>(&expected["gradient"]));
            let found = cost.value_from_logits(&z, targets).unwrap().as_f64();
            assert_number("J of Z", found, value, relative);
            let (dz, step) = dz_of_logits(&cost, &z, targets);
            assert_number("J of a step", step.as_f64(), value, relative);
            let difference = (dz.mapv(F::as_f64) - &gradient).mapv(f64::abs);
            assert!(difference.iter().all(|d| *d <= relative), "{cost}: {difference}");
            let al = cost.output_activation().forward(&z).unwrap();
            let found = cost.value(&al, targets).unwrap().as_f64();
            assert_number("J of AL", found, value, 10.0 * relative);
        }
    }
}

/// PyTorch's `CrossEntropyLoss(label_smoothing=ε)`, and its binary cost of smoothed labels.
#[test]
fn costs_of_smoothed_labels_are_those_of_pytorch() {
    smoothing_of_pytorch::<f64>(2e-15);
    smoothing_of_pytorch::<f32>(2e-6);
}

/// Smoothed targets are targets of smoothed labels, in every function that takes them.
#[test]
fn smoothed_targets_are_smoothed_labels() {
    let (epsilon, w) = (0.15, weights(131));
    for (cost, classes) in [(Cost::CategoricalCrossEntropy, 5.0), (Cost::BinaryCrossEntropy, 2.0)] {
        let (z, y) = (random(5, 131, 4), labels_for(&cost, 5, 131));
        let al = cost.output_activation().forward(&z).unwrap();
        let labels = y.mapv(|y| (1.0 - epsilon) * y + epsilon / classes);
        let expected = Targets::new(&labels).weighted(&w);
        let found = Targets::new(&y).weighted(&w).smoothed(epsilon);
        assert_eq!(cost.value(&al, found), cost.value(&al, expected));
        assert_eq!(cost.gradient(&al, found), cost.gradient(&al, expected));
        let from_logits = |targets| cost.value_from_logits(&z, targets).unwrap();
        assert_number("J of Z", from_logits(found), from_logits(expected), 1e-15);
        let (found, expected) = (dz_of_logits(&cost, &z, found), dz_of_logits(&cost, &z, expected));
        assert_close("dZ", &found.0, &expected.0, 1e-9);
    }
}

/// Labels of 1 and 1/4, and none: `dZ` needs the sum of the smoothed labels.
#[test]
fn smoothed_labels_need_not_sum_to_1() {
    let cost = Cost::CategoricalCrossEntropy;
    let (z, y) = (random(3, 3, 4), array![[1.0, 0.0, 0.0], [0.25, 0.0, 1.0], [0.0, 0.0, 0.0]]);
    let labels = y.mapv(|y| 0.8 * y + 0.2 / 3.0);
    let expected = Targets::new(&labels);
    let found = Targets::new(&y).smoothed(0.2);
    let (found, expected) = (dz_of_logits(&cost, &z, found), dz_of_logits(&cost, &z, expected));
    assert_close("dZ", &found.0, &expected.0, 1e-14);
    assert_number("J", found.1, expected.1, 1e-14);
}

#[test]
fn an_epsilon_of_0_changes_no_bit() {
    for cost in COSTS {
        let (z, y, w) = (random(3, 70, 4), labels_for(&cost, 3, 70), weights(70));
        let al = cost.output_activation().forward(&z).unwrap();
        let plain = Targets::new(&y).weighted(&w);
        let smoothed = plain.smoothed(0.0);
        assert_eq!(cost.value(&al, smoothed), cost.value(&al, plain));
        assert!(same(&cost.gradient(&al, smoothed).unwrap(), &cost.gradient(&al, plain).unwrap()));
        let (found, expected) = (dz_of_logits(&cost, &z, smoothed), dz_of_logits(&cost, &z, plain));
        assert!(same(&found.0, &expected.0) && found.1 == expected.1, "{cost}");
    }
}

#[test]
fn smoothing_that_means_nothing_is_an_error() {
    for cost in COSTS {
        let (z, y) = (random::<f32>(3, 7, 4), labels_for(&cost, 3, 7).mapv(|y| y as f32));
        let parameters = Parameters::from_layers(vec![Layer {
            w: Array2::eye(3),
            b: Array2::zeros((3, 1)),
            activation: cost.output_activation(),
        }]);
        let parameters = parameters.unwrap();
        let (al, caches) = l_model_forward(&z, &parameters).unwrap();
        let mut workspace = Workspace::new(&parameters, 7).unwrap();
        for (epsilon, message) in [
            (1.0, "epsilon is 1, but must be at least 0 and below 1"),
            (-0.1, "epsilon is -0.1, but must be at least 0 and below 1"),
            (f64::NAN, "epsilon is NaN, but must be at least 0 and below 1"),
            (f64::INFINITY, "epsilon is inf, but must be at least 0 and below 1"),
            (1.0 - 1e-12, "at least 0 and below 1 as an f32"),
            (0.1, "labels are smoothed, but the cost is not a cross-entropy"),
        ] {
            let targets = Targets::new(&y).smoothed(epsilon);
            let errors = [
                cost.value(&al, targets).map(drop),
                cost.value_from_logits(&z, targets).map(drop),
                cost.gradient(&al, targets).map(drop),
                backpropagate(&al, targets, &caches, BackwardOptions::new(&cost)).map(drop),
                workspace.cost_and_gradients(&z, targets, &parameters, &cost).map(drop),
            ];
            let has_classes =
                matches!(cost, Cost::BinaryCrossEntropy | Cost::CategoricalCrossEntropy);
            for error in errors {
                if epsilon == 0.1 && has_classes {
                    error.unwrap();
                    continue;
                }
                let error = error.unwrap_err();
                assert!(error.to_string().contains(message), "{cost}: {error}");
                let is_inconsistent = matches!(error, Error::Inconsistent { .. });
                assert_eq!(is_inconsistent, epsilon == 0.1, "{error:?}");
                assert!(is_inconsistent || matches!(error, Error::Hyperparameter { .. }));
            }
        }
    }
}

#[test]
fn constants_of_costs_are_checked() {
    let (a, y) = (array![[1.0_f32]], array![[2.0]]);
    for (cost, message) in [
        (Cost::Huber { delta: 0.0 }, "delta is 0, but must be above 0"),
        (Cost::Huber { delta: f64::NAN }, "delta is NaN"),
        (Cost::Huber { delta: 1e60 }, "finite as an f32"),
        (Cost::Quantile { quantile: 1.0 }, "quantile is 1, but must be above 0 and below 1"),
        (Cost::Quantile { quantile: 1e-60 }, "quantile is "),
    ] {
        let error = cost.value(&a, &y).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert!(cost.gradient(&a, &y).is_err() && cost.value_from_logits(&a, &y).is_err());
        let parameters = Parameters::from_layers(vec![Layer {
            w: array![[1.0_f32]],
            b: array![[0.0]],
            activation: Activation::Identity,
        }]);
        let parameters = parameters.unwrap();
        let mut workspace = Workspace::new(&parameters, 1).unwrap();
        assert!(workspace.cost_and_gradients(&a, &y, &parameters, &cost).is_err());
    }
    assert_eq!("huber 1.35".parse(), Ok(Cost::Huber { delta: 1.35 }));
    assert_eq!("Quantile 0.25".parse(), Ok(Cost::Quantile { quantile: 0.25 }));
    for wrong in ["huber", "huber -1", "quantile 2", "quantile x"] {
        assert!(wrong.parse::<Cost>().is_err(), "{wrong}");
    }
}

/// NaN shows in the cost and in the gradient, and errors of 1e300 do not overflow.
#[test]
fn hostile_errors_of_regressions() {
    let errors =
        [Cost::MeanAbsoluteError, Cost::Huber { delta: 0.75 }, Cost::Quantile { quantile: 0.9 }];
    for cost in errors {
        let nan: f64 = cost.value(&array![[f64::NAN, 1.0]], &array![[0.0, 0.0]]).unwrap();
        assert!(nan.is_nan(), "{cost}");
        let gradient = cost.gradient(&array![[f64::NAN, 1.0]], &array![[0.0, 0.0]]).unwrap();
        assert!(gradient[[0, 0]].is_nan() && gradient[[0, 1]].is_finite(), "{cost}");
        let far: f64 = cost.value(&array![[1e300, -1e300]], &array![[0.0, 0.0]]).unwrap();
        assert!(far.is_finite() && far > 1e298, "{cost}: {far}");
        let equal = cost.gradient(&array![[2.0]], &array![[2.0]]).unwrap();
        assert_eq!(equal, array![[0.0]], "{cost}");
    }
}

#[test]
fn the_binary_cost_is_compute_cost() {
    let a = Activation::Sigmoid.forward(&random(2, 90, 1)).unwrap();
    let y = labels_for(&Cost::BinaryCrossEntropy, 2, 90);
    let cost = Cost::BinaryCrossEntropy.value(&a, &y).unwrap();
    assert_number("J", cost, compute_cost(&a, &y).unwrap(), 1e-14);
    assert_eq!(Cost::BinaryCrossEntropy.value(&array![[0.0]], &array![[1.0]]).unwrap(), 100.0);
}

#[test]
fn class_numbers_are_one_hot_labels() {
    let (z, numbers) = (random(5, 131, 4), classes(5, 131));
    let (one_hot, cost) = (hot(&numbers, 5), Cost::CategoricalCrossEntropy);
    let a = Activation::Softmax.forward(&z).unwrap();
    assert_eq!(cost.value(&a, &numbers), cost.value(&a, &one_hot));
    assert_eq!(cost.value_from_logits(&z, &numbers), cost.value_from_logits(&z, &one_hot));
    assert_eq!(cost.gradient(&a, &numbers), cost.gradient(&a, &one_hot));
}

fn huge_logits<F: Float>() {
    let big = F::of(1e4);
    let z = array![[big, -big, big, -big]];
    let y = array![[F::zero(), F::one(), F::one(), F::zero()]];
    let cost = Cost::BinaryCrossEntropy;
    assert_eq!(cost.value_from_logits(&z, &y).unwrap(), F::of(5e3));
    let layer = Layer {
        w: Array2::from_elem((1, 1), F::one()),
        b: Array2::zeros((1, 1)),
        activation: Activation::Sigmoid,
    };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let mut workspace = Workspace::new(&parameters, 4).unwrap();
    let (value, gradients) = workspace.cost_and_gradients(&z, &y, &parameters, &cost).unwrap();
    assert_eq!(value, F::of(5e3));
    assert_eq!(gradients.layers()[0].db[[0, 0]], F::zero()); // +1 -1 0 0
    assert_eq!(gradients.layers()[0].dw[[0, 0]], F::of(5e3)); // (1e4 + 1e4)/4

    let z = array![[big, -big], [-big, big], [F::zero(), F::zero()]];
    let cost = Cost::CategoricalCrossEntropy;
    let classes = array![[F::one(), F::one()]];
    assert_eq!(cost.value_from_logits(&z, &classes).unwrap(), F::of(1e4));
    let layer =
        Layer { w: Array2::eye(3), b: Array2::zeros((3, 1)), activation: Activation::Softmax };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let mut workspace = Workspace::new(&parameters, 2).unwrap();
    let (value, gradients) =
        workspace.cost_and_gradients(&z, &classes, &parameters, &cost).unwrap();
    assert_eq!(value, F::of(1e4));
    let db = array![[F::of(0.5)], [F::of(-0.5)], [F::zero()]]; // (1 -1 0, then 0 0 0)/2
    assert_eq!(gradients.layers()[0].db, db);
}

#[test]
fn huge_logits_give_finite_costs_and_right_gradients() {
    huge_logits::<f32>();
    huge_logits::<f64>();
}

const OUTPUTS: [Activation; 7] = [
    Activation::Sigmoid,
    Activation::Softmax,
    Activation::Identity,
    Activation::Tanh,
    Activation::LeakyRelu(-0.3),
    Activation::Exponential,
    Activation::Softplus,
];

/// A network of two layers.
fn two_layers(hidden: Activation, output: Activation) -> Parameters<f64> {
    let mut rng = NumpyRandom::seed(7);
    let parameters = initialize_parameters_deep(&[3, 4, 3], Initializer::LeCun, &mut rng).unwrap();
    parameters.with_activations(hidden, output)
}

/// Panics unless the gradients equal central differences of the cost.
fn check_gradients(
    parameters: &Parameters<f64>,
    gradients: &Gradients<f64>,
    cost: &Cost,
    (x, targets): (&Array2<f64>, Targets<'_, f64>),
) {
    let check = gradient_check_n(parameters, gradients, 1e-6, |parameters| {
        cost.value(&predict_proba(x, parameters)?, targets)
    });
    let difference = check.unwrap().difference;
    let [hidden, output] = [0, 1].map(|l| parameters.layers()[l].activation);
    assert!(difference < 1e-7, "{cost} after {hidden}, {output}: {difference}");
}

/// Every output layer that a cost may follow, also the pairs without a simplified gradient.
#[test]
fn gradients_are_those_of_central_differences() {
    for cost in COSTS {
        let has_classes = matches!(cost, Cost::BinaryCrossEntropy | Cost::CategoricalCrossEntropy);
        let smoothing = if has_classes { &[0.0, 0.2][..] } else { &[0.0] };
        for output in OUTPUTS.into_iter().filter(|&output| needed_output(&cost, output).is_none()) {
            for hidden in [Activation::Tanh, Activation::Softmax] {
                for &epsilon in smoothing {
                    let parameters = two_layers(hidden, output);
                    let (x, y, w) = (random(3, 6, 2), labels_for(&cost, 3, 6), weights(6));
                    let targets = Targets::new(&y).weighted(&w).smoothed(epsilon);
                    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
                    let options = BackwardOptions::new(&cost);
                    let gradients =
                        backpropagate(&al, targets, &caches, options).unwrap().gradients;
                    check_gradients(&parameters, &gradients, &cost, (&x, targets));
                }
            }
        }
    }
}

/// Also after an output layer with which there is no simplified gradient.
#[test]
fn the_cost_of_a_step_is_the_cost_of_its_outputs() {
    for cost in COSTS {
        for output in OUTPUTS.into_iter().filter(|&output| needed_output(&cost, output).is_none()) {
            let parameters = two_layers(Activation::Tanh, output);
            let (x, y, w) = (random(3, 6, 2), labels_for(&cost, 3, 6), weights(6));
            let targets = Targets::new(&y).weighted(&w);
            let expected = cost.value(&predict_proba(&x, &parameters).unwrap(), targets).unwrap();
            let mut workspace = Workspace::new(&parameters, 6).unwrap();
            let step = workspace.cost_and_gradients(&x, targets, &parameters, &cost);
            assert_number(&format!("J after {output}"), step.unwrap().0, expected, 1e-13);
        }
    }
}

/// `-y/a`, also where the divisor is 0: 1e-12 stands in for it, as in the binary cost.
#[test]
fn the_gradient_of_the_categorical_cost_is_its_formula() {
    let cost = Cost::CategoricalCrossEntropy;
    let al = array![[0.25, 0.5, 0.0], [0.75, 0.5, 1.0]];
    let expected = array![[-4.0, 0.0, -1e12], [0.0, -2.0, 0.0]];
    let (one_hot, classes) = (array![[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], array![[0.0, 1.0, 0.0]]);
    assert_eq!(cost.gradient(&al, &one_hot).unwrap(), expected);
    assert_eq!(cost.gradient(&al, &classes).unwrap(), expected);
    let w = array![0.5, 2.0, 1.0];
    let weighted = cost.gradient(&al, Targets::new(&classes).weighted(&w)).unwrap();
    assert_eq!(weighted, expected * &w);
}

/// The course's pass takes any output, also a softmax, whose outputs depend on each other.
#[test]
fn gradients_of_the_binary_cost_after_a_softmax_are_those_of_central_differences() {
    let cost = Cost::BinaryCrossEntropy;
    for hidden in [Activation::Tanh, Activation::Softmax] {
        let parameters = two_layers(hidden, Activation::Softmax);
        let (x, y) = (random(3, 6, 2), labels_for(&cost, 3, 6));
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        check_gradients(&parameters, &gradients, &cost, (&x, Targets::new(&y)));
        let mut workspace = Workspace::new(&parameters, 6).unwrap();
        let found = workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
        assert_eq!(*found, gradients);
    }
}

/// Every function that takes a cost names the layer, the cost and both activations.
#[test]
fn an_output_layer_that_does_not_go_with_the_cost_is_an_error() {
    let (x, rng) = (random(3, 6, 2), &mut NumpyRandom::seed(1));
    for cost in COSTS {
        for output in OUTPUTS {
            let Some(needed) = needed_output(&cost, output) else { continue };
            let expected = Error::OutputActivation {
                layer: Some(2),
                cost: cost.to_string(),
                expected: needed,
                found: output.to_string(),
            };
            let parameters = two_layers(Activation::Relu, output);
            let (y, w) = (labels_for(&cost, 3, 6), weights(6));
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            let mut workspace = Workspace::new(&parameters, 6).unwrap();
            let objective = Objective::new(cost.clone()).l2(0.1);
            for targets in [Targets::new(&y), Targets::new(&y).weighted(&w)] {
                for options in [BackwardOptions::new(&cost), BackwardOptions::new(&objective)] {
                    let error = backpropagate(&al, targets, &caches, options.dx(true));
                    assert_eq!(error.unwrap_err(), expected);
                }
                let error = workspace.cost_and_gradients(&x, targets, &parameters, &objective);
                assert_eq!(error.unwrap_err(), expected);
                let dropout = Dropout::new(0.5, rng);
                let error = workspace.cost_and_gradients_with_dropout(
                    &x,
                    targets,
                    &parameters,
                    &cost,
                    dropout,
                );
                assert_eq!(error.unwrap_err(), expected);
            }
        }
    }
    assert_eq!(rng.rand(), NumpyRandom::seed(1).rand(), "no mask was drawn");
}

#[test]
fn the_binary_cost_needs_a_sigmoid() {
    let (x, y) = (random::<f32>(3, 5, 1), labels::<f32>(2, 5));
    let cost = Cost::BinaryCrossEntropy;
    for (sizes, layer) in [(&[3, 2][..], 1), (&[3, 4, 2], 2), (&[3, 4, 4, 2], 3)] {
        for (output, name) in [(Activation::Tanh, "tanh"), (Activation::Softmax, "softmax")] {
            let rng = &mut NumpyRandom::seed(1);
            let parameters = initialize_parameters_deep(sizes, Initializer::He, rng).unwrap();
            let parameters = parameters.with_activations(Activation::Relu, output);
            let expected =
                format!("layer {layer}: binary cross-entropy needs sigmoid outputs, not {name}");
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            let options = BackwardOptions::new(&cost);
            let error = backpropagate(&al, &y, &caches, options).unwrap_err();
            assert_eq!(error.to_string(), expected);
            let mut workspace = Workspace::new(&parameters, 5).unwrap();
            let error = workspace.cost_and_gradients(&x, &y, &parameters, &cost).unwrap_err();
            assert_eq!(error.to_string(), expected);

            // The same buffers work for the course's pass and for a sigmoid.
            workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
            let parameters = parameters.with_activations(Activation::Relu, Activation::Sigmoid);
            workspace.cost_and_gradients(&x, &y, &parameters, &cost).unwrap();
        }
    }
}

#[test]
fn every_cost_is_read_from_its_name() {
    for cost in COSTS {
        let name = cost.to_string();
        assert_eq!(name.parse().as_ref(), Ok(&cost));
        assert_eq!(format!(" {}\n", name.to_uppercase()).parse(), Ok(cost));
    }
}

#[test]
fn a_name_of_no_cost_is_an_error_that_quotes_it() {
    for name in ["", "hinge", "cross-entropy", "binary_cross_entropy", "mean squared errors"] {
        let error = name.parse::<Cost>().unwrap_err();
        assert_eq!(error, Error::UnknownName { kind: "cost", name: name.to_string() });
        assert_eq!(error.to_string(), format!("unknown cost `{name}`"));
    }
}

#[test]
fn labels_that_do_not_fit_are_errors() {
    let (a, cost) = (Array2::from_elem((3, 2), 1.0 / 3.0), Cost::CategoricalCrossEntropy);
    for (wrong, example) in [(3.0, 1), (-1.0, 0), (0.5, 1), (f64::NAN, 0), (f64::INFINITY, 1)] {
        let mut y = array![[0.0, 0.0]];
        y[[0, example]] = wrong;
        let error = cost.value(&a, &y).unwrap_err();
        let Error::InvalidValue { layer: None, operand: "Y", position, value, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(position, Position::Entry { row: 0, column: example });
        assert!(value == wrong || (value.is_nan() && wrong.is_nan()), "{value} is not {wrong}");
        assert!(cost.gradient(&a, &y).is_err() && cost.value_from_logits(&a, &y).is_err());
    }
    let shape = |error| assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    shape(cost.value(&a, &Array2::zeros((2, 2))).unwrap_err());
    shape(cost.value(&a, &Array2::zeros((1, 3))).unwrap_err());
    shape(Cost::BinaryCrossEntropy.value(&a, &Array2::zeros((1, 2))).unwrap_err());
    let (y, weights) = (Array2::zeros((1, 2)), array![1.0]);
    shape(cost.value(&a, Targets::new(&y).weighted(&weights)).unwrap_err());
    let empty = Array2::<f64>::zeros((3, 0));
    let error = cost.value(&empty, &Array2::zeros((3, 0))).unwrap_err();
    assert!(matches!(error, Error::EmptyBatch { .. }), "{error}");
}

#[test]
fn nan_stays_nan() {
    let y = array![[0.0, 1.0], [1.0, 0.0]];
    for cost in COSTS {
        for at in [(0, 0), (0, 1)] {
            let mut a = array![[0.25, 0.5], [0.75, 0.5]];
            a[at] = f64::NAN;
            assert!(cost.value(&a, &y).unwrap().is_nan(), "{cost}");
            assert!(cost.value_from_logits(&a, &y).unwrap().is_nan(), "{cost}");
        }
    }
}

/// A logit of -∞ excludes a class: its cost is 0 where its label is 0, as in PyTorch.
fn masked_classes<F: Float>() {
    let (zero, one, off) = (F::zero(), F::one(), F::neg_infinity());
    let z = array![[zero, off], [off, one], [one, one]];
    let cost = Cost::CategoricalCrossEntropy;
    let kept =
        cost.value_from_logits(&array![[zero, one], [one, one]], &array![[one, zero]]).unwrap();
    let one_hot = array![[zero, zero], [zero, one], [one, zero]];
    assert_eq!(cost.value_from_logits(&z, &one_hot).unwrap(), kept);
    assert_eq!(cost.value_from_logits(&z, &array![[F::of(2.0), one]]).unwrap(), kept);
    let taken_out = array![[one, zero]];
    assert_eq!(cost.value_from_logits(&z, &taken_out).unwrap(), F::infinity());
    let a = Activation::Softmax.forward(&z).unwrap();
    assert!(a[[1, 0]].is_zero() && a[[0, 1]].is_zero() && a.iter().all(|a| a.is_finite()));
    let al = cost.value(&a, &one_hot).unwrap();
    assert!((al - kept).abs() < F::of(1e-6));

    let cost = Cost::BinaryCrossEntropy;
    let sure = array![[off, F::infinity()]];
    assert_eq!(cost.value_from_logits(&sure, &array![[zero, one]]).unwrap(), zero);
    assert_eq!(cost.value_from_logits(&sure, &array![[one, zero]]).unwrap(), F::infinity());
    let nan = array![[F::nan(), zero]];
    assert!(cost.value_from_logits(&nan, &array![[zero, one]]).unwrap().is_nan());
    assert!(cost.value_from_logits(&nan, &array![[one, zero]]).unwrap().is_nan());
}

#[test]
fn masked_classes_cost_nothing() {
    masked_classes::<f32>();
    masked_classes::<f64>();
}

#[test]
fn the_cost_is_finite_at_0_and_1_and_bounded_at_100() {
    let cost = |a: f64, y: f64| compute_cost(&array![[a]], &array![[y]]).unwrap();
    assert_eq!([cost(0.0, 0.0), cost(1.0, 1.0)], [0.0, 0.0]);
    assert_eq!([cost(0.0, 1.0), cost(1.0, 0.0), cost(1e-300, 1.0)], [100.0; 3]);
    assert!((cost(1e-20, 0.0) - 1e-20).abs() < 1e-30, "ln(1 - a) keeps a small a");
    let single = compute_cost(&array![[0.0_f32, 1.0]], &array![[1.0, 0.0]]).unwrap();
    assert_eq!(single, 100.0);
    for al in [-1e-9, -1.0, 1.0 + 1e-9, 1.7886, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        for y in [0.0, 1.0, 0.3] {
            let cost = cost(al, y);
            assert!(cost.is_nan() || cost >= 100.0, "{al} {y}: {cost}");
        }
    }
    assert!(cost(0.5, f64::NAN).is_nan() && cost(0.0, f64::NAN).is_nan());
}

/// 2²⁵ terms of about 1 in a running f32 sum would stop at 2²⁴.
#[test]
fn the_cost_of_many_examples_is_summed_in_f64() {
    let element = [0.3_f32];
    let shape = (1, 1 << 25);
    let al = ArrayView2::from_shape(shape.strides((0, 0)), &element).unwrap();
    let y = ArrayView2::from_shape(shape.strides((0, 0)), &[1.0_f32]).unwrap();
    let cost = compute_cost(&al, &y).unwrap();
    assert!((cost + 0.3_f32.ln()).abs() < 1e-6, "{cost}");
}

#[test]
fn several_outputs_add_their_costs() {
    let (al, y) = (array![[0.8, 0.4], [0.3, 0.9]], array![[1.0, 0.0], [0.0, 1.0]]);
    let whole: f64 = compute_cost(&al, &y).unwrap();
    let row = |i| compute_cost(&al.slice(s![i..=i, ..]), &y.slice(s![i..=i, ..])).unwrap();
    assert!((whole - row(0) - row(1)).abs() < 1e-15);
}
