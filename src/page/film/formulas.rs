//! The formulas of the section that explains the page, in MathML.

use crate::cost::Cost;
use crate::page::html::formula;

/// The forward pass of a layer.
pub(super) fn forward() -> String {
    let [z, w, b, a, g] = ["Z", "W", "b", "A", "g"].map(|name| of_layer(name, "<mi>l</mi>"));
    let previous = of_layer("A", "<mi>l</mi><mo>−</mo><mn>1</mn>");
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
    let term = match cost {
        Cost::BinaryCrossEntropy => {
            let one_minus = |name: &str| parenthesized(&format!("<mn>1</mn><mo>−</mo>{name}"));
            let (y, a) = (one_minus("<mi>y</mi>"), one_minus("<mi>a</mi>"));
            let (ln_a, ln_rest) = (logarithm("<mi>a</mi>"), logarithm(&a));
            parenthesized(&format!("<mi>y</mi>{ln_a}<mo>+</mo>{y}{ln_rest}"))
        }
        Cost::CategoricalCrossEntropy => format!("<mi>y</mi>{}", logarithm("<mi>a</mi>")),
        Cost::MeanSquaredError => {
            format!("<msup><mrow>{}</mrow><mn>2</mn></msup>", parenthesized(ERROR))
        }
        Cost::MeanAbsoluteError => format!("<mo>|</mo>{ERROR}<mo>|</mo>"),
        Cost::Huber { delta } => {
            format!("<msub><mi>h</mi><mn>{delta}</mn></msub>{}", parenthesized(ERROR))
        }
        Cost::Quantile { quantile } => {
            format!("<msub><mi>ρ</mi><mn>{quantile}</mn></msub>{}", parenthesized(ERROR))
        }
        Cost::Poisson => {
            let logarithm = logarithm("<mi>a</mi>");
            parenthesized(&format!("<mi>a</mi><mo>−</mo><mi>y</mi>{logarithm}"))
        }
    };
    let is_likelihood = matches!(cost, Cost::BinaryCrossEntropy | Cost::CategoricalCrossEntropy);
    let sign = if is_likelihood { "<mo>−</mo>" } else { "" };
    formula(&format!(
        "<mi>J</mi><mo>=</mo>{sign}<mfrac><mn>1</mn><mi>m</mi></mfrac><mo>∑</mo>{term}"
    ))
}

const ERROR: &str = "<mi>y</mi><mo>−</mo><mi>a</mi>";

fn parenthesized(content: &str) -> String {
    format!("<mo>(</mo>{content}<mo>)</mo>")
}

fn logarithm(argument: &str) -> String {
    format!("<mspace width=\"0.15em\"/><mi>ln</mi><mspace width=\"0.1em\"/>{argument}")
}
