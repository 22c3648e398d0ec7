//! The formulas of the section that explains the page, in TeX.

use crate::cost::Cost;

/// The forward pass of a layer.
pub(super) const FORWARD: &str =
    r"Z^{[l]} = W^{[l]} A^{[l − 1]} + b^{[l]} \text{     } A^{[l]} = g^{[l]}(Z^{[l]})";

/// The norm of the gradient of a layer.
pub(super) const NORM: &str = r"\sqrt{{‖dW^{[l]}‖}^2 + {‖db^{[l]}‖}^2}";

/// The cost `J`, where the sum runs over examples and outputs.
pub(super) fn cost(cost: &Cost) -> String {
    let (sign, term) = match cost {
        Cost::BinaryCrossEntropy => ("−", r"(y \ln a + (1 − y) \ln(1 − a))".to_string()),
        Cost::CategoricalCrossEntropy => ("−", r"y \ln a".to_string()),
        Cost::MeanSquaredError => ("", "{(y − a)}^2".to_string()),
        Cost::MeanAbsoluteError => ("", "|y − a|".to_string()),
        Cost::Huber { delta } => ("", format!("h_{{{delta}}}(y − a)")),
        Cost::Quantile { quantile } => ("", format!("ρ_{{{quantile}}}(y − a)")),
        Cost::Poisson => ("", r"(a − y \ln a)".to_string()),
    };
    format!(r"J = {sign}\frac{{1}}{{m}} \sum {term}")
}
