//! Networks as ONNX graphs, for ONNX Runtime and whatever else reads them. The messages are the few
//! of `onnx.proto` that a network needs, written for the crate `prost`.

mod proto;

use super::tensors::bytes_of;
use super::{FileError, Result, Tensors, atomic};
use crate::activation::Activation;
use crate::model::{Classifier, Regressor};
use crate::parameters::check_network;
use crate::prepare::Standardizer;
use crate::{Error, Float, Layer, Parameters};
use ndarray::{ArrayD, IxDyn};
use prost::Message;
use proto::{Attribute, Dimension, Graph, Model, Node, Operators, Shape, TensorType, Type, Value};
use std::io::Write;
use std::path::Path;

/// The oldest version of the operators in which `Softmax` works along one axis.
const OPERATORS: i64 = 13;
/// Of the file format; the one that came with those operators' last fixes.
const FORMAT: i64 = 8;
/// A message of protobuf is shorter than 2 GiB.
const LONGEST: u64 = (1 << 31) - 1;

impl<F: Float> Parameters<F> {
    /// The network as an ONNX model (feature `onnx`): input `X` (batch, features), output `A`
    /// (batch, outputs), for a batch of any size. With a scaler the input is in its units.
    ///
    /// ```
    /// use dnn_blocks::prelude::*;
    ///
    /// let parameters = initialize_parameters::<f32>(2, 4, 1, &mut NumpyRandom::seed(2))?;
    /// let model: Vec<u8> = parameters.to_onnx(None)?;
    /// # assert!(!model.is_empty());
    /// # Ok::<(), dnn_blocks::files::FileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FileError::NotFinite`]; [`FileError::Model`] if the scaler has other features;
    /// [`FileError::TooLarge`] from 2 GiB on, where ONNX would need several files.
    pub fn to_onnx(&self, scaler: Option<&Standardizer<F>>) -> Result<Vec<u8>> {
        let mut graph = Builder::new(self, scaler)?;
        graph.finish("A", self.outputs())
    }

    /// Writes [`to_onnx`](Self::to_onnx) to a file, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`to_onnx`](Self::to_onnx), [`FileError::Io`].
    pub fn save_onnx(
        &self,
        path: impl AsRef<Path>,
        scaler: Option<&Standardizer<F>>,
    ) -> Result<()> {
        save(path.as_ref(), &self.to_onnx(scaler)?)
    }

    fn outputs(&self) -> usize {
        self.layers().last().map_or(0, |layer| layer.w.nrows())
    }
}

impl<F: Float, L: Ord + Clone> Classifier<F, L> {
    /// The model as an ONNX graph (feature `onnx`): input `X` (batch, features) as the classifier
    /// takes them, output `probabilities` (batch, classes) in the order of
    /// [`classes`](Self::classes), as by [`predict_proba`](Self::predict_proba).
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`], [`FileError::TooLarge`].
    pub fn to_onnx(&self) -> Result<Vec<u8>> {
        let parameters = self.parameters().ok_or(Error::NotFitted)?;
        let mut graph = Builder::new(parameters, self.scaler())?;
        if parameters.outputs() == 1 {
            let one = graph.scalar("one", F::one())?;
            let yes = graph.last.clone();
            let no = graph.node("Sub", &[&one, &yes], vec![]);
            graph.node("Concat", &[&no, &yes], vec![Attribute::integer("axis", 1)]);
        }
        graph.finish("probabilities", parameters.outputs().max(2))
    }

    /// Writes [`to_onnx`](Self::to_onnx) to a file, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`to_onnx`](Self::to_onnx), [`FileError::Io`].
    pub fn save_onnx(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path.as_ref(), &self.to_onnx()?)
    }
}

impl<F: Float> Regressor<F> {
    /// The model as an ONNX graph (feature `onnx`): input `X` (batch, features) as the regressor
    /// takes them, output `values` (batch, outputs) in their own units.
    ///
    /// # Errors
    ///
    /// [`Error::NotFitted`], [`FileError::TooLarge`].
    pub fn to_onnx(&self) -> Result<Vec<u8>> {
        let parameters = self.parameters().ok_or(Error::NotFitted)?;
        let mut graph = Builder::new(parameters, self.scaler())?;
        if let Some(scaler) = self.target_scaler() {
            let [mean, deviation] = graph.columns("values", scaler)?;
            let al = graph.last.clone();
            let scaled = graph.node("Mul", &[&al, &deviation], vec![]);
            graph.node("Add", &[&scaled, &mean], vec![]);
        }
        graph.finish("values", parameters.outputs())
    }

    /// Writes [`to_onnx`](Self::to_onnx) to a file, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`to_onnx`](Self::to_onnx), [`FileError::Io`].
    pub fn save_onnx(&self, path: impl AsRef<Path>) -> Result<()> {
        save(path.as_ref(), &self.to_onnx()?)
    }
}

fn save(path: &Path, model: &[u8]) -> Result<()> {
    atomic::write(path, |writer| Ok(writer.write_all(model)?))
}

/// A graph that grows node by node.
struct Builder<F> {
    features: usize,
    nodes: Vec<Node>,
    constants: Tensors<F>,
    /// The value that came last.
    last: String,
}

impl<F: Float> Builder<F> {
    /// From `X` to `A`, through the scaler if there is one.
    fn new(parameters: &Parameters<F>, scaler: Option<&Standardizer<F>>) -> Result<Self> {
        check_network(parameters.layers())?;
        let features = parameters.layers()[0].w.ncols();
        let (nodes, constants) = (Vec::new(), Tensors::new());
        let mut graph = Self { features, nodes, constants, last: "X".into() };
        if let Some(scaler) = scaler {
            scaler.check_features(features)?;
            let [mean, deviation] = graph.columns("scaler", scaler)?;
            let centred = graph.node("Sub", &["X", &mean], vec![]);
            graph.node("Div", &[&centred, &deviation], vec![]);
        }
        for (l, layer) in parameters.layers().iter().enumerate() {
            graph.layer(l + 1, layer)?;
        }
        Ok(graph)
    }

    /// `A = g(A_prev·Wᵀ + b)`, an example in each row.
    fn layer(&mut self, number: usize, layer: &Layer<F>) -> Result<()> {
        let (w, b) = (format!("W{number}"), format!("b{number}"));
        self.constants.insert(&w, layer.w.clone().into_dyn())?;
        self.constants.insert(&b, list(&layer.b))?;
        let a_prev = self.last.clone();
        let z = self.node("Gemm", &[&a_prev, &w, &b], vec![Attribute::integer("transB", 1)]);
        let simple = match layer.activation {
            Activation::Identity => return Ok(()),
            Activation::Softmax => {
                self.node("Softmax", &[&z], vec![Attribute::integer("axis", 1)]);
                return Ok(());
            }
            // The slope of `LeakyRelu` would be an f32, and its runtime has no f64.
            Activation::LeakyRelu(slope) => return self.leaky(number, slope, &z),
            Activation::Relu => "Relu",
            Activation::Sigmoid => "Sigmoid",
            Activation::Tanh => "Tanh",
        };
        self.node(simple, &[&z], vec![]);
        Ok(())
    }

    /// `z` where `z > 0`, else `slope·z`.
    fn leaky(&mut self, number: usize, slope: f64, z: &str) -> Result<()> {
        let slope = self.scalar(&format!("slope{number}"), F::of(slope))?;
        let zero = self.scalar(&format!("zero{number}"), F::zero())?;
        let positive = self.node("Greater", &[z, &zero], vec![]);
        let scaled = self.node("Mul", &[z, &slope], vec![]);
        self.node("Where", &[&positive, z, &scaled], vec![]);
        Ok(())
    }

    fn scalar(&mut self, name: &str, value: F) -> Result<String> {
        self.constants.insert(name, ArrayD::from_elem(IxDyn(&[]), value))?;
        Ok(name.to_string())
    }

    /// Mean and deviation as rows.
    fn columns(&mut self, name: &str, scaler: &Standardizer<F>) -> Result<[String; 2]> {
        let names = [format!("{name}.mean"), format!("{name}.deviation")];
        for (name, column) in names.iter().zip([scaler.mean(), scaler.deviation()]) {
            self.constants.insert(name, list(column))?;
        }
        Ok(names)
    }

    fn node(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        self.last = format!("v{}", self.nodes.len() + 1);
        self.nodes.push(Node {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![self.last.clone()],
            name: Some(format!("n{}", self.nodes.len() + 1)),
            op_type: Some(operator.into()),
            attribute: attributes,
        });
        self.last.clone()
    }

    /// The model whose last value is the output.
    fn finish(&mut self, output: &str, outputs: usize) -> Result<Vec<u8>> {
        let last = self.nodes.last_mut().expect("a network has a layer");
        last.output = vec![output.to_string()];
        let size: u64 = self.constants.iter().map(|(_, a)| (a.len() * size_of::<F>()) as u64).sum();
        if size > LONGEST {
            return Err(FileError::TooLarge { what: "the model".into(), size, limit: LONGEST });
        }
        let initializer = self.constants.iter().map(|(name, array)| constant(name, array));
        let graph = Graph {
            node: std::mem::take(&mut self.nodes),
            name: Some("network".into()),
            initializer: initializer.collect::<Result<_>>()?,
            input: vec![batch::<F>("X", self.features)],
            output: vec![batch::<F>(output, outputs)],
        };
        let model = Model {
            ir_version: Some(FORMAT),
            producer_name: Some(env!("CARGO_PKG_NAME").into()),
            producer_version: Some(env!("CARGO_PKG_VERSION").into()),
            graph: Some(graph),
            opset_import: vec![Operators { domain: Some(String::new()), version: Some(OPERATORS) }],
        };
        Ok(model.encode_to_vec())
    }
}

/// The numbers of a column, without the second axis.
fn list<F: Float>(column: &ndarray::Array2<F>) -> ArrayD<F> {
    column.column(0).to_owned().into_dyn()
}

/// The number of a type in `TensorProto`.
fn data_type<F>() -> i32 {
    if size_of::<F>() == 4 { 1 } else { 11 }
}

fn constant<F: Float>(name: &str, array: &ArrayD<F>) -> Result<proto::Tensor> {
    Ok(proto::Tensor {
        dims: array.shape().iter().map(|&size| size as i64).collect(),
        data_type: Some(data_type::<F>()),
        name: Some(name.into()),
        raw_data: Some(bytes_of(name, array)?),
    })
}

/// A value (batch, columns).
fn batch<F>(name: &str, columns: usize) -> Value {
    let any = Dimension { dim_value: None, dim_param: Some("batch".into()) };
    let fixed = Dimension { dim_value: Some(columns as i64), dim_param: None };
    let shape = Some(Shape { dim: vec![any, fixed] });
    let tensor_type = Some(TensorType { elem_type: Some(data_type::<F>()), shape });
    Value { name: Some(name.into()), r#type: Some(Type { tensor_type }) }
}
