//! Steps and predictions allocate nothing after the first one, and readers of files allocate in
//! proportion to the file.
//!
//! A counting allocator needs a program of its own. It counts one thread, because `rayon` may
//! allocate when it hands work to another one.

use dnn_blocks::cost::{Loss, MeanLoss};
use dnn_blocks::gradients::clip_by_norm;
use dnn_blocks::model::{PackedWeights, Predictor, Weights};
use dnn_blocks::ndarray::{Array2, ArrayRef1, Zip, s};
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;
use dnn_blocks::train::lbfgs::{Lbfgs, LbfgsOptions, Progress};
use dnn_blocks::train::workspace::Dropout;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });
thread_local!(static BYTES: Cell<usize> = const { Cell::new(0) });
// A signed number: this thread may free memory that another one allocated.
thread_local!(static LIVE: Cell<isize> = const { Cell::new(0) });
thread_local!(static PEAK: Cell<isize> = const { Cell::new(0) });

fn count(bytes: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    BYTES.set(BYTES.get().saturating_add(bytes));
    LIVE.set(LIVE.get() + bytes as isize);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

fn forget(bytes: usize) {
    LIVE.set(LIVE.get() - bytes as isize);
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
        forget(layout.size());
        count(size);
        unsafe { System.realloc(memory, layout, size) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        forget(layout.size());
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Counts the allocations of `f` on this thread.
fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

/// Returns the peak of the memory in use while `f` runs, beyond the memory in use before.
#[cfg(any(feature = "npz", feature = "safetensors"))]
fn peak<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = f();
    (result, (PEAK.get() - before) as usize)
}

/// Runs `f` with a pool of one thread, which does all the work.
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
    let mut created = None;
    let created_by = allocations(|| created = Some(Workspace::new(&parameters, m).unwrap()));
    assert!(created_by > 0, "the count is at work");
    let mut workspace = created.unwrap();
    let mut step = |examples: usize| {
        let (x, y) = (x.slice(s![.., ..examples]), y.slice(s![.., ..examples]));
        let pass = workspace.forward(&x, &parameters).unwrap();
        pass.cost(&y).unwrap();
        let gradients = pass.backward(&y).unwrap();
        update_parameters(&mut parameters, gradients, 0.01).unwrap();
    };
    for examples in [m, m / 2, 1, m] {
        step(examples); // another size may take another strategy, with its own scratch
        assert_eq!(allocations(|| step(examples)), 0, "{dims:?} {examples} of {m}");
    }
    // The thread has its scratch now: even the first step of a workspace allocates none.
    let mut workspace = Workspace::new(&parameters, m).unwrap();
    let first = allocations(|| {
        workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
    });
    assert_eq!(first, 0, "{dims:?} {m}, first step");

    let mut descent = FullBatch::new(&x, &y, parameters).unwrap();
    descent.step(0.01).unwrap();
    let again = allocations(|| {
        for _ in 0..3 {
            descent.step(0.01).unwrap();
        }
    });
    assert_eq!(again, 0, "{dims:?} {m}, full batch");
}

/// Its memory is allocated when it is created.
#[test]
fn a_search_by_lbfgs_allocates_nothing() {
    alone(|| {
        let (mut parameters, x, y) = network::<f64>(&[6, 20, 1], 40, Activation::Tanh);
        let cost = Cost::BinaryCrossEntropy;
        let mut workspace = Workspace::new(&parameters, 40).unwrap();
        workspace.cost_and_gradients(&x, &y, &parameters, &cost).unwrap();
        let mut search = Lbfgs::new(&parameters, LbfgsOptions::default().history(5)).unwrap();
        let mut iterations = 0;
        let count = allocations(|| {
            while iterations < 20 {
                let (cost, gradients) =
                    workspace.cost_and_gradients(&x, &y, &parameters, &cost).unwrap();
                match search.step(&mut parameters, cost, gradients).unwrap() {
                    Progress::Iteration => iterations += 1,
                    Progress::Trial => {}
                    Progress::Stopped(stop) => panic!("{stop}"),
                }
            }
        });
        assert_eq!(count, 0);
    });
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

/// One mini-batch: gradients with dropout and L2, clipping, and the update of each optimizer.
#[test]
fn a_step_of_training_allocates_nothing_after_the_first_epoch() {
    alone(|| {
        let (mut parameters, x, y) = network::<f32>(&[100, 60, 50, 1], 150, Activation::Relu);
        let mut batches = Batches::new(&x, &y, 64).unwrap();
        let mut workspace = Workspace::new(&parameters, 64).unwrap();
        let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.1);
        let mut rng = NumpyRandom::seed(1);
        for rule in [Algorithm::GradientDescent, Algorithm::RMS_PROP, Algorithm::ADAM_W] {
            let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
            let mut epoch = || {
                batches.shuffle(&mut rng);
                while let Some((x, y)) = batches.next() {
                    let dropout = Dropout::new(0.8, &mut rng);
                    let (_, gradients) = workspace
                        .cost_and_gradients_with_dropout(&x, y, &parameters, &objective, dropout)
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

/// `Σ (a - y)²`
#[derive(Debug)]
struct Squared;

impl Loss<f32> for Squared {
    fn loss(&self, a: &ArrayRef1<f32>, y: &ArrayRef1<f32>) -> f32 {
        a.iter().zip(y).map(|(a, y)| (a - y) * (a - y)).sum()
    }

    fn derivative(&self, a: &ArrayRef1<f32>, y: &ArrayRef1<f32>, da: &mut ArrayRef1<f32>) {
        Zip::from(da).and(a).and(y).for_each(|da, a, y| *da = 2.0 * (a - y));
    }
}

#[test]
fn a_step_with_a_loss_of_ones_own_allocates_nothing_after_the_first() {
    alone(|| {
        let (parameters, x, y) = network::<f32>(&[10, 6, 1], 30, Activation::Relu);
        let mut workspace = Workspace::new(&parameters, 30).unwrap();
        let mut step = || {
            let cost = MeanLoss(&Squared);
            workspace.cost_and_gradients(&x, &y, &parameters, cost).unwrap();
        };
        step();
        assert_eq!(allocations(step), 0);
    });
}

/// The same with frozen layers, from the first step on, also if the caller changes gradients.
#[test]
fn a_step_with_frozen_layers_allocates_nothing() {
    alone(|| {
        let (mut parameters, x, y) = network::<f32>(&[100, 60, 50, 1], 64, Activation::Relu);
        let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.1);
        let mut workspace = Workspace::new(&parameters, 64).unwrap();
        workspace.forward(&x, &parameters).unwrap().backward_with_dx(&y).unwrap();
        let mut optimizer = Optimizer::new(Algorithm::ADAM_W, &parameters).unwrap();
        for frozen in [&[1][..], &[2], &[1, 2]] {
            workspace.freeze(frozen).unwrap();
            optimizer.freeze(frozen).unwrap();
            let count = allocations(|| {
                for _ in 0..3 {
                    let step = workspace.cost_and_gradients(&x, &y, &parameters, &objective);
                    let (_, gradients) = step.unwrap();
                    clip_by_norm(gradients, 1e-3).unwrap();
                    gradients.layers_mut()[0].dw.fill(1.0);
                    optimizer.step(&mut parameters, gradients, 0.01).unwrap();
                    workspace.forward(&x, &parameters).unwrap().backward_with_dx(&y).unwrap();
                }
            });
            assert_eq!(count, 0, "{frozen:?}");
        }
    });
}

/// A workspace has all buffers after the first step with a batch of the size it was made for.
#[test]
fn the_second_step_allocates_nothing() {
    alone(|| {
        let (parameters, x, y) = network::<f32>(&[100, 60, 50, 1], 64, Activation::Relu);
        let mut workspace = Workspace::new(&parameters, 64).unwrap();
        workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
        let second = allocations(|| {
            workspace.forward(&x, &parameters).unwrap().backward(&y).unwrap();
        });
        assert_eq!(second, 0);
    });
}

/// Many threads predict with one network, each with its own predictor: the outputs equal
/// `predict_proba`, and no call allocates for any number of examples.
#[test]
fn predictions_allocate_nothing_on_any_thread() {
    let (parameters, x, _) = network::<f32>(&[60, 50, 70, 3], 40, Activation::Tanh);
    let parameters = parameters.with_activations(Activation::Tanh, Activation::Softmax);
    let scaler = Standardizer::fit(&x).unwrap();
    let al = predict_proba(scaler.transform(&x).unwrap(), &parameters).unwrap();
    let values = Standardizer::fit(&al).unwrap();
    let expected = values.inverse_transform(&al).unwrap();
    let packed = PackedWeights::new(&parameters).unwrap();
    let rounded = PackedWeights::bf16(&parameters).unwrap();
    let weights = [Weights::Parameters(&parameters), (&packed).into(), (&rounded).into()];
    std::thread::scope(|threads| {
        for (i, weights) in weights.into_iter().cycle().take(6).enumerate() {
            let (x, scaler, values, expected) = (&x, &scaler, &values, &expected);
            threads.spawn(move || {
                alone(|| {
                    let predictor = Predictor::new(weights, 40).unwrap();
                    let mut predictor = predictor.scaled(scaler).unwrap().target_scaled(values);
                    let examples = [40, 1, 7, 39];
                    for m in examples {
                        predictor.outputs(x.slice(s![.., ..m])).unwrap(); // packs its scratch
                    }
                    let again = allocations(|| {
                        for m in examples.into_iter().cycle().take(20) {
                            predictor.outputs(x.slice(s![.., ..m])).unwrap();
                        }
                    });
                    assert_eq!(again, 0);
                    let al = predictor.outputs(x).unwrap();
                    assert!(i % 3 > 0 || al == expected);
                    assert!((&al - expected).iter().all(|difference| difference.abs() < 0.05));
                });
            });
        }
    });
}

/// Numbers of examples, ordered so that the buffers shrink and grow.
const EXAMPLES: [usize; 5] = [40, 1, 7, 39, 40];

/// Counts the allocations of `predict` for each number of examples. A first call on `first`
/// allocates the scratch of the products; the counted calls are on `second`, which has not
/// predicted yet.
fn allocations_after_creation<P>(first: P, second: P, mut predict: impl FnMut(&mut P, usize)) {
    let (mut first, mut second) = (first, second);
    EXAMPLES.into_iter().for_each(|m| predict(&mut first, m));
    let count = allocations(|| EXAMPLES.into_iter().for_each(|m| predict(&mut second, m)));
    assert_eq!(count, 0);
}

/// The first prediction allocates nothing either.
#[test]
fn predictors_of_models_allocate_nothing_after_their_creation() {
    alone(|| {
        let (_, x, _) = network::<f32>(&[60, 1], 40, Activation::Relu);
        for standardize in [true, false] {
            let hyperparameters = Hyperparameters::plain()
                .hidden(&[50, 70])
                .batch_size(16)
                .epochs(2)
                .standardize(standardize);
            for names in [&["no", "yes"][..], &["no", "perhaps", "yes"]] {
                let labels: Vec<_> = (0..40).map(|i| names[i % names.len()].to_string()).collect();
                let mut model = Classifier::<f32, String>::new(hyperparameters.clone());
                let features: Vec<_> = (0..60).map(|i| format!("feature {i}")).collect();
                model.fit(Examples::columns(&x).feature_names(&features), &labels).unwrap();
                let predictor = || model.predictor(40).unwrap();
                allocations_after_creation(predictor(), predictor(), |predictor, m| {
                    let examples = x.slice(s![.., ..m]);
                    assert_eq!(predictor.predict(examples).unwrap().len(), m);
                    let probabilities = predictor.predict_proba(examples).unwrap();
                    assert_eq!(probabilities.dim(), (names.len(), m));
                    let logarithms = predictor.predict_log_proba(examples).unwrap();
                    assert_eq!(logarithms.dim(), (names.len(), m));
                    assert_eq!(predictor.predict(x.column(m - 1)).unwrap().len(), 1);
                    let named = Examples::columns(examples).feature_names(&features);
                    assert_eq!(predictor.predict(named).unwrap().len(), m);
                });
                let mut predictor = predictor();
                let expected = model.predict(Examples::columns(&x)).unwrap();
                assert!(predictor.predict(&x).unwrap().iter().copied().eq(&expected));
                let expected = model.predict_proba(Examples::columns(&x)).unwrap();
                assert_eq!(predictor.predict_proba(&x).unwrap(), expected);
                let expected = model.predict_log_proba(Examples::columns(&x)).unwrap();
                assert_eq!(predictor.predict_log_proba(&x).unwrap(), expected);
                let packed = PackedWeights::new(model.parameters().unwrap()).unwrap();
                let predictor = || model.predictor(40).unwrap().with_weights(&packed).unwrap();
                allocations_after_creation(predictor(), predictor(), |predictor, m| {
                    predictor.predict_log_proba(x.slice(s![.., ..m])).unwrap();
                });
            }
            let y = x.slice(s![..3, ..]).mapv(|x| if x > 0.0 { 1.0 } else { 0.0 });
            let labels = LabelSets::table(Examples::columns(&y), &["a", "b", "c"]);
            let mut model = MultiLabelClassifier::<f32, &str>::new(hyperparameters.clone());
            model.fit(Examples::columns(&x), labels).unwrap();
            let predictor = || model.predictor(40).unwrap();
            allocations_after_creation(predictor(), predictor(), |predictor, m| {
                let examples = x.slice(s![.., ..m]);
                assert_eq!(predictor.predict(examples).unwrap().len(), m);
                assert_eq!(predictor.predict_table(examples).unwrap().dim(), (3, m));
                assert_eq!(predictor.predict_proba(examples).unwrap().dim(), (3, m));
                assert_eq!(predictor.predict(x.column(m - 1)).unwrap().len(), 1);
            });
            let targets = x.slice(s![..2, ..]);
            let mut model = Regressor::<f32>::new(hyperparameters);
            model.fit(Examples::columns(&x), Examples::columns(targets)).unwrap();
            let predictor = || model.predictor(40).unwrap();
            allocations_after_creation(predictor(), predictor(), |predictor, m| {
                let examples = x.slice(s![.., ..m]);
                assert_eq!(predictor.predict(examples).unwrap().dim(), (2, m));
                assert_eq!(predictor.predict(x.column(m - 1)).unwrap().dim(), (2, 1));
            });
            let expected = model.predict(Examples::columns(&x)).unwrap();
            assert_eq!(predictor().predict(&x).unwrap(), expected);
        }
    });
}

/// Reading and writing a file allocates the matrices and a small buffer only.
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

/// A sum of more than 2048 products keeps the partial sums of one block of the result.
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

/// Reads a file, possibly a malicious one, from memory and from disk. The peak is at most twice the
/// larger of the file and its arrays, plus 16 MiB.
#[cfg(any(feature = "npz", feature = "safetensors"))]
mod reading {
    use super::peak;
    #[cfg(feature = "safetensors")]
    use dnn_blocks::files::Checkpoint;
    use dnn_blocks::files::{FileError, Limits, Tensors};
    use dnn_blocks::prelude::*;
    use std::path::Path;

    /// A reader, its name, and the bytes of the arrays that it read.
    type Reader<'a> = &'a dyn Fn(&[u8], &Path, &Limits) -> Vec<Result<usize, FileError>>;

    /// Whether one of the readers accepted it.
    #[track_caller]
    fn bounded(what: &str, file: &[u8], limits: &Limits, read: Reader<'_>) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, file).unwrap();
        let begun = std::time::Instant::now();
        let (results, most) = peak(|| read(file, &path, limits));
        let seconds = begun.elapsed().as_secs_f64();
        let arrays = results.iter().flatten().max().copied().unwrap_or(0);
        let allowed = 2 * arrays.max(file.len()) + (16 << 20);
        let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
        let (size, used) = (mib(file.len()), mib(most));
        println!("{what}: {used:.1} MiB for a file of {size:.1} MiB in {seconds:.2} s");
        assert!(most <= allowed, "{what}: {used:.1} MiB for a file of {size:.1} MiB");
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert!(error.to_string().len() <= 1024, "{what}: {error}");
            assert!(format!("{error:?}").len() <= 1024, "{what}: {error}");
        }
        results.iter().any(Result::is_ok)
    }

    fn bytes_of<F>(tensors: &Tensors<F>) -> usize
    where
        F: Float,
    {
        tensors.iter().map(|(_, array)| array.len() * size_of::<F>()).sum()
    }

    /// The largest size that the limits of a checkpoint allow.
    #[cfg(feature = "safetensors")]
    fn large_header() -> Limits {
        Limits::default().header(1 << 26)
    }

    /// All readers of models.
    #[cfg(feature = "safetensors")]
    fn models(file: &[u8], path: &Path, limits: &Limits) -> Vec<Result<usize, FileError>> {
        let parameters = |p: Parameters<f64>| {
            p.layers().iter().map(|layer| 8 * (layer.w.len() + layer.b.len())).sum()
        };
        vec![
            Parameters::load_with(path, limits).map(parameters),
            Classifier::<f64, String>::load_with(path, limits).map(|_| 0),
            Classifier::<f64, u8>::load_with(path, limits).map(|_| 0),
            MultiLabelClassifier::<f64, String>::load_with(path, limits).map(|_| 0),
            MultiLabelClassifier::<f64, u8>::load_with(path, limits).map(|_| 0),
            Regressor::<f64>::load_with(path, limits).map(|_| 0),
            Checkpoint::<f64>::load(path).map(|_| 0),
            Checkpoint::<f64>::from_safetensors(file, limits).map(|_| 0),
        ]
    }

    /// Readers of the header, which is the same for all.
    #[cfg(feature = "safetensors")]
    fn safetensors(file: &[u8], path: &Path, limits: &Limits) -> Vec<Result<usize, FileError>> {
        vec![
            Tensors::<f64>::from_safetensors(file, limits).map(|t| bytes_of(&t)),
            Tensors::<f64>::load_safetensors(path, limits).map(|t| bytes_of(&t)),
            Checkpoint::<f64>::load(path).map(|_| 0),
        ]
    }

    #[cfg(feature = "safetensors")]
    fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    /// A text, repeated until the file has nearly 24 MiB.
    #[cfg(feature = "safetensors")]
    fn filled(part: &str) -> String {
        part.repeat((24 << 20) / part.len())
    }

    #[cfg(feature = "safetensors")]
    #[test]
    fn headers_of_safetensors() {
        let entry = |shape: &str, end: &str| {
            format!(
                "{{\"W1\":{{\"dtype\":\"F64\",\"shape\":[{shape}],\"data_offsets\":[0,{end}]}}}}"
            )
        };
        let arrays: String = (0..450_000)
            .map(|i| format!("\"{i}\":{{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}},"))
            .collect();
        let array = "{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}";
        let mut length = with_header("{}", &[0; 100]);
        length[..8].copy_from_slice(&(1_u64 << 63).to_le_bytes());
        let escapes = filled("\\u0061");
        for (what, file) in [
            ("huge", with_header(&entry("1073741824,1024", "8796093022208"), &[0; 100])),
            ("wraps", with_header(&entry("4294967296,4294967296,2", "0"), &[])),
            ("length", length),
            ("arrays", with_header(&format!("{{{}}}", &arrays[..arrays.len() - 1]), &[])),
            ("dimensions", with_header(&entry(&(filled("1,") + "1"), "8"), &[0; 8])),
            ("offsets", with_header(&entry("1", &(filled("8,") + "8")), &[0; 8])),
            ("lists", with_header(&format!("{{\"W1\":[{}0]}}", filled("0,")), &[])),
            ("deep", with_header(&format!("{{\"W1\":{}", filled("[")), &[])),
            ("deep objects", with_header(&filled("{\"a\":"), &[])),
            ("a name", with_header(&format!("{{\"{}\":{array}}}", filled("a")), &[])),
            ("a name of escapes", with_header(&format!("{{\"{escapes}\":{array}}}"), &[])),
            ("names", with_header(&format!("{{{}}}", filled(&format!("\"W\":{array},"))), &[])),
            ("a type", with_header(&entry("1", "8").replace("F64", &filled("F")), &[0; 8])),
            ("a text for an array", with_header(&format!("{{\"a\":\"{}\"}}", filled("a")), &[])),
            ("a text", with_header(&format!("\"{}\"", filled("a")), &[])),
            ("fields", with_header(&format!("{{\"a\":{{{}}}}}", filled("\"b\":1,")), &[])),
            (
                "no text",
                with_header(&format!("{{\"__metadata__\":{{{}}}}}", filled("\"b\":1,")), &[]),
            ),
        ] {
            assert!(!bounded(what, &file, &large_header(), &safetensors), "{what}");
        }
        for (what, header) in [
            ("texts", format!("{{\"__metadata__\":{{{}\"b\":\"\"}}}}", filled("\"b\":\"\","))),
            ("a text beside", format!("{{\"__metadata__\":{{\"b\":\"{}\"}}}}", filled("a"))),
            ("a description", format!("{{\"__metadata__\":{{\"dnn_blocks\":\"{escapes}\"}}}}")),
        ] {
            bounded(what, &with_header(&header, &[]), &large_header(), &safetensors);
        }
    }

    /// The description is JSON inside the JSON of the header.
    #[cfg(feature = "safetensors")]
    #[test]
    fn descriptions() {
        let described = |kind: &str, rest: &str| {
            let text = format!("{{\"version\":1,\"kind\":\"{kind}\",{rest}");
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            with_header(&format!("{{\"__metadata__\":{{\"dnn_blocks\":\"{text}\"}}}}"), &[])
        };
        let long = "a".repeat(12 << 20);
        let escapes = "\\n".repeat(12 << 20);
        let how = "\"hyperparameters\":{}";
        let layers = "\"layer_sizes\":[1,1],\"activations\":[\"relu\"]";
        for (what, kind, rest) in [
            ("layer sizes", "parameters", format!("\"layer_sizes\":[{}0]}}", filled("0,"))),
            (
                "activations",
                "parameters",
                format!("\"activations\":[{}\"relu\"]}}", "\"relu\",".repeat(2 << 20)),
            ),
            ("an activation", "parameters", format!("\"activations\":[\"{long}\"]}}")),
            ("a field", "parameters", format!("\"{long}\":1}}")),
            ("a field of escapes", "parameters", format!("\"{escapes}\":1}}")),
            ("a kind", &long, "\"a\":1}".to_string()),
            ("nested", "parameters", format!("\"layer_sizes\":{}", filled("["))),
            (
                "labels",
                "classifier",
                format!(
                    "{layers},\"model\":{{\"cost\":\"binary_cross_entropy\",{how},\"epochs\":1,\"labels\":[{}\"\"]}}}}",
                    "\"\",".repeat(5 << 20)
                ),
            ),
            (
                "numbers",
                "classifier",
                format!(
                    "{layers},\"model\":{{\"cost\":\"binary_cross_entropy\",{how},\"epochs\":1,\"labels\":[{}0]}}}}",
                    "0,".repeat(12 << 20)
                ),
            ),
            (
                "hidden",
                "regressor",
                format!(
                    "{layers},\"model\":{{\"hyperparameters\":{{\"hidden\":[{}1]",
                    filled("1,")
                ),
            ),
            (
                "words",
                "checkpoint",
                format!("{layers},\"training\":{{\"generator\":{{\"key\":[{}0]", filled("0,")),
            ),
            (
                "records",
                "checkpoint",
                format!(
                    "{layers},\"training\":{{\"fit\":{{\"records\":[{}",
                    filled("[0,0,0,0,0],")
                ),
            ),
            (
                "texts for records",
                "checkpoint",
                format!("{layers},\"training\":{{\"fit\":{{\"records\":[[\"{long}\"]"),
            ),
            (
                "empty records",
                "checkpoint",
                format!("{layers},\"training\":{{\"fit\":{{\"records\":[{}", filled("[],")),
            ),
        ] {
            assert!(!bounded(what, &described(kind, &rest), &large_header(), &models), "{what}");
        }
    }

    /// A description with the largest number of values, padded with spaces.
    #[cfg(feature = "safetensors")]
    #[test]
    fn descriptions_just_within_their_limits() {
        let described = |kind: &str, begin: &str, value: &str, cost: usize, end: &str| {
            let values = value.repeat((35 << 20) / cost);
            let values = format!("{}{end}", &values[..values.len() - 1]);
            let spaces = " ".repeat((24 << 20) - values.len());
            let text = format!("{{\"version\":1,\"kind\":\"{kind}\",{spaces}{begin}{values}");
            let text = text.replace('"', "\\\"");
            with_header(&format!("{{\"__metadata__\":{{\"dnn_blocks\":\"{text}\"}}}}"), &[])
        };
        let layers = "\"layer_sizes\":[1,1],\"activations\":[\"relu\"]";
        let labels = format!(
            "{layers},\"model\":{{\"cost\":\"binary_cross_entropy\",\"epochs\":1,\"labels\":["
        );
        let records = format!("{layers},\"training\":{{\"fit\":{{\"records\":[");
        for (what, kind, begin, value, cost, end) in [
            ("layer sizes", "parameters", "\"layer_sizes\":[", "0,", 16, "]}"),
            ("labels", "classifier", &labels, "\"\",", 116, "]}}"),
            ("number labels", "classifier", &labels, "0,", 16, "]}}"),
            ("labels of an example", "multi_label_classifier", &labels, "\"\",", 116, "]}}"),
            (
                "hidden",
                "regressor",
                "\"model\":{\"hyperparameters\":{\"hidden\":[",
                "1,",
                16,
                "]}}}",
            ),
            ("records", "checkpoint", &records, "[0,0,0,0,0],", 96, "]}}}"),
        ] {
            let file = described(kind, begin, value, cost, end);
            assert!(!bounded(what, &file, &large_header(), &models), "{what}");
        }
    }

    /// A history with very many records.
    #[cfg(feature = "safetensors")]
    #[test]
    fn a_fit_of_very_many_epochs_is_read_and_written() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = dnn_blocks::files::Checkpoints::new(folder.path(), 1).unwrap();
        let x = dnn_blocks::ndarray::Array2::from_shape_fn((4, 1), |(i, _)| i as f64);
        let how = Hyperparameters::plain().hidden(&[]).epochs(1).batch_size(2);
        let options = FitOptions::new().checkpoints(&checkpoints);
        let rows = Examples::rows(&x);
        Regressor::<f64>::new(how).fit_with(rows, rows, options).unwrap();
        let file = std::fs::read(folder.path().join("checkpoint-00000001.safetensors")).unwrap();
        let header = String::from_utf8_lossy(&file[8..]).into_owned();
        let (before, after) = header.split_once("\\\"records\\\":[[").unwrap();
        let (_, after) = after.split_once("]]").unwrap();
        let (_, arrays) = header.split_once("}\"},").unwrap();
        let (arrays, _) = arrays.split_once("}}").unwrap();
        let (after, _) = after.split_once(",\\\"checksum").unwrap();
        let numbers = file.len() - 8 - u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
        let with_records = |epochs: usize, row: &str| {
            let rows = row.repeat(epochs);
            let text =
                format!("{before}\\\"records\\\":[{}]{after}}}\"}}", &rows[..rows.len() - 1]);
            let text = text.replace("\\\"epoch\\\":1", &format!("\\\"epoch\\\":{epochs}"));
            let text = text.replace("\\\"epochs\\\":1", &format!("\\\"epochs\\\":{epochs}"));
            let text =
                text.replace("\\\"epochs\\\":[0,1]", &format!("\\\"epochs\\\":[0,{epochs}]"));
            let text = text.trim_end_matches('}').to_string() + "}," + arrays + "}}";
            with_header(&text, &file[file.len() - numbers..])
        };
        let read = |file: &[u8], path: &Path, limits: &Limits| {
            vec![
                Checkpoint::<f64>::from_safetensors(file, limits).map(|_| 0),
                Checkpoint::<f64>::load(path).map(|_| 0),
            ]
        };
        for (what, epochs, row) in [
            ("epochs", 200_000, "[0.001,0.6931471805599453,0.12345678901234567,null,null],"),
            ("short records", 63_000, "[0.1,0.5,0.2,null,null],"), // they take more in memory
        ] {
            let file = with_records(epochs, row);
            assert!(bounded(what, &file, &large_header(), &read));
            let run = Checkpoint::<f64>::from_safetensors(&file, &large_header()).unwrap();
            let again = run.to_safetensors().unwrap();
            assert_eq!(
                Checkpoint::<f64>::from_safetensors(&again, &large_header()).unwrap().fit,
                run.fit
            );
        }
    }

    #[cfg(feature = "npz")]
    fn npz(file: &[u8], path: &Path, limits: &Limits) -> Vec<Result<usize, FileError>> {
        vec![
            Tensors::<f64>::from_npz(file, limits).map(|tensors| bytes_of(&tensors)),
            Tensors::<f64>::load_npz(path, limits).map(|tensors| bytes_of(&tensors)),
        ]
    }

    /// 20 MiB of directory entries without files, at the end of a zip and of a zip64 archive.
    #[cfg(feature = "npz")]
    #[test]
    fn directories_of_npz() {
        let mut entry = [0; 46 + 10];
        entry[..4].copy_from_slice(b"PK\x01\x02");
        entry[28] = 10;
        let count = (20 << 20) / entry.len();
        let mut directory = entry.repeat(count);
        for (i, entry) in directory.chunks_mut(entry.len()).enumerate() {
            entry[46..].copy_from_slice(format!("{i:06}.npy").as_bytes());
        }
        let end = |entries: u16, length: u32, begin: u32| {
            let [entries, length, begin] =
                [&entries.to_le_bytes()[..], &length.to_le_bytes(), &begin.to_le_bytes()];
            [b"PK\x05\x06\0\0\0\0", entries, entries, length, begin, &[0, 0]].concat()
        };
        let large = |entries: u64| {
            let numbers = [entries, entries, directory.len() as u64, 0].map(u64::to_le_bytes);
            let record =
                [b"PK\x06\x06".as_slice(), &44_u64.to_le_bytes(), &[45, 0, 45, 0], &[0; 8]];
            let record = [record.concat(), numbers.concat()].concat();
            let locator =
                [b"PK\x06\x07\0\0\0\0", &(directory.len() as u64).to_le_bytes()[..], &[1, 0, 0, 0]];
            [&directory[..], &record, &locator.concat(), &end(!0, !0, !0)].concat()
        };
        let small =
            |entries: u16| [&directory[..], &end(entries, directory.len() as u32, 0)].concat();
        let all = Limits::default().arrays(u64::MAX).header(u64::MAX);
        for limits in [Limits::default(), Limits::default().header(1 << 26), all] {
            for (what, file) in [
                ("a large end", large(count as u64)),
                ("a large end that lies", large(4000)),
                ("a large end of very many", large(u64::MAX)),
                ("a small end", small(u16::MAX)),
                ("a small end that lies", small(4000)),
                ("no entry", small(0)),
            ] {
                assert!(!bounded(what, &file, &limits, &npz), "{what}");
            }
        }
    }

    /// Arrays of both types, stored and deflated, in C and Fortran order.
    #[cfg(feature = "npz")]
    #[test]
    fn arrays_of_npz() {
        use std::io::Write;
        use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};
        for (kind, bytes) in [("<f4", 4), ("<f8", 8)] {
            for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
                for order in ["True", "False"] {
                    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
                    let options = SimpleFileOptions::default().compression_method(method);
                    for name in ["a.npy", "b.npy"] {
                        archive.start_file(name, options).unwrap();
                        let header = format!(
                            "{{'descr': '{kind}', 'fortran_order': {order}, 'shape': (1024, 4096), }}\n"
                        );
                        let length = (header.len() as u16).to_le_bytes();
                        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
                        archive.write_all(&length).unwrap();
                        archive.write_all(header.as_bytes()).unwrap();
                        archive.write_all(&vec![0; bytes << 22]).unwrap();
                    }
                    let file = archive.finish().unwrap().into_inner();
                    let read = |path: &Path, limits: &Limits| {
                        vec![Tensors::<f64>::load_npz(path, limits).map(|t| bytes_of(&t))]
                    };
                    let read = |_: &[u8], path: &Path, limits: &Limits| read(path, limits);
                    assert!(bounded(kind, &file, &Limits::default(), &read));
                }
            }
        }
    }
}

/// The bytes that a workspace of this network allocates.
fn bytes_of_workspace(hidden: Activation) -> usize {
    let (parameters, ..) = network::<f64>(&[3, 50, 1], 10, hidden);
    let before = BYTES.get();
    Workspace::new(&parameters, 10).unwrap();
    BYTES.get() - before
}

/// Where the derivative does not follow from `A`, as the documentation says.
#[test]
fn a_workspace_keeps_z_only_where_it_needs_it() {
    let least = bytes_of_workspace(Activation::Identity);
    for hidden in [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Softmax,
        Activation::Exponential,
        Activation::Softplus,
        Activation::LeakyRelu(0.01),
        Activation::Elu(0.5),
    ] {
        assert_eq!(bytes_of_workspace(hidden), least, "{hidden}");
    }
    for hidden in [
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::LeakyRelu(0.0),
        Activation::LeakyRelu(-0.01),
        Activation::Elu(0.0),
        Activation::Elu(-0.5),
    ] {
        let z = 50 * 10 * size_of::<f64>();
        assert_eq!(bytes_of_workspace(hidden), least + z, "{hidden}");
    }
}
