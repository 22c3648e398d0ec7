//! ONNX models, decoded from the wire format of protobuf and computed operator by operator.
//!
//! Fields have the numbers of `onnx.proto`, operators the meaning of version 13.

use dnn_blocks::ndarray::{Array2, ArrayD, Axis, Ix2, concatenate};
use std::collections::BTreeMap;

enum Field<'a> {
    Integer(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, with their numbers.
struct Message<'a>(Vec<(u64, Field<'a>)>);

fn varint(data: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = data.split_first().unwrap();
        *data = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
    }
    panic!("a number has at most 64 bits");
}

impl<'a> Message<'a> {
    fn read(mut data: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        while !data.is_empty() {
            let key = varint(&mut data);
            let field = match key & 7 {
                0 => Field::Integer(varint(&mut data)),
                2 => {
                    let length = varint(&mut data) as usize;
                    let (bytes, rest) = data.split_at(length);
                    data = rest;
                    Field::Bytes(bytes)
                }
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, field));
        }
        Self(fields)
    }

    fn integers(&self, number: u64) -> Vec<u64> {
        let fields = self.0.iter().filter(|field| field.0 == number);
        let integer = |(_, field): &(u64, Field)| match field {
            Field::Integer(integer) => *integer,
            Field::Bytes(_) => panic!("field {number} is no integer"),
        };
        fields.map(integer).collect()
    }

    fn all_bytes(&self, number: u64) -> Vec<&'a [u8]> {
        let fields = self.0.iter().filter(|field| field.0 == number);
        let bytes = |(_, field): &(u64, Field<'a>)| match field {
            Field::Bytes(bytes) => *bytes,
            Field::Integer(_) => panic!("field {number} is an integer"),
        };
        fields.map(bytes).collect()
    }

    fn messages(&self, number: u64) -> Vec<Message<'a>> {
        self.all_bytes(number).into_iter().map(Message::read).collect()
    }

    fn texts(&self, number: u64) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        self.all_bytes(number).into_iter().map(text).collect()
    }

    fn integer(&self, number: u64) -> u64 {
        one(self.integers(number))
    }

    fn message(&self, number: u64) -> Message<'a> {
        one(self.messages(number))
    }

    fn text(&self, number: u64) -> String {
        one(self.texts(number))
    }
}

/// The only element.
#[track_caller]
fn one<T>(elements: Vec<T>) -> T {
    let [element] =
        elements.try_into().unwrap_or_else(|all: Vec<T>| panic!("{} fields", all.len()));
    element
}

/// An input or an output.
#[derive(Debug, PartialEq)]
pub struct Value {
    pub name: String,
    pub element_type: u64,
    /// The name of a dimension of any size, or its size.
    pub shape: Vec<String>,
}

impl Value {
    fn new(value: &Message) -> Self {
        let tensor = value.message(2).message(1);
        let size = |dimension: Message| match dimension.integers(1)[..] {
            [size] => size.to_string(),
            _ => dimension.text(2),
        };
        let shape = tensor.message(2).messages(1).into_iter().map(size).collect();
        Self { name: value.text(1), element_type: tensor.integer(1), shape }
    }
}

struct Node {
    operator: String,
    inputs: Vec<String>,
    output: String,
    attributes: BTreeMap<String, u64>,
}

impl Node {
    fn new(node: &Message) -> Self {
        let attribute = |attribute: Message| {
            assert_eq!(attribute.integer(20), 2, "the type of an attribute is an integer");
            (attribute.text(1), attribute.integer(3))
        };
        Self {
            operator: node.text(4),
            inputs: node.texts(1),
            output: node.text(2),
            attributes: node.messages(5).into_iter().map(attribute).collect(),
        }
    }
}

/// A decoded model.
pub struct Model {
    pub format: u64,
    pub producer: String,
    pub producer_version: String,
    /// The domain and the version of the operators.
    pub operators: (String, u64),
    pub graph_name: String,
    pub inputs: Vec<Value>,
    pub outputs: Vec<Value>,
    nodes: Vec<Node>,
    constants: BTreeMap<String, ArrayD<f64>>,
}

fn constant(tensor: &Message) -> (String, ArrayD<f64>) {
    let shape: Vec<usize> = tensor.integers(1).into_iter().map(|size| size as usize).collect();
    let data = one(tensor.all_bytes(9));
    let numbers: Vec<f64> = match tensor.integer(2) {
        1 => data.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x).into()).collect(),
        11 => data.as_chunks().0.iter().map(|&x| f64::from_le_bytes(x)).collect(),
        other => panic!("element type {other}"),
    };
    (tensor.text(8), ArrayD::from_shape_vec(shape, numbers).unwrap())
}

impl Model {
    pub fn read(file: &[u8]) -> Self {
        let model = Message::read(file);
        let (graph, operators) = (model.message(7), model.message(8));
        Self {
            format: model.integer(1),
            producer: model.text(2),
            producer_version: model.text(3),
            operators: (operators.text(1), operators.integer(2)),
            graph_name: graph.text(2),
            inputs: graph.messages(11).iter().map(Value::new).collect(),
            outputs: graph.messages(12).iter().map(Value::new).collect(),
            nodes: graph.messages(1).iter().map(Node::new).collect(),
            constants: graph.messages(5).iter().map(constant).collect(),
        }
    }

    /// Returns the outputs for examples in rows.
    pub fn run(&self, x: &Array2<f64>) -> Vec<Array2<f64>> {
        let mut values = self.constants.clone();
        values.insert(self.inputs[0].name.clone(), x.clone().into_dyn());
        for node in &self.nodes {
            let inputs: Vec<_> = node.inputs.iter().map(|name| &values[name]).collect();
            let value = computed(&node.operator, &inputs, &node.attributes);
            let taken = values.insert(node.output.clone(), value);
            assert!(taken.is_none(), "{} has two values", node.output);
        }
        let output =
            |output: &Value| values[&output.name].clone().into_dimensionality::<Ix2>().unwrap();
        self.outputs.iter().map(output).collect()
    }
}

fn matrix(array: &ArrayD<f64>) -> Array2<f64> {
    array.clone().into_dimensionality().unwrap()
}

fn softmax(z: &ArrayD<f64>) -> ArrayD<f64> {
    let mut a = z.exp();
    a.axis_iter_mut(Axis(0)).for_each(|mut row| row /= row.sum());
    a
}

fn computed(
    operator: &str,
    inputs: &[&ArrayD<f64>],
    attributes: &BTreeMap<String, u64>,
) -> ArrayD<f64> {
    let is = |name: &str, value: u64| attributes.get(name) == Some(&value);
    match (operator, inputs) {
        ("Gemm", [a, b, c]) if is("transB", 1) => &matrix(a).dot(&matrix(b).t()).into_dyn() + *c,
        ("Softmax", [z]) if is("axis", 1) => softmax(z),
        ("Concat", all) if is("axis", 1) => {
            let views: Vec<_> = all.iter().map(|array| array.view()).collect();
            concatenate(Axis(1), &views).unwrap()
        }
        ("Cast", [x]) if is("to", 7) => x.mapv(f64::trunc),
        (_, _) if !attributes.is_empty() => panic!("{operator} has attributes"),
        ("Add", [a, b]) => *a + *b,
        ("Sub", [a, b]) => *a - *b,
        ("Mul", [a, b]) => *a * *b,
        ("Div", [a, b]) => *a / *b,
        ("Greater", [a, b]) => (*a - *b).mapv(|x| f64::from(u8::from(x > 0.0))),
        ("Where", [condition, yes, no]) => *condition * *yes + (1.0 - *condition) * *no,
        ("Relu", [z]) => z.mapv(|z| z.max(0.0)),
        ("Sigmoid", [z]) => z.mapv(|z| 1.0 / (1.0 + (-z).exp())),
        ("Tanh", [z]) => z.tanh(),
        ("Exp", [z]) => z.exp(),
        ("Log", [z]) => z.ln(),
        ("Abs", [z]) => z.abs(),
        ("Neg", [z]) => -*z,
        _ => panic!("{operator} of {} inputs", inputs.len()),
    }
}
