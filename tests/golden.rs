//! The bits of trained parameters against recorded hashes, for each set of instructions.
//!
//! A refactoring leaves the hashes as they are. A change that is meant to change results records
//! new ones: `DNN_BLOCKS_RECORD=1 cargo test -p tests --test golden`.
//!
//! Samples are uniform, because normal ones use the platform's logarithm. The power in Adam's bias
//! correction depends on the platform as well, so the hashes are for Linux.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use dnn_blocks::gradients::clip_by_norm;
use dnn_blocks::model::History;
use dnn_blocks::ndarray::Array2;
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;
use dnn_blocks::train::workspace::Dropout;
use serde_json::{Map, Value};
use std::process::Command;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/golden_bits.json");

fn random<F: Float>(rows: usize, columns: usize, rng: &mut NumpyRandom) -> Array2<F> {
    Array2::from_shape_simple_fn((rows, columns), || F::of(2.0 * rng.rand() - 1.0))
}

fn classes(classes: usize, m: usize) -> Vec<usize> {
    (0..m).map(|i| (i * i + i / 3) % classes).collect()
}

struct Problem<F> {
    parameters: Parameters<F>,
    x: Array2<F>,
    y: Array2<F>,
    rng: NumpyRandom,
}

fn problem<F: Float>(dims: &[usize], m: usize, hidden: Activation) -> Problem<F> {
    let mut rng = NumpyRandom::seed(1);
    let parameters = initialize_parameters_deep(dims, Initializer::Xavier, &mut rng).unwrap();
    let parameters = parameters.with_activations(hidden, Activation::Sigmoid);
    let x = random(dims[0], m, &mut rng);
    let y = Array2::from_shape_fn((1, m), |(_, i)| F::of(f64::from(u8::from(i % 3 == 0))));
    Problem { parameters, x, y, rng }
}

/// Computes the FNV-1a hash (Fowler, Noll & Vo) of the bits of numbers.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn number(&mut self, x: f64) {
        for byte in x.to_bits().to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn parameters<F: Float>(&mut self, parameters: &Parameters<F>) {
        for layer in parameters.layers() {
            layer.w.iter().chain(&layer.b).for_each(|x| self.number(x.as_f64()));
        }
    }
}

/// Layers that are narrow, wide, and deeper than one block of a sum.
const NETWORKS: [(&[usize], usize); 4] =
    [(&[2, 4, 1], 400), (&[30, 20, 7, 1], 50), (&[300, 130, 70, 1], 150), (&[5000, 20, 1], 65)];
const HIDDEN: [Activation; 4] =
    [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::LeakyRelu(0.1)];

fn course_functions<F: Float>(hash: &mut Hash) {
    for ((dims, m), hidden) in NETWORKS.into_iter().zip(HIDDEN) {
        let Problem { mut parameters, x, y, .. } = problem::<F>(dims, m, hidden);
        for _ in 0..5 {
            let (al, caches) = l_model_forward(&x, &parameters).unwrap();
            hash.number(compute_cost(&al, &y).unwrap().as_f64());
            let gradients = l_model_backward(&al, &y, &caches).unwrap();
            update_parameters(&mut parameters, &gradients, 0.1).unwrap();
        }
        hash.parameters(&parameters);
    }
}

fn full_batch<F: Float>(hash: &mut Hash) {
    for ((dims, m), hidden) in NETWORKS.into_iter().zip(HIDDEN) {
        let Problem { parameters, x, y, .. } = problem::<F>(dims, m, hidden);
        let mut descent = FullBatch::new(&x, &y, parameters).unwrap();
        for _ in 0..5 {
            hash.number(descent.step(0.1).unwrap().as_f64());
        }
        hash.parameters(descent.parameters());
    }
}

/// Every optimizer, with L2 and dropout, on batches of two sizes.
fn workspace<F: Float>(hash: &mut Hash) {
    let (beta, rules) = (0.9, [Algorithm::GradientDescent, Algorithm::MOMENTUM, Algorithm::ADAM]);
    let others = [Algorithm::Nesterov { beta }, Algorithm::RMS_PROP, Algorithm::ADAM_W];
    for rule in rules.into_iter().chain(others) {
        let Problem { mut parameters, x, y, mut rng } =
            problem::<F>(&[60, 40, 30, 1], 100, Activation::Relu);
        let mut batches = Batches::new(&x, &y, 64).unwrap();
        let mut workspace = Workspace::new(&parameters, 64).unwrap();
        let mut optimizer = Optimizer::new(rule, &parameters).unwrap();
        let objective = Objective::new(Cost::BinaryCrossEntropy).l2(0.1);
        for _ in 0..3 {
            batches.shuffle(&mut rng);
            while let Some((x, y)) = batches.next() {
                let dropout = Dropout::new(0.8, &mut rng);
                let (cost, gradients) = workspace
                    .cost_and_gradients_with_dropout(&x, y, &parameters, &objective, dropout)
                    .unwrap();
                hash.number(cost.as_f64());
                hash.number(clip_by_norm(gradients, 0.5).unwrap());
                optimizer.step(&mut parameters, gradients, 0.01).unwrap();
            }
        }
        hash.parameters(&parameters);
    }
}

fn choices() -> Hyperparameters {
    Hyperparameters::plain()
        .hidden(&[24, 16])
        .initializer(Initializer::Xavier)
        .learning_rate(0.01)
        .batch_size(32)
        .epochs(4)
        .l2(0.1)
        .keep_prob(0.8)
        .validation_share(0.2)
        .patience(3)
        .seed(5)
}

fn history(hash: &mut Hash, history: &History) {
    for record in &history.epochs {
        hash.number(record.cost);
        hash.number(record.gradient_norm);
        hash.number(record.validation_cost.unwrap());
        hash.number(record.validation_score.unwrap());
    }
}

fn classifier<F: Float>(hash: &mut Hash) {
    for count in [2, 3] {
        let x = random::<F>(150, 20, &mut NumpyRandom::seed(2));
        let labels = classes(count, 150);
        let mut model = Classifier::<F, usize>::new(choices());
        let fitted = model.fit(Examples::rows(&x), &labels).unwrap();
        history(hash, &fitted);
        model.set_hyperparameters(choices().validation_share(0.0).patience(None)).unwrap();
        model.partial_fit(Examples::rows(&x), &labels).unwrap();
        hash.parameters(model.parameters().unwrap());
        let probabilities = model.predict_proba(Examples::rows(&x)).unwrap();
        probabilities.iter().for_each(|p| hash.number(p.as_f64()));
    }
}

fn regressor<F: Float>(hash: &mut Hash) {
    let mut rng = NumpyRandom::seed(2);
    let (x, y) = (random::<F>(150, 20, &mut rng), random::<F>(150, 2, &mut rng));
    let mut model = Regressor::<F>::new(choices().activation(Activation::Tanh));
    let fitted = model.fit(Examples::rows(&x), Examples::rows(&y)).unwrap();
    history(hash, &fitted);
    hash.parameters(model.parameters().unwrap());
    let predicted = model.predict(Examples::rows(&x)).unwrap();
    predicted.iter().for_each(|p| hash.number(p.as_f64()));
}

type Case = (&'static str, fn(&mut Hash));

fn cases<F: Float>() -> [Case; 5] {
    [
        ("course functions", course_functions::<F>),
        ("FullBatch", full_batch::<F>),
        ("Workspace, dropout, L2, clipping, six rules", workspace::<F>),
        ("Classifier", classifier::<F>),
        ("Regressor", regressor::<F>),
    ]
}

/// [`bits_are_those_that_were_recorded`] runs this test with each set of instructions.
#[test]
#[ignore = "a part of another test"]
fn hashes() {
    for (float, cases) in [("f32", cases::<f32>()), ("f64", cases::<f64>())] {
        for (name, case) in cases {
            let mut hash = Hash::new();
            case(&mut hash);
            println!("\n@ {name}, {float}: {:016x}", hash.0);
        }
    }
}

/// Returns the hashes of a run with these instructions.
fn hashes_with(instructions: &str) -> Map<String, Value> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["hashes", "--exact", "--ignored", "--nocapture"])
        .env("DNN_BLOCKS_ISA", instructions)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let lines = text.lines().filter_map(|line| line.strip_prefix("@ ")?.rsplit_once(": "));
    lines.map(|(name, hash)| (name.to_string(), hash.into())).collect()
}

#[test]
fn bits_are_those_that_were_recorded() {
    use std::arch::is_x86_feature_detected as has;
    let avx2 = has!("avx2") && has!("fma");
    let avx512 = avx2 && has!("avx512f") && has!("avx512vl");
    let sets = [("portable", true), ("avx2", avx2), ("avx512", avx512)];
    let found: Map<String, Value> = sets
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|(set, _)| (set.to_string(), hashes_with(set).into()))
        .collect();
    assert!(found.values().all(|hashes| hashes.as_object().unwrap().len() == 10));
    if std::env::var_os("DNN_BLOCKS_RECORD").is_some() {
        let text = serde_json::to_string_pretty(&found).unwrap();
        std::fs::write(FILE, text + "\n").unwrap();
    }
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    for (set, hashes) in &found {
        for (name, hash) in hashes.as_object().unwrap() {
            assert_eq!(*hash, recorded[set][name], "{name} with {set} instructions");
        }
    }
}
