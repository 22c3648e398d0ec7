//! The blocks, a training step and a prediction.
//!
//! The course functions, `Workspace` and `FullBatch` run beside a direct port of the course's code
//! to plain `ndarray`.

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use dnn_blocks::activation::Activation;
use dnn_blocks::backward::linear_backward;
use dnn_blocks::forward::linear_forward;
use dnn_blocks::ndarray::{Array2, Axis};
use dnn_blocks::prelude::*;
use dnn_blocks::train::full_batch::FullBatch;
use std::hint::black_box;
use std::time::Duration;

/// `W` and `b` of each layer. Hidden layers have ReLU, the last one a sigmoid.
type Naive<F> = Vec<(Array2<F>, Array2<F>)>;

fn sigmoid<F: Float>(z: &Array2<F>) -> Array2<F> {
    z.mapv(|z| F::one() / (F::one() + (-z).exp()))
}

/// Returns `A` of every layer, beginning with `X`, and `Z` of every layer.
fn naive_forward<F: Float>(x: &Array2<F>, network: &Naive<F>) -> (Vec<Array2<F>>, Vec<Array2<F>>) {
    let (mut a, mut z) = (vec![x.clone()], Vec::new());
    for (l, (w, b)) in network.iter().enumerate() {
        let next = w.dot(&a[l]) + b;
        let last = l + 1 == network.len();
        a.push(if last { sigmoid(&next) } else { next.mapv(|z| z.max(F::zero())) });
        z.push(next);
    }
    (a, z)
}

fn naive_step<F: Float>(x: &Array2<F>, y: &Array2<F>, network: &mut Naive<F>, rate: F) -> F {
    let m = F::of(x.ncols() as f64);
    let one = F::one();
    let (a, z) = naive_forward(x, network);
    let al = &a[network.len()];
    let cost = (y * &al.mapv(F::ln) + &(y.mapv(|y| one - y) * al.mapv(|a| (one - a).ln()))).sum();
    let mut da = -(y / al - &(y.mapv(|y| one - y) / al.mapv(|a| one - a)));
    for l in (0..network.len()).rev() {
        let dz = if l + 1 == network.len() {
            let s = sigmoid(&z[l]);
            da * &s * &s.mapv(|s| one - s)
        } else {
            da * z[l].mapv(|z| if z > F::zero() { one } else { F::zero() })
        };
        let dw = dz.dot(&a[l].t()) / m;
        let db = dz.sum_axis(Axis(1)).insert_axis(Axis(1)) / m;
        da = network[l].0.t().dot(&dz);
        network[l].0 = &network[l].0 - &(dw * rate);
        network[l].1 = &network[l].1 - &(db * rate);
    }
    -cost / m
}

struct Case<F> {
    name: String,
    parameters: Parameters<F>,
    x: Array2<F>,
    y: Array2<F>,
}

impl<F: Float> Case<F> {
    fn new(dims: &[usize], m: usize, hidden: Activation) -> Self {
        let mut rng = NumpyRandom::seed(1);
        let parameters = initialize_parameters_deep(dims, Initializer::LeCun, &mut rng).unwrap();
        let float = std::any::type_name::<F>();
        Self {
            name: format!("{dims:?} m {m} {float}"),
            parameters: parameters.with_activations(hidden, Activation::Sigmoid),
            x: Array2::from_shape_simple_fn((dims[0], m), || F::of(rng.rand())),
            y: Array2::from_shape_fn((1, m), |(_, i)| F::of(f64::from(u8::from(i % 3 == 0)))),
        }
    }

    fn naive(&self) -> Naive<F> {
        self.parameters.layers().iter().map(|layer| (layer.w.clone(), layer.b.clone())).collect()
    }
}

fn steps<F: Float>(c: &mut Criterion, dims: &[usize], m: usize, hidden: Activation) {
    let Case { name, parameters, x, y } = &Case::<F>::new(dims, m, hidden);
    let mut group = group(c, &format!("step {name}"));
    let rate = 0.0075;
    group.bench_function("full batch", |bench| {
        let mut descent = FullBatch::new(x, y, parameters.clone()).unwrap();
        bench.iter(|| descent.step(rate).unwrap());
    });
    group.bench_function("workspace", |bench| {
        let mut parameters = parameters.clone();
        let mut workspace = Workspace::new(&parameters, m).unwrap();
        bench.iter(|| {
            let pass = workspace.forward(black_box(x), &parameters).unwrap();
            let cost = pass.cost(y).unwrap();
            let gradients = pass.backward(y).unwrap();
            update_parameters(&mut parameters, gradients, rate).unwrap();
            cost
        });
    });
    group.bench_function("course functions", |bench| {
        let mut parameters = parameters.clone();
        bench.iter(|| {
            let (al, caches) = l_model_forward(black_box(x), &parameters).unwrap();
            let cost = compute_cost(&al, y).unwrap();
            let gradients = l_model_backward(&al, y, &caches).unwrap();
            update_parameters(&mut parameters, &gradients, rate).unwrap();
            cost
        });
    });
    if hidden == Activation::Relu {
        group.bench_function("naive port", |bench| {
            let mut network = Case::<F>::new(dims, m, hidden).naive();
            bench.iter(|| naive_step(black_box(x), y, &mut network, F::of(rate)));
        });
    }
}

fn predictions<F: Float>(c: &mut Criterion, dims: &[usize], m: usize) {
    let case = Case::<F>::new(dims, m, Activation::Relu);
    let Case { name, parameters, x, .. } = &case;
    let mut group = group(c, &format!("prediction {name}"));
    group.bench_function("workspace", |bench| {
        let mut workspace = Workspace::new(parameters, m).unwrap();
        bench.iter(|| workspace.forward(black_box(x), parameters).unwrap().al()[[0, 0]]);
    });
    group.bench_function("predict_proba", |bench| {
        bench.iter(|| predict_proba(black_box(x), parameters).unwrap());
    });
    group.bench_function("naive port", |bench| {
        let network = case.naive();
        bench.iter(|| naive_forward(black_box(x), &network));
    });
}

/// One layer with 512 inputs and 256 units, for 128 examples.
fn blocks<F: Float>(c: &mut Criterion) {
    let Case { name, parameters, x, .. } = &Case::<F>::new(&[512, 256, 1], 128, Activation::Relu);
    let mut group = group(c, &format!("blocks {name}"));
    let layer = &parameters.layers()[0];
    let (z, cache) = linear_forward(x, &layer.w, &layer.b).unwrap();
    group.bench_function("linear_forward", |bench| {
        bench.iter(|| linear_forward(black_box(x), &layer.w, &layer.b).unwrap());
    });
    group.bench_function("linear_backward", |bench| {
        bench.iter(|| linear_backward(black_box(&z), &cache).unwrap());
    });
    for activation in [Activation::Relu, Activation::Sigmoid, Activation::Tanh] {
        group.bench_function(format!("{activation} forward"), |bench| {
            bench.iter(|| activation.forward(black_box(&z)).unwrap());
        });
        group.bench_function(format!("{activation} backward"), |bench| {
            bench.iter(|| activation.backward(black_box(&z).clone(), &z).unwrap());
        });
    }
    let (al, _) = l_model_forward(x, parameters).unwrap();
    group.bench_function("compute_cost", |bench| {
        bench.iter(|| compute_cost(black_box(&al), &al).unwrap());
    });
}

fn group<'a>(c: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    c.benchmark_group(name.replace('/', " "))
}

fn all(c: &mut Criterion) {
    blocks::<f64>(c);
    blocks::<f32>(c);
    for dims in [&[12288, 7, 1][..], &[12288, 20, 7, 5, 1]] {
        steps::<f64>(c, dims, 209, Activation::Relu);
        steps::<f32>(c, dims, 209, Activation::Relu);
    }
    steps::<f64>(c, &[2, 4, 1], 400, Activation::Tanh);
    steps::<f32>(c, &[784, 512, 256, 1], 128, Activation::Relu);
    predictions::<f32>(c, &[784, 512, 256, 1], 1);
    predictions::<f32>(c, &[784, 512, 256, 1], 1024);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200));
    targets = all
}
criterion_main!(benches);
