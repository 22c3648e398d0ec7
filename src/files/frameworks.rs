//! Networks of other programs. They multiply examples (m, n_prev) from the left, so PyTorch keeps
//! `W` (out, in) as we do, Keras and scikit-learn the transpose.

use super::{FileError, Result, Tensors};
use crate::activation::Activation;
use crate::error::Operand;
use crate::{Error, Float, Layer, Parameters};
use ndarray::Array2;

/// A module of a `torch.nn.Sequential`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Module {
    /// `Linear`, with a bias or without.
    Linear,
    /// `ReLU`.
    Relu,
    /// `LeakyReLU` with its `negative_slope`.
    LeakyRelu(f64),
    /// `Tanh`.
    Tanh,
    /// `Sigmoid`.
    Sigmoid,
    /// `Softmax(dim=1)`.
    Softmax,
    /// `Identity`, or anything else that does nothing when it predicts.
    Identity,
    /// `Dropout`, which does nothing when it predicts.
    Dropout,
}

impl Module {
    fn activation(self) -> Option<Activation> {
        match self {
            Module::Relu => Some(Activation::Relu),
            Module::LeakyRelu(slope) => Some(Activation::LeakyRelu(slope)),
            Module::Tanh => Some(Activation::Tanh),
            Module::Sigmoid => Some(Activation::Sigmoid),
            Module::Softmax => Some(Activation::Softmax),
            Module::Linear | Module::Identity | Module::Dropout => None,
        }
    }
}

/// A matrix of no size may have any number of rows.
fn zero_size<F: Float>(number: usize, w: &Array2<F>) -> FileError {
    Error::ZeroSize { layer: Some(number), operand: Operand::of("W", w) }.into()
}

fn no_sequential(reason: String) -> FileError {
    FileError::Malformed { format: "torch.nn.Sequential", reason }
}

impl<F: Float> Tensors<F> {
    /// The network of a `torch.nn.Sequential`, from its `state_dict()`: `0.weight`, `0.bias`, …
    ///
    /// The state does not say what the modules are, so name them, all and in their order. A
    /// `Linear` without an activation is followed by the identity, one without a bias has `b = 0`.
    ///
    /// ```
    /// use dnn_blocks::files::{Module, Tensors};
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// // nn.Sequential(nn.Linear(2, 1), nn.Tanh(), nn.Dropout(), nn.Linear(1, 1, bias=False))
    /// let mut state = Tensors::new();
    /// state.insert("0.weight", array![[1.0, 2.0]].into_dyn())?;
    /// state.insert("0.bias", array![0.5].into_dyn())?;
    /// state.insert("3.weight", array![[3.0]].into_dyn())?;
    /// let modules = [Module::Linear, Module::Tanh, Module::Dropout, Module::Linear];
    /// let parameters: Parameters<f64> = state.torch_sequential(&modules)?;
    /// assert_eq!(parameters.layers()[1].activation, Activation::Identity);
    /// # Ok::<(), dnn_blocks::files::FileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FileError::Malformed`] if the modules are no network of this crate,
    /// [`FileError::Missing`], [`FileError::Unexpected`], [`FileError::Shape`] or
    /// [`FileError::Model`] if they are not those of the state.
    pub fn torch_sequential(mut self, modules: &[Module]) -> Result<Parameters<F>> {
        let mut layers: Vec<Layer<F>> = Vec::new();
        let mut activated = true;
        for (i, module) in modules.iter().enumerate() {
            if *module == Module::Linear {
                let w = self.matrix(&format!("{i}.weight"))?;
                let bias = format!("{i}.bias");
                let b = match self.get(&bias) {
                    Some(_) => self.column(&bias)?,
                    None if w.is_empty() => return Err(zero_size(layers.len() + 1, &w)),
                    None => crate::buffer::zeros("b", (w.nrows(), 1))
                        .map_err(|e: Error| e.in_layer(layers.len() + 1))?,
                };
                layers.push(Layer { w, b, activation: Activation::Identity });
                activated = false;
            } else if let Some(activation) = module.activation() {
                let layer = layers.last_mut().filter(|_| !activated);
                let layer = layer.ok_or_else(|| {
                    no_sequential(format!("module {i}, {module:?}, does not follow a Linear"))
                })?;
                layer.activation = activation;
                activated = true;
            }
        }
        self.nothing_left()?;
        Ok(Parameters::from_layers(layers)?)
    }

    /// The network of a stack of Keras `Dense` layers: `dense/kernel`, `dense/bias`, … under the
    /// names that you give, first to last, each with its activation. Other layers that hold no
    /// weights (`Input`, `Dropout`) are left out.
    ///
    /// In Python, `np.savez(path, **{w.path: w.numpy() for w in model.weights})`; the name of the
    /// model before those of the layers is taken off by [`under`](Self::under).
    ///
    /// ```
    /// use dnn_blocks::files::Tensors;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut weights = Tensors::new();
    /// weights.insert("sequential/dense/kernel", array![[1.0, 2.0, 3.0]].into_dyn())?;
    /// weights.insert("sequential/dense/bias", array![0.0, 0.0, 0.0].into_dyn())?;
    /// let weights = weights.under("sequential/");
    /// let parameters: Parameters<f64> = weights.keras_dense(&[("dense", Activation::Softmax)])?;
    /// assert_eq!(parameters.layers()[0].w.dim(), (3, 1)); // the transpose
    /// # Ok::<(), dnn_blocks::files::FileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FileError::Missing`], [`FileError::Unexpected`], [`FileError::Shape`],
    /// [`FileError::Model`].
    pub fn keras_dense(mut self, layers: &[(&str, Activation)]) -> Result<Parameters<F>> {
        let names = |name: &str| (format!("{name}/kernel"), format!("{name}/bias"));
        let layers = layers.iter().map(|&(name, activation)| (names(name), activation)).collect();
        self.transposed(layers)
    }

    /// The same from `np.savez(path, *model.get_weights())`, where the arrays are `arr_0`, `arr_1`,
    /// …: kernel and bias of each layer, with its activation.
    ///
    /// # Errors
    ///
    /// Those of [`keras_dense`](Self::keras_dense).
    pub fn keras_weights(mut self, activations: &[Activation]) -> Result<Parameters<F>> {
        let names = |l: usize| (format!("arr_{}", 2 * l), format!("arr_{}", 2 * l + 1));
        let layers = activations.iter().enumerate();
        self.transposed(layers.map(|(l, &activation)| (names(l), activation)).collect())
    }

    /// The network of a scikit-learn `MLPClassifier` or `MLPRegressor`: `coefs_0`, `intercepts_0`,
    /// …; `hidden` is its `activation` (`logistic` is the sigmoid), `output` its `out_activation_`.
    ///
    /// In Python:
    ///
    /// ```text
    /// np.savez(path, **{f"coefs_{i}": w for i, w in enumerate(mlp.coefs_)},
    ///                **{f"intercepts_{i}": b for i, b in enumerate(mlp.intercepts_)})
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`keras_dense`](Self::keras_dense).
    pub fn sklearn_mlp(mut self, hidden: Activation, output: Activation) -> Result<Parameters<F>> {
        let numbered = |l: usize| (format!("coefs_{l}"), format!("intercepts_{l}"));
        let count = (0..self.len()).take_while(|&l| self.get(&numbered(l).0).is_some()).count();
        let layers = (0..count.max(1)).map(|l| (numbered(l), hidden)).collect();
        Ok(self.transposed(layers)?.with_activations(hidden, output))
    }

    /// The network of these kernels (n_prev, n) and biases (n), if that is all there is.
    fn transposed(&mut self, names: Vec<((String, String), Activation)>) -> Result<Parameters<F>> {
        let mut layers = Vec::new();
        for ((kernel, bias), activation) in names {
            let kernel = self.matrix(&kernel)?;
            let mut w = crate::buffer::zeros("W", (kernel.ncols(), kernel.nrows()))
                .map_err(|e: Error| e.in_layer(layers.len() + 1))?;
            w.assign(&kernel.t());
            layers.push(Layer { w, b: self.column(&bias)?, activation });
        }
        self.nothing_left()?;
        Ok(Parameters::from_layers(layers)?)
    }
}
