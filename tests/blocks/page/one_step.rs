//! The page of one step: its numbers, its errors, and text that is not HTML.

use crate::support::{
    ACTIVATIONS, COSTS, SMOOTH_ACTIVATIONS, labels, message, needed_output, network,
    network_with_biases, random, same,
};
use dnn_blocks::activation::Activation;
use dnn_blocks::backward::output_gradient;
use dnn_blocks::ndarray::{Array2, array};
use dnn_blocks::page::OneStep;
use dnn_blocks::prelude::*;
use dnn_blocks::train::backward::{BackwardOptions, backpropagate};
use serde_json::Value;

/// The numbers of a page, by the names of the matrices.
struct Numbers(Value);

impl Numbers {
    fn new(html: &str) -> Self {
        let (_, data) = html.split_once("id=\"data\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        Self(serde_json::from_str(data).unwrap())
    }

    fn get<F: Float>(&self, name: &str) -> Array2<F> {
        let rows = self.0["matrices"][name]["numbers"].as_array().expect(name);
        let columns = rows[0].as_array().unwrap().len();
        let number = |value: &Value| match value.as_str() {
            None => F::of(value.as_f64().unwrap()),
            Some("∞") => F::infinity(),
            Some("−∞") => F::neg_infinity(),
            Some(text) => {
                assert_eq!(text, "NaN");
                F::nan()
            }
        };
        let numbers = rows.iter().flat_map(|row| row.as_array().unwrap()).map(number);
        Array2::from_shape_vec((rows.len(), columns), numbers.collect()).unwrap()
    }

    fn check<F: Float>(&self, name: &str, expected: &Array2<F>) {
        let found = self.get::<F>(name);
        // The text of a NaN has no sign.
        let expected = expected.mapv(|x| if x.is_nan() { F::nan() } else { x });
        assert!(same(&found, &expected), "{name}:\n{found}\n{expected}");
    }

    fn check_near<F: Float>(&self, name: &str, expected: &Array2<F>) {
        let found = self.get::<F>(name);
        let near = |(a, b): (&F, &F)| (*a - *b).abs() <= F::epsilon() * F::of(16.0);
        assert!(found.iter().zip(expected).all(near), "{name}:\n{found}\n{expected}");
    }
}

/// Returns a page of four examples.
fn page<F: Float>(parameters: &Parameters<F>, y: &Array2<F>, cost: &Cost) -> Numbers {
    let x = random(parameters.layers()[0].w.ncols(), y.ncols(), 3);
    let page = OneStep::new("page", 0.5).cost(cost.clone());
    Numbers::new(&page.page(parameters, &x, y).unwrap())
}

/// Checks the numbers of a page against the functions of the course, and against training for
/// costs that those do not have.
fn check<F: Float>(parameters: &Parameters<F>, cost: &Cost) {
    let [inputs, outputs] =
        [parameters.layers()[0].w.ncols(), parameters.layers().last().unwrap().w.nrows()];
    let (x, y) = (random(inputs, 4, 3), labels(outputs, 4));
    let numbers = page(parameters, &y, cost);
    let (al, caches) = l_model_forward(&x, parameters).unwrap();
    numbers.check("A[0]", &x);
    numbers.check("Y", &y);
    numbers.check("J", &array![[cost.value(&al, &y).unwrap()]]);
    numbers.check(&format!("A[{}]", caches.len()), &al);
    let (gradients, dx) = match cost {
        Cost::BinaryCrossEntropy => (l_model_backward(&al, &y, &caches).unwrap(), None),
        _ => {
            let options = BackwardOptions::new(cost.clone()).dx(true);
            let output = backpropagate(&al, &y, &caches, options).unwrap();
            (output.gradients, output.dx)
        }
    };
    if let Some(dx) = dx {
        numbers.check("dA[0]", &dx);
    }
    let mut updated = parameters.clone();
    update_parameters(&mut updated, &gradients, 0.5).unwrap();
    for (i, cache) in caches.iter().enumerate() {
        let l = i + 1;
        numbers.check(&format!("W[{l}]"), &parameters.layers()[i].w);
        numbers.check(&format!("b[{l}]"), &parameters.layers()[i].b);
        numbers.check(&format!("Z[{l}]"), &cache.activation.z);
        numbers.check(&format!("A[{i}]"), &cache.linear.a_prev.to_owned());
        numbers.check(&format!("dW[{l}]"), &gradients.layers()[i].dw);
        numbers.check(&format!("db[{l}]"), &gradients.layers()[i].db);
        numbers.check(&format!("new W[{l}]"), &updated.layers()[i].w);
        numbers.check(&format!("new b[{l}]"), &updated.layers()[i].b);
    }
    let after = cost.value(&predict_proba(&x, &updated).unwrap(), &y).unwrap();
    numbers.check("new J", &array![[after]]);
}

#[test]
fn numbers_are_those_of_the_functions_of_the_course() {
    for dims in [&[2, 1][..], &[2, 3, 1], &[3, 4, 3, 2], &[5, 2, 2, 2, 2, 1]] {
        let cost = Cost::BinaryCrossEntropy;
        check(&network::<f64>(dims, 1), &cost);
        check(&network::<f32>(dims, 2), &cost);
    }
}

#[test]
fn all_activations_and_costs_have_the_numbers_of_training() {
    let softmax = [Activation::Softmax];
    let activations = || ACTIVATIONS.iter().chain(&SMOOTH_ACTIVATIONS).chain(&softmax);
    for cost in &COSTS {
        for &hidden in activations() {
            for &output in activations() {
                let trained =
                    *cost == Cost::BinaryCrossEntropy || needed_output(cost, output).is_none();
                if trained && output != Activation::Softmax {
                    check(&network_with_biases::<f64>(&[3, 2, 1], hidden, output), cost);
                }
                if trained {
                    check(&network_with_biases::<f32>(&[2, 4, 3], hidden, output), cost);
                }
            }
        }
    }
}

#[test]
fn the_derivative_of_the_outputs_is_shown_in_both_ways() {
    let dims = [2, 3, 1];
    let parameters = network_with_biases::<f64>(&dims, Activation::Tanh, Activation::Sigmoid);
    let y = labels(1, 4);
    let numbers = page(&parameters, &y, &Cost::BinaryCrossEntropy);
    let al = numbers.get::<f64>("A[2]");
    numbers.check("dA[2]", &output_gradient(&al, &y).unwrap());
    numbers.check("dZ[2]", &(&al - &y));
    numbers.check_near("product", &(&al - &y));
    numbers.check(
        "g′[2]",
        &Activation::Sigmoid.backward(Array2::ones((1, 4)), &numbers.get::<f64>("Z[2]")).unwrap(),
    );
    let numbers = page(&parameters, &y, &Cost::MeanSquaredError);
    assert!(numbers.0["matrices"]["product"].is_null(), "there is only one way");
}

#[test]
fn hidden_layers_chain_the_blocks() {
    let parameters =
        network_with_biases::<f32>(&[2, 4, 3, 2], Activation::Silu, Activation::Sigmoid);
    let numbers = page(&parameters, &labels(2, 4), &Cost::BinaryCrossEntropy);
    for l in 1..3 {
        let [da, z, derivative] =
            ["dA", "Z", "g′"].map(|name| numbers.get::<f32>(&format!("{name}[{l}]")));
        let w = &parameters.layers()[l].w;
        numbers
            .check_near(&format!("dA[{l}]"), &w.t().dot(&numbers.get(&format!("dZ[{}]", l + 1))));
        numbers.check_near(&format!("dZ[{l}]"), &(&da * &derivative));
        numbers.check(&format!("dZ[{l}]"), &Activation::Silu.backward(da, &z).unwrap());
    }
}

#[test]
fn the_cost_is_the_mean_of_the_losses() {
    for cost in &COSTS {
        let output = cost.output_activation();
        let parameters = network_with_biases::<f64>(&[2, 3, 3], Activation::Relu, output);
        let numbers = page(&parameters, &labels(3, 4), cost);
        let mean = numbers.get::<f64>("losses").sum() / 4.0;
        numbers.check_near("J", &array![[mean]]);
    }
}

#[test]
fn class_numbers_are_shown_one_hot() {
    let parameters = network_with_biases::<f64>(&[2, 3, 3], Activation::Relu, Activation::Softmax);
    let cost = Cost::CategoricalCrossEntropy;
    let one_hot = array![[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]];
    let numbers = page(&parameters, &array![[2.0, 0.0, 1.0, 2.0]], &cost);
    numbers.check("Y", &one_hot);
    assert_eq!(numbers.0, page(&parameters, &one_hot, &cost).0);
}

#[test]
fn outputs_at_their_limits_are_shown_with_the_gradients_of_training() {
    let layer = |activation| Layer { w: array![[1000.0]], b: array![[0.0]], activation };
    let (x, y) = (array![[1.0, -1.0, 1.0]], array![[0.0, 1.0, 1.0]]);
    let parameters = Parameters::from_layers(vec![layer(Activation::Sigmoid)]).unwrap();
    let html = OneStep::new("limits", 0.5).page(&parameters, &x, &y).unwrap();
    let numbers = Numbers::new(&html);
    assert_eq!(numbers.get::<f64>("A[1]"), array![[1.0, 0.0, 1.0]]);
    assert_eq!(numbers.get::<f64>("J"), array![[200.0 / 3.0]]);
    assert!(numbers.get::<f64>("product").iter().all(|product| product.is_nan()));
    assert_eq!(numbers.get::<f64>("dZ[1]"), array![[1.0, -1.0, 0.0]]);
    assert!(html.contains("<td>NaN</td>") && html.contains("<td>−∞</td>"), "{html}");
    assert!(html.contains("the product fails") && !html.contains("is the same number"));

    // Other outputs of 0 have the bounded divisor of `l_model_backward`.
    let parameters = Parameters::from_layers(vec![layer(Activation::Relu)]).unwrap();
    let numbers = Numbers::new(&OneStep::new("", 0.5).page(&parameters, &-&x, &y).unwrap());
    assert_eq!(numbers.get::<f64>("dA[1]")[[0, 2]], -1e12);

    let html =
        OneStep::new("", 0.5).page(&parameters, &array![[f64::NAN]], &array![[1.0]]).unwrap();
    assert!(Numbers::new(&html).get::<f64>("J")[[0, 0]].is_nan());
}

#[test]
fn a_page_has_a_section_for_each_block_and_a_table_for_each_matrix() {
    let parameters = network::<f64>(&[2, 3, 1], 1);
    let (x, y) = (random(2, 4, 3), labels(1, 4));
    let html = OneStep::new("A step", 0.5).features(["study", "sleep"]).page(&parameters, &x, &y);
    let html = html.unwrap();
    assert_eq!(html.matches("<section ").count(), 14);
    for text in [
        "<h1>A step</h1>",
        "forward::linear_forward(&amp;x, &amp;w, &amp;b)?",
        "forward::linear_forward(a_prev, &amp;w, &amp;b)?",
        "activation::relu(&amp;z)?",
        "cost::compute_cost(&amp;al, &amp;y)?",
        "backward::output_gradient(&amp;al, &amp;y)?",
        "activation::sigmoid_backward(da, &amp;z)?",
        "backward::linear_backward(&amp;dz, &amp;cache)?",
        "update::update_parameters(&amp;mut parameters, &amp;gradients, 0.5)?",
        "It borrows A<sup>[0]</sup> = X from the caller, and W<sup>[1]</sup> and b",
        "It owns A<sup>[1]</sup>, which moved into it, and borrows W<sup>[2]</sup> and b",
        "<caption><b>dW<sup>[1]</sup></b> <span>(3, 2)</span>",
        "<caption><b>AL = A<sup>[2]</sup></b> <span>(1, 4)</span>",
        "<span class=\"unseen\">feature </span>2 <bdi>sleep</bdi></th>",
    ] {
        assert!(html.contains(text), "{text}");
    }
    let deep = network::<f64>(&[2, 3, 3, 3, 1], 1);
    let html = OneStep::new("", 0.5).page(&deep, &x, &y).unwrap();
    assert_eq!(html.matches("<section ").count(), 24);
}

/// The numbers of the steps in the text are the ids of sections with the right headings.
#[test]
fn links_lead_to_the_steps_that_read_the_caches() {
    for layers in [1, 2, 5] {
        let parameters = network::<f64>(&vec![2; layers + 1], 1);
        let html =
            OneStep::new("", 0.5).page(&parameters, &random(2, 3, 3), &labels(2, 3)).unwrap();
        let sections: Vec<&str> = html.split("<section ").skip(1).collect();
        let heading = |step: &str| {
            let (_, rest) = sections[step.parse::<usize>().unwrap() - 1]
                .split_once("class=\"heading\">")
                .unwrap();
            rest.split_once('<').unwrap().0
        };
        let linked = |section: usize| {
            let (_, rest) = sections[section].split_once("<a href=\"#step-").unwrap();
            heading(rest.split_once('"').unwrap().0)
        };
        for l in 1..=layers {
            assert_eq!(linked(2 * l - 1), format!("Layer {l}: back through the linear step"));
            assert!(linked(2 * l).starts_with(&format!("Layer {l}: back through the activation")));
        }
        let (_, rest) = sections[0].split_once("<code>l_model_backward</code> steps ").unwrap();
        let (first, last) = rest.split_once('.').unwrap().0.split_once(" to ").unwrap();
        assert_eq!(heading(first), "The gradient of the outputs");
        assert_eq!(heading(last), "Layer 1: back through the linear step");
    }
}

#[test]
fn any_text_is_shown_as_text() {
    let hostile = "</script><img src=x onerror=alert(1)>\u{202e}\u{7}\u{0}'\"&amp;";
    let parameters = network::<f64>(&[2, 1], 1);
    let html = OneStep::new(hostile, 0.5)
        .features([hostile, "\u{202e}"])
        .program(hostile)
        .page(&parameters, &random(2, 2, 3), &labels(1, 2))
        .unwrap();
    assert!(!html.contains("<img") && !html.contains(['\u{0}', '\u{7}', '\u{202e}']));
    assert_eq!(html.matches("</script>").count(), 2, "the data and the script of the page");
    let escaped = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\u{fffd}\u{fffd}\u{fffd}&#39;\
                   &quot;&amp;amp;";
    for element in ["<title>", "<h1>", "<bdi>", "<code>"] {
        assert!(html.contains(&format!("{element}{escaped}")), "{element}");
    }
}

#[test]
fn what_is_too_large_for_a_page_or_does_not_fit_is_an_error() {
    let page = |dims: &[usize], examples| {
        let parameters = network::<f64>(dims, 1);
        let (x, y) = (random(dims[0], examples, 1), labels(dims[dims.len() - 1], examples));
        message(OneStep::new("", 0.5).page(&parameters, &x, &y))
    };
    assert_eq!(
        page(&[2, 1], 13),
        "the number of examples is 13, but must be at most 12 for a page"
    );
    assert_eq!(
        page(&[2, 33, 1], 2),
        "the number of units of a layer is 33, but must be at most 32 for a page"
    );
    assert_eq!(
        page(&[33, 1], 2),
        "the number of features is 33, but must be at most 32 for a page"
    );
    assert_eq!(page(&[2; 22], 2), "the number of layers is 21, but must be at most 20 for a page");

    let parameters = network::<f64>(&[2, 3, 1], 1);
    let (x, y) = (random(2, 4, 1), labels(1, 4));
    let step = || OneStep::new("", 0.5);
    assert_eq!(
        message(step().page(&parameters, &random(3, 4, 1), &y)),
        "layer 1: W (3, 2) and A_prev (3, 4) do not fit: columns of W must equal rows of A_prev \
         (one example per column)"
    );
    assert_eq!(
        message(step().page(&parameters, &x, &labels(1, 3))),
        "AL (1, 4) and Y (1, 3) do not fit: shapes must be equal"
    );
    assert_eq!(
        message(step().page(&parameters, &Array2::zeros((2, 0)), &Array2::zeros((1, 0)))),
        "layer 1: A_prev (2, 0) has no examples: a batch needs at least one column"
    );
    assert_eq!(
        message(step().features(["one"]).page(&parameters, &x, &y)),
        "feature names and the features of X differ in length: 1 and 2"
    );
    assert_eq!(
        message(OneStep::new("", f64::NAN).page(&parameters, &x, &y)),
        "learning_rate is NaN, but must be finite"
    );
    assert_eq!(
        message(step().cost(Cost::Huber { delta: 0.0 }).page(&parameters, &x, &y)),
        "delta is 0, but must be above 0 and finite"
    );
    let softmax = network_with_biases::<f64>(&[2, 3], Activation::Relu, Activation::Softmax);
    let classes = array![[0.0, 3.0]];
    let page = step().cost(Cost::CategoricalCrossEntropy);
    let error = message(page.page(&softmax, &random(2, 2, 1), &classes));
    assert!(error.starts_with("Y[0, 1] is 3, but must be a class number"), "{error}");
}

#[test]
fn the_page_of_the_example_is_small_and_the_largest_page_can_be_sent() {
    let program = include_str!("../../../examples/one_step.rs");
    let page = |dims: &[usize], examples| {
        let (x, y) = (random(dims[0], examples, 1), labels(dims[dims.len() - 1], examples));
        let page = OneStep::new("size", 0.5).program(program);
        page.page(&network::<f64>(dims, 1), &x, &y).unwrap().len()
    };
    let (small, large) = (page(&[2, 3, 1], 4), page(&[32; 21], 12));
    assert!(small < 120_000, "{small}");
    assert!(large < 8_000_000, "{large}");
}
