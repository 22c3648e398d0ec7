//! Networks of PyTorch, Keras and scikit-learn.
//!
//! PyTorch stores `W` (n, n_prev) as this crate does, Keras and scikit-learn its transpose.

use super::{FileError, Result, Tensors};
use crate::activation::Activation;
use crate::error::Operand;
use crate::{Error, Float, Layer, Parameters};
use ndarray::Array2;

/// A module of a `torch.nn.Sequential`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Module {
    /// `Linear`, with or without a bias.
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
    /// The module of another activation: `GELU` with or without `approximate="tanh"`, `SiLU`, `ELU`
    /// with its `alpha`, `Softplus`.
    ///
    /// The `Softplus` of PyTorch returns `z` above its threshold of 20, which differs by 2e-9.
    Activation(Activation),
    /// `Identity`, or another module without effect on predictions.
    Identity,
    /// `Dropout`, which has no effect on predictions.
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
            Module::Activation(activation) => Some(activation),
            Module::Linear | Module::Identity | Module::Dropout => None,
        }
    }
}

/// The error of a `W` without elements: a file may give it any number of rows.
fn zero_size<F: Float>(number: usize, w: &Array2<F>) -> FileError {
    Error::ZeroSize { layer: Some(number), operand: Operand::new("W", w) }.into()
}

fn malformed_sequential(reason: String) -> FileError {
    FileError::Malformed { format: "torch.nn.Sequential", reason }
}

impl<F: Float> Tensors<F> {
    /// Converts the `state_dict()` of a `torch.nn.Sequential`: `0.weight`, `0.bias`, …
    ///
    /// The state does not name the modules, so pass all of them in order. A `Linear` without an
    /// activation after it gets the identity, one without a bias gets `b = 0`.
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
    /// [`FileError::Malformed`] if an activation does not follow a `Linear`;
    /// [`FileError::Missing`], [`FileError::Unexpected`], [`FileError::Shape`] or
    /// [`FileError::Model`] if the modules do not match the state.
    pub fn torch_sequential(mut self, modules: &[Module]) -> Result<Parameters<F>> {
        let mut layers: Vec<Layer<F>> = Vec::new();
        let mut activated = true;
        for (i, module) in modules.iter().enumerate() {
            if *module == Module::Linear {
                let w = self.take_matrix(&format!("{i}.weight"))?;
                let bias = format!("{i}.bias");
                let b = match self.get(&bias) {
                    Some(_) => self.take_column(&bias)?,
                    None if w.is_empty() => return Err(zero_size(layers.len() + 1, &w)),
                    None => crate::buffer::zeros("b", (w.nrows(), 1))
                        .map_err(|e: Error| e.in_layer(layers.len() + 1))?,
                };
                layers.push(Layer { w, b, activation: Activation::Identity });
                activated = false;
            } else if let Some(activation) = module.activation() {
                let layer = layers.last_mut().filter(|_| !activated);
                let layer = layer.ok_or_else(|| {
                    malformed_sequential(format!(
                        "module {i}, {module:?}, does not follow a Linear"
                    ))
                })?;
                layer.activation = activation;
                activated = true;
            }
        }
        self.check_empty()?;
        Ok(Parameters::from_layers(layers)?)
    }

    /// Converts Keras `Dense` layers: `dense/kernel` (n_prev, n), `dense/bias` (n), …
    ///
    /// Pass the names of the layers from first to last, each with its activation. Leave out layers
    /// without weights, such as `Input` and `Dropout`.
    ///
    /// In Python, `np.savez(path, **{w.path: w.numpy() for w in model.weights})` writes the file.
    /// Keras prefixes each name with the name of the model; remove it with
    /// [`strip_prefix`](Self::strip_prefix).
    ///
    /// ```
    /// use dnn_blocks::files::Tensors;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut weights = Tensors::new();
    /// weights.insert("sequential/dense/kernel", array![[1.0, 2.0, 3.0]].into_dyn())?;
    /// weights.insert("sequential/dense/bias", array![0.0, 0.0, 0.0].into_dyn())?;
    /// let weights = weights.strip_prefix("sequential/");
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
        self.layers_from_kernels(layers)
    }

    /// Converts the weights of Keras `Dense` layers without names: `arr_0`, `arr_1`, …
    ///
    /// The arrays are kernel (n_prev, n) and bias (n) of each layer; pass one activation for each
    /// layer. In Python, `np.savez(path, *model.get_weights())` writes the file.
    ///
    /// ```
    /// use dnn_blocks::files::Tensors;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut weights = Tensors::<f64>::new();
    /// weights.insert("arr_0", array![[1.0, 2.0, 3.0]].into_dyn())?;
    /// weights.insert("arr_1", array![0.0, 0.0, 0.0].into_dyn())?;
    /// let parameters = weights.keras_weights(&[Activation::Softmax])?;
    /// assert_eq!(parameters.layers()[0].w.dim(), (3, 1)); // the transpose
    /// # Ok::<(), dnn_blocks::files::FileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`keras_dense`](Self::keras_dense).
    pub fn keras_weights(mut self, activations: &[Activation]) -> Result<Parameters<F>> {
        let names = |l: usize| (format!("arr_{}", 2 * l), format!("arr_{}", 2 * l + 1));
        let layers = activations.iter().enumerate();
        self.layers_from_kernels(layers.map(|(l, &activation)| (names(l), activation)).collect())
    }

    /// Converts a scikit-learn `MLPClassifier` or `MLPRegressor`: `coefs_0` (n_prev, n),
    /// `intercepts_0` (n), …
    ///
    /// `hidden` is the `activation` of the model (`logistic` is the sigmoid), `output` its
    /// `out_activation_`. In Python, this writes the file:
    ///
    /// ```text
    /// np.savez(path, **{f"coefs_{i}": w for i, w in enumerate(mlp.coefs_)},
    ///                **{f"intercepts_{i}": b for i, b in enumerate(mlp.intercepts_)})
    /// ```
    ///
    /// ```
    /// use dnn_blocks::files::Tensors;
    /// use dnn_blocks::ndarray::array;
    /// use dnn_blocks::prelude::*;
    ///
    /// let mut mlp = Tensors::<f64>::new();
    /// mlp.insert("coefs_0", array![[1.0, 2.0, 3.0]].into_dyn())?;
    /// mlp.insert("intercepts_0", array![0.0, 0.0, 0.0].into_dyn())?;
    /// let parameters = mlp.sklearn_mlp(Activation::Relu, Activation::Softmax)?;
    /// assert_eq!(parameters.layers()[0].w.dim(), (3, 1)); // the transpose
    /// # Ok::<(), dnn_blocks::files::FileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`keras_dense`](Self::keras_dense).
    pub fn sklearn_mlp(mut self, hidden: Activation, output: Activation) -> Result<Parameters<F>> {
        let numbered = |l: usize| (format!("coefs_{l}"), format!("intercepts_{l}"));
        let count = (0..self.len()).take_while(|&l| self.get(&numbered(l).0).is_some()).count();
        let layers = (0..count.max(1)).map(|l| (numbered(l), hidden)).collect();
        Ok(self.layers_from_kernels(layers)?.with_activations(hidden, output))
    }

    /// Converts kernels (n_prev, n) and biases (n); other arrays are an error.
    fn layers_from_kernels(
        &mut self,
        names: Vec<((String, String), Activation)>,
    ) -> Result<Parameters<F>> {
        let mut layers = Vec::new();
        for ((kernel, bias), activation) in names {
            let kernel = self.take_matrix(&kernel)?;
            let mut w = crate::buffer::zeros("W", (kernel.ncols(), kernel.nrows()))
                .map_err(|e: Error| e.in_layer(layers.len() + 1))?;
            w.assign(&kernel.t());
            layers.push(Layer { w, b: self.take_column(&bias)?, activation });
        }
        self.check_empty()?;
        Ok(Parameters::from_layers(layers)?)
    }
}
