//! Runs burn with its backend "flex" on the workloads of `compare.py`: its linear layers, automatic
//! derivatives and gradient descent.
//!
//! The cost is the expression of burn's `BinaryCrossEntropyLoss` for logits. That module takes
//! integer targets, which it converts to `f32` in an `f64` network too.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::{log_sigmoid, relu, sigmoid, tanh};
use burn::tensor::{Device, Element, Tensor, TensorData};
use dnn_blocks::ndarray::ArrayView2;
use dnn_blocks::prelude::{Activation, Float};
use dnn_blocks_peers::files::Case;
use dnn_blocks_peers::{Failure, Options, Peer, Timer, mean, run_all};

/// `RAYON_NUM_THREADS` sets the number of threads.
fn main() -> Result<(), Failure> {
    run_all("burn-flex", &Burn, &Options::read()?)
}

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
    #[module(skip)]
    tanh: bool,
}

impl Network {
    fn new<F: Float + Element>(case: &Case<F>, device: &Device) -> Self {
        let layers = case.parameters.layers().iter().map(|layer| {
            let (n, n_prev) = layer.w.dim();
            let mut linear = LinearConfig::new(n_prev, n).init(device);
            linear.weight = Param::from_tensor(tensor(layer.w.t(), device));
            linear.bias = Some(Param::from_tensor(tensor(layer.b.view(), device).reshape([n])));
            linear
        });
        Self { layers: layers.collect(), tanh: case.spec.hidden == Activation::Tanh }
    }

    fn logits(&self, x: Tensor<2>) -> Tensor<2> {
        let mut a = x;
        for (l, layer) in self.layers.iter().enumerate() {
            a = layer.forward(a);
            if l + 1 < self.layers.len() {
                a = if self.tanh { tanh(a) } else { relu(a) };
            }
        }
        a
    }
}

fn tensor<F: Float + Element>(array: ArrayView2<'_, F>, device: &Device) -> Tensor<2> {
    let shape = [array.nrows(), array.ncols()];
    Tensor::from_data(TensorData::new(array.iter().copied().collect(), shape), (device, F::dtype()))
}

struct Burn;

impl<F: Float + Element> Peer<F> for Burn {
    fn run(&self, case: Case<F>, timer: &Timer<'_>) -> Result<(), Failure> {
        if case.spec.train { train(&case, timer) } else { predict(&case, timer) }
    }
}

fn train<F: Float + Element>(case: &Case<F>, timer: &Timer<'_>) -> Result<(), Failure> {
    let device = Device::flex().autodiff();
    let (x, y) = (tensor(case.x.t(), &device), tensor(case.y.t(), &device));
    let mut network = Some(Network::new(case, &device));
    let mut descent = SgdConfig::new().init();
    timer.time(&case.spec, |_| {
        let model = network.take().ok_or("no network")?;
        let z = model.logits(x.clone());
        let cost = ((y.clone().neg() + 1.0) * z.clone() - log_sigmoid(z)).mean();
        let gradients = GradientsParams::from_grads(cost.backward(), &model);
        network = Some(descent.step(case.spec.learning_rate, model, gradients));
        let cost = cost.into_scalar::<f64>();
        device.sync()?;
        Ok(cost)
    })
}

fn predict<F: Float + Element>(case: &Case<F>, timer: &Timer<'_>) -> Result<(), Failure> {
    let device = Device::flex();
    let network = Network::new(case, &device);
    let rows: Vec<F> = case.x.t().iter().copied().collect();
    let shape = [case.x.ncols(), case.x.nrows()];
    timer.time(&case.spec, |wanted| {
        let data = TensorData::new(rows.clone(), shape);
        let x = Tensor::<2>::from_data(data, (&device, F::dtype()));
        let al = sigmoid(network.logits(x)).into_data();
        Ok(if wanted { mean(al.as_slice::<F>()?) } else { 0.0 })
    })
}
