//! The fast ways give what the blocks give, to the last bit.

use dnn_blocks::Error;
use dnn_blocks::ndarray::{Array2, ArrayView2, s};
use dnn_blocks::prelude::*;

const ACTIVATIONS: [Activation; 7] = [
    Activation::Relu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::LeakyRelu(0.01),
    Activation::LeakyRelu(0.0),
    Activation::LeakyRelu(-0.5),
    Activation::Identity,
];

fn network<F: Float>(dims: &[usize], hidden: Activation, output: Activation) -> Parameters<F> {
    let mut rng = NumpyRandom::seed(5);
    let parameters = initialize_parameters_deep(dims, Initializer::Xavier, &mut rng).unwrap();
    let mut parameters = parameters.with_activations(hidden, output);
    for layer in parameters.layers_mut() {
        layer.b.mapv_inplace(|_| F::of(rng.randn() * 0.1));
    }
    parameters
}

fn random<F: Float>(rows: usize, columns: usize, seed: u32) -> Array2<F> {
    let mut rng = NumpyRandom::seed(seed);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.randn()))
}

fn labels<F: Float>(units: usize, examples: usize) -> Array2<F> {
    Array2::from_shape_fn((units, examples), |(i, j)| F::of(f64::from(u8::from((i + j) % 3 == 0))))
}

/// Equal bits: unlike `==`, so are NaN and NaN.
fn same<F: Float>(a: ArrayView2<F>, b: ArrayView2<F>) -> bool {
    let bits = |a: &F| a.as_f64().to_bits();
    a.dim() == b.dim() && a.iter().map(bits).eq(b.iter().map(bits))
}

fn same_gradients<F: Float>(a: &Gradients<F>, b: &Gradients<F>) -> bool {
    a.layers()
        .iter()
        .zip(b.layers())
        .all(|(a, b)| same(a.dw.view(), b.dw.view()) && same(a.db.view(), b.db.view()))
}

fn same_parameters<F: Float>(a: &Parameters<F>, b: &Parameters<F>) -> bool {
    a.layers()
        .iter()
        .zip(b.layers())
        .all(|(a, b)| same(a.w.view(), b.w.view()) && same(a.b.view(), b.b.view()))
}

fn compare_workspace<F: Float>(dims: &[usize], hidden: Activation, output: Activation) {
    let parameters = network::<F>(dims, hidden, output);
    let (features, units) = (dims[0], dims[dims.len() - 1]);
    let mut workspace = Workspace::new(&parameters, 33);
    for (examples, seed) in [(33, 1), (7, 2), (1, 3), (33, 4)] {
        let x = random::<F>(features, examples, seed);
        let y = labels::<F>(units, examples);
        for x in [x.view(), x.t().as_standard_layout().t()] {
            let (al, caches) = l_model_forward(x, &parameters).unwrap();
            let (gradients, dx) = l_model_backward_with_dx(&al, &y, &caches).unwrap();
            let cost = compute_cost(&al, &y).unwrap();
            let pass = workspace.forward(x, &parameters).unwrap();
            assert!(same(pass.al(), al.view()));
            assert_eq!(pass.cost(&y).unwrap().as_f64().to_bits(), cost.as_f64().to_bits());
            assert!(same_gradients(pass.backward(&y).unwrap(), &gradients));
            let pass = workspace.forward(x, &parameters).unwrap();
            let (fast, fast_dx) = pass.backward_with_dx(&y).unwrap();
            assert!(same_gradients(fast, &gradients) && same(fast_dx, dx.view()));
        }
    }
}

#[test]
fn a_workspace_gives_the_bits_of_the_blocks() {
    for hidden in ACTIVATIONS {
        for output in ACTIVATIONS {
            compare_workspace::<f64>(&[3, 5, 4, 2], hidden, output);
            compare_workspace::<f32>(&[3, 5, 4, 2], hidden, output);
        }
        compare_workspace::<f64>(&[40, 70, 30, 1], hidden, Activation::Sigmoid);
        compare_workspace::<f32>(&[300, 30, 1], hidden, Activation::Sigmoid);
        compare_workspace::<f32>(&[9, 1], hidden, Activation::Sigmoid);
    }
}

fn compare_full_batch<F: Float>(dims: &[usize], m: usize, hidden: Activation, output: Activation) {
    let x = random::<F>(dims[0], m, 8);
    let y = labels::<F>(dims[dims.len() - 1], m);
    let mut expected = network::<F>(dims, hidden, output);
    let mut descent = FullBatch::new(&x, &y, expected.clone()).unwrap();
    for step in 0..6 {
        let (al, caches) = l_model_forward(&x, &expected).unwrap();
        let cost = compute_cost(&al, &y).unwrap();
        let gradients = l_model_backward(&al, &y, &caches).unwrap();
        update_parameters(&mut expected, &gradients, F::of(0.05)).unwrap();
        let found = descent.step(F::of(0.05)).unwrap();
        assert_eq!(found.as_f64().to_bits(), cost.as_f64().to_bits(), "{dims:?} step {step}");
        assert!(same_parameters(descent.parameters(), &expected), "{dims:?} step {step}");
        if step == 3 {
            expected.layers_mut()[0].w[[0, 0]] = F::of(0.125);
            descent.parameters_mut().layers_mut()[0].w[[0, 0]] = F::of(0.125);
        }
    }
    assert!(same_parameters(&descent.into_parameters(), &expected));
}

#[test]
fn a_full_batch_step_gives_the_bits_of_the_blocks() {
    for hidden in ACTIVATIONS {
        compare_full_batch::<f64>(&[2, 4, 1], 40, hidden, Activation::Sigmoid);
        compare_full_batch::<f64>(&[300, 7, 3], 21, hidden, Activation::Tanh);
        compare_full_batch::<f32>(&[130, 20, 1], 17, hidden, Activation::Sigmoid);
        compare_full_batch::<f64>(&[30, 1], 21, Activation::Sigmoid, hidden);
    }
    // More than a chapter of X, exactly two, and a first layer too wide for one pass.
    for features in [2047, 2048, 2049, 4096, 5000] {
        compare_full_batch::<f64>(&[features, 7, 1], 19, Activation::Relu, Activation::Sigmoid);
        compare_full_batch::<f32>(&[features, 20, 1], 65, Activation::Relu, Activation::Sigmoid);
    }
    compare_full_batch::<f64>(&[200, 60, 1], 30, Activation::Relu, Activation::Sigmoid);
}

#[test]
fn a_full_batch_takes_any_strides() {
    let (big, y) = (random::<f64>(60, 90, 8), labels::<f64>(1, 20));
    let mut weights = network::<f64>(&[25, 6, 1], Activation::Tanh, Activation::Sigmoid);
    let turned = weights.layers()[0].w.t().as_standard_layout().into_owned();
    weights.layers_mut()[0].w = turned.reversed_axes();
    for x in [
        big.slice(s![..25, ..20]),
        big.slice(s![10..60;2, 5..85;4]),
        big.slice(s![..25;-1, ..20;-1]),
        big.t().slice_move(s![..25, ..20]),
    ] {
        let mut expected = weights.clone();
        let mut descent = FullBatch::new(x, &y, weights.clone()).unwrap();
        for _ in 0..4 {
            let (al, caches) = l_model_forward(x, &expected).unwrap();
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            update_parameters(&mut expected, &gradients, 0.1).unwrap();
            descent.step(0.1).unwrap();
        }
        assert!(same_parameters(descent.parameters(), &expected));
    }
}

#[test]
fn nan_stays_nan_in_the_fast_ways() {
    let mut x = random::<f64>(6, 9, 1);
    x[[2, 3]] = f64::NAN;
    let (y, parameters) =
        (labels(1, 9), network(&[6, 4, 1], Activation::Relu, Activation::Sigmoid));
    let mut workspace = Workspace::new(&parameters, 9);
    let pass = workspace.forward(&x, &parameters).unwrap();
    assert!(pass.cost(&y).unwrap().is_nan());
    let mut descent = FullBatch::new(&x, &y, parameters).unwrap();
    assert!(descent.step(0.1).unwrap().is_nan());
    assert!(descent.parameters().layers()[0].w.iter().any(|w| w.is_nan()));
}

#[test]
fn what_does_not_fit_a_workspace_is_named() {
    let parameters = network::<f64>(&[3, 5, 1], Activation::Relu, Activation::Sigmoid);
    let other = network::<f64>(&[3, 4, 1], Activation::Relu, Activation::Sigmoid);
    let deeper = network::<f64>(&[3, 5, 2, 1], Activation::Relu, Activation::Sigmoid);
    let mut workspace = Workspace::new(&parameters, 10);
    let mut message = |x: Array2<f64>, parameters: &Parameters<f64>| {
        workspace.forward(&x, parameters).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        message(Array2::zeros((4, 7)), &parameters),
        "layer 1: W (5, 3) and A_prev (4, 7) do not fit: columns of W = rows of A_prev"
    );
    assert_eq!(
        message(Array2::zeros((3, 11)), &parameters),
        "layer 1: X (3, 11) and workspace (3, 10) do not fit: at most the columns it was made for"
    );
    assert_eq!(
        message(Array2::zeros((3, 7)), &other),
        "layer 1: W (4, 3) and W of the workspace (5, 3) do not fit: same shape"
    );
    assert_eq!(
        workspace.forward(&Array2::zeros((3, 7)), &deeper).map(|_| ()),
        Err(Error::LayerCount { expected: 3, found: 2 })
    );
    assert!(matches!(
        workspace.forward(&Array2::zeros((3, 0)), &parameters).map(|_| ()),
        Err(Error::EmptyBatch { layer: Some(1), .. })
    ));
    let pass = workspace.forward(&Array2::zeros((3, 7)), &parameters).map(|pass| {
        (
            pass.cost(&Array2::zeros((1, 8))).map(|_| ()),
            pass.backward(&Array2::zeros((2, 7))).map(|_| ()),
        )
    });
    let (cost, gradients) = pass.unwrap();
    assert!(matches!(cost, Err(Error::ShapeMismatch { .. })));
    assert!(matches!(gradients, Err(Error::ShapeMismatch { layer: Some(2), .. })));
}

#[test]
fn a_workspace_too_large_for_memory_is_an_error() {
    let parameters = network::<f64>(&[3, 5, 1], Activation::Relu, Activation::Sigmoid);
    let mut workspace = Workspace::new(&parameters, usize::MAX / 4);
    assert!(matches!(
        workspace.forward(&Array2::zeros((3, 7)), &parameters).map(|_| ()),
        Err(Error::TooLarge { layer: Some(1), .. })
    ));
    let mut empty = Workspace::new(&parameters, 0);
    assert!(empty.forward(&Array2::zeros((3, 1)), &parameters).is_err());
}

#[test]
fn what_does_not_fit_a_full_batch_is_named() {
    let parameters = || network::<f64>(&[3, 5, 1], Activation::Relu, Activation::Sigmoid);
    let make = |x: (usize, usize), y: (usize, usize)| {
        let (x, y) = (Array2::zeros(x), Array2::zeros(y));
        FullBatch::new(&x, &y, parameters()).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(make((3, 7), (1, 7)), Ok(()));
    assert!(make((4, 7), (1, 7)).unwrap_err().starts_with("layer 1: W (5, 3) and A_prev (4, 7)"));
    assert!(make((3, 7), (1, 6)).unwrap_err().starts_with("layer 2: AL (1, 7) and Y (1, 6)"));
    assert!(make((3, 0), (1, 0)).unwrap_err().contains("holds no example"));
    let (x, y) = (Array2::zeros((3, 7)), Array2::zeros((1, 7)));
    let mut descent = FullBatch::new(&x, &y, parameters()).unwrap();
    descent.step(0.1).unwrap();
    descent.parameters_mut().layers_mut()[0].w = Array2::zeros((6, 3));
    assert!(matches!(descent.step(0.1), Err(Error::ShapeMismatch { layer: Some(1), .. })));
}

/// A caller's pool of any size gives the bits of one thread.
#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_changes_no_bit() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut results = Vec::new();
            for (dims, m) in
                [(&[6000, 20, 7, 1][..], 209), (&[300, 400, 200, 1], 150), (&[2, 4, 1], 400)]
            {
                let (x, y) = (random::<f32>(dims[0], m, 8), labels::<f32>(1, m));
                let start = network::<f32>(dims, Activation::Relu, Activation::Sigmoid);
                let mut blocks = start.clone();
                let (al, caches) = l_model_forward(&x, &blocks).unwrap();
                let gradients = l_model_backward(&al, &y, &caches).unwrap();
                update_parameters(&mut blocks, &gradients, 0.1).unwrap();
                let mut descent = FullBatch::new(&x, &y, start).unwrap();
                for _ in 0..3 {
                    descent.step(0.1).unwrap();
                }
                let one = predict_proba(x.slice(s![.., ..1]), &blocks).unwrap();
                results.push((al, blocks, descent.into_parameters(), one));
            }
            results
        })
    };
    let alone = run(1);
    for threads in [2, 3, 4, 7] {
        for (shared, alone) in run(threads).iter().zip(&alone) {
            assert!(same(shared.0.view(), alone.0.view()) && same(shared.3.view(), alone.3.view()));
            assert!(same_parameters(&shared.1, &alone.1));
            assert!(same_parameters(&shared.2, &alone.2));
        }
    }
}

/// Runs `f` on a thread with a small stack.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 10).spawn(f).unwrap().join().unwrap();
}

#[test]
fn the_depth_of_a_network_takes_no_stack() {
    on_a_small_stack(|| {
        let parameters = network::<f64>(&[1; 10_001], Activation::Tanh, Activation::Sigmoid);
        let (x, y) = (random::<f64>(1, 2, 1), labels::<f64>(1, 2));
        let (al, caches) = l_model_forward(&x, &parameters).unwrap();
        let expected = l_model_backward(&al, &y, &caches).unwrap();
        let mut workspace = Workspace::new(&parameters, 2);
        let found = workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
        assert!(same_gradients(found, &expected));
        FullBatch::new(&x, &y, parameters).unwrap().step(0.1).unwrap();

        let how = Hyperparameters::default().hidden(&[1; 10_000]).epochs(1).batch_size(2);
        let mut model = Classifier::<f32, i32>::new(how);
        model.fit(Examples::rows(&Array2::eye(2)), &[0, 1]).unwrap();
    });
}
