//! What the crate promises beside the formulas.

use dnn_blocks::activation::{relu, sigmoid, tanh, tanh_backward};
use dnn_blocks::data::split;
use dnn_blocks::init::RandomSource;
use dnn_blocks::ndarray::{Array2, ArrayRef2, ArrayView2, ShapeBuilder, array, s};
use dnn_blocks::prelude::*;
use dnn_blocks::rand::{Rng, SeedableRng, rngs::SmallRng};
use dnn_blocks::{Error, L_model_backward, L_model_forward};

const ACTIVATIONS: [Activation; 5] = [
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::LeakyRelu(0.01),
    Activation::Identity,
];

fn network(dims: &[usize]) -> Parameters<f64> {
    initialize_parameters_deep(dims, Initializer::He, &mut NumpyRandom::seed(5)).unwrap()
}

fn batch(rows: usize, examples: usize) -> Array2<f64> {
    let mut rng = NumpyRandom::seed(6);
    Array2::from_shape_simple_fn((rows, examples), || rng.randn())
}

fn labels(examples: usize) -> Array2<f64> {
    Array2::from_shape_fn((1, examples), |(_, i)| f64::from(u8::from(i % 2 == 0)))
}

/// A matrix that is huge without memory behind it.
fn broadcast(element: &[f64; 1], rows: usize, columns: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((rows, columns).strides((0, 0)), element).unwrap()
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_forward_pass_copies_no_input_and_no_weight() {
    let (x, parameters) = (batch(3, 7), network(&[3, 5, 1]));
    let (_, caches) = l_model_forward(&x, &parameters).unwrap();
    assert_eq!(caches[0].linear.a_prev.as_ptr(), x.as_ptr());
    assert_eq!(caches[1].linear.w.as_ptr(), parameters.layers()[1].w.as_ptr());
    assert!(caches[0].linear.a_prev.is_view() && caches[1].linear.a_prev.is_owned());
    let at = x.as_ptr();
    let (_, caches) = l_model_forward(x, &parameters).unwrap();
    assert_eq!(caches[0].linear.a_prev.as_ptr(), at);
    assert!(caches[0].linear.a_prev.is_owned());
}

#[test]
#[allow(clippy::needless_borrows_for_generic_args)] // a borrowed view is one of the forms
fn inputs_are_lent_given_or_sliced() {
    let (x, y, parameters) = (batch(3, 7), labels(7), network(&[3, 5, 1]));
    let expected = predict_proba(&x, &parameters).unwrap();
    assert_eq!(predict_proba(x.view(), &parameters).unwrap(), expected);
    assert_eq!(predict_proba(&x.view(), &parameters).unwrap(), expected);
    let part = predict_proba(x.slice(s![.., ..3]), &parameters).unwrap();
    assert!((&part - &expected.slice(s![.., ..3])).iter().all(|d| d.abs() < 1e-15));
    let (al, _) = l_model_forward(x, &parameters).unwrap();
    assert_eq!(al, expected);
    let whole = compute_cost(&al, &y).unwrap();
    let by_parts: f64 = [s![.., ..3], s![.., 3..]]
        .map(|part| {
            let al = al.slice(part);
            compute_cost(&al, &y.slice(part)).unwrap() * al.ncols() as f64
        })
        .iter()
        .sum();
    assert!((whole - by_parts / 7.0).abs() < 1e-15);
}

#[test]
fn the_two_spellings_are_one_function() {
    let (x, y, parameters) = (batch(3, 7), labels(7), network(&[3, 5, 1]));
    let (al, caches) = L_model_forward(&x, &parameters).unwrap();
    assert_eq!(al, l_model_forward(&x, &parameters).unwrap().0);
    let gradients = L_model_backward(&al, &y, &caches).unwrap();
    assert_eq!(gradients, l_model_backward(&al, &y, &caches).unwrap());
    assert_eq!(gradients, l_model_backward_with_dx(&al, &y, &caches).unwrap().0);
}

#[test]
fn values_print_compare_and_clone() {
    let parameters = network(&[2, 3, 1]);
    assert_eq!(parameters.clone(), parameters);
    let x = batch(2, 2);
    let (_, caches) = l_model_forward(&x, &parameters).unwrap();
    assert!(format!("{:?}", caches.clone()).contains("Relu"));
    assert_ne!(Activation::LeakyRelu(0.1), Activation::LeakyRelu(0.2));
    assert_eq!(format!("{:?}", Initializer::Scaled(0.01).clone()), "Scaled(0.01)");
    assert!(std::mem::size_of::<Error>() <= 96);
}

/// The table of shapes that the course gives for this network.
#[test]
fn a_network_prints_its_shape_table() {
    let leaky = network(&[2, 3, 5, 4, 2, 1])
        .with_activations(Activation::LeakyRelu(0.2), Activation::Identity);
    let table = leaky.to_string();
    let cells = |line: &str| line.split("  ").map(str::trim).filter(|c| !c.is_empty()).count();
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(
        lines[3].split("  ").map(str::trim).filter(|c| !c.is_empty()).collect::<Vec<_>>(),
        ["2", "5", "leaky ReLU 0.2", "(5, 3)", "(5, 1)", "(5, m)", "20"]
    );
    for (number, line) in (1..=5).zip(&lines[2..7]) {
        assert!(line.starts_with(&number.to_string()) && cells(line) == 7, "{line}");
    }
    assert!(lines[7].starts_with("total") && lines[7].ends_with("66"));
    assert!(lines.iter().all(|line| !line.ends_with(' ')));
    let names: Vec<_> = ACTIVATIONS.iter().map(|a| format!("{a:>9}|")).collect();
    assert_eq!(names, ["     ReLU|", "  sigmoid|", "     tanh|", "leaky ReLU 0.01|", " identity|"]);
}

#[test]
fn shape_errors_name_the_layer_and_both_shapes() {
    let mut parameters = network(&[3, 5, 4, 1]);
    parameters.layers_mut()[1].w = Array2::zeros((4, 9));
    let x = batch(3, 7);
    let expected = "layer 2: W (4, 9) and A_prev (5, 7) do not fit: columns of W = rows of A_prev";
    assert_eq!(message(l_model_forward(&x, &parameters)), expected);
    assert_eq!(message(predict(&x, &parameters)), expected);

    let mut parameters = network(&[3, 5, 1]);
    parameters.layers_mut()[1].b = array![[0.0, 0.0]];
    let expected = "layer 2: W (1, 5) and b (1, 2) do not fit: b is one column with the rows of W";
    assert_eq!(message(l_model_forward(&x, &parameters)), expected);
    assert_eq!(message(Parameters::from_layers(parameters.layers().to_vec())), expected);

    let mut layers = network(&[3, 5, 1]).layers().to_vec();
    layers[1].w = Array2::zeros((1, 4));
    assert_eq!(
        message(Parameters::from_layers(layers)),
        "layer 2: W (1, 4) and W_prev (5, 3) do not fit: columns of W = rows of W_prev"
    );

    let (w, b) = (array![[1.0, 2.0]], array![[0.0]]);
    let expected = "W (1, 2) and A_prev (3, 7) do not fit: columns of W = rows of A_prev";
    assert_eq!(message(linear_forward(&x, &w, &b)), expected);
    let relu = Activation::Relu;
    assert_eq!(message(linear_activation_forward(&x, &w, &b, relu)), expected);
    let cache = LinearCache { a_prev: x.view().into(), w: &w, b: &b };
    assert_eq!(message(linear_backward(&array![[1.0]], &cache)), expected);
}

#[test]
fn backward_errors_name_the_layer_and_both_shapes() {
    let (x, y, parameters) = (batch(3, 7), labels(7), network(&[3, 5, 4, 1]));
    let (al, caches) = l_model_forward(&x, &parameters).unwrap();
    assert_eq!(message(l_model_backward(&al, &y, &[])), Error::NoLayers.to_string());
    assert_eq!(
        message(l_model_backward(&al, &labels(6), &caches)),
        "layer 3: AL (1, 7) and Y (1, 6) do not fit: same shape"
    );
    assert_eq!(
        message(l_model_backward(&labels(6), &labels(6), &caches)),
        "layer 3: AL (1, 6) and Z (1, 7) do not fit: same shape"
    );
    let mixed = [caches[0].clone(), caches[2].clone()];
    assert_eq!(
        message(l_model_backward_with_dx(&al, &y, &mixed)),
        "layer 1: dA (4, 7) and Z (5, 7) do not fit: same shape"
    );
    let mut broken = caches.clone();
    broken[1].linear.a_prev = batch(5, 6).into();
    assert_eq!(
        message(l_model_backward(&al, &y, &broken)),
        "layer 2: dZ (4, 7) and Z (4, 6) do not fit: same shape"
    );
    let mut broken = caches.clone();
    broken[0].linear.a_prev = batch(3, 6).into();
    assert_eq!(
        message(l_model_backward(&al, &y, &broken)),
        "layer 1: dZ (5, 7) and Z (5, 6) do not fit: same shape"
    );
    assert_eq!(
        message(linear_activation_backward(batch(5, 6), &caches[0])),
        "dA (5, 6) and Z (5, 7) do not fit: same shape"
    );
    assert_eq!(
        message(tanh_backward(batch(1, 2), &batch(2, 1))),
        "dA (1, 2) and Z (2, 1) do not fit: same shape"
    );
}

#[test]
fn nothing_broadcasts_but_the_bias() {
    let (one, many) = (array![[0.5]], Array2::from_elem((1, 5), 0.5));
    for (a, b) in [(&one, &many), (&many, &one)] {
        assert!(matches!(compute_cost(a, b), Err(Error::ShapeMismatch { .. })));
        assert!(matches!(output_gradient(a, b), Err(Error::ShapeMismatch { .. })));
        assert!(matches!(sigmoid_like(a, b), Err(Error::ShapeMismatch { .. })));
    }
    let w = array![[1.0], [2.0]];
    assert!(matches!(linear_forward(&many, &w, &one), Err(Error::ShapeMismatch { .. })));
    let mut parameters = network(&[2, 1]);
    let tiny = LayerGradients { dw: one.clone(), db: one };
    let gradients = Gradients::from_layers(vec![tiny]).unwrap();
    assert_eq!(
        message(update_parameters(&mut parameters, &gradients, 0.1)),
        "layer 1: W (1, 2) and dW (1, 1) do not fit: same shape"
    );
}

fn sigmoid_like(da: &Array2<f64>, z: &ArrayRef2<f64>) -> dnn_blocks::Result<Array2<f64>> {
    Activation::Sigmoid.backward(da.clone(), z)
}

#[test]
fn empty_batches_and_sizes_of_0_are_refused() {
    let parameters = network(&[3, 2, 1]);
    let expected = "layer 1: A_prev (3, 0) holds no example: a batch has at least one column";
    assert_eq!(message(l_model_forward(batch(3, 0), &parameters)), expected);
    assert_eq!(message(predict(batch(3, 0), &parameters)), expected);
    for empty in [batch(1, 0), batch(0, 3), batch(0, 0)] {
        let refused = |e| matches!(e, Some(Error::EmptyBatch { .. } | Error::ZeroSize { .. }));
        assert!(refused(compute_cost(&empty, &empty).err()));
        assert!(refused(output_gradient(&empty, &empty).err()));
        let (w, b) = (array![[1.0]], array![[1.0]]);
        let cache = LinearCache { a_prev: empty.view().into(), w: &w, b: &b };
        assert!(linear_backward(&empty, &cache).is_err());
        assert!(sigmoid(&empty).unwrap().is_empty());
    }
    let (w, b) = (Array2::<f64>::zeros((0, 3)), Array2::zeros((0, 1)));
    assert_eq!(
        message(linear_forward(batch(3, 2), &w, &b)),
        "W (0, 3) has a size of 0: every layer has at least one unit"
    );
    let layer = Layer { w, b, activation: Activation::Relu };
    assert!(matches!(
        Parameters::from_layers(vec![layer]),
        Err(Error::ZeroSize { layer: Some(1), .. })
    ));
    assert_eq!(Parameters::<f64>::from_layers(vec![]).unwrap_err(), Error::NoLayers);
    assert_eq!(Gradients::<f64>::from_layers(vec![]).unwrap_err(), Error::NoLayers);
    let most = usize::MAX;
    for (dims, number) in
        [([0, 3, 1], 1), ([3, 0, 1], 1), ([3, 2, 0], 2), ([most, 0, 1], 1), ([0, most, 1], 1)]
    {
        let rng = &mut NumpyRandom::seed(1);
        let error = initialize_parameters_deep::<f64>(&dims, Initializer::He, rng).unwrap_err();
        assert!(matches!(error, Error::ZeroSize { layer: Some(l), .. } if l == number), "{error}");
    }
}

#[test]
fn sizes_beyond_counting_or_memory_are_errors() {
    let rng = &mut NumpyRandom::seed(1);
    for dims in [[usize::MAX, 2], [2, usize::MAX], [1 << 32, 1 << 32], [1 << 30, 1 << 30]] {
        for initializer in [Initializer::Zeros, Initializer::Xavier] {
            let error = initialize_parameters_deep::<f64>(&dims, initializer, rng).unwrap_err();
            assert!(matches!(error, Error::TooLarge { layer: Some(1), .. }), "{error}");
        }
    }
    let error = initialize_parameters::<f32>(3, 1 << 46, 1 << 46, rng).unwrap_err();
    assert!(matches!(error, Error::TooLarge { layer: Some(1), .. }), "{error}");

    let huge = 1 << 45;
    let (one, w, b) = ([1.0], array![[1.0], [1.0]], array![[0.0], [0.0]]);
    let x = broadcast(&one, 1, huge);
    let expected = format!("Z (2, {huge}) does not fit in memory");
    assert_eq!(message(linear_forward(x, &w, &b)), expected);
    let layer = Layer { w: w.clone(), b: b.clone(), activation: Activation::Relu };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    assert_eq!(message(predict(x, &parameters)), format!("layer 1: {expected}"));
    assert!(matches!(relu(&x), Err(Error::TooLarge { .. })));
    assert!(matches!(output_gradient(&x, &x), Err(Error::TooLarge { .. })));
    let (w, b) = (broadcast(&one, 1 << 50, 1), broadcast(&one, 1 << 50, 1));
    let x = broadcast(&one, 1, 1 << 50);
    assert!(matches!(linear_forward(x, &w, &b), Err(Error::TooLarge { .. })));
}

/// More elements than any memory could hold, in views that own one.
#[test]
fn sizes_that_no_array_can_have_are_errors() {
    let (one, huge) = ([1.0], 1 << 60);
    let (w, b, x) = (broadcast(&one, 4, huge), broadcast(&one, 4, 1), broadcast(&one, huge, 4));
    let (w3, b3) = (array![[1.0, 1.0, 1.0]], array![[0.0]]);
    let refused = |error: Option<Error>| matches!(error, Some(Error::TooLarge { .. }));
    assert!(refused(linear_forward(x, &w, &b).err()));
    assert!(refused(linear_forward(broadcast(&one, 3, 1 << 61), &w3, &b3).err()));
    let rng = &mut NumpyRandom::seed(1);
    assert!(refused(
        random_mini_batches(&broadcast(&one, 1 << 50, 1), &array![[1.0]], 1, rng).err()
    ));
    let (long, y) = (broadcast(&one, 1, huge), broadcast(&one, 1, huge));
    assert!(refused(random_mini_batches(&long, &y, huge, rng).err()));
    assert!(refused(random_mini_batches(&long, &y, 1, rng).err()));
    assert!(refused(predicted_classes(&long).err()));
    assert!(refused(Batches::of_shard(long, y, 4, 0, huge).err()));
    assert!(refused(split(usize::MAX, 0.5, rng).err()));
    assert!(refused(split(huge, 0.5, rng).err()));
    let most = usize::MAX / 2;
    assert!(refused(compute_cost(&broadcast(&one, 1, most), &broadcast(&one, 1, most)).err()));
}

#[test]
fn slopes_and_factors_are_finite_in_the_type_that_uses_them() {
    let steep = Activation::LeakyRelu(1e300);
    let z = array![[0_f32, 1.0]];
    let refused = |message: String| {
        let end = "a finite number as an f32";
        assert!(message.ends_with(end) && message.contains("slope = 1e300"), "{message}");
    };
    refused(message(steep.forward(&z)));
    refused(message(steep.backward(z.clone(), &z)));
    assert_eq!(steep.forward(&array![[0.0, 1.0]]).unwrap(), array![[0.0, 1.0]]);
    let (w, b) = (array![[1_f32]], array![[0_f32]]);
    refused(message(linear_activation_forward(&z, &w, &b, steep)));
    let layer = Layer { w: w.clone(), b: b.clone(), activation: steep };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    refused(message(l_model_forward(&z, &parameters)));
    refused(message(predict_proba(&z, &parameters)));
    refused(message(Workspace::new(&parameters, 2).forward(&z, &parameters).map(|_| ())));
    refused(message(FullBatch::new(&z, &z, parameters.clone()).map(|_| ())));
    let mut predictor = Predictor::new(&parameters, 2).unwrap();
    refused(message(predictor.predict_proba(&z).map(|_| ())));

    let rng = &mut NumpyRandom::seed(1);
    let large = Initializer::Scaled(1e300);
    let nearly = Initializer::Scaled(1.7e308);
    let error = message(initialize_parameters_deep::<f64>(&[9, 9], nearly, rng));
    assert_eq!(error, "factor = 1.7e308: small enough for finite weights");
    assert!(initialize_parameters_deep::<f64>(&[2, 1], large, rng).is_ok());
    let error = message(initialize_parameters_deep::<f32>(&[2, 1], large, rng));
    assert!(error.starts_with("factor = 1e300"), "{error}");
    assert!(
        initialize_parameters_deep::<f64>(&[2, 1], Initializer::Scaled(f64::NAN), rng).is_err()
    );
}

#[test]
fn a_gradient_that_does_not_fit_in_memory_is_an_error() {
    let (one, dz) = ([1.0], array![[1.0]]);
    let (w, b) = (broadcast(&one, 1, 1 << 45), array![[0.0]]);
    let cache = LinearCache { a_prev: broadcast(&one, 1 << 45, 1).into(), w: &w, b: &b };
    assert!(matches!(linear_backward(&dz, &cache), Err(Error::TooLarge { .. })));
}

#[test]
fn a_refused_update_leaves_the_parameters_as_they_were() {
    let mut parameters = network(&[3, 5, 1]);
    let before = parameters.clone();
    let mut gradients = Gradients::zeros_like(&parameters);
    gradients.layers_mut()[0].dw.fill(1.0);
    gradients.layers_mut()[1].db = Array2::zeros((1, 2));
    assert_eq!(
        message(update_parameters(&mut parameters, &gradients, 0.1)),
        "layer 2: b (1, 1) and db (1, 2) do not fit: same shape"
    );
    let other = Gradients::zeros_like(&network(&[3, 5, 1, 1]));
    assert_eq!(
        message(update_parameters(&mut parameters, &other, 0.1)),
        "the parameters have 2 layers, what was passed with them 3"
    );
    assert_eq!(parameters, before);
}

#[test]
fn gradients_join_only_with_their_own_biases() {
    let layers = vec![
        LayerGradients { dw: array![[1.0, 2.0]], db: array![[1.0]] },
        LayerGradients { dw: array![[1.0]], db: array![[1.0, 2.0]] },
    ];
    assert_eq!(
        message(Gradients::from_layers(layers)),
        "layer 2: dW (1, 1) and db (1, 2) do not fit: b is one column with the rows of W"
    );
}

#[test]
fn nan_reaches_the_output_the_cost_and_the_gradients() {
    for hidden in ACTIVATIONS {
        for output in ACTIVATIONS {
            let parameters = network(&[3, 4, 1]).with_activations(hidden, output);
            let mut x = batch(3, 2);
            x[[1, 0]] = f64::NAN;
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            assert!(al[[0, 0]].is_nan(), "{hidden} {output}");
            assert!(compute_cost(&al, &labels(2)).unwrap().is_nan(), "{hidden} {output}");
            let gradients = l_model_backward(&al, &labels(2), &caches).unwrap();
            assert!(gradients.layers()[0].dw.iter().any(|d| d.is_nan()), "{hidden} {output}");
            assert_eq!(predict(&x, &parameters).unwrap()[[0, 0]], 0.0);
        }
    }
}

#[test]
fn activations_at_the_ends_of_the_numbers() {
    let z = array![[f64::NEG_INFINITY, -1e308, -0.0, 0.0, 1e308, f64::INFINITY]];
    assert_eq!(sigmoid(&z).unwrap(), array![[0.0, 0.0, 0.5, 0.5, 1.0, 1.0]]);
    assert_eq!(tanh(&z).unwrap(), array![[-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]]);
    assert_eq!(relu(&z).unwrap(), array![[0.0, 0.0, 0.0, 0.0, 1e308, f64::INFINITY]]);
    for activation in ACTIVATIONS {
        let dz = activation.backward(Array2::ones(z.dim()), &z).unwrap();
        assert!(dz.iter().all(|d| (0.0..=1.0).contains(d)), "{activation}: {dz}");
    }
    // The course's choice, and NumPy's assignment: a unit that is off passes nothing on.
    let off = Activation::Relu.backward(array![[f64::INFINITY, 1.0]], &array![[-1.0, 0.0]]);
    assert_eq!(off.unwrap(), array![[0.0, 0.0]]);
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

#[test]
fn a_saturated_wrong_output_still_learns() {
    let layer = Layer { w: array![[30.0_f32]], b: array![[0.0]], activation: Activation::Sigmoid };
    let parameters = Parameters::from_layers(vec![layer]).unwrap();
    let (al, caches) = l_model_forward(array![[1.0]], &parameters).unwrap();
    let gradients = l_model_backward(&al, &array![[0.0]], &caches).unwrap();
    assert_eq!((al[[0, 0]], gradients.layers()[0].dw[[0, 0]]), (1.0, 1.0));
}

/// After outputs other than a sigmoid: the blocks where AL lies in (0, 1), finite at 0 and 1.
#[test]
fn other_outputs_start_at_the_blocks_and_stay_finite_at_0_and_1() {
    let parameters = network(&[2, 1]).with_activations(Activation::Relu, Activation::Identity);
    let x = batch(2, 6);
    let (_, caches) = l_model_forward(&x, &parameters).unwrap();
    let y = array![[0.0, 1.0, 0.0, 1.0, 0.3, -0.8]];
    let al = array![[1e-300, 1e-300, 0.7, 0.7, 0.999, 0.4]];
    let dal = output_gradient(&al, &y).unwrap();
    let (dx, blocks) = linear_activation_backward(dal, &caches[0]).unwrap();
    let (composed, composed_dx) = l_model_backward_with_dx(&al, &y, &caches).unwrap();
    assert_eq!((&composed.layers()[0], composed_dx), (&blocks, dx));

    let at_the_ends = [(0.0, 0.0, 1.0), (1.0, 1.0, -1.0), (0.0, 1.0, -1e12), (1.0, 0.0, 1e12)];
    for (al, y, dz) in at_the_ends {
        let (_, caches) = l_model_forward(array![[1.0], [0.0]], &parameters).unwrap();
        let gradients = l_model_backward(&array![[al]], &array![[y]], &caches).unwrap();
        assert_eq!(gradients.layers()[0].db, array![[dz]], "{al} {y}");
    }
    let dal = output_gradient(&array![[0.0, 1.0, 0.0]], &array![[1.0, 0.0, 0.0]]).unwrap();
    assert_eq!(dal.slice(s![0, ..2]).to_vec(), [f64::NEG_INFINITY, f64::INFINITY]);
    assert!(dal[[0, 2]].is_nan(), "the course's formula as it stands");
}

#[test]
fn initializers_have_the_spread_of_their_papers() {
    let (n_prev, n) = (300, 200);
    let spread = |initializer| {
        let mut rng = SmallRng::seed_from_u64(1);
        let network =
            initialize_parameters_deep::<f64>(&[n_prev, n], initializer, &mut rng).unwrap();
        let layer = &network.layers()[0];
        assert!(layer.b.iter().all(|&b| b == 0.0));
        assert!(layer.w.mean().unwrap().abs() < 4.0 * layer.w.std(0.0) / 60_000.0_f64.sqrt());
        (layer.w.std(0.0), layer.w.iter().fold(0.0_f64, |top, w| top.max(w.abs())))
    };
    let (inputs, units) = (n_prev as f64, n as f64);
    for (initializer, expected) in [
        (Initializer::Scaled(0.01), 0.01),
        (Initializer::LeCun, 1.0 / inputs.sqrt()),
        (Initializer::He, (2.0 / inputs).sqrt()),
        (Initializer::Xavier, (2.0 / (inputs + units)).sqrt()),
    ] {
        let (found, _) = spread(initializer);
        assert!((found / expected - 1.0).abs() < 0.015, "{initializer:?}: {found} {expected}");
    }
    let (_, top) = spread(Initializer::Xavier);
    let bound = (6.0 / (inputs + units)).sqrt();
    assert!(top <= bound && top > 0.999 * bound, "uniform up to {bound}: {top}");
    assert_eq!(spread_of_zeros(), (0.0, NumpyRandom::seed(1).next_u32()));
}

/// Zeros are zeros, and leave the generator where it was.
fn spread_of_zeros() -> (f64, u32) {
    let mut rng = NumpyRandom::seed(1);
    let network = initialize_parameters_deep(&[3, 2], Initializer::Zeros, &mut rng).unwrap();
    (network.layers()[0].w.iter().map(|w: &f64| w.abs()).sum(), rng.next_u32())
}

#[test]
fn any_generator_draws_and_the_choice_of_float_does_not_change_the_stream() {
    fn draw<F: Float>(rng: &mut dyn RandomSource) -> Parameters<F> {
        initialize_parameters_deep(&[4, 3, 1], Initializer::He, rng).unwrap()
    }
    let boxed: &mut dyn Rng = &mut SmallRng::seed_from_u64(3);
    let of_dyn: Parameters<f64> =
        initialize_parameters_deep(&[4, 3, 1], Initializer::He, boxed).unwrap();
    let double = draw::<f64>(&mut SmallRng::seed_from_u64(3));
    let single = draw::<f32>(&mut SmallRng::seed_from_u64(3));
    assert_eq!(of_dyn, double);
    for (double, single) in double.layers().iter().zip(single.layers()) {
        assert_eq!(double.w.mapv(|w| w as f32), single.w);
    }
    assert_ne!(double, draw(&mut SmallRng::seed_from_u64(4)));
}

#[test]
fn hidden_layers_are_relu_and_the_last_sigmoid_unless_chosen() {
    let activations =
        |p: &Parameters<f64>| p.layers().iter().map(|l| l.activation).collect::<Vec<_>>();
    let parameters = network(&[2, 3, 3, 1]);
    let (relu, sigmoid, tanh) = (Activation::Relu, Activation::Sigmoid, Activation::Tanh);
    assert_eq!(activations(&parameters), [relu, relu, sigmoid]);
    let chosen = parameters.with_activations(tanh, Activation::Identity);
    assert_eq!(activations(&chosen), [tanh, tanh, Activation::Identity]);
    let single = network(&[2, 1]).with_activations(tanh, sigmoid);
    assert_eq!(activations(&single), [sigmoid]);
}

/// Why W must not be zero: all units of a layer stay equal, whatever the number of steps.
#[test]
fn zeros_never_break_the_symmetry_of_a_layer() {
    let mut parameters =
        initialize_parameters_deep(&[2, 3, 1], Initializer::Zeros, &mut NumpyRandom::seed(1))
            .unwrap()
            .with_activations(Activation::Tanh, Activation::Sigmoid);
    let (x, y) = (batch(2, 8), labels(8));
    for _ in 0..50 {
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        update_parameters(&mut parameters, &gradients, 1.0).unwrap();
    }
    let w = &parameters.layers()[0].w;
    assert!(w.rows().into_iter().all(|row| row == w.row(0)));
}

#[cfg(feature = "approx")]
#[test]
fn networks_and_gradients_compare_with_a_tolerance() {
    use approx::{AbsDiffEq, assert_abs_diff_eq, assert_relative_eq};
    let parameters = network(&[3, 2, 1]);
    let mut near = parameters.clone();
    near.layers_mut()[1].w[[0, 1]] *= 1.0 + 1e-12;
    assert_relative_eq!(near, parameters, max_relative = 1e-11);
    assert!(near.abs_diff_ne(&parameters, 1e-16) && near != parameters);
    let other = near.clone().with_activations(Activation::Tanh, Activation::Sigmoid);
    assert!(other.abs_diff_ne(&near, 1.0), "other activations");
    assert!(network(&[3, 2, 1, 1]).abs_diff_ne(&parameters, 1e9), "other depth");
    let gradients = Gradients::zeros_like(&parameters);
    let mut off = gradients.clone();
    assert_abs_diff_eq!(off, gradients);
    off.layers_mut()[0].db[[1, 0]] = 0.1;
    assert!(off.abs_diff_ne(&gradients, 0.09));
}
