//! The formulas of the section that explains the page, in MathML.

use crate::cost::Cost;
use crate::page::html::formula;

/// The forward pass of a layer.
pub(super) fn forward() -> String {
    let [z, w, b, a, g] = ["Z", "W", "b", "A", "g"].map(|name| of_layer(name, "<mi>l</mi>"));
    let previous = of_layer("A", "<mi>l</mi><mo>-</mo><mn>1</mn>");
    formula(&format!(
        "{z}<mo>=</mo>{w}{previous}<mo>+</mo>{b}<mspace width=\"2em\"/>\
         {a}<mo>=</mo>{g}<mo>(</mo>{z}<mo>)</mo>"
    ))
}

/// The norm of the gradient of a layer.
pub(super) fn norm() -> String {
    let [dw, db] = ["dW", "db"].map(|name| {
        let norm = format!("<mrow><mo>‖</mo>{}<mo>‖</mo></mrow>", of_layer(name, "<mi>l</mi>"));
        format!("<msup>{norm}<mn>2</mn></msup>")
    });
    formula(&format!("<msqrt>{dw}<mo>+</mo>{db}</msqrt>"))
}

/// A name with the formula of its layer.
fn of_layer(name: &str, layer: &str) -> String {
    format!("<msup><mi>{name}</mi><mrow><mo>[</mo>{layer}<mo>]</mo></mrow></msup>")
}

/// The cost `J`, where the sum runs over examples and outputs.
pub(super) fn cost(cost: &Cost) -> String {
    let (sign, term) = match cost {
        Cost::BinaryCrossEntropy => (
            "<mo>-</mo>",
            "<mo>(</mo><mi>y</mi><mi>ln</mi><mi>a</mi><mo>+</mo>\
             <mo>(</mo><mn>1</mn><mo>-</mo><mi>y</mi><mo>)</mo>\
             <mi>ln</mi><mo>(</mo><mn>1</mn><mo>-</mo><mi>a</mi><mo>)</mo><mo>)</mo>"
                .to_string(),
        ),
        Cost::CategoricalCrossEntropy => {
            ("<mo>-</mo>", "<mi>y</mi><mi>ln</mi><mi>a</mi>".to_string())
        }
        Cost::MeanSquaredError => (
            "",
            "<msup><mrow><mo>(</mo><mi>a</mi><mo>-</mo><mi>y</mi><mo>)</mo></mrow><mn>2</mn></msup>"
                .to_string(),
        ),
        Cost::MeanAbsoluteError => ("", format!("<mo>|</mo>{DIFFERENCE}<mo>|</mo>")),
        Cost::Huber { delta } => (
            "",
            format!(
                "<msub><mi>h</mi><mn>{delta}</mn></msub><mo>(</mo>{DIFFERENCE}<mo>)</mo>"
            ),
        ),
        Cost::Quantile { quantile } => (
            "",
            format!("<msub><mi>ρ</mi><mn>{quantile}</mn></msub><mo>(</mo>{DIFFERENCE}<mo>)</mo>"),
        ),
        Cost::Poisson => {
            ("", "<mo>(</mo><mi>a</mi><mo>-</mo><mi>y</mi><mi>ln</mi><mi>a</mi><mo>)</mo>".to_string())
        }
    };
    formula(&format!(
        "<mi>J</mi><mo>=</mo>{sign}<mfrac><mn>1</mn><mi>m</mi></mfrac><mo>∑</mo>{term}"
    ))
}

const DIFFERENCE: &str = "<mi>y</mi><mo>-</mo><mi>a</mi>";
