//! A step allocates nothing after the first one: counted by the allocator itself, so in a
//! program of its own, and on one thread: handing work to another one may allocate in `rayon`.

use dnn_blocks::ndarray::{Array2, s};
use dnn_blocks::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });
thread_local!(static BYTES: Cell<usize> = const { Cell::new(0) });

fn count(bytes: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    BYTES.set(BYTES.get().saturating_add(bytes));
}

// SAFETY: every call is passed on to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        unsafe { System.realloc(memory, layout, size) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `f` allocates on this thread.
fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

/// Runs `f` where all the work is done by the thread that asks for it.
fn alone(f: impl FnOnce() + Send) {
    #[cfg(feature = "rayon")]
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(f);
    #[cfg(not(feature = "rayon"))]
    f();
}

type Network<F> = (Parameters<F>, Array2<F>, Array2<F>);

fn network<F: Float>(dims: &[usize], m: usize, hidden: Activation) -> Network<F> {
    let mut rng = NumpyRandom::seed(1);
    let parameters = initialize_parameters_deep(dims, Initializer::He, &mut rng).unwrap();
    let x = Array2::from_shape_simple_fn((dims[0], m), || F::of(rng.randn()));
    let y = Array2::from_shape_fn((1, m), |(_, i)| F::of((i % 2) as f64));
    (parameters.with_activations(hidden, Activation::Sigmoid), x, y)
}

fn steps<F: Float>(dims: &[usize], m: usize, hidden: Activation) {
    let (mut parameters, x, y) = network::<F>(dims, m, hidden);
    let mut workspace = Workspace::new(&parameters, m);
    let mut step = |examples: usize| {
        let (x, y) = (x.slice(s![.., ..examples]), y.slice(s![.., ..examples]));
        let pass = workspace.forward(x, &parameters).unwrap();
        pass.cost(&y).unwrap();
        let gradients = pass.backward(&y).unwrap();
        update_parameters(&mut parameters, gradients, F::of(0.01)).unwrap();
    };
    assert!(allocations(|| step(m)) > 0, "the count is at work");
    for examples in [m, m / 2, 1, m] {
        step(examples); // another size may be done another way, which has its own scratch
        assert_eq!(allocations(|| step(examples)), 0, "{dims:?} {examples} of {m}");
    }

    let mut descent = FullBatch::new(&x, &y, parameters).unwrap();
    descent.step(F::of(0.01)).unwrap();
    let again = allocations(|| {
        for _ in 0..3 {
            descent.step(F::of(0.01)).unwrap();
        }
    });
    assert_eq!(again, 0, "{dims:?} {m}, full batch");
}

#[test]
fn a_step_allocates_nothing_after_the_first() {
    alone(|| {
        for hidden in [Activation::Relu, Activation::Tanh, Activation::LeakyRelu(-0.1)] {
            steps::<f64>(&[2, 4, 1], 400, hidden);
            steps::<f32>(&[3000, 20, 7, 5, 1], 50, hidden);
            steps::<f64>(&[200, 150, 100, 1], 64, hidden);
        }
    });
}

/// A batch, its gradients through dropout with L2, clipping, and each rule's update.
#[test]
fn a_step_of_training_allocates_nothing_after_the_first_epoch() {
    alone(|| {
        let (mut parameters, x, y) = network::<f32>(&[100, 60, 50, 1], 150, Activation::Relu);
        let mut batches = Batches::new(&x, &y, 64).unwrap();
        let mut workspace = Workspace::new(&parameters, 64);
        let objective = Objective { cost: Cost::BinaryCrossEntropy, l2: 0.1 };
        let mut rng = NumpyRandom::seed(1);
        for rule in [Algorithm::GradientDescent, Algorithm::RMS_PROP, Algorithm::ADAM_W] {
            let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
            let mut epoch = || {
                batches.shuffle(&mut rng);
                while let Some((x, y)) = batches.next() {
                    let (_, gradients) = workspace
                        .cost_and_gradients_with_dropout(
                            x,
                            y,
                            &parameters,
                            objective,
                            0.8,
                            &mut rng,
                        )
                        .unwrap();
                    clip_by_norm(gradients, 1.0).unwrap();
                    optimizer.step(&mut parameters, gradients, 0.01).unwrap();
                }
            };
            epoch();
            assert_eq!(allocations(epoch), 0, "{rule}");
        }
    });
}

/// What the first step takes is taken at once: a batch of the size that the workspace was made
/// for needs no second one.
#[test]
fn the_second_step_allocates_nothing() {
    alone(|| {
        let (parameters, x, y) = network::<f32>(&[100, 60, 50, 1], 64, Activation::Relu);
        let mut workspace = Workspace::new(&parameters, 64);
        workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
        let second = allocations(|| {
            workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
        });
        assert_eq!(second, 0);
    });
}

/// Many threads on one network, with a predictor each: the numbers are those of `predict_proba`, and
/// no call allocates, whatever its number of examples.
#[test]
fn predictions_allocate_nothing_on_any_thread() {
    let (parameters, x, _) = network::<f32>(&[60, 50, 70, 3], 40, Activation::Tanh);
    let parameters = parameters.with_activations(Activation::Tanh, Activation::Softmax);
    let scaler = Standardizer::fit(&x).unwrap();
    let al = predict_proba(scaler.transform(&x).unwrap(), &parameters).unwrap();
    let values = Standardizer::fit(&al).unwrap();
    let expected = values.inverse_transform(&al).unwrap();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                alone(|| {
                    let predictor = Predictor::new(&parameters, 40).unwrap();
                    let mut predictor = predictor.scaled(&scaler).unwrap().target_scaled(&values);
                    let examples = [40, 1, 7, 39];
                    for m in examples {
                        predictor.predict_proba(x.slice(s![.., ..m])).unwrap(); // packs its scratch
                    }
                    let again = allocations(|| {
                        for m in examples.into_iter().cycle().take(20) {
                            predictor.predict_proba(x.slice(s![.., ..m])).unwrap();
                        }
                    });
                    assert_eq!(again, 0);
                    let al = predictor.predict_proba(&x).unwrap();
                    assert_eq!(al, expected);
                });
            });
        }
    });
}

/// Whatever a file says of itself, reading it asks for memory in proportion to what it is.
#[cfg(feature = "safetensors")]
#[test]
fn a_hostile_file_gets_no_more_memory_than_its_size_is_worth() {
    use dnn_blocks::files::{Limits, Tensors};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.safetensors");
    let file = |header: String, data: &[u8]| {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    };
    let entry = |shape: &str, end: &str| {
        format!("{{\"W1\":{{\"dtype\":\"F64\",\"shape\":[{shape}],\"data_offsets\":[0,{end}]}}}}")
    };
    let huge = file(entry("1073741824,1024", "8796093022208"), &[0; 100]);
    let wraps = file(entry("4294967296,4294967296,2", "0"), &[]);
    let mut length = file("{}".into(), &[0; 100]);
    length[..8].copy_from_slice(&(1_u64 << 63).to_le_bytes());
    let lists = file(format!("{{\"W1\":[{}0]}}", "0,".repeat(100_000)), &[]);
    let deep = file(format!("{{\"W1\":{}", "[".repeat(200_000)), &[]);
    for file in [huge, wraps, length, lists, deep] {
        let before = BYTES.get();
        assert!(Tensors::<f64>::from_safetensors(&file, &Limits::default()).is_err());
        let asked = BYTES.get() - before;
        assert!(asked < 64 * file.len() + 100_000, "{asked} bytes for a file of {}", file.len());
        std::fs::write(&path, &file).unwrap();
        let before = BYTES.get();
        assert!(Tensors::<f64>::load_safetensors(&path, &Limits::default()).is_err());
        let asked = BYTES.get() - before;
        assert!(asked < 64 * file.len() + 100_000, "{asked} bytes for a file of {}", file.len());
    }
}

/// Nothing but the matrices and a small buffer, whether a file is read or written.
#[cfg(feature = "safetensors")]
#[test]
fn a_network_is_loaded_and_saved_in_little_more_than_its_own_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let (parameters, ..) = network::<f32>(&[1500, 1000, 1], 1, Activation::Relu);
    let asked = |f: &dyn Fn()| {
        let before = BYTES.get();
        f();
        BYTES.get() - before
    };
    let bytes = 4 * 1000 * 1502;
    let saved = asked(&|| parameters.save(&path).unwrap());
    assert!(saved < 700_000, "{saved} bytes to save {bytes}");
    let same = || assert_eq!(Parameters::<f32>::load(&path).unwrap(), parameters);
    let loaded = asked(&same);
    assert!((bytes..bytes + 350_000).contains(&loaded), "{loaded} bytes to load {bytes}");
    let wide = asked(&|| drop(Parameters::<f64>::load(&path).unwrap()));
    assert!(
        (2 * bytes..2 * bytes + 350_000).contains(&wide),
        "{wide} bytes to load {bytes} as f64"
    );
}

/// The partial sums of a sum longer than 2048 products are those of one block of the result.
#[test]
fn a_long_sum_takes_little_more_memory_than_its_result() {
    alone(|| {
        let (w, b) = (Array2::<f32>::ones((60, 2100)), Array2::zeros((60, 1)));
        let x = Array2::ones((2100, 4000));
        let before = BYTES.get();
        let (z, _) = linear_forward(&x, &w, &b).unwrap();
        let asked = BYTES.get() - before;
        assert!(z.iter().all(|z| *z == 2100.0));
        assert!(asked < size_of_val(z.as_slice().unwrap()) + 200_000, "{asked} bytes");
    });
}
