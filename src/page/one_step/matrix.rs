//! The matrices of a page, with their names and their numbers as text.

use super::blocks::{Blocks, LayerBlocks};
use crate::page::html::escaped;
use crate::{Float, Layer};
use ndarray::ArrayRef2;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// All matrices of a page, by name: `W[1]` is the one of layer 1.
pub(super) struct Matrices(BTreeMap<String, Matrix>);

/// A matrix of numbers in full and as short texts.
pub(super) struct Matrix {
    caption: String,
    rows: Side,
    columns: Side,
    numbers: Vec<Vec<Value>>,
    texts: Vec<Vec<String>>,
}

/// The rows or the columns of a matrix: what each of them is, and its name if it has one.
#[derive(Clone)]
struct Side {
    what: &'static str,
    names: Vec<String>,
}

impl Side {
    fn new(what: &'static str) -> Self {
        Self { what, names: Vec::new() }
    }
}

/// A single row or column.
const ONE: &str = "";
const EXAMPLE: &str = "example";

impl Matrices {
    pub fn new<F: Float>(blocks: &Blocks<F>, features: &[String]) -> Self {
        let mut matrices = Self(BTreeMap::new());
        let examples = || Side::new(EXAMPLE);
        let mut inputs = Side { what: "feature", names: features.to_vec() };
        let networks = blocks.parameters.layers().iter().zip(blocks.updated.layers());
        for (l, (layer, network)) in blocks.layers.iter().zip(networks).enumerate() {
            let units = Side::new("unit");
            matrices.add_layer(l + 1, layer, [&inputs, &units]);
            matrices.add_parameters(l + 1, network, [&inputs, &units]);
            inputs = units;
        }
        let last = blocks.layers.len();
        if let Some(product) = &blocks.product {
            let caption = match blocks.layers.last().and_then(|l| l.derivative.as_ref()) {
                Some(_) => format!("dA[{last}] ∘ g′(Z[{last}])"),
                None => format!("dZ[{last}] from dA[{last}]"),
            };
            matrices.add("product", &caption, [&inputs, &examples()], product);
        }
        matrices.add("Y", "Y", [&inputs, &examples()], &blocks.y);
        matrices.add("losses", "ℒ", [&Side::new(ONE), &examples()], &blocks.losses);
        let one = Side::new(ONE);
        let costs = [("J", "J", blocks.cost), ("new J", "new J", blocks.cost_after)];
        for (name, caption, cost) in costs {
            matrices.add(name, caption, [&one, &one], &ndarray::array![[cost]]);
        }
        matrices.caption("A[0]", "X = A[0]");
        matrices.caption(&format!("A[{last}]"), &format!("AL = A[{last}]"));
        matrices
    }

    fn add_layer<F: Float>(
        &mut self,
        l: usize,
        layer: &LayerBlocks<F>,
        [inputs, units]: [&Side; 2],
    ) {
        let (examples, one) = (Side::new(EXAMPLE), Side::new(ONE));
        let of_inputs = [("A", &layer.a_prev), ("dA", &layer.da_prev)];
        let of_units = [("Z", &layer.z), ("A", &layer.a), ("dA", &layer.da), ("dZ", &layer.dz)];
        for (name, matrix) in of_inputs {
            let name = format!("{name}[{}]", l - 1);
            self.add(&name, &name, [inputs, &examples], matrix);
        }
        for (name, matrix) in of_units {
            let name = format!("{name}[{l}]");
            self.add(&name, &name, [units, &examples], matrix);
        }
        if let Some(derivative) = &layer.derivative {
            let name = format!("g′[{l}]");
            self.add(&name, &format!("g′(Z[{l}])"), [units, &examples], derivative);
        }
        let (dw, db) = (format!("dW[{l}]"), format!("db[{l}]"));
        self.add(&dw, &dw, [units, inputs], &layer.gradients.dw);
        self.add(&db, &db, [units, &one], &layer.gradients.db);
    }

    fn add_parameters<F: Float>(
        &mut self,
        l: usize,
        (layer, updated): (&Layer<F>, &Layer<F>),
        [inputs, units]: [&Side; 2],
    ) {
        let one = Side::new(ONE);
        for (name, layer) in [("", layer), ("new ", updated)] {
            let (w, b) = (format!("{name}W[{l}]"), format!("{name}b[{l}]"));
            self.add(&w, &w, [units, inputs], &layer.w);
            self.add(&b, &b, [units, &one], &layer.b);
        }
    }

    fn add<F: Float>(
        &mut self,
        name: &str,
        caption: &str,
        [rows, columns]: [&Side; 2],
        numbers: &ArrayRef2<F>,
    ) {
        let matrix = Matrix::new(caption, [rows, columns], numbers);
        self.0.insert(name.to_string(), matrix);
    }

    fn caption(&mut self, name: &str, caption: &str) {
        if let Some(matrix) = self.0.get_mut(name) {
            matrix.caption = caption.to_string();
        }
    }

    /// Returns the table of a matrix and what follows it, if there is a matrix of this name.
    pub fn table(&self, name: &str, made: bool, after: &str) -> Option<String> {
        let class = if made { " class=\"made\"" } else { "" };
        let table = self.0.get(name)?.table();
        Some(format!(
            "<div class=\"matrix\"><table data-name=\"{name}\"{class}>{table}</table>{after}\
             </div>\n"
        ))
    }

    /// Returns the numbers of all matrices, for the script.
    pub fn data(&self) -> Value {
        self.0.iter().map(|(name, matrix)| (name.clone(), matrix.data())).collect()
    }
}

impl Matrix {
    fn new<F: Float>(caption: &str, [rows, columns]: [&Side; 2], numbers: &ArrayRef2<F>) -> Self {
        let values = numbers.mapv(decimal);
        let decimals = decimals(values.iter().copied());
        let rows_of = |row: ndarray::ArrayView1<'_, f64>| row.mapv(number).to_vec();
        let texts_of =
            |row: ndarray::ArrayView1<'_, f64>| row.iter().map(|&x| text(x, decimals)).collect();
        Self {
            caption: caption.to_string(),
            rows: rows.clone(),
            columns: columns.clone(),
            numbers: values.rows().into_iter().map(rows_of).collect(),
            texts: values.rows().into_iter().map(texts_of).collect(),
        }
    }

    fn shape(&self) -> (usize, usize) {
        (self.numbers.len(), self.numbers.first().map_or(0, Vec::len))
    }

    fn data(&self) -> Value {
        json!({ "name": self.caption, "numbers": self.numbers })
    }

    /// Returns the content of the table.
    fn table(&self) -> String {
        let (rows, columns) = self.shape();
        let mut table = format!(
            "<caption><b>{}</b> <span>({rows}, {columns})</span>{}</caption>\n<thead><tr><td></td>",
            layered(&self.caption),
            self.sides()
        );
        for j in 0..columns {
            table += &header(&self.columns, j, "col");
        }
        table += "</tr></thead>\n<tbody>\n";
        for (i, texts) in self.texts.iter().enumerate() {
            let _ = write!(table, "<tr>{}", header(&self.rows, i, "row"));
            for text in texts {
                let _ = write!(table, "<td>{text}</td>");
            }
            table += "</tr>\n";
        }
        table + "</tbody>"
    }

    /// Says what the rows and the columns are.
    fn sides(&self) -> String {
        match (self.rows.what, self.columns.what) {
            ("", "") => String::new(),
            ("", what) | (what, "") => format!("<small>{what}s</small>"),
            (rows, columns) => format!("<small>{rows}s × {columns}s</small>"),
        }
    }
}

/// The header of a row or a column. A screen reader reads what it is, too.
fn header(side: &Side, index: usize, scope: &str) -> String {
    if side.what == ONE {
        return format!("<th scope=\"{scope}\"></th>");
    }
    let (what, number) = (side.what, index + 1);
    let name = side.names.get(index).map(|name| format!(" <bdi>{}</bdi>", escaped(name)));
    let name = name.unwrap_or_default();
    format!("<th scope=\"{scope}\"><span class=\"unseen\">{what} </span>{number}{name}</th>")
}

/// Raises the numbers of layers: `W[1]` becomes `W<sup>[1]</sup>`. The text is trusted.
pub(super) fn layered(text: &str) -> String {
    text.replace('[', "<sup>[").replace(']', "]</sup>")
}

/// The decimal number that an `f32` or `f64` prints as, which is the same number again if it is
/// read in its own type.
fn decimal<F: Float>(x: F) -> f64 {
    format!("{x:e}").parse().unwrap_or_else(|_| x.as_f64())
}

/// A number of the data. JSON has no NaN and no infinity.
fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { json!(text(x, None)) }
}

/// The decimals with which all numbers of a matrix are legible, if there are any.
fn decimals(numbers: impl Iterator<Item = f64> + Clone) -> Option<usize> {
    let sizes = numbers.clone().map(f64::abs).filter(|&size| size != 0.0 && size.is_finite());
    let (least, largest) =
        sizes.fold((f64::INFINITY, 0.0_f64), |(a, b), size| (a.min(size), b.max(size)));
    let most = match least {
        _ if largest >= 1e5 || (largest >= 1e3 && least < 1.0) => return None,
        least if least < 1e-4 => return None,
        least if least < 1e-3 => 6,
        least if least < 1e-2 => 5,
        least if least < 1.0 => 4,
        least if least < 10.0 => 3,
        _ => 2,
    };
    // A product such as 0.1·3, which is not exactly 0.3, shows as 0.3.
    let is_exact = |x: f64, decimals: usize| {
        let shown: f64 = format!("{x:.decimals$}").parse().unwrap_or(f64::NAN);
        !x.is_finite() || (x - shown).abs() <= 1e-6 * x.abs()
    };
    Some((0..most).find(|&decimals| numbers.clone().all(|x| is_exact(x, decimals))).unwrap_or(most))
}

/// A number in a cell, with a true minus sign.
fn text(x: f64, decimals: Option<usize>) -> String {
    if x.is_nan() {
        return "NaN".to_string();
    }
    let size = x.abs();
    let text = match decimals {
        _ if size == 0.0 => "0".to_string(),
        _ if size.is_infinite() => "∞".to_string(),
        Some(decimals) => format!("{size:.decimals$}"),
        None => four_digits(size),
    };
    if x < 0.0 { format!("−{text}") } else { text }
}

/// Four significant digits, without zeros at the end.
fn four_digits(size: f64) -> String {
    let scientific = format!("{size:.3e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    match exponent {
        -4..=5 => trimmed(&format!("{size:.*}", usize::try_from(3 - exponent).unwrap_or(0))),
        _ => format!("{}e{}", trimmed(digits), exponent.to_string().replace('-', "−")),
    }
}

#[cfg(test)]
mod tests {
    use super::{decimals, text};

    fn texts(numbers: &[f64]) -> Vec<String> {
        let decimals = decimals(numbers.iter().copied());
        numbers.iter().map(|&x| text(x, decimals)).collect()
    }

    #[test]
    fn numbers_of_a_matrix_have_the_same_decimals() {
        assert_eq!(texts(&[1.0, -2.0, 0.0]), ["1", "−2", "0"]);
        assert_eq!(texts(&[0.5, -2.0, -0.0]), ["0.5", "−2.0", "0"]);
        assert_eq!(texts(&[0.123456, 10.0]), ["0.1235", "10.0000"]);
        assert_eq!(texts(&[0.00123456, 0.5]), ["0.00123", "0.50000"]);
        assert_eq!(texts(&[12345.678, 77.0824]), ["12345.68", "77.08"]);
        assert_eq!(texts(&[0.1 + 0.2, -1.0]), ["0.3", "−1.0"]);
    }

    #[test]
    fn numbers_of_different_sizes_have_four_digits() {
        assert_eq!(texts(&[1.23456e-7, 0.5, 120.0]), ["1.235e−7", "0.5", "120"]);
        assert_eq!(texts(&[-1.23456e8, 123456.0, 9.9999]), ["−1.235e8", "123456", "10"]);
        assert_eq!(texts(&[2000.0, 0.123456]), ["2000", "0.1235"]);
    }

    #[test]
    fn numbers_that_are_not_finite_are_shown() {
        assert_eq!(texts(&[f64::NAN, -f64::INFINITY, 0.25]), ["NaN", "−∞", "0.25"]);
    }
}
