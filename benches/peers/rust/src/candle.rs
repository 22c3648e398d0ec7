//! Runs candle on the workloads of `compare.py`: its linear layers, automatic derivatives, cost and
//! gradient descent, on the processor.
//!
//! Its feature `mkl` downloads a library while it is built, and is left out.

use candle_core::{Device, Result, Tensor, Var, WithDType};
use candle_nn::{Linear, Module, Optimizer, SGD, loss, ops};
use dnn_blocks::ndarray::ArrayView2;
use dnn_blocks::prelude::{Activation, Float};
use dnn_blocks_peers::files::Case;
use dnn_blocks_peers::{Failure, Options, Peer, Timer, mean, run_all};

/// `RAYON_NUM_THREADS` sets the number of threads.
fn main() -> std::result::Result<(), Failure> {
    run_all("candle", &Candle, &Options::read()?)
}

fn logits(layers: &[Linear], hidden: Activation, x: &Tensor) -> Result<Tensor> {
    let mut a = x.clone();
    for (l, layer) in layers.iter().enumerate() {
        a = layer.forward(&a)?;
        if l + 1 < layers.len() {
            a = if hidden == Activation::Tanh { a.tanh()? } else { a.relu()? };
        }
    }
    Ok(a)
}

fn tensor<F: WithDType>(array: ArrayView2<'_, F>) -> Result<Tensor> {
    let numbers: Vec<F> = array.iter().copied().collect();
    Tensor::from_vec(numbers, array.dim(), &Device::Cpu)
}

/// Returns `W` and `b` of each layer.
fn weights<F: Float + WithDType>(case: &Case<F>) -> Result<Vec<[Tensor; 2]>> {
    let layers = case.parameters.layers().iter();
    layers.map(|layer| Ok([tensor(layer.w.view())?, tensor(layer.b.t())?.flatten_all()?])).collect()
}

struct Candle;

impl<F: Float + WithDType> Peer<F> for Candle {
    fn run(&self, case: Case<F>, timer: &Timer<'_>) -> std::result::Result<(), Failure> {
        if case.spec.train { train(&case, timer) } else { predict(&case, timer) }
    }
}

fn train<F: Float + WithDType>(
    case: &Case<F>,
    timer: &Timer<'_>,
) -> std::result::Result<(), Failure> {
    let (mut layers, mut variables) = (Vec::new(), Vec::new());
    for [w, b] in weights(case)? {
        let (w, b) = (Var::from_tensor(&w)?, Var::from_tensor(&b)?);
        layers.push(Linear::new(w.as_tensor().clone(), Some(b.as_tensor().clone())));
        variables.extend([w, b]);
    }
    let (x, y) = (tensor(case.x.t())?, tensor(case.y.t())?);
    let mut descent = SGD::new(variables, case.spec.learning_rate)?;
    timer.time(&case.spec, |_| {
        let z = logits(&layers, case.spec.hidden, &x)?;
        let cost = loss::binary_cross_entropy_with_logit(&z, &y)?;
        descent.backward_step(&cost)?;
        Ok(cost.to_scalar::<F>()?.as_f64())
    })
}

fn predict<F: Float + WithDType>(
    case: &Case<F>,
    timer: &Timer<'_>,
) -> std::result::Result<(), Failure> {
    let layers = weights(case)?.into_iter().map(|[w, b]| Linear::new(w, Some(b)));
    let layers: Vec<_> = layers.collect();
    let rows: Vec<F> = case.x.t().iter().copied().collect();
    let shape = (case.x.ncols(), case.x.nrows());
    timer.time(&case.spec, |wanted| {
        let x = Tensor::from_slice(&rows, shape, &Device::Cpu)?;
        let al = ops::sigmoid(&logits(&layers, case.spec.hidden, &x)?)?;
        let al = al.flatten_all()?.to_vec1::<F>()?;
        Ok(if wanted { mean(&al) } else { 0.0 })
    })
}
