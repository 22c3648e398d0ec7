//! Networks as ONNX models, for ONNX Runtime and other programs.

mod proto;

use super::limits::{check_size, reserved};
use super::numbers::{check_finite, for_each_block};
use super::{FileError, Result, atomic};
use crate::activation::Graph;
use crate::data::Standardizer;
use crate::model::{Classifier, MultiLabelClassifier, Regressor};
use crate::parameters::check_network;
use crate::{Error, Float, Layer, Parameters};
use ndarray::{Array2, CowArray, IxDyn, arr0};
use prost::Message;
use proto::{Attribute, Dimension, Entry, Model, Node, Operators, Shape};
use proto::{GRAPH, INITIALIZER, RAW_DATA, TensorType, Type, Value, begin};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// The version of the operators: the oldest in which `Softmax` works along one axis.
const OPERATORS: i64 = 13;
/// The version of the file format, which came with the last fixes of these operators.
const FORMAT: i64 = 8;
/// The most bytes of a protobuf message.
const LONGEST: u64 = (1 << 31) - 1;

impl<F: Float> Parameters<F> {
    /// Exports the network as an ONNX model (feature `onnx`).
    ///
    /// The input is `X` (batch, features), the output `A` (batch, outputs), with a batch of any
    /// size. With a scaler, the model standardizes the input first.
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
    /// [`FileError::Unsupported`] for [`Activation::Gelu`](crate::activation::Activation::Gelu) in
    /// `f64`; [`FileError::TooLarge`] from 2 GiB on, where ONNX would need several files.
    pub fn to_onnx(&self, scaler: Option<&Standardizer<F>>) -> Result<Vec<u8>> {
        self.onnx(scaler)?.to_vec()
    }

    /// Writes the ONNX model to a file, atomically; see [`to_onnx`](Self::to_onnx).
    ///
    /// # Errors
    ///
    /// The errors of [`to_onnx`](Self::to_onnx), [`FileError::Io`].
    pub fn save_onnx(
        &self,
        path: impl AsRef<Path>,
        scaler: Option<&Standardizer<F>>,
    ) -> Result<()> {
        self.onnx(scaler)?.save(path.as_ref())
    }

    fn onnx<'a>(&'a self, scaler: Option<&'a Standardizer<F>>) -> Result<Writer<'a, F>> {
        let mut graph = Builder::new(self, scaler)?;
        graph.output("A", self.outputs());
        graph.finish()
    }

    fn outputs(&self) -> usize {
        self.layers().last().map_or(0, |layer| layer.w.nrows())
    }
}

/// The public methods of a model; the documentation of `to_onnx` differs between models.
macro_rules! export_methods {
    ($(#[$documentation:meta])*) => {
        $(#[$documentation])*
        pub fn to_onnx(&self) -> Result<Vec<u8>> {
            self.onnx()?.to_vec()
        }

        /// Writes the ONNX model to a file, atomically; see [`to_onnx`](Self::to_onnx).
        ///
        /// # Errors
        ///
        /// The errors of [`to_onnx`](Self::to_onnx), [`FileError::Io`].
        pub fn save_onnx(&self, path: impl AsRef<Path>) -> Result<()> {
            self.onnx()?.save(path.as_ref())
        }
    };
}

impl<F: Float, L: Ord + Clone + Serialize> Classifier<F, L> {
    export_methods! {
        /// Exports the classifier as an ONNX model (feature `onnx`).
        ///
        /// The input is `X` (batch, features) before standardization. The output is `probabilities`
        /// (batch, classes) in the order of [`classes`](Self::classes), as from
        /// [`predict_proba`](Self::predict_proba).
        ///
        /// The metadata of the model have `class_names` and, if the features have names,
        /// `feature_names`, each as a JSON list. A label that is not a string is written as the
        /// value that serde makes of it.
        ///
        /// # Errors
        ///
        /// [`Error::NotFitted`], [`FileError::Unsupported`] and [`FileError::TooLarge`] as in
        /// [`Parameters::to_onnx`], [`FileError::Malformed`] if serde cannot write the labels as
        /// JSON.
    }

    fn onnx(&self) -> Result<Writer<'_, F>> {
        let parameters = self.parameters().ok_or(Error::NotFitted)?;
        let mut graph = Builder::new(parameters, self.scaler())?;
        if parameters.outputs() == 1 {
            let one = graph.scalar("one", F::one())?;
            let yes = graph.last.clone();
            let no = graph.node("Sub", &[&one, &yes], vec![]);
            graph.node("Concat", &[&no, &yes], vec![Attribute::integer("axis", 1)]);
        }
        graph.metadata("class_names", self.classes())?;
        graph.feature_names(self.feature_names())?;
        graph.output("probabilities", parameters.outputs().max(2));
        graph.finish()
    }
}

impl<F: Float, L: Ord + Clone + Serialize> MultiLabelClassifier<F, L> {
    export_methods! {
        /// Exports the classifier as an ONNX model (feature `onnx`).
        ///
        /// The input is `X` (batch, features) before standardization. The outputs are
        /// `probabilities` (batch, labels), as from [`predict_proba`](Self::predict_proba), and
        /// `labels` (batch, labels), integers that are 1 where an example has a label and 0
        /// elsewhere. Both are in the order of [`labels`](Self::labels).
        ///
        /// The metadata of the model have `label_names` and, if the features have names,
        /// `feature_names`, each as a JSON list. A label that is not a string is written as the
        /// value that serde makes of it.
        ///
        /// # Errors
        ///
        /// The errors of [`Classifier::to_onnx`].
    }

    fn onnx(&self) -> Result<Writer<'_, F>> {
        let parameters = self.parameters().ok_or(Error::NotFitted)?;
        let mut graph = Builder::new(parameters, self.scaler())?;
        graph.output("probabilities", parameters.outputs());
        let half = graph.scalar("half", F::of(0.5))?;
        let has = graph.node("Greater", &["probabilities", &half], vec![]);
        graph.node("Cast", &[&has], vec![Attribute::integer("to", INT64.into())]);
        graph.output_of_type("labels", parameters.outputs(), INT64);
        graph.metadata("label_names", self.labels())?;
        graph.feature_names(self.feature_names())?;
        graph.finish()
    }
}

impl<F: Float> Regressor<F> {
    export_methods! {
        /// Exports the regressor as an ONNX model (feature `onnx`).
        ///
        /// The input is `X` (batch, features) before standardization. The output is `values`
        /// (batch, outputs) in the units of the targets.
        ///
        /// If the features have names, the metadata of the model have `feature_names`, a JSON list.
        ///
        /// # Errors
        ///
        /// [`Error::NotFitted`], [`FileError::Unsupported`] and [`FileError::TooLarge`] as in
        /// [`Parameters::to_onnx`].
    }

    fn onnx(&self) -> Result<Writer<'_, F>> {
        let parameters = self.parameters().ok_or(Error::NotFitted)?;
        let mut graph = Builder::new(parameters, self.scaler())?;
        if let Some(scaler) = self.target_scaler() {
            let [mean, deviation] = graph.columns("values", scaler)?;
            let al = graph.last.clone();
            let scaled = graph.node("Mul", &[&al, &deviation], vec![]);
            graph.node("Add", &[&scaled, &mean], vec![]);
        }
        graph.feature_names(self.feature_names())?;
        graph.output("values", parameters.outputs());
        graph.finish()
    }
}

/// A graph under construction.
struct Builder<'a, F> {
    features: usize,
    nodes: Vec<Node>,
    constants: BTreeMap<String, CowArray<'a, F, IxDyn>>,
    /// The name of the latest value.
    last: String,
    outputs: Vec<Value>,
    metadata: Vec<Entry>,
}

impl<'a, F: Float> Builder<'a, F> {
    /// Builds the graph from `X` to the output of the network, through the scaler if there is one.
    fn new(parameters: &'a Parameters<F>, scaler: Option<&'a Standardizer<F>>) -> Result<Self> {
        check_network(parameters.layers())?;
        let features = parameters.layers()[0].w.ncols();
        let (nodes, constants, last) = (Vec::new(), BTreeMap::new(), "X".into());
        let (outputs, metadata) = (Vec::new(), Vec::new());
        let mut graph = Self { features, nodes, constants, last, outputs, metadata };
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

    /// Adds `A = g(A_prev·Wᵀ + b)`, with an example in each row.
    fn layer(&mut self, number: usize, layer: &'a Layer<F>) -> Result<()> {
        let (w, b) = (format!("W{number}"), format!("b{number}"));
        self.constant(&w, layer.w.view().into_dyn().into())?;
        self.constant(&b, list(&layer.b))?;
        let a_prev = self.last.clone();
        let z = self.node("Gemm", &[&a_prev, &w, &b], vec![Attribute::integer("transB", 1)]);
        layer.activation.export(&mut LayerGraph { graph: self, number }, &z)
    }

    /// Adds a constant scalar and returns its name.
    fn scalar(&mut self, name: &str, value: F) -> Result<String> {
        self.constant(name, arr0(value).into_dyn().into())?;
        Ok(name.to_string())
    }

    /// Adds a constant, which must be finite.
    fn constant(&mut self, name: &str, array: CowArray<'a, F, IxDyn>) -> Result<()> {
        check_finite(name, &array)?;
        self.constants.insert(name.to_string(), array);
        Ok(())
    }

    /// Adds mean and standard deviation as rows and returns their names.
    fn columns(&mut self, name: &str, scaler: &'a Standardizer<F>) -> Result<[String; 2]> {
        let names = [format!("{name}.mean"), format!("{name}.deviation")];
        for (name, column) in names.iter().zip([scaler.mean(), scaler.std_dev()]) {
            self.constant(name, list(column))?;
        }
        Ok(names)
    }

    /// Adds a node and returns the name of its value.
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

    /// Adds a list to the metadata, as JSON.
    fn metadata(&mut self, key: &str, list: &[impl Serialize]) -> Result<()> {
        let json = serde_json::to_string(list).map_err(|e| FileError::malformed("ONNX", e))?;
        self.metadata.push(Entry { key: Some(key.into()), value: Some(json) });
        Ok(())
    }

    fn feature_names(&mut self, names: Option<&[String]>) -> Result<()> {
        names.map_or(Ok(()), |names| self.metadata("feature_names", names))
    }

    /// Makes the latest value (batch, columns) an output of this name.
    fn output(&mut self, name: &str, columns: usize) {
        self.output_of_type(name, columns, data_type::<F>());
    }

    fn output_of_type(&mut self, name: &str, columns: usize, element: i32) {
        let values = self.nodes.iter_mut().flat_map(|node| &mut node.output);
        values.filter(|value| **value == self.last).for_each(|value| *value = name.to_string());
        self.last = name.to_string();
        self.outputs.push(batch(name, columns, element));
    }

    /// Completes the model.
    fn finish(self) -> Result<Writer<'a, F>> {
        let before = proto::Graph {
            node: self.nodes,
            name: Some("network".into()),
            ..proto::Graph::default()
        };
        let input = vec![batch("X", self.features, data_type::<F>())];
        let output = self.outputs;
        let after = proto::Graph { input, output, ..proto::Graph::default() }.encode_to_vec();
        let constants: Vec<_> = self.constants.into_iter().map(Constant::new).collect();
        let tensors: usize = constants.iter().map(|constant| constant.length).sum();
        let before = before.encode_to_vec();
        let mut head = Model {
            ir_version: Some(FORMAT),
            producer_name: Some(env!("CARGO_PKG_NAME").into()),
            producer_version: Some(env!("CARGO_PKG_VERSION").into()),
            ..Model::default()
        }
        .encode_to_vec();
        begin(&mut head, GRAPH, before.len() + tensors + after.len());
        head.extend(before);
        let operators = Operators { domain: Some(String::new()), version: Some(OPERATORS) };
        let (opset_import, metadata_props) = (vec![operators], self.metadata);
        let tail = Model { opset_import, metadata_props, ..Model::default() };
        let tail = [after, tail.encode_to_vec()].concat();
        let length = head.len() + tensors + tail.len();
        check_size("the model", length as u64, LONGEST)?;
        Ok(Writer { head, constants, tail, length })
    }
}

/// The part of the graph that computes the activation of a layer.
struct LayerGraph<'g, 'a, F> {
    graph: &'g mut Builder<'a, F>,
    /// The number of the layer, from 1.
    number: usize,
}

impl<F: Float> Graph<F> for LayerGraph<'_, '_, F> {
    type Error = FileError;

    fn scalar(&mut self, name: &str, value: F) -> Result<String> {
        self.graph.scalar(&format!("{name}{}", self.number), value)
    }

    fn operator(&mut self, name: &str, inputs: &[&str]) -> String {
        self.graph.node(name, inputs, vec![])
    }

    fn operator_along_units(&mut self, name: &str, input: &str) {
        self.graph.node(name, &[input], vec![Attribute::integer("axis", 1)]);
    }

    fn only_f32(&self, function: &str) -> Result<()> {
        if size_of::<F>() == 4 {
            return Ok(());
        }
        let what = format!("{function} of layer {} in f64", self.number);
        Err(FileError::Unsupported { format: "ONNX Runtime", what })
    }
}

/// A model to be written: its constants, and the bytes before and after them.
struct Writer<'a, F> {
    head: Vec<u8>,
    constants: Vec<Constant<'a, F>>,
    tail: Vec<u8>,
    length: usize,
}

impl<F: Float> Writer<'_, F> {
    fn save(&self, path: &Path) -> Result<()> {
        atomic::write(path, |writer| self.write(writer))
    }

    fn to_vec(&self) -> Result<Vec<u8>> {
        let mut model = reserved("the model", self.length)?;
        self.write(&mut model)?;
        Ok(model)
    }

    fn write(&self, writer: &mut impl Write) -> Result<()> {
        writer.write_all(&self.head)?;
        for Constant { head, array, .. } in &self.constants {
            writer.write_all(head)?;
            for_each_block(array, |block| Ok(writer.write_all(block)?))?;
        }
        Ok(writer.write_all(&self.tail)?)
    }
}

/// A tensor, and the bytes before its numbers.
struct Constant<'a, F> {
    head: Vec<u8>,
    array: CowArray<'a, F, IxDyn>,
    length: usize,
}

impl<'a, F: Float> Constant<'a, F> {
    fn new((name, array): (String, CowArray<'a, F, IxDyn>)) -> Self {
        let mut tensor = proto::Tensor {
            dims: array.shape().iter().map(|&size| size as i64).collect(),
            data_type: Some(data_type::<F>()),
            name: Some(name),
        }
        .encode_to_vec();
        let numbers = array.len() * size_of::<F>();
        begin(&mut tensor, RAW_DATA, numbers);
        let mut head = Vec::new();
        begin(&mut head, INITIALIZER, tensor.len() + numbers);
        head.extend(tensor);
        let length = head.len() + numbers;
        Self { head, array, length }
    }
}

/// A column (n, 1) as a list (n).
fn list<F: Float>(column: &Array2<F>) -> CowArray<'_, F, IxDyn> {
    column.column(0).into_dyn().into()
}

/// The number of 64-bit integers in `TensorProto`.
const INT64: i32 = 7;

/// The number of the element type in `TensorProto`.
fn data_type<F>() -> i32 {
    if size_of::<F>() == 4 { 1 } else { 11 }
}

/// Describes an input or output (batch, columns).
fn batch(name: &str, columns: usize, element: i32) -> Value {
    let any = Dimension { dim_value: None, dim_param: Some("batch".into()) };
    let fixed = Dimension { dim_value: Some(columns as i64), dim_param: None };
    let shape = Some(Shape { dim: vec![any, fixed] });
    let tensor_type = Some(TensorType { elem_type: Some(element), shape });
    Value { name: Some(name.into()), r#type: Some(Type { tensor_type }) }
}
