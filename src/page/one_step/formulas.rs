//! The formulas of activations and costs, in TeX for the page and as templates for a number.
//!
//! The script puts numbers into a template: `{Z[1] i k}` is the number of `Z[1]` in row i and
//! column k, and `⟦4|…⟧` a sum of four terms, for k from 0 to 3. Row and column of the number that
//! the template explains are i and j. A minus in front of a name (`{-Z[1] i k}`) writes a negative
//! number without parentheses.

use crate::activation::Activation;
use crate::cost::Cost;

/// Formulas and templates of a function and its derivative.
pub(super) struct Formulas {
    pub value: String,
    pub derivative: String,
    pub value_terms: String,
    pub derivative_terms: String,
}

impl Formulas {
    fn new([value, value_terms, derivative, derivative_terms]: [&str; 4]) -> Self {
        Self {
            value: value.to_string(),
            derivative: derivative.to_string(),
            value_terms: value_terms.to_string(),
            derivative_terms: derivative_terms.to_string(),
        }
    }

    /// Whether the derivative follows from `A`, of layer `l`.
    pub fn needs_output(&self, l: usize) -> bool {
        self.derivative_terms.contains(&format!("A[{l}]"))
    }

    /// The same with the number of a constant.
    fn with(mut self, constant: char, number: f64) -> Self {
        let text = number.to_string().replace('-', "−");
        self.value += &format!(r",\quad {constant} = {text}");
        for terms in [&mut self.value_terms, &mut self.derivative_terms] {
            *terms = terms.replace(constant, &text);
        }
        self
    }

    /// Names the matrices of layer `l` with `units` units in the templates.
    ///
    /// Before, `{Z}` is the number of `Z` in row i and column j, and `{Z:k}` in row k.
    fn in_layer(mut self, l: usize, units: usize) -> Self {
        for terms in [&mut self.value_terms, &mut self.derivative_terms] {
            *terms = terms.replace("⟦n|", &format!("⟦{units}|"));
            for name in ["Z", "A", "dA", "Y"] {
                let full = if name == "Y" { "Y".to_string() } else { format!("{name}[{l}]") };
                *terms = terms
                    .replace(&format!("{{{name}}}"), &format!("{{{full} i j}}"))
                    .replace(&format!("{{-{name}}}"), &format!("{{-{full} i j}}"))
                    .replace(&format!("{{{name}:k}}"), &format!("{{{full} k j}}"))
                    .replace(&format!("{{-{name}:k}}"), &format!("{{-{full} k j}}"));
            }
        }
        self
    }
}

/// Returns `a = g(z)` and `g'(z)`, of softmax `dz`.
pub(super) fn activation(activation: Activation, l: usize, units: usize) -> Formulas {
    of_activation(activation).in_layer(l, units)
}

fn of_activation(activation: Activation) -> Formulas {
    match activation {
        Activation::Relu => Formulas::new([
            r"g(z) = \max(0, z)",
            "max(0, {-Z})",
            r"g^′(z) = 1 \text{ if } z > 0\text{, else } 0",
            "1 if {-Z} > 0, else 0",
        ]),
        Activation::Sigmoid => Formulas::new([
            r"g(z) = \frac{1}{1 + e^{−z}}",
            "1 / (1 + e^(−{Z}))",
            "g^′(z) = a(1 − a)",
            "{A}·(1 − {A})",
        ]),
        Activation::Tanh => Formulas::new([
            r"g(z) = \tanh z = \frac{e^z − e^{−z}}{e^z + e^{−z}}",
            "tanh({-Z})",
            "g^′(z) = 1 − a^2",
            "1 − {A}²",
        ]),
        Activation::LeakyRelu(slope) => Formulas::new([
            r"g(z) = z \text{ if } z > 0\text{, else } αz",
            "{-Z} if {-Z} > 0, else α·{Z}",
            r"g^′(z) = 1 \text{ if } z > 0\text{, else } α",
            "1 if {-Z} > 0, else α",
        ])
        .with('α', slope),
        Activation::Identity => Formulas::new(["g(z) = z", "{-Z}", "g^′(z) = 1", "1"]),
        Activation::Softmax => Formulas::new([
            r"a_i = \frac{e^{z_i}}{\sum_k e^{z_k}}",
            "e^{Z} / (⟦n|e^{Z:k}⟧)",
            r"dz_i = a_i (da_i − \sum_k a_k da_k)",
            "{A}·({-dA} − (⟦n|{A:k}·{dA:k}⟧))",
        ]),
        Activation::Exponential => Formulas::new(["g(z) = e^z", "e^{Z}", "g^′(z) = a", "{-A}"]),
        Activation::Softplus => Formulas::new([
            r"g(z) = \ln(1 + e^z)",
            "ln(1 + e^{Z})",
            "g^′(z) = 1 − e^{−a}",
            "1 − e^(−{A})",
        ]),
        Activation::Elu(alpha) => Formulas::new([
            r"g(z) = z \text{ if } z > 0\text{, else } α(e^z − 1)",
            "{-Z} if {-Z} > 0, else α·(e^{Z} − 1)",
            r"g^′(z) = 1 \text{ if } z > 0\text{, else } a + α",
            "1 if {-Z} > 0, else {-A} + α",
        ])
        .with('α', alpha),
        Activation::Silu => Formulas::new([
            r"g(z) = zs,\quad s = \frac{1}{1 + e^{−z}}",
            "{Z}·s, s = 1 / (1 + e^(−{Z}))",
            "g^′(z) = s(1 + z(1 − s))",
            "s·(1 + {Z}·(1 − s)), s = 1 / (1 + e^(−{Z}))",
        ]),
        Activation::Gelu => Formulas::new([
            "g(z) = zΦ(z)",
            "{Z}·Φ({-Z})",
            "g^′(z) = Φ(z) + zφ(z)",
            "Φ({-Z}) + {Z}·φ({-Z})",
        ]),
        Activation::GeluTanh => Formulas::new([
            concat!(
                r"g(z) = zs,\quad s = \frac{1}{1 + e^{−v}},",
                r"\quad v = \sqrt{\frac{8}{π}}(z + 0.044715z^3)"
            ),
            "{Z}·s, v = √(8/π)·({-Z} + 0.044715·{Z}³)",
            "g^′(z) = s(1 + zv^′(1 − s))",
            "s·(1 + {Z}·v′·(1 − s)), v = √(8/π)·({-Z} + 0.044715·{Z}³)",
        ]),
    }
}

/// Returns the loss of one example, a sum over its outputs, and `dAL`.
pub(super) fn cost(cost: &Cost, l: usize, outputs: usize) -> Formulas {
    let mut formulas = of_cost(cost).in_layer(l, outputs);
    let sum = if outputs > 1 { r"\sum_k " } else { "" };
    formulas.value = format!("ℒ = {sum}{}", formulas.value);
    formulas.value_terms = format!("⟦{outputs}|{}⟧", formulas.value_terms);
    formulas
}

fn of_cost(cost: &Cost) -> Formulas {
    match *cost {
        Cost::BinaryCrossEntropy => Formulas::new([
            r"−(y \ln a + (1 − y) \ln(1 − a))",
            "−({Y:k}·ln({-A:k}) + (1 − {Y:k})·ln(1 − {A:k}))",
            r"da = −(\frac{y}{a} − \frac{1 − y}{1 − a})",
            "−({Y}/{A} − (1 − {Y})/(1 − {A}))",
        ]),
        Cost::CategoricalCrossEntropy => {
            Formulas::new([r"(−y \ln a)", "(−{Y:k}·ln({-A:k}))", r"da = −\frac{y}{a}", "−{Y}/{A}"])
        }
        Cost::MeanSquaredError => {
            Formulas::new(["(a − y)^2", "({-A:k} − {Y:k})²", "da = 2(a − y)", "2·({-A} − {Y})"])
        }
        Cost::MeanAbsoluteError => Formulas::new([
            "|a − y|",
            "|{-A:k} − {Y:k}|",
            r"da = 1 \text{ if } a > y\text{, } −1 \text{ if } a < y",
            "1 if {-A} > {-Y}, −1 if {-A} < {-Y}",
        ]),
        Cost::Huber { delta } => Formulas::new([
            concat!(
                r"h(a − y),\quad h(r) = \frac{r^2}{2} \text{ if } |r| ≤ δ",
                r"\text{, else } δ(|r| − \frac{δ}{2})"
            ),
            "h({-A:k} − {Y:k})",
            r"da = a − y\text{, at most } δ\text{ and at least } −δ",
            "{-A} − {Y}, at most δ and at least −δ",
        ])
        .with('δ', delta),
        Cost::Quantile { quantile } => Formulas::new([
            r"h(a − y),\quad h(r) = (1 − q)r \text{ if } r > 0\text{, else } −qr",
            "h({-A:k} − {Y:k})",
            r"da = 1 − q \text{ if } a > y\text{, } −q \text{ if } a < y",
            "1 − q if {-A} > {-Y}, −q if {-A} < {-Y}",
        ])
        .with('q', quantile),
        Cost::Poisson => Formulas::new([
            r"(a − y \ln a)",
            "({-A:k} − {Y:k}·ln({-A:k}))",
            r"da = 1 − \frac{y}{a}",
            "1 − {Y}/{A}",
        ]),
    }
}

/// Returns the template of `dZ` of the outputs, where it has a shorter formula.
pub(super) fn short_dz(output: Activation, l: usize, outputs: usize) -> String {
    match output {
        Activation::Softmax => {
            format!("{{A[{l}] i j}}·(⟦{outputs}|{{Y k j}}⟧) − {{Y i j}}")
        }
        _ => format!("{{-A[{l}] i j}} − {{Y i j}}"),
    }
}
