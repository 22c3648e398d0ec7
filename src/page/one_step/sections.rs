//! The sections of a page, one for each block of a step.

use super::blocks::{self, Blocks};
use super::formulas;
use crate::Float;
use crate::activation::Activation;
use crate::cost::Cost;
use crate::page::math::math;

/// What the sections say about the network, apart from its numbers.
pub(super) struct Step {
    pub layers: Vec<LayerOf>,
    cost: Cost,
    learning_rate: f64,
    examples: usize,
    /// Whether `dZ` of the outputs has a shorter formula, and whether both give the same numbers.
    short_dz: bool,
    formulas_agree: bool,
    /// "falls", "rises" or "does not change".
    change: &'static str,
}

pub(super) struct LayerOf {
    pub units: usize,
    pub inputs: usize,
    pub activation: Activation,
    /// Whether the cache borrows `A_prev`.
    lent: bool,
}

impl Step {
    pub fn new<F: Float>(blocks: &Blocks<F>, cost: &Cost, learning_rate: f64) -> Self {
        let layer = |layer: &blocks::LayerBlocks<F>| LayerOf {
            units: layer.z.nrows(),
            inputs: layer.a_prev.nrows(),
            activation: layer.activation,
            lent: layer.lent,
        };
        let change = match blocks.cost_after.partial_cmp(&blocks.cost) {
            Some(std::cmp::Ordering::Less) => "falls",
            Some(std::cmp::Ordering::Greater) => "rises",
            Some(std::cmp::Ordering::Equal) => "does not change",
            None => "is not a number",
        };
        Self {
            layers: blocks.layers.iter().map(layer).collect(),
            cost: cost.clone(),
            learning_rate,
            examples: blocks.y.ncols(),
            short_dz: blocks.product.is_some(),
            formulas_agree: blocks.formulas_agree(),
            change,
        }
    }

    fn last(&self) -> usize {
        self.layers.len()
    }

    fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.units)
    }

    fn is_of_course(&self) -> bool {
        let output = self.layers.last();
        output.is_some_and(|output| blocks::is_of_course(&self.cost, output.activation))
    }

    fn rate(&self) -> String {
        self.learning_rate.to_string().replace('-', "−")
    }

    /// The number of the step that reads the cache of the activation of layer `l`. The next step
    /// reads the cache of its linear step.
    fn back(&self, l: usize) -> usize {
        4 + 4 * self.last() - 2 * l
    }
}

/// The part of a step that a section belongs to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    Start,
    Forward,
    Backward,
    Update,
}

impl Part {
    pub fn name(self) -> &'static str {
        match self {
            Part::Start => "start",
            Part::Forward => "forward",
            Part::Backward => "backward",
            Part::Update => "update",
        }
    }
}

/// A section. Its texts and formulas are HTML, except that names such as `W[1]` have no raised
/// numbers yet.
pub(super) struct Section {
    pub part: Part,
    /// The column in the map of the steps.
    pub column: usize,
    pub heading: String,
    /// The name of the block and what it makes, for the map.
    pub block: [String; 2],
    /// What the block gives to the one below it in the map.
    pub gives: &'static str,
    pub call: String,
    pub text: String,
    pub cache: String,
    pub equations: Vec<Equation>,
}

/// A formula with its matrices. The first piece is the matrix that it makes. The others are names
/// of matrices, with ᵀ if they are transposed, and operators.
pub(super) struct Equation {
    pub formula: String,
    pub pieces: Vec<String>,
    /// The sum in words, in which {i} and {j} are row and column from 1, and as a template.
    pub sum: Option<[String; 2]>,
}

impl Equation {
    /// A block with formulas, which `\quad` separates.
    fn new(tex: &str, pieces: &[&str], words: impl Into<String>, terms: impl Into<String>) -> Self {
        Self {
            formula: tex.split(r",\quad ").map(math).collect(),
            sum: Some([words.into(), terms.into()]),
            ..Self::given(pieces)
        }
    }

    /// Adds a note below the formula.
    fn note(mut self, note: &str) -> Self {
        if !note.is_empty() {
            self.formula += &format!("<p class=\"optional\">{note}</p>");
        }
        self
    }

    /// Matrices that no block of the section makes.
    fn given(pieces: &[&str]) -> Self {
        let pieces = pieces.iter().map(ToString::to_string).collect();
        Self { formula: String::new(), pieces, sum: None }
    }
}

/// Returns all sections, in the order of the step.
pub(super) fn all(step: &Step) -> Vec<Section> {
    let layers = || step.layers.iter().enumerate().map(|(i, layer)| (i + 1, layer));
    let mut sections = vec![start(step)];
    for (l, layer) in layers() {
        sections.extend([linear(step, l, layer), activation(step, l, layer)]);
    }
    sections.extend([cost(step), output_gradient(step)]);
    for (l, layer) in layers().rev() {
        sections.extend([activation_backward(step, l, layer), linear_backward(step, l, layer)]);
    }
    sections.extend(layers().map(|(l, _)| update(step, l)));
    sections.push(after(step));
    sections
}

fn start(step: &Step) -> Section {
    let last = step.last();
    let (forward, backward) = (2 * last + 1, 2 * last + 3);
    Section {
        part: Part::Start,
        column: 1,
        heading: "The batch".into(),
        block: ["batch".into(), "X, Y".into()],
        gives: "",
        call: String::new(),
        text: format!(
            "Each column of X is one example, each row one feature. Y holds the labels. The cost \
             is the {}, the learning rate α = {}. <code>l_model_forward</code> runs steps 2 to \
             {forward}, <code>l_model_backward</code> steps {backward} to {}. The page \
             shows rounded numbers, but computes with all digits.",
            step.cost,
            step.rate(),
            4 * last + 3
        ),
        cache: String::new(),
        equations: vec![Equation::given(&["A[0]", "Y"])],
    }
}

fn linear(step: &Step, l: usize, layer: &LayerOf) -> Section {
    let p = l - 1;
    let (a_prev, argument) = if layer.lent { ("X", "&x") } else { ("A_prev", "a_prev") };
    let [z, w, a, b] = [format!("Z[{l}]"), format!("W[{l}]"), format!("A[{p}]"), format!("b[{l}]")];
    let lends = match layer.lent {
        true => format!("It borrows {a} = X from the caller, and {w} and {b} from the parameters"),
        false => {
            format!("It owns {a}, which moved into it, and borrows {w} and {b} from the parameters")
        }
    };
    Section {
        part: Part::Forward,
        column: 2 * l,
        heading: format!("Layer {l}: linear step"),
        block: ["linear".into(), z.clone()],
        gives: "A, W, b",
        call: format!("let (z, cache) = forward::linear_forward({argument}, &w, &b)?;"),
        text: format!(
            "Row i of {w} holds the weights of unit i, and column j of {a_prev} is example j. Each \
             number of {z} is the product of a row and a column, plus the bias of the unit."
        ),
        cache: format!(
            "The cache holds {a}, {w} and {b}. {lends}. The parameters cannot \
             change until {} has read the cache.",
            link(step.back(l) + 1)
        ),
        equations: vec![Equation::new(
            &format!("Z^{{[{l}]}} = W^{{[{l}]}} A^{{[{p}]}} + b^{{[{l}]}}"),
            &[&z, "=", &w, "·", &a, "+", &b],
            format!("{w} row {{i}} · {a} column {{j}} + {b} row {{i}}"),
            format!("⟦{}|{{{w} i k}}·{{{a} k j}}⟧ + {{{b} i 0}}", layer.inputs),
        )],
    }
}

fn activation(step: &Step, l: usize, layer: &LayerOf) -> Section {
    let (a, z) = (format!("A[{l}]"), format!("Z[{l}]"));
    let formulas = formulas::activation(layer.activation, l, layer.units);
    let (text, words) = match layer.activation {
        Activation::Softmax => (
            "Softmax is applied to each column: its sum runs over the units of one example.",
            format!("softmax of {z} column {{j}}, in row {{i}}"),
        ),
        _ => ("g is applied to each number by itself.", format!("g({z} row {{i}}, column {{j}})")),
    };
    Section {
        part: Part::Forward,
        column: 2 * l + 1,
        heading: format!("Layer {l}: activation ({})", layer.activation),
        block: [layer.activation.name().into(), a.clone()],
        gives: "Z",
        call: format!("let a = {};", forward_call(layer.activation)),
        text: text.into(),
        cache: format!(
            "The cache holds {z} and the name of g, for {}. It owns {z}.",
            link(step.back(l))
        ),
        equations: vec![Equation::new(
            &format!(r"A^{{[{l}]}} = g(Z^{{[{l}]}}),\quad {}", formulas.value),
            &[&a, "= g (", &z, ")"],
            words,
            formulas.value_terms,
        )],
    }
}

/// The call of the course's function, if there is one.
fn forward_call(activation: Activation) -> String {
    match course_name(activation) {
        Some(name) => format!("activation::{name}(&z)?"),
        None => "activation.forward(&z)?".into(),
    }
}

fn backward_call(activation: Activation) -> String {
    match course_name(activation) {
        Some(name) => format!("activation::{name}_backward(da, &z)?"),
        None => "activation.backward(da, &z)?".into(),
    }
}

fn course_name(activation: Activation) -> Option<&'static str> {
    match activation {
        Activation::Relu => Some("relu"),
        Activation::Sigmoid => Some("sigmoid"),
        Activation::Tanh => Some("tanh"),
        _ => None,
    }
}

fn has_logarithm(cost: &Cost) -> bool {
    matches!(cost, Cost::BinaryCrossEntropy | Cost::CategoricalCrossEntropy | Cost::Poisson)
}

fn cost_call(cost: &Cost) -> &'static str {
    match cost {
        Cost::BinaryCrossEntropy => "let cost = cost::compute_cost(&al, &y)?;",
        _ => "let cost = cost.value(&al, &y)?;",
    }
}

fn cost(step: &Step) -> Section {
    let (l, m) = (step.last(), step.examples);
    let al = format!("A[{l}]");
    let formulas = formulas::cost(&step.cost, l, step.outputs());
    let bound = match has_logarithm(&step.cost) {
        true => " A logarithm below −100 counts as −100.",
        false => "",
    };
    Section {
        part: Part::Forward,
        column: 2 * l + 2,
        heading: "The cost".into(),
        block: ["cost".into(), "J".into()],
        gives: "",
        call: cost_call(&step.cost).into(),
        text: format!(
            "The {} of each example is its loss. The cost J is their mean over the m = {m} \
             examples.{bound}",
            step.cost
        ),
        cache: String::new(),
        equations: vec![
            Equation::new(
                &formulas.value,
                &["losses", "from", &al, ",", "Y"],
                format!("loss of {al} column {{j}} and Y column {{j}}"),
                formulas.value_terms,
            ),
            Equation::new(
                r"J = \frac{1}{m} \sum_{i=1}^{m} ℒ^{(i)}",
                &["J", "=", &format!("1/{m} · Σ"), "losses"],
                format!("1/{m} · Σ over the examples of the losses"),
                format!("1/{m}·(⟦{m}|{{losses 0 k}}⟧)"),
            ),
        ],
    }
}

fn output_gradient(step: &Step) -> Section {
    let l = step.last();
    let (al, dal) = (format!("A[{l}]"), format!("dA[{l}]"));
    let formulas = formulas::cost(&step.cost, l, step.outputs());
    let (call, divisor) = match step.is_of_course() {
        true => ("let dal = backward::output_gradient(&al, &y)?;", ""),
        false if has_logarithm(&step.cost) => {
            ("let dal = cost.gradient(&al, &y)?;", " A divisor of 0 is replaced by 1e−12.")
        }
        false => ("let dal = cost.gradient(&al, &y)?;", ""),
    };
    Section {
        part: Part::Backward,
        column: 2 * l + 2,
        heading: "The gradient of the outputs".into(),
        block: ["cost".into(), dal.clone()],
        gives: "",
        call: call.into(),
        text: format!(
            "Each number is the derivative of the loss of its example with respect to the output. \
             The division by m comes in {}.{divisor}",
            divisions(l)
        ),
        cache: String::new(),
        equations: vec![Equation::new(
            &formulas.derivative,
            &[&dal, "from", &al, ",", "Y"],
            format!("derivative of the loss at {al} and Y, row {{i}}, column {{j}}"),
            formulas.derivative_terms,
        )],
    }
}

/// The steps that divide by m, which make dW and db.
fn divisions(last: usize) -> String {
    let steps: Vec<_> = (1..=last).map(|i| (2 * last + 3 + 2 * i).to_string()).collect();
    match steps.split_last() {
        Some((last, [])) => format!("step {last}"),
        Some((last, others)) => format!("steps {} and {last}", others.join(", ")),
        None => String::new(),
    }
}

fn activation_backward(step: &Step, l: usize, layer: &LayerOf) -> Section {
    let is_short = l == step.last() && step.short_dz;
    let again = match formulas::activation(layer.activation, l, layer.units).needs_output(l) {
        true => format!(", from which A[{l}] = g(Z[{l}]) is computed again"),
        false => String::new(),
    };
    let mut equations = derivative(l, layer, if is_short { "product" } else { "" });
    let mut text = format!("The derivative of g brings dA[{l}] back through the activation.");
    if is_short {
        equations.push(short_dz(l, layer));
        text += &about_short_dz(step, l, layer);
    }
    Section {
        part: Part::Backward,
        column: 2 * l + 1,
        heading: format!("Layer {l}: back through the activation ({})", layer.activation),
        block: [layer.activation.name().into(), format!("dZ[{l}]")],
        gives: "",
        call: format!("let dz = {};", backward_call(layer.activation)),
        text,
        cache: format!("Z[{l}] comes from the cache of {}{again}.", link(2 * l + 1)),
        equations,
    }
}

/// The equations of `g'(Z)` and `dA ∘ g'(Z)`, which is `dZ` unless it has another name.
fn derivative(l: usize, layer: &LayerOf, name: &str) -> Vec<Equation> {
    let [g, z, a, da] =
        [format!("g′[{l}]"), format!("Z[{l}]"), format!("A[{l}]"), format!("dA[{l}]")];
    let (dz, made) = match name {
        "" => (format!("dZ[{l}]"), format!("dZ^{{[{l}]}} = ")),
        name => (name.to_string(), String::new()),
    };
    let formulas = formulas::activation(layer.activation, l, layer.units);
    if layer.activation == Activation::Softmax {
        let words = format!("{a} row {{i}} · ({da} row {{i}} − {a} · {da}), column {{j}}");
        let pieces = [&*dz, "from", &a, ",", &da];
        return vec![Equation::new(
            &formulas.derivative,
            &pieces,
            words,
            formulas.derivative_terms,
        )];
    }
    let (mut sources, mut at) = (vec![&*g, "from", &z], String::new());
    if formulas.needs_output(l) {
        sources.extend([",", &a]);
        at = format!(" with a = g(z) = {a} row {{i}}, column {{j}}");
    }
    vec![
        Equation::new(
            &formulas.derivative,
            &sources,
            format!("g′({z} row {{i}}, column {{j}}){at}"),
            formulas.derivative_terms,
        ),
        Equation::new(
            &format!("{made}dA^{{[{l}]}} ∘ g^{{[{l}]′}}(Z^{{[{l}]}})"),
            &[&dz, "=", &da, "∘", &g],
            format!("{da} row {{i}}, column {{j}} · g′({z} row {{i}}, column {{j}})"),
            format!("{{{da} i j}}·{{{g} i j}}"),
        ),
    ]
}

fn short_dz(l: usize, layer: &LayerOf) -> Equation {
    let (dz, al) = (format!("dZ[{l}]"), format!("A[{l}]"));
    Equation::new(
        &format!("dZ^{{[{l}]}} = A^{{[{l}]}} − Y"),
        &[&dz, "=", &al, "−", "Y"],
        format!("{al} row {{i}}, column {{j}} − Y row {{i}}, column {{j}}"),
        formulas::short_dz(layer.activation, l, layer.units),
    )
}

fn about_short_dz(step: &Step, l: usize, layer: &LayerOf) -> String {
    let function = if step.is_of_course() { "l_model_backward" } else { "backpropagate" };
    let labels = match layer.activation {
        Activation::Softmax => " (for labels that sum to 1)",
        _ => "",
    };
    let agree = match step.formulas_agree {
        true => "is the same number, without a division",
        false => {
            "stays exact here, where an output is so close to its limit that the product fails"
        }
    };
    format!(
        " Training skips this product: after {} outputs, <code>{function}</code> starts at \
         A[{l}] − Y{labels}, which {agree}. {} goes on with dZ[{l}] = A[{l}] − Y.",
        layer.activation,
        link(step.back(l) + 1).replace(">s", ">S")
    )
}

fn linear_backward(step: &Step, l: usize, layer: &LayerOf) -> Section {
    let (p, m) = (l - 1, step.examples);
    let [dz, dw, db] = ["dZ", "dW", "db"].map(|name| format!("{name}[{l}]"));
    let [a, w, da] = [format!("A[{p}]"), format!("W[{l}]"), format!("dA[{p}]")];
    let mean = format!("= 1/{m} ·");
    let unneeded = match l {
        1 => " dA[0] is the gradient of X.",
        _ => "",
    };
    Section {
        part: Part::Backward,
        column: 2 * l,
        heading: format!("Layer {l}: back through the linear step"),
        block: ["linear".into(), format!("{dw}, {db}")],
        gives: "dW, db",
        call: "let (da_prev, gradients) = backward::linear_backward(&dz, &cache)?;".into(),
        text: format!(
            "{dw} and {db} are means over the {m} examples. The gradient of the weight in row i \
             and column j is the mean of {dz} of unit i times input j. {da} is a sum over the \
             units.{unneeded}"
        ),
        cache: format!("{a} and {w} come from the cache of {}.", link(2 * l)),
        equations: vec![
            Equation::new(
                &format!(r"dW^{{[{l}]}} = \frac{{1}}{{m}} dZ^{{[{l}]}} A^{{[{p}]T}}"),
                &[&dw, &mean, &dz, "·", &format!("{a}ᵀ")],
                format!(
                    "1/{m} · {dz} row {{i}} · {a} row {{j}} (a row, because of the T), over the \
                     examples"
                ),
                format!("1/{m}·(⟦{m}|{{{dz} i k}}·{{{a} j k}}⟧)"),
            ),
            Equation::new(
                &format!(r"db^{{[{l}]}} = \frac{{1}}{{m}} \sum_{{i=1}}^{{m}} dZ^{{[{l}](i)}}"),
                &[&db, &format!("{mean} Σ"), &dz],
                format!("1/{m} · Σ of {dz} row {{i}}, over the examples"),
                format!("1/{m}·(⟦{m}|{{{dz} i k}}⟧)"),
            ),
            Equation::new(
                &format!("dA^{{[{p}]}} = W^{{[{l}]T}} dZ^{{[{l}]}}"),
                &[&da, "=", &format!("{w}ᵀ"), "·", &dz],
                format!("{w} column {{i}} (a column, because of the T) · {dz} column {{j}}"),
                format!("⟦{}|{{{w} k i}}·{{{dz} k j}}⟧", layer.units),
            )
            .note(if l == 1 { "Optional: training skips it." } else { "" }),
        ],
    }
}

fn update(step: &Step, l: usize) -> Section {
    let rate = step.rate();
    let equation = |name: &str, at: &str| {
        let (new, old, d) =
            (format!("new {name}[{l}]"), format!("{name}[{l}]"), format!("d{name}[{l}]"));
        Equation::new(
            &format!("{name}^{{[{l}]}} ← {name}^{{[{l}]}} − α d{name}^{{[{l}]}}"),
            &[&new, "=", &old, &format!("− {rate} ·"), &d],
            format!("{old} {at} − α · {d} {at}"),
            format!("{{-{old} i j}} − {rate}·{{{d} i j}}"),
        )
    };
    Section {
        part: Part::Update,
        column: 2 * l,
        heading: format!("Layer {l}: update"),
        block: ["update".into(), format!("W[{l}], b[{l}]")],
        gives: "",
        call: format!("update::update_parameters(&mut parameters, &gradients, {rate})?;"),
        text: format!(
            "Each weight and each bias takes a step against its gradient, with the learning rate \
             α = {rate}. One call updates all layers."
        ),
        cache: String::new(),
        equations: vec![equation("W", "row {i}, column {j}"), equation("b", "row {i}")],
    }
}

fn after(step: &Step) -> Section {
    Section {
        part: Part::Update,
        column: 2 * step.last() + 2,
        heading: "After the step".into(),
        block: ["cost".into(), "new J".into()],
        gives: "",
        call: cost_call(&step.cost).into(),
        text: format!(
            "The updated parameters go through the same blocks with the same batch. The cost {}.",
            step.change
        ),
        cache: String::new(),
        equations: vec![Equation::given(&["J", "→", "new J"])],
    }
}

fn link(step: usize) -> String {
    format!("<a href=\"#step-{step}\">step {step}</a>")
}
