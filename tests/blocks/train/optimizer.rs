//! Optimizers against the course, PyTorch and their formulas.

use crate::support::ALGORITHMS;
use crate::support::reference::{assert_close, assert_number, cases, json, matrix, number};
use dnn_blocks::Error;
use dnn_blocks::error::Position;
use dnn_blocks::gradients::clip_by_norm;
use dnn_blocks::gradients::clip_by_value;
use dnn_blocks::ndarray::{Array2, ArrayRef2, Zip, array};
use dnn_blocks::prelude::*;
use dnn_blocks::train::optimizer::{LayerState, StateMatrix, Step, UpdateRule};
use serde_json::Value;

fn single(w: Array2<f64>, b: Array2<f64>) -> Parameters<f64> {
    let layer = Layer { w, b, activation: Activation::Sigmoid };
    Parameters::from_layers(vec![layer]).unwrap()
}

fn gradient(dw: Array2<f64>, db: Array2<f64>) -> Gradients<f64> {
    Gradients::from_layers(vec![LayerGradients { dw, db }]).unwrap()
}

/// The course's two layers do not chain: the test makes a network of each. `steps` is the number of
/// steps before the case.
fn course_case(file: &str, rule: Algorithm, steps: u64, names: &[&str]) {
    let (inputs, expected) = cases(file).remove(0);
    for l in 1..=2 {
        let at = |values: &Value, name: &str| matrix(&values[format!("{name}{l}")]);
        let (given, slope) = (&inputs["parameters"], &inputs["grads"]);
        let mut parameters = single(at(given, "W"), at(given, "b"));
        let gradients = gradient(at(slope, "dW"), at(slope, "db"));
        let fresh = Optimizer::new(rule, &parameters).unwrap();
        let mut optimizer = Optimizer::from_state(rule, fresh.state().to_vec(), steps).unwrap();
        let rate = number(&inputs["learning_rate"]);
        optimizer.step(&mut parameters, &gradients, rate).unwrap();
        let layer = &parameters.layers()[0];
        assert_close("W", &layer.w, &at(&expected, "W"), 1e-14);
        assert_close("b", &layer.b, &at(&expected, "b"), 1e-14);
        for (i, name) in names.iter().enumerate() {
            let state = &optimizer.state()[0];
            assert_close(name, &state.w[i], &at(&expected, &format!("{name}_dW")), 1e-14);
            assert_close(name, &state.b[i], &at(&expected, &format!("{name}_db")), 1e-14);
        }
    }
}

#[test]
fn momentum_of_course_2() {
    course_case("c2w2_update_parameters_with_momentum", Algorithm::MOMENTUM, 0, &["v"]);
}

/// The case is the second step, from a state of zeros.
#[test]
fn adam_of_course_2() {
    course_case("c2w2_update_parameters_with_adam", Algorithm::ADAM, 1, &["v", "s"]);
}

fn after_five_steps(rule: Algorithm) -> Parameters<f64> {
    let file = json("optimizers");
    let mut parameters = single(matrix(&file["W"]), matrix(&file["b"]));
    let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
    for slope in file["gradients"].as_array().unwrap() {
        let gradients = gradient(matrix(&slope["dW"]), matrix(&slope["db"]));
        optimizer.step(&mut parameters, &gradients, number(&file["learning_rate"])).unwrap();
    }
    assert_eq!(optimizer.steps(), 5);
    parameters
}

#[test]
fn the_other_rules_are_those_of_pytorch() {
    let (beta1, beta2, epsilon, weight_decay) = (0.9, 0.999, 1e-8, 0.1);
    for (name, rule) in [
        ("classical momentum", Algorithm::ClassicalMomentum { beta: 0.9 }),
        ("Nesterov", Algorithm::Nesterov { beta: 0.9 }),
        ("RMSProp", Algorithm::RMS_PROP),
        ("Adam", Algorithm::ADAM),
        ("AdamW", Algorithm::AdamW { beta1, beta2, epsilon, weight_decay }),
    ] {
        let parameters = after_five_steps(rule);
        let end = &json("optimizers")["ends"][name];
        assert_close(name, &parameters.layers()[0].w, &matrix(&end["W"]), 1e-13);
        assert_close(name, &parameters.layers()[0].b, &matrix(&end["b"]), 1e-13);
    }
}

#[test]
fn gradient_descent_is_update_parameters() {
    let mut by_hand = after_five_steps(Algorithm::GradientDescent);
    let file = json("optimizers");
    let mut expected = single(matrix(&file["W"]), matrix(&file["b"]));
    for slope in file["gradients"].as_array().unwrap() {
        let gradients = gradient(matrix(&slope["dW"]), matrix(&slope["db"]));
        update_parameters(&mut expected, &gradients, 0.05).unwrap();
    }
    assert_eq!(by_hand, expected);
    // The course's momentum with β = 0 is gradient descent.
    assert_eq!(after_five_steps(Algorithm::Momentum { beta: 0.0 }), expected);
    by_hand.layers_mut()[0].w[[0, 0]] += 1e-9;
    assert_ne!(by_hand, expected);
}

/// `v` of the course is `1-β` times the classical one.
#[test]
fn the_two_momenta_are_one_path_at_rates_that_belong_together() {
    let file = json("optimizers");
    let start = single(matrix(&file["W"]), matrix(&file["b"]));
    let run = |rule: Algorithm, rate: f64| {
        let mut parameters = start.clone();
        let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
        for slope in file["gradients"].as_array().unwrap() {
            let gradients = gradient(matrix(&slope["dW"]), matrix(&slope["db"]));
            optimizer.step(&mut parameters, &gradients, rate).unwrap();
        }
        parameters
    };
    let course = run(Algorithm::Momentum { beta: 0.9 }, 0.5);
    let classical = run(Algorithm::ClassicalMomentum { beta: 0.9 }, 0.05);
    assert_close("W", &course.layers()[0].w, &classical.layers()[0].w, 1e-13);
}

/// Sizes around the width of a vector, and large enough for several threads, give the same as
/// single numbers.
#[test]
fn every_number_moves_alone() {
    for rule in [
        Algorithm::MOMENTUM,
        Algorithm::Nesterov { beta: 0.9 },
        Algorithm::RMS_PROP,
        Algorithm::ADAM,
        Algorithm::ADAM_W,
    ] {
        for (rows, columns) in [(1, 1), (3, 5), (7, 19), (400, 1001)] {
            let mut rng = NumpyRandom::seed(1);
            let mut draw = |r, c| Array2::from_shape_simple_fn((r, c), || rng.randn());
            let (w, b) = (draw(rows, columns), draw(rows, 1));
            let (dw, db) = (draw(rows, columns), draw(rows, 1));
            let mut whole = single(w.clone(), b.clone());
            let mut optimizer = Optimizer::new(rule, &whole).unwrap();
            for _ in 0..2 {
                let gradients = gradient(dw.clone(), db.clone());
                optimizer.step(&mut whole, &gradients, 0.01).unwrap();
            }
            for at in [(0, 0), (rows - 1, columns - 1), (rows / 2, columns / 3)] {
                let one = |a: &Array2<f64>| array![[a[at]]];
                let mut alone = single(one(&w), array![[0.0]]);
                let mut optimizer = Optimizer::new(rule, &alone).unwrap();
                for _ in 0..2 {
                    let gradients = gradient(one(&dw), array![[0.0]]);
                    optimizer.step(&mut alone, &gradients, 0.01).unwrap();
                }
                assert_eq!(whole.layers()[0].w[at], alone.layers()[0].w[[0, 0]], "{rule} {at:?}");
            }
        }
    }
}

/// The result does not depend on the memory layout.
#[test]
fn parameters_in_columns_move_as_those_in_rows() {
    let (w, g) =
        (array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], array![[0.1, -0.2, 0.3], [1.0, 2.0, 3.0]]);
    let bias = array![[0.5], [0.25]];
    let mut rows = single(w.clone(), bias.clone());
    let mut columns = single(w.t().as_standard_layout().reversed_axes().to_owned(), bias.clone());
    for (parameters, dw) in [
        (&mut rows, g.clone()),
        (&mut columns, g.t().as_standard_layout().reversed_axes().to_owned()),
    ] {
        let mut optimizer = Optimizer::new(Algorithm::ADAM, parameters).unwrap();
        optimizer.step(parameters, &gradient(dw, bias.clone()), 0.1).unwrap();
    }
    assert_eq!(rows, columns);
}

/// Decay shrinks weights even if the gradient is 0, and does not change biases.
#[test]
fn only_weights_decay() {
    let mut parameters = single(array![[2.0]], array![[2.0]]);
    let mut optimizer = Optimizer::new(Algorithm::ADAM_W, &parameters).unwrap();
    let gradients = gradient(array![[0.0]], array![[0.0]]);
    optimizer.step(&mut parameters, &gradients, 0.5).unwrap();
    assert_number("w", parameters.layers()[0].w[[0, 0]], 2.0 * (1.0 - 0.5 * 0.01), 1e-15);
    assert_eq!(parameters.layers()[0].b[[0, 0]], 2.0);
}

/// AdaGrad (Duchi et al. 2011), as a user would write it.
struct AdaGrad;

impl UpdateRule<f64> for AdaGrad {
    fn state(&self) -> &'static [StateMatrix] {
        const SUM: StateMatrix = StateMatrix::non_negative("sum of squares");
        &[SUM]
    }
    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<f64>,
        dw: &ArrayRef2<f64>,
        state: &mut [Array2<f64>],
    ) -> dnn_blocks::Result<()> {
        Zip::from(w).and(dw).and(&mut state[0]).for_each(|w, &dw, sum| {
            *sum += dw * dw;
            *w -= step.learning_rate * dw / (sum.sqrt() + 1e-10);
        });
        Ok(())
    }
}

#[test]
fn a_rule_of_ones_own_has_a_memory() {
    let mut parameters = single(array![[1.0, 1.0]], array![[0.0]]);
    let mut optimizer = Optimizer::new(AdaGrad, &parameters).unwrap();
    let gradients = gradient(array![[3.0, -4.0]], array![[0.0]]);
    optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
    optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
    let moved = 0.1 + 0.1 / 2.0_f64.sqrt();
    let expected = array![[1.0 - moved, 1.0 + moved]];
    assert_close("W", &parameters.layers()[0].w, &expected, 1e-9);
    assert_eq!(optimizer.state()[0].w[0], array![[18.0, 32.0]]);
}

#[test]
fn what_belongs_to_another_network_is_refused_and_nothing_moves() {
    let mut parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1)).unwrap();
    let before = parameters.clone();
    let gradients = Gradients::zeros_like(&parameters);
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();

    let other = initialize_parameters::<f64>(3, 4, 1, &mut NumpyRandom::seed(1)).unwrap();
    let error = optimizer
        .step(&mut parameters, &Gradients::zeros_like(&other), 0.1)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "layer 1: W (2, 3) and dW (4, 3) do not fit: shapes must be equal");
    let mut of_other = Optimizer::new(Algorithm::ADAM, &other).unwrap();
    let error = of_other.step(&mut parameters, &gradients, 0.1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer 1: W (2, 3) and state (4, 3) do not fit: shapes must be equal"
    );
    assert_eq!((parameters, optimizer.steps(), of_other.steps()), (before, 0, 0));

    let state = optimizer.state().to_vec();
    let error = Optimizer::from_state(Algorithm::MOMENTUM, state, 1).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { .. }), "{error}");
}

/// A negative mean of squares is refused, and so is a state with NaN or infinities.
#[test]
fn a_state_that_no_step_can_have_left_is_refused() {
    let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1)).unwrap();
    let refused = |rule: Algorithm, matrix: StateMatrix, value: f64, in_b: bool| {
        let mut state = Optimizer::new(rule, &parameters).unwrap().state().to_vec();
        let index = UpdateRule::<f64>::state(&rule).iter().position(|other| *other == matrix);
        let matrices = if in_b { &mut state[1].b } else { &mut state[1].w };
        *matrices[index.unwrap()].last_mut().unwrap() = value;
        Optimizer::from_state(rule, state, 1).map(drop).map_err(|error| error.to_string())
    };
    let (v, s) = (StateMatrix::new("v"), StateMatrix::non_negative("s"));
    for rule in [Algorithm::ADAM, Algorithm::ADAM_W, Algorithm::RMS_PROP] {
        let error = refused(rule, s, -5e-324, false).unwrap_err();
        assert_eq!(error, "layer 2: s[0, 1] is -5e-324, but must be at least 0");
        let error = refused(rule, s, -1.5, true).unwrap_err();
        assert_eq!(error, "layer 2: s[0, 0] is -1.5, but must be at least 0");
        assert_eq!(refused(rule, s, f64::NAN, true).unwrap_err(), "layer 2: s[0, 0] is NaN");
        refused(rule, s, -0.0, false).unwrap();
    }
    for rule in [Algorithm::ADAM, Algorithm::MOMENTUM, Algorithm::Nesterov { beta: 0.9 }] {
        refused(rule, v, -1.5, false).unwrap();
        let error = refused(rule, v, f64::NEG_INFINITY, false).unwrap_err();
        assert_eq!(error, "layer 2: v[0, 1] is -inf");
    }
    let mut state = Optimizer::new(AdaGrad, &parameters).unwrap().state().to_vec();
    state[0].w[0][[1, 2]] = -2.0;
    let error = Optimizer::from_state(AdaGrad, state, 1).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "layer 1: sum of squares[1, 2] is -2, but must be at least 0");
}

/// An update rule that wraps another one and forwards its state.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug)]
struct Forwarding(Algorithm);

impl<F: Float> UpdateRule<F> for Forwarding {
    fn state(&self) -> &'static [StateMatrix] {
        UpdateRule::<F>::state(&self.0)
    }
    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &mut [Array2<F>],
    ) -> dnn_blocks::Result<()> {
        self.0.update(step, w, dw, state)
    }
}

#[test]
fn the_state_of_a_wrapped_rule_is_checked_when_it_is_loaded() {
    let mut parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1)).unwrap();
    let mut gradients = Gradients::zeros_like(&parameters);
    gradients.layers_mut()[1].dw.fill(0.5);
    let mut expected = parameters.clone();
    let mut plain = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
    plain.step(&mut expected, &gradients, 0.1).unwrap();
    let mut optimizer = Optimizer::new(Forwarding(Algorithm::ADAM), &parameters).unwrap();
    optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
    assert_eq!((&parameters, optimizer.state()), (&expected, plain.state()));

    for in_b in [false, true] {
        let mut state = optimizer.state().to_vec();
        let LayerState { w, b } = &mut state[1];
        let second_moment = &mut if in_b { b } else { w }[1];
        second_moment[[0, 0]] = -0.25;
        let rule = Forwarding(Algorithm::ADAM);
        let error = Optimizer::from_state(rule, state, 1).map(drop).unwrap_err();
        let expected = Error::InvalidValue {
            layer: Some(2),
            operand: "s",
            position: Position::Entry { row: 0, column: 0 },
            value: -0.25,
            rule: "at least 0",
        };
        assert_eq!(error, expected);
    }

    #[cfg(feature = "serde")]
    {
        type Saved = Optimizer<f64, Forwarding>;
        let text = serde_json::to_string(&optimizer).unwrap();
        let loaded: Saved = serde_json::from_str(&text).unwrap();
        assert_eq!((loaded.state(), loaded.steps()), (optimizer.state(), 1));
        let mut value: Value = serde_json::from_str(&text).unwrap();
        value["state"][1]["b"][1]["data"][0] = (-0.25).into();
        let error = serde_json::from_value::<Saved>(value).unwrap_err().to_string();
        assert_eq!(error, "layer 2: s[0, 0] is -0.25, but must be at least 0");
    }
}

#[test]
fn every_algorithm_is_read_from_the_name_that_it_prints() {
    for rule in ALGORITHMS {
        let name = rule.to_string();
        for name in [&name, &name.to_uppercase(), &name.to_lowercase(), &format!(" {name}\n")] {
            assert_eq!(name.parse(), Ok(rule), "{name}");
        }
    }
    for name in ["", "ada", "Adam W", "gradient  descent"] {
        let expected = Error::UnknownName { kind: "algorithm", name: name.to_string() };
        assert_eq!(name.parse::<Algorithm>(), Err(expected));
    }
    // A name has no constants.
    let other = Algorithm::Momentum { beta: 0.5 };
    assert_eq!(other.to_string().parse(), Ok(Algorithm::MOMENTUM));
    assert_eq!(format!("{other:>10}|"), "  momentum|");
}

#[test]
fn constants_that_are_none_are_named() {
    let message = |rule: Algorithm| rule.check::<f64>().unwrap_err().to_string();
    assert_eq!(
        message(Algorithm::Nesterov { beta: 1.0 }),
        "beta is 1, but must be at least 0 and below 1"
    );
    let rule = Algorithm::RmsProp { beta: 0.9, epsilon: f64::NAN };
    assert_eq!(message(rule), "epsilon is NaN, but must be above 0 and finite");
    let rule = Algorithm::Adam { beta1: 0.9, beta2: 0.9, epsilon: 0.0 };
    assert_eq!(message(rule), "epsilon is 0, but must be above 0 and finite");
    let rule = Algorithm::Adam { beta1: 0.9, beta2: -0.1, epsilon: 1e-8 };
    assert_eq!(message(rule), "beta2 is -0.1, but must be at least 0 and below 1");
    let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
    let rule = Algorithm::AdamW { beta1, beta2, epsilon, weight_decay: -1.0 };
    assert_eq!(message(rule), "weight_decay is -1, but must be at least 0 and finite");
}

#[test]
fn clipping_bounds_norm_and_value_and_leaves_the_rest() {
    let start = gradient(array![[3.0, 0.0], [0.0, -4.0]], array![[12.0], [0.0]]);
    let mut g = start.clone();
    assert_eq!(clip_by_norm(&mut g, 13.0).unwrap(), 13.0);
    assert_eq!(g, start, "long enough already");
    assert_eq!(clip_by_norm(&mut g, 6.5).unwrap(), 13.0);
    assert_eq!(g.layers()[0].dw, array![[1.5, 0.0], [0.0, -2.0]]);
    assert_eq!(g.layers()[0].db, array![[6.0], [0.0]]);

    let mut g = start.clone();
    clip_by_value(&mut g, 3.5).unwrap();
    assert_eq!(g.layers()[0].dw, array![[3.0, 0.0], [0.0, -3.5]]);
    assert_eq!(g.layers()[0].db, array![[3.5], [0.0]]);

    let mut g = start.clone();
    for bound in [0.0, -1.0, f64::NAN] {
        let error = clip_by_norm(&mut g, bound).unwrap_err();
        assert_eq!(error.to_string(), format!("max_norm is {bound}, but must be above 0"));
        let error = clip_by_value(&mut g, bound).unwrap_err();
        assert_eq!(error.to_string(), format!("limit is {bound}, but must be above 0"));
    }
    assert_eq!(g, start, "nothing was turned round");

    let mut g = start;
    g.layers_mut()[0].dw[[0, 0]] = f64::NAN;
    assert!(clip_by_norm(&mut g, 1.0).unwrap().is_nan());
    assert_eq!(g.layers()[0].db[[0, 0]], 12.0);
    clip_by_value(&mut g, 1.0).unwrap();
    assert!(g.layers()[0].dw[[0, 0]].is_nan() && g.layers()[0].db[[0, 0]] == 1.0);
}

/// The norm of numbers of any length and layout, against the plain sum.
#[test]
fn the_norm_is_the_root_of_the_squares() {
    for (rows, columns) in [(1, 1), (1, 15), (3, 16), (5, 17), (40, 333)] {
        let mut rng = NumpyRandom::seed(3);
        let dw = Array2::from_shape_simple_fn((rows, columns), || rng.randn());
        let db = Array2::from_shape_simple_fn((rows, 1), || rng.randn());
        let squares = dw.iter().chain(&db).map(|g| g * g).sum::<f64>();
        let columns_first = dw.t().as_standard_layout().to_owned().reversed_axes();
        for dw in [dw, columns_first] {
            let mut g = gradient(dw, db.clone());
            assert_number("norm", g.norm(), squares.sqrt(), 1e-14);
            g.layers_mut()[0].dw[[rows - 1, columns - 1]] = f64::NAN;
            assert!(g.norm().is_nan());
        }
    }
}

/// An update rule that wraps another one and implements only `update`.
struct Wrapped(Algorithm);

impl<F: Float> UpdateRule<F> for Wrapped {
    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<F>,
        dw: &ArrayRef2<F>,
        state: &mut [Array2<F>],
    ) -> dnn_blocks::Result<()> {
        self.0.update(step, w, dw, state)
    }
}

#[test]
fn a_rule_has_no_state_unless_it_names_some() {
    let plain = Wrapped(Algorithm::GradientDescent);
    assert!(UpdateRule::<f64>::state(&plain).is_empty());
    let mut parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1)).unwrap();
    let mut expected = parameters.clone();
    let mut gradients = Gradients::zeros_like(&parameters);
    gradients.layers_mut()[0].dw.fill(1.0);
    let mut optimizer = Optimizer::new(plain, &parameters).unwrap();
    assert!(optimizer.state().iter().all(|state| state.w.is_empty() && state.b.is_empty()));
    optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
    update_parameters(&mut expected, &gradients, 0.1).unwrap();
    assert_eq!(parameters, expected);
}

#[test]
fn a_rule_without_the_state_of_the_one_it_wraps_is_an_error_and_moves_nothing() {
    let mut parameters = initialize_parameters::<f32>(3, 2, 1, &mut NumpyRandom::seed(1)).unwrap();
    let before = parameters.clone();
    let mut gradients = Gradients::zeros_like(&parameters);
    gradients.layers_mut()[1].dw.fill(1.0);
    for rule in [Algorithm::MOMENTUM, Algorithm::RMS_PROP, Algorithm::ADAM] {
        let mut optimizer = Optimizer::new(Wrapped(rule), &parameters).unwrap();
        let error = optimizer.step(&mut parameters, &gradients, 0.1).unwrap_err();
        assert!(matches!(error, Error::LengthMismatch { right_length: 0, .. }), "{error}");
        assert_eq!((&parameters, optimizer.steps()), (&before, 0));
    }
}

#[test]
fn an_update_of_matrices_that_differ_in_shape_is_an_error() {
    let step = Step::new(0.1, 1);
    for rule in [Algorithm::GradientDescent, Algorithm::Nesterov { beta: 0.9 }, Algorithm::ADAM] {
        let states = UpdateRule::<f64>::state(&rule).len();
        for (w, dw, s) in [
            ((2, 3), (3, 2), (2, 3)),
            ((2, 3), (2, 2), (2, 3)),
            ((2, 3), (1, 3), (2, 3)),
            ((2, 3), (2, 3), (3, 3)),
        ] {
            let (mut w, dw) = (Array2::<f64>::ones(w), Array2::ones(dw));
            let mut state = vec![Array2::zeros(s); states];
            if w.dim() == dw.dim() && states == 0 {
                continue;
            }
            let error = rule.update(step, &mut w, &dw, &mut state).unwrap_err();
            assert!(matches!(error, Error::ShapeMismatch { .. }), "{rule}: {error}");
            assert!(w.iter().all(|w| *w == 1.0) && state.iter().flatten().all(|s| *s == 0.0));
        }
    }
}

#[test]
fn a_step_that_cannot_be_taken_is_an_error() {
    let (beta1, beta2, epsilon, weight_decay) = (0.9, 0.999, 1e-8, 1e300);
    let decay = Algorithm::AdamW { beta1, beta2, epsilon, weight_decay };
    for (rule, learning_rate, number) in [(Algorithm::ADAM, 0.1, 0), (decay, 1e300, 1)] {
        let step = Step::new(learning_rate, number);
        let mut w = array![[1.0]];
        let mut state = [array![[0.0]], array![[0.0]]];
        let error = rule.update(step, &mut w, &array![[1.0]], &mut state).unwrap_err();
        match number {
            0 => assert!(matches!(error, Error::InvalidArgument { name: "number", .. }), "{error}"),
            _ => assert!(
                matches!(error, Error::Hyperparameter { name: "weight_decay", .. }),
                "{error}"
            ),
        }
        assert_eq!((w, state), (array![[1.0]], [array![[0.0]], array![[0.0]]]));
    }
}

/// Numbers that are valid in `f64`, and 0, 1 or infinite in `f32`.
#[test]
fn constants_are_checked_in_the_type_that_uses_them() {
    let refused = |rule: Algorithm, message: &str| {
        let mut wide = single(array![[1.0]], array![[0.0]]);
        let g = gradient(array![[0.0]], array![[0.0]]);
        Optimizer::new(rule, &wide).unwrap().step(&mut wide, &g, 0.1).unwrap();
        let layer = Layer { w: array![[1_f32]], b: array![[0.0]], activation: Activation::Relu };
        let mut parameters = Parameters::from_layers(vec![layer]).unwrap();
        let gradients = Gradients::zeros_like(&parameters);
        let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
        let error = optimizer.step(&mut parameters, &gradients, 0.1).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((parameters.layers()[0].w[[0, 0]], optimizer.steps()), (1.0, 0));
    };
    let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-50);
    let message = "epsilon is 1e-50, but must be above 0 and finite as an f32";
    refused(Algorithm::RmsProp { beta: 0.9, epsilon }, message);
    refused(Algorithm::Adam { beta1, beta2, epsilon }, message);
    let beta = 0.999_999_999_99;
    let message = "beta is 0.99999999999, but must be at least 0 and below 1 as an f32";
    refused(Algorithm::Momentum { beta }, message);
    let (epsilon, weight_decay) = (1e-8, 1e39);
    let rule = Algorithm::AdamW { beta1, beta2, epsilon, weight_decay };
    assert!(rule.check::<f64>().is_ok() && rule.check::<f32>().is_err());

    let mut parameters = single(array![[1.0]], array![[0.0]]);
    let gradients = gradient(array![[1.0]], array![[0.0]]);
    let mut optimizer = Optimizer::new(Algorithm::GradientDescent, &parameters).unwrap();
    for rate in [f64::NAN, f64::INFINITY] {
        assert!(optimizer.step(&mut parameters, &gradients, rate).is_err());
        assert_eq!((parameters.layers()[0].w[[0, 0]], optimizer.steps()), (1.0, 0));
    }
    let mut gradients = Gradients::<f32>::from_layers(vec![LayerGradients {
        dw: array![[1.0]],
        db: array![[1.0]],
    }])
    .unwrap();
    assert!(clip_by_norm(&mut gradients, 1e-60).is_err());
    assert!(clip_by_value(&mut gradients, 1e-60).is_err());
    assert_eq!(gradients.layers()[0].dw[[0, 0]], 1.0);
}

#[test]
fn a_state_that_overflows_is_seen() {
    let layer = Layer { w: array![[1_f32]], b: array![[0.0]], activation: Activation::Identity };
    let mut parameters = Parameters::from_layers(vec![layer]).unwrap();
    let layers = vec![LayerGradients { dw: array![[1e21]], db: array![[0.0]] }];
    let gradients = Gradients::from_layers(layers).unwrap();
    let mut optimizer = Optimizer::new(Algorithm::ADAM, &parameters).unwrap();
    optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
    assert!(parameters.is_finite() && !optimizer.is_finite());
    let mut optimizer = Optimizer::new(Algorithm::MOMENTUM, &parameters).unwrap();
    optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
    assert!(optimizer.is_finite());
}

#[test]
fn a_rule_can_be_chosen_at_run_time() {
    let rules: [Box<dyn UpdateRule<f64>>; 2] = [Box::new(Algorithm::ADAM), Box::new(AdaGrad)];
    for rule in rules {
        let mut parameters = initialize_parameters(2, 3, 1, &mut NumpyRandom::seed(1)).unwrap();
        let before = parameters.clone();
        let mut gradients = Gradients::zeros_like(&parameters);
        gradients.layers_mut()[0].dw.fill(1.0);
        let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
        optimizer.step(&mut parameters, &gradients, 0.1).unwrap();
        assert_ne!(parameters, before);
    }
}

/// A rule that refuses gradients above 1.
struct Limited;

impl UpdateRule<f64> for Limited {
    fn update(
        &self,
        step: Step,
        w: &mut ArrayRef2<f64>,
        dw: &ArrayRef2<f64>,
        _state: &mut [Array2<f64>],
    ) -> dnn_blocks::Result<()> {
        if let Some(((row, column), &value)) = dw.indexed_iter().find(|(_, dw)| **dw > 1.0) {
            let position = Position::Entry { row, column };
            let (layer, operand, rule) = (None, "gradient", "at most 1");
            return Err(Error::InvalidValue { layer, operand, position, value, rule });
        }
        w.scaled_add(-step.learning_rate, dw);
        Ok(())
    }
}

#[test]
fn an_error_of_a_rule_names_the_layer() {
    let parameters = initialize_parameters::<f64>(3, 2, 1, &mut NumpyRandom::seed(1)).unwrap();
    for layer in [1, 2] {
        let mut gradients = Gradients::zeros_like(&parameters);
        gradients.layers_mut()[layer - 1].db[[0, 0]] = 1.5;
        let mut optimizer = Optimizer::new(Limited, &parameters).unwrap();
        let error = optimizer.step(&mut parameters.clone(), &gradients, 0.1).unwrap_err();
        let expected = format!("layer {layer}: gradient[0, 0] is 1.5, but must be at most 1");
        assert_eq!(error.to_string(), expected);
    }
}

/// The state of each rule, as the table of the module names it. A mean of squares is never negative.
#[test]
fn rules_name_their_state() {
    for (rule, expected) in ALGORITHMS.iter().zip([
        &[][..],
        &[("v", false)],
        &[("v", false)],
        &[("v", false)],
        &[("s", true)],
        &[("v", false), ("s", true)],
        &[("v", false), ("s", true)],
    ]) {
        let state = UpdateRule::<f64>::state(rule);
        let found: Vec<_> = state.iter().map(|m| (m.name(), m.is_non_negative())).collect();
        assert_eq!(found, expected, "{rule}");
    }
}
