//! The elements of the page. The script adds pictures and charts, and changes the figures.

use super::data::{MOST_POINTS, points_shown};
use super::formulas;
use super::kind::Kind;
use super::names::{Names, legible};
use super::run::{Figures, Run};
use crate::activation::Activation;
use crate::model::dataset::{Dataset, Evaluation};
use crate::page::html::escaped;
use crate::page::math::math;
use crate::{Float, Layer};

/// Returns the elements between the heading and the program.
pub(super) fn content<F: Float>(runs: &[Run<'_, F>], names: &Names) -> String {
    let abouts: Vec<_> = runs.iter().map(about).collect();
    // Two runs often have the same sizes and examples, which are then said once.
    let common = abouts.len() == 2 && abouts[0] == abouts[1];
    let sections: String = runs
        .iter()
        .zip(&abouts)
        .enumerate()
        .map(|(number, (run, about))| {
            let (about, of) = (if common { "" } else { about }, (number, runs.len()));
            section(of, run, about, names)
        })
        .collect();
    format!(
        "{}{}<div class=\"runs\">\n{sections}</div>\n{}",
        include_str!("controls.html"),
        if common { &abouts[0] } else { "" },
        explanation(runs)
    )
}

/// The section of a run, with the figures of its last frame.
fn section<F: Float>(
    (number, runs): (usize, usize),
    run: &Run<'_, F>,
    about: &str,
    names: &Names,
) -> String {
    let name = escaped(&legible(run.name));
    let of_run = match runs {
        1 => String::new(),
        _ => format!("<span class=\"of-run\">: {name}</span>"),
    };
    format!(
        "<section class=\"run\" aria-labelledby=\"run-{number}\">\n\
         <h2 id=\"run-{number}\">{name}</h2>\n{about}\
         <div class=\"cards\">\n\
         <div class=\"card plane\"><h3>Prediction</h3></div>\n\
         <div class=\"card network\"><h3>Units and weights{of_run}</h3></div>\n\
         <div class=\"card figures\"><h3>Figures{of_run}</h3>\n{figures}</div>\n\
         <div class=\"card charts\"><h3>Cost, score and gradients{of_run}</h3></div>\n\
         </div>\n</section>\n",
        figures = table(run, names),
    )
}

/// A paragraph about the network and its examples.
fn about<F: Float>(run: &Run<'_, F>) -> String {
    let layers = run.network().layers();
    let sizes: Vec<_> = std::iter::once(run.features())
        .chain(layers.iter().map(|layer| layer.w.nrows()))
        .map(|size| size.to_string())
        .collect();
    let activations: Vec<_> = layers.iter().map(|layer| layer.activation.to_string()).collect();
    let sets = &run.data.sets;
    let mut text = format!(
        "Units {}, activations {}. {}",
        sizes.join("–"),
        activations.join(", "),
        examples(&sets.training, "training"),
    );
    if let Some(validation) = &sets.validation {
        text += &examples(validation, "validation");
    }
    if run.data.scaler.is_some() {
        let targets = if run.data.target_scaler.is_some() { " and targets" } else { "" };
        text += &format!("The network sees standardized features{targets}; ");
        text += "the axes have the original units. ";
    }
    if run.features() > 2 {
        text += "In the pictures, the features that are not on an axis are at their mean.";
    }
    format!("<p class=\"about\">{}</p>\n", text.trim_end())
}

/// A sentence about the number of examples, and of those that are drawn.
fn examples<F: Float>(set: &Dataset<F>, name: &str) -> String {
    let (of, shown) = (set.len(), points_shown(set.x().nrows(), set.len()));
    match shown == of {
        true => format!("{of} {name} examples. "),
        false => format!("{of} {name} examples, of which {shown} are drawn. "),
    }
}

/// The table of figures, with a row for each norm.
fn table<F: Float>(run: &Run<'_, F>, names: &Names) -> String {
    let last = run.figures.len() - 1;
    let Figures { training, validation, norms } = &run.figures[last];
    let row = |name: &str, of: fn(&Evaluation) -> f64| {
        let validation = validation.as_ref().map(|figures| short(of(figures)));
        figures_row(name, &short(of(training)), validation.as_deref())
    };
    let mut rows = row("cost J", |figures| figures.cost);
    rows += &row(run.kind.score_name(), |figures| figures.score.unwrap_or(f64::NAN));
    let has_validation = validation.is_some();
    for (l, norm) in norms.iter().enumerate() {
        let name = format!("gradient, layer {}", l + 1);
        rows += &figures_row(&name, &short(*norm), has_validation.then_some(""));
    }
    let column = if has_validation { "<th scope=\"col\">validation</th>" } else { "" };
    format!(
        "<table aria-live=\"off\">\n<caption>{} {}</caption>\n\
         <thead><tr><td></td><th scope=\"col\">training</th>{column}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n",
        names.unit, run.frames[last].number,
    )
}

fn figures_row(name: &str, training: &str, validation: Option<&str>) -> String {
    let validation = validation.map_or(String::new(), |figure| format!("<td>{figure}</td>"));
    format!("<tr><th scope=\"row\">{name}</th><td>{training}</td>{validation}</tr>\n")
}

/// A figure with four significant digits, as the script writes it.
fn short(figure: f64) -> String {
    let size = figure.abs();
    if !figure.is_finite() {
        "not finite".to_string()
    } else if size == 0.0 {
        "0".to_string()
    } else if (1e-4..1e6).contains(&size) {
        let decimals = (3.0 - size.log10().floor()).max(0.0) as usize;
        format!("{figure:.decimals$}").replace('-', "−")
    } else {
        format!("{figure:.3e}").replace('-', "−")
    }
}

/// The section that explains pictures, figures and formulas.
fn explanation<F: Float>(runs: &[Run<'_, F>]) -> String {
    let run = &runs[0];
    let pictures = if run.features() == 1 { CURVES } else { pictures(run.kind) };
    let [forward, cost, norm] =
        [formulas::FORWARD, &formulas::cost(&run.data.cost), formulas::NORM].map(math);
    let sum = "The sum runs over the <i>m</i> examples and the outputs.";
    let (cost_name, score) = (&run.data.cost, run.kind.score_sentence());
    format!(
        "<section class=\"explanation\">\n<h2>How to read this page</h2>\n\
         <p>{pictures} At most {MOST_POINTS} examples of each set are drawn; all figures count all \
         examples.</p>\n\
         <p>{units}</p>\n<p>{weights} Layer <i>l</i> computes</p>\n{forward}\n\
         <p>The cost <i>J</i> is the {cost_name} without L2, dropout and label smoothing. {sum}</p>\n{cost}\n\
         <p>{score} The norm of the gradient of layer <i>l</i>, times the learning rate α, is the \
         length of the layer's step in gradient descent with all examples at once, without momentum \
         or Adam. If it shrinks from the last layer to the \
         first by powers of ten, the gradient vanishes, and the first layers hardly learn.\
         {without}</p>\n{norm}\n{zeros}</section>\n",
        units = units(run),
        weights = weights(runs),
        without = without_gradient(runs),
        zeros = runs.iter().map(zeros).collect::<String>(),
    )
}

/// Sentences about the pictures of the units.
fn units<F: Float>(run: &Run<'_, F>) -> String {
    let largest = "the largest |<i>a</i>| of its layer in this frame (1 for sigmoid, tanh and \
                   softmax), so compare units within a layer, not between layers or frames.";
    if run.features() == 1 {
        return format!(
            "The picture of a unit shows its output <i>a</i> over the same feature. A line is at \
             0. The height of the curve is relative to {largest}"
        );
    }
    let output = match run.kind {
        Kind::Classes => {
            "An output unit has the color of its class: white at probability 0, strongest at 1."
        }
        Kind::TwoClasses | Kind::Labels | Kind::Numbers => {
            "An output unit has the colors of the prediction."
        }
    };
    format!(
        "The picture of a unit shows its output <i>a</i> over the same plane: blue below 0, orange \
         above, and white at 0. The strength of a color is relative to {largest} {output}"
    )
}

/// Sentences about the lines between the units, and about the formula of a unit.
fn weights<F: Float>(runs: &[Run<'_, F>]) -> String {
    let between = if runs.len() == 1 { "layers and frames" } else { "layers, frames and runs" };
    let inputs = match runs.iter().any(|run| run.data.scaler.is_some()) {
        true => " In the first layer, the name of a feature is its standardized value.",
        false => "",
    };
    format!(
        "A line between units is a weight: its width is its size, orange if it is positive, blue \
         and dashed if it is negative. Widths are comparable between {between}. In <i>z</i> of a \
         unit, a1, a2, … are the outputs of the layer before.{inputs}"
    )
}

/// Sentences about gradients that are exactly 0, if there are any.
fn without_gradient<F: Float>(runs: &[Run<'_, F>]) -> &'static str {
    let norms = |run: &Run<'_, F>| run.figures.iter().any(|figures| figures.norms.contains(&0.0));
    match runs.iter().any(norms) {
        true => {
            " A norm of exactly 0, at 0 in the chart, is no vanishing gradient: no gradient at all \
             reaches the layer."
        }
        false => "",
    }
}

/// A paragraph about a run whose weights are 0 in all frames.
fn zeros<F: Float>(run: &Run<'_, F>) -> String {
    let mut networks = run.frames.iter().map(|frame| frame.parameters.layers());
    if !networks.all(hides_nothing_but_zeros) {
        return String::new();
    }
    format!(
        "<p>Equal weights stay equal. In the run “{}” all weights <i>W</i> are 0 in all frames. Each \
         unit of a hidden layer computes the same: <i>a</i> = <i>g</i>(0) = 0. So <i>dW</i> of the \
         next layer, a product with <i>a</i>, is 0, and nothing flows back through <i>W</i> = 0. \
         Only the last bias moves, and the prediction is the same everywhere.</p>\n",
        escaped(&legible(run.name))
    )
}

/// Whether all weights, and all outputs of hidden layers, are 0.
fn hides_nothing_but_zeros<F: Float>(layers: &[Layer<F>]) -> bool {
    let is_zero = |layer: &Layer<F>| {
        matches!(layer.activation, Activation::Relu | Activation::Tanh)
            && layer.b.iter().all(F::is_zero)
    };
    match layers.split_last() {
        Some((_, hidden)) if !hidden.is_empty() => {
            hidden.iter().all(is_zero) && layers.iter().all(|layer| layer.w.iter().all(F::is_zero))
        }
        _ => false,
    }
}

/// Sentences about the picture over one feature.
const CURVES: &str = "The curve is the output over the feature; with several classes there is a \
    curve for each. A mark is an example, hollow in the validation set. Its height is its target; \
    with several classes it is 1, where the curve of its class should be. A ring is around an \
    example of a class that the network classifies wrongly.";

/// Sentences about the picture over a plane.
fn pictures(kind: Kind) -> &'static str {
    match kind {
        Kind::TwoClasses | Kind::Classes => {
            "The color shows the most probable class; it is stronger where the probability is higher. A \
             mark is an example: its shape is its class, and it is hollow in the validation set. A \
             ring is around an example that the network classifies wrongly."
        }
        Kind::Labels => {
            "The color shows the probability of the chosen label: blue below 1/2, orange above. A mark \
             is an example: a triangle with the label, a circle without it, hollow in the \
             validation set. A ring is around an example that the network gets wrong."
        }
        Kind::Numbers => {
            "The color shows the output: blue where it is low and orange where it is high. A mark is an \
             example in the color of its target, hollow in the validation set. A line leads along \
             equal outputs."
        }
    }
}
